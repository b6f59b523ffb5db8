/* SPDX-License-Identifier: MIT */
/* irisx_api_options_t.dry_run: the request as it would be sent, as a JSON value, without secrets. */
#include <string.h>

#include "client/rest.h"

#define BODY_MAX (16u * 1024 * 1024)

/* value is taken; err sticks */
static void put(int *err, irisx_value_t *object, const char *key, irisx_value_t *value)
{
    if (*err)
        irisx_value_free(value);
    else
        *err = irisx_value_set_take(object, key, value);
}

static void put_buf(int *err, irisx_value_t *object, const char *key, struct ix_buf *text)
{
    ix_buf_u8(text, 0);
    if (!*err)
        *err = text->err;
    put(err, object, key, *err ? NULL : irisx_value_new_text((const char *) text->p));
    ix_buf_clear(text);
}

static void put_url(
    int *err, irisx_value_t *out, const irisx_client_t *c, const struct ix_api_op *api, const struct ix_http_request *q)
{
    struct ix_str base = ix_str(c->o.api_url);
    struct ix_api_info info = { 0 };
    struct ix_buf url, shown;

    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    if (api)
        ix_api_info(api, &info);
    ix_buf_init(&url, BODY_MAX);
    ix_buf_init(&shown, BODY_MAX);
    ix_buf_strv(&url, base);
    ix_buf_str(&url, q->path);
    if (q->query && *q->query)
        ix_buf_fmt(&url, "?%s", q->query);
    ix_redact_url(&shown, ix_str_n(url.p, url.n), info.path);
    if (!shown.err)
        shown.err = url.err;
    ix_buf_clear(&url);
    put_buf(err, out, "url", &shown);
}

static const char *content_type(const struct ix_http_request *q)
{
    switch (q->kind) {
    case IX_HTTP_BODY_NONE:
    case IX_HTTP_BODY_JSON:
        return q->body ? "application/json" : NULL;
    case IX_HTTP_BODY_FORM:
        return "application/x-www-form-urlencoded";
    case IX_HTTP_BODY_MULTIPART:
        return "multipart/form-data";
    case IX_HTTP_BODY_RAW:
        return q->source.content_type ? q->source.content_type : q->send ? q->send : "application/octet-stream";
    }
    return NULL;
}

static void put_header(int *err, irisx_value_t *headers, const char *name, const char *value)
{
    if (value)
        put(err, headers, name, irisx_value_new_text(value));
}

/* "Name: value\r\n" each, redacted */
static void put_own(int *err, irisx_value_t *headers, const char *lines)
{
    struct ix_buf shown;
    struct ix_reader r;
    struct ix_str line;

    ix_buf_init(&shown, 64 * 1024);
    ix_redact_headers(&shown, ix_str(lines));
    r = ix_reader(shown.p, shown.n);
    while (!*err && !shown.err && ix_read_line(&r, &line)) {
        const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
        char *name = colon ? ix_str_dup(ix_str_n(line.p, (size_t) (colon - line.p))) : NULL;
        char *value =
            colon ? ix_str_dup(ix_str_trim(ix_str_n(colon + 1, line.n - (size_t) (colon + 1 - line.p)))) : NULL;

        if (name && value)
            put_header(err, headers, name, value);
        ix_free(name);
        ix_free(value);
    }
    ix_buf_clear(&shown);
}

/* As add_key() of rest_send.c; a key that is made up is another each time, so also here */
static void put_key(int *err, irisx_value_t *headers, const irisx_op_t *op, const struct ix_http_request *q)
{
    const irisx_api_options_t *o = op->options;
    int32_t mode = o && o->idempotency ? o->idempotency : op->client->o.rest->idempotency;
    const struct ix_rng rng = ix_entropy();
    char key[IX_KEY_SIZE];

    if ((q->retry && q->retry != IX_RETRY_UNSAFE) || (!o->idempotency_key && mode == IRISX_IDEMPOTENCY_OFF))
        return;
    if (!o->idempotency_key)
        ix_idempotency_key(&rng, key);
    put_header(err, headers, "Idempotency-Key", o->idempotency_key ? o->idempotency_key : key);
}

