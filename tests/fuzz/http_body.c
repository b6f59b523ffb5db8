/* SPDX-License-Identifier: MIT */
/* Fuzz target: an answer to any operation. First byte: which one; second: status; a line of headers; the rest: body. */
#include "api/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int statuses[] = { 200, 201, 204, 301, 400, 401, 403, 404, 429, 500, 502, 503 };

static void page(const struct ix_api_op *op, const irisx_value_t *root)
{
    struct ix_api_pager p;

    if (ix_api_pager_init(&p, op, 0, 0) == 0)
        ix_api_pager_feed(&p, root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    const struct ix_api_op *op = ix_api_at(ix_read_u8(&r) % ix_api_count());
    struct ix_http_response answer = { .status = statuses[ix_read_u8(&r) % IX_COUNT(statuses)] };
    struct ix_api_answer decoded = { 0 };
    struct ix_http_error error = { 0 };
    struct ix_api_issues issues;
    struct ix_buf out;

    (void) ix_read_line(&r, &answer.headers);
    answer.body = ix_str_n(r.p, r.n);
    int err = ix_api_decode(op, IX_RETRY_UNSAFE, &answer, &decoded, &error);
    IX_ASSERT((err == 0) == (error.info.code == IRISX_OK));
    page(op, decoded.root);
    (void) ix_api_validate_result(op, decoded.root, &issues);
    ix_buf_init(&out, (size_t) 1 << 20);
    ix_redact_json(&out, answer.body);
    ix_buf_clear(&out);
    ix_api_answer_clear(&decoded);
    ix_http_error_clear(&error);
    return 0;
}
