/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

static void sequence(void *ctx, void *out, size_t len)
{
    uint8_t *next = ctx;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *) out)[i] = (*next)++;
}

static uint64_t next64(struct ix_prng *prng)
{
    struct ix_rng rng = ix_prng_rng(prng);

    return ix_rng_u64(&rng);
}

/* the first results of the authors' generator from the state 1, 2, 3, 4 */
Test(rng, the_generator_gives_the_values_of_xoshiro256_starstar)
{
    struct ix_prng prng = { { 1, 2, 3, 4 } };

    cr_assert_eq(next64(&prng), 11520);
    cr_assert_eq(next64(&prng), 0);
    cr_assert_eq(next64(&prng), 1509978240);
    cr_assert_eq(next64(&prng), UINT64_C(1215971899390074240));
}

Test(rng, the_seed_is_spread_by_splitmix64)
{
    struct ix_prng prng;

    ix_prng_seed(&prng, 0);
    cr_assert_eq(prng.s[0], UINT64_C(0xe220a8397b1dcdaf));
    cr_assert_eq(prng.s[1], UINT64_C(0x6e789e6aa1b965f4));
    cr_assert_eq(prng.s[2], UINT64_C(0x06c45d188009454f));
    cr_assert_eq(prng.s[3], UINT64_C(0xf88bb8a8724c81ec));
}

Test(rng, puts_numbers_together_from_injected_bytes)
{
    uint8_t next = 1;
    struct ix_rng rng = { sequence, &next };

    cr_assert_eq(ix_rng_u64(&rng), UINT64_C(0x0807060504030201));
    cr_assert_eq(ix_rng_u32(&rng), 0x100f0e0d);
    ix_rng_fill(&rng, NULL, 0);
}

Test(rng, below_is_even_and_stays_below)
{
    struct ix_prng prng;
    unsigned hits[7] = { 0 };

    ix_prng_seed(&prng, 1);
    struct ix_rng rng = ix_prng_rng(&prng);
    cr_assert_eq(ix_rng_below(&rng, 0), 0);
    cr_assert_eq(ix_rng_below(&rng, 1), 0);
    for (int i = 0; i < 70000; i++)
        hits[ix_rng_below(&rng, 7)]++;
    for (size_t i = 0; i < 7; i++)
        cr_assert(hits[i] > 9500 && hits[i] < 10500, "%zu: %u", i, hits[i]);
}

/* Three quarters of the range above 2^31 would come twice as often if the remainder were simply taken. */
Test(rng, below_is_unbiased_for_large_bounds)
{
    struct ix_prng prng;
    unsigned low = 0;

    ix_prng_seed(&prng, 1);
    struct ix_rng rng = ix_prng_rng(&prng);
    for (int i = 0; i < 30000; i++)
        low += ix_rng_below(&rng, 0xc0000000u) < 0x40000000u;
    cr_assert(low > 9500 && low < 10500, "%u of 30000, a third is right, a half is the bias", low);
}

Test(rng, words_are_of_their_alphabets)
{
    struct ix_prng prng;
    char word[201];

    ix_prng_seed(&prng, 1);
    struct ix_rng rng = ix_prng_rng(&prng);
    ix_rng_token(&rng, word, 200);
    cr_assert_eq(strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789"), 200);
    cr_assert_eq(word[200], '\0');
    ix_rng_ice(&rng, word, 200);
    cr_assert_eq(strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"), 200);
    ix_rng_ice(&rng, word, 0);
    cr_assert_str_eq(word, "");
}
