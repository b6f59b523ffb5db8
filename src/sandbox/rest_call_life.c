/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a call: its row and the webhooks call.*. Real calls are told of by the SIP half, in order; a dry run
 * ends by the clock.
 *
 *   initiated ──▶ ringing ──▶ answered ──▶ completed          any but the last ──▶ failed, no-answer
 */
#include <stdio.h>
#include <string.h>

#include "sandbox/rest.h"

/* ---- rows ------------------------------------------------------------------------------------ */
static const char columns[] =
    "SELECT tenant_id, initiated_ms, answered_ms, ended_ms, duration, sid, direction, from_number, to_number, status,"
    " dry_run_s FROM calls ";

static void read_call(const struct sandbox_query *q, struct rest_call *c)
{
    *c = (struct rest_call){ .tenant_id = sandbox_query_int(q, 0),
        .initiated_ms = sandbox_query_int(q, 1),
        .answered_ms = sandbox_query_int(q, 2),
        .ended_ms = sandbox_query_int(q, 3),
        .duration_s = sandbox_query_int(q, 4),
        .dry_run_s = sandbox_query_int(q, 10) };
    /* what is longer than its place was not written by us, and becomes "" */
    (void) ix_str_copy(c->sid, sizeof c->sid, sandbox_query_text(q, 5));
    (void) ix_str_copy(c->direction, sizeof c->direction, sandbox_query_text(q, 6));
    (void) ix_str_copy(c->from, sizeof c->from, sandbox_query_text(q, 7));
    (void) ix_str_copy(c->to, sizeof c->to, sandbox_query_text(q, 8));
    (void) ix_str_copy(c->status, sizeof c->status, sandbox_query_text(q, 9));
}

int rest_call_load(struct sandbox_rest *r, int64_t tenant_id, const char *sid, struct rest_call *out)
{
    struct sandbox_query q;
    char sql[256];
    bool found;
    int err;

    *out = (struct rest_call){ 0 };
    (void) snprintf(sql, sizeof sql, "%sWHERE tenant_id = ?1 AND sid = ?2", columns);
    sandbox_query_open(&q, r->state, sql, SANDBOX_ARGS(ARG_INT(tenant_id), ARG_TEXT(sid)));
    found = sandbox_query_row(&q);
    if (found)
        read_call(&q, out);
    err = sandbox_query_end(&q);
    return err ? err : found ? 0 : IRISX_E_NOT_FOUND;
}

/* The platform knows no "busy" and "canceled" (WIRE.md section 8.4): failed; the reason is in the webhook. */
static const char *platform_status(const char *status)
{
    static const char *const known[] = { "initiated", "ringing", "answered", "completed", "failed", "no-answer" };

    for (size_t i = 0; i < IX_COUNT(known); i++) {
        if (!strcmp(status, known[i]))
            return known[i];
    }
    return "failed";
}

/* Words for causes of ITU-T Q.850 as the switch writes them */
static const char *cause_text(uint16_t cause, char number[8])
{
    switch (cause) {
    case 1:
        return "UNALLOCATED_NUMBER";
    case 16:
        return "NORMAL_CLEARING";
    case 17:
        return "USER_BUSY";
    case 18:
        return "NO_USER_RESPONSE";
    case 19:
        return "NO_ANSWER";
    case 20:
        return "SUBSCRIBER_ABSENT";
    case 21:
        return "CALL_REJECTED";
    case 31:
        return "NORMAL_UNSPECIFIED";
    case 41:
        return "NORMAL_TEMPORARY_FAILURE";
    default:
        (void) snprintf(number, 8, "%u", (unsigned) cause);
        return number;
    }
}

int rest_call_emit(struct sandbox_rest *r, const char *event, const struct rest_call *c)
{
    char number[8];
    struct ix_buf b;
    int err;

    ix_buf_init(&b, 4096);
    out_open(&b, NULL, '{');
    out_text(&b, "call_sid", c->sid);
    out_text(&b, "direction", c->direction);
    out_text(&b, "from", c->from);
    out_text(&b, "to", c->to);
    out_text(&b, "status", c->status);
    out_time(&b, "initiated_at", c->initiated_ms);
    out_time(&b, "answered_at", c->answered_ms);
    out_time(&b, "ended_at", c->ended_ms);
    if (c->ended_ms) {
        out_int(&b, "duration", c->duration_s);
        out_text(&b, "hangup_cause", cause_text(c->q850_cause ? c->q850_cause : 16, number));
    }
    if (c->sip_status)
        out_int(&b, "sip_status", c->sip_status);
    out_close(&b, '}');
    err = b.err ? b.err : webhooks_emit(r, c->tenant_id, 0, event, NULL, &b);
    ix_buf_clear(&b);
    return err;
}

/* ---- from the SIP half ----------------------------------------------------------------------- */
/* A row that REST has ended stays "completed", whatever the switch says later; what it did not know is filled in. */
static int store(struct sandbox_rest *r, const struct rest_call *c)
{
    int err = sandbox_run(r->state,
        "INSERT OR IGNORE INTO calls(sid, tenant_id, direction, from_number, to_number, status, initiated_ms)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        SANDBOX_ARGS(ARG_TEXT(c->sid), ARG_INT(c->tenant_id), ARG_TEXT(c->direction), ARG_TEXT(c->from),
            ARG_TEXT(c->to), ARG_TEXT(c->status), ARG_INT(c->initiated_ms)));

    if (err || !strcmp(c->status, "initiated"))
        return err; /* one that REST has placed is "ringing" from the beginning */
    return sandbox_run(r->state,
        "UPDATE calls SET status = CASE WHEN ended_ms IS NULL THEN ?2 ELSE status END,"
        " answered_ms = coalesce(answered_ms, ?3), ended_ms = coalesce(ended_ms, ?4), duration = coalesce(duration, ?5) WHERE sid = ?1",
        SANDBOX_ARGS(ARG_TEXT(c->sid), ARG_TEXT(c->status), ARG_NONZERO(c->answered_ms), ARG_NONZERO(c->ended_ms),
            ARG_NONZERO(c->duration_s)));
}

