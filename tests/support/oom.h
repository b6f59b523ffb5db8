/* SPDX-License-Identifier: MIT */
/*
 * Nth-allocation failure (STYLE.md section 4): runs `scenario` with allocation N failing, N = 0, 1, 2 .. 500, then
 * geometrically, until it passes without a failure having been injected. The scenario returns 0 or
 * IRISX_E_NO_MEMORY; anything else, or bytes left allocated after it, is a failure of the test.
 *
 * Counted and failed is what goes through ix_alloc, and jansson's allocations with it. Nothing that was allocated
 * before may be freed in the scenario, nor the other way round.
 */
#ifndef TEST_OOM_H
#define TEST_OOM_H

#include <stddef.h>
#include <stdint.h>

/* 0 when all rounds ended well; otherwise prints the round and what went wrong and returns 1. */
int oom_run(int (*scenario)(void *arg), void *arg);

/* The pieces, for a test of its own shape: from oom_begin to oom_end the allocation with this number (from 0) fails,
 * OOM_NONE: none. */
#define OOM_NONE UINT64_MAX
void oom_begin(uint64_t fail_at);
/* within: counts anew, the allocation with this number from here fails; tells whether one was refused before */
int oom_again(uint64_t fail_at);
/* restores the allocators; *injected: whether an allocation was refused; returns the bytes still allocated */
size_t oom_end(int *injected);
uint64_t oom_count(void); /* allocations since oom_begin */
size_t oom_live_bytes(void); /* now allocated */

#endif
