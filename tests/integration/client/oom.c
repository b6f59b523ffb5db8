/* SPDX-License-Identifier: MIT */
/*
 * The exported functions with the Nth allocation failing, without threads, so that the Nth is the same each time: each
 * ends with IRISX_OK or IRISX_E_NO_MEMORY, the client is as good as before, and once it is closed nothing is left. N is
 * 0, 1, 2 .. while it is cheap, then grows geometrically; OOM_ALL in the environment takes every one, OOM_STEP=NAME
 * runs one step alone, OOM_TRACE shows where the allocation was refused.
 */
#include <criterion/criterion.h>
#include <irisx/api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oom.h"
#include "rig.h"
#include "support/peer.h"

#define SPEECH "/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav"

static irisx_client_t *client;
static irisx_line_t *line; /* ready; of the steps that need one */
static irisx_receiver_t *receiver; /* listens */
static const char *const secret = "a secret of the receiver";

TestSuite(oom, .init = rig_up, .fini = rig_down, .timeout = 240);

static void be_silent(int32_t level, const char *area, const char *text, void *user_data)
{
    (void) level;
    (void) area;
    (void) text;
    (void) user_data;
}

static irisx_error_t new_client(irisx_client_t **out)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;

    o.api_url = rig.api_url;
    o.user_agent = "test/1";
    o.stun_server = "127.0.0.1:9";
    o.capture_file = rig_path("capture.pcapng");
    o.timeline_dir = rig.folder;
    o.log = be_silent;
    o.zero_thread = 1;
    return irisx_client_new(&o, out);
}

/* ---- a client ---------------------------------------------------------------------------- */
static irisx_error_t make_and_close(void)
{
    irisx_client_t *made = NULL;
    irisx_error_t err = new_client(&made);

    if (err) {
        cr_assert_null(made, "an output was written on failure");
        return err;
    }
    err = irisx_client_close(made, 0);
    irisx_client_unref(made);
    return err;
}

static uint64_t next_n(uint64_t n, uint64_t cheap)
{
    if (getenv("OOM_ALL"))
        return n + 1;
    return n < cheap ? n + 1 : n + 1 + n / (cheap ? 8 : 5);
}

Test(oom, a_client_is_made_whole_or_not_at_all)
{
    int injected = 1;

    cr_assert_eq(make_and_close(), IRISX_OK); /* what is made once for the process is made here */
    for (uint64_t n = 0; injected; n = next_n(n, 80)) {
        irisx_error_t err;
        size_t left;

        oom_begin(n);
        err = make_and_close();
        left = oom_end(&injected);
        cr_assert(err == IRISX_OK || (injected && err == IRISX_E_NO_MEMORY), "allocation %d: %s", (int) n,
            irisx_error_name(err));
        cr_assert_eq(left, 0, "allocation %d: %zu bytes are left", (int) n, left);
    }
}

/* ---- what a client does ------------------------------------------------------------------ */
static irisx_error_t end_of(irisx_error_t accepted, irisx_op_t **op)
{
    if (accepted) {
        cr_assert_null(*op, "an op although the call was refused");
        return accepted;
    }
    return rig_wait(op);
}

static irisx_error_t log_in(void)
{
    irisx_op_t *op = NULL;

    return end_of(irisx_client_login(client, rig.email, rig.password, &op), &op);
}

