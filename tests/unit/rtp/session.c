/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "oom.h"
#include "rtp/internal.h"

enum { OPUS = 111, DTMF = 110, CN = 13, ULAW = 0 };
static const struct ix_rtp_payload payloads[] = {
    { OPUS, IX_FRAME_AUDIO, IX_CODEC_OPUS, 48000 },
    { ULAW, IX_FRAME_AUDIO, IX_CODEC_PCMU, 8000 },
    { DTMF, IX_FRAME_EVENT, 0, 48000 },
    { CN, IX_FRAME_CN, 0, 8000 },
};

struct pair {
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_now now;
    struct ix_rtp *a, *b;
};
static struct pair w;

static const uint8_t *key_of(int n)
{
    static uint8_t keys[8][30];

    memset(keys[n], 0x11 * (n + 1), 30);
    return keys[n];
}

static struct ix_rtp *side(uint32_t ssrc, const char *cname, bool keyed)
{
    struct ix_rtp_config c = { .rng = &w.rng, .cname = cname, .ssrc = ssrc };
    struct ix_rtp *r = NULL;

    cr_assert_eq(ix_rtp_new(&c, &r), 0);
    cr_assert_eq(ix_rtp_set_payloads(r, payloads, IX_COUNT(payloads)), 0);
    ix_rtp_set_send(r, OPUS, DTMF, CN);
    if (keyed)
        cr_assert_eq(ix_rtp_set_keys(r, key_of(ssrc == 0xa ? 0 : 1), key_of(ssrc == 0xa ? 1 : 0)), 0);
    return r;
}

static void opened(void)
{
    ix_prng_seed(&w.prng, 3);
    w.rng = ix_prng_rng(&w.prng);
    w.now = (struct ix_now){ 50 * IX_S, INT64_C(1700000000000000) };
    w.a = side(0xa, "alice", true);
    w.b = side(0xb, "bob", true);
}

static void closed(void)
{
    ix_rtp_free(w.a);
    ix_rtp_free(w.b);
}

static void pass(uint64_t us)
{
    w.now.mono_us += us;
    w.now.wall_us += (int64_t) us;
}

static struct ix_frame frame(enum ix_frame_kind kind, uint32_t timestamp, const char *text)
{
    struct ix_frame f = { .kind = (uint8_t) kind, .timestamp = timestamp, .payload_type = 0xff };

    f.len = (uint16_t) strlen(text);
    memcpy(f.payload, text, f.len);
    return f;
}

static struct ix_frame audio(uint32_t timestamp)
{
    struct ix_frame f = frame(IX_FRAME_AUDIO, timestamp, "opus-bytes");

    f.codec = IX_CODEC_OPUS;
    return f;
}

struct wire {
    uint8_t b[2048];
    size_t n;
};

/* the one datagram that waits in r */
static struct wire taken(struct ix_rtp *r)
{
    struct wire x = { .n = 0 };
    struct ix_rtp_out out;

    while (ix_rtp_poll(r, &out)) {
        if (out.kind == IX_RTP_OUT_SEND) {
            cr_assert_eq(x.n, 0);
            memcpy(x.b, out.data, out.len);
            x.n = out.len;
        }
    }
    return x;
}

static struct wire sent(struct ix_rtp *r, struct ix_frame f)
{
    cr_assert_eq(ix_rtp_send(r, &f, w.now), 0);
    return taken(r);
}

static void give(struct ix_rtp *r, const struct wire *x)
{
    ix_rtp_input(r, x->b, x->n, w.now.mono_us, w.now);
}

static struct ix_rtp_stats stats(struct ix_rtp *r)
{
    struct ix_rtp_stats s;

    ix_rtp_stats(r, &s);
    return s;
}

static unsigned frames(struct ix_rtp *r)
{
    struct ix_rtp_out out;
    unsigned n = 0;

    while (ix_rtp_poll(r, &out))
        n += out.kind == IX_RTP_OUT_FRAME;
    return n;
}

