/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "net.h"
#include "oom.h"

#define SECONDS(n) ((1000 + (n)) * IX_S) /* net's clock starts at 1000 s */

static struct net *opened(struct net_options o)
{
    static struct net net;

    if (o.seed == 0)
        o.seed = 7;
    if (o.path.delay_us == 0)
        o.path.delay_us = 10 * IX_MS;
    cr_assert_eq(net_open(&net, &o), 0);
    return &net;
}

static void assert_same_keys(struct net *net)
{
    struct ix_srtp_keys a, b;

    cr_assert_eq(ix_dtls_keys(net->end[0], &a), 0);
    cr_assert_eq(ix_dtls_keys(net->end[1], &b), 0);
    cr_assert_eq(a.profile, 1);
    cr_assert_eq(b.profile, 1);
    cr_assert_arr_eq(a.local, b.remote, sizeof(a.local));
    cr_assert_arr_eq(a.remote, b.local, sizeof(a.local));
    cr_assert_arr_neq(a.local, a.remote, sizeof(a.local));
}

Test(association, both_ends_connect_and_agree_on_keys)
{
    struct net *net = opened((struct net_options){ 0 });

    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    cr_assert_eq(ix_dtls_state(net->end[0]), IX_DTLS_CONNECTED);
    cr_assert_eq(ix_dtls_state(net->end[1]), IX_DTLS_CONNECTED);
    cr_assert(net->told[0][IX_DTLS_HANDSHAKE] && net->told[0][IX_DTLS_CONNECTED]);
    assert_same_keys(net);
    cr_assert_leq(net->now.mono_us, SECONDS(0) + 40 * IX_MS, "two round trips");
    net_close(net);
}

Test(association, input_computes_nothing_and_work_is_handed_out_once)
{
    struct net *net = opened((struct net_options){ 0 });
    struct ix_dtls *c = net->end[0];
    struct ix_dtls_out out;

    ix_dtls_start(c, 0, net->now);
    cr_assert(ix_dtls_poll(c, &out));
    cr_assert_eq(out.kind, IX_DTLS_OUT_STATE);
    cr_assert(ix_dtls_poll(c, &out));
    cr_assert_eq(out.kind, IX_DTLS_OUT_WORK);
    cr_assert(ix_dtls_working(c));
    cr_assert_not(ix_dtls_poll(c, &out));
    ix_dtls_input(c, "\x16\xfe\xfd", 3, net->now);
    cr_assert_not(ix_dtls_poll(c, &out), "queued while the worker has it");
    cr_assert_eq(ix_dtls_deadline(c), IX_NEVER);
    ix_dtls_work(c, net->worker[0]);
    net->now.mono_us += 10 * IX_MS;
    ix_dtls_done(c, net->now);
    cr_assert(ix_dtls_poll(c, &out));
    cr_assert_eq(out.kind, IX_DTLS_OUT_SEND);
    cr_assert_eq(ix_dtls_deadline(c), net->now.mono_us + 50 * IX_MS, "counted from when the hello leaves");
    cr_assert(ix_dtls_poll(c, &out));
    cr_assert_eq(out.kind, IX_DTLS_OUT_WORK, "for what came meanwhile");
    ix_dtls_work(c, net->worker[0]);
    ix_dtls_done(c, net->now);
    net_close(net);
}

Test(association, the_hello_is_sent_again_from_50_ms_doubling_to_4_s)
{
    static const uint64_t want_ms[] = { 0, 50, 150, 350, 750, 1550, 3150, 6350, 10350, 14350 };
    struct net *net = opened((struct net_options){ .path = { .loss = 100, .delay_us = 1 } });
    size_t n = 0;

    net_start(net);
    for (size_t sent = 0; n < IX_COUNT(want_ms); sent = net->sent[0], n++) {
        while (net->sent[0] == sent && net->now.mono_us < SECONDS(15)) {
            net->now.mono_us = ix_dtls_deadline(net->end[0]);
            ix_dtls_timeout(net->end[0], net->now);
            net_drain(net, 0);
        }
        cr_assert_eq(net->now.mono_us - SECONDS(0), want_ms[n] * IX_MS, "%zu: %zu us", n,
            (size_t) (net->now.mono_us - SECONDS(0)));
    }
    net_run(net, IX_DTLS_FAILED, SECONDS(20));
    cr_assert_eq(net->now.mono_us, SECONDS(15));
    cr_assert_eq(net->err[0], IRISX_E_TIMEOUT);
    cr_assert_eq(net->err[1], IRISX_E_TIMEOUT);
    net_close(net);
}

