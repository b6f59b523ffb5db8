/* SPDX-License-Identifier: MIT */
/*
 * A resolver that hangs, as the system's does when no name server answers. This program's getaddrinfo stands before the
 * system's; nothing of ours may wait for it.
 */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "io/io.h"
#include "support/peer.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t let_go = PTHREAD_COND_INITIALIZER;
static bool released;
static atomic_int hanging, lookups;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res);
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

    memcpy(&real, &symbol, sizeof real);
    if (node == NULL)
        return real(node, service, hints, res);
    atomic_fetch_add(&lookups, 1);
    if (strncmp(node, "hang", 4) == 0) {
        atomic_fetch_add(&hanging, 1);
        pthread_mutex_lock(&lock);
        while (!released)
            pthread_cond_wait(&let_go, &lock);
        pthread_mutex_unlock(&lock);
        atomic_fetch_sub(&hanging, 1);
        return EAI_AGAIN;
    }
    if (strcmp(node, "server.test") == 0)
        node = "127.0.0.1";
    return real(node, service, hints, res);
}

static struct ix_loop *loop;
static int calls, err;
static long status;
static char detail[300];

static void setup(void)
{
    cr_assert_eq(ix_loop_new(NULL, &loop), 0);
}

static void teardown(void)
{
    pthread_mutex_lock(&lock);
    released = true;
    pthread_cond_broadcast(&let_go);
    pthread_mutex_unlock(&lock);
    while (atomic_load(&hanging) > 0) /* threads of nobody: they free what they have */
        sched_yield();
}

TestSuite(names, .init = setup, .fini = teardown, .timeout = 60);

static void wait_until_hanging(int n)
{
    while (atomic_load(&hanging) < n)
        sched_yield();
}

static void on_addrs(void *ctx, int e, const struct ix_addr *addrs, size_t count)
{
    (void) ctx;
    (void) addrs;
    (void) count;
    calls++;
    err = e;
}

Test(names, a_loop_is_freed_while_lookups_hang_and_others_wait)
{
    struct ix_resolve *r[8];
    for (size_t i = 0; i < IX_COUNT(r); i++) {
        char host[32];
        snprintf(host, sizeof host, "hang%zu.test", i);
        cr_assert_eq(ix_resolve(loop, host, 1, on_addrs, NULL, &r[i]), 0);
    }
    wait_until_hanging(4);
    cr_assert_eq(ix_loop_free(loop), IRISX_E_STATE, "they still belong to somebody");
    for (size_t i = 0; i < IX_COUNT(r); i++)
        ix_resolve_cancel(r[i]);
    cr_assert_eq(ix_loop_free(loop), 0);
    cr_assert_eq(calls, 0);
    cr_assert_eq(atomic_load(&hanging), 4, "no more threads than that");
}

Test(names, a_lookup_that_ends_after_the_loop_was_stopped_is_still_the_owners)
{
    struct ix_resolve *r;
    cr_assert_eq(ix_resolve(loop, "hang.test", 1, on_addrs, NULL, &r), 0);
    wait_until_hanging(1);
    ix_loop_stop(loop);
    teardown();
    ix_resolve_cancel(r);
    cr_assert_eq(ix_loop_free(loop), 0);
    cr_assert_eq(calls, 0);
}

static void on_ws(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    (void) ctx;
    (void) ws;
    calls++;
    err = ev->err;
    snprintf(detail, sizeof detail, "%s", ev->detail);
    ix_loop_stop(loop);
}

Test(names, a_websocket_gives_up_in_time)
{
    struct ix_ws_options o = { .url = "ws://hang.test/", .connect_timeout_ms = 100 };
    struct ix_ws *ws;
    cr_assert_eq(ix_ws_connect(loop, &o, on_ws, NULL, &ws), 0);
    ix_loop_run(loop);
    cr_assert_eq(err, IRISX_E_TIMEOUT);
    cr_assert_str_eq(detail, "the name hang.test was not resolved within 100 ms");
    cr_assert_eq(ix_loop_free(loop), 0);
}

static struct ix_http_client *http;
static const char *next_url;

static void on_result(void *ctx, const struct ix_transfer_result *r)
{
    (void) ctx;
    calls++;
    err = r->err;
    status = r->status;
    snprintf(detail, sizeof detail, "%s", r->detail);
    if (next_url != NULL) {
        struct ix_transfer_request again = { .method = "GET", .url = next_url, .safe = true };
        struct ix_transfer *t;
        next_url = NULL;
        cr_assert_eq(ix_transfer_start(http, &again, on_result, NULL, &t), 0);
        return;
    }
    ix_loop_stop(loop);
}

static struct ix_transfer *get(const char *url)
{
    struct ix_transfer_request r = { .method = "GET", .url = url, .safe = true, .timeout_ms = 100 };
    struct ix_transfer *t;
    cr_assert_eq(ix_http_client_new(loop, &(struct ix_http_options){ 0 }, &http), 0);
    cr_assert_eq(ix_transfer_start(http, &r, on_result, NULL, &t), 0);
    cr_assert_eq(calls, 0);
    return t;
}

Test(names, a_transfer_gives_up_in_time)
{
    (void) get("http://hang.test/");
    ix_loop_run(loop);
    cr_assert_eq(err, IRISX_E_TIMEOUT);
    cr_assert_str_eq(detail, "the name hang.test was not resolved within 100 ms");
    ix_http_client_free(http);
    cr_assert_eq(ix_loop_free(loop), 0);
}

Test(names, a_transfer_is_cancelled_and_its_client_freed_at_once)
{
    struct ix_transfer *t = get("http://hang.test/");
    wait_until_hanging(1);
    ix_transfer_cancel(t);
    cr_assert_eq(err, IRISX_E_CANCELLED);
    ix_http_client_free(http);
    cr_assert_eq(ix_loop_free(loop), 0);
}

static void answer(int fd, void *arg)
{
    char head[2000];
    (void) arg;
    while (tcp_read_head(fd, head, sizeof head) > 0)
        tcp_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

Test(names, a_name_is_looked_up_once_and_kept_for_a_while)
{
    char url[64];
    struct peer *p = peer_start(answer, NULL);
    snprintf(url, sizeof url, "http://server.test:%u/", peer_port(p));
    next_url = url;
    (void) get(url);
    ix_loop_run(loop);
    cr_assert_eq(calls, 2);
    cr_assert_eq(err, 0, "%s", detail);
    cr_assert_eq(status, 200);
    cr_assert_eq(atomic_load(&lookups), 1, "%d lookups", atomic_load(&lookups));
    ix_http_client_free(http);
    cr_assert_eq(ix_loop_free(loop), 0);
    peer_stop(p);
}
