/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions of ours (RFC 6665) to dialog, presence and message-summary. One wish, as many SUBSCRIBEs as it takes:
 * refreshed in time, made anew with each registration of the line and when the server gives up.
 *
 *   PENDING --2xx--> ACTIVE --NOTIFY terminated: deactivated, timeout--> PENDING, at once
 *      ^               |      --probation, giveup, 481, 5xx, silence--> PENDING, Retry-After or 2, 4 .. 120 s
 *      \---------------+      --rejected, noresource, invariant, 403, 404, 489 .., closed--> ENDED
 */
#include <string.h>

#include "call/private.h"

#define BACKOFF_FIRST_S 2
#define BACKOFF_MAX_S 120
#define WHOLE_US (5 * IX_S) /* between two requests for the full state */

static void drop_dialog(struct ix_sub *s)
{
    struct ix_phone *p = s->obj.phone;

    ix_sip_txn_forget(p->stack, s->txn, p->now);
    s->txn = 0;
    if (s->dialog)
        ix_sip_dialog_free(s->dialog, p->now);
    s->dialog = NULL;
}

void ix_sub_free(struct ix_sub *s)
{
    struct ix_phone *p = s->obj.phone;

    drop_dialog(s);
    p->sub_count--;
    ix_object_clear(&s->obj);
    ix_free(s->notice);
    ix_free(s->to);
    ix_free(s);
}

static void wake(struct ix_sub *s, uint64_t at_us)
{
    s->at_us = at_us;
    ix_object_wake(&s->obj, at_us);
}

static void tell(struct ix_sub *s, enum ix_sub_state state, const struct ix_phone_error *e)
{
    s->state = state;
    s->report = true;
    if (e)
        s->error = *e;
    else
        memset(&s->error, 0, sizeof s->error);
    ix_dirty(&s->obj);
}

static void ended(struct ix_sub *s, const struct ix_phone_error *e)
{
    drop_dialog(s);
    wake(s, IX_NEVER);
    tell(s, IX_SUB_ENDED, s->closing ? NULL : e);
}

/* asks again at least so much later */
static void again(struct ix_sub *s, uint32_t least_s, bool at_once, const struct ix_phone_error *e)
{
    struct ix_phone *p = s->obj.phone;
    uint64_t delay = IX_MIN(BACKOFF_FIRST_S << IX_MIN(s->failures, 6u), BACKOFF_MAX_S) * IX_S;

    drop_dialog(s);
    if (s->closing) {
        ended(s, NULL);
        return;
    }
    delay = at_once && !s->failures ? 0 : delay / 2 + ix_rng_below(p->config.rng, (uint32_t) (delay / 2));
    s->failures++;
    wake(s, p->now.mono_us + IX_MAX(delay, IX_MIN(least_s, 3600u) * IX_S));
    tell(s, IX_SUB_PENDING, e);
}

/* ---- SUBSCRIBE --------------------------------------------------------------------------- */
static int send_subscribe(struct ix_sub *s, uint32_t expires_s)
{
    struct ix_phone *p = s->obj.phone;
    const struct ix_line *l = ix_line_get(p, s->line);
    struct ix_sip_request req = { .method = IX_SIP_SUBSCRIBE, .uri = ix_str(s->to), .auth = l ? l->auth : NULL };
    struct ix_buf from, to, headers;
    int err;

    if (!l)
        return IRISX_E_CLOSED;
    ix_buf_init(&to, 1024);
    ix_buf_init(&headers, 256);
    ix_buf_fmt(&headers, "Event: %s\r\nAccept: %s\r\nExpires: %u\r\n", ix_sip_package_name(s->notice->package),
        ix_sip_package_accept(s->notice->package), expires_s);
    ix_sip_write_addr(&to, IX_STR_NONE, ix_str(s->to), IX_STR_NONE);
    err = ix_line_address_text(l, &from) ? headers.err | to.err : IRISX_E_NO_MEMORY;
    req.headers = ix_str_n(headers.p, headers.n);
    if (!err && s->dialog) {
        ix_sip_dialog_set_transport(s->dialog, l->transport);
        err = ix_sip_dialog_request(s->dialog, &req, s, p->now, &s->txn);
    } else if (!err) {
        req.from = ix_str_n(from.p, from.n);
        req.to = ix_str_n(to.p, to.n);
        req.from_tag = ix_str(s->tag);
        req.call_id = ix_str(s->call_id);
        req.route = ix_line_route(l);
        err = ix_sip_send_request(p->stack, l->transport, &req, s, p->now, &s->txn);
    }
    ix_buf_clear(&from);
    ix_buf_clear(&to);
    ix_buf_clear(&headers);
    return err;
}

