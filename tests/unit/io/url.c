/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "io/internal.h"

static void expect(
    const char *text, bool tls, const char *host, uint16_t port, const char *authority, const char *target)
{
    struct ix_url u;
    cr_assert_eq(ix_url_parse(&u, text), 0, "%s", text);
    cr_assert_eq(u.tls, tls);
    cr_assert_eq(u.port, port);
    cr_assert(ix_str_eq(u.host, ix_str(host)), "%s", text);
    cr_assert(ix_str_eq(u.authority, ix_str(authority)), "%s", text);
    cr_assert(ix_str_eq(u.target, ix_str(target)), "%s", text);
}

Test(url, its_parts_are_found)
{
    expect("ws://127.0.0.1:8066", false, "127.0.0.1", 8066, "127.0.0.1:8066", "/");
    expect("wss://api.example/ws?x=1", true, "api.example", 443, "api.example", "/ws?x=1");
    expect("WS://h/", false, "h", 80, "h", "/");
    expect("wss://[::1]:7443/a", true, "::1", 7443, "[::1]:7443", "/a");
    expect("wss://[fe80::1%25eth0]", true, "fe80::1%25eth0", 443, "[fe80::1%25eth0]", "/");
}

Test(url, what_is_not_a_websocket_url_is_refused)
{
    static const char *const bad[] = { "", "http://h/", "ws:/h", "ws://", "ws:///p", "ws://h:0/", "ws://h:65536/",
        "ws://h:x/", "ws://u:p@h/", "ws://h/a b", "ws://h/#f", "ws://[::1", "ws://[::1]x", "ws://h?q",
        "ws://h\r\nX: y/" };
    struct ix_url u;
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_assert_eq(ix_url_parse(&u, bad[i]), IRISX_E_INVALID, "%s", bad[i]);
}
