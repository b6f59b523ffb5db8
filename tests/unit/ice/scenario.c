/* SPDX-License-Identifier: MIT */
/* Two whole agents over links and NAT boxes, in virtual time: they select the same pair, or both fail. */
#include <criterion/criterion.h>
#include <string.h>

#include "oom.h"
#include "peer.h"

#define NAT_NONE ((enum world_nat_kind) 0)

struct scene {
    struct world *w;
    struct stun_server stun;
    struct peer a;
    struct peer b;
    struct world_net *net_a;
    struct world_net *net_b;
};

static struct ix_addr addr(const char *ip, uint16_t port)
{
    struct ix_addr a;
    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), port), 0);
    return a;
}

static struct world_net *behind(struct world *w, enum world_nat_kind kind, const char *ip)
{
    struct world_nat_config config = { .kind = kind, .ip = addr(ip, 0), .hairpin = world_pick(w, 2) };
    return kind == NAT_NONE ? world_internet(w) : world_nat(world_internet(w), &config);
}

/* a offers and controls; both know a STUN server */
static void scene_init(struct scene *s, uint64_t seed, enum world_nat_kind nat_a, enum world_nat_kind nat_b,
    const struct world_link *link, uint64_t signalling_us)
{
    s->w = world_new(seed);
    stun_server_init(&s->stun, s->w, "203.0.113.99", 3478);
    peer_init(&s->a, s->w,
        &(struct peer_config){
            "a", .offers = true, .controlling = true, .signalling_us = signalling_us, .stun = s->stun.addr });
    peer_init(&s->b, s->w, &(struct peer_config){ "b", .signalling_us = signalling_us, .stun = s->stun.addr });
    s->net_a = behind(s->w, nat_a, "198.51.100.1");
    s->net_b = behind(s->w, nat_b, "198.51.100.2");
    peer_socket(&s->a, s->net_a, nat_a ? "10.0.0.2" : "203.0.113.1", 4000, link);
    peer_socket(&s->b, s->net_b, nat_b ? "192.168.1.2" : "203.0.113.2", 5000, link);
    peer_join(&s->a, &s->b);
}

static void scene_begin(struct scene *s)
{
    cr_assert_eq(peer_begin(&s->a), 0);
    cr_assert_eq(peer_begin(&s->b), 0);
}

static void scene_clear(struct scene *s)
{
    peer_clear(&s->a);
    peer_clear(&s->b);
    world_free(s->w);
}

static bool settled(void *arg)
{
    const struct scene *s = arg;
    return peer_settled(&s->a) && peer_settled(&s->b);
}

static bool connected(const struct scene *s)
{
    return ix_ice_state(s->a.ice) == IX_ICE_CONNECTED && ix_ice_state(s->b.ice) == IX_ICE_CONNECTED;
}

/* what each sends over its selected pair arrives on the selected pair of the other, lossless for the question */
static bool same_pair(struct scene *s)
{
    world_set_link(s->a.node, &s->a.selected.local, NULL);
    world_set_link(s->b.node, &s->b.selected.local, NULL);
    peer_media(&s->a);
    peer_media(&s->b);
    return world_run_for(s->w, IX_S) == WORLD_DONE && peer_heard(&s->a, &s->b) && peer_heard(&s->b, &s->a);
}

Test(scenario, on_a_perfect_network_it_takes_no_time)
{
    struct scene s;
    scene_init(&s, 1, NAT_NONE, NAT_NONE, NULL, 0);
    scene_begin(&s);
    cr_assert_eq(world_run(s.w, settled, &s, 10 * IX_S), WORLD_DONE);
    cr_assert(connected(&s));
    cr_assert_leq(peer_when(&s.a, IX_ICE_CONNECTED), 6 * IX_MS);
    cr_assert_leq(peer_when(&s.b, IX_ICE_CONNECTED), 6 * IX_MS);
    cr_assert(same_pair(&s));
    cr_assert_eq(s.a.err, 0);
    cr_assert_eq(s.b.err, 0);
    scene_clear(&s);
}

/* a box without a mapped address in the description: its STUN server was out of luck */
static bool nameless(struct peer *p, enum world_nat_kind kind)
{
    const struct ix_candidate *c;
    size_t n = ix_ice_locals(p->ice, &c);
    for (size_t i = 0; i < n; i++)
        if (c[i].type == IX_CAND_SRFLX)
            return false;
    return kind != NAT_NONE;
}

static bool can_work(enum world_nat_kind x, enum world_nat_kind y)
{
    if (x == WORLD_NAT_SYMMETRIC)
        return y != WORLD_NAT_SYMMETRIC && y != WORLD_NAT_PORT_RESTRICTED;
    return !(y == WORLD_NAT_SYMMETRIC && x == WORLD_NAT_PORT_RESTRICTED);
}

