/* SPDX-License-Identifier: MIT */
/* Candidates as values. */
#include <criterion/criterion.h>
#include <string.h>

#include "ice/agent.h"

static struct ix_addr addr(const char *ip, uint16_t port)
{
    struct ix_addr a;
    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), port), 0);
    return a;
}

Test(candidate, priorities_are_those_of_rfc_8445)
{
    cr_assert_eq(ix_ice_priority(IX_CAND_HOST, 65535), 2130706431, "what everybody's first candidate has");
    cr_assert_eq(ix_ice_priority(IX_CAND_SRFLX, 65535), 1694498815);
    cr_assert_eq(ix_ice_priority(IX_CAND_PRFLX, 65535), 1862270975);
    cr_assert_eq(ix_ice_priority(IX_CAND_RELAY, 0), 255);
    cr_assert_eq(ix_ice_prflx_priority(2130706431), 1862270975);
}

Test(candidate, pair_priority_is_the_same_seen_from_both_sides_but_for_the_last_bit)
{
    cr_assert_eq(ix_ice_pair_priority(3, 2), (UINT64_C(2) << 32) + 6 + 1);
    cr_assert_eq(ix_ice_pair_priority(2, 3), (UINT64_C(2) << 32) + 6);
    cr_assert_eq(ix_ice_pair_priority(UINT32_MAX, UINT32_MAX), UINT64_C(0xffffffff00000000) + UINT64_C(0x1fffffffe));
}

Test(candidate, foundations_differ_by_type_base_and_server_but_not_by_port)
{
    struct ix_candidate c[5] = { { .type = IX_CAND_HOST, .base = addr("192.0.2.1", 1) },
        { .type = IX_CAND_HOST, .base = addr("192.0.2.1", 2) }, { .type = IX_CAND_SRFLX, .base = addr("192.0.2.1", 1) },
        { .type = IX_CAND_HOST, .base = addr("192.0.2.2", 1) },
        { .type = IX_CAND_SRFLX, .base = addr("192.0.2.1", 1) } };
    struct ix_addr one = addr("198.51.100.1", 3478);
    struct ix_addr two = addr("198.51.100.2", 3478);
    ix_ice_foundation(&c[0], NULL);
    ix_ice_foundation(&c[1], NULL);
    ix_ice_foundation(&c[2], &one);
    ix_ice_foundation(&c[3], NULL);
    ix_ice_foundation(&c[4], &two);
    cr_assert_str_eq(c[0].foundation, c[1].foundation);
    for (size_t i = 1; i < 5; i++)
        for (size_t j = 0; j < i; j++)
            cr_assert(i == 1 || strcmp(c[i].foundation, c[j].foundation) != 0, "%zu %zu", i, j);
}

Test(candidate, addresses_nobody_can_send_to_are_refused)
{
    static const struct {
        const char *ip;
        uint16_t port;
        bool usable;
    } rows[] = { { "192.0.2.1", 1, true }, { "192.0.2.1", 0, false }, { "0.0.0.0", 9, false },
        { "224.0.0.1", 9, false }, { "255.255.255.255", 9, false }, { "::", 9, false }, { "ff02::1", 9, false },
        { "::1", 9, true }, { "fe80::1%2", 9, true } };
    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        struct ix_addr a = addr(rows[i].ip, rows[i].port);
        cr_expect_eq(ix_ice_addr_usable(&a), rows[i].usable, "%s", rows[i].ip);
    }
    cr_expect_not(ix_ice_addr_usable(&(struct ix_addr){ .port = 1 }));
}

Test(candidate, pairs_are_of_one_family_and_one_reach)
{
    static const struct {
        const char *base;
        const char *remote;
        bool may;
    } rows[] = { { "192.0.2.1", "192.0.2.9", true }, { "192.0.2.1", "2001:db8::9", false },
        { "127.0.0.1", "192.0.2.9", false }, { "192.0.2.1", "127.0.0.1", true }, { "127.0.0.1", "127.0.0.1", true },
        { "fe80::1%2", "fe80::9", true }, { "fe80::1%2", "2001:db8::9", false }, { "2001:db8::1", "fe80::9", false } };
    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        struct ix_addr base = addr(rows[i].base, 1);
        struct ix_addr remote = addr(rows[i].remote, 1);
        cr_expect_eq(ix_ice_may_pair(&base, &remote), rows[i].may, "row %zu", i);
    }
}

Test(candidate, a_zone_is_known_to_one_side_only)
{
    struct ix_addr said = addr("fe80::9", 1);
    struct ix_addr seen = addr("fe80::9%2", 1);
    struct ix_addr other = addr("fe80::9%3", 1);
    cr_assert(ix_ice_same_peer(&said, &seen));
    cr_assert_not(ix_ice_same_peer(&other, &seen));
}
