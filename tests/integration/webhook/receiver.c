/* SPDX-License-Identifier: MIT */
/*
 * The receiver as a library's user has it: secrets that come and go, the store before the answer, ids over a restart,
 * TLS, strangers. Its limits of time, size and connections are those of the server (tests/integration/io/server.c), and
 * are tried on the command in tests/integration/faults/webhooks.py.
 */
#include <criterion/criterion.h>
#include <irisx/irisx.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs.h"
#include "support/peer.h"

#define QUEUE 8
#define WAIT_MS 20000

static char folder[200], store[256];
static irisx_client_t *client;
static irisx_receiver_t *receiver;
static const char *const first[] = { "the first secret" };

static void receive_with(irisx_receiver_options_t *o)
{
    irisx_op_t *op = NULL;

    o->secrets = first;
    o->secrets_count = 1;
    o->store_file = store;
    cr_assert_eq(irisx_receiver_open(client, o, &receiver, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, WAIT_MS), IRISX_OK, "%s", irisx_op_error(op)->message);
    irisx_op_unref(op);
}

static void client_begin(void)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;

    o.event_queue_limit = QUEUE;
    cr_assert_eq(irisx_client_new(&o, &client), IRISX_OK);
}

static void begin(void)
{
    temp_folder(folder);
    (void) snprintf(store, sizeof store, "%s/store.db", folder);
    client_begin();
    receive_with(&(irisx_receiver_options_t) IRISX_RECEIVER_OPTIONS_INIT);
}

static void client_end(void)
{
    irisx_receiver_unref(receiver);
    (void) irisx_client_close(client, 0);
    irisx_client_unref(client);
}

static void end(void)
{
    client_end();
    temp_folder_remove(folder);
}

TestSuite(receiver, .init = begin, .fini = end, .timeout = 60);

/* the status of one delivery; 0: no answer */
static int deliver(const char *secret, const char *id)
{
    char body[128], text[2048], answer[1024];
    char *headers = NULL;
    int fd, status = 0, n = snprintf(body, sizeof body, "{\"event\":\"sms.sent\",\"event_id\":\"%s\",\"data\":{}}", id);

    cr_assert_eq(
        irisx_webhook_sign(IRISX_WEBHOOK_TIMESTAMPED, secret, "sms.sent", id, 0, body, (size_t) n, &headers), IRISX_OK);
    (void) snprintf(text, sizeof text,
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s",
        n, headers, body);
    irisx_text_free(headers);
    fd = tcp_connect((uint16_t) atoi(strrchr(irisx_receiver_url(receiver), ':') + 1));
    tcp_text(fd, text);
    (void) tcp_read_all(fd, answer, sizeof answer);
    (void) close(fd);
    (void) sscanf(answer, "HTTP/1.1 %d", &status);
    return status;
}

static irisx_event_kind_t next_kind(void)
{
    irisx_event_kind_t kind;
    irisx_event_t *ev = NULL;

    do {
        cr_assert_eq(irisx_client_next_event(client, WAIT_MS, &ev), IRISX_OK);
        kind = irisx_event_kind(ev);
        irisx_event_unref(ev);
    } while (kind == IRISX_EVENT_OP_DONE);
    return kind;
}

/* how often the store has that id, by a connection of our own */
static int stored(const char *id)
{
    sqlite3_stmt *stmt = NULL;
    sqlite3 *db = NULL;
    int n;

    cr_assert_eq(sqlite3_open_v2(store, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM deliveries WHERE id = ?", -1, &stmt, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC), SQLITE_OK);
    cr_assert_eq(sqlite3_step(stmt), SQLITE_ROW);
    n = sqlite3_column_int(stmt, 0);
    (void) sqlite3_finalize(stmt); /* nothing was written */
    (void) sqlite3_close(db);
    return n;
}

Test(receiver, a_secret_can_be_replaced_without_a_gap)
{
    cr_assert_eq(deliver("the second secret", "a"), 401);
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK_REJECTED);
    cr_assert_eq(irisx_receiver_add_secret(receiver, "the second secret"), IRISX_OK);
    cr_assert_eq(deliver("the first secret", "b"), 200);
    cr_assert_eq(deliver("the second secret", "c"), 200);
    cr_assert_eq(irisx_receiver_remove_secret(receiver, "the first secret"), IRISX_OK);
    cr_assert_eq(deliver("the first secret", "d"), 401);
    cr_assert_eq(deliver("the second secret", "d"), 200, "what was refused is not known by its id");
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK);
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK);
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK_REJECTED);
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK);
}

Test(receiver, without_any_secret_all_is_refused)
{
    cr_assert_eq(irisx_receiver_remove_secret(receiver, "the first secret"), IRISX_OK);
    cr_assert_eq(deliver("the first secret", "a"), 401);
    cr_assert_eq(deliver("x", "a"), 401);
    cr_assert_eq(irisx_receiver_add_secret(receiver, "the first secret"), IRISX_OK);
    cr_assert_eq(deliver("the first secret", "a"), 200);
}

Test(receiver, what_is_acknowledged_is_in_the_store_by_then)
{
    char id[16];

    for (int i = 0; i < 20; i++) {
        (void) snprintf(id, sizeof id, "evt_%d", i);
        cr_assert_eq(stored(id), 0);
        cr_assert_eq(deliver("the first secret", id), 200);
        cr_assert_eq(stored(id), 1, "acknowledged, and not stored");
        cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK);
    }
}

