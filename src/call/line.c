/* SPDX-License-Identifier: MIT */
/*
 * A line: an account at a SIP-over-WebSocket server, kept registered. RFC 3261 section 10, RFC 7118.
 *
 *   CONNECTING <--> REGISTERING <--> READY        FAILED: refused for good        CLOSED: final
 */
#include <string.h>

#include "call/private.h"

struct ix_line *ix_line_get(const struct ix_phone *p, uint32_t id)
{
    return ix_id_get(p->line_by_id, id);
}

static void line_event(struct ix_line *l, enum ix_line_state state, const struct ix_phone_error *error)
{
    struct ix_line_event *e;

    l->state = state;
    if (l->event_count < IX_LINE_EVENTS)
        l->event_count++;
    e = &l->events[l->event_count - 1];
    e->state = state;
    if (error)
        e->error = *error;
    else
        memset(&e->error, 0, sizeof e->error);
    ix_dirty(&l->obj);
}

void ix_line_free(struct ix_line *l)
{
    struct ix_transport *t;

    if (!l)
        return;
    ix_subs_line(l->obj.phone, l->obj.id, false);
    t = ix_transport_get(l->obj.phone, l->transport);
    l->state = IX_LINE_FAILED;
    ix_servers_drop_old(l);
    ix_sip_reg_free(l->reg);
    ix_sip_auth_free(l->auth);
    ix_id_remove(l->obj.phone->line_by_id, l->obj.id);
    l->obj.phone->line_count--;
    ix_object_clear(&l->obj);
    if (t)
        ix_transport_close(t);
    ix_servers_free(l);
    ix_free(l->ca_file);
    ix_free(l->user);
    ix_free(l->realm);
    ix_free(l->display);
    ix_free(l->aor);
    ix_free(l);
}

struct ix_str ix_url_host(const char *url)
{
    struct ix_str s = ix_str(url), head;

    (void) ix_str_cut(&s, ':', &head);
    if (ix_str_starts(s, IX_STR("//")))
        s = ix_str_slice(s, 2, s.n);
    (void) ix_str_cut(&s, '/', &head);
    s = head;
    if (s.n && s.p[0] == '[')
        return ix_str_slice(s, 0, ix_str_find(s, ']') + 1);
    (void) ix_str_cut(&s, ':', &head);
    return head;
}

static int line_texts(struct ix_line *l, const struct ix_line_config *config)
{
    struct ix_sip_uri parsed;
    struct ix_buf b;
    int err;

    l->user = ix_dup_cstr(config->user);
    l->realm = config->realm && *config->realm ? ix_dup_cstr(config->realm) : ix_str_dup(ix_url_host(config->ws_url));
    l->display = ix_dup_cstr(config->display_name);
    l->ca_file = ix_dup_cstr(config->ca_file);
    if (!l->user || !l->realm || (config->display_name && !l->display) || (config->ca_file && !l->ca_file))
        return IRISX_E_NO_MEMORY;
    ix_buf_init(&b, 1024);
    ix_buf_str(&b, "sip:");
    ix_sip_user_write(&b, ix_str(l->user));
    ix_buf_str(&b, "@");
    ix_buf_str(&b, l->realm);
    err = b.err;
    l->aor = ix_buf_take(&b);
    if (!l->aor)
        return err == IRISX_E_TOO_LARGE ? IRISX_E_INVALID : IRISX_E_NO_MEMORY;
    return ix_sip_uri_parse(&parsed, ix_str(l->aor)) ? IRISX_E_INVALID : 0;
}

