/* SPDX-License-Identifier: MIT */
/*
 * Sets of UDP sockets, one socket an interface address, with what STUN servers see of them (RFC 8445 section 5.1). One
 * spare set is gathered ahead while a line is ready, so that dialling need not wait for a STUN server.
 */
#include "call/private.h"

struct ix_set *ix_set_get(const struct ix_phone *p, uint32_t id)
{
    return ix_id_get(p->set_by_id, id);
}

static struct ix_set *set_new(struct ix_phone *p, uint32_t call)
{
    struct ix_set *s = ix_alloc(sizeof *s);

    if (!s)
        return NULL;
    if (ix_object_init(p, &s->obj, IX_OBJ_SET, &p->sets)) {
        ix_free(s);
        return NULL;
    }
    s->state = IX_SET_OPENING;
    s->want_open = true;
    s->call = call;
    if (ix_id_set(p->set_by_id, s->obj.id, s)) {
        ix_set_free(s);
        return NULL;
    }
    ix_dirty(&s->obj);
    return s;
}

void ix_set_free(struct ix_set *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->socket_count; i++)
        ix_id_remove(s->obj.phone->set_by_socket, s->sockets[i].socket);
    ix_id_remove(s->obj.phone->set_by_id, s->obj.id);
    ix_object_clear(&s->obj);
    ix_gather_free(s->gather);
    ix_free(s);
}

static struct ix_set *find_spare(const struct ix_phone *p)
{
    IX_LIST_EACH (node, &p->sets) {
        struct ix_set *s = IX_CONTAINER(node, struct ix_set, obj.all);

        if (!s->call && !s->abandoned && s->state != IX_SET_CLOSING)
            return s;
    }
    return NULL;
}

void ix_set_spare(struct ix_phone *p)
{
    if (p->config.spare_sockets && !p->shutting_down && !find_spare(p))
        (void) set_new(p, 0); /* without a spare set the next call opens its own */
}

struct ix_set *ix_set_take(struct ix_phone *p, uint32_t call)
{
    struct ix_set *s = find_spare(p);

    if (s)
        s->call = call;
    else
        s = set_new(p, call);
    return s;
}

void ix_set_release(struct ix_set *s)
{
    s->call = 0;
    if (s->state == IX_SET_OPENING) {
        s->abandoned = true;
        if (s->want_open) { /* nobody was asked to open anything yet */
            s->want_open = false;
            s->state = IX_SET_CLOSING;
        }
    } else {
        s->state = IX_SET_CLOSING;
    }
    if (s->gather)
        ix_gather_close(s->gather, s->obj.phone->now);
    ix_set_rearm(s);
    ix_dirty(&s->obj);
}

void ix_set_respare(struct ix_phone *p)
{
    bool any = false;

    IX_LIST_EACH_SAFE (node, &p->sets) {
        struct ix_set *s = IX_CONTAINER(node, struct ix_set, obj.all);

        if (s->call || s->abandoned || s->state == IX_SET_CLOSING)
            continue;
        ix_set_release(s);
        any = true;
    }
    if (any)
        ix_set_spare(p);
}

/* Relays are kept for as long as the set, and given back at its end; what STUN servers see stays asked, so that NATs
 * keep it, until a call's own checks do that (RFC 8445 section 5.1.1.4). */
static bool gathers(const struct ix_set *s)
{
    const struct ix_call *c = s->call ? ix_call_get(s->obj.phone, s->call) : NULL;

    if (s->gather && c && c->described && s->state == IX_SET_READY)
        ix_gather_rest(s->gather);
    return s->gather && s->state >= IX_SET_GATHERING;
}

void ix_set_rearm(struct ix_set *s)
{
    ix_object_wake(&s->obj, gathers(s) ? ix_gather_deadline(s->gather) : IX_NEVER);
}

/* a relay more or less: the call may use it */
static void gathered_more(struct ix_set *s)
{
    struct ix_call *c = s->call && s->state == IX_SET_READY ? ix_call_get(s->obj.phone, s->call) : NULL;

    if (!c || ix_gather_version(s->gather) == s->gather_version)
        return;
    s->gather_version = ix_gather_version(s->gather);
    if (c->set == s->obj.id && c->described)
        ix_call_path_late(c);
}

