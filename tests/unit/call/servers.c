/* SPDX-License-Identifier: MIT */
/* Several servers for one line, redirects of a registrar, the way back to the preferred one. */
#include "bench.h"

static void line(struct bench *b, const char *url, const char *servers)
{
    struct ix_line_config config = {
        .ws_url = url, .servers = servers, .user = "1000", .realm = "pbx.test", .password = "secret"
    };

    bench_open_bare(b);
    cr_assert_eq(ix_line_open(b->phone, &config, b->now, &b->line), 0);
    bench_drain(b);
}

static void opened(struct bench *b)
{
    struct ix_addr any = { 0 };

    ix_phone_ws_opened(b->phone, b->transport, &any, &any, b->now);
    bench_drain(b);
}

static void not_there(struct bench *b)
{
    ix_phone_ws_closed(b->phone, b->transport, IRISX_E_NETWORK, false, "refused", b->now);
    bench_drain(b);
    bench_at(b, ix_phone_deadline(b->phone));
}

static void registered(struct bench *b)
{
    bench_respond(b, "REGISTER", "200 OK", "Expires: 3600\r\n", NULL);
    cr_assert_not_null(bench_saw(b, IX_EV_LINE, IX_LINE_READY));
}

Test(servers, one_that_cannot_be_reached_is_followed_by_the_next_at_once_and_only_a_round_by_a_wait)
{
    struct bench b;
    uint64_t since;

    line(&b, "wss://a.test/ws", " wss://b.test:7443/ws , wss://c.test");
    since = b.now.mono_us;
    not_there(&b);
    cr_assert_str_eq(b.url, "wss://b.test:7443/ws");
    not_there(&b);
    cr_assert_str_eq(b.url, "wss://c.test");
    cr_assert_eq(b.now.mono_us, since);
    for (int i = 0; i < 30; i++)
        not_there(&b);
    cr_assert_gt(b.now.mono_us, since + 10 * IX_S);
    cr_assert_str_eq(b.url, "wss://c.test");
    bench_close(&b);
}

Test(servers, what_is_no_list_of_servers_is_refused)
{
    struct ix_line_config config = { .ws_url = "ws://a.test", .user = "1000", .servers = "http://b.test" };
    struct bench b;

    bench_open_bare(&b);
    cr_assert_eq(ix_line_open(b.phone, &config, b.now, &b.line), IRISX_E_INVALID);
    config.servers = "ws://b,ws://c,ws://d,ws://e,ws://f,ws://g,ws://h,ws://i";
    cr_assert_eq(ix_line_open(b.phone, &config, b.now, &b.line), IRISX_E_LIMIT);
    bench_close(&b);
}

Test(servers, one_that_fails_to_register_is_followed_by_the_next)
{
    struct bench b;

    line(&b, "ws://a.test", "ws://b.test");
    opened(&b);
    bench_respond(&b, "REGISTER", "503 Service Unavailable", "Retry-After: 600\r\n", NULL);
    bench_at(&b, b.now.mono_us);
    cr_assert_str_eq(b.url, "ws://b.test");
    opened(&b);
    registered(&b);
    bench_close(&b);
}

Test(servers, one_that_does_not_answer_register_is_followed_by_the_next_after_ten_seconds)
{
    struct bench b;

    line(&b, "ws://a.test", "ws://b.test");
    opened(&b);
    bench_at(&b, b.now.mono_us + 9999 * IX_MS);
    cr_assert_str_eq(b.url, "ws://a.test");
    bench_at(&b, b.now.mono_us + IX_MS);
    bench_at(&b, b.now.mono_us);
    cr_assert_str_eq(b.url, "ws://b.test");
    bench_close(&b);
}

Test(servers, a_connection_that_worked_is_made_again_to_the_same_one_first)
{
    struct bench b;

    line(&b, "ws://a.test", "ws://b.test");
    opened(&b);
    registered(&b);
    bench_at(&b, b.now.mono_us + 8 * IX_S);
    not_there(&b);
    cr_assert_str_eq(b.url, "ws://a.test");
    cr_assert_eq(b.opens, 2);
    not_there(&b);
    cr_assert_str_eq(b.url, "ws://b.test");
    bench_close(&b);
}

