/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"
#include "oom.h"

Test(alloc, memory_is_zeroed_whatever_the_allocator_gives)
{
    for (int round = 0; round < 2; round++) { /* the second round may see the first one's bytes */
        uint8_t *p = ix_alloc(1000);
        for (size_t i = 0; i < 1000; i++)
            cr_assert_eq(p[i], 0);
        memset(p, 0xff, 1000);
        ix_free(p);
    }
}

Test(alloc, refuses_sizes_that_can_only_be_mistakes)
{
    cr_assert_null(ix_alloc(SIZE_MAX));
    cr_assert_null(ix_alloc_array(SIZE_MAX / 2, 4));
    cr_assert_null(ix_realloc(NULL, SIZE_MAX));
    cr_assert_null(ix_dup_mem("", SIZE_MAX));
    ix_free(NULL);
}

Test(alloc, nothing_is_still_an_address)
{
    void *p = ix_alloc(0);
    cr_assert_not_null(p);
    p = ix_realloc(p, 0);
    cr_assert_not_null(p);
    ix_free(p);
}

Test(alloc, goes_through_the_allocator_that_was_set)
{
    int injected;

    oom_begin(1);
    char *first = ix_dup_cstr("first");
    cr_assert_str_eq(first, "first");
    cr_assert_null(ix_dup_cstr("second"));
    char *third = ix_dup_mem("third\0!", 7);
    cr_assert_eq(memcmp(third, "third\0!", 8), 0);
    cr_assert_eq(oom_count(), 3);
    cr_assert_eq(oom_live_bytes(), 6 + 8);
    first = ix_realloc(first, 100);
    cr_assert_str_eq(first, "first");
    ix_free(first);
    cr_assert_eq(oom_live_bytes(), 8);
    ix_free(third);
    cr_assert_eq(oom_end(&injected), 0);
    cr_assert(injected);
    cr_assert_null(ix_dup_cstr(NULL));
}

Test(alloc, wipes)
{
    char secret[8] = "secret!";
    static const char zeros[8];

    ix_wipe(secret, sizeof secret);
    cr_assert_eq(memcmp(secret, zeros, sizeof secret), 0);
    ix_wipe(NULL, 0);
}

Test(alloc, compares_in_constant_time)
{
    cr_assert(ix_equal_ct("abc", "abc", 3));
    cr_assert_not(ix_equal_ct("abc", "abd", 3));
    cr_assert_not(ix_equal_ct("Abc", "abc", 3));
    cr_assert(ix_equal_ct("x", "y", 0));
}
