/* SPDX-License-Identifier: MIT */
/* The shapes E1 to E13 of the contract (WIRE.md section 5), with its own samples. */
#include <criterion/criterion.h>
#include <string.h>

#include "http/http.h"
#include "json/json.h"

static struct ix_http_error e;

static void teardown(void)
{
    ix_http_error_clear(&e);
}

TestSuite(http_error, .fini = teardown);

static void answer(int status, const char *body)
{
    struct ix_http_response r = { .status = status, .content_type = IX_STR("application/json"), .body = ix_str(body) };

    ix_http_error_from_response(&e, &r, IX_RETRY_UNSAFE);
    cr_assert_eq(e.info.domain, IRISX_DOMAIN_HTTP);
    cr_assert_eq(e.info.status, status);
    cr_assert_not_null(e.info.message);
}

static void is(irisx_error_t code, const char *message, const char *reason, const char *detail)
{
    cr_expect_eq(e.info.code, code, "%s", ix_error_name(e.info.code));
    cr_expect_str_eq(e.info.message, message);
    if (reason == NULL)
        cr_expect_null(e.info.reason, "%s", e.info.reason);
    else
        cr_expect(e.info.reason != NULL && strcmp(e.info.reason, reason) == 0, "%s", e.info.reason);
    if (detail == NULL)
        cr_expect_null(e.info.detail, "%s", e.info.detail);
    else
        cr_expect(e.info.detail != NULL && strcmp(e.info.detail, detail) == 0, "%s", e.info.detail);
}

Test(http_error, E1_error_message_and_code)
{
    answer(404, "{\"error\":\"Not Found\",\"message\":\"Call not found\",\"code\":\"CALL_NOT_FOUND\"}");
    is(IRISX_E_NOT_FOUND, "Call not found (CALL_NOT_FOUND, HTTP 404)", "CALL_NOT_FOUND", NULL);
}

Test(http_error, E2_with_zod_issues_in_details)
{
    answer(400,
        "{\"error\":\"Bad Request\",\"message\":\"Validation failed\",\"code\":\"VALIDATION_ERROR\",\"details\":["
        "{\"code\":\"invalid_type\",\"expected\":\"string\",\"received\":\"undefined\",\"path\":[\"to\"],\"message\":\"Required\"},"
        "{\"code\":\"too_big\",\"path\":[\"buttons\",0,\"text\"],\"message\":\"String must contain at most 20 character(s)\"}]}");
    is(IRISX_E_HTTP, "Validation failed: to: Required (VALIDATION_ERROR, HTTP 400)", "VALIDATION_ERROR",
        "[{\"path\":\"to\",\"message\":\"Required\"},"
        "{\"path\":\"buttons.0.text\",\"message\":\"String must contain at most 20 character(s)\"}]");
}

Test(http_error, E3_error_and_raw_exception)
{
    answer(
        500, "{\"error\":\"Failed to get contact\",\"message\":\"invalid input syntax for type bigint: \\\"abc\\\"\"}");
    is(IRISX_E_SERVER, "Failed to get contact: invalid input syntax for type bigint: \"abc\" (HTTP 500)",
        "Failed to get contact", NULL);
    cr_assert_eq(e.info.retryable, 0, "a 500 is often for good");
}

Test(http_error, E4_error_alone)
{
    answer(404, "{\"error\":\"Contact not found\"}");
    is(IRISX_E_NOT_FOUND, "Contact not found (HTTP 404)", "Contact not found", NULL);
}

Test(http_error, E5_success_false_with_text_details)
{
    answer(401, "{\"success\":false,\"error\":\"Invalid email or password\"}");
    is(IRISX_E_AUTH, "Invalid email or password (HTTP 401)", "Invalid email or password", NULL);
    answer(400, "{\"success\":false,\"error\":\"Validation failed\",\"details\":\"email is missing\"}");
    is(IRISX_E_HTTP, "Validation failed (HTTP 400)", "Validation failed",
        "[{\"path\":\"\",\"message\":\"email is missing\"}]");
}

