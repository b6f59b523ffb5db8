/* SPDX-License-Identifier: MIT */
/*
 * Gathering, RFC 8445 section 5.1.1: every socket's own address is a host candidate; every socket asks every STUN
 * server of its family (RFC 8489 section 6.2.1) what address it is seen with. Afterwards the questions are repeated now
 * and then, so that a line that waits for a call keeps its NAT bindings (RFC 8445 section 5.1.1.4).
 *
 *   query: PLANNED --pace--> ASKING --answer or silence--> RESTING --refresh--> ASKING
 */
#include "ice/gather_private.h"

#include <string.h>

#define PACE_US (5 * IX_MS) /* between new queries: RFC 8445 section 14.2, not below 5 ms */
#define RTO_US (100 * IX_MS) /* doubles; README.md */
#define SENDS 7 /* Rc of RFC 8489 section 6.2.1: 0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3 s */
#define TIMEOUT_MS 1500
#define REFRESH_MS 20000 /* NAT bindings live for 30 s and more; RFC 4787 asks for 2 minutes */

int ix_gather_new(const struct ix_gather_config *config, struct ix_gather **out)
{
    struct ix_gather *g = ix_alloc(sizeof(*g));
    if (!g)
        return IRISX_E_NO_MEMORY;
    g->config = *config;
    g->config.timeout_ms = config->timeout_ms ? config->timeout_ms : TIMEOUT_MS;
    g->config.refresh_ms = config->refresh_ms ? config->refresh_ms : REFRESH_MS;
    g->next_relay_us = IX_NEVER;
    *out = g;
    return 0;
}

void ix_gather_free(struct ix_gather *g)
{
    if (!g)
        return;
    ix_gather_relays_free(g);
    ix_free(g);
}

/* ---- candidates -------------------------------------------------------------------------- */

void ix_gather_add_candidate(struct ix_gather *g, const struct gather_socket *s, enum ix_candidate_type type,
    const struct ix_addr *addr, const struct ix_addr *server)
{
    struct ix_candidate c = { .type = type, .addr = *addr, .base = s->addr, .socket = s->id };
    if (g->candidate_count == IX_ICE_MAX_LOCAL)
        return;
    for (size_t i = 0; i < g->candidate_count; i++)
        if (g->candidates[i].socket == s->id && ix_addr_eq(&g->candidates[i].addr, addr))
            return; /* redundant: RFC 8445 section 5.1.3 */
    c.priority = ix_ice_priority(type, s->preference);
    for (size_t i = 0; i < g->candidate_count; i++) { /* unique: RFC 8445 section 5.1.2 */
        if (g->candidates[i].priority == c.priority) {
            c.priority -= 256;
            i = SIZE_MAX; /* once more from the first */
        }
    }
    ix_ice_foundation(&c, server);
    g->candidates[g->candidate_count++] = c;
}

static void add_hosts(struct ix_gather *g, bool loopback)
{
    for (size_t i = 0; i < g->socket_count; i++)
        if (ix_addr_is_loopback(&g->sockets[i].addr) == loopback)
            ix_gather_add_candidate(g, &g->sockets[i], IX_CAND_HOST, &g->sockets[i].addr, NULL);
}

void ix_gather_rebuild(struct ix_gather *g)
{
    g->candidate_count = 0;
    g->version++;
    add_hosts(g, false);
    for (size_t i = 0; i < g->query_count; i++) {
        const struct query *q = &g->queries[i];
        if (q->mapped.family)
            ix_gather_add_candidate(g, &g->sockets[q->socket], IX_CAND_SRFLX, &q->mapped, &g->servers[q->server]);
    }
    ix_gather_relay_candidates(g);
    add_hosts(g, true);
}

uint32_t ix_gather_version(const struct ix_gather *g)
{
    return g->version;
}

const struct ix_candidate *ix_gather_candidates(const struct ix_gather *g, size_t *count)
{
    *count = g->candidate_count;
    return g->candidates;
}

