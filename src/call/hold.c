/* SPDX-License-Identifier: MIT */
/*
 * Hold: who of the two wants silence, and how it is said (RFC 3264 section 8.4, RFC 6337 section 5.3). Our wish and
 * what the peer agreed to are kept apart; a re-INVITE goes out while they differ.
 *
 *   hold --[dialog and transport free]--> re-INVITE --2xx--> said        491: again in a while (RFC 3261 section 14.1)
 *                                                   --refused--> the wish is what was said before
 */
#include "call/private.h"

enum ix_sdp_direction ix_call_direction(const struct ix_call *c)
{
    if (c->hold)
        return c->held ? IX_SDP_INACTIVE : IX_SDP_SENDONLY;
    return c->held ? IX_SDP_RECVONLY : IX_SDP_SENDRECV;
}

static void changed(struct ix_call *c)
{
    c->sound_us = 0; /* what is not heard now is no gap */
    c->report_hold = true;
    c->want_codec = c->described && !c->media_closed;
    ix_call_note(c, "hold", "\"local\":%s,\"remote\":%s", c->hold_said ? "true" : "false", c->held ? "true" : "false");
    ix_dirty(&c->obj);
}

/* Of an answer to an offer that wanted to hear nothing only inactive says that the peer holds as well; one to inactive
 * says nothing. */
void ix_call_hold_heard(struct ix_call *c, enum ix_sdp_direction theirs, bool as_offer)
{
    bool held = theirs == IX_SDP_SENDONLY || theirs == IX_SDP_INACTIVE;

    if (!as_offer && c->offered == IX_SDP_INACTIVE)
        held = c->held;
    else if (!as_offer && c->offered == IX_SDP_SENDONLY)
        held = theirs == IX_SDP_INACTIVE;
    /* our answer tells the wish as well as a re-INVITE would, unless their offer does not leave room for it */
    if (as_offer && c->hold != c->hold_said && (c->hold || theirs == IX_SDP_SENDRECV)) {
        c->hold_said = c->hold;
        c->hold_due = false;
        c->held = held;
        changed(c);
    } else if (held != c->held) {
        c->held = held;
        changed(c);
    }
}

bool ix_call_may_reoffer(const struct ix_call *c)
{
    const struct ix_transport *t = ix_transport_get(c->obj.phone, c->transport);

    return !c->ending && c->report.answered_us && c->described && c->dialog && !c->refresh && t &&
           t->state == IX_TR_OPEN && c->obj.phone->now.mono_us >= c->glare_us && !ix_sip_dialog_busy(c->dialog);
}

void ix_call_glare(struct ix_call *c)
{
    const struct ix_rng *rng = c->obj.phone->config.rng;
    uint32_t units; /* of 10 ms */

    /* who made the Call-ID waits longer */
    units = c->incoming ? ix_rng_below(rng, 201) : 210 + ix_rng_below(rng, 191);
    c->glare_us = c->obj.phone->now.mono_us + units * 10 * IX_MS;
    ix_call_note(c, "glare", "\"wait_ms\":%u", units * 10);
}

static void refused(struct ix_call *c, const struct ix_sip_msg *msg)
{
    c->hold = c->hold_said;
    c->hold_due = false;
    if (msg)
        ix_error_from_response(&c->hold_error, msg);
    else
        ix_error_set(&c->hold_error, IRISX_E_NETWORK, "the server did not answer: try again");
    changed(c);
}

void ix_call_hold_answered(struct ix_call *c, enum ix_reoffer outcome, const struct ix_sip_msg *msg)
{
    bool ours = c->hold_offered != c->hold_said;

    c->hold_unsure =
        outcome == IX_REOFFER_LATER && !msg ? c->hold_unsure || ours : outcome == IX_REOFFER_LATER && c->hold_unsure;
    if (outcome == IX_REOFFER_DONE) {
        c->hold_said = c->hold_offered;
        c->hold_due = c->hold != c->hold_said;
        if (ours)
            changed(c);
    } else if (outcome == IX_REOFFER_REFUSED && ours) {
        refused(c, msg);
    }
    c->hold_offered = c->hold_said;
}

static void hold_reoffer(struct ix_call *c)
{
    if (!c->hold_due || !ix_call_may_reoffer(c))
        return;
    c->hold_offered = c->hold;
    c->sdp_version++;
    if (ix_call_refresh(c->obj.phone, c->obj.id, NULL, c->obj.phone->now)) {
        c->hold_offered = c->hold_said;
        refused(c, NULL);
    }
    ix_dirty(&c->obj);
}

void ix_call_reoffer(struct ix_call *c)
{
    if (c->relive)
        return; /* the new dialog says it all */
    ix_call_path_reoffer(c); /* its description says the wish to hold as well */
    hold_reoffer(c);
}

int ix_call_hold(struct ix_phone *p, uint32_t call, bool on, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (c->ending || !c->report.answered_us || !c->described)
        return IRISX_E_STATE;
    c->hold = on;
    c->hold_due = c->hold_unsure || on != (c->refresh ? c->hold_offered : c->hold_said);
    if (!c->hold_due && !c->refresh)
        changed(c);
    ix_call_reoffer(c);
    ix_dirty(&c->obj);
    return 0;
}
