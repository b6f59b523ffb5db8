/* SPDX-License-Identifier: MIT */
/*
 * Network calls that wait, for threads that may (preflight): each until a time, and not much longer than a flag allows.
 * A certificate is looked at, not insisted on: what is wrong with it is the result, and nothing secret is ever said
 * over such a connection.
 */
#ifndef IX_WAIT_H
#define IX_WAIT_H

#include <stdatomic.h>

#include "core/core.h"

struct ix_wait {
    uint64_t until_us; /* of ix_clock_now().mono_us */
    const atomic_bool *stop; /* NULL: none */
};
bool ix_wait_over(const struct ix_wait *w);
void ix_wait_ms(const struct ix_wait *w, unsigned ms);

#define IX_LOOKUP_MAX 8
/* One family of a name. IRISX_E_NOT_FOUND: there is none; IRISX_E_TIMEOUT: nobody answered; IRISX_E_NETWORK: the name
 * server failed. What hangs is left behind. */
int ix_lookup(const char *host, enum ix_family family, const struct ix_wait *w, struct ix_addr *out, size_t *count);

enum ix_certificate { /* worst first */
    IX_CERT_NONE = 0, /* no TLS */
    IX_CERT_GOOD = 1,
    IX_CERT_EXPIRED = 2,
    IX_CERT_NOT_YET = 3,
    IX_CERT_NAME = 4, /* for somebody else */
    IX_CERT_UNTRUSTED = 5
};
struct ix_link;
struct ix_link_report {
    bool connected, secured; /* how far it came */
    uint32_t connect_ms, tls_ms;
    enum ix_certificate certificate;
    int64_t not_before_s, not_after_s; /* Unix time, of the certificate; 0 unknown */
    char names[120]; /* whom it is for */
};
/* TCP, and TLS if told so (host: the name that the certificate has to have). IRISX_E_NETWORK refused, IRISX_E_TIMEOUT,
 * IRISX_E_TLS; *r is filled in any case */
int ix_link_open(const struct ix_addr *to, bool tls, const char *host, const char *ca_file, const struct ix_wait *w,
    struct ix_link_report *r, struct ix_link **out);
int ix_link_send(struct ix_link *c, const void *p, size_t n, const struct ix_wait *w);
/* *n 0: closed by the peer */
int ix_link_receive(struct ix_link *c, void *p, size_t cap, size_t *n, const struct ix_wait *w);
void ix_link_close(struct ix_link *c); /* NULL allowed */

int ix_dgram_open(const struct ix_addr *towards, struct ix_addr *local, int *fd); /* local: where packets leave from */
void ix_dgram_send(int fd, const struct ix_addr *to, const void *p, size_t n);
int ix_dgram_receive(int fd, struct ix_addr *from, void *p, size_t cap, size_t *n, const struct ix_wait *w);
void ix_dgram_close(int fd);

#endif
