/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "core/core.h"

/* the paper's example (appendix A) and the first values of its authors' vectors: key 00 01 .. 0f, text 00 01 .. */
Test(hash, siphash_gives_the_values_of_its_authors)
{
    const uint64_t k0 = UINT64_C(0x0706050403020100);
    const uint64_t k1 = UINT64_C(0x0f0e0d0c0b0a0908);
    uint8_t text[15];

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t) i;
    cr_assert_eq(ix_siphash(k0, k1, text, 0), UINT64_C(0x726fdb47dd0e0e31));
    cr_assert_eq(ix_siphash(k0, k1, text, 1), UINT64_C(0x74f839c593dc67fd));
    cr_assert_eq(ix_siphash(k0, k1, text, 15), UINT64_C(0xa129ca6149be45e5));
}

Test(hash, depends_on_the_seed)
{
    cr_assert_neq(ix_hash("call-id", 7, 1), ix_hash("call-id", 7, 2));
    cr_assert_eq(ix_hash(NULL, 0, 1), ix_hash("", 0, 1));
}
