/* SPDX-License-Identifier: MIT */
/* The network in virtual time (tests/support/world.h): what scenarios rely on. */
#include <criterion/criterion.h>
#include <string.h>

#include "world.h"

struct probe { /* a node that counts what it gets */
    struct world_node *node;
    size_t datagrams;
    size_t messages;
    uint64_t last_us;
    struct ix_addr from;
    uint8_t order[64];
};

static void probe_input(
    void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *p, size_t n, struct ix_now now)
{
    struct probe *probe = ctx;
    (void) to;
    probe->order[probe->datagrams++ % 64] = n ? *(const uint8_t *) p : 0;
    probe->from = *from;
    probe->last_us = now.mono_us;
}

static void probe_message(void *ctx, struct world_node *from, const void *p, size_t n, struct ix_now now)
{
    struct probe *probe = ctx;
    (void) from;
    (void) now;
    probe->order[probe->messages++ % 64] = n ? *(const uint8_t *) p : 0;
}

static const struct world_node_ops probe_ops = { .input = probe_input, .message = probe_message };

static struct ix_addr addr(const char *ip, uint16_t port)
{
    struct ix_addr a;
    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), port), 0);
    return a;
}

static void attach(struct world *w, struct probe *p, const char *name, struct world_net *net, const struct ix_addr *a,
    const struct world_link *link)
{
    p->node = world_node(w, name, &probe_ops, p);
    world_attach(p->node, net, a, link);
}

Test(world, a_datagram_takes_the_delay_of_both_ends)
{
    struct world *w = world_new(1);
    struct probe a = { 0 };
    struct probe b = { 0 };
    struct ix_addr at_a = addr("192.0.2.1", 1000);
    struct ix_addr at_b = addr("192.0.2.2", 2000);
    attach(w, &a, "a", world_internet(w), &at_a, &(struct world_link){ .delay_us = 10 * IX_MS });
    attach(w, &b, "b", world_internet(w), &at_b, &(struct world_link){ .delay_us = 5 * IX_MS });
    world_send(a.node, &at_a, &at_b, "x", 1);
    cr_assert_eq(world_run_for(w, 100 * IX_MS), WORLD_DONE);
    cr_assert_eq(b.datagrams, 1);
    cr_assert_eq(b.last_us, WORLD_START + 15 * IX_MS);
    cr_assert(ix_addr_eq(&b.from, &at_a));
    world_free(w);
}

static void scatter(uint64_t seed, const struct world_link *link, struct probe *b, uint64_t *digest)
{
    struct world *w = world_new(seed);
    struct probe a = { 0 };
    struct ix_addr at_a = addr("192.0.2.1", 1000);
    struct ix_addr at_b = addr("192.0.2.2", 2000);
    attach(w, &a, "a", world_internet(w), &at_a, link);
    attach(w, b, "b", world_internet(w), &at_b, NULL);
    for (uint8_t i = 0; i < 60; i++) {
        world_send(a.node, &at_a, &at_b, &i, 1);
        cr_assert_eq(world_run_for(w, IX_MS), WORLD_DONE);
    }
    cr_assert_eq(world_run_for(w, IX_S), WORLD_DONE);
    *digest = world_digest(w);
    world_free(w);
}

Test(world, equal_seeds_give_equal_runs_and_others_differ)
{
    struct world_link rough = { .delay_us = 3 * IX_MS,
        .jitter_us = 9 * IX_MS,
        .loss_ppm = 200000,
        .duplicate_ppm = 100000,
        .reorder_ppm = 100000,
        .reorder_us = 30 * IX_MS };
    struct probe b[3] = { { 0 } };
    uint64_t digest[3];
    scatter(7, &rough, &b[0], &digest[0]);
    scatter(7, &rough, &b[1], &digest[1]);
    scatter(8, &rough, &b[2], &digest[2]);
    cr_assert_eq(digest[0], digest[1]);
    cr_assert_neq(digest[0], digest[2]);
    cr_assert_arr_eq(b[0].order, b[1].order, sizeof(b[0].order));
}

Test(world, jitter_alone_keeps_order_and_reorder_does_not)
{
    struct probe b[2] = { { 0 } };
    uint64_t digest;
    scatter(3, &(struct world_link){ .jitter_us = 20 * IX_MS }, &b[0], &digest);
    scatter(3, &(struct world_link){ .reorder_ppm = 300000, .reorder_us = 20 * IX_MS }, &b[1], &digest);
    bool sorted[2] = { true, true };
    for (int r = 0; r < 2; r++)
        for (size_t i = 1; i < 60; i++)
            sorted[r] = sorted[r] && b[r].order[i] > b[r].order[i - 1];
    cr_assert_eq(b[0].datagrams, 60);
    cr_assert_eq(b[1].datagrams, 60);
    cr_assert(sorted[0]);
    cr_assert_not(sorted[1]);
}

Test(world, a_rate_and_an_mtu_bound_a_link)
{
    struct world *w = world_new(1);
    struct probe a = { 0 };
    struct probe b = { 0 };
    struct ix_addr at_a = addr("192.0.2.1", 1000);
    struct ix_addr at_b = addr("192.0.2.2", 2000);
    uint8_t bytes[200] = { 0 };
    attach(w, &a, "a", world_internet(w), &at_a, &(struct world_link){ .rate_bps = 8000, .mtu = 100 });
    attach(w, &b, "b", world_internet(w), &at_b, NULL);
    world_send(a.node, &at_a, &at_b, bytes, 100);
    world_send(a.node, &at_a, &at_b, bytes, 100);
    world_send(a.node, &at_a, &at_b, bytes, 101);
    cr_assert_eq(world_run_for(w, IX_S), WORLD_DONE);
    cr_assert_eq(b.datagrams, 2);
    cr_assert_eq(b.last_us, WORLD_START + 200 * IX_MS);
    world_free(w);
}

