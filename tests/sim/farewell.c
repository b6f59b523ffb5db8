/* SPDX-License-Identifier: MIT */
/* Good-bye when the other side does not answer it, and what else may fall into that time. */
#include "scenario.h"

Test(farewell, a_cancel_nobody_answers_ends_the_call_in_two_seconds_and_burns_no_time)
{
    struct ix_call_config config = { .to = "9196", .ring_timeout_ms = 3000 };
    struct sim t;

    sim_start(&t, 1);
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "CANCEL" });
    config.line = t.line;
    cr_assert_eq(ix_call_dial(t.client->phone, &config, NOW(&t), &t.call), 0);
    PASS_TIME(&t, 2500 * IX_MS);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    PASS_TIME(&t, 2100 * IX_MS); /* the ring time ends in between: the world would find a deadline that stays due */
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_CANCELLED);
    sim_finish(&t);
}

Test(farewell, a_bye_nobody_answers_ends_the_call_in_two_seconds)
{
    struct sim t;

    sim_start(&t, 2);
    sim_talk(&t);
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "BYE" });
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    PASS_TIME(&t, 2100 * IX_MS);
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert_eq(LAST(t.client)->code, 0);
    sim_finish(&t);
}

Test(farewell, a_longest_duration_ends_the_call)
{
    struct ix_call_config config = { .to = "9196", .max_duration_ms = 5000 };
    struct sim t;

    sim_start(&t, 3);
    t.server->auto_answer = true;
    config.line = t.line;
    cr_assert_eq(ix_call_dial(t.client->phone, &config, NOW(&t), &t.call), 0);
    PASS_TIME(&t, 4900 * IX_MS);
    cr_assert_eq(LAST(t.client)->ended, 0);
    REACH(&t, sim_ended, 2 * IX_S);
    cr_assert_eq(LAST(t.client)->code, 0);
    sim_finish(&t);
}

Test(farewell, who_hangs_up_before_the_ack_came_says_bye_all_the_same)
{
    struct sim t;

    sim_start(&t, 4);
    t.server->auto_answer = true;
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "ACK" });
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_talking, 10 * IX_S);
    cr_assert_eq(ix_call_hangup(t.server->phone, sim_server_call(&t), 16, NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->code, 0);
    cr_assert_eq(LAST(t.client)->q850, 16);
    sim_finish(&t);
}

Test(farewell, a_bye_that_waits_for_the_ack_keeps_its_cause)
{
    struct sim t;

    sim_start(&t, 5);
    t.client->ws_delay_us = 300 * IX_MS; /* the ACK is on its way */
    t.server->auto_answer = true;
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_server_rings, 10 * IX_S);
    cr_assert_eq(ix_call_hangup(t.server->phone, sim_server_call(&t), 31, NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->q850, 31);
    sim_finish(&t);
}

Test(farewell, a_connection_lost_while_a_bye_waits_for_the_ack_is_no_failure_of_the_call)
{
    struct sim t;

    sim_start(&t, 6);
    t.server->auto_answer = true;
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "ACK" });
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_talking, 10 * IX_S);
    cr_assert_eq(ix_call_hangup(t.server->phone, sim_server_call(&t), 16, NOW(&t)), 0);
    PASS_TIME(&t, 100 * IX_MS);
    phone_node_cut(t.server);
    PASS_TIME(&t, 2100 * IX_MS);
    cr_assert_eq(LAST(t.server)->ended, 1);
    cr_assert_eq(LAST(t.server)->code, 0);
    sim_finish(&t);
}

/* the handshake's computation comes back when the party has been told to stop */
static void hang_up_during_work(uint64_t after_us)
{
    struct sim t;

    sim_start(&t, 7);
    t.client->work_delay_us = t.server->work_delay_us = 400 * IX_MS;
    t.server->auto_answer = true;
    cr_assert_eq(sim_dial(&t), 0);
    PASS_TIME(&t, after_us);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    PASS_TIME(&t, IX_S);
    sim_finish(&t);
}

Test(farewell, keys_that_come_too_late_start_nothing)
{
    for (uint64_t after = 50 * IX_MS; after < 1500 * IX_MS; after += 50 * IX_MS)
        hang_up_during_work(after);
}

/* ---- the connection is down when good-bye is due -------------------------------------------- */
static bool server_ended(void *arg)
{
    const struct sim *t = arg;

    return t->server->call_count && !phone_node_live(t->server);
}

Test(farewell, a_bye_due_while_the_connection_is_down_is_said_when_it_is_back)
{
    struct sim t;

    sim_start(&t, 20);
    sim_talk(&t);
    t.server->down = true;
    phone_node_cut(t.client);
    PASS_TIME(&t, IX_S);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    PASS_TIME(&t, 10 * IX_MS);
    cr_assert_eq(LAST(t.client)->ended, 1); /* nobody waits here */
    cr_assert_eq(LAST(t.client)->code, 0);
    PASS_TIME(&t, 4 * IX_S);
    cr_assert_eq(LAST(t.server)->ended, 0);
    t.server->down = false;
    REACH(&t, server_ended, 8 * IX_S); /* the longest back-off is 7 s */
    cr_assert_eq(LAST(t.server)->code, 0);
    cr_assert_eq(LAST(t.server)->q850, 16);
    sim_finish(&t);
}

