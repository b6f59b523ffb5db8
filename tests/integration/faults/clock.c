/* SPDX-License-Identifier: MIT */
/* For the scripts: preloaded, it makes the wall clock of a process wrong by FAKE_CLOCK_DAYS. Monotonic clocks stay. */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#define SEEN __attribute__((visibility("default")))
SEEN int clock_gettime(clockid_t id, struct timespec *at);
SEEN time_t time(time_t *at);
SEEN int gettimeofday(struct timeval *restrict at, void *restrict zone);

static long long offset_s(void)
{
    const char *days = getenv("FAKE_CLOCK_DAYS");

    return days ? atoll(days) * 86400 : 0;
}

int clock_gettime(clockid_t id, struct timespec *at)
{
    static int (*real)(clockid_t, struct timespec *);
    int err;

    if (!real)
        *(void **) &real = dlsym(RTLD_NEXT, "clock_gettime");
    err = real(id, at);
    if (!err && id == CLOCK_REALTIME)
        at->tv_sec += (time_t) offset_s();
    return err;
}

time_t time(time_t *at)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_REALTIME, &now); /* this clock is always there */
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;

    (void) zone;
    (void) clock_gettime(CLOCK_REALTIME, &now); /* see time() */
    at->tv_sec = now.tv_sec;
    at->tv_usec = (suseconds_t) (now.tv_nsec / 1000);
    return 0;
}
