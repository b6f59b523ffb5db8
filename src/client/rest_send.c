/* SPDX-License-Identifier: MIT */
/* A job's try: request out, answer in, and what follows from it: redirect, another try, another server, the end. */
#include <stdio.h>
#include <string.h>

#include "client/rest.h"

#define MAX_MEMORY ((size_t) 16 * 1024 * 1024)
#define PROBE_MS 2000
#define PROBE_PATH "/v1/auth/health"
#define SKEW_EVERY (30 * IX_S)

struct ix_http_response ix_rest_view(const struct ix_transfer_result *t)
{
    return (struct ix_http_response){ .status = (int) t->status,
        .content_type = ix_str(t->content_type),
        .headers = ix_str(t->headers),
        .body = ix_str_n(t->body, t->body_len) };
}

int ix_rest_code(const struct ix_transfer_result *t)
{
    return t->late ? IRISX_E_TIMEOUT : t->err;
}

/* ---- the request ------------------------------------------------------------------------- */

static const char *type_of(const struct ix_http_request *q)
{
    switch (q->kind) {
    case IX_HTTP_BODY_FORM:
        return "Content-Type: application/x-www-form-urlencoded\r\n";
    case IX_HTTP_BODY_NONE:
    case IX_HTTP_BODY_JSON:
        return q->body ? "Content-Type: application/json\r\n" : "";
    case IX_HTTP_BODY_MULTIPART:
    case IX_HTTP_BODY_RAW:
        return ""; /* rest_body.c */
    }
    return "";
}

static int make_url(struct rest *r, const struct ix_http_request *q, size_t base)
{
    ix_buf_reset(&r->url);
    ix_buf_str(&r->url, r->bases.items[base].url);
    ix_buf_str(&r->url, q->path);
    if (q->query && *q->query) {
        ix_buf_u8(&r->url, '?');
        ix_buf_str(&r->url, q->query);
    }
    ix_buf_u8(&r->url, 0);
    return r->url.err;
}

static void begin_head(struct rest *r, const struct ix_http_request *q, const char *accept)
{
    ix_buf_reset(&r->head);
    ix_buf_str(&r->head, "Accept: ");
    ix_buf_str(&r->head, accept ? accept : q->accept ? q->accept : "application/json");
    ix_buf_str(&r->head, "\r\n");
    ix_buf_str(&r->head, type_of(q));
}

static uint32_t left_ms(const struct rest *r, uint64_t deadline_us)
{
    uint64_t now = ix_loop_now(r->loop).mono_us;

    return (uint32_t) IX_MAX(deadline_us > now ? IX_MIN((deadline_us - now) / IX_MS, UINT32_MAX) : 0, 1);
}

static struct ix_transfer_limits limits_of(const struct rest *r, const irisx_api_options_t *o)
{
    const irisx_rest_options_t *c = r->o;
    struct ix_transfer_limits l = { .resolve_ms = c->resolve_timeout_ms,
        .tcp_ms = c->connect_timeout_ms,
        .tls_ms = c->tls_timeout_ms,
        .answer_ms = c->answer_timeout_ms,
        .idle_ms = c->idle_timeout_ms };

    if (o && o->connect_timeout_ms)
        l.tcp_ms = l.tls_ms = l.connect_ms = o->connect_timeout_ms;
    if (o && o->answer_timeout_ms)
        l.answer_ms = o->answer_timeout_ms;
    if (o && o->idle_timeout_ms)
        l.idle_ms = o->idle_timeout_ms;
    return l;
}

static int transfer(
    struct rest *r, struct ix_transfer_request *t, ix_transfer_fn fn, void *ctx, struct ix_transfer **out)
{
    int err;

    ix_buf_u8(&r->head, 0);
    t->url = t->url ? t->url : (const char *) r->url.p;
    t->headers = (const char *) r->head.p;
    err = r->url.err ? r->url.err : r->head.err;
    if (!err)
        err = r->http ? ix_transfer_start(r->http, t, fn, ctx, out) : IRISX_E_NO_MEMORY;
    if (r->head.p)
        ix_wipe(r->head.p, r->head.n);
    return err;
}

