/* SPDX-License-Identifier: MIT */
/*
 * HTTP transfers on libcurl's multi interface, driven by the loop. libcurl sends a request again, whatever its method,
 * when a kept connection dies before the answer. What must not be sent twice is kept from it: bodies come from a
 * function that cannot go back, and a request without a body gets a connection of its own.
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "io/internal.h"
#include "io/transfer.h"

#define TIMEOUT_MS 30000
#define CONNECT_MS 10000
#define MAX_ANSWER (8u * 1024 * 1024)
#define MAX_HEAD (64u * 1024)
#define HOST_CONNECTIONS 6L

struct sock { /* a descriptor of libcurl's that is watched */
    uv_poll_t poll;
    struct ix_http_client *client;
    curl_socket_t fd;
};

/* ---- endings ----------------------------------------------------------------------------- */

static void free_transfer(struct ix_transfer *t)
{
    ix_list_remove(&t->node);
    ix_resolve_cancel(t->resolve);
    ix_loop_timer_free(t->resolve_timer);
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->fields);
    curl_slist_free_all(t->addresses);
    if (t->body != NULL)
        ix_wipe(t->body, t->body_len);
    ix_free(t->body);
    ix_buf_clear(&t->answer);
    ix_buf_clear(&t->head);
    ix_free(t);
}

static const char *text_of(struct ix_buf *b)
{
    ix_buf_u8(b, 0);
    return b->err == 0 ? (const char *) b->p : "";
}

void ix_transfer_end(struct ix_transfer *t, struct ix_transfer_result *r)
{
    curl_off_t total = 0;
    char *type = NULL;
    ix_transfer_fn fn = t->fn;

    if (t->added)
        (void) curl_multi_remove_handle(t->client->multi, t->easy);
    (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r->status);
    (void) curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    (void) curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &total);
    r->content_type = type;
    r->headers = text_of(&t->head);
    r->body = t->answer.p;
    r->body_len = t->answer.n;
    r->total_us = (uint64_t) total;
    ix_list_remove(&t->node);
    fn(t->ctx, r);
    free_transfer(t);
}

static void free_client(struct ix_http_client *c)
{
    (void) curl_multi_cleanup(c->multi);
    ix_loop_timer_free(c->timer);
    ix_free(c->ca_file);
    ix_free(c->user_agent);
    ix_free(c->proxy);
    ix_loop_disown(c->loop);
    ix_free(c);
    curl_global_cleanup();
}

static void cancel_all(struct ix_http_client *c)
{
    struct ix_list *node;

    while ((node = c->transfers.next) != &c->transfers)
        ix_transfer_cancel(IX_CONTAINER(node, struct ix_transfer, node));
}

/* A socket of one of them is not watched: none would hear of its own. */
static void end_starved(struct ix_http_client *c)
{
    c->starved = false;
    size_t n = 0;
    IX_LIST_EACH (node, &c->transfers)
        n++;
    for (; n > 0 && !ix_list_empty(&c->transfers); n--) { /* those that callbacks start anew are left */
        struct ix_transfer_result r = { .err = IRISX_E_NO_MEMORY, .detail = "out of memory" };
        ix_transfer_end(IX_CONTAINER(c->transfers.next, struct ix_transfer, node), &r);
    }
}

/* Tells what ended since libcurl ran last. */
static void collect(struct ix_http_client *c)
{
    CURLMsg *m;
    int left;

    c->in_callback = true;
    while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
        struct ix_transfer *t = NULL;
        struct ix_transfer_result r = { 0 };
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        (void) curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **) &t);
        ix_transfer_judge(t, (int) code, &r);
        ix_transfer_end(t, &r);
    }
    if (c->starved)
        end_starved(c);
    c->in_callback = false;
    if (c->dying)
        free_client(c);
}

/* ---- libcurl's sockets and timer on the loop --------------------------------------------- */

static void on_socket(uv_poll_t *poll, int status, int events)
{
    const struct sock *s = poll->data;
    struct ix_http_client *c = s->client;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0, running;

    if ((events & UV_READABLE) != 0)
        flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0)
        flags |= CURL_CSELECT_OUT;
    (void) curl_multi_socket_action(c->multi, s->fd, flags, &running);
    collect(c);
}

static void on_time(void *ctx)
{
    struct ix_http_client *c = ctx;
    int running;

    (void) curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(c);
}