static void on_the_second(struct bench *b)
{
    line(b, "ws://a.test", "ws://b.test");
    not_there(b);
    opened(b);
    registered(b);
}

/* pings are answered until then; whether the preferred one was asked for */
static bool wait_for_look(struct bench *b, uint64_t until_us)
{
    uint32_t mine = b->transport;

    while (b->now.mono_us < until_us && b->transport == mine) {
        bench_at(b, IX_MIN(until_us, b->now.mono_us + IX_S));
        ix_phone_ws_pong(b->phone, mine, b->now);
        bench_drain(b);
    }
    return b->transport != mine;
}

Test(servers, from_a_lesser_one_it_goes_back_when_the_preferred_one_is_there_again)
{
    struct bench b;
    uint32_t lesser;

    on_the_second(&b);
    lesser = b.transport;
    cr_assert(wait_for_look(&b, b.now.mono_us + 61 * IX_S));
    cr_assert_str_eq(b.url, "ws://a.test");
    bench_forget(&b);
    opened(&b);
    cr_assert_not_null(bench_sent(&b, "REGISTER"));
    cr_assert_eq(b.closes, 0, "the old one stays until the new one is registered");
    registered(&b);
    cr_assert_eq(b.closes, 1);
    ix_phone_ws_closed(b.phone, lesser, 0, false, NULL, b.now); /* of nobody any more */
    bench_drain(&b);
    cr_assert_null(bench_saw(&b, IX_EV_LINE, IX_LINE_CONNECTING));
    cr_assert(!wait_for_look(&b, b.now.mono_us + 700 * IX_S));
    bench_close(&b);
}

Test(servers, a_preferred_one_that_is_still_away_is_looked_for_ever_less_often)
{
    struct bench b;
    uint64_t since;
    uint32_t mine;

    on_the_second(&b);
    mine = b.transport;
    since = b.now.mono_us;
    cr_assert(wait_for_look(&b, since + 61 * IX_S));
    bench_forget(&b);
    ix_phone_ws_closed(b.phone, b.transport, IRISX_E_NETWORK, false, "refused", b.now);
    bench_drain(&b);
    cr_assert_eq(b.event_count, 0, "the line knows nothing of it");
    b.transport = mine;
    since = b.now.mono_us;
    cr_assert(!wait_for_look(&b, since + 119 * IX_S));
    cr_assert(wait_for_look(&b, since + 121 * IX_S));
    bench_close(&b);
}

Test(servers, it_does_not_go_back_during_a_call)
{
    struct bench b;

    on_the_second(&b);
    cr_assert(!wait_for_look(&b, b.now.mono_us + 55 * IX_S));
    (void) bench_call(&b);
    cr_assert(!wait_for_look(&b, b.now.mono_us + 10 * IX_S));
    bench_close(&b);
}

Test(servers, a_redirect_is_followed_by_its_contacts_in_the_order_of_q)
{
    struct bench b;

    line(&b, "wss://a.test:7443/ws", NULL);
    opened(&b);
    bench_respond(&b, "REGISTER", "302 Moved",
        "Contact: <sip:plain.test;transport=ws>;q=1.0, <sip:third.test>;q=0.1\r\n"
        "Contact: <sip:second.test:9443;transport=wss>;q=0.9, <mailto:x@y>\r\n",
        NULL);
    bench_forget(&b);
    bench_at(&b, b.now.mono_us);
    cr_assert_str_eq(b.url, "wss://second.test:9443/ws", "%s", b.url);
    not_there(&b);
    cr_assert_str_eq(b.url, "wss://third.test/ws", "%s", b.url);
    opened(&b);
    cr_assert_not_null(bench_sent(&b, "REGISTER sip:third.test SIP/2.0"));
    registered(&b);
    bench_at(&b, b.now.mono_us + 8 * IX_S);
    not_there(&b);
    cr_assert_str_eq(b.url, "wss://third.test/ws");
    not_there(&b);
    cr_assert_str_eq(b.url, "wss://a.test:7443/ws", "the servers again");
    bench_forget(&b);
    opened(&b);
    cr_assert_not_null(bench_sent(&b, "REGISTER sip:pbx.test SIP/2.0"));
    bench_close(&b);
}

