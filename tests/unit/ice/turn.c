/* SPDX-License-Identifier: MIT */
/* The TURN client against a server in virtual time: over UDP and a stream, with every answer the RFC knows. */
#include "ice/turn.h"

#include <criterion/criterion.h>
#include <string.h>

#include "oom.h"
#include "turn_node.h"

struct client {
    struct world *w;
    struct world_node *node;
    struct turn_node *server, *other;
    struct ix_turn *t;
    struct ix_addr at;
    bool stream;
    unsigned connects, disconnects;
    size_t sent, largest_id;
    uint8_t got[64];
    size_t got_len, got_count;
    struct ix_addr got_from;
    uint64_t first_us, second_us; /* the first two sends */
};
struct peer { /* echoes */
    struct world_node *node;
    struct ix_addr at, from;
    size_t count;
};

static struct ix_addr addr(const char *ip, uint16_t port)
{
    struct ix_addr a;
    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), port), 0);
    return a;
}

static void keep(struct client *c, const struct ix_turn_data *d)
{
    if (!d->len)
        return;
    c->got_count++;
    c->got_from = d->peer;
    c->got_len = IX_MIN(d->len, sizeof(c->got));
    memcpy(c->got, d->data, c->got_len);
}

static void client_input(
    void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *p, size_t n, struct ix_now now)
{
    struct client *c = ctx;
    struct ix_turn_data d;
    (void) to;
    (void) from;
    if (ix_turn_input(c->t, p, n, &d, now))
        keep(c, &d);
}

static void client_message(void *ctx, struct world_node *from, const void *p, size_t n, struct ix_now now)
{
    struct client *c = ctx;
    struct ix_turn_data d;
    (void) from;
    ix_turn_stream(c->t, (const uint8_t *) p + 4, n - 4, now);
    while (ix_turn_next(c->t, &d, now))
        keep(c, &d);
}

static void transmit(struct client *c, const struct ix_addr *server, const void *p, size_t n)
{
    struct turn_node *to = c->server;
    struct ix_addr other = c->other ? turn_node_addr(c->other) : (struct ix_addr){ 0 };
    if (c->other && ix_addr_eq(server, &other))
        to = c->other;
    if (c->stream) {
        uint8_t message[4 + 2100] = { 1 };
        memcpy(message + 4, p, n);
        world_tell(c->node, turn_node_world(to), message, n + 4, 5 * IX_MS);
    } else
        world_send(c->node, &c->at, server, p, n);
}

static void client_drain(void *ctx, struct ix_now now)
{
    struct client *c = ctx;
    struct ix_turn_out o;
    while (ix_turn_poll(c->t, &o)) {
        switch (o.kind) {
        case IX_TURN_OUT_CONNECT:
            c->connects++;
            ix_turn_connected(c->t, now);
            break;
        case IX_TURN_OUT_DISCONNECT:
            c->disconnects++;
            break;
        case IX_TURN_OUT_SEND:
            if (c->sent < 2)
                *(c->sent ? &c->second_us : &c->first_us) = now.mono_us;
            c->sent++;
            transmit(c, &o.server, o.data, o.len);
            break;
        }
    }
}

static void client_timeout(void *ctx, struct ix_now now)
{
    ix_turn_timeout(((struct client *) ctx)->t, now);
}

static uint64_t client_deadline(void *ctx)
{
    return ix_turn_deadline(((struct client *) ctx)->t);
}

static const struct world_node_ops client_ops = { client_input, client_message, client_timeout, client_deadline,
    client_drain };

static void peer_input(
    void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *p, size_t n, struct ix_now now)
{
    struct peer *peer = ctx;
    (void) now;
    peer->count++;
    peer->from = *from;
    world_send(peer->node, to, from, p, n);
}

static void open_peer(struct peer *p, struct world *w, const char *ip)
{
    static const struct world_node_ops ops = { .input = peer_input };
    p->at = addr(ip, 7000);
    p->node = world_node(w, "peer", &ops, p);
    world_attach(p->node, world_internet(w), &p->at, NULL);
}

static struct client c;
static struct peer peer;

