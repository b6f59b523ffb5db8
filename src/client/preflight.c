/* SPDX-License-Identifier: MIT */
/* The life of a preflight: options, the thread that leads, the threads that look at things side by side, the end. */
#include "client/preflight.h"

#include <signal.h>
#include <string.h>

#define WHOLE_MS 14500
#define LEAST_MS 3000
#define PROBES 16

/* ---- life -------------------------------------------------------------------------------- */
static void pf_free(struct preflight *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->check_count; i++)
        ix_buf_clear(&p->checks[i].more);
    if (p->password)
        ix_wipe(p->password, strlen(p->password));
    ix_wipe(&p->ice, sizeof p->ice);
    ix_free(p->ws_url);
    ix_free(p->user);
    ix_free(p->realm);
    ix_free(p->password);
    ix_free(p->auth_user);
    ix_free(p->ca_file);
    ix_free(p->echo);
    ix_free(p->ws_path);
    irisx_op_unref(p->op);
    if (p->client)
        ix_client_release(p->client);
    (void) pthread_mutex_destroy(&p->lock);
    ix_free(p);
}

static int copy(char **to, const char *text)
{
    *to = ix_dup_cstr(text);
    return text && !*to ? IRISX_E_NO_MEMORY : 0;
}

/* scheme://host:port/path; without `path` it is the API's, whose scheme is read as a WebSocket's */
static int take_url(const char *url, char host[256], uint16_t *port, bool *tls, char **path)
{
    bool http = !path && strncmp(url, "http", 4) == 0;
    struct ix_buf b;
    struct ix_url u;
    int err;

    ix_buf_init(&b, 4096);
    ix_buf_fmt(&b, "%s%s", http ? "ws" : "", url + (http ? 4 : 0));
    ix_buf_u8(&b, 0);
    err = b.err ? b.err : ix_url_parse(&u, (const char *) b.p);
    if (!err && ix_str_copy(host, 256, u.host))
        err = IRISX_E_INVALID;
    if (!err) {
        *port = u.port;
        *tls = u.tls;
    }
    if (!err && path) {
        *path = ix_dup_mem(u.target.p, u.target.n);
        err = *path ? 0 : IRISX_E_NO_MEMORY;
    }
    ix_buf_clear(&b);
    return err;
}

static int take_ice(struct preflight *p, const char *json)
{
    const irisx_client_options_t *o = &p->client->o;
    const char *text = json ? json : o->ice_servers;
    irisx_value_t *list = NULL;
    int err = ix_ice_servers_check(text);

    if (!err && text)
        err = irisx_value_parse(text, strlen(text), &list, NULL);
    if (!err && list)
        ix_ice_servers_read(&p->ice, list);
    irisx_value_free(list);
    if (!err && !text && o->stun_server && *o->stun_server)
        err = ix_ice_server_name(o->stun_server, p->ice.stun, sizeof p->ice.stun, &p->ice.stun_port);
    return err;
}

static int take_options(struct preflight *p, const irisx_preflight_options_t *o)
{
    uint32_t whole = o->timeout_ms ? IX_MAX(o->timeout_ms, LEAST_MS) : WHOLE_MS;
    int err = take_ice(p, o->ice_servers);

    p->until_us = p->began_us + whole * IX_MS;
    p->no_call = o->no_call != 0;
    p->provisioned = o->provisioned && !o->ws_url && p->client->o.api_url;
    if (!err)
        err = copy(&p->ws_url, o->ws_url);
    if (!err)
        err = copy(&p->user, o->user);
    if (!err)
        err = copy(&p->realm, o->realm);
    if (!err)
        err = copy(&p->password, o->password);
    if (!err)
        err = copy(&p->auth_user, o->auth_user);
    if (!err)
        err = copy(&p->ca_file, o->ca_file ? o->ca_file : p->client->o.ca_file);
    if (!err)
        err = copy(&p->echo, o->echo ? o->echo : "9196");
    if (!err && p->ws_url)
        err = take_url(p->ws_url, p->ws_host, &p->ws_port, &p->ws_tls, &p->ws_path);
    if (!err && p->client->o.api_url)
        err = take_url(p->client->o.api_url, p->api_host, &p->api_port, &p->api_tls, NULL);
    if (!err && !p->ws_url && !p->client->o.api_url && !p->ice.stun[0] && !p->ice.turn_count)
        err = IRISX_E_INVALID;
    return err;
}

/* ---- threads ----------------------------------------------------------------------------- */
struct probe {
    pthread_t thread;
    struct preflight *p;
    void (*look)(struct preflight *p);
    const char *host; /* ix_pf_dns */
    const struct ix_turn_server *turn; /* ix_pf_turn */
};
struct probes {
    struct probe list[PROBES];
    size_t count;
};

