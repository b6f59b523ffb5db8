/* SPDX-License-Identifier: MIT */
/* Calls and legs: their life, and what the platform tells of it. */
#include <string.h>

#include "sandbox/sip.h"

/* ---- telling the REST half --------------------------------------------------------------- */
struct telling {
    struct sandbox *sb;
    struct sandbox_call_event ev;
};

static void tell_rest(void *arg)
{
    struct telling *t = arg;

    sandbox_rest_call_event(t->sb->rest, &t->ev);
    ix_free(t);
}

static const char *status_word(const struct sandbox_call *c, enum sandbox_call_kind kind)
{
    switch (kind) {
    case SANDBOX_CALL_INITIATED:
        return "initiated";
    case SANDBOX_CALL_RINGING:
        return "ringing";
    case SANDBOX_CALL_ANSWERED:
        return "answered";
    case SANDBOX_CALL_COMPLETED:
        return "completed";
    case SANDBOX_CALL_FAILED:
        break;
    }
    if (c->sip_status == 486 || c->sip_status == 600)
        return "busy";
    if (c->sip_status == 408 || c->q850 == Q850_NO_ANSWER)
        return "no-answer";
    return c->sip_status == 487 ? "canceled" : "failed";
}

static void tell(struct sandbox_call *c, enum sandbox_call_kind kind)
{
    struct sandbox *sb = c->sip->sb;
    struct telling *t = ix_alloc(sizeof *t);
    int64_t now = sandbox_now(c->sip).wall_us / 1000;
    bool last = kind == SANDBOX_CALL_COMPLETED || kind == SANDBOX_CALL_FAILED;

    if (!t) {
        ix_log(&sb->log, IX_LOG_ERROR, "sandbox", "out of memory: an event of call %s is lost", c->sid);
        return;
    }
    t->sb = sb;
    t->ev = (struct sandbox_call_event){ .kind = kind,
        .tenant_id = c->tenant_id,
        .at_ms = now,
        .initiated_ms = c->initiated_ms,
        .answered_ms = c->answered_ms,
        .ended_ms = last ? now : 0,
        .sip_status = c->sip_status,
        .q850_cause = c->q850,
        .by_api = c->by_api };
    memcpy(t->ev.sid, c->sid, sizeof t->ev.sid);
    memcpy(t->ev.direction, c->direction, sizeof t->ev.direction);
    memcpy(t->ev.from, c->from, sizeof t->ev.from);
    memcpy(t->ev.to, c->to, sizeof t->ev.to);
    memcpy(t->ev.agent, c->agent, sizeof t->ev.agent);
    (void) ix_str_copy(t->ev.status, sizeof t->ev.status, ix_str(status_word(c, kind))); /* all are shorter */
    if (last && c->answered_ms)
        t->ev.duration_s = (uint32_t) ((now - c->answered_ms + 999) / 1000);
    if (ix_loop_post(sb->service_loop, tell_rest, t))
        ix_free(t); /* the sandbox ends */
}

void sandbox_call_initiated(struct sandbox_call *c)
{
    c->initiated_ms = sandbox_now(c->sip).wall_us / 1000;
    tell(c, SANDBOX_CALL_INITIATED);
    sandbox_watch_changed(c->sip);
}

void sandbox_call_ringing(struct sandbox_call *c)
{
    if (c->rung)
        return;
    c->rung = true;
    tell(c, SANDBOX_CALL_RINGING);
    sandbox_watch_changed(c->sip);
}

void sandbox_call_answered(struct sandbox_call *c)
{
    if (c->answered)
        return;
    sandbox_call_ringing(c); /* the platform knows no call that never rang */
    c->answered = true;
    c->answered_ms = sandbox_now(c->sip).wall_us / 1000;
    c->answered_us = sandbox_now(c->sip).mono_us;
    tell(c, SANDBOX_CALL_ANSWERED);
    sandbox_watch_changed(c->sip);
}

/* ---- legs -------------------------------------------------------------------------------- */
static struct ix_str leg_key(const struct sandbox_leg *leg)
{
    return ix_str_n(&leg->id, sizeof leg->id);
}

struct sandbox_leg *sandbox_leg_new(struct sandbox_call *c)
{
    struct sandbox_leg *leg = ix_alloc(sizeof *leg);

    if (!leg)
        return NULL;
    leg->call = c;
    leg->sip = c->sip;
    return leg;
}

