/* SPDX-License-Identifier: MIT */
/*
 * Hear: received frames to PCM. The jitter buffer says what is to be played; here it is decoded or made up, and delay
 * is taken out or put in where nobody notices: whole frames, while it is quiet. Time stretching will take their place
 * in shape().
 */
#include "media/engine.h"

#include <string.h>

#define SLACK_US 5000 /* around the target nothing is done */
#define QUIET_MAX 0.02f /* RMS; -34 dB: never quiet above */
#define QUIET_MIN 0.002f /* -54 dB: always quiet below */
#define FLOOR_RISE 1.005f /* a frame; the quietest level seen follows a louder room in seconds */
#define SILENT 0.001f /* -60 dB: what is made up here is not heard */
#define TAKES_MAX 64u /* a tick: packets of 2.5 ms, some of them thrown away */

static void tell_press(struct ix_media *m, const struct ix_party *p, const struct ix_tel_press *press)
{
    struct ix_media_event ev = { .kind = IX_MEDIA_EV_DTMF, .party_id = p->id };
    ev.u.dtmf.digit = press->digit;
    ev.u.dtmf.duration_ms = press->duration_ms;
    ix_media_tell(m, &ev);
}

static uint32_t clock_of(const struct ix_party *p, const struct ix_frame *f)
{
    if (f->kind != IX_FRAME_AUDIO)
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
static uint64_t samples_us(const struct ix_party *p, size_t n)
{
    return n * IX_S / p->rate_hz;
}

static size_t at_rate(const struct ix_party *p, const struct ix_jitter_got *got)
{
    size_t n = (size_t) ((uint64_t) got->samples * p->rate_hz / IX_MAX(got->clock_hz, 1u));
    return IX_MIN(IX_MAX(n, (size_t) 1), (size_t) p->rate_hz / TICKS_PER_S);
}

static bool is_quiet(struct ix_party *p, const int16_t *pcm, size_t n)
{
    float level = ix_rms(pcm, n);
    p->floor = IX_MAX(IX_MIN(level, p->floor * FLOOR_RISE), QUIET_MIN / 2.0f);
    return level < QUIET_MIN || (level < QUIET_MAX && level < p->floor * 1.5f);
}

/* Takes a quiet frame out when there is more delay than needed, doubles it when there is less. n samples were decoded
 * at the end of the fifo; returns how many are there now. */
static size_t shape(struct ix_party *p, const struct ix_jitter_got *got, int16_t *pcm, size_t n, size_t space)
{
    int64_t length = (int64_t) samples_us(p, n);
    bool quiet = is_quiet(p, pcm, n);
    bool out = got->excess_us > length + SLACK_US && got->waiting > 0;
    bool in = got->excess_us < -SLACK_US && !p->inserted && 2 * n <= space;
    if (!quiet || (!out && !in))
        return n;
    p->stats.stretched_us += (uint64_t) length;
    if (out)
        return 0;
    memcpy(pcm + n, pcm, n * sizeof(*pcm));
    p->inserted = true;
    return 2 * n;
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
    p->stats.concealed_us += samples_us(p, n);
    if (ix_rms(pcm, n) < SILENT)
        p->stats.silent_concealed_us += samples_us(p, n);
}

static size_t rounded(const struct ix_party *p, size_t n)
{
    size_t step = p->rate_hz / 400; /* Opus makes up in steps of 2.5 ms */
    return (n + step - 1) / step * step;
}

static void lost(struct ix_party *p, const struct ix_jitter_got *got, int16_t *pcm)
{
    size_t n = at_rate(p, got);
    bool whole = got->codec == IX_CODEC_OPUS && got->payload;
    if (whole && ix_decoder_fec(p->decoder, got->payload, got->len, pcm, rounded(p, n))) {
        p->stats.played_us += samples_us(p, n);
    } else {
        if (!whole)
            ix_decoder_conceal(p->decoder, pcm, rounded(p, n));
        count_made_up(p, pcm, n);
    }
    p->fifo_n += n;
}

static void comfort(struct ix_party *p, const struct ix_jitter_got *got, int16_t *pcm)
{
    size_t n = at_rate(p, got);
    if (got->cn && got->len > 0)
        ix_decoder_set_comfort(p->decoder, got->payload[0] & 0x7f);
    ix_decoder_comfort(p->decoder, pcm, rounded(p, n));
    p->stats.concealed_us += samples_us(p, n);
    p->stats.silent_concealed_us += samples_us(p, n); /* W3C counts comfort noise as silent */
    p->fifo_n += n;
}

static void frame(
    struct ix_media *m, struct ix_party *p, const struct ix_jitter_got *got, int16_t *pcm, struct ix_now now)
{
    size_t space = FIFO_CAP - p->fifo_n;
    int n = ix_decoder_frame(p->decoder, got->codec, got->payload, got->len, pcm, space);
    if (n < 0) {
        lost(p, &(struct ix_jitter_got){ .samples = got->samples, .clock_hz = got->clock_hz }, pcm);
        return;
    }
    first_audio(m, p, now);
    p->stats.buffer_delay_sum_us += got->waited_us;
    p->stats.buffer_emitted++;
    p->stats.buffer_delay_us = got->waited_us;
    size_t kept = shape(p, got, pcm, (size_t) n, space);
    p->stats.played_us += samples_us(p, kept);
    p->fifo_n += kept;
}

static void take(struct ix_media *m, struct ix_party *p, uint64_t due_us, struct ix_now now)
{
    struct ix_jitter_got got;
    int16_t *pcm = p->fifo + p->fifo_n;
    ix_jitter_get(p->jitter, due_us, samples_us(p, p->fifo_n), (uint32_t) IX_TICK_US, &got);
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
        p->inserted = false;
        for (unsigned takes = 0; p->fifo_n < n && takes < TAKES_MAX; takes++)
            take(m, p, due_us, now);
        size_t have = IX_MIN(p->fifo_n, n);
        memcpy(p->heard, p->fifo, have * sizeof(*p->heard));
        p->fifo_n -= have;
        memmove(p->fifo, p->fifo + have, p->fifo_n * sizeof(*p->fifo));
    }
    ix_level_add(&p->level_in, p->heard, n);
    ix_drain_push(p, &p->sink, p->heard, n);
    ix_drain_push(p, &p->record_received, p->heard, n);
}
