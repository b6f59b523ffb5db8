/* SPDX-License-Identifier: MIT */
/* The WebSocket client against our own server and against servers that misbehave. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/internal.h"
#include "support/certs.h"
#include "support/peer.h"

static struct {
    struct ix_loop *loop;
    struct ix_server *server;
    struct ix_ws *client, *accepted;
    int opened, pongs, closed, server_closed;
    int err;
    uint16_t code, server_code;
    char detail[300], got[200], path[64];
    size_t got_len;
    struct ix_addr remote;
    void (*on_open)(void);
    void (*on_message)(void);
    char log[8192];
} t;

static void sink(void *ctx, int level, const char *area, const char *line)
{
    (void) ctx;
    (void) level;
    (void) area;
    strncat(t.log, line, sizeof t.log - strlen(t.log) - 1);
}

static const struct ix_log log_all = { .level = IX_LOG_TRACE, .sink = sink };

static void setup(void)
{
    cr_assert_eq(ix_loop_new(&log_all, &t.loop), 0);
}

TestSuite(ws_client, .init = setup, .timeout = 60);

static void finish(void)
{
    ix_server_close(t.server);
    cr_assert_eq(ix_loop_free(t.loop), 0);
}

/* ---- the server's side ------------------------------------------------------------------- */

static void on_accepted(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    (void) ctx;
    switch (ev->kind) {
    case IX_WS_OPEN:
        t.accepted = ws;
        snprintf(
            t.path, sizeof t.path, "%s?%s", ev->request->path, ev->request->query != NULL ? ev->request->query : "");
        break;
    case IX_WS_MESSAGE:
        cr_assert_eq(ix_ws_send(ws, ev->data, ev->len, true), 0);
        break;
    case IX_WS_PONG:
        break;
    case IX_WS_CLOSED:
        t.server_closed++;
        t.server_code = ev->close_code;
        t.accepted = NULL;
        if (t.closed > 0)
            ix_loop_stop(t.loop);
        break;
    }
}

static void on_request(void *ctx, const struct ix_server_request *r, struct ix_server_reply *reply)
{
    (void) ctx;
    (void) r;
    cr_assert_eq(ix_server_answer(reply, 404, NULL, NULL, NULL, 0), 0);
}

static bool loopback6;

static uint16_t serve(const struct cert *cert)
{
    struct ix_server_options o = { .ws_subprotocol = "sip" };
    struct ix_addr local;
    cr_assert_eq(ix_addr_parse(&o.bind, loopback6 ? IX_STR("::1") : IX_STR("127.0.0.1"), 0), 0);
    if (cert != NULL) {
        o.tls_cert_file = cert->cert_file;
        o.tls_key_file = cert->key_file;
    }
    cr_assert_eq(ix_server_open(t.loop, &o, on_request, on_accepted, NULL, &t.server), 0);
    ix_server_local(t.server, &local);
    return local.port;
}

/* ---- the client's side ------------------------------------------------------------------- */

static void on_event(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    (void) ctx;
    cr_assert_eq(t.closed, 0, "an event after CLOSED");
    switch (ev->kind) {
    case IX_WS_OPEN:
        t.opened++;
        t.remote = ev->remote;
        if (t.on_open != NULL)
            t.on_open();
        else
            ix_ws_close(ws, 1000);
        break;
    case IX_WS_MESSAGE:
        t.got_len = ev->len;
        memcpy(t.got, ev->data, IX_MIN(ev->len, sizeof t.got - 1));
        if (t.on_message != NULL)
            t.on_message();
        else
            ix_ws_close(ws, 1000);
        break;
    case IX_WS_PONG:
        t.pongs++;
        ix_ws_close(ws, 1001);
        break;
    case IX_WS_CLOSED:
        t.closed++;
        t.err = ev->err;
        t.code = ev->close_code;
        snprintf(t.detail, sizeof t.detail, "%s", ev->detail);
        t.client = NULL;
        if (t.accepted == NULL)
            ix_loop_stop(t.loop);
        break;
    }
}

