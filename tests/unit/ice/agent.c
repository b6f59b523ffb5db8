/* SPDX-License-Identifier: MIT */
/* The agent as a whole: literal bytes on the wire, commands in the wrong state, limits. */
#include <criterion/criterion.h>
#include <string.h>

#include "kit.h"

static struct kit k; /* one test, one process */

/* a check of the peer with our ufrag and password "AAAA...", and what we answer to 192.0.2.9:7000; digests by Python */
static const uint8_t peer_check[] = { 0x00, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0x01, 0x02, 0x03, 0x04, 0x05,
    0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x00, 0x06, 0x00, 0x0d, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41,
    0x3a, 0x70, 0x65, 0x65, 0x72, 0x00, 0x00, 0x00, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x7f, 0xff, 0xff, 0x80, 0x2a, 0x00,
    0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x14, 0x7c, 0x96, 0x33, 0x6d, 0x56, 0xb2,
    0xed, 0x57, 0xa7, 0xd9, 0x83, 0xe1, 0x5e, 0x9a, 0xe3, 0xd2, 0x93, 0xb4, 0x13, 0xd1, 0x80, 0x28, 0x00, 0x04, 0xc3,
    0x8d, 0xbf, 0x6f };
static const uint8_t our_answer[] = { 0x01, 0x01, 0x00, 0x2c, 0x21, 0x12, 0xa4, 0x42, 0x01, 0x02, 0x03, 0x04, 0x05,
    0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0x3a, 0x4a, 0xe1, 0x12, 0xa6, 0x4b,
    0x00, 0x08, 0x00, 0x14, 0x51, 0xdf, 0xd9, 0x28, 0xe2, 0x77, 0xf3, 0x51, 0x5d, 0xf5, 0x55, 0x78, 0x34, 0x80, 0x1d,
    0xe4, 0xf0, 0xbc, 0x94, 0x88, 0x80, 0x28, 0x00, 0x04, 0x32, 0xae, 0x2f, 0x32 };
static const uint8_t our_check[] = { 0x00, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x06, 0x00, 0x0d, 0x70, 0x65, 0x65, 0x72, 0x3a, 0x41, 0x41, 0x41, 0x41,
    0x41, 0x41, 0x41, 0x41, 0x00, 0x00, 0x00, 0x00, 0x24, 0x00, 0x04, 0x6e, 0xff, 0xff, 0xff, 0x80, 0x2a, 0x00, 0x08,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x14, 0x4b, 0x99, 0x9f, 0x8e, 0xde, 0x1d, 0xd2,
    0xa0, 0xf5, 0x27, 0xcc, 0x9d, 0xcb, 0x79, 0x6b, 0xbf, 0x77, 0x05, 0x2d, 0x5f, 0x80, 0x28, 0x00, 0x04, 0x4c, 0x29,
    0xfa, 0xdb };

Test(agent, a_check_of_the_peer_is_answered_byte_for_byte)
{
    struct ix_addr from = kit_addr("192.0.2.9", 7000);
    kit_init_zero(&k, false);
    cr_assert_str_eq(ix_ice_ufrag(k.ice), "AAAAAAAA");
    cr_assert_str_eq(ix_ice_pwd(k.ice), "AAAAAAAAAAAAAAAAAAAAAAAA");
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert(ix_ice_input(k.ice, 1, &from, peer_check, sizeof(peer_check), kit_at(99)));
    kit_drain(&k);
    cr_assert_eq(k.sent_count, 1);
    cr_assert_eq(k.sent[0].len, sizeof(our_answer));
    cr_assert_arr_eq(k.sent[0].bytes, our_answer, sizeof(our_answer));
    cr_assert(ix_addr_eq(&k.sent[0].to, &from));
    cr_assert_eq(k.sent[0].socket, 1);
    kit_clear(&k);
}

Test(agent, the_first_check_leaves_at_once_byte_for_byte)
{
    kit_init_zero(&k, true);
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(100));
    cr_assert_eq(k.sent_count, 1);
    cr_assert_eq(k.sent[0].len, sizeof(our_check));
    cr_assert_arr_eq(k.sent[0].bytes, our_check, sizeof(our_check));
    kit_clear(&k);
}

Test(agent, a_controlling_agent_connects_in_two_round_trips)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    cr_assert_eq(ix_ice_deadline(k.ice), IX_NEVER);
    kit_start(&k, kit_at(99));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(100)));
    cr_assert_eq(k.selected_count, 1);
    cr_assert_eq(k.selected[0].socket, 1);
    cr_assert_eq(k.selected[0].round_trip_us, 1);
    cr_assert_eq(k.selected[0].local_type, IX_CAND_HOST);
    cr_assert_eq(k.selected[0].remote_type, IX_CAND_HOST);
    cr_assert_eq(k.sent_count, 2, "the nomination does not wait for a timer");
    cr_assert(k.sent[1].msg.use_candidate);
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(101)));
    static const enum ix_ice_state want[] = { IX_ICE_CHECKING, IX_ICE_VALID, IX_ICE_CONNECTED };
    cr_assert_eq(k.state_count, 3);
    cr_assert_arr_eq(k.states, want, sizeof(want));
    cr_assert_eq(k.selected_count, 1, "the same pair is not told twice");
    kit_clear(&k);
}

