/* SPDX-License-Identifier: MIT */
/*
 * The agent's inside, for the files of this folder alone. One agent, one component, one checklist.
 *   agent.c  life, commands, the four verbs     pair.c      the checklist
 *   check.c  our requests and their answers     request.c   the peer's requests and our answers
 *   nominate.c  what is selected, and when      consent.c   whether it still works
 *   restart.c   the next session, and the one before
 */
#ifndef IX_ICE_AGENT_H
#define IX_ICE_AGENT_H

#include "ice/ice.h"

#define ICE_PAIRS_MAX 100 /* RFC 8445 section 6.1.2.5 */
#define ICE_PRFLX_MAX 8 /* of the remote candidates: what the peer may teach us by its checks */
#define ICE_EARLY_MAX 8 /* checks remembered while there is no remote description */
#define ICE_ANSWERS_MAX 16 /* answers between two drains; the peer asks again */
#define ICE_EVENTS_MAX 8
#define ICE_CONSENT_KEPT 8 /* consent checks whose answer may still come */
#define ICE_REMOTE_TEXT 257 /* RFC 8839 section 5.4: at most 256 characters */
#define ICE_NONE UINT8_MAX /* no such pair */

struct ice_base { /* one socket */
    uint32_t socket;
    uint32_t priority; /* of its best candidate */
    struct ix_addr addr;
    enum ix_candidate_type type;
    uint8_t first; /* index of its first candidate: the lower, the more preferred (the order in our SDP) */
};

enum ice_pair_state { PAIR_FROZEN, PAIR_WAITING, PAIR_IN_PROGRESS, PAIR_SUCCEEDED, PAIR_FAILED };

struct ice_check { /* one transaction */
    uint8_t transaction[12];
    bool live;
    bool controlling; /* our role in it */
    bool nominating; /* with USE-CANDIDATE */
    bool repeated; /* sent more than once: its answer tells no round trip */
    uint64_t tie_breaker; /* as sent: a repetition with the role of then and the number of now would confuse the peer */
    uint64_t sent_us;
};

struct ice_pair {
    uint8_t base;
    uint8_t remote;
    uint8_t sends; /* of the check at hand */
    uint8_t again; /* triggered checks while one was in progress */
    enum ice_pair_state state;
    bool valid; /* has been answered, and has not failed since */
    bool wants_send;
    bool asked; /* the peer sent USE-CANDIDATE on it */
    bool heard; /* the peer has sent a check on it */
    enum ix_candidate_type local_type; /* of the valid pair: what the peer saw */
    uint32_t seen_priority; /* of that candidate */
    uint32_t trigger; /* place in the triggered-check queue; 0 = not in it */
    uint64_t priority; /* of the pair checked */
    uint64_t rto_us;
    uint64_t next_us; /* send again, or give up */
    uint64_t round_trip_us; /* 0 = not known */
    uint64_t asked_us; /* the last USE-CANDIDATE */
    struct ice_check check;
    struct ice_check before; /* replaced by a triggered check; its answer counts all the same */
};

struct ice_early { /* a check that came before the remote description */
    uint8_t base;
    bool nominating;
    uint32_t priority;
    struct ix_addr from;
};

struct ice_answer {
    uint16_t code; /* 0 = success */
    uint32_t socket;
    struct ix_addr to;
    uint8_t transaction[12];
    uint16_t unknown[8];
    uint8_t unknown_count;
};

struct ice_event {
    enum ix_ice_out_kind kind; /* STATE or SELECTED */
    enum ix_ice_state state;
    struct ix_ice_pair pair;
};

struct ice_consent {
    uint64_t last_us; /* the last answer */
    uint64_t next_us; /* the next check */
    uint64_t asked_us; /* the first check since the last answer; IX_NEVER: none is out */
    struct ice_check checks[ICE_CONSENT_KEPT];
    uint8_t newest;
    bool wants_send;
};

struct ix_ice {
    struct ix_ice_config config;
    enum ix_ice_state state;
    bool controlling;
    bool remote_lite;
    uint64_t tie_breaker;
    char ufrag[IX_ICE_UFRAG + 1];
    char pwd[IX_ICE_PWD + 1];
    char remote_ufrag[ICE_REMOTE_TEXT];
    char remote_pwd[ICE_REMOTE_TEXT];

    struct ix_candidate locals[IX_ICE_MAX_LOCAL];
    size_t local_count;
    struct ice_base bases[IX_ICE_MAX_LOCAL];
    size_t base_count;
    struct ix_candidate remotes[IX_ICE_MAX_REMOTE];
    size_t remote_count;
    size_t prflx_count;
    struct ice_early early[ICE_EARLY_MAX];
    size_t early_count;

    struct ice_pair *pairs; /* owned; places never change */
    size_t pair_count;
    size_t pair_cap;
    uint32_t last_trigger;
    uint64_t last_check_us; /* the last new check began, with any_check */
    bool any_check;
    uint64_t fail_us;
    uint64_t grace_us; /* until then a better pair may still become valid; IX_NEVER: none is valid yet */
    uint8_t selected; /* pair that carries media, or ICE_NONE */
    uint8_t nominating; /* pair whose nomination is on its way, or ICE_NONE */
    bool nominated; /* selected was nominated */
    bool untold; /* that it is selected: the pair of the session before is better for a while */
    uint8_t conflicts; /* answers 487 so far */
    struct ice_consent consent;

