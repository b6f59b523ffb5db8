/* SPDX-License-Identifier: MIT */
/*
 * irisx demo: the main job from end to end against the local platform: register, call a person and the echo, send an
 * SMS, receive the signed webhooks of all that, and show that false, late and repeated ones do no harm.
 * docs/design/demo.md.
 */
#include "cli/demo.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PERSON "+12025550123"
#define PERSON_MS 4000
#define ECHO "9196"
#define ECHO_TRIES 3
#define ECHO_TAIL_MS 800 /* the echo of the last word is still on its way */
#define STEP_MS 30000

static const char *const default_speech[] = { "/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav",
    "/usr/share/asterisk/sounds/en/demo-congrats.wav" };

/* ---- steps' common parts ----------------------------------------------------------------- */
void demo_step(struct demo *d, const char *what)
{
    cli_say(&d->common, "[%d/%d] %s", ++d->step, DEMO_STEPS, what);
}

int demo_await(struct demo *d, irisx_error_t err, irisx_op_t *op, const char *doing)
{
    int code = EXIT_OK;

    if (!err)
        err = cli_await(d->client, op, STEP_MS, demo_event, d);
    if (err && op && irisx_op_done(op))
        code = cli_fail(&d->common, irisx_op_error(op), doing);
    else if (err)
        code = cli_fail_code(&d->common, err, doing, NULL);
    return code;
}

/* ---- platform, client, login ------------------------------------------------------------- */
static int start_platform(struct demo *d)
{
    const char *why;

    demo_step(d, "starting the local platform");
    d->platform = cli_sandbox_start(&d->child, 20000, &why);
    if (!d->platform)
        return cli_interrupted() ? EXIT_INTERRUPTED
                                 : cli_fail_code(&d->common, IRISX_E_NOT_AVAILABLE, "starting the local platform", why);
    d->common.api_url = irisx_value_get_text(d->platform, "api_url", NULL);
    cli_say(&d->common, "      REST %s, SIP %s", d->common.api_url ? d->common.api_url : "?",
        irisx_value_get_text(d->platform, "ws_url", "?"));
    return d->common.api_url
               ? EXIT_OK
               : cli_fail_code(&d->common, IRISX_E_PROTOCOL, "starting the local platform", "it names no api_url");
}

static int log_in(struct demo *d)
{
    const irisx_value_t *user = irisx_value_get(d->platform, "user");
    irisx_op_t *op = NULL;
    irisx_error_t err = cli_client(&d->common, &d->client);
    int code;

    demo_step(d, "logging in");
    if (err)
        return cli_fail_code(&d->common, err, "starting the client", NULL);
    err = irisx_client_login(
        d->client, irisx_value_get_text(user, "email", ""), irisx_value_get_text(user, "password", ""), &op);
    code = demo_await(d, err, op, "logging in");
    irisx_op_unref(op);
    return code;
}

/* ---- calls ------------------------------------------------------------------------------- */
static int register_line(struct demo *d)
{
    irisx_op_t *op = NULL;
    double began = cli_now_ms();
    irisx_error_t err;
    int code;

    demo_step(d, "registering extension 1000 with what the platform provisions");
    err = irisx_line_open_provisioned(d->client, "1000", &d->line, &op);
    code = demo_await(d, err, op, "registering");
    d->register_ms = cli_now_ms() - began;
    irisx_op_unref(op);
    if (!code)
        cli_say(&d->common, "      %s registered in %.0f ms", irisx_line_address(d->line), d->register_ms);
    return code;
}

static void pull_until(struct demo *d, double deadline, const bool *flag)
{
    while (!flag || !*flag) {
        irisx_event_t *ev = cli_next(d->client, deadline);

        if (!ev)
            return;
        demo_event(d, ev);
        irisx_event_unref(ev);
    }
}

