/* SPDX-License-Identifier: MIT */
/* Parameters to a request: path, query, body, each by walking the operation's rows. */
#include "api/tables.h"

#include <inttypes.h>
#include <string.h>

#include "json/json.h"

#define MAX_PATH 4096
#define MAX_QUERY 16384
#define MAX_BODY IX_API_MAX_BODY
#define MAX_HEADERS 8192

static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

static const char *name_of(const struct ix_api_encoder *e, const struct ix_api_field *f)
{
    return ix_api_text(e->set, f->name);
}

/* ---- path and query ---------------------------------------------------------------------- */

static void put_escaped(struct ix_buf *b, const struct ix_api_cell *c)
{
    char storage[64];

    ix_percent_encode(b, ix_api_scalar_text(c, storage, sizeof storage));
}

/* "/v1/calls/{sid}" with its members in place; checked before: they are there, and no segment is "." */
static void put_path(struct ix_api_encoder *e)
{
    char pattern[IX_API_ROUTE_MAX];
    struct ix_str rest;
    struct ix_str part;

    ix_api_put_path(e->set, e->op->path, pattern);
    rest = ix_str(pattern);
    while (ix_str_cut(&rest, '{', &part)) {
        ix_buf_strv(&e->path, part);
        if (!ix_str_cut(&rest, '}', &part))
            break;
        struct ix_api_walk w = { 0 };
        const struct ix_api_field *f = ix_api_walk_to(e->set, e->type, part, &w);
        struct ix_api_cell c = ix_api_cell(e->set, &e->from, f, w.offset);
        put_escaped(&e->path, &c);
    }
}

static void query_name(struct ix_api_encoder *e, const char *name)
{
    if (e->query.n > 0)
        ix_buf_u8(&e->query, '&');
    ix_percent_encode(&e->query, ix_str(name));
    ix_buf_u8(&e->query, '=');
}

static void query_list(
    struct ix_api_encoder *e, const struct ix_api_field *f, const char *name, const struct ix_api_cell *list)
{
    bool joined = f != NULL && (f->flags & IX_API_CSV) != 0;
    const struct ix_api_field any = { .kind = IX_API_KIND_TEXT };

    for (size_t i = 0; i < list->count; i++) {
        struct ix_api_cell item = ix_api_cell_item(e->set, f != NULL ? f : &any, list, i);
        if (i == 0 || !joined)
            query_name(e, name);
        else
            ix_buf_u8(&e->query, ',');
        put_escaped(&e->query, &item);
    }
}

/* limit=0 is an empty page that says there are more: it is never sent */
static bool is_zero_limit(const struct ix_api_encoder *e, const char *name, const struct ix_api_cell *c)
{
    bool zero = (c->type == IX_CELL_INT && c->i == 0) || (c->type == IX_CELL_TEXT && ix_str_eq(c->text, IX_STR("0")));

    return e->op->paging != IX_API_PAGE_NONE && strcmp(name, "limit") == 0 && zero;
}

static bool paged_by_pager(const struct ix_api_encoder *e, const char *name)
{
    return e->page.on && (strcmp(name, "limit") == 0 || strcmp(name, "page") == 0 || strcmp(name, "offset") == 0);
}

static void query_member(
    struct ix_api_encoder *e, const struct ix_api_field *f, const char *name, const struct ix_api_cell *c)
{
    if (paged_by_pager(e, name) || is_zero_limit(e, name, c))
        return;
    switch (c->type) {
    case IX_CELL_TEXT:
    case IX_CELL_INT:
    case IX_CELL_NUM:
    case IX_CELL_BOOL:
        query_name(e, name);
        put_escaped(&e->query, c);
        break;
    case IX_CELL_LIST:
        query_list(e, f, name, c);
        break;
    case IX_CELL_ABSENT:
    case IX_CELL_NULL: /* a query cannot say null */
    case IX_CELL_OBJECT:
    case IX_CELL_JSON:
    case IX_CELL_FILE:
        break;
    }
}

static bool pages_by_number(enum ix_api_paging p)
{
    return p == IX_API_PAGE_P3 || p == IX_API_PAGE_P4 || p == IX_API_PAGE_P5 || p == IX_API_PAGE_P8;
}

static void query_page(struct ix_api_encoder *e)
{
    if (!e->page.on || e->page.template_only)
        return;
    query_name(e, pages_by_number((enum ix_api_paging) e->op->paging) ? "page" : "offset");
    ix_buf_dec(&e->query, e->page.at);
    if (e->page.limit > 0) {
        query_name(e, "limit");
        ix_buf_dec(&e->query, e->page.limit);
    }
}

