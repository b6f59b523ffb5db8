/* SPDX-License-Identifier: MIT */
/*
 * Gate: voice activity in front of the encoder. While nobody speaks the encoder does not run; one comfort frame each
 * 400 ms says that this is a pause and keeps the path alive.
 *
 *            quiet for the hang-over              voice: the frame before goes out first
 *   TALK ------------------------> closed (COMFORT each 400 ms, else NOTHING) ---------> OPENS, TALK ...
 *
 * A frame that is closed away is kept until the next one: if that turns out to be speech, its beginning is sent too.
 */
#include "media/engine.h"

#include <string.h>

#define HANG_TICKS 20 /* 400 ms: the end of a word, and pauses within a sentence */
#define COMFORT_TICKS 20 /* as libopus does in its own DTX */
#define LOUD 0.01f /* -40 dB: never gated, whatever the background */
#define SILENT 0.0008f /* -62 dB: always */
#define ABOVE 2.0f /* 6 dB above the background is voice */
#define FLOOR_RISE 1.01f /* a frame: twice as loud a background is known in 1.4 s */
#define FLOOR_MIN 0.0001f

void ix_gate_reset(struct gate *g)
{
    g->floor = 1.0f;
    g->quiet = g->since_comfort = 0;
}

static bool is_voice(struct gate *g, const int16_t *pcm, size_t n)
{
    float level = ix_rms(pcm, n);
    g->floor = IX_MAX(IX_MIN(level, g->floor * FLOOR_RISE), FLOOR_MIN);
    return level > LOUD || (level > SILENT && level > g->floor * ABOVE);
}

enum gate_says ix_gate_frame(struct gate *g, const int16_t *pcm, size_t n)
{
    bool closed = g->quiet > HANG_TICKS;
    if (is_voice(g, pcm, n)) {
        g->quiet = 0;
        return closed && g->since_comfort > 0 ? GATE_OPENS : GATE_TALK; /* a comfort frame had that time */
    }
    if (!closed) {
        g->quiet++;
        g->since_comfort = COMFORT_TICKS;
        if (g->quiet <= HANG_TICKS)
            return GATE_TALK;
    }
    memcpy(g->kept, pcm, n * sizeof(*pcm));
    if (++g->since_comfort < COMFORT_TICKS)
        return GATE_NOTHING;
    g->since_comfort = 0;
    return GATE_COMFORT;
}
