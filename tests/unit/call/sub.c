/* SPDX-License-Identifier: MIT */
/* Subscriptions of ours at literal times (RFC 6665), with dialog-info (RFC 4235) in them. */
#include "bench.h"

struct made { /* a line and a subscription */
    struct bench b;
    uint32_t sub;
    unsigned notifies;
};

static void subscribe(struct made *m)
{
    struct ix_sub_config config = { .package = IX_SIP_PKG_DIALOG, .to = "1001" };

    memset(m, 0, sizeof *m);
    bench_open_bare(&m->b);
    bench_line(&m->b, true);
    bench_respond(&m->b, "REGISTER", "200 OK", "Expires: 36000\r\n", NULL);
    bench_forget(&m->b);
    config.line = m->b.line;
    cr_assert_eq(ix_sub_open(m->b.phone, &config, m->b.now, &m->sub), 0);
    bench_drain(&m->b);
}

static const char info[] = "<?xml version=\"1.0\"?><dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" "
                           "version=\"%u\" state=\"%s\" entity=\"sip:1001@pbx.test\">%s</dialog-info>";

static void notify(struct made *m, const char *from_tag, const char *state, const char *body)
{
    const char *s = bench_sent(&m->b, "SUBSCRIBE");

    m->notifies++;
    bench_input(&m->b,
        "NOTIFY sip:me@client.invalid SIP/2.0\r\nVia: SIP/2.0/WS p.invalid;branch=z9hG4bKn%u\r\n"
        "From: <sip:1001@pbx.test>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u NOTIFY\r\nMax-Forwards: 70\r\n"
        "Contact: <sip:pbx@192.0.2.20;transport=ws>\r\nEvent: dialog\r\nSubscription-State: %s\r\n%sContent-Length: "
        "%zu\r\n\r\n%s",
        m->notifies, from_tag, bench_header(s, "From"), bench_header(s, "Call-ID"), m->notifies, state,
        body[0] ? "Content-Type: application/dialog-info+xml\r\n" : "", strlen(body), body);
}

static void lamp(struct made *m, unsigned version, const char *kind, const char *dialogs)
{
    char body[2000];

    (void) snprintf(body, sizeof body, info, version, kind, dialogs);
    notify(m, "peer", "active;expires=500", body);
}

static void wait_until(struct made *m, uint64_t mono_us)
{
    while (m->b.now.mono_us < mono_us) {
        bench_at(&m->b, IX_MIN(mono_us, m->b.now.mono_us + IX_S));
        ix_phone_ws_pong(m->b.phone, m->b.transport, m->b.now);
        bench_drain(&m->b);
    }
}

static int last_state(const struct made *m)
{
    for (size_t i = m->b.event_count; i > 0; i--)
        if (m->b.events[i - 1].kind == IX_EV_SUBSCRIPTION)
            return m->b.events[i - 1].state;
    return 0;
}

Test(sub, it_asks_and_is_told_and_asks_again_in_time)
{
    struct made m;

    subscribe(&m);
    cr_assert_not_null(bench_sent(&m.b, "SUBSCRIBE sip:1001@pbx.test SIP/2.0"));
    cr_assert_str_eq(bench_header(bench_sent(&m.b, "SUBSCRIBE"), "Event"), "dialog");
    cr_assert_str_eq(bench_header(bench_sent(&m.b, "SUBSCRIBE"), "Accept"), "application/dialog-info+xml");
    cr_assert_str_eq(bench_header(bench_sent(&m.b, "SUBSCRIBE"), "Expires"), "600");
    bench_respond(&m.b, "SUBSCRIBE", "200 OK", "Expires: 500\r\nContact: <sip:pbx@192.0.2.20;transport=ws>\r\n", NULL);
    lamp(&m, 0, "full",
        "<dialog id=\"a\" direction=\"recipient\"><state>early</state><remote><identity display=\"Bob\">"
        "sip:bob@pbx.test</identity></remote></dialog>");
    cr_assert_not_null(bench_sent(&m.b, "SIP/2.0 200"));
    cr_assert_eq(last_state(&m), IX_SUB_ACTIVE);
    cr_assert_eq(m.b.notice.dialog_count, 1);
    cr_assert_eq(m.b.notice.dialogs[0].state, IX_SIP_LAMP_EARLY);
    cr_assert_str_eq(m.b.notice.dialogs[0].remote, "sip:bob@pbx.test");
    cr_assert(m.b.notice.dialogs[0].recipient);
    bench_forget(&m.b);
    wait_until(&m, 1000 * IX_S + 449 * IX_S);
    cr_assert_null(bench_sent(&m.b, "SUBSCRIBE"));
    wait_until(&m, 1000 * IX_S + 451 * IX_S);
    cr_assert_not_null(strstr(bench_header(bench_sent(&m.b, "SUBSCRIBE"), "To"), "tag=peer"), "in its dialog");
    bench_close(&m.b);
}

