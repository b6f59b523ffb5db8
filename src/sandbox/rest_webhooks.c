/* SPDX-License-Identifier: MIT */
/* /v1/webhooks: endpoints and what was sent to them (contract WIRE.md section 10.4). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/rest.h"

#define MAX_WEBHOOKS 100 /* of a tenant */
#define MAX_URL 2048
#define MAX_ATTEMPTS 100
#define MAX_TIMEOUT_S 300

/* ---- what is asked for ----------------------------------------------------------------------- */
static int refuse_events(struct rest_exchange *x, const irisx_value_t *events)
{
    struct ix_buf *b = &x->out;

    x->status = 400;
    out_open(b, NULL, '{');
    out_text(b, "error", "Invalid event types");
    out_open(b, "invalid_events", '[');
    for (size_t i = 0; i < irisx_value_count(events); i++) {
        const char *name = irisx_value_text(irisx_value_at(events, i), "");

        if (!webhooks_known_event(name))
            out_text(b, NULL, name);
    }
    out_close(b, ']');
    webhooks_write_events(b, "valid_events");
    out_close(b, '}');
    return 0;
}

static bool within(const irisx_value_t *body, const char *key, int64_t low, int64_t high)
{
    const irisx_value_t *v = irisx_value_get(body, key);

    return !v || (irisx_value_int(v, -1) >= low && irisx_value_int(v, -1) <= high);
}

/* true: nothing is wrong with the members that are given; false: x is answered */
static bool acceptable(struct rest_exchange *x)
{
    const irisx_value_t *events = irisx_value_get(x->body, "events");
    struct ix_str url = ix_json_get_str(x->body, "url");
    bool loopback = true;

    if (!irisx_value_count(events))
        return rest_error(x, 400, "At least one event type is required"), false;
    for (size_t i = 0; i < irisx_value_count(events); i++) {
        if (!webhooks_known_event(irisx_value_text(irisx_value_at(events, i), "")))
            return refuse_events(x, events), false;
    }
    if (irisx_value_get(x->body, "url") && (url.n > MAX_URL || !rest_url_is_http(url, &loopback)))
        return rest_error(x, 400, "Invalid webhook URL: http:// or https:// and a host"), false;
    if (!loopback && !x->r->sb->options.webhooks_anywhere)
        return rest_error(x, 400,
                   "Webhook URL must be on this machine (localhost, 127.0.0.1, [::1]); for others start irisx-sandbox with "
                   "--webhooks-anywhere"),
               false;
    if (!within(x->body, "max_retries", 0, MAX_ATTEMPTS))
        return rest_error(x, 400, "max_retries must be from 0 to 100"), false;
    if (!within(x->body, "timeout_seconds", 1, MAX_TIMEOUT_S))
        return rest_error(x, 400, "timeout_seconds must be from 1 to 300"), false;
    return true;
}

/* a member as argument: NULL where it is not given */
static struct sandbox_arg int_arg(const irisx_value_t *body, const char *key)
{
    const irisx_value_t *v = irisx_value_get(body, key);

    return irisx_value_type(v) == IRISX_VALUE_INT ? ARG_INT(irisx_value_int(v, 0)) : ARG_NULL;
}

static struct sandbox_arg bool_arg(const irisx_value_t *body, const char *key)
{
    const irisx_value_t *v = irisx_value_get(body, key);

    return irisx_value_type(v) == IRISX_VALUE_BOOL ? ARG_INT(irisx_value_bool(v, 0)) : ARG_NULL;
}

/* ---- create, update -------------------------------------------------------------------------- */
static const struct out_column created_columns[] = { { "id", OUT_ID }, { "url", OUT_TEXT }, { "description", OUT_TEXT },
    { "events", OUT_JSON }, { "is_active", OUT_BOOL }, { "is_verified", OUT_BOOL }, { "max_retries", OUT_INT },
    { "timeout_seconds", OUT_INT }, { "created_at", OUT_TIME }, { "secret", OUT_TEXT } };
static const struct out_column updated_columns[] = { { "id", OUT_ID }, { "url", OUT_TEXT }, { "description", OUT_TEXT },
    { "events", OUT_JSON }, { "is_active", OUT_BOOL }, { "is_verified", OUT_BOOL }, { "updated_at", OUT_TIME } };

