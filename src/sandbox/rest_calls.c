/* SPDX-License-Identifier: MIT */
/* /v1/calls: place, look at, list (contract WIRE.md section 8.4). What becomes of them: rest_call_life.c. */
#include <inttypes.h>
#include <string.h>

#include "sandbox/rest.h"

#define LIST_MAX 100
#define DRY_RUN_MAX_S 5
#define KEEP_CALLS 100000 /* older ones are forgotten */

/* ---- create ---------------------------------------------------------------------------------- */
struct order { /* what is asked for */
    const char *to, *from;
    char chosen[32]; /* from's place, when it is not given */
    bool record, dry_run;
};

/* An active number of the tenant; the first one if none is named. False: x is answered. */
static bool choose_number(struct rest_exchange *x, struct order *o, int *err)
{
    struct sandbox_query q;
    bool found;

    sandbox_query_open(&q, x->r->state,
        "SELECT number FROM phone_numbers WHERE tenant_id = ?1 AND status = 'active' AND (?2 IS NULL OR number = ?2) ORDER BY id LIMIT 1",
        SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_TEXT(o->from)));
    found = sandbox_query_row(&q) && !ix_str_copy(o->chosen, sizeof o->chosen, sandbox_query_text(&q, 0));
    *err = sandbox_query_end(&q);
    if (*err)
        return false;
    if (!found && o->from)
        *err = rest_refuse(
            x, 403, "Forbidden", "The from number is not an active phone number of your account", "INVALID_CALLER_ID");
    else if (!found)
        *err = rest_refuse(
            x, 400, "Bad Request", "No active phone number to call from: give one in from", "NO_DEFAULT_NUMBER");
    o->from = o->chosen;
    return found;
}

/* The call itself: the SIP half makes its sid; a dry run rings nowhere and ends after 1 to 5 seconds. */
static int originate(struct rest_exchange *x, const struct order *o, char sid[SANDBOX_SID], int64_t *dry_run_s)
{
    struct sandbox_originate call = { .to = o->to, .from = o->from, .tenant_id = x->caller.tenant_id };

    *dry_run_s = 0;
    if (!o->dry_run)
        return sandbox_sip_originate(x->r->sb, &call, sid);
    rest_hex_id(x->r, "CA", sid);
    *dry_run_s = 1 + ix_rng_below(&x->r->sb->rng, DRY_RUN_MAX_S);
    return 0;
}

static int insert(struct rest_exchange *x, const struct order *o, const char *sid, int64_t now, int64_t dry_run_s)
{
    const irisx_value_t *metadata = irisx_value_get(x->body, "metadata");
    struct ix_buf json;
    int err;

    ix_buf_init(&json, 1 << 20);
    if (metadata)
        ix_json_write(&json, metadata);
    else
        ix_buf_str(&json, "{}");
    err = json.err;
    if (!err)
        err = sandbox_run(x->r->state,
            "INSERT INTO calls(sid, tenant_id, direction, from_number, to_number, status, metadata, initiated_ms, dry_run_s, due_ms)"
            " VALUES(?1, ?2, 'outbound', ?3, ?4, 'ringing', ?5, ?6, ?7, ?6 + 1000 * ?7)",
            SANDBOX_ARGS(ARG_TEXT(sid), ARG_INT(x->caller.tenant_id), ARG_TEXT(o->from), ARG_TEXT(o->to),
                ARG_STR(ix_str_n(json.p, json.n)), ARG_INT(now), ARG_NONZERO(dry_run_s)));
    ix_buf_clear(&json);
    if (!err)
        err = sandbox_run(x->r->state, "DELETE FROM calls WHERE id <= ?1",
            SANDBOX_ARGS(ARG_INT(sandbox_last_id(x->r->state) - KEEP_CALLS)));
    return err;
}

/* the webhooks of a call that nobody rings: a real one's come from the SIP half */
static int emit_dry_run(struct rest_exchange *x, const char *sid)
{
    struct rest_call c;
    int err = rest_call_load(x->r, x->caller.tenant_id, sid, &c);

    (void) ix_str_copy(c.status, sizeof c.status, IX_STR("initiated")); /* fits */
    if (!err)
        err = rest_call_emit(x->r, "call.initiated", &c);
    (void) ix_str_copy(c.status, sizeof c.status, IX_STR("ringing")); /* fits */
    return err ? err : rest_call_emit(x->r, "call.ringing", &c);
}

static int answer_created(struct rest_exchange *x, const struct order *o, const char *sid, int64_t now)
{
    struct ix_buf *b = &x->out;

    x->status = 201;
    out_open(b, NULL, '{');
    out_text(b, "sid", sid);
    out_text(b, "status", "ringing");
    out_text(b, "from", o->from);
    out_text(b, "to", o->to);
    out_time(b, "initiated_at", now);
    out_bool(b, "record", o->record);
    if (irisx_value_get(x->body, "metadata"))
        out_value(b, "metadata", irisx_value_get(x->body, "metadata"));
    out_close(b, '}');
    return b->err;
}

