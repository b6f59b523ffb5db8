/* SPDX-License-Identifier: MIT */
/* The C library's allocator behind ix_alloc. The one place of the library that calls malloc, in an archive of its own.
 */
#include "core/core.h"

#include <stdlib.h>

static void *system_alloc(size_t size, void *ctx)
{
    (void) ctx;
    return malloc(size);
}

static void *system_realloc(void *ptr, size_t size, void *ctx)
{
    (void) ctx;
    return realloc(ptr, size);
}

static void system_free(void *ptr, void *ctx)
{
    (void) ctx;
    free(ptr);
}

const struct ix_allocator ix_system_allocator = { system_alloc, system_realloc, system_free, NULL };