static int answer_webhook(
    struct rest_exchange *x, const char *sql, int64_t id, const struct out_column *columns, size_t count)
{
    struct sandbox_query q;

    sandbox_query_open(&q, x->r->state, sql, SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_INT(id)));
    out_open(&x->out, NULL, '{');
    out_open(&x->out, "webhook", '{');
    if (sandbox_query_row(&q))
        out_row(&x->out, &q, columns, count);
    out_close(&x->out, '}');
    out_close(&x->out, '}');
    return sandbox_query_end(&q);
}

/* An address that is accepted counts as verified: the platform has no endpoint that verifies one, so that it would
 * never get anything. */
static int insert(struct rest_exchange *x, int64_t *id)
{
    uint8_t bytes[32];
    char secret[65];
    struct ix_buf events, hex;
    int err;

    ix_rng_fill(&x->r->sb->rng, bytes, sizeof bytes);
    ix_buf_init_fixed(&hex, secret, sizeof secret - 1);
    ix_buf_hex(&hex, bytes, sizeof bytes);
    secret[hex.n] = 0;
    ix_buf_init(&events, 65536);
    ix_json_write(&events, irisx_value_get(x->body, "events"));
    err = events.err;
    if (!err)
        err = sandbox_run(x->r->state,
            "INSERT INTO webhooks(tenant_id, url, description, events, is_active, is_verified, max_retries,"
            " timeout_seconds, secret, created_ms, updated_ms)"
            " VALUES(?1, ?2, ?3, ?4, coalesce(?5, 1), ?6, coalesce(?7, 5), coalesce(?8, 10), ?9, ?10, ?10)",
            SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_STR(ix_json_get_str(x->body, "url")),
                ARG_TEXT(irisx_value_get_text(x->body, "description", NULL)), ARG_STR(ix_str_n(events.p, events.n)),
                bool_arg(x->body, "is_active"), ARG_INT(1), int_arg(x->body, "max_retries"),
                int_arg(x->body, "timeout_seconds"), ARG_TEXT(secret), ARG_INT(rest_now_ms(x->r))));
    ix_wipe(bytes, sizeof bytes);
    ix_wipe(secret, sizeof secret);
    ix_buf_clear(&events);
    *id = sandbox_last_id(x->r->state);
    return err;
}

int rest_webhooks_create(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT id, url, description, events, is_active, is_verified, max_retries, timeout_seconds, created_ms, secret"
        " FROM webhooks WHERE tenant_id = ?1 AND id = ?2";
    int64_t id, count;
    int err = sandbox_query_number(x->r->state, "SELECT count(*) FROM webhooks WHERE tenant_id = ?1",
        SANDBOX_ARGS(ARG_INT(x->caller.tenant_id)), 0, &count);

    if (err)
        return err;
    if (!acceptable(x))
        return 0;
    if (count >= MAX_WEBHOOKS)
        return rest_error(x, 400, "A tenant has at most 100 webhooks");
    err = insert(x, &id);
    if (err)
        return err;
    x->status = 201;
    return answer_webhook(x, sql, id, created_columns, IX_COUNT(created_columns));
}

static int not_found(struct rest_exchange *x)
{
    return rest_error(x, 404, "Webhook not found");
}

/* path id to a webhook of the tenant; *err and false: x is answered, or err is to be returned */
static bool find(struct rest_exchange *x, int64_t *id, int *err)
{
    int64_t there;

    if (rest_path_id(x, id)) {
        *err = rest_not_bigint(x);
        return false;
    }
    *err = sandbox_query_number(x->r->state, "SELECT 1 FROM webhooks WHERE tenant_id = ?1 AND id = ?2",
        SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_INT(*id)), 0, &there);
    if (!*err && !there)
        *err = not_found(x);
    return !*err && there;
}

