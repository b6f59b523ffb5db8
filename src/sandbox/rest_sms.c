/* SPDX-License-Identifier: MIT */
/*
 * /v1/sms (contract WIRE.md section 8.5): messages go on after the answer.
 *
 *   queued ──100 ms──▶ sent ──300 ms──▶ delivered          queued ──▶ failed: the destination is no telephone number
 *
 * A dry run stays at sent. What goes to a number of the same tenant arrives there as an inbound message.
 */
#include <string.h>

#include "sandbox/rest.h"

#define SENT_AFTER_MS 100
#define DELIVERED_AFTER_MS 300
#define KEEP_MESSAGES 100000 /* older ones are forgotten */
#define MAX_TEXT 65536 /* bytes; 420 segments and more: no carrier takes that */

struct message { /* one row, what events and steps need of it */
    int64_t id, tenant_id, from_id, to_id, segments, media, queued_ms, sent_ms, delivered_ms, failed_ms;
    char sid[35], direction[12], status[16], from[64], to[64], error_code[32], error_message[192], media_urls[2048];
    char *body; /* owned */
    bool dry_run;
};

static const char message_sql[] =
    "SELECT id, tenant_id, from_number_id, to_number_id, num_segments, num_media, queued_ms, sent_ms, delivered_ms, failed_ms, sid, direction,"
    " status, from_number, to_number, error_code, error_message, body, dry_run, media_urls FROM sms_messages WHERE id = ?1";

static int read_message(const struct sandbox_query *q, struct message *m)
{
    int64_t *const numbers[] = { &m->id, &m->tenant_id, &m->from_id, &m->to_id, &m->segments, &m->media, &m->queued_ms,
        &m->sent_ms, &m->delivered_ms, &m->failed_ms };

    *m = (struct message){ 0 };
    for (size_t i = 0; i < IX_COUNT(numbers); i++)
        *numbers[i] = sandbox_query_int(q, (int) i);
    /* from and to are checked when they come in; the rest is ours */
    (void) ix_str_copy(m->sid, sizeof m->sid, sandbox_query_text(q, 10));
    (void) ix_str_copy(m->direction, sizeof m->direction, sandbox_query_text(q, 11));
    (void) ix_str_copy(m->status, sizeof m->status, sandbox_query_text(q, 12));
    (void) ix_str_copy(m->from, sizeof m->from, sandbox_query_text(q, 13));
    (void) ix_str_copy(m->to, sizeof m->to, sandbox_query_text(q, 14));
    (void) ix_str_copy(m->error_code, sizeof m->error_code, sandbox_query_text(q, 15));
    (void) ix_str_copy(m->error_message, sizeof m->error_message, sandbox_query_text(q, 16));
    (void) ix_str_copy(
        m->media_urls, sizeof m->media_urls, sandbox_query_text(q, 19)); /* too long: the event goes without */
    m->dry_run = sandbox_query_int(q, 18) != 0;
    m->body = ix_str_dup(sandbox_query_text(q, 17));
    return m->body ? 0 : IRISX_E_NO_MEMORY;
}

static int load(struct sandbox_rest *r, int64_t id, struct message *m)
{
    struct sandbox_query q;
    int err = IRISX_E_NOT_FOUND, closed;

    *m = (struct message){ 0 };
    sandbox_query_open(&q, r->state, message_sql, SANDBOX_ARGS(ARG_INT(id)));
    if (sandbox_query_row(&q))
        err = read_message(&q, m);
    closed = sandbox_query_end(&q);
    return closed ? closed : err;
}

/* ---- webhooks sms.* -------------------------------------------------------------------------- */
static int emit(struct sandbox_rest *r, const struct message *m, const char *event)
{
    struct ix_buf b;
    int err;

    ix_buf_init(&b, MAX_TEXT * 8);
    out_open(&b, NULL, '{');
    out_id(&b, "id", m->id);
    out_text(&b, "message_sid", m->sid);
    out_text(&b, "direction", m->direction);
    out_text(&b, "from", m->from);
    out_text(&b, "to", m->to);
    out_text(&b, "body", m->body);
    out_raw(&b, "media_urls", *m->media_urls ? ix_str(m->media_urls) : IX_STR("[]"));
    out_text(&b, "status", m->status);
    out_int(&b, "segments", m->segments);
    out_time(&b, "queued_at", m->queued_ms);
    out_time(&b, "sent_at", m->sent_ms);
    out_time(&b, "delivered_at", m->delivered_ms);
    if (*m->error_code) {
        out_text(&b, "error_code", m->error_code);
        out_text(&b, "error_message", m->error_message);
        out_time(&b, "failed_at", m->failed_ms);
    }
    out_close(&b, '}');
    err = b.err ? b.err : webhooks_emit(r, m->tenant_id, 0, event, NULL, &b);
    ix_buf_clear(&b);
    return err;
}

