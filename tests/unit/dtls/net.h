/* SPDX-License-Identifier: MIT */
/* Two associations and the path between them, in virtual time: delay, loss, duplication, reordering, all seeded. */
#ifndef TEST_DTLS_NET_H
#define TEST_DTLS_NET_H

#include "dtls/internal.h"

#define NET_FLYING 256

struct net_path { /* in percent */
    unsigned loss, duplicate, reorder;
    uint64_t delay_us;
};
struct net_packet {
    uint64_t at_us;
    struct ix_dtls_datagram *d;
    int to;
};
struct net {
    const struct ix_dtls_ops *ops;
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_now now;
    struct ix_dtls *end[2]; /* 0: client, 1: server */
    struct ix_dtls_worker *worker[2];
    struct ix_dtls_identity *identity[2];
    struct net_path path;
    struct net_packet flying[NET_FLYING];
    size_t flying_count;
    uint64_t work_us; /* what one WORK takes */
    size_t sent[2], sent_bytes_max[2], works[2];
    int err[2];
    bool told[2][5]; /* states reported by poll */
    /* sees every datagram before the path; false: it falls */
    bool (*hook)(struct net *net, int from, const uint8_t *p, size_t n);
    void *hook_ctx;
};
struct net_options {
    const struct ix_dtls_ops *ops; /* NULL: the real one */
    uint64_t seed;
    uint16_t mtu[2];
    struct ix_dtls_identity *server_identity; /* NULL: a new one */
    uint32_t timeout_ms;
    struct net_path path;
    bool wrong_fingerprint[2]; /* what that end expects of the other */
    bool no_fingerprint[2];
    uint64_t work_us;
};
int net_open(struct net *net, const struct net_options *o);
void net_close(struct net *net);
int net_expect(struct net *net, int at, enum ix_digest_kind kind); /* the other's true fingerprint */
void net_start(struct net *net);
void net_put(struct net *net, int to, const void *p, size_t n, uint64_t delay_us);
/* runs until nothing is due any more before until_us, or both ends have reached `state` */
void net_run(struct net *net, enum ix_dtls_state state, uint64_t until_us);
void net_drain(struct net *net, int at);
struct ix_dtls_identity *net_rsa4096(void); /* FreeSWITCH's kind of certificate; some 0.1 s */

#endif
