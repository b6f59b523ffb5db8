/* SPDX-License-Identifier: MIT */
/*
 * The ten styles of paging, each with an operation that has it, in the words of the platform (contract WIRE.md section
 * 7): what is asked for page by page, which items come out, and where the list ends.
 */
#include <criterion/criterion.h>
#include <irisx/api.h>
#include <irisx/irisx.h>
#include <irisx/rest.h>
#include <stdio.h>
#include <string.h>

#include "recorder.h"

#define LONG_MS 20000
/* {"iat":1795166288,"exp":4102444800} */
#define TOKEN "eyJh.eyJpYXQiOjE3OTUxNjYyODgsImV4cCI6NDEwMjQ0NDgwMH0.aaa"

#define STAFF "{\"success\":true,\"token\":\"" TOKEN "\",\"admin\":{\"id\":\"1\"}}"

#define AB "[{\"id\":\"a\"},{\"id\":\"b\"}]"
#define C "[{\"id\":\"c\"}]"

struct style {
    const char *id, *path;
    const char *pages[4]; /* what is answered, one after the other */
    const char *asked[4]; /* queries, likewise */
    const char *items;
};

static const struct style styles[] = {
    { "calls.list", "GET /v1/calls", /* P1 */
        { "{\"calls\":" AB ",\"pagination\":{\"total\":3,\"limit\":2,\"offset\":0,\"has_more\":true}}",
            "{\"calls\":" C ",\"pagination\":{\"total\":3,\"limit\":2,\"offset\":2,\"has_more\":false}}" },
        { "?offset=0&limit=2", "?offset=2&limit=2" }, "abc" },
    { "email.list", "GET /v1/email", /* P2 */
        { "{\"emails\":" AB ",\"pagination\":{\"total\":3,\"limit\":2,\"offset\":0}}",
            "{\"emails\":" C ",\"pagination\":{\"total\":3,\"limit\":2,\"offset\":2}}" },
        { "?offset=0&limit=2", "?offset=2&limit=2" }, "abc" },
    { "sms.list", "GET /v1/sms", /* P3 */
        { "{\"messages\":" AB ",\"pagination\":{\"page\":1,\"limit\":2,\"total\":3,\"pages\":2}}",
            "{\"messages\":" C ",\"pagination\":{\"page\":2,\"limit\":2,\"total\":3,\"pages\":2}}" },
        { "?page=1&limit=2", "?page=2&limit=2" }, "abc" },
    { "messages.list", "GET /v1/messages", /* P4, counts as texts */
        { "{\"success\":true,\"data\":{\"messages\":" AB
          ",\"pagination\":{\"page\":1,\"limit\":2,\"total\":\"3\",\"totalPages\":\"2\"}}}",
            "{\"success\":true,\"data\":{\"messages\":" C
            ",\"pagination\":{\"page\":2,\"limit\":2,\"total\":\"3\",\"totalPages\":\"2\"}}}" },
        { "?page=1&limit=2", "?page=2&limit=2" }, "abc" },
    { "campaigns.list", "GET /v1/campaigns", /* P5 */
        { "{\"campaigns\":" AB ",\"total\":3,\"page\":1,\"limit\":2}",
            "{\"campaigns\":" C ",\"total\":3,\"page\":2,\"limit\":2}" },
        { "?page=1&limit=2", "?page=2&limit=2" }, "abc" },
    { "video_calls.rooms.list", "GET /v1/video-calls/rooms", /* P6 */
        { "{\"success\":true,\"rooms\":" AB ",\"total\":3,\"limit\":2,\"offset\":0}",
            "{\"success\":true,\"rooms\":" C ",\"total\":3,\"limit\":2,\"offset\":2}" },
        { "?offset=0&limit=2", "?offset=2&limit=2" }, "abc" },
    { "knowledge.articles.list", "GET /v1/knowledge/articles", /* P7: total lies elsewhere */
        { "{\"success\":true,\"articles\":" AB
          ",\"total\":3,\"pagination\":{\"limit\":2,\"offset\":0,\"hasMore\":true}}",
            "{\"success\":true,\"articles\":" C
            ",\"total\":3,\"pagination\":{\"limit\":2,\"offset\":2,\"hasMore\":false}}" },
        { "?offset=0&limit=2", "?offset=2&limit=2" }, "abc" },
    { "compliance.alerts.list", "GET /v1/compliance/alerts", /* P8 */
        { "{\"alerts\":" AB ",\"pagination\":{\"page\":1,\"limit\":2,\"total\":3,\"total_pages\":2}}",
            "{\"alerts\":" C ",\"pagination\":{\"page\":2,\"limit\":2,\"total\":3,\"total_pages\":2}}" },
        { "?page=1&limit=2", "?page=2&limit=2" }, "abc" },
    { "sms.templates.list", "GET /v1/sms/templates", /* P9: all at once, whatever is wished for */
        { "{\"templates\":" AB ",\"total\":3}" }, { "" }, "ab" },
    { "admin.webhooks.list", "GET /admin/webhooks", { AB }, { "" }, "ab" }, /* P10: a bare array */

    /* deployed: flags that lie, pages that are empty, repeated, longer or shorter than asked for */
    { "calls.list", "GET /v1/calls", /* "there is more" for ever, and an empty page */
        { "{\"calls\":" AB ",\"pagination\":{\"has_more\":true}}",
            "{\"calls\":[],\"pagination\":{\"has_more\":true}}" },
        { "?offset=0&limit=2", "?offset=2&limit=2" }, "ab" },
    { "calls.list", "GET /v1/calls", /* the same page for ever */
        { "{\"calls\":" AB ",\"pagination\":{\"has_more\":true}}",
            "{\"calls\":" AB ",\"pagination\":{\"has_more\":true}}" },
        { "?offset=0&limit=2", "?offset=2&limit=2" }, "ab" },
    { "calls.list", "GET /v1/calls", /* fewer than asked for: the next page begins behind them */
        { "{\"calls\":" C ",\"pagination\":{\"total\":3,\"has_more\":true}}",
            "{\"calls\":" AB ",\"pagination\":{\"total\":3,\"has_more\":false}}" },
        { "?offset=0&limit=2", "?offset=1&limit=2" }, "cab" },
    { "sms.list", "GET /v1/sms", /* no figures at all */
        { "{\"messages\":" AB "}", "{\"messages\":" C "}", "{\"messages\":[]}" },
        { "?page=1&limit=2", "?page=2&limit=2", "?page=3&limit=2" }, "abc" },
    { "messages.list", "GET /v1/messages", { "{\"success\":true,\"data\":null}" }, { "?page=1&limit=2" }, "" },
    { "calls.list", "GET /v1/calls", { "{\"calls\":null,\"pagination\":null}" }, { "?offset=0&limit=2" }, "" },
    { "admin.webhooks.list", "GET /admin/webhooks", { "[]" }, { "" }, "" },
};

