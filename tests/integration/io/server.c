/* SPDX-License-Identifier: MIT */
/* The HTTP and WebSocket server on a thread of its own; the test is a client that speaks byte by byte. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/internal.h"
#include "support/certs.h"
#include "support/peer.h"

static struct {
    struct ix_loop *loop;
    struct ix_server *server;
    struct ix_server_options options;
    pthread_t thread;
    uint16_t port;
    char text[400000];
    /* the server's thread */
    struct ix_server_reply *held;
    atomic_int requests, ws_closed, ws_code, ws_err, answered;
    struct ix_ws *ws;
} t;

static void describe(const struct ix_server_request *r, char *out, size_t cap)
{
    const char *sig = r->header(r, "X-Signature");
    snprintf(out, cap, "%s %s %s body=%zu:%.*s sig=%s", r->method, r->path, r->query != NULL ? r->query : "-",
        r->body_len, (int) IX_MIN(r->body_len, (size_t) 40), r->body_len > 0 ? (const char *) r->body : "",
        sig != NULL ? sig : "-");
}

static void on_request(void *ctx, const struct ix_server_request *r, struct ix_server_reply *reply)
{
    static char big[300000];
    char text[300];
    (void) ctx;
    atomic_fetch_add(&t.requests, 1);
    describe(r, text, sizeof text);
    if (strcmp(r->path, "/drop") == 0) {
        ix_server_drop(reply);
    } else if (strcmp(r->path, "/later") == 0) {
        t.held = reply;
    } else if (strcmp(r->path, "/now") == 0) { /* answers the one that was held, then itself */
        atomic_store(&t.answered, ix_server_answer(t.held, 200, "text/plain", NULL, "held", 4) == 0 ? 1 : 2);
        ix_server_answer(reply, 200, NULL, NULL, "now", 3);
    } else if (strcmp(r->path, "/big") == 0) {
        memset(big, 'b', sizeof big);
        ix_server_answer(reply, 200, NULL, NULL, big, sizeof big);
    } else if (strcmp(r->path, "/none") == 0) {
        ix_server_answer(reply, 204, NULL, "X-More: 1\r\n", NULL, 0);
    } else {
        ix_server_answer(reply, 200, "text/plain", "X-Twice: a\r\nX-Twice: b\r\n", text, strlen(text));
    }
}

static void on_ws(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    (void) ctx;
    switch (ev->kind) {
    case IX_WS_OPEN:
        t.ws = ws;
        break;
    case IX_WS_MESSAGE:
        if (ev->len == 3 && memcmp(ev->data, "bye", 3) == 0)
            ix_ws_close(ws, 1000);
        else
            ix_ws_send(ws, ev->data, ev->len, true);
        break;
    case IX_WS_PONG:
        ix_ws_send(ws, "ponged", 6, true);
        break;
    case IX_WS_CLOSED:
        atomic_store(&t.ws_code, ev->close_code);
        atomic_store(&t.ws_err, ev->err);
        atomic_fetch_add(&t.ws_closed, 1);
        break;
    }
}

static void *run(void *arg)
{
    (void) arg;
    ix_loop_run(t.loop);
    return NULL;
}

static void start(void)
{
    struct ix_addr local;
    cr_assert_eq(ix_loop_new(NULL, &t.loop), 0);
    cr_assert_eq(ix_addr_parse(&t.options.bind, IX_STR("127.0.0.1"), 0), 0);
    cr_assert_eq(ix_server_open(t.loop, &t.options, on_request, on_ws, NULL, &t.server), 0);
    ix_server_local(t.server, &local);
    t.port = local.port;
    cr_assert_eq(pthread_create(&t.thread, NULL, run, NULL), 0);
}

static void stop(void)
{
    ix_loop_stop(t.loop);
    pthread_join(t.thread, NULL);
    ix_server_close(t.server);
    if (t.held != NULL && atomic_load(&t.answered) == 0)
        ix_server_drop(t.held);
    cr_assert_eq(ix_loop_free(t.loop), 0);
}

TestSuite(server, .timeout = 60);

/* one connection, one text, everything that comes back until the end */
static const char *ask(const char *text)
{
    int fd = tcp_connect(t.port);
    tcp_text(fd, text);
    tcp_read_all(fd, t.text, sizeof t.text);
    close(fd);
    return t.text;
}

static void expect(const char *words)
{
    cr_assert_not_null(strstr(t.text, words), "no \"%s\" in \"%s\"", words, t.text);
}

#define CLOSE "Host: h\r\nConnection: close\r\n"

