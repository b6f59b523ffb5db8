/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "core/core.h"

Test(pcm_ring, takes_what_fits_and_gives_what_is_there)
{
    struct ix_pcm_ring *r = ix_pcm_ring_new(64);
    int16_t in[100];
    int16_t out[100];

    for (int i = 0; i < 100; i++)
        in[i] = (int16_t) (i - 50);
    cr_assert_eq(ix_pcm_ring_read(r, out, 100), 0);
    cr_assert_eq(ix_pcm_ring_write(r, in, 100), 64);
    cr_assert_eq(ix_pcm_ring_space(r), 0);
    cr_assert_eq(ix_pcm_ring_write(r, in, 1), 0);
    cr_assert_eq(ix_pcm_ring_read(r, out, 40), 40);
    cr_assert_eq(ix_pcm_ring_used(r), 24);
    cr_assert_eq(ix_pcm_ring_write(r, in + 64, 36), 36);
    cr_assert_eq(ix_pcm_ring_read(r, out + 40, 100), 60);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(out[i], in[i], "sample %d", i);
    ix_pcm_ring_free(r);
}

Test(pcm_ring, ends_when_it_is_drained)
{
    struct ix_pcm_ring *r = ix_pcm_ring_new(1);
    int16_t s = 5;

    cr_assert_eq(ix_pcm_ring_space(r), 64, "64 at least");
    cr_assert_eq(ix_pcm_ring_write(r, &s, 1), 1);
    cr_assert_not(ix_pcm_ring_ended(r));
    ix_pcm_ring_end(r);
    cr_assert_not(ix_pcm_ring_ended(r));
    cr_assert_eq(ix_pcm_ring_read(r, &s, 1), 1);
    cr_assert(ix_pcm_ring_ended(r));
    ix_pcm_ring_free(r);
    ix_pcm_ring_free(NULL);
    cr_assert_null(ix_pcm_ring_new(SIZE_MAX));
}
