/* SPDX-License-Identifier: MIT */
/*
 * REST requests on the service loop: credentials, transfer, another try where that cannot do harm, decoding. What is
 * decided is src/http's and src/api's; here it is joined with the transfers of src/io.
 *
 *   submit -> ask for credentials -> (exchange first) -> transfer -> again? -> decode -> op ends
 */
#include <stdio.h>
#include <string.h>

#include "client/private.h"

#define REQUEST_DEFAULT_MS 30000

struct job {
    struct ix_list node; /* in rest.jobs */
    struct rest *rest;
    irisx_op_t *op; /* referenced */
    const struct ix_api_op *api; /* NULL: raw request, or a login */
    struct ix_http_request request; /* method NULL: only the credentials are wanted */
    struct ix_retry retry;
    struct ix_transfer *transfer;
    struct ix_loop_timer *timer;
    uint32_t generation;
    bool waiting, renewed, cancelled;
    void (*then)(void *ctx, irisx_op_t *op);
    void *then_ctx;
};

struct rest {
    irisx_client_t *client;
    struct ix_loop *loop;
    struct ix_http_client *http;
    struct ix_auth *auth;
    struct ix_rng rng;
    struct ix_list jobs;
    struct job *exchanging; /* whose turn started the exchange */
    struct ix_transfer *exchange;
    bool exchange_runs, closing;
};

static void advance(struct job *j);

int ix_rest_new(irisx_client_t *c, struct rest **out)
{
    struct rest *r = ix_alloc(sizeof *r);
    int err;

    if (!r)
        return IRISX_E_NO_MEMORY;
    r->client = c;
    r->loop = ix_host_service_loop(c->host);
    r->rng = ix_entropy();
    ix_list_init(&r->jobs);
    err = ix_auth_new(IX_AUTH_USER, &r->auth);
    if (!err && c->o.api_key)
        err = ix_auth_set_key(r->auth, c->o.api_key);
    if (err) {
        ix_auth_free(r->auth);
        ix_free(r);
        return err;
    }
    *out = r;
    return 0;
}

int ix_rest_start(struct rest *r)
{
    struct ix_http_options o = { .tls.ca_file = r->client->o.ca_file, .user_agent = r->client->agent };

    return ix_http_client_new(r->loop, &o, &r->http);
}

/* ---- the end of a job -------------------------------------------------------------------- */
static void job_free(struct job *j)
{
    ix_list_remove(&j->node);
    ix_loop_timer_free(j->timer);
    ix_http_request_clear(&j->request);
    irisx_op_unref(j->op);
    ix_free(j);
}

static void finish(struct job *j, struct ix_http_error *e)
{
    struct failure f = { 0 };
    bool failed = e && e->info.code;

    ix_failure_clear(&f);
    if (failed)
        ix_failure_from_http(&f, e);
    if (e)
        ix_http_error_clear(e);
    if (j->rest->exchanging == j)
        j->rest->exchanging = NULL;
    if (j->then) { /* the library's own request: no event */
        ix_op_finish_quietly(j->op, failed ? &f : NULL);
        j->then(j->then_ctx, j->op);
    } else {
        ix_op_finish(j->op, failed ? &f : NULL);
    }
    ix_failure_clear(&f);
    job_free(j);
}

static void finish_code(struct job *j, int code, const char *message)
{
    struct ix_http_error e = { 0 };

    ix_http_error_set(
        &e, (irisx_error_t) code, IRISX_DOMAIN_LOCAL, NULL, "%s", message ? message : ix_error_text(code));
    finish(j, &e);
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
            finish_code(j, IRISX_E_CLOSED, "the client was closed");
    }
    if (r->exchange)
        ix_transfer_cancel(r->exchange);
    ix_http_client_free(r->http);
    ix_auth_free(r->auth);
    ix_free(r);
}

/* ---- transfers --------------------------------------------------------------------------- */
static char *make_url(const struct rest *r, const struct ix_http_request *q)
{
    struct ix_str base = ix_str(r->client->o.api_url);
    struct ix_buf b;

    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    ix_buf_init(&b, 64 * 1024);
    ix_buf_strv(&b, base);
    ix_buf_str(&b, q->path);
    if (q->query && *q->query) {
        ix_buf_str(&b, "?");
        ix_buf_str(&b, q->query);
    }
    return ix_buf_take(&b);
}

