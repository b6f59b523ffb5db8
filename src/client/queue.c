/* SPDX-License-Identifier: MIT */
/*
 * The event queue of a client: pulled, or handed to one callback on the dispatcher thread. Bounded: what a platform
 * could produce without end is dropped when it is full and counted; ends of ops and states of calls are not, and
 * neither are webhooks, which the receiver takes in only while there is room.
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
    return c->event_fd >= 0;
#else
    c->event_fd = -1;
    return true;
#endif
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

    if (c->event_fd >= 0 && c->fd_asked && !c->fd_raised) {
        (void) !write(c->event_fd, &one, sizeof one); /* full means readable already */
        c->fd_raised = true;
    }
}

void ix_client_tell(irisx_client_t *c)
{
    atomic_fetch_add(&c->news, 1);
    if (!c->o.zero_thread) /* there, who waits drives, and sees the count */
        pthread_cond_broadcast(&c->wake);
}

static void drain_fd(irisx_client_t *c)
{
    uint64_t n;

    if (c->event_fd >= 0 && c->fd_raised)
        (void) !read(c->event_fd, &n, sizeof n); /* empty is what is wanted */
    c->fd_raised = false;
}

/*
 * How many events may wait before one of this kind is left out. What strangers can cause (a false webhook costs them
 * nothing) gets half of the queue, so that it cannot push out the rest.
 */
static size_t room_for(const irisx_client_t *c, irisx_event_kind_t kind)
{
    switch (kind) {
    case IRISX_EVENT_WEBHOOK_REJECTED:
    case IRISX_EVENT_CALL_MESSAGE:
    case IRISX_EVENT_CALL_INFO:
    case IRISX_EVENT_CALL_DISPLAY:
    case IRISX_EVENT_LINE_MESSAGE:
    case IRISX_EVENT_LINE_NOTICE:
        return (c->o.event_queue_limit + 1) / 2;
    case IRISX_EVENT_CALL_DIGIT:
    case IRISX_EVENT_CALL_STATS:
    case IRISX_EVENT_CALL_FILE:
    case IRISX_EVENT_CALL_HOLD:
    case IRISX_EVENT_CALL_TRANSFER:
    case IRISX_EVENT_CALL_EARLY_MEDIA:
    case IRISX_EVENT_CALL_GAP:
    case IRISX_EVENT_CALL_SIGNALLING:
    case IRISX_EVENT_CALL_REPLACED:
    case IRISX_EVENT_CALL_MOVED:
    case IRISX_EVENT_SUBSCRIPTION:
    case IRISX_EVENT_WARNING:
        return c->o.event_queue_limit;
    case IRISX_EVENT_UNKNOWN:
    case IRISX_EVENT_OP_DONE:
    case IRISX_EVENT_LINE_STATE:
    case IRISX_EVENT_CALL_INCOMING:
    case IRISX_EVENT_CALL_STATE:
    case IRISX_EVENT_WEBHOOK:
    case IRISX_EVENT_LOST:
    case IRISX_EVENT_CLIENT_CLOSED:
        break;
    }
    return SIZE_MAX;
}

/* A line that flaps while nobody pulls: its last state replaces the one that waits. Lock held. */
static void coalesce(irisx_client_t *c, const irisx_event_t *ev)
{
    if (ev->kind != IRISX_EVENT_LINE_STATE || c->event_count < c->o.event_queue_limit)
        return;
    IX_LIST_EACH (node, &c->events) {
        irisx_event_t *old = IX_CONTAINER(node, irisx_event_t, node);

        if (old->kind == IRISX_EVENT_LINE_STATE && old->line == ev->line) {
            ix_list_remove(&old->node);
            c->event_count--;
            c->lost++;
            irisx_event_unref(old); /* the new one keeps the line */
            return;
        }
    }
}

bool ix_queue_full(irisx_client_t *c)
{
    bool full;

    pthread_mutex_lock(&c->lock);
    full = c->event_count >= c->o.event_queue_limit;
    pthread_mutex_unlock(&c->lock);
    return full;
}

/* Lock held. */
static void append(irisx_client_t *c, irisx_event_t *ev)
{
    ix_list_append(&c->events, &ev->node);
    c->event_count++;
    signal_fd(c);
    ix_client_tell(c);
}

void ix_queue_push(irisx_client_t *c, irisx_event_t *ev)
{
    if (!ev) {
        pthread_mutex_lock(&c->lock);
        c->lost += !c->ended;
        signal_fd(c);
        ix_client_tell(c);
        pthread_mutex_unlock(&c->lock);
        return;
    }
    ev->time_ms = ix_clock_wall_us() / 1000;
    (void) irisx_event_describe(ev);
    pthread_mutex_lock(&c->lock);
    coalesce(c, ev);
    if (c->ended || c->event_count >= room_for(c, ev->kind)) {
        c->lost += !c->ended;
        pthread_mutex_unlock(&c->lock);
        if (ev->kind == IRISX_EVENT_CALL_STATS && ev->call)
            atomic_store(&ev->call->stats_queued, false);
        irisx_event_unref(ev);
        return;
    }
    append(c, ev);
    pthread_mutex_unlock(&c->lock);
}