static int line_registration(struct ix_line *l, const struct ix_line_config *config)
{
    struct ix_phone *p = l->obj.phone;
    struct ix_sip_reg_config reg = {
        .stack = p->stack, .aor = ix_str(l->aor), .display = ix_str(l->display), .expires = config->expires_s, .user = l
    };
    struct ix_buf uri;
    int err = ix_sip_auth_new(p->config.rng, ix_str(config->auth_user ? config->auth_user : config->user),
        ix_str(config->password ? config->password : ""), &l->auth);

    if (err)
        return err;
    ix_buf_init(&uri, 512);
    ix_buf_str(&uri, "sip:");
    ix_buf_str(&uri, l->realm);
    reg.registrar = ix_str_n(uri.p, uri.n);
    reg.auth = l->auth;
    err = uri.err ? uri.err : ix_sip_reg_new(&reg, &l->reg);
    ix_buf_clear(&uri);
    return err;
}

bool ix_url_ok(const char *url)
{
    struct ix_str s = ix_str(url);

    return (ix_str_istarts(s, IX_STR("ws://")) || ix_str_istarts(s, IX_STR("wss://"))) && ix_url_host(url).n;
}

int ix_line_open(struct ix_phone *p, const struct ix_line_config *config, struct ix_now now, uint32_t *line_out)
{
    struct ix_transport *t;
    struct ix_line *l;
    int err;

    p->now = now;
    if (!config->ws_url || !config->user || !*config->user || !ix_url_ok(config->ws_url))
        return IRISX_E_INVALID;
    if (p->shutting_down)
        return IRISX_E_CLOSED;
    l = ix_alloc(sizeof *l);
    if (!l)
        return IRISX_E_NO_MEMORY;
    if (ix_object_init(p, &l->obj, IX_OBJ_LINE, &p->lines)) {
        ix_free(l);
        return IRISX_E_NO_MEMORY;
    }
    p->line_count++;
    l->no_register = config->no_register;
    l->auto_answer = config->auto_answer;
    l->auto_answer_ms = config->auto_answer_ms;
    l->max_calls = config->max_calls;
    l->ring_limit_ms = config->ring_limit_ms;
    l->user_data = config->user_data;
    l->renewable = config->renewable;
    l->close_us = l->renew_by_us = IX_NEVER;
    err = ix_id_set(p->line_by_id, l->obj.id, l);
    if (!err)
        err = ix_servers_take(l, config);
    if (!err)
        err = line_texts(l, config);
    if (!err)
        err = line_registration(l, config);
    if (!err)
        err = ix_transport_new(p, l, config->ws_url, config->ca_file, &t);
    if (err) {
        ix_line_free(l);
        return err;
    }
    l->transport = t->obj.id;
    line_event(l, IX_LINE_CONNECTING, NULL);
    *line_out = l->obj.id;
    return 0;
}

void ix_line_rearm(struct ix_line *l)
{
    uint64_t at = ix_sip_reg_deadline(l->reg);

    at = IX_MIN(at, l->close_us);
    at = IX_MIN(at, l->renew_by_us);
    at = IX_MIN(at, ix_servers_deadline(l));
    ix_object_wake(&l->obj, at);
}

static void line_closed(struct ix_line *l)
{
    struct ix_transport *t = ix_transport_get(l->obj.phone, l->transport);

    l->close_us = IX_NEVER;
    if (l->state == IX_LINE_CLOSED)
        return;
    line_event(l, IX_LINE_CLOSED, NULL);
    ix_subs_line(l->obj.phone, l->obj.id, false);
    if (t)
        ix_transport_close(t);
}

void ix_line_close(struct ix_phone *p, uint32_t line, struct ix_now now)
{
    struct ix_line *l = ix_line_get(p, line);
    p->now = now;
    if (!l || l->closing)
        return;
    l->closing = true;
    IX_LIST_EACH_SAFE (node, &p->calls) {
        struct ix_call *c = IX_CONTAINER(node, struct ix_call, obj.all);

        if (c->line == line)
            (void) ix_call_hangup(p, c->obj.id, 16, now); /* one that has ended refuses */
    }
    IX_LIST_EACH_SAFE (node, &p->subs) {
        struct ix_sub *s = IX_CONTAINER(node, struct ix_sub, obj.all);

        if (s->line == line)
            ix_sub_close(p, s->obj.id, now);
    }
    l->close_us = now.mono_us + IX_FAREWELL_US;
    if (ix_sip_reg_state(l->reg) == IX_SIP_REG_REGISTERED || ix_sip_reg_state(l->reg) == IX_SIP_REG_TRYING)
        ix_sip_reg_stop(l->reg, now);
    else
        l->close_us = l->state == IX_LINE_READY ? l->close_us : now.mono_us;
    l->close_by_us = now.mono_us + IX_FAREWELL_US;
    ix_line_rearm(l);
    ix_dirty(&l->obj);
}

