/* SPDX-License-Identifier: MIT */
/*
 * UDP sockets: recvmmsg with the kernel's receive times, sendmmsg of everything a turn of the loop produced. A datagram
 * that the system has no room for is dropped and counted, as the network would have done; ICMP errors are not looked
 * at.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "io/internal.h"

#define RECV_BATCH 8
#define RECV_BYTES 2048 /* nothing we speak is longer than an Ethernet frame; longer ones are dropped */
#define RECV_ROUNDS 8 /* batches a turn, so that one flooded socket does not starve the loop */
#define SEND_SLOTS 32
#define SEND_ARENA (SEND_SLOTS * 1280)
#define SOCKET_BUFFER (256 * 1024)
#define STAMP_AGE_MAX (2 * IX_S) /* older: the wall clock was set in between */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct slot {
    struct ix_udp *udp;
    union address to;
    socklen_t to_len;
    uint32_t offset, len;
};

struct udp_part { /* shared by all sockets of a loop */
    struct slot slots[SEND_SLOTS];
    size_t count;
    uint32_t used;
    uint8_t arena[SEND_ARENA];
    uint8_t in[RECV_BATCH][RECV_BYTES];
};

struct ix_udp {
    uv_poll_t poll;
    struct ix_loop *loop;
    struct udp_part *part;
    int fd;
    struct ix_addr local;
    ix_udp_fn fn;
    void *ctx;
    bool closed;
    struct ix_udp_stats stats;
};

/* ---- sending ----------------------------------------------------------------------------- */

static size_t prepare(struct udp_part *p, size_t from, struct mmsghdr *msgs, struct iovec *iov)
{
    size_t n = 0;

    for (; from + n < p->count && p->slots[from + n].udp == p->slots[from].udp; n++) {
        struct slot *s = &p->slots[from + n];
        iov[n] = (struct iovec){ .iov_base = p->arena + s->offset, .iov_len = s->len };
        msgs[n] = (struct mmsghdr){
            .msg_hdr = { .msg_name = &s->to, .msg_namelen = s->to_len, .msg_iov = &iov[n], .msg_iovlen = 1 }
        };
    }
    return n;
}

static void count_refusal(struct ix_udp *udp)
{
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
        udp->stats.send_full++;
    else
        udp->stats.send_failed++;
}

static void flush_part(void *state)
{
    struct udp_part *p = state;
    struct mmsghdr msgs[SEND_SLOTS];
    struct iovec iov[SEND_SLOTS];

    for (size_t at = 0; at < p->count;) {
        struct ix_udp *udp = p->slots[at].udp;
        size_t n = prepare(p, at, msgs, iov);
        int sent = sendmmsg(udp->fd, msgs, (unsigned) n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            udp->stats.sent += (uint64_t) sent;
            at += (size_t) sent;
        } else if (sent == 0 || errno != EINTR) {
            count_refusal(udp); /* the first one did not go; the others get their own chance */
            at++;
        }
    }
    p->count = 0;
    p->used = 0;
}

int ix_udp_send(struct ix_udp *udp, const struct ix_addr *to, const void *data, size_t n)
{
    struct udp_part *p = udp->part;
    struct sockaddr_storage sa;
    socklen_t len = ix_sockaddr_of(to, &sa);

    if (n > SEND_ARENA)
        return IRISX_E_TOO_LARGE;
    if (len == 0 || to->family != udp->local.family)
        return IRISX_E_INVALID;
    if (p->count == SEND_SLOTS || SEND_ARENA - p->used < n)
        flush_part(p);
    struct slot *s = &p->slots[p->count++];
    *s = (struct slot){ .udp = udp, .to_len = len, .offset = p->used, .len = (uint32_t) n };
    memcpy(&s->to, &sa, len);
    if (n > 0)
        memcpy(p->arena + p->used, data, n);
    p->used += (uint32_t) n;
    return 0;
}

void ix_udp_flush(struct ix_udp *udp)
{
    flush_part(udp->part);
}

/* ---- receiving --------------------------------------------------------------------------- */

struct batch {
    struct mmsghdr msgs[RECV_BATCH];
    struct iovec iov[RECV_BATCH];
    union address from[RECV_BATCH];
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control[RECV_BATCH];
};

static int receive(struct ix_udp *udp, struct batch *b)
{
    int n;

    memset(b->msgs, 0, sizeof b->msgs);
    for (size_t i = 0; i < RECV_BATCH; i++) {
        b->iov[i] = (struct iovec){ .iov_base = udp->part->in[i], .iov_len = RECV_BYTES };
        b->msgs[i].msg_hdr = (struct msghdr){ .msg_name = &b->from[i],
            .msg_namelen = sizeof b->from[i],
            .msg_iov = &b->iov[i],
            .msg_iovlen = 1,
            .msg_control = &b->control[i],
            .msg_controllen = sizeof b->control[i] };
    }
    do {
        n = recvmmsg(udp->fd, b->msgs, RECV_BATCH, MSG_DONTWAIT, NULL);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* The kernel stamps with the wall clock. */
static uint64_t arrival(struct msghdr *m, struct ix_now now)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        struct timespec ts;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&ts, CMSG_DATA(c), sizeof ts);
        int64_t stamp = (int64_t) ts.tv_sec * (int64_t) IX_S + ts.tv_nsec / 1000;
        int64_t age = now.wall_us - stamp;
        if (age > 0 && (uint64_t) age < STAMP_AGE_MAX && (uint64_t) age < now.mono_us)
            return now.mono_us - (uint64_t) age;
    }
    return now.mono_us;
}

