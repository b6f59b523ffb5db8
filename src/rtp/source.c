/* SPDX-License-Identifier: MIT */
/*
 * Reception statistics of one source: extended sequence numbers and loss (RFC 3550 appendix A.1 and A.3), interarrival
 * jitter (appendix A.8). Packets come here authenticated and once, so that there is no probation and no duplicate.
 */
#include "rtp/internal.h"

#define JUMP_MAX 3000 /* packets; a greater step is a sender that started anew, not loss (MAX_DROPOUT) */
#define FIRST_CYCLE UINT64_C(0x10000) /* so that a packet older than the first has a number too */

void ix_rtp_source_start(struct ix_rtp_source *s, uint32_t ssrc)
{
    *s = (struct ix_rtp_source){ .ssrc = ssrc };
}

static void start_run(struct ix_rtp_source *s, uint16_t seq)
{
    s->base = s->highest = FIRST_CYCLE + seq;
    s->received = 1;
    s->expected_prior = s->received_prior = 0;
    s->started = true;
}

void ix_rtp_source_packet(struct ix_rtp_source *s, uint16_t seq, uint64_t arrival_us)
{
    s->last_arrival_us = arrival_us;
    if (!s->started) {
        start_run(s, seq);
        return;
    }
    int step = (int16_t) (uint16_t) (seq - (uint16_t) s->highest);
    if (step > JUMP_MAX || step < -JUMP_MAX) {
        s->lost_before = ix_rtp_source_lost(s);
        start_run(s, seq);
        return;
    }
    uint64_t extended = step >= 0 ? s->highest + (uint64_t) step : s->highest - (uint64_t) -step;
    s->highest = IX_MAX(s->highest, extended);
    s->base = IX_MIN(s->base, extended);
    s->received++;
}

static uint64_t expected(const struct ix_rtp_source *s)
{
    return s->started ? s->highest - s->base + 1 : 0;
}

uint64_t ix_rtp_source_lost(const struct ix_rtp_source *s)
{
    uint64_t want = expected(s);

    return s->lost_before + (want > s->received ? want - s->received : 0);
}

/* D(i-1, i) of section 6.4.1, in microseconds; timestamps may step back (reordering, wrap) */
void ix_rtp_source_transit(struct ix_rtp_source *s, uint32_t timestamp, uint32_t clock_hz, uint64_t arrival_us)
{
    if (s->clock_hz == clock_hz) {
        int64_t sent = (int64_t) (int32_t) (timestamp - s->transit_ts) * (int64_t) IX_S / (int64_t) clock_hz;
        int64_t d = (int64_t) (arrival_us - s->transit_us) - sent;
        uint64_t step = (uint64_t) (d < 0 ? -d : d);
        if (step < 10 * IX_S) /* beyond: a new timestamp base, no jitter */
            s->jitter_q4 += step - ((s->jitter_q4 + 8) >> 4);
    }
    s->clock_hz = clock_hz;
    s->transit_ts = timestamp;
    s->transit_us = arrival_us;
}

uint64_t ix_rtp_source_jitter_us(const struct ix_rtp_source *s)
{
    return s->jitter_q4 >> 4;
}

static uint8_t fraction_lost(struct ix_rtp_source *s)
{
    uint64_t want = expected(s) - s->expected_prior;
    int64_t lost = (int64_t) want - (int64_t) (s->received - s->received_prior);

    s->expected_prior = expected(s);
    s->received_prior = s->received;
    if (want == 0 || lost <= 0)
        return 0;
    return (uint8_t) IX_MIN((uint64_t) lost * 256 / want, 255);
}

void ix_rtp_source_report(struct ix_rtp_source *s, struct ix_rtcp_block *out)
{
    uint64_t jitter = ix_rtp_source_jitter_us(s) * s->clock_hz / IX_S;

    out->ssrc = s->ssrc;
    out->fraction_lost = fraction_lost(s);
    out->lost = (int32_t) IX_MIN(ix_rtp_source_lost(s), 0x7fffff);
    out->highest = (uint32_t) (s->highest - FIRST_CYCLE);
    out->jitter = (uint32_t) IX_MIN(jitter, UINT32_MAX);
}
