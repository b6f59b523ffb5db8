/* SPDX-License-Identifier: MIT */
/*
 * Lists read ahead, in virtual time: a platform that answers after some milliseconds, a reader that takes some to read,
 * and in between never more pages than were asked for.
 */
#include "fixture.h"

struct platform { /* what it has, and how it answers */
    const char *id;
    uint64_t total; /* items */
    uint64_t size; /* of a page, where none is asked for */
    const char *shape; /* of an answer; %s the items, %llu figures: page or offset, limit, total, pages */
    bool by_page, all, ignores; /* ignores: always the first page, and says nothing about others */
};

static struct ix_api_set s;
static uint64_t now_ms;
static size_t requests;

/* the items from `first` on as JSON */
static void put_items(struct ix_buf *b, const struct platform *p, uint64_t first, uint64_t n)
{
    ix_buf_u8(b, '[');
    for (uint64_t i = first; i < first + n && i < p->total; i++)
        ix_buf_fmt(b, "%s{\"id\":\"%llu\"}", i > first ? "," : "", (unsigned long long) i);
    ix_buf_u8(b, ']');
}

/* a number behind name= in a query; otherwise as given */
static uint64_t asked(const char *query, const char *name, uint64_t otherwise)
{
    const char *at = query != NULL ? strstr(query, name) : NULL;
    uint64_t n = otherwise;

    if (at != NULL) {
        struct ix_str rest = ix_str(at + strlen(name));
        struct ix_str value;
        (void) ix_str_cut(&rest, '&', &value);
        cr_assert_eq(ix_str_u64(value, UINT64_MAX, &n), 0);
    }
    return n;
}

static irisx_value_t *answer(const struct platform *p, const char *query)
{
    uint64_t limit = asked(query, "limit=", p->size);
    uint64_t at = p->by_page ? asked(query, "page=", 1) : asked(query, "offset=", 0);
    uint64_t first = p->all || p->ignores ? 0 : p->by_page ? (at - 1) * limit : at;
    uint64_t pages = (p->total + limit - 1) / limit;
    bool more = first + limit < p->total;
    irisx_value_t *v = NULL;
    struct ix_buf b, items;

    cr_assert_neq(limit, 0, "limit=0 is never sent: %s", query);
    cr_assert(!p->by_page || at >= 1, "page=0 is never sent: %s", query);
    ix_buf_init(&items, (size_t) 1 << 20);
    ix_buf_init(&b, (size_t) 1 << 20);
    put_items(&items, p, first, p->all ? p->total : limit);
    for (const char *c = p->shape; *c != '\0'; c++) {
        if (*c == '@')
            ix_buf_strv(&b, ix_str_n(items.p, items.n));
        else if (*c == 'T')
            ix_buf_dec(&b, p->total);
        else if (*c == 'A')
            ix_buf_dec(&b, at);
        else if (*c == 'L')
            ix_buf_dec(&b, limit);
        else if (*c == 'P')
            ix_buf_dec(&b, pages);
        else if (*c == 'M')
            ix_buf_str(&b, more ? "true" : "false");
        else
            ix_buf_u8(&b, (uint8_t) (*c == '\'' ? '"' : *c));
    }
    cr_assert_eq(ix_json_parse(ix_str_n(b.p, b.n), &v, NULL), 0, "%.*s", (int) b.n, (const char *) b.p);
    ix_buf_clear(&b);
    ix_buf_clear(&items);
    requests++;
    return v;
}

#define RTT_MS 30
#define READ_MS 7 /* what the reader does with a page */

struct reading {
    struct ix_api_ahead a;
    struct ix_http_request base;
    irisx_value_t *coming; /* the answer under way */
    uint64_t comes_ms, reader_ms; /* when it is here; when the reader wants the next page */
    uint64_t items, idle_ms;
    uint32_t most; /* pages in memory at one time, the one under way included */
};

static void begin(struct reading *r, const struct platform *p, uint64_t limit, uint32_t prefetch)
{
    struct ix_api_params none = { 0 };
    struct ix_http_error e = { 0 };

    ix_api_set_fixture(&s);
    *r = (struct reading){ .a.prefetch = prefetch };
    now_ms = requests = 0;
    cr_assert_eq(ix_api_pager_init(&r->a.pager, ix_api_find_in(&s, p->id), 0, limit), 0);
    none.page = ix_api_pager_page(&r->a.pager);
    none.page.template_only = true;
    cr_assert_eq(ix_api_encode_in(&s, r->a.pager.op, &none, &r->base, &e), 0);
}

