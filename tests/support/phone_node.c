/* SPDX-License-Identifier: MIT */
/* A phone in the virtual network; see phone_node.h. */
#include "phone_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dtls_double.h"

/* Made once for the process, from a seed of its own: which world comes first must not show in any of them. */
static struct ix_dtls_identity *shared_identity(void)
{
    static struct ix_dtls_identity *identity;
    struct ix_prng prng;
    struct ix_rng rng = ix_prng_rng(&prng);

    ix_prng_seed(&prng, 1);
    if (!identity)
        (void) ix_dtls_identity_new(&rng, WORLD_WALL, &identity);
    return ix_dtls_identity_ref(identity);
}

static void broken(struct phone_node *n, uint32_t call, const char *rule)
{
    world_note(n->world, "%s: BROKEN for call %u: %s", n->name, call, rule);
    if (!n->fault[0])
        (void) snprintf(n->fault, sizeof n->fault, "%s, call %u: %s", n->name, call, rule);
}

/* ---- what is yet to be reported
 * ------------------------------------------------------------------------------------------- */
static void later(struct phone_node *n, enum phone_pending_kind kind, uint32_t id, uint64_t at_us)
{
    if (n->pending_count == PHONE_NODE_PENDING)
        abort(); /* a wrong test */
    n->pending[n->pending_count++] = (struct phone_pending){ .kind = kind, .at_us = at_us, .id = id };
}

static void never(struct phone_node *n, enum phone_pending_kind kind, uint32_t id)
{
    for (size_t i = 0; i < n->pending_count; i++)
        if (n->pending[i].kind == kind && n->pending[i].id == id)
            n->pending[i--] = n->pending[--n->pending_count];
}

static uint64_t pending_deadline(const struct phone_node *n)
{
    uint64_t at = IX_NEVER;

    for (size_t i = 0; i < n->pending_count; i++)
        at = IX_MIN(at, n->pending[i].at_us);
    return at;
}

/* ---- wires
 * ---------------------------------------------------------------------------------------------------------------- */
static struct phone_wire *wire_of(struct phone_node *n, uint32_t transport)
{
    for (size_t i = 0; i < n->wire_count; i++)
        if (n->wires[i].transport == transport)
            return &n->wires[i];
    return NULL;
}

static struct phone_wire *wire_by_conn(struct phone_node *n, const struct phone_node *peer, uint32_t conn)
{
    for (size_t i = 0; i < n->wire_count; i++)
        if (n->wires[i].peer == peer && n->wires[i].conn == conn)
            return &n->wires[i];
    return NULL;
}

static void wire_add(struct phone_node *n, struct phone_node *peer, uint32_t transport, uint32_t conn)
{
    if (n->wire_count == PHONE_NODE_WIRES)
        abort(); /* a wrong test */
    n->wires[n->wire_count++] = (struct phone_wire){ .transport = transport, .conn = conn, .peer = peer };
}

static void wire_drop(struct phone_node *n, struct phone_wire *w)
{
    *w = n->wires[--n->wire_count];
}

static void first_addr(const struct phone_node *n, struct ix_addr *out)
{
    memset(out, 0, sizeof *out);
    if (n->addr_count)
        *out = n->addrs[0];
    out->port = 8066;
}

/* ---- outputs
 * -------------------------------------------------------------------------------------------------------------- */
static void ws_open(struct phone_node *n, uint32_t transport, const char *url, struct ix_now now)
{
    struct phone_node *to = n->second && strstr(url, "second") ? n->second : n->server;
    bool there = to && !to->down;

    if (wire_of(n, transport))
        broken(n, 0, "a connection is opened twice");
    later(n, there ? PHONE_OPENED : PHONE_REFUSED, transport, now.mono_us + n->ws_delay_us);
    n->pending[n->pending_count - 1].to = to;
}

static void ws_opened(struct phone_node *n, struct phone_node *s, uint32_t transport, struct ix_now now)
{
    uint32_t theirs, conn;
    struct ix_addr local, remote;

    first_addr(n, &local);
    first_addr(s, &remote);
    theirs = s->down ? 0 : ix_phone_accept(s->phone, false, &remote, &local);
    if (!theirs) {
        ix_phone_ws_closed(n->phone, transport, IRISX_E_NETWORK, false, "connection refused", now);
        return;
    }
    conn = ++s->next_conn;
    wire_add(n, s, transport, conn);
    wire_add(s, n, theirs, conn);
    ix_phone_ws_opened(n->phone, transport, &local, &remote, now);
}

