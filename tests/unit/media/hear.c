/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/audio/speech.h"
#include "tests/unit/media/line.h"

/* a tone from party 1 (engine 0) to party 2 (engine 1) for `ms`; amplitude at hz over what was heard after one second
 */
static float tone_over(struct world *w, enum ix_codec_id codec, float hz, uint64_t ms)
{
    static int16_t pcm[16000 * 12];
    world_party(w, 1, 0, codec);
    world_party(w, 2, 1, codec);
    world_connect(w, 1, 2);
    world_tone(w, 1, hz);
    struct ix_pcm_ring *ring = world_sink(w, 2, 16000, 12);
    world_run(w, ms);
    size_t n = world_heard(ring, pcm, IX_COUNT(pcm));
    cr_assert_float_eq((double) n, (double) ms * 16, 400.0, "%zu samples in %lu ms", n, (unsigned long) ms);
    float at = ix_goertzel(pcm + 16000, n - 16000, 16000, hz);
    float off = ix_goertzel(pcm + 16000, n - 16000, 16000, hz * 1.3f);
    cr_assert_lt(off, 0.02f);
    world_command(w, 2, (struct ix_media_cmd){ .kind = IX_MEDIA_SINK });
    ix_pcm_ring_free(ring);
    return at;
}

Test(hear, a_tone_comes_through_every_codec_on_a_clean_line)
{
    for (int codec = IX_CODEC_OPUS; codec <= IX_CODEC_PCMA; codec++) {
        struct world *w = world_new(1);
        float level = tone_over(w, codec, 1000.0f, 3000);
        cr_assert_float_eq(level, 0.3f, 0.03f, "codec %d: %f", codec, (double) level);
        struct ix_media_stats s = world_stats(w, 2);
        cr_assert_eq(s.frames_lost + s.frames_late + s.concealed_us + s.stretched_us, 0);
        cr_assert_geq(s.frames_in, 90);
        world_free(w);
    }
}

Test(hear, opus_calls_are_wideband)
{
    struct world *w = world_new(1);
    float level = tone_over(w, IX_CODEC_OPUS, 5200.0f, 3000);
    cr_assert_gt(level, 0.2f, "%f", (double) level);
    world_free(w);
}

Test(hear, a_tone_survives_jitter_reordering_and_repetition)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct world *w = world_new(seed);
        w->line = (struct line_options){ .delay_ms = 40, .jitter_ms = 50, .dup_per_mille = 50 };
        float level = tone_over(w, IX_CODEC_PCMU, 700.0f, 8000);
        struct ix_media_stats s = world_stats(w, 2);
        cr_assert_gt(level, 0.2f, "seed %lu: %f", (unsigned long) seed, (double) level);
        cr_assert_gt(s.frames_duplicate, 5);
        cr_assert_leq(s.frames_late + s.frames_lost, 12, "seed %lu", (unsigned long) seed);
        cr_assert_geq(s.buffer_target_us, 40 * IX_MS);
        world_free(w);
    }
}

Test(hear, a_tone_survives_loss)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        for (int codec = IX_CODEC_OPUS; codec <= IX_CODEC_PCMU; codec++) {
            struct world *w = world_new(seed);
            w->line = (struct line_options){ .delay_ms = 20, .jitter_ms = 10, .lost_per_mille = 50 };
            float level = tone_over(w, codec, 500.0f, 8000);
            struct ix_media_stats s = world_stats(w, 2);
            cr_assert_gt(level, 0.2f, "codec %d: %f", codec, (double) level);
            cr_assert(s.frames_lost > 5 && s.frames_lost < 45);
            cr_assert_geq(s.concealed_us, s.frames_lost * 19 * IX_MS);
            world_free(w);
        }
    }
}

