/* SPDX-License-Identifier: MIT */
/* Which pair carries the media. */
#include <criterion/criterion.h>
#include <string.h>

#include "kit.h"

static struct kit k;

/* two sockets of ours, the first preferred; one address of the peer */
static void two_pairs_with(bool controlling, bool lite)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = controlling });
    k.lite = lite;
    kit_local(&k, 1, "192.0.2.1", 65535);
    kit_local(&k, 2, "192.0.2.2", 65534);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    kit_timeout(&k, 99 + 20 * IX_MS);
    cr_assert_eq(k.sent_count, 2);
    cr_assert_eq(k.sent[0].socket, 1);
    cr_assert_eq(k.sent[1].socket, 2);
}

/* a controlling agent's peer only answers, unless a test is about more */
static void two_pairs(bool controlling)
{
    two_pairs_with(controlling, controlling);
}

static bool nomination_on(uint32_t socket)
{
    for (size_t i = 0; i < k.sent_count; i++)
        if (k.sent[i].msg.use_candidate)
            return k.sent[i].socket == socket;
    return false;
}

static bool any_nomination(void)
{
    return nomination_on(1) || nomination_on(2);
}

Test(nominate, the_preferred_pair_is_nominated_at_once)
{
    two_pairs(true);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 21 * IX_MS)));
    cr_assert(nomination_on(1));
    kit_clear(&k);
}

Test(nominate, a_lesser_pair_waits_50_ms_and_a_round_trip_for_the_preferred_one)
{
    two_pairs(true);
    uint64_t t = 99 + 30 * IX_MS;
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(t)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_VALID, "DTLS may start");
    cr_assert_eq(k.selected[0].socket, 2);
    cr_assert_not(any_nomination());
    (void) kit_run(&k, t + 60 * IX_MS - 1); /* the round trip took 10 ms */
    cr_assert_not(any_nomination());
    cr_assert_eq(ix_ice_deadline(k.ice), t + 60 * IX_MS);
    (void) kit_run(&k, t + 60 * IX_MS);
    cr_assert(nomination_on(2));
    kit_clear(&k);
}

Test(nominate, the_preferred_pair_may_come_within_the_grace)
{
    two_pairs(true);
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(99 + 30 * IX_MS)));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 40 * IX_MS)));
    cr_assert(nomination_on(1));
    cr_assert_eq(k.selected_count, 1, "media stays where it is until the nomination is done");
    cr_assert(kit_answer(&k, 2, NULL, 0, kit_at(99 + 50 * IX_MS)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    cr_assert_eq(k.selected_count, 2);
    cr_assert_eq(k.selected[1].socket, 1);
    kit_clear(&k);
}

Test(nominate, when_the_preferred_pair_fails_the_next_is_nominated_without_waiting)
{
    two_pairs(true);
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(99 + 30 * IX_MS)));
    cr_assert_not(any_nomination());
    cr_assert(kit_answer(&k, 0, NULL, 400, kit_at(99 + 31 * IX_MS)));
    cr_assert(nomination_on(2));
    kit_clear(&k);
}

Test(nominate, a_nomination_without_answer_is_repeated_and_then_moves_to_another_pair)
{
    two_pairs(true);
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(99 + 30 * IX_MS)));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 31 * IX_MS)));
    kit_forget(&k);
    (void) kit_run(&k, 99 + 31 * IX_MS + 1400 * IX_MS);
    cr_assert_eq(kit_requests(&k), 14, "every 100 ms");
    kit_forget(&k);
    (void) kit_run(&k, 99 + 5 * IX_S);
    cr_assert(k.sent[0].msg.use_candidate);
    cr_assert_eq(k.sent[0].socket, 2);
    kit_clear(&k);
}

Test(nominate, a_controlling_agent_never_follows_the_peers_flag)
{
    struct ix_addr peer = kit_addr("192.0.2.9", 7000);
    two_pairs(true);
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(99 + 30 * IX_MS)));
    cr_assert(kit_ask(&k, 2, &peer, &(struct kit_ask){ .controlled = true, .use_candidate = true, .priority = 1 },
        kit_at(99 + 31 * IX_MS)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_VALID);
    kit_clear(&k);
}

