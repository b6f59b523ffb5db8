/* SPDX-License-Identifier: MIT */
/* The SIP half's life, its events, and the commands of other threads. Call loop unless said otherwise. */
#include <string.h>

#include "sandbox/sip.h"

/* ---- events of the engine ---------------------------------------------------------------- */
struct ix_now sandbox_now(const struct sandbox_sip *s)
{
    return ix_engine_now(s->engine);
}

struct ix_phone *sandbox_phone(const struct sandbox_sip *s)
{
    return ix_engine_phone(s->engine);
}

struct ix_engine *sandbox_engine(struct sandbox *sb)
{
    return sb->sip->engine;
}

void sandbox_answer(struct sandbox_sip *s, ix_sip_txn txn, unsigned status, struct ix_str headers)
{
    struct ix_sip_reply reply = { .status = status, .headers = headers };

    (void) ix_phone_respond(
        sandbox_phone(s), txn, &reply, sandbox_now(s)); /* failing, the peer's transaction times out */
}

void sandbox_media(const struct sandbox_sip *s, const struct ix_media_cmd *cmd)
{
    int err = ix_engine_media(s->engine, cmd);

    if (err && err != IRISX_E_NOT_FOUND) /* not found: it is hanging up */
        ix_log(&s->sb->log, IX_LOG_WARN, "sandbox", "media command %u of call %u: %s", cmd->kind, cmd->party_id,
            ix_error_text(err));
}

static void on_request(struct sandbox_sip *s, const struct ix_phone_event *ev)
{
    switch (ev->msg->method) {
    case IX_SIP_REGISTER:
        sandbox_register(s, ev);
        break;
    case IX_SIP_INVITE:
        sandbox_invite(s, ev);
        break;
    case IX_SIP_MESSAGE:
        sandbox_text(s, ev);
        break;
    case IX_SIP_SUBSCRIBE:
        sandbox_watch(s, ev);
        break;
    default: /* REFER outside a call */
        sandbox_answer(s, ev->txn, 481, IX_STR_NONE);
        break;
    }
}

static void on_event(void *ctx, const struct ix_phone_event *ev)
{
    struct sandbox_sip *s = ctx;

    switch (ev->kind) {
    case IX_EV_REQUEST:
        on_request(s, ev);
        break;
    case IX_EV_TRANSPORT_CLOSED:
        ix_sip_registrar_transport_closed(s->registrar, ev->transport);
        sandbox_watch_changed(s);
        break;
    case IX_EV_DONE:
        sandbox_text_done(s, ev);
        break;
    case IX_EV_CALL:
        if (ev->user)
            sandbox_leg_event(s, ev->user, ev);
        break;
    case IX_EV_REFER:
        sandbox_refer(s, ev->user, ev);
        break;
    case IX_EV_INFO: /* answered 200 and dropped, as FreeSWITCH does */
    case IX_EV_HOLD:
    case IX_EV_EARLY_MEDIA:
    case IX_EV_DISPLAY:
    case IX_EV_DIGIT:
    case IX_EV_GAP:
    case IX_EV_SIGNALLING:
    case IX_EV_REPLACED:
    case IX_EV_MOVED:
    case IX_EV_ANSWER_NOW:
    case IX_EV_SAID:
    case IX_EV_TRANSFER:
    case IX_EV_LINE:
    case IX_EV_INCOMING: /* ours come as REQUEST */
    case IX_EV_MESSAGE:
    case IX_EV_SUBSCRIPTION:
    case IX_EV_NOTICE:
    case IX_EV_CREDENTIALS:
    case IX_EV_REFUSED:
        break;
    }
}

static void on_media(void *ctx, const struct ix_media_event *ev)
{
    struct sandbox_sip *s = ctx;
    struct sandbox_leg *leg = ix_map_get(s->legs, ix_str_n(&ev->party_id, sizeof ev->party_id));

    sandbox_sound_media(s, ev);
    if (leg)
        sandbox_leg_media(s, leg, ev);
}

static uint32_t group_of(void *ctx, uint32_t call)
{
    struct sandbox_sip *s = ctx;
    const struct sandbox_leg *leg = ix_map_get(s->legs, ix_str_n(&call, sizeof call));

    return leg ? leg->group_of : 0;
}

/* ---- life -------------------------------------------------------------------------------- */
struct starting {
    struct sandbox_sip *s;
    int err;
};

static void start(void *arg)
{
    struct starting *st = arg;

    st->err = ix_engine_start(st->s->engine);
}

static int put_agent(void *ctx, const struct sandbox_agent *a)
{
    return sandbox_agent_put(ctx, a);
}

