/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "rtp/internal.h"

static const uint8_t golden[] = {
    0x81, 0xc8, 0x00, 0x0c, 0x11, 0x22, 0x33, 0x44, /* SR, one block, 13 words, SSRC */
    0xe8, 0xfe, 0x6f, 0x80, 0x80, 0x00, 0x00, 0x00, /* NTP of 2023-11-14T22:13:20.5Z */
    0x00, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x32, 0x00, 0x00, 0x0f, 0xa0, /* RTP time, packets, bytes */
    0x55, 0x66, 0x77, 0x88, 0x40, 0xff, 0xff, 0xfe, /* block: SSRC, fraction, -2 lost */
    0x00, 0x01, 0x00, 0x05, 0x00, 0x00, 0x00, 0x10, 0x6f, 0x80, 0x80, 0x00, 0x00, 0x01, 0x80, 0x00, /* rest of it */
    0x81, 0xca, 0x00, 0x03, 0x11, 0x22, 0x33, 0x44, 0x01, 0x04, 'n', 'a', 'm', 'e', 0x00, 0x00, /* SDES */
    0x81, 0xcb, 0x00, 0x01, 0x11, 0x22, 0x33, 0x44, /* BYE */
};
#define SR_LEN 52
#define BYE_LEN 8

static size_t write_golden(uint8_t *out, size_t cap)
{
    struct ix_rtcp_sender sender = {
        .ntp = ix_rtcp_ntp(INT64_C(1700000000500000)), .timestamp = 0x10002, .packets = 50, .bytes = 4000
    };
    struct ix_rtcp_block block = { .ssrc = 0x55667788,
        .fraction_lost = 64,
        .lost = -2,
        .highest = 0x10005,
        .jitter = 16,
        .lsr = 0x6f808000,
        .dlsr = 0x18000 };
    struct ix_rtcp_report r = { 0x11223344, &sender, &block, "name", true };
    struct ix_buf b;

    ix_buf_init_fixed(&b, out, cap);
    ix_rtcp_write(&b, &r);
    cr_assert_eq(b.err, 0);
    return b.n;
}

Test(rtcp, a_compound_report_has_the_golden_bytes)
{
    uint8_t out[256];
    size_t n = write_golden(out, sizeof(out));

    cr_assert_eq(n, sizeof(golden));
    cr_assert_arr_eq(out, golden, sizeof(golden));
    cr_assert_eq(ix_rtcp_check(golden, sizeof(golden)), 0);
}

Test(rtcp, what_was_written_is_read_again)
{
    struct ix_reader r = ix_reader(golden, sizeof(golden));
    struct ix_rtcp_packet p;
    struct ix_rtcp_block b;

    cr_assert(ix_rtcp_next(&r, &p));
    cr_assert_eq(p.kind, IX_RTCP_SR);
    cr_assert_eq(p.ssrc, 0x11223344);
    cr_assert_eq(p.sender.packets, 50);
    cr_assert_eq(p.sender.bytes, 4000);
    cr_assert_eq(p.sender.ntp >> 16 & 0xffffffff, 0x6f808000);
    cr_assert(ix_rtcp_next_block(&p, &b));
    cr_assert_eq(b.lost, -2);
    cr_assert_eq(b.highest, 0x10005);
    cr_assert_eq(b.dlsr, 0x18000);
    cr_assert_not(ix_rtcp_next_block(&p, &b));
    cr_assert(ix_rtcp_next(&r, &p));
    cr_assert_eq(p.kind, IX_RTCP_SDES);
    cr_assert(ix_rtcp_next(&r, &p));
    cr_assert_eq(p.kind, IX_RTCP_BYE);
    cr_assert_eq(p.ssrc, 0x11223344);
    cr_assert_not(ix_rtcp_next(&r, &p));
}

