/* SPDX-License-Identifier: MIT */
/* The typed and the dynamic REST API of a whole client against a server that answers as scripted. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <irisx/api/auth.h>
#include <irisx/api/calls.h>
#include <irisx/api/sms.h>
#include <irisx/api/webhooks.h>
#include <irisx/api/webrtc.h>
#include <irisx/irisx.h>

#include "recorder.h"

#define LONG_MS 20000

/* {"iat":1795166288,"exp":1795252688} */
#define TOKEN_A "eyJh.eyJpYXQiOjE3OTUxNjYyODgsImV4cCI6MTc5NTI1MjY4OH0.aaa"
#define TOKEN_B "eyJh.eyJpYXQiOjE3OTUxNjYyODgsImV4cCI6MTc5NTI1MjY4OH0.bbb"
#define LOGIN                                                                                             \
    {                                                                                                     \
        "POST /v1/auth/login", 200,                                                                       \
            "{\"success\":true,\"data\":{\"user\":{\"id\":\"2\"},\"tokens\":{\"access_token\":\"" TOKEN_A \
            "\",\"refresh_token\":\"REFRESH-SECRET\",\"expires_in\":\"24h\"}}}",                          \
            NULL, NULL                                                                                    \
    }
#define EXPIRED(line)                                          \
    {                                                          \
        line, 401, "{\"error\":\"Token expired\"}", NULL, NULL \
    }
#define CALLS \
    "{\"calls\":[{\"sid\":\"CA1\",\"duration\":\"13\",\"initiated_at\":1795166845486}],\"pagination\":{\"total\":1,\"has_more\":false}}"

static struct recorder *server;
static irisx_client_t *client;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_text[1 << 20];
static size_t log_len;

static void log_line(int32_t level, const char *area, const char *line, void *user_data)
{
    (void) level;
    (void) user_data;
    pthread_mutex_lock(&log_lock);
    int n = snprintf(log_text + log_len, sizeof log_text - log_len, "%s: %s\n", area, line);
    if (n > 0 && log_len + (size_t) n < sizeof log_text)
        log_len += (size_t) n;
    pthread_mutex_unlock(&log_lock);
}

static void begin(const struct scripted *script, const char *api_key, uint32_t timeout_ms)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;

    server = recorder_start(script);
    o.api_url = recorder_url(server);
    o.api_key = api_key;
    o.request_timeout_ms = timeout_ms;
    o.log = log_line;
    o.log_level = IRISX_LOG_TRACE;
    cr_assert_eq(irisx_client_new(&o, &client), IRISX_OK);
}

static void teardown(void)
{
    if (client != NULL)
        (void) irisx_client_close(client, 0);
    irisx_client_unref(client);
    if (server != NULL)
        recorder_stop(server);
}

TestSuite(rest, .fini = teardown, .timeout = 60);

static void log_in(void)
{
    irisx_op_t *op;

    cr_assert_eq(irisx_client_login(client, "a@b.test", "PASSWORD-SECRET", &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_OK, "%s", irisx_op_error(op)->message);
    irisx_op_unref(op);
}

/* waits for op, which must end so, and gives its reference back */
static void ends(irisx_op_t *op, irisx_error_t code)
{
    irisx_error_t have = irisx_op_wait(op, LONG_MS);

    cr_expect_eq(have, code, "%s: %s", irisx_error_name(have), irisx_op_error(op) ? irisx_op_error(op)->message : "");
    irisx_op_unref(op);
}

static irisx_op_t *list_calls(void)
{
    const irisx_api_calls_list_params_t params = { .limit = irisx_int(2) };
    irisx_op_t *op = NULL;

    cr_assert_eq(irisx_api_calls_list(client, &params, &op), IRISX_OK);
    return op;
}

static irisx_op_t *send_sms(void)
{
    const irisx_api_sms_send_params_t params = { .from_ = "+12025550101", .to = "+12025550199", .message = "hello" };
    irisx_op_t *op = NULL;

    cr_assert_eq(irisx_api_sms_send(client, &params, &op), IRISX_OK);
    return op;
}

static void is_the_call(irisx_op_t *op)
{
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_OK, "%s", irisx_op_error(op)->message);
    const irisx_api_calls_list_result_t *list = irisx_api_calls_list_result(op);
    cr_assert_not_null(list);
    cr_assert_eq(list->calls.count, 1);
    cr_assert_str_eq(list->calls.items[0]->sid, "CA1");
    cr_assert_eq(list->calls.items[0]->duration.value, 13);
    cr_assert_eq(list->calls.items[0]->initiated_at_ms.value, 1795166845486);
    irisx_op_unref(op);
}

