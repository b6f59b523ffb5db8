/* SPDX-License-Identifier: MIT */
/* io: what its own source files share. */
#ifndef IX_IO_INTERNAL_H
#define IX_IO_INTERNAL_H

#include <signal.h>
#include <sys/socket.h>

#include "io/io.h"

#define IX_AREA "io"

/* Something that hangs on a loop because all objects of a kind share it; made by the first of them. */
enum ix_loop_part_kind { IX_PART_UDP = 0, IX_PART_LWS = 1, IX_PART_COUNT = 2 };
struct ix_loop_part {
    void *state; /* NULL: not made yet */
    void (*flush)(void *state); /* end of each turn, after the drain; may be NULL */
    void (*close)(void *state); /* the loop goes away: start closing handles; may be NULL */
    void (*ended)(void *state); /* no handle is left on the loop; frees state */
};
struct ix_loop_part *ix_loop_part(struct ix_loop *loop, enum ix_loop_part_kind kind);
const struct ix_log *ix_loop_log(const struct ix_loop *loop);
/* objects that their owner has to free before the loop can go */
void ix_loop_own(struct ix_loop *loop);
void ix_loop_disown(struct ix_loop *loop);

/* Signals while a loop runs: SIGPIPE never reaches the process, whatever a library does to a socket */
struct ix_signals {
    sigset_t before;
    bool pipe_was_pending;
};
void ix_signals_block(struct ix_signals *s, bool all);
void ix_signals_restore(const struct ix_signals *s);
/* Around calls of libraries that set SIGPIPE for the whole process, for a moment or for good: one at a time, or one of
 * them would take the other's setting for the application's and restore that. */
void ix_sigpipe_keep(struct sigaction *before);
void ix_sigpipe_restore(const struct sigaction *before);
/* stdio.c: the numbers 0 to 2 are given to no descriptor of ours, also where they are free; counted */
void ix_stdio_hold(void);
void ix_stdio_release(void);

int ix_err_of_errno(int e); /* IRISX_E_* of an errno value */
int ix_err_of_uv(int e); /* of a negative libuv code */
/* "connection refused by 127.0.0.1:8066" and the like, for people */
void ix_connect_sentence(int e, const struct ix_addr *to, char *out, size_t cap);

int ix_file_sync_folder(const char *path); /* of that file: a rename lasts once it is written */

socklen_t ix_sockaddr_of(const struct ix_addr *a, struct sockaddr_storage *out); /* 0: no family */
bool ix_sockaddr_read(const struct sockaddr *sa, struct ix_addr *out); /* false: neither IPv4 nor IPv6 */
void ix_socket_signalling(int fd); /* DSCP AF31 */

/* ---- TLS: sentences about certificates (X509_STORE_CTX and X509 of OpenSSL) -------------- */
void ix_tls_explain(void *x509_store_ctx, const char *host, char *out, size_t cap);
void ix_tls_mismatch(void *x509, const char *host, char *out, size_t cap);
void ix_tls_names(void *x509, char *out, size_t cap); /* whom the certificate is for */
/* false: the server's certificate does not name host; error and sentence are set then */
bool ix_tls_host_matches(void *x509_store_ctx, const char *host, char *out, size_t cap);
int ix_tls_ca_check(const char *path, char *out, size_t cap); /* a PEM file with a certificate? */

/* ---- why an address cannot be connected to ---------------------------------------------------------------------- */
int ix_route_error(const struct ix_addr *to); /* errno that connect() gives at once, 0 = none */
struct ix_probe;
/* one bare TCP connection, given up as soon as it is there; fn gets its errno, 0 = it came about */
int ix_probe_start(
    struct ix_loop *loop, const struct ix_addr *to, void (*fn)(void *ctx, int error), void *ctx, struct ix_probe **out);
void ix_probe_cancel(struct ix_probe *p);

/* ---- libwebsockets: one context a loop, made with the first WebSocket -------------------- */
struct lws;
struct lws_vhost;
struct lws_context;
struct ix_lws;
#define IX_WS_CLIENTS_MAX 1024 /* a loop */
int ix_lws_of(struct ix_loop *loop, struct ix_lws **out);
int ix_lws_enter(struct ix_lws *l); /* IRISX_E_LIMIT, or 0: ix_lws_leave follows */
void ix_lws_leave(struct ix_lws *l);
struct lws_context *ix_lws_context(struct ix_lws *l);
/* ca_file NULL: the system's; NULL on no memory. Kept until the loop ends */
/* proxy: of all its connections; NULL none */
struct lws_vhost *ix_lws_vhost(struct ix_lws *l, bool tls, const char *ca_file, const char *proxy);
int ix_ws_client_event(struct lws *wsi, int reason, void *user, void *in, size_t len); /* lws's protocol callback */

/* ---- a WebSocket of either side ---------------------------------------------------------- */
#define IX_WS_MESSAGE_MAX 65536
#define IX_WS_QUEUE_MAX (1024 * 1024)
struct ix_ws {
    const struct ix_ws_ops *ops;
    ix_ws_fn fn;
    void *ctx;
};
struct ix_ws_ops {
    int (*send)(struct ix_ws *ws, const void *p, size_t n, bool text);
    int (*ping)(struct ix_ws *ws);
    void (*close)(struct ix_ws *ws, uint16_t code);
    void (*drop)(struct ix_ws *ws); /* at once; NULL: its server frees it */
};

