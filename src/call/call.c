/* SPDX-License-Identifier: MIT */
/*
 * A call's life, its clock and its outputs. What is said to the peer is in dial.c, answer.c and modify.c, its media in
 * media.c. RFC 3261 sections 13 to 15.
 *
 *   out:  DIALING --1xx--> RINGING --2xx--> ANSWERED --keys--> ACTIVE --> ENDED        any state may end
 *   in:                    RINGING --answer--> ANSWERED --keys--> ACTIVE --> ENDED
 *
 * `ending`: the farewell (CANCEL or BYE) is out and its answer awaited, at most IX_FAREWELL_US.
 */
#include <stdio.h>
#include <string.h>

#include "call/private.h"

#define Q850_TEMPORARY_FAILURE 41 /* what a peer is told when something of ours failed */

static const char *const state_names[] = { "", "dialing", "ringing", "answered", "active", "ended" };

struct ix_call *ix_call_get(const struct ix_phone *p, uint32_t id)
{
    return ix_id_get(p->call_by_id, id);
}

int ix_call_new(struct ix_phone *p, bool incoming, struct ix_call **out)
{
    struct ix_call *c;

    if (p->shutting_down)
        return IRISX_E_CLOSED;
    if (p->call_count >= p->config.max_calls) {
        p->counts.refused_busy += incoming;
        p->counts.refused_local += !incoming;
        return IRISX_E_LIMIT;
    }
    c = ix_alloc(sizeof *c);
    if (!c)
        return IRISX_E_NO_MEMORY;
    if (ix_object_init(p, &c->obj, IX_OBJ_CALL, &p->calls)) {
        ix_free(c);
        return IRISX_E_NO_MEMORY;
    }
    p->call_count++;
    c->incoming = incoming;
    c->report.incoming = incoming;
    c->report.dialled_us = p->now.mono_us;
    c->ring_at_us = c->end_at_us = c->farewell_at_us = c->auto_at_us = c->ask_again_us = IX_NEVER;
    c->session.refresh_us = c->session.expire_us = IX_NEVER;
    c->want_start = true;
    ix_buf_init(&c->timeline, IX_TIMELINE_LIMIT);
    ix_rng_token(p->config.rng, c->cname, 16);
    if (ix_id_set(p->call_by_id, c->obj.id, c)) {
        ix_call_free(c);
        return IRISX_E_NO_MEMORY;
    }
    ix_dirty(&c->obj);
    *out = c;
    return 0;
}

/* nothing of the stack's points at the call any more */
static void drop_signalling(struct ix_call *c)
{
    const ix_sip_txn txns[] = { c->invite, c->forks, c->bye, c->refresh, c->transfer ? c->transfer->txn : 0 };
    struct ix_phone *p = c->obj.phone;

    for (size_t i = 0; i < IX_COUNT(txns); i++)
        if (txns[i])
            ix_sip_txn_forget(p->stack, txns[i], p->now);
    c->invite = c->forks = c->bye = c->refresh = 0;
    ix_call_say_drop(c);
    if (c->transfer)
        c->transfer->txn = 0;
    if (c->dialog)
        ix_sip_dialog_free(c->dialog, p->now);
    c->dialog = NULL;
}

void ix_call_free(struct ix_call *c)
{
    struct ix_phone *p;

    if (!c)
        return;
    p = c->obj.phone;
    drop_signalling(c);
    ix_call_path_release(c);
    ix_call_transfer_free(c);
    ix_call_media_free(c);
    ix_id_remove(p->call_by_id, c->obj.id);
    p->call_count--;
    ix_object_clear(&c->obj);
    ix_buf_clear(&c->timeline);
    ix_free(c->to);
    ix_free(c->from);
    ix_free(c->headers);
    ix_free(c->peer_uri);
    ix_free(c->peer_name);
    ix_free(c->head);
    ix_free(c->asserted);
    ix_free(c->name);
    ix_free(c->replacing);
    ix_free(c);
}

