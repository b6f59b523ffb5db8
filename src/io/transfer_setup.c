/* SPDX-License-Identifier: MIT */
/*
 * A transfer's handle and its options. Handles are kept when a transfer ends: what is the same for all transfers of a
 * client is set once, the rest when it changes.
 */
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

#include "io/transfer.h"

#define SPARE_MAX 32
#define SPARE_BYTES 65536 /* of an answer whose storage is kept */
#define MAX_HEAD ((size_t) 64 * 1024)
#define MAX_ANSWER ((size_t) 8 * 1024 * 1024)
#define MAX_FIELDS ((size_t) 64 * 1024)
#define TIMEOUT_MS 30000
#define RESOLVE_MS 5000
#define TCP_MS 10000
#define TLS_MS 10000
#define EXPECT_FROM 1000000 /* above, libcurl would ask for "100 Continue" */

/* ---- connections ------------------------------------------------------------------------- */

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct ix_transfer *t = ctx;

    (void) purpose;
    if (t->phase != IX_PHASE_CONNECT) /* the first of its addresses */
        ix_transfer_enter(t, IX_PHASE_CONNECT);
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
    struct ix_transfer *t = ctx;

    ix_transfer_enter(t, IX_PHASE_TLS);
    (void) curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 0L); /* ours from now on: it counts the handshake, too */
    t->connect_set = 0;
    SSL_CTX_set_cert_verify_callback(ssl_ctx, on_certificates, t->client);
    return CURLE_OK;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(e, (option), (value)) == CURLE_OK)

static bool set_tls(CURL *e, struct ix_transfer *t)
{
    const struct ix_http_client *c = t->client;
    bool ok = true;

    if (c->ca_file != NULL)
        SET(CURLOPT_CAINFO, c->ca_file);
    SET(CURLOPT_CAPATH, NULL); /* with a path the store is read anew for each connection: 50 ms */
    if (c->ca_file != NULL && c->proxies[1].url != NULL)
        SET(CURLOPT_PROXY_CAINFO, c->ca_file);
    SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    SET(CURLOPT_SSL_CTX_DATA, t);
    if (c->cert_file != NULL) {
        SET(CURLOPT_SSLCERT, c->cert_file);
        SET(CURLOPT_SSLKEY, c->key_file != NULL ? c->key_file : c->cert_file);
    }
    if (c->pinned != NULL)
        SET(CURLOPT_PINNEDPUBLICKEY, c->pinned);
    return ok;
}

static bool set_for_good(CURL *e, struct ix_transfer *t)
{
    const struct ix_http_client *c = t->client;
    bool ok = true;

    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* it would carry the credentials elsewhere */
    if (ix_http_proxied(c)) /* for CONNECT; a line of ours elsewhere: see set_fields */
        SET(CURLOPT_USERAGENT, c->user_agent);
    SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, 1L);
    SET(CURLOPT_NOPROXY, ""); /* neither the environment nor libcurl is asked */
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, t);
    SET(CURLOPT_CLOSESOCKETFUNCTION, ix_watch_close);
    SET(CURLOPT_CLOSESOCKETDATA, t->client);
    SET(CURLOPT_READFUNCTION, ix_transfer_read);
    SET(CURLOPT_READDATA, t);
    SET(CURLOPT_SEEKFUNCTION, ix_transfer_rewind);
    SET(CURLOPT_SEEKDATA, t);
    SET(CURLOPT_WRITEFUNCTION, ix_transfer_write);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, ix_transfer_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_PREREQFUNCTION, ix_transfer_before);
    SET(CURLOPT_PREREQDATA, t);
    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_CURLU, t->url);
    SET(CURLOPT_URL, "http://localhost/"); /* without any, libcurl puts t->url together again for each request */
    SET(CURLOPT_ACCEPT_ENCODING, c->encodings + sizeof IX_ACCEPT_ENCODING - 1);
    return set_tls(e, t) && ok;
}

/* ---- spare ones -------------------------------------------------------------------------- */

struct ix_transfer *ix_transfer_take(struct ix_http_client *c)
{
    struct ix_list *node = ix_list_pop(&c->spare);
    struct ix_transfer *t;

