/* SPDX-License-Identifier: MIT */
/*
 * Two agents in a world: each gathers over its sockets, describes itself to the other and connects; what they tell is
 * written down. For the scenarios of this folder.
 */
#ifndef TEST_ICE_PEER_H
#define TEST_ICE_PEER_H

#include "ice/ice.h"
#include "world.h"

#define PEER_SOCKETS 4
#define PEER_STATES 32

struct peer_config {
    const char *name;
    bool offers;
    bool controlling;
    bool trickle_last; /* describes all candidates but the last, which follows later */
    uint64_t signalling_us; /* until its description reaches the other */
    uint64_t start_us; /* waits that long before it gathers */
    struct ix_addr stun; /* family 0: none */
};

struct peer {
    struct peer_config config;
    struct world *world;
    struct world_node *node;
    struct peer *other;
    struct ix_addr sockets[PEER_SOCKETS]; /* socket id = index + 1 */
    size_t socket_count;
    struct ix_gather *gather;
    struct ix_ice *ice;
    bool described;
    bool retired[PEER_SOCKETS]; /* not described any more: their interface is gone */
    bool has_offer;
    int err; /* of any call that failed */
    enum ix_ice_state states[PEER_STATES];
    uint64_t state_us[PEER_STATES];
    size_t state_count;
    struct ix_ice_pair selected; /* last told */
    size_t selected_count;
    size_t requests_sent;
    size_t media; /* datagrams that were not for the agent ... */
    uint64_t media_us; /* when the last one came */
    uint64_t gap_us; /* the longest time between two of them */
    struct ix_addr media_from; /* ... the last of them */
    struct ix_addr media_to;
};

struct stun_server {
    struct world_node *node;
    struct ix_addr addr;
    size_t requests;
    uint64_t silent_until_us;
};

void peer_init(struct peer *p, struct world *w, const struct peer_config *config);
void peer_socket(struct peer *p, struct world_net *net, const char *ip, uint16_t port, const struct world_link *link);
int peer_begin(struct peer *p); /* makes gatherer and agent */
void peer_join(struct peer *a, struct peer *b); /* the two know each other */
void peer_clear(struct peer *p);
int peer_restart(struct peer *p); /* ICE restart with the sockets at hand; the other one follows */
bool peer_was(const struct peer *p, enum ix_ice_state state);
uint64_t peer_when(const struct peer *p, enum ix_ice_state state); /* first time, since WORLD_START; IX_NEVER */
bool peer_settled(const struct peer *p); /* connected or failed */
void peer_media(struct peer *p); /* sends a datagram over its selected pair */
bool peer_heard(const struct peer *p, const struct peer *from); /* got it, over the selected pair of both */

void stun_server_init(struct stun_server *s, struct world *w, const char *ip, uint16_t port);

#endif
