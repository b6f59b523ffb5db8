/* SPDX-License-Identifier: MIT */
/* Ring of int16 samples, one producer thread and one consumer thread, no lock. Indices run freely. */
#include "core/core.h"

#include <string.h>

#define CACHE_LINE 128 /* bytes; two lines of 64, for the adjacent-line prefetcher */

struct ix_pcm_ring {
    int16_t *data;
    size_t size; /* samples, a power of two */
    char pad0[CACHE_LINE];
    _Atomic size_t head; /* written by the producer */
    atomic_bool ended; /* written by the producer, after its last sample */
    char pad1[CACHE_LINE];
    _Atomic size_t tail; /* written by the consumer */
    char pad2[CACHE_LINE];
};

struct ix_pcm_ring *ix_pcm_ring_new(size_t samples)
{
    size_t size = 64;

    while (size < samples) {
        if (size > SIZE_MAX / 8)
            return NULL;
        size *= 2;
    }
    struct ix_pcm_ring *r = ix_alloc(sizeof *r);
    if (r == NULL)
        return NULL;
    r->size = size;
    r->data = ix_alloc_array(size, sizeof *r->data);
    if (r->data == NULL) {
        ix_free(r);
        return NULL;
    }
    return r;
}

void ix_pcm_ring_free(struct ix_pcm_ring *r)
{
    if (r == NULL)
        return;
    ix_free(r->data);
    ix_free(r);
}

size_t ix_pcm_ring_write(struct ix_pcm_ring *r, const int16_t *pcm, size_t n)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);

    n = IX_MIN(n, r->size - (head - tail));
    if (n == 0)
        return 0;
    size_t at = head & (r->size - 1);
    size_t first = IX_MIN(n, r->size - at);
    memcpy(r->data + at, pcm, first * sizeof *pcm);
    memcpy(r->data, pcm + first, (n - first) * sizeof *pcm);
    atomic_store_explicit(&r->head, head + n, memory_order_release);
    return n;
}

size_t ix_pcm_ring_read(struct ix_pcm_ring *r, int16_t *pcm, size_t n)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    size_t head = atomic_load_explicit(&r->head, memory_order_acquire);

    n = IX_MIN(n, head - tail);
    if (n == 0)
        return 0;
    size_t at = tail & (r->size - 1);
    size_t first = IX_MIN(n, r->size - at);
    memcpy(pcm, r->data + at, first * sizeof *pcm);
    memcpy(pcm + first, r->data, (n - first) * sizeof *pcm);
    atomic_store_explicit(&r->tail, tail + n, memory_order_release);
    return n;
}

size_t ix_pcm_ring_used(const struct ix_pcm_ring *r)
{
    /* tail first: seen the other way round, a fast consumer could seem to be ahead of the producer */
    size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    size_t head = atomic_load_explicit(&r->head, memory_order_acquire);

    return IX_MIN(head - tail, r->size);
}

size_t ix_pcm_ring_space(const struct ix_pcm_ring *r)
{
    return r->size - ix_pcm_ring_used(r);
}

void ix_pcm_ring_end(struct ix_pcm_ring *r)
{
    atomic_store_explicit(&r->ended, true, memory_order_release);
}

bool ix_pcm_ring_ended(const struct ix_pcm_ring *r)
{
    return atomic_load_explicit(&r->ended, memory_order_acquire) && ix_pcm_ring_used(r) == 0;
}
