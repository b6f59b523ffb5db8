/* SPDX-License-Identifier: MIT */
/* Calls we place: the INVITE and what comes back. RFC 3261 sections 13.2, 9.1, 15. */
#include <string.h>

#include "call/private.h"

int ix_call_target(const struct ix_line *l, const char *to, char **out)
{
    struct ix_str s = ix_str_trim(ix_str(to));
    struct ix_sip_uri parsed;
    struct ix_buf b;

    if (!s.n || s.n > 255)
        return IRISX_E_INVALID;
    ix_buf_init(&b, 2048);
    if (ix_str_istarts(s, IX_STR("sip:")) || ix_str_istarts(s, IX_STR("sips:"))) {
        ix_buf_strv(&b, s);
    } else {
        ix_buf_str(&b, "sip:");
        ix_sip_user_write(&b, s);
        ix_buf_fmt(&b, "@%s", l->realm);
    }
    *out = ix_buf_take(&b);
    if (!*out)
        return IRISX_E_NO_MEMORY;
    return ix_sip_uri_parse(&parsed, ix_str(*out)) ? IRISX_E_INVALID : 0;
}

static int call_texts(struct ix_call *c, const struct ix_line *l, const struct ix_call_config *config)
{
    int err = l ? ix_call_target(l, config->to, &c->to) : 0;

    if (err)
        return err;
    if (!l)
        c->to = ix_dup_cstr(config->to);
    c->name = ix_dup_cstr(config->caller_name);
    c->replacing = ix_dup_cstr(config->replaces);
    c->hide = config->anonymous;
    c->session.wanted_s = (uint32_t) IX_MAX(config->session_s, 0);
    c->reliable = config->reliable;
    c->redirects = config->redirects;
    if ((config->caller_name && !c->name) || (config->replaces && !c->replacing))
        return IRISX_E_NO_MEMORY;
    c->from = l ? ix_call_own_from(c, l) : ix_dup_cstr(config->from);
    c->headers = ix_dup_cstr(config->headers ? config->headers : "");
    c->peer_uri = ix_dup_cstr(c->to);
    c->peer_name = ix_dup_cstr("");
    return c->to && c->from && c->headers && c->peer_uri && c->peer_name ? 0 : IRISX_E_NO_MEMORY;
}

int ix_call_dial(struct ix_phone *p, const struct ix_call_config *config, struct ix_now now, uint32_t *call_out)
{
    struct ix_line *l = ix_line_get(p, config->line);
    struct ix_transport *t = ix_transport_get(p, l ? l->transport : config->transport);
    struct ix_call *c;
    struct ix_set *s;
    int err;

    p->now = now;
    if (!config->to || (!l && !config->from))
        return IRISX_E_INVALID;
    if ((config->line && !l) || !t || t->state != IX_TR_OPEN || (l && l->closing))
        return IRISX_E_STATE;
    err = ix_call_new(p, false, &c);
    if (err)
        return err;
    c->line = config->line;
    c->transport = t->obj.id;
    c->user_data = config->user_data;
    c->no_opus = config->no_opus;
    c->no_pcmu = config->no_pcmu;
    c->no_pcma = config->no_pcma;
    c->duration_us = config->max_duration_ms * IX_MS;
    c->ring_at_us = now.mono_us + (config->ring_timeout_ms ? config->ring_timeout_ms * IX_MS : IX_RING_DEFAULT_US);
    err = call_texts(c, l, config);
    s = err ? NULL : ix_set_take(p, c->obj.id);
    if (err || !s) {
        ix_call_free(c);
        return err ? err : IRISX_E_NO_MEMORY;
    }
    c->set = s->obj.id;
    c->want_invite = true;
    *call_out = c->obj.id;
    p->counts.dialled++;
    ix_call_set_state(c, IX_CALL_DIALING);
    if (s->state == IX_SET_READY)
        ix_call_sockets_ready(c);
    ix_set_spare(p);
    return 0;
}

void ix_call_send_invite(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;
    struct ix_line *l = ix_line_get(p, c->line);
    struct ix_sip_request req = { .method = IX_SIP_INVITE,
        .uri = ix_str(c->to),
        .from = ix_str(c->from),
        .route = l ? ix_line_route(l) : IX_STR_NONE,
        .content_type = IX_STR("application/sdp"),
        .auth = l ? l->auth : NULL };
    struct ix_buf to, lines;
    int err = c->ice ? 0 : ix_call_media_open(c, true);

    c->want_invite = false;
    ix_buf_init(&lines, 16384);
    ix_buf_str(&lines, c->headers);
    (void) ix_call_own_lines(c, l, &lines); /* lines.err */
    req.headers = ix_str_n(lines.p, lines.n);
    ix_buf_init(&to, 1024);
    ix_sip_write_addr(&to, IX_STR_NONE, ix_str(c->to), IX_STR_NONE);
    ix_buf_reset(&p->scratch);
    if (!err && c->relive && c->described)
        err = ix_call_path_renew(c);
    if (!err)
        err = ix_call_describe(c, true, &p->scratch);
    req.to = ix_str_n(to.p, to.n);
    req.body = ix_str_n(p->scratch.p, p->scratch.n);
    if (!err)
        err = lines.err ? lines.err : to.err;
    if (!err)
        err = ix_sip_send_request(p->stack, c->transport, &req, c, p->now, &c->invite);
    ix_buf_clear(&to);
    ix_buf_clear(&lines);
    if (err)
        ix_call_fail(
            c, err, err == IRISX_E_MEDIA ? "no network interface is up: check the connection" : ix_error_text(err));
    else
        ix_call_note(c, "invite_sent", "%s", "");
}

