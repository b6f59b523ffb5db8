/* SPDX-License-Identifier: MIT */
/* One loop, many threads: what is posted runs once and in order per thread, bells are heard, a stop takes nothing back.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"

#define ROUNDS 20
#define THREADS 4u
#define POSTS 2000u /* a thread */

static struct ix_loop *loop;
static struct ix_loop_bell *bell;
static struct post {
    uint32_t thread, number;
} posts[THREADS][POSTS];
/* touched by the loop's thread alone */
static uint32_t next[THREADS], ran, rings_heard;
/* touched by each poster alone, read behind its join */
static uint32_t accepted[THREADS];

static void check(bool ok, const char *what, uint32_t at)
{
    if (ok)
        return;
    fprintf(stderr, "%s at %u\n", what, at);
    exit(1);
}

static void on_post(void *arg)
{
    const struct post *p = arg;

    check(next[p->thread] == p->number, "out of order", p->number);
    next[p->thread]++;
    ran++;
}

static void on_bell(void *ctx)
{
    (void) ctx;
    rings_heard++;
}

static void *run(void *arg)
{
    (void) arg;
    ix_loop_run(loop);
    return NULL;
}

static void *post_many(void *arg)
{
    uint32_t me = *(uint32_t *) arg;

    accepted[me] = 0;
    for (uint32_t i = 0; i < POSTS; i++) {
        posts[me][i] = (struct post){ me, i };
        int err = ix_loop_post(loop, on_post, &posts[me][i]);
        if (err == IRISX_E_CLOSED)
            break;
        check(err == 0, "post refused", i);
        accepted[me]++;
        ix_loop_bell_ring(bell);
    }
    return NULL;
}

static void round_of(uint32_t number)
{
    pthread_t runner, posters[THREADS];
    uint32_t ids[THREADS], total = 0;

    ran = rings_heard = 0;
    check(ix_loop_new(NULL, &loop) == 0 && ix_loop_bell_new(loop, on_bell, NULL, &bell) == 0, "no loop", number);
    check(pthread_create(&runner, NULL, run, NULL) == 0, "no thread", number);
    for (uint32_t i = 0; i < THREADS; i++) {
        ids[i] = i;
        next[i] = 0;
        check(pthread_create(&posters[i], NULL, post_many, &ids[i]) == 0, "no thread", i);
    }
    for (uint32_t i = 0; i < number; i++)
        sched_yield();
    if (number % 2 == 1)
        ix_loop_stop(loop); /* in the middle of the posting */
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(posters[i], NULL);
        total += accepted[i];
    }
    ix_loop_stop(loop);
    pthread_join(runner, NULL);
    check(ran == total, "accepted but not run", ran);
    check(number % 2 == 1 || total == THREADS * POSTS, "refused before the stop", total);
    check(number % 2 == 1 || rings_heard > 0, "the bell was not heard", number);
    ix_loop_bell_free(bell);
    check(ix_loop_free(loop) == 0, "the loop was not freed", number);
}

int main(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++)
        round_of(i);
    return 0;
}