Test(session, a_frame_arrives_as_it_was_sent)
{
    struct ix_rtp_out out;

    opened();
    struct ix_frame f = audio(960);
    f.marker = 1;
    struct wire x = sent(w.a, f);
    cr_assert_eq(x.n, 12 + 10 + 10);
    cr_assert_eq(memmem(x.b, x.n, "opus", 4), NULL, "encrypted");
    ix_rtp_input(w.b, x.b, x.n, w.now.mono_us - 7, w.now);
    cr_assert(ix_rtp_poll(w.b, &out));
    cr_assert_eq(out.kind, IX_RTP_OUT_FRAME);
    cr_assert_eq(out.frame->kind, IX_FRAME_AUDIO);
    cr_assert_eq(out.frame->codec, IX_CODEC_OPUS);
    cr_assert_eq(out.frame->payload_type, OPUS);
    cr_assert_eq(out.frame->ssrc, 0xa);
    cr_assert_eq(out.frame->marker, 1);
    cr_assert_eq(out.frame->arrival_us, w.now.mono_us - 7);
    cr_assert_eq(out.frame->len, 10);
    cr_assert_arr_eq(out.frame->payload, "opus-bytes", 10);
    cr_assert_not(ix_rtp_poll(w.b, &out));
    closed();
}

Test(session, sequence_numbers_go_up_by_one_and_timestamps_by_what_the_frames_say)
{
    struct ix_rtp_header h[3];

    opened();
    for (uint32_t i = 0; i < 3; i++) {
        struct wire x = sent(w.a, audio(i * 960));
        cr_assert_eq(ix_rtp_parse(&h[i], x.b, x.n), 0);
    }
    cr_assert_eq(h[2].seq, h[0].seq + 2);
    cr_assert_eq(h[2].timestamp - h[0].timestamp, 1920);
    cr_assert_neq(h[0].timestamp, 0, "a random offset");
    cr_assert_eq(h[0].ssrc, 0xa);
    closed();
}

Test(session, the_first_sequence_number_leaves_room_before_the_wrap)
{
    opened(); /* RFC 3711 section 3.3.1 */
    for (int i = 0; i < 20; i++) {
        struct ix_rtp_header h;
        struct ix_rtp *r = side(0xa, "x", true);
        struct wire x = sent(r, audio(0));
        cr_assert_eq(ix_rtp_parse(&h, x.b, x.n), 0);
        cr_assert_lt(h.seq, 0x8000);
        ix_rtp_free(r);
    }
    closed();
}

Test(session, events_and_comfort_noise_travel_with_their_own_types)
{
    struct ix_rtp_out out;

    opened();
    struct wire x = sent(w.a, frame(IX_FRAME_EVENT, 0, "\x05\x0a\x03\xc0"));
    cr_assert_eq(x.b[1] & 0x7f, DTMF);
    give(w.b, &x);
    cr_assert(ix_rtp_poll(w.b, &out));
    cr_assert_eq(out.frame->kind, IX_FRAME_EVENT);
    cr_assert_eq(out.frame->len, 4);
    x = sent(w.a, frame(IX_FRAME_CN, 0, "\x28"));
    cr_assert_eq(x.b[1] & 0x7f, CN);
    give(w.b, &x);
    cr_assert(ix_rtp_poll(w.b, &out));
    cr_assert_eq(out.frame->kind, IX_FRAME_CN);
    closed();
}

Test(session, a_frame_of_the_former_codec_keeps_its_type)
{
    opened();
    struct ix_frame f = audio(0);
    f.codec = IX_CODEC_PCMU;
    struct wire x = sent(w.a, f);
    cr_assert_eq(x.b[1] & 0x7f, ULAW);
    f.codec = IX_CODEC_PCMA;
    cr_assert_eq(ix_rtp_send(w.a, &f, w.now), IRISX_E_STATE);
    closed();
}

Test(session, sending_is_refused_without_keys_without_a_type_too_long_and_after_bye)
{
    struct ix_frame f = audio(0);

    opened();
    struct ix_rtp *r = side(0xc, "c", false);
    cr_assert_eq(ix_rtp_send(r, &f, w.now), IRISX_E_STATE);
    ix_rtp_free(r);
    ix_rtp_set_send(w.a, OPUS, 0xff, 0xff);
    struct ix_frame dtmf = frame(IX_FRAME_EVENT, 0, "abcd");
    cr_assert_eq(ix_rtp_send(w.a, &dtmf, w.now), IRISX_E_STATE);
    f.len = IX_FRAME_MAX + 1;
    cr_assert_eq(ix_rtp_send(w.a, &f, w.now), IRISX_E_TOO_LARGE);
    f.len = IX_FRAME_MAX;
    cr_assert_eq(ix_rtp_send(w.a, &f, w.now), 0);
    ix_rtp_bye(w.a, w.now);
    cr_assert_eq(ix_rtp_send(w.a, &f, w.now), IRISX_E_CLOSED);
    closed();
}

