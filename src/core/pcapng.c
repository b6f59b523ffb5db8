/* SPDX-License-Identifier: MIT */
/* Capture files: pcapng blocks, little endian, one interface of raw IP packets (draft-ietf-opsawg-pcapng). */
#include "core/core.h"

#include <string.h>

#define BLOCK_SECTION 0x0A0D0D0Au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define OPT_COMMENT 1
#define OPT_USERAPPL 4
#define LINKTYPE_RAW 101 /* the packet begins with its IPv4 or IPv6 header */
#define PAYLOAD_MAX (65535 - 20 - 8) /* bytes that fit into one IPv4 packet with UDP */
#define COMMENT_MAX 4096 /* bytes; longer comments are cut */

static void pad4(struct ix_buf *b, size_t n)
{
    static const uint8_t zeros[3];

    ix_buf_put(b, zeros, (4 - n % 4) % 4);
}

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t) 3;
}

static struct ix_str option_text(const char *text)
{
    return ix_str_slice(ix_str(text), 0, COMMENT_MAX);
}

/* bytes that put_option writes, the end-of-options mark included */
static size_t option_size(struct ix_str text)
{
    return text.n == 0 ? 0 : 4 + padded(text.n) + 4;
}

static void put_option(struct ix_buf *b, uint16_t code, struct ix_str text)
{
    if (text.n == 0)
        return;
    ix_buf_u16le(b, code);
    ix_buf_u16le(b, (uint16_t) text.n);
    ix_buf_strv(b, text);
    pad4(b, text.n);
    ix_buf_u32le(b, 0);
}

void ix_pcapng_header(struct ix_buf *b, const char *application)
{
    struct ix_str name = option_text(application);
    uint32_t section = (uint32_t) (28 + option_size(name));

    ix_buf_u32le(b, BLOCK_SECTION);
    ix_buf_u32le(b, section);
    ix_buf_u32le(b, 0x1A2B3C4Du); /* byte order */
    ix_buf_u16le(b, 1); /* version 1.0 */
    ix_buf_u16le(b, 0);
    ix_buf_u32le(b, UINT32_MAX); /* section length: not given */
    ix_buf_u32le(b, UINT32_MAX);
    put_option(b, OPT_USERAPPL, name);
    ix_buf_u32le(b, section);

    ix_buf_u32le(b, BLOCK_INTERFACE);
    ix_buf_u32le(b, 20);
    ix_buf_u16le(b, LINKTYPE_RAW);
    ix_buf_u16le(b, 0);
    ix_buf_u32le(b, 0); /* no snap length; time stamps are microseconds by default */
    ix_buf_u32le(b, 20);
}

/* the Internet checksum's running sum (RFC 1071) */
static uint32_t sum16(uint32_t sum, const void *p, size_t n)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++)
        sum += i % 2 == 0 ? (uint32_t) bytes[i] << 8 : bytes[i];
    return (sum & 0xffff) + (sum >> 16);
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~sum;
}

struct datagram {
    bool v6;
    const uint8_t *src;
    const uint8_t *dst;
    uint16_t src_port;
    uint16_t dst_port;
    const void *data;
    uint16_t len; /* of data */
};

static void put_ip_header(struct ix_buf *b, const struct datagram *d)
{
    size_t start = b->n;
    uint16_t udp_len = (uint16_t) (8 + d->len);

    if (d->v6) {
        ix_buf_u32(b, 0x60000000);
        ix_buf_u16(b, udp_len);
        ix_buf_u8(b, 17);
        ix_buf_u8(b, 64);
        ix_buf_put(b, d->src, 16);
        ix_buf_put(b, d->dst, 16);
        return;
    }
    ix_buf_u16(b, 0x4500);
    ix_buf_u16(b, (uint16_t) (20 + udp_len));
    ix_buf_u32(b, 0x00004000); /* don't fragment */
    ix_buf_u16(b, 0x4011); /* 64 hops, UDP */
    ix_buf_u16(b, 0);
    ix_buf_put(b, d->src, 4);
    ix_buf_put(b, d->dst, 4);
    if (b->err != 0)
        return;
    uint16_t check = fold(sum16(0, b->p + start, 20));
    b->p[start + 10] = (uint8_t) (check >> 8);
    b->p[start + 11] = (uint8_t) check;
}

/* RFC 768: over addresses, protocol, length, header and data; a sum of zero is sent as all ones */
static uint16_t udp_checksum(const struct datagram *d, const uint8_t header[6])
{
    size_t ip = d->v6 ? 16 : 4;
    uint32_t sum = sum16(0, d->src, ip);

    sum = sum16(sum, d->dst, ip);
    sum = sum16(sum, header, 6);
    sum += 17u + 8u + d->len;
    for (size_t at = 0; at < d->len; at += 1024)
        sum = sum16(sum, (const uint8_t *) d->data + at, IX_MIN(1024u, d->len - at));
    uint16_t check = fold(sum);
    return check == 0 ? 0xffff : check;
}

static void put_udp(struct ix_buf *b, const struct datagram *d)
{
    uint16_t udp_len = (uint16_t) (8 + d->len);
    const uint8_t header[6] = { (uint8_t) (d->src_port >> 8), (uint8_t) d->src_port, (uint8_t) (d->dst_port >> 8),
        (uint8_t) d->dst_port, (uint8_t) (udp_len >> 8), (uint8_t) udp_len };

    ix_buf_put(b, header, sizeof header);
    ix_buf_u16(b, udp_checksum(d, header));
    ix_buf_put(b, d->data, d->len);
}

void ix_pcapng_udp(struct ix_buf *b, int64_t wall_us, const struct ix_addr *src, const struct ix_addr *dst,
    const void *data, size_t len, const char *comment)
{
    static const uint8_t none[4];
    bool v6 = src->family == IX_IPV6 && dst->family == IX_IPV6;
    bool v4 = src->family == IX_IPV4 && dst->family == IX_IPV4;
    struct datagram d = { v6, v6 || v4 ? src->ip : none, v6 || v4 ? dst->ip : none, src->port, dst->port, data,
        (uint16_t) IX_MIN(len, (size_t) PAYLOAD_MAX) };
    struct ix_str note = option_text(comment);
    size_t head = (v6 ? 40u : 20u) + 8u;
    uint32_t block = (uint32_t) (32 + padded(head + d.len) + option_size(note));

    /* all or nothing: half a block would make the rest of the file unreadable */
    if (ix_buf_reserve(b, block) != 0)
        return;
    ix_buf_u32le(b, BLOCK_PACKET);
    ix_buf_u32le(b, block);
    ix_buf_u32le(b, 0); /* interface */
    ix_buf_u32le(b, (uint32_t) ((uint64_t) wall_us >> 32));
    ix_buf_u32le(b, (uint32_t) wall_us);
    ix_buf_u32le(b, (uint32_t) (head + d.len));
    ix_buf_u32le(b, (uint32_t) IX_MIN(head + len, (size_t) UINT32_MAX));
    put_ip_header(b, &d);
    put_udp(b, &d);
    pad4(b, head + d.len);
    put_option(b, OPT_COMMENT, note);
    ix_buf_u32le(b, block);
}
