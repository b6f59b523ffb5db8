/* SPDX-License-Identifier: MIT */
/* ICE restart: two sessions side by side, from one interface to the other and back, and what becomes of a refusal. */
#include <criterion/criterion.h>
#include <string.h>

#include "kit.h"
#include "oom.h"
#include "peer.h"

/* ---- one agent --------------------------------------------------------------------------- */
static struct kit k;

static void connected(void)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    k.lite = true;
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(100)));
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(101)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    kit_forget(&k);
}

Test(restart, new_credentials_and_the_media_stays_where_it_is)
{
    char ufrag[IX_ICE_UFRAG + 1], pwd[IX_ICE_PWD + 1];
    struct ix_addr peer = kit_addr("192.0.2.9", 7000);
    struct ix_ice_pair pair;
    connected();
    memcpy(ufrag, ix_ice_ufrag(k.ice), sizeof ufrag);
    memcpy(pwd, ix_ice_pwd(k.ice), sizeof pwd);
    cr_assert_eq(ix_ice_restart(k.ice), 0);
    cr_assert_str_neq(ix_ice_ufrag(k.ice), ufrag);
    cr_assert_str_neq(ix_ice_pwd(k.ice), pwd);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_NEW);
    cr_assert(ix_ice_restarting(k.ice) && ix_ice_uses(k.ice, 1));
    cr_assert(ix_ice_selected(k.ice, &pair));
    cr_assert(ix_addr_eq(&pair.remote, &peer));
    cr_assert(ix_ice_knows(k.ice, &peer));
    kit_clear(&k);
}

Test(restart, the_old_session_keeps_its_consent_until_the_new_one_is_connected)
{
    connected();
    cr_assert_eq(ix_ice_restart(k.ice), 0);
    (void) kit_run(&k, 7 * IX_S);
    cr_assert_geq(k.sent_count, 1, "consent is asked for");
    cr_assert(kit_answer(&k, k.sent_count - 1, NULL, 0, kit_at(7 * IX_S)));
    kit_forget(&k);
    kit_local(&k, 2, "192.0.2.2", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(7 * IX_S)), 0);
    kit_start(&k, kit_at(7 * IX_S));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(7 * IX_S + 1)));
    cr_assert(ix_ice_restarting(k.ice));
    cr_assert_eq(k.selected[0].socket, 2);
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(7 * IX_S + 2)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    cr_assert_not(ix_ice_restarting(k.ice));
    cr_assert_not(ix_ice_uses(k.ice, 1));
    kit_clear(&k);
}

Test(restart, a_refused_offer_changes_nothing)
{
    char ufrag[IX_ICE_UFRAG + 1];
    connected();
    memcpy(ufrag, ix_ice_ufrag(k.ice), sizeof ufrag);
    cr_assert_eq(ix_ice_restart(k.ice), 0);
    cr_assert(ix_ice_rollback(k.ice));
    cr_assert_str_eq(ix_ice_ufrag(k.ice), ufrag);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    cr_assert_not(ix_ice_rollback(k.ice));
    kit_clear(&k);
}

Test(restart, one_that_fails_leaves_the_session_that_works)
{
    struct ix_ice_pair pair;
    connected();
    cr_assert_eq(ix_ice_restart(k.ice), 0);
    kit_local(&k, 2, "192.0.2.2", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.8", 7000, 65535, kit_at(IX_S)), 0);
    kit_start(&k, kit_at(IX_S));
    for (uint64_t at = IX_S; at < 20 * IX_S; at = ix_ice_deadline(k.ice)) {
        kit_timeout(&k, at);
        size_t last = k.sent_count - 1;
        if (k.sent_count && k.sent[last].socket == 1) /* the old session's consent */
            cr_assert(kit_answer(&k, last, NULL, 0, kit_at(at + 1)));
        k.sent_count = 0;
    }
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    cr_assert_not(kit_saw(&k, IX_ICE_FAILED));
    cr_assert(ix_ice_selected(k.ice, &pair) && pair.socket == 1);
    cr_assert_eq(ix_ice_restart(k.ice), 0, "and may be tried again");
    cr_assert(ix_ice_selected(k.ice, &pair) && pair.socket == 1);
    (void) kit_run(&k, 90 * IX_S);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_NEW);
    kit_clear(&k);
}

