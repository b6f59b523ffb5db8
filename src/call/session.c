/* SPDX-License-Identifier: MIT */
/*
 * Session timers (RFC 4028), whoever refreshes: at half of the interval we send UPDATE without a description where the
 * peer allows it, else a re-INVITE; a session that nobody refreshed ends with BYE a third of the interval, at most 32
 * s, before it runs out. During an outage the refresh waits for the connection.
 */
#include "call/private.h"

#define LEAST_S 90 /* RFC 4028 section 5 */
#define MOST_S 86400

static void arm(struct ix_call *c, uint32_t interval_s, bool ours)
{
    uint64_t now = c->obj.phone->now.mono_us, margin = IX_MIN((uint64_t) interval_s / 3, UINT64_C(32));

    c->session.interval_s = interval_s;
    c->session.ours = ours;
    c->session.expire_us = now + (interval_s - margin) * IX_S;
    c->session.refresh_us = ours ? now + (uint64_t) interval_s * IX_S / 2 : IX_NEVER;
}

static void disarm(struct ix_call *c)
{
    c->session.interval_s = 0;
    c->session.refresh_us = c->session.expire_us = IX_NEVER;
}

static bool read_expires(const struct ix_sip_msg *msg, uint32_t *seconds, struct ix_str *refresher)
{
    if (ix_sip_get_session_expires(msg, seconds, refresher) || !*seconds)
        return false;
    *seconds = IX_MIN(*seconds, (uint32_t) MOST_S);
    return true;
}

/* ---- they ask ------------------------------------------------------------------------------ */
unsigned ix_session_request(struct ix_call *c, const struct ix_sip_msg *msg, struct ix_buf *lines)
{
    struct ix_str refresher;
    uint32_t seconds;

    if (!read_expires(msg, &seconds, &refresher) || seconds >= LEAST_S ||
        !ix_sip_list_has(msg, IX_SIP_H_SUPPORTED, "timer"))
        return 0;
    ix_buf_fmt(lines, "Min-SE: %u\r\n", LEAST_S);
    ix_call_note(c, "session_interval_refused", "\"seconds\":%u", seconds);
    return 422;
}

/* RFC 4028 section 9, table 2: their word counts; where they leave it to us, who asks refreshes if it can */
void ix_session_reply(struct ix_call *c, const struct ix_sip_msg *request, struct ix_buf *lines)
{
    bool timer = ix_sip_list_has(request, IX_SIP_H_SUPPORTED, "timer"), theirs;
    struct ix_str refresher;
    uint32_t seconds;

    if (!read_expires(request, &seconds, &refresher)) {
        disarm(c);
        return;
    }
    seconds = IX_MAX(seconds, (uint32_t) LEAST_S);
    theirs = refresher.n ? ix_str_ieq(refresher, IX_STR("uac")) : timer;
    ix_buf_fmt(lines, "Session-Expires: %u;refresher=%s\r\n", seconds, theirs ? "uac" : "uas");
    if (timer)
        ix_buf_str(lines, "Require: timer\r\n");
    arm(c, seconds, !theirs);
}

/* ---- we ask -------------------------------------------------------------------------------- */
void ix_session_offer(const struct ix_call *c, bool initial, struct ix_buf *lines)
{
    if (initial && c->session.wanted_s)
        ix_buf_fmt(lines, "Session-Expires: %u\r\nMin-SE: %u\r\n", c->session.wanted_s, LEAST_S);
    else if (!initial && c->session.interval_s)
        ix_buf_fmt(
            lines, "Session-Expires: %u;refresher=%s\r\n", c->session.interval_s, c->session.ours ? "uac" : "uas");
}

void ix_session_agreed(struct ix_call *c, const struct ix_sip_msg *response)
{
    struct ix_str refresher;
    uint32_t seconds;

    if (!c->session.wanted_s && !c->session.interval_s)
        return; /* whoever asked keeps its own time */
    if (!read_expires(response, &seconds, &refresher)) {
        disarm(c); /* section 7.2: no session expiration */
        return;
    }
    arm(c, IX_MAX(seconds, (uint32_t) LEAST_S), !ix_str_ieq(refresher, IX_STR("uas")));
}

/* ---- time ---------------------------------------------------------------------------------- */
int ix_session_update(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;
    const struct ix_line *l = ix_line_get(p, c->line);
    struct ix_sip_request req = { .method = IX_SIP_UPDATE, .auth = l ? l->auth : NULL };
    char storage[80];
    struct ix_buf b;

    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_session_offer(c, false, &b);
    req.headers = ix_str_n(b.p, b.n);
    return ix_sip_dialog_request(c->dialog, &req, c, p->now, &c->refresh);
}

static void refresh(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;

    if (!ix_call_may_reoffer(c)) { /* what is under way refreshes as well, or the connection is awaited */
        c->session.refresh_us = p->now.mono_us + IX_S;
        return;
    }
    c->session.refresh_us = IX_NEVER;
    if (c->peer_update ? ix_session_update(c) : ix_call_refresh(p, c->obj.id, NULL, p->now))
        c->session.refresh_us = p->now.mono_us + IX_S;
}

void ix_session_refused(struct ix_call *c, const struct ix_sip_out *so)
{
    bool gone =
        so->kind == IX_SIP_OUT_RESPONSE ? so->msg->status == 481 || so->msg->status == 408 : so->err == IRISX_E_TIMEOUT;

    if (c->session.interval_s && c->session.ours && c->session.refresh_us == IX_NEVER && !gone)
        c->session.refresh_us = c->obj.phone->now.mono_us + 5 * IX_S; /* there may be time for another one */
}

void ix_session_timeout(struct ix_call *c)
{
    uint64_t now = c->obj.phone->now.mono_us;

    if (c->ending || !c->session.interval_s)
        return;
    if (now >= c->session.expire_us) {
        disarm(c);
        ix_call_note(c, "session_expired", "%s", "");
        ix_error_why(&c->report.error, IRISX_REASON_SESSION_EXPIRED);
        ix_call_farewell(c, 102); /* Q.850: recovery on timer expiry */
    } else if (now >= c->session.refresh_us) {
        refresh(c);
    }
}

uint64_t ix_session_deadline(const struct ix_call *c)
{
    return c->ending || !c->session.interval_s ? IX_NEVER : IX_MIN(c->session.refresh_us, c->session.expire_us);
}