static int open_with(const struct turn_node_options *o, const struct ix_turn_config *config, bool stream)
{
    struct ix_turn_config mine = *config;
    memset(&c, 0, sizeof(c));
    memset(&peer, 0, sizeof(peer));
    c.w = world_new(1);
    c.stream = stream;
    c.server = turn_node_new(c.w, world_internet(c.w), o);
    c.at = addr("192.0.2.1", 4000);
    mine.rng = world_rng(c.w);
    mine.server.transport = stream ? IX_TURN_TCP : IX_TURN_UDP;
    mine.server.addr = turn_node_addr(c.server);
    if (!mine.server.username[0])
        memcpy(mine.server.username, "user", 5);
    if (!mine.server.password[0])
        memcpy(mine.server.password, "secret", 7);
    open_peer(&peer, c.w, "203.0.113.5");
    int err = ix_turn_new(&mine, &c.t);
    if (err)
        return err;
    c.node = world_node(c.w, "client", &client_ops, &c);
    world_attach(c.node, world_internet(c.w), &c.at, &(struct world_link){ .delay_us = 5 * IX_MS });
    return 0;
}

static void start(void)
{
    ix_turn_start(c.t, world_now(c.w));
    client_drain(&c, world_now(c.w));
}

static void open_plain(bool stream)
{
    cr_assert_eq(
        open_with(&(struct turn_node_options){ .ip = "198.51.100.9" }, &(struct ix_turn_config){ 0 }, stream), 0);
    start();
}

static void clear(void)
{
    ix_turn_free(c.t);
    turn_node_free(c.server);
    turn_node_free(c.other);
    world_free(c.w);
}

static bool settled(void *arg)
{
    (void) arg;
    return ix_turn_state(c.t) >= IX_TURN_READY;
}

static void reach_ready(void)
{
    cr_assert_eq(world_run(c.w, settled, NULL, 20 * IX_S), WORLD_DONE);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_READY);
}

static int send_to(const struct ix_addr *to, const char *text)
{
    struct ix_bytes out;
    struct ix_addr server = turn_node_addr(c.server);
    int err = ix_turn_wrap(c.t, to, text, strlen(text), &out, world_now(c.w));
    uint8_t copy[2100];
    if (err)
        return err;
    memcpy(copy, out.p, out.n);
    client_drain(&c, world_now(c.w)); /* the permission goes first */
    transmit(&c, &server, copy, out.n);
    return 0;
}

static void echo(const char *text)
{
    size_t before = c.got_count;
    cr_assert_eq(send_to(&peer.at, text), 0);
    cr_assert_eq(world_run_for(c.w, 100 * IX_MS), WORLD_DONE);
    cr_assert_eq(c.got_count, before + 1);
    cr_assert_eq(c.got_len, strlen(text));
    cr_assert_arr_eq(c.got, text, c.got_len);
    cr_assert(ix_addr_eq(&c.got_from, &peer.at));
}

/* ---- the way there ----------------------------------------------------------------------- */

Test(turn, an_allocation_takes_two_round_trips_and_says_how_we_are_seen)
{
    struct ix_addr relayed, mapped;
    open_plain(false);
    reach_ready();
    cr_assert_eq(turn_node_requests(c.server, IX_STUN_ALLOCATE), 2, "401, then with credentials");
    cr_assert(ix_turn_relayed(c.t, IX_IPV4, &relayed) && ix_turn_mapped(c.t, &mapped));
    struct ix_addr server = turn_node_addr(c.server);
    cr_assert(ix_addr_same_ip(&relayed, &server));
    cr_assert(ix_addr_eq(&mapped, &c.at));
    cr_assert_not(ix_turn_relayed(c.t, IX_IPV6, &relayed));
    cr_assert_eq(ix_turn_round_trip(c.t), 20 * IX_MS);
    clear();
}

Test(turn, stun_goes_by_indication_and_media_by_channel)
{
    struct ix_addr relayed;
    open_plain(false);
    reach_ready();
    echo("the first packet does not wait for anything");
    cr_assert_eq(turn_node_relayed(c.server, false), 1);
    echo("by channel");
    echo("again");
    cr_assert_eq(turn_node_relayed(c.server, true), 2);
    cr_assert(ix_turn_relayed(c.t, IX_IPV4, &relayed));
    cr_assert(ix_addr_eq(&peer.from, &relayed));
    clear();
}