/* ---- commands ---------------------------------------------------------------------------- */

int ix_gather_add_socket(struct ix_gather *g, uint32_t socket, const struct ix_addr *addr, uint16_t preference)
{
    if (g->started)
        return IRISX_E_STATE;
    if (!ix_ice_addr_usable(addr))
        return IRISX_E_INVALID;
    for (size_t i = 0; i < g->socket_count; i++)
        if (g->sockets[i].id == socket)
            return IRISX_E_INVALID;
    if (g->socket_count == IX_GATHER_MAX_SOCKETS)
        return IRISX_E_LIMIT;
    size_t at = g->socket_count++; /* kept in order of preference */
    for (; at > 0 && g->sockets[at - 1].preference < preference; at--)
        g->sockets[at] = g->sockets[at - 1];
    g->sockets[at] = (struct gather_socket){ socket, preference, *addr };
    ix_gather_rebuild(g);
    return 0;
}

int ix_gather_add_server(struct ix_gather *g, const struct ix_addr *stun_server)
{
    if (g->started)
        return IRISX_E_STATE;
    if (!ix_ice_addr_usable(stun_server))
        return IRISX_E_INVALID;
    if (g->server_count == IX_GATHER_MAX_SERVERS)
        return IRISX_E_LIMIT;
    g->servers[g->server_count++] = *stun_server;
    return 0;
}

void ix_gather_start(struct ix_gather *g, struct ix_now now)
{
    if (g->started)
        return;
    g->started = true;
    g->give_up_us = ix_time_add(now.mono_us, g->config.timeout_ms * IX_MS);
    /* the first server of every socket comes before any second one */
    for (size_t server = 0; server < g->server_count; server++) {
        for (size_t socket = 0; socket < g->socket_count; socket++) {
            if (!ix_ice_may_pair(&g->sockets[socket].addr, &g->servers[server]))
                continue;
            struct query *q = &g->queries[g->query_count];
            q->socket = (uint8_t) socket;
            q->server = (uint8_t) server;
            q->next_us = now.mono_us + g->query_count++ * PACE_US;
        }
    }
    g->pending = g->query_count;
    ix_gather_relays_start(g, now.mono_us);
    ix_gather_timeout(g, now);
}

bool ix_gather_done(const struct ix_gather *g)
{
    return g->started && g->pending == 0 && !ix_gather_relays_pending(g);
}

/* ---- queries ----------------------------------------------------------------------------- */

static void query_send(struct query *q, uint64_t now_us)
{
    q->wants_send = true;
    q->next_us = now_us + (RTO_US << q->sends++);
}

static void query_begin(struct ix_gather *g, struct query *q, uint64_t now_us)
{
    q->state = QUERY_ASKING;
    q->sends = 0;
    ix_rng_fill(g->config.rng, q->transaction, sizeof(q->transaction));
    query_send(q, now_us);
}

/* what another server said of this socket is as old as what this one has just corrected */
static void forget_mapping(struct ix_gather *g, const struct query *changed)
{
    for (size_t i = 0; i < g->query_count; i++) {
        struct query *q = &g->queries[i];
        if (q != changed && q->socket == changed->socket && ix_addr_eq(&q->mapped, &changed->mapped))
            q->mapped.family = 0;
    }
}

static void settle(struct ix_gather *g, struct query *q)
{
    if (q->settled)
        return;
    q->settled = true;
    if (--g->pending == 0)
        ix_log(g->config.log, IX_LOG_DEBUG, "ice", "gathered %zu candidates", g->candidate_count);
}

