/* SPDX-License-Identifier: MIT */
/* Fuzz target: what a client sends our HTTP server; the same bytes in one piece and in pieces must give the same. */
#include <string.h>

#include "io/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum ix_http_more take(struct ix_http_body b, const uint8_t *p, size_t n, size_t step, struct ix_buf *out)
{
    enum ix_http_more more = IX_BODY_MORE;
    while (n > 0 && more == IX_BODY_MORE) {
        size_t part = IX_MIN(step, n), left = part;
        more = ix_http_body_take(&b, &p, &left, out);
        n -= part - left;
    }
    return more;
}

static void body(const struct ix_http_head *h, const uint8_t *p, size_t n)
{
    const struct ix_http_body begin = { .chunked = h->chunked, .left = h->length };
    struct ix_buf whole, pieces;
    ix_buf_init(&whole, 4096);
    ix_buf_init(&pieces, 4096);
    IX_ASSERT(take(begin, p, n, n, &whole) == take(begin, p, n, 3, &pieces));
    IX_ASSERT(whole.err != 0 || (whole.n == pieces.n && (whole.n == 0 || memcmp(whole.p, pieces.p, whole.n) == 0)));
    ix_buf_clear(&whole);
    ix_buf_clear(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_http_head h;
    size_t n = ix_http_head_end(data, IX_MIN(size, (size_t) IX_HEAD_MAX));
    char *text = n > 0 ? ix_dup_mem(data, n) : NULL;
    if (text == NULL)
        return 0;
    int status = ix_http_head_parse(&h, text, n);
    IX_ASSERT(status == 0 || (status >= 400 && status < 600));
    if (status == 0) {
        IX_ASSERT(h.path[0] == '/' || h.path[0] == '*');
        (void) ix_http_list_has(ix_http_field(&h, "connection"), IX_STR("close"));
        body(&h, data + n, size - n);
    }
    ix_free(text);
    return 0;
}
