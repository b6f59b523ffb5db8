/* SPDX-License-Identifier: MIT */
/* WebSocket connections of the server: the upgrade (RFC 6455 section 4.2), messages, pings, the closing handshake (7).
 */
#include <stdio.h>
#include <string.h>

#include "io/internal.h"
#include "io/server.h"

#define CLOSE_WAIT_MS 2000
#define CODE_GONE 1006 /* never sent: the peer went without a word (section 7.1.5) */

struct ix_ws_server {
    struct ix_ws base;
    struct ix_conn *conn;
    struct ix_ws_parser parser;
    bool close_sent, noted;
    uint16_t peer_code;
    int err;
    char detail[128];
};

static struct ix_ws_server *server_of(struct ix_ws *ws)
{
    return IX_CONTAINER(ws, struct ix_ws_server, base);
}

static void note(struct ix_ws_server *w, int err, const char *why)
{
    if (w->noted)
        return;
    w->noted = true;
    w->err = err;
    (void) snprintf(w->detail, sizeof w->detail, "%s", why);
}

static int put_frame(struct ix_ws_server *w, enum ix_ws_opcode opcode, const void *p, size_t n)
{
    uint8_t storage[16];
    struct ix_buf head;
    struct ix_stream *stream = w->conn->stream;

    if (w->close_sent || stream == NULL)
        return IRISX_E_CLOSED;
    if (ix_stream_queued(stream) + n > IX_WS_QUEUE_MAX)
        return IRISX_E_LIMIT;
    ix_buf_init_fixed(&head, storage, sizeof storage);
    ix_ws_frame_head(&head, opcode, n);
    int err = ix_stream_write(stream, head.p, head.n);
    return err == 0 ? ix_stream_write(stream, p, n) : err;
}

static int server_send(struct ix_ws *ws, const void *p, size_t n, bool text)
{
    return put_frame(server_of(ws), text ? IX_WS_TEXT : IX_WS_BINARY, p, n);
}

static int server_ping(struct ix_ws *ws)
{
    return put_frame(server_of(ws), IX_WS_OP_PING, "ping", 4);
}

static void send_close(struct ix_ws_server *w, uint16_t code)
{
    const uint8_t body[2] = { (uint8_t) (code >> 8), (uint8_t) code };

    if (w->close_sent)
        return;
    (void) put_frame(w, IX_WS_OP_CLOSE, body, sizeof body); /* it is closing in any case */
    w->close_sent = true;
    ix_conn_deadline(w->conn, CLOSE_WAIT_MS);
}

static void server_close(struct ix_ws *ws, uint16_t code)
{
    struct ix_ws_server *w = server_of(ws);

    if (w->conn->stream == NULL)
        return; /* CLOSED is being told */
    note(w, 0, "closed");
    send_close(w, code != 0 ? code : 1000);
}

static const struct ix_ws_ops server_ops = { .send = server_send, .ping = server_ping, .close = server_close };

/* ---- reading ----------------------------------------------------------------------------- */

static void on_peer_close(struct ix_ws_server *w, const struct ix_ws_item *item)
{
    char why[64];

    w->peer_code = (uint16_t) (item->len >= 2 ? item->data[0] << 8 | item->data[1] : 1005);
    (void) snprintf(why, sizeof why, "the client closed the connection (%u)", w->peer_code);
    note(w, IRISX_E_NETWORK, why);
    send_close(w, item->len >= 2 ? w->peer_code : 1000);
    ix_stream_shutdown(w->conn->stream); /* section 7.1.1: the server ends TCP; the client follows, or the time limit */
}

static void on_item(struct ix_ws_server *w, const struct ix_ws_item *item)
{
    struct ix_ws_event ev = {
        .kind = item->opcode == IX_WS_OP_PONG ? IX_WS_PONG : IX_WS_MESSAGE, .data = item->data, .len = item->len
    };

    if (item->opcode == IX_WS_OP_PING)
        (void) put_frame(w, IX_WS_OP_PONG, item->data, item->len); /* a peer that takes no answer ends otherwise */
    else if (item->opcode == IX_WS_OP_CLOSE)
        on_peer_close(w, item);
    else if (!w->close_sent)
        w->base.fn(w->base.ctx, &w->base, &ev);
}

