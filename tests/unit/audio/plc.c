/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "audio/audio.h"

static struct ix_plc with_tone(float hz, struct ix_tone *t)
{
    struct ix_plc p = { 0 };
    int16_t pcm[800];
    ix_tone_init(t, 8000, (float[2]){ hz, 0.0f }, 0.5f);
    ix_tone_run(t, pcm, 800);
    for (int i = 0; i < 5; i++)
        ix_plc_good(&p, pcm + i * 160, 160);
    return p;
}

Test(plc, a_lost_packet_goes_on_with_the_pitch_of_what_was_before)
{
    struct ix_tone t;
    struct ix_plc p = with_tone(200.0f, &t);
    int16_t made[160], truth[160];
    ix_plc_conceal(&p, made, 160);
    ix_tone_run(&t, truth, 160);
    cr_assert_float_eq(ix_goertzel(made, 80, 8000, 200.0f), 0.5f, 0.05f);
    for (int i = 0; i < 80; i++)
        cr_assert_leq(abs(made[i] - truth[i]), 1200, "sample %d: %d for %d", i, made[i], truth[i]);
}

Test(plc, a_long_loss_fades_to_silence_within_60_ms)
{
    struct ix_tone t;
    struct ix_plc p = with_tone(150.0f, &t);
    int16_t made[160];
    float last = 1.0f;
    for (int i = 0; i < 4; i++) {
        ix_plc_conceal(&p, made, 160);
        float level = ix_rms(made, 160);
        cr_assert_lt(level, last);
        last = level;
    }
    cr_assert_eq(last, 0.0f);
}

Test(plc, the_joint_to_the_next_packet_has_no_step)
{
    struct ix_tone t;
    struct ix_plc p = with_tone(100.0f, &t);
    int16_t made[160], next[160];
    ix_plc_conceal(&p, made, 160);
    for (int i = 0; i < 160; i++)
        next[i] = 12000;
    int before = made[159];
    ix_plc_good(&p, next, 160);
    int steps[3] = { abs(next[0] - before), abs(next[20] - next[19]), abs(next[40] - next[39]) };
    for (int i = 0; i < 3; i++)
        cr_assert_leq(steps[i], 2500, "step %d", steps[i]);
    cr_assert_eq(next[100], 12000);
}

Test(plc, silence_stays_silence_and_odd_sizes_are_fine)
{
    struct ix_plc p = { 0 };
    int16_t pcm[1000] = { 0 };
    ix_plc_conceal(&p, pcm, 37);
    ix_plc_good(&p, pcm, 1);
    ix_plc_good(&p, pcm, 1000); /* longer than the history */
    ix_plc_conceal(&p, pcm, 999);
    cr_assert_eq(ix_rms(pcm, 999), 0.0f);
}

/* how much of what is made up is one repeated period: correlation of its two halves one lag apart */
Test(plc, a_long_loss_does_not_repeat_one_period_like_a_tone)
{
    struct ix_plc p = { 0 };
    struct ix_prng prng;
    int16_t voice[800], made[400]; /* a made-up loss of 50 ms */
    ix_prng_seed(&prng, 5);
    struct ix_rng rng = ix_prng_rng(&prng);
    for (int i = 0; i < 800; i++) /* 100 Hz with breath */
        voice[i] = (int16_t) ((i % 80 < 6 ? 9000 : 0) + (int) ix_rng_below(&rng, 3000) - 1500);
    for (int i = 0; i < 5; i++)
        ix_plc_good(&p, voice + i * 160, 160);
    ix_plc_conceal(&p, made, 400);
    cr_assert_eq(p.lag % 80, 0, "%u", p.lag);
    int same = 0;
    for (int i = 160; i < 240; i++)
        same += abs(made[i] - made[i + p.lag]) < 200;
    cr_assert_lt(same, 40, "%d of 80 samples come again", same);
}
