/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "kit.h"

TestSuite(line, .init = client_up, .fini = client_down);

static irisx_line_options_t account(const char *url)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;

    o.ws_url = url;
    o.user = "1000";
    o.password = "secret";
    return o;
}

static const char *address(const char *url, const char *realm)
{
    static char text[128];
    irisx_line_options_t o = account(url);
    irisx_line_t *line = NULL;

    o.realm = realm;
    cr_assert_eq(irisx_line_open(client, &o, &line, NULL), IRISX_OK);
    (void) snprintf(text, sizeof text, "%s", irisx_line_address(line));
    irisx_line_unref(line);
    return text;
}

Test(line, its_address_has_the_realm_or_else_the_servers_name)
{
    cr_assert_str_eq(address("ws://host.example:8080/ws", "realm.example"), "sip:1000@realm.example");
    cr_assert_str_eq(address("ws://host.example:8080/ws", NULL), "sip:1000@host.example");
    cr_assert_str_eq(address("wss://host.example", ""), "sip:1000@host.example");
    cr_assert_str_eq(address("ws://[::1]:8080/ws", NULL), "sip:1000@[::1]");
    cr_assert_str_eq(address("ws://[::1]/ws", NULL), "sip:1000@[::1]");
}

Test(line, what_is_missing_is_refused_at_once)
{
    irisx_line_options_t o = account(NULL);
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;

    cr_assert_eq(irisx_line_open(client, &o, &line, &op), IRISX_E_INVALID);
    o = account("ws://127.0.0.1:9/");
    o.user = "";
    cr_assert_eq(irisx_line_open(client, &o, &line, &op), IRISX_E_INVALID);
    cr_assert_eq(irisx_line_open(client, NULL, &line, &op), IRISX_E_INVALID);
    cr_assert_eq(irisx_line_open(NULL, &o, &line, &op), IRISX_E_INVALID);
    cr_assert(!line && !op, "nothing is written on failure");
}

Test(line, an_address_that_is_no_websocket_fails_with_what_to_do)
{
    irisx_line_options_t o = account("http://127.0.0.1/");
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;

    cr_assert_eq(irisx_line_open(client, &o, &line, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, 5000), IRISX_E_INVALID);
    cr_assert_not_null(strstr(irisx_op_error(op)->message, "ws://"));
    cr_assert_eq(irisx_line_state(line), IRISX_LINE_FAILED);
    irisx_op_unref(op);
    irisx_line_unref(line);
}

Test(line, a_cancelled_opening_ends_cancelled_and_the_line_is_closed)
{
    irisx_line_options_t o = account("ws://127.0.0.1:9/");
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;

    cr_assert_eq(irisx_line_open(client, &o, &line, &op), IRISX_OK);
    cr_assert_eq(irisx_op_cancel(op), IRISX_OK);
    cr_assert_eq(end_of(op), IRISX_E_CANCELLED);
    cr_assert_eq(irisx_client_run_once(client), IRISX_OK);
    cr_assert_eq(irisx_line_state(line), IRISX_LINE_CLOSED);
    irisx_line_unref(line);
}

Test(line, closing_twice_is_no_fault)
{
    irisx_line_options_t o = account("ws://127.0.0.1:9/");
    irisx_line_t *line = NULL;
    irisx_op_t *first = NULL, *second = NULL;

    cr_assert_eq(irisx_line_open(client, &o, &line, NULL), IRISX_OK);
    cr_assert_eq(irisx_line_close(line, &first), IRISX_OK);
    cr_assert_eq(irisx_line_close(line, &second), IRISX_OK);
    cr_assert_eq(end_of(second), IRISX_OK);
    cr_assert_eq(end_of(first), IRISX_OK);
    irisx_line_unref(line);
}

Test(line, the_password_is_kept_by_the_signalling_alone)
{
    irisx_line_options_t o = account("ws://127.0.0.1:9/");
    irisx_line_t *line = NULL;

    cr_assert_eq(irisx_line_open(client, &o, &line, NULL), IRISX_OK);
    cr_assert_not_null(line->password);
    cr_assert_eq(irisx_client_run_once(client), IRISX_OK);
    cr_assert_null(line->password);
    irisx_line_unref(line);
}

Test(line, it_outlives_its_client_and_says_closed)
{
    irisx_line_options_t o = account("ws://127.0.0.1:9/");
    irisx_call_options_t dial = IRISX_CALL_OPTIONS_INIT;
    irisx_line_t *line = NULL;

    dial.to = "9196";
    cr_assert_eq(irisx_line_open(client, &o, &line, NULL), IRISX_OK);
    client_down();
    cr_assert_eq(irisx_line_state(line), IRISX_LINE_CLOSED);
    cr_assert_eq(irisx_line_close(line, NULL), IRISX_E_CLOSED);
    cr_assert_eq(irisx_call_dial(line, &dial, NULL, NULL), IRISX_E_CLOSED);
    irisx_line_unref(line);
}

Test(line, a_provisioned_one_wants_the_rest_api)
{
    irisx_line_t *line = NULL;

    cr_assert_eq(irisx_line_open_provisioned(client, NULL, &line, NULL), IRISX_E_STATE);
    cr_assert_null(line);
}