static struct recorder *server;
static irisx_client_t *client;

static void begin(const struct scripted *script)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;

    server = recorder_start(script);
    o.api_url = recorder_url(server);
    cr_assert_eq(irisx_client_new(&o, &client), IRISX_OK);
    cr_assert_eq(irisx_client_set_tokens(client, TOKEN, NULL), IRISX_OK);
    irisx_op_t *op;
    cr_assert_eq(irisx_client_login_admin(client, "staff@irisx.test", "PASSWORD", &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_OK);
    irisx_op_unref(op);
}

static void end(void)
{
    (void) irisx_client_close(client, 0);
    irisx_client_unref(client);
    recorder_stop(server);
}

static void read_all(const struct style *s, char items[16])
{
    irisx_pager_options_t o = IRISX_PAGER_OPTIONS_INIT;
    const irisx_value_t *value;
    irisx_pager_t *pager;
    irisx_error_t err;
    size_t n = 0;

    o.page_size = 2;
    cr_assert_eq(irisx_pager_call(client, s->id, NULL, &o, &pager), IRISX_OK, "%s", s->id);
    while ((err = irisx_pager_next(pager, LONG_MS, &value, NULL)) == IRISX_OK && n < 15)
        items[n++] = irisx_value_get_text(value, "id", "?")[0];
    items[n] = '\0';
    cr_expect_eq(err, IRISX_E_NOT_FOUND, "%s: %s", s->id, irisx_error_name(err));
    irisx_pager_unref(pager);
}

Test(styles, each_gives_its_items_page_by_page, .timeout = 120)
{
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        const struct style *s = &styles[i];
        struct scripted script[6] = { { "POST /admin/auth/login", 200, STAFF, NULL, NULL, NULL } };
        char items[16], line[128];
        size_t pages = 0;

        for (; pages < 4 && s->pages[pages] != NULL; pages++)
            script[pages + 1] = (struct scripted){ s->path, 200, s->pages[pages], NULL, NULL, NULL };
        begin(script);
        read_all(s, items);
        cr_expect_str_eq(items, s->items, "%zu %s: %s, not %s", i, s->id, items, s->items);
        cr_expect_eq(recorder_count(server, s->path), pages, "%zu %s: %zu requests, not %zu", i, s->id,
            recorder_count(server, s->path), pages);
        for (size_t n = 0; n < pages; n++) {
            (void) snprintf(line, sizeof line, "%s%s", s->path, s->asked[n]);
            cr_expect_str_eq(recorder_last(server, line).line, line, "%zu: %s was not asked for", i, line);
        }
        end();
    }
}
