/* SPDX-License-Identifier: MIT */
/* What every scenario file includes: Criterion and the steps that most scenarios begin and end with. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include <criterion/criterion.h>

#include "kit.h"

#define REACH(t, predicate, us) cr_assert_eq(world_run((t)->w, predicate, t, us), WORLD_DONE)
#define PASS_TIME(t, us) cr_assert_eq(world_run_for((t)->w, us), WORLD_DONE)
#define NOW(t) world_now((t)->w)
#define LAST(node) (&(node)->calls[(node)->call_count - 1])

static inline void sim_start(struct sim *t, uint64_t seed)
{
    sim_seed(t, seed);
    cr_assert(t->line);
    REACH(t, sim_ready, 10 * IX_S);
}

/* the client's call is up and heard on both sides */
static inline void sim_talk(struct sim *t)
{
    t->server->auto_answer = true;
    sim_mark(t);
    cr_assert_eq(sim_dial(t), 0);
    REACH(t, sim_talking, 10 * IX_S);
}

static inline void sim_hear_on(struct sim *t)
{
    sim_mark(t);
    REACH(t, sim_talking, 10 * IX_S);
}

static inline void sim_hang_up(struct sim *t)
{
    cr_assert_eq(ix_call_hangup(t->client->phone, t->call, 16, NOW(t)), 0);
    REACH(t, sim_ended, 40 * IX_S);
}

static inline void sim_finish(struct sim *t)
{
    const char *why = sim_end(t);

    cr_assert_null(why, "%s", why);
}

#endif
