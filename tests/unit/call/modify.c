/* SPDX-License-Identifier: MIT */
/* Requests of the peer's inside a call. */
#include "bench.h"

static uint32_t talking(struct bench *b)
{
    uint32_t call;

    bench_open_bare(b);
    bench_line(b, false);
    call = bench_call(b);
    return call;
}

static const char *answer_to(struct bench *b, const char *method, unsigned cseq, const char *lines, const char *body)
{
    bench_request(b, method, cseq, lines, body);
    return bench_sent(b, "SIP/2.0 ");
}

Test(modify, a_reinvite_with_the_same_description_is_answered_with_ours)
{
    struct bench b;
    const char *answer;

    (void) talking(&b);
    answer = answer_to(&b, "INVITE", 10, NULL, bench_sdp);
    cr_assert(!strncmp(answer, "SIP/2.0 200 ", 12), "%s", answer);
    cr_assert_not_null(strstr(answer, "\r\nm=audio "));
    bench_close(&b);
}

Test(modify, an_update_without_a_description_is_only_a_refresh)
{
    struct bench b;
    const char *answer;

    (void) talking(&b);
    answer = answer_to(&b, "UPDATE", 10, NULL, NULL);
    cr_assert(!strncmp(answer, "SIP/2.0 200 ", 12));
    cr_assert_null(strstr(answer, "m=audio"));
    bench_close(&b);
}

Test(modify, a_description_that_cannot_be_used_is_refused_and_the_call_goes_on)
{
    struct bench b;

    (void) talking(&b);
    cr_assert(!strncmp(answer_to(&b, "INVITE", 10, NULL, "v=0\r\ngarbage\r\n"), "SIP/2.0 400 ", 12));
    cr_assert_null(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED));
    bench_close(&b);
}

Test(modify, a_bye_ends_the_call_by_the_peer_with_its_cause)
{
    struct bench b;
    const struct bench_event *end;

    (void) talking(&b);
    cr_assert(!strncmp(answer_to(&b, "BYE", 10, "Reason: Q.850;cause=16\r\n", NULL), "SIP/2.0 200 ", 12));
    end = bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED);
    cr_assert(end && end->code == 0 && end->by_peer && end->q850 == 16);
    bench_close(&b);
}

Test(modify, info_and_message_are_passed_up_and_answered)
{
    struct bench b;

    (void) talking(&b);
    cr_assert(!strncmp(answer_to(&b, "INFO", 10, NULL, NULL), "SIP/2.0 200 ", 12));
    cr_assert(!strncmp(answer_to(&b, "MESSAGE", 11, NULL, NULL), "SIP/2.0 200 ", 12));
    cr_assert_eq(b.events[b.event_count - 1].kind, IX_EV_INFO);
    bench_close(&b);
}

Test(modify, an_old_sequence_number_is_refused)
{
    struct bench b;

    (void) talking(&b);
    (void) answer_to(&b, "INFO", 10, NULL, NULL);
    cr_assert(!strncmp(answer_to(&b, "OPTIONS", 9, NULL, NULL), "SIP/2.0 500 ", 12));
    bench_close(&b);
}
