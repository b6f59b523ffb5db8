/* SPDX-License-Identifier: MIT */
/* Our checks: pacing, repetition, and which answers count. */
#include <criterion/criterion.h>
#include <string.h>

#include "kit.h"

static struct kit k;

static void one_pair(bool controlling)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = controlling });
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    cr_assert_eq(k.sent_count, 1);
}

Test(check, a_check_is_repeated_at_100_300_700_ms_and_so_on)
{
    static const uint64_t want[] = { 100, 300, 700, 1500, 3100, 6300 };
    one_pair(true);
    for (size_t i = 0; i < IX_COUNT(want); i++) {
        cr_assert_eq(ix_ice_deadline(k.ice), 99 + want[i] * IX_MS);
        kit_timeout(&k, 99 + want[i] * IX_MS - 1);
        cr_assert_eq(k.sent_count, i + 1);
        kit_timeout(&k, 99 + want[i] * IX_MS);
        cr_assert_eq(k.sent_count, i + 2);
        cr_assert_eq(k.sent[i + 1].len, k.sent[0].len);
        cr_assert_arr_eq(k.sent[i + 1].bytes, k.sent[0].bytes, k.sent[0].len, "a repetition is the same message");
    }
    kit_timeout(&k, 99 + 7900 * IX_MS);
    cr_assert_eq(k.sent_count, 8, "while there is time it is tried again");
    cr_assert_arr_neq(k.sent[7].msg.transaction, k.sent[0].msg.transaction, 12);
    kit_clear(&k);
}

Test(check, new_checks_keep_their_pace)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true, .ta_ms = 50 });
    kit_local(&k, 1, "192.0.2.1", 65535);
    kit_local(&k, 2, "2001:db8::1", 65534);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    cr_assert_eq(kit_remote(&k, "192.0.2.8", 7000, 65534, kit_at(99)), 0);
    cr_assert_eq(kit_remote(&k, "2001:db8::9", 7000, 65533, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    cr_assert_eq(k.sent_count, 1);
    cr_assert_eq(k.sent[0].to.ip[3], 9, "the highest priority comes first");
    cr_assert_eq(ix_ice_deadline(k.ice), 99 + 50 * IX_MS);
    kit_timeout(&k, 98 + 50 * IX_MS);
    cr_assert_eq(k.sent_count, 1);
    kit_timeout(&k, 99 + 50 * IX_MS);
    cr_assert_eq(k.sent_count, 2);
    cr_assert_eq(k.sent[1].to.ip[3], 8);
    kit_timeout(&k, 99 + 100 * IX_MS);
    cr_assert_eq(k.sent[2].to.family, IX_IPV6);
    cr_assert_eq(k.sent[2].socket, 2);
    kit_clear(&k);
}

Test(check, an_answer_without_the_peers_password_is_as_if_nothing_came)
{
    one_pair(true);
    struct ix_addr from = k.sent[0].to;
    cr_assert_not(kit_answer_from(&k, 0, 1, &from, "wrongwrongwrongwrongwrong", kit_at(100)));
    cr_assert_not(kit_answer_from(&k, 0, 1, &from, "", kit_at(100)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CHECKING);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(101)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_VALID);
    cr_assert_not(kit_answer(&k, 0, NULL, 0, kit_at(102)), "an answer counts once");
    kit_clear(&k);
}

Test(check, an_answer_from_elsewhere_fails_the_pair)
{
    struct ix_addr elsewhere = kit_addr("192.0.2.66", 7000);
    one_pair(true);
    cr_assert(kit_answer_from(&k, 0, 1, &elsewhere, KIT_PWD, kit_at(100)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CHECKING);
    (void) kit_run(&k, 2 * IX_S);
    cr_assert_eq(k.sent_count, 1, "it is not asked again");
    kit_clear(&k);
}

Test(check, an_answer_on_another_socket_fails_the_pair)
{
    one_pair(true);
    struct ix_addr from = k.sent[0].to;
    cr_assert(kit_answer_from(&k, 0, 2, &from, KIT_PWD, kit_at(100)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CHECKING);
    kit_clear(&k);
}

Test(check, an_authentic_error_fails_the_pair)
{
    one_pair(true);
    cr_assert(kit_answer(&k, 0, NULL, 400, kit_at(100)));
    (void) kit_run(&k, 2 * IX_S);
    cr_assert_eq(k.sent_count, 1);
    kit_clear(&k);
}

Test(check, the_answer_to_a_check_replaced_by_a_triggered_one_counts)
{
    struct ix_addr peer = kit_addr("192.0.2.9", 7000);
    one_pair(true);
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlled = true, .priority = 1 }, kit_at(99 + 6 * IX_MS)));
    size_t second = kit_find(&k, "192.0.2.9", 7000, 1);
    cr_assert_neq(second, SIZE_MAX, "a triggered check");
    cr_assert_arr_neq(k.sent[second].msg.transaction, k.sent[0].msg.transaction, 12);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 7 * IX_MS)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_VALID);
    kit_clear(&k);
}