static void put_query(struct ix_api_encoder *e)
{
    struct ix_api_walk w = { 0 };

    w.index = (e->seen & IX_API_IN_QUERY) != 0 ? 0 : e->type->count;
    for (const struct ix_api_field *f = ix_api_walk(e->set, e->type, &w); f != NULL;
         f = ix_api_walk(e->set, e->type, &w)) {
        if ((f->flags & IX_API_IN_QUERY) == 0)
            continue;
        struct ix_api_cell c = ix_api_cell(e->set, &e->from, f, w.offset);
        query_member(e, f, name_of(e, f), &c);
    }
    const irisx_value_t *more =
        e->op->body == IX_HTTP_BODY_NONE || e->op->body == IX_HTTP_BODY_RAW ? ix_api_extra(&e->from) : NULL;
    for (const char *k = irisx_value_next_key(more, NULL); k != NULL; k = irisx_value_next_key(more, k)) {
        struct ix_api_cell c = ix_api_cell_of(irisx_value_get(more, k));
        w = (struct ix_api_walk){ 0 };
        if (ix_api_walk_to(e->set, e->type, ix_str(k), &w) == NULL)
            query_member(e, NULL, k, &c);
    }
    query_page(e);
}

/* checked before: no control characters in them */
static void put_headers(struct ix_api_encoder *e)
{
    struct ix_api_walk w = { 0 };
    char storage[64];

    for (const struct ix_api_field *f = ix_api_walk(e->set, e->type, &w); f != NULL;
         f = ix_api_walk(e->set, e->type, &w)) {
        if ((f->flags & IX_API_IN_HEADER) == 0)
            continue;
        struct ix_api_cell c = ix_api_cell(e->set, &e->from, f, w.offset);
        struct ix_str text = ix_api_scalar_text(&c, storage, sizeof storage);
        if (text.n == 0)
            continue;
        ix_buf_str(&e->headers, name_of(e, f));
        ix_buf_str(&e->headers, ": ");
        ix_buf_strv(&e->headers, text);
        ix_buf_str(&e->headers, "\r\n");
    }
}

/* ---- body -------------------------------------------------------------------------------- */

static void put_object(struct ix_buf *b, const struct ix_api_set *s, const struct ix_api_type *t,
    const struct ix_api_source *from, bool top);

/* texts that are numbers on the wire go as they are: they were checked, and no digit is lost */
static bool bare(const struct ix_api_field *f)
{
    return f->kind == IX_API_KIND_ID_NUMBER || f->kind == IX_API_KIND_DECIMAL_NUMBER ||
           f->kind == IX_API_KIND_NUMBER_TEXT_LIST;
}

/* numbers given for members that are texts on the wire */
static bool quoted(const struct ix_api_field *f)
{
    return f->kind == IX_API_KIND_ID || f->kind == IX_API_KIND_DECIMAL;
}

static void put_scalar(struct ix_buf *b, const struct ix_api_field *f, const struct ix_api_cell *c)
{
    if (c->type == IX_CELL_TEXT && bare(f)) {
        ix_buf_strv(b, c->text);
    } else if (c->type == IX_CELL_TEXT) {
        ix_buf_json_str(b, c->text);
    } else if (c->type == IX_CELL_BOOL) {
        ix_buf_str(b, c->i != 0 ? "true" : "false");
    } else {
        ix_buf_str(b, quoted(f) ? "\"" : "");
        if (c->type == IX_CELL_INT)
            ix_buf_fmt(b, "%" PRId64, c->i);
        else
            ix_json_write_num(b, c->d);
        ix_buf_str(b, quoted(f) ? "\"" : "");
    }
}

void ix_api_put_value(
    struct ix_buf *b, const struct ix_api_set *s, const struct ix_api_field *f, const struct ix_api_cell *c)
{
    struct ix_api_source inner;

