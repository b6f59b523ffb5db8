/* SPDX-License-Identifier: MIT */
/*
 * Plays a scene for leg a of a call, step by step. A call of the API to a scene has no leg: the same steps pass in the
 * same time, without sound.
 *
 *   RUNS ──step waits──▶ FOR_... ──time, media, sound, digits, recording──▶ RUNS ... SCENE_END: the call is over
 */
#include <string.h>

#include "sandbox/sip.h"

#define TONE_LEVEL 0.25f
#define DUMB_SAY_MS 2000 /* a prompt that nobody hears takes that long */
#define DUMB_END_MS 60000 /* a call without media whose scene would go on for ever */

enum going { BLOCKED, ONWARD, OVER /* the call is freed */ };

void sandbox_source(const struct sandbox_call *c, enum ix_source_kind kind, const float hz[2])
{
    struct ix_media_cmd cmd = {
        .kind = IX_MEDIA_SOURCE, .party_id = c->a ? c->a->id : 0, .u.source.kind = (uint8_t) kind
    };

    if (!c->a)
        return;
    if (kind == IX_SOURCE_TONE) {
        memcpy(cmd.u.source.tone_hz, hz, sizeof cmd.u.source.tone_hz);
        cmd.u.source.tone_level = TONE_LEVEL;
    }
    sandbox_media(c->sip, &cmd);
}

static enum going wait_for(struct sandbox_call *c, enum scene_wait what, uint32_t ms)
{
    c->wait = what;
    ix_loop_timer_set(c->timer, ms ? sandbox_now(c->sip).mono_us + ms * IX_MS : IX_NEVER);
    return BLOCKED;
}

static enum going over(struct sandbox_call *c, unsigned status, unsigned q850)
{
    sandbox_call_over(c, status, q850);
    return OVER;
}

static enum going until_end(struct sandbox_call *c)
{
    return wait_for(c, SCENE_FOR_END, c->a ? 0 : DUMB_END_MS);
}

void sandbox_scene_until_end(struct sandbox_call *c)
{
    (void) until_end(c); /* it always blocks */
}

/* ---- steps ------------------------------------------------------------------------------- */
static enum going ring(struct sandbox_call *c, const struct scene_step *step)
{
    if (c->a && !c->a->answered)
        (void) ix_call_ring(sandbox_phone(c->sip), c->a->id, sandbox_now(c->sip)); /* it is ending: ENDED follows */
    sandbox_call_ringing(c);
    return step->ms ? wait_for(c, SCENE_FOR_TIME, step->ms) : until_end(c);
}

static enum going early(struct sandbox_call *c, const struct scene_step *step)
{
    struct ix_phone *p = sandbox_phone(c->sip);

    /* an INVITE without an offer has no early media: it rings */
    if (c->a && !c->a->answered && ix_call_early_media(p, c->a->id, sandbox_now(c->sip)))
        (void) ix_call_ring(p, c->a->id, sandbox_now(c->sip)); /* as in ring() */
    sandbox_source(c, IX_SOURCE_TONE, step->hz);
    sandbox_call_ringing(c);
    return wait_for(c, SCENE_FOR_TIME, step->ms);
}

static enum going answer(struct sandbox_call *c)
{
    sandbox_source(c, IX_SOURCE_SILENCE, NULL);
    if (!c->a) {
        sandbox_call_answered(c);
        return ONWARD;
    }
    if (c->a->active)
        return ONWARD;
    if (!c->a->answered)
        (void) ix_call_answer(sandbox_phone(c->sip), c->a->id, NULL, sandbox_now(c->sip)); /* failing, ENDED follows */
    return wait_for(c, SCENE_FOR_MEDIA, 0);
}

static enum going tone(struct sandbox_call *c, const struct scene_step *step)
{
    sandbox_source(c, IX_SOURCE_TONE, step->hz);
    return step->ms ? wait_for(c, SCENE_FOR_TIME, step->ms) : ONWARD;
}

static enum going be_silent(struct sandbox_call *c, const struct scene_step *step)
{
    sandbox_source(c, IX_SOURCE_SILENCE, NULL);
    return wait_for(c, SCENE_FOR_TIME, step->ms);
}

static enum going say(struct sandbox_call *c, const char *prompt)
{
    if (!c->a)
        return wait_for(c, SCENE_FOR_SOUND, DUMB_SAY_MS);
    if (sandbox_say(c, prompt))
        return ONWARD; /* no memory: what is not said cannot be waited for */
    return wait_for(c, SCENE_FOR_SOUND, 0);
}

static enum going record(struct sandbox_call *c, const struct scene_step *step)
{
    if (c->a && sandbox_record(c))
        return ONWARD;
    return wait_for(c, c->a ? SCENE_FOR_RECORDING : SCENE_FOR_TIME, step->ms);
}

static enum going play_back(struct sandbox_call *c)
{
    if (!c->recording || sandbox_play_back(c))
        return ONWARD;
    return wait_for(c, SCENE_FOR_SOUND, 0);
}

static enum going collect(struct sandbox_call *c, const struct scene_step *step)
{
    sandbox_source(c, IX_SOURCE_SILENCE, NULL);
    c->digit_said = 0;
    if (c->digit_count >= step->count)
        return ONWARD; /* typed ahead */
    return wait_for(c, SCENE_FOR_DIGITS, step->ms);
}

static enum going say_digits(struct sandbox_call *c)
{
    char digit = c->digits[c->digit_said];
    char prompt[] = "digits/0";

    if (!digit)
        return ONWARD;
    c->digit_said++;
    prompt[7] = digit;
    return say(c, digit == '*' ? "digits/star" : digit == '#' ? "digits/pound" : prompt);
}

