/* SPDX-License-Identifier: MIT */
/*
 * Hear: received frames to PCM. The jitter buffer says what is to be played; here it is decoded or made up. What is
 * decoded waits in a fifo for the tick that plays it; shape.c changes its length.
 */
#include "media/engine.h"

#include <string.h>

#define SILENT 0.001f /* -60 dB: what is made up here is not heard */
#define TAKES_MAX 64u /* a tick: packets of 2.5 ms, some of them thrown away */
#define MAKE_UP_US (10 * IX_MS) /* what nothing is there for is made up in pieces of this: Opus makes them of 10 ms */
#define GAP_US (60 * IX_MS) /* made up in a row and to be heard: a dropout */

static void tell_press(struct ix_media *m, const struct ix_party *p, const struct ix_tel_press *press)
{
    struct ix_media_event ev = { .kind = IX_MEDIA_EV_DTMF, .party_id = p->id };
    ev.u.dtmf.digit = press->digit;
    ev.u.dtmf.duration_ms = press->duration_ms;
    ix_media_tell(m, &ev);
}

static uint32_t clock_of(const struct ix_party *p, const struct ix_frame *f)
{
    if (f->kind != IX_FRAME_AUDIO && f->kind != IX_FRAME_REDUNDANT)
        return ix_party_clock(p);
    return f->codec == IX_CODEC_OPUS ? 48000 : 8000;
}

void ix_party_frame(struct ix_media *m, struct ix_party *p, const struct ix_frame *f, struct ix_now now)
{
    struct ix_tel_press press;
    if (!p->codec.receive)
        return;
    if (f->kind == IX_FRAME_EVENT && ix_tel_rx_put(&p->tel_rx, f, ix_party_clock(p), now.mono_us, &press))
        tell_press(m, p, &press);
    ix_jitter_put(p->jitter, f, clock_of(p, f));
}

/* ---- what the jitter buffer gave, to the end of the fifo --------------------------------- */
int16_t *ix_party_fifo(struct ix_party *p)
{
    return p->past + FIFO_BEFORE;
}

static uint64_t samples_us(const struct ix_party *p, size_t n)
{
    return n * IX_S / p->rate_hz;
}

static size_t at_rate(const struct ix_party *p, const struct ix_jitter_got *got, uint32_t samples)
{
    return (size_t) ((uint64_t) samples * p->rate_hz / IX_MAX(got->clock_hz, 1u));
}

static void first_audio(struct ix_media *m, struct ix_party *p, struct ix_now now)
{
    if (p->had_audio)
        return;
    p->had_audio = true;
    p->stats.first_audio_us = now.mono_us;
    ix_media_tell(
        m, &(struct ix_media_event){ .kind = IX_MEDIA_EV_FIRST_AUDIO, .party_id = p->id, .u.at_us = now.mono_us });
}

static void count_made_up(struct ix_party *p, const int16_t *pcm, size_t n)
{
    uint64_t us = samples_us(p, n);
    p->stats.concealed_us += us;
    if (ix_rms(pcm, n) < SILENT) {
        p->stats.silent_concealed_us += us;
        p->made_up_us = 0;
        return;
    }
    p->stats.concealment_events += p->made_up_us == 0;
    p->stats.gaps += p->made_up_us < GAP_US && p->made_up_us + us >= GAP_US;
    p->made_up_us += us;
}

static void count_played(struct ix_party *p, size_t n)
{
    p->stats.played_us += samples_us(p, n);
    p->made_up_us = 0;
}

static size_t rounded(const struct ix_party *p, size_t n)
{
    size_t step = p->rate_hz / 400; /* Opus makes up in steps of 2.5 ms */
    return (n + step - 1) / step * step;
}

/* what the packet behind restores, less what was covered already; false if it does not */
static bool restored(struct ix_party *p, const struct ix_jitter_got *got, int16_t *pcm, size_t n)
{
    size_t skip = IX_MIN(at_rate(p, got, got->skip), n);
    bool fec = ix_decoder_fec(p->decoder, got->payload, got->len, pcm, n);
    memmove(pcm, pcm + skip, (n - skip) * sizeof(*pcm));
    p->fifo_n += n - skip;
    if (!fec) {
        count_made_up(p, pcm, n - skip);
        return false;
    }
    p->stats.fec_us += samples_us(p, n - skip);
    count_played(p, n - skip);
    return true;
}

