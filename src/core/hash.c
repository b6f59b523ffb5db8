/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"). Keys of our maps come from the network
 * (Call-ID, ufrag, address), so whoever picks them must not be able to pick their place in the table.
 */
#include "core/core.h"

struct sip_state {
    uint64_t v[4];
};

static uint64_t rotl(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void rounds(struct sip_state *s, int count)
{
    uint64_t *v = s->v;

    while (count-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] = rotl(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[2] = rotl(v[2], 32);
    }
}

static void absorb(struct sip_state *s, uint64_t word)
{
    s->v[3] ^= word;
    rounds(s, 2);
    s->v[0] ^= word;
}

uint64_t ix_siphash(uint64_t k0, uint64_t k1, const void *p, size_t n)
{
    struct sip_state s = { { k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
        k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573) } };
    const uint8_t *bytes = p;
    uint64_t word = 0;

    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t) bytes[i] << (8 * (i % 8));
        if (i % 8 == 7) {
            absorb(&s, word);
            word = 0;
        }
    }
    absorb(&s, word | (uint64_t) n << 56);
    s.v[2] ^= 0xff;
    rounds(&s, 4);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

uint64_t ix_hash(const void *p, size_t n, uint64_t seed)
{
    return ix_siphash(seed, ~seed, p, n);
}
