/* SPDX-License-Identifier: MIT */
/* The phone: what is answered outside calls, limits, the end of everything. */
#include "bench.h"

static void request(struct bench *b, const char *method, const char *lines)
{
    bench_input(b,
        "%s sip:me@client.invalid SIP/2.0\r\nVia: SIP/2.0/WS p.invalid;branch=z9hG4bK%s\r\n"
        "From: <sip:a@b>;tag=f\r\nTo: <sip:me@client.invalid>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\n"
        "Contact: <sip:a@b>\r\n%sContent-Length: 0\r\n\r\n",
        method, method, method, method, lines);
}

Test(phone, options_outside_a_call_tells_what_we_can)
{
    struct bench b;

    bench_open(&b);
    request(&b, "OPTIONS", "");
    cr_assert_not_null(bench_sent(&b, "SIP/2.0 200 "));
    cr_assert_not_null(strstr(bench_header(bench_sent(&b, "SIP/2.0 200 "), "Allow"), "INVITE"));
    cr_assert_not_null(strstr(bench_header(bench_sent(&b, "SIP/2.0 200 "), "Supported"), "replaces"));
    bench_close(&b);
}

Test(phone, requests_of_a_dialog_that_is_not_there_are_answered_481)
{
    struct bench b;

    bench_open(&b);
    request(&b, "BYE", "");
    cr_assert_not_null(bench_sent(&b, "SIP/2.0 481 "));
    bench_close(&b);
}

Test(phone, a_fresh_one_is_idle_and_has_no_deadline)
{
    struct bench b;

    bench_open_bare(&b);
    cr_assert(ix_phone_idle(b.phone));
    cr_assert_eq(ix_phone_deadline(b.phone), IX_NEVER);
    bench_line(&b, false);
    cr_assert_not(ix_phone_idle(b.phone));
    bench_close(&b);
}

Test(phone, shutdown_hangs_up_and_closes_and_is_idle_in_bounded_time)
{
    struct bench b;
    struct ix_line_config more = { .ws_url = "ws://192.0.2.20/", .user = "1001" };
    uint32_t line;

    bench_open_bare(&b);
    bench_line(&b, false);
    (void) bench_call(&b);
    ix_phone_shutdown(b.phone, b.now);
    bench_drain(&b);
    cr_assert_not_null(bench_sent(&b, "BYE"));
    cr_assert_eq(ix_line_open(b.phone, &more, b.now, &line), IRISX_E_CLOSED);
    for (int i = 0; i < 500 && !ix_phone_idle(b.phone); i++)
        bench_at(&b, b.now.mono_us + 10 * IX_MS);
    cr_assert(ix_phone_idle(b.phone));
    cr_assert_not_null(bench_saw(&b, IX_EV_LINE, IX_LINE_CLOSED));
    bench_close(&b);
}