static irisx_error_t set_tokens(void)
{
    return irisx_client_set_tokens(client, "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "a refresh token");
}

static irisx_error_t send_sms(void)
{
    irisx_op_t *op = NULL;

    return end_of(irisx_sms_send(client, "+12025550100", "+12025550123", "a text", &op), &op);
}

static irisx_error_t list_sms(void)
{
    irisx_op_t *op = NULL;

    return end_of(irisx_sms_list(client, 1, 10, &op), &op);
}

static irisx_error_t get_sms(void)
{
    irisx_op_t *op = NULL;
    irisx_error_t err = end_of(irisx_sms_get(client, "SM00000000000000000000000000000000", &op), &op);

    return err == IRISX_E_NOT_FOUND ? IRISX_OK : err;
}

static irisx_error_t request(void)
{
    irisx_op_t *op = NULL;

    return end_of(irisx_api_request(client, "GET", "/v1/auth/me", NULL, NULL, &op), &op);
}

static irisx_error_t open_receiver(void)
{
    irisx_receiver_options_t o = IRISX_RECEIVER_OPTIONS_INIT;
    irisx_receiver_t *opened = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err;

    o.secrets = &secret;
    o.secrets_count = 1;
    o.path = "/hooks";
    o.store_file = rig_path("store.db");
    err = end_of(irisx_receiver_open(client, &o, &opened, &op), &op);
    if (!err)
        err = irisx_receiver_add_secret(opened, "another secret");
    irisx_receiver_close(opened);
    irisx_receiver_unref(opened);
    return err;
}

/* one delivery over a socket of the test's: 200, or 503 for one that there is no memory for */
static irisx_error_t deliver(void)
{
    static unsigned number;
    const char *body = "{\"event\":\"sms.sent\",\"data\":{\"sid\":\"SM1\"}}", *colon;
    char id[40], text[2048], answer[1024];
    char *headers = NULL;
    irisx_error_t err;
    size_t n = 0;
    int fd;

    (void) snprintf(id, sizeof id, "evt_%u", ++number);
    err = irisx_webhook_sign(IRISX_WEBHOOK_TIMESTAMPED, secret, "sms.sent", id, 0, body, strlen(body), &headers);
    if (err)
        return err;
    (void) snprintf(text, sizeof text,
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n%s",
        strlen(body), headers, body);
    irisx_text_free(headers);
    colon = strrchr(irisx_receiver_url(receiver), ':');
    cr_assert_not_null(colon);
    fd = tcp_connect((uint16_t) atoi(colon + 1));
    tcp_text(fd, text);
    n = rig_read_all(client, fd, answer, sizeof answer);
    cr_assert_leq(n, sizeof answer);
    if (!strncmp(answer, "HTTP/1.1 200", 12))
        return IRISX_OK;
    cr_assert(!n || !strncmp(answer, "HTTP/1.1 503", 12), "%s", answer); /* nothing: the connection had no room */
    return IRISX_E_NO_MEMORY;
}

static irisx_error_t verify(void)
{
    const char *body = "{\"event\":\"sms.sent\",\"data\":{}}";
    irisx_webhook_check_t check = IRISX_WEBHOOK_CHECK_INIT;
    irisx_webhook_delivery_t delivery = { 0 };
    char *headers = NULL;
    irisx_error_t err =
        irisx_webhook_sign(IRISX_WEBHOOK_TIMESTAMPED, secret, "sms.sent", "evt_1", 0, body, strlen(body), &headers);

    if (err)
        return err;
    check.secrets = &secret;
    check.secrets_count = 1;
    err = irisx_webhook_verify(&check, headers, body, strlen(body), &delivery);
    irisx_text_free(headers);
    irisx_webhook_delivery_clear(&delivery);
    return err;
}

static irisx_error_t close_line(irisx_line_t *l)
{
    irisx_op_t *op = NULL;
    irisx_error_t err = irisx_line_close(l, &op);

    if (err == IRISX_E_NO_MEMORY)
        err = irisx_line_close(l, &op); /* as an application would */
    err = end_of(err, &op);
    irisx_line_unref(l);
    return err;
}

static irisx_error_t open_line(void)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;
    irisx_line_t *l = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err, closed;

    o.ws_url = rig.ws_url;
    o.user = "1000";
    o.password = rig.agent_password;
    o.display_name = "Somebody";
    err = irisx_line_open(client, &o, &l, &op);
    if (err)
        return end_of(err, &op);
    err = rig_wait(&op);
    closed = close_line(l);
    return err ? err : closed;
}

static irisx_error_t open_provisioned(void)
{
    irisx_line_t *l = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err = irisx_line_open_provisioned(client, NULL, &l, &op), closed;

    if (err)
        return end_of(err, &op);
    err = rig_wait(&op);
    closed = close_line(l);
    return err ? err : closed;
}

static bool ended(irisx_call_t *call)
{
    irisx_event_t *event;
    bool last = false;

    while (irisx_client_next_event(client, 0, &event) == IRISX_OK) {
        last = last || (irisx_event_kind(event) == IRISX_EVENT_CALL_STATE && irisx_event_call(event) == call &&
                           irisx_event_state(event) == IRISX_CALL_ENDED);
        irisx_event_unref(event);
    }
    return last;
}

static irisx_error_t hang_up(irisx_call_t *call)
{
    irisx_op_t *op = NULL;
    irisx_error_t err = irisx_call_hangup(call, &op);

    if (err == IRISX_E_NO_MEMORY)
        err = irisx_call_hangup(call, &op); /* as an application would */
    err = end_of(err, &op);
    cr_assert(ended(call), "the call's final event is missing");
    irisx_call_unref(call);
    return err;
}

static irisx_error_t talk(irisx_call_t *call)
{
    irisx_call_stats_t stats = { .struct_size = sizeof stats };
    irisx_op_t *op = NULL;
    char *timeline = NULL;
    irisx_error_t err = irisx_call_send_digits(call, "1", &op);

    err = end_of(err, &op);
    if (!err)
        err = irisx_call_set_mute(call, 1);
    if (!err)
        err = irisx_call_stats(call, &stats);
    if (!err)
        err = irisx_call_timeline(call, &timeline);
    irisx_text_free(timeline);
    return err;
}