static int start(struct rest *r, const struct ix_http_request *q, uint64_t deadline_us, uint32_t *generation,
    ix_transfer_fn fn, void *ctx, struct ix_transfer **out)
{
    uint64_t now = ix_loop_now(r->loop).mono_us;
    uint64_t left_ms = deadline_us > now ? (deadline_us - now) / IX_MS : 0;
    struct ix_transfer_request t = { .method = q->method,
        .body = q->body,
        .body_len = q->body_len,
        .timeout_ms = (uint32_t) IX_MAX(left_ms, 1),
        .safe = q->retry == IX_RETRY_SAFE };
    char *url = make_url(r, q);
    struct ix_buf headers;
    int err;

    ix_buf_init(&headers, 64 * 1024);
    ix_buf_str(&headers, "Accept: application/json\r\n");
    if (q->body)
        ix_buf_str(&headers, "Content-Type: application/json\r\n");
    ix_auth_headers(r->auth, q->auth, &headers, generation);
    ix_buf_u8(&headers, 0);
    t.url = url;
    t.headers = (const char *) headers.p;
    err = !url ? IRISX_E_NO_MEMORY : headers.err;
    if (!err)
        err = r->http ? ix_transfer_start(r->http, &t, fn, ctx, out) : IRISX_E_NO_MEMORY;
    if (headers.p)
        ix_wipe(headers.p, headers.n);
    ix_buf_clear(&headers);
    ix_free(url);
    return err;
}

static struct ix_http_response view(const struct ix_transfer_result *t)
{
    return (struct ix_http_response){ .status = (int) t->status,
        .content_type = ix_str(t->content_type),
        .headers = ix_str(t->headers),
        .body = ix_str_n(t->body, t->body_len) };
}

static void on_timer(void *ctx)
{
    struct job *j = ctx;

    ix_loop_timer_set(j->timer, IX_NEVER);
    advance(j);
}

static bool again(struct job *j, uint64_t at_us)
{
    if (!j->timer && ix_loop_timer_new(j->rest->loop, on_timer, j, &j->timer))
        return false;
    ix_loop_timer_set(j->timer, at_us);
    return true;
}

static uint32_t api_number(const struct ix_api_op *api)
{
    struct ix_api_info info;

    ix_api_info(api, &info);
    return info.number;
}

static void decode(struct job *j, const struct ix_http_response *response)
{
    struct ix_http_error e = { 0 };

    (void) ix_api_decode(j->api, j->request.retry, response, &j->op->answer, &e); /* e tells */
    if (j->api && j->op->answer.result) /* there is one beside the error of a login that wants a second factor */
        j->op->api_number = api_number(j->api);
    finish(j, &e);
}

static void on_answer(void *ctx, const struct ix_transfer_result *t)
{
    struct job *j = ctx;
    struct ix_http_response response = view(t);
    struct ix_attempt a = { .err = t->err, .any_byte_sent = t->any_byte_sent, .status = (int) t->status };
    struct ix_http_error e = { 0 };
    uint64_t at = 0;

    j->transfer = NULL;
    if (j->cancelled || t->err == IRISX_E_CANCELLED) {
        finish_code(j, j->rest->closing ? IRISX_E_CLOSED : IRISX_E_CANCELLED, NULL);
        return;
    }
    if (!t->err && t->status == 401 && !j->renewed &&
        ix_auth_expired(j->rest->auth, j->request.auth, j->generation, &response)) {
        j->renewed = true;
        advance(j);
        return;
    }
    if (!t->err)
        a.retry_after_us = ix_http_retry_after_us(&response, NULL);
    switch (ix_retry_next(&j->retry, &a, &j->rest->rng, ix_loop_now(j->rest->loop).mono_us, &at)) {
    case IX_RETRY_AGAIN:
        if (again(j, at))
            return;
        break;
    case IX_RETRY_REPEATED:
        finish(j, NULL);
        return;
    case IX_RETRY_DONE:
    case IX_RETRY_UNKNOWN:
        break;
    }
    if (t->err) {
        ix_http_error_from_transfer(&e, t->err, t->detail, j->request.retry, t->any_byte_sent);
        finish(j, &e);
        return;
    }
    decode(j, &response);
}

