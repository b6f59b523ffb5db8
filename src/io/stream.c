/* SPDX-License-Identifier: MIT */
/*
 * A connection, accepted or our own (TURN), plain or TLS (OpenSSL over memory, so that every write to the socket is
 * ours). Reads are handed on as they come; writes queue up to a limit.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "io/internal.h"

#define QUEUE_MAX (64u * 1024 * 1024) /* of one answer; WebSockets have their own, lower limit */
#define COMPACT_BYTES (64u * 1024)
#define READ_BYTES 16384
#define READ_ROUNDS 8 /* a turn, so that one sender does not starve the loop */

struct ix_stream {
    uv_poll_t poll;
    struct ix_loop *loop;
    int fd;
    SSL *ssl; /* NULL: plain */
    BIO *in, *net_out; /* owned by ssl */
    const struct ix_stream_events *events;
    void *ctx;
    struct ix_buf out;
    size_t out_at; /* bytes of out that are sent */
    bool paused;
    bool connecting; /* our own: TCP is not through yet */
    int err; /* why it could not be opened */
    bool shutting, shut; /* our side is to end, has ended */
    bool failed; /* a write failed: the next turn tells the end */
    bool ended, closed;
};

static void on_event(uv_poll_t *poll, int status, int events);

static void watch(struct ix_stream *s)
{
    int events = 0;

    if (s->closed)
        return;
    if (!s->ended && (!s->paused || s->failed)) /* a dead socket is readable at once */
        events |= UV_READABLE;
    if (s->out_at < s->out.n || s->connecting)
        events |= UV_WRITABLE;
    if (s->connecting)
        events = UV_WRITABLE;
    if (events != 0)
        (void) uv_poll_start(&s->poll, events, on_event);
    else
        (void) uv_poll_stop(&s->poll);
}

static void end(struct ix_stream *s)
{
    if (s->ended || s->closed)
        return;
    s->ended = true;
    watch(s);
    s->events->ended(s->ctx);
}

/* ---- writing ----------------------------------------------------------------------------- */

static void send_queued(struct ix_stream *s)
{
    while (s->out_at < s->out.n && !s->failed) {
        ssize_t n = send(s->fd, s->out.p + s->out_at, s->out.n - s->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            s->out_at += (size_t) n;
        else if (errno == EAGAIN)
            return;
        else
            s->failed = errno != EINTR;
    }
    ix_buf_reset(&s->out);
    s->out_at = 0;
    if (s->shutting && !s->shut) {
        s->shut = true;
        (void) shutdown(s->fd, SHUT_WR);
    }
}

static void collect_tls(struct ix_stream *s)
{
    char *p;
    long n = s->ssl != NULL ? BIO_get_mem_data(s->net_out, &p) : 0;

    if (n <= 0)
        return;
    ix_buf_put(&s->out, p, (size_t) n);
    (void) BIO_reset(s->net_out);
}

int ix_stream_write(struct ix_stream *s, const void *p, size_t n)
{
    if (s->ended || s->shutting || s->failed || s->connecting)
        return IRISX_E_CLOSED;
    if (n == 0)
        return 0;
    if (s->out_at >= COMPACT_BYTES) { /* a queue that never runs dry shall not grow by what is sent */
        ix_buf_consume(&s->out, s->out_at);
        s->out_at = 0;
    }
    if (s->ssl == NULL) {
        ix_buf_put(&s->out, p, n);
    } else {
        size_t written = 0;
        if (SSL_write_ex(s->ssl, p, n, &written) != 1 ||
            written != n) /* memory takes all, once the handshake is done */
            return IRISX_E_TLS;
        collect_tls(s);
    }
    if (s->out.err != 0)
        return s->out.err == IRISX_E_TOO_LARGE ? IRISX_E_LIMIT : s->out.err;
    send_queued(s);
    watch(s);
    return 0;
}

size_t ix_stream_queued(const struct ix_stream *s)
{
    return s->out.n - s->out_at;
}

void ix_stream_shutdown(struct ix_stream *s)
{
    if (s->shutting || s->ended)
        return;
    if (s->ssl != NULL && SSL_is_init_finished(s->ssl)) {
        (void) SSL_shutdown(s->ssl);
        collect_tls(s);
    }
    s->shutting = true;
    send_queued(s);
    watch(s);
}

/* ---- reading ----------------------------------------------------------------------------- */

static void hand_on(struct ix_stream *s, const uint8_t *p, size_t n)
{
    s->events->data(s->ctx, p, n);
}

/* False: handshake refused, or the peer broke the protocol. */
static bool decrypt(struct ix_stream *s, const uint8_t *p, size_t n)
{
    uint8_t plain[READ_BYTES];
    size_t got;

    ERR_clear_error();
    if (BIO_write(s->in, p, (int) n) != (int) n)
        return false;
    if (!SSL_is_init_finished(s->ssl)) {
        int ok = SSL_do_handshake(s->ssl);
        int why = SSL_get_error(s->ssl, ok);
        collect_tls(s); /* an alert too */
        if (ok != 1)
            return why == SSL_ERROR_WANT_READ;
        if (s->events->opened != NULL)
            s->events->opened(s->ctx);
    }
    while (!s->closed && SSL_read_ex(s->ssl, plain, sizeof plain, &got) == 1)
        hand_on(s, plain, got);
    if (s->closed)
        return true;
    int why = SSL_get_error(s->ssl, 0);
    collect_tls(s);
    return why == SSL_ERROR_WANT_READ;
}

static void read_some(struct ix_stream *s)
{
    uint8_t bytes[READ_BYTES];

    for (int i = 0; i < READ_ROUNDS && !s->paused && !s->ended && !s->closed; i++) {
        ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            end(s);
            return;
        }
        if (s->ssl == NULL) {
            hand_on(s, bytes, (size_t) n);
        } else if (!decrypt(s, bytes, (size_t) n)) {
            send_queued(s); /* an alert, if there is one */
            end(s);
            return;
        }
    }
}