Test(sub, a_notify_may_come_before_the_answer)
{
    struct made m;

    subscribe(&m);
    lamp(&m, 0, "full", "");
    cr_assert_not_null(bench_sent(&m.b, "SIP/2.0 200"));
    cr_assert_eq(last_state(&m), IX_SUB_ACTIVE);
    bench_respond(&m.b, "SUBSCRIBE", "200 OK", "Expires: 500\r\nContact: <sip:pbx@192.0.2.20;transport=ws>\r\n", NULL);
    lamp(&m, 1, "partial", "<dialog id=\"a\"><state>confirmed</state></dialog>");
    cr_assert_eq(m.b.notice.dialogs[0].state, IX_SIP_LAMP_CONFIRMED);
    bench_forget(&m.b);
    bench_close(&m.b);
}

Test(sub, a_second_fork_is_told_that_nobody_wants_it)
{
    struct made m;
    char body[500];

    subscribe(&m);
    bench_respond(&m.b, "SUBSCRIBE", "200 OK", "Expires: 500\r\n", NULL);
    (void) snprintf(body, sizeof body, info, 0, "full", "");
    notify(&m, "other", "active", body);
    cr_assert_not_null(bench_sent(&m.b, "SIP/2.0 481"));
    bench_close(&m.b);
}

Test(sub, a_version_that_is_missing_makes_it_ask_for_the_whole_and_an_old_one_changes_nothing)
{
    struct made m;

    subscribe(&m);
    bench_respond(&m.b, "SUBSCRIBE", "200 OK", "Expires: 500\r\n", NULL);
    lamp(&m, 4, "full", "<dialog id=\"a\"><state>confirmed</state></dialog>");
    lamp(&m, 5, "partial", "<dialog id=\"b\"><state>early</state></dialog>");
    cr_assert_eq(m.b.notice.dialog_count, 2);
    lamp(&m, 5, "partial", "<dialog id=\"b\"><state>trying</state></dialog>");
    cr_assert_eq(m.b.notice.dialogs[1].state, IX_SIP_LAMP_EARLY);
    cr_assert_eq(bench_count(&m.b, "SUBSCRIBE"), 1);
    lamp(&m, 7, "partial", "<dialog id=\"a\"><state>terminated</state></dialog>");
    cr_assert_eq(bench_count(&m.b, "SUBSCRIBE"), 2);
    lamp(&m, 9, "partial", "<dialog id=\"b\"><state>confirmed</state></dialog>");
    cr_assert_eq(bench_count(&m.b, "SUBSCRIBE"), 2, "not for each of them");
    cr_assert_eq(m.b.notice.dialog_count, 1, "what was told as terminated is gone");
    bench_close(&m.b);
}

Test(sub, what_the_server_says_at_the_end_decides_what_follows)
{
    static const struct {
        const char *state;
        int then;
        uint64_t wait_us; /* until it asks again; 0: at once */
    } ends[] = {
        { "terminated;reason=deactivated", IX_SUB_PENDING, 0 },
        { "terminated;reason=timeout", IX_SUB_PENDING, 0 },
        { "terminated;reason=probation;retry-after=30", IX_SUB_PENDING, 30 * IX_S },
        { "terminated;reason=giveup", IX_SUB_PENDING, IX_S },
        { "terminated;reason=rejected", IX_SUB_ENDED, 0 },
        { "terminated;reason=noresource", IX_SUB_ENDED, 0 },
        { "terminated", IX_SUB_PENDING, IX_S },
    };

    for (size_t i = 0; i < IX_COUNT(ends); i++) {
        struct made m;
        uint64_t since;

        subscribe(&m);
        bench_respond(&m.b, "SUBSCRIBE", "200 OK", "Expires: 500\r\n", NULL);
        notify(&m, "peer", ends[i].state, "");
        cr_assert_eq(last_state(&m), ends[i].then, "%s", ends[i].state);
        bench_forget(&m.b);
        since = m.b.now.mono_us;
        if (ends[i].then == IX_SUB_ENDED)
            wait_until(&m, since + 300 * IX_S);
        else
            while (!bench_sent(&m.b, "SUBSCRIBE") && m.b.now.mono_us < since + 100 * IX_S)
                wait_until(&m, m.b.now.mono_us + 100 * IX_MS);
        cr_assert_eq(bench_sent(&m.b, "SUBSCRIBE") != NULL, ends[i].then == IX_SUB_PENDING, "%s", ends[i].state);
        if (ends[i].then == IX_SUB_PENDING) {
            cr_assert_geq(m.b.now.mono_us - since, ends[i].wait_us, "%s", ends[i].state);
            cr_assert_null(strstr(bench_header(bench_sent(&m.b, "SUBSCRIBE"), "To"), "tag="), "a new one");
        }
        bench_close(&m.b);
    }
}