Test(http_error, E6_error_and_issues_without_message)
{
    answer(400,
        "{\"error\":\"Validation error\",\"details\":[{\"code\":\"invalid_enum_value\",\"path\":[\"status\"],\"message\":\"Invalid enum value\"}]}");
    is(IRISX_E_HTTP, "Validation error: status: Invalid enum value (HTTP 400)", "Validation error",
        "[{\"path\":\"status\",\"message\":\"Invalid enum value\"}]");
}

Test(http_error, E7_unknown_route_means_not_available)
{
    answer(404,
        "{\"error\":\"Not Found\",\"message\":\"The requested endpoint does not exist\",\"path\":\"/v1/webhooks\"}");
    is(IRISX_E_NOT_AVAILABLE, "Not Found: The requested endpoint does not exist (HTTP 404)", "Not Found", NULL);
}

Test(http_error, a_thing_that_is_missing_is_not_a_missing_route)
{
    answer(404, "{\"error\":\"Not Found\",\"message\":\"No such file\",\"code\":\"NO_FILE\",\"path\":\"/a\"}");
    cr_assert_eq(e.info.code, IRISX_E_NOT_FOUND);
}

Test(http_error, what_400_and_500_mean_beside_what_they_say)
{
    answer(400, "{\"error\":\"Contact not found\"}"); /* DELETE and PUT /v1/contacts/:id */
    is(IRISX_E_NOT_FOUND, "Contact not found (HTTP 400)", "Contact not found", NULL);
    answer(500,
        "{\"error\":\"Failed to create queue\",\"message\":\"duplicate key value violates unique constraint \\\"queues_name\\\"\"}");
    is(IRISX_E_CONFLICT,
        "Failed to create queue: duplicate key value violates unique constraint \"queues_name\" (HTTP 500)",
        "Failed to create queue", NULL);
    cr_assert_eq(e.info.retryable, 0);
    answer(400, "{\"error\":\"A list with this name already exists\"}");
    cr_assert_eq(e.info.code, IRISX_E_CONFLICT);
    answer(500, "{\"error\":\"User not found in the cache\"}"); /* of the server's own doing, perhaps */
    cr_assert_eq(e.info.code, IRISX_E_SERVER);
    answer(400, "{\"error\":\"Validation failed\",\"message\":\"queue not found\",\"details\":[]}");
    cr_assert_eq(e.info.code, IRISX_E_HTTP);
}

Test(http_error, E8_uncaught_exception)
{
    answer(500,
        "{\"error\":\"Internal Server Error\",\"message\":\"column u.name does not exist\",\"timestamp\":\"2026-11-20T09:27:25.486Z\"}");
    is(IRISX_E_SERVER, "Internal Server Error: column u.name does not exist (HTTP 500)", "Internal Server Error", NULL);
}

Test(http_error, E9_message_without_error)
{
    answer(404, "{\"message\":\"No callers in queue or no agents available\"}");
    is(IRISX_E_NOT_FOUND, "No callers in queue or no agents available (HTTP 404)", NULL, NULL);
}

Test(http_error, E10_error_is_an_object)
{
    answer(400,
        "{\"success\":false,\"error\":{\"issues\":[{\"code\":\"invalid_type\",\"path\":[\"call_id\"],\"message\":\"Required\"}],\"name\":\"ZodError\"}}");
    is(IRISX_E_HTTP, "call_id: Required (HTTP 400)", "ZodError", "[{\"path\":\"call_id\",\"message\":\"Required\"}]");
}