/* what was sent before arrives before */
static void ws_close(struct phone_node *n, uint32_t transport, struct ix_now now)
{
    struct phone_wire *w = wire_of(n, transport), *other;

    never(n, PHONE_OPENED, transport);
    never(n, PHONE_REFUSED, transport);
    never(n, PHONE_CLOSED, transport);
    never(n, PHONE_PONG, transport);
    if (w) {
        other = wire_by_conn(w->peer, n, w->conn);
        if (other)
            later(w->peer, PHONE_CLOSED, other->transport, now.mono_us + n->ws_delay_us + 1);
        wire_drop(n, w);
    }
    ix_phone_ws_closed(n->phone, transport, 0, false, NULL, now);
}

static void ws_gone(struct phone_node *n, uint32_t transport)
{
    struct phone_wire *w = wire_of(n, transport);

    if (!w)
        return;
    wire_drop(n, w);
    ix_phone_ws_closed(n->phone, transport, IRISX_E_NETWORK, false, NULL, world_now(n->world));
}

static void ws_ping(struct phone_node *n, uint32_t transport, struct ix_now now)
{
    struct phone_wire *w = wire_of(n, transport);

    if (w && !w->dead && !w->mute)
        later(n, PHONE_PONG, transport, now.mono_us + 2 * n->ws_delay_us);
}

static void report(struct phone_node *n, const struct phone_pending *p, struct ix_now now)
{
    switch (p->kind) {
    case PHONE_OPENED:
        ws_opened(n, p->to, p->id, now);
        break;
    case PHONE_REFUSED:
        ix_phone_ws_closed(n->phone, p->id, IRISX_E_NETWORK, false, "connection refused", now);
        break;
    case PHONE_CLOSED:
        ws_gone(n, p->id);
        break;
    case PHONE_PONG:
        ix_phone_ws_pong(n->phone, p->id, now);
        break;
    case PHONE_WORKED:
        ix_phone_work_done(n->phone, p->id, now);
        break;
    }
}

static void report_due(struct phone_node *n, struct ix_now now)
{
    for (size_t i = 0; i < n->pending_count;) {
        struct phone_pending p = n->pending[i];

        if (p.at_us > now.mono_us) {
            i++;
            continue;
        }
        n->pending_count--;
        memmove(&n->pending[i], &n->pending[i + 1], (n->pending_count - i) * sizeof p);
        report(n, &p, now);
        i = 0; /* reporting may have changed the list */
    }
}

static void udp_open(struct phone_node *n, uint32_t set, struct ix_now now)
{
    struct ix_phone_socket list[PHONE_NODE_ADDRS];

    for (size_t i = 0; i < n->addr_count; i++) {
        list[i].socket = ++n->next_socket;
        list[i].addr = n->addrs[i];
        list[i].addr.port = ++n->next_port;
        world_attach(n->node, n->nets[i], &list[i].addr, &n->links[i]);
        if (n->socket_count < PHONE_NODE_SOCKETS) {
            n->sockets[n->socket_count].id = list[i].socket;
            n->sockets[n->socket_count++].addr = list[i].addr;
        }
    }
    ix_phone_sockets(n->phone, set, list, n->addr_count, now);
}

static bool keyed(const struct phone_node *n, uint32_t call)
{
    struct ix_call_report r;

    return !ix_call_report(n->phone, call, &r) && r.dtls_us;
}

static void udp_send(struct phone_node *n, const struct ix_phone_out *out)
{
    enum ix_packet_kind kind = ix_packet_kind(out->data, out->len);

    if ((kind == IX_PACKET_RTP || kind == IX_PACKET_RTCP) && !keyed(n, out->call))
        broken(n, out->call, "media left before the fingerprint held");
    for (size_t i = 0; i < n->socket_count; i++)
        if (n->sockets[i].id == out->socket) {
            world_send(n->node, &n->sockets[i].addr, &out->to, out->data, out->len);
            return;
        }
    broken(n, out->call, "a datagram for a socket that is closed");
}

static void udp_close(struct phone_node *n, uint32_t socket)
{
    for (size_t i = 0; i < n->socket_count; i++)
        if (n->sockets[i].id == socket) {
            world_detach(n->node, &n->sockets[i].addr);
            n->sockets[i] = n->sockets[--n->socket_count];
            return;
        }
}

