/* SPDX-License-Identifier: MIT */
/*
 * The TURN client's inside, for the files of this folder alone.
 *   turn.c  life, transactions, the verbs   turn_auth.c  requests, credentials, answers
 *   turn_peer.c  permissions, channels, data   turn_stream.c  messages out of a byte stream
 */
#ifndef IX_ICE_TURN_PRIVATE_H
#define IX_ICE_TURN_PRIVATE_H

#include "ice/agent.h"
#include "ice/turn.h"

#define TURN_PERMISSIONS 16 /* peer addresses of an allocation; a call has a handful */
#define TURN_CHANNELS 8
#define TURN_SERVERS 4 /* one and its alternates */
#define TURN_DATA_MAX 2000 /* of one datagram of a peer */
#define TURN_PACKET                                                                                   \
    (TURN_DATA_MAX + 64) /* largest: a Send indication; a request has at most 20 + 4 x 260 + 64 bytes \
                          */
#define TURN_STREAM 32768 /* bytes of a stream not understood yet: one reading of the shell, and what was left */
#define TURN_NONCE 763 /* bytes, RFC 8489 section 14.10; of a realm as well (14.9) */

struct turn_txn {
    uint8_t id[12];
    bool live;
    bool wants_send;
    bool signed_; /* with credentials */
    uint8_t sends;
    uint8_t stale; /* answers 438 in a row */
    uint64_t next_us; /* send again, or give up; not live: begin again (refresh), IX_NEVER none */
    uint64_t sent_us;
};

struct turn_permission {
    struct ix_addr ip; /* port 0 */
    bool granted, refused;
    struct turn_txn txn;
};

struct turn_channel { /* number: 0x4000 + index */
    struct ix_addr peer;
    bool bound, refused;
    struct turn_txn txn;
};

struct ix_turn {
    struct ix_turn_config config;
    enum ix_turn_state state;
    uint16_t code; /* FAILED */
    int err;
    struct ix_addr tried[TURN_SERVERS];
    size_t tried_count;
    char *realm, *nonce; /* owned; NULL: not challenged yet */
    uint8_t key[16]; /* MD5 of user:realm:password (RFC 8489 section 9.2.2), with realm */
    bool connected; /* TCP, TLS */
    bool want_connect, want_disconnect;
    struct turn_txn main; /* Allocate, then Refresh */
    uint32_t lifetime_s; /* granted */
    uint64_t expires_us;
    uint64_t close_us; /* CLOSING: not later than this */
    uint64_t keep_us; /* UDP: a Binding indication is due, so that NATs keep the way to the server */
    bool wants_keep;
    uint64_t round_trip_us;
    struct ix_addr relayed[2]; /* IPv4, IPv6; family 0: none */
    struct ix_addr mapped;
    struct turn_permission permissions[TURN_PERMISSIONS];
    size_t permission_count;
    struct turn_channel channels[TURN_CHANNELS];
    size_t channel_count;
    struct ix_buf stream; /* what is not a whole message yet */
    size_t stream_used; /* the message handed out last, not dropped yet */
    size_t stream_skip; /* bytes to pass over: of a message that is too long */
    uint8_t packet[TURN_PACKET];
};

/* turn.c */
void ix_turn_txn_begin(struct ix_turn *t, struct turn_txn *x, uint64_t now_us);
void ix_turn_txn_end(struct turn_txn *x, uint64_t again_us);
bool ix_turn_is_stream(const struct ix_turn *t);
void ix_turn_fail(struct ix_turn *t, uint16_t code, int err);
void ix_turn_set_state(struct ix_turn *t, enum ix_turn_state state);
void ix_turn_redirect(struct ix_turn *t, const struct ix_addr *to, uint64_t now_us);

/* turn_auth.c */
bool ix_turn_answer(struct ix_turn *t, const struct ix_stun_msg *m, struct ix_now now);
bool ix_turn_build(struct ix_turn *t, struct ix_bytes *out); /* the next request that wants to be sent */

/* turn_peer.c */
void ix_turn_peers_ready(struct ix_turn *t, uint64_t now_us); /* the allocation is there: what was asked for before */
void ix_turn_peers_answer(struct ix_turn *t, struct turn_txn *x, const struct ix_stun_msg *m, uint64_t now_us);
uint64_t ix_turn_peers_deadline(const struct ix_turn *t);
bool ix_turn_peers_data(struct ix_turn *t, const void *p, size_t n, struct ix_turn_data *data); /* ChannelData */
void ix_turn_peers_drop(struct ix_turn *t);

#endif