static int want_time(CURLM *multi, long ms, void *ctx)
{
    struct ix_http_client *c = ctx;

    (void) multi;
    /* "at once" is now as the loop knows it: a fresh clock lies later, and its timer a millisecond off */
    uint64_t now = ms == 0 ? ix_loop_now(c->loop).mono_us : ix_clock_now().mono_us;
    ix_loop_timer_set(c->timer, ms < 0 ? IX_NEVER : now + (uint64_t) ms * IX_MS);
    return 0;
}

static void sock_closed(uv_handle_t *h)
{
    ix_free(h->data);
}

static struct sock *watch_new(struct ix_http_client *c, curl_socket_t fd)
{
    struct sock *s = ix_alloc(sizeof *s);

    if (s == NULL)
        return NULL;
    s->client = c;
    s->fd = fd;
    s->poll.data = s;
    if (uv_poll_init(ix_loop_uv(c->loop), &s->poll, fd) != 0) {
        ix_free(s);
        return NULL;
    }
    (void) curl_multi_assign(c->multi, fd, s);
    return s;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned)
{
    struct ix_http_client *c = ctx;
    struct sock *s = assigned;

    (void) easy;
    if (what == CURL_POLL_REMOVE) {
        if (s != NULL)
            uv_close((uv_handle_t *) &s->poll, sock_closed);
        return 0;
    }
    if (s == NULL)
        s = watch_new(c, fd);
    if (s == NULL) { /* an error told to libcurl would end its handle for good */
        c->starved = true;
        return 0;
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    (void) uv_poll_start(&s->poll, events, on_socket);
    return 0;
}

/* ---- libcurl's questions ----------------------------------------------------------------- */

static size_t give_body(char *to, size_t size, size_t count, void *ctx)
{
    struct ix_transfer *t = ctx;
    size_t n = IX_MIN(size * count, t->body_len - t->body_at);

    if (n > 0)
        memcpy(to, t->body + t->body_at, n);
    t->body_at += n;
    return n;
}

static int refuse_rewind(void *ctx, curl_off_t offset, int origin)
{
    (void) ctx;
    (void) offset;
    (void) origin;
    return CURL_SEEKFUNC_FAIL; /* CANTSEEK would let libcurl try otherwise */
}

static size_t take_answer(char *p, size_t size, size_t count, void *ctx)
{
    struct ix_transfer *t = ctx;

    ix_buf_put(&t->answer, p, size * count);
    t->too_large = t->answer.err == IRISX_E_TOO_LARGE;
    return t->answer.err == 0 ? size * count : 0;
}

static size_t take_head(char *p, size_t size, size_t count, void *ctx)
{
    struct ix_transfer *t = ctx;
    size_t n = size * count;

    if (ix_str_starts(ix_str_n(p, n), IX_STR("HTTP/"))) {
        ix_buf_reset(&t->head); /* an interim answer came before */
        t->head_whole = false;
        return n;
    }
    if (n > 2)
        ix_buf_put(&t->head, p, n);
    else
        t->head_whole = true;
    t->too_large = t->head.err == IRISX_E_TOO_LARGE;
    return t->head.err == 0 ? n : 0;
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct ix_transfer *t = ctx;

    (void) purpose;
    (void) ix_sockaddr_read(&a->addr, &t->tried);
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int on_certificates(X509_STORE_CTX *x, void *ctx)
{
    struct ix_http_client *c = ctx;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
    const char *host = ssl != NULL ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    int ok = X509_verify_cert(x);

    c->tls_refusal[0] = c->tls_names[0] = '\0';
    if (ok == 1)
        ix_tls_names(X509_STORE_CTX_get0_cert(x), c->tls_names, sizeof c->tls_names);
    else
        ix_tls_explain(x, host != NULL ? host : "the server", c->tls_refusal, sizeof c->tls_refusal);
    return ok;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *ctx)
{
    (void) easy;
    SSL_CTX_set_cert_verify_callback(ssl_ctx, on_certificates, ctx);
    return CURLE_OK;
}

/* ---- starting ---------------------------------------------------------------------------- */

static bool add_field(struct ix_transfer *t, const char *line)
{
    struct curl_slist *list = curl_slist_append(t->fields, line);

    if (list == NULL)
        return false;
    t->fields = list;
    return true;
}

static bool add_fields(struct ix_transfer *t, const char *lines)
{
    struct ix_reader r = ix_reader(lines, lines != NULL ? strlen(lines) : 0);
    struct ix_str line;
    bool has_type = false,
         ok = add_field(t, "Expect:"); /* no 100-continue: bodies are small, and it costs a round trip */

    while (ok && ix_read_line(&r, &line)) {
        char *text = line.n > 0 ? ix_str_dup(line) : NULL;
        has_type = has_type || ix_str_istarts(line, IX_STR("content-type:"));
        ok = line.n == 0 || (text != NULL && add_field(t, text));
        if (text != NULL)
            ix_wipe(text, line.n); /* it may be a credential */
        ix_free(text);
    }
    if (ok && t->has_body && !has_type)
        ok = add_field(t, "Content-Type: application/json");
    return ok;
}

static bool takes_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static int copy_body(struct ix_transfer *t, const struct ix_transfer_request *r)
{
    const void *body = r->body_len > 0 ? r->body : "{}";

    t->has_body = r->body_len > 0 || takes_body(r->method);
    if (!t->has_body)
        return 0;
    t->body_len = r->body_len > 0 ? r->body_len : 2;
    t->body = (uint8_t *) ix_dup_mem(body, t->body_len);
    return t->body != NULL ? 0 : IRISX_E_NO_MEMORY;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(e, (option), (value)) == CURLE_OK)

static bool set_request(struct ix_transfer *t, const struct ix_transfer_request *r)
{
    CURL *e = t->easy;
    bool ok = true;

    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* it would carry the credentials elsewhere */
    SET(CURLOPT_HTTPHEADER, t->fields);
    if (t->has_body) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t) t->body_len);
        SET(CURLOPT_READFUNCTION, give_body);
        SET(CURLOPT_READDATA, t);
        SET(CURLOPT_SEEKFUNCTION, refuse_rewind);
        SET(CURLOPT_SEEKDATA, t);
    } else if (!r->safe) {
        SET(CURLOPT_FRESH_CONNECT, 1L); /* only a reused connection makes libcurl send again */
    }
    if (strcmp(r->method, "HEAD") == 0)
        SET(CURLOPT_NOBODY, 1L);
    else if (strcmp(r->method, "GET") != 0 || t->has_body)
        SET(CURLOPT_CUSTOMREQUEST, r->method);
    return ok;
}

