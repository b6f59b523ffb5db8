/* SPDX-License-Identifier: MIT */
/* Agents register at the sandbox, and what becomes of those who may not. */
#include "peer.h"

Test(registration, the_right_password_registers)
{
    struct peer *p;

    sandbox_up(NULL);
    p = peer_up("1000", NULL);
    cr_assert(peer_wait_line(p, IX_LINE_READY) == 0);
    peer_down(p);
    sandbox_down();
}

Test(registration, a_wrong_password_is_refused_with_403)
{
    struct peer *p;

    sandbox_up(NULL);
    p = peer_up("1000", "not the password");
    cr_assert(peer_wait_line(p, IX_LINE_FAILED) != 0);
    cr_assert(p->line_error.sip_status == 403);
    peer_down(p);
    sandbox_down();
}

Test(registration, an_unknown_extension_is_refused_with_403)
{
    struct peer *p;

    sandbox_up(NULL);
    p = peer_up("1999", "whatever");
    cr_assert(peer_wait_line(p, IX_LINE_FAILED) != 0);
    cr_assert(p->line_error.sip_status == 403);
    peer_down(p);
    sandbox_down();
}

Test(registration, an_agent_that_is_added_later_registers)
{
    struct sandbox_agent a = { .extension = "2000", .password = "later", .name = "Late", .tenant_id = 1, .user_id = 1 };
    struct peer *p;

    sandbox_up(NULL);
    cr_assert(!sandbox_sip_set_agent(sandbox, &a));
    p = peer_up("2000", "later");
    cr_assert(peer_wait_line(p, IX_LINE_READY) == 0);
    peer_down(p);
    sandbox_down();
}

Test(registration, who_vanishes_is_not_registered_any_more)
{
    struct peer *caller, *callee;
    struct peer_call *c;

    sandbox_up(NULL);
    caller = peer_up("1000", NULL);
    callee = peer_up("1001", NULL);
    cr_assert(peer_wait_line(caller, IX_LINE_READY) == 0);
    cr_assert(peer_wait_line(callee, IX_LINE_READY) == 0);
    peer_cut(callee);
    c = peer_dial(caller, "1001");
    peer_wait_state(caller, c, IX_CALL_ENDED);
    cr_assert(c->error.sip_status == 480);
    peer_down(callee);
    peer_down(caller);
    sandbox_down();
}

Test(registration, a_dropped_connection_is_made_again)
{
    struct sandbox_faults drop = { .drop_ws_after_us = 700 * IX_MS };
    struct peer *p;

    sandbox_up(&drop);
    p = peer_up("1000", NULL);
    peer_wait_ready(p, 3);
    peer_down(p);
    sandbox_down();
}
