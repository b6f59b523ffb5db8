/* SPDX-License-Identifier: MIT */
/*
 * What the sandbox's tests share: the sandbox in this process with a recorder in place of its REST half, and agents,
 * each a phone on a host of its own, on loopback. Everything is waited for by condition, with a far deadline.
 */
#ifndef TESTS_SANDBOX_PEER_H
#define TESTS_SANDBOX_PEER_H

#ifdef PEER_PLAIN /* a plain main() program (tests/threads): the first check that fails ends it */
#include <stdio.h>
#include <stdlib.h>
#define cr_assert(cond) ((cond) ? (void) 0 : cr_assert_fail("%s:%d: %s", __FILE__, __LINE__, #cond))
#define cr_assert_fail(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), _Exit(1))
#else
#include <criterion/criterion.h>
#endif

#include "host/engine.h"
#include "sandbox/sandbox.h"

#define WAIT_S 30 /* a condition that is not true by then never will be */
#define HEARD_HZ 16000

/* ---- the sandbox
 * ------------------------------------------------------------------------------------------------------------ */
extern struct sandbox *sandbox; /* of the running test */
extern uint32_t sandbox_session_timer_ms; /* of the next sandbox_up */
void sandbox_up(const struct sandbox_faults *faults); /* NULL: none */
void sandbox_down(void); /* checks that everybody was told */
/* what the REST half was told, oldest first; waits for event number `at` */
struct sandbox_call_event told(size_t at);
size_t told_count(void);

/* ---- agents
 * -------------------------------------------------------------------------------------------------------------------
 */
#define PEER_CALLS 8
struct peer_call {
    uint32_t id; /* 0: free */
    bool incoming;
    int state; /* enum ix_call_state */
    struct ix_phone_error error; /* ENDED */
    struct ix_pcm_ring *heard;
};
struct peer {
    struct ix_host *host;
    struct ix_engine *engine;
    uint32_t line;
    /* the lock of peer.c guards what follows */
    int line_state;
    unsigned line_changes; /* times it became READY */
    struct ix_phone_error line_error;
    struct peer_call calls[PEER_CALLS];
    char digits[32];
    bool idle;
};
struct peer *peer_up(
    const char *extension, const char *password /* NULL: the right one */); /* registers, waits for nothing */
void peer_down(struct peer *p); /* NULL allowed; says goodbye */
void peer_cut(struct peer *p); /* its connection ends without a word and is not made again */
int peer_wait_line(struct peer *p, int state); /* error code of the line then */
void peer_wait_ready(struct peer *p, unsigned times);
struct peer_call *peer_dial(struct peer *p, const char *to);
struct peer_call *peer_dial_for(struct peer *p, const char *to, uint32_t ring_ms);
struct peer_call *peer_wait_incoming(struct peer *p);
void peer_answer(struct peer *p, struct peer_call *c);
void peer_ring(struct peer *p, struct peer_call *c);
void peer_reject(struct peer *p, struct peer_call *c, unsigned status);
void peer_hangup(struct peer *p, struct peer_call *c);
/* how often this stands in the timeline of the call */
unsigned peer_timeline_has(struct peer *p, struct peer_call *c, const char *what);
void peer_refer(struct peer *p, struct peer_call *c, const char *uri);
void peer_wait_state(struct peer *p, struct peer_call *c, int state); /* or beyond; ENDED before it fails the test */
void peer_say(struct peer *p, struct peer_call *c, float hz); /* 0: silence */
void peer_press(struct peer *p, struct peer_call *c, const char *digits);
/* waits until it hears: a fifth of a second in which this frequency is loud (share of the RMS) */
void peer_wait_tone(struct peer *p, struct peer_call *c, float hz);
void peer_wait_sound(struct peer *p, struct peer_call *c); /* a fifth of a second of anything loud */
void peer_wait_silence(struct peer *p, struct peer_call *c); /* a fifth of a second without */

#endif
