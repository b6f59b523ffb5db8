/* SPDX-License-Identifier: MIT */
/*
 * A re-INVITE of ours, with our description as it is now: one that changes nothing is the refresh of a session (RFC
 * 4028 section 7.4; same o= version, same ICE credentials); others say a hold or an ICE restart (hold.c, path.c). Media
 * goes on whatever comes of it.
 */
#include "call/private.h"

int ix_call_refresh(struct ix_phone *p, uint32_t call, const char *headers, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);
    const struct ix_line *l = c ? ix_line_get(p, c->line) : NULL;
    struct ix_sip_request req = {
        .method = IX_SIP_INVITE, .content_type = IX_STR("application/sdp"), .auth = l ? l->auth : NULL
    };
    struct ix_buf lines;
    int err;

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (c->ending || !c->report.answered_us || !c->described || c->refresh || ix_sip_dialog_busy(c->dialog))
        return IRISX_E_STATE;
    ix_buf_reset(&p->scratch);
    err = ix_call_describe(c, true, &p->scratch);
    req.body = ix_str_n(p->scratch.p, p->scratch.n);
    ix_buf_init(&lines, 4096);
    ix_session_offer(c, false, &lines);
    ix_buf_str(&lines, headers ? headers : "");
    req.headers = ix_str_n(lines.p, lines.n);
    if (!err)
        err = lines.err ? lines.err : ix_sip_dialog_request(c->dialog, &req, c, now, &c->refresh);
    ix_buf_clear(&lines);
    return err;
}

static enum ix_reoffer accepted(struct ix_call *c, ix_sip_txn txn, const struct ix_sip_msg *msg)
{
    struct ix_sdp *sdp;
    const char *why = NULL;
    char *text;

    (void) ix_sip_dialog_ack(c->dialog, IX_STR_NONE, IX_STR_NONE, c->obj.phone->now); /* repeated by the stack */
    ix_sip_txn_forget(c->obj.phone->stack, txn, c->obj.phone->now); /* who else answers it is not our concern */
    if (c->ending || !msg->body.n || !ix_sip_content_is(msg, "application/sdp"))
        return IX_REOFFER_REFUSED;
    /* what cannot be used leaves the session as it was (RFC 3261 section 14.1) */
    if (!ix_call_read(c, msg->body, &sdp, &text, &why) &&
        !(c->described ? ix_call_update(c, sdp, text, false, &why) : ix_call_use(c, sdp, text, false, &why)))
        return IX_REOFFER_DONE;
    ix_call_note(c, "refresh_answer_ignored", "%s", "");
    return IX_REOFFER_REFUSED;
}

static enum ix_reoffer outcome_of(struct ix_call *c, const struct ix_sip_out *so)
{
    if (so->kind != IX_SIP_OUT_RESPONSE)
        return so->err == IRISX_E_NETWORK ? IX_REOFFER_LATER : IX_REOFFER_REFUSED; /* again when it is back */
    ix_call_note(c, "refreshed", "\"sip_status\":%u", so->msg->status);
    if (so->msg->status < 300) {
        ix_session_agreed(c, so->msg);
        return so->msg->method == IX_SIP_INVITE ? accepted(c, so->txn, so->msg) : IX_REOFFER_DONE;
    }
    if (so->msg->status != 491)
        return IX_REOFFER_REFUSED;
    ix_call_glare(c);
    return IX_REOFFER_LATER;
}

bool ix_call_refresh_output(struct ix_call *c, const struct ix_sip_out *so)
{
    bool restart = c->restart_offered;
    enum ix_reoffer outcome;

    if (!c->refresh || so->txn != c->refresh || so->server)
        return false;
    if (so->kind == IX_SIP_OUT_RESPONSE && so->msg->status < 200)
        return true;
    c->refresh = 0;
    outcome = outcome_of(c, so);
    if (outcome != IX_REOFFER_DONE) {
        ix_call_path_refused(c);
        ix_session_refused(c, so);
    }
    c->want_restart = c->want_restart || (restart && outcome == IX_REOFFER_LATER);
    if (so->kind == IX_SIP_OUT_RESPONSE && so->msg->status == 481 && ix_call_lost_at_server(c))
        return true;
    ix_call_probed(c, outcome, so->kind == IX_SIP_OUT_RESPONSE ? so->msg : NULL);
    ix_call_hold_answered(c, outcome, so->kind == IX_SIP_OUT_RESPONSE ? so->msg : NULL);
    ix_call_reoffer(c); /* if one became due meanwhile */
    return true;
}
