/* SPDX-License-Identifier: MIT */
/*
 * Adapt: what the peer's RTCP says (RFC 3550 section 6.4.1) to redundancy and bitrate of what we send, with hysteresis:
 * up at the first bad report, down only after several good ones.
 *
 *   loss             1 %          10 %, or a round trip that grows
 *   redundancy  none  |  made for the loss, room for it  |  made for the loss
 *   bitrate     base  |  base + a quarter                |  less at each report, down to two thirds
 */
#include "media/engine.h"

#define LOSS_FROM 1.0f /* percent: below it redundancy costs more than it gives */
#define LOSS_HEAVY 10.0f
#define CALM 0.3f /* percent, on average */
#define CALM_REPORTS 4 /* 20 s at the usual interval */
#define GROWN_US (150 * IX_MS) /* above the shortest round trip: a queue, and we feed it */
#define STEP_BPS 2000u

void ix_adapt_reset(struct adapt *a)
{
    *a = (struct adapt){ .shortest_us = UINT32_MAX };
}

static uint8_t rounded_up(float percent)
{
    static const uint8_t steps[] = { 2, 5, 10, 15, 20, 30 };
    for (size_t i = 0; i < IX_COUNT(steps); i++)
        if (percent <= (float) steps[i])
            return steps[i];
    return steps[IX_COUNT(steps) - 1];
}

static void adapt_loss(struct adapt *a, float loss)
{
    a->average = IX_MAX(loss, a->average * 0.75f + loss * 0.25f);
    a->calm = a->average < CALM ? a->calm + 1 : 0;
    if (a->average >= LOSS_FROM) {
        uint8_t wanted = rounded_up(a->average);
        if (wanted > a->loss_percent || a->average < (float) a->loss_percent / 2.0f)
            a->loss_percent = wanted;
    } else if (a->calm >= CALM_REPORTS) {
        a->loss_percent = 0;
    }
}

static void adapt_bitrate(struct adapt *a, float loss, uint32_t round_trip_us, uint32_t base)
{
    a->round_trip_us = round_trip_us;
    if (round_trip_us)
        a->shortest_us = IX_MIN(a->shortest_us, round_trip_us);
    bool queue = round_trip_us && round_trip_us > a->shortest_us + GROWN_US;
    uint32_t least = base * 2 / 3, most = a->loss_percent ? base + base / 4 : base;
    uint32_t now = a->bitrate ? a->bitrate : base;
    if (loss >= LOSS_HEAVY || queue) {
        a->good = 0;
        now = now > least + STEP_BPS ? now - STEP_BPS : least;
    } else if (++a->good >= CALM_REPORTS || now >= base) {
        now += STEP_BPS;
    }
    a->bitrate = IX_MIN(now, most);
}

bool ix_adapt_report(struct adapt *a, const struct ix_media_report *r, uint32_t base)
{
    uint8_t loss_percent = a->loss_percent;
    uint32_t bitrate = a->bitrate;
    float loss = (float) r->fraction_lost * 100.0f / 256.0f;
    base = base ? base : IX_OPUS_BITRATE;
    adapt_loss(a, loss);
    adapt_bitrate(a, loss, r->round_trip_us, base);
    return a->loss_percent != loss_percent || a->bitrate != bitrate;
}