Test(session, packets_before_the_keys_are_counted_and_dropped)
{
    opened();
    struct ix_rtp *r = side(0xc, "c", false);
    struct wire x = sent(w.a, audio(0));

    give(r, &x);
    cr_assert_eq(stats(r).before_keys, 1);
    cr_assert_eq(frames(r), 0);
    cr_assert_eq(ix_rtp_deadline(r), IX_NEVER);
    ix_rtp_free(r);
    closed();
}

Test(session, replayed_and_forged_packets_are_counted_and_dropped)
{
    opened();
    struct wire x = sent(w.a, audio(0));
    give(w.b, &x);
    give(w.b, &x);
    cr_assert_eq(frames(w.b), 1);
    cr_assert_eq(stats(w.b).discarded_replay, 1);
    struct wire y = sent(w.a, audio(960));
    y.b[15] ^= 1;
    give(w.b, &y);
    cr_assert_eq(stats(w.b).discarded_auth, 1);
    cr_assert_eq(frames(w.b), 0);
    cr_assert_eq(stats(w.b).packets_received, 1);
    closed();
}

Test(session, junk_of_every_length_is_counted_and_dropped)
{
    uint8_t junk[1700];

    opened();
    ix_rng_fill(&w.rng, junk, sizeof(junk));
    for (size_t n = 0; n < sizeof(junk); n += n < 64 ? 1 : 97) {
        junk[0] = 0x80 | (n & 0x3f);
        junk[1] = n % 2 ? 200 : OPUS;
        ix_rtp_input(w.b, junk, n, 0, w.now);
    }
    struct ix_rtp_stats s = stats(w.b);
    cr_assert_eq(s.packets_received + s.rtcp_received, 0);
    cr_assert_gt(s.discarded_malformed + s.discarded_auth, 60);
    cr_assert_eq(frames(w.b), 0);
    closed();
}

Test(session, loss_jitter_and_reordering_show_in_the_figures)
{
    struct wire late = { .n = 0 };

    opened();
    for (uint32_t i = 0; i < 100; i++) {
        struct wire x = sent(w.a, audio(i * 960));
        if (i == 50)
            late = x;
        if (i % 10 != 3 && i != 50)
            ix_rtp_input(w.b, x.b, x.n, w.now.mono_us + (i % 2) * 5 * IX_MS, w.now);
        if (i == 51)
            ix_rtp_input(w.b, late.b, late.n, w.now.mono_us, w.now);
        (void) frames(w.b);
        pass(20 * IX_MS);
    }
    cr_assert_eq(stats(w.b).packets_lost, 10);
    cr_assert_eq(stats(w.b).packets_received, 90);
    cr_assert_eq(stats(w.b).bytes_received, 900);
    cr_assert_eq(stats(w.a).packets_sent, 100);
    cr_assert_gt(stats(w.b).jitter_us, 3000);
    cr_assert_lt(stats(w.b).jitter_us, 6000);
    cr_assert_eq(stats(w.b).remote_ssrc, 0xa);
    closed();
}

Test(session, goes_on_across_the_wrap_of_the_sequence_number)
{
    opened();
    for (uint32_t i = 0; i < 70000; i++) {
        struct ix_frame f = audio(i * 960);
        cr_assert_eq(ix_rtp_send(w.a, &f, w.now), 0);
        struct ix_rtp_out out;
        while (ix_rtp_poll(w.a, &out)) {
            if (i % 100 < 2) /* libsrtp on NSS is slow: a sample of them is enough to follow the counter */
                ix_rtp_input(w.b, out.data, out.len, w.now.mono_us, w.now);
        }
        (void) frames(w.b);
    }
    cr_assert_eq(stats(w.b).packets_received, 1400);
    cr_assert_eq(stats(w.b).discarded_auth, 0);
    closed();
}