static void answer_request(struct phone_node *n, const struct ix_phone_event *ev, struct ix_now now)
{
    struct ix_sip_reply reply = { .status = 403 };

    if (n->serve && ev->msg->method != IX_SIP_REGISTER) {
        n->serve(n->serve_ctx, n, ev, now);
        return;
    }
    enum ix_sip_verdict verdict = ix_sip_auth_server_check(n->auth, ev->msg, false, ix_str(n->password), now);
    struct ix_buf b;

    ix_buf_init(&b, 4096);
    if (verdict == IX_SIP_AUTH_NONE || verdict == IX_SIP_AUTH_STALE) {
        reply.status = 401;
        (void) ix_sip_auth_server_challenge(n->auth, &b, false, verdict == IX_SIP_AUTH_STALE, now);
    } else if (verdict == IX_SIP_AUTH_OK) {
        reply.status = ix_sip_registrar_register(n->registrar, ev->msg->to.uri.text, ev->msg, ev->transport, now, &b);
    }
    reply.headers = ix_str_n(b.p, b.n);
    (void) ix_phone_respond(n->phone, ev->txn, &reply, now);
    ix_buf_clear(&b);
}

struct phone_watch *phone_node_call(struct phone_node *n, uint32_t call)
{
    for (size_t i = 0; i < n->call_count; i++)
        if (n->calls[i].call == call)
            return &n->calls[i];
    return NULL;
}

size_t phone_node_live(const struct phone_node *n)
{
    size_t live = 0;

    for (size_t i = 0; i < n->call_count; i++)
        live += n->calls[i].ended == 0 && (n->calls[i].state || !n->calls[i].stopped);
    return live;
}

static struct phone_watch *watch(struct phone_node *n, uint32_t call)
{
    struct phone_watch *c = phone_node_call(n, call);

    if (c)
        return c;
    if (n->call_count == PHONE_NODE_CALLS)
        abort(); /* a wrong test */
    n->calls[n->call_count].call = call;
    return &n->calls[n->call_count++];
}

static void watch_event(struct phone_node *n, const struct ix_phone_event *ev, struct ix_now now)
{
    struct phone_watch *c;

    if (ev->kind != IX_EV_CALL && ev->kind != IX_EV_INCOMING)
        return;
    c = watch(n, ev->call);
    if (c->ended)
        broken(n, ev->call, "an event after the last one");
    if (ev->state <= c->state && ev->kind == IX_EV_CALL)
        broken(n, ev->call, "its state went backwards");
    if (ev->kind == IX_EV_INCOMING && (c->state || !ev->msg))
        broken(n, ev->call, "an INCOMING that is not the first event or has no message");
    c->incoming = c->incoming || ev->kind == IX_EV_INCOMING;
    c->state = ev->state;
    if (c->state == IX_CALL_RINGING)
        c->rung_us = now.mono_us;
    if (ev->state != IX_CALL_ENDED)
        return;
    c->ended++;
    c->code = ev->error->code;
    c->sip_status = ev->error->sip_status;
    c->q850 = ev->error->q850_cause;
    if (c->started != c->stopped)
        broken(n, ev->call, "it ended before its media did");
}

static void watch_media(struct phone_node *n, const struct ix_call_media *m)
{
    struct phone_watch *c = watch(n, m->call);

    if (c->stopped || c->ended)
        broken(n, m->call, "media after the end");
    if (c->started == (m->kind == IX_CALL_MEDIA_START))
        broken(n, m->call, "media started twice or not at all");
    c->started = true;
    c->stopped = m->kind == IX_CALL_MEDIA_STOP;
}

static void watch_frame(struct phone_node *n, uint32_t call)
{
    uint64_t now = world_now(n->world).mono_us;
    struct phone_watch *c = watch(n, call);

    if (!c->started || c->stopped)
        broken(n, call, "a frame without a party");
    if (!keyed(n, call))
        broken(n, call, "a frame before the fingerprint held");
    c->gap_us = c->heard_us ? IX_MAX(c->gap_us, now - c->heard_us) : 0;
    c->heard_us = now;
    c->frames_in++;
    n->frames_in++;
}

