/* SPDX-License-Identifier: MIT */
/* Everything that crosses threads in the sandbox and in two engines that call each other through it. */
#include "../integration/sandbox/peer.h"

static void on_list(void *ctx, const struct sandbox_live_call *calls, size_t count)
{
    (void) calls;
    atomic_store((atomic_uint *) ctx, (unsigned) count + 1);
}

static void nothing(void *arg)
{
    (void) arg;
}

/* two agents hear each other, the live list is asked meanwhile, one transfers the other to the tone */
static void agents_talk(struct peer *a, struct peer *b)
{
    atomic_uint listed = 0;
    struct peer_call *ca = peer_dial(a, "1001"), *cb = peer_wait_incoming(b);

    peer_ring(b, cb);
    peer_wait_state(a, ca, IX_CALL_RINGING);
    peer_answer(b, cb);
    peer_wait_state(a, ca, IX_CALL_ACTIVE);
    peer_wait_state(b, cb, IX_CALL_ACTIVE);
    peer_say(a, ca, 500);
    peer_say(b, cb, 800);
    peer_wait_tone(b, cb, 500);
    peer_wait_tone(a, ca, 800);
    cr_assert(!sandbox_sip_calls(sandbox, on_list, &listed));
    cr_assert(!sandbox_run_on(sandbox->call_loop, nothing, NULL));
    cr_assert(!sandbox_run_on(sandbox->service_loop, nothing, NULL));
    cr_assert(atomic_load(&listed) == 2);
    peer_refer(b, cb, "sip:9197@" SANDBOX_REALM);
    peer_wait_state(b, cb, IX_CALL_ENDED);
    peer_wait_tone(a, ca, 1000);
    peer_hangup(a, ca);
    peer_wait_state(a, ca, IX_CALL_ENDED);
}

/* prompts come from the file thread */
static void the_api_calls(struct peer *b)
{
    struct sandbox_originate o = { .to = "1001", .from = "+12025550100", .tenant_id = 1 };
    char sid[SANDBOX_SID];
    struct peer_call *cb;

    cr_assert(!sandbox_sip_originate(sandbox, &o, sid));
    cb = peer_wait_incoming(b);
    peer_answer(b, cb);
    peer_wait_state(b, cb, IX_CALL_ACTIVE);
    peer_wait_sound(b, cb);
    cr_assert(!sandbox_sip_hangup(sandbox, sid, 0));
    peer_wait_state(b, cb, IX_CALL_ENDED);
}

int main(void)
{
    struct peer *a, *b;

    sandbox_up(NULL);
    a = peer_up("1000", NULL); /* one after the other: libwebsockets formats its log lines in one static buffer */
    cr_assert(peer_wait_line(a, IX_LINE_READY) == 0);
    b = peer_up("1001", NULL);
    cr_assert(peer_wait_line(b, IX_LINE_READY) == 0);
    agents_talk(a, b);
    the_api_calls(b);
    peer_down(a);
    peer_down(b);
    sandbox_down();
    return 0;
}
