/* SPDX-License-Identifier: MIT */
/*
 * HTTP transfers on libcurl's multi interface, driven by the loop: their beginning, their end, the client they share.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/transfer.h"

#define HOST_CONNECTIONS 6L

/* ---- endings ----------------------------------------------------------------------------- */

static const char *text_of(struct ix_buf *b)
{
    ix_buf_u8(b, 0);
    return b->err == 0 ? (const char *) b->p : "";
}

void ix_transfer_end(struct ix_transfer *t, struct ix_transfer_result *r)
{
    char *type = NULL;

    if (t->added) {
        (void) curl_multi_remove_handle(t->client->multi, t->easy);
        (void) curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
        (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r->status);
    }
    ix_transfer_progress(t, true);
    r->content_type = type;
    r->headers = text_of(&t->head);
    r->body = t->answer.p;
    r->body_len = t->answer.n;
    r->total_us = ix_loop_now(t->client->loop).mono_us - t->begun_us;
    ix_list_remove(&t->node);
    t->fn(t->ctx, r);
    ix_transfer_give(t);
}

static void free_client(struct ix_http_client *c)
{
    struct sigaction before;
    struct ix_list *node;
    char *texts[] = { c->ca_file, c->user_agent, c->cert_file, c->key_file, c->pinned, c->no_proxy, c->agent_line };

    while ((node = ix_list_pop(&c->spare)) != NULL)
        ix_transfer_free(IX_CONTAINER(node, struct ix_transfer, node));
    ix_sigpipe_keep(&before);
    (void) curl_multi_cleanup(c->multi); /* ignores SIGPIPE meanwhile, whatever its handles were told */
    ix_sigpipe_restore(&before);
    ix_watch_end(c);
    ix_loop_timer_free(c->timer);
    ix_loop_timer_free(c->limits);
    for (size_t i = 0; i < IX_COUNT(texts); i++)
        ix_free(texts[i]);
    if (ix_http_proxied(c))
        ix_loop_guard(c->loop, -1);
    for (size_t i = 0; i < IX_COUNT(c->proxies); i++)
        ix_proxy_clear(&c->proxies[i]);
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

void ix_transfer_collect(struct ix_http_client *c)
{
    CURLMsg *m;
    int left;

    c->in_callback = true;
    while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
        struct ix_transfer *t = NULL;
        struct ix_transfer_result r;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        memset(&r, 0, offsetof(struct ix_transfer_result, detail) + 1); /* not all of the sentence's room */
        memset(&r.status, 0, sizeof r - offsetof(struct ix_transfer_result, status));
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

static void on_time(void *ctx)
{
    struct ix_http_client *c = ctx;
    int running;

    (void) curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    ix_transfer_collect(c);
}

static int want_time(CURLM *multi, long ms, void *ctx)
{
    struct ix_http_client *c = ctx;

    (void) multi;
    /* "at once" is now as the loop knows it: a fresh clock lies later, and its timer a millisecond off */
    uint64_t now = ms == 0 ? ix_loop_now(c->loop).mono_us : ix_clock_mono_us();
    ix_loop_timer_set(c->timer, ms < 0 ? IX_NEVER : now + (uint64_t) ms * IX_MS);
    return 0;
}

/* ---- transfers --------------------------------------------------------------------------- */

int ix_transfer_hand_over(struct ix_transfer *t)
{
    ix_transfer_enter(t, IX_PHASE_WAIT);
    if (curl_multi_add_handle(t->client->multi, t->easy) != CURLM_OK)
        return IRISX_E_NO_MEMORY;
    t->added = true;
    return 0;
}

int ix_transfer_start(struct ix_http_client *c, const struct ix_transfer_request *r, ix_transfer_fn fn, void *ctx,
    struct ix_transfer **out)
{
    struct ix_transfer *t;

    if (r->url == NULL || r->method == NULL || fn == NULL)
        return IRISX_E_INVALID;
    if (c->dying)
        return IRISX_E_CLOSED;
    t = ix_transfer_take(c);
    if (t == NULL)
        return IRISX_E_NO_MEMORY;
    t->fn = fn;
    t->ctx = ctx;
    int err = ix_transfer_set(t, r);
    if (err == 0)
        err = ix_transfer_begin(t);
    if (err != 0) {
        ix_transfer_give(t);
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

void ix_transfer_resume(struct ix_transfer *t)
{
    struct ix_http_client *c = t->client;

    if (!t->paused)
        return;
    t->paused = false;
    ix_transfer_enter(t, t->phase);
    (void) curl_easy_pause(t->easy, CURLPAUSE_CONT); /* a failure ends the transfer, as told by libcurl */
    on_time(c);
}

/* ---- the client -------------------------------------------------------------------------- */

#define NEAR 64 /* descriptors: those that threads of ours open meanwhile are among them */

static void close_on_exec(int fd)
{
    int domain = 0;
    socklen_t len = sizeof domain;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX)
        (void) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/*
 * libcurl opens a pair of local sockets that programs run by the application would inherit, and does not say which.
 * They are among the numbers from the lowest free one on that nobody had before.
 */
static CURLM *open_multi(void)
{
    bool had[NEAR];
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (lowest < 0)
        return NULL; /* libcurl would not get two either */
    (void) close(lowest);
    for (int i = 0; i < NEAR; i++)
        had[i] = fcntl(lowest + i, F_GETFD) >= 0;
    CURLM *multi = curl_multi_init();
    for (int i = 0; i < NEAR; i++)
        if (!had[i])
            close_on_exec(lowest + i);
    return multi;
}

static bool take_text(char **to, const char *text)
{
    *to = ix_dup_cstr(text);
    return text == NULL || *to != NULL;
}

static const char *env(const char *lower, const char *upper)
{
    const char *value = getenv(lower);

    if (value == NULL && upper != NULL)
        value = getenv(upper);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* As other programs read it: http_proxy in lower case alone, since a CGI request sets HTTP_PROXY. */
static bool take_proxies(struct ix_http_client *c, const struct ix_http_options *o)
{
    static const char local[] = "localhost,127.0.0.0/8,::1";
    const char *all = env("all_proxy", "ALL_PROXY"), *plain = env("http_proxy", NULL),
               *secure = env("https_proxy", "HTTPS_PROXY"), *none = env("no_proxy", "NO_PROXY");
    struct ix_buf b;

    if (o->proxy != NULL || !o->environment)
        return ix_proxy_set(&c->proxies[0], o->proxy) == 0 && ix_proxy_set(&c->proxies[1], o->proxy) == 0 &&
               take_text(&c->no_proxy, o->no_proxy);
    ix_buf_init(&b, 65536);
    ix_buf_fmt(&b, "%s,%s", local, none != NULL ? none : "");
    c->no_proxy = ix_buf_take(&b);
    return c->no_proxy != NULL && ix_proxy_set(&c->proxies[0], plain != NULL ? plain : all) == 0 &&
           ix_proxy_set(&c->proxies[1], secure != NULL ? secure : all) == 0;
}

static int take_options(struct ix_http_client *c, const struct ix_http_options *o)
{
    struct ix_buf line;
    bool ok = take_text(&c->ca_file, o->tls.ca_file) && take_text(&c->user_agent, o->user_agent) &&
              take_text(&c->cert_file, o->cert_file) && take_text(&c->key_file, o->key_file) &&
              take_text(&c->pinned, o->pinned_keys) && take_proxies(c, o);

    c->encodings = (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_BROTLI) != 0
                       ? IX_ACCEPT_ENCODING "gzip, br"
                       : IX_ACCEPT_ENCODING "gzip";
    if (!ix_http_proxied(c) && c->user_agent != NULL) {
        ix_buf_init(&line, 1024);
        ix_buf_fmt(&line, "User-Agent: %s", c->user_agent);
        c->agent_line = ix_buf_take(&line);
        ok = ok && c->agent_line != NULL;
    }
    return ok && c->multi != NULL ? 0 : IRISX_E_NO_MEMORY;
}

static void set_multi(struct ix_http_client *c, long connections)
{
    (void) curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, ix_watch_want);
    (void) curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    (void) curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, want_time);
    (void) curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    (void) curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    (void) curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
    (void) curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 4 * connections); /* kept idle: not four a transfer */
}

int ix_http_client_new(struct ix_loop *loop, const struct ix_http_options *o, struct ix_http_client **out)
{
    struct ix_http_client *c = ix_alloc(sizeof *c);

    if (c == NULL)
        return IRISX_E_NO_MEMORY;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ix_free(c);
        return IRISX_E_NO_MEMORY;
    }
    c->loop = loop;
    c->limits_us = IX_NEVER;
    ix_list_init(&c->transfers);
    ix_list_init(&c->spare);
    ix_list_init(&c->socks);
    ix_loop_own(loop);
    c->multi = open_multi();
    int err = take_options(c, o);
    if (ix_http_proxied(c))
        ix_loop_guard(loop, 1); /* libcurl may look up a proxy's name on a thread of its own */
    if (err == 0)
        err = ix_loop_timer_new(loop, on_time, c, &c->timer);
    if (err == 0)
        err = ix_loop_timer_new(loop, ix_transfer_limits_due, c, &c->limits);
    if (err != 0) {
        free_client(c);
        return err;
    }
    set_multi(c, o->max_connections_per_host != 0 ? (long) o->max_connections_per_host : HOST_CONNECTIONS);
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
