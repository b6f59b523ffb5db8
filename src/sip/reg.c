/* SPDX-License-Identifier: MIT */
/*
 * A registration (RFC 3261 section 10.2, RFC 7118 section 5, RFC 5626 instance and reg-id, RFC 5627 GRUU, RFC 3608
 * Service-Route): one binding, kept fresh.
 *
 *   IDLE -start-> TRYING -2xx-> REGISTERED -refresh fails-> WAITING -back-off-> (REGISTER again)
 *     ^             |  \- 403, wrong password, other 4xx, 6xx: FAILED     stop: REMOVING -> REMOVED
 *     \- transport closed (from any but FAILED and REMOVED)
 */
#include "sip/stack.h"

#define MAX_EVENTS 8
#define MAX_BRIEF 2 /* 423 in a row: the second Min-Expires must suffice */
#define BACKOFF_FIRST_S 2
#define BACKOFF_MAX_S 120
#define RETRY_AFTER_MAX_S 3600

struct ix_sip_reg {
    struct ix_sip_stack *stack;
    struct ix_sip_auth *auth;
    void *user;
    char *registrar, *aor, *display, *instance;
    char *contact; /* URI of our binding on this transport; NULL without one */
    char *route, *anonymous; /* Service-Route and temporary GRUU of the last 200; NULL none */
    uint32_t flow_s; /* Flow-Timer; 0 none */
    bool plain; /* 439: the way there knows no outbound */
    char call_id[33], from_tag[IX_SIP_TAG + 1];
    uint32_t cseq, transport, asked_s, granted_s;
    unsigned failures, brief;
    ix_sip_txn txn;
    enum ix_sip_reg_state state;
    uint64_t at_us; /* next REGISTER */
    struct ix_sip_reg_event events[MAX_EVENTS];
    size_t event_count;
};

int ix_sip_reg_new(const struct ix_sip_reg_config *config, struct ix_sip_reg **out)
{
    struct ix_sip_reg *r = ix_alloc(sizeof *r);
    if (!r)
        return IRISX_E_NO_MEMORY;
    r->stack = config->stack;
    r->auth = config->auth;
    r->user = config->user;
    r->asked_s = config->expires ? config->expires : 300;
    r->at_us = IX_NEVER;
    r->registrar = ix_str_dup(config->registrar);
    r->aor = ix_str_dup(config->aor);
    r->display = ix_str_dup(config->display);
    r->instance = ix_str_dup(config->instance);
    ix_rng_token(r->stack->rng, r->call_id, 32);
    ix_rng_token(r->stack->rng, r->from_tag, IX_SIP_TAG);
    if (!r->registrar || !r->aor || !r->display || !r->instance) {
        ix_sip_reg_free(r);
        return IRISX_E_NO_MEMORY;
    }
    *out = r;
    return 0;
}

static void forget(struct ix_sip_reg *r, struct ix_now now)
{
    const struct ix_sip_tx *tx = ix_sip_tx_find(r->stack, r->txn);
    if (tx)
        r->cseq = IX_MAX(r->cseq, tx->cseq);
    ix_sip_txn_forget(r->stack, r->txn, now);
    r->txn = 0;
}

void ix_sip_reg_free(struct ix_sip_reg *r)
{
    if (!r)
        return;
    forget(r, r->stack->now);
    ix_free(r->registrar);
    ix_free(r->aor);
    ix_free(r->display);
    ix_free(r->instance);
    ix_free(r->contact);
    ix_free(r->route);
    ix_free(r->anonymous);
    ix_free(r);
}

/* the newest state is what counts: with nobody polling it takes the last place */
static void set_state(struct ix_sip_reg *r, enum ix_sip_reg_state state, int err, unsigned status)
{
    struct ix_sip_reg_event ev = { .state = state, .err = err, .status = status, .expires = r->granted_s };
    if (state == r->state && state != IX_SIP_REG_WAITING)
        return;
    ix_log(r->stack->log, IX_LOG_DEBUG, "sip", "registration: state %d to %d (%s)", (int) r->state, (int) state,
        ix_error_text(err));
    r->state = state;
    ev.retry_us = state == IX_SIP_REG_WAITING ? r->at_us : 0;
    if (r->event_count == MAX_EVENTS)
        r->event_count--;
    r->events[r->event_count++] = ev;
}

/* ---- sending ----------------------------------------------------------------------------- */

static void wait_and_retry(struct ix_sip_reg *r, int err, unsigned status, uint32_t least_s, struct ix_now now)
{
    uint32_t shift = IX_MIN(r->failures, 6);
    uint64_t delay = IX_MIN(BACKOFF_FIRST_S << shift, BACKOFF_MAX_S) * IX_S;
    delay =
        delay / 2 + ix_rng_below(r->stack->rng, (uint32_t) (delay / 2)); /* many clients shall not come back at once */
    delay = IX_MAX(delay, IX_MIN(least_s, RETRY_AFTER_MAX_S) * IX_S);
    r->failures++;
    r->at_us = ix_time_add(now.mono_us, delay);
    set_state(r, IX_SIP_REG_WAITING, err, status);
}

