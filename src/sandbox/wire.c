/* SPDX-License-Identifier: MIT */
/*
 * One SIP WebSocket. The server lives on the service loop, since HTTP shares its port and a slow REST answer must not
 * hold up sound; the engine lives on the call loop. A wire has one half on each and posts between them:
 *
 *   service: OPEN ──▶ call: accepted      service: MESSAGE, PONG ──▶ call      call: send, ping, close ──▶ service
 *   service: CLOSED (ws is gone) ──▶ call: peer_closed, last post ──▶ service: freed
 *
 * Faults of the wire (dropped connections, descriptions that lie) are made here, on what leaves.
 */
#include <string.h>

#include "sandbox/internal.h"

#define WAITING_MAX 256 /* messages: who sends faster than SIP can be read is cut off */

struct wire {
    struct ix_list node; /* in sb->wires; service loop */
    struct sandbox *sb;
    bool secure;
    struct ix_addr local, remote;
    struct ix_ws *ws; /* service loop; NULL: closed */
    struct ix_loop_timer *drop; /* service loop; fault */
    uint32_t transport; /* call loop; 0: not accepted, or gone */
    atomic_uint waiting; /* messages on their way to the call loop */
};

enum parcel_kind { PARCEL_MESSAGE = 1, PARCEL_PONG, PARCEL_PING, PARCEL_CLOSE };
struct parcel {
    struct wire *wire;
    enum parcel_kind kind;
    size_t n;
    uint8_t data[];
};

static struct parcel *wrap(struct wire *w, enum parcel_kind kind, const void *data, size_t n)
{
    struct parcel *p = ix_alloc(sizeof *p + n);

    if (!p)
        return NULL;
    p->wire = w;
    p->kind = kind;
    p->n = n;
    if (n)
        memcpy(p->data, data, n);
    return p;
}

/* Without memory the message is lost; SIP transactions time out as if the network had lost it. */
static void send_parcel(struct ix_loop *loop, void (*fn)(void *), struct wire *w, enum parcel_kind kind)
{
    struct parcel *p = wrap(w, kind, NULL, 0);

    if (!p || ix_loop_post(loop, fn, p))
        ix_free(p);
}

/* ---- call loop to service loop ----------------------------------------------------------- */
static void on_service(void *arg)
{
    struct parcel *p = arg;
    struct ix_ws *ws = p->wire->ws;

    if (ws && p->kind == PARCEL_MESSAGE)
        (void) ix_ws_send(ws, p->data, p->n, true); /* a queue over its limit: the client is dead, pings find it */
    else if (ws && p->kind == PARCEL_PING)
        (void) ix_ws_ping(ws); /* as above */
    else if (ws && p->kind == PARCEL_CLOSE)
        ix_ws_close(ws, 1000);
    if (p->n)
        ix_wipe(p->data, p->n);
    ix_free(p);
}

static void peer_send(void *ctx, const void *data, size_t n)
{
    struct wire *w = ctx;
    struct parcel *p;

    if (sandbox_fault_swallows(&w->sb->options.faults, data, n))
        return;
    p = wrap(w, PARCEL_MESSAGE, data, n);
    if (p)
        sandbox_fault_describe(&w->sb->options.faults, (char *) p->data, p->n);
    if (!p || ix_loop_post(w->sb->service_loop, on_service, p))
        ix_free(p);
}

static void peer_ping(void *ctx)
{
    struct wire *w = ctx;

    send_parcel(w->sb->service_loop, on_service, w, PARCEL_PING);
}

static void peer_close(void *ctx)
{
    struct wire *w = ctx;

    w->transport = 0;
    send_parcel(w->sb->service_loop, on_service, w, PARCEL_CLOSE);
}

/* ---- service loop to call loop ----------------------------------------------------------- */
static void on_call(void *arg)
{
    struct parcel *p = arg;
    struct wire *w = p->wire;

    if (w->transport && p->kind == PARCEL_MESSAGE)
        ix_engine_peer_message(sandbox_engine(w->sb), w->transport, p->data, p->n);
    else if (w->transport && p->kind == PARCEL_PONG)
        ix_engine_peer_pong(sandbox_engine(w->sb), w->transport);
    if (p->kind == PARCEL_MESSAGE)
        atomic_fetch_sub(&w->waiting, 1);
    if (p->n)
        ix_wipe(p->data, p->n);
    ix_free(p);
}

