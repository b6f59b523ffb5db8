/* SPDX-License-Identifier: MIT */
/* Real speech for the tests: the prompts of Debian's asterisk-core-sounds-en-wav (in tools/packages.txt). */
#ifndef TEST_SPEECH_H
#define TEST_SPEECH_H

#include "audio/audio.h"

#define SPEECH_CONGRATS "demo-congrats"
#define SPEECH_OPTIONS "vm-options"

/* at most `seconds` of a prompt as mono PCM at rate_hz; fails the test without it. Free with ix_free */
int16_t *speech_load(const char *name, uint32_t rate_hz, double seconds, size_t *n);

#endif
