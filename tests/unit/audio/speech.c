/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/audio/speech.h"

int16_t *speech_load(const char *name, uint32_t rate_hz, double seconds, size_t *n)
{
    char path[256];
    snprintf(path, sizeof(path), "/usr/share/asterisk/sounds/en_US_f_Allison/%s.wav", name);
    FILE *f = fopen(path, "rb");
    cr_assert(f, "%s is missing: install asterisk-core-sounds-en-wav", path);
    size_t cap = 4 << 20;
    uint8_t *bytes = malloc(cap);
    size_t got = fread(bytes, 1, cap, f);
    fclose(f);
    int16_t *pcm = NULL;
    const char *why = NULL;
    int err = ix_wav_load(bytes, got, rate_hz, &pcm, n, &why);
    free(bytes);
    cr_assert_eq(err, 0, "%s: %s", path, why);
    size_t most = (size_t) (seconds * rate_hz);
    if (*n > most)
        *n = most;
    return pcm;
}
