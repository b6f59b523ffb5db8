/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "rtp/internal.h"

static const struct ix_rtp_voip voip = { .loss_rate = 12,
    .discard_rate = 3,
    .burst_density = 100,
    .gap_density = 4,
    .burst_ms = 120,
    .gap_ms = 4000,
    .round_trip_ms = 77,
    .end_system_delay_ms = 60,
    .signal_dbm = -20,
    .noise_dbm = -61,
    .r_factor = 88,
    .mos_lq = 42,
    .mos_cq = 41,
    .buffer_ms = 30,
    .buffer_max_ms = 375,
    .buffer_limit_ms = 500 };

static struct ix_buf written(const struct ix_xr *xr)
{
    static uint8_t bytes[128];
    struct ix_buf b;
    ix_buf_init_fixed(&b, bytes, sizeof(bytes));
    ix_xr_write(&b, xr);
    cr_assert_eq(b.err, 0);
    return b;
}

Test(xr, the_blocks_have_the_bytes_of_rfc_3611)
{
    struct ix_xr_dlrr dlrr = { 7, 0x11223344, 0x10000 };
    struct ix_buf b = written(&(struct ix_xr){ 1, 2, UINT64_C(0x0102030405060708), &dlrr, &voip });
    static const uint8_t head[] = { 0x80, 207, 0, 17, 0, 0, 0, 1, 4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 5, 0, 0, 3, 0, 0,
        0, 7, 0x11, 0x22, 0x33, 0x44, 0, 1, 0, 0, 7, 0, 0, 8, 0, 0, 0, 2, 12, 3, 100, 4, 0, 120, 0x0f, 0xa0, 0, 77, 0,
        60, 0xec, 0xc3, 127, 16, 88, 127, 42, 41, 0xf0, 0, 0, 30, 0x01, 0x77, 0x01, 0xf4 };
    cr_assert_eq(b.n, sizeof(head), "%zu", b.n);
    cr_assert_eq(memcmp(b.p, head, sizeof(head)), 0);
}

Test(xr, what_is_written_is_read_by_whom_it_concerns)
{
    struct ix_xr_dlrr dlrr = { 7, 5, 6 };
    struct ix_buf b = written(&(struct ix_xr){ 1, 7, 99, &dlrr, &voip });
    struct ix_xr_seen seen;
    ix_xr_read(ix_reader(b.p + 8, b.n - 8), 7, &seen);
    cr_assert(seen.have_ntp && seen.ntp == 99);
    cr_assert(seen.have_dlrr && seen.dlrr.lrr == 5 && seen.dlrr.dlrr == 6);
    cr_assert(seen.have_voip);
    cr_assert_eq(memcmp(&seen.voip, &voip, sizeof(voip)), 0);
    ix_xr_read(ix_reader(b.p + 8, b.n - 8), 8, &seen);
    cr_assert(seen.have_ntp && !seen.have_dlrr && !seen.have_voip);
}

Test(xr, unknown_blocks_are_passed_over_and_cut_ones_end_it)
{
    static const uint8_t bytes[] = { 99, 0, 0, 1, 1, 2, 3, 4, 4, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2 };
    struct ix_xr_seen seen;
    ix_xr_read(ix_reader(bytes, sizeof(bytes)), 7, &seen);
    cr_assert(seen.have_ntp && seen.ntp == UINT64_C(0x100000002));
    for (size_t n = 0; n < sizeof(bytes); n++) {
        ix_xr_read(ix_reader(bytes, n), 7, &seen);
        cr_assert_not(seen.have_ntp, "%zu bytes", n);
    }
}
