/* SPDX-License-Identifier: MIT */
/* Checking members against their rows: required, type, and with `strict` enums, limits, patterns. */
#include "api/tables.h"

#include <stdio.h>
#include <string.h>

#include "json/json.h"

static const char *type_name(const struct ix_api_field *f)
{
    switch ((enum ix_api_kind) f->kind) {
    case IX_API_KIND_TEXT:
    case IX_API_KIND_ID:
    case IX_API_KIND_DECIMAL:
    case IX_API_KIND_TIME:
        return "string";
    case IX_API_KIND_ID_NUMBER:
    case IX_API_KIND_DECIMAL_NUMBER:
    case IX_API_KIND_INT:
    case IX_API_KIND_NUM:
        return "number";
    case IX_API_KIND_BOOL:
        return "boolean";
    case IX_API_KIND_TEXT_LIST:
    case IX_API_KIND_NUMBER_TEXT_LIST:
    case IX_API_KIND_INT_LIST:
    case IX_API_KIND_NUM_LIST:
    case IX_API_KIND_OBJECT_LIST:
        return "array";
    case IX_API_KIND_FILE:
        return "file";
    case IX_API_KIND_COUNT:
    case IX_API_KIND_JSON:
    case IX_API_KIND_OBJECT:
        break;
    }
    return "object";
}

static const char *cell_name(const struct ix_api_cell *c)
{
    static const char *const names[] = { "undefined", "null", "string", "number", "number", "boolean", "array",
        "object", "unknown", "file" };

    return names[c->type];
}

static struct ix_api_issue *add(struct ix_api_check *c, enum ix_api_issue_kind kind)
{
    struct ix_api_issues *list = c->issues;

    list->total++;
    if (list->count == IX_API_MAX_ISSUES)
        return NULL;
    struct ix_api_issue *issue = &list->items[list->count++];
    *issue = (struct ix_api_issue){ .kind = kind };
    (void) ix_str_copy(issue->path, sizeof issue->path, ix_str(c->path)); /* the same size */
    return issue;
}

static void add_type(
    struct ix_api_check *c, enum ix_api_issue_kind kind, const char *expected, const struct ix_api_cell *cell)
{
    struct ix_api_issue *issue = add(c, kind);

    if (issue != NULL) {
        issue->expected = expected;
        issue->received = cell_name(cell);
    }
}

static void add_format(struct ix_api_check *c, const char *format)
{
    struct ix_api_issue *issue = add(c, IX_API_NO_MATCH);

    if (issue != NULL)
        issue->format = format;
}

/* the path grows by a name; what does not fit is left out. Returns the old length, for leave() */
static size_t enter(struct ix_api_check *c, const char *name)
{
    size_t before = strlen(c->path), at = before, room = sizeof c->path - 1, n = strlen(name);

    if (at > 0 && at < room)
        c->path[at++] = '.';
    n = IX_MIN(n, room - at); /* what is too long is cut */
    memcpy(c->path + at, name, n);
    c->path[at + n] = '\0';
    return before;
}

static size_t enter_index(struct ix_api_check *c, size_t i)
{
    char text[24];

    (void) snprintf(text, sizeof text, "%zu", i);
    return enter(c, text);
}

static void leave(struct ix_api_check *c, size_t length)
{
    c->path[length] = '\0';
}

/* ---- types ------------------------------------------------------------------------------- */

static bool integer_text(struct ix_str s)
{
    return ix_api_is_number_text(s) && ix_str_find(s, '.') == SIZE_MAX && ix_str_find(s, 'e') == SIZE_MAX &&
           ix_str_find(s, 'E') == SIZE_MAX;
}

/* A query or a path is text anyway: a number may be given as one. An answer's numbers may come as texts. */
static bool loose(const struct ix_api_check *c, const struct ix_api_field *f)
{
    return c->result || (f->flags & (IX_API_IN_QUERY | IX_API_IN_PATH | IX_API_IN_HEADER)) != 0;
}