/* The tables take any JSON for it; the platform wants an object. True: x is answered. */
static bool refuse_metadata(struct rest_exchange *x)
{
    static const char *const names[] = { "undefined", "null", "boolean", "number", "number", "string", "array",
        "object" };
    irisx_value_type_t type = irisx_value_type(irisx_value_get(x->body, "metadata"));
    struct ix_api_issues issues = { .count = 1,
        .total = 1,
        .items = { { .kind = IX_API_WRONG_TYPE, .path = "metadata", .expected = "object", .received = names[type] } } };

    if (type == IRISX_VALUE_NONE || type == IRISX_VALUE_OBJECT)
        return false;
    (void) rest_invalid(x, &issues); /* always 0 */
    return true;
}

int rest_calls_create(struct rest_exchange *x)
{
    struct order o = { .to = irisx_value_get_text(x->body, "to", ""),
        .from = irisx_value_get_text(x->body, "from", NULL),
        .record = irisx_value_get_bool(x->body, "record", 0),
        .dry_run = irisx_value_get_bool(x->body, "dry_run", 0) };
    int64_t now = rest_now_ms(x->r), dry_run_s;
    char sid[SANDBOX_SID];
    int err;

    if (refuse_metadata(x))
        return 0;
    if (!choose_number(x, &o, &err))
        return err;
    err = originate(x, &o, sid, &dry_run_s);
    if (!err)
        err = insert(x, &o, sid, now, dry_run_s);
    if (!err && o.dry_run)
        err = emit_dry_run(x, sid);
    if (err)
        return err;
    rest_clock_wake(x->r);
    return answer_created(x, &o, sid, now);
}

/* ---- list, get ------------------------------------------------------------------------------- */
static int count_calls(struct rest_exchange *x, const char *status, int64_t *total)
{
    return sandbox_query_number(x->r->state,
        "SELECT count(*) FROM calls WHERE tenant_id = ?1 AND (?2 IS NULL OR status = ?2)",
        SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_TEXT(status)), 0, total);
}

int rest_calls_list(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT sid, direction, from_number, to_number, status, duration, answered_ms, ended_ms, initiated_ms FROM calls"
        " WHERE tenant_id = ?1 AND (?2 IS NULL OR status = ?2) ORDER BY id DESC LIMIT ?3 OFFSET ?4";
    static const struct out_column columns[] = { { "sid", OUT_TEXT }, { "direction", OUT_TEXT }, { "from", OUT_TEXT },
        { "to", OUT_TEXT }, { "status", OUT_TEXT }, { "duration", OUT_INT }, { "answered_at", OUT_TIME },
        { "ended_at", OUT_TIME }, { "initiated_at", OUT_TIME } };
    char text[32];
    const char *status = rest_query(x, "status", text, sizeof text) && *text ? text : NULL;
    int64_t limit, offset, total;
    struct sandbox_query q;
    int err;

    if (rest_query_number(x, "limit", 50, &limit) || rest_query_number(x, "offset", 0, &offset))
        return rest_failed(x, NULL);
    limit = IX_MIN(limit, LIST_MAX);
    err = count_calls(x, status, &total);
    if (err)
        return err;
    out_open(&x->out, NULL, '{');
    sandbox_query_open(&q, x->r->state, sql,
        SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_TEXT(status), ARG_INT(limit), ARG_INT(offset)));
    err = out_rows(&x->out, "calls", &q, columns, IX_COUNT(columns));
    out_open(&x->out, "pagination", '{');
    out_int(&x->out, "total", total);
    out_int(&x->out, "limit", limit);
    out_int(&x->out, "offset", offset);
    out_bool(&x->out, "has_more", offset + limit < total);
    out_close(&x->out, '}');
    out_close(&x->out, '}');
    return err < 0 ? err : 0;
}

int rest_call_not_found(struct rest_exchange *x)
{
    return rest_refuse(x, 404, "Not Found", "Call not found", "CALL_NOT_FOUND");
}

int rest_calls_get(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT sid, direction, from_number, to_number, status, duration, recording_url, answered_ms, ended_ms,"
        " initiated_ms, metadata FROM calls WHERE tenant_id = ?1 AND sid = ?2";
    static const struct out_column columns[] = { { "sid", OUT_TEXT }, { "direction", OUT_TEXT }, { "from", OUT_TEXT },
        { "to", OUT_TEXT }, { "status", OUT_TEXT }, { "duration", OUT_INT }, { "recording_url", OUT_TEXT },
        { "answered_at", OUT_TIME }, { "ended_at", OUT_TIME }, { "initiated_at", OUT_TIME }, { "metadata", OUT_JSON } };
    struct sandbox_query q;
    bool found;
    int err;

    sandbox_query_open(
        &q, x->r->state, sql, SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_TEXT(rest_path_param(x, "sid"))));
    found = sandbox_query_row(&q);
    if (found) {
        out_open(&x->out, NULL, '{');
        out_row(&x->out, &q, columns, IX_COUNT(columns));
        out_close(&x->out, '}');
    }
    err = sandbox_query_end(&q);
    return err || found ? err : rest_call_not_found(x);
}