Test(turn, a_stun_packet_asks_for_no_channel)
{
    uint8_t storage[64];
    static const uint8_t id[12] = { 7 };
    struct ix_buf b;
    struct ix_bytes out;
    open_plain(false);
    reach_ready();
    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_stun_begin(&b, IX_STUN_REQUEST, IX_STUN_BINDING, id);
    cr_assert_eq(ix_stun_end(&b, IX_STR_NONE), 0);
    cr_assert_eq(ix_turn_wrap(c.t, &peer.at, b.p, b.n, &out, world_now(c.w)), 0);
    client_drain(&c, world_now(c.w));
    cr_assert_eq(world_run_for(c.w, IX_S), WORLD_DONE);
    cr_assert_eq(turn_node_requests(c.server, IX_STUN_CHANNEL_BIND), 0);
    cr_assert_eq(turn_node_requests(c.server, IX_STUN_CREATE_PERMISSION), 1);
    clear();
}

Test(turn, a_peer_may_speak_first_once_it_is_permitted)
{
    struct ix_addr relayed;
    open_plain(false);
    ix_turn_permit(c.t, &peer.at, world_now(c.w)); /* before the allocation: asked for when it is there */
    reach_ready();
    cr_assert_eq(world_run_for(c.w, 100 * IX_MS), WORLD_DONE);
    cr_assert(ix_turn_relayed(c.t, IX_IPV4, &relayed));
    world_send(peer.node, &peer.at, &relayed, "hello", 5);
    cr_assert_eq(world_run_for(c.w, 100 * IX_MS), WORLD_DONE);
    cr_assert_eq(c.got_count, 1);
    clear();
}

Test(turn, over_a_stream_messages_come_in_pieces_and_are_put_together)
{
    open_plain(true);
    reach_ready();
    cr_assert_eq(c.connects, 1);
    for (size_t i = 0; i < 40; i++)
        echo(&"a packet of any length, padded or not"[i % 7]);
    cr_assert_geq(turn_node_relayed(c.server, true), 39);
    ix_turn_close(c.t, world_now(c.w));
    client_drain(&c, world_now(c.w));
    cr_assert_eq(world_run_for(c.w, IX_S), WORLD_DONE);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_CLOSED);
    cr_assert_eq(c.disconnects, 1);
    cr_assert_eq(turn_node_live(c.server), 0);
    clear();
}

Test(turn, both_families_come_from_one_allocation)
{
    struct ix_addr v4, v6;
    struct peer six = { 0 };
    cr_assert_eq(open_with(&(struct turn_node_options){ .ip = "198.51.100.9", .ip6 = "2001:db8::9" },
                     &(struct ix_turn_config){ .v6 = true }, false),
        0);
    start();
    reach_ready();
    cr_assert(ix_turn_relayed(c.t, IX_IPV4, &v4) && ix_turn_relayed(c.t, IX_IPV6, &v6));
    open_peer(&six, c.w, "2001:db8::5");
    cr_assert_eq(send_to(&six.at, "by six"), 0);
    cr_assert_eq(world_run_for(c.w, 100 * IX_MS), WORLD_DONE);
    cr_assert_eq(six.count, 1);
    cr_assert(ix_addr_eq(&six.from, &v6));
    cr_assert(ix_addr_eq(&c.got_from, &six.at));
    echo("and by four");
    clear();
}

Test(turn, a_server_without_ipv6_gives_ipv4_and_a_peer_of_the_other_family_is_refused)
{
    struct ix_addr six = addr("2001:db8::5", 7000);
    cr_assert_eq(
        open_with(&(struct turn_node_options){ .ip = "198.51.100.9" }, &(struct ix_turn_config){ .v6 = true }, false),
        0);
    start();
    reach_ready();
    cr_assert_neq(send_to(&six, "x"), 0);
    echo("four");
    clear();
}

/* ---- keeping it -------------------------------------------------------------------------- */

Test(turn, it_lives_for_hours_and_so_do_permissions_and_channels)
{
    open_plain(false);
    reach_ready();
    echo("first");
    for (size_t i = 0; i < 12; i++) {
        cr_assert_eq(world_run_for(c.w, 601 * IX_S), WORLD_DONE);
        echo("later");
    }
    size_t refreshes = turn_node_requests(c.server, IX_STUN_REFRESH);
    cr_assert(refreshes >= 12 && refreshes <= 15, "%zu", refreshes);
    cr_assert_eq(turn_node_relayed(c.server, true), 12);
    clear();
}