/* ---- credentials ------------------------------------------------------------------------- */
static void go_on(struct rest *r)
{
    /* each turn ends or sends at least one waiting job; those that wait anew were put back by their own ask */
    IX_LIST_EACH_SAFE (node, &r->jobs) {
        struct job *j = IX_CONTAINER(node, struct job, node);

        if (j->waiting && !r->exchange_runs)
            advance(j);
    }
}

static void on_exchange(void *ctx, const struct ix_transfer_result *t)
{
    struct rest *r = ctx;
    struct ix_http_response response = view(t);
    struct ix_http_error e = { 0 };
    struct job *j = r->exchanging;
    int err;

    r->exchange = NULL;
    r->exchange_runs = false;
    r->exchanging = NULL;
    err = ix_auth_input(r->auth, t->err, t->detail, &response, ix_loop_now(r->loop), &e);
    if (r->closing) {
        ix_http_error_clear(&e);
        return;
    }
    if (err && j)
        finish(j, &e);
    ix_http_error_clear(&e);
    go_on(r);
}

static void run_exchange(struct job *j)
{
    struct rest *r = j->rest;
    struct ix_http_request q = { 0 };
    struct ix_http_error e = { 0 };
    uint32_t generation;
    int err = ix_auth_exchange(r->auth, &q);

    r->exchanging = j;
    r->exchange_runs = true;
    if (!err)
        err = start(r, &q, j->retry.deadline_us, &generation, on_exchange, r, &r->exchange);
    ix_http_request_clear(&q);
    if (!err)
        return;
    r->exchange_runs = false;
    r->exchanging = NULL;
    (void) ix_auth_input(r->auth, err, NULL, NULL, ix_loop_now(r->loop), &e); /* it is the error that is told */
    ix_http_error_clear(&e);
    finish_code(j, err, NULL);
}

static void send_now(struct job *j)
{
    int err;

    if (!j->request.method) { /* a login: to be let in was all it wanted */
        finish(j, NULL);
        return;
    }
    err = start(j->rest, &j->request, j->retry.deadline_us, &j->generation, on_answer, j, &j->transfer);
    if (err)
        finish_code(j, err, NULL);
}

static void advance(struct job *j)
{
    struct ix_http_error e = { 0 };

    j->waiting = false;
    switch (ix_auth_ask(j->rest->auth, j->request.auth, ix_loop_now(j->rest->loop), &e)) {
    case IX_AUTH_READY:
        send_now(j);
        break;
    case IX_AUTH_EXCHANGE:
        j->waiting = true;
        run_exchange(j);
        break;
    case IX_AUTH_WAIT:
        j->waiting = true;
        break;
    case IX_AUTH_REFUSED:
        finish(j, &e);
        break;
    }
}

/* ---- submitting -------------------------------------------------------------------------- */
/* On the loop: nothing is posted any more once the rest is gone. */
static void enlist(struct job *j)
{
    j->rest = j->op->client->rest;
    ix_list_append(&j->rest->jobs, &j->node);
}

static void begin(void *arg)
{
    struct job *j = arg;

    enlist(j);
    if (j->cancelled)
        finish_code(j, IRISX_E_CANCELLED, NULL);
    else
        advance(j);
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
                finish_code(j, IRISX_E_CANCELLED, NULL);
            break;
        }
    }
    irisx_op_unref(s->op);
    ix_free(s);
}

static void cancel_rest(irisx_op_t *op)
{
    struct stop *s = ix_alloc(sizeof *s);

    if (!s)
        return; /* it ends by its deadline */
    s->op = irisx_op_ref(op);
    if (ix_service_post(op->client, stop_job, s)) {
        irisx_op_unref(s->op);
        ix_free(s);
    }
}

