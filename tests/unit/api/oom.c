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

/* a form with a file and a text, of the fixture's tables */
static int form(void *arg)
{
    const irisx_upload_t file = { .data = "abc", .len = 3, .content_type = "a/b" };
    const irisx_api_fx_upload_params_t params = { .id = "1", .file = &file, .name = "n" };
    struct ix_api_params p = { .fields = &params, .extra_at = offsetof(irisx_api_fx_upload_params_t, extra) };
    struct ix_http_request r = { 0 };
    struct ix_http_error e = { 0 };
    struct ix_api_set s;

    (void) arg;
    ix_api_set_fixture(&s);
    int err = ix_api_encode_in(&s, ix_api_find_in(&s, "fx.upload"), &p, &r, &e);
    if (err == 0 && (r.part_count != 2 || r.parts[0].source.len != 3))
        err = IRISX_E_INTERNAL;
    ix_http_request_clear(&r);
    ix_http_error_clear(&e);
    return err;
}

static int pages(void *arg)
{
    struct ix_http_request base = { .method = "GET", .path = arg, .query = arg, .headers = arg };
    struct ix_api_page page = { .on = true, .at = 3, .limit = 10 };
    struct ix_http_request r = { 0 };
    int err = ix_api_page_request(ix_api_find("calls.list"), &base, &page, &r);

    if (err == 0 && strcmp(r.query, "x&offset=3&limit=10") != 0)
        err = IRISX_E_INTERNAL;
    ix_http_request_clear(&r);
    return err;
}

static int describe(void *arg)
{
    irisx_value_t *v = ix_api_describe(ix_api_find("calls.actions"));

    (void) arg;
    irisx_value_free(v);
    return v != NULL ? 0 : IRISX_E_NO_MEMORY;
}

Test(api_oom, forms)
{
    cr_assert_eq(oom_run(form, NULL), 0);
}

Test(api_oom, pages)
{
    static char text[] = "x";

    cr_assert_eq(oom_run(pages, text), 0);
}

Test(api_oom, describing)
{
    cr_assert_eq(oom_run(describe, NULL), 0);
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