static bool number_fits(const struct ix_api_check *c, const struct ix_api_field *f, const struct ix_api_cell *cell)
{
    if (cell->type == IX_CELL_TEXT)
        return loose(c, f) &&
               (f->kind == IX_API_KIND_INT ? integer_text(cell->text) : ix_api_is_number_text(cell->text));
    if (cell->type == IX_CELL_INT)
        return true;
    if (cell->type != IX_CELL_NUM || !(cell->d - cell->d == 0)) /* not NaN, not infinite */
        return false;
    return f->kind == IX_API_KIND_NUM || (cell->d >= -9e15 && cell->d <= 9e15 && (double) (int64_t) cell->d == cell->d);
}

/* ids and decimals that are texts here and may be either on the wire */
static bool text_number_fits(const struct ix_api_check *c, const struct ix_api_field *f, const struct ix_api_cell *cell)
{
    bool number = f->kind == IX_API_KIND_ID_NUMBER || f->kind == IX_API_KIND_DECIMAL_NUMBER;
    bool whole = f->kind == IX_API_KIND_ID_NUMBER;

    if (cell->type == IX_CELL_TEXT) {
        if (!number || c->result)
            return true;
        return !c->wire && (whole ? integer_text(cell->text) : ix_api_is_number_text(cell->text));
    }
    if (c->wire && !c->result && !number)
        return false;
    return cell->type == IX_CELL_INT || (cell->type == IX_CELL_NUM && f->kind != IX_API_KIND_ID && !whole);
}

static bool fits(const struct ix_api_check *c, const struct ix_api_field *f, const struct ix_api_cell *cell)
{
    switch ((enum ix_api_kind) f->kind) {
    case IX_API_KIND_TEXT:
        return cell->type == IX_CELL_TEXT ||
               (loose(c, f) && (cell->type == IX_CELL_INT || cell->type == IX_CELL_NUM || cell->type == IX_CELL_BOOL));
    case IX_API_KIND_ID:
    case IX_API_KIND_ID_NUMBER:
    case IX_API_KIND_DECIMAL:
    case IX_API_KIND_DECIMAL_NUMBER:
        return text_number_fits(c, f, cell);
    case IX_API_KIND_TIME:
        return cell->type == IX_CELL_TEXT || cell->type == IX_CELL_INT || cell->type == IX_CELL_NUM;
    case IX_API_KIND_INT:
    case IX_API_KIND_NUM:
        return number_fits(c, f, cell);
    case IX_API_KIND_BOOL:
        return cell->type == IX_CELL_BOOL ||
               (loose(c, f) && (ix_str_eq(cell->text, IX_STR("true")) || ix_str_eq(cell->text, IX_STR("false"))));
    case IX_API_KIND_TEXT_LIST:
        return cell->type == IX_CELL_LIST || (c->result && cell->type == IX_CELL_TEXT);
    case IX_API_KIND_NUMBER_TEXT_LIST:
    case IX_API_KIND_INT_LIST:
    case IX_API_KIND_NUM_LIST:
    case IX_API_KIND_OBJECT_LIST:
        return cell->type == IX_CELL_LIST;
    case IX_API_KIND_OBJECT:
        return cell->type == IX_CELL_OBJECT;
    case IX_API_KIND_FILE:
        return cell->type == IX_CELL_FILE || cell->type == IX_CELL_TEXT || cell->type == IX_CELL_OBJECT;
    case IX_API_KIND_COUNT:
    case IX_API_KIND_JSON:
        break;
    }
    return true;
}

/* ---- rules: only what is strict ---------------------------------------------------------- */

static bool in_values(const struct ix_api_set *s, const struct ix_api_rule *r, struct ix_str text)
{
    for (size_t i = 0; i < r->value_count; i++)
        if (ix_str_eq(text, ix_str(ix_api_text(s, s->values[r->first_value + i]))))
            return true;
    return r->value_count == 0;
}

