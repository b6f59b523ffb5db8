/* SPDX-License-Identifier: MIT */
/*
 * Packets are PCMU of 20 ms at 8 kHz unless said otherwise: 160 bytes, each with the packet's number. Packet k is sent
 * at k * 20 ms and would, undelayed, arrive at T0 + k * 20 ms.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "audio/audio.h"

#define T0 (100 * IX_S)
#define CLOCK 8000

struct source { /* first values of the wire */
    uint16_t seq;
    uint32_t ts, ssrc;
};

static struct ix_jitter *fresh(uint32_t min_ms, uint32_t max_ms)
{
    struct ix_jitter *j = NULL;
    cr_assert_eq(ix_jitter_new(&(struct ix_jitter_config){ min_ms, max_ms }, &j), 0);
    return j;
}

static struct ix_frame packet(const struct source *s, unsigned k, uint64_t arrival_us)
{
    struct ix_frame f = { .arrival_us = arrival_us,
        .timestamp = s->ts + k * 160,
        .ssrc = s->ssrc,
        .seq = (uint16_t) (s->seq + k),
        .kind = IX_FRAME_AUDIO,
        .codec = IX_CODEC_PCMU,
        .len = 160 };
    memset(f.payload, (uint8_t) k, 160);
    return f;
}

static void put(struct ix_jitter *j, const struct source *s, unsigned k, uint64_t late_ms)
{
    struct ix_frame f = packet(s, k, T0 + (k * 20 + late_ms) * IX_MS);
    ix_jitter_put(j, &f, CLOCK);
}

/* the packet's number, or -1 NOTHING, -2 LOST, -3 COMFORT */
static int get(struct ix_jitter *j, uint64_t at_ms)
{
    struct ix_jitter_got got;
    ix_jitter_get(j, T0 + at_ms * IX_MS, 0, 20000, &got);
    switch (got.kind) {
    case IX_JITTER_NOTHING:
        return -1;
    case IX_JITTER_LOST:
        cr_assert_eq(got.samples, 160);
        return -2;
    case IX_JITTER_COMFORT:
        return -3;
    case IX_JITTER_FRAME:
        cr_assert_eq(got.samples, 160);
        cr_assert_eq(got.len, 160);
        cr_assert_eq(got.payload[0], got.payload[159]);
        return got.payload[0];
    }
    return -9;
}

static struct ix_jitter_stats stats(const struct ix_jitter *j)
{
    struct ix_jitter_stats s;
    ix_jitter_stats(j, &s);
    return s;
}

static const struct source plain = { 1000, 50000, 77 };

Test(jitter, the_first_packet_is_played_once_it_has_waited_the_least_delay)
{
    struct ix_jitter *j = fresh(20, 500);
    cr_assert_eq(get(j, 0), -1);
    put(j, &plain, 0, 0);
    cr_assert_eq(get(j, 5), -1);
    put(j, &plain, 1, 0);
    cr_assert_eq(get(j, 25), 0);
    put(j, &plain, 2, 0);
    cr_assert_eq(get(j, 45), 1);
    cr_assert_eq(get(j, 65), 2);
    cr_assert_eq(stats(j).lost, 0);
    ix_jitter_free(j);
}

Test(jitter, reordered_packets_are_played_in_order_and_duplicates_once)
{
    struct ix_jitter *j = fresh(60, 500);
    put(j, &plain, 1, 0);
    put(j, &plain, 0, 25);
    put(j, &plain, 3, 0);
    put(j, &plain, 2, 25);
    put(j, &plain, 2, 26);
    put(j, &plain, 1, 60);
    for (int k = 0; k < 4; k++)
        cr_assert_eq(get(j, (uint64_t) (100 + k * 20)), k);
    put(j, &plain, 3, 80);
    cr_assert_eq(stats(j).duplicate, 3);
    cr_assert_eq(stats(j).lost, 0);
    cr_assert_eq(stats(j).late, 0);
    ix_jitter_free(j);
}

Test(jitter, sequence_and_timestamp_wrap)
{
    const struct source wrap = { 65530, 0xfffffc00u, 1 };
    struct ix_jitter *j = fresh(20, 500);
    for (unsigned k = 0; k < 30; k++) {
        put(j, &wrap, k, 0);
        cr_assert_eq(get(j, k * 20 + 10), k == 0 ? -1 : (int) k - 1);
    }
    cr_assert_eq(stats(j).lost + stats(j).late + stats(j).resets, 0);
    ix_jitter_free(j);
}

