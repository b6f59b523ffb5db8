/* SPDX-License-Identifier: MIT */
/* Changes of this machine's addresses: netlink's news on Linux (rtnetlink(7)), a look every two seconds elsewhere. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>
#if defined(__linux__)
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#endif

#include "io/internal.h"

#define SETTLE_US (50 * IX_MS) /* an interface comes up in several steps */
#define LOOK_US (2 * IX_S)
#define INTERFACES_MAX 64

struct ix_netmon {
    uv_poll_t poll;
    struct ix_loop *loop;
    struct ix_loop_timer *timer;
    int fd; /* -1: polled */
    uint64_t known; /* hash of the addresses */
    void (*fn)(void *ctx);
    void *ctx;
};

/* the order does not count */
static uint64_t addresses(void)
{
    struct ix_interface list[INTERFACES_MAX];
    size_t count = 0;
    uint64_t sum = 0;

    if (ix_interfaces(list, IX_COUNT(list), &count) != 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (!list[i].loopback && !ix_addr_is_link_local(&list[i].addr))
            sum += ix_addr_hash(&list[i].addr, ix_hash(list[i].name, strlen(list[i].name), 0));
    return sum;
}

static void look(void *ctx)
{
    struct ix_netmon *m = ctx;
    uint64_t now = addresses();

    ix_loop_timer_set(m->timer, m->fd < 0 ? ix_time_add(ix_loop_now(m->loop).mono_us, LOOK_US) : IX_NEVER);
    if (now == m->known)
        return;
    m->known = now;
    m->fn(m->ctx);
}

#if defined(__linux__)
static void on_news(uv_poll_t *poll, int status, int events)
{
    struct ix_netmon *m = poll->data;
    uint8_t bytes[8192];

    (void) status;
    (void) events;
    while (recv(m->fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0) { /* what it says is looked up: some of it may be lost */
    }
    ix_loop_timer_set(m->timer, ix_time_add(ix_loop_now(m->loop).mono_us, SETTLE_US));
}

static int subscribe(void)
{
    struct sockaddr_nl sa = { .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *) &sa, sizeof sa) == 0)
        return fd;
    if (fd >= 0)
        (void) close(fd);
    return -1;
}
#else
static void on_news(uv_poll_t *poll, int status, int events)
{
    (void) poll;
    (void) status;
    (void) events;
}

static int subscribe(void)
{
    return -1;
}
#endif

int ix_netmon_new(struct ix_loop *loop, void (*fn)(void *ctx), void *ctx, struct ix_netmon **out)
{
    struct ix_netmon *m = ix_alloc(sizeof *m);
    int err = m != NULL ? ix_loop_timer_new(loop, look, m, &m->timer) : IRISX_E_NO_MEMORY;

    if (err != 0) {
        ix_free(m);
        return err;
    }
    m->loop = loop;
    m->fn = fn;
    m->ctx = ctx;
    m->fd = subscribe();
    if (m->fd >= 0 && uv_poll_init(ix_loop_uv(loop), &m->poll, m->fd) != 0) {
        (void) close(m->fd);
        m->fd = -1;
    }
    m->known = addresses();
    if (m->fd >= 0) {
        m->poll.data = m;
        (void) uv_poll_start(&m->poll, UV_READABLE, on_news); /* fails on bad arguments only */
        ix_loop_own(loop);
    } else {
        ix_loop_timer_set(m->timer, ix_time_add(ix_loop_now(loop).mono_us, LOOK_US));
    }
    *out = m;
    return 0;
}

static void closed(uv_handle_t *h)
{
    ix_free(h->data);
}

void ix_netmon_free(struct ix_netmon *m)
{
    if (m == NULL)
        return;
    ix_loop_timer_free(m->timer);
    if (m->fd < 0) {
        ix_free(m);
        return;
    }
    uv_close((uv_handle_t *) &m->poll, closed);
    (void) close(m->fd);
    ix_loop_disown(m->loop);
}
