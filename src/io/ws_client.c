/* SPDX-License-Identifier: MIT */
/*
 * WebSocket client (RFC 6455) on libwebsockets. Names are resolved first, addresses tried one after the other, and
 * every way to fail ends in one CLOSED event with a sentence. lws calls back in the middle of its own work, so its
 * callbacks only note what happened; connecting, ending and telling are done from our own timers.
 *
 *   RESOLVING ──▶ CONNECTING ⇄ PROBING ──▶ OPEN ──▶ CLOSING ──▶ DONE (CLOSED is told, memory freed)
 */
#include <errno.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "io/internal.h"

#define CONNECT_MS 10000
#define ATTEMPT_MIN_US (1 * IX_S) /* an address gets at least this before the next one is tried */
#define CLOSE_WAIT_US (2 * IX_S) /* for the peer's close frame */
#define MAX_ADDRS 8
#define PING_BYTES 4

enum state { RESOLVING, CONNECTING, PROBING, OPEN, CLOSING, DONE };
enum stage { STAGE_TCP, STAGE_TLS, STAGE_UPGRADE };

struct out {
    struct out *next;
    size_t n;
    enum lws_write_protocol kind;
    uint8_t room[LWS_PRE];
    uint8_t data[];
};

struct client {
    struct ix_ws base;
    struct ix_loop *loop;
    struct ix_lws *lws;
    struct lws_vhost *vhost;
    struct lws *wsi;
    struct ix_resolve *resolve;
    struct probe *probe;
    struct ix_loop_timer *deadline; /* of the connection attempt, later of the closing handshake */
    struct ix_loop_timer *kick; /* does the next step outside lws's callbacks */
    enum state state;
    enum stage stage;
    bool attempt_failed, retried;
    uint32_t connect_ms;
    uint64_t connect_until_us;
    struct ix_addr addrs[MAX_ADDRS];
    size_t addr_count, addr_at;
    /* copies of the options */
    bool tls;
    uint16_t port;
    char *host, *authority, *target, *subprotocol, *user_agent, *ca_file;
    /* messages */
    struct out *first, *last;
    size_t queued;
    struct ix_buf in;
    /* the end */
    uint16_t send_code, peer_code;
    bool noted;
    int err;
    char detail[256];
};

struct probe { /* a bare TCP connection, to learn why lws got none */
    uv_tcp_t tcp;
    uv_connect_t req;
    struct client *client;
};

static struct client *client_of(struct ix_ws *ws)
{
    return IX_CONTAINER(ws, struct client, base);
}

static void kick(struct client *c)
{
    ix_loop_timer_set(c->kick, ix_loop_now(c->loop).mono_us);
}

/* The first reason is the true one; what follows from it is not told. */
static void note(struct client *c, int err, const char *fmt, ...) IX_PRINTF(3, 4);
static void note(struct client *c, int err, const char *fmt, ...)
{
    va_list args;

    if (c->noted)
        return;
    c->noted = true;
    c->err = err;
    va_start(args, fmt);
    (void) vsnprintf(c->detail, sizeof c->detail, fmt, args);
    va_end(args);
}

static void finish(struct client *c)
{
    c->state = DONE;
    kick(c);
}

/* ---- freeing ----------------------------------------------------------------------------- */

static void drop_queue(struct client *c)
{
    while (c->first != NULL) {
        struct out *o = c->first;
        c->first = o->next;
        ix_free(o);
    }
    c->last = NULL;
    c->queued = 0;
}

/* lws is done with it, or shall be: its last callbacks find nobody. */
static void forget_wsi(struct client *c)
{
    lws_set_opaque_user_data(c->wsi, NULL);
    c->wsi = NULL;
}