Test(http_error, E11_refused_with_200)
{
    irisx_value_t *root = NULL;

    answer(200, "{\"success\":false,\"error\":\"Command failed: ssh\"}");
    is(IRISX_E_HTTP, "Command failed: ssh (HTTP 200)", "Command failed: ssh", NULL);
    cr_assert_eq(ix_json_parse(IX_STR("{\"success\":false}"), &root, NULL), 0);
    cr_assert(ix_http_refused_in_body(root));
    irisx_value_free(root);
    cr_assert_eq(ix_json_parse(IX_STR("{\"message\":\"fine\"}"), &root, NULL), 0);
    cr_assert_not(ix_http_refused_in_body(root));
    irisx_value_free(root);
    cr_assert_not(ix_http_refused_in_body(NULL));
}

Test(http_error, E12_a_page_instead_of_json)
{
    answer(500, "<!DOCTYPE html><html><body>secret stack trace</body></html>");
    is(IRISX_E_SERVER, "the platform failed: the server answered HTTP 500 with an HTML page", NULL, NULL);
    answer(502, "");
    is(IRISX_E_SERVER, "the platform failed: the server answered HTTP 502 with an empty answer", NULL, NULL);
    answer(400, "Bad Request");
    is(IRISX_E_HTTP, "the platform refused the request: the server answered HTTP 400 with something that is not JSON",
        NULL, NULL);
    answer(404, "{\"error\":\"Not Fou");
    is(IRISX_E_NOT_FOUND, "not found: the server answered HTTP 404 with something that is not JSON", NULL, NULL);
}

Test(http_error, E13_members_beside_the_usual_ones)
{
    answer(403,
        "{\"error\":\"DNC Violation\",\"message\":\"Call blocked: asked\",\"code\":\"DNC_BLOCKED\",\"blocked\":true,\"contactId\":\"7\",\"to\":\"+12025550150\"}");
    is(IRISX_E_FORBIDDEN, "Call blocked: asked (DNC_BLOCKED, HTTP 403)", "DNC_BLOCKED",
        "[{\"path\":\"blocked\",\"message\":\"true\"},{\"path\":\"contactId\",\"message\":\"7\"},{\"path\":\"to\",\"message\":\"+12025550150\"}]");
    answer(400, "{\"error\":\"Missing variables\",\"unreplacedVariables\":[\"{{name}}\",\"{{code}}\"]}");
    is(IRISX_E_HTTP, "Missing variables (HTTP 400)", "Missing variables",
        "[{\"path\":\"unreplacedVariables\",\"message\":\"{{name}}\"},{\"path\":\"unreplacedVariables\",\"message\":\"{{code}}\"}]");
    answer(400, "{\"error\":\"Oops\",\"token\":\"abc\"}");
    is(IRISX_E_HTTP, "Oops (HTTP 400)", "Oops", "[{\"path\":\"token\",\"message\":\"***\"}]");
}

Test(http_error, a_rate_limit_tells_when_to_come_back)
{
    answer(429,
        "{\"error\":\"Too Many Requests\",\"message\":\"Rate limit exceeded. Maximum 10 requests per 60 seconds.\",\"code\":\"RATE_LIMIT_EXCEEDED\",\"retry_after\":60}");
    is(IRISX_E_RATE_LIMITED, "Rate limit exceeded. Maximum 10 requests per 60 seconds. (RATE_LIMIT_EXCEEDED, HTTP 429)",
        "RATE_LIMIT_EXCEEDED", NULL);
    cr_assert_eq(e.info.retry_after_ms, 60000);
    cr_assert_eq(e.info.retryable, 1);
}

Test(http_error, statuses_become_codes)
{
    static const struct {
        int status;
        irisx_error_t code;
    } table[] = { { 301, IRISX_E_PROTOCOL }, { 400, IRISX_E_HTTP }, { 402, IRISX_E_FORBIDDEN },
        { 405, IRISX_E_NOT_AVAILABLE }, { 408, IRISX_E_TIMEOUT }, { 409, IRISX_E_CONFLICT }, { 410, IRISX_E_NOT_FOUND },
        { 413, IRISX_E_TOO_LARGE }, { 422, IRISX_E_HTTP }, { 501, IRISX_E_NOT_AVAILABLE }, { 503, IRISX_E_SERVER },
        { 599, IRISX_E_SERVER } };

    for (size_t i = 0; i < IX_COUNT(table); i++) {
        answer(table[i].status, "{}");
        cr_expect_eq(e.info.code, table[i].code, "%d", table[i].status);
    }
}