Test(association, a_long_round_trip_makes_the_first_timer_longer)
{
    struct net *net = opened((struct net_options){ .path = { .loss = 100, .delay_us = 200 * IX_MS } });

    net_start(net);
    cr_assert_eq(ix_dtls_deadline(net->end[0]), SECONDS(0) + 800 * IX_MS);
    net_close(net);
}

Test(association, connects_over_a_path_that_loses_doubles_and_reorders)
{
    for (uint64_t seed = 1; seed <= 25; seed++) {
        struct net *net = opened((struct net_options){ .seed = seed,
            .mtu = { 300, 300 },
            .timeout_ms = 60000,
            .path = { .loss = 20, .duplicate = 10, .reorder = 30, .delay_us = 20 * IX_MS } });
        net_start(net);
        net_run(net, IX_DTLS_CONNECTED, SECONDS(60));
        cr_assert_eq(ix_dtls_state(net->end[0]), IX_DTLS_CONNECTED, "seed %zu client %s", (size_t) seed,
            ix_error_name(net->err[0]));
        cr_assert_eq(ix_dtls_state(net->end[1]), IX_DTLS_CONNECTED, "seed %zu server %s", (size_t) seed,
            ix_error_name(net->err[1]));
        assert_same_keys(net);
        net_close(net);
    }
}

Test(association, every_datagram_keeps_to_the_mtu)
{
    struct net *net = opened((struct net_options){ .mtu = { 300, 300 } });

    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    assert_same_keys(net);
    cr_assert_leq(net->sent_bytes_max[0], 300);
    cr_assert_leq(net->sent_bytes_max[1], 300);
    cr_assert_gt(net->sent[1], 3);
    net_close(net);
}

Test(association, connects_to_an_rsa_4096_server)
{
    struct ix_dtls_identity *rsa = net_rsa4096();
    struct net *net = opened((struct net_options){ .server_identity = rsa });

    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    assert_same_keys(net);
    net_close(net);
    ix_dtls_identity_unref(rsa);
}

Test(association, a_certificate_that_was_not_announced_gives_no_keys)
{
    for (int at = 0; at < 2; at++) {
        struct net_options o = { 0 };
        o.wrong_fingerprint[at] = true;
        struct net *net = opened(o);
        struct ix_srtp_keys keys;

        net_start(net);
        net_run(net, IX_DTLS_FAILED, SECONDS(5));
        cr_assert_eq(net->err[at], IRISX_E_FINGERPRINT);
        cr_assert_eq(ix_dtls_keys(net->end[at], &keys), IRISX_E_STATE);
        cr_assert_not(net->told[at][IX_DTLS_CONNECTED]);
        cr_assert_eq(net->err[1 - at], IRISX_E_TLS, "told by an alert");
        cr_assert_not(net->told[1 - at][IX_DTLS_CONNECTED]);
        net_close(net);
    }
}

Test(association, one_of_several_fingerprints_is_enough_whatever_its_digest)
{
    struct net *net = opened((struct net_options){ .wrong_fingerprint = { true, true } });

    cr_assert_eq(net_expect(net, 0, IX_SHA384), 0);
    cr_assert_eq(net_expect(net, 1, IX_SHA512), 0);
    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    assert_same_keys(net);
    net_close(net);
}

