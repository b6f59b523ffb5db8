/* SPDX-License-Identifier: MIT */
/*
 * STUN messages taken apart: header, the attributes that ICE needs, FINGERPRINT and MESSAGE-INTEGRITY.
 * RFC 8489 sections 5, 14 and 9.1; RFC 8445 section 16.1; RFC 7983 for telling STUN from the rest.
 *
 *    0                   1                   2                   3
 *   |0 0|     type (14 bits)        |        length behind the header |
 *   |                        magic cookie 0x2112A442                   |
 *   |                        transaction id, 96 bits                   |
 */
#include "ice/ice.h"

#include <string.h>

#define HEADER 20
#define FINGERPRINT_XOR UINT32_C(0x5354554e) /* RFC 8489 section 14.7 */
#define INTEGRITY_LEN 20 /* HMAC-SHA1 */
#define ATTR_HEAD 4

bool ix_stun_is(const void *p, size_t n)
{
    struct ix_reader r = ix_reader(p, n);
    uint16_t type = ix_read_u16(&r);
    uint16_t len = ix_read_u16(&r);
    uint32_t magic = ix_read_u32(&r);
    return !r.bad && type < 0x4000 && magic == IX_STUN_MAGIC && len % 4 == 0 && n == (size_t) len + HEADER;
}

static void unxor(struct ix_addr *a, const uint8_t transaction[12])
{
    static const uint8_t magic[4] = { 0x21, 0x12, 0xA4, 0x42 };
    a->port ^= IX_STUN_MAGIC >> 16;
    for (size_t i = 0; i < 4; i++)
        a->ip[i] ^= magic[i];
    for (size_t i = 4; a->family == IX_IPV6 && i < 16; i++)
        a->ip[i] ^= transaction[i - 4];
}

static bool parse_addr(struct ix_reader v, struct ix_addr *out)
{
    struct ix_addr a = { 0 };
    (void) ix_read_u8(&v); /* reserved */
    uint8_t family = ix_read_u8(&v);
    a.port = ix_read_u16(&v);
    a.family = family == 1 ? IX_IPV4 : IX_IPV6;
    ix_read_copy(&v, a.ip, family == 1 ? 4 : 16);
    if (v.bad || v.n || (family != 1 && family != 2))
        return false;
    *out = a;
    return true;
}

static bool parse_error_code(struct ix_reader v, uint16_t *out)
{
    (void) ix_read_u16(&v);
    unsigned hundreds = ix_read_u8(&v) & 7U;
    unsigned rest = ix_read_u8(&v);
    if (v.bad || hundreds < 3 || hundreds > 6 || rest > 99)
        return false;
    *out = (uint16_t) (hundreds * 100 + rest);
    return true;
}

static struct ix_str text(struct ix_reader v)
{
    return ix_str_n(v.p, v.n);
}

static bool parse_role(struct ix_stun_msg *m, struct ix_reader v, bool *role)
{
    uint64_t tie_breaker = ix_read_u64(&v);
    if (v.bad || v.n)
        return false;
    *role = true;
    m->tie_breaker = tie_breaker;
    return true;
}

static bool parse_priority(struct ix_stun_msg *m, struct ix_reader v)
{
    m->priority = ix_read_u32(&v);
    m->has_priority = true;
    return !v.bad && v.n == 0;
}

static bool parse_fingerprint(struct ix_stun_msg *m, struct ix_reader v, size_t at)
{
    uint32_t want = ix_read_u32(&v);
    m->has_fingerprint = true;
    return !v.bad && v.n == 0 && at + ATTR_HEAD + 4 == m->len && /* it is the last one */
           want == (ix_crc32(m->data, at) ^ FINGERPRINT_XOR);
}

static bool parse_unknown(struct ix_stun_msg *m, uint16_t type)
{
    if (type < 0x8000 && m->unknown_count < IX_COUNT(m->unknown))
        m->unknown[m->unknown_count++] = type;
    return true;
}

/* of several attributes of one type the first counts (RFC 8489 section 14), but for the two addresses of a dual
 * allocation (RFC 8656 section 7.2); types above 63 are none of ours */
static bool first_of_type(uint64_t seen[2], uint16_t type)
{
    if (type == IX_STUN_XOR_RELAYED_ADDRESS)
        return true;
    uint64_t bit = UINT64_C(1) << (type & 63U);
    if (type & 0x7FC0U)
        return true;
    bool first = !(seen[type >> 15] & bit);
    seen[type >> 15] |= bit;
    return first;
}

static bool parse_xor_addr(const struct ix_stun_msg *m, struct ix_reader v, struct ix_addr *out)
{
    if (!parse_addr(v, out))
        return false;
    unxor(out, m->transaction);
    return true;
}

static bool parse_relayed(struct ix_stun_msg *m, struct ix_reader v)
{
    struct ix_addr a = { 0 };
    if (!parse_xor_addr(m, v, &a))
        return false;
    struct ix_addr *to = &m->xor_relayed[a.family == IX_IPV6];
    if (!to->family)
        *to = a;
    return true;
}

static bool parse_lifetime(struct ix_stun_msg *m, struct ix_reader v)
{
    m->lifetime_s = ix_read_u32(&v);
    m->has_lifetime = true;
    return !v.bad && v.n == 0;
}

