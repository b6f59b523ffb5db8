/* SPDX-License-Identifier: MIT */
/*
 * Prompts and recordings: rings lent to the media threads, and how they come back. A sound outlives its call until the
 * media thread has given its ring back.
 */
#include <stdio.h>

#include "sandbox/sip.h"

#define PROMPTS "/usr/share/asterisk/sounds/en_US_f_Allison" /* Debian: asterisk-core-sounds-en-wav */
#define RECORD_HZ 16000
#define RECORD_MS 6000 /* room for what a scene records */
#define VOICE_HZ 8000

enum sound_kind { SOUND_PROMPT = 1, SOUND_RECORDING = 2 };
struct sandbox_sound {
    struct ix_list node;
    struct sandbox_sip *sip;
    struct sandbox_call *call; /* NULL: nobody waits for it any more */
    enum sound_kind kind;
    uint32_t party;
    char prompt[64];
    bool opening; /* the file thread has not answered yet */
    struct ix_play *play; /* a file ... */
    struct ix_pcm_ring *ring; /* ... or a ring of our own */
    struct ix_pcm_ring *lent; /* the one the media thread has */
};

static struct sandbox_sound *sound_new(struct sandbox_call *c, enum sound_kind kind)
{
    struct sandbox_sound *d = ix_alloc(sizeof *d);

    if (!d)
        return NULL;
    d->sip = c->sip;
    d->call = c;
    d->kind = kind;
    d->party = c->a->id;
    ix_list_append(&c->sip->sounds, &d->node);
    c->sound = d;
    return d;
}

static void sound_free(struct sandbox_sound *d)
{
    if (d->call)
        d->call->sound = NULL;
    if (d->play)
        ix_play_close(d->play);
    ix_pcm_ring_free(d->ring);
    ix_list_remove(&d->node);
    ix_free(d);
}

/* gives the ring to the media thread; false: it cannot be heard */
static bool lend(struct sandbox_sound *d, struct ix_pcm_ring *ring, uint32_t rate_hz)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_SOURCE,
        .party_id = d->party,
        .u.source = { .kind = IX_SOURCE_RING, .ring = ring, .rate_hz = rate_hz } };

    if (!ring || ix_engine_media(d->sip->engine, &cmd))
        return false;
    d->lent = ring;
    return true;
}

static void sound_over(struct sandbox_sound *d)
{
    struct sandbox_call *c = d->call;

    sound_free(d);
    if (c)
        sandbox_scene_sound_over(c);
}

/* ---- prompts ----------------------------------------------------------------------------- */
static void speak_instead(struct sandbox_sound *d)
{
    d->ring = sandbox_voice(d->prompt, VOICE_HZ);
    if (!lend(d, d->ring, VOICE_HZ))
        sound_over(d);
}

static void opened(void *ctx, int err, const char *detail)
{
    struct sandbox_sound *d = ctx;

    if (!d->opening) { /* it broke off later: what was read has been heard */
        ix_log(&d->sip->sb->log, IX_LOG_WARN, "sandbox", "%s", detail ? detail : "a prompt broke off");
        return;
    }
    d->opening = false;
    if (!d->call) {
        sound_free(d);
        return;
    }
    if (!err && lend(d, ix_play_ring(d->play), ix_play_rate(d->play)))
        return;
    ix_log(&d->sip->sb->log, IX_LOG_DEBUG, "sandbox", "%s: spoken by the machine", detail ? detail : d->prompt);
    speak_instead(d);
}

int sandbox_say(struct sandbox_call *c, const char *prompt)
{
    struct sandbox_sound *d;
    char path[160];
    int err;

    sandbox_hush(c);
    d = sound_new(c, SOUND_PROMPT);
    if (!d)
        return IRISX_E_NO_MEMORY;
    (void) snprintf(d->prompt, sizeof d->prompt, "%s", prompt); /* what is cut is not said */
    (void) snprintf(path, sizeof path, "%s/%s.wav", PROMPTS, prompt); /* a name that is cut is no file: spoken */
    d->opening = true;
    err = ix_play_open(c->sip->sb->host, path, false, opened, d, &d->play);
    if (err)
        sound_free(d);
    return err;
}

void sandbox_hush(struct sandbox_call *c)
{
    struct sandbox_sound *d = c->sound;

    if (!d || d->kind != SOUND_PROMPT)
        return;
    d->call = NULL;
    c->sound = NULL;
    if (d->lent)
        sandbox_media(d->sip, &(struct ix_media_cmd){ .kind = IX_MEDIA_SOURCE, .party_id = d->party });
    else if (!d->opening)
        sound_free(d);
}

/* ---- recordings -------------------------------------------------------------------------- */
int sandbox_record(struct sandbox_call *c)
{
    struct sandbox_sound *d;
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_RECORD, .party_id = c->a->id, .u.record.rate_hz = RECORD_HZ };

    sandbox_hush(c);
    ix_pcm_ring_free(c->recording);
    c->recording = NULL;
    d = sound_new(c, SOUND_RECORDING);
    if (!d)
        return IRISX_E_NO_MEMORY;
    d->ring = ix_pcm_ring_new((size_t) RECORD_HZ * RECORD_MS / 1000);
    cmd.u.record.received = d->ring;
    if (!d->ring || ix_engine_media(c->sip->engine, &cmd)) {
        sound_free(d);
        return IRISX_E_NO_MEMORY;
    }
    d->lent = d->ring;
    return 0;
}

void sandbox_record_stop(struct sandbox_call *c)
{
    struct sandbox_sound *d = c->sound;

    if (!d || d->kind != SOUND_RECORDING)
        return;
    if (c->over || c->wait != SCENE_FOR_RECORDING) { /* nobody wants it */
        d->call = NULL;
        c->sound = NULL;
    }
    sandbox_media(d->sip, &(struct ix_media_cmd){ .kind = IX_MEDIA_RECORD, .party_id = d->party });
}

static void recorded(struct sandbox_sound *d)
{
    struct sandbox_call *c = d->call;

    if (c) {
        c->recording = d->ring;
        d->ring = NULL;
    }
    sound_free(d);
    if (c)
        sandbox_scene_recorded(c);
}

int sandbox_play_back(struct sandbox_call *c)
{
    struct sandbox_sound *d = sound_new(c, SOUND_PROMPT);

    if (!d)
        return IRISX_E_NO_MEMORY;
    d->ring = c->recording;
    c->recording = NULL;
    if (lend(d, d->ring, RECORD_HZ))
        return 0;
    sound_free(d);
    return IRISX_E_MEDIA;
}

/* ---- rings that come back ---------------------------------------------------------------- */
void sandbox_sound_media(struct sandbox_sip *s, const struct ix_media_event *ev)
{
    if (ev->kind != IX_MEDIA_EV_SOURCE_ENDED && ev->kind != IX_MEDIA_EV_RING_RELEASED)
        return;
    IX_LIST_EACH_SAFE (node, &s->sounds) {
        struct sandbox_sound *d = IX_CONTAINER(node, struct sandbox_sound, node);

        if (!d->lent || d->lent != ev->u.ring)
            continue;
        d->lent = NULL;
        if (d->kind == SOUND_RECORDING)
            recorded(d);
        else
            sound_over(d);
        return;
    }
}

void sandbox_sounds_free(struct sandbox_sip *s)
{
    while (!ix_list_empty(&s->sounds))
        sound_free(IX_CONTAINER(s->sounds.next, struct sandbox_sound, node));
}
