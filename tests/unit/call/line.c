/* SPDX-License-Identifier: MIT */
/* A line: registered, refused, closed; and how long its connection stays for the farewells. */
#include "bench.h"

static void registered(struct bench *b)
{
    char lines[600];

    bench_open_bare(b);
    bench_line(b, true);
    (void) snprintf(
        lines, sizeof lines, "Contact: %s\r\nExpires: 12\r\n", bench_header(bench_sent(b, "REGISTER"), "Contact"));
    *strstr(lines, ";expires") = '\0';
    (void) strcat(lines, ";expires=12\r\n");
    bench_respond(b, "REGISTER", "200 OK", lines, NULL);
}

Test(line, what_cannot_be_an_account_is_refused)
{
    static const struct ix_line_config wrong[] = { { .user = "1000" }, { .ws_url = "ws://h/" },
        { .ws_url = "ws://h/", .user = "" }, { .ws_url = "http://h/", .user = "1000" },
        { .ws_url = "ws:///x", .user = "1000" }, { .ws_url = "ws://h/", .user = "1000", .realm = "a b" } };
    struct bench b;
    uint32_t line;

    bench_open_bare(&b);
    for (size_t i = 0; i < IX_COUNT(wrong); i++)
        cr_assert_eq(ix_line_open(b.phone, &wrong[i], b.now, &line), IRISX_E_INVALID, "%zu", i);
    bench_drain(&b);
    cr_assert_eq(b.opens, 0);
    bench_close(&b);
}

Test(line, the_realm_is_the_host_of_the_url_unless_given)
{
    struct ix_line_config config = { .ws_url = "ws://[2001:db8::1]:8066/ws", .user = "1000" };
    struct ix_addr any = { 0 };
    struct bench b;
    uint32_t line;

    bench_open_bare(&b);
    cr_assert_eq(ix_line_open(b.phone, &config, b.now, &line), 0);
    bench_drain(&b);
    ix_phone_ws_opened(b.phone, b.transport, &any, &any, b.now);
    bench_drain(&b);
    cr_assert_not_null(bench_sent(&b, "REGISTER sip:[2001:db8::1] SIP/2.0\r\n"));
    bench_close(&b);
}

Test(line, it_is_ready_when_the_registrar_says_so)
{
    struct bench b;

    registered(&b);
    cr_assert_not_null(bench_saw(&b, IX_EV_LINE, IX_LINE_CONNECTING));
    cr_assert_not_null(bench_saw(&b, IX_EV_LINE, IX_LINE_REGISTERING));
    cr_assert_not_null(bench_saw(&b, IX_EV_LINE, IX_LINE_READY));
    bench_close(&b);
}

Test(line, one_that_is_closed_unregisters_first)
{
    struct bench b;

    registered(&b);
    bench_forget(&b);
    ix_line_close(b.phone, b.line, b.now);
    bench_drain(&b);
    cr_assert_not_null(strstr(bench_sent(&b, "REGISTER"), "expires=0"));
    cr_assert_eq(b.closes, 0);
    bench_respond(&b, "REGISTER", "200 OK", NULL, NULL);
    bench_at(&b, b.now.mono_us + IX_MS);
    cr_assert_eq(b.closes, 1);
    cr_assert_not_null(bench_saw(&b, IX_EV_LINE, IX_LINE_CLOSED));
    bench_close(&b);
}

Test(line, one_that_is_refused_in_mid_call_says_bye_and_then_lets_the_connection_go)
{
    struct bench b;

    registered(&b);
    (void) bench_call(&b);
    bench_forget(&b);
    bench_at(&b, b.now.mono_us + 7 * IX_S);
    cr_assert_not_null(bench_sent(&b, "REGISTER"));
    bench_respond(&b, "REGISTER", "403 Forbidden", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_LINE, IX_LINE_FAILED)->code, IRISX_E_AUTH);
    cr_assert_not_null(bench_sent(&b, "BYE"));
    bench_at(&b, b.now.mono_us + IX_MS);
    cr_assert_eq(b.closes, 0, "the answer to BYE is awaited");
    bench_respond(&b, "BYE", "200 OK", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED)->code, IRISX_E_AUTH);
    bench_at(&b, b.now.mono_us + 10 * IX_MS);
    cr_assert_eq(b.closes, 1);
    bench_close(&b);
}

Test(line, one_that_is_refused_waits_no_longer_than_a_farewell_takes)
{
    struct bench b;

    registered(&b);
    (void) bench_call(&b);
    bench_at(&b, b.now.mono_us + 7 * IX_S);
    bench_respond(&b, "REGISTER", "403 Forbidden", NULL, NULL);
    for (int i = 0; i < 300; i++)
        bench_at(&b, b.now.mono_us + 10 * IX_MS);
    cr_assert_eq(b.closes, 1);
    bench_close(&b);
}
