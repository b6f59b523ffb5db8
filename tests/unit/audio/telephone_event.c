/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "audio/audio.h"

static struct ix_frame packet(uint32_t ts, uint8_t event, bool end, uint16_t duration)
{
    struct ix_frame f = { .kind = IX_FRAME_EVENT, .timestamp = ts, .ssrc = 7, .len = 4 };
    ix_tel_event_write(&(struct ix_tel_event){ event, end, 10, duration }, f.payload);
    return f;
}

static bool put(struct ix_tel_rx *rx, struct ix_frame f, uint32_t clock, uint64_t now, struct ix_tel_press *press)
{
    return ix_tel_rx_put(rx, &f, clock, now, press);
}

Test(telephone_event, the_payload_is_four_bytes_as_drawn_in_the_rfc)
{
    /* event 11 (#), end, volume 7, duration 400 */
    const uint8_t wire[4] = { 0x0b, 0x87, 0x01, 0x90 };
    struct ix_tel_event e;
    uint8_t out[4];
    cr_assert_eq(ix_tel_event_parse(&e, wire, 4), 0);
    cr_assert(e.event == 11 && e.end && e.volume == 7 && e.duration == 400);
    ix_tel_event_write(&e, out);
    cr_assert_arr_eq(out, wire, 4);
    cr_assert_eq(ix_tel_event_parse(&e, wire, 3), IRISX_E_PROTOCOL);
}

Test(telephone_event, digits_and_events_map_both_ways)
{
    const char *all = "0123456789*#ABCD";
    for (int i = 0; all[i]; i++) {
        cr_assert_eq(ix_tel_event_of(all[i]), i);
        cr_assert_eq(ix_tel_digit_of((uint8_t) i), all[i]);
    }
    cr_assert_eq(ix_tel_event_of('d'), 15);
    cr_assert_eq(ix_tel_event_of('E'), -1);
    cr_assert_eq(ix_tel_event_of('\0'), -1);
    cr_assert_eq(ix_tel_digit_of(16), 0);
}

Test(telephone_event, a_press_of_many_packets_and_three_ends_is_told_once)
{
    struct ix_tel_rx rx = { 0 };
    struct ix_tel_press p;
    for (uint16_t d = 960; d <= 4800; d = (uint16_t) (d + 960))
        cr_assert_not(put(&rx, packet(1000, 5, false, d), 48000, d, &p));
    cr_assert(put(&rx, packet(1000, 5, true, 7680), 48000, 5000, &p));
    cr_assert(p.digit == '5' && p.duration_ms == 160);
    cr_assert_not(put(&rx, packet(1000, 5, true, 7680), 48000, 5001, &p));
    cr_assert_not(put(&rx, packet(1000, 5, true, 7680), 48000, 5002, &p));
    cr_assert_not(ix_tel_rx_idle(&rx, 48000, 5002 + IX_S, &p));
}

Test(telephone_event, the_clock_gives_the_duration)
{
    struct ix_tel_rx rx = { 0 };
    struct ix_tel_press p;
    cr_assert(put(&rx, packet(80, 1, true, 800), 8000, 0, &p));
    cr_assert_eq(p.duration_ms, 100);
}

Test(telephone_event, the_same_digit_twice_is_two_presses)
{
    struct ix_tel_rx rx = { 0 };
    struct ix_tel_press p;
    cr_assert(put(&rx, packet(0, 9, true, 800), 8000, 0, &p));
    cr_assert(put(&rx, packet(1600, 9, true, 800), 8000, 200 * IX_MS, &p));
    cr_assert_eq(p.digit, '9');
}

Test(telephone_event, a_press_whose_ends_are_lost_ends_with_the_next_one)
{
    struct ix_tel_rx rx = { 0 };
    struct ix_tel_press p;
    cr_assert_not(put(&rx, packet(0, 1, false, 160), 8000, 0, &p));
    cr_assert_not(put(&rx, packet(0, 1, false, 640), 8000, 60 * IX_MS, &p));
    cr_assert(put(&rx, packet(2000, 2, false, 160), 8000, 150 * IX_MS, &p));
    cr_assert(p.digit == '1' && p.duration_ms == 80);
    cr_assert(put(&rx, packet(2000, 2, true, 800), 8000, 250 * IX_MS, &p));
    cr_assert_eq(p.digit, '2');
}

Test(telephone_event, a_press_whose_ends_are_lost_ends_by_itself)
{
    struct ix_tel_rx rx = { 0 };
    struct ix_tel_press p;
    cr_assert_not(put(&rx, packet(0, 3, false, 320), 8000, 1000, &p));
    cr_assert_not(ix_tel_rx_idle(&rx, 8000, 1000 + 199 * IX_MS, &p));
    cr_assert(ix_tel_rx_idle(&rx, 8000, 1000 + 200 * IX_MS, &p));
    cr_assert_eq(p.digit, '3');
    cr_assert_not(put(&rx, packet(0, 3, true, 480), 8000, 300 * IX_MS, &p), "a straggler of the press that was told");
}

Test(telephone_event, reordered_and_old_packets_do_not_make_a_new_press)
{
    struct ix_tel_rx rx = { 0 };
    struct ix_tel_press p;
    cr_assert(put(&rx, packet(0, 4, true, 800), 8000, 0, &p));
    cr_assert(put(&rx, packet(1600, 5, true, 800), 8000, 100 * IX_MS, &p));
    cr_assert_not(put(&rx, packet(0, 4, true, 800), 8000, 110 * IX_MS, &p));
    cr_assert_not(put(&rx, packet(1600, 5, false, 480), 8000, 111 * IX_MS, &p));
}

