/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

static void assert_bytes(const struct ix_buf *b, const void *want, size_t n)
{
    cr_assert_eq(b->err, 0);
    cr_assert_eq(b->n, n);
    cr_assert_eq(memcmp(b->p, want, n), 0);
}

Test(buf, writes_integers_in_both_orders)
{
    struct ix_buf b;

    ix_buf_init(&b, 100);
    ix_buf_u8(&b, 0x01);
    ix_buf_u16(&b, 0x0203);
    ix_buf_u24(&b, 0x040506);
    ix_buf_u32(&b, 0x0708090a);
    ix_buf_u64(&b, 0x0b0c0d0e0f101112);
    ix_buf_u16le(&b, 0x1413);
    ix_buf_u32le(&b, 0x18171615);
    for (size_t i = 0; i < 24; i++)
        cr_assert_eq(b.p[i], i + 1);
    cr_assert_eq(b.n, 24);
    ix_buf_clear(&b);
}

Test(buf, writes_text_and_numbers)
{
    struct ix_buf b;

    ix_buf_init(&b, 1000);
    ix_buf_str(&b, "a=");
    ix_buf_str(&b, NULL);
    ix_buf_strv(&b, IX_STR_NONE);
    ix_buf_dec(&b, 0);
    ix_buf_dec(&b, UINT64_MAX);
    ix_buf_hex(&b, "\x00\xfe\x1a", 3);
    ix_buf_fmt(&b, "%03d%s", 7, "x");
    assert_bytes(&b, "a=01844674407370955161500fe1a007x", 33);
    ix_buf_clear(&b);
}

Test(buf, formats_lines_longer_than_its_own_storage)
{
    char want[1001];
    struct ix_buf b;

    memset(want, 'y', 1000);
    want[1000] = '\0';
    ix_buf_init(&b, 1000);
    ix_buf_fmt(&b, "%s", want);
    assert_bytes(&b, want, 1000);
    ix_buf_reset(&b);
    ix_buf_fmt(&b, "%s!", want);
    cr_assert_eq(b.err, IRISX_E_TOO_LARGE);
    cr_assert_eq(b.n, 0);
    ix_buf_clear(&b);
}

Test(buf, stops_at_its_limit_and_the_error_sticks)
{
    struct ix_buf b;

    ix_buf_init(&b, 5);
    ix_buf_str(&b, "1234");
    ix_buf_u16(&b, 0x3536);
    cr_assert_eq(b.err, IRISX_E_TOO_LARGE);
    ix_buf_u8(&b, '5');
    cr_assert_eq(b.n, 4, "nothing is written after an error");
    cr_assert_eq(ix_buf_reserve(&b, 0), IRISX_E_TOO_LARGE);
    cr_assert_null(ix_buf_take(&b));
    ix_buf_str(&b, "12345");
    assert_bytes(&b, "12345", 5);
    ix_buf_clear(&b);
    cr_assert_eq(b.limit, 5);
    ix_buf_hex(&b, "abc", 3);
    cr_assert_eq(b.err, IRISX_E_TOO_LARGE);
    ix_buf_reset(&b);
    ix_buf_hex(&b, "abc", SIZE_MAX);
    cr_assert_eq(b.err, IRISX_E_TOO_LARGE);
    ix_buf_clear(&b);
}

Test(buf, a_fixed_one_never_leaves_its_storage)
{
    char storage[4];
    struct ix_buf b;

    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_buf_str(&b, "abcd");
    ix_buf_u8(&b, 'e');
    cr_assert_eq(b.err, IRISX_E_TOO_LARGE);
    cr_assert_eq(memcmp(storage, "abcd", 4), 0);
    ix_buf_clear(&b);
    cr_assert_eq(b.p, (uint8_t *) storage);
    ix_buf_str(&b, "xyz");
    char *text = ix_buf_take(&b);
    cr_assert_str_eq(text, "xyz");
    cr_assert_neq(text, storage);
    ix_free(text);
}

Test(buf, hands_over_terminated_text)
{
    struct ix_buf b;

    ix_buf_init(&b, 64);
    char *text = ix_buf_take(&b);
    cr_assert_str_eq(text, "");
    ix_free(text);
    for (int i = 0; i < 64; i++) /* the limit to the last byte: the NUL comes on top */
        ix_buf_u8(&b, 'z');
    text = ix_buf_take(&b);
    cr_assert_eq(strlen(text), 64);
    cr_assert_null(b.p);
    cr_assert_eq(b.n, 0);
    ix_free(text);
}

Test(buf, drops_from_the_front)
{
    struct ix_buf b;

    ix_buf_init(&b, 64);
    ix_buf_consume(&b, 10);
    ix_buf_str(&b, "GET / HTTP");
    ix_buf_consume(&b, 4);
    assert_bytes(&b, "/ HTTP", 6);
    ix_buf_consume(&b, 100);
    cr_assert_eq(b.n, 0);
    ix_buf_clear(&b);
    ix_buf_clear(NULL);
}