/* A description in a 1xx or 2xx. The first one starts media; the same one again changes nothing. */
static void description(struct ix_call *c, const struct ix_sip_msg *msg)
{
    struct ix_sdp *sdp;
    const char *why = NULL;
    char *text;
    int err;

    if (!msg->body.n || !ix_sip_content_is(msg, "application/sdp"))
        return;
    err = ix_call_read(c, msg->body, &sdp, &text, &why);
    if (!err)
        err = c->described ? ix_call_update(c, sdp, text, false, &why) : ix_call_use(c, sdp, text, false, &why);
    if (err)
        ix_call_fail(c, err, why ? why : "the peer's session description cannot be used");
}

static void accepted(struct ix_call *c, const struct ix_sip_out *so)
{
    struct ix_phone *p = c->obj.phone;
    struct ix_sip_dialog *fork = so->dialog;
    int err = 0;

    if (!fork)
        err = ix_sip_dialog_uac(p->stack, so->txn, so->msg, c, &fork);
    if (fork != c->dialog)
        ix_sip_dialog_free(c->dialog, p->now); /* an early one of another fork */
    c->dialog = fork;
    if (!err)
        err = ix_sip_dialog_ack(fork, IX_STR_NONE, IX_STR_NONE, p->now); /* the stack repeats it with each 2xx */
    if (err) { /* the stack acknowledges and hangs up what comes again */
        if (!c->ending)
            ix_error_set(&c->report.error, err == IRISX_E_INVALID ? IRISX_E_PROTOCOL : err, "%s",
                "the server's answer makes no call: it has no tag or no contact");
        ix_call_end(c);
        return;
    }
    c->forks = c->invite;
    c->invite = 0;
    ix_call_heard(c, so->msg);
    if (c->ending) { /* our CANCEL and their 200 crossed */
        c->report.answered_us = p->now.mono_us;
        c->ending = false;
        ix_call_farewell(c, 16);
        return;
    }
    ix_session_agreed(c, so->msg);
    if (c->relive)
        ix_call_relived(c);
    ix_call_set_state(c, IX_CALL_ANSWERED);
    ix_call_display(c, so->msg);
    description(c, so->msg);
    if (!c->described && !c->ending)
        ix_call_fail(c, IRISX_E_PROTOCOL, "the answer has no session description");
    else if (c->keyed && !c->ending)
        ix_call_set_state(c, IX_CALL_ACTIVE);
}

/* The first fork that has a dialog is the one whose early media is heard; what others say counts when they answer. */
static void provisional(struct ix_call *c, const struct ix_sip_out *so)
{
    struct ix_phone *p = c->obj.phone;
    bool tagged = so->msg->to_tag.n > 0;

    c->asked = 0; /* whoever asked again has been heard */
    if (c->ending || c->relive)
        return;
    ix_call_heard(c, so->msg);
    if (so->msg->status == 180 || so->msg->status == 183)
        ix_call_set_state(c, IX_CALL_RINGING);
    if (c->dialog && tagged && so->dialog != c->dialog)
        return;
    if (!c->dialog && tagged && !so->dialog)
        (void) ix_sip_dialog_uac(p->stack, so->txn, so->msg, c, &c->dialog); /* the 2xx makes it, if not this */
    description(c, so->msg);
}

/* RFC 3261 section 8.1.3.4: the first address that is one */
static bool moved(struct ix_call *c, const struct ix_sip_msg *msg)
{
    struct ix_sip_addr to;
    char *uri;

    if (!c->redirects || c->described || ix_sip_get_addr(msg, IX_SIP_H_CONTACT, &to) || to.star ||
        to.uri.scheme == IX_SIP_SCHEME_OTHER || to.uri.text.n > 255)
        return false;
    uri = ix_str_dup(to.uri.text);
    if (!uri)
        return false;
    c->redirects--;
    ix_free(c->to);
    c->to = uri;
    ix_free(c->peer_uri);
    c->peer_uri = ix_str_dup(to.uri.text);
    ix_call_talk(c, IX_EV_MOVED);
    return c->peer_uri != NULL;
}

