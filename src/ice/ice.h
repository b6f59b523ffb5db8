/* SPDX-License-Identifier: MIT */
/*
 * ice: STUN messages (RFC 8489), the gathering of candidates and the full ICE agent (RFC 8445) for one component
 * (rtcp-mux). Pure: packets and time in; packets, events and one deadline out.
 */
#ifndef IX_ICE_H
#define IX_ICE_H

#include "core/core.h"

/* ---- STUN -------------------------------------------------------------------------------- */
#define IX_STUN_MAGIC UINT32_C(0x2112A442)
enum ix_stun_class { IX_STUN_REQUEST = 0, IX_STUN_INDICATION = 1, IX_STUN_SUCCESS = 2, IX_STUN_ERROR = 3 };
enum ix_stun_method { /* RFC 8656 section 17: all but Binding */
    IX_STUN_BINDING = 1,
    IX_STUN_ALLOCATE = 3,
    IX_STUN_REFRESH = 4,
    IX_STUN_SEND = 6,
    IX_STUN_DATA = 7,
    IX_STUN_CREATE_PERMISSION = 8,
    IX_STUN_CHANNEL_BIND = 9
};
/* RFC 8489 section 18.3, RFC 8445 section 20.1, RFC 8656 section 18; below 0x8000: must be understood */
enum ix_stun_attr_type {
    IX_STUN_MAPPED_ADDRESS = 0x0001,
    IX_STUN_USERNAME = 0x0006,
    IX_STUN_MESSAGE_INTEGRITY = 0x0008,
    IX_STUN_ERROR_CODE = 0x0009,
    IX_STUN_UNKNOWN_ATTRIBUTES = 0x000A,
    IX_STUN_CHANNEL_NUMBER = 0x000C,
    IX_STUN_LIFETIME = 0x000D,
    IX_STUN_XOR_PEER_ADDRESS = 0x0012,
    IX_STUN_DATA_VALUE = 0x0013,
    IX_STUN_REALM = 0x0014,
    IX_STUN_NONCE = 0x0015,
    IX_STUN_XOR_RELAYED_ADDRESS = 0x0016,
    IX_STUN_REQUESTED_ADDRESS_FAMILY = 0x0017,
    IX_STUN_REQUESTED_TRANSPORT = 0x0019,
    IX_STUN_XOR_MAPPED_ADDRESS = 0x0020,
    IX_STUN_PRIORITY = 0x0024,
    IX_STUN_USE_CANDIDATE = 0x0025,
    IX_STUN_ADDITIONAL_ADDRESS_FAMILY = 0x8000,
    IX_STUN_ADDRESS_ERROR_CODE = 0x8001,
    IX_STUN_SOFTWARE = 0x8022,
    IX_STUN_ALTERNATE_SERVER = 0x8023,
    IX_STUN_FINGERPRINT = 0x8028,
    IX_STUN_ICE_CONTROLLED = 0x8029,
    IX_STUN_ICE_CONTROLLING = 0x802A
};

struct ix_stun_msg { /* a parsed message; slices borrow the packet */
    enum ix_stun_class cls;
    uint16_t method;
    uint8_t transaction[12];
    struct ix_addr xor_mapped; /* family 0 = absent (MAPPED-ADDRESS accepted as a fallback) */
    struct ix_str username;
    struct ix_str software;
    struct ix_str realm;
    struct ix_str nonce;
    struct ix_addr xor_peer; /* TURN; family 0 = absent, as of the next two */
    struct ix_addr xor_relayed[2]; /* by family: IPv4, IPv6 */
    struct ix_addr alternate;
    struct ix_bytes relayed; /* the value of DATA; p NULL = absent */
    uint32_t lifetime_s; /* with has_lifetime */
    bool has_lifetime;
    uint32_t priority; /* with has_priority */
    uint64_t tie_breaker;
    uint16_t error_code; /* 0 = absent */
    bool has_priority, use_candidate, controlling, controlled, has_integrity, has_fingerprint;
    uint16_t unknown[8]; /* comprehension-required attributes nobody knows */
    size_t unknown_count;
    size_t integrity_at; /* offset of MESSAGE-INTEGRITY */
    const uint8_t *data;
    size_t len;
};
bool ix_stun_is(const void *p, size_t n); /* RFC 7983: first byte 0..3, magic cookie, length */
int ix_stun_parse(struct ix_stun_msg *m, const void *p, size_t n); /* FINGERPRINT is checked when present */
bool ix_stun_check_integrity(const struct ix_stun_msg *m, struct ix_str key); /* short-term: key = password */
/* Builder: begin (b empty), attributes, end (adds MESSAGE-INTEGRITY if key.n, then FINGERPRINT; gives b's error). */
void ix_stun_begin(struct ix_buf *b, enum ix_stun_class cls, uint16_t method, const uint8_t transaction[12]);
void ix_stun_attr(struct ix_buf *b, uint16_t type, const void *p, size_t n);
/* XORed (RFC 8489 section 14.2) unless the type is MAPPED-ADDRESS */
void ix_stun_attr_addr(struct ix_buf *b, uint16_t type, const struct ix_addr *a, const uint8_t transaction[12]);
void ix_stun_attr_error(struct ix_buf *b, uint16_t code, const char *reason); /* 300..699 */
int ix_stun_end(struct ix_buf *b, struct ix_str key);

