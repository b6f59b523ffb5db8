/* SPDX-License-Identifier: MIT */
/* CANCEL and the answer on their way at the same time (RFC 3261 section 9): each order must end the call, once. */
#include <stdio.h>
#include <string.h>

#include "scenario.h"

/* the caller gives up so long after dialling, the called one answers at once */
static void cross(uint64_t seed, uint64_t after_us, bool *answered)
{
    struct sim t;

    sim_start(&t, seed);
    t.client->ws_delay_us = 20 * IX_MS;
    t.server->ws_delay_us = 20 * IX_MS + world_pick(t.w, 20) * IX_MS;
    t.server->auto_answer = true;
    cr_assert_eq(sim_dial(&t), 0);
    PASS_TIME(&t, after_us);
    *answered = LAST(t.client)->state >= IX_CALL_ANSWERED;
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    REACH(&t, sim_ended, 40 * IX_S);
    cr_assert_eq(LAST(t.client)->code, *answered ? 0 : IRISX_E_CANCELLED);
    PASS_TIME(&t, 3 * IX_S);
    sim_finish(&t);
}

Test(cancel, two_hundred_crossings_each_end_the_call_once)
{
    bool answered, early = false, late = false;

    for (uint64_t i = 0; i < 200; i++) {
        cross(i + 1, i * 500, &answered); /* the answer is back after 40 to 60 ms */
        early |= !answered;
        late |= answered;
    }
    cr_assert(early && late, "the crossing was missed");
}

Test(cancel, an_answer_that_crossed_gets_its_ack_and_a_bye)
{
    struct sim t;

    sim_start(&t, 1);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ringback, 10 * IX_S);
    t.client->ws_delay_us = 200 * IX_MS;
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    PASS_TIME(&t, 10 * IX_MS);
    cr_assert_eq(ix_call_answer(t.server->phone, sim_server_call(&t), NULL, NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_CANCELLED);
    cr_assert_not_null(sim_sent(&t, t.client, "ACK", NULL));
    cr_assert_not_null(sim_sent(&t, t.client, "BYE", NULL));
    sim_finish(&t);
}

Test(cancel, the_called_one_learns_that_nobody_waits)
{
    struct sim t;

    sim_start(&t, 2);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ringback, 10 * IX_S);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.server)->code, IRISX_E_CANCELLED);
    cr_assert_eq(LAST(t.server)->q850, 16);
    cr_assert_eq(LAST(t.client)->sip_status, 487);
    sim_finish(&t);
}

Test(cancel, one_in_the_same_breath_as_the_invite_rings_nobody)
{
    const char *head =
        "Via: SIP/2.0/WS p.invalid;branch=z9hG4bKbreath\r\nMax-Forwards: 70\r\nFrom: <sip:p@sim.test>;tag=p\r\n"
        "To: <sip:1000@sim.test>\r\nCall-ID: breath\r\n";
    char text[1024];
    struct sim t;

    sim_start(&t, 3);
    (void) snprintf(text, sizeof text,
        "INVITE sip:x@y.invalid SIP/2.0\r\n%sCSeq: 1 INVITE\r\nContact: <sip:p@p.invalid>\r\n"
        "Content-Length: 0\r\n\r\n",
        head);
    phone_node_inject(t.client, 0, text, strlen(text));
    (void) snprintf(
        text, sizeof text, "CANCEL sip:x@y.invalid SIP/2.0\r\n%sCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n", head);
    phone_node_inject(t.client, 0, text, strlen(text)); /* before anybody has drained the phone */
    PASS_TIME(&t, IX_S);
    cr_assert_eq(t.client->call_count, 0);
    cr_assert_not_null(sim_sent(&t, t.client, "SIP/2.0 487", NULL));
    sim_finish(&t);
}