static void check_values(struct ix_api_check *c, const struct ix_api_rule *r, struct ix_str text)
{
    struct ix_api_issue *issue = in_values(c->set, r, text) ? NULL : add(c, IX_API_NOT_IN_ENUM);

    if (issue == NULL)
        return;
    (void) ix_str_copy(issue->value, sizeof issue->value, ix_str_slice(text, 0, sizeof issue->value - 1));
    issue->text = c->set->text;
    issue->values = c->set->values + r->first_value;
    issue->value_count = r->value_count;
}

static void check_limits(struct ix_api_check *c, const struct ix_api_rule *r, double measure, const char *of)
{
    const double *limits = c->set->limits;
    bool small = r->min != 0 && measure < limits[r->min];
    bool big = r->max != 0 && measure > limits[r->max];
    struct ix_api_issue *issue = small || big ? add(c, small ? IX_API_TOO_SMALL : IX_API_TOO_BIG) : NULL;

    if (issue != NULL) {
        issue->expected = of;
        issue->limit = limits[small ? r->min : r->max];
    }
}

static void check_text_rule(struct ix_api_check *c, const struct ix_api_rule *r, struct ix_str text, bool limits)
{
    struct ix_str pattern = ix_str(ix_api_text(c->set, r->pattern));

    if (limits)
        check_limits(c, r, (double) ix_api_text_length(text), "string");
    if (pattern.n > 0 && !ix_api_pattern(pattern, text))
        add_format(c, "regex");
    if (!ix_api_format((enum ix_api_format) r->format, text))
        add_format(c, ix_api_format_name((enum ix_api_format) r->format));
    check_values(c, r, text);
}

static void check_rule(struct ix_api_check *c, const struct ix_api_field *f, const struct ix_api_cell *cell)
{
    bool number = f->kind == IX_API_KIND_INT || f->kind == IX_API_KIND_NUM;

    if (f->sub == 0 || f->kind == IX_API_KIND_OBJECT || f->kind == IX_API_KIND_OBJECT_LIST)
        return; /* sub is no rule there */
    const struct ix_api_rule *r = &c->set->rules[f->sub];
    if (cell->type == IX_CELL_LIST)
        check_limits(c, r, (double) cell->count, "array");
    else if (number && cell->type == IX_CELL_TEXT) {
        irisx_value_t *v = NULL; /* a number given as text, in a query */
        if (ix_json_parse(cell->text, &v, NULL) == 0)
            check_limits(c, r, irisx_value_num(v, 0), "number");
        irisx_value_free(v);
    } else if (number)
        check_limits(c, r, cell->d, "number");
    else if (cell->type == IX_CELL_TEXT)
        check_text_rule(c, r, cell->text, true);
}

/* ---- members ----------------------------------------------------------------------------- */

static void check_item(struct ix_api_check *c, const struct ix_api_field *f, const struct ix_api_cell *list, size_t i)
{
    struct ix_api_cell item = ix_api_cell_item(c->set, f, list, i);
    struct ix_api_field as = *f;

    as.kind = f->kind == IX_API_KIND_OBJECT_LIST ? IX_API_KIND_OBJECT
              : f->kind == IX_API_KIND_INT_LIST  ? IX_API_KIND_INT
              : f->kind == IX_API_KIND_NUM_LIST  ? IX_API_KIND_NUM
              : f->kind == IX_API_KIND_TEXT_LIST ? IX_API_KIND_TEXT
                                                 : IX_API_KIND_ID_NUMBER;
    if (c->result && as.kind == IX_API_KIND_TEXT)
        as.kind = IX_API_KIND_ID;
    if (!fits(c, &as, &item)) {
        add_type(c, IX_API_WRONG_TYPE, type_name(&as), &item);
        return;
    }
    if (as.kind == IX_API_KIND_OBJECT) {
        struct ix_api_source from = ix_api_cell_source(&item);
        ix_api_check_type(c, &c->set->types[f->sub], &from);
    } else if (c->strict && f->sub != 0 && item.type == IX_CELL_TEXT) {
        check_text_rule(c, &c->set->rules[f->sub], item.text, false);
    }
}

