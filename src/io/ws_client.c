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

#include "io/internal.h"
#include "io/ws_client.h"

_Static_assert(IX_LWS_PRE >= LWS_PRE, "lws wants more room in front of a message");

#define CONNECT_MS 10000
#define ATTEMPT_MIN_US (1 * IX_S) /* an address gets at least this before the next one is tried */
#define PING_BYTES 4

static struct ix_ws_client *client_of(struct ix_ws *ws)
{
    return IX_CONTAINER(ws, struct ix_ws_client, base);
}

void ix_wsc_kick(struct ix_ws_client *c)
{
    ix_loop_timer_set(c->kick, ix_loop_now(c->loop).mono_us);
}

/* The first reason is the true one; what follows from it is not told. */
void ix_wsc_note(struct ix_ws_client *c, int err, const char *fmt, ...)
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

void ix_wsc_finish(struct ix_ws_client *c)
{
    c->state = WSC_DONE;
    ix_wsc_kick(c);
}

/* ---- freeing ----------------------------------------------------------------------------- */

void ix_wsc_drop_queue(struct ix_ws_client *c)
{
    while (c->first != NULL) {
        struct ix_wsc_out *o = c->first;
        c->first = o->next;
        ix_free(o);
    }
    c->last = NULL;
    c->queued = 0;
}

/* lws is done with it, or shall be: its last callbacks find nobody. */
void ix_wsc_forget_wsi(struct ix_ws_client *c)
{
    lws_set_opaque_user_data(c->wsi, NULL);
    c->wsi = NULL;
}

