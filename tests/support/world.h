/* SPDX-License-Identifier: MIT */
/*
 * A network in virtual time: nodes with addresses, links that delay, lose, double and reorder, NAT boxes, and a driver
 * that jumps the clock to the earliest deadline or arrival, delivers and drains. One seed decides everything: the same
 * seed gives the same run, bit for bit (world_digest). A world in which nothing can happen any more has stalled and
 * fails; a failing run prints its seed and what happened last.
 *
 *   struct world *w = world_new(seed);
 *   struct world_net *inet = world_internet(w);
 *   struct world_net *home = world_nat(inet, &(struct world_nat_config){ .kind = WORLD_NAT_SYMMETRIC, .ip = ... });
 *   struct world_node *a = world_node(w, "a", &ops, engine);
 *   world_attach(a, home, &private_address, &link);
 *   ... world_run(w, done, arg, 30 * IX_S) == WORLD_DONE ...; world_free(w);
 *
 * Memory comes from calloc, not from ix_alloc: an out-of-memory scenario fails the engines, not the world.
 */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "core/core.h"

struct world;
struct world_net; /* a network in which addresses reach each other: the internet, or the inside of a NAT box */
struct world_node; /* an engine with its addresses */

#define WORLD_START (99 * IX_S) /* the clock of a new world: nothing may rely on time beginning at 0 */
#define WORLD_WALL INT64_C(1790000000000000) /* Unix time at WORLD_START, microseconds */

/* One attachment, both directions; zero is a perfect link. Datagrams keep their order unless reorder_ppm says not. */
struct world_link {
    uint64_t delay_us;
    uint64_t jitter_us; /* 0 .. jitter_us more, uniform */
    uint32_t loss_ppm; /* of a million */
    uint32_t duplicate_ppm;
    uint32_t reorder_ppm; /* held back by reorder_us, others pass */
    uint64_t reorder_us;
    uint64_t rate_bps; /* 0 = unlimited; else a queue without bound */
    uint32_t mtu; /* largest datagram payload; 0 = any */
};

/* What an engine does; any of them may be NULL. All get the ctx given to world_node(). */
struct world_node_ops {
    void (*input)(void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *p, size_t n,
        struct ix_now now); /* a datagram to one of its addresses */
    void (*message)(void *ctx, struct world_node *from, const void *p, size_t n, struct ix_now now); /* world_tell */
    void (*timeout)(void *ctx, struct ix_now now); /* its deadline has come */
    uint64_t (*deadline)(void *ctx);
    void (*drain)(void *ctx, struct ix_now now); /* poll until empty; calls world_send and world_tell */
};

struct world *world_new(uint64_t seed);
void world_free(struct world *w); /* NULL allowed */
uint64_t world_seed(const struct world *w);
struct ix_now world_now(const struct world *w);
const struct ix_rng *world_rng(struct world *w); /* for the engines; the links draw from another stream */
uint32_t world_pick(struct world *w, uint32_t bound); /* 0 .. bound - 1, for scenarios that vary with the seed */

struct world_net *world_internet(struct world *w);
struct world_node *world_node(struct world *w, const char *name, const struct world_node_ops *ops, void *ctx);
/* addr becomes reachable in net; net NULL: a loopback address, reachable by this node alone. link NULL: perfect */
void world_attach(
    struct world_node *node, struct world_net *net, const struct ix_addr *addr, const struct world_link *link);
void world_detach(struct world_node *node, const struct ix_addr *addr); /* the interface goes away */
void world_set_link(struct world_node *node, const struct ix_addr *addr, const struct world_link *link);
/* Sends from one of the node's addresses (port included). What has no route is dropped, as in real life. */
void world_send(struct world_node *node, const struct ix_addr *from, const struct ix_addr *to, const void *p, size_t n);
/* A reliable, ordered message between two nodes, as a WebSocket carries it. */
void world_tell(struct world_node *from, struct world_node *to, const void *p, size_t n, uint64_t delay_us);
/* Runs fn at that time of the virtual clock (absolute); commands of a scenario. */
void world_at(struct world *w, uint64_t at_us, void (*fn)(void *ctx, struct ix_now now), void *ctx);
/* The time of day is off by so much from now on, as when somebody sets the clock; the monotonic one runs on. */
void world_set_wall(struct world *w, int64_t off_us);
/* A line of the trace. */
void world_note(struct world *w, const char *fmt, ...) IX_PRINTF(2, 3);

/* NAT, by RFC 3489's names; by RFC 4787: mapping independent of the destination except SYMMETRIC, filtering as named.
 */
enum world_nat_kind {
    WORLD_NAT_FULL_CONE = 1,
    WORLD_NAT_RESTRICTED = 2,
    WORLD_NAT_PORT_RESTRICTED = 3,
    WORLD_NAT_SYMMETRIC = 4
};
struct world_nat_config {
    enum world_nat_kind kind;
    struct ix_addr ip; /* its address on the outer net; the port is ignored */
    struct world_link link;
    uint64_t idle_us; /* a mapping without outbound traffic dies after this; 0 = 60 s */
    bool hairpin; /* inside nodes reach each other by the outer address */
};
struct world_net *world_nat(struct world_net *outer, const struct world_nat_config *config); /* its inside */
void world_nat_forget(struct world_net *inside); /* the box reboots */

enum world_end {
    WORLD_DONE = 0,
    WORLD_STALLED = 1, /* not done, and nothing will ever happen */
    WORLD_LATE = 2, /* not done in time */
    WORLD_LIVELOCK = 3 /* time stands still: an engine's deadline stays due after its timeout */
};
/* Runs until done(arg), at most for_us of virtual time; prints seed and trace unless it was done. */
enum world_end world_run(struct world *w, bool (*done)(void *arg), void *arg, uint64_t for_us);
/* Runs exactly that long; an idle world is fine here. */
enum world_end world_run_for(struct world *w, uint64_t for_us);

uint64_t world_digest(const struct world *w); /* of every event so far: equal for equal runs */
uint64_t world_delivered(const struct world *w); /* datagrams that reached a node */
void world_print(const struct world *w); /* seed and trace, to standard error */

#endif
