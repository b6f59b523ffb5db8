/* SPDX-License-Identifier: MIT */
/* The state: what a fresh one holds, that a seed decides it, that memory may run out. */
#include <criterion/criterion.h>
#include <string.h>

#include "oom.h"
#include "sandbox/sandbox.h"

static struct sandbox_state *open_seeded(uint64_t seed)
{
    struct sandbox_state *s = NULL;
    struct ix_prng prng;
    struct ix_rng rng;

    ix_prng_seed(&prng, seed);
    rng = ix_prng_rng(&prng);
    cr_assert_eq(sandbox_state_open(NULL, &rng, NULL, &s), 0);
    return s;
}

static int count(void *ctx, const struct sandbox_agent *a)
{
    unsigned *n = ctx;

    cr_expect_eq(strlen(a->extension), 4u);
    cr_expect(strlen(a->password) >= 16 && a->name[0] && a->tenant_id == 1 && a->user_id == 1);
    (*n)++;
    return 0;
}

Test(state, a_fresh_one_has_a_user_a_key_and_ten_agents)
{
    struct sandbox_state *s = open_seeded(1);
    struct sandbox_owner owner;
    unsigned n = 0;

    cr_assert_eq(sandbox_state_owner(s, &owner), 0);
    cr_expect_str_eq(owner.email, "admin@sandbox.test");
    cr_expect(strlen(owner.password) >= 16);
    cr_expect(strlen(owner.api_key) == 75 && memcmp(owner.api_key, "irisx_live_", 11) == 0);
    cr_expect_eq(sandbox_state_agents(s, count, &n), 0);
    cr_expect_eq(n, 10u);
    sandbox_state_close(s);
}

Test(state, a_seed_decides_the_secrets)
{
    struct sandbox_state *s[3] = { open_seeded(1), open_seeded(1), open_seeded(2) };
    struct sandbox_owner o[3];

    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(sandbox_state_owner(s[i], &o[i]), 0);
        sandbox_state_close(s[i]);
    }
    cr_expect_str_eq(o[0].password, o[1].password);
    cr_expect_str_eq(o[0].api_key, o[1].api_key);
    cr_expect_str_neq(o[0].password, o[2].password);
    cr_expect_str_neq(o[0].api_key, o[2].api_key);
}

static int stop_at_once(void *ctx, const struct sandbox_agent *a)
{
    (void) ctx;
    (void) a;
    return IRISX_E_LIMIT;
}

Test(state, who_walks_the_agents_may_stop)
{
    struct sandbox_state *s = open_seeded(1);

    cr_expect_eq(sandbox_state_agents(s, stop_at_once, NULL), IRISX_E_LIMIT);
    sandbox_state_close(s);
}

Test(state, a_file_that_cannot_be_made_is_an_error)
{
    struct sandbox_state *s = NULL;
    struct ix_prng prng;
    struct ix_rng rng;

    ix_prng_seed(&prng, 1);
    rng = ix_prng_rng(&prng);
    cr_expect_eq(sandbox_state_open("/nowhere/state.db", &rng, NULL, &s), IRISX_E_IO);
    cr_expect_null(s);
    sandbox_state_close(NULL);
}

static int open_and_close(void *arg)
{
    struct sandbox_state *s = NULL;
    struct ix_prng prng;
    struct ix_rng rng;
    int err;

    (void) arg;
    ix_prng_seed(&prng, 1);
    rng = ix_prng_rng(&prng);
    err = sandbox_state_open(NULL, &rng, NULL, &s);
    sandbox_state_close(s);
    return err;
}

Test(state, memory_may_run_out)
{
    cr_expect_eq(oom_run(open_and_close, NULL), 0);
}