static irisx_error_t dial(void)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_call_t *call = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err, over;

    o.to = "9196";
    o.play_file = SPEECH;
    o.record_file = rig_path("heard.wav");
    o.header_name = "X-Order";
    o.header_value = "17";
    o.codecs = "PCMU,opus";
    err = irisx_call_dial(line, &o, &call, &op);
    if (err)
        return end_of(err, &op);
    err = rig_wait(&op);
    if (!err)
        err = talk(call);
    over = hang_up(call);
    return err ? err : over;
}

static irisx_error_t dial_with_own_audio(void)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_call_t *call = NULL;
    irisx_op_t *op = NULL;
    int16_t samples[160] = { 0 };
    irisx_error_t err, over;
    size_t n;

    o.to = "9197";
    o.app_audio = 1;
    err = irisx_call_dial(line, &o, &call, &op);
    if (err)
        return end_of(err, &op);
    err = rig_wait(&op);
    if (!err)
        err = irisx_audio_write(call, samples, 160, &n);
    if (!err)
        err = irisx_audio_read(call, samples, 160, &n);
    over = hang_up(call);
    return err ? err : over;
}

/* ---- the rounds -------------------------------------------------------------------------- */
struct step {
    const char *name;
    irisx_error_t (*run)(void);
    uint64_t cheap; /* every N up to here, then geometrically; 0: with larger steps */
    irisx_error_t
        also; /* a SIP message that cannot be queued costs the connection, and what waits for an answer on it */
};

/* A step with the Nth allocation failing, until none fails; now and then without a failure: the client must still do
 * it. */
static void torture(const struct step *s)
{
    uint64_t rounds = 0;
    int injected = 1;

    cr_assert_eq(s->run(), IRISX_OK, "%s, with memory", s->name);
    for (uint64_t n = 0; injected; n = next_n(n, s->cheap), rounds++) {
        irisx_error_t err;

        (void) oom_again(n);
        err = s->run();
        injected = oom_again(OOM_NONE);
        cr_assert(err == IRISX_OK || (injected && (err == IRISX_E_NO_MEMORY || err == s->also)),
            "%s, allocation %d: %s", s->name, (int) n, irisx_error_name(err));
        rig_drain(client);
        if (line)
            rig_run_until_ready(client, line);
        if (s->cheap ||
            rounds % 4 == 3) /* calls take their time; a client that were no good would fail the next round */
            cr_assert_eq(s->run(), IRISX_OK, "%s after allocation %d failed", s->name, (int) n);
    }
    printf("# %s: %d rounds\n", s->name, (int) rounds);
}

static void torture_all(const struct step *steps, size_t count)
{
    const char *only = getenv("OOM_STEP");

    for (size_t i = 0; i < count; i++)
        if (!only || !strcmp(only, steps[i].name))
            torture(&steps[i]);
}

static void begin(void)
{
    cr_assert_eq(make_and_close(), IRISX_OK); /* what is made once for the process */
    oom_begin(OOM_NONE);
    cr_assert_eq(new_client(&client), IRISX_OK);
    cr_assert_eq(log_in(), IRISX_OK);
}

static void end(void)
{
    int injected;

    cr_assert_eq(irisx_client_close(client, 0), IRISX_OK);
    irisx_client_unref(client);
    cr_assert_eq(oom_end(&injected), 0, "bytes are left");
}

Test(oom, requests_end_well_or_for_want_of_memory)
{
    static const struct step steps[] = { { "login", log_in, 60 }, { "sms send", send_sms, 60 },
        { "sms list", list_sms, 60 }, { "sms get", get_sms, 60 }, { "request", request, 60 },
        { "tokens", set_tokens, 60 } };

    begin();
    torture_all(steps, sizeof steps / sizeof steps[0]);
    end();
}

Test(oom, webhooks_are_taken_or_asked_for_again)
{
    static const struct step steps[] = { { "receiver", open_receiver, 60 }, { "verify", verify, 60 },
        { "delivery", deliver, 60 } };
    irisx_receiver_options_t o = IRISX_RECEIVER_OPTIONS_INIT;
    irisx_op_t *op = NULL;

    begin();
    o.secrets = &secret;
    o.secrets_count = 1;
    cr_assert_eq(irisx_receiver_open(client, &o, &receiver, &op), IRISX_OK);
    cr_assert_eq(rig_wait(&op), IRISX_OK);
    torture_all(steps, sizeof steps / sizeof steps[0]);
    irisx_receiver_close(receiver);
    irisx_receiver_unref(receiver);
    end();
}

Test(oom, lines_and_calls_end_well_or_for_want_of_memory)
{
    static const struct step steps[] = { { "line", open_line, 30, IRISX_E_NETWORK },
        { "provisioned line", open_provisioned, 20, IRISX_E_NETWORK }, { "call", dial, 0, IRISX_E_NETWORK },
        { "call with own audio", dial_with_own_audio, 0, IRISX_E_NETWORK } };

    begin();
    line = rig_line(client);
    torture_all(steps, sizeof steps / sizeof steps[0]);
    irisx_line_unref(line);
    end();
}
