/* SPDX-License-Identifier: MIT */
/*
 * One connection of the HTTP server: RFC 9112 (messages, keep-alive, pipelining), RFC 9110 section 10.1.1
 * (100-continue).
 *
 *   HEAD ──▶ BODY ──▶ REPLY ──▶ SENDING ──▶ HEAD ...          any ──▶ LINGER ──▶ GONE
 *     └──▶ WS
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/internal.h"
#include "io/server.h"

#define IDLE_MS 30000 /* between two requests */
#define LINGER_MS 2000
#define ANSWER_HEAD_MAX 16384

static void process(struct ix_conn *c);

/* ---- freeing ----------------------------------------------------------------------------- */

static void free_conn(struct ix_conn *c)
{
    ix_buf_clear(&c->in);
    ix_buf_clear(&c->body);
    ix_free(c->head_text);
    ix_free(c);
}

void ix_conn_abort(struct ix_conn *c)
{
    if (c->state == IX_CONN_GONE)
        return;
    bool was_ws = c->state == IX_CONN_WS;
    c->state = IX_CONN_GONE;
    c->server->count--;
    ix_list_remove(&c->node);
    ix_stream_close(c->stream);
    ix_loop_timer_free(c->timer);
    c->stream = NULL;
    c->timer = NULL;
    if (was_ws)
        ix_ws_server_ended(c);
    c->server = NULL;
    ix_conn_settle(c);
}

void ix_conn_settle(struct ix_conn *c)
{
    if (c->state == IX_CONN_GONE && c->reply == NULL && !c->processing)
        free_conn(c);
}

void ix_conn_deadline(struct ix_conn *c, uint32_t ms)
{
    ix_loop_timer_set(c->timer, ms != 0 ? ix_time_add(ix_loop_now(c->server->loop).mono_us, ms * IX_MS) : IX_NEVER);
}

static void linger(struct ix_conn *c)
{
    c->state = IX_CONN_LINGER;
    ix_stream_pause(c->stream, false);
    ix_stream_shutdown(c->stream);
    ix_conn_deadline(c, LINGER_MS);
}

/* ---- answers ----------------------------------------------------------------------------- */

