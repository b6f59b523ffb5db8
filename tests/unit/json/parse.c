/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "json/json.h"

static irisx_value_error_t why;

static int parse(const char *text)
{
    irisx_value_t *v = NULL;
    int err = irisx_value_parse(text, strlen(text), &v, &why);

    cr_assert((err == 0) == (v != NULL), "%s", text);
    irisx_value_free(v);
    return err;
}

Test(json_parse, takes_every_kind_of_value_at_the_top)
{
    static const char *const good[] = { "{}", "[]", " \"x\" ", "1", "-1.5e3", "true", "false", "null\n",
        "{\"a\":[1,{\"b\":null}]}", "9223372036854775807", "-9223372036854775808", "\"\\ud83d\\ude00\"",
        "\"\xf0\x9f\x98\x80\"" };

    for (size_t i = 0; i < IX_COUNT(good); i++)
        cr_assert_eq(parse(good[i]), IRISX_OK, "%s: %s", good[i], why.message);
}

Test(json_parse, refuses_what_is_not_json)
{
    static const char *const bad[] = { "", " ", "{", "[1,", "[1,]", "{\"a\"}", "{a:1}", "'x'", "NaN", "Infinity",
        "-Infinity", "[1]x", "{}{}", "01", "1.", "+1", "\"\\x\"", "\"a\nb\"", "nul", "\"abc", "\"\\ud83\"",
        "\"\\u12g4\"", "-", "1e", "[1 2]", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{,}", "[,]", "{\"a\":1,}", "tru",
        "\xef\xbb\xbf{}", "<!DOCTYPE html><html></html>", "//c\n1", "]", "}" };

    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_assert_eq(parse(bad[i]), IRISX_E_PROTOCOL, "%s", bad[i]);
}

Test(json_parse, says_why_in_words_that_do_not_quote_the_text)
{
    cr_assert_eq(parse("{\"secret\":1,\n \"secret\":2}"), IRISX_E_PROTOCOL);
    cr_assert_str_eq(why.message, "a key appears twice in one object");
    cr_assert_eq(why.line, 2);
    cr_assert_eq(parse("[\"\xc3\x28\"]"), IRISX_E_PROTOCOL);
    cr_assert_str_eq(why.message, "not valid UTF-8");
    cr_assert_eq(parse("\"\xed\xa0\x80\""), IRISX_E_PROTOCOL, "a surrogate in UTF-8");
    cr_assert_eq(parse("[1] hunter2"), IRISX_E_PROTOCOL);
    cr_assert_str_eq(why.message, "something follows the end of the value");
    cr_assert_eq(parse("[\"hunter2\", hunter2]"), IRISX_E_PROTOCOL);
    cr_assert_null(strstr(why.message, "hunter2"));
    cr_assert_eq(parse("{\"a\":"), IRISX_E_PROTOCOL);
    cr_assert_str_eq(why.message, "the text ends too early");
    cr_assert_eq(parse("1e999"), IRISX_E_PROTOCOL);
    cr_assert_str_eq(why.message, "the number is too large");
    cr_assert_eq(parse("\"a\\u0000b\""), IRISX_E_PROTOCOL);
    cr_assert_str_eq(why.message, "a text holds the character U+0000");
}

/* what cut a text in the middle of an emoji was not the one who reads it */
Test(json_parse, half_of_a_surrogate_pair_becomes_the_replacement_character)
{
    static const char *const rows[][2] = { { "\"a\\ud83d\"", "a\xef\xbf\xbd" },
        { "\"\\ude00b\"", "\xef\xbf\xbd"
                          "b" },
        { "\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                                "A" },
        { "\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80" }, { "\"\\ud83d\\n\"", "\xef\xbf\xbd\n" } };

    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        irisx_value_t *v = NULL;
        cr_assert_eq(irisx_value_parse(rows[i][0], strlen(rows[i][0]), &v, NULL), IRISX_OK, "%s", rows[i][0]);
        cr_assert_str_eq(irisx_value_text(v, NULL), rows[i][1]);
        irisx_value_free(v);
    }
}

Test(json_parse, knows_all_escapes_and_all_lengths_of_utf8)
{
    static const char text[] =
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u007f\\u0080\\u07ff\\u0800\\uffff\\ud800\\udc00\\udbff\\uDFFF\"";
    irisx_value_t *v = NULL;

    cr_assert_eq(irisx_value_parse(text, sizeof text - 1, &v, &why), IRISX_OK);
    cr_assert_str_eq(irisx_value_text(v, NULL), "\"\\/\b\f\n\r\t\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"
                                                "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    irisx_value_free(v);
}

Test(json_parse, an_integer_beyond_64_bits_is_a_real_number)
{
    irisx_value_t *v = NULL;

    cr_assert_eq(irisx_value_parse("100000000000000000000", 21, &v, NULL), IRISX_OK);
    cr_assert_eq(irisx_value_type(v), IRISX_VALUE_NUM);
    cr_assert_eq(irisx_value_num(v, 0), 1e20);
    irisx_value_free(v);
}

Test(json_parse, a_number_may_be_long_but_not_endless)
{
    char text[402];

    memset(text, '0', sizeof text);
    memcpy(text, "0.1", 3);
    text[400] = '\0';
    cr_assert_eq(parse(text), IRISX_OK);
    text[400] = '0';
    text[401] = '\0';
    cr_assert_eq(parse(text), IRISX_E_PROTOCOL);
    cr_assert_str_eq(why.message, "the number is too large");
}

Test(json_parse, gives_the_place_in_bytes_lines_and_columns)
{
    cr_assert_eq(parse("{\n  \"a\": nope\n}"), IRISX_E_PROTOCOL);
    cr_assert_eq(why.line, 2);
    cr_assert_eq(why.offset, 9);
    cr_assert_eq(why.column, 8);
}

Test(json_parse, takes_128_levels_and_refuses_the_129th)
{
    char text[2 * 129 + 1] = { 0 };

    memset(text, '[', 128);
    memset(text + 128, ']', 128);
    cr_assert_eq(parse(text), IRISX_OK);
    memset(text, '[', 129);
    memset(text + 129, ']', 129);
    cr_assert_eq(parse(text), IRISX_E_TOO_LARGE);
    cr_assert_eq(why.offset, 128);
    cr_assert_str_eq(why.message, "nested deeper than 128 levels");
}

Test(json_parse, does_not_count_brackets_inside_texts)
{
    char text[200] = "[\"\\\"";

    memset(text + 4, '[', 150);
    strcpy(text + 154, "\\\\\"]");
    cr_assert_eq(parse(text), IRISX_OK);
}

Test(json_parse, refuses_a_bomb_of_brackets_before_it_recurses)
{
    size_t n = 1000000;
    char *text = ix_alloc(n);
    irisx_value_t *v = NULL;

    memset(text, '[', n);
    cr_assert_eq(irisx_value_parse(text, n, &v, &why), IRISX_E_TOO_LARGE);
    for (size_t i = 0; i < n; i += 5)
        memcpy(text + i, "{\"a\":", 5);
    cr_assert_eq(irisx_value_parse(text, n, &v, NULL), IRISX_E_TOO_LARGE);
    ix_free(text);
}

/* an array of n ones is n + 1 values */
static int parse_ones(size_t n)
{
    struct ix_buf b;

    ix_buf_init(&b, SIZE_MAX);
    for (size_t i = 0; i < n; i++)
        ix_buf_str(&b, i == 0 ? "[1" : ",1");
    ix_buf_str(&b, "]");
    char *text = ix_buf_take(&b);
    int err = parse(text);
    ix_free(text);
    return err;
}

Test(json_parse, refuses_more_values_than_the_limit)
{
    cr_assert_eq(parse_ones(IX_JSON_MAX_VALUES - 1), IRISX_OK);
    cr_assert_eq(parse_ones(IX_JSON_MAX_VALUES), IRISX_E_TOO_LARGE);
    cr_assert_str_eq(why.message, "more than 262144 values");
}

Test(json_parse, refuses_a_text_over_16_mib)
{
    size_t n = IX_JSON_MAX_BYTES + 1;
    char *text = ix_alloc(n);
    irisx_value_t *v = NULL;

    memset(text, ' ', n);
    text[0] = '1';
    cr_assert_eq(irisx_value_parse(text, n, &v, &why), IRISX_E_TOO_LARGE);
    cr_assert_eq(irisx_value_parse(text, n - 1, &v, &why), IRISX_OK);
    irisx_value_free(v);
    ix_free(text);
}

Test(json_parse, stays_within_the_length_it_is_given)
{
    char exact[4] = { '[', '"', 'x', '"' }; /* the sanitizer sees a read behind it */
    irisx_value_t *v = NULL;

    cr_assert_eq(irisx_value_parse(exact, sizeof exact, &v, &why), IRISX_E_PROTOCOL);
    cr_assert_eq(irisx_value_parse("[1]x", 3, &v, &why), IRISX_OK);
    irisx_value_free(v);
    cr_assert_eq(irisx_value_parse(NULL, 0, &v, &why), IRISX_E_PROTOCOL);
    cr_assert_eq(irisx_value_parse(NULL, 1, &v, &why), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_parse("1", 1, NULL, &why), IRISX_E_INVALID);
}
