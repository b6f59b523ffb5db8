/* SPDX-License-Identifier: MIT */
/*
 * What is said within a call beside its sound: INFO (RFC 6086), MESSAGE (RFC 3428). Digits by INFO come as
 * application/dtmf-relay ("Signal=5") or application/dtmf ("5"); FreeSWITCH tells another name as
 * message/update_display.
 */
#include <string.h>

#include "call/private.h"

int ix_call_say(struct ix_phone *p, uint32_t call, enum ix_sip_method method, struct ix_str content_type,
    struct ix_str body, struct ix_now now, ix_sip_txn *txn)
{
    struct ix_call *c = ix_call_get(p, call);
    const struct ix_line *l = c ? ix_line_get(p, c->line) : NULL;
    struct ix_sip_request req = {
        .method = method, .content_type = content_type, .body = body, .auth = l ? l->auth : NULL
    };
    int err;

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (c->ending || !c->report.answered_us || !c->dialog)
        return IRISX_E_STATE;
    for (size_t i = 0; i < IX_SAID_MAX; i++) {
        if (c->said[i].txn)
            continue;
        err = ix_sip_dialog_request(c->dialog, &req, c, now, &c->said[i].txn);
        *txn = c->said[i].txn;
        c->said[i].done = false;
        return err;
    }
    return IRISX_E_LIMIT;
}

bool ix_call_say_output(struct ix_call *c, const struct ix_sip_out *so)
{
    for (size_t i = 0; i < IX_SAID_MAX; i++) {
        struct ix_said *s = &c->said[i];

        if (!s->txn || s->txn != so->txn || so->server)
            continue;
        if (so->kind == IX_SIP_OUT_RESPONSE && so->msg->status < 200)
            return true;
        memset(&s->error, 0, sizeof s->error);
        if (so->kind != IX_SIP_OUT_RESPONSE)
            ix_error_set(&s->error, so->err, "the server did not answer: try again");
        else if (so->msg->status >= 300)
            ix_error_from_response(&s->error, so->msg);
        s->done = true;
        ix_dirty(&c->obj);
        return true;
    }
    return false;
}

bool ix_call_say_poll(struct ix_call *c, struct ix_phone_event *ev)
{
    for (size_t i = 0; i < IX_SAID_MAX; i++) {
        if (!c->said[i].done)
            continue;
        ev->kind = IX_EV_SAID;
        ev->txn = c->said[i].txn;
        c->obj.phone->polled = c->said[i].error;
        c->said[i].txn = 0;
        c->said[i].done = false;
        return true;
    }
    return false;
}

void ix_call_say_drop(struct ix_call *c)
{
    for (size_t i = 0; i < IX_SAID_MAX; i++) {
        if (c->said[i].txn && !c->said[i].done)
            ix_sip_txn_forget(c->obj.phone->stack, c->said[i].txn, c->obj.phone->now);
        c->said[i].txn = 0;
        c->said[i].done = false;
    }
}

/* ---- what they say ------------------------------------------------------------------------- */
/* value of "Name=value" or "Name: value" in a body of lines; the whole first line if name is NULL */
static struct ix_str line_value(struct ix_str body, const char *name)
{
    struct ix_str line, word;

    while (ix_str_cut(&body, '\n', &line)) {
        if (!name)
            return ix_str_trim(line);
        if (!ix_str_istarts(ix_str_trim(line), ix_str(name)))
            continue;
        (void) ix_str_cut(&line, ix_str_find(line, '=') == SIZE_MAX ? ':' : '=', &word);
        return ix_str_trim(line);
    }
    return IX_STR_NONE;
}

/* telephone-event numbers are used by some (RFC 4733 section 3.2: 10 is the star, 11 the hash) */
static int digit_of(struct ix_str s)
{
    static const char digits[] = "0123456789*#ABCD";
    uint32_t number;

    if (s.n == 1 && s.p[0] >= 'a' && s.p[0] <= 'd')
        return s.p[0] - 'a' + 'A';
    if (s.n == 1)
        return s.p[0] && strchr(digits, s.p[0]) ? s.p[0] : 0;
    return s.n == 2 && !ix_str_u32(s, 15, &number) ? digits[number] : 0;
}

bool ix_call_hear_info(struct ix_call *c, const struct ix_sip_msg *msg, struct ix_phone_event *ev)
{
    bool relay = ix_sip_content_is(msg, "application/dtmf-relay");
    struct ix_str type = ix_sip_get(msg, IX_SIP_H_CONTENT_TYPE);

    if (relay || ix_sip_content_is(msg, "application/dtmf")) {
        ev->kind = IX_EV_DIGIT;
        ev->state = digit_of(line_value(msg->body, relay ? "Signal" : NULL));
        return ev->state != 0;
    }
    if (ix_str_istarts(type, IX_STR("message/update_display"))) {
        ix_call_display(c, msg);
        return false;
    }
    return true;
}
