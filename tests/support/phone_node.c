/* SPDX-License-Identifier: MIT */
/* A phone in the virtual network; see phone_node.h. */
#include "phone_node.h"

#include <stdlib.h>
#include <string.h>

#include "dtls_double.h"

static struct ix_dtls_identity *shared_identity(struct world *w)
{
    static struct ix_dtls_identity *identity;

    if (!identity)
        (void) ix_dtls_identity_new(world_rng(w), WORLD_WALL, &identity);
    return ix_dtls_identity_ref(identity);
}

static struct phone_wire *wire_of(struct phone_node *n, uint32_t transport)
{
    for (size_t i = 0; i < n->wire_count; i++)
        if (n->wires[i].transport == transport)
            return &n->wires[i];
    return NULL;
}

static struct phone_wire *wire_to(struct phone_node *n, const struct phone_node *peer)
{
    for (size_t i = 0; i < n->wire_count; i++)
        if (n->wires[i].peer == peer)
            return &n->wires[i];
    return NULL;
}

static void wire_drop(struct phone_node *n, struct phone_wire *w)
{
    *w = n->wires[--n->wire_count];
}

static void first_addr(const struct phone_node *n, struct ix_addr *out)
{
    memset(out, 0, sizeof *out);
    if (n->addr_count)
        *out = n->addrs[0];
    out->port = 8066;
}

/* ---- outputs ----------------------------------------------------------------------------- */
static void ws_open(struct phone_node *n, uint32_t transport, struct ix_now now)
{
    struct phone_node *s = n->server;
    struct ix_addr local, remote;

    first_addr(n, &local);
    if (!s) {
        ix_phone_ws_closed(n->phone, transport, IRISX_E_NETWORK, false, "connection refused", now);
        return;
    }
    first_addr(s, &remote);
    n->wires[n->wire_count++] = (struct phone_wire){ transport, s };
    s->wires[s->wire_count++] = (struct phone_wire){ ix_phone_accept(s->phone, false, &remote, &local), n };
    ix_phone_ws_opened(n->phone, transport, &local, &remote, now);
}

static void ws_gone(struct phone_node *n, struct phone_node *peer, int err)
{
    struct phone_wire *w = wire_to(n, peer);
    uint32_t transport;

    if (!w)
        return;
    transport = w->transport;
    wire_drop(n, w);
    ix_phone_ws_closed(n->phone, transport, err, false, NULL, world_now(n->world));
}

static void udp_open(struct phone_node *n, uint32_t set, struct ix_now now)
{
    struct ix_phone_socket list[PHONE_NODE_ADDRS];

    for (size_t i = 0; i < n->addr_count; i++) {
        list[i].socket = ++n->next_socket;
        list[i].addr = n->addrs[i];
        list[i].addr.port = ++n->next_port;
        world_attach(n->node, n->nets[i], &list[i].addr, &n->links[i]);
        if (n->socket_count < PHONE_NODE_SOCKETS) {
            n->sockets[n->socket_count].id = list[i].socket;
            n->sockets[n->socket_count++].addr = list[i].addr;
        }
    }
    ix_phone_sockets(n->phone, set, list, n->addr_count, now);
}

static void udp_send(struct phone_node *n, const struct ix_phone_out *out)
{
    for (size_t i = 0; i < n->socket_count; i++)
        if (n->sockets[i].id == out->socket)
            world_send(n->node, &n->sockets[i].addr, &out->to, out->data, out->len);
}

static void udp_close(struct phone_node *n, uint32_t socket)
{
    for (size_t i = 0; i < n->socket_count; i++)
        if (n->sockets[i].id == socket) {
            world_detach(n->node, &n->sockets[i].addr);
            n->sockets[i] = n->sockets[--n->socket_count];
            return;
        }
}

static void answer_request(struct phone_node *n, const struct ix_phone_event *ev, struct ix_now now)
{
    struct ix_sip_reply reply = { .status = 403 };
    enum ix_sip_verdict verdict = ix_sip_auth_server_check(n->auth, ev->msg, false, ix_str(n->password), now);
    struct ix_buf b;

    ix_buf_init(&b, 4096);
    if (verdict == IX_SIP_AUTH_NONE || verdict == IX_SIP_AUTH_STALE) {
        reply.status = 401;
        (void) ix_sip_auth_server_challenge(n->auth, &b, false, verdict == IX_SIP_AUTH_STALE, now);
    } else if (verdict == IX_SIP_AUTH_OK) {
        reply.status = ix_sip_registrar_register(n->registrar, ev->msg->to.uri.text, ev->msg, ev->transport, now, &b);
    }
    reply.headers = ix_str_n(b.p, b.n);
    (void) ix_phone_respond(n->phone, ev->txn, &reply, now);
    ix_buf_clear(&b);
}

