/* SPDX-License-Identifier: MIT */
/*
 * The client's life. Closing: farewell on the call loop, services ended on theirs, every op ended, threads joined, the
 * last event queued. A last unref without a close does the same in a thread made for it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <poll.h>

#include "client/private.h"

#define CLOSE_DEFAULT_MS 2000
#define HARD_CLOSE_MS 5000 /* loops that do not answer by then are joined all the same */
#define START_MS 10000 /* for a machine that stands still */

bool ix_client_usable(const irisx_client_t *c)
{
    return c && atomic_load(&c->state) == CLIENT_OPEN;
}

static void raise_flag(irisx_client_t *c, bool *flag)
{
    pthread_mutex_lock(&c->lock);
    *flag = true;
    pthread_cond_broadcast(&c->wake);
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

/* Waits for a flag that a loop raises; drives the loops in zero-thread mode. */
static bool await(irisx_client_t *c, const bool *flag, uint64_t until_us);

/* ---- making ------------------------------------------------------------------------------ */
static const char **option_texts(irisx_client_options_t *o, size_t i)
{
    const char **texts[] = { &o->api_url, &o->api_key, &o->ca_file, &o->user_agent, &o->stun_server, &o->capture_file,
        &o->timeline_dir, &o->ice_servers, &o->interfaces };

    return i < IX_COUNT(texts) ? texts[i] : NULL;
}

static int own_texts(irisx_client_options_t *o)
{
    const char **text;
    int err = 0;

    for (size_t i = 0; (text = option_texts(o, i)) != NULL; i++) {
        const char *copy = ix_dup_cstr(*text);

        if (*text && !copy)
            err = IRISX_E_NO_MEMORY;
        *text = copy;
    }
    return err;
}

static void free_texts(irisx_client_options_t *o)
{
    const char **text;

    for (size_t i = 0; (text = option_texts(o, i)) != NULL; i++) {
        if (*text)
            ix_wipe((void *) (uintptr_t) *text, strlen(*text));
        ix_free((void *) (uintptr_t) *text);
    }
}

static void log_sink(void *ctx, int level, const char *area, const char *line)
{
    irisx_client_t *c = ctx;

    c->o.log(level, area, line, c->o.log_user_data);
}

static void phone_event(void *ctx, const struct ix_phone_event *ev)
{
    irisx_client_t *c = ctx;

    switch (ev->kind) {
    case IX_EV_LINE:
        ix_line_event(c, ev);
        break;
    case IX_EV_INCOMING:
        ix_call_rings(c, ev);
        break;
    case IX_EV_CALL:
        ix_call_event(c, ev);
        break;
    case IX_EV_REQUEST:
    case IX_EV_TRANSPORT_CLOSED:
    case IX_EV_INFO:
        break;
    case IX_EV_REFER:
        ix_call_referred(c, ev);
        break;
    case IX_EV_HOLD:
    case IX_EV_TRANSFER:
        ix_call_control_event(ev);
        break;
    }
}

static void media_event(void *ctx, const struct ix_media_event *ev)
{
    ix_call_media_event(ctx, ev);
}

static void phone_idle(void *ctx)
{
    irisx_client_t *c = ctx;

    raise_flag(c, &c->idle);
}

static void phone_warning(void *ctx, int err, const char *message)
{
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_WARNING);

    if (ev)
        ix_failure_set(&ev->error, err, IRISX_DOMAIN_SYSTEM, 0, message, NULL);
    ix_queue_push(ctx, ev);
}

/* "host", "host:port", "[::1]:port"; host "" where there is none */
static int read_stun(const char *text, char host[256], uint16_t *port)
{
    struct ix_str rest = ix_str(text), name = rest;
    uint32_t number = 3478; /* RFC 8489 section 18.6 */
    size_t colon = SIZE_MAX;

    if (rest.n && rest.p[0] == '[') {
        size_t end = ix_str_find(rest, ']');

        if (end == SIZE_MAX || (end + 1 < rest.n && rest.p[end + 1] != ':'))
            return IRISX_E_INVALID;
        name = ix_str_slice(rest, 1, end);
        colon = end + 1 < rest.n ? end + 1 : SIZE_MAX;
    } else {
        colon = ix_str_find(rest, ':');
        name = ix_str_slice(rest, 0, IX_MIN(colon, rest.n));
    }
    if (colon != SIZE_MAX && (ix_str_u32(ix_str_slice(rest, colon + 1, rest.n), 65535, &number) || !number))
        return IRISX_E_INVALID;
    *port = (uint16_t) number;
    return rest.n && !name.n ? IRISX_E_INVALID : ix_str_copy(host, 256, name) ? IRISX_E_INVALID : 0;
}