Test(restart, when_neither_session_works_it_is_told_once)
{
    connected();
    cr_assert_eq(ix_ice_restart(k.ice), 0);
    kit_local(&k, 2, "192.0.2.2", 65535);
    kit_start(&k, kit_at(IX_S));
    (void) kit_run(&k, 90 * IX_S);
    size_t failures = 0;
    for (size_t i = 0; i < k.state_count; i++)
        failures += k.states[i] == IX_ICE_FAILED;
    cr_assert_eq(failures, 1);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_FAILED);
    cr_assert_eq(ix_ice_deadline(k.ice), IX_NEVER);
    kit_clear(&k);
}

Test(restart, nothing_to_restart_is_refused)
{
    kit_init(&k, &(struct ix_ice_config){ 0 });
    cr_assert_eq(ix_ice_restart(k.ice), IRISX_E_STATE);
    kit_clear(&k);
}

/* ---- two agents, media every 20 ms ------------------------------------------------------- */
struct scene {
    struct world *w;
    struct peer a, b;
    uint64_t until_us;
};

static void talk(void *ctx, struct ix_now now)
{
    struct scene *s = ctx;
    peer_media(&s->a);
    peer_media(&s->b);
    if (now.mono_us < s->until_us)
        world_at(s->w, now.mono_us + 20 * IX_MS, talk, s);
}

static bool settled(void *arg)
{
    const struct scene *s = arg;
    return peer_settled(&s->a) && peer_settled(&s->b);
}

static bool moved(void *arg)
{
    const struct scene *s = arg;
    return settled(arg) && !ix_ice_restarting(s->a.ice) && !ix_ice_restarting(s->b.ice);
}

static void scene_open(struct scene *s, uint64_t seed, const struct world_link *link)
{
    memset(s, 0, sizeof *s);
    s->w = world_new(seed);
    peer_init(
        &s->a, s->w, &(struct peer_config){ "a", .offers = true, .controlling = true, .signalling_us = 20 * IX_MS });
    peer_init(&s->b, s->w, &(struct peer_config){ "b", .signalling_us = 20 * IX_MS });
    peer_socket(&s->a, world_internet(s->w), "192.0.2.1", 4000, link); /* Wi-Fi */
    peer_socket(&s->b, world_internet(s->w), "192.0.2.9", 5000, link);
    peer_join(&s->a, &s->b);
    cr_assert_eq(peer_begin(&s->a), 0);
    cr_assert_eq(peer_begin(&s->b), 0);
    cr_assert_eq(world_run(s->w, settled, s, 20 * IX_S), WORLD_DONE);
    s->until_us = IX_NEVER;
    talk(s, world_now(s->w));
}

static void scene_close(struct scene *s)
{
    peer_clear(&s->a);
    peer_clear(&s->b);
    world_free(s->w);
}

static struct ix_addr addr(const char *ip, uint16_t port)
{
    struct ix_addr a;
    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), port), 0);
    return a;
}

/* the old interface is gone before the new one is used: the gap is signalling and one check */
static void break_then_make(struct scene *s, size_t from, const char *ip, uint16_t port, const struct world_link *link)
{
    s->a.retired[from] = true;
    world_detach(s->a.node, &s->a.sockets[from]);
    peer_socket(&s->a, world_internet(s->w), ip, port, link);
    cr_assert_eq(peer_restart(&s->a), 0);
    cr_assert_eq(world_run(s->w, moved, s, 20 * IX_S), WORLD_DONE);
    cr_assert_eq(world_run_for(s->w, IX_S), WORLD_DONE);
}