Test(session, unnegotiated_types_and_empty_packets_give_no_frame)
{
    opened();
    struct ix_rtp_payload other = { 96, IX_FRAME_AUDIO, IX_CODEC_OPUS, 48000 };
    cr_assert_eq(ix_rtp_set_payloads(w.a, &other, 1), 0);
    ix_rtp_set_send(w.a, 96, 0xff, 0xff);
    struct wire x = sent(w.a, audio(0));
    give(w.b, &x);
    cr_assert_eq(frames(w.b), 0);
    cr_assert_eq(stats(w.b).discarded_payload, 1);
    cr_assert_eq(ix_rtp_set_payloads(w.a, payloads, IX_COUNT(payloads)), 0);
    ix_rtp_set_send(w.a, OPUS, 0xff, 0xff);
    struct ix_frame empty = audio(960);
    empty.len = 0;
    x = sent(w.a, empty);
    give(w.b, &x);
    cr_assert_eq(frames(w.b), 0);
    cr_assert_eq(stats(w.b).packets_received, 2);
    closed();
}

Test(session, a_payload_map_with_impossible_entries_is_refused)
{
    struct ix_rtp_payload bad = { 128, IX_FRAME_AUDIO, IX_CODEC_OPUS, 48000 };

    opened();
    cr_assert_eq(ix_rtp_set_payloads(w.a, &bad, 1), IRISX_E_INVALID);
    bad.payload_type = 96;
    bad.clock_hz = 0;
    cr_assert_eq(ix_rtp_set_payloads(w.a, &bad, 1), IRISX_E_INVALID);
    struct wire x = sent(w.a, audio(0));
    cr_assert_gt(x.n, 0, "the former map holds");
    closed();
}

/* ---- sources ----------------------------------------------------------------------------- */

static struct ix_rtp *another_talker(uint32_t ssrc)
{
    struct ix_rtp *r = side(ssrc, "again", false);

    cr_assert_eq(ix_rtp_set_keys(r, key_of(0), key_of(1)), 0);
    return r;
}

Test(session, a_new_source_takes_over_at_once_and_the_former_only_after_silence)
{
    opened();
    struct ix_rtp *c = another_talker(0xc);
    struct wire x = sent(w.a, audio(0));
    give(w.b, &x);
    cr_assert_eq(frames(w.b), 1);
    x = sent(c, audio(0));
    give(w.b, &x);
    cr_assert_eq(frames(w.b), 1);
    cr_assert_eq(stats(w.b).remote_ssrc, 0xc);
    x = sent(w.a, audio(960));
    give(w.b, &x);
    cr_assert_eq(frames(w.b), 0);
    cr_assert_eq(stats(w.b).discarded_source, 1);
    pass(501 * IX_MS);
    x = sent(w.a, audio(1920));
    give(w.b, &x);
    cr_assert_eq(frames(w.b), 1);
    cr_assert_eq(stats(w.b).remote_ssrc, 0xa);
    ix_rtp_free(c);
    closed();
}

Test(session, a_source_known_by_its_reports_still_takes_over_at_once)
{
    opened();
    struct ix_rtp *c = another_talker(0xc);
    struct wire x = sent(w.a, audio(0));
    give(w.b, &x);
    struct wire first = sent(c, audio(0));
    pass(500 * IX_MS);
    ix_rtp_timeout(c, w.now);
    x = taken(c);
    give(w.b, &x);
    cr_assert_eq(stats(w.b).rtcp_received, 1);
    x = sent(w.a, audio(960));
    give(w.b, &x);
    give(w.b, &first);
    cr_assert_eq(stats(w.b).remote_ssrc, 0xc);
    ix_rtp_free(c);
    closed();
}

Test(session, a_flood_of_new_sources_is_cut_off)
{
    unsigned heard = 0;

    opened();
    for (uint32_t i = 0; i < 40; i++) {
        struct ix_rtp *c = another_talker(0x100 + i);
        struct wire x = sent(c, audio(0));
        give(w.b, &x);
        heard += frames(w.b);
        ix_rtp_free(c);
    }
    cr_assert_eq(heard, 8);
    cr_assert_eq(stats(w.b).discarded_source, 32);
    for (uint32_t i = 0; i < 3; i++) {
        pass(1 * IX_S);
        struct ix_rtp *c = another_talker(0x200 + i);
        struct wire x = sent(c, audio(0));
        give(w.b, &x);
        cr_assert_eq(frames(w.b), 1, "one more a second");
        ix_rtp_free(c);
    }
    closed();
}

Test(session, packets_of_a_source_that_was_put_away_cannot_be_replayed)
{
    struct wire old = { .n = 0 };

    opened();
    for (uint32_t i = 0; i < 6; i++) {
        struct ix_rtp *c = another_talker(0x100 + i);
        struct wire x = sent(c, audio(0));
        give(w.b, &x);
        (void) frames(w.b);
        if (i == 0)
            old = x;
        pass(1 * IX_S);
        ix_rtp_free(c);
    }
    give(w.b, &old);
    cr_assert_eq(frames(w.b), 0);
    cr_assert_eq(stats(w.b).discarded_source, 1);
    closed();
}

