/* SPDX-License-Identifier: MIT */
/*
 * Webhook deliveries (contract WIRE.md section 10): a queue in the state, sent by the service loop's HTTP client.
 *
 *   pending ──2xx──▶ success
 *      └──else──▶ retrying (1, 2, 4, 8, 16 s) ──2xx──▶ success
 *                     └──last attempt──▶ failed          any that waits ──endpoint switched off──▶ cancelled
 *
 * One attempt at a time for each endpoint, so that events arrive in their order unless one has to be repeated. A row
 * that is under way stays due: after a crash it is sent again (at least once). The event id stays; time and signature
 * are new each time.
 */
#include <string.h>

#include "sandbox/rest.h"
#include "webhook/webhook.h"

#define MAX_SENDING 64
#define MAX_PAYLOAD (1 << 20)
#define KEEP_DELIVERIES 100000 /* older ones that are done are forgotten */
#define AGAIN_US IX_S /* after an outcome that could not be written down */
/* what Node's fetch adds to every request (WIRE.md section 10.2) */
#define NODE_HEADERS \
    "Content-Type: application/json\r\nAccept: */*\r\nAccept-Language: *\r\nSec-Fetch-Mode: cors\r\nAccept-Encoding: gzip, deflate\r\n"

static const char *const event_names[] = { "call.initiated", "call.ringing", "call.answered", "call.completed",
    "call.failed", "call.recording.started", "call.recording.completed", "call.dtmf", "sms.received", "sms.sent",
    "sms.delivered", "sms.failed", "sms.queued", "mms.received", "mms.sent", "email.received", "email.sent",
    "email.delivered", "email.bounced", "email.opened", "email.clicked", "tenant.limit.reached", "tenant.limit.warning",
    "phone_number.assigned", "phone_number.released" };

bool webhooks_known_event(const char *name)
{
    for (size_t i = 0; i < IX_COUNT(event_names); i++) {
        if (!strcmp(event_names[i], name))
            return true;
    }
    return false;
}

void webhooks_write_events(struct ix_buf *b, const char *key)
{
    out_open(b, key, '[');
    for (size_t i = 0; i < IX_COUNT(event_names); i++)
        out_text(b, NULL, event_names[i]);
    out_close(b, ']');
}

/* ---- queueing -------------------------------------------------------------------------------- */
static int enqueue(struct sandbox_rest *r, int64_t tenant_id, int64_t webhook_id, const char *event, const char *id,
    struct ix_str payload, int64_t now)
{
    int err = sandbox_run(r->state,
        "INSERT INTO deliveries(webhook_id, event_type, event_id, payload, status, max_attempts, scheduled_ms,"
        " created_ms, due_ms) SELECT w.id, ?3, ?4, ?5, 'pending', max(1, w.max_retries), ?6, ?6, ?6 FROM webhooks w WHERE w.tenant_id = ?1"
        " AND w.is_active AND w.is_verified AND (w.id = ?2 OR ?2 IS NULL)"
        " AND EXISTS(SELECT 1 FROM json_each(w.events) e WHERE e.value = ?3) ORDER BY w.id",
        SANDBOX_ARGS(ARG_INT(tenant_id), ARG_NONZERO(webhook_id), ARG_TEXT(event), ARG_TEXT(id), ARG_STR(payload),
            ARG_INT(now)));

    if (err || !sandbox_changes(r->state))
        return err;
    rest_clock_wake(r);
    return sandbox_run(r->state, "DELETE FROM deliveries WHERE id <= ?1 AND due_ms IS NULL",
        SANDBOX_ARGS(ARG_INT(sandbox_last_id(r->state) - KEEP_DELIVERIES)));
}

int webhooks_emit(struct sandbox_rest *r, int64_t tenant_id, int64_t webhook_id, const char *event, const char *id,
    const struct ix_buf *data)
{
    int64_t now = rest_now_ms(r);
    struct ix_buf b;
    char uuid[37];
    int err;

    rest_uuid(r, uuid);
    id = id ? id : uuid;
    ix_buf_init(&b, MAX_PAYLOAD);
    out_open(&b, NULL, '{');
    out_text(&b, "event", event);
    out_text(&b, "event_id", id);
    out_time(&b, "timestamp", now);
    out_raw(&b, "data", ix_str_n(data->p, data->n));
    out_close(&b, '}');
    err = b.err ? b.err : enqueue(r, tenant_id, webhook_id, event, id, ix_str_n(b.p, b.n), now);
    ix_buf_clear(&b);
    return err;
}

