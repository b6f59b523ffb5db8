/* SPDX-License-Identifier: MIT */
/* Which interfaces carry media: patterns and the rule for tunnels. */
#include <criterion/criterion.h>
#include <string.h>

#include "host/engine_private.h"

static struct ix_interface list[8];
static size_t count;

static void add(const char *name, const char *ip, bool loopback, bool point_to_point)
{
    struct ix_interface *i = &list[count++];

    memset(i, 0, sizeof *i);
    cr_assert_eq(ix_addr_parse(&i->addr, ix_str(ip), 0), 0);
    cr_assert_eq(ix_str_copy(i->name, sizeof i->name, ix_str(name)), 0);
    i->loopback = loopback;
    i->point_to_point = point_to_point;
}

static const char *chosen(const char *patterns, int vpn)
{
    static char text[128];
    size_t n;

    count = 0;
    add("lo", "127.0.0.1", true, false);
    add("eth0", "192.0.2.1", false, false);
    add("wlan0", "192.0.2.2", false, false);
    add("docker0", "172.17.0.1", false, false);
    add("wg0", "10.8.0.2", false, false);
    add("corp", "10.9.0.2", false, true);
    n = ix_interfaces_choose(list, count, patterns, vpn);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        strcat(text, i ? " " : "");
        strcat(text, list[i].name);
    }
    return text;
}

Test(interfaces, without_a_pattern_all_of_them_do)
{
    cr_assert_str_eq(chosen(NULL, IX_VPN_AS_OTHERS), "lo eth0 wlan0 docker0 wg0 corp");
    cr_assert_str_eq(chosen("", IX_VPN_AS_OTHERS), "lo eth0 wlan0 docker0 wg0 corp");
}

Test(interfaces, named_ones_are_taken_and_no_other)
{
    cr_assert_str_eq(chosen("eth0", IX_VPN_AS_OTHERS), "lo eth0");
    cr_assert_str_eq(chosen("wlan*, eth*", IX_VPN_AS_OTHERS), "lo eth0 wlan0");
    cr_assert_str_eq(chosen("nothing", IX_VPN_AS_OTHERS), "lo");
}

Test(interfaces, excluded_ones_are_left_out_and_the_last_pattern_decides)
{
    cr_assert_str_eq(chosen("!docker*", IX_VPN_AS_OTHERS), "lo eth0 wlan0 wg0 corp");
    cr_assert_str_eq(chosen("*,!wg*", IX_VPN_AS_OTHERS), "lo eth0 wlan0 docker0 corp");
    cr_assert_str_eq(chosen("!*,eth0", IX_VPN_AS_OTHERS), "lo eth0");
}

Test(interfaces, tunnels_follow_their_rule)
{
    cr_assert_str_eq(chosen(NULL, IX_VPN_AVOID), "lo eth0 wlan0 docker0");
    cr_assert_str_eq(chosen(NULL, IX_VPN_NEVER), "lo eth0 wlan0 docker0");
    cr_assert_str_eq(chosen(NULL, IX_VPN_ONLY), "lo wg0 corp");
    cr_assert_str_eq(chosen("wg0", IX_VPN_AVOID), "lo wg0", "nothing else is there");
    cr_assert_str_eq(chosen("wg0", IX_VPN_NEVER), "lo");
    cr_assert_str_eq(chosen("eth0", IX_VPN_ONLY), "lo eth0", "there is no tunnel");
}