Test(scenario, every_pair_of_nats_that_can_work_works_and_no_other)
{
    for (int x = NAT_NONE; x <= WORLD_NAT_SYMMETRIC; x++) {
        for (int y = NAT_NONE; y <= WORLD_NAT_SYMMETRIC; y++) {
            struct scene s;
            struct world_link link = { .delay_us = 15 * IX_MS };
            scene_init(&s, 1, (enum world_nat_kind) x, (enum world_nat_kind) y, &link, 40 * IX_MS);
            scene_begin(&s);
            cr_assert_eq(world_run(s.w, settled, &s, 60 * IX_S), WORLD_DONE, "%d %d", x, y);
            bool works = can_work((enum world_nat_kind) x, (enum world_nat_kind) y);
            cr_assert_eq(connected(&s), works, "%d %d", x, y);
            cr_assert(!works || same_pair(&s), "%d %d", x, y);
            scene_clear(&s);
        }
    }
}

static void random_link(struct world *w, struct world_link *link)
{
    *link = (struct world_link){ .delay_us = world_pick(w, 120) * IX_MS,
        .jitter_us = world_pick(w, 60) * IX_MS,
        .loss_ppm = world_pick(w, 150000),
        .duplicate_ppm = world_pick(w, 100000),
        .reorder_ppm = world_pick(w, 100000),
        .reorder_us = world_pick(w, 80) * IX_MS };
}

static void random_scene(struct scene *s, uint64_t seed, enum world_nat_kind nat[2])
{
    struct world *dice = world_new(seed ^ 0xd1ce);
    enum world_nat_kind x = (enum world_nat_kind) world_pick(dice, 5);
    enum world_nat_kind y = (enum world_nat_kind) world_pick(dice, 5);
    struct world_link link;
    random_link(dice, &link);
    scene_init(s, seed, x, y, &link, world_pick(dice, 400) * IX_MS);
    s->b.config.controlling = world_pick(dice, 4) == 0; /* a role conflict */
    s->a.config.controlling = world_pick(dice, 8) != 0;
    s->b.config.start_us = world_pick(dice, 300) * IX_MS;
    s->a.config.trickle_last = world_pick(dice, 4) == 0;
    if (world_pick(dice, 3) == 0) { /* a second way, without NAT */
        random_link(dice, &link);
        peer_socket(&s->a, world_internet(s->w), "2001:db8::a", 6000, &link);
        peer_socket(&s->b, world_internet(s->w), "2001:db8::b", 6000, &link);
        x = y = NAT_NONE;
    }
    nat[0] = x;
    nat[1] = y;
    world_free(dice);
}

static uint64_t run_random(uint64_t seed)
{
    struct scene s;
    enum world_nat_kind nat[2];
    random_scene(&s, seed, nat);
    scene_begin(&s);
    cr_assert_eq(world_run(s.w, settled, &s, 60 * IX_S), WORLD_DONE, "seed %llu", (unsigned long long) seed);
    bool works = can_work(nat[0], nat[1]);
    bool lucky = !nameless(&s.a, nat[0]) && !nameless(&s.b, nat[1]);
    bool good = (connected(&s) ? works && same_pair(&s) : !works || !lucky) &&
                ix_ice_state(s.a.ice) == ix_ice_state(s.b.ice) && s.a.err == 0 && s.b.err == 0;
    if (!good)
        world_print(s.w);
    cr_assert(good, "seed %llu", (unsigned long long) seed);
    uint64_t digest = world_digest(s.w);
    scene_clear(&s);
    return digest;
}

Test(scenario, over_rough_links_both_select_the_same_pair_or_both_fail)
{
    for (uint64_t seed = 1; seed <= 400; seed++)
        (void) run_random(seed);
}

Test(scenario, a_seed_reruns_bit_for_bit)
{
    cr_assert_eq(run_random(17), run_random(17));
}

/* ---- no memory --------------------------------------------------------------------------- */

static int starved(void *arg)
{
    struct scene s;
    (void) arg;
    struct world_link link = { .delay_us = 10 * IX_MS };
    scene_init(&s, 3, WORLD_NAT_RESTRICTED, WORLD_NAT_SYMMETRIC, &link, 40 * IX_MS);
    int err = peer_begin(&s.a);
    if (!err)
        err = peer_begin(&s.b);
    if (!err)
        (void) world_run_for(s.w, 20 * IX_S);
    if (!err)
        err = s.a.err ? s.a.err : s.b.err;
    if (!err && !connected(&s))
        err = IRISX_E_INTERNAL;
    scene_clear(&s);
    return err;
}

Test(scenario, without_memory_it_connects_or_says_so)
{
    cr_assert_eq(oom_run(starved, NULL), 0);
}
