/* SPDX-License-Identifier: MIT */
/*
 * Inside dtls: what the association (owner's thread) and the engine (worker's thread) hand each other, the datagram
 * queue, and the reassembly of a ClientHello.
 */
#ifndef IX_DTLS_INTERNAL_H
#define IX_DTLS_INTERNAL_H

#include "dtls/dtls.h"

#define IX_DTLS_MTU_DEFAULT 1200 /* bytes of UDP payload: fits every path that WebRTC uses */
#define IX_DTLS_MTU_MIN 256 /* below it some flights of ours have messages that mbedtls cannot cut */
#define IX_DTLS_FINGERPRINTS 4
#define IX_DTLS_TIMER_MIN (50 * IX_MS)
#define IX_DTLS_TIMER_MAX (4 * IX_S) /* RFC 6347 section 4.2.4.1 allows up to 60 s; a call does not wait so long */
/* A peer whose last flight was lost tries as long as we would (association.c): it must find somebody who answers. Two
 * of 4,000 lossy calls ended in its time-out when this was 8 s. */
#define IX_DTLS_LINGER (15 * IX_S)
#define IX_DTLS_SEED 48 /* bytes that CTR_DRBG asks for at AES-256 */

/* ---- queue.c: datagrams, bounded by number and bytes; the oldest falls ------------------- */
struct ix_dtls_datagram {
    struct ix_dtls_datagram *next;
    size_t len;
    uint8_t data[];
};
struct ix_dtls_queue {
    struct ix_dtls_datagram *first;
    struct ix_dtls_datagram *last;
    size_t count;
    size_t bytes;
};
#define IX_DTLS_QUEUE_MAX 32
#define IX_DTLS_QUEUE_BYTES (64 * 1024)
#define IX_DTLS_DATAGRAM_MAX (16 * 1024 + 512) /* what mbedtls can read at once */
int ix_dtls_queue_push(struct ix_dtls_queue *q, const void *p, size_t n); /* IRISX_E_NO_MEMORY, IRISX_E_TOO_LARGE */
struct ix_dtls_datagram *ix_dtls_queue_pop(struct ix_dtls_queue *q); /* caller frees with ix_free; NULL if empty */
void ix_dtls_queue_move(struct ix_dtls_queue *to, struct ix_dtls_queue *from); /* all, within to's bounds */
void ix_dtls_queue_clear(struct ix_dtls_queue *q);

/* ---- hello.c: a ClientHello that came in fragments (RFC 6347 section 4.2.3) -------------- */
#define IX_DTLS_HELLO_MAX 8192 /* bytes of message; post-quantum key shares make some 1,800 */
struct ix_dtls_hello {
    uint8_t *record; /* being assembled: 13 bytes of record header, 12 of handshake header, body; NULL = none */
    uint8_t *have; /* one bit for each byte of the body; lies behind it */
    uint32_t length; /* of the body */
    uint32_t missing; /* bytes of it */
    uint16_t message_seq;
};
enum ix_dtls_hello_result {
    IX_DTLS_HELLO_PASS = 1, /* a whole ClientHello in one fragment: feed the datagram as it is */
    IX_DTLS_HELLO_OTHER = 2, /* no ClientHello in it */
    IX_DTLS_HELLO_TAKEN = 3, /* fragments were kept, more are missing (or it was malformed) */
    IX_DTLS_HELLO_WHOLE = 4 /* complete: *out is one record to feed, borrowed until the next call */
};
enum ix_dtls_hello_result ix_dtls_hello_input(struct ix_dtls_hello *h, const void *p, size_t n, struct ix_bytes *out);
void ix_dtls_hello_clear(struct ix_dtls_hello *h);

/* ---- engine.c: everything that calls mbedtls for one association ------------------------- */
struct ix_dtls_engine;
/* The worker's between poll's WORK and ix_dtls_done(), the owner's at all other times. */
struct ix_dtls_job {
    /* fixed by the owner before the first WORK */
    struct ix_dtls_identity *identity;
    enum ix_dtls_role role;
    uint16_t mtu;
    uint32_t timer_min_ms; /* first retransmission */
    uint8_t seed[IX_DTLS_SEED]; /* wiped once the generator has it */
    /* asked by the owner for one WORK */
    struct ix_dtls_queue in;
    struct ix_dtls_fingerprint expected[IX_DTLS_FINGERPRINTS];
    size_t expected_count;
    uint64_t now_us;
    bool let_go; /* prepare the farewell, then the engine is of no more use */
    /* answered */
    struct ix_dtls_queue out;
    struct ix_dtls_datagram *farewell; /* close_notify, ready to send when the engine is gone */
    uint64_t timer_soft_us, timer_at_us; /* mbedtls' two retransmission times; IX_NEVER = not running */
    bool timer_set; /* they were set in this WORK */
    bool connected; /* the handshake is over and keys, peer_digest hold */
    bool peer_closed;
    int err;
    int tls_code; /* mbedtls' own, for the log */
    bool peer_known;
    uint8_t peer_digest[3][IX_DIGEST_MAX]; /* of the peer's certificate: SHA-256, SHA-384, SHA-512 */
    struct ix_srtp_keys keys;
    struct ix_dtls_engine *engine; /* made by the first WORK; NULL again when settled */
};
void ix_dtls_job_run(struct ix_dtls_job *job, struct ix_dtls_worker *worker);
bool ix_dtls_job_matches(const struct ix_dtls_job *job, const struct ix_dtls_fingerprint *list, size_t count);
void ix_dtls_engine_free(struct ix_dtls_engine *e);

/* ---- error.c ----------------------------------------------------------------------------- */
int ix_dtls_error_of(
    int rc, int otherwise); /* 0 for what is no error of mbedtls; otherwise: what says nothing special */

/* ---- identity.c -------------------------------------------------------------------------- */
struct mbedtls_pk_context;
struct mbedtls_x509_crt;
struct mbedtls_x509_crt *ix_dtls_identity_crt(struct ix_dtls_identity *id);
struct mbedtls_pk_context *ix_dtls_worker_key(struct ix_dtls_worker *w);

#endif
