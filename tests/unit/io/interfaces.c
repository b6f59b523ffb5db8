/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "io/io.h"

Test(interfaces, the_loopback_interface_is_listed_and_marked)
{
    struct ix_interface list[64];
    size_t n = 0;
    bool found = false;
    cr_assert_eq(ix_interfaces(list, IX_COUNT(list), &n), 0);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(list[i].addr.port, 0);
        found = found || (list[i].loopback && ix_addr_is_loopback(&list[i].addr));
    }
    cr_assert(found);
}

Test(interfaces, no_more_are_given_than_there_is_room_for)
{
    struct ix_interface one;
    size_t n = 9;
    cr_assert_eq(ix_interfaces(&one, 1, &n), 0);
    cr_assert_leq(n, 1);
}