/* Dials, stays for `ms` of sound, hangs up, waits for the end. */
static int one_call(struct demo *d, irisx_call_options_t *o, double ms)
{
    irisx_op_t *op = NULL;
    irisx_error_t err;
    int code;

    d->call_ended = false;
    err = irisx_call_dial(d->line, o, &d->call, &op);
    code = demo_await(d, err, op, "calling");
    irisx_op_unref(op);
    op = NULL;
    if (code)
        return code;
    pull_until(d, cli_now_ms() + ms, &d->call_ended);
    if (cli_interrupted())
        return EXIT_INTERRUPTED;
    if (d->call_ended)
        return cli_fail_code(&d->common, IRISX_E_CLOSED, "calling", "the other side hung up too early");
    err = irisx_call_hangup(d->call, &op);
    code = demo_await(d, err, op, "hanging up");
    irisx_op_unref(op);
    if (!code)
        pull_until(d, cli_now_ms() + 5000, &d->call_ended);
    return code;
}

static int call_person(struct demo *d)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_call_stats_t s = { .struct_size = sizeof s };
    int code;

    demo_step(d, "calling " PERSON ": it rings, answers and talks");
    o.to = PERSON;
    o.record_file = d->person_recording;
    code = one_call(d, &o, PERSON_MS);
    if (code)
        return code;
    (void) irisx_call_stats(d->call, &s); /* a live handle and a right size cannot fail */
    cli_say(&d->common, "      heard %llu packets of %s, level %.3f", (unsigned long long) s.packets_received, s.codec,
        s.level_in);
    irisx_call_unref(d->call);
    d->call = NULL;
    if (s.packets_received < 50)
        return cli_fail_code(&d->common, IRISX_E_MEDIA, "calling " PERSON, "next to nothing was heard");
    return EXIT_OK;
}

static int echo_once(struct demo *d)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_error_t err;
    int code;

    demo_step(d, "calling the echo " ECHO " with ten seconds of speech");
    o.to = ECHO;
    o.play_file = d->speech;
    o.record_file = d->recording;
    code = one_call(d, &o, d->seconds * 1000 + ECHO_TAIL_MS);
    if (code)
        return code;
    d->stats.struct_size = sizeof d->stats;
    (void) irisx_call_stats(d->call, &d->stats); /* see call_person */
    irisx_call_unref(d->call);
    d->call = NULL;
    cli_say(&d->common, "      set up in %.1f ms (signalling %.1f, ICE %.1f, DTLS %.1f, first audio %.1f)",
        d->stats.setup_ms, d->stats.signalling_ms, d->stats.ice_ms, d->stats.dtls_ms, d->stats.first_audio_ms);
    err = irisx_audio_similarity(
        d->speech, d->recording, (uint32_t) (d->seconds * 1000), &d->similarity, &d->echo_delay_ms);
    if (err)
        return cli_fail_code(&d->common, err, "comparing what was heard with what was said", NULL);
    cli_say(&d->common, "      the echo resembles what was said: %.3f (1 is the same), %.0f ms later", d->similarity,
        d->echo_delay_ms);
    return EXIT_OK;
}

/* A machine that is late by a frame once or twice in ten seconds moves what follows: what is wrong with the product is
 * wrong again. */
static int call_echo(struct demo *d)
{
    int code = EXIT_OK;

    for (int left = ECHO_TRIES; left > 0; left--) {
        code = echo_once(d);
        if (code || d->similarity >= DEMO_SIMILARITY)
            return code;
        if (left > 1)
            cli_say(&d->common,
                "      the machine may have been too busy (%llu late ticks, %llu ms made up): once more",
                (unsigned long long) d->stats.ticks_late, (unsigned long long) d->stats.concealed_ms);
    }
    return cli_fail_code(&d->common, IRISX_E_MEDIA, "comparing what was heard with what was said",
        "the echo does not resemble the speech");
}

/* ---- SMS --------------------------------------------------------------------------------- */
static const char *own_number(const struct demo *d)
{
    const char *number = irisx_value_text(irisx_value_at(irisx_value_get(d->platform, "sms_numbers"), 0), NULL);

    return number ? number : "+12025550100";
}

static int send_sms(struct demo *d)
{
    const char *sid;
    irisx_op_t *op = NULL;
    irisx_error_t err;
    int code;

    demo_step(d, "sending an SMS");
    err = irisx_sms_send(d->client, own_number(d), PERSON, "Hello from libirisx-client", &op);
    code = demo_await(d, err, op, "sending the SMS");
    sid = code ? NULL : irisx_value_get_text(irisx_value_get(irisx_op_value(op), "sms"), "sid", NULL);
    if (!code && !sid)
        code = cli_fail_code(&d->common, IRISX_E_PROTOCOL, "sending the SMS", "the answer has no sid");
    (void) snprintf(d->sms_sid, sizeof d->sms_sid, "%s", sid ? sid : "");
    irisx_op_unref(op);
    return code;
}