static void send(struct reading *r, const struct platform *p)
{
    struct ix_api_page page = ix_api_pager_page(&r->a.pager);
    struct ix_http_request q = { 0 };

    cr_assert_eq(ix_api_page_request(r->a.pager.op, &r->base, &page, &q), 0);
    cr_assert_null(r->coming, "one request at a time");
    r->coming = answer(p, q.query);
    r->comes_ms = now_ms + RTT_MS;
    ix_api_ahead_sent(&r->a);
    ix_http_request_clear(&q);
}

/* the clock goes to the next thing that happens; false at the end of the list */
static bool turn(struct reading *r, const struct platform *p)
{
    bool reads = now_ms >= r->reader_ms;

    if (ix_api_ahead_wants(&r->a, reads))
        send(r, p);
    r->most = IX_MAX(r->most, r->a.ready + (r->coming != NULL));
    if (reads && r->a.ready > 0) {
        ix_api_ahead_taken(&r->a);
        r->reader_ms = now_ms + READ_MS;
        return true;
    }
    if (r->coming == NULL && r->a.ready == 0) {
        now_ms = IX_MAX(now_ms, r->reader_ms);
        return !ix_api_ahead_over(&r->a);
    }
    uint64_t next = r->coming != NULL ? r->comes_ms : IX_NEVER;
    if (r->a.ready > 0 && r->reader_ms > now_ms)
        next = IX_MIN(next, r->reader_ms);
    r->idle_ms += reads ? next - now_ms : 0;
    now_ms = next;
    if (r->coming != NULL && now_ms == r->comes_ms) {
        uint64_t before = r->a.pager.seen;
        /* the pager's own look at the fixture's tables: as ix_api_ahead_page does over the platform's */
        r->a.running = false;
        if (ix_api_pager_feed_in(&s, &r->a.pager, r->coming) > 0)
            r->a.ready++;
        r->items += r->a.pager.seen - before;
        irisx_value_free(r->coming);
        r->coming = NULL;
    }
    return true;
}

static void run(struct reading *r, const struct platform *p, uint64_t limit, uint32_t prefetch)
{
    begin(r, p, limit, prefetch);
    for (int turns = 0; turn(r, p); turns++)
        cr_assert_lt(turns, 10000, "%s does not end", p->id);
    ix_http_request_clear(&r->base);
}

static const struct platform platforms[] = {
    { "fx.p1", 101, 50, "{'things':@,'pagination':{'total':T,'limit':L,'offset':A,'has_more':M}}", false, false,
        false },
    { "fx.p2", 101, 50, "{'things':@,'pagination':{'total':T,'limit':L,'offset':A}}", false, false, false },
    { "fx.p3", 101, 50, "{'things':@,'pagination':{'page':A,'limit':L,'total':T,'pages':P}}", true, false, false },
    { "fx.things.list", 101, 20, "{'success':true,'data':{'things':@,'pagination':{'page':A,'totalPages':P}}}", true,
        false, false },
    { "fx.p5", 101, 20, "{'things':@,'total':T,'page':A,'limit':L}", true, false, false },
    { "fx.p6", 101, 20, "{'things':@,'total':T,'limit':L,'offset':A}", false, false, false },
    { "fx.p7", 101, 20, "{'things':@,'total':T,'pagination':{'limit':L,'offset':A,'hasMore':M}}", false, false, false },
    { "fx.p8", 101, 20, "{'things':@,'pagination':{'page':A,'total_pages':P}}", true, false, false },
    { "fx.p9", 101, 20, "{'things':@,'count':T}", false, true, false },
    { "fx.p10", 101, 20, "@", false, true, false },
};

Test(api_ahead, every_style_gives_every_item_once_and_ends)
{
    static const uint64_t limits[] = { 0, 1, 7, 100, 101, 1000 };

    for (size_t i = 0; i < IX_COUNT(platforms); i++)
        for (size_t l = 0; l < IX_COUNT(limits); l++)
            for (uint32_t prefetch = 0; prefetch <= 3; prefetch++) {
                struct reading r;
                run(&r, &platforms[i], limits[l], prefetch);
                cr_expect_eq(r.items, 101, "%s limit %zu: %zu", platforms[i].id, (size_t) limits[l], (size_t) r.items);
                cr_expect_leq(r.most, prefetch + 1, "%s: %u pages in memory", platforms[i].id, r.most);
            }
}

