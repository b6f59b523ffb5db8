/* SPDX-License-Identifier: MIT */
/* Texts, OPTIONS and subscriptions through outages, servers that forget and ends at any moment. */
#include <string.h>

#include "scenario.h"

#define WATCHERS IX_COUNT(((struct phone_node *) 0)->served)

static bool done(void *arg)
{
    const struct sim *t = arg;

    return phone_node_saw(t->client, IX_EV_DONE, 0) != NULL;
}

Test(outside, a_ping_takes_as_long_as_the_way_and_a_text_is_told_at_the_other_side)
{
    struct ix_ask_config text = { .message = true, .to = "9196", .body = "hello", .body_len = 5 };
    struct sim t;

    sim_start(&t, 31);
    t.client->ws_delay_us = t.server->ws_delay_us = 50 * IX_MS;
    cr_assert_eq(ix_phone_ask(t.client->phone, &(struct ix_ask_config){ .line = t.line }, NOW(&t)), 0);
    REACH(&t, done, IX_S);
    cr_assert_eq(t.client->rtt_us, 100 * IX_MS);
    text.line = t.line;
    cr_assert_eq(ix_phone_ask(t.client->phone, &text, NOW(&t)), 0);
    PASS_TIME(&t, IX_S);
    cr_assert(phone_node_saw(t.server, IX_EV_MESSAGE, 0));
    sim_finish(&t);
}

Test(outside, what_is_asked_when_the_connection_breaks_has_an_end)
{
    struct sim t;

    sim_start(&t, 32);
    t.client->ws_delay_us = 50 * IX_MS;
    cr_assert_eq(ix_phone_ask(t.client->phone, &(struct ix_ask_config){ .line = t.line }, NOW(&t)), 0);
    PASS_TIME(&t, 10 * IX_MS);
    phone_node_cut(t.client);
    REACH(&t, done, IX_S);
    cr_assert_eq(phone_node_saw(t.client, IX_EV_DONE, 0)->code, IRISX_E_NETWORK);
    sim_finish(&t);
}

/* ---- a server that is subscribed to ------------------------------------------------------ */
struct notifier {
    struct sim t;
    unsigned subscribed, refreshed, version;
    bool notify_first; /* before the answer */
};

static void notify(struct notifier *n, struct ix_sip_dialog *d, const char *state, struct ix_now now)
{
    struct ix_sip_request req = { .method = IX_SIP_NOTIFY, .content_type = IX_STR("application/dialog-info+xml") };
    struct ix_buf headers, body;

    ix_buf_init(&headers, 200);
    ix_buf_init(&body, 1000);
    ix_buf_fmt(&headers, "Event: dialog\r\nSubscription-State: %s\r\n", state);
    ix_buf_fmt(&body,
        "<dialog-info xmlns='urn:ietf:params:xml:ns:dialog-info' version='%u' state='full' entity='sip:1001@sim.test'>"
        "<dialog id='a'><state>confirmed</state></dialog></dialog-info>",
        n->version++);
    req.headers = ix_str_n(headers.p, headers.n);
    req.body = ix_str_n(body.p, body.n);
    (void) ix_sip_dialog_request(d, &req, NULL, now, NULL);
    ix_buf_clear(&headers);
    ix_buf_clear(&body);
}

static void serve(void *ctx, struct phone_node *s, const struct ix_phone_event *ev, struct ix_now now)
{
    struct notifier *n = ctx;
    struct ix_sip_reply reply = { .status = 200, .headers = IX_STR("Expires: 60\r\n") };
    unsigned at = n->subscribed % WATCHERS;

    if (ev->msg->to_tag.n) { /* a refresh: taken, unless it has been forgotten (481 by the stack) */
        n->refreshed++;
        (void) ix_phone_respond(s->phone, ev->txn, &reply, now);
        return;
    }
    if (n->t.server->served[at])
        ix_sip_dialog_free(n->t.server->served[at], now);
    n->t.server->served[at] = NULL;
    if (ix_sip_dialog_uas(ix_phone_stack(s->phone), ev->txn, NULL, &n->t.server->served[at])) {
        reply.status = 503;
        (void) ix_phone_respond(s->phone, ev->txn, &reply, now);
        return;
    }
    n->subscribed++;
    if (n->notify_first)
        notify(n, n->t.server->served[at], "active;expires=60", now);
    (void) ix_phone_respond(s->phone, ev->txn, &reply, now);
    if (!n->notify_first)
        notify(n, n->t.server->served[at], "active;expires=60", now);
}

