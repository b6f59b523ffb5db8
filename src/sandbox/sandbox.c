/* SPDX-License-Identifier: MIT */
/* The platform's life: what is made on which thread and in which order, and how it ends. Main thread. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sandbox/internal.h"

#define MAX_PARTIES 512 /* legs, and those that are being released */

/* ---- crossing to a loop and back --------------------------------------------------------- */
struct crossing {
    pthread_mutex_t lock;
    pthread_cond_t done_cond;
    bool done; /* lock */
    void (*fn)(void *arg);
    void *arg;
};

static void cross(void *arg)
{
    struct crossing *c = arg;

    c->fn(c->arg);
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->done_cond);
    pthread_mutex_unlock(&c->lock);
}

int sandbox_run_on(struct ix_loop *loop, void (*fn)(void *arg), void *arg)
{
    struct crossing c = { .fn = fn, .arg = arg };
    int err;

    (void) pthread_mutex_init(&c.lock, NULL); /* these cannot fail with default attributes */
    (void) pthread_cond_init(&c.done_cond, NULL);
    err = ix_loop_post(loop, cross, &c);
    pthread_mutex_lock(&c.lock);
    while (!err && !c.done)
        pthread_cond_wait(&c.done_cond, &c.lock);
    pthread_mutex_unlock(&c.lock);
    (void) pthread_cond_destroy(&c.done_cond);
    (void) pthread_mutex_destroy(&c.lock);
    return err;
}

/* ---- start ------------------------------------------------------------------------------- */
static void to_stderr(void *ctx, int level, const char *area, const char *line)
{
    static const char *const names[] = { "?", "error", "warn", "info", "debug", "trace" };
    char when[25];

    (void) ctx;
    ix_time_iso8601(ix_clock_now().wall_us, when);
    (void) fprintf(stderr, "%s %-5s %-8s %s\n", when, names[level], area, line);
}

static int open_state(struct sandbox *sb)
{
    struct ix_prng prng;
    struct ix_rng rng = sb->rng;

    if (sb->options.has_seed) {
        ix_prng_seed(&prng, sb->options.seed);
        rng = ix_prng_rng(&prng);
    }
    return sandbox_state_open(sb->options.state_file, &rng, &sb->log, &sb->state);
}

static void write_urls(struct sandbox *sb)
{
    bool tls = sb->options.tls_cert != NULL;
    struct ix_addr shown = sb->local;
    static const uint8_t any[16];
    char text[IX_ADDR_TEXT];

    if (!memcmp(shown.ip, any, shown.family == IX_IPV6 ? 16 : 4))
        (void) ix_addr_parse(
            &shown, shown.family == IX_IPV6 ? IX_STR("::1") : IX_STR("127.0.0.1"), shown.port); /* literals */
    ix_addr_text(&shown, text);
    (void) snprintf(sb->api_url, sizeof sb->api_url, "%s://%s", tls ? "https" : "http", text);
    (void) snprintf(sb->ws_url, sizeof sb->ws_url, "%s://%s/ws", tls ? "wss" : "ws", text);
}

static void on_request(void *ctx, const struct ix_server_request *request, struct ix_server_reply *reply)
{
    struct sandbox *sb = ctx;

    sandbox_rest_request(sb->rest, request, reply);
}

struct opening {
    struct sandbox *sb;
    int err;
    const char *why;
};

/* Service loop: listening first, so that the REST half knows its own address. */
static void open_service(void *arg)
{
    struct opening *o = arg;
    struct sandbox *sb = o->sb;
    struct ix_server_options server = { .bind = sb->options.listen,
        .max_connections = 512,
        .max_body = 4 << 20,
        .tls_cert_file = sb->options.tls_cert,
        .tls_key_file = sb->options.tls_key,
        .ws_subprotocol = "sip" };

    o->err = ix_server_open(sb->service_loop, &server, on_request, sandbox_on_ws, sb, &sb->server);
    if (o->err) {
        o->why = o->err == IRISX_E_TLS        ? "the certificate or its key cannot be used (--tls-cert, --tls-key)"
                 : o->err == IRISX_E_CONFLICT ? "the port is taken (--port)"
                                              : "cannot listen (--listen, --port)";
        return;
    }
    ix_server_local(sb->server, &sb->local);
    write_urls(sb);
    o->err = sandbox_rest_new(sb, &sb->rest);
}

