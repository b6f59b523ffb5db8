/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "audio/audio.h"

Test(tone, one_frequency_has_its_amplitude_there_and_nowhere_else)
{
    struct ix_tone t;
    int16_t pcm[8000];
    ix_tone_init(&t, 16000, (float[2]){ 1000.0f, 0.0f }, 0.5f);
    ix_tone_run(&t, pcm, 3000);
    ix_tone_run(&t, pcm + 3000, 5000); /* the phase goes on between calls */
    cr_assert_float_eq(ix_goertzel(pcm, 8000, 16000, 1000.0f), 0.5f, 0.005f);
    cr_assert_lt(ix_goertzel(pcm, 8000, 16000, 1200.0f), 0.005f);
    cr_assert_float_eq(ix_rms(pcm, 8000), 0.5f / sqrtf(2.0f), 0.005f);
}

Test(tone, two_frequencies_share_the_level)
{
    struct ix_tone t;
    int16_t pcm[8000];
    ix_tone_init(&t, 8000, (float[2]){ 770.0f, 1336.0f }, 0.8f);
    ix_tone_run(&t, pcm, 8000);
    cr_assert_float_eq(ix_goertzel(pcm, 8000, 8000, 770.0f), 0.4f, 0.005f);
    cr_assert_float_eq(ix_goertzel(pcm, 8000, 8000, 1336.0f), 0.4f, 0.005f);
}

Test(tone, no_frequency_or_one_beyond_nyquist_is_silence)
{
    struct ix_tone t;
    int16_t pcm[160];
    ix_tone_init(&t, 8000, (float[2]){ 0.0f, 5000.0f }, 1.0f);
    ix_tone_run(&t, pcm, 160);
    cr_assert_eq(ix_rms(pcm, 160), 0.0f);
}

Test(tone, a_level_beyond_full_scale_is_cut_to_it)
{
    struct ix_tone t;
    int16_t pcm[1600];
    ix_tone_init(&t, 16000, (float[2]){ 400.0f, 0.0f }, 7.0f);
    ix_tone_run(&t, pcm, 1600);
    cr_assert_float_eq(ix_goertzel(pcm, 1600, 16000, 400.0f), 1.0f, 0.01f);
}

Test(tone, the_meter_gives_the_rms_since_it_was_last_read)
{
    struct ix_level l = { 0 };
    int16_t loud[100], quiet[100] = { 0 };
    for (int i = 0; i < 100; i++)
        loud[i] = 16384;
    ix_level_add(&l, loud, 100);
    ix_level_add(&l, quiet, 100);
    cr_assert_float_eq(ix_level_take(&l), 0.5f / sqrtf(2.0f), 0.001f);
    cr_assert_eq(ix_level_take(&l), 0.0f);
}

Test(tone, measures_of_nothing_are_zero)
{
    cr_assert_eq(ix_rms(NULL, 0), 0.0f);
    cr_assert_eq(ix_goertzel(NULL, 0, 8000, 100.0f), 0.0f);
}
