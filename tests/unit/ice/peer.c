/* SPDX-License-Identifier: MIT */
/* Two agents in a world (peer.h). */
#include "peer.h"

#include <string.h>

struct description {
    bool offer;
    bool more; /* only further candidates */
    bool restart;
    char ufrag[IX_ICE_UFRAG + 1];
    char pwd[IX_ICE_PWD + 1];
    size_t count;
    struct ix_candidate candidates[IX_ICE_MAX_LOCAL];
};

static void note_error(struct peer *p, int err)
{
    if (err && !p->err)
        p->err = err;
}

static void describe(struct peer *p)
{
    struct description d = { .offer = p->config.offers };
    const struct ix_candidate *c;
    d.count = ix_ice_locals(p->ice, &c);
    size_t first = p->config.trickle_last && d.count > 1 ? d.count - 1 : d.count;
    memcpy(d.ufrag, ix_ice_ufrag(p->ice), sizeof(d.ufrag));
    memcpy(d.pwd, ix_ice_pwd(p->ice), sizeof(d.pwd));
    size_t all = d.count;
    memcpy(d.candidates, c, first * sizeof(*c));
    d.count = first;
    p->described = true;
    world_tell(p->node, p->other->node, &d, sizeof(d), p->config.signalling_us);
    if (first == all)
        return;
    d.more = true;
    d.count = 1;
    d.candidates[0] = c[all - 1];
    world_tell(p->node, p->other->node, &d, sizeof(d), p->config.signalling_us + 300 * IX_MS);
}

/* host candidates only: what a restart over another interface has at once */
static int restart(struct peer *p)
{
    int err = ix_ice_restart(p->ice);
    for (size_t i = 0; !err && i < p->socket_count; i++) {
        struct ix_candidate c = { .type = IX_CAND_HOST, .addr = p->sockets[i], .base = p->sockets[i] };
        c.priority = ix_ice_priority(c.type, (uint16_t) (65535 - i));
        c.socket = (uint32_t) i + 1;
        c.foundation[0] = (char) ('a' + i);
        if (!p->retired[i])
            err = ix_ice_add_local(p->ice, &c, world_now(p->world));
    }
    return err;
}

static void tell_restart(struct peer *p, bool offer)
{
    struct description d = { .offer = offer, .restart = true };
    const struct ix_candidate *c;
    d.count = ix_ice_locals(p->ice, &c);
    memcpy(d.ufrag, ix_ice_ufrag(p->ice), sizeof(d.ufrag));
    memcpy(d.pwd, ix_ice_pwd(p->ice), sizeof(d.pwd));
    memcpy(d.candidates, c, d.count * sizeof(*c));
    world_tell(p->node, p->other->node, &d, sizeof(d), p->config.signalling_us);
}

int peer_restart(struct peer *p)
{
    int err = restart(p);
    if (!err)
        tell_restart(p, true);
    return err;
}

static void restarted(struct peer *p, const struct description *d, struct ix_now now)
{
    if (d->offer)
        note_error(p, restart(p));
    note_error(p, ix_ice_set_remote(p->ice, ix_str(d->ufrag), ix_str(d->pwd), false));
    for (size_t i = 0; i < d->count; i++)
        note_error(p, ix_ice_add_remote(p->ice, &d->candidates[i], now));
    if (d->offer)
        tell_restart(p, false);
    note_error(p, ix_ice_start(p->ice, now));
}

static void gathered(struct peer *p, struct ix_now now)
{
    size_t count;
    const struct ix_candidate *c = ix_gather_candidates(p->gather, &count);
    const struct ix_candidate *have;
    if (ix_ice_locals(p->ice, &have) == 0)
        for (size_t i = 0; i < count; i++)
            note_error(p, ix_ice_add_local(p->ice, &c[i], world_now(p->world)));
    if (p->config.offers || p->has_offer)
        describe(p);
    if (p->has_offer) /* both sides are known now */
        note_error(p, ix_ice_start(p->ice, now));
}

static void drain(void *ctx, struct ix_now now)
{
    struct peer *p = ctx;
    struct ix_ice_send send;
    struct ix_ice_out out;
    if (!p->ice)
        return;
    while (ix_gather_poll(p->gather, &send))
        world_send(p->node, &p->sockets[send.socket - 1], &send.to, send.data, send.len);
    while (ix_ice_poll(p->ice, &out)) {
        if (out.kind == IX_ICE_OUT_SEND) {
            p->requests_sent += out.send.data[0] == 0;
            world_send(p->node, &p->sockets[out.send.socket - 1], &out.send.to, out.send.data, out.send.len);
        } else if (out.kind == IX_ICE_OUT_SELECTED) {
            p->selected = out.pair;
            p->selected_count++;
        } else if (p->state_count < PEER_STATES) {
            world_note(p->world, "%s is in state %d", p->config.name, out.state);
            p->state_us[p->state_count] = now.mono_us - WORLD_START;
            p->states[p->state_count++] = out.state;
        }
    }
    if (ix_gather_done(p->gather) && !p->described)
        gathered(p, now);
}

static void message(void *ctx, struct world_node *from, const void *bytes, size_t n, struct ix_now now)
{
    struct peer *p = ctx;
    struct description d;
    (void) from;
    (void) n;
    memcpy(&d, bytes, sizeof(d));
    if (d.restart) {
        restarted(p, &d, now);
        return;
    }
    if (!d.more)
        note_error(p, ix_ice_set_remote(p->ice, ix_str(d.ufrag), ix_str(d.pwd), false));
    for (size_t i = 0; i < d.count; i++)
        note_error(p, ix_ice_add_remote(p->ice, &d.candidates[i], now));
    if (d.more)
        return;
    p->has_offer = d.offer;
    if (p->described)
        note_error(p, ix_ice_start(p->ice, now));
    else if (ix_gather_done(p->gather))
        gathered(p, now);
}

