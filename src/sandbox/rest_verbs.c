/* SPDX-License-Identifier: MIT */
/* Hang up, and what can be done in a call (contract WIRE.md section 8.4). The answer does not wait for the switch. */
#include <string.h>

#include "sandbox/rest.h"

int rest_calls_hangup(struct rest_exchange *x)
{
    struct rest_call c;
    bool over;
    int err = rest_call_load(x->r, x->caller.tenant_id, rest_path_param(x, "sid"), &c);

    if (err == IRISX_E_NOT_FOUND)
        return rest_call_not_found(x);
    over = !err && c.ended_ms;
    if (!err && !over)
        err = rest_call_end(x->r, &c);
    if (err)
        return err;
    if (!over)
        (void) sandbox_sip_hangup(x->r->sb, c.sid, 0); /* only refuses while the sandbox ends, which hangs up as well */
    out_open(&x->out, NULL, '{');
    out_text(&x->out, "sid", c.sid);
    out_text(&x->out, "status", "completed");
    if (over)
        out_text(&x->out, "message", "Call already ended");
    out_close(&x->out, '}');
    rest_clock_wake(x->r);
    return 0;
}

/* ---- actions --------------------------------------------------------------------------------- */
/* What each does: members of the answer, and the SIP half's part where there is one. */
struct verb {
    const char *name, *status;
    int (*act)(struct rest_exchange *x, struct rest_call *c);
};

static int tell(struct rest_exchange *x, const struct rest_call *c, enum sandbox_action action, const char *text)
{
    return sandbox_sip_action(x->r->sb, c->sid, action, text);
}

static void copy_text(struct rest_exchange *x, const char *key, const char *fallback)
{
    out_text(&x->out, key, irisx_value_get_text(x->body, key, fallback));
}

static int say(struct rest_exchange *x, struct rest_call *c)
{
    copy_text(x, "text", "");
    return tell(x, c, SANDBOX_SAY, irisx_value_get_text(x->body, "text", ""));
}

static int play(struct rest_exchange *x, struct rest_call *c)
{
    (void) c; /* nothing is fetched from the network */
    copy_text(x, "url", "");
    out_int(&x->out, "loop", irisx_value_get_int(x->body, "loop", 1));
    return 0;
}

static int gather(struct rest_exchange *x, struct rest_call *c)
{
    const irisx_value_t *input = irisx_value_get(x->body, "input");
    const irisx_value_t *digits = irisx_value_get(x->body, "num_digits");

    (void) c; /* as on the platform, digits are never delivered */
    if (input)
        out_value(&x->out, "input", input);
    else
        out_raw(&x->out, "input", IX_STR("[\"dtmf\"]"));
    out_int(&x->out, "timeout", irisx_value_get_int(x->body, "timeout", 5));
    if (digits)
        out_int(&x->out, "num_digits", irisx_value_int(digits, 0));
    return 0;
}

static int dial(struct rest_exchange *x, struct rest_call *c)
{
    copy_text(x, "number", "");
    out_int(&x->out, "timeout", irisx_value_get_int(x->body, "timeout", 30));
    return tell(x, c, SANDBOX_TRANSFER, irisx_value_get_text(x->body, "number", ""));
}

static int enqueue(struct rest_exchange *x, struct rest_call *c)
{
    (void) c; /* there are no queues yet */
    copy_text(x, "queue_name", "");
    out_int(&x->out, "max_wait_time", irisx_value_get_int(x->body, "max_wait_time", 300));
    return 0;
}

static int record(struct rest_exchange *x, struct rest_call *c)
{
    char path[96];
    struct ix_buf b;

    ix_buf_init_fixed(&b, path, sizeof path - 1);
    ix_buf_fmt(&b, "/var/lib/irisx/recordings/%s.wav", c->sid);
    path[b.n] = 0;
    if (!strcmp(irisx_value_get_text(x->body, "action", "start"), "stop"))
        return 0;
    out_text(&x->out, "path", path);
    return sandbox_run(x->r->state, "UPDATE calls SET recording_url = ?2 WHERE sid = ?1",
        SANDBOX_ARGS(ARG_TEXT(c->sid), ARG_TEXT(path)));
}

static int hangup(struct rest_exchange *x, struct rest_call *c)
{
    int err = rest_call_end(x->r, c);

    copy_text(x, "reason", "NORMAL_CLEARING");
    if (!err)
        (void) sandbox_sip_hangup(x->r->sb, c->sid, 0); /* as in rest_calls_hangup */
    return err;
}

static int hold(struct rest_exchange *x, struct rest_call *c)
{
    if (irisx_value_get(x->body, "music_url"))
        copy_text(x, "music_url", "");
    return tell(x, c, SANDBOX_HOLD, NULL);
}

static int mute(struct rest_exchange *x, struct rest_call *c)
{
    copy_text(x, "direction", "both");
    return tell(x, c, SANDBOX_MUTE, irisx_value_get_text(x->body, "direction", "both"));
}

static int unmute(struct rest_exchange *x, struct rest_call *c)
{
    copy_text(x, "direction", "both");
    return tell(x, c, SANDBOX_UNMUTE, irisx_value_get_text(x->body, "direction", "both"));
}

static const struct verb verbs[] = { { "say", "executed", say }, { "play", "executed", play },
    { "gather", "started", gather }, { "dial", "initiated", dial }, { "enqueue", "queued", enqueue },
    { "record", "recording_started", record }, { "hangup", "completed", hangup }, { "hold", "held", hold },
    { "mute", "muted", mute }, { "unmute", "unmuted", unmute } };

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < IX_COUNT(verbs); i++) {
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    }
    return NULL;
}

static int act(struct rest_exchange *x, const struct verb *verb, struct rest_call *c)
{
    bool stop = verb->act == record && !strcmp(irisx_value_get_text(x->body, "action", "start"), "stop");
    int err;

    out_open(&x->out, NULL, '{');
    out_text(&x->out, "sid", c->sid);
    out_open(&x->out, "action", '{');
    out_text(&x->out, "verb", verb->name);
    out_text(&x->out, "status", stop ? "recording_stopped" : verb->status);
    err = verb->act(x, c);
    out_close(&x->out, '}');
    out_time(&x->out, "executed_at", rest_now_ms(x->r));
    out_close(&x->out, '}');
    rest_clock_wake(x->r);
    return err;
}

int rest_calls_actions(struct rest_exchange *x)
{
    const char *name = irisx_value_get_text(x->body, "verb", NULL);
    const struct verb *verb = name ? find_verb(name) : NULL;
    struct ix_api_issues issues;
    struct rest_call c;
    int err = rest_call_load(x->r, x->caller.tenant_id, rest_path_param(x, "sid"), &c);

    if (err == IRISX_E_NOT_FOUND)
        return rest_call_not_found(x);
    if (err)
        return err;
    if (c.ended_ms)
        return rest_refuse(
            x, 400, "Bad Request", "Actions need a call that rings or is answered", "INVALID_CALL_STATE");
    if (!name || !*name)
        return rest_refuse(x, 400, "Bad Request", "Action verb is required", "MISSING_VERB");
    if (!verb)
        return rest_refuse(x, 400, "Bad Request", "Unknown action verb", "UNKNOWN_VERB");
    if (!ix_api_validate_body(x->match.op, x->body, &issues))
        return rest_invalid(x, &issues);
    return act(x, verb, &c);
}
