/* SPDX-License-Identifier: MIT */
/* Calls that agents make: who they are, where they want to go, which scene that is. */
#include <string.h>

#include "sandbox/sip.h"

/* the user part without its escapes, "" if it is none of ours to understand */
void sandbox_number(struct ix_str user, char *out, size_t cap)
{
    struct ix_buf b;

    ix_buf_init(&b, 512);
    if (ix_sip_user_decode(&b, user) || b.err || memchr(b.n ? b.p : (const void *) "", 0, b.n) ||
        !ix_utf8_valid(b.p, b.n) || ix_str_copy(out, cap, ix_str_n(b.p, b.n)))
        out[0] = 0;
    ix_buf_clear(&b);
}

const struct scene *sandbox_route(const struct sandbox_sip *s, const char *to)
{
    return sandbox_agent_find(s, ix_str(to)) ? sandbox_scene_agent() : sandbox_scene_find(ix_str(to));
}

static struct sandbox_call *make_call(
    struct sandbox_sip *s, const struct sandbox_agent *agent, const struct ix_sip_msg *msg)
{
    struct sandbox_call *c = sandbox_call_new(s);

    if (!c)
        return NULL;
    c->tenant_id = agent->tenant_id;
    (void) ix_str_copy(c->from, sizeof c->from, ix_str(agent->extension)); /* shorter than that */
    (void) ix_str_copy(c->agent, sizeof c->agent, ix_str(agent->extension)); /* as above */
    (void) ix_str_copy(c->display, sizeof c->display, ix_str(agent->name)); /* as above */
    (void) ix_str_copy(c->direction, sizeof c->direction, IX_STR("outbound")); /* as above */
    sandbox_number(msg->uri.user, c->to, sizeof c->to);
    c->a = sandbox_leg_new(c);
    if (c->a)
        return c;
    sandbox_call_free(c);
    return NULL;
}

uint32_t sandbox_conference_member(const struct sandbox_call *but)
{
    IX_LIST_EACH (node, &but->sip->calls) {
        const struct sandbox_call *c = IX_CONTAINER(node, struct sandbox_call, node);

        if (c != but && c->in_conference && c->a && !c->a->hung_up)
            return c->a->id;
    }
    return 0;
}

void sandbox_invite(struct sandbox_sip *s, const struct ix_phone_event *ev)
{
    const struct sandbox_agent *agent = sandbox_authenticate(s, ev, true);
    ix_sip_txn txn = ev->txn;
    uint32_t transport = ev->transport, id;
    struct sandbox_call *c;

    if (!agent)
        return;
    c = s->ending ? NULL : make_call(s, agent, ev->msg);
    if (!c) {
        sandbox_answer(s, txn, s->call_count >= SANDBOX_MAX_CALLS ? 486 : 480, IX_STR_NONE);
        return;
    }
    if (ix_call_take(sandbox_phone(s), transport, txn, c->a, sandbox_now(s), &id)) {
        sandbox_call_free(c); /* take has answered it */
        return;
    }
    if (sandbox_replaces(s, id) || sandbox_leg_bind(c->a, id)) {
        sandbox_call_free(c); /* it is another call's leg, or hangs up */
        return;
    }
    memcpy(c->target, c->to, sizeof c->target);
    if (sandbox_pickup(c))
        return;
    c->in_conference = sandbox_scene_meets(sandbox_route(s, c->to));
    if (c->in_conference)
        c->a->group_of = sandbox_conference_member(c); /* where the others are mixed */
    sandbox_call_initiated(c);
    sandbox_scene_start(c, sandbox_route(s, c->to));
}
