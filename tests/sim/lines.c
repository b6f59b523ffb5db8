/* SPDX-License-Identifier: MIT */
/* The WebSocket of a line: not there, lost, half dead, closed at an odd moment; calls outlive it. */
#include "scenario.h"

static bool line_closed(void *arg)
{
    const struct sim *t = arg;

    return phone_node_saw(t->client, IX_EV_LINE, IX_LINE_CLOSED) != NULL;
}

static size_t count_line(const struct phone_node *n, int state, uint64_t since_us)
{
    size_t count = 0;

    for (size_t i = 0; i < IX_MIN(n->event_count, (size_t) PHONE_NODE_EVENTS); i++)
        count += n->events[i].kind == IX_EV_LINE && n->events[i].state == state && n->events[i].at_us >= since_us;
    return count;
}

static bool ready_again(void *arg)
{
    const struct sim *t = arg;

    return count_line(t->client, IX_LINE_READY, 0) >= 2;
}

Test(lines, a_server_that_is_not_there_is_found_when_it_comes)
{
    struct sim t;

    sim_begin(&t, &(struct sim_options){ .seed = 1 });
    t.server->down = true;
    PASS_TIME(&t, 60 * IX_S);
    cr_assert_null(phone_node_saw(t.client, IX_EV_LINE, IX_LINE_READY));
    cr_assert_null(phone_node_saw(t.client, IX_EV_LINE, IX_LINE_FAILED), "it may still come");
    cr_assert_geq(t.client->event_count, 5);
    cr_assert_leq(t.client->event_count, 40, "with back-off");
    t.server->down = false;
    REACH(&t, sim_ready, 8 * IX_S);
    sim_talk(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(lines, a_call_outlives_its_connection_and_ends_over_the_next_one)
{
    struct sim t;

    sim_start(&t, 2);
    sim_talk(&t);
    phone_node_cut(t.client);
    t.server->down = true;
    sim_hear_on(&t);
    PASS_TIME(&t, 3 * IX_S);
    t.server->down = false;
    REACH(&t, ready_again, 8 * IX_S);
    sim_hear_on(&t);
    cr_assert_eq(phone_node_live(t.client), 1);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(lines, a_call_is_answered_over_the_connection_made_after_it_began_to_ring)
{
    struct sim t;

    sim_start(&t, 3);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_server_rings, 10 * IX_S);
    phone_node_cut(t.client);
    REACH(&t, ready_again, 8 * IX_S);
    cr_assert_eq(ix_call_answer(t.server->phone, sim_server_call(&t), NULL, NOW(&t)), 0);
    sim_mark(&t);
    REACH(&t, sim_talking, 10 * IX_S);
    cr_assert_eq(t.server->call_count, 1, "it was called twice");
    sim_hang_up(&t);
    sim_finish(&t);
}

static bool connecting_again(void *arg)
{
    const struct sim *t = arg;

    return count_line(t->client, IX_LINE_CONNECTING, 0) >= 2;
}

Test(lines, a_half_dead_connection_is_found_within_fifteen_seconds)
{
    struct sim t;
    uint64_t since;

    sim_start(&t, 4);
    PASS_TIME(&t, 25 * IX_S); /* pings are answered: nothing happens */
    cr_assert_eq(count_line(t.client, IX_LINE_CONNECTING, 0), 1);
    phone_node_deaden(t.client);
    since = NOW(&t).mono_us;
    REACH(&t, connecting_again, 15 * IX_S);
    cr_assert_leq(NOW(&t).mono_us - since, 15 * IX_S);
    REACH(&t, ready_again, 8 * IX_S);
    PASS_TIME(&t, 20 * IX_S); /* the server finds its dead end by itself */
    cr_assert_eq(t.server->wire_count, 1, "%zu", t.server->wire_count);
    sim_finish(&t);
}

Test(lines, a_network_change_asks_the_connection_at_once)
{
    struct sim t;
    uint64_t since;

    sim_start(&t, 5);
    phone_node_deaden(t.client);
    since = NOW(&t).mono_us;
    ix_phone_network_changed(t.client->phone, NOW(&t));
    REACH(&t, connecting_again, 5 * IX_S);
    cr_assert_leq(NOW(&t).mono_us - since, 5 * IX_S);
    sim_finish(&t);
}

static void kick(void *ctx, struct ix_now now)
{
    struct sim *t = ctx;

    phone_node_cut(t->client);
    if (now.mono_us < WORLD_START + 60 * IX_S)
        world_at(t->w, now.mono_us + 3 * IX_MS, kick, t);
}

Test(lines, a_server_that_drops_every_connection_at_once_is_not_hammered)
{
    struct sim t;

    sim_begin(&t, &(struct sim_options){ .seed = 6 });
    world_at(t.w, NOW(&t).mono_us, kick, &t);
    PASS_TIME(&t, 62 * IX_S);
    cr_assert_leq(t.server->next_conn, 60, "%u connections in a minute", t.server->next_conn);
    REACH(&t, sim_ready, 10 * IX_S);
    sim_finish(&t);
}

Test(lines, one_closed_before_it_was_opened_leaves_nothing)
{
    struct sim t;

    sim_begin(&t, &(struct sim_options){ .seed = 7 });
    ix_line_close(t.client->phone, t.line, NOW(&t));
    ix_phone_timeout(t.client->phone, NOW(&t)); /* as the engine does: due timers first, then the outputs */
    REACH(&t, line_closed, IX_S);
    sim_finish(&t);
}

Test(lines, one_closed_at_any_moment_leaves_nothing)
{
    for (uint64_t ms = 0; ms < 40; ms++) {
        struct sim t;

        sim_begin(&t, &(struct sim_options){ .seed = 8 });
        t.client->ws_delay_us = t.server->ws_delay_us = 5 * IX_MS;
        PASS_TIME(&t, ms * IX_MS);
        ix_line_close(t.client->phone, t.line, NOW(&t));
        REACH(&t, line_closed, 5 * IX_S);
        cr_assert_eq(count_line(t.client, IX_LINE_CLOSED, 0), 1);
        sim_finish(&t);
    }
}

Test(lines, one_that_closes_takes_no_more_calls)
{
    struct ix_call_config config = { .from = "<sip:9196@sim.test>", .to = "sip:1000@client.invalid" };
    struct sim t;
    uint32_t call;

    sim_start(&t, 9);
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "REGISTER" }); /* the farewell takes its two seconds */
    config.transport = t.server->wires[0].transport;
    ix_line_close(t.client->phone, t.line, NOW(&t));
    cr_assert_eq(ix_call_dial(t.server->phone, &config, NOW(&t), &call), 0);
    REACH(&t, line_closed, 3 * IX_S);
    cr_assert_eq(t.client->call_count, 0);
    sim_finish(&t);
}

Test(lines, a_name_that_makes_no_address_is_refused_at_once)
{
    struct ix_line_config config = { .ws_url = "ws://server.sim.test", .user = "1000", .realm = "sim.test\r\nX: y" };
    struct sim t;
    uint32_t line;

    sim_start(&t, 10);
    cr_assert_eq(ix_line_open(t.client->phone, &config, NOW(&t), &line), IRISX_E_INVALID);
    sim_finish(&t);
}

Test(lines, a_registration_is_refreshed_for_hours_and_removed_at_the_end)
{
    struct sim t;

    sim_start(&t, 11);
    PASS_TIME(&t, 3600 * IX_S);
    cr_assert_eq(count_line(t.client, IX_LINE_READY, 0), 1);
    cr_assert_eq(ix_sip_registrar_count(t.server->registrar), 1);
    ix_line_close(t.client->phone, t.line, NOW(&t));
    REACH(&t, line_closed, 3 * IX_S);
    cr_assert_eq(ix_sip_registrar_count(t.server->registrar), 0);
    sim_finish(&t);
}
