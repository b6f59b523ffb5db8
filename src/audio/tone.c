/* SPDX-License-Identifier: MIT */
/*
 * Tones out of one or two frequencies, and what measures them: RMS, and the amplitude at one frequency (Goertzel).
 */
#include "audio/audio.h"

#include <math.h>

#define TAU 6.283185307179586

void ix_tone_init(struct ix_tone *t, uint32_t rate_hz, const float hz[2], float level)
{
    *t = (struct ix_tone){ .level = fminf(fmaxf(level, 0.0f), 1.0f) };
    for (int i = 0; i < 2; i++) {
        bool audible = hz[i] > 0.0f && rate_hz > 0 && hz[i] * 2.0f < (float) rate_hz;
        t->step[i] = audible ? TAU * (double) hz[i] / (double) rate_hz : 0.0;
    }
}

void ix_tone_run(struct ix_tone *t, int16_t *pcm, size_t n)
{
    int voices = (t->step[0] > 0.0) + (t->step[1] > 0.0);
    double scale = voices ? (double) t->level * 32767.0 / voices : 0.0;
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (int v = 0; v < 2; v++) {
            if (t->step[v] <= 0.0)
                continue;
            sum += sin(t->phase[v]);
            t->phase[v] += t->step[v];
            if (t->phase[v] >= TAU)
                t->phase[v] -= TAU;
        }
        pcm[i] = (int16_t) lrint(sum * scale);
    }
}

static double energy(const int16_t *pcm, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (int32_t) pcm[i] * pcm[i];
    return (double) sum / (32768.0 * 32768.0);
}

void ix_level_add(struct ix_level *l, const int16_t *pcm, size_t n)
{
    l->sum += energy(pcm, n);
    l->n += n;
}

float ix_level_take(struct ix_level *l)
{
    float rms = l->n ? (float) sqrt(l->sum / (double) l->n) : 0.0f;
    *l = (struct ix_level){ 0 };
    return rms;
}

float ix_rms(const int16_t *pcm, size_t n)
{
    return n ? (float) sqrt(energy(pcm, n) / (double) n) : 0.0f;
}

float ix_goertzel(const int16_t *pcm, size_t n, uint32_t rate_hz, float hz)
{
    if (n == 0 || rate_hz == 0)
        return 0.0f;
    double w = TAU * (double) hz / (double) rate_hz;
    double c = 2.0 * cos(w), s1 = 0.0, s2 = 0.0;
    for (size_t i = 0; i < n; i++) {
        double s0 = pcm[i] / 32768.0 + c * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    double power = s1 * s1 + s2 * s2 - c * s1 * s2;
    return (float) (2.0 * sqrt(fmax(power, 0.0)) / (double) n);
}
