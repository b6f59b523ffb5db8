/* SPDX-License-Identifier: MIT */
/*
 * What the programs of the REST benchmark share: jobs come on the standard input, a line each ("get 1000 64": a
 * thousand GETs, at most 64 at a time), and each is answered with a line of JSON that tells CPU and time. So that
 * tools/bench/rest.py can take turns between programs that stay warm, and noise meets all of them.
 */
#ifndef BENCH_REST_JOB_H
#define BENCH_REST_JOB_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define REST_MAX_FLIGHT 1024
#define REST_CALL "CA0123456789abcdef0123456789abcdef"
#define REST_GET_PATH "/v1/calls/" REST_CALL
#define REST_POST_PATH "/v1/sms/send"
#define REST_BODY "{\"from\":\"+12025550101\",\"to\":\"+12025550199\",\"message\":\"hello from the benchmark\"}"
#define REST_KEY "irisx_live_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct rest_job {
    bool post, hold;
    unsigned count, flight;
};

struct rest_clock {
    double cpu_us, wall_us;
};

static inline double rest_now_us(void) /* no system call */
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static inline struct rest_clock rest_clock(void)
{
    struct rusage u;

    (void) getrusage(RUSAGE_SELF, &u);
    return (struct rest_clock){ .cpu_us = (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
                                          (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec),
        .wall_us = rest_now_us() };
}

/* The next job; false at the end of the input or at a line that is none. */
static inline bool rest_next_job(struct rest_job *job)
{
    char verb[8];

    if (scanf("%7s %u %u", verb, &job->count, &job->flight) != 3 || !job->flight || job->flight > REST_MAX_FLIGHT)
        return false;
    job->post = strcmp(verb, "post") == 0;
    job->hold = strcmp(verb, "hold") == 0;
    return true;
}

static inline void rest_tell(const struct rest_job *job, struct rest_clock from)
{
    struct rest_clock now = rest_clock();

    (void) printf("{\"requests\":%u,\"cpu_us\":%.1f,\"wall_us\":%.1f}\n", job->count, now.cpu_us - from.cpu_us,
        now.wall_us - from.wall_us);
    (void) fflush(stdout);
}

#endif
