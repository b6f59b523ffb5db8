/* SPDX-License-Identifier: MIT */
/*
 * An answer to a result struct. Texts are borrowed from the parsed JSON, structs and lists lie in an arena beside it.
 * Lenient where the wire is: what a member's type cannot mean reads as absent, and raw still has it.
 */
#include "api/tables.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "json/json.h"

#define BLOCK_MIN 2048
#define BLOCK_MAX ((size_t) 64 * 1024)
#define MS_FROM 1e11 /* a time above this is in ms, below in seconds (WIRE.md section 14) */

struct ix_api_block {
    struct ix_api_block *next;
    size_t used, cap;
    max_align_t data[];
};

void ix_api_answer_clear(struct ix_api_answer *a)
{
    if (a == NULL)
        return;
    while (a->blocks != NULL) {
        struct ix_api_block *next = a->blocks->next;
        ix_free(a->blocks);
        a->blocks = next;
    }
    irisx_value_free(a->root);
    *a = (struct ix_api_answer){ 0 };
}

/* zeroed, aligned; NULL without memory */
static void *arena(struct ix_api_answer *a, size_t size)
{
    struct ix_api_block *b = a->blocks;

    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (b == NULL || b->cap - b->used < size) {
        size_t cap = b == NULL ? BLOCK_MIN : IX_MIN(b->cap * 2, BLOCK_MAX);
        cap = IX_MAX(cap, size);
        struct ix_api_block *more = ix_alloc(sizeof *more + cap);
        if (more == NULL)
            return NULL;
        more->cap = cap;
        more->next = b;
        a->blocks = b = more;
    }
    void *p = (char *) b->data + b->used;
    b->used += size;
    return p;
}

struct decoder {
    const struct ix_api_set *set;
    struct ix_api_answer *answer;
    bool no_memory;
};

static void *take(struct decoder *d, size_t size)
{
    void *p = arena(d->answer, size);

    if (p == NULL)
        d->no_memory = true;
    return p;
}

/* ---- scalars ----------------------------------------------------------------------------- */

static const char *keep(struct decoder *d, struct ix_str text)
{
    char *copy = take(d, text.n + 1);

    if (copy != NULL)
        memcpy(copy, text.p, text.n);
    return copy;
}

/* texts, and what came as number or boolean where a text is meant */
static const char *read_text(struct decoder *d, const irisx_value_t *v)
{
    char storage[64];
    struct ix_buf b;

    ix_buf_init_fixed(&b, storage, sizeof storage);
    switch (irisx_value_type(v)) {
    case IRISX_VALUE_TEXT:
        return irisx_value_text(v, NULL);
    case IRISX_VALUE_INT:
        ix_buf_fmt(&b, "%" PRId64, irisx_value_int(v, 0));
        break;
    case IRISX_VALUE_NUM:
        ix_json_write_num(&b, irisx_value_num(v, 0));
        break;
    case IRISX_VALUE_BOOL:
        return irisx_value_bool(v, 0) ? "true" : "false";
    case IRISX_VALUE_NONE:
    case IRISX_VALUE_NULL:
    case IRISX_VALUE_ARRAY:
    case IRISX_VALUE_OBJECT:
        return NULL;
    }
    return b.err == 0 ? keep(d, ix_str_n(b.p, b.n)) : NULL;
}

static bool read_int(const irisx_value_t *v, int64_t *out)
{
    int64_t i = irisx_value_int(v, INT64_MIN);

    if (i == INT64_MIN && irisx_value_int(v, 0) == 0)
        return false;
    *out = i;
    return true;
}

static bool read_num(const irisx_value_t *v, double *out)
{
    double n = irisx_value_num(v, NAN);

    if (isnan(n))
        return false;
    *out = n;
    return true;
}

static bool read_bool(const irisx_value_t *v, int32_t *out)
{
    struct ix_str text = ix_json_str(v);
    int64_t i;

    if (irisx_value_type(v) == IRISX_VALUE_BOOL)
        *out = irisx_value_bool(v, 0);
    else if (ix_str_ieq(text, IX_STR("true")) || ix_str_ieq(text, IX_STR("t")))
        *out = 1;
    else if (ix_str_ieq(text, IX_STR("false")) || ix_str_ieq(text, IX_STR("f")))
        *out = 0;
    else if (read_int(v, &i) && (i == 0 || i == 1))
        *out = (int32_t) i;
    else
        return false;
    return true;
}

