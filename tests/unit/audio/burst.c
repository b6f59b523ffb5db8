/* SPDX-License-Identifier: MIT */
/* '.' came, 'x' was lost; 20 ms each. */
#include <criterion/criterion.h>

#include "audio/audio.h"

static struct ix_burst_figures of(const char *pattern, int times)
{
    struct ix_burst b = { 0 };
    struct ix_burst_figures f;
    for (int i = 0; i < times; i++)
        for (const char *p = pattern; *p; p++)
            ix_burst_packet(&b, *p == 'x');
    ix_burst_figures(&b, 20, &f);
    return f;
}

Test(burst, without_loss_there_is_neither_burst_nor_density)
{
    struct ix_burst_figures f = of("..........", 50);
    cr_assert(f.burst_density == 0.0f && f.gap_density == 0.0f && f.burst_ms == 0);
}

Test(burst, single_losses_far_apart_belong_to_the_gap)
{
    struct ix_burst_figures f = of("...................x", 100);
    cr_assert_eq(f.burst_ms, 0);
    cr_assert_float_eq(f.gap_density, 0.05f, 0.006f, "%f", (double) f.gap_density);
}

Test(burst, losses_close_together_are_a_burst_with_its_length_and_density)
{
    struct ix_burst_figures f = of("x.xx.x.............................................", 100); /* 6 packets, 4 lost */
    cr_assert_float_eq((float) f.burst_ms, 120.0f, 25.0f, "%u ms", f.burst_ms);
    cr_assert_gt(f.burst_density, 0.5f, "%f", (double) f.burst_density);
    cr_assert_float_eq((float) f.gap_ms, 900.0f, 60.0f, "%u ms", f.gap_ms);
    cr_assert_lt(f.gap_density, 0.01f);
}
