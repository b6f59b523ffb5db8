/* SPDX-License-Identifier: MIT */
/*
 * io: the shell's parts. Each carries bytes, transfers, files or deadlines and decides nothing. Every object belongs to
 * the loop it was made on and is used on that loop's thread only, ix_loop_post excepted. Callbacks run on that thread.
 */
#ifndef IX_IO_H
#define IX_IO_H

#include <stdatomic.h>

#include "core/core.h"
#include "store/store.h"

/* ---- clock, entropy, system -------------------------------------------------------------- */
/* fn(), the process's SIGPIPE left as it was: for what begins libraries that change it */
int ix_sigpipe_around(int (*fn)(void));
uint64_t ix_clock_mono_us(void); /* one of the two alone */
int64_t ix_clock_wall_us(void);
struct ix_now ix_clock_now(void); /* CLOCK_MONOTONIC (or BOOTTIME where it exists) and wall */
struct ix_rng ix_entropy(void); /* getrandom; never fails */
void ix_clock_sleep_until(uint64_t mono_us); /* blocks; on the same clock as ix_clock_now: media threads */

/* ---- loop: one libuv loop ---------------------------------------------------------------- */
struct ix_loop;
int ix_loop_new(const struct ix_log *log, struct ix_loop **out);
/* runs the loop until all handles are closed. IRISX_E_STATE, and nothing freed, while timers, sockets, ... still exist
 */
int ix_loop_free(struct ix_loop *loop);
void *ix_loop_uv(struct ix_loop *loop); /* uv_loop_t * for host */
int ix_loop_run(struct ix_loop *loop); /* until ix_loop_stop */
int ix_loop_run_once(struct ix_loop *loop); /* what is ready, without waiting (zero-thread mode) */
/* The same, having waited for something to do until until_us; returns early once *news is not `seen` any more. */
int ix_loop_drive(struct ix_loop *loop, const atomic_uint *news, unsigned seen, uint64_t until_us);
/* Nobody but the caller's own thread runs it: a post costs no system call while nobody waits and the descriptor was
 * not asked for. Said before the loop is used. */
void ix_loop_set_driven(struct ix_loop *loop);
/* +1, -1: something on the loop calls libraries that may start threads or write to a broken pipe: run_once and drive
 * keep the caller's signals out meanwhile. Nothing of the sort: the caller's mask is not touched. */
void ix_loop_guard(struct ix_loop *loop, int more);
void ix_loop_stop(struct ix_loop *loop); /* any thread */
int ix_loop_fd(struct ix_loop *loop); /* shows posts, too, from now on */
int ix_loop_timeout_ms(struct ix_loop *loop); /* until it wants to run again; -1 = none */
struct ix_now ix_loop_now(struct ix_loop *loop); /* read once a turn */
/* This turn has worked for long enough: whoever has more of the same leaves it to the next one, so that timers and
 * commands come between. Asked before each batch; the first asker begins the count. */
bool ix_loop_turn_is_long(struct ix_loop *loop);
/* any thread; runs fn(arg) on the loop's thread, in order; IRISX_E_CLOSED after stop, then fn is not called */
int ix_loop_post(struct ix_loop *loop, void (*fn)(void *arg), void *arg);
/* the same with the caller's memory, which is free again when fn begins: cannot fail but by the stop */
struct ix_post {
    struct ix_post *next;
    void (*fn)(void *arg);
    void *arg;
    bool ours;
};
int ix_loop_post_with(struct ix_loop *loop, struct ix_post *post, void (*fn)(void *arg), void *arg);
/* A bell: rung by any thread, without lock or allocation; fn runs on the loop soon, once however often it was rung. */
struct ix_loop_bell;
int ix_loop_bell_new(struct ix_loop *loop, void (*fn)(void *ctx), void *ctx, struct ix_loop_bell **out);
void ix_loop_bell_ring(struct ix_loop_bell *b);
void ix_loop_bell_free(struct ix_loop_bell *b); /* nobody rings any more */
/* called at the end of every turn, after all callbacks: the place to drain cores */
void ix_loop_set_drain(struct ix_loop *loop, void (*fn)(void *ctx), void *ctx);

struct ix_loop_timer;
int ix_loop_timer_new(struct ix_loop *loop, void (*fn)(void *ctx), void *ctx, struct ix_loop_timer **out);
void ix_loop_timer_set(struct ix_loop_timer *t, uint64_t at_us); /* absolute monotonic; IX_NEVER stops */
void ix_loop_timer_free(struct ix_loop_timer *t);

