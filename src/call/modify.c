/* SPDX-License-Identifier: MIT */
/*
 * Requests inside a call: re-INVITE and UPDATE (answered without disturbing media: FreeSWITCH refreshes its session
 * every 63 s), BYE, INFO, OPTIONS, REFER. RFC 3261 sections 12.2.2, 14.2, 15.1.2, RFC 3311.
 */
#include "call/private.h"

static void reply_lines(struct ix_call *c, ix_sip_txn txn, unsigned status, const struct ix_buf *lines)
{
    struct ix_sip_reply reply = { .status = status, .headers = ix_str_n(lines->p, lines->n) };

    (void) ix_sip_respond(c->obj.phone->stack, txn, &reply, c->obj.phone->now); /* failing, the peer times out */
}

static void reply_status(struct ix_call *c, ix_sip_txn txn, unsigned status)
{
    struct ix_buf none;

    ix_buf_init(&none, 1);
    reply_lines(c, txn, status, &none);
}

static void reply_description(struct ix_call *c, ix_sip_txn txn, bool offer, const struct ix_buf *lines)
{
    struct ix_phone *p = c->obj.phone;
    struct ix_sip_reply reply = { .status = 200,
        .dialog = c->dialog,
        .content_type = IX_STR("application/sdp"),
        .headers = ix_str_n(lines->p, lines->n) };

    ix_buf_reset(&p->scratch);
    if (ix_call_describe(c, offer, &p->scratch)) {
        reply_status(c, txn, 500);
        return;
    }
    reply.body = ix_str_n(p->scratch.p, p->scratch.n);
    (void) ix_sip_respond(p->stack, txn, &reply, p->now); /* failing, the peer times out */
    c->describing = offer;
}

/* a description of theirs within the call: 0, or the status to refuse it with */
static unsigned take_offer(struct ix_call *c, const struct ix_sip_msg *msg)
{
    const char *why = NULL;
    struct ix_sdp *sdp;
    char *text;
    int err = ix_call_read(c, msg->body, &sdp, &text, &why);

    if (!err)
        err = ix_call_update(c, sdp, text, true, &why);
    if (!err) {
        ix_call_note(c, "modified", "\"method\":\"%s\"", ix_sip_method_name(msg->method));
        return 0;
    }
    ix_call_note(c, "modify_refused", "%s", "");
    return err == IRISX_E_NO_MEMORY ? 500 : err == IRISX_E_PROTOCOL ? 400 : err == IRISX_E_STATE ? 491 : 488;
}

/* offers cross (RFC 3311 section 5.2; the stack sees to INVITEs): one of ours waits for its answer */
static bool crossing(const struct ix_call *c, const struct ix_sip_msg *msg)
{
    return msg->method == IX_SIP_UPDATE && msg->body.n && (c->refresh || c->describing);
}

void ix_call_modify(struct ix_call *c, const struct ix_sip_out *so)
{
    bool update = so->msg->method == IX_SIP_UPDATE, plain = update && !so->msg->body.n;
    char storage[96];
    struct ix_buf lines;
    unsigned status;

    ix_buf_init_fixed(&lines, storage, sizeof storage);
    status = c->ending ? 481 : (!c->described && !plain) || crossing(c, so->msg) ? 491 : 0;
    if (!status)
        status = ix_session_request(c, so->msg, &lines);
    if (!status && so->msg->body.n)
        status = take_offer(c, so->msg);
    if (status) {
        reply_lines(c, so->txn, status, &lines);
        return;
    }
    ix_call_display(c, so->msg);
    if (c->report.answered_us)
        ix_session_reply(c, so->msg, &lines);
    if (plain)
        reply_lines(c, so->txn, 200, &lines); /* a session refresh, or another name */
    else
        reply_description(c, so->txn, !so->msg->body.n, &lines);
}

static void bye(struct ix_call *c, const struct ix_sip_out *so)
{
    reply_status(c, so->txn, 200);
    if (c->ended)
        return;
    if (!c->ending) {
        ix_error_set(&c->report.error, c->report.answered_us ? 0 : IRISX_E_CANCELLED, "the other side hung up");
        c->report.error.by_peer = true;
        ix_error_reason(&c->report.error, so->msg);
        c->report.error.why = (uint16_t) (c->report.answered_us ? ix_reason_from(0, c->report.error.q850_cause)
                                                                : IRISX_REASON_PEER_CANCELLED);
        ix_call_note(c, "hangup", "\"by\":\"peer\"");
        ix_call_transfer_ended(c);
    }
    ix_call_end(c);
}

static bool pass_up(
    struct ix_call *c, const struct ix_sip_out *so, enum ix_phone_event_kind kind, struct ix_phone_out *out)
{
    out->kind = IX_OUT_EVENT;
    out->call = c->obj.id;
    out->event = (struct ix_phone_event){ .kind = kind,
        .line = c->line,
        .call = c->obj.id,
        .transport = c->transport,
        .msg = so->msg,
        .txn = so->txn,
        .user = c->user_data };
    return true;
}

bool ix_call_request(struct ix_call *c, const struct ix_sip_out *so, struct ix_phone_out *out)
{
    ix_dirty(&c->obj);
    switch (so->msg->method) {
    case IX_SIP_INVITE:
    case IX_SIP_UPDATE:
        ix_call_modify(c, so);
        return false;
    case IX_SIP_BYE:
        bye(c, so);
        return false;
    case IX_SIP_INFO:
    case IX_SIP_MESSAGE:
        reply_status(c, so->txn, 200);
        (void) pass_up(c, so, IX_EV_INFO, out);
        return so->msg->method == IX_SIP_MESSAGE || ix_call_hear_info(c, so->msg, &out->event);
    case IX_SIP_REFER:
        return pass_up(c, so, IX_EV_REFER, out);
    case IX_SIP_NOTIFY:
        (void) ix_call_transfer_notify(c, so->msg); /* others are of no subscription of ours */
        reply_status(c, so->txn, 200);
        return false;
    case IX_SIP_OPTIONS:
        reply_status(c, so->txn, 200);
        return false;
    case IX_SIP_OTHER:
    case IX_SIP_ACK:
    case IX_SIP_CANCEL:
    case IX_SIP_REGISTER:
    case IX_SIP_SUBSCRIBE:
    case IX_SIP_PRACK:
    case IX_SIP_PUBLISH:
        reply_status(c, so->txn, 405);
        return false;
    }
    return false;
}