/* ---- timeline ---------------------------------------------------------------------------- */
void ix_call_note(struct ix_call *c, const char *event, const char *fmt, ...)
{
    struct ix_buf *b = &c->timeline;
    char when[25];
    char more[192];
    va_list ap;

    if (b->err || b->n > IX_TIMELINE_LIMIT - 512)
        return; /* a long call: what is noted so far stays */
    ix_time_iso8601(c->obj.phone->now.wall_us, when);
    va_start(ap, fmt);
    (void) vsnprintf(more, sizeof more, fmt, ap); /* members of fixed length */
    va_end(ap);
    ix_buf_fmt(b, "%s{\"at\":\"%s\",\"ms\":%.3f,\"event\":\"%s\"%s%s}", b->n ? "," : "", when,
        (double) (c->obj.phone->now.mono_us - c->report.dialled_us) / 1000.0, event, *more ? "," : "", more);
}

int ix_call_timeline(const struct ix_phone *p, uint32_t call, struct ix_buf *json)
{
    const struct ix_call *c = ix_call_get(p, call);

    if (!c)
        return IRISX_E_NOT_FOUND;
    ix_buf_str(json, "[");
    ix_buf_put(json, c->timeline.p, c->timeline.n);
    ix_buf_str(json, "]");
    return json->err;
}

/* ---- states ------------------------------------------------------------------------------ */
void ix_call_set_state(struct ix_call *c, enum ix_call_state state)
{
    if (state <= c->state)
        return;
    c->state = state;
    c->unreported = (uint8_t) (c->unreported | (1u << state));
    c->report.state = state;
    if (state >= IX_CALL_ANSWERED)
        c->ring_at_us = IX_NEVER;
    if (state == IX_CALL_ANSWERED) {
        c->report.answered_us = c->obj.phone->now.mono_us;
        if (c->duration_us)
            c->end_at_us = ix_time_add(c->report.answered_us, c->duration_us);
    }
    if (state == IX_CALL_ENDED)
        ix_call_note(c, "ended", "\"code\":\"%s\",\"sip_status\":%u,\"q850_cause\":%u",
            ix_error_name(c->report.error.code), c->report.error.sip_status, c->report.error.q850_cause);
    else
        ix_call_note(c, state_names[state], "%s", "");
    ix_dirty(&c->obj);
}

void ix_call_end(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;

    if (c->ended)
        return;
    c->ended = c->ending = true;
    if (!c->report.error.why)
        c->report.error.why = (uint16_t) ix_reason_of_code(c->report.error.code);
    c->report.ended_us = p->now.mono_us;
    c->ring_at_us = c->end_at_us = c->farewell_at_us = c->auto_at_us = c->ask_again_us = IX_NEVER;
    ix_call_media_close(c);
    drop_signalling(c);
    ix_call_set_state(c, IX_CALL_ENDED);
}

/* ---- farewell ---------------------------------------------------------------------------- */
static void reason_line(struct ix_buf *b, unsigned q850)
{
    if (q850)
        ix_buf_fmt(b, "Reason: Q.850;cause=%u\r\n", q850);
}

void ix_call_send_bye(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;
    const struct ix_line *l = ix_line_get(p, c->line);
    const struct ix_transport *t = ix_transport_get(p, c->transport);
    struct ix_sip_request req = { .method = IX_SIP_BYE, .auth = l ? l->auth : NULL };
    char storage[64];
    struct ix_buf b;

    c->bye_waits = false;
    ix_buf_init_fixed(&b, storage, sizeof storage);
    reason_line(&b, c->bye_cause);
    req.headers = ix_str_n(b.p, b.n);
    /* the connection is gone for good or no memory: nobody to say goodbye to. One that comes back: the stack keeps the
     * BYE for it (ix_sip_transport_lost), and nobody here has to wait */
    if (ix_sip_dialog_request(c->dialog, &req, c, p->now, &c->bye) || !t || t->state != IX_TR_OPEN)
        ix_call_end(c);
}

