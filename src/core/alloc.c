/* SPDX-License-Identifier: MIT */
/* The one allocator, wiping, constant-time comparison. The allocator is the only state that core keeps. */
#include "core/core.h"

#include <stdatomic.h>
#include <string.h>

/* Called through a volatile pointer, so that the compiler cannot know that the memory is dead afterwards. */
static void *(*const volatile wipe_memset)(void *, int, size_t) = memset;

static struct ix_allocator custom;
static const struct ix_allocator *active = &ix_system_allocator;
static atomic_size_t live; /* blocks */

void ix_set_allocator(const struct ix_allocator *a)
{
    if (a == NULL) {
        active = &ix_system_allocator;
        return;
    }
    custom = *a;
    active = &custom;
}

/* Sizes above PTRDIFF_MAX are always the fruit of an overflow somewhere. */
static bool size_ok(size_t size)
{
    return size <= PTRDIFF_MAX;
}

void *ix_alloc(size_t size)
{
    if (!size_ok(size))
        return NULL;
    size = IX_MAX(size, 1);
    void *p = active->alloc(size, active->ctx);
    if (p != NULL) {
        memset(p, 0, size);
        atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    }
    return p;
}

void *ix_alloc_array(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return ix_alloc(count * size);
}

void *ix_realloc(void *ptr, size_t size)
{
    if (!size_ok(size))
        return NULL;
    void *p = active->realloc(ptr, IX_MAX(size, 1), active->ctx);
    if (p != NULL && ptr == NULL)
        atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return p;
}

void ix_free(void *ptr)
{
    if (ptr == NULL)
        return;
    active->free(ptr, active->ctx);
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
}

size_t ix_alloc_live(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}

void ix_wipe(void *ptr, size_t len)
{
    if (ptr != NULL && len > 0)
        wipe_memset(ptr, 0, len);
}

bool ix_equal_ct(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    uint8_t diff = 0;

    for (size_t i = 0; i < len; i++)
        diff = (uint8_t) (diff | (x[i] ^ y[i]));
    return diff == 0;
}

char *ix_dup_mem(const void *p, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = ix_alloc(len + 1);
    if (copy != NULL && len > 0)
        memcpy(copy, p, len);
    return copy;
}

char *ix_dup_cstr(const char *s)
{
    return s == NULL ? NULL : ix_dup_mem(s, strlen(s));
}
