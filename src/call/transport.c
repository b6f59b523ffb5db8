/* SPDX-License-Identifier: MIT */
/*
 * One WebSocket as the phone sees it: opened for a line, or accepted. RFC 7118; liveness by WebSocket ping (the
 * platform answers no CRLF keep-alive), whatever else comes in: a connection that only receives is dead as well. Lost
 * ones are made again: at once, then 300 ms doubling to 7 s with full jitter, at once when the network changes.
 *
 *   WAITING --time--> OPENING --opened--> OPEN --close--> CLOSING --closed--> CLOSED
 *      ^                 |                  |
 *      +----- lost ------+------------------+        (an accepted one goes to CLOSED instead)
 */
#include <string.h>

#include "call/private.h"

struct ix_transport *ix_transport_get(const struct ix_phone *p, uint32_t id)
{
    return ix_id_get(p->transport_by_id, id);
}

static int transport_make(struct ix_phone *p, struct ix_transport **out)
{
    struct ix_transport *t = ix_alloc(sizeof *t);
    int err;

    if (!t)
        return IRISX_E_NO_MEMORY;
    if (ix_object_init(p, &t->obj, IX_OBJ_TRANSPORT, &p->transports)) {
        ix_free(t);
        return IRISX_E_NO_MEMORY;
    }
    p->transport_count++;
    err = ix_id_set(p->transport_by_id, t->obj.id, t);
    if (err) {
        ix_transport_free(t);
        return err;
    }
    *out = t;
    return 0;
}

void ix_transport_free(struct ix_transport *t)
{
    if (!t)
        return;
    ix_sip_transport_closed(t->obj.phone->stack, t->obj.id, t->obj.phone->now);
    ix_id_remove(t->obj.phone->transport_by_id, t->obj.id);
    t->obj.phone->transport_count--;
    ix_object_clear(&t->obj);
    ix_free(t->url);
    ix_free(t->ca_file);
    ix_free(t);
}

int ix_transport_new(
    struct ix_phone *p, const struct ix_line *line, const char *url, const char *ca, struct ix_transport **out)
{
    struct ix_transport *t;
    int err = transport_make(p, &t);

    if (err)
        return err;
    t->line = line->obj.id;
    t->url = ix_dup_cstr(url);
    t->ca_file = ix_dup_cstr(ca);
    if (!t->url || (ca && !t->ca_file)) {
        ix_transport_free(t);
        return IRISX_E_NO_MEMORY;
    }
    t->secure = ix_str_istarts(ix_str(url), IX_STR("wss:"));
    t->state = IX_TR_OPENING;
    t->want_open = true;
    ix_dirty(&t->obj);
    *out = t;
    return 0;
}

int ix_transport_point(struct ix_transport *t, const char *url)
{
    char *copy;

    if (!strcmp(t->url, url))
        return 0;
    copy = ix_dup_cstr(url);
    if (!copy)
        return IRISX_E_NO_MEMORY;
    ix_free(t->url);
    t->url = copy;
    t->secure = ix_str_istarts(ix_str(url), IX_STR("wss:"));
    return 0;
}

void ix_transport_keep(struct ix_transport *t, uint32_t flow_s)
{
    t->flow = flow_s != 0;
    if (flow_s)
        t->keep_us = IX_MIN(IX_PING_US, IX_MAX(flow_s, 2u) * IX_S * 8 / 10); /* RFC 5626 section 4.4.1 */
    else
        t->keep_us = IX_PING_US;
    ix_transport_rearm(t);
}

bool ix_transport_admits(struct ix_transport *t)
{
    uint64_t now = t->obj.phone->now.mono_us, back = (now - t->taken_us) * IX_TAKEN_PER_S / IX_S;

    if (back) {
        t->taken -= (unsigned) IX_MIN(back, t->taken);
        t->taken_us = now;
    }
    if (t->taken >= IX_TAKEN_BURST)
        return false;
    t->taken++;
    return true;
}