static void check_inner(struct ix_api_check *c, const struct ix_api_field *f, const struct ix_api_cell *cell)
{
    if (cell->type == IX_CELL_TEXT && !ix_utf8_valid(cell->text.p, cell->text.n))
        add_format(c, "utf8");
    if (c->strict)
        check_rule(c, f, cell);
    if (f->kind == IX_API_KIND_OBJECT) {
        struct ix_api_source from = ix_api_cell_source(cell);
        ix_api_check_type(c, &c->set->types[f->sub], &from);
    }
    for (size_t i = 0; cell->type == IX_CELL_LIST && f->kind != IX_API_KIND_JSON && i < cell->count; i++) {
        size_t length = enter_index(c, i);
        check_item(c, f, cell, i);
        leave(c, length);
        if (c->issues->total > IX_API_MAX_ISSUES)
            break;
    }
}

/* A segment that is empty, "." or ".." would name another resource. */
static bool bad_segment(const struct ix_api_field *f, const struct ix_api_cell *cell)
{
    return (f->flags & IX_API_IN_PATH) != 0 && cell->type == IX_CELL_TEXT &&
           (cell->text.n == 0 || ix_str_eq(cell->text, IX_STR(".")) || ix_str_eq(cell->text, IX_STR("..")));
}

/* A line break in a header's value would be another header. */
static bool bad_header(const struct ix_api_field *f, const struct ix_api_cell *cell)
{
    if ((f->flags & IX_API_IN_HEADER) == 0 || cell->type != IX_CELL_TEXT)
        return false;
    for (size_t i = 0; i < cell->text.n; i++)
        if ((uint8_t) cell->text.p[i] < ' ' || cell->text.p[i] == 0x7f)
            return true;
    return false;
}

static void check_member(struct ix_api_check *c, const struct ix_api_field *f, const struct ix_api_cell *cell)
{
    bool required = (f->flags & IX_API_REQUIRED) != 0;

    if (cell->type == IX_CELL_ABSENT) {
        if (required)
            add_type(c, IX_API_MISSING, type_name(f), cell);
    } else if (cell->type == IX_CELL_NULL) {
        bool free = f->kind == IX_API_KIND_JSON || (f->flags & IX_API_NULLABLE) != 0;
        if (!free && (required || (c->wire && !c->result)))
            add_type(c, IX_API_WRONG_TYPE, type_name(f), cell);
    } else if (!fits(c, f, cell)) {
        add_type(c, IX_API_WRONG_TYPE, type_name(f), cell);
    } else if (bad_segment(f, cell)) {
        add_format(c, "path segment");
    } else if (bad_header(f, cell)) {
        add_format(c, "header value");
    } else {
        check_inner(c, f, cell);
    }
}

/* where the member of that name lies in structs of that type; a variant's rows are about its operation's struct */
static size_t offset_in(const struct ix_api_set *s, const struct ix_api_type *layout, ix_api_word name)
{
    struct ix_api_walk w = { 0 };

    for (const struct ix_api_field *f = ix_api_walk(s, layout, &w); f != NULL; f = ix_api_walk(s, layout, &w))
        if (f->name == name)
            return w.offset;
    return SIZE_MAX; /* the generator saw to it that it is there */
}

static void check_rows(
    struct ix_api_check *c, const struct ix_api_type *t, const struct ix_api_source *from, const struct ix_api_type *in)
{
    struct ix_api_walk w = { 0 };

    for (const struct ix_api_field *f = ix_api_walk(c->set, t, &w); f != NULL; f = ix_api_walk(c->set, t, &w)) {
        if (c->where != 0 && (f->flags & IX_API_IN_ANY) != 0 && (f->flags & c->where) == 0)
            continue;
        struct ix_api_cell cell = ix_api_cell(c->set, from, f, in == t ? w.offset : offset_in(c->set, in, f->name));
        if (cell.type == IX_CELL_ABSENT && (f->flags & IX_API_REQUIRED) == 0)
            continue;
        c->seen |= f->flags;
        size_t length = enter(c, ix_api_text(c->set, f->name));
        check_member(c, f, &cell);
        leave(c, length);
    }
}