static void drop_wsi(struct ix_ws_client *c)
{
    struct lws *wsi = c->wsi;

    if (wsi == NULL)
        return;
    ix_wsc_forget_wsi(c);
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

static void free_client(struct ix_ws_client *c)
{
    ix_resolve_cancel(c->resolve);
    ix_probe_cancel(c->probe);
    drop_wsi(c);
    ix_wsc_drop_queue(c);
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
    if (c->proxy != NULL)
        ix_wipe(c->proxy, strlen(c->proxy));
    ix_free(c->proxy);
    ix_free(c->proxy_host);
    ix_free(c);
}

static void tell_closed(struct ix_ws_client *c)
{
    struct ix_ws_event ev = { .kind = IX_WS_CLOSED, .close_code = c->peer_code };

    drop_wsi(c);
    ix_wsc_note(c, IRISX_E_NETWORK, "the connection to %s was lost", c->host);
    ev.err = c->err;
    ev.detail = c->detail;
    ix_log(ix_loop_log(c->loop), IX_LOG_DEBUG, IX_AREA, "ws %s:%u closed: %s", c->host, c->port, c->detail);
    c->base.fn(c->base.ctx, &c->base, &ev);
    free_client(c);
}

/* ---- connecting -------------------------------------------------------------------------- */

static void connect_next(struct ix_ws_client *c);

static void on_probed(void *ctx, int error)
{
    struct ix_ws_client *c = ctx;
    char why[160];

    c->probe = NULL;
    if (error == 0 && !c->retried) { /* it came up in between */
        c->retried = true;
        c->state = WSC_CONNECTING;
        ix_wsc_kick(c);
        return;
    }
    ix_connect_sentence(error == 0 ? ECONNRESET : error, &c->addrs[c->addr_at], why, sizeof why);
    ix_wsc_note(c, IRISX_E_NETWORK, "%s", why);
    ix_wsc_finish(c);
}

static void probe(struct ix_ws_client *c)
{
    c->state = WSC_PROBING;
    int err = ix_probe_start(c->loop, &c->addrs[c->addr_at], on_probed, c, &c->probe);
    if (err == 0)
        return;
    ix_wsc_note(
        c, err == IRISX_E_NO_MEMORY ? err : IRISX_E_NETWORK, "no connection to %s: %s", c->host, ix_error_text(err));
    ix_wsc_finish(c);
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

/* By number, so that lws looks up no name; it keeps this for the connection at hand alone. */
static int set_proxy(struct ix_ws_client *c)
{
    char address[IX_ADDR_TEXT + 16], text[512];
    bool six = c->addrs[c->addr_at].family == IX_IPV6;

    address_text(&c->addrs[c->addr_at], address, sizeof address);
    int n = snprintf(
        text, sizeof text, six ? "%.*s[%s]:%u" : "%.*s%s:%u", (int) c->proxy_auth, c->proxy, address, c->proxy_port);
    int err = n > 0 && (size_t) n < sizeof text && lws_set_proxy(c->vhost, text) == 0 ? 0 : IRISX_E_INVALID;
    ix_wipe(text, sizeof text);
    return err;
}

static void start_attempt(struct ix_ws_client *c)
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
    info.address = c->proxy != NULL ? c->host : address;
    if (c->proxy != NULL && set_proxy(c) != 0) {
        ix_wsc_note(c, IRISX_E_INVALID, "user and password of the proxy are too long");
        ix_wsc_finish(c);
        return;
    }
    if (c->tls)
        info.ssl_connection |= LCCSCF_USE_SSL;
    if (c->tls && c->authority[0] == '[') /* lws cuts "[::1]" at the first colon; on_certificate() compares the name */
        info.ssl_connection |= LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
    c->stage = WSC_TCP;
    if (lws_client_connect_via_info(&info) == NULL)
        c->wsi = NULL;
    if (c->wsi == NULL)
        c->attempt_failed = true;
}

/* A share of what is left of the time for each address but the last. */
static void limit_attempt(struct ix_ws_client *c)
{
    uint64_t now = ix_loop_now(c->loop).mono_us;
    size_t left = c->addr_count - c->addr_at;

    if (left > 1 && c->connect_until_us > now)
        ix_loop_timer_set(c->kick, now + IX_MAX(ATTEMPT_MIN_US, (c->connect_until_us - now) / left));
}

static void connect_next(struct ix_ws_client *c)
{
    c->state = WSC_CONNECTING;
    c->attempt_failed = false;
    int err = ix_route_error(&c->addrs[c->addr_at]);
    if (err == 0) {
        limit_attempt(c);
        start_attempt(c);
        if (c->attempt_failed)
            ix_wsc_kick(c);
        return;
    }
    if (c->addr_at + 1 < c->addr_count) {
        c->addr_at++;
        ix_wsc_kick(c);
        return;
    }
    char why[160];
    ix_connect_sentence(err, &c->addrs[c->addr_at], why, sizeof why);
    ix_wsc_note(c, IRISX_E_NETWORK, "%s", why);
    ix_wsc_finish(c);
}

/* The attempt failed, took its share of the time, or has not begun. */
static void step_connect(struct ix_ws_client *c)
{
    if (c->wsi == NULL && !c->attempt_failed) {
        connect_next(c);
        return;
    }
    if (c->stage != WSC_TCP && !c->attempt_failed)
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
static void send_close(struct ix_ws_client *c)
{
    if (c->send_code == 0 || c->wsi == NULL)
        return;
    lws_close_reason(c->wsi, c->send_code, NULL, 0);
    c->send_code = 0;
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

static void on_kick(void *ctx)
{
    struct ix_ws_client *c = ctx;

    switch (c->state) {
    case WSC_CONNECTING:
        step_connect(c);
        return;
    case WSC_DONE:
        tell_closed(c);
        return;
    case WSC_CLOSING:
        send_close(c);
        return;
    case WSC_RESOLVING:
    case WSC_PROBING:
    case WSC_OPEN:
        return;
    }
}

static void on_deadline(void *ctx)
{
    struct ix_ws_client *c = ctx;
    char addr[IX_ADDR_TEXT] = "";

    if (c->addr_count > 0)
        ix_addr_text(&c->addrs[c->addr_at], addr);
    if (c->state == WSC_RESOLVING)
        ix_wsc_note(c, IRISX_E_TIMEOUT, "the name %s was not resolved within %u ms", c->host, c->connect_ms);
    else if (c->state == WSC_CLOSING)
        ix_wsc_note(c, 0, "closed");
    else if (c->stage == WSC_TCP)
        ix_wsc_note(c, IRISX_E_TIMEOUT, "no answer from %s within %u ms", addr, c->connect_ms);
    else
        ix_wsc_note(c, IRISX_E_TIMEOUT, "%s did not finish the %s handshake within %u ms", addr,
            c->stage == WSC_TLS ? "TLS" : "WebSocket", c->connect_ms);
    ix_wsc_finish(c);
}

static void on_addrs(void *ctx, int err, const struct ix_addr *addrs, size_t count)
{
    struct ix_ws_client *c = ctx;

    c->resolve = NULL;
    if (c->state != WSC_RESOLVING)
        return;
    if (err != 0) {
        ix_wsc_note(c, err, "the host name %s cannot be resolved: is it spelt right, is there a network?",
            c->proxy != NULL ? c->proxy_host : c->host);
        ix_wsc_finish(c);
        return;
    }
    c->addr_count = IX_MIN(count, (size_t) IX_WSC_ADDRS);
    memcpy(c->addrs, addrs, c->addr_count * sizeof *addrs);
    connect_next(c);
}

/* ---- messages ---------------------------------------------------------------------------- */

static int enqueue(struct ix_ws_client *c, const void *p, size_t n, enum lws_write_protocol kind)
{
    struct ix_wsc_out *o;

    if (c->state != WSC_OPEN)
        return IRISX_E_CLOSED;
    if (c->queued + n > IX_WS_QUEUE_MAX)
        return IRISX_E_LIMIT;
    o = ix_alloc(sizeof *o + n);
    if (o == NULL)
        return IRISX_E_NO_MEMORY;
    o->n = n;
    o->kind = (int) kind;
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
    struct ix_ws_client *c = client_of(ws);

    if (c->state == WSC_CLOSING || c->state == WSC_DONE)
        return;
    ix_wsc_note(c, 0, "closed");
    if (c->state != WSC_OPEN) {
        ix_wsc_finish(c);
        return;
    }
    c->state = WSC_CLOSING;
    c->send_code = code != 0 ? code : LWS_CLOSE_STATUS_NORMAL;
    (void) lws_callback_on_writable(c->wsi);
    ix_loop_timer_set(c->deadline, ix_loop_now(c->loop).mono_us + IX_WSC_CLOSE_WAIT_US);
}

static void client_drop(struct ix_ws *ws)
{
    free_client(client_of(ws));
}

static const struct ix_ws_ops client_ops = {
    .send = client_send, .ping = client_ping, .close = client_close, .drop = client_drop
};

/* One message a call: lws keeps what the socket does not take and calls again. */
int ix_wsc_writable(struct ix_ws_client *c)
{
    struct ix_wsc_out *o = c->first;

    if (o == NULL) {
        if (c->state == WSC_CLOSING && c->send_code != 0)
            ix_wsc_kick(c);
        return 0;
    }
    int n = lws_write(c->wsi, o->data, o->n, (enum lws_write_protocol) o->kind);
    c->first = o->next;
    if (c->first == NULL)
        c->last = NULL;
    c->queued -= o->n;
    ix_free(o);
    if (n < 0)
        return -1;
    if (c->first != NULL || c->state == WSC_CLOSING)
        (void) lws_callback_on_writable(c->wsi);
    return 0;
}

/* ---- beginning --------------------------------------------------------------------------- */

static bool copy_options(struct ix_ws_client *c, const struct ix_ws_options *o, const struct ix_url *u)
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

/* "http://[user:password@]host:port" */
static int take_proxy(struct ix_ws_client *c, const char *proxy)
{
    struct ix_str s = ix_str(proxy);
    struct ix_buf b;
    struct ix_url u;
    size_t at = 0;

    if (ix_str_istarts(s, IX_STR("http://")))
        s = ix_str_slice(s, 7, s.n);
    for (size_t i = 0; i < s.n; i++)
        at = s.p[i] == '@' ? i + 1 : at;
    ix_buf_init(&b, 512);
    ix_buf_str(&b, "ws://"); /* an authority is read as that of a WebSocket's URL */
    ix_buf_strv(&b, ix_str_slice(s, at, s.n));
    char *authority = ix_buf_take(&b);
    int err = authority == NULL ? IRISX_E_NO_MEMORY : ix_url_parse(&u, authority);
    if (err == 0) {
        c->proxy = ix_str_dup(s);
        c->proxy_auth = at;
        c->proxy_host = ix_str_dup(u.host);
        c->proxy_port = u.port;
        err = c->proxy != NULL && c->proxy_host != NULL ? 0 : IRISX_E_NO_MEMORY;
    }
    ix_free(authority);
    return err;
}

static int start(struct ix_ws_client *c)
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
            ix_wsc_note(c, IRISX_E_TLS, "%s", why);
            ix_wsc_finish(c);
            return 0;
        }
    }
    c->vhost = ix_lws_vhost(c->lws, c->tls, c->ca_file, c->proxy);
    if (c->vhost == NULL)
        return IRISX_E_NO_MEMORY;
    /* the first context of a process takes 50 ms, which are not the peer's fault */
    c->connect_until_us = ix_time_add(ix_clock_now().mono_us, c->connect_ms * IX_MS);
    ix_loop_timer_set(c->deadline, c->connect_until_us);
    return ix_resolve(c->loop, c->proxy != NULL ? c->proxy_host : c->host, c->proxy != NULL ? c->proxy_port : c->port,
        on_addrs, c, &c->resolve);
}

int ix_ws_connect(struct ix_loop *loop, const struct ix_ws_options *o, ix_ws_fn fn, void *ctx, struct ix_ws **out)
{
    struct ix_url u;
    struct ix_ws_client *c;
    int err = ix_url_parse(&u, o->url);

    if (err != 0)
        return err;
    c = ix_alloc(sizeof *c);
    if (c == NULL)
        return IRISX_E_NO_MEMORY;
    c->base = (struct ix_ws){ .ops = &client_ops, .fn = fn, .ctx = ctx };
    c->loop = loop;
    ix_buf_init(&c->in, IX_WS_MESSAGE_MAX);
    err = copy_options(c, o, &u) ? 0 : IRISX_E_NO_MEMORY;
    if (err == 0 && o->proxy != NULL)
        err = take_proxy(c, o->proxy);
    if (err == 0)
        err = start(c);
    if (err != 0) {
        free_client(c);
        return err;
    }
    *out = &c->base;
    return 0;
}
