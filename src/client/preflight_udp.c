/* SPDX-License-Identifier: MIT */
/*
 * UDP both ways and what a NAT does (RFC 5780: mapping by two servers or by the server's other address; filtering where
 * the server can), and one relay (RFC 8656) over UDP, TCP or TLS.
 */
#include <stdio.h>
#include <string.h>

#include "client/preflight.h"
#include "ice/turn.h"

#define STUN_MS 1600 /* of one question, asked again at 0, 100, 300, 700 ms */
#define ASK_AGAIN_US (100 * IX_MS)
#define TURN_MS 4500
#define SERVERS 4
#define BURST 20 /* questions 20 ms apart: loss and round trip */
#define LOSS_WARN 10 /* percent of the burst: one packet may always go */

/* RFC 5780 section 7 */
#define CHANGE_REQUEST 0x0003
#define OTHER_ADDRESS 0x802c
#define CHANGE_IP 4
#define CHANGE_PORT 2

struct binding {
    struct ix_addr mapped, other; /* family 0: none */
    uint32_t ms;
};

static void make_request(struct ix_buf *b, uint8_t storage[64], const uint8_t id[12], uint32_t change)
{
    uint8_t value[4] = { 0, 0, 0, (uint8_t) change };

    ix_buf_init_fixed(b, storage, 64);
    ix_stun_begin(b, IX_STUN_REQUEST, IX_STUN_BINDING, id);
    if (change)
        ix_stun_attr(b, CHANGE_REQUEST, value, sizeof value);
    (void) ix_stun_end(b, IX_STR_NONE); /* 64 bytes are enough */
}

/* an address attribute that the agent has no use for, in the clear (RFC 5780 section 7.4) */
static void find_other(const uint8_t *p, size_t n, struct ix_addr *out)
{
    for (size_t at = 20; at + 4 <= n;) {
        size_t type = (size_t) p[at] << 8 | p[at + 1], len = (size_t) p[at + 2] << 8 | p[at + 3];
        const uint8_t *v = p + at + 4;

        if (at + 4 + len > n)
            return;
        if (type == OTHER_ADDRESS && len == 8 && v[1] == 1) {
            out->family = IX_IPV4;
            out->port = (uint16_t) (v[2] << 8 | v[3]);
            memcpy(out->ip, v + 4, 4);
        }
        at += 4 + (len + 3) / 4 * 4;
    }
}

/* 0, IRISX_E_TIMEOUT. change: the answer may come from another address */
static int binding(
    struct preflight *p, int fd, const struct ix_addr *server, uint32_t change, struct binding *out, uint32_t ms)
{
    struct ix_wait whole = ix_pf_wait(p, ms), again;
    uint64_t began = ix_clock_now().mono_us, step = ASK_AGAIN_US;
    struct ix_rng rng = ix_entropy();
    uint8_t id[12], storage[64], in[1500];
    struct ix_addr from;
    struct ix_stun_msg m;
    struct ix_buf b;
    size_t n;

    ix_rng_fill(&rng, id, sizeof id);
    make_request(&b, storage, id, change);
    for (; !ix_wait_over(&whole); step *= 2) {
        ix_dgram_send(fd, server, b.p, b.n);
        again = whole;
        again.until_us = IX_MIN(whole.until_us, ix_clock_now().mono_us + step);
        while (!ix_dgram_receive(fd, &from, in, sizeof in, &n, &again)) {
            if (!ix_stun_is(in, n) || ix_stun_parse(&m, in, n) || memcmp(m.transaction, id, sizeof id) != 0 ||
                m.cls != IX_STUN_SUCCESS)
                continue;
            *out = (struct binding){ .mapped = m.xor_mapped };
            out->ms = (uint32_t) ((ix_clock_now().mono_us - began) / 1000);
            find_other(in, n, &out->other);
            return 0;
        }
    }
    return IRISX_E_TIMEOUT;
}

