/* SPDX-License-Identifier: MIT */
/* Hold by one side, by both, at the same moment, over an outage: sound stops, and comes back. */
#include "scenario.h"

static void hold(struct sim *t, struct phone_node *n, uint32_t call, bool on)
{
    cr_assert_eq(ix_call_hold(n->phone, call, on, NOW(t)), 0);
}

static bool held(struct phone_node *n, int who)
{
    const struct phone_event *last = NULL;

    for (size_t i = 0; i < n->event_count && i < PHONE_NODE_EVENTS; i++)
        if (n->events[i].kind == IX_EV_HOLD)
            last = &n->events[i];
    return last && last->state == who;
}

static void nothing_is_heard(struct sim *t)
{
    PASS_TIME(t, 500 * IX_MS);
    sim_mark(t);
    PASS_TIME(t, 3 * IX_S);
    cr_assert_eq(t->client->frames_in, t->client_mark);
    cr_assert_eq(t->server->frames_in, t->server_mark);
}

Test(hold, a_held_call_is_silent_both_ways_and_comes_back)
{
    struct sim t;

    sim_start(&t, 30);
    sim_talk(&t);
    hold(&t, t.client, t.call, true);
    nothing_is_heard(&t);
    cr_assert(held(t.client, IX_HOLD_LOCAL) && held(t.server, IX_HOLD_REMOTE));
    hold(&t, t.client, t.call, false);
    sim_hear_on(&t);
    cr_assert(held(t.client, 0) && held(t.server, 0));
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(hold, held_by_both_it_comes_back_only_when_both_have_let_go)
{
    struct sim t;

    sim_start(&t, 31);
    sim_talk(&t);
    hold(&t, t.client, t.call, true);
    PASS_TIME(&t, IX_S);
    hold(&t, t.server, sim_server_call(&t), true);
    nothing_is_heard(&t);
    cr_assert(held(t.client, IX_HOLD_LOCAL | IX_HOLD_REMOTE) && held(t.server, IX_HOLD_LOCAL | IX_HOLD_REMOTE));
    hold(&t, t.client, t.call, false);
    nothing_is_heard(&t);
    cr_assert(held(t.client, IX_HOLD_REMOTE) && held(t.server, IX_HOLD_LOCAL));
    hold(&t, t.server, sim_server_call(&t), false);
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

/* both re-INVITEs are on the wire: each is answered 491, the called side tries again first */
Test(hold, two_holds_that_cross_both_come_through)
{
    for (uint64_t seed = 40; seed < 60; seed++) {
        struct sim t;

        sim_start(&t, seed);
        t.client->ws_delay_us = t.server->ws_delay_us = 50 * IX_MS;
        sim_talk(&t);
        PASS_TIME(&t, IX_S);
        hold(&t, t.client, t.call, true);
        hold(&t, t.server, sim_server_call(&t), true);
        PASS_TIME(&t, 10 * IX_S);
        cr_assert_not_null(sim_sent(&t, t.client, "SIP/2.0 491", NULL));
        cr_assert_not_null(sim_sent(&t, t.server, "SIP/2.0 491", NULL));
        cr_assert(held(t.client, IX_HOLD_LOCAL | IX_HOLD_REMOTE), "seed %d", (int) seed);
        cr_assert(held(t.server, IX_HOLD_LOCAL | IX_HOLD_REMOTE), "seed %d", (int) seed);
        sim_hang_up(&t);
        sim_finish(&t);
    }
}

Test(hold, asked_for_during_an_outage_it_is_said_when_the_connection_is_back)
{
    struct sim t;

    sim_start(&t, 32);
    sim_talk(&t);
    t.server->down = true;
    phone_node_cut(t.client);
    PASS_TIME(&t, IX_S);
    hold(&t, t.client, t.call, true);
    PASS_TIME(&t, IX_S);
    cr_assert(!held(t.client, IX_HOLD_LOCAL));
    t.server->down = false;
    PASS_TIME(&t, 8 * IX_S);
    cr_assert(held(t.client, IX_HOLD_LOCAL) && held(t.server, IX_HOLD_REMOTE));
    hold(&t, t.client, t.call, false);
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(hold, a_connection_that_breaks_with_the_reinvite_does_not_lose_it)
{
    struct sim t;

    sim_start(&t, 33);
    t.client->ws_delay_us = 100 * IX_MS;
    sim_talk(&t);
    hold(&t, t.client, t.call, true);
    PASS_TIME(&t, 50 * IX_MS);
    phone_node_cut(t.client);
    PASS_TIME(&t, 8 * IX_S);
    cr_assert(held(t.client, IX_HOLD_LOCAL) && held(t.server, IX_HOLD_REMOTE));
    sim_hang_up(&t);
    sim_finish(&t);
}