/* Opus of 20 ms, SILK wideband; with redundancy for the packet before if `lbrr` (RFC 6716 section 4.2.4) */
static void put_fec(struct ix_jitter *j, unsigned k, bool lbrr, uint64_t late_ms)
{
    struct ix_frame f = { .arrival_us = T0 + (k * 20 + late_ms) * IX_MS,
        .timestamp = k * 960,
        .ssrc = 1,
        .seq = (uint16_t) k,
        .kind = IX_FRAME_AUDIO,
        .codec = IX_CODEC_OPUS,
        .len = 60,
        .payload = { 9 << 3, lbrr ? 0xc0 : 0x80, (uint8_t) k } };
    ix_jitter_put(j, &f, 48000);
}

Test(jitter, a_lost_packet_is_told_with_the_one_behind_it_if_that_has_redundancy)
{
    for (int lbrr = 0; lbrr < 2; lbrr++) {
        struct ix_jitter *j = fresh(40, 500);
        put_fec(j, 0, false, 0);
        put_fec(j, 2, lbrr, 0);
        struct ix_jitter_got got;
        ix_jitter_get(j, T0 + 45 * IX_MS, 0, 20000, &got);
        cr_assert(got.kind == IX_JITTER_FRAME && got.payload[2] == 0);
        ix_jitter_get(j, T0 + 65 * IX_MS, 0, 20000, &got);
        cr_assert(got.kind == IX_JITTER_LOST && got.samples == 960 && got.skip == 0);
        cr_assert_eq(got.payload != NULL, lbrr);
        if (lbrr)
            cr_assert(got.len == 60 && got.payload[2] == 2);
        ix_jitter_get(j, T0 + 85 * IX_MS, 0, 20000, &got);
        cr_assert(got.kind == IX_JITTER_FRAME && got.payload[2] == 2);
        cr_assert_eq(stats(j).lost, 1);
        ix_jitter_free(j);
    }
}

Test(jitter, of_a_longer_gap_only_the_last_packet_can_come_from_redundancy)
{
    struct ix_jitter *j = fresh(80, 500);
    struct ix_jitter_got got;
    put_fec(j, 0, true, 0);
    put_fec(j, 4, true, 0);
    ix_jitter_get(j, T0 + 80 * IX_MS, 0, 20000, &got);
    for (unsigned k = 1; k < 4; k++) {
        ix_jitter_get(j, T0 + (80 + k * 20) * IX_MS, 0, 20000, &got);
        cr_assert_eq(got.kind, IX_JITTER_LOST);
        cr_assert_eq(got.payload != NULL, k == 3);
    }
    ix_jitter_get(j, T0 + 160 * IX_MS, 0, 20000, &got);
    cr_assert(got.kind == IX_JITTER_FRAME && got.payload[2] == 4);
    cr_assert_eq(stats(j).lost, 3);
    ix_jitter_free(j);
}

Test(jitter, of_what_is_restored_the_part_that_was_made_up_before_is_skipped)
{
    struct ix_jitter *j = fresh(20, 500);
    struct ix_jitter_got got;
    put_fec(j, 0, true, 0);
    ix_jitter_get(j, T0 + 25 * IX_MS, 0, 20000, &got);
    ix_jitter_get(j, T0 + 45 * IX_MS, 10 * IX_MS, 10000, &got); /* 1 is not there, nor anything behind it */
    cr_assert(got.kind == IX_JITTER_LOST && !got.payload && got.samples == 480);
    put_fec(j, 2, true, 15);
    ix_jitter_get(j, T0 + 65 * IX_MS, 0, 20000, &got);
    cr_assert(got.kind == IX_JITTER_LOST && got.payload && got.samples == 960 && got.skip == 480);
    ix_jitter_get(j, T0 + 65 * IX_MS, 10 * IX_MS, 10000, &got);
    cr_assert(got.kind == IX_JITTER_FRAME && got.payload[2] == 2);
    ix_jitter_free(j);
}

Test(jitter, redundancy_is_waited_for_while_packets_are_lost)
{
    struct ix_jitter *j = fresh(10, 500);
    for (unsigned k = 0; k < 300; k++)
        if (k % 20 != 7)
            put_fec(j, k, true, 0);
    cr_assert_geq(stats(j).target_us, 20 * IX_MS, "%lu us", (unsigned long) stats(j).target_us);
    cr_assert_leq(stats(j).target_us, 30 * IX_MS);
    for (unsigned k = 300; k < 2000; k++)
        put_fec(j, k, false, 0);
    cr_assert_lt(stats(j).target_us, 15 * IX_MS, "nobody sends any more: %lu us", (unsigned long) stats(j).target_us);
    ix_jitter_free(j);
}