static irisx_value_t *headers_of(int *err, const irisx_op_t *op, const struct ix_http_request *q)
{
    irisx_value_t *v = irisx_value_new_object();
    const irisx_client_t *c = op->client;
    const char *accept = op->options->accept ? op->options->accept : q->accept;
    bool key = c->o.api_key && (q->auth == IX_HTTP_AUTH_KEY || q->auth == IX_HTTP_AUTH_KEY_OR_JWT);

    if (!v) {
        *err = IRISX_E_NO_MEMORY;
        return NULL;
    }
    put_header(err, v, "Accept", accept && *accept ? accept : "application/json");
    put_header(err, v, "User-Agent", c->agent);
    put_header(err, v, "Content-Type", content_type(q));
    if (key || q->auth == IX_HTTP_AUTH_KEY)
        put_header(err, v, "X-API-Key", "***");
    else if (q->auth != IX_HTTP_AUTH_NONE)
        put_header(err, v, "Authorization", "Bearer ***");
    if (q->headers)
        put_own(err, v, q->headers);
    put_key(err, v, op, q);
    return v;
}

static irisx_value_t *part_of(int *err, const struct ix_http_part *p)
{
    irisx_value_t *v = irisx_value_new_object();
    bool secret = ix_secret_key(ix_str(p->name));

    put(err, v, "name", irisx_value_new_text(p->name));
    if (p->source.path)
        put(err, v, "file", irisx_value_new_text(p->source.path));
    else if (p->source.data && !p->source.file_name)
        put(err, v, "text", irisx_value_new_text(secret ? "***" : p->source.data));
    if (p->source.content_type)
        put(err, v, "content_type", irisx_value_new_text(p->source.content_type));
    return v;
}

static void put_parts(int *err, irisx_value_t *out, const struct ix_http_request *q)
{
    irisx_value_t *list = irisx_value_new_array();

    for (size_t i = 0; !*err && list && i < q->part_count; i++)
        *err = irisx_value_add_take(list, part_of(err, &q->parts[i]));
    put(err, out, "body", list);
}

static void put_json(int *err, irisx_value_t *out, const struct ix_http_request *q)
{
    struct ix_buf shown;
    irisx_value_t *value = NULL;

    ix_buf_init(&shown, BODY_MAX);
    ix_redact_json(&shown, ix_str_n(q->body, q->body_len));
    if (!*err)
        *err = shown.err;
    if (!*err && irisx_value_parse((const char *) shown.p, shown.n, &value, NULL))
        value = irisx_value_new_null();
    ix_buf_clear(&shown);
    put(err, out, "body", value);
}

static void put_body(int *err, irisx_value_t *out, const struct ix_http_request *q)
{
    struct ix_buf shown;

    if (q->kind == IX_HTTP_BODY_MULTIPART) {
        put_parts(err, out, q);
    } else if (q->kind == IX_HTTP_BODY_RAW) {
        put(err, out, "body", irisx_value_new_object());
        if (!*err && q->source.path)
            put(err, (irisx_value_t *) irisx_value_get(out, "body"), "file", irisx_value_new_text(q->source.path));
    } else if (q->kind == IX_HTTP_BODY_FORM && q->body) {
        ix_buf_init(&shown, BODY_MAX);
        ix_redact_query(&shown, ix_str_n(q->body, q->body_len));
        put_buf(err, out, "body", &shown);
    } else if (q->body) {
        put_json(err, out, q);
    }
}

void ix_preview(irisx_op_t *op, const struct ix_api_op *api, const struct ix_http_request *q)
{
    irisx_value_t *v = irisx_value_new_object();
    int err = v ? 0 : IRISX_E_NO_MEMORY;

    if (v) {
        put(&err, v, "method", irisx_value_new_text(q->method));
        put_url(&err, v, op->client, api, q);
        put(&err, v, "headers", headers_of(&err, op, q));
        put_body(&err, v, q);
    }
    if (err) {
        irisx_value_free(v);
        ix_op_finish_code(op, err, NULL);
        return;
    }
    op->answer.root = v;
    ix_op_finish(op, NULL);
}