static size_t servers_of(struct preflight *p, struct ix_addr *list)
{
    struct ix_wait w = ix_pf_wait(p, 3000);
    size_t n = 0;

    if (p->ice.stun[0] && ix_pf_resolve(p, p->ice.stun, p->ice.stun_port, &w, &list[n]))
        n++;
    for (size_t i = 0; i < p->ice.turn_count && n < SERVERS; i++) {
        const struct ix_turn_server *t = &p->ice.turn[i];

        if (t->transport == IX_TURN_UDP && ix_pf_resolve(p, t->host, t->addr.port, &w, &list[n]))
            n += n == 0 || !ix_addr_eq(&list[n], &list[0]); /* a TURN server answers STUN as well */
    }
    return n;
}

static void tell_mapping(struct preflight *p, struct pf_check *c, const struct ix_addr *local, const struct binding *b,
    const struct ix_addr *second)
{
    char text[IX_ADDR_TEXT];
    bool none = ix_addr_eq(local, &b->mapped);
    bool symmetric = second->family && !none && !ix_addr_eq(second, &b->mapped);

    ix_addr_text(&b->mapped, text);
    ix_pf_more_text(c, "public_address", text);
    ix_pf_more_text(c, "nat_mapping",
        none             ? "no_nat"
        : symmetric      ? "address_and_port_dependent"
        : second->family ? "endpoint_independent"
                         : "unknown");
    if (symmetric)
        ix_pf_reason_add(p, c, PF_NAT_SYMMETRIC);
}

/* Who may answer: only whom we have written to, or everybody? A fresh socket, as the mapping test has written to both.
 */
static void tell_filtering(struct preflight *p, struct pf_check *c, const struct ix_addr *server)
{
    struct ix_addr local;
    struct binding b;
    const char *kind = "address_and_port_dependent";
    int fd = -1;

    if (ix_dgram_open(server, &local, &fd))
        return;
    if (!binding(p, fd, server, CHANGE_IP | CHANGE_PORT, &b, 700))
        kind = "endpoint_independent";
    else if (!binding(p, fd, server, CHANGE_PORT, &b, 700))
        kind = "address_dependent";
    ix_dgram_close(fd);
    ix_pf_more_text(c, "nat_filtering", kind);
}

static void tell_loss(struct preflight *p, struct pf_check *c, int fd, const struct ix_addr *server)
{
    struct ix_rng rng = ix_entropy();
    uint8_t id[12], storage[64], in[1500];
    bool seen[BURST] = { false };
    struct ix_addr from;
    struct ix_buf b;
    struct ix_wait w;
    size_t n, came = 0;

    ix_rng_fill(&rng, id, sizeof id);
    for (unsigned i = 0; i <= BURST; i++) {
        if (i < BURST) {
            id[11] = (uint8_t) i;
            make_request(&b, storage, id, 0);
            ix_dgram_send(fd, server, b.p, b.n);
        }
        w = ix_pf_wait(p, i < BURST ? 20 : 500);
        while (came < BURST && !ix_dgram_receive(fd, &from, in, sizeof in, &n, &w)) {
            if (n < 20 || memcmp(in + 8, id, 11) != 0 || in[19] >= BURST || seen[in[19]])
                continue;
            seen[in[19]] = true;
            came++;
        }
    }
    ix_pf_more_number(c, "udp_loss_percent", 100.0 * (double) (BURST - came) / BURST);
    if ((BURST - came) * 100 > BURST * LOSS_WARN)
        ix_pf_reason_add(p, c, PF_UDP_LOSS);
}

