/* SPDX-License-Identifier: MIT */
/* Parameters to a request: path, query, body, each by walking the operation's rows. */
#include "api/tables.h"

#include <inttypes.h>
#include <string.h>

#include "json/json.h"

#define MAX_PATH 4096
#define MAX_QUERY 16384
#define MAX_BODY ((size_t) 8 << 20)

struct encoder {
    const struct ix_api_set *set;
    const struct ix_api_op *op;
    const struct ix_api_type *type; /* all rows of the parameters */
    struct ix_api_source from;
    struct ix_api_page page;
    struct ix_buf path, query, body;
};

static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

static const char *name_of(const struct encoder *e, const struct ix_api_field *f)
{
    return ix_api_name(e->set, f->name);
}

static const struct ix_api_field *field_named(const struct encoder *e, struct ix_str name)
{
    for (size_t i = 0; i < e->type->count; i++) {
        const struct ix_api_field *f = &e->set->fields[e->type->first + i];
        if (ix_str_eq(name, ix_str(name_of(e, f))))
            return f;
    }
    return NULL;
}

/* ---- path and query ---------------------------------------------------------------------- */

/* a scalar as it stands in an address, escaped */
static void put_escaped(struct ix_buf *b, const struct ix_api_cell *c)
{
    char storage[64];
    struct ix_buf text;

    ix_buf_init_fixed(&text, storage, sizeof storage);
    if (c->type == IX_CELL_INT)
        ix_buf_fmt(&text, "%" PRId64, c->i);
    else if (c->type == IX_CELL_NUM)
        ix_json_write_num(&text, c->d);
    else if (c->type == IX_CELL_BOOL)
        ix_buf_str(&text, c->i != 0 ? "true" : "false");
    ix_percent_encode(b, c->type == IX_CELL_TEXT ? c->text : ix_str_n(text.p, text.n));
}

/* "/v1/calls/{sid}" with its members in place; checked before: they are there, and no segment is "." */
static void put_path(struct encoder *e)
{
    struct ix_str rest = ix_str(ix_api_text(e->set, e->op->path));
    struct ix_str part;

    while (ix_str_cut(&rest, '{', &part)) {
        ix_buf_strv(&e->path, part);
        if (!ix_str_cut(&rest, '}', &part))
            break;
        struct ix_api_cell c = ix_api_cell(e->set, &e->from, field_named(e, part));
        put_escaped(&e->path, &c);
    }
}

static void query_name(struct encoder *e, const char *name)
{
    if (e->query.n > 0)
        ix_buf_u8(&e->query, '&');
    ix_percent_encode(&e->query, ix_str(name));
    ix_buf_u8(&e->query, '=');
}

static void query_list(
    struct encoder *e, const struct ix_api_field *f, const char *name, const struct ix_api_cell *list)
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
static bool is_zero_limit(const struct encoder *e, const char *name, const struct ix_api_cell *c)
{
    bool zero = (c->type == IX_CELL_INT && c->i == 0) || (c->type == IX_CELL_TEXT && ix_str_eq(c->text, IX_STR("0")));

    return e->op->paging != IX_API_PAGE_NONE && strcmp(name, "limit") == 0 && zero;
}

static bool paged_by_pager(const struct encoder *e, const char *name)
{
    return e->page.on && (strcmp(name, "limit") == 0 || strcmp(name, "page") == 0 || strcmp(name, "offset") == 0);
}

static void query_member(struct encoder *e, const struct ix_api_field *f, const char *name, const struct ix_api_cell *c)
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
        break;
    }
}

static bool pages_by_number(enum ix_api_paging p)
{
    return p == IX_API_PAGE_P3 || p == IX_API_PAGE_P4 || p == IX_API_PAGE_P5 || p == IX_API_PAGE_P8;
}

static void query_page(struct encoder *e)
{
    if (!e->page.on)
        return;
    query_name(e, pages_by_number((enum ix_api_paging) e->op->paging) ? "page" : "offset");
    ix_buf_dec(&e->query, e->page.at);
    if (e->page.limit > 0) {
        query_name(e, "limit");
        ix_buf_dec(&e->query, e->page.limit);
    }
}

static void put_query(struct encoder *e)
{
    for (size_t i = 0; i < e->type->count; i++) {
        const struct ix_api_field *f = &e->set->fields[e->type->first + i];
        struct ix_api_cell c = ix_api_cell(e->set, &e->from, f);
        if ((f->flags & IX_API_IN_QUERY) != 0)
            query_member(e, f, name_of(e, f), &c);
    }
    const irisx_value_t *more = e->op->has_body ? NULL : ix_api_extra(&e->from);
    for (const char *k = irisx_value_next_key(more, NULL); k != NULL; k = irisx_value_next_key(more, k)) {
        struct ix_api_cell c = ix_api_cell_of(irisx_value_get(more, k));
        if (field_named(e, ix_str(k)) == NULL)
            query_member(e, NULL, k, &c);
    }
    query_page(e);
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

static void put_value(
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
            put_value(b, s, f, &item);
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
    }
}