static bool set_connection(struct ix_transfer *t)
{
    const struct ix_http_client *c = t->client;
    CURL *e = t->easy;
    bool ok = true;

    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long) t->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long) t->connect_timeout_ms);
    SET(CURLOPT_PROXY, c->proxy != NULL ? c->proxy : ""); /* "": the environment is not asked */
    SET(CURLOPT_USERAGENT, c->user_agent);
    SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, 1L);
    if (c->ca_file != NULL)
        SET(CURLOPT_CAINFO, c->ca_file);
    SET(CURLOPT_CAPATH, NULL); /* with a path the store is read anew for each connection: 50 ms */
    SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    SET(CURLOPT_SSL_CTX_DATA, t->client);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, t);
    SET(CURLOPT_WRITEFUNCTION, take_answer);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, take_head);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_PRIVATE, t);
    return ok;
}

#undef SET

/* Host and port are for sentences; the rest of the URL may hold secrets. */
static int read_url(struct ix_transfer *t, const char *url)
{
    CURLU *u = curl_url();
    char *host = NULL, *port = NULL, *scheme = NULL;
    uint32_t number = 0;
    int err = u == NULL ? IRISX_E_NO_MEMORY : IRISX_E_INVALID;

    if (u != NULL && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, CURLU_PUNYCODE) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) && ix_str_u32(ix_str(port), 65535, &number) == 0)
        err = ix_str_copy(t->host, sizeof t->host, ix_str(host)) == 0 ? 0 : IRISX_E_INVALID;
    t->port = (uint16_t) number;
    curl_free(host);
    curl_free(port);
    curl_free(scheme);
    curl_url_cleanup(u);
    return err;
}

int ix_transfer_hand_over(struct ix_transfer *t)
{
    if (curl_multi_add_handle(t->client->multi, t->easy) != CURLM_OK)
        return IRISX_E_NO_MEMORY;
    t->added = true;
    return 0;
}