/* the first server that answers, then a second opinion of what the NAT does */
static void look(struct preflight *p, struct pf_check *c, int fd, const struct ix_addr *local,
    const struct ix_addr *list, size_t count)
{
    struct binding first, other;
    struct ix_addr second = { 0 };
    size_t at = 0;

    while (at < count && binding(p, fd, &list[at], 0, &first, STUN_MS))
        at++;
    if (at == count) {
        ix_pf_reason_add(p, c, PF_UDP_BLOCKED);
        return;
    }
    if (at > 0)
        ix_pf_reason_add(p, c, PF_STUN_NO_ANSWER);
    p->udp_works = true;
    ix_pf_more_number(c, "round_trip_ms", first.ms);
    if (first.other.family && !binding(p, fd, &first.other, 0, &other, STUN_MS))
        second = other.mapped;
    for (size_t i = at + 1; i < count && !second.family; i++)
        if (!binding(p, fd, &list[i], 0, &other, STUN_MS))
            second = other.mapped;
    tell_mapping(p, c, local, &first, &second);
    if (first.other.family)
        tell_filtering(p, c, &list[at]);
    tell_loss(p, c, fd, &list[at]);
}

void ix_pf_stun(struct preflight *p)
{
    uint64_t began = ix_clock_now().mono_us;
    struct pf_check *c = ix_pf_check_new(p, "udp", p->ice.stun[0] ? p->ice.stun : p->ice.turn[0].host);
    struct ix_addr list[SERVERS], local;
    size_t count = servers_of(p, list);
    int fd = -1;

    if (count) {
        p->udp_tried = true;
        if (ix_dgram_open(&list[0], &local, &fd))
            ix_pf_reason_add(p, c, PF_UDP_BLOCKED);
        else
            look(p, c, fd, &local, list, count);
        ix_dgram_close(fd);
    }
    ix_pf_check_end(p, c, count ? PF_OK : PF_FAIL, began);
}

/* ---- relays ------------------------------------------------------------------------------- */
struct relay {
    struct preflight *p;
    struct pf_check *check;
    const struct ix_turn_server *server;
    struct ix_rng rng;
    struct ix_turn *turn;
    struct ix_link *conn; /* TCP, TLS */
    int fd;
    bool bad_certificate;
};

static void pump_out(struct relay *r, const struct ix_wait *w)
{
    struct ix_turn_out out;

    while (ix_turn_poll(r->turn, &out)) {
        if (out.kind == IX_TURN_OUT_SEND && r->conn)
            (void) ix_link_send(r->conn, out.data, out.len, w); /* its end is seen when it is read */
        else if (out.kind == IX_TURN_OUT_SEND)
            ix_dgram_send(r->fd, &out.server, out.data, out.len);
    }
}

static int pump_in(struct relay *r)
{
    uint64_t now = ix_clock_now().mono_us, due = ix_turn_deadline(r->turn);
    struct ix_wait w = ix_pf_wait(r->p, 200);
    struct ix_turn_data data;
    struct ix_addr from;
    uint8_t in[2048];
    size_t n = 0;
    int err;

    w.until_us = IX_MIN(w.until_us, IX_MAX(due, now + IX_MS));
    err = r->conn ? ix_link_receive(r->conn, in, sizeof in, &n, &w)
                  : ix_dgram_receive(r->fd, &from, in, sizeof in, &n, &w);
    if (err == IRISX_E_TIMEOUT) {
        ix_turn_timeout(r->turn, ix_clock_now());
        return 0;
    }
    if (err || (r->conn && n == 0))
        return err ? err : IRISX_E_NETWORK;
    if (r->conn) {
        ix_turn_stream(r->turn, in, n, ix_clock_now());
        while (ix_turn_next(r->turn, &data, ix_clock_now())) { /* nobody sends to us yet */
        }
    } else {
        (void) ix_turn_input(r->turn, in, n, &data, ix_clock_now());
    }
    return 0;
}

static int allocate(struct relay *r, const struct ix_addr *addr, const struct ix_wait *w)
{
    struct ix_turn_config config = { .rng = &r->rng, .server = *r->server };
    enum ix_turn_state state = IX_TURN_NEW;
    int err;

    config.server.addr = *addr;
    err = ix_turn_new(&config, &r->turn);
    ix_wipe(&config, sizeof config);
    if (err)
        return err;
    ix_turn_start(r->turn, ix_clock_now());
    pump_out(r, w); /* CONNECT of a stream that is open already */
    if (r->conn)
        ix_turn_connected(r->turn, ix_clock_now());
    while (!err && !ix_wait_over(w) && state != IX_TURN_READY && state != IX_TURN_FAILED) {
        pump_out(r, w);
        err = pump_in(r);
        state = ix_turn_state(r->turn);
    }
    return state == IX_TURN_READY ? 0 : err ? err : state == IX_TURN_FAILED ? IRISX_E_FORBIDDEN : IRISX_E_TIMEOUT;
}

