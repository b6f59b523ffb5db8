/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "kit.h"

#define LIMIT 8

static void small_queue(void)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;

    o.event_queue_limit = LIMIT;
    client_up_with(&o);
}

TestSuite(queue, .init = small_queue, .fini = client_down);

static void push(irisx_event_kind_t kind, int32_t state)
{
    irisx_event_t *ev = ix_event_new(kind);

    cr_assert_not_null(ev);
    ev->state = state;
    ix_queue_push(client, ev);
}

static void push_many(irisx_event_kind_t kind, int count)
{
    for (int i = 0; i < count; i++)
        push(kind, i + 1);
}

static bool readable(void)
{
    struct pollfd fd = { .fd = irisx_client_event_fd(client), .events = POLLIN };

    return poll(&fd, 1, 0) == 1;
}

static int32_t pull_state(irisx_event_kind_t kind)
{
    irisx_event_t *ev = pull();
    int32_t state = irisx_event_state(ev);

    cr_assert_eq(irisx_event_kind(ev), kind);
    irisx_event_unref(ev);
    return state;
}

Test(queue, events_come_out_as_they_went_in)
{
    push(IRISX_EVENT_CALL_STATE, 1);
    push(IRISX_EVENT_WARNING, 2);
    push(IRISX_EVENT_CALL_STATE, 3);
    cr_assert_eq(pull_state(IRISX_EVENT_CALL_STATE), 1);
    cr_assert_eq(pull_state(IRISX_EVENT_WARNING), 2);
    cr_assert_eq(pull_state(IRISX_EVENT_CALL_STATE), 3);
    cr_assert_eq(pull_kind(), IRISX_EVENT_UNKNOWN);
}

Test(queue, the_descriptor_is_readable_while_an_event_waits)
{
    cr_assert(!readable());
    push_many(IRISX_EVENT_CALL_STATE, 2);
    cr_assert(readable());
    (void) pull_kind();
    cr_assert(readable(), "one is left");
    (void) pull_kind();
    cr_assert(!readable());
}

Test(queue, telemetry_that_does_not_fit_is_counted_and_told_of_behind_the_rest)
{
    push_many(IRISX_EVENT_WARNING, LIMIT + 5);
    for (int i = 0; i < LIMIT; i++)
        cr_assert_eq(pull_state(IRISX_EVENT_WARNING), i + 1, "the oldest are kept");
    cr_assert(readable(), "the LOST event waits");
    cr_assert_eq(pull_state(IRISX_EVENT_LOST), 5);
    cr_assert_eq(pull_kind(), IRISX_EVENT_UNKNOWN, "it comes once");
    cr_assert(!readable());
}

Test(queue, states_and_webhooks_are_never_left_out)
{
    push_many(IRISX_EVENT_WARNING, LIMIT);
    push_many(IRISX_EVENT_CALL_STATE, LIMIT);
    push_many(IRISX_EVENT_WEBHOOK, LIMIT);
    cr_assert_eq(drop_events(), (size_t) 3 * LIMIT);
}

Test(queue, what_strangers_can_cause_fills_half_of_it)
{
    push_many(IRISX_EVENT_WEBHOOK_REJECTED, LIMIT);
    push_many(IRISX_EVENT_WARNING, LIMIT);
    for (int i = 0; i < LIMIT / 2; i++)
        cr_assert_eq(pull_kind(), IRISX_EVENT_WEBHOOK_REJECTED);
    for (int i = 0; i < LIMIT / 2; i++)
        cr_assert_eq(pull_kind(), IRISX_EVENT_WARNING);
    cr_assert_eq(pull_state(IRISX_EVENT_LOST), LIMIT);
}

Test(queue, an_event_there_was_no_memory_for_is_told_of)
{
    ix_queue_push(client, NULL);
    cr_assert(readable());
    cr_assert_eq(pull_state(IRISX_EVENT_LOST), 1);
}

Test(queue, a_line_that_flaps_while_nobody_pulls_leaves_its_last_state)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;
    irisx_line_t *line = NULL;

    o.ws_url = "ws://127.0.0.1:9/";
    o.user = "1000";
    cr_assert_eq(irisx_line_open(client, &o, &line, NULL), IRISX_OK);
    push_many(IRISX_EVENT_WARNING, LIMIT - 1);
    for (int i = 0; i < 100; i++) {
        irisx_event_t *ev = ix_event_new(IRISX_EVENT_LINE_STATE);

        ev->line = irisx_line_ref(line);
        ev->state = i % 2 ? IRISX_LINE_READY : IRISX_LINE_CONNECTING;
        ix_queue_push(client, ev);
    }
    for (int i = 0; i < LIMIT - 1; i++)
        cr_assert_eq(pull_kind(), IRISX_EVENT_WARNING);
    cr_assert_eq(pull_state(IRISX_EVENT_LINE_STATE), IRISX_LINE_READY);
    cr_assert_eq(pull_state(IRISX_EVENT_LOST), 99);
    irisx_line_unref(line);
}