static void connect_to(const char *scheme, const char *host, uint16_t port, const char *ca_file, uint32_t timeout_ms)
{
    char url[128];
    snprintf(url, sizeof url, "%s://%s:%u/ws?a=1", scheme, host, port);
    struct ix_ws_options o = {
        .url = url, .subprotocol = "sip", .user_agent = "test/1", .tls = { ca_file }, .connect_timeout_ms = timeout_ms
    };
    cr_assert_eq(ix_ws_connect(t.loop, &o, on_event, NULL, &t.client), 0);
    cr_assert_eq(t.opened + t.closed, 0, "an event inside ix_ws_connect");
    ix_loop_run(t.loop);
    cr_assert_eq(t.closed, 1);
}

static void expect(int err, const char *words)
{
    cr_assert_eq(t.err, err, "%s: %s", ix_error_name(t.err), t.detail);
    cr_assert_not_null(strstr(t.detail, words), "\"%s\" has no \"%s\"", t.detail, words);
}

/* ---- what works -------------------------------------------------------------------------- */

static void say_hello(void)
{
    cr_assert_eq(ix_ws_send(t.client, "hello", 5, true), 0);
}

Test(ws_client, a_message_goes_there_and_back)
{
    t.on_open = say_hello;
    connect_to("ws", "127.0.0.1", serve(NULL), NULL, 0);
    expect(0, "closed");
    cr_assert_eq(t.opened, 1);
    cr_assert_str_eq(t.got, "hello");
    cr_assert_str_eq(t.path, "/ws?a=1");
    cr_assert_eq(t.server_closed, 1);
    cr_assert_eq(t.server_code, 1000, "%u", t.server_code);
    cr_assert_eq(t.remote.family, IX_IPV4);
    finish();
}

static void send_ping(void)
{
    cr_assert_eq(ix_ws_ping(t.client), 0);
}

Test(ws_client, a_ping_is_answered_and_the_close_code_arrives)
{
    t.on_open = send_ping;
    connect_to("ws", "localhost", serve(NULL), NULL, 0); /* both families: the one without a server is passed over */
    expect(0, "closed");
    cr_assert_eq(t.pongs, 1);
    cr_assert_eq(t.server_code, 1001, "%u", t.server_code);
    finish();
}

static void send_many(void)
{
    static char big[60000];
    memset(big, 'x', sizeof big);
    size_t n = 0;
    while (ix_ws_send(t.client, big, sizeof big, false) == 0)
        n++;
    cr_assert_eq(n, IX_WS_QUEUE_MAX / sizeof big);
    cr_assert_eq(ix_ws_send(t.client, big, sizeof big, false), IRISX_E_LIMIT);
    ix_ws_close(t.client, 1000);
    cr_assert_eq(ix_ws_send(t.client, "x", 1, false), IRISX_E_CLOSED);
}

static void ignore(void)
{
}

Test(ws_client, the_queue_is_bounded_and_flushed_before_a_close)
{
    t.on_open = send_many;
    t.on_message = ignore;
    connect_to("ws", "127.0.0.1", serve(NULL), NULL, 0);
    expect(0, "closed");
    cr_assert_eq(t.server_code, 1000, "%u", t.server_code);
    finish();
}

static void send_largest(void)
{
    static char big[IX_WS_MESSAGE_MAX];
    memset(big, 'y', sizeof big);
    cr_assert_eq(ix_ws_send(t.client, big, sizeof big, true), 0);
}

Test(ws_client, a_message_of_64_kib_passes_both_ways)
{
    t.on_open = send_largest;
    connect_to("ws", "127.0.0.1", serve(NULL), NULL, 0);
    expect(0, "closed");
    cr_assert_eq(t.got_len, IX_WS_MESSAGE_MAX);
    finish();
}

