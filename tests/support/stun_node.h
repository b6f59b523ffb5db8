/* SPDX-License-Identifier: MIT */
/* A STUN server as a node of the virtual network: answers every Binding request (RFC 8489 section 2). */
#ifndef TEST_STUN_NODE_H
#define TEST_STUN_NODE_H

#include "world.h"

struct stun_node;
struct stun_node *stun_node_new(struct world *w, struct world_net *net, const char *ip);
void stun_node_free(struct stun_node *s); /* before world_free */
struct ix_addr stun_node_addr(const struct stun_node *s);
uint64_t stun_node_asked(const struct stun_node *s); /* requests so far */

#endif