static int refuse(struct ix_call *c, unsigned status, unsigned q850, const char *more)
{
    struct ix_sip_reply reply = { .status = status };
    struct ix_buf b;
    int err;

    ix_buf_init(&b, 4096);
    reason_line(&b, q850);
    ix_buf_str(&b, more ? more : "");
    reply.headers = ix_str_n(b.p, b.n);
    err = b.err ? b.err : ix_sip_respond(c->obj.phone->stack, c->invite, &reply, c->obj.phone->now);
    if (!err)
        c->invite = 0;
    ix_buf_clear(&b);
    return err;
}

void ix_call_farewell(struct ix_call *c, unsigned q850)
{
    struct ix_phone *p = c->obj.phone;
    char storage[64];
    struct ix_buf b;

    if (c->ending)
        return;
    c->ending = true;
    ix_call_media_close(c);
    c->ring_at_us = c->end_at_us = c->auto_at_us = c->ask_again_us = IX_NEVER;
    c->farewell_at_us = p->now.mono_us + IX_FAREWELL_US;
    c->bye_cause = (uint16_t) q850;
    ix_dirty(&c->obj);
    if (c->report.answered_us && c->dialog) {
        if (ix_sip_dialog_acked(c->dialog))
            ix_call_send_bye(c);
        else
            c->bye_waits = true;
    } else if (c->incoming && !c->relive) {
        (void) refuse(c, c->report.error.code == IRISX_E_UNSUPPORTED ? 488 : 480, q850,
            NULL); /* else the stack answers when the transaction is forgotten */
        ix_call_end(c);
    } else if (c->invite) {
        ix_buf_init_fixed(&b, storage, sizeof storage);
        reason_line(&b, q850);
        if (ix_sip_cancel(p->stack, c->invite, ix_str_n(b.p, b.n), p->now))
            ix_call_end(c);
    } else {
        ix_call_end(c);
    }
}

void ix_call_fail(struct ix_call *c, int code, const char *message)
{
    if (c->ending)
        return;
    if (c->report.error.code != code || !c->report.error.message[0])
        ix_error_set(&c->report.error, code, "%s", message);
    ix_call_farewell(c, Q850_TEMPORARY_FAILURE);
}

void ix_call_acked(struct ix_call *c, const struct ix_sip_out *so)
{
    struct ix_sdp *sdp;
    const char *why = NULL;
    char *text;

    if (c->bye_waits) {
        ix_call_send_bye(c);
        return;
    }
    if (!c->describing)
        return;
    c->describing = false;
    if (!so->msg->body.n) {
        if (!c->described)
            ix_call_fail(c, IRISX_E_PROTOCOL, "the ACK has no session description");
        return;
    }
    if (ix_call_read(c, so->msg->body, &sdp, &text, &why) ||
        (c->described ? ix_call_update(c, sdp, text, false, &why) : ix_call_use(c, sdp, text, false, &why)))
        ix_call_fail(c, IRISX_E_PROTOCOL, why ? why : "the answer in the ACK cannot be used");
}

/* ---- commands ---------------------------------------------------------------------------- */
int ix_call_hangup(struct ix_phone *p, uint32_t call, unsigned q850, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (c->ending)
        return IRISX_E_STATE;
    if (c->incoming && c->state == IX_CALL_RINGING)
        return ix_call_reject(p, call, 603, 21, NULL, now);
    if (!c->report.answered_us)
        ix_error_set(&c->report.error, IRISX_E_CANCELLED, "hung up before the answer");
    ix_call_note(c, "hangup", "\"by\":\"us\"");
    ix_call_farewell(c, q850 ? q850 : 16);
    return 0;
}

int ix_call_give_up(struct ix_phone *p, uint32_t call, int code, const char *message, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    ix_call_fail(c, code, message);
    return 0;
}

