/* SPDX-License-Identifier: MIT */
/* IP addresses and ports as values; text forms by RFC 5952 and RFC 3986 section 3.2.2. */
#include "core/core.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static size_t ip_len(const struct ix_addr *a)
{
    switch (a->family) {
    case IX_IPV4:
        return 4;
    case IX_IPV6:
        return 16;
    }
    return 0;
}

bool ix_addr_same_ip(const struct ix_addr *a, const struct ix_addr *b)
{
    return a->family == b->family && a->scope == b->scope && memcmp(a->ip, b->ip, ip_len(a)) == 0;
}

bool ix_addr_eq(const struct ix_addr *a, const struct ix_addr *b)
{
    return a->port == b->port && ix_addr_same_ip(a, b);
}

static bool strip_brackets(struct ix_str *ip)
{
    if (ip->n == 0 || ip->p[0] != '[')
        return true;
    if (ip->n < 2 || ip->p[ip->n - 1] != ']')
        return false;
    *ip = ix_str_slice(*ip, 1, ip->n - 1);
    return ix_str_find(*ip, ':') != SIZE_MAX; /* [1.2.3.4] is nothing */
}

int ix_addr_parse(struct ix_addr *a, struct ix_str ip, uint16_t port)
{
    struct ix_addr out = { .port = port };
    struct ix_str host;
    char text[INET6_ADDRSTRLEN];

    if (!strip_brackets(&ip) || ip.n == 0 || memchr(ip.p, '\0', ip.n) != NULL)
        return IRISX_E_PROTOCOL;
    bool v6 = ix_str_find(ip, ':') != SIZE_MAX;
    size_t zone = ix_str_find(ip, '%');
    host = ix_str_slice(ip, 0, zone);
    /* only numeric zones: a name would have to be asked of the system */
    if (zone != SIZE_MAX && (!v6 || ix_str_u32(ix_str_slice(ip, zone + 1, ip.n), UINT32_MAX, &out.scope) != 0))
        return IRISX_E_PROTOCOL;
    if (ix_str_copy(text, sizeof text, host) != 0 || inet_pton(v6 ? AF_INET6 : AF_INET, text, out.ip) != 1)
        return IRISX_E_PROTOCOL;
    out.family = v6 ? IX_IPV6 : IX_IPV4;
    *a = out;
    return 0;
}

void ix_addr_ip_text(const struct ix_addr *a, char out[IX_ADDR_TEXT])
{
    out[0] = '\0';
    if (ip_len(a) > 0)
        (void) inet_ntop(a->family == IX_IPV6 ? AF_INET6 : AF_INET, a->ip, out, IX_ADDR_TEXT); /* 46 bytes at most */
}

void ix_addr_text(const struct ix_addr *a, char out[IX_ADDR_TEXT])
{
    char ip[IX_ADDR_TEXT];
    struct ix_buf b;

    ix_addr_ip_text(a, ip);
    ix_buf_init_fixed(&b, out, IX_ADDR_TEXT - 1);
    if (a->family == IX_IPV6)
        ix_buf_u8(&b, '[');
    ix_buf_str(&b, ip_len(a) > 0 ? ip : "none");
    if (a->family == IX_IPV6)
        ix_buf_u8(&b, ']');
    ix_buf_u8(&b, ':');
    ix_buf_dec(&b, a->port);
    out[b.n] = '\0';
}

bool ix_addr_is_loopback(const struct ix_addr *a)
{
    static const uint8_t v6_loopback[16] = { [15] = 1 };

    if (a->family == IX_IPV4)
        return a->ip[0] == 127;
    return a->family == IX_IPV6 && memcmp(a->ip, v6_loopback, sizeof v6_loopback) == 0;
}

bool ix_addr_is_link_local(const struct ix_addr *a)
{
    if (a->family == IX_IPV4)
        return a->ip[0] == 169 && a->ip[1] == 254;
    return a->family == IX_IPV6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

uint64_t ix_addr_hash(const struct ix_addr *a, uint64_t seed)
{
    uint8_t flat[23] = { a->family, (uint8_t) (a->port >> 8), (uint8_t) a->port, (uint8_t) (a->scope >> 24),
        (uint8_t) (a->scope >> 16), (uint8_t) (a->scope >> 8), (uint8_t) a->scope };

    memcpy(flat + 7, a->ip, ip_len(a));
    return ix_hash(flat, 7 + ip_len(a), seed);
}