static void line_ready(struct ix_line *l)
{
    struct ix_transport *t = ix_transport_get(l->obj.phone, l->transport);

    l->worked = true;
    ix_servers_ready(l);
    if (t)
        ix_transport_keep(t, ix_sip_reg_flow_timer(l->reg));
    if (l->state == IX_LINE_READY || l->closing)
        return;
    line_event(l, IX_LINE_READY, NULL);
    ix_subs_line(l->obj.phone, l->obj.id, true);
}

void ix_line_register(struct ix_line *l)
{
    if (l->server_count > 1 || l->targets.count)
        l->answer_by_us = l->obj.phone->now.mono_us + IX_REGISTER_US;
    ix_sip_reg_start(l->reg, l->transport, l->obj.phone->now);
    ix_line_rearm(l);
    ix_dirty(&l->obj);
}

void ix_line_transport_opened(struct ix_line *l)
{
    if (l->closing)
        return; /* only for the farewells that the stack kept */
    if (l->no_register) {
        line_ready(l);
        return;
    }
    line_event(l, IX_LINE_REGISTERING, NULL);
    ix_line_register(l);
}

void ix_line_transport_closed(struct ix_line *l, int err, bool fatal, const char *detail, uint64_t retry_us)
{
    struct ix_phone *p = l->obj.phone;
    struct ix_phone_error e;

    (void) retry_us;
    l->answer_by_us = IX_NEVER;
    ix_sip_reg_transport_closed(l->reg, p->now);
    ix_line_rearm(l);
    if (l->closing) {
        line_closed(l);
        return;
    }
    if (l->state == IX_LINE_FAILED || l->state == IX_LINE_CLOSED)
        return;
    ix_error_set(
        &e, err ? err : IRISX_E_NETWORK, "%s", detail ? detail : "the connection to the server was lost; trying again");
    line_event(l, fatal ? IX_LINE_FAILED : IX_LINE_CONNECTING, &e);
    ix_servers_drop_old(l);
}

static void registration_failed(struct ix_line *l, const struct ix_sip_reg_event *ev, struct ix_phone_error *e)
{
    int code = ev->err ? ev->err : IRISX_E_SERVER;
    const char *what = "the server refused the registration";

    if (ev->status == 401 || ev->status == 403 || ev->status == 407 || code == IRISX_E_AUTH ||
        code == IRISX_E_FORBIDDEN) {
        code = IRISX_E_AUTH;
        what = "wrong user or password";
    } else if (code == IRISX_E_TIMEOUT) {
        what = "the server does not answer REGISTER";
    } else if (ev->status == 404) {
        what = "the server does not know this user";
    }
    if (ev->status)
        ix_error_set(e, code, "%s: %s at %s (SIP %u)", what, l->user, l->realm, ev->status);
    else
        ix_error_set(e, code, "%s: %s at %s", what, l->user, l->realm);
    e->sip_status = (uint16_t) ev->status;
    e->by_peer = ev->status != 0;
}

/* Refused for good: its calls hear BYE before the connection goes. (The binding cannot be removed: REGISTER is what was
 * refused.) */
static void part(struct ix_line *l, const struct ix_phone_error *why)
{
    struct ix_phone *p = l->obj.phone;

    IX_LIST_EACH_SAFE (node, &p->calls) {
        struct ix_call *c = IX_CONTAINER(node, struct ix_call, obj.all);

        if (c->line != l->obj.id || c->ending)
            continue;
        ix_error_set(&c->report.error, why->code, "the line was refused: %s", why->message);
        c->report.error.why = IRISX_REASON_LINE_REFUSED;
        ix_call_farewell(c, 16);
    }
    l->close_us = p->now.mono_us;
    l->close_by_us = p->now.mono_us + IX_FAREWELL_US;
    ix_line_rearm(l);
}

