/* SPDX-License-Identifier: MIT */
/* The phone: owner of transports, lines, socket sets and calls; hands their outputs out one by one. Pure. */
#include <string.h>

#include "call/private.h"

#define ALWAYS_ALLOWED                                                                                                 \
    (IX_SIP_BIT(IX_SIP_INVITE) | IX_SIP_BIT(IX_SIP_ACK) | IX_SIP_BIT(IX_SIP_CANCEL) | IX_SIP_BIT(IX_SIP_BYE) |         \
        IX_SIP_BIT(IX_SIP_OPTIONS) | IX_SIP_BIT(IX_SIP_INFO) | IX_SIP_BIT(IX_SIP_UPDATE) | IX_SIP_BIT(IX_SIP_NOTIFY) | \
        IX_SIP_BIT(IX_SIP_MESSAGE))

/* ---- ids and objects --------------------------------------------------------------------- */
uint32_t ix_phone_id(struct ix_phone *p)
{
    return ++p->next_id;
}

int ix_id_set(struct ix_map *m, uint32_t id, void *value)
{
    return ix_map_set(m, ix_str_n(&id, sizeof id), value);
}

void *ix_id_get(const struct ix_map *m, uint32_t id)
{
    return ix_map_get(m, ix_str_n(&id, sizeof id));
}

void ix_id_remove(struct ix_map *m, uint32_t id)
{
    (void) ix_map_remove(m, ix_str_n(&id, sizeof id)); /* absent is fine */
}

int ix_object_init(struct ix_phone *p, struct ix_object *o, enum ix_object_kind kind, struct ix_list *all)
{
    if (ix_heap_reserve(&p->timers, p->object_count + 1))
        return IRISX_E_NO_MEMORY;
    p->object_count++;
    o->phone = p;
    o->kind = kind;
    o->id = ix_phone_id(p);
    ix_list_init(&o->dirty);
    ix_list_init(&o->all);
    ix_list_append(all, &o->all);
    return 0;
}

void ix_object_wake(struct ix_object *o, uint64_t at_us)
{
    int err = ix_heap_set(&o->phone->timers, &o->timer, at_us);

    IX_ASSERT(!err); /* it has its place since ix_object_init */
}

void ix_object_clear(struct ix_object *o)
{
    ix_list_remove(&o->dirty);
    ix_list_remove(&o->all);
    ix_heap_remove(&o->phone->timers, &o->timer);
    o->phone->object_count--;
}

void ix_dirty(struct ix_object *o)
{
    if (!ix_list_linked(&o->dirty))
        ix_list_append(&o->phone->dirty, &o->dirty);
}

/* ---- life -------------------------------------------------------------------------------- */
static int phone_setup(struct ix_phone *p)
{
    uint64_t seed = ix_rng_u64(p->config.rng);
    struct ix_sip_stack_config sip = { .rng = p->config.rng,
        .log = p->config.log,
        .agent = p->agent,
        .allow = ALWAYS_ALLOWED | p->config.allow_requests,
        .supported = "replaces, timer, outbound, path, gruu",
        .loose_notify = true,
        .max_transactions = 1024 + 2 * (size_t) p->config.max_calls, /* a request each way in each call */
        .max_dialogs = 256 + 2 * (size_t) p->config.max_calls }; /* forks, and calls that are replaced */

    p->transport_by_id = ix_map_new(IX_MAX_TRANSPORTS, seed);
    p->line_by_id = ix_map_new(IX_MAX_LINES, seed);
    p->set_by_id = ix_map_new(p->config.max_calls * 2 + 4, seed);
    p->call_by_id = ix_map_new(p->config.max_calls * 2, seed);
    p->set_by_socket = ix_map_new((p->config.max_calls * 2 + 4) * IX_PHONE_SET_SOCKETS, seed);
    if (!p->agent || !p->transport_by_id || !p->line_by_id || !p->set_by_id || !p->call_by_id || !p->set_by_socket)
        return IRISX_E_NO_MEMORY;
    return ix_sip_stack_new(&sip, &p->stack);
}

