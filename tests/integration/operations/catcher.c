/* SPDX-License-Identifier: MIT */
#include "catcher.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 32

struct conn {
    int fd;
    char *in;
    size_t n, room;
};

struct catcher {
    int listener, stop[2];
    pthread_t thread;
    struct conn conns[CONNECTIONS];
    pthread_mutex_t lock; /* what follows */
    struct answer answer;
    struct caught last;
};

static void drop(struct conn *k)
{
    (void) close(k->fd);
    free(k->in);
    *k = (struct conn){ .fd = -1 };
}

static void send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the client went away: its op tells */
        p += sent;
        n -= (size_t) sent;
    }
}

static void answer(struct catcher *c, int fd)
{
    char head[512];

    pthread_mutex_lock(&c->lock);
    struct answer a = c->answer;
    pthread_mutex_unlock(&c->lock);
    int n = snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s%s\r\n",
        a.status, a.media, a.len, a.location != NULL ? "Location: " : "", a.location != NULL ? a.location : "",
        a.location != NULL ? "\r\n" : "");
    char *whole = malloc((size_t) n + a.len);
    memcpy(whole, head, (size_t) n);
    memcpy(whole + n, a.body, a.len);
    send_all(fd, whole, (size_t) n + a.len);
    free(whole);
}

char *catcher_header(const struct caught *k, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = strstr(k->head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            const char *p = line + n + 1 + strspn(line + n + 1, " \t");
            return strndup(p, strcspn(p, "\r\n"));
        }
    }
    return NULL;
}

/* Bytes of body the head announces; chunked ones are gathered. SIZE_MAX: not all there yet */
static size_t body_of(const char *head, const char *p, size_t n, char **body, size_t *len)
{
    const struct caught k = { .head = (char *) head };
    char *length = catcher_header(&k, "Content-Length"), *coding = catcher_header(&k, "Transfer-Encoding");
    size_t want = length != NULL ? strtoul(length, NULL, 10) : 0, at = 0;
    bool chunked = coding != NULL;

    free(length);
    free(coding);
    *body = malloc(n + 1);
    *len = 0;
    while (chunked) {
        const char *end = memmem(p + at, n - at, "\r\n", 2);
        size_t size = end != NULL ? strtoul(p + at, NULL, 16) : 0;
        if (end == NULL || (size_t) (end + 2 - p) + size + 2 > n) {
            free(*body);
            return SIZE_MAX;
        }
        memcpy(*body + *len, end + 2, size);
        *len += size;
        at = (size_t) (end + 2 - p) + size + 2;
        (*body)[*len] = '\0';
        if (size == 0)
            return at;
    }
    if (want > n) {
        free(*body);
        return SIZE_MAX;
    }
    memcpy(*body, p, want);
    (*body)[want] = '\0';
    *len = want;
    return want;
}

/* A whole request out of what came; false: not yet */
static bool take(struct catcher *c, struct conn *k)
{
    char *end = memmem(k->in, k->n, "\r\n\r\n", 4), *body;
    size_t head = end != NULL ? (size_t) (end + 4 - k->in) : 0, len, used;

    if (end == NULL)
        return false;
    char *text = strndup(k->in, head);
    used = body_of(text, k->in + head, k->n - head, &body, &len);
    if (used == SIZE_MAX) {
        free(text);
        return false;
    }
    pthread_mutex_lock(&c->lock);
    free(c->last.head);
    free(c->last.body);
    c->last = (struct caught){ text, body, len, c->last.count + 1 };
    pthread_mutex_unlock(&c->lock);
    k->n -= head + used;
    memmove(k->in, k->in + head + used, k->n);
    return true;
}

static void on_readable(struct catcher *c, struct conn *k)
{
    if (k->room - k->n < 65536) {
        k->room += 131072;
        k->in = realloc(k->in, k->room);
    }
    ssize_t n = recv(k->fd, k->in + k->n, k->room - k->n, 0);
    if (n <= 0) {
        drop(k);
        return;
    }
    k->n += (size_t) n;
    while (k->n > 0 && take(c, k))
        answer(c, k->fd);
}

static void on_connection(struct catcher *c)
{
    int fd = accept(c->listener, NULL, NULL);

    for (size_t i = 0; i < CONNECTIONS; i++)
        if (c->conns[i].fd < 0) {
            c->conns[i].fd = fd;
            return;
        }
    (void) close(fd);
}

static void *run(void *arg)
{
    struct catcher *c = arg;
    struct pollfd fds[CONNECTIONS + 2];

    for (;;) {
        fds[0] = (struct pollfd){ .fd = c->listener, .events = POLLIN };
        fds[1] = (struct pollfd){ .fd = c->stop[0], .events = POLLIN };
        for (size_t i = 0; i < CONNECTIONS; i++)
            fds[i + 2] = (struct pollfd){ .fd = c->conns[i].fd, .events = POLLIN };
        (void) poll(fds, CONNECTIONS + 2, -1);
        if (fds[1].revents != 0)
            return NULL;
        for (size_t i = 0; i < CONNECTIONS; i++)
            if (fds[i + 2].revents != 0)
                on_readable(c, &c->conns[i]);
        if (fds[0].revents != 0)
            on_connection(c);
    }
}

struct catcher *catcher_start(char url[64])
{
    struct catcher *c = calloc(1, sizeof *c);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;

    c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (size_t i = 0; i < CONNECTIONS; i++)
        c->conns[i].fd = -1;
    cr_assert_eq(bind(c->listener, (struct sockaddr *) &at, sizeof at), 0);
    cr_assert_eq(listen(c->listener, 64), 0);
    cr_assert_eq(getsockname(c->listener, (struct sockaddr *) &at, &len), 0);
    cr_assert_eq(pipe(c->stop), 0);
    (void) snprintf(url, 64, "http://127.0.0.1:%u", (unsigned) ntohs(at.sin_port));
    (void) pthread_mutex_init(&c->lock, NULL);
    cr_assert_eq(pthread_create(&c->thread, NULL, run, c), 0);
    return c;
}

void catcher_stop(struct catcher *c)
{
    cr_assert_eq(write(c->stop[1], "", 1), 1);
    (void) pthread_join(c->thread, NULL);
    for (size_t i = 0; i < CONNECTIONS; i++)
        if (c->conns[i].fd >= 0)
            drop(&c->conns[i]);
    (void) close(c->listener);
    (void) close(c->stop[0]);
    (void) close(c->stop[1]);
    free(c->last.head);
    free(c->last.body);
    free(c);
}

void catcher_set(struct catcher *c, const struct answer *a)
{
    pthread_mutex_lock(&c->lock);
    c->answer = *a;
    pthread_mutex_unlock(&c->lock);
}

struct caught catcher_last(struct catcher *c)
{
    pthread_mutex_lock(&c->lock);
    struct caught k = c->last;
    pthread_mutex_unlock(&c->lock);
    return k;
}
