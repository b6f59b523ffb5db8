/* SPDX-License-Identifier: MIT */
/* Calls whose connection breaks at any moment, whose server forgets them, whose process ends: they survive or end well.
 */
#include <stdio.h>
#include <string.h>

#include "scenario.h"

static bool signalling_says(const struct sim *t, enum ix_signalling what)
{
    return phone_node_saw(t->client, IX_EV_SIGNALLING, (int) what) != NULL;
}

Test(survive, an_answered_call_tells_that_its_signalling_went_and_came_back)
{
    struct sim t;

    sim_start(&t, 1);
    sim_talk(&t);
    t.server->down = true;
    phone_node_cut(t.client);
    PASS_TIME(&t, 4 * IX_S);
    cr_assert(signalling_says(&t, IX_SIGNALLING_LOST) && !signalling_says(&t, IX_SIGNALLING_BACK));
    t.server->down = false;
    PASS_TIME(&t, 9 * IX_S);
    cr_assert(signalling_says(&t, IX_SIGNALLING_BACK) && !signalling_says(&t, IX_SIGNALLING_REPLACED));
    cr_assert(LAST(t.client)->gap_us < 100 * IX_MS, "sound was away for %llu us",
        (unsigned long long) LAST(t.client)->gap_us);
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

/* ---- ringing -------------------------------------------------------------------------------- */
Test(survive, a_call_that_rings_out_goes_on_ringing_and_is_answered_after_the_outage)
{
    struct sim t;

    sim_start(&t, 2);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ringback, 10 * IX_S);
    t.server->down = true;
    phone_node_cut(t.client);
    PASS_TIME(&t, 5 * IX_S);
    t.server->down = false;
    PASS_TIME(&t, 9 * IX_S);
    cr_assert_eq(LAST(t.client)->ended + LAST(t.server)->ended, 0);
    cr_assert_eq(ix_call_answer(t.server->phone, sim_server_call(&t), NULL, NOW(&t)), 0);
    sim_mark(&t);
    REACH(&t, sim_talking, 10 * IX_S);
    cr_assert_eq(t.server->call_count, 1);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(survive, an_answer_given_during_the_outage_arrives_after_it)
{
    struct sim t;

    sim_start(&t, 3);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ringback, 10 * IX_S);
    t.server->down = true;
    phone_node_cut(t.client);
    PASS_TIME(&t, 2 * IX_S);
    cr_assert_eq(ix_call_answer(t.server->phone, sim_server_call(&t), NULL, NOW(&t)), 0);
    PASS_TIME(&t, 3 * IX_S);
    t.server->down = false;
    sim_mark(&t);
    REACH(&t, sim_talking, 15 * IX_S);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(survive, a_call_that_rings_here_goes_on_ringing_and_is_taken_after_or_during_the_outage)
{
    for (int during = 0; during < 2; during++) {
        struct ix_call_config config = { .from = "<sip:9@sim.test>", .to = "sip:1000@sim.test" };
        struct sim t;

        sim_start(&t, 4);
        config.transport = t.server->wires[0].transport;
        cr_assert_eq(ix_call_dial(t.server->phone, &config, NOW(&t), &t.call), 0);
        REACH(&t, sim_client_rings, 10 * IX_S);
        t.server->down = true;
        phone_node_cut(t.client);
        PASS_TIME(&t, 3 * IX_S);
        if (during)
            cr_assert_eq(ix_call_answer(t.client->phone, t.client->incoming, NULL, NOW(&t)), 0);
        t.server->down = false;
        PASS_TIME(&t, 8 * IX_S);
        if (!during)
            cr_assert_eq(ix_call_answer(t.client->phone, t.client->incoming, NULL, NOW(&t)), 0);
        sim_mark(&t);
        REACH(&t, sim_talking, 10 * IX_S);
        cr_assert_eq(ix_call_hangup(t.server->phone, t.call, 16, NOW(&t)), 0);
        REACH(&t, sim_ended, 10 * IX_S);
        sim_finish(&t);
    }
}

Test(survive, a_server_that_has_forgotten_what_rang_is_dialled_anew_once)
{
    struct sim t;

    sim_start(&t, 5);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ringback, 10 * IX_S);
    phone_node_cut(t.client);
    sim_rule(
        &t, (struct sim_rule){ .from = t.client, .start = "INVITE", .times = 3 }); /* nothing is heard of the old one */
    t.server->auto_answer = true;
    sim_mark(&t);
    REACH(&t, sim_talking, 20 * IX_S);
    cr_assert_eq(t.server->call_count, 2);
    cr_assert_eq(t.client->call_count, 1);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(survive, who_never_comes_back_leaves_nothing_ringing)
{
    struct sim t;

    sim_start(&t, 6);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ringback, 10 * IX_S);
    t.server->down = true;
    phone_node_cut(t.client);
    PASS_TIME(&t, 40 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert(LAST(t.client)->code == IRISX_E_NETWORK || LAST(t.client)->code == IRISX_E_TIMEOUT);
    cr_assert_eq(LAST(t.server)->ended, 1);
    cr_assert_eq(LAST(t.server)->code, IRISX_E_NETWORK);
    sim_finish(&t);
}

/* ---- the server forgets ------------------------------------------------------------------------ */
static void forgotten(struct sim *t, uint64_t seed)
{
    sim_start(t, seed);
    sim_talk(t);
    phone_node_cut(t->client);
    /* the first re-INVITE after the outage meets a server that does not know the dialog */
    sim_rule(t, (struct sim_rule){
                    .from = t->client, .start = "INVITE", .has = "CSeq: 2 INVITE", .cut = ";tag=", .put = ";tag=zz" });
}

Test(survive, a_dialog_lost_at_the_server_is_replaced_by_another_with_new_keys)
{
    struct sim t;
    const char *invite;

    forgotten(&t, 7);
    PASS_TIME(&t, 5 * IX_S);
    invite = sim_must(&t, t.client, "INVITE ", "Replaces: ");
    cr_assert_str_eq(sim_header(invite, "Require"), "replaces");
    cr_assert(signalling_says(&t, IX_SIGNALLING_REPLACED));
    cr_assert_eq(LAST(t.client)->ended, 0);
    cr_assert_eq(t.client->call_count, 1, "the application has the same call");
    sim_hear_on(&t);
    cr_assert_eq(t.server->call_count, 2);
    cr_assert_eq(t.server->calls[0].ended, 1, "the one before has been replaced");
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(survive, if_the_server_does_not_know_what_to_replace_the_call_ends_and_says_so)
{
    struct sim t;

    forgotten(&t, 8);
    sim_rule(
        &t, (struct sim_rule){
                .from = t.client, .start = "INVITE", .has = "Replaces: ", .cut = "from-tag=", .put = "from-tag=y" });
    PASS_TIME(&t, 5 * IX_S);
    cr_assert_eq(LAST(t.client)->ended, 1);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_CLOSED);
    cr_assert_eq(LAST(t.client)->sip_status, 481);
    sim_finish(&t);
}

Test(survive, who_hangs_up_while_it_is_replaced_hangs_up_both)
{
    for (uint64_t after = 0; after < 60 * IX_MS; after += 3 * IX_MS) {
        struct sim t;

        forgotten(&t, 9);
        t.client->ws_delay_us = t.server->ws_delay_us = 5 * IX_MS;
        PASS_TIME(&t, after);
        (void) ix_call_hangup(t.client->phone, t.call, 16, NOW(&t));
        PASS_TIME(&t, 5 * IX_S);
        cr_assert_eq(LAST(t.client)->ended, 1);
        (void) ix_call_hangup(t.server->phone, sim_server_call(&t), 16, NOW(&t)); /* the tags were spoilt on the way */
        (void) ix_call_hangup(t.server->phone, t.server->calls[0].call, 16, NOW(&t));
        sim_finish(&t);
    }
}

/* ---- cut at every message ------------------------------------------------------------------------ */
struct cut {
    struct sim t;
    unsigned at, seen; /* the message before which it is cut; those that went by since */
    bool after, done, due;
};
static struct cut *cutting;

static bool cut_here(void *ctx, struct phone_node *from, char *text, size_t *len, size_t room)
{
    struct cut *c = cutting;
    bool pass = !c->due;

    (void) ctx;
    (void) from;
    (void) text;
    (void) len;
    (void) room;
    if (!c->done && ++c->seen == c->at) {
        c->done = c->due = true;
        return c->after; /* it arrives, or is lost with the connection */
    }
    return pass;
}

static bool due(void *arg)
{
    const struct cut *c = arg;

    return c->due;
}

/* runs a while, and cuts the connection where it is due */
static void run_cut(struct cut *c, uint64_t us)
{
    uint64_t until = NOW(&c->t).mono_us + us;

    while (NOW(&c->t).mono_us < until) {
        if (world_run(c->t.w, due, c, until - NOW(&c->t).mono_us) != WORLD_DONE)
            return;
        c->due = false;
        if (c->after)
            (void) world_run_for(c->t.w, 2 * IX_MS);
        phone_node_cut(c->t.client);
    }
}

/* the whole flow: dial, ring, answer, hold, resume, message, hang up; or the same called */
static void flow(struct cut *c, unsigned at, bool after, bool incoming, bool by_peer)
{
    struct ix_call_config config = { .from = "<sip:9@sim.test>", .to = "sip:1000@sim.test" };
    struct sim *t = &c->t;
    struct phone_node *caller, *called;
    uint32_t theirs;
    ix_sip_txn txn;

    memset(c, 0, sizeof *c);
    sim_start(t, 100 + at);
    cutting = c;
    c->at = at;
    c->after = after;
    t->client->edit = t->server->edit = cut_here;
    caller = incoming ? t->server : t->client;
    called = incoming ? t->client : t->server;
    config.transport = t->server->wires[0].transport;
    if (incoming)
        cr_assert_eq(ix_call_dial(t->server->phone, &config, NOW(t), &t->call), 0);
    else
        cr_assert_eq(sim_dial(t), 0);
    run_cut(c, 12 * IX_S);
    theirs = called->call_count ? called->calls[called->call_count - 1].call : 0;
    if (theirs)
        (void) ix_call_answer(called->phone, theirs, NULL, NOW(t));
    run_cut(c, 12 * IX_S);
    if (incoming && !after && at == 1) { /* nobody here has ever heard of it: it ends there, and says why */
        cr_assert_eq(LAST(t->server)->code, IRISX_E_NETWORK);
        cr_assert_eq(t->client->call_count, 0);
        return;
    }
    (void) ix_call_hold(caller->phone, t->call, true, NOW(t));
    run_cut(c, 12 * IX_S);
    (void) ix_call_hold(caller->phone, t->call, false, NOW(t));
    run_cut(c, 12 * IX_S);
    (void) ix_call_say(caller->phone, t->call, IX_SIP_MESSAGE, IX_STR("text/plain"), IX_STR("x"), NOW(t), &txn);
    run_cut(c, 2 * IX_S);
    cr_assert_eq(phone_node_live(t->client), 1, "cut %s message %u: the call was lost", after ? "after" : "before", at);
    cr_assert_eq(
        phone_node_live(t->server), 1, "cut %s message %u: the server lost it", after ? "after" : "before", at);
    sim_mark(t);
    run_cut(c, 6 * IX_S);
    cr_assert(sim_talking(t), "cut %s message %u: silent", after ? "after" : "before", at);
    (void) ix_call_hangup(by_peer ? called->phone : caller->phone, by_peer ? theirs : t->call, 16, NOW(t));
    run_cut(c, 45 * IX_S);
    cr_assert_eq(phone_node_live(t->client), 0, "cut %s message %u: it never ended", after ? "after" : "before", at);
    cr_assert_eq(LAST(t->client)->ended, 1);
}

static void cut_everywhere(bool after, bool incoming, bool by_peer)
{
    struct cut c;
    unsigned at = 0;

    do {
        flow(&c, ++at, after, incoming, by_peer);
        if (!c.done)
            cr_assert_geq(at, 15, "the flow has only %u messages", at);
        /* a server that is hung up on while its client is away learns it by its own means; here the test tells it */
        for (size_t i = 0; i < c.t.server->call_count; i++)
            (void) ix_call_hangup(c.t.server->phone, c.t.server->calls[i].call, 16, NOW(&c.t));
        sim_finish(&c.t);
    } while (c.done);
}

Test(survive, a_cut_before_any_message_of_a_call_out_is_survived)
{
    cut_everywhere(false, false, false);
}

Test(survive, a_cut_after_any_message_of_a_call_out_is_survived)
{
    cut_everywhere(true, false, true);
}

Test(survive, a_cut_before_any_message_of_a_call_in_is_survived)
{
    cut_everywhere(false, true, true);
}

Test(survive, a_cut_after_any_message_of_a_call_in_is_survived)
{
    cut_everywhere(true, true, false);
}
