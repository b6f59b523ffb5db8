/* SPDX-License-Identifier: MIT */
/*
 * Nth-allocation failure (STYLE.md section 4): runs `scenario` with allocation N failing, N = 0, 1, 2 .. 500, then
 * geometrically, until it passes without a failure having been injected. The scenario returns 0 or
 * IRISX_E_NO_MEMORY; anything else, or bytes left allocated after it, is a failure of the test.
 */
#ifndef TEST_OOM_H
#define TEST_OOM_H

/* 0 when all rounds ended well; otherwise prints the round and what went wrong and returns 1. */
int oom_run(int (*scenario)(void *arg), void *arg);

#endif
