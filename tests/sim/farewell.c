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
    PASS_TIME(&t, 100 * IX_MS);
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
