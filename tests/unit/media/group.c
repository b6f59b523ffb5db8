/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "tests/unit/media/line.h"

/*
 * Callers 1, 2, 3 (engine 0) send 400, 700 and 1100 Hz to the parties 4, 5, 6 (engine 1) of a conference and write down
 * what they hear.
 */
static const float tones[] = { 0, 400.0f, 700.0f, 1100.0f };

struct conference {
    struct world *w;
    struct ix_pcm_ring *heard[4];
};

static struct conference conference(enum ix_codec_id a, enum ix_codec_id b, enum ix_codec_id c)
{
    struct conference k = { .w = world_new(1) };
    enum ix_codec_id codecs[] = { 0, a, b, c };
    for (uint32_t id = 1; id <= 3; id++) {
        world_party(k.w, id, 0, codecs[id]);
        world_party(k.w, id + 3, 1, codecs[id]);
        world_connect(k.w, id, id + 3);
        world_tone(k.w, id, tones[id]);
        k.heard[id] = world_sink(k.w, id, 16000, 20);
    }
    return k;
}

static void join(struct conference *k, uint32_t id, uint32_t other)
{
    world_command(k->w, id, (struct ix_media_cmd){ .kind = IX_MEDIA_JOIN, .u.join.other = other });
}

static void end(struct conference *k)
{
    world_free(k->w);
    for (int i = 1; i <= 3; i++)
        ix_pcm_ring_free(k->heard[i]);
}

/* amplitudes of the three tones in what caller `id` heard in the last of `ms` */
static void listen(struct conference *k, uint32_t id, float level[4])
{
    static int16_t pcm[16000 * 20];
    size_t n = world_heard(k->heard[id], pcm, IX_COUNT(pcm));
    cr_assert_geq(n, 16000);
    for (int t = 1; t <= 3; t++)
        level[t] = ix_goertzel(pcm + n - 8000, 8000, 16000, tones[t]);
}

static void expect(struct conference *k, uint32_t id, bool one, bool two, bool three)
{
    bool there[] = { false, one, two, three };
    float level[4];
    listen(k, id, level);
    for (int t = 1; t <= 3; t++) {
        if (there[t])
            cr_assert_float_eq(level[t], 0.3f, 0.06f, "caller %u, tone %d: %f", id, t, (double) level[t]);
        else
            cr_assert_lt(level[t], 0.01f, "caller %u, tone %d: %f", id, t, (double) level[t]);
    }
}

Test(group, each_hears_the_others_and_not_itself)
{
    struct conference k = conference(IX_CODEC_OPUS, IX_CODEC_OPUS, IX_CODEC_OPUS);
    join(&k, 5, 4);
    join(&k, 6, 4);
    world_run(k.w, 2000);
    expect(&k, 1, false, true, true);
    expect(&k, 2, true, false, true);
    expect(&k, 3, true, true, false);
    end(&k);
}

Test(group, narrow_and_wideband_parties_hear_each_other)
{
    struct conference k = conference(IX_CODEC_PCMU, IX_CODEC_OPUS, IX_CODEC_PCMA);
    join(&k, 4, 5);
    join(&k, 6, 4);
    world_run(k.w, 2000);
    expect(&k, 1, false, true, true);
    expect(&k, 2, true, false, true);
    expect(&k, 3, true, true, false);
    end(&k);
}

Test(group, a_party_alone_hears_nobody)
{
    struct conference k = conference(IX_CODEC_OPUS, IX_CODEC_PCMU, IX_CODEC_OPUS);
    world_run(k.w, 1500);
    expect(&k, 1, false, false, false);
    expect(&k, 2, false, false, false);
    end(&k);
}

Test(group, who_leaves_is_alone_again_and_the_others_stay_together)
{
    struct conference k = conference(IX_CODEC_OPUS, IX_CODEC_PCMU, IX_CODEC_OPUS);
    join(&k, 5, 4);
    join(&k, 6, 4);
    world_run(k.w, 1500);
    join(&k, 4, 0);
    world_run(k.w, 1500);
    expect(&k, 1, false, false, false);
    expect(&k, 2, false, false, true);
    expect(&k, 3, false, true, false);
    world_command(k.w, 6, (struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE });
    world_run(k.w, 1500);
    expect(&k, 2, false, false, false);
    end(&k);
}

