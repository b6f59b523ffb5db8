/* SPDX-License-Identifier: MIT */
/* The listening side of the HTTP server: accepts, counts, and keeps the list of connections. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "io/internal.h"
#include "io/server.h"

#define BACKLOG 128
#define ACCEPTS_A_TURN 32
#define MAX_CONNECTIONS 64
#define HEADER_MS 10000
#define BODY_MS 30000
#define MAX_BODY (1024u * 1024)
#define RETRY_US (100 * IX_MS) /* after the process ran out of descriptors */

struct listener {
    uv_poll_t poll;
    int fd;
};

static const char refusal[] =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

static void accept_one(struct ix_server *s, int fd, const struct sockaddr_storage *sa)
{
    const int on = 1;
    struct ix_addr peer;

    (void) ix_sockaddr_read((const struct sockaddr *) sa, &peer);
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (s->count < s->options.max_connections) {
        (void) ix_conn_open(s, fd, &peer); /* out of memory: closed, as for the limit */
        return;
    }
    ix_log(ix_loop_log(s->loop), IX_LOG_DEBUG, IX_AREA, "server: more than %u connections, one refused",
        s->options.max_connections);
    if (s->ssl_ctx == NULL)
        (void) send(fd, refusal, sizeof refusal - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void) close(fd);
}

static void on_connection(uv_poll_t *poll, int status, int events);

static void resume(void *ctx)
{
    struct ix_server *s = ctx;

    (void) uv_poll_start(&s->listener->poll, UV_READABLE, on_connection);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct ix_server *s = poll->data;

    (void) status;
    (void) events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage sa = { 0 };
        socklen_t len = sizeof sa;
        int fd = accept4(s->listener->fd, (struct sockaddr *) &sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accept_one(s, fd, &sa);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            (void) uv_poll_stop(poll); /* it would spin */
            ix_loop_timer_set(s->retry, ix_loop_now(s->loop).mono_us + RETRY_US);
        }
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

static int listen_on(const struct ix_addr *addr, struct ix_addr *local)
{
    const int on = 1;
    struct sockaddr_storage sa;
    socklen_t len = ix_sockaddr_of(addr, &sa);
    int fd = len != 0 ? socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0)
        return len != 0 ? -errno : -EINVAL;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (addr->family == IX_IPV6)
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *) &sa, len) == 0 && listen(fd, BACKLOG) == 0) {
        len = sizeof sa;
        if (getsockname(fd, (struct sockaddr *) &sa, &len) == 0 &&
            ix_sockaddr_read((const struct sockaddr *) &sa, local))
            return fd;
    }
    int err = -errno;
    (void) close(fd);
    return err;
}

static void listener_closed(uv_handle_t *h)
{
    ix_free(IX_CONTAINER(h, struct listener, poll));
}

static int start_listening(struct ix_server *s)
{
    struct listener *l = ix_alloc(sizeof *l);

    if (l == NULL)
        return IRISX_E_NO_MEMORY;
    l->fd = listen_on(&s->options.bind, &s->local);
    int err = l->fd < 0 ? ix_err_of_errno(-l->fd) : ix_err_of_uv(uv_poll_init(ix_loop_uv(s->loop), &l->poll, l->fd));
    if (err != 0) {
        if (l->fd >= 0)
            (void) close(l->fd);
        ix_free(l);
        return err;
    }
    l->poll.data = s;
    s->listener = l;
    resume(s);
    return 0;
}

static int start_tls(struct ix_server *s)
{
    char why[320];

    if (s->options.tls_cert_file == NULL && s->options.tls_key_file == NULL)
        return 0;
    if (s->options.tls_cert_file == NULL || s->options.tls_key_file == NULL)
        return IRISX_E_INVALID;
    s->ssl_ctx = ix_stream_tls_new(s->options.tls_cert_file, s->options.tls_key_file, why, sizeof why);
    if (s->ssl_ctx != NULL)
        return 0;
    ix_log(ix_loop_log(s->loop), IX_LOG_ERROR, IX_AREA, "server: %s", why);
    return IRISX_E_TLS;
}

static void free_server(struct ix_server *s)
{
    if (s->listener != NULL) {
        uv_close((uv_handle_t *) &s->listener->poll, listener_closed);
        (void) close(s->listener->fd);
    }
    ix_loop_timer_free(s->retry);
    ix_stream_tls_free(s->ssl_ctx);
    ix_free(s->subprotocol);
    ix_free(s->ws_path);
    ix_free(s);
}

static void set_defaults(struct ix_server *s, const struct ix_server_options *o)
{
    s->options = *o;
    s->options.max_connections = o->max_connections != 0 ? o->max_connections : MAX_CONNECTIONS;
    s->options.header_timeout_ms = o->header_timeout_ms != 0 ? o->header_timeout_ms : HEADER_MS;
    s->options.body_timeout_ms = o->body_timeout_ms != 0 ? o->body_timeout_ms : BODY_MS;
    s->options.max_body = o->max_body != 0 ? o->max_body : MAX_BODY;
}

static int copy_texts(struct ix_server *s, const struct ix_server_options *o)
{
    s->subprotocol = ix_dup_cstr(o->ws_subprotocol);
    s->ws_path = ix_dup_cstr(o->ws_path);
    if ((o->ws_subprotocol != NULL && s->subprotocol == NULL) || (o->ws_path != NULL && s->ws_path == NULL))
        return IRISX_E_NO_MEMORY;
    return 0;
}

int ix_server_open(struct ix_loop *loop, const struct ix_server_options *o, ix_server_fn on_request, ix_ws_fn on_ws,
    void *ctx, struct ix_server **out)
{
    struct ix_server *s = ix_alloc(sizeof *s);

    if (s == NULL)
        return IRISX_E_NO_MEMORY;
    s->loop = loop;
    s->on_request = on_request;
    s->on_ws = on_ws;
    s->ctx = ctx;
    ix_list_init(&s->conns);
    set_defaults(s, o);
    int err = copy_texts(s, o);
    if (err == 0)
        err = ix_loop_timer_new(loop, resume, s, &s->retry);
    if (err == 0)
        err = start_tls(s);
    if (err == 0)
        err = start_listening(s);
    if (err != 0) {
        free_server(s);
        return err;
    }
    s->options.tls_cert_file = s->options.tls_key_file = NULL; /* the caller's memory, read by now */
    s->options.ws_subprotocol = s->options.ws_path = NULL;
    *out = s;
    return 0;
}

void ix_server_local(const struct ix_server *s, struct ix_addr *out)
{
    *out = s->local;
}

void ix_server_close(struct ix_server *s)
{
    if (s == NULL)
        return;
    while (!ix_list_empty(&s->conns))
        ix_conn_abort(IX_CONTAINER(s->conns.next, struct ix_conn, node));
    free_server(s);
}
