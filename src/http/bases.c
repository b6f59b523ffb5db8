/* SPDX-License-Identifier: MIT */
/*
 * Several servers of one platform: which to ask, which to leave alone for a while. The state diagram stands in http.h.
 */
#include "http/http.h"

#define DOWN_FIRST IX_S
#define DOWN_MAX (30 * IX_S)

static int add(struct ix_bases *b, struct ix_str url)
{
    while (url.n > 0 && url.p[url.n - 1] == '/')
        url.n--;
    if (url.n == 0)
        return 0;
    if (b->count == IX_BASES_MAX)
        return IRISX_E_LIMIT;
    struct ix_base *n = &b->items[b->count];
    *n = (struct ix_base){ .url = ix_str_dup(url) };
    if (n->url == NULL)
        return IRISX_E_NO_MEMORY;
    b->count++;
    return 0;
}

int ix_bases_init(struct ix_bases *b, const char *url, const char *fallbacks)
{
    struct ix_str rest = ix_str(fallbacks), one;

    *b = (struct ix_bases){ 0 };
    int err = add(b, ix_str(url));
    while (err == 0 && ix_str_cut(&rest, ' ', &one))
        err = add(b, ix_str_trim(one));
    if (err != 0)
        ix_bases_clear(b);
    return err;
}

void ix_bases_clear(struct ix_bases *b)
{
    for (size_t i = 0; i < b->count; i++)
        ix_free(b->items[i].url);
    *b = (struct ix_bases){ 0 };
}

static bool up(const struct ix_base *b)
{
    return b->failures == 0;
}

static bool was_tried(uint32_t tried, size_t i)
{
    return (tried >> i & 1) != 0;
}

bool ix_bases_elsewhere(const struct ix_bases *b, uint32_t tried)
{
    for (size_t i = 0; i < b->count; i++)
        if (up(&b->items[i]) && !was_tried(tried, i))
            return true;
    return false;
}

size_t ix_bases_pick(const struct ix_bases *b, uint32_t tried)
{
    size_t longest = 0;

    for (size_t i = 0; i < b->count; i++)
        if (up(&b->items[i]) && !was_tried(tried, i))
            return i;
    for (size_t i = 0; i < b->count; i++)
        if (up(&b->items[i]))
            return i;
    for (size_t i = 1; i < b->count; i++)
        if (b->items[i].down_until_us < b->items[longest].down_until_us)
            longest = i;
    return longest;
}

void ix_bases_report(struct ix_bases *b, size_t i, bool well, uint64_t now_us)
{
    struct ix_base *it = &b->items[i];
    uint64_t wait = DOWN_FIRST;

    it->probing = false;
    if (well) {
        it->failures = 0;
        return;
    }
    if (it->failures > 0 && now_us < it->down_until_us)
        return; /* one of several that failed together */
    for (uint32_t n = 0; n < it->failures && wait < DOWN_MAX; n++)
        wait *= 2;
    it->failures++;
    it->down_until_us = ix_time_add(now_us, IX_MIN(wait, DOWN_MAX));
}

bool ix_bases_probe(struct ix_bases *b, uint64_t now_us, size_t *i)
{
    for (size_t k = 0; b->count > 1 && k < b->count; k++) {
        struct ix_base *it = &b->items[k];
        if (up(it) || it->probing || now_us < it->down_until_us)
            continue;
        it->probing = true;
        *i = k;
        return true;
    }
    return false;
}
