/* SPDX-License-Identifier: MIT */
/* What is said within a call beside its sound, and what an INVITE asks for: names, headers, redirects, answers by
 * themselves, Replaces and Join. */
#include <stdio.h>
#include <string.h>

#include "scenario.h"

static uint32_t dial_with(struct sim *t, const struct ix_call_config *how)
{
    struct ix_call_config config = *how;

    config.line = t->line;
    config.to = config.to ? config.to : "9196";
    cr_assert_eq(ix_call_dial(t->client->phone, &config, NOW(t), &t->call), 0);
    return t->call;
}

/* a request of the server's in the call, with lines and a body of any type */
static void say(struct sim *t, const char *method, const char *lines, const char *body)
{
    const char *ok = sim_must(t, t->server, "SIP/2.0 200", " INVITE\r\n"),
               *ours = sim_must(t, t->client, "INVITE ", NULL);
    static unsigned cseq = 5000;
    char text[2048];
    int n = snprintf(text, sizeof text,
        "%s sip:x@y.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WS p.invalid;branch=z9hG4bKsay%u\r\n"
        "Max-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:peer@p.invalid>\r\n"
        "%sContent-Length: %zu\r\n\r\n%s",
        method, cseq, sim_header(ok, "To"), sim_header(ours, "From"), sim_header(ours, "Call-ID"), cseq, method, lines,
        strlen(body), body);

    cseq++;
    phone_node_inject(t->client, 0, text, (size_t) n);
    PASS_TIME(t, 100 * IX_MS);
}

