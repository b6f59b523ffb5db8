/* SPDX-License-Identifier: MIT */
/*
 * What libwebsockets tells a WebSocket client. It calls back in the middle of its own work, so nothing is ended in
 * here: what happened is noted, and the client goes on from its timer.
 */
#include <errno.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>

#include "io/internal.h"
#include "io/ws_client.h"

static int refuse(struct ix_ws_client *c, uint16_t code, int err, const char *why)
{
    ix_wsc_note(c, err, "%s", why);
    c->state = WSC_CLOSING;
    ix_wsc_drop_queue(c);
    lws_close_reason(c->wsi, code, NULL, 0);
    ix_loop_timer_set(c->deadline, ix_loop_now(c->loop).mono_us + IX_WSC_CLOSE_WAIT_US);
    return -1;
}

static int on_receive(struct ix_ws_client *c, const void *in, size_t len)
{
    struct ix_ws_event ev = { .kind = IX_WS_MESSAGE };

    if (c->state != WSC_OPEN)
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

static void on_established(struct ix_ws_client *c)
{
    struct ix_ws_event ev = { .kind = IX_WS_OPEN };
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    int fd = lws_get_socket_fd(c->wsi);

    ix_socket_signalling(fd);
    if (getsockname(fd, (struct sockaddr *) &sa, &len) == 0)
        (void) ix_sockaddr_read((const struct sockaddr *) &sa, &ev.local);
    ev.remote = c->addrs[c->addr_at];
    c->state = WSC_OPEN;
    ix_loop_timer_set(c->deadline, IX_NEVER);
    ix_loop_timer_set(c->kick, IX_NEVER);
    c->base.fn(c->base.ctx, &c->base, &ev);
}

static void on_failed(struct ix_ws_client *c, const char *in, size_t len)
{
    unsigned status = c->stage == WSC_UPGRADE ? lws_http_client_http_response(c->wsi) : 0;
    struct ix_str said = ix_str_trim(ix_str_n(in, in != NULL ? len : 0));
    char addr[IX_ADDR_TEXT];

    ix_wsc_forget_wsi(c);
    if (c->state != WSC_CONNECTING)
        return;
    if (c->proxy != NULL && ix_str_starts(said, IX_STR("proxy"))) {
        ix_wsc_note(c, IRISX_E_NETWORK,
            "the proxy %s opens no way to %s:%u: are its user and password right, does it allow this port?",
            c->proxy_host, c->host, c->port);
        ix_wsc_finish(c);
        return;
    }
    if (c->stage == WSC_TCP) {
        c->attempt_failed = true;
        ix_wsc_kick(c);
        return;
    }
    ix_addr_text(&c->addrs[c->addr_at], addr);
    if (status != 0 && status != 101)
        ix_wsc_note(
            c, IRISX_E_PROTOCOL, "%s answered HTTP %u instead of opening a WebSocket: is the URL right?", addr, status);
    else if (c->stage == WSC_TLS && ix_str_starts(said, IX_STR("connect SSL")))
        ix_wsc_note(c, IRISX_E_TLS, "the TLS handshake with %s failed: does it speak TLS on this port?", addr);
    else if (ix_str_starts(said, IX_STR("HS:")) || ix_str_starts(said, IX_STR("ws ")))
        ix_wsc_note(c, IRISX_E_PROTOCOL, "%s does not answer as a WebSocket server (%.*s)", addr, IX_FMT_STR(said));
    else
        ix_wsc_note(c, IRISX_E_NETWORK, "%s closed the connection before the WebSocket was open", addr);
    ix_wsc_finish(c);
}

/* lws does not say why it gave up: a peer that is still there sent what is not a WebSocket frame. */
static void on_gone(struct ix_ws_client *c)
{
    uint8_t byte;
    int fd = lws_get_socket_fd(c->wsi);
    ssize_t n = fd >= 0 ? recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) : 0;

    ix_wsc_forget_wsi(c);
    if (c->state == WSC_DONE)
        return;
    if (c->peer_code != 0)
        ix_wsc_note(c, IRISX_E_NETWORK, "the server closed the connection (%u)", c->peer_code);
    else if (n > 0 || (n < 0 && errno == EAGAIN))
        ix_wsc_note(c, IRISX_E_PROTOCOL, "the server sent what is not a valid WebSocket frame");
    else
        ix_wsc_note(c, IRISX_E_NETWORK, "the connection to %s was lost", c->host);
    ix_wsc_finish(c);
}

static int on_certificate(struct ix_ws_client *c, void *x509_ctx, bool verified)
{
    char why[sizeof c->detail];

    if (!verified)
        ix_tls_explain(x509_ctx, c->host, why, sizeof why);
    else if (ix_tls_host_matches(x509_ctx, c->host, why, sizeof why))
        return 0;
    ix_wsc_note(c, IRISX_E_TLS, "%s", why);
    return 1;
}

static int append_headers(struct ix_ws_client *c, unsigned char **p, size_t room)
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

static void on_pong(struct ix_ws_client *c)
{
    struct ix_ws_event ev = { .kind = IX_WS_PONG };

    if (c->state == WSC_OPEN)
        c->base.fn(c->base.ctx, &c->base, &ev);
}

static void on_peer_close(struct ix_ws_client *c, const uint8_t *p, size_t n)
{
    c->peer_code = (uint16_t) (n >= 2 ? p[0] << 8 | p[1] : 1005); /* RFC 6455 section 7.1.5: no code was there */
    c->send_code = 0; /* lws answers it */
    c->state = WSC_CLOSING;
    ix_loop_timer_set(c->deadline, ix_loop_now(c->loop).mono_us + IX_WSC_CLOSE_WAIT_US);
}

int ix_ws_client_event(struct lws *wsi, int reason, void *user, void *in, size_t len)
{
    struct ix_ws_client *c = wsi != NULL ? lws_get_opaque_user_data(wsi) : NULL;

    if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION)
        return c != NULL ? on_certificate(c, user, len != 0) : 1;
    if (c == NULL)
        return 0;
    c->wsi = wsi;
    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE: /* TCP is there */
        c->stage = c->tls ? WSC_TLS : WSC_UPGRADE;
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        c->stage = WSC_UPGRADE;
        return append_headers(c, in, len);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        if (c->state != WSC_CONNECTING)
            return -1;
        on_established(c);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_receive(c, in, len);
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        on_pong(c);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return c->state == WSC_OPEN || c->state == WSC_CLOSING ? ix_wsc_writable(c) : 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_peer_close(c, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_failed(c, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP: /* a reset while the answer was awaited comes as this */
    case LWS_CALLBACK_WSI_DESTROY: /* nothing else was said */
        if (c->state == WSC_CONNECTING)
            on_failed(c, NULL, 0);
        else
            on_gone(c);
        return 0;
    default:
        return 0;
    }
}
