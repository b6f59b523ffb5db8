/* SPDX-License-Identifier: MIT */
/* The engine's sockets: UDP for media, WebSockets for signalling, STUN servers' names. */
#include <string.h>

#include "host/engine_private.h"

static struct ix_str key(const uint32_t *id)
{
    return ix_str_n(id, sizeof *id);
}

/* ---- UDP --------------------------------------------------------------------------------- */
/*
 * Each packet is drained before the next goes in: a session holds only few frames that wait to be taken, and after a
 * stall a batch brings more. What one packet leads to may close this very socket; the rest of its batch goes with it.
 */
static void on_udp(void *ctx, struct ix_udp *udp, const struct ix_udp_packet *packets, size_t count)
{
    struct engine_socket *s = ctx;
    struct ix_engine *e = s->e;
    struct ix_now now = ix_loop_now(e->loop);
    uint32_t id = s->id;

    (void) udp;
    for (size_t i = 0; i < count && (i == 0 || ix_map_get(e->sockets, key(&id))); i++) {
        ix_phone_udp_input(e->phone, id, &packets[i].from, packets[i].data, packets[i].len, packets[i].arrival_us, now);
        ix_engine_drain(e);
    }
}

static int open_socket(struct ix_engine *e, const struct ix_addr *addr, struct ix_phone_socket *out)
{
    struct engine_socket *s = ix_alloc(sizeof *s);
    int err;

    if (!s)
        return IRISX_E_NO_MEMORY;
    s->e = e;
    s->id = ++e->next_socket;
    err = ix_udp_open(e->loop, addr, on_udp, s, &s->udp);
    if (!err) {
        err = ix_map_set(e->sockets, key(&s->id), s);
        if (err)
            ix_udp_close(s->udp);
    }
    if (err) {
        ix_free(s);
        return err;
    }
    ix_list_append(&e->all_sockets, &s->node);
    out->socket = s->id;
    ix_udp_local(s->udp, &out->addr);
    return 0;
}

void ix_engine_open_sockets(struct ix_engine *e, uint32_t set)
{
    struct ix_interface list[32];
    struct ix_phone_socket sockets[IX_PHONE_SET_SOCKETS];
    size_t count = 0, n = 0;

    if (ix_interfaces(list, IX_COUNT(list), &count))
        count = 0; /* none: the call fails with a sentence about the network */
    count = ix_interfaces_choose(list, count, e->interfaces, e->o.vpn);
    for (size_t i = 0; i < count && n < IX_PHONE_SET_SOCKETS; i++) {
        if (ix_addr_is_link_local(&list[i].addr) || (e->o.loopback_only && !list[i].loopback))
            continue;
        if (!open_socket(e, &list[i].addr, &sockets[n]))
            n++;
    }
    ix_phone_sockets(e->phone, set, sockets, n, ix_loop_now(e->loop));
    ix_engine_spare_party(e); /* a call is near */
}

static void free_socket(struct engine_socket *s)
{
    (void) ix_map_remove(s->e->sockets, key(&s->id));
    ix_list_remove(&s->node);
    ix_udp_flush(s->udp);
    ix_udp_close(s->udp);
    ix_free(s);
}

void ix_engine_close_socket(struct ix_engine *e, uint32_t id)
{
    struct engine_socket *s = ix_map_get(e->sockets, key(&id));

    if (s)
        free_socket(s);
}

void ix_engine_send(struct ix_engine *e, const struct ix_phone_out *out)
{
    struct engine_socket *s = ix_map_get(e->sockets, key(&out->socket));

    if (s)
        (void) ix_udp_send(s->udp, &out->to, out->data, out->len); /* a datagram may be lost; io counts it */
}

/* ---- WebSockets -------------------------------------------------------------------------- */
static struct engine_wire *wire_new(struct ix_engine *e)
{
    struct engine_wire *w = ix_alloc(sizeof *w);

    if (!w)
        return NULL;
    w->e = e;
    ix_list_append(&e->all_wires, &w->node);
    return w;
}

