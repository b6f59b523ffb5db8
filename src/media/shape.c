/* SPDX-License-Identifier: MIT */
/*
 * Shape: the delay follows its target by time stretching. A packet is decoded at a tick, and at the next one the one
 * behind it must be there; what is decoded beyond the tick only shortens what has to be made up when it is not. So a
 * tick is the step in which delay counts: a piece is cut out only when a whole tick more than the target has been
 * waited, and put in when less than the target was.
 */
#include "media/engine.h"

#define OVER_US (10 * IX_MS) /* beyond the target and a tick: below it nothing is done */
#define FAST_US (60 * IX_MS) /* so far off the pieces follow each other */
#define REST_TICKS 2
#define SPARE_TICKS 50u /* so long a cut waits for silence rather than being made in speech */
#define LIKENESS 0.85f /* of the two ends of a piece; what is less alike is heard */
#define LIKENESS_FAST 0.6f
#define QUIET_MAX 0.02f /* RMS; -34 dB: never quiet above */
#define QUIET_MIN 0.002f /* -54 dB: always quiet below */
#define FLOOR_RISE 1.005f /* a frame; the quietest level seen follows a louder room in seconds */
#define LAG_MS 15

static float quiet_level(struct shaping *s, const int16_t *pcm, size_t n)
{
    float level = ix_rms(pcm, n);
    s->floor = IX_MAX(IX_MIN(level, s->floor * FLOOR_RISE), QUIET_MIN / 2.0f);
    return IX_MIN(IX_MAX(s->floor * 1.5f, QUIET_MIN), QUIET_MAX);
}

static void cut(struct ix_party *p, const struct ix_stretch *want)
{
    struct ix_splice splice;
    if (!ix_stretch_find(ix_party_fifo(p), p->fifo_n, want, &splice))
        return;
    p->fifo_n = ix_stretch_cut(ix_party_fifo(p), p->fifo_n, p->rate_hz, &splice);
    p->stats.removed_us += splice.lag * IX_S / p->rate_hz;
    p->stats.accelerations++;
    p->shaping.rest = REST_TICKS;
}

static void put_in(struct ix_party *p, const struct ix_stretch *want)
{
    struct ix_splice splice;
    if (p->fifo_n + LAG_MS * p->rate_hz / 1000 > FIFO_CAP ||
        !ix_stretch_find(ix_party_fifo(p), p->fifo_n, want, &splice))
        return;
    p->fifo_n = ix_stretch_double(ix_party_fifo(p), p->fifo_n, p->rate_hz, &splice);
    p->stats.inserted_us += splice.lag * IX_S / p->rate_hz;
    p->stats.decelerations++;
    p->shaping.rest = REST_TICKS;
}

void ix_party_shape(struct ix_party *p, const struct ix_jitter_got *got, size_t n)
{
    struct shaping *s = &p->shaping;
    const int16_t *pcm = ix_party_fifo(p) + p->fifo_n - n;
    int64_t over = got->excess_us - (int64_t) IX_TICK_US;
    struct ix_stretch want = { .rate_hz = p->rate_hz, .lag_max_ms = LAG_MS, .quiet = quiet_level(s, pcm, n) };
    bool fast = over > (int64_t) FAST_US || got->excess_us < -(int64_t) FAST_US;
    bool quiet = ix_rms(pcm, n) < want.quiet;
    want.likeness = fast ? LIKENESS_FAST : LIKENESS;
    bool too_much = over > (int64_t) OVER_US && got->waiting > 0;
    s->too_much = too_much ? s->too_much + 1 : 0;
    if (s->rest > 0 && !fast && !quiet)
        return;
    if (too_much && (fast || quiet || s->too_much > SPARE_TICKS))
        cut(p, &want);
    else if (got->excess_us < 0)
        put_in(p, &want);
}