static void write_contact(struct ix_buf *b, const struct ix_sip_reg *r, uint32_t expires)
{
    ix_buf_fmt(b, "<%s>", r->contact);
    if (r->instance[0])
        ix_buf_fmt(b, ";+sip.instance=\"<%s>\"%s", r->instance, r->plain ? "" : ";reg-id=1");
    ix_buf_fmt(b, ";expires=%u", expires);
}

static int send_register(struct ix_sip_reg *r, uint32_t expires, struct ix_now now)
{
    struct ix_buf party, contact, headers;
    ix_buf_init(&party, 2048);
    ix_buf_init(&contact, 2048);
    ix_buf_init(&headers, 256);
    ix_sip_write_addr(&party, ix_str(r->display), ix_str(r->aor), IX_STR_NONE);
    write_contact(&contact, r, expires);
    ix_buf_fmt(&headers, "Expires: %u\r\n", expires);
    int err = party.err ? party.err : contact.err ? contact.err : headers.err;
    if (!err) {
        struct ix_sip_request req = { .method = IX_SIP_REGISTER,
            .uri = ix_str(r->registrar),
            .from = ix_str_n(party.p, party.n),
            .to = ix_str_n(party.p, party.n),
            .from_tag = ix_str(r->from_tag),
            .call_id = ix_str(r->call_id),
            .cseq = r->cseq + 1,
            .contact = ix_str_n(contact.p, contact.n),
            .headers = ix_str_n(headers.p, headers.n),
            .auth = r->auth };
        err = ix_sip_send_request(r->stack, r->transport, &req, r->user, now, &r->txn);
    }
    ix_buf_clear(&party);
    ix_buf_clear(&contact);
    ix_buf_clear(&headers);
    if (!err)
        r->cseq++;
    return err;
}

static void register_now(struct ix_sip_reg *r, struct ix_now now)
{
    r->at_us = IX_NEVER;
    int err = send_register(r, r->asked_s, now);
    if (err)
        wait_and_retry(r, err, 0, 0, now);
    else if (r->state != IX_SIP_REG_REGISTERED)
        set_state(r, IX_SIP_REG_TRYING, 0, 0);
}

/* ---- commands ---------------------------------------------------------------------------- */

void ix_sip_reg_start(struct ix_sip_reg *r, uint32_t transport, struct ix_now now)
{
    struct ix_sip_addr own;
    forget(r, now);
    ix_free(r->contact);
    r->contact = NULL;
    r->transport = transport;
    r->failures = 0;
    r->brief = 0;
    r->plain = false;
    r->state = IX_SIP_REG_IDLE;
    if (ix_sip_addr_parse(&own, ix_sip_transport_contact(r->stack, transport))) {
        set_state(r, IX_SIP_REG_FAILED, IRISX_E_CLOSED, 0);
        return;
    }
    r->contact = ix_str_dup(own.uri.text);
    if (r->contact)
        register_now(r, now);
    else
        set_state(r, IX_SIP_REG_FAILED, IRISX_E_NO_MEMORY, 0);
}

void ix_sip_reg_stop(struct ix_sip_reg *r, struct ix_now now)
{
    bool bound = r->contact && r->state != IX_SIP_REG_FAILED && r->state != IX_SIP_REG_REMOVED;
    if (r->state == IX_SIP_REG_REMOVING)
        return;
    r->at_us = IX_NEVER;
    forget(r, now);
    if (bound && !send_register(r, 0, now))
        set_state(r, IX_SIP_REG_REMOVING, 0, 0);
    else
        set_state(r, IX_SIP_REG_REMOVED, 0, 0);
}

void ix_sip_reg_transport_closed(struct ix_sip_reg *r, struct ix_now now)
{
    forget(r, now);
    r->at_us = IX_NEVER;
    ix_free(r->contact);
    r->contact = NULL;
    if (r->state == IX_SIP_REG_REMOVING)
        set_state(r, IX_SIP_REG_REMOVED, 0, 0); /* the server drops the binding with the socket */
    else if (r->state != IX_SIP_REG_FAILED && r->state != IX_SIP_REG_REMOVED)
        set_state(r, IX_SIP_REG_IDLE, IRISX_E_NETWORK, 0);
}

/* ---- outcomes ---------------------------------------------------------------------------- */