Test(association, weak_or_misshapen_fingerprints_are_refused_and_a_fifth_too)
{
    struct net *net = opened((struct net_options){ 0 });
    struct ix_dtls_fingerprint fp = { .kind = IX_SHA1, .len = 20 };

    cr_assert_eq(ix_dtls_set_fingerprint(net->end[0], &fp), IRISX_E_INVALID);
    fp.kind = IX_SHA256;
    cr_assert_eq(ix_dtls_set_fingerprint(net->end[0], &fp), IRISX_E_INVALID);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(net_expect(net, 0, IX_SHA256), 0);
    cr_assert_eq(net_expect(net, 0, IX_SHA256), IRISX_E_LIMIT);
    net_close(net);
}

Test(association, waits_for_a_fingerprint_that_comes_after_the_handshake)
{
    struct net *net = opened((struct net_options){ .no_fingerprint = { true, true } });
    struct ix_srtp_keys keys;

    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(1));
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(ix_dtls_state(net->end[i]), IX_DTLS_HANDSHAKE);
        cr_assert_eq(ix_dtls_keys(net->end[i], &keys), IRISX_E_STATE);
        cr_assert_eq(net_expect(net, i, IX_SHA256), 0);
        net_drain(net, i);
        cr_assert(net->told[i][IX_DTLS_CONNECTED]);
    }
    assert_same_keys(net);
    net_close(net);
}

Test(association, a_wrong_fingerprint_after_the_handshake_fails_too)
{
    struct net *net = opened((struct net_options){ .no_fingerprint = { true, true } });
    struct ix_dtls_fingerprint fp = { .kind = IX_SHA256, .len = 32 };

    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(1));
    cr_assert_eq(ix_dtls_set_fingerprint(net->end[0], &fp), 0);
    net_drain(net, 0);
    cr_assert_eq(net->err[0], IRISX_E_FINGERPRINT);
    net_close(net);
}

Test(association, a_hello_that_comes_before_start_is_kept)
{
    struct net *net = opened((struct net_options){ 0 });

    ix_dtls_start(net->end[0], 0, net->now);
    net_drain(net, 0);
    net->now.mono_us += 20 * IX_MS;
    while (net->flying_count > 0) {
        struct net_packet p = net->flying[--net->flying_count];
        ix_dtls_input(net->end[1], p.d->data, p.d->len, net->now);
        ix_free(p.d);
    }
    net_drain(net, 1);
    cr_assert_eq(net->works[1], 0, "not started yet");
    ix_dtls_start(net->end[1], 0, net->now);
    net_drain(net, 1);
    cr_assert_eq(net->works[1], 1);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    cr_assert_lt(net->now.mono_us, SECONDS(0) + 60 * IX_MS, "without a retransmission");
    assert_same_keys(net);
    net_close(net);
}

static bool lose_first_finished(struct net *net, int from, const uint8_t *p, size_t n)
{
    (void) p, (void) n;
    bool *lost = net->hook_ctx;
    bool last_flight = from == 1 && ix_dtls_state(net->end[1]) == IX_DTLS_CONNECTED;

    if (!last_flight || *lost)
        return true;
    *lost = true;
    return false;
}

Test(association, a_lost_last_flight_is_sent_again_when_the_client_repeats_its_own)
{
    struct net *net = opened((struct net_options){ 0 });
    bool lost = false;

    net->hook = lose_first_finished;
    net->hook_ctx = &lost;
    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    cr_assert(lost);
    assert_same_keys(net);
    net_close(net);
}

Test(association, the_context_goes_once_settled_and_close_notify_is_still_said)
{
    struct net *net = opened((struct net_options){ 0 });

    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    size_t works = net->works[1], sent = net->sent[1];
    ix_dtls_settle(net->end[1], net->now);
    net_drain(net, 1);
    cr_assert_eq(net->works[1], works + 1);
    cr_assert_eq(net->sent[1], sent, "nothing is sent for it");
    cr_assert_eq(ix_dtls_deadline(net->end[1]), IX_NEVER);
    assert_same_keys(net);
    ix_dtls_settle(net->end[1], net->now);
    ix_dtls_input(net->end[1], "\x16\xfe\xfd", 3, net->now);
    net_drain(net, 1);
    cr_assert_eq(net->works[1], works + 1);

    ix_dtls_close(net->end[1], net->now);
    net_drain(net, 1);
    cr_assert_eq(net->sent[1], sent + 1);
    cr_assert(net->told[1][IX_DTLS_CLOSED]);
    net_run(net, IX_DTLS_CLOSED, SECONDS(6));
    cr_assert_eq(ix_dtls_state(net->end[0]), IX_DTLS_CLOSED, "the client understood the farewell");
    net_close(net);
}

