/* SPDX-License-Identifier: MIT */
/* Requests inside a call as FreeSWITCH sends them (contract/FREESWITCH.md): session refresh, hold, and what may come
 * with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

/* the server's description once more, changed */
static char *offer(const struct sim *t, const char *cut, const char *put)
{
    const char *body = sim_body(sim_must(t, t->server, "SIP/2.0 200", "m=audio"));
    size_t room = strlen(body) + strlen(put) + 1;
    char *text, *at;

    cr_assert_not_null(strstr(body, cut), "no %s in %s", cut, body);
    text = malloc(room);
    cr_assert(text);
    (void) snprintf(text, room, "%s", body);
    at = strstr(text, cut);
    memmove(at + strlen(put), at + strlen(cut), strlen(at + strlen(cut)) + 1);
    memcpy(at, put, strlen(put));
    return text;
}

static const char *our_answer(const struct sim *t)
{
    return sim_must(t, t->client, "SIP/2.0 ", " INVITE\r\n");
}

static void send_offer(struct sim *t, const char *cut, const char *put)
{
    char *text = offer(t, cut, put);

    sim_request(t, "INVITE", text);
    free(text);
    PASS_TIME(t, 50 * IX_MS);
    sim_request(t, "ACK", NULL);
}

static void version(const char *message, char out[32])
{
    const char *at = strstr(sim_body(message), "o=");

    cr_assert_eq(sscanf(at, "o=%*s %*s %31s", out), 1);
}

