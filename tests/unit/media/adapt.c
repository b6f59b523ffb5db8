/* SPDX-License-Identifier: MIT */
/* Reports of the peer: loss in percent, round trip in ms. */
#include <criterion/criterion.h>

#include "media/engine.h"

static bool report(struct adapt *a, unsigned percent, uint32_t round_trip_ms)
{
    struct ix_media_report r = { (uint8_t) ((percent * 256 + 99) / 100), round_trip_ms * 1000 };
    return ix_adapt_report(a, &r, 24000);
}

static struct adapt fresh(void)
{
    struct adapt a;
    ix_adapt_reset(&a);
    return a;
}

Test(adapt, the_first_bad_report_brings_redundancy_and_room_for_it)
{
    struct adapt a = fresh();
    (void) report(&a, 0, 50);
    cr_assert(a.loss_percent == 0 && a.bitrate == 24000);
    cr_assert(report(&a, 6, 50));
    cr_assert_eq(a.loss_percent, 10);
    for (int i = 0; i < 10; i++)
        (void) report(&a, 6, 50);
    cr_assert_eq(a.bitrate, 30000);
}

Test(adapt, redundancy_goes_only_after_four_good_reports_in_a_row)
{
    struct adapt a = fresh();
    (void) report(&a, 5, 50);
    unsigned reports = 0;
    for (; a.loss_percent && reports < 40; reports++)
        (void) report(&a, 0, 50);
    cr_assert(reports >= 8 && reports <= 20, "%u", reports);
    cr_assert_leq(a.bitrate, 24000);
    cr_assert_not(report(&a, 0, 50), "and nothing changes any more");
}

Test(adapt, a_loss_that_comes_and_goes_does_not_make_it_flutter)
{
    struct adapt a = fresh();
    unsigned changes = 0;
    for (int i = 0; i < 20; i++)
        (void) report(&a, i % 2 ? 0 : 3, 50);
    uint8_t before = a.loss_percent;
    for (int i = 0; i < 100; i++) {
        (void) report(&a, i % 2 ? 0 : 3, 50);
        changes += a.loss_percent != before;
        before = a.loss_percent;
    }
    cr_assert_eq(changes, 0);
    cr_assert_eq(before, 5);
}

Test(adapt, a_queue_or_heavy_loss_takes_bitrate_down_to_two_thirds_and_no_further)
{
    struct adapt a = fresh();
    (void) report(&a, 0, 40);
    for (int i = 0; i < 20; i++)
        (void) report(&a, 0, 400);
    cr_assert_eq(a.bitrate, 16000);
    for (int i = 0; i < 20; i++)
        (void) report(&a, 0, 45);
    cr_assert_eq(a.bitrate, 24000);
    for (int i = 0; i < 20; i++)
        (void) report(&a, 40, 45);
    cr_assert(a.bitrate == 16000 && a.loss_percent == 30);
}