static void on_event(struct phone_node *n, const struct ix_phone_event *ev, struct ix_now now)
{
    struct phone_event *e = &n->events[n->event_count % PHONE_NODE_EVENTS];

    n->event_count++;
    *e = (struct phone_event){ .kind = ev->kind,
        .call = ev->call,
        .line = ev->line,
        .state = ev->state,
        .code = ev->error->code,
        .sip_status = ev->error->sip_status,
        .q850 = ev->error->q850_cause,
        .at_us = now.mono_us };
    world_note(n->world, "%s: event %d state %d call %u code %d sip %u %s", n->name, ev->kind, ev->state, ev->call,
        ev->error->code, ev->error->sip_status, ev->error->message);
    watch_event(n, ev, now);
    if (ev->kind == IX_EV_DONE)
        n->rtt_us = ev->rtt_us;
    if (ev->notice)
        n->dialogs = ev->notice->dialog_count;
    if (ev->kind == IX_EV_REQUEST)
        answer_request(n, ev, now);
    if (ev->kind != IX_EV_INCOMING)
        return;
    n->incoming = ev->call;
    (void) ix_call_ring(n->phone, ev->call, now);
    if (n->auto_answer)
        (void) ix_call_answer(n->phone, ev->call, NULL, now);
}

static void on_media(struct phone_node *n, const struct ix_call_media *m, struct ix_now now)
{
    watch_media(n, m);
    if (m->kind == IX_CALL_MEDIA_START)
        n->media_started++;
    if (m->kind == IX_CALL_MEDIA_STOP) {
        n->media_stopped++;
        if (m->call == n->media_call)
            n->next_frame_us = IX_NEVER;
    }
    if (m->kind != IX_CALL_MEDIA_CODEC)
        return;
    n->media = *m;
    n->media_call = m->call;
    if (!m->send)
        n->next_frame_us = IX_NEVER;
    else if (n->next_frame_us == IX_NEVER)
        n->next_frame_us = now.mono_us;
}

static void ws_send(struct phone_node *n, const struct ix_phone_out *out)
{
    struct phone_wire *w = wire_of(n, out->transport);
    static char text[4 + 2 * IX_SIP_MAX_MESSAGE];
    size_t len = out->len;

    if (!w || w->dead || w->mute || len > IX_SIP_MAX_MESSAGE)
        return;
    memcpy(text, &w->conn, 4);
    memcpy(text + 4, out->data, len);
    if (n->edit && !n->edit(n->edit_ctx, n, text + 4, &len, sizeof text - 4))
        return;
    world_tell(n->node, w->peer->node, text, len + 4, n->ws_delay_us);
}

void phone_node_inject(struct phone_node *n, uint32_t transport, const void *p, size_t len)
{
    if (!transport && n->wire_count)
        transport = n->wires[0].transport;
    ix_phone_ws_message(n->phone, transport, p, len, world_now(n->world));
}

static void stream_send(struct phone_node *n, const struct ix_phone_out *out)
{
    uint8_t message[4 + 2100];

    if (!n->turn || out->len > sizeof message - 4)
        abort(); /* it was never opened */
    memcpy(message, &out->socket, 4);
    memcpy(message + 4, out->data, out->len);
    world_tell(n->node, n->turn, message, out->len + 4, 5 * IX_MS);
}

static void output(struct phone_node *n, const struct ix_phone_out *out, struct ix_now now)
{
    switch (out->kind) {
    case IX_OUT_WS_OPEN:
        ws_open(n, out->transport, out->url, now);
        break;
    case IX_OUT_WS_SEND:
        ws_send(n, out);
        break;
    case IX_OUT_WS_PING:
        ws_ping(n, out->transport, now);
        break;
    case IX_OUT_WS_CLOSE:
        ws_close(n, out->transport, now);
        break;
    case IX_OUT_UDP_OPEN:
        udp_open(n, out->set, now);
        break;
    case IX_OUT_UDP_SEND:
        udp_send(n, out);
        break;
    case IX_OUT_UDP_CLOSE:
        udp_close(n, out->socket);
        break;
    case IX_OUT_STREAM_OPEN:
        if (n->turn)
            ix_phone_stream_opened(n->phone, out->socket, now);
        else
            ix_phone_stream_closed(n->phone, out->socket, IRISX_E_NETWORK, now);
        break;
    case IX_OUT_STREAM_SEND:
        stream_send(n, out);
        break;
    case IX_OUT_STREAM_CLOSE:
        break;
    case IX_OUT_WORK:
        n->dtls->work(out->dtls, n->worker);
        if (n->work_delay_us)
            later(n, PHONE_WORKED, out->call, now.mono_us + n->work_delay_us);
        else
            ix_phone_work_done(n->phone, out->call, now);
        break;
    case IX_OUT_MEDIA:
        on_media(n, &out->media, now);
        break;
    case IX_OUT_FRAME:
        watch_frame(n, out->call);
        break;
    case IX_OUT_EVENT:
        on_event(n, &out->event, now);
        break;
    case IX_OUT_TAP:
        n->taps++;
        break;
    }
}

