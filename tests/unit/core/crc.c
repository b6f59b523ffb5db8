/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "core/core.h"

Test(crc, gives_the_check_values_of_crc_32)
{
    cr_assert_eq(ix_crc32("", 0), 0);
    cr_assert_eq(ix_crc32("123456789", 9), 0xcbf43926);
    cr_assert_eq(ix_crc32("The quick brown fox jumps over the lazy dog", 43), 0x414fa339);
    cr_assert_eq(ix_crc32("\x00\x00\x00\x00", 4), 0x2144df1c);
    cr_assert_eq(ix_crc32("\xff\xff\xff\xff", 4), 0xffffffff);
}
