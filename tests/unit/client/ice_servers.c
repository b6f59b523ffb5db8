/* SPDX-License-Identifier: MIT */
/* iceServers as WebRTC, the platform and its administrators write them. */
#include <criterion/criterion.h>
#include <string.h>

#include "client/private.h"

static struct ix_ice_servers s;

static void read_json(const char *json)
{
    irisx_value_t *list = NULL;

    memset(&s, 0, sizeof s);
    cr_assert_eq(irisx_value_parse(json, strlen(json), &list, NULL), IRISX_OK);
    ix_ice_servers_read(&s, list);
    irisx_value_free(list);
}

static void is(size_t i, enum ix_turn_transport transport, const char *host, uint16_t port)
{
    cr_assert_lt(i, s.turn_count);
    cr_assert_eq(s.turn[i].transport, transport);
    cr_assert_str_eq(s.turn[i].host, host);
    cr_assert_eq(s.turn[i].addr.port, port);
}

Test(ice_servers, every_transport_with_its_credentials)
{
    read_json("[{\"urls\":[\"turn:a.example:3479?transport=udp\",\"turn:a.example?transport=tcp\",\"turns:a.example\","
              "\"turn:[2001:db8::1]:99\"],\"username\":\"u\",\"credential\":\"c\"}]");
    cr_assert_eq(s.turn_count, 4);
    is(0, IX_TURN_UDP, "a.example", 3479);
    is(1, IX_TURN_TCP, "a.example", 3478);
    is(2, IX_TURN_TLS, "a.example", 5349);
    is(3, IX_TURN_UDP, "2001:db8::1", 99);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_str_eq(s.turn[i].username, "u");
        cr_assert_str_eq(s.turn[i].password, "c");
    }
}

Test(ice_servers, what_the_platform_says)
{
    read_json("[\"stun:stun.l.google.com:19302\",{\"urls\":\"stun:stun.example\"}]");
    cr_assert_str_eq(s.stun, "stun.l.google.com");
    cr_assert_eq(s.stun_port, 19302);
    cr_assert_eq(s.turn_count, 0);
}

Test(ice_servers, what_cannot_be_used_is_passed_over)
{
    read_json(
        "[{\"urls\":[\"turns:a?transport=udp\",\"turn:\",\"turn:a:0\",\"turn:a:x\",\"turn:[::1\",\"http://a\",7,null]},"
        "null,3,{},{\"urls\":{}},\"\"]");
    cr_assert_eq(s.turn_count, 0);
    cr_assert_str_eq(s.stun, "");
}

Test(ice_servers, no_more_than_six)
{
    read_json("[{\"urls\":[\"turn:a\",\"turn:b\",\"turn:c\",\"turn:d\",\"turn:e\",\"turn:f\",\"turn:g\"]}]");
    cr_assert_eq(s.turn_count, 6);
}

Test(ice_servers, the_option_has_to_be_an_array)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    irisx_client_t *client = NULL;

    cr_assert_eq(ix_ice_servers_check(NULL), 0);
    cr_assert_eq(ix_ice_servers_check("[]"), 0);
    cr_assert_neq(ix_ice_servers_check("{}"), 0);
    cr_assert_neq(ix_ice_servers_check("nonsense"), 0);
    o.ice_servers = "{}";
    cr_assert_eq(irisx_client_new(&o, &client), IRISX_E_INVALID);
    o.ice_servers = NULL;
    o.vpn = 9;
    cr_assert_eq(irisx_client_new(&o, &client), IRISX_E_INVALID);
}

Test(ice_servers, nobody_can_be_told_of_a_change)
{
    cr_assert_eq(irisx_client_network_changed(NULL), IRISX_E_INVALID);
}