/* ---- work that may block: names, files, databases (uv's pool); done runs on the loop ----- */
int ix_work_queue(struct ix_loop *loop, void (*work)(void *arg), void (*done)(void *arg, int err), void *arg);
struct ix_resolve;
typedef void (*ix_resolve_fn)(void *ctx, int err, const struct ix_addr *addrs, size_t count);
int ix_resolve(
    struct ix_loop *loop, const char *host, uint16_t port, ix_resolve_fn fn, void *ctx, struct ix_resolve **out);
void ix_resolve_cancel(struct ix_resolve *r); /* fn is not called */

/* ---- interfaces -------------------------------------------------------------------------- */
struct ix_interface {
    char name[32];
    struct ix_addr addr; /* port 0 */
    bool loopback, point_to_point;
};
int ix_interfaces(struct ix_interface *out, size_t cap, size_t *count); /* up and running ones */
/* fn when the addresses of interfaces that lead out of this machine (up, not loopback, not link-local) have changed, 50
 * ms after the last of several changes. By netlink on Linux; else, and where that is not to be had, looked up every 2
 * s.
 */
struct ix_netmon;
int ix_netmon_new(struct ix_loop *loop, void (*fn)(void *ctx), void *ctx, struct ix_netmon **out);
void ix_netmon_free(struct ix_netmon *m);

/* ---- UDP: recvmmsg/sendmmsg, kernel receive timestamps where there are any --------------- */
struct ix_udp;
struct ix_udp_packet {
    struct ix_addr from;
    const uint8_t *data;
    size_t len;
    uint64_t arrival_us; /* monotonic clock */
};
typedef void (*ix_udp_fn)(void *ctx, struct ix_udp *udp, const struct ix_udp_packet *packets, size_t count);
int ix_udp_open(struct ix_loop *loop, const struct ix_addr *bind, ix_udp_fn fn, void *ctx, struct ix_udp **out);
void ix_udp_local(const struct ix_udp *udp, struct ix_addr *out);
/* batched until the turn ends */
int ix_udp_send(struct ix_udp *udp, const struct ix_addr *to, const void *p, size_t n);
void ix_udp_flush(struct ix_udp *udp);
void ix_udp_close(struct ix_udp *udp);
struct ix_udp_stats {
    uint64_t received, sent; /* datagrams */
    uint64_t send_full; /* dropped: the system had no room (EAGAIN, ENOBUFS) */
    uint64_t send_failed; /* dropped for another reason */
    uint64_t too_long; /* received and dropped: longer than 2048 bytes */
};
void ix_udp_stats(const struct ix_udp *udp, struct ix_udp_stats *out);

/* ---- byte streams to a server: TURN over TCP and TLS ------------------------------------- */
struct ix_tcp;
enum ix_tcp_event_kind { IX_TCP_OPEN = 1, IX_TCP_DATA = 2, IX_TCP_CLOSED = 3 };
struct ix_tcp_event {
    enum ix_tcp_event_kind kind;
    const uint8_t *data; /* DATA */
    size_t len;
    int err; /* CLOSED: IRISX_E_NETWORK, _TLS, _TIMEOUT ... */
    const char *detail; /* one line for people */
};
typedef void (*ix_tcp_fn)(void *ctx, struct ix_tcp *tcp, const struct ix_tcp_event *ev);
struct ix_tcp_options {
    struct ix_addr to;
    struct ix_addr local; /* family 0 = any */
    bool tls;
    const char *host; /* with tls: what the certificate must name; the address itself if NULL */
    const char *ca_file; /* as in ix_tls_options */
    uint32_t timeout_ms; /* TCP and TLS together; 0 = 5000 */
};
/* fn gets CLOSED once, later, unless ix_tcp_close comes first; the object is gone after it */
int ix_tcp_connect(struct ix_loop *loop, const struct ix_tcp_options *o, ix_tcp_fn fn, void *ctx, struct ix_tcp **out);
int ix_tcp_send(struct ix_tcp *tcp, const void *p, size_t n); /* after OPEN; over 256 KiB not yet sent: IRISX_E_LIMIT */
void ix_tcp_close(struct ix_tcp *tcp); /* fn is not called any more; what is queued is lost */

