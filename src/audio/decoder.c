/* SPDX-License-Identifier: MIT */
/*
 * Decoder: payloads of any codec to PCM at the rate of the mix, with what fills the gaps: Opus in-band FEC and
 * concealment (RFC 6716 section 2.1.7), repetition for G.711, noise between talk spurts (RFC 3389).
 */
#include "audio/audio.h"

#include <math.h>
#include <opus/opus.h>

#define G711_HZ 8000u
#define G711_MAX (G711_HZ / 1000 * IX_PACKET_MS_MAX)
#define OPUS_HZ 48000
#define LEVEL_SILENT 127

struct ix_decoder {
    OpusDecoder *opus; /* behind this struct, in the same allocation */
    enum ix_codec_id codec; /* of the last packet */
    uint32_t rate_hz;
    struct ix_plc plc;
    struct ix_resampler *up; /* 8 kHz to rate_hz */
    bool noise; /* comfort noise at `level` was announced */
    uint8_t level; /* -dBov */
    uint32_t noise_state;
    int16_t narrow[G711_MAX];
};

static size_t opus_offset(void)
{
    size_t align = sizeof(max_align_t);
    return (sizeof(struct ix_decoder) + align - 1) / align * align;
}

int ix_decoder_new(struct ix_decoder **out)
{
    struct ix_decoder *d = ix_alloc(opus_offset() + (size_t) opus_decoder_get_size(1));
    if (!d)
        return IRISX_E_NO_MEMORY;
    int err = ix_resampler_new_narrow(&d->up);
    if (err) {
        ix_free(d);
        return err;
    }
    d->opus = (OpusDecoder *) (void *) ((char *) d + opus_offset());
    ix_decoder_reset(d, 16000);
    *out = d;
    return 0;
}

void ix_decoder_free(struct ix_decoder *d)
{
    if (!d)
        return;
    ix_resampler_free(d->up);
    ix_free(d);
}

void ix_decoder_reset(struct ix_decoder *d, uint32_t rate_hz)
{
    d->rate_hz = rate_hz;
    d->codec = IX_CODEC_NONE;
    d->plc = (struct ix_plc){ 0 };
    d->noise = false;
    d->level = LEVEL_SILENT;
    d->noise_state = 1;
    int err = opus_decoder_init(d->opus, (opus_int32) rate_hz, 1);
    IX_ASSERT(err == OPUS_OK); /* only for rates that Opus does not have */
    err = ix_resampler_set(d->up, G711_HZ, rate_hz);
    IX_ASSERT(err == 0);
}

uint32_t ix_payload_samples(enum ix_codec_id codec, const uint8_t *payload, size_t len)
{
    switch (codec) {
    case IX_CODEC_OPUS: {
        if (len == 0 || len > IX_FRAME_MAX)
            return 0;
        const unsigned char *frames[48];
        opus_int16 sizes[48];
        int n = opus_packet_parse(payload, (opus_int32) len, NULL, frames, sizes, NULL);
        int each = opus_packet_get_samples_per_frame(payload, OPUS_HZ);
        return n > 0 && n * each <= OPUS_HZ / 1000 * IX_PACKET_MS_MAX ? (uint32_t) (n * each) : 0;
    }
    case IX_CODEC_PCMU:
    case IX_CODEC_PCMA:
        return len <= G711_MAX ? (uint32_t) len : 0;
    case IX_CODEC_NONE:
        break;
    }
    return 0;
}

/* n samples at 8 kHz in `narrow` to the rate wanted */
static size_t widen(struct ix_decoder *d, size_t n, int16_t *pcm, size_t cap)
{
    size_t took = n, made = cap;
    ix_resampler_run(d->up, d->narrow, &took, pcm, &made);
    return made;
}

static int g711_frame(struct ix_decoder *d, const uint8_t *payload, size_t len, int16_t *pcm, size_t cap)
{
    size_t times = d->rate_hz / G711_HZ;
    if (len == 0 || len > G711_MAX)
        return IRISX_E_PROTOCOL;
    if (len * times > cap)
        return IRISX_E_TOO_LARGE;
    for (size_t i = 0; i < len; i++)
        d->narrow[i] = d->codec == IX_CODEC_PCMU ? ix_pcmu_decode(payload[i]) : ix_pcma_decode(payload[i]);
    ix_plc_good(&d->plc, d->narrow, len);
    return (int) widen(d, len, pcm, cap);
}

