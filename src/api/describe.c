/* SPDX-License-Identifier: MIT */
/* What the tables say, as JSON values: for programs that list, complete and check operations by themselves. */
#include "api/tables.h"

#include <string.h>

#include "json/json.h"

/* ---- values that may fail to be made ----------------------------------------------------- */

/* err sticks; what is put into NULL is freed by the setters' rule (set_take frees its value in every case) */
struct maker {
    const struct ix_api_set *set;
    int err;
};

static irisx_value_t *object(struct maker *m)
{
    irisx_value_t *v = m->err == 0 ? irisx_value_new_object() : NULL;

    if (v == NULL)
        m->err = IRISX_E_NO_MEMORY;
    return v;
}

static irisx_value_t *array(struct maker *m)
{
    irisx_value_t *v = m->err == 0 ? irisx_value_new_array() : NULL;

    if (v == NULL)
        m->err = IRISX_E_NO_MEMORY;
    return v;
}

static void put(struct maker *m, irisx_value_t *to, const char *key, irisx_value_t *value)
{
    if (m->err != 0 || to == NULL)
        irisx_value_free(value);
    else
        m->err = irisx_value_set_take(to, key, value);
}

static void add(struct maker *m, irisx_value_t *to, irisx_value_t *value)
{
    if (m->err != 0 || to == NULL)
        irisx_value_free(value);
    else
        m->err = irisx_value_add_take(to, value);
}

static void put_text(struct maker *m, irisx_value_t *to, const char *key, const char *text)
{
    put(m, to, key, irisx_value_new_text(text));
}

static irisx_value_t *done(struct maker *m, irisx_value_t *v)
{
    if (m->err == 0)
        return v;
    irisx_value_free(v);
    return NULL;
}

/* ---- operations -------------------------------------------------------------------------- */

static irisx_value_t *aliases(struct maker *m, const struct ix_api_op *op)
{
    const struct ix_api_set *s = m->set;
    irisx_value_t *list = array(m);
    char path[IX_API_ROUTE_MAX];

    for (size_t i = 0; i < s->route_count; i++) {
        if (s->routes[i].op != ix_api_index(s, op) || s->routes[i].node == op->path)
            continue;
        ix_api_put_path(s, s->routes[i].node, path);
        add(m, list, irisx_value_new_text(path));
    }
    return list;
}

static irisx_value_t *summary(struct maker *m, const struct ix_api_op *op, irisx_value_t *others)
{
    static const char *const availability[] = { "mounted", "unmounted", "documented" };
    irisx_value_t *v = object(m);
    struct ix_api_info info;

    ix_api_info_in(m->set, op, &info);
    put_text(m, v, "id", info.id);
    put(m, v, "number", irisx_value_new_int(info.number));
    put_text(m, v, "method", info.method);
    put_text(m, v, "path", info.path);
    put_text(m, v, "family", info.family);
    put_text(m, v, "group", info.group);
    put_text(m, v, "availability", availability[info.availability]);
    put(m, v, "aliases", others);
    return v;
}

irisx_value_t *ix_api_operations_in(const struct ix_api_set *s)
{
    struct maker m = { .set = s };
    irisx_value_t *list = array(&m);

    for (size_t i = 0; i < s->count && m.err == 0; i++)
        add(&m, list, summary(&m, &s->ops[i], aliases(&m, &s->ops[i])));
    return done(&m, list);
}

irisx_value_t *ix_api_operations(void)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_operations_in(&s);
}

/* ---- one operation ----------------------------------------------------------------------- */

struct type_words {
    const char *type, *items;
};

static struct type_words words_of(enum ix_api_kind kind)
{
    switch (kind) {
    case IX_API_KIND_TEXT:
        return (struct type_words){ "string", NULL };
    case IX_API_KIND_ID:
    case IX_API_KIND_ID_NUMBER:
        return (struct type_words){ "id", NULL };
    case IX_API_KIND_DECIMAL:
    case IX_API_KIND_DECIMAL_NUMBER:
        return (struct type_words){ "decimal", NULL };
    case IX_API_KIND_TIME:
        return (struct type_words){ "datetime", NULL };
    case IX_API_KIND_INT:
        return (struct type_words){ "integer", NULL };
    case IX_API_KIND_NUM:
        return (struct type_words){ "number", NULL };
    case IX_API_KIND_BOOL:
        return (struct type_words){ "boolean", NULL };
    case IX_API_KIND_TEXT_LIST:
        return (struct type_words){ "array", "string" };
    case IX_API_KIND_NUMBER_TEXT_LIST:
        return (struct type_words){ "array", "id" };
    case IX_API_KIND_INT_LIST:
        return (struct type_words){ "array", "integer" };
    case IX_API_KIND_NUM_LIST:
        return (struct type_words){ "array", "number" };
    case IX_API_KIND_OBJECT_LIST:
        return (struct type_words){ "array", "object" };
    case IX_API_KIND_OBJECT:
        return (struct type_words){ "object", NULL };
    case IX_API_KIND_FILE:
        return (struct type_words){ "file", NULL };
    case IX_API_KIND_JSON:
    case IX_API_KIND_COUNT:
        break;
    }
    return (struct type_words){ "json", NULL };
}

