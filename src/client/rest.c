/* SPDX-License-Identifier: MIT */
/* REST jobs: submitted, waiting in one place or another, ended. rest.h draws their way. */
#include <stdio.h>
#include <string.h>

#include "client/rest.h"

#define REQUEST_DEFAULT_MS 30000
#define URL_MAX ((size_t) 64 * 1024)

/* ---- making and unmaking ----------------------------------------------------------------- */

static int settings(struct rest *r)
{
    const irisx_rest_options_t *o = r->o;
    int err = ix_bases_init(&r->bases, r->client->o.api_url, o->fallback_urls);

    r->policy = (struct ix_retry_policy){
        .max_tries = o->max_tries, .base_us = o->retry_base_ms * IX_MS, .cap_us = o->retry_cap_ms * IX_MS
    };
    ix_budget_init(&r->budget, o->retry_budget, ix_clock_mono_us());
    if (err || o->no_pacing)
        return err;
    err = ix_pace_new(ix_rng_u64(&r->rng), &r->pace);
    if (!err) /* contract WIRE.md section 6 */
        err = ix_pace_limit(r->pace, IX_STR("calls.create"), 10, 60 * IX_S, true);
    return err ? err : ix_pace_parse(r->pace, o->rate_limits);
}

static void drop_rest(struct rest *r)
{
    ix_rest_sessions_free(r);
    ix_pace_free(r->pace);
    ix_bases_clear(&r->bases);
    ix_metrics_clear(&r->metrics);
    ix_heap_clear(&r->waits);
    ix_buf_clear(&r->url);
    ix_buf_clear(&r->head);
    (void) pthread_mutex_destroy(&r->lock); /* nobody holds it */
    ix_free(r);
}

int ix_rest_new(irisx_client_t *c, struct rest **out)
{
    struct rest *r = ix_alloc(sizeof *r);
    int err;

    if (!r)
        return IRISX_E_NO_MEMORY;
    r->client = c;
    r->o = c->o.rest;
    r->loop = ix_host_service_loop(c->host);
    r->rng = ix_entropy();
    ix_list_init(&r->jobs);
    ix_list_init(&r->queue);
    ix_heap_init(&r->waits);
    ix_buf_init(&r->url, URL_MAX);
    ix_buf_init(&r->head, URL_MAX);
    ix_metrics_init(&r->metrics);
    (void) pthread_mutex_init(&r->lock, NULL); /* cannot fail here */
    err = ix_rest_sessions_new(r);
    if (!err)
        err = settings(r);
    if (err) {
        drop_rest(r);
        return err;
    }
    *out = r;
    return 0;
}

static void on_time(void *ctx);

int ix_rest_open(struct rest *r)
{
    const irisx_rest_options_t *o = r->o;
    struct ix_http_options http = { .tls.ca_file = r->client->o.ca_file,
        .cert_file = o->client_cert_file,
        .key_file = o->client_key_file,
        .pinned_keys = o->pinned_keys,
        .user_agent = r->client->agent,
        .max_connections_per_host = o->max_connections,
        .proxy = o->proxy,
        .no_proxy = o->no_proxy,
        .environment = o->proxy_from_environment != 0 };
    int err = ix_loop_timer_new(r->loop, on_time, r, &r->timer);

    return err ? err : ix_http_client_new(r->loop, &http, &r->http);
}

void ix_rest_free(struct rest *r)
{
    if (!r)
        return;
    r->closing = true;
    while (!ix_list_empty(&r->jobs)) {
        struct job *j = IX_CONTAINER(r->jobs.next, struct job, node);

        j->cancelled = true;
        if (j->transfer)
            ix_transfer_cancel(j->transfer); /* ends the job */
        else
            ix_rest_finish_code(j, IRISX_E_CLOSED, "the client was closed");
    }
    ix_rest_sessions_stop(r);
    for (size_t i = 0; i < IX_BASES_MAX; i++)
        ix_transfer_cancel(r->probes[i].transfer);
    ix_http_client_free(r->http);
    ix_loop_timer_free(r->timer);
    drop_rest(r);
}

void ix_rest_moved(struct rest *r)
{
    struct ix_interface list[64];
    size_t count = 0;

    if (!ix_interfaces(list, IX_COUNT(list), &count) && count < IX_COUNT(list)) /* else some may be missing */
        ix_http_client_moved(r->http, list, count);
}

