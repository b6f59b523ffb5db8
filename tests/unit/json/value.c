/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "json/json.h"

static irisx_value_t *parsed(const char *text)
{
    irisx_value_t *v = NULL;

    cr_assert_eq(irisx_value_parse(text, strlen(text), &v, NULL), IRISX_OK);
    return v;
}

Test(json_value, knows_its_type)
{
    irisx_value_t *v = parsed("[null,true,1,1.0,\"x\",[],{}]");

    for (size_t i = 0; i < 7; i++)
        cr_assert_eq(irisx_value_type(irisx_value_at(v, i)), i + 1);
    cr_assert_eq(irisx_value_type(NULL), IRISX_VALUE_NONE);
    cr_assert_eq(irisx_value_count(v), 7);
    cr_assert_null(irisx_value_at(v, 7));
    cr_assert_null(irisx_value_get(v, "x"));
    irisx_value_free(v);
}

Test(json_value, reads_integers_from_numbers_and_from_numeric_texts)
{
    static const struct {
        const char *json;
        int64_t want;
    } rows[] = { { "42", 42 }, { "\"42\"", 42 }, { "\"-7\"", -7 }, { "3.0", 3 }, { "3.5", -1 }, { "1e30", -1 },
        { "-9223372036854775808.0", INT64_MIN }, { "9223372036854775808.0", -1 },
        { "\"9223372036854775807\"", INT64_MAX }, { "\"9223372036854775808\"", -1 },
        { "\"-9223372036854775808\"", INT64_MIN }, { "\"-9223372036854775809\"", -1 }, { "\"\"", -1 }, { "\"-\"", -1 },
        { "\" 1\"", -1 }, { "\"1x\"", -1 }, { "\"0x10\"", -1 }, { "true", -1 }, { "null", -1 }, { "[1]", -1 } };

    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        irisx_value_t *v = parsed(rows[i].json);
        cr_assert_eq(irisx_value_int(v, -1), rows[i].want, "%s", rows[i].json);
        irisx_value_free(v);
    }
    cr_assert_eq(irisx_value_int(NULL, 5), 5);
}

Test(json_value, reads_numbers_from_numbers_and_from_numeric_texts)
{
    static const struct {
        const char *json;
        double want;
    } rows[] = { { "1.5", 1.5 }, { "2", 2 }, { "\"0.0075\"", 0.0075 }, { "\"-3\"", -3 }, { "\"1e3\"", 1000 },
        { "\"nan\"", -1 }, { "\"inf\"", -1 }, { "\"1,5\"", -1 }, { "\"\"", -1 }, { "\"1 \"", -1 }, { "\"[1]\"", -1 },
        { "false", -1 } };

    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        irisx_value_t *v = parsed(rows[i].json);
        cr_assert_eq(irisx_value_num(v, -1), rows[i].want, "%s", rows[i].json);
        irisx_value_free(v);
    }
}

Test(json_value, falls_back_where_members_are_missing_or_of_another_kind)
{
    irisx_value_t *v = parsed("{\"t\":\"x\",\"n\":7,\"b\":false,\"o\":{\"items\":[1,2]}}");

    cr_assert_str_eq(irisx_value_get_text(v, "t", "?"), "x");
    cr_assert_str_eq(irisx_value_get_text(v, "n", "?"), "?");
    cr_assert_null(irisx_value_get_text(v, "nothing", NULL));
    cr_assert_eq(irisx_value_get_int(v, "n", 0), 7);
    cr_assert_eq(irisx_value_get_num(v, "n", 0), 7.0);
    cr_assert_eq(irisx_value_get_bool(v, "b", 1), 0);
    cr_assert_eq(irisx_value_get_bool(v, "n", 1), 1);
    cr_assert_eq(irisx_value_count(ix_json_path(v, "o.items")), 2);
    cr_assert_null(ix_json_path(v, "o.items.x"));
    cr_assert_null(ix_json_path(v, "n.items"));
    cr_assert(ix_str_eq(ix_json_get_str(v, "t"), IX_STR("x")));
    cr_assert_eq(ix_json_get_str(v, "n").n, 0);
    cr_assert_str_eq(irisx_value_get_text(irisx_value_get(irisx_value_get(v, "no"), "no"), "no", "end"), "end");
    irisx_value_free(v);
}

Test(json_value, walks_keys_in_the_order_of_setting)
{
    irisx_value_t *v = parsed("{\"z\":1,\"a\":2,\"m\":3}");
    char seen[8] = { 0 };

    for (const char *k = irisx_value_next_key(v, NULL); k != NULL; k = irisx_value_next_key(v, k))
        strcat(seen, k);
    cr_assert_str_eq(seen, "zam");
    cr_assert_null(irisx_value_next_key(v, "nothing"));
    cr_assert_null(irisx_value_next_key(irisx_value_get(v, "z"), NULL));
    cr_assert_null(irisx_value_next_key(NULL, NULL));
    irisx_value_free(v);
}

