/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "json/json.h"

static void assert_written(const char *json, const char *want)
{
    irisx_value_t *v = NULL;

    cr_assert_eq(irisx_value_parse(json, strlen(json), &v, NULL), IRISX_OK);
    char *text = irisx_value_to_text(v);
    cr_assert_str_eq(text, want);
    irisx_text_free(text);
    irisx_value_free(v);
}

Test(json_write, writes_compact_text_in_the_order_of_setting)
{
    assert_written(" { \"b\" : [ 1 , true , null , false ] , \"a\" : { } } ", "{\"b\":[1,true,null,false],\"a\":{}}");
    assert_written("\"\\u00e9\\n\\\"\\\\\\u0001/\"", "\"\xc3\xa9\\n\\\"\\\\\\u0001/\"");
    assert_written("-9223372036854775808", "-9223372036854775808");
}

Test(json_write, writes_numbers_shortly_and_keeps_them_real)
{
    assert_written("0.1", "0.1");
    assert_written("0.0075", "0.0075");
    assert_written("1.0", "1.0");
    assert_written("-0.0", "-0.0");
    assert_written("1e300", "1e+300");
    assert_written("0.30000000000000004", "0.30000000000000004");
}

Test(json_write, numbers_read_back_as_the_same_number)
{
    static const double numbers[] = { 1.0 / 3, DBL_MAX, DBL_MIN, DBL_TRUE_MIN, 123456789012345678.0, 5e-324 };

    for (size_t i = 0; i < IX_COUNT(numbers); i++) {
        irisx_value_t *v = irisx_value_new_num(numbers[i]);
        irisx_value_t *back = NULL;
        char *text = irisx_value_to_text(v);
        cr_assert_eq(irisx_value_parse(text, strlen(text), &back, NULL), IRISX_OK);
        cr_assert(irisx_value_equal(v, back), "%s", text);
        irisx_text_free(text);
        irisx_value_free(v);
        irisx_value_free(back);
    }
}

/* printf puts the locale's own decimal point, which may be several bytes */
Test(json_write, does_not_follow_the_locale)
{
    static const struct {
        const char *printed;
        const char *want;
    } rows[] = { { "1,5", "1.5" },
        { "-1\xd9\xab"
          "25e-07",
            "-1.25e-07" },
        { "1e+300", "1e+300" }, { "7", "7.0" } };
    uint8_t storage[32];
    struct ix_buf b;

    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        ix_buf_init_fixed(&b, storage, sizeof storage);
        ix_json_write_printed(&b, ix_str(rows[i].printed));
        cr_assert(ix_str_eq(ix_str_n(b.p, b.n), ix_str(rows[i].want)), "%s", rows[i].printed);
    }
}

Test(json_write, writes_null_for_nothing_and_for_what_is_no_number)
{
    uint8_t storage[16];
    struct ix_buf b;

    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_json_write(&b, NULL);
    ix_json_write_num(&b, NAN);
    cr_assert(ix_str_eq(ix_str_n(b.p, b.n), IX_STR("nullnull")));
    cr_assert_null(irisx_value_to_text(NULL));
    irisx_text_free(NULL);
}

Test(json_write, stops_at_the_limit_of_the_buffer)
{
    irisx_value_t *v = irisx_value_new_array();
    uint8_t storage[8];
    struct ix_buf b;

    for (int i = 0; i < 100; i++)
        cr_assert_eq(irisx_value_add_int(v, i), IRISX_OK);
    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_json_write(&b, v);
    cr_assert_eq(b.err, IRISX_E_TOO_LARGE);
    irisx_value_free(v);
}
