/* SPDX-License-Identifier: MIT */
/* Any of our allocations may fail: the request or connection ends with an error, nothing leaks, nothing else is harmed.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "io/io.h"
#include "oom.h"

static struct ix_loop *loop;
static int left, failed;

static void ended(int err)
{
    failed += err != 0;
    if (--left == 0)
        ix_loop_stop(loop);
}

static void on_request(void *ctx, const struct ix_server_request *r, struct ix_server_reply *reply)
{
    (void) ctx;
    (void) ix_server_answer(reply, 200, "text/plain", "X-A: b\r\n", r->body, r->body_len);
}

static void on_accepted(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    (void) ctx;
    if (ev->kind == IX_WS_MESSAGE && ix_ws_send(ws, ev->data, ev->len, true) != 0)
        ix_ws_close(ws, 1011);
}

static void on_result(void *ctx, const struct ix_transfer_result *r)
{
    (void) ctx;
    ended(r->err);
}

static void on_ws(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    (void) ctx;
    if (ev->kind == IX_WS_CLOSED)
        ended(ev->err);
    else if (ev->kind == IX_WS_MESSAGE || ix_ws_send(ws, "hello", 5, true) != 0)
        ix_ws_close(ws, ev->kind == IX_WS_MESSAGE ? 1000 : 1011);
}

static int talk(const struct ix_server *server, struct ix_http_client *http)
{
    struct ix_addr local;
    char url[64];
    struct ix_transfer *transfer;
    struct ix_ws *ws;

    ix_server_local(server, &local);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", local.port);
    struct ix_transfer_request r = { .method = "POST", .url = url, .body = "body", .body_len = 4, .timeout_ms = 400 };
    int err = ix_transfer_start(http, &r, on_result, NULL, &transfer);
    left += err == 0;
    if (err != 0)
        return err;
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", local.port);
    struct ix_ws_options o = { .url = url, .subprotocol = "sip", .connect_timeout_ms = 400 };
    err = ix_ws_connect(loop, &o, on_ws, NULL, &ws);
    left += err == 0;
    return err;
}

static int scenario(void *arg)
{
    struct ix_server_options o = { .ws_subprotocol = "sip" };
    struct ix_server *server = NULL;
    struct ix_http_client *http = NULL;

    (void) arg;
    left = failed = 0;
    int err = ix_loop_new(NULL, &loop);
    if (err != 0)
        return err;
    cr_assert_eq(ix_addr_parse(&o.bind, IX_STR("127.0.0.1"), 0), 0);
    err = ix_server_open(loop, &o, on_request, on_accepted, NULL, &server);
    if (err == 0)
        err = ix_http_client_new(loop, &(struct ix_http_options){ .user_agent = "x" }, &http);
    if (err == 0)
        err = talk(server, http);
    if (left > 0)
        ix_loop_run(loop);
    ix_http_client_free(http);
    ix_server_close(server);
    cr_assert_eq(ix_loop_free(loop), 0);
    return err == 0 && failed > 0 ? IRISX_E_NO_MEMORY : err;
}

TestSuite(memory, .timeout = 120);

Test(memory, every_allocation_may_fail)
{
    cr_assert_eq(oom_run(scenario, NULL), 0);
}
