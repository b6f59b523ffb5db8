/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: an answer to any operation. A line with its id, a byte for the status, a line of headers, the rest the
 * body: decoded to structs, read as a page, checked as a result, redacted.
 */
#include "api/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int statuses[] = { 200, 201, 204, 301, 400, 401, 403, 404, 429, 500, 502, 503, 302 };

static void page(const struct ix_api_op *op, const struct ix_api_answer *decoded)
{
    struct ix_api_pager p;
    size_t count;

    (void) ix_api_item_structs(op, decoded, &count);
    if (ix_api_pager_init(&p, op, 0, 0) == 0)
        (void) ix_api_pager_feed(&p, decoded->root);
}

/* by its id; any other line counts into the table, so that all are reached */
static const struct ix_api_op *operation(struct ix_reader *r)
{
    char id[52];
    struct ix_str line = IX_STR_NONE;
    size_t n = 0;

    (void) ix_read_line(r, &line);
    const struct ix_api_op *op = ix_str_copy(id, sizeof id, line) == 0 ? ix_api_find(id) : NULL;
    for (size_t i = 0; i < line.n; i++)
        n = n * 31 + (unsigned char) line.p[i];
    return op != NULL ? op : ix_api_at(n % ix_api_count());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    const struct ix_api_op *op = operation(&r);
    struct ix_http_response answer = { .status = statuses[ix_read_u8(&r) % IX_COUNT(statuses)] };
    struct ix_api_answer decoded = { 0 };
    struct ix_http_error error = { 0 };
    struct ix_api_issues issues;
    struct ix_buf out;

    (void) ix_read_line(&r, &answer.headers);
    answer.content_type = ix_http_header(answer.headers, "Content-Type");
    answer.body = ix_str_n(r.p, r.n);
    int err = ix_api_decode(op, IX_RETRY_UNSAFE, &answer, &decoded, &error);
    IX_ASSERT((err == 0) == (error.info.code == IRISX_OK));
    page(op, &decoded);
    (void) ix_api_validate_result(op, decoded.root, &issues);
    ix_buf_init(&out, (size_t) 1 << 20);
    ix_redact_json(&out, answer.body);
    ix_buf_clear(&out);
    ix_api_answer_clear(&decoded);
    ix_http_error_clear(&error);
    return 0;
}
