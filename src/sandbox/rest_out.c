/* SPDX-License-Identifier: MIT */
/* JSON out: members with the comma that is needed, rows of a query, and the platform's shapes of errors. */
#include <inttypes.h>
#include <string.h>

#include "sandbox/rest.h"

/* ---- members --------------------------------------------------------------------------------- */
/* behind anything but an opening bracket or a key there is a comma */
static void lead(struct ix_buf *b, const char *key)
{
    if (b->n && !strchr("{[:", b->p[b->n - 1]))
        ix_buf_u8(b, ',');
    if (key) {
        ix_buf_json_str(b, ix_str(key));
        ix_buf_u8(b, ':');
    }
}

void out_open(struct ix_buf *b, const char *key, char bracket)
{
    lead(b, key);
    ix_buf_u8(b, (uint8_t) bracket);
}

void out_close(struct ix_buf *b, char bracket)
{
    ix_buf_u8(b, (uint8_t) bracket);
}

void out_str(struct ix_buf *b, const char *key, struct ix_str value)
{
    lead(b, key);
    if (value.p)
        ix_buf_json_str(b, value);
    else
        ix_buf_str(b, "null");
}

void out_text(struct ix_buf *b, const char *key, const char *value)
{
    out_str(b, key, value ? ix_str(value) : IX_STR_NONE);
}

void out_int(struct ix_buf *b, const char *key, int64_t value)
{
    lead(b, key);
    ix_buf_fmt(b, "%" PRId64, value);
}

void out_id(struct ix_buf *b, const char *key, int64_t value)
{
    lead(b, key);
    ix_buf_fmt(b, "\"%" PRId64 "\"", value);
}

void out_bool(struct ix_buf *b, const char *key, bool value)
{
    lead(b, key);
    ix_buf_str(b, value ? "true" : "false");
}

void out_null(struct ix_buf *b, const char *key)
{
    lead(b, key);
    ix_buf_str(b, "null");
}

void out_time(struct ix_buf *b, const char *key, int64_t ms)
{
    char text[25];

    ix_time_iso8601(ms * 1000, text);
    out_text(b, key, ms ? text : NULL);
}

void out_raw(struct ix_buf *b, const char *key, struct ix_str json)
{
    lead(b, key);
    ix_buf_strv(b, json);
}

void out_value(struct ix_buf *b, const char *key, const irisx_value_t *v)
{
    lead(b, key);
    ix_json_write(b, v);
}

/* ---- rows ------------------------------------------------------------------------------------ */
static void out_cell(struct ix_buf *b, const struct sandbox_query *q, int at, const struct out_column *c)
{
    if (sandbox_query_null(q, at)) {
        out_null(b, c->key);
        return;
    }
    switch (c->kind) {
    case OUT_TEXT:
        out_str(b, c->key, sandbox_query_text(q, at));
        break;
    case OUT_INT:
        out_int(b, c->key, sandbox_query_int(q, at));
        break;
    case OUT_ID:
        out_id(b, c->key, sandbox_query_int(q, at));
        break;
    case OUT_BOOL:
        out_bool(b, c->key, sandbox_query_int(q, at) != 0);
        break;
    case OUT_TIME:
        out_time(b, c->key, sandbox_query_int(q, at));
        break;
    case OUT_JSON:
        out_raw(b, c->key, sandbox_query_text(q, at));
        break;
    }
}

void out_row(struct ix_buf *b, const struct sandbox_query *q, const struct out_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out_cell(b, q, (int) i, &columns[i]);
}

int out_rows(struct ix_buf *b, const char *key, struct sandbox_query *q, const struct out_column *columns, size_t count)
{
    int rows = 0, err;

    out_open(b, key, '[');
    for (; sandbox_query_row(q); rows++) {
        out_open(b, NULL, '{');
        out_row(b, q, columns, count);
        out_close(b, '}');
    }
    out_close(b, ']');
    err = sandbox_query_end(q);
    return err ? err : rows;
}

/* ---- errors ---------------------------------------------------------------------------------- */
static struct ix_buf *error_begin(struct rest_exchange *x, int status)
{
    x->status = status;
    ix_buf_reset(&x->out);
    out_open(&x->out, NULL, '{');
    return &x->out;
}

int rest_error(struct rest_exchange *x, int status, const char *error)
{
    struct ix_buf *b = error_begin(x, status);

    if (x->route->shape == REST_E5)
        out_bool(b, "success", false);
    out_text(b, "error", error);
    out_close(b, '}');
    return 0;
}

int rest_refuse(struct rest_exchange *x, int status, const char *error, const char *message, const char *code)
{
    struct ix_buf *b = error_begin(x, status);

    out_text(b, "error", error);
    out_text(b, "message", message);
    if (code)
        out_text(b, "code", code);
    out_close(b, '}');
    return 0;
}

/* {"error":"from, to are required"}: the routes without zod name what is missing, or what is wrong first */
static int invalid_short(struct rest_exchange *x, const struct ix_api_issues *issues)
{
    char storage[512];
    struct ix_buf text;
    size_t missing = 0;

    ix_buf_init_fixed(&text, storage, sizeof storage - 1);
    for (size_t i = 0; i < issues->count; i++) {
        if (issues->items[i].kind == IX_API_MISSING)
            ix_buf_fmt(&text, "%s%s", missing++ ? ", " : "Missing required fields: ", issues->items[i].path);
    }
    if (!missing && issues->items[0].kind == IX_API_WRONG_TYPE)
        ix_buf_fmt(&text, "%s: Expected %s, received %s", *issues->items[0].path ? issues->items[0].path : "body",
            issues->items[0].expected, issues->items[0].received);
    else if (!missing)
        ix_buf_fmt(&text, "%s: Invalid", issues->items[0].path);
    storage[text.n] = 0;
    return rest_error(x, 400, storage);
}

int rest_invalid(struct rest_exchange *x, const struct ix_api_issues *issues)
{
    struct ix_buf *b;

    if (x->route->shape == REST_E3 || x->route->shape == REST_E4)
        return invalid_short(x, issues);
    b = error_begin(x, 400);
    if (x->route->shape == REST_E5) {
        out_bool(b, "success", false);
        out_text(b, "error", "Validation failed");
    } else {
        out_text(b, "error", "Bad Request");
        out_text(b, "message", "Validation failed");
        out_text(b, "code", "VALIDATION_ERROR");
    }
    ix_buf_str(b, ",\"details\":");
    ix_api_issues_zod(issues, b);
    out_close(b, '}');
    return 0;
}

int rest_failed(struct rest_exchange *x, const char *message)
{
    struct ix_buf *b;

    ix_buf_reset(&x->headers);
    if (x->route->shape == REST_E1)
        return rest_refuse(x, 500, "Internal Server Error", x->route->failed, x->route->code);
    b = error_begin(x, 500);
    if (x->route->shape == REST_E5)
        out_bool(b, "success", false);
    out_text(b, "error", x->route->failed);
    if (x->route->shape != REST_E4)
        out_text(b, "message", message);
    out_close(b, '}');
    return 0;
}
