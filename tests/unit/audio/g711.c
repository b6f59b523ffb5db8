/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "audio/audio.h"

/* ITU-T G.711 table 2a: value of a mu-law character, from its segment (chord) and step, on 14 bits, times 4 */
static int mu_law_by_the_table(int code)
{
    int inverted = ~code & 0xff;
    int segment = inverted >> 4 & 7, step = inverted & 15;
    int value = ((2 * step + 33) << segment) - 33;
    return 4 * (inverted & 0x80 ? -value : value);
}

/* ITU-T G.711 table 1a: A-law, on 13 bits, times 8 */
static int a_law_by_the_table(int code)
{
    int c = code ^ 0x55;
    int segment = c >> 4 & 7, step = c & 15;
    int value = segment == 0 ? 2 * step + 1 : (2 * step + 33) << (segment - 1);
    return 8 * (c & 0x80 ? value : -value);
}

Test(g711, all_256_mu_law_codes_decode_as_the_itu_table_says)
{
    for (int code = 0; code < 256; code++)
        cr_assert_eq(ix_pcmu_decode((uint8_t) code), mu_law_by_the_table(code), "code %d", code);
}

Test(g711, all_256_a_law_codes_decode_as_the_itu_table_says)
{
    for (int code = 0; code < 256; code++)
        cr_assert_eq(ix_pcma_decode((uint8_t) code), a_law_by_the_table(code), "code %d", code);
}

Test(g711, each_code_comes_back_from_its_own_value)
{
    for (int code = 0; code < 256; code++) {
        cr_assert_eq(ix_pcma_encode(ix_pcma_decode((uint8_t) code)), code);
        int expected = code == 0x7f ? 0xff : code; /* the two zeros of mu-law have one value */
        cr_assert_eq(ix_pcmu_encode(ix_pcmu_decode((uint8_t) code)), expected);
    }
}

Test(g711, every_sample_is_coded_to_the_nearest_value_of_the_law)
{
    for (int s = -32768; s <= 32767; s += 7) {
        int mu = ix_pcmu_decode(ix_pcmu_encode((int16_t) s)), a = ix_pcma_decode(ix_pcma_encode((int16_t) s));
        int best_mu = 1 << 20, best_a = 1 << 20;
        for (int code = 0; code < 256; code++) {
            int d = abs(mu_law_by_the_table(code) - s);
            best_mu = d < best_mu ? d : best_mu;
            d = abs(a_law_by_the_table(code) - s);
            best_a = d < best_a ? d : best_a;
        }
        /* a decision value may go to either side; one 14-bit or 13-bit step is what the input's rounding allows */
        cr_assert_leq(abs(mu - s), best_mu + 4, "mu-law of %d is %d", s, mu);
        cr_assert_leq(abs(a - s), best_a + 8, "A-law of %d is %d", s, a);
    }
}

Test(g711, silence_and_the_extremes_have_their_known_codes)
{
    cr_assert_eq(ix_pcmu_encode(0), 0xff);
    cr_assert_eq(ix_pcma_encode(0), 0xd5);
    cr_assert_eq(ix_pcmu_encode(32767), 0x80);
    cr_assert_eq(ix_pcmu_encode(-32768), 0x00);
    cr_assert_eq(ix_pcma_encode(32767), 0xaa);
    cr_assert_eq(ix_pcma_encode(-32768), 0x2a);
}