Test(servers, a_redirect_from_wss_to_ws_is_not_followed)
{
    struct bench b;

    line(&b, "wss://a.test/ws", NULL);
    opened(&b);
    bench_respond(&b, "REGISTER", "301 Moved", "Contact: <sip:b.test;transport=ws>\r\n", NULL);
    bench_at(&b, b.now.mono_us);
    cr_assert_str_eq(b.url, "wss://a.test/ws");
    cr_assert_not_null(bench_saw(&b, IX_EV_LINE, IX_LINE_FAILED));
    cr_assert_not_null(strstr(bench_saw(&b, IX_EV_LINE, IX_LINE_FAILED)->message, "wss to ws"));
    bench_close(&b);
}

Test(servers, redirects_in_a_circle_end)
{
    struct bench b;
    unsigned hops = 0;

    line(&b, "ws://a.test", NULL);
    for (; hops < 20 && !bench_saw(&b, IX_EV_LINE, IX_LINE_FAILED); hops++) {
        opened(&b);
        bench_respond(&b, "REGISTER", "305 Use Proxy",
            hops % 2 ? "Contact: <sip:a.test>\r\n" : "Contact: <sip:b.test>\r\n", NULL);
        bench_at(&b, b.now.mono_us);
    }
    cr_assert_eq(hops, 6);
    bench_close(&b);
}

Test(servers, a_password_that_worked_and_is_refused_is_asked_for_once)
{
    struct ix_line_config config = {
        .ws_url = "ws://a.test", .user = "1000", .realm = "pbx.test", .password = "old", .renewable = true
    };
    struct bench b;

    bench_open_bare(&b);
    cr_assert_eq(ix_line_open(b.phone, &config, b.now, &b.line), 0);
    bench_drain(&b);
    opened(&b);
    bench_respond(&b, "REGISTER", "200 OK", "Expires: 20\r\n", NULL);
    bench_at(&b, b.now.mono_us + 15 * IX_S);
    bench_respond(&b, "REGISTER", "403 Forbidden", NULL, NULL);
    cr_assert_not_null(bench_saw(&b, IX_EV_CREDENTIALS, 0));
    cr_assert_null(bench_saw(&b, IX_EV_LINE, IX_LINE_FAILED));
    bench_forget(&b);
    ix_line_renew(b.phone, b.line, "new", b.now);
    bench_drain(&b);
    bench_respond(&b, "REGISTER", "403 Forbidden", NULL, NULL);
    cr_assert_null(bench_saw(&b, IX_EV_CREDENTIALS, 0), "not in a loop");
    cr_assert_eq(bench_saw(&b, IX_EV_LINE, IX_LINE_FAILED)->code, IRISX_E_AUTH);
    bench_close(&b);
}

Test(servers, without_another_password_the_line_is_refused)
{
    struct ix_line_config config = {
        .ws_url = "ws://a.test", .user = "1000", .realm = "pbx.test", .password = "old", .renewable = true
    };
    struct bench b;

    bench_open_bare(&b);
    cr_assert_eq(ix_line_open(b.phone, &config, b.now, &b.line), 0);
    bench_drain(&b);
    opened(&b);
    bench_respond(&b, "REGISTER", "200 OK", "Expires: 20\r\n", NULL);
    bench_at(&b, b.now.mono_us + 15 * IX_S);
    bench_respond(&b, "REGISTER", "403 Forbidden", NULL, NULL);
    for (int s = 0; s < 33; s++) {
        bench_at(&b, b.now.mono_us + IX_S);
        ix_phone_ws_pong(b.phone, b.transport, b.now);
    }
    cr_assert_not_null(bench_saw(&b, IX_EV_LINE, IX_LINE_FAILED), "nobody had one in time");
    bench_close(&b);
}
