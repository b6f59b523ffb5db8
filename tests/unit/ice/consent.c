/* SPDX-License-Identifier: MIT */
/* Consent: asked for every five seconds or so; its loss is told, then final. */
#include <criterion/criterion.h>
#include <string.h>

#include "kit.h"

static struct kit k;

static void connected(bool controlling, uint32_t consent_ms)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true, .consent_ms = consent_ms });
    ix_ice_set_controlling(k.ice, controlling);
    k.lite = controlling; /* it only answers: nominated at once */
    kit_local(&k, 1, "192.0.2.1", 65535);
    kit_local(&k, 2, "192.0.2.2", 65534);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(100)));
    if (controlling)
        cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(100)));
    cr_assert_eq(ix_ice_state(k.ice), controlling ? IX_ICE_CONNECTED : IX_ICE_VALID);
    kit_forget(&k);
}

Test(consent, the_peer_is_asked_every_four_to_six_seconds)
{
    uint64_t last = 100;
    uint64_t least = IX_NEVER;
    uint64_t most = 0;
    connected(true, 0);
    for (size_t i = 0; i < 200; i++) {
        uint64_t at = ix_ice_deadline(k.ice);
        kit_timeout(&k, at);
        cr_assert_eq(k.sent_count, 1);
        cr_assert(k.sent[0].msg.use_candidate && k.sent[0].msg.controlling);
        least = IX_MIN(least, at - last);
        most = IX_MAX(most, at - last);
        last = at;
        cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(at + IX_MS)));
        kit_forget(&k);
    }
    cr_assert_geq(least, 4 * IX_S);
    cr_assert_leq(most, 6 * IX_S);
    cr_assert_gt(most - least, IX_S, "not in step with anybody");
    struct ix_ice_pair pair;
    cr_assert(ix_ice_selected(k.ice, &pair));
    cr_assert_eq(pair.round_trip_us, IX_MS);
    kit_clear(&k);
}

/* the first check leaves 4 to 6 s after the last answer; from there it takes doubt_ms */
#define LOST (6 * IX_S + 2600 * IX_MS)

Test(consent, a_missing_answer_is_asked_for_again_and_its_loss_told_soon)
{
    connected(true, 0);
    uint64_t first = ix_ice_deadline(k.ice);
    cr_assert_geq(first, 100 + 4 * IX_S);
    (void) kit_run(&k, first + 2500 * IX_MS - 1);
    cr_assert_not(kit_saw(&k, IX_ICE_DISCONNECTED));
    cr_assert_geq(k.sent_count, 9, "about four a second");
    (void) kit_run(&k, first + 2500 * IX_MS);
    cr_assert(kit_saw(&k, IX_ICE_DISCONNECTED));
    kit_clear(&k);
}

Test(consent, a_long_round_trip_is_given_its_time)
{
    connected(true, 0);
    uint64_t first = ix_ice_deadline(k.ice);
    kit_timeout(&k, first);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(first + 900 * IX_MS)));
    uint64_t second = ix_ice_deadline(k.ice);
    cr_assert_geq(second, first + 4 * IX_S, "the ordinary pace again");
    kit_forget(&k);
    (void) kit_run(&k, second + 3500 * IX_MS);
    cr_assert_not(kit_saw(&k, IX_ICE_DISCONNECTED));
    (void) kit_run(&k, second + 3600 * IX_MS);
    cr_assert(kit_saw(&k, IX_ICE_DISCONNECTED));
    kit_clear(&k);
}

Test(consent, who_misses_media_has_the_path_asked_at_once)
{
    connected(true, 0);
    ix_ice_probe(k.ice, kit_at(IX_S));
    ix_ice_probe(k.ice, kit_at(IX_S));
    kit_drain(&k);
    cr_assert_eq(k.sent_count, 1, "once");
    (void) kit_run(&k, IX_S + 2500 * IX_MS);
    cr_assert(kit_saw(&k, IX_ICE_DISCONNECTED));
    kit_clear(&k);
}

Test(consent, silence_ends_it_after_the_whole_time)
{
    connected(false, 0);
    (void) kit_run(&k, 99 + 30 * IX_S);
    cr_assert(kit_saw(&k, IX_ICE_DISCONNECTED));
    cr_assert_not(kit_saw(&k, IX_ICE_FAILED));
    cr_assert_eq(kit_run(&k, 60 * IX_S), 100 + 30 * IX_S);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_FAILED);
    cr_assert_eq(ix_ice_deadline(k.ice), IX_NEVER);
    kit_clear(&k);
}

static size_t last_on(uint32_t socket)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < k.sent_count; i++)
        if (k.sent[i].socket == socket && k.sent[i].msg.cls == IX_STUN_REQUEST)
            found = i;
    return found;
}