Test(group, a_party_can_begin_in_the_group_of_another)
{
    struct conference k = conference(IX_CODEC_OPUS, IX_CODEC_OPUS, IX_CODEC_OPUS);
    struct ix_party *late = NULL;
    cr_assert_eq(ix_party_new(&(struct ix_party_options){ 0 }, &late), 0);
    k.w->party[7] = late;
    k.w->at[7] = 1;
    world_command(k.w, 7, (struct ix_media_cmd){ .kind = IX_MEDIA_ADD, .u.add = { late, 4 } });
    world_command(k.w, 7, (struct ix_media_cmd){ .kind = IX_MEDIA_CODEC, .u.codec = world_codec(IX_CODEC_OPUS) });
    k.w->to[7] = 3; /* caller 3 listens to what party 7 sends */
    k.w->to[6] = 0;
    world_run(k.w, 2000);
    expect(&k, 3, true, false, false);
    end(&k);
}

Test(group, gain_changes_what_one_says_into_the_mix_only)
{
    struct conference k = conference(IX_CODEC_OPUS, IX_CODEC_OPUS, IX_CODEC_OPUS);
    float level[4];
    join(&k, 5, 4);
    join(&k, 6, 4);
    world_command(k.w, 4, (struct ix_media_cmd){ .kind = IX_MEDIA_GAIN, .u.gain.gain = 0.5f });
    world_command(k.w, 5, (struct ix_media_cmd){ .kind = IX_MEDIA_GAIN, .u.gain.gain = 0.0f });
    world_run(k.w, 2000);
    listen(&k, 3, level);
    cr_assert_float_eq(level[1], 0.15f, 0.03f);
    cr_assert_lt(level[2], 0.01f);
    listen(&k, 1, level);
    cr_assert_lt(level[1], 0.01f, "its own voice is taken out as it was put in");
    cr_assert_float_eq(level[3], 0.3f, 0.05f);
    end(&k);
}

Test(group, a_loud_mix_is_clipped_not_wrapped)
{
    struct conference k = conference(IX_CODEC_PCMU, IX_CODEC_PCMU, IX_CODEC_PCMU);
    int16_t pcm[48000];
    for (uint32_t id = 4; id <= 6; id++)
        world_command(k.w, id, (struct ix_media_cmd){ .kind = IX_MEDIA_GAIN, .u.gain.gain = 16.0f });
    join(&k, 5, 4);
    join(&k, 6, 4);
    world_run(k.w, 2000);
    size_t n = world_heard(k.heard[3], pcm, 48000);
    cr_assert_gt(ix_rms(pcm + n / 2, n / 2), 0.7f);
    end(&k);
}

Test(group, a_party_sends_its_source_with_the_mix)
{
    struct conference k = conference(IX_CODEC_OPUS, IX_CODEC_OPUS, IX_CODEC_OPUS);
    float level[4];
    join(&k, 5, 4);
    world_tone(k.w, 4, 1100.0f); /* only caller 1 hears what is played into its own call */
    world_run(k.w, 2000);
    listen(&k, 1, level);
    cr_assert_float_eq(level[2], 0.3f, 0.05f);
    cr_assert_float_eq(level[3], 0.3f, 0.05f);
    listen(&k, 2, level);
    cr_assert_lt(level[3], 0.01f);
    end(&k);
}

static uint64_t last_sent_us, shortest_us;

static void note_distance(struct world *w, uint32_t id, const struct ix_frame *f)
{
    (void) f;
    if (id != 4)
        return;
    if (last_sent_us)
        shortest_us = IX_MIN(shortest_us, w->now_us - last_sent_us);
    last_sent_us = w->now_us;
}

Test(group, moving_between_groups_never_sends_two_frames_at_once)
{
    struct conference k = conference(IX_CODEC_OPUS, IX_CODEC_OPUS, IX_CODEC_OPUS);
    last_sent_us = 0;
    shortest_us = IX_S;
    k.w->on_frame = note_distance;
    for (int i = 0; i < 50; i++) {
        join(&k, 4, i % 3 ? 4 + (uint32_t) i % 3 : 0);
        world_run(k.w, 47);
    }
    cr_assert_geq(shortest_us, 10 * IX_MS);
    cr_assert_leq(shortest_us, 20 * IX_MS);
    cr_assert_float_eq((double) k.w->sent_n[4], 50 * 47 / 20.0, 20.0, "%zu frames", k.w->sent_n[4]);
    cr_assert_eq(k.w->sent[4].timestamp, 960 * (k.w->sent_n[4] - 1));
    end(&k);
}
