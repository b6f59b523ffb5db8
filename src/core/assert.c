/* SPDX-License-Identifier: MIT */
/* What happens when one of our own invariants is broken: the last line is handed out, then the process ends. */
#include "core/core.h"

#include <stdlib.h>

static ix_assert_fn last_resort;

void ix_set_assert_hook(ix_assert_fn fn)
{
    last_resort = fn;
}

_Noreturn void ix_assert_failed(const char *cond, const char *file, int line)
{
    ix_assert_fn fn = last_resort;

    last_resort = NULL; /* the hook may trip an assert itself */
    if (fn != NULL)
        fn(cond, file, line);
    abort();
}
