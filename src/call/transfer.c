/* SPDX-License-Identifier: MIT */
/*
 * Transfer of a call of ours by REFER (RFC 3515, RFC 5589), blind or attended (Replaces, RFC 3891). FreeSWITCH answers
 * 202 and notifies 200 at once, whatever becomes of the target: accepted is not confirmed. Confirmed is what can be
 * seen: a NOTIFY with a 2xx of the target after one that told its progress, or, attended, that the peer has taken our
 * consultation call away.
 *
 *   REFER --2xx--> ACCEPTED --NOTIFY 1xx--> PROGRESS --NOTIFY 2xx, or the consultation call taken--> CONFIRMED
 *         --else--> FAILED          NOTIFY 3xx..6xx --> FAILED
 */
#include <string.h>

#include "call/private.h"

static void tell(struct ix_call *c, enum ix_transfer_state state, const struct ix_phone_error *error)
{
    struct ix_transfer *t = c->transfer;
    struct ix_transfer_event *e;

    if (t->state == IX_TRANSFER_CONFIRMED || t->state == IX_TRANSFER_FAILED || t->state == state)
        return;
    t->state = state;
    if (t->event_count < IX_TRANSFER_EVENTS)
        t->event_count++;
    e = &t->events[t->event_count - 1];
    memset(e, 0, sizeof *e);
    e->state = state;
    if (error)
        e->error = *error;
    ix_call_note(c, "transfer", "\"state\":%d", (int) state);
    ix_dirty(&c->obj);
}

bool ix_call_transfer_poll(struct ix_call *c, struct ix_phone_event *ev)
{
    struct ix_transfer *t = c->transfer;

    if (!t || !t->event_count)
        return false;
    ev->kind = IX_EV_TRANSFER;
    ev->state = (int) t->events[0].state;
    c->obj.phone->polled = t->events[0].error;
    t->event_count--;
    memmove(&t->events[0], &t->events[1], t->event_count * sizeof t->events[0]);
    return true;
}

void ix_call_transfer_free(struct ix_call *c)
{
    ix_free(c->transfer);
    c->transfer = NULL;
}

/* ---- the request ------------------------------------------------------------------------- */
static void write_escaped(struct ix_buf *b, const struct ix_sip_dialog *d)
{
    struct ix_buf replaces;

    ix_buf_init(&replaces, 2048);
    ix_sip_dialog_write_replaces(&replaces, d);
    if (replaces.err)
        b->err = replaces.err;
    ix_percent_encode(b, ix_str_n(replaces.p, replaces.n));
    ix_buf_clear(&replaces);
}

static int refer_to(struct ix_buf *b, const struct ix_call *c, const char *target, const struct ix_call *other)
{
    const struct ix_line *l = ix_line_get(c->obj.phone, c->line);
    struct ix_sip_addr peer;
    char *uri = NULL;
    int err = 0;

    if (!other) {
        err = l ? ix_call_target(l, target, &uri) : IRISX_E_INVALID;
        if (!err)
            ix_buf_fmt(b, "Refer-To: <%s>\r\n", uri);
        ix_free(uri);
        return err ? err : b->err;
    }
    err = ix_sip_addr_parse(&peer, ix_sip_dialog_remote(other->dialog));
    if (err)
        return err;
    ix_buf_str(b, "Refer-To: <");
    ix_buf_strv(b, peer.uri.text);
    ix_buf_str(b, "?Replaces=");
    write_escaped(b, other->dialog);
    ix_buf_str(b, ">\r\n");
    return b->err;
}

static int send_refer(struct ix_call *c, const char *target, const struct ix_call *other)
{
    struct ix_phone *p = c->obj.phone;
    const struct ix_line *l = ix_line_get(p, c->line);
    struct ix_sip_request req = { .method = IX_SIP_REFER, .auth = l ? l->auth : NULL };
    struct ix_buf b;
    int err;

    ix_buf_init(&b, 4096);
    err = refer_to(&b, c, target, other);
    if (!err && l)
        ix_buf_fmt(&b, "Referred-By: <%s>\r\n", l->aor);
    req.headers = ix_str_n(b.p, b.n);
    if (!err)
        err = b.err ? b.err : ix_sip_dialog_request(c->dialog, &req, c, p->now, &c->transfer->txn);
    ix_buf_clear(&b);
    return err;
}

