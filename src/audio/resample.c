/* SPDX-License-Identifier: MIT */
/*
 * Resampling through speexdsp. The library grows its tables when the rates change; here they are grown once, at `new`,
 * to what the worst pairs of rates need, so that no later change of rates allocates.
 */
#include "audio/audio.h"

#include <speex/speex_resampler.h>

#define QUALITY 3 /* 48 taps: speech; pass band to 0.9 of Nyquist, 3 ms of delay at 8 kHz */

struct ix_resampler {
    SpeexResamplerState *st;
    uint32_t from_hz, to_hz;
};

static int new_sized(const uint32_t (*pairs)[2], size_t count, struct ix_resampler **out)
{
    struct ix_resampler *r = ix_alloc(sizeof(*r));
    if (!r)
        return IRISX_E_NO_MEMORY;
    int err = 0;
    r->st = speex_resampler_init(1, pairs[0][0], pairs[0][1], QUALITY, &err);
    for (size_t i = 1; r->st && !err && i < count; i++)
        err = speex_resampler_set_rate(r->st, pairs[i][0], pairs[i][1]);
    if (!r->st || err) {
        ix_resampler_free(r);
        return IRISX_E_NO_MEMORY;
    }
    r->from_hz = pairs[count - 1][0];
    r->to_hz = pairs[count - 1][1];
    *out = r;
    return 0;
}

int ix_resampler_new(struct ix_resampler **out)
{
    /* longest table: taps x phases just below 2:1 with a large denominator; longest memory: 6:1 */
    static const uint32_t worst[][2] = { { 47999, 24001 }, { 48000, 8000 }, { 8000, 48000 } };
    return new_sized(worst, IX_COUNT(worst), out);
}

int ix_resampler_new_narrow(struct ix_resampler **out)
{
    static const uint32_t worst[][2] = { { 16000, 8000 }, { 8000, 16000 } };
    return new_sized(worst, IX_COUNT(worst), out);
}

void ix_resampler_free(struct ix_resampler *r)
{
    if (!r)
        return;
    if (r->st)
        speex_resampler_destroy(r->st);
    ix_free(r);
}

int ix_resampler_set(struct ix_resampler *r, uint32_t from_hz, uint32_t to_hz)
{
    if (from_hz < IX_RATE_MIN || from_hz > IX_RATE_MAX || to_hz < IX_RATE_MIN || to_hz > IX_RATE_MAX)
        return IRISX_E_INVALID;
    if (from_hz != r->from_hz || to_hz != r->to_hz) {
        if (speex_resampler_set_rate(r->st, from_hz, to_hz))
            return IRISX_E_NO_MEMORY;
        r->from_hz = from_hz;
        r->to_hz = to_hz;
    }
    (void) speex_resampler_reset_mem(r->st); /* cannot fail */
    return 0;
}

void ix_resampler_skip_delay(struct ix_resampler *r)
{
    (void) speex_resampler_skip_zeros(r->st); /* cannot fail */
}

static void copy_through(const int16_t *in, size_t *in_len, int16_t *out, size_t *out_len)
{
    size_t n = IX_MIN(*in_len, *out_len);
    for (size_t i = 0; i < n; i++)
        out[i] = in[i];
    *in_len = n;
    *out_len = n;
}

void ix_resampler_run(struct ix_resampler *r, const int16_t *in, size_t *in_len, int16_t *out, size_t *out_len)
{
    if (r->from_hz == r->to_hz) {
        copy_through(in, in_len, out, out_len);
        return;
    }
    spx_uint32_t took = (spx_uint32_t) IX_MIN(*in_len, (size_t) UINT32_MAX);
    spx_uint32_t made = (spx_uint32_t) IX_MIN(*out_len, (size_t) UINT32_MAX);
    (void) speex_resampler_process_int(r->st, 0, in, &took, out, &made); /* fails on bad pointers only */
    *in_len = took;
    *out_len = made;
}

/* feeds n samples, then zeros, until the output is full */
static void run_whole(struct ix_resampler *r, const int16_t *in, size_t n, int16_t *out, size_t want)
{
    static const int16_t silence[256];
    size_t done = 0;
    while (done < want) {
        size_t took = n > 0 ? n : IX_COUNT(silence);
        size_t made = want - done;
        ix_resampler_run(r, n > 0 ? in : silence, &took, out + done, &made);
        done += made;
        if (n > 0) {
            in += took;
            n -= took;
        }
    }
}

int ix_resample_all(const int16_t *in, size_t n, uint32_t from_hz, uint32_t to_hz, int16_t **out, size_t *out_n)
{
    if (n > SIZE_MAX / IX_RATE_MAX || from_hz == 0)
        return IRISX_E_TOO_LARGE;
    struct ix_resampler *r = NULL;
    int err = ix_resampler_new(&r);
    if (err)
        return err;
    int16_t *pcm = NULL;
    size_t want = n * to_hz / from_hz;
    err = ix_resampler_set(r, from_hz, to_hz);
    if (err)
        goto out;
    pcm = ix_alloc_array(want + 1, sizeof(*pcm));
    if (!pcm) {
        err = IRISX_E_NO_MEMORY;
        goto out;
    }
    ix_resampler_skip_delay(r);
    run_whole(r, in, n, pcm, want);
    *out = pcm;
    *out_n = want;
out:
    ix_resampler_free(r);
    return err;
}
