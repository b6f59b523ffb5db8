/* SPDX-License-Identifier: MIT */
/*
 * Reading a list ahead of who reads it: when to ask for the next page, what request that is, which structs its items
 * became.
 */
#include "api/tables.h"

#include <string.h>

#include "json/json.h"

/* ---- when -------------------------------------------------------------------------------- */

bool ix_api_ahead_over(const struct ix_api_ahead *a)
{
    return a->cancelled || a->pager.done || (a->max_items > 0 && a->pager.seen >= a->max_items);
}

bool ix_api_ahead_wants(const struct ix_api_ahead *a, bool waiting)
{
    return !ix_api_ahead_over(a) && !a->running && !a->failed && (a->ready < a->prefetch || (waiting && a->ready == 0));
}

void ix_api_ahead_sent(struct ix_api_ahead *a)
{
    a->running = true;
}

bool ix_api_ahead_page(struct ix_api_ahead *a, const irisx_value_t *root)
{
    a->running = false;
    if (a->cancelled || ix_api_pager_feed(&a->pager, root) == 0)
        return false;
    a->ready++;
    return true;
}

void ix_api_ahead_fail(struct ix_api_ahead *a)
{
    a->running = false;
    a->failed = true;
}

void ix_api_ahead_taken(struct ix_api_ahead *a)
{
    if (a->ready > 0)
        a->ready--;
    else
        a->failed = false; /* the same page may be asked for again */
}

/* ---- what -------------------------------------------------------------------------------- */

static uint64_t number_of(const struct ix_api_cell *c)
{
    uint64_t n = 0;

    if (c->type == IX_CELL_INT)
        return c->i > 0 ? (uint64_t) c->i : 0;
    (void) ix_str_u64(c->text, UINT32_MAX, &n); /* not a number: none */
    return n;
}

void ix_api_page_wish_in(const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_params *params,
    uint64_t *first, uint64_t *limit)
{
    struct ix_api_source from = { params->fields, params->extra_at, params->fields == NULL ? params->value : NULL };
    const struct ix_api_type *t = &s->types[op->params];
    struct ix_api_walk w = { 0 };

    for (const struct ix_api_field *f = ix_api_walk(s, t, &w); f != NULL; f = ix_api_walk(s, t, &w)) {
        const char *name = ix_api_text(s, f->name);
        struct ix_api_cell c = ix_api_cell(s, &from, f, w.offset);
        if (strcmp(name, "limit") == 0)
            *limit = number_of(&c);
        else if (strcmp(name, "page") == 0 || strcmp(name, "offset") == 0)
            *first = number_of(&c);
    }
}

void ix_api_page_wish(const struct ix_api_op *op, const struct ix_api_params *params, uint64_t *first, uint64_t *limit)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    ix_api_page_wish_in(&s, op, params, first, limit);
}

static bool by_page(const struct ix_api_op *op)
{
    return op->paging == IX_API_PAGE_P3 || op->paging == IX_API_PAGE_P4 || op->paging == IX_API_PAGE_P5 ||
           op->paging == IX_API_PAGE_P8;
}

/* Lists are read by GET: there is nothing but path, query and own headers to copy. */
int ix_api_page_request(const struct ix_api_op *op, const struct ix_http_request *base, const struct ix_api_page *page,
    struct ix_http_request *out)
{
    struct ix_http_request r = *base;
    struct ix_buf q;

    ix_buf_init(&q, 32 * 1024);
    ix_buf_str(&q, base->query != NULL ? base->query : "");
    if (page->on) {
        ix_buf_str(&q, q.n > 0 ? "&" : "");
        ix_buf_fmt(&q, "%s=", by_page(op) ? "page" : "offset");
        ix_buf_dec(&q, page->at);
        if (page->limit > 0) {
            ix_buf_str(&q, "&limit=");
            ix_buf_dec(&q, page->limit);
        }
    }
    bool some = q.n > 0;
    int err = q.err;
    r.path = ix_dup_cstr(base->path);
    r.headers = ix_dup_cstr(base->headers);
    r.query = some ? ix_buf_take(&q) : NULL;
    ix_buf_clear(&q);
    r.body = NULL;
    r.parts = NULL;
    r.part_count = r.body_len = 0;
    r.source = (struct ix_http_source){ 0 };
    if (err == 0 && (r.path == NULL || (base->headers != NULL && r.headers == NULL) || (some && r.query == NULL)))
        err = IRISX_E_NO_MEMORY;
    if (err != 0) {
        ix_http_request_clear(&r);
        return err;
    }
    *out = r;
    return 0;
}

/* ---- structs of items -------------------------------------------------------------------- */

struct list { /* the layout of every generated list of structs */
    const void *const *items;
    size_t count;
};

const void *const *ix_api_item_structs_in(
    const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_answer *answer, size_t *count_out)
{
    struct ix_str path = ix_str(ix_api_text(s, op->items));
    const struct ix_api_type *t = &s->types[op->result];
    const char *at = answer->result;
    struct ix_str unwrapped = path;
    struct ix_str name = IX_STR_NONE;

    *count_out = 0;
    if (at == NULL || op->content)
        return NULL;
    if (op->unwrap != 0 && ix_str_cut(&unwrapped, '.', &name) && ix_str_eq(name, ix_str(ix_api_text(s, op->unwrap))))
        path = unwrapped;
    for (bool more = true; more && at != NULL;) {
        more = ix_str_find(path, '.') != SIZE_MAX;
        (void) ix_str_cut(&path, '.', &name);
        struct ix_api_walk w = { .next = sizeof(void *) };
        const struct ix_api_field *f = ix_api_walk_to(s, t, name, &w);
        if (f == NULL || f->kind != (more ? IX_API_KIND_OBJECT : IX_API_KIND_OBJECT_LIST))
            return NULL;
        if (!more) {
            const struct list *list = (const void *) (at + w.offset);
            *count_out = list->count;
            return list->items;
        }
        at = *(const char *const *) (const void *) (at + w.offset);
        t = &s->types[f->sub];
    }
    return NULL;
}

const void *const *ix_api_item_structs(
    const struct ix_api_op *op, const struct ix_api_answer *answer, size_t *count_out)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_item_structs_in(&s, op, answer, count_out);
}