/* Refused for good, unless the platform has another password for it. */
static void refused(struct ix_line *l, const struct ix_phone_error *e)
{
    l->renew_by_us = IX_NEVER;
    if (l->renewable && l->worked && e->code == IRISX_E_AUTH) { /* once: it has to work again first */
        l->worked = false;
        l->renewing = l->want_credentials = true;
        l->refusal = *e;
        l->renew_by_us = l->obj.phone->now.mono_us + IX_SIP_64T1;
        l->state = IX_LINE_REGISTERING;
        return;
    }
    l->renewing = false;
    line_event(l, IX_LINE_FAILED, e);
    ix_servers_drop_old(l);
    ix_subs_line(l->obj.phone, l->obj.id, false);
    part(l, e);
}

void ix_line_renew(struct ix_phone *p, uint32_t line, const char *password, struct ix_now now)
{
    struct ix_line *l = ix_line_get(p, line);
    const struct ix_transport *t = l ? ix_transport_get(p, l->transport) : NULL;

    p->now = now;
    if (!l || !l->renewing || l->closing)
        return;
    l->renewing = false;
    l->renew_by_us = IX_NEVER;
    if (!password || ix_sip_auth_set_password(l->auth, ix_str(password)))
        refused(l, &l->refusal);
    else if (t && t->state == IX_TR_OPEN)
        ix_line_register(l); /* else as soon as it is open */
    ix_line_rearm(l);
    ix_dirty(&l->obj);
}

/* it does not register now: if there is another server, that one's turn */
static void line_waits(struct ix_line *l, const struct ix_phone_error *e)
{
    struct ix_transport *t = ix_transport_get(l->obj.phone, l->transport);

    ix_servers_drop_old(l);
    if (t && (l->server_count > 1 || l->targets.count) && !ix_line_has_calls(l))
        ix_transport_leave(t, e->code, e->message);
    else
        line_event(l, IX_LINE_REGISTERING, e);
}

static void registration_event(struct ix_line *l, const struct ix_sip_reg_event *ev)
{
    struct ix_phone_error e;

    switch (ev->state) {
    case IX_SIP_REG_REGISTERED:
        line_ready(l);
        break;
    case IX_SIP_REG_WAITING:
        registration_failed(l, ev, &e);
        line_waits(l, &e);
        break;
    case IX_SIP_REG_FAILED:
        if (l->closing)
            break;
        registration_failed(l, ev, &e);
        if (ev->status < 300 || ev->status > 399 || !ix_servers_follow(l, ev->status, &e))
            refused(l, &e);
        break;
    case IX_SIP_REG_IDLE:
    case IX_SIP_REG_TRYING:
    case IX_SIP_REG_REMOVING:
    case IX_SIP_REG_REMOVED:
        break;
    }
    if (l->closing &&
        (ev->state == IX_SIP_REG_REMOVED || ev->state == IX_SIP_REG_FAILED || ev->state == IX_SIP_REG_IDLE))
        l->close_us = l->obj.phone->now.mono_us;
}

/* the calls' farewells go first: they need the connection, or one that may be there again soon */
bool ix_line_has_calls(const struct ix_line *l)
{
    IX_LIST_EACH (node, &l->obj.phone->calls)
        if (IX_CONTAINER(node, struct ix_call, obj.all)->line == l->obj.id)
            return true;
    return false;
}

static bool must_stay(const struct ix_line *l)
{
    const struct ix_phone *p = l->obj.phone;

    if (ix_line_has_calls(l))
        return true; /* bounded by the calls' own farewell time */
    return p->now.mono_us < l->close_by_us && ix_sip_transport_farewells(p->stack, l->transport) > 0;
}