static void wire_let_go(struct engine_wire *w)
{
    if (w->transport)
        (void) ix_map_remove(w->e->wires, key(&w->transport));
    w->transport = 0;
}

static void wire_free(struct engine_wire *w)
{
    wire_let_go(w);
    ix_list_remove(&w->node);
    ix_free(w);
}

/* Each message is drained before the next goes in: of a 180 and its 200, or a 200 and a BYE, that came in one piece the
 * second one is about the dialog that the first one makes. */
static void message(struct ix_engine *e, uint32_t transport, const void *data, size_t n)
{
    ix_phone_ws_message(e->phone, transport, data, n, ix_loop_now(e->loop));
    ix_engine_drain(e);
}

static void on_ws(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    struct engine_wire *w = ctx;
    struct ix_engine *e = w->e;
    struct ix_now now = ix_loop_now(e->loop);
    uint32_t transport = w->transport;

    (void) ws;
    switch (ev->kind) {
    case IX_WS_OPEN:
        if (transport)
            ix_phone_ws_opened(e->phone, transport, &ev->local, &ev->remote, now);
        break;
    case IX_WS_MESSAGE:
        if (transport)
            message(e, transport, ev->data, ev->len);
        break;
    case IX_WS_PONG:
        if (transport)
            ix_phone_ws_pong(e->phone, transport, now);
        break;
    case IX_WS_CLOSED:
        wire_free(w);
        if (transport) /* what a peer closes in peace is a loss all the same */
            ix_phone_ws_closed(
                e->phone, transport, ev->err ? ev->err : IRISX_E_NETWORK, ev->err == IRISX_E_TLS, ev->detail, now);
        break;
    }
}

static void ws_open(struct ix_engine *e, const struct ix_phone_out *out)
{
    struct ix_ws_options o = { .url = out->url,
        .subprotocol = "sip",
        .user_agent = e->agent,
        .proxy = e->ws_proxy,
        .tls.ca_file = out->ca_file ? out->ca_file : e->ca_file };
    struct engine_wire *w = wire_new(e);
    int err = w ? 0 : IRISX_E_NO_MEMORY;

    if (w) {
        w->transport = out->transport;
        err = ix_map_set(e->wires, key(&w->transport), w);
    }
    if (!err)
        err = ix_ws_connect(e->loop, &o, on_ws, w, &w->ws);
    if (!err)
        return;
    if (w)
        wire_free(w);
    ix_phone_ws_closed(e->phone, out->transport, err, err == IRISX_E_INVALID, ix_error_text(err), ix_loop_now(e->loop));
}

static void ws_close(struct engine_wire *w)
{
    uint32_t transport = w->transport;
    struct ix_engine *e = w->e;

    wire_let_go(w);
    if (w->ws) {
        ix_ws_close(w->ws, 1000); /* on_ws frees it when the close is through */
    } else {
        w->peer.close(w->peer.ctx);
        wire_free(w);
    }
    ix_phone_ws_closed(e->phone, transport, 0, false, NULL, ix_loop_now(e->loop));
}

/* SIP over a WebSocket never repeats a message (RFC 7118): one that could not be queued must not go missing unnoticed.
 */
static void ws_send(struct engine_wire *w, const struct ix_phone_out *out)
{
    int err = ix_ws_send(w->ws, out->data, out->len, true);

    if (!err || err == IRISX_E_CLOSED) /* its end is on its way */
        return;
    wire_let_go(w);
    ix_ws_close(w->ws, 1011); /* RFC 6455 section 7.4.1: cannot go on; on_ws frees it */
    ix_phone_ws_closed(w->e->phone, out->transport, err, false, ix_error_text(err), ix_loop_now(w->e->loop));
}

void ix_engine_ws_output(struct ix_engine *e, const struct ix_phone_out *out)
{
    struct engine_wire *w = ix_map_get(e->wires, key(&out->transport));

    if (out->kind == IX_OUT_WS_OPEN) {
        ws_open(e, out);
        return;
    }
    if (!w)
        return;
    if (out->kind == IX_OUT_WS_CLOSE)
        ws_close(w);
    else if (out->kind == IX_OUT_WS_PING && w->ws)
        (void) ix_ws_ping(w->ws); /* no answer then: the phone notices */
    else if (out->kind == IX_OUT_WS_PING)
        w->peer.ping(w->peer.ctx);
    else if (w->ws)
        ws_send(w, out);
    else
        w->peer.send(w->peer.ctx, out->data, out->len);
}