static void tell_relay(struct relay *r, int err)
{
    struct preflight *p = r->p;
    int why = 0;
    uint16_t code = r->turn ? ix_turn_failure(r->turn, &why) : 0;
    struct ix_addr relayed;
    char text[IX_ADDR_TEXT];

    if (code)
        ix_pf_more_number(r->check, "error_code", code);
    if (!err && ix_turn_relayed(r->turn, IX_IPV4, &relayed)) {
        ix_addr_text(&relayed, text);
        ix_pf_more_text(r->check, "relayed_address", text);
    }
    if (err) {
        ix_pf_reason_add(p, r->check,
            code == 401 || code == 403 || code == 441 ? PF_TURN_CREDENTIALS
            : code                                    ? PF_TURN_REFUSED
                                                      : PF_TURN_NO_ANSWER);
        return;
    }
    p->relay_works = true;
}

static void give_back(struct relay *r)
{
    struct ix_wait w = ix_pf_wait(r->p, 500);

    ix_turn_close(r->turn, ix_clock_now());
    for (enum ix_turn_state s = IX_TURN_CLOSING; s == IX_TURN_CLOSING && !ix_wait_over(&w);) {
        pump_out(r, &w);
        if (pump_in(r))
            break;
        s = ix_turn_state(r->turn);
    }
}

/* 0 once bytes can be exchanged */
static int open_relay(struct relay *r, const struct ix_addr *addr, const struct ix_wait *w)
{
    bool tls = r->server->transport == IX_TURN_TLS;
    struct ix_link_report report;
    struct ix_addr local;
    int err;

    if (r->server->transport == IX_TURN_UDP)
        return ix_dgram_open(addr, &local, &r->fd);
    err = ix_link_open(addr, tls, r->server->host, r->p->ca_file, w, &report, &r->conn);
    ix_pf_more_number(r->check, "connect_ms", report.connect_ms);
    r->bad_certificate = report.secured && report.certificate != IX_CERT_GOOD;
    if (r->bad_certificate)
        ix_pf_more_text(r->check, "certificate_for", report.names);
    return err;
}

void ix_pf_turn(struct preflight *p, const struct ix_turn_server *server)
{
    static const char *const names[] = {
        [IX_TURN_UDP] = "turn_udp", [IX_TURN_TCP] = "turn_tcp", [IX_TURN_TLS] = "turn_tls"
    };
    uint64_t began = ix_clock_now().mono_us;
    struct relay r = { .p = p, .server = server, .rng = ix_entropy(), .fd = -1 };
    struct ix_wait w = ix_pf_wait(p, TURN_MS);
    struct ix_addr addr;
    char target[300];
    int err = IRISX_E_NOT_FOUND;

    (void) snprintf(target, sizeof target, "%s:%u", server->host, server->addr.port);
    r.check = ix_pf_check_new(p, names[server->transport], target);
    if (ix_pf_resolve(p, server->host, server->addr.port, &w, &addr))
        err = open_relay(&r, &addr, &w);
    if (!err && r.bad_certificate) {
        ix_pf_reason_add(p, r.check, PF_TURN_TLS); /* a password is not said there */
    } else {
        if (!err)
            err = allocate(&r, &addr, &w);
        tell_relay(&r, err);
        if (!err)
            give_back(&r);
    }
    ix_turn_free(r.turn);
    ix_link_close(r.conn);
    ix_dgram_close(r.fd);
    ix_pf_check_end(p, r.check, PF_OK, began);
}