Test(server, a_request_comes_whole_and_is_answered)
{
    start();
    ask("POST /v1/a%2Fb?x=1 HTTP/1.1\r\n" CLOSE "x-signature: abc\r\nContent-Length: 5\r\n\r\nhello");
    expect("HTTP/1.1 200 OK\r\n");
    expect("Content-Type: text/plain\r\n");
    expect("X-Twice: a\r\nX-Twice: b\r\n");
    expect("Connection: close\r\n");
    expect("\r\n\r\nPOST /v1/a%2Fb x=1 body=5:hello sig=abc");
    stop();
}

Test(server, chunks_100_continue_head_and_204_are_spoken)
{
    start();
    ask("PUT /c HTTP/1.1\r\n" CLOSE
        "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    expect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK");
    expect("body=5:abcde");
    ask("HEAD /h HTTP/1.1\r\n" CLOSE "\r\n");
    expect("Content-Length: 23\r\n");
    cr_assert_null(strstr(t.text, "HEAD /h"), "a body after HEAD: %s", t.text);
    ask("DELETE /none HTTP/1.1\r\n" CLOSE "\r\n");
    expect("HTTP/1.1 204 No Content\r\n");
    expect("X-More: 1\r\n");
    cr_assert_null(strstr(t.text, "Content-Length"));
    stop();
}

Test(server, a_connection_is_kept_and_pipelined_requests_are_answered_in_order)
{
    start();
    ask("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxyGET /big HTTP/1.1\r\nHost: h\r\n\r\n"
        "GET /4 HTTP/1.1\r\n" CLOSE "\r\n");
    char *one = strstr(t.text, "GET /1 - body=0"), *two = strstr(t.text, "POST /2 - body=2:xy");
    char *four = strstr(t.text, "GET /4 - body=0");
    cr_assert(one != NULL && two > one && four > two + 300000);
    cr_assert_eq(atomic_load(&t.requests), 4);
    stop();
}

Test(server, an_answer_may_come_later)
{
    start();
    int fd = tcp_connect(t.port);
    tcp_text(fd, "GET /later HTTP/1.1\r\n" CLOSE "\r\n");
    while (atomic_load(&t.requests) == 0)
        sched_yield();
    ask("GET /now HTTP/1.1\r\n" CLOSE "\r\n");
    expect("\r\n\r\nnow");
    tcp_read_all(fd, t.text, sizeof t.text);
    expect("\r\n\r\nheld");
    close(fd);
    stop();
}