static int change(struct rest_exchange *x, int64_t id)
{
    bool describes = irisx_value_get(x->body, "description") != NULL;
    struct ix_buf events;
    int err;

    ix_buf_init(&events, 65536);
    ix_json_write(&events, irisx_value_get(x->body, "events"));
    err =
        events.err
            ? events.err
            : sandbox_run(x->r->state,
                  "UPDATE webhooks SET url = coalesce(?2, url), events = ?3,"
                  " description = CASE WHEN ?4 THEN ?5 ELSE description END, is_active = coalesce(?6, is_active),"
                  " max_retries = coalesce(?7, max_retries), timeout_seconds = coalesce(?8, timeout_seconds), updated_ms = ?9 WHERE id = ?1",
                  SANDBOX_ARGS(ARG_INT(id), ARG_TEXT(irisx_value_get_text(x->body, "url", NULL)),
                      ARG_STR(ix_str_n(events.p, events.n)), ARG_INT(describes),
                      ARG_TEXT(irisx_value_get_text(x->body, "description", NULL)), bool_arg(x->body, "is_active"),
                      int_arg(x->body, "max_retries"), int_arg(x->body, "timeout_seconds"),
                      ARG_INT(rest_now_ms(x->r))));
    ix_buf_clear(&events);
    return err;
}

int rest_webhooks_update(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT id, url, description, events, is_active, is_verified, updated_ms FROM webhooks WHERE tenant_id = ?1 AND id = ?2";
    int64_t id;
    int err;

    if (!find(x, &id, &err) || !acceptable(x))
        return err;
    err = change(x, id);
    if (!err && !irisx_value_get_bool(x->body, "is_active", 1)) /* what waits is not sent any more */
        err = sandbox_run(x->r->state,
            "UPDATE deliveries SET status = 'cancelled', due_ms = NULL, completed_ms = ?2"
            " WHERE webhook_id = ?1 AND due_ms IS NOT NULL",
            SANDBOX_ARGS(ARG_INT(id), ARG_INT(rest_now_ms(x->r))));
    if (!err && !irisx_value_get_bool(x->body, "is_active", 1))
        webhooks_forget(x->r, id);
    return err ? err : answer_webhook(x, sql, id, updated_columns, IX_COUNT(updated_columns));
}

/* ---- list, get, delete ----------------------------------------------------------------------- */
#define FIGURES                                                                                   \
    "(SELECT count(*) FROM deliveries d WHERE d.webhook_id = w.id),"                              \
    "(SELECT count(*) FROM deliveries d WHERE d.webhook_id = w.id AND d.status = 'success'),"     \
    "(SELECT count(*) FROM deliveries d WHERE d.webhook_id = w.id AND d.status = 'failed'),"      \
    "(SELECT max(last_ms) FROM deliveries d WHERE d.webhook_id = w.id),"                          \
    "(SELECT max(last_ms) FROM deliveries d WHERE d.webhook_id = w.id AND d.status = 'success')," \
    "(SELECT max(last_ms) FROM deliveries d WHERE d.webhook_id = w.id AND d.status IN ('failed', 'retrying'))"
#define FIGURE_COLUMNS                                                                                       \
    { "total_deliveries", OUT_INT }, { "successful_deliveries", OUT_INT }, { "failed_deliveries", OUT_INT }, \
        { "last_delivery_at", OUT_TIME }, { "last_success_at", OUT_TIME },                                   \
    {                                                                                                        \
        "last_failure_at", OUT_TIME                                                                          \
    }

int rest_webhooks_list(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT id, url, NULL, description, events, CASE WHEN is_active THEN 'active' ELSE 'inactive' END, " FIGURES
        ", created_ms, updated_ms FROM webhooks w WHERE tenant_id = ?1 ORDER BY id DESC";
    static const struct out_column columns[] = { { "id", OUT_ID }, { "url", OUT_TEXT }, { "name", OUT_TEXT },
        { "description", OUT_TEXT }, { "events", OUT_JSON }, { "status", OUT_TEXT }, FIGURE_COLUMNS,
        { "created_at", OUT_TIME }, { "updated_at", OUT_TIME } };
    struct sandbox_query q;
    int count;

    out_open(&x->out, NULL, '{');
    out_bool(&x->out, "success", true);
    out_open(&x->out, "data", '{');
    sandbox_query_open(&q, x->r->state, sql, SANDBOX_ARGS(ARG_INT(x->caller.tenant_id)));
    count = out_rows(&x->out, "webhooks", &q, columns, IX_COUNT(columns));
    out_int(&x->out, "total", count);
    out_close(&x->out, '}');
    out_close(&x->out, '}');
    return count < 0 ? count : 0;
}

