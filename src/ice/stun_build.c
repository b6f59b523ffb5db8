/* SPDX-License-Identifier: MIT */
/* STUN messages put together, RFC 8489 sections 5 and 14: begin, attributes, end. */
#include "ice/ice.h"

#include <string.h>

#define HEADER 20
#define FINGERPRINT_XOR UINT32_C(0x5354554e) /* RFC 8489 section 14.7 */
#define INTEGRITY_ATTR 24 /* bytes with head */
#define FINGERPRINT_ATTR 8
#define REASON_MAX 127 /* bytes; RFC 8489 section 14.8 allows 127 characters */

void ix_stun_begin(struct ix_buf *b, enum ix_stun_class cls, uint16_t method, const uint8_t transaction[12])
{
    unsigned c = (unsigned) cls;
    unsigned m = method;
    ix_buf_u16(b, (uint16_t) ((m & 0xFU) | (m & 0x70U) << 1 | (m & 0xF80U) << 2 | (c & 1U) << 4 | (c & 2U) << 7));
    ix_buf_u16(b, 0); /* set by ix_stun_end */
    ix_buf_u32(b, IX_STUN_MAGIC);
    ix_buf_put(b, transaction, 12);
}

void ix_stun_attr(struct ix_buf *b, uint16_t type, const void *p, size_t n)
{
    static const uint8_t zeros[4];
    if (n > UINT16_MAX) {
        b->err = b->err ? b->err : IRISX_E_TOO_LARGE;
        return;
    }
    ix_buf_u16(b, type);
    ix_buf_u16(b, (uint16_t) n);
    ix_buf_put(b, p, n);
    ix_buf_put(b, zeros, (4 - n % 4) % 4);
}

void ix_stun_attr_addr(struct ix_buf *b, uint16_t type, const struct ix_addr *a, const uint8_t transaction[12])
{
    static const uint8_t magic[4] = { 0x21, 0x12, 0xA4, 0x42 };
    size_t ip_len = a->family == IX_IPV6 ? 16 : 4;
    bool xored = type != IX_STUN_MAPPED_ADDRESS && type != IX_STUN_ALTERNATE_SERVER;
    uint8_t value[20] = { 0, a->family == IX_IPV6 ? 2 : 1, (uint8_t) (a->port >> 8), (uint8_t) a->port };
    memcpy(value + 4, a->ip, ip_len);
    for (size_t i = 0; xored && i < ip_len; i++)
        value[4 + i] ^= i < 4 ? magic[i] : transaction[i - 4];
    for (size_t i = 0; xored && i < 2; i++)
        value[2 + i] ^= magic[i];
    ix_stun_attr(b, type, value, 4 + ip_len);
}

void ix_stun_attr_error(struct ix_buf *b, uint16_t code, const char *reason)
{
    uint8_t storage[4 + REASON_MAX];
    struct ix_buf value;
    ix_buf_init_fixed(&value, storage, sizeof(storage));
    ix_buf_u16(&value, 0);
    ix_buf_u8(&value, (uint8_t) (code / 100));
    ix_buf_u8(&value, (uint8_t) (code % 100));
    ix_buf_strv(&value, ix_str_slice(ix_str(reason), 0, REASON_MAX));
    ix_stun_attr(b, IX_STUN_ERROR_CODE, storage, value.n);
}

static void set_length(struct ix_buf *b, size_t len)
{
    b->p[2] = (uint8_t) (len >> 8);
    b->p[3] = (uint8_t) len;
}

static void add_integrity(struct ix_buf *b, struct ix_str key)
{
    uint8_t mac[IX_DIGEST_MAX];
    set_length(b, b->n - HEADER + INTEGRITY_ATTR);
    int err = ix_hmac(IX_SHA1, (struct ix_bytes){ key.p, key.n }, &(struct ix_bytes){ b->p, b->n }, 1, mac);
    if (err)
        b->err = err;
    else
        ix_stun_attr(b, IX_STUN_MESSAGE_INTEGRITY, mac, INTEGRITY_ATTR - 4);
}

int ix_stun_end(struct ix_buf *b, struct ix_str key)
{
    if (b->n > UINT16_MAX - INTEGRITY_ATTR - FINGERPRINT_ATTR)
        return b->err ? b->err : IRISX_E_TOO_LARGE;
    if (!b->err && key.n)
        add_integrity(b, key);
    if (b->err)
        return b->err;
    set_length(b, b->n - HEADER + FINGERPRINT_ATTR);
    uint32_t crc = ix_crc32(b->p, b->n) ^ FINGERPRINT_XOR;
    ix_buf_u16(b, IX_STUN_FINGERPRINT);
    ix_buf_u16(b, 4);
    ix_buf_u32(b, crc);
    return b->err;
}
