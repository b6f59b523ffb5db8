/* SPDX-License-Identifier: MIT */
/* The numbers of DESIGN section 5. */
#include "sandbox/scenes.h"

#define US_RINGBACK    \
    {                  \
        440.0f, 480.0f \
    }
#define US_BUSY        \
    {                  \
        480.0f, 620.0f \
    }
#define BEEP_HZ \
    {           \
        1000.0f \
    }

static const struct scene_step echo[] = { { SCENE_ANSWER }, { SCENE_ECHO }, { SCENE_WAIT }, { SCENE_END } };
static const struct scene_step tone[] = { { SCENE_ANSWER }, { SCENE_TONE, .hz = { 1000.0f } }, { SCENE_WAIT },
    { SCENE_END } };
static const struct scene_step tone_5s[] = { { SCENE_ANSWER }, { SCENE_TONE, .hz = { 1000.0f }, .ms = 5000 },
    { SCENE_END } };
static const struct scene_step record[] = {
    { SCENE_ANSWER },
    { SCENE_TONE, .hz = BEEP_HZ, .ms = 200 },
    { SCENE_PAUSE, .ms = 40 },
    { SCENE_RECORD, .ms = 5000 },
    { SCENE_PLAYBACK },
    { SCENE_END },
};
static const struct scene_step busy[] = { { SCENE_REJECT, .status = 486, .cause = 17 }, { SCENE_END } };
static const struct scene_step unknown[] = { { SCENE_REJECT, .status = 404, .cause = 1 }, { SCENE_END } };
static const struct scene_step rings[] = { { SCENE_RING }, { SCENE_END } };
static const struct scene_step ivr[] = {
    { SCENE_EARLY, .ms = 400, .hz = US_RINGBACK },
    { SCENE_ANSWER },
    { SCENE_SAY, .text = "hello" },
    { SCENE_SAY, .text = "vm-enter-num-to-call" },
    { SCENE_COLLECT, .count = 4, .ms = 10000, .go = 9 },
    { SCENE_SAY, .text = "you-entered" },
    { SCENE_SAY_DIGITS },
    { SCENE_SAY, .text = "vm-goodbye" },
    { SCENE_HANGUP, .cause = 16 },
    { SCENE_SAY, .text = "im-sorry" },
    { SCENE_TONE, .hz = US_BUSY, .ms = 1000 },
    { SCENE_END },
};
static const struct scene_step conference[] = {
    { SCENE_ANSWER },
    { SCENE_TONE, .hz = BEEP_HZ, .ms = 120 },
    { SCENE_CONFERENCE },
    { SCENE_END },
};
static const struct scene_step agent[] = { { SCENE_AGENT }, { SCENE_END } };
static const struct scene_step person[] = {
    { SCENE_EARLY, .ms = 1000, .hz = US_RINGBACK },
    { SCENE_ANSWER },
    { SCENE_SAY, .text = "hello" },
    { SCENE_PAUSE, .ms = 700 },
    { SCENE_SAY, .text = "demo-congrats" },
    { SCENE_PAUSE, .ms = 1500 },
    { SCENE_SAY, .text = "queue-thankyou" },
    { SCENE_PAUSE, .ms = 1500 },
    { SCENE_AGAIN, .ms = 60000, .go = 2 },
    { SCENE_SAY, .text = "vm-goodbye" },
    { SCENE_END },
};
static const struct scene_step platform[] = {
    { SCENE_SAY, .text = "hello" },
    { SCENE_SAY, .text = "queue-thankyou" },
    { SCENE_PAUSE, .ms = 2000 },
    { SCENE_AGAIN, .ms = 60000 },
    { SCENE_SAY, .text = "vm-goodbye" },
    { SCENE_END },
};

static const struct scene scenes[] = {
    { "9196", "echo", NULL, echo },
    { "9197", "tone", NULL, tone },
    { "9198", "tone_5s", NULL, tone_5s },
    { "9199", "record", NULL, record },
    { "9486", "busy", NULL, busy },
    { "9404", "unknown", NULL, unknown },
    { "9408", "rings", NULL, rings },
    { "9500", "ivr", NULL, ivr },
    { "3000", "conference", NULL, conference },
    { "10XX", NULL, NULL, agent },
    { "+1XXXXXXXXXX", "person", "+12025550123", person },
    { "1XXXXXXXXXX", NULL, NULL, person },
};
static const struct scene unknown_scene = { "", NULL, NULL, unknown };
static const struct scene agent_scene = { "", NULL, NULL, agent };
static const struct scene platform_scene = { "", NULL, NULL, platform };

static bool matches(const char *pattern, struct ix_str number)
{
    struct ix_str p = ix_str(pattern);

    if (p.n != number.n)
        return false;
    for (size_t i = 0; i < p.n; i++) {
        bool digit = number.p[i] >= '0' && number.p[i] <= '9';

        if (p.p[i] == 'X' ? !digit : p.p[i] != number.p[i])
            return false;
    }
    return true;
}

const struct scene *sandbox_scene_find(struct ix_str number)
{
    for (size_t i = 0; i < IX_COUNT(scenes); i++)
        if (matches(scenes[i].pattern, number))
            return &scenes[i];
    return &unknown_scene;
}

const struct scene *sandbox_scene_agent(void)
{
    return &agent_scene;
}

const struct scene *sandbox_scene_platform(void)
{
    return &platform_scene;
}

bool sandbox_scene_meets(const struct scene *scene)
{
    const struct scene_step *step = scene->steps;

    while (step->op != SCENE_END && step->op != SCENE_CONFERENCE)
        step++;
    return step->op == SCENE_CONFERENCE;
}

void sandbox_scenes_write(struct ix_buf *json)
{
    bool first = true;

    for (size_t i = 0; i < IX_COUNT(scenes); i++) {
        if (!scenes[i].name)
            continue;
        ix_buf_fmt(json, "%s\"%s\":\"%s\"", first ? "" : ",", scenes[i].name,
            scenes[i].sample ? scenes[i].sample : scenes[i].pattern);
        first = false;
    }
}