void ix_ws_server_data(struct ix_conn *c, const uint8_t *p, size_t n)
{
    struct ix_ws_server *w = c->ws;
    struct ix_ws_item item;
    uint16_t code = 0;
    bool outer = c->processing;

    c->processing = true; /* a callback may close the server: the memory stays until we are out */
    while (c->state == IX_CONN_WS && w->peer_code == 0 && ix_ws_parse(&w->parser, &p, &n, &item, &code))
        on_item(w, &item);
    c->processing = outer;
    if (c->state == IX_CONN_WS && code != 0) {
        note(w, IRISX_E_PROTOCOL,
            code == 1009 ? "the client sent a message over 64 KiB"
                         : "the client sent what is not a valid WebSocket frame");
        send_close(w, code);
        w->peer_code = code; /* nothing more is read */
        ix_stream_shutdown(c->stream);
    }
    ix_conn_settle(c);
}

void ix_ws_server_timeout(struct ix_conn *c)
{
    ix_conn_abort(c);
}

void ix_ws_server_ended(struct ix_conn *c)
{
    struct ix_ws_server *w = c->ws;

    note(w, IRISX_E_NETWORK, "the connection was lost");
    struct ix_ws_event ev = { .kind = IX_WS_CLOSED,
        .err = w->err,
        .detail = w->detail,
        .close_code = w->peer_code != 0 ? w->peer_code : CODE_GONE };
    w->base.fn(w->base.ctx, &w->base, &ev);
    ix_ws_parser_clear(&w->parser);
    ix_free(w);
    c->ws = NULL;
}

/* ---- the upgrade ------------------------------------------------------------------------- */

static int put_switch(struct ix_conn *c, const char *key)
{
    char accept[29], storage[512];
    struct ix_buf b;

    ix_ws_accept_key(ix_str(key), accept);
    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_buf_str(&b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    ix_http_put_date(&b);
    ix_buf_str(&b, "Sec-WebSocket-Accept: ");
    ix_buf_str(&b, accept);
    if (ix_http_list_has(ix_http_field(&c->head, "sec-websocket-protocol"), ix_str(c->server->subprotocol)))
        ix_buf_fmt(&b, "\r\nSec-WebSocket-Protocol: %s", c->server->subprotocol);
    ix_buf_str(&b, "\r\n\r\n");
    return b.err == 0 ? ix_stream_write(c->stream, b.p, b.n) : b.err;
}

static bool valid_key(const char *key)
{
    uint8_t storage[32];
    struct ix_buf b;

    ix_buf_init_fixed(&b, storage, sizeof storage);
    return key != NULL && ix_base64_decode(&b, ix_str(key)) == 0 && b.err == 0 && b.n == 16;
}

static void open_ws(struct ix_conn *c, struct ix_ws_server *w)
{
    struct ix_ws_event ev = {
        .kind = IX_WS_OPEN, .local = c->server->local, .remote = c->peer, .request = &c->request
    };

    *w = (struct ix_ws_server){ .base = { .ops = &server_ops, .fn = c->server->on_ws, .ctx = c->server->ctx },
        .conn = c };
    ix_ws_parser_init(&w->parser);
    c->ws = w;
    c->state = IX_CONN_WS;
    ix_conn_deadline(c, 0);
    w->base.fn(w->base.ctx, &w->base, &ev);
    if (c->state != IX_CONN_WS || c->in.n == 0)
        return;
    struct ix_buf early = c->in; /* frames that came with the request */
    ix_buf_init(&c->in, early.limit);
    ix_ws_server_data(c, early.p, early.n);
    ix_buf_clear(&early);
}

void ix_ws_server_upgrade(struct ix_conn *c)
{
    const struct ix_http_head *h = &c->head;
    const char *version = ix_http_field(h, "sec-websocket-version"), *key = ix_http_field(h, "sec-websocket-key");
    struct ix_ws_server *w;

    if (c->server->on_ws == NULL || (c->server->ws_path != NULL && strcmp(c->server->ws_path, h->path) != 0)) {
        ix_conn_refuse(c, 404, "no WebSocket is served at this path");
    } else if (strcmp(h->method, "GET") != 0 || h->minor == 0 || version == NULL || strcmp(version, "13") != 0 ||
               !valid_key(key)) {
        ix_conn_refuse(c, 400, "this is not a WebSocket request of version 13");
    } else if ((w = ix_alloc(sizeof *w)) == NULL || put_switch(c, key) != 0) {
        ix_free(w);
        ix_conn_abort(c);
    } else {
        open_ws(c, w);
    }
}
