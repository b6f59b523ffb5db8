/* SPDX-License-Identifier: MIT */
/*
 * libcurl's sockets on the loop. libcurl forgets a socket after each answer and wants it again for the next request;
 * the watch stays in the kernel meanwhile, so that a kept connection costs no system call for being kept.
 */
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "io/transfer.h"

struct sock {
    struct ix_list node;
    uv_poll_t poll;
    struct ix_http_client *client;
    curl_socket_t fd;
    int wanted; /* by libcurl: UV_READABLE, UV_WRITABLE; 0 = not interested now */
    int watched; /* told to libuv */
};

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct sock *s = poll->data;
    struct ix_http_client *c = s->client;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0, running;

    if (s->wanted == 0) { /* an idle connection was closed; libcurl will see when it looks */
        (void) uv_poll_stop(&s->poll);
        s->watched = 0;
        return;
    }
    if ((events & UV_READABLE) != 0)
        flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0)
        flags |= CURL_CSELECT_OUT;
    (void) curl_multi_socket_action(c->multi, s->fd, flags, &running);
    ix_transfer_collect(c);
}

static void sock_closed(uv_handle_t *h)
{
    ix_free(h->data);
}

static void drop(struct sock *s)
{
    ix_list_remove(&s->node);
    uv_close((uv_handle_t *) &s->poll, sock_closed); /* out of the kernel's set at once, before the number is reused */
}

static struct sock *find(struct ix_http_client *c, curl_socket_t fd)
{
    IX_LIST_EACH (node, &c->socks) {
        struct sock *s = IX_CONTAINER(node, struct sock, node);
        if (s->fd == fd)
            return s;
    }
    return NULL;
}

static struct sock *watch_new(struct ix_http_client *c, curl_socket_t fd)
{
    struct sock *s = ix_alloc(sizeof *s);

    if (s == NULL)
        return NULL;
    s->client = c;
    s->fd = fd;
    s->poll.data = s;
    if (uv_poll_init(ix_loop_uv(c->loop), &s->poll, fd) != 0) {
        ix_free(s);
        return NULL;
    }
    ix_list_append(&c->socks, &s->node);
    return s;
}

int ix_watch_want(CURL *easy, curl_socket_t fd, int what, void *client, void *assigned)
{
    struct ix_http_client *c = client;
    struct sock *s = assigned != NULL ? assigned : find(c, fd);

    (void) easy;
    if (what == CURL_POLL_REMOVE) {
        if (s != NULL)
            s->wanted = 0;
        return 0;
    }
    if (s == NULL)
        s = watch_new(c, fd);
    if (s == NULL) { /* an error told to libcurl would end its handle for good */
        c->starved = true;
        return 0;
    }
    if (assigned == NULL)
        (void) curl_multi_assign(c->multi, fd, s);
    s->wanted = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    if (s->wanted != s->watched)
        (void) uv_poll_start(&s->poll, s->wanted, on_socket);
    s->watched = s->wanted;
    return 0;
}

int ix_watch_close(void *client, curl_socket_t fd)
{
    struct sock *s = find(client, fd);

    if (s != NULL)
        drop(s);
    return close(fd);
}

static bool is_ours(const struct ix_addr *local, const struct ix_interface *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ix_addr_same_ip(&list[i].addr, local))
            return true;
    return false;
}

void ix_http_client_moved(struct ix_http_client *c, const struct ix_interface *list, size_t count)
{
    IX_LIST_EACH (node, &c->socks) {
        struct sock *s = IX_CONTAINER(node, struct sock, node);
        struct sockaddr_storage at;
        socklen_t n = sizeof at;
        struct ix_addr local;

        if (getsockname(s->fd, (struct sockaddr *) &at, &n) == 0 &&
            ix_sockaddr_read((const struct sockaddr *) &at, &local) && !is_ours(&local, list, count))
            (void) shutdown(s->fd, SHUT_RDWR); /* libcurl sees its end; it may not be connected yet */
    }
}

void ix_watch_end(struct ix_http_client *c)
{
    while (!ix_list_empty(&c->socks))
        drop(IX_CONTAINER(c->socks.next, struct sock, node));
}
