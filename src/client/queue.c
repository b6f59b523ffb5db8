/* SPDX-License-Identifier: MIT */
/*
 * The event queue of a client: pulled, or handed to one callback on the dispatcher thread. Bounded: what a platform
 * could produce without end is dropped when it is full and counted; ends of ops and states of calls are not, nor
 * webhooks, which have been acknowledged by then: the receiver takes no more of them when the queue is full.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "client/private.h"

#if defined(__linux__)
#include <sys/eventfd.h>
#endif

static _Thread_local const irisx_client_t *callback_of; /* whose callback this thread is inside */

bool ix_in_callback(irisx_client_t *c)
{
    return callback_of == c;
}

bool ix_queue_init(irisx_client_t *c)
{
    pthread_condattr_t attr;

    ix_list_init(&c->events);
    (void) pthread_mutex_init(&c->lock, NULL); /* these cannot fail with default attributes */
    (void) pthread_condattr_init(&attr);
    (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void) pthread_cond_init(&c->wake, &attr);
    (void) pthread_condattr_destroy(&attr);
#if defined(__linux__)
    c->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
#else
    c->event_fd = -1;
#endif
    return true;
}

void ix_queue_drop(irisx_client_t *c)
{
    struct ix_list *node;

    do {
        pthread_mutex_lock(&c->lock);
        node = ix_list_pop(&c->events);
        pthread_mutex_unlock(&c->lock);
        if (node)
            irisx_event_unref(IX_CONTAINER(node, irisx_event_t, node)); /* may release its objects: no lock held */
    } while (node);
}

void ix_queue_clear(irisx_client_t *c)
{
    if (c->event_fd >= 0)
        (void) close(c->event_fd);
    (void) pthread_cond_destroy(&c->wake);
    (void) pthread_mutex_destroy(&c->lock);
}

static void signal_fd(irisx_client_t *c)
{
    uint64_t one = 1;

    if (c->event_fd >= 0)
        (void) !write(c->event_fd, &one, sizeof one); /* full means readable already */
}

static void drain_fd(irisx_client_t *c)
{
    uint64_t n;

    if (c->event_fd >= 0)
        (void) !read(c->event_fd, &n, sizeof n); /* empty is what is wanted */
}

static bool droppable(irisx_event_kind_t kind)
{
    return kind == IRISX_EVENT_CALL_DIGIT || kind == IRISX_EVENT_CALL_STATS || kind == IRISX_EVENT_CALL_FILE ||
           kind == IRISX_EVENT_WEBHOOK_REJECTED || kind == IRISX_EVENT_WARNING;
}

/* A line that flaps while nobody pulls: its last state replaces the one that waits. Lock held. */
static bool coalesce(irisx_client_t *c, irisx_event_t *ev)
{
    if (ev->kind != IRISX_EVENT_LINE_STATE || c->event_count < c->o.event_queue_limit)
        return false;
    IX_LIST_EACH (node, &c->events) {
        irisx_event_t *old = IX_CONTAINER(node, irisx_event_t, node);

        if (old->kind == IRISX_EVENT_LINE_STATE && old->line == ev->line) {
            ix_list_remove(&old->node);
            c->event_count--;
            c->lost++;
            irisx_event_unref(old);
            return false;
        }
    }
    return false;
}

bool ix_queue_full(irisx_client_t *c)
{
    bool full;

    pthread_mutex_lock(&c->lock);
    full = c->event_count >= c->o.event_queue_limit;
    pthread_mutex_unlock(&c->lock);
    return full;
}

