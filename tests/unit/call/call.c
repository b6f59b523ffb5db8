/* SPDX-License-Identifier: MIT */
/* A call's life: how it is ended from each state, and what is refused because of it. */
#include "bench.h"

static uint32_t dialled(struct bench *b)
{
    struct ix_call_config config = { .to = "9196" };
    uint32_t call;

    bench_open_bare(b);
    bench_line(b, false);
    config.line = b->line;
    cr_assert_eq(ix_call_dial(b->phone, &config, b->now, &call), 0);
    bench_drain(b);
    return call;
}

Test(call, hanging_up_while_it_rings_is_a_cancel_with_its_cause)
{
    struct bench b;
    uint32_t call = dialled(&b);

    bench_respond(&b, "INVITE", "180 Ringing", NULL, NULL);
    cr_assert_eq(ix_call_hangup(b.phone, call, 31, b.now), 0);
    bench_drain(&b);
    cr_assert_str_eq(bench_header(bench_sent(&b, "CANCEL"), "Reason"), "Q.850;cause=31");
    cr_assert_null(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED));
    bench_respond(&b, "INVITE", "487 Request Terminated", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED)->code, IRISX_E_CANCELLED);
    bench_close(&b);
}

Test(call, hanging_up_an_answered_call_is_a_bye_and_a_normal_end)
{
    struct bench b;
    uint32_t call;

    bench_open_bare(&b);
    bench_line(&b, false);
    call = bench_call(&b);
    cr_assert_eq(ix_call_hangup(b.phone, call, 0, b.now), 0);
    bench_drain(&b);
    cr_assert_str_eq(bench_header(bench_sent(&b, "BYE"), "Reason"), "Q.850;cause=16");
    cr_assert_eq(ix_call_hangup(b.phone, call, 0, b.now), IRISX_E_STATE);
    bench_respond(&b, "BYE", "200 OK", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED)->code, 0);
    cr_assert_eq(ix_call_hangup(b.phone, call, 0, b.now), IRISX_E_NOT_FOUND);
    bench_close(&b);
}

Test(call, a_bye_nobody_answers_ends_the_call_after_two_seconds)
{
    struct bench b;
    uint32_t call;

    bench_open_bare(&b);
    bench_line(&b, false);
    call = bench_call(&b);
    cr_assert_eq(ix_call_hangup(b.phone, call, 0, b.now), 0);
    bench_at(&b, b.now.mono_us + 1999 * IX_MS);
    cr_assert_null(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED));
    bench_at(&b, b.now.mono_us + IX_MS);
    cr_assert_not_null(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED));
    bench_close(&b);
}

Test(call, a_call_that_rings_for_too_long_is_given_up)
{
    struct bench b;

    (void) dialled(&b);
    bench_respond(&b, "INVITE", "180 Ringing", NULL, NULL);
    bench_at(&b, b.now.mono_us + 60 * IX_S);
    cr_assert_str_eq(bench_header(bench_sent(&b, "CANCEL"), "Reason"), "Q.850;cause=19");
    bench_respond(&b, "INVITE", "487 Request Terminated", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED)->code, IRISX_E_NO_ANSWER);
    bench_close(&b);
}

Test(call, its_timeline_is_json_in_the_order_of_what_happened)
{
    struct bench b;
    struct ix_buf json;
    uint32_t call;

    bench_open_bare(&b);
    bench_line(&b, false);
    call = bench_call(&b);
    ix_buf_init(&json, 65536);
    cr_assert_eq(ix_call_timeline(b.phone, call, &json), 0);
    ix_buf_u8(&json, 0);
    cr_assert(json.p[0] == '[' && strstr((char *) json.p, "}]"));
    cr_assert_lt((void *) strstr((char *) json.p, "\"invite_sent\""), (void *) strstr((char *) json.p, "\"answered\""));
    ix_buf_clear(&json);
    cr_assert_eq(ix_call_timeline(b.phone, 4711, &json), IRISX_E_NOT_FOUND);
    bench_close(&b);
}

Test(call, commands_for_a_call_that_is_not_there_say_so)
{
    struct bench b;

    bench_open_bare(&b);
    cr_assert_eq(ix_call_hangup(b.phone, 1, 16, b.now), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_call_reject(b.phone, 1, 486, 0, NULL, b.now), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_call_answer(b.phone, 1, NULL, b.now), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_call_ring(b.phone, 1, b.now), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_call_refer(b.phone, 1, "sip:a@b", b.now), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_call_refresh(b.phone, 1, NULL, b.now), IRISX_E_NOT_FOUND);
    bench_close(&b);
}
