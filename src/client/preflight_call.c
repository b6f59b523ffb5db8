/* SPDX-License-Identifier: MIT */
/* Registration and the echo call, by the functions that every application has: what is measured is what it will get. */
#include <string.h>

#include "client/preflight.h"

#define REGISTER_MS 9000
#define DIAL_MS 6000
#define TALK_MS 3000 /* figures come once a second */
#define TONE_HZ 400
#define RATE 16000

/* ends with its own result, IRISX_E_AGAIN when the time is over */
static irisx_error_t wait_op(irisx_op_t *op, const struct ix_wait *w)
{
    irisx_error_t err = IRISX_E_AGAIN;

    while (err == IRISX_E_AGAIN && !ix_wait_over(w))
        err = irisx_op_wait(op, 20);
    return err;
}

static void tell_failure(struct pf_check *c, irisx_op_t *op)
{
    const irisx_error_info_t *e = irisx_op_error(op);

    if (!e)
        return;
    ix_pf_more_text(c, "message", e->message);
    if (e->domain == IRISX_DOMAIN_SIP)
        ix_pf_more_number(c, "sip_status", e->status);
}

static irisx_line_t *enter(struct preflight *p, struct pf_check *c)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;
    struct ix_wait w = ix_pf_wait(p, REGISTER_MS);
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err;

    o.ws_url = p->ws_url, o.user = p->user, o.realm = p->realm, o.password = p->password, o.auth_user = p->auth_user;
    o.ca_file = p->ca_file;
    o.expires_s = 60;
    err = p->ws_url ? irisx_line_open(p->client, &o, &line, &op)
                    : irisx_line_open_provisioned(p->client, p->user, &line, &op);
    if (!err)
        err = wait_op(op, &w);
    if (!err) {
        p->registered = true;
    } else {
        tell_failure(c, op);
        ix_pf_reason_add(p, c, err == IRISX_E_AUTH || err == IRISX_E_FORBIDDEN ? PF_SIP_CREDENTIALS : PF_SIP_FAILED);
    }
    irisx_op_unref(op);
    return line;
}

/* A tone goes out all the while: an echo of silence may be no packet at all. */
static void speak(irisx_call_t *call, unsigned *phase)
{
    int16_t samples[RATE / 50];
    size_t taken = sizeof samples / sizeof *samples;

    while (taken == sizeof samples / sizeof *samples) {
        for (size_t i = 0; i < taken; i++)
            samples[i] = (int16_t) ((*phase + i) * TONE_HZ * 2 / RATE % 2 ? 6000 : -6000);
        if (irisx_audio_write(call, samples, taken, &taken))
            return;
        *phase += (unsigned) taken;
    }
}

static void listen(irisx_call_t *call)
{
    int16_t samples[RATE / 50];
    size_t n = 1;

    while (n && irisx_audio_read(call, samples, sizeof samples / sizeof *samples, &n) == IRISX_OK) {
    }
}

static void talk(struct preflight *p, irisx_call_t *call)
{
    struct ix_wait w = ix_pf_wait(p, TALK_MS);
    unsigned phase = 0;

    while (!ix_wait_over(&w) && irisx_call_state(call) == IRISX_CALL_ACTIVE) {
        speak(call, &phase);
        listen(call);
        ix_wait_ms(&w, 20);
    }
}

static void judge(struct preflight *p, struct pf_check *c, irisx_call_t *call)
{
    irisx_call_stats_t s = { .struct_size = sizeof s };

    if (irisx_call_stats(call, &s))
        return;
    ix_pf_more_number(c, "setup_ms", s.setup_ms);
    ix_pf_more_number(c, "loss_percent", s.loss_percent);
    ix_pf_more_number(c, "jitter_ms", s.jitter_ms);
    ix_pf_more_number(c, "round_trip_ms", s.round_trip_ms);
    ix_pf_more_number(c, "mos", s.mos);
    ix_pf_more_text(c, "codec", s.codec);
    if (s.packets_received == 0) {
        ix_pf_reason_add(p, c, PF_ECHO_SILENT);
        return;
    }
    if (s.loss_percent > 1)
        ix_pf_reason_add(p, c, s.loss_percent > 10 ? PF_HIGH_LOSS : PF_SOME_LOSS);
    if (s.jitter_ms > 50)
        ix_pf_reason_add(p, c, PF_HIGH_JITTER);
    if (s.round_trip_ms > 400)
        ix_pf_reason_add(p, c, PF_HIGH_ROUND_TRIP);
    if (s.mos > 0 && s.mos < 3.6)
        ix_pf_reason_add(p, c, PF_LOW_MOS);
}

static void echo(struct preflight *p, irisx_line_t *line)
{
    uint64_t began = ix_clock_now().mono_us;
    struct pf_check *c = ix_pf_check_new(p, "echo_call", p->echo);
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    struct ix_wait w = ix_pf_wait(p, DIAL_MS), end;
    irisx_call_t *call = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err;

    o.to = p->echo;
    o.app_audio = 1;
    err = irisx_call_dial(line, &o, &call, &op);
    if (!err)
        err = wait_op(op, &w);
    if (err) {
        tell_failure(c, op);
        ix_pf_reason_add(p, c, PF_ECHO_FAILED);
    } else {
        talk(p, call);
        irisx_op_unref(op);
        op = NULL;
        end = ix_pf_wait(p, 1500);
        if (!irisx_call_hangup(call, &op))
            (void) wait_op(op, &end);
        judge(p, c, call);
    }
    if (call && err)
        (void) irisx_call_hangup(call, NULL); /* it may be over */
    irisx_op_unref(op);
    irisx_call_unref(call);
    ix_pf_check_end(p, c, PF_OK, began);
}

void ix_pf_call(struct preflight *p)
{
    uint64_t began = ix_clock_now().mono_us;
    struct pf_check *c = ix_pf_check_new(p, "registration", p->user);
    irisx_line_t *line = enter(p, c);

    ix_pf_check_end(p, c, PF_OK, began);
    if (p->registered && !p->no_call)
        echo(p, line);
    if (line)
        (void) irisx_line_close(line, NULL); /* it unregisters by itself */
    irisx_line_unref(line);
}