int ix_call_reject(
    struct ix_phone *p, uint32_t call, unsigned status, unsigned q850, const char *headers, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);
    int err;

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (!c->incoming || c->ending || c->report.answered_us)
        return IRISX_E_STATE;
    if (status < 300 || status > 699)
        return IRISX_E_INVALID;
    err = refuse(c, status, q850, headers);
    if (err)
        return err;
    ix_error_set(&c->report.error, IRISX_E_DECLINED, "declined here (SIP %u)", status);
    c->report.error.why = status < 400 ? IRISX_REASON_MOVED : IRISX_REASON_REFUSED;
    c->report.error.sip_status = (uint16_t) status;
    ix_call_end(c);
    return 0;
}

int ix_call_ring(struct ix_phone *p, uint32_t call, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);
    struct ix_sip_reply reply = { .status = 180 };
    int err;

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (!c->incoming || c->ending || c->report.answered_us)
        return IRISX_E_STATE;
    err = c->dialog ? 0 : ix_sip_dialog_uas(p->stack, c->invite, c, &c->dialog);
    if (err)
        return err;
    reply.dialog = c->dialog;
    return ix_sip_respond(p->stack, c->invite, &reply, now);
}

int ix_call_refer(struct ix_phone *p, uint32_t call, const char *refer_to, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);
    struct ix_sip_request req = { .method = IX_SIP_REFER };
    struct ix_buf b;
    ix_sip_txn txn;
    int err;

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (c->ending || !c->report.answered_us)
        return IRISX_E_STATE;
    ix_buf_init(&b, 2048);
    ix_sip_write_header(&b, "Refer-To", ix_str(refer_to));
    req.headers = ix_str_n(b.p, b.n);
    err = b.err ? b.err : ix_sip_dialog_request(c->dialog, &req, NULL, now, &txn);
    ix_buf_clear(&b);
    return err;
}

int ix_call_notify_refer(struct ix_phone *p, uint32_t call, const char *sipfrag, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);
    struct ix_sip_request req = { .method = IX_SIP_NOTIFY,
        .content_type = IX_STR("message/sipfrag;version=2.0"),
        .headers = IX_STR("Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n"),
        .body = ix_str(sipfrag) };
    ix_sip_txn txn;

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (c->ending || !c->dialog)
        return IRISX_E_STATE;
    return ix_sip_dialog_request(c->dialog, &req, NULL, now, &txn);
}

void ix_call_set_user(struct ix_phone *p, uint32_t call, void *user_data)
{
    struct ix_call *c = ix_call_get(p, call);

    if (c)
        c->user_data = user_data;
}

int ix_call_report(const struct ix_phone *p, uint32_t call, struct ix_call_report *out)
{
    const struct ix_call *c = ix_call_get(p, call);

    if (!c)
        return IRISX_E_NOT_FOUND;
    *out = c->report;
    out->codec = c->described ? c->agreed.codec : IX_CODEC_NONE;
    if (c->rtp)
        ix_rtp_stats(c->rtp, &out->rtp);
    return 0;
}

int ix_call_peer(const struct ix_phone *p, uint32_t call, struct ix_str *uri, struct ix_str *name)
{
    const struct ix_call *c = ix_call_get(p, call);

    if (!c)
        return IRISX_E_NOT_FOUND;
    *uri = ix_str(c->peer_uri);
    *name = ix_str(c->peer_name);
    return 0;
}

void ix_phone_call_counts(const struct ix_phone *p, struct ix_call_counts *out)
{
    *out = p->counts;
    out->calls = (uint32_t) p->call_count;
    out->refused_overload = ix_sip_overload_count(p->stack);
    IX_LIST_EACH (node, &p->calls) {
        const struct ix_call *c = IX_CONTAINER(node, struct ix_call, obj.all);

        out->ringing += !c->report.answered_us && !c->ending;
    }
}

