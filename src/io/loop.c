/* SPDX-License-Identifier: MIT */
/*
 * One libuv loop with its clock, its timers, a queue of functions posted by other threads and the drain at the end of
 * each turn. A turn: timers, what the last wait brought, then the drain, then the wait for the next events.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "io/internal.h"

#define LONG_TURN_US 400 /* of 2 ms that a turn may take: the last batch and a call's set-up may follow */
#define MAX_TURNS 16 /* of one ix_loop_run_once */
#define LONG_MS 3600000 /* a wait without end looks up this often */

/*
 * What other threads ring: a descriptor, not uv_async_t. Its sender marks itself busy, and the loop spins
 * (uv__async_spin) until a sender that was preempted half-way runs again: measured, 14 ms of the call loop's time on a
 * loaded machine.
 */
struct wake {
    uv_poll_t uv;
    int fd;
};

struct ix_loop {
    /* touched by the loop's thread alone */
    uv_loop_t uv;
    uv_prepare_t turn;
    struct wake wake;
    const struct ix_log *log;
    struct ix_now now;
    bool now_read; /* the clock was read since the last wait */
    uint64_t busy_us; /* since then this turn is at work; 0: nobody has asked yet */
    void (*drain)(void *ctx);
    void *drain_ctx;
    struct ix_loop_part parts[IX_PART_COUNT];
    size_t owned, guards;
    uv_timer_t until; /* the end of a wait */
    const atomic_uint *news; /* of ix_loop_drive; NULL: nobody drives */
    unsigned seen;
    /* shared */
    pthread_mutex_t lock;
    struct ix_post *first, *last;
    bool stopped;
    bool driven; /* no thread of ours runs it: posts are looked at whenever somebody drives */
    bool watched; /* its descriptor was given out: posts have to be seen there */
    bool waiting; /* somebody drives it and waits */
};

struct ix_loop_bell {
    struct wake wake;
    struct ix_loop *loop;
    void (*fn)(void *ctx);
    void *ctx;
};

struct ix_loop_timer {
    uv_timer_t uv;
    struct ix_loop *loop;
    void (*fn)(void *ctx);
    void *ctx;
    uint64_t at_us;
};

static bool has_posts(struct ix_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    bool some = loop->first != NULL;
    pthread_mutex_unlock(&loop->lock);
    return some;
}

static bool is_stopped(struct ix_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    bool stopped = loop->stopped;
    pthread_mutex_unlock(&loop->lock);
    return stopped;
}

static int wake_open(struct wake *w, uv_loop_t *uv, uv_poll_cb fn, void *data)
{
    int err;

    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->fd < 0)
        return ix_err_of_errno(errno);
    err = uv_poll_init(uv, &w->uv, w->fd);
    if (err != 0) {
        (void) close(w->fd);
        return ix_err_of_uv(err);
    }
    w->uv.data = data;
    (void) uv_poll_start(&w->uv, UV_READABLE, fn); /* fails on bad arguments only */
    return 0;
}

static void wake_close(struct wake *w, uv_close_cb closed)
{
    uv_close((uv_handle_t *) &w->uv, closed);
    (void) close(w->fd); /* libuv has taken it out of its set */
}

static void wake_ring(const struct wake *w)
{
    const uint64_t one = 1;

    (void) !write(w->fd, &one, sizeof one); /* full: rung often enough */
}

static void wake_heard(const struct wake *w)
{
    uint64_t count;

    (void) !read(w->fd, &count, sizeof count);
}

/* What was posted, in order; all: also beyond a long turn. What is left waits for the next turn, before newer ones. */
static void run_posts(struct ix_loop *loop, bool all)
{
    pthread_mutex_lock(&loop->lock);
    struct ix_post *p = loop->first;
    struct ix_post *last = loop->last;
    loop->first = loop->last = NULL;
    pthread_mutex_unlock(&loop->lock);
    for (unsigned n = 0; p != NULL; n++) {
        struct ix_post *next = p->next;
        void (*fn)(void *arg) = p->fn;
        void *arg = p->arg;
        if (!all && n > 0 && ix_loop_turn_is_long(loop))
            break;
        if (p->ours)
            ix_free(p);
        fn(arg);
        p = next;
    }
    if (p == NULL)
        return;
    pthread_mutex_lock(&loop->lock);
    last->next = loop->first;
    loop->first = p;
    if (loop->last == NULL)
        loop->last = last;
    pthread_mutex_unlock(&loop->lock);
    wake_ring(&loop->wake);
}

static void on_wake(uv_poll_t *uv, int status, int events)
{
    struct ix_loop *loop = uv->data;

    (void) status, (void) events;
    wake_heard(&loop->wake);
    run_posts(loop, is_stopped(loop));
    if (is_stopped(loop))
        uv_stop(&loop->uv);
}

