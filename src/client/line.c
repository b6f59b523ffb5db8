/* SPDX-License-Identifier: MIT */
/* Lines as the application sees them; the work is src/call's. */
#include <stdio.h>
#include <string.h>

#include "client/private.h"

irisx_line_t *irisx_line_ref(irisx_line_t *line)
{
    if (line)
        atomic_fetch_add(&line->refs, 1);
    return line;
}

static void wipe_free(char *s)
{
    if (s)
        ix_wipe(s, strlen(s));
    ix_free(s);
}

static void line_free(irisx_line_t *l)
{
    irisx_client_t *c = l->client;

    wipe_free(l->password);
    ix_free(l->ws_url);
    ix_free(l->user);
    ix_free(l->realm);
    ix_free(l->auth_user);
    ix_free(l->display_name);
    ix_free(l->ca_file);
    ix_free(l->servers);
    ix_free(l->instance);
    ix_free(l->address);
    ix_free(l->extension);
    ix_free(l);
    ix_client_release(c);
}

void irisx_line_unref(irisx_line_t *line)
{
    if (line && atomic_fetch_sub(&line->refs, 1) == 1)
        line_free(line);
}

irisx_line_state_t irisx_line_state(const irisx_line_t *line)
{
    return line ? (irisx_line_state_t) atomic_load(&line->state) : IRISX_LINE_UNKNOWN;
}

const char *irisx_line_address(const irisx_line_t *line)
{
    return line && line->address ? line->address : "";
}

static void push_state(irisx_line_t *l, irisx_line_state_t state, const struct failure *f)
{
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_LINE_STATE);

    atomic_store(&l->state, (int) state);
    if (!ev) { /* the state can be asked for */
        ix_queue_push(l->client, NULL);
        return;
    }
    ev->line = irisx_line_ref(l);
    ev->state = (int32_t) state;
    if (f)
        ix_failure_copy(&ev->error, f);
    ix_queue_push(l->client, ev);
}

/* ---- on the call loop -------------------------------------------------------------------- */
static void unlink_line(irisx_line_t *l)
{
    if (!l->linked)
        return;
    l->linked = false;
    l->id = 0;
    ix_list_remove(&l->node);
    irisx_line_unref(l);
}

static void link_line(irisx_line_t *l)
{
    l->linked = true;
    ix_list_append(&l->client->lines, &l->node);
    (void) irisx_line_ref(l);
}

static void refuse_line(irisx_line_t *l, int code, const char *message)
{
    struct failure f = { 0 };

    ix_failure_set(&f, code, IRISX_DOMAIN_LOCAL, 0, message, NULL);
    push_state(l, IRISX_LINE_FAILED, &f);
    ix_op_end(&l->opening, &f);
    ix_failure_clear(&f);
    ix_subscriptions_of_line(l, IRISX_E_STATE);
    unlink_line(l);
}

static void open_on_loop(irisx_line_t *l)
{
    irisx_client_t *c = l->client;
    struct ix_line_config config = { .ws_url = l->ws_url,
        .user = l->user,
        .realm = l->realm,
        .password = l->password,
        .auth_user = l->auth_user,
        .display_name = l->display_name,
        .ca_file = l->ca_file,
        .servers = l->servers,
        .instance = l->instance ? l->instance : c->instance,
        .renewable = l->provisioned,
        .expires_s = l->expires_s,
        .no_register = l->no_register,
        .auto_answer = (enum ix_auto_answer) l->auto_answer,
        .auto_answer_ms = l->auto_answer_ms,
        .max_calls = l->max_calls,
        .ring_limit_ms = l->ring_limit_ms,
        .user_data = l };
    int err = l->close_wanted ? IRISX_E_CANCELLED
                              : ix_line_open(ix_engine_phone(c->engine), &config, ix_engine_now(c->engine), &l->id);

    if (l->password) { /* the phone has its own copy, wiped with the line */
        wipe_free(l->password);
        l->password = NULL;
    }
    if (err)
        refuse_line(l, err,
            err == IRISX_E_INVALID ? "ws_url must be ws:// or wss:// with a host, and user must be given" : NULL);
    else
        ix_subscriptions_of_line(l, 0);
}

static void line_open_cmd(void *arg)
{
    irisx_line_t *l = arg;

    link_line(l);
    open_on_loop(l);
    irisx_line_unref(l);
}

