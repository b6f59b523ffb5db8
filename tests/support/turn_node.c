/* SPDX-License-Identifier: MIT */
/* See turn_node.h. */
#include "turn_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS 64
#define PEERS 32

struct session {
    bool used;
    struct ix_addr client; /* UDP */
    struct world_node *stream; /* or this, with the number of its stream as client.scope */
    struct ix_addr relay[2];
    uint64_t expires_us;
    struct {
        struct ix_addr ip;
        uint64_t until_us;
    } permissions[PEERS];
    size_t permission_count;
    struct {
        struct ix_addr peer;
        uint16_t number;
        uint64_t until_us;
    } channels[PEERS];
    size_t channel_count;
};

struct turn_node {
    struct turn_node_options o;
    struct world *world;
    struct world_node *node;
    struct world_net *net;
    struct ix_addr addr;
    struct session sessions[SESSIONS];
    uint16_t next_port;
    uint64_t nonce_from_us;
    unsigned nonce;
    size_t requests[16], relayed[2];
};

/* ---- to the client ----------------------------------------------------------------------- */
static void to_client(
    struct turn_node *s, const struct ix_addr *client, struct world_node *stream, const void *p, size_t n)
{
    const uint8_t *bytes = p;
    if (!stream) {
        world_send(s->node, &s->addr, client, p, n);
        return;
    }
    while (n) { /* a stream comes in pieces */
        uint8_t message[4 + 2100];
        size_t piece = 1 + world_pick(s->world, (uint32_t) n);
        memcpy(message, &client->scope, 4);
        memcpy(message + 4, bytes, piece);
        world_tell(s->node, stream, message, piece + 4, 5 * IX_MS);
        bytes += piece;
        n -= piece;
    }
}

static void attr_u32(struct ix_buf *b, uint16_t type, uint32_t v)
{
    uint8_t value[4] = { (uint8_t) (v >> 24), (uint8_t) (v >> 16), (uint8_t) (v >> 8), (uint8_t) v };
    ix_stun_attr(b, type, value, 4);
}

static void key_of(const struct turn_node *s, uint8_t key[16])
{
    char text[128];
    int n = snprintf(text, sizeof text, "%s:sim.test:%s", s->o.user, s->o.password);
    if (ix_digest(IX_MD5, &(struct ix_bytes){ text, (size_t) n }, 1, key))
        abort();
}

struct request {
    struct ix_stun_msg m;
    struct ix_addr from;
    struct world_node *stream;
    struct ix_now now;
};

static void answer(struct turn_node *s, const struct request *r, struct ix_buf *b, bool with_key)
{
    uint8_t key[16];
    key_of(s, key);
    if (ix_stun_end(b, with_key ? ix_str_n(key, 16) : IX_STR_NONE) == 0)
        to_client(s, &r->from, r->stream, b->p, b->n);
}

static void refuse(struct turn_node *s, const struct request *r, uint16_t code, bool authentic)
{
    uint8_t storage[256];
    struct ix_buf b;
    char nonce[32];
    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_stun_begin(&b, IX_STUN_ERROR, r->m.method, r->m.transaction);
    ix_stun_attr_error(&b, code, "no");
    if (code == 401 || code == 438) {
        (void) snprintf(nonce, sizeof nonce, "nonce-%u", s->nonce);
        ix_stun_attr(&b, IX_STUN_REALM, "sim.test", 8);
        ix_stun_attr(&b, IX_STUN_NONCE, nonce, strlen(nonce));
    }
    if (code == 300)
        ix_stun_attr_addr(&b, IX_STUN_ALTERNATE_SERVER, &s->o.alternate, r->m.transaction);
    answer(s, r, &b, authentic);
}

/* ---- requests ---------------------------------------------------------------------------- */
static uint16_t check(struct turn_node *s, const struct request *r)
{
    uint8_t key[16];
    char nonce[32];
    key_of(s, key);
    if (s->o.nonce_us && r->now.mono_us >= s->nonce_from_us + s->o.nonce_us) {
        s->nonce++;
        s->nonce_from_us = r->now.mono_us;
    }
    (void) snprintf(nonce, sizeof nonce, "nonce-%u", s->nonce);
    if (!r->m.has_integrity)
        return 401;
    if (!ix_str_eq(r->m.nonce, ix_str(nonce)))
        return 438;
    bool right = ix_str_eq(r->m.username, ix_str(s->o.user)) && ix_str_eq(r->m.realm, IX_STR("sim.test"));
    return right && ix_stun_check_integrity(&r->m, ix_str_n(key, 16)) ? 0 : 401;
}