static void input(
    void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *bytes, size_t n, struct ix_now now)
{
    struct peer *p = ctx;
    uint32_t socket = 0;
    for (size_t i = 0; i < p->socket_count; i++)
        if (ix_addr_eq(&p->sockets[i], to))
            socket = (uint32_t) i + 1;
    if (!p->ice || !socket)
        return;
    if (!ix_stun_is(bytes, n)) {
        p->media++;
        p->gap_us = IX_MAX(p->gap_us, p->media_us ? now.mono_us - p->media_us : 0);
        p->media_us = now.mono_us;
        p->media_from = *from;
        p->media_to = *to;
    } else if (!ix_gather_input(p->gather, socket, from, bytes, n, now)) {
        (void) ix_ice_input(p->ice, socket, from, bytes, n, now); /* strays are part of the scenarios */
    }
}

static void timeout(void *ctx, struct ix_now now)
{
    struct peer *p = ctx;
    ix_gather_timeout(p->gather, now);
    ix_ice_timeout(p->ice, now);
}

static uint64_t deadline(void *ctx)
{
    const struct peer *p = ctx;
    return p->ice ? IX_MIN(ix_gather_deadline(p->gather), ix_ice_deadline(p->ice)) : IX_NEVER;
}

static const struct world_node_ops peer_ops = { input, message, timeout, deadline, drain };

static void begin_gathering(void *ctx, struct ix_now now)
{
    struct peer *p = ctx;
    ix_gather_start(p->gather, now);
}

void peer_init(struct peer *p, struct world *w, const struct peer_config *config)
{
    *p = (struct peer){ .config = *config, .world = w };
    p->node = world_node(w, config->name, &peer_ops, p);
}

void peer_socket(struct peer *p, struct world_net *net, const char *ip, uint16_t port, const struct world_link *link)
{
    struct ix_addr *a = &p->sockets[p->socket_count++];
    IX_ASSERT(ix_addr_parse(a, ix_str(ip), port) == 0);
    world_attach(p->node, net, a, link);
}

int peer_begin(struct peer *p)
{
    struct ix_ice_config config = { .rng = world_rng(p->world), .controlling = p->config.controlling };
    int err = ix_gather_new(&(struct ix_gather_config){ .rng = world_rng(p->world) }, &p->gather);
    if (err)
        return err;
    for (size_t i = 0; i < p->socket_count; i++)
        note_error(p, ix_gather_add_socket(p->gather, (uint32_t) i + 1, &p->sockets[i], (uint16_t) (65535 - i)));
    if (p->config.stun.family)
        note_error(p, ix_gather_add_server(p->gather, &p->config.stun));
    err = ix_ice_new(&config, &p->ice);
    if (!err)
        world_at(p->world, WORLD_START + p->config.start_us, begin_gathering, p);
    return err;
}

void peer_join(struct peer *a, struct peer *b)
{
    a->other = b;
    b->other = a;
}

void peer_clear(struct peer *p)
{
    ix_gather_free(p->gather);
    ix_ice_free(p->ice);
    p->gather = NULL;
    p->ice = NULL;
}

uint64_t peer_when(const struct peer *p, enum ix_ice_state state)
{
    for (size_t i = 0; i < p->state_count; i++)
        if (p->states[i] == state)
            return p->state_us[i];
    return IX_NEVER;
}

bool peer_was(const struct peer *p, enum ix_ice_state state)
{
    return peer_when(p, state) != IX_NEVER;
}

bool peer_settled(const struct peer *p)
{
    enum ix_ice_state state = ix_ice_state(p->ice);
    return state == IX_ICE_CONNECTED || state == IX_ICE_FAILED;
}

void peer_media(struct peer *p)
{
    static const uint8_t rtp[12] = { 0x80 };
    struct ix_ice_pair pair;
    if (ix_ice_selected(p->ice, &pair))
        world_send(p->node, &pair.local, &pair.remote, rtp, sizeof(rtp));
}

bool peer_heard(const struct peer *p, const struct peer *from)
{
    (void) from;
    return p->media > 0 && ix_addr_eq(&p->media_to, &p->selected.local) &&
           ix_addr_eq(&p->media_from, &p->selected.remote);
}

/* ---- the STUN server --------------------------------------------------------------------- */

static void serve(
    void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *bytes, size_t n, struct ix_now now)
{
    struct stun_server *s = ctx;
    struct ix_stun_msg m;
    struct ix_buf b;
    uint8_t storage[128];
    s->requests++;
    if (now.mono_us < s->silent_until_us || ix_stun_parse(&m, bytes, n) != 0 || m.cls != IX_STUN_REQUEST)
        return;
    ix_buf_init_fixed(&b, storage, sizeof(storage));
    ix_stun_begin(&b, IX_STUN_SUCCESS, m.method, m.transaction);
    ix_stun_attr_addr(&b, IX_STUN_XOR_MAPPED_ADDRESS, from, m.transaction);
    if (ix_stun_end(&b, IX_STR_NONE) == 0)
        world_send(s->node, to, from, storage, b.n);
}

void stun_server_init(struct stun_server *s, struct world *w, const char *ip, uint16_t port)
{
    *s = (struct stun_server){ 0 };
    s->node = world_node(w, "stun", &(struct world_node_ops){ .input = serve }, s);
    IX_ASSERT(ix_addr_parse(&s->addr, ix_str(ip), port) == 0);
    world_attach(s->node, world_internet(w), &s->addr, NULL);
}
