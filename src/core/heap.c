/* SPDX-License-Identifier: MIT */
/* Deadlines: a binary heap of timers that live inside their owners. */
#include "core/core.h"

void ix_heap_init(struct ix_heap *h)
{
    *h = (struct ix_heap){ 0 };
}

void ix_heap_clear(struct ix_heap *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < h->n; i++)
        h->items[i]->index = 0;
    ix_free(h->items);
    ix_heap_init(h);
}

static void place(struct ix_heap *h, size_t at, struct ix_timer *t)
{
    h->items[at] = t;
    t->index = at + 1;
}

static void sift_up(struct ix_heap *h, size_t at)
{
    struct ix_timer *t = h->items[at];

    while (at > 0 && h->items[(at - 1) / 2]->at_us > t->at_us) {
        place(h, at, h->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(h, at, t);
}

static void sift_down(struct ix_heap *h, size_t at)
{
    struct ix_timer *t = h->items[at];

    for (size_t child; (child = 2 * at + 1) < h->n; at = child) {
        if (child + 1 < h->n && h->items[child + 1]->at_us < h->items[child]->at_us)
            child++;
        if (h->items[child]->at_us >= t->at_us)
            break;
        place(h, at, h->items[child]);
    }
    place(h, at, t);
}

int ix_heap_reserve(struct ix_heap *h, size_t count)
{
    if (count <= h->cap)
        return 0;
    size_t cap = IX_MAX(2 * h->cap, IX_MAX(count, 16));
    if (cap > SIZE_MAX / sizeof(struct ix_timer *))
        return IRISX_E_NO_MEMORY;
    struct ix_timer **items = ix_realloc(h->items, cap * sizeof(struct ix_timer *));
    if (items == NULL)
        return IRISX_E_NO_MEMORY;
    h->items = items;
    h->cap = cap;
    return 0;
}

int ix_heap_set(struct ix_heap *h, struct ix_timer *t, uint64_t at_us)
{
    if (at_us == IX_NEVER) {
        ix_heap_remove(h, t);
        return 0;
    }
    if (t->index == 0) {
        int err = ix_heap_reserve(h, h->n + 1);
        if (err != 0)
            return err;
        place(h, h->n++, t);
    }
    IX_ASSERT(t->index <= h->n && h->items[t->index - 1] == t);
    t->at_us = at_us;
    sift_up(h, t->index - 1);
    sift_down(h, t->index - 1);
    return 0;
}

void ix_heap_remove(struct ix_heap *h, struct ix_timer *t)
{
    if (t->index == 0)
        return;
    IX_ASSERT(t->index <= h->n && h->items[t->index - 1] == t);
    size_t at = t->index - 1;
    struct ix_timer *last = h->items[--h->n];
    t->index = 0;
    if (last == t)
        return;
    place(h, at, last);
    sift_up(h, at);
    sift_down(h, last->index - 1);
}

uint64_t ix_heap_deadline(const struct ix_heap *h)
{
    return h->n == 0 ? IX_NEVER : h->items[0]->at_us;
}

struct ix_timer *ix_heap_due(struct ix_heap *h, uint64_t now_us)
{
    if (h->n == 0 || h->items[0]->at_us > now_us)
        return NULL;
    struct ix_timer *t = h->items[0];
    ix_heap_remove(h, t);
    return t;
}