/* counts and averages as the platform's SQL gives them: as texts */
static int out_statistics(struct rest_exchange *x, int64_t id)
{
    static const char sql[] =
        "SELECT count(*) FILTER(WHERE status = 'success'), count(*) FILTER(WHERE status = 'failed'),"
        " count(*) FILTER(WHERE status IN ('pending', 'retrying')), printf('%.4f', avg(duration_ms)), avg(duration_ms) IS NULL,"
        " max(last_ms) FILTER(WHERE status = 'success'), max(last_ms) FILTER(WHERE status IN ('failed', 'retrying'))"
        " FROM deliveries WHERE webhook_id = ?1";
    struct ix_buf *b = &x->out;
    struct sandbox_query q;

    sandbox_query_open(&q, x->r->state, sql, SANDBOX_ARGS(ARG_INT(id)));
    out_open(b, "statistics", '{');
    if (sandbox_query_row(&q)) {
        out_id(b, "successful_deliveries", sandbox_query_int(&q, 0));
        out_id(b, "failed_deliveries", sandbox_query_int(&q, 1));
        out_id(b, "pending_deliveries", sandbox_query_int(&q, 2));
        out_str(b, "avg_duration_ms", sandbox_query_int(&q, 4) ? IX_STR_NONE : sandbox_query_text(&q, 3));
        out_time(b, "last_success_at", sandbox_query_int(&q, 5));
        out_time(b, "last_failure_at", sandbox_query_int(&q, 6));
    }
    out_close(b, '}');
    return sandbox_query_end(&q);
}

int rest_webhooks_get(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT id, url, description, events, is_active, is_verified, max_retries, timeout_seconds, NULL, NULL, " FIGURES
        ", created_ms, updated_ms FROM webhooks w WHERE tenant_id = ?1 AND id = ?2";
    static const struct out_column columns[] = { { "id", OUT_ID }, { "url", OUT_TEXT }, { "description", OUT_TEXT },
        { "events", OUT_JSON }, { "is_active", OUT_BOOL }, { "is_verified", OUT_BOOL }, { "max_retries", OUT_INT },
        { "timeout_seconds", OUT_INT }, { "rate_limit_per_minute", OUT_INT }, { "rate_limit_per_hour", OUT_INT },
        FIGURE_COLUMNS, { "created_at", OUT_TIME }, { "updated_at", OUT_TIME } };
    struct sandbox_query q;
    int64_t id;
    int err;

    if (!find(x, &id, &err))
        return err;
    sandbox_query_open(&q, x->r->state, sql, SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_INT(id)));
    out_open(&x->out, NULL, '{');
    out_open(&x->out, "webhook", '{');
    if (sandbox_query_row(&q))
        out_row(&x->out, &q, columns, IX_COUNT(columns));
    out_close(&x->out, '}');
    err = sandbox_query_end(&q);
    if (!err)
        err = out_statistics(x, id);
    out_close(&x->out, '}');
    return err;
}

static int say(struct rest_exchange *x, const char *message)
{
    out_open(&x->out, NULL, '{');
    out_text(&x->out, "message", message);
    out_close(&x->out, '}');
    return 0;
}

int rest_webhooks_delete(struct rest_exchange *x)
{
    int64_t id;
    int err;

    if (!find(x, &id, &err))
        return err;
    err = sandbox_run(x->r->state, "DELETE FROM webhooks WHERE id = ?1", SANDBOX_ARGS(ARG_INT(id)));
    if (err)
        return err;
    webhooks_forget(x->r, id);
    return say(x, "Webhook deleted successfully");
}

/* ---- test, deliveries ------------------------------------------------------------------------ */
/* "test_" and milliseconds, as on the platform; unique all the same */
static void test_id(struct sandbox_rest *r, char out[32])
{
    r->last_test_id = IX_MAX(rest_now_ms(r), r->last_test_id + 1);
    (void) snprintf(out, 32, "test_%" PRId64, r->last_test_id);
}

int rest_webhooks_test(struct rest_exchange *x)
{
    struct sandbox_query q;
    struct ix_buf data;
    char event[64] = "", name[32];
    int64_t id;
    int err;

    if (!find(x, &id, &err))
        return err;
    sandbox_query_open(
        &q, x->r->state, "SELECT json_extract(events, '$[0]') FROM webhooks WHERE id = ?1", SANDBOX_ARGS(ARG_INT(id)));
    if (sandbox_query_row(&q))
        (void) ix_str_copy(event, sizeof event, sandbox_query_text(&q, 0)); /* known ones are shorter */
    err = sandbox_query_end(&q);
    if (err)
        return err;
    test_id(x->r, name);
    ix_buf_init(&data, 256);
    ix_buf_str(&data, "{\"test\":true,\"message\":\"This is a test webhook delivery\"}");
    err = data.err ? data.err : webhooks_emit(x->r, x->caller.tenant_id, id, event, name, &data);
    ix_buf_clear(&data);
    out_open(&x->out, NULL, '{');
    out_text(&x->out, "message", "Test webhook triggered");
    out_text(&x->out, "event_type", event);
    out_close(&x->out, '}');
    return err;
}