Test(talk, headers_and_names_go_out_and_an_anonymous_caller_is_not_named)
{
    struct sim t;
    const char *invite;

    sim_start(&t, 1);
    t.server->auto_answer = true;
    (void) dial_with(&t, &(struct ix_call_config){ .caller_name = "Order Desk", .headers = "X-Order: 17\r\n" });
    REACH(&t, sim_server_rings, 10 * IX_S);
    invite = sim_must(&t, t.client, "INVITE ", NULL);
    cr_assert_not_null(strstr(sim_header(invite, "From"), "\"Order Desk\" <sip:1000@sim.test>"));
    cr_assert_str_eq(sim_header(invite, "X-Order"), "17");
    cr_assert_str_eq(sim_header(invite, "Privacy"), "");
    sim_hang_up(&t);
    (void) dial_with(&t, &(struct ix_call_config){ .caller_name = "Order Desk", .anonymous = true });
    PASS_TIME(&t, 500 * IX_MS);
    invite = sim_must(&t, t.client, "INVITE ", NULL);
    cr_assert_not_null(strstr(sim_header(invite, "From"), "<sip:anonymous@anonymous.invalid>"));
    cr_assert_str_eq(sim_header(invite, "Privacy"), "id");
    cr_assert_not_null(strstr(sim_header(invite, "P-Preferred-Identity"), "sip:1000@sim.test"));
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(talk, what_a_caller_says_of_itself_is_known)
{
    struct sim t;
    bool anonymous;
    struct ix_call_config config = { .from = "\"Anonymous\" <sip:anonymous@anonymous.invalid>",
        .to = "sip:1000@sim.test",
        .headers = "P-Asserted-Identity: \"Real\" <sip:+12025550100@sim.test>\r\nPrivacy: id\r\nX-Order: 17\r\n" };

    sim_start(&t, 2);
    config.transport = t.server->wires[0].transport;
    cr_assert_eq(ix_call_dial(t.server->phone, &config, NOW(&t), &t.call), 0);
    REACH(&t, sim_client_rings, 10 * IX_S);
    cr_assert(ix_str_eq(
        ix_call_asserted(t.client->phone, t.client->incoming, &anonymous), IX_STR("sip:+12025550100@sim.test")));
    cr_assert(anonymous);
    cr_assert(ix_call_head(t.client->phone, t.client->incoming).n > 100);
    sim_finish(&t);
}

Test(talk, digits_by_info_are_digits_in_either_form_and_an_empty_one_is_none)
{
    struct sim t;

    sim_start(&t, 3);
    sim_talk(&t);
    say(&t, "INFO", "Content-Type: application/dtmf-relay\r\n", "Signal= 5\r\nDuration=160\r\n");
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_DIGIT, '5'));
    say(&t, "INFO", "Content-Type: application/dtmf\r\n", "#");
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_DIGIT, '#'));
    say(&t, "INFO", "Content-Type: application/dtmf-relay\r\n", "Signal=10\r\n");
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_DIGIT, '*'));
    say(&t, "INFO", "Content-Type: application/dtmf-relay\r\n", "Signal=x\r\n");
    say(&t, "INFO", "Content-Type: application/dtmf\r\n", "");
    cr_assert_null(phone_node_saw(t.client, IX_EV_DIGIT, 0));
    cr_assert_null(phone_node_saw(t.client, IX_EV_INFO, 0));
    say(&t, "INFO", "Content-Type: text/plain\r\n", "hello");
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_INFO, 0));
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(talk, freeswitch_tells_another_name_and_number)
{
    struct ix_str uri, name;
    struct sim t;

    sim_start(&t, 4);
    sim_talk(&t);
    say(&t, "INFO",
        "Content-Type: message/update_display\r\nX-FS-Display-Name: Agent 1001\r\nX-FS-Display-Number: 1001\r\n", "");
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_DISPLAY, 0));
    cr_assert_eq(ix_call_peer(t.client->phone, t.call, &uri, &name), 0);
    cr_assert(ix_str_eq(name, IX_STR("Agent 1001")) && ix_str_eq(uri, IX_STR("sip:1001@sim.test")), "%.*s %.*s",
        IX_FMT_STR(uri), IX_FMT_STR(name));
    cr_assert_null(phone_node_saw(t.client, IX_EV_INFO, 0));
    say(&t, "UPDATE", "P-Asserted-Identity: \"Other\" <sip:2002@sim.test>\r\n", "");
    cr_assert_eq(ix_call_peer(t.client->phone, t.call, &uri, &name), 0);
    cr_assert(ix_str_eq(name, IX_STR("Other")) && ix_str_eq(uri, IX_STR("sip:2002@sim.test")));
    say(&t, "INFO", "Content-Type: message/update_display\r\n",
        "X-FS-Display-Name: In the body\nX-FS-Display-Number: 7\n");
    cr_assert_eq(ix_call_peer(t.client->phone, t.call, &uri, &name), 0);
    cr_assert(ix_str_eq(name, IX_STR("In the body")) && ix_str_eq(uri, IX_STR("sip:7@sim.test")));
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(talk, a_message_within_the_call_is_answered_and_heard_both_ways)
{
    ix_sip_txn txn;
    struct sim t;

    sim_start(&t, 5);
    sim_talk(&t);
    cr_assert_eq(
        ix_call_say(t.client->phone, t.call, IX_SIP_MESSAGE, IX_STR("text/plain"), IX_STR("hello"), NOW(&t), &txn), 0);
    PASS_TIME(&t, 200 * IX_MS);
    cr_assert_not_null(phone_node_saw(t.server, IX_EV_INFO, 0));
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_SAID, 0));
    cr_assert_eq(phone_node_saw(t.client, IX_EV_SAID, 0)->code, 0);
    cr_assert_eq(ix_call_say(t.server->phone, sim_server_call(&t), IX_SIP_INFO, IX_STR("text/plain"), IX_STR("x"),
                     NOW(&t), &txn),
        0);
    PASS_TIME(&t, 200 * IX_MS);
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_INFO, 0));
    /* one that the connection swallows ends too, and so do those that wait at the end of the call */
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "MESSAGE" });
    for (int i = 0; i < 8; i++)
        cr_assert_eq(
            ix_call_say(t.client->phone, t.call, IX_SIP_MESSAGE, IX_STR("text/plain"), IX_STR("x"), NOW(&t), &txn), 0);
    cr_assert_eq(ix_call_say(t.client->phone, t.call, IX_SIP_MESSAGE, IX_STR("text/plain"), IX_STR("x"), NOW(&t), &txn),
        IRISX_E_LIMIT);
    PASS_TIME(&t, 40 * IX_S);
    cr_assert_eq(phone_node_saw(t.client, IX_EV_SAID, 0)->code, IRISX_E_TIMEOUT);
    cr_assert_eq(
        ix_call_say(t.client->phone, t.call, IX_SIP_MESSAGE, IX_STR("text/plain"), IX_STR("x"), NOW(&t), &txn), 0);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(talk, a_redirect_is_followed_as_often_as_was_allowed)
{
    struct sim t;

    sim_start(&t, 6);
    (void) dial_with(&t, &(struct ix_call_config){ .redirects = 1 });
    REACH(&t, sim_server_rings, 10 * IX_S);
    cr_assert_eq(
        ix_call_reject(t.server->phone, sim_server_call(&t), 302, 0, "Contact: <sip:5000@sim.test>\r\n", NOW(&t)), 0);
    PASS_TIME(&t, 500 * IX_MS);
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_MOVED, 0));
    cr_assert_not_null(sim_sent(&t, t.client, "INVITE sip:5000@sim.test", NULL));
    cr_assert_eq(LAST(t.client)->ended, 0);
    cr_assert_eq(
        ix_call_reject(t.server->phone, sim_server_call(&t), 302, 0, "Contact: <sip:6000@sim.test>\r\n", NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_NOT_AVAILABLE);
    cr_assert_null(sim_sent(&t, t.client, "INVITE sip:6000@sim.test", NULL));
    sim_finish(&t);
}

