/* SPDX-License-Identifier: MIT */
/* What was read answers as what was built does. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "oom.h"
#include "json/json.h"

static irisx_value_t *tree, *built; /* the same text, read and as a value that can be changed */

static void both(const char *text)
{
    cr_assert_eq(ix_json_parse(ix_str(text), &tree, NULL), 0, "%s", text);
    cr_assert_eq(irisx_value_parse(text, strlen(text), &built, NULL), 0);
}

static void drop(void)
{
    irisx_value_free(tree);
    irisx_value_free(built);
}

static void same(const irisx_value_t *a, const irisx_value_t *b)
{
    const char *key = NULL;

    cr_assert_eq(irisx_value_type(a), irisx_value_type(b));
    cr_assert_eq(irisx_value_count(a), irisx_value_count(b));
    cr_assert_eq(irisx_value_int(a, -1), irisx_value_int(b, -1));
    cr_assert_eq(irisx_value_num(a, -1), irisx_value_num(b, -1));
    cr_assert_eq(irisx_value_bool(a, -1), irisx_value_bool(b, -1));
    cr_assert(ix_str_eq(ix_json_str(a), ix_json_str(b)));
    cr_assert_str_eq(irisx_value_text(a, "-"), irisx_value_text(b, "-"));
    for (size_t i = 0; i < irisx_value_count(a); i++)
        cr_assert_eq(irisx_value_at(a, i) != NULL, irisx_value_at(b, i) != NULL);
    for (size_t i = 0; irisx_value_at(a, i) != NULL; i++)
        same(irisx_value_at(a, i), irisx_value_at(b, i));
    cr_assert_null(irisx_value_at(a, irisx_value_count(a)));
    cr_assert_null(irisx_value_get(a, "no such key"));
    while ((key = irisx_value_next_key(a, key)) != NULL)
        same(irisx_value_get(a, key), irisx_value_get(b, key));
}

static const char *const texts[] = {
    "null", "true", "-7", "1.5", "\"x\"", "[]", "{}", "\"\"",
    "{\"a\":[1,{\"b\":null},\"\\u00e9\\n\\ud83d\\ude00\\ud83d\",[[]]],\"\\\"k\\\\\":0.25,\"\":false}",
    "[\"12\",\"1e3\",9223372036854775807,-9223372036854775808,1e300,\"\xf0\x9f\x98\x80\"]",
    "{\"q\":1,\"w\":2,\"e\":3,\"r\":4,\"t\":5,\"y\":6,\"u\":7,\"i\":8,\"o\":9,\"p\":10,\"a\":11,\"s\":12,\"d\":13,\"f\":{}}"
};

Test(json_tree, answers_as_a_value_that_was_built)
{
    for (size_t i = 0; i < IX_COUNT(texts); i++) {
        both(texts[i]);
        same(tree, built);
        same(built, tree);
        cr_assert(irisx_value_equal(tree, built) && irisx_value_equal(built, tree), "%s", texts[i]);
        drop();
    }
}

Test(json_tree, is_written_and_copied_as_one)
{
    for (size_t i = 0; i < IX_COUNT(texts); i++) {
        both(texts[i]);
        irisx_value_t *copy = irisx_value_dup(tree);
        char *a = irisx_value_to_text(tree), *b = irisx_value_to_text(built), *c = irisx_value_to_text(copy);
        cr_assert_str_eq(a, b);
        cr_assert_str_eq(a, c);
        irisx_text_free(a);
        irisx_text_free(b);
        irisx_text_free(c);
        irisx_value_free(copy);
        drop();
    }
}

Test(json_tree, differs_where_a_part_does)
{
    static const char *const others[] = { "[1,2]", "[1,2,3]", "[1,2.0]", "{\"a\":1}", "{\"a\":2}", "{\"b\":1}",
        "{\"a\":1,\"b\":2}", "\"1\"", "1", "true", "false", "null" };

    for (size_t i = 0; i < IX_COUNT(others); i++) {
        for (size_t k = 0; k < IX_COUNT(others); k++) {
            irisx_value_t *a = NULL, *b = NULL;
            cr_assert_eq(ix_json_parse(ix_str(others[i]), &a, NULL), 0);
            cr_assert_eq(irisx_value_parse(others[k], strlen(others[k]), &b, NULL), 0);
            cr_assert_eq(irisx_value_equal(a, b), i == k, "%s %s", others[i], others[k]);
            cr_assert_eq(irisx_value_equal(b, a), i == k);
            irisx_value_free(a);
            irisx_value_free(b);
        }
    }
}

Test(json_tree, cannot_be_changed_nor_put_into_others)
{
    both("{\"a\":[1]}");
    cr_assert_eq(irisx_value_set_int(tree, "b", 2), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_remove(tree, "a"), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_add_int((irisx_value_t *) irisx_value_get(tree, "a"), 2), IRISX_E_INVALID);
    cr_assert_eq(irisx_value_set_take(built, "c", (irisx_value_t *) irisx_value_get(tree, "a")), IRISX_E_INVALID);
    same(tree, built);
    irisx_value_free((irisx_value_t *) irisx_value_get(tree, "a")); /* its tree's: nothing happens */
    same(tree, built);
    drop();
}

/* {"k0":0,"k1":1,...,"kN":N} and, if again, "k0" once more */
static int read_many(size_t n, bool again)
{
    struct ix_buf b;
    char key[24];
    int err;

    ix_buf_init(&b, 1 << 24);
    ix_buf_u8(&b, '{');
    for (size_t i = 0; i < n; i++)
        ix_buf_fmt(&b, "%s\"k%zu\":%zu", i > 0 ? "," : "", i, i);
    ix_buf_str(&b, again ? ",\"k0\":0}" : "}");
    err = b.err ? b.err : ix_json_parse(ix_str_n(b.p, b.n), &tree, NULL);
    for (size_t i = 0; err == 0 && i < n; i++) {
        (void) snprintf(key, sizeof key, "k%zu", i);
        cr_assert_eq(irisx_value_get_int(tree, key, -1), (int64_t) i);
    }
    if (err == 0)
        irisx_value_free(tree);
    ix_buf_clear(&b);
    return err;
}

Test(json_tree, finds_each_of_many_members_and_none_twice)
{
    static const size_t counts[] = { 1, 2, 11, 12, 13, 14, 100, 50000 };

    for (size_t i = 0; i < IX_COUNT(counts); i++) {
        cr_assert_eq(read_many(counts[i], false), 0);
        cr_assert_eq(read_many(counts[i], true), IRISX_E_PROTOCOL, "%zu", counts[i]);
    }
}

static int read_all(void *arg)
{
    int err = 0;

    (void) arg;
    for (size_t i = 0; err == 0 && i < IX_COUNT(texts); i++) {
        err = ix_json_parse(ix_str(texts[i]), &tree, NULL);
        if (err == 0)
            irisx_value_free(tree);
    }
    return err ? err : read_many(300, false);
}

Test(json_tree, is_read_whole_or_not_at_all_without_memory)
{
    cr_assert_eq(oom_run(read_all, NULL), 0);
}
