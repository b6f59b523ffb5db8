/* SPDX-License-Identifier: MIT */
/* Has to fail: a leak in a test that asserts nothing wrong (tests/support/leaks.c). */
#include <criterion/criterion.h>

#include "core/core.h"

Test(selftest, leaks)
{
    for (size_t i = 0; i < 10; i++) /* more than one, since an old pointer may linger on the stack */
        cr_assert_not_null(ix_dup_cstr("lost"));
}
