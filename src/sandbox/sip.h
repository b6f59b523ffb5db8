/* SPDX-License-Identifier: MIT */
/*
 * The SIP half, on the call loop. A *call* is what the platform bills and tells webhooks about: it has a sid and one or
 * two *legs*, each a call of the phone (src/call).
 *
 *   agent ──leg a──▶ call ◀──leg b── agent          or: agent ──leg a──▶ call ─ scene          or: API ─▶ call ─ ...
 */
#ifndef IX_SANDBOX_SIP_H
#define IX_SANDBOX_SIP_H

#include "sandbox/internal.h"

#define SANDBOX_MAX_CALLS 200 /* of one or two legs */
#define SANDBOX_MAX_AGENTS 4096
#define SANDBOX_DIGITS 32
#define SANDBOX_RING_MS 30000 /* an agent's phone, then 480 */
#define SANDBOX_REFRESH_MS 63000 /* of a session that would expire after 120 s */
#define SANDBOX_SESSION_HEADERS "Session-Expires: 120;refresher=uac\r\nMin-SE: 120\r\n"
#define Q850_UNALLOCATED 1
#define Q850_NORMAL 16
#define Q850_BUSY 17
#define Q850_NO_ANSWER 19
#define Q850_ABSENT 20
#define Q850_REJECTED 21
#define Q850_TEMPORARY 41

struct sandbox_call;
struct sandbox_sound;

struct sandbox_leg {
    struct sandbox_call *call; /* NULL: left its call, only hangs up */
    uint32_t id; /* call id of the phone and party id of the media */
    uint32_t group_of; /* the party it begins with, 0: alone */
    bool outgoing, answered, active, hung_up;
    float mos; /* 0: not known */
    struct sandbox_reflection *reflection; /* NULL: its sound goes through the media thread */
    struct ix_loop_timer *refresh; /* outgoing, answered: session timer */
    struct sandbox_sip *sip;
};

enum scene_wait { /* what the scene waits for */
    SCENE_RUNS = 0,
    SCENE_FOR_TIME,
    SCENE_FOR_MEDIA, /* the leg to become active */
    SCENE_FOR_SOUND,
    SCENE_FOR_DIGITS,
    SCENE_FOR_RECORDING, /* the ring to come back */
    SCENE_FOR_END, /* somebody hangs up */
    SCENE_FOR_AGENT
};

struct sandbox_call {
    struct ix_list node;
    struct sandbox_sip *sip;
    char sid[SANDBOX_SID], direction[12], from[64], to[64], agent[16], display[64];
    int64_t tenant_id;
    bool by_api;
    struct sandbox_leg *a, *b; /* a: who hears the scene; NULL: nobody (the API called a scene). b: bridged to a */
    /* what was told */
    bool rung, answered, over;
    int64_t initiated_ms, answered_ms;
    uint16_t sip_status, q850;
    const char *failure; /* the platform's word for why it was never answered */
    /* scene */
    const struct scene *scene;
    uint8_t step;
    enum scene_wait wait;
    struct ix_loop_timer *timer;
    uint64_t answered_us;
    bool tone_on; /* SCENE_FOR_AGENT: cadence */
    uint32_t ring_ms;
    char digits[SANDBOX_DIGITS + 1];
    uint8_t digit_count, digit_said;
    struct sandbox_sound *sound; /* being said */
    struct ix_pcm_ring *recording; /* what SCENE_RECORD left, until it is played */
    char target[64]; /* whom SCENE_AGENT calls: `to`, or where a transfer goes */
    bool in_conference; /* or on the way there */
    char parked[8]; /* the place; "" none */
};

struct sandbox_sip {
    struct sandbox *sb;
    struct ix_engine *engine;
    struct ix_sip_auth_server *auth;
    struct ix_sip_registrar *registrar;
    struct ix_map *agents; /* extension → struct sandbox_agent, owned */
    struct ix_map *legs; /* call id → leg */
    struct ix_list calls, sounds;
    struct ix_list watches, texts; /* subscriptions; texts on their way, or kept for who is not there */
    size_t call_count, watch_count, text_count;
    struct ix_loop_timer *watch_timer; /* the next subscription runs out */
    bool ending;
    void (*idle)(void *ctx);
    void *idle_ctx;
};

/* sip.c */
void sandbox_check_idle(struct sandbox_sip *s); /* a leg has gone: tells if it was the last one */
void sandbox_new_sid(const struct sandbox *sb, char out[SANDBOX_SID]);
struct ix_now sandbox_now(const struct sandbox_sip *s);
struct ix_phone *sandbox_phone(const struct sandbox_sip *s);
void sandbox_answer(struct sandbox_sip *s, ix_sip_txn txn, unsigned status, struct ix_str headers);
void sandbox_media(const struct sandbox_sip *s, const struct ix_media_cmd *cmd); /* what is refused is logged */

/* reflect.c: the undecoded echo */
void sandbox_reflect(struct sandbox_leg *leg);
bool sandbox_reflects(void *ctx, uint32_t call, const struct ix_frame *f); /* ix_engine_options.reflects */
void sandbox_reflect_end(struct sandbox_leg *leg); /* tells what came */

/* agents.c: who may do what; registrations */
const struct sandbox_agent *sandbox_agent_find(const struct sandbox_sip *s, struct ix_str extension);
int sandbox_agent_put(struct sandbox_sip *s, const struct sandbox_agent *a);
void sandbox_agents_free(struct sandbox_sip *s);
/* 0 and the agent, or answered: a challenge, 400 or 403 */
const struct sandbox_agent *sandbox_authenticate(struct sandbox_sip *s, const struct ix_phone_event *ev, bool proxy);
void sandbox_register(struct sandbox_sip *s, const struct ix_phone_event *ev);
const struct ix_sip_binding *sandbox_binding(struct sandbox_sip *s, struct ix_str extension);