/* ---- reports ----------------------------------------------------------------------------- */

Test(session, reports_come_after_half_a_second_and_then_every_two_and_a_half_to_seven_and_a_half)
{
    opened();
    cr_assert_eq(ix_rtp_deadline(w.a), IX_NEVER);
    (void) sent(w.a, audio(0));
    cr_assert_eq(ix_rtp_deadline(w.a), w.now.mono_us + 500 * IX_MS);
    for (int i = 0; i < 50; i++) {
        uint64_t wait = ix_rtp_deadline(w.a) - w.now.mono_us;
        pass(wait - 1);
        ix_rtp_timeout(w.a, w.now);
        cr_assert_eq(taken(w.a).n, 0, "too early");
        pass(1);
        ix_rtp_timeout(w.a, w.now);
        cr_assert_gt(taken(w.a).n, 0);
        wait = ix_rtp_deadline(w.a) - w.now.mono_us;
        cr_assert(wait >= 2500 * IX_MS && wait <= 7500 * IX_MS);
    }
    cr_assert_eq(stats(w.a).rtcp_sent, 50);
    closed();
}

static struct wire tapped(struct ix_rtp *r)
{
    struct wire x = { .n = 0 };
    struct ix_rtp_out out;

    while (ix_rtp_poll(r, &out)) {
        if (out.kind == IX_RTP_OUT_TAP) {
            memcpy(x.b, out.data, out.len);
            x.n = out.len;
        }
    }
    return x;
}

Test(session, who_sends_makes_sender_reports_and_who_stops_receiver_reports)
{
    opened();
    ix_rtp_set_tap(w.a, true);
    (void) sent(w.a, audio(960));
    for (int i = 0; i < 4; i++) {
        pass(ix_rtp_deadline(w.a) - w.now.mono_us);
        ix_rtp_timeout(w.a, w.now);
        struct wire x = tapped(w.a);
        cr_assert_eq(ix_rtcp_check(x.b, x.n), 0);
        cr_assert_eq(x.b[1], i < 2 ? 200 : 201);
        cr_assert_neq(memmem(x.b, x.n, "alice", 5), NULL);
    }
    closed();
}

Test(session, the_time_in_a_sender_report_is_now_on_both_clocks)
{
    struct ix_rtp_header h;

    opened();
    ix_rtp_set_tap(w.a, true);
    struct ix_frame f = audio(960);
    cr_assert_eq(ix_rtp_send(w.a, &f, w.now), 0);
    struct wire x = tapped(w.a);
    cr_assert_eq(ix_rtp_parse(&h, x.b, x.n), 0);
    pass(500 * IX_MS);
    ix_rtp_timeout(w.a, w.now);
    x = tapped(w.a);
    struct ix_reader r = ix_reader(x.b, x.n);
    struct ix_rtcp_packet p;
    cr_assert(ix_rtcp_next(&r, &p));
    cr_assert_eq(p.sender.ntp, ix_rtcp_ntp(w.now.wall_us));
    cr_assert_eq(p.sender.timestamp - h.timestamp, 24000);
    cr_assert_eq(p.sender.packets, 1);
    cr_assert_eq(p.sender.bytes, 10);
    closed();
}

Test(session, the_round_trip_is_measured_in_virtual_time)
{
    opened();
    (void) sent(w.a, audio(0));
    struct wire x = sent(w.b, audio(0));
    pass(500 * IX_MS);
    ix_rtp_timeout(w.a, w.now); /* SR of a at 0 */
    x = taken(w.a);
    pass(30 * IX_MS);
    give(w.b, &x); /* there after 30 ms */
    x = sent(w.a, audio(960));
    give(w.b, &x);
    (void) frames(w.b);
    pass(1234 * IX_MS); /* b keeps it so long */
    ix_rtp_timeout(w.b, w.now);
    x = taken(w.b);
    w.now.wall_us -= 3600 * (int64_t) IX_S; /* a clock that is set meanwhile does not matter */
    pass(50 * IX_MS);
    give(w.a, &x); /* back after 50 ms */
    uint64_t rtt = stats(w.a).round_trip_us;
    cr_assert(rtt > 79900 && rtt < 80100, "%zu", (size_t) rtt);
    cr_assert_eq(stats(w.a).rtcp_received, 1);
    closed();
}

