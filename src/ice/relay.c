/* SPDX-License-Identifier: MIT */
/*
 * Relay candidates, RFC 8445 section 5.1.1.2: the gatherer's allocations at TURN servers. UDP servers are asked first,
 * then TCP, then TLS, one more every 250 ms until one has given an address; when that one is lost the next is asked.
 */
#include "ice/gather_private.h"

#include <string.h>

#define STAGGER_US (250 * IX_MS)
#define AGAIN_US (100 * IX_MS) /* after a relay was lost */
#define MISMATCHES 3 /* sockets tried with a server that says 437: RFC 8656 section 7.4 */
#define RELAY_PREFERENCE 32000

int ix_gather_add_turn(struct ix_gather *g, const struct ix_turn_server *server)
{
    if (g->started || !g->config.relay_ids)
        return IRISX_E_STATE;
    if (!ix_ice_addr_usable(&server->addr))
        return IRISX_E_INVALID;
    if (g->relay_count == IX_GATHER_MAX_TURN)
        return IRISX_E_LIMIT;
    if (!g->relays)
        g->relays = ix_alloc_array(IX_GATHER_MAX_TURN, sizeof(*g->relays));
    if (!g->relays)
        return IRISX_E_NO_MEMORY;
    size_t at = g->relay_count++; /* in order of transport, then as given */
    for (; at > 0 && g->relays[at - 1].server.transport > server->transport; at--)
        g->relays[at] = g->relays[at - 1];
    g->relays[at] = (struct gather_relay){ .server = *server };
    return 0;
}

void ix_gather_relays_free(struct ix_gather *g)
{
    for (size_t i = 0; i < g->relay_count; i++)
        ix_turn_free(g->relays[i].turn);
    if (g->relays)
        ix_wipe(g->relays, IX_GATHER_MAX_TURN * sizeof(*g->relays)); /* passwords */
    ix_free(g->relays);
}

/* ---- asking ------------------------------------------------------------------------------ */

/* the socket that UDP to this server leaves from: the tries-th that may reach it */
static bool choose_socket(const struct ix_gather *g, struct gather_relay *r)
{
    size_t skip = r->tries;
    for (size_t i = 0; i < g->socket_count; i++) {
        if (!ix_ice_may_pair(&g->sockets[i].addr, &r->server.addr) || skip-- > 0)
            continue;
        r->socket = (uint8_t) i;
        return true;
    }
    return r->server.transport != IX_TURN_UDP;
}

static bool any_v6(const struct ix_gather *g)
{
    for (size_t i = 0; i < g->socket_count; i++)
        if (g->sockets[i].addr.family == IX_IPV6 && !ix_addr_is_loopback(&g->sockets[i].addr))
            return true;
    return false;
}

static void note_failure(struct ix_gather *g, uint16_t code, int err)
{
    g->relay_code = code;
    g->relay_err = err;
}

static bool ask(struct ix_gather *g, struct gather_relay *r, struct ix_now now)
{
    struct ix_turn_config config = { .rng = g->config.rng, .log = g->config.log, .server = r->server, .v6 = any_v6(g) };
    if (!choose_socket(g, r))
        return false;
    int err = ix_turn_new(&config, &r->turn);
    ix_wipe(&config, sizeof(config));
    if (err) {
        note_failure(g, 0, err);
        return false;
    }
    r->id = g->config.relay_ids + 2 * (g->relay_ids_used++ % RELAY_IDS);
    r->seen = IX_TURN_NEW;
    ix_turn_start(r->turn, now);
    return true;
}

static bool any_ready(const struct ix_gather *g)
{
    for (size_t i = 0; i < g->relay_count; i++)
        if (g->relays[i].turn && ix_turn_state(g->relays[i].turn) == IX_TURN_READY)
            return true;
    return false;
}

static bool any_asking(const struct ix_gather *g)
{
    for (size_t i = 0; i < g->relay_count; i++)
        if (g->relays[i].turn && ix_turn_state(g->relays[i].turn) < IX_TURN_READY)
            return true;
    return false;
}

void ix_gather_relays_start(struct ix_gather *g, uint64_t now_us)
{
    g->next_relay_us = g->relay_count ? now_us : IX_NEVER;
}

bool ix_gather_relays_pending(const struct ix_gather *g)
{
    return g->relay_count && !g->relays_late && !any_ready(g) && (g->next_relay_us != IX_NEVER || any_asking(g));
}

static void ask_next(struct ix_gather *g, struct ix_now now)
{
    g->next_relay_us = IX_NEVER;
    if (any_ready(g) || g->closing)
        return;
    while (g->next_relay < g->relay_count && !ask(g, &g->relays[g->next_relay], now))
        g->next_relay++;
    if (g->next_relay < g->relay_count && ++g->next_relay < g->relay_count)
        g->next_relay_us = now.mono_us + STAGGER_US;
}

/* ---- what became of it ------------------------------------------------------------------- */

