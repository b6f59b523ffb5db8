/* SPDX-License-Identifier: MIT */
/* The checklist: what is formed, frozen, chosen, dropped. */
#include <criterion/criterion.h>
#include <string.h>

#include "ice/agent.h"
#include "kit.h"

static struct kit k;

Test(pair, pairs_of_one_foundation_wait_for_the_first)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "192.0.2.1", 65535);
    struct ix_candidate c = { .type = IX_CAND_HOST, .foundation = "same" };
    for (uint16_t i = 0; i < 3; i++) {
        c.addr = kit_addr("192.0.2.9", (uint16_t) (7000 + i));
        c.priority = 100U + i;
        cr_assert_eq(ix_ice_add_remote(k.ice, &c, kit_at(99)), 0);
    }
    kit_start(&k, kit_at(99));
    cr_assert_eq(k.sent[0].to.port, 7002);
    cr_assert_eq(k.ice->pairs[0].state, PAIR_FROZEN);
    cr_assert_eq(k.ice->pairs[1].state, PAIR_FROZEN);
    cr_assert_eq(k.ice->pairs[2].state, PAIR_IN_PROGRESS);
    cr_assert(kit_answer(&k, 0, NULL, 400, kit_at(100)));
    kit_timeout(&k, 99 + 20 * IX_MS);
    cr_assert_eq(k.sent[1].to.port, 7001, "with nothing else to do a frozen pair is checked");
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(99 + 21 * IX_MS)));
    cr_assert_eq(k.ice->pairs[0].state, PAIR_WAITING, "a success thaws its foundation");
    kit_clear(&k);
}

Test(pair, a_hundred_pairs_are_kept_and_the_least_fall)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    for (uint32_t i = 0; i < 7; i++)
        kit_local(&k, i, "192.0.2.1", (uint16_t) (65535 - i));
    for (uint16_t i = 0; i < 30; i++) /* the best come last */
        cr_assert_eq(kit_remote(&k, "192.0.2.9", (uint16_t) (7000 + i), (uint16_t) (1000 + i), kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    cr_assert_eq(k.ice->pair_count, ICE_PAIRS_MAX);
    size_t best = 0;
    for (size_t i = 0; i < ICE_PAIRS_MAX; i++)
        best += k.ice->remotes[k.ice->pairs[i].remote].addr.port == 7029;
    cr_assert_eq(best, 7, "every socket has its pair with the best candidate");
    kit_clear(&k);
}

Test(pair, a_link_local_peer_is_reached_through_our_own_zone)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "fe80::1%3", 65535);
    cr_assert_eq(kit_remote(&k, "fe80::9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    cr_assert_eq(k.sent_count, 1);
    cr_assert_eq(k.sent[0].to.scope, 3);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(100)));
    cr_assert_eq(k.selected[0].remote.scope, 3);
    kit_clear(&k);
}

Test(pair, a_candidate_that_comes_late_is_paired_at_once)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "192.0.2.1", 65535);
    kit_start(&k, kit_at(99));
    cr_assert_eq(k.sent_count, 0);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 1, kit_at(100)), 0);
    cr_assert_eq(k.sent_count, 1);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 1, kit_at(100)), 0, "twice is once");
    cr_assert_eq(k.ice->pair_count, 1);
    kit_clear(&k);
}

Test(pair, our_own_order_comes_before_the_peers)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "192.0.2.1", 1); /* first in our SDP, though of lower priority */
    kit_local(&k, 2, "192.0.2.2", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 1, kit_at(99)), 0);
    cr_assert_eq(kit_remote(&k, "192.0.2.8", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    struct ice_pair *first_low = ix_ice_pair_find(k.ice, 0, 0);
    struct ice_pair *first_high = ix_ice_pair_find(k.ice, 0, 1);
    struct ice_pair *second_high = ix_ice_pair_find(k.ice, 1, 1);
    cr_assert(ix_ice_pair_better(k.ice, first_low, second_high));
    cr_assert(ix_ice_pair_better(k.ice, first_high, first_low));
    cr_assert_not(ix_ice_pair_better(k.ice, first_low, first_low));
    kit_clear(&k);
}