static void on_event(struct phone_node *n, const struct ix_phone_event *ev, struct ix_now now)
{
    struct phone_event *e = &n->events[n->event_count % PHONE_NODE_EVENTS];

    n->event_count++;
    *e = (struct phone_event){ .kind = ev->kind,
        .call = ev->call,
        .line = ev->line,
        .state = ev->state,
        .code = ev->error->code,
        .sip_status = ev->error->sip_status,
        .q850 = ev->error->q850_cause,
        .at_us = now.mono_us };
    world_note(n->world, "%s: event %d state %d call %u code %d sip %u %s", n->name, ev->kind, ev->state, ev->call,
        ev->error->code, ev->error->sip_status, ev->error->message);
    if (ev->kind == IX_EV_REQUEST)
        answer_request(n, ev, now);
    if (ev->kind != IX_EV_INCOMING)
        return;
    n->incoming = ev->call;
    (void) ix_call_ring(n->phone, ev->call, now);
    if (n->auto_answer)
        (void) ix_call_answer(n->phone, ev->call, NULL, now);
}

static void on_media(struct phone_node *n, const struct ix_call_media *m, struct ix_now now)
{
    if (m->kind == IX_CALL_MEDIA_START)
        n->media_started++;
    if (m->kind == IX_CALL_MEDIA_STOP) {
        n->media_stopped++;
        n->next_frame_us = IX_NEVER;
    }
    if (m->kind != IX_CALL_MEDIA_CODEC)
        return;
    n->media = *m;
    n->media_call = m->call;
    if (m->send && n->next_frame_us == IX_NEVER)
        n->next_frame_us = now.mono_us;
}

static void ws_send(struct phone_node *n, const struct ix_phone_out *out)
{
    struct phone_wire *w = wire_of(n, out->transport);

    if (w)
        world_tell(n->node, w->peer->node, out->data, out->len, n->ws_delay_us);
}

static void output(struct phone_node *n, const struct ix_phone_out *out, struct ix_now now)
{
    struct phone_wire *w;

    switch (out->kind) {
    case IX_OUT_WS_OPEN:
        ws_open(n, out->transport, now);
        break;
    case IX_OUT_WS_SEND:
        ws_send(n, out);
        break;
    case IX_OUT_WS_PING:
        if (wire_of(n, out->transport))
            ix_phone_ws_pong(n->phone, out->transport, now);
        break;
    case IX_OUT_WS_CLOSE:
        w = wire_of(n, out->transport);
        if (w) {
            struct phone_node *peer = w->peer;

            wire_drop(n, w);
            ws_gone(peer, n, IRISX_E_NETWORK);
        }
        ix_phone_ws_closed(n->phone, out->transport, 0, false, NULL, now);
        break;
    case IX_OUT_UDP_OPEN:
        udp_open(n, out->set, now);
        break;
    case IX_OUT_UDP_SEND:
        udp_send(n, out);
        break;
    case IX_OUT_UDP_CLOSE:
        udp_close(n, out->socket);
        break;
    case IX_OUT_WORK:
        n->dtls->work(out->dtls, n->worker);
        ix_phone_work_done(n->phone, out->call, now);
        break;
    case IX_OUT_MEDIA:
        on_media(n, &out->media, now);
        break;
    case IX_OUT_FRAME:
        n->frames_in++;
        break;
    case IX_OUT_EVENT:
        on_event(n, &out->event, now);
        break;
    case IX_OUT_TAP:
        n->taps++;
        break;
    }
}

/* ---- the node's verbs -------------------------------------------------------------------- */
static void node_input(
    void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *p, size_t n, struct ix_now now)
{
    struct phone_node *node = ctx;

    for (size_t i = 0; i < node->socket_count; i++)
        if (ix_addr_eq(&node->sockets[i].addr, to)) {
            ix_phone_udp_input(node->phone, node->sockets[i].id, from, p, n, now.mono_us, now);
            return;
        }
}

static void node_message(void *ctx, struct world_node *from, const void *p, size_t n, struct ix_now now)
{
    struct phone_node *node = ctx;

    for (size_t i = 0; i < node->wire_count; i++)
        if (node->wires[i].peer->node == from) {
            ix_phone_ws_message(node->phone, node->wires[i].transport, p, n, now);
            return;
        }
}

static void send_frame(struct phone_node *n, struct ix_now now)
{
    static struct ix_frame f;

    memset(&f, 0, IX_FRAME_HEAD);
    f.kind = IX_FRAME_AUDIO;
    f.payload_type = 0xff;
    f.codec = (uint8_t) n->media.codec;
    f.timestamp = n->frame_ts;
    f.len = 60;
    memset(f.payload, 0x5a, f.len);
    n->frame_ts += n->media.clock_hz / 50;
    n->next_frame_us += 20 * IX_MS;
    n->frames_out++;
    ix_phone_media_frame(n->phone, n->media_call, &f, now);
}

