/* SPDX-License-Identifier: MIT */
/* OPTIONS and MESSAGE outside of calls, both ways, and what limits refuse. */
#include "bench.h"

static void ready(struct bench *b)
{
    bench_open_bare(b);
    bench_line(b, true);
    bench_respond(b, "REGISTER", "200 OK", "Expires: 3600\r\nService-Route: <sip:edge.test;lr>\r\n", NULL);
    bench_forget(b);
}

Test(ask, a_ping_tells_how_long_the_way_is_and_whoever_refuses_it_is_there)
{
    struct ix_ask_config config = { 0 };
    struct bench b;

    ready(&b);
    config.line = b.line;
    cr_assert_eq(ix_phone_ask(b.phone, &config, b.now), 0);
    bench_drain(&b);
    cr_assert_not_null(bench_sent(&b, "OPTIONS sip:pbx.test SIP/2.0"));
    cr_assert_str_eq(bench_header(bench_sent(&b, "OPTIONS"), "Route"), "<sip:edge.test;lr>");
    b.now.mono_us += 42 * IX_MS;
    bench_respond(&b, "OPTIONS", "405 Method Not Allowed", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_DONE, 0)->code, 0);
    cr_assert_eq(bench_saw(&b, IX_EV_DONE, 0)->rtt_us, 42 * IX_MS);
    cr_assert_eq(bench_saw(&b, IX_EV_DONE, 0)->sip_status, 405);
    bench_close(&b);
}

Test(ask, silence_is_an_answer_after_32_seconds)
{
    struct ix_ask_config config = { .to = "1001" };
    struct bench b;

    ready(&b);
    config.line = b.line;
    cr_assert_eq(ix_phone_ask(b.phone, &config, b.now), 0);
    bench_drain(&b);
    for (int s = 0; s < 32; s++) {
        cr_assert_null(bench_saw(&b, IX_EV_DONE, 0));
        bench_at(&b, b.now.mono_us + IX_S);
        ix_phone_ws_pong(b.phone, b.transport, b.now);
    }
    cr_assert_eq(bench_saw(&b, IX_EV_DONE, 0)->code, IRISX_E_TIMEOUT);
    bench_close(&b);
}

Test(ask, a_text_goes_out_and_its_fate_comes_back)
{
    struct ix_ask_config config = { .message = true, .to = "1001", .body = "Gr\xc3\xbc\xc3\x9f dich", .body_len = 11 };
    struct bench b;

    ready(&b);
    config.line = b.line;
    cr_assert_eq(ix_phone_ask(b.phone, &config, b.now), 0);
    bench_drain(&b);
    cr_assert_not_null(bench_sent(&b, "MESSAGE sip:1001@pbx.test SIP/2.0"));
    cr_assert_str_eq(bench_header(bench_sent(&b, "MESSAGE"), "Content-Type"), "text/plain;charset=UTF-8");
    cr_assert_str_eq(bench_header(bench_sent(&b, "MESSAGE"), "Contact"), "", "RFC 3428 section 4");
    bench_respond(&b, "MESSAGE", "202 Accepted", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_DONE, 0)->sip_status, 202);
    cr_assert_eq(ix_phone_ask(b.phone, &config, b.now), 0);
    bench_drain(&b);
    bench_respond(&b, "MESSAGE", "404 Not Found", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_DONE, 0)->code, IRISX_E_NOT_FOUND);
    bench_close(&b);
}

Test(ask, what_is_too_large_or_too_much_or_has_no_line_is_refused_here)
{
    static char large[IX_TEXT_MAX + 1];
    struct ix_ask_config config = { .message = true, .to = "1001", .body = large, .body_len = sizeof large };
    struct bench b;
    int err = 0;

    ready(&b);
    config.line = b.line;
    cr_assert_eq(ix_phone_ask(b.phone, &config, b.now), IRISX_E_TOO_LARGE);
    config.body_len = 1;
    config.line = 77;
    cr_assert_eq(ix_phone_ask(b.phone, &config, b.now), IRISX_E_STATE);
    config.line = b.line;
    for (int i = 0; i < 100 && !err; i++, bench_drain(&b))
        err = ix_phone_ask(b.phone, &config, b.now);
    cr_assert_eq(err, IRISX_E_LIMIT);
    cr_assert_eq(bench_count(&b, "MESSAGE"), 64);
    bench_close(&b);
}

