/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http/http.h"

#define DAY UINT64_C(86400)

static struct ix_auth *a;
static struct ix_http_error e;
static struct ix_now now = { .mono_us = 1000 * IX_S, .wall_us = INT64_C(1795166288) * 1000000 };

static void setup(void)
{
    cr_assert_eq(ix_auth_new(IX_AUTH_USER, &a), 0);
}

static void teardown(void)
{
    ix_auth_free(a);
    ix_http_error_clear(&e);
}

TestSuite(http_auth, .init = setup, .fini = teardown);

/* a token issued at `iat` that lives `life` seconds; n makes it different from others */
static const char *token(char out[256], int64_t iat, int64_t life, int n)
{
    struct ix_buf b;
    char claims[128];

    (void) snprintf(
        claims, sizeof claims, "{\"n\":%d,\"iat\":%lld,\"exp\":%lld}", n, (long long) iat, (long long) (iat + life));
    ix_buf_init(&b, 200);
    ix_buf_str(&b, "eyJh.");
    ix_base64url_encode(&b, claims, strlen(claims));
    ix_buf_str(&b, ".sig");
    cr_assert_eq(ix_str_copy(out, 256, ix_str_n(b.p, b.n)), 0);
    ix_buf_clear(&b);
    return out;
}

static enum ix_auth_answer ask(enum ix_http_auth kind)
{
    ix_http_error_clear(&e);
    return ix_auth_ask(a, kind, now, &e);
}

static int reply(int status, const char *body)
{
    struct ix_http_response r = { .status = status, .body = ix_str(body) };

    return ix_auth_input(a, 0, NULL, &r, now, &e);
}

static void request_is(const char *path, const char *body)
{
    struct ix_http_request r = { 0 };

    cr_assert_eq(ix_auth_exchange(a, &r), 0);
    cr_assert_str_eq(r.method, "POST");
    cr_assert_str_eq(r.path, path);
    cr_assert_eq(r.body_len, strlen(body));
    cr_assert_str_eq(r.body, body);
    cr_assert_eq(r.retry, IX_RETRY_IDEMPOTENT);
    ix_http_request_clear(&r);
}

static void headers_are(enum ix_http_auth kind, const char *want)
{
    struct ix_buf b;
    uint32_t generation;

    ix_buf_init(&b, 4096);
    ix_auth_headers(a, kind, &b, &generation);
    cr_assert(ix_str_eq(ix_str_n(b.p, b.n), ix_str(want)), "%.*s", (int) b.n, (const char *) b.p);
    cr_assert_eq(generation, ix_auth_generation(a));
    ix_buf_clear(&b);
}

static bool expired(uint32_t generation, const char *body)
{
    struct ix_http_response r = { .status = 401, .body = ix_str(body) };

    return ix_auth_expired(a, IX_HTTP_AUTH_JWT, generation, &r);
}

static void log_in(void)
{
    char t[256];
    char body[512];

    cr_assert_eq(ix_auth_set_login(a, "a@b.test", "pass\"word"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    (void) snprintf(body, sizeof body,
        "{\"success\":true,\"data\":{\"user\":{},\"tokens\":{\"access_token\":\"%s\",\"refresh_token\":\"R\",\"expires_in\":\"24h\"}}}",
        token(t, now.wall_us / 1000000, (int64_t) DAY, 1));
    cr_assert_eq(reply(200, body), 0);
}

Test(http_auth, without_credentials_only_open_operations_may_go)
{
    cr_assert_eq(ask(IX_HTTP_AUTH_NONE), IX_AUTH_READY);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_REFUSED);
    cr_assert_eq(e.info.code, IRISX_E_AUTH);
    cr_assert_str_eq(e.info.reason, "no_credentials");
    cr_assert_eq(ask(IX_HTTP_AUTH_KEY), IX_AUTH_REFUSED);
    headers_are(IX_HTTP_AUTH_KEY_OR_JWT, "");
}

Test(http_auth, an_api_key_goes_where_it_is_taken)
{
    cr_assert_eq(ix_auth_set_key(a, "irisx_live_1"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_KEY_OR_JWT), IX_AUTH_READY);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_REFUSED);
    headers_are(IX_HTTP_AUTH_KEY_OR_JWT, "X-API-Key: irisx_live_1\r\n");
    headers_are(IX_HTTP_AUTH_JWT, "");
}