/* ---- connections accepted elsewhere ------------------------------------------------------ */
int ix_engine_accept(struct ix_engine *e, const struct ix_engine_peer *peer, bool secure, const struct ix_addr *local,
    const struct ix_addr *remote, uint32_t *transport_out)
{
    struct engine_wire *w = wire_new(e);

    if (!w)
        return IRISX_E_NO_MEMORY;
    w->peer = *peer;
    w->transport = ix_phone_accept(e->phone, secure, local, remote);
    if (!w->transport || ix_map_set(e->wires, key(&w->transport), w)) {
        uint32_t transport = w->transport;

        w->transport = 0;
        wire_free(w);
        ix_phone_ws_closed(e->phone, transport, IRISX_E_LIMIT, false, NULL, ix_loop_now(e->loop));
        return IRISX_E_LIMIT;
    }
    *transport_out = w->transport;
    return 0;
}

void ix_engine_peer_message(struct ix_engine *e, uint32_t transport, const void *data, size_t n)
{
    message(e, transport, data, n);
}

void ix_engine_peer_pong(struct ix_engine *e, uint32_t transport)
{
    ix_phone_ws_pong(e->phone, transport, ix_loop_now(e->loop));
}

void ix_engine_peer_closed(struct ix_engine *e, uint32_t transport)
{
    struct engine_wire *w = ix_map_get(e->wires, key(&transport));

    if (w)
        wire_free(w);
    ix_phone_ws_closed(e->phone, transport, IRISX_E_NETWORK, false, NULL, ix_loop_now(e->loop));
}

/* ---- STUN servers ------------------------------------------------------------------------ */
static void on_stun(void *ctx, int err, const struct ix_addr *addrs, size_t count)
{
    struct engine_stun *s = ctx;
    struct ix_engine *e = s->e;
    bool v4 = false, v6 = false;

    for (size_t i = 0; !err && i < count && e->stun_count < IX_COUNT(e->stun); i++) {
        bool *seen = addrs[i].family == IX_IPV6 ? &v6 : &v4; /* one of each family is enough */

        if (!*seen)
            e->stun[e->stun_count++] = addrs[i];
        *seen = true;
    }
    if (err)
        ix_log(e->o.log, IX_LOG_WARN, "host", "a STUN server's name cannot be resolved: calls go on without it");
    ix_phone_set_stun(e->phone, e->stun, e->stun_count);
    ix_list_remove(&s->node);
    ix_free(s);
}

int ix_engine_set_stun(struct ix_engine *e, const char *host, uint16_t port)
{
    struct engine_stun *s = ix_alloc(sizeof *s);
    int err;

    if (!s)
        return IRISX_E_NO_MEMORY;
    s->e = e;
    ix_list_append(&e->all_stuns, &s->node);
    err = ix_resolve(e->loop, host, port, on_stun, s, &s->resolve);
    if (err) {
        ix_list_remove(&s->node);
        ix_free(s);
    }
    return err;
}

void ix_engine_net_free(struct ix_engine *e)
{
    struct ix_list *node;

    while ((node = ix_list_pop(&e->all_stuns)) != NULL) {
        struct engine_stun *s = IX_CONTAINER(node, struct engine_stun, node);

        ix_resolve_cancel(s->resolve);
        ix_free(s);
    }
    while (!ix_list_empty(&e->all_sockets))
        free_socket(IX_CONTAINER(e->all_sockets.next, struct engine_socket, node));
    IX_LIST_EACH_SAFE (it, &e->all_wires) {
        struct engine_wire *w = IX_CONTAINER(it, struct engine_wire, node);

        ix_ws_drop(w->ws); /* no turn of the loop comes any more that could end it */
        wire_free(w);
    }
}
