/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

static bool put(struct ix_ring *r, const char *head, const char *body)
{
    return ix_ring_put(r, head, strlen(head), body, strlen(body));
}

static void assert_next(struct ix_ring *r, const char *want)
{
    size_t len;
    const void *p = ix_ring_peek(r, &len);

    cr_assert_not_null(p);
    cr_assert_eq((uintptr_t) p % 8, 0);
    cr_assert(ix_str_eq(ix_str_n(p, len), ix_str(want)), "%.*s is not %s", (int) len, (const char *) p, want);
    cr_assert_eq(ix_ring_peek(r, &len), p, "a second look sees the same");
    ix_ring_drop(r);
}

Test(ring, gives_records_whole_and_in_order)
{
    struct ix_ring *r = ix_ring_new(256);
    size_t len;

    cr_assert_null(ix_ring_peek(r, &len));
    cr_assert(put(r, "head", "body"));
    cr_assert(put(r, "", ""));
    cr_assert(ix_ring_put(r, NULL, 0, "x", 1));
    cr_assert(ix_ring_put(r, "y", 1, NULL, 0));
    assert_next(r, "headbody");
    assert_next(r, "");
    assert_next(r, "x");
    assert_next(r, "y");
    cr_assert_null(ix_ring_peek(r, &len));
    ix_ring_drop(r); /* nothing to drop */
    cr_assert(put(r, "z", ""));
    assert_next(r, "z");
    ix_ring_free(r);
    ix_ring_free(NULL);
}

Test(ring, refuses_and_counts_when_it_is_full)
{
    struct ix_ring *r = ix_ring_new(64);

    for (int i = 0; i < 4; i++)
        cr_assert(put(r, "12345678", ""));
    cr_assert_not(put(r, "", ""));
    cr_assert_eq(ix_ring_refused(r), 1);
    assert_next(r, "12345678");
    cr_assert(put(r, "9", "0"));
    for (int i = 0; i < 3; i++)
        assert_next(r, "12345678");
    assert_next(r, "90");
    ix_ring_free(r);
}

Test(ring, a_record_is_never_split_at_the_end)
{
    struct ix_ring *r = ix_ring_new(64);

    cr_assert(put(r, "123456789012345678901234", "")); /* 0 .. 32 */
    cr_assert(put(r, "abcdefgh", "")); /* 32 .. 48, 16 are left */
    assert_next(r, "123456789012345678901234");
    cr_assert(put(r, "ABCDEFGH", "IJKLMNOP")); /* 24 do not fit there: skips to the start */
    cr_assert_not(put(r, "x", "y"), "the skipped bytes count as used");
    assert_next(r, "abcdefgh");
    assert_next(r, "ABCDEFGHIJKLMNOP");
    ix_ring_free(r);
}

/* whatever the position, an empty ring takes a record of the largest size */
Test(ring, an_empty_ring_takes_half_its_capacity_at_any_position)
{
    char largest[24];

    memset(largest, 'L', sizeof largest);
    for (int start = 0; start < 8; start++) {
        struct ix_ring *r = ix_ring_new(64);
        size_t len;
        for (int i = 0; i < start; i++) {
            cr_assert(put(r, "", ""));
            assert_next(r, "");
        }
        cr_assert_not(ix_ring_put(r, largest, sizeof largest, "!", 1));
        cr_assert(ix_ring_put(r, largest, sizeof largest, NULL, 0));
        cr_assert_not_null(ix_ring_peek(r, &len));
        cr_assert_eq(len, sizeof largest);
        ix_ring_free(r);
    }
}

Test(ring, refuses_lengths_that_overflow)
{
    struct ix_ring *r = ix_ring_new(64);

    cr_assert_not(ix_ring_put(r, "", SIZE_MAX, "", 1));
    cr_assert_not(ix_ring_put(r, "", 1, "", SIZE_MAX));
    cr_assert_null(ix_ring_new(SIZE_MAX));
    ix_ring_free(r);
}

Test(ring, gives_back_what_went_in_over_many_rounds)
{
    struct ix_ring *r = ix_ring_new(512);
    struct ix_prng prng;
    uint32_t written = 0;
    uint32_t seen = 0;
    uint8_t body[200];
    size_t len;

    ix_prng_seed(&prng, 3);
    struct ix_rng rng = ix_prng_rng(&prng);
    for (int i = 0; i < 20000; i++) {
        memset(body, (int) (written & 0xff), sizeof body);
        if (ix_rng_below(&rng, 2) == 0 && ix_ring_put(r, &written, 4, body, written % 200))
            written++;
        const uint8_t *p = ix_rng_below(&rng, 2) == 0 ? ix_ring_peek(r, &len) : NULL;
        if (p == NULL)
            continue;
        cr_assert_eq(memcmp(p, &seen, 4), 0);
        cr_assert_eq(len, 4 + seen % 200);
        for (size_t k = 4; k < len; k++)
            cr_assert_eq(p[k], seen & 0xff);
        ix_ring_drop(r);
        seen++;
    }
    cr_assert(seen > 5000);
    ix_ring_free(r);
}
