/* SPDX-License-Identifier: MIT */
/* A party: all the memory one call's sound will ever need, taken in one go, off the media thread. */
#include "media/engine.h"

#include <string.h>

static int make_parts(struct ix_party *p, const struct ix_party_options *o)
{
    struct ix_jitter_config c = { o->min_delay_ms, o->max_delay_ms, o->target_delay_ms, o->fixed_delay };
    int err = ix_jitter_new(&c, &p->jitter);
    if (!err)
        err = ix_decoder_new(&p->decoder);
    if (!err)
        err = ix_encoder_new(&p->encoder);
    return err;
}

/* at the rates of the mix a small one does */
static int equip(
    struct ix_party *p, size_t at, const struct ix_pcm_ring *ring, uint32_t rate_hz, struct ix_resampler **out)
{
    bool small = rate_hz == MIX_NARROW_HZ || rate_hz == MIX_WIDE_HZ;
    size_t which = at + (small ? 0 : IX_COUNT(p->owned) / 2);
    int err = 0;
    if (ring && !p->owned[which])
        err = small ? ix_resampler_new_narrow(&p->owned[which]) : ix_resampler_new(&p->owned[which]);
    *out = p->owned[which];
    return err;
}

int ix_party_equip(struct ix_party *p, struct ix_media_cmd *cmd)
{
    int err;
    if (cmd->kind == IX_MEDIA_ENCODER && cmd->u.encoder.frame_ms > TICK_MS) {
        if (!p->owned_pcm)
            p->owned_pcm = ix_alloc_array(GATHERED_MAX, sizeof(*p->owned_pcm));
        cmd->u.encoder.gathered = p->owned_pcm;
        return p->owned_pcm ? 0 : IRISX_E_NO_MEMORY;
    }
    if (cmd->kind == IX_MEDIA_SOURCE)
        return equip(p, 0, cmd->u.source.ring, cmd->u.source.rate_hz, &cmd->u.source.resampler);
    if (cmd->kind == IX_MEDIA_SINK)
        return equip(p, 1, cmd->u.sink.ring, cmd->u.sink.rate_hz, &cmd->u.sink.resampler);
    if (cmd->kind != IX_MEDIA_RECORD)
        return 0;
    err = equip(p, 2, cmd->u.record.received, cmd->u.record.rate_hz, &cmd->u.record.resampler[0]);
    return err ? err : equip(p, 3, cmd->u.record.sent, cmd->u.record.rate_hz, &cmd->u.record.resampler[1]);
}

int ix_party_new(const struct ix_party_options *o, struct ix_party **out)
{
    struct ix_party *p = ix_alloc(sizeof(*p));
    if (!p)
        return IRISX_E_NO_MEMORY;
    int err = make_parts(p, o);
    if (err) {
        ix_party_free(p);
        return err;
    }
    ix_party_reset(p);
    *out = p;
    return 0;
}

void ix_party_free(struct ix_party *p)
{
    if (!p)
        return;
    IX_ASSERT(!p->engine);
    ix_jitter_free(p->jitter);
    ix_decoder_free(p->decoder);
    ix_encoder_free(p->encoder);
    for (unsigned i = 0; i < IX_COUNT(p->owned); i++)
        ix_resampler_free(p->owned[i]);
    ix_free(p->owned_pcm);
    ix_free(p);
}

void ix_party_reset(struct ix_party *p)
{
    struct ix_jitter *jitter = p->jitter;
    struct ix_decoder *decoder = p->decoder;
    struct ix_encoder *encoder = p->encoder;
    memset(p, 0, offsetof(struct ix_party, owned)); /* on the media thread: what is owned is the owner's */
    p->jitter = jitter;
    p->decoder = decoder;
    p->encoder = encoder;
    p->gain = 1.0f;
    p->marker = true;
    ix_gate_reset(&p->gate);
    ix_adapt_reset(&p->adapt);
    ix_jitter_reset(p->jitter);
}

uint32_t ix_party_clock(const struct ix_party *p)
{
    return p->codec.clock_hz ? p->codec.clock_hz : 8000;
}

uint32_t ix_party_bitrate(const struct ix_party *p)
{
    uint32_t most = p->codec.bitrate ? p->codec.bitrate : UINT32_MAX;
    return p->wish.bitrate ? IX_MIN(p->wish.bitrate, most) : p->codec.bitrate;
}

static void set_encoder(struct ix_party *p)
{
    struct ix_encoder_config c = { .codec = p->codec.codec,
        .rate_hz = p->rate_hz,
        .bitrate = p->adapt.bitrate ? p->adapt.bitrate : ix_party_bitrate(p),
        .complexity = p->wish.complexity ? (uint8_t) (p->wish.complexity - 1) : p->codec.complexity,
        .loss_percent = IX_MAX(p->codec.loss_percent, p->adapt.loss_percent),
        .fec = p->codec.fec,
        .dtx = p->codec.dtx,
        .cbr = p->wish.cbr,
        .frame_ms = p->wish.frame_ms <= TICK_MS || p->wish.gathered ? p->wish.frame_ms : TICK_MS,
        .bandwidth_hz = p->wish.bandwidth_hz };
    p->gathered_n = 0;
    p->encoder_ready = ix_encoder_set(p->encoder, &c) == 0;
}

static void change_rate(struct ix_party *p, uint32_t rate_hz)
{
    p->rate_hz = rate_hz;
    ix_decoder_reset(p->decoder, rate_hz);
    p->fifo_n = 0;
    p->encoder_ready = false;
    ix_feed_tune(p);
    ix_drain_tune(p, &p->sink);
    ix_drain_tune(p, &p->record_received);
    ix_drain_tune(p, &p->record_sent);
}

void ix_party_tune(struct ix_party *p, uint32_t rate_hz)
{
    if (p->rate_hz != rate_hz)
        change_rate(p, rate_hz);
    if (!p->encoder_ready)
        set_encoder(p);
}
