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
    ix_object_wake(&s->obj, IX_NEVER);
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

/* What STUN servers see stays asked, so that NATs keep it, until a call's own checks do that (RFC 8445
 * section 5.1.1.4). */
static bool gathers(const struct ix_set *s)
{
    const struct ix_call *c = s->call ? ix_call_get(s->obj.phone, s->call) : NULL;

    return s->state == IX_SET_GATHERING || (s->state == IX_SET_READY && !(c && c->described));
}

void ix_set_rearm(struct ix_set *s)
{
    ix_object_wake(&s->obj, gathers(s) ? ix_gather_deadline(s->gather) : IX_NEVER);
}

bool ix_set_input(struct ix_set *s, uint32_t socket, const struct ix_addr *from, const void *data, size_t n)
{
    if (!gathers(s) || !ix_gather_input(s->gather, socket, from, data, n, s->obj.phone->now))
        return false;
    ix_set_rearm(s);
    ix_dirty(&s->obj);
    return true;
}

static int gather(struct ix_set *s)
{
    struct ix_phone *p = s->obj.phone;
    struct ix_gather_config config = { .rng = p->config.rng, .log = p->config.log };
    int err = ix_gather_new(&config, &s->gather);

    for (size_t i = 0; !err && i < s->socket_count; i++)
        err = ix_gather_add_socket(s->gather, s->sockets[i].socket, &s->sockets[i].addr, (uint16_t) (65000 - i * 16));
    for (size_t i = 0; !err && i < p->stun_count; i++)
        (void) ix_gather_add_server(s->gather, &p->stun[i]); /* one server less is no failure */
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
    ix_set_rearm(s);
    c = s->call ? ix_call_get(s->obj.phone, s->call) : NULL;
    if (c)
        ix_call_sockets_ready(c);
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
        s->sockets[s->socket_count++] = sockets[i]; /* all of them have to be closed some day */
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
        out->kind = IX_OUT_UDP_SEND;
        out->socket = send.socket;
        out->to = send.to;
        out->data = send.data;
        out->len = send.len;
        ix_dirty(&s->obj);
        return true;
    }
    gather_ended(s);
    ix_set_rearm(s);
    if (s->state != IX_SET_CLOSING)
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
