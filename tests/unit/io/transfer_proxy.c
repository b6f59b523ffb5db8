/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "io/io.h"

Test(transfer_proxy, a_name_stands_for_itself_and_those_below_it_and_for_nothing_else)
{
    static const char list[] = "example.com, .two.test\tThree.Test.,,";

    cr_assert(ix_no_proxy(list, "example.com", 80));
    cr_assert(ix_no_proxy(list, "EXAMPLE.com.", 80));
    cr_assert(ix_no_proxy(list, "a.b.example.com", 443));
    cr_assert_not(ix_no_proxy(list, "badexample.com", 80));
    cr_assert_not(ix_no_proxy(list, "example.com.evil.test", 80));
    cr_assert_not(ix_no_proxy(list, "com", 80));
    cr_assert(ix_no_proxy(list, "two.test", 80));
    cr_assert(ix_no_proxy(list, "x.two.test", 80));
    cr_assert(ix_no_proxy(list, "x.three.test", 80));
    cr_assert_not(ix_no_proxy(list, "192.0.2.1", 80));
}

Test(transfer_proxy, a_port_narrows_an_entry)
{
    static const char list[] = "a.test:8080,192.0.2.1:443,[2001:db8::1]:99,b.test:http";

    cr_assert(ix_no_proxy(list, "a.test", 8080));
    cr_assert_not(ix_no_proxy(list, "a.test", 80));
    cr_assert(ix_no_proxy(list, "192.0.2.1", 443));
    cr_assert_not(ix_no_proxy(list, "192.0.2.1", 80));
    cr_assert(ix_no_proxy(list, "[2001:db8::1]", 99));
    cr_assert_not(ix_no_proxy(list, "2001:db8::1", 80));
    cr_assert_not(ix_no_proxy(list, "b.test", 80));
}

Test(transfer_proxy, addresses_and_networks_of_both_families)
{
    static const char list[] = "10.0.0.0/8,192.0.2.7,172.16.0.0/12,[fd00::]/8,2001:db8::/32,::1,0.0.0.0/33,1.2.3.4/";

    cr_assert(ix_no_proxy(list, "10.200.3.4", 80));
    cr_assert_not(ix_no_proxy(list, "11.0.0.1", 80));
    cr_assert(ix_no_proxy(list, "172.31.255.255", 80));
    cr_assert_not(ix_no_proxy(list, "172.32.0.1", 80));
    cr_assert(ix_no_proxy(list, "192.0.2.7", 80));
    cr_assert_not(ix_no_proxy(list, "192.0.2.8", 80));
    cr_assert(ix_no_proxy(list, "[fd12::1]", 80));
    cr_assert(ix_no_proxy(list, "2001:db8:ffff::9", 80));
    cr_assert_not(ix_no_proxy(list, "2001:db9::9", 80));
    cr_assert(ix_no_proxy(list, "[::1]", 80));
    cr_assert_not(ix_no_proxy(list, "203.0.113.1", 80), "a mask of 33 bits is nonsense");
    cr_assert_not(ix_no_proxy(list, "10.example.com", 80));
}

Test(transfer_proxy, a_star_is_everybody_and_no_list_nobody)
{
    cr_assert(ix_no_proxy("*", "a.test", 80));
    cr_assert(ix_no_proxy("x.test, *", "192.0.2.1", 80));
    cr_assert_not(ix_no_proxy(NULL, "a.test", 80));
    cr_assert_not(ix_no_proxy("", "a.test", 80));
    cr_assert_not(ix_no_proxy(" , ,.,:,[,]:1,/", "a.test", 80));
}
