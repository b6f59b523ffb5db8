/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "tests/unit/media/line.h"

struct log {
    struct ix_frame frame[400];
    size_t n;
};

static void note(struct world *w, uint32_t id, const struct ix_frame *f)
{
    struct log *l = w->ctx;
    if (id == 1 && l->n < IX_COUNT(l->frame))
        l->frame[l->n++] = *f;
}

static struct log frames;

static struct world *one_party(enum ix_codec_id codec)
{
    struct world *w = world_new(1);
    frames.n = 0;
    w->on_frame = note;
    w->ctx = &frames;
    world_party(w, 1, 0, codec);
    return w;
}

static void set(struct world *w, struct ix_media_codec c)
{
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_CODEC, .u.codec = c });
}

static void mute(struct world *w, bool on)
{
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_MUTE, .u.mute.on = on });
}

Test(say, a_frame_each_20_ms_with_timestamps_from_zero_and_a_marker_on_the_first)
{
    struct world *w = one_party(IX_CODEC_OPUS);
    world_run(w, 1000);
    cr_assert_eq(frames.n, 50);
    for (size_t i = 0; i < frames.n; i++) {
        const struct ix_frame *f = &frames.frame[i];
        cr_assert_eq(f->timestamp, i * 960);
        cr_assert_eq(f->marker, i == 0);
        cr_assert(f->kind == IX_FRAME_AUDIO && f->codec == IX_CODEC_OPUS && f->payload_type == 0xff && f->len > 0);
    }
    world_free(w);
}

Test(say, g711_frames_have_160_bytes_and_their_own_clock)
{
    struct world *w = one_party(IX_CODEC_PCMA);
    world_run(w, 200);
    cr_assert_eq(frames.n, 10);
    cr_assert_eq(frames.frame[9].timestamp, 9 * 160);
    cr_assert_eq(frames.frame[9].len, 160);
    cr_assert_eq(frames.frame[9].payload[5], 0xd5, "silence");
    world_free(w);
}

Test(say, without_a_codec_nothing_is_sent_and_time_does_not_begin)
{
    struct world *w = one_party(IX_CODEC_OPUS);
    set(w, (struct ix_media_codec){ .receive = true });
    world_run(w, 500);
    cr_assert_eq(frames.n, 0);
    set(w, world_codec(IX_CODEC_OPUS));
    world_run(w, 100);
    cr_assert_eq(frames.frame[0].timestamp, 0);
    world_free(w);
}

Test(say, muted_means_silence_is_sent_not_nothing)
{
    struct world *w = one_party(IX_CODEC_PCMU);
    world_tone(w, 1, 500.0f);
    world_run(w, 100);
    cr_assert_neq(frames.frame[4].payload[3], 0xff);
    mute(w, true);
    world_run(w, 400);
    cr_assert_eq(frames.n, 25);
    for (size_t i = 5; i < 25; i++)
        for (size_t b = 0; b < 160; b++)
            cr_assert_eq(frames.frame[i].payload[b], 0xff);
    mute(w, false);
    world_run(w, 100);
    cr_assert_neq(frames.frame[29].payload[3], 0xff);
    world_free(w);
}

Test(say, a_muted_opus_call_is_one_comfort_frame_each_400_ms_and_no_encoder)
{
    struct world *w = one_party(IX_CODEC_OPUS);
    world_tone(w, 1, 500.0f);
    world_run(w, 1000);
    mute(w, true);
    world_run(w, 400); /* the hang-over */
    size_t before = frames.n;
    world_run(w, 4000);
    cr_assert(frames.n - before >= 9 && frames.n - before <= 11, "%zu", frames.n - before);
    for (size_t i = before + 1; i < frames.n; i++) {
        cr_assert_eq(frames.frame[i].len, 1, "an Opus packet without a frame");
        cr_assert_eq(frames.frame[i].timestamp - frames.frame[i - 1].timestamp, 20 * 960);
    }
    cr_assert_geq(world_stats(w, 1).frames_gated, 150);
    mute(w, false);
    before = frames.n;
    world_run(w, 1000);
    cr_assert_geq(frames.n - before, 49, "and talks at once: %zu", frames.n - before);
    cr_assert_eq(frames.frame[before].marker, 1);
    world_free(w);
}