Test(http_error, says_whether_the_same_request_may_be_sent_again)
{
    struct ix_http_response r = { .status = 503 };

    ix_http_error_from_response(&e, &r, IX_RETRY_SAFE);
    cr_assert_eq(e.info.retryable, 1);
    ix_http_error_from_response(&e, &r, IX_RETRY_UNSAFE);
    cr_assert_eq(e.info.retryable, 0);
}

Test(http_error, keeps_the_request_id)
{
    struct ix_http_response r = { .status = 500, .headers = IX_STR("x-request-id: abc-1\r\n"), .body = IX_STR("{}") };

    ix_http_error_from_response(&e, &r, IX_RETRY_SAFE);
    cr_assert_str_eq(e.info.request_id, "abc-1");
}

Test(http_error, bounds_and_cleans_what_the_server_wrote)
{
    struct ix_buf b;

    ix_buf_init(&b, 4096);
    ix_buf_str(&b, "{\"error\":\"line\\nbreak \\u001b[31m");
    for (int i = 0; i < 1000; i++)
        ix_buf_str(&b, "\xc3\xa9");
    ix_buf_str(&b, "\"}");
    struct ix_http_response r = { .status = 400, .body = ix_str_n(b.p, b.n) };
    ix_http_error_from_response(&e, &r, IX_RETRY_SAFE);
    cr_assert_leq(strlen(e.info.message), 1023);
    cr_assert_eq(strncmp(e.info.message, "line break  [31m", 16), 0);
    cr_assert(ix_utf8_valid(e.info.message, strlen(e.info.message)));
    cr_assert(ix_utf8_valid(e.info.reason, strlen(e.info.reason)));
    ix_buf_clear(&b);
}

Test(http_error, a_lost_connection_leaves_the_outcome_of_an_unsafe_request_open)
{
    ix_http_error_from_transfer(&e, IRISX_E_NETWORK, "connection reset", IX_RETRY_UNSAFE, true);
    cr_assert_eq(e.info.code, IRISX_E_OUTCOME_UNKNOWN);
    cr_assert_eq(e.info.retryable, 0);
    cr_assert_not_null(strstr(e.info.message, "connection reset"));
    ix_http_error_from_transfer(&e, IRISX_E_NETWORK, "refused", IX_RETRY_UNSAFE, false);
    cr_assert_eq(e.info.code, IRISX_E_NETWORK);
    cr_assert_eq(e.info.retryable, 1);
    ix_http_error_from_transfer(&e, IRISX_E_OUTCOME_UNKNOWN, NULL, IX_RETRY_SAFE, true);
    cr_assert_eq(e.info.code, IRISX_E_NETWORK);
    ix_http_error_from_transfer(&e, IRISX_E_TLS, "certificate expired", IX_RETRY_SAFE, false);
    cr_assert_eq(e.info.code, IRISX_E_TLS);
    cr_assert_eq(e.info.domain, IRISX_DOMAIN_TLS);
    cr_assert_eq(e.info.retryable, 0);
}

Test(http_error, moves_and_clears)
{
    struct ix_http_error other = { 0 };

    ix_http_error_set(&e, IRISX_E_STATE, IRISX_DOMAIN_LOCAL, "why", "%d words", 2);
    ix_http_error_move(&other, &e);
    cr_assert_str_eq(other.info.message, "2 words");
    cr_assert_str_eq(other.info.reason, "why");
    cr_assert_null(e.info.message);
    ix_http_error_clear(&other);
    ix_http_error_clear(NULL);
}