static void ping(struct ix_transport *t)
{
    t->want_ping = true;
    t->want_crlf = t->flow;
    t->pinged_us = t->obj.phone->now.mono_us;
    t->pong_us = IX_PONG_US;
}

static int stack_open(struct ix_transport *t)
{
    struct ix_sip_transport_config config = { .secure = t->secure };
    uint64_t now = t->obj.phone->now.mono_us;

    t->state = IX_TR_OPEN;
    t->opened_us = now;
    t->pinged_us = t->rtt_us = 0;
    t->proved_us = now;
    t->taken_us = now;
    t->taken = 0;
    t->flow = false;
    t->keep_us = IX_PING_US;
    return ix_sip_transport_opened(t->obj.phone->stack, t->obj.id, &config);
}

uint32_t ix_phone_accept(struct ix_phone *p, bool secure, const struct ix_addr *local, const struct ix_addr *remote)
{
    struct ix_transport *t;

    if (transport_make(p, &t))
        return 0;
    t->secure = secure;
    t->local = *local;
    t->remote = *remote;
    if (stack_open(t)) {
        ix_transport_free(t);
        return 0;
    }
    ix_transport_rearm(t);
    ix_set_spare(p);
    return t->obj.id;
}

void ix_transport_rearm(struct ix_transport *t)
{
    uint64_t at = IX_NEVER;

    if (t->state == IX_TR_WAITING && !t->dropping)
        at = t->retry_us;
    else if (t->state == IX_TR_OPEN)
        at = t->pinged_us ? t->pinged_us + t->pong_us : t->proved_us + t->keep_us;
    ix_object_wake(&t->obj, at);
}

/* ---- lost ----------------------------------------------------------------------------------- */
/* Full jitter: anywhere between nothing and the step, which doubles. */
static uint64_t backoff(struct ix_transport *t)
{
    unsigned shift = IX_MIN(t->tries, 5u);
    uint64_t step = IX_MIN(IX_BACKOFF_MIN_US << shift, IX_BACKOFF_MAX_US);

    if (t->tries++ == 0)
        return 0;
    return ix_rng_below(t->obj.phone->config.rng, (uint32_t) step);
}

/* how long until then; which server it is */
static uint64_t next_try(struct ix_transport *t, struct ix_line *l, bool was_open)
{
    if (was_open && !t->leave && t->obj.phone->now.mono_us >= ix_time_add(t->opened_us, IX_BACKOFF_MAX_US))
        t->tries = 0; /* "at once" is for a connection that worked for some time, */
    else if (ix_servers_next(l))
        return 0; /* or for another server */
    else if (t->tries == 0)
        t->tries = 1;
    return backoff(t);
}

static void transport_lost(struct ix_transport *t, int err, bool fatal, const char *detail)
{
    struct ix_phone *p = t->obj.phone;
    struct ix_line *l = ix_line_get(p, t->line);
    bool was_open = t->state == IX_TR_OPEN;
    bool asked = t->state == IX_TR_CLOSING;

    t->state = IX_TR_CLOSED;
    t->want_open = t->want_ping = t->want_crlf = false;
    if (l && ix_servers_closed(l, t))
        l = NULL; /* only a look at another server, or what the line had before */
    fatal = fatal && l && l->server_count == 1; /* another one may have a better certificate */
    if (l && !asked && !fatal && !l->closing) {
        t->state = IX_TR_WAITING;
        t->retry_us = p->now.mono_us + next_try(t, l, was_open);
    }
    t->leave = false;
    ix_transport_rearm(t);
    if (t->state == IX_TR_WAITING)
        ix_sip_transport_lost(p->stack, t->obj.id, p->now); /* farewells wait for the next connection */
    else if (!t->line && !p->shutting_down)
        ix_sip_transport_orphan(p->stack, t->obj.id, p->now); /* they may come back on another one */
    else
        ix_sip_transport_closed(p->stack, t->obj.id, p->now);
    if (l && t->state == IX_TR_WAITING)
        ix_calls_away(p, l->obj.id);
    if (l)
        ix_line_transport_closed(l, asked ? 0 : err, fatal, detail, t->state == IX_TR_WAITING ? t->retry_us : IX_NEVER);
    ix_dirty(&t->obj);
}

