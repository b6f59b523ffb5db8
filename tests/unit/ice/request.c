/* SPDX-License-Identifier: MIT */
/* The peer's checks: who is answered what, and what it teaches. */
#include <criterion/criterion.h>
#include <string.h>

#include "kit.h"

static struct kit k;
static struct ix_addr peer;

static void begin(bool controlling)
{
    peer = kit_addr("192.0.2.9", 7000);
    kit_init(&k, &(struct ix_ice_config){ .controlling = controlling });
    kit_local(&k, 1, "192.0.2.1", 65535);
}

static uint16_t last_code(void)
{
    const struct kit_sent *s = &k.sent[k.sent_count - 1];
    cr_assert(s->msg.cls == IX_STUN_ERROR || s->msg.cls == IX_STUN_SUCCESS);
    return s->msg.error_code;
}

Test(request, errors_are_those_of_the_rfc)
{
    begin(false);
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .password = "" }, kit_at(99)));
    cr_assert_eq(last_code(), 400);
    cr_assert_not(k.sent[0].msg.has_integrity);
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .password = "guess" }, kit_at(99)));
    cr_assert_eq(last_code(), 401);
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlling = true, .unknown = 0x0033 }, kit_at(99)));
    cr_assert_eq(last_code(), 420);
    cr_assert(ix_stun_check_integrity(&k.sent[2].msg, ix_str(ix_ice_pwd(k.ice))));
    static const uint8_t unknown[] = { 0x00, 0x0a, 0x00, 0x02, 0x00, 0x33, 0x00, 0x00 };
    cr_assert_arr_eq(k.sent[2].bytes + 20 + 4 + 4 + 20, unknown, sizeof(unknown)); /* behind "Unknown Attribute" */
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlling = true, .controlled = true }, kit_at(99)));
    cr_assert_eq(last_code(), 400);
    kit_clear(&k);
}

Test(request, what_is_not_for_this_agent_is_left_alone)
{
    begin(false);
    cr_assert_not(kit_ask(&k, 1, &peer, &(struct kit_ask){ .username = "somebody:peer" }, kit_at(99)));
    cr_assert_not(kit_ask(&k, 1, &peer, &(struct kit_ask){ .username = "" }, kit_at(99)));
    cr_assert_not(kit_ask(&k, 1, &peer, &(struct kit_ask){ .username = ix_ice_ufrag(k.ice) }, kit_at(99)));
    cr_assert_not(kit_ask(&k, 7, &peer, &(struct kit_ask){ .controlling = true }, kit_at(99)), "unknown socket");
    cr_assert_eq(k.sent_count, 0);
    kit_clear(&k);
}

Test(request, guessers_get_twenty_errors_a_second_and_authentic_checks_still_pass)
{
    begin(false);
    for (int i = 0; i < 1000; i++)
        cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .password = "guess" }, kit_at(99 * IX_S)));
    cr_assert_eq(k.sent_count, 20);
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlling = true }, kit_at(99 * IX_S)));
    cr_assert_eq(last_code(), 0);
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .password = "guess" }, kit_at(100 * IX_S)));
    cr_assert_eq(last_code(), 401);
    kit_clear(&k);
}

Test(request, what_is_not_authentic_changes_nothing)
{
    struct ix_addr stranger = kit_addr("203.0.113.66", 666);
    begin(false);
    kit_start(&k, kit_at(99));
    for (int i = 0; i < 50; i++) {
        stranger.port++;
        (void) kit_ask(&k, 1, &stranger,
            &(struct kit_ask){ .password = "guess", .controlling = true, .use_candidate = true, .priority = 1 },
            kit_at(100));
    }
    (void) kit_run(&k, IX_S);
    cr_assert_eq(kit_requests(&k), 0);
    kit_clear(&k);
}

Test(request, a_check_before_the_description_is_answered_and_followed_up)
{
    begin(true);
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlled = true, .priority = 77 }, kit_at(99)));
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlled = true, .priority = 77 }, kit_at(99)));
    cr_assert_eq(k.sent_count, 2);
    cr_assert_eq(k.sent[0].msg.cls, IX_STUN_SUCCESS);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_NEW);
    cr_assert_eq(ix_ice_deadline(k.ice), IX_NEVER);
    kit_start(&k, kit_at(100));
    cr_assert_eq(kit_requests(&k), 1, "one triggered check");
    cr_assert(ix_addr_eq(&k.sent[2].to, &peer));
    cr_assert(kit_answer(&k, 2, NULL, 0, kit_at(101)));
    cr_assert_eq(k.selected[0].remote_type, IX_CAND_PRFLX);
    kit_clear(&k);
}