int ix_rest_start(struct rest *r, const struct ix_http_request *q, size_t base, uint64_t deadline_us, ix_transfer_fn fn,
    void *ctx, struct ix_transfer **out)
{
    struct ix_transfer_request t = { .method = q->method,
        .body = q->body,
        .body_len = q->body_len,
        .timeout_ms = left_ms(r, deadline_us),
        .limits = limits_of(r, NULL),
        .safe = q->retry == IX_RETRY_SAFE };

    begin_head(r, q, NULL);
    return make_url(r, q, base) ? r->url.err : transfer(r, &t, fn, ctx, out);
}

/* The key of an operation that must not happen twice: one for all its tries. */
static void add_key(struct job *j)
{
    const irisx_api_options_t *o = j->op->options;
    struct rest *r = j->rest;
    const char *given = o ? o->idempotency_key : NULL;
    bool honoured = r->bases.items[j->base].honours_keys;

    j->keyed = j->cls == IX_RETRY_UNSAFE && !j->foreign && (given || j->idempotency != IRISX_IDEMPOTENCY_OFF);
    j->relied =
        j->keyed && (j->idempotency == IRISX_IDEMPOTENCY_ON || (j->idempotency == IRISX_IDEMPOTENCY_AUTO && honoured));
    if (!j->keyed)
        return;
    if (!given && !j->key[0])
        ix_idempotency_key(&r->rng, j->key);
    ix_buf_str(&r->head, "Idempotency-Key: ");
    ix_buf_str(&r->head, given ? given : j->key);
    ix_buf_str(&r->head, "\r\n");
}

static void on_answer(void *ctx, const struct ix_transfer_result *t);

static int prepare(struct job *j, struct ix_transfer_request *t)
{
    struct rest *r = j->rest;
    const struct ix_http_request *q = &j->request;
    const irisx_api_options_t *o = j->op->options;
    int err = 0;

    begin_head(r, q, o ? o->accept : NULL);
    if (q->headers && !j->foreign) /* signatures, keys: what an operation says there is for its own server */
        ix_buf_str(&r->head, q->headers);
    if (!j->foreign)
        ix_auth_headers(ix_rest_session(r, q->auth)->auth, q->auth, &r->head, &j->generation);
    add_key(j);
    if (j->body)
        err = ix_rest_body_begin(j->body, j, &t->stream, &r->head);
    if (!err && !j->url)
        err = make_url(r, q, j->base);
    return err;
}

/* libcurl takes a gzip stream that was cut for a whole one: JSON shows that by itself, other content would not */
static bool may_be_packed(const struct job *j)
{
    const irisx_api_options_t *o = j->op->options;
    const char *accept = o && o->accept ? o->accept : j->request.accept;

    return !(j->body && ix_rest_body_plain(j->body)) && (!accept || strcmp(accept, "application/json") == 0);
}

void ix_rest_send(struct job *j)
{
    struct rest *r = j->rest;
    const irisx_api_options_t *o = j->op->options;
    const struct ix_http_request *q = &j->request;
    struct ix_transfer_request t = { .method = q->method, .body = q->body, .body_len = q->body_len };
    int err;

    if (ix_time_add(ix_loop_now(r->loop).mono_us, IX_MS) > j->retry.deadline_us) { /* nobody would see what it does */
        ix_rest_finish_code(j, IRISX_E_TIMEOUT, "its time was over before it was sent");
        return;
    }
    if (!j->url)
        j->base = ix_bases_pick(&r->bases, j->tried);
    if (r->bases.count > 1)
        ix_rest_probe(r);
    t.url = j->url;
    t.timeout_ms = left_ms(r, j->retry.deadline_us);
    t.limits = limits_of(r, o);
    t.max_response = o && o->max_bytes ? (size_t) o->max_bytes : MAX_MEMORY;
    t.safe = j->cls == IX_RETRY_SAFE && !(j->body && ix_rest_body_sends(j->body));
    t.plain = !may_be_packed(j);
    err = prepare(j, &t);
    if (!err && ix_rest_logs(r, IX_LOG_DEBUG))
        ix_rest_log_sent(j, t.url ? t.url : (const char *) r->url.p, (const char *) r->head.p, r->head.n);
    j->sent_us = ix_loop_now(r->loop).mono_us;
    if (!err)
        err = transfer(r, &t, on_answer, j, &j->transfer);
    if (err) {
        ix_rest_finish_code(j, err,
            err == IRISX_E_INVALID
                ? "the address of the API cannot be used: api_url must be http(s)://host[:port][/path]"
                : NULL);
        return;
    }
    j->state = JOB_RUNNING;
    r->running++;
}

