/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

Test(reader, reads_integers_in_both_orders)
{
    uint8_t bytes[24];
    struct ix_reader r;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) (i + 1);
    r = ix_reader(bytes, sizeof bytes);
    cr_assert_eq(ix_read_u8(&r), 0x01);
    cr_assert_eq(ix_read_u16(&r), 0x0203);
    cr_assert_eq(ix_read_u24(&r), 0x040506);
    cr_assert_eq(ix_read_u32(&r), 0x0708090a);
    cr_assert_eq(ix_read_u64(&r), UINT64_C(0x0b0c0d0e0f101112));
    cr_assert_eq(ix_read_u16le(&r), 0x1413);
    cr_assert_eq(ix_read_u32le(&r), 0x18171615);
    cr_assert_eq(r.n, 0);
    cr_assert_not(r.bad);
}

Test(reader, the_first_read_beyond_the_end_spoils_all_that_follow)
{
    struct ix_reader r = ix_reader("\x01\x02\x03", 3);
    uint8_t out[4] = { 9, 9, 9, 9 };

    cr_assert_eq(ix_read_u32(&r), 0);
    cr_assert(r.bad);
    cr_assert_eq(ix_read_u8(&r), 0);
    cr_assert_null(ix_read_bytes(&r, 0));
    ix_read_copy(&r, out, 2);
    cr_assert_eq(memcmp(out, "\0\0\x09\x09", 4), 0);
    cr_assert(ix_read_sub(&r, 0).bad);
    struct ix_str line;
    cr_assert_not(ix_read_line(&r, &line));
}

Test(reader, nothing_of_nothing_is_not_bad)
{
    struct ix_reader r = ix_reader(NULL, 0);

    cr_assert_not_null(ix_read_bytes(&r, 0));
    ix_read_copy(&r, NULL, 0);
    cr_assert_not(r.bad);
    cr_assert_null(ix_read_bytes(&r, SIZE_MAX));
    cr_assert(r.bad);
}

Test(reader, a_part_has_a_reader_of_its_own)
{
    struct ix_reader r = ix_reader("abcdef", 6);
    struct ix_reader part = ix_read_sub(&r, 2);

    cr_assert_eq(ix_read_u16(&part), 0x6162);
    cr_assert_eq(ix_read_u8(&part), 0);
    cr_assert(part.bad);
    cr_assert_not(r.bad);
    cr_assert_eq(ix_read_u8(&r), 'c');
    cr_assert(ix_read_sub(&r, 4).bad);
    cr_assert(r.bad);
}

Test(reader, gives_lines_without_their_ends)
{
    static const char *const want[] = { "one", "", "two\rx", "", "last\r" };
    static const char text[] = "one\r\n\r\ntwo\rx\n\nlast\r";
    struct ix_reader r = ix_reader(text, sizeof text - 1);
    struct ix_str line;

    for (size_t i = 0; i < IX_COUNT(want); i++) {
        cr_assert(ix_read_line(&r, &line));
        cr_assert(ix_str_eq(line, ix_str(want[i])), "line %zu", i);
    }
    cr_assert_not(ix_read_line(&r, &line));
    cr_assert_eq(line.n, 0);
}
