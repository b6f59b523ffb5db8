/* SPDX-License-Identifier: MIT */
/*
 * The REST half of a client from many threads: calls waited for and cancelled, lists read and let go, figures taken,
 * tokens given, loaded, renewed and saved, a log hook, and a close in the middle of it all. The server is of this
 * process.
 */
#include <irisx/api.h>
#include <irisx/irisx.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define CALLERS 3
#define CALLS 25
#define ROUNDS 4
#define LONG_MS 60000

static struct ix_host *host;
static struct ix_server *server;
static atomic_uint port, refreshes, server_closed, callers_done;
static char url[64];

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    (void) fprintf(stderr, "rest: %s\n", what);
    abort();
}

/* ---- the server's loop ------------------------------------------------------------------- */

static void give(struct ix_server_reply *reply, int status, const char *body)
{
    (void) ix_server_answer(reply, status, "application/json", NULL, body, strlen(body)); /* gone: so be it */
}

static void on_request(void *ctx, const struct ix_server_request *r, struct ix_server_reply *reply)
{
    const char *token = r->header(r, "Authorization");

    (void) ctx;
    if (strcmp(r->path, "/v1/auth/refresh") == 0) {
        atomic_fetch_add(&refreshes, 1);
        give(reply, 200, "{\"success\":true,\"data\":{\"access_token\":\"new\"}}");
    } else if (token == NULL || strcmp(token, "Bearer new") != 0) {
        give(reply, 401, "{\"error\":\"Token expired\"}");
    } else if (strcmp(r->path, "/v1/calls") == 0) {
        give(reply, 200, "{\"calls\":[{\"sid\":\"CA1\"},{\"sid\":\"CA2\"}],\"pagination\":{\"has_more\":true}}");
    } else {
        give(reply, 200, "{\"id\":\"1\"}");
    }
}

static void open_server(void *arg)
{
    struct ix_server_options o = { 0 };
    struct ix_addr local;

    (void) arg;
    check(ix_addr_parse(&o.bind, IX_STR("127.0.0.1"), 0) == 0, "no address");
    check(ix_server_open(ix_host_service_loop(host), &o, on_request, NULL, NULL, &server) == 0, "no server");
    ix_server_local(server, &local);
    atomic_store(&port, local.port);
}

static void close_server(void *arg)
{
    (void) arg;
    ix_server_close(server);
    atomic_store(&server_closed, 1);
}

/* ---- the application's threads ----------------------------------------------------------- */

static void load(irisx_token_slot_t *slot, int32_t session, void *user_data)
{
    (void) session;
    (void) user_data;
    (void) irisx_token_slot_set(slot, "old", "refresh"); /* without memory there are none */
}

static void save(int32_t session, const char *access_token, const char *refresh_token, void *user_data)
{
    (void) session;
    (void) refresh_token;
    if (access_token)
        atomic_fetch_add((atomic_uint *) user_data, 1);
}

static void on_log(int32_t level, const char *area, const char *line, void *user_data)
{
    (void) level;
    (void) area;
    (void) user_data;
    check(strstr(line, "Bearer old") == NULL && strstr(line, "Bearer new") == NULL, "a token in the log");
}

static void *use(void *arg)
{
    irisx_client_t *client = arg;

    for (int i = 0; i < CALLS; i++) {
        irisx_op_t *op = NULL;

        if (irisx_api_request(client, i % 2 ? "POST" : "GET", "/v1/x", NULL, NULL, &op))
            break; /* closed */
        if (i % 5 == 0)
            (void) irisx_op_cancel(op); /* or it has ended */
        (void) irisx_op_wait(op, LONG_MS);
        check(irisx_op_done(op), "a call never ended");
        if (i % 7 == 0)
            (void) irisx_client_set_tokens(client, "old", "refresh");
        irisx_op_unref(op);
    }
    atomic_fetch_add(&callers_done, 1);
    irisx_client_unref(client);
    return NULL;
}

static void *read_lists(void *arg)
{
    irisx_client_t *client = arg;
    const irisx_value_t *value;
    irisx_error_t err = IRISX_OK;

    while (err != IRISX_E_CLOSED) {
        irisx_pager_options_t o = IRISX_PAGER_OPTIONS_INIT;
        irisx_pager_t *pager = NULL;

        o.page_size = 2;
        err = irisx_pager_call(client, "calls.list", NULL, &o, &pager);
        for (int i = 0; i < 9 && !err; i++)
            err = irisx_pager_next(pager, LONG_MS, &value, NULL);
        if (err && err != IRISX_E_CLOSED && err != IRISX_E_NOT_FOUND &&
            pager) /* not found: its end, the page repeats */
            check(irisx_pager_error(pager) != NULL, "a page failed without an error");
        irisx_pager_unref(pager);
    }
    irisx_client_unref(client);
    return NULL;
}

static void *take_figures(void *arg)
{
    irisx_client_t *client = arg;
    irisx_metrics_t *m = NULL;

    while (irisx_metrics_new(client, &m) == IRISX_OK) {
        for (size_t i = 0; i < irisx_metrics_count(m); i++)
            check(irisx_metrics_at(m, i)->operation[0] != 0, "a row without a name");
        check(strlen(irisx_metrics_text(m)) > 0, "no text");
        irisx_metrics_free(m);
        (void) sched_yield();
    }
    irisx_client_unref(client);
    return NULL;
}

static void run_round(int number)
{
    void *(*const roles[])(void *) = { use, use, use, read_lists, take_figures };
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    irisx_rest_options_t r = IRISX_REST_OPTIONS_INIT;
    pthread_t threads[IX_COUNT(roles)];
    irisx_client_t *client = NULL;
    atomic_uint saved;

    atomic_init(&saved, 0);
    atomic_store(&callers_done, 0);
    o.api_url = url;
    o.rest = &r;
    o.log = on_log;
    o.log_level = IRISX_LOG_TRACE;
    r.load_tokens = load;
    r.save_tokens = save;
    r.token_user_data = &saved;
    r.log_bodies = 1;
    check(irisx_client_new(&o, &client) == IRISX_OK, "no client");
    for (size_t i = 0; i < IX_COUNT(roles); i++)
        check(pthread_create(&threads[i], NULL, roles[i], irisx_client_ref(client)) == 0, "no thread");
    while (atomic_load(&callers_done) < (number % 2 ? CALLERS : 1)) /* in the middle of it, or when they are through */
        (void) sched_yield();
    (void) irisx_client_close(client, 0);
    for (size_t i = 0; i < IX_COUNT(roles); i++)
        check(pthread_join(threads[i], NULL) == 0, "join");
    irisx_client_unref(client);
    check(atomic_load(&saved) > 0, "no token was saved");
}

int main(void)
{
    check(ix_host_new(&(struct ix_host_options){ 0 }, &host) == 0, "no host");
    check(ix_loop_post(ix_host_service_loop(host), open_server, NULL) == 0, "no post");
    while (atomic_load(&port) == 0)
        (void) sched_yield();
    (void) snprintf(url, sizeof url, "http://127.0.0.1:%u", atomic_load(&port));
    for (int i = 0; i < ROUNDS; i++)
        run_round(i);
    check(atomic_load(&refreshes) > 0, "no refresh");
    check(ix_loop_post(ix_host_service_loop(host), close_server, NULL) == 0, "no post");
    while (atomic_load(&server_closed) == 0)
        (void) sched_yield();
    ix_host_free(host);
    return 0;
}
