/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "media/engine.h"
#include "tests/unit/audio/speech.h"

#define N 320

static struct gate fresh(void)
{
    struct gate g;
    memset(&g, 0, sizeof(g));
    ix_gate_reset(&g);
    return g;
}

static void noise(struct ix_rng *rng, int16_t *pcm, int peak)
{
    for (int i = 0; i < N; i++)
        pcm[i] = (int16_t) ((int) ix_rng_below(rng, (uint32_t) (2 * peak + 1)) - peak);
}

Test(gate, a_quiet_room_is_one_comfort_frame_each_400_ms)
{
    struct ix_prng prng;
    ix_prng_seed(&prng, 1);
    struct ix_rng rng = ix_prng_rng(&prng);
    struct gate g = fresh();
    int16_t pcm[N];
    unsigned said[4] = { 0 };
    for (int i = 0; i < 1000; i++) {
        noise(&rng, pcm, 60);
        said[ix_gate_frame(&g, pcm, N)]++;
    }
    cr_assert_leq(said[GATE_TALK], 20, "%u", said[GATE_TALK]);
    cr_assert_eq(said[GATE_OPENS], 0);
    cr_assert(said[GATE_COMFORT] >= 48 && said[GATE_COMFORT] <= 50, "%u", said[GATE_COMFORT]);
}

/* the same speech in a quiet room and after each pause: what the gate lets through holds all that is loud enough to be
 * understood, the frame in front of each onset included */
Test(gate, the_first_syllable_is_not_clipped)
{
    size_t n;
    int16_t *speech = speech_load(SPEECH_CONGRATS, 16000, 10.0, &n);
    struct ix_prng prng;
    ix_prng_seed(&prng, 2);
    struct ix_rng rng = ix_prng_rng(&prng);
    struct gate g = fresh();
    int16_t pcm[N], before[N] = { 0 };
    double all = 0.0, kept = 0.0, last = 0.0;
    unsigned opened = 0;
    for (size_t at = 0; at + N <= n; at += N) {
        if (at % (N * 250) == 0) /* 2 s of room before each 5 s of speech */
            for (int i = 0; i < 100; i++) {
                noise(&rng, pcm, 40);
                (void) ix_gate_frame(&g, pcm, N);
                memcpy(before, pcm, sizeof(before));
                last = 0.0;
            }
        noise(&rng, pcm, 40);
        double power = 0.0;
        for (int i = 0; i < N; i++) {
            power += (double) speech[at + (size_t) i] * speech[at + (size_t) i];
            pcm[i] = (int16_t) (pcm[i] + speech[at + (size_t) i] / 2);
        }
        enum gate_says says = ix_gate_frame(&g, pcm, N);
        if (says == GATE_OPENS) {
            opened++;
            cr_assert_arr_eq(g.kept, before, N, "the frame before goes out too");
            kept += last;
        }
        kept += says == GATE_TALK || says == GATE_OPENS ? power : 0.0;
        all += power;
        last = power;
        memcpy(before, pcm, sizeof(before));
    }
    cr_assert_geq(opened, 2);
    cr_assert_gt(kept / all, 0.9999, "%f", kept / all);
    ix_free(speech);
}

Test(gate, what_is_loud_passes_however_even_it_is)
{
    struct gate g = fresh();
    struct ix_tone t;
    int16_t pcm[N];
    ix_tone_init(&t, 16000, (float[2]){ 440.0f, 0.0f }, 0.05f);
    for (int i = 0; i < 500; i++) {
        ix_tone_run(&t, pcm, N);
        cr_assert_eq(ix_gate_frame(&g, pcm, N), GATE_TALK);
    }
}