Test(ws_client, a_connection_can_be_given_up_before_it_is_there)
{
    struct ix_ws_options o = { .url = "ws://127.0.0.1:1/" };
    cr_assert_eq(ix_ws_connect(t.loop, &o, on_event, NULL, &t.client), 0);
    ix_ws_close(t.client, 1000);
    cr_assert_eq(t.closed, 0, "CLOSED comes later");
    ix_loop_run(t.loop);
    expect(0, "closed");
    finish();
}

Test(ws_client, the_process_is_left_as_it_was)
{
    struct sigaction before, after;
    sigaction(SIGPIPE, NULL, &before);
    t.on_open = say_hello;
    connect_to("ws", "127.0.0.1", serve(NULL), NULL, 0);
    sigaction(SIGPIPE, NULL, &after);
    cr_assert_eq(before.sa_handler, after.sa_handler);
    finish();
}

static int open_descriptors; /* that a child would inherit */

static void count_inherited(void)
{
    DIR *d = opendir("/proc/self/fd");
    open_descriptors = 0;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        int fd = atoi(e->d_name);
        if (e->d_name[0] != '.' && fd != dirfd(d) && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
            open_descriptors++;
    }
    closedir(d);
}

static void count_and_close(void)
{
    count_inherited();
    ix_ws_close(t.client, 1000);
}

Test(ws_client, no_descriptor_of_ours_is_inherited_by_children)
{
    count_inherited();
    int before = open_descriptors;
    t.on_open = count_and_close;
    connect_to("ws", "127.0.0.1", serve(NULL), NULL, 0);
    cr_assert_eq(open_descriptors, before);
    finish();
}

/* ---- what fails before the connection is open -------------------------------------------- */

Test(ws_client, a_refused_connection_names_the_address)
{
    uint16_t port = serve(NULL);
    ix_server_close(t.server);
    t.server = NULL;
    char want[64];
    snprintf(want, sizeof want, "connection refused by 127.0.0.1:%u", port);
    connect_to("ws", "127.0.0.1", port, NULL, 0);
    expect(IRISX_E_NETWORK, want);
    finish();
}

Test(ws_client, an_address_that_cannot_be_reached_at_all_is_told)
{
    connect_to("ws", "255.255.255.255", 80, NULL, 0); /* connect() fails at once */
    expect(IRISX_E_NETWORK, "255.255.255.255:80");
    finish();
}

Test(ws_client, an_unknown_name_is_a_dns_error)
{
    connect_to("ws", "nothing.invalid", 80, NULL, 0);
    expect(IRISX_E_DNS, "nothing.invalid cannot be resolved");
    finish();
}

static void answer_after_head(int fd, void *arg)
{
    char head[2048];
    tcp_read_head(fd, head, sizeof head);
    tcp_text(fd, arg);
    if (strchr(arg, '!') == NULL)
        tcp_wait_end(fd);
}

static void against(peer_script_fn script, const char *arg, uint32_t timeout_ms)
{
    struct peer *p = peer_start(script, (void *) (uintptr_t) arg);
    connect_to("ws", "127.0.0.1", peer_port(p), NULL, timeout_ms);
    finish();
    peer_stop(p);
}

Test(ws_client, a_refusal_tells_the_http_status)
{
    against(answer_after_head, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 0);
    expect(IRISX_E_PROTOCOL, "HTTP 400");
}

Test(ws_client, a_redirect_is_not_followed)
{
    against(answer_after_head, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 0);
    expect(IRISX_E_PROTOCOL, "HTTP 302");
}

Test(ws_client, a_server_that_is_not_one_for_websockets_is_a_protocol_error)
{
    against(
        answer_after_head, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 0);
    expect(IRISX_E_PROTOCOL, "WebSocket");
}

Test(ws_client, half_a_handshake_and_an_end_is_a_network_error)
{
    against(answer_after_head, "HTTP/1.1 101 Switching Protocols!", 0);
    expect(IRISX_E_NETWORK, "closed the connection before");
}

static void never_answer(int fd, void *arg)
{
    (void) arg;
    tcp_wait_end(fd);
}