static struct session *session_of(
    struct turn_node *s, const struct ix_addr *from, const struct world_node *stream, uint64_t now_us)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        struct session *x = &s->sessions[i];
        if (x->used && now_us >= x->expires_us)
            x->used = false;
        if (x->used && x->stream == stream && ix_addr_eq(&x->client, from))
            return x;
    }
    return NULL;
}

static bool wants(const struct request *r, uint16_t attribute)
{
    for (size_t at = 20; at + 4 <= r->m.len;) {
        unsigned type = (unsigned) r->m.data[at] << 8 | r->m.data[at + 1],
                 len = (unsigned) r->m.data[at + 2] << 8 | r->m.data[at + 3];
        if (type == attribute)
            return true;
        at += 4 + (len + 3) / 4 * 4;
    }
    return false;
}

static void relay_open(struct turn_node *s, struct session *x, size_t family, const char *ip)
{
    if (ix_addr_parse(&x->relay[family], ix_str(ip), ++s->next_port))
        abort();
    world_attach(s->node, s->net, &x->relay[family], NULL);
}

static void session_close(struct turn_node *s, struct session *x)
{
    for (size_t i = 0; i < 2; i++)
        if (x->relay[i].family)
            world_detach(s->node, &x->relay[i]);
    memset(x, 0, sizeof *x);
}

static void reply(struct turn_node *s, const struct request *r, const struct session *x, uint32_t lifetime)
{
    uint8_t storage[256];
    struct ix_buf b;
    struct ix_addr seen = r->from;
    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_stun_begin(&b, IX_STUN_SUCCESS, r->m.method, r->m.transaction);
    for (size_t i = 0; x && i < 2; i++)
        if (x->relay[i].family)
            ix_stun_attr_addr(&b, IX_STUN_XOR_RELAYED_ADDRESS, &x->relay[i], r->m.transaction);
    if (x)
        ix_stun_attr_addr(&b, IX_STUN_XOR_MAPPED_ADDRESS, &seen, r->m.transaction);
    if (r->m.method <= IX_STUN_REFRESH)
        attr_u32(&b, IX_STUN_LIFETIME, lifetime);
    answer(s, r, &b, true);
}

static void allocate(struct turn_node *s, const struct request *r)
{
    struct session *x = session_of(s, &r->from, r->stream, r->now.mono_us);
    if (x) {
        refuse(s, r, 437, true);
        return;
    }
    for (size_t i = 0; i < SESSIONS && !x; i++)
        x = s->sessions[i].used ? NULL : &s->sessions[i];
    if (!x || !wants(r, IX_STUN_REQUESTED_TRANSPORT)) {
        refuse(s, r, x ? 400 : 508, true);
        return;
    }
    session_close(s, x);
    *x = (struct session){ .used = true, .client = r->from, .stream = r->stream };
    x->expires_us = r->now.mono_us + s->o.lifetime_s * IX_S;
    if (!wants(r, IX_STUN_REQUESTED_ADDRESS_FAMILY))
        relay_open(s, x, 0, s->o.ip);
    if (s->o.ip6 && (wants(r, IX_STUN_ADDITIONAL_ADDRESS_FAMILY) || wants(r, IX_STUN_REQUESTED_ADDRESS_FAMILY)))
        relay_open(s, x, 1, s->o.ip6);
    reply(s, r, x, s->o.lifetime_s);
}

static void refresh(struct turn_node *s, const struct request *r, struct session *x)
{
    if (r->m.has_lifetime && r->m.lifetime_s == 0)
        session_close(s, x);
    else
        x->expires_us = r->now.mono_us + s->o.lifetime_s * IX_S;
    reply(s, r, NULL, r->m.has_lifetime && r->m.lifetime_s == 0 ? 0 : s->o.lifetime_s);
}

static void permit(struct session *x, const struct ix_addr *peer, uint64_t now_us)
{
    size_t i = 0;
    while (i < x->permission_count && !ix_addr_same_ip(&x->permissions[i].ip, peer))
        i++;
    if (i == PEERS)
        abort();
    x->permissions[i].ip = *peer;
    x->permissions[i].until_us = now_us + 300 * IX_S;
    x->permission_count = IX_MAX(x->permission_count, i + 1);
}

static bool permitted(const struct session *x, const struct ix_addr *peer, uint64_t now_us)
{
    for (size_t i = 0; i < x->permission_count; i++)
        if (ix_addr_same_ip(&x->permissions[i].ip, peer) && now_us < x->permissions[i].until_us)
            return true;
    return false;
}

