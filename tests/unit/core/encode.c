/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

static struct ix_buf b;

static void fresh(void)
{
    ix_buf_init(&b, 1000);
}

static void done(void)
{
    ix_buf_clear(&b);
}

static void assert_text(const char *want)
{
    cr_assert_eq(b.err, 0);
    cr_assert(ix_str_eq(ix_str_n(b.p, b.n), ix_str(want)), "%.*s is not %s", (int) b.n, (const char *) b.p, want);
    ix_buf_reset(&b);
}

/* RFC 4648 section 10 */
static const char *const base64_rows[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };

Test(encode, base64_gives_the_values_of_rfc_4648, .init = fresh, .fini = done)
{
    for (size_t i = 0; i < IX_COUNT(base64_rows); i++) {
        ix_base64_encode(&b, base64_rows[i][0], strlen(base64_rows[i][0]));
        assert_text(base64_rows[i][1]);
        cr_assert_eq(ix_base64_decode(&b, ix_str(base64_rows[i][1])), 0);
        assert_text(base64_rows[i][0]);
    }
}

Test(encode, base64_knows_both_alphabets, .init = fresh, .fini = done)
{
    static const uint8_t bytes[] = { 0xfb, 0xff, 0xbf, 0xfe };

    ix_base64_encode(&b, bytes, sizeof bytes);
    assert_text("+/+//g==");
    ix_base64url_encode(&b, bytes, sizeof bytes);
    assert_text("-_-__g");
    cr_assert_eq(ix_base64_decode(&b, IX_STR("-_-__g")), 0);
    cr_assert_eq(ix_base64_decode(&b, IX_STR("+/+//g==")), 0);
    cr_assert_eq(b.n, 8);
    cr_assert_eq(memcmp(b.p, bytes, 4), 0);
    cr_assert_eq(memcmp(b.p + 4, bytes, 4), 0);
}

Test(encode, base64_refuses_what_no_encoder_writes, .init = fresh, .fini = done)
{
    static const char *const bad[] = { "A", "AAAAA", "A===", "AA=", "=", "====", "AAAA=", "AA==AA==", "AA A", "AAA\n",
        "A*AA", "Zh", "Zm9=", "Zg=" };

    ix_buf_str(&b, "kept");
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_assert_eq(ix_base64_decode(&b, ix_str(bad[i])), IRISX_E_PROTOCOL, "%s", bad[i]);
    assert_text("kept");
}

Test(encode, base64_stops_at_the_limit_of_the_buffer)
{
    uint8_t storage[2];

    ix_buf_init_fixed(&b, storage, sizeof storage);
    cr_assert_eq(ix_base64_decode(&b, IX_STR("Zm9v")), IRISX_E_TOO_LARGE);
    cr_assert_eq(b.n, 0);
}

Test(encode, percent_leaves_only_the_unreserved, .init = fresh, .fini = done)
{
    ix_percent_encode(&b, IX_STR("aZ09-._~ /?&=%+\xc3\xa9"));
    assert_text("aZ09-._~%20%2F%3F%26%3D%25%2B%C3%A9");
}

Test(encode, hex_decodes_exactly)
{
    uint8_t out[3] = { 9, 9, 9 };

    cr_assert_eq(ix_hex_decode(IX_STR("00fEAb"), out, 3), 0);
    cr_assert_eq(memcmp(out, "\x00\xfe\xab", 3), 0);
    cr_assert_eq(ix_hex_decode(IX_STR("00fe"), out, 3), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_hex_decode(IX_STR("00fea"), out, 2), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_hex_decode(IX_STR("1100fg"), out, 3), IRISX_E_PROTOCOL);
    cr_assert_eq(out[0], 0, "nothing is written on failure");
}

Test(encode, utf8_takes_the_edges_of_each_length)
{
    static const char *const good[] = { "", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa9z" };
    static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xe2\x82", "\xe2\x28\xa1", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x90\x80",
        "\xff" };

    for (size_t i = 0; i < IX_COUNT(good); i++)
        cr_assert(ix_utf8_valid(good[i], strlen(good[i])), "good %zu", i);
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_assert_not(ix_utf8_valid(bad[i], strlen(bad[i])), "bad %zu", i);
    cr_assert(ix_utf8_valid("a\0b", 3));
}

Test(encode, json_strings_are_escaped_and_always_utf8, .init = fresh, .fini = done)
{
    ix_buf_json_str(&b, IX_STR("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9"));
    assert_text("\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"");
    ix_buf_json_str(&b, ix_str_n("\0", 1));
    assert_text("\"\\u0000\"");
    ix_buf_json_str(&b, IX_STR("x\xff\xc3y\xed\xa0\x80"));
    assert_text("\"x\xef\xbf\xbd\xef\xbf\xbdy\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    ix_buf_json_str(&b, IX_STR_NONE);
    assert_text("\"\"");
}
