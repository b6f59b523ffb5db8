/* SPDX-License-Identifier: MIT */
/* The second leg: an agent is called for leg a, which hears ringback until it answers; then both are one mix group. */
#include <string.h>

#include "sandbox/sip.h"

#define CADENCE_ON_MS 2000 /* ringback as in North America: 2 s of tone, 4 s of silence */
#define CADENCE_OFF_MS 4000

static const float ringback_hz[2] = { 440.0f, 480.0f };

static void write_from(const struct sandbox_call *c, struct ix_buf *b)
{
    struct ix_buf uri;

    ix_buf_init(&uri, 512);
    ix_buf_str(&uri, "sip:");
    ix_sip_user_write(&uri, ix_str(c->from));
    ix_buf_str(&uri, "@" SANDBOX_REALM);
    ix_sip_write_addr(b, ix_str(c->display[0] ? c->display : c->from), ix_str_n(uri.p, uri.n), IX_STR_NONE);
    ix_buf_u8(b, 0);
    b->err = b->err ? b->err : uri.err;
    ix_buf_clear(&uri);
}

bool sandbox_dial(struct sandbox_call *c, struct sandbox_leg *leg, const char *extension)
{
    struct sandbox_sip *s = c->sip;
    const struct ix_sip_binding *binding = sandbox_binding(s, ix_str(extension));
    struct ix_call_config config = {
        .ring_timeout_ms = c->ring_ms, .headers = SANDBOX_SESSION_HEADERS, .user_data = leg
    };
    struct ix_buf from;
    uint32_t id;
    int err;

    if (!binding)
        return false;
    ix_buf_init(&from, 1024);
    write_from(c, &from);
    config.transport = binding->transport;
    config.to = binding->contact;
    config.from = (const char *) from.p;
    leg->outgoing = true;
    err = from.err ? from.err : ix_call_dial(sandbox_phone(s), &config, sandbox_now(s), &id);
    if (!err)
        err = sandbox_leg_bind(leg, id);
    ix_buf_clear(&from);
    if (err)
        ix_log(&s->sb->log, IX_LOG_WARN, "sandbox", "call %s: agent %s cannot be called: %s", c->sid, extension,
            ix_error_text(err));
    return !err;
}

void sandbox_bridge_dial(struct sandbox_call *c)
{
    if (!c->a) {
        sandbox_call_over(c, 480, Q850_ABSENT);
        return;
    }
    c->b = sandbox_leg_new(c);
    if (c->b)
        c->b->group_of = c->a->id;
    if (!c->b || !sandbox_dial(c, c->b, c->target))
        sandbox_call_over(c, 480, Q850_ABSENT);
}

/* ---- what leg b does --------------------------------------------------------------------- */
void sandbox_bridge_cadence(struct sandbox_call *c)
{
    uint32_t ms = c->tone_on ? CADENCE_OFF_MS : CADENCE_ON_MS;

    c->tone_on = !c->tone_on;
    sandbox_source(c, c->tone_on ? IX_SOURCE_TONE : IX_SOURCE_SILENCE, ringback_hz);
    ix_loop_timer_set(c->timer, sandbox_now(c->sip).mono_us + ms * IX_MS);
}

static void b_rings(struct sandbox_call *c)
{
    struct ix_phone *p = sandbox_phone(c->sip);

    if (!c->a->answered && ix_call_early_media(p, c->a->id, sandbox_now(c->sip)))
        (void) ix_call_ring(p, c->a->id, sandbox_now(c->sip)); /* it is ending: ENDED follows */
    sandbox_call_ringing(c);
    sandbox_watch_changed(c->sip);
    c->tone_on = false;
    sandbox_bridge_cadence(c);
}

static void b_answered(struct sandbox_call *c)
{
    c->tone_on = false;
    sandbox_source(c, IX_SOURCE_SILENCE, NULL);
    if (!c->a->answered)
        (void) ix_call_answer(sandbox_phone(c->sip), c->a->id, NULL, sandbox_now(c->sip)); /* as in b_rings */
    sandbox_scene_until_end(c);
    sandbox_watch_changed(c->sip);
}

/* What leg a is told of a leg b that was never answered, as FreeSWITCH puts it. */
static void b_failed(struct sandbox_call *c, const struct ix_phone_error *e)
{
    switch (e->code) {
    case IRISX_E_BUSY:
        sandbox_call_over(c, 486, Q850_BUSY);
        break;
    case IRISX_E_DECLINED:
        sandbox_call_over(c, 603, Q850_REJECTED);
        break;
    case IRISX_E_NO_ANSWER:
        sandbox_call_over(c, 480, Q850_NO_ANSWER);
        break;
    default:
        sandbox_call_over(c, 480, e->q850_cause ? e->q850_cause : Q850_ABSENT);
        break;
    }
}

void sandbox_bridge_event(struct sandbox_call *c, const struct ix_phone_event *ev)
{
    switch ((enum ix_call_state) ev->state) {
    case IX_CALL_DIALING:
    case IX_CALL_ACTIVE:
        break;
    case IX_CALL_RINGING:
        b_rings(c);
        break;
    case IX_CALL_ANSWERED:
        b_answered(c);
        break;
    case IX_CALL_ENDED:
        if (c->b->answered)
            sandbox_call_over(c, 480, ev->error->q850_cause ? ev->error->q850_cause : Q850_NORMAL);
        else
            b_failed(c, ev->error);
        break;
    }
}