struct ix_now ix_rest_now(const struct rest *r)
{
    return ix_skew_now(&r->skew, ix_loop_now(r->loop));
}

/* ---- jobs -------------------------------------------------------------------------------- */

static void identify(struct job *j)
{
    struct ix_api_info info = { .id = "other" };

    if (j->api) {
        ix_api_info(j->api, &info);
        j->number = info.number;
    }
    (void) ix_str_copy(j->name, sizeof j->name, ix_str(info.id)); /* it fits */
}

static void options_of(struct job *j)
{
    const irisx_api_options_t *o = j->op->options;
    const irisx_client_options_t *c = &j->op->client->o;
    uint32_t timeout = c->request_timeout_ms ? c->request_timeout_ms : REQUEST_DEFAULT_MS;
    struct ix_retry_policy policy = { .max_tries = c->rest->max_tries,
        .base_us = c->rest->retry_base_ms * IX_MS,
        .cap_us = c->rest->retry_cap_ms * IX_MS };

    if (o && o->timeout_ms)
        timeout = o->timeout_ms;
    if (o && o->max_tries)
        policy.max_tries = (uint32_t) o->max_tries;
    j->begun_us = ix_clock_mono_us();
    j->cls = j->request.retry ? j->request.retry : IX_RETRY_UNSAFE;
    ix_retry_init(&j->retry, &policy, j->cls, j->request.method ? j->request.method : "POST",
        ix_time_add(j->begun_us, timeout * IX_MS));
    j->idempotency = o && o->idempotency ? o->idempotency : c->rest->idempotency;
    if (!j->idempotency)
        j->idempotency = IRISX_IDEMPOTENCY_AUTO;
}

struct job *ix_rest_job_new(
    irisx_client_t *c, irisx_op_t *op, const struct ix_api_op *api, struct ix_http_request *request)
{
    struct job *j = ix_alloc(sizeof *j);

    (void) c;
    if (!j)
        return NULL;
    ix_list_init(&j->node);
    ix_list_init(&j->queued);
    j->op = irisx_op_ref(op);
    j->api = api;
    identify(j);
    if (request) {
        j->request = *request;
        memset(request, 0, sizeof *request);
    } else {
        j->request.auth = IX_HTTP_AUTH_JWT;
    }
    options_of(j);
    return j;
}

void ix_rest_job_free(struct job *j)
{
    ix_list_remove(&j->node);
    ix_list_remove(&j->queued);
    ix_http_request_clear(&j->request);
    ix_rest_body_free(j->body);
    ix_free(j->url);
    irisx_op_unref(j->op);
    ix_free(j);
}

void ix_rest_enlist(struct job *j)
{
    struct rest *r = j->op->client->rest;

    j->rest = r;
    j->retry.budget = &r->budget;
    ix_list_append(&r->jobs, &j->node);
}

/* ---- the end ----------------------------------------------------------------------------- */

static void leave_places(struct job *j)
{
    struct rest *r = j->rest;

    ix_heap_remove(&r->waits, &j->timer);
    ix_list_remove(&j->queued);
    if (r->pace)
        ix_pace_leave(r->pace, &j->pace, NULL, ix_rest_now(r));
    for (size_t i = 0; i < IX_COUNT(r->sessions); i++)
        if (r->sessions[i].exchanging == j)
            r->sessions[i].exchanging = NULL;
}

void ix_rest_finish(struct job *j, struct ix_http_error *e)
{
    struct ix_http_error none = { 0 };
    irisx_error_t code = e ? e->info.code : IRISX_OK;
    enum ix_http_auth kind = j->request.auth;
    struct rest *r = j->rest;
    struct failure f;

    leave_places(j);
    ix_rest_body_free(j->body); /* no part of a file is left when its end is told */
    j->body = NULL;
    ix_rest_count(j, code);
    if (!code)
        ix_budget_earn(&r->budget);
    ix_rest_log_ended(j, e ? e : &none);
    if (j->logs_out)
        ix_rest_session_logged_out(r, kind);
    if (code) {
        ix_failure_clear(memset(&f, 0, sizeof f));
        ix_failure_from_http(&f, e);
    }
    if (e)
        ix_http_error_clear(e);
    if (j->then) { /* the library's own request: no event */
        ix_op_finish_quietly(j->op, code ? &f : NULL);
        j->then(j->then_ctx, j->op);
    } else {
        ix_op_finish(j->op, code ? &f : NULL);
    }
    if (code)
        ix_failure_clear(&f);
    ix_rest_job_free(j);
}