/* ---- what every answer tells ------------------------------------------------------------- */

void ix_rest_learn(struct rest *r, size_t base, const struct ix_transfer_result *t)
{
    bool down = t->err ? t->err != IRISX_E_CANCELLED && t->err != IRISX_E_TOO_LARGE && t->err != IRISX_E_NO_MEMORY
                       : t->status >= 502 && t->status <= 504;
    struct ix_now now = ix_loop_now(r->loop);

    if (r->bases.count > 1 && t->err != IRISX_E_CANCELLED)
        ix_bases_report(&r->bases, base, !down, now.mono_us);
    if (!t->err && (!r->skew.known || now.mono_us - r->skew_us >= SKEW_EVERY)) {
        ix_skew_learn(&r->skew, ix_str(t->headers), now, t->total_us);
        r->skew_us = now.mono_us;
    }
}

static void on_probe(void *ctx, const struct ix_transfer_result *t)
{
    struct rest_probe *p = ctx;
    bool well = !t->err && t->status < 500;

    p->transfer = NULL;
    if (!p->rest->closing)
        ix_bases_report(&p->rest->bases, p->base, well, ix_loop_now(p->rest->loop).mono_us);
}

void ix_rest_probe(struct rest *r)
{
    const char *path = r->o->health_path ? r->o->health_path : PROBE_PATH;
    struct ix_http_request q = { .method = "GET", .path = (char *) (uintptr_t) path, .retry = IX_RETRY_SAFE };
    uint64_t now = ix_loop_now(r->loop).mono_us;
    size_t i;

    while (ix_bases_probe(&r->bases, now, &i)) {
        struct rest_probe *p = &r->probes[i];

        p->rest = r;
        p->base = i;
        if (ix_rest_start(r, &q, i, now + PROBE_MS * IX_MS, on_probe, p, &p->transfer))
            ix_bases_report(&r->bases, i, false, now);
    }
}

static void leave_pace(struct job *j, const struct ix_transfer_result *t, uint64_t retry_after_us)
{
    const struct ix_pace_answer a = {
        .answered = !t->err, .status = (int) t->status, .headers = ix_str(t->headers), .retry_after_us = retry_after_us
    };

    if (j->rest->pace)
        ix_pace_leave(j->rest->pace, &j->pace, t->any_byte_sent ? &a : NULL, ix_rest_now(j->rest));
}

/* ---- redirects: GET alone, five at most, never from https to http ------------------------- */

static void redirect_refused(struct job *j, int status, const char *why, const char *url)
{
    struct ix_http_error e = { 0 };
    struct ix_buf b;
    char *shown;

    ix_buf_init(&b, 2048);
    ix_redact_url(&b, ix_str(url), NULL);
    shown = ix_buf_take(&b);
    ix_http_error_set(&e, IRISX_E_PROTOCOL, IRISX_DOMAIN_HTTP, "redirect", "%s: redirected (HTTP %d) to %.500s", why,
        status, shown ? shown : "");
    ix_free(shown);
    e.info.status = status;
    ix_rest_finish(j, &e);
}

static bool is_redirect(const struct job *j, const struct ix_transfer_result *t)
{
    bool status = t->status == 301 || t->status == 302 || t->status == 303 || t->status == 307 || t->status == 308;

    return !t->err && status && !j->request.keep_redirect && strcmp(j->request.method, "GET") == 0 &&
           j->cls == IX_RETRY_SAFE && ix_http_header(ix_str(t->headers), "Location").n > 0;
}

