/* SPDX-License-Identifier: MIT */
/* HTTP transfers against our own server and against servers that misbehave in every way a socket allows. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/io.h"
#include "support/certs.h"
#include "support/peer.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Id: 7\r\nContent-Length: 11\r\n\r\n{\"ok\":true}"

static struct {
    struct ix_loop *loop;
    struct ix_http_client *client;
    struct ix_http_options options;
    struct ix_transfer_request request;
    struct peer *peer;
    struct ix_server *server;
    char url[200];
    /* the result */
    int calls, err;
    long status;
    char detail[256], type[64], headers[400], body[3000];
    size_t body_len;
    bool sent, free_in_callback;
    const char *again; /* method of a second request, started when the first is done */
    int first_err;
    void (*look)(void); /* run inside the callback */
    /* what the peer saw */
    atomic_uint posts;
    char seen[4096];
} t;

TestSuite(transfer, .timeout = 60);

static void on_result(void *ctx, const struct ix_transfer_result *r);

static void start_again(void)
{
    struct ix_transfer *transfer;
    t.again = NULL;
    t.first_err = t.err;
    cr_assert_eq(ix_transfer_start(t.client, &t.request, on_result, NULL, &transfer), 0);
}

static void on_result(void *ctx, const struct ix_transfer_result *r)
{
    (void) ctx;
    t.calls++;
    t.err = r->err;
    t.status = r->status;
    t.sent = r->any_byte_sent;
    t.body_len = r->body_len;
    snprintf(t.detail, sizeof t.detail, "%s", r->detail);
    snprintf(t.type, sizeof t.type, "%s", r->content_type != NULL ? r->content_type : "none");
    snprintf(t.headers, sizeof t.headers, "%s", r->headers);
    snprintf(t.body, sizeof t.body, "%.*s", (int) IX_MIN(r->body_len, sizeof t.body - 1),
        r->body_len > 0 ? (const char *) r->body : "");
    if (t.look != NULL)
        t.look();
    if (t.free_in_callback)
        ix_http_client_free(t.client);
    if (t.again != NULL)
        start_again();
    else
        ix_loop_stop(t.loop);
}

static void open_client(void)
{
    if (t.loop != NULL)
        return;
    cr_assert_eq(ix_loop_new(NULL, &t.loop), 0);
    cr_assert_eq(ix_http_client_new(t.loop, &t.options, &t.client), 0);
}

static void finish(void)
{
    ix_http_client_free(t.client);
    ix_server_close(t.server);
    cr_assert_eq(ix_loop_free(t.loop), 0);
    if (t.peer != NULL)
        peer_stop(t.peer);
    memset(&t, 0, sizeof t);
}

static void start(const char *method)
{
    struct ix_transfer *transfer;
    t.request.method = method;
    t.request.url = t.url;
    t.request.safe = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    open_client();
    cr_assert_eq(ix_transfer_start(t.client, &t.request, on_result, NULL, &transfer), 0);
    cr_assert_eq(t.calls, 0, "called from inside");
}

static void send_to(const char *method)
{
    start(method);
    ix_loop_run(t.loop);
    cr_assert_eq(t.calls, 1);
}

static void against(peer_script_fn script, const void *arg, const char *method)
{
    t.peer = peer_start(script, (void *) (uintptr_t) arg);
    snprintf(t.url, sizeof t.url, "http://127.0.0.1:%u/v1/x?token=secret", peer_port(t.peer));
    send_to(method);
    cr_assert_null(strstr(t.detail, "secret"), "%s", t.detail);
}

static void expect(int err, const char *words)
{
    cr_assert_eq(t.err, err, "%s: %s", ix_error_name(t.err), t.detail);
    cr_assert_not_null(strstr(t.detail, words), "\"%s\" has no \"%s\"", t.detail, words);
}

/* ---- scripts ----------------------------------------------------------------------------- */

