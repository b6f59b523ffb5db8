/* SPDX-License-Identifier: MIT */
/*
 * Something like speech for machines without recorded prompts: a pulse train through two resonances that move from
 * syllable to syllable, with pauses between words. Nobody understands it; detectors and ears take it for a voice.
 */
#include <math.h>
#include <string.h>

#include "sandbox/sip.h"

#define SYLLABLE_MS 160
#define GAP_MS 90
#define PITCH_HZ 118.0
#define RADIUS 0.97 /* of the resonances' poles: some 75 Hz wide at 8 kHz */
#define PI 3.14159265358979

struct resonance {
    double a, b, y1, y2;
};

static void tune(struct resonance *r, double hz, uint32_t rate_hz)
{
    r->a = 2.0 * RADIUS * cos(2.0 * PI * hz / rate_hz);
    r->b = -RADIUS * RADIUS;
}

static double pass(struct resonance *r, double x)
{
    double y = x + r->a * r->y1 + r->b * r->y2;

    r->y2 = r->y1;
    r->y1 = y;
    return y;
}

struct voice {
    struct resonance low, high;
    double phase;
    uint32_t rate_hz;
};

/* one syllable, its vowel chosen by the letter; 0: a pause */
static void speak(struct voice *v, struct ix_pcm_ring *ring, unsigned letter)
{
    static const double vowels[][2] = { { 730, 1090 }, { 270, 2290 }, { 300, 870 }, { 530, 1840 }, { 570, 840 } };
    const double *formants = vowels[letter % IX_COUNT(vowels)];
    uint32_t n = v->rate_hz * (letter ? SYLLABLE_MS : GAP_MS) / 1000;

    tune(&v->low, formants[0], v->rate_hz);
    tune(&v->high, formants[1], v->rate_hz);
    for (uint32_t i = 0; i < n; i++) {
        double shape = letter ? sin(PI * i / n) : 0.0; /* each syllable swells and fades */
        double pulse = 0.0;
        int16_t pcm;

        v->phase += PITCH_HZ * (1.0 + 0.08 * sin(2.0 * PI * i / n)) / v->rate_hz;
        if (v->phase >= 1.0) {
            v->phase -= 1.0;
            pulse = 1.0;
        }
        pcm = (int16_t) (3000.0 * shape * (pass(&v->low, pulse) + 0.5 * pass(&v->high, pulse)));
        (void) ix_pcm_ring_write(ring, &pcm, 1); /* what does not fit is not said */
    }
}

struct ix_pcm_ring *sandbox_voice(const char *text, uint32_t rate_hz)
{
    struct voice v = { .rate_hz = rate_hz };
    size_t letters = IX_MIN(strlen(text), (size_t) 64);
    struct ix_pcm_ring *ring = ix_pcm_ring_new((size_t) rate_hz * (letters * SYLLABLE_MS + 1000) / 1000);

    if (!ring)
        return NULL;
    for (size_t i = 0; i < letters; i++) {
        bool word = text[i] != '-' && text[i] != '/' && text[i] != ' ';

        if (!word || i % 2 == 0) /* every other letter makes a syllable */
            speak(&v, ring, word ? (unsigned char) text[i] : 0);
    }
    ix_pcm_ring_end(ring);
    return ring;
}