Test(queue, the_last_event_says_closed_and_then_there_is_an_end)
{
    irisx_event_t *ev;

    push_many(IRISX_EVENT_WARNING, LIMIT + 1);
    (void) irisx_client_close(client, 0);
    for (int i = 0; i < LIMIT; i++)
        cr_assert_eq(pull_kind(), IRISX_EVENT_WARNING);
    cr_assert_eq(pull_kind(), IRISX_EVENT_LOST);
    cr_assert_eq(pull_kind(), IRISX_EVENT_CLIENT_CLOSED);
    cr_assert_eq(irisx_client_next_event(client, 0, &ev), IRISX_E_CLOSED);
    cr_assert(readable(), "whoever polls learns of the end");
}

static void push_late(void *arg)
{
    (void) arg;
    push_many(IRISX_EVENT_WARNING, 1);
}

static void *post_from_elsewhere(void *arg)
{
    (void) arg;
    ix_clock_sleep_until(ix_clock_now().mono_us + 20 * IX_MS); /* most likely while the other one waits */
    (void) ix_service_post(client, push_late, NULL);
    return NULL;
}

Test(queue, a_command_of_another_thread_ends_the_wait_of_the_driving_one)
{
    irisx_event_t *ev = NULL;
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, post_from_elsewhere, NULL), 0);
    cr_assert_eq(irisx_client_next_event(client, 10000, &ev), IRISX_OK);
    irisx_event_unref(ev);
    (void) pthread_join(thread, NULL);
}

Test(queue, who_waits_without_threads_drives_the_client)
{
    irisx_event_t *ev = NULL;
    uint64_t begun = ix_clock_now().mono_us;

    cr_assert_eq(irisx_client_next_event(client, 30, &ev), IRISX_E_AGAIN);
    cr_assert_geq(ix_clock_now().mono_us - begun, 30 * IX_MS);
    cr_assert_null(ev);
    cr_assert_eq(ix_service_post(client, push_late, NULL), 0);
    cr_assert_eq(irisx_client_next_event(client, 10000, &ev), IRISX_OK, "what the loop did is seen at once");
    irisx_event_unref(ev);
    ev = NULL;
    cr_assert_eq(irisx_client_next_event(client, 0, &ev), IRISX_E_AGAIN);
    cr_assert_eq(irisx_client_next_event(client, 0, NULL), IRISX_E_INVALID);
    cr_assert_eq(irisx_client_next_event(NULL, 0, &ev), IRISX_E_INVALID);
    cr_assert_null(ev);
}

/* ---- with a callback --------------------------------------------------------------------- */
static struct {
    int events;
    irisx_error_t closing, pulling, turning;
    bool let_go;
} seen;

static void on_event(irisx_client_t *c, const irisx_event_t *event, void *user_data)
{
    irisx_event_t *ev;

    cr_assert_eq(user_data, &seen);
    cr_assert_not_null(event);
    seen.events++;
    seen.closing = irisx_client_close(c, 0);
    seen.pulling = irisx_client_next_event(c, 0, &ev);
    seen.turning = irisx_client_run_once(c);
    if (seen.let_go) {
        seen.let_go = false;
        client = NULL;
        irisx_client_unref(c);
    }
}

static void with_callback(void)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;

    o.on_event = on_event;
    o.event_user_data = &seen;
    client_up_with(&o);
}

TestSuite(callback, .init = with_callback, .fini = client_down);

Test(callback, it_is_called_when_the_application_turns_the_client)
{
    irisx_event_t *ev;

    push_many(IRISX_EVENT_WARNING, 3);
    cr_assert_eq(seen.events, 0);
    cr_assert_eq(irisx_client_run_once(client), IRISX_OK);
    cr_assert_eq(seen.events, 3);
    cr_assert_eq(seen.closing, IRISX_E_WOULD_DEADLOCK);
    cr_assert_eq(seen.pulling, IRISX_E_WOULD_DEADLOCK);
    cr_assert_eq(seen.turning, IRISX_E_WOULD_DEADLOCK);
    cr_assert_eq(irisx_client_next_event(client, 0, &ev), IRISX_E_STATE, "there is a callback");
}

Test(callback, it_hears_of_the_close_before_the_close_returns)
{
    (void) irisx_client_close(client, 0);
    cr_assert_eq(seen.events, 1);
}

Test(callback, the_last_reference_may_be_given_up_inside_it)
{
    irisx_client_t *mine = client;

    seen.let_go = true;
    push_many(IRISX_EVENT_WARNING, 2);
    (void) irisx_client_run_once(mine); /* what is left of it goes in here: the sanitizer looks on */
    cr_assert_null(client);
    cr_assert_geq(seen.events, 1);
}
