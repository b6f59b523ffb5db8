/* SPDX-License-Identifier: MIT */
/*
 * The network in virtual time (world.h). A datagram travels in hops: out of the node through its attachment's link into
 * a net, through NAT boxes from net to net, and through the link of the receiving attachment. Every hop is an event in
 * one queue, ordered by time and then by age, so that NAT state is looked at when the datagram gets there.
 */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_LINES 400
#define TRACE_WIDTH 160
#define LIVELOCK_STEPS 100000
#define NAT_IDLE (60 * IX_S)
#define NAT_MAPPINGS 512
#define NAT_CONTACTS 16
#define HOPS_MAX 8

enum { UP = 0, DOWN = 1 };

struct pipe { /* a link at work */
    struct world_link config;
    uint64_t free_us[2]; /* until when the line is taken by what was sent before (rate_bps) */
    uint64_t last_us[2]; /* arrival of the last datagram: later ones do not overtake it */
};

struct attachment {
    struct attachment *next;
    struct world_net *net; /* NULL: loopback */
    struct ix_addr addr;
    struct pipe pipe;
};

struct mapping {
    bool used;
    struct ix_addr inside;
    struct ix_addr outside;
    struct ix_addr peer; /* WORLD_NAT_SYMMETRIC: the one destination it is for */
    struct ix_addr contacts[NAT_CONTACTS];
    size_t contact_count;
    uint64_t used_us; /* last outbound datagram */
};

struct world_net {
    struct world_net *next;
    struct world *world;
    struct world_net *outer; /* NULL: the internet */
    struct world_nat_config nat;
    struct pipe pipe;
    uint16_t next_port;
    struct mapping mappings[NAT_MAPPINGS];
};

struct world_node {
    struct world_node *next;
    struct world *world;
    char name[16];
    struct world_node_ops ops;
    void *ctx;
    struct attachment *attachments;
};

enum event_kind { EVENT_AT_NET, EVENT_AT_NODE, EVENT_MESSAGE, EVENT_CALL };
struct event {
    struct event *next;
    uint64_t at_us;
    enum event_kind kind;
    struct world_net *net; /* AT_NET */
    struct world_node *from; /* MESSAGE */
    struct world_node *to; /* AT_NODE, MESSAGE */
    void (*fn)(void *ctx, struct ix_now now); /* CALL */
    void *ctx;
    struct ix_addr src;
    struct ix_addr dst;
    int hops;
    size_t len;
    uint8_t data[];
};

struct world {
    uint64_t seed;
    uint64_t now_us;
    int64_t wall_off_us;
    struct ix_prng link_prng;
    struct ix_prng engine_prng;
    struct ix_rng link_rng;
    struct ix_rng engine_rng;
    struct world_net *nets;
    struct world_net *internet;
    struct world_node *nodes;
    struct event *queue;
    uint64_t digest;
    uint64_t delivered;
    uint64_t trace_count;
    char trace[TRACE_LINES][TRACE_WIDTH];
};

static void *must(void *p)
{
    if (!p) {
        fputs("world: the test machine is out of memory\n", stderr);
        abort();
    }
    return p;
}

/* ---- trace ------------------------------------------------------------------------------- */

