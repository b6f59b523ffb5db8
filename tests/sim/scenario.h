/* SPDX-License-Identifier: MIT */
/* What every scenario file includes: Criterion and the steps that most scenarios begin and end with. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#ifdef SIM_STARVED
#include "starved.h"
#else
#include <criterion/criterion.h>
#endif

#include "kit.h"

#define REACH(t, predicate, us) cr_assert_eq(world_run((t)->w, predicate, t, us), WORLD_DONE)
#define PASS_TIME(t, us) cr_assert_eq(world_run_for((t)->w, us), WORLD_DONE)
#define NOW(t) world_now((t)->w)
#define LAST(node) (&(node)->calls[(node)->call_count - 1])

static inline void sim_begin(struct sim *t, const struct sim_options *o)
{
    sim_open(t, o);
    cr_assert(t->client && t->server && (t->line || o->bare));
}

static inline void sim_start(struct sim *t, uint64_t seed)
{
    sim_begin(t, &(struct sim_options){ .seed = seed });
    REACH(t, sim_ready, 10 * IX_S);
}

/* sim_sent that there must be */
static inline const char *sim_must(
    const struct sim *t, const struct phone_node *from, const char *start, const char *has)
{
    const char *text = sim_sent(t, from, start, has);

    cr_assert(text, "no %s with %s was sent", start, has ? has : "anything");
    return text;
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
