/* SPDX-License-Identifier: MIT */
/*
 * Map from bytes to a pointer: open addressing, linear probing, tombstones. A removal never moves another entry, which
 * is what makes removing while iterating safe.
 */
#include "core/core.h"

#include <string.h>

#define FIRST_SLOTS 16

struct slot {
    char *key; /* owned; NULL: free, or a tombstone if `dead` */
    size_t key_len;
    uint64_t hash;
    void *value;
    bool dead;
};

struct ix_map {
    struct slot *slots;
    size_t size; /* a power of two, 0 before the first entry */
    size_t used;
    size_t dead;
    size_t limit;
    uint64_t seed;
};

struct ix_map *ix_map_new(size_t limit, uint64_t seed)
{
    struct ix_map *m = ix_alloc(sizeof *m);

    if (m != NULL) {
        m->limit = limit;
        m->seed = seed;
    }
    return m;
}

void ix_map_free(struct ix_map *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->size; i++)
        ix_free(m->slots[i].key);
    ix_free(m->slots);
    ix_free(m);
}

static struct slot *find(const struct ix_map *m, struct ix_str key, uint64_t hash)
{
    if (m->size == 0)
        return NULL;
    for (size_t i = hash & (m->size - 1);; i = (i + 1) & (m->size - 1)) {
        struct slot *s = &m->slots[i];
        if (s->key == NULL && !s->dead)
            return NULL;
        if (s->key != NULL && s->hash == hash && ix_str_eq(ix_str_n(s->key, s->key_len), key))
            return s;
    }
}

/* first slot that can take a new entry; there always is one, since the table is never full */
static struct slot *vacant(struct slot *slots, size_t size, uint64_t hash)
{
    size_t i = hash & (size - 1);

    while (slots[i].key != NULL)
        i = (i + 1) & (size - 1);
    return &slots[i];
}

/* A new table: twice the size when entries fill it, the same when only tombstones do. */
static int rebuild(struct ix_map *m)
{
    size_t size = IX_MAX(m->size, FIRST_SLOTS);

    if (m->used >= size / 2)
        size *= 2;
    struct slot *slots = ix_alloc_array(size, sizeof *slots);
    if (slots == NULL)
        return IRISX_E_NO_MEMORY;
    for (size_t i = 0; i < m->size; i++) {
        if (m->slots[i].key != NULL)
            *vacant(slots, size, m->slots[i].hash) = m->slots[i];
    }
    ix_free(m->slots);
    m->slots = slots;
    m->size = size;
    m->dead = 0;
    return 0;
}

static int insert(struct ix_map *m, struct ix_str key, uint64_t hash, void *value)
{
    if (m->used >= m->limit)
        return IRISX_E_LIMIT;
    if (4 * (m->used + m->dead + 1) > 3 * m->size) {
        int err = rebuild(m);
        if (err != 0)
            return err;
    }
    char *copy = ix_str_dup(key);
    if (copy == NULL)
        return IRISX_E_NO_MEMORY;
    struct slot *s = vacant(m->slots, m->size, hash);
    if (s->dead)
        m->dead--;
    *s = (struct slot){ .key = copy, .key_len = key.n, .hash = hash, .value = value };
    m->used++;
    return 0;
}

int ix_map_set(struct ix_map *m, struct ix_str key, void *value)
{
    uint64_t hash = ix_hash(key.p, key.n, m->seed);
    struct slot *s = find(m, key, hash);

    if (s == NULL)
        return insert(m, key, hash, value);
    s->value = value;
    return 0;
}

void *ix_map_get(const struct ix_map *m, struct ix_str key)
{
    struct slot *s = find(m, key, ix_hash(key.p, key.n, m->seed));

    return s == NULL ? NULL : s->value;
}

void *ix_map_remove(struct ix_map *m, struct ix_str key)
{
    struct slot *s = find(m, key, ix_hash(key.p, key.n, m->seed));

    if (s == NULL)
        return NULL;
    void *value = s->value;
    ix_free(s->key);
    *s = (struct slot){ .dead = true };
    m->used--;
    m->dead++;
    return value;
}

size_t ix_map_count(const struct ix_map *m)
{
    return m->used;
}

bool ix_map_next(const struct ix_map *m, size_t *at, struct ix_str *key, void **value)
{
    while (*at < m->size) {
        const struct slot *s = &m->slots[(*at)++];
        if (s->key == NULL)
            continue;
        if (key != NULL)
            *key = ix_str_n(s->key, s->key_len);
        if (value != NULL)
            *value = s->value;
        return true;
    }
    return false;
}