Test(ws_client, a_server_that_never_answers_runs_into_the_time_limit)
{
    against(never_answer, NULL, 150);
    expect(IRISX_E_TIMEOUT, "WebSocket handshake within 150 ms");
}

static void slam(int fd, void *arg)
{
    (void) arg;
    tcp_reset(fd);
}

Test(ws_client, a_reset_during_the_handshake_is_a_network_error)
{
    against(slam, NULL, 0);
    cr_assert_eq(t.err, IRISX_E_NETWORK, "%s", t.detail);
}

/* ---- what fails afterwards --------------------------------------------------------------- */

static void upgrade(int fd)
{
    char head[4096], accept[29], answer[256];
    tcp_read_head(fd, head, sizeof head);
    char *key = strcasestr(head, "Sec-WebSocket-Key: ");
    if (key == NULL)
        abort();
    key += strlen("Sec-WebSocket-Key: ");
    ix_ws_accept_key(ix_str_n(key, strcspn(key, "\r")), accept);
    snprintf(answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
        "Sec-WebSocket-Protocol: sip\r\n\r\n",
        accept);
    tcp_text(fd, answer);
}

static void send_garbage(int fd, void *arg)
{
    (void) arg;
    upgrade(fd);
    tcp_text(fd, "HTTP/1.1 garbage that is no frame at all\r\n\r\n");
    tcp_wait_end(fd);
}

Test(ws_client, garbage_after_the_upgrade_is_a_protocol_error)
{
    t.on_open = ignore;
    against(send_garbage, NULL, 0);
    expect(IRISX_E_PROTOCOL, "not a valid WebSocket frame");
}

static uint8_t close_frame[8];

static void send_huge(int fd, void *arg)
{
    static const uint8_t head[10] = { 0x82, 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff };
    static char junk[70000];
    (void) arg;
    upgrade(fd);
    tcp_write(fd, head, sizeof head);
    tcp_write(fd, junk, sizeof junk);
    tcp_read_exact(fd, close_frame, sizeof close_frame);
}

Test(ws_client, a_message_over_64_kib_is_closed_with_1009)
{
    t.on_open = ignore;
    against(send_huge, NULL, 0);
    expect(IRISX_E_PROTOCOL, "over 64 KiB");
    cr_assert_eq(close_frame[0], 0x88);
    cr_assert_eq((close_frame[6] ^ close_frame[2]) << 8 | (close_frame[7] ^ close_frame[3]), 1009);
}

static void send_fragments(int fd, void *arg)
{
    (void) arg;
    upgrade(fd);
    tcp_write(fd, "\x01\x03INV", 5);
    tcp_write(fd, "\x89\x00", 2); /* a ping in between */
    tcp_write(fd, "\x80\x03ITE", 5);
    tcp_wait_end(fd);
}

Test(ws_client, fragments_arrive_as_one_message)
{
    t.on_open = ignore;
    against(send_fragments, NULL, 0);
    cr_assert_str_eq(t.got, "INVITE");
    expect(0, "closed");
}

static void say_goodbye(int fd, void *arg)
{
    (void) arg;
    upgrade(fd);
    tcp_write(fd, "\x88\x02\x03\xe9", 4);
    tcp_wait_end(fd);
}

Test(ws_client, a_close_by_the_server_carries_its_code)
{
    t.on_open = ignore;
    against(say_goodbye, NULL, 0);
    expect(IRISX_E_NETWORK, "the server closed the connection (1001)");
    cr_assert_eq(t.code, 1001);
}

static void vanish(int fd, void *arg)
{
    (void) arg;
    upgrade(fd);
    tcp_reset(fd);
}

Test(ws_client, a_connection_that_breaks_is_a_network_error)
{
    t.on_open = ignore;
    against(vanish, NULL, 0);
    cr_assert_eq(t.err, IRISX_E_NETWORK, "%s", t.detail);
}

static void close_server(void)
{
    struct ix_server *s = t.server;
    t.server = NULL;
    ix_server_close(s);
}

