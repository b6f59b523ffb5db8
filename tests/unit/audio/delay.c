/* SPDX-License-Identifier: MIT */
/* Transit times in milliseconds, one packet each 20 ms. */
#include <criterion/criterion.h>

#include "audio/internal.h"

static uint64_t clock_us;

static struct ix_delay fresh(int64_t transit_ms)
{
    struct ix_delay d;
    clock_us = 50 * IX_S;
    ix_delay_reset(&d, transit_ms * 1000, clock_us);
    return d;
}

static void feed(struct ix_delay *d, unsigned packets, int64_t transit_ms)
{
    for (; packets > 0; packets--, clock_us += 20 * IX_MS)
        ix_delay_measure(d, transit_ms * 1000, clock_us);
}

Test(delay, a_calm_path_needs_next_to_nothing)
{
    struct ix_delay d = fresh(700);
    feed(&d, 500, 700);
    cr_assert_leq(ix_delay_need(&d), 8 * IX_MS);
    cr_assert_eq(ix_delay_base(&d), 700 * 1000);
}

Test(delay, what_happens_each_second_is_waited_for_and_what_happens_once_is_not)
{
    struct ix_delay d = fresh(0);
    feed(&d, 1500, 0);
    feed(&d, 1, 200);
    feed(&d, 49, 0);
    cr_assert_leq(ix_delay_need(&d), 8 * IX_MS);
    for (int second = 0; second < 10; second++) {
        feed(&d, 1, 200);
        feed(&d, 49, 0);
    }
    cr_assert_geq(ix_delay_need(&d), 200 * IX_MS);
    cr_assert_leq(ix_delay_need(&d), 208 * IX_MS);
}

Test(delay, a_pause_that_holds_up_many_packets_counts_once)
{
    struct ix_delay d = fresh(0);
    feed(&d, 3000, 0);
    for (int late = 400; late > 0; late -= 20)
        feed(&d, 1, late);
    feed(&d, 25, 0);
    cr_assert_leq(ix_delay_need(&d), 8 * IX_MS);
}

Test(delay, the_base_follows_a_path_that_becomes_slower_within_ten_seconds)
{
    struct ix_delay d = fresh(0);
    feed(&d, 1000, 0);
    feed(&d, 350, 60);
    cr_assert_geq(ix_delay_need(&d), 60 * IX_MS);
    feed(&d, 250, 60);
    cr_assert_eq(ix_delay_base(&d), 60 * 1000);
    cr_assert_leq(ix_delay_need(&d), 12 * IX_MS, "and nothing must be stretched for it");
    feed(&d, 10, 0); /* and back at once */
    cr_assert_eq(ix_delay_base(&d), 0);
    cr_assert_geq(ix_delay_need(&d), 60 * IX_MS);
}

Test(delay, a_clock_that_drifts_is_no_jitter)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        struct ix_delay d = fresh(0);
        for (int k = 0; k < 30000; k++, clock_us += 20 * IX_MS) /* 10 minutes, 200 ppm */
            ix_delay_measure(&d, sign * k * 4, clock_us);
        cr_assert_leq(ix_delay_need(&d), 12 * IX_MS, "sign %d: %lu", sign, (unsigned long) ix_delay_need(&d));
    }
}

Test(delay, whatever_comes_the_need_stays_within_the_histogram)
{
    struct ix_prng prng;
    ix_prng_seed(&prng, 3);
    struct ix_rng rng = ix_prng_rng(&prng);
    struct ix_delay d = fresh(0);
    for (int i = 0; i < 20000; i++, clock_us += ix_rng_below(&rng, 3000000)) {
        ix_delay_measure(&d, (int64_t) ix_rng_below(&rng, 4000000) - 2000000, clock_us);
        ix_delay_loss(&d, ix_rng_below(&rng, 2));
        cr_assert_leq(ix_delay_need(&d), (IX_DELAY_BUCKETS + 2) * (uint64_t) IX_DELAY_BUCKET_US + 8 * IX_S);
    }
}