    if (node != NULL) {
        c->spare_count--;
        return IX_CONTAINER(node, struct ix_transfer, node);
    }
    t = ix_alloc(sizeof *t);
    if (t == NULL)
        return NULL;
    t->client = c;
    ix_list_init(&t->node);
    ix_buf_init(&t->answer, MAX_ANSWER);
    ix_buf_init(&t->head, MAX_HEAD);
    t->idle_set = -1;
    t->easy = curl_easy_init();
    t->url = curl_url();
    if (t->easy == NULL || t->url == NULL || !set_for_good(t->easy, t)) {
        ix_transfer_free(t);
        return NULL;
    }
    return t;
}

/* what one transfer had */
static void clean(struct ix_transfer *t)
{
    ix_list_remove(&t->node);
    ix_resolve_cancel(t->resolve);
    t->resolve = NULL;
    curl_slist_free_all(t->addresses);
    t->addresses = NULL;
    if (t->lines != NULL)
        ix_wipe(t->lines, t->lines_n);
    ix_free(t->lines);
    t->lines = NULL;
    if (t->body != NULL)
        ix_wipe(t->body, t->body_len);
    ix_free(t->body);
    t->body = NULL;
}

void ix_transfer_free(struct ix_transfer *t)
{
    clean(t);
    curl_easy_cleanup(t->easy);
    curl_url_cleanup(t->url);
    ix_buf_clear(&t->answer);
    ix_buf_clear(&t->head);
    ix_free(t);
}

void ix_transfer_give(struct ix_transfer *t)
{
    struct ix_http_client *c = t->client;

    if (c->dying || c->spare_count == SPARE_MAX || t->shape == IX_SHAPE_NONE) {
        ix_transfer_free(t);
        return;
    }
    if (t->addresses != NULL)
        (void) curl_easy_setopt(t->easy, CURLOPT_RESOLVE, NULL);
    clean(t);
    if (t->answer.n > 0) /* it may hold tokens */
        ix_wipe(t->answer.p, t->answer.n);
    if (t->answer.cap > SPARE_BYTES)
        ix_buf_clear(&t->answer);
    ix_list_prepend(&c->spare, &t->node); /* the warmest first */
    c->spare_count++;
}

/* ---- one transfer ------------------------------------------------------------------------ */

static int add_field(struct ix_transfer *t, size_t *n, const char *line)
{
    if (*n == IX_FIELDS_MAX)
        return IRISX_E_LIMIT;
    t->fields[*n] = (struct curl_slist){ .data = (char *) (uintptr_t) line }; /* libcurl only reads it */
    if (*n > 0)
        t->fields[*n - 1].next = &t->fields[*n];
    (*n)++;
    return 0;
}

static bool takes_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static bool names(const char *line, const char *name)
{
    return (*line | 0x20) == *name && ix_str_istarts(ix_str(line), ix_str(name));
}

/*
 * The lines are cut in place and strung together for libcurl; nothing is copied twice. User-Agent and Accept-Encoding
 * are lines, too: what is made of options libcurl prints twice, a character at a time, which costs more than the rest
 * of the request.
 */
static int set_fields(struct ix_transfer *t, const struct ix_transfer_request *r)
{
    size_t n = 0, len = r->headers != NULL ? strlen(r->headers) : 0;
    bool has_type = false, has_agent = false, has_encoding = r->plain;
    int err = 0;

    if (len > MAX_FIELDS)
        return IRISX_E_TOO_LARGE;
    t->lines_n = len + 1;
    t->lines = ix_dup_mem(r->headers != NULL ? r->headers : "", len);
    if (t->lines == NULL)
        return IRISX_E_NO_MEMORY;
    for (char *at = t->lines, *end; err == 0 && *at != '\0'; at = end) {
        end = at + strcspn(at, "\r\n");
        size_t skip = strspn(end, "\r\n");
        if (skip > 0)
            *end = '\0';
        end += skip;
        has_type = has_type || names(at, "content-type:");
        has_agent = has_agent || names(at, "user-agent:");
        has_encoding = has_encoding || names(at, "accept-encoding:");
        err = *at != '\0' ? add_field(t, &n, at) : 0;
    }
    if (err == 0 && !has_agent && t->client->agent_line != NULL)
        err = add_field(t, &n, t->client->agent_line);
    if (err == 0 && !has_encoding)
        err = add_field(t, &n, t->client->encodings);
    if (err == 0 && t->has_body && !has_type)
        err = add_field(t, &n, r->stream.read != NULL ? "Content-Type:" : "Content-Type: application/json");
    if (err == 0 && (r->stream.read != NULL || t->body_len > EXPECT_FROM))
        err = add_field(t, &n, "Expect:"); /* it would cost a round trip, and 1 s where nobody answers it */
    if (err == 0 && curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, n > 0 ? &t->fields[0] : NULL) != CURLE_OK)
        err = IRISX_E_NO_MEMORY;
    return err;
}