/* ---- candidates -------------------------------------------------------------------------- */
enum ix_candidate_type { IX_CAND_HOST = 1, IX_CAND_PRFLX = 2, IX_CAND_SRFLX = 3, IX_CAND_RELAY = 4 };
struct ix_candidate {
    enum ix_candidate_type type;
    uint32_t priority; /* RFC 8445 section 5.1.2.1 */
    struct ix_addr addr;
    struct ix_addr base; /* what packets leave from (raddr/rport in SDP for non-host); own candidates only */
    uint32_t socket; /* own candidates: the shell's id of the UDP socket */
    char foundation[33];
};
#define IX_ICE_MAX_LOCAL 24
#define IX_ICE_MAX_REMOTE 32
#define IX_ICE_UFRAG 8 /* characters we use; RFC 8839 section 5.4 wants 4..256 */
#define IX_ICE_PWD 24 /* 22..256 */
const char *ix_candidate_type_name(enum ix_candidate_type type); /* as in SDP: "host", "srflx" ... */
uint32_t ix_ice_priority(enum ix_candidate_type type, uint16_t local_preference); /* component 1 */

/* ---- TURN servers (RFC 8656) -------------------------------------------------------------- */
enum ix_turn_transport { IX_TURN_UDP = 1, IX_TURN_TCP = 2, IX_TURN_TLS = 3 };
#define IX_TURN_TEXT 256
struct ix_turn_server {
    enum ix_turn_transport transport;
    struct ix_addr addr;
    char host[IX_TURN_TEXT]; /* the name it was given by: TLS checks the certificate against it */
    char username[IX_TURN_TEXT]; /* RFC 8489 section 14.3: at most 508 bytes; ours 255 */
    char password[IX_TURN_TEXT];
};

/* ---- gathering: sockets' own addresses plus what STUN servers see; one per line, ready before a call is dialled ---
 */
struct ix_gather;
struct ix_gather_config {
    const struct ix_rng *rng; /* must outlive */
    const struct ix_log *log;
    uint32_t timeout_ms; /* 0 = 1500: then srflx is done without */
    uint32_t relay_ids; /* the first of 16 ids for relayed sockets, a multiple of 16 with IX_RELAY_BIT; 0 = no relays */
    uint32_t refresh_ms; /* srflx is asked again so that NAT keeps it; 0 = 20000, UINT32_MAX = never */
};
#define IX_GATHER_MAX_SOCKETS 16
#define IX_GATHER_MAX_SERVERS 4
int ix_gather_new(const struct ix_gather_config *config, struct ix_gather **out);
void ix_gather_free(struct ix_gather *g);
/* a bound socket; addr is the interface's address, never the wildcard; preference: higher first, loopback lowest */
int ix_gather_add_socket(struct ix_gather *g, uint32_t socket, const struct ix_addr *addr, uint16_t preference);
int ix_gather_add_server(struct ix_gather *g, const struct ix_addr *stun_server);
void ix_gather_start(struct ix_gather *g, struct ix_now now);
bool ix_gather_input(struct ix_gather *g, uint32_t socket, const struct ix_addr *from, const void *p, size_t n,
    struct ix_now now); /* true: it was ours */