static enum going again(struct sandbox_call *c, const struct scene_step *step)
{
    uint64_t gone = sandbox_now(c->sip).mono_us - c->answered_us;

    if (c->answered && gone >= step->ms * IX_MS)
        return ONWARD;
    c->step = (uint8_t) (step->go - 1); /* one is added by the one who goes on; of 0 it wraps and comes out right */
    return ONWARD;
}

static enum going confer(struct sandbox_call *c)
{
    uint32_t other = sandbox_conference_member(c);
    struct ix_media_cmd join = { .kind = IX_MEDIA_JOIN, .party_id = c->a ? c->a->id : 0, .u.join.other = other };

    sandbox_source(c, IX_SOURCE_SILENCE, NULL);
    /* who came by INVITE is there already; who was transferred joins, if that is mixed on the same media thread */
    if (c->a && other && ix_engine_media(c->sip->engine, &join)) {
        ix_log(&c->sip->sb->log, IX_LOG_WARN, "sandbox", "call %s cannot join the conference: dial it instead", c->sid);
        return over(c, 480, Q850_TEMPORARY);
    }
    c->in_conference = true;
    return until_end(c);
}

static enum going run_step(struct sandbox_call *c, const struct scene_step *step)
{
    switch (step->op) {
    case SCENE_RING:
        return ring(c, step);
    case SCENE_EARLY:
        return early(c, step);
    case SCENE_ANSWER:
        return answer(c);
    case SCENE_REJECT:
        return over(c, step->status, step->cause);
    case SCENE_HANGUP:
        return over(c, 480, step->cause);
    case SCENE_ECHO:
        if (c->a && c->sip->sb->options.echo_raw)
            sandbox_reflect(c->a);
        else
            sandbox_source(c, IX_SOURCE_ECHO, NULL);
        return ONWARD;
    case SCENE_TONE:
        return tone(c, step);
    case SCENE_WAIT:
        return step->ms ? wait_for(c, SCENE_FOR_TIME, step->ms) : until_end(c);
    case SCENE_PAUSE:
        return be_silent(c, step);
    case SCENE_SAY:
        return say(c, step->text);
    case SCENE_RECORD:
        return record(c, step);
    case SCENE_PLAYBACK:
        return play_back(c);
    case SCENE_COLLECT:
        return collect(c, step);
    case SCENE_SAY_DIGITS:
        return say_digits(c);
    case SCENE_AGAIN:
        return again(c, step);
    case SCENE_CONFERENCE:
        return confer(c);
    case SCENE_AGENT:
        c->wait = SCENE_FOR_AGENT;
        sandbox_bridge_dial(c);
        return OVER; /* or blocked: either way c is not ours to touch */
    case SCENE_END:
        break;
    }
    return over(c, 480, Q850_NORMAL);
}

/* ---- from step to step ------------------------------------------------------------------- */
static void run(struct sandbox_call *c)
{
    enum going going;

    do {
        c->wait = SCENE_RUNS;
        going = run_step(c, &c->scene->steps[c->step]);
        if (going == ONWARD)
            c->step++;
    } while (going == ONWARD);
}

static void onward(struct sandbox_call *c)
{
    ix_loop_timer_set(c->timer, IX_NEVER);
    c->step++;
    run(c);
}

void sandbox_scene_start(struct sandbox_call *c, const struct scene *scene)
{
    c->scene = scene;
    c->step = 0;
    c->digit_count = 0;
    c->digits[0] = 0;
    c->wait = SCENE_RUNS;
    ix_loop_timer_set(c->timer, sandbox_now(c->sip).mono_us);
}

void sandbox_scene_timeout(struct sandbox_call *c)
{
    switch (c->wait) {
    case SCENE_RUNS:
        run(c);
        break;
    case SCENE_FOR_TIME:
    case SCENE_FOR_SOUND:
        onward(c);
        break;
    case SCENE_FOR_DIGITS:
        c->step = c->scene->steps[c->step].go;
        run(c);
        break;
    case SCENE_FOR_RECORDING:
        sandbox_record_stop(c);
        break;
    case SCENE_FOR_AGENT:
        sandbox_bridge_cadence(c);
        break;
    case SCENE_FOR_MEDIA:
    case SCENE_FOR_END:
        sandbox_call_over(c, 480, Q850_NORMAL);
        break;
    }
}

void sandbox_scene_active(struct sandbox_call *c)
{
    if (c->wait == SCENE_FOR_MEDIA)
        onward(c);
}

void sandbox_scene_sound_over(struct sandbox_call *c)
{
    if (c->wait != SCENE_FOR_SOUND)
        return;
    if (c->scene->steps[c->step].op == SCENE_SAY_DIGITS)
        run(c); /* the next one */
    else
        onward(c);
}

void sandbox_scene_recorded(struct sandbox_call *c)
{
    if (c->wait == SCENE_FOR_RECORDING)
        onward(c);
}

void sandbox_scene_digit(struct sandbox_call *c, char digit)
{
    const struct scene_step *step = c->scene ? &c->scene->steps[c->step] : NULL;

    if (!step || c->digit_count >= SANDBOX_DIGITS)
        return;
    c->digits[c->digit_count++] = digit;
    c->digits[c->digit_count] = 0;
    if (c->wait == SCENE_FOR_DIGITS) {
        if (c->digit_count >= step->count)
            onward(c);
        else
            ix_loop_timer_set(c->timer, sandbox_now(c->sip).mono_us + step->ms * IX_MS);
    } else if (c->wait == SCENE_FOR_SOUND && step[1].op == SCENE_COLLECT) { /* who knows the menu need not hear it */
        sandbox_hush(c);
        onward(c);
    }
}