static void ask(uint32_t socket, bool use_candidate, uint64_t us)
{
    struct ix_addr peer = kit_addr("192.0.2.9", 7000);
    cr_assert(kit_ask(&k, socket, &peer,
        &(struct kit_ask){ .controlling = true, .use_candidate = use_candidate, .priority = 1 }, kit_at(us)));
}

/* FreeSWITCH checks on the pair it has locked onto, and on no other */
static void peer_checks(uint32_t socket, uint64_t us)
{
    struct ix_addr peer = kit_addr("192.0.2.9", 7000);
    cr_assert(kit_ask(&k, socket, &peer, &(struct kit_ask){ .controlled = true, .priority = 1 }, kit_at(us)));
}

Test(nominate, a_pair_on_which_the_peer_checks_is_worth_more_than_a_preferred_one_that_only_answers)
{
    two_pairs_with(true, false);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 21 * IX_MS)));
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(99 + 22 * IX_MS)));
    cr_assert_eq(k.selected[0].socket, 1, "DTLS may start on what works first");
    cr_assert_not(any_nomination(), "the peer has checked nothing yet");
    peer_checks(2, 99 + 23 * IX_MS);
    cr_assert_eq(k.selected[1].socket, 2, "media moves to where the peer looks");
    (void) kit_run(&k, 99 + 200 * IX_MS);
    cr_assert(nomination_on(2));
    kit_clear(&k);
}

Test(nominate, the_preferred_pair_is_nominated_at_once_when_the_peer_checks_on_it)
{
    two_pairs_with(true, false);
    peer_checks(1, 99 + 20 * IX_MS);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 21 * IX_MS)));
    cr_assert(nomination_on(1));
    kit_clear(&k);
}

Test(nominate, a_full_peer_that_never_checks_gets_the_preferred_pair_after_the_grace)
{
    two_pairs_with(true, false);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 21 * IX_MS)));
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(99 + 22 * IX_MS)));
    cr_assert_not(any_nomination());
    (void) kit_run(&k, 99 + 200 * IX_MS);
    cr_assert(nomination_on(1));
    kit_clear(&k);
}

Test(nominate, a_controlled_agent_waits_for_the_peer)
{
    two_pairs(false);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 21 * IX_MS)));
    (void) kit_run(&k, 2 * IX_S);
    cr_assert_not(any_nomination());
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_VALID);
    ask(1, true, 3 * IX_S);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    cr_assert_eq(k.selected_count, 1);
    kit_clear(&k);
}

Test(nominate, a_nomination_before_our_check_is_answered_counts_when_it_is)
{
    two_pairs(false);
    ask(1, true, 99 + 21 * IX_MS);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CHECKING);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 22 * IX_MS)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    cr_assert(kit_saw(&k, IX_ICE_VALID));
    kit_clear(&k);
}

Test(nominate, of_an_aggressive_peers_nominations_the_highest_priority_counts)
{
    two_pairs(false);
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(99 + 21 * IX_MS)));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 22 * IX_MS)));
    ask(2, true, 99 + 23 * IX_MS);
    cr_assert_eq(k.selected[k.selected_count - 1].socket, 2);
    ask(1, true, 99 + 24 * IX_MS);
    cr_assert_eq(k.selected[k.selected_count - 1].socket, 1);
    ask(2, true, 99 + 25 * IX_MS);
    cr_assert_eq(k.selected[k.selected_count - 1].socket, 1, "the lesser one is no news");
    kit_clear(&k);
}

Test(nominate, a_peer_that_has_moved_on_is_followed)
{
    two_pairs(false);
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(99 + 21 * IX_MS)));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 22 * IX_MS)));
    ask(1, true, 99 + 23 * IX_MS);
    ask(2, true, 99 + 23 * IX_MS + IX_S);
    cr_assert_eq(k.selected[k.selected_count - 1].socket, 2);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    kit_clear(&k);
}