Test(say, a_quiet_microphone_is_gated_where_the_peer_takes_pauses)
{
    struct world *w = one_party(IX_CODEC_OPUS);
    struct ix_media_codec c = world_codec(IX_CODEC_OPUS);
    c.dtx = true;
    set(w, c);
    world_run(w, 5000);
    cr_assert_leq(frames.n, 35, "%zu frames", frames.n);
    world_tone(w, 1, 500.0f);
    size_t before = frames.n;
    world_run(w, 200);
    cr_assert_geq(frames.n - before, 10);
    uint32_t first = frames.frame[before].timestamp, second = frames.frame[before + 1].timestamp;
    cr_assert_eq(second - first, 960, "the frame before the tone, then the tone, in one tick");
    world_free(w);
}

Test(say, reports_of_the_peer_change_what_the_encoder_makes)
{
    struct world *w = one_party(IX_CODEC_OPUS);
    struct ix_media_codec c = world_codec(IX_CODEC_OPUS);
    c.fec = true;
    set(w, c);
    world_run(w, 1100);
    cr_assert(world_stats(w, 1).sent_for_loss == 0 && world_stats(w, 1).sent_bitrate == 24000);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_REPORT, .u.report = { 20, 50000 } });
    world_run(w, 2000);
    cr_assert_eq(world_stats(w, 1).sent_for_loss, 10);
    cr_assert_gt(world_stats(w, 1).sent_bitrate, 24000);
    world_free(w);
}

Test(say, muted_with_dtx_becomes_a_pause_that_keeps_the_time)
{
    struct world *w = one_party(IX_CODEC_OPUS);
    struct ix_media_codec c = world_codec(IX_CODEC_OPUS);
    c.dtx = true;
    set(w, c);
    world_tone(w, 1, 500.0f);
    mute(w, true);
    world_run(w, 2000);
    size_t muted = frames.n;
    cr_assert_lt(muted, 40);
    cr_assert_geq(muted, 4, "something every 400 ms");
    mute(w, false);
    world_run(w, 1000);
    bool marker = false;
    for (size_t i = muted; i < frames.n; i++)
        marker |= frames.frame[i].marker && frames.frame[i].timestamp >= 100 * 960;
    cr_assert(marker, "a talk spurt begins");
    cr_assert_eq(frames.frame[frames.n - 1].timestamp, 149 * 960);
    world_free(w);
}

Test(say, on_hold_one_comfort_noise_is_sent_and_then_nothing_while_time_goes_on)
{
    struct world *w = one_party(IX_CODEC_PCMU);
    struct ix_media_codec c = world_codec(IX_CODEC_PCMU);
    world_run(w, 100);
    c.send = false;
    c.cn = true;
    set(w, c);
    world_run(w, 1000);
    cr_assert_eq(frames.n, 6);
    cr_assert(frames.frame[5].kind == IX_FRAME_CN && frames.frame[5].len == 1 && frames.frame[5].timestamp == 5 * 160);
    c.send = true;
    set(w, c);
    world_run(w, 100);
    cr_assert_eq(frames.n, 11);
    cr_assert(frames.frame[6].marker && frames.frame[6].timestamp == 55 * 160);
    c.send = false;
    c.cn = false;
    set(w, c);
    world_run(w, 1000);
    cr_assert_eq(frames.n, 11, "not agreed: nothing");
    world_free(w);
}

Test(say, a_digit_takes_the_place_of_audio_on_the_same_time_line)
{
    struct world *w = one_party(IX_CODEC_OPUS);
    struct ix_media_event ev = { 0 };
    world_run(w, 100);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_DTMF, .u.dtmf = { .digits = "5" } });
    world_run(w, 400);
    size_t events = 0, audio = 0;
    for (size_t i = 5; i < frames.n; i++) {
        const struct ix_frame *f = &frames.frame[i];
        if (f->kind == IX_FRAME_EVENT) {
            cr_assert(f->len == 4 && f->payload[0] == 5 && f->timestamp == 5 * 960);
            cr_assert_eq(f->marker, events == 0);
            events++;
            continue;
        }
        cr_assert_eq(f->timestamp, (5 + 8 + audio) * 960, "160 ms are the event's");
        cr_assert_eq(f->marker, audio == 0);
        audio++;
    }
    cr_assert_eq(events, 10);
    cr_assert_eq(audio, 12);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_DTMF_SENT, &ev), 1);
    world_free(w);
}