/* a new one: nothing of the one before counts */
static void subscribe(struct ix_sub *s)
{
    struct ix_phone *p = s->obj.phone;
    struct ix_phone_error e;
    int err;

    drop_dialog(s);
    ix_rng_token(p->config.rng, s->call_id, sizeof s->call_id - 1);
    ix_rng_token(p->config.rng, s->tag, sizeof s->tag - 1);
    ix_sip_notice_init(s->notice, s->notice->package);
    wake(s, IX_NEVER);
    err = send_subscribe(s, s->asked_s);
    if (!err || err == IRISX_E_CLOSED)
        return; /* closed: when the line is ready */
    ix_error_set(&e, err, "%s", ix_error_text(err));
    again(s, 0, false, &e);
}

static void refresh(struct ix_sub *s)
{
    wake(s, IX_NEVER);
    if (!s->dialog)
        subscribe(s);
    else if (!s->txn && send_subscribe(s, s->asked_s))
        s->whole = false; /* no connection: the next registration makes it anew; no memory: the server's end does */
}

int ix_sub_open(struct ix_phone *p, const struct ix_sub_config *config, struct ix_now now, uint32_t *subscription_out)
{
    struct ix_line *l = ix_line_get(p, config->line);
    struct ix_sub *s;
    int err;

    p->now = now;
    if (config->package == IX_SIP_PKG_OTHER)
        return IRISX_E_INVALID;
    if (!l || l->closing || l->state == IX_LINE_FAILED || l->state == IX_LINE_CLOSED)
        return IRISX_E_STATE;
    if (p->sub_count == IX_MAX_SUBS) {
        p->refusals.subscriptions++;
        return IRISX_E_LIMIT;
    }
    s = ix_alloc(sizeof *s);
    if (!s)
        return IRISX_E_NO_MEMORY;
    if (ix_object_init(p, &s->obj, IX_OBJ_SUB, &p->subs)) {
        ix_free(s);
        return IRISX_E_NO_MEMORY;
    }
    p->sub_count++;
    s->line = config->line;
    s->user_data = config->user_data;
    s->asked_s = config->expires_s ? config->expires_s : 600;
    s->state = IX_SUB_PENDING;
    s->at_us = IX_NEVER;
    s->notice = ix_alloc(sizeof *s->notice);
    err = s->notice ? ix_call_target(l, config->to ? config->to : l->aor, &s->to) : IRISX_E_NO_MEMORY;
    if (err) {
        ix_sub_free(s);
        return err;
    }
    ix_sip_notice_init(s->notice, config->package);
    *subscription_out = s->obj.id;
    if (l->state == IX_LINE_READY)
        subscribe(s);
    return 0;
}

static struct ix_sub *find(const struct ix_phone *p, uint32_t id)
{
    IX_LIST_EACH (node, &p->subs)
        if (IX_CONTAINER(node, struct ix_sub, obj.all)->obj.id == id)
            return IX_CONTAINER(node, struct ix_sub, obj.all);
    return NULL;
}

void ix_sub_close(struct ix_phone *p, uint32_t subscription, struct ix_now now)
{
    struct ix_sub *s = find(p, subscription);

    p->now = now;
    if (!s || s->closing || s->state == IX_SUB_ENDED)
        return;
    s->closing = true;
    ix_sip_txn_forget(p->stack, s->txn, now);
    s->txn = 0;
    if (s->dialog && !send_subscribe(s, 0))
        wake(s, now.mono_us + IX_FAREWELL_US); /* for the last NOTIFY */
    else
        ended(s, NULL);
}

void ix_subs_line(struct ix_phone *p, uint32_t line, bool ready)
{
    struct ix_phone_error e;

    IX_LIST_EACH_SAFE (node, &p->subs) {
        struct ix_sub *s = IX_CONTAINER(node, struct ix_sub, obj.all);

        if (s->line != line || s->state == IX_SUB_ENDED)
            continue;
        ix_error_set(&e, IRISX_E_CLOSED, "the line is closed or refused");
        if (!ready || s->closing)
            ended(s, &e);
        else
            subscribe(s);
    }
}