Test(session, what_the_peer_lost_of_ours_is_known_from_its_report)
{
    opened();
    for (uint32_t i = 0; i < 20; i++) {
        struct wire x = sent(w.a, audio(i * 960));
        if (i != 5 && i != 6)
            give(w.b, &x);
        (void) frames(w.b);
        pass(20 * IX_MS);
    }
    pass(500 * IX_MS);
    ix_rtp_timeout(w.b, w.now);
    struct wire x = taken(w.b);
    give(w.a, &x);
    cr_assert_eq(stats(w.a).remote_lost, 2);
    cr_assert_eq(stats(w.a).remote_fraction_lost, 2 * 256 / 20);
    closed();
}

Test(session, bye_is_said_once_and_heard)
{
    struct ix_rtp_out out;

    opened();
    struct wire x = sent(w.a, audio(0));
    give(w.b, &x);
    (void) frames(w.b);
    ix_rtp_bye(w.a, w.now);
    x = taken(w.a);
    cr_assert_gt(x.n, 0);
    ix_rtp_bye(w.a, w.now);
    cr_assert_eq(taken(w.a).n, 0);
    cr_assert_eq(ix_rtp_deadline(w.a), IX_NEVER);
    give(w.b, &x);
    cr_assert(ix_rtp_poll(w.b, &out));
    cr_assert_eq(out.kind, IX_RTP_OUT_BYE);
    ix_rtp_bye(w.b, w.now);
    cr_assert_gt(taken(w.b).n, 0, "who received says it too");
    closed();
}

Test(session, bye_of_a_source_that_is_not_heard_is_not_told)
{
    struct ix_rtp_out out;

    opened();
    struct ix_rtp *c = another_talker(0xc);
    struct wire x = sent(c, audio(0));
    give(w.b, &x);
    x = sent(w.a, audio(0));
    give(w.b, &x);
    (void) frames(w.b);
    ix_rtp_bye(c, w.now);
    x = taken(c);
    give(w.b, &x);
    cr_assert_eq(stats(w.b).rtcp_received, 1);
    cr_assert_not(ix_rtp_poll(w.b, &out));
    ix_rtp_free(c);
    closed();
}

Test(session, bye_of_one_who_never_took_part_is_not_sent)
{
    opened();
    ix_rtp_bye(w.a, w.now);
    cr_assert_eq(taken(w.a).n, 0);
    closed();
}

/* ---- tap, keys, memory ------------------------------------------------------------------- */

Test(session, the_tap_sees_both_directions_in_clear)
{
    struct ix_rtp_out out;

    opened();
    ix_rtp_set_tap(w.a, true);
    ix_rtp_set_tap(w.b, true);
    struct ix_frame f = audio(0);
    cr_assert_eq(ix_rtp_send(w.a, &f, w.now), 0);
    cr_assert(ix_rtp_poll(w.a, &out));
    cr_assert_eq(out.kind, IX_RTP_OUT_TAP);
    cr_assert(out.outgoing);
    cr_assert_eq(out.len, 22);
    cr_assert_arr_eq(out.data + 12, "opus-bytes", 10);
    cr_assert(ix_rtp_poll(w.a, &out));
    cr_assert_eq(out.kind, IX_RTP_OUT_SEND);
    ix_rtp_input(w.b, out.data, out.len, w.now.mono_us, w.now);
    cr_assert(ix_rtp_poll(w.b, &out));
    cr_assert_eq(out.kind, IX_RTP_OUT_TAP);
    cr_assert_not(out.outgoing);
    cr_assert_eq(out.len, 22);
    cr_assert_arr_eq(out.data + 12, "opus-bytes", 10);
    closed();
}

Test(session, new_keys_replace_the_former)
{
    opened();
    struct wire x = sent(w.a, audio(0));
    cr_assert_eq(ix_rtp_set_keys(w.b, key_of(3), key_of(4)), 0);
    give(w.b, &x);
    cr_assert_eq(stats(w.b).discarded_auth, 1);
    cr_assert_eq(ix_rtp_set_keys(w.a, key_of(4), key_of(3)), 0);
    x = sent(w.a, audio(960));
    give(w.b, &x);
    cr_assert_eq(frames(w.b), 1);
    closed();
}