/* ---- WebSocket client (libwebsockets on this loop) --------------------------------------- */
struct ix_tls_options {
    const char *ca_file; /* PEM bundle in addition to nothing else; NULL = system store */
    /* verification is always on: there is no option to switch it off */
};
enum ix_ws_event_kind { IX_WS_OPEN = 1, IX_WS_MESSAGE = 2, IX_WS_PONG = 3, IX_WS_CLOSED = 4 };
struct ix_ws_event {
    enum ix_ws_event_kind kind;
    const uint8_t *data; /* MESSAGE: whole message, fragments joined, at most 64 KiB (larger: closed with 1009) */
    size_t len;
    int err; /* CLOSED: why (IRISX_E_NETWORK, _DNS, _TLS, _PROTOCOL, _TIMEOUT, 0 = closed by us) */
    const char *detail; /* CLOSED: one line a user can act on: "certificate expired on ...", "wrong host name" */
    uint16_t close_code;
    struct ix_addr local, remote; /* OPEN */
    const struct ix_server_request *request; /* OPEN at a server: the upgrade request, for the time of the callback */
};
struct ix_ws;
typedef void (*ix_ws_fn)(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev);
struct ix_ws_options {
    const char *url; /* ws:// or wss:// with path and query */
    const char *subprotocol; /* "sip" */
    struct ix_tls_options tls;
    uint32_t connect_timeout_ms; /* names, TCP, TLS and upgrade together; 0 = 10000 */
    const char *user_agent;
    const char *proxy; /* "http://[user:password@]host:port": by CONNECT (RFC 9110 section 9.3.6); NULL none */
};
int ix_ws_connect(struct ix_loop *loop, const struct ix_ws_options *o, ix_ws_fn fn, void *ctx, struct ix_ws **out);
/* one message, one frame; queued, bounded (1 MiB) */
int ix_ws_send(struct ix_ws *ws, const void *p, size_t n, bool text);
int ix_ws_ping(struct ix_ws *ws);
void ix_ws_close(struct ix_ws *ws, uint16_t code); /* fn gets CLOSED later, once; ws invalid after that */
/* At once: fn is not called any more, ws is invalid. Not inside its fn; the loop need not run. NULL allowed */
void ix_ws_drop(struct ix_ws *ws);

/* ---- HTTP/1.1 and WebSocket server: webhook receiver, sandbox ---------------------------- */
struct ix_server;
struct ix_server_request { /* whole request, body read within limits; valid until its reply is answered or dropped */
    const char *method, *path, *query; /* path percent-encoded as received; query without '?', NULL none */
    const uint8_t *body;
    size_t body_len;
    struct ix_addr peer;
    const char *(*header)(const struct ix_server_request *r, const char *name); /* NULL if absent */
    void *impl;
};
struct ix_server_reply; /* one per request; answered exactly once, now or later */
typedef void (*ix_server_fn)(void *ctx, const struct ix_server_request *r, struct ix_server_reply *reply);
struct ix_server_options {
    struct ix_addr bind; /* port 0 = free one */
    uint32_t max_connections; /* 0 = 64 */
    uint32_t header_timeout_ms, body_timeout_ms; /* 0 = 10000, 30000 */
    size_t max_body; /* 0 = 1 MiB; larger: 413 */
    const char *tls_cert_file, *tls_key_file; /* both or none */
    /* NULL = no WebSocket upgrades; chosen where it is offered, others are let in without one */
    const char *ws_subprotocol;
    const char *ws_path; /* NULL = any */
};
/* IRISX_E_TLS: the certificate or key file is not usable (the log says why); IRISX_E_CONFLICT: the port is taken */
int ix_server_open(struct ix_loop *loop, const struct ix_server_options *o, ix_server_fn on_request,
    ix_ws_fn on_ws /* OPEN makes a new struct ix_ws; may be NULL */, void *ctx, struct ix_server **out);
void ix_server_local(const struct ix_server *s, struct ix_addr *out);
/* headers: "Name: value\r\n" lines or NULL; copies all. IRISX_E_CLOSED: the client is gone. The reply ends either way
 */
int ix_server_answer(struct ix_server_reply *reply, int status, const char *content_type, const char *headers,
    const void *body, size_t len);
void ix_server_drop(struct ix_server_reply *reply); /* closes the connection without an answer (fault injection) */
/* at once, with all connections; WebSockets get CLOSED before it returns; replies not yet given stay valid and go
 * nowhere */
void ix_server_close(struct ix_server *s);
void ix_ws_set_context(struct ix_ws *ws, void *ctx); /* server side: replaces ctx for this connection */
void *ix_ws_context(const struct ix_ws *ws);