Test(request, early_checks_are_kept_one_for_each_address_up_to_eight)
{
    struct kit_ask check = { .controlling = true, .tie_breaker = 1, .priority = 77 };
    begin(false);
    for (int i = 0; i < 20; i++)
        cr_assert(kit_ask(&k, 1, &peer, &check, kit_at(99)));
    check.use_candidate = true;
    for (uint16_t i = 0; i < 20; i++) {
        cr_assert(kit_ask(&k, 1, &peer, &check, kit_at(99)));
        peer.port = (uint16_t) (7001 + i);
    }
    kit_forget(&k);
    kit_start(&k, kit_at(100));
    (void) kit_run(&k, 100 + 90 * IX_MS);
    cr_assert_eq(kit_requests(&k), 8);
    size_t first = kit_find(&k, "192.0.2.9", 7000, 0);
    cr_assert(kit_answer(&k, first, NULL, 0, kit_at(100 + 91 * IX_MS)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED, "the flag of its second check is remembered");
    kit_clear(&k);
}

Test(request, candidates_that_got_a_name_make_room_for_others)
{
    begin(true);
    kit_start(&k, kit_at(99));
    for (uint16_t i = 0; i < 16; i++) {
        peer.port = (uint16_t) (7000 + i);
        cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlled = true, .priority = 77 }, kit_at(100)));
        if (i < 8)
            cr_assert_eq(kit_remote(&k, "192.0.2.9", peer.port, i, kit_at(100)), 0);
    }
    (void) kit_run(&k, 100 + 99 * IX_MS);
    cr_assert_neq(kit_find(&k, "192.0.2.9", 7015, 0), SIZE_MAX);
    kit_clear(&k);
}

Test(request, a_check_from_an_unknown_address_teaches_a_candidate_that_may_get_a_name)
{
    begin(true);
    kit_start(&k, kit_at(99));
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlled = true, .priority = 77 }, kit_at(100)));
    cr_assert_eq(kit_requests(&k), 1);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(100)), 0);
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(101)));
    cr_assert_eq(k.selected[0].remote_type, IX_CAND_HOST);
    kit_clear(&k);
}

Test(request, a_flood_of_authentic_addresses_stays_within_bounds)
{
    begin(false);
    kit_start(&k, kit_at(99));
    for (uint16_t i = 0; i < 200; i++) {
        peer.port = (uint16_t) (1000 + i);
        cr_assert(kit_ask(
            &k, 1, &peer, &(struct kit_ask){ .controlling = true, .tie_breaker = 1, .priority = 77 }, kit_at(100)));
    }
    cr_assert_eq(k.sent_count - kit_requests(&k), 200, "each is answered");
    kit_forget(&k);
    (void) kit_run(&k, 100 + 90 * IX_MS);
    cr_assert_leq(kit_requests(&k), 8, "eight are learnt and checked");
    kit_clear(&k);
}

Test(request, between_two_drains_answers_are_bounded)
{
    static uint8_t bytes[640];
    begin(false);
    kit_start(&k, kit_at(99));
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlling = true, .priority = 1 }, kit_at(99)));
    struct ix_buf b;
    char username[32];
    ix_buf_init_fixed(&b, username, sizeof(username));
    ix_buf_fmt(&b, "%s:peer", ix_ice_ufrag(k.ice));
    size_t n = b.n;
    ix_buf_init_fixed(&b, bytes, sizeof(bytes));
    ix_stun_begin(&b, IX_STUN_REQUEST, IX_STUN_BINDING, bytes + 600);
    ix_stun_attr(&b, IX_STUN_USERNAME, username, n);
    cr_assert_eq(ix_stun_end(&b, ix_str(ix_ice_pwd(k.ice))), 0);
    kit_forget(&k);
    for (int i = 0; i < 1000; i++)
        cr_assert(ix_ice_input(k.ice, 1, &peer, bytes, b.n, kit_at(100)));
    kit_drain(&k);
    cr_assert_leq(k.sent_count, 18);
    kit_clear(&k);
}

Test(request, the_larger_tie_breaker_controls)
{
    static const struct {
        bool controlling; /* we, and the peer says the same of itself */
        uint64_t theirs;
        uint16_t code;
    } rows[] = { { true, 0, 487 }, { true, UINT64_MAX, 0 }, { false, 0, 0 }, { false, UINT64_MAX, 487 } };
    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        begin(rows[i].controlling);
        kit_start(&k, kit_at(99));
        cr_assert(kit_ask(&k, 1, &peer,
            &(struct kit_ask){ .controlling = rows[i].controlling,
                .controlled = !rows[i].controlling,
                .tie_breaker = rows[i].theirs,
                .priority = 1 },
            kit_at(100)));
        cr_expect_eq(k.sent[0].msg.error_code, rows[i].code, "row %zu", i);
        bool switched = kit_requests(&k) == 1 && k.sent[1].msg.controlling != rows[i].controlling;
        cr_expect_eq(switched, rows[i].code == 0, "row %zu", i);
        kit_clear(&k);
    }
}

Test(request, after_failure_nothing_is_answered)
{
    begin(false);
    kit_start(&k, kit_at(99));
    (void) kit_run(&k, 16 * IX_S);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_FAILED);
    kit_forget(&k);
    cr_assert(kit_ask(&k, 1, &peer, &(struct kit_ask){ .controlling = true, .priority = 1 }, kit_at(17 * IX_S)));
    cr_assert_eq(k.sent_count, 0);
    kit_clear(&k);
}