/* ---- answered by themselves ------------------------------------------------------------------ */
static void kiosk(struct sim *t, uint64_t seed, enum ix_auto_answer mode, uint32_t ms)
{
    struct ix_line_config config = { .ws_url = "ws://server.sim.test:8066",
        .user = "1001",
        .realm = "sim.test",
        .password = "secret",
        .auto_answer = mode,
        .auto_answer_ms = ms,
        .max_calls = 2,
        .ring_limit_ms = 8000 };

    sim_start(t, seed);
    cr_assert_eq(ix_line_open(t->client->phone, &config, NOW(t), &t->line), 0);
    PASS_TIME(t, IX_S);
}

static uint32_t call_kiosk(struct sim *t, const char *headers)
{
    struct ix_call_config config = { .from = "<sip:9@sim.test>", .to = "sip:1001@sim.test", .headers = headers };
    uint32_t call;

    config.transport = t->server->wires[t->server->wire_count - 1].transport;
    cr_assert_eq(ix_call_dial(t->server->phone, &config, NOW(t), &call), 0);
    return call;
}

static void asks(const char *headers, bool answered, uint64_t after_us)
{
    struct sim t;

    kiosk(&t, 7, IX_AUTO_ASKED, 0);
    (void) call_kiosk(&t, headers);
    REACH(&t, sim_client_rings, 10 * IX_S);
    PASS_TIME(&t, after_us > 100 * IX_MS ? after_us - 100 * IX_MS : 0);
    if (after_us)
        cr_assert_null(phone_node_saw(t.client, IX_EV_ANSWER_NOW, 0), "%s: too early", headers);
    PASS_TIME(&t, 200 * IX_MS);
    cr_assert_eq(phone_node_saw(t.client, IX_EV_ANSWER_NOW, 0) != NULL, answered, "%s", headers);
    sim_finish(&t);
}

Test(talk, a_kiosk_answers_who_asks_for_it_in_any_of_the_forms_in_use)
{
    asks("Answer-Mode: Auto\r\n", true, 0);
    asks("Priv-Answer-Mode: auto;require\r\n", true, 0);
    asks("Call-Info: <sip:sim.test>;answer-after=0\r\n", true, 0);
    asks("Call-Info: <sip:sim.test>; answer-after=3\r\n", true, 3 * IX_S);
    asks("Alert-Info: <http://www.notused.com>;info=alert-autoanswer;delay=0\r\n", true, 0);
    asks("Alert-Info: Auto Answer\r\n", true, 0);
    asks("Alert-Info: <http://x.test/a.wav>\r\nAlert-Info: ;answer-after=2\r\n", true, 2 * IX_S);
    asks("Answer-Mode: Manual\r\n", false, 0);
    asks("Call-Info: <http://x.test/photo.jpg>;purpose=icon\r\n", false, 0);
    asks("X-Other: answer-after=0\r\n", false, 0);
}

