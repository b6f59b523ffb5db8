/* SPDX-License-Identifier: MIT */
/*
 * The peers of an allocation: permissions (RFC 8656 sections 9, 10), channels (12), and the data between (11, 12.5).
 * STUN goes in Send indications; the first packet of something else asks for a channel, which costs 4 bytes a packet
 * instead of 36. Nothing waits for a permission: the packet follows the request for it, checks are repeated anyway.
 */
#include "ice/turn_private.h"

#include <string.h>

#define PERMISSION_US (240 * IX_S) /* asked for again; they live for 300 s (section 9) */
#define CHANNEL_US (540 * IX_S) /* they live for 600 s (section 12) */
#define REFUSED_US (10 * IX_S) /* no room at the server (508): once more then */
#define CHANNEL_FIRST 0x4000U

static bool of_allocation(const struct ix_turn *t, const struct ix_addr *peer)
{
    return t->state != IX_TURN_READY || t->relayed[peer->family == IX_IPV6].family == peer->family;
}

static struct turn_permission *permission_of(struct ix_turn *t, const struct ix_addr *peer)
{
    for (size_t i = 0; i < t->permission_count; i++)
        if (ix_addr_same_ip(&t->permissions[i].ip, peer))
            return &t->permissions[i];
    return NULL;
}

static struct turn_permission *permit(struct ix_turn *t, const struct ix_addr *peer, uint64_t now_us)
{
    struct turn_permission *p = permission_of(t, peer);
    if (p || t->permission_count == TURN_PERMISSIONS || !of_allocation(t, peer))
        return p;
    p = &t->permissions[t->permission_count++];
    *p = (struct turn_permission){ .ip = *peer, .txn.next_us = IX_NEVER };
    if (t->state == IX_TURN_READY)
        ix_turn_txn_begin(t, &p->txn, now_us);
    return p;
}

void ix_turn_permit(struct ix_turn *t, const struct ix_addr *peer, struct ix_now now)
{
    if (t->state <= IX_TURN_READY && peer->family)
        (void) permit(t, peer, now.mono_us); /* beyond the table: the peers before have to do */
}

void ix_turn_peers_ready(struct ix_turn *t, uint64_t now_us)
{
    for (size_t i = 0; i < t->permission_count; i++)
        if (of_allocation(t, &t->permissions[i].ip))
            ix_turn_txn_begin(t, &t->permissions[i].txn, now_us);
}

void ix_turn_peers_drop(struct ix_turn *t)
{
    t->permission_count = t->channel_count = 0;
}

uint64_t ix_turn_peers_deadline(const struct ix_turn *t)
{
    uint64_t at = IX_NEVER;
    for (size_t i = 0; i < t->permission_count; i++)
        at = IX_MIN(at, t->permissions[i].txn.next_us);
    for (size_t i = 0; i < t->channel_count; i++)
        at = IX_MIN(at, t->channels[i].txn.next_us);
    return at;
}

/* ---- answers ----------------------------------------------------------------------------- */

void ix_turn_peers_answer(struct ix_turn *t, struct turn_txn *x, const struct ix_stun_msg *m, uint64_t now_us)
{
    bool good = m->cls == IX_STUN_SUCCESS;
    if (!good && m->error_code == 437) { /* the allocation is gone */
        ix_turn_fail(t, 437, IRISX_E_CONFLICT);
        return;
    }
    uint64_t again = m->error_code == 508 ? now_us + REFUSED_US : IX_NEVER; /* section 10.2 */
    x->stale = 0;
    for (size_t i = 0; i < t->permission_count; i++) {
        if (x != &t->permissions[i].txn)
            continue;
        t->permissions[i].granted = good;
        t->permissions[i].refused = !good; /* 403, 443 */
        again = good ? now_us + PERMISSION_US : again;
    }
    for (size_t i = 0; i < t->channel_count; i++) {
        if (x != &t->channels[i].txn)
            continue;
        t->channels[i].bound = good;
        t->channels[i].refused = !good;
        again = good ? now_us + CHANNEL_US : again;
    }
    ix_turn_txn_end(x, again);
}

/* ---- data -------------------------------------------------------------------------------- */

static struct turn_channel *channel_for(struct ix_turn *t, const struct ix_addr *peer, bool wanted, uint64_t now_us)
{
    for (size_t i = 0; i < t->channel_count; i++)
        if (ix_addr_eq(&t->channels[i].peer, peer))
            return &t->channels[i];
    if (!wanted || t->channel_count == TURN_CHANNELS) /* section 12: a number is not given to another peer */
        return NULL;
    struct turn_channel *c = &t->channels[t->channel_count++];
    *c = (struct turn_channel){ .peer = *peer };
    ix_turn_txn_begin(t, &c->txn, now_us);
    return c;
}

static void indication(struct ix_turn *t, struct ix_buf *b, const struct ix_addr *peer, const void *p, size_t n)
{
    uint8_t id[12];
    ix_rng_fill(t->config.rng, id, sizeof(id));
    ix_stun_begin(b, IX_STUN_INDICATION, IX_STUN_SEND, id);
    ix_stun_attr_addr(b, IX_STUN_XOR_PEER_ADDRESS, peer, id);
    ix_stun_attr(b, IX_STUN_DATA_VALUE, p, n);
    b->p[2] = (uint8_t) ((b->n - 20) >> 8);
    b->p[3] = (uint8_t) (b->n - 20);
}

static void channel_data(const struct ix_turn *t, struct ix_buf *b, size_t channel, const void *p, size_t n)
{
    static const uint8_t zeros[4];
    ix_buf_u16(b, (uint16_t) (CHANNEL_FIRST + channel));
    ix_buf_u16(b, (uint16_t) n);
    ix_buf_put(b, p, n);
    if (ix_turn_is_stream(t)) /* section 12.5: padded over a stream */
        ix_buf_put(b, zeros, (4 - n % 4) % 4);
}

int ix_turn_wrap(
    struct ix_turn *t, const struct ix_addr *peer, const void *p, size_t n, struct ix_bytes *out, struct ix_now now)
{
    struct ix_buf b;
    if (t->state != IX_TURN_READY)
        return IRISX_E_STATE;
    if (n > TURN_DATA_MAX)
        return IRISX_E_TOO_LARGE;
    struct turn_permission *permission = permit(t, peer, now.mono_us);
    if (!permission || (permission->refused && !permission->txn.live))
        return permission ? IRISX_E_FORBIDDEN : IRISX_E_LIMIT;
    struct turn_channel *c = channel_for(t, peer, !ix_stun_is(p, n), now.mono_us);
    ix_buf_init_fixed(&b, t->packet, sizeof(t->packet));
    if (c && c->bound)
        channel_data(t, &b, (size_t) (c - t->channels), p, n);
    else
        indication(t, &b, peer, p, n);
    *out = (struct ix_bytes){ t->packet, b.n };
    return b.err;
}

bool ix_turn_peers_data(struct ix_turn *t, const void *p, size_t n, struct ix_turn_data *data)
{
    struct ix_reader r = ix_reader(p, n);
    size_t channel = ix_read_u16(&r) - (size_t) CHANNEL_FIRST;
    size_t len = ix_read_u16(&r);
    const uint8_t *bytes = ix_read_bytes(&r, len);
    if (!bytes || channel >= t->channel_count || t->state != IX_TURN_READY)
        return false;
    *data = (struct ix_turn_data){ t->channels[channel].peer, bytes, len };
    return true;
}
