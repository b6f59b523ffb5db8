/* SPDX-License-Identifier: MIT */
/* decoder.c and encoder.c, against each other */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/audio/speech.h"

static struct ix_encoder *encoder(enum ix_codec_id codec, uint32_t rate, bool fec, bool dtx)
{
    struct ix_encoder *e = NULL;
    cr_assert_eq(ix_encoder_new(&e), 0);
    struct ix_encoder_config c = {
        .codec = codec, .rate_hz = rate, .complexity = 0xff, .fec = fec, .dtx = dtx, .loss_percent = fec ? 20 : 0
    };
    cr_assert_eq(ix_encoder_set(e, &c), 0);
    return e;
}

static struct ix_decoder *decoder(uint32_t rate)
{
    struct ix_decoder *d = NULL;
    cr_assert_eq(ix_decoder_new(&d), 0);
    ix_decoder_reset(d, rate);
    return d;
}

/* correlation of what comes out with what went in, at the codec's delay */
static float fidelity(enum ix_codec_id codec, uint32_t rate)
{
    size_t n = 0;
    int16_t *in = speech_load(SPEECH_CONGRATS, rate, 5.0, &n), *out = ix_alloc_array(n + 960, sizeof(*out));
    struct ix_encoder *e = encoder(codec, rate, false, false);
    struct ix_decoder *d = decoder(rate);
    size_t frame = rate / 50;
    for (size_t at = 0; at + frame <= n; at += frame) {
        uint8_t payload[IX_FRAME_MAX];
        int len = ix_encoder_frame(e, in + at, payload, sizeof(payload));
        cr_assert_gt(len, 0);
        cr_assert_eq(ix_payload_samples(codec, payload, (size_t) len), codec == IX_CODEC_OPUS ? 960u : 160u);
        cr_assert_eq(ix_decoder_frame(d, codec, payload, (size_t) len, out + at, frame), (int) frame);
    }
    int16_t *in16 = NULL, *out16 = NULL;
    size_t n1 = 0, n2 = 0;
    cr_assert_eq(ix_resample_all(in, n, rate, 16000, &in16, &n1), 0);
    cr_assert_eq(ix_resample_all(out, n, rate, 16000, &out16, &n2), 0);
    struct ix_similarity s;
    cr_assert_eq(ix_similarity(in16, n1, out16, n2, &s), 0);
    ix_encoder_free(e);
    ix_decoder_free(d);
    ix_free(in);
    ix_free(out);
    ix_free(in16);
    ix_free(out16);
    return s.mean;
}

Test(codec, speech_comes_through_opus_at_every_rate)
{
    cr_assert_gt(fidelity(IX_CODEC_OPUS, 16000), 0.98f);
    cr_assert_gt(fidelity(IX_CODEC_OPUS, 8000), 0.97f);
    cr_assert_gt(fidelity(IX_CODEC_OPUS, 48000), 0.98f);
}

Test(codec, speech_comes_through_g711_at_its_own_rate_and_widened)
{
    cr_assert_gt(fidelity(IX_CODEC_PCMU, 8000), 0.995f);
    cr_assert_gt(fidelity(IX_CODEC_PCMA, 16000), 0.99f);
    cr_assert_gt(fidelity(IX_CODEC_PCMU, 48000), 0.99f);
}

Test(codec, opus_never_leaves_the_speech_mode)
{
    struct ix_encoder *e = encoder(IX_CODEC_OPUS, 16000, false, false);
    struct ix_tone t;
    ix_tone_init(&t, 16000, (float[2]){ 1000.0f, 3400.0f }, 0.7f);
    for (int i = 0; i < 50; i++) {
        int16_t pcm[320];
        uint8_t payload[IX_FRAME_MAX];
        ix_tone_run(&t, pcm, 320);
        cr_assert_gt(ix_encoder_frame(e, pcm, payload, sizeof(payload)), 0);
        cr_assert_lt(payload[0] >> 3, 12, "SILK configurations are 0 to 11 (RFC 6716 table 2)");
    }
    ix_encoder_free(e);
}

static float recovered(bool fec)
{
    size_t n = 0;
    int16_t *in = speech_load(SPEECH_CONGRATS, 16000, 6.0, &n), *out = ix_alloc_array(n + 320, sizeof(*out));
    struct ix_encoder *e = encoder(IX_CODEC_OPUS, 16000, true, false);
    struct ix_decoder *d = decoder(16000);
    size_t used = 0;
    for (size_t at = 0; at + 320 <= n; at += 320) {
        uint8_t payload[IX_FRAME_MAX];
        int len = ix_encoder_frame(e, in + at, payload, sizeof(payload));
        size_t k = at / 320;
        if (k % 5 == 3)
            continue; /* lost; made up when the next one is there */
        if (k % 5 == 4 && fec)
            used += ix_decoder_fec(d, payload, (size_t) len, out + at - 320, 320);
        else if (k % 5 == 4)
            ix_decoder_conceal(d, out + at - 320, 320);
        cr_assert_eq(ix_decoder_frame(d, IX_CODEC_OPUS, payload, (size_t) len, out + at, 320), 320);
    }
    cr_assert_eq(used > 20, fec);
    struct ix_similarity s;
    cr_assert_eq(ix_similarity(in, n, out, n, &s), 0);
    ix_encoder_free(e);
    ix_decoder_free(d);
    ix_free(in);
    ix_free(out);
    return s.mean;
}

