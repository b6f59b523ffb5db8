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

#define BLOCK_MIN 984 /* with its head as much as malloc keeps close at hand */
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

    size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
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

/* the members of one type, ready for the many objects of a list */
struct step {
    struct ix_api_field field;
    const char *name;
    size_t offset;
};
struct plan {
    const struct ix_api_type *type;
    size_t size; /* of the struct */
    const struct step *steps;
};

#define PLANS 16
struct decoder {
    const struct ix_api_set *set;
    struct ix_api_answer *answer;
    struct plan plans[PLANS]; /* by the type's address */
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

static void read_num_list(
    struct decoder *d, const struct ix_api_field *f, const irisx_value_t *v, irisx_num_list_t *out)
{
    size_t n = list_length(f, v);
    double *items = n > 0 ? take(d, n * sizeof *items) : NULL;

    if (items == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        if (read_num(irisx_value_at(v, i), &items[out->count]))
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
    case IX_API_KIND_NUM_LIST:
        read_num_list(d, f, v, (void *) at);
        break;
    case IX_API_KIND_FILE: /* parameters only */
    case IX_API_KIND_COUNT:
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

static bool make_plan(struct decoder *d, const struct ix_api_type *t, struct plan *p)
{
    struct ix_api_walk w = { .next = sizeof(void *), .align = _Alignof(void *) }; /* behind raw */
    struct step *steps = take(d, (t->count > 0 ? t->count : 1) * sizeof *steps);
    size_t n = 0;

    if (steps == NULL)
        return false;
    for (const struct ix_api_field *f = ix_api_walk(d->set, t, &w); f != NULL; f = ix_api_walk(d->set, t, &w))
        steps[n++] = (struct step){ *f, ix_api_text(d->set, f->name), w.offset };
    *p = (struct plan){ t, (w.next + w.align - 1) & ~(w.align - 1), steps };
    return true;
}

/* A copy: another type may take the place while the members of this one are read. */
static bool plan_of(struct decoder *d, const struct ix_api_type *t, struct plan *out)
{
    struct plan *p = &d->plans[(size_t) (t - d->set->types) % PLANS];

    if (p->type != t && !make_plan(d, t, p))
        return false;
    *out = *p;
    return true;
}

/*
 * Members come in the order the contract has them, mostly: each is looked for behind the one before it first. What is
 * not in the rows is left to raw.
 */
static void read_members(struct decoder *d, const struct plan *p, const irisx_value_t *v, char *out)
{
    struct ix_json_member m = { 0 };
    size_t count = p->type->count;
    size_t at = 0;

    while (count > 0 && ix_json_next(v, &m)) {
        for (size_t tries = 0; tries < count; tries++) {
            const struct step *s = &p->steps[at];
            at = at + 1 < count ? at + 1 : 0;
            if (strcmp(s->name, m.key) != 0)
                continue;
            read_member(d, &s->field, m.value, out + s->offset);
            break;
        }
    }
}

static const void *read_struct(struct decoder *d, const struct ix_api_type *t, const irisx_value_t *v)
{
    struct plan p;
    char *out = plan_of(d, t, &p) ? take(d, p.size) : NULL;

    if (out == NULL)
        return NULL;
    memcpy(out, &v, sizeof v); /* raw, the first member */
    if (t->count == 1 && p.steps[0].name[0] == '\0')
        read_member(d, &p.steps[0].field, v, out + p.steps[0].offset); /* the value itself: a bare array */
    else
        read_members(d, &p, v, out);
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
static int unreadable(
    const struct ix_http_response *r, int err, const irisx_value_error_t *why, struct ix_http_error *error)
{
    bool html = ix_str_starts(ix_str_trim(r->body), IX_STR("<"));

    if (err == IRISX_E_NO_MEMORY)
        return no_memory(error);
    if (html)
        ix_http_error_set(error, (irisx_error_t) err, IRISX_DOMAIN_HTTP, NULL,
            "HTTP %d, but the answer is a page, not JSON: is the address that of the API?", r->status);
    else
        ix_http_error_set(error, (irisx_error_t) err, IRISX_DOMAIN_HTTP, NULL,
            "HTTP %d, but the answer is %s: %s, at byte %zu", r->status,
            err == IRISX_E_TOO_LARGE ? "more JSON than is read" : "not JSON, or was cut short", why->message,
            why->offset);
    error->info.status = r->status;
    return err;
}

/* "data" of {"success":true,"data":{...}}, null if that is; the whole where there is no such envelope */
static const irisx_value_t *unwrap(const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *root)
{
    const irisx_value_t *inner = op->unwrap != 0 ? irisx_value_get(root, ix_api_text(s, op->unwrap)) : NULL;
    irisx_value_type_t type = irisx_value_type(inner);

    return type == IRISX_VALUE_OBJECT || type == IRISX_VALUE_ARRAY || type == IRISX_VALUE_NULL ? inner : root;
}

static int check_expected(const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *v, int status,
    struct ix_http_error *error)
{
    const struct ix_api_expect *want = ix_api_expect(s, op);

    if (want == NULL || irisx_value_type(irisx_value_get(v, ix_api_text(s, want->member))) >= IRISX_VALUE_BOOL)
        return 0;
    ix_http_error_set(error, (irisx_error_t) want->error, IRISX_DOMAIN_HTTP, ix_api_text(s, want->reason), "%s",
        ix_api_text(s, want->complaint));
    error->info.status = status;
    return want->error;
}

/* ---- refusals ---------------------------------------------------------------------------- */

/*
 * Does the answer say that there is no such operation, rather than no such thing? E7 does (src/http reads it). An
 * operation that not every platform has is missing too where a page answers 404, and where a credential is asked for
 * that it does not take: the platform guards every unknown path below /v1 so (WIRE.md 4.3).
 */
static bool says_missing(const struct ix_api_op *op, const struct ix_http_error *error, const irisx_value_t *root)
{
    if (error->info.code == IRISX_E_NOT_AVAILABLE)
        return true;
    if (op->availability == IX_API_MOUNTED)
        return false;
    return (error->info.status == 404 && root == NULL) || (error->info.status == 401 && op->auth == IX_HTTP_AUTH_NONE);
}

static void name_alternative(const struct ix_api_set *s, const struct ix_api_op *op, struct ix_http_error *error)
{
    const struct ix_api_op *other = ix_api_instead(s, op);
    char instead[IX_API_ID_MAX] = "";
    struct ix_api_info info;

    ix_api_info_in(s, op, &info);
    if (other != NULL)
        ix_api_put_id(s, other, instead);
    ix_http_error_reword(error, IRISX_E_NOT_AVAILABLE, "%s: this platform does not have %s %s (HTTP %d); %s%s", info.id,
        info.method, info.path, (int) error->info.status,
        other != NULL                           ? "use "
        : op->availability == IX_API_UNMOUNTED  ? "its code is there but not reachable, and nothing replaces it"
        : op->availability == IX_API_DOCUMENTED ? "only its documentation names it, and nothing replaces it"
                                                : "an older or newer one does: is the address right?",
        other != NULL ? instead : "");
}

static int refused(const struct ix_api_set *s, const struct ix_api_op *op, enum ix_retry_class cls,
    const struct ix_http_response *response, const irisx_value_t *root, struct ix_http_error *error)
{
    ix_http_error_from_response(error, response, cls);
    if (op != NULL && says_missing(op, error, root))
        name_alternative(s, op, error);
    return error->info.code;
}

/* ---- answers that are no JSON ------------------------------------------------------------ */

static struct ix_str media_type(const struct ix_http_response *r)
{
    struct ix_str all = r->content_type;
    struct ix_str type = IX_STR_NONE;

    (void) ix_str_cut(&all, ';', &type);
    return ix_str_trim(type);
}

static bool is_json(const struct ix_http_response *r)
{
    struct ix_str type = media_type(r);
    bool suffix = type.n > 5 && ix_str_ieq(ix_str_slice(type, type.n - 5, type.n), IX_STR("+json"));

    return suffix || ix_str_ieq(type, IX_STR("application/json"));
}

/* Content-Disposition (RFC 6266): filename="a.csv", without any directory; the form with charset is left alone */
static struct ix_str file_name(const struct ix_http_response *r)
{
    struct ix_str rest = ix_http_header(r->headers, "Content-Disposition");
    struct ix_str part;

    while (ix_str_cut(&rest, ';', &part)) {
        struct ix_str name;
        part = ix_str_trim(part);
        if (!ix_str_cut(&part, '=', &name) || !ix_str_ieq(ix_str_trim(name), IX_STR("filename")))
            continue;
        part = ix_str_trim(part);
        if (part.n >= 2 && part.p[0] == '"' && part.p[part.n - 1] == '"')
            part = ix_str_slice(part, 1, part.n - 1);
        for (size_t i = part.n; i > 0; i--)
            if (part.p[i - 1] == '/' || part.p[i - 1] == '\\')
                return ix_str_slice(part, i, part.n);
        return part;
    }
    return IX_STR_NONE;
}

static const char *keep_some(struct decoder *d, struct ix_str text)
{
    return text.n > 0 && ix_utf8_valid(text.p, text.n) ? keep(d, text) : NULL;
}

static void read_content(struct decoder *d, const struct ix_http_response *r, bool bytes)
{
    irisx_api_content_t *c = &d->answer->content;

    c->raw = d->answer->root;
    c->status = r->status;
    c->content_type = keep_some(d, r->content_type);
    c->file_name = keep_some(d, file_name(r));
    c->location = keep_some(d, ix_http_header(r->headers, "Location"));
    if (bytes && r->body.n > 0) {
        c->data = keep(d, r->body);
        c->len = c->data != NULL ? r->body.n : 0;
    }
}

/* ---- together ---------------------------------------------------------------------------- */

/* is it to be read as JSON? a raw request says by its type what it is, and by its first character if it has none */
static bool wants_json(const struct ix_api_op *op, const struct ix_http_response *r)
{
    struct ix_str text = ix_str_trim(r->body);

    if (text.n == 0)
        return false;
    if (is_json(r) || (op != NULL && !op->content))
        return true;
    return op == NULL && r->content_type.n == 0 && (text.p[0] == '{' || text.p[0] == '[');
}

static int read_result(
    struct decoder *d, const struct ix_api_op *op, const struct ix_http_response *response, struct ix_http_error *error)
{
    struct ix_api_answer *answer = d->answer;
    const irisx_value_t *v = unwrap(d->set, op, answer->root);

    answer->result = op->content ? (const void *) &answer->content : read_struct(d, &d->set->types[op->result], v);
    return d->no_memory ? 0 : check_expected(d->set, op, v, response->status, error);
}

int ix_api_decode_in(const struct ix_api_set *s, const struct ix_api_op *op, enum ix_retry_class cls,
    const struct ix_http_response *response, struct ix_api_answer *answer, struct ix_http_error *error)
{
    struct decoder d = { .set = s, .answer = answer };
    /* the redirect is the answer, whatever page comes with it */
    bool redirect = op != NULL && s->statuses[op->status] >= 300 && response->status >= 300 && response->status < 400;
    bool refusal = !redirect && (response->status < 200 || response->status > 299);
    bool json = wants_json(op, response) || (refusal && response->body.n > 0);
    irisx_value_error_t why = { .message = "" };
    int err = json ? ix_json_parse(response->body, &answer->root, &why) : 0;

    read_content(&d, response, !json || refusal);
    if (refusal || ix_http_refused_in_body(answer->root))
        return refused(s, op, cls, response, answer->root, error);
    if (err != 0)
        return unreadable(response, err, &why, error);
    err = op != NULL ? read_result(&d, op, response, error) : 0;
    if (!d.no_memory)
        return err;
    answer->result = NULL;
    return no_memory(error);
}

int ix_api_decode(const struct ix_api_op *op, enum ix_retry_class cls, const struct ix_http_response *response,
    struct ix_api_answer *answer, struct ix_http_error *error)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_decode_in(&s, op, cls, response, answer, error);
}