static void put_rule(struct maker *m, irisx_value_t *to, const struct ix_api_rule *r)
{
    static const char *const formats[] = { NULL, "email", "url", "uuid", "date-time", "date", "time" };
    const double *limits = m->set->limits;

    if (r->min != 0)
        put(m, to, "minimum", irisx_value_new_num(limits[r->min]));
    if (r->max != 0)
        put(m, to, "maximum", irisx_value_new_num(limits[r->max]));
    if (r->pattern != 0)
        put_text(m, to, "pattern", ix_api_text(m->set, r->pattern));
    if (r->format != IX_API_FORMAT_NONE)
        put_text(m, to, "format", formats[r->format]);
    if (r->value_count == 0)
        return;
    irisx_value_t *values = array(m);
    for (size_t i = 0; i < r->value_count; i++)
        add(m, values, irisx_value_new_text(ix_api_text(m->set, m->set->values[r->first_value + i])));
    put(m, to, "enum", values);
}

static irisx_value_t *members(struct maker *m, const struct ix_api_type *t, bool top, bool result);

static const char *place_of(const struct ix_api_field *f)
{
    return (f->flags & IX_API_IN_PATH) != 0     ? "path"
           : (f->flags & IX_API_IN_QUERY) != 0  ? "query"
           : (f->flags & IX_API_IN_HEADER) != 0 ? "header"
                                                : "body";
}

static irisx_value_t *member(struct maker *m, const struct ix_api_field *f, bool top, bool result)
{
    bool nested = f->kind == IX_API_KIND_OBJECT || f->kind == IX_API_KIND_OBJECT_LIST;
    struct type_words words = words_of((enum ix_api_kind) f->kind);
    irisx_value_t *v = object(m);

    put_text(m, v, "name", ix_api_text(m->set, f->name));
    if (top && !result)
        put_text(m, v, "in", place_of(f));
    put_text(m, v, "type", words.type);
    if (words.items != NULL)
        put_text(m, v, "items", words.items);
    if (!result)
        put(m, v, "required", irisx_value_new_bool((f->flags & IX_API_REQUIRED) != 0));
    if ((f->flags & IX_API_NULLABLE) != 0)
        put(m, v, "nullable", irisx_value_new_bool(1));
    if (nested)
        put(m, v, "members", members(m, &m->set->types[f->sub], false, result));
    else
        put_rule(m, v, &m->set->rules[f->sub]);
    return v;
}

/* finite: no type is inside itself */
static irisx_value_t *members(struct maker *m, const struct ix_api_type *t, bool top, bool result)
{
    irisx_value_t *list = array(m);

    for (size_t i = 0; i < t->count && m->err == 0; i++) {
        struct ix_api_field f = ix_api_field(m->set, t, i);
        add(m, list, member(m, &f, top, result));
    }
    return list;
}

static void put_or_null(struct maker *m, irisx_value_t *to, const char *key, const char *text)
{
    put(m, to, key, text != NULL && text[0] != '\0' ? irisx_value_new_text(text) : irisx_value_new_null());
}

irisx_value_t *ix_api_describe_in(const struct ix_api_set *s, const struct ix_api_op *op)
{
    static const char *const auths[] = { "none", "jwt", "key_or_jwt", "admin", "key" };
    static const char *const retries[] = { "", "safe", "idempotent", "unsafe" };
    static const char *const bodies[] = { "none", "json", "form", "multipart", "raw" };
    static const char *const pages[] = { NULL, "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10" };
    struct maker m = { .set = s };
    irisx_value_t *v = summary(&m, op, aliases(&m, op));
    const struct ix_api_op *other = ix_api_instead(s, op);
    char instead[IX_API_ID_MAX] = "";

    if (other != NULL)
        ix_api_put_id(s, other, instead);
    put_text(&m, v, "auth", auths[op->auth]);
    put_text(&m, v, "retry", retries[op->retry]);
    put_or_null(&m, v, "paging", pages[op->paging]);
    put_or_null(&m, v, "items", ix_api_text(s, op->items));
    put_text(&m, v, "body", bodies[op->body]);
    put_text(&m, v, "answer", op->content ? "content" : "json");
    put(&m, v, "status", irisx_value_new_int(s->statuses[op->status]));
    put_or_null(&m, v, "instead", instead);
    put(&m, v, "parameters", members(&m, &s->types[op->params], true, false));
    put(&m, v, "result", op->content ? irisx_value_new_array() : members(&m, &s->types[op->result], true, true));
    return done(&m, v);
}

irisx_value_t *ix_api_describe(const struct ix_api_op *op)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_describe_in(&s, op);
}
