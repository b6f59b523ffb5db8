/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "tests/unit/media/line.h"

static void tick_at(struct world *w, uint64_t us)
{
    w->now_us = us;
    ix_media_tick(w->engine[0], (struct ix_now){ us, 0 });
    world_drain(w);
}

static struct ix_media_totals totals(const struct world *w)
{
    struct ix_media_totals t;
    ix_media_totals(w->engine[0], &t);
    return t;
}

Test(engine, without_parties_there_is_no_deadline)
{
    struct world *w = world_new(1);
    cr_assert_eq(ix_media_deadline(w->engine[0]), IX_NEVER);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    cr_assert_lt(ix_media_deadline(w->engine[0]), START + IX_TICK_US);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE });
    cr_assert_eq(ix_media_deadline(w->engine[0]), IX_NEVER);
    world_free(w);
}

Test(engine, parties_are_spread_over_the_slots)
{
    struct world *w = world_new(1);
    for (uint32_t id = 1; id <= 8; id++)
        world_party(w, id, 0, IX_CODEC_PCMU);
    for (unsigned i = 0; i < IX_TICK_SLOTS; i++) {
        uint64_t at = ix_media_deadline(w->engine[0]);
        cr_assert_eq(at % 2500, 0);
        size_t before = 0, after = 0;
        for (uint32_t id = 1; id <= 8; id++)
            before += w->sent_n[id];
        tick_at(w, at);
        for (uint32_t id = 1; id <= 8; id++)
            after += w->sent_n[id];
        cr_assert_eq(after, before + 1, "slot %u", i);
    }
    for (uint32_t id = 1; id <= 8; id++)
        cr_assert_eq(w->sent_n[id], 1);
    world_free(w);
}

Test(engine, a_tick_that_is_called_too_early_does_nothing)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    uint64_t at = ix_media_deadline(w->engine[0]);
    tick_at(w, at - 1);
    cr_assert_eq(w->sent_n[1], 0);
    tick_at(w, at);
    tick_at(w, at);
    cr_assert_eq(w->sent_n[1], 1);
    cr_assert_eq(ix_media_deadline(w->engine[0]), at + IX_TICK_US);
    world_free(w);
}

Test(engine, three_late_ticks_are_made_up_for)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    uint64_t at = ix_media_deadline(w->engine[0]);
    tick_at(w, at + 2 * IX_TICK_US + 5000);
    cr_assert_eq(w->sent_n[1], 3);
    cr_assert_eq(totals(w).ticks_skipped, 0);
    world_free(w);
}

Test(engine, what_is_later_than_that_is_left_out_and_the_timestamp_knows)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    struct ix_pcm_ring *sink = world_sink(w, 1, 8000, 2);
    uint64_t at = ix_media_deadline(w->engine[0]);
    tick_at(w, at);
    tick_at(w, at + 11 * IX_TICK_US); /* 11 are due: 8 are left out */
    cr_assert_eq(w->sent_n[1], 1 + 3);
    cr_assert_eq(w->sent[1].timestamp, 11 * 160);
    cr_assert_eq(totals(w).ticks_skipped, 8);
    cr_assert_eq(ix_pcm_ring_used(sink), 12 * 160, "a recording keeps its time");
    cr_assert_eq(ix_media_deadline(w->engine[0]), at + 12 * IX_TICK_US);
    tick_at(w, at + 3600 * IX_S); /* the machine slept */
    cr_assert_eq(w->sent_n[1], 1 + 3 + 3);
    cr_assert_eq(w->sent[1].timestamp, (uint32_t) (3600 * 8000));
    world_free(w);
    ix_pcm_ring_free(sink);
}

Test(engine, what_a_source_had_for_skipped_ticks_is_not_sent_later)
{
    struct world *w = world_new(1);
    struct ix_pcm_ring *source = ix_pcm_ring_new(16000);
    int16_t ramp[8000];
    for (int i = 0; i < 8000; i++)
        ramp[i] = (int16_t) (i / 160 * 600); /* each frame its own level */
    ix_pcm_ring_write(source, ramp, 8000);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_SOURCE, .u.source = { IX_SOURCE_RING, source, 8000 } });
    uint64_t at = ix_media_deadline(w->engine[0]);
    tick_at(w, at);
    tick_at(w, at + 20 * IX_TICK_US);
    cr_assert_float_eq((double) ix_pcmu_decode(w->sent[1].payload[80]), 20 * 600.0, 400.0);
    world_free(w);
    ix_pcm_ring_free(source);
}

Test(engine, what_nobody_takes_is_refused_and_counted_not_grown)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    for (int i = 0; i < 500; i++)
        ix_media_tick(w->engine[0], (struct ix_now){ ix_media_deadline(w->engine[0]), 0 });
    cr_assert_gt(totals(w).out_refused, 100);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE });
    world_drain(w);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_RELEASED, NULL), 1, "this is never refused");
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_STATS, NULL), 1, "the latest only");
    world_free(w);
}

Test(engine, an_engine_that_ends_lets_go_of_its_parties)
{
    struct ix_media *m = NULL;
    struct ix_party *p[2] = { NULL, NULL };
    cr_assert_eq(ix_media_new(NULL, 4, &m), 0);
    for (uint32_t i = 0; i < 2; i++) {
        cr_assert_eq(ix_party_new(&(struct ix_party_options){ 0 }, &p[i]), 0);
        struct ix_media_cmd cmd = { .kind = IX_MEDIA_ADD, .party_id = i + 1, .u.add.party = p[i] };
        ix_media_command(m, &cmd, (struct ix_now){ START, 0 });
    }
    ix_media_command(m, &(struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE, .party_id = 1 }, (struct ix_now){ START, 0 });
    ix_media_free(m);
    ix_party_free(p[0]);
    ix_party_free(p[1]);
    ix_media_free(NULL);
    ix_party_free(NULL);
}

Test(engine, sizes_that_make_no_sense_are_refused)
{
    struct ix_media *m = NULL;
    cr_assert_eq(ix_media_new(NULL, 0, &m), IRISX_E_INVALID);
    cr_assert_eq(ix_media_new(NULL, 1000000, &m), IRISX_E_INVALID);
}
