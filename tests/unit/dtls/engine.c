/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "net.h"
#include "oom.h"

#define SECONDS(n) ((1000 + (n)) * IX_S)
enum { RECORD_HEAD = 13, HANDSHAKE_HEAD = 12 };

static struct net net;

static void opened(struct net_options o)
{
    if (o.seed == 0)
        o.seed = 11;
    o.path.delay_us = 5 * IX_MS;
    cr_assert_eq(net_open(&net, &o), 0);
}

static void assert_connected(void)
{
    struct ix_srtp_keys a, b;

    net_run(&net, IX_DTLS_CONNECTED, SECONDS(10));
    cr_assert_eq(ix_dtls_state(net.end[0]), IX_DTLS_CONNECTED, "%s", ix_error_name(net.err[0]));
    cr_assert_eq(ix_dtls_state(net.end[1]), IX_DTLS_CONNECTED, "%s", ix_error_name(net.err[1]));
    cr_assert_eq(ix_dtls_keys(net.end[0], &a), 0);
    cr_assert_eq(ix_dtls_keys(net.end[1], &b), 0);
    cr_assert_arr_eq(a.local, b.remote, sizeof(a.local));
    cr_assert_arr_eq(a.remote, b.local, sizeof(a.local));
}

/* one fragment [from, from + n) of the ClientHello in p as a datagram of its own */
static void send_fragment(struct net *n, const uint8_t *p, uint32_t from, uint32_t len, uint64_t seq, uint64_t delay)
{
    uint8_t raw[600];
    struct ix_buf b;

    ix_buf_init_fixed(&b, raw, sizeof(raw));
    ix_buf_put(&b, p, 5);
    ix_buf_u16(&b, (uint16_t) (seq >> 32));
    ix_buf_u32(&b, (uint32_t) seq);
    ix_buf_u16(&b, (uint16_t) (HANDSHAKE_HEAD + len));
    ix_buf_put(&b, p + RECORD_HEAD, 6);
    ix_buf_u24(&b, from);
    ix_buf_u24(&b, len);
    ix_buf_put(&b, p + RECORD_HEAD + HANDSHAKE_HEAD + from, len);
    cr_assert_eq(b.err, 0);
    net_put(n, 1, b.p, b.n, delay);
}

static bool is_hello(int from, const uint8_t *p)
{
    return from == 0 && p[0] == 22 && p[3] == 0 && p[4] == 0 && p[RECORD_HEAD] == 1;
}

/* Chromium's way: mbedtls' own hello, cut in three, last part first, the middle twice and overlapping. */
static bool split_hello(struct net *n, int from, const uint8_t *p, size_t len)
{
    uint64_t *seq = n->hook_ctx;

    if (!is_hello(from, p))
        return true;
    uint32_t body = (uint32_t) (len - RECORD_HEAD - HANDSHAKE_HEAD), third = body / 3;
    send_fragment(n, p, 2 * third, body - 2 * third, *seq + 2, 1 * IX_MS);
    send_fragment(n, p, third - 5, third + 9, *seq + 1, 2 * IX_MS);
    send_fragment(n, p, third, third, *seq + 3, 3 * IX_MS);
    send_fragment(n, p, 0, third, *seq, 4 * IX_MS);
    *seq += 4;
    return false;
}

/* mbedtls as client counts its records from 0 in a hello; what follows must lie above what the fragments used */
static bool split_hello_and_renumber(struct net *n, int from, const uint8_t *p, size_t len)
{
    if (is_hello(from, p))
        return split_hello(n, from, p, len);
    if (from != 0)
        return true;
    uint8_t raw[1500];
    cr_assert_leq(len, sizeof(raw));
    memcpy(raw, p, len);
    for (size_t at = 0; at + RECORD_HEAD <= len; at += RECORD_HEAD + (size_t) (raw[at + 11] << 8 | raw[at + 12])) {
        if (raw[at + 4] == 0) /* epoch 0: the number is not authenticated */
            raw[at + 9] = (uint8_t) (raw[at + 9] + 1);
    }
    net_put(n, 1, raw, len, n->path.delay_us);
    return false;
}

Test(engine, a_client_hello_over_several_datagrams_is_understood)
{
    uint64_t seq = 0;

    opened((struct net_options){ 0 });
    net.hook = split_hello_and_renumber;
    net.hook_ctx = &seq;
    net_start(&net);
    assert_connected();
    cr_assert_eq(seq, 4, "one hello was enough");
    net_close(&net);
}

static int split_hello_scenario(void *arg)
{
    struct net_options o = { .seed = 12, .path = { .delay_us = 5 * IX_MS } };
    uint64_t seq = 0;

    (void) arg;
    int err = net_open(&net, &o);
    if (err != 0)
        return err;
    net.hook = split_hello_and_renumber;
    net.hook_ctx = &seq;
    net_start(&net);
    net_run(&net, IX_DTLS_CONNECTED, SECONDS(10));
    if (net.err[0] == IRISX_E_NO_MEMORY || net.err[1] == IRISX_E_NO_MEMORY)
        err = IRISX_E_NO_MEMORY;
    else if (ix_dtls_state(net.end[1]) != IX_DTLS_CONNECTED)
        err = IRISX_E_INTERNAL;
    net_close(&net);
    return err;
}