Test(json_value, builds_what_a_parse_would_give)
{
    irisx_value_t *v = irisx_value_new_object();
    irisx_value_t *list = irisx_value_new_array();
    irisx_value_t *want = parsed("{\"t\":\"\xc3\xa9\",\"i\":-5,\"n\":0.5,\"b\":true,\"z\":null,\"l\":[\"x\",1,{}]}");

    cr_assert_eq(irisx_value_set_text(v, "t", "to be replaced"), IRISX_OK);
    cr_assert_eq(irisx_value_set_text(v, "t", "\xc3\xa9"), IRISX_OK);
    cr_assert_eq(irisx_value_set_int(v, "i", -5), IRISX_OK);
    cr_assert_eq(irisx_value_set_num(v, "n", 0.5), IRISX_OK);
    cr_assert_eq(irisx_value_set_bool(v, "b", 2), IRISX_OK);
    cr_assert_eq(irisx_value_set_null(v, "z"), IRISX_OK);
    cr_assert_eq(irisx_value_add_text(list, "x"), IRISX_OK);
    cr_assert_eq(irisx_value_add_int(list, 1), IRISX_OK);
    cr_assert_eq(irisx_value_add_take(list, irisx_value_new_object()), IRISX_OK);
    cr_assert_eq(irisx_value_set_take(v, "l", list), IRISX_OK);
    cr_assert(irisx_value_equal(v, want));
    cr_assert_eq(irisx_value_remove(v, "z"), IRISX_OK);
    cr_assert_eq(irisx_value_remove(v, "z"), IRISX_E_NOT_FOUND);
    cr_assert_not(irisx_value_equal(v, want));
    irisx_value_free(v);
    irisx_value_free(want);
}

Test(json_value, takes_over_and_frees_what_it_refuses)
{
    irisx_value_t *object = irisx_value_new_object();
    irisx_value_t *array = irisx_value_new_array();

    cr_assert_eq(irisx_value_set_take(array, "k", irisx_value_new_int(1)), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_set_take(object, NULL, irisx_value_new_int(1)), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_set_take(object, "\xff", irisx_value_new_int(1)), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_set_take(NULL, "k", irisx_value_new_int(1)), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_set_take(object, "k", NULL), IRISX_E_NO_MEMORY);
    cr_assert_eq(irisx_value_add_take(object, irisx_value_new_int(1)), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_add_take(NULL, irisx_value_new_int(1)), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_set_take(object, "me", object), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_add_take(array, array), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_count(object), 0);
    irisx_value_free(object);
    irisx_value_free(array);
}

Test(json_value, refuses_texts_and_numbers_that_json_cannot_hold)
{
    irisx_value_t *v = irisx_value_new_object();

    cr_assert_null(irisx_value_new_text("\xff"));
    cr_assert_null(irisx_value_new_text(NULL));
    cr_assert_null(irisx_value_new_num(NAN));
    cr_assert_null(irisx_value_new_num(INFINITY));
    cr_assert_eq(irisx_value_set_text(v, "k", "\xff"), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_set_text(v, "k", NULL), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_set_num(v, "k", NAN), IRISX_E_INVALID);
    cr_assert_eq(ix_json_set_str(v, "k", ix_str_n("a\0b", 3)), IRISX_E_INVALID);
    cr_assert_eq(ix_json_set_str(v, "k", IX_STR_NONE), 0);
    cr_assert_str_eq(irisx_value_get_text(v, "k", NULL), "");
    irisx_value_free(v);
}

Test(json_value, nests_128_levels_and_no_more)
{
    irisx_value_t *v = irisx_value_new_array();

    for (int i = 1; i < 128; i++) {
        irisx_value_t *outer = i % 2 == 0 ? irisx_value_new_array() : irisx_value_new_object();
        if (i % 2 == 0)
            cr_assert_eq(irisx_value_add_take(outer, v), IRISX_OK);
        else
            cr_assert_eq(irisx_value_set_take(outer, "k", v), IRISX_OK);
        v = outer;
    }
    char *text = irisx_value_to_text(v);
    cr_assert_not_null(text);
    irisx_text_free(text);
    irisx_value_t *one_too_many = irisx_value_new_array();
    cr_assert_eq(irisx_value_add_take(one_too_many, v), IRISX_E_TOO_LARGE);
    irisx_value_free(one_too_many);
}

Test(json_value, copies_deeply)
{
    irisx_value_t *v = parsed("{\"a\":{\"b\":[1]}}");
    irisx_value_t *copy = irisx_value_dup(v);

    cr_assert(irisx_value_equal(v, copy));
    irisx_value_free(v);
    cr_assert_eq(irisx_value_int(irisx_value_at(ix_json_path(copy, "a.b"), 0), 0), 1);
    irisx_value_free(copy);
    cr_assert_null(irisx_value_dup(NULL));
    irisx_value_free(NULL);
}