Test(restart, from_wifi_to_lte_and_back_media_is_away_for_less_than_a_second)
{
    struct scene s;
    struct world_link wifi = { .delay_us = 10 * IX_MS, .loss_ppm = 10000 };
    struct world_link lte = { .delay_us = 40 * IX_MS, .jitter_us = 30 * IX_MS, .loss_ppm = 20000 };
    uint64_t worst = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        scene_open(&s, seed, &wifi);
        cr_assert_eq(world_run_for(s.w, 2 * IX_S), WORLD_DONE);
        break_then_make(&s, 0, "198.51.100.1", 4001, &lte);
        break_then_make(&s, 1, "192.0.2.3", 4002, &wifi);
        worst = IX_MAX(worst, IX_MAX(s.a.gap_us, s.b.gap_us));
        cr_assert_eq(ix_ice_state(s.a.ice), IX_ICE_CONNECTED);
        cr_assert_eq(ix_ice_state(s.b.ice), IX_ICE_CONNECTED);
        cr_assert(ix_addr_eq(&s.a.selected.local, &s.a.sockets[2]));
        scene_close(&s);
    }
    cr_log_info("longest gap of 200 switches: %.0f ms", (double) worst / 1000.0);
    cr_assert_leq(worst, IX_S);
}

Test(restart, towards_a_better_path_while_the_old_one_works_no_packet_waits)
{
    struct scene s;
    struct world_link slow = { .delay_us = 60 * IX_MS }, fast = { .delay_us = 5 * IX_MS };
    scene_open(&s, 5, &slow);
    cr_assert_eq(world_run_for(s.w, 2 * IX_S), WORLD_DONE);
    peer_socket(&s.a, world_internet(s.w), "192.0.2.7", 4001, &fast);
    s.a.retired[0] = true;
    cr_assert_eq(peer_restart(&s.a), 0);
    cr_assert_eq(world_run(s.w, moved, &s, 20 * IX_S), WORLD_DONE);
    cr_assert_eq(world_run_for(s.w, IX_S), WORLD_DONE);
    cr_assert_leq(IX_MAX(s.a.gap_us, s.b.gap_us), 40 * IX_MS);
    cr_assert(ix_addr_eq(&s.b.media_from, &s.a.sockets[1]));
    scene_close(&s);
}

Test(restart, a_path_that_dies_without_a_word_is_reported_within_nine_seconds)
{
    struct scene s;
    struct world_link link = { .delay_us = 20 * IX_MS };
    scene_open(&s, 6, &link);
    cr_assert_eq(world_run_for(s.w, 2 * IX_S), WORLD_DONE);
    uint64_t cut = world_now(s.w).mono_us - WORLD_START;
    world_set_link(s.a.node, &s.a.sockets[0], &(struct world_link){ .loss_ppm = 1000000 });
    cr_assert_eq(world_run_for(s.w, 10 * IX_S), WORLD_DONE);
    cr_assert(peer_was(&s.a, IX_ICE_DISCONNECTED) && peer_was(&s.b, IX_ICE_DISCONNECTED));
    cr_assert_leq(peer_when(&s.a, IX_ICE_DISCONNECTED), cut + 9 * IX_S);
    scene_close(&s);
}

/* ---- no memory --------------------------------------------------------------------------- */
static int starved(void *arg)
{
    struct ix_prng prng;
    struct ix_rng rng = ix_prng_rng(&prng);
    struct ix_ice *ice = NULL;
    struct ix_candidate c = { .type = IX_CAND_HOST, .priority = 1, .socket = 1, .foundation = "1" };
    struct ix_now now = { 99, 0 };
    char before[IX_ICE_UFRAG + 1];
    (void) arg;
    ix_prng_seed(&prng, 1);
    int err = ix_ice_new(&(struct ix_ice_config){ .rng = &rng }, &ice);
    if (err)
        return err;
    c.addr = c.base = addr("192.0.2.1", 4000);
    err = ix_ice_add_local(ice, &c, now);
    c.addr = addr("192.0.2.9", 4000);
    if (!err)
        err = ix_ice_add_remote(ice, &c, now);
    if (!err)
        err = ix_ice_set_remote(ice, IX_STR("peer"), IX_STR(KIT_PWD), false);
    if (!err)
        err = ix_ice_start(ice, now);
    memcpy(before, ix_ice_ufrag(ice), sizeof before);
    if (!err)
        err = ix_ice_restart(ice);
    cr_assert_eq(strcmp(before, ix_ice_ufrag(ice)) != 0, err == 0, "all or nothing");
    ix_ice_free(ice);
    return err;
}

Test(restart, without_memory_it_stays_as_it_was)
{
    cr_assert_eq(oom_run(starved, NULL), 0);
}
