/* SPDX-License-Identifier: MIT */
/*
 * Blind transfer as FreeSWITCH does it: 202, at once NOTIFY with sipfrag 200, then BYE, whatever becomes of the target;
 * whoever was talking to the one who transfers goes to the target. RFC 3515.
 */
#include <string.h>

#include "sandbox/sip.h"

static bool read_target(const struct ix_sip_msg *msg, char *out, size_t cap)
{
    struct ix_sip_addr to;

    out[0] = 0;
    if (!ix_sip_get_addr(msg, IX_SIP_H_REFER_TO, &to) && !to.star)
        sandbox_number(to.uri.user, out, cap);
    return out[0] != 0;
}

void sandbox_transfer(struct sandbox_call *c, struct ix_str to)
{
    if (!c->a || !c->a->answered || ix_str_copy(c->target, sizeof c->target, to))
        return;
    sandbox_hush(c);
    sandbox_record_stop(c);
    if (c->in_conference)
        sandbox_media(c->sip, &(struct ix_media_cmd){ .kind = IX_MEDIA_JOIN, .party_id = c->a->id });
    c->in_conference = false;
    sandbox_leg_end(c->sip, c->b, 480, Q850_NORMAL);
    c->b = NULL;
    sandbox_source(c, IX_SOURCE_SILENCE, NULL);
    c->parked[0] = 0;
    if (sandbox_park(c, ix_str(c->target)))
        return;
    sandbox_scene_start(c, sandbox_route(c->sip, c->target));
}

/* `leg` has asked and is gone; the other one, if there is one, is transferred */
static void pass_on(struct sandbox_call *c, struct sandbox_leg *leg, const char *target)
{
    bool bridged = c->a && c->b && c->a->answered && c->b->answered;

    if (!bridged) {
        sandbox_call_over(c, 480, Q850_NORMAL);
        return;
    }
    if (leg == c->a)
        c->a = c->b;
    c->b = NULL;
    sandbox_leg_end(c->sip, leg, 480, Q850_NORMAL);
    sandbox_transfer(c, ix_str(target));
}

void sandbox_refer(struct sandbox_sip *s, struct sandbox_leg *leg, const struct ix_phone_event *ev)
{
    char target[64];
    bool usable = read_target(ev->msg, target, sizeof target);

    if (!leg || !leg->call || !leg->answered || !usable) {
        sandbox_answer(s, ev->txn, usable ? 481 : 400, IX_STR_NONE);
        return;
    }
    sandbox_answer(s, ev->txn, 202, IX_STR_NONE);
    (void) ix_call_notify_refer(
        sandbox_phone(s), leg->id, "SIP/2.0 200 OK\r\n", sandbox_now(s)); /* BYE says it as well */
    ix_log(&s->sb->log, IX_LOG_INFO, "sandbox", "call %s is transferred to %s", leg->call->sid, target);
    pass_on(leg->call, leg, target);
}
