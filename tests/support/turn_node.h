/* SPDX-License-Identifier: MIT */
/*
 * A TURN server as a node of the virtual network (RFC 8656): long-term credentials, allocations of both families,
 * permissions, channels, expiry, and the errors a test asks for. Clients come over UDP, or over world_tell as byte
 * streams that arrive in pieces, each piece behind four bytes that number the stream. It is written from the RFC alone
 * and shares only the STUN codec with the client.
 */
#ifndef TEST_TURN_NODE_H
#define TEST_TURN_NODE_H

#include "ice/ice.h"
#include "world.h"

struct turn_node_options {
    const char *ip; /* of the server, port 3478, and of its relay addresses */
    const char *ip6; /* NULL: no IPv6 relay */
    const char *user, *password; /* NULL: "user", "secret" */
    uint32_t lifetime_s; /* 0 = 600 */
    uint16_t refuse; /* answers an authentic Allocate with this error */
    struct ix_addr alternate; /* family set: answers an Allocate with 300 and this */
    uint64_t nonce_us; /* a nonce lives so long, then 438; 0 = for ever */
    uint16_t refuse_channel, refuse_permission; /* errors */
    bool silent;
};
struct turn_node;
struct turn_node *turn_node_new(struct world *w, struct world_net *net, const struct turn_node_options *o);
void turn_node_free(struct turn_node *s); /* before world_free */
struct ix_addr turn_node_addr(const struct turn_node *s);
struct world_node *turn_node_world(struct turn_node *s); /* for world_tell: streams */
struct turn_node_options *turn_node_set(struct turn_node *s); /* may be changed while it runs */
void turn_node_forget(struct turn_node *s); /* restarts: every allocation is gone */
size_t turn_node_live(const struct turn_node *s); /* allocations now */
size_t turn_node_requests(const struct turn_node *s, uint16_t method);
size_t turn_node_relayed(const struct turn_node *s, bool by_channel); /* packets from clients to peers */

#endif
