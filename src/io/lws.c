/* SPDX-License-Identifier: MIT */
/*
 * libwebsockets 4.1 on a loop of ours. What it would do to the process is undone (SIGPIPE), what it would take from the
 * environment (http_proxy, a CA folder relative to the working directory) is kept from it, and it never prints.
 */
#include <libwebsockets.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "io/internal.h"

#define FD_LIMIT (IX_WS_CLIENTS_MAX + 8) /* 16 bytes each; the default of lws, by ulimit, costs 300 kB */
#define HEADER_POOL 16
#define FOREVER_S 86400 /* lws's own time limits: ours come first and leave nothing behind */

struct vhost {
    struct vhost *next;
    struct lws_vhost *lws;
    bool tls;
    char *ca_file, *proxy; /* proxy: with a password; wiped */
};

struct ix_lws {
    struct lws_context *context;
    struct vhost *vhosts;
    const struct ix_log *log;
    unsigned clients;
};

/* Contexts are made and ended one at a time: OpenSSL's indexes, the plugin loader and SIGPIPE belong to the process. */
static pthread_mutex_t process = PTHREAD_MUTEX_INITIALIZER;
static bool tls_ready; /* lws takes new OpenSSL indexes at each global init and breaks handshakes under way */
static _Thread_local const struct ix_log *thread_log;

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    return ix_ws_client_event(wsi, (int) reason, user, in, len);
}

static const struct lws_protocols protocols[] = {
    { .name = "ix-ws", .callback = on_event, .rx_buffer_size = 4096 },
    { 0 },
};

static void on_log(int level, const char *line)
{
    struct ix_str text = ix_str_trim(ix_str(line));

    ix_log(thread_log, level == LLL_ERR || level == LLL_WARN ? IX_LOG_DEBUG : IX_LOG_TRACE, IX_AREA, "lws: %.*s",
        IX_FMT_STR(text));
}

static struct lws_context *create(struct ix_loop *loop)
{
    void *loops[1] = { ix_loop_uv(loop) };
    struct lws_context_creation_info info = { .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .foreign_loops = loops,
        .fd_limit_per_thread = FD_LIMIT,
        .max_http_header_pool2 = HEADER_POOL,
        .timeout_secs = FOREVER_S };
    struct sigaction before;
    struct lws_context *context;

    pthread_mutex_lock(&process);
    lws_set_log_level(LLL_ERR | LLL_WARN | LLL_NOTICE, on_log);
    if (!tls_ready)
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    ix_sigpipe_keep(&before);
    context = lws_create_context(&info);
    ix_sigpipe_restore(&before);
    tls_ready = tls_ready || context != NULL;
    pthread_mutex_unlock(&process);
    return context;
}

static void begin_close(void *state)
{
    struct ix_lws *l = state;

    lws_context_destroy(l->context); /* closes handles; what is left is freed in ended() */
}

static void vhost_free(struct vhost *v)
{
    if (v->proxy != NULL)
        ix_wipe(v->proxy, strlen(v->proxy));
    ix_free(v->proxy);
    ix_free(v->ca_file);
    ix_free(v);
}

static void ended(void *state)
{
    struct ix_lws *l = state;

    pthread_mutex_lock(&process);
    lws_context_destroy(l->context);
    pthread_mutex_unlock(&process);
    for (struct vhost *v = l->vhosts; v != NULL;) {
        struct vhost *next = v->next;
        vhost_free(v);
        v = next;
    }
    if (thread_log == l->log)
        thread_log = NULL;
    ix_free(l);
}

int ix_lws_of(struct ix_loop *loop, struct ix_lws **out)
{
    struct ix_loop_part *part = ix_loop_part(loop, IX_PART_LWS);

    if (part->state == NULL) {
        struct ix_lws *l = ix_alloc(sizeof *l);
        if (l == NULL)
            return IRISX_E_NO_MEMORY;
        l->log = thread_log = ix_loop_log(loop);
        l->context = create(loop);
        if (l->context == NULL) {
            ix_free(l);
            ix_log(ix_loop_log(loop), IX_LOG_ERROR, IX_AREA,
                "libwebsockets does not start: is its libuv plugin (libwebsockets-evlib-uv) installed?");
            return IRISX_E_UNSUPPORTED;
        }
        *part = (struct ix_loop_part){ .state = l, .close = begin_close, .ended = ended };
        ix_loop_guard(loop, 1); /* OpenSSL below it writes without MSG_NOSIGNAL */
    }
    *out = part->state;
    return 0;
}

int ix_lws_enter(struct ix_lws *l)
{
    if (l->clients >= IX_WS_CLIENTS_MAX)
        return IRISX_E_LIMIT; /* lws leaks what it cannot place */
    l->clients++;
    return 0;
}

void ix_lws_leave(struct ix_lws *l)
{
    l->clients--;
}

struct lws_context *ix_lws_context(struct ix_lws *l)
{
    return l->context;
}

/* Certificates are looked up by hash, one file at a time; only a system without that folder reads a whole bundle. */
static const char *system_bundle(void)
{
    static const char *const bundles[] = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem" };
    struct stat st;

    if (stat("/etc/ssl/certs", &st) != 0 || !S_ISDIR(st.st_mode)) {
        for (size_t i = 0; i < IX_COUNT(bundles); i++) {
            if (stat(bundles[i], &st) == 0)
                return bundles[i];
        }
    }
    return "/dev/null"; /* without a file lws would look into ../share of the working directory */
}

static struct lws_vhost *create_vhost(struct ix_lws *l, bool tls, const char *ca_file)
{
    struct lws_context_creation_info info = { .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = "client",
        .protocols = protocols,
        .http_proxy_address = "", /* otherwise lws reads the environment */
        .connect_timeout_secs = FOREVER_S,
        .timeout_secs = FOREVER_S };

    if (tls) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        if (ca_file != NULL)
            info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
        info.client_ssl_ca_filepath = ca_file != NULL ? ca_file : system_bundle();
    }
    return lws_create_vhost(l->context, &info);
}

static bool same_file(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

struct lws_vhost *ix_lws_vhost(struct ix_lws *l, bool tls, const char *ca_file, const char *proxy)
{
    struct vhost *v;

    for (v = l->vhosts; v != NULL; v = v->next) {
        if (v->tls == tls && same_file(v->ca_file, ca_file) && same_file(v->proxy, proxy))
            return v->lws;
    }
    v = ix_alloc(sizeof *v);
    if (v == NULL)
        return NULL;
    v->tls = tls;
    v->ca_file = ix_dup_cstr(ca_file);
    v->proxy = ix_dup_cstr(proxy);
    if ((ca_file == NULL || v->ca_file != NULL) && (proxy == NULL || v->proxy != NULL))
        v->lws = create_vhost(l, tls, v->ca_file);
    if (v->lws == NULL) {
        vhost_free(v);
        return NULL;
    }
    v->next = l->vhosts;
    l->vhosts = v;
    return v->lws;
}