static bool read_time(const irisx_value_t *v, int64_t *out_ms)
{
    int64_t wall_us;
    double n;

    if (irisx_value_type(v) == IRISX_VALUE_TEXT && ix_time_parse_iso8601(ix_json_str(v), &wall_us) == 0) {
        *out_ms = wall_us / 1000;
        return true;
    }
    if (!read_num(v, &n) || fabs(n) > 9e15)
        return false;
    *out_ms = (int64_t) (fabs(n) > MS_FROM ? n : n * 1000);
    return true;
}

static int32_t state_of(const irisx_value_t *v, bool read)
{
    if (read)
        return IRISX_OPT_SET;
    return irisx_value_type(v) == IRISX_VALUE_NULL ? IRISX_OPT_NULL : IRISX_OPT_ABSENT;
}

/* ---- lists and objects ------------------------------------------------------------------- */

static const void *read_object(struct decoder *d, const struct ix_api_type *t, const irisx_value_t *v);

/* an array, or one item alone where a list may come so; 0 for anything else */
static size_t list_length(const struct ix_api_field *f, const irisx_value_t *v)
{
    irisx_value_type_t type = irisx_value_type(v);

    if (type == IRISX_VALUE_ARRAY)
        return irisx_value_count(v);
    bool alone = f->kind == IX_API_KIND_TEXT_LIST || f->kind == IX_API_KIND_NUMBER_TEXT_LIST;
    return alone && type == IRISX_VALUE_TEXT ? 1 : 0;
}

/* the items that have a meaning; the others are left out */
static void read_text_list(
    struct decoder *d, const struct ix_api_field *f, const irisx_value_t *v, irisx_text_list_t *out)
{
    size_t n = list_length(f, v);
    const char **items = n > 0 ? take(d, n * sizeof *items) : NULL;

    if (items == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        const char *text = read_text(d, irisx_value_type(v) == IRISX_VALUE_ARRAY ? irisx_value_at(v, i) : v);
        if (text != NULL)
            items[out->count++] = text;
    }
    out->items = items;
}

static void read_int_list(
    struct decoder *d, const struct ix_api_field *f, const irisx_value_t *v, irisx_int_list_t *out)
{
    size_t n = list_length(f, v);
    int64_t *items = n > 0 ? take(d, n * sizeof *items) : NULL;

    if (items == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        if (read_int(irisx_value_at(v, i), &items[out->count]))
            out->count++;
    out->items = items;
}

struct object_list { /* the layout of every generated list of structs */
    const void *const *items;
    size_t count;
};

static void read_object_list(
    struct decoder *d, const struct ix_api_field *f, const irisx_value_t *v, struct object_list *out)
{
    size_t n = list_length(f, v);
    const void **items = n > 0 ? take(d, n * sizeof *items) : NULL;