Test(farewell, a_bye_that_went_into_a_dead_connection_is_said_again)
{
    struct sim t;

    sim_start(&t, 21);
    sim_talk(&t);
    phone_node_deaden(t.client);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    PASS_TIME(&t, 3 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert_eq(LAST(t.server)->ended, 0);
    REACH(&t, server_ended, 25 * IX_S);
    cr_assert_eq(LAST(t.server)->q850, 16);
    sim_finish(&t);
}

Test(farewell, a_bye_is_kept_for_no_longer_than_32_seconds)
{
    struct sim t;

    sim_start(&t, 22);
    sim_talk(&t);
    t.server->down = true;
    phone_node_cut(t.client);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    PASS_TIME(&t, 33 * IX_S);
    t.server->down = false;
    PASS_TIME(&t, 10 * IX_S);
    cr_assert_null(sim_sent(&t, t.client, "BYE", NULL));
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_LINE, IX_LINE_READY));
    cr_assert_eq(ix_sip_txn_count(ix_phone_stack(t.client->phone)), 0);
    sim_finish(&t);
}

static void cancel_after_outage(bool rings)
{
    struct sim t;

    sim_start(&t, 23);
    if (!rings)
        sim_rule(&t, (struct sim_rule){ .from = t.server, .start = "SIP/2.0 1" });
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_server_rings, 10 * IX_S);
    t.server->down = true;
    phone_node_cut(t.client);
    PASS_TIME(&t, IX_S);
    cr_assert_eq(LAST(t.client)->ended, 0);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    PASS_TIME(&t, 3 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_CANCELLED);
    cr_assert_null(sim_sent(&t, t.client, "CANCEL", NULL));
    t.server->down = false;
    PASS_TIME(&t, 8 * IX_S);
    cr_assert_not_null(sim_sent(&t, t.client, "CANCEL", NULL));
    cr_assert_str_eq(sim_header(sim_sent(&t, t.client, "CANCEL", NULL), "Via"),
        sim_header(sim_sent(&t, t.client, "INVITE", NULL), "Via"));
    sim_finish(&t);
}

Test(farewell, a_call_that_rang_and_was_hung_up_in_an_outage_is_cancelled_when_the_connection_is_back)
{
    cancel_after_outage(true);
}

Test(farewell, a_call_that_was_only_asked_for_and_hung_up_in_an_outage_is_cancelled_too)
{
    cancel_after_outage(false);
}

Test(farewell, a_line_that_is_refused_says_bye_before_its_connection_goes)
{
    struct sim t;

    sim_start(&t, 24);
    sim_talk(&t);
    t.server->password = "another";
    phone_node_cut(t.client); /* it registers again, and is refused */
    REACH(&t, sim_failed, 20 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 0);
    REACH(&t, sim_ended, 5 * IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_AUTH);
    cr_assert_eq(LAST(t.server)->code, 0);
    cr_assert_eq(LAST(t.server)->q850, 16);
    PASS_TIME(&t, 100 * IX_MS);
    cr_assert_eq(t.client->wire_count, 0);
    sim_finish(&t);
}

Test(farewell, a_line_that_is_closed_says_bye_and_unregisters_before_its_connection_goes)
{
    struct sim t;
    const char *bye, *gone;

    sim_start(&t, 25);
    sim_talk(&t);
    ix_line_close(t.client->phone, t.line, NOW(&t));
    REACH(&t, sim_ended, 5 * IX_S);
    PASS_TIME(&t, 3 * IX_S);
    bye = sim_sent(&t, t.client, "BYE", NULL);
    gone = sim_sent(&t, t.client, "REGISTER", "expires=0");
    cr_assert(bye && gone);
    cr_assert_eq(ix_sip_registrar_count(t.server->registrar), 0);
    cr_assert_eq(LAST(t.server)->q850, 16);
    cr_assert_eq(t.client->wire_count, 0);
    sim_finish(&t);
}

Test(farewell, a_line_closed_during_an_outage_says_bye_if_the_connection_is_back_soon)
{
    struct sim t;

    sim_start(&t, 26);
    sim_talk(&t);
    t.server->down = true;
    phone_node_cut(t.client);
    PASS_TIME(&t, 100 * IX_MS);
    t.server->down = false;
    ix_line_close(t.client->phone, t.line, NOW(&t));
    REACH(&t, server_ended, 3 * IX_S);
    cr_assert_eq(LAST(t.server)->q850, 16);
    sim_finish(&t);
}