/* ---- attempts -------------------------------------------------------------------------------- */
struct attempt { /* one POST under way; in r->sending */
    struct ix_list node;
    struct sandbox_rest *r;
    struct ix_transfer *transfer;
    int64_t delivery_id, webhook_id, number /* from 1 */, max, started_ms;
    bool forgotten; /* its endpoint is gone */
};
struct outcome {
    int64_t status; /* 0: no answer */
    const char *error; /* NULL: none */
};

static int64_t retry_delay_ms(int64_t attempts)
{
    return INT64_C(1000) << (IX_MIN(attempts, 5) - 1);
}

/* what has become of an attempt */
static int record(struct sandbox_rest *r, const struct attempt *a, const struct outcome *o, bool *again)
{
    int64_t now = rest_now_ms(r);
    bool ok = o->status >= 200 && o->status < 300;
    int64_t due = ok || a->number >= a->max ? 0 : now + retry_delay_ms(a->number);

    *again = due != 0;
    return sandbox_run(r->state,
        "UPDATE deliveries SET status = ?2, attempts = ?3, http_status_code = ?4, error_message = ?5,"
        " first_ms = coalesce(first_ms, ?6), last_ms = ?6, completed_ms = ?7, duration_ms = ?8, due_ms = ?9,"
        " scheduled_ms = coalesce(?9, scheduled_ms) WHERE id = ?1",
        SANDBOX_ARGS(ARG_INT(a->delivery_id),
            ARG_TEXT(ok    ? "success"
                     : due ? "retrying"
                           : "failed"),
            ARG_INT(a->number), ARG_NONZERO(o->status), ARG_TEXT(o->error), ARG_INT(a->started_ms),
            ARG_NONZERO(due ? 0 : now), ARG_INT(now - a->started_ms), ARG_NONZERO(due)));
}

static void finish(struct attempt *a, const struct outcome *o)
{
    struct sandbox_rest *r = a->r;
    bool again = false;
    int err = record(r, a, o, &again);

    if (o->error)
        ix_log(&r->sb->log, IX_LOG_INFO, "sandbox", "webhook %lld: attempt %lld of %lld failed: %s",
            (long long) a->webhook_id, (long long) a->number, (long long) a->max, o->error);
    ix_free(a);
    if (!err) {
        rest_clock_wake(r);
        return;
    }
    ix_log(&r->sb->log, IX_LOG_ERROR, "sandbox", "webhook: an outcome is lost: %s", ix_error_text(err));
    ix_loop_timer_set(r->timer, ix_time_add(ix_loop_now(r->sb->service_loop).mono_us, AGAIN_US)); /* it is due still */
}

static void on_answer(void *ctx, const struct ix_transfer_result *t)
{
    struct attempt *a = ctx;
    struct outcome o = { 0 };
    char text[32];
    struct ix_buf b;

    ix_list_remove(&a->node);
    a->r->sending_count--;
    if (a->r->stopping || a->forgotten) {
        ix_free(a);
        return;
    }
    ix_buf_init_fixed(&b, text, sizeof text - 1);
    ix_buf_fmt(&b, "HTTP %ld", t->status);
    text[b.n] = 0;
    if (t->err)
        o.error = *t->detail ? t->detail : ix_error_text(t->err);
    else
        o.status = t->status;
    if (!t->err && (t->status < 200 || t->status >= 300))
        o.error = text;
    finish(a, &o);
}

/* q stands on the delivery */
static int post(struct attempt *a, const struct sandbox_query *q)
{
    struct ix_str event = sandbox_query_text(q, 2), id = sandbox_query_text(q, 3), payload = sandbox_query_text(q, 4);
    struct ix_transfer_request request = { .method = "POST",
        .url = sandbox_query_text(q, 5).p,
        .body = payload.p,
        .body_len = payload.n,
        .timeout_ms = (uint32_t) sandbox_query_int(q, 7) * 1000,
        .max_response = 1 << 20 };
    bool loopback = false;
    char *headers = NULL;
    struct ix_buf b;
    int err;

    if (!rest_url_is_http(ix_str(request.url), &loopback) || (!loopback && !a->r->sb->options.webhooks_anywhere))
        return IRISX_E_FORBIDDEN;
    ix_buf_init(&b, 4096);
    ix_buf_str(&b, NODE_HEADERS);
    err = ix_webhook_sign(
        IX_WEBHOOK_A, sandbox_query_text(q, 6), event.p, id.p, rest_now_ms(a->r), payload.p, payload.n, &b);
    if (!err)
        err = (headers = ix_buf_take(&b)) ? 0 : IRISX_E_NO_MEMORY;
    ix_buf_clear(&b);
    request.headers = headers;
    if (!err)
        err = ix_transfer_start(a->r->http, &request, on_answer, a, &a->transfer);
    ix_free(headers);
    return err;
}

