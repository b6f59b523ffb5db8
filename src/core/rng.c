/* SPDX-License-Identifier: MIT */
/* Random values out of injected bytes, and the deterministic generator of simulations (Blackman, Vigna: xoshiro256**).
 */
#include "core/core.h"

void ix_rng_fill(const struct ix_rng *rng, void *out, size_t len)
{
    if (len > 0)
        rng->fill(rng->ctx, out, len);
}

uint32_t ix_rng_u32(const struct ix_rng *rng)
{
    return (uint32_t) (ix_rng_u64(rng) >> 32);
}

/* put together byte by byte, so that a seed means the same on every machine */
uint64_t ix_rng_u64(const struct ix_rng *rng)
{
    uint8_t bytes[8];
    uint64_t v = 0;

    ix_rng_fill(rng, bytes, sizeof bytes);
    for (size_t i = sizeof bytes; i > 0; i--)
        v = v << 8 | bytes[i - 1];
    return v;
}

uint32_t ix_rng_below(const struct ix_rng *rng, uint32_t bound)
{
    if (bound < 2)
        return 0;
    /* 2^32 mod bound values at the low end would come once too often */
    uint32_t reject = (uint32_t) (UINT64_C(0x100000000) % bound);
    uint32_t v;

    do
        v = ix_rng_u32(rng);
    while (v < reject);
    return v % bound;
}

void ix_rng_token(const struct ix_rng *rng, char *out, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t i = 0; i < n; i++)
        out[i] = letters[ix_rng_below(rng, sizeof letters - 1)];
    out[n] = '\0';
}

void ix_rng_ice(const struct ix_rng *rng, char *out, size_t n)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i++)
        out[i] = letters[ix_rng_below(rng, sizeof letters - 1)];
    out[n] = '\0';
}

static uint64_t rotl(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

/* splitmix64: spreads one seed over the whole state, which must not be zero */
void ix_prng_seed(struct ix_prng *prng, uint64_t seed)
{
    for (size_t i = 0; i < IX_COUNT(prng->s); i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        prng->s[i] = z ^ z >> 31;
    }
}

static uint64_t prng_next(struct ix_prng *prng)
{
    uint64_t *s = prng->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

static void prng_fill(void *ctx, void *out, size_t len)
{
    uint8_t *bytes = out;

    while (len > 0) {
        uint64_t v = prng_next(ctx);
        for (size_t i = 0; i < 8 && len > 0; i++, len--) {
            *bytes++ = (uint8_t) v;
            v >>= 8;
        }
    }
}

struct ix_rng ix_prng_rng(struct ix_prng *prng)
{
    return (struct ix_rng){ .fill = prng_fill, .ctx = prng };
}
