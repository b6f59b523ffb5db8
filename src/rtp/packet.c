/* SPDX-License-Identifier: MIT */
/*
 * Which protocol a packet on the media port belongs to (RFC 7983 section 7, RFC 5761 section 4) and the RTP header
 * (RFC 3550 section 5.1):
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *   |                           timestamp                           |
 *   |                             SSRC                              |
 *   |                        CC x CSRC ...                          |
 */
#include "rtp/internal.h"

enum ix_packet_kind ix_packet_kind(const void *p, size_t n)
{
    const uint8_t *b = p;

    if (n < 2)
        return IX_PACKET_UNKNOWN;
    if (b[0] <= 3)
        return IX_PACKET_STUN;
    if (b[0] >= 20 && b[0] <= 63)
        return IX_PACKET_DTLS;
    if (b[0] >= 64 && b[0] <= 79)
        return IX_PACKET_TURN_CHANNEL;
    if (b[0] < 128 || b[0] > 191)
        return IX_PACKET_UNKNOWN;
    return b[1] >= 192 && b[1] <= 223 ? IX_PACKET_RTCP : IX_PACKET_RTP;
}

/* CSRCs and the header extension (RFC 8285 or any other) carry nothing that we use. */
static void skip_optional(struct ix_reader *r, unsigned csrcs, bool extension)
{
    (void) ix_read_bytes(r, 4u * csrcs);
    if (!extension)
        return;
    (void) ix_read_u16(r);
    (void) ix_read_bytes(r, 4u * ix_read_u16(r));
}

int ix_rtp_parse(struct ix_rtp_header *h, const void *p, size_t n)
{
    struct ix_reader r = ix_reader(p, n);
    uint8_t first = ix_read_u8(&r), second = ix_read_u8(&r);

    *h = (struct ix_rtp_header){
        .padding = (first & 0x20) != 0,
        .extension = (first & 0x10) != 0,
        .marker = (second & 0x80) != 0,
        .payload_type = second & 0x7f,
    };
    h->seq = ix_read_u16(&r);
    h->timestamp = ix_read_u32(&r);
    h->ssrc = ix_read_u32(&r);
    skip_optional(&r, first & 0x0f, h->extension);
    if (r.bad || first >> 6 != 2)
        return IRISX_E_PROTOCOL;
    h->payload = r.p;
    h->payload_len = r.n;
    if (!h->padding)
        return 0;
    if (r.n == 0 || r.p[r.n - 1] == 0 || r.p[r.n - 1] > r.n) /* the last byte counts itself */
        return IRISX_E_PROTOCOL;
    h->payload_len -= r.p[r.n - 1];
    return 0;
}

void ix_rtp_write_head(struct ix_buf *b, const struct ix_rtp_header *h)
{
    ix_buf_u8(b, 0x80);
    ix_buf_u8(b, (uint8_t) ((h->marker ? 0x80 : 0) | (h->payload_type & 0x7f)));
    ix_buf_u16(b, h->seq);
    ix_buf_u32(b, h->timestamp);
    ix_buf_u32(b, h->ssrc);
}