int sandbox_leg_bind(struct sandbox_leg *leg, uint32_t id)
{
    struct sandbox_sip *s = leg->call->sip;
    int err;

    leg->id = id;
    err = ix_map_set(s->legs, leg_key(leg), leg);
    if (!err)
        return 0;
    ix_call_set_user(sandbox_phone(s), id, NULL);
    (void) ix_call_hangup(sandbox_phone(s), id, Q850_TEMPORARY, sandbox_now(s)); /* it was made a moment ago: it can */
    leg->id = 0;
    return err;
}

void sandbox_leg_free(struct sandbox_sip *s, struct sandbox_leg *leg)
{
    if (!leg)
        return;
    sandbox_reflect_end(leg);
    ix_loop_timer_free(leg->refresh);
    if (leg->id)
        (void) ix_map_remove(s->legs, leg_key(leg)); /* it is there */
    ix_free(leg);
}

/* FreeSWITCH's words behind the cause */
static const char *cause_text(unsigned q850)
{
    switch (q850) {
    case Q850_UNALLOCATED:
        return "UNALLOCATED_NUMBER";
    case Q850_NORMAL:
        return "NORMAL_CLEARING";
    case Q850_BUSY:
        return "USER_BUSY";
    case Q850_NO_ANSWER:
        return "NO_ANSWER";
    case Q850_ABSENT:
        return "SUBSCRIBER_ABSENT";
    case Q850_REJECTED:
        return "CALL_REJECTED";
    case Q850_TEMPORARY:
        return "NORMAL_TEMPORARY_FAILURE";
    }
    return "NORMAL_UNSPECIFIED";
}

static void refuse(const struct sandbox_sip *s, const struct sandbox_leg *leg, unsigned status, unsigned q850)
{
    char storage[96];
    struct ix_buf b;

    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_buf_fmt(&b, "Reason: Q.850;cause=%u;text=\"%s\"\r\n", q850, cause_text(q850));
    ix_buf_u8(&b, 0);
    /* refused when it has ended meanwhile: its ENDED is on the way */
    (void) ix_call_reject(sandbox_phone(s), leg->id, status >= 300 ? status : 480, 0, storage, sandbox_now(s));
}

void sandbox_leg_end(struct sandbox_sip *s, struct sandbox_leg *leg, unsigned status, unsigned q850)
{
    if (!leg)
        return;
    leg->call = NULL;
    if (!leg->id) {
        sandbox_leg_free(s, leg);
        return;
    }
    if (leg->hung_up)
        return;
    leg->hung_up = true;
    if (leg->outgoing || leg->answered)
        (void) ix_call_hangup(sandbox_phone(s), leg->id, q850, sandbox_now(s)); /* as in refuse */
    else
        refuse(s, leg, status, q850);
}

/* ---- session timer ----------------------------------------------------------------------- */
static uint64_t refresh_at(const struct sandbox_leg *leg)
{
    uint32_t ms = leg->sip->sb->options.session_timer_ms;

    return sandbox_now(leg->sip).mono_us + (ms ? ms : SANDBOX_REFRESH_MS) * IX_MS;
}

static void on_refresh(void *ctx)
{
    struct sandbox_leg *leg = ctx;

    if (leg->hung_up)
        return;
    /* not now: an INVITE is under way, which refreshes as well; the next one is in time */
    (void) ix_call_refresh(sandbox_phone(leg->sip), leg->id, SANDBOX_SESSION_HEADERS, sandbox_now(leg->sip));
    ix_loop_timer_set(leg->refresh, refresh_at(leg));
}

/* we placed the call and offered to refresh it (refresher=uac) */
static void keep_fresh(struct sandbox_leg *leg)
{
    if (!leg->outgoing || leg->refresh)
        return;
    if (!ix_loop_timer_new(leg->sip->sb->call_loop, on_refresh, leg, &leg->refresh)) /* else it is never refreshed */
        ix_loop_timer_set(leg->refresh, refresh_at(leg));
}

/* ---- what legs do ------------------------------------------------------------------------ */
static void a_ended(struct sandbox_call *c, const struct ix_phone_error *e)
{
    unsigned status = c->answered ? 0 : e->sip_status ? e->sip_status : e->code == IRISX_E_CANCELLED ? 487 : 480;
    unsigned q850 = e->q850_cause ? e->q850_cause : e->code == IRISX_E_NO_ANSWER ? Q850_NO_ANSWER : Q850_NORMAL;

    sandbox_call_over(c, status, q850);
}