Test(say, digits_are_heard_in_band_where_events_were_not_agreed)
{
    struct world *w = one_party(IX_CODEC_PCMU);
    struct ix_media_codec c = world_codec(IX_CODEC_PCMU);
    int16_t pcm[4000];
    size_t n = 0;
    c.events = false;
    set(w, c);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_DTMF, .u.dtmf = { .digits = "6", .tone_ms = 200 } });
    world_run(w, 200);
    for (size_t i = 0; i < frames.n; i++) {
        cr_assert_eq(frames.frame[i].kind, IX_FRAME_AUDIO);
        for (size_t b = 0; b < 160; b++)
            pcm[n++] = ix_pcmu_decode(frames.frame[i].payload[b]);
    }
    cr_assert_gt(ix_goertzel(pcm, n, 8000, 770.0f), 0.2f);
    cr_assert_gt(ix_goertzel(pcm, n, 8000, 1477.0f), 0.2f);
    cr_assert_lt(ix_goertzel(pcm, n, 8000, 697.0f), 0.03f);
    world_free(w);
}

Test(say, another_codec_in_mid_call_goes_on_with_the_time)
{
    struct world *w = one_party(IX_CODEC_OPUS);
    world_tone(w, 1, 500.0f);
    world_run(w, 100);
    set(w, world_codec(IX_CODEC_PCMU));
    world_run(w, 100);
    cr_assert_eq(frames.frame[4].codec, IX_CODEC_OPUS);
    cr_assert_eq(frames.frame[5].codec, IX_CODEC_PCMU);
    cr_assert_eq(frames.frame[5].timestamp, 5 * 960);
    cr_assert_eq(frames.frame[6].timestamp, 5 * 960 + 160);
    int16_t pcm[160];
    for (size_t b = 0; b < 160; b++)
        pcm[b] = ix_pcmu_decode(frames.frame[9].payload[b]);
    cr_assert_gt(ix_goertzel(pcm, 160, 8000, 500.0f), 0.25f, "the tone goes on at the new rate");
    world_free(w);
}

Test(say, a_session_refresh_with_the_same_codec_is_not_heard)
{
    static struct log without;
    for (int refreshed = 0; refreshed < 2; refreshed++) {
        struct world *w = one_party(IX_CODEC_OPUS);
        world_tone(w, 1, 500.0f);
        world_run(w, 200);
        if (refreshed)
            set(w, world_codec(IX_CODEC_OPUS));
        world_run(w, 200);
        if (!refreshed)
            without = frames;
        world_free(w);
    }
    cr_assert_eq(frames.n, without.n);
    for (size_t i = 0; i < frames.n; i++) {
        cr_assert_eq(frames.frame[i].len, without.frame[i].len);
        cr_assert_eq(frames.frame[i].timestamp, without.frame[i].timestamp);
        cr_assert_eq(frames.frame[i].marker, without.frame[i].marker);
        cr_assert_arr_eq(frames.frame[i].payload, without.frame[i].payload, frames.frame[i].len);
    }
}

Test(say, packets_are_as_long_as_was_wished)
{
    static const struct {
        uint8_t ms;
        size_t packets, step, g711_bytes;
    } want[] = { { 10, 100, 480, 80 }, { 20, 50, 960, 160 }, { 40, 25, 1920, 320 }, { 60, 16, 2880, 480 } };
    for (size_t k = 0; k < IX_COUNT(want); k++) {
        for (int opus = 0; opus <= 1; opus++) {
            struct world *w = one_party(opus ? IX_CODEC_OPUS : IX_CODEC_PCMU);
            world_tone(w, 1, 500.0f);
            world_command(
                w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_ENCODER, .u.encoder = { .frame_ms = want[k].ms } });
            world_run(w, 1000);
            cr_assert_eq(frames.n, want[k].packets, "%zu packets of %u ms", frames.n, want[k].ms);
            for (size_t i = 0; i < frames.n; i++) {
                cr_assert_eq(frames.frame[i].timestamp, i * want[k].step / (opus ? 1 : 6));
                cr_assert(opus || frames.frame[i].len == want[k].g711_bytes);
                uint32_t samples =
                    ix_payload_samples(frames.frame[i].codec, frames.frame[i].payload, frames.frame[i].len);
                cr_assert_eq(samples, want[k].step / (opus ? 1 : 6));
            }
            world_free(w);
        }
    }
}

Test(say, constant_bitrate_is_constant_and_a_wish_for_more_than_agreed_is_not_heard)
{
    struct world *w = one_party(IX_CODEC_OPUS);
    struct ix_media_codec c = world_codec(IX_CODEC_OPUS);
    c.bitrate = 16000;
    set(w, c);
    world_tone(w, 1, 500.0f);
    world_command(w, 1,
        (struct ix_media_cmd){
            .kind = IX_MEDIA_ENCODER, .u.encoder = { .cbr = true, .bitrate = 64000, .complexity = 2 } });
    world_run(w, 1000);
    for (size_t i = 0; i < frames.n; i++)
        cr_assert_eq(frames.frame[i].len, 16000 / 8 / 50);
    world_free(w);
}
