/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "core/core.h"

static void keep_signal(const char *cond, const char *file, int line)
{
    bool right = strcmp(cond, "1 == 2") == 0 && strstr(file, "assert.c") != NULL && line > 0;

    raise(right ? SIGUSR1 : SIGTERM);
}

Test(assert, says_nothing_of_itself_and_ends_the_process, .signal = SIGABRT)
{
    IX_ASSERT(1 == 1);
    IX_ASSERT(1 == 2);
}

Test(assert, hands_its_last_line_to_the_hook_first, .signal = SIGUSR1)
{
    ix_set_assert_hook(keep_signal);
    IX_ASSERT(1 == 2);
}

static void trip_again(const char *cond, const char *file, int line)
{
    (void) cond;
    (void) file;
    IX_ASSERT(line < 0);
}

Test(assert, a_hook_that_trips_itself_does_not_recurse, .signal = SIGABRT)
{
    ix_set_assert_hook(trip_again);
    IX_ASSERT(1 == 2);
}

Test(assert, a_node_in_two_lists_is_a_bug, .signal = SIGABRT)
{
    struct ix_list a;
    struct ix_list b;
    struct ix_list node = { 0 };

    ix_list_init(&a);
    ix_list_init(&b);
    ix_list_append(&a, &node);
    ix_list_append(&b, &node);
}