static size_t collect(struct ix_udp *udp, struct batch *b, size_t n, struct ix_udp_packet *packets)
{
    struct ix_now now = ix_clock_now();
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        struct msghdr *m = &b->msgs[i].msg_hdr;
        struct ix_udp_packet *p = &packets[count];
        if ((m->msg_flags & MSG_TRUNC) != 0) {
            udp->stats.too_long++;
            continue;
        }
        if (!ix_sockaddr_read(&b->from[i].any, &p->from))
            continue;
        p->data = udp->part->in[i];
        p->len = b->msgs[i].msg_len;
        p->arrival_us = arrival(m, now);
        count++;
    }
    udp->stats.received += count;
    return count;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct ix_udp *udp = poll->data;
    struct ix_udp_packet packets[RECV_BATCH];
    struct batch b;

    (void) events;
    if (status < 0)
        return;
    for (int round = 0; round < RECV_ROUNDS && !udp->closed && !ix_loop_turn_is_long(udp->loop); round++) {
        int n = receive(udp, &b);
        if (n <= 0)
            return;
        size_t count = collect(udp, &b, (size_t) n, packets);
        if (count > 0)
            udp->fn(udp->ctx, udp, packets, count);
        if (n < RECV_BATCH)
            return;
    }
}

/* ---- opening and closing ----------------------------------------------------------------- */

static int open_socket(const struct ix_addr *bind_to, struct ix_addr *local)
{
    const int on = 1, size = SOCKET_BUFFER, ef = 46 << 2; /* RFC 8837: audio; a wish that networks may ignore */
    struct sockaddr_storage sa;
    socklen_t len = ix_sockaddr_of(bind_to, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (bind_to->family == IX_IPV6) {
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &ef, sizeof ef);
    } else {
        (void) setsockopt(fd, IPPROTO_IP, IP_TOS, &ef, sizeof ef);
    }
    /* without receive times or with smaller buffers it works too */
    (void) setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (bind(fd, (const struct sockaddr *) &sa, len) == 0) {
        len = sizeof sa;
        if (getsockname(fd, (struct sockaddr *) &sa, &len) == 0 &&
            ix_sockaddr_read((const struct sockaddr *) &sa, local))
            return fd;
    }
    int err = -errno;
    (void) close(fd);
    return err;
}

static struct udp_part *part_of(struct ix_loop *loop)
{
    struct ix_loop_part *part = ix_loop_part(loop, IX_PART_UDP);

    if (part->state == NULL) {
        part->state = ix_alloc(sizeof(struct udp_part));
        part->flush = flush_part;
        part->ended = ix_free;
    }
    return part->state;
}

int ix_udp_open(struct ix_loop *loop, const struct ix_addr *bind_to, ix_udp_fn fn, void *ctx, struct ix_udp **out)
{
    struct ix_udp *udp;

    if (bind_to->family != IX_IPV4 && bind_to->family != IX_IPV6)
        return IRISX_E_INVALID;
    udp = ix_alloc(sizeof *udp);
    if (udp == NULL)
        return IRISX_E_NO_MEMORY;
    udp->part = part_of(loop);
    udp->fd = udp->part != NULL ? open_socket(bind_to, &udp->local) : -ENOMEM;
    int err =
        udp->fd < 0 ? ix_err_of_errno(-udp->fd) : ix_err_of_uv(uv_poll_init(ix_loop_uv(loop), &udp->poll, udp->fd));
    if (err != 0) {
        if (udp->fd >= 0)
            (void) close(udp->fd);
        ix_free(udp);
        return err;
    }
    udp->loop = loop;
    udp->fn = fn;
    udp->ctx = ctx;
    udp->poll.data = udp;
    (void) uv_poll_start(&udp->poll, UV_READABLE, on_readable); /* fails on bad arguments only */
    ix_loop_own(loop);
    *out = udp;
    return 0;
}

void ix_udp_local(const struct ix_udp *udp, struct ix_addr *out)
{
    *out = udp->local;
}

void ix_udp_stats(const struct ix_udp *udp, struct ix_udp_stats *out)
{
    *out = udp->stats;
}

static void udp_closed(uv_handle_t *h)
{
    ix_free(h->data);
}

void ix_udp_close(struct ix_udp *udp)
{
    if (udp == NULL)
        return;
    flush_part(udp->part); /* what was sent before is sent */
    udp->closed = true;
    uv_close((uv_handle_t *) &udp->poll, udp_closed);
    (void) close(udp->fd); /* libuv has taken it out of its set */
    ix_loop_disown(udp->loop);
}
