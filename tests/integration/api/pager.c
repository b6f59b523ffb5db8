/* SPDX-License-Identifier: MIT */
/* Lists page by page through a whole client: typed and by id, items and pages, failures, cancelling, bounded memory. */
#include <criterion/criterion.h>
#include <irisx/api/calls.h>
#include <irisx/irisx.h>
#include <string.h>

#include "recorder.h"

#define LONG_MS 20000
#define PAGE(offset, ids, more)                                                                                    \
    {                                                                                                              \
        "GET /v1/calls?offset=" offset, 200, "{\"calls\":[" ids "],\"pagination\":{\"has_more\":" more "}}", NULL, \
            NULL, NULL                                                                                             \
    }
#define CALL(sid) "{\"sid\":\"" sid "\"}"

static struct recorder *server;
static irisx_client_t *client;
static irisx_pager_t *pager;

static void begin(const struct scripted *script, int32_t zero_thread)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;

    server = recorder_start(script);
    o.api_url = recorder_url(server);
    o.api_key = "k";
    o.zero_thread = zero_thread;
    cr_assert_eq(irisx_client_new(&o, &client), IRISX_OK);
}

static void teardown(void)
{
    irisx_pager_unref(pager);
    if (client != NULL)
        (void) irisx_client_close(client, 0);
    irisx_client_unref(client);
    if (server != NULL)
        recorder_stop(server);
}

TestSuite(pager, .fini = teardown, .timeout = 60);

static const struct scripted three_pages[] = { PAGE("0&limit=2", CALL("CA1") "," CALL("CA2"), "true"),
    PAGE("2&limit=2", CALL("CA3") ",\"odd\"", "true"), PAGE("4&limit=2", CALL("CA5"), "false"),
    { NULL, 0, NULL, NULL, NULL, NULL } };

static void gives_every_item(void)
{
    static const char *const sids[] = { "CA1", "CA2", "CA3", NULL, "CA5" };
    const irisx_value_t *value;
    const void *item;

    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(irisx_pager_next(pager, LONG_MS, &value, &item), IRISX_OK);
        const irisx_api_call_t *call = item;
        if (sids[i] == NULL) {
            cr_expect_null(item, "what is no object has no struct");
            cr_expect_str_eq(irisx_value_text(value, ""), "odd");
        } else {
            cr_expect_str_eq(call->sid, sids[i]);
            cr_expect_eq(call->raw, value);
        }
    }
    cr_assert_eq(irisx_pager_next(pager, LONG_MS, &value, &item), IRISX_E_NOT_FOUND);
    cr_assert_eq(irisx_pager_next(pager, LONG_MS, &value, &item), IRISX_E_NOT_FOUND);
    cr_assert_eq(recorder_count(server, "GET /v1/calls"), 3);
    cr_assert_null(irisx_pager_error(pager));
}

Test(pager, gives_every_item_and_its_struct)
{
    irisx_pager_options_t o = IRISX_PAGER_OPTIONS_INIT;

    begin(three_pages, 0);
    o.page_size = 2;
    cr_assert_eq(irisx_api_calls_list_pager(client, NULL, &o, &pager), IRISX_OK);
    gives_every_item();
}

Test(pager, takes_limit_from_the_parameters_and_runs_without_threads)
{
    const irisx_api_calls_list_params_t params = { .limit = irisx_int(2) };

    begin(three_pages, 1);
    cr_assert_eq(irisx_api_calls_list_pager(client, &params, NULL, &pager), IRISX_OK);
    gives_every_item();
}

Test(pager, gives_pages_by_id_and_tells_of_each_in_an_event_if_that_is_wanted)
{
    irisx_pager_options_t o = IRISX_PAGER_OPTIONS_INIT;
    irisx_op_t *op;
    size_t pages = 0, events = 0;
    irisx_event_t *event;

    begin(three_pages, 0);
    o.page_size = 2;
    o.events = 1;
    cr_assert_eq(irisx_pager_call(client, "calls.list", NULL, &o, &pager), IRISX_OK);
    while (irisx_pager_next_page(pager, LONG_MS, &op) == IRISX_OK) {
        pages++;
        cr_expect_not_null(irisx_api_calls_list_result(op));
        cr_expect_not_null(irisx_op_value(op));
        irisx_op_unref(op);
    }
    cr_assert_eq(pages, 3);
    while (events < 3 && irisx_client_next_event(client, LONG_MS, &event) == IRISX_OK) {
        events += irisx_event_kind(event) == IRISX_EVENT_OP_DONE;
        irisx_event_unref(event);
    }
    cr_assert_eq(events, 3);
}