int ix_phone_new(const struct ix_phone_config *config, struct ix_phone **out)
{
    struct ix_phone *p = ix_alloc(sizeof *p);
    int err;

    if (!p)
        return IRISX_E_NO_MEMORY;
    p->config = *config;
    p->agent = ix_dup_cstr(config->agent ? config->agent : "irisx");
    if (!p->config.max_calls)
        p->config.max_calls = 128;
    if (p->config.identity)
        p->config.identity = ix_dtls_identity_ref(p->config.identity);
    ix_list_init(&p->dirty);
    ix_list_init(&p->transports);
    ix_list_init(&p->lines);
    ix_list_init(&p->sets);
    ix_list_init(&p->calls);
    ix_list_init(&p->taps);
    ix_list_init(&p->asks);
    ix_list_init(&p->subs);
    ix_heap_init(&p->timers);
    ix_buf_init(&p->scratch, IX_SIP_MAX_MESSAGE);
    ix_buf_init(&p->tap_buf, IX_SIP_MAX_MESSAGE);
    err = phone_setup(p);
    if (err) {
        ix_phone_free(p);
        return err;
    }
    *out = p;
    return 0;
}

static void free_taps(struct ix_phone *p)
{
    struct ix_list *node;

    ix_free(p->tap_out);
    p->tap_out = NULL;
    while ((node = ix_list_pop(&p->taps)) != NULL)
        ix_free(IX_CONTAINER(node, struct ix_tap_item, node));
}

void ix_phone_free(struct ix_phone *p)
{
    if (!p)
        return;
    while (!ix_list_empty(&p->calls))
        ix_call_free(IX_CONTAINER(p->calls.next, struct ix_call, obj.all));
    while (!ix_list_empty(&p->asks))
        ix_ask_free(IX_CONTAINER(p->asks.next, struct ix_ask, obj.all));
    while (!ix_list_empty(&p->subs))
        ix_sub_free(IX_CONTAINER(p->subs.next, struct ix_sub, obj.all));
    while (!ix_list_empty(&p->lines))
        ix_line_free(IX_CONTAINER(p->lines.next, struct ix_line, obj.all));
    while (!ix_list_empty(&p->sets))
        ix_set_free(IX_CONTAINER(p->sets.next, struct ix_set, obj.all));
    while (!ix_list_empty(&p->transports))
        ix_transport_free(IX_CONTAINER(p->transports.next, struct ix_transport, obj.all));
    free_taps(p);
    ix_sip_stack_free(p->stack);
    ix_dtls_identity_unref(p->config.identity);
    ix_map_free(p->transport_by_id);
    ix_map_free(p->line_by_id);
    ix_map_free(p->set_by_id);
    ix_map_free(p->call_by_id);
    ix_map_free(p->set_by_socket);
    ix_heap_clear(&p->timers);
    ix_buf_clear(&p->scratch);
    ix_buf_clear(&p->tap_buf);
    ix_free(p->notice);
    ix_free(p->agent);
    ix_free(p);
}

bool ix_phone_idle(const struct ix_phone *p)
{
    return ix_list_empty(&p->calls) && ix_list_empty(&p->lines) && ix_list_empty(&p->subs) &&
           ix_sip_txn_count(p->stack) == 0 && !ix_set_closing_relays(p);
}

void ix_phone_shutdown(struct ix_phone *p, struct ix_now now)
{
    p->now = now;
    p->shutting_down = true;
    IX_LIST_EACH_SAFE (node, &p->calls)
        (void) ix_call_hangup(p, IX_CONTAINER(node, struct ix_call, obj.all)->obj.id, 16, now); /* ended ones refuse */
    IX_LIST_EACH_SAFE (node, &p->lines)
        ix_line_close(p, IX_CONTAINER(node, struct ix_line, obj.all)->obj.id, now);
    IX_LIST_EACH_SAFE (node, &p->sets) {
        struct ix_set *s = IX_CONTAINER(node, struct ix_set, obj.all);

        if (!s->call)
            ix_set_release(s);
    }
}

void ix_phone_set_stun(struct ix_phone *p, const struct ix_addr *servers, size_t count)
{
    p->stun_count = IX_MIN(count, IX_COUNT(p->stun));
    if (p->stun_count)
        memcpy(p->stun, servers, p->stun_count * sizeof *servers);
}

void ix_phone_set_turn(struct ix_phone *p, const struct ix_turn_server *servers, size_t count)
{
    ix_wipe(p->turn, sizeof p->turn);
    p->turn_count = IX_MIN(count, IX_COUNT(p->turn));
    if (p->turn_count)
        memcpy(p->turn, servers, p->turn_count * sizeof *servers);
    ix_set_respare(p); /* the next call has them */
}

struct ix_sip_stack *ix_phone_stack(struct ix_phone *p)
{
    return p->stack;
}

int ix_phone_respond(struct ix_phone *p, ix_sip_txn txn, const struct ix_sip_reply *reply, struct ix_now now)
{
    p->now = now;
    return ix_sip_respond(p->stack, txn, reply, now);
}