/* TCP is through, or refused */
static void connected(struct ix_stream *s, int status)
{
    int why = 0;
    socklen_t len = sizeof why;

    s->connecting = false;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &why, &len) != 0 || why != 0 || status < 0) {
        s->err = why != 0 ? ix_err_of_errno(why) : IRISX_E_NETWORK;
        end(s);
        return;
    }
    if (s->ssl == NULL) {
        s->events->opened(s->ctx);
    } else {
        (void) SSL_do_handshake(s->ssl); /* says hello; what comes of it is in the answer */
        collect_tls(s);
        send_queued(s);
    }
    watch(s);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct ix_stream *s = poll->data;

    if (s->connecting) {
        connected(s, status);
        return;
    }
    bool waited = s->out_at < s->out.n;

    if ((events & UV_WRITABLE) != 0)
        send_queued(s);
    if (status < 0 || s->failed)
        end(s);
    else if (waited && s->out_at == s->out.n && s->events->drained != NULL)
        s->events->drained(s->ctx);
    if ((events & UV_READABLE) != 0)
        read_some(s);
    if (!s->closed) {
        send_queued(s); /* what TLS had to say while reading */
        watch(s);
    }
}

void ix_stream_pause(struct ix_stream *s, bool on)
{
    s->paused = on;
    watch(s);
}

/* ---- beginning and end ------------------------------------------------------------------- */

static void stream_closed(uv_handle_t *h)
{
    struct ix_stream *s = h->data;

    SSL_free(s->ssl);
    ix_buf_clear(&s->out);
    ix_free(s);
}

void ix_stream_close(struct ix_stream *s)
{
    if (s == NULL || s->closed)
        return;
    s->closed = true; /* the memory stays until libuv lets go of it, so callbacks may close */
    uv_close((uv_handle_t *) &s->poll, stream_closed);
    (void) close(s->fd);
    ix_loop_disown(s->loop);
}

static bool begin_tls(struct ix_stream *s, SSL_CTX *ctx, const char *host)
{
    s->ssl = SSL_new(ctx);
    s->in = BIO_new(BIO_s_mem());
    s->net_out = BIO_new(BIO_s_mem());
    if (s->ssl == NULL || s->in == NULL || s->net_out == NULL) {
        BIO_free(s->in);
        BIO_free(s->net_out);
        SSL_free(s->ssl);
        s->ssl = NULL;
        return false;
    }
    BIO_set_mem_eof_return(s->in, -1);
    SSL_set_bio(s->ssl, s->in, s->net_out);
    if (host == NULL) {
        SSL_set_accept_state(s->ssl);
        return true;
    }
    SSL_set_connect_state(s->ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl), host) == 1) /* a literal: no server name */
        return true;
    return SSL_set1_host(s->ssl, host) == 1 && SSL_set_tlsext_host_name(s->ssl, host) == 1;
}