/* ends the job, or sends it on */
static void redirect(struct job *j, const struct ix_transfer_result *t)
{
    struct rest *r = j->rest;
    char *location = ix_str_dup(ix_http_header(ix_str(t->headers), "Location")), *from = j->url, *to = NULL;
    int err = location ? 0 : IRISX_E_NO_MEMORY;

    if (!err && !from && !make_url(r, &j->request, j->base))
        from = (char *) r->url.p;
    if (!err)
        err = ix_http_url_join(from, location, &to);
    if (err == IRISX_E_NO_MEMORY) {
        ix_rest_finish_code(j, err, NULL);
    } else if (err) {
        redirect_refused(j, (int) t->status, "that is no address of the web", location);
    } else if (++j->redirects > REST_MAX_REDIRECTS) {
        redirect_refused(j, (int) t->status, "redirected too often", to);
    } else if (ix_str_istarts(ix_str(from), IX_STR("https:")) && !ix_str_istarts(ix_str(to), IX_STR("https:"))) {
        redirect_refused(j, (int) t->status, "not followed from https to http", to);
    } else {
        j->foreign = j->foreign || !ix_http_same_origin(from, to); /* it does not come back home with credentials */
        ix_free(j->url);
        j->url = to;
        to = NULL;
        ix_rest_advance(j);
    }
    ix_free(location);
    ix_free(to);
}

/* ---- the answer -------------------------------------------------------------------------- */

static void transfer_failed(struct job *j, const struct ix_transfer_result *t)
{
    struct ix_http_error e = { 0 };
    const char *detail = t->detail;
    int err = j->body ? ix_rest_body_error(j->body, &detail) : 0;

    if (err)
        ix_http_error_set(&e, (irisx_error_t) err, IRISX_DOMAIN_SYSTEM, NULL, "%s", detail);
    else
        ix_http_error_from_transfer(&e, ix_rest_code(t), detail, j->retry.cls, t->any_byte_sent);
    if (!j->body || !ix_rest_body_keep(j->body, &e))
        ix_rest_finish(j, &e);
}

static void decode(struct job *j, const struct ix_http_response *response)
{
    struct ix_http_error e = { 0 };

    (void) ix_api_decode(j->api, j->retry.cls, response, &j->op->answer, &e); /* e tells */
    if (j->api && j->op->answer.result) /* there is one beside the error of a login that wants a second factor */
        j->op->api_number = j->number;
    ix_rest_finish(j, &e);
}

void ix_rest_saved(struct job *j, struct ix_http_error *e)
{
    ix_rest_finish(j, e);
}

static void take(struct job *j, const struct ix_http_response *response)
{
    if (!j->body || !ix_rest_body_saves(j->body) || response->status < 200 || response->status > 299) {
        decode(j, response);
        return;
    }
    struct ix_http_error e = { 0 };
    int err = ix_api_decode(j->api, j->retry.cls, response, &j->op->answer, &e);

    if (j->api && j->op->answer.result)
        j->op->api_number = j->number;
    if (err == IRISX_E_NO_MEMORY) {
        ix_rest_finish(j, &e);
        return;
    }
    ix_http_error_clear(&e); /* an answer whose bytes went to a file is not JSON, and need not be */
    ix_rest_wait(j, JOB_SAVING, IX_NEVER);
    ix_rest_body_save(j->body);
}

/* What the next try may do depends on what the servers know of keys. */
static void set_class(struct job *j, bool next_elsewhere)
{
    const struct rest *r = j->rest;
    bool relied = j->relied;

    if (relied && next_elsewhere && j->idempotency != IRISX_IDEMPOTENCY_ON)
        relied = r->bases.items[ix_bases_pick(&r->bases, j->tried)].honours_keys;
    j->retry.cls = j->cls == IX_RETRY_UNSAFE && relied ? IX_RETRY_IDEMPOTENT : j->cls;
}

static void judge(
    struct job *j, const struct ix_transfer_result *t, const struct ix_http_response *response, uint64_t retry_after_us)
{
    struct rest *r = j->rest;
    struct ix_attempt a = { .err = ix_rest_code(t),
        .any_byte_sent = t->any_byte_sent,
        .status = j->retry.is_delete ? ix_http_status_meant(response) : (int) t->status,
        .retry_after_us = retry_after_us };
    enum ix_retry_verdict verdict;
    uint64_t at = 0;