/* ---- HTTP transfers (libcurl multi on this loop) ----------------------------------------- */
struct ix_http_client;
struct ix_transfer_limits { /* of one transfer; ms, 0 = none unless said otherwise */
    uint32_t resolve_ms; /* 0 = 5000 */
    uint32_t tcp_ms; /* connection, proxy included; 0 = 10000 */
    uint32_t tls_ms; /* handshake; 0 = 10000 */
    uint32_t connect_ms; /* both together */
    uint32_t answer_ms; /* from the last byte sent to the first of the answer */
    uint32_t idle_ms; /* without a byte either way once it moves */
};
/*
 * Bodies that are not held in memory. On the loop's thread. IX_STREAM_LATER: nothing now, ix_transfer_resume tells when
 * to ask again; IX_STREAM_STOP: the transfer ends with IRISX_E_CANCELLED.
 */
enum { IX_STREAM_LATER = -1, IX_STREAM_STOP = -2 };
struct ix_transfer_stream { /* all zero: none */
    void *ctx;
    /* the request's body: bytes written to `to` (0 = its end), LATER or STOP */
    int64_t (*read)(void *ctx, void *to, size_t room);
    uint64_t size; /* of the body; UINT64_MAX unknown: sent in chunks */
    /* the body of an answer with a status of success, decoded: all of it is taken (0), or LATER or STOP */
    int (*write)(void *ctx, long status, struct ix_str headers, const void *p, size_t n);
    /* at most ten times a second and once at the end; totals 0 while unknown; may be NULL */
    void (*progress)(void *ctx, uint64_t sent, uint64_t send_total, uint64_t received, uint64_t receive_total);
};
struct ix_transfer_request { /* values; copied */
    const char *method, *url;
    const char *headers; /* "Name: value\r\n" lines */
    const void *body; /* NULL: none (POST/PATCH/PUT then send {}); body_len 0 otherwise: an empty one */
    size_t body_len;
    uint32_t timeout_ms; /* whole transfer; 0 = 30000 */
    struct ix_transfer_limits limits;
    size_t max_response; /* decoded, in memory; 0 = 8 MiB */
    bool safe; /* libcurl may send it again by itself on a kept connection that died; never set for what may act */
    bool plain; /* asks for no content encoding: ranges, bytes to be kept as they are */
    struct ix_transfer_stream stream;
};
struct ix_transfer_result {
    int err; /* 0: an HTTP answer is there, whatever its status; else IRISX_E_NETWORK, _DNS, _TLS, _TIMEOUT,
                _OUTCOME_UNKNOWN, _TOO_LARGE, _PROTOCOL, _CANCELLED */
    char detail[256]; /* one line for people, no secrets */
    long status;
    const char *content_type; /* NULL none */
    const char *headers; /* raw, lines */
    const uint8_t *body;
    size_t body_len;
    bool any_byte_sent; /* of the request */
    bool late; /* a limit was over: OUTCOME_UNKNOWN is a timeout of what may have been executed */
    uint64_t total_us;
};
struct ix_transfer;
typedef void (*ix_transfer_fn)(void *ctx, const struct ix_transfer_result *r);
struct ix_http_options {
    struct ix_tls_options tls;
    const char *cert_file, *key_file; /* PEM, for servers that ask; key NULL: in cert_file */
    const char *pinned_keys; /* "sha256//BASE64;..."; NULL none */
    const char *user_agent;
    uint32_t max_connections_per_host; /* 0 = 6 */
    const char *proxy; /* "http://...", "socks5h://..."; NULL = none */
    const char *no_proxy; /* hosts, between commas; NULL = none */
    bool environment; /* without proxy: http_proxy, https_proxy, all_proxy, no_proxy are read once, here */
};
int ix_http_client_new(struct ix_loop *loop, const struct ix_http_options *o, struct ix_http_client **out);
void ix_http_client_free(struct ix_http_client *c); /* cancels all, callbacks with IRISX_E_CANCELLED */
/* The machine has these addresses now: connections from others are over, whatever the system still hopes for. */
void ix_http_client_moved(struct ix_http_client *c, const struct ix_interface *list, size_t count);
int ix_transfer_start(struct ix_http_client *c, const struct ix_transfer_request *r, ix_transfer_fn fn, void *ctx,
    struct ix_transfer **out);
void ix_transfer_cancel(struct ix_transfer *t); /* fn is called with IRISX_E_CANCELLED before it returns */
void ix_transfer_resume(struct ix_transfer *t); /* after IX_STREAM_LATER; not inside a callback of the transfer */
/* Where a Location header leads from base (RFC 3986 section 5). IRISX_E_INVALID: nowhere that http or https reaches */
int ix_http_url_join(const char *base, const char *location, char **out);
/* Whether the list ("localhost,.example.com,10.0.0.0/8,[fd00::]/8,192.0.2.1:8080", "*") has the host (a name or a
 * literal, with or without brackets) at that port. */