void ix_line_event(irisx_client_t *c, const struct ix_phone_event *ev)
{
    irisx_line_t *l = ev->user;
    struct failure f = { 0 };
    bool failed = ev->error->code != 0;

    (void) c;
    if (failed)
        ix_failure_set(&f, ev->error->code,
            ev->error->sip_status            ? IRISX_DOMAIN_SIP
            : ev->error->code == IRISX_E_TLS ? IRISX_DOMAIN_TLS
                                             : IRISX_DOMAIN_SYSTEM,
            ev->error->sip_status, ev->error->message, ev->error->reason);
    push_state(l, (irisx_line_state_t) ev->state, failed ? &f : NULL);
    if (ev->state == IX_LINE_READY)
        ix_op_end(&l->opening, NULL);
    else if (failed && ev->state != IX_LINE_REGISTERING)
        ix_op_end(&l->opening, &f); /* the line itself goes on trying unless it is refused for good */
    if (ev->state == IX_LINE_CLOSED) {
        if (l->opening)
            ix_op_finish_code(l->opening, IRISX_E_CANCELLED, "the line was closed");
        ix_op_end(&l->opening, NULL);
        ix_op_end(&l->closing, NULL);
        unlink_line(l);
    }
    ix_failure_clear(&f);
}

struct line_order { /* of the application, for the call loop */
    irisx_line_t *line; /* referenced */
    irisx_op_t *op; /* referenced */
};

static void line_close_cmd(void *arg)
{
    struct line_order *o = arg;
    irisx_line_t *l = o->line;

    l->close_wanted = true;
    if (!l->id || l->closing) { /* nothing to close (yet), or under way: this op has nothing of its own to wait for */
        ix_op_end(&o->op, NULL);
    } else {
        l->closing = o->op;
        ix_line_close(ix_engine_phone(l->client->engine), l->id, ix_engine_now(l->client->engine));
    }
    irisx_line_unref(l);
    ix_free(o);
}

void ix_lines_drop(irisx_client_t *c)
{
    while (!ix_list_empty(&c->lines)) {
        irisx_line_t *l = IX_CONTAINER(c->lines.next, irisx_line_t, node);

        atomic_store(&l->state, IRISX_LINE_CLOSED);
        if (l->opening)
            ix_op_finish_code(l->opening, IRISX_E_CLOSED, "the client was closed");
        ix_op_end(&l->opening, NULL);
        ix_op_end(&l->closing, NULL);
        unlink_line(l);
    }
}

/* ---- any thread -------------------------------------------------------------------------- */
static irisx_line_t *line_new(irisx_client_t *c)
{
    irisx_line_t *l = ix_alloc(sizeof *l);

    if (!l)
        return NULL;
    atomic_init(&l->refs, 1);
    atomic_init(&l->state, IRISX_LINE_CONNECTING);
    l->client = ix_client_hold(c);
    return l;
}

static char *make_address(const char *user, const char *realm, const char *url)
{
    struct ix_str s = ix_str(url), head;
    struct ix_buf b;

    if (!realm || !*realm) {
        (void) ix_str_cut(&s, '/', &head);
        (void) ix_str_cut(&s, '/', &head);
        (void) ix_str_cut(&s, '/', &head);
        if (!head.n || head.p[0] != '[')
            (void) ix_str_cut(&head, ':', &s);
        else
            s = ix_str_slice(head, 0, IX_MIN(ix_str_find(head, ']'), head.n - 1) + 1); /* IPv6, without its port */
    } else {
        s = ix_str(realm);
    }
    ix_buf_init(&b, 1024);
    ix_buf_fmt(&b, "sip:%s@%.*s", user, IX_FMT_STR(s));
    return ix_buf_take(&b);
}

static int line_take(irisx_line_t *l, const irisx_line_options_t *o)
{
    l->ws_url = ix_dup_cstr(o->ws_url);
    l->user = ix_dup_cstr(o->user);
    l->realm = ix_dup_cstr(o->realm);
    l->password = ix_dup_cstr(o->password);
    l->auth_user = ix_dup_cstr(o->auth_user);
    l->display_name = ix_dup_cstr(o->display_name);
    l->ca_file = ix_dup_cstr(o->ca_file);
    l->servers = ix_dup_cstr(o->servers);
    l->instance = ix_dup_cstr(o->instance);
    l->address = make_address(o->user, o->realm, o->ws_url);
    l->expires_s = o->expires_s;
    l->no_register = o->no_register != 0;
    l->auto_answer = o->auto_answer;
    l->auto_answer_ms = o->auto_answer_ms;
    l->max_calls = o->max_calls;
    l->ring_limit_ms = o->ring_limit_ms;
    if (o->auto_answer < IRISX_AUTO_ANSWER_NEVER || o->auto_answer > IRISX_AUTO_ANSWER_ALWAYS)
        return IRISX_E_INVALID;
    if (!l->ws_url || !l->user || !l->address || (o->realm && !l->realm) || (o->password && !l->password) ||
        (o->auth_user && !l->auth_user) || (o->display_name && !l->display_name) || (o->ca_file && !l->ca_file) ||
        (o->servers && !l->servers) || (o->instance && !l->instance))
        return IRISX_E_NO_MEMORY;
    return 0;
}