void ix_api_check_type(struct ix_api_check *c, const struct ix_api_type *t, const struct ix_api_source *from)
{
    check_rows(c, t, from, t);
}

void ix_api_check_variant(struct ix_api_check *c, const struct ix_api_type *variant, const struct ix_api_source *from,
    const struct ix_api_type *flat)
{
    check_rows(c, variant, from, flat);
}

static bool has_field(const struct ix_api_set *s, const struct ix_api_type *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(ix_api_text(s, ix_api_field(s, t, i).name), name) == 0)
            return true;
    return false;
}

void ix_api_check_unknown(struct ix_api_check *c, const struct ix_api_type *t, const irisx_value_t *object)
{
    for (const char *k = irisx_value_next_key(object, NULL); k != NULL; k = irisx_value_next_key(object, k)) {
        if (has_field(c->set, t, k))
            continue;
        size_t length = enter(c, k);
        (void) add(c, IX_API_UNKNOWN);
        leave(c, length);
    }
}

const struct ix_api_type *ix_api_rows(
    const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_source *from)
{
    const struct ix_api_type *flat = &s->types[op->params];
    const struct ix_api_variant *v;
    size_t n = ix_api_variants(s, op, &v);
    struct ix_api_walk w = { 0 };
    const struct ix_api_field *f = n > 0 ? ix_api_walk(s, flat, &w) : NULL;

    while (f != NULL && f->name != v->by)
        f = ix_api_walk(s, flat, &w);
    if (f == NULL)
        return flat;
    struct ix_api_cell by = ix_api_cell(s, from, f, w.offset);
    for (size_t i = 0; i < n; i++)
        if (by.type == IX_CELL_TEXT && ix_str_eq(by.text, ix_str(ix_api_text(s, v[i].value))))
            return &s->types[v[i].type];
    return flat;
}

/* ---- the sandbox's side ------------------------------------------------------------------ */

bool ix_api_validate_body_in(
    const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *body, struct ix_api_issues *out)
{
    struct ix_api_source from = { .value = body };
    struct ix_api_check c = { .set = s, .issues = out, .strict = true, .wire = true, .where = IX_API_IN_BODY };

    out->count = out->total = 0;
    if (op->body != IX_HTTP_BODY_JSON && op->body != IX_HTTP_BODY_NONE)
        return true; /* forms and bytes are not looked into */
    if (op->body == IX_HTTP_BODY_JSON && irisx_value_type(body) != IRISX_VALUE_OBJECT) {
        struct ix_api_cell cell = ix_api_cell_of(body);
        add_type(&c, IX_API_WRONG_TYPE, "object", &cell);
        return false;
    }
    ix_api_check_type(&c, ix_api_rows(s, op, &from), &from);
    return out->total == 0;
}

bool ix_api_validate_body(const struct ix_api_op *op, const irisx_value_t *body, struct ix_api_issues *out)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_validate_body_in(&s, op, body, out);
}

bool ix_api_validate_result_in(
    const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *root, struct ix_api_issues *out)
{
    struct ix_api_check c = { .set = s, .issues = out, .wire = true, .result = true };
    const char *unwrap = ix_api_text(s, op->unwrap);
    struct ix_api_source from = { .value = unwrap[0] != '\0' ? irisx_value_get(root, unwrap) : root };

    out->count = out->total = 0;
    if (unwrap[0] != '\0')
        (void) enter(&c, unwrap);
    if (from.value == NULL)
        add_type(&c, IX_API_MISSING, "object", &(struct ix_api_cell){ 0 });
    else
        ix_api_check_type(&c, &s->types[op->result], &from);
    return out->total == 0;
}

bool ix_api_validate_result(const struct ix_api_op *op, const irisx_value_t *root, struct ix_api_issues *out)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_validate_result_in(&s, op, root, out);
}