bool ix_no_proxy(const char *list /* NULL none */, const char *host, uint16_t port);
bool ix_http_same_origin(const char *a, const char *b); /* scheme, host and port */

/* ---- files ------------------------------------------------------------------------------- */
/* all of these block: helper threads only. out is initialised here; empty on failure. IRISX_E_TOO_LARGE over the limit
 */
int ix_file_read(const char *path, size_t limit, struct ix_buf *out);
int ix_file_write_atomic(const char *path, unsigned mode, const void *p, size_t n); /* temp + fsync + rename */
/* append-only writer for captures and timelines: never loses what was written; IRISX_E_DISK_FULL, _IO */
struct ix_file_out;
int ix_file_out_open(const char *path, unsigned mode, struct ix_file_out **out);
int ix_file_out_write(struct ix_file_out *f, const void *p, size_t n);
int ix_file_out_patch(struct ix_file_out *f, uint64_t at, const void *p, size_t n); /* over what is written: headers */
int ix_file_out_close(struct ix_file_out *f); /* synced; the first failure, if there was one */

/* Files of transfers. Opening blocks and is for the caller's thread; the rest is for the loop's, which never waits. */
struct ix_file_in;
int ix_file_in_open(const char *path, struct ix_file_in **out); /* IRISX_E_FORMAT: not a regular file */
uint64_t ix_file_in_size(const struct ix_file_in *f);
/* from the beginning; ready: more is there, or the end, or a failure */
void ix_file_in_start(struct ix_file_in *f, struct ix_loop *loop, void (*ready)(void *ctx), void *ctx);
int64_t ix_file_in_read(struct ix_file_in *f, void *to, size_t room); /* as ix_transfer_stream.read */
int ix_file_in_error(const struct ix_file_in *f);
void ix_file_in_close(struct ix_file_in *f); /* NULL allowed */
/* Written beside path with mode 0600, checked, synced, then renamed. resume: goes on with what an earlier one left,
 * whose tag (ETag, date) was kept. sha256: 64 hex digits or NULL. */
struct ix_file_save;
int ix_file_save_open(const char *path, bool resume, const char *sha256, struct ix_file_save **out);
void ix_file_save_start(struct ix_file_save *s, struct ix_loop *loop, void (*ready)(void *ctx), void *ctx);
uint64_t ix_file_save_size(const struct ix_file_save *s); /* bytes at hand */
const char *ix_file_save_tag(const struct ix_file_save *s); /* of them; "" */
void ix_file_save_restart(struct ix_file_save *s, const char *tag); /* from the beginning */
int ix_file_save_write(struct ix_file_save *s, const void *p, size_t n); /* 0, IX_STREAM_LATER, IX_STREAM_STOP */
int ix_file_save_error(const struct ix_file_save *s);
/* saved(ctx, err) once: IRISX_E_SIGNATURE: another digest; the file is not there then. ix_file_save_close follows */
void ix_file_save_finish(struct ix_file_save *s, void (*saved)(void *ctx, int err), void *ctx);
/* What was taken is written and left for a later one to go on with; saved(ctx, err) once, maybe at once. */
void ix_file_save_keep(struct ix_file_save *s, void (*saved)(void *ctx, int err), void *ctx);
void ix_file_save_close(struct ix_file_save *s); /* NULL allowed; saved is not called any more */

/* ---- databases: webhook deliveries. Opening and using it blocks: helper threads only ----- */
/* path NULL: in memory, ids alone. remember: deliveries kept, 0 = 100000. IRISX_E_NOT_FOUND (no such folder),
 * _FORBIDDEN, _FORMAT (no such database, or damaged), _DISK_FULL, _CONFLICT (locked by another process), _IO ... */
int ix_delivery_db_open(const char *path, uint32_t remember, struct ix_delivery_store **out);

/* ---- URLs -------------------------------------------------------------------------------- */
struct ix_url { /* of ws, wss; slices of the text */
    bool tls;
    struct ix_str host; /* without brackets */
    struct ix_str authority; /* as written: for the Host header */
    uint16_t port;
    struct ix_str target; /* path and query, "/" if there is none */
};
int ix_url_parse(struct ix_url *u, const char *text);

#endif