static const char *start_error(int err)
{
    return err == IRISX_E_FORBIDDEN ? "the address is not on this machine: start irisx-sandbox with --webhooks-anywhere"
                                    : ix_error_text(err);
}

/* an attempt that cannot even start counts as one */
static void settle(struct attempt *a, int err)
{
    struct outcome o = { .error = err ? start_error(err) : NULL };

    if (err) {
        finish(a, &o);
        return;
    }
    ix_list_append(&a->r->sending, &a->node);
    a->r->sending_count++;
}

static int start(struct sandbox_rest *r, int64_t delivery_id)
{
    static const char sql[] =
        "SELECT d.webhook_id, d.attempts, d.event_type, d.event_id, d.payload, w.url, w.secret, w.timeout_seconds,"
        " d.max_attempts FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.id = ?1";
    struct attempt *a = ix_alloc(sizeof *a);
    struct sandbox_query q;
    bool found;
    int err, started = 0;

    if (!a)
        return IRISX_E_NO_MEMORY;
    sandbox_query_open(&q, r->state, sql, SANDBOX_ARGS(ARG_INT(delivery_id)));
    found = sandbox_query_row(&q);
    if (found) {
        a->r = r;
        a->delivery_id = delivery_id;
        a->webhook_id = sandbox_query_int(&q, 0);
        a->number = sandbox_query_int(&q, 1) + 1;
        a->max = sandbox_query_int(&q, 8);
        a->started_ms = rest_now_ms(r);
        started = post(a, &q);
    }
    err = sandbox_query_end(&q);
    if (found)
        settle(a, started);
    else
        ix_free(a);
    return err;
}

static bool busy(const struct sandbox_rest *r, int64_t webhook_id)
{
    IX_LIST_EACH (node, &r->sending) {
        if (IX_CONTAINER(node, struct attempt, node)->webhook_id == webhook_id)
            return true;
    }
    return false;
}

bool webhooks_sending(const struct sandbox_rest *r, int64_t delivery_id)
{
    IX_LIST_EACH (node, &r->sending) {
        if (IX_CONTAINER(node, struct attempt, node)->delivery_id == delivery_id)
            return true;
    }
    return false;
}

/* the first delivery of the next endpoint behind `after` that has one waiting; id 0: none */
static int next_waiting(struct sandbox_rest *r, int64_t *after, int64_t *id, int64_t *due)
{
    static const char sql[] =
        "SELECT w.id, d.id, d.due_ms FROM webhooks w JOIN deliveries d ON d.id = (SELECT x.id FROM deliveries x"
        " WHERE x.webhook_id = w.id AND x.due_ms IS NOT NULL ORDER BY x.due_ms, x.id LIMIT 1)"
        " WHERE w.id > ?1 ORDER BY w.id LIMIT 1";
    struct sandbox_query q;

    *id = 0;
    sandbox_query_open(&q, r->state, sql, SANDBOX_ARGS(ARG_INT(*after)));
    if (sandbox_query_row(&q)) {
        *after = sandbox_query_int(&q, 0);
        *id = sandbox_query_int(&q, 1);
        *due = sandbox_query_int(&q, 2);
    }
    return sandbox_query_end(&q);
}

int webhooks_due(struct sandbox_rest *r, int64_t now_ms, int64_t *next)
{
    int64_t after = 0, id, due = 0;
    int err;

    *next = INT64_MAX;
    for (;;) {
        err = next_waiting(r, &after, &id, &due);
        if (err || !id || r->sending_count >= MAX_SENDING)
            return err; /* the end of one wakes the clock */
        if (busy(r, after))
            continue;
        if (due > now_ms)
            *next = IX_MIN(*next, due);
        else if ((err = start(r, id)) != 0)
            return err;
    }
}

void webhooks_forget(struct sandbox_rest *r, int64_t webhook_id)
{
    IX_LIST_EACH_SAFE (node, &r->sending) {
        struct attempt *a = IX_CONTAINER(node, struct attempt, node);

        if (a->webhook_id == webhook_id) {
            a->forgotten = true;
            ix_transfer_cancel(a->transfer); /* ends in on_answer */
        }
    }
}

/* ---- life ------------------------------------------------------------------------------------ */
int webhooks_new(struct sandbox_rest *r)
{
    struct ix_http_options options = { .user_agent = "IRISX-Webhooks/1.0" };

    ix_list_init(&r->sending);
    return ix_http_client_new(r->sb->service_loop, &options, &r->http);
}

void webhooks_free(struct sandbox_rest *r)
{
    r->stopping = true;
    ix_http_client_free(r->http); /* attempts end in on_answer; NULL allowed */
    r->http = NULL;
}
