/* SPDX-License-Identifier: MIT */
/* What the scenarios share: a client behind whatever network, a server with its registrar, the end that every run must
 * have. */
#ifndef SIM_KIT_H
#define SIM_KIT_H

#include "phone_node.h"
#include "stun_node.h"
#include "turn_node.h"

/*
 * What becomes of a message on its way: those of `from` (NULL: both) that begin with `start` and hold `has` (NULL: any)
 * are swallowed, or `cut` in them is replaced by `put` wherever it stands (Content-Length follows).
 */
struct sim_rule {
    struct phone_node *from;
    const char *start, *has, *cut, *put;
    unsigned times; /* 0 = always */
};
#define SIM_RULES 8
#define SIM_TAPE 64

struct sim {
    struct world *w;
    struct phone_node *client, *server;
    struct stun_node *stun; /* NULL: none */
    struct turn_node *turn; /* NULL: none */
    uint32_t line; /* the client's */
    uint32_t call; /* the client's, dialled */
    uint64_t client_mark, server_mark; /* frames heard at the last sim_mark */
    struct sim_rule rules[SIM_RULES];
    bool rule_used[SIM_RULES];
    size_t rule_count;
    struct {
        const struct phone_node *from;
        char *text;
    } tape[SIM_TAPE]; /* what was sent, the newest ones */
    size_t tape_count;
    unsigned injected;
    uint64_t began_us;
    struct ix_dtls_identity *server_identity; /* ours to release */
};

struct sim_options {
    uint64_t seed;
    const struct ix_dtls_ops *dtls; /* NULL: the double */
    struct ix_dtls_identity *server_identity; /* taken; NULL: the same as the client's */
    uint32_t max_calls;
    uint32_t allow_requests; /* of the server, besides REGISTER */
    struct world_link link; /* the client's; all zero: 5 ms */
    bool tap, bare; /* bare: no addresses and no line yet */
};
/* A client with its line open (not yet registered) and a server; asserts nothing. */
/* t must stay where it is until the end */
void sim_open(struct sim *t, const struct sim_options *o);
uint32_t sim_server_call(const struct sim *t); /* the newest call at the server; 0 none */
uint32_t sim_client_call(const struct sim *t);
/* Shuts both phones down and runs until nothing is left; NULL or what is wrong. Frees everything in any case. */
const char *sim_end(struct sim *t);
const char *sim_left(const struct sim *t); /* what is left or was broken; NULL: nothing */
void sim_free(struct sim *t);
extern uint64_t sim_lived_us; /* virtual time of all that were freed: what a run costs */
struct sim *sim_open_one(void); /* one that was opened and not freed; NULL: none */

int sim_dial(struct sim *t); /* the client calls 9196 */
void sim_rule(struct sim *t, struct sim_rule rule);
/* the newest message of that node that begins so and holds that (NULL: anything); NULL: none */
const char *sim_sent(const struct sim *t, const struct phone_node *from, const char *start, const char *has);
const char *sim_header(const char *text, const char *name); /* its value, in static storage; "" if absent */
const char *sim_body(const char *text);
/* A request of the server's in the call that the client dialled and the server answered, straight to the client. body
 * NULL: none. The ACK of a re-INVITE is method "ACK". */
void sim_request(struct sim *t, const char *method, const char *body);
void sim_mark(struct sim *t); /* frames are counted from here */

/* predicates for world_run */
bool sim_ready(void *t); /* the line is registered */
bool sim_failed(void *t); /* the line is refused */
bool sim_server_rings(void *t);
bool sim_client_rings(void *t); /* an incoming call */
bool sim_ringback(void *t); /* the client's call rings at the other side */
bool sim_talking(void *t); /* twenty more frames than at the last sim_mark heard by each */
bool sim_ended(void *t); /* at least one call at the client, none alive anywhere */
bool sim_quiet(void *t); /* nothing left on either side */

#endif