Test(codec, redundancy_in_the_following_packet_restores_what_concealment_cannot)
{
    float with = recovered(true), without = recovered(false);
    cr_assert_gt(with, 0.92f, "with FEC %f", (double) with);
    cr_assert_lt(without, with - 0.03f, "with FEC %f, without %f", (double) with, (double) without);
}

Test(codec, dtx_sends_one_frame_into_a_pause_and_then_few)
{
    struct ix_encoder *e = encoder(IX_CODEC_OPUS, 16000, false, true);
    int sent = 0, skipped = 0;
    for (int i = 0; i < 100; i++) {
        int16_t pcm[320] = { 0 };
        uint8_t payload[IX_FRAME_MAX];
        int n = ix_encoder_frame(e, pcm, payload, sizeof(payload));
        cr_assert_geq(n, 0);
        sent += n > 0;
        skipped += n == 0;
    }
    cr_assert_gt(skipped, 60);
    cr_assert_gt(sent, 2);
    ix_encoder_free(e);
}

Test(codec, concealment_without_any_packet_is_silence)
{
    struct ix_decoder *d = decoder(16000);
    int16_t pcm[320];
    ix_decoder_conceal(d, pcm, 320);
    cr_assert_eq(ix_rms(pcm, 320), 0.0f);
    cr_assert_not(ix_decoder_fec(d, (const uint8_t *) "\x48", 1, pcm, 320));
    ix_decoder_free(d);
}

Test(codec, comfort_noise_has_the_level_that_was_announced)
{
    struct ix_decoder *d = decoder(8000);
    int16_t pcm[8000];
    ix_decoder_set_comfort(d, 40);
    ix_decoder_comfort(d, pcm, 8000);
    cr_assert_float_eq(20.0f * log10f(ix_rms(pcm, 8000)), -40.0f, 0.5f);
    ix_decoder_set_comfort(d, 127);
    ix_decoder_comfort(d, pcm, 8000);
    cr_assert_eq(ix_rms(pcm, 8000), 0.0f);
    ix_decoder_free(d);
}

Test(codec, payloads_that_are_none_are_refused)
{
    struct ix_decoder *d = decoder(16000);
    int16_t pcm[1920];
    uint8_t big[2000] = { 0 };
    cr_assert_eq(ix_decoder_frame(d, IX_CODEC_OPUS, big, 0, pcm, 1920), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_decoder_frame(d, IX_CODEC_OPUS, (const uint8_t *) "\xff\xff\xff", 3, pcm, 1920), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_decoder_frame(d, IX_CODEC_PCMU, big, 0, pcm, 1920), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_decoder_frame(d, IX_CODEC_PCMU, big, 961, pcm, 1920), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_decoder_frame(d, IX_CODEC_PCMU, big, 960, pcm, 1919), IRISX_E_TOO_LARGE);
    cr_assert_eq(ix_decoder_frame(d, IX_CODEC_NONE, big, 10, pcm, 1920), IRISX_E_UNSUPPORTED);
    cr_assert_eq(ix_payload_samples(IX_CODEC_OPUS, big, 0), 0);
    cr_assert_eq(ix_payload_samples(IX_CODEC_OPUS, big, 2000), 0);
    cr_assert_eq(ix_payload_samples(IX_CODEC_PCMA, big, 2000), 0);
    cr_assert_eq(ix_payload_samples(99, big, 100), 0);
    ix_decoder_free(d);
}

Test(codec, settings_that_do_not_exist_are_refused)
{
    struct ix_encoder *e = NULL;
    uint8_t payload[200];
    int16_t pcm[320] = { 0 };
    cr_assert_eq(ix_encoder_new(&e), 0);
    cr_assert_eq(ix_encoder_frame(e, pcm, payload, sizeof(payload)), IRISX_E_STATE);
    cr_assert_eq(ix_encoder_set(e, &(struct ix_encoder_config){ .codec = IX_CODEC_NONE }), IRISX_E_UNSUPPORTED);
    cr_assert_eq(
        ix_encoder_set(e, &(struct ix_encoder_config){ .codec = IX_CODEC_OPUS, .rate_hz = 11025 }), IRISX_E_INVALID);
    cr_assert_eq(
        ix_encoder_set(e, &(struct ix_encoder_config){ .codec = IX_CODEC_PCMU, .rate_hz = 1 }), IRISX_E_INVALID);
    cr_assert_eq(ix_encoder_set(e, &(struct ix_encoder_config){ .codec = IX_CODEC_PCMU, .rate_hz = 8000 }), 0);
    cr_assert_eq(ix_encoder_frame(e, pcm, payload, 100), IRISX_E_TOO_LARGE);
    ix_encoder_free(e);
    ix_encoder_free(NULL);
    ix_decoder_free(NULL);
}
