/* SPDX-License-Identifier: MIT */
/* The engine's TURN servers: their names, and the byte streams to them (TCP, TLS). */
#include <string.h>

#include "host/engine_private.h"

struct engine_turn { /* a server whose name is being looked up */
    struct ix_list node;
    struct ix_engine *e;
    struct ix_resolve *resolve;
    struct ix_turn_server server;
    uint32_t generation; /* of the list it belongs to */
};

/* ---- streams ----------------------------------------------------------------------------- */
static struct engine_stream *stream_of(struct ix_engine *e, uint32_t id)
{
    IX_LIST_EACH (node, &e->all_streams) {
        struct engine_stream *s = IX_CONTAINER(node, struct engine_stream, node);

        if (s->id == id)
            return s;
    }
    return NULL;
}

static void stream_free(struct engine_stream *s)
{
    ix_list_remove(&s->node);
    ix_free(s);
}

static void on_tcp(void *ctx, struct ix_tcp *tcp, const struct ix_tcp_event *ev)
{
    struct engine_stream *s = ctx;
    struct ix_engine *e = s->e;
    struct ix_now now = ix_loop_now(e->loop);
    uint32_t id = s->id;

    (void) tcp;
    switch (ev->kind) {
    case IX_TCP_OPEN:
        ix_phone_stream_opened(e->phone, id, now);
        break;
    case IX_TCP_DATA:
        ix_phone_stream_input(e->phone, id, ev->data, ev->len, now.mono_us, now);
        break;
    case IX_TCP_CLOSED:
        ix_log(e->o.log, IX_LOG_INFO, "host", "TURN connection: %s", ev->detail);
        stream_free(s);
        ix_phone_stream_closed(e->phone, id, ev->err, now);
        break;
    }
}

static void stream_open(struct ix_engine *e, const struct ix_phone_out *out)
{
    struct ix_tcp_options o = { .to = out->to, .tls = out->tls, .host = out->host, .ca_file = e->ca_file };
    struct engine_stream *s = ix_alloc(sizeof *s);
    int err = s ? 0 : IRISX_E_NO_MEMORY;

    if (s) {
        s->e = e;
        s->id = out->socket;
        ix_list_append(&e->all_streams, &s->node);
        err = ix_tcp_connect(e->loop, &o, on_tcp, s, &s->tcp);
        if (err)
            stream_free(s);
    }
    if (err)
        ix_phone_stream_closed(e->phone, out->socket, err, ix_loop_now(e->loop));
}

void ix_engine_stream_output(struct ix_engine *e, const struct ix_phone_out *out)
{
    struct engine_stream *s;

    if (out->kind == IX_OUT_STREAM_OPEN) {
        stream_open(e, out);
        return;
    }
    s = stream_of(e, out->socket);
    if (!s)
        return;
    if (out->kind == IX_OUT_STREAM_SEND) {
        (void) ix_tcp_send(s->tcp, out->data, out->len); /* over its queue: lost, as a datagram may be */
        return;
    }
    ix_tcp_close(s->tcp);
    stream_free(s);
}

/* ---- names ------------------------------------------------------------------------------- */
static void turn_free(struct engine_turn *t)
{
    ix_list_remove(&t->node);
    ix_wipe(t, sizeof *t);
    ix_free(t);
}

static void on_turn(void *ctx, int err, const struct ix_addr *addrs, size_t count)
{
    struct engine_turn *t = ctx;
    struct ix_engine *e = t->e;
    size_t best = 0;

    for (size_t i = count; i > 0; i--) /* IPv4 if there is one: FreeSWITCH takes nothing else */
        best = addrs[i - 1].family == IX_IPV4 ? i - 1 : best;
    if (err || !count) {
        ix_log(e->o.log, IX_LOG_WARN, "host", "the TURN server %s cannot be resolved: calls go on without it",
            t->server.host);
    } else if (t->generation == e->turn_generation && e->turn_count < IX_GATHER_MAX_TURN) {
        t->server.addr = addrs[best];
        e->turn[e->turn_count++] = t->server;
        ix_phone_set_turn(e->phone, e->turn, e->turn_count);
    }
    turn_free(t);
}

static int look_up(struct ix_engine *e, const struct ix_turn_server *server)
{
    struct engine_turn *t = ix_alloc(sizeof *t);
    int err;

    if (!t)
        return IRISX_E_NO_MEMORY;
    t->e = e;
    t->server = *server;
    t->generation = e->turn_generation;
    ix_list_append(&e->all_turns, &t->node);
    err = ix_resolve(e->loop, t->server.host, server->addr.port, on_turn, t, &t->resolve);
    if (err)
        turn_free(t);
    return err;
}

void ix_engine_set_turn(struct ix_engine *e, const struct ix_turn_server *servers, size_t count)
{
    e->turn_generation++;
    e->turn_count = 0;
    ix_wipe(e->turn, sizeof e->turn);
    if (!count)
        ix_phone_set_turn(e->phone, NULL, 0);
    for (size_t i = 0; i < count; i++)
        (void) look_up(e, &servers[i]); /* calls go on without it */
}

void ix_engine_turn_free(struct ix_engine *e)
{
    while (!ix_list_empty(&e->all_turns)) {
        struct engine_turn *t = IX_CONTAINER(e->all_turns.next, struct engine_turn, node);

        ix_resolve_cancel(t->resolve);
        turn_free(t);
    }
    while (!ix_list_empty(&e->all_streams)) {
        struct engine_stream *s = IX_CONTAINER(e->all_streams.next, struct engine_stream, node);

        ix_tcp_close(s->tcp);
        stream_free(s);
    }
    ix_wipe(e->turn, sizeof e->turn);
}