static uint16_t channel_number(const struct request *r)
{
    for (size_t at = 20; at + 8 <= r->m.len;) {
        unsigned type = (unsigned) r->m.data[at] << 8 | r->m.data[at + 1],
                 len = (unsigned) r->m.data[at + 2] << 8 | r->m.data[at + 3];
        if (type == IX_STUN_CHANNEL_NUMBER)
            return (uint16_t) ((unsigned) r->m.data[at + 4] << 8 | r->m.data[at + 5]);
        at += 4 + (len + 3) / 4 * 4;
    }
    return 0;
}

static void bind_channel(struct turn_node *s, const struct request *r, struct session *x)
{
    uint16_t number = channel_number(r);
    size_t i = 0;
    while (i < x->channel_count && x->channels[i].number != number)
        i++;
    bool other = i < x->channel_count && !ix_addr_eq(&x->channels[i].peer, &r->m.xor_peer);
    if (number < 0x4000 || number > 0x4FFF || other || i == PEERS) {
        refuse(s, r, 400, true);
        return;
    }
    x->channels[i].number = number;
    x->channels[i].peer = r->m.xor_peer;
    x->channels[i].until_us = r->now.mono_us + 600 * IX_S;
    x->channel_count = IX_MAX(x->channel_count, i + 1);
    permit(x, &r->m.xor_peer, r->now.mono_us);
    reply(s, r, NULL, 0);
}

static void with_allocation(struct turn_node *s, const struct request *r)
{
    struct session *x = session_of(s, &r->from, r->stream, r->now.mono_us);
    if (!x) {
        refuse(s, r, 437, true);
    } else if (r->m.method == IX_STUN_REFRESH) {
        refresh(s, r, x);
    } else if (!r->m.xor_peer.family || x->relay[r->m.xor_peer.family == IX_IPV6].family == 0) {
        refuse(s, r, r->m.xor_peer.family ? 443 : 400, true);
    } else if (r->m.method == IX_STUN_CREATE_PERMISSION) {
        if (s->o.refuse_permission) {
            refuse(s, r, s->o.refuse_permission, true);
            return;
        }
        permit(x, &r->m.xor_peer, r->now.mono_us);
        reply(s, r, NULL, 0);
    } else if (s->o.refuse_channel) {
        refuse(s, r, s->o.refuse_channel, true);
    } else {
        bind_channel(s, r, x);
    }
}

static void request(struct turn_node *s, const struct request *r)
{
    uint16_t code;
    s->requests[r->m.method & 15]++;
    if (r->m.method == IX_STUN_ALLOCATE && s->o.alternate.family) {
        refuse(s, r, 300, false);
        return;
    }
    code = check(s, r);
    if (code) {
        refuse(s, r, code, false);
    } else if (r->m.method == IX_STUN_ALLOCATE) {
        if (s->o.refuse)
            refuse(s, r, s->o.refuse, true);
        else
            allocate(s, r);
    } else {
        with_allocation(s, r);
    }
}

/* ---- data -------------------------------------------------------------------------------- */
static void out(struct turn_node *s, struct session *x, const struct ix_addr *peer, const void *p, size_t n,
    bool channel, struct ix_now now)
{
    const struct ix_addr *from = &x->relay[peer->family == IX_IPV6];
    if (!permitted(x, peer, now.mono_us) || !from->family)
        return;
    s->relayed[channel]++;
    world_send(s->node, from, peer, p, n);
}

static void packet(struct turn_node *s, const struct ix_addr *from, struct world_node *stream, const uint8_t *p,
    size_t n, struct ix_now now)
{
    struct request r = { .from = *from, .stream = stream, .now = now };
    struct session *x = session_of(s, from, stream, now.mono_us);
    if (s->o.silent)
        return;
    if (n >= 4 && (p[0] & 0xF0) == 0x40) {
        size_t len = (size_t) p[2] << 8 | p[3];
        for (size_t i = 0; x && i < x->channel_count && len + 4 <= n; i++)
            if (x->channels[i].number == ((unsigned) p[0] << 8 | p[1]) && now.mono_us < x->channels[i].until_us)
                out(s, x, &x->channels[i].peer, p + 4, len, true, now);
        return;
    }
    if (ix_stun_parse(&r.m, p, n) != 0)
        return;
    if (r.m.cls == IX_STUN_INDICATION && r.m.method == IX_STUN_SEND && x && r.m.relayed.p)
        out(s, x, &r.m.xor_peer, r.m.relayed.p, r.m.relayed.n, false, now);
    else if (r.m.cls == IX_STUN_REQUEST && r.m.method == IX_STUN_BINDING)
        reply(s, &r, &(struct session){ .used = false }, 0);
    else if (r.m.cls == IX_STUN_REQUEST)
        request(s, &r);
}

