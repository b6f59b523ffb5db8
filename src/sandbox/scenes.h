/* SPDX-License-Identifier: MIT */
/* Scenes: what a number does, as data. run.c plays them; a later YAML reader fills the same structs. */
#ifndef IX_SANDBOX_SCENES_H
#define IX_SANDBOX_SCENES_H

#include "core/core.h"

enum scene_op {
    SCENE_END = 0, /* hang up, Q.850 16 */
    SCENE_RING, /* 180; for ms, 0: until somebody gives up */
    SCENE_EARLY, /* 183 with our description and the tone hz; for ms */
    SCENE_ANSWER, /* 200; goes on when media is there */
    SCENE_REJECT, /* status, cause */
    SCENE_HANGUP, /* cause */
    SCENE_ECHO, /* from now on: what is heard is sent back */
    SCENE_TONE, /* hz; for ms, 0: from now on */
    SCENE_WAIT, /* with what is sent now; for ms, 0: until somebody hangs up */
    SCENE_PAUSE, /* silence for ms */
    SCENE_SAY, /* text: a prompt's name */
    SCENE_RECORD, /* what is heard, for ms */
    SCENE_PLAYBACK, /* what was recorded */
    SCENE_COLLECT, /* count digits, each within ms; else go on at step `go` */
    SCENE_SAY_DIGITS, /* the collected ones */
    SCENE_AGAIN, /* on at step `go`, unless ms have gone by since the answer */
    SCENE_CONFERENCE, /* with all others who are in it, until hung up */
    SCENE_AGENT /* the agent called so: a second leg, bridged */
};
struct scene_step {
    enum scene_op op;
    uint32_t ms;
    float hz[2];
    uint16_t status, cause;
    uint8_t count, go;
    const char *text;
};
struct scene {
    const char *pattern; /* X: a digit; others stand for themselves */
    const char *name; /* NULL: not told in the ready line */
    const char *sample; /* number told there; NULL: the pattern */
    const struct scene_step *steps; /* SCENE_END behind the last */
};
const struct scene *sandbox_scene_find(struct ix_str number); /* never NULL: what nobody knows is the scene "unknown" */
const struct scene *sandbox_scene_agent(void);
const struct scene *sandbox_scene_platform(void); /* what an agent hears whom the API called */
bool sandbox_scene_meets(const struct scene *scene); /* a conference is in it */
void sandbox_scenes_write(struct ix_buf *json); /* members "name":"number" */

#endif