Test(rest, a_typed_request_goes_out_as_the_contract_says)
{
    static const struct scripted script[] = { LOGIN,
        { "POST /v1/sms/send", 201, "{\"message\":\"ok\",\"sms\":{\"sid\":\"SM1\"}}", NULL, NULL },
        { NULL, 0, NULL, NULL, NULL } };

    begin(script, NULL, 0);
    log_in();
    irisx_op_t *op = send_sms();
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_OK);
    cr_assert_str_eq(irisx_api_sms_send_result(op)->sms->sid, "SM1");
    cr_assert_null(irisx_api_sms_list_result(op), "the result of another operation");
    cr_assert_str_eq(irisx_value_get_text(irisx_op_value(op), "message", ""), "ok");
    irisx_op_unref(op);
    struct recorded r = recorder_last(server, "POST /v1/sms/send");
    cr_assert_str_eq(r.body, "{\"from\":\"+12025550101\",\"to\":\"+12025550199\",\"message\":\"hello\"}");
    cr_assert_str_eq(r.authorization, "Bearer " TOKEN_A);
    cr_assert_str_eq(r.content_type, "application/json");
}

Test(rest, the_same_by_id_and_by_path)
{
    static const struct scripted script[] = { { "POST /v1/calls", 201, "{\"sid\":\"CA2\"}", NULL, NULL },
        { "GET /v2/new?a=1", 200, "[1,2,3]", NULL, NULL }, { NULL, 0, NULL, NULL, NULL } };
    irisx_value_t *params = irisx_value_new_object();
    irisx_op_t *op;

    begin(script, "irisx_live_SECRET", 0);
    cr_assert_eq(irisx_value_set_text(params, "to", "+12025550199"), IRISX_OK);
    cr_assert_eq(irisx_api_call(client, "calls.create", params, NULL, &op), IRISX_OK);
    irisx_value_free(params); /* it was copied */
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_OK, "%s", irisx_op_error(op)->message);
    cr_assert_str_eq(irisx_api_calls_create_result(op)->sid, "CA2");
    irisx_op_unref(op);
    struct recorded r = recorder_last(server, "POST /v1/calls");
    cr_assert_str_eq(r.body, "{\"to\":\"+12025550199\"}");
    cr_assert_str_eq(r.api_key, "irisx_live_SECRET");
    cr_assert_str_eq(r.authorization, "");
    cr_assert_eq(irisx_api_request(client, "GET", "/v2/new?a=1", NULL, NULL, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_OK);
    cr_assert_eq(irisx_value_count(irisx_op_value(op)), 3);
    irisx_op_unref(op);
    cr_assert_eq(irisx_api_call(client, "calls.dance", NULL, NULL, &op), IRISX_E_INVALID);
}