static int emit_row(struct sandbox_rest *r, int64_t id, const char *event)
{
    struct message m;
    int err = load(r, id, &m);

    if (!err)
        err = emit(r, &m, event);
    ix_free(m.body);
    return err;
}

/* ---- steps ----------------------------------------------------------------------------------- */
/* E.164, or a short code */
static bool is_number(const char *text)
{
    struct ix_str s = ix_str(text);

    if (s.n && s.p[0] == '+')
        s = ix_str_slice(s, 1, s.n);
    if (s.n < 3 || s.n > 15 || s.p[0] == '0')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return true;
}

static int fail(struct sandbox_rest *r, const struct message *m, int64_t now)
{
    char text[128];
    struct ix_buf b;
    int err;

    ix_buf_init_fixed(&b, text, sizeof text - 1);
    ix_buf_fmt(&b, "Invalid 'To' Phone Number: %s", m->to);
    text[b.n] = 0;
    err = sandbox_run(r->state,
        "UPDATE sms_messages SET status = 'failed', failed_ms = ?2, updated_ms = ?2, error_code = '21211',"
        " error_message = ?3, due_ms = NULL WHERE id = ?1",
        SANDBOX_ARGS(ARG_INT(m->id), ARG_INT(now), ARG_TEXT(text)));
    return err ? err : emit_row(r, m->id, "sms.failed");
}

static int mark_sent(struct sandbox_rest *r, const struct message *m, int64_t now)
{
    int err = sandbox_run(r->state,
        "UPDATE sms_messages SET status = 'sent', sent_ms = ?2, updated_ms = ?2, carrier = 'sandbox',"
        " price = printf('%.4f', 0.0075 * num_segments), price_unit = 'USD', due_ms = ?3 WHERE id = ?1",
        SANDBOX_ARGS(ARG_INT(m->id), ARG_INT(now), m->dry_run ? ARG_NULL : ARG_INT(now + DELIVERED_AFTER_MS)));

    return err ? err : emit_row(r, m->id, "sms.sent");
}

static int arrive(struct sandbox_rest *r, const struct message *m, int64_t now)
{
    char sid[35];
    int err;

    rest_hex_id(r, "SM", sid);
    err = sandbox_run(r->state,
        "INSERT INTO sms_messages(sid, tenant_id, direction, from_number, to_number, from_number_id, to_number_id, body,"
        " media_urls, num_media, num_segments, status, created_ms, updated_ms)"
        " SELECT ?2, tenant_id, 'inbound', from_number, to_number, from_number_id, to_number_id, body, media_urls, num_media, num_segments,"
        " 'received', ?3, ?3 FROM sms_messages WHERE id = ?1",
        SANDBOX_ARGS(ARG_INT(m->id), ARG_TEXT(sid), ARG_INT(now)));
    return err ? err : emit_row(r, sandbox_last_id(r->state), "sms.received");
}

static int deliver(struct sandbox_rest *r, const struct message *m, int64_t now)
{
    int err = sandbox_run(r->state,
        "UPDATE sms_messages SET status = 'delivered', delivered_ms = ?2, updated_ms = ?2, due_ms = NULL WHERE id = ?1",
        SANDBOX_ARGS(ARG_INT(m->id), ARG_INT(now)));

    if (!err)
        err = emit_row(r, m->id, "sms.delivered");
    return err || !m->to_id ? err : arrive(r, m, now);
}

static int step(struct sandbox_rest *r, int64_t id, int64_t now)
{
    struct message m;
    int err = load(r, id, &m);

    if (!err && !strcmp(m.status, "queued"))
        err = is_number(m.to) ? mark_sent(r, &m, now) : fail(r, &m, now);
    else if (!err)
        err = deliver(r, &m, now);
    ix_free(m.body);
    return err;
}

int rest_sms_due(struct sandbox_rest *r, int64_t now_ms, int64_t *next)
{
    int64_t id;
    int err;

    do {
        err =
            sandbox_query_number(r->state, "SELECT id FROM sms_messages WHERE due_ms <= ?1 ORDER BY due_ms, id LIMIT 1",
                SANDBOX_ARGS(ARG_INT(now_ms)), 0, &id);
        if (!err && id)
            err = step(r, id, now_ms);
    } while (!err && id);
    return err ? err
               : sandbox_query_number(r->state, "SELECT min(due_ms) FROM sms_messages WHERE due_ms IS NOT NULL", NULL,
                     0, INT64_MAX, next);
}

