/* SPDX-License-Identifier: MIT */
/* The double of tests/support behaves as the real association where a caller can see it. */
#include <criterion/criterion.h>

#include "dtls_double.h"
#include "net.h"

#define SECONDS(n) ((1000 + (n)) * IX_S)

static struct net net;

static void opened(struct net_options o)
{
    o.ops = &dtls_double;
    if (o.seed == 0)
        o.seed = 1;
    o.path.delay_us = 10 * IX_MS;
    cr_assert_eq(net_open(&net, &o), 0);
}

static void assert_connected(void)
{
    struct ix_srtp_keys a, b;

    net_run(&net, IX_DTLS_CONNECTED, SECONDS(60));
    cr_assert_eq(dtls_double.keys(net.end[0], &a), 0);
    cr_assert_eq(dtls_double.keys(net.end[1], &b), 0);
    cr_assert_arr_eq(a.local, b.remote, sizeof(a.local));
    cr_assert_arr_eq(a.remote, b.local, sizeof(a.local));
    cr_assert_arr_neq(a.local, a.remote, sizeof(a.local));
}

Test(double, connects_in_two_round_trips)
{
    opened((struct net_options){ 0 });
    net_start(&net);
    assert_connected();
    cr_assert_eq(net.now.mono_us, SECONDS(0) + 40 * IX_MS);
    cr_assert(net.told[0][IX_DTLS_HANDSHAKE] && net.told[1][IX_DTLS_CONNECTED]);
    net_close(&net);
}

Test(double, connects_over_a_bad_path)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        opened((struct net_options){
            .seed = seed, .timeout_ms = 60000, .path = { .loss = 15, .duplicate = 10, .reorder = 30 } });
        net_start(&net);
        assert_connected();
        net_close(&net);
    }
}

Test(double, refuses_a_wrong_fingerprint)
{
    opened((struct net_options){ .wrong_fingerprint = { true, false } });
    net_start(&net);
    net_run(&net, IX_DTLS_FAILED, SECONDS(20));
    cr_assert_eq(net.err[0], IRISX_E_FINGERPRINT);
    cr_assert_eq(net.err[1], IRISX_E_TLS);
    net_close(&net);
}

Test(double, waits_for_a_late_fingerprint)
{
    opened((struct net_options){ .no_fingerprint = { true, true } });
    net_start(&net);
    net_run(&net, IX_DTLS_CONNECTED, SECONDS(1));
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(dtls_double.state(net.end[i]), IX_DTLS_HANDSHAKE);
        cr_assert_eq(net_expect(&net, i, IX_SHA256), 0);
    }
    assert_connected();
    net_close(&net);
}

Test(double, gives_up_after_its_time)
{
    opened((struct net_options){ .path = { .loss = 100 } });
    net_start(&net);
    net_run(&net, IX_DTLS_FAILED, SECONDS(60));
    cr_assert_eq(net.err[0], IRISX_E_TIMEOUT);
    cr_assert_eq(net.err[1], IRISX_E_TIMEOUT);
    cr_assert_eq(net.now.mono_us, SECONDS(15));
    cr_assert_eq(net.sent[0], 10);
    net_close(&net);
}

Test(double, close_is_heard_before_and_after_settling)
{
    for (int settled = 0; settled < 2; settled++) {
        opened((struct net_options){ 0 });
        net_start(&net);
        assert_connected();
        if (settled) {
            dtls_double.settle(net.end[1], net.now);
            net_drain(&net, 1);
            cr_assert_eq(dtls_double.deadline(net.end[1]), IX_NEVER);
        }
        dtls_double.close(net.end[1], net.now);
        net_drain(&net, 1);
        net_run(&net, IX_DTLS_CLOSED, SECONDS(1));
        cr_assert(net.told[0][IX_DTLS_CLOSED] && net.told[1][IX_DTLS_CLOSED]);
        net_close(&net);
    }
}