Test(pager, a_page_that_fails_is_told_and_asked_for_again)
{
    static const struct scripted script[] = { PAGE("0", CALL("CA1"), "true"),
        { "GET /v1/calls?offset=1", 400, "{\"error\":\"Bad Request\",\"message\":\"odd\",\"code\":\"X\"}", NULL, NULL,
            NULL },
        PAGE("1", CALL("CA2"), "false"), { NULL, 0, NULL, NULL, NULL, NULL } };
    const irisx_value_t *value;

    begin(script, 0);
    cr_assert_eq(irisx_pager_call(client, "calls.list", NULL, NULL, &pager), IRISX_OK);
    cr_assert_eq(irisx_pager_next(pager, LONG_MS, &value, NULL), IRISX_OK);
    cr_assert_eq(irisx_pager_next(pager, LONG_MS, &value, NULL), IRISX_E_HTTP);
    cr_assert_eq(irisx_pager_error(pager)->status, 400);
    cr_assert_eq(irisx_pager_next(pager, LONG_MS, &value, NULL), IRISX_OK);
    cr_assert_str_eq(irisx_value_get_text(value, "sid", ""), "CA2");
    cr_assert_eq(irisx_pager_next(pager, LONG_MS, &value, NULL), IRISX_E_NOT_FOUND);
}

Test(pager, wrong_parameters_are_told_at_the_first_item_and_stay_wrong)
{
    static const struct scripted script[] = { { NULL, 0, NULL, NULL, NULL, NULL } };
    irisx_value_t *params = irisx_value_new_object();

    begin(script, 0);
    (void) irisx_value_add_text(params, "x");
    (void) irisx_value_set_bool(params, "status", 1);
    (void) irisx_value_set_take(params, "status", irisx_value_new_object());
    cr_assert_eq(irisx_pager_call(client, "calls.list", params, NULL, &pager), IRISX_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(irisx_pager_next(pager, LONG_MS, NULL, NULL), IRISX_E_INVALID);
        cr_assert_not_null(strstr(irisx_pager_error(pager)->message, "status"));
    }
    cr_assert_eq(recorder_count(server, "GET"), 0);
    irisx_value_free(params);
}

Test(pager, a_list_that_nobody_reads_is_asked_for_no_further_than_was_said)
{
    irisx_pager_options_t o = IRISX_PAGER_OPTIONS_INIT;
    irisx_op_t *op = NULL;

    begin(three_pages, 1);
    o.page_size = 2;
    o.prefetch = UINT32_MAX; /* none */
    cr_assert_eq(irisx_api_calls_list_pager(client, NULL, &o, &pager), IRISX_OK);
    cr_assert_eq(irisx_pager_next_page(pager, 0, &op), IRISX_E_AGAIN);
    cr_assert_eq(irisx_pager_next_page(pager, LONG_MS, &op), IRISX_OK);
    irisx_op_unref(op);
    for (int i = 0; i < 50; i++)
        (void) irisx_client_run_once(client);
    cr_assert_eq(recorder_count(server, "GET /v1/calls"), 1);
    o.max_items = 3;
    irisx_pager_unref(pager);
    cr_assert_eq(irisx_api_calls_list_pager(client, NULL, &o, &pager), IRISX_OK);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(irisx_pager_next(pager, LONG_MS, NULL, NULL), IRISX_OK);
    cr_assert_eq(irisx_pager_next(pager, LONG_MS, NULL, NULL), IRISX_E_NOT_FOUND);
    cr_assert_eq(recorder_count(server, "GET /v1/calls"), 3);
}

Test(pager, ends_at_once_when_it_is_cancelled_or_let_go)
{
    static const struct scripted script[] = { { "GET /v1/calls", -1, NULL, NULL, NULL, NULL },
        { NULL, 0, NULL, NULL, NULL, NULL } };

    begin(script, 0);
    cr_assert_eq(irisx_pager_call(client, "calls.list", NULL, NULL, &pager), IRISX_OK);
    cr_assert_eq(irisx_pager_next(pager, 20, NULL, NULL), IRISX_E_AGAIN);
    irisx_pager_cancel(pager);
    cr_assert_eq(irisx_pager_next(pager, LONG_MS, NULL, NULL), IRISX_E_CANCELLED);
    irisx_pager_unref(irisx_pager_ref(pager));
    irisx_pager_unref(pager); /* while its request may still run */
    cr_assert_eq(irisx_pager_call(client, "calls.list", NULL, NULL, &pager), IRISX_OK);
}

Test(pager, what_has_no_pages_or_does_not_exist_is_refused)
{
    static const struct scripted script[] = { { NULL, 0, NULL, NULL, NULL, NULL } };

    begin(script, 0);
    cr_assert_eq(irisx_pager_call(client, "calls.get", NULL, NULL, &pager), IRISX_E_INVALID);
    cr_assert_eq(irisx_pager_call(client, "calls.dance", NULL, NULL, &pager), IRISX_E_INVALID);
    cr_assert_eq(irisx_pager_new(client, 65000, NULL, 0, NULL, &pager), IRISX_E_INVALID);
    cr_assert_eq(irisx_pager_call(client, "calls.list", NULL, NULL, NULL), IRISX_E_INVALID);
    cr_assert_null(pager);
}
