/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "io/io.h"

Test(clock, both_clocks_run_and_sleeping_ends_not_before_the_time_asked)
{
    struct ix_now before = ix_clock_now();
    ix_clock_sleep_until(before.mono_us + 3 * IX_MS);
    struct ix_now after = ix_clock_now();
    cr_assert_geq(after.mono_us, before.mono_us + 3 * IX_MS);
    cr_assert_gt(after.wall_us, (int64_t) 1600000000 * (int64_t) IX_S);
}

Test(clock, entropy_differs_each_time)
{
    struct ix_rng rng = ix_entropy();
    uint8_t a[32], b[32];
    ix_rng_fill(&rng, a, sizeof a);
    ix_rng_fill(&rng, b, sizeof b);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
}