static int copy_body(struct ix_transfer *t, const struct ix_transfer_request *r)
{
    bool given = r->body != NULL;

    t->body_len = 0;
    t->has_body = given || r->stream.read != NULL || takes_body(r->method);
    if (!t->has_body || r->stream.read != NULL)
        return 0;
    t->body_len = given ? r->body_len : 2;
    t->body = (uint8_t *) ix_dup_mem(given ? r->body : "{}", t->body_len);
    return t->body != NULL ? 0 : IRISX_E_NO_MEMORY;
}

static bool set_method(struct ix_transfer *t, const struct ix_transfer_request *r)
{
    CURL *e = t->easy;
    enum ix_shape shape = IX_SHAPE_OTHER;
    bool ok = true;

    if (!t->has_body && strcmp(r->method, "GET") == 0)
        shape = IX_SHAPE_GET;
    else if (!t->has_body && strcmp(r->method, "HEAD") == 0)
        shape = IX_SHAPE_HEAD;
    else if (t->body != NULL && strcmp(r->method, "POST") == 0)
        shape = IX_SHAPE_POST;
    if (shape != t->shape || shape == IX_SHAPE_OTHER) {
        SET(CURLOPT_HTTPGET, 1L);
        if (t->body != NULL)
            SET(CURLOPT_POST, 1L);
        else if (r->stream.read != NULL)
            SET(CURLOPT_UPLOAD, 1L);
        if (shape == IX_SHAPE_HEAD)
            SET(CURLOPT_NOBODY, 1L);
        SET(CURLOPT_CUSTOMREQUEST, shape == IX_SHAPE_OTHER ? r->method : NULL);
    }
    if (t->body != NULL) { /* not copied: ours until the end */
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) t->body_len);
        SET(CURLOPT_POSTFIELDS, (const char *) t->body);
    } else if (r->stream.read != NULL) {
        SET(CURLOPT_INFILESIZE_LARGE, r->stream.size == UINT64_MAX ? (curl_off_t) -1 : (curl_off_t) r->stream.size);
    }
    t->shape = ok ? shape : IX_SHAPE_NONE;
    return ok;
}

static bool set_rest(struct ix_transfer *t, const struct ix_transfer_request *r)
{
    const struct ix_http_client *c = t->client;
    CURL *e = t->easy;
    bool ok = true;
    long idle = t->origin->idle_s;

    if (idle != t->idle_set) {
        SET(CURLOPT_MAXAGE_CONN, idle > 0 ? idle : 1L); /* 0 would be the default, 118 s */
        t->idle_set = idle;
    }
    if (r->plain != t->plain_set) {
        SET(CURLOPT_ACCEPT_ENCODING, r->plain ? NULL : c->encodings + sizeof IX_ACCEPT_ENCODING - 1);
        t->plain_set = r->plain;
    }
    t->proxy = ix_proxy_of(t);
    if (t->proxy_set != t->proxy)
        SET(CURLOPT_PROXY, t->proxy != NULL ? t->proxy->url : "");
    t->proxy_set = t->proxy;
    /* libcurl gives each address of a name a share of it: one that is dead must not take all the time there is */
    if (t->connect_set != t->limits.tcp_ms)
        SET(CURLOPT_CONNECTTIMEOUT_MS, (long) t->limits.tcp_ms);
    t->connect_set = t->limits.tcp_ms;
    return ok;
}

#undef SET

/* Host and port are for sentences and origins; the rest of the URL may hold secrets. */
static int parse_url(struct ix_transfer *t, const char *url)
{
    CURLU *u = t->url;
    char *host = NULL, *port = NULL, *scheme = NULL;
    uint32_t number = 0;
    int err = IRISX_E_INVALID;

    t->url_of = 0;
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, CURLU_PUNYCODE) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) && ix_str_u32(ix_str(port), 65535, &number) == 0)
        err = ix_str_copy(t->host, sizeof t->host, ix_str(host)) == 0 ? 0 : IRISX_E_INVALID;
    t->port = (uint16_t) number;
    t->secure = scheme != NULL && strcmp(scheme, "https") == 0;
    curl_free(host);
    curl_free(port);
    curl_free(scheme);
    return err;
}

