/* SPDX-License-Identifier: MIT */
/* Redundant audio: the bytes of RFC 2198 section 3, by hand. */
#include <criterion/criterion.h>
#include <string.h>

#include "rtp/internal.h"

/* offset 160 (0x0a0 << 10 | 4), length 4, payload type 0; then the primary, payload type 5 */
static const uint8_t one[] = { 0x80, 0x02, 0x80, 0x04, 0x05, 'o', 'l', 'd', '!', 'n', 'e', 'w' };

Test(red, blocks_come_apart_with_their_time_and_type)
{
    struct ix_red r;
    cr_assert_eq(ix_red_parse(&r, one, sizeof(one)), 0);
    cr_assert_eq(r.count, 1);
    cr_assert(r.block[0].payload_type == 0 && r.block[0].offset == 160 && r.block[0].len == 4);
    cr_assert_arr_eq(r.block[0].p, "old!", 4);
    cr_assert(r.primary.payload_type == 5 && r.primary.len == 3);
    cr_assert_arr_eq(r.primary.p, "new", 3);
}

Test(red, what_is_written_is_read)
{
    uint8_t bytes[64];
    struct ix_buf b;
    struct ix_red_block before = { 0, 160, (const uint8_t *) "old!", 4 };
    struct ix_red_block primary = { .payload_type = 5, .p = (const uint8_t *) "new", .len = 3 };
    ix_buf_init_fixed(&b, bytes, sizeof(bytes));
    ix_red_write(&b, &before, &primary);
    cr_assert_eq(b.n, sizeof(one));
    cr_assert_arr_eq(b.p, one, sizeof(one));
    ix_buf_init_fixed(&b, bytes, sizeof(bytes));
    ix_red_write(&b, NULL, &primary);
    cr_assert_eq(b.n, 4);
    cr_assert_eq(b.p[0], 5);
}

Test(red, every_cut_and_too_many_blocks_are_refused)
{
    struct ix_red r;
    for (size_t n = 0; n < 9; n++)
        cr_assert_eq(ix_red_parse(&r, one, n), IRISX_E_PROTOCOL, "%zu bytes", n);
    cr_assert_eq(ix_red_parse(&r, one, 9), 0, "an empty primary is allowed");
    uint8_t many[4 * (IX_RED_MAX + 1) + 1] = { 0 };
    for (size_t i = 0; i <= IX_RED_MAX; i++)
        many[4 * i] = 0x80;
    cr_assert_eq(ix_red_parse(&r, many, sizeof(many)), IRISX_E_PROTOCOL);
}
