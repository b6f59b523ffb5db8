/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/audio/speech.h"

static struct ix_similarity of(const int16_t *sent, size_t n, const int16_t *heard, size_t m)
{
    struct ix_similarity s;
    cr_assert_eq(ix_similarity(sent, n, heard, m, &s), 0);
    return s;
}

Test(similarity, the_same_speech_later_and_quieter_is_the_same)
{
    size_t n = 0;
    int16_t *sent = speech_load(SPEECH_CONGRATS, 16000, 10.0, &n), *heard = ix_alloc_array(n + 8000, sizeof(*heard));
    for (size_t i = 0; i < n; i++)
        heard[i + 8000] = (int16_t) (sent[i] / 4);
    struct ix_similarity s = of(sent, n, heard, n + 8000);
    cr_assert_gt(s.mean, 0.99f);
    cr_assert_gt(s.worst, 0.99f);
    cr_assert_eq(s.delay_us, 500000);
    cr_assert_geq(s.windows, 8);
    cr_assert_eq(s.missing, 0);
    s = of(heard + 8000, n, sent + 1600, n - 1600); /* heard before it was sent: the recording began late */
    cr_assert_eq(s.delay_us, -100000);
    ix_free(sent);
    ix_free(heard);
}

Test(similarity, other_speech_and_reversed_speech_are_not_similar)
{
    size_t n = 0, m = 0;
    int16_t *sent = speech_load(SPEECH_CONGRATS, 16000, 10.0, &n),
            *other = speech_load(SPEECH_OPTIONS, 16000, 10.0, &m);
    cr_assert_lt(of(sent, n, other, m).mean, 0.5f);
    int16_t *reversed = ix_alloc_array(n, sizeof(*reversed));
    for (size_t i = 0; i < n; i++)
        reversed[i] = sent[n - 1 - i];
    cr_assert_lt(of(sent, n, reversed, n).mean, 0.5f);
    ix_free(sent);
    ix_free(other);
    ix_free(reversed);
}

/* copies in to out, leaving out or repeating one 20 ms frame of every `each` */
static size_t damage(const int16_t *in, size_t n, int16_t *out, size_t each, bool twice)
{
    size_t m = 0;
    for (size_t at = 0; at + 320 <= n; at += 320) {
        bool hit = at / 320 % each == each - 1;
        for (int copies = hit ? (twice ? 2 : 0) : 1; copies > 0; copies--, m += 320)
            memcpy(out + m, in + at, 320 * sizeof(*in));
    }
    return m;
}

Test(similarity, frames_removed_or_repeated_lower_it_clearly)
{
    size_t n = 0;
    int16_t *sent = speech_load(SPEECH_CONGRATS, 16000, 10.0, &n), *heard = ix_alloc_array(2 * n, sizeof(*heard));
    float whole = of(sent, n, sent, n).mean;
    cr_assert_gt(whole, 0.999f);
    cr_assert_lt(of(sent, n, heard, damage(sent, n, heard, 40, false)).mean, whole - 0.1f);
    cr_assert_lt(of(sent, n, heard, damage(sent, n, heard, 40, true)).mean, whole - 0.1f);
    ix_free(sent);
    ix_free(heard);
}

Test(similarity, a_second_that_is_missing_counts_as_nothing)
{
    size_t n = 0;
    int16_t *sent = speech_load(SPEECH_CONGRATS, 16000, 10.0, &n);
    struct ix_similarity half = of(sent, n, sent, n / 2);
    cr_assert_gt(half.missing, 2);
    cr_assert_lt(half.mean, 0.65f);
    struct ix_similarity none = of(sent, n, NULL, 0);
    cr_assert_eq(none.mean, 0.0f);
    cr_assert_eq(none.missing, none.windows);
    ix_free(sent);
}

Test(similarity, a_frame_of_silence_costs_what_it_holds)
{
    size_t n = 0;
    int16_t *sent = speech_load(SPEECH_CONGRATS, 16000, 10.0, &n), *heard = ix_alloc_array(n, sizeof(*heard));
    memcpy(heard, sent, n * sizeof(*sent));
    for (size_t at = 0; at + 3200 <= n; at += 3200) /* a fifth of each 200 ms */
        memset(heard + at, 0, 640 * sizeof(*heard));
    struct ix_similarity s = of(sent, n, heard, n);
    cr_assert(s.mean > 0.8f && s.mean < 0.95f, "%f", (double) s.mean);
    ix_free(sent);
    ix_free(heard);
}

Test(similarity, silence_was_never_speech)
{
    static int16_t silence[48000];
    struct ix_similarity s;
    cr_assert_eq(ix_similarity(silence, 48000, silence, 48000, &s), IRISX_E_INVALID);
    cr_assert_eq(ix_similarity(silence, 100, silence, 100, &s), IRISX_E_INVALID);
    cr_assert_eq(ix_similarity(NULL, 0, NULL, 0, &s), IRISX_E_INVALID);
}
