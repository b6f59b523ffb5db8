/* SPDX-License-Identifier: MIT */
/* The voice of machines without prompts: there is sound in it, it swells and pauses, it ends. */
#include <criterion/criterion.h>
#include <math.h>

#include "sandbox/sip.h"

#define HZ 8000

static double rms(const int16_t *pcm, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double) pcm[i] * pcm[i];
    return sqrt(sum / (double) n) / 32768.0;
}

static size_t say(const char *text, int16_t *pcm, size_t cap)
{
    struct ix_pcm_ring *ring = sandbox_voice(text, HZ);
    size_t n;

    cr_assert_not_null(ring);
    n = ix_pcm_ring_read(ring, pcm, cap);
    cr_expect(ix_pcm_ring_ended(ring));
    ix_pcm_ring_free(ring);
    return n;
}

Test(voice, is_heard_and_has_pauses)
{
    int16_t pcm[HZ * 12];
    size_t n = say("enter-number", pcm, IX_COUNT(pcm));
    unsigned loud = 0, quiet = 0;

    cr_assert(n > HZ / 2);
    for (size_t at = 0; at + HZ / 50 <= n; at += HZ / 50) {
        double level = rms(pcm + at, HZ / 50);

        loud += level > 0.03;
        quiet += level < 0.005;
    }
    cr_expect(loud > 10 && quiet > 2, "%u loud, %u quiet", loud, quiet);
}

Test(voice, of_nothing_is_nothing_and_of_much_is_bounded)
{
    int16_t pcm[HZ * 12];
    char much[4096];

    for (size_t i = 0; i < sizeof much; i++)
        much[i] = 'a';
    much[sizeof much - 1] = 0;
    cr_expect_eq(say("", pcm, IX_COUNT(pcm)), 0u);
    cr_expect(say(much, pcm, IX_COUNT(pcm)) < IX_COUNT(pcm));
}
