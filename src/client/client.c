/* SPDX-License-Identifier: MIT */
/*
 * The client's life. Closing: farewell on the call loop, services ended on theirs, every op ended, threads joined, the
 * last event queued. A last unref without a close does the same in a thread made for it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/private.h"

bool ix_client_usable(const irisx_client_t *c)
{
    return c && atomic_load(&c->state) == CLIENT_OPEN;
}

void ix_client_raise(irisx_client_t *c, bool *flag)
{
    pthread_mutex_lock(&c->lock);
    *flag = true;
    ix_client_tell(c);
    pthread_mutex_unlock(&c->lock);
}

/* Under the lock: a loop that is not shut yet is there, whatever irisx_client_close does on another thread. */
int ix_call_post(irisx_client_t *c, void (*fn)(void *arg), void *arg)
{
    int err = IRISX_E_CLOSED;

    pthread_mutex_lock(&c->lock);
    if (!c->call_shut)
        err = ix_loop_post(ix_host_call_loop(c->host), fn, arg);
    pthread_mutex_unlock(&c->lock);
    return err;
}

int ix_service_post(irisx_client_t *c, void (*fn)(void *arg), void *arg)
{
    int err = IRISX_E_CLOSED;

    pthread_mutex_lock(&c->lock);
    if (!c->service_shut)
        err = ix_loop_post(ix_host_service_loop(c->host), fn, arg);
    pthread_mutex_unlock(&c->lock);
    return err;
}

int ix_service_post_with(irisx_client_t *c, struct ix_post *post, void (*fn)(void *arg), void *arg)
{
    int err = IRISX_E_CLOSED;

    pthread_mutex_lock(&c->lock);
    if (!c->service_shut)
        err = ix_loop_post_with(ix_host_service_loop(c->host), post, fn, arg);
    pthread_mutex_unlock(&c->lock);
    return err;
}

int ix_call_post_with(irisx_client_t *c, struct ix_post *post, void (*fn)(void *arg), void *arg)
{
    int err = IRISX_E_CLOSED;

    pthread_mutex_lock(&c->lock);
    if (!c->call_shut)
        err = ix_loop_post_with(ix_host_call_loop(c->host), post, fn, arg);
    pthread_mutex_unlock(&c->lock);
    return err;
}

static void client_free(irisx_client_t *c)
{
    ix_queue_drop(c); /* those that came after let_go() */
    irisx_event_unref(c->closed);
    ix_queue_clear(c);
    ix_free(c->agent);
    ix_client_free_texts(&c->o);
    ix_rest_options_free(c->o.rest);
    ix_free(c);
}

/* Nobody can pull any more: events that wait would keep their objects, and these the client, for ever. */
static void let_go(irisx_client_t *c)
{
    ix_queue_drop(c);
    ix_client_release(c);
}

static void set_defaults(irisx_client_t *c)
{
    c->o.log_level = c->o.log_level ? c->o.log_level : IRISX_LOG_WARN;
    c->o.event_queue_limit = c->o.event_queue_limit ? c->o.event_queue_limit : 1024;
    c->o.max_calls = c->o.max_calls ? c->o.max_calls : 128;
    c->log =
        (struct ix_log){ .level = c->o.log ? c->o.log_level : 0, .sink = c->o.log ? ix_client_log : NULL, .ctx = c };
    c->call_shut = c->service_shut = true; /* no loops yet */
    atomic_init(&c->refs, 1);
    atomic_init(&c->holds, 1);
    ix_list_init(&c->ops);
    ix_list_init(&c->lines);
    ix_list_init(&c->wishes);
    ix_list_init(&c->subscriptions);
    ix_list_init(&c->calls);
    ix_list_init(&c->receivers);
}

irisx_error_t irisx_client_new(const irisx_client_options_t *options, irisx_client_t **client_out)
{
    irisx_client_options_t defaults = IRISX_CLIENT_OPTIONS_INIT;
    irisx_client_t *c;
    int err;

    if (!client_out)
        return IRISX_E_INVALID;
    c = ix_alloc(sizeof *c);
    if (!c)
        return IRISX_E_NO_MEMORY;
    err = ix_options_read(&c->o, sizeof c->o, options ? options : &defaults);
    if (!err)
        err = ix_client_check_options(&c->o);
    if (err) {
        ix_free(c);
        return (irisx_error_t) err;
    }
    err = ix_rest_options_take(&c->o);
    if (err) {
        ix_free(c);
        return (irisx_error_t) err;
    }
    err = ix_client_own_texts(&c->o);
    set_defaults(c);
    c->closed = ix_event_new(IRISX_EVENT_CLIENT_CLOSED);
    if (!err && !c->closed)
        err = IRISX_E_NO_MEMORY;
    if (!ix_queue_init(c) && !err)
        err = IRISX_E_LIMIT;
    if (!err)
        err = ix_client_instance(c);
    if (!err)
        err = ix_client_parts(c);
    if (err) {
        atomic_store(&c->state, CLIENT_CLOSING);
        c->o.on_event = NULL; /* of a client that the application never had */
        if (c->host)
            (void) ix_client_close_all(c, 1);
        let_go(c);
        return (irisx_error_t) err;
    }
    *client_out = c;
    return IRISX_OK;
}