Test(api_ahead, an_empty_list_is_one_request)
{
    for (size_t i = 0; i < IX_COUNT(platforms); i++) {
        struct platform none = platforms[i];
        struct reading r;

        none.total = 0;
        run(&r, &none, 10, 1);
        cr_expect_eq(r.items, 0);
        cr_expect_eq(requests, 1, "%s", none.id);
    }
}

Test(api_ahead, reading_ahead_hides_the_time_the_reader_takes)
{
    struct reading alone, ahead;

    run(&alone, &platforms[2], 10, 0);
    uint64_t slow_ms = now_ms;
    run(&ahead, &platforms[2], 10, 1);
    cr_assert_eq(slow_ms, 11 * (RTT_MS + READ_MS)); /* the last page says that it is */
    cr_assert_eq(now_ms, 11 * RTT_MS + READ_MS);
    cr_assert_lt(ahead.idle_ms, alone.idle_ms + 1);
}

Test(api_ahead, a_platform_that_ignores_pages_does_not_make_an_endless_list)
{
    const struct platform stubborn = { "fx.p3", 3, 50, "{'things':@}", true, false, true };
    struct reading r;

    run(&r, &stubborn, 10, 2);
    cr_assert_eq(r.items, 3);
    cr_assert_eq(requests, 2);
}

Test(api_ahead, stops_after_as_many_items_as_were_wanted)
{
    struct reading r;

    begin(&r, &platforms[0], 10, 2);
    r.a.max_items = 25;
    while (turn(&r, &platforms[0]))
        ;
    ix_http_request_clear(&r.base);
    cr_assert_eq(requests, 3);
}

Test(api_ahead, nothing_is_asked_for_after_a_failure_until_the_reader_knows)
{
    struct ix_api_ahead a = { .prefetch = 2 };

    cr_assert(ix_api_ahead_wants(&a, false));
    ix_api_ahead_sent(&a);
    cr_assert(!ix_api_ahead_wants(&a, true));
    ix_api_ahead_fail(&a);
    cr_assert(!ix_api_ahead_wants(&a, true));
    ix_api_ahead_taken(&a);
    cr_assert(ix_api_ahead_wants(&a, true));
    a.cancelled = true;
    cr_assert(!ix_api_ahead_wants(&a, true));
    cr_assert(ix_api_ahead_over(&a));
}

Test(api_ahead, the_callers_own_limit_and_beginning_are_taken)
{
    irisx_value_t *v = json("{'page':3,'limit':'25','active':true}");
    struct ix_api_params params = { .value = v };
    uint64_t first = 0, limit = 0;

    ix_api_set_fixture(&s);
    ix_api_page_wish_in(&s, ix_api_find_in(&s, "fx.things.list"), &params, &first, &limit);
    cr_assert_eq(first, 3);
    cr_assert_eq(limit, 25);
    irisx_value_free(v);
}

Test(api_ahead, items_have_their_structs_wherever_the_list_lies)
{
    static const struct {
        const char *id, *answer;
    } table[] = {
        { "fx.things.list", "{'success':true,'data':{'things':[{'id':1},7,{'id':2}]}}" },
        { "fx.p1", "{'things':[{'id':1},7,{'id':2}]}" },
        { "fx.p10", "[{'id':1},7,{'id':2}]" },
    };

    ix_api_set_fixture(&s);
    for (size_t i = 0; i < IX_COUNT(table); i++) {
        struct ix_api_answer a = { 0 };
        struct ix_http_error e = { 0 };
        irisx_value_t *v = json(table[i].answer);
        char *text = irisx_value_to_text(v);
        struct ix_http_response r = { .status = 200, .body = ix_str(text) };
        size_t count = 0;

        cr_assert_eq(ix_api_decode_in(&s, ix_api_find_in(&s, table[i].id), IX_RETRY_SAFE, &r, &a, &e), 0);
        const irisx_api_fx_thing_t *const *things =
            (const void *) ix_api_item_structs_in(&s, ix_api_find_in(&s, table[i].id), &a, &count);
        cr_assert_eq(count, 2, "%s", table[i].id);
        text_is(things[1]->id, "2");
        irisx_text_free(text);
        irisx_value_free(v);
        ix_api_answer_clear(&a);
    }
}