/* how surely a listed Contact is ours; a server that corrects NATs has rewritten its URI */
static unsigned likeness(const struct ix_sip_reg *r, const struct ix_sip_addr *a, const struct ix_sip_uri *own)
{
    struct ix_str id;

    if (ix_sip_uri_eq(&a->uri, own))
        return 4;
    if (r->instance[0] && ix_sip_param(a->params, "+sip.instance", &id) &&
        ix_str_ieq(ix_str_slice(id, 1, id.n - (id.n > 0)), ix_str(r->instance)))
        return 3;
    return ix_str_eq(a->uri.user, own->user) ? 2 : 1; /* the user part is random; else it counts if it is alone */
}

/* our own binding among all that are listed (RFC 3261 section 10.2.4) */
static bool own_binding(const struct ix_sip_reg *r, const struct ix_sip_msg *msg, struct ix_sip_addr *out)
{
    struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_CONTACT);
    unsigned best = 0, count = 0;
    struct ix_sip_addr addr;
    struct ix_sip_uri own;
    struct ix_str value;

    if (ix_sip_uri_parse(&own, ix_str(r->contact)))
        return false;
    while (ix_sip_values_next(&it, &value)) {
        if (ix_sip_addr_parse(&addr, value) || addr.star)
            continue;
        count++;
        if (likeness(r, &addr, &own) <= best)
            continue;
        best = likeness(r, &addr, &own);
        *out = addr;
    }
    return best > 1 || count == 1;
}

static uint32_t granted(const struct ix_sip_reg *r, const struct ix_sip_msg *msg, const struct ix_sip_addr *own)
{
    struct ix_str text;
    uint32_t seconds;

    if (own && ix_sip_param(own->params, "expires", &text) && !ix_str_u32(text, UINT32_MAX, &seconds))
        return seconds;
    return ix_sip_get_u32(msg, IX_SIP_H_EXPIRES, &seconds) ? r->asked_s : seconds;
}

/* the Service-Route header as the value of a Route; NULL: there is none, or no room for it */
static char *service_route(const struct ix_sip_msg *msg)
{
    struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_SERVICE_ROUTE);
    struct ix_str value;
    struct ix_buf b;

    ix_buf_init(&b, 2048);
    while (ix_sip_values_next(&it, &value)) {
        ix_buf_str(&b, b.n ? ", " : "");
        ix_sip_unfold(&b, value);
    }
    if (b.n)
        return ix_buf_take(&b);
    ix_buf_clear(&b);
    return NULL;
}

static bool uri_in(const struct ix_sip_addr *own, const char *name, struct ix_str *uri)
{
    struct ix_sip_uri parsed;

    return own && ix_sip_param(own->params, name, uri) && !ix_sip_uri_parse(&parsed, *uri) && ix_sip_clean(*uri);
}

/* what the 200 gives besides time; where there is no memory for it, it was not given */
static void learn(struct ix_sip_reg *r, const struct ix_sip_msg *msg, const struct ix_sip_addr *own)
{
    struct ix_str uri = IX_STR_NONE;
    struct ix_buf b;

    ix_free(r->route);
    ix_free(r->anonymous);
    r->route = service_route(msg);
    r->anonymous = uri_in(own, "temp-gruu", &uri) ? ix_str_dup(uri) : NULL;
    if (ix_sip_get_u32(msg, IX_SIP_H_FLOW_TIMER, &r->flow_s))
        r->flow_s = 0;
    ix_buf_init(&b, 1024);
    if (uri_in(own, "pub-gruu", &uri))
        ix_buf_strv(&b, uri);
    else if (ix_sip_list_has(msg, IX_SIP_H_REQUIRE, "outbound"))
        ix_buf_fmt(&b, "%s;ob", r->contact); /* RFC 5626 section 4.3: requests come over this flow */
    (void) ix_sip_transport_name(r->stack, r->transport, ix_str_n(b.p, b.n)); /* no memory: the contact, as before */
    ix_buf_clear(&b);
}

/* a tenth before it runs out, at least 5 s, but never before its half */
static uint64_t refresh_delay(uint32_t expires_s)
{
    uint64_t whole = expires_s * IX_S, margin = IX_MAX(whole / 10, 5 * IX_S);
    return whole - IX_MIN(margin, whole / 2);
}

static void registered(struct ix_sip_reg *r, const struct ix_sip_msg *msg, struct ix_now now)
{
    struct ix_sip_addr own;
    bool listed = own_binding(r, msg, &own);

    r->granted_s = granted(r, msg, listed ? &own : NULL);
    if (!r->granted_s) {
        wait_and_retry(r, IRISX_E_PROTOCOL, msg->status, 0, now);
        return;
    }
    learn(r, msg, listed ? &own : NULL);
    r->failures = 0;
    r->brief = 0;
    r->at_us = ix_time_add(now.mono_us, refresh_delay(r->granted_s));
    set_state(r, IX_SIP_REG_REGISTERED, 0, msg->status);
}