Test(turn, a_stale_nonce_is_replaced_without_a_gap)
{
    cr_assert_eq(open_with(&(struct turn_node_options){ .ip = "198.51.100.9", .nonce_us = 100 * IX_S },
                     &(struct ix_turn_config){ 0 }, false),
        0);
    start();
    reach_ready();
    for (size_t i = 0; i < 20; i++) {
        echo("on");
        cr_assert_eq(world_run_for(c.w, 95 * IX_S), WORLD_DONE);
    }
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_READY);
    clear();
}

Test(turn, nat_bindings_towards_the_server_are_kept)
{
    open_plain(false);
    reach_ready();
    size_t before = c.sent;
    cr_assert_eq(world_run_for(c.w, 200 * IX_S), WORLD_DONE);
    cr_assert_eq(c.sent - before, 10, "every 20 s");
    clear();
}

Test(turn, a_server_that_restarted_is_noticed)
{
    int err;
    open_plain(false);
    reach_ready();
    echo("fine");
    turn_node_forget(c.server);
    cr_assert_eq(world_run_for(c.w, 601 * IX_S), WORLD_DONE);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_FAILED);
    cr_assert_eq(ix_turn_failure(c.t, &err), 437);
    cr_assert_eq(err, IRISX_E_CONFLICT);
    cr_assert_eq(send_to(&peer.at, "x"), IRISX_E_STATE);
    cr_assert_eq(ix_turn_deadline(c.t), IX_NEVER);
    clear();
}

Test(turn, lost_packets_are_sent_again)
{
    open_plain(false);
    world_set_link(c.node, &c.at, &(struct world_link){ .delay_us = 20 * IX_MS, .loss_ppm = 300000 });
    for (int i = 0; i < 10 && ix_turn_state(c.t) != IX_TURN_READY; i++)
        cr_assert_eq(world_run_for(c.w, IX_S), WORLD_DONE);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_READY);
    cr_assert_eq(world_run_for(c.w, 3600 * IX_S), WORLD_DONE);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_READY);
    clear();
}

Test(turn, the_allocation_is_given_back)
{
    open_plain(false);
    reach_ready();
    ix_turn_close(c.t, world_now(c.w));
    client_drain(&c, world_now(c.w));
    cr_assert_eq(world_run_for(c.w, 600 * IX_MS), WORLD_DONE);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_CLOSED);
    cr_assert_eq(turn_node_live(c.server), 0);
    cr_assert_eq(ix_turn_deadline(c.t), IX_NEVER);
    clear();
}

Test(turn, a_server_that_is_silent_at_the_end_holds_nobody_up)
{
    open_plain(false);
    reach_ready();
    turn_node_set(c.server)->silent = true;
    ix_turn_close(c.t, world_now(c.w));
    cr_assert_eq(world_run_for(c.w, 500 * IX_MS), WORLD_DONE);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_CLOSED);
    clear();
}

/* ---- refusals ---------------------------------------------------------------------------- */

static void fails_with(const struct turn_node_options *o, const struct ix_turn_config *config, uint16_t code, int want)
{
    int err = 0;
    cr_assert_eq(open_with(o, config, false), 0);
    start();
    cr_assert_eq(world_run(c.w, settled, NULL, 20 * IX_S), WORLD_DONE);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_FAILED);
    cr_assert_eq(ix_turn_failure(c.t, &err), code);
    cr_assert_eq(err, want, "%d", err);
    cr_assert_eq(ix_turn_deadline(c.t), IX_NEVER);
    clear();
}