static void incoming(struct bench *b, const char *method, unsigned n, const char *lines, const char *body)
{
    bench_input(b,
        "%s sip:1000@client.invalid SIP/2.0\r\nVia: SIP/2.0/WS p.invalid;branch=z9hG4bKin%u\r\n"
        "From: \"Bob\" <sip:1001@pbx.test>;tag=b\r\nTo: <sip:1000@pbx.test>\r\nCall-ID: in%u\r\nCSeq: 1 %s\r\n"
        "Max-Forwards: 70\r\n%sContent-Length: %zu\r\n\r\n%s",
        method, n, n, method, lines, strlen(body), body);
}

Test(ask, a_text_that_comes_is_confirmed_and_told)
{
    struct bench b;

    ready(&b);
    incoming(&b, "MESSAGE", 1, "Content-Type: text/plain\r\n", "hello");
    cr_assert_not_null(bench_sent(&b, "SIP/2.0 200"));
    cr_assert_str_eq(bench_saw(&b, IX_EV_MESSAGE, 0)->body, "hello");
    bench_forget(&b);
    incoming(&b, "MESSAGE", 2, "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", "x");
    cr_assert_not_null(bench_sent(&b, "SIP/2.0 415"));
    cr_assert_null(bench_saw(&b, IX_EV_MESSAGE, 0));
    bench_close(&b);
}

Test(ask, texts_without_end_are_refused_politely_and_counted)
{
    struct ix_phone_refusals r;
    struct bench b;

    ready(&b);
    for (unsigned i = 0; i < 60; i++)
        incoming(&b, "OPTIONS", i, "", "");
    cr_assert_eq(bench_count(&b, "SIP/2.0 200"), 50);
    cr_assert_eq(bench_count(&b, "SIP/2.0 503"), 10);
    cr_assert_str_eq(bench_header(bench_sent(&b, "SIP/2.0 503"), "Retry-After"), "1");
    ix_phone_refusals(b.phone, &r);
    cr_assert_eq(r.requests, 10);
    b.now.mono_us += IX_S;
    bench_forget(&b);
    for (unsigned i = 100; i < 130; i++)
        incoming(&b, "OPTIONS", i, "", "");
    cr_assert_eq(bench_count(&b, "SIP/2.0 200"), 20);
    bench_close(&b);
}

Test(ask, voice_mail_that_is_told_unasked_is_passed_on)
{
    struct bench b;

    ready(&b);
    incoming(&b, "NOTIFY", 1,
        "Event: message-summary\r\nSubscription-State: terminated;reason=timeout\r\n"
        "Content-Type: application/simple-message-summary\r\n",
        "Messages-Waiting: yes\r\nMessage-Account: sip:1000@pbx.test\r\nVoice-Message: 2/8 (0/1)\r\n");
    cr_assert_not_null(bench_sent(&b, "SIP/2.0 200"));
    cr_assert(bench_saw(&b, IX_EV_NOTICE, 0)->has_notice);
    cr_assert(b.notice.waiting);
    cr_assert_eq(b.notice.classes[0].fresh, 2);
    cr_assert_eq(b.notice.classes[0].urgent_old, 1);
    bench_forget(&b);
    incoming(&b, "NOTIFY", 2, "Event: keep-alive\r\nSubscription-State: active\r\n", "");
    cr_assert_not_null(bench_sent(&b, "SIP/2.0 200"));
    incoming(&b, "NOTIFY", 3, "Event: message-summary\r\nSubscription-State: active\r\n", "nonsense");
    cr_assert_not_null(bench_sent(&b, "SIP/2.0 400"));
    cr_assert_null(bench_saw(&b, IX_EV_NOTICE, 0));
    bench_close(&b);
}
