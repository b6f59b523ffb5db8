/* SPDX-License-Identifier: MIT */
/* Fuzz target: the WAV reader, fed in pieces whose size the first byte says. */
#include <stdlib.h>

#include "audio/audio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_wav_reader r;
    int16_t pcm[64];
    size_t piece = size ? 1 + data[0] : 1, count;
    ix_wav_reader_init(&r);
    for (size_t at = 1; at < size; at += piece) {
        const uint8_t *p = data + at;
        size_t n = IX_MIN(size - at, piece);
        while (n > 0 && ix_wav_read(&r, &p, &n, pcm, IX_COUNT(pcm), &count) == 0)
            if (count > 0 && !r.ready)
                abort();
    }
    if (ix_wav_finish(&r) != 0 && !r.why)
        abort();
    return 0;
}
