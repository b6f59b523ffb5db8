/* SPDX-License-Identifier: MIT */
/* Two servers for one line; connections that are dead in one direction; how soon the line is back with the network. */
#include "scenario.h"

static size_t ready_times(const struct sim *t)
{
    size_t count = 0;

    for (size_t i = 0; i < IX_MIN(t->client->event_count, (size_t) PHONE_NODE_EVENTS); i++)
        count += t->client->events[i].kind == IX_EV_LINE && t->client->events[i].state == IX_LINE_READY;
    return count;
}

static bool ready_twice(void *arg)
{
    return ready_times(arg) >= 2;
}

static bool connecting_twice(void *arg)
{
    const struct sim *t = arg;
    size_t count = 0;

    for (size_t i = 0; i < IX_MIN(t->client->event_count, (size_t) PHONE_NODE_EVENTS); i++)
        count += t->client->events[i].kind == IX_EV_LINE && t->client->events[i].state == IX_LINE_CONNECTING;
    return count >= 2;
}

/* a client whose line knows both servers; the first one is away */
static struct phone_node *begin_with_two(struct sim *t, uint64_t seed)
{
    struct world_link near = { .delay_us = 5 * IX_MS };
    struct ix_line_config config = { .ws_url = "ws://first.sim.test",
        .servers = "ws://second.sim.test",
        .user = "1000",
        .realm = "sim.test",
        .password = "secret" };
    struct phone_node *second;

    sim_begin(t, &(struct sim_options){ .seed = seed, .bare = true });
    second = phone_node_new(t->w, &(struct phone_node_options){ .name = "second", .server = true });
    cr_assert(second);
    t->client->second = second;
    phone_node_attach(t->client, world_internet(t->w), "192.0.2.10", &near);
    phone_node_attach(t->server, world_internet(t->w), "192.0.2.20", &near);
    phone_node_attach(second, world_internet(t->w), "192.0.2.21", &near);
    t->client->server = t->server;
    t->server->down = true;
    cr_assert_eq(ix_line_open(t->client->phone, &config, NOW(t), &t->line), 0);
    return second;
}

static bool second_is_left(void *arg)
{
    const struct sim *t = arg;

    return t->client->second->wire_count == 0;
}

static void end_with_two(struct sim *t, struct phone_node *second)
{
    ix_line_close(t->client->phone, t->line, NOW(t));
    REACH(t, second_is_left, 5 * IX_S);
    cr_assert(ix_phone_idle(second->phone));
    sim_finish(t);
}

Test(servers, the_second_takes_over_at_once_and_the_first_has_it_back_when_it_is_there_again)
{
    struct phone_node *second;
    struct sim t;

    second = begin_with_two(&t, 21);
    REACH(&t, sim_ready, IX_S);
    cr_assert_eq(ix_sip_registrar_count(second->registrar), 1);
    t.server->down = false;
    REACH(&t, ready_twice, 65 * IX_S);
    cr_assert_eq(ix_sip_registrar_count(t.server->registrar), 1);
    REACH(&t, second_is_left, 5 * IX_S);
    cr_assert_eq(t.client->wire_count, 1);
    sim_talk(&t);
    sim_hang_up(&t);
    end_with_two(&t, second);
}

Test(servers, a_call_is_not_moved_to_the_preferred_server)
{
    struct phone_node *second;
    struct sim t;

    second = begin_with_two(&t, 22);
    REACH(&t, sim_ready, IX_S);
    second->auto_answer = true;
    cr_assert_eq(sim_dial(&t), 0);
    t.server->down = false;
    PASS_TIME(&t, 150 * IX_S);
    cr_assert_eq(ready_times(&t), 1);
    cr_assert_eq(phone_node_live(t.client), 1);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    REACH(&t, ready_twice, 125 * IX_S);
    end_with_two(&t, second);
}

Test(servers, one_that_dies_in_the_middle_is_left_for_the_other)
{
    struct phone_node *second;
    struct sim t;

    second = begin_with_two(&t, 23);
    t.server->down = false;
    REACH(&t, sim_ready, 2 * IX_S);
    PASS_TIME(&t, 10 * IX_S);
    t.server->down = second->down;
    phone_node_cut(t.client);
    t.server->down = true;
    REACH(&t, ready_twice, IX_S);
    t.server->down = false;
    end_with_two(&t, second);
}

static void talk_on(void *ctx, struct ix_now now)
{
    struct sim *t = ctx;

    phone_node_inject(t->client, 0, "\r\n\r\n", 4); /* the server is heard all the while */
    if (now.mono_us < WORLD_START + 60 * IX_S)
        world_at(t->w, now.mono_us + IX_S, talk_on, t);
}

Test(servers, a_connection_that_only_receives_is_found_within_fifteen_seconds)
{
    struct sim t;
    uint64_t since;

    sim_start(&t, 24);
    world_at(t.w, NOW(&t).mono_us, talk_on, &t);
    PASS_TIME(&t, 20 * IX_S);
    phone_node_mute(t.client);
    since = NOW(&t).mono_us;
    REACH(&t, connecting_twice, 15 * IX_S);
    cr_assert_leq(NOW(&t).mono_us - since, 15 * IX_S);
    REACH(&t, ready_twice, 8 * IX_S);
    sim_finish(&t);
}

Test(servers, the_registration_is_back_within_a_second_of_the_network)
{
    for (uint64_t away_s = 1; away_s <= 64; away_s *= 2) {
        struct sim t;
        uint64_t since;

        sim_start(&t, 100 + away_s);
        PASS_TIME(&t, 12 * IX_S);
        t.server->down = true;
        phone_node_cut(t.client);
        PASS_TIME(&t, away_s * IX_S);
        t.server->down = false;
        since = NOW(&t).mono_us;
        ix_phone_network_changed(t.client->phone, NOW(&t));
        REACH(&t, ready_twice, IX_S);
        cr_assert_leq(NOW(&t).mono_us - since, IX_S);
        sim_finish(&t);
    }
}
