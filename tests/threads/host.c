/* SPDX-License-Identifier: MIT */
/* A host starts and stops a hundred times with work under way on every kind of thread it has. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"

#define ROUNDS 100u
#define JOBS 8u

static struct ix_host *host;
static char path[64];
static struct job {
    struct ix_host_job base;
    uint32_t value;
} jobs[JOBS];
/* the call loop's */
static uint32_t done, told;
static struct ix_spool *spool;
static struct ix_record *record;

static void check(bool ok, const char *what, uint32_t at)
{
    if (ok)
        return;
    fprintf(stderr, "%s at %u\n", what, at);
    exit(1);
}

static void *make(void *ctx)
{
    (void) ctx;
    return calloc(1, sizeof(uint32_t));
}

static void work(struct ix_host_job *base, void *state)
{
    struct job *j = IX_CONTAINER(base, struct job, base);
    uint32_t *count = state;

    (*count)++; /* the worker's own: a race would show here */
    j->value++;
}

static void on_done(struct ix_host_job *base)
{
    check(IX_CONTAINER(base, struct job, base)->value == 1, "a job ran not once", done);
    done++;
}

static void on_told(void *ctx, int err, const char *detail)
{
    (void) ctx;
    check(err == 0, detail != NULL ? detail : "a file failed", told);
    told++;
}

static void begin(void *arg)
{
    int16_t pcm[160] = { 0 };

    for (uint32_t i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){ .base = { .work = work, .done = on_done } };
        ix_host_compute(host, &jobs[i].base);
    }
    check(ix_spool_open(host, path, 0600, &spool) == 0, "no spool", 0);
    ix_spool_write(spool, "text\n", 5);
    ix_spool_close(spool, on_told, NULL);
    check(ix_record_open(host, "/dev/null", 8000, 1, on_told, NULL, NULL, &record) == 0, "no recording", 0);
    (void) ix_pcm_ring_write(ix_record_ring(record, 0), pcm, IX_COUNT(pcm));
    ix_record_close(record, on_told, NULL);
    *(bool *) arg = true;
}

static void nothing(void *arg)
{
    (void) arg;
}

static void *post_meanwhile(void *arg)
{
    (void) arg;
    for (int i = 0; i < 200; i++) {
        if (ix_loop_post(ix_host_service_loop(host), nothing, NULL) != 0)
            break;
        (void) ix_loop_post(ix_host_call_loop(host), nothing, NULL);
    }
    return NULL;
}

static void round_of(uint32_t number)
{
    struct ix_host_report report;
    bool begun = false;
    pthread_t poster;

    done = told = 0;
    check(ix_host_new(&(struct ix_host_options){ .workers = 1 + number % 3, .realtime = number % 2 == 1 }, &host) == 0,
        "no host", number);
    ix_host_set_worker_state(host, make, free, NULL);
    check(ix_loop_post(ix_host_call_loop(host), begin, &begun) == 0, "no post", number);
    check(pthread_create(&poster, NULL, post_meanwhile, NULL) == 0, "no thread", number);
    ix_host_report(host, &report);
    pthread_join(poster, NULL);
    ix_host_stop(host); /* everything that was accepted is finished by it */
    ix_host_free(host);
    check(begun && done == JOBS, "jobs were lost", done);
    check(told == 3, "a file did not tell its end", told);
}

int main(void)
{
    (void) snprintf(path, sizeof path, "/tmp/irisx-threads-host-%ld", (long) getpid());
    for (uint32_t i = 0; i < ROUNDS; i++)
        round_of(i);
    (void) unlink(path);
    return 0;
}