Test(session, new_keys_begin_with_new_sources)
{
    opened();
    struct ix_rtp *c = another_talker(0xc);
    struct wire x = sent(w.a, audio(0));
    give(w.b, &x);
    x = sent(c, audio(0));
    give(w.b, &x);
    cr_assert_eq(stats(w.b).remote_ssrc, 0xc);
    cr_assert_eq(ix_rtp_set_keys(w.b, key_of(3), key_of(4)), 0);
    cr_assert_eq(ix_rtp_set_keys(w.a, key_of(4), key_of(3)), 0);
    x = sent(w.a, audio(960));
    give(w.b, &x);
    cr_assert_eq(stats(w.b).remote_ssrc, 0xa, "no former source that would have to wait");
    ix_rtp_free(c);
    closed();
}

Test(session, outputs_that_nobody_fetches_are_bounded_and_counted)
{
    struct ix_frame f = audio(0);
    int err = 0;

    opened();
    for (int i = 0; i < 20 && err == 0; i++)
        err = ix_rtp_send(w.a, &f, w.now);
    cr_assert_eq(err, IRISX_E_AGAIN);
    cr_assert_eq(stats(w.a).packets_sent, 6);
    cr_assert_eq(stats(w.a).overflow, 1);
    closed();
}

static size_t allocations;

static void *counting_alloc(size_t size, void *ctx)
{
    (void) ctx;
    allocations++;
    return malloc(size);
}

static void *counting_realloc(void *p, size_t size, void *ctx)
{
    (void) ctx;
    allocations++;
    return realloc(p, size);
}

static void plain_free(void *p, void *ctx)
{
    (void) ctx;
    free(p);
}

Test(session, no_packet_allocates)
{
    static const struct ix_allocator counting = { counting_alloc, counting_realloc, plain_free, NULL };

    ix_set_allocator(&counting);
    opened();
    ix_rtp_set_tap(w.b, true);
    size_t before = allocations;
    cr_assert_gt(before, 0);
    for (uint32_t i = 0; i < 200; i++) {
        struct wire x = sent(w.a, audio(i * 960));
        give(w.b, &x);
        (void) frames(w.b);
        pass(20 * IX_MS);
        ix_rtp_timeout(w.a, w.now);
        x = taken(w.a);
        give(w.b, &x);
        (void) frames(w.b);
    }
    cr_assert_gt(stats(w.b).rtcp_received, 0);
    cr_assert_eq(allocations, before);
    closed();
    ix_set_allocator(NULL);
}

Test(session, a_configuration_without_name_or_with_an_endless_one_is_refused)
{
    char endless[200];
    struct ix_rtp *r = NULL;

    opened();
    struct ix_rtp_config c = { .rng = &w.rng };
    cr_assert_eq(ix_rtp_new(&c, &r), IRISX_E_INVALID);
    memset(endless, 'x', sizeof(endless));
    endless[sizeof(endless) - 1] = '\0';
    c.cname = endless;
    cr_assert_eq(ix_rtp_new(&c, &r), IRISX_E_INVALID);
    cr_assert_null(r);
    ix_rtp_free(NULL);
    closed();
}

static int talk(void *arg)
{
    struct ix_prng prng;
    struct ix_rtp *r = NULL;

    (void) arg;
    ix_prng_seed(&prng, 1);
    struct ix_rng rng = ix_prng_rng(&prng);
    struct ix_rtp_config c = { .rng = &rng, .cname = "x" };
    int err = ix_rtp_new(&c, &r);
    if (err == 0)
        err = ix_rtp_set_payloads(r, payloads, IX_COUNT(payloads));
    if (err == 0)
        err = ix_rtp_set_keys(r, key_of(0), key_of(1));
    if (err == 0) {
        struct ix_frame f = audio(0);
        ix_rtp_set_send(r, OPUS, DTMF, CN);
        err = ix_rtp_send(r, &f, (struct ix_now){ 1, 1 });
    }
    ix_rtp_free(r);
    return err;
}

Test(session, survives_the_failure_of_any_allocation)
{
    cr_assert_eq(oom_run(talk, NULL), 0);
}

/* ---- redundant audio (RFC 2198) and extended reports (RFC 3611) --------------------------- */
static void with_red(struct ix_rtp *r)
{
    struct ix_rtp_payload list[IX_COUNT(payloads) + 1];

    memcpy(list, payloads, sizeof(payloads));
    list[IX_COUNT(payloads)] = (struct ix_rtp_payload){ 63, IX_FRAME_REDUNDANT, 0, 48000 };
    cr_assert_eq(ix_rtp_set_payloads(r, list, IX_COUNT(list)), 0);
}