static int follow_sms(struct demo *d)
{
    double deadline = cli_now_ms() + STEP_MS;

    while (strcmp(d->sms_status, "delivered") != 0) {
        irisx_op_t *op = NULL;
        irisx_error_t err = irisx_sms_get(d->client, d->sms_sid, &op);
        int code = demo_await(d, err, op, "asking for the SMS");

        if (!code)
            (void) snprintf(d->sms_status, sizeof d->sms_status, "%s",
                irisx_value_get_text(irisx_value_get(irisx_op_value(op), "message"), "status", ""));
        irisx_op_unref(op);
        if (code)
            return code;
        if (strcmp(d->sms_status, "failed") == 0 || cli_now_ms() > deadline)
            return cli_fail_code(&d->common, IRISX_E_TIMEOUT, "following the SMS", "it was not delivered");
        if (strcmp(d->sms_status, "delivered") != 0)
            pull_until(
                d, cli_now_ms() + 100, NULL); /* the platform tells changes by webhook; asking shows the other way */
    }
    cli_say(&d->common, "      %s: delivered", d->sms_sid);
    return EXIT_OK;
}

/* ---- result ------------------------------------------------------------------------------ */
static irisx_value_t *object(void)
{
    return irisx_value_new_object();
}

static irisx_value_t *call_value(const struct demo *d)
{
    irisx_value_t *call = object(), *phases = object();

    (void) irisx_value_set_text(
        call, "to", ECHO); /* members that find no memory are missing: checked as a whole at the end */
    (void) irisx_value_set_num(call, "setup_ms", d->stats.setup_ms);
    (void) irisx_value_set_num(phases, "signalling", d->stats.signalling_ms);
    (void) irisx_value_set_num(phases, "ice", d->stats.ice_ms);
    (void) irisx_value_set_num(phases, "dtls", d->stats.dtls_ms);
    (void) irisx_value_set_num(phases, "first_audio", d->stats.first_audio_ms);
    (void) irisx_value_set_take(call, "phases_ms", phases);
    (void) irisx_value_set_int(call, "packets_sent", (int64_t) d->stats.packets_sent);
    (void) irisx_value_set_int(call, "packets_received", (int64_t) d->stats.packets_received);
    (void) irisx_value_set_int(call, "packets_lost", (int64_t) d->stats.packets_lost);
    (void) irisx_value_set_num(call, "jitter_ms", d->stats.jitter_ms);
    (void) irisx_value_set_num(call, "round_trip_ms", d->stats.round_trip_ms);
    (void) irisx_value_set_num(call, "audio_similarity", d->similarity);
    (void) irisx_value_set_text(call, "recording", d->recording);
    return call;
}

static int print_json(const struct demo *d)
{
    irisx_value_t *root = object(), *reg = object(), *sms = object(), *webhooks = object();
    int code;

    (void) irisx_value_set_bool(root, "ok", 1); /* as in call_value */
    (void) irisx_value_set_num(reg, "ms", d->register_ms);
    (void) irisx_value_set_take(root, "register", reg);
    (void) irisx_value_set_take(root, "call", call_value(d));
    (void) irisx_value_set_text(sms, "sid", d->sms_sid);
    (void) irisx_value_set_text(sms, "status", d->sms_status);
    (void) irisx_value_set_take(root, "sms", sms);
    (void) irisx_value_set_int(webhooks, "received", d->verified + d->rejected);
    (void) irisx_value_set_int(webhooks, "verified", d->verified);
    (void) irisx_value_set_int(webhooks, "rejected", d->rejected);
    (void) irisx_value_set_take(root, "webhooks", webhooks);
    code = irisx_value_count(root) == 5 ? cli_print_value(root) : EXIT_FAILED;
    irisx_value_free(root);
    return code;
}

