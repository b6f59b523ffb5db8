/* SPDX-License-Identifier: MIT */
/*
 * One DTLS association of ours on a loopback UDP socket, for tests/interop/openssl_dtls.py.
 *
 *   dtls_peer server FINGERPRINT [MTU]          prints {"port":N}, then waits for a hello
 *   dtls_peer client FINGERPRINT MTU PORT       sends one to 127.0.0.1:PORT
 *
 * FINGERPRINT is the peer's certificate's SHA-256 in hex. Each state gives one JSON line; "connected" brings the SRTP
 * key block in the order of RFC 5764 section 4.2. Ends when the association does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dtls/dtls.h"

static void system_random(void *ctx, void *out, size_t len)
{
    (void) ctx;
    if (getrandom(out, len, 0) != (ssize_t) len)
        abort();
}

static struct ix_now now(void)
{
    struct timespec mono, wall;

    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct ix_now){
        .mono_us = (uint64_t) mono.tv_sec * IX_S + (uint64_t) mono.tv_nsec / 1000,
        .wall_us = wall.tv_sec * (int64_t) IX_S + wall.tv_nsec / 1000,
    };
}

struct peer {
    int fd;
    bool server;
    struct ix_dtls *dtls;
    struct ix_dtls_identity *identity;
    struct ix_dtls_worker *worker;
    bool over, failed;
};

static void print_keys(const struct ix_srtp_keys *k, bool server)
{
    const uint8_t *client = server ? k->remote : k->local, *ours = server ? k->local : k->remote;
    char text[256];
    struct ix_buf b;

    ix_buf_init_fixed(&b, text, sizeof(text));
    ix_buf_hex(&b, client, 16);
    ix_buf_hex(&b, ours, 16);
    ix_buf_hex(&b, client + 16, 14);
    ix_buf_hex(&b, ours + 16, 14);
    ix_buf_u8(&b, 0);
    printf("{\"state\":\"connected\",\"profile\":%u,\"keys\":\"%s\"}\n", k->profile, text);
}

static void report(struct peer *p, const struct ix_dtls_out *out)
{
    struct ix_srtp_keys keys;

    if (out->state == IX_DTLS_CONNECTED && ix_dtls_keys(p->dtls, &keys) == 0)
        print_keys(&keys, p->server);
    if (out->state == IX_DTLS_FAILED)
        printf("{\"state\":\"failed\",\"error\":\"%s\"}\n", ix_error_name(out->err));
    if (out->state == IX_DTLS_CLOSED)
        printf("{\"state\":\"closed\"}\n");
    fflush(stdout);
    p->failed |= out->state == IX_DTLS_FAILED;
    p->over |= out->state == IX_DTLS_FAILED || out->state == IX_DTLS_CLOSED;
}

static void drain(struct peer *p)
{
    struct ix_dtls_out out;

    while (ix_dtls_poll(p->dtls, &out)) {
        switch (out.kind) {
        case IX_DTLS_OUT_SEND:
            (void) send(p->fd, out.data, out.len, 0); /* lost like any datagram; the timer sends it again */
            break;
        case IX_DTLS_OUT_WORK:
            ix_dtls_work(p->dtls, p->worker);
            ix_dtls_done(p->dtls, now());
            break;
        case IX_DTLS_OUT_STATE:
            report(p, &out);
            break;
        }
    }
}

/* The first datagram says whom we talk to, as ICE would have. */
static void receive(struct peer *p)
{
    static uint8_t buf[65536];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    ssize_t n = recvfrom(p->fd, buf, sizeof(buf), 0, (struct sockaddr *) &from, &from_len);

    if (n < 0)
        return; /* a refused port shows here; the timer goes on */
    if (p->server && ix_dtls_state(p->dtls) == IX_DTLS_NEW) {
        (void) connect(p->fd, (struct sockaddr *) &from, from_len);
        ix_dtls_start(p->dtls, 0, now());
    }
    ix_dtls_input(p->dtls, buf, (size_t) n, now());
}

static void run(struct peer *p)
{
    drain(p);
    while (!p->over) {
        uint64_t at = ix_dtls_deadline(p->dtls), t = now().mono_us;
        int wait_ms = at == IX_NEVER ? -1 : at <= t ? 0 : (int) ((at - t) / IX_MS) + 1;
        struct pollfd fds = { .fd = p->fd, .events = POLLIN };
        int rc = poll(&fds, 1, wait_ms);
        if (rc > 0)
            receive(p);
        else if (rc == 0)
            ix_dtls_timeout(p->dtls, now());
        else if (errno != EINTR)
            return;
        drain(p);
    }
}

static int open_socket(struct peer *p, uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(a);

    p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || bind(p->fd, (struct sockaddr *) &a, sizeof(a)) != 0)
        return -1;
    if (p->server) {
        if (getsockname(p->fd, (struct sockaddr *) &a, &len) != 0)
            return -1;
        printf("{\"port\":%u}\n", ntohs(a.sin_port));
        fflush(stdout);
        return 0;
    }
    a.sin_port = htons(port);
    return connect(p->fd, (struct sockaddr *) &a, sizeof(a));
}

static int open_dtls(struct peer *p, const char *fingerprint, uint16_t mtu)
{
    static const struct ix_rng rng = { system_random, NULL };
    struct ix_dtls_fingerprint fp = { .kind = IX_SHA256, .len = 32 };
    struct ix_dtls_config c = { .rng = &rng, .role = p->server ? IX_DTLS_SERVER : IX_DTLS_CLIENT, .mtu = mtu };

    int err = ix_hex_decode(ix_str(fingerprint), fp.bytes, fp.len);
    if (err == 0)
        err = ix_dtls_identity_new(&rng, now().wall_us, &p->identity);
    c.identity = p->identity;
    if (err == 0)
        err = ix_dtls_worker_new(p->identity, &p->worker);
    if (err == 0)
        err = ix_dtls_new(&c, &p->dtls);
    if (err == 0)
        err = ix_dtls_set_fingerprint(p->dtls, &fp);
    return err;
}

int main(int argc, char **argv)
{
    struct peer p = { .fd = -1 };

    if (argc < 3 || (strcmp(argv[1], "server") != 0 && argc < 5)) {
        fprintf(stderr, "usage: %s server FINGERPRINT [MTU] | client FINGERPRINT MTU PORT\n", argv[0]);
        return 2;
    }
    p.server = strcmp(argv[1], "server") == 0;
    uint16_t mtu = argc > 3 ? (uint16_t) strtoul(argv[3], NULL, 10) : 0;
    if (open_dtls(&p, argv[2], mtu) == 0 &&
        open_socket(&p, argc > 4 ? (uint16_t) strtoul(argv[4], NULL, 10) : 0) == 0) {
        if (!p.server)
            ix_dtls_start(p.dtls, 0, now());
        run(&p);
    } else {
        fprintf(stderr, "%s: cannot start\n", argv[0]);
        p.failed = true;
    }
    ix_dtls_free(p.dtls);
    ix_dtls_worker_free(p.worker);
    ix_dtls_identity_unref(p.identity);
    if (p.fd >= 0)
        close(p.fd);
    return p.failed ? 1 : 0;
}
