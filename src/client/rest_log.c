/* SPDX-License-Identifier: MIT */
/* What REST tells of itself: log lines, redacted by type, and figures by operation. */
#include <string.h>

#include "client/rest.h"

#define LINE_MAX ((size_t) 64 * 1024)

bool ix_rest_logs(const struct rest *r, enum ix_log_level level)
{
    return r->client->log.sink && r->client->log.level >= (int) level;
}

/* one line, made by fn, with telephone numbers taken out if that is wanted */
static void put(const struct rest *r, enum ix_log_level level, struct ix_buf *b)
{
    const struct ix_log *log = &r->client->log;
    struct ix_buf out;
    char *text;

    ix_buf_init(&out, 2 * LINE_MAX);
    if (r->o->redact_phone_numbers)
        ix_redact_phones(&out, ix_str_n(b->p, b->n));
    else
        ix_buf_put(&out, b->p, b->n);
    text = b->err ? NULL : ix_buf_take(&out);
    ix_log(log, level, "rest", "%s", text ? text : "a line too long to be shown");
    ix_free(text);
    ix_buf_clear(&out);
    ix_buf_clear(b);
}

static void put_headers(const struct rest *r, const char *mark, struct ix_str headers)
{
    struct ix_buf all;
    struct ix_reader lines;
    struct ix_str line;

    ix_buf_init(&all, 2 * LINE_MAX);
    ix_redact_headers(&all, headers);
    lines = ix_reader(all.p, all.n);
    while (ix_read_line(&lines, &line)) {
        struct ix_buf b;

        ix_buf_init(&b, LINE_MAX);
        ix_buf_fmt(&b, "%s %.*s", mark, IX_FMT_STR(line));
        if (line.n)
            put(r, IX_LOG_TRACE, &b);
        ix_buf_clear(&b);
    }
    ix_buf_clear(&all);
}

static void put_body(const struct rest *r, const char *mark, struct ix_str body)
{
    struct ix_buf b;

    if (!body.n || !r->o->log_bodies)
        return;
    ix_buf_init(&b, LINE_MAX);
    ix_buf_fmt(&b, "%s ", mark);
    if (body.n <= LINE_MAX / 2)
        ix_redact_json(&b, body);
    else
        ix_buf_fmt(&b, "<%zu bytes>", body.n);
    put(r, IX_LOG_TRACE, &b);
}

void ix_rest_log_sent(const struct job *j, const char *url, const char *headers, size_t n)
{
    const struct rest *r = j->rest;
    struct ix_api_info info = { 0 };
    struct ix_buf b;

    if (j->api && !j->url)
        ix_api_info(j->api, &info);
    ix_buf_init(&b, LINE_MAX);
    ix_buf_fmt(&b, "%s: %s ", j->name, j->request.method);
    ix_redact_url(&b, ix_str(url), info.path);
    if (j->retry.tries)
        ix_buf_fmt(&b, " (try %u)", j->retry.tries + 1);
    put(r, IX_LOG_DEBUG, &b);
    if (!ix_rest_logs(r, IX_LOG_TRACE))
        return;
    put_headers(r, ">", ix_str_n(headers, n));
    put_body(r, ">", ix_str_n(j->request.body, j->request.body ? j->request.body_len : 0));
}

void ix_rest_log_answer(const struct job *j, const struct ix_transfer_result *t)
{
    const struct rest *r = j->rest;
    unsigned long long ms = t->total_us / IX_MS;
    struct ix_buf b;

    ix_buf_init(&b, LINE_MAX);
    if (t->err)
        ix_buf_fmt(&b, "%s: %s after %llu ms: %s", j->name, ix_error_name(t->err), ms, t->detail);
    else
        ix_buf_fmt(&b, "%s: HTTP %ld, %zu bytes in %llu ms", j->name, t->status, t->body_len, ms);
    put(r, IX_LOG_DEBUG, &b);
    if (!ix_rest_logs(r, IX_LOG_TRACE))
        return;
    put_headers(r, "<", ix_str(t->headers));
    put_body(r, "<", ix_str_n(t->body, t->body_len));
}