Test(server, an_answer_to_a_client_that_went_away_goes_nowhere)
{
    t.options.max_connections = 1;
    start();
    int fd = tcp_connect(t.port);
    tcp_text(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    while (atomic_load(&t.requests) == 0)
        sched_yield();
    tcp_reset(fd);
    close(fd);
    stop(); /* closes the server first, then drops the reply: nothing may be touched that is gone */
}

Test(server, a_dropped_request_gets_no_answer)
{
    start();
    ask("GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
    cr_assert_str_eq(t.text, "");
    stop();
}

/* ---- limits ------------------------------------------------------------------------------ */

Test(server, a_body_over_the_limit_is_refused_with_413)
{
    t.options.max_body = 1000;
    start();
    ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
    expect("HTTP/1.1 413 ");
    expect("larger than this server takes");
    cr_assert_eq(atomic_load(&t.requests), 0);
    stop();
}

Test(server, the_client_that_still_sends_reads_the_413)
{
    static char body[900000];
    char head[200];
    start();
    memset(body, 'x', sizeof body);
    int fd = tcp_connect(t.port);
    snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", 2 * 1024 * 1024);
    tcp_text(fd, head);
    tcp_write(fd, body, sizeof body);
    tcp_read_all(fd, t.text, sizeof t.text);
    expect("HTTP/1.1 413 ");
    close(fd);
    stop();
}

Test(server, chunks_over_the_limit_are_refused_with_413)
{
    char *body = t.text;
    t.options.max_body = 1000;
    start();
    size_t n = (size_t) sprintf(body, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n");
    memset(body + n, 'x', 2000);
    body[n + 2000] = '\0';
    int fd = tcp_connect(t.port);
    tcp_text(fd, body);
    tcp_read_all(fd, t.text, sizeof t.text);
    expect("HTTP/1.1 413 ");
    close(fd);
    stop();
}

Test(server, a_head_over_the_limit_is_refused_with_431)
{
    static char head[20000];
    start();
    size_t n = (size_t) sprintf(head, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    memset(head + n, 'x', sizeof head - n - 1);
    ask(head);
    expect("HTTP/1.1 431 ");
    stop();
}

Test(server, a_slow_head_is_cut_off)
{
    t.options.header_timeout_ms = 100;
    start();
    ask("GET / HTTP/1.1\r\nHost: h\r\nX-Slow");
    expect("HTTP/1.1 408 ");
    ask("");
    cr_assert_str_eq(t.text, "");
    stop();
}

Test(server, a_slow_body_is_cut_off)
{
    t.options.body_timeout_ms = 100;
    start();
    ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123");
    expect("HTTP/1.1 408 ");
    cr_assert_eq(atomic_load(&t.requests), 0);
    stop();
}

Test(server, connections_beyond_the_limit_are_refused_and_room_comes_back)
{
    int fds[3];
    t.options.max_connections = 3;
    start();
    for (size_t i = 0; i < IX_COUNT(fds); i++) {
        char head[500];
        fds[i] = tcp_connect(t.port);
        tcp_text(fds[i], "GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
        tcp_read_head(fds[i], head, sizeof head);
    }
    ask("GET / HTTP/1.1\r\n" CLOSE "\r\n");
    expect("HTTP/1.1 503 ");
    close(fds[0]);
    do
        ask("GET / HTTP/1.1\r\n" CLOSE "\r\n");
    while (strstr(t.text, " 503 ") != NULL);
    expect("HTTP/1.1 200 ");
    close(fds[1]);
    close(fds[2]);
    stop();
}

Test(server, junk_is_refused_and_does_no_harm)
{
    static char junk[65536];
    struct ix_prng prng;
    struct ix_rng rng;
    t.options.header_timeout_ms = 200;
    start();
    for (uint64_t seed = 1; seed <= 40; seed++) {
        ix_prng_seed(&prng, seed);
        rng = ix_prng_rng(&prng);
        ix_rng_fill(&rng, junk, sizeof junk);
        if (seed % 2 == 0)
            memcpy(junk, "GET / HTTP/1.1\r\n", 16);
        int fd = tcp_connect(t.port);
        tcp_write(fd, junk, sizeof junk);
        tcp_read_all(fd, t.text, sizeof t.text);
        cr_assert(
            t.text[0] == '\0' || strncmp(t.text, "HTTP/1.1 4", 10) == 0, "seed %lu: %s", (unsigned long) seed, t.text);
        close(fd);
    }
    ask("GET / HTTP/1.1\r\n" CLOSE "\r\n");
    expect("HTTP/1.1 200 ");
    stop();
}

/* ---- TLS --------------------------------------------------------------------------------- */

Test(server, over_tls_the_same_is_served)
{
    char folder[200], command[600];
    struct cert cert;
    temp_folder(folder);
    cert_make(folder, &(struct cert_spec){ .name = "server", .san = "DNS:localhost" }, &cert);
    t.options.tls_cert_file = cert.cert_file;
    t.options.tls_key_file = cert.key_file;
    start();
    snprintf(command, sizeof command,
        "curl -sS --cacert %s --http1.1 --data-binary @%s https://localhost:%u/big?x | wc -c", cert.cert_file,
        cert.key_file, t.port);
    FILE *f = popen(command, "r");
    cr_assert_not_null(f);
    cr_assert_not_null(fgets(t.text, sizeof t.text, f));
    cr_assert_eq(pclose(f), 0);
    cr_assert_str_eq(t.text, "300000\n");
    stop();
    temp_folder_remove(folder);
    cert_free(&cert);
}

Test(server, plain_text_on_a_tls_port_is_ended)
{
    char folder[200];
    struct cert cert;
    temp_folder(folder);
    cert_make(folder, &(struct cert_spec){ .name = "server", .san = "DNS:localhost" }, &cert);
    t.options.tls_cert_file = cert.cert_file;
    t.options.tls_key_file = cert.key_file;
    start();
    ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    cr_assert_eq(atomic_load(&t.requests), 0);
    stop();
    temp_folder_remove(folder);
    cert_free(&cert);
}

Test(server, a_certificate_file_that_is_none_is_told)
{
    struct ix_server_options o = { .tls_cert_file = "/etc/hostname", .tls_key_file = "/etc/hostname" };
    cr_assert_eq(ix_loop_new(NULL, &t.loop), 0);
    cr_assert_eq(ix_addr_parse(&o.bind, IX_STR("127.0.0.1"), 0), 0);
    cr_assert_eq(ix_server_open(t.loop, &o, on_request, NULL, NULL, &t.server), IRISX_E_TLS);
    cr_assert_null(t.server);
    cr_assert_eq(ix_loop_free(t.loop), 0);
}

Test(server, a_taken_port_is_told)
{
    struct ix_server *second = NULL;
    struct ix_loop *other;
    start();
    struct ix_server_options o = t.options;
    o.bind.port = t.port;
    cr_assert_eq(ix_loop_new(NULL, &other), 0);
    cr_assert_eq(ix_server_open(other, &o, on_request, NULL, NULL, &second), IRISX_E_CONFLICT);
    cr_assert_eq(ix_loop_free(other), 0);
    stop();
}

/* ---- WebSocket --------------------------------------------------------------------------- */

#define UPGRADE                                                                                                 \
    "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static int open_ws(const char *more)
{
    char request[600];
    t.options.ws_subprotocol = "sip";
    start();
    int fd = tcp_connect(t.port);
    snprintf(request, sizeof request, "%s%s\r\n", UPGRADE, more);
    tcp_text(fd, request);
    tcp_read_head(fd, t.text, sizeof t.text);
    return fd;
}

static void expect_bytes(int fd, const char *want, size_t n)
{
    char got[64];
    tcp_read_exact(fd, got, n);
    cr_assert_eq(memcmp(got, want, n), 0, "%02x %02x %02x %02x", (uint8_t) got[0], (uint8_t) got[1], (uint8_t) got[2],
        (uint8_t) got[3]);
}

static void wait_ws_closed(void)
{
    while (atomic_load(&t.ws_closed) == 0)
        sched_yield();
}

Test(server, an_upgrade_is_confirmed_with_the_subprotocol)
{
    int fd = open_ws("Sec-WebSocket-Protocol: chat, sip\r\n");
    expect("HTTP/1.1 101 ");
    expect("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    expect("Sec-WebSocket-Protocol: sip\r\n");
    tcp_write(fd, "\x81\x82\0\0\0\0hi", 8);
    expect_bytes(fd, "\x81\x02hi", 4);
    tcp_write(fd, "\x89\x81\0\0\0\0!", 7);
    expect_bytes(fd, "\x8a\x01!", 3);
    tcp_write(fd, "\x88\x82\0\0\0\0\x03\xe9", 8);
    expect_bytes(fd, "\x88\x02\x03\xe9", 4);
    tcp_wait_end(fd);
    close(fd);
    wait_ws_closed();
    cr_assert_eq(atomic_load(&t.ws_code), 1001);
    cr_assert_eq(atomic_load(&t.ws_err), IRISX_E_NETWORK);
    stop();
}

Test(server, other_subprotocols_are_let_in_without_one)
{
    int fd = open_ws("Sec-WebSocket-Protocol: chat\r\n");
    expect("HTTP/1.1 101 ");
    cr_assert_null(strstr(t.text, "Sec-WebSocket-Protocol"));
    close(fd);
    wait_ws_closed();
    cr_assert_eq(atomic_load(&t.ws_code), 1006);
    stop();
}

Test(server, frames_behind_the_upgrade_in_the_same_packet_are_read)
{
    t.options.ws_subprotocol = "sip";
    start();
    int fd = tcp_connect(t.port);
    tcp_write(fd, UPGRADE "\r\n\x81\x82\0\0\0\0ab", sizeof UPGRADE - 1 + 2 + 8);
    tcp_read_head(fd, t.text, sizeof t.text);
    expect_bytes(fd,
        "\x81\x02"
        "ab",
        4);
    close(fd);
    wait_ws_closed();
    stop();
}

Test(server, a_close_of_ours_waits_for_the_clients_answer)
{
    int fd = open_ws("");
    tcp_write(fd, "\x81\x83\0\0\0\0bye", 9);
    expect_bytes(fd, "\x88\x02\x03\xe8", 4);
    cr_assert_eq(atomic_load(&t.ws_closed), 0);
    tcp_write(fd, "\x88\x82\0\0\0\0\x03\xe8", 8);
    tcp_wait_end(fd);
    close(fd);
    wait_ws_closed();
    cr_assert_eq(atomic_load(&t.ws_err), 0);
    stop();
}

static void expect_close_code(const char *frame, size_t n, uint16_t code)
{
    const char want[4] = { (char) 0x88, 2, (char) (code >> 8), (char) code };
    memset(&t, 0, sizeof t);
    int fd = open_ws("");
    tcp_write(fd, frame, n);
    expect_bytes(fd, want, sizeof want);
    tcp_wait_end(fd);
    close(fd);
    wait_ws_closed();
    cr_assert_eq(atomic_load(&t.ws_err), IRISX_E_PROTOCOL);
    stop();
}

Test(server, frames_that_are_not_valid_are_closed_with_their_code)
{
    expect_close_code("\x81\x01x", 3, 1002);
    expect_close_code("\x81\x82\0\0\0\0\xc3\x28", 8, 1007);
    expect_close_code("\x82\xff\0\0\0\0\0\1\0\1\0\0\0\0", 14, 1009);
}

Test(server, an_upgrade_that_is_not_valid_is_refused)
{
    t.options.ws_subprotocol = "sip";
    t.options.ws_path = "/ws";
    start();
    ask("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n");
    expect("HTTP/1.1 400 ");
    ask("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    expect("HTTP/1.1 400 ");
    ask("GET /other HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    expect("HTTP/1.1 404 ");
    stop();
}
