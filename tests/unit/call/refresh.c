/* SPDX-License-Identifier: MIT */
/* A re-INVITE of ours that changes nothing. */
#include "bench.h"

Test(refresh, it_says_what_was_said_before_and_a_refusal_harms_nothing)
{
    struct bench b;
    uint32_t call;
    char first[8192];

    bench_open_bare(&b);
    bench_line(&b, false);
    call = bench_call(&b);
    (void) snprintf(first, sizeof first, "%s", strstr(bench_sent(&b, "INVITE"), "\r\n\r\n"));
    cr_assert_eq(ix_call_refresh(b.phone, call, "Session-Expires: 90;refresher=uac\r\n", b.now), 0);
    bench_drain(&b);
    cr_assert_eq(bench_count(&b, "INVITE"), 2);
    cr_assert_str_eq(bench_header(bench_sent(&b, "INVITE"), "Session-Expires"), "90;refresher=uac");
    cr_assert_eq(strncmp(strstr(bench_sent(&b, "INVITE"), "\r\no="), strstr(first, "\r\no="), 20), 0);
    cr_assert_eq(ix_call_refresh(b.phone, call, NULL, b.now), IRISX_E_STATE, "one at a time");
    bench_respond(&b, "INVITE", "488 No", NULL, NULL);
    cr_assert_null(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED));
    cr_assert_eq(ix_call_refresh(b.phone, call, NULL, b.now), 0);
    bench_close(&b);
}

Test(refresh, a_call_that_is_not_answered_has_no_session)
{
    struct ix_call_config config = { .to = "9196" };
    struct bench b;
    uint32_t call;

    bench_open_bare(&b);
    bench_line(&b, false);
    config.line = b.line;
    cr_assert_eq(ix_call_dial(b.phone, &config, b.now, &call), 0);
    bench_drain(&b);
    cr_assert_eq(ix_call_refresh(b.phone, call, NULL, b.now), IRISX_E_STATE);
    bench_close(&b);
}
