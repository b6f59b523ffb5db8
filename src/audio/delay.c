/* SPDX-License-Identifier: MIT */
/*
 * How long to wait: from the distribution of the arrivals, not from their peak.
 *
 * Transit time is arrival less sending time, on a clock of its own; the base is the smallest of the last ten seconds.
 * Of each half second the slowest packet goes into a histogram that forgets: a pause of the network counts once,
 * however many packets it held up, and one that comes once a minute does not count at all. The quantile of that
 * histogram is what is waited for. It lies at transit times, not at delays above the base: when the base moves (a
 * drifting clock, another route) nothing that was learned is wrong.
 */
#include "audio/internal.h"

#include <math.h>
#include <string.h>

#define BASE_WINDOW_US (2 * IX_S)
#define PEAK_WINDOW_US (500 * IX_MS)
#define KEEP 0.983f /* of the histogram, each half second: half a minute */
#define QUANTILE 0.95f
#define QUANTILE_REDUNDANCY 0.3f /* redundancy that comes late now and then is still worth having */
#define MARGIN_US (3 * IX_MS) /* a delay that wanders is followed before it hurts */
#define LOSS_KEEP 0.995f
#define LOSS_MATTERS 0.004f
#define LOSS_AT_FIRST 0.02f /* who sends redundancy knows why: six seconds to prove it */

void ix_delay_reset(struct ix_delay *d, int64_t transit, uint64_t now_us)
{
    memset(d, 0, sizeof(*d));
    for (unsigned i = 0; i < IX_DELAY_WINDOWS; i++)
        d->base[i] = transit;
    d->base_until_us = now_us + BASE_WINDOW_US;
    d->origin = d->peak = transit;
    d->peak_until_us = now_us + PEAK_WINDOW_US;
    d->loss = LOSS_AT_FIRST;
}

int64_t ix_delay_base(const struct ix_delay *d)
{
    int64_t base = d->base[0];
    for (unsigned i = 1; i < IX_DELAY_WINDOWS; i++)
        base = IX_MIN(base, d->base[i]);
    return base;
}

static void base_add(struct ix_delay *d, int64_t transit, uint64_t arrival_us)
{
    if (arrival_us >= d->base_until_us) {
        d->base_at = (d->base_at + 1) % IX_DELAY_WINDOWS;
        d->base[d->base_at] = transit;
        d->base_until_us = arrival_us + BASE_WINDOW_US;
    }
    d->base[d->base_at] = IX_MIN(d->base[d->base_at], transit);
}

/* ---- the histogram ------------------------------------------------------------------------- */
static void shift_up(struct ix_delay *d, uint64_t by)
{
    unsigned n = (unsigned) IX_MIN(by, (uint64_t) IX_DELAY_BUCKETS - 1);
    float over = 0.0f;
    for (unsigned i = IX_DELAY_BUCKETS - n; i < IX_DELAY_BUCKETS; i++)
        over += d->peaks[i];
    memmove(d->peaks + n, d->peaks, (IX_DELAY_BUCKETS - n) * sizeof(*d->peaks));
    memset(d->peaks, 0, n * sizeof(*d->peaks));
    d->peaks[IX_DELAY_BUCKETS - 1] += over;
}

static void shift_down(struct ix_delay *d, uint64_t by)
{
    unsigned n = (unsigned) IX_MIN(by, (uint64_t) IX_DELAY_BUCKETS - 1);
    float under = 0.0f;
    for (unsigned i = 0; i < n; i++)
        under += d->peaks[i];
    memmove(d->peaks, d->peaks + n, (IX_DELAY_BUCKETS - n) * sizeof(*d->peaks));
    memset(d->peaks + IX_DELAY_BUCKETS - n, 0, n * sizeof(*d->peaks));
    d->peaks[0] += under;
}

/* Bucket 0 begins at the base. Where that creeps the clocks drift, and all that was learned creeps with it; where it
 * jumps the path has changed, and what was learned stays where it was. */
static void follow_base(struct ix_delay *d)
{
    int64_t off = ix_delay_base(d) - d->origin;
    if (off <= -IX_DELAY_BUCKET_US)
        shift_up(d, (uint64_t) (-off + IX_DELAY_BUCKET_US / 2) / IX_DELAY_BUCKET_US);
    else if (off >= IX_DELAY_BUCKET_US)
        shift_down(d, (uint64_t) (off + IX_DELAY_BUCKET_US / 2) / IX_DELAY_BUCKET_US);
    d->origin += off;
}

static unsigned bucket_of(const struct ix_delay *d, int64_t transit)
{
    int64_t at = IX_MAX(transit - d->origin, 0) / IX_DELAY_BUCKET_US;
    return (unsigned) IX_MIN(at, (int64_t) IX_DELAY_BUCKETS - 1);
}

/* what an entry that is added now leaves of the others: at first it is a plain mean */
static float keep_now(const struct ix_delay *d)
{
    return fminf(1.0f - 1.0f / ((float) d->peaks_n + 1.0f), KEEP);
}

static void peak_close(struct ix_delay *d)
{
    float keep = keep_now(d);
    for (unsigned i = 0; i < IX_DELAY_BUCKETS; i++)
        d->peaks[i] *= keep;
    d->peaks[bucket_of(d, d->peak)] += 1.0f - keep;
    d->peaks_n += d->peaks_n < UINT32_MAX - 1;
}

void ix_delay_measure(struct ix_delay *d, int64_t transit, uint64_t arrival_us)
{
    base_add(d, transit, arrival_us);
    follow_base(d);
    if (arrival_us >= d->peak_until_us) {
        peak_close(d);
        d->peak = transit;
        d->peak_until_us = arrival_us + PEAK_WINDOW_US;
    }
    d->peak = IX_MAX(d->peak, transit);
}

void ix_delay_loss(struct ix_delay *d, bool lost)
{
    d->loss = d->loss * LOSS_KEEP + (lost ? 1.0f - LOSS_KEEP : 0.0f);
}

/* Upper edge of the bucket, above the base. The half second under way counts as if it were over. */
static uint64_t quantile(const struct ix_delay *d, float share)
{
    float keep = keep_now(d), sum = 0.0f;
    unsigned now = bucket_of(d, d->peak), i = 0;
    for (;; i++) {
        sum += d->peaks[i] * keep + (i == now ? 1.0f - keep : 0.0f);
        if (sum >= share || i == IX_DELAY_BUCKETS - 1)
            break;
    }
    return (i + 1) * (uint64_t) IX_DELAY_BUCKET_US;
}

uint64_t ix_delay_need(const struct ix_delay *d)
{
    uint64_t need = quantile(d, QUANTILE) + MARGIN_US;
    if (d->redundancy_us == 0 || d->loss < LOSS_MATTERS)
        return need;
    /* what is lost can be restored if the packet behind it is there in time */
    return IX_MAX(need, d->redundancy_us + quantile(d, QUANTILE_REDUNDANCY));
}