/* a inside the box has spoken to b:1; who may answer to the mapped address? */
static void ask_nat(enum world_nat_kind kind, bool *same_ip_other_port, bool *other_ip, bool *one_mapping)
{
    struct world *w = world_new(5);
    struct world_nat_config config = { .kind = kind, .ip = addr("198.51.100.1", 0) };
    struct world_net *home = world_nat(world_internet(w), &config);
    struct probe a = { 0 };
    struct probe b = { 0 };
    struct probe c = { 0 };
    struct ix_addr at_a = addr("10.0.0.2", 1000);
    struct ix_addr at_b = addr("192.0.2.1", 1);
    struct ix_addr at_b2 = addr("192.0.2.1", 2);
    struct ix_addr at_c = addr("192.0.2.9", 1);
    attach(w, &a, "a", home, &at_a, NULL);
    attach(w, &b, "b", world_internet(w), &at_b, NULL);
    world_attach(b.node, world_internet(w), &at_b2, NULL);
    attach(w, &c, "c", world_internet(w), &at_c, NULL);
    world_send(a.node, &at_a, &at_b, "x", 1);
    cr_assert_eq(world_run_for(w, IX_MS), WORLD_DONE);
    struct ix_addr mapped = b.from;
    cr_assert(ix_addr_same_ip(&mapped, &config.ip));
    world_send(b.node, &at_b, &mapped, "y", 1);
    cr_assert_eq(world_run_for(w, IX_MS), WORLD_DONE);
    cr_assert_eq(a.datagrams, 1);
    world_send(b.node, &at_b2, &mapped, "y", 1);
    cr_assert_eq(world_run_for(w, IX_MS), WORLD_DONE);
    *same_ip_other_port = a.datagrams == 2;
    size_t before = a.datagrams;
    world_send(c.node, &at_c, &mapped, "y", 1);
    cr_assert_eq(world_run_for(w, IX_MS), WORLD_DONE);
    *other_ip = a.datagrams > before;
    world_send(a.node, &at_a, &at_c, "x", 1);
    cr_assert_eq(world_run_for(w, IX_MS), WORLD_DONE);
    *one_mapping = ix_addr_eq(&c.from, &mapped);
    world_free(w);
}

Test(world, nat_boxes_filter_and_map_as_their_kind_says)
{
    static const struct {
        enum world_nat_kind kind;
        bool other_port, other_ip, one_mapping;
    } rows[] = { { WORLD_NAT_FULL_CONE, true, true, true }, { WORLD_NAT_RESTRICTED, true, false, true },
        { WORLD_NAT_PORT_RESTRICTED, false, false, true }, { WORLD_NAT_SYMMETRIC, false, false, false } };
    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        bool other_port, other_ip, one_mapping;
        ask_nat(rows[i].kind, &other_port, &other_ip, &one_mapping);
        cr_expect_eq(other_port, rows[i].other_port, "row %zu", i);
        cr_expect_eq(other_ip, rows[i].other_ip, "row %zu", i);
        cr_expect_eq(one_mapping, rows[i].one_mapping, "row %zu", i);
    }
}

Test(world, messages_arrive_in_order_and_loopback_stays_at_home)
{
    struct world *w = world_new(1);
    struct probe a = { 0 };
    struct probe b = { 0 };
    struct ix_addr at_a = addr("127.0.0.1", 1000);
    struct ix_addr at_b = addr("127.0.0.1", 2000);
    attach(w, &a, "a", NULL, &at_a, NULL);
    attach(w, &b, "b", NULL, &at_b, NULL);
    world_tell(a.node, b.node, "1", 1, 9 * IX_MS);
    world_tell(a.node, b.node, "2", 1, IX_MS);
    world_send(a.node, &at_a, &at_b, "x", 1);
    world_send(a.node, &at_a, &at_a, "x", 1);
    cr_assert_eq(world_run_for(w, IX_S), WORLD_DONE);
    cr_assert_eq(b.messages, 2);
    cr_assert_eq(b.order[0], '1');
    cr_assert_eq(b.order[1], '2');
    cr_assert_eq(b.datagrams, 0);
    cr_assert_eq(a.datagrams, 1);
    world_free(w);
}

static bool never(void *arg)
{
    (void) arg;
    return false;
}

static uint64_t always_due(void *ctx)
{
    (void) ctx;
    return 0;
}

static void no_timeout(void *ctx, struct ix_now now)
{
    (void) ctx;
    (void) now;
}

Test(world, a_world_that_stalls_or_spins_fails)
{
    struct world *w = world_new(1);
    cr_assert_eq(world_run(w, never, NULL, IX_S), WORLD_STALLED);
    world_node(w, "spin", &(struct world_node_ops){ .deadline = always_due, .timeout = no_timeout }, NULL);
    cr_assert_eq(world_run(w, never, NULL, IX_S), WORLD_LIVELOCK);
    world_free(w);
}
