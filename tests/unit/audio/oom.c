/* SPDX-License-Identifier: MIT */
/* every constructor of audio, and what allocates while it runs, with the Nth allocation failing */
#include <criterion/criterion.h>

#include "audio/audio.h"
#include "oom.h"

static int constructors(void *arg)
{
    (void) arg;
    struct ix_decoder *d = NULL;
    struct ix_encoder *e = NULL;
    struct ix_jitter *j = NULL;
    struct ix_resampler *r = NULL;
    int err = ix_decoder_new(&d);
    if (!err)
        err = ix_encoder_new(&e);
    if (!err)
        err = ix_jitter_new(&(struct ix_jitter_config){ 0 }, &j);
    if (!err)
        err = ix_resampler_new(&r);
    ix_resampler_free(r);
    ix_jitter_free(j);
    ix_encoder_free(e);
    ix_decoder_free(d);
    return err;
}

Test(oom, constructors_fail_cleanly)
{
    cr_assert_eq(oom_run(constructors, NULL), 0);
}

static int measuring(void *arg)
{
    (void) arg;
    static int16_t pcm[17000];
    struct ix_tone t;
    struct ix_similarity s;
    ix_tone_init(&t, 16000, (float[2]){ 300.0f, 0.0f }, 0.5f);
    ix_tone_run(&t, pcm, 17000);
    int err = ix_similarity(pcm, 17000, pcm, 17000, &s);
    return err ? err : s.mean > 0.99f ? 0 : IRISX_E_INTERNAL;
}

Test(oom, measuring_fails_cleanly)
{
    cr_assert_eq(oom_run(measuring, NULL), 0);
}

static int loading(void *arg)
{
    (void) arg;
    uint8_t file[IX_WAV_HEADER + 400] = { 0 };
    int16_t *pcm = NULL;
    size_t n = 0;
    ix_wav_header(file, 8000, 1, 400);
    int err = ix_wav_load(file, sizeof(file), 16000, &pcm, &n, NULL);
    if (!err)
        ix_free(pcm);
    return err;
}

Test(oom, loading_a_wav_fails_cleanly)
{
    cr_assert_eq(oom_run(loading, NULL), 0);
}