Test(ws_client, a_server_that_goes_down_is_noticed)
{
    t.on_open = close_server;
    connect_to("ws", "127.0.0.1", serve(NULL), NULL, 0);
    cr_assert_eq(t.err, IRISX_E_NETWORK, "%s", t.detail);
    cr_assert_eq(t.server_closed, 1);
    finish();
}

/* ---- TLS --------------------------------------------------------------------------------- */

static char folder[200];
static struct cert ca, leaf;

static void make(const struct cert_spec *spec)
{
    temp_folder(folder);
    cert_make(folder, &(struct cert_spec){ .name = "authority", .ca = true }, &ca);
    struct cert_spec s = *spec;
    s.name = "server";
    if (s.issuer != NULL)
        s.issuer = &ca;
    cert_make(folder, &s, &leaf);
}

static void over_tls(const char *host, const char *ca_file)
{
    connect_to("wss", host, serve(&leaf), ca_file, 0);
    finish();
    temp_folder_remove(folder);
    cert_free(&ca);
    cert_free(&leaf);
}

#define NAMED .san = "DNS:localhost,IP:127.0.0.1,IP:::1", .issuer = &ca

Test(ws_client, tls_with_its_own_authority_works)
{
    make(&(struct cert_spec){ NAMED });
    t.on_open = say_hello;
    over_tls("localhost", ca.cert_file);
    expect(0, "closed");
    cr_assert_str_eq(t.got, "hello");
}

Test(ws_client, tls_with_an_address_in_the_certificate_works)
{
    make(&(struct cert_spec){ NAMED });
    over_tls("127.0.0.1", ca.cert_file);
    expect(0, "closed");
}

Test(ws_client, tls_to_a_literal_ipv6_address_is_checked_by_name_too)
{
    make(&(struct cert_spec){ NAMED });
    loopback6 = true;
    over_tls("[::1]", ca.cert_file);
    expect(0, "closed");
    memset(&t, 0, sizeof t);
    setup();
    make(&(struct cert_spec){ .san = "DNS:localhost,IP:::2", .issuer = &ca });
    over_tls("[::1]", ca.cert_file);
    expect(IRISX_E_TLS, "wrong host name: the certificate is for localhost, ::2, not for ::1");
}

Test(ws_client, a_large_message_passes_over_tls)
{
    make(&(struct cert_spec){ NAMED });
    t.on_open = send_largest;
    over_tls("localhost", ca.cert_file);
    expect(0, "closed");
    cr_assert_eq(t.got_len, IX_WS_MESSAGE_MAX);
}

Test(ws_client, an_unknown_authority_is_not_trusted)
{
    make(&(struct cert_spec){ NAMED });
    over_tls("localhost", NULL);
    expect(IRISX_E_TLS, "not trusted: issued by authority, give the issuer's certificate with --ca-file");
    cr_assert_eq(t.opened, 0);
}

Test(ws_client, a_self_signed_certificate_is_not_trusted)
{
    make(&(struct cert_spec){ .san = "DNS:localhost" });
    over_tls("localhost", NULL);
    expect(IRISX_E_TLS, "not trusted: self-signed, give it with --ca-file");
}

Test(ws_client, the_wrong_host_name_is_told_with_the_right_one)
{
    make(&(struct cert_spec){ .san = "DNS:api.example,DNS:b.example", .issuer = &ca });
    over_tls("localhost", ca.cert_file);
    expect(IRISX_E_TLS, "wrong host name: the certificate is for api.example, b.example, not for localhost");
}

Test(ws_client, the_wrong_address_is_told_too)
{
    make(&(struct cert_spec){ .san = "DNS:localhost,IP:192.0.2.1", .issuer = &ca });
    over_tls("127.0.0.1", ca.cert_file);
    expect(IRISX_E_TLS, "wrong host name: the certificate is for localhost, 192.0.2.1, not for 127.0.0.1");
}