/* what a TURN server says (RFC 8656 section 18); what only clients say is passed over */
static bool parse_turn(struct ix_stun_msg *m, uint16_t type, struct ix_reader v)
{
    switch (type) {
    case IX_STUN_XOR_PEER_ADDRESS:
        return parse_xor_addr(m, v, &m->xor_peer);
    case IX_STUN_XOR_RELAYED_ADDRESS:
        return parse_relayed(m, v);
    case IX_STUN_ALTERNATE_SERVER: /* not XORed: RFC 8489 section 14.15 */
        return parse_addr(v, &m->alternate);
    case IX_STUN_LIFETIME:
        return parse_lifetime(m, v);
    case IX_STUN_DATA_VALUE:
        m->relayed = (struct ix_bytes){ v.p, v.n };
        return true;
    case IX_STUN_CHANNEL_NUMBER:
    case IX_STUN_REQUESTED_ADDRESS_FAMILY:
    case IX_STUN_REQUESTED_TRANSPORT:
        return true;
    }
    return parse_unknown(m, type);
}

/* one attribute whose value is v and which starts at byte `at` */
static bool parse_attr(struct ix_stun_msg *m, uint16_t type, struct ix_reader v, size_t at, struct ix_addr *mapped)
{
    switch (type) {
    case IX_STUN_MAPPED_ADDRESS:
        return parse_addr(v, mapped);
    case IX_STUN_XOR_MAPPED_ADDRESS:
        return parse_xor_addr(m, v, &m->xor_mapped);
    case IX_STUN_USERNAME:
        m->username = text(v);
        return v.n <= 513; /* RFC 8489 section 14.3 */
    case IX_STUN_SOFTWARE:
        m->software = text(v);
        return true;
    case IX_STUN_REALM:
        m->realm = text(v);
        return true;
    case IX_STUN_NONCE:
        m->nonce = text(v);
        return true;
    case IX_STUN_ERROR_CODE:
        return parse_error_code(v, &m->error_code);
    case IX_STUN_UNKNOWN_ATTRIBUTES:
        return true;
    case IX_STUN_PRIORITY:
        return parse_priority(m, v);
    case IX_STUN_USE_CANDIDATE:
        m->use_candidate = true;
        return true;
    case IX_STUN_ICE_CONTROLLING:
        return parse_role(m, v, &m->controlling);
    case IX_STUN_ICE_CONTROLLED:
        return parse_role(m, v, &m->controlled);
    case IX_STUN_MESSAGE_INTEGRITY:
        m->has_integrity = true;
        m->integrity_at = at;
        return v.n == INTEGRITY_LEN;
    case IX_STUN_FINGERPRINT:
        return parse_fingerprint(m, v, at);
    }
    return parse_turn(m, type, v);
}

/* what follows MESSAGE-INTEGRITY is not protected by it and is passed over, but for FINGERPRINT (section 14.5) */
static bool parse_attrs(struct ix_stun_msg *m, struct ix_reader r)
{
    struct ix_addr mapped = { 0 };
    uint64_t seen[2] = { 0 };
    while (r.n) {
        size_t at = m->len - r.n;
        uint16_t type = ix_read_u16(&r);
        uint16_t len = ix_read_u16(&r);
        struct ix_reader v = ix_read_sub(&r, len);
        (void) ix_read_bytes(&r, (4U - len % 4U) % 4U);
        if (r.bad)
            return false;
        if (!first_of_type(seen, type) || (m->has_integrity && type != IX_STUN_FINGERPRINT))
            continue;
        if (!parse_attr(m, type, v, at, &mapped))
            return false;
    }
    if (!m->xor_mapped.family)
        m->xor_mapped = mapped;
    return true;
}

int ix_stun_parse(struct ix_stun_msg *m, const void *p, size_t n)
{
    struct ix_stun_msg out = { .data = p, .len = n };
    struct ix_reader r = ix_reader(p, n);
    if (!ix_stun_is(p, n))
        return IRISX_E_PROTOCOL;
    uint16_t type = ix_read_u16(&r);
    (void) ix_read_bytes(&r, 6);
    ix_read_copy(&r, out.transaction, sizeof(out.transaction));
    /* the class is in bits 4 and 8, the method in the others (RFC 8489 figure 3) */
    out.cls = (enum ix_stun_class)((type >> 7 & 2U) | (type >> 4 & 1U));
    out.method = (uint16_t) ((type & 0xFU) | (type >> 1 & 0x70U) | (type >> 2 & 0xF80U));
    if (!parse_attrs(&out, r))
        return IRISX_E_PROTOCOL;
    *m = out;
    return 0;
}

bool ix_stun_check_integrity(const struct ix_stun_msg *m, struct ix_str key)
{
    if (!m->has_integrity)
        return false;
    /* the length in the header counts up to the attribute itself (RFC 8489 section 14.5) */
    size_t covered = m->integrity_at - HEADER + ATTR_HEAD + INTEGRITY_LEN;
    uint8_t head[4] = { m->data[0], m->data[1], (uint8_t) (covered >> 8), (uint8_t) covered };
    uint8_t mac[IX_DIGEST_MAX];
    struct ix_bytes parts[] = { { head, sizeof(head) }, { m->data + 4, m->integrity_at - 4 } };
    if (ix_hmac(IX_SHA1, (struct ix_bytes){ key.p, key.n }, parts, IX_COUNT(parts), mac) != 0)
        return false;
    return ix_equal_ct(mac, m->data + m->integrity_at + ATTR_HEAD, INTEGRITY_LEN);
}
