/* SPDX-License-Identifier: MIT */
/* One member of a request, from a C struct or from a JSON value: what encoding and checking see. */
#include "api/tables.h"

#include <string.h>

#include "json/json.h"

const char irisx_null_text[] = "null";

const irisx_value_t *ix_api_extra(const struct ix_api_source *from)
{
    const irisx_value_t *extra = from->value;

    if (from->fields != NULL)
        memcpy(&extra, (const char *) from->fields + from->extra_at, sizeof extra);
    return irisx_value_type(extra) == IRISX_VALUE_OBJECT ? extra : NULL;
}

static struct ix_api_cell from_value(const struct ix_api_field *f, const irisx_value_t *v)
{
    static const uint8_t types[] = {
        [IRISX_VALUE_NONE] = IX_CELL_ABSENT,
        [IRISX_VALUE_NULL] = IX_CELL_NULL,
        [IRISX_VALUE_BOOL] = IX_CELL_BOOL,
        [IRISX_VALUE_INT] = IX_CELL_INT,
        [IRISX_VALUE_NUM] = IX_CELL_NUM,
        [IRISX_VALUE_TEXT] = IX_CELL_TEXT,
        [IRISX_VALUE_ARRAY] = IX_CELL_LIST,
        [IRISX_VALUE_OBJECT] = IX_CELL_OBJECT,
    };
    struct ix_api_cell c = { .type = (enum ix_api_cell_type) types[irisx_value_type(v)], .value = v };

    c.text = ix_json_str(v);
    c.count = irisx_value_count(v);
    if (c.type == IX_CELL_BOOL)
        c.i = irisx_value_bool(v, 0);
    else if (c.type == IX_CELL_INT)
        c.i = irisx_value_int(v, 0);
    if (c.type == IX_CELL_INT || c.type == IX_CELL_NUM)
        c.d = irisx_value_num(v, 0);
    if (f->kind == IX_API_KIND_JSON && v != NULL)
        c.type = IX_CELL_JSON;
    return c;
}

struct ix_api_cell ix_api_cell_of(const irisx_value_t *v)
{
    const struct ix_api_field any = { .kind = IX_API_KIND_OBJECT };

    return from_value(&any, v);
}

static struct ix_api_cell from_text(const char *text)
{
    if (text == NULL)
        return (struct ix_api_cell){ 0 };
    if (text == irisx_null_text)
        return (struct ix_api_cell){ .type = IX_CELL_NULL };
    return (struct ix_api_cell){ .type = IX_CELL_TEXT, .text = ix_str(text) };
}

static struct ix_api_cell with_state(struct ix_api_cell c, int32_t state)
{
    if (state == IRISX_OPT_SET)
        return c;
    return (struct ix_api_cell){ .type = state == IRISX_OPT_NULL ? IX_CELL_NULL : IX_CELL_ABSENT };
}

static struct ix_api_cell from_number(const struct ix_api_field *f, const char *at)
{
    if (f->kind == IX_API_KIND_NUM) {
        const irisx_opt_num_t *v = (const void *) at;
        return with_state((struct ix_api_cell){ .type = IX_CELL_NUM, .d = v->value }, v->state);
    }
    if (f->kind == IX_API_KIND_BOOL) {
        const irisx_opt_bool_t *v = (const void *) at;
        return with_state((struct ix_api_cell){ .type = IX_CELL_BOOL, .i = v->value != 0 }, v->state);
    }
    const irisx_opt_int_t *v = (const void *) at;
    return with_state((struct ix_api_cell){ .type = IX_CELL_INT, .i = v->value, .d = (double) v->value }, v->state);
}

static struct ix_api_cell from_struct(const struct ix_api_set *s, const char *at, const struct ix_api_field *f)
{
    struct ix_api_cell c = { 0 };
    const irisx_text_list_t *list;