static void lost(struct ix_gather *g, struct gather_relay *r, struct ix_now now)
{
    int err;
    bool was_ready = r->seen == IX_TURN_READY;
    uint16_t code = ix_turn_failure(r->turn, &err);
    note_failure(g, code, err);
    ix_turn_free(r->turn);
    r->turn = NULL;
    r->dead_stream = r->server.transport == IX_TURN_UDP ? 0 : r->id;
    if (code == 437 && !was_ready && r->server.transport == IX_TURN_UDP && ++r->tries < MISMATCHES && ask(g, r, now))
        return;
    if (was_ready) { /* all of them once more, this one too: its server may have restarted */
        g->next_relay = 0;
        g->next_relay_us = now.mono_us + AGAIN_US;
        ix_gather_rebuild(g);
    } else if (g->next_relay < g->relay_count) {
        g->next_relay_us = now.mono_us; /* the next one need not wait */
    }
}

static void watch(struct ix_gather *g, struct ix_now now)
{
    for (size_t i = 0; i < g->relay_count; i++) {
        struct gather_relay *r = &g->relays[i];
        enum ix_turn_state state = r->turn ? ix_turn_state(r->turn) : IX_TURN_NEW;
        if (!r->turn || state == r->seen)
            continue;
        if (state == IX_TURN_FAILED && !g->closing) {
            lost(g, r, now);
            continue;
        }
        r->seen = state;
        if (state == IX_TURN_READY)
            ix_gather_rebuild(g);
    }
}

static void add(struct ix_gather *g, const struct gather_relay *r, enum ix_family family, uint16_t preference)
{
    struct gather_socket s = { .id = r->id + (family == IX_IPV6), .preference = preference };
    if (!ix_turn_relayed(r->turn, family, &s.addr))
        return;
    ix_gather_add_candidate(g, &s, IX_CAND_RELAY, &s.addr, &r->server.addr);
}

void ix_gather_relay_candidates(struct ix_gather *g)
{
    for (size_t i = 0; i < g->relay_count; i++) {
        const struct gather_relay *r = &g->relays[i];
        struct ix_addr mapped;
        if (!r->turn)
            continue;
        if (r->server.transport == IX_TURN_UDP && ix_turn_mapped(r->turn, &mapped) && ix_ice_addr_usable(&mapped) &&
            mapped.family == g->sockets[r->socket].addr.family)
            ix_gather_add_candidate(g, &g->sockets[r->socket], IX_CAND_SRFLX, &mapped, &r->server.addr);
        add(g, r, IX_IPV6, (uint16_t) (RELAY_PREFERENCE + 1 - 4 * i)); /* RFC 8421: v6 a little before v4 */
        add(g, r, IX_IPV4, (uint16_t) (RELAY_PREFERENCE - 4 * i));
    }
}

/* ---- verbs ------------------------------------------------------------------------------- */

void ix_gather_relays_timeout(struct ix_gather *g, struct ix_now now)
{
    if (g->started && now.mono_us >= g->give_up_us)
        g->relays_late = true;
    if (now.mono_us >= g->next_relay_us)
        ask_next(g, now);
    for (size_t i = 0; i < g->relay_count; i++)
        if (g->relays[i].turn && now.mono_us >= ix_turn_deadline(g->relays[i].turn))
            ix_turn_timeout(g->relays[i].turn, now);
    watch(g, now);
}

uint64_t ix_gather_relays_deadline(const struct ix_gather *g)
{
    uint64_t at = g->closing ? IX_NEVER : g->next_relay_us;
    if (ix_gather_relays_pending(g) && !g->closing)
        at = IX_MIN(at, g->give_up_us);
    for (size_t i = 0; i < g->relay_count; i++)
        if (g->relays[i].turn)
            at = IX_MIN(at, ix_turn_deadline(g->relays[i].turn));
    return at;
}

static bool poll_one(struct ix_gather *g, struct gather_relay *r, struct ix_ice_send *out)
{
    struct ix_turn_out o;
    if (r->dead_stream) { /* of an allocation before; closed already, perhaps */
        *out = (struct ix_ice_send){ .kind = IX_ICE_STREAM_CLOSE, .socket = r->dead_stream };
        r->dead_stream = 0;
        return true;
    }
    if (!r->turn || !ix_turn_poll(r->turn, &o))
        return false;
    bool stream = r->server.transport != IX_TURN_UDP;
    *out = (struct ix_ice_send){ .socket = stream ? r->id : g->sockets[r->socket].id,
        .to = o.server,
        .data = o.data,
        .len = o.len,
        .tls = r->server.transport == IX_TURN_TLS,
        .host = r->server.host };
    switch (o.kind) {
    case IX_TURN_OUT_SEND:
        out->kind = stream ? IX_ICE_STREAM_DATA : IX_ICE_DATAGRAM;
        break;
    case IX_TURN_OUT_CONNECT:
        out->kind = IX_ICE_STREAM_OPEN;
        break;
    case IX_TURN_OUT_DISCONNECT:
        out->kind = IX_ICE_STREAM_CLOSE;
        break;
    }
    return true;
}