/* ---- capture ----------------------------------------------------------------------------- */
void ix_tap_in(struct ix_phone *p, enum ix_tap_kind kind, uint32_t call, const struct ix_addr *local,
    const struct ix_addr *remote, const void *data, size_t n)
{
    struct ix_tap_item *item;

    if (!p->config.tap)
        return;
    item = ix_alloc(sizeof *item + n);
    if (!item)
        return; /* a capture may miss a packet; a call may not fail for it */
    memcpy(item->data, data, n);
    item->out.kind = IX_OUT_TAP;
    item->out.call = call;
    item->out.data = item->data;
    item->out.len = n;
    item->out.tap.kind = kind;
    item->out.tap.local = *local;
    item->out.tap.remote = *remote;
    ix_list_append(&p->taps, &item->node);
}

void ix_tap_send(struct ix_phone *p, struct ix_phone_out *out, enum ix_tap_kind kind, const struct ix_addr *local,
    const struct ix_addr *remote)
{
    if (!p->config.tap)
        return;
    p->held = *out;
    p->has_held = true;
    out->kind = IX_OUT_TAP;
    out->tap.kind = kind;
    out->tap.outgoing = true;
    out->tap.local = *local;
    out->tap.remote = *remote;
}

/* ---- signalling that came in ------------------------------------------------------------- */
static bool request_outside(struct ix_phone *p, const struct ix_sip_out *so, struct ix_phone_out *out)
{
    struct ix_transport *t = ix_transport_get(p, so->transport);

    if (so->msg->method == IX_SIP_INVITE && !(p->config.allow_requests & IX_SIP_BIT(IX_SIP_INVITE))) {
        ix_call_incoming(p, so->transport, so->txn, so->msg);
        return false;
    }
    if (p->config.allow_requests & IX_SIP_BIT(so->msg->method)) {
        out->kind = IX_OUT_EVENT;
        out->event = (struct ix_phone_event){
            .kind = IX_EV_REQUEST, .transport = so->transport, .line = t ? t->line : 0, .msg = so->msg, .txn = so->txn
        };
        return true;
    }
    return ix_request_outside(p, so, out);
}

static bool sip_output(struct ix_phone *p, const struct ix_sip_out *so, struct ix_phone_out *out)
{
    struct ix_transport *t = ix_transport_get(p, so->transport);
    struct ix_object *o = so->user;
    struct ix_call *c = NULL;
    bool moved = false, any;

    if (so->kind == IX_SIP_OUT_SEND) {
        out->kind = IX_OUT_WS_SEND;
        out->transport = so->transport;
        out->data = so->data;
        out->len = so->len;
        if (t)
            ix_tap_send(p, out, IX_TAP_SIP, &t->local, &t->remote);
        return t != NULL;
    }
    if (ix_line_sip(p, so))
        return false;
    if (o && o->kind == IX_OBJ_ASK) {
        ix_ask_output(IX_CONTAINER(o, struct ix_ask, obj), so);
        return false;
    }
    if (o && o->kind == IX_OBJ_SUB) {
        ix_sub_output(IX_CONTAINER(o, struct ix_sub, obj), so);
        return false;
    }
    c = so->user;
    if (c && !c->line && c->obj.kind == IX_OBJ_CALL && so->transport != IX_SIP_NO_TRANSPORT)
        moved = c->transport != so->transport;
    if (moved)
        c->transport = so->transport; /* they have come back on another connection */
    if (so->kind == IX_SIP_OUT_REQUEST) {
        if (!c || !so->dialog)
            return request_outside(p, so, out);
        any = ix_call_request(c, so, out);
        if (moved)
            ix_call_reoffer(c); /* what could not be said there */
        return any;
    }
    if (!c)
        return false;
    ix_dirty(&c->obj);
    if (so->kind == IX_SIP_OUT_ACK) {
        ix_call_acked(c, so);
        ix_call_reoffer(c); /* the dialog is free again */
    } else {
        ix_call_response(c, so);
    }
    return false;
}

/* ---- draining ---------------------------------------------------------------------------- */
static bool object_poll(struct ix_object *o, struct ix_phone_out *out)
{
    switch (o->kind) {
    case IX_OBJ_TRANSPORT:
        return ix_transport_poll(IX_CONTAINER(o, struct ix_transport, obj), out);
    case IX_OBJ_LINE:
        return ix_line_poll(IX_CONTAINER(o, struct ix_line, obj), out);
    case IX_OBJ_SET:
        return ix_set_poll(IX_CONTAINER(o, struct ix_set, obj), out);
    case IX_OBJ_CALL:
        return ix_call_poll(IX_CONTAINER(o, struct ix_call, obj), out);
    case IX_OBJ_ASK:
        return ix_ask_poll(IX_CONTAINER(o, struct ix_ask, obj), out);
    case IX_OBJ_SUB:
        return ix_sub_poll(IX_CONTAINER(o, struct ix_sub, obj), out);
    }
    return false;
}