Test(turn, every_refusal_has_its_meaning)
{
    static const struct {
        uint16_t code;
        int err;
    } cases[] = { { 400, IRISX_E_PROTOCOL }, { 403, IRISX_E_FORBIDDEN }, { 437, IRISX_E_CONFLICT },
        { 440, IRISX_E_UNSUPPORTED }, { 441, IRISX_E_AUTH }, { 442, IRISX_E_UNSUPPORTED }, { 443, IRISX_E_UNSUPPORTED },
        { 446, IRISX_E_CONFLICT }, { 486, IRISX_E_LIMIT }, { 508, IRISX_E_LIMIT }, { 500, IRISX_E_PROTOCOL } };
    for (size_t i = 0; i < IX_COUNT(cases); i++)
        fails_with(&(struct turn_node_options){ .ip = "198.51.100.9", .refuse = cases[i].code },
            &(struct ix_turn_config){ 0 }, cases[i].code, cases[i].err);
}

Test(turn, a_wrong_password_is_not_tried_twice)
{
    struct ix_turn_config config = { 0 };
    memcpy(config.server.password, "wrong", 6);
    fails_with(&(struct turn_node_options){ .ip = "198.51.100.9" }, &config, 401, IRISX_E_AUTH);
}

Test(turn, a_silent_server_is_given_up_after_eight_seconds)
{
    uint64_t from = WORLD_START;
    cr_assert_eq(open_with(&(struct turn_node_options){ .ip = "198.51.100.9", .silent = true },
                     &(struct ix_turn_config){ 0 }, false),
        0);
    start();
    cr_assert_eq(world_run(c.w, settled, NULL, 20 * IX_S), WORLD_DONE);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_FAILED);
    cr_assert_leq(world_now(c.w).mono_us - from, 13 * IX_S);
    cr_assert_eq(c.sent, 7);
    cr_assert_eq(c.second_us - c.first_us, 100 * IX_MS);
    clear();
}

Test(turn, another_server_is_asked_when_this_one_says_so)
{
    for (int stream = 0; stream < 2; stream++) {
        struct turn_node_options here = { .ip = "198.51.100.9", .alternate = addr("198.51.100.10", 3478) };
        struct ix_addr relayed, other;
        cr_assert_eq(open_with(&here, &(struct ix_turn_config){ 0 }, stream), 0);
        c.other = turn_node_new(c.w, world_internet(c.w), &(struct turn_node_options){ .ip = "198.51.100.10" });
        start();
        reach_ready();
        other = turn_node_addr(c.other);
        cr_assert(ix_turn_relayed(c.t, IX_IPV4, &relayed) && ix_addr_same_ip(&relayed, &other));
        cr_assert_eq(c.connects, stream ? 2 : 0);
        cr_assert_eq(c.disconnects, stream ? 1 : 0);
        clear();
    }
}

Test(turn, two_servers_that_name_each_other_are_left)
{
    struct turn_node_options here = { .ip = "198.51.100.9", .alternate = addr("198.51.100.10", 3478) };
    struct turn_node_options there = { .ip = "198.51.100.10", .alternate = addr("198.51.100.9", 3478) };
    cr_assert_eq(open_with(&here, &(struct ix_turn_config){ 0 }, false), 0);
    c.other = turn_node_new(c.w, world_internet(c.w), &there);
    start();
    cr_assert_eq(world_run(c.w, settled, NULL, 20 * IX_S), WORLD_DONE);
    cr_assert_eq(ix_turn_failure(c.t, NULL), 300);
    clear();
}

Test(turn, a_peer_that_the_server_forbids_is_refused_at_once_afterwards)
{
    cr_assert_eq(open_with(&(struct turn_node_options){ .ip = "198.51.100.9", .refuse_permission = 403 },
                     &(struct ix_turn_config){ 0 }, false),
        0);
    start();
    reach_ready();
    ix_turn_permit(c.t, &peer.at, world_now(c.w));
    client_drain(&c, world_now(c.w));
    cr_assert_eq(world_run_for(c.w, IX_S), WORLD_DONE);
    cr_assert_eq(send_to(&peer.at, "x"), IRISX_E_FORBIDDEN);
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_READY);
    clear();
}

Test(turn, without_channels_media_goes_by_indications)
{
    cr_assert_eq(open_with(&(struct turn_node_options){ .ip = "198.51.100.9", .refuse_channel = 508 },
                     &(struct ix_turn_config){ 0 }, false),
        0);
    start();
    reach_ready();
    for (size_t i = 0; i < 5; i++)
        echo("slow but sure");
    cr_assert_eq(turn_node_relayed(c.server, false), 5);
    clear();
}