static void on_call_opened(void *arg)
{
    struct wire *w = arg;
    struct ix_engine_peer peer = { .send = peer_send, .close = peer_close, .ping = peer_ping, .ctx = w };

    if (ix_engine_accept(sandbox_engine(w->sb), &peer, w->secure, &w->local, &w->remote, &w->transport)) {
        w->transport = 0;
        send_parcel(w->sb->service_loop, on_service, w, PARCEL_CLOSE);
    }
}

static void free_wire(struct wire *w)
{
    ix_list_remove(&w->node);
    ix_loop_timer_free(w->drop);
    ix_free(w);
}

static void on_service_gone(void *arg)
{
    free_wire(arg);
}

static void on_call_closed(void *arg)
{
    struct wire *w = arg;

    if (w->transport)
        ix_engine_peer_closed(sandbox_engine(w->sb), w->transport);
    w->transport = 0;
    (void) ix_loop_post(w->sb->service_loop, on_service_gone, w); /* refused: sandbox_wires_free finds it in the list */
}

void sandbox_wires_free(struct sandbox *sb)
{
    while (!ix_list_empty(&sb->wires))
        free_wire(IX_CONTAINER(sb->wires.next, struct wire, node));
}

/* ---- the server's events ----------------------------------------------------------------- */
static void on_drop(void *ctx)
{
    struct wire *w = ctx;

    if (w->ws)
        ix_ws_close(w->ws, 1001);
}

static int arm_drop(struct wire *w)
{
    uint64_t after = w->sb->options.faults.drop_ws_after_us;
    int err;

    if (!after)
        return 0;
    err = ix_loop_timer_new(w->sb->service_loop, on_drop, w, &w->drop);
    if (!err)
        ix_loop_timer_set(w->drop, ix_time_add(ix_loop_now(w->sb->service_loop).mono_us, after));
    return err;
}

/* The server tells where it listens; where that is everywhere, a client on loopback came to loopback. The phone offers
 * loopback candidates only towards such. */
static void local_of(const struct ix_ws_event *ev, struct ix_addr *out)
{
    static const uint8_t anywhere[16];

    *out = ev->local;
    if (memcmp(out->ip, anywhere, sizeof anywhere) || !ix_addr_is_loopback(&ev->remote))
        return;
    *out = ev->remote;
    out->port = ev->local.port;
}

static void opened(struct sandbox *sb, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    struct wire *w = ix_alloc(sizeof *w);

    ix_ws_set_context(ws, w);
    if (!w) {
        ix_ws_close(ws, 1013);
        return;
    }
    w->sb = sb;
    w->ws = ws;
    w->secure = sb->options.tls_cert != NULL;
    local_of(ev, &w->local);
    w->remote = ev->remote;
    ix_list_append(&sb->wires, &w->node);
    if (arm_drop(w) || ix_loop_post(sb->call_loop, on_call_opened, w))
        ix_ws_close(ws, 1013);
}

static void closed(struct wire *w)
{
    w->ws = NULL;
    ix_loop_timer_free(w->drop);
    w->drop = NULL;
    (void) ix_loop_post(w->sb->call_loop, on_call_closed, w); /* refused: see on_call_closed */
}

static void message(struct wire *w, const struct ix_ws_event *ev)
{
    struct parcel *p;

    if (atomic_load(&w->waiting) >= WAITING_MAX) {
        ix_ws_close(w->ws, 1008);
        return;
    }
    p = wrap(w, PARCEL_MESSAGE, ev->data, ev->len);
    atomic_fetch_add(&w->waiting, 1);
    if (p && !ix_loop_post(w->sb->call_loop, on_call, p))
        return;
    atomic_fetch_sub(&w->waiting, 1);
    ix_free(p);
}

void sandbox_on_ws(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    struct wire *w = ctx; /* from OPEN on; NULL: there was no memory for it */

    if (ev->kind == IX_WS_OPEN)
        opened(ctx, ws, ev);
    else if (w && ev->kind == IX_WS_MESSAGE)
        message(w, ev);
    else if (w && ev->kind == IX_WS_PONG)
        send_parcel(w->sb->call_loop, on_call, w, PARCEL_PONG);
    else if (w && ev->kind == IX_WS_CLOSED)
        closed(w);
}