static size_t read_request(int fd)
{
    size_t n = tcp_read_head(fd, t.seen, sizeof t.seen);
    char *length = strstr(t.seen, "Content-Length: ");
    size_t body = length != NULL ? (size_t) strtoul(length + 16, NULL, 10) : 0;
    if (body > 0 && n + body < sizeof t.seen)
        tcp_read_exact(fd, t.seen + n, body);
    t.seen[IX_MIN(n + body, sizeof t.seen - 1)] = '\0';
    return n;
}

static void answer(int fd, void *arg)
{
    read_request(fd);
    tcp_text(fd, arg);
}

static void answer_and_stay(int fd, void *arg)
{
    read_request(fd);
    tcp_text(fd, arg);
    tcp_wait_end(fd);
}

/* ---- what works -------------------------------------------------------------------------- */

Test(transfer, an_answer_comes_with_status_headers_and_body)
{
    t.request.headers = "Authorization: Bearer abc\r\nX-One: 1\r\n";
    t.options.user_agent = "irisx-test/1";
    against(answer_and_stay, ANSWER, "GET");
    expect(0, "");
    cr_assert_eq(t.status, 200);
    cr_assert_str_eq(t.type, "application/json");
    cr_assert_str_eq(t.body, "{\"ok\":true}");
    cr_assert_not_null(strstr(t.headers, "X-Id: 7\r\n"));
    cr_assert_not_null(strstr(t.seen, "GET /v1/x?token=secret HTTP/1.1\r\n"));
    cr_assert_not_null(strstr(t.seen, "Authorization: Bearer abc\r\n"));
    cr_assert_not_null(strstr(t.seen, "User-Agent: irisx-test/1\r\n"));
    finish();
}

Test(transfer, a_post_carries_its_body_and_no_expect)
{
    t.request.body = "{\"to\":\"+1\"}";
    t.request.body_len = 11;
    t.request.headers = "Content-Type: application/json; charset=utf-8\r\n";
    against(answer_and_stay, ANSWER, "POST");
    expect(0, "");
    cr_assert_not_null(strstr(t.seen, "POST /v1/x?token=secret HTTP/1.1\r\n"));
    cr_assert_not_null(strstr(t.seen, "Content-Length: 11\r\n"));
    cr_assert_not_null(strstr(t.seen, "Content-Type: application/json; charset=utf-8\r\n"));
    cr_assert_not_null(strstr(t.seen, "\r\n\r\n{\"to\":\"+1\"}"));
    cr_assert_null(strstr(t.seen, "Expect"));
    cr_assert_null(strstr(t.seen, "chunked"));
    finish();
}

Test(transfer, a_post_without_a_body_sends_an_empty_object)
{
    static const char *const methods[] = { "POST", "PUT", "PATCH" };
    for (size_t i = 0; i < IX_COUNT(methods); i++) {
        against(answer_and_stay, ANSWER, methods[i]);
        expect(0, "");
        cr_assert_eq(strncmp(t.seen, methods[i], strlen(methods[i])), 0);
        cr_assert_not_null(strstr(t.seen, "Content-Type: application/json\r\n"));
        cr_assert_not_null(strstr(t.seen, "\r\n\r\n{}"));
        finish();
    }
}

