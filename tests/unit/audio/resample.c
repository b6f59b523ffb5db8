/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "audio/audio.h"

static const uint32_t rates[] = { 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000 };

/* one second of 700 Hz through the pieces that a tick makes */
static void through(struct ix_resampler *r, uint32_t from, uint32_t to)
{
    struct ix_tone t;
    int16_t in[960], out[2000], all[50000];
    size_t total = 0, total_in = 0;
    ix_tone_init(&t, from, (float[2]){ 700.0f, 0.0f }, 0.5f);
    cr_assert_eq(ix_resampler_set(r, from, to), 0);
    for (int tick = 0; tick < 50; tick++) {
        size_t n = from / 50;
        ix_tone_run(&t, in, n);
        for (size_t at = 0; at < n;) {
            size_t took = n - at, made = 2000;
            ix_resampler_run(r, in + at, &took, out, &made);
            cr_assert(took > 0 || made > 0);
            memcpy(all + total, out, made * sizeof(*out));
            total += made;
            at += took;
        }
        total_in += n;
    }
    double expected = (double) total_in * to / from;
    cr_assert_float_eq((double) total, expected, 2.0, "%u to %u: %zu samples", from, to, total);
    size_t skip = to / 50, n = to / 2;
    cr_assert_float_eq(ix_goertzel(all + skip, n, to, 700.0f), 0.5f, 0.02f, "%u to %u", from, to);
}

Test(resample, every_pair_of_usual_rates_keeps_length_and_tone)
{
    struct ix_resampler *r = NULL;
    cr_assert_eq(ix_resampler_new(&r), 0);
    for (size_t a = 0; a < IX_COUNT(rates); a++)
        for (size_t b = 0; b < IX_COUNT(rates); b++)
            through(r, rates[a], rates[b]);
    ix_resampler_free(r);
}

Test(resample, rates_outside_the_range_are_refused)
{
    struct ix_resampler *r = NULL;
    cr_assert_eq(ix_resampler_new(&r), 0);
    cr_assert_eq(ix_resampler_set(r, 7999, 16000), IRISX_E_INVALID);
    cr_assert_eq(ix_resampler_set(r, 16000, 48001), IRISX_E_INVALID);
    cr_assert_eq(ix_resampler_set(r, 0, 0), IRISX_E_INVALID);
    ix_resampler_free(r);
}

Test(resample, a_whole_signal_keeps_its_place_in_time)
{
    int16_t click[8000] = { 0 };
    click[4000] = 20000;
    int16_t *out = NULL;
    size_t n = 0;
    cr_assert_eq(ix_resample_all(click, 8000, 8000, 16000, &out, &n), 0);
    cr_assert_eq(n, 16000);
    size_t top = 0;
    for (size_t i = 0; i < n; i++)
        if (out[i] > out[top])
            top = i;
    cr_assert(top >= 7999 && top <= 8001, "the click is at %zu", top);
    ix_free(out);
}

Test(resample, an_empty_signal_gives_an_empty_one)
{
    int16_t *out = NULL;
    size_t n = 1;
    cr_assert_eq(ix_resample_all(NULL, 0, 44100, 16000, &out, &n), 0);
    cr_assert_eq(n, 0);
    ix_free(out);
    ix_resampler_free(NULL);
}
