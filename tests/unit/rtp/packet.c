/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "rtp/internal.h"

static enum ix_packet_kind kind(uint8_t first, uint8_t second)
{
    uint8_t p[12] = { first, second };

    return ix_packet_kind(p, sizeof(p));
}

Test(packet, kinds_follow_rfc_7983_at_every_border)
{
    cr_assert_eq(kind(0, 1), IX_PACKET_STUN);
    cr_assert_eq(kind(3, 1), IX_PACKET_STUN);
    cr_assert_eq(kind(4, 1), IX_PACKET_UNKNOWN);
    cr_assert_eq(kind(16, 1), IX_PACKET_UNKNOWN, "ZRTP");
    cr_assert_eq(kind(19, 1), IX_PACKET_UNKNOWN);
    cr_assert_eq(kind(20, 1), IX_PACKET_DTLS);
    cr_assert_eq(kind(63, 1), IX_PACKET_DTLS);
    cr_assert_eq(kind(64, 1), IX_PACKET_TURN_CHANNEL);
    cr_assert_eq(kind(79, 1), IX_PACKET_TURN_CHANNEL);
    cr_assert_eq(kind(80, 1), IX_PACKET_UNKNOWN);
    cr_assert_eq(kind(127, 1), IX_PACKET_UNKNOWN);
    cr_assert_eq(kind(128, 111), IX_PACKET_RTP);
    cr_assert_eq(kind(191, 111), IX_PACKET_RTP);
    cr_assert_eq(kind(192, 111), IX_PACKET_UNKNOWN);
}

Test(packet, rtcp_shares_the_port_with_rtp_by_its_type)
{
    cr_assert_eq(kind(0x80, 191), IX_PACKET_RTP, "payload type 63 with marker");
    cr_assert_eq(kind(0x80, 192), IX_PACKET_RTCP);
    cr_assert_eq(kind(0x81, 200), IX_PACKET_RTCP);
    cr_assert_eq(kind(0x81, 223), IX_PACKET_RTCP);
    cr_assert_eq(kind(0x80, 224), IX_PACKET_RTP, "payload type 96 with marker");
    cr_assert_eq(kind(0x80, 72), IX_PACKET_RTP);
}

Test(packet, too_short_to_tell_is_unknown)
{
    cr_assert_eq(ix_packet_kind("\x80", 1), IX_PACKET_UNKNOWN);
    cr_assert_eq(ix_packet_kind(NULL, 0), IX_PACKET_UNKNOWN);
}

Test(packet, a_plain_header_is_read)
{
    static const uint8_t p[] = { 0x80, 0xef, 0x12, 0x34, 0, 0, 0, 9, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3 };
    struct ix_rtp_header h;

    cr_assert_eq(ix_rtp_parse(&h, p, sizeof(p)), 0);
    cr_assert(h.marker);
    cr_assert_eq(h.payload_type, 111);
    cr_assert_eq(h.seq, 0x1234);
    cr_assert_eq(h.timestamp, 9);
    cr_assert_eq(h.ssrc, 0xdeadbeef);
    cr_assert_eq(h.payload, p + 12);
    cr_assert_eq(h.payload_len, 3);
}

Test(packet, sources_extension_and_padding_are_left_out_of_the_payload)
{
    static const uint8_t p[] = { 0xb2, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, /* V=2 P X CC=2 */
        0, 0, 0, 4, 0, 0, 0, 5, /* CSRCs */
        0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0, /* extension of one word */
        'h', 'i', 0, 2 };
    struct ix_rtp_header h;

    cr_assert_eq(ix_rtp_parse(&h, p, sizeof(p)), 0);
    cr_assert(h.padding && h.extension);
    cr_assert_eq(h.payload_len, 2);
    cr_assert_arr_eq(h.payload, "hi", 2);
}

Test(packet, every_cut_of_a_packet_is_refused_or_inside_it)
{
    static const uint8_t p[] = { 0xb1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 9,
        1 };
    struct ix_rtp_header h;

    for (size_t n = 0; n < 24; n++)
        cr_assert_eq(ix_rtp_parse(&h, p, n), IRISX_E_PROTOCOL, "%zu", n);
    cr_assert_eq(ix_rtp_parse(&h, p, sizeof(p)), 0);
    cr_assert_eq(h.payload_len, 1);
}

Test(packet, padding_that_is_zero_or_longer_than_the_payload_is_refused)
{
    uint8_t p[] = { 0xa0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 7, 0 };
    struct ix_rtp_header h;

    cr_assert_eq(ix_rtp_parse(&h, p, sizeof(p)), IRISX_E_PROTOCOL);
    p[13] = 3;
    cr_assert_eq(ix_rtp_parse(&h, p, sizeof(p)), IRISX_E_PROTOCOL);
    p[13] = 2;
    cr_assert_eq(ix_rtp_parse(&h, p, sizeof(p)), 0);
    cr_assert_eq(h.payload_len, 0);
    cr_assert_eq(ix_rtp_parse(&h, p, 12), IRISX_E_PROTOCOL, "nothing there to hold the count");
}

Test(packet, another_version_is_refused)
{
    uint8_t p[12] = { 0x40 };
    struct ix_rtp_header h;

    cr_assert_eq(ix_rtp_parse(&h, p, sizeof(p)), IRISX_E_PROTOCOL);
}

Test(packet, what_is_written_is_read_again)
{
    struct ix_rtp_header in = { .marker = true, .payload_type = 127, .seq = 65535, .timestamp = 1, .ssrc = 2 }, out;
    uint8_t raw[12];
    struct ix_buf b;

    ix_buf_init_fixed(&b, raw, sizeof(raw));
    ix_rtp_write_head(&b, &in);
    cr_assert_eq(b.n, 12);
    cr_assert_eq(ix_rtp_parse(&out, raw, 12), 0);
    cr_assert(out.marker);
    cr_assert_eq(out.payload_type, 127);
    cr_assert_eq(out.seq, 65535);
}