    switch (c->type) {
    case IX_CELL_ABSENT:
    case IX_CELL_NULL:
        ix_buf_str(b, "null");
        break;
    case IX_CELL_TEXT:
    case IX_CELL_INT:
    case IX_CELL_NUM:
    case IX_CELL_BOOL:
        put_scalar(b, f, c);
        break;
    case IX_CELL_LIST:
        ix_buf_u8(b, '[');
        for (size_t i = 0; i < c->count; i++) {
            struct ix_api_cell item = ix_api_cell_item(s, f, c, i);
            ix_buf_str(b, i > 0 ? "," : "");
            ix_api_put_value(b, s, f, &item);
        }
        ix_buf_u8(b, ']');
        break;
    case IX_CELL_OBJECT:
        inner = ix_api_cell_source(c);
        put_object(b, s, &s->types[f->sub], &inner, false);
        break;
    case IX_CELL_JSON:
        ix_json_write(b, c->value);
        break;
    case IX_CELL_FILE: /* forms only */
        ix_buf_str(b, "null");
        break;
    }
}

static void put_key(struct ix_buf *b, const char *key, bool *first)
{
    ix_buf_str(b, *first ? "" : ",");
    *first = false;
    ix_buf_json_str(b, ix_str(key));
    ix_buf_u8(b, ':');
}

/* Depth is that of the types: finite, since none refers to itself. */
static void put_object(struct ix_buf *b, const struct ix_api_set *s, const struct ix_api_type *t,
    const struct ix_api_source *from, bool top)
{
    struct ix_api_walk w = { 0 };
    bool first = true;

    ix_buf_u8(b, '{');
    for (const struct ix_api_field *f = ix_api_walk(s, t, &w); f != NULL; f = ix_api_walk(s, t, &w)) {
        struct ix_api_cell c = ix_api_cell(s, from, f, w.offset);
        if (c.type == IX_CELL_ABSENT || (top && (f->flags & IX_API_IN_BODY) == 0))
            continue;
        put_key(b, ix_api_text(s, f->name), &first);
        ix_api_put_value(b, s, f, &c);
    }
    const irisx_value_t *more = ix_api_extra(from);
    for (const char *k = irisx_value_next_key(more, NULL); k != NULL; k = irisx_value_next_key(more, k)) {
        if (ix_api_has_member(s, t, k))
            continue;
        put_key(b, k, &first);
        ix_json_write(b, irisx_value_get(more, k));
    }
    ix_buf_u8(b, '}');
}

static bool wants_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

/* ---- checking ---------------------------------------------------------------------------- */

static int refuse(const struct ix_api_encoder *e, const struct ix_api_issues *issues, struct ix_http_error *error)
{
    const struct ix_api_issues one = { .items = { issues->items[0] }, .count = 1, .total = 1 };
    struct ix_buf detail;
    struct ix_buf first;
    irisx_value_t *list = NULL;

    ix_buf_init(&detail, 64 * 1024);
    ix_buf_init(&first, 8192);
    ix_api_issues_detail(issues, &detail);
    ix_api_issues_detail(&one, &first);
    if (first.err == 0)
        (void) ix_json_parse(ix_str_n(first.p, first.n), &list, NULL); /* without it the message is shorter */
    const char *words = irisx_value_get_text(irisx_value_at(list, 0), "message", "not valid");
    char id[IX_API_ID_MAX];
    ix_api_put_id(e->set, e->op, id);
    ix_http_error_set(
        error, IRISX_E_INVALID, IRISX_DOMAIN_LOCAL, "validation", "%s: %s: %s", id, one.items[0].path, words);
    irisx_value_free(list);
    ix_buf_clear(&first);
    error->owned[2] = detail.err == 0 ? ix_buf_take(&detail) : NULL;
    error->info.detail = error->owned[2];
    ix_buf_clear(&detail);
    return IRISX_E_INVALID;
}

static int check_upload(bool raw, const irisx_upload_t *upload, struct ix_http_error *error)
{
    if (raw == (upload != NULL))
        return 0;
    ix_http_error_set(error, IRISX_E_INVALID, IRISX_DOMAIN_LOCAL, "validation", "%s",
        raw ? "the body of this operation is bytes: give them as the option upload"
            : "the body of this operation is made from its parameters: it takes no upload");
    return IRISX_E_INVALID;
}