static struct job *job_new(
    irisx_client_t *c, irisx_op_t *op, const struct ix_api_op *api, struct ix_http_request *request)
{
    struct job *j = ix_alloc(sizeof *j);
    uint64_t limit = (c->o.request_timeout_ms ? c->o.request_timeout_ms : REQUEST_DEFAULT_MS) * IX_MS;

    if (!j)
        return NULL;
    ix_list_init(&j->node);
    j->op = irisx_op_ref(op);
    j->api = api;
    if (request) {
        j->request = *request;
        memset(request, 0, sizeof *request);
    } else {
        j->request.auth = IX_HTTP_AUTH_JWT;
    }
    ix_retry_init(&j->retry, NULL, j->request.retry ? j->request.retry : IX_RETRY_UNSAFE,
        j->request.method ? j->request.method : "POST", ix_clock_now().mono_us + limit);
    return j;
}

static int post_job(irisx_client_t *c, struct job *j)
{
    int err = ix_service_post(c, begin, j);

    if (err)
        job_free(j);
    return err;
}

int ix_rest_submit(irisx_client_t *c, irisx_op_t *op, const struct ix_api_op *api, struct ix_http_request *request)
{
    struct job *j = job_new(c, op, api, request);

    if (!j)
        return IRISX_E_NO_MEMORY;
    op->cancel = cancel_rest;
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
        j = job_new(c, op, api, &request);
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

/* ---- login ------------------------------------------------------------------------------- */
struct credentials {
    struct job *job; /* NULL: tokens only */
    irisx_client_t *client;
    char *first, *second; /* email and password, or access and refresh token */
};

static void wipe(char *s)
{
    if (s)
        ix_wipe(s, strlen(s));
    ix_free(s);
}

static void credentials_free(struct credentials *k)
{
    wipe(k->first);
    wipe(k->second);
    ix_free(k);
}

static void login_begin(void *arg)
{
    struct credentials *k = arg;
    int err = ix_auth_set_login(k->client->rest->auth, k->first, k->second);

    enlist(k->job);
    if (err)
        finish_code(k->job, err, NULL);
    else
        advance(k->job);
    credentials_free(k);
}

static void tokens_set(void *arg)
{
    struct credentials *k = arg;
    struct rest *r = k->client->rest;

    if (ix_auth_set_tokens(r->auth, k->first, k->second, ix_loop_now(r->loop)))
        ix_log(&r->client->log, IX_LOG_ERROR, "client", "the access token given cannot be used");
    credentials_free(k);
}

static struct credentials *credentials_new(irisx_client_t *c, const char *first, const char *second)
{
    struct credentials *k = ix_alloc(sizeof *k);

    if (!k)
        return NULL;
    k->client = c;
    k->first = ix_dup_cstr(first);
    k->second = ix_dup_cstr(second);
    if (!k->first || (second && !k->second)) {
        credentials_free(k);
        return NULL;
    }
    return k;
}

irisx_error_t irisx_client_login(irisx_client_t *c, const char *email, const char *password, irisx_op_t **op_out)
{
    struct credentials *k;
    irisx_op_t *op;
    int err = IRISX_E_NO_MEMORY;

    if (!c || !email || !password)
        return IRISX_E_INVALID;
    if (!ix_client_usable(c))
        return IRISX_E_CLOSED;
    if (!c->o.api_url)
        return IRISX_E_STATE;
    op = ix_op_new(c);
    k = op ? credentials_new(c, email, password) : NULL;
    if (k)
        k->job = job_new(c, op, NULL, NULL);
    if (k && k->job) {
        op->cancel = cancel_rest;
        err = ix_service_post(c, login_begin, k);
        if (!err) {
            ix_op_give(op, op_out);
            return IRISX_OK;
        }
        job_free(k->job);
    }
    if (k)
        credentials_free(k);
    ix_op_discard(op);
    return (irisx_error_t) err;
}

irisx_error_t irisx_client_set_tokens(irisx_client_t *c, const char *access_token, const char *refresh_token)
{
    struct credentials *k;
    int err;

    if (!c || !access_token)
        return IRISX_E_INVALID;
    if (!ix_client_usable(c))
        return IRISX_E_CLOSED;
    if (!c->o.api_url)
        return IRISX_E_STATE;
    k = credentials_new(c, access_token, refresh_token);
    if (!k)
        return IRISX_E_NO_MEMORY;
    err = ix_service_post(c, tokens_set, k);
    if (err)
        credentials_free(k);
    return (irisx_error_t) err;
}
