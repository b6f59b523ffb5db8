/* SPDX-License-Identifier: MIT */
/*
 * The scenarios once more, with a failing allocation: in place of Criterion, for the same files (-DSIM_STARVED). A test
 * registers itself; an assertion that does not hold leaves the scenario, which then still has to end as every run must.
 */
#ifndef SIM_STARVED_H
#define SIM_STARVED_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct starved_scenario {
    const char *suite, *name;
    void (*run)(void);
    struct starved_scenario *next;
};
void starved_register(struct starved_scenario *s);
/* ends what is open of the scenario and leaves it; does not return when good is false */
void starved_check(bool good, const char *what, const char *file, int line);

#define Test(suite_, name_, ...)                                                                          \
    static void suite_##_##name_(void);                                                                   \
    __attribute__((constructor)) static void register_##suite_##_##name_(void)                            \
    {                                                                                                     \
        static struct starved_scenario s = { .suite = #suite_, .name = #name_, .run = suite_##_##name_ }; \
                                                                                                          \
        starved_register(&s);                                                                             \
    }                                                                                                     \
    static void suite_##_##name_(void)

#define STARVED_CHECK(cond, what) starved_check((cond), what, __FILE__, __LINE__)
#define cr_assert(cond, ...) STARVED_CHECK(cond, #cond)
#define cr_assert_eq(a, b, ...) STARVED_CHECK((a) == (b), #a " == " #b)
#define cr_assert_neq(a, b, ...) STARVED_CHECK((a) != (b), #a " != " #b)
#define cr_assert_geq(a, b, ...) STARVED_CHECK((a) >= (b), #a " >= " #b)
#define cr_assert_leq(a, b, ...) STARVED_CHECK((a) <= (b), #a " <= " #b)
#define cr_assert_null(a, ...) STARVED_CHECK((a) == NULL, #a " is null")
#define cr_assert_not_null(a, ...) STARVED_CHECK((a) != NULL, #a " is not null")
#define cr_assert_str_eq(a, b, ...) STARVED_CHECK(strcmp(a, b) == 0, #a " equals " #b)
#define cr_assert_str_neq(a, b, ...) STARVED_CHECK(strcmp(a, b) != 0, #a " differs from " #b)

#endif