/* ---- what comes of it -------------------------------------------------------------------- */
static void refused(struct ix_sub *s, const struct ix_sip_msg *msg)
{
    struct ix_phone_error e;
    uint32_t wait_s = 0, least;

    ix_error_from_response(&e, msg);
    if (msg->status == 423 && !ix_sip_get_u32(msg, IX_SIP_H_MIN_EXPIRES, &least) && least > s->asked_s) {
        s->asked_s = least;
        refresh(s);
        return;
    }
    (void) ix_sip_get_u32(msg, IX_SIP_H_RETRY_AFTER, &wait_s);
    if (msg->status == 481) /* RFC 6665 section 4.1.2.2: the server has lost it */
        again(s, 0, true, &e);
    else if (msg->status == 408 || msg->status == 480 || (msg->status >= 500 && msg->status < 600) || wait_s)
        again(s, wait_s, false, &e);
    else
        ended(s, &e);
}

static void accepted(struct ix_sub *s, const struct ix_sip_out *so)
{
    struct ix_phone *p = s->obj.phone;
    uint32_t granted = s->asked_s;
    uint64_t whole;
    int err = 0;

    if (!s->dialog)
        err = ix_sip_dialog_subscriber(p->stack, so->transport, so->msg, 0, ix_str(s->to), s, &s->dialog);
    if (err) {
        struct ix_phone_error e;

        ix_error_set(&e, err, "%s", ix_error_text(err));
        again(s, 0, false, &e);
        return;
    }
    (void) ix_sip_get_u32(so->msg, IX_SIP_H_EXPIRES, &granted); /* absent: as asked */
    whole = IX_MAX(granted, 2u) * IX_S;
    wake(s, p->now.mono_us + whole - IX_MIN(IX_MAX(whole / 10, 5 * IX_S), whole / 2));
    s->failures = 0;
    if (s->state != IX_SUB_ACTIVE)
        tell(s, IX_SUB_ACTIVE, NULL);
}

/* RFC 6665 section 4.1.3 */
static void terminated(struct ix_sub *s, struct ix_str params)
{
    static const struct {
        const char *reason, *text;
        int code; /* 0: not final */
        bool at_once;
    } reasons[] = {
        { "deactivated", "the server moves the subscription", 0, true },
        { "timeout", "the subscription ran out", 0, true },
        { "probation", "the server wants it later", 0, false },
        { "giveup", "the server could not decide in time", 0, false },
        { "rejected", "the subscription is not allowed", IRISX_E_FORBIDDEN, false },
        { "noresource", "what was subscribed to does not exist any more", IRISX_E_NOT_FOUND, false },
        { "invariant", "the state will not change any more", IRISX_E_NOT_AVAILABLE, false },
        { "", "the server ended the subscription", 0, false },
    };
    struct ix_str reason = IX_STR_NONE, text;
    struct ix_phone_error e;
    uint32_t after = 0;
    size_t i = 0;

    (void) ix_sip_param(params, "reason", &reason);
    if (ix_sip_param(params, "retry-after", &text) && ix_str_u32(text, UINT32_MAX, &after))
        after = 0;
    while (i + 1 < IX_COUNT(reasons) && !ix_str_ieq(reason, ix_str(reasons[i].reason)))
        i++;
    ix_error_set(&e, reasons[i].code ? reasons[i].code : IRISX_E_AGAIN, "%s", reasons[i].text);
    e.by_peer = true;
    if (reasons[i].code)
        ended(s, &e);
    else
        again(s, after, reasons[i].at_once && !after, &e);
}

/* status to answer it with */
static unsigned notice(struct ix_sub *s, const struct ix_sip_msg *msg)
{
    struct ix_phone *p = s->obj.phone;
    int err;

    if (ix_sip_package(ix_sip_get(msg, IX_SIP_H_EVENT)) != s->notice->package)
        return 489;
    if (!msg->body.n)
        return 200;
    if (!ix_sip_content_is(msg, ix_sip_package_accept(s->notice->package)))
        return 415;
    err = ix_sip_notice_read(s->notice, msg->body, ix_rng_u32(p->config.rng));
    s->has_notice = !err || err == IRISX_E_AGAIN;
    if (err == IRISX_E_AGAIN && p->now.mono_us >= s->whole_us) { /* something is missing: RFC 4235 section 4.3 */
        s->whole_us = p->now.mono_us + WHOLE_US;
        s->whole = true;
    }
    return s->has_notice || err == IRISX_E_DUPLICATE ? 200 : err == IRISX_E_NO_MEMORY ? 500 : 400;
}

