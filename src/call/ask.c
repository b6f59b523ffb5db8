/* SPDX-License-Identifier: MIT */
/*
 * Requests outside of calls and subscriptions: OPTIONS (RFC 3261 section 11) and MESSAGE (RFC 3428) by a line, and what
 * comes unasked: MESSAGE, OPTIONS, NOTIFY without a subscription (FreeSWITCH sends message-summary so). A connection
 * that brings more of them than it may is refused with 503.
 */
#include <string.h>

#include "call/private.h"

/* ---- ours -------------------------------------------------------------------------------- */
void ix_ask_free(struct ix_ask *a)
{
    struct ix_phone *p = a->obj.phone;

    ix_sip_txn_forget(p->stack, a->txn, p->now);
    p->ask_count--;
    ix_object_clear(&a->obj);
    ix_free(a);
}

static int ask_send(struct ix_ask *a, const struct ix_line *l, const struct ix_ask_config *config, const char *uri)
{
    struct ix_phone *p = a->obj.phone;
    struct ix_buf from, to;
    struct ix_sip_request req = { .method = config->message ? IX_SIP_MESSAGE : IX_SIP_OPTIONS,
        .uri = ix_str(uri),
        .route = l ? ix_line_route(l) : IX_STR_NONE,
        .content_type = ix_str(config->content_type ? config->content_type : "text/plain;charset=UTF-8"),
        .body = ix_str_n(config->body, config->body_len),
        .auth = l ? l->auth : NULL };
    int err;

    ix_buf_init(&from, 1024);
    if (l)
        (void) ix_line_address_text(l, &from); /* from.err */
    else
        ix_buf_str(&from, config->from);
    ix_buf_init(&to, 1024);
    ix_sip_write_addr(&to, IX_STR_NONE, ix_str(uri), IX_STR_NONE);
    req.from = ix_str_n(from.p, from.n);
    req.to = ix_str_n(to.p, to.n);
    err = from.err || to.err
              ? IRISX_E_NO_MEMORY
              : ix_sip_send_request(p->stack, l ? l->transport : config->transport, &req, a, p->now, &a->txn);
    ix_buf_clear(&from);
    ix_buf_clear(&to);
    return err;
}

int ix_phone_ask(struct ix_phone *p, const struct ix_ask_config *config, struct ix_now now)
{
    struct ix_line *l = ix_line_get(p, config->line);
    const struct ix_transport *t = ix_transport_get(p, l ? l->transport : config->transport);
    struct ix_ask *a;
    char *uri = NULL;
    int err;

    p->now = now;
    if (config->body_len > IX_TEXT_MAX)
        return IRISX_E_TOO_LARGE;
    if (((config->message || !config->line) && !config->to) || (!config->line && !config->from))
        return IRISX_E_INVALID;
    if (!t || t->state != IX_TR_OPEN || (config->line && (!l || l->closing)))
        return IRISX_E_STATE;
    if (p->ask_count == IX_MAX_REQUESTS)
        return IRISX_E_LIMIT;
    err = !l ? 0 : config->to ? ix_call_target(l, config->to, &uri) : ix_line_host(l, &uri);
    a = err ? NULL : ix_alloc(sizeof *a);
    if (!a || ix_object_init(p, &a->obj, IX_OBJ_ASK, &p->asks)) {
        ix_free(a);
        ix_free(uri);
        return err ? err : IRISX_E_NO_MEMORY;
    }
    p->ask_count++;
    a->line = config->line;
    a->user_data = config->user_data;
    a->sent_us = now.mono_us;
    err = ask_send(a, l, config, l ? uri : config->to);
    ix_free(uri);
    if (err)
        ix_ask_free(a);
    return err;
}

void ix_ask_output(struct ix_ask *a, const struct ix_sip_out *so)
{
    const struct ix_sip_msg *msg = so->msg;

    if (so->kind == IX_SIP_OUT_RESPONSE && msg->status < 200)
        return;
    a->txn = 0;
    a->done = true;
    a->rtt_us = a->obj.phone->now.mono_us - a->sent_us;
    if (so->kind == IX_SIP_OUT_FAILED) {
        ix_error_set(&a->error, so->err, "%s",
            so->err == IRISX_E_TIMEOUT ? "the server does not answer" : ix_error_text(so->err));
    } else {
        /* whoever refuses OPTIONS is there all the same */
        bool there = msg->method == IX_SIP_OPTIONS && msg->status >= 400 && msg->status < 500 && msg->status != 408 &&
                     msg->status != 480 && msg->status != 401 && msg->status != 403 && msg->status != 407;

        if (msg->status >= 300 && !there)
            ix_error_from_response(&a->error, msg);
        a->error.sip_status = msg->status;
    }
    ix_dirty(&a->obj);
}