bool ix_gather_relays_poll(struct ix_gather *g, struct ix_ice_send *out)
{
    for (size_t i = 0; i < g->relay_count; i++)
        if (poll_one(g, &g->relays[i], out))
            return true;
    return false;
}

/* ---- packets ----------------------------------------------------------------------------- */

static void hand_out(const struct gather_relay *r, const struct ix_turn_data *d, struct ix_ice_received *out)
{
    *out = (struct ix_ice_received){
        .socket = r->id + (d->peer.family == IX_IPV6), .from = d->peer, .data = d->data, .len = d->len
    };
}

bool ix_gather_turn_input(struct ix_gather *g, uint32_t socket, const struct ix_addr *from, const void *p, size_t n,
    struct ix_ice_received *out, struct ix_now now)
{
    *out = (struct ix_ice_received){ 0 };
    for (size_t i = 0; i < g->relay_count; i++) {
        struct gather_relay *r = &g->relays[i];
        struct ix_turn_data d;
        struct ix_addr server;
        if (!r->turn || r->server.transport != IX_TURN_UDP || g->sockets[r->socket].id != socket)
            continue;
        ix_turn_server_addr(r->turn, &server);
        if (!ix_ice_same_peer(&server, from) || !ix_turn_input(r->turn, p, n, &d, now))
            continue;
        if (d.len)
            hand_out(r, &d, out);
        watch(g, now);
        return true;
    }
    return false;
}

static struct gather_relay *stream_of(struct ix_gather *g, uint32_t stream)
{
    for (size_t i = 0; i < g->relay_count; i++)
        if (g->relays[i].turn && g->relays[i].id == (stream & ~UINT32_C(1)))
            return &g->relays[i];
    return NULL;
}

void ix_gather_stream_opened(struct ix_gather *g, uint32_t stream, struct ix_now now)
{
    struct gather_relay *r = stream_of(g, stream);
    if (r)
        ix_turn_connected(r->turn, now);
}

void ix_gather_stream_closed(struct ix_gather *g, uint32_t stream, int err, struct ix_now now)
{
    struct gather_relay *r = stream_of(g, stream);
    if (!r)
        return;
    ix_turn_disconnected(r->turn, err, now);
    watch(g, now);
}

void ix_gather_stream_input(struct ix_gather *g, uint32_t stream, const void *p, size_t n, struct ix_now now)
{
    struct gather_relay *r = stream_of(g, stream);
    if (r)
        ix_turn_stream(r->turn, p, n, now);
}

bool ix_gather_stream_next(struct ix_gather *g, uint32_t stream, struct ix_ice_received *out, struct ix_now now)
{
    struct gather_relay *r = stream_of(g, stream);
    struct ix_turn_data d;
    *out = (struct ix_ice_received){ 0 };
    if (!r)
        return false;
    bool more = ix_turn_next(r->turn, &d, now);
    if (more && d.len)
        hand_out(r, &d, out);
    watch(g, now);
    return more;
}

int ix_gather_relay(struct ix_gather *g, uint32_t socket, const struct ix_addr *to, const void *p, size_t n,
    struct ix_ice_send *out, struct ix_now now)
{
    struct gather_relay *r = stream_of(g, socket);
    struct ix_bytes bytes;
    if (!r)
        return IRISX_E_NOT_FOUND;
    int err = ix_turn_wrap(r->turn, to, p, n, &bytes, now);
    if (err)
        return err;
    bool stream = r->server.transport != IX_TURN_UDP;
    *out = (struct ix_ice_send){ .kind = stream ? IX_ICE_STREAM_DATA : IX_ICE_DATAGRAM,
        .socket = stream ? r->id : g->sockets[r->socket].id,
        .data = bytes.p,
        .len = bytes.n };
    ix_turn_server_addr(r->turn, &out->to);
    return 0;
}

void ix_gather_permit(struct ix_gather *g, const struct ix_addr *peer, struct ix_now now)
{
    for (size_t i = 0; i < g->relay_count; i++)
        if (g->relays[i].turn)
            ix_turn_permit(g->relays[i].turn, peer, now);
}

void ix_gather_check(struct ix_gather *g, struct ix_now now)
{
    for (size_t i = 0; i < g->relay_count; i++)
        if (g->relays[i].turn)
            ix_turn_check(g->relays[i].turn, now);
}

void ix_gather_close(struct ix_gather *g, struct ix_now now)
{
    g->closing = true;
    for (size_t i = 0; i < g->relay_count; i++)
        if (g->relays[i].turn)
            ix_turn_close(g->relays[i].turn, now);
}

bool ix_gather_closed(const struct ix_gather *g)
{
    for (size_t i = 0; i < g->relay_count; i++)
        if (g->relays[i].turn && ix_turn_state(g->relays[i].turn) < IX_TURN_CLOSED)
            return false;
    return g->closing;
}

uint16_t ix_gather_relay_failure(const struct ix_gather *g, int *err)
{
    if (err)
        *err = g->relay_err;
    return g->relay_code;
}
