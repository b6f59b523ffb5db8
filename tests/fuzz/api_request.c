/* SPDX-License-Identifier: MIT */
/* Fuzz target: a request as the sandbox gets it ("METHOD path", then a body), and the body as dynamic parameters. */
#include "api/api.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void serve(const struct ix_api_op *op, const irisx_value_t *body)
{
    struct ix_api_issues issues;
    struct ix_buf out;

    if (ix_api_validate_body(op, body, &issues))
        return;
    ix_buf_init(&out, (size_t) 1 << 20);
    ix_api_issues_zod(&issues, &out);
    ix_buf_clear(&out);
}

static void send(const struct ix_api_op *op, const irisx_value_t *params, bool strict)
{
    struct ix_api_params p = { .value = params, .strict = strict };
    struct ix_http_request request = { 0 };
    struct ix_http_error error = { 0 };

    if (ix_api_encode(op, &p, &request, &error) == 0 && request.body != NULL) {
        irisx_value_t *again = NULL;
        int err = ix_json_parse(ix_str_n(request.body, request.body_len), &again, NULL);
        IX_ASSERT(err != IRISX_E_PROTOCOL); /* what we send is JSON */
        irisx_value_free(again);
    }
    ix_http_request_clear(&request);
    ix_http_error_clear(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    char method[16];
    char path[256];
    struct ix_api_match match;
    struct ix_str line;
    struct ix_str head;
    irisx_value_t *body = NULL;

    if (!ix_read_line(&r, &line) || !ix_str_cut(&line, ' ', &head))
        return 0;
    bool fits = ix_str_copy(method, sizeof method, head) == 0 && ix_str_copy(path, sizeof path, line) == 0;
    if (!fits || !ix_api_match(method, path, NULL, &match))
        return 0;
    if (ix_json_parse(ix_str_n(r.p, r.n), &body, NULL) != 0)
        return 0;
    serve(match.op, body);
    send(match.op, body, (size & 1) != 0);
    irisx_value_free(body);
    return 0;
}