static int set_up(struct sandbox_sip *s)
{
    struct sandbox *sb = s->sb;
    struct ix_engine_options engine = { .host = sb->host,
        .log = &sb->log,
        .agent = "irisx-sandbox",
        .max_calls = 2 * SANDBOX_MAX_CALLS,
        .allow_requests = IX_SIP_BIT(IX_SIP_REGISTER) | IX_SIP_BIT(IX_SIP_INVITE) | IX_SIP_BIT(IX_SIP_REFER) |
            IX_SIP_BIT(IX_SIP_MESSAGE) | IX_SIP_BIT(IX_SIP_SUBSCRIBE),
        .take_pauses = sb->options.echo_raw,
        .loopback_only = !sb->options.allow_remote,
        .on_event = on_event,
        .on_media = on_media,
        .group_of = group_of,
        .reflects = sandbox_reflects,
        .ctx = s };
    struct ix_sip_auth_server_config auth = { .rng = &sb->rng, .realm = SANDBOX_REALM, .sha256 = sb->options.sha256 };
    struct ix_sip_registrar_config registrar = { 0 };
    struct starting st = { .s = s };
    int err;

    s->agents = ix_map_new(SANDBOX_MAX_AGENTS, ix_rng_u64(&sb->rng));
    s->legs = ix_map_new(4 * SANDBOX_MAX_CALLS, ix_rng_u64(&sb->rng));
    if (!s->agents || !s->legs)
        return IRISX_E_NO_MEMORY;
    err = ix_sip_auth_server_new(&auth, &s->auth);
    if (!err)
        err = ix_sip_registrar_new(&registrar, &s->registrar);
    if (!err)
        err = sandbox_state_agents(sb->state, put_agent, s);
    if (!err)
        err = ix_engine_new(&engine, &s->engine);
    if (!err)
        err = sandbox_run_on(sb->call_loop, start, &st);
    return err ? err : st.err;
}

int sandbox_sip_new(struct sandbox *sb, struct sandbox_sip **out)
{
    struct sandbox_sip *s = ix_alloc(sizeof *s);
    int err;

    if (!s)
        return IRISX_E_NO_MEMORY;
    *out = s; /* also when it fails: sandbox_free frees it once the loops have ended */
    s->sb = sb;
    ix_list_init(&s->calls);
    ix_list_init(&s->sounds);
    ix_list_init(&s->watches);
    ix_list_init(&s->texts);
    err = set_up(s);
    return err;
}

/* whose ENDED never came */
static void free_legs(struct sandbox_sip *s)
{
    struct ix_str key;
    void *leg;

    for (size_t at = 0; s->legs && ix_map_next(s->legs, &at, &key, &leg);)
        sandbox_leg_free(s, leg);
}

void sandbox_sip_free(struct sandbox_sip *s)
{
    if (!s)
        return;
    while (!ix_list_empty(&s->calls))
        sandbox_call_free(IX_CONTAINER(s->calls.next, struct sandbox_call, node));
    free_legs(s);
    sandbox_watches_free(s);
    ix_engine_free(s->engine);
    sandbox_texts_free(s);
    sandbox_sounds_free(s);
    ix_sip_registrar_free(s->registrar);
    ix_sip_auth_server_free(s->auth);
    sandbox_agents_free(s);
    ix_map_free(s->legs);
    ix_free(s);
}

void sandbox_sip_shutdown(struct sandbox_sip *s, void (*idle)(void *ctx), void *ctx)
{
    s->ending = true;
    s->idle = idle;
    s->idle_ctx = ctx;
    IX_LIST_EACH_SAFE (node, &s->calls)
        sandbox_call_over(IX_CONTAINER(node, struct sandbox_call, node), 480, Q850_NORMAL);
    ix_engine_shutdown(s->engine);
    sandbox_check_idle(s);
}

/* Nobody is left who waits for a word of ours. The engine's own idea of that includes transactions that linger for 32 s
 * to catch repeated requests (RFC 6026), which no client cares for when the server goes. */
void sandbox_check_idle(struct sandbox_sip *s)
{
    void (*idle)(void *ctx) = s->idle;

    if (!s->ending || !idle || ix_map_count(s->legs))
        return;
    s->idle = NULL;
    idle(s->idle_ctx);
}

/* ---- commands of other threads ----------------------------------------------------------- */
enum order_kind { ORDER_ORIGINATE = 1, ORDER_HANGUP, ORDER_ACTION, ORDER_AGENT, ORDER_LIST };
struct order {
    struct sandbox *sb;
    enum order_kind kind;
    char sid[SANDBOX_SID], to[64], from[64], text[256];
    int64_t tenant_id;
    uint32_t ring_ms;
    uint16_t q850;
    enum sandbox_action action;
    struct sandbox_agent agent;
    sandbox_live_fn fn;
    void *ctx;
};

