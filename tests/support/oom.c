/* SPDX-License-Identifier: MIT */
/* An allocator that fails on command and counts what is alive. Each block is preceded by its size. */
#include "oom.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/core.h"

#define HEAD 16 /* bytes before a block: its size, and alignment kept */

static struct {
    _Atomic uint64_t count;
    _Atomic uint64_t fail_at;
    _Atomic size_t live;
    atomic_bool injected;
    json_malloc_t json_malloc;
    json_free_t json_free;
} oom;

void __sanitizer_print_stack_trace(void) __attribute__((weak));

/* OOM_TRACE in the environment: tells which one it is */
static void oom_refuses(void)
{
    if (getenv("OOM_TRACE") && __sanitizer_print_stack_trace)
        __sanitizer_print_stack_trace();
    atomic_store(&oom.injected, true);
}

static bool refused(void)
{
    if (atomic_fetch_add(&oom.count, 1) != atomic_load(&oom.fail_at))
        return false;
    oom_refuses();
    return true;
}

static size_t block_size(const void *ptr)
{
    size_t size;

    memcpy(&size, (const char *) ptr - HEAD, sizeof size);
    return size;
}

static void *block(char *raw, size_t size)
{
    if (raw == NULL)
        return NULL;
    memcpy(raw, &size, sizeof size);
    atomic_fetch_add(&oom.live, size);
    return raw + HEAD;
}

static void *counting_alloc(size_t size, void *ctx)
{
    (void) ctx;
    return refused() ? NULL : block(malloc(size + HEAD), size);
}

static void counting_free(void *ptr, void *ctx)
{
    (void) ctx;
    atomic_fetch_sub(&oom.live, block_size(ptr));
    free((char *) ptr - HEAD);
}

/* always moves, so that a pointer kept across a realloc is found out */
static void *counting_realloc(void *ptr, size_t size, void *ctx)
{
    void *moved = counting_alloc(size, ctx);

    if (moved == NULL || ptr == NULL)
        return moved;
    memcpy(moved, ptr, IX_MIN(size, block_size(ptr)));
    counting_free(ptr, ctx);
    return moved;
}

static void *json_alloc(size_t size)
{
    return counting_alloc(size, NULL);
}

static void json_release(void *ptr)
{
    if (ptr != NULL)
        counting_free(ptr, NULL);
}

void oom_begin(uint64_t fail_at)
{
    static const struct ix_allocator counting = { counting_alloc, counting_realloc, counting_free, NULL };

    atomic_store(&oom.count, 0);
    atomic_store(&oom.live, 0);
    atomic_store(&oom.injected, false);
    atomic_store(&oom.fail_at, fail_at);
    ix_set_allocator(&counting);
    json_get_alloc_funcs(&oom.json_malloc, &oom.json_free);
    json_set_alloc_funcs(json_alloc, json_release);
}

int oom_again(uint64_t fail_at)
{
    int injected = atomic_load(&oom.injected);

    atomic_store(&oom.fail_at, OOM_NONE);
    atomic_store(&oom.count, 0);
    atomic_store(&oom.injected, false);
    atomic_store(&oom.fail_at, fail_at);
    return injected;
}

size_t oom_end(int *injected)
{
    ix_set_allocator(NULL);
    json_set_alloc_funcs(oom.json_malloc, oom.json_free);
    *injected = atomic_load(&oom.injected);
    return atomic_load(&oom.live);
}

uint64_t oom_count(void)
{
    return atomic_load(&oom.count);
}

size_t oom_live_bytes(void)
{
    return atomic_load(&oom.live);
}

/* A scenario that had no failure must succeed; one that had must say so, unless it could do without. */
static int check_round(uint64_t n, int err, int injected, size_t live)
{
    if (live != 0) {
        printf("# out of memory at allocation %llu: %zu bytes left allocated\n", (unsigned long long) n, live);
        return 1;
    }
    if (err == 0 || (err == IRISX_E_NO_MEMORY && injected))
        return 0;
    printf("# out of memory at allocation %llu: the scenario returned %s%s\n", (unsigned long long) n,
        ix_error_name(err), injected ? "" : " though nothing was refused");
    return 1;
}

int oom_run(int (*scenario)(void *arg), void *arg)
{
    int injected = 1;

    for (uint64_t n = 0; injected; n = n < 500 ? n + 1 : n + n / 4) {
        oom_begin(n);
        int err = scenario(arg);
        size_t live = oom_end(&injected);
        if (check_round(n, err, injected, live) != 0)
            return 1;
    }
    return 0;
}
