/* SPDX-License-Identifier: MIT */
/* The other side hangs up, at every moment of a call; so does everything at once. */
#include "scenario.h"

static void server_hangs_up(uint64_t after_us)
{
    struct sim t;

    sim_start(&t, 1 + after_us / IX_MS);
    t.server->auto_answer = true;
    t.client->work_delay_us = t.server->work_delay_us = 3 * IX_MS;
    cr_assert_eq(sim_dial(&t), 0);
    PASS_TIME(&t, after_us);
    if (sim_server_call(&t))
        cr_assert_eq(ix_call_hangup(t.server->phone, sim_server_call(&t), 16, NOW(&t)), 0);
    else
        cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert(LAST(t.client)->code == 0 || LAST(t.client)->code == IRISX_E_CANCELLED ||
                  LAST(t.client)->code == IRISX_E_DECLINED,
        "%s", ix_error_name(LAST(t.client)->code));
    sim_finish(&t);
}

Test(hangup, the_other_side_may_do_so_at_every_moment)
{
    for (uint64_t ms = 0; ms < 120; ms++)
        server_hangs_up(ms * IX_MS);
    server_hangs_up(5 * IX_S);
}

static void shut_down(uint64_t after_us, bool client)
{
    struct sim t;

    sim_begin(&t, &(struct sim_options){ .seed = 1 + after_us / IX_MS });
    t.server->auto_answer = true;
    PASS_TIME(&t, 20 * IX_MS);
    (void) sim_dial(&t); /* the line may not be ready yet */
    PASS_TIME(&t, after_us);
    ix_phone_shutdown(client ? t.client->phone : t.server->phone, NOW(&t));
    sim_finish(&t);
}

Test(hangup, a_shutdown_at_every_moment_leaves_nothing)
{
    for (uint64_t ms = 0; ms < 100; ms++)
        shut_down(ms * IX_MS, ms % 2);
}

Test(hangup, both_at_once)
{
    struct sim t;

    sim_start(&t, 2);
    sim_talk(&t);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), 0);
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, NOW(&t)), IRISX_E_STATE);
    cr_assert_eq(ix_call_hangup(t.server->phone, sim_server_call(&t), 16, NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    sim_finish(&t);
}

Test(hangup, a_peer_that_falls_silent_is_found_by_its_missing_consent)
{
    struct sim t;

    sim_start(&t, 3);
    sim_talk(&t);
    world_set_link(t.server->node, &t.server->sockets[0].addr, &(struct world_link){ .loss_ppm = 1000000 });
    REACH(&t, sim_ended, 45 * IX_S);
    cr_assert(
        LAST(t.client)->code == IRISX_E_MEDIA || LAST(t.server)->code == IRISX_E_MEDIA); /* who was first hung up */
    sim_finish(&t);
}

Test(hangup, a_peer_that_media_never_reaches_is_given_up)
{
    struct sim t;

    sim_start(&t, 4);
    t.server->auto_answer = true;
    t.server->links[0].loss_ppm = 1000000;
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ended, 20 * IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_MEDIA);
    cr_assert_eq(t.client->frames_in + t.server->frames_in, 0);
    sim_finish(&t);
}