static void end_turn(struct ix_loop *loop)
{
    if (loop->drain != NULL)
        loop->drain(loop->drain_ctx);
    for (size_t i = 0; i < IX_PART_COUNT; i++) {
        if (loop->parts[i].state != NULL && loop->parts[i].flush != NULL)
            loop->parts[i].flush(loop->parts[i].state);
    }
    loop->now_read = false;
    loop->busy_us = 0;
}

/* Behind the timers, before the wait. Whoever drives does not wait once there is what it waits for. */
static void on_turn(uv_prepare_t *turn)
{
    struct ix_loop *loop = turn->data;

    end_turn(loop);
    if (loop->news == NULL)
        return;
    pthread_mutex_lock(&loop->lock);
    bool wait = loop->first == NULL && atomic_load(loop->news) == loop->seen;
    loop->waiting = wait;
    pthread_mutex_unlock(&loop->lock);
    if (!wait)
        uv_stop(&loop->uv); /* its wait takes no time, and it returns */
}

static void on_until(uv_timer_t *until)
{
    (void) until; /* that it returned is what was wanted */
}

int ix_loop_new(const struct ix_log *log, struct ix_loop **out)
{
    struct ix_loop *loop = ix_alloc(sizeof *loop);

    if (loop == NULL)
        return IRISX_E_NO_MEMORY;
    loop->log = log;
    ix_stdio_hold();
    int err = uv_loop_init(&loop->uv);
    if (err != 0) {
        ix_stdio_release();
        ix_free(loop);
        return ix_err_of_uv(err);
    }
    err = wake_open(&loop->wake, &loop->uv, on_wake, loop);
    if (err != 0) {
        (void) uv_loop_close(&loop->uv);
        ix_stdio_release();
        ix_free(loop);
        return err;
    }
    (void) uv_prepare_init(&loop->uv, &loop->turn); /* these cannot fail */
    (void) uv_prepare_start(&loop->turn, on_turn);
    (void) uv_timer_init(&loop->uv, &loop->until);
    (void) pthread_mutex_init(&loop->lock, NULL);
    loop->turn.data = loop;
    *out = loop;
    return 0;
}

static void run_dry(struct ix_loop *loop)
{
    struct ix_signals signals;

    ix_signals_block(&signals, false);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) { /* a stop flag from before: run on */
    }
    ix_signals_restore(&signals);
}

int ix_loop_free(struct ix_loop *loop)
{
    if (loop == NULL)
        return 0;
    ix_loop_stop(loop);
    run_posts(loop, true);
    if (loop->owned != 0) {
        ix_log(
            loop->log, IX_LOG_ERROR, IX_AREA, "%zu objects still belong to the loop that is to be freed", loop->owned);
        return IRISX_E_STATE;
    }
    for (size_t i = 0; i < IX_PART_COUNT; i++) {
        if (loop->parts[i].state != NULL && loop->parts[i].close != NULL)
            loop->parts[i].close(loop->parts[i].state);
    }
    uv_close((uv_handle_t *) &loop->turn, NULL);
    uv_close((uv_handle_t *) &loop->until, NULL);
    wake_close(&loop->wake, NULL);
    run_dry(loop);
    for (size_t i = 0; i < IX_PART_COUNT; i++) {
        if (loop->parts[i].state != NULL)
            loop->parts[i].ended(loop->parts[i].state);
    }
    IX_ASSERT(uv_loop_close(&loop->uv) == 0);
    ix_stdio_release();
    (void) pthread_mutex_destroy(&loop->lock);
    ix_free(loop);
    return 0;
}

void *ix_loop_uv(struct ix_loop *loop)
{
    return &loop->uv;
}

int ix_loop_run(struct ix_loop *loop)
{
    struct ix_signals signals;

    ix_signals_block(&signals, false);
    while (!is_stopped(loop))
        (void) uv_run(&loop->uv, UV_RUN_DEFAULT);
    run_posts(loop, true); /* what was accepted before the stop is done */
    end_turn(loop);
    ix_signals_restore(&signals);
    return 0;
}

/*
 * Something waits that the descriptor does not show: a post, a due timer, a socket that libuv was asked to watch and
 * will tell the kernel of in its next turn. That queue is a field of the loop's public struct, whose layout is libuv's
 * ABI; its head is empty when it points to itself.
 */
static bool is_due(struct ix_loop *loop)
{
    const void *queue = &loop->uv.watcher_queue, *first;

    memcpy(&first, queue, sizeof first);
    return first != queue || uv_backend_timeout(&loop->uv) == 0 || has_posts(loop);
}

struct guard { /* of the caller's signals, once there is something that needs it */
    struct ix_signals signals;
    bool on;
};

