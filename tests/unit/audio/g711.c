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

Test(g711, every_sample_falls_into_the_interval_of_its_code)
{
    for (int s = -32635; s <= 32635; s++) { /* beyond this mu-law is clipped */
        uint8_t mu = ix_pcmu_encode((int16_t) s), a = ix_pcma_encode((int16_t) s);
        int mu_segment = ~mu >> 4 & 7, a_segment = (a ^ 0x55) >> 4 & 7;
        cr_assert_leq(abs(mu_law_by_the_table(mu) - s), 4 << mu_segment, "mu-law of %d", s);
        cr_assert_leq(abs(a_law_by_the_table(a) - s), 8 << (a_segment > 1 ? a_segment - 1 : 0), "A-law of %d", s);
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