int ix_call_transfer(struct ix_phone *p, uint32_t call, const char *target, uint32_t other, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call), *consulted = other ? ix_call_get(p, other) : NULL;
    int err;

    p->now = now;
    if (!c || (other && !consulted))
        return IRISX_E_NOT_FOUND;
    if (c == consulted || (!other && !target))
        return IRISX_E_INVALID;
    if (c->ending || !c->report.answered_us || !c->dialog || (c->transfer && c->transfer->txn) ||
        (consulted && (consulted->ending || !consulted->report.answered_us || !consulted->dialog)))
        return IRISX_E_STATE;
    ix_call_transfer_free(c); /* what was heard of one before has been told, or is no news any more */
    c->transfer = ix_alloc(sizeof *c->transfer);
    if (!c->transfer)
        return IRISX_E_NO_MEMORY;
    c->transfer->other = other;
    err = send_refer(c, target, consulted);
    if (err)
        ix_call_transfer_free(c);
    return err;
}

/* ---- what is heard of it ----------------------------------------------------------------- */
bool ix_call_transfer_output(struct ix_call *c, const struct ix_sip_out *so)
{
    struct ix_phone_error e = { 0 };

    if (!c->transfer || !c->transfer->txn || so->txn != c->transfer->txn || so->server)
        return false;
    if (so->kind == IX_SIP_OUT_RESPONSE && so->msg->status < 200)
        return true;
    c->transfer->txn = 0;
    if (so->kind == IX_SIP_OUT_RESPONSE && so->msg->status < 300) {
        tell(c, IX_TRANSFER_ACCEPTED, NULL);
        return true;
    }
    if (so->kind == IX_SIP_OUT_RESPONSE)
        ix_error_from_response(&e, so->msg);
    else
        ix_error_set(&e, so->err, "the server did not answer the transfer: try again");
    tell(c, IX_TRANSFER_FAILED, &e);
    return true;
}

/* RFC 3515 section 2.4.4: the body begins with the status line of what the target said */
static unsigned fragment_status(struct ix_str body)
{
    struct ix_str line, word;
    uint32_t status = 0;

    (void) ix_str_cut(&body, '\n', &line);
    line = ix_str_trim(line);
    if (!ix_str_istarts(line, IX_STR("SIP/2.0 ")))
        return 0;
    (void) ix_str_cut(&line, ' ', &word);
    (void) ix_str_cut(&line, ' ', &word);
    return ix_str_u32(word, 699, &status) || status < 100 ? 0 : status;
}

bool ix_call_transfer_notify(struct ix_call *c, const struct ix_sip_msg *msg)
{
    struct ix_str event = ix_sip_get(msg, IX_SIP_H_EVENT), name;
    struct ix_phone_error e = { 0 };
    unsigned status = fragment_status(msg->body);

    (void) ix_str_cut(&event, ';', &name);
    if (!c->transfer || !ix_str_ieq(ix_str_trim(name), IX_STR("refer")) || !status)
        return false;
    if (status >= 300) {
        ix_error_from_status(&e, status);
        tell(c, IX_TRANSFER_FAILED, &e);
    } else if (status >= 200 && c->transfer->followed) {
        tell(c, IX_TRANSFER_CONFIRMED, NULL);
    } else if (status > 100 && status < 200) {
        tell(c, IX_TRANSFER_PROGRESS, NULL);
    }
    c->transfer->followed = c->transfer->followed || status < 200;
    return true;
}

/* The peer hung up. If it was the one we consulted, it has been connected with the one we transferred. */
void ix_call_transfer_ended(struct ix_call *c)
{
    IX_LIST_EACH (node, &c->obj.phone->calls) {
        struct ix_call *with = IX_CONTAINER(node, struct ix_call, obj.all);

        if (with->transfer && with->transfer->other == c->obj.id &&
            (with->transfer->state == IX_TRANSFER_ACCEPTED || with->transfer->state == IX_TRANSFER_PROGRESS))
            tell(with, IX_TRANSFER_CONFIRMED, NULL);
    }
}