Test(jitter, a_packet_inside_another_fills_the_hole_and_only_that)
{
    struct ix_jitter *j = fresh(40, 500);
    put(j, &plain, 0, 0);
    put(j, &plain, 2, 0);
    struct ix_frame red = packet(&plain, 1, T0 + 40 * IX_MS);
    red.kind = IX_FRAME_REDUNDANT;
    ix_jitter_put(j, &red, CLOCK);
    red = packet(&plain, 0, T0 + 40 * IX_MS); /* this one has come itself */
    red.kind = IX_FRAME_REDUNDANT;
    ix_jitter_put(j, &red, CLOCK);
    for (int k = 0; k < 3; k++)
        cr_assert_eq(get(j, (uint64_t) (45 + 20 * k)), k);
    cr_assert_eq(stats(j).redundant, 1);
    cr_assert_eq(stats(j).lost, 1, "the path lost it all the same");
    cr_assert_eq(stats(j).duplicate, 0);
    red = packet(&plain, 2, T0 + 100 * IX_MS); /* too late */
    red.kind = IX_FRAME_REDUNDANT;
    ix_jitter_put(j, &red, CLOCK);
    put(j, &plain, 3, 40);
    cr_assert_eq(get(j, 105), 3);
    ix_jitter_free(j);
}

Test(jitter, a_packet_that_comes_after_its_redundant_copy_is_played_once)
{
    struct ix_jitter *j = fresh(60, 500);
    put(j, &plain, 0, 0);
    put(j, &plain, 2, 0);
    struct ix_frame red = packet(&plain, 1, T0 + 40 * IX_MS);
    red.kind = IX_FRAME_REDUNDANT;
    ix_jitter_put(j, &red, CLOCK);
    put(j, &plain, 1, 30);
    for (int k = 0; k < 3; k++)
        cr_assert_eq(get(j, (uint64_t) (65 + 20 * k)), k);
    cr_assert_eq(stats(j).redundant + stats(j).duplicate + stats(j).lost, 0);
    ix_jitter_free(j);
}

Test(jitter, a_packet_that_comes_after_its_time_was_filled_by_others_is_late_not_lost)
{
    struct ix_jitter *j = fresh(20, 500);
    put(j, &plain, 0, 0);
    cr_assert_eq(get(j, 21), 0);
    put(j, &plain, 2, 0);
    cr_assert_eq(get(j, 41), -2);
    put(j, &plain, 1, 35); /* arrives at 55 */
    cr_assert_eq(get(j, 61), 2);
    cr_assert_eq(stats(j).late, 1);
    cr_assert_eq(stats(j).lost, 0);
    cr_assert_geq(stats(j).target_us, 35 * IX_MS, "the estimator learns from late packets");
    ix_jitter_free(j);
}

Test(jitter, when_everything_is_late_the_delay_grows_and_nothing_is_left_out)
{
    struct ix_jitter *j = fresh(20, 500);
    put(j, &plain, 0, 0);
    cr_assert_eq(get(j, 25), 0);
    cr_assert_eq(get(j, 45), -2); /* a pause of the network: 60 ms */
    cr_assert_eq(get(j, 65), -2);
    for (unsigned k = 1; k < 6; k++)
        put(j, &plain, k, 60);
    cr_assert_eq(get(j, 85), 1);
    cr_assert_eq(get(j, 105), 2);
    cr_assert_eq(stats(j).lost + stats(j).late, 0);
    ix_jitter_free(j);
}

Test(jitter, what_was_made_up_covers_packets_that_never_come)
{
    struct ix_jitter *j = fresh(20, 500);
    put(j, &plain, 0, 0);
    cr_assert_eq(get(j, 25), 0);
    cr_assert_eq(get(j, 45), -2);
    cr_assert_eq(get(j, 65), -2);
    put(j, &plain, 3, 0); /* 1 and 2 are lost: their time is filled already */
    cr_assert_eq(get(j, 85), 3);
    cr_assert_eq(stats(j).lost, 2);
    ix_jitter_free(j);
}