static void turn_once(struct ix_loop *loop, uv_run_mode mode, struct guard *g)
{
    if (loop->guards > 0 && !g->on) { /* threads that libraries start inherit it: handlers stay on the caller's */
        ix_signals_block(&g->signals, true);
        g->on = true;
    }
    loop->now_read = false;
    run_posts(loop, false);
    (void) uv_run(&loop->uv, mode);
    end_turn(loop);
}

/*
 * What a drain asks of libuv (wake me when this socket is writable) reaches the descriptor only in the next turn. So
 * turns go on while there is such a thing; bounded, so that a flood cannot keep the caller here.
 */
static void turn_on(struct ix_loop *loop, struct guard *g)
{
    for (int turns = 1; turns < MAX_TURNS && is_due(loop); turns++)
        turn_once(loop, UV_RUN_NOWAIT, g);
    if (g->on)
        ix_signals_restore(&g->signals);
}

int ix_loop_run_once(struct ix_loop *loop)
{
    struct guard g = { .on = false };

    if (is_stopped(loop))
        return IRISX_E_CLOSED;
    turn_once(loop, UV_RUN_NOWAIT, &g);
    turn_on(loop, &g);
    return 0;
}

static int left_ms(uint64_t until_us)
{
    uint64_t now = ix_clock_mono_us();
    uint64_t ms = until_us == IX_NEVER ? LONG_MS : until_us > now ? (until_us - now + 999) / 1000 : 0;

    return (int) IX_MIN(ms, (uint64_t) LONG_MS);
}

/* Signals are the caller's while it waits, so the wait is outside of what is guarded. */
static void wait_outside(struct ix_loop *loop, int ms)
{
    struct pollfd fd = { .fd = uv_backend_fd(&loop->uv), .events = POLLIN };
    int own = uv_backend_timeout(&loop->uv);

    pthread_mutex_lock(&loop->lock);
    loop->waiting = loop->first == NULL;
    if (!loop->waiting)
        ms = 0;
    pthread_mutex_unlock(&loop->lock);
    (void) poll(&fd, 1, own >= 0 && own < ms ? own : ms); /* interrupted or not: what is due is done */
}

static void woke(struct ix_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->waiting = false;
    pthread_mutex_unlock(&loop->lock);
}

int ix_loop_drive(struct ix_loop *loop, const atomic_uint *news, unsigned seen, uint64_t until_us)
{
    int ms = left_ms(until_us);
    struct guard g = { .on = false };

    if (is_stopped(loop))
        return IRISX_E_CLOSED;
    if (loop->guards > 0 || ms == 0) {
        uv_update_time(&loop->uv);
        wait_outside(loop, ms);
        woke(loop);
        return ix_loop_run_once(loop);
    }
    loop->news = news;
    loop->seen = seen;
    uv_update_time(&loop->uv);
    (void) uv_timer_start(&loop->until, on_until, (uint64_t) ms, 0);
    turn_once(loop, UV_RUN_ONCE, &g);
    loop->news = NULL;
    (void) uv_timer_stop(&loop->until);
    woke(loop);
    turn_on(loop, &g);
    return 0;
}

void ix_loop_set_driven(struct ix_loop *loop)
{
    loop->driven = true; /* before anybody else knows of the loop */
}

void ix_loop_guard(struct ix_loop *loop, int more)
{
    loop->guards += (size_t) more; /* -1 takes one away */
}

void ix_loop_stop(struct ix_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->stopped = true;
    pthread_mutex_unlock(&loop->lock);
    wake_ring(&loop->wake);
}

int ix_loop_fd(struct ix_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    if (!loop->watched && loop->first != NULL)
        wake_ring(&loop->wake);
    loop->watched = true;
    pthread_mutex_unlock(&loop->lock);
    return uv_backend_fd(&loop->uv);
}

int ix_loop_timeout_ms(struct ix_loop *loop)
{
    uv_update_time(&loop->uv);
    return has_posts(loop) ? 0 : uv_backend_timeout(&loop->uv);
}

struct ix_now ix_loop_now(struct ix_loop *loop)
{
    if (!loop->now_read) {
        loop->now = ix_clock_now();
        loop->now_read = true;
    }
    return loop->now;
}

bool ix_loop_turn_is_long(struct ix_loop *loop)
{
    uint64_t now_us = ix_clock_mono_us();

    if (loop->busy_us == 0)
        loop->busy_us = now_us;
    return now_us - loop->busy_us >= LONG_TURN_US;
}

static int append(struct ix_loop *loop, struct ix_post *p)
{
    int err = 0;

    pthread_mutex_lock(&loop->lock);
    if (loop->stopped) {
        err = IRISX_E_CLOSED;
    } else {
        bool rings = loop->first == NULL;
        if (loop->last != NULL)
            loop->last->next = p;
        else
            loop->first = p;
        loop->last = p;
        if (rings && (!loop->driven || loop->watched || loop->waiting)) /* one that waits has rung */
            wake_ring(&loop->wake); /* under the lock: the loop cannot be freed meanwhile */
    }
    pthread_mutex_unlock(&loop->lock);
    return err;
}