static int check(struct ix_api_encoder *e, bool strict, struct ix_http_error *error)
{
    struct ix_api_issues issues;
    struct ix_api_check c = { .set = e->set, .issues = &issues, .strict = strict };

    issues.count = issues.total = 0;
    if (e->from.fields == NULL && e->from.value != NULL && irisx_value_type(e->from.value) != IRISX_VALUE_OBJECT) {
        char id[IX_API_ID_MAX];
        ix_api_put_id(e->set, e->op, id);
        ix_http_error_set(
            error, IRISX_E_INVALID, IRISX_DOMAIN_LOCAL, "validation", "%s: parameters must be an object", id);
        return IRISX_E_INVALID;
    }
    const struct ix_api_type *rows = ix_api_rows(e->set, e->op, &e->from);
    ix_api_check_variant(&c, rows, &e->from, e->type);
    if (rows != e->type) { /* a variant has the body's members only */
        c.where = IX_API_IN_PATH | IX_API_IN_QUERY | IX_API_IN_HEADER;
        ix_api_check_type(&c, e->type, &e->from);
    }
    e->seen = c.seen;
    if (strict && e->from.fields == NULL)
        ix_api_check_unknown(&c, e->type, e->from.value);
    return issues.total > 0 ? refuse(e, &issues, error) : 0;
}

/* ---- together ---------------------------------------------------------------------------- */

static int out_of(int err, struct ix_http_error *error)
{
    ix_http_error_set(error, (irisx_error_t) err, IRISX_DOMAIN_LOCAL, NULL, "the request: %s", ix_error_text(err));
    return err;
}

static void wipe_clear(struct ix_buf *b)
{
    if (b->p != NULL)
        ix_wipe(b->p, b->n);
    ix_buf_clear(b);
}

static void clear(struct ix_api_encoder *e)
{
    struct ix_http_request rest = { .parts = e->parts, .part_count = e->part_count, .source = e->source };

    wipe_clear(&e->path);
    wipe_clear(&e->query);
    wipe_clear(&e->headers);
    wipe_clear(&e->body);
    ix_http_request_clear(&rest);
    e->parts = NULL;
    e->part_count = 0;
    e->source = (struct ix_http_source){ 0 };
}

/* *out is NULL for nothing written */
static void take(struct ix_buf *b, char **out, int *err)
{
    bool any = b->n > 0;

    if (*err == 0)
        *err = b->err;
    if (*err == 0 && any) {
        *out = ix_buf_take(b);
        *err = *out == NULL ? IRISX_E_NO_MEMORY : 0;
    }
}

/* moves what was written into *out */
static int finish(
    struct ix_api_encoder *e, const char *method, struct ix_http_request *out, struct ix_http_error *error)
{
    struct ix_http_request r = { .method = method };
    bool form = e->op != NULL && e->op->body == IX_HTTP_BODY_FORM;
    size_t body_len = e->body.n;
    int err = e->err;

    take(&e->path, &r.path, &err);
    take(&e->query, &r.query, &err);
    take(&e->headers, &r.headers, &err);
    take(&e->body, &r.body, &err);
    r.body_len = r.body != NULL ? body_len : 0;
    if (err == 0 && form && r.body == NULL && (r.body = ix_dup_cstr("")) == NULL)
        err = IRISX_E_NO_MEMORY; /* a form of nothing is an empty one, not {} */
    if (err == 0) {
        r.kind = r.body != NULL ? IX_HTTP_BODY_JSON : IX_HTTP_BODY_NONE;
        r.parts = e->parts;
        r.part_count = e->part_count;
        r.source = e->source;
        e->parts = NULL;
        e->part_count = 0;
        e->source = (struct ix_http_source){ 0 };
    }
    clear(e);
    if (err != 0) {
        ix_http_request_clear(&r);
        return out_of(err, error);
    }
    *out = r;
    return 0;
}

static void begin(struct ix_api_encoder *e)
{
    ix_buf_init(&e->path, MAX_PATH);
    ix_buf_init(&e->query, MAX_QUERY);
    ix_buf_init(&e->headers, MAX_HEADERS);
    ix_buf_init(&e->body, MAX_BODY);
}

static bool has_file(const struct ix_api_encoder *e)
{
    struct ix_api_walk w = { 0 };

    for (const struct ix_api_field *f = ix_api_walk(e->set, e->type, &w); f != NULL;
         f = ix_api_walk(e->set, e->type, &w))
        if (f->kind == IX_API_KIND_FILE && ix_api_cell(e->set, &e->from, f, w.offset).type > IX_CELL_NULL)
            return true;
    return false;
}

/* what the operation sends; of one that takes a form with a file or JSON, JSON where no file is given */
static enum ix_http_body body_of(const struct ix_api_encoder *e)
{
    enum ix_http_body body = (enum ix_http_body) e->op->body;

    if (body == IX_HTTP_BODY_MULTIPART && ix_api_media(e->set, e->op)->send != 0 && !has_file(e))
        return IX_HTTP_BODY_JSON;
    return body;
}

