/* SPDX-License-Identifier: MIT */
/* Calls between agents: two legs, one sound; transfers; calls that the API makes. */
#include <string.h>

#include "peer.h"

static struct peer *a, *b;

static void both_up(void)
{
    sandbox_up(NULL);
    a = peer_up("1000", NULL);
    b = peer_up("1001", NULL);
    cr_assert(peer_wait_line(a, IX_LINE_READY) == 0);
    cr_assert(peer_wait_line(b, IX_LINE_READY) == 0);
}

static void both_down(void)
{
    peer_down(a);
    peer_down(b);
    sandbox_down();
}

/* a talks to b */
static void connect_both(struct peer_call **ca, struct peer_call **cb)
{
    *ca = peer_dial(a, "1001");
    *cb = peer_wait_incoming(b);
    peer_ring(b, *cb);
    peer_wait_state(a, *ca, IX_CALL_RINGING);
    peer_answer(b, *cb);
    peer_wait_state(a, *ca, IX_CALL_ACTIVE);
    peer_wait_state(b, *cb, IX_CALL_ACTIVE);
}

Test(agents, hear_ringback_then_each_other)
{
    struct peer_call *ca, *cb;

    both_up();
    ca = peer_dial(a, "1001");
    cb = peer_wait_incoming(b);
    peer_ring(b, cb);
    peer_wait_state(a, ca, IX_CALL_RINGING);
    peer_wait_tone(a, ca, 440);
    peer_answer(b, cb);
    peer_wait_state(a, ca, IX_CALL_ACTIVE);
    peer_say(a, ca, 500);
    peer_wait_tone(b, cb, 500);
    peer_say(b, cb, 800);
    peer_wait_tone(a, ca, 800);
    cr_expect(told(1).kind == SANDBOX_CALL_RINGING && told(2).kind == SANDBOX_CALL_ANSWERED);
    peer_hangup(b, cb);
    peer_wait_state(a, ca, IX_CALL_ENDED);
    cr_expect(ca->error.by_peer && ca->error.q850_cause == 16);
    cr_expect(told(3).kind == SANDBOX_CALL_COMPLETED);
    both_down();
}

Test(agents, the_caller_who_hangs_up_ends_both_legs)
{
    struct peer_call *ca, *cb;

    both_up();
    connect_both(&ca, &cb);
    peer_hangup(a, ca);
    peer_wait_state(b, cb, IX_CALL_ENDED);
    cr_expect(cb->error.by_peer);
    both_down();
}

Test(agents, a_busy_agent_is_486_to_the_caller)
{
    struct peer_call *ca;

    both_up();
    ca = peer_dial(a, "1001");
    peer_reject(b, peer_wait_incoming(b), 486);
    peer_wait_state(a, ca, IX_CALL_ENDED);
    cr_expect(ca->error.sip_status == 486 && ca->error.q850_cause == 17);
    cr_expect_str_eq(told(1).status, "busy");
    both_down();
}

Test(agents, an_agent_who_declines_is_603_to_the_caller)
{
    struct peer_call *ca;

    both_up();
    ca = peer_dial(a, "1001");
    peer_reject(b, peer_wait_incoming(b), 603);
    peer_wait_state(a, ca, IX_CALL_ENDED);
    cr_expect(ca->error.code == IRISX_E_DECLINED && ca->error.q850_cause == 21);
    both_down();
}

Test(agents, a_caller_who_gives_up_stops_the_ringing)
{
    struct peer_call *ca, *cb;

    both_up();
    ca = peer_dial(a, "1001");
    cb = peer_wait_incoming(b);
    peer_ring(b, cb);
    peer_wait_state(a, ca, IX_CALL_RINGING);
    peer_hangup(a, ca);
    peer_wait_state(b, cb, IX_CALL_ENDED);
    cr_expect(cb->error.code == IRISX_E_CANCELLED);
    cr_expect_str_eq(told(2).status, "canceled");
    both_down();
}

Test(agents, the_called_one_transfers_the_caller)
{
    struct peer_call *ca, *cb;

    both_up();
    connect_both(&ca, &cb);
    peer_refer(b, cb, "sip:9197@" SANDBOX_REALM);
    peer_wait_state(b, cb, IX_CALL_ENDED); /* BYE */
    cr_expect(cb->error.by_peer);
    peer_wait_tone(a, ca, 1000);
    peer_hangup(a, ca);
    peer_wait_state(a, ca, IX_CALL_ENDED);
    both_down();
}

Test(agents, the_caller_transfers_the_called_one_to_a_third)
{
    struct peer_call *ca, *cb, *cc;
    struct peer *third;

    both_up();
    third = peer_up("1002", NULL);
    cr_assert(peer_wait_line(third, IX_LINE_READY) == 0);
    connect_both(&ca, &cb);
    peer_refer(a, ca, "sip:1002@" SANDBOX_REALM);
    peer_wait_state(a, ca, IX_CALL_ENDED);
    cc = peer_wait_incoming(third);
    peer_answer(third, cc);
    peer_wait_state(third, cc, IX_CALL_ACTIVE);
    peer_say(b, cb, 500);
    peer_wait_tone(third, cc, 500);
    peer_say(third, cc, 800);
    peer_wait_tone(b, cb, 800);
    peer_down(third);
    both_down();
}