/* ---- the node's verbs
 * -------------------------------------------------------------------------------------------------------- */
static void node_input(
    void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *p, size_t n, struct ix_now now)
{
    struct phone_node *node = ctx;

    for (size_t i = 0; i < node->socket_count; i++)
        if (ix_addr_eq(&node->sockets[i].addr, to)) {
            ix_phone_udp_input(node->phone, node->sockets[i].id, from, p, n, now.mono_us, now);
            return;
        }
}

static void node_message(void *ctx, struct world_node *from, const void *p, size_t n, struct ix_now now)
{
    struct phone_node *node = ctx;
    uint32_t conn;

    if (node->turn && from == node->turn) {
        memcpy(&conn, p, 4);
        ix_phone_stream_input(node->phone, conn, (const char *) p + 4, n - 4, now.mono_us, now);
        return;
    }
    memcpy(&conn, p, 4);
    for (size_t i = 0; i < node->wire_count; i++)
        if (node->wires[i].peer->node == from && node->wires[i].conn == conn) {
            ix_phone_ws_message(node->phone, node->wires[i].transport, (const char *) p + 4, n - 4, now);
            return;
        }
}

static void send_frame(struct phone_node *n, struct ix_now now)
{
    static struct ix_frame f;

    memset(&f, 0, IX_FRAME_HEAD);
    f.kind = IX_FRAME_AUDIO;
    f.payload_type = 0xff;
    f.codec = (uint8_t) n->media.codec;
    f.timestamp = n->frame_ts;
    f.len = 60;
    memset(f.payload, 0x5a, f.len);
    n->frame_ts += n->media.clock_hz / 50;
    n->next_frame_us += 20 * IX_MS;
    n->frames_out++;
    watch(n, n->media_call)->frames_out++;
    ix_phone_media_frame(n->phone, n->media_call, &f, now);
}

static void node_timeout(void *ctx, struct ix_now now)
{
    struct phone_node *n = ctx;

    if (now.mono_us >= ix_phone_deadline(n->phone))
        ix_phone_timeout(n->phone, now);
    report_due(n, now);
    if (n->next_frame_us <= now.mono_us)
        send_frame(n, now);
}

static uint64_t node_deadline(void *ctx)
{
    struct phone_node *n = ctx;
    uint64_t at = IX_MIN(ix_phone_deadline(n->phone), pending_deadline(n));

    return IX_MIN(at, n->next_frame_us);
}

static void node_drain(void *ctx, struct ix_now now)
{
    struct phone_node *n = ctx;
    struct ix_phone_out out;

    while (ix_phone_poll(n->phone, &out))
        output(n, &out, now);
}

/* ---- life
 * --------------------------------------------------------------------------------------------------------------------------
 */
static const struct world_node_ops node_ops = { node_input, node_message, node_timeout, node_deadline, node_drain };

struct phone_node *phone_node_new(struct world *w, const struct phone_node_options *o)
{
    struct phone_node *n = calloc(1, sizeof *n);
    struct ix_phone_config config = { .rng = world_rng(w),
        .agent = o->name,
        .max_calls = o->max_calls,
        .tap = o->tap,
        .spare_sockets = !o->server,
        .allow_requests = o->server ? IX_SIP_BIT(IX_SIP_REGISTER) | o->allow_requests : 0 };
    struct ix_sip_auth_server_config auth = { .rng = world_rng(w), .realm = "sim.test" };
    struct ix_sip_registrar_config registrar = { 0 };
    int err;