    if (items == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        const void *item = read_object(d, &d->set->types[f->sub], irisx_value_at(v, i));
        if (item != NULL)
            items[out->count++] = item;
    }
    out->items = items;
}

static void read_member(struct decoder *d, const struct ix_api_field *f, const irisx_value_t *v, char *at)
{
    irisx_opt_int_t *i = (void *) at;
    irisx_opt_num_t *n = (void *) at;
    irisx_opt_bool_t *b = (void *) at;

    switch ((enum ix_api_kind) f->kind) {
    case IX_API_KIND_TEXT:
    case IX_API_KIND_ID:
    case IX_API_KIND_ID_NUMBER:
    case IX_API_KIND_DECIMAL:
    case IX_API_KIND_DECIMAL_NUMBER:
        *(const char **) (void *) at = read_text(d, v);
        break;
    case IX_API_KIND_TIME:
        i->state = state_of(v, read_time(v, &i->value));
        break;
    case IX_API_KIND_INT:
        i->state = state_of(v, read_int(v, &i->value));
        break;
    case IX_API_KIND_NUM:
        n->state = state_of(v, read_num(v, &n->value));
        break;
    case IX_API_KIND_BOOL:
        b->state = state_of(v, read_bool(v, &b->value));
        break;
    case IX_API_KIND_TEXT_LIST:
    case IX_API_KIND_NUMBER_TEXT_LIST:
        read_text_list(d, f, v, (void *) at);
        break;
    case IX_API_KIND_INT_LIST:
        read_int_list(d, f, v, (void *) at);
        break;
    case IX_API_KIND_JSON:
        *(const irisx_value_t **) (void *) at = v;
        break;
    case IX_API_KIND_OBJECT:
        *(const void **) (void *) at = read_object(d, &d->set->types[f->sub], v);
        break;
    case IX_API_KIND_OBJECT_LIST:
        read_object_list(d, f, v, (void *) at);
        break;
    }
}

static const void *read_struct(struct decoder *d, const struct ix_api_type *t, const irisx_value_t *v)
{
    char *out = take(d, t->size);

    if (out == NULL)
        return NULL;
    memcpy(out, &v, sizeof v); /* raw, the first member */
    for (size_t i = 0; v != NULL && i < t->count; i++) {
        const struct ix_api_field *f = &d->set->fields[t->first + i];
        const char *name = ix_api_name(d->set, f->name);
        read_member(d, f, name[0] != '\0' ? irisx_value_get(v, name) : v, out + f->offset);
    }
    return out;
}

static const void *read_object(struct decoder *d, const struct ix_api_type *t, const irisx_value_t *v)
{
    return irisx_value_type(v) == IRISX_VALUE_OBJECT ? read_struct(d, t, v) : NULL;
}

/* ---- answers ----------------------------------------------------------------------------- */

static int no_memory(struct ix_http_error *error)
{
    ix_http_error_set(error, IRISX_E_NO_MEMORY, IRISX_DOMAIN_LOCAL, NULL, "out of memory");
    return IRISX_E_NO_MEMORY;
}

/* 2xx with a body that cannot be read */
static int unreadable(const struct ix_http_response *r, int err, struct ix_http_error *error)
{
    bool html = ix_str_starts(ix_str_trim(r->body), IX_STR("<"));

    if (err == IRISX_E_NO_MEMORY)
        return no_memory(error);
    ix_http_error_set(error, (irisx_error_t) err, IRISX_DOMAIN_HTTP, NULL, "HTTP %d, but the answer is %s", r->status,
        err == IRISX_E_TOO_LARGE ? "larger than the limit"
        : html                   ? "a page, not JSON: is the address that of the API?"
                                 : "not JSON, or was cut short");
    error->info.status = r->status;
    return err;
}

/* "data" of {"success":true,"data":{...}}; the whole where there is no such envelope */
static const irisx_value_t *unwrap(const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *root)
{
    const char *name = ix_api_name(s, op->unwrap);
    const irisx_value_t *inner = name[0] != '\0' ? irisx_value_get(root, name) : NULL;
    irisx_value_type_t type = irisx_value_type(inner);

    return type == IRISX_VALUE_OBJECT || type == IRISX_VALUE_ARRAY ? inner : root;
}

static int check_expected(const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *v, int status,
    struct ix_http_error *error)
{
    const struct ix_api_expect *want = &s->expects[op->expect];

    if (op->expect == 0 || irisx_value_type(irisx_value_get(v, ix_api_text(s, want->member))) >= IRISX_VALUE_BOOL)
        return 0;
    ix_http_error_set(error, (irisx_error_t) want->error, IRISX_DOMAIN_HTTP, ix_api_text(s, want->reason), "%s",
        ix_api_text(s, want->complaint));
    error->info.status = status;
    return want->error;
}

int ix_api_decode_in(const struct ix_api_set *s, const struct ix_api_op *op, enum ix_retry_class cls,
    const struct ix_http_response *response, struct ix_api_answer *answer, struct ix_http_error *error)
{
    struct decoder d = { .set = s, .answer = answer };
    bool empty = ix_str_trim(response->body).n == 0;
    int err = empty ? 0 : ix_json_parse(response->body, &answer->root, NULL);

    if (response->status < 200 || response->status > 299 || ix_http_refused_in_body(answer->root)) {
        ix_http_error_from_response(error, response, cls);
        return error->info.code;
    }
    if (err != 0)
        return unreadable(response, err, error);
    if (op == NULL)
        return 0;
    const irisx_value_t *v = unwrap(s, op, answer->root);
    answer->result = read_struct(&d, &s->types[op->result], v);
    if (d.no_memory) {
        answer->result = NULL;
        return no_memory(error);
    }
    return check_expected(s, op, v, response->status, error);
}

int ix_api_decode(const struct ix_api_op *op, enum ix_retry_class cls, const struct ix_http_response *response,
    struct ix_api_answer *answer, struct ix_http_error *error)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_decode_in(&s, op, cls, response, answer, error);
}
