/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a list read ahead. First line: id of the operation; a byte for prefetch, one for the limit; then
 * answers, one a line. Whatever they say, a request is never for limit=0, and no more pages are ready than were asked
 * for.
 */
#include <string.h>

#include "api/api.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct ix_api_ahead *a, const struct ix_http_request *base)
{
    struct ix_api_page page = ix_api_pager_page(&a->pager);
    struct ix_http_request q = { 0 };

    if (ix_api_page_request(a->pager.op, base, &page, &q) != 0)
        return;
    const char *limit = q.query != NULL ? strstr(q.query, "limit=") : NULL;
    IX_ASSERT(limit == NULL || limit[strlen("limit=")] != '0');
    ix_http_request_clear(&q);
}

static void answer(struct ix_api_ahead *a, struct ix_str line)
{
    irisx_value_t *root = NULL;

    ix_api_ahead_sent(a);
    if (ix_json_parse(line, &root, NULL) == 0)
        (void) ix_api_ahead_page(a, root);
    else
        ix_api_ahead_fail(a);
    irisx_value_free(root);
    IX_ASSERT(a->ready <= a->prefetch + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    char root[] = "/";
    struct ix_http_request base = { .method = "GET", .path = root };
    struct ix_str line = IX_STR_NONE;
    struct ix_api_ahead a = { 0 };
    char id[52];

    (void) ix_read_line(&r, &line);
    const struct ix_api_op *op = ix_str_copy(id, sizeof id, line) == 0 ? ix_api_find(id) : NULL;
    a.prefetch = ix_read_u8(&r) % (IX_API_MAX_PREFETCH + 1);
    if (op == NULL || ix_api_pager_init(&a.pager, op, 0, ix_read_u8(&r)) != 0)
        return 0;
    while (ix_read_line(&r, &line) && !ix_api_ahead_over(&a)) {
        while (!ix_api_ahead_wants(&a, true) && (a.ready > 0 || a.failed))
            ix_api_ahead_taken(&a);
        if (!ix_api_ahead_wants(&a, true))
            break;
        ask(&a, &base);
        answer(&a, line);
    }
    return 0;
}
