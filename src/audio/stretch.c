/* SPDX-License-Identifier: MIT */
/*
 * Time stretching that keeps the pitch (WSOLA-like): a stretch of sound is cut out, or played twice, where what comes a
 * little later looks like what is there; the two are cross-faded over 5 ms.
 *
 *   out:  ....a[ fade x(a) -> x(a+lag) ]x(a+lag+W)....       n - lag samples
 *   in:   ....x(a+lag)[ fade x(a+lag) -> x(a) ]x(a+W)....    n + lag samples
 *
 * The search runs on sound averaged down to 4 kHz, where the pitch is; the lag is then refined at the full rate.
 */
#include "audio/audio.h"

#include <math.h>
#include <string.h>

#define COARSE_HZ 4000u
#define LAG_MIN_US 2500 /* 400 Hz */
#define FADE_MS 5
#define STEP 8u /* places tried, coarse samples: 2 ms */
#define COARSE_MAX ((IX_STRETCH_MS_BEFORE + IX_STRETCH_MS_MAX) * COARSE_HZ / 1000)
#define FINE_MAX (10 * IX_RATE_MAX / 1000) /* samples compared at the full rate */

struct score {
    float likeness; /* normalised correlation */
    float error; /* energy of the difference */
    float energy; /* mean square of a sample of both */
};

static struct score compare(const float *x, const float *y, size_t n)
{
    float xx = 0.0f, yy = 0.0f, xy = 0.0f;
    for (size_t i = 0; i < n; i++) {
        xx += x[i] * x[i];
        yy += y[i] * y[i];
        xy += x[i] * y[i];
    }
    float scale = sqrtf(xx * yy);
    return (struct score){ .likeness = scale > 0.0f ? xy / scale : 0.0f,
        .error = fmaxf(xx + yy - 2.0f * xy, 0.0f),
        .energy = (xx + yy) / (float) (2 * n) };
}

static size_t to_coarse(const int16_t *pcm, size_t n, uint32_t rate_hz, float *out)
{
    size_t each = rate_hz / COARSE_HZ, made = IX_MIN(n / each, (size_t) COARSE_MAX);
    for (size_t i = 0; i < made; i++) {
        int32_t sum = 0;
        for (size_t k = 0; k < each; k++)
            sum += pcm[i * each + k];
        out[i] = (float) sum / (float) each;
    }
    return made;
}

/* best place and lag, coarse; before: samples in front that are only looked at */
static bool search(const float *x, size_t n, size_t before, const struct ix_stretch *want, struct ix_splice *out)
{
    size_t fade = FADE_MS * COARSE_HZ / 1000, lag_min = LAG_MIN_US * COARSE_HZ / IX_S;
    size_t lag_max = want->lag_max_ms * COARSE_HZ / 1000;
    float best = INFINITY, quiet = want->quiet * want->quiet * 32768.0f * 32768.0f;
    for (size_t a = before; a + lag_min + fade <= n; a += STEP) {
        for (size_t lag = lag_min; lag <= lag_max && a + lag + fade <= n; lag++) {
            struct score s = compare(x + a - before, x + a - before + lag, before + fade);
            if (s.likeness < want->likeness && s.energy > quiet)
                continue;
            float cost = (s.error + 1.0f) / (float) lag; /* in silence the longest */
            if (cost >= best)
                continue;
            best = cost;
            *out = (struct ix_splice){ .at = a, .lag = lag, .likeness = s.likeness };
        }
    }
    return best < INFINITY;
}

static void to_float(const int16_t *pcm, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = pcm[i];
}

/* the lag at the full rate, within one coarse sample */
static void refine(const int16_t *pcm, size_t n, uint32_t rate_hz, struct ix_splice *s)
{
    float x[FINE_MAX], y[FINE_MAX];
    size_t each = rate_hz / COARSE_HZ, fade = FADE_MS * rate_hz / 1000, centre = s->lag * each, at = s->at * each;
    float best = -1.0f;
    to_float(pcm + at, fade, x);
    s->at = at;
    s->lag = centre;
    if (at + centre + fade <= n) {
        to_float(pcm + at + centre, fade, y);
        best = compare(x, y, fade).likeness;
    }
    for (size_t lag = centre - each; lag <= centre + each && at + lag + fade <= n; lag++) {
        to_float(pcm + at + lag, fade, y);
        float likeness = compare(x, y, fade).likeness;
        if (likeness > best) {
            best = likeness;
            s->lag = lag;
        }
    }
}

bool ix_stretch_find(const int16_t *pcm, size_t n, const struct ix_stretch *want, struct ix_splice *out)
{
    float coarse[COARSE_MAX];
    size_t before = IX_STRETCH_MS_BEFORE * COARSE_HZ / 1000;
    size_t behind = IX_STRETCH_MS_BEFORE * want->rate_hz / 1000;
    size_t n4 = to_coarse(pcm - behind, n + behind, want->rate_hz, coarse);
    if (!search(coarse, n4, before, want, out))
        return false;
    out->at -= before;
    refine(pcm, n, want->rate_hz, out);
    return out->at + out->lag + FADE_MS * want->rate_hz / 1000 <= n;
}

static void fade_over(int16_t *out, const int16_t *from, const int16_t *to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float w = (float) (i + 1) / (float) (n + 1);
        w = 0.5f - 0.5f * cosf(3.14159265f * w);
        out[i] = (int16_t) lrintf((float) from[i] * (1.0f - w) + (float) to[i] * w);
    }
}

size_t ix_stretch_cut(int16_t *pcm, size_t n, uint32_t rate_hz, const struct ix_splice *s)
{
    size_t fade = FADE_MS * rate_hz / 1000;
    int16_t *at = pcm + s->at;
    fade_over(at, at, at + s->lag, fade);
    memmove(at + fade, at + s->lag + fade, (n - s->at - s->lag - fade) * sizeof(*pcm));
    return n - s->lag;
}

size_t ix_stretch_double(int16_t *pcm, size_t n, uint32_t rate_hz, const struct ix_splice *s)
{
    size_t fade = FADE_MS * rate_hz / 1000;
    int16_t joint[FADE_MS * IX_RATE_MAX / 1000];
    int16_t *at = pcm + s->at;
    fade_over(joint, at + s->lag, at, fade);
    memmove(at + s->lag, at, (n - s->at) * sizeof(*pcm));
    memcpy(at + s->lag, joint, fade * sizeof(*pcm));
    return n + s->lag;
}