/* party 1 plays speech, party 2 echoes, party 1 records what it hears */
static float echoed(enum ix_codec_id codec, struct line_options line, uint32_t rate_hz)
{
    size_t n = 0, heard_n;
    int16_t *sent = speech_load(SPEECH_CONGRATS, rate_hz, 10.0, &n);
    struct ix_pcm_ring *source = ix_pcm_ring_new(n);
    cr_assert_eq(ix_pcm_ring_write(source, sent, n), n);
    ix_pcm_ring_end(source);
    struct world *w = world_new(3);
    w->line = line;
    world_party(w, 1, 0, codec);
    world_party(w, 2, 1, codec);
    world_connect(w, 1, 2);
    world_command(w, 2, (struct ix_media_cmd){ .kind = IX_MEDIA_SOURCE, .u.source = { .kind = IX_SOURCE_ECHO } });
    struct ix_pcm_ring *ring = world_sink(w, 1, 16000, 12);
    world_command(
        w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_SOURCE, .u.source = { IX_SOURCE_RING, source, rate_hz } });
    world_run(w, 10600);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_SOURCE_ENDED, NULL), 1);
    int16_t *sent16 = NULL, *heard = ix_alloc_array(16000 * 12, sizeof(*heard));
    cr_assert_eq(ix_resample_all(sent, n, rate_hz, 16000, &sent16, &n), 0);
    heard_n = world_heard(ring, heard, 16000 * 12);
    struct ix_similarity s;
    cr_assert_eq(ix_similarity(sent16, n, heard, heard_n, &s), 0);
    cr_assert_geq(s.windows, 8);
    cr_assert_eq(s.missing, 0);
    cr_assert_leq(s.delay_us, 2 * (60 + line.delay_ms + line.jitter_ms) * 1000, "%ld us", (long) s.delay_us);
    world_free(w);
    ix_pcm_ring_free(ring);
    ix_pcm_ring_free(source);
    ix_free(sent);
    ix_free(sent16);
    ix_free(heard);
    return s.mean;
}

Test(hear, speech_through_the_echo_is_the_speech_that_was_sent)
{
    float opus = echoed(IX_CODEC_OPUS, (struct line_options){ .delay_ms = 1 }, 8000);
    cr_assert_gt(opus, 0.97f, "two Opus generations: %f", (double) opus);
    float wide = echoed(IX_CODEC_OPUS, (struct line_options){ .delay_ms = 1 }, 44100);
    cr_assert_gt(wide, 0.97f, "from 44.1 kHz: %f", (double) wide);
    float g711 = echoed(IX_CODEC_PCMU, (struct line_options){ .delay_ms = 1 }, 8000);
    cr_assert_gt(g711, 0.97f, "two G.711 generations: %f", (double) g711);
}

Test(hear, speech_through_the_echo_survives_a_jittery_line)
{
    float s = echoed(IX_CODEC_OPUS, (struct line_options){ .delay_ms = 20, .jitter_ms = 15 }, 8000);
    cr_assert_gt(s, 0.9f, "%f", (double) s);
}

Test(hear, the_first_frame_is_told_once_and_soon)
{
    struct world *w = world_new(1);
    struct ix_media_event ev = { 0 };
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    world_connect(w, 1, 2);
    world_run(w, 2000);
    cr_assert_eq(world_events(w, 2, IX_MEDIA_EV_FIRST_AUDIO, &ev), 1);
    cr_assert_leq(ev.u.at_us, START + 65 * IX_MS, "after %lu us", (unsigned long) (ev.u.at_us - START));
    cr_assert_eq(world_stats(w, 2).first_audio_us, ev.u.at_us);
    world_free(w);
}

