/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "http/http.h"
#include "json/json.h"

#define HEADERS \
    "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nretry-after:  7 \r\nX-Request-Id: a:b\r\n"

Test(http_value, finds_a_header_by_name_whatever_its_case)
{
    cr_assert(ix_str_eq(ix_http_header(IX_STR(HEADERS), "content-type"), IX_STR("application/json")));
    cr_assert(ix_str_eq(ix_http_header(IX_STR(HEADERS), "Retry-After"), IX_STR("7")));
    cr_assert(ix_str_eq(ix_http_header(IX_STR(HEADERS), "X-Request-Id"), IX_STR("a:b")));
    cr_assert_null(ix_http_header(IX_STR(HEADERS), "Retry").p);
    cr_assert_null(ix_http_header(IX_STR_NONE, "Retry-After").p);
    cr_assert_null(ix_http_header(IX_STR("no colon here\r\n"), "no colon here").p);
}

Test(http_value, sorts_methods_into_their_retry_class)
{
    cr_assert_eq(ix_retry_class_of("GET"), IX_RETRY_SAFE);
    cr_assert_eq(ix_retry_class_of("HEAD"), IX_RETRY_SAFE);
    cr_assert_eq(ix_retry_class_of("PUT"), IX_RETRY_IDEMPOTENT);
    cr_assert_eq(ix_retry_class_of("DELETE"), IX_RETRY_IDEMPOTENT);
    cr_assert_eq(ix_retry_class_of("POST"), IX_RETRY_UNSAFE);
    cr_assert_eq(ix_retry_class_of("PATCH"), IX_RETRY_UNSAFE);
    cr_assert_eq(ix_retry_class_of("BREW"), IX_RETRY_UNSAFE);
}

static uint64_t retry_after(const char *headers, const char *body)
{
    struct ix_http_response r = { .status = 429, .headers = ix_str(headers) };
    irisx_value_t *root = NULL;

    (void) ix_json_parse(ix_str(body), &root, NULL);
    uint64_t us = ix_http_retry_after_us(&r, root);
    irisx_value_free(root);
    return us;
}

Test(http_value, reads_when_to_come_back_from_header_or_body)
{
    cr_assert_eq(retry_after("Retry-After: 7\r\n", ""), 7 * IX_S);
    cr_assert_eq(retry_after("Retry-After: 7\r\n", "{\"retry_after\":60}"), 7 * IX_S, "the header wins");
    cr_assert_eq(retry_after("", "{\"retry_after\":60}"), 60 * IX_S);
    cr_assert_eq(retry_after("", "{\"retry_after\":\"900\"}"), 900 * IX_S);
    cr_assert_eq(retry_after("", "{\"retry_after\":0.5}"), IX_S / 2);
    cr_assert_eq(retry_after("", "{\"retry_after\":-3}"), 0);
    cr_assert_eq(retry_after("", "{\"retry_after\":\"soon\"}"), 0);
    cr_assert_eq(retry_after("", "{\"retry_after\":1e300}"), UINT64_C(31536000) * IX_S, "a year is the most");
    cr_assert_eq(retry_after("Retry-After: 99999999999999999999\r\n", ""), UINT64_C(31536000) * IX_S, "not at once");
    cr_assert_eq(retry_after("", ""), 0);
}

Test(http_value, a_line_break_is_no_part_of_a_header_line)
{
    cr_assert(ix_http_line_safe(NULL));
    cr_assert(ix_http_line_safe("text/csv; charset=\xc3\xa9"));
    cr_assert_not(ix_http_line_safe("a\r\nX-API-Key: b"));
    cr_assert_not(ix_http_line_safe("a\nb"));
    cr_assert_not(ix_http_line_safe("a\x7f"));
}

Test(http_value, looks_into_the_body_itself_when_nobody_has)
{
    struct ix_http_response r = { .status = 429,
        .body = IX_STR("{\"error\":\"Too Many Requests\",\"retry_after\":60}") };

    cr_assert_eq(ix_http_retry_after_us(&r, NULL), 60 * IX_S);
    r.status = 400;
    cr_assert_eq(ix_http_retry_after_us(&r, NULL), 0);
}

Test(http_value, reads_a_date_against_the_servers_own_clock)
{
    cr_assert_eq(
        retry_after("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n", ""),
        30 * IX_S);
    cr_assert_eq(
        retry_after("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:40:07 GMT\r\n", ""), 0,
        "in the past");
    cr_assert_eq(retry_after("Retry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n", ""), 0, "without Date nobody knows");
    cr_assert_eq(
        retry_after("Date: Sun, 06 Foo 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n", ""), 0);
}

Test(http_value, clears_a_request_twice_and_null)
{
    struct ix_http_request r = {
        .method = "POST", .path = ix_dup_cstr("/x"), .body = ix_dup_cstr("{}"), .body_len = 2
    };

    ix_http_request_clear(&r);
    cr_assert_null(r.body);
    ix_http_request_clear(&r);
    ix_http_request_clear(NULL);
}

Test(http_value, the_servers_clock_is_learned_from_date)
{
    struct ix_skew k = { 0 };
    struct ix_now now = { 5 * IX_S, INT64_C(784111777) * 1000000 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

    ix_skew_learn(&k, IX_STR("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), now, 20 * IX_MS);
    cr_assert_eq(k.offset_us, 0, "the same second");
    ix_skew_learn(&k, IX_STR("Date: Sun, 06 Nov 1994 09:49:37 GMT\r\n"), now, 20 * IX_MS);
    int64_t off = ix_skew_now(&k, now).wall_us - now.wall_us;
    cr_assert(off > INT64_C(3599000000) && off < INT64_C(3601000000), "%lld", (long long) off);
    ix_skew_learn(&k, IX_STR("Date: nonsense\r\n"), now, 20 * IX_MS);
    cr_assert_eq(ix_skew_now(&k, now).wall_us - now.wall_us, off);
}