Test(engine, a_split_hello_survives_the_failure_of_any_allocation)
{
    cr_assert_eq(oom_run(split_hello_scenario, NULL), 0);
}

struct split_state {
    uint64_t seq;
    unsigned lost;
};

static bool split_and_lose_the_answer(struct net *n, int from, const uint8_t *p, size_t len)
{
    struct split_state *s = n->hook_ctx;

    if (from == 1 && s->lost < 2) {
        s->lost++;
        return false;
    }
    n->hook_ctx = &s->seq;
    bool pass = split_hello_and_renumber(n, from, p, len);
    n->hook_ctx = s;
    return pass;
}

Test(engine, a_split_hello_that_is_sent_again_makes_the_server_repeat_its_flight_once)
{
    struct split_state s = { 0 };

    opened((struct net_options){ .mtu = { 0, 1200 } });
    net.hook = split_and_lose_the_answer;
    net.hook_ctx = &s;
    net_start(&net);
    assert_connected();
    cr_assert_eq(s.lost, 2);
    cr_assert_leq(net.sent[1], 8);
    net_close(&net);
}

static bool alert_first(struct net *n, int from, const uint8_t *p, size_t len)
{
    static const uint8_t stale[] = { 20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1 };

    (void) p, (void) len;
    if (from == 0)
        net_put(n, 1, stale, sizeof(stale), 0);
    return true;
}

Test(engine, what_comes_before_the_hello_does_not_end_the_handshake)
{
    opened((struct net_options){ 0 });
    net.hook = alert_first;
    net_start(&net);
    assert_connected();
    net_close(&net);
}

Test(engine, the_hello_offers_exactly_the_srtp_profile_and_extended_master_secret)
{
    struct ix_dtls_out out;
    bool use_srtp = false, ems = false;

    opened((struct net_options){ 0 });
    ix_dtls_start(net.end[0], 0, net.now);
    while (ix_dtls_poll(net.end[0], &out) && out.kind != IX_DTLS_OUT_SEND) {
        if (out.kind == IX_DTLS_OUT_WORK) {
            ix_dtls_work(net.end[0], net.worker[0]);
            ix_dtls_done(net.end[0], net.now);
        }
    }
    struct ix_reader r = ix_reader(out.data, out.len);
    (void) ix_read_bytes(&r, RECORD_HEAD + HANDSHAKE_HEAD + 2 + 32);
    (void) ix_read_bytes(&r, ix_read_u8(&r)); /* session */
    (void) ix_read_bytes(&r, ix_read_u8(&r)); /* cookie */
    struct ix_reader suites = ix_read_sub(&r, ix_read_u16(&r));
    while (suites.n > 0) {
        uint16_t s = ix_read_u16(&suites);
        cr_assert(s == 0xc02b || s == 0xc02c || s == 0xc02f || s == 0xc030 || s == 0x00ff, "suite %04x", s);
    }
    (void) ix_read_bytes(&r, ix_read_u8(&r)); /* compression */
    struct ix_reader ext = ix_read_sub(&r, ix_read_u16(&r));
    while (ext.n > 0 && !ext.bad) {
        uint16_t type = ix_read_u16(&ext), len = ix_read_u16(&ext);
        const uint8_t *p = ix_read_bytes(&ext, len);
        if (type == 14)
            use_srtp = len == 5 && memcmp(p, "\x00\x02\x00\x01\x00", 5) == 0;
        ems |= type == 23;
    }
    cr_assert_not(r.bad || ext.bad);
    cr_assert(use_srtp);
    cr_assert(ems);
    net_close(&net);
}

/*
 * mbedtls puts the time of day into its hello; standing still here, it makes whole handshakes repeatable.
 * Visible: the shared library would not find it otherwise.
 */
time_t time(time_t *out) __attribute__((visibility("default")));

time_t time(time_t *out)
{
    if (out != NULL)
        *out = 1700000000;
    return 1700000000;
}

static struct ix_srtp_keys keys_of(uint64_t seed)
{
    struct ix_srtp_keys keys;

    opened((struct net_options){ .seed = seed });
    net_start(&net);
    assert_connected();
    cr_assert_eq(ix_dtls_keys(net.end[0], &keys), 0);
    net_close(&net);
    return keys;
}

Test(engine, the_same_seed_gives_the_same_keys_and_another_others)
{
    struct ix_srtp_keys a = keys_of(5), again = keys_of(5), other = keys_of(6);

    cr_assert_arr_eq(a.local, again.local, sizeof(a.local));
    cr_assert_arr_eq(a.remote, again.remote, sizeof(a.remote));
    cr_assert_arr_neq(a.local, other.local, sizeof(a.local));
}