Test(hear, a_press_is_told_once_whatever_the_line_does)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *w = world_new(seed);
        struct ix_media_cmd digits = { .kind = IX_MEDIA_DTMF, .u.dtmf = { .digits = "1234#" } };
        w->line = (struct line_options){ .delay_ms = 20, .jitter_ms = 30, .lost_per_mille = 100, .dup_per_mille = 100 };
        world_party(w, 1, 0, IX_CODEC_OPUS);
        world_party(w, 2, 1, IX_CODEC_OPUS);
        world_connect(w, 1, 2);
        world_run(w, 500);
        world_command(w, 1, digits);
        world_run(w, 2500);
        char heard[16] = "";
        for (size_t i = 0; i < w->event_n; i++)
            if (w->events[i].kind == IX_MEDIA_EV_DTMF && w->events[i].party_id == 2)
                strncat(heard, &w->events[i].u.dtmf.digit, 1);
        cr_assert_str_eq(heard, "1234#", "seed %lu", (unsigned long) seed);
        cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_DTMF_SENT, NULL), 1);
        world_free(w);
    }
}

Test(hear, a_sender_with_dtx_is_not_taken_for_a_loss)
{
    struct world *w = world_new(1);
    struct ix_media_codec dtx = world_codec(IX_CODEC_OPUS);
    dtx.dtx = true;
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_CODEC, .u.codec = dtx });
    world_connect(w, 1, 2);
    world_run(w, 6000);
    struct ix_media_stats s = world_stats(w, 2);
    cr_assert_lt(w->sent_n[1], 100, "silence is hardly sent: %zu frames", w->sent_n[1]);
    cr_assert_eq(s.frames_lost, 0);
    cr_assert_gt(s.silent_concealed_us, 3 * IX_S);
    cr_assert_lt(s.concealed_us - s.silent_concealed_us, 200 * IX_MS);
    world_tone(w, 1, 600.0f); /* talks again */
    struct ix_pcm_ring *ring = world_sink(w, 2, 16000, 4);
    world_run(w, 2000);
    int16_t pcm[32000];
    size_t n = world_heard(ring, pcm, 32000);
    cr_assert_gt(ix_goertzel(pcm + n / 2, n / 2, 16000, 600.0f), 0.25f);
    world_free(w);
    ix_pcm_ring_free(ring);
}

Test(hear, quiet_takes_out_delay_that_is_no_longer_needed)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    world_connect(w, 1, 2);
    w->line = (struct line_options){ .delay_ms = 10, .jitter_ms = 100 };
    world_run(w, 5000);
    struct ix_media_stats jittery = world_stats(w, 2);
    cr_assert_gt(jittery.buffer_target_us, 70 * IX_MS);
    w->line.jitter_ms = 0;
    world_run(w, 80000);
    struct ix_media_stats calm = world_stats(w, 2);
    cr_assert_leq(calm.buffer_target_us, 25 * IX_MS);
    cr_assert_leq(calm.buffer_delay_us, 50 * IX_MS);
    cr_assert_gt(calm.stretched_us, 40 * IX_MS);
    world_free(w);
}

Test(hear, a_sender_whose_clock_is_fast_or_slow_is_followed)
{
    /* party 1 is ticked by hand, 0.1 % off; silence, so that frames may be taken out and put in */
    for (int sign = -1; sign <= 1; sign += 2) {
        struct world *w = world_new(1);
        world_party(w, 2, 1, IX_CODEC_PCMU);
        for (unsigned k = 0; k < 6000; k++) {
            struct ix_frame f = { .timestamp = k * 160,
                .ssrc = 5,
                .seq = (uint16_t) k,
                .kind = IX_FRAME_AUDIO,
                .codec = IX_CODEC_PCMU,
                .len = 160 };
            uint64_t at = START + 7000 + k * (uint64_t) (20000 + sign * 20);
            memset(f.payload, 0xff, 160);
            world_run(w, 0);
            while (ix_media_deadline(w->engine[1]) <= at) {
                w->now_us = ix_media_deadline(w->engine[1]);
                ix_media_tick(w->engine[1], (struct ix_now){ w->now_us, 0 });
                w->event_n = 0;
                world_drain(w);
            }
            f.arrival_us = at;
            ix_media_frame(w->engine[1], 2, &f, (struct ix_now){ at, 0 });
        }
        w->event_n = 0;
        world_run(w, 1000);
        struct ix_media_stats s = world_stats(w, 2);
        cr_assert_lt(s.concealed_us, 200 * IX_MS + IX_S, "sign %d: %lu us", sign, (unsigned long) s.concealed_us);
        cr_assert_geq(s.stretched_us, 70 * IX_MS, "sign %d: %lu", sign, (unsigned long) s.stretched_us);
        cr_assert_leq(s.stretched_us, 160 * IX_MS, "sign %d: %lu", sign, (unsigned long) s.stretched_us);
        cr_assert_eq(s.gaps, 0);
        cr_assert_leq(s.buffer_delay_us, 60 * IX_MS);
        world_free(w);
    }
}

