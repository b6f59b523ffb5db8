/* SPDX-License-Identifier: MIT */
/* A server on one loop, a WebSocket and transfers on the other: their libraries share a process, not a thread. */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define ROUNDS 10u
#define MESSAGES 200u
#define REQUESTS 20u

static struct ix_host *host;
/* the service loop's */
static struct ix_server *server;
/* the call loop's */
static struct ix_http_client *http;
static uint32_t echoed, answered;
static char url[64];
/* between them */
static atomic_uint port, finished, closed;

static void check(bool ok, const char *what, uint32_t at)
{
    if (ok)
        return;
    fprintf(stderr, "%s at %u\n", what, at);
    exit(1);
}

static void on_request(void *ctx, const struct ix_server_request *r, struct ix_server_reply *reply)
{
    (void) ctx;
    (void) ix_server_answer(reply, 200, NULL, NULL, r->body, r->body_len);
}

static void on_accepted(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    (void) ctx;
    if (ev->kind == IX_WS_MESSAGE)
        (void) ix_ws_send(ws, ev->data, ev->len, true);
}

static void open_server(void *arg)
{
    struct ix_server_options o = { .ws_subprotocol = "sip" };
    struct ix_addr local;

    (void) arg;
    check(ix_addr_parse(&o.bind, IX_STR("127.0.0.1"), 0) == 0, "no address", 0);
    check(ix_server_open(ix_host_service_loop(host), &o, on_request, on_accepted, NULL, &server) == 0, "no server", 0);
    ix_server_local(server, &local);
    atomic_store(&port, local.port);
}

static void close_server(void *arg)
{
    (void) arg;
    ix_server_close(server);
    atomic_store(&closed, 1);
}

static void on_ws(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    (void) ctx;
    if (ev->kind == IX_WS_CLOSED) {
        check(ev->err == 0 && echoed == MESSAGES, ev->detail, echoed);
        atomic_fetch_add(&finished, 1);
        return;
    }
    if (ev->kind == IX_WS_MESSAGE && ++echoed == MESSAGES)
        ix_ws_close(ws, 1000);
    else
        (void) ix_ws_send(ws, "message", 7, true);
}

static void on_answer(void *ctx, const struct ix_transfer_result *r)
{
    (void) ctx;
    check(r->err == 0 && r->status == 200 && r->body_len == 2, r->detail, answered);
    if (++answered == REQUESTS)
        atomic_fetch_add(&finished, 1);
}

static void open_clients(void *arg)
{
    struct ix_ws *ws;
    struct ix_ws_options o = { .url = url, .subprotocol = "sip" };
    struct ix_transfer_request r = { .method = "POST", .url = url };
    struct ix_transfer *transfer;

    (void) arg;
    echoed = answered = 0;
    (void) snprintf(url, sizeof url, "ws://127.0.0.1:%u/", atomic_load(&port));
    check(ix_ws_connect(ix_host_call_loop(host), &o, on_ws, NULL, &ws) == 0, "no websocket", 0);
    (void) snprintf(url, sizeof url, "http://127.0.0.1:%u/", atomic_load(&port));
    check(ix_http_client_new(ix_host_call_loop(host), &(struct ix_http_options){ 0 }, &http) == 0, "no client", 0);
    for (uint32_t i = 0; i < REQUESTS; i++)
        check(ix_transfer_start(http, &r, on_answer, NULL, &transfer) == 0, "no transfer", i);
}

static void close_clients(void *arg)
{
    (void) arg;
    ix_http_client_free(http);
    atomic_fetch_add(&finished, 1);
}

static void run_round(uint32_t number)
{
    atomic_store(&port, 0);
    atomic_store(&finished, 0);
    atomic_store(&closed, 0);
    check(ix_host_new(&(struct ix_host_options){ 0 }, &host) == 0, "no host", number);
    check(ix_loop_post(ix_host_service_loop(host), open_server, NULL) == 0, "no post", number);
    while (atomic_load(&port) == 0)
        sched_yield();
    check(ix_loop_post(ix_host_call_loop(host), open_clients, NULL) == 0, "no post", number);
    while (atomic_load(&finished) < 2)
        sched_yield();
    check(ix_loop_post(ix_host_call_loop(host), close_clients, NULL) == 0, "no post", number);
    while (atomic_load(&finished) < 3)
        sched_yield();
    check(ix_loop_post(ix_host_service_loop(host), close_server, NULL) == 0, "no post", number);
    while (atomic_load(&closed) == 0)
        sched_yield();
    ix_host_free(host);
}

int main(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++)
        run_round(i);
    return 0;
}