Test(talk, one_that_answers_always_waits_as_long_as_it_was_told_and_its_limits_hold)
{
    uint32_t first, second, third;
    struct sim t;

    kiosk(&t, 8, IX_AUTO_ALWAYS, 1500);
    first = call_kiosk(&t, NULL);
    PASS_TIME(&t, 1400 * IX_MS);
    cr_assert_null(phone_node_saw(t.client, IX_EV_ANSWER_NOW, 0));
    PASS_TIME(&t, 300 * IX_MS);
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_ANSWER_NOW, 0));
    cr_assert_eq(ix_call_answer(t.client->phone, t.client->incoming, NULL, NOW(&t)), 0);
    PASS_TIME(&t, IX_S);
    second = call_kiosk(&t, NULL); /* call waiting */
    PASS_TIME(&t, IX_S);
    third = call_kiosk(&t, NULL); /* one too many */
    PASS_TIME(&t, IX_S);
    cr_assert_eq(phone_node_call(t.server, third)->ended, 1);
    cr_assert_eq(phone_node_call(t.server, third)->sip_status, 486);
    cr_assert_eq(phone_node_call(t.server, first)->ended, 0);
    PASS_TIME(&t, 7 * IX_S); /* nobody takes the second one: the line's limit */
    cr_assert_eq(phone_node_call(t.server, second)->ended, 1);
    cr_assert_eq(phone_node_call(t.server, second)->sip_status, 480);
    cr_assert_eq(phone_node_call(t.server, second)->q850, 19);
    cr_assert_eq(phone_node_call(t.server, first)->ended, 0);
    sim_finish(&t);
}

/* ---- Replaces and Join ------------------------------------------------------------------------ */
static char named[512]; /* value of Replaces or Join that names the client's call */

static const char *name_call(struct sim *t)
{
    const char *ok = sim_must(t, t->server, "SIP/2.0 200", " INVITE\r\n"),
               *ours = sim_must(t, t->client, "INVITE ", NULL);

    (void) snprintf(named, sizeof named, "%s;to-tag=%s;from-tag=%s", sim_header(ours, "Call-ID"),
        strstr(sim_header(ours, "From"), ";tag=") + 5, strstr(sim_header(ok, "To"), ";tag=") + 5);
    return named;
}

static uint32_t call_about(struct sim *t, const char *header, const char *value)
{
    char lines[640];
    struct ix_call_config config = { .from = "<sip:9@sim.test>", .to = "sip:1000@sim.test", .headers = lines };
    uint32_t call;

    (void) snprintf(lines, sizeof lines, "%s: %s\r\n", header, value);
    config.transport = t->server->wires[0].transport;
    cr_assert_eq(ix_call_dial(t->server->phone, &config, NOW(t), &call), 0);
    PASS_TIME(t, 200 * IX_MS);
    return call;
}

Test(talk, a_call_takes_the_place_of_another_that_ends)
{
    struct sim t;
    uint32_t old, fresh;

    sim_start(&t, 9);
    sim_talk(&t);
    old = t.call;
    fresh = call_about(&t, "Replaces", name_call(&t));
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_REPLACED, (int) old));
    cr_assert_eq(ix_call_replaces(t.client->phone, t.client->incoming), old);
    cr_assert_eq(ix_call_answer(t.client->phone, t.client->incoming, NULL, NOW(&t)), 0);
    PASS_TIME(&t, IX_S);
    cr_assert_eq(phone_node_call(t.client, old)->ended, 1);
    cr_assert_eq(phone_node_call(t.client, old)->code, 0);
    cr_assert_eq(phone_node_call(t.server, fresh)->ended, 0);
    sim_hear_on(&t);
    sim_finish(&t);
}