void ix_queue_push(irisx_client_t *c, irisx_event_t *ev)
{
    if (!ev)
        return;
    ev->time_ms = ix_clock_now().wall_us / 1000;
    (void) irisx_event_describe(ev);
    pthread_mutex_lock(&c->lock);
    (void) coalesce(c, ev);
    if (c->ended || (droppable(ev->kind) && c->event_count >= c->o.event_queue_limit)) {
        c->lost += !c->ended;
        pthread_mutex_unlock(&c->lock);
        if (ev->kind == IRISX_EVENT_CALL_STATS && ev->call)
            atomic_store(&ev->call->stats_queued, false);
        irisx_event_unref(ev);
        return;
    }
    ix_list_append(&c->events, &ev->node);
    c->event_count++;
    signal_fd(c);
    pthread_cond_broadcast(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

void ix_queue_end(irisx_client_t *c)
{
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    signal_fd(c);
    pthread_cond_broadcast(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

/* The oldest event, or one that tells of lost ones; NULL if there is none. Lock held. */
static irisx_event_t *take(irisx_client_t *c)
{
    struct ix_list *node = ix_list_pop(&c->events);
    irisx_event_t *ev;

    if (node) {
        c->event_count--;
        ev = IX_CONTAINER(node, irisx_event_t, node);
        if (ev->kind == IRISX_EVENT_CALL_STATS && ev->call)
            atomic_store(&ev->call->stats_queued, false);
        return ev;
    }
    if (c->lost && (ev = ix_event_new(IRISX_EVENT_LOST)) != NULL) {
        ev->time_ms = ix_clock_now().wall_us / 1000;
        ev->state = c->lost > INT32_MAX ? INT32_MAX : (int32_t) c->lost;
        c->lost = 0;
        return ev;
    }
    drain_fd(c);
    return NULL;
}

static void deadline_after(struct timespec *at, uint32_t ms)
{
    (void) clock_gettime(CLOCK_MONOTONIC, at);
    at->tv_sec += ms / 1000;
    at->tv_nsec += (long) (ms % 1000) * 1000000L;
    if (at->tv_nsec >= 1000000000L) {
        at->tv_sec++;
        at->tv_nsec -= 1000000000L;
    }
}

irisx_error_t irisx_client_next_event(irisx_client_t *c, uint32_t timeout_ms, irisx_event_t **event_out)
{
    struct timespec at;
    irisx_event_t *ev;
    int late = 0;

    if (!c || !event_out)
        return IRISX_E_INVALID;
    if (c->o.on_event)
        return ix_in_callback(c) ? IRISX_E_WOULD_DEADLOCK : IRISX_E_STATE;
    if (timeout_ms && (c->o.zero_thread || ix_host_on_own_thread(c->host)))
        return IRISX_E_WOULD_DEADLOCK;
    deadline_after(&at, timeout_ms == UINT32_MAX ? 0 : timeout_ms);
    pthread_mutex_lock(&c->lock);
    while (!(ev = take(c)) && !c->ended && timeout_ms && !late) {
        if (timeout_ms == UINT32_MAX)
            (void) pthread_cond_wait(&c->wake, &c->lock); /* only wrong use fails */
        else
            late = pthread_cond_timedwait(&c->wake, &c->lock, &at);
    }
    if (!ev && c->ended)
        signal_fd(c); /* stays readable: the next pull tells the end */
    pthread_mutex_unlock(&c->lock);
    if (!ev)
        return c->ended ? IRISX_E_CLOSED : IRISX_E_AGAIN;
    *event_out = ev;
    return IRISX_OK;
}

int irisx_client_event_fd(irisx_client_t *c)
{
    return c ? c->event_fd : -1;
}

/* ---- callbacks --------------------------------------------------------------------------- */
static void deliver(irisx_client_t *c, irisx_event_t *ev)
{
    const irisx_client_t *outer = callback_of;

    callback_of = c;
    c->o.on_event(c, ev, c->o.event_user_data);
    callback_of = outer;
    irisx_event_unref(ev);
}

static void *dispatch(void *arg)
{
    irisx_client_t *c = arg;
    irisx_event_t *ev;

    for (;;) {
        pthread_mutex_lock(&c->lock);
        while (!(ev = take(c)) && !c->dispatcher_stop)
            (void) pthread_cond_wait(&c->wake, &c->lock); /* only wrong use fails */
        pthread_mutex_unlock(&c->lock);
        if (!ev)
            return NULL;
        deliver(c, ev);
    }
}

bool ix_queue_start_dispatcher(irisx_client_t *c)
{
    sigset_t all, before;

    if (!c->o.on_event || c->o.zero_thread)
        return true;
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are the application's */
    c->dispatcher_runs = pthread_create(&c->dispatcher, NULL, dispatch, c) == 0;
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    return c->dispatcher_runs;
}

void ix_queue_stop_dispatcher(irisx_client_t *c)
{
    if (!c->dispatcher_runs)
        return;
    pthread_mutex_lock(&c->lock);
    c->dispatcher_stop = true;
    pthread_cond_broadcast(&c->wake);
    pthread_mutex_unlock(&c->lock);
    (void) pthread_join(c->dispatcher, NULL); /* it delivers what is queued, then ends */
    c->dispatcher_runs = false;
}

void ix_queue_dispatch_inline(irisx_client_t *c)
{
    irisx_event_t *ev;

    while (c->o.on_event && c->o.zero_thread && !ix_in_callback(c)) {
        pthread_mutex_lock(&c->lock);
        ev = take(c);
        pthread_mutex_unlock(&c->lock);
        if (!ev)
            return;
        deliver(c, ev);
    }
}