static void drop_wsi(struct client *c)
{
    struct lws *wsi = c->wsi;

    if (wsi == NULL)
        return;
    forget_wsi(c);
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

static void probe_closed(uv_handle_t *h)
{
    ix_free(h->data);
}

static void drop_probe(struct client *c)
{
    if (c->probe == NULL)
        return;
    c->probe->client = NULL;
    uv_close((uv_handle_t *) &c->probe->tcp, probe_closed);
    c->probe = NULL;
}

static void free_client(struct client *c)
{
    ix_resolve_cancel(c->resolve);
    drop_probe(c);
    drop_wsi(c);
    drop_queue(c);
    ix_buf_clear(&c->in);
    if (c->lws != NULL)
        ix_lws_leave(c->lws);
    ix_loop_timer_free(c->deadline);
    ix_loop_timer_free(c->kick);
    ix_free(c->host);
    ix_free(c->authority);
    ix_free(c->target);
    ix_free(c->subprotocol);
    ix_free(c->user_agent);
    ix_free(c->ca_file);
    ix_free(c);
}

static void tell_closed(struct client *c)
{
    struct ix_ws_event ev = { .kind = IX_WS_CLOSED, .close_code = c->peer_code };

    drop_wsi(c);
    note(c, IRISX_E_NETWORK, "the connection to %s was lost", c->host);
    ev.err = c->err;
    ev.detail = c->detail;
    ix_log(ix_loop_log(c->loop), IX_LOG_DEBUG, IX_AREA, "ws %s:%u closed: %s", c->host, c->port, c->detail);
    c->base.fn(c->base.ctx, &c->base, &ev);
    free_client(c);
}

/* ---- connecting -------------------------------------------------------------------------- */

static void connect_next(struct client *c);

static void on_probed(uv_connect_t *req, int status)
{
    struct probe *p = req->data;
    struct client *c = p->client;

    if (c == NULL)
        return; /* the client is gone; the handle is closing */
    drop_probe(c);
    if (status == 0 && !c->retried) { /* it came up in between */
        c->retried = true;
        c->state = CONNECTING;
        kick(c);
        return;
    }
    char why[160];
    ix_connect_sentence(status == 0 ? ECONNRESET : -status, &c->addrs[c->addr_at], why, sizeof why);
    note(c, IRISX_E_NETWORK, "%s", why);
    finish(c);
}

static void probe(struct client *c)
{
    struct probe *p = ix_alloc(sizeof *p);
    struct sockaddr_storage sa;

    if (p == NULL) {
        note(c, IRISX_E_NO_MEMORY, "out of memory");
        finish(c);
        return;
    }
    (void) ix_sockaddr_of(&c->addrs[c->addr_at], &sa);
    p->client = c;
    p->tcp.data = p->req.data = p;
    (void) uv_tcp_init(ix_loop_uv(c->loop), &p->tcp); /* makes no socket yet */
    c->probe = p;
    c->state = PROBING;
    int err = uv_tcp_connect(&p->req, &p->tcp, (const struct sockaddr *) &sa, on_probed);
    if (err != 0)
        on_probed(&p->req, err);
}

/* lws 4.1 leaks its libuv handle when connect() fails at once; a datagram socket shows such an address beforehand. */
static int route_error(const struct ix_addr *to)
{
    struct sockaddr_storage sa;
    socklen_t len = ix_sockaddr_of(to, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int err = fd < 0 || connect(fd, (const struct sockaddr *) &sa, len) != 0 ? errno : 0;

    if (fd >= 0)
        (void) close(fd);
    return err;
}

static void address_text(const struct ix_addr *a, char *out, size_t cap)
{
    char ip[IX_ADDR_TEXT];

    ix_addr_ip_text(a, ip);
    if (a->scope != 0 && strchr(ip, '%') == NULL)
        (void) snprintf(out, cap, "%s%%%u", ip, a->scope);
    else
        (void) snprintf(out, cap, "%s", ip);
}

static void start_attempt(struct client *c)
{
    static const lws_retry_bo_t no_pings = { 0 }; /* liveness is decided above us */
    char address[IX_ADDR_TEXT + 16];
    struct lws_client_connect_info info = { .context = ix_lws_context(c->lws),
        .vhost = c->vhost,
        .port = c->port,
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .path = c->target,
        .host = c->authority,
        .protocol = c->subprotocol,
        .local_protocol_name = "ix-ws",
        .alpn = "http/1.1",
        .retry_and_idle_policy = &no_pings,
        .opaque_user_data = c,
        .pwsi = &c->wsi };

    address_text(&c->addrs[c->addr_at], address, sizeof address);
    info.address = address;
    if (c->tls)
        info.ssl_connection |= LCCSCF_USE_SSL;
    if (c->tls && c->authority[0] == '[') /* lws cuts "[::1]" at the first colon; on_certificate() compares the name */
        info.ssl_connection |= LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
    c->stage = STAGE_TCP;
    if (lws_client_connect_via_info(&info) == NULL)
        c->wsi = NULL;
    if (c->wsi == NULL)
        c->attempt_failed = true;
}

/* A share of what is left of the time for each address but the last. */
static void limit_attempt(struct client *c)
{
    uint64_t now = ix_loop_now(c->loop).mono_us;
    size_t left = c->addr_count - c->addr_at;

    if (left > 1 && c->connect_until_us > now)
        ix_loop_timer_set(c->kick, now + IX_MAX(ATTEMPT_MIN_US, (c->connect_until_us - now) / left));
}

static void connect_next(struct client *c)
{
    c->state = CONNECTING;
    c->attempt_failed = false;
    int err = route_error(&c->addrs[c->addr_at]);
    if (err == 0) {
        limit_attempt(c);
        start_attempt(c);
        if (c->attempt_failed)
            kick(c);
        return;
    }
    if (c->addr_at + 1 < c->addr_count) {
        c->addr_at++;
        kick(c);
        return;
    }
    char why[160];
    ix_connect_sentence(err, &c->addrs[c->addr_at], why, sizeof why);
    note(c, IRISX_E_NETWORK, "%s", why);
    finish(c);
}

/* The attempt failed, took its share of the time, or has not begun. */
static void step_connect(struct client *c)
{
    if (c->wsi == NULL && !c->attempt_failed) {
        connect_next(c);
        return;
    }
    if (c->stage != STAGE_TCP && !c->attempt_failed)
        return; /* the address answers: it has the rest of the time */
    drop_wsi(c);
    c->attempt_failed = false;
    if (c->addr_at + 1 < c->addr_count) {
        c->addr_at++;
        connect_next(c);
    } else {
        probe(c);
    }
}

/*
 * Asking lws to close makes it send the frame and wait for the peer's. Debian's build asks twice where a callback
 * returns -1 for this, and the second time kills the connection before the frame is out; from here it asks once.
 */
static void send_close(struct client *c)
{
    if (c->send_code == 0 || c->wsi == NULL)
        return;
    lws_close_reason(c->wsi, c->send_code, NULL, 0);
    c->send_code = 0;
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

static void on_kick(void *ctx)
{
    struct client *c = ctx;

    switch (c->state) {
    case CONNECTING:
        step_connect(c);
        return;
    case DONE:
        tell_closed(c);
        return;
    case CLOSING:
        send_close(c);
        return;
    case RESOLVING:
    case PROBING:
    case OPEN:
        return;
    }
}

static void on_deadline(void *ctx)
{
    struct client *c = ctx;
    char addr[IX_ADDR_TEXT] = "";

    if (c->addr_count > 0)
        ix_addr_text(&c->addrs[c->addr_at], addr);
    if (c->state == RESOLVING)
        note(c, IRISX_E_TIMEOUT, "the name %s was not resolved within %u ms", c->host, c->connect_ms);
    else if (c->state == CLOSING)
        note(c, 0, "closed");
    else if (c->stage == STAGE_TCP)
        note(c, IRISX_E_TIMEOUT, "no answer from %s within %u ms", addr, c->connect_ms);
    else
        note(c, IRISX_E_TIMEOUT, "%s did not finish the %s handshake within %u ms", addr,
            c->stage == STAGE_TLS ? "TLS" : "WebSocket", c->connect_ms);
    finish(c);
}

static void on_addrs(void *ctx, int err, const struct ix_addr *addrs, size_t count)
{
    struct client *c = ctx;

    c->resolve = NULL;
    if (c->state != RESOLVING)
        return;
    if (err != 0) {
        note(c, err, "the host name %s cannot be resolved: is it spelt right, is there a network?", c->host);
        finish(c);
        return;
    }
    c->addr_count = IX_MIN(count, (size_t) MAX_ADDRS);
    memcpy(c->addrs, addrs, c->addr_count * sizeof *addrs);
    connect_next(c);
}

/* ---- messages ---------------------------------------------------------------------------- */

static int enqueue(struct client *c, const void *p, size_t n, enum lws_write_protocol kind)
{
    struct out *o;

    if (c->state != OPEN)
        return IRISX_E_CLOSED;
    if (c->queued + n > IX_WS_QUEUE_MAX)
        return IRISX_E_LIMIT;
    o = ix_alloc(sizeof *o + n);
    if (o == NULL)
        return IRISX_E_NO_MEMORY;
    o->n = n;
    o->kind = kind;
    if (n > 0)
        memcpy(o->data, p, n);
    if (c->last != NULL)
        c->last->next = o;
    else
        c->first = o;
    c->last = o;
    c->queued += n;
    (void) lws_callback_on_writable(c->wsi);
    return 0;
}

static int client_send(struct ix_ws *ws, const void *p, size_t n, bool text)
{
    return enqueue(client_of(ws), p, n, text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
}

static int client_ping(struct ix_ws *ws)
{
    return enqueue(client_of(ws), "ping", PING_BYTES, LWS_WRITE_PING);
}

static void client_close(struct ix_ws *ws, uint16_t code)
{
    struct client *c = client_of(ws);

    if (c->state == CLOSING || c->state == DONE)
        return;
    note(c, 0, "closed");
    if (c->state != OPEN) {
        finish(c);
        return;
    }
    c->state = CLOSING;
    c->send_code = code != 0 ? code : LWS_CLOSE_STATUS_NORMAL;
    (void) lws_callback_on_writable(c->wsi);
    ix_loop_timer_set(c->deadline, ix_loop_now(c->loop).mono_us + CLOSE_WAIT_US);
}

static const struct ix_ws_ops client_ops = { .send = client_send, .ping = client_ping, .close = client_close };

/* One message a call: lws keeps what the socket does not take and calls again. */
static int on_writable(struct client *c)
{
    struct out *o = c->first;

    if (o == NULL) {
        if (c->state == CLOSING && c->send_code != 0)
            kick(c);
        return 0;
    }
    int n = lws_write(c->wsi, o->data, o->n, o->kind);
    c->first = o->next;
    if (c->first == NULL)
        c->last = NULL;
    c->queued -= o->n;
    ix_free(o);
    if (n < 0)
        return -1;
    if (c->first != NULL || c->state == CLOSING)
        (void) lws_callback_on_writable(c->wsi);
    return 0;
}

static int refuse(struct client *c, uint16_t code, int err, const char *why)
{
    note(c, err, "%s", why);
    c->state = CLOSING;
    drop_queue(c);
    lws_close_reason(c->wsi, code, NULL, 0);
    ix_loop_timer_set(c->deadline, ix_loop_now(c->loop).mono_us + CLOSE_WAIT_US);
    return -1;
}

static int on_receive(struct client *c, const void *in, size_t len)
{
    struct ix_ws_event ev = { .kind = IX_WS_MESSAGE };

    if (c->state != OPEN)
        return 0; /* we are closing: nothing more is read */
    ix_buf_put(&c->in, in, len);
    if (c->in.err == IRISX_E_TOO_LARGE)
        return refuse(c, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, IRISX_E_PROTOCOL, "the server sent a message over 64 KiB");
    if (c->in.err != 0)
        return refuse(c, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, c->in.err, "out of memory");
    if (lws_remaining_packet_payload(c->wsi) != 0 || !lws_is_final_fragment(c->wsi))
        return 0;
    ev.data = c->in.p;
    ev.len = c->in.n;
    c->base.fn(c->base.ctx, &c->base, &ev);
    ix_buf_reset(&c->in);
    return 0;
}

/* ---- lws's callbacks --------------------------------------------------------------------- */

static void on_established(struct client *c)
{
    struct ix_ws_event ev = { .kind = IX_WS_OPEN };
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    int fd = lws_get_socket_fd(c->wsi);

    if (getsockname(fd, (struct sockaddr *) &sa, &len) == 0)
        (void) ix_sockaddr_read((const struct sockaddr *) &sa, &ev.local);
    ev.remote = c->addrs[c->addr_at];
    c->state = OPEN;
    ix_loop_timer_set(c->deadline, IX_NEVER);
    ix_loop_timer_set(c->kick, IX_NEVER);
    c->base.fn(c->base.ctx, &c->base, &ev);
}

static void on_failed(struct client *c, const char *in, size_t len)
{
    unsigned status = c->stage == STAGE_UPGRADE ? lws_http_client_http_response(c->wsi) : 0;
    struct ix_str said = ix_str_trim(ix_str_n(in, in != NULL ? len : 0));
    char addr[IX_ADDR_TEXT];

    forget_wsi(c);
    if (c->state != CONNECTING)
        return;
    if (c->stage == STAGE_TCP) {
        c->attempt_failed = true;
        kick(c);
        return;
    }
    ix_addr_text(&c->addrs[c->addr_at], addr);
    if (status != 0 && status != 101)
        note(
            c, IRISX_E_PROTOCOL, "%s answered HTTP %u instead of opening a WebSocket: is the URL right?", addr, status);
    else if (c->stage == STAGE_TLS && ix_str_starts(said, IX_STR("connect SSL")))
        note(c, IRISX_E_TLS, "the TLS handshake with %s failed: does it speak TLS on this port?", addr);
    else if (ix_str_starts(said, IX_STR("HS:")) || ix_str_starts(said, IX_STR("ws ")))
        note(c, IRISX_E_PROTOCOL, "%s does not answer as a WebSocket server (%.*s)", addr, IX_FMT_STR(said));
    else
        note(c, IRISX_E_NETWORK, "%s closed the connection before the WebSocket was open", addr);
    finish(c);
}

/* lws does not say why it gave up: a peer that is still there sent what is not a WebSocket frame. */
static void on_gone(struct client *c)
{
    uint8_t byte;
    int fd = lws_get_socket_fd(c->wsi);
    ssize_t n = fd >= 0 ? recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) : 0;

    forget_wsi(c);
    if (c->state == DONE)
        return;
    if (c->peer_code != 0)
        note(c, IRISX_E_NETWORK, "the server closed the connection (%u)", c->peer_code);
    else if (n > 0 || (n < 0 && errno == EAGAIN))
        note(c, IRISX_E_PROTOCOL, "the server sent what is not a valid WebSocket frame");
    else
        note(c, IRISX_E_NETWORK, "the connection to %s was lost", c->host);
    finish(c);
}

static int on_certificate(struct client *c, void *x509_ctx, bool verified)
{
    char why[sizeof c->detail];

    if (!verified)
        ix_tls_explain(x509_ctx, c->host, why, sizeof why);
    else if (ix_tls_host_matches(x509_ctx, c->host, why, sizeof why))
        return 0;
    note(c, IRISX_E_TLS, "%s", why);
    return 1;
}

static int append_headers(struct client *c, unsigned char **p, size_t room)
{
    int n;

    if (c->user_agent == NULL)
        return 0;
    n = snprintf((char *) *p, room, "User-Agent: %s\r\n", c->user_agent);
    if (n < 0 || (size_t) n >= room)
        return -1;
    *p += n;
    return 0;
}

static void on_pong(struct client *c)
{
    struct ix_ws_event ev = { .kind = IX_WS_PONG };

    if (c->state == OPEN)
        c->base.fn(c->base.ctx, &c->base, &ev);
}

static void on_peer_close(struct client *c, const uint8_t *p, size_t n)
{
    c->peer_code = (uint16_t) (n >= 2 ? p[0] << 8 | p[1] : 1005); /* RFC 6455 section 7.1.5: no code was there */
    c->send_code = 0; /* lws answers it */
    c->state = CLOSING;
    ix_loop_timer_set(c->deadline, ix_loop_now(c->loop).mono_us + CLOSE_WAIT_US);
}

int ix_ws_client_event(struct lws *wsi, int reason, void *user, void *in, size_t len)
{
    struct client *c = wsi != NULL ? lws_get_opaque_user_data(wsi) : NULL;

    if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION)
        return c != NULL ? on_certificate(c, user, len != 0) : 1;
    if (c == NULL)
        return 0;
    c->wsi = wsi;
    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE: /* TCP is there */
        c->stage = c->tls ? STAGE_TLS : STAGE_UPGRADE;
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        c->stage = STAGE_UPGRADE;
        return append_headers(c, in, len);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        if (c->state != CONNECTING)
            return -1;
        on_established(c);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_receive(c, in, len);
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        on_pong(c);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return c->state == OPEN || c->state == CLOSING ? on_writable(c) : 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_peer_close(c, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_failed(c, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP: /* a reset while the answer was awaited comes as this */
    case LWS_CALLBACK_WSI_DESTROY: /* nothing else was said */
        if (c->state == CONNECTING)
            on_failed(c, NULL, 0);
        else
            on_gone(c);
        return 0;
    default:
        return 0;
    }
}

/* ---- beginning --------------------------------------------------------------------------- */

static bool copy_options(struct client *c, const struct ix_ws_options *o, const struct ix_url *u)
{
    c->tls = u->tls;
    c->port = u->port;
    c->connect_ms = o->connect_timeout_ms != 0 ? o->connect_timeout_ms : CONNECT_MS;
    c->host = ix_str_dup(u->host);
    c->authority = ix_str_dup(u->authority);
    c->target = ix_str_dup(u->target);
    c->subprotocol = ix_dup_cstr(o->subprotocol);
    c->user_agent = ix_dup_cstr(o->user_agent);
    c->ca_file = ix_dup_cstr(o->tls.ca_file);
    return c->host != NULL && c->authority != NULL && c->target != NULL &&
           (o->subprotocol == NULL || c->subprotocol != NULL) && (o->user_agent == NULL || c->user_agent != NULL) &&
           (o->tls.ca_file == NULL || c->ca_file != NULL);
}

static int start(struct client *c)
{
    struct ix_lws *lws = NULL;
    int err = ix_loop_timer_new(c->loop, on_deadline, c, &c->deadline);

    if (err == 0)
        err = ix_loop_timer_new(c->loop, on_kick, c, &c->kick);
    if (err == 0)
        err = ix_lws_of(c->loop, &lws);
    if (err == 0)
        err = ix_lws_enter(lws);
    if (err != 0)
        return err;
    c->lws = lws;
    if (c->tls && c->ca_file != NULL) {
        char why[200];
        if (ix_tls_ca_check(c->ca_file, why, sizeof why) != 0) {
            note(c, IRISX_E_TLS, "%s", why);
            finish(c);
            return 0;
        }
    }
    c->vhost = ix_lws_vhost(c->lws, c->tls, c->ca_file);
    if (c->vhost == NULL)
        return IRISX_E_NO_MEMORY;
    /* the first context of a process takes 50 ms, which are not the peer's fault */
    c->connect_until_us = ix_time_add(ix_clock_now().mono_us, c->connect_ms * IX_MS);
    ix_loop_timer_set(c->deadline, c->connect_until_us);
    return ix_resolve(c->loop, c->host, c->port, on_addrs, c, &c->resolve);
}

int ix_ws_connect(struct ix_loop *loop, const struct ix_ws_options *o, ix_ws_fn fn, void *ctx, struct ix_ws **out)
{
    struct ix_url u;
    struct client *c;
    int err = ix_url_parse(&u, o->url);

    if (err != 0)
        return err;
    c = ix_alloc(sizeof *c);
    if (c == NULL)
        return IRISX_E_NO_MEMORY;
    c->base = (struct ix_ws){ .ops = &client_ops, .fn = fn, .ctx = ctx };
    c->loop = loop;
    ix_buf_init(&c->in, IX_WS_MESSAGE_MAX);
    err = copy_options(c, o, &u) ? start(c) : IRISX_E_NO_MEMORY;
    if (err != 0) {
        free_client(c);
        return err;
    }
    *out = &c->base;
    return 0;
}