Test(hear, comfort_noise_from_the_peer_is_heard_at_its_level)
{
    struct world *w = world_new(1);
    world_party(w, 2, 1, IX_CODEC_PCMU);
    struct ix_frame f = { .arrival_us = START, .ssrc = 5, .kind = IX_FRAME_AUDIO, .codec = IX_CODEC_PCMU, .len = 160 };
    memset(f.payload, 0xff, 160);
    struct ix_pcm_ring *ring = world_sink(w, 2, 8000, 4);
    ix_media_frame(w->engine[1], 2, &f, (struct ix_now){ START, 0 });
    f.kind = IX_FRAME_CN;
    f.seq = 1;
    f.timestamp = 160;
    f.len = 1;
    f.payload[0] = 40;
    ix_media_frame(w->engine[1], 2, &f, (struct ix_now){ START, 0 });
    world_run(w, 1000);
    int16_t pcm[8000];
    size_t n = world_heard(ring, pcm, 8000);
    cr_assert_float_eq(ix_rms(pcm + n / 2, n / 2), 0.01f, 0.002f);
    world_free(w);
    ix_pcm_ring_free(ring);
}

Test(hear, while_not_receiving_nothing_is_heard_and_afterwards_the_stream_begins_anew)
{
    struct world *w = world_new(1);
    struct ix_media_codec c = world_codec(IX_CODEC_OPUS);
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    world_connect(w, 1, 2);
    world_tone(w, 1, 500.0f);
    world_run(w, 1000);
    c.receive = false;
    world_command(w, 2, (struct ix_media_cmd){ .kind = IX_MEDIA_CODEC, .u.codec = c });
    struct ix_pcm_ring *ring = world_sink(w, 2, 8000, 10);
    int16_t pcm[16000];
    world_run(w, 1000);
    size_t n = world_heard(ring, pcm, 16000);
    cr_assert_geq(n, 7800, "silence is written, so that a recording keeps its time");
    cr_assert_eq(ix_rms(pcm, n), 0.0f);
    c.receive = true;
    world_command(w, 2, (struct ix_media_cmd){ .kind = IX_MEDIA_CODEC, .u.codec = c });
    world_run(w, 1000);
    n = world_heard(ring, pcm, 16000);
    cr_assert_gt(ix_goertzel(pcm + n / 2, n / 2, 8000, 500.0f), 0.25f);
    world_free(w);
    ix_pcm_ring_free(ring);
}

Test(hear, garbage_for_a_codec_is_concealed)
{
    struct world *w = world_new(1);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    for (unsigned k = 0; k < 100; k++) {
        struct ix_frame f = { .arrival_us = w->now_us,
            .timestamp = k * 960,
            .ssrc = 5,
            .seq = (uint16_t) k,
            .kind = IX_FRAME_AUDIO,
            .codec = IX_CODEC_OPUS,
            .len = (uint16_t) ix_rng_below(&w->rng, 200) };
        ix_rng_fill(&w->rng, f.payload, f.len);
        ix_media_frame(w->engine[1], 2, &f, (struct ix_now){ w->now_us, 0 });
        world_run(w, 20);
    }
    world_free(w);
}