static void forget(struct notifier *n)
{
    for (size_t i = 0; i < WATCHERS; i++) {
        if (n->t.server->served[i])
            ix_sip_dialog_free(n->t.server->served[i], NOW(&n->t));
        n->t.server->served[i] = NULL;
    }
}

static uint32_t begin(struct notifier *n, uint64_t seed)
{
    struct ix_sub_config config = { .package = IX_SIP_PKG_DIALOG, .to = "1001" };
    uint32_t sub = 0;

    memset(n, 0, sizeof *n);
    sim_begin(&n->t, &(struct sim_options){ .seed = seed, .allow_requests = IX_SIP_BIT(IX_SIP_SUBSCRIBE) });
    n->t.server->serve = serve;
    n->t.server->serve_ctx = n;
    config.line = n->t.line;
    cr_assert_eq(ix_sub_open(n->t.client->phone, &config, NOW(&n->t), &sub), 0);
    return sub;
}

static bool lamp_is_on(void *arg)
{
    const struct sim *t = arg;

    return t->client->dialogs == 1;
}

static bool subscribed_twice(void *arg)
{
    const struct notifier *n = arg;

    return n->subscribed >= 2 && n->t.client->dialogs == 1;
}

static bool sub_ended(void *arg)
{
    const struct notifier *n = arg;

    return phone_node_saw(n->t.client, IX_EV_SUBSCRIPTION, IX_SUB_ENDED) != NULL;
}

Test(outside, a_lamp_is_asked_for_when_the_line_is_ready_and_kept_for_an_hour)
{
    for (unsigned first = 0; first < 2; first++) {
        struct notifier n;

        (void) begin(&n, 40 + first);
        n.notify_first = first != 0;
        REACH(&n.t, lamp_is_on, 10 * IX_S);
        PASS_TIME(&n.t, 600 * IX_S);
        cr_assert_eq(n.subscribed, 1);
        cr_assert(n.refreshed >= 9 && n.refreshed <= 13, "%u", n.refreshed);
        forget(&n);
        sim_finish(&n.t);
    }
}

Test(outside, a_lamp_is_asked_for_again_on_the_next_connection)
{
    struct notifier n;

    (void) begin(&n, 43);
    REACH(&n.t, lamp_is_on, 10 * IX_S);
    n.t.client->dialogs = 0;
    PASS_TIME(&n.t, 10 * IX_S);
    phone_node_cut(n.t.client);
    cr_assert_eq(world_run(n.t.w, subscribed_twice, &n, 10 * IX_S), WORLD_DONE);
    forget(&n);
    sim_finish(&n.t);
}

Test(outside, a_server_that_forgot_is_subscribed_to_anew)
{
    struct notifier n;

    (void) begin(&n, 44);
    REACH(&n.t, lamp_is_on, 10 * IX_S);
    forget(&n);
    n.t.client->dialogs = 0;
    cr_assert_eq(world_run(n.t.w, subscribed_twice, &n, 65 * IX_S), WORLD_DONE);
    forget(&n);
    sim_finish(&n.t);
}

Test(outside, a_subscription_closed_at_any_moment_leaves_nothing)
{
    for (uint64_t ms = 0; ms < 60; ms += 3) {
        struct notifier n;
        uint32_t sub = begin(&n, 45);

        n.t.client->ws_delay_us = n.t.server->ws_delay_us = 5 * IX_MS;
        PASS_TIME(&n.t, ms * IX_MS);
        ix_sub_close(n.t.client->phone, sub, NOW(&n.t));
        cr_assert_eq(world_run(n.t.w, sub_ended, &n, 5 * IX_S), WORLD_DONE);
        PASS_TIME(&n.t, IX_S); /* a SUBSCRIBE that was on its way: its NOTIFY is told that nobody wants it */
        forget(&n);
        sim_finish(&n.t);
    }
}