    if (!n)
        return NULL;
    n->name = o->name;
    n->world = w;
    n->dtls = o->dtls ? o->dtls : &dtls_double;
    n->identity = o->identity ? ix_dtls_identity_ref(o->identity) : shared_identity();
    n->next_port = 20000;
    n->next_frame_us = IX_NEVER;
    n->password = "secret";
    n->ws_delay_us = IX_MS;
    config.dtls = n->dtls;
    config.identity = n->identity;
    err = ix_phone_new(&config, &n->phone);
    if (!err && o->server)
        err = ix_sip_auth_server_new(&auth, &n->auth);
    if (!err && o->server)
        err = ix_sip_registrar_new(&registrar, &n->registrar);
    if (!err && n->dtls->work == ix_dtls_mbedtls.work) /* or a table derived from it */
        err = ix_dtls_worker_new(n->identity, &n->worker);
    if (err) {
        phone_node_free(n);
        return NULL;
    }
    n->node = world_node(w, o->name, &node_ops, n);
    return n;
}

void phone_node_free(struct phone_node *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < sizeof n->served / sizeof *n->served; i++)
        if (n->served[i])
            ix_sip_dialog_free(n->served[i], world_now(n->world));
    phone_node_free(n->second);
    ix_phone_free(n->phone);
    ix_dtls_worker_free(n->worker);
    ix_dtls_identity_unref(n->identity);
    ix_sip_auth_server_free(n->auth);
    ix_sip_registrar_free(n->registrar);
    free(n);
}

void phone_node_attach(struct phone_node *n, struct world_net *net, const char *ip, const struct world_link *link)
{
    struct ix_addr a;

    if (ix_addr_parse(&a, ix_str(ip), 0) || n->addr_count == PHONE_NODE_ADDRS)
        abort(); /* a wrong test */
    n->nets[n->addr_count] = net;
    if (link)
        n->links[n->addr_count] = *link;
    n->addrs[n->addr_count++] = a;
}

void phone_node_detach(struct phone_node *n, const char *ip)
{
    struct ix_addr a;
    size_t i = 0;

    if (ix_addr_parse(&a, ix_str(ip), 0))
        abort(); /* a wrong test */
    while (i < n->addr_count && !ix_addr_same_ip(&n->addrs[i], &a))
        i++;
    if (i == n->addr_count)
        abort();
    for (size_t k = 0; k < n->socket_count; k++)
        if (ix_addr_same_ip(&n->sockets[k].addr, &a))
            world_detach(n->node, &n->sockets[k].addr);
    for (n->addr_count--; i < n->addr_count; i++) {
        n->addrs[i] = n->addrs[i + 1];
        n->nets[i] = n->nets[i + 1];
        n->links[i] = n->links[i + 1];
    }
}

uint32_t phone_node_line(struct phone_node *n, struct phone_node *server, const char *user, const char *password)
{
    struct ix_line_config config = {
        .ws_url = "ws://server.sim.test:8066", .user = user, .realm = "sim.test", .password = password
    };
    uint32_t line = 0;

    n->server = server;
    return ix_line_open(n->phone, &config, world_now(n->world), &line) ? 0 : line;
}

const struct phone_event *phone_node_saw(const struct phone_node *n, enum ix_phone_event_kind kind, int state)
{
    size_t kept = IX_MIN(n->event_count, (size_t) PHONE_NODE_EVENTS);

    for (size_t i = 0; i < kept; i++) {
        const struct phone_event *e = &n->events[(n->event_count - 1 - i) % PHONE_NODE_EVENTS];

        if (e->kind == kind && e->state == state)
            return e;
    }
    return NULL;
}

void phone_node_cut(struct phone_node *n)
{
    while (n->wire_count) {
        struct phone_node *peer = n->wires[0].peer;
        struct phone_wire *other = wire_by_conn(peer, n, n->wires[0].conn);

        if (other)
            ws_gone(peer, other->transport);
        ws_gone(n, n->wires[0].transport);
    }
}

void phone_node_deaden(struct phone_node *n)
{
    for (size_t i = 0; i < n->wire_count; i++) {
        struct phone_wire *other = wire_by_conn(n->wires[i].peer, n, n->wires[i].conn);

        n->wires[i].dead = true;
        if (other)
            other->dead = true;
    }
}

void phone_node_mute(struct phone_node *n)
{
    for (size_t i = 0; i < n->wire_count; i++)
        n->wires[i].mute = true;
}

bool phone_node_quiet(const struct phone_node *n)
{
    return ix_phone_idle(n->phone) && !n->socket_count && !n->wire_count && !n->pending_count &&
           ix_phone_deadline(n->phone) == IX_NEVER;
}