/* invite.c: calls that agents make */
void sandbox_invite(struct sandbox_sip *s, const struct ix_phone_event *ev);
void sandbox_number(
    struct ix_str user, char *out, size_t cap); /* user part of a URI in clear; "" if it is not usable */
const struct scene *sandbox_route(const struct sandbox_sip *s, const char *to);
uint32_t sandbox_conference_member(const struct sandbox_call *but); /* party of another one, 0: nobody */

/* calls.c: calls and legs, what is told of them */
struct sandbox_call *sandbox_call_new(struct sandbox_sip *s);
void sandbox_call_free(struct sandbox_call *c);
struct sandbox_call *sandbox_call_find(const struct sandbox_sip *s, const char *sid);
struct sandbox_leg *sandbox_leg_new(struct sandbox_call *c);
int sandbox_leg_bind(struct sandbox_leg *leg, uint32_t id); /* it is the phone's call id from now on */
void sandbox_leg_free(struct sandbox_sip *s, struct sandbox_leg *leg);
/* hung up, or refused with status if it was never answered; it is out of its call */
void sandbox_leg_end(struct sandbox_sip *s, struct sandbox_leg *leg, unsigned status, unsigned q850);
void sandbox_call_initiated(struct sandbox_call *c);
void sandbox_call_ringing(struct sandbox_call *c);
void sandbox_call_answered(struct sandbox_call *c);
/* ends what still runs: legs are hung up or refused with status and cause; tells; frees */
void sandbox_call_over(struct sandbox_call *c, unsigned status, unsigned q850);
void sandbox_call_originate(
    struct sandbox_sip *s, const char *sid, const char *from, const char *to, int64_t tenant_id, uint32_t ring_ms);
void sandbox_calls_list(struct sandbox_sip *s, sandbox_live_fn fn, void *ctx);
void sandbox_hold(struct sandbox_call *c);
void sandbox_leg_event(struct sandbox_sip *s, struct sandbox_leg *leg, const struct ix_phone_event *ev);
void sandbox_leg_media(struct sandbox_sip *s, struct sandbox_leg *leg, const struct ix_media_event *ev);

/* run.c: the scene of a call */
void sandbox_scene_start(
    struct sandbox_call *c, const struct scene *scene); /* in the next turn: the leg has its party then */
void sandbox_scene_active(struct sandbox_call *c); /* a's media is there */
void sandbox_scene_sound_over(struct sandbox_call *c);
void sandbox_scene_digit(struct sandbox_call *c, char digit);
void sandbox_scene_recorded(struct sandbox_call *c);
void sandbox_scene_timeout(struct sandbox_call *c);
void sandbox_scene_until_end(struct sandbox_call *c); /* nothing more of it: goes on until somebody hangs up */
void sandbox_source(
    const struct sandbox_call *c, enum ix_source_kind kind, const float hz[2]); /* what a hears, besides a mix */

/* bridge.c: the second leg */
void sandbox_bridge_dial(struct sandbox_call *c); /* c->to is an agent */
void sandbox_bridge_cadence(struct sandbox_call *c);
void sandbox_bridge_event(struct sandbox_call *c, const struct ix_phone_event *ev); /* of leg b */
bool sandbox_dial(
    struct sandbox_call *c, struct sandbox_leg *leg, const char *extension); /* false: not registered, or no room */

/* refer.c: transfers */
void sandbox_refer(struct sandbox_sip *s, struct sandbox_leg *leg, const struct ix_phone_event *ev);
bool sandbox_replaces(struct sandbox_sip *s, uint32_t id); /* the phone's call id has taken a leg's place */
void sandbox_transfer(struct sandbox_call *c, struct ix_str to); /* a goes there; b, if any, has left */

/* park.c: feature codes: **EXTENSION, *8, 5900, 5901 to 5999 */
bool sandbox_pickup(struct sandbox_call *by); /* by is new and wants to: it is gone then, or refused. false: no code */
bool sandbox_park(struct sandbox_call *c, struct ix_str to); /* false: `to` is not where one parks */

/* text.c: MESSAGE between agents */
void sandbox_text(struct sandbox_sip *s, const struct ix_phone_event *ev);
void sandbox_text_done(struct sandbox_sip *s, const struct ix_phone_event *ev);
void sandbox_text_registered(struct sandbox_sip *s, const struct sandbox_agent *agent); /* what was kept goes out */
unsigned sandbox_texts_kept(const struct sandbox_sip *s, const char *extension);
void sandbox_texts_free(struct sandbox_sip *s);

/* watch.c: subscriptions of agents */
void sandbox_watch(struct sandbox_sip *s, const struct ix_phone_event *ev);
void sandbox_watch_changed(struct sandbox_sip *s); /* calls or registrations: whoever watches one is told */
void sandbox_watches_free(struct sandbox_sip *s);

/* sound.c: prompts */
int sandbox_say(struct sandbox_call *c, const char *prompt); /* sandbox_scene_sound_over follows unless stopped */
int sandbox_play_back(struct sandbox_call *c); /* the recording; as above */
void sandbox_hush(struct sandbox_call *c); /* what is being said ends; nothing follows */
int sandbox_record(struct sandbox_call *c); /* sandbox_scene_recorded follows the stop */
void sandbox_record_stop(struct sandbox_call *c);
void sandbox_sound_media(struct sandbox_sip *s, const struct ix_media_event *ev); /* rings that come back */
void sandbox_sounds_free(struct sandbox_sip *s);

/* voice.c: something like speech, for machines without recorded prompts; ended, the caller owns it */
struct ix_pcm_ring *sandbox_voice(const char *text, uint32_t rate_hz);

#endif