Test(http_auth, refuses_credentials_that_would_break_a_header)
{
    cr_assert_eq(ix_auth_set_key(a, "abc\r\nX-Evil: 1"), IRISX_E_INVALID);
    cr_assert_eq(ix_auth_set_tokens(a, "a b", NULL, now), IRISX_E_INVALID);
    cr_assert_eq(ix_auth_set_tokens(a, NULL, NULL, now), IRISX_E_INVALID);
    headers_are(IX_HTTP_AUTH_KEY_OR_JWT, "");
}

Test(http_auth, one_login_serves_all_who_wait)
{
    char t[256];
    char want[320];

    cr_assert_eq(ix_auth_set_login(a, "a@b.test", "pass\"word"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    request_is("/v1/auth/login", "{\"email\":\"a@b.test\",\"password\":\"pass\\\"word\"}");
    for (int i = 0; i < 200; i++)
        cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_WAIT);
    cr_assert_eq(ask(IX_HTTP_AUTH_NONE), IX_AUTH_READY);
    teardown();
    setup();
    log_in();
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY);
    (void) snprintf(
        want, sizeof want, "Authorization: Bearer %s\r\n", token(t, now.wall_us / 1000000, (int64_t) DAY, 1));
    headers_are(IX_HTTP_AUTH_JWT, want);
    cr_assert_str_eq(ix_auth_refresh_token(a), "R");
}

