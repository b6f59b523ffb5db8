/* SPDX-License-Identifier: MIT */
/* See wait.h. Nothing here touches a loop. */
#include "io/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/internal.h"

#define SLICE_MS 50 /* how late the stop flag is seen */

static uint64_t left_ms(const struct ix_wait *w)
{
    uint64_t now = ix_clock_now().mono_us;

    return w->until_us > now && !(w->stop && atomic_load(w->stop)) ? (w->until_us - now + 999) / 1000 : 0;
}

bool ix_wait_over(const struct ix_wait *w)
{
    return left_ms(w) == 0;
}

void ix_wait_ms(const struct ix_wait *w, unsigned ms)
{
    for (uint64_t left; ms > 0 && (left = left_ms(w)) > 0;) {
        unsigned step = (unsigned) IX_MIN(IX_MIN((uint64_t) ms, left), SLICE_MS);
        struct timespec t = { .tv_nsec = (long) step * 1000000 };

        (void) nanosleep(&t, NULL);
        ms -= step;
    }
}

/* 0: ready; IRISX_E_TIMEOUT */
static int wait_for(int fd, short events, const struct ix_wait *w)
{
    struct pollfd p = { .fd = fd, .events = events };

    for (uint64_t left; (left = left_ms(w)) > 0;)
        if (poll(&p, 1, (int) IX_MIN(left, SLICE_MS)) > 0)
            return 0;
    return IRISX_E_TIMEOUT;
}

/* ---- names ------------------------------------------------------------------------------- */
struct lookup {
    atomic_int refs; /* the thread's and the asker's */
    atomic_bool done;
    int family, result;
    char *host;
    struct ix_addr addrs[IX_LOOKUP_MAX];
    size_t count;
};

static void lookup_unref(struct lookup *l)
{
    if (atomic_fetch_sub(&l->refs, 1) > 1)
        return;
    ix_free(l->host);
    ix_free(l);
}

static void *lookup_main(void *arg)
{
    struct lookup *l = arg;
    const struct addrinfo hints = { .ai_family = l->family, .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;

    l->result = getaddrinfo(l->host, NULL, &hints, &list);
    for (const struct addrinfo *a = list; !l->result && a && l->count < IX_LOOKUP_MAX; a = a->ai_next)
        l->count += ix_sockaddr_read(a->ai_addr, &l->addrs[l->count]);
    if (!l->result)
        freeaddrinfo(list);
    atomic_store(&l->done, true);
    lookup_unref(l);
    return NULL;
}

static int lookup_start(struct lookup *l)
{
    sigset_t all, before;
    pthread_t thread;
    int err;

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_BLOCK, &all, &before);
    err = pthread_create(&thread, NULL, lookup_main, l);
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!err)
        (void) pthread_detach(thread);
    return err ? IRISX_E_LIMIT : 0;
}

static int lookup_result(const struct lookup *l)
{
    switch (l->result) {
    case 0:
        return l->count ? 0 : IRISX_E_NOT_FOUND;
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
#endif
        return IRISX_E_NOT_FOUND;
    case EAI_AGAIN:
        return IRISX_E_TIMEOUT; /* no name server answered, or it could not */
    default:
        return IRISX_E_NETWORK;
    }
}

int ix_lookup(const char *host, enum ix_family family, const struct ix_wait *w, struct ix_addr *out, size_t *count)
{
    struct lookup *l = ix_alloc(sizeof *l);
    int err;

    *count = 0;
    if (l)
        l->host = ix_dup_cstr(host);
    if (!l || !l->host) {
        ix_free(l);
        return IRISX_E_NO_MEMORY;
    }
    l->family = family == IX_IPV6 ? AF_INET6 : AF_INET;
    atomic_store(&l->refs, 2);
    err = lookup_start(l);
    if (err)
        lookup_unref(l);
    while (!err && !atomic_load(&l->done) && !ix_wait_over(w))
        ix_wait_ms(w, 2);
    if (!err)
        err = atomic_load(&l->done) ? lookup_result(l) : IRISX_E_TIMEOUT;
    if (!err) {
        *count = l->count;
        memcpy(out, l->addrs, l->count * sizeof *out);
    }
    lookup_unref(l);
    return err;
}

