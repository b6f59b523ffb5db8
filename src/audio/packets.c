/* SPDX-License-Identifier: MIT */
/*
 * Packets that wait, in the order of their timestamps. Payloads lie in chains of small chunks, so that memory follows
 * bytes, not packets; all of it is taken once.
 */
#include "audio/internal.h"

#include <string.h>

#define NONE 0xffffu

int ix_packets_init(struct ix_packets *p, size_t cap, uint16_t chunks)
{
    p->cap = cap;
    p->chunk_count = chunks;
    p->list = ix_alloc_array(cap, sizeof(*p->list));
    p->chunks = ix_alloc_array(chunks, IX_CHUNK_BYTES);
    p->next = ix_alloc_array(chunks, sizeof(*p->next));
    if (!p->list || !p->chunks || !p->next)
        return IRISX_E_NO_MEMORY;
    ix_packets_empty(p);
    return 0;
}

void ix_packets_clear(struct ix_packets *p)
{
    ix_free(p->list);
    ix_free(p->chunks);
    ix_free(p->next);
}

void ix_packets_empty(struct ix_packets *p)
{
    for (uint16_t i = 0; i < p->chunk_count; i++)
        p->next[i] = (uint16_t) (i + 1);
    p->next[p->chunk_count - 1] = NONE;
    p->free_chunk = 0;
    p->free_chunks = p->chunk_count;
    p->count = 0;
}

bool ix_packets_room(const struct ix_packets *p, size_t len)
{
    return p->count < p->cap && p->free_chunks >= (len + IX_CHUNK_BYTES - 1) / IX_CHUNK_BYTES;
}

size_t ix_packets_place(const struct ix_packets *p, uint64_t ts)
{
    size_t at = p->count;
    while (at > 0 && p->list[at - 1].ts >= ts)
        at--;
    return at;
}

static uint16_t store(struct ix_packets *p, const uint8_t *payload, size_t len)
{
    uint16_t first = len ? p->free_chunk : NONE, last = first;
    for (size_t at = 0; at < len; at += IX_CHUNK_BYTES) {
        last = p->free_chunk;
        memcpy(p->chunks[last], payload + at, IX_MIN(len - at, (size_t) IX_CHUNK_BYTES));
        p->free_chunk = p->next[last];
        p->free_chunks--;
    }
    if (last != NONE)
        p->next[last] = NONE;
    return first;
}

void ix_packets_insert(struct ix_packets *p, const struct ix_waiting *w, const uint8_t *payload)
{
    IX_ASSERT(ix_packets_room(p, w->len));
    size_t at = ix_packets_place(p, w->ts);
    memmove(p->list + at + 1, p->list + at, (p->count - at) * sizeof(*p->list));
    p->list[at] = *w;
    p->list[at].chunk = store(p, payload, w->len);
    p->count++;
}

void ix_packets_fetch(const struct ix_packets *p, size_t at, uint8_t *payload)
{
    const struct ix_waiting *w = &p->list[at];
    uint16_t c = w->chunk;
    for (size_t done = 0; done < w->len; done += IX_CHUNK_BYTES, c = p->next[c])
        memcpy(payload + done, p->chunks[c], IX_MIN(w->len - done, (size_t) IX_CHUNK_BYTES));
}

void ix_packets_drop(struct ix_packets *p, size_t at)
{
    uint16_t c = p->list[at].chunk;
    while (c != NONE) {
        uint16_t next = p->next[c];
        p->next[c] = p->free_chunk;
        p->free_chunk = c;
        p->free_chunks++;
        c = next;
    }
    p->count--;
    memmove(p->list + at, p->list + at + 1, (p->count - at) * sizeof(*p->list));
}