static int open_all(struct sandbox *sb, const char **why)
{
    struct ix_host_options host = { .realtime = true, .log = &sb->log, .max_parties = MAX_PARTIES };
    struct opening service = { .sb = sb };
    int err = open_state(sb);

    if (err) {
        *why = err == IRISX_E_FORMAT ? "the state file is not one of this sandbox (--state)"
                                     : "the state cannot be opened (--state)";
        return err;
    }
    err = ix_host_new(&host, &sb->host);
    if (err)
        return err;
    sb->call_loop = ix_host_call_loop(sb->host);
    sb->service_loop = ix_host_service_loop(sb->host);
    err = sandbox_sip_new(sb, &sb->sip);
    if (!err)
        err = sandbox_run_on(sb->service_loop, open_service, &service);
    *why = service.why;
    return err ? err : service.err;
}

int sandbox_start(const struct sandbox_options *o, struct sandbox **out, const char **why)
{
    struct sandbox *sb = ix_alloc(sizeof *sb);
    int err;

    *why = NULL;
    if (!sb)
        return IRISX_E_NO_MEMORY;
    sb->options = *o;
    sb->log = (struct ix_log){ .level = o->log_level, .sink = to_stderr };
    sb->rng = ix_entropy();
    ix_list_init(&sb->wires);
    err = open_all(sb, why);
    if (err) {
        sandbox_free(sb);
        return err;
    }
    *out = sb;
    return 0;
}

/* ---- end --------------------------------------------------------------------------------- */
struct farewell {
    pthread_mutex_t lock;
    pthread_cond_t told_cond;
    bool told; /* lock */
    struct sandbox *sb;
};

static void on_idle(void *ctx)
{
    struct farewell *f = ctx;

    pthread_mutex_lock(&f->lock);
    f->told = true;
    pthread_cond_signal(&f->told_cond);
    pthread_mutex_unlock(&f->lock);
}

static void say_farewell(void *arg)
{
    struct farewell *f = arg;

    sandbox_sip_shutdown(f->sb->sip, on_idle, f);
}

bool sandbox_stop(struct sandbox *sb, uint32_t wait_ms)
{
    struct farewell f = { .sb = sb };
    pthread_condattr_t attr;
    struct timespec until;
    bool told;

    (void) pthread_mutex_init(&f.lock, NULL); /* these cannot fail: default attributes and a clock that is there */
    (void) pthread_condattr_init(&attr);
    (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void) pthread_cond_init(&f.told_cond, &attr);
    (void) pthread_condattr_destroy(&attr);
    (void) clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    if (!ix_loop_post(sb->call_loop, say_farewell, &f)) {
        pthread_mutex_lock(&f.lock);
        while (!f.told && !pthread_cond_timedwait(&f.told_cond, &f.lock, &until)) {
        }
        pthread_mutex_unlock(&f.lock);
    }
    ix_host_stop(sb->host); /* nobody touches f any more */
    told = f.told;
    (void) pthread_cond_destroy(&f.told_cond);
    (void) pthread_mutex_destroy(&f.lock);
    return told;
}

void sandbox_free(struct sandbox *sb)
{
    if (!sb)
        return;
    if (sb->host)
        ix_host_stop(sb->host); /* from here on both loops are ours */
    if (sb->server)
        ix_server_close(sb->server);
    sandbox_wires_free(sb);
    sandbox_rest_free(sb->rest);
    sandbox_sip_free(sb->sip);
    ix_host_free(sb->host);
    sandbox_state_close(sb->state);
    ix_free(sb);
}

/* ---- the ready line ---------------------------------------------------------------------- */
static void member(struct ix_buf *b, const char *key, const char *value)
{
    ix_buf_fmt(b, "%s\"%s\":", b->n && b->p[b->n - 1] != '{' ? "," : "", key);
    ix_buf_json_str(b, ix_str(value));
}

static int ready_agent(void *ctx, const struct sandbox_agent *a)
{
    struct ix_buf *b = ctx;

    ix_buf_str(b, b->p[b->n - 1] == '[' ? "{" : ",{");
    member(b, "extension", a->extension);
    member(b, "password", a->password);
    ix_buf_str(b, "}");
    return b->err;
}

int sandbox_ready_line(struct sandbox *sb, struct ix_buf *json)
{
    struct sandbox_owner owner;
    int err = sandbox_state_owner(sb->state, &owner);

    if (err)
        return err;
    ix_buf_str(json, "{\"ready\":true");
    member(json, "api_url", sb->api_url);
    member(json, "ws_url", sb->ws_url);
    member(json, "realm", SANDBOX_REALM);
    ix_buf_str(json, ",\"user\":{");
    member(json, "email", owner.email);
    member(json, "password", owner.password);
    ix_buf_str(json, "}");
    member(json, "api_key", owner.api_key);
    ix_buf_str(json, ",\"agents\":[");
    err = json->err ? json->err : sandbox_state_agents(sb->state, ready_agent, json);
    ix_buf_str(json, "],\"numbers\":{");
    sandbox_scenes_write(json);
    ix_buf_str(json, "}}");
    ix_wipe(&owner, sizeof owner);
    return err ? err : json->err;
}