Test(ws_client, an_expired_certificate_is_told_with_its_day)
{
    char day[25], want[64];
    make(&(struct cert_spec){ NAMED, .from_day = -30, .to_day = -2 });
    ix_time_iso8601(ix_clock_now().wall_us - 2 * 86400 * (int64_t) IX_S, day);
    snprintf(want, sizeof want, "certificate expired on %.10s", day);
    over_tls("localhost", ca.cert_file);
    expect(IRISX_E_TLS, want);
}

Test(ws_client, a_certificate_long_expired_or_from_the_future_puts_the_clock_in_doubt)
{
    make(&(struct cert_spec){ NAMED, .from_day = 400, .to_day = 800 });
    over_tls("localhost", ca.cert_file);
    expect(IRISX_E_TLS, "clock of this machine is off?");
    memset(&t, 0, sizeof t);
    setup();
    make(&(struct cert_spec){ NAMED, .from_day = -800, .to_day = -700 });
    over_tls("localhost", ca.cert_file);
    expect(IRISX_E_TLS, "clock of this machine is off?");
}

Test(ws_client, a_ca_file_that_cannot_be_used_is_told)
{
    make(&(struct cert_spec){ NAMED });
    over_tls("localhost", "/nowhere/ca.pem");
    expect(IRISX_E_TLS, "the CA file /nowhere/ca.pem cannot be read");
}

Test(ws_client, a_ca_file_without_certificates_is_told)
{
    make(&(struct cert_spec){ NAMED });
    over_tls("localhost", "/etc/hostname");
    expect(IRISX_E_TLS, "holds no certificate");
}

static void close_server_and_send(void)
{
    close_server();
    for (int i = 0; i < 20; i++)
        (void) ix_ws_send(t.client, "into the void", 13, true);
}

Test(ws_client, writing_to_a_tls_connection_that_is_gone_raises_no_signal)
{
    struct sigaction now;
    sigaction(SIGPIPE, NULL, &now);
    cr_assert_eq(now.sa_handler, SIG_DFL, "otherwise this would prove nothing");
    make(&(struct cert_spec){ NAMED });
    t.on_open = close_server_and_send;
    over_tls("localhost", ca.cert_file);
    cr_assert_eq(t.err, IRISX_E_NETWORK, "%s", t.detail);
}

Test(ws_client, a_poll_program_drives_it_as_well)
{
    char url[64];
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", serve(NULL));
    struct ix_ws_options o = { .url = url, .subprotocol = "sip" };
    t.on_open = say_hello;
    cr_assert_eq(ix_ws_connect(t.loop, &o, on_event, NULL, &t.client), 0);
    while (t.closed == 0 || t.accepted != NULL) {
        struct pollfd p = { .fd = ix_loop_fd(t.loop), .events = POLLIN };
        cr_assert_geq(poll(&p, 1, ix_loop_timeout_ms(t.loop)), 0);
        (void) ix_loop_run_once(t.loop);
    }
    expect(0, "closed");
    cr_assert_str_eq(t.got, "hello");
    finish();
}

static void speak_plainly(int fd, void *arg)
{
    char bytes[600];
    (void) arg;
    tcp_read(fd, bytes, sizeof bytes);
    tcp_text(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
    tcp_wait_end(fd);
}

Test(ws_client, a_server_without_tls_on_that_port_is_told)
{
    struct peer *p = peer_start(speak_plainly, NULL);
    connect_to("wss", "127.0.0.1", peer_port(p), NULL, 0);
    expect(IRISX_E_TLS, "does it speak TLS on this port?");
    finish();
    peer_stop(p);
}

Test(ws_client, a_tls_handshake_that_stalls_runs_into_the_time_limit)
{
    struct peer *p = peer_start(never_answer, NULL);
    connect_to("wss", "127.0.0.1", peer_port(p), NULL, 150);
    expect(IRISX_E_TIMEOUT, "TLS handshake within 150 ms");
    finish();
    peer_stop(p);
}