Test(talk, what_names_no_call_of_ours_takes_no_place)
{
    struct sim t;
    uint32_t call;

    sim_start(&t, 10);
    sim_talk(&t);
    call = call_about(&t, "Replaces", "nobody;to-tag=a;from-tag=b");
    cr_assert_eq(phone_node_call(t.server, call)->sip_status, 481);
    call = call_about(&t, "Replaces", "garbage");
    cr_assert_eq(phone_node_call(t.server, call)->sip_status, 481);
    (void) name_call(&t);
    (void) strcat(named, ";early-only");
    call = call_about(&t, "Replaces", named);
    cr_assert_eq(phone_node_call(t.server, call)->sip_status, 486);
    call = call_about(&t, "Join", "nobody;to-tag=a;from-tag=b");
    cr_assert_eq(phone_node_call(t.server, call)->sip_status, 481);
    sim_hear_on(&t);
    sim_finish(&t);
}

Test(talk, who_wants_to_join_rings_and_says_which_call)
{
    struct sim t;

    sim_start(&t, 11);
    sim_talk(&t);
    (void) call_about(&t, "Join", name_call(&t));
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_INCOMING, IX_CALL_RINGING));
    cr_assert_eq(ix_call_joins(t.client->phone, t.client->incoming), t.call);
    cr_assert_null(phone_node_saw(t.client, IX_EV_ANSWER_NOW, 0));
    sim_hear_on(&t);
    sim_finish(&t);
}

/* ---- early media, gaps -------------------------------------------------------------------------- */
Test(talk, sound_before_the_answer_is_told_once)
{
    struct sim t;

    sim_start(&t, 12);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_server_rings, 10 * IX_S);
    cr_assert_null(phone_node_saw(t.client, IX_EV_EARLY_MEDIA, 0));
    cr_assert_eq(ix_call_early_media(t.server->phone, sim_server_call(&t), NOW(&t)), 0);
    REACH(&t, sim_talking, 10 * IX_S);
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_EARLY_MEDIA, 0));
    cr_assert_null(phone_node_saw(t.server, IX_EV_EARLY_MEDIA, 0));
    sim_finish(&t);
}

static const struct phone_event *gap(const struct phone_node *n)
{
    const struct phone_event *last = NULL;

    for (size_t i = 0; i < n->event_count && i < PHONE_NODE_EVENTS; i++)
        if (n->events[i].kind == IX_EV_GAP)
            last = &n->events[i];
    return last;
}

Test(talk, a_gap_is_measured_and_told_and_a_hold_is_none)
{
    struct ix_call_counts counts;
    struct sim t;

    sim_start(&t, 13);
    sim_talk(&t);
    t.server->next_frame_us = NOW(&t).mono_us + 3 * IX_S; /* the other side's sound stops */
    PASS_TIME(&t, 2 * IX_S);
    cr_assert_null(gap(t.client));
    PASS_TIME(&t, 2 * IX_S);
    cr_assert_not_null(gap(t.client));
    cr_assert(gap(t.client)->state >= 2950 && gap(t.client)->state <= 3100, "%d", gap(t.client)->state);
    cr_assert_null(gap(t.server));
    ix_phone_call_counts(t.client->phone, &counts);
    cr_assert(counts.gaps == 1 && counts.gap_ms >= 2950 && counts.calls == 1 && counts.dialled == 1);
    cr_assert_eq(ix_call_hold(t.client->phone, t.call, true, NOW(&t)), 0);
    PASS_TIME(&t, 3 * IX_S);
    cr_assert_eq(ix_call_hold(t.client->phone, t.call, false, NOW(&t)), 0);
    sim_hear_on(&t);
    ix_phone_call_counts(t.client->phone, &counts);
    cr_assert_eq(counts.gaps, 1);
    sim_hang_up(&t);
    sim_finish(&t);
}