Test(consent, an_answer_brings_the_connection_back)
{
    connected(true, 0);
    (void) kit_run(&k, LOST);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_DISCONNECTED);
    size_t consent = last_on(1);
    cr_assert(kit_answer(&k, consent, NULL, 0, kit_at(16 * IX_S)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_VALID);
    size_t nomination = last_on(1);
    cr_assert_neq(nomination, consent);
    cr_assert(kit_answer(&k, nomination, NULL, 0, kit_at(16 * IX_S + 1)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    kit_clear(&k);
}

Test(consent, while_the_selected_pair_is_in_doubt_another_may_take_over)
{
    connected(true, 0);
    (void) kit_run(&k, LOST + 100 * IX_MS);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_DISCONNECTED);
    size_t check = last_on(2);
    cr_assert_neq(check, SIZE_MAX, "the other pair is checked");
    cr_assert(kit_answer(&k, check, NULL, 0, kit_at(LOST + 110 * IX_MS)));
    cr_assert_eq(k.selected[k.selected_count - 1].socket, 2);
    (void) kit_run(&k, LOST + 900 * IX_MS);
    cr_assert(kit_answer(&k, last_on(2), NULL, 0, kit_at(LOST + IX_S)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    kit_clear(&k);
}

Test(consent, a_pair_that_had_failed_gets_another_chance)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "192.0.2.1", 65535);
    kit_local(&k, 2, "192.0.2.2", 65534);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    kit_timeout(&k, 99 + 20 * IX_MS);
    cr_assert(kit_answer(&k, 1, NULL, 400, kit_at(99 + 21 * IX_MS)));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(99 + 22 * IX_MS)));
    cr_assert(kit_answer(&k, 2, NULL, 0, kit_at(99 + 23 * IX_MS)));
    kit_forget(&k);
    (void) kit_run(&k, 16 * IX_S);
    cr_assert_neq(last_on(2), SIZE_MAX);
    kit_clear(&k);
}

Test(consent, a_controlled_agent_follows_its_peer_out_of_the_doubt)
{
    struct ix_addr peer = kit_addr("192.0.2.9", 7000);
    struct kit_ask nomination = { .controlling = true, .use_candidate = true, .priority = 1 };
    connected(false, 0);
    cr_assert(kit_ask(&k, 1, &peer, &nomination, kit_at(200)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    (void) kit_run(&k, LOST + 100 * IX_MS);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_DISCONNECTED);
    cr_assert(kit_answer(&k, last_on(2), NULL, 0, kit_at(16 * IX_S)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_VALID);
    cr_assert(kit_ask(&k, 2, &peer, &nomination, kit_at(17 * IX_S)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    cr_assert_eq(k.selected[k.selected_count - 1].socket, 2);
    kit_clear(&k);
}

Test(consent, what_others_answer_is_no_consent)
{
    struct ix_addr elsewhere = kit_addr("192.0.2.66", 7000);
    struct ix_addr peer = kit_addr("192.0.2.9", 7000);
    connected(true, 0);
    kit_timeout(&k, ix_ice_deadline(k.ice));
    cr_assert_eq(k.sent_count, 1);
    cr_assert(kit_answer_from(&k, 0, 1, &elsewhere, KIT_PWD, kit_at(6 * IX_S)));
    kit_forget(&k);
    kit_timeout(&k, ix_ice_deadline(k.ice));
    cr_assert_eq(k.sent_count, 1);
    cr_assert_not(kit_answer_from(&k, 0, 1, &peer, "wrong", kit_at(12 * IX_S)));
    (void) kit_run(&k, LOST);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_DISCONNECTED);
    kit_clear(&k);
}

Test(consent, requests_of_the_peer_are_no_consent)
{
    struct ix_addr peer = kit_addr("192.0.2.9", 7000);
    connected(true, 0);
    for (uint64_t t = 1; t < 15; t++)
        cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlled = true, .priority = 1 }, kit_at(t * IX_S)));
    (void) kit_run(&k, LOST);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_DISCONNECTED);
    kit_clear(&k);
}

Test(consent, a_late_answer_is_as_good_as_an_early_one)
{
    connected(true, 0);
    uint64_t first = ix_ice_deadline(k.ice);
    (void) kit_run(&k, first + 1500 * IX_MS);
    cr_assert_geq(k.sent_count, 2);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(first + 1550 * IX_MS)), "to the first of those on their way");
    (void) kit_run(&k, first + 3 * IX_S);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    kit_clear(&k);
}

Test(consent, a_short_consent_time_asks_more_often)
{
    connected(true, 3000);
    cr_assert_eq(kit_run(&k, 60 * IX_S), 100 + 3 * IX_S);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_FAILED);
    kit_clear(&k);
}