static void start_engine(void *arg)
{
    irisx_client_t *c = arg;
    char host[256];
    uint16_t port;

    c->engine_err = ix_engine_start(c->engine);
    if (!c->engine_err && !read_stun(c->o.stun_server, host, &port) && host[0])
        (void) ix_engine_set_stun(c->engine, host, port); /* calls go on without */
    if (!c->engine_err && c->o.ice_servers)
        c->engine_err = ix_ice_servers_use(c, c->o.ice_servers);
    raise_flag(c, &c->engine_up);
}

static void start_services(void *arg)
{
    irisx_client_t *c = arg;

    c->services_err = c->rest ? ix_rest_open(c->rest) : 0;
    raise_flag(c, &c->services_up);
}

static int check_options(const irisx_client_options_t *o)
{
    char host[256];
    uint16_t port;

    if (o->api_url && !ix_str_istarts(ix_str(o->api_url), IX_STR("http://")) &&
        !ix_str_istarts(ix_str(o->api_url), IX_STR("https://")))
        return IRISX_E_INVALID;
    if (read_stun(o->stun_server, host, &port) || ix_ice_servers_check(o->ice_servers))
        return IRISX_E_INVALID;
    if (o->vpn < IRISX_VPN_AS_OTHERS || o->vpn > IRISX_VPN_NEVER)
        return IRISX_E_INVALID;
    return o->log_level < 0 || o->log_level > IRISX_LOG_TRACE ? IRISX_E_INVALID : 0;
}

/* What a loop's own thread has to make, so that a client that was made has it. */
static int start_parts(irisx_client_t *c)
{
    uint64_t until = ix_clock_now().mono_us + START_MS * IX_MS;
    int err = ix_call_post(c, start_engine, c);

    if (!err)
        err = ix_service_post(c, start_services, c);
    if (!err && (!await(c, &c->engine_up, until) || !await(c, &c->services_up, until)))
        err = IRISX_E_TIMEOUT;
    if (!err)
        err = c->engine_err ? c->engine_err : c->services_err;
    return err;
}

static int client_parts(irisx_client_t *c)
{
    struct ix_host_options host = { .log = &c->log,
        .media_threads = c->o.media_threads,
        .workers = c->o.worker_threads,
        .max_parties = c->o.max_calls,
        .zero_thread = c->o.zero_thread != 0,
        .realtime = c->o.realtime != 0 };
    struct ix_engine_options engine = { .log = &c->log,
        .ca_file = c->o.ca_file,
        .max_calls = c->o.max_calls,
        .watch_network = true,
        .interfaces = c->o.interfaces,
        .vpn = c->o.vpn,
        .capture_file = c->o.capture_file,
        .capture_secrets = c->o.capture_secrets != 0,
        .on_event = phone_event,
        .on_media = media_event,
        .on_idle = phone_idle,
        .on_warning = phone_warning,
        .ctx = c };
    struct ix_buf agent;
    int err;

    ix_buf_init(&agent, 512);
    ix_buf_fmt(&agent, "libirisx-client/%s%s%s", IRISX_VERSION, c->o.user_agent ? " " : "",
        c->o.user_agent ? c->o.user_agent : "");
    c->agent = ix_buf_take(&agent);
    if (!c->agent)
        return IRISX_E_NO_MEMORY;
    engine.agent = c->agent;
    err = ix_host_new(&host, &engine.host);
    if (!err) {
        c->host = engine.host;
        c->call_shut = c->service_shut = false;
        err = ix_engine_new(&engine, &c->engine);
    }
    if (!err && c->o.api_url)
        err = ix_rest_new(c, &c->rest);
    if (!err)
        err = start_parts(c);
    if (!err && !ix_queue_start_dispatcher(c))
        err = IRISX_E_LIMIT;
    return err;
}

static void client_free(irisx_client_t *c)
{
    ix_queue_drop(c); /* those that came after let_go() */
    irisx_event_unref(c->closed);
    ix_queue_clear(c);
    ix_free(c->agent);
    free_texts(&c->o);
    ix_rest_options_free(c->o.rest);
    ix_free(c);
}

/* Nobody can pull any more: events that wait would keep their objects, and these the client, for ever. */
static void let_go(irisx_client_t *c)
{
    ix_queue_drop(c);
    ix_client_release(c);
}

static irisx_error_t close_all(irisx_client_t *c, uint32_t timeout_ms);

