/* SPDX-License-Identifier: MIT */
#include "support/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000

struct peer {
    int listener, stop[2];
    uint16_t port;
    peer_script_fn script;
    void *arg;
    pthread_t thread;
    atomic_uint connections;
};

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

static void *serve(void *arg)
{
    struct peer *p = arg;
    struct pollfd fds[2] = { { .fd = p->listener, .events = POLLIN }, { .fd = p->stop[0], .events = POLLIN } };
    for (;;) {
        need(poll(fds, 2, -1) > 0, "poll");
        if (fds[1].revents != 0)
            return NULL;
        int fd = accept(p->listener, NULL, NULL);
        if (fd < 0)
            continue;
        atomic_fetch_add(&p->connections, 1);
        p->script(fd, p->arg);
        (void) close(fd);
    }
}

struct peer *peer_start(peer_script_fn script, void *arg)
{
    struct peer *p = calloc(1, sizeof *p);
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof sa;
    need(p != NULL, "calloc");
    p->script = script;
    p->arg = arg;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(p->listener >= 0 && bind(p->listener, (struct sockaddr *) &sa, len) == 0 && listen(p->listener, 16) == 0,
        "listen");
    need(getsockname(p->listener, (struct sockaddr *) &sa, &len) == 0 && pipe(p->stop) == 0, "getsockname");
    p->port = ntohs(sa.sin_port);
    need(pthread_create(&p->thread, NULL, serve, p) == 0, "thread");
    return p;
}

uint16_t peer_port(const struct peer *p)
{
    return p->port;
}

unsigned peer_connections(struct peer *p)
{
    return atomic_load(&p->connections);
}

void peer_stop(struct peer *p)
{
    need(write(p->stop[1], "x", 1) == 1, "write");
    pthread_join(p->thread, NULL);
    (void) close(p->listener);
    (void) close(p->stop[0]);
    (void) close(p->stop[1]);
    free(p);
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(fd >= 0 && connect(fd, (struct sockaddr *) &sa, sizeof sa) == 0, "connect");
    return fd;
}

size_t tcp_read(int fd, void *out, size_t cap)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    if (poll(&p, 1, PATIENCE_MS) <= 0)
        return 0;
    ssize_t n = recv(fd, out, cap, 0);
    return n > 0 ? (size_t) n : 0;
}

size_t tcp_read_all(int fd, char *out, size_t cap)
{
    size_t n = 0, got;
    while (n + 1 < cap && (got = tcp_read(fd, out + n, cap - 1 - n)) > 0)
        n += got;
    out[n] = '\0';
    return n;
}

size_t tcp_read_head(int fd, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    while (n + 1 < cap && strstr(out, "\r\n\r\n") == NULL) {
        if (tcp_read(fd, out + n, 1) == 0)
            break;
        out[++n] = '\0';
    }
    return n;
}

void tcp_read_exact(int fd, void *out, size_t n)
{
    size_t at = 0, got;
    while (at < n && (got = tcp_read(fd, (char *) out + at, n - at)) > 0)
        at += got;
    memset((char *) out + at, 0, n - at);
}

void tcp_write(int fd, const void *p, size_t n)
{
    const char *s = p;
    while (n > 0) {
        ssize_t done = send(fd, s, n, MSG_NOSIGNAL);
        if (done <= 0)
            return; /* the other side is gone: what the test expects shows that */
        s += done;
        n -= (size_t) done;
    }
}

void tcp_text(int fd, const char *text)
{
    tcp_write(fd, text, strlen(text));
}

void tcp_reset(int fd)
{
    const struct linger now = { .l_onoff = 1, .l_linger = 0 };
    need(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0, "SO_LINGER");
}

void tcp_wait_end(int fd)
{
    char bytes[4096];
    while (tcp_read(fd, bytes, sizeof bytes) > 0) {
    }
}
