/* SPDX-License-Identifier: MIT */
/* ws and wss URLs (RFC 6455 section 3): scheme, host, port, path and query; no user, no fragment. */
#include <string.h>

#include "io/internal.h"

static bool visible(struct ix_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char) s.p[i] <= 0x20 || (unsigned char) s.p[i] >= 0x7f || s.p[i] == '#')
            return false;
    }
    return true;
}

static int parse_authority(struct ix_url *u)
{
    struct ix_str port, a = u->authority;
    uint32_t n = u->tls ? 443 : 80;

    if (a.n > 0 && a.p[0] == '[') {
        size_t end = ix_str_find(a, ']');
        if (end == SIZE_MAX)
            return IRISX_E_INVALID;
        u->host = ix_str_slice(a, 1, end);
        port = ix_str_slice(a, end + 1, a.n);
    } else {
        size_t colon = ix_str_find(a, ':');
        u->host = ix_str_slice(a, 0, colon);
        port = ix_str_slice(a, colon, a.n);
    }
    if (u->host.n == 0 || u->host.n > 253 || ix_str_find(a, '@') != SIZE_MAX)
        return IRISX_E_INVALID;
    if (port.n > 0 && (port.p[0] != ':' || ix_str_u32(ix_str_slice(port, 1, port.n), 65535, &n) != 0 || n == 0))
        return IRISX_E_INVALID;
    u->port = (uint16_t) n;
    return 0;
}

int ix_url_parse(struct ix_url *u, const char *text)
{
    struct ix_str s = ix_str(text);

    memset(u, 0, sizeof *u);
    u->tls = ix_str_istarts(s, IX_STR("wss://"));
    if (!u->tls && !ix_str_istarts(s, IX_STR("ws://")))
        return IRISX_E_INVALID;
    s = ix_str_slice(s, u->tls ? 6 : 5, s.n);
    if (!visible(s))
        return IRISX_E_INVALID;
    size_t end = IX_MIN(ix_str_find(s, '/'), ix_str_find(s, '?'));
    u->authority = ix_str_slice(s, 0, end);
    u->target = ix_str_slice(s, end, s.n);
    if (u->target.n == 0)
        u->target = IX_STR("/");
    return u->target.p[0] == '/' ? parse_authority(u) : IRISX_E_INVALID;
}
