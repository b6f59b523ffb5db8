/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/media/line.h"

static struct ix_media_stats call(struct line_options line, uint64_t ms)
{
    struct world *w = world_new(2);
    w->line = line;
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_party(w, 2, 1, IX_CODEC_OPUS);
    world_connect(w, 1, 2);
    world_tone(w, 1, 800.0f);
    world_run(w, ms);
    struct ix_media_stats s = world_stats(w, 2);
    world_free(w);
    return s;
}

Test(stats, figures_come_once_a_second)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_run(w, 5010);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_STATS, NULL), 5);
    world_free(w);
}

Test(stats, a_clean_call_has_clean_figures)
{
    struct ix_media_stats s = call((struct line_options){ .delay_ms = 5 }, 5010);
    cr_assert_eq(s.frames_lost + s.frames_late + s.frames_duplicate + s.concealed_us + s.discarded_us, 0);
    cr_assert_float_eq((double) s.played_us, 5e6, 1e5);
    cr_assert_float_eq(s.level_in, 0.3f / sqrtf(2.0f), 0.02f);
    cr_assert_eq(s.level_out, 0.0f);
    cr_assert_eq(s.frames_out, 250);
    cr_assert(s.buffer_delay_us >= 10 * IX_MS && s.buffer_delay_us <= 42 * IX_MS);
    uint64_t mean = s.buffer_delay_sum_us / s.buffer_emitted;
    cr_assert(mean >= 10 * IX_MS && mean <= 42 * IX_MS);
    cr_assert(s.buffer_target_us >= 10 * IX_MS && s.buffer_target_us <= 15 * IX_MS);
    cr_assert(s.mos > 4.3f && s.r_factor > 90.0f);
}

Test(stats, loss_is_seen_in_the_figures_and_in_the_score)
{
    struct ix_media_stats clean = call((struct line_options){ 0 }, 10010);
    struct ix_media_stats some = call((struct line_options){ .lost_per_mille = 50 }, 10010);
    struct ix_media_stats much = call((struct line_options){ .lost_per_mille = 250 }, 10010);
    cr_assert_gt(some.frames_lost, 10);
    cr_assert_gt(much.frames_lost, 2 * some.frames_lost);
    cr_assert_lt(much.mos, clean.mos - 0.5f);
    cr_assert_leq(some.mos, clean.mos);
}

Test(stats, ticks_that_the_machine_made_late_are_told)
{
    struct world *w = world_new(3);
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_run(w, 1010);
    cr_assert_eq(world_stats(w, 1).ticks_late, 0);
    uint64_t due = ix_media_deadline(w->engine[0]);
    ix_media_tick(w->engine[0], (struct ix_now){ .mono_us = due + 30 * IX_MS });
    w->now_us = due + 30 * IX_MS;
    world_run(w, 1010);
    cr_assert_eq(world_stats(w, 1).ticks_late, 2, "the tick 30 ms ago and the one 10 ms ago");
    cr_assert_eq(world_stats(w, 1).tick_late_max_us, 30 * IX_MS);
    world_free(w);
}