bool ix_set_input(struct ix_set *s, uint32_t socket, const struct ix_addr *from, const void *data, size_t n,
    struct ix_ice_received *relayed)
{
    struct ix_now now = s->obj.phone->now;
    bool ours;

    relayed->len = 0;
    if (!gathers(s))
        return false;
    ours = ix_gather_turn_input(s->gather, socket, from, data, n, relayed, now);
    if (!ours && ix_packet_kind(data, n) == IX_PACKET_STUN)
        ours = ix_gather_input(s->gather, socket, from, data, n, now);
    if (!ours)
        return false;
    if (relayed->len)
        return true; /* media: nothing else has changed */
    gathered_more(s);
    ix_set_rearm(s);
    ix_dirty(&s->obj);
    return true;
}

/* ---- relays ------------------------------------------------------------------------------ */
struct ix_set *ix_set_of_relay(const struct ix_phone *p, uint32_t id)
{
    return id & IX_RELAY_BIT ? ix_set_get(p, (id & ~IX_RELAY_BIT) >> 4) : NULL;
}

static void to_phone(const struct ix_ice_send *send, struct ix_phone_out *out)
{
    static const enum ix_phone_out_kind kinds[] = { IX_OUT_UDP_SEND, IX_OUT_STREAM_OPEN, IX_OUT_STREAM_SEND,
        IX_OUT_STREAM_CLOSE };

    out->kind = kinds[send->kind];
    out->socket = send->socket;
    out->to = send->to;
    out->data = send->data;
    out->len = send->len;
    out->tls = send->tls;
    out->host = send->host;
}

bool ix_set_relay(struct ix_phone *p, struct ix_phone_out *out)
{
    struct ix_set *s = ix_set_of_relay(p, out->socket);
    struct ix_ice_send send;

    if (!s || !s->gather || ix_gather_relay(s->gather, out->socket, &out->to, out->data, out->len, &send, p->now))
        return false;
    to_phone(&send, out);
    ix_set_rearm(s); /* it may have asked for a channel */
    ix_dirty(&s->obj);
    return true;
}

bool ix_set_closing_relays(const struct ix_phone *p)
{
    IX_LIST_EACH (node, &p->sets) {
        const struct ix_set *s = IX_CONTAINER(node, struct ix_set, obj.all);

        if (s->state == IX_SET_CLOSING && s->gather && !ix_gather_closed(s->gather))
            return true;
    }
    return false;
}

static struct ix_set *stream_event(struct ix_phone *p, uint32_t stream, struct ix_now now)
{
    struct ix_set *s = ix_set_of_relay(p, stream);

    p->now = now;
    if (!s || !s->gather)
        return NULL;
    ix_dirty(&s->obj);
    return s;
}

void ix_phone_stream_opened(struct ix_phone *p, uint32_t stream, struct ix_now now)
{
    struct ix_set *s = stream_event(p, stream, now);

    if (!s)
        return;
    ix_gather_stream_opened(s->gather, stream, now);
    ix_set_rearm(s);
}

void ix_phone_stream_closed(struct ix_phone *p, uint32_t stream, int err, struct ix_now now)
{
    struct ix_set *s = stream_event(p, stream, now);

    if (!s)
        return;
    ix_gather_stream_closed(s->gather, stream, err, now);
    gathered_more(s);
    ix_set_rearm(s);
}

void ix_phone_stream_input(
    struct ix_phone *p, uint32_t stream, const void *data, size_t n, uint64_t arrival_us, struct ix_now now)
{
    struct ix_set *s = stream_event(p, stream, now);
    struct ix_ice_received r;

    if (!s)
        return;
    ix_gather_stream_input(s->gather, stream, data, n, now);
    while (ix_gather_stream_next(s->gather, stream, &r, now)) {
        struct ix_call *c = r.len && s->call ? ix_call_get(p, s->call) : NULL;

        if (c)
            ix_call_media_input(c, r.socket, &r.from, r.data, r.len, arrival_us);
    }
    gathered_more(s);
    ix_set_rearm(s);
}

