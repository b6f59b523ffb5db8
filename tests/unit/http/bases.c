/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "http/http.h"

static struct ix_bases b;

static void teardown(void)
{
    ix_bases_clear(&b);
}

TestSuite(http_bases, .fini = teardown);

Test(http_bases, the_first_that_is_up_and_not_tried_is_asked)
{
    cr_assert_eq(ix_bases_init(&b, "http://a/", " http://b  http://c// "), 0);
    cr_assert_eq(b.count, 3);
    cr_assert_str_eq(b.items[0].url, "http://a");
    cr_assert_str_eq(b.items[2].url, "http://c");
    cr_assert_eq(ix_bases_pick(&b, 0), 0);
    cr_assert_eq(ix_bases_pick(&b, 1), 1);
    cr_assert(ix_bases_elsewhere(&b, 3));
    cr_assert_not(ix_bases_elsewhere(&b, 7));
    ix_bases_report(&b, 1, false, IX_S);
    cr_assert_eq(ix_bases_pick(&b, 1), 2);
    cr_assert_eq(ix_bases_pick(&b, 7), 0, "all were tried: the first that is up");
}

Test(http_bases, one_that_failed_is_probed_before_it_is_used_again_later_and_later)
{
    size_t i = 9;
    uint64_t now = IX_S, wait[8];

    cr_assert_eq(ix_bases_init(&b, "http://a", "http://b"), 0);
    for (int n = 0; n < 8; n++) {
        ix_bases_report(&b, 0, false, now);
        ix_bases_report(&b, 0, false, now); /* the second of two that failed together */
        cr_assert_not(ix_bases_probe(&b, now, &i));
        cr_assert_eq(ix_bases_pick(&b, 0), 1);
        wait[n] = b.items[0].down_until_us - now;
        now = b.items[0].down_until_us;
        cr_assert(ix_bases_probe(&b, now, &i));
        cr_assert_eq(i, 0);
        cr_assert_not(ix_bases_probe(&b, now, &i), "one probe at a time");
        cr_assert_eq(ix_bases_pick(&b, 0), 1, "not before it ended well");
    }
    cr_assert_eq(wait[0], IX_S);
    cr_assert_eq(wait[1], 2 * IX_S);
    cr_assert_eq(wait[7], 30 * IX_S);
    ix_bases_report(&b, 0, true, now);
    cr_assert_eq(ix_bases_pick(&b, 0), 0);
}

Test(http_bases, when_all_are_down_the_one_that_has_waited_longest_is_asked)
{
    cr_assert_eq(ix_bases_init(&b, "http://a", "http://b"), 0);
    ix_bases_report(&b, 0, false, 5 * IX_S);
    ix_bases_report(&b, 1, false, 2 * IX_S);
    cr_assert_eq(ix_bases_pick(&b, 0), 1);
}

Test(http_bases, one_alone_is_always_it_and_never_probed)
{
    size_t i;

    cr_assert_eq(ix_bases_init(&b, "http://a", NULL), 0);
    ix_bases_report(&b, 0, false, IX_S);
    cr_assert_eq(ix_bases_pick(&b, 1), 0);
    cr_assert_not(ix_bases_probe(&b, 100 * IX_S, &i));
}

Test(http_bases, too_many_are_refused)
{
    cr_assert_eq(ix_bases_init(&b, "http://a", "b c d e f g h"), 0);
    ix_bases_clear(&b);
    cr_assert_eq(ix_bases_init(&b, "http://a", "b c d e f g h i"), IRISX_E_LIMIT);
}