irisx_client_t *irisx_client_ref(irisx_client_t *client)
{
    if (client)
        atomic_fetch_add(&client->refs, 1);
    return client;
}

irisx_client_t *ix_client_hold(irisx_client_t *c)
{
    atomic_fetch_add(&c->holds, 1);
    return c;
}

void ix_client_release(irisx_client_t *c)
{
    if (atomic_fetch_sub(&c->holds, 1) == 1)
        client_free(c);
}

void ix_client_tear_down(irisx_client_t *c)
{
    (void) ix_client_close_all(c, 0); /* nobody is left to hear of a late farewell */
    let_go(c);
}

static void *tear_down_main(void *arg)
{
    ix_client_tear_down(arg);
    return NULL;
}

static bool tear_down_elsewhere(irisx_client_t *c)
{
    sigset_t all, before;
    pthread_t thread;
    bool started;

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are the application's */
    started = pthread_create(&thread, NULL, tear_down_main, c) == 0;
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        (void) pthread_detach(thread);
    return started;
}

void irisx_client_unref(irisx_client_t *c)
{
    int open = CLIENT_OPEN;

    if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    if (!atomic_compare_exchange_strong(&c->state, &open, CLIENT_CLOSING)) {
        let_go(c);
    } else if (ix_in_callback(c)) {
        c->orphan = true; /* once the callback has returned */
    } else if (c->o.zero_thread || !tear_down_elsewhere(c)) {
        ix_client_tear_down(c); /* not on a thread that it would have to join: those are in a callback */
    }
}

/* ---- zero-thread mode -------------------------------------------------------------------- */
int irisx_client_fd(irisx_client_t *c)
{
    return ix_client_usable(c) && c->o.zero_thread ? ix_host_fd(c->host) : -1;
}

int irisx_client_timeout_ms(irisx_client_t *c)
{
    return ix_client_usable(c) && c->o.zero_thread ? ix_host_timeout_ms(c->host) : -1;
}

static irisx_error_t may_run(irisx_client_t *c)
{
    if (atomic_load(&c->state) == CLIENT_CLOSED)
        return IRISX_E_CLOSED;
    if (!c->o.zero_thread)
        return IRISX_E_STATE;
    return ix_in_callback(c) ? IRISX_E_WOULD_DEADLOCK : IRISX_OK;
}

/* a callback may give up the last reference: the caller's stack keeps the memory meanwhile */
static irisx_error_t ran(irisx_client_t *c, int err)
{
    ix_queue_dispatch_inline(c);
    ix_client_release(c);
    return (irisx_error_t) err;
}

irisx_error_t irisx_client_run_once(irisx_client_t *c)
{
    irisx_error_t err = c ? may_run(c) : IRISX_E_INVALID;

    return err ? err : ran(c, ix_host_run_once(ix_client_hold(c)->host));
}

irisx_error_t ix_client_drive(irisx_client_t *c, unsigned seen, uint64_t until_us)
{
    irisx_error_t err = may_run(c);

    return err ? err : ran(c, ix_host_drive(ix_client_hold(c)->host, &c->news, seen, until_us));
}

/* ---- the process's allocator ------------------------------------------------------------- */
irisx_error_t irisx_set_allocator(const irisx_allocator_t *allocator)
{
    irisx_allocator_t o;
    struct ix_allocator a;

    if (allocator && (ix_options_read(&o, sizeof o, allocator) || !o.alloc || !o.realloc || !o.free))
        return IRISX_E_INVALID;
    if (ix_alloc_live())
        return IRISX_E_STATE;
    if (!allocator) {
        ix_set_allocator(NULL);
        return IRISX_OK;
    }
    a = (struct ix_allocator){ .alloc = o.alloc, .realloc = o.realloc, .free = o.free, .ctx = o.user_data };
    ix_set_allocator(&a);
    return IRISX_OK;
}