Test(telephone_event, another_source_begins_anew)
{
    struct ix_tel_rx rx = { 0 };
    struct ix_tel_press p;
    struct ix_frame f = packet(100, 4, true, 800);
    cr_assert(put(&rx, f, 8000, 0, &p));
    f.ssrc = 8;
    cr_assert(put(&rx, f, 8000, 1, &p));
}

Test(telephone_event, events_that_are_no_digits_are_not_told)
{
    struct ix_tel_rx rx = { 0 };
    struct ix_tel_press p;
    cr_assert_not(put(&rx, packet(0, 32, true, 800), 8000, 0, &p)); /* ANS, a fax answering */
    struct ix_frame cut = packet(4000, 1, true, 800);
    cut.len = 2;
    cr_assert_not(put(&rx, cut, 8000, 0, &p));
}

/* runs the sender and feeds what it sends to a receiver; returns how many packets were sent */
static size_t play(struct ix_tel_tx *tx, uint32_t clock, char *heard, uint16_t *longest, int *audio_ticks)
{
    struct ix_tel_rx rx = { 0 };
    struct ix_tel_press press;
    size_t packets = 0, n = 0;
    uint32_t ts = 0xfffff000u; /* wraps on the way */
    for (uint64_t tick = 0; ix_tel_tx_busy(tx); tick++, ts += clock / 50) {
        struct ix_tel_out out;
        cr_assert_lt(tick, 5000);
        ix_tel_tx_tick(tx, ts, clock, 20, &out);
        *audio_ticks += !out.instead_of_audio;
        for (size_t i = 0; i < out.count; i++, packets++) {
            struct ix_frame f = { .kind = IX_FRAME_EVENT, .timestamp = out.packet[i].timestamp, .ssrc = 1, .len = 4 };
            memcpy(f.payload, out.packet[i].payload, 4);
            if (ix_tel_rx_put(&rx, &f, clock, tick * 20 * IX_MS, &press)) {
                heard[n++] = press.digit;
                *longest = IX_MAX(*longest, press.duration_ms);
            }
        }
        cr_assert_eq(out.done, !tx->count && tx->state == 0 && !tx->ends_left);
    }
    heard[n] = 0;
    return packets;
}

Test(telephone_event, digits_sent_are_the_digits_heard_on_both_clocks)
{
    for (uint32_t clock = 8000; clock <= 48000; clock += 40000) {
        struct ix_tel_tx tx = { 0 };
        char heard[80];
        uint16_t longest = 0;
        int audio_ticks = 0;
        cr_assert_eq(ix_tel_tx_queue(&tx, "12*#aD", 0, 0), 6);
        size_t packets = play(&tx, clock, heard, &longest, &audio_ticks);
        cr_assert_str_eq(heard, "12*#AD");
        cr_assert_eq(longest, 160);
        cr_assert_eq(packets, 6 * (8 + 2)); /* one each 20 ms, the last one twice more */
        cr_assert_eq(audio_ticks, 6 * 4); /* 80 ms between the digits */
    }
}

Test(telephone_event, all_packets_of_a_press_carry_its_first_timestamp_and_only_the_first_a_marker)
{
    struct ix_tel_tx tx = { 0 };
    struct ix_tel_out out;
    ix_tel_tx_queue(&tx, "1", 60, 80);
    for (uint32_t tick = 0; tick < 5; tick++) {
        ix_tel_tx_tick(&tx, 5000 + tick * 160, 8000, 20, &out);
        struct ix_tel_event e;
        cr_assert_eq(out.count, 1);
        cr_assert_eq(out.packet[0].timestamp, 5000);
        cr_assert_eq(out.packet[0].marker, tick == 0);
        cr_assert_eq(ix_tel_event_parse(&e, out.packet[0].payload, 4), 0);
        cr_assert_eq(e.end, tick >= 2);
        cr_assert_eq(e.duration, tick >= 2 ? 480 : (tick + 1) * 160);
        cr_assert_eq(out.instead_of_audio, tick < 3);
    }
}

Test(telephone_event, a_press_longer_than_sixteen_bits_goes_on_in_segments)
{
    struct ix_tel_tx tx = { 0 };
    char heard[8];
    uint16_t longest = 0;
    int audio_ticks = 0;
    cr_assert_eq(ix_tel_tx_queue(&tx, "7", 4000, 100), 1); /* 192000 units at 48 kHz */
    play(&tx, 48000, heard, &longest, &audio_ticks);
    cr_assert_str_eq(heard, "7");
    cr_assert_eq(longest, 4000);
}

Test(telephone_event, what_is_no_digit_or_does_not_fit_is_not_queued)
{
    struct ix_tel_tx tx = { 0 };
    char many[IX_TEL_QUEUE + 11];
    cr_assert_eq(ix_tel_tx_queue(&tx, "1x2-3", 0, 0), 3);
    memset(many, '5', sizeof(many) - 1);
    many[sizeof(many) - 1] = 0;
    cr_assert_eq(ix_tel_tx_queue(&tx, many, 0, 0), IX_TEL_QUEUE - 3);
    cr_assert(ix_tel_tx_busy(&tx));
}
