/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "rtp/internal.h"

static struct ix_rtp_source started(void)
{
    struct ix_rtp_source s;

    ix_rtp_source_start(&s, 0x1234);
    return s;
}

Test(source, counts_what_is_missing)
{
    struct ix_rtp_source s = started();
    struct ix_rtcp_block b = { 0 };

    for (unsigned i = 0; i < 10; i++) {
        if (i != 3 && i != 4)
            ix_rtp_source_packet(&s, (uint16_t) (100 + i), i);
    }
    cr_assert_eq(ix_rtp_source_lost(&s), 2);
    ix_rtp_source_report(&s, &b);
    cr_assert_eq(b.ssrc, 0x1234);
    cr_assert_eq(b.lost, 2);
    cr_assert_eq(b.fraction_lost, 2 * 256 / 10);
    cr_assert_eq(b.highest, 109);
}

Test(source, late_packets_are_not_lost_not_even_those_before_the_first)
{
    struct ix_rtp_source s = started();

    ix_rtp_source_packet(&s, 5, 0);
    ix_rtp_source_packet(&s, 7, 0);
    ix_rtp_source_packet(&s, 6, 0);
    ix_rtp_source_packet(&s, 3, 0);
    cr_assert_eq(ix_rtp_source_lost(&s), 1);
    ix_rtp_source_packet(&s, 4, 0);
    cr_assert_eq(ix_rtp_source_lost(&s), 0);
}

Test(source, a_wrap_of_the_sequence_number_adds_a_cycle)
{
    struct ix_rtp_source s = started();
    struct ix_rtcp_block b = { 0 };

    for (unsigned i = 0; i < 20; i++)
        ix_rtp_source_packet(&s, (uint16_t) (65530 + i), i);
    ix_rtp_source_report(&s, &b);
    cr_assert_eq(b.lost, 0);
    cr_assert_eq(b.highest, 0x10000 + 13);
}

Test(source, older_than_the_first_across_the_wrap_does_not_underflow)
{
    struct ix_rtp_source s = started();

    ix_rtp_source_packet(&s, 0, 0);
    ix_rtp_source_packet(&s, 65535, 0);
    cr_assert_eq(ix_rtp_source_lost(&s), 0);
    cr_assert_eq(s.highest - s.base, 1);
}

Test(source, the_fraction_is_that_of_the_interval)
{
    struct ix_rtp_source s = started();
    struct ix_rtcp_block b = { 0 };

    ix_rtp_source_packet(&s, 0, 0);
    ix_rtp_source_packet(&s, 3, 0);
    ix_rtp_source_report(&s, &b);
    cr_assert_eq(b.fraction_lost, 128);
    ix_rtp_source_packet(&s, 4, 0);
    ix_rtp_source_packet(&s, 5, 0);
    ix_rtp_source_report(&s, &b);
    cr_assert_eq(b.fraction_lost, 0);
    cr_assert_eq(b.lost, 2);
    ix_rtp_source_report(&s, &b);
    cr_assert_eq(b.fraction_lost, 0, "nothing expected");
}

Test(source, a_sender_that_starts_anew_is_not_counted_as_loss)
{
    struct ix_rtp_source s = started();

    ix_rtp_source_packet(&s, 10, 0);
    ix_rtp_source_packet(&s, 12, 0);
    ix_rtp_source_packet(&s, 20000, 0);
    ix_rtp_source_packet(&s, 20001, 0);
    cr_assert_eq(ix_rtp_source_lost(&s), 1);
}

Test(source, steady_arrival_has_no_jitter_and_a_swing_has_the_rfcs)
{
    struct ix_rtp_source s = started();
    uint64_t want_q4 = 0;

    for (unsigned i = 0; i < 50; i++)
        ix_rtp_source_transit(&s, i * 960, 48000, i * 20 * IX_MS);
    cr_assert_eq(ix_rtp_source_jitter_us(&s), 0);
    for (unsigned i = 50; i < 250; i++) { /* every other packet 8 ms late: |D| = 8000 */
        ix_rtp_source_transit(&s, i * 960, 48000, i * 20 * IX_MS + (i % 2) * 8 * IX_MS);
        if (i > 50)
            want_q4 += 8000 - ((want_q4 + 8) >> 4);
    }
    cr_assert_eq(ix_rtp_source_jitter_us(&s), want_q4 >> 4);
    cr_assert_geq(ix_rtp_source_jitter_us(&s), 7900);
    cr_assert_leq(ix_rtp_source_jitter_us(&s), 8000);
}

Test(source, jitter_is_reported_in_units_of_the_rtp_clock)
{
    struct ix_rtp_source s = started();
    struct ix_rtcp_block b = { 0 };

    ix_rtp_source_packet(&s, 1, 0);
    ix_rtp_source_transit(&s, 0, 8000, 0);
    ix_rtp_source_transit(&s, 160, 8000, 36 * IX_MS); /* 16 ms late: J = 1 ms */
    cr_assert_eq(ix_rtp_source_jitter_us(&s), 1000);
    ix_rtp_source_report(&s, &b);
    cr_assert_eq(b.jitter, 8);
}

Test(source, a_wrap_of_the_timestamp_or_another_clock_is_no_jitter)
{
    struct ix_rtp_source s = started();

    ix_rtp_source_transit(&s, UINT32_MAX - 479, 48000, 0);
    ix_rtp_source_transit(&s, 480, 48000, 20 * IX_MS);
    ix_rtp_source_transit(&s, 99, 8000, 40 * IX_MS);
    ix_rtp_source_transit(&s, 99 + 160, 8000, 60 * IX_MS);
    cr_assert_eq(ix_rtp_source_jitter_us(&s), 0);
}