void ix_rest_finish_code(struct job *j, int code, const char *message)
{
    struct ix_http_error e = { 0 };

    ix_http_error_set(
        &e, (irisx_error_t) code, IRISX_DOMAIN_LOCAL, NULL, "%s", message ? message : ix_error_text(code));
    ix_rest_finish(j, &e);
}

/* ---- waiting ----------------------------------------------------------------------------- */

void ix_rest_wait(struct job *j, enum job_state state, uint64_t until_us)
{
    j->state = state;
    if (ix_heap_set(&j->rest->waits, &j->timer, until_us))
        ix_rest_finish_code(j, IRISX_E_NO_MEMORY, NULL);
}

static void limited(struct job *j, uint64_t at_us)
{
    uint64_t now = ix_loop_now(j->rest->loop).mono_us;
    uint64_t wait_ms = at_us > now ? (at_us - now + 999) / IX_MS : 0;
    struct ix_http_error e = { 0 };

    ix_http_error_set(&e, IRISX_E_RATE_LIMITED, IRISX_DOMAIN_LOCAL, "paced",
        "%s was not sent: its rate limit has no room before the operation's time is over", j->name);
    e.info.retry_after_ms = (uint32_t) IX_MIN(wait_ms, UINT32_MAX);
    e.info.retryable = 1;
    ix_rest_finish(j, &e);
}

/* false: it waits for its limit, or has ended */
static bool paced(struct job *j)
{
    struct rest *r = j->rest;
    uint64_t now = ix_loop_now(r->loop).mono_us, at;

    if (!r->pace || !j->api || j->pace.own)
        return true;
    if (ix_pace_enter(r->pace, j->name, &j->pace, now))
        return true;
    j->was_paced = true;
    at = ix_pace_at(&j->pace, now);
    if (at >= j->retry.deadline_us)
        limited(j, at);
    else
        ix_rest_wait(j, JOB_PACED, j->retry.deadline_us);
    return false;
}

void ix_rest_advance(struct job *j)
{
    struct rest *r = j->rest;

    ix_heap_remove(&r->waits, &j->timer);
    if (j->request.method && !paced(j))
        return;
    if (!ix_rest_session_ready(j))
        return;
    if (!j->request.method) { /* a login: to be let in was all it wanted */
        ix_rest_finish(j, NULL);
        return;
    }
    if (r->running >= REST_MAX_RUNNING || !ix_list_empty(&r->queue)) {
        ix_list_append(&r->queue, &j->queued);
        ix_rest_wait(j, JOB_QUEUED, j->retry.deadline_us);
        return;
    }
    ix_rest_send(j);
}

void ix_rest_queue_run(struct rest *r)
{
    struct ix_list *node;

    while (!r->closing && r->running < REST_MAX_RUNNING && (node = ix_list_pop(&r->queue)) != NULL) {
        struct job *j = IX_CONTAINER(node, struct job, queued);

        ix_heap_remove(&r->waits, &j->timer);
        if (ix_rest_session_ready(j)) /* the token may have ended meanwhile */
            ix_rest_send(j);
    }
}

static void too_late(struct job *j)
{
    switch (j->state) {
    case JOB_BACKOFF:
        ix_rest_advance(j);
        return;
    case JOB_PACED:
        limited(j, ix_pace_at(&j->pace, ix_loop_now(j->rest->loop).mono_us));
        return;
    case JOB_AUTH:
        ix_rest_finish_code(j, IRISX_E_TIMEOUT, "no credentials in time: the log-in or refresh had not ended");
        return;
    case JOB_QUEUED:
        ix_rest_finish_code(j, IRISX_E_TIMEOUT, "too many requests under way: this one was not sent in time");
        return;
    case JOB_SAVING:
    case JOB_NEW:
    case JOB_RUNNING:
        return; /* others see to it */
    }
}

void ix_rest_turn(struct rest *r)
{
    uint64_t now = ix_loop_now(r->loop).mono_us, at;
    struct ix_pace_slot *slot;

    if (r->closing || r->turning)
        return;
    r->turning = true; /* what goes on below may end others and come back here */
    ix_rest_queue_run(r);
    while (r->pace && (slot = ix_pace_next(r->pace, now)) != NULL)
        ix_rest_advance(IX_CONTAINER(slot, struct job, pace));
    r->turning = false;
    at = ix_heap_deadline(&r->waits);
    if (r->pace)
        at = IX_MIN(at, ix_pace_deadline(r->pace, now));
    ix_loop_timer_set(r->timer, at);
}

