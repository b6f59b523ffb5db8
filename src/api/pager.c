/* SPDX-License-Identifier: MIT */
/*
 * One list, page by page, in all ten styles (contract WIRE.md section 7). The styles differ in what is asked for (a
 * page number or an offset); how an answer says "that was all" is read leniently from whatever it carries. An empty
 * page ends the list whatever the flags say.
 */
#include "api/tables.h"

#include <string.h>

#include "json/json.h"

static bool by_page(enum ix_api_paging p)
{
    return p == IX_API_PAGE_P3 || p == IX_API_PAGE_P4 || p == IX_API_PAGE_P5 || p == IX_API_PAGE_P8;
}

static bool all_at_once(enum ix_api_paging p)
{
    return p == IX_API_PAGE_P9 || p == IX_API_PAGE_P10;
}

int ix_api_pager_init(struct ix_api_pager *p, const struct ix_api_op *op, uint64_t first, uint64_t limit)
{
    enum ix_api_paging style = (enum ix_api_paging) op->paging;

    *p = (struct ix_api_pager){ .op = op, .at = first, .limit = limit };
    if (style == IX_API_PAGE_NONE)
        return IRISX_E_INVALID;
    if (by_page(style) && first == 0)
        p->at = 1;
    return 0;
}

struct ix_api_page ix_api_pager_page(const struct ix_api_pager *p)
{
    if (all_at_once((enum ix_api_paging) p->op->paging))
        return (struct ix_api_page){ .on = false };
    return (struct ix_api_page){ .on = true, .at = p->at, .limit = p->limit };
}

const irisx_value_t *ix_api_items_in(const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *root)
{
    const char *path = ix_api_text(s, op->items);
    const irisx_value_t *v = path[0] != '\0' ? ix_json_path(root, path) : root;

    return irisx_value_type(v) == IRISX_VALUE_ARRAY ? v : NULL;
}

const irisx_value_t *ix_api_items(const struct ix_api_op *op, const irisx_value_t *root)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_items_in(&s, op, root);
}

/* first of these members, in the pagination object wherever it is, or beside the list */
static const irisx_value_t *figure(const irisx_value_t *root, const char *const *names, size_t count)
{
    const irisx_value_t *places[] = { irisx_value_get(root, "pagination"), ix_json_path(root, "data.pagination"), root,
        irisx_value_get(root, "data") };

    for (size_t p = 0; p < IX_COUNT(places); p++)
        for (size_t n = 0; n < count; n++) {
            const irisx_value_t *v = irisx_value_get(places[p], names[n]);
            if (irisx_value_type(v) >= IRISX_VALUE_BOOL)
                return v;
        }
    return NULL;
}

enum said { SAID_LAST, SAID_MORE, SAID_NOTHING };

static enum said said(bool last)
{
    return last ? SAID_LAST : SAID_MORE;
}

/* does the answer say that nothing follows? `n` items, asked for at p->at */
static enum said says(const struct ix_api_pager *p, const irisx_value_t *root, size_t n)
{
    static const char *const more_names[] = { "has_more", "hasMore" };
    static const char *const pages_names[] = { "pages", "totalPages", "total_pages" };
    static const char *const total_names[] = { "total" };
    const irisx_value_t *more = figure(root, more_names, IX_COUNT(more_names));
    const irisx_value_t *pages = figure(root, pages_names, IX_COUNT(pages_names));
    int64_t total = irisx_value_int(figure(root, total_names, IX_COUNT(total_names)), -1);
    bool page = by_page((enum ix_api_paging) p->op->paging);

    if (irisx_value_type(more) == IRISX_VALUE_BOOL)
        return said(irisx_value_bool(more, 0) == 0);
    if (page && irisx_value_int(pages, -1) >= 0)
        return said(p->at >= (uint64_t) irisx_value_int(pages, 0));
    if (total < 0)
        return SAID_NOTHING; /* the empty page will tell */
    return said(page ? p->seen >= (uint64_t) total && p->pages == p->at : p->at + n >= (uint64_t) total);
}

/* FNV-1a of the items' text; 0 without memory: nothing is known then */
static uint64_t print_of(const irisx_value_t *items)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    struct ix_buf b;

    ix_buf_init(&b, IX_JSON_MAX_BYTES);
    ix_json_write(&b, items);
    for (size_t i = 0; i < b.n; i++)
        h = (h ^ b.p[i]) * UINT64_C(0x100000001b3);
    if (b.err != 0)
        h = 0;
    ix_buf_clear(&b);
    return h;
}

size_t ix_api_pager_feed_in(const struct ix_api_set *s, struct ix_api_pager *p, const irisx_value_t *root)
{
    enum ix_api_paging style = (enum ix_api_paging) p->op->paging;
    const irisx_value_t *items = ix_api_items_in(s, p->op, root);
    size_t n = irisx_value_count(items);

    p->pages++;
    p->seen += n;
    enum said what = n == 0 || all_at_once(style) ? SAID_LAST : says(p, root, n);
    uint64_t print = what != SAID_LAST ? print_of(items) : 0;
    if (print != 0 && print == p->print) {
        p->seen -=
            n; /* the same page again: the platform does not page here, whatever it says, and would go on for ever */
        n = 0;
    }
    p->print = print;
    if (what == SAID_LAST || n == 0) {
        p->done = true;
        return n;
    }
    p->at += by_page(style) ? 1 : n;
    return n;
}

size_t ix_api_pager_feed(struct ix_api_pager *p, const irisx_value_t *root)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_pager_feed_in(&s, p, root);
}
