/* SPDX-License-Identifier: MIT */
/*
 * Concealment of lost G.711 packets: the last pitch period is repeated, after 10 ms the last two, after 20 ms the last
 * three, so that a long loss does not become a tone; after 10 ms it fades, to silence within 60 ms; the joint to the
 * next packet is cross-faded. In the manner of G.711 Appendix I, which it does not reproduce.
 */
#include "audio/audio.h"

#include <math.h>

#define LAG_MIN 40 /* 200 Hz; shorter periods repeat within it */
#define LAG_MAX 160 /* 50 Hz */
#define MATCH 160 /* samples compared for the period */
#define PERIODS_MAX 3
#define GROW 80 /* samples until another period is repeated too */
#define HOLD 80 /* samples before the fade begins */
#define FADE 400 /* samples until silence */
#define JOINT 40 /* cross-fade, 5 ms */

static void remember(struct ix_plc *p, const int16_t *pcm, size_t n)
{
    size_t keep = n < IX_PLC_HISTORY ? IX_PLC_HISTORY - n : 0;
    for (size_t i = 0; i < keep; i++)
        p->history[i] = p->history[i + n];
    for (size_t i = keep; i < IX_PLC_HISTORY; i++)
        p->history[i] = pcm[n - (IX_PLC_HISTORY - i)];
}

/* the lag at which the last samples look most like those before them */
static uint16_t pitch(const int16_t *history)
{
    const int16_t *last = history + IX_PLC_HISTORY - MATCH;
    float best = 0.0f;
    uint16_t lag = LAG_MAX;
    for (uint16_t l = LAG_MIN; l <= LAG_MAX; l++) {
        float cross = 0.0f, power = 1.0f;
        for (int i = 0; i < MATCH; i++) {
            cross += (float) last[i] * (float) last[i - l];
            power += (float) last[i - l] * (float) last[i - l];
        }
        float score = cross > 0.0f ? cross * cross / power : 0.0f;
        if (score > best * 1.02f) { /* multiples of the period score alike: the shortest wins */
            best = score;
            lag = l;
        }
    }
    return lag;
}

static float fade_at(uint32_t concealed)
{
    if (concealed < HOLD)
        return 1.0f;
    uint32_t into = concealed - HOLD;
    return into < FADE ? 1.0f - (float) into / FADE : 0.0f;
}

/* what is repeated: one period, later two and three, as far back as is remembered. The place stays where it is in the
 * sound, so nothing jumps when a period is added. */
static unsigned grow(struct ix_plc *p)
{
    unsigned periods = IX_MIN(1u + p->concealed / GROW, PERIODS_MAX), blend = p->lag / 4u;
    while (periods > 1 && periods * p->lag + blend > IX_PLC_HISTORY)
        periods--;
    if (periods > p->periods) {
        p->at = (uint16_t) (p->at + (periods - p->periods) * p->lag);
        p->periods = (uint8_t) periods;
    }
    return (unsigned) p->periods * p->lag;
}

/* next sample of what is repeated; its end glides into its beginning */
static float repeat(struct ix_plc *p)
{
    unsigned span = grow(p), blend = p->lag / 4u;
    const int16_t *cycle = p->history + IX_PLC_HISTORY - span;
    float s = cycle[p->at];
    if (p->at + blend >= span) {
        float w = (float) (p->at + blend - span + 1) / (float) (blend + 1);
        s = s * (1.0f - w) + (float) cycle[(int) p->at - (int) span] * w;
    }
    p->at = (uint16_t) ((p->at + 1u) % span);
    return s;
}

static float next_sample(struct ix_plc *p)
{
    float s = p->lag ? repeat(p) * fade_at(p->concealed) : 0.0f;
    if (p->concealed < UINT32_MAX)
        p->concealed++;
    return s;
}

void ix_plc_conceal(struct ix_plc *p, int16_t *pcm, size_t n)
{
    if (p->concealed == 0) {
        p->lag = pitch(p->history);
        p->at = 0;
        p->periods = 1;
    }
    for (size_t i = 0; i < n; i++)
        pcm[i] = (int16_t) lrintf(next_sample(p));
}

void ix_plc_good(struct ix_plc *p, int16_t *pcm, size_t n)
{
    if (p->concealed > 0) {
        size_t joint = IX_MIN(n, (size_t) JOINT);
        for (size_t i = 0; i < joint; i++) {
            float w = (float) (i + 1) / (float) (joint + 1);
            pcm[i] = (int16_t) lrintf(next_sample(p) * (1.0f - w) + (float) pcm[i] * w);
        }
        p->concealed = 0;
    }
    remember(p, pcm, n);
}
