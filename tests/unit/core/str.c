/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

Test(str, compares_with_and_without_case)
{
    cr_assert(ix_str_eq(ix_str(NULL), IX_STR("")));
    cr_assert(ix_str_eq(IX_STR("Via"), ix_str("Via")));
    cr_assert_not(ix_str_eq(IX_STR("Via"), IX_STR("via")));
    cr_assert(ix_str_ieq(IX_STR("Via-[Z"), IX_STR("vIA-[z")));
    cr_assert_not(ix_str_ieq(IX_STR("["), IX_STR("{")), "only letters have a case");
    cr_assert_not(ix_str_ieq(IX_STR("Via"), IX_STR("Vi")));
    cr_assert(ix_str_starts(IX_STR("sip:a"), IX_STR("sip:")));
    cr_assert_not(ix_str_starts(IX_STR("si"), IX_STR("sip:")));
    cr_assert(ix_str_istarts(IX_STR("SIP:a"), IX_STR("sip:")));
    cr_assert(ix_str_starts(IX_STR_NONE, IX_STR("")));
}

Test(str, trims_slices_and_finds)
{
    cr_assert(ix_str_eq(ix_str_trim(IX_STR(" \t a b\r\n")), IX_STR("a b")));
    cr_assert_eq(ix_str_trim(IX_STR(" \r\n")).n, 0);
    cr_assert(ix_str_eq(ix_str_slice(IX_STR("abcdef"), 2, 4), IX_STR("cd")));
    cr_assert(ix_str_eq(ix_str_slice(IX_STR("abc"), 1, SIZE_MAX), IX_STR("bc")));
    cr_assert_eq(ix_str_slice(IX_STR("abc"), 5, 2).n, 0);
    cr_assert_null(ix_str_slice(IX_STR_NONE, 0, 9).p);
    cr_assert_eq(ix_str_find(IX_STR("a;b;c"), ';'), 1);
    cr_assert_eq(ix_str_find(IX_STR("abc"), ';'), SIZE_MAX);
    cr_assert_eq(ix_str_find(IX_STR_NONE, ';'), SIZE_MAX);
}

Test(str, cuts_into_pieces)
{
    static const char *const want[] = { "a", "", "b" };
    struct ix_str s = IX_STR("a;;b");
    struct ix_str piece;

    for (size_t i = 0; i < 3; i++) {
        cr_assert(ix_str_cut(&s, ';', &piece));
        cr_assert(ix_str_eq(piece, ix_str(want[i])), "piece %zu", i);
    }
    cr_assert_not(ix_str_cut(&s, ';', &piece));
    cr_assert_eq(piece.n, 0);
    s = IX_STR("x;");
    cr_assert(ix_str_cut(&s, ';', &piece));
    cr_assert_not(ix_str_cut(&s, ';', &piece), "a separator at the end opens no piece");
}

Test(str, numbers_are_digits_only_and_within_their_bound)
{
    static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616",
        "99999999999999999999999" };
    uint64_t v = 7;
    uint32_t w = 7;

    cr_assert_eq(ix_str_u64(IX_STR("18446744073709551615"), UINT64_MAX, &v), 0);
    cr_assert_eq(v, UINT64_MAX);
    cr_assert_eq(ix_str_u64(IX_STR("000012"), 12, &v), 0);
    cr_assert_eq(v, 12);
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_assert_eq(ix_str_u64(ix_str(bad[i]), UINT64_MAX, &v), IRISX_E_PROTOCOL, "%s", bad[i]);
    cr_assert_eq(ix_str_u64(IX_STR("13"), 12, &v), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_str_u64(IX_STR("5"), 3, &v), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_str_u64(IX_STR("0"), 0, &v), 0);
    cr_assert_eq(v, 0);
    cr_assert_eq(ix_str_u32(IX_STR("4294967295"), UINT32_MAX, &w), 0);
    cr_assert_eq(w, UINT32_MAX);
    cr_assert_eq(ix_str_u32(IX_STR("65536"), 65535, &w), IRISX_E_PROTOCOL);
    cr_assert_eq(w, UINT32_MAX, "nothing is written on failure");
}

Test(str, hexadecimal_numbers_have_16_digits_at_most)
{
    uint64_t v;

    cr_assert_eq(ix_str_hex_u64(IX_STR("DEADbeef"), &v), 0);
    cr_assert_eq(v, 0xdeadbeef);
    cr_assert_eq(ix_str_hex_u64(IX_STR("0ffffffffffffffff"), &v), 0);
    cr_assert_eq(v, UINT64_MAX);
    cr_assert_eq(ix_str_hex_u64(IX_STR("10000000000000000"), &v), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_str_hex_u64(IX_STR(""), &v), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_str_hex_u64(IX_STR("g"), &v), IRISX_E_PROTOCOL);
}

Test(str, copies)
{
    char dst[4] = "zzz";
    char *p = ix_str_dup(IX_STR_NONE);

    cr_assert_str_eq(p, "");
    ix_free(p);
    cr_assert_eq(ix_str_copy(dst, sizeof dst, IX_STR("abc")), 0);
    cr_assert_str_eq(dst, "abc");
    cr_assert_eq(ix_str_copy(dst, sizeof dst, IX_STR("abcd")), IRISX_E_TOO_LARGE);
    cr_assert_str_eq(dst, "");
    cr_assert_eq(ix_str_copy(dst, sizeof dst, IX_STR_NONE), 0);
    cr_assert_eq(ix_str_copy(dst, 0, IX_STR_NONE), IRISX_E_TOO_LARGE);
}