static const char *event_name(enum sandbox_call_kind kind)
{
    switch (kind) {
    case SANDBOX_CALL_INITIATED:
        return "call.initiated";
    case SANDBOX_CALL_RINGING:
        return "call.ringing";
    case SANDBOX_CALL_ANSWERED:
        return "call.answered";
    case SANDBOX_CALL_COMPLETED:
        return "call.completed";
    case SANDBOX_CALL_FAILED:
        break;
    }
    return "call.failed";
}

static int take_event(struct sandbox_rest *r, const struct sandbox_call_event *ev)
{
    struct rest_call c = { .tenant_id = ev->tenant_id,
        .initiated_ms = ev->initiated_ms,
        .answered_ms = ev->answered_ms,
        .ended_ms = ev->ended_ms,
        .duration_s = ev->duration_s,
        .sip_status = ev->sip_status,
        .q850_cause = ev->q850_cause };
    int err;

    /* the same sizes */
    (void) ix_str_copy(c.sid, sizeof c.sid, ix_str(ev->sid));
    (void) ix_str_copy(c.direction, sizeof c.direction, ix_str(ev->direction));
    (void) ix_str_copy(c.from, sizeof c.from, ix_str(ev->from));
    (void) ix_str_copy(c.to, sizeof c.to, ix_str(ev->to));
    (void) ix_str_copy(c.status, sizeof c.status, ix_str(platform_status(ev->status)));
    err = sandbox_state_exec(r->state, "BEGIN IMMEDIATE");
    if (err)
        return err;
    err = store(r, &c);
    if (!err)
        err = rest_call_emit(r, event_name(ev->kind), &c);
    if (!err)
        return sandbox_state_exec(r->state, "COMMIT");
    (void) sandbox_state_exec(r->state, "ROLLBACK"); /* the first error is the one to tell */
    return err;
}

void sandbox_rest_call_event(struct sandbox_rest *r, const struct sandbox_call_event *ev)
{
    int err = take_event(r, ev);

    if (err)
        ix_log(&r->sb->log, IX_LOG_ERROR, "sandbox", "call %s: %s is lost: %s", ev->sid, event_name(ev->kind),
            ix_error_text(err));
    else
        ix_log(&r->sb->log, IX_LOG_INFO, "sandbox", "call %s from %s to %s: %s", ev->sid, ev->from, ev->to, ev->status);
    rest_clock_wake(r);
}

/* ---- ends ------------------------------------------------------------------------------------ */
int rest_call_end(struct sandbox_rest *r, struct rest_call *c)
{
    int err;

    c->ended_ms = rest_now_ms(r);
    if (c->answered_ms)
        c->duration_s = (c->ended_ms - c->answered_ms + 999) / 1000;
    else if (c->dry_run_s)
        c->duration_s = IX_MIN((c->ended_ms - c->initiated_ms + 999) / 1000, c->dry_run_s);
    (void) ix_str_copy(c->status, sizeof c->status, IX_STR("completed")); /* fits */
    err = sandbox_run(r->state,
        "UPDATE calls SET status = 'completed', ended_ms = ?2, duration = ?3, due_ms = NULL WHERE sid = ?1",
        SANDBOX_ARGS(ARG_TEXT(c->sid), ARG_INT(c->ended_ms), ARG_NONZERO(c->duration_s)));
    if (!err && c->dry_run_s) /* a real call's comes from the SIP half */
        err = rest_call_emit(r, "call.completed", c);
    return err;
}

int rest_calls_due(struct sandbox_rest *r, int64_t now_ms, int64_t *next)
{
    struct sandbox_query q;
    struct rest_call c;
    char sql[256];
    bool found;
    int err;

    (void) snprintf(sql, sizeof sql, "%sWHERE due_ms <= ?1 ORDER BY due_ms LIMIT 1", columns);
    do {
        sandbox_query_open(&q, r->state, sql, SANDBOX_ARGS(ARG_INT(now_ms)));
        found = sandbox_query_row(&q);
        if (found)
            read_call(&q, &c);
        err = sandbox_query_end(&q);
        if (!err && found)
            err = rest_call_end(r, &c);
    } while (!err && found);
    return err ? err
               : sandbox_query_number(
                     r->state, "SELECT min(due_ms) FROM calls WHERE due_ms IS NOT NULL", NULL, 0, INT64_MAX, next);
}

int rest_calls_abandon(struct sandbox_rest *r)
{
    return sandbox_run(r->state,
        "UPDATE calls SET status = CASE WHEN answered_ms IS NULL THEN 'failed' ELSE 'completed' END, ended_ms = ?1,"
        " duration = (?1 - answered_ms + 999) / 1000 WHERE ended_ms IS NULL AND due_ms IS NULL",
        SANDBOX_ARGS(ARG_INT(rest_now_ms(r))));
}