static bool longer_session(struct ix_call *c, const struct ix_sip_msg *msg)
{
    uint32_t least;

    if (ix_sip_get_u32(msg, IX_SIP_H_MIN_SE, &least) || least <= c->session.wanted_s || least > 86400)
        return false;
    c->session.wanted_s = least;
    return true;
}

/* a refusal that says how it would do */
static bool again(struct ix_call *c, const struct ix_sip_msg *msg)
{
    bool better = msg->status == 422 ? longer_session(c, msg) : msg->status < 400 && moved(c, msg);

    if (c->ending || !better || c->retries++ >= 12)
        return false;
    ix_call_note(c, "again", "\"sip_status\":%u", msg->status);
    c->invite = 0;
    if (c->dialog)
        ix_sip_dialog_free(c->dialog, c->obj.phone->now);
    c->dialog = NULL;
    ix_call_send_invite(c);
    return true;
}

static void refused(struct ix_call *c, const struct ix_sip_msg *msg)
{
    if (again(c, msg))
        return;
    if (c->relive && !c->ending) {
        c->invite = 0;
        ix_call_note(c, "replace_refused", "\"sip_status\":%u", msg->status);
        ix_error_why(&c->report.error, IRISX_REASON_LOST_AT_SERVER);
        c->report.error.sip_status = msg->status;
        ix_call_end(c);
        return;
    }
    c->invite = 0;
    if (!c->ending || !c->report.error.code)
        ix_error_from_response(&c->report.error, msg);
    else
        c->report.error.sip_status = msg->status;
    ix_call_note(c, "refused", "\"sip_status\":%u", msg->status);
    ix_call_end(c);
}

static void failed(struct ix_call *c, const struct ix_sip_out *so)
{
    if (so->server) {
        if (so->txn == c->invite)
            c->invite = 0;
        if (c->ending) {
            if (c->bye_waits)
                ix_call_send_bye(c); /* no ACK comes any more */
            return;
        }
        /* our 2xx was never acknowledged, or the connection is gone: an established call outlives its connection */
        if (so->err == IRISX_E_NETWORK && c->report.answered_us)
            return;
        ix_error_set(&c->report.error, so->err, "%s",
            so->err == IRISX_E_TIMEOUT ? "the peer never acknowledged the answer"
                                       : "the connection to the server was lost");
        ix_call_farewell(c, 0);
        return;
    }
    if (so->txn == c->bye) {
        c->bye = 0;
        ix_call_end(c);
    } else if (so->txn == c->invite) {
        c->invite = 0;
        if (!c->report.error.code)
            ix_error_set(&c->report.error, so->err, "%s",
                so->err == IRISX_E_TIMEOUT ? "the server does not answer the call"
                                           : "the connection to the server was lost: try again");
        ix_call_end(c);
    }
}

/* RFC 3326 section 2: a CANCEL because another device took the call says SIP;cause=200 */
static irisx_reason_t cancel_reason(const struct ix_sip_msg *msg)
{
    struct ix_sip_reason r;
    bool taken = ix_sip_get_reason(msg, "SIP", &r) && r.cause == 200;

    if (!taken)
        taken = ix_sip_get_reason(msg, "Q.850", &r) && ix_reason_from(0, r.cause) == IRISX_REASON_ELSEWHERE;
    return taken ? IRISX_REASON_ELSEWHERE : IRISX_REASON_PEER_CANCELLED;
}

void ix_call_response(struct ix_call *c, const struct ix_sip_out *so)
{
    struct ix_phone *p = c->obj.phone;

    if (so->kind == IX_SIP_OUT_CANCELLED) {
        c->invite = 0;
        ix_error_why(&c->report.error, cancel_reason(so->msg));
        ix_error_reason(&c->report.error, so->msg);
        c->report.error.by_peer = true;
        ix_call_end(c);
        return;
    }
    if (ix_call_transfer_output(c, so))
        return;
    if (ix_call_say_output(c, so))
        return;
    if (ix_call_refresh_output(c, so))
        return;
    if (so->kind == IX_SIP_OUT_FAILED) {
        failed(c, so);
        return;
    }
    if (so->kind != IX_SIP_OUT_RESPONSE)
        return;
    if (so->txn == c->bye) {
        if (so->msg->status >= 200) {
            c->bye = 0;
            ix_call_end(c);
        }
        return;
    }
    if (so->txn != c->invite) {
        /* a second fork answered: acknowledged and hung up when it comes again, the first one has the call */
        if (so->txn == c->forks && so->dialog != c->dialog) {
            ix_sip_txn_forget(p->stack, c->forks, p->now);
            c->forks = 0;
        }
        return;
    }
    if (so->msg->status < 200)
        provisional(c, so);
    else if (so->msg->status < 300)
        accepted(c, so);
    else
        refused(c, so->msg);
}