static void query_end(struct ix_gather *g, struct query *q, const struct ix_addr *mapped, uint64_t now_us)
{
    bool refresh = g->config.refresh_ms != UINT32_MAX && !g->resting;
    q->state = QUERY_RESTING;
    q->wants_send = false;
    if (mapped && !ix_addr_eq(&q->mapped, mapped)) {
        if (q->mapped.family)
            forget_mapping(g, q);
        q->mapped = *mapped;
        ix_gather_rebuild(g);
    }
    q->next_us = refresh && q->mapped.family ? ix_time_add(now_us, g->config.refresh_ms * IX_MS) : IX_NEVER;
    settle(g, q);
}

static struct query *query_of(
    struct ix_gather *g, uint32_t socket, const struct ix_addr *from, const struct ix_stun_msg *m)
{
    for (size_t i = 0; i < g->query_count; i++) {
        struct query *q = &g->queries[i];
        if (q->state == QUERY_ASKING && g->sockets[q->socket].id == socket &&
            ix_ice_same_peer(&g->servers[q->server], from) &&
            memcmp(q->transaction, m->transaction, sizeof(q->transaction)) == 0)
            return q;
    }
    return NULL;
}

bool ix_gather_input(
    struct ix_gather *g, uint32_t socket, const struct ix_addr *from, const void *p, size_t n, struct ix_now now)
{
    struct ix_stun_msg m;
    if (ix_stun_parse(&m, p, n) != 0 || m.method != IX_STUN_BINDING)
        return false;
    struct query *q = query_of(g, socket, from, &m);
    if (!q)
        return false;
    bool good = m.cls == IX_STUN_SUCCESS && m.unknown_count == 0 && ix_ice_addr_usable(&m.xor_mapped) &&
                m.xor_mapped.family == from->family;
    if (good || m.cls == IX_STUN_ERROR)
        query_end(g, q, good ? &m.xor_mapped : NULL, now.mono_us);
    return true;
}

static void query_timeout(struct ix_gather *g, struct query *q, uint64_t now_us)
{
    if (now_us >= g->give_up_us)
        settle(g, q);
    if (q->next_us > now_us)
        return;
    if (q->state != QUERY_ASKING)
        query_begin(g, q, now_us);
    else if (q->sends < SENDS)
        query_send(q, now_us);
    else
        query_end(g, q, NULL, now_us);
}

void ix_gather_rest(struct ix_gather *g)
{
    if (g->resting)
        return;
    g->resting = true;
    for (size_t i = 0; i < g->query_count; i++)
        if (g->queries[i].state == QUERY_RESTING)
            g->queries[i].next_us = IX_NEVER;
}

void ix_gather_timeout(struct ix_gather *g, struct ix_now now)
{
    ix_gather_relays_timeout(g, now);
    if (g->closing)
        return;
    for (size_t i = 0; i < g->query_count; i++)
        query_timeout(g, &g->queries[i], now.mono_us);
}

uint64_t ix_gather_deadline(const struct ix_gather *g)
{
    uint64_t at = ix_gather_relays_deadline(g);
    if (g->closing)
        return at;
    at = IX_MIN(at, g->pending ? g->give_up_us : IX_NEVER);
    for (size_t i = 0; i < g->query_count; i++)
        at = IX_MIN(at, g->queries[i].next_us);
    return at;
}

bool ix_gather_poll(struct ix_gather *g, struct ix_ice_send *out)
{
    if (ix_gather_relays_poll(g, out))
        return true;
    for (size_t i = 0; i < g->query_count && !g->closing; i++) {
        struct query *q = &g->queries[i];
        struct ix_buf b;
        if (!q->wants_send)
            continue;
        q->wants_send = false;
        ix_buf_init_fixed(&b, g->packet, sizeof(g->packet));
        ix_stun_begin(&b, IX_STUN_REQUEST, IX_STUN_BINDING, q->transaction);
        if (ix_stun_end(&b, IX_STR_NONE) != 0)
            continue;
        *out = (struct ix_ice_send){
            .socket = g->sockets[q->socket].id, .to = g->servers[q->server], .data = g->packet, .len = b.n
        };
        return true;
    }
    return false;
}