static void line_parted(struct ix_line *l)
{
    struct ix_transport *t = ix_transport_get(l->obj.phone, l->transport);

    l->close_us = IX_NEVER;
    if (t)
        ix_transport_close(t);
}

void ix_line_timeout(struct ix_line *l)
{
    struct ix_phone *p = l->obj.phone;

    ix_sip_reg_timeout(l->reg, p->now);
    ix_servers_timeout(l);
    if (p->now.mono_us >= l->renew_by_us && l->renewing) /* nobody has another one */
        ix_line_renew(p, l->obj.id, NULL, p->now);
    if (p->now.mono_us >= l->close_us) {
        if (must_stay(l))
            l->close_us = p->now.mono_us + 10 * IX_MS;
        else if (l->closing)
            line_closed(l);
        else
            line_parted(l);
    }
    ix_line_rearm(l);
}

bool ix_line_sip(struct ix_phone *p, const struct ix_sip_out *so)
{
    struct ix_object *o = so->user;
    struct ix_line *l;

    if (!o || o->kind != IX_OBJ_LINE)
        return false;
    l = IX_CONTAINER(o, struct ix_line, obj);
    if (so->kind == IX_SIP_OUT_RESPONSE && so->msg->status / 100 == 3 && ix_sip_reg_owns(l->reg, so->txn) &&
        !l->closing)
        ix_servers_redirect(l, so->msg);
    (void) ix_sip_reg_input(l->reg, so, p->now); /* a line's transactions are all its registration's */
    ix_line_rearm(l);
    ix_dirty(&l->obj);
    return true;
}

bool ix_line_poll(struct ix_line *l, struct ix_phone_out *out)
{
    struct ix_sip_reg_event ev;
    enum ix_line_state state;

    while (ix_sip_reg_poll(l->reg, &ev))
        registration_event(l, &ev);
    ix_line_rearm(l);
    if (l->want_credentials) {
        l->want_credentials = false;
        out->kind = IX_OUT_EVENT;
        out->event = (struct ix_phone_event){
            .kind = IX_EV_CREDENTIALS, .line = l->obj.id, .error = &l->refusal, .user = l->user_data
        };
        ix_dirty(&l->obj);
        return true;
    }
    if (!l->event_count)
        return false;
    state = l->events[0].state;
    l->obj.phone->polled = l->events[0].error;
    l->event_count--;
    memmove(&l->events[0], &l->events[1], l->event_count * sizeof l->events[0]);
    out->kind = IX_OUT_EVENT;
    out->event = (struct ix_phone_event){ .kind = IX_EV_LINE,
        .line = l->obj.id,
        .transport = l->transport,
        .state = (int) state,
        .error = &l->obj.phone->polled,
        .user = l->user_data };
    if (state == IX_LINE_READY) {
        ix_set_spare(l->obj.phone);
        ix_calls_back(l->obj.phone, l->obj.id);
    }
    if (state == IX_LINE_CLOSED)
        ix_line_free(l);
    else
        ix_dirty(&l->obj);
    return true;
}

/* ---- what requests of a line carry -------------------------------------------------------- */
struct ix_str ix_line_route(const struct ix_line *l)
{
    return ix_sip_reg_route(l->reg);
}

struct ix_str ix_line_anonymous(const struct ix_line *l)
{
    return ix_sip_reg_anonymous(l->reg);
}

int ix_line_host(const struct ix_line *l, char **uri_out)
{
    struct ix_buf b;

    ix_buf_init(&b, 512);
    ix_buf_fmt(&b, "sip:%s", l->realm);
    *uri_out = ix_buf_take(&b);
    return *uri_out ? 0 : IRISX_E_NO_MEMORY;
}

bool ix_line_address_text(const struct ix_line *l, struct ix_buf *b)
{
    ix_buf_init(b, 1024);
    ix_sip_write_addr(b, ix_str(l->display), ix_str(l->aor), IX_STR_NONE);
    return !b->err;
}