/* ---- send ------------------------------------------------------------------------------------ */
static int own_number(struct rest_exchange *x, const char *number, int64_t *id)
{
    return sandbox_query_number(x->r->state,
        "SELECT id FROM phone_numbers WHERE tenant_id = ?1 AND number = ?2 AND status = 'active'",
        SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_TEXT(number)), 0, id);
}

static int insert(struct rest_exchange *x, const struct message *m, const struct ix_buf *media)
{
    int err = sandbox_run(x->r->state,
        "INSERT INTO sms_messages(sid, tenant_id, direction, from_number, to_number, from_number_id, to_number_id,"
        " body, media_urls, num_media, num_segments, status, queued_ms, created_ms, updated_ms, dry_run, due_ms)"
        " VALUES(?1, ?2, 'outbound', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'queued', ?11, ?11, ?11, ?12, ?13)",
        SANDBOX_ARGS(ARG_TEXT(m->sid), ARG_INT(x->caller.tenant_id), ARG_TEXT(m->from), ARG_TEXT(m->to),
            ARG_INT(m->from_id), ARG_NONZERO(m->to_id), ARG_TEXT(m->body), ARG_STR(ix_str_n(media->p, media->n)),
            ARG_INT(m->media), ARG_INT(m->segments), ARG_INT(m->queued_ms), ARG_INT(m->dry_run),
            ARG_INT(m->queued_ms + SENT_AFTER_MS)));
    int64_t id = sandbox_last_id(x->r->state);

    if (!err)
        err = sandbox_run(
            x->r->state, "DELETE FROM sms_messages WHERE id <= ?1", SANDBOX_ARGS(ARG_INT(id - KEEP_MESSAGES)));
    return err ? err : emit_row(x->r, id, "sms.queued");
}

static int answer_sent(struct rest_exchange *x, const struct message *m)
{
    struct ix_buf *b = &x->out;

    x->status = 201;
    out_open(b, NULL, '{');
    out_text(b, "message", "SMS sent successfully");
    out_open(b, "sms", '{');
    out_text(b, "sid", m->sid);
    out_text(b, "status", "queued");
    out_text(b, "from", m->from);
    out_text(b, "to", m->to);
    out_text(b, "body", m->body);
    out_int(b, "numMedia", m->media);
    out_int(b, "numSegments", m->segments);
    out_time(b, "queuedAt", m->queued_ms);
    out_close(b, '}');
    out_close(b, '}');
    return b->err;
}

static int put_message(struct rest_exchange *x, struct message *m)
{
    const irisx_value_t *urls = irisx_value_get(x->body, "mediaUrls");
    struct ix_buf media;
    int err;

    rest_hex_id(x->r, "SM", m->sid);
    m->queued_ms = rest_now_ms(x->r);
    m->segments = (int64_t) rest_sms_segments(ix_str(m->body));
    m->media = (int64_t) irisx_value_count(urls);
    m->dry_run = irisx_value_get_bool(x->body, "dry_run", 0);
    ix_buf_init(&media, MAX_TEXT);
    if (urls)
        ix_json_write(&media, urls);
    else
        ix_buf_str(&media, "[]");
    err = media.err ? media.err : insert(x, m, &media);
    ix_buf_clear(&media);
    return err ? err : answer_sent(x, m);
}

int rest_sms_send(struct rest_exchange *x)
{
    struct ix_str from = ix_json_get_str(x->body, "from"), to = ix_json_get_str(x->body, "to"),
                  text = ix_json_get_str(x->body, "message");
    struct message m = { 0 };
    int err;

    if (!from.n || !to.n || !text.n)
        return rest_error(x, 400, "Missing required fields: from, to, message");
    if (text.n > MAX_TEXT)
        return rest_error(x, 400, "message: too long");
    if (ix_str_copy(m.to, sizeof m.to, to))
        return rest_error(x, 400, "to: too long");
    err = ix_str_copy(m.from, sizeof m.from, from) ? 0 : own_number(x, m.from, &m.from_id);
    if (!err && !m.from_id)
        return rest_failed(x, "Invalid sender phone number or SMS not enabled");
    if (!err)
        err = own_number(x, m.to, &m.to_id);
    m.body = err ? NULL : ix_str_dup(text);
    if (!err)
        err = m.body ? put_message(x, &m) : IRISX_E_NO_MEMORY;
    ix_free(m.body);
    rest_clock_wake(x->r);
    return err;
}

