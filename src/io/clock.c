/* SPDX-License-Identifier: MIT */
/* The clock of this machine as a value. Where the system has it, the monotonic clock also counts time asleep. */
#include <time.h>

#include "io/internal.h"

#ifdef CLOCK_BOOTTIME
#define MONO CLOCK_BOOTTIME
#else
#define MONO CLOCK_MONOTONIC
#endif

static uint64_t read_clock(clockid_t id)
{
    struct timespec ts = { 0 };

    (void) clock_gettime(id, &ts); /* cannot fail with these ids */
    return (uint64_t) ts.tv_sec * IX_S + (uint64_t) ts.tv_nsec / 1000u;
}

uint64_t ix_clock_mono_us(void)
{
    return read_clock(MONO);
}

int64_t ix_clock_wall_us(void)
{
    return (int64_t) read_clock(CLOCK_REALTIME);
}

struct ix_now ix_clock_now(void)
{
    return (struct ix_now){ .mono_us = ix_clock_mono_us(), .wall_us = ix_clock_wall_us() };
}

void ix_clock_sleep_until(uint64_t mono_us)
{
    struct timespec ts = { .tv_sec = (time_t) (mono_us / IX_S), .tv_nsec = (long) (mono_us % IX_S) * 1000 };

    while (clock_nanosleep(MONO, TIMER_ABSTIME, &ts, NULL) != 0) { /* a signal: sleep on */
    }
}