static int prepare(struct ix_transfer *t, const struct ix_transfer_request *r)
{
    int err = read_url(t, r->url);

    if (err == 0)
        err = copy_body(t, r);
    if (err != 0)
        return err;
    t->safe = r->safe;
    t->timeout_ms = r->timeout_ms != 0 ? r->timeout_ms : TIMEOUT_MS;
    t->connect_timeout_ms = r->connect_timeout_ms != 0 ? r->connect_timeout_ms : CONNECT_MS;
    t->max_answer = r->max_response != 0 ? r->max_response : MAX_ANSWER;
    ix_buf_init(&t->answer, t->max_answer);
    ix_buf_init(&t->head, MAX_HEAD);
    t->easy = curl_easy_init();
    if (t->easy == NULL || !add_fields(t, r->headers) || !set_request(t, r) || !set_connection(t))
        return IRISX_E_NO_MEMORY;
    return ix_transfer_begin(t);
}

int ix_transfer_start(struct ix_http_client *c, const struct ix_transfer_request *r, ix_transfer_fn fn, void *ctx,
    struct ix_transfer **out)
{
    struct ix_transfer *t;

    if (r->url == NULL || r->method == NULL || fn == NULL)
        return IRISX_E_INVALID;
    if (c->dying)
        return IRISX_E_CLOSED;
    t = ix_alloc(sizeof *t);
    if (t == NULL)
        return IRISX_E_NO_MEMORY;
    t->client = c;
    t->fn = fn;
    t->ctx = ctx;
    ix_list_init(&t->node);
    int err = prepare(t, r);
    if (err != 0) {
        free_transfer(t);
        return err;
    }
    ix_list_append(&c->transfers, &t->node);
    *out = t;
    return 0;
}

void ix_transfer_cancel(struct ix_transfer *t)
{
    struct ix_transfer_result r = { 0 };

    if (t == NULL)
        return;
    ix_transfer_judge(t, CURLE_OK, &r); /* what was sent until now */
    r.err = IRISX_E_CANCELLED;
    (void) snprintf(r.detail, sizeof r.detail, "cancelled");
    ix_transfer_end(t, &r);
}

static void close_on_exec(int fd)
{
    int domain = 0;
    socklen_t len = sizeof domain;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX)
        (void) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* libcurl opens a pair of sockets that programs run by the application would inherit: the two lowest free numbers. */
static CURLM *open_multi(void)
{
    int a = open("/dev/null", O_RDONLY | O_CLOEXEC), b = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (a >= 0)
        (void) close(a);
    if (b >= 0)
        (void) close(b);
    CURLM *multi = curl_multi_init();
    if (multi != NULL) {
        close_on_exec(a);
        close_on_exec(b);
    }
    return multi;
}

int ix_http_client_new(struct ix_loop *loop, const struct ix_http_options *o, struct ix_http_client **out)
{
    struct ix_http_client *c = ix_alloc(sizeof *c);
    int err = 0;

    if (c == NULL)
        return IRISX_E_NO_MEMORY;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ix_free(c);
        return IRISX_E_NO_MEMORY;
    }
    c->loop = loop;
    ix_list_init(&c->transfers);
    ix_loop_own(loop);
    c->multi = open_multi();
    c->ca_file = ix_dup_cstr(o->tls.ca_file);
    c->user_agent = ix_dup_cstr(o->user_agent);
    c->proxy = ix_dup_cstr(o->proxy);
    if (c->multi == NULL || (o->tls.ca_file != NULL && c->ca_file == NULL) ||
        (o->user_agent != NULL && c->user_agent == NULL) || (o->proxy != NULL && c->proxy == NULL))
        err = IRISX_E_NO_MEMORY;
    if (err == 0)
        err = ix_loop_timer_new(loop, on_time, c, &c->timer);
    if (err != 0) {
        free_client(c);
        return err;
    }
    (void) curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    (void) curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    (void) curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, want_time);
    (void) curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    (void) curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    (void) curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
        o->max_connections_per_host != 0 ? (long) o->max_connections_per_host : HOST_CONNECTIONS);
    *out = c;
    return 0;
}

void ix_http_client_free(struct ix_http_client *c)
{
    if (c == NULL || c->dying)
        return;
    c->dying = true;
    cancel_all(c);
    if (!c->in_callback)
        free_client(c);
}
