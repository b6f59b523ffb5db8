/* SPDX-License-Identifier: MIT */
/*
 * Say: source and mix to frames. The timestamp begins at 0 and advances with every tick, whatever is sent in it; a
 * frame after a pause carries the marker (RFC 3551 section 4.1). Telephone-events lie on the same line.
 */
#include "media/engine.h"

#include <math.h>
#include <string.h>

#define OPUS_TOC_ONE_FRAME 0xfc
#define HELD_NOISE_DBOV 78 /* comfort noise told when sending ends: hardly audible */

int32_t ix_party_voice(const struct ix_party *p, size_t i)
{
    return p->gain == 1.0f ? p->heard[i] : (int32_t) ((float) p->heard[i] * p->gain);
}

static int16_t clip(int32_t v)
{
    return (int16_t) IX_MIN(IX_MAX(v, -32768), 32767);
}

/* the party's own source and what the others say */
static void compose(struct ix_media *m, struct ix_party *p, const int32_t *mix, int16_t *pcm, size_t n)
{
    ix_feed_pull(m, p, pcm, n);
    for (size_t i = 0; mix && i < n; i++)
        pcm[i] = clip(pcm[i] + mix[i] - ix_party_voice(p, i));
    if (p->muted)
        memset(pcm, 0, n * sizeof(*pcm));
}

static uint8_t noise_level(const struct ix_party *p)
{
    float dbov = -20.0f * log10f(IX_MAX(p->gate.floor, 1e-6f));
    return (uint8_t) IX_MIN(IX_MAX(dbov, 0.0f), 127.0f);
}

static struct ix_frame *begin(struct ix_media *m, const struct ix_party *p, enum ix_frame_kind kind, uint32_t ts)
{
    struct ix_frame *f = ix_media_begin_frame(m);
    f->kind = (uint8_t) kind;
    f->timestamp = ts;
    f->codec = kind == IX_FRAME_AUDIO ? p->codec.codec : IX_CODEC_NONE;
    return f;
}

static void encode(struct ix_media *m, struct ix_party *p, const int16_t *pcm, uint32_t ts)
{
    struct ix_frame *f = begin(m, p, IX_FRAME_AUDIO, ts);
    int n = ix_encoder_frame(p->encoder, pcm, f->payload, sizeof(f->payload));
    if (n <= 0) { /* DTX: nothing to send */
        p->marker = true;
        return;
    }
    p->toc = f->payload[0];
    f->len = (uint16_t) n;
    f->marker = p->marker;
    p->marker = false;
    ix_media_send_frame(m, p->id);
    p->stats.frames_out++;
}

/* a tick of sound: a packet, two of 10 ms, or a part of a longer one */
static void send_encoded(struct ix_media *m, struct ix_party *p, const int16_t *pcm, uint32_t ts)
{
    size_t n = p->rate_hz / TICKS_PER_S, ticks = p->wish.gathered ? p->wish.frame_ms / TICK_MS : 1;
    if (p->wish.frame_ms == TICK_MS / 2) {
        encode(m, p, pcm, ts);
        encode(m, p, pcm + n / 2, ts + p->codec.clock_hz / TICKS_PER_S / 2);
    } else if (ticks <= 1) {
        encode(m, p, pcm, ts);
    } else {
        if (p->gathered_n == 0)
            p->gathered_ts = ts;
        memcpy(p->wish.gathered + p->gathered_n, pcm, n * sizeof(*pcm));
        p->gathered_n += n;
        if (p->gathered_n < ticks * n)
            return;
        p->gathered_n = 0;
        encode(m, p, p->wish.gathered, p->gathered_ts);
    }
}

/* A pause, told without the encoder: an Opus packet without a frame (RFC 6716 section 3.1, code 0; RFC 7587 section
 * 3.1.3), or the level of the background (RFC 3389) */
static void send_comfort(struct ix_media *m, struct ix_party *p)
{
    bool opus = p->codec.codec == IX_CODEC_OPUS;
    struct ix_frame *f = begin(m, p, opus ? IX_FRAME_AUDIO : IX_FRAME_CN, p->ts);
    f->payload[0] = opus ? p->toc & OPUS_TOC_ONE_FRAME : noise_level(p);
    f->len = 1;
    ix_media_send_frame(m, p->id);
    p->stats.frames_out++;
}

/* G.711 without agreed comfort noise cannot pause: silence is sent, and costs nothing to encode */
static bool may_pause(const struct ix_party *p)
{
    return p->codec.codec == IX_CODEC_OPUS ? p->codec.dtx || p->muted : p->codec.cn && (p->codec.dtx || p->muted);
}