static void notify(struct ix_sub *s, const struct ix_sip_out *so)
{
    struct ix_phone *p = s->obj.phone;
    struct ix_str state = ix_sip_get(so->msg, IX_SIP_H_SUBSCRIPTION_STATE), word;
    struct ix_sip_reply reply = { .status = so->msg->method == IX_SIP_NOTIFY ? notice(s, so->msg) : 405 };

    p->refusals.notifies += reply.status != 200;
    (void) ix_sip_respond(p->stack, so->txn, &reply, p->now); /* failing, the peer's transaction times out */
    if (reply.status != 200)
        return;
    (void) ix_str_cut(&state, ';', &word);
    word = ix_str_trim(word);
    if (ix_str_ieq(word, IX_STR("terminated")))
        terminated(s, state);
    else
        tell(s, ix_str_ieq(word, IX_STR("pending")) ? IX_SUB_PENDING : IX_SUB_ACTIVE, NULL);
    if (s->whole && s->dialog && !s->txn) {
        s->whole = false;
        refresh(s);
    }
}

bool ix_sub_early(struct ix_phone *p, const struct ix_sip_out *so)
{
    IX_LIST_EACH (node, &p->subs) {
        struct ix_sub *s = IX_CONTAINER(node, struct ix_sub, obj.all);

        if (s->dialog || !s->txn || !ix_str_eq(so->msg->call_id, ix_str(s->call_id)) ||
            !ix_str_eq(so->msg->to_tag, ix_str(s->tag)))
            continue; /* a further fork finds the dialog of the first one: 481 ends it (RFC 6665 section 4.5.1) */
        if (ix_sip_dialog_subscriber(p->stack, so->transport, so->msg, s->txn, ix_str(s->to), s, &s->dialog))
            return false;
        notify(s, so);
        return true;
    }
    return false;
}

void ix_sub_output(struct ix_sub *s, const struct ix_sip_out *so)
{
    struct ix_phone_error e;

    if (so->kind == IX_SIP_OUT_REQUEST) {
        notify(s, so);
        return;
    }
    if (so->txn != s->txn || (so->kind == IX_SIP_OUT_RESPONSE && so->msg->status < 200))
        return;
    s->txn = 0;
    if (s->closing) {
        if (so->kind == IX_SIP_OUT_FAILED || so->msg->status >= 300)
            ended(s, NULL);
        return; /* else the last NOTIFY is on its way */
    }
    if (so->kind == IX_SIP_OUT_RESPONSE && so->msg->status < 300) {
        accepted(s, so);
    } else if (so->kind == IX_SIP_OUT_RESPONSE) {
        refused(s, so->msg);
    } else if (so->err != IRISX_E_NETWORK) { /* that one ends with the next registration */
        ix_error_set(&e, so->err, "the server does not answer SUBSCRIBE");
        again(s, 0, false, &e);
    }
}

void ix_sub_timeout(struct ix_sub *s)
{
    if (s->obj.phone->now.mono_us < s->at_us)
        return;
    if (s->closing)
        ended(s, NULL);
    else
        refresh(s);
}

bool ix_sub_poll(struct ix_sub *s, struct ix_phone_out *out)
{
    struct ix_phone *p = s->obj.phone;

    if (!s->report)
        return false;
    s->report = false;
    p->polled = s->error;
    out->kind = IX_OUT_EVENT;
    out->event = (struct ix_phone_event){ .kind = IX_EV_SUBSCRIPTION,
        .line = s->line,
        .subscription = s->obj.id,
        .state = (int) s->state,
        .notice = s->has_notice ? s->notice : NULL,
        .error = &p->polled,
        .user = s->user_data };
    s->has_notice = false;
    if (s->state != IX_SUB_ENDED)
        return true;
    if (out->event.notice) { /* shown until the next one */
        ix_free(p->notice);
        p->notice = s->notice;
        s->notice = NULL;
    }
    ix_sub_free(s);
    return true;
}
