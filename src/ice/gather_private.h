/* SPDX-License-Identifier: MIT */
/* The gatherer's inside: gather.c (sockets and STUN servers) and relay.c (TURN servers) share it. */
#ifndef IX_ICE_GATHER_PRIVATE_H
#define IX_ICE_GATHER_PRIVATE_H

#include "ice/agent.h"
#include "ice/turn.h"

#define QUERIES_MAX (IX_GATHER_MAX_SOCKETS * IX_GATHER_MAX_SERVERS)
#define RELAY_IDS 8 /* pairs of ids: an allocation has one a family */

enum query_state { QUERY_PLANNED, QUERY_ASKING, QUERY_RESTING };
struct query {
    enum query_state state;
    uint8_t socket; /* index */
    uint8_t server; /* index */
    uint8_t sends;
    bool settled; /* answered once, or too late: the gathering does not wait for it (it may still be asking) */
    bool wants_send;
    uint8_t transaction[12];
    uint64_t next_us; /* begin, send again, or refresh */
    struct ix_addr mapped; /* family 0: nothing known */
};

struct gather_socket {
    uint32_t id;
    uint16_t preference;
    struct ix_addr addr;
};

struct gather_relay {
    struct ix_turn_server server;
    struct ix_turn *turn; /* owned; NULL: not asked yet, or given up */
    enum ix_turn_state seen;
    uint32_t id; /* of the IPv4 relay, and of the stream; IPv6: one more */
    uint8_t socket; /* index: UDP goes from there */
    uint8_t tries; /* sockets on which it answered 437 */
    uint32_t dead_stream; /* to be closed: of an allocation that failed; 0 none */
};

struct ix_gather {
    struct ix_gather_config config;
    struct gather_socket sockets[IX_GATHER_MAX_SOCKETS];
    size_t socket_count;
    struct ix_addr servers[IX_GATHER_MAX_SERVERS];
    size_t server_count;
    struct query queries[QUERIES_MAX];
    size_t query_count;
    size_t pending; /* queries that the gathering waits for */
    bool started, resting, closing;
    bool relays_late; /* the gathering has waited long enough for them */
    uint64_t give_up_us;
    struct gather_relay *relays; /* owned, relay_count of them: most phones have none */
    size_t relay_count;
    size_t next_relay; /* not asked yet */
    uint64_t next_relay_us; /* when it is */
    uint32_t relay_ids_used;
    uint16_t relay_code; /* of the last failure */
    int relay_err;
    struct ix_candidate candidates[IX_ICE_MAX_LOCAL];
    size_t candidate_count;
    uint32_t version;
    uint8_t packet[64];
};

/* gather.c */
void ix_gather_rebuild(struct ix_gather *g);
void ix_gather_add_candidate(struct ix_gather *g, const struct gather_socket *s, enum ix_candidate_type type,
    const struct ix_addr *addr, const struct ix_addr *server);

/* relay.c */
void ix_gather_relays_start(struct ix_gather *g, uint64_t now_us);
bool ix_gather_relays_pending(const struct ix_gather *g);
void ix_gather_relay_candidates(struct ix_gather *g);
void ix_gather_relays_timeout(struct ix_gather *g, struct ix_now now);
uint64_t ix_gather_relays_deadline(const struct ix_gather *g);
bool ix_gather_relays_poll(struct ix_gather *g, struct ix_ice_send *out);
void ix_gather_relays_free(struct ix_gather *g);

#endif