static irisx_error_t cancel_open(irisx_op_t *op)
{
    return irisx_line_close(op->line, NULL);
}

static irisx_error_t line_give(irisx_line_t *l, irisx_op_t *op, irisx_line_t **line_out, irisx_op_t **op_out)
{
    ix_op_give(op, op_out);
    if (line_out)
        *line_out = l;
    else
        irisx_line_unref(l);
    return IRISX_OK;
}

irisx_error_t irisx_line_open(
    irisx_client_t *c, const irisx_line_options_t *options, irisx_line_t **line_out, irisx_op_t **op_out)
{
    irisx_line_options_t o;
    irisx_line_t *l;
    irisx_op_t *op;
    int err;

    if (!c || !options)
        return IRISX_E_INVALID;
    if (!ix_client_usable(c))
        return IRISX_E_CLOSED;
    err = ix_options_read(&o, sizeof o, options);
    if (err || !o.ws_url || !o.user || !*o.user)
        return IRISX_E_INVALID;
    l = line_new(c);
    op = l ? ix_op_new(c) : NULL;
    err = op ? line_take(l, &o) : IRISX_E_NO_MEMORY;
    if (!err) {
        l->opening = irisx_op_ref(op);
        op->cancel = cancel_open;
        op->line = l;
        err = ix_call_post(c, line_open_cmd, irisx_line_ref(l));
        if (err)
            irisx_line_unref(l);
    }
    if (err) {
        if (l)
            irisx_op_unref(l->opening);
        ix_op_discard(op);
        irisx_line_unref(l);
        return (irisx_error_t) err;
    }
    return line_give(l, op, line_out, op_out);
}

irisx_error_t irisx_line_close(irisx_line_t *line, irisx_op_t **op_out)
{
    struct line_order *o;
    irisx_op_t *op;
    int err;

    if (!line)
        return IRISX_E_INVALID;
    if (!ix_client_usable(line->client))
        return IRISX_E_CLOSED;
    o = ix_alloc(sizeof *o);
    op = o ? ix_op_new(line->client) : NULL;
    if (!op) {
        ix_free(o);
        return IRISX_E_NO_MEMORY;
    }
    o->line = irisx_line_ref(line);
    o->op = irisx_op_ref(op);
    err = ix_call_post(line->client, line_close_cmd, o);
    if (err) {
        irisx_line_unref(line);
        irisx_op_unref(op);
        ix_free(o);
        ix_op_discard(op);
        return (irisx_error_t) err;
    }
    ix_op_give(op, op_out);
    return IRISX_OK;
}

/* ---- provisioned lines: GET /v1/webrtc/credentials first --------------------------------- */
static const irisx_value_t *pick_extension(const irisx_value_t *root, const char *wanted)
{
    const irisx_value_t *list = irisx_value_get(root, "extensions");

    for (size_t i = 0; i < irisx_value_count(list); i++) {
        const irisx_value_t *item = irisx_value_at(list, i);
        const char *extension = irisx_value_get_text(item, "extension", NULL);

        if (extension && (!wanted || strcmp(extension, wanted) == 0))
            return item;
    }
    return NULL;
}

static int take_provisioned(irisx_line_t *l, const irisx_value_t *root)
{
    const irisx_value_t *ext = pick_extension(root, l->extension);
    const irisx_value_t *config = irisx_value_get(root, "sipConfig");
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;

    o.ws_url = irisx_value_get_text(config, "websocketUrl", NULL);
    o.realm = irisx_value_get_text(config, "realm", NULL);
    o.user = irisx_value_get_text(ext, "extension", NULL);
    o.password = irisx_value_get_text(ext, "sip_password", NULL);
    o.display_name = irisx_value_get_text(ext, "name", NULL);
    if (!o.ws_url || !o.user)
        return IRISX_E_NOT_FOUND;
    return line_take(l, &o);
}

struct provision {
    struct ix_post post;
    irisx_line_t *line; /* referenced */
    struct failure f;
    struct ix_ice_servers servers;
};

static void provision_free(struct provision *p)
{
    irisx_line_unref(p->line);
    ix_failure_clear(&p->f);
    ix_wipe(&p->servers, sizeof p->servers);
    ix_free(p);
}

static void provisioned_on_call_loop(void *arg)
{
    struct provision *p = arg;
    irisx_line_t *l = p->line;

    link_line(l);
    if (p->f.info.code) {
        push_state(l, IRISX_LINE_FAILED, &p->f);
        ix_op_end(&l->opening, &p->f);
        ix_subscriptions_of_line(l, IRISX_E_STATE);
        unlink_line(l);
    } else {
        if (!l->client->o.ice_servers)
            ix_ice_servers_apply(l->client, &p->servers);
        open_on_loop(l);
    }
    provision_free(p);
}