    struct ice_answer answers[ICE_ANSWERS_MAX];
    size_t answer_count;
    unsigned error_budget; /* answers to requests that are not authentic, within this second */
    uint64_t error_second;
    struct ice_event events[ICE_EVENTS_MAX];
    size_t event_count;
    size_t sends_wanted; /* pairs with wants_send */
    struct ix_ice *previous; /* owned: the session before a restart, until this one is CONNECTED; NULL */
    uint8_t packet[640]; /* largest: a request with the longest USERNAME, 376 bytes */
};

/* candidate.c */
uint32_t ix_ice_prflx_priority(uint32_t base_priority);
uint64_t ix_ice_pair_priority(uint32_t g, uint32_t d);
void ix_ice_foundation(struct ix_candidate *c, const struct ix_addr *server);
bool ix_ice_addr_usable(const struct ix_addr *a);
bool ix_ice_same_peer(const struct ix_addr *a, const struct ix_addr *b);
bool ix_ice_may_pair(const struct ix_addr *base, const struct ix_addr *remote);

/* agent.c */
void ix_ice_set_state(struct ix_ice *ice, enum ix_ice_state state);
void ix_ice_tell_selected(struct ix_ice *ice);
void ix_ice_switch_role(struct ix_ice *ice, bool controlling, struct ix_now now);
void ix_ice_init(struct ix_ice *ice, const struct ix_ice_config *config, bool controlling); /* of zeros */

/* restart.c */
bool ix_ice_previous_works(const struct ix_ice *ice); /* there is a session before this one, and it has not failed */
void ix_ice_previous_poll(struct ix_ice *ice, struct ix_ice_out *out); /* out->send.data stays NULL: nothing to send */
bool ix_ice_previous_better(const struct ix_ice *ice); /* this one's pair works one way at most, that one's both */
void ix_ice_previous_end(struct ix_ice *ice);

/* pair.c */
int ix_ice_pair_add(struct ix_ice *ice, uint8_t base, uint8_t remote, struct ice_pair **out);
struct ice_pair *ix_ice_pair_find(struct ix_ice *ice, uint8_t base, uint8_t remote);
int ix_ice_pair_base(struct ix_ice *ice, uint8_t base, uint8_t remote); /* if they may pair and do not yet */
int ix_ice_pair_remote(struct ix_ice *ice, uint8_t remote); /* with every base it may pair with */
void ix_ice_pair_trigger(struct ix_ice *ice, struct ice_pair *p);
void ix_ice_pair_thaw(struct ix_ice *ice, const struct ice_pair *succeeded);
void ix_ice_pair_reprioritise(struct ix_ice *ice);
struct ice_pair *ix_ice_pair_next(struct ix_ice *ice, bool triggered);
bool ix_ice_pair_better(const struct ix_ice *ice, const struct ice_pair *a, const struct ice_pair *b);
uint8_t ix_ice_pair_index(const struct ix_ice *ice, const struct ice_pair *p);
uint64_t ix_ice_pair_valid_priority(const struct ix_ice *ice, const struct ice_pair *p);
void ix_ice_pair_unfail(struct ix_ice *ice); /* the path is lost: every other pair gets another chance */
struct ix_addr ix_ice_pair_remote_addr(const struct ix_ice *ice, const struct ice_pair *p);

/* check.c */
void ix_ice_checks_run(struct ix_ice *ice, uint64_t now_us); /* what pacing allows, and what is due */
void ix_ice_check_make(const struct ix_ice *ice, struct ice_check *c, bool nominating, uint64_t now_us);
void ix_ice_check_begin(struct ix_ice *ice, struct ice_pair *p, bool nominating, uint64_t now_us);
uint64_t ix_ice_checks_deadline(const struct ix_ice *ice);
void ix_ice_checks_stop(struct ix_ice *ice); /* what is in progress or asked for */
bool ix_ice_check_response(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *from, const struct ix_stun_msg *m, struct ix_now now);
bool ix_ice_check_build(
    struct ix_ice *ice, const struct ice_pair *p, const struct ice_check *c, struct ix_ice_send *out);
bool ix_ice_check_poll(struct ix_ice *ice, struct ix_ice_send *out);

/* request.c */
bool ix_ice_request(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *from, const struct ix_stun_msg *m, struct ix_now now);
void ix_ice_learn(struct ix_ice *ice, const struct ice_early *check, struct ix_now now);
bool ix_ice_answer_poll(struct ix_ice *ice, struct ix_ice_send *out);

/* nominate.c */
void ix_ice_pair_validated(struct ix_ice *ice, struct ice_pair *p, const struct ice_check *c, struct ix_now now);
void ix_ice_peer_nominates(struct ix_ice *ice, struct ice_pair *p, uint64_t now_us);
void ix_ice_nominate(struct ix_ice *ice, uint64_t now_us); /* controlling: if the time has come */
void ix_ice_pair_heard(struct ix_ice *ice, struct ice_pair *p, uint64_t now_us); /* the peer's first check on it */

/* consent.c */
void ix_ice_consent_start(struct ix_ice *ice, uint64_t now_us);
void ix_ice_consent_granted(struct ix_ice *ice, uint64_t now_us);
bool ix_ice_consent_response(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *from, const struct ix_stun_msg *m, struct ix_now now);
void ix_ice_consent_timeout(struct ix_ice *ice, uint64_t now_us);
uint64_t ix_ice_consent_deadline(const struct ix_ice *ice);
bool ix_ice_consent_poll(struct ix_ice *ice, struct ix_ice_send *out);

#endif