static void put_body(struct ix_api_encoder *e, enum ix_http_body body)
{
    switch (body) {
    case IX_HTTP_BODY_NONE:
        if (wants_body(methods[e->op->method]))
            ix_buf_str(&e->body, "{}");
        break;
    case IX_HTTP_BODY_JSON:
        put_object(&e->body, e->set, e->type, &e->from, true);
        break;
    case IX_HTTP_BODY_FORM:
    case IX_HTTP_BODY_MULTIPART:
        ix_api_put_form(e);
        break;
    case IX_HTTP_BODY_RAW:
        break;
    }
}

int ix_api_encode_in(const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_params *params,
    struct ix_http_request *out, struct ix_http_error *error)
{
    struct ix_api_encoder e = { .set = s, .op = op, .type = &s->types[op->params], .page = params->page };

    e.from = (struct ix_api_source){ params->fields, params->extra_at, params->fields == NULL ? params->value : NULL };
    int err = check(&e, params->strict, error);
    if (err == 0)
        err = check_upload(op->body == IX_HTTP_BODY_RAW, params->upload, error);
    if (err != 0)
        return err;
    begin(&e);
    put_path(&e);
    put_query(&e);
    if ((e.seen & IX_API_IN_HEADER) != 0)
        put_headers(&e);
    enum ix_http_body body = body_of(&e);
    put_body(&e, body);
    if (params->upload != NULL)
        e.err = ix_api_source_take(&e.source, params->upload);
    err = finish(&e, methods[op->method], out, error);
    if (err == 0) {
        const struct ix_api_media *media = ix_api_media(s, op);
        if (body != IX_HTTP_BODY_NONE)
            out->kind = body;
        if (body == IX_HTTP_BODY_RAW && out->source.content_type == NULL && media->send != 0)
            out->send = ix_api_text(s, media->send);
        out->accept = media->accept != 0 ? ix_api_text(s, media->accept) : NULL;
        out->keep_redirect = s->statuses[op->status] >= 300;
        out->auth = (enum ix_http_auth) op->auth;
        out->retry = (enum ix_retry_class) op->retry;
    }
    return err;
}

int ix_api_encode(const struct ix_api_op *op, const struct ix_api_params *params, struct ix_http_request *out,
    struct ix_http_error *error)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_encode_in(&s, op, params, out, error);
}

/* ---- raw requests ------------------------------------------------------------------------ */

static bool raw_path_fits(struct ix_str path)
{
    if (path.n == 0 || path.p[0] != '/' || path.n > MAX_PATH)
        return false;
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] <= ' ' || path.p[i] == 0x7f || path.p[i] == '#')
            return false; /* also what is not ASCII: char may be signed */
    return path.n < 2 || path.p[1] != '/';
}

int ix_api_encode_raw(const char *method, const char *path, const irisx_value_t *body, const irisx_upload_t *upload,
    struct ix_http_request *out, struct ix_http_error *error)
{
    struct ix_api_encoder e = { 0 };
    struct ix_str rest = ix_str(path);
    struct ix_str head;
    const char *known = NULL;

    for (size_t i = 0; i < IX_COUNT(methods) && method != NULL; i++)
        known = strcmp(method, methods[i]) == 0 ? methods[i] : known;
    if (known == NULL || !raw_path_fits(rest)) {
        ix_http_error_set(error, IRISX_E_INVALID, IRISX_DOMAIN_LOCAL, "validation",
            known == NULL ? "%s: no such method" : "%s: the path must begin with one '/' and be escaped",
            method != NULL ? method : "NULL");
        return IRISX_E_INVALID;
    }
    if (body != NULL && upload != NULL)
        return check_upload(false, upload, error);
    begin(&e);
    (void) ix_str_cut(&rest, '?', &head); /* the path is not empty */
    ix_buf_strv(&e.path, head);
    ix_buf_strv(&e.query, rest);
    if (body != NULL)
        ix_json_write(&e.body, body);
    else if (upload != NULL)
        e.err = ix_api_source_take(&e.source, upload);
    else if (wants_body(known))
        ix_buf_str(&e.body, "{}");
    int err = finish(&e, known, out, error);
    if (err == 0) {
        if (upload != NULL)
            out->kind = IX_HTTP_BODY_RAW;
        out->auth = IX_HTTP_AUTH_KEY_OR_JWT;
        out->retry = ix_retry_class_of(known);
    }
    return err;
}
