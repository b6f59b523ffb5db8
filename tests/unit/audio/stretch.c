/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/audio/speech.h"

#define MS20(hz) ((hz) / 50)

/* a sum of three harmonics, `n` samples from sample `from` on */
static void voice(int16_t *pcm, size_t from, size_t n, uint32_t rate_hz, double hz)
{
    for (size_t i = 0; i < n; i++) {
        double t = 2.0 * 3.141592653589793 * hz * (double) (from + i) / rate_hz;
        pcm[i] = (int16_t) (6000.0 * sin(t) + 3000.0 * sin(2.0 * t + 1.0) + 1500.0 * sin(3.0 * t + 2.0));
    }
}

/* the largest second difference: a click has a large one */
static int roughness(const int16_t *pcm, size_t n)
{
    int worst = 0;
    for (size_t i = 2; i < n; i++)
        worst = IX_MAX(worst, abs(pcm[i] - 2 * pcm[i - 1] + pcm[i - 2]));
    return worst;
}

static const uint32_t rates[] = { 8000, 16000, 48000 };

Test(stretch, whole_pitch_periods_are_cut_out_and_put_in_without_a_click)
{
    for (size_t r = 0; r < IX_COUNT(rates); r++) {
        for (double hz = 90.0; hz < 300.0; hz += 35.0) {
            uint32_t rate = rates[r];
            int16_t buf[48000 / 1000 * 60], *pcm = buf + IX_STRETCH_MS_BEFORE * rate / 1000;
            struct ix_stretch want = { .rate_hz = rate, .lag_max_ms = 15, .likeness = 0.9f };
            struct ix_splice s;
            size_t n = MS20(rate);
            for (int in = 0; in < 2; in++) {
                voice(buf, 0, n + IX_STRETCH_MS_BEFORE * rate / 1000, rate, hz);
                int smooth = roughness(buf, n);
                cr_assert(ix_stretch_find(pcm, n, &want, &s), "%u Hz, pitch %f", rate, hz);
                double periods = (double) s.lag * hz / rate;
                cr_assert_float_eq(periods, round(periods), 0.12, "%f periods of %f Hz at %u", periods, hz, rate);
                cr_assert_geq(round(periods), 1.0);
                size_t left = in ? ix_stretch_double(pcm, n, rate, &s) : ix_stretch_cut(pcm, n, rate, &s);
                cr_assert_eq(left, in ? n + s.lag : n - s.lag);
                cr_assert_leq(roughness(buf, left), smooth * 5 / 4 + 80, "%u Hz, pitch %f: %d, was %d", rate, hz,
                    roughness(buf, left), smooth);
            }
        }
    }
}

Test(stretch, what_is_not_alike_is_left_alone_and_silence_is_not)
{
    struct ix_prng prng;
    int16_t buf[400], *pcm = buf + 80;
    struct ix_stretch want = { .rate_hz = 16000, .lag_max_ms = 15, .likeness = 0.85f, .quiet = 0.01f };
    struct ix_splice s;
    ix_prng_seed(&prng, 1);
    struct ix_rng rng = ix_prng_rng(&prng);
    for (int i = 0; i < 400; i++)
        buf[i] = (int16_t) (ix_rng_below(&rng, 20000) - 10000);
    cr_assert_not(ix_stretch_find(pcm, 320, &want, &s));
    for (int i = 0; i < 400; i++)
        buf[i] = (int16_t) (buf[i] / 100);
    cr_assert(ix_stretch_find(pcm, 320, &want, &s));
    memset(buf, 0, sizeof(buf));
    cr_assert(ix_stretch_find(pcm, 320, &want, &s));
    cr_assert_eq(s.lag, 240, "of silence as much as may be: %zu", s.lag);
    cr_assert_eq(ix_stretch_cut(pcm, 320, 16000, &s), 80);
}

Test(stretch, nothing_is_found_in_less_than_a_piece)
{
    int16_t buf[200] = { 0 };
    struct ix_stretch want = { .rate_hz = 16000, .lag_max_ms = 15, .likeness = 0.0f, .quiet = 1.0f };
    struct ix_splice s;
    cr_assert_not(ix_stretch_find(buf + 80, 0, &want, &s));
    cr_assert_not(ix_stretch_find(buf + 80, 100, &want, &s));
    cr_assert(ix_stretch_find(buf + 80, 120, &want, &s));
}

/* a fifth shorter or longer, in pieces: the words are all there */
Test(stretch, speech_that_is_stretched_is_still_that_speech)
{
    size_t n;
    int16_t *speech = speech_load(SPEECH_CONGRATS, 16000, 6.0, &n);
    struct ix_stretch want = { .rate_hz = 16000, .lag_max_ms = 15, .likeness = 0.85f, .quiet = 0.002f };
    for (int in = 0; in < 2; in++) {
        int16_t *out = ix_alloc_array(2 * n, sizeof(*out));
        size_t made = 80;
        unsigned pieces = 0;
        for (size_t at = 0; at + 320 <= n; at += 320) {
            struct ix_splice s;
            memcpy(out + made, speech + at, 320 * sizeof(*out));
            size_t len = 320;
            if (at / 320 % 3 == 0 && ix_stretch_find(out + made, len, &want, &s)) {
                len = in ? ix_stretch_double(out + made, len, 16000, &s) : ix_stretch_cut(out + made, len, 16000, &s);
                pieces++;
            }
            made += len;
        }
        cr_assert_gt(pieces, n / 320 / 6, "%u pieces", pieces);
        cr_assert_float_eq(ix_rms(out + 80, made - 80), ix_rms(speech, n), 0.01f);
        ix_free(out);
    }
    ix_free(speech);
}