void ix_phone_first_audio(struct ix_phone *p, uint32_t call, uint64_t at_us)
{
    struct ix_call *c = ix_call_get(p, call);

    if (!c || c->report.first_audio_us)
        return;
    c->report.first_audio_us = at_us;
    ix_call_note(c, "first_audio", "%s", "");
}

void ix_phone_media_quality(struct ix_phone *p, uint32_t call, const struct ix_rtp_voip *v)
{
    struct ix_call *c = ix_call_get(p, call);

    if (c && c->rtp)
        ix_rtp_set_voip(c->rtp, v);
}

void ix_phone_alarm(struct ix_phone *p, uint32_t call, const char *name, bool on)
{
    struct ix_call *c = ix_call_get(p, call);

    if (c)
        ix_call_note(c, on ? "alarm_start" : "alarm_end", "\"reason\":\"%s\"", name);
}

void ix_phone_work_done(struct ix_phone *p, uint32_t call, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);

    p->now = now;
    if (!c || !c->working)
        return;
    c->working = false;
    p->config.dtls->done(c->dtls, now);
    ix_dirty(&c->obj);
}

/* ---- sockets, time ----------------------------------------------------------------------- */
void ix_call_sockets_ready(struct ix_call *c)
{
    if (c->ending)
        return;
    if (c->next_set)
        ix_call_path_sockets(c);
    if (c->resuming)
        ix_call_resume_now(c);
    if (c->want_invite)
        ix_call_send_invite(c);
    else if (c->want_answer)
        ix_call_send_answer(c, 200);
    else if (c->want_early)
        ix_call_send_answer(c, 183);
    ix_dirty(&c->obj);
}

void ix_call_timeout(struct ix_call *c)
{
    uint64_t now = c->obj.phone->now.mono_us;

    if (now >= c->farewell_at_us && c->bye_waits) {
        c->farewell_at_us = now + IX_FAREWELL_US; /* no ACK: README */
        ix_call_send_bye(c);
    } else if (now >= c->farewell_at_us) {
        ix_call_note(c, "farewell_unanswered", "%s", "");
        ix_call_end(c);
    } else if (now >= c->ring_at_us) {
        ix_error_set(&c->report.error, IRISX_E_NO_ANSWER, "nobody answered in time");
        ix_call_farewell(c, 19);
    } else if (now >= c->end_at_us) {
        ix_call_note(c, "max_duration", "%s", "");
        c->report.error.why = IRISX_REASON_DURATION;
        ix_call_farewell(c, 16);
    }
    if (now >= c->auto_at_us) {
        c->auto_at_us = IX_NEVER;
        ix_call_talk(c, c->replaces ? IX_EV_REPLACED : IX_EV_ANSWER_NOW);
    }
    ix_session_timeout(c);
    ix_call_survive_timeout(c);
    if (c->glare_us && now >= c->glare_us) {
        c->glare_us = 0;
        ix_call_reoffer(c);
    }
    ix_call_media_timeout(c);
}

void ix_call_rearm(struct ix_call *c)
{
    uint64_t at = ix_call_media_deadline(c);

    at = IX_MIN(at, c->ring_at_us);
    at = IX_MIN(at, c->end_at_us);
    at = IX_MIN(at, c->farewell_at_us);
    at = IX_MIN(at, c->auto_at_us);
    at = IX_MIN(at, ix_session_deadline(c));
    at = IX_MIN(at, ix_call_survive_deadline(c));
    at = IX_MIN(at, c->glare_us && !c->ended ? c->glare_us : IX_NEVER);
    ix_object_wake(&c->obj, at);
}

/* ---- outputs ----------------------------------------------------------------------------- */
void ix_call_talk(struct ix_call *c, enum ix_phone_event_kind kind)
{
    c->unreported_talk |= UINT32_C(1) << kind;
    ix_dirty(&c->obj);
}

