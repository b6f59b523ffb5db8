/* SPDX-License-Identifier: MIT */
/* The sockets kept ready for the next call: interfaces come and go, NATs forget. */
#include "scenario.h"

static bool waits_with_a_spare_set(void *arg)
{
    const struct sim *t = arg;

    return t->client->socket_count > 0 && t->client->socket_count == t->client->addr_count;
}

Test(sockets, a_line_that_registered_before_the_network_was_up_can_call_afterwards)
{
    struct world_link link = { .delay_us = 5 * IX_MS };
    struct sim t;

    sim_begin(&t, &(struct sim_options){ .seed = 1, .bare = true });
    phone_node_attach(t.server, world_internet(t.w), "192.0.2.20", &link);
    t.line = phone_node_line(t.client, t.server, "1000", "secret");
    REACH(&t, sim_ready, 10 * IX_S);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ended, 2 * IX_S); /* no interface at all: said at once */
    cr_assert_eq(LAST(t.client)->code, IRISX_E_MEDIA);
    phone_node_attach(t.client, world_internet(t.w), "192.0.2.10", &link);
    sim_talk(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(sockets, a_change_of_network_replaces_the_spare_ones)
{
    struct sim t;

    sim_start(&t, 2);
    REACH(&t, waits_with_a_spare_set, IX_S);
    (void) ix_addr_parse(&t.client->addrs[0], IX_STR("192.0.2.77"), 0); /* a literal */
    ix_phone_network_changed(t.client->phone, NOW(&t));
    sim_talk(&t);
    cr_assert_not_null(strstr(sim_must(&t, t.client, "INVITE ", NULL), "192.0.2.77"));
    cr_assert_null(strstr(sim_must(&t, t.client, "INVITE ", NULL), "192.0.2.10"));
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(sockets, what_a_stun_server_sees_is_kept_alive_until_the_call)
{
    struct world_nat_config nat = { .kind = WORLD_NAT_RESTRICTED, .idle_us = 30 * IX_S };
    struct world_link link = { .delay_us = 5 * IX_MS };
    struct ix_addr stun;
    struct sim t;
    uint64_t asked;

    sim_begin(&t, &(struct sim_options){ .seed = 3, .bare = true });
    (void) ix_addr_parse(&nat.ip, IX_STR("198.51.100.1"), 0); /* a literal */
    phone_node_attach(t.client, world_nat(world_internet(t.w), &nat), "10.0.0.2", &link);
    phone_node_attach(t.server, world_internet(t.w), "192.0.2.20", &link);
    t.stun = stun_node_new(t.w, world_internet(t.w), "192.0.2.30");
    stun = stun_node_addr(t.stun);
    ix_phone_set_stun(t.client->phone, &stun, 1);
    t.line = phone_node_line(t.client, t.server, "1000", "secret");
    REACH(&t, sim_ready, 10 * IX_S);
    PASS_TIME(&t, 600 * IX_S);
    asked = stun_node_asked(t.stun);
    cr_assert_geq(asked, 20);
    cr_assert_leq(asked, 80);
    sim_talk(&t);
    cr_assert_not_null(strstr(sim_must(&t, t.client, "INVITE ", NULL), "198.51.100.1"));
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(sockets, sets_that_are_still_being_opened_when_the_call_ends_are_closed)
{
    struct sim t;

    sim_begin(&t, &(struct sim_options){ .seed = 4 });
    t.server->auto_answer = true;
    REACH(&t, sim_ready, 10 * IX_S);
    for (int i = 0; i < 50; i++) {
        cr_assert_eq(sim_dial(&t), 0);
        cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
        PASS_TIME(&t, (uint64_t) i * IX_MS);
    }
    REACH(&t, sim_ended, 10 * IX_S);
    sim_finish(&t);
}