void ix_gather_timeout(struct ix_gather *g, struct ix_now now);
uint64_t ix_gather_deadline(const struct ix_gather *g);
enum ix_ice_send_kind { /* the last three: TURN over TCP or TLS, where socket is the id of the byte stream */
    IX_ICE_DATAGRAM = 0,
    IX_ICE_STREAM_OPEN = 1, /* connect to `to`; then ix_gather_stream_opened or _closed */
    IX_ICE_STREAM_DATA = 2,
    IX_ICE_STREAM_CLOSE = 3
};
struct ix_ice_send {
    enum ix_ice_send_kind kind;
    uint32_t socket;
    struct ix_addr to;
    const uint8_t *data;
    size_t len;
    bool tls; /* STREAM_OPEN, with the name that the certificate has to have */
    const char *host;
};
bool ix_gather_poll(struct ix_gather *g, struct ix_ice_send *out);
bool ix_gather_done(const struct ix_gather *g); /* stays true; a refresh may still change the candidates */
/* preferred first: host by preference, srflx, loopback; what is known so far; borrowed until the next call */
const struct ix_candidate *ix_gather_candidates(const struct ix_gather *g, size_t *count);
uint32_t ix_gather_version(const struct ix_gather *g); /* another one: the candidates may have changed */
void ix_gather_rest(struct ix_gather *g); /* a call's own checks keep the NAT bindings from now on */

/*
 * Relays. An allocation at a TURN server looks like one more socket: its candidate has type RELAY and a socket id with
 * IX_RELAY_BIT. What the agent sends from it goes through ix_gather_relay to become a datagram for the server; what the
 * server brings comes out of ix_gather_turn_input as a packet to that socket. Servers are asked in the order given, UDP
 * before TCP before TLS, one more every 250 ms until one has answered.
 */
#define IX_RELAY_BIT UINT32_C(0x80000000)
#define IX_GATHER_MAX_TURN 6
int ix_gather_add_turn(struct ix_gather *g, const struct ix_turn_server *server); /* before start */
struct ix_ice_received { /* what a peer sent through a relay */
    uint32_t socket; /* with IX_RELAY_BIT */
    struct ix_addr from;
    const uint8_t *data; /* borrowed until the next call */
    size_t len; /* 0: nothing */
};
/* a datagram that came on one of the sockets; true: it is from a TURN server of ours */
bool ix_gather_turn_input(struct ix_gather *g, uint32_t socket, const struct ix_addr *from, const void *p, size_t n,
    struct ix_ice_received *out, struct ix_now now);
void ix_gather_stream_opened(struct ix_gather *g, uint32_t stream, struct ix_now now);
void ix_gather_stream_closed(struct ix_gather *g, uint32_t stream, int err, struct ix_now now);
void ix_gather_stream_input(struct ix_gather *g, uint32_t stream, const void *p, size_t n, struct ix_now now);
/* after stream_input, until it returns false */
bool ix_gather_stream_next(struct ix_gather *g, uint32_t stream, struct ix_ice_received *out, struct ix_now now);
/* a packet from a relayed socket to a peer: what is to be sent in its place. IRISX_E_NOT_FOUND: no such relay (any
 * more), and ix_turn_wrap's */
int ix_gather_relay(struct ix_gather *g, uint32_t socket, const struct ix_addr *to, const void *p, size_t n,
    struct ix_ice_send *out, struct ix_now now);
void ix_gather_permit(struct ix_gather *g, const struct ix_addr *peer, struct ix_now now); /* at every relay */
void ix_gather_check(struct ix_gather *g, struct ix_now now); /* a path was lost: are the relays still there? */
void ix_gather_close(struct ix_gather *g, struct ix_now now); /* relays are given back; nothing else is asked */
bool ix_gather_closed(const struct ix_gather *g); /* that is done, or took half a second */
/* why there is no relay: the last failure's STUN error code, *err its IRISX_E_; 0 and 0: none has failed */
uint16_t ix_gather_relay_failure(const struct ix_gather *g, int *err);