Test(association, the_context_goes_by_itself_after_15_s)
{
    struct net *net = opened((struct net_options){ 0 });

    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    cr_assert_eq(ix_dtls_deadline(net->end[0]), net->now.mono_us + 15 * IX_S);
    cr_assert_eq(ix_dtls_deadline(net->end[1]), net->now.mono_us - net->path.delay_us + 15 * IX_S);
    net_run(net, IX_DTLS_CLOSED, SECONDS(60));
    cr_assert_eq(ix_dtls_deadline(net->end[0]), IX_NEVER);
    cr_assert_eq(ix_dtls_deadline(net->end[1]), IX_NEVER);
    assert_same_keys(net);
    net_close(net);
}

Test(association, close_tells_the_peer)
{
    for (int at = 0; at < 2; at++) {
        struct net *net = opened((struct net_options){ 0 });

        net_start(net);
        net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
        ix_dtls_close(net->end[at], net->now);
        net_drain(net, at);
        net_run(net, IX_DTLS_CLOSED, SECONDS(6));
        cr_assert(net->told[0][IX_DTLS_CLOSED] && net->told[1][IX_DTLS_CLOSED]);
        net_close(net);
    }
}

Test(association, close_before_and_during_the_handshake_ends_it_quietly)
{
    struct net *net = opened((struct net_options){ 0 });

    ix_dtls_close(net->end[1], net->now);
    net_drain(net, 1);
    cr_assert(net->told[1][IX_DTLS_CLOSED]);
    ix_dtls_start(net->end[0], 0, net->now);
    net_drain(net, 0);
    ix_dtls_close(net->end[0], net->now);
    net_drain(net, 0);
    cr_assert(net->told[0][IX_DTLS_CLOSED]);
    cr_assert_eq(ix_dtls_deadline(net->end[0]), IX_NEVER);
    net_close(net);
}

Test(association, close_while_a_worker_has_it_waits_for_the_worker)
{
    struct net *net = opened((struct net_options){ 0 });
    struct ix_dtls_out out;

    ix_dtls_start(net->end[0], 0, net->now);
    do
        cr_assert(ix_dtls_poll(net->end[0], &out));
    while (out.kind != IX_DTLS_OUT_WORK);
    ix_dtls_close(net->end[0], net->now);
    cr_assert_not(ix_dtls_poll(net->end[0], &out));
    ix_dtls_work(net->end[0], net->worker[0]);
    ix_dtls_done(net->end[0], net->now);
    net_drain(net, 0);
    cr_assert(net->told[0][IX_DTLS_CLOSED]);
    net_close(net);
}

static bool hail_junk(struct net *net, int from, const uint8_t *p, size_t n)
{
    uint8_t junk[600];
    size_t len = ix_rng_below(&net->rng, sizeof(junk)) + 1;

    ix_rng_fill(&net->rng, junk, len);
    junk[0] = (uint8_t) (20 + junk[0] % 44); /* what RFC 7983 lets through to DTLS */
    net_put(net, 1 - from, junk, len, net->path.delay_us - 1);
    junk[1] = 0xfe;
    junk[2] = 0xfd;
    net_put(net, 1 - from, junk, len, net->path.delay_us - 1);
    net_put(net, 1 - from, p, n / 2, net->path.delay_us - 1);
    return true;
}

