/* SPDX-License-Identifier: MIT */
/* The agreed numbers, one after the other, as an agent meets them; and what the platform tells of these calls. */
#include <string.h>

#include "peer.h"

static struct peer *caller_up(void)
{
    struct peer *p;

    sandbox_up(NULL);
    p = peer_up("1000", NULL);
    cr_assert(peer_wait_line(p, IX_LINE_READY) == 0);
    return p;
}

static void down(struct peer *p)
{
    peer_down(p);
    sandbox_down();
}

static void was_told(size_t at, enum sandbox_call_kind kind, const char *status)
{
    struct sandbox_call_event ev = told(at);

    cr_expect(ev.kind == kind, "event %zu is %d", at, ev.kind);
    cr_expect_str_eq(ev.status, status);
    cr_expect(strlen(ev.sid) == SANDBOX_SID - 1 && memcmp(ev.sid, "CA", 2) == 0);
}

Test(numbers, the_echo_sends_back_what_it_hears)
{
    struct peer *p = caller_up();
    struct peer_call *c = peer_dial(p, "9196");

    peer_wait_state(p, c, IX_CALL_ACTIVE);
    peer_say(p, c, 700);
    peer_wait_tone(p, c, 700);
    peer_hangup(p, c);
    peer_wait_state(p, c, IX_CALL_ENDED);
    was_told(0, SANDBOX_CALL_INITIATED, "initiated");
    was_told(1, SANDBOX_CALL_RINGING, "ringing");
    was_told(2, SANDBOX_CALL_ANSWERED, "answered");
    was_told(3, SANDBOX_CALL_COMPLETED, "completed");
    cr_expect_str_eq(told(3).from, "1000");
    cr_expect_str_eq(told(3).to, "9196");
    cr_expect(told(3).duration_s >= 1 && told(3).answered_ms >= told(0).initiated_ms);
    down(p);
}

Test(numbers, the_tone_has_1000_hz)
{
    struct peer *p = caller_up();
    struct peer_call *c = peer_dial(p, "9197");

    peer_wait_state(p, c, IX_CALL_ACTIVE);
    peer_wait_tone(p, c, 1000);
    peer_hangup(p, c);
    peer_wait_state(p, c, IX_CALL_ENDED);
    down(p);
}

Test(numbers, the_short_tone_hangs_up_by_itself)
{
    struct peer *p = caller_up();
    struct peer_call *c = peer_dial(p, "9198");

    peer_wait_state(p, c, IX_CALL_ACTIVE);
    peer_wait_tone(p, c, 1000);
    peer_wait_state(p, c, IX_CALL_ENDED);
    cr_expect(c->error.by_peer && c->error.q850_cause == 16);
    was_told(3, SANDBOX_CALL_COMPLETED, "completed");
    cr_expect(told(3).duration_s == 5 || told(3).duration_s == 6);
    down(p);
}

Test(numbers, the_recorder_plays_what_it_recorded_and_hangs_up)
{
    struct peer *p = caller_up();
    struct peer_call *c = peer_dial(p, "9199");

    peer_wait_state(p, c, IX_CALL_ACTIVE);
    peer_say(p, c, 600);
    peer_wait_silence(p, c); /* the beep is over: it records */
    peer_wait_tone(p, c, 600);
    peer_wait_state(p, c, IX_CALL_ENDED);
    cr_expect(c->error.by_peer);
    down(p);
}

Test(numbers, busy_is_486_with_cause_17)
{
    struct peer *p = caller_up();
    struct peer_call *c = peer_dial(p, "9486");

    peer_wait_state(p, c, IX_CALL_ENDED);
    cr_expect(c->error.code == IRISX_E_BUSY && c->error.sip_status == 486 && c->error.q850_cause == 17);
    was_told(1, SANDBOX_CALL_FAILED, "busy");
    down(p);
}

