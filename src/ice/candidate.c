/* SPDX-License-Identifier: MIT */
/* Candidates as values: priority (RFC 8445 section 5.1.2.1), foundation (5.1.1.3), what may be paired (6.1.2.2). */
#include "ice/agent.h"

#include <string.h>

const char *ix_candidate_type_name(enum ix_candidate_type type)
{
    static const char *const names[] = { "", "host", "prflx", "srflx", "relay" };
    return (size_t) type < IX_COUNT(names) ? names[type] : "";
}

/* RFC 8445 section 5.1.2.2: recommended type preferences */
static uint32_t type_preference(enum ix_candidate_type type)
{
    switch (type) {
    case IX_CAND_HOST:
        return 126;
    case IX_CAND_PRFLX:
        return 110;
    case IX_CAND_SRFLX:
        return 100;
    case IX_CAND_RELAY:
        return 0;
    }
    return 0;
}

uint32_t ix_ice_priority(enum ix_candidate_type type, uint16_t local_preference)
{
    return type_preference(type) << 24 | (uint32_t) local_preference << 8 | 255; /* 256 - component 1 */
}

uint32_t ix_ice_prflx_priority(uint32_t base_priority)
{
    return type_preference(IX_CAND_PRFLX) << 24 | (base_priority & 0x00FFFFFFU);
}

/* G: the controlling agent's candidate, D: the other's */
uint64_t ix_ice_pair_priority(uint32_t g, uint32_t d)
{
    return ((uint64_t) IX_MIN(g, d) << 32) + 2 * (uint64_t) IX_MAX(g, d) + (g > d ? 1 : 0);
}

void ix_ice_foundation(struct ix_candidate *c, const struct ix_addr *server)
{
    struct ix_addr flat[2];
    uint8_t bytes[1 + 2 * 17] = { (uint8_t) c->type };
    struct ix_buf b;
    flat[0] = c->base;
    flat[1] = server ? *server : (struct ix_addr){ 0 };
    for (size_t i = 0; i < 2; i++) { /* the IP addresses; ports do not count */
        bytes[1 + 17 * i] = flat[i].family;
        memcpy(bytes + 2 + 17 * i, flat[i].ip, 16);
    }
    ix_buf_init_fixed(&b, c->foundation, sizeof(c->foundation) - 1);
    ix_buf_dec(&b, ix_crc32(bytes, sizeof(bytes)));
    c->foundation[b.n] = '\0'; /* ten digits at most */
}

bool ix_ice_addr_usable(const struct ix_addr *a)
{
    static const uint8_t zeros[16];
    bool multicast = a->family == IX_IPV6 ? a->ip[0] == 0xff : a->ip[0] >= 224;
    return (a->family == IX_IPV4 || a->family == IX_IPV6) && a->port != 0 && !multicast &&
           memcmp(a->ip, zeros, a->family == IX_IPV6 ? 16 : 4) != 0;
}

/* the scope of a link-local address is known to the own host only: what the peer says carries none */
bool ix_ice_same_peer(const struct ix_addr *a, const struct ix_addr *b)
{
    struct ix_addr x = *a;
    struct ix_addr y = *b;
    if (!x.scope || !y.scope)
        x.scope = y.scope = 0;
    return ix_addr_eq(&x, &y);
}

/* A socket bound to a loopback address reaches nothing else, but another address of this host may reach loopback. */
bool ix_ice_may_pair(const struct ix_addr *base, const struct ix_addr *remote)
{
    if (base->family != remote->family)
        return false;
    if (base->family == IX_IPV6 && ix_addr_is_link_local(base) != ix_addr_is_link_local(remote))
        return false;
    return !ix_addr_is_loopback(base) || ix_addr_is_loopback(remote);
}
