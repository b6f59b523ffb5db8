/* SPDX-License-Identifier: MIT */
/* What the tests of src/sdp share. */
#ifndef TEST_SDP_RIG_H
#define TEST_SDP_RIG_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdp/sdp.h"
#include "tests/unit/sdp/vectors.h"

/* LF -> CRLF, parsed; two descriptions can be alive: slot 0 and 1 */
const struct ix_sdp *sdp_of(const char *text, int slot);
int sdp_parse(const char *text, const char **why); /* for what may fail */
bool same(struct ix_str a, const char *b);
struct ix_sdp_local sdp_local(void); /* a complete side: fingerprint 00 01 02 …, two candidates */
/* text of what was written, NUL-terminated, valid until the next call */
const char *sdp_text(struct ix_buf *b);
/* answer to that offer, as text */
const char *sdp_answered(const char *offer, struct ix_sdp_local *local, struct ix_sdp_agreed *agreed);

#endif
