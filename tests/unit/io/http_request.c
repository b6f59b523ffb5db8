/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>

#include "io/internal.h"

static char text[IX_HEAD_MAX];
static struct ix_http_head h;

static int parse(const char *s)
{
    size_t n = ix_http_head_end(s, strlen(s));
    cr_assert(n > 0, "no end: %s", s);
    memcpy(text, s, n);
    return ix_http_head_parse(&h, text, n);
}

Test(http_request, a_request_is_taken_apart)
{
    cr_assert_eq(
        parse("POST /v1/a%2Fb?x=%20&y=1 HTTP/1.1\r\nHost: h\r\nX-Sig:  v1=abc \r\nContent-Length: 12\r\n\r\n"), 0);
    cr_assert_str_eq(h.method, "POST");
    cr_assert_str_eq(h.path, "/v1/a%2Fb");
    cr_assert_str_eq(h.query, "x=%20&y=1");
    cr_assert_str_eq(ix_http_field(&h, "x-sig"), "v1=abc");
    cr_assert_null(ix_http_field(&h, "x-si"));
    cr_assert(h.has_length && h.length == 12 && h.keep_alive && !h.chunked && !h.upgrade);
}

Test(http_request, keep_alive_follows_version_and_header)
{
    cr_assert_eq(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n"), 0);
    cr_assert_not(h.keep_alive);
    cr_assert_eq(parse("GET / HTTP/1.0\r\n\r\n"), 0);
    cr_assert_not(h.keep_alive);
    cr_assert_eq(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 0);
    cr_assert(h.keep_alive);
}

Test(http_request, an_upgrade_is_seen_in_lists)
{
    cr_assert_eq(
        parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"), 0);
    cr_assert(h.upgrade);
}

Test(http_request, absolute_targets_and_bare_newlines_are_read)
{
    cr_assert_eq(parse("GET http://h:1/p?q HTTP/1.1\nHost: h\n\n"), 0);
    cr_assert_str_eq(h.path, "/p");
    cr_assert_str_eq(h.query, "q");
}

Test(http_request, what_two_readers_could_understand_differently_is_refused)
{
    static const struct {
        int status;
        const char *text;
    } bad[] = {
        { 400, "GET / HTTP/1.1\r\n\r\n" }, /* no Host */
        { 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" },
        { 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { 417, "POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n" },
        { 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n" },
        { 400, "GET / FTP/1.1\r\nHost: a\r\n\r\n" },
        { 400, "GET /\r\nHost: a\r\n\r\n" },
        { 400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 400, "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nno colon\r\n\r\n" },
        { 400, "GET http://h HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 400, "\x16\x03\x01 TLS\r\n\r\n" },
    };
    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        int got = parse(bad[i].text);
        cr_assert_eq(got, bad[i].status, "%d for %s", got, bad[i].text);
    }
}

Test(http_request, a_nul_in_the_head_is_refused)
{
    char with_nul[] = "GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n";
    cr_assert_eq(ix_http_head_parse(&h, with_nul, sizeof with_nul - 1), 400);
}

Test(http_request, too_many_fields_are_refused)
{
    size_t n = (size_t) snprintf(text, sizeof text, "GET / HTTP/1.1\r\n");
    for (int i = 0; i <= IX_HEAD_FIELDS; i++)
        n += (size_t) snprintf(text + n, sizeof text - n, "a: b\r\n");
    n += (size_t) snprintf(text + n, sizeof text - n, "\r\n");
    cr_assert_eq(ix_http_head_parse(&h, text, n), 431);
}

Test(http_request, every_cut_of_a_head_is_not_an_end)
{
    static const char whole[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (size_t n = 0; n < sizeof whole - 1; n++)
        cr_assert_eq(ix_http_head_end(whole, n), 0);
    cr_assert_eq(ix_http_head_end(whole, sizeof whole - 1), sizeof whole - 1);
}

/* ---- bodies ------------------------------------------------------------------------------ */

static enum ix_http_more take(struct ix_http_body *b, struct ix_buf *out, const char *s, size_t *rest, size_t step)
{
    const uint8_t *p = (const uint8_t *) s;
    size_t left = strlen(s);
    enum ix_http_more more = IX_BODY_MORE;
    while (left > 0 && more == IX_BODY_MORE) {
        size_t n = IX_MIN(step, left), before = n;
        more = ix_http_body_take(b, &p, &n, out);
        left -= before - n;
    }
    *rest = left;
    return more;
}

Test(http_request, chunks_are_joined_at_any_cut)
{
    static const char chunks[] = "4\r\nWiki\r\nA;ext=1\r\npedia in c\r\n0\r\nTrailer: x\r\n\r\nGET /next";
    for (size_t step = 1; step <= sizeof chunks; step++) {
        struct ix_http_body b = { .chunked = true };
        struct ix_buf out;
        size_t rest;
        ix_buf_init(&out, 100);
        cr_assert_eq(take(&b, &out, chunks, &rest, step), IX_BODY_DONE, "step %zu", step);
        cr_assert_eq(out.n, 14);
        cr_assert_eq(memcmp(out.p, "Wikipedia in c", 14), 0);
        cr_assert_eq(rest, strlen("GET /next"));
        ix_buf_clear(&out);
    }
}

Test(http_request, a_body_over_the_limit_is_told_whatever_its_form)
{
    struct ix_http_body chunked = { .chunked = true }, plain = { .left = 8 };
    struct ix_buf out;
    size_t rest;
    ix_buf_init(&out, 4);
    cr_assert_eq(take(&chunked, &out, "5\r\n12345\r\n", &rest, 100), IX_BODY_TOO_LARGE);
    ix_buf_reset(&out);
    cr_assert_eq(take(&plain, &out, "12345678", &rest, 100), IX_BODY_TOO_LARGE);
    ix_buf_clear(&out);
}

Test(http_request, broken_chunks_are_refused)
{
    static const char *const bad[] = { "x\r\n", "\r\n", "4\r\nWikiX", "4\r\nWiki\rX", "1000000000000000\r\n",
        "-1\r\n" };
    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        struct ix_http_body b = { .chunked = true };
        struct ix_buf out;
        size_t rest;
        ix_buf_init(&out, 100);
        cr_assert_eq(take(&b, &out, bad[i], &rest, 1), IX_BODY_BAD, "%s", bad[i]);
        ix_buf_clear(&out);
    }
}