int rest_deliveries_list(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT id, event_type, event_id, status, attempts, max_attempts, http_status_code, error_message, scheduled_ms,"
        " first_ms, last_ms, completed_ms, duration_ms, created_ms FROM deliveries"
        " WHERE webhook_id = ?1 AND (?2 IS NULL OR status = ?2) ORDER BY id DESC LIMIT ?3 OFFSET ?4";
    static const struct out_column columns[] = { { "id", OUT_ID }, { "event_type", OUT_TEXT }, { "event_id", OUT_TEXT },
        { "status", OUT_TEXT }, { "attempts", OUT_INT }, { "max_attempts", OUT_INT }, { "http_status_code", OUT_INT },
        { "error_message", OUT_TEXT }, { "scheduled_at", OUT_TIME }, { "first_attempt_at", OUT_TIME },
        { "last_attempt_at", OUT_TIME }, { "completed_at", OUT_TIME }, { "duration_ms", OUT_INT },
        { "created_at", OUT_TIME } };
    char text[32];
    const struct sandbox_arg status = rest_query(x, "status", text, sizeof text) && *text ? ARG_TEXT(text) : ARG_NULL;
    int64_t id, limit, offset, total;
    struct sandbox_query q;
    int err;

    if (!find(x, &id, &err))
        return err;
    if (rest_query_number(x, "limit", 50, &limit) || rest_query_number(x, "offset", 0, &offset))
        return rest_failed(x, NULL);
    err = sandbox_query_number(x->r->state,
        "SELECT count(*) FROM deliveries WHERE webhook_id = ?1 AND (?2 IS NULL OR status = ?2)",
        SANDBOX_ARGS(ARG_INT(id), status), 0, &total);
    if (err)
        return err;
    sandbox_query_open(&q, x->r->state, sql, SANDBOX_ARGS(ARG_INT(id), status, ARG_INT(limit), ARG_INT(offset)));
    out_open(&x->out, NULL, '{');
    err = out_rows(&x->out, "deliveries", &q, columns, IX_COUNT(columns));
    out_open(&x->out, "pagination", '{');
    out_int(&x->out, "total", total);
    out_int(&x->out, "limit", limit);
    out_int(&x->out, "offset", offset);
    out_close(&x->out, '}');
    out_close(&x->out, '}');
    return err < 0 ? err : 0;
}

/* The whole schedule again, with the same event id. */
int rest_deliveries_retry(struct rest_exchange *x)
{
    char status[16] = "";
    struct sandbox_query q;
    int64_t id;
    int err;

    if (rest_path_id(x, &id))
        return rest_not_bigint(x);
    sandbox_query_open(&q, x->r->state,
        "SELECT d.status FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE w.tenant_id = ?1"
        " AND d.id = ?2",
        SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_INT(id)));
    if (sandbox_query_row(&q))
        (void) ix_str_copy(status, sizeof status, sandbox_query_text(&q, 0)); /* ours are shorter */
    err = sandbox_query_end(&q);
    if (err)
        return err;
    if (!*status)
        return rest_error(x, 404, "Delivery not found");
    if (!strcmp(status, "success"))
        return rest_error(x, 400, "Delivery already succeeded");
    if (webhooks_sending(x->r, id))
        return rest_error(x, 400, "Delivery is being attempted now");
    err = sandbox_run(x->r->state,
        "UPDATE deliveries SET status = 'pending', attempts = 0, completed_ms = NULL, error_message = NULL,"
        " due_ms = ?2, scheduled_ms = ?2 WHERE id = ?1",
        SANDBOX_ARGS(ARG_INT(id), ARG_INT(rest_now_ms(x->r))));
    rest_clock_wake(x->r);
    return err ? err : say(x, "Delivery queued for retry");
}