static void on_time(void *ctx)
{
    struct rest *r = ctx;
    struct ix_timer *due;

    while ((due = ix_heap_due(&r->waits, ix_loop_now(r->loop).mono_us)) != NULL)
        too_late(IX_CONTAINER(due, struct job, timer));
    ix_rest_turn(r);
}

/* ---- submitting -------------------------------------------------------------------------- */

static void begin(void *arg)
{
    struct job *j = arg;
    struct rest *r = j->op->client->rest;

    ix_rest_enlist(j);
    if (j->cancelled)
        ix_rest_finish_code(j, IRISX_E_CANCELLED, NULL);
    else
        ix_rest_advance(j);
    ix_rest_turn(r);
}

struct stop {
    irisx_op_t *op; /* referenced */
};

static void stop_job(void *arg)
{
    struct stop *s = arg;
    struct rest *r = s->op->client->rest;

    if (r) {
        IX_LIST_EACH_SAFE (node, &r->jobs) {
            struct job *j = IX_CONTAINER(node, struct job, node);

            if (j->op != s->op)
                continue;
            j->cancelled = true;
            if (j->transfer)
                ix_transfer_cancel(j->transfer);
            else
                ix_rest_finish_code(j, IRISX_E_CANCELLED, NULL);
            break;
        }
        ix_rest_turn(r);
    }
    irisx_op_unref(s->op);
    ix_free(s);
}

irisx_error_t ix_rest_cancel_op(irisx_op_t *op)
{
    struct stop *s = ix_alloc(sizeof *s);
    int err;

    if (!s)
        return IRISX_E_NO_MEMORY; /* it ends by its deadline */
    s->op = irisx_op_ref(op);
    err = ix_service_post(op->client, stop_job, s);
    if (err) {
        irisx_op_unref(s->op);
        ix_free(s);
    }
    return (irisx_error_t) err;
}

static int post_job(irisx_client_t *c, struct job *j)
{
    int err = ix_service_post(c, begin, j);

    if (err)
        ix_rest_job_free(j);
    return err;
}

/* a file that cannot be read or written is told before anything is sent */
static void refuse(irisx_op_t *op, struct ix_http_error *e)
{
    struct failure f;

    ix_failure_clear(memset(&f, 0, sizeof f));
    ix_failure_from_http(&f, e);
    ix_http_error_clear(e);
    ix_op_finish(op, &f);
    ix_failure_clear(&f);
}

int ix_rest_submit(irisx_client_t *c, irisx_op_t *op, const struct ix_api_op *api, struct ix_http_request *request)
{
    struct rest_body *body = NULL;
    struct ix_http_error e = { 0 };
    struct job *j;

    if (ix_rest_body_new(request, op->options, &body, &e)) {
        refuse(op, &e);
        return 0;
    }
    j = ix_rest_job_new(c, op, api, request);
    if (!j) {
        ix_rest_body_free(body);
        return IRISX_E_NO_MEMORY;
    }
    j->body = body;
    op->cancel = ix_rest_cancel_op;
    return post_job(c, j);
}

int ix_rest_submit_then(
    irisx_client_t *c, const char *id, const irisx_value_t *params, void (*then)(void *ctx, irisx_op_t *op), void *ctx)
{
    const struct ix_api_op *api = ix_api_find(id);
    struct ix_api_params p = { .value = params };
    struct ix_http_request request = { 0 };
    struct ix_http_error e = { 0 };
    struct job *j = NULL;
    irisx_op_t *op;
    int err = api ? ix_api_encode(api, &p, &request, &e) : IRISX_E_NOT_AVAILABLE;

    ix_http_error_clear(&e);
    op = err ? NULL : ix_op_new(c);
    if (op)
        j = ix_rest_job_new(c, op, api, &request);
    if (!err && !j)
        err = IRISX_E_NO_MEMORY;
    ix_http_request_clear(&request);
    if (j) {
        j->then = then;
        j->then_ctx = ctx;
        err = post_job(c, j);
    }
    if (err)
        ix_op_discard(op);
    else
        irisx_op_unref(op);
    return err;
}

int32_t irisx_op_repeated(const irisx_op_t *op)
{
    return irisx_op_done(op) && op->repeated;
}
