/* SPDX-License-Identifier: MIT */
/* The sandbox as a bad peer: what --fault makes it do, and that the client names it. */
#include "peer.h"

static struct peer *caller_up(const struct sandbox_faults *faults)
{
    struct peer *p;

    sandbox_up(faults);
    p = peer_up("1000", NULL);
    cr_assert(peer_wait_line(p, IX_LINE_READY) == 0);
    return p;
}

static void fails_with(struct peer *p, int code)
{
    struct peer_call *c = peer_dial(p, "9196");

    peer_wait_state(p, c, IX_CALL_ENDED);
    cr_expect(c->error.code == code, "%d: %s", c->error.code, c->error.message);
    peer_down(p);
    sandbox_down();
}

Test(faults, a_certificate_that_was_not_announced_is_refused)
{
    fails_with(caller_up(&(struct sandbox_faults){ .bad_fingerprint = true }), IRISX_E_FINGERPRINT);
}

Test(faults, a_description_without_a_fingerprint_is_refused)
{
    fails_with(caller_up(&(struct sandbox_faults){ .no_fingerprint = true }), IRISX_E_PROTOCOL);
}

Test(faults, an_invite_that_is_never_answered_times_out)
{
    struct peer *p = caller_up(&(struct sandbox_faults){ .no_answer = true });
    struct peer_call *c = peer_dial_for(p, "9196", 500);

    peer_wait_state(p, c, IX_CALL_ENDED);
    cr_expect(c->error.code == IRISX_E_NO_ANSWER, "%d: %s", c->error.code, c->error.message);
    peer_down(p);
    sandbox_down();
}

Test(faults, a_call_outlives_a_dropped_connection)
{
    struct peer *p = caller_up(&(struct sandbox_faults){ .drop_ws_after_us = 1500 * IX_MS });
    struct peer_call *c = peer_dial(p, "9196");

    peer_wait_state(p, c, IX_CALL_ACTIVE);
    peer_wait_ready(p, 2);
    peer_say(p, c, 700);
    peer_wait_tone(p, c, 700);
    peer_hangup(p, c);
    peer_wait_state(p, c, IX_CALL_ENDED);
    cr_expect(told(3).kind == SANDBOX_CALL_COMPLETED); /* the BYE came on the new connection */
    peer_down(p);
    sandbox_down();
}