/* ---- TCP and TLS ------------------------------------------------------------------------- */
struct ix_link {
    int fd;
    SSL *ssl; /* NULL: TCP */
};

static int tcp_connect(const struct ix_addr *to, const struct ix_wait *w, int *out)
{
    struct sockaddr_storage sa;
    socklen_t len = ix_sockaddr_of(to, &sa), size = sizeof(int);
    int error = 0, fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int err = fd < 0 ? IRISX_E_NETWORK : 0;

    if (!err && connect(fd, (struct sockaddr *) &sa, len) != 0)
        err = errno == EINPROGRESS ? wait_for(fd, POLLOUT, w) : IRISX_E_NETWORK;
    if (!err && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0))
        err = error == ETIMEDOUT ? IRISX_E_TIMEOUT : IRISX_E_NETWORK;
    if (err && fd >= 0)
        (void) close(fd);
    *out = fd;
    return err;
}

/* after one step of TLS: 1 again, 0 done, else the code */
static int tls_step(struct ix_link *c, int result, const struct ix_wait *w)
{
    int why = SSL_get_error(c->ssl, result);

    if (result > 0)
        return 0;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        int err = wait_for(c->fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, w);

        return err ? err : 1;
    }
    ERR_clear_error();
    return IRISX_E_TLS;
}

static enum ix_certificate judge(long verify)
{
    switch (verify) {
    case X509_V_OK:
        return IX_CERT_GOOD;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return IX_CERT_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return IX_CERT_NOT_YET;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return IX_CERT_NAME;
    default:
        return IX_CERT_UNTRUSTED;
    }
}

static int64_t unix_time(const ASN1_TIME *t)
{
    struct tm tm;

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t) timegm(&tm) : 0;
}

static void look_at_certificate(SSL *ssl, struct ix_link_report *r)
{
    X509 *cert = SSL_get1_peer_certificate(ssl);

    r->certificate = cert ? judge(SSL_get_verify_result(ssl)) : IX_CERT_UNTRUSTED;
    if (!cert)
        return;
    r->not_before_s = unix_time(X509_get0_notBefore(cert));
    r->not_after_s = unix_time(X509_get0_notAfter(cert));
    ix_tls_names(cert, r->names, sizeof r->names);
    X509_free(cert);
}

static int secure(
    struct ix_link *c, const char *host, const char *ca_file, const struct ix_wait *w, struct ix_link_report *r)
{
    SSL_CTX *ctx = ix_stream_tls_client_new(ca_file);
    struct ix_addr literal;
    int step = 1;

    c->ssl = ctx ? SSL_new(ctx) : NULL;
    ix_stream_tls_free(ctx); /* SSL has its own reference */
    if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
        return ctx ? IRISX_E_NO_MEMORY : IRISX_E_TLS;
    SSL_set_verify(c->ssl, SSL_VERIFY_NONE, NULL); /* looked at below */
    if (ix_addr_parse(&literal, ix_str(host), 0) == 0) {
        (void) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), host);
    } else {
        (void) SSL_set1_host(c->ssl, host);
        (void) SSL_set_tlsext_host_name(c->ssl, host);
    }
    while (step == 1)
        step = tls_step(c, SSL_connect(c->ssl), w);
    if (!step)
        look_at_certificate(c->ssl, r);
    return step;
}

int ix_link_open(const struct ix_addr *to, bool tls, const char *host, const char *ca_file, const struct ix_wait *w,
    struct ix_link_report *r, struct ix_link **out)
{
    uint64_t began = ix_clock_now().mono_us, at;
    struct ix_link *c = ix_alloc(sizeof *c);
    int err = c ? tcp_connect(to, w, &c->fd) : IRISX_E_NO_MEMORY;

    *r = (struct ix_link_report){ 0 };
    at = ix_clock_now().mono_us;
    r->connect_ms = (uint32_t) ((at - began) / 1000);
    if (err) {
        ix_free(c);
        return err;
    }
    r->connected = true;
    if (tls) {
        err = secure(c, host, ca_file, w, r);
        r->tls_ms = (uint32_t) ((ix_clock_now().mono_us - at) / 1000);
        r->secured = !err;
    }
    if (err) {
        ix_link_close(c);
        return err;
    }
    *out = c;
    return 0;
}

