/* SPDX-License-Identifier: MIT */
/*
 * The end of a client: farewell on the call loop, services ended on theirs, every op ended, threads joined, the last
 * event queued.
 */
#include "client/private.h"

#define CLOSE_DEFAULT_MS 2000
#define HARD_CLOSE_MS 5000 /* loops that do not answer by then are joined all the same */

static void say_goodbye(void *arg)
{
    irisx_client_t *c = arg;

    if (c->engine_up && !c->engine_err)
        ix_engine_shutdown(c->engine);
    else
        ix_client_raise(c, &c->idle); /* it never ran */
}

static void end_services(void *arg)
{
    irisx_client_t *c = arg;

    ix_receivers_drop(c);
    ix_rest_free(c->rest);
    c->rest = NULL;
    ix_client_raise(c, &c->services_down);
}

static void end_engine(void *arg)
{
    irisx_client_t *c = arg;

    ix_calls_drop(c);
    ix_outside_drop(c);
    ix_lines_drop(c);
    ix_client_raise(c, &c->engine_down);
}

bool ix_client_await(irisx_client_t *c, const bool *flag, uint64_t until_us)
{
    bool seen, late = false;

    pthread_mutex_lock(&c->lock);
    while (!(seen = *flag) && !late) {
        unsigned news = atomic_load(&c->news);

        if (!c->o.zero_thread) {
            late = !ix_client_sleep(c, until_us);
            continue;
        }
        pthread_mutex_unlock(&c->lock);
        (void) ix_host_drive(c->host, &c->news, news, until_us);
        late = ix_clock_mono_us() >= until_us;
        pthread_mutex_lock(&c->lock);
    }
    seen = *flag;
    pthread_mutex_unlock(&c->lock);
    return seen;
}

static void end_ops(irisx_client_t *c)
{
    for (;;) {
        irisx_op_t *op = NULL;

        pthread_mutex_lock(&c->lock);
        if (!ix_list_empty(&c->ops))
            op = irisx_op_ref(IX_CONTAINER(c->ops.next, irisx_op_t, node));
        pthread_mutex_unlock(&c->lock);
        if (!op)
            return;
        ix_op_finish_code(op, IRISX_E_CLOSED, "the client was closed");
        irisx_op_unref(op);
    }
}

/* The last command of a loop: what was posted before it runs before it, and nothing is taken after it. */
static void post_last(irisx_client_t *c, struct ix_loop *loop, bool *shut, struct ix_post *post, void (*fn)(void *arg))
{
    pthread_mutex_lock(&c->lock);
    *shut = true;
    (void) ix_loop_post_with(loop, post, fn, c); /* fails on a loop that was stopped, and nobody has */
    pthread_mutex_unlock(&c->lock);
}

irisx_error_t ix_client_close_all(irisx_client_t *c, uint32_t timeout_ms)
{
    struct ix_loop *call = ix_host_call_loop(c->host), *service = ix_host_service_loop(c->host);
    uint64_t now = ix_clock_now().mono_us;
    bool polite = true;

    if (c->engine && !ix_loop_post_with(call, &c->goodbye, say_goodbye, c))
        polite = ix_client_await(c, &c->idle, now + (timeout_ms ? timeout_ms : CLOSE_DEFAULT_MS) * IX_MS);
    now = ix_clock_now().mono_us;
    post_last(c, service, &c->service_shut, &c->last_service, end_services);
    (void) ix_client_await(c, &c->services_down, now + HARD_CLOSE_MS * IX_MS);
    post_last(c, call, &c->call_shut, &c->last_call, end_engine);
    (void) ix_client_await(c, &c->engine_down, now + HARD_CLOSE_MS * IX_MS);
    end_ops(c);
    ix_host_stop(c->host);
    ix_engine_free(c->engine);
    c->engine = NULL;
    ix_host_free(c->host);
    c->host = NULL;
    atomic_store(&c->state, CLIENT_CLOSED);
    ix_queue_push(c, c->closed);
    c->closed = NULL;
    ix_queue_end(c);
    ix_queue_dispatch_inline(c);
    ix_queue_stop_dispatcher(c);
    return polite ? IRISX_OK : IRISX_E_TIMEOUT;
}

irisx_error_t irisx_client_close(irisx_client_t *c, uint32_t timeout_ms)
{
    int open = CLIENT_OPEN;
    irisx_error_t err;

    if (!c)
        return IRISX_E_INVALID;
    if (ix_in_callback(c) || ix_host_on_own_thread(c->host))
        return IRISX_E_WOULD_DEADLOCK;
    if (!atomic_compare_exchange_strong(&c->state, &open, CLIENT_CLOSING))
        return IRISX_E_CLOSED;
    (void) ix_client_hold(c); /* the last event's callback may give up the last reference */
    err = ix_client_close_all(c, timeout_ms);
    ix_client_release(c);
    return err;
}
