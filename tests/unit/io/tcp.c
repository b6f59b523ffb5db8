/* SPDX-License-Identifier: MIT */
/* Byte streams to servers: opened, used, refused, given up, each told once. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/io.h"

static struct ix_loop *loop;
static struct ix_tcp *tcp;
static int listener = -1, peer = -1, closed_with;
static unsigned opened, closed;
static char heard[16];

static void on_tcp(void *ctx, struct ix_tcp *t, const struct ix_tcp_event *ev)
{
    (void) ctx;
    if (ev->kind == IX_TCP_OPEN) {
        opened++;
        peer = accept(listener, NULL, NULL); /* the connection is there */
        cr_assert_eq(ix_tcp_send(t, "ping", 4), 0);
        cr_assert_eq(write(peer, "pong", 4), 4);
    } else if (ev->kind == IX_TCP_DATA) {
        cr_assert_leq(ev->len, sizeof heard - 1);
        memcpy(heard, ev->data, ev->len);
        (void) shutdown(peer, SHUT_WR);
    } else {
        closed++;
        closed_with = ev->err;
        ix_loop_stop(loop);
    }
}

/* an address where somebody listens, who accepts when asked to */
static struct ix_addr listen_here(void)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof sa;
    struct ix_addr a;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *) &sa, len), 0);
    cr_assert_eq(listen(listener, 4), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *) &sa, &len), 0);
    cr_assert_eq(ix_addr_parse(&a, IX_STR("127.0.0.1"), ntohs(sa.sin_port)), 0);
    return a;
}

static void run(const struct ix_tcp_options *o)
{
    cr_assert_eq(ix_loop_new(NULL, &loop), 0);
    cr_assert_eq(ix_tcp_connect(loop, o, on_tcp, NULL, &tcp), 0);
    cr_assert_eq(ix_loop_run(loop), 0);
    cr_assert_eq(closed, 1, "told once");
    if (peer >= 0)
        (void) close(peer);
    if (listener >= 0)
        (void) close(listener);
    cr_assert_eq(ix_loop_free(loop), 0);
}

Test(tcp, bytes_go_both_ways_until_the_peer_closes)
{
    char got[8] = "";
    struct ix_tcp_options o = { .to = listen_here() };
    int kept;

    cr_assert_eq(ix_loop_new(NULL, &loop), 0);
    cr_assert_eq(ix_tcp_connect(loop, &o, on_tcp, NULL, &tcp), 0);
    cr_assert_eq(ix_tcp_send(tcp, "x", 1), IRISX_E_STATE, "not open yet");
    cr_assert_eq(ix_loop_run(loop), 0);
    kept = (int) read(peer, got, sizeof got - 1);
    cr_assert_eq(kept, 4);
    cr_assert_str_eq(got, "ping");
    cr_assert_str_eq(heard, "pong");
    cr_assert_eq(opened, 1);
    cr_assert_eq(closed, 1);
    (void) close(peer);
    (void) close(listener);
    cr_assert_eq(ix_loop_free(loop), 0);
}

Test(tcp, a_port_where_nobody_listens_is_told_as_a_network_failure)
{
    struct ix_tcp_options o = { .to = listen_here() };

    (void) close(listener);
    listener = -1;
    run(&o);
    cr_assert_eq(opened, 0);
    cr_assert_eq(closed_with, IRISX_E_NETWORK);
}

Test(tcp, a_server_that_says_nothing_to_TLS_is_given_up_in_time)
{
    struct ix_tcp_options o = { .to = listen_here(), .tls = true, .host = "turn.example", .timeout_ms = 60 };

    run(&o);
    cr_assert_eq(opened, 0);
    cr_assert_eq(closed_with, IRISX_E_TIMEOUT);
}
