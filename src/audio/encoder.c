/* SPDX-License-Identifier: MIT */
/*
 * Encoder: a frame of PCM at the rate of the mix to one payload. Opus stays in its speech mode: mono, at most wideband,
 * so that the costly hybrid mode is never entered. The application is AUDIO, not VOIP: VOIP puts a high-pass in front
 * whose phase costs a tenth of the waveform over two generations (measured: similarity 0.89 against 0.997); a high-pass
 * belongs to the processing of a microphone, not to a codec that also carries prompts and relayed calls.
 */
#include "audio/audio.h"

#include <opus/opus.h>

#define G711_HZ 8000u
#define FRAME_MS_MAX 60u
#define FEC_LOSS_MIN 12 /* percent: told less, libopus 1.3.1 makes no redundancy at 24 kbit/s (measured) */
#define DTX_BYTES 2 /* packets up to here carry nothing (opus_encode) */

struct ix_encoder {
    OpusEncoder *opus; /* behind this struct, in the same allocation */
    struct ix_encoder_config config;
    uint32_t opus_hz; /* rate the Opus encoder is set up for; 0 = not yet */
    bool pausing; /* DTX: the last frame carried nothing */
    struct ix_resampler *down; /* config.rate_hz to 8 kHz */
    int16_t narrow[G711_HZ / 1000 * FRAME_MS_MAX];
};

static size_t opus_offset(void)
{
    size_t align = sizeof(max_align_t);
    return (sizeof(struct ix_encoder) + align - 1) / align * align;
}

int ix_encoder_new(struct ix_encoder **out)
{
    struct ix_encoder *e = ix_alloc(opus_offset() + (size_t) opus_encoder_get_size(1));
    if (!e)
        return IRISX_E_NO_MEMORY;
    int err = ix_resampler_new_narrow(&e->down);
    if (err) {
        ix_free(e);
        return err;
    }
    e->opus = (OpusEncoder *) (void *) ((char *) e + opus_offset());
    *out = e;
    return 0;
}

void ix_encoder_free(struct ix_encoder *e)
{
    if (!e)
        return;
    ix_resampler_free(e->down);
    ix_free(e);
}

static int bandwidth(uint32_t hz)
{
    return hz == 0 || hz >= 8000 ? OPUS_BANDWIDTH_WIDEBAND
           : hz >= 6000          ? OPUS_BANDWIDTH_MEDIUMBAND
                                 : OPUS_BANDWIDTH_NARROWBAND;
}

static size_t frame_samples(const struct ix_encoder *e)
{
    return e->config.rate_hz / 1000 * (e->config.frame_ms ? e->config.frame_ms : 20);
}

static int set_opus(struct ix_encoder *e, const struct ix_encoder_config *c)
{
    if (e->opus_hz != c->rate_hz) {
        if (opus_encoder_init(e->opus, (opus_int32) c->rate_hz, 1, OPUS_APPLICATION_AUDIO) != OPUS_OK)
            return IRISX_E_INVALID;
        e->opus_hz = c->rate_hz;
    }
    int complexity = c->complexity == 0xff ? IX_OPUS_COMPLEXITY : c->complexity;
    int bitrate = (int) (c->bitrate ? c->bitrate : IX_OPUS_BITRATE);
    int err = opus_encoder_ctl(e->opus, OPUS_SET_COMPLEXITY(complexity));
    err |= opus_encoder_ctl(e->opus, OPUS_SET_BITRATE(IX_MIN(IX_MAX(bitrate, 6000), 128000)));
    err |= opus_encoder_ctl(e->opus, OPUS_SET_MAX_BANDWIDTH(bandwidth(c->bandwidth_hz)));
    err |= opus_encoder_ctl(e->opus, OPUS_SET_VBR(!c->cbr));
    err |= opus_encoder_ctl(e->opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    err |= opus_encoder_ctl(e->opus, OPUS_SET_INBAND_FEC(c->fec && c->loss_percent > 0));
    err |= opus_encoder_ctl(
        e->opus, OPUS_SET_PACKET_LOSS_PERC(c->loss_percent ? IX_MIN(IX_MAX(c->loss_percent, FEC_LOSS_MIN), 100) : 0));
    err |= opus_encoder_ctl(e->opus, OPUS_SET_DTX(c->dtx));
    return err ? IRISX_E_INVALID : 0;
}

int ix_encoder_set(struct ix_encoder *e, const struct ix_encoder_config *c)
{
    int err = IRISX_E_UNSUPPORTED;
    if (c->frame_ms != 0 && c->frame_ms != 10 && c->frame_ms != 20 && c->frame_ms != 40 && c->frame_ms != 60)
        return IRISX_E_INVALID;
    switch (c->codec) {
    case IX_CODEC_OPUS:
        err = set_opus(e, c);
        break;
    case IX_CODEC_PCMU:
    case IX_CODEC_PCMA:
        err = ix_resampler_set(e->down, c->rate_hz, G711_HZ);
        break;
    case IX_CODEC_NONE:
        break;
    }
    if (!err)
        e->config = *c;
    return err;
}

/* of a run of frames that carry nothing only the first is sent: it tells the other side that this is a pause, not a
 * loss */
static int opus_frame(struct ix_encoder *e, const int16_t *pcm, uint8_t *payload, size_t cap)
{
    int n = opus_encode(e->opus, pcm, (int) frame_samples(e), payload, (opus_int32) IX_MIN(cap, (size_t) IX_FRAME_MAX));
    if (n <= 0)
        return IRISX_E_INTERNAL;
    bool pause = e->config.dtx && n <= DTX_BYTES;
    bool again = pause && e->pausing;
    e->pausing = pause;
    return again ? 0 : n;
}

static int g711_frame(struct ix_encoder *e, const int16_t *pcm, uint8_t *payload, size_t cap)
{
    size_t took = frame_samples(e);
    size_t made = took * G711_HZ / e->config.rate_hz;
    if (cap < made)
        return IRISX_E_TOO_LARGE;
    ix_resampler_run(e->down, pcm, &took, e->narrow, &made);
    for (size_t i = 0; i < made; i++)
        payload[i] = e->config.codec == IX_CODEC_PCMU ? ix_pcmu_encode(e->narrow[i]) : ix_pcma_encode(e->narrow[i]);
    return (int) made;
}

int ix_encoder_frame(struct ix_encoder *e, const int16_t *pcm, uint8_t *payload, size_t cap)
{
    switch (e->config.codec) {
    case IX_CODEC_OPUS:
        return opus_frame(e, pcm, payload, cap);
    case IX_CODEC_PCMU:
    case IX_CODEC_PCMA:
        return g711_frame(e, pcm, payload, cap);
    case IX_CODEC_NONE:
        break;
    }
    return IRISX_E_STATE;
}