static void a_event(struct sandbox_call *c, const struct ix_phone_event *ev)
{
    switch ((enum ix_call_state) ev->state) {
    case IX_CALL_DIALING:
        break;
    case IX_CALL_RINGING:
        sandbox_call_ringing(c);
        break;
    case IX_CALL_ANSWERED:
        sandbox_call_answered(c);
        break;
    case IX_CALL_ACTIVE:
        if (c->scene)
            sandbox_scene_active(c);
        else /* the API's call to an agent */
            sandbox_scene_start(c, sandbox_scene_platform());
        break;
    case IX_CALL_ENDED:
        a_ended(c, ev->error);
        break;
    }
}

void sandbox_leg_event(struct sandbox_sip *s, struct sandbox_leg *leg, const struct ix_phone_event *ev)
{
    struct sandbox_call *c = leg->call;
    bool ended = ev->state == IX_CALL_ENDED;

    leg->answered |= ev->state == IX_CALL_ANSWERED;
    if (ev->state == IX_CALL_ANSWERED)
        keep_fresh(leg);
    leg->active |= ev->state == IX_CALL_ACTIVE;
    leg->hung_up |= ended;
    if (c && leg == c->a)
        a_event(c, ev);
    else if (c && leg == c->b)
        sandbox_bridge_event(c, ev);
    if (ended)
        sandbox_leg_free(s, leg); /* no event of it follows, and its call has let go of it */
    if (ended)
        sandbox_check_idle(s);
}

static void digit_pressed(struct sandbox_call *c, const struct sandbox_leg *leg, char digit)
{
    const struct sandbox_leg *other = leg == c->a ? c->b : c->a;

    if (leg == c->a)
        sandbox_scene_digit(c, digit);
    if (other && other->active) /* from agent to agent, as FreeSWITCH's bridge does */
        sandbox_media(
            c->sip, &(struct ix_media_cmd){ .kind = IX_MEDIA_DTMF, .party_id = other->id, .u.dtmf.digits = { digit } });
}

void sandbox_leg_media(struct sandbox_sip *s, struct sandbox_leg *leg, const struct ix_media_event *ev)
{
    (void) s;
    if (ev->kind == IX_MEDIA_EV_STATS)
        leg->mos = ev->u.stats.mos;
    else if (ev->kind == IX_MEDIA_EV_DTMF && leg->call)
        digit_pressed(leg->call, leg, ev->u.dtmf.digit);
}

/* ---- calls ------------------------------------------------------------------------------- */
static void on_timer(void *ctx)
{
    sandbox_scene_timeout(ctx);
}

struct sandbox_call *sandbox_call_new(struct sandbox_sip *s)
{
    struct sandbox_call *c = s->call_count < SANDBOX_MAX_CALLS ? ix_alloc(sizeof *c) : NULL;

    if (!c)
        return NULL;
    if (ix_loop_timer_new(s->sb->call_loop, on_timer, c, &c->timer)) {
        ix_free(c);
        return NULL;
    }
    c->sip = s;
    c->ring_ms = SANDBOX_RING_MS;
    sandbox_new_sid(s->sb, c->sid);
    ix_list_append(&s->calls, &c->node);
    s->call_count++;
    return c;
}

static void let_go(struct sandbox_sip *s, struct sandbox_leg *leg)
{
    if (leg && leg->id)
        leg->call = NULL;
    else
        sandbox_leg_free(s, leg);
}

void sandbox_call_free(struct sandbox_call *c)
{
    struct sandbox_sip *s = c->sip;

    c->over = true;
    sandbox_hush(c);
    sandbox_record_stop(c);
    let_go(s, c->a);
    let_go(s, c->b);
    ix_pcm_ring_free(c->recording);
    ix_loop_timer_free(c->timer);
    ix_list_remove(&c->node);
    s->call_count--;
    ix_wipe(c->digits, sizeof c->digits);
    ix_free(c);
}

struct sandbox_call *sandbox_call_find(const struct sandbox_sip *s, const char *sid)
{
    IX_LIST_EACH (node, &s->calls) {
        struct sandbox_call *c = IX_CONTAINER(node, struct sandbox_call, node);

        if (ix_str_eq(ix_str(c->sid), ix_str(sid)))
            return c;
    }
    return NULL;
}

void sandbox_call_over(struct sandbox_call *c, unsigned status, unsigned q850)
{
    struct sandbox_sip *s = c->sip;

    if (c->over)
        return;
    c->over = true;
    c->sip_status = (uint16_t) (c->answered ? 0 : status);
    c->q850 = (uint16_t) q850;
    sandbox_leg_end(c->sip, c->a, status, q850);
    sandbox_leg_end(c->sip, c->b, status, q850);
    c->a = c->b = NULL;
    tell(c, c->answered ? SANDBOX_CALL_COMPLETED : SANDBOX_CALL_FAILED);
    sandbox_call_free(c);
    sandbox_watch_changed(s);
}

