/* SPDX-License-Identifier: MIT */
/*
 * Calls whose signalling goes and comes back. An answered call talks on meanwhile; when the line is registered again a
 * re-INVITE (one that was due, else a plain one) proves that the server knows it. 481: a new INVITE that Replaces the
 * lost dialog (RFC 3891), with new ICE and new keys. A call that rings here has its answer sent again by the stack; one
 * that rings there is asked for again with the same branch, every 2 s, since a server may say what it says only in
 * answer to that; if nothing is heard for 6 s it is dialled anew.
 *
 *   answered:  away --line ready--> probing --2xx--> BACK      --481--> INVITE with Replaces --2xx--> REPLACED, else
 * ended
 */
#include "call/private.h"

#define ASK_AGAIN_US (2 * IX_S)
#define ASK_TIMES 3 /* without a word: the server does not know it */
#define EARLY_AWAY_US (32 * IX_S) /* who rang, or was rung, has given up by then */

static void tell(struct ix_call *c, enum ix_signalling what)
{
    c->signalling = what;
    ix_call_note(c, "signalling", "\"state\":%d", (int) what);
    ix_call_talk(c, IX_EV_SIGNALLING);
}

void ix_calls_away(struct ix_phone *p, uint32_t line)
{
    IX_LIST_EACH (node, &p->calls) {
        struct ix_call *c = IX_CONTAINER(node, struct ix_call, obj.all);

        if (c->line != line || c->ending || c->away)
            continue;
        c->away = true;
        c->probing = false;
        c->away_us = p->now.mono_us;
        c->ask_again_us = IX_NEVER;
        tell(c, IX_SIGNALLING_LOST);
    }
}

/* ---- early ----------------------------------------------------------------------------------- */
static void dial_anew(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;

    c->ask_again_us = IX_NEVER;
    if (c->redialled || c->described) { /* once, and never what was heard already */
        ix_error_set(&c->report.error, IRISX_E_NETWORK, "the connection to the server was lost: try again");
        ix_call_farewell(c, 0);
        return;
    }
    c->redialled = true;
    ix_call_note(c, "dialled_again", "%s", "");
    ix_sip_txn_forget(p->stack, c->invite, p->now); /* cancels what may still be there */
    c->invite = 0;
    if (c->dialog)
        ix_sip_dialog_free(c->dialog, p->now);
    c->dialog = NULL;
    ix_call_send_invite(c);
}

static void ask_again(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;

    if (c->asked++ >= ASK_TIMES) {
        dial_anew(c);
        return;
    }
    c->ask_again_us = p->now.mono_us + ASK_AGAIN_US;
    if (ix_sip_ask_again(p->stack, c->invite, p->now) == IRISX_E_NOT_FOUND)
        c->ask_again_us = IX_NEVER; /* it has just ended */
}

/* ---- back -------------------------------------------------------------------------------------- */
static void back(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;

    if (c->ending)
        return;
    if (c->resuming) {
        ix_call_resume_now(c);
        return;
    }
    if (c->away && !c->report.answered_us) {
        c->away = false;
        tell(c, IX_SIGNALLING_BACK);
        c->asked = 0;
        if (!c->incoming && c->invite)
            ask_again(c);
        return;
    }
    ix_call_reoffer(c);
    if (!c->away)
        return;
    c->probing = true; /* by what has just been sent, or: */
    if (!c->refresh && ix_call_may_reoffer(c))
        (void) ix_call_refresh(p, c->obj.id, NULL, p->now); /* failing, the session timer finds out */
    else if (!c->refresh && c->peer_update && c->dialog)
        (void) ix_session_update(c); /* an answer of ours is not acknowledged yet: says at least where we are */
}

void ix_calls_back(struct ix_phone *p, uint32_t line)
{
    IX_LIST_EACH_SAFE (node, &p->calls) {
        struct ix_call *c = IX_CONTAINER(node, struct ix_call, obj.all);

        if (c->line == line)
            back(c);
    }
}

void ix_call_probed(struct ix_call *c, enum ix_reoffer outcome, const struct ix_sip_msg *msg)
{
    if (c->resuming && outcome == IX_REOFFER_DONE) {
        c->resuming = false;
        c->obj.phone->counts.resumed++;
        tell(c, IX_SIGNALLING_BACK);
    } else if (c->resuming && outcome == IX_REOFFER_REFUSED) {
        if (msg)
            ix_error_from_response(&c->report.error, msg);
        else
            ix_error_why(&c->report.error, IRISX_REASON_SERVER_SILENT);
        ix_call_farewell(c, 41);
    }
    if (!c->away || !c->probing || !msg || c->ending)
        return;
    /* who refuses knows it, too */
    c->away = c->probing = false;
    tell(c, IX_SIGNALLING_BACK);
}

/* ---- the dialog is gone ------------------------------------------------------------------------ */
static int replacing(struct ix_call *c)
{
    const struct ix_line *l = ix_line_get(c->obj.phone, c->line);
    struct ix_buf b;

    ix_buf_init(&b, 2048);
    ix_sip_dialog_write_replaces(&b, c->dialog);
    ix_free(c->replacing);
    c->replacing = ix_buf_take(&b);
    if (!c->to)
        c->to = ix_dup_cstr(c->peer_uri);
    if (!c->from && l)
        c->from = ix_call_own_from(c, l);
    if (!c->headers)
        c->headers = ix_dup_cstr("");
    return c->replacing && c->to && c->from && c->headers ? 0 : IRISX_E_NO_MEMORY;
}

bool ix_call_lost_at_server(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;

    if (!c->line || c->ending || !c->report.answered_us || !c->dialog || c->relive || replacing(c))
        return false;
    ix_call_note(c, "lost_at_server", "%s", "");
    ix_sip_dialog_free(c->dialog, p->now);
    c->dialog = NULL;
    c->refresh = 0;
    c->want_restart = c->hold_due = false;
    c->hold_offered = c->hold;
    c->session.interval_s = 0;
    c->relive = true;
    c->ring_at_us = p->now.mono_us + IX_SIP_64T1;
    ix_call_send_invite(c);
    return true;
}

void ix_call_relived(struct ix_call *c)
{
    c->relive = c->away = c->probing = c->resuming = false;
    c->hold_said = c->hold;
    c->ring_at_us = IX_NEVER;
    c->obj.phone->counts.replaced++;
    ix_free(c->replacing);
    c->replacing = NULL;
    tell(c, IX_SIGNALLING_REPLACED);
}

/* ---- time ---------------------------------------------------------------------------------------- */
static uint64_t early_end(const struct ix_call *c)
{
    return c->away && !c->report.answered_us && !c->ending ? c->away_us + EARLY_AWAY_US : IX_NEVER;
}

void ix_call_survive_timeout(struct ix_call *c)
{
    uint64_t now = c->obj.phone->now.mono_us;

    if (now >= early_end(c)) {
        ix_error_set(&c->report.error, IRISX_E_NETWORK, "the connection to the server was lost: try again");
        ix_call_farewell(c, 0);
    } else if (now >= c->ask_again_us) {
        if (c->invite && !c->ending && !c->away)
            ask_again(c);
        else
            c->ask_again_us = IX_NEVER;
    }
}

uint64_t ix_call_survive_deadline(const struct ix_call *c)
{
    return IX_MIN(early_end(c), c->ask_again_us);
}