Test(receiver, a_repeated_id_is_acknowledged_and_not_delivered_again_not_even_after_a_restart)
{
    cr_assert_eq(deliver("the first secret", "a"), 200);
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK);
    cr_assert_eq(deliver("the first secret", "a"), 200);
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK_REJECTED);
    client_end();
    client_begin();
    receive_with(&(irisx_receiver_options_t) IRISX_RECEIVER_OPTIONS_INIT);
    cr_assert_eq(deliver("the first secret", "a"), 200);
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK_REJECTED);
    cr_assert_eq(stored("a"), 1);
}

Test(receiver, a_known_id_with_a_false_signature_is_refused_like_any_other)
{
    cr_assert_eq(deliver("the first secret", "a"), 200);
    cr_assert_eq(deliver("a guess", "a"), 401, "that it is known tells a stranger nothing");
}

Test(receiver, the_oldest_ids_are_forgotten_when_there_are_as_many_as_it_remembers)
{
    irisx_receiver_options_t o = IRISX_RECEIVER_OPTIONS_INIT;

    irisx_receiver_unref(receiver);
    (void) snprintf(store, sizeof store, "%s/small.db", folder);
    o.remember = 3;
    receive_with(&o);
    for (const char *const *id = (const char *const[]){ "a", "b", "c", "d", NULL }; *id; id++) {
        cr_assert_eq(deliver("the first secret", *id), 200);
        cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK);
    }
    cr_assert_eq(deliver("the first secret", "d"), 200);
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK_REJECTED, "the newest is known");
    cr_assert_eq(deliver("the first secret", "a"), 200);
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK,
        "the oldest is not: within the window it is a replay, and 'remember' is for more");
}

Test(receiver, strangers_cannot_push_out_what_is_real)
{
    for (int i = 0; i < 5 * QUEUE; i++)
        cr_assert_eq(deliver("a guess", "x"), 401);
    for (int i = 0; i < QUEUE / 2; i++) { /* the other half of the queue */
        char id[16];

        (void) snprintf(id, sizeof id, "evt_%d", i);
        cr_assert_eq(deliver("the first secret", id), 200, "%d", i);
    }
    cr_assert_eq(deliver("the first secret", "more"), 503, "nobody pulls: it comes again");
    cr_assert_eq(stored("more"), 0);
    for (int i = 0; i < QUEUE / 2 - 1; i++) /* the op's end was there first */
        cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK_REJECTED);
    for (int i = 0; i < QUEUE / 2; i++)
        cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK);
    cr_assert_eq(next_kind(), IRISX_EVENT_LOST);
    cr_assert_eq(deliver("the first secret", "more"), 200);
}

Test(receiver, closed_it_answers_nobody)
{
    uint16_t port = (uint16_t) atoi(strrchr(irisx_receiver_url(receiver), ':') + 1);
    char answer[64];
    int fd = tcp_connect(port);

    irisx_receiver_close(receiver);
    tcp_text(fd, "POST / HTTP/1.1\r\nHost: h\r\n");
    (void) tcp_read_all(fd, answer, sizeof answer); /* its end is what is waited for */
    cr_assert_str_eq(answer, "");
    (void) close(fd);
    cr_assert_eq(irisx_receiver_add_secret(receiver, "more"), IRISX_E_CLOSED);
}

Test(receiver, over_tls_a_delivery_is_taken)
{
    irisx_receiver_options_t o = IRISX_RECEIVER_OPTIONS_INIT;
    char command[2048], status[16] = "";
    const char *body = "{\"event\":\"sms.sent\",\"event_id\":\"t\",\"data\":{}}";
    char *headers = NULL, *end_of_line;
    struct cert cert;
    size_t n;
    FILE *f;

    irisx_receiver_unref(receiver);
    cert_make(folder, &(struct cert_spec){ .name = "server", .san = "IP:127.0.0.1" }, &cert);
    o.tls_cert_file = cert.cert_file;
    o.tls_key_file = cert.key_file;
    receive_with(&o);
    cr_assert_eq(strncmp(irisx_receiver_url(receiver), "https://127.0.0.1:", 18), 0);
    cr_assert_eq(
        irisx_webhook_sign(IRISX_WEBHOOK_TIMESTAMPED, first[0], "sms.sent", "t", 0, body, strlen(body), &headers),
        IRISX_OK);
    n = (size_t) snprintf(command, sizeof command,
        "curl -sS -o /dev/null -w '%%{http_code}' --cacert %s --data-binary '%s'", cert.cert_file, body);
    for (char *line = headers; (end_of_line = strstr(line, "\r\n")) != NULL; line = end_of_line + 2)
        n += (size_t) snprintf(command + n, sizeof command - n, " -H '%.*s'", (int) (end_of_line - line), line);
    (void) snprintf(
        command + n, sizeof command - n, " -H 'Content-Type: application/json' %s", irisx_receiver_url(receiver));
    irisx_text_free(headers);
    f = popen(command, "r");
    cr_assert_not_null(f);
    cr_assert_not_null(fgets(status, sizeof status, f));
    cr_assert_eq(pclose(f), 0);
    cr_assert_str_eq(status, "200");
    cr_assert_eq(next_kind(), IRISX_EVENT_WEBHOOK);
    cert_free(&cert);
}