/*
 * Path and query alone, where they are plain: libcurl would take dots out of a path that is part of a URL, and writes
 * what is percent-encoded in another way if it is set by itself.
 */
static bool set_parts(struct ix_transfer *t, const char *path)
{
    const char *query = path + strcspn(path, "?");
    char plain[512];

    if (path[0] != '/' || strpbrk(path, "%#\\") != NULL || strstr(path, "/.") != NULL ||
        ix_str_copy(plain, sizeof plain, ix_str_n(path, (size_t) (query - path))) != 0)
        return false;
    for (const char *at = path; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return curl_url_set(t->url, CURLUPART_PATH, plain, 0) == CURLUE_OK &&
           curl_url_set(t->url, CURLUPART_QUERY, *query == '?' ? query + 1 : NULL, 0) == CURLUE_OK;
}

/* "https://host:8443", as far as it is written before the path */
static struct ix_str authority_of(const char *url)
{
    const char *slashes = strstr(url, "://");

    return slashes != NULL ? ix_str_n(url, (size_t) (slashes - url) + 3 + strcspn(slashes + 3, "/?#")) : IX_STR_NONE;
}

/* Most requests go where the one before went. */
static int read_url(struct ix_transfer *t, const char *url)
{
    struct ix_http_client *c = t->client;
    struct ix_str authority = authority_of(url);
    bool same = authority.n > 0 && ix_str_eq(authority, ix_str(c->last_authority));

    if (!same || t->url_of != c->authorities || !set_parts(t, url + authority.n)) {
        int err = parse_url(t, url);
        if (err != 0)
            return err;
    }
    if (!same) {
        c->last_authority[0] = '\0';
        if (ix_str_copy(c->last_authority, sizeof c->last_authority, authority) != 0)
            return 0; /* too long to be kept */
        c->authorities++;
        (void) ix_str_copy(c->last_host, sizeof c->last_host, ix_str(t->host)); /* the same size */
        c->last_port = t->port;
        c->last_secure = t->secure;
    }
    t->url_of = c->authorities;
    (void) ix_str_copy(t->host, sizeof t->host, ix_str(c->last_host)); /* the same size */
    t->port = c->last_port;
    t->secure = c->last_secure;
    return 0;
}

static void set_fresh(struct ix_transfer *t, const struct ix_transfer_request *r)
{
    t->added = t->paused = t->stopped = t->too_large = t->replay_refused = t->head_whole = false;
    t->requests = 0;
    t->status = 0;
    t->sent = t->received = t->told_us = 0;
    t->tried = (struct ix_addr){ 0 };
    t->safe = r->safe;
    t->stream = r->stream;
    t->timeout_ms = r->timeout_ms != 0 ? r->timeout_ms : TIMEOUT_MS;
    t->begun_us = ix_loop_now(t->client->loop).mono_us;
    t->ends_us = ix_time_add(t->begun_us, t->timeout_ms * IX_MS);
    t->phase = IX_PHASE_WAIT;
    t->phase_us = t->connect_us = t->nudge_us = IX_NEVER;
    t->limits = r->limits;
    t->limits.resolve_ms = t->limits.resolve_ms != 0 ? t->limits.resolve_ms : RESOLVE_MS;
    t->limits.tcp_ms = t->limits.tcp_ms != 0 ? t->limits.tcp_ms : TCP_MS;
    t->limits.tls_ms = t->limits.tls_ms != 0 ? t->limits.tls_ms : TLS_MS;
    t->max_answer = r->max_response != 0 ? r->max_response : MAX_ANSWER;
    ix_buf_reset(&t->answer);
    ix_buf_reset(&t->head);
    t->answer.limit = t->max_answer;
}

int ix_transfer_set(struct ix_transfer *t, const struct ix_transfer_request *r)
{
    int err;

    set_fresh(t, r);
    err = read_url(t, r->url);
    if (err == 0)
        err = copy_body(t, r);
    if (err == 0)
        err = set_fields(t, r);
    if (err != 0)
        return err;
    t->origin = ix_transfer_origin(t->client, t->host, t->port);
    return set_method(t, r) && set_rest(t, r) ? 0 : IRISX_E_NO_MEMORY;
}