Test(http_auth, a_wrong_password_is_reported_and_remembered)
{
    cr_assert_eq(ix_auth_set_login(a, "a@b.test", "x"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    cr_assert_eq(reply(401, "{\"success\":false,\"error\":\"Invalid email or password\"}"), IRISX_E_AUTH);
    cr_assert_str_eq(e.info.message, "Invalid email or password (HTTP 401)");
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_REFUSED, "it is not tried again by itself");
    cr_assert_eq(e.info.code, IRISX_E_AUTH);
    cr_assert_eq(e.info.status, 401);
}

Test(http_auth, a_login_without_tokens_wants_a_second_factor)
{
    cr_assert_eq(ix_auth_set_login(a, "a@b.test", "x"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    cr_assert_eq(reply(200, "{\"success\":true,\"message\":\"Login successful\",\"data\":{\"requires_2fa\":true,"
                            "\"pending_token\":\"P\",\"message\":\"Please provide your 2FA code to complete login\"}}"),
        IRISX_E_AUTH);
    cr_assert_str_eq(e.info.reason, "requires_2fa");
    cr_assert_str_eq(ix_auth_pending_token(a), "P");
    cr_assert_null(ix_auth_access_token(a));
}

Test(http_auth, the_second_factor_is_one_exchange_with_the_pending_token)
{
    cr_assert_eq(ix_auth_set_code(a, "123456"), IRISX_E_STATE, "no log-in waits for it");
    cr_assert_eq(ix_auth_set_login(a, "a@b.test", "x"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    cr_assert_eq(reply(200, "{\"data\":{\"requires_2fa\":true,\"pending_token\":\"P\"}}"), IRISX_E_AUTH);
    cr_assert_eq(ix_auth_set_code(a, "000000"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    request_is("/v1/auth/verify-2fa", "{\"pending_token\":\"P\",\"totp_code\":\"000000\"}");
    cr_assert_eq(reply(401, "{\"error\":\"Invalid code\"}"), IRISX_E_AUTH);
    cr_assert_eq(ix_auth_set_code(a, "123456"), 0, "a wrong code may be followed by a right one");
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    cr_assert_eq(reply(200, "{\"data\":{\"tokens\":{\"access_token\":\"T\",\"refresh_token\":\"R\"}}}"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY);
    cr_assert_null(ix_auth_pending_token(a));
}

Test(http_auth, staff_log_in_elsewhere_and_cannot_refresh)
{
    char t[256], body[320];
    struct ix_now begun = now;

    ix_auth_free(a);
    cr_assert_eq(ix_auth_new(IX_AUTH_ADMIN, &a), 0);
    cr_assert_eq(ix_auth_set_login(a, "root@b.test", "x"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_ADMIN), IX_AUTH_EXCHANGE);
    request_is("/admin/auth/login", "{\"email\":\"root@b.test\",\"password\":\"x\"}");
    (void) snprintf(body, sizeof body, "{\"success\":true,\"token\":\"%s\"}", token(t, 1795166288, 14400, 1));
    cr_assert_eq(reply(200, body), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_ADMIN), IX_AUTH_READY);
    now.mono_us += 14401 * IX_S;
    cr_expect_eq(ask(IX_HTTP_AUTH_ADMIN), IX_AUTH_REFUSED);
    cr_expect_str_eq(e.info.reason, "session_ended");
    now = begun;
}

Test(http_auth, a_log_out_carries_the_refresh_token)
{
    struct ix_http_request r = { 0 };

    cr_assert_eq(ix_auth_logout(a, &r), IRISX_E_STATE);
    cr_assert_eq(ix_auth_set_tokens(a, "T", "R", now), 0);
    cr_assert_eq(ix_auth_logout(a, &r), 0);
    cr_assert_str_eq(r.path, "/v1/auth/logout");
    cr_assert_str_eq(r.body, "{\"refresh_token\":\"R\"}");
    ix_http_request_clear(&r);
}

Test(http_auth, takes_tokens_wherever_they_stand)
{
    static const char *const bodies[] = { "{\"data\":{\"tokens\":{\"access_token\":\"T\",\"refresh_token\":\"R\"}}}",
        "{\"success\":true,\"data\":{\"access_token\":\"T\",\"refresh_token\":\"R\"}}",
        "{\"token\":\"T\",\"refresh_token\":\"R\"}", "{\"tokens\":{\"access_token\":\"T\",\"refresh_token\":\"R\"}}" };

    for (size_t i = 0; i < IX_COUNT(bodies); i++) {
        cr_assert_eq(ix_auth_set_login(a, "a@b.test", "x"), 0);
        cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
        cr_assert_eq(reply(200, bodies[i]), 0, "%s", bodies[i]);
        cr_assert_str_eq(ix_auth_access_token(a), "T");
        cr_assert_str_eq(ix_auth_refresh_token(a), "R");
    }
}

Test(http_auth, an_answer_without_sense_is_a_protocol_error)
{
    static const char *const bodies[] = { "", "<html>", "{}", "[]", "{\"data\":{\"tokens\":{}}}", "{\"token\":7}",
        "{\"token\":\"line\\nbreak\"}" };

    for (size_t i = 0; i < IX_COUNT(bodies); i++) {
        cr_assert_eq(ix_auth_set_login(a, "a@b.test", "x"), 0);
        cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
        cr_assert_eq(reply(200, bodies[i]), IRISX_E_PROTOCOL, "%s", bodies[i]);
    }
}

Test(http_auth, refreshes_when_nine_tenths_or_all_but_a_minute_are_over_whatever_the_wall_clock_says)
{
    now.wall_us -= INT64_C(400) * 86400 * 1000000; /* a year and more behind */
    log_in();
    now.wall_us += INT64_C(400) * 86400 * 1000000;
    cr_assert_eq(ix_auth_deadline(a), 1000 * IX_S + DAY * IX_S - 60 * IX_S);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY);
    now.mono_us = ix_auth_deadline(a);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    request_is("/v1/auth/refresh", "{\"refresh_token\":\"R\"}");
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_WAIT);
    cr_assert_eq(ix_auth_deadline(a), IX_NEVER);
    cr_assert_eq(
        reply(200,
            "{\"success\":true,\"message\":\"Token refreshed\",\"data\":{\"access_token\":\"T2\",\"expires_in\":\"24h\"}}"),
        0);
    cr_assert_str_eq(ix_auth_access_token(a), "T2");
    cr_assert_str_eq(ix_auth_refresh_token(a), "R", "it does not rotate");
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY);
}

Test(http_auth, an_early_refresh_that_fails_harms_nobody)
{
    log_in();
    now.mono_us = ix_auth_deadline(a);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    cr_assert_eq(ix_auth_input(a, IRISX_E_TIMEOUT, "slow", NULL, now, &e), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY, "the old token lives on");
    now.mono_us += 30 * IX_S;
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE, "and it is tried again");
}

Test(http_auth, a_login_whose_connection_was_lost_is_run_a_second_time_and_not_a_third)
{
    cr_assert_eq(ix_auth_set_login(a, "a@b.test", "x"), 0);
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
        request_is("/v1/auth/login", "{\"email\":\"a@b.test\",\"password\":\"x\"}");
        cr_assert_eq(
            ix_auth_input(a, IRISX_E_OUTCOME_UNKNOWN, "reset", NULL, now, &e), round == 0 ? 0 : IRISX_E_NETWORK);
    }
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_REFUSED);
    cr_assert_eq(e.info.code, IRISX_E_NETWORK);
}

Test(http_auth, only_an_answer_that_means_expired_leads_to_a_refresh)
{
    static const char *const others[] = { "{\"error\":\"No token provided\"}", "{\"error\":\"Invalid token\"}",
        "{\"error\":\"Unauthorized\",\"message\":\"Missing or invalid authentication token\",\"code\":\"MISSING_TENANT_ID\"}",
        "{\"error\":\"Unauthorized: Missing tenant information\"}", "{\"error\":\"Unauthorized\"}",
        "{\"success\":false,\"error\":\"Current password is incorrect\"}", "<html>Token expired</html>", "" };

    log_in();
    uint32_t generation = ix_auth_generation(a);
    for (size_t i = 0; i < IX_COUNT(others); i++)
        cr_assert_not(expired(generation, others[i]), "%s", others[i]);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY);
    cr_assert(expired(generation, "{\"error\":\"Token expired\"}"));
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
}