void sandbox_hold(struct sandbox_call *c)
{
    if (!c->a || !c->a->active)
        return;
    sandbox_hush(c);
    sandbox_media(c->sip, &(struct ix_media_cmd){ .kind = IX_MEDIA_JOIN, .party_id = c->a->id });
    sandbox_source(c, IX_SOURCE_TONE, (float[2]){ 330.0f, 415.0f });
}

/* ---- calls the API makes ----------------------------------------------------------------- */
static int dial_a(struct sandbox_call *c)
{
    c->a = sandbox_leg_new(c);
    if (!c->a)
        return IRISX_E_NO_MEMORY;
    return sandbox_dial(c, c->a, c->to) ? 0 : IRISX_E_UNREACHABLE;
}

void sandbox_call_originate(
    struct sandbox_sip *s, const char *sid, const char *from, const char *to, int64_t tenant_id, uint32_t ring_ms)
{
    struct sandbox_call *c = sandbox_call_new(s);

    if (!c) {
        ix_log(&s->sb->log, IX_LOG_WARN, "sandbox", "call %s is not made: too many calls", sid);
        return;
    }
    c->tenant_id = tenant_id;
    c->by_api = true;
    c->ring_ms = ring_ms;
    memcpy(c->sid, sid, SANDBOX_SID);
    (void) ix_str_copy(c->from, sizeof c->from, ix_str(from)); /* checked by sandbox_sip_originate */
    (void) ix_str_copy(c->to, sizeof c->to, ix_str(to)); /* as above */
    (void) ix_str_copy(c->direction, sizeof c->direction, IX_STR("outbound")); /* shorter */
    sandbox_call_initiated(c);
    if (sandbox_route(s, to)->steps[0].op != SCENE_AGENT)
        sandbox_scene_start(c, sandbox_route(s, to));
    else if (dial_a(c))
        sandbox_call_over(c, 480, Q850_ABSENT);
}

/* ---- the list of live calls -------------------------------------------------------------- */
struct listing {
    sandbox_live_fn fn;
    void *ctx;
    size_t count;
    struct sandbox_live_call calls[];
};

static void give_list(void *arg)
{
    struct listing *l = arg;

    l->fn(l->ctx, l->calls, l->count);
    ix_free(l);
}

static void describe(const struct sandbox_call *c, struct sandbox_live_call *out)
{
    static const char *const codecs[] = { "", "opus", "PCMU", "PCMA" };
    struct ix_call_report r;

    memcpy(out->sid, c->sid, sizeof out->sid);
    memcpy(out->from, c->from, sizeof out->from);
    memcpy(out->to, c->to, sizeof out->to);
    (void) ix_str_copy(out->status, sizeof out->status,
        ix_str(c->answered ? "answered"
               : c->rung   ? "ringing"
                           : "initiated")); /* short */
    out->initiated_ms = c->initiated_ms;
    out->answered_ms = c->answered_ms;
    if (!c->a || ix_call_report(sandbox_phone(c->sip), c->a->id, &r))
        return;
    (void) ix_str_copy(out->codec, sizeof out->codec, ix_str(codecs[r.codec])); /* short */
    out->packets_sent = r.rtp.packets_sent;
    out->packets_received = r.rtp.packets_received;
    out->packets_lost = r.rtp.packets_lost;
    out->jitter_us = (uint32_t) r.rtp.jitter_us;
    out->round_trip_us = (uint32_t) r.rtp.round_trip_us;
    out->mos = c->a->mos;
}

void sandbox_calls_list(struct sandbox_sip *s, sandbox_live_fn fn, void *ctx)
{
    struct listing *l = ix_alloc(sizeof *l + s->call_count * sizeof l->calls[0]);

    if (!l) {
        ix_log(&s->sb->log, IX_LOG_ERROR, "sandbox", "out of memory: the list of live calls is not answered");
        return;
    }
    l->fn = fn;
    l->ctx = ctx;
    IX_LIST_EACH (node, &s->calls)
        describe(IX_CONTAINER(node, struct sandbox_call, node), &l->calls[l->count++]);
    if (ix_loop_post(s->sb->service_loop, give_list, l))
        ix_free(l);
}
