/* SPDX-License-Identifier: MIT */
/*
 * A leak fails the test that has it. LeakSanitizer looks when a process ends, and Criterion does not mind how a test's
 * process ends once the test is over; so look before that. Unit programs are linked with
 * --wrap=criterion_internal_test_main, which brings each test here.
 */
#include <criterion/criterion.h>

#include "core/core.h"

/* of the sanitizers' runtime; prints and ends the process if there is a leak */
void __lsan_do_leak_check(void) __attribute__((weak));

void __real_criterion_internal_test_main(void (*test)(void));
void __wrap_criterion_internal_test_main(void (*test)(void));

/* Criterion itself leaks 48 bytes when it runs more than a hundred tests; its own end is not looked at. */
const char *__asan_default_options(void);
__attribute__((visibility("default"), used)) const char *__asan_default_options(void)
{
    return "leak_check_at_exit=0";
}

static void (*running)(void); /* each test has a process of its own */

static void run_and_look(void)
{
    running();
    if (__lsan_do_leak_check != NULL)
        __lsan_do_leak_check();
}

void __wrap_criterion_internal_test_main(void (*test)(void))
{
    running = test;
    __real_criterion_internal_test_main(run_and_look);
}
