/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/media/line.h"

static bool on(const struct world *w, uint32_t id, enum ix_media_alarm alarm)
{
    return (world_stats(w, id).alarms >> alarm) & 1;
}

Test(alarms, a_good_call_has_none)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    world_connect(w, 1, 2);
    world_tone(w, 1, 500.0f);
    world_run(w, 10000);
    cr_assert_eq(world_stats(w, 1).alarms | world_stats(w, 1).alarms_begun, 0);
    cr_assert_eq(world_stats(w, 2).alarms | world_stats(w, 2).alarms_begun, 0);
    world_free(w);
}

Test(alarms, one_way_audio_begins_after_three_seconds_and_ends_after_five_good_ones)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    world_connect(w, 1, 2);
    world_run(w, 3000);
    w->to[1] = 0; /* nothing arrives at 2 any more */
    world_run(w, 2500);
    cr_assert_not(on(w, 2, IX_ALARM_NO_AUDIO_RECEIVED));
    world_run(w, 2500);
    cr_assert(on(w, 2, IX_ALARM_NO_AUDIO_RECEIVED));
    cr_assert_not(on(w, 1, IX_ALARM_NO_AUDIO_RECEIVED));
    w->to[1] = 2;
    world_run(w, 3000);
    cr_assert(on(w, 2, IX_ALARM_NO_AUDIO_RECEIVED));
    world_run(w, 4000);
    cr_assert_not(on(w, 2, IX_ALARM_NO_AUDIO_RECEIVED));
    cr_assert_eq(world_stats(w, 2).alarms_begun, 1);
    world_free(w);
}

Test(alarms, loss_jitter_round_trip_clipping_and_a_dead_source_have_their_own)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    world_connect(w, 1, 2);
    world_tone(w, 1, 500.0f);
    world_run(w, 1000);
    w->line = (struct line_options){ .lost_per_mille = 250, .jitter_ms = 250 };
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_REPORT, .u.report = { 0, 500000 } });
    world_command(w, 1,
        (struct ix_media_cmd){ .kind = IX_MEDIA_SOURCE,
            .u.source = { .kind = IX_SOURCE_TONE, .tone_hz = { 500.0f }, .tone_level = 4.0f } });
    world_run(w, 8000);
    cr_assert(on(w, 2, IX_ALARM_HIGH_LOSS));
    cr_assert(on(w, 2, IX_ALARM_HIGH_JITTER));
    cr_assert(on(w, 1, IX_ALARM_HIGH_ROUND_TRIP));
    cr_assert(on(w, 1, IX_ALARM_CLIPPED));
    static int16_t zeros[8000];
    struct ix_pcm_ring *ring = ix_pcm_ring_new(8000 * 8);
    for (int i = 0; i < 8; i++)
        (void) ix_pcm_ring_write(ring, zeros, 8000);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_SOURCE, .u.source = { IX_SOURCE_RING, ring, 8000 } });
    world_run(w, 6000);
    cr_assert(on(w, 1, IX_ALARM_SOURCE_SILENT));
    cr_assert_not(on(w, 1, IX_ALARM_CLIPPED));
    world_free(w);
    ix_pcm_ring_free(ring);
}

Test(alarms, each_has_a_reason_code)
{
    for (unsigned i = 0; i < IX_MEDIA_ALARMS; i++)
        cr_assert_gt(strlen(ix_media_alarm_name((enum ix_media_alarm) i)), 6);
    cr_assert_str_eq(ix_media_alarm_name((enum ix_media_alarm) 99), "unknown");
}
