/* SPDX-License-Identifier: MIT */
/* Calls over TURN: where no other way is open, over UDP and over a byte stream, through restarts of the server. */
#include <string.h>

#include "scenario.h"

struct scene {
    struct sim t;
    bool stream;
    struct turn_node_options options;
    struct world_link client; /* all zero: 5 ms */
};

static struct world_net *symmetric(struct world *w, const char *ip)
{
    struct world_nat_config nat = { .kind = WORLD_NAT_SYMMETRIC };

    (void) ix_addr_parse(&nat.ip, ix_str(ip), 0); /* a literal */
    return world_nat(world_internet(w), &nat);
}

/* both behind symmetric NATs: nothing but a relay leads from one to the other */
static void open_scene(struct scene *s, uint64_t seed)
{
    struct world_link link = { .delay_us = 5 * IX_MS };
    struct ix_turn_server server = { .username = "user", .password = "secret", .host = "turn.sim.test" };

    sim_begin(&s->t, &(struct sim_options){ .seed = seed, .bare = true });
    phone_node_attach(
        s->t.client, symmetric(s->t.w, "198.51.100.1"), "10.0.0.2", s->client.loss_ppm ? &s->client : &link);
    phone_node_attach(s->t.server, symmetric(s->t.w, "198.51.100.2"), "10.0.1.2", &link);
    s->options.ip = "203.0.113.9";
    s->t.turn = turn_node_new(s->t.w, world_internet(s->t.w), &s->options);
    server.addr = turn_node_addr(s->t.turn);
    server.transport = s->stream ? IX_TURN_TLS : IX_TURN_UDP;
    ix_phone_set_stun(s->t.server->phone, &server.addr, 1); /* so that the relay may let its address through */
    s->t.client->turn = s->stream ? turn_node_world(s->t.turn) : NULL;
    ix_phone_set_turn(s->t.client->phone, &server, 1);
    s->t.line = phone_node_line(s->t.client, s->t.server, "1000", "secret");
    REACH(&s->t, sim_ready, 10 * IX_S);
}

static void close_scene(struct scene *s)
{
    const char *why;

    ix_phone_shutdown(s->t.client->phone, NOW(&s->t));
    ix_phone_shutdown(s->t.server->phone, NOW(&s->t));
    cr_assert_eq(world_run(s->t.w, sim_quiet, &s->t, 40 * IX_S), WORLD_DONE);
    cr_assert_eq(turn_node_live(s->t.turn), 0, "every allocation was given back");
    why = sim_left(&s->t);
    cr_assert_null(why, "%s", why);
    sim_free(&s->t);
}

Test(relay, two_symmetric_nats_talk_through_it)
{
    struct scene s = { .options = { .lifetime_s = 20 } };

    open_scene(&s, 1);
    sim_talk(&s.t);
    cr_assert_not_null(strstr(sim_sent(&s.t, s.t.client, "INVITE ", NULL), "typ relay raddr"));
    cr_assert_geq(turn_node_relayed(s.t.turn, true), 20, "media goes by channel");
    PASS_TIME(&s.t, 30 * IX_S);
    sim_hear_on(&s.t);
    cr_assert_leq(LAST(s.t.client)->gap_us, 100 * IX_MS, "no refresh was felt");
    sim_hang_up(&s.t);
    close_scene(&s);
}

Test(relay, over_a_byte_stream_where_udp_is_blocked)
{
    struct scene s = { .stream = true, .client = { .loss_ppm = 1000000 } };

    open_scene(&s, 2);
    sim_talk(&s.t);
    PASS_TIME(&s.t, 10 * IX_S);
    sim_hear_on(&s.t);
    sim_hang_up(&s.t);
    close_scene(&s);
}

Test(relay, a_call_that_comes_in_uses_it_as_well)
{
    struct scene s = { 0 };
    struct ix_call_config config = { .to = "sip:1000@sim.test", .from = "<sip:9196@sim.test>" };
    uint32_t call;

    open_scene(&s, 3);
    s.t.client->auto_answer = true;
    config.transport = s.t.server->wires[0].transport;
    sim_mark(&s.t);
    cr_assert_eq(ix_call_dial(s.t.server->phone, &config, NOW(&s.t), &call), 0);
    REACH(&s.t, sim_talking, 20 * IX_S);
    cr_assert_geq(turn_node_relayed(s.t.turn, true), 20);
    cr_assert_eq(ix_call_hangup(s.t.server->phone, call, 16, NOW(&s.t)), 0);
    REACH(&s.t, sim_ended, 40 * IX_S);
    close_scene(&s);
}

Test(relay, a_server_that_restarts_costs_the_call_seconds_and_not_its_life)
{
    struct scene s = { .options = { .lifetime_s = 40 } };

    open_scene(&s, 4);
    sim_talk(&s.t);
    turn_node_forget(s.t.turn);
    PASS_TIME(&s.t, 30 * IX_S);
    sim_hear_on(&s.t);
    cr_assert_leq(LAST(s.t.client)->gap_us, 30 * IX_S);
    sim_hang_up(&s.t);
    close_scene(&s);
}

Test(relay, wrong_credentials_fail_the_call_with_a_sentence_and_nothing_hangs)
{
    struct scene s = { .options = { .password = "another" } };

    open_scene(&s, 5);
    s.t.server->auto_answer = true;
    cr_assert_eq(sim_dial(&s.t), 0);
    REACH(&s.t, sim_ended, 60 * IX_S);
    cr_assert_eq(LAST(s.t.client)->code, IRISX_E_MEDIA);
    close_scene(&s);
}

Test(relay, a_direct_way_is_taken_where_there_is_one)
{
    struct world_link link = { .delay_us = 5 * IX_MS };
    struct ix_turn_server server = { .transport = IX_TURN_UDP, .username = "user", .password = "secret" };
    struct scene s = { 0 };

    sim_begin(&s.t, &(struct sim_options){ .seed = 6 });
    s.t.turn = turn_node_new(s.t.w, world_internet(s.t.w), &(struct turn_node_options){ .ip = "203.0.113.9" });
    server.addr = turn_node_addr(s.t.turn);
    ix_phone_set_turn(s.t.client->phone, &server, 1);
    phone_node_attach(s.t.client, world_internet(s.t.w), "192.0.2.11", &link);
    REACH(&s.t, sim_ready, 10 * IX_S);
    sim_talk(&s.t);
    PASS_TIME(&s.t, 10 * IX_S);
    cr_assert_eq(turn_node_relayed(s.t.turn, true), 0);
    sim_hang_up(&s.t);
    close_scene(&s);
}
