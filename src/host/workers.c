/* SPDX-License-Identifier: MIT */
/* Workers: threads that compute handshakes, so that the call loop never does. Started on demand, state of their own
 * each. */
#include "host/private.h"

void ix_workers_init(struct workers *w, unsigned wanted)
{
    (void) pthread_mutex_init(&w->lock, NULL); /* these cannot fail with default attributes */
    (void) pthread_cond_init(&w->wake, NULL);
    w->wanted = wanted;
}

void ix_workers_clear(struct workers *w)
{
    if (w->inline_made && w->unmake && w->inline_state)
        w->unmake(w->inline_state);
    (void) pthread_cond_destroy(&w->wake);
    (void) pthread_mutex_destroy(&w->lock);
}

void ix_host_set_worker_state(struct ix_host *h, void *(*make)(void *ctx), void (*unmake)(void *state), void *ctx)
{
    struct workers *w = &h->workers;

    pthread_mutex_lock(&w->lock);
    w->make = make;
    w->unmake = unmake;
    w->make_ctx = ctx;
    pthread_mutex_unlock(&w->lock);
}

static void push(struct ix_host_job **first, struct ix_host_job **last, struct ix_host_job *job)
{
    job->next = NULL;
    if (*last)
        (*last)->next = job;
    else
        *first = job;
    *last = job;
}

static struct ix_host_job *pop(struct ix_host_job **first, struct ix_host_job **last)
{
    struct ix_host_job *job = *first;

    if (job) {
        *first = job->next;
        if (!*first)
            *last = NULL;
    }
    return job;
}

static void *worker_main(void *arg)
{
    struct ix_host *h = arg;
    struct workers *w = &h->workers;
    struct ix_host_job *job;
    void *state = NULL;
    bool made = false;

    ix_host_mark_thread(h);
    pthread_mutex_lock(&w->lock);
    for (;;) {
        w->idle++;
        while (!(job = pop(&w->first, &w->last)) && !w->stop)
            (void) pthread_cond_wait(&w->wake, &w->lock); /* only wrong use fails */
        w->idle--;
        if (!job)
            break;
        w->queued--;
        pthread_mutex_unlock(&w->lock);
        if (!made) {
            state = w->make ? w->make(w->make_ctx) : NULL;
            made = true;
        }
        job->work(job, state);
        pthread_mutex_lock(&w->lock);
        push(&w->done_first, &w->done_last, job);
        ix_host_wake_call_loop(h);
    }
    pthread_mutex_unlock(&w->lock);
    if (state && w->unmake)
        w->unmake(state);
    return NULL;
}

void ix_host_compute(struct ix_host *h, struct ix_host_job *job)
{
    struct workers *w = &h->workers;

    pthread_mutex_lock(&w->lock);
    push(&w->first, &w->last, job);
    w->queued++;
    if (!h->o.zero_thread && w->queued > w->idle && w->running < w->wanted &&
        !ix_host_thread(h, &w->threads[w->running], "irisx-worker", worker_main, h))
        w->running++;
    if (w->running)
        (void) pthread_cond_signal(&w->wake);
    else
        ix_host_wake_call_loop(h); /* no thread: computed by the loop itself, in ix_workers_deliver */
    pthread_mutex_unlock(&w->lock);
}

bool ix_workers_run_inline(struct ix_host *h)
{
    struct workers *w = &h->workers;
    struct ix_host_job *job;
    bool any = false;

    while (atomic_load(&w->queued) > 0) { /* no lock while there is none */
        pthread_mutex_lock(&w->lock);
        job = w->running ? NULL : pop(&w->first, &w->last);
        w->queued -= job != NULL;
        pthread_mutex_unlock(&w->lock);
        if (!job)
            return any;
        if (!w->inline_made) {
            w->inline_state = w->make ? w->make(w->make_ctx) : NULL;
            w->inline_made = true;
        }
        any = true;
        job->work(job, w->inline_state);
        job->done(job);
    }
    return any;
}

void ix_workers_deliver(struct ix_host *h)
{
    struct workers *w = &h->workers;
    struct ix_host_job *job;

    for (;;) {
        pthread_mutex_lock(&w->lock);
        job = pop(&w->done_first, &w->done_last);
        pthread_mutex_unlock(&w->lock);
        if (!job)
            break;
        job->done(job);
    }
    (void) ix_workers_run_inline(h); /* nothing waits where threads run */
}

void ix_workers_stop(struct ix_host *h)
{
    struct workers *w = &h->workers;

    pthread_mutex_lock(&w->lock);
    w->stop = true;
    (void) pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->running; i++)
        (void) pthread_join(w->threads[i], NULL); /* they finish what is queued */
    w->running = 0;
    ix_workers_deliver(h);
}