void ix_queue_push_end(irisx_op_t *op, irisx_event_t *ev)
{
    irisx_client_t *c = op->client;
    bool ended;

    ev->time_ms = ix_clock_wall_us() / 1000;
    ev->op = op;
    pthread_mutex_lock(&c->lock);
    atomic_store(&op->done, true);
    ended = c->ended;
    if (ended)
        ix_client_tell(c);
    else
        append(c, ev);
    pthread_mutex_unlock(&c->lock);
    if (ended)
        irisx_event_unref(ev);
}

void ix_queue_end(irisx_client_t *c)
{
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    signal_fd(c);
    ix_client_tell(c);
    pthread_mutex_unlock(&c->lock);
}

static irisx_event_t *make_lost(irisx_client_t *c)
{
    irisx_event_t *ev = c->lost ? ix_event_new(IRISX_EVENT_LOST) : NULL;

    if (!ev)
        return NULL;
    ev->time_ms = ix_clock_wall_us() / 1000;
    ev->state = c->lost > INT32_MAX ? INT32_MAX : (int32_t) c->lost;
    (void) irisx_event_describe(ev);
    c->lost = 0;
    return ev;
}

/* The oldest event; behind them all, and before the very last, one that tells of lost ones. NULL: none. Lock held. */
static irisx_event_t *take(irisx_client_t *c)
{
    irisx_event_t *ev = ix_list_empty(&c->events) ? NULL : IX_CONTAINER(c->events.next, irisx_event_t, node);

    if (!ev || ev->kind == IRISX_EVENT_CLIENT_CLOSED) {
        irisx_event_t *lost = make_lost(c);

        ev = lost ? lost : ev;
    }
    if (ev && ev->kind != IRISX_EVENT_LOST) {
        ix_list_remove(&ev->node);
        c->event_count--;
        if (ev->kind == IRISX_EVENT_CALL_STATS && ev->call)
            atomic_store(&ev->call->stats_queued, false);
        if (ev->kind == IRISX_EVENT_CLIENT_CLOSED)
            c->lost = 0; /* nothing follows it */
    }
    if (ix_list_empty(&c->events) && !c->lost && !c->ended)
        drain_fd(c); /* once ended it stays readable: the next pull tells the end */
    return ev;
}

bool ix_client_sleep(irisx_client_t *c, uint64_t until_us)
{
    uint64_t now = until_us == IX_NEVER ? 0 : ix_clock_mono_us(), left = until_us > now ? until_us - now : 0;
    struct timespec at;

    if (until_us == IX_NEVER)
        return pthread_cond_wait(&c->wake, &c->lock) == 0; /* only wrong use fails */
    (void) clock_gettime(CLOCK_MONOTONIC, &at); /* the condition's, which stands still while the machine sleeps */
    left += (uint64_t) at.tv_nsec / 1000;
    at.tv_sec += (time_t) (left / IX_S);
    at.tv_nsec = (long) (left % IX_S) * 1000;
    return !pthread_cond_timedwait(&c->wake, &c->lock, &at);
}

/* Lock held, and given back meanwhile; false: the time is over, or the client closed. */
static bool wait_more(irisx_client_t *c, uint64_t until_us)
{
    unsigned seen = atomic_load(&c->news);
    bool more;

    if (c->o.zero_thread) {
        pthread_mutex_unlock(&c->lock);
        more = ix_client_drive(c, seen, until_us) == 0;
        pthread_mutex_lock(&c->lock);
        return more && (atomic_load(&c->news) != seen || ix_clock_mono_us() < until_us);
    }
    return ix_client_sleep(c, until_us);
}

irisx_error_t irisx_client_next_event(irisx_client_t *c, uint32_t timeout_ms, irisx_event_t **event_out)
{
    uint64_t until = IX_NEVER;
    irisx_event_t *ev;
    bool ended;

    if (!c || !event_out)
        return IRISX_E_INVALID;
    if (c->o.on_event)
        return ix_in_callback(c) ? IRISX_E_WOULD_DEADLOCK : IRISX_E_STATE;
    if (timeout_ms && ix_host_on_own_thread(c->host))
        return IRISX_E_WOULD_DEADLOCK;
    pthread_mutex_lock(&c->lock);
    ev = take(c);
    if (!ev && !c->ended && timeout_ms) {
        if (timeout_ms != UINT32_MAX)
            until = ix_clock_mono_us() + timeout_ms * IX_MS;
        while (!c->ended && wait_more(c, until) && !(ev = take(c))) {
        }
        ev = ev ? ev : take(c);
    }
    ended = c->ended;
    pthread_mutex_unlock(&c->lock);
    if (!ev)
        return ended ? IRISX_E_CLOSED : IRISX_E_AGAIN;
    *event_out = ev;
    return IRISX_OK;
}

int irisx_client_event_fd(irisx_client_t *c)
{
    if (!c)
        return -1;
    pthread_mutex_lock(&c->lock);
    c->fd_asked = true;
    if (!ix_list_empty(&c->events) || c->lost || c->ended)
        signal_fd(c);
    pthread_mutex_unlock(&c->lock);
    return c->event_fd;
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
        if (c->orphan) { /* let go inside the callback: nobody else is there to close it, nor to join this thread */
            (void) pthread_detach(pthread_self());
            c->dispatcher_runs = false;
            ix_client_tear_down(c);
            return NULL;
        }
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
    ix_client_tell(c);
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
        if (c->orphan) {
            c->orphan = false;
            ix_client_tear_down(c); /* the caller holds the client's memory */
            return;
        }
    }
}