Test(turn, a_connection_that_ends_is_the_end_of_the_relay)
{
    int err;
    open_plain(true);
    reach_ready();
    ix_turn_disconnected(c.t, IRISX_E_NETWORK, world_now(c.w));
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_FAILED);
    (void) ix_turn_failure(c.t, &err);
    cr_assert_eq(err, IRISX_E_NETWORK);
    clear();
}

/* ---- what it does not believe ------------------------------------------------------------ */

Test(turn, success_without_the_right_signature_is_passed_over)
{
    struct ix_turn_out o;
    struct ix_turn_data d;
    struct ix_buf b;
    uint8_t storage[256], id[12];
    struct ix_addr relay = addr("203.0.113.66", 1);
    cr_assert_eq(
        open_with(&(struct turn_node_options){ .ip = "198.51.100.9" }, &(struct ix_turn_config){ 0 }, false), 0);
    ix_turn_start(c.t, world_now(c.w));
    cr_assert(ix_turn_poll(c.t, &o));
    memcpy(id, o.data + 8, 12);
    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_stun_begin(&b, IX_STUN_ERROR, IX_STUN_ALLOCATE, id);
    ix_stun_attr_error(&b, 401, "");
    ix_stun_attr(&b, IX_STUN_REALM, "sim.test", 8);
    ix_stun_attr(&b, IX_STUN_NONCE, "n", 1);
    cr_assert_eq(ix_stun_end(&b, IX_STR_NONE), 0);
    cr_assert(ix_turn_input(c.t, b.p, b.n, &d, world_now(c.w)));
    cr_assert(ix_turn_poll(c.t, &o));
    memcpy(id, o.data + 8, 12);
    for (int i = 0; i < 2; i++) {
        ix_buf_init_fixed(&b, storage, sizeof storage);
        ix_stun_begin(&b, IX_STUN_SUCCESS, IX_STUN_ALLOCATE, id);
        ix_stun_attr_addr(&b, IX_STUN_XOR_RELAYED_ADDRESS, &relay, id);
        cr_assert_eq(ix_stun_end(&b, i ? IX_STR("0123456789abcdef") : IX_STR_NONE), 0);
        cr_assert(ix_turn_input(c.t, b.p, b.n, &d, world_now(c.w)));
        cr_assert_eq(ix_turn_state(c.t), IX_TURN_ALLOCATING);
    }
    clear();
}

Test(turn, noise_on_a_stream_ends_it_and_what_is_too_long_is_passed_over)
{
    static const uint8_t noise[] = { 0x80, 0, 0, 0, 0, 0 };
    uint8_t big[4 + 5000] = { 0x40, 0x01, 0x13, 0x88 };
    struct ix_turn_data d;
    open_plain(true);
    reach_ready();
    for (size_t at = 0; at < sizeof big; at += 1000) {
        ix_turn_stream(c.t, big + at, IX_MIN(sizeof big - at, 1000), world_now(c.w));
        while (ix_turn_next(c.t, &d, world_now(c.w)))
            cr_assert_fail("nothing whole");
    }
    echo("still in step");
    ix_turn_stream(c.t, noise, sizeof noise, world_now(c.w));
    cr_assert_not(ix_turn_next(c.t, &d, world_now(c.w)));
    cr_assert_eq(ix_turn_state(c.t), IX_TURN_FAILED);
    clear();
}

Test(turn, an_address_that_is_none_is_refused)
{
    struct ix_turn_config config = { .server.transport = IX_TURN_UDP, .server.addr = addr("0.0.0.0", 3478) };
    struct ix_turn *t = NULL;
    cr_assert_eq(ix_turn_new(&config, &t), IRISX_E_INVALID);
}

static int starved(void *arg)
{
    (void) arg;
    int err = open_with(&(struct turn_node_options){ .ip = "198.51.100.9" }, &(struct ix_turn_config){ 0 }, true);
    if (!err) {
        start();
        (void) world_run_for(c.w, 20 * IX_S);
        if (ix_turn_state(c.t) != IX_TURN_READY)
            (void) ix_turn_failure(c.t, &err);
    }
    clear();
    return err;
}

Test(turn, without_memory_it_says_so)
{
    cr_assert_eq(oom_run(starved, NULL), 0);
}