Test(session, with_red_each_packet_carries_the_one_before)
{
    struct ix_rtp_out out;

    opened();
    with_red(w.a);
    with_red(w.b);
    ix_rtp_set_red(w.a, 63);
    (void) sent(w.a, audio(0)); /* lost */
    struct wire x = sent(w.a, audio(960));
    cr_assert_eq(x.b[1] & 0x7f, 63);
    ix_rtp_input(w.b, x.b, x.n, w.now.mono_us, w.now);
    cr_assert(ix_rtp_poll(w.b, &out) && out.kind == IX_RTP_OUT_FRAME);
    cr_assert(out.frame->kind == IX_FRAME_AUDIO && out.frame->codec == IX_CODEC_OPUS && out.frame->len == 10);
    uint32_t ts = out.frame->timestamp;
    uint16_t seq = out.frame->seq;
    cr_assert(ix_rtp_poll(w.b, &out) && out.kind == IX_RTP_OUT_FRAME);
    cr_assert(out.frame->kind == IX_FRAME_REDUNDANT && out.frame->codec == IX_CODEC_OPUS);
    cr_assert_eq(out.frame->timestamp, ts - 960);
    cr_assert_eq(out.frame->seq, (uint16_t) (seq - 1));
    cr_assert_arr_eq(out.frame->payload, "opus-bytes", 10);
    cr_assert_not(ix_rtp_poll(w.b, &out));
    x = sent(w.a, frame(IX_FRAME_EVENT, 1920, "\x05\x0a\x03\xc0"));
    cr_assert_eq(x.b[1] & 0x7f, DTMF, "events go as they are");
    closed();
}

Test(session, after_a_pause_longer_than_red_can_tell_nothing_is_repeated)
{
    struct ix_rtp_out out;

    opened();
    with_red(w.a);
    with_red(w.b);
    ix_rtp_set_red(w.a, 63);
    (void) sent(w.a, audio(0));
    struct wire x = sent(w.a, audio(0x4000)); /* the offset has 14 bits */
    ix_rtp_input(w.b, x.b, x.n, w.now.mono_us, w.now);
    cr_assert(ix_rtp_poll(w.b, &out) && out.frame->kind == IX_FRAME_AUDIO);
    cr_assert_not(ix_rtp_poll(w.b, &out));
    closed();
}

/* what a has to say now, heard by b */
static void report(struct ix_rtp *from, struct ix_rtp *to)
{
    ix_rtp_timeout(from, w.now);
    struct wire x = taken(from);
    cr_assert_gt(x.n, 0);
    pass(10 * IX_MS);
    ix_rtp_input(to, x.b, x.n, w.now.mono_us, w.now);
    (void) taken(to);
}

Test(session, a_side_that_only_listens_knows_the_round_trip_and_both_know_the_quality)
{
    struct ix_rtp_stats s;
    struct ix_rtp_voip v = { .r_factor = 80, .mos_lq = 40, .mos_cq = 39, .buffer_ms = 25 };

    opened();
    ix_rtp_set_voip(w.b, &v);
    struct wire x = sent(w.a, audio(0));
    ix_rtp_input(w.b, x.b, x.n, w.now.mono_us, w.now);
    x = sent(w.b, audio(0)); /* so that a has a source to report on; then b is silent */
    ix_rtp_input(w.a, x.b, x.n, w.now.mono_us, w.now);
    (void) taken(w.a), (void) taken(w.b);
    for (int i = 0; i < 8; i++) {
        pass(8 * IX_S);
        report(w.b, w.a); /* 10 ms there */
        report(w.a, w.b); /* 10 ms back */
    }
    ix_rtp_stats(w.b, &s);
    cr_assert_leq(s.round_trip_us, 25 * IX_MS, "%lu", (unsigned long) s.round_trip_us);
    cr_assert_geq(s.round_trip_us, 15 * IX_MS, "%lu", (unsigned long) s.round_trip_us);
    ix_rtp_stats(w.a, &s);
    cr_assert(s.have_remote_voip && s.remote_voip.r_factor == 80 && s.remote_voip.buffer_ms == 25);
    cr_assert_gt(s.reports, 0);
    closed();
}
