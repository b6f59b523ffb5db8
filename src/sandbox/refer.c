/* SPDX-License-Identifier: MIT */
/*
 * Transfers as FreeSWITCH does them: 202, at once NOTIFY with sipfrag 200, then BYE, whatever becomes of the target.
 * Blind: whoever was talking to the one who transfers goes to the target (RFC 3515). Attended: the two that it talks to
 * are connected, and both of its calls end (RFC 5589). An INVITE with Replaces takes a leg's place (RFC 3891).
 */
#include <string.h>

#include "sandbox/sip.h"

/* Refer-To: whom, and with Replaces the dialog whose place is to be taken (RFC 5589 section 7.3) */
static bool read_target(const struct ix_sip_msg *msg, char *out, size_t cap, char *replaces, size_t replaces_cap)
{
    struct ix_sip_addr to;
    struct ix_str rest, one;
    struct ix_buf b;

    out[0] = replaces[0] = 0;
    if (ix_sip_get_addr(msg, IX_SIP_H_REFER_TO, &to) || to.star)
        return false;
    sandbox_number(to.uri.user, out, cap);
    rest = to.uri.headers;
    while (ix_str_cut(&rest, '&', &one)) {
        if (!ix_str_istarts(one, IX_STR("Replaces=")))
            continue;
        ix_buf_init(&b, 1024);
        if (ix_sip_user_decode(&b, ix_str_slice(one, 9, one.n)) || b.err ||
            ix_str_copy(replaces, replaces_cap, ix_str_n(b.p, b.n)))
            replaces[0] = 0;
        ix_buf_clear(&b);
    }
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

/* ---- attended ------------------------------------------------------------------------------ */
static struct sandbox_leg *leg_of(const struct sandbox_sip *s, uint32_t id)
{
    return id ? ix_map_get(s->legs, ix_str_n(&id, sizeof id)) : NULL;
}

static struct sandbox_leg *take_other(struct sandbox_call *c, const struct sandbox_leg *leg)
{
    struct sandbox_leg *other = leg == c->a ? c->b : c->a;

    if (!other || !other->answered)
        return NULL;
    if (other == c->a)
        c->a = NULL;
    else
        c->b = NULL;
    return other;
}

/* `other` is all that talks in call c from now on */
static void alone_in(struct sandbox_call *c, struct sandbox_leg *other)
{
    other->call = c;
    c->a = other;
    c->b = NULL;
    sandbox_media(c->sip, &(struct ix_media_cmd){ .kind = IX_MEDIA_JOIN, .party_id = other->id });
}

/* The parties of the two calls that are not the one who transfers are connected; a scene is one too. */
static void connect(struct sandbox_sip *s, struct sandbox_leg *leg, struct sandbox_leg *consulted)
{
    struct sandbox_call *one = leg->call, *two = consulted->call;
    struct sandbox_leg *first = take_other(one, leg), *second = take_other(two, consulted);

    sandbox_hush(one);
    sandbox_hush(two);
    if (two->a == consulted)
        two->a = NULL;
    if (two->b == consulted)
        two->b = NULL;
    sandbox_leg_end(s, consulted, 480, Q850_NORMAL); /* first: it tells the one who transfers that it worked */
    if (one->a == leg)
        one->a = NULL;
    if (one->b == leg)
        one->b = NULL;
    sandbox_leg_end(s, leg, 480, Q850_NORMAL);
    if (first && second) {
        alone_in(one, first);
        one->b = second;
        second->call = one;
        second->group_of = first->id;
        sandbox_source(one, IX_SOURCE_SILENCE, NULL);
        sandbox_media(
            s, &(struct ix_media_cmd){ .kind = IX_MEDIA_JOIN, .party_id = second->id, .u.join.other = first->id });
        sandbox_scene_until_end(one);
        sandbox_call_over(two, 480, Q850_NORMAL);
    } else if (first) {
        alone_in(one, first);
        sandbox_transfer(one, ix_str(two->target));
        sandbox_call_over(two, 480, Q850_NORMAL);
    } else if (second) {
        alone_in(two, second);
        sandbox_transfer(two, ix_str(one->target));
        sandbox_call_over(one, 480, Q850_NORMAL);
    } else {
        sandbox_call_over(one, 480, Q850_NORMAL);
        sandbox_call_over(two, 480, Q850_NORMAL);
    }
}

/* An INVITE with Replaces: the peer of a leg comes back in a new dialog. Its leg is the new call of the phone. */
bool sandbox_replaces(struct sandbox_sip *s, uint32_t id)
{
    struct sandbox_leg *leg = leg_of(s, ix_call_replaces(sandbox_phone(s), id));
    uint32_t old = leg ? leg->id : 0;
    struct sandbox_call *c = leg ? leg->call : NULL;
    bool second;

    if (!c || !leg->answered)
        return false;
    second = leg == c->b;
    ix_call_set_user(sandbox_phone(s), old, NULL);
    (void) ix_map_remove(s->legs, ix_str_n(&old, sizeof old)); /* it is there */
    if (sandbox_leg_bind(leg, id)) {
        leg->hung_up = true;
        sandbox_call_over(c, 480, Q850_TEMPORARY);
        return true;
    }
    ix_call_set_user(sandbox_phone(s), id, leg);
    leg->group_of = second && c->a ? c->a->id : !second && c->b ? c->b->id : 0;
    leg->outgoing = false;
    (void) ix_call_answer(sandbox_phone(s), id, NULL, sandbox_now(s)); /* failing, ENDED follows */
    if (!second && !c->b)
        sandbox_transfer(c, ix_str(c->target)); /* the scene from its beginning */
    return true;
}

void sandbox_refer(struct sandbox_sip *s, struct sandbox_leg *leg, const struct ix_phone_event *ev)
{
    char target[64], replaces[600];
    bool usable = read_target(ev->msg, target, sizeof target, replaces, sizeof replaces);
    struct sandbox_leg *consulted = NULL;

    if (!leg || !leg->call || !leg->answered || !usable) {
        sandbox_answer(s, ev->txn, usable ? 481 : 400, IX_STR_NONE);
        return;
    }
    if (replaces[0])
        consulted = leg_of(s, ix_call_find(sandbox_phone(s), ix_str(replaces)));
    sandbox_answer(s, ev->txn, 202, IX_STR_NONE);
    (void) ix_call_notify_refer(
        sandbox_phone(s), leg->id, "SIP/2.0 200 OK\r\n", sandbox_now(s)); /* BYE says it as well */
    ix_log(&s->sb->log, IX_LOG_INFO, "sandbox", "call %s is transferred to %s", leg->call->sid, target);
    if (consulted && consulted->call && consulted->call != leg->call && consulted->answered)
        connect(s, leg, consulted);
    else
        pass_on(leg->call, leg, target);
}