/* RFC 9110 section 6.6.1: who has a clock says its time; section 5.6.7: how, whatever the locale */
void ix_http_put_date(struct ix_buf *b)
{
    static const char names[] = "SunMonTueWedThuFriSatJanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t) (ix_clock_now().wall_us / (int64_t) IX_S);
    struct tm tm;

    if (gmtime_r(&now, &tm) != NULL)
        ix_buf_fmt(b, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", names + 3 * tm.tm_wday, tm.tm_mday,
            names + 21 + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static int put_answer(
    struct ix_conn *c, int status, const char *type, const char *headers, const void *body, size_t len, bool head_only)
{
    char storage[512];
    struct ix_buf b;
    int err;

    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_buf_fmt(&b, "HTTP/1.1 %d %s\r\n", status, ix_http_reason(status));
    ix_http_put_date(&b);
    if (type != NULL)
        ix_buf_fmt(&b, "Content-Type: %s\r\n", type);
    if (status >= 200 && status != 204 && status != 304)
        ix_buf_fmt(&b, "Content-Length: %zu\r\n", len);
    ix_buf_str(&b, c->keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
    if (b.err != 0)
        return b.err;
    err = ix_stream_write(c->stream, b.p, b.n);
    if (err == 0 && headers != NULL)
        err = ix_stream_write(c->stream, headers, strlen(headers));
    if (err == 0)
        err = ix_stream_write(c->stream, "\r\n", 2);
    if (err == 0 && !head_only && status != 204 && status != 304)
        err = ix_stream_write(c->stream, body, len);
    return err;
}

static void next_request(struct ix_conn *c)
{
    ix_free(c->head_text);
    c->head_text = NULL;
    ix_buf_reset(&c->body);
    c->state = IX_CONN_HEAD;
    c->idle = c->in.n == 0;
    ix_conn_deadline(c, c->idle ? IDLE_MS : c->server->options.header_timeout_ms);
    ix_stream_pause(c->stream, false);
    process(c);
}

static void after_answer(struct ix_conn *c)
{
    if (!c->keep_alive) {
        linger(c);
    } else if (ix_stream_queued(c->stream) > 0) {
        c->state = IX_CONN_SENDING;
        ix_conn_deadline(c, c->server->options.body_timeout_ms);
    } else {
        next_request(c);
    }
}

void ix_conn_refuse(struct ix_conn *c, int status, const char *why)
{
    char text[160];
    int n = snprintf(text, sizeof text, "%s\n", why);

    c->keep_alive = false;
    if (put_answer(c, status, "text/plain; charset=utf-8", NULL, text, (size_t) n, false) == 0)
        linger(c);
    else
        ix_conn_abort(c);
}

int ix_server_answer(struct ix_server_reply *reply, int status, const char *content_type, const char *headers,
    const void *body, size_t len)
{
    struct ix_conn *c = reply->conn;
    bool head_only = reply->head_only;

    ix_free(reply);
    c->reply = NULL;
    if (c->state == IX_CONN_GONE) {
        ix_conn_settle(c);
        return IRISX_E_CLOSED;
    }
    int err = put_answer(c, status, content_type, headers, body, len, head_only);
    if (err == 0)
        after_answer(c);
    else
        ix_conn_abort(c);
    return err;
}

void ix_server_drop(struct ix_server_reply *reply)
{
    struct ix_conn *c = reply->conn;

    ix_free(reply);
    c->reply = NULL;
    if (c->state != IX_CONN_GONE)
        ix_conn_abort(c);
    else
        ix_conn_settle(c);
}

/* ---- requests ---------------------------------------------------------------------------- */

static const char *request_header(const struct ix_server_request *r, const char *name)
{
    const struct ix_conn *c = r->impl;

    return ix_http_field(&c->head, name);
}

static void describe_request(struct ix_conn *c)
{
    c->request = (struct ix_server_request){ .method = c->head.method,
        .path = c->head.path,
        .query = c->head.query,
        .body = c->body.p,
        .body_len = c->body.n,
        .peer = c->peer,
        .header = request_header,
        .impl = c };
}

static void deliver(struct ix_conn *c)
{
    struct ix_server_reply *reply = ix_alloc(sizeof *reply);

    describe_request(c);
    if (reply == NULL) {
        ix_conn_refuse(c, 503, "out of memory");
        return;
    }
    *reply = (struct ix_server_reply){ .conn = c, .head_only = strcmp(c->head.method, "HEAD") == 0 };
    c->reply = reply;
    c->state = IX_CONN_REPLY;
    ix_conn_deadline(c, 0);
    ix_stream_pause(c->stream, true);
    c->server->on_request(c->server->ctx, &c->request, reply);
}

static void begin_body(struct ix_conn *c)
{
    const struct ix_server_options *o = &c->server->options;

    c->keep_alive = c->head.keep_alive;
    c->body_at = (struct ix_http_body){ .chunked = c->head.chunked, .left = c->head.length };
    if (c->head.length > o->max_body) {
        ix_conn_refuse(c, 413, "the body is larger than this server takes");
        return;
    }
    if (c->head.expects_continue && (c->head.chunked || c->head.length > 0) &&
        ix_stream_write(c->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25) != 0) {
        ix_conn_abort(c);
        return;
    }
    c->state = IX_CONN_BODY;
    ix_conn_deadline(c, o->body_timeout_ms);
}

/* Bytes of the head arrived; false: more are needed, or it ended otherwise. */
static bool take_head(struct ix_conn *c)
{
    size_t skip = 0;

    while (skip < c->in.n && (c->in.p[skip] == '\r' || c->in.p[skip] == '\n'))
        skip++; /* RFC 9112 section 2.2 */
    ix_buf_consume(&c->in, skip);
    size_t n = ix_http_head_end(c->in.p, IX_MIN(c->in.n, (size_t) IX_HEAD_MAX));
    if (n == 0) {
        if (c->in.n >= IX_HEAD_MAX)
            ix_conn_refuse(c, 431, "the request's head is too large");
        return false;
    }
    c->head_text = ix_dup_mem(c->in.p, n);
    if (c->head_text == NULL) {
        ix_conn_abort(c);
        return false;
    }
    ix_buf_consume(&c->in, n);
    int status = ix_http_head_parse(&c->head, c->head_text, n);
    if (status != 0) {
        ix_conn_refuse(c, status, "this is not a request that can be understood");
        return false;
    }
    if (c->head.upgrade && c->server->subprotocol != NULL) {
        describe_request(c);
        ix_ws_server_upgrade(c);
        return false;
    }
    begin_body(c);
    return c->state == IX_CONN_BODY;
}

static bool take_body(struct ix_conn *c)
{
    const uint8_t *p = c->in.p;
    size_t n = c->in.n;
    enum ix_http_more more = ix_http_body_take(&c->body_at, &p, &n, &c->body);

    ix_buf_consume(&c->in, c->in.n - n);
    switch (more) {
    case IX_BODY_MORE:
        return false;
    case IX_BODY_DONE:
        deliver(c);
        return true;
    case IX_BODY_TOO_LARGE:
        ix_conn_refuse(c, 413, "the body is larger than this server takes");
        return false;
    case IX_BODY_BAD:
        if (c->body.err == IRISX_E_NO_MEMORY) /* nothing is wrong with the request: it may come again */
            ix_conn_refuse(c, 503, "no memory for the body");
        else
            ix_conn_refuse(c, 400, "the body's chunks are not valid");
        return false;
    }
    return false;
}

/* Answers given inside the application's callback come back here by next_request(): the outermost call goes on. */
static void process(struct ix_conn *c)
{
    if (c->processing)
        return;
    c->processing = true;
    bool more = true;
    while (more) {
        if (c->state == IX_CONN_HEAD)
            more = take_head(c);
        else if (c->state == IX_CONN_BODY)
            more = take_body(c);
        else
            more = false;
    }
    c->processing = false;
    ix_conn_settle(c);
}

/* ---- the stream's events ----------------------------------------------------------------- */

static void on_data(void *ctx, const uint8_t *p, size_t n)
{
    struct ix_conn *c = ctx;

    if (c->state == IX_CONN_LINGER)
        return;
    if (c->state == IX_CONN_WS) {
        ix_ws_server_data(c, p, n);
        return;
    }
    if (c->state == IX_CONN_HEAD && c->idle) {
        c->idle = false;
        ix_conn_deadline(c, c->server->options.header_timeout_ms);
    }
    ix_buf_put(&c->in, p, n);
    if (c->in.err != 0)
        ix_conn_abort(c);
    else
        process(c);
}

static void on_drained(void *ctx)
{
    struct ix_conn *c = ctx;

    if (c->state == IX_CONN_SENDING)
        next_request(c);
}

static void on_ended(void *ctx)
{
    ix_conn_abort(ctx);
}

static void on_timeout(void *ctx)
{
    struct ix_conn *c = ctx;

    if (c->state == IX_CONN_WS)
        ix_ws_server_timeout(c);
    else if ((c->state == IX_CONN_HEAD && c->in.n > 0) || c->state == IX_CONN_BODY)
        ix_conn_refuse(c, 408, "the request took too long");
    else
        ix_conn_abort(c);
}

int ix_conn_open(struct ix_server *s, int fd, const struct ix_addr *peer)
{
    static const struct ix_stream_events events = { .data = on_data, .drained = on_drained, .ended = on_ended };
    struct ix_conn *c = ix_alloc(sizeof *c);
    int err = c != NULL ? ix_loop_timer_new(s->loop, on_timeout, c, &c->timer) : IRISX_E_NO_MEMORY;

    if (err == 0)
        err = ix_stream_accept(s->loop, fd, s->ssl_ctx, &events, c, &c->stream); /* takes fd in any case */
    else
        (void) close(fd);
    if (err != 0) {
        if (c != NULL)
            ix_loop_timer_free(c->timer);
        ix_free(c);
        return err;
    }
    c->server = s;
    c->peer = *peer;
    ix_buf_init(&c->in, IX_HEAD_MAX + s->options.max_body);
    ix_buf_init(&c->body, s->options.max_body);
    ix_list_append(&s->conns, &c->node);
    s->count++;
    ix_conn_deadline(c, s->options.header_timeout_ms);
    return 0;
}