int ix_link_send(struct ix_link *c, const void *p, size_t n, const struct ix_wait *w)
{
    for (size_t at = 0; at < n;) {
        const uint8_t *from = (const uint8_t *) p + at;
        ssize_t sent =
            c->ssl ? SSL_write(c->ssl, from, (int) IX_MIN(n - at, 16384)) : send(c->fd, from, n - at, MSG_NOSIGNAL);
        int err = 0;

        if (c->ssl)
            err = tls_step(c, (int) sent, w);
        else if (sent < 0)
            err = errno == EAGAIN ? wait_for(c->fd, POLLOUT, w) : IRISX_E_NETWORK;
        if (err && err != 1)
            return err;
        at += sent > 0 ? (size_t) sent : 0;
    }
    return 0;
}

int ix_link_receive(struct ix_link *c, void *p, size_t cap, size_t *n, const struct ix_wait *w)
{
    *n = 0;
    for (;;) {
        ssize_t got = c->ssl ? SSL_read(c->ssl, p, (int) cap) : recv(c->fd, p, cap, 0);
        int err;

        if (got > 0) {
            *n = (size_t) got;
            return 0;
        }
        if (c->ssl) {
            if (SSL_get_error(c->ssl, (int) got) == SSL_ERROR_ZERO_RETURN)
                return 0;
            err = tls_step(c, (int) got, w);
        } else if (got == 0) {
            return 0;
        } else {
            err = errno == EAGAIN ? wait_for(c->fd, POLLIN, w) : IRISX_E_NETWORK;
        }
        if (err && err != 1)
            return err;
    }
}

void ix_link_close(struct ix_link *c)
{
    if (!c)
        return;
    SSL_free(c->ssl);
    (void) close(c->fd);
    ix_free(c);
}

/* ---- UDP --------------------------------------------------------------------------------- */
/* where packets to `towards` leave from: the routing table says so when a socket is connected; nothing is sent */
static int own_address(const struct ix_addr *towards, struct ix_addr *local)
{
    struct sockaddr_storage sa;
    socklen_t len = ix_sockaddr_of(towards, &sa), size = sizeof sa;
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *) &sa, len) == 0 &&
              getsockname(fd, (struct sockaddr *) &sa, &size) == 0 && ix_sockaddr_read((struct sockaddr *) &sa, local);

    if (fd >= 0)
        (void) close(fd);
    return ok ? 0 : IRISX_E_NETWORK;
}

int ix_dgram_open(const struct ix_addr *towards, struct ix_addr *local, int *out)
{
    struct sockaddr_storage sa;
    socklen_t len, size = sizeof sa;
    int fd, err = own_address(towards, local);

    if (err)
        return err;
    local->port = 0;
    len = ix_sockaddr_of(local, &sa);
    fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *) &sa, len) == 0 &&
        getsockname(fd, (struct sockaddr *) &sa, &size) == 0 && ix_sockaddr_read((struct sockaddr *) &sa, local)) {
        *out = fd;
        return 0;
    }
    ix_dgram_close(fd);
    return IRISX_E_NETWORK;
}

void ix_dgram_send(int fd, const struct ix_addr *to, const void *p, size_t n)
{
    struct sockaddr_storage sa;
    socklen_t len = ix_sockaddr_of(to, &sa);

    (void) !sendto(fd, p, n, MSG_NOSIGNAL, (struct sockaddr *) &sa, len); /* a datagram may be lost */
}

int ix_dgram_receive(int fd, struct ix_addr *from, void *p, size_t cap, size_t *n, const struct ix_wait *w)
{
    struct sockaddr_storage sa;

    for (;;) {
        socklen_t len = sizeof sa;
        int err = wait_for(fd, POLLIN, w);
        ssize_t got = err ? -1 : recvfrom(fd, p, cap, 0, (struct sockaddr *) &sa, &len);

        if (err)
            return err;
        if (got < 0 || !ix_sockaddr_read((struct sockaddr *) &sa, from))
            continue; /* an ICMP error of an earlier one */
        *n = (size_t) got;
        return 0;
    }
}

void ix_dgram_close(int fd)
{
    if (fd >= 0)
        (void) close(fd);
}