static int gather(struct ix_set *s)
{
    struct ix_phone *p = s->obj.phone;
    struct ix_gather_config config = {
        .rng = p->config.rng, .log = p->config.log, .relay_ids = IX_RELAY_BIT | s->obj.id << 4
    };
    int err = ix_gather_new(&config, &s->gather);

    for (size_t i = 0; !err && i < s->socket_count; i++)
        err = ix_gather_add_socket(s->gather, s->sockets[i].socket, &s->sockets[i].addr, (uint16_t) (65000 - i * 16));
    for (size_t i = 0; !err && i < p->stun_count; i++)
        (void) ix_gather_add_server(s->gather, &p->stun[i]); /* one server less is no failure */
    for (size_t i = 0; !err && i < p->turn_count; i++)
        (void) ix_gather_add_turn(s->gather, &p->turn[i]); /* likewise */
    if (!err)
        ix_gather_start(s->gather, p->now);
    return err;
}

static void gather_ended(struct ix_set *s)
{
    struct ix_call *c;

    if (s->state != IX_SET_GATHERING || !ix_gather_done(s->gather))
        return;
    s->state = IX_SET_READY;
    s->gather_version = ix_gather_version(s->gather);
    ix_set_rearm(s);
    c = s->call ? ix_call_get(s->obj.phone, s->call) : NULL;
    if (c)
        ix_call_sockets_ready(c);
}

/* RFC 8421 section 4: the families take turns, so that one that is broken costs one check and not all of its own first.
 * IPv6 first where there is one (RFC 6724); what signalling leaves from goes before all (path.c). */
static const struct ix_phone_socket *next_family(const struct ix_phone_socket *sockets, size_t count, size_t at)
{
    size_t of[2] = { 0, 0 }, six = 0, want = 0, taken = 0;

    for (size_t i = 0; i < count; i++)
        six += sockets[i].addr.family == IX_IPV6;
    for (size_t i = 0; i <= at; i++) { /* how many of which family stand before it */
        bool v6 = i % 2 == 0 ? of[1] < six : of[0] >= count - six;
        want = of[v6]++;
        taken = v6;
    }
    for (size_t i = 0; i < count; i++)
        if ((sockets[i].addr.family == IX_IPV6) == (taken == 1) && want-- == 0)
            return &sockets[i];
    return &sockets[at]; /* not reached */
}

void ix_phone_sockets(
    struct ix_phone *p, uint32_t set, const struct ix_phone_socket *sockets, size_t count, struct ix_now now)
{
    struct ix_set *s = ix_set_get(p, set);
    int err = 0;

    p->now = now;
    if (!s || s->state != IX_SET_OPENING)
        return;
    for (size_t i = 0; i < count && s->socket_count < IX_PHONE_SET_SOCKETS; i++) {
        s->sockets[s->socket_count++] = *next_family(sockets, count, i); /* all have to be closed some day */
        err = err ? err : ix_id_set(p->set_by_socket, sockets[i].socket, s);
    }
    s->state = IX_SET_GATHERING;
    if (!err && !s->abandoned && (count || s->call)) /* a spare set of nothing is of no use */
        err = gather(s);
    if (err || !s->gather) {
        struct ix_call *c = s->call ? ix_call_get(p, s->call) : NULL;

        if (c)
            ix_call_fail(c, err, "out of memory while opening sockets");
        ix_set_release(s);
        return;
    }
    ix_set_rearm(s);
    ix_dirty(&s->obj);
    gather_ended(s);
}

void ix_set_timeout(struct ix_set *s)
{
    if (gathers(s))
        ix_gather_timeout(s->gather, s->obj.phone->now);
    gathered_more(s);
    ix_set_rearm(s);
}

bool ix_set_poll(struct ix_set *s, struct ix_phone_out *out)
{
    struct ix_ice_send send;

    out->set = s->obj.id;
    if (s->want_open) {
        s->want_open = false;
        out->kind = IX_OUT_UDP_OPEN;
        ix_dirty(&s->obj);
        return true;
    }
    if (gathers(s) && ix_gather_poll(s->gather, &send)) {
        to_phone(&send, out);
        ix_dirty(&s->obj);
        return true;
    }
    gather_ended(s);
    ix_set_rearm(s);
    if (s->state != IX_SET_CLOSING || (s->gather && !ix_gather_closed(s->gather)))
        return false;
    if (s->closed_count == s->socket_count) {
        ix_set_free(s);
        return false;
    }
    out->kind = IX_OUT_UDP_CLOSE;
    out->socket = s->sockets[s->closed_count++].socket;
    ix_dirty(&s->obj);
    return true;
}