static void *probe_main(void *arg)
{
    struct probe *one = arg;

    if (one->turn)
        ix_pf_turn(one->p, one->turn);
    else if (one->host)
        ix_pf_dns(one->p, one->host);
    else
        one->look(one->p);
    return NULL;
}

static int start_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    sigset_t all, before;
    int err;

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_BLOCK, &all, &before);
    err = pthread_create(thread, NULL, fn, arg);
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err ? IRISX_E_LIMIT : 0;
}

/* what finds no thread is looked at here, one after the other */
static void begin(struct probes *all, struct probe one)
{
    struct probe *slot = &all->list[all->count];

    *slot = one;
    if (all->count + 1 < PROBES && !start_thread(&slot->thread, probe_main, slot))
        all->count++;
    else
        (void) probe_main(slot);
}

static void look_at_all(struct preflight *p)
{
    struct probes all = { .count = 0 };

    begin(&all, (struct probe){ .p = p, .host = p->api_host });
    if (strcmp(p->ws_host, p->api_host) != 0)
        begin(&all, (struct probe){ .p = p, .host = p->ws_host });
    if (p->api_host[0])
        begin(&all, (struct probe){ .p = p, .look = ix_pf_api });
    if (p->ws_url)
        begin(&all, (struct probe){ .p = p, .look = ix_pf_websocket });
    if (p->ice.stun[0] || p->ice.turn_count)
        begin(&all, (struct probe){ .p = p, .look = ix_pf_stun });
    for (size_t i = 0; i < p->ice.turn_count; i++)
        begin(&all, (struct probe){ .p = p, .turn = &p->ice.turn[i] });
    if ((p->ws_url && p->user) || p->provisioned)
        begin(&all, (struct probe){ .p = p, .look = ix_pf_call });
    for (size_t i = 0; i < all.count; i++)
        (void) pthread_join(all.list[i].thread, NULL);
}

static void *lead(void *arg)
{
    struct preflight *p = arg;
    irisx_value_t *report = NULL;
    int err;

    look_at_all(p);
    ix_pf_settle(p);
    err = ix_pf_report(p, &report);
    if (!irisx_op_done(p->op))
        p->op->answer.root = report; /* read once the op has ended */
    else
        irisx_value_free(report);
    ix_op_finish_code(p->op, err, NULL);
    pf_free(p);
    return NULL;
}

/* ---- the interface ----------------------------------------------------------------------- */
void irisx_preflight_options_init(irisx_preflight_options_t *options, size_t size)
{
    if (!options || size < sizeof(size_t))
        return;
    memset(options, 0, size);
    options->struct_size = size;
}

/* its threads see that it has ended, and end */
static irisx_error_t cancel(irisx_op_t *op)
{
    ix_op_finish_code(op, IRISX_E_CANCELLED, NULL);
    return IRISX_OK;
}

static int make(irisx_client_t *c, const irisx_preflight_options_t *o, struct preflight **out)
{
    struct preflight *p = ix_alloc(sizeof *p);
    int err;

    if (!p)
        return IRISX_E_NO_MEMORY;
    (void) pthread_mutex_init(&p->lock, NULL);
    p->client = ix_client_hold(c);
    p->began_us = ix_clock_now().mono_us;
    err = take_options(p, o);
    if (err)
        pf_free(p);
    else
        *out = p;
    return err;
}

irisx_error_t irisx_preflight_start(
    irisx_client_t *client, const irisx_preflight_options_t *options, irisx_op_t **op_out)
{
    irisx_preflight_options_t o = IRISX_PREFLIGHT_OPTIONS_INIT;
    struct preflight *p = NULL;
    pthread_t thread;
    int err;

    if (!client || !op_out)
        return IRISX_E_INVALID;
    if (!ix_client_usable(client))
        return IRISX_E_CLOSED;
    if (client->o.zero_thread)
        return IRISX_E_UNSUPPORTED;
    err = options ? ix_options_read(&o, sizeof o, options) : 0;
    if (!err)
        err = make(client, &o, &p);
    if (err)
        return err;
    p->op = ix_op_new(client);
    if (p->op)
        p->op->cancel = cancel;
    if (p->op)
        *op_out = irisx_op_ref(p->op);
    err = p->op ? start_thread(&thread, lead, p) : IRISX_E_NO_MEMORY;
    if (!err) {
        (void) pthread_detach(thread);
        return IRISX_OK;
    }
    if (p->op) {
        irisx_op_unref(p->op);
        ix_op_discard(p->op);
        p->op = NULL;
        *op_out = NULL;
    }
    pf_free(p);
    return err;
}