    switch ((enum ix_api_kind) f->kind) {
    case IX_API_KIND_TEXT:
    case IX_API_KIND_ID:
    case IX_API_KIND_ID_NUMBER:
    case IX_API_KIND_DECIMAL:
    case IX_API_KIND_DECIMAL_NUMBER:
        return from_text(*(const char *const *) (const void *) at);
    case IX_API_KIND_TIME:
    case IX_API_KIND_INT:
    case IX_API_KIND_NUM:
    case IX_API_KIND_BOOL:
        return from_number(f, at);
    case IX_API_KIND_JSON:
        return from_value(f, *(const irisx_value_t *const *) (const void *) at);
    case IX_API_KIND_OBJECT:
        c.memory = *(const void *const *) (const void *) at;
        c.type = c.memory != NULL ? IX_CELL_OBJECT : IX_CELL_ABSENT;
        c.extra_at = c.memory != NULL ? ix_api_extra_at(s, &s->types[f->sub]) : 0;
        return c;
    case IX_API_KIND_FILE:
        c.memory = *(const void *const *) (const void *) at;
        c.type = c.memory != NULL ? IX_CELL_FILE : IX_CELL_ABSENT;
        return c;
    case IX_API_KIND_TEXT_LIST:
    case IX_API_KIND_NUMBER_TEXT_LIST:
    case IX_API_KIND_INT_LIST:
    case IX_API_KIND_NUM_LIST:
    case IX_API_KIND_OBJECT_LIST:
        list = (const void *) at; /* all lists have the same two members */
        c.memory = list->items;
        c.count = list->count;
        c.type = c.memory != NULL ? IX_CELL_LIST : IX_CELL_ABSENT;
        return c;
    case IX_API_KIND_COUNT:
        break;
    }
    return c;
}

struct ix_api_cell ix_api_cell(
    const struct ix_api_set *s, const struct ix_api_source *from, const struct ix_api_field *f, size_t offset)
{
    const char *name = ix_api_text(s, f->name);
    const irisx_value_t *given = name[0] != '\0' ? irisx_value_get(ix_api_extra(from), name) : from->value;

    if (given != NULL || from->fields == NULL)
        return from_value(f, given);
    if (offset >= from->extra_at)
        return (struct ix_api_cell){ 0 }; /* the caller's headers are older than this member */
    return from_struct(s, (const char *) from->fields + offset, f);
}

struct ix_api_cell ix_api_cell_item(
    const struct ix_api_set *s, const struct ix_api_field *f, const struct ix_api_cell *list, size_t i)
{
    struct ix_api_cell c = { 0 };

    if (list->value != NULL)
        return from_value(f, irisx_value_at(list->value, i));
    if (f->kind == IX_API_KIND_INT_LIST) {
        c.type = IX_CELL_INT;
        c.i = ((const int64_t *) list->memory)[i];
        c.d = (double) c.i;
        return c;
    }
    if (f->kind == IX_API_KIND_NUM_LIST) {
        c.type = IX_CELL_NUM;
        c.d = ((const double *) list->memory)[i];
        return c;
    }
    if (f->kind != IX_API_KIND_OBJECT_LIST)
        return from_text(((const char *const *) list->memory)[i]);
    c.memory = ((const void *const *) list->memory)[i];
    c.type = c.memory != NULL ? IX_CELL_OBJECT : IX_CELL_NULL;
    c.extra_at = ix_api_extra_at(s, &s->types[f->sub]);
    return c;
}

struct ix_api_source ix_api_cell_source(const struct ix_api_cell *object)
{
    return (struct ix_api_source){ .fields = object->memory, .extra_at = object->extra_at, .value = object->value };
}

static size_t digits(struct ix_str s, size_t at)
{
    size_t n = 0;

    while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
        n++;
    return n;
}

/* RFC 8259 section 6 */
bool ix_api_is_number_text(struct ix_str s)
{
    size_t at = s.n > 0 && s.p[0] == '-' ? 1 : 0;
    size_t n = digits(s, at);

    if (n == 0 || (n > 1 && s.p[at] == '0'))
        return false;
    at += n;
    if (at < s.n && s.p[at] == '.') {
        n = digits(s, at + 1);
        if (n == 0)
            return false;
        at += n + 1;
    }
    if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
        at += at + 1 < s.n && (s.p[at + 1] == '+' || s.p[at + 1] == '-') ? 2 : 1;
        n = digits(s, at);
        if (n == 0)
            return false;
        at += n;
    }
    return at == s.n;
}
