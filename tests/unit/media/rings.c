/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "tests/unit/media/line.h"

static void source(struct world *w, struct ix_pcm_ring *ring, uint32_t rate_hz)
{
    world_command(
        w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_SOURCE, .u.source = { IX_SOURCE_RING, ring, rate_hz } });
}

static struct ix_pcm_ring *tone_ring(uint32_t rate_hz, double seconds)
{
    size_t n = (size_t) (rate_hz * seconds);
    struct ix_pcm_ring *ring = ix_pcm_ring_new(n);
    int16_t *pcm = ix_alloc_array(n, sizeof(*pcm));
    struct ix_tone t;
    ix_tone_init(&t, rate_hz, (float[2]){ 440.0f, 0.0f }, 0.3f);
    ix_tone_run(&t, pcm, n);
    cr_assert_eq(ix_pcm_ring_write(ring, pcm, n), n);
    ix_free(pcm);
    return ring;
}

static void record(struct world *w, struct ix_pcm_ring *received, struct ix_pcm_ring *sent, uint32_t rate_hz)
{
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_RECORD, .u.record = { received, sent, rate_hz } });
}

Test(rings, a_source_of_any_rate_is_sent_at_its_pitch_and_told_when_it_ends)
{
    static const uint32_t rates[] = { 8000, 11025, 16000, 22050, 44100, 48000 };
    for (size_t i = 0; i < IX_COUNT(rates); i++) {
        struct world *w = world_new(1);
        struct ix_media_event ev = { 0 };
        static int16_t pcm[40000];
        world_party(w, 1, 0, IX_CODEC_OPUS);
        struct ix_pcm_ring *in = tone_ring(rates[i], 1.0), *out = ix_pcm_ring_new(40000);
        ix_pcm_ring_end(in);
        record(w, NULL, out, 16000);
        source(w, in, rates[i]);
        world_run(w, 1500);
        cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_SOURCE_ENDED, &ev), 1);
        cr_assert_eq(ev.u.ring, in);
        size_t n = world_heard(out, pcm, 40000);
        cr_assert_eq(n, 75 * 320);
        cr_assert_float_eq(ix_goertzel(pcm + 800, 14400, 16000, 440.0f), 0.3f, 0.01f, "%u Hz", rates[i]);
        cr_assert_lt(ix_rms(pcm + 16400, n - 16400), 0.001f);
        cr_assert_eq(world_stats(w, 1).source_underrun_us, 0);
        world_free(w);
        ix_pcm_ring_free(in);
        ix_pcm_ring_free(out);
    }
}

Test(rings, a_source_that_runs_dry_is_silence_for_so_long_and_counted)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    struct ix_pcm_ring *in = tone_ring(8000, 0.5);
    source(w, in, 8000);
    world_run(w, 1010);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_SOURCE_ENDED, NULL), 0, "not ended, only empty");
    cr_assert_float_eq((double) world_stats(w, 1).source_underrun_us, 500000.0, 21000.0);
    world_free(w);
    ix_pcm_ring_free(in);
}

Test(rings, a_source_that_is_replaced_is_given_back)
{
    struct world *w = world_new(1);
    struct ix_media_event ev = { 0 };
    world_party(w, 1, 0, IX_CODEC_PCMU);
    struct ix_pcm_ring *a = tone_ring(8000, 0.5), *b = tone_ring(8000, 0.5);
    source(w, a, 8000);
    source(w, b, 8000);
    source(w, b, 16000); /* the same one, differently: stays */
    world_drain(w);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_SOURCE_ENDED, &ev), 1);
    cr_assert_eq(ev.u.ring, a);
    source(w, b, 4000); /* cannot be: given back at once */
    world_drain(w);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_SOURCE_ENDED, &ev), 2);
    cr_assert_eq(ev.u.ring, b);
    world_free(w);
    ix_pcm_ring_free(a);
    ix_pcm_ring_free(b);
}