static int begin(struct ix_loop *loop, int fd, void *ssl_ctx, const char *host, const struct ix_stream_events *events,
    void *ctx, struct ix_stream **out)
{
    struct ix_stream *s = ix_alloc(sizeof *s);
    int err = s != NULL && (ssl_ctx == NULL || begin_tls(s, ssl_ctx, host)) ? 0 : IRISX_E_NO_MEMORY;

    if (err == 0)
        err = ix_err_of_uv(uv_poll_init(ix_loop_uv(loop), &s->poll, fd));
    if (err != 0) {
        (void) close(fd);
        if (s != NULL)
            SSL_free(s->ssl);
        ix_free(s);
        return err;
    }
    s->loop = loop;
    s->fd = fd;
    s->events = events;
    s->ctx = ctx;
    s->poll.data = s;
    ix_buf_init(&s->out, QUEUE_MAX);
    ix_loop_own(loop);
    *out = s;
    return 0;
}

int ix_stream_accept(struct ix_loop *loop, int fd, void *ssl_ctx, const struct ix_stream_events *events, void *ctx,
    struct ix_stream **out)
{
    int err = begin(loop, fd, ssl_ctx, NULL, events, ctx, out);

    if (err == 0)
        watch(*out);
    return err;
}

static int dial(const struct ix_addr *to, const struct ix_addr *local, int *fd_out)
{
    struct sockaddr_storage sa, from;
    socklen_t len = ix_sockaddr_of(to, &sa), from_len = local != NULL ? ix_sockaddr_of(local, &from) : 0;
    const int on = 1;
    int fd = len != 0 ? socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;

    if (fd < 0)
        return len != 0 ? ix_err_of_errno(errno) : IRISX_E_INVALID;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* media: no waiting; without it is slower */
    ix_socket_signalling(fd);
    if ((from_len != 0 && bind(fd, (struct sockaddr *) &from, from_len) != 0) ||
        (connect(fd, (struct sockaddr *) &sa, len) != 0 && errno != EINPROGRESS)) {
        int err = ix_err_of_errno(errno);
        (void) close(fd);
        return err;
    }
    *fd_out = fd;
    return 0;
}

int ix_stream_connect(struct ix_loop *loop, const struct ix_addr *to, const struct ix_addr *local, void *ssl_ctx,
    const char *host, const struct ix_stream_events *events, void *ctx, struct ix_stream **out)
{
    int fd = -1;
    int err = dial(to, local, &fd);

    if (err == 0)
        err = begin(loop, fd, ssl_ctx, host != NULL ? host : "", events, ctx, out);
    if (err != 0)
        return err;
    (*out)->connecting = true;
    watch(*out);
    return 0;
}

int ix_stream_failure(const struct ix_stream *s, char *why, size_t cap)
{
    long verify = s->ssl != NULL ? SSL_get_verify_result(s->ssl) : X509_V_OK;

    if (verify != X509_V_OK)
        (void) snprintf(why, cap, "the certificate is not trusted: %s", X509_verify_cert_error_string(verify));
    else
        (void) snprintf(why, cap, "%s", ix_error_text(s->err != 0 ? s->err : IRISX_E_NETWORK));
    if (verify != X509_V_OK || (s->ssl != NULL && s->err == 0 && !SSL_is_init_finished(s->ssl)))
        return IRISX_E_TLS;
    return s->err != 0 ? s->err : IRISX_E_NETWORK;
}

void *ix_stream_tls_client_new(const char *ca_file)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    int ok = ctx != NULL;

    if (ok)
        ok =
            ca_file != NULL ? SSL_CTX_load_verify_locations(ctx, ca_file, NULL) : SSL_CTX_set_default_verify_paths(ctx);
    if (ok != 1) {
        ERR_clear_error();
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    (void) SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void) SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    return ctx;
}

static void say_why(char *why, size_t cap, const char *what, const char *file)
{
    char text[160];

    ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
    (void) snprintf(why, cap, "%s %s cannot be used: %s", what, file, text);
    ERR_clear_error();
}

void *ix_stream_tls_new(const char *cert_file, const char *key_file, char *why, size_t cap)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (ctx == NULL) {
        (void) snprintf(why, cap, "out of memory");
        return NULL;
    }
    (void) SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void) SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
        say_why(why, cap, "the certificate", cert_file);
    else if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        say_why(why, cap, "the key", key_file);
    else
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

void ix_stream_tls_free(void *ssl_ctx)
{
    SSL_CTX_free(ssl_ctx);
}