Test(jitter, the_target_follows_the_distribution_not_the_peak)
{
    struct ix_jitter *j = fresh(20, 500);
    for (unsigned k = 0; k < 3000; k++) /* each 60 s something very late, else 30 ms */
        put(j, &plain, k, k % 3000 == 999 ? 300 : k % 2 * 30);
    cr_assert_geq(stats(j).target_us, 30 * IX_MS);
    cr_assert_leq(stats(j).target_us, 40 * IX_MS);
    for (unsigned k = 3000; k < 4000; k++) /* each 2 s a pause of 120 ms: that is the distribution */
        put(j, &plain, k, k % 100 < 6 ? 120 - k % 100 * 20 : 0);
    cr_assert_geq(stats(j).target_us, 120 * IX_MS);
    for (unsigned k = 4000; k < 14000; k++)
        put(j, &plain, k, 0);
    cr_assert_eq(stats(j).target_us, 20 * IX_MS, "and comes down again");
    ix_jitter_free(j);
}

Test(jitter, another_route_changes_nothing_that_was_learned)
{
    struct ix_jitter *j = fresh(10, 500);
    for (unsigned k = 0; k < 3000; k++)
        put(j, &plain, k, k % 3 * 20);
    uint64_t before = stats(j).target_us;
    for (unsigned k = 3000; k < 6000; k++)
        put(j, &plain, k, 80 + k % 3 * 20);
    cr_assert_leq(stats(j).target_us, before + 8 * IX_MS, "%lu, was %lu", (unsigned long) stats(j).target_us,
        (unsigned long) before);
    cr_assert_geq(stats(j).target_us + 8 * IX_MS, before);
    ix_jitter_free(j);
}

Test(jitter, the_bounds_can_be_set_and_a_target_too)
{
    struct ix_jitter *j = NULL;
    cr_assert_eq(ix_jitter_new(&(struct ix_jitter_config){ .target_delay_ms = 100, .max_delay_ms = 300 }, &j), 0);
    for (unsigned k = 0; k < 50; k++) {
        put(j, &plain, k, k % 2 * 30);
        cr_assert_eq(get(j, k * 20 + 1), k < 5 ? -1 : (int) k - 5);
    }
    cr_assert_eq(stats(j).target_us, 100 * IX_MS);
    ix_jitter_bounds(j, &(struct ix_jitter_config){ .min_delay_ms = 60, .max_delay_ms = 9000 });
    for (unsigned k = 50; k < 100; k++)
        put(j, &plain, k, 0);
    cr_assert_eq(
        stats(j).target_us, 60 * IX_MS, "no more than memory was taken for: %lu", (unsigned long) stats(j).target_us);
    ix_jitter_free(j);
}

Test(jitter, a_fixed_buffer_loses_what_comes_late)
{
    struct ix_jitter *j = NULL;
    cr_assert_eq(ix_jitter_new(&(struct ix_jitter_config){ .target_delay_ms = 40, .fixed = true }, &j), 0);
    put(j, &plain, 0, 0);
    put(j, &plain, 1, 0);
    cr_assert_eq(get(j, 41), 0);
    cr_assert_eq(get(j, 61), 1);
    cr_assert_eq(get(j, 81), -2);
    put(j, &plain, 2, 50); /* at 90 */
    put(j, &plain, 3, 30);
    cr_assert_eq(get(j, 101), 3, "the delay has not grown");
    cr_assert_eq(stats(j).late, 1);
    ix_jitter_free(j);
}

Test(jitter, excess_tells_how_much_may_be_taken_out)
{
    struct ix_jitter *j = fresh(20, 500);
    struct ix_jitter_got got;
    for (unsigned k = 0; k < 5; k++)
        put(j, &plain, k, 0);
    ix_jitter_get(j, T0 + 100 * IX_MS, 0, 20000, &got);
    cr_assert_eq(got.kind, IX_JITTER_FRAME);
    cr_assert_eq(got.excess_us, 80 * 1000);
    cr_assert_eq(got.waiting, 4);
    cr_assert_eq(got.waited_us, 100 * IX_MS);
    ix_jitter_get(j, T0 + 100 * IX_MS, 0, 20000, &got); /* the caller took 20 ms out: asks again at once */
    cr_assert_eq(got.excess_us, 60 * 1000);
    ix_jitter_get(j, T0 + 100 * IX_MS, 20 * IX_MS, 20000, &got); /* what is decoded and in front makes no difference */
    cr_assert_eq(got.excess_us, 40 * 1000);
    ix_jitter_free(j);
}

Test(jitter, more_delay_than_allowed_is_cut_to_the_target)
{
    struct ix_jitter *j = fresh(20, 200);
    for (unsigned k = 0; k < 15; k++)
        put(j, &plain, k, 0);
    cr_assert_eq(get(j, 290), 13); /* 13 has waited 30 ms, 14 only 10 */
    cr_assert_eq(stats(j).discarded, 13);
    cr_assert_eq(stats(j).lost, 0);
    ix_jitter_free(j);
}

