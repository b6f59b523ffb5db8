/* SPDX-License-Identifier: MIT */
/* What the tests of src/sip share: text with LF turned into messages, and a stack with one transport on a virtual
 * clock. */
#ifndef TEST_SIP_RIG_H
#define TEST_SIP_RIG_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sip/scan.h"
#include "sip/sip.h"

/* text with LF as the line end -> CRLF; storage is reused after 16 calls */
const char *wire(const char *text);
/* parses or fails the test */
const struct ix_sip_msg *parsed(const char *text);
/* fills %s of the format, then wire() */
const char *wiref(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool same(struct ix_str a, const char *b);

struct rig {
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_stack *stack;
    struct ix_now now;
    struct ix_sip_out out; /* of the last take() */
    char sent[16384]; /* SEND of the last take(), as text */
    struct ix_sip_msg msg; /* … and parsed */
};
#define RIG_TRANSPORT 7
struct rig *rig_new(void); /* client: agent "test", transport 7 is open */
struct rig *rig_server(uint32_t allow);
void rig_free(struct rig *r);
int rig_feed(struct rig *r, const char *text); /* wire() is applied */
/* next output is of that kind, or the test fails; a SEND is parsed into r->msg */
void rig_take(struct rig *r, enum ix_sip_out_kind kind);
void rig_nothing(struct rig *r); /* no output is left */
void rig_at(struct rig *r, uint64_t mono_us); /* sets the clock and fires what is due */
/* a response to the request in r->msg: status line, To tag, further lines and body */
int rig_answer(struct rig *r, const char *status, const char *to_tag, const char *lines, const char *body);
/* INVITE from us to sip:9196@pbx.test, SEND already taken (r->msg) */
ix_sip_txn rig_invite(struct rig *r, struct ix_sip_auth *auth);
extern int rig_user;
/* INVITE from the peer, REQUEST already taken */
ix_sip_txn rig_invited(struct rig *r);
extern const char rig_invite_text[];
/* From, To, Call-ID … of requests of the peer in the dialog that rig_invited started */
int rig_in_dialog(struct rig *r, struct ix_sip_dialog *d, const char *method, unsigned cseq, const char *branch);

#endif
