/* SPDX-License-Identifier: MIT */
/*
 * An accepted connection, plain or TLS (OpenSSL over memory, so that every write to the socket is ours). Reads are
 * handed on as they come; writes queue up to a limit.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
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
    if (s->out_at < s->out.n)
        events |= UV_WRITABLE;
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
    if (s->ended || s->shutting || s->failed)
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
        int ok = SSL_accept(s->ssl);
        int why = SSL_get_error(s->ssl, ok);
        collect_tls(s); /* an alert too */
        if (ok != 1)
            return why == SSL_ERROR_WANT_READ;
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

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct ix_stream *s = poll->data;
    bool waited = s->out_at < s->out.n;

    if ((events & UV_WRITABLE) != 0)
        send_queued(s);
    if (status < 0 || s->failed)
        end(s);
    else if (waited && s->out_at == s->out.n)
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

static bool begin_tls(struct ix_stream *s, SSL_CTX *ctx)
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
    SSL_set_accept_state(s->ssl);
    return true;
}

int ix_stream_accept(struct ix_loop *loop, int fd, void *ssl_ctx, const struct ix_stream_events *events, void *ctx,
    struct ix_stream **out)
{
    struct ix_stream *s = ix_alloc(sizeof *s);
    int err = s != NULL && (ssl_ctx == NULL || begin_tls(s, ssl_ctx)) ? 0 : IRISX_E_NO_MEMORY;

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
    watch(s);
    *out = s;
    return 0;
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
