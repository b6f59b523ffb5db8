/* SPDX-License-Identifier: MIT */
/* Session timers (RFC 4028) as either side and with either one refreshing; who is gone is noticed. */
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

static void talk_with_session(struct sim *t, uint64_t seed, int32_t seconds)
{
    struct ix_call_config config = { .to = "9196", .session_s = seconds };

    sim_start(t, seed);
    config.line = t->line;
    t->server->auto_answer = true;
    sim_mark(t);
    cr_assert_eq(ix_call_dial(t->client->phone, &config, NOW(t), &t->call), 0);
    REACH(t, sim_talking, 10 * IX_S);
}

static uint64_t longest_silence(struct sim *t)
{
    return LAST(t->client)->gap_us;
}

Test(session, the_caller_refreshes_by_update_and_sound_does_not_blink)
{
    struct sim t;
    const char *ok;

    talk_with_session(&t, 1, 120);
    cr_assert_not_null(strstr(sim_must(&t, t.client, "INVITE ", NULL), "Session-Expires: 120\r\n"));
    ok = sim_must(&t, t.server, "SIP/2.0 200", " INVITE\r\n");
    cr_assert_str_eq(sim_header(ok, "Session-Expires"), "120;refresher=uac");
    cr_assert_str_eq(sim_header(ok, "Require"), "timer");
    PASS_TIME(&t, 61 * IX_S);
    cr_assert_str_eq(sim_header(sim_must(&t, t.client, "UPDATE ", NULL), "Session-Expires"), "120;refresher=uac");
    PASS_TIME(&t, 400 * IX_S);
    cr_assert_eq(LAST(t.client)->ended + LAST(t.server)->ended, 0);
    cr_assert(longest_silence(&t) < 60 * IX_MS, "%llu", (unsigned long long) longest_silence(&t));
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(session, where_update_is_not_allowed_it_refreshes_by_re_invite)
{
    struct sim t;

    sim_start(&t, 2);
    sim_rule(&t, (struct sim_rule){
                     .from = t.server, .start = "SIP/2.0 200", .has = " INVITE\r\n", .cut = ", UPDATE", .put = "" });
    t.server->auto_answer = true;
    sim_mark(&t);
    cr_assert_eq(ix_call_dial(t.client->phone, &(struct ix_call_config){ .line = t.line, .to = "1", .session_s = 120 },
                     NOW(&t), &t.call),
        0);
    REACH(&t, sim_talking, 10 * IX_S);
    PASS_TIME(&t, 61 * IX_S);
    cr_assert_null(sim_sent(&t, t.client, "UPDATE ", NULL));
    cr_assert_not_null(strstr(sim_must(&t, t.client, "INVITE ", "refresher=uac"), "a=ice-ufrag"));
    PASS_TIME(&t, 300 * IX_S);
    cr_assert_eq(LAST(t.client)->ended + LAST(t.server)->ended, 0);
    cr_assert(longest_silence(&t) < 60 * IX_MS);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(session, the_other_side_may_be_the_one_who_refreshes)
{
    struct sim t;

    sim_start(&t, 3);
    sim_rule(&t, (struct sim_rule){ .from = t.client,
                     .start = "INVITE",
                     .cut = "Session-Expires: 120\r\n",
                     .put = "Session-Expires: 120;refresher=uas\r\n",
                     .times = 1 });
    t.server->auto_answer = true;
    sim_mark(&t);
    cr_assert_eq(ix_call_dial(t.client->phone, &(struct ix_call_config){ .line = t.line, .to = "1", .session_s = 120 },
                     NOW(&t), &t.call),
        0);
    REACH(&t, sim_talking, 10 * IX_S);
    PASS_TIME(&t, 400 * IX_S);
    cr_assert_null(sim_sent(&t, t.client, "UPDATE ", NULL));
    cr_assert_not_null(sim_sent(&t, t.server, "UPDATE ", NULL));
    cr_assert_eq(LAST(t.client)->ended + LAST(t.server)->ended, 0);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(session, nobody_refreshes_and_the_call_ends_before_it_runs_out)
{
    struct sim t;

    sim_start(&t, 4);
    sim_rule(&t, (struct sim_rule){ .from = t.client,
                     .start = "INVITE",
                     .cut = "Session-Expires: 120\r\n",
                     .put = "Session-Expires: 120;refresher=uas\r\n",
                     .times = 1 });
    sim_rule(&t, (struct sim_rule){ .from = t.server, .start = "UPDATE" });
    t.server->auto_answer = true;
    sim_mark(&t);
    cr_assert_eq(ix_call_dial(t.client->phone, &(struct ix_call_config){ .line = t.line, .to = "1", .session_s = 120 },
                     NOW(&t), &t.call),
        0);
    REACH(&t, sim_talking, 10 * IX_S);
    PASS_TIME(&t, 86 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 0);
    PASS_TIME(&t, 5 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_TIMEOUT);
    cr_assert_not_null(sim_sent(&t, t.client, "BYE", "Q.850;cause=102"));
    sim_finish(&t);
}

Test(session, a_peer_that_is_gone_for_good_ends_the_refreshers_call_too)
{
    struct sim t;

    talk_with_session(&t, 5, 120);
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "UPDATE" });
    PASS_TIME(&t, 100 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_TIMEOUT);
    sim_finish(&t);
}

Test(session, too_short_a_session_is_refused_and_asked_for_again_as_long_as_it_has_to_be)
{
    struct sim t;

    sim_start(&t, 6);
    sim_rule(&t,
        (struct sim_rule){
            .from = t.client, .start = "INVITE", .cut = "Session-Expires: 90\r\n", .put = "Session-Expires: 30\r\n" });
    sim_rule(
        &t, (struct sim_rule){ .from = t.server, .start = "SIP/2.0 422", .cut = "Min-SE: 90", .put = "Min-SE: 200" });
    t.server->auto_answer = true;
    sim_mark(&t);
    cr_assert_eq(ix_call_dial(t.client->phone, &(struct ix_call_config){ .line = t.line, .to = "1", .session_s = 90 },
                     NOW(&t), &t.call),
        0);
    REACH(&t, sim_talking, 10 * IX_S);
    cr_assert_not_null(sim_sent(&t, t.server, "SIP/2.0 422", NULL));
    cr_assert_str_eq(sim_header(sim_must(&t, t.client, "INVITE", "Session-Expires: 200"), "Min-SE"), "90");
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(session, a_refusal_that_asks_for_no_more_than_we_offered_is_the_end)
{
    struct sim t;

    sim_start(&t, 7);
    sim_rule(&t,
        (struct sim_rule){
            .from = t.client, .start = "INVITE", .cut = "Session-Expires: 120\r\n", .put = "Session-Expires: 30\r\n" });
    t.server->auto_answer = true;
    cr_assert_eq(ix_call_dial(t.client->phone, &(struct ix_call_config){ .line = t.line, .to = "1", .session_s = 120 },
                     NOW(&t), &t.call),
        0);
    PASS_TIME(&t, 2 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert_eq(LAST(t.client)->sip_status, 422);
    sim_finish(&t);
}

/* as FreeSWITCH does it: it calls, and re-INVITEs about every 63 s with a session of 120 s */
Test(session, a_server_that_calls_with_refresher_uac_refreshes_and_is_missed_when_it_does_not)
{
    struct ix_call_config config = { .from = "<sip:9@sim.test>",
        .to = "sip:1000@sim.test",
        .headers = "Session-Expires: 120;refresher=uac\r\nMin-SE: 120\r\n" };
    struct sim t;

    sim_start(&t, 8);
    config.transport = t.server->wires[0].transport;
    t.client->auto_answer = true;
    sim_mark(&t);
    cr_assert_eq(ix_call_dial(t.server->phone, &config, NOW(&t), &t.call), 0);
    REACH(&t, sim_talking, 10 * IX_S);
    cr_assert_str_eq(
        sim_header(sim_must(&t, t.client, "SIP/2.0 200", " INVITE\r\n"), "Session-Expires"), "120;refresher=uac");
    for (int i = 0; i < 5; i++) {
        PASS_TIME(&t, 63 * IX_S);
        cr_assert_eq(
            ix_call_refresh(t.server->phone, t.call, "Session-Expires: 120;refresher=uac\r\nMin-SE: 120\r\n", NOW(&t)),
            0);
    }
    cr_assert_eq(LAST(t.client)->ended, 0);
    cr_assert(LAST(t.client)->gap_us < 60 * IX_MS);
    PASS_TIME(&t, 90 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_TIMEOUT);
    cr_assert_eq(LAST(t.server)->q850, 102);
    sim_finish(&t);
}

Test(session, an_outage_longer_than_half_the_session_is_made_up_for)
{
    struct sim t;

    talk_with_session(&t, 9, 120);
    PASS_TIME(&t, 55 * IX_S);
    t.server->down = true;
    phone_node_cut(t.client);
    PASS_TIME(&t, 15 * IX_S);
    t.server->down = false;
    PASS_TIME(&t, 12 * IX_S);
    cr_assert_not_null(
        sim_sent(&t, t.client, "INVITE ", "refresher=uac")); /* which proves that the server knows the call */
    PASS_TIME(&t, 90 * IX_S);
    cr_assert_eq(LAST(t.client)->ended + LAST(t.server)->ended, 0);
    sim_hang_up(&t);
    sim_finish(&t);
}
