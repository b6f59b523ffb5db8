/* SPDX-License-Identifier: MIT */
/* Both rings between two threads: nothing lost, nothing torn, nothing seen too early. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define RECORDS 100000u
#define RECORD_MAX 120u /* bytes */
#define SAMPLES 1000000u
#define CHUNK_MAX 500u /* samples */

static void check(bool ok, const char *what, uint32_t at)
{
    if (ok)
        return;
    fprintf(stderr, "%s at %u\n", what, at);
    exit(1);
}

static struct ix_rng seeded(struct ix_prng *prng, uint64_t seed)
{
    ix_prng_seed(prng, seed);
    return ix_prng_rng(prng);
}

/* the length and the bytes of a record follow from its number */
static size_t body_len(uint32_t number)
{
    return number * 7 % RECORD_MAX;
}

static void *produce_records(void *arg)
{
    struct ix_ring *ring = arg;
    uint8_t body[RECORD_MAX];

    for (uint32_t i = 0; i < RECORDS; i++) {
        memset(body, (int) (i & 0xff), sizeof body);
        while (!ix_ring_put(ring, &i, sizeof i, body, body_len(i)))
            sched_yield();
    }
    return NULL;
}

static void consume_records(struct ix_ring *ring)
{
    for (uint32_t i = 0; i < RECORDS; i++) {
        const uint8_t *record;
        uint32_t number;
        size_t len;
        while ((record = ix_ring_peek(ring, &len)) == NULL)
            sched_yield();
        memcpy(&number, record, sizeof number);
        check(number == i, "record out of order", i);
        check(len == sizeof number + body_len(i), "record of another length", i);
        for (size_t k = sizeof number; k < len; k++)
            check(record[k] == (i & 0xff), "record torn", i);
        ix_ring_drop(ring);
    }
}

static void *produce_samples(void *arg)
{
    struct ix_pcm_ring *ring = arg;
    struct ix_prng prng;
    struct ix_rng rng = seeded(&prng, 1);
    int16_t pcm[CHUNK_MAX];

    for (uint32_t done = 0; done < SAMPLES;) {
        size_t n = IX_MIN(SAMPLES - done, CHUNK_MAX);
        n = 1 + ix_rng_below(&rng, (uint32_t) n);
        for (size_t i = 0; i < n; i++)
            pcm[i] = (int16_t) (uint16_t) (done + i);
        size_t written = ix_pcm_ring_write(ring, pcm, n);
        if (written == 0)
            sched_yield();
        done += (uint32_t) written;
    }
    ix_pcm_ring_end(ring);
    return NULL;
}

static void consume_samples(struct ix_pcm_ring *ring)
{
    struct ix_prng prng;
    struct ix_rng rng = seeded(&prng, 2);
    int16_t pcm[CHUNK_MAX];
    uint32_t seen = 0;

    while (!ix_pcm_ring_ended(ring)) {
        size_t n = ix_pcm_ring_read(ring, pcm, 1 + ix_rng_below(&rng, CHUNK_MAX));
        for (size_t i = 0; i < n; i++, seen++)
            check(pcm[i] == (int16_t) (uint16_t) seen, "wrong sample", seen);
        if (n == 0)
            sched_yield();
    }
    check(seen == SAMPLES, "the ring ended too early", seen);
}

static pthread_t start(void *(*run)(void *), void *arg)
{
    pthread_t thread;

    check(arg != NULL && pthread_create(&thread, NULL, run, arg) == 0, "no ring or no thread", 0);
    return thread;
}

int main(void)
{
    struct ix_ring *records = ix_ring_new(1024);
    struct ix_pcm_ring *samples = ix_pcm_ring_new(1024);
    pthread_t first = start(produce_records, records);
    pthread_t second = start(produce_samples, samples);

    consume_records(records);
    consume_samples(samples);
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    ix_ring_free(records);
    ix_pcm_ring_free(samples);
    return 0;
}
