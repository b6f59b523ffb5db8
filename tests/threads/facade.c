/* SPDX-License-Identifier: MIT */
/*
 * The client's exported functions from many threads at once: lines and calls at a server that is not there, waits,
 * cancels, pulls, references dropped anywhere, a close in the middle of it all, a last unref inside a callback.
 */
#include <irisx/irisx.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 6
#define ROUNDS 12
#define LIFE 8

static void check(int good, const char *what)
{
    if (good)
        return;
    (void) fprintf(stderr, "facade: %s\n", what);
    abort();
}

static irisx_line_t *open_line(irisx_client_t *client, irisx_op_t **op)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;
    irisx_line_t *line = NULL;

    o.ws_url = "ws://127.0.0.1:9/"; /* the discard port: refused at once */
    o.user = "1000";
    o.password = "secret";
    return irisx_line_open(client, &o, &line, op) == IRISX_OK ? line : NULL;
}

/* One thread's use of a client that may be closed at any moment. */
static void *use(void *arg)
{
    irisx_client_t *client = arg;
    irisx_call_options_t dial = IRISX_CALL_OPTIONS_INIT;

    dial.to = "9196";
    for (int i = 0; i < ROUNDS; i++) {
        irisx_op_t *opening = NULL, *dialling = NULL, *closing = NULL;
        irisx_call_t *call = NULL;
        irisx_line_t *line = open_line(client, &opening);

        if (!line)
            break; /* closed */
        if (irisx_call_dial(line, &dial, &call, &dialling) == IRISX_OK) {
            if (i % 3 == 0)
                (void) irisx_call_hangup(call, NULL); /* closed by now, maybe */
            if (i % 3 == 1)
                (void) irisx_op_cancel(dialling); /* the same */
            (void) irisx_op_wait(dialling, 5000); /* any end will do */
            check(irisx_op_done(dialling), "a dial never ended");
        }
        (void) irisx_line_close(line, &closing); /* the same */
        if (i % 2)
            irisx_line_unref(line);
        (void) irisx_op_wait(opening, 5000);
        check(irisx_op_done(opening), "an opening never ended");
        irisx_op_unref(opening);
        irisx_op_unref(dialling);
        irisx_op_unref(closing);
        irisx_call_unref(call);
        if (i % 2 == 0)
            irisx_line_unref(line);
    }
    irisx_client_unref(client);
    return NULL;
}

static void *pull(void *arg)
{
    irisx_client_t *client = arg;
    irisx_event_t *event;
    irisx_error_t err;

    while ((err = irisx_client_next_event(client, 20000, &event)) == IRISX_OK) {
        check(irisx_event_describe(event)[0] != 0, "an event without words");
        irisx_event_unref(event);
    }
    check(err == IRISX_E_CLOSED, "events ended otherwise than by the close");
    irisx_client_unref(client);
    return NULL;
}

static void many_threads_one_close(void)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    pthread_t threads[THREADS + 1];
    irisx_client_t *client = NULL;

    o.media_threads = 2;
    check(irisx_client_new(&o, &client) == IRISX_OK, "no client");
    for (int i = 0; i < THREADS; i++)
        check(!pthread_create(&threads[i], NULL, use, irisx_client_ref(client)), "no thread");
    check(!pthread_create(&threads[THREADS], NULL, pull, irisx_client_ref(client)), "no thread");
    check(!pthread_join(threads[0], NULL), "join"); /* the others are in the middle of it, or through */
    (void) irisx_client_close(client, 500); /* nobody answers the farewell: a time-out is fine */
    check(irisx_client_close(client, 0) == IRISX_E_CLOSED, "a second close");
    for (int i = 1; i <= THREADS; i++)
        check(!pthread_join(threads[i], NULL), "join");
    irisx_client_unref(client);
}

/* ---- callbacks
 * --------------------------------------------------------------------------------------------------------- */
struct heard {
    atomic_int events, closed;
};

static void on_event(irisx_client_t *client, const irisx_event_t *event, void *user_data)
{
    struct heard *h = user_data;

    check(irisx_client_close(client, 0) == IRISX_E_WOULD_DEADLOCK, "a close inside a callback");
    if (irisx_event_op(event))
        (void) irisx_op_wait(irisx_event_op(event), 0); /* it has ended: looking is allowed */
    if (irisx_event_line(event))
        irisx_line_unref(irisx_line_ref(irisx_event_line(event)));
    atomic_fetch_add(&h->events, 1);
    if (irisx_event_kind(event) == IRISX_EVENT_CLIENT_CLOSED)
        atomic_store(&h->closed, 1);
}

static void callbacks(void)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    struct heard h;
    irisx_client_t *client = NULL;
    irisx_op_t *op = NULL;
    irisx_line_t *line;

    atomic_init(&h.events, 0);
    atomic_init(&h.closed, 0);
    o.on_event = on_event;
    o.event_user_data = &h;
    check(irisx_client_new(&o, &client) == IRISX_OK, "no client");
    line = open_line(client, &op);
    check(line != NULL, "no line");
    check(irisx_op_wait(op, 5000) == IRISX_E_NETWORK, "a refused connection");
    irisx_op_unref(op);
    irisx_line_unref(line);
    (void) irisx_client_close(client, 500); /* see many_threads_one_close */
    check(atomic_load(&h.events) >= 3 && atomic_load(&h.closed), "not every event came before the close returned");
    irisx_client_unref(client);
}

int main(void)
{
    for (int i = 0; i < LIFE; i++) {
        many_threads_one_close();
        callbacks();
    }
    return 0;
}