Test(agent, what_the_peer_sees_decides_the_local_type)
{
    struct ix_candidate srflx = {
        .type = IX_CAND_SRFLX, .priority = ix_ice_priority(IX_CAND_SRFLX, 65535), .socket = 1
    };
    struct ix_addr mapped = kit_addr("198.51.100.7", 9000);
    struct ix_addr other = kit_addr("198.51.100.7", 9001);
    for (int i = 0; i < 2; i++) {
        kit_init(&k, &(struct ix_ice_config){ .controlling = true });
        kit_local(&k, 1, "10.0.0.2", 65535);
        srflx.addr = mapped;
        srflx.base = kit_base(1);
        cr_assert_eq(ix_ice_add_local(k.ice, &srflx, kit_at(99)), 0);
        cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
        kit_start(&k, kit_at(99));
        cr_assert_eq(k.sent_count, 1, "host and srflx of a socket make one pair");
        cr_assert(kit_answer(&k, 0, i ? &other : &mapped, 0, kit_at(100)));
        cr_assert_eq(k.selected[0].local_type, i ? IX_CAND_PRFLX : IX_CAND_SRFLX);
        cr_assert(ix_addr_eq(&k.selected[0].local, &srflx.base), "media leaves from the base");
        kit_clear(&k);
    }
}

Test(agent, commands_in_the_wrong_state_are_refused)
{
    struct ix_candidate c = { .type = IX_CAND_HOST };
    kit_init(&k, &(struct ix_ice_config){ 0 });
    cr_assert_eq(ix_ice_start(k.ice, kit_at(99)), IRISX_E_STATE, "no remote description");
    cr_assert_eq(ix_ice_add_local(k.ice, &c, kit_at(99)), IRISX_E_INVALID);
    cr_assert_eq(ix_ice_add_remote(k.ice, &c, kit_at(99)), IRISX_E_INVALID);
    c.addr = c.base = kit_addr("0.0.0.0", 9);
    cr_assert_eq(ix_ice_add_remote(k.ice, &c, kit_at(99)), IRISX_E_INVALID);
    c.addr = kit_addr("224.0.0.1", 9);
    cr_assert_eq(ix_ice_add_remote(k.ice, &c, kit_at(99)), IRISX_E_INVALID);
    kit_local(&k, 1, "192.0.2.1", 65535);
    kit_start(&k, kit_at(99));
    cr_assert_eq(ix_ice_start(k.ice, kit_at(99)), IRISX_E_STATE);
    c.addr = c.base = kit_addr("192.0.2.2", 9);
    cr_assert_eq(ix_ice_add_local(k.ice, &c, kit_at(99)), 0, "late candidates are welcome");
    cr_assert_eq(ix_ice_set_remote(k.ice, IX_STR(KIT_UFRAG), IX_STR(KIT_PWD), false), 0, "the same again: a re-INVITE");
    cr_assert_eq(ix_ice_set_remote(k.ice, IX_STR("abcd"), IX_STR(KIT_PWD), false), IRISX_E_STATE, "a restart");
    kit_clear(&k);
}

Test(agent, credentials_outside_the_grammar_are_refused)
{
    char longest[258];
    memset(longest, 'a', sizeof(longest));
    kit_init(&k, &(struct ix_ice_config){ 0 });
    cr_expect_eq(ix_ice_set_remote(k.ice, IX_STR("abc"), IX_STR(KIT_PWD), false), IRISX_E_PROTOCOL);
    cr_expect_eq(ix_ice_set_remote(k.ice, IX_STR("abcd"), IX_STR("ppppppppppppppppppppp"), false), IRISX_E_PROTOCOL);
    cr_expect_eq(ix_ice_set_remote(k.ice, IX_STR("ab:d"), IX_STR(KIT_PWD), false), IRISX_E_PROTOCOL);
    cr_expect_eq(ix_ice_set_remote(k.ice, ix_str_n(longest, 257), IX_STR(KIT_PWD), false), IRISX_E_PROTOCOL);
    cr_expect_eq(ix_ice_set_remote(k.ice, ix_str_n(longest, 256), ix_str_n(longest, 256), false), 0);
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    cr_assert_eq(ix_ice_start(k.ice, kit_at(99)), 0);
    kit_drain(&k);
    cr_assert_eq(k.sent_count, 1, "the longest credentials fit a check");
    cr_assert(ix_stun_check_integrity(&k.sent[0].msg, ix_str_n(longest, 256)));
    kit_clear(&k);
}