void ix_rest_log_ended(const struct job *j, const struct ix_http_error *e)
{
    const struct rest *r = j->rest;
    struct ix_buf b;

    if (!e->info.code || !ix_rest_logs(r, IX_LOG_INFO))
        return;
    ix_buf_init(&b, LINE_MAX);
    ix_buf_fmt(
        &b, "%s failed after %u tries: %s: %s", j->name, j->retry.tries, ix_error_name(e->info.code), e->info.message);
    put(r, IX_LOG_INFO, &b);
}

/* ---- figures ----------------------------------------------------------------------------- */

void ix_rest_count(struct job *j, int code)
{
    struct rest *r = j->rest;
    const struct ix_metric_sample s = { .total_us = ix_loop_now(r->loop).mono_us - j->begun_us,
        .code = code,
        .retries = j->retry.tries > 1 ? j->retry.tries - 1 : 0,
        .limited = j->limited,
        .paced = j->was_paced };

    if (!j->request.method)
        return;
    (void) pthread_mutex_lock(&r->lock); /* cannot fail */
    ix_metrics_add(&r->metrics, j->number, j->name, &s);
    (void) pthread_mutex_unlock(&r->lock);
}

struct irisx_metrics {
    struct ix_metrics all;
    irisx_metric_t *rows;
    char *text;
};

static void read_row(irisx_metric_t *to, const struct ix_metric *from)
{
    *to = (irisx_metric_t){ .operation = from->operation,
        .ended = from->ended,
        .failed = from->failed,
        .unknown = from->unknown,
        .retries = from->retries,
        .limited = from->limited,
        .paced = from->paced,
        .total_ms = from->total_us / IX_MS,
        .p50_ms = ix_metric_quantile_ms(from, 50),
        .p95_ms = ix_metric_quantile_ms(from, 95),
        .p99_ms = ix_metric_quantile_ms(from, 99),
        .max_ms = (from->max_us + 500) / IX_MS };
}

static int take_metrics(irisx_client_t *c, struct ix_metrics *to)
{
    int err = IRISX_E_CLOSED;

    /* the client's lock holds the rest in its place: it goes after service_shut was set under it */
    pthread_mutex_lock(&c->lock);
    if (!c->service_shut && c->rest) {
        (void) pthread_mutex_lock(&c->rest->lock); /* cannot fail */
        err = ix_metrics_copy(to, &c->rest->metrics);
        (void) pthread_mutex_unlock(&c->rest->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return err;
}

irisx_error_t irisx_metrics_new(irisx_client_t *client, irisx_metrics_t **metrics_out)
{
    irisx_metrics_t *m;
    struct ix_buf b;
    int err;

    if (!client || !metrics_out)
        return IRISX_E_INVALID;
    if (!ix_client_usable(client))
        return IRISX_E_CLOSED;
    if (!client->o.api_url)
        return IRISX_E_STATE;
    m = ix_alloc(sizeof *m);
    if (!m)
        return IRISX_E_NO_MEMORY;
    err = take_metrics(client, &m->all);
    if (!err)
        m->rows = ix_alloc_array(IX_MAX(m->all.count, (size_t) 1), sizeof *m->rows);
    for (size_t i = 0; m->rows && i < m->all.count; i++)
        read_row(&m->rows[i], m->all.rows[i]);
    ix_buf_init(&b, (size_t) 64 * 1024 * 1024);
    ix_metrics_text(&m->all, &b);
    m->text = ix_buf_take(&b);
    if (!err && (!m->rows || !m->text))
        err = IRISX_E_NO_MEMORY;
    if (err) {
        irisx_metrics_free(m);
        return (irisx_error_t) err;
    }
    *metrics_out = m;
    return IRISX_OK;
}

void irisx_metrics_free(irisx_metrics_t *metrics)
{
    if (!metrics)
        return;
    ix_metrics_clear(&metrics->all);
    ix_free(metrics->rows);
    ix_free(metrics->text);
    ix_free(metrics);
}

size_t irisx_metrics_count(const irisx_metrics_t *metrics)
{
    return metrics ? metrics->all.count : 0;
}

const irisx_metric_t *irisx_metrics_at(const irisx_metrics_t *metrics, size_t index)
{
    return metrics && index < metrics->all.count ? &metrics->rows[index] : NULL;
}

const char *irisx_metrics_text(const irisx_metrics_t *metrics)
{
    return metrics ? metrics->text : "";
}
