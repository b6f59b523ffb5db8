/* SPDX-License-Identifier: MIT */
/* io: what the parts of the HTTP server share. */
#ifndef IX_IO_SERVER_H
#define IX_IO_SERVER_H

#include "io/internal.h"

struct listener;

struct ix_server {
    struct ix_loop *loop;
    struct listener *listener;
    struct ix_loop_timer *retry; /* accepting again after descriptors ran out */
    void *ssl_ctx;
    struct ix_addr local;
    struct ix_server_options options; /* defaults filled in; its pointers are not kept */
    char *subprotocol, *ws_path;
    ix_server_fn on_request;
    ix_ws_fn on_ws;
    void *ctx;
    struct ix_list conns;
    uint32_t count;
};

enum ix_conn_state {
    IX_CONN_HEAD, /* waiting for a request, or inside its head */
    IX_CONN_BODY,
    IX_CONN_REPLY, /* the application has the request */
    IX_CONN_SENDING, /* the answer waits for the socket */
    IX_CONN_LINGER, /* our side has ended; what the client still sends is thrown away, so that it reads our answer */
    IX_CONN_WS,
    IX_CONN_GONE /* closed; kept for the reply that is still out */
};

struct ix_conn {
    struct ix_list node;
    struct ix_server *server; /* NULL once gone */
    struct ix_stream *stream;
    struct ix_loop_timer *timer; /* deadline of the state */
    enum ix_conn_state state;
    struct ix_addr peer;
    struct ix_buf in; /* bytes that are not looked at yet: head, then pipelined requests */
    char *head_text;
    struct ix_http_head head;
    struct ix_http_body body_at;
    struct ix_buf body;
    struct ix_server_request request;
    struct ix_server_reply *reply; /* NULL: none is out */
    struct ix_ws_server *ws;
    bool keep_alive;
    bool idle; /* between two requests: no byte of the next is there */
    bool processing; /* callbacks are running: the memory stays */
};

struct ix_server_reply {
    struct ix_conn *conn;
    bool head_only; /* HEAD: the length is told, the body not sent */
};

int ix_conn_open(struct ix_server *s, int fd, const struct ix_addr *peer);
void ix_conn_abort(struct ix_conn *c); /* at once; frees, or leaves a stub to the reply */
/* answers and ends the connection */
void ix_conn_refuse(struct ix_conn *c, int status, const char *why);
void ix_conn_settle(struct ix_conn *c); /* out of all callbacks: frees what went away in them */
void ix_conn_deadline(struct ix_conn *c, uint32_t ms); /* 0 = none */

/* ---- its WebSocket side (ws_server.c) ---------------------------------------------------- */
void ix_ws_server_upgrade(struct ix_conn *c); /* the head asks for it: 101, or a refusal */
void ix_ws_server_data(struct ix_conn *c, const uint8_t *p, size_t n);
void ix_ws_server_timeout(struct ix_conn *c);
void ix_ws_server_ended(struct ix_conn *c); /* the stream has; tells CLOSED */

void ix_http_put_date(struct ix_buf *b);

#endif