static bool is_member(const struct ix_api_set *s, const struct ix_api_type *t, const char *key)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(ix_api_name(s, s->fields[t->first + i].name), key) == 0)
            return true;
    return false;
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
    bool first = true;

    ix_buf_u8(b, '{');
    for (size_t i = 0; i < t->count; i++) {
        const struct ix_api_field *f = &s->fields[t->first + i];
        struct ix_api_cell c = ix_api_cell(s, from, f);
        if (c.type == IX_CELL_ABSENT || (top && (f->flags & IX_API_IN_BODY) == 0))
            continue;
        put_key(b, ix_api_name(s, f->name), &first);
        put_value(b, s, f, &c);
    }
    const irisx_value_t *more = ix_api_extra(from);
    for (const char *k = irisx_value_next_key(more, NULL); k != NULL; k = irisx_value_next_key(more, k)) {
        if (is_member(s, t, k))
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

static int refuse(const struct encoder *e, const struct ix_api_issues *issues, struct ix_http_error *error)
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
    ix_http_error_set(error, IRISX_E_INVALID, IRISX_DOMAIN_LOCAL, "validation", "%s: %s: %s",
        ix_api_text(e->set, e->op->id), one.items[0].path, words);
    irisx_value_free(list);
    ix_buf_clear(&first);
    error->owned[2] = detail.err == 0 ? ix_buf_take(&detail) : NULL;
    error->info.detail = error->owned[2];
    ix_buf_clear(&detail);
    return IRISX_E_INVALID;
}

static int check(struct encoder *e, bool strict, struct ix_http_error *error)
{
    struct ix_api_issues issues;
    struct ix_api_check c = { .set = e->set, .issues = &issues, .strict = strict };

    issues.count = issues.total = 0;
    if (e->from.fields == NULL && e->from.value != NULL && irisx_value_type(e->from.value) != IRISX_VALUE_OBJECT) {
        ix_http_error_set(error, IRISX_E_INVALID, IRISX_DOMAIN_LOCAL, "validation", "%s: parameters must be an object",
            ix_api_text(e->set, e->op->id));
        return IRISX_E_INVALID;
    }
    const struct ix_api_type *rows = ix_api_rows(e->set, e->op, &e->from);
    ix_api_check_type(&c, rows, &e->from);
    if (rows != e->type) { /* a variant has the body's members only */
        c.where = IX_API_IN_PATH | IX_API_IN_QUERY;
        ix_api_check_type(&c, e->type, &e->from);
    }
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

static void clear(struct encoder *e)
{
    wipe_clear(&e->path);
    wipe_clear(&e->query);
    wipe_clear(&e->body);
}

/* moves the three buffers into *out */
static int finish(struct encoder *e, const char *method, struct ix_http_request *out, struct ix_http_error *error)
{
    struct ix_http_request r = { .method = method };
    bool has_query = e->query.n > 0;
    bool has_body = e->body.n > 0;
    int err = e->path.err != 0 ? e->path.err : e->query.err != 0 ? e->query.err : e->body.err;

    if (err == 0) {
        r.body_len = e->body.n;
        r.path = ix_buf_take(&e->path);
        r.query = has_query ? ix_buf_take(&e->query) : NULL;
        r.body = has_body ? ix_buf_take(&e->body) : NULL;
        if (r.path == NULL || (has_query && r.query == NULL) || (has_body && r.body == NULL)) {
            r.body_len = r.body != NULL ? r.body_len : 0;
            err = IRISX_E_NO_MEMORY;
        }
    }
    clear(e);
    if (err != 0) {
        ix_http_request_clear(&r);
        return out_of(err, error);
    }
    *out = r;
    return 0;
}

int ix_api_encode_in(const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_params *params,
    struct ix_http_request *out, struct ix_http_error *error)
{
    struct encoder e = { .set = s, .op = op, .type = &s->types[op->params], .page = params->page };

    e.from = (struct ix_api_source){ params->fields, params->extra_at, params->fields == NULL ? params->value : NULL };
    int err = check(&e, params->strict, error);
    if (err != 0)
        return err;
    ix_buf_init(&e.path, MAX_PATH);
    ix_buf_init(&e.query, MAX_QUERY);
    ix_buf_init(&e.body, MAX_BODY);
    put_path(&e);
    put_query(&e);
    if (op->has_body)
        put_object(&e.body, s, e.type, &e.from, true);
    else if (wants_body(methods[op->method]))
        ix_buf_str(&e.body, "{}");
    err = finish(&e, methods[op->method], out, error);
    if (err == 0) {
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

int ix_api_encode_raw(const char *method, const char *path, const irisx_value_t *body, struct ix_http_request *out,
    struct ix_http_error *error)
{
    struct encoder e = { 0 };
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
    ix_buf_init(&e.path, MAX_PATH);
    ix_buf_init(&e.query, MAX_PATH);
    ix_buf_init(&e.body, MAX_BODY);
    (void) ix_str_cut(&rest, '?', &head); /* the path is not empty */
    ix_buf_strv(&e.path, head);
    ix_buf_strv(&e.query, rest);
    if (body != NULL)
        ix_json_write(&e.body, body);
    else if (wants_body(known))
        ix_buf_str(&e.body, "{}");
    int err = finish(&e, known, out, error);
    if (err == 0) {
        out->auth = IX_HTTP_AUTH_KEY_OR_JWT;
        out->retry = ix_retry_class_of(known);
    }
    return err;
}
