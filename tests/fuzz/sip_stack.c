/* SPDX-License-Identifier: MIT */
/* Fuzz target: the stack in both roles; messages end at byte 0x1e, whose successor says what we do and how long we
 * wait. */
#include "sip/sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct ix_sip_stack *stack;
    struct ix_sip_dialog *dialogs[4];
    size_t dialog_count;
    struct ix_now now;
};

static void keep(struct run *r, struct ix_sip_dialog *d)
{
    size_t at = r->dialog_count++ % IX_COUNT(r->dialogs);
    ix_sip_dialog_free(r->dialogs[at], r->now);
    r->dialogs[at] = d;
}

static void answer(struct run *r, const struct ix_sip_out *out, uint8_t choice)
{
    static const unsigned statuses[] = { 100, 180, 200, 200, 302, 486, 500, 603 };
    struct ix_sip_reply reply = { .status = statuses[choice % IX_COUNT(statuses)], .dialog = out->dialog };
    struct ix_sip_dialog *d = NULL;
    if (!out->dialog && reply.status > 100 && reply.status < 300 && !ix_sip_dialog_uas(r->stack, out->txn, NULL, &d)) {
        keep(r, d);
        reply.dialog = d;
    }
    (void) ix_sip_respond(r->stack, out->txn, &reply, r->now);
}

static void drain(struct run *r, uint8_t choice)
{
    struct ix_sip_out out;
    struct ix_sip_dialog *d = NULL;
    for (int i = 0; i < 200 && ix_sip_poll(r->stack, &out); i++) {
        if (out.kind == IX_SIP_OUT_REQUEST)
            answer(r, &out, choice);
        else if (out.kind == IX_SIP_OUT_RESPONSE && !out.dialog &&
                 !ix_sip_dialog_uac(r->stack, out.txn, out.msg, NULL, &d))
            keep(r, d);
    }
    for (size_t i = 0; i < IX_COUNT(r->dialogs); i++) {
        if (!r->dialogs[i])
            continue;
        (void) ix_sip_dialog_ack(r->dialogs[i], IX_STR_NONE, IX_STR_NONE, r->now);
        if (choice & 0x20)
            (void) ix_sip_dialog_request(r->dialogs[i],
                &(struct ix_sip_request){ .method = choice & 0x40 ? IX_SIP_BYE : IX_SIP_INVITE }, NULL, r->now, NULL);
    }
}

static void invite(struct run *r)
{
    struct ix_sip_request req = { .method = IX_SIP_INVITE,
        .uri = IX_STR("sip:b@b"),
        .from = IX_STR("<sip:a@a>"),
        .to = IX_STR("<sip:b@b>"),
        .from_tag = IX_STR("tag"),
        .call_id = IX_STR("call") };
    (void) ix_sip_send_request(r->stack, 1, &req, NULL, r->now, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_prng prng;
    ix_prng_seed(&prng, 1);
    struct ix_rng rng = ix_prng_rng(&prng);
    struct run r = { .now = { .mono_us = IX_S } };
    struct ix_str rest = ix_str_n(data, size), message;

    if (ix_sip_stack_new(
            &(struct ix_sip_stack_config){ .rng = &rng, .allow = UINT32_MAX, .max_transactions = 16 }, &r.stack))
        return 0;
    (void) ix_sip_transport_opened(r.stack, 1, &(struct ix_sip_transport_config){ .sent_by = IX_STR("x.invalid") });
    invite(&r);
    while (ix_str_cut(&rest, 0x1e, &message)) {
        uint8_t choice = rest.n ? (uint8_t) rest.p[0] : 0;
        (void) ix_sip_input(r.stack, 1, message.p, message.n, r.now);
        drain(&r, choice);
        r.now.mono_us += choice * IX_S / 4;
        ix_sip_timeout(r.stack, r.now);
        drain(&r, choice);
    }
    for (size_t i = 0; i < IX_COUNT(r.dialogs); i++)
        ix_sip_dialog_free(r.dialogs[i], r.now);
    ix_sip_stack_free(r.stack);
    return 0;
}