Test(sub, a_server_that_has_forgotten_is_asked_anew_and_one_that_refuses_is_not)
{
    struct made m;

    subscribe(&m);
    bench_respond(&m.b, "SUBSCRIBE", "423 Interval Too Brief", "Min-Expires: 900\r\n", NULL);
    cr_assert_str_eq(bench_header(bench_sent(&m.b, "SUBSCRIBE"), "Expires"), "900");
    bench_respond(&m.b, "SUBSCRIBE", "200 OK", "Expires: 20\r\n", NULL);
    bench_forget(&m.b);
    wait_until(&m, m.b.now.mono_us + 16 * IX_S);
    bench_respond(&m.b, "SUBSCRIBE", "481 Gone", NULL, NULL);
    wait_until(&m, m.b.now.mono_us + IX_S);
    cr_assert_eq(bench_count(&m.b, "SUBSCRIBE"), 2);
    bench_respond(&m.b, "SUBSCRIBE", "489 Bad Event", NULL, NULL);
    cr_assert_eq(last_state(&m), IX_SUB_ENDED);
    bench_close(&m.b);
}

Test(sub, a_new_registration_makes_it_anew_and_a_closed_line_ends_it)
{
    struct ix_addr any = { 0 };
    struct made m;

    subscribe(&m);
    bench_respond(&m.b, "SUBSCRIBE", "200 OK", "Expires: 500\r\n", NULL);
    wait_until(&m, m.b.now.mono_us + 8 * IX_S);
    ix_phone_ws_closed(m.b.phone, m.b.transport, IRISX_E_NETWORK, false, "cut", m.b.now);
    bench_at(&m.b, m.b.now.mono_us);
    ix_phone_ws_opened(m.b.phone, m.b.transport, &any, &any, m.b.now);
    bench_drain(&m.b);
    bench_forget(&m.b);
    bench_at(&m.b, m.b.now.mono_us);
    cr_assert_null(bench_sent(&m.b, "SUBSCRIBE"));
    bench_close(&m.b);
}

Test(sub, who_closes_it_says_so_and_waits_for_the_last_word)
{
    struct made m;

    subscribe(&m);
    bench_respond(&m.b, "SUBSCRIBE", "200 OK", "Expires: 500\r\n", NULL);
    ix_sub_close(m.b.phone, m.sub, m.b.now);
    bench_drain(&m.b);
    cr_assert_str_eq(bench_header(bench_sent(&m.b, "SUBSCRIBE"), "Expires"), "0");
    bench_respond(&m.b, "SUBSCRIBE", "200 OK", "Expires: 0\r\n", NULL);
    cr_assert_eq(last_state(&m), IX_SUB_ACTIVE);
    notify(&m, "peer", "terminated;reason=timeout", "");
    cr_assert_eq(last_state(&m), IX_SUB_ENDED);
    bench_close(&m.b);
}

Test(sub, there_is_a_limit_and_it_counts)
{
    struct ix_sub_config config = { .package = IX_SIP_PKG_SUMMARY };
    struct ix_phone_refusals r;
    struct bench b;
    uint32_t sub;
    int err = 0, made = 0;

    bench_open_bare(&b);
    bench_line(&b, true);
    config.line = b.line;
    while (!err && made < 1000) {
        err = ix_sub_open(b.phone, &config, b.now, &sub);
        made += !err;
    }
    cr_assert_eq(err, IRISX_E_LIMIT);
    cr_assert_eq(made, 256);
    ix_phone_refusals(b.phone, &r);
    cr_assert_eq(r.subscriptions, 1);
    bench_close(&b);
}