Test(association, junk_and_cut_datagrams_between_the_real_ones_do_no_harm)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct net *net = opened((struct net_options){ .seed = seed });

        net->hook = hail_junk;
        net_start(net);
        net_run(net, IX_DTLS_CONNECTED, SECONDS(14));
        cr_assert_eq(ix_dtls_state(net->end[0]), IX_DTLS_CONNECTED, "seed %zu", (size_t) seed);
        cr_assert_eq(ix_dtls_state(net->end[1]), IX_DTLS_CONNECTED, "seed %zu", (size_t) seed);
        assert_same_keys(net);
        net_close(net);
    }
}

static bool replay_everything(struct net *net, int from, const uint8_t *p, size_t n)
{
    for (unsigned i = 1; i < 4; i++)
        net_put(net, 1 - from, p, n, net->path.delay_us + i * 7 * IX_MS);
    return true;
}

Test(association, replayed_datagrams_change_nothing)
{
    struct net *net = opened((struct net_options){ 0 });

    net->hook = replay_everything;
    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    assert_same_keys(net);
    net->hook = NULL;
    net_run(net, IX_DTLS_CLOSED, SECONDS(7));
    cr_assert_eq(ix_dtls_state(net->end[0]), IX_DTLS_CONNECTED);
    cr_assert_eq(ix_dtls_state(net->end[1]), IX_DTLS_CONNECTED);
    cr_assert_lt(net->sent[0] + net->sent[1], 100, "no storm");
    net_close(net);
}

Test(association, a_slow_worker_does_not_disturb_the_timers)
{
    struct net *net = opened((struct net_options){ .work_us = 45 * IX_MS });

    net_start(net);
    net_run(net, IX_DTLS_CONNECTED, SECONDS(5));
    assert_same_keys(net);
    cr_assert_leq(net->sent[0] + net->sent[1], 14, "%zu + %zu", net->sent[0], net->sent[1]);
    net_close(net);
}

Test(association, a_configuration_without_identity_or_with_a_tiny_mtu_is_refused)
{
    struct net *net = opened((struct net_options){ 0 });
    struct ix_dtls_config c = { .rng = &net->rng, .role = IX_DTLS_CLIENT };
    struct ix_dtls *d = NULL;

    cr_assert_eq(ix_dtls_new(&c, &d), IRISX_E_INVALID);
    c.identity = net->identity[0];
    c.mtu = 100;
    cr_assert_eq(ix_dtls_new(&c, &d), IRISX_E_INVALID);
    c.mtu = 0;
    c.role = 0;
    cr_assert_eq(ix_dtls_new(&c, &d), IRISX_E_INVALID);
    cr_assert_null(d);
    net_close(net);
}

/* A datagram that finds no memory is lost and sent again; all else fails with NO_MEMORY, and the peer with an alert. */
static int handshake_and_farewell(void *arg)
{
    static struct net net;
    struct net_options o = { .seed = 21, .path = { .delay_us = 5 * IX_MS }, .mtu = { 600, 600 } };

    (void) arg;
    int err = net_open(&net, &o);
    if (err != 0)
        return err;
    net_start(&net);
    net_run(&net, IX_DTLS_CONNECTED, SECONDS(14));
    if (net.err[0] == IRISX_E_NO_MEMORY || net.err[1] == IRISX_E_NO_MEMORY)
        err = IRISX_E_NO_MEMORY;
    else if (ix_dtls_state(net.end[0]) != IX_DTLS_CONNECTED || ix_dtls_state(net.end[1]) != IX_DTLS_CONNECTED)
        err = IRISX_E_INTERNAL;
    for (int i = 0; i < 2; i++) {
        ix_dtls_settle(net.end[i], net.now);
        net_drain(&net, i);
        ix_dtls_close(net.end[i], net.now);
        net_drain(&net, i);
        if (err == 0 && !net.told[i][IX_DTLS_CLOSED])
            err = IRISX_E_INTERNAL;
    }
    net_close(&net);
    return err;
}

Test(association, survives_the_failure_of_any_allocation)
{
    cr_assert_eq(oom_run(handshake_and_farewell, NULL), 0);
}