static void act(struct sandbox_call *c, const struct order *o)
{
    switch (o->action) {
    case SANDBOX_MUTE:
    case SANDBOX_UNMUTE:
        if (c->a)
            sandbox_media(
                c->sip, &(struct ix_media_cmd){
                            .kind = IX_MEDIA_MUTE, .party_id = c->a->id, .u.mute.on = o->action == SANDBOX_MUTE });
        break;
    case SANDBOX_HOLD:
        sandbox_hold(c);
        break;
    case SANDBOX_SAY:
        if (c->a && c->a->active && !c->sound)
            (void) sandbox_say(c, o->text); /* no memory: nothing is heard */
        break;
    case SANDBOX_TRANSFER:
        sandbox_transfer(c, ix_str(o->text));
        break;
    }
}

static void run_order(void *arg)
{
    struct order *o = arg;
    struct sandbox_sip *s = o->sb->sip;
    struct sandbox_call *c = sandbox_call_find(s, o->sid);

    switch (o->kind) {
    case ORDER_ORIGINATE:
        if (!s->ending)
            sandbox_call_originate(s, o->sid, o->from, o->to, o->tenant_id, o->ring_ms);
        break;
    case ORDER_HANGUP:
        if (c)
            sandbox_call_over(c, 480, o->q850);
        break;
    case ORDER_ACTION:
        if (c && !c->over)
            act(c, o);
        break;
    case ORDER_AGENT:
        if (sandbox_agent_put(s, &o->agent))
            ix_log(&o->sb->log, IX_LOG_ERROR, "sandbox", "agent %s is not known to SIP: too many", o->agent.extension);
        break;
    case ORDER_LIST:
        sandbox_calls_list(s, o->fn, o->ctx);
        break;
    }
    ix_wipe(o, sizeof *o);
    ix_free(o);
}

static int give_order(struct sandbox *sb, const struct order *what)
{
    struct order *o = ix_alloc(sizeof *o);
    int err;

    if (!o)
        return IRISX_E_NO_MEMORY;
    *o = *what;
    o->sb = sb;
    err = ix_loop_post(sb->call_loop, run_order, o);
    if (err)
        ix_free(o);
    return err;
}

void sandbox_new_sid(const struct sandbox *sb, char out[SANDBOX_SID])
{
    uint8_t bytes[16];
    struct ix_buf b;

    ix_rng_fill(&sb->rng, bytes, sizeof bytes);
    ix_buf_init_fixed(&b, out, SANDBOX_SID - 1);
    ix_buf_str(&b, "CA");
    ix_buf_hex(&b, bytes, sizeof bytes);
    out[SANDBOX_SID - 1] = 0;
}

int sandbox_sip_originate(struct sandbox *sb, const struct sandbox_originate *from, char sid_out[SANDBOX_SID])
{
    struct order o = { .kind = ORDER_ORIGINATE,
        .tenant_id = from->tenant_id,
        .ring_ms = from->ring_timeout_ms ? from->ring_timeout_ms : SANDBOX_RING_MS };
    int err = ix_str_copy(o.to, sizeof o.to, ix_str(from->to));

    if (!err)
        err = ix_str_copy(o.from, sizeof o.from, ix_str(from->from));
    if (err || !o.to[0])
        return IRISX_E_INVALID;
    sandbox_new_sid(sb, o.sid);
    err = give_order(sb, &o);
    if (!err)
        memcpy(sid_out, o.sid, SANDBOX_SID);
    return err;
}

int sandbox_sip_hangup(struct sandbox *sb, const char *sid, uint16_t q850_cause)
{
    struct order o = { .kind = ORDER_HANGUP, .q850 = q850_cause ? q850_cause : Q850_NORMAL };
    int err = ix_str_copy(o.sid, sizeof o.sid, ix_str(sid));

    return err ? IRISX_E_INVALID : give_order(sb, &o);
}

int sandbox_sip_action(struct sandbox *sb, const char *sid, enum sandbox_action action, const char *text)
{
    struct order o = { .kind = ORDER_ACTION, .action = action };
    struct ix_str t = ix_str(text);

    (void) ix_str_copy(o.text, sizeof o.text, ix_str_slice(t, 0, sizeof o.text - 1)); /* fits by the cut */
    if (ix_str_copy(o.sid, sizeof o.sid, ix_str(sid)))
        return IRISX_E_INVALID;
    return give_order(sb, &o);
}

int sandbox_sip_set_agent(struct sandbox *sb, const struct sandbox_agent *a)
{
    struct order o = { .kind = ORDER_AGENT, .agent = *a };

    return a->extension[0] ? give_order(sb, &o) : IRISX_E_INVALID;
}

int sandbox_sip_calls(struct sandbox *sb, sandbox_live_fn fn, void *ctx)
{
    return give_order(sb, &(struct order){ .kind = ORDER_LIST, .fn = fn, .ctx = ctx });
}
