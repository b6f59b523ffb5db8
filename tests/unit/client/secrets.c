/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "kit.h"

static struct ix_secrets s;

static void secrets_up(void)
{
    ix_secrets_init(&s);
}

static void secrets_down(void)
{
    ix_secrets_clear(&s);
}

TestSuite(secrets, .init = secrets_up, .fini = secrets_down);

static size_t count(void)
{
    struct ix_str list[IX_SECRETS_MAX];
    size_t n = ix_secrets_lock(&s, list);

    ix_secrets_unlock(&s);
    return n;
}

Test(secrets, one_is_kept_once)
{
    cr_assert_eq(ix_secrets_add(&s, "a"), 0);
    cr_assert_eq(ix_secrets_add(&s, "a"), 0);
    cr_assert_eq(ix_secrets_add(&s, "b"), 0);
    cr_assert_eq(count(), 2);
    cr_assert_eq(ix_secrets_add(&s, ""), IRISX_E_INVALID, "everybody knows it");
    cr_assert_eq(ix_secrets_add(&s, NULL), IRISX_E_INVALID);
}

Test(secrets, there_are_sixteen_and_a_removed_one_makes_room)
{
    char text[8];

    for (int i = 0; i < IX_SECRETS_MAX; i++) {
        (void) snprintf(text, sizeof text, "s%d", i);
        cr_assert_eq(ix_secrets_add(&s, text), 0);
    }
    cr_assert_eq(ix_secrets_add(&s, "more"), IRISX_E_LIMIT);
    cr_assert_eq(ix_secrets_add(&s, "s3"), 0, "it is there");
    cr_assert_eq(ix_secrets_remove(&s, "s3"), 0);
    cr_assert_eq(ix_secrets_add(&s, "more"), 0);
}

Test(secrets, a_removed_one_is_gone_and_the_others_stay)
{
    struct ix_str list[IX_SECRETS_MAX];

    cr_assert_eq(ix_secrets_add(&s, "a"), 0);
    cr_assert_eq(ix_secrets_add(&s, "b"), 0);
    cr_assert_eq(ix_secrets_remove(&s, "a"), 0);
    cr_assert_eq(ix_secrets_remove(&s, "a"), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_secrets_remove(&s, ""), IRISX_E_INVALID);
    cr_assert_eq(ix_secrets_lock(&s, list), 1);
    cr_assert(ix_str_eq(list[0], IX_STR("b")));
    ix_secrets_unlock(&s);
}
