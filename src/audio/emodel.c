/* SPDX-License-Identifier: MIT */
/*
 * The E-model (ITU-T G.107) with its defaults: R = R0 - Id - Ie,eff, and the opinion score that follows from it. Codec
 * impairments: G.711 from G.113 Appendix I (with packet loss concealment); Opus has no entry there, its values are set
 * so that it stands between G.711 and the wideband codecs of G.113 under loss, and are for comparing calls, not for
 * contracts.
 */
#include "audio/audio.h"

#include <math.h>

#define R_DEFAULT 93.2f /* R0 - Is with all defaults (G.107 section 7.7) */

struct impairment {
    float ie; /* of the codec itself */
    float bpl; /* robustness against loss, percent */
};

static struct impairment impairment_of(enum ix_codec_id codec)
{
    switch (codec) {
    case IX_CODEC_OPUS:
        return (struct impairment){ 0.0f, 20.0f };
    case IX_CODEC_PCMU:
    case IX_CODEC_PCMA:
    case IX_CODEC_NONE:
        break;
    }
    return (struct impairment){ 0.0f, 25.1f };
}

/* Idd: what pure delay costs, nothing below 100 ms (G.107 equation 7-27) */
static float delay_impairment(uint32_t ms)
{
    if (ms <= 100)
        return 0.0f;
    float x = log2f((float) ms / 100.0f);
    float a = powf(1.0f + powf(x, 6.0f), 1.0f / 6.0f);
    float b = powf(1.0f + powf(x / 3.0f, 6.0f), 1.0f / 6.0f);
    return 25.0f * (a - 3.0f * b + 2.0f);
}

static float mos_of(float r)
{
    if (r <= 0.0f)
        return 1.0f;
    if (r >= 100.0f)
        return 4.5f;
    float mos = 1.0f + 0.035f * r + r * (r - 60.0f) * (100.0f - r) * 7e-6f;
    return fmaxf(mos, 1.0f); /* the polynomial dips below 1 for the smallest r */
}

void ix_emodel(const struct ix_emodel_in *in, float *r_factor, float *mos)
{
    struct impairment c = impairment_of(in->codec);
    float loss = fminf(fmaxf(in->loss_percent, 0.0f), 100.0f);
    float burst = in->burst_ratio > 0.0f ? in->burst_ratio : 1.0f;
    float ie_eff = c.ie + (95.0f - c.ie) * loss / (loss / burst + c.bpl);
    float r = R_DEFAULT - delay_impairment(in->one_way_delay_ms) - ie_eff;
    *r_factor = fmaxf(r, 0.0f);
    *mos = mos_of(*r_factor);
}