Test(transfer, delete_and_head_send_no_body)
{
    against(answer_and_stay, "HTTP/1.1 204 No Content\r\n\r\n", "DELETE");
    expect(0, "");
    cr_assert_eq(t.status, 204);
    cr_assert_null(strstr(t.seen, "Content-Length"));
    finish();
    against(answer_and_stay, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", "HEAD");
    expect(0, "");
    cr_assert_eq(t.body_len, 0);
    finish();
}

Test(transfer, html_empty_bodies_and_error_statuses_are_passed_on)
{
    against(answer, "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>nginx</html>", "GET");
    expect(0, "");
    cr_assert_eq(t.status, 502);
    cr_assert_str_eq(t.type, "text/html");
    cr_assert_str_eq(t.body, "<html>nginx</html>");
    finish();
    against(answer_and_stay, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "POST");
    expect(0, "");
    cr_assert_eq(t.body_len, 0);
    cr_assert_str_eq(t.type, "none");
    finish();
}

Test(transfer, a_redirect_is_an_answer_and_not_followed)
{
    against(answer_and_stay, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "GET");
    expect(0, "");
    cr_assert_eq(t.status, 302);
    cr_assert_not_null(strstr(t.headers, "Location: "));
    finish();
}

Test(transfer, interim_answers_are_passed_over)
{
    against(answer_and_stay, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" ANSWER, "GET");
    expect(0, "");
    cr_assert_eq(t.status, 200);
    cr_assert_null(strstr(t.headers, "X-Early"));
    finish();
}

/* ---- what breaks ------------------------------------------------------------------------- */

Test(transfer, an_answer_cut_at_any_byte_is_an_error)
{
    for (size_t cut = 0; cut < sizeof ANSWER - 1; cut += 7) {
        char *part = strndup(ANSWER, cut);
        against(answer, part, "GET");
        cr_assert_eq(t.err, IRISX_E_NETWORK, "cut at %zu: %s %s", cut, ix_error_name(t.err), t.detail);
        finish();
        against(answer, part, "POST");
        cr_assert_eq(t.err, IRISX_E_OUTCOME_UNKNOWN, "cut at %zu: %s %s", cut, ix_error_name(t.err), t.detail);
        cr_assert(t.sent);
        finish();
        free(part);
    }
}

static void reset_after(int fd, void *arg)
{
    read_request(fd);
    tcp_text(fd, arg);
    tcp_reset(fd);
}

Test(transfer, a_reset_is_an_error)
{
    against(reset_after, "", "GET");
    cr_assert_eq(t.err, IRISX_E_NETWORK, "%s", t.detail);
    finish();
    against(reset_after, "", "DELETE");
    cr_assert_eq(t.err, IRISX_E_OUTCOME_UNKNOWN, "%s", t.detail);
    finish();
}

static void pour(int fd, void *arg)
{
    static char block[65536];
    read_request(fd);
    tcp_text(fd, arg);
    for (int i = 0; i < 1000; i++)
        tcp_write(fd, block, sizeof block);
}

Test(transfer, a_body_that_never_ends_stops_at_the_limit)
{
    t.request.max_response = 100000;
    against(pour, "HTTP/1.1 200 OK\r\n\r\n", "GET");
    expect(IRISX_E_TOO_LARGE, "larger than 100000 bytes");
    finish();
    against(pour, "HTTP/1.1 200 OK\r\nX: ", "GET");
    cr_assert_eq(t.err, IRISX_E_TOO_LARGE, "%s %s", ix_error_name(t.err), t.detail);
    finish();
}

static void be_silent(int fd, void *arg)
{
    (void) arg;
    tcp_wait_end(fd);
}

Test(transfer, silence_runs_into_the_time_limit)
{
    t.request.timeout_ms = 150;
    against(be_silent, NULL, "GET");
    expect(IRISX_E_TIMEOUT, "within 150 ms");
    finish();
    t.request.timeout_ms = 150;
    against(be_silent, NULL, "POST");
    expect(IRISX_E_OUTCOME_UNKNOWN, "may have been executed");
    finish();
    t.request.timeout_ms = 150;
    against(answer_and_stay, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow", "GET");
    expect(IRISX_E_TIMEOUT, "no whole answer");
    finish();
}

Test(transfer, what_is_not_http_is_told)
{
    against(answer, "220 smtp.example ESMTP\r\n", "GET");
    expect(IRISX_E_PROTOCOL, "what is not HTTP");
    finish();
}

static uint16_t dead_port(void)
{
    struct peer *p = peer_start(be_silent, NULL);
    uint16_t port = peer_port(p);
    peer_stop(p);
    return port;
}

Test(transfer, a_refused_connection_names_the_address_and_is_safe_to_repeat)
{
    char want[80];
    uint16_t port = dead_port();
    snprintf(t.url, sizeof t.url, "http://127.0.0.1:%u/", port);
    snprintf(want, sizeof want, "connection refused by 127.0.0.1:%u", port);
    send_to("POST");
    expect(IRISX_E_NETWORK, want);
    cr_assert_not(t.sent);
    finish();
}

Test(transfer, an_unknown_name_is_a_dns_error)
{
    snprintf(t.url, sizeof t.url, "http://nothing.invalid/");
    send_to("GET");
    expect(IRISX_E_DNS, "nothing.invalid cannot be resolved");
    finish();
}

Test(transfer, other_schemes_are_refused_at_once)
{
    static const char *const urls[] = { "file:///etc/passwd", "ftp://h/", "", "http://", "gopher://h/" };
    struct ix_transfer *transfer;
    open_client();
    for (size_t i = 0; i < IX_COUNT(urls); i++) {
        struct ix_transfer_request r = { .method = "GET", .url = urls[i] };
        cr_assert_eq(ix_transfer_start(t.client, &r, on_result, NULL, &transfer), IRISX_E_INVALID, "%s", urls[i]);
    }
    finish();
}

/* ---- never twice ------------------------------------------------------------------------- */

static void die_on_the_second(int fd, void *arg)
{
    (void) arg;
    while (read_request(fd) > 0) {
        unsigned n = atomic_fetch_add(&t.posts, 1) + 1;
        if (n == 2)
            return; /* closes: the request was read, nothing is answered */
        tcp_text(fd, ANSWER);
    }
}

static void die_on_the_second_connection(int fd, void *arg)
{
    (void) arg;
    read_request(fd);
    if (atomic_fetch_add(&t.posts, 1) == 0)
        tcp_text(fd, ANSWER);
}

/* Two requests, one after the other: the second finds the connection of the first. */
static void twice(const char *method, peer_script_fn script)
{
    t.peer = peer_start(script, NULL);
    snprintf(t.url, sizeof t.url, "http://127.0.0.1:%u/", peer_port(t.peer));
    t.again = method;
    start(method);
    ix_loop_run(t.loop);
    cr_assert_eq(t.calls, 2);
    cr_assert_eq(t.first_err, 0);
}

Test(transfer, a_post_whose_kept_connection_dies_before_the_answer_is_sent_once)
{
    twice("POST", die_on_the_second);
    expect(IRISX_E_OUTCOME_UNKNOWN, "may have been executed");
    cr_assert_eq(atomic_load(&t.posts), 2, "the server saw %u", atomic_load(&t.posts));
    finish();
}

Test(transfer, a_patch_with_a_body_is_sent_once_too)
{
    t.request.body = "{\"a\":1}";
    t.request.body_len = 7;
    twice("PATCH", die_on_the_second);
    expect(IRISX_E_OUTCOME_UNKNOWN, "may have been executed");
    cr_assert_eq(atomic_load(&t.posts), 2);
    finish();
}

Test(transfer, a_delete_whose_connection_dies_is_sent_once_too)
{
    twice("DELETE", die_on_the_second_connection);
    cr_assert_eq(t.err, IRISX_E_OUTCOME_UNKNOWN, "%s", t.detail);
    cr_assert_eq(atomic_load(&t.posts), 2);
    finish();
}

Test(transfer, a_get_is_repeated_on_a_new_connection)
{
    twice("GET", die_on_the_second);
    expect(0, "");
    cr_assert_eq(atomic_load(&t.posts), 3);
    finish();
}

static void close_when_idle(int fd, void *arg)
{
    read_request(fd);
    tcp_text(fd, arg);
    shutdown(fd, SHUT_WR); /* on loopback the client has it when this returns */
    atomic_fetch_add(&t.posts, 1);
    tcp_wait_end(fd);
}

static void wait_until_closed(void)
{
    while (atomic_load(&t.posts) == 0)
        sched_yield();
}

Test(transfer, a_connection_that_ended_while_idle_is_replaced)
{
    t.peer = peer_start(close_when_idle, (void *) (uintptr_t) ANSWER);
    snprintf(t.url, sizeof t.url, "http://127.0.0.1:%u/", peer_port(t.peer));
    t.again = "POST";
    t.look = wait_until_closed;
    start("POST");
    ix_loop_run(t.loop);
    expect(0, "");
    while (atomic_load(&t.posts) < 2) /* counted behind the answer */
        sched_yield();
    finish();
}

/* ---- another network --------------------------------------------------------------------- */

Test(transfer, a_connection_from_an_address_that_is_gone_ends_at_once_and_others_stay)
{
    struct ix_interface list[1] = { 0 };
    struct ix_transfer *transfer;
    t.peer = peer_start(be_silent, NULL);
    snprintf(t.url, sizeof t.url, "http://127.0.0.1:%u/", peer_port(t.peer));
    t.request.method = "POST";
    t.request.url = t.url;
    open_client();
    cr_assert_eq(ix_transfer_start(t.client, &t.request, on_result, NULL, &transfer), 0);
    while (peer_connections(t.peer) == 0)
        (void) ix_loop_run_once(t.loop);
    cr_assert_eq(ix_addr_parse(&list[0].addr, IX_STR("127.0.0.1"), 0), 0);
    ix_http_client_moved(t.client, list, 1);
    (void) ix_loop_run_once(t.loop);
    cr_assert_eq(t.calls, 0, "its address is still there");
    cr_assert_eq(ix_addr_parse(&list[0].addr, IX_STR("192.0.2.1"), 0), 0);
    ix_http_client_moved(t.client, list, 1);
    while (t.calls == 0)
        (void) ix_loop_run_once(t.loop);
    cr_assert(t.err == IRISX_E_OUTCOME_UNKNOWN || t.err == IRISX_E_NETWORK, "%s", t.detail);
    finish();
}

/* ---- cancelling -------------------------------------------------------------------------- */

Test(transfer, cancel_tells_before_it_returns)
{
    struct ix_transfer *transfer;
    t.peer = peer_start(be_silent, NULL);
    snprintf(t.url, sizeof t.url, "http://127.0.0.1:%u/", peer_port(t.peer));
    t.request.method = "GET";
    t.request.url = t.url;
    open_client();
    cr_assert_eq(ix_transfer_start(t.client, &t.request, on_result, NULL, &transfer), 0);
    (void) ix_loop_run_once(t.loop);
    ix_transfer_cancel(transfer);
    cr_assert_eq(t.calls, 1);
    expect(IRISX_E_CANCELLED, "cancelled");
    finish();
}

Test(transfer, freeing_the_client_cancels_what_is_under_way)
{
    t.peer = peer_start(be_silent, NULL);
    snprintf(t.url, sizeof t.url, "http://127.0.0.1:%u/", peer_port(t.peer));
    start("GET");
    (void) ix_loop_run_once(t.loop);
    ix_http_client_free(t.client);
    t.client = NULL;
    cr_assert_eq(t.calls, 1);
    cr_assert_eq(t.err, IRISX_E_CANCELLED);
    finish();
}

Test(transfer, the_client_may_be_freed_inside_a_callback)
{
    t.free_in_callback = true;
    against(answer_and_stay, ANSWER, "GET");
    expect(0, "");
    t.client = NULL;
    finish();
}

/* ---- the process ------------------------------------------------------------------------- */

Test(transfer, proxies_of_the_environment_are_not_used)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    against(answer_and_stay, ANSWER, "GET");
    expect(0, "");
    finish();
}

static int inherited(void)
{
    DIR *d = opendir("/proc/self/fd");
    int count = 0;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        int fd = atoi(e->d_name);
        count += e->d_name[0] != '.' && fd != dirfd(d) && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
    }
    closedir(d);
    return count;
}

static int inherited_inside;

static void look_inside(void)
{
    inherited_inside = inherited();
}

Test(transfer, no_descriptor_of_ours_is_inherited_by_children)
{
    t.peer = peer_start(answer_and_stay, (void *) (uintptr_t) ANSWER);
    int before = inherited(); /* the peer's own are in it */
    snprintf(t.url, sizeof t.url, "http://127.0.0.1:%u/", peer_port(t.peer));
    t.look = look_inside;
    send_to("GET");
    cr_assert_leq(
        inherited_inside, before + 1, "%d before, %d inside", before, inherited_inside); /* + what the peer accepted */
    finish();
}

/* ---- TLS --------------------------------------------------------------------------------- */

static void on_request(void *ctx, const struct ix_server_request *r, struct ix_server_reply *reply)
{
    (void) ctx;
    ix_server_answer(reply, 200, "text/plain", NULL, r->path, strlen(r->path));
}

#define NAMED .san = "DNS:localhost,IP:127.0.0.1", .issuer = &ca

static struct cert ca, leaf;

static void over_tls(const struct cert_spec *spec, bool know_ca)
{
    char folder[200];
    struct ix_server_options o = { 0 };
    struct ix_addr local;
    temp_folder(folder);
    cert_make(folder, &(struct cert_spec){ .name = "authority", .ca = true }, &ca);
    struct cert_spec s = *spec;
    s.name = "server";
    cert_make(folder, &s, &leaf);
    o.tls_cert_file = leaf.cert_file;
    o.tls_key_file = leaf.key_file;
    if (know_ca)
        t.options.tls.ca_file = ca.cert_file;
    open_client();
    cr_assert_eq(ix_addr_parse(&o.bind, IX_STR("127.0.0.1"), 0), 0);
    cr_assert_eq(ix_server_open(t.loop, &o, on_request, NULL, NULL, &t.server), 0);
    ix_server_local(t.server, &local);
    snprintf(t.url, sizeof t.url, "https://localhost:%u/hello", local.port);
    send_to("GET");
    temp_folder_remove(folder);
    cert_free(&ca);
    cert_free(&leaf);
}

Test(transfer, tls_with_its_own_authority_works)
{
    over_tls(&(struct cert_spec){ NAMED }, true);
    expect(0, "");
    cr_assert_str_eq(t.body, "/hello");
    finish();
}

Test(transfer, an_unknown_authority_is_not_trusted)
{
    over_tls(&(struct cert_spec){ NAMED }, false);
    expect(IRISX_E_TLS,
        "localhost: certificate is not trusted: issued by authority, give the issuer's certificate with --ca-file");
    cr_assert_not(t.sent);
    finish();
}

Test(transfer, a_self_signed_certificate_is_not_trusted)
{
    over_tls(&(struct cert_spec){ .san = "DNS:localhost" }, false);
    expect(IRISX_E_TLS, "not trusted: self-signed, give it with --ca-file");
    finish();
}

Test(transfer, the_wrong_host_name_is_told_with_the_right_one)
{
    over_tls(&(struct cert_spec){ .san = "DNS:api.example", .issuer = &ca }, true);
    expect(IRISX_E_TLS, "wrong host name: the certificate is for api.example, not for localhost");
    finish();
}

Test(transfer, an_expired_certificate_is_told)
{
    over_tls(&(struct cert_spec){ NAMED, .from_day = -30, .to_day = -2 }, true);
    expect(IRISX_E_TLS, "localhost: certificate expired on ");
    finish();
}

Test(transfer, a_certificate_from_the_future_puts_the_clock_in_doubt)
{
    over_tls(&(struct cert_spec){ NAMED, .from_day = 400, .to_day = 800 }, true);
    expect(IRISX_E_TLS, "clock of this machine is off?");
    finish();
}

Test(transfer, a_ca_file_that_cannot_be_used_is_told)
{
    t.options.tls.ca_file = "/nowhere/ca.pem";
    over_tls(&(struct cert_spec){ NAMED }, false);
    expect(IRISX_E_TLS, "the CA file /nowhere/ca.pem cannot be used");
    finish();
}

static void speak_plainly(int fd, void *arg)
{
    (void) arg;
    tcp_read(fd, t.seen, sizeof t.seen);
    tcp_text(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
    tcp_wait_end(fd);
}

Test(transfer, a_server_without_tls_is_told)
{
    t.peer = peer_start(speak_plainly, NULL);
    snprintf(t.url, sizeof t.url, "https://127.0.0.1:%u/", peer_port(t.peer));
    send_to("POST");
    expect(IRISX_E_TLS, "does it speak TLS on this port?");
    cr_assert_not(t.sent);
    finish();
}
