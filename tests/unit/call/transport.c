/* SPDX-License-Identifier: MIT */
/* A WebSocket: liveness, loss, back-off, giving up. */
#include "bench.h"

static void lose(struct bench *b, bool fatal, const char *detail)
{
    ix_phone_ws_closed(b->phone, b->transport, IRISX_E_NETWORK, fatal, detail, b->now);
    bench_drain(b);
}

Test(transport, silence_is_asked_about_after_10_seconds_and_given_up_after_14)
{
    struct bench b;

    bench_open_bare(&b);
    bench_line(&b, false);
    bench_at(&b, b.now.mono_us + 9999 * IX_MS);
    cr_assert_eq(b.pings, 0);
    bench_at(&b, b.now.mono_us + IX_MS);
    cr_assert_eq(b.pings, 1);
    bench_at(&b, b.now.mono_us + 3999 * IX_MS);
    cr_assert_eq(b.closes, 0);
    bench_at(&b, b.now.mono_us + IX_MS);
    cr_assert_eq(b.closes, 1);
    bench_close(&b);
}

Test(transport, one_that_only_receives_is_dead_as_well)
{
    struct bench b;

    bench_open_bare(&b);
    bench_line(&b, false);
    bench_at(&b, b.now.mono_us + 10 * IX_S);
    ix_phone_ws_pong(b.phone, b.transport, b.now);
    for (int s = 0; s < 14; s++) { /* the server talks on, but what we say does not arrive */
        cr_assert_eq(b.closes, 0);
        bench_at(&b, b.now.mono_us + IX_S);
        bench_input(&b, "\r\n\r\n");
    }
    cr_assert_eq(b.pings, 2);
    cr_assert_eq(b.closes, 1);
    bench_close(&b);
}

Test(transport, after_a_network_change_the_answer_to_a_ping_is_awaited_for_as_long_as_it_takes_usually)
{
    struct bench b;

    bench_open_bare(&b);
    bench_line(&b, false);
    bench_at(&b, b.now.mono_us + 10 * IX_S);
    b.now.mono_us += 40 * IX_MS;
    ix_phone_ws_pong(b.phone, b.transport, b.now);
    b.now.mono_us += IX_S;
    ix_phone_network_changed(b.phone, b.now);
    bench_drain(&b);
    cr_assert_eq(b.pings, 2);
    bench_at(&b, b.now.mono_us + 999 * IX_MS);
    cr_assert_eq(b.closes, 0);
    bench_at(&b, b.now.mono_us + IX_MS);
    cr_assert_eq(b.closes, 1);
    bench_at(&b, ix_phone_deadline(b.phone));
    cr_assert_eq(b.opens, 2);
    bench_close(&b);
}

Test(transport, an_attempt_that_was_begun_before_the_network_came_is_begun_again)
{
    struct bench b;

    bench_open_bare(&b);
    bench_line(&b, false);
    b.now.mono_us += 8 * IX_S;
    lose(&b, false, NULL);
    bench_at(&b, b.now.mono_us);
    cr_assert_eq(b.opens, 2);
    b.now.mono_us += 3 * IX_S;
    ix_phone_network_changed(b.phone, b.now);
    bench_drain(&b);
    cr_assert_eq(b.closes, 1);
    bench_at(&b, b.now.mono_us);
    cr_assert_eq(b.opens, 3);
    bench_close(&b);
}

Test(transport, a_server_with_a_flow_timer_hears_of_us_within_it)
{
    struct bench b;

    bench_open_bare(&b);
    bench_line(&b, true);
    bench_respond(&b, "REGISTER", "200 OK", "Expires: 3600\r\nFlow-Timer: 5\r\n", NULL);
    bench_forget(&b);
    bench_at(&b, b.now.mono_us + 4 * IX_S);
    cr_assert_eq(b.pings, 1);
    cr_assert_not_null(bench_sent(&b, "\r\n\r\n"));
    bench_close(&b);
}

Test(transport, one_that_worked_is_made_again_at_once_and_then_ever_slower_up_to_7_seconds)
{
    struct bench b;
    uint64_t longest = 0;

    bench_open_bare(&b);
    bench_line(&b, false);
    b.now.mono_us += 8 * IX_S;
    lose(&b, false, NULL);
    bench_at(&b, b.now.mono_us);
    cr_assert_eq(b.opens, 2);
    for (unsigned tries = 0; tries < 40; tries++) {
        uint64_t from = b.now.mono_us;

        lose(&b, false, NULL);
        bench_at(&b, ix_phone_deadline(b.phone));
        cr_assert_eq(b.opens, 3 + tries);
        longest = IX_MAX(longest, b.now.mono_us - from);
        if (!tries)
            cr_assert_leq(longest, 600 * IX_MS);
    }
    cr_assert(longest > 4 * IX_S && longest <= 7 * IX_S);
    bench_close(&b);
}

Test(transport, a_network_that_is_up_again_is_tried_at_once)
{
    struct bench b;

    bench_open_bare(&b);
    bench_line(&b, false);
    for (int i = 0; i < 10; i++) {
        lose(&b, false, NULL);
        bench_at(&b, ix_phone_deadline(b.phone));
    }
    lose(&b, false, NULL);
    ix_phone_network_changed(b.phone, b.now);
    bench_at(&b, b.now.mono_us);
    cr_assert_eq(b.opens, 12);
    bench_close(&b);
}

Test(transport, a_certificate_that_is_refused_is_no_matter_of_trying_again)
{
    struct bench b;

    bench_open_bare(&b);
    bench_line(&b, false);
    lose(&b, true, "the certificate is not trusted");
    cr_assert_str_eq(bench_saw(&b, IX_EV_LINE, IX_LINE_FAILED)->message, "the certificate is not trusted");
    cr_assert_eq(ix_phone_deadline(b.phone), IX_NEVER);
    cr_assert_eq(b.opens, 1);
    bench_close(&b);
}
