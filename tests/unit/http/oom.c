/* SPDX-License-Identifier: MIT */
/* The Nth allocation fails. Errors keep their code then and lose their words. */
#include <criterion/criterion.h>

#include "http/http.h"
#include "oom.h"

static const struct ix_now now = { .mono_us = IX_S, .wall_us = 1000 };

static int session(void *arg)
{
    struct ix_auth *a = NULL;
    struct ix_http_error e = { 0 };
    struct ix_http_request r = { 0 };
    struct ix_http_response answer = { .status = 200,
        .body = IX_STR("{\"data\":{\"tokens\":{\"access_token\":\"x.eyJleHAiOjEwMH0.x\",\"refresh_token\":\"R\"}}}") };
    int err = ix_auth_new(IX_AUTH_USER, &a);

    (void) arg;
    if (err == 0)
        err = ix_auth_set_key(a, "irisx_live_1");
    if (err == 0)
        err = ix_auth_set_login(a, "a@b.test", "secret");
    if (err == 0 && ix_auth_ask(a, IX_HTTP_AUTH_JWT, now, &e) == IX_AUTH_EXCHANGE) {
        err = ix_auth_exchange(a, &r);
        if (err == 0)
            err = ix_auth_input(a, 0, NULL, &answer, now, &e);
    }
    ix_http_request_clear(&r);
    ix_http_error_clear(&e);
    ix_auth_free(a);
    return err;
}

static int errors(void *arg)
{
    struct ix_http_response r = {
        .status = 400,
        .headers = IX_STR("X-Request-Id: 7\r\n"),
        .body = IX_STR(
            "{\"error\":\"Validation failed\",\"code\":\"V\",\"details\":[{\"path\":[\"a\",0],\"message\":\"m\"}],\"x\":[\"y\"]}")
    };
    struct ix_http_error e = { 0 };
    bool good = true;

    (void) arg;
    ix_http_error_from_response(&e, &r, IX_RETRY_SAFE);
    good = e.info.code == IRISX_E_HTTP && e.info.message != NULL;
    ix_http_error_from_transfer(&e, IRISX_E_NETWORK, "reset", IX_RETRY_SAFE, true);
    good = good && e.info.code == IRISX_E_NETWORK && e.info.message != NULL;
    ix_http_error_clear(&e);
    return good ? 0 : IRISX_E_INTERNAL;
}

static int places(void *arg)
{
    struct ix_pace *p = NULL;
    struct ix_bases b = { 0 };
    struct ix_metrics m, copy = { 0 };
    struct ix_pace_slot s = { 0 };
    int err = ix_pace_new(1, &p);

    (void) arg;
    ix_metrics_init(&m);
    if (err == 0)
        err = ix_pace_parse(p, "a.b=10/60 a=5/60");
    if (err == 0 && ix_pace_enter(p, "c.d", &s, 1)) /* without memory it goes all the same */
        ix_pace_leave(p, &s, NULL, now);
    if (err == 0)
        err = ix_bases_init(&b, "http://a", "http://b");
    ix_metrics_add(&m, 3, "a.b", &(struct ix_metric_sample){ .total_us = 1 });
    if (err == 0)
        err = ix_metrics_copy(&copy, &m);
    ix_metrics_clear(&copy);
    ix_metrics_clear(&m);
    ix_bases_clear(&b);
    ix_pace_free(p);
    return err;
}

Test(http_oom, pace_servers_and_figures_survive_the_failure_of_any_allocation)
{
    cr_assert_eq(oom_run(places, NULL), 0);
}

static int redacting(void *arg)
{
    struct ix_buf b;

    (void) arg;
    ix_buf_init(&b, 4096);
    ix_redact_json(&b, IX_STR("{\"a\":[{\"password\":\"hunter2\"}]}"));
    ix_redact_headers(&b, IX_STR("Authorization: hunter2\r\n"));
    int err = b.err;
    for (size_t i = 0; i + 7 <= b.n; i++)
        if (memcmp(b.p + i, "hunter2", 7) == 0)
            err = IRISX_E_INTERNAL;
    ix_buf_clear(&b);
    return err;
}

Test(http_oom, a_session_survives_the_failure_of_any_allocation)
{
    cr_assert_eq(oom_run(session, NULL), 0);
}

Test(http_oom, an_error_keeps_its_code_without_memory)
{
    cr_assert_eq(oom_run(errors, NULL), 0);
}

Test(http_oom, redaction_never_leaks_for_want_of_memory)
{
    cr_assert_eq(oom_run(redacting, NULL), 0);
}