static void digest(struct world *w, const void *p, size_t n)
{
    const uint8_t *bytes = p;
    for (size_t i = 0; i < n; i++)
        w->digest = (w->digest ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
}

void world_note(struct world *w, const char *fmt, ...)
{
    char *line = w->trace[w->trace_count++ % TRACE_LINES];
    uint64_t t = w->now_us - WORLD_START;
    int n = snprintf(line, TRACE_WIDTH, "%6" PRIu64 ".%06" PRIu64 " ", t / IX_S, t % IX_S);
    va_list args;
    va_start(args, fmt);
    if (fmt) /* the sanitizer build of gcc 12 wants to be told */
        (void) vsnprintf(line + n, TRACE_WIDTH - (size_t) n, fmt, args);
    va_end(args);
    digest(w, line, strlen(line));
}

static void note_datagram(struct world *w, const char *what, const struct event *e)
{
    char src[IX_ADDR_TEXT];
    char dst[IX_ADDR_TEXT];
    ix_addr_text(&e->src, src);
    ix_addr_text(&e->dst, dst);
    world_note(w, "%s %s > %s %zu bytes, first 0x%02x", what, src, dst, e->len, e->len ? e->data[0] : 0);
    digest(w, e->data, e->len);
}

void world_print(const struct world *w)
{
    fprintf(stderr, "world: seed %" PRIu64 ", at %" PRIu64 " us, %" PRIu64 " datagrams delivered\n", w->seed,
        w->now_us - WORLD_START, w->delivered);
    uint64_t first = w->trace_count > TRACE_LINES ? w->trace_count - TRACE_LINES : 0;
    for (uint64_t i = first; i < w->trace_count; i++)
        fprintf(stderr, "  %s\n", w->trace[i % TRACE_LINES]);
}

uint64_t world_digest(const struct world *w)
{
    return w->digest;
}

uint64_t world_delivered(const struct world *w)
{
    return w->delivered;
}

/* ---- the event queue --------------------------------------------------------------------- */

static struct event *event_new(enum event_kind kind, const void *p, size_t n)
{
    struct event *e = must(calloc(1, sizeof(*e) + n));
    e->kind = kind;
    e->len = n;
    if (n)
        memcpy(e->data, p, n);
    return e;
}

static void schedule(struct world *w, struct event *e, uint64_t at_us)
{
    struct event **at = &w->queue;
    e->at_us = at_us;
    while (*at && (*at)->at_us <= at_us)
        at = &(*at)->next;
    e->next = *at;
    *at = e;
}

static bool chance(struct world *w, uint32_t ppm)
{
    return ppm && ix_rng_below(&w->link_rng, 1000000) < ppm;
}

/* when what enters the link now comes out of it */
static uint64_t transit(struct world *w, struct pipe *pipe, int way, size_t len)
{
    const struct world_link *c = &pipe->config;
    uint64_t start = IX_MAX(w->now_us, pipe->free_us[way]);
    if (c->rate_bps)
        start += (uint64_t) len * 8 * IX_S / c->rate_bps;
    pipe->free_us[way] = start;
    uint64_t at = start + c->delay_us;
    if (c->jitter_us)
        at += ix_rng_below(&w->link_rng, (uint32_t) c->jitter_us + 1);
    if (chance(w, c->reorder_ppm))
        return at + c->reorder_us;
    at = IX_MAX(at, pipe->last_us[way]);
    pipe->last_us[way] = at;
    return at;
}

/* takes e */
static void through(struct world *w, struct pipe *pipe, int way, struct event *e)
{
    if ((pipe->config.mtu && e->len > pipe->config.mtu) || chance(w, pipe->config.loss_ppm)) {
        note_datagram(w, "lost", e);
        free(e);
        return;
    }
    if (chance(w, pipe->config.duplicate_ppm)) {
        struct event *twin = event_new(e->kind, e->data, e->len);
        twin->net = e->net;
        twin->to = e->to;
        twin->src = e->src;
        twin->dst = e->dst;
        twin->hops = e->hops;
        schedule(w, twin, transit(w, pipe, way, e->len));
    }
    schedule(w, e, transit(w, pipe, way, e->len));
}

/* ---- NAT --------------------------------------------------------------------------------- */

static bool mapping_alive(const struct world_net *box, const struct mapping *m)
{
    uint64_t idle = box->nat.idle_us ? box->nat.idle_us : NAT_IDLE;
    return m->used && box->world->now_us - m->used_us < idle;
}

static bool mapping_is_for(const struct world_net *box, const struct mapping *m, const struct event *e)
{
    return mapping_alive(box, m) && ix_addr_eq(&m->inside, &e->src) &&
           (box->nat.kind != WORLD_NAT_SYMMETRIC || ix_addr_eq(&m->peer, &e->dst));
}

static void mapping_contact(struct mapping *m, const struct ix_addr *peer)
{
    for (size_t i = 0; i < m->contact_count; i++)
        if (ix_addr_eq(&m->contacts[i], peer))
            return;
    if (m->contact_count == NAT_CONTACTS) /* the oldest falls */
        memmove(&m->contacts[0], &m->contacts[1], --m->contact_count * sizeof(m->contacts[0]));
    m->contacts[m->contact_count++] = *peer;
}

static struct mapping *mapping_out(struct world_net *box, const struct event *e)
{
    struct mapping *spare = NULL;
    for (size_t i = 0; i < NAT_MAPPINGS; i++) {
        struct mapping *m = &box->mappings[i];
        if (mapping_is_for(box, m, e))
            return m;
        if (!spare && !mapping_alive(box, m))
            spare = m;
    }
    if (!spare)
        return NULL;
    *spare = (struct mapping){ .used = true, .inside = e->src, .outside = box->nat.ip, .peer = e->dst };
    spare->outside.port = box->next_port++;
    return spare;
}

static bool nat_out(struct world_net *box, struct event *e)
{
    struct mapping *m = mapping_out(box, e);
    if (!m)
        return false;
    m->used_us = box->world->now_us;
    mapping_contact(m, &e->dst);
    e->src = m->outside;
    return true;
}

static bool nat_admits(const struct world_net *box, const struct mapping *m, const struct ix_addr *peer)
{
    if (box->nat.kind == WORLD_NAT_FULL_CONE)
        return true;
    for (size_t i = 0; i < m->contact_count; i++)
        if (box->nat.kind == WORLD_NAT_RESTRICTED ? ix_addr_same_ip(&m->contacts[i], peer)
                                                  : ix_addr_eq(&m->contacts[i], peer))
            return true;
    return false;
}

static bool nat_in(struct world_net *box, struct event *e)
{
    for (size_t i = 0; i < NAT_MAPPINGS; i++) {
        struct mapping *m = &box->mappings[i];
        if (mapping_alive(box, m) && ix_addr_eq(&m->outside, &e->dst) && nat_admits(box, m, &e->src)) {
            e->dst = m->inside;
            return true;
        }
    }
    return false;
}

/* ---- routing ----------------------------------------------------------------------------- */

static struct attachment *node_attachment(struct world_node *node, const struct ix_addr *addr)
{
    for (struct attachment *a = node->attachments; a; a = a->next)
        if (ix_addr_eq(&a->addr, addr))
            return a;
    return NULL;
}

static struct world_node *net_owner(
    struct world *w, const struct world_net *net, const struct ix_addr *addr, struct attachment **attachment)
{
    for (struct world_node *node = w->nodes; node; node = node->next) {
        struct attachment *a = node_attachment(node, addr);
        if (a && a->net == net) {
            *attachment = a;
            return node;
        }
    }
    return NULL;
}

static struct world_net *net_box(struct world *w, const struct world_net *net, const struct ix_addr *addr)
{
    for (struct world_net *box = w->nets; box; box = box->next)
        if (box->outer == net && ix_addr_same_ip(&box->nat.ip, addr))
            return box;
    return NULL;
}

static void drop(struct world *w, const char *why, struct event *e)
{
    note_datagram(w, why, e);
    free(e);
}

/* the datagram is in e->net: to a node there, into a NAT box, or out through this net's own box */
static void route(struct world *w, struct event *e)
{
    struct world_net *net = e->net;
    struct attachment *a = NULL;
    struct world_node *node = net_owner(w, net, &e->dst, &a);
    struct world_net *box = net_box(w, net, &e->dst);
    if (++e->hops > HOPS_MAX) {
        drop(w, "looped", e);
    } else if (node) {
        e->kind = EVENT_AT_NODE;
        e->to = node;
        through(w, &a->pipe, DOWN, e);
    } else if (box) {
        if (!nat_in(box, e)) {
            drop(w, "filtered", e);
            return;
        }
        e->net = box;
        through(w, &box->pipe, DOWN, e);
    } else if (net->outer && ix_addr_same_ip(&net->nat.ip, &e->dst) && !net->nat.hairpin) {
        drop(w, "no hairpin", e);
    } else if (net->outer && net->nat.ip.family == e->dst.family && nat_out(net, e)) {
        e->net = net->outer;
        through(w, &net->pipe, UP, e);
    } else {
        drop(w, "no route", e);
    }
}

void world_send(struct world_node *node, const struct ix_addr *from, const struct ix_addr *to, const void *p, size_t n)
{
    struct world *w = node->world;
    struct attachment *a = node_attachment(node, from);
    struct event *e = event_new(EVENT_AT_NET, p, n);
    e->src = *from;
    e->dst = *to;
    struct attachment *own = node_attachment(node, to);
    if (!a || (ix_addr_is_loopback(to) && !own) || (!a->net && !own)) {
        drop(w, "no route", e);
        return;
    }
    note_datagram(w, node->name, e);
    if (own) { /* never leaves the host */
        e->kind = EVENT_AT_NODE;
        e->to = node;
        schedule(w, e, w->now_us);
        return;
    }
    e->net = a->net;
    through(w, &a->pipe, UP, e);
}

void world_tell(struct world_node *from, struct world_node *to, const void *p, size_t n, uint64_t delay_us)
{
    struct world *w = from->world;
    uint64_t at = w->now_us + delay_us;
    for (const struct event *e = w->queue; e; e = e->next)
        if (e->kind == EVENT_MESSAGE && e->from == from && e->to == to)
            at = IX_MAX(at, e->at_us); /* in order */
    struct event *e = event_new(EVENT_MESSAGE, p, n);
    e->from = from;
    e->to = to;
    schedule(w, e, at);
}

void world_at(struct world *w, uint64_t at_us, void (*fn)(void *ctx, struct ix_now now), void *ctx)
{
    struct event *e = event_new(EVENT_CALL, NULL, 0);
    e->fn = fn;
    e->ctx = ctx;
    schedule(w, e, IX_MAX(at_us, w->now_us));
}

/* ---- the driver -------------------------------------------------------------------------- */

static void drain_nodes(struct world *w)
{
    for (struct world_node *node = w->nodes; node; node = node->next)
        if (node->ops.drain)
            node->ops.drain(node->ctx, world_now(w));
}

static uint64_t next_time(struct world *w)
{
    uint64_t at = w->queue ? w->queue->at_us : IX_NEVER;
    for (struct world_node *node = w->nodes; node; node = node->next)
        if (node->ops.deadline)
            at = IX_MIN(at, node->ops.deadline(node->ctx));
    return at;
}

static void fire_timers(struct world *w)
{
    for (struct world_node *node = w->nodes; node; node = node->next)
        if (node->ops.deadline && node->ops.timeout && node->ops.deadline(node->ctx) <= w->now_us)
            node->ops.timeout(node->ctx, world_now(w));
}

static void deliver(struct world *w, struct event *e)
{
    struct world_node *to = e->to;
    switch (e->kind) {
    case EVENT_AT_NET:
        route(w, e);
        return;
    case EVENT_AT_NODE:
        if (!node_attachment(to, &e->dst)) {
            drop(w, "gone", e);
            return;
        }
        note_datagram(w, "  arrives", e);
        w->delivered++;
        if (to->ops.input)
            to->ops.input(to->ctx, &e->dst, &e->src, e->data, e->len, world_now(w));
        break;
    case EVENT_MESSAGE:
        world_note(w, "message %s > %s %zu bytes", e->from->name, to->name, e->len);
        digest(w, e->data, e->len);
        if (to->ops.message)
            to->ops.message(to->ctx, e->from, e->data, e->len, world_now(w));
        break;
    case EVENT_CALL:
        e->fn(e->ctx, world_now(w));
        break;
    }
    free(e);
}

static enum world_end run(struct world *w, bool (*done)(void *arg), void *arg, uint64_t until_us)
{
    uint64_t steps = 0;
    for (;;) {
        drain_nodes(w);
        if (done && done(arg))
            return WORLD_DONE;
        uint64_t at = next_time(w);
        if (at > until_us) {
            w->now_us = until_us;
            return at == IX_NEVER ? WORLD_STALLED : WORLD_LATE;
        }
        if (at > w->now_us) {
            w->now_us = at;
            steps = 0;
        } else if (++steps > LIVELOCK_STEPS) {
            return WORLD_LIVELOCK;
        }
        fire_timers(w);
        struct event *e = w->queue;
        if (e && e->at_us <= w->now_us) {
            w->queue = e->next;
            deliver(w, e);
        }
    }
}

enum world_end world_run(struct world *w, bool (*done)(void *arg), void *arg, uint64_t for_us)
{
    static const char *const why[] = { "done", "stalled: nothing will ever happen", "not done in time",
        "an engine's deadline stays due after its timeout" };
    enum world_end end = run(w, done, arg, w->now_us + for_us);
    if (end != WORLD_DONE) {
        fprintf(stderr, "world: %s\n", why[end]);
        world_print(w);
    }
    return end;
}

enum world_end world_run_for(struct world *w, uint64_t for_us)
{
    if (run(w, NULL, NULL, w->now_us + for_us) != WORLD_LIVELOCK)
        return WORLD_DONE;
    fputs("world: an engine's deadline stays due after its timeout\n", stderr);
    world_print(w);
    return WORLD_LIVELOCK;
}

/* ---- making and ending ------------------------------------------------------------------- */

static struct world_net *net_new(struct world *w, struct world_net *outer)
{
    struct world_net *net = must(calloc(1, sizeof(*net)));
    net->world = w;
    net->outer = outer;
    net->next = w->nets;
    w->nets = net;
    return net;
}

struct world *world_new(uint64_t seed)
{
    struct world *w = must(calloc(1, sizeof(*w)));
    w->seed = seed;
    w->now_us = WORLD_START;
    w->digest = UINT64_C(0xcbf29ce484222325);
    ix_prng_seed(&w->link_prng, seed);
    ix_prng_seed(&w->engine_prng, seed ^ UINT64_C(0x9e3779b97f4a7c15));
    w->link_rng = ix_prng_rng(&w->link_prng);
    w->engine_rng = ix_prng_rng(&w->engine_prng);
    w->internet = net_new(w, NULL);
    return w;
}

static void node_free(struct world_node *node)
{
    while (node->attachments) {
        struct attachment *a = node->attachments;
        node->attachments = a->next;
        free(a);
    }
    free(node);
}

void world_free(struct world *w)
{
    if (!w)
        return;
    while (w->queue) {
        struct event *e = w->queue;
        w->queue = e->next;
        free(e);
    }
    while (w->nodes) {
        struct world_node *node = w->nodes;
        w->nodes = node->next;
        node_free(node);
    }
    while (w->nets) {
        struct world_net *net = w->nets;
        w->nets = net->next;
        free(net);
    }
    free(w);
}

uint64_t world_seed(const struct world *w)
{
    return w->seed;
}

struct ix_now world_now(const struct world *w)
{
    return (struct ix_now){ w->now_us, WORLD_WALL + w->wall_off_us + (int64_t) (w->now_us - WORLD_START) };
}

void world_set_wall(struct world *w, int64_t off_us)
{
    w->wall_off_us = off_us;
}

const struct ix_rng *world_rng(struct world *w)
{
    return &w->engine_rng;
}

uint32_t world_pick(struct world *w, uint32_t bound)
{
    return ix_rng_below(&w->link_rng, bound);
}

struct world_net *world_internet(struct world *w)
{
    return w->internet;
}

struct world_net *world_nat(struct world_net *outer, const struct world_nat_config *config)
{
    struct world_net *inside = net_new(outer->world, outer);
    inside->nat = *config;
    inside->pipe.config = config->link;
    inside->next_port = (uint16_t) (20000 + world_pick(outer->world, 20000));
    return inside;
}

void world_nat_forget(struct world_net *inside)
{
    memset(inside->mappings, 0, sizeof(inside->mappings));
    inside->next_port = (uint16_t) (inside->next_port + 1000);
    world_note(inside->world, "a NAT box reboots");
}

struct world_node *world_node(struct world *w, const char *name, const struct world_node_ops *ops, void *ctx)
{
    struct world_node *node = must(calloc(1, sizeof(*node)));
    (void) snprintf(node->name, sizeof(node->name), "%s", name);
    node->world = w;
    node->ops = *ops;
    node->ctx = ctx;
    struct world_node **at = &w->nodes; /* in order of creation */
    while (*at)
        at = &(*at)->next;
    *at = node;
    return node;
}

void world_attach(
    struct world_node *node, struct world_net *net, const struct ix_addr *addr, const struct world_link *link)
{
    struct attachment *a = must(calloc(1, sizeof(*a)));
    a->net = net;
    a->addr = *addr;
    if (link)
        a->pipe.config = *link;
    a->next = node->attachments;
    node->attachments = a;
}

void world_detach(struct world_node *node, const struct ix_addr *addr)
{
    for (struct attachment **at = &node->attachments; *at; at = &(*at)->next) {
        if (ix_addr_eq(&(*at)->addr, addr)) {
            struct attachment *a = *at;
            *at = a->next;
            free(a);
            return;
        }
    }
}

void world_set_link(struct world_node *node, const struct ix_addr *addr, const struct world_link *link)
{
    struct attachment *a = node_attachment(node, addr);
    if (a)
        a->pipe.config = link ? *link : (struct world_link){ 0 };
}