Test(numbers, what_nobody_knows_is_404_with_cause_1)
{
    static const char *const numbers[] = { "9404", "4711", "+49301234567", "no-such-user" };
    struct peer *p = caller_up();

    for (size_t i = 0; i < IX_COUNT(numbers); i++) {
        struct peer_call *c = peer_dial(p, numbers[i]);

        peer_wait_state(p, c, IX_CALL_ENDED);
        cr_expect(c->error.code == IRISX_E_NOT_FOUND && c->error.sip_status == 404 && c->error.q850_cause == 1, "%s",
            numbers[i]);
        was_told(2 * i + 1, SANDBOX_CALL_FAILED, "failed");
    }
    down(p);
}

Test(numbers, an_agent_who_is_not_registered_is_480_with_cause_20)
{
    struct peer *p = caller_up();
    struct peer_call *c = peer_dial(p, "1009");

    peer_wait_state(p, c, IX_CALL_ENDED);
    cr_expect(c->error.code == IRISX_E_UNREACHABLE && c->error.sip_status == 480 && c->error.q850_cause == 20);
    down(p);
}

Test(numbers, what_rings_for_ever_rings_until_the_caller_gives_up)
{
    struct peer *p = caller_up();
    struct peer_call *c = peer_dial(p, "9408");

    peer_wait_state(p, c, IX_CALL_RINGING);
    peer_hangup(p, c);
    peer_wait_state(p, c, IX_CALL_ENDED);
    cr_expect(c->error.code == IRISX_E_CANCELLED);
    was_told(1, SANDBOX_CALL_RINGING, "ringing");
    was_told(2, SANDBOX_CALL_FAILED, "canceled");
    down(p);
}

Test(numbers, the_menu_takes_four_digits_and_says_goodbye)
{
    struct peer *p = caller_up();
    struct peer_call *c = peer_dial(p, "9500");

    peer_wait_state(p, c, IX_CALL_ACTIVE);
    peer_wait_sound(p, c);
    peer_press(p, c, "2580");
    peer_wait_state(p, c, IX_CALL_ENDED);
    cr_expect(c->error.by_peer && c->error.q850_cause == 16);
    was_told(3, SANDBOX_CALL_COMPLETED, "completed");
    down(p);
}

Test(numbers, a_person_rings_for_a_second_answers_and_talks)
{
    struct peer *p = caller_up();
    struct peer_call *c = peer_dial(p, "+12025550123");

    peer_wait_state(p, c, IX_CALL_RINGING);
    peer_wait_state(p, c, IX_CALL_ACTIVE);
    peer_wait_sound(p, c);
    cr_expect(told(2).answered_ms - told(0).initiated_ms >= 1000);
    peer_hangup(p, c);
    peer_wait_state(p, c, IX_CALL_ENDED);
    was_told(3, SANDBOX_CALL_COMPLETED, "completed");
    down(p);
}

Test(numbers, the_conference_lets_all_hear_all)
{
    struct peer *p[3];
    struct peer_call *c[3];
    static const char *const who[] = { "1000", "1001", "1002" };

    sandbox_up(NULL);
    for (size_t i = 0; i < 3; i++) {
        p[i] = peer_up(who[i], NULL);
        cr_assert(peer_wait_line(p[i], IX_LINE_READY) == 0);
        c[i] = peer_dial(p[i], "3000");
        peer_wait_state(p[i], c[i], IX_CALL_ACTIVE);
    }
    for (size_t i = 0; i < 3; i++) {
        peer_say(p[i], c[i], 500.0f + 200.0f * (float) i);
        peer_wait_tone(p[(i + 1) % 3], c[(i + 1) % 3], 500.0f + 200.0f * (float) i);
        peer_wait_tone(p[(i + 2) % 3], c[(i + 2) % 3], 500.0f + 200.0f * (float) i);
        peer_say(p[i], c[i], 0);
    }
    peer_hangup(p[0], c[0]);
    peer_wait_state(p[0], c[0], IX_CALL_ENDED);
    peer_say(p[1], c[1], 800);
    peer_wait_tone(p[2], c[2], 800); /* the others are still together */
    for (size_t i = 0; i < 3; i++)
        peer_down(p[i]);
    sandbox_down();
}