static void set_defaults(irisx_client_t *c)
{
    c->o.log_level = c->o.log_level ? c->o.log_level : IRISX_LOG_WARN;
    c->o.event_queue_limit = c->o.event_queue_limit ? c->o.event_queue_limit : 1024;
    c->o.max_calls = c->o.max_calls ? c->o.max_calls : 128;
    c->log = (struct ix_log){ .level = c->o.log ? c->o.log_level : 0, .sink = c->o.log ? log_sink : NULL, .ctx = c };
    c->call_shut = c->service_shut = true; /* no loops yet */
    atomic_init(&c->refs, 1);
    atomic_init(&c->holds, 1);
    ix_list_init(&c->ops);
    ix_list_init(&c->lines);
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
        err = check_options(&c->o);
    if (err) {
        ix_free(c);
        return (irisx_error_t) err;
    }
    err = ix_rest_options_take(&c->o);
    if (err) {
        ix_free(c);
        return (irisx_error_t) err;
    }
    err = own_texts(&c->o);
    set_defaults(c);
    c->closed = ix_event_new(IRISX_EVENT_CLIENT_CLOSED);
    if (!err && !c->closed)
        err = IRISX_E_NO_MEMORY;
    if (!ix_queue_init(c) && !err)
        err = IRISX_E_LIMIT;
    if (!err)
        err = client_parts(c);
    if (err) {
        atomic_store(&c->state, CLIENT_CLOSING);
        c->o.on_event = NULL; /* of a client that the application never had */
        if (c->host)
            (void) close_all(c, 1);
        let_go(c);
        return (irisx_error_t) err;
    }
    *client_out = c;
    return IRISX_OK;
}

/* ---- closing ----------------------------------------------------------------------------- */
static void say_goodbye(void *arg)
{
    irisx_client_t *c = arg;

    if (c->engine_up && !c->engine_err)
        ix_engine_shutdown(c->engine);
    else
        raise_flag(c, &c->idle); /* it never ran */
}

static void end_services(void *arg)
{
    irisx_client_t *c = arg;

    ix_receivers_drop(c);
    ix_rest_free(c->rest);
    c->rest = NULL;
    raise_flag(c, &c->services_down);
}

static void end_engine(void *arg)
{
    irisx_client_t *c = arg;

    ix_calls_drop(c);
    ix_lines_drop(c);
    raise_flag(c, &c->engine_down);
}

static bool await(irisx_client_t *c, const bool *flag, uint64_t until_us)
{
    struct timespec at;
    bool seen;

    for (;;) {
        uint64_t now = ix_clock_now().mono_us;
        uint64_t left = until_us > now ? until_us - now : 0;

        if (c->o.zero_thread) {
            struct pollfd fd = { .fd = ix_host_fd(c->host), .events = POLLIN };
            int wait = ix_host_timeout_ms(c->host);

            wait = wait < 0 || (uint64_t) wait > left / 1000 ? (int) (left / 1000) : wait;
            (void) ix_host_run_once(c->host);
            pthread_mutex_lock(&c->lock);
            seen = *flag;
            pthread_mutex_unlock(&c->lock);
            if (!seen && left)
                (void) poll(&fd, 1, wait); /* interrupted or not */
        } else {
            (void) clock_gettime(CLOCK_MONOTONIC, &at);
            at.tv_sec += (time_t) (left / IX_S);
            at.tv_nsec += (long) (left % IX_S) * 1000;
            at.tv_sec += at.tv_nsec / 1000000000L;
            at.tv_nsec %= 1000000000L;
            pthread_mutex_lock(&c->lock);
            while (!*flag && !pthread_cond_timedwait(&c->wake, &c->lock, &at)) {
            }
            seen = *flag;
            pthread_mutex_unlock(&c->lock);
        }
        if (seen || !left)
            return seen;
    }
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

static irisx_error_t close_all(irisx_client_t *c, uint32_t timeout_ms)
{
    struct ix_loop *call = ix_host_call_loop(c->host), *service = ix_host_service_loop(c->host);
    uint64_t now = ix_clock_now().mono_us;
    bool polite = true;

    if (c->engine && !ix_loop_post_with(call, &c->goodbye, say_goodbye, c))
        polite = await(c, &c->idle, now + (timeout_ms ? timeout_ms : CLOSE_DEFAULT_MS) * IX_MS);
    now = ix_clock_now().mono_us;
    post_last(c, service, &c->service_shut, &c->last_service, end_services);
    (void) await(c, &c->services_down, now + HARD_CLOSE_MS * IX_MS);
    post_last(c, call, &c->call_shut, &c->last_call, end_engine);
    (void) await(c, &c->engine_down, now + HARD_CLOSE_MS * IX_MS);
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
    err = close_all(c, timeout_ms);
    ix_client_release(c);
    return err;
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
    (void) close_all(c, 0); /* nobody is left to hear of a late farewell */
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

irisx_error_t irisx_client_run_once(irisx_client_t *c)
{
    int err;

    if (!c)
        return IRISX_E_INVALID;
    if (atomic_load(&c->state) == CLIENT_CLOSED)
        return IRISX_E_CLOSED;
    if (!c->o.zero_thread)
        return IRISX_E_STATE;
    if (ix_in_callback(c))
        return IRISX_E_WOULD_DEADLOCK;
    (void) ix_client_hold(c); /* a callback may give up the last reference */
    err = ix_host_run_once(c->host);
    ix_queue_dispatch_inline(c);
    ix_client_release(c);
    return (irisx_error_t) err;
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
