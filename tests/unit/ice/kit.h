/* SPDX-License-Identifier: MIT */
/* One agent and a peer made by hand, with literal times: what the agent sends is kept, what the peer says is built. */
#ifndef TEST_ICE_KIT_H
#define TEST_ICE_KIT_H

#include "ice/ice.h"

#define KIT_SENT 256
#define KIT_PWD "pppppppppppppppppppppp"
#define KIT_UFRAG "peer"

struct kit_sent {
    uint32_t socket;
    struct ix_addr to;
    uint8_t bytes[640];
    size_t len;
    struct ix_stun_msg msg; /* of bytes */
};
struct kit {
    bool lite; /* the peer only answers (set between kit_init and kit_start) */
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_ice *ice;
    struct kit_sent sent[KIT_SENT];
    size_t sent_count; /* may exceed KIT_SENT: the first are kept */
    enum ix_ice_state states[16];
    size_t state_count;
    struct ix_ice_pair selected[16];
    size_t selected_count;
};
struct kit_ask { /* a binding request of the peer */
    const char *password; /* NULL: the right one; "": no integrity */
    const char *username; /* NULL: the right one */
    bool controlling;
    bool controlled;
    bool use_candidate;
    uint64_t tie_breaker;
    uint32_t priority; /* 0: none */
    uint16_t unknown; /* an attribute of this type; 0: none */
};

struct ix_addr kit_addr(const char *ip, uint16_t port);
struct ix_now kit_at(uint64_t us);
void kit_init(struct kit *k, const struct ix_ice_config *config); /* rng is filled in */
void kit_init_zero(struct kit *k, bool controlling); /* every random bit is 0: "AAAA.." */
void kit_clear(struct kit *k);
/* host candidate on socket; the first added is preferred */
void kit_local(struct kit *k, uint32_t socket, const char *ip, uint16_t preference);
int kit_remote(struct kit *k, const char *ip, uint16_t port, uint16_t preference, struct ix_now now);
void kit_start(struct kit *k, struct ix_now now); /* credentials and start, then drains */
void kit_drain(struct kit *k);
void kit_forget(struct kit *k); /* what was sent and told so far */
void kit_timeout(struct kit *k, uint64_t us); /* and drains */
uint64_t kit_run(struct kit *k, uint64_t until_us); /* fires every deadline up to then; the last one */
bool kit_ask(struct kit *k, uint32_t socket, const struct ix_addr *from, const struct kit_ask *ask, struct ix_now now);
/* answers sent[i] as the peer; mapped NULL: as seen without NAT; code 0 = success */
bool kit_answer(struct kit *k, size_t i, const struct ix_addr *mapped, uint16_t code, struct ix_now now);
bool kit_answer_from(
    struct kit *k, size_t i, uint32_t socket, const struct ix_addr *from, const char *password, struct ix_now now);
struct ix_addr kit_base(uint32_t socket);
bool kit_saw(const struct kit *k, enum ix_ice_state state);
/* index of the n-th request (from 0) among sent to this address; SIZE_MAX: none */
size_t kit_find(const struct kit *k, const char *ip, uint16_t port, size_t n);
size_t kit_requests(const struct kit *k);

#endif
