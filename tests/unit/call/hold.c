/* SPDX-License-Identifier: MIT */
/* Hold and resume by either side, both at once, refused, and when the two cross (RFC 3264 section 8.4, RFC 3261 14.1).
 */
#include "bench.h"

static char theirs[4096];

/* the peer's description with another direction and a newer version */
static const char *directed(const char *direction)
{
    static unsigned version = 2;
    char *at;

    (void) snprintf(theirs, sizeof theirs, "%s", bench_sdp);
    at = strstr(theirs, "a=sendrecv");
    (void) snprintf(at, sizeof theirs - (size_t) (at - theirs),
        "a=%s\r\na=candidate:1 1 udp 2130706431 192.0.2.20 40000 typ host\r\n", direction);
    at = strstr(theirs, "o=- 1 1");
    at[6] = (char) ('0' + version++ % 10);
    return theirs;
}

static uint32_t talking(struct bench *b)
{
    uint32_t call;

    bench_open_bare(b);
    bench_line(b, false);
    call = bench_call(b);
    return call;
}

static bool says(const char *message, const char *direction)
{
    char line[40];

    (void) snprintf(line, sizeof line, "\r\na=%s\r\n", direction);
    return message && strstr(message, line);
}

static void hold(struct bench *b, uint32_t call, bool on)
{
    cr_assert_eq(ix_call_hold(b->phone, call, on, b->now), 0);
    bench_drain(b);
}

static void holds(const struct bench *b, int who)
{
    const struct bench_event *last = NULL;

    for (size_t i = 0; i < b->event_count; i++)
        if (b->events[i].kind == IX_EV_HOLD)
            last = &b->events[i];
    cr_assert_not_null(last);
    cr_assert_eq(last->state, who, "%d instead of %d", last->state, who);
}

Test(hold, sendonly_is_offered_and_sendrecv_again)
{
    struct bench b;
    uint32_t call = talking(&b);

    hold(&b, call, true);
    cr_assert(says(bench_sent(&b, "INVITE"), "sendonly"));
    cr_assert_null(bench_saw(&b, IX_EV_HOLD, IX_HOLD_LOCAL), "not before the peer agrees");
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", directed("recvonly"));
    holds(&b, IX_HOLD_LOCAL);
    hold(&b, call, false);
    cr_assert(says(bench_sent(&b, "INVITE"), "sendrecv"));
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", directed("sendrecv"));
    holds(&b, 0);
    bench_close(&b);
}

Test(hold, what_is_wished_already_is_told_at_once)
{
    struct bench b;
    uint32_t call = talking(&b);

    hold(&b, call, false);
    holds(&b, 0);
    cr_assert_eq(bench_count(&b, "INVITE"), 1);
    bench_close(&b);
}

Test(hold, the_peer_holds_and_lets_go)
{
    struct bench b;

    (void) talking(&b);
    bench_request(&b, "INVITE", 10, NULL, directed("sendonly"));
    cr_assert(says(bench_sent(&b, "SIP/2.0 200"), "recvonly"));
    holds(&b, IX_HOLD_REMOTE);
    bench_request(&b, "ACK", 10, NULL, NULL);
    bench_request(&b, "INVITE", 11, NULL, directed("sendrecv"));
    cr_assert(says(bench_sent(&b, "SIP/2.0 200"), "sendrecv"));
    holds(&b, 0);
    bench_close(&b);
}

Test(hold, held_by_both_is_inactive_and_each_lets_go_alone)
{
    struct bench b;
    uint32_t call = talking(&b);

    bench_request(&b, "INVITE", 10, NULL, directed("sendonly"));
    bench_request(&b, "ACK", 10, NULL, NULL);
    hold(&b, call, true);
    cr_assert(says(bench_sent(&b, "INVITE"), "inactive"));
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", directed("inactive"));
    holds(&b, IX_HOLD_LOCAL | IX_HOLD_REMOTE);
    hold(&b, call, false);
    cr_assert(says(bench_sent(&b, "INVITE"), "recvonly"));
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", directed("sendonly"));
    holds(&b, IX_HOLD_REMOTE);
    bench_close(&b);
}

Test(hold, while_we_hold_the_peer_may_change_other_things)
{
    struct bench b;
    uint32_t call = talking(&b);

    hold(&b, call, true);
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", directed("recvonly"));
    bench_request(&b, "INVITE", 10, NULL, directed("sendrecv"));
    cr_assert(says(bench_sent(&b, "SIP/2.0 200"), "sendonly"));
    holds(&b, IX_HOLD_LOCAL);
    bench_close(&b);
}

Test(hold, a_refusal_leaves_things_as_they_were)
{
    struct bench b;
    uint32_t call = talking(&b);

    hold(&b, call, true);
    bench_respond(&b, "INVITE", "488 No", NULL, NULL);
    holds(&b, 0);
    cr_assert_eq(bench_saw(&b, IX_EV_HOLD, 0)->code, IRISX_E_UNSUPPORTED);
    cr_assert_null(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED));
    bench_close(&b);
}

Test(hold, when_two_cross_ours_waits_two_to_four_seconds_and_goes_again)
{
    struct bench b;
    uint32_t call = talking(&b);
    uint64_t at;

    hold(&b, call, true);
    bench_respond(&b, "INVITE", "491 Request Pending", NULL, NULL);
    cr_assert_eq(bench_count(&b, "INVITE"), 2);
    cr_assert_null(bench_saw(&b, IX_EV_HOLD, 0));
    at = b.now.mono_us;
    bench_at(&b, at + 2099 * IX_MS);
    cr_assert_eq(bench_count(&b, "INVITE"), 2);
    bench_at(&b, at + 4001 * IX_MS);
    cr_assert_eq(bench_count(&b, "INVITE"), 3);
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", directed("recvonly"));
    holds(&b, IX_HOLD_LOCAL);
    bench_close(&b);
}

Test(hold, it_waits_for_a_reinvite_of_the_peers)
{
    struct bench b;
    uint32_t call = talking(&b);

    bench_request(&b, "INVITE", 10, NULL, directed("sendrecv"));
    hold(&b, call, true);
    cr_assert_eq(bench_count(&b, "INVITE"), 1, "the ACK is outstanding");
    bench_request(&b, "ACK", 10, NULL, NULL);
    cr_assert_eq(bench_count(&b, "INVITE"), 2);
    cr_assert(says(bench_sent(&b, "INVITE"), "sendonly"));
    bench_close(&b);
}

Test(hold, the_last_wish_counts)
{
    struct bench b;
    uint32_t call = talking(&b);

    hold(&b, call, true);
    hold(&b, call, false);
    cr_assert_eq(bench_count(&b, "INVITE"), 2);
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", directed("recvonly"));
    cr_assert_eq(bench_count(&b, "INVITE"), 3);
    cr_assert(says(bench_sent(&b, "INVITE"), "sendrecv"));
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", directed("sendrecv"));
    holds(&b, 0);
    bench_close(&b);
}

Test(hold, a_call_that_is_not_answered_cannot_be_held)
{
    struct ix_call_config config = { .to = "9196" };
    struct bench b;
    uint32_t call;

    bench_open_bare(&b);
    bench_line(&b, false);
    config.line = b.line;
    cr_assert_eq(ix_call_dial(b.phone, &config, b.now, &call), 0);
    cr_assert_eq(ix_call_hold(b.phone, call, true, b.now), IRISX_E_STATE);
    cr_assert_eq(ix_call_hold(b.phone, 99, true, b.now), IRISX_E_NOT_FOUND);
    bench_close(&b);
}
