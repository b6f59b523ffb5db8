/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

static struct ix_addr addr(const char *ip, uint16_t port)
{
    struct ix_addr a;

    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), port), 0, "%s", ip);
    return a;
}

Test(addr, parses_and_prints_literals)
{
    static const struct {
        const char *in;
        const char *ip;
        const char *full;
    } rows[] = { { "1.2.3.4", "1.2.3.4", "1.2.3.4:5060" },
        { "255.255.255.255", "255.255.255.255", "255.255.255.255:5060" }, { "::1", "::1", "[::1]:5060" },
        { "[2001:DB8:0:0::1]", "2001:db8::1", "[2001:db8::1]:5060" },
        { "::ffff:1.2.3.4", "::ffff:1.2.3.4", "[::ffff:1.2.3.4]:5060" },
        { "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:5060" } };

    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        char text[IX_ADDR_TEXT];
        struct ix_addr a = addr(rows[i].in, 5060);
        ix_addr_ip_text(&a, text);
        cr_assert_str_eq(text, rows[i].ip);
        ix_addr_text(&a, text);
        cr_assert_str_eq(text, rows[i].full);
    }
}

Test(addr, refuses_what_is_no_literal_and_leaves_the_output_alone)
{
    static const char *const bad[] = { "", "localhost", "1.2.3", "1.2.3.256", "1.2.3.4.5", " 1.2.3.4", "1.2.3.4%1",
        "[1.2.3.4]", "[::1", "::1]", "[]", "[", ":::", "12345::", "fe80::1%eth0", "fe80::1%", "fe80::1%4294967296",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000" };
    struct ix_addr a = { .family = 99 };

    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_assert_eq(ix_addr_parse(&a, ix_str(bad[i]), 1), IRISX_E_PROTOCOL, "%s", bad[i]);
    cr_assert_eq(ix_addr_parse(&a, ix_str_n("1.2.3.4\0x", 9), 1), IRISX_E_PROTOCOL);
    cr_assert_eq(a.family, 99);
}

Test(addr, compares_ip_zone_and_port)
{
    struct ix_addr a = addr("fe80::1%2", 10);
    struct ix_addr b = addr("fe80::1%3", 10);
    struct ix_addr c = addr("fe80::1%2", 11);

    cr_assert_eq(a.scope, 2);
    cr_assert_not(ix_addr_same_ip(&a, &b));
    cr_assert(ix_addr_same_ip(&a, &c));
    cr_assert_not(ix_addr_eq(&a, &c));
    c.port = 10;
    cr_assert(ix_addr_eq(&a, &c));
    b = addr("1.2.3.4", 10);
    c = addr("1.2.3.4", 10);
    c.ip[9] = 7; /* behind the four bytes that count */
    cr_assert(ix_addr_eq(&b, &c));
    cr_assert_eq(ix_addr_hash(&b, 1), ix_addr_hash(&c, 1));
    cr_assert_neq(ix_addr_hash(&b, 1), ix_addr_hash(&c, 2));
    cr_assert_neq(ix_addr_hash(&a, 1), ix_addr_hash(&b, 1));
}

Test(addr, knows_loopback_and_link_local)
{
    struct ix_addr a = addr("127.255.0.1", 0);
    cr_assert(ix_addr_is_loopback(&a));
    a = addr("::1", 0);
    cr_assert(ix_addr_is_loopback(&a));
    cr_assert_not(ix_addr_is_link_local(&a));
    a = addr("::2", 0);
    cr_assert_not(ix_addr_is_loopback(&a));
    a = addr("169.254.9.9", 0);
    cr_assert(ix_addr_is_link_local(&a));
    a = addr("febf::1", 0);
    cr_assert(ix_addr_is_link_local(&a));
    a = addr("fec0::1", 0);
    cr_assert_not(ix_addr_is_link_local(&a));
}

Test(addr, an_address_without_family_is_none)
{
    struct ix_addr a = { 0 };
    char text[IX_ADDR_TEXT];

    ix_addr_ip_text(&a, text);
    cr_assert_str_eq(text, "");
    ix_addr_text(&a, text);
    cr_assert_str_eq(text, "none:0");
    cr_assert_not(ix_addr_is_loopback(&a));
    cr_assert_not(ix_addr_is_link_local(&a));
}