/* The shell has not noticed: it is told to close what is left of the connection. */
static void transport_drop(struct ix_transport *t, int err, const char *detail)
{
    t->want_close = true;
    t->dropping = t->line != 0;
    transport_lost(t, err, false, detail);
}

void ix_transport_leave(struct ix_transport *t, int err, const char *detail)
{
    t->leave = true;
    transport_drop(t, err, detail);
}

/* ---- what the shell reports -------------------------------------------------------------- */
void ix_phone_ws_opened(struct ix_phone *p, uint32_t transport, const struct ix_addr *local,
    const struct ix_addr *remote, struct ix_now now)
{
    struct ix_transport *t = ix_transport_get(p, transport);
    struct ix_line *l;

    p->now = now;
    if (!t || t->state != IX_TR_OPENING)
        return;
    t->local = *local;
    t->remote = *remote;
    if (stack_open(t)) {
        transport_drop(t, IRISX_E_NO_MEMORY, "out of memory");
        return;
    }
    ix_transport_rearm(t);
    l = ix_line_get(p, t->line);
    if (l && !ix_servers_opened(l, t))
        ix_line_transport_opened(l);
    ix_set_spare(p);
}

void ix_phone_ws_message(struct ix_phone *p, uint32_t transport, const void *data, size_t n, struct ix_now now)
{
    struct ix_transport *t = ix_transport_get(p, transport);

    p->now = now;
    if (!t || t->state != IX_TR_OPEN)
        return;
    ix_tap_in(p, IX_TAP_SIP, 0, &t->local, &t->remote, data, n);
    (void) ix_sip_input(p->stack, transport, data, n, now); /* the stack has answered and logged what it refused */
}

void ix_phone_ws_pong(struct ix_phone *p, uint32_t transport, struct ix_now now)
{
    struct ix_transport *t = ix_transport_get(p, transport);

    p->now = now;
    if (!t || t->state != IX_TR_OPEN)
        return;
    t->proved_us = now.mono_us;
    if (t->pinged_us)
        t->rtt_us = now.mono_us - t->pinged_us;
    t->pinged_us = 0;
    ix_transport_rearm(t);
}

void ix_phone_ws_closed(
    struct ix_phone *p, uint32_t transport, int err, bool fatal, const char *detail, struct ix_now now)
{
    struct ix_transport *t = ix_transport_get(p, transport);

    p->now = now;
    if (!t)
        return;
    if (t->dropping) {
        t->dropping = t->want_close = false;
        ix_transport_rearm(t);
    }
    if (t->state == IX_TR_CLOSED || t->state == IX_TR_WAITING)
        return;
    transport_lost(t, err ? err : IRISX_E_NETWORK, fatal, detail);
}

void ix_transport_close(struct ix_transport *t)
{
    if (t->state != IX_TR_CLOSED && t->state != IX_TR_CLOSING)
        ix_sip_transport_closed(t->obj.phone->stack, t->obj.id, t->obj.phone->now);
    if (t->state == IX_TR_WAITING || t->state == IX_TR_CLOSED || t->want_open) {
        t->want_open = false; /* nobody was asked to open anything yet */
        t->state = IX_TR_CLOSED;
        ix_transport_rearm(t);
    } else if (t->state != IX_TR_CLOSING) {
        t->want_close = true;
        t->state = IX_TR_CLOSING;
        ix_transport_rearm(t);
    }
    ix_dirty(&t->obj);
}

static bool stands_on(const struct ix_transport *t, const struct ix_addr *list, size_t count)
{
    if (!t->local.family || ix_addr_is_loopback(&t->local))
        return true;
    for (size_t i = 0; i < count; i++)
        if (ix_addr_same_ip(&t->local, &list[i]))
            return true;
    return false;
}

