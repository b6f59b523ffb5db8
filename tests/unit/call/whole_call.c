/* SPDX-License-Identifier: MIT */
/* Whole calls between two phones in virtual time, with the real DTLS and with its double. */
#include <criterion/criterion.h>

#include "phone_node.h"

struct pair {
    struct world *w;
    struct phone_node *client, *server;
    uint32_t line, call;
};

static void pair_open_with(
    struct pair *t, uint64_t seed, const struct ix_dtls_ops *client_dtls, const struct ix_dtls_ops *server_dtls)
{
    struct world_link link = { .delay_us = 5 * IX_MS };

    memset(t, 0, sizeof *t);
    t->w = world_new(seed);
    t->client = phone_node_new(t->w, &(struct phone_node_options){ .name = "client", .dtls = client_dtls });
    t->server =
        phone_node_new(t->w, &(struct phone_node_options){ .name = "server", .server = true, .dtls = server_dtls });
    cr_assert(t->client && t->server);
    phone_node_attach(t->client, world_internet(t->w), "192.0.2.10", &link);
    phone_node_attach(t->server, world_internet(t->w), "192.0.2.20", &link);
    t->line = phone_node_line(t->client, t->server, "1000", "secret");
    cr_assert(t->line);
}

static void pair_open(struct pair *t, uint64_t seed, const struct ix_dtls_ops *dtls)
{
    pair_open_with(t, seed, dtls, dtls);
}

static void pair_close(struct pair *t)
{
    phone_node_free(t->client);
    phone_node_free(t->server);
    world_free(t->w);
}

static bool line_ready(void *arg)
{
    struct pair *t = arg;

    return phone_node_saw(t->client, IX_EV_LINE, IX_LINE_READY) != NULL;
}

static bool line_failed(void *arg)
{
    struct pair *t = arg;

    return phone_node_saw(t->client, IX_EV_LINE, IX_LINE_FAILED) != NULL;
}

static bool both_hear(void *arg)
{
    struct pair *t = arg;

    return t->client->frames_in > 20 && t->server->frames_in > 20;
}

static bool both_ended(void *arg)
{
    struct pair *t = arg;

    return phone_node_saw(t->client, IX_EV_CALL, IX_CALL_ENDED) && phone_node_saw(t->server, IX_EV_CALL, IX_CALL_ENDED);
}

static void dial(struct pair *t)
{
    struct ix_call_config config = { .line = t->line, .to = "9196" };

    cr_assert_eq(ix_call_dial(t->client->phone, &config, world_now(t->w), &t->call), 0);
}

static void whole_call(const struct ix_dtls_ops *dtls)
{
    struct pair t;

    pair_open(&t, 7, dtls);
    t.server->auto_answer = true;
    cr_assert_eq(world_run(t.w, line_ready, &t, 10 * IX_S), WORLD_DONE);
    dial(&t);
    cr_assert_eq(world_run(t.w, both_hear, &t, 10 * IX_S), WORLD_DONE);
    cr_assert(phone_node_saw(t.client, IX_EV_CALL, IX_CALL_ACTIVE));
    cr_assert(phone_node_saw(t.server, IX_EV_CALL, IX_CALL_ACTIVE));
    cr_assert_eq(ix_call_hangup(t.client->phone, t.call, 16, world_now(t.w)), 0);
    cr_assert_eq(world_run(t.w, both_ended, &t, 10 * IX_S), WORLD_DONE);
    cr_assert_eq(phone_node_saw(t.client, IX_EV_CALL, IX_CALL_ENDED)->code, 0);
    cr_assert_eq(phone_node_saw(t.server, IX_EV_CALL, IX_CALL_ENDED)->q850, 16);
    cr_assert_eq(t.client->media_started, t.client->media_stopped);
    pair_close(&t);
}

Test(whole_call, sound_goes_both_ways_with_the_double_of_dtls)
{
    whole_call(NULL);
}

Test(whole_call, sound_goes_both_ways_with_real_dtls)
{
    whole_call(&ix_dtls_mbedtls);
}

Test(whole_call, a_wrong_password_fails_the_line_for_good)
{
    struct pair t;

    pair_open(&t, 3, NULL);
    t.server->password = "another";
    cr_assert_eq(world_run(t.w, line_failed, &t, 10 * IX_S), WORLD_DONE);
    cr_assert_eq(phone_node_saw(t.client, IX_EV_LINE, IX_LINE_FAILED)->code, IRISX_E_AUTH);
    cr_assert_eq(phone_node_saw(t.client, IX_EV_LINE, IX_LINE_FAILED)->sip_status, 403);
    pair_close(&t);
}

static bool server_answered(void *arg)
{
    struct pair *t = arg;

    return phone_node_saw(t->server, IX_EV_CALL, IX_CALL_ANSWERED) != NULL;
}

static bool client_ended(void *arg)
{
    struct pair *t = arg;

    return phone_node_saw(t->client, IX_EV_CALL, IX_CALL_ENDED) != NULL;
}

/* A BYE that had to wait for the ACK said 16 whatever the reason was: seen with Chromium. */
Test(whole_call, a_bye_that_waits_for_the_ack_keeps_its_cause)
{
    struct pair t;

    pair_open(&t, 5, NULL);
    t.server->auto_answer = true;
    cr_assert_eq(world_run(t.w, line_ready, &t, 10 * IX_S), WORLD_DONE);
    dial(&t);
    cr_assert_eq(world_run(t.w, server_answered, &t, 10 * IX_S), WORLD_DONE);
    cr_assert_eq(ix_call_hangup(t.server->phone, t.server->incoming, 31, world_now(t.w)), 0);
    cr_assert_eq(world_run(t.w, client_ended, &t, 10 * IX_S), WORLD_DONE);
    cr_assert_eq(phone_node_saw(t.client, IX_EV_CALL, IX_CALL_ENDED)->q850, 31);
    pair_close(&t);
}

static int expect_another(struct ix_dtls *d, const struct ix_dtls_fingerprint *fp)
{
    struct ix_dtls_fingerprint another = *fp;

    another.bytes[0] ^= 1;
    return ix_dtls_mbedtls.set_fingerprint(d, &another);
}

/* The other side could not tell a call that broke from one that somebody ended. */
Test(whole_call, a_call_with_the_wrong_certificate_ends_as_a_temporary_failure)
{
    struct ix_dtls_ops distrustful = ix_dtls_mbedtls;
    struct pair t;

    distrustful.set_fingerprint = expect_another;
    pair_open_with(&t, 6, &ix_dtls_mbedtls, &distrustful);
    t.server->auto_answer = true;
    cr_assert_eq(world_run(t.w, line_ready, &t, 10 * IX_S), WORLD_DONE);
    dial(&t);
    cr_assert_eq(world_run(t.w, both_ended, &t, 10 * IX_S), WORLD_DONE);
    cr_assert_eq(phone_node_saw(t.server, IX_EV_CALL, IX_CALL_ENDED)->code, IRISX_E_FINGERPRINT);
    cr_assert_eq(phone_node_saw(t.client, IX_EV_CALL, IX_CALL_ENDED)->q850, 41);
    cr_assert_eq(t.client->frames_in + t.server->frames_in, 0);
    pair_close(&t);
}
