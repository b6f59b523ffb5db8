/* SPDX-License-Identifier: MIT */
/* The Nth allocation fails: encoding and decoding end well or say so. */
#include "fixture.h"

#include <irisx/api/calls.h>

#include "oom.h"

static int encode(void *arg)
{
    const char *input[] = { "dtmf" };
    const irisx_api_calls_actions_params_t params = {
        .sid = "CA1", .verb = "gather", .input = { input, 1 }, .timeout = irisx_int(5)
    };
    struct ix_api_params p = { .fields = &params, .extra_at = offsetof(irisx_api_calls_actions_params_t, extra) };
    struct ix_http_request r = { 0 };
    struct ix_http_error e = { 0 };
    int err = ix_api_encode(ix_api_find("calls.actions"), &p, &r, &e);

    (void) arg;
    if (err != 0 && e.info.code != (irisx_error_t) err)
        err = IRISX_E_INTERNAL;
    ix_http_request_clear(&r);
    ix_http_error_clear(&e);
    return err;
}

static int refuse(void *arg)
{
    struct ix_http_request r = { 0 };
    struct ix_http_error e = { 0 };
    int err = ix_api_encode(ix_api_find("sms.send"), &(struct ix_api_params){ .fields = NULL }, &r, &e);

    (void) arg;
    ix_http_error_clear(&e);
    return err == IRISX_E_INVALID ? 0 : IRISX_E_INTERNAL;
}

static int decode(void *arg)
{
    struct ix_http_response r = { .status = 200,
        .body =
            IX_STR("{\"calls\":[{\"sid\":7,\"direction\":\"x\"},{\"sid\":1.5}],\"pagination\":{\"total\":\"1\"}}") };
    struct ix_api_answer a = { 0 };
    struct ix_http_error e = { 0 };
    int err = ix_api_decode(ix_api_find("calls.list"), IX_RETRY_SAFE, &r, &a, &e);

    (void) arg;
    if ((err == 0) != (a.result != NULL) || (err != 0 && e.info.code != (irisx_error_t) err))
        err = IRISX_E_INTERNAL;
    ix_api_answer_clear(&a);
    ix_http_error_clear(&e);
    return err;
}

Test(api_oom, encoding)
{
    cr_assert_eq(oom_run(encode, NULL), 0);
}

Test(api_oom, refusing)
{
    cr_assert_eq(oom_run(refuse, NULL), 0);
}

Test(api_oom, decoding)
{
    cr_assert_eq(oom_run(decode, NULL), 0);
}