Test(jitter, another_ssrc_begins_anew_and_stragglers_of_the_old_one_are_ignored)
{
    const struct source other = { 5, 999999, 78 };
    struct ix_jitter *j = fresh(20, 500);
    put(j, &plain, 0, 0);
    cr_assert_eq(get(j, 25), 0);
    put(j, &other, 2, 0);
    put(j, &plain, 1, 25);
    put(j, &other, 3, 0);
    cr_assert_eq(get(j, 60), 2);
    cr_assert_eq(get(j, 80), 3);
    cr_assert_eq(stats(j).resets, 1);
    cr_assert_eq(stats(j).late, 1);
    ix_jitter_free(j);
}

Test(jitter, a_timestamp_jump_begins_anew)
{
    struct ix_jitter *j = fresh(20, 500);
    struct source jumped = { 1000, 50000 + 4000000, 77 };
    put(j, &plain, 0, 0);
    put(j, &plain, 1, 0);
    cr_assert_eq(get(j, 25), 0);
    cr_assert_eq(get(j, 45), 1);
    put(j, &jumped, 2, 0); /* alone it might be a stray */
    put(j, &jumped, 3, 0);
    put(j, &jumped, 4, 0);
    cr_assert_eq(get(j, 85), 3);
    cr_assert_eq(get(j, 105), 4);
    cr_assert_eq(stats(j).resets, 1);
    jumped.ts -= 3000000; /* and backwards, this time announced by a marker */
    struct ix_frame f = packet(&jumped, 5, T0 + 100 * IX_MS);
    f.marker = 1;
    ix_jitter_put(j, &f, CLOCK);
    cr_assert_eq(get(j, 125), 5);
    cr_assert_eq(stats(j).resets, 2);
    ix_jitter_free(j);
}

Test(jitter, one_stray_timestamp_disturbs_nothing)
{
    struct ix_jitter *j = fresh(20, 500);
    for (unsigned k = 0; k < 20; k++) {
        struct source s = plain;
        s.ts += k == 7 ? 3000000000u : 0;
        put(j, &s, k, 0);
        cr_assert_eq(get(j, k * 20 + 19), k == 0 ? -1 : k == 8 ? -2 : (int) k - 1);
    }
    cr_assert_eq(stats(j).resets, 0);
    ix_jitter_free(j);
}

Test(jitter, a_sequence_that_begins_anew_does_not_lose_anything)
{
    struct ix_jitter *j = fresh(20, 500);
    for (unsigned k = 0; k < 20; k++) {
        struct source s = plain;
        s.seq = (uint16_t) (k < 10 ? 1000 : 31000);
        put(j, &s, k, 0);
        cr_assert_eq(get(j, k * 20 + 15), k == 0 ? -1 : (int) k - 1);
    }
    cr_assert_eq(stats(j).lost, 0);
    ix_jitter_free(j);
}

static void put_opus(struct ix_jitter *j, unsigned seq, unsigned at_ms, size_t len)
{
    struct ix_frame f = { .arrival_us = T0 + at_ms * IX_MS,
        .timestamp = at_ms * 48,
        .ssrc = 1,
        .seq = (uint16_t) seq,
        .kind = IX_FRAME_AUDIO,
        .codec = IX_CODEC_OPUS,
        .len = (uint16_t) len };
    f.payload[0] = 9 << 3; /* SILK wideband 20 ms, one frame */
    ix_jitter_put(j, &f, 48000);
}

static enum ix_jitter_kind kind_at(struct ix_jitter *j, unsigned at_ms)
{
    struct ix_jitter_got got;
    ix_jitter_get(j, T0 + at_ms * IX_MS, 0, 20000, &got);
    return got.kind;
}

Test(jitter, a_pause_of_the_sender_is_no_loss)
{
    struct ix_jitter *j = fresh(20, 500);
    put_opus(j, 0, 0, 60);
    put_opus(j, 1, 20, 1); /* DTX: the last one for a while */
    cr_assert_eq(kind_at(j, 25), IX_JITTER_FRAME);
    cr_assert_eq(kind_at(j, 45), IX_JITTER_FRAME);
    for (unsigned t = 65; t < 1445; t += 20)
        cr_assert_eq(kind_at(j, t), IX_JITTER_COMFORT);
    put_opus(j, 2, 1440, 60); /* talks again: waits for its delay */
    cr_assert_eq(kind_at(j, 1445), IX_JITTER_COMFORT);
    put_opus(j, 3, 1460, 60);
    cr_assert_eq(kind_at(j, 1465), IX_JITTER_FRAME);
    cr_assert_eq(kind_at(j, 1485), IX_JITTER_FRAME);
    cr_assert_eq(stats(j).lost, 0);
    ix_jitter_free(j);
}

