/* SPDX-License-Identifier: MIT */
/* One INVITE, several answers: a proxy may fork the call (RFC 3261 section 13.2.2.4), and a hostile server may pretend
 * to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

/* the server's message once more, from another callee */
static void from_another_fork(struct sim *t, const char *start, const char *find, const char *put)
{
    const char *text = sim_sent(t, t->server, start, " INVITE\r\n"), *tag = strstr(sim_header(text, "To"), ";tag=");
    size_t room;
    char *copy, *at;

    cr_assert(text && tag);
    tag += 5;
    room = strlen(text) + 4096;
    copy = malloc(room);
    cr_assert_not_null(copy);
    (void) snprintf(copy, room, "%s", text);
    at = strstr(copy, tag);
    at[0] = at[0] == 'x' ? 'y' : 'x';
    for (at = copy; find && (at = strstr(at, find)) != NULL; at += strlen(find))
        memcpy(at + strlen(find), put, strlen(put));
    phone_node_inject(t->client, 0, copy, strlen(copy));
    free(copy);
}

Test(forks, a_second_answer_is_hung_up_and_the_first_goes_on)
{
    struct sim t;

    sim_start(&t, 1);
    sim_talk(&t);
    from_another_fork(&t, "SIP/2.0 200", NULL, NULL);
    PASS_TIME(&t, 500 * IX_MS);
    from_another_fork(&t, "SIP/2.0 200", NULL, NULL); /* it comes again until it is acknowledged */
    sim_hear_on(&t);
    cr_assert(sim_sent(&t, t.client, "BYE", NULL), "the second callee is left waiting");
    cr_assert_eq(phone_node_live(t.client), 1);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(forks, an_answer_of_another_fork_after_the_call_is_gone_finds_nothing)
{
    struct sim t;

    sim_start(&t, 2);
    sim_talk(&t);
    sim_hang_up(&t);
    PASS_TIME(&t, IX_S);
    from_another_fork(&t, "SIP/2.0 200", NULL, NULL);
    PASS_TIME(&t, IX_S);
    cr_assert(sim_sent(&t, t.client, "BYE", "CSeq: 2 BYE"), "the late callee is left waiting");
    sim_finish(&t);
}

Test(forks, early_media_of_another_fork_does_not_end_the_call)
{
    struct sim t;

    sim_start(&t, 3);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_server_rings, 10 * IX_S);
    cr_assert_eq(ix_call_early_media(t.server->phone, sim_server_call(&t), NOW(&t)), 0);
    REACH(&t, sim_talking, 10 * IX_S);
    from_another_fork(&t, "SIP/2.0 183", "a=ice-ufrag:", "zzzz");
    sim_hear_on(&t);
    cr_assert_eq(ix_call_answer(t.server->phone, sim_server_call(&t), NULL, NOW(&t)), 0);
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}