static int opus_frame(struct ix_decoder *d, const uint8_t *payload, size_t len, int16_t *pcm, size_t cap)
{
    if (len == 0 || len > IX_FRAME_MAX)
        return IRISX_E_PROTOCOL;
    int n = opus_decode(d->opus, payload, (opus_int32) len, pcm, (int) cap, 0);
    if (n == OPUS_BUFFER_TOO_SMALL)
        return IRISX_E_TOO_LARGE;
    return n > 0 ? n : IRISX_E_PROTOCOL;
}

int ix_decoder_frame(
    struct ix_decoder *d, enum ix_codec_id codec, const uint8_t *payload, size_t len, int16_t *pcm, size_t cap)
{
    if (codec != d->codec) {
        ix_decoder_reset(d, d->rate_hz);
        d->codec = codec;
    }
    d->noise = false;
    switch (codec) {
    case IX_CODEC_OPUS:
        return opus_frame(d, payload, len, pcm, cap);
    case IX_CODEC_PCMU:
    case IX_CODEC_PCMA:
        return g711_frame(d, payload, len, pcm, cap);
    case IX_CODEC_NONE:
        break;
    }
    return IRISX_E_UNSUPPORTED;
}

/* RFC 6716 section 4.2.4: after one voice activity bit for each SILK frame comes the flag of the redundancy */
bool ix_opus_redundancy(const uint8_t *payload, size_t len)
{
    const unsigned char *frames[48];
    opus_int16 sizes[48];
    if (len == 0 || len > IX_FRAME_MAX || (payload[0] & 0x80))
        return false; /* CELT only */
    if (opus_packet_parse(payload, (opus_int32) len, NULL, frames, sizes, NULL) <= 0 || sizes[0] == 0)
        return false;
    int silk_frames = IX_MAX(opus_packet_get_samples_per_frame(payload, OPUS_HZ) / (OPUS_HZ / 50), 1);
    return (frames[0][0] >> (7 - silk_frames)) & 1;
}

bool ix_decoder_fec(struct ix_decoder *d, const uint8_t *next, size_t len, int16_t *pcm, size_t n)
{
    if (d->codec == IX_CODEC_OPUS && next && len <= IX_FRAME_MAX && ix_opus_redundancy(next, len) &&
        opus_decode(d->opus, next, (opus_int32) len, pcm, (int) n, 1) == (int) n)
        return true;
    ix_decoder_conceal(d, pcm, n);
    return false;
}

static void silence(int16_t *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pcm[i] = 0;
}

static void g711_conceal(struct ix_decoder *d, int16_t *pcm, size_t n)
{
    size_t done = 0;
    while (done < n) {
        size_t narrow = IX_MIN((n - done) * G711_HZ / d->rate_hz, (size_t) G711_MAX);
        if (narrow == 0)
            break;
        ix_plc_conceal(&d->plc, d->narrow, narrow);
        done += widen(d, narrow, pcm + done, n - done);
    }
    silence(pcm + done, n - done);
}

void ix_decoder_conceal(struct ix_decoder *d, int16_t *pcm, size_t n)
{
    switch (d->codec) {
    case IX_CODEC_OPUS:
        if (opus_decode(d->opus, NULL, 0, pcm, (int) n, 0) == (int) n)
            return;
        break;
    case IX_CODEC_PCMU:
    case IX_CODEC_PCMA:
        g711_conceal(d, pcm, n);
        return;
    case IX_CODEC_NONE:
        break;
    }
    silence(pcm, n);
}

void ix_decoder_set_comfort(struct ix_decoder *d, uint8_t minus_dbov)
{
    d->noise = true;
    d->level = IX_MIN(minus_dbov, (uint8_t) LEVEL_SILENT);
}

/* white, evenly distributed: peak is sqrt(3) times the RMS */
static void noise(struct ix_decoder *d, int16_t *pcm, size_t n)
{
    float peak = d->level >= LEVEL_SILENT ? 0.0f : 32767.0f * 1.732f * powf(10.0f, -(float) d->level / 20.0f);
    peak = fminf(peak, 32767.0f);
    for (size_t i = 0; i < n; i++) {
        d->noise_state = d->noise_state * 1664525u + 1013904223u;
        pcm[i] = (int16_t) (peak * ((float) (d->noise_state >> 8) / 8388608.0f - 1.0f));
    }
}

void ix_decoder_comfort(struct ix_decoder *d, int16_t *pcm, size_t n)
{
    if (d->noise)
        noise(d, pcm, n);
    else
        ix_decoder_conceal(d, pcm, n);
}