Test(jitter, comfort_noise_is_told_at_its_time_and_pauses)
{
    struct ix_jitter *j = fresh(20, 500);
    put(j, &plain, 0, 0);
    struct ix_frame cn = packet(&plain, 1, T0 + 20 * IX_MS);
    cn.kind = IX_FRAME_CN;
    cn.len = 1;
    cn.payload[0] = 55;
    ix_jitter_put(j, &cn, CLOCK);
    cr_assert_eq(get(j, 25), 0);
    struct ix_jitter_got got;
    ix_jitter_get(j, T0 + 45 * IX_MS, 0, 20000, &got);
    cr_assert(got.kind == IX_JITTER_COMFORT && got.cn && got.payload[0] == 55);
    cr_assert_eq(get(j, 65), -3);
    put(j, &plain, 40, 0);
    cr_assert_eq(get(j, 805), -3);
    cr_assert_eq(get(j, 825), 40);
    cr_assert_eq(stats(j).lost, 38, "sequence numbers in between are missing, so something was sent");
    ix_jitter_free(j);
}

Test(jitter, events_take_sequence_numbers_without_being_lost_audio)
{
    struct ix_jitter *j = fresh(20, 500);
    put(j, &plain, 0, 0);
    cr_assert_eq(get(j, 25), 0);
    for (unsigned k = 1; k < 9; k++) {
        struct ix_frame f = packet(&plain, k, T0 + k * 20 * IX_MS);
        f.kind = IX_FRAME_EVENT;
        f.timestamp = plain.ts + 160;
        f.len = 4;
        ix_jitter_put(j, &f, CLOCK);
        cr_assert_eq(get(j, k * 20 + 25), -2);
    }
    put(j, &plain, 9, 0);
    cr_assert_eq(get(j, 205), 9);
    cr_assert_eq(stats(j).lost, 0);
    ix_jitter_free(j);
}

Test(jitter, a_stream_that_stalls_starts_again_with_its_delay)
{
    struct ix_jitter *j = fresh(20, 500);
    for (unsigned k = 0; k < 10; k++) {
        put(j, &plain, k, 0);
        (void) get(j, k * 20 + 15);
    }
    for (uint64_t t = 215; t < 3015; t += 20)
        (void) get(j, t);
    put(j, &plain, 150, 0);
    cr_assert_eq(get(j, 3015), -2);
    put(j, &plain, 151, 0);
    cr_assert_eq(get(j, 3035), 150);
    cr_assert_eq(get(j, 3055), 151);
    cr_assert_eq(stats(j).lost, 140);
    ix_jitter_free(j);
}

Test(jitter, packets_of_ten_and_sixty_milliseconds)
{
    struct ix_jitter *j = fresh(20, 500);
    struct ix_jitter_got got;
    uint32_t ts = 0, played = 0;
    for (unsigned k = 0; k < 20; k++) {
        uint16_t len = k % 2 ? 80 : 480;
        struct ix_frame f = { .arrival_us = T0 + ts * 125,
            .timestamp = ts,
            .seq = (uint16_t) k,
            .kind = IX_FRAME_AUDIO,
            .codec = IX_CODEC_PCMA,
            .len = len };
        ix_jitter_put(j, &f, CLOCK);
        ts += len;
        ix_jitter_get(j, T0 + ts * 125 + 20 * IX_MS, 0, 20000, &got);
        cr_assert_eq(got.kind, IX_JITTER_FRAME);
        cr_assert_eq(got.samples, len);
        played += got.samples;
    }
    cr_assert_eq(played, ts);
    ix_jitter_free(j);
}

Test(jitter, what_is_no_packet_is_counted_and_forgotten)
{
    struct ix_jitter *j = fresh(20, 500);
    struct ix_frame f = packet(&plain, 0, T0);
    f.len = 0;
    ix_jitter_put(j, &f, CLOCK);
    f.len = IX_FRAME_MAX + 1;
    ix_jitter_put(j, &f, CLOCK);
    f = packet(&plain, 0, T0);
    ix_jitter_put(j, &f, 0);
    f.codec = 99;
    ix_jitter_put(j, &f, CLOCK);
    cr_assert_eq(stats(j).malformed, 4);
    cr_assert_eq(get(j, 100), -1);
    ix_jitter_free(j);
}

