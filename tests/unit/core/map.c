/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

static struct ix_str key_of(size_t i, char storage[16])
{
    struct ix_buf b;

    ix_buf_init_fixed(&b, storage, 16);
    ix_buf_str(&b, "key");
    ix_buf_dec(&b, i);
    return ix_str_n(storage, b.n);
}

Test(map, keeps_copies_of_keys_and_replaces_values)
{
    struct ix_map *m = ix_map_new(10, 1);
    char key[] = "alpha";
    int one;
    int two;

    cr_assert_null(ix_map_get(m, ix_str(key)));
    cr_assert_eq(ix_map_set(m, ix_str(key), &one), 0);
    key[0] = 'A';
    cr_assert_null(ix_map_get(m, ix_str(key)));
    cr_assert_eq(ix_map_get(m, IX_STR("alpha")), &one);
    cr_assert_eq(ix_map_set(m, IX_STR("alpha"), &two), 0);
    cr_assert_eq(ix_map_count(m), 1);
    cr_assert_eq(ix_map_remove(m, IX_STR("alpha")), &two);
    cr_assert_null(ix_map_remove(m, IX_STR("alpha")));
    cr_assert_eq(ix_map_count(m), 0);
    ix_map_free(m);
    ix_map_free(NULL);
}

Test(map, keys_are_bytes)
{
    struct ix_map *m = ix_map_new(10, 1);
    int a;
    int b;
    int c;

    cr_assert_eq(ix_map_set(m, ix_str_n("x\0y", 3), &a), 0);
    cr_assert_eq(ix_map_set(m, ix_str_n("x\0z", 3), &b), 0);
    cr_assert_eq(ix_map_set(m, IX_STR_NONE, &c), 0);
    cr_assert_eq(ix_map_get(m, ix_str_n("x\0y", 3)), &a);
    cr_assert_eq(ix_map_get(m, ix_str_n("x\0z", 3)), &b);
    cr_assert_eq(ix_map_get(m, IX_STR("")), &c);
    cr_assert_null(ix_map_get(m, IX_STR("x")));
    ix_map_free(m);
}

Test(map, refuses_new_keys_at_its_limit_but_still_replaces)
{
    struct ix_map *m = ix_map_new(2, 1);
    int v;

    cr_assert_eq(ix_map_set(m, IX_STR("a"), &v), 0);
    cr_assert_eq(ix_map_set(m, IX_STR("b"), &v), 0);
    cr_assert_eq(ix_map_set(m, IX_STR("c"), &v), IRISX_E_LIMIT);
    cr_assert_eq(ix_map_set(m, IX_STR("a"), &m), 0);
    cr_assert_not_null(ix_map_remove(m, IX_STR("b")));
    cr_assert_eq(ix_map_set(m, IX_STR("c"), &v), 0);
    ix_map_free(m);
}

Test(map, grows_and_finds_everything_again)
{
    static int values[2000];
    struct ix_map *m = ix_map_new(2000, 42);
    char storage[16];

    for (size_t i = 0; i < 2000; i++)
        cr_assert_eq(ix_map_set(m, key_of(i, storage), &values[i]), 0);
    cr_assert_eq(ix_map_count(m), 2000);
    for (size_t i = 0; i < 2000; i++)
        cr_assert_eq(ix_map_get(m, key_of(i, storage)), &values[i]);
    ix_map_free(m);
}

/* tombstones alone must neither fill the table nor make it grow without end */
Test(map, lives_through_endless_coming_and_going, .timeout = 20)
{
    struct ix_map *m = ix_map_new(4, 42);
    char storage[16];
    int v;

    for (size_t i = 0; i < 20000; i++) {
        cr_assert_eq(ix_map_set(m, key_of(i, storage), &v), 0);
        if (i >= 3)
            cr_assert_eq(ix_map_remove(m, key_of(i - 3, storage)), &v);
    }
    cr_assert_eq(ix_map_count(m), 3);
    cr_assert_eq(ix_map_get(m, key_of(19999, storage)), &v);
    ix_map_free(m);
}

Test(map, walks_all_entries_once_even_when_they_are_removed_on_the_way)
{
    static int seen[300];
    struct ix_map *m = ix_map_new(300, 42);
    char storage[16];
    struct ix_str key;
    void *value;
    size_t at = 0;

    for (size_t i = 0; i < 300; i++)
        cr_assert_eq(ix_map_set(m, key_of(i, storage), &seen[i]), 0);
    while (ix_map_next(m, &at, &key, &value)) {
        ++*(int *) value;
        if ((int *) value - seen < 200)
            cr_assert_eq(ix_map_remove(m, key), value);
    }
    for (size_t i = 0; i < 300; i++)
        cr_assert_eq(seen[i], 1);
    cr_assert_eq(ix_map_count(m), 100);
    at = 0;
    while (ix_map_next(m, &at, NULL, NULL))
        seen[0]++;
    cr_assert_eq(seen[0], 101);
    ix_map_free(m);
}
