/* SPDX-License-Identifier: MIT */
/*
 * dtls: one DTLS 1.2 association for SRTP keys (RFC 5763, RFC 5764), both roles, over mbedtls. Never computes in
 * input(): poll() may return WORK; whoever drives it runs ix_dtls_work() on any one thread, then calls ix_dtls_done().
 */
#ifndef IX_DTLS_H
#define IX_DTLS_H

#include "core/core.h"

/* ---- identity: one self-signed certificate a client (ECDSA P-256), read-only once made, shared by all calls --- */
struct ix_dtls_identity;
int ix_dtls_identity_new(const struct ix_rng *rng, int64_t wall_us, struct ix_dtls_identity **out); /* ~ms: off-loop */
int ix_dtls_identity_load(struct ix_bytes cert_der, struct ix_bytes key_der, struct ix_dtls_identity **out);
struct ix_dtls_identity *ix_dtls_identity_ref(struct ix_dtls_identity *id); /* thread-safe */
void ix_dtls_identity_unref(struct ix_dtls_identity *id);
const uint8_t *ix_dtls_identity_sha256(const struct ix_dtls_identity *id); /* 32 bytes of the DER certificate */

/* A worker's own copy of the private key: contexts and keys are not shared between threads. */
struct ix_dtls_worker;
int ix_dtls_worker_new(const struct ix_dtls_identity *id, struct ix_dtls_worker **out);
void ix_dtls_worker_free(struct ix_dtls_worker *w);

/* ---- the association --------------------------------------------------------------------- */
enum ix_dtls_role { IX_DTLS_CLIENT = 1, IX_DTLS_SERVER = 2 };
enum ix_dtls_state {
    IX_DTLS_NEW = 0,
    IX_DTLS_HANDSHAKE = 1,
    IX_DTLS_CONNECTED = 2,
    IX_DTLS_FAILED = 3,
    IX_DTLS_CLOSED = 4
};
struct ix_dtls_fingerprint {
    enum ix_digest_kind kind; /* SHA-1 is refused (RFC 8122 section 5) */
    uint8_t bytes[IX_DIGEST_MAX];
    uint8_t len;
};
struct ix_dtls_config {
    struct ix_dtls_identity *identity; /* referenced */
    const struct ix_rng *rng; /* seeds the association's own generator */
    const struct ix_log *log;
    enum ix_dtls_role role;
    uint16_t mtu; /* datagram payload; 0 = 1200 */
    uint32_t timeout_ms; /* whole handshake; 0 = 15000 */
};
struct ix_srtp_keys { /* AES128_CM_SHA1_80 (profile 0x0001): 16-byte key, 14-byte salt each way; wipe after use */
    uint16_t profile;
    uint8_t local[30]; /* what we protect with: key, salt */
    uint8_t remote[30];
};
enum ix_dtls_out_kind { IX_DTLS_OUT_SEND = 1, IX_DTLS_OUT_WORK = 2, IX_DTLS_OUT_STATE = 3 };
struct ix_dtls_out {
    enum ix_dtls_out_kind kind;
    const uint8_t *data; /* SEND: one datagram */
    size_t len;
    enum ix_dtls_state state; /* STATE */
    int err; /* STATE FAILED: IRISX_E_FINGERPRINT, _TIMEOUT, _TLS, _PROTOCOL */
};
struct ix_dtls;
int ix_dtls_new(const struct ix_dtls_config *config, struct ix_dtls **out);
void ix_dtls_free(struct ix_dtls *d); /* never while WORK is out: the owner waits for ix_dtls_done first */
/* any of up to 4 expected fingerprints may match; checked before the association is called connected */
int ix_dtls_set_fingerprint(struct ix_dtls *d, const struct ix_dtls_fingerprint *fp);
/* first valid pair: client sends its hello; retransmission timer starts at max(50 ms, 2 x round trip) */
void ix_dtls_start(struct ix_dtls *d, uint64_t round_trip_us, struct ix_now now);
/* datagrams before start and during WORK queue, bounded (32, then the oldest falls) */
void ix_dtls_input(struct ix_dtls *d, const void *p, size_t n, struct ix_now now);
void ix_dtls_timeout(struct ix_dtls *d, struct ix_now now);
bool ix_dtls_poll(struct ix_dtls *d, struct ix_dtls_out *out);
uint64_t ix_dtls_deadline(const struct ix_dtls *d);
void ix_dtls_work(struct ix_dtls *d, struct ix_dtls_worker *w); /* any thread, once per WORK; touches nothing else */
void ix_dtls_done(struct ix_dtls *d, struct ix_now now); /* owner: results are drained by poll */
bool ix_dtls_working(const struct ix_dtls *d);
void ix_dtls_close(struct ix_dtls *d, struct ix_now now); /* sends close_notify */
enum ix_dtls_state ix_dtls_state(const struct ix_dtls *d);
int ix_dtls_keys(const struct ix_dtls *d, struct ix_srtp_keys *out); /* once connected; IRISX_E_STATE before */
/*
 * The peer has proved that it holds our last flight (its first SRTP packet authenticated): nothing will be sent again,
 * so the heavy context may go (some 30 kB). Harmless in any state and as often as you like; while WORK is out it takes
 * effect at ix_dtls_done(). Without it the context goes after 2 x the longest retransmission timer. Keys, state and
 * statistics stay; a late datagram of the peer is then ignored and ix_dtls_close() ends without close_notify.
 */
void ix_dtls_settle(struct ix_dtls *d, struct ix_now now);

/*
 * The association behind a table, so that the call layer can be simulated with a cheap double (tests/support/
 * dtls_double.h). Members mirror the functions of the same name above.
 */
struct ix_dtls_ops {
    int (*create)(const struct ix_dtls_config *config, struct ix_dtls **out); /* ix_dtls_new */
    void (*free)(struct ix_dtls *d);
    int (*set_fingerprint)(struct ix_dtls *d, const struct ix_dtls_fingerprint *fp);
    void (*start)(struct ix_dtls *d, uint64_t round_trip_us, struct ix_now now);
    void (*input)(struct ix_dtls *d, const void *p, size_t n, struct ix_now now);
    void (*timeout)(struct ix_dtls *d, struct ix_now now);
    bool (*poll)(struct ix_dtls *d, struct ix_dtls_out *out);
    uint64_t (*deadline)(const struct ix_dtls *d);
    void (*work)(struct ix_dtls *d, struct ix_dtls_worker *w);
    void (*done)(struct ix_dtls *d, struct ix_now now);
    bool (*working)(const struct ix_dtls *d);
    void (*close)(struct ix_dtls *d, struct ix_now now);
    enum ix_dtls_state (*state)(const struct ix_dtls *d);
    int (*keys)(const struct ix_dtls *d, struct ix_srtp_keys *out);
    void (*settle)(struct ix_dtls *d, struct ix_now now);
};
extern const struct ix_dtls_ops ix_dtls_mbedtls;

#endif
