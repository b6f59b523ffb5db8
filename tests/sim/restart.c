/* SPDX-License-Identifier: MIT */
/* ICE restart in a call: asked for by either side, refused, ignored; networks that come and go under it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

static const char *attribute(const char *message, const char *name)
{
    static char value[4][64];
    static unsigned turn;
    char *out = value[turn++ % 4];
    const char *at = strstr(sim_body(message), name);

    out[0] = 0;
    if (at)
        (void) sscanf(at + strlen(name), "%63[^\r]", out);
    return out;
}

static void move_to(struct sim *t, const char *from, const char *to)
{
    struct world_link link = { .delay_us = 5 * IX_MS };

    phone_node_detach(t->client, from);
    phone_node_attach(t->client, world_internet(t->w), to, &link);
    ix_phone_network_changed(t->client->phone, NOW(t));
}

Test(restart, a_call_follows_its_phone_from_network_to_network)
{
    struct sim t;
    char ufrag[64];
    const char *at[] = { "192.0.2.10", "198.51.100.10", "192.0.2.11", "198.51.100.11", "192.0.2.12" };

    sim_start(&t, 1);
    sim_talk(&t);
    (void) snprintf(ufrag, sizeof ufrag, "%s", attribute(sim_sent(&t, t.client, "INVITE ", NULL), "a=ice-ufrag:"));
    for (size_t i = 1; i < IX_COUNT(at); i++) {
        move_to(&t, at[i - 1], at[i]);
        sim_hear_on(&t);
        PASS_TIME(&t, 2 * IX_S);
        cr_assert_not_null(strstr(sim_sent(&t, t.client, "INVITE ", NULL), at[i]));
        cr_assert_str_neq(attribute(sim_sent(&t, t.client, "INVITE ", NULL), "a=ice-ufrag:"), ufrag);
        cr_assert_leq(t.client->socket_count, 2, "sockets of networks before are closed: this call's and the spare");
    }
    cr_assert_leq(LAST(t.client)->gap_us, 500 * IX_MS);
    cr_assert_leq(LAST(t.server)->gap_us, 500 * IX_MS);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(restart, a_network_that_is_away_for_ten_seconds_gives_the_call_back)
{
    struct world_link link = { .delay_us = 5 * IX_MS };
    struct sim t;

    sim_start(&t, 2);
    sim_talk(&t);
    phone_node_detach(t.client, "192.0.2.10");
    ix_phone_network_changed(t.client->phone, NOW(&t));
    PASS_TIME(&t, 10 * IX_S);
    phone_node_attach(t.client, world_internet(t.w), "198.51.100.10", &link);
    ix_phone_network_changed(t.client->phone, NOW(&t));
    sim_hear_on(&t);
    cr_assert_leq(LAST(t.client)->gap_us, 10 * IX_S + 500 * IX_MS);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(restart, one_that_the_peer_refuses_leaves_the_call_as_it_was)
{
    struct sim t;

    sim_start(&t, 3);
    sim_talk(&t);
    /* the offer arrives unusable */
    sim_rule(&t, (struct sim_rule){ t.client, "INVITE ", "a=ice-ufrag", "a=fingerprint", "a=fingerpaint", 1 });
    cr_assert_eq(ix_call_restart(t.client->phone, t.call, false, NOW(&t)), 0);
    sim_hear_on(&t);
    cr_assert_not_null(sim_sent(&t, t.server, "SIP/2.0 4", " INVITE\r\n"));
    PASS_TIME(&t, 35 * IX_S);
    sim_hear_on(&t);
    cr_assert_leq(LAST(t.client)->gap_us, 100 * IX_MS);
    sim_hang_up(&t);
    sim_finish(&t);
}

static void swap_credentials(char *text, const char *name, const char *value)
{
    char *at = strstr(text, name);

    cr_assert_not_null(at);
    memcpy(at + strlen(name), value, strlen(value));
}

Test(restart, the_peers_is_answered_with_new_credentials_and_media_goes_on)
{
    struct sim t;
    char ufrag[64], pwd[64];
    const char *answer;
    char *offer;

    sim_start(&t, 4);
    sim_talk(&t);
    (void) snprintf(ufrag, sizeof ufrag, "%s", attribute(sim_sent(&t, t.client, "INVITE ", NULL), "a=ice-ufrag:"));
    (void) snprintf(pwd, sizeof pwd, "%s", attribute(sim_sent(&t, t.client, "INVITE ", NULL), "a=ice-pwd:"));
    offer = strdup(sim_body(sim_sent(&t, t.server, "SIP/2.0 200", "m=audio")));
    cr_assert(offer);
    swap_credentials(offer, "a=ice-ufrag:", "zzzzzzzz");
    swap_credentials(offer, "a=setup:a", "c");
    memcpy(strstr(offer, "a=setup:"), "a=setup:active", 14);
    sim_request(&t, "INVITE", offer);
    free(offer);
    PASS_TIME(&t, 50 * IX_MS);
    sim_request(&t, "ACK", NULL);
    answer = sim_sent(&t, t.client, "SIP/2.0 200", " INVITE\r\n");
    cr_assert_not_null(answer);
    cr_assert_str_neq(attribute(answer, "a=ice-ufrag:"), ufrag);
    cr_assert_str_neq(attribute(answer, "a=ice-pwd:"), pwd);
    sim_hear_on(&t); /* nobody answers the new checks: the session before carries on */
    PASS_TIME(&t, 35 * IX_S);
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(restart, one_that_nobody_answers_is_given_up_and_the_call_stays)
{
    struct sim t;

    sim_start(&t, 5);
    sim_talk(&t);
    sim_rule(&t, (struct sim_rule){ t.client, "INVITE ", "a=ice-ufrag", "INVITE", "INFO", 1 });
    cr_assert_eq(ix_call_restart(t.client->phone, t.call, false, NOW(&t)), 0);
    PASS_TIME(&t, 40 * IX_S);
    sim_hear_on(&t);
    cr_assert_leq(LAST(t.client)->gap_us, 100 * IX_MS);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(restart, a_path_that_dies_without_a_word_is_left_for_another)
{
    struct world_link dead = { .loss_ppm = 1000000 }, link = { .delay_us = 5 * IX_MS };
    struct sim t;

    sim_begin(&t, &(struct sim_options){ .seed = 6 });
    phone_node_attach(t.client, world_internet(t.w), "198.51.100.10", &link);
    REACH(&t, sim_ready, 10 * IX_S);
    sim_talk(&t);
    PASS_TIME(&t, IX_S);
    for (size_t i = 0; i < t.client->socket_count; i++)
        if (t.client->sockets[i].addr.ip[0] == 192)
            world_set_link(t.client->node, &t.client->sockets[i].addr, &dead);
    sim_hear_on(&t);
    cr_assert_leq(LAST(t.client)->gap_us, 4 * IX_S, "%.1f s", (double) LAST(t.client)->gap_us / 1e6);
    sim_hang_up(&t);
    sim_finish(&t);
}