Test(jitter, without_a_listener_memory_stays_bounded)
{
    struct ix_jitter *j = fresh(20, 500);
    for (unsigned k = 0; k < 5000; k++)
        put(j, &plain, k, 0);
    cr_assert_geq(stats(j).discarded, 4800);
    int k = get(j, 5000 * 20);
    cr_assert(k >= 0, "and what is newest is played at once: %d", k);
    ix_jitter_free(j);
}

/* ---- properties, by seed: any schedule of packets ---------------------------------------- */
struct schedule {
    struct ix_prng prng;
    struct ix_rng rng;
    unsigned sent, lost_per_mille, dup_per_mille, jitter_ms, spike_per_mille;
};

struct flight {
    unsigned k;
    uint64_t at_us;
};

static int by_time(const void *a, const void *b)
{
    const struct flight *x = a, *y = b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

static size_t fly(struct schedule *s, unsigned count, struct flight *out)
{
    size_t n = 0;
    uint64_t spike_until = 0;
    for (unsigned k = 0; k < count; k++) {
        uint64_t sent = T0 + k * 20 * IX_MS;
        if (ix_rng_below(&s->rng, 1000) < s->spike_per_mille)
            spike_until = sent + ix_rng_below(&s->rng, 400) * IX_MS;
        for (unsigned copies = 1 + (ix_rng_below(&s->rng, 1000) < s->dup_per_mille); copies > 0; copies--) {
            uint64_t delay = s->jitter_ms ? ix_rng_below(&s->rng, s->jitter_ms * 1000) : 0;
            if (ix_rng_below(&s->rng, 1000) >= s->lost_per_mille)
                out[n++] = (struct flight){ k, IX_MAX(sent + delay, spike_until) };
        }
    }
    qsort(out, n, sizeof(*out), by_time);
    return n;
}

#define RUN 1000

static void run_seed(uint64_t seed)
{
    static struct flight flights[2 * RUN];
    struct schedule s = { .lost_per_mille = (unsigned) (seed * 37 % 200),
        .dup_per_mille = (unsigned) (seed * 17 % 100),
        .jitter_ms = (unsigned) (seed * 7 % 120),
        .spike_per_mille = (unsigned) (seed % 5) };
    ix_prng_seed(&s.prng, seed);
    s.rng = ix_prng_rng(&s.prng);
    size_t n = fly(&s, RUN, flights), next = 0;
    struct ix_jitter *j = fresh(20, 500);
    struct source src = { (uint16_t) (65536 - seed * 11), (uint32_t) (0 - seed * 3001), (uint32_t) seed };
    bool played[RUN] = { false };
    int last = -1, frames = 0;
    uint64_t longest_wait = 0;
    for (uint64_t t = T0; t < T0 + (RUN * 20 + 1000) * IX_MS; t += 20 * IX_MS) {
        for (; next < n && flights[next].at_us <= t; next++) {
            struct ix_frame f = packet(&src, flights[next].k, flights[next].at_us);
            f.payload[0] = (uint8_t) (flights[next].k >> 8);
            ix_jitter_put(j, &f, CLOCK);
        }
        struct ix_jitter_got got;
        ix_jitter_get(j, t, 0, 20000, &got);
        if (got.kind != IX_JITTER_FRAME)
            continue;
        int k = got.payload[0] << 8 | got.payload[1];
        cr_assert_not(played[k], "seed %lu: packet %d twice", (unsigned long) seed, k);
        cr_assert_gt(k, last, "seed %lu: packet %d after %d", (unsigned long) seed, k, last);
        played[k] = true;
        last = k;
        frames++;
        longest_wait = IX_MAX(longest_wait, got.waited_us);
    }
    struct ix_jitter_stats st = stats(j);
    cr_assert_leq(longest_wait, 520 * IX_MS, "seed %lu", (unsigned long) seed);
    cr_assert_geq(frames, RUN / 2, "seed %lu: only %d of %d packets were played", (unsigned long) seed, frames, RUN);
    cr_assert_eq(st.received, n);
    cr_assert_eq((uint64_t) frames + st.late + st.duplicate + st.discarded, n, "seed %lu: every packet has one fate",
        (unsigned long) seed);
    ix_jitter_free(j);
}

Test(jitter, no_schedule_makes_it_play_twice_grow_or_stop)
{
    for (uint64_t seed = 1; seed <= 200; seed++)
        run_seed(seed);
}

Test(jitter, it_recovers_from_any_garbage)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct ix_prng prng;
        ix_prng_seed(&prng, seed);
        struct ix_rng rng = ix_prng_rng(&prng);
        struct ix_jitter *j = fresh(20, 500);
        struct ix_jitter_got got;
        uint64_t t = T0;
        for (int i = 0; i < 300; i++, t += ix_rng_below(&rng, 50) * IX_MS) {
            struct ix_frame f = packet(&plain, ix_rng_u32(&rng), t - ix_rng_below(&rng, 3000) * IX_MS);
            f.kind = (uint8_t) (1 + ix_rng_below(&rng, 3));
            f.ssrc = ix_rng_below(&rng, 10) ? 1 : 2;
            f.len = (uint16_t) ix_rng_below(&rng, 400);
            ix_jitter_put(j, &f, CLOCK);
            ix_jitter_get(j, t, 0, 20000, &got);
        }
        int good = 0;
        for (unsigned k = 0; k < 700; k++, t += 20 * IX_MS) { /* a clean stream of the same source: 14 s */
            struct ix_frame f = packet(&plain, k, t);
            f.ssrc = 1;
            ix_jitter_put(j, &f, CLOCK);
            ix_jitter_get(j, t + 10 * IX_MS, 0, 20000, &got);
            good += k >= 600 && got.kind == IX_JITTER_FRAME;
        }
        cr_assert_eq(good, 100, "seed %lu: %d of the last 100", (unsigned long) seed, good);
        ix_jitter_free(j);
    }
}