/* ---- frames of a WebSocket (RFC 6455 section 5), the server's side: pure ----------------- */
enum ix_ws_opcode {
    IX_WS_CONT = 0,
    IX_WS_TEXT = 1,
    IX_WS_BINARY = 2,
    IX_WS_OP_CLOSE = 8,
    IX_WS_OP_PING = 9,
    IX_WS_OP_PONG = 10
};
struct ix_ws_parser { /* ix_ws_parser_init; _clear */
    uint8_t head[14];
    size_t head_n;
    uint8_t opcode; /* of the frame at hand */
    bool fin;
    uint8_t mask[4];
    uint64_t len, at; /* payload of the frame at hand */
    uint8_t message_opcode; /* 0: between messages */
    bool handed; /* the message was given out: begin anew */
    struct ix_buf message;
    uint8_t control[125];
};
struct ix_ws_item { /* a whole message or control frame, borrowed until the next call */
    uint8_t opcode; /* TEXT, BINARY, CLOSE, PING, PONG */
    const uint8_t *data;
    size_t len;
};
void ix_ws_parser_init(struct ix_ws_parser *p);
void ix_ws_parser_clear(struct ix_ws_parser *p);
/* takes bytes from *p / *n; true: an item is there. A violation sets *close_code (1002, 1007, 1009, 1011): close with
 * it */
bool ix_ws_parse(struct ix_ws_parser *w, const uint8_t **p, size_t *n, struct ix_ws_item *item, uint16_t *close_code);
void ix_ws_frame_head(struct ix_buf *b, enum ix_ws_opcode opcode, size_t len);
void ix_ws_accept_key(struct ix_str key, char out[29]); /* Sec-WebSocket-Accept (section 4.2.2) */

/* ---- HTTP/1.1 requests (RFC 9112), the server's side: pure ------------------------------- */
#define IX_HEAD_MAX 16384
#define IX_HEAD_FIELDS 100
struct ix_http_head { /* points into the text given, where NULs were put behind names and values */
    char *method, *path, *query;
    unsigned minor; /* HTTP/1.minor */
    size_t fields;
    struct {
        char *name, *value;
    } field[IX_HEAD_FIELDS];
    bool has_length, chunked, keep_alive, expects_continue, upgrade;
    uint64_t length;
};
/* bytes of the head with its empty line, 0 = not all there yet */
size_t ix_http_head_end(const void *p, size_t n);
int ix_http_head_parse(struct ix_http_head *h, char *text, size_t n); /* 0, or the HTTP status of the refusal */
const char *ix_http_field(const struct ix_http_head *h, const char *name); /* NULL if absent */
bool ix_http_list_has(const char *list, struct ix_str token); /* comma separated; list may be NULL */
struct ix_http_body { /* how far the body is; zero and set left or chunked to begin */
    bool chunked;
    uint64_t left; /* of the body, or of the chunk */
    uint8_t state;
    uint32_t digits, trailer;
};
enum ix_http_more { IX_BODY_MORE = 0, IX_BODY_DONE = 1, IX_BODY_BAD = 2, IX_BODY_TOO_LARGE = 3 };
/* moves body bytes from *p / *n into out; what follows the body is left there */
enum ix_http_more ix_http_body_take(struct ix_http_body *b, const uint8_t **p, size_t *n, struct ix_buf *out);
const char *ix_http_reason(int status);

/* ---- a connection, plain or TLS ---------------------------------------------------------- */
struct ix_stream;
struct ix_stream_events {
    void (*opened)(void *ctx); /* of ix_stream_connect: bytes may be written; NULL for accepted ones */
    /* bytes; the stream may be closed in it */
    void (*data)(void *ctx, const uint8_t *p, size_t n);
    void (*drained)(void *ctx); /* all that was written went to the system */
    void (*ended)(void *ctx); /* the peer or the system ended it; ix_stream_close is still to be called */
};
int ix_stream_accept(struct ix_loop *loop, int fd, void *ssl_ctx, const struct ix_stream_events *events, void *ctx,
    struct ix_stream **out); /* takes fd over, on failure too */
/* local: family 0 = any. ssl_ctx NULL: plain; host: the name its certificate must have */
int ix_stream_connect(struct ix_loop *loop, const struct ix_addr *to, const struct ix_addr *local, void *ssl_ctx,
    const char *host, const struct ix_stream_events *events, void *ctx, struct ix_stream **out);
/* in ended(): why, IRISX_E_; the sentence goes to why */
int ix_stream_failure(const struct ix_stream *s, char *why, size_t cap);
/* SSL_CTX that verifies against ca_file, or the system's store; NULL on no memory or an unusable file */
void *ix_stream_tls_client_new(const char *ca_file);
int ix_stream_write(
    struct ix_stream *s, const void *p, size_t n); /* IRISX_E_LIMIT, _NO_MEMORY: the stream is useless then */
size_t ix_stream_queued(const struct ix_stream *s);
void ix_stream_pause(struct ix_stream *s, bool on); /* no data() meanwhile */
void ix_stream_shutdown(
    struct ix_stream *s); /* nothing more will be written; the peer sees the end after what is queued */
void ix_stream_close(struct ix_stream *s);
void *ix_stream_tls_new(const char *cert_file, const char *key_file, char *why, size_t cap); /* SSL_CTX or NULL */
void ix_stream_tls_free(void *ssl_ctx);

#endif