static void lost(struct ix_party *p, const struct ix_jitter_got *got, int16_t *pcm)
{
    size_t n = IX_MIN(rounded(p, IX_MAX(at_rate(p, got, got->samples), (size_t) 1)), FIFO_CAP - p->fifo_n);
    if (got->payload) {
        (void) restored(p, got, pcm, n);
        return;
    }
    ix_decoder_conceal(p->decoder, pcm, n);
    count_made_up(p, pcm, n);
    p->fifo_n += n;
}

static void comfort(struct ix_party *p, const struct ix_jitter_got *got, int16_t *pcm)
{
    size_t n = rounded(p, IX_MAX(at_rate(p, got, got->samples), (size_t) 1));
    if (got->cn && got->len > 0)
        ix_decoder_set_comfort(p->decoder, got->payload[0] & 0x7f);
    ix_decoder_comfort(p->decoder, pcm, n);
    p->stats.concealed_us += samples_us(p, n);
    p->stats.silent_concealed_us += samples_us(p, n); /* W3C counts comfort noise as silent */
    p->made_up_us = 0;
    p->fifo_n += n;
}

static void frame(
    struct ix_media *m, struct ix_party *p, const struct ix_jitter_got *got, int16_t *pcm, struct ix_now now)
{
    int n = ix_decoder_frame(p->decoder, got->codec, got->payload, got->len, pcm, FIFO_CAP - p->fifo_n);
    if (n < 0) {
        lost(p, &(struct ix_jitter_got){ .samples = got->samples, .clock_hz = got->clock_hz }, pcm);
        return;
    }
    first_audio(m, p, now);
    p->stats.buffer_delay_sum_us += got->waited_us;
    p->stats.heard_delay_sum_us += got->waited_us + samples_us(p, p->fifo_n);
    p->stats.buffer_emitted++;
    p->stats.buffer_delay_us = got->waited_us;
    p->fifo_n += (size_t) n;
    count_played(p, (size_t) n);
    ix_party_shape(p, got, (size_t) n);
}

/* what is still wanted for this tick, in pieces that can be made up */
static uint32_t wanted_us(const struct ix_party *p)
{
    uint64_t us = samples_us(p, p->rate_hz / TICKS_PER_S - p->fifo_n);
    return (uint32_t) ((us + MAKE_UP_US - 1) / MAKE_UP_US * MAKE_UP_US);
}

static void take(struct ix_media *m, struct ix_party *p, uint64_t due_us, struct ix_now now)
{
    struct ix_jitter_got got;
    int16_t *pcm = ix_party_fifo(p) + p->fifo_n;
    ix_jitter_get(p->jitter, due_us, samples_us(p, p->fifo_n), wanted_us(p), &got);
    switch (got.kind) {
    case IX_JITTER_NOTHING: {
        size_t n = p->rate_hz / TICKS_PER_S;
        memset(pcm, 0, n * sizeof(*pcm));
        p->fifo_n += n;
        break;
    }
    case IX_JITTER_FRAME:
        frame(m, p, &got, pcm, now);
        break;
    case IX_JITTER_LOST:
        lost(p, &got, pcm);
        break;
    case IX_JITTER_COMFORT:
        comfort(p, &got, pcm);
        break;
    }
}

void ix_party_hear(struct ix_media *m, struct ix_party *p, uint64_t due_us, struct ix_now now)
{
    struct ix_tel_press press;
    size_t n = p->rate_hz / TICKS_PER_S;
    if (ix_tel_rx_idle(&p->tel_rx, ix_party_clock(p), now.mono_us, &press))
        tell_press(m, p, &press);
    memset(p->heard, 0, n * sizeof(*p->heard));
    if (p->codec.receive) {
        p->shaping.rest -= p->shaping.rest > 0;
        for (unsigned takes = 0; p->fifo_n < n && takes < TAKES_MAX; takes++)
            take(m, p, due_us, now);
        size_t have = IX_MIN(p->fifo_n, n);
        memcpy(p->heard, ix_party_fifo(p), have * sizeof(*p->heard));
        p->fifo_n -= have;
        memmove(p->past, p->past + have, (FIFO_BEFORE + p->fifo_n) * sizeof(*p->past));
    }
    ix_level_add(&p->level_in, p->heard, n);
    ix_drain_push(p, &p->sink, p->heard, n);
    ix_drain_push(p, &p->record_received, p->heard, n);
}