/* ---- the agent --------------------------------------------------------------------------- */
enum ix_ice_state { /* as RTCIceConnectionState, fewer */
    IX_ICE_NEW = 0, /* no remote description yet; early checks are answered and remembered */
    IX_ICE_CHECKING = 1,
    IX_ICE_VALID = 2, /* a pair works: DTLS may start on it; not nominated yet */
    IX_ICE_CONNECTED = 3, /* nominated */
    IX_ICE_DISCONNECTED = 4, /* consent runs out (RFC 7675) */
    IX_ICE_FAILED = 5
};
struct ix_ice_config {
    const struct ix_rng *rng; /* must outlive */
    const struct ix_log *log;
    bool controlling;
    uint32_t ta_ms; /* pacing; 0 = 20 (RFC 8445 section 14.2 allows >= 5) */
    uint32_t fail_ms; /* 0 = 15000: no pair by then is failure */
    uint32_t consent_ms; /* 0 = 30000 (RFC 7675 section 5.1) */
    uint32_t doubt_ms; /* 0 = 2500: consent checks without an answer for so long are DISCONNECTED */
};
enum ix_ice_out_kind { IX_ICE_OUT_SEND = 1, IX_ICE_OUT_STATE = 2, IX_ICE_OUT_SELECTED = 3 };
struct ix_ice_pair {
    uint32_t socket;
    struct ix_addr local; /* base */
    struct ix_addr remote;
    enum ix_candidate_type local_type;
    enum ix_candidate_type remote_type;
    uint64_t round_trip_us; /* of the last check */
};
struct ix_ice_out {
    enum ix_ice_out_kind kind;
    struct ix_ice_send send; /* SEND */
    enum ix_ice_state state; /* STATE */
    struct ix_ice_pair pair; /* SELECTED: send media here from now on (first valid, then nominated) */
};
struct ix_ice;
int ix_ice_new(const struct ix_ice_config *config, struct ix_ice **out);
void ix_ice_free(struct ix_ice *ice);
const char *ix_ice_ufrag(const struct ix_ice *ice); /* own, random, fixed for the session: until a restart */
const char *ix_ice_pwd(const struct ix_ice *ice);
/* also while it runs: a late candidate is paired at once, and for the peer to be told of (RFC 8838) */
int ix_ice_add_local(struct ix_ice *ice, const struct ix_candidate *c, struct ix_now now);
size_t ix_ice_locals(const struct ix_ice *ice, const struct ix_candidate **out);
size_t ix_ice_remote_count(const struct ix_ice *ice);
const struct ix_addr *ix_ice_remote(const struct ix_ice *ice, size_t i);
void ix_ice_set_controlling(struct ix_ice *ice, bool controlling); /* before start */
int ix_ice_set_remote(struct ix_ice *ice, struct ix_str ufrag, struct ix_str pwd, bool lite);
int ix_ice_add_remote(struct ix_ice *ice, const struct ix_candidate *c, struct ix_now now);
void ix_ice_remote_done(struct ix_ice *ice); /* end of candidates: warns if none of them can be reached */
int ix_ice_start(struct ix_ice *ice, struct ix_now now); /* remote set: checks begin */
/* any STUN packet that came on one of the sockets; returns false if it is not for this agent (ufrag, transaction) */
bool ix_ice_input(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *from, const void *p, size_t n, struct ix_now now);
void ix_ice_timeout(struct ix_ice *ice, struct ix_now now);
bool ix_ice_poll(struct ix_ice *ice, struct ix_ice_out *out);
uint64_t ix_ice_deadline(const struct ix_ice *ice);
enum ix_ice_state ix_ice_state(const struct ix_ice *ice);
bool ix_ice_selected(const struct ix_ice *ice, struct ix_ice_pair *out);
/*
 * ICE restart, RFC 8445 section 9, asked for by either side: new ufrag and password, state NEW; own and remote
 * candidates, credentials and start are given again (other sockets are fine). Role and tie-breaker stay. The session
 * before goes on beside it (media, consent, the peer's checks; its sockets must stay open) until the new one is
 * CONNECTED; if the new one fails, the one before is in force again as long as it works, and FAILED is told only once
 * neither does. A second restart before the first is through keeps the session that works.
 * IRISX_E_NO_MEMORY leaves all as it was; IRISX_E_STATE: still NEW, there is nothing to restart.
 */
int ix_ice_restart(struct ix_ice *ice);
bool ix_ice_rollback(struct ix_ice *ice); /* the peer refused the offer of a restart: as before it; false: none */
bool ix_ice_restarting(const struct ix_ice *ice); /* a session before this one is still there */
bool ix_ice_uses(const struct ix_ice *ice, uint32_t socket); /* a candidate of either session is on that socket */
/* the path may be gone (no media came for a while): asks at once whether it is, DISCONNECTED follows soon if so */
void ix_ice_probe(struct ix_ice *ice, struct ix_now now);
/* the peer's description names this address, or a check of the peer that proved its password came from there */
bool ix_ice_knows(const struct ix_ice *ice, const struct ix_addr *from);

#endif