Test(agent, limits_of_candidates_are_kept)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    for (uint32_t i = 0; i < IX_ICE_MAX_LOCAL; i++) {
        struct ix_candidate c = { .type = IX_CAND_HOST, .priority = ix_ice_priority(IX_CAND_HOST, (uint16_t) i) };
        c.addr = c.base = kit_addr("192.0.2.1", (uint16_t) (4000 + i));
        c.socket = i;
        cr_assert_eq(ix_ice_add_local(k.ice, &c, kit_at(99)), 0);
        c.socket = 99;
        cr_assert_eq(ix_ice_add_local(k.ice, &c, kit_at(99)), i + 1 < IX_ICE_MAX_LOCAL ? 0 : IRISX_E_LIMIT);
        if (i == IX_ICE_MAX_LOCAL / 2 - 1)
            break; /* each round added two */
    }
    for (uint16_t i = 0; i < IX_ICE_MAX_REMOTE; i++)
        cr_assert_eq(kit_remote(&k, "192.0.2.9", (uint16_t) (7000 + i), i, kit_at(99)), 0);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 1, 1, kit_at(99)), IRISX_E_LIMIT);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 1, kit_at(99)), 0, "known already");
    kit_start(&k, kit_at(99));
    (void) kit_run(&k, 99 + IX_S);
    size_t fresh = 0;
    for (size_t i = 0; i < k.sent_count; i++) {
        size_t j = 0;
        while (memcmp(k.sent[j].msg.transaction, k.sent[i].msg.transaction, 12) != 0)
            j++;
        fresh += j == i;
    }
    cr_assert_eq(fresh, 51, "one new check in 20 ms");
    kit_clear(&k);
}

Test(agent, without_any_answer_it_fails_in_time_and_is_quiet)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    cr_assert_eq(kit_run(&k, 60 * IX_S), 99 + 15 * IX_S);
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_FAILED);
    cr_assert_eq(ix_ice_deadline(k.ice), IX_NEVER);
    cr_assert_leq(kit_requests(&k), 14);
    kit_clear(&k);
}

Test(agent, loopback_alone_is_enough)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "127.0.0.1", 0);
    cr_assert_eq(kit_remote(&k, "127.0.0.1", 7000, 65535, kit_at(99)), 0);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    cr_assert_eq(k.sent_count, 1);
    cr_assert(ix_addr_is_loopback(&k.sent[0].to));
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(100)));
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(101)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    kit_clear(&k);
}

Test(agent, a_lite_peer_is_always_controlled)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = false });
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    cr_assert_eq(ix_ice_set_remote(k.ice, IX_STR(KIT_UFRAG), IX_STR(KIT_PWD), true), 0);
    cr_assert_eq(ix_ice_start(k.ice, kit_at(99)), 0);
    kit_drain(&k);
    cr_assert(k.sent[0].msg.controlling);
    cr_assert(kit_answer(&k, 0, NULL, 0, kit_at(100)));
    cr_assert(kit_answer(&k, 1, NULL, 0, kit_at(101)));
    cr_assert_eq(ix_ice_state(k.ice), IX_ICE_CONNECTED);
    kit_clear(&k);
}

Test(agent, news_that_nobody_drains_are_bounded_and_the_last_are_kept)
{
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    cr_assert_eq(ix_ice_set_remote(k.ice, IX_STR(KIT_UFRAG), IX_STR(KIT_PWD), false), 0);
    cr_assert_eq(ix_ice_start(k.ice, kit_at(99)), 0);
    for (uint64_t t = 99; ix_ice_deadline(k.ice) != IX_NEVER; t += 100 * IX_MS)
        ix_ice_timeout(k.ice, kit_at(t));
    kit_drain(&k);
    cr_assert_leq(k.sent_count, 2);
    cr_assert_eq(k.states[k.state_count - 1], IX_ICE_FAILED);
    kit_clear(&k);
}

Test(agent, who_is_named_or_has_proved_the_password_is_known)
{
    struct ix_addr named = kit_addr("192.0.2.9", 7000), asker = kit_addr("198.51.100.7", 7000);
    struct ix_addr stranger = kit_addr("203.0.113.1", 7000);
    kit_init(&k, &(struct ix_ice_config){ .controlling = true });
    kit_local(&k, 1, "192.0.2.1", 65535);
    cr_assert_not(ix_ice_knows(k.ice, &asker));
    cr_assert(kit_ask(&k, 1, &asker, &(struct kit_ask){ .controlled = true, .priority = 1 }, kit_at(99)));
    cr_assert(ix_ice_knows(k.ice, &asker), "before the description");
    cr_assert_eq(kit_remote(&k, "192.0.2.9", 7000, 65535, kit_at(99)), 0);
    kit_start(&k, kit_at(99));
    cr_assert(ix_ice_knows(k.ice, &named));
    cr_assert(ix_ice_knows(k.ice, &asker));
    cr_assert_not(ix_ice_knows(k.ice, &stranger));
    kit_clear(&k);
}