static void from_peer(
    struct turn_node *s, struct session *x, const struct ix_addr *peer, const void *p, size_t n, struct ix_now now)
{
    uint8_t storage[2200];
    uint8_t id[12] = { 1 };
    static const uint8_t zeros[4];
    struct ix_buf b;
    if (!permitted(x, peer, now.mono_us) || now.mono_us >= x->expires_us || n > 2000)
        return;
    ix_buf_init_fixed(&b, storage, sizeof storage);
    for (size_t i = 0; i < x->channel_count; i++) {
        if (!ix_addr_eq(&x->channels[i].peer, peer) || now.mono_us >= x->channels[i].until_us)
            continue;
        ix_buf_u16(&b, x->channels[i].number);
        ix_buf_u16(&b, (uint16_t) n);
        ix_buf_put(&b, p, n);
        if (x->stream)
            ix_buf_put(&b, zeros, (4 - n % 4) % 4);
        to_client(s, &x->client, x->stream, b.p, b.n);
        return;
    }
    ix_stun_begin(&b, IX_STUN_INDICATION, IX_STUN_DATA, id);
    ix_stun_attr_addr(&b, IX_STUN_XOR_PEER_ADDRESS, peer, id);
    ix_stun_attr(&b, IX_STUN_DATA_VALUE, p, n);
    b.p[2] = (uint8_t) ((b.n - 20) >> 8);
    b.p[3] = (uint8_t) (b.n - 20);
    to_client(s, &x->client, x->stream, b.p, b.n);
}

static void input(
    void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *p, size_t n, struct ix_now now)
{
    struct turn_node *s = ctx;
    if (ix_addr_eq(to, &s->addr)) {
        packet(s, from, NULL, p, n, now);
        return;
    }
    for (size_t i = 0; i < SESSIONS; i++)
        for (size_t k = 0; k < 2; k++)
            if (s->sessions[i].used && ix_addr_eq(&s->sessions[i].relay[k], to))
                from_peer(s, &s->sessions[i], from, p, n, now);
}

static void message(void *ctx, struct world_node *from, const void *p, size_t n, struct ix_now now)
{
    struct ix_addr nobody = { .family = IX_IPV4, .port = 9, .ip = { 192, 0, 2, 254 } };
    memcpy(&nobody.scope, p, 4);
    packet(ctx, &nobody, from, (const uint8_t *) p + 4, n - 4, now);
}

/* ---- life -------------------------------------------------------------------------------- */
struct turn_node *turn_node_new(struct world *w, struct world_net *net, const struct turn_node_options *o)
{
    static const struct world_node_ops ops = { .input = input, .message = message };
    struct turn_node *s = calloc(1, sizeof *s);
    if (!s || ix_addr_parse(&s->addr, ix_str(o->ip), 3478))
        abort();
    s->o = *o;
    s->o.user = o->user ? o->user : "user";
    s->o.password = o->password ? o->password : "secret";
    s->o.lifetime_s = o->lifetime_s ? o->lifetime_s : 600;
    s->world = w;
    s->net = net;
    s->next_port = 49152;
    s->nonce_from_us = world_now(w).mono_us;
    s->node = world_node(w, "turn", &ops, s);
    world_attach(s->node, net, &s->addr, &(struct world_link){ .delay_us = 5 * IX_MS });
    return s;
}

void turn_node_free(struct turn_node *s)
{
    free(s);
}

struct ix_addr turn_node_addr(const struct turn_node *s)
{
    return s->addr;
}

struct world_node *turn_node_world(struct turn_node *s)
{
    return s->node;
}

struct turn_node_options *turn_node_set(struct turn_node *s)
{
    return &s->o;
}

void turn_node_forget(struct turn_node *s)
{
    for (size_t i = 0; i < SESSIONS; i++)
        session_close(s, &s->sessions[i]);
}

size_t turn_node_live(const struct turn_node *s)
{
    uint64_t now = world_now(s->world).mono_us;
    size_t n = 0;
    for (size_t i = 0; i < SESSIONS; i++)
        n += s->sessions[i].used && now < s->sessions[i].expires_us;
    return n;
}

size_t turn_node_requests(const struct turn_node *s, uint16_t method)
{
    return s->requests[method & 15];
}

size_t turn_node_relayed(const struct turn_node *s, bool by_channel)
{
    return s->relayed[by_channel];
}