Test(rings, sinks_and_recordings_keep_the_time_at_every_rate)
{
    static const uint32_t rates[] = { 8000, 11025, 16000, 44100, 48000 };
    for (size_t i = 0; i < IX_COUNT(rates); i++) {
        struct world *w = world_new(1);
        world_party(w, 1, 0, IX_CODEC_OPUS);
        struct ix_pcm_ring *sink = world_sink(w, 1, rates[i], 4), *in = ix_pcm_ring_new(rates[i] * 4),
                           *out = ix_pcm_ring_new(rates[i] * 4);
        record(w, in, out, rates[i]);
        world_run(w, 2000); /* nobody sends anything: silence is written */
        cr_assert_float_eq((double) ix_pcm_ring_used(sink), rates[i] * 2.0, 40.0);
        cr_assert_eq(ix_pcm_ring_used(in), ix_pcm_ring_used(sink));
        cr_assert_eq(ix_pcm_ring_used(out), ix_pcm_ring_used(sink), "both sides are equally long");
        world_free(w);
        ix_pcm_ring_free(sink);
        ix_pcm_ring_free(in);
        ix_pcm_ring_free(out);
    }
}

Test(rings, a_recording_has_what_was_heard_and_what_was_sent_apart)
{
    struct world *w = world_new(1);
    int16_t pcm[32000];
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    world_connect(w, 1, 2);
    world_tone(w, 1, 400.0f);
    world_tone(w, 2, 900.0f);
    struct ix_pcm_ring *in = ix_pcm_ring_new(32000), *out = ix_pcm_ring_new(32000);
    record(w, in, out, 8000);
    world_run(w, 2000);
    size_t n = world_heard(in, pcm, 32000);
    cr_assert_gt(ix_goertzel(pcm + n / 2, n / 2, 8000, 900.0f), 0.25f);
    cr_assert_lt(ix_goertzel(pcm + n / 2, n / 2, 8000, 400.0f), 0.01f);
    n = world_heard(out, pcm, 32000);
    cr_assert_gt(ix_goertzel(pcm + n / 2, n / 2, 8000, 400.0f), 0.25f);
    world_free(w);
    ix_pcm_ring_free(in);
    ix_pcm_ring_free(out);
}

Test(rings, a_full_sink_loses_samples_and_says_so)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    struct ix_pcm_ring *sink = world_sink(w, 1, 8000, 0.1);
    world_run(w, 1010);
    cr_assert_gt(world_stats(w, 1).samples_dropped, 6000);
    world_free(w);
    ix_pcm_ring_free(sink);
}

Test(rings, rings_are_ended_and_given_back_when_stopped_and_before_the_party_is)
{
    struct world *w = world_new(1);
    struct ix_media_event ev = { 0 };
    world_party(w, 1, 0, IX_CODEC_PCMU);
    struct ix_pcm_ring *sink = world_sink(w, 1, 8000, 1), *in = ix_pcm_ring_new(8000), *out = ix_pcm_ring_new(8000);
    record(w, in, out, 8000);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_SINK });
    world_drain(w);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_RING_RELEASED, &ev), 1);
    cr_assert_eq(ev.u.ring, sink);
    cr_assert(ix_pcm_ring_ended(sink));
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE });
    world_drain(w);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_RING_RELEASED, NULL), 3);
    cr_assert(ix_pcm_ring_ended(in) && ix_pcm_ring_ended(out));
    cr_assert_eq(w->events[w->event_n - 1].kind, IX_MEDIA_EV_RELEASED, "the last word");
    cr_assert_eq(w->events[w->event_n - 2].kind, IX_MEDIA_EV_STATS, "after the last figures");
    world_free(w);
    ix_pcm_ring_free(sink);
    ix_pcm_ring_free(in);
    ix_pcm_ring_free(out);
}

Test(rings, a_rate_that_cannot_be_written_is_refused)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    struct ix_pcm_ring *sink = world_sink(w, 1, 96000, 0.1);
    world_run(w, 100);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_RING_RELEASED, NULL), 1);
    cr_assert_eq(ix_pcm_ring_used(sink), 0);
    world_free(w);
    ix_pcm_ring_free(sink);
}