Test(rest, wrong_parameters_end_the_op_and_nothing_is_sent)
{
    static const struct scripted script[] = { { NULL, 0, NULL, NULL, NULL } };
    const irisx_api_sms_send_params_t params = { .to = "2" };
    irisx_op_t *op;

    begin(script, "k", 0);
    cr_assert_eq(irisx_api_sms_send(client, &params, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_E_INVALID);
    cr_assert_str_eq(irisx_op_error(op)->message, "sms.send: from: Required");
    cr_assert_not_null(strstr(irisx_op_error(op)->detail, "\"path\":\"message\""));
    irisx_op_unref(op);
    cr_assert_eq(recorder_count(server, ""), 0);
}

Test(rest, two_hundred_expired_answers_make_one_refresh)
{
    static const struct scripted script[] = { LOGIN,
        { "POST /v1/auth/refresh", 200, "{\"success\":true,\"data\":{\"access_token\":\"" TOKEN_B "\"}}", NULL, NULL },
        { "GET /v1/auth/me", 401, "{\"error\":\"Token expired\"}", NULL, NULL, TOKEN_A },
        { "GET /v1/auth/me", 200, "{\"success\":true,\"data\":{\"id\":2}}", NULL, NULL, TOKEN_B },
        { NULL, 0, NULL, NULL, NULL } };
    irisx_op_t *ops[200];

    begin(script, NULL, 0);
    log_in();
    for (size_t i = 0; i < IX_COUNT(ops); i++)
        cr_assert_eq(irisx_api_auth_me(client, NULL, &ops[i]), IRISX_OK);
    for (size_t i = 0; i < IX_COUNT(ops); i++)
        ends(ops[i], IRISX_OK);
    cr_assert_eq(recorder_count(server, "POST /v1/auth/refresh"), 1);
    cr_assert_str_eq(recorder_last(server, "POST /v1/auth/refresh").body, "{\"refresh_token\":\"REFRESH-SECRET\"}");
    cr_assert_str_eq(recorder_last(server, "GET /v1/auth/me").authorization, "Bearer " TOKEN_B);
}

Test(rest, another_401_is_told_and_not_cured)
{
    static const struct scripted script[] = { LOGIN,
        { "GET /v1/calls", 401, "{\"error\":\"Unauthorized: Missing tenant information\"}", NULL, NULL },
        EXPIRED("GET /v1/auth/me"),
        { "POST /v1/auth/refresh", 401, "{\"success\":false,\"error\":\"Invalid refresh token\"}", NULL, NULL },
        { NULL, 0, NULL, NULL, NULL } };
    irisx_op_t *op;

    begin(script, NULL, 0);
    log_in();
    ends(list_calls(), IRISX_E_AUTH);
    cr_assert_eq(recorder_count(server, "GET /v1/calls"), 1);
    cr_assert_eq(recorder_count(server, "POST /v1/auth/refresh"), 0);
    cr_assert_eq(irisx_api_auth_me(client, NULL, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_E_AUTH);
    cr_assert_str_eq(irisx_op_error(op)->reason, "session_ended");
    irisx_op_unref(op);
}

Test(rest, a_login_that_wants_a_second_factor_says_so)
{
    static const struct scripted script[] = {
        { "POST /v1/auth/login", 200,
            "{\"success\":true,\"message\":\"Login successful\",\"data\":{\"requires_2fa\":true,\"pending_token\":\"PENDING\"}}",
            NULL, NULL },
        { NULL, 0, NULL, NULL, NULL }
    };
    const irisx_api_auth_login_params_t params = { .email = "a@b.test", .password = "x" };
    irisx_op_t *op;

    begin(script, NULL, 0);
    cr_assert_eq(irisx_client_login(client, "a@b.test", "x", &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_E_AUTH);
    cr_assert_str_eq(irisx_op_error(op)->reason, "requires_2fa");
    irisx_op_unref(op);
    cr_assert_eq(irisx_api_auth_login(client, &params, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_E_AUTH);
    cr_assert_str_eq(irisx_api_auth_login_result(op)->pending_token, "PENDING");
    irisx_op_unref(op);
}

/* libcurl replays a POST by itself on a kept-alive connection that dies before an answer; it is not to get the chance.
 */
Test(rest, a_post_whose_connection_dies_before_the_answer_is_seen_once)
{
    static const struct scripted script[] = { { "GET /v1/calls", 200, CALLS, NULL, NULL },
        { "POST /v1/sms/send", 0, NULL, NULL, NULL }, { NULL, 0, NULL, NULL, NULL } };

    begin(script, "k", 0);
    is_the_call(list_calls()); /* so that the connection is a kept one */
    irisx_op_t *op = send_sms();
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_E_OUTCOME_UNKNOWN, "%s", irisx_op_error(op)->message);
    cr_assert_eq(irisx_op_error(op)->retryable, 0);
    irisx_op_unref(op);
    cr_assert_eq(recorder_count(server, "POST /v1/sms/send"), 1);
}

Test(rest, a_get_whose_connection_dies_is_sent_again)
{
    static const struct scripted script[] = { { "GET /v1/calls", 0, NULL, NULL, NULL },
        { "GET /v1/calls", 503, "{}", NULL, NULL }, { "GET /v1/calls", 200, CALLS, NULL, NULL },
        { NULL, 0, NULL, NULL, NULL } };

    begin(script, "k", 0);
    is_the_call(list_calls());
    cr_assert_geq(recorder_count(server, "GET /v1/calls"), 3);
}

Test(rest, a_login_whose_connection_dies_is_sent_again)
{
    static const struct scripted script[] = { { "POST /v1/auth/login", 0, NULL, NULL, NULL }, LOGIN,
        { NULL, 0, NULL, NULL, NULL } };

    begin(script, NULL, 0);
    log_in();
    cr_assert_eq(recorder_count(server, "POST /v1/auth/login"), 2);
}

Test(rest, a_rate_limit_is_waited_for_even_by_a_post)
{
    static const struct scripted script[] = { { "POST /v1/sms/send", 429,
                                                  "{\"error\":\"Too many requests\",\"retry_after\":1}", NULL, NULL },
        { "POST /v1/sms/send", 201, "{\"message\":\"ok\",\"sms\":{\"sid\":\"SM1\"}}", NULL, NULL },
        { NULL, 0, NULL, NULL, NULL } };

    begin(script, "k", 0);
    uint64_t before = ix_clock_now().mono_us;
    ends(send_sms(), IRISX_OK);
    cr_assert_geq(ix_clock_now().mono_us - before, IX_S);
    cr_assert_eq(recorder_count(server, "POST /v1/sms/send"), 2);
}

Test(rest, a_rate_limit_beyond_the_cap_is_told)
{
    static const struct scripted script[] = {
        { "POST /v1/sms/send", 429,
            "{\"error\":\"Too many requests\",\"message\":\"Try again in 900 seconds.\",\"retry_after\":900}", NULL,
            NULL },
        { NULL, 0, NULL, NULL, NULL }
    };

    begin(script, "k", 0);
    irisx_op_t *op = send_sms();
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_E_RATE_LIMITED);
    cr_assert_eq(irisx_op_error(op)->retry_after_ms, 900000);
    cr_assert_eq(irisx_op_error(op)->retryable, 1);
    irisx_op_unref(op);
    cr_assert_eq(recorder_count(server, "POST /v1/sms/send"), 1);
}

Test(rest, answers_of_every_shape_become_errors_that_say_what_is_true)
{
    static const struct {
        int status;
        const char *body, *type;
        irisx_error_t code;
        const char *words;
    } table[] = {
        { 404, "{\"error\":\"Not Found\",\"message\":\"Call not found\",\"code\":\"CALL_NOT_FOUND\"}", NULL,
            IRISX_E_NOT_FOUND, "Call not found" },
        { 400,
            "{\"success\":false,\"error\":{\"issues\":[{\"path\":[\"limit\"],\"message\":\"Expected number\"}],\"name\":\"ZodError\"}}",
            NULL, IRISX_E_HTTP, "limit: Expected number" },
        { 500, "{\"error\":\"Failed\",\"message\":\"invalid input syntax\"}", NULL, IRISX_E_SERVER,
            "invalid input syntax" },
        { 500, "<html>oops</html>", "text/html", IRISX_E_SERVER, "HTML page" },
        { 404, "{\"error\":\"Not Found\",\"message\":\"The requested endpoint does not exist\",\"path\":\"/v1/calls\"}",
            NULL, IRISX_E_NOT_AVAILABLE, "calls.list: this platform does not have GET /v1/calls (HTTP 404)" },
        { 200, "{\"success\":false,\"error\":\"Command failed\"}", NULL, IRISX_E_HTTP, "Command failed" },
        { 200, "<html>nginx</html>", "text/html", IRISX_E_PROTOCOL, "a page, not JSON" },
        { 200, "{\"calls\":[{\"sid\":", NULL, IRISX_E_PROTOCOL, "cut short" },
        { 302, "", NULL, IRISX_E_PROTOCOL, "302" },
        { 403, "", NULL, IRISX_E_FORBIDDEN, "empty answer" },
    };

    for (size_t i = 0; i < IX_COUNT(table); i++) {
        struct scripted script[] = { { "GET /v1/calls", table[i].status, table[i].body, NULL, table[i].type },
            { NULL, 0, NULL, NULL, NULL } };
        begin(script, "k", 0);
        irisx_op_t *op = list_calls();
        cr_expect_eq(irisx_op_wait(op, LONG_MS), table[i].code, "row %zu: %s", i, irisx_op_error(op)->message);
        cr_expect_not_null(
            strstr(irisx_op_error(op)->message, table[i].words), "row %zu: %s", i, irisx_op_error(op)->message);
        cr_expect_null(irisx_api_calls_list_result(op));
        irisx_op_unref(op);
        teardown();
        client = NULL;
        server = NULL;
    }
}

Test(rest, a_server_that_never_answers_ends_in_a_timeout)
{
    static const struct scripted script[] = { { "GET ", -1, NULL, NULL, NULL }, { "POST ", -1, NULL, NULL, NULL },
        { NULL, 0, NULL, NULL, NULL } };
    irisx_op_t *op;

    begin(script, "k", 300);
    cr_assert_eq(irisx_api_request(client, "GET", "/health", NULL, NULL, &op), IRISX_OK);
    ends(op, IRISX_E_TIMEOUT);
    ends(send_sms(), IRISX_E_OUTCOME_UNKNOWN);
    cr_assert_eq(recorder_count(server, "POST /v1/sms/send"), 1);
}

Test(rest, cancelling_ends_the_op_at_once)
{
    static const struct scripted script[] = { { "GET ", -1, NULL, NULL, NULL }, { NULL, 0, NULL, NULL, NULL } };

    begin(script, "k", 0);
    irisx_op_t *op = list_calls();
    cr_assert_eq(irisx_op_cancel(op), IRISX_OK);
    ends(op, IRISX_E_CANCELLED);
}

Test(rest, secrets_do_not_reach_the_log_or_an_error)
{
    static const struct scripted script[] = { LOGIN,
        { "GET /v1/webrtc/credentials", 200,
            "{\"extensions\":[{\"extension\":\"1001\",\"sip_password\":\"SIP-SECRET\"}],\"sipConfig\":null}", NULL,
            NULL },
        { "POST /v1/auth/logout", 500, "{\"error\":\"no\",\"token\":\"REFRESH-SECRET\"}", NULL, NULL },
        { NULL, 0, NULL, NULL, NULL } };
    static const char *const secrets[] = { "PASSWORD-SECRET", "REFRESH-SECRET", TOKEN_A, "SIP-SECRET", "KEY-SECRET" };
    const irisx_api_auth_logout_params_t params = { .refresh_token = "REFRESH-SECRET" };
    irisx_op_t *op;

    begin(script, "KEY-SECRET", 0);
    log_in();
    cr_assert_eq(irisx_api_webrtc_credentials_get(client, NULL, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_OK);
    cr_assert_str_eq(irisx_api_webrtc_credentials_get_result(op)->extensions.items[0]->sip_password, "SIP-SECRET");
    irisx_op_unref(op);
    cr_assert_eq(irisx_api_auth_logout(client, &params, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, LONG_MS), IRISX_E_SERVER);
    cr_assert_null(strstr(irisx_op_error(op)->detail, "SECRET"), "%s", irisx_op_error(op)->detail);
    irisx_op_unref(op);
    pthread_mutex_lock(&log_lock);
    for (size_t i = 0; i < IX_COUNT(secrets); i++)
        cr_expect_null(strstr(log_text, secrets[i]), "%s is in the log", secrets[i]);
    pthread_mutex_unlock(&log_lock);
}