void ix_phone_addresses(struct ix_phone *p, const struct ix_addr *list, size_t count, struct ix_now now)
{
    p->now = now;
    IX_LIST_EACH_SAFE (node, &p->transports) {
        struct ix_transport *t = IX_CONTAINER(node, struct ix_transport, obj.all);

        if (t->line && t->state == IX_TR_OPEN && !stands_on(t, list, count))
            transport_drop(t, IRISX_E_NETWORK, "the network that the connection was on is gone");
    }
}

static void network_came(struct ix_transport *t)
{
    uint64_t now = t->obj.phone->now.mono_us;

    if (t->state == IX_TR_OPENING && t->line && !t->want_open) /* begun on the network before: its packets are lost */
        transport_drop(t, IRISX_E_NETWORK, "the network has changed: trying again");
    if (t->state == IX_TR_WAITING) {
        t->tries = 0;
        t->retry_us = now;
    } else if (t->state == IX_TR_OPEN) { /* is it still alive on the new network? */
        if (!t->pinged_us)
            ping(t);
        if (t->rtt_us)
            t->pong_us = now - t->pinged_us + IX_MAX(IX_PROBE_US, 4 * t->rtt_us);
        ix_dirty(&t->obj);
    }
    ix_transport_rearm(t);
}

void ix_phone_network_changed(struct ix_phone *p, struct ix_now now)
{
    p->now = now;
    ix_set_respare(p);
    IX_LIST_EACH (node, &p->transports) {
        struct ix_transport *t = IX_CONTAINER(node, struct ix_transport, obj.all);

        network_came(t);
    }
    IX_LIST_EACH (node, &p->calls) { /* media by the interfaces as they are now */
        struct ix_call *c = IX_CONTAINER(node, struct ix_call, obj.all);

        if (c->line)
            (void) ix_call_restart(p, c->obj.id, true, now); /* not described yet: it will be of this network */
    }
}

/* ---- outputs and time -------------------------------------------------------------------- */
void ix_transport_timeout(struct ix_transport *t)
{
    struct ix_phone *p = t->obj.phone;
    uint64_t now = p->now.mono_us;

    if (t->state == IX_TR_WAITING && !t->dropping && now >= t->retry_us) {
        t->state = IX_TR_OPENING;
        t->want_open = true;
        if (ix_line_get(p, t->line)) /* no memory: the server of before */
            (void) ix_transport_point(t, ix_servers_url(ix_line_get(p, t->line)));
    } else if (t->state == IX_TR_OPEN && t->pinged_us && now >= t->pinged_us + t->pong_us) {
        transport_drop(t, IRISX_E_NETWORK, "the server stopped answering on the WebSocket");
        return;
    } else if (t->state == IX_TR_OPEN && !t->pinged_us && now >= t->proved_us + t->keep_us) {
        ping(t);
    }
    ix_transport_rearm(t);
}

bool ix_transport_poll(struct ix_transport *t, struct ix_phone_out *out)
{
    out->transport = t->obj.id;
    if (t->want_close) {
        t->want_close = false;
        out->kind = IX_OUT_WS_CLOSE;
    } else if (t->want_open) {
        t->want_open = false;
        out->kind = IX_OUT_WS_OPEN;
        out->url = t->url;
        out->ca_file = t->ca_file;
    } else if (t->want_ping) {
        t->want_ping = false;
        out->kind = IX_OUT_WS_PING;
    } else if (t->want_crlf) {
        t->want_crlf = false;
        out->kind = IX_OUT_WS_SEND;
        out->data = (const uint8_t *) "\r\n\r\n";
        out->len = 4;
    } else if (t->state == IX_TR_CLOSED && !t->line) {
        out->kind = IX_OUT_EVENT;
        out->event = (struct ix_phone_event){ .kind = IX_EV_TRANSPORT_CLOSED, .transport = t->obj.id };
        ix_transport_free(t);
        return true;
    } else {
        const struct ix_line *l = ix_line_get(t->obj.phone, t->line);

        if (t->state == IX_TR_CLOSED && (!l || l->transport != t->obj.id))
            ix_transport_free(t);
        return false;
    }
    ix_dirty(&t->obj);
    return true;
}
