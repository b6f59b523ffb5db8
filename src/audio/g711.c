/* SPDX-License-Identifier: MIT */
/*
 * G.711: logarithmic 8-bit coding at 8 kHz. mu-law is linear-to-log with a bias of 132 on 16-bit samples (33 on the 14
 * bits of the standard, times 4), A-law is 13 bits with even bits inverted. ITU-T G.711 tables 1a to 2b.
 */
#include "audio/audio.h"

#define MU_BIAS 132
#define MU_CLIP 32635
#define ALAW_EVEN 0x55

/* index of the highest set bit, v > 0 */
static unsigned top_bit(unsigned v)
{
    unsigned bit = 0;
    while (v >>= 1)
        bit++;
    return bit;
}

uint8_t ix_pcmu_encode(int16_t sample)
{
    unsigned sign = sample < 0 ? 0x80u : 0;
    unsigned mag = (unsigned) (sample < 0 ? -(int) sample : sample);
    mag = IX_MIN(mag, (unsigned) MU_CLIP) + MU_BIAS;
    unsigned segment = top_bit(mag) - 7;
    unsigned step = (mag >> (segment + 3)) & 0x0f;
    return (uint8_t) ~(sign | segment << 4 | step);
}

int16_t ix_pcmu_decode(uint8_t code)
{
    unsigned c = (uint8_t) ~code;
    int mag = (int) ((((c & 0x0fu) << 3) + MU_BIAS) << ((c >> 4) & 7u)) - MU_BIAS;
    return (int16_t) (c & 0x80u ? -mag : mag);
}

uint8_t ix_pcma_encode(int16_t sample)
{
    unsigned positive = sample >= 0 ? 0x80u : 0;
    unsigned mag = (unsigned) (sample >= 0 ? sample : -(int) sample - 1) >> 4; /* 11 bits and sign */
    unsigned code = mag;
    if (mag >= 32) {
        unsigned shift = top_bit(mag) - 4;
        code = (shift + 1) << 4 | ((mag >> shift) & 0x0f);
    }
    return (uint8_t) ((positive | code) ^ ALAW_EVEN);
}

int16_t ix_pcma_decode(uint8_t code)
{
    unsigned c = code ^ ALAW_EVEN;
    unsigned segment = (c >> 4) & 7u;
    int mag = (int) ((c & 0x0fu) << 4) + 8;
    if (segment > 0)
        mag = (mag + 0x100) << (segment - 1);
    return (int16_t) (c & 0x80u ? mag : -mag);
}