static void read_servers(struct provision *p, const irisx_value_t *root)
{
    static const char *const names[] = { "stunServers", "iceServers", "turnServers" };
    const irisx_value_t *sip = irisx_value_get(root, "sipConfig");

    for (size_t i = 0; i < IX_COUNT(names); i++)
        ix_ice_servers_read(&p->servers, irisx_value_get(sip, names[i]));
}

static void credentials_here(void *ctx, irisx_op_t *op)
{
    struct provision *p = ctx;
    const irisx_error_info_t *e = irisx_op_error(op);
    int err;

    if (e->code) {
        ix_failure_copy(&p->f, &op->error);
    } else {
        read_servers(p, irisx_op_value(op));
        err = take_provisioned(p->line, irisx_op_value(op));
        if (err == IRISX_E_NOT_FOUND)
            ix_failure_set(&p->f, err, IRISX_DOMAIN_LOCAL, 0,
                "the platform has provisioned no such extension for this user: ask the administrator", NULL);
        else if (err)
            ix_failure_set(&p->f, err, IRISX_DOMAIN_LOCAL, 0, NULL, NULL);
    }
    if (ix_call_post_with(p->line->client, &p->post, provisioned_on_call_loop, p)) {
        if (!p->f.info.code)
            ix_failure_set(&p->f, IRISX_E_CLOSED, IRISX_DOMAIN_LOCAL, 0, "the client was closed", NULL);
        ix_op_end(&p->line->opening, &p->f); /* closing: the op has been ended, or is now */
        provision_free(p);
    }
}

/* ---- a password that the platform has changed -------------------------------------------- */
struct renewal {
    struct ix_post post;
    irisx_line_t *line; /* referenced */
    char *password; /* NULL: none came */
};

static void renewed_on_call_loop(void *arg)
{
    struct renewal *r = arg;
    irisx_client_t *c = r->line->client;

    ix_line_renew(ix_engine_phone(c->engine), r->line->id, r->password, ix_engine_now(c->engine));
    wipe_free(r->password);
    irisx_line_unref(r->line);
    ix_free(r);
}

static void renewed_here(void *ctx, irisx_op_t *op)
{
    struct renewal *r = ctx;

    if (!irisx_op_error(op)->code)
        r->password =
            ix_dup_cstr(irisx_value_get_text(pick_extension(irisx_op_value(op), r->line->user), "sip_password", NULL));
    if (ix_call_post_with(r->line->client, &r->post, renewed_on_call_loop, r)) { /* the client closes */
        wipe_free(r->password);
        irisx_line_unref(r->line);
        ix_free(r);
    }
}

void ix_line_revoked(const struct ix_phone_event *ev)
{
    irisx_line_t *l = ev->user;
    irisx_client_t *c = l->client;
    struct renewal *r = ix_alloc(sizeof *r);

    if (r)
        r->line = irisx_line_ref(l);
    if (r && !ix_rest_submit_then(c, "webrtc.credentials.get", NULL, renewed_here, r))
        return;
    if (r)
        irisx_line_unref(r->line);
    ix_free(r);
    ix_line_renew(ix_engine_phone(c->engine), l->id, NULL, ix_engine_now(c->engine));
}

irisx_error_t irisx_line_open_provisioned(
    irisx_client_t *c, const char *extension, irisx_line_t **line_out, irisx_op_t **op_out)
{
    struct provision *p;
    irisx_line_t *l;
    irisx_op_t *op;
    int err;

    if (!c)
        return IRISX_E_INVALID;
    if (!ix_client_usable(c))
        return IRISX_E_CLOSED;
    if (!c->o.api_url)
        return IRISX_E_STATE;
    p = ix_alloc(sizeof *p);
    l = p ? line_new(c) : NULL;
    op = l ? ix_op_new(c) : NULL;
    if (!op) {
        irisx_line_unref(l);
        ix_free(p);
        return IRISX_E_NO_MEMORY;
    }
    l->extension = ix_dup_cstr(extension);
    l->provisioned = true;
    l->opening = irisx_op_ref(op);
    op->cancel = cancel_open;
    op->line = l;
    p->line = irisx_line_ref(l);
    ix_failure_clear(&p->f);
    err = extension && !l->extension ? IRISX_E_NO_MEMORY
                                     : ix_rest_submit_then(c, "webrtc.credentials.get", NULL, credentials_here, p);
    if (err) {
        provision_free(p);
        irisx_op_unref(l->opening);
        ix_op_discard(op);
        irisx_line_unref(l);
        return (irisx_error_t) err;
    }
    return line_give(l, op, line_out, op_out);
}
