/* SPDX-License-Identifier: MIT */
/* A party: all the memory one call's sound will ever need, taken in one go, off the media thread. */
#include "media/engine.h"

static int make_parts(struct ix_party *p, const struct ix_party_options *o)
{
    struct ix_jitter_config c = { o->min_delay_ms, o->max_delay_ms, o->target_delay_ms, o->fixed_delay };
    int err = ix_jitter_new(&c, &p->jitter);
    if (!err)
        err = ix_decoder_new(&p->decoder);
    if (!err)
        err = ix_encoder_new(&p->encoder);
    if (!err)
        err = ix_resampler_new(&p->feed.resampler);
    if (!err)
        err = ix_resampler_new(&p->sink.resampler);
    if (!err)
        err = ix_resampler_new(&p->record_received.resampler);
    if (!err)
        err = ix_resampler_new(&p->record_sent.resampler);
    return err;
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
    ix_resampler_free(p->feed.resampler);
    ix_resampler_free(p->sink.resampler);
    ix_resampler_free(p->record_received.resampler);
    ix_resampler_free(p->record_sent.resampler);
    ix_free(p);
}

void ix_party_reset(struct ix_party *p)
{
    struct ix_party fresh = { .jitter = p->jitter,
        .decoder = p->decoder,
        .encoder = p->encoder,
        .gain = 1.0f,
        .marker = true,
        .feed.resampler = p->feed.resampler,
        .sink.resampler = p->sink.resampler,
        .record_received.resampler = p->record_received.resampler,
        .record_sent.resampler = p->record_sent.resampler };
    *p = fresh;
    ix_gate_reset(&p->gate);
    ix_adapt_reset(&p->adapt);
    ix_jitter_reset(p->jitter);
}

uint32_t ix_party_clock(const struct ix_party *p)
{
    return p->codec.clock_hz ? p->codec.clock_hz : 8000;
}

static void set_encoder(struct ix_party *p)
{
    struct ix_encoder_config c = { .codec = p->codec.codec,
        .rate_hz = p->rate_hz,
        .bitrate = p->adapt.bitrate ? p->adapt.bitrate : p->codec.bitrate,
        .complexity = p->codec.complexity,
        .loss_percent = IX_MAX(p->codec.loss_percent, p->adapt.loss_percent),
        .fec = p->codec.fec,
        .dtx = p->codec.dtx };
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