/* ---- list, get ------------------------------------------------------------------------------- */
/* clang-format off */
#define ROW_SQL \
    "SELECT id, sid, tenant_id, direction, from_number, to_number, from_number_id, to_number_id, body, media_urls," \
    " num_media, num_segments, status, carrier, price, price_unit, error_code, error_message, '{}', queued_ms, sent_ms," \
    " delivered_ms, failed_ms, created_ms, updated_ms, NULL FROM sms_messages WHERE tenant_id = ?1 "
/* clang-format on */
static const struct out_column row_columns[] = { { "id", OUT_ID }, { "message_sid", OUT_TEXT }, { "tenant_id", OUT_ID },
    { "direction", OUT_TEXT }, { "from_number", OUT_TEXT }, { "to_number", OUT_TEXT },
    { "from_phone_number_id", OUT_ID }, { "to_phone_number_id", OUT_ID }, { "body", OUT_TEXT },
    { "media_urls", OUT_JSON }, { "num_media", OUT_INT }, { "num_segments", OUT_INT }, { "status", OUT_TEXT },
    { "carrier", OUT_TEXT }, { "price", OUT_TEXT }, { "price_unit", OUT_TEXT }, { "error_code", OUT_TEXT },
    { "error_message", OUT_TEXT }, { "metadata", OUT_JSON }, { "queued_at", OUT_TIME }, { "sent_at", OUT_TIME },
    { "delivered_at", OUT_TIME }, { "failed_at", OUT_TIME }, { "created_at", OUT_TIME }, { "updated_at", OUT_TIME },
    { "template_id", OUT_ID } };
#define FILTER "AND (?2 IS NULL OR direction = ?2) AND (?3 IS NULL OR status = ?3) "

static void out_pages(struct ix_buf *b, int64_t page, int64_t limit, int64_t total)
{
    out_open(b, "pagination", '{');
    out_int(b, "page", page);
    out_int(b, "limit", limit);
    out_int(b, "total", total);
    if (limit)
        out_int(b, "pages", (total + limit - 1) / limit);
    else
        out_null(b, "pages"); /* infinity, as JavaScript writes it */
    out_close(b, '}');
}

int rest_sms_list(struct rest_exchange *x)
{
    char direction[16], status[32];
    const struct sandbox_arg tenant = ARG_INT(x->caller.tenant_id);
    const struct sandbox_arg to_where =
        rest_query(x, "direction", direction, sizeof direction) && *direction ? ARG_TEXT(direction) : ARG_NULL;
    const struct sandbox_arg in_what =
        rest_query(x, "status", status, sizeof status) && *status ? ARG_TEXT(status) : ARG_NULL;
    int64_t page, limit, total;
    struct sandbox_query q;
    int err;

    if (rest_query_number(x, "page", 1, &page) || rest_query_number(x, "limit", 50, &limit))
        return rest_failed(x, "invalid input syntax for type bigint: \"NaN\"");
    if (!page)
        return rest_failed(x, "OFFSET must not be negative");
    err = sandbox_query_number(x->r->state, "SELECT count(*) FROM sms_messages WHERE tenant_id = ?1 " FILTER,
        SANDBOX_ARGS(tenant, to_where, in_what), 0, &total);
    if (err)
        return err;
    out_open(&x->out, NULL, '{');
    sandbox_query_open(&q, x->r->state, ROW_SQL FILTER "ORDER BY id DESC LIMIT ?4 OFFSET ?5",
        SANDBOX_ARGS(tenant, to_where, in_what, ARG_INT(limit), ARG_INT((page - 1) * limit)));
    err = out_rows(&x->out, "messages", &q, row_columns, IX_COUNT(row_columns));
    out_pages(&x->out, page, limit, total);
    out_close(&x->out, '}');
    return err < 0 ? err : 0;
}

int rest_sms_get(struct rest_exchange *x)
{
    struct sandbox_query q;
    int64_t id;
    bool found;
    int err;

    if (rest_path_id(x, &id))
        return rest_not_bigint(x);
    sandbox_query_open(&q, x->r->state, ROW_SQL "AND id = ?2", SANDBOX_ARGS(ARG_INT(x->caller.tenant_id), ARG_INT(id)));
    found = sandbox_query_row(&q);
    if (found) {
        out_open(&x->out, NULL, '{');
        out_open(&x->out, "message", '{');
        out_row(&x->out, &q, row_columns, IX_COUNT(row_columns));
        out_close(&x->out, '}');
        out_close(&x->out, '}');
    }
    err = sandbox_query_end(&q);
    return err || found ? err : rest_error(x, 404, "Message not found");
}
