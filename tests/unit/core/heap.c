/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "core/core.h"

Test(heap, gives_timers_in_the_order_of_their_deadlines)
{
    static const uint64_t at[] = { 50, 10, 40, 20, 30, 10 };
    struct ix_timer timers[IX_COUNT(at)] = { 0 };
    struct ix_heap h;
    uint64_t last = 0;
    size_t count = 0;

    ix_heap_init(&h);
    cr_assert_eq(ix_heap_deadline(&h), IX_NEVER);
    for (size_t i = 0; i < IX_COUNT(at); i++)
        cr_assert_eq(ix_heap_set(&h, &timers[i], at[i]), 0);
    cr_assert_eq(ix_heap_deadline(&h), 10);
    cr_assert_null(ix_heap_due(&h, 9));
    for (struct ix_timer *t; (t = ix_heap_due(&h, 45)) != NULL; count++) {
        cr_assert(t->at_us >= last);
        cr_assert_eq(t->index, 0);
        last = t->at_us;
    }
    cr_assert_eq(count, 5);
    cr_assert_eq(ix_heap_deadline(&h), 50);
    ix_heap_clear(&h);
    cr_assert_eq(timers[0].index, 0);
    ix_heap_clear(NULL);
}

Test(heap, moves_and_removes)
{
    struct ix_timer a = { 0 };
    struct ix_timer b = { 0 };
    struct ix_heap h;

    ix_heap_init(&h);
    ix_heap_set(&h, &a, 10);
    ix_heap_set(&h, &b, 20);
    ix_heap_set(&h, &a, 30);
    cr_assert_eq(ix_heap_deadline(&h), 20);
    ix_heap_set(&h, &a, 5);
    cr_assert_eq(ix_heap_deadline(&h), 5);
    cr_assert_eq(ix_heap_set(&h, &a, IX_NEVER), 0);
    cr_assert_eq(a.index, 0);
    cr_assert_eq(ix_heap_deadline(&h), 20);
    ix_heap_remove(&h, &a);
    ix_heap_remove(&h, &b);
    cr_assert_eq(h.n, 0);
    cr_assert_eq(ix_heap_set(&h, &a, IX_NEVER), 0, "never is a removal even if it was not there");
    ix_heap_clear(&h);
}

static void assert_heap(const struct ix_heap *h)
{
    for (size_t i = 0; i < h->n; i++) {
        cr_assert_eq(h->items[i]->index, i + 1);
        cr_assert(i == 0 || h->items[(i - 1) / 2]->at_us <= h->items[i]->at_us);
    }
}

Test(heap, stays_a_heap_through_a_thousand_random_changes)
{
    static struct ix_timer timers[100];
    struct ix_prng prng;
    struct ix_heap h;

    ix_prng_seed(&prng, 7);
    struct ix_rng rng = ix_prng_rng(&prng);
    ix_heap_init(&h);
    for (int i = 0; i < 1000; i++) {
        struct ix_timer *t = &timers[ix_rng_below(&rng, 100)];
        if (ix_rng_below(&rng, 3) == 0)
            ix_heap_remove(&h, t);
        else
            cr_assert_eq(ix_heap_set(&h, t, ix_rng_below(&rng, 50)), 0);
        assert_heap(&h);
    }
    ix_heap_clear(&h);
}