static void print_table(const struct demo *d)
{
    FILE *to = d->common.json ? stderr : stdout;

    (void) fprintf(to,
        "\n  registration   %9.1f ms\n  call set-up    %9.1f ms   signalling %.1f, ICE %.1f, DTLS %.1f, first audio %.1f\n",
        d->register_ms, d->stats.setup_ms, d->stats.signalling_ms, d->stats.ice_ms, d->stats.dtls_ms,
        d->stats.first_audio_ms);
    (void) fprintf(to, "  packets        %9llu sent, %llu received, %llu lost\n",
        (unsigned long long) d->stats.packets_sent, (unsigned long long) d->stats.packets_received,
        (unsigned long long) d->stats.packets_lost);
    (void) fprintf(to,
        "  jitter         %9.2f ms\n  round trip     %9.2f ms\n  MOS            %9.2f\n  similarity     %9.3f\n",
        d->stats.jitter_ms, d->stats.round_trip_ms, d->stats.mos, d->similarity);
    (void) fprintf(to, "  SMS            %9s   %s\n  webhooks       %9d verified, %d refused or repeated\n",
        d->sms_status, d->sms_sid, d->verified, d->rejected);
    (void) fprintf(to, "  recording      %s\n\n", d->recording);
}

/* ---- the whole --------------------------------------------------------------------------- */
static int run(struct demo *d)
{
    int (*const steps[])(struct demo *) = { start_platform, log_in, demo_receiver_open, register_line, call_person,
        call_echo, send_sms, follow_sms, demo_webhooks_wait, demo_webhooks_abuse };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int code = steps[i](d);

        if (code)
            return code;
        if (cli_interrupted())
            return EXIT_INTERRUPTED;
    }
    return EXIT_OK;
}

static int finish(struct demo *d, int code)
{
    irisx_receiver_close(d->receiver);
    code = cli_close(d->client, code);
    irisx_call_unref(d->call);
    irisx_line_unref(d->line);
    irisx_receiver_unref(d->receiver);
    cli_sandbox_stop(&d->child);
    if (!code) {
        print_table(d);
        if (d->common.json)
            code = print_json(d);
    }
    irisx_value_free(d->platform);
    irisx_value_free(d->sample);
    return code;
}

static int check_files(struct demo *d, const char *play, const char *record)
{
    static char folder[] = "/tmp/irisx-demo-XXXXXX";

    d->speech = play;
    for (size_t i = 0; !d->speech && i < sizeof default_speech / sizeof *default_speech; i++)
        if (access(default_speech[i], R_OK) == 0)
            d->speech = default_speech[i];
    if (!d->speech)
        return cli_usage("no speech to send: give --play FILE.wav, or install asterisk-core-sounds-en-wav");
    if (access(d->speech, R_OK))
        return cli_fail_code(&d->common, IRISX_E_NOT_FOUND, "reading the speech", "the --play file cannot be read");
    if (!mkdtemp(folder))
        return cli_fail_code(&d->common, IRISX_E_IO, "making a folder for the recordings", NULL);
    (void) snprintf(d->recording, sizeof d->recording, "%s", record ? record : "");
    if (!record)
        (void) snprintf(d->recording, sizeof d->recording, "%s/echo.wav", folder);
    (void) snprintf(d->person_recording, sizeof d->person_recording, "%s/person.wav", folder);
    return EXIT_OK;
}

int cmd_demo(int argc, char **argv)
{
    const char *play = NULL, *record = NULL;
    const struct cli_option options[] = { { "play", "FILE", "WAV of speech to send (default: a recorded human voice)",
                                              &play, NULL },
        { "record", "FILE", "where the echo is written (default: below /tmp)", &record, NULL } };
    const struct cli_command command = { "demo", "",
        "Starts the local platform, then registers, calls, sends an SMS and receives webhooks.", options, 2 };
    static struct demo d;
    size_t count;
    int code = cli_parse(&command, &d.common, argc, argv, NULL, 0, &count);

    if (code < 0) {
        d.seconds = 10;
        code = check_files(&d, play, record);
        if (!code) {
            code = finish(&d, run(&d));
        }
    }
    d.common.api_url = NULL; /* it was the platform's */
    cli_common_clear(&d.common);
    return code;
}