bool ix_ask_poll(struct ix_ask *a, struct ix_phone_out *out)
{
    struct ix_phone *p = a->obj.phone;

    if (!a->done)
        return false;
    p->polled = a->error;
    out->kind = IX_OUT_EVENT;
    out->event = (struct ix_phone_event){
        .kind = IX_EV_DONE, .line = a->line, .rtt_us = a->rtt_us, .error = &p->polled, .user = a->user_data
    };
    ix_ask_free(a);
    return true;
}

/* ---- theirs ------------------------------------------------------------------------------ */
/* status to answer a MESSAGE with */
static unsigned message_status(const struct ix_sip_msg *msg)
{
    if (msg->body.n > IX_TEXT_MAX)
        return 413;
    return ix_sip_has(msg, IX_SIP_H_CONTENT_ENCODING) ? 415 : 200;
}

/* a state that comes unasked; NULL: none of ours to read */
static const struct ix_sip_notice *unasked(struct ix_phone *p, const struct ix_sip_msg *msg, unsigned *status)
{
    enum ix_sip_package package = ix_sip_package(ix_sip_get(msg, IX_SIP_H_EVENT));
    int err;

    *status = 200;
    if (package == IX_SIP_PKG_OTHER || !msg->body.n)
        return NULL; /* keep-alives and the like of servers: harmless */
    if (!p->notice)
        p->notice = ix_alloc(sizeof *p->notice);
    if (!p->notice) {
        *status = 500;
        return NULL;
    }
    ix_sip_notice_init(p->notice, package);
    err = ix_sip_notice_read(p->notice, msg->body, ix_rng_u32(p->config.rng));
    *status = err == IRISX_E_NO_MEMORY ? 500 : err && err != IRISX_E_AGAIN ? 400 : 200;
    p->refusals.notifies += *status != 200;
    return *status == 200 ? p->notice : NULL;
}

static unsigned take(struct ix_phone *p, const struct ix_sip_out *so, struct ix_phone_event *ev)
{
    struct ix_transport *t = ix_transport_get(p, so->transport);
    const struct ix_sip_msg *msg = so->msg;
    unsigned status;

    if (t && !ix_transport_admits(t)) {
        p->refusals.requests++;
        return 503;
    }
    switch (msg->method) {
    case IX_SIP_OPTIONS:
        return 200;
    case IX_SIP_MESSAGE:
        status = message_status(msg);
        ev->kind = status == 200 ? IX_EV_MESSAGE : 0;
        ev->msg = msg;
        p->refusals.requests += status != 200;
        return status;
    case IX_SIP_NOTIFY:
        if (msg->to_tag.n) {
            p->refusals.notifies++;
            return 481;
        }
        ev->notice = unasked(p, msg, &status);
        ev->kind = ev->notice ? IX_EV_NOTICE : 0;
        return status;
    case IX_SIP_INFO:
        return 405;
    default:
        return 481;
    }
}

bool ix_request_outside(struct ix_phone *p, const struct ix_sip_out *so, struct ix_phone_out *out)
{
    const struct ix_transport *t = ix_transport_get(p, so->transport);
    struct ix_sip_reply reply = { .headers = IX_STR_NONE };
    struct ix_phone_event ev = { .transport = so->transport, .line = t ? t->line : 0 };

    if (so->msg->method == IX_SIP_NOTIFY && so->msg->to_tag.n && ix_sub_early(p, so))
        return false;
    reply.status = take(p, so, &ev);
    if (reply.status == 503)
        reply.headers = IX_STR("Retry-After: 1\r\n");
    else if (so->msg->method == IX_SIP_OPTIONS)
        reply.headers = IX_STR("Accept: application/sdp, text/plain\r\n");
    (void) ix_sip_respond(p->stack, so->txn, &reply, p->now); /* failing, the peer's transaction times out */
    if (!ev.kind && reply.status < 300)
        return false;
    if (!ev.kind)
        ev.kind = IX_EV_REFUSED;
    out->kind = IX_OUT_EVENT;
    out->event = ev;
    return true;
}

void ix_phone_refusals(const struct ix_phone *p, struct ix_phone_refusals *out)
{
    *out = p->refusals;
}