static bool talk_event(struct ix_call *c, struct ix_phone_event *ev)
{
    if (c->ended)
        c->unreported_talk = 0;
    for (unsigned kind = 1; c->unreported_talk >> kind; kind++) {
        if (!(c->unreported_talk >> kind & 1))
            continue;
        c->unreported_talk &= ~(UINT32_C(1) << kind);
        ev->kind = (enum ix_phone_event_kind) kind;
        ev->state = (int) (kind == IX_EV_REPLACED     ? c->replaces
                           : kind == IX_EV_SIGNALLING ? (uint32_t) c->signalling
                           : kind == IX_EV_GAP        ? c->gap_ms
                                                      : 0);
        ev->why = (int) c->gap_why;
        return true;
    }
    return false;
}

static bool call_event(struct ix_call *c, struct ix_phone_out *out)
{
    struct ix_phone *p = c->obj.phone;

    out->kind = IX_OUT_EVENT;
    out->event = (struct ix_phone_event){ .kind = IX_EV_CALL,
        .line = c->line,
        .call = c->obj.id,
        .transport = c->transport,
        .error = &p->polled,
        .user = c->user_data };
    memset(&p->polled, 0, sizeof p->polled);
    if (c->report_incoming && c->ended) { /* nobody has heard of it */
        c->report_incoming = false;
        c->unreported = 0;
    }
    if (c->report_incoming) {
        c->report_incoming = false;
        out->event.kind = IX_EV_INCOMING;
        out->event.state = IX_CALL_RINGING;
        out->event.msg = ix_sip_txn_request(p->stack, c->invite);
        out->event.txn = c->invite;
        return true;
    }
    if (c->report_hold) {
        c->report_hold = false;
        out->event.kind = IX_EV_HOLD;
        out->event.state = (c->hold_said ? IX_HOLD_LOCAL : 0) | (c->held ? IX_HOLD_REMOTE : 0);
        p->polled = c->hold_error;
        memset(&c->hold_error, 0, sizeof c->hold_error);
        return true;
    }
    if (ix_call_transfer_poll(c, &out->event) || ix_call_say_poll(c, &out->event) || talk_event(c, &out->event))
        return true;
    for (int state = IX_CALL_DIALING; state <= IX_CALL_ENDED; state++) {
        if (!(c->unreported & (1u << state)))
            continue;
        c->unreported = (uint8_t) (c->unreported & ~(1u << state));
        out->event.state = state;
        if (state == IX_CALL_ENDED)
            p->polled = c->report.error;
        return true;
    }
    return false;
}

static bool media_output(struct ix_call *c, struct ix_phone_out *out)
{
    if (c->want_start)
        out->media.kind = IX_CALL_MEDIA_START;
    else if (c->want_codec)
        out->media.kind = IX_CALL_MEDIA_CODEC;
    else
        return false;
    c->want_start = c->want_start && out->media.kind != IX_CALL_MEDIA_START;
    c->want_codec = c->want_codec && out->media.kind != IX_CALL_MEDIA_CODEC;
    out->kind = IX_OUT_MEDIA;
    out->media.call = c->obj.id;
    ix_call_codec(c, &out->media);
    return true;
}

static bool stop_output(struct ix_call *c, struct ix_phone_out *out)
{
    if (!c->media_closed)
        return false;
    ix_call_path_release(c); /* the last packets have been handed out */
    if (!c->want_stop)
        return false;
    c->want_stop = false;
    out->kind = IX_OUT_MEDIA;
    out->media.kind = IX_CALL_MEDIA_STOP;
    out->media.call = c->obj.id;
    return true;
}

bool ix_call_poll(struct ix_call *c, struct ix_phone_out *out)
{
    out->call = c->obj.id;
    if (media_output(c, out) || ix_call_media_poll(c, out) || stop_output(c, out) || call_event(c, out)) {
        ix_dirty(&c->obj);
        return true;
    }
    memset(out, 0, sizeof *out);
    ix_call_rearm(c);
    if (c->ended && !c->working && !c->unreported)
        ix_call_free(c);
    return false;
}
