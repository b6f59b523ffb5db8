/* SPDX-License-Identifier: MIT */
/*
 * Ring of records, one producer thread and one consumer thread, no lock. `head` and `tail` run freely; their
 * difference is what is used. A record is an 8-byte length and its bytes, padded to 8, never split at the end: if the
 * rest of the storage is too short, a marker sends the consumer back to the start. Each side keeps a copy of the
 * other's index and looks at the shared one only when the copy says full or empty.
 */
#include "core/core.h"

#include <string.h>

#define ALIGN 8u
#define WRAP UINT64_MAX /* in place of a length: continue at the start */
#define CACHE_LINE 128 /* bytes; two lines of 64, for the adjacent-line prefetcher */

struct ix_ring {
    uint8_t *data;
    size_t size; /* a power of two */
    char pad0[CACHE_LINE];
    _Atomic size_t head; /* written by the producer */
    size_t seen_tail; /* producer's copy */
    _Atomic uint64_t refused;
    char pad1[CACHE_LINE];
    _Atomic size_t tail; /* written by the consumer */
    size_t seen_head; /* consumer's copy */
    size_t peeked; /* bytes that ix_ring_drop releases */
    char pad2[CACHE_LINE];
};

struct ix_ring *ix_ring_new(size_t capacity)
{
    size_t size = 64;

    while (size < capacity) {
        if (size > SIZE_MAX / 4)
            return NULL;
        size *= 2;
    }
    struct ix_ring *r = ix_alloc(sizeof *r);
    if (r == NULL)
        return NULL;
    r->size = size;
    r->data = ix_realloc(NULL, size); /* not cleared: memory that is never reached is never touched */
    if (r->data == NULL) {
        ix_free(r);
        return NULL;
    }
    return r;
}

void ix_ring_free(struct ix_ring *r)
{
    if (r == NULL)
        return;
    ix_free(r->data);
    ix_free(r);
}

static void store_length(struct ix_ring *r, size_t at, uint64_t length)
{
    memcpy(r->data + at, &length, sizeof length);
}

static bool room_for(struct ix_ring *r, size_t head, size_t need)
{
    if (r->size - (head - r->seen_tail) >= need)
        return true;
    r->seen_tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    return r->size - (head - r->seen_tail) >= need;
}

static bool refuse(struct ix_ring *r)
{
    atomic_fetch_add_explicit(&r->refused, 1, memory_order_relaxed);
    return false;
}

bool ix_ring_put(struct ix_ring *r, const void *head, size_t head_len, const void *body, size_t body_len)
{
    /* over half of the ring a record could be refused for ever, however empty the ring is: refuse it always */
    if (head_len > r->size / 2 || body_len > r->size / 2 || head_len + body_len > r->size / 2 - ALIGN)
        return refuse(r);
    size_t need = ALIGN + ((head_len + body_len + ALIGN - 1) & ~(size_t) (ALIGN - 1));
    size_t index = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t at = index & (r->size - 1);
    size_t skip = r->size - at < need ? r->size - at : 0;

    if (!room_for(r, index, skip + need))
        return refuse(r);
    if (skip > 0) {
        store_length(r, at, WRAP);
        at = 0;
    }
    store_length(r, at, head_len + body_len);
    if (head_len > 0)
        memcpy(r->data + at + ALIGN, head, head_len);
    if (body_len > 0)
        memcpy(r->data + at + ALIGN + head_len, body, body_len);
    atomic_store_explicit(&r->head, index + skip + need, memory_order_release);
    return true;
}

const void *ix_ring_peek(struct ix_ring *r, size_t *len)
{
    size_t index = atomic_load_explicit(&r->tail, memory_order_relaxed);
    size_t at = index & (r->size - 1);
    uint64_t length;

    if (index == r->seen_head) {
        r->seen_head = atomic_load_explicit(&r->head, memory_order_acquire);
        if (index == r->seen_head)
            return NULL;
    }
    memcpy(&length, r->data + at, sizeof length);
    r->peeked = 0;
    if (length == WRAP) { /* a record always follows: both were published together */
        r->peeked = r->size - at;
        at = 0;
        memcpy(&length, r->data, sizeof length);
    }
    r->peeked += ALIGN + (((size_t) length + ALIGN - 1) & ~(size_t) (ALIGN - 1));
    *len = (size_t) length;
    return r->data + at + ALIGN;
}

void ix_ring_drop(struct ix_ring *r)
{
    size_t index = atomic_load_explicit(&r->tail, memory_order_relaxed);

    atomic_store_explicit(&r->tail, index + r->peeked, memory_order_release);
    r->peeked = 0;
}

uint64_t ix_ring_refused(const struct ix_ring *r)
{
    return atomic_load_explicit(&r->refused, memory_order_relaxed);
}
