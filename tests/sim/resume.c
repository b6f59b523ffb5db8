/* SPDX-License-Identifier: MIT */
/* A process that is gone and another one that goes on with its call, from what was saved. */
#include <string.h>

#include "scenario.h"

static struct ix_buf saved;

static void save(struct sim *t)
{
    ix_buf_init(&saved, 65536);
    cr_assert_eq(ix_call_save(t->client->phone, t->call, &saved), 0);
}

/* another phone in the client's place; the first one hears and says nothing any more */
static struct phone_node *successor(struct sim *t)
{
    struct ix_dtls_identity *own = NULL;
    struct ix_prng prng;
    struct ix_rng rng = ix_prng_rng(&prng);
    struct phone_node *n;
    struct world_link link = { .delay_us = 5 * IX_MS };

    ix_prng_seed(&prng, 99);
    cr_assert_eq(ix_dtls_identity_new(&rng, WORLD_WALL, &own), 0); /* a new process has a new certificate */
    n = phone_node_new(t->w, &(struct phone_node_options){ .name = "heir", .identity = own });
    ix_dtls_identity_unref(own);
    cr_assert_not_null(n);
    phone_node_attach(n, world_internet(t->w), "192.0.2.11", &link);
    return n;
}

static void die(struct sim *t)
{
    phone_node_cut(t->client);
    t->server->down = true; /* what is left of the client does not come back: it is shut down silently */
    ix_phone_shutdown(t->client->phone, NOW(t));
    PASS_TIME(t, 100 * IX_MS);
    t->server->down = false;
}

static uint32_t go_on(struct sim *t, struct phone_node *heir, const void *data, size_t n, int expected)
{
    struct ix_call_config config = { .line = phone_node_line(heir, t->server, "1000", "secret") };
    uint32_t call = 0;

    cr_assert_neq(config.line, 0);
    int err = ix_call_resume(heir->phone, &config, data, n, NOW(t), &call);

    cr_assert_eq(err, expected, "%s", ix_error_name(err));
    return call;
}

static void finish(struct sim *t, struct phone_node *heir)
{
    ix_buf_clear(&saved);
    ix_phone_shutdown(heir->phone, NOW(t));
    (void) ix_call_hangup(t->server->phone, sim_server_call(t), 16, NOW(t));
    PASS_TIME(t, 40 * IX_S);
    cr_assert(phone_node_quiet(heir), "something is left");
    cr_assert_str_eq(heir->fault, "");
    sim_finish(t);
    phone_node_free(heir); /* the world has asked it to the last */
}

Test(resume, another_process_goes_on_with_the_call_with_new_keys_and_sound)
{
    struct phone_node *heir;
    struct sim t;
    uint32_t call;

    sim_start(&t, 1);
    sim_talk(&t);
    save(&t);
    heir = successor(&t);
    die(&t);
    call = go_on(&t, heir, saved.p, saved.n, 0);
    sim_mark(&t);
    PASS_TIME(&t, 4 * IX_S);
    cr_assert_not_null(phone_node_saw(heir, IX_EV_CALL, IX_CALL_ACTIVE));
    cr_assert_not_null(phone_node_saw(heir, IX_EV_SIGNALLING, IX_SIGNALLING_BACK));
    cr_assert(heir->frames_in > 20);
    cr_assert(t.server->frames_in > t.server_mark + 20);
    cr_assert_eq(t.server->call_count, 1);
    cr_assert_eq(LAST(t.server)->ended, 0);
    cr_assert_eq(ix_call_hangup(heir->phone, call, 16, NOW(&t)), 0);
    PASS_TIME(&t, IX_S);
    cr_assert_eq(LAST(t.server)->ended, 1);
    finish(&t, heir);
}

Test(resume, a_call_that_the_server_has_given_up_meanwhile_ends_and_says_so)
{
    struct phone_node *heir;
    struct sim t;

    sim_start(&t, 2);
    sim_talk(&t);
    save(&t);
    heir = successor(&t);
    die(&t);
    (void) ix_call_hangup(t.server->phone, sim_server_call(&t), 16, NOW(&t));
    PASS_TIME(&t, 3 * IX_S);
    (void) go_on(&t, heir, saved.p, saved.n, 0);
    PASS_TIME(&t, 4 * IX_S);
    cr_assert_eq(LAST(heir)->ended, 1);
    cr_assert_eq(LAST(heir)->code, IRISX_E_CLOSED);
    cr_assert_eq(LAST(heir)->sip_status, 481);
    finish(&t, heir);
}

Test(resume, what_is_damaged_cut_short_or_of_somebody_else_is_refused)
{
    struct ix_call_config config = { 0 };
    struct phone_node *heir;
    uint32_t call;
    struct sim t;

    sim_start(&t, 3);
    sim_talk(&t);
    save(&t);
    heir = successor(&t);
    config.line = phone_node_line(heir, t.server, "1001", "secret");
    cr_assert_eq(ix_call_resume(heir->phone, &config, saved.p, saved.n, NOW(&t), &call), IRISX_E_INVALID);
    config.line = phone_node_line(heir, t.server, "1000", "secret");
    for (size_t n = 0; n < saved.n; n++)
        cr_assert_eq(ix_call_resume(heir->phone, &config, saved.p, n, NOW(&t), &call), IRISX_E_FORMAT);
    for (size_t i = 0; i < saved.n; i++) {
        int err;

        saved.p[i] ^= 0x40;
        err = ix_call_resume(heir->phone, &config, saved.p, saved.n, NOW(&t), &call);
        cr_assert(err == IRISX_E_FORMAT || (i == 4 && err == IRISX_E_UNSUPPORTED), "byte %zu: %d", i, err);
        saved.p[i] ^= 0x40;
    }
    cr_assert_eq(heir->call_count, 0);
    finish(&t, heir);
}

Test(resume, one_whose_session_has_run_out_is_not_tried)
{
    struct phone_node *heir;
    struct sim t;

    sim_start(&t, 4);
    t.server->auto_answer = true;
    sim_mark(&t);
    cr_assert_eq(ix_call_dial(t.client->phone, &(struct ix_call_config){ .line = t.line, .to = "1", .session_s = 120 },
                     NOW(&t), &t.call),
        0);
    REACH(&t, sim_talking, 10 * IX_S);
    save(&t);
    heir = successor(&t);
    PASS_TIME(&t, 119 * IX_S);
    (void) go_on(&t, heir, saved.p, saved.n, IRISX_E_EXPIRED);
    finish(&t, heir);
}
