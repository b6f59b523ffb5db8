/* SPDX-License-Identifier: MIT */
/*
 * A TURN client, RFC 8656: one allocation at one server over UDP, TCP or TLS. Pure, as the agent is: what the server
 * sent and the time go in; bytes for the server, what peers sent and one deadline come out. The gatherer (ice.h) owns
 * them and makes relay candidates of them.
 */
#ifndef IX_ICE_TURN_H
#define IX_ICE_TURN_H

#include "ice/ice.h"

enum ix_turn_state {
    IX_TURN_NEW = 0,
    IX_TURN_CONNECTING = 1, /* TCP, TLS: ix_turn_connected or ix_turn_disconnected comes */
    IX_TURN_ALLOCATING = 2,
    IX_TURN_READY = 3,
    IX_TURN_CLOSING = 4, /* lifetime 0 is on its way */
    IX_TURN_CLOSED = 5,
    IX_TURN_FAILED = 6 /* ix_turn_failure */
};
struct ix_turn_config {
    const struct ix_rng *rng; /* must outlive */
    const struct ix_log *log;
    struct ix_turn_server server; /* texts copied */
    bool v6; /* an IPv6 address beside (or, with no_v4, instead of) the IPv4 one; RFC 8656 section 7.1 */
    bool no_v4;
    uint32_t lifetime_s; /* 0 = the server's default */
};
enum ix_turn_out_kind {
    IX_TURN_OUT_SEND = 1, /* data, len: to the server */
    IX_TURN_OUT_CONNECT = 2, /* TCP, TLS: to `server` */
    IX_TURN_OUT_DISCONNECT = 3
};
struct ix_turn_out {
    enum ix_turn_out_kind kind;
    struct ix_addr server; /* as it is now: a server may name another (300) */
    const uint8_t *data;
    size_t len;
};
struct ix_turn_data { /* what a peer sent */
    struct ix_addr peer;
    const uint8_t *data; /* borrowed: of the input, or until the next call */
    size_t len;
};
struct ix_turn;
int ix_turn_new(const struct ix_turn_config *config, struct ix_turn **out);
void ix_turn_free(struct ix_turn *t); /* says nothing to the server; ix_turn_close first */
void ix_turn_start(struct ix_turn *t, struct ix_now now);
void ix_turn_connected(struct ix_turn *t, struct ix_now now);
void ix_turn_disconnected(struct ix_turn *t, int err, struct ix_now now); /* also: could not connect */
/* A datagram from the server (UDP). true: it was for this client; then data->len says whether a peer sent something. */
bool ix_turn_input(struct ix_turn *t, const void *p, size_t n, struct ix_turn_data *data, struct ix_now now);
/* Bytes of the stream (TCP, TLS), any amount; then ix_turn_next until it returns false. */
void ix_turn_stream(struct ix_turn *t, const void *p, size_t n, struct ix_now now);
bool ix_turn_next(struct ix_turn *t, struct ix_turn_data *data, struct ix_now now); /* data->len 0: no peer's */
void ix_turn_timeout(struct ix_turn *t, struct ix_now now);
bool ix_turn_poll(struct ix_turn *t, struct ix_turn_out *out);
uint64_t ix_turn_deadline(const struct ix_turn *t);
/* Frames data for a peer; *out is to be sent to the server, and is borrowed until the next call. Asks for the
 * permission and, for what is not STUN, for a channel. IRISX_E_STATE: not READY; _FORBIDDEN: the server will not send
 * there; _TOO_LARGE: over 2,000 bytes. */
int ix_turn_wrap(
    struct ix_turn *t, const struct ix_addr *peer, const void *p, size_t n, struct ix_bytes *out, struct ix_now now);
void ix_turn_permit(struct ix_turn *t, const struct ix_addr *peer, struct ix_now now); /* it may send to us */
void ix_turn_check(struct ix_turn *t, struct ix_now now); /* is the allocation still there? asks at once */
void ix_turn_close(struct ix_turn *t, struct ix_now now); /* gives the allocation back; CLOSED within half a second */
enum ix_turn_state ix_turn_state(const struct ix_turn *t);
/* FAILED: a STUN error code (401 credentials, 437, 486 quota, 508 ...), or 0 with the IRISX_E_ code in *err */
uint16_t ix_turn_failure(const struct ix_turn *t, int *err);
bool ix_turn_relayed(const struct ix_turn *t, enum ix_family family, struct ix_addr *out); /* READY */
bool ix_turn_mapped(const struct ix_turn *t, struct ix_addr *out); /* how the server sees us */
void ix_turn_server_addr(const struct ix_turn *t, struct ix_addr *out); /* the one at hand: 300 changes it */
uint64_t ix_turn_round_trip(const struct ix_turn *t); /* of the allocation, microseconds; 0 not known */
bool ix_turn_is_channel(const void *p, size_t n); /* RFC 8656 section 12: 0x4000..0x4FFF */

#endif