int ix_loop_post_with(struct ix_loop *loop, struct ix_post *post, void (*fn)(void *arg), void *arg)
{
    *post = (struct ix_post){ .fn = fn, .arg = arg };
    return append(loop, post);
}

int ix_loop_post(struct ix_loop *loop, void (*fn)(void *arg), void *arg)
{
    struct ix_post *p = ix_alloc(sizeof *p);

    if (p == NULL)
        return IRISX_E_NO_MEMORY;
    *p = (struct ix_post){ .fn = fn, .arg = arg, .ours = true };
    int err = append(loop, p);
    if (err != 0)
        ix_free(p);
    return err;
}

void ix_loop_set_drain(struct ix_loop *loop, void (*fn)(void *ctx), void *ctx)
{
    loop->drain = fn;
    loop->drain_ctx = ctx;
}

struct ix_loop_part *ix_loop_part(struct ix_loop *loop, enum ix_loop_part_kind kind)
{
    return &loop->parts[kind];
}

const struct ix_log *ix_loop_log(const struct ix_loop *loop)
{
    return loop->log;
}

void ix_loop_own(struct ix_loop *loop)
{
    loop->owned++;
}

void ix_loop_disown(struct ix_loop *loop)
{
    IX_ASSERT(loop->owned > 0);
    loop->owned--;
}

/* ---- bells ------------------------------------------------------------------------------- */

static void on_bell(uv_poll_t *uv, int status, int events)
{
    struct ix_loop_bell *b = uv->data;

    (void) status, (void) events;
    wake_heard(&b->wake);
    b->fn(b->ctx);
}

int ix_loop_bell_new(struct ix_loop *loop, void (*fn)(void *ctx), void *ctx, struct ix_loop_bell **out)
{
    struct ix_loop_bell *b = ix_alloc(sizeof *b);
    int err;

    if (b == NULL)
        return IRISX_E_NO_MEMORY;
    b->loop = loop;
    b->fn = fn;
    b->ctx = ctx;
    err = wake_open(&b->wake, &loop->uv, on_bell, b);
    if (err != 0) {
        ix_free(b);
        return err;
    }
    ix_loop_own(loop);
    *out = b;
    return 0;
}

void ix_loop_bell_ring(struct ix_loop_bell *b)
{
    wake_ring(&b->wake);
}

static void bell_closed(uv_handle_t *h)
{
    ix_free(h->data);
}

void ix_loop_bell_free(struct ix_loop_bell *b)
{
    if (b == NULL)
        return;
    ix_loop_disown(b->loop);
    wake_close(&b->wake, bell_closed);
}

/* ---- timers: libuv counts whole milliseconds from a time it read earlier; a call that comes early waits again --- */

static void on_timer(uv_timer_t *uv);

static void arm(struct ix_loop_timer *t, uint64_t now_us)
{
    uint64_t ms = t->at_us > now_us ? (t->at_us - now_us + 999) / 1000 : 0;

    (void) uv_timer_start(&t->uv, on_timer, ms, 0);
}

static void on_timer(uv_timer_t *uv)
{
    struct ix_loop_timer *t = uv->data;

    t->loop->now_read = false;
    uint64_t now_us = ix_loop_now(t->loop).mono_us;
    if (now_us < t->at_us) {
        uv_update_time(&t->loop->uv);
        arm(t, now_us);
        return;
    }
    t->at_us = IX_NEVER;
    t->fn(t->ctx);
}

int ix_loop_timer_new(struct ix_loop *loop, void (*fn)(void *ctx), void *ctx, struct ix_loop_timer **out)
{
    struct ix_loop_timer *t = ix_alloc(sizeof *t);

    if (t == NULL)
        return IRISX_E_NO_MEMORY;
    *t = (struct ix_loop_timer){ .loop = loop, .fn = fn, .ctx = ctx, .at_us = IX_NEVER };
    (void) uv_timer_init(&loop->uv, &t->uv); /* cannot fail */
    t->uv.data = t;
    ix_loop_own(loop);
    *out = t;
    return 0;
}

void ix_loop_timer_set(struct ix_loop_timer *t, uint64_t at_us)
{
    if (at_us == t->at_us)
        return;
    t->at_us = at_us;
    if (at_us == IX_NEVER)
        (void) uv_timer_stop(&t->uv);
    else
        arm(t, ix_loop_now(t->loop).mono_us);
}

static void timer_closed(uv_handle_t *h)
{
    ix_free(h->data);
}

void ix_loop_timer_free(struct ix_loop_timer *t)
{
    if (t == NULL)
        return;
    ix_loop_disown(t->loop);
    uv_close((uv_handle_t *) &t->uv, timer_closed);
}