Test(rtcp, every_length_of_name_is_padded_with_at_least_one_zero)
{
    const char *name = "abcdefgh";

    for (size_t skip = 0; skip <= 8; skip++) {
        struct ix_rtcp_report r = { .ssrc = 1, .cname = name + skip };
        uint8_t out[64];
        struct ix_buf b;
        ix_buf_init_fixed(&b, out, sizeof(out));
        ix_rtcp_write(&b, &r);
        cr_assert_eq(b.n % 4, 0);
        cr_assert_eq(out[b.n - 1], 0);
        cr_assert_eq(ix_rtcp_check(out, b.n), 0, "%zu", skip);
    }
}

Test(rtcp, every_cut_is_refused_but_at_packet_borders)
{
    for (size_t n = 0; n < sizeof(golden); n++) {
        int want = n == SR_LEN || n == sizeof(golden) - BYE_LEN ? 0 : IRISX_E_PROTOCOL;
        cr_assert_eq(ix_rtcp_check(golden, n), want, "%zu", n);
    }
}

Test(rtcp, a_compound_must_start_with_a_report)
{
    cr_assert_eq(ix_rtcp_check(golden + SR_LEN, sizeof(golden) - SR_LEN), IRISX_E_PROTOCOL);
}

Test(rtcp, more_blocks_than_there_are_bytes_is_refused)
{
    uint8_t p[sizeof(golden)];

    memcpy(p, golden, sizeof(p));
    p[0] = 0x82;
    cr_assert_eq(ix_rtcp_check(p, sizeof(p)), IRISX_E_PROTOCOL);
}

Test(rtcp, padding_is_allowed_in_the_last_packet_only)
{
    static const uint8_t padded_last[] = { 0x80, 201, 0, 1, 0, 0, 0, 1, 0xa0, 203, 0, 1, 0, 0, 0, 4 };
    static const uint8_t padded_first[] = { 0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, 203, 0, 0 };
    static const uint8_t too_much[] = { 0xa0, 201, 0, 1, 0, 0, 0, 8 };
    static const uint8_t odd[] = { 0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3 };

    cr_assert_eq(ix_rtcp_check(padded_last, sizeof(padded_last)), 0);
    cr_assert_eq(ix_rtcp_check(padded_first, sizeof(padded_first)), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_rtcp_check(too_much, sizeof(too_much)), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_rtcp_check(odd, sizeof(odd)), IRISX_E_PROTOCOL);
}

Test(rtcp, source_descriptions_and_reasons_that_run_over_their_end_are_refused)
{
    static const uint8_t item[] = { 0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 'a', 0 };
    static const uint8_t no_end[] = { 0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 202, 0, 2, 0, 0, 0, 1, 1, 2, 'a', 'b' };
    static const uint8_t reason[] = { 0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 2, 0, 0, 0, 1, 4, 'a', 'b', 'c' };

    cr_assert_eq(ix_rtcp_check(item, sizeof(item)), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_rtcp_check(no_end, sizeof(no_end)), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_rtcp_check(reason, sizeof(reason)), IRISX_E_PROTOCOL);
}

Test(rtcp, unknown_packets_between_known_ones_are_skipped)
{
    static const uint8_t p[] = { 0x80, 201, 0, 1, 0, 0, 0, 1, 0x8f, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 0x81,
        203, 0, 1, 0, 0, 0, 1 };
    struct ix_reader r = ix_reader(p, sizeof(p));
    struct ix_rtcp_packet packet;
    unsigned n = 0;

    cr_assert_eq(ix_rtcp_check(p, sizeof(p)), 0);
    while (ix_rtcp_next(&r, &packet))
        n++;
    cr_assert_eq(n, 3);
    cr_assert_eq(packet.kind, 0);
}

Test(rtcp, ntp_counts_from_1900_in_32_32)
{
    cr_assert_eq(ix_rtcp_ntp(0), UINT64_C(2208988800) << 32);
    cr_assert_eq(ix_rtcp_ntp(250000) & 0xffffffff, 0x40000000);
    cr_assert_eq(ix_rtcp_ntp(-5), UINT64_C(2208988800) << 32);
}