static void node_timeout(void *ctx, struct ix_now now)
{
    struct phone_node *n = ctx;

    if (now.mono_us >= ix_phone_deadline(n->phone))
        ix_phone_timeout(n->phone, now);
    while (n->next_frame_us <= now.mono_us)
        send_frame(n, now);
}

static uint64_t node_deadline(void *ctx)
{
    struct phone_node *n = ctx;
    uint64_t at = ix_phone_deadline(n->phone);

    return IX_MIN(at, n->next_frame_us);
}

static void node_drain(void *ctx, struct ix_now now)
{
    struct phone_node *n = ctx;
    struct ix_phone_out out;

    while (ix_phone_poll(n->phone, &out))
        output(n, &out, now);
}

/* ---- life -------------------------------------------------------------------------------- */
static const struct world_node_ops node_ops = { node_input, node_message, node_timeout, node_deadline, node_drain };

struct phone_node *phone_node_new(struct world *w, const struct phone_node_options *o)
{
    struct phone_node *n = calloc(1, sizeof *n);
    struct ix_phone_config config = { .rng = world_rng(w),
        .agent = o->name,
        .max_calls = o->max_calls,
        .tap = o->tap,
        .spare_sockets = !o->server,
        .allow_requests = o->server ? IX_SIP_BIT(IX_SIP_REGISTER) : 0 };
    struct ix_sip_auth_server_config auth = { .rng = world_rng(w), .realm = "sim.test" };
    struct ix_sip_registrar_config registrar = { 0 };
    int err;

    if (!n)
        return NULL;
    n->name = o->name;
    n->world = w;
    n->dtls = o->dtls ? o->dtls : &dtls_double;
    n->identity = o->identity ? ix_dtls_identity_ref(o->identity) : shared_identity(w);
    n->next_port = 20000;
    n->next_frame_us = IX_NEVER;
    n->password = "secret";
    n->ws_delay_us = IX_MS;
    config.dtls = n->dtls;
    config.identity = n->identity;
    err = ix_phone_new(&config, &n->phone);
    if (!err && o->server)
        err = ix_sip_auth_server_new(&auth, &n->auth);
    if (!err && o->server)
        err = ix_sip_registrar_new(&registrar, &n->registrar);
    if (!err && n->dtls == &ix_dtls_mbedtls)
        err = ix_dtls_worker_new(n->identity, &n->worker);
    if (err) {
        phone_node_free(n);
        return NULL;
    }
    n->node = world_node(w, o->name, &node_ops, n);
    return n;
}

void phone_node_free(struct phone_node *n)
{
    if (!n)
        return;
    ix_phone_free(n->phone);
    ix_dtls_worker_free(n->worker);
    ix_dtls_identity_unref(n->identity);
    ix_sip_auth_server_free(n->auth);
    ix_sip_registrar_free(n->registrar);
    free(n);
}

void phone_node_attach(struct phone_node *n, struct world_net *net, const char *ip, const struct world_link *link)
{
    struct ix_addr a;

    if (ix_addr_parse(&a, ix_str(ip), 0) || n->addr_count == PHONE_NODE_ADDRS)
        abort(); /* a wrong test */
    n->nets[n->addr_count] = net;
    if (link)
        n->links[n->addr_count] = *link;
    n->addrs[n->addr_count++] = a;
}

uint32_t phone_node_line(struct phone_node *n, struct phone_node *server, const char *user, const char *password)
{
    struct ix_line_config config = {
        .ws_url = "ws://server.sim.test:8066", .user = user, .realm = "sim.test", .password = password
    };
    uint32_t line = 0;

    n->server = server;
    return ix_line_open(n->phone, &config, world_now(n->world), &line) ? 0 : line;
}

const struct phone_event *phone_node_saw(const struct phone_node *n, enum ix_phone_event_kind kind, int state)
{
    size_t kept = IX_MIN(n->event_count, (size_t) PHONE_NODE_EVENTS);

    for (size_t i = 0; i < kept; i++) {
        const struct phone_event *e = &n->events[(n->event_count - 1 - i) % PHONE_NODE_EVENTS];

        if (e->kind == kind && e->state == state)
            return e;
    }
    return NULL;
}

void phone_node_cut(struct phone_node *n)
{
    while (n->wire_count) {
        struct phone_node *peer = n->wires[0].peer;

        ws_gone(peer, n, IRISX_E_NETWORK);
        ws_gone(n, peer, IRISX_E_NETWORK);
    }
}
