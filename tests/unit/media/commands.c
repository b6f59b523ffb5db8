/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/media/line.h"

static struct ix_media_totals totals(const struct world *w)
{
    struct ix_media_totals t;
    ix_media_totals(w->engine[0], &t);
    return t;
}

Test(commands, what_is_for_nobody_is_counted_and_forgotten)
{
    struct world *w = world_new(1);
    struct ix_frame f = { .kind = IX_FRAME_AUDIO, .codec = IX_CODEC_PCMU, .len = 160 };
    world_command(w, 3, (struct ix_media_cmd){ .kind = IX_MEDIA_MUTE });
    world_command(w, 3, (struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE });
    world_command(w, 3, (struct ix_media_cmd){ .kind = IX_MEDIA_ADD });
    ix_media_frame(w->engine[0], 3, &f, (struct ix_now){ START, 0 });
    cr_assert_eq(totals(w).unknown, 4);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_JOIN, .u.join.other = 3 });
    cr_assert_eq(totals(w).unknown, 5);
    world_command(w, 1, (struct ix_media_cmd){ .kind = 99 });
    world_free(w);
}

Test(commands, a_party_for_which_there_is_no_room_is_released_at_once)
{
    struct world *w = world_new(1);
    struct ix_party *extra = NULL;
    struct ix_media_out out;
    for (uint32_t id = 1; id <= PARTIES; id++)
        world_party(w, id, 0, IX_CODEC_PCMU);
    cr_assert_eq(ix_party_new(&(struct ix_party_options){ 0 }, &extra), 0);
    struct ix_media_cmd add = { .kind = IX_MEDIA_ADD, .party_id = 77, .u.add.party = extra };
    ix_media_command(w->engine[0], &add, (struct ix_now){ START, 0 });
    cr_assert(ix_media_poll(w->engine[0], &out));
    cr_assert(out.event->kind == IX_MEDIA_EV_RELEASED && out.event->u.party == extra && out.party_id == 77);
    add.party_id = 1; /* an id that is taken */
    ix_media_command(
        w->engine[1], &(struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE, .party_id = 1 }, (struct ix_now){ START, 0 });
    ix_media_command(w->engine[0], &add, (struct ix_now){ START, 0 });
    cr_assert(ix_media_poll(w->engine[0], &out));
    cr_assert_eq(out.event->u.party, extra);
    ix_party_free(extra);
    world_free(w);
}

Test(commands, a_party_that_is_here_cannot_be_added_again)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_PCMU);
    struct ix_media_cmd add = { .kind = IX_MEDIA_ADD, .party_id = 2, .u.add.party = w->party[1] };
    ix_media_command(w->engine[0], &add, (struct ix_now){ START, 0 });
    cr_assert_eq(totals(w).unknown, 1);
    world_run(w, 100);
    cr_assert_geq(w->sent_n[1], 4);
    world_free(w);
}

Test(commands, a_party_can_be_used_again_after_it_was_released)
{
    struct world *w = world_new(1);
    struct ix_media_out out;
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_tone(w, 1, 500.0f);
    world_run(w, 200);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE });
    while (ix_media_poll(w->engine[0], &out))
        continue;
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_ADD, .u.add.party = w->party[1] });
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_CODEC, .u.codec = world_codec(IX_CODEC_PCMU) });
    world_run(w, 100);
    cr_assert_eq(w->sent[1].timestamp, 4 * 160);
    cr_assert_eq(w->sent[1].payload[0], 0xff, "the tone of before is gone");
    world_free(w);
}

Test(commands, ids_are_found_whatever_came_and_went)
{
    struct world *w = world_new(1);
    struct ix_media *m = NULL;
    struct ix_party *p[32];
    struct ix_media_out out;
    struct ix_now now = { START, 0 };
    bool in[32] = { false };
    cr_assert_eq(ix_media_new(NULL, 32, &m), 0);
    for (int i = 0; i < 32; i++)
        cr_assert_eq(ix_party_new(&(struct ix_party_options){ 0 }, &p[i]), 0);
    for (int round = 0; round < 2000; round++) {
        uint32_t k = ix_rng_below(&w->rng, 32), id = k * 64 + 7; /* ids that collide */
        struct ix_media_cmd cmd = { .kind = in[k] ? IX_MEDIA_REMOVE : IX_MEDIA_ADD, .party_id = id };
        if (!in[k])
            cmd.u.add.party = p[k];
        ix_media_command(m, &cmd, now);
        bool released = false;
        while (ix_media_poll(m, &out))
            released |= out.event->kind == IX_MEDIA_EV_RELEASED && out.event->u.party == p[k];
        cr_assert_eq(released, in[k]);
        in[k] = !in[k];
    }
    struct ix_media_totals t;
    ix_media_totals(m, &t);
    cr_assert_eq(t.unknown, 0);
    ix_media_free(m);
    for (int i = 0; i < 32; i++)
        ix_party_free(p[i]);
    world_free(w);
}

Test(commands, digits_that_are_none_end_at_once)
{
    struct world *w = world_new(1);
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_command(w, 1, (struct ix_media_cmd){ .kind = IX_MEDIA_DTMF, .u.dtmf = { .digits = "xyz" } });
    world_drain(w);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_DTMF_SENT, NULL), 1);
    world_free(w);
}

Test(commands, digits_without_an_end_are_read_no_further_than_they_are_long)
{
    struct world *w = world_new(1);
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_DTMF };
    memset(cmd.u.dtmf.digits, '1', sizeof(cmd.u.dtmf.digits));
    world_party(w, 1, 0, IX_CODEC_OPUS);
    world_command(w, 1, cmd);
    world_run(w, 32 * 240 + 100);
    cr_assert_eq(world_events(w, 1, IX_MEDIA_EV_DTMF_SENT, NULL), 1);
    world_free(w);
}