Test(agents, a_transfer_to_nowhere_is_answered_202_and_hangs_up)
{
    struct peer_call *ca, *cb;

    both_up();
    connect_both(&ca, &cb);
    peer_refer(b, cb, "sip:4711@" SANDBOX_REALM);
    peer_wait_state(b, cb, IX_CALL_ENDED);
    peer_wait_state(a, ca, IX_CALL_ENDED);
    cr_expect(ca->error.q850_cause == 1);
    both_down();
}

Test(agents, a_session_that_is_refreshed_sounds_on)
{
    struct peer_call *ca, *cb;
    unsigned frames = 0;

    sandbox_session_timer_ms = 250;
    both_up();
    connect_both(&ca, &cb);
    peer_say(a, ca, 500);
    peer_say(b, cb, 800);
    while (peer_timeline_has(b, cb, "\"modified\"") < 4) {
        peer_wait_tone(b, cb, 500);
        peer_wait_tone(a, ca, 800);
        cr_assert(++frames < 200, "the session is not refreshed");
    }
    peer_hangup(a, ca);
    peer_wait_state(b, cb, IX_CALL_ENDED);
    both_down();
}

/* ---- the API's calls
 * -------------------------------------------------------------------------------------------------------- */
static void sid_is(size_t at, const char *sid, const char *status)
{
    struct sandbox_call_event ev = told(at);

    cr_expect_str_eq(ev.sid, sid);
    cr_expect_str_eq(ev.status, status);
    cr_expect(ev.by_api);
}

Test(agents, the_api_calls_an_agent_who_hears_a_voice)
{
    struct sandbox_originate o = { .to = "1001", .from = "+12025550100", .tenant_id = 1 };
    char sid[SANDBOX_SID];
    struct peer_call *cb;

    both_up();
    cr_assert(!sandbox_sip_originate(sandbox, &o, sid));
    cb = peer_wait_incoming(b);
    peer_answer(b, cb);
    peer_wait_state(b, cb, IX_CALL_ACTIVE);
    peer_wait_sound(b, cb);
    cr_assert(!sandbox_sip_hangup(sandbox, sid, 0));
    peer_wait_state(b, cb, IX_CALL_ENDED);
    sid_is(0, sid, "initiated");
    sid_is(1, sid, "ringing");
    sid_is(2, sid, "answered");
    sid_is(3, sid, "completed");
    both_down();
}

Test(agents, an_agent_who_does_not_answer_the_api_is_no_answer)
{
    struct sandbox_originate o = { .to = "1001", .from = "+12025550100", .tenant_id = 1, .ring_timeout_ms = 300 };
    char sid[SANDBOX_SID];
    struct peer_call *cb;

    both_up();
    cr_assert(!sandbox_sip_originate(sandbox, &o, sid));
    cb = peer_wait_incoming(b);
    peer_ring(b, cb);
    peer_wait_state(b, cb, IX_CALL_ENDED);
    sid_is(2, sid, "no-answer");
    both_down();
}

Test(agents, the_api_calls_numbers_without_anybody_at_the_line)
{
    struct sandbox_originate o = { .to = "+12025550123", .from = "+12025550100", .tenant_id = 1 };
    char sid[SANDBOX_SID], busy[SANDBOX_SID];

    sandbox_up(NULL);
    cr_assert(!sandbox_sip_originate(sandbox, &o, sid));
    sid_is(0, sid, "initiated");
    sid_is(1, sid, "ringing");
    sid_is(2, sid, "answered");
    cr_assert(!sandbox_sip_hangup(sandbox, sid, 0));
    sid_is(3, sid, "completed");
    o.to = "9486";
    cr_assert(!sandbox_sip_originate(sandbox, &o, busy));
    sid_is(4, busy, "initiated");
    sid_is(5, busy, "busy");
    sandbox_down();
}

static atomic_uint listed;
static char listed_codec[8];
static uint64_t listed_packets;

static void on_list(void *ctx, const struct sandbox_live_call *calls, size_t count)
{
    (void) ctx;
    if (count == 1) {
        memcpy(listed_codec, calls[0].codec, sizeof listed_codec);
        listed_packets = calls[0].packets_received;
    }
    atomic_store(&listed, (unsigned) count + 1);
}

static void nothing(void *arg)
{
    (void) arg;
}

Test(agents, live_calls_are_listed_with_their_figures)
{
    struct peer_call *ca;

    both_up();
    ca = peer_dial(a, "9196");
    peer_wait_state(a, ca, IX_CALL_ACTIVE);
    peer_say(a, ca, 500);
    peer_wait_tone(a, ca, 500);
    cr_assert(!sandbox_sip_calls(sandbox, on_list, NULL));
    cr_assert(!sandbox_run_on(sandbox->call_loop, nothing, NULL)); /* it has been asked ... */
    cr_assert(!sandbox_run_on(sandbox->service_loop, nothing, NULL)); /* ... and answered */
    cr_assert_eq(atomic_load(&listed), 2);
    cr_expect_str_eq(listed_codec, "opus");
    cr_expect(listed_packets > 0);
    both_down();
}

Test(agents, the_end_of_the_sandbox_hangs_up)
{
    struct peer_call *ca, *cb;

    both_up();
    connect_both(&ca, &cb);
    cr_assert(sandbox_stop(sandbox, 10000));
    peer_wait_state(a, ca, IX_CALL_ENDED);
    peer_wait_state(b, cb, IX_CALL_ENDED);
    sandbox_free(sandbox);
    peer_down(a);
    peer_down(b);
}