/* ---- a day --------------------------------------------------------------------------------- */
#define DAY (24u * 3600 * 50)

/* 24 hours of 20 ms packets of a clock 80 ppm off: 1 % lost, some late, another source every five hours, the sender's
 * timestamps jump twice, 65 wraps of the sequence number. The caller does what shape.c does. */
Test(jitter, a_call_of_24_hours, .timeout = 240)
{
    struct ix_jitter *j = fresh(10, 500);
    struct ix_prng prng;
    ix_prng_seed(&prng, 24);
    struct ix_rng rng = ix_prng_rng(&prng);
    struct ix_jitter_got got;
    uint64_t sent_at = T0, tick = T0, played = 0, lost = 0, worst = 0, idle = 0;
    struct source src = { 65000, 0xfff00000u, 1 };
    bool twice = false;
    for (unsigned k = 0; k < DAY; k++) {
        sent_at += 20000 - (k % 25 == 0) * 40; /* 80 ppm fast */
        if (k % (5 * 3600 * 50) == 5 * 3600 * 50 - 1)
            src.ssrc++;
        src.ts += k == DAY / 3 || k == DAY / 2 ? 77777777u : 0;
        struct ix_frame f = packet(&src, k, sent_at + (k % 50 == 7) * 30 * IX_MS);
        f.len = 160;
        if (ix_rng_below(&rng, 100) > 0)
            ix_jitter_put(j, &f, CLOCK);
        for (; tick <= sent_at; tick += 20 * IX_MS) {
            if (twice) { /* what was put in lasts for this tick */
                twice = false;
                continue;
            }
            for (int again = 0; again < 2; again++) {
                ix_jitter_get(j, tick, 0, 20000, &got);
                bool frame = got.kind == IX_JITTER_FRAME;
                played += frame;
                lost += got.kind == IX_JITTER_LOST;
                idle += got.kind == IX_JITTER_NOTHING;
                worst = frame ? IX_MAX(worst, got.waited_us) : worst;
                twice = frame && got.excess_us < 0;
                if (!frame || got.excess_us < 30000 || got.waiting == 0)
                    break;
            }
        }
    }
    struct ix_jitter_stats s = stats(j);
    cr_assert_geq(played, (uint64_t) DAY * 985 / 1000, "%lu of %u", (unsigned long) played, DAY);
    cr_assert_leq(lost, (uint64_t) DAY * 15 / 1000, "%lu", (unsigned long) lost);
    cr_assert_leq(worst, 200 * IX_MS, "%lu us", (unsigned long) worst);
    cr_assert_leq(s.target_us, 50 * IX_MS, "%lu us", (unsigned long) s.target_us);
    cr_assert_leq(idle, 100, "%lu", (unsigned long) idle);
    cr_assert_eq(s.resets, 6);
    cr_assert_leq(s.received - played - s.late - s.discarded - s.duplicate, 60,
        "the rest still waits, or was of a source that ended");
    ix_jitter_free(j);
}