static void send_audio(struct ix_media *m, struct ix_party *p, const int16_t *pcm, size_t n)
{
    enum gate_says says = may_pause(p) ? ix_gate_frame(&p->gate, pcm, n) : GATE_TALK;
    if (p->gathered_n > 0)
        says = GATE_TALK; /* what was begun is finished */
    switch (says) {
    case GATE_OPENS: /* the first syllable began in the frame before */
        p->marker = true;
        send_encoded(m, p, p->gate.kept, p->ts - p->codec.clock_hz / TICKS_PER_S);
        send_encoded(m, p, pcm, p->ts);
        return;
    case GATE_TALK:
        send_encoded(m, p, pcm, p->ts);
        return;
    case GATE_COMFORT:
        send_comfort(m, p);
        break;
    case GATE_NOTHING:
        break;
    }
    p->marker = true;
    p->stats.frames_gated++;
}

/* sending ends: comfort noise, once, where it was agreed */
static void send_held(struct ix_media *m, struct ix_party *p)
{
    p->marker = true;
    if (p->held)
        return;
    p->held = true;
    if (!p->codec.cn)
        return;
    struct ix_frame *f = begin(m, p, IX_FRAME_CN, p->ts);
    f->payload[0] = HELD_NOISE_DBOV;
    f->len = 1;
    ix_media_send_frame(m, p->id);
}

/* ---- digits ------------------------------------------------------------------------------ */
static void send_events(struct ix_media *m, const struct ix_party *p, const struct ix_tel_out *out)
{
    for (size_t i = 0; i < out->count; i++) {
        struct ix_frame *f = begin(m, p, IX_FRAME_EVENT, out->packet[i].timestamp);
        f->marker = out->packet[i].marker;
        f->len = sizeof(out->packet[i].payload);
        memcpy(f->payload, out->packet[i].payload, f->len);
        ix_media_send_frame(m, p->id);
    }
}

/* ITU-T Q.23 */
static void tone_in_band(struct ix_party *p, bool first, int16_t *pcm, size_t n)
{
    static const float rows[] = { 697.0f, 770.0f, 852.0f, 941.0f }, columns[] = { 1209.0f, 1336.0f, 1477.0f, 1633.0f };
    static const char keys[] = "123A456B789C*0#D";
    const char *key = strchr(keys, ix_tel_digit_of(p->tel_tx.ev.event));
    size_t at = key && *key ? (size_t) (key - keys) : 0;
    if (first)
        ix_tone_init(&p->dtmf, p->rate_hz, (float[2]){ rows[at / 4], columns[at % 4] }, 0.5f);
    ix_tone_run(&p->dtmf, pcm, n);
}

/* true: this tick has no audio frame of its own */
static bool send_digits(struct ix_media *m, struct ix_party *p, int16_t *pcm, size_t n)
{
    struct ix_tel_out out;
    if (!ix_tel_tx_busy(&p->tel_tx))
        return false;
    p->gathered_n = p->codec.events ? 0 : p->gathered_n;
    ix_tel_tx_tick(&p->tel_tx, p->ts, p->codec.clock_hz, TICK_MS, &out);
    if (out.done)
        ix_media_tell(m, &(struct ix_media_event){ .kind = IX_MEDIA_EV_DTMF_SENT, .party_id = p->id });
    if (p->codec.events) {
        send_events(m, p, &out);
        p->marker |= out.instead_of_audio;
        return out.instead_of_audio;
    }
    if (out.instead_of_audio)
        tone_in_band(p, out.count > 0 && out.packet[0].marker, pcm, n);
    return false;
}

void ix_party_say(struct ix_media *m, struct ix_party *p, const int32_t *mix)
{
    int16_t pcm[MIX_FRAME];
    size_t n = p->rate_hz / TICKS_PER_S;
    compose(m, p, mix, pcm, n);
    if (!p->encoder_ready) {
        ix_drain_push(p, &p->record_sent, pcm, n);
        return;
    }
    ix_alarms_clipped(&p->alarms, pcm, n);
    if (!p->codec.send) {
        memset(pcm, 0, n * sizeof(*pcm));
        send_held(m, p);
    } else if (!send_digits(m, p, pcm, n)) {
        send_audio(m, p, pcm, n);
    }
    ix_level_add(&p->level_out, pcm, n);
    ix_drain_push(p, &p->record_sent, pcm, n);
    p->ts += p->codec.clock_hz / TICKS_PER_S;
}