Test(http_auth, two_hundred_expired_answers_make_one_refresh)
{
    int exchanges = 0;

    log_in();
    uint32_t generation = ix_auth_generation(a);
    for (int i = 0; i < 200; i++) {
        cr_assert(expired(generation, "{\"error\":\"Token expired\"}"));
        exchanges += ask(IX_HTTP_AUTH_JWT) == IX_AUTH_EXCHANGE;
        if (i == 100)
            cr_assert_eq(reply(200, "{\"data\":{\"access_token\":\"T2\"}}"), 0);
    }
    cr_assert_eq(exchanges, 1, "those answered after the refresh just go again");
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY);
}

Test(http_auth, a_refused_refresh_ends_the_session)
{
    log_in();
    cr_assert(expired(ix_auth_generation(a), "{\"error\":\"Token expired\"}"));
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    cr_assert_eq(reply(401, "{\"success\":false,\"error\":\"Invalid refresh token\"}"), IRISX_E_AUTH);
    cr_assert_str_eq(e.info.reason, "session_ended");
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_REFUSED);
    cr_assert_str_eq(e.info.reason, "session_ended");
    cr_assert_null(ix_auth_access_token(a));
}

Test(http_auth, a_page_of_a_portal_in_between_does_not_end_the_session)
{
    static const int statuses[] = { 400, 401, 403, 511 };

    log_in();
    cr_assert(expired(ix_auth_generation(a), "{\"error\":\"Token expired\"}"));
    for (size_t i = 0; i < IX_COUNT(statuses); i++) {
        cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
        cr_assert_neq(reply(statuses[i], "<html>Sign in to the hotel's network</html>"), 0);
        cr_assert_str_eq(ix_auth_refresh_token(a), "R");
    }
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    cr_assert_eq(reply(200, "{\"data\":{\"access_token\":\"T2\"}}"), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY);
}

Test(http_auth, a_refresh_whose_connection_was_lost_is_told_to_its_caller_and_the_session_stays)
{
    log_in();
    cr_assert(expired(ix_auth_generation(a), "{\"error\":\"Token expired\"}"));
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    cr_assert_eq(ix_auth_input(a, IRISX_E_OUTCOME_UNKNOWN, "reset", NULL, now, &e), IRISX_E_NETWORK);
    cr_assert_str_eq(ix_auth_refresh_token(a), "R");
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
}

Test(http_auth, a_session_without_refresh_token_cannot_be_renewed)
{
    cr_assert_eq(ix_auth_set_tokens(a, "T", NULL, now), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY);
    cr_assert_not(expired(ix_auth_generation(a), "{\"error\":\"Token expired\"}"));
}

Test(http_auth, stored_tokens_are_renewed_by_the_wall_clock_since_their_age_is_not_known)
{
    char t[256];

    cr_assert_eq(
        ix_auth_set_tokens(a, token(t, now.wall_us / 1000000 - (int64_t) DAY - 5, (int64_t) DAY, 1), "R", now), 0);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
}

Test(http_auth, an_answer_for_credentials_since_replaced_is_dropped)
{
    log_in();
    now.mono_us = ix_auth_deadline(a);
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_EXCHANGE);
    cr_assert_eq(ix_auth_set_tokens(a, "NEW", "R2", now), 0);
    cr_assert_eq(reply(200, "{\"data\":{\"access_token\":\"OLD\"}}"), 0);
    cr_assert_str_eq(ix_auth_access_token(a), "NEW");
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_READY);
}

Test(http_auth, forgets_on_request)
{
    log_in();
    ix_auth_forget(a);
    cr_assert_null(ix_auth_access_token(a));
    cr_assert_eq(ask(IX_HTTP_AUTH_JWT), IX_AUTH_REFUSED);
}

Test(http_auth, an_exchange_nobody_began_is_refused)
{
    struct ix_http_request r = { 0 };

    cr_assert_eq(ix_auth_exchange(a, &r), IRISX_E_STATE);
    cr_assert_eq(reply(200, "{}"), IRISX_E_STATE);
    ix_auth_free(NULL);
}