/* RFC 3261 section 10.2.8 */
static bool longer_interval(struct ix_sip_reg *r, const struct ix_sip_msg *msg)
{
    uint32_t least;
    if (r->brief == MAX_BRIEF || ix_sip_get_u32(msg, IX_SIP_H_MIN_EXPIRES, &least) || least <= r->asked_s)
        return false;
    r->brief++;
    r->asked_s = least;
    return true;
}

static int error_of(unsigned status)
{
    switch (status) {
    case 401:
    case 407:
        return IRISX_E_AUTH;
    case 403:
        return IRISX_E_FORBIDDEN;
    case 404:
    case 604:
        return IRISX_E_NOT_FOUND;
    case 408:
    case 504:
        return IRISX_E_TIMEOUT;
    case 480:
        return IRISX_E_UNREACHABLE;
    case 603:
        return IRISX_E_DECLINED;
    default:
        return status >= 500 && status < 600 ? IRISX_E_SERVER : IRISX_E_PROTOCOL;
    }
}

static void refused(struct ix_sip_reg *r, const struct ix_sip_msg *msg, struct ix_now now)
{
    bool later = msg->status == 408 || msg->status == 480 || (msg->status >= 500 && msg->status < 600);
    uint32_t least_s = 0;
    if (msg->status == 423 && longer_interval(r, msg)) {
        register_now(r, now);
        return;
    }
    if (msg->status == 439 && !r->plain) { /* RFC 5626 section 11.6 */
        r->plain = true;
        register_now(r, now);
        return;
    }
    r->at_us = IX_NEVER;
    if (!later) {
        set_state(r, IX_SIP_REG_FAILED, error_of(msg->status), msg->status);
        return;
    }
    (void) ix_sip_get_u32(msg, IX_SIP_H_RETRY_AFTER, &least_s);
    wait_and_retry(r, error_of(msg->status), msg->status, least_s, now);
}

static void failed(struct ix_sip_reg *r, int err, struct ix_now now)
{
    if (err == IRISX_E_NETWORK)
        ix_sip_reg_transport_closed(r, now);
    else if (r->state == IX_SIP_REG_REMOVING)
        set_state(r, IX_SIP_REG_REMOVED, err, 0);
    else
        wait_and_retry(r, err, 0, 0, now);
}

bool ix_sip_reg_input(struct ix_sip_reg *r, const struct ix_sip_out *out, struct ix_now now)
{
    bool outcome = out->kind == IX_SIP_OUT_RESPONSE || (out->kind == IX_SIP_OUT_FAILED && !out->server);
    if (!outcome || !r->txn || out->txn != r->txn)
        return false;
    r->cseq = IX_MAX(r->cseq, out->cseq);
    if (out->kind == IX_SIP_OUT_RESPONSE && out->msg->status < 200)
        return true;
    r->txn = 0;
    if (out->kind == IX_SIP_OUT_FAILED)
        failed(r, out->err, now);
    else if (r->state == IX_SIP_REG_REMOVING)
        set_state(r, IX_SIP_REG_REMOVED, 0, out->msg->status);
    else if (out->msg->status < 300)
        registered(r, out->msg, now);
    else
        refused(r, out->msg, now);
    return true;
}

void ix_sip_reg_timeout(struct ix_sip_reg *r, struct ix_now now)
{
    if (now.mono_us >= r->at_us)
        register_now(r, now);
}

bool ix_sip_reg_poll(struct ix_sip_reg *r, struct ix_sip_reg_event *out)
{
    if (!r->event_count)
        return false;
    *out = r->events[0];
    r->event_count--;
    for (size_t i = 0; i < r->event_count; i++)
        r->events[i] = r->events[i + 1];
    return true;
}

uint64_t ix_sip_reg_deadline(const struct ix_sip_reg *r)
{
    return r->at_us;
}

enum ix_sip_reg_state ix_sip_reg_state(const struct ix_sip_reg *r)
{
    return r->state;
}

struct ix_str ix_sip_reg_route(const struct ix_sip_reg *r)
{
    return ix_str(r->route);
}

struct ix_str ix_sip_reg_anonymous(const struct ix_sip_reg *r)
{
    return ix_str(r->anonymous);
}

uint32_t ix_sip_reg_flow_timer(const struct ix_sip_reg *r)
{
    return r->flow_s;
}

bool ix_sip_reg_owns(const struct ix_sip_reg *r, ix_sip_txn txn)
{
    return r->txn && r->txn == txn;
}

int ix_sip_reg_set_registrar(struct ix_sip_reg *r, struct ix_str uri)
{
    char *copy = ix_str_dup(uri);

    if (!copy)
        return IRISX_E_NO_MEMORY;
    ix_free(r->registrar);
    r->registrar = copy;
    return 0;
}