Test(check, the_answer_to_a_repeated_check_bounds_the_round_trip_and_never_replaces_a_known_one)
{
    struct ix_ice_pair pair;
    one_pair(true);
    kit_timeout(&k, 99 + 100 * IX_MS);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 150 * IX_MS)));
    cr_assert(ix_ice_selected(k.ice, &pair));
    cr_assert_eq(pair.round_trip_us, 150 * IX_MS);
    (void) kit_run(&k, 99 + 400 * IX_MS);
    cr_assert_gt(k.sent_count, 4, "the nomination is repeated");
    cr_assert(kit_answer(&k, 2, NULL, 0, kit_at(99 + 410 * IX_MS)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    cr_assert(ix_ice_selected(k.ice, &pair));
    cr_assert_eq(pair.round_trip_us, 150 * IX_MS);
    kit_clear(&k);
}

Test(check, two_eager_agents_do_not_trigger_each_other_for_ever)
{
    struct ix_addr peer = kit_addr("192.0.2.9", 7000);
    one_pair(true);
    for (uint64_t i = 1; i < 20; i++)
        (void) kit_ask(
            &k, 1, &peer, &(struct kit_ask){ .controlled = true, .priority = 1 }, kit_at(99 + 6 * i * IX_MS));
    cr_assert_leq(kit_requests(&k), 6);
    kit_clear(&k);
}

Test(check, a_role_conflict_switches_the_role_and_changes_the_tie_breaker)
{
    one_pair(true);
    cr_assert(k.sent[0].msg.controlling);
    cr_assert(kit_answer(&k, 0, NULL, 487, kit_at(99 + 6 * IX_MS)));
    cr_assert_eq(k.sent_count, 2, "the pair is checked again");
    cr_assert(k.sent[1].msg.controlled && !k.sent[1].msg.controlling);
    cr_assert_neq(k.sent[1].msg.tie_breaker, k.sent[0].msg.tie_breaker);
    kit_clear(&k);
}

Test(check, a_peer_that_always_answers_487_is_given_up)
{
    one_pair(true);
    uint64_t t = 99;
    for (size_t i = 0; i < k.sent_count && i < 20; i++) {
        t += 6 * IX_MS;
        cr_assert(kit_answer(&k, i, NULL, 487, kit_at(t)));
    }
    cr_assert_leq(k.sent_count, 6);
    kit_clear(&k);
}

/*
 * Found by seed 595 of the scenarios: after a 487 the repetition of an older check went out with the old role and the
 * new tie-breaker, won against the peer, and the two changed roles in turn.
 */
Test(check, a_repetition_keeps_role_and_tie_breaker_of_the_first)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    cr_assert_eq(kit_remote(&k, "192.0.2.8", 7000, 65534, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    kit_timeout(&k, 99 + 20 * IX_MS);
    cr_assert(kit_answer(&k, 1, NULL, 487, kit_at(99 + 30 * IX_MS)));
    kit_timeout(&k, 99 + 100 * IX_MS);
    size_t again = kit_find(&k, "192.0.2.9", 7000, 1);
    cr_assert_neq(again, SIZE_MAX);
    cr_assert_arr_eq(k.sent[again].bytes, k.sent[0].bytes, k.sent[0].len);
    kit_clear(&k);
}