    if (!j->url)
        j->tried |= UINT32_C(1) << j->base;
    a.elsewhere = !j->url && ix_bases_elsewhere(&r->bases, j->tried);
    set_class(j, a.elsewhere);
    if (j->body && ix_rest_body_once(j->body))
        j->retry.policy.max_tries = 1;
    verdict = ix_retry_next(&j->retry, &a, &r->rng, ix_loop_now(r->loop).mono_us, &at);
    if (verdict == IX_RETRY_AGAIN) {
        if (!a.elsewhere)
            j->tried = 0;
        ix_rest_wait(j, JOB_BACKOFF, at);
    } else if (verdict == IX_RETRY_REPEATED) {
        j->op->repeated = true;
        ix_rest_finish(j, NULL);
    } else if (t->err) {
        transfer_failed(j, t);
    } else {
        take(j, response);
    }
}

void ix_rest_unsent(struct job *j, const struct ix_attempt *a, const struct ix_http_error *e)
{
    struct rest *r = j->rest;
    struct ix_http_error mine = { 0 };
    uint64_t at = 0;

    if (r->pace)
        ix_pace_leave(r->pace, &j->pace, NULL, ix_rest_now(r));
    if (ix_retry_next(&j->retry, a, &r->rng, ix_loop_now(r->loop).mono_us, &at) == IX_RETRY_AGAIN) {
        ix_rest_wait(j, JOB_BACKOFF, at);
        return;
    }
    ix_http_error_set(&mine, e->info.code, e->info.domain, e->info.reason, "%s", e->info.message);
    mine.info.status = e->info.status;
    mine.info.retry_after_ms = e->info.retry_after_ms;
    mine.info.retryable = e->info.retryable;
    ix_rest_finish(j, &mine);
}

/* a range that cannot be had: all is there, or the file changed; true: dealt with */
static bool range_refused(struct job *j, const struct ix_transfer_result *t)
{
    bool complete = false;

    if (!j->body || !ix_rest_body_range(j->body, t->err ? 0 : t->status, ix_str(t->headers), &complete))
        return false;
    if (complete) {
        ix_rest_wait(j, JOB_SAVING, IX_NEVER);
        ix_rest_body_save(j->body);
    } else {
        ix_rest_advance(j);
    }
    return true;
}

static void go_on(struct job *j, const struct ix_transfer_result *t)
{
    struct rest *r = j->rest;
    struct ix_http_response response = ix_rest_view(t);
    struct rest_session *s = ix_rest_session(r, j->request.auth);
    bool asked = !t->err && (t->status == 429 || t->status >= 500);
    uint64_t retry_after = asked ? ix_http_retry_after_us(&response, NULL) : 0;

    j->limited += !t->err && t->status == 429;
    if (!j->foreign)
        ix_rest_learn(r, j->base, t); /* the clock first: limits are told as times of the server's */
    leave_pace(j, t, retry_after);
    if (!t->err && j->keyed && !r->bases.items[j->base].honours_keys)
        r->bases.items[j->base].honours_keys = ix_idempotency_told(response.headers);
    if (j->cancelled || (t->err == IRISX_E_CANCELLED && !(j->body && t->any_byte_sent))) {
        ix_rest_finish_code(j, r->closing ? IRISX_E_CLOSED : IRISX_E_CANCELLED, NULL);
    } else if (!t->err && t->status == 401 && !j->renewed && !j->foreign &&
               ix_auth_expired(s->auth, j->request.auth, j->generation, &response)) {
        j->renewed = true;
        ix_rest_advance(j);
    } else if (is_redirect(j, t)) {
        redirect(j, t);
    } else if (!range_refused(j, t)) {
        judge(j, t, &response, retry_after);
    }
}

static void on_answer(void *ctx, const struct ix_transfer_result *t)
{
    struct job *j = ctx;
    struct rest *r = j->rest;

    j->transfer = NULL;
    r->running--;
    if (ix_rest_logs(r, IX_LOG_DEBUG))
        ix_rest_log_answer(j, t);
    go_on(j, t);
    ix_rest_turn(r);
}