Test(modify, a_session_refresh_does_not_disturb_media)
{
    char before[32], after[32];
    struct sim t;

    sim_start(&t, 1);
    sim_talk(&t);
    for (int i = 0; i < 5; i++) {
        uint64_t heard = t.client->frames_in, said = t.server->frames_in;

        PASS_TIME(&t, 63 * IX_S);
        send_offer(&t, "a=setup:active", "a=setup:actpass");
        cr_assert(!strncmp(our_answer(&t), "SIP/2.0 200", 11), "%s", our_answer(&t));
        cr_assert_not_null(strstr(our_answer(&t), "a=setup:passive"), "the roles stay");
        cr_assert_geq(t.client->frames_in - heard, 3000);
        cr_assert_geq(t.server->frames_in - said, 3000);
        version(sim_must(&t, t.client, "INVITE", NULL), before);
        version(our_answer(&t), after);
        cr_assert_str_eq(before, after, "nothing has changed");
    }
    cr_assert_eq(t.client->media.codec, IX_CODEC_OPUS);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(modify, another_order_of_payload_types_keeps_the_codec)
{
    struct sim t;
    const char *body, *at;
    char line[128], put[256];

    sim_start(&t, 2);
    sim_talk(&t);
    body = strstr(sim_body(sim_must(&t, t.server, "SIP/2.0 200", "m=audio")), "m=audio");
    cr_assert_eq(sscanf(body, "%127[^\r]", line), 1);
    at = strstr(line, "SAVPF ") + 6;
    (void) snprintf(
        put, sizeof put, "%.*s0 8 %s\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000", (int) (at - line), line, at);
    send_offer(&t, line, put);
    cr_assert(!strncmp(our_answer(&t), "SIP/2.0 200", 11), "%s", our_answer(&t));
    sim_hear_on(&t);
    cr_assert_eq(t.client->media.codec, IX_CODEC_OPUS);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(modify, hold_and_back_say_so_under_a_new_version)
{
    char before[32], held[32];
    struct sim t;
    uint64_t said;

    sim_start(&t, 3);
    sim_talk(&t);
    version(sim_must(&t, t.client, "INVITE", NULL), before);
    send_offer(&t, "a=sendrecv", "a=sendonly");
    cr_assert_not_null(strstr(our_answer(&t), "a=recvonly"), "%s", our_answer(&t));
    version(our_answer(&t), held);
    cr_assert_str_neq(before, held);
    cr_assert(!t.client->media.send && t.client->media.receive);
    PASS_TIME(&t, IX_S);
    said = t.client->frames_out;
    PASS_TIME(&t, IX_S);
    cr_assert_leq(t.client->frames_out - said, 100); /* the node goes on; a real party would not */
    send_offer(&t, "a=sendrecv", "a=inactive");
    cr_assert_not_null(strstr(our_answer(&t), "a=inactive"), "%s", our_answer(&t));
    cr_assert(!t.client->media.send && !t.client->media.receive);
    send_offer(&t, "a=sendrecv", "a=sendrecv");
    cr_assert(t.client->media.send && t.client->media.receive);
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(modify, a_re_invite_without_description_is_answered_with_an_offer)
{
    struct sim t;
    char *answer;

    sim_start(&t, 4);
    sim_talk(&t);
    sim_request(&t, "INVITE", NULL);
    PASS_TIME(&t, 50 * IX_MS);
    cr_assert(!strncmp(our_answer(&t), "SIP/2.0 200", 11));
    cr_assert_not_null(strstr(our_answer(&t), "a=setup:actpass"));
    answer = offer(&t, "a=sendrecv", "a=sendrecv");
    sim_request(&t, "ACK", answer);
    free(answer);
    sim_hear_on(&t);
    sim_request(&t, "INVITE", NULL); /* and once more, without an answer in the ACK: nothing changes */
    PASS_TIME(&t, 50 * IX_MS);
    sim_request(&t, "ACK", NULL);
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(modify, what_cannot_be_is_refused_and_the_call_goes_on)
{
    static const struct {
        const char *cut, *put, *status;
    } cases[] = {
        { "a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:", NULL },
        { "a=fingerprint:", "a=fungerprint:", "SIP/2.0 4" },
        { "m=audio", "m=video", "SIP/2.0 488" },
        { "v=0", "w=0", "SIP/2.0 400" },
    };
    struct sim t;

    sim_start(&t, 5);
    sim_talk(&t);
    for (size_t i = 0; i < IX_COUNT(cases); i++) {
        send_offer(&t, cases[i].cut, cases[i].put);
        if (cases[i].status)
            cr_assert(!strncmp(our_answer(&t), cases[i].status, strlen(cases[i].status)), "%s", our_answer(&t));
        sim_hear_on(&t);
    }
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(modify, another_certificate_that_nobody_proves_ends_the_call_but_not_its_sound_before)
{
    char line[128];
    const char *at;
    struct sim t;

    sim_start(&t, 6);
    sim_talk(&t);
    at = strstr(sim_body(sim_must(&t, t.server, "SIP/2.0 200", "m=audio")), "a=fingerprint");
    cr_assert(at && sscanf(at, "%127[^\r]", line) == 1);
    send_offer(&t, line,
        "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
        "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F");
    cr_assert(!strncmp(our_answer(&t), "SIP/2.0 200", 11), "%s", our_answer(&t));
    sim_hear_on(&t);
    REACH(&t, sim_ended, 40 * IX_S);
    cr_assert(LAST(t.client)->code == IRISX_E_TIMEOUT || LAST(t.client)->code == IRISX_E_FINGERPRINT);
    sim_finish(&t);
}

Test(modify, other_requests_inside_a_call_are_answered)
{
    struct sim t;

    sim_start(&t, 7);
    sim_talk(&t);
    sim_request(&t, "OPTIONS", NULL);
    PASS_TIME(&t, 10 * IX_MS);
    cr_assert_not_null(sim_sent(&t, t.client, "SIP/2.0 200", "OPTIONS\r\n"));
    sim_request(&t, "INFO", NULL);
    PASS_TIME(&t, 10 * IX_MS);
    cr_assert_not_null(sim_sent(&t, t.client, "SIP/2.0 200", "INFO\r\n"));
    cr_assert_not_null(phone_node_saw(t.client, IX_EV_INFO, 0));
    sim_request(&t, "UPDATE", NULL);
    PASS_TIME(&t, 10 * IX_MS);
    cr_assert_not_null(sim_sent(&t, t.client, "SIP/2.0 200", "UPDATE\r\n"));
    sim_request(&t, "REFER", NULL); /* not offered: nobody would answer it */
    PASS_TIME(&t, 10 * IX_MS);
    cr_assert_not_null(sim_sent(&t, t.client, "SIP/2.0 405", "REFER\r\n"));
    sim_hear_on(&t);
    sim_request(&t, "BYE", NULL);
    PASS_TIME(&t, 10 * IX_MS);
    cr_assert_not_null(sim_sent(&t, t.client, "SIP/2.0 200", "BYE\r\n"));
    cr_assert_eq(LAST(t.client)->ended, 1);
    sim_finish(&t);
}

static void our_own_refresh(bool answered_twice)
{
    struct sim t;
    const char *tag;
    char copy[8192];

    sim_start(&t, 8);
    sim_talk(&t);
    cr_assert_eq(ix_call_refresh(t.client->phone, t.call, NULL, NOW(&t)), 0);
    sim_hear_on(&t);
    cr_assert_not_null(sim_sent(&t, t.client, "INVITE", "a=setup:actpass"));
    (void) snprintf(copy, sizeof copy, "%s", sim_must(&t, t.server, "SIP/2.0 200", " INVITE\r\n")); /* fits */
    sim_hang_up(&t);
    PASS_TIME(&t, IX_S);
    tag = strstr(sim_header(copy, "To"), ";tag=") + 5;
    if (answered_twice) { /* after the call is gone, from somebody else */
        strstr(copy, tag)[0] ^= 1;
        phone_node_inject(t.client, 0, copy, strlen(copy));
        PASS_TIME(&t, IX_S);
    }
    sim_finish(&t);
}

Test(modify, a_refresh_of_ours_changes_nothing)
{
    our_own_refresh(false);
}

Test(modify, a_second_answer_to_a_refresh_finds_no_call)
{
    our_own_refresh(true);
}