static bool poll_taps(struct ix_phone *p, struct ix_phone_out *out)
{
    struct ix_list *node;

    ix_free(p->tap_out);
    p->tap_out = NULL;
    if (p->has_held) {
        *out = p->held;
        p->has_held = false;
        return true;
    }
    node = ix_list_pop(&p->taps);
    if (!node)
        return false;
    p->tap_out = IX_CONTAINER(node, struct ix_tap_item, node);
    *out = p->tap_out->out;
    return true;
}

static bool next_output(struct ix_phone *p, struct ix_phone_out *out)
{
    struct ix_sip_out so;

    memset(out, 0, sizeof *out);
    if (poll_taps(p, out))
        return true;
    for (;;) {
        while (!ix_list_empty(&p->dirty)) {
            struct ix_object *o = IX_CONTAINER(p->dirty.next, struct ix_object, dirty);

            ix_list_remove(&o->dirty); /* its poll puts it back if it has more to say, or frees it */
            if (object_poll(o, out))
                return true;
        }
        if (!ix_sip_poll(p->stack, &so))
            return false;
        if (sip_output(p, &so, out))
            return true;
    }
}

static bool next_on_the_wire(struct ix_phone *p, struct ix_phone_out *out)
{
    while (next_output(p, out))
        if (out->kind != IX_OUT_UDP_SEND || !(out->socket & IX_RELAY_BIT) || ix_set_relay(p, out))
            return true; /* a packet whose relay is gone is lost, as on any other way */
    return false;
}

bool ix_phone_poll(struct ix_phone *p, struct ix_phone_out *out)
{
    if (!next_on_the_wire(p, out))
        return false;
    if (out->kind == IX_OUT_EVENT && !out->event.error) {
        memset(&p->polled, 0, sizeof p->polled);
        out->event.error = &p->polled;
    }
    return true;
}

/* ---- time -------------------------------------------------------------------------------- */
void ix_phone_timeout(struct ix_phone *p, struct ix_now now)
{
    struct ix_timer *t;

    p->now = now;
    ix_sip_timeout(p->stack, now);
    while ((t = ix_heap_due(&p->timers, now.mono_us)) != NULL) {
        struct ix_object *o = IX_CONTAINER(t, struct ix_object, timer);

        ix_dirty(o);
        switch (o->kind) {
        case IX_OBJ_TRANSPORT:
            ix_transport_timeout(IX_CONTAINER(o, struct ix_transport, obj));
            break;
        case IX_OBJ_LINE:
            ix_line_timeout(IX_CONTAINER(o, struct ix_line, obj));
            break;
        case IX_OBJ_SET:
            ix_set_timeout(IX_CONTAINER(o, struct ix_set, obj));
            break;
        case IX_OBJ_CALL:
            ix_call_timeout(IX_CONTAINER(o, struct ix_call, obj));
            break;
        case IX_OBJ_ASK: /* the stack has its time limit */
            break;
        case IX_OBJ_SUB:
            ix_sub_timeout(IX_CONTAINER(o, struct ix_sub, obj));
            break;
        }
    }
}

uint64_t ix_phone_deadline(const struct ix_phone *p)
{
    uint64_t sip = ix_sip_deadline(p->stack);
    uint64_t own = ix_heap_deadline(&p->timers);

    return IX_MIN(sip, own);
}

/* ---- packets ----------------------------------------------------------------------------- */
void ix_phone_udp_input(struct ix_phone *p, uint32_t socket, const struct ix_addr *from, const void *data, size_t n,
    uint64_t arrival_us, struct ix_now now)
{
    struct ix_set *s = ix_id_get(p->set_by_socket, socket);
    struct ix_ice_received r;
    struct ix_call *c;

    p->now = now;
    if (!s)
        return;
    c = s->call ? ix_call_get(p, s->call) : NULL;
    if (ix_set_input(s, socket, from, data, n, &r)) {
        if (c && r.len)
            ix_call_media_input(c, r.socket, &r.from, r.data, r.len, arrival_us);
        return;
    }
    if (c)
        ix_call_media_input(c, socket, from, data, n, arrival_us);
}
