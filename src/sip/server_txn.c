/* SPDX-License-Identifier: MIT */
/*
 * Server transactions over a reliable transport (RFC 3261 sections 8.2, 9.2, 12.2.2, 13.3.1, 17.2; RFC 6026), and what
 * must be refused before anybody is asked.
 *
 *   INVITE   PROCEEDING -2xx-> ACCEPTED  (2xx again at T1, 2 T1 .. T2 until ACK; 32 s without: FAILED) -timer L-> ended
 *               |  100 after 200 ms   \-300..699-> COMPLETED -ACK or timer H-> ended
 *   others   PROCEEDING -final-> ended (timer J is 0 here)
 */
#include "sip/stack.h"

#define TRYING_US (200 * IX_MS) /* RFC 3261 section 17.2.1 */
#define PROVISIONAL_US (60 * IX_S) /* RFC 3261 section 13.3.1.1 */
#define UNANSWERED_US IX_SIP_64T1 /* the peer of a non-INVITE request has given up by then */

/* ---- keys -------------------------------------------------------------------------------- */

/* RFC 3261 section 17.2.3; a peer without the magic cookie is matched by what RFC 2543 had */
static void request_key(struct ix_buf *b, uint32_t transport, const struct ix_sip_msg *msg, struct ix_str method)
{
    bool cookie = ix_str_starts(msg->via.branch, IX_STR(IX_SIP_COOKIE));
    ix_buf_u8(b, cookie ? 's' : 'o');
    ix_buf_u32(b, transport);
    ix_buf_strv(b, msg->via.branch);
    ix_buf_u8(b, 0);
    if (!cookie) {
        ix_buf_strv(b, msg->call_id);
        ix_buf_u8(b, 0);
        ix_buf_strv(b, msg->from_tag);
        ix_buf_u32(b, msg->cseq);
    }
    ix_buf_strv(b, msg->via.host);
    ix_buf_u16(b, msg->via.port);
    ix_buf_strv(b, method);
}

/* RFC 3261 section 8.2.2.2 */
static void merge_key(struct ix_buf *b, const struct ix_sip_msg *msg)
{
    ix_buf_strv(b, msg->call_id);
    ix_buf_u8(b, 0);
    ix_buf_strv(b, msg->from_tag);
    ix_buf_u32(b, msg->cseq);
    ix_buf_strv(b, msg->method_name);
}

static struct ix_sip_tx *find(
    struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_msg *msg, struct ix_str method)
{
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;
    ix_buf_init_fixed(&key, storage, sizeof storage);
    request_key(&key, transport, msg, method);
    return key.err ? NULL : ix_map_get(s->branches, ix_str_n(key.p, key.n));
}

static int set_merge_key(struct ix_sip_tx *tx)
{
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;
    ix_buf_init_fixed(&key, storage, sizeof storage);
    merge_key(&key, &tx->request->msg);
    int err = key.err ? key.err : ix_map_set(tx->stack->merges, ix_str_n(key.p, key.n), tx);
    tx->merge_key_set = !err;
    return err;
}

void ix_sip_server_unmerge(struct ix_sip_tx *tx)
{
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;
    if (!tx->merge_key_set)
        return;
    ix_buf_init_fixed(&key, storage, sizeof storage);
    merge_key(&key, &tx->request->msg);
    (void) ix_map_remove(tx->stack->merges, ix_str_n(key.p, key.n));
    tx->merge_key_set = false;
}

static bool merged(struct ix_sip_stack *s, const struct ix_sip_msg *msg)
{
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;
    ix_buf_init_fixed(&key, storage, sizeof storage);
    merge_key(&key, msg);
    return !msg->to_tag.n && ix_map_get(s->merges, ix_str_n(key.p, key.n));
}

/* ---- answers without a transaction ------------------------------------------------------- */

static int answer_tagged(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_msg *msg, unsigned status,
    struct ix_str phrase, struct ix_str headers, struct ix_str tag)
{
    struct ix_buf b;
    ix_buf_init(&b, IX_SIP_MAX_MESSAGE);
    ix_sip_response_write(&b, s, msg,
        &(struct ix_sip_response_parts){ .status = status, .phrase = phrase, .headers = headers, .to_tag = tag });
    return ix_sip_send(s, transport, &b);
}

int ix_sip_answer(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_msg *msg, unsigned status,
    struct ix_str phrase, struct ix_str headers)
{
    char tag[IX_SIP_TAG + 1];
    ix_rng_token(s->rng, tag, IX_SIP_TAG);
    ix_log(s->log, IX_LOG_DEBUG, "sip", "answered %.*s with %u", IX_FMT_STR(msg->method_name), status);
    return answer_tagged(s, transport, msg, status, phrase, headers, ix_str(tag));
}

static int answer_with(
    struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_msg *msg, unsigned status, struct ix_buf *headers)
{
    int err = headers->err ? headers->err
                           : ix_sip_answer(s, transport, msg, status, IX_STR_NONE, ix_str_n(headers->p, headers->n));
    ix_buf_clear(headers);
    return err;
}

static int answer_not_allowed(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_msg *msg)
{
    struct ix_buf headers;
    ix_buf_init(&headers, 1024);
    ix_sip_write_allow(&headers, s);
    return answer_with(s, transport, msg, msg->method == IX_SIP_OTHER ? 501 : 405, &headers);
}

/* ---- what is refused before anybody is asked (RFC 3261 section 8.2) ---------------------- */

static bool supported(const struct ix_sip_stack *s, struct ix_str tag)
{
    struct ix_str list = ix_str(s->supported), one;
    while (ix_str_cut(&list, ',', &one)) {
        if (ix_str_ieq(ix_str_trim(one), tag))
            return true;
    }
    return false;
}

static void write_unsupported(struct ix_buf *b, const struct ix_sip_stack *s, const struct ix_sip_msg *msg)
{
    struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_REQUIRE);
    const char *separator = "Unsupported: ";
    struct ix_str tag;
    while (ix_sip_values_next(&it, &tag)) {
        if (supported(s, tag))
            continue;
        ix_buf_str(b, separator);
        ix_sip_unfold(b, tag);
        separator = ", ";
    }
    ix_buf_str(b, b->n ? "\r\n" : "");
}

static bool scheme_known(const struct ix_sip_msg *msg)
{
    return msg->uri.scheme != IX_SIP_SCHEME_OTHER;
}

/* status to refuse with, 0 to go on; headers gets what belongs to the refusal */
static unsigned screen(struct ix_sip_stack *s, const struct ix_sip_msg *msg, struct ix_buf *headers)
{
    if (!scheme_known(msg))
        return 416;
    if (merged(s, msg))
        return 482;
    write_unsupported(headers, s, msg);
    return headers->n ? 420 : 0;
}

/* RFC 3261 sections 12.2.2 and 14.2 */
static unsigned screen_in_dialog(
    struct ix_sip_stack *s, struct ix_sip_dialog *d, const struct ix_sip_msg *msg, struct ix_buf *headers)
{
    if (d->has_remote_cseq && msg->cseq <= d->remote_cseq)
        return 500;
    if (msg->method != IX_SIP_INVITE)
        return 0;
    if (ix_sip_invite_runs(s, d->invite_out))
        return 491;
    if (ix_sip_invite_runs(s, d->invite_in)) {
        ix_buf_fmt(headers, "Retry-After: %u\r\n", ix_rng_below(s->rng, 10) + 1);
        return 500;
    }
    return 0;
}

/* ---- new transactions -------------------------------------------------------------------- */

static int announce(struct ix_sip_tx *tx)
{
    struct ix_sip_event *ev = ix_sip_event_new(IX_SIP_OUT_REQUEST);
    if (!ev)
        return IRISX_E_NO_MEMORY;
    tx->request->refs++;
    ev->held = tx->request;
    ev->out.transport = tx->transport->id;
    ev->out.txn = tx->id;
    ev->out.msg = &tx->request->msg;
    ev->out.dialog = tx->dialog;
    ev->out.user = tx->dialog ? tx->dialog->user : NULL;
    ix_sip_event_queue(tx->stack, ev);
    return 0;
}

static int build(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    struct ix_sip_stack *s = tx->stack;
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;

    tx->server = true;
    tx->method = msg->method;
    tx->cseq = msg->cseq;
    ix_rng_token(s->rng, tx->tag, IX_SIP_TAG);
    ix_sip_tx_set_state(tx, IX_SIP_TX_PROCEEDING);
    tx->request = ix_sip_hold(msg);
    if (!tx->request)
        return IRISX_E_NO_MEMORY;
    ix_buf_init_fixed(&key, storage, sizeof storage);
    request_key(&key, tx->transport->id, msg, msg->method_name);
    int err = ix_sip_tx_set_key(tx, &key);
    if (!err)
        err = msg->to_tag.n ? 0 : set_merge_key(tx);
    return err;
}

static int start(
    struct ix_sip_stack *s, struct ix_sip_transport *t, struct ix_sip_dialog *d, const struct ix_sip_msg *msg)
{
    struct ix_sip_tx *tx;
    int err = ix_sip_tx_new(s, t, &tx);
    if (err)
        return err;
    err = build(tx, msg);
    if (!err && d)
        ix_sip_tx_join(tx, d);
    if (!err && d)
        err = ix_sip_dialog_refresh(d, msg);
    if (!err)
        err = announce(tx);
    if (err) {
        ix_sip_tx_end(tx);
        return err;
    }
    ix_sip_tx_timer(tx, ix_time_add(s->now.mono_us, msg->method == IX_SIP_INVITE ? TRYING_US : UNANSWERED_US));
    if (!d)
        return 0;
    struct ix_sip_tx *open = s->limbo ? ix_sip_tx_find(s, d->unacked) : NULL;
    if (open && ix_sip_orphaned(open))
        (void) ix_sip_adopt(open, t); /* our 2xx goes out again where they are now */
    d->remote_cseq = msg->cseq;
    d->has_remote_cseq = true;
    d->transport = t->id;
    if (msg->method == IX_SIP_INVITE)
        d->invite_in = tx->id;
    return 0;
}

static int new_request(struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_msg *msg)
{
    struct ix_sip_dialog *d = NULL;
    struct ix_buf headers;
    unsigned status;

    if (msg->method == IX_SIP_OTHER || !(s->allow & IX_SIP_BIT(msg->method)))
        return answer_not_allowed(s, t->id, msg);
    ix_buf_init(&headers, 2048);
    status = screen(s, msg, &headers);
    if (!status && msg->to_tag.n) {
        d = ix_sip_dialog_find(s, msg->call_id, msg->to_tag, msg->from_tag);
        if (d)
            status = screen_in_dialog(s, d, msg, &headers);
        else if (!s->loose_notify || msg->method != IX_SIP_NOTIFY) /* it may be earlier than the 2xx to SUBSCRIBE */
            status = 481;
    }
    if (status)
        return answer_with(s, t->id, msg, status, &headers);
    ix_buf_clear(&headers);
    int err = start(s, t, d, msg);
    s->overload += err != 0;
    if (err)
        (void) ix_sip_answer(s, t->id, msg, 503, IX_STR_NONE, IX_STR("Retry-After: 5\r\n"));
    return err;
}

/* ---- ACK, CANCEL, repeated requests ------------------------------------------------------ */

static int acknowledged(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    struct ix_sip_event *ev = ix_sip_event_new(IX_SIP_OUT_ACK);
    struct ix_sip_held *held = ev ? ix_sip_hold(msg) : NULL;
    if (!held) {
        ix_sip_event_release(ev);
        return IRISX_E_NO_MEMORY; /* our 2xx goes out again and brings another ACK */
    }
    tx->acked = true;
    ix_sip_tx_timer(tx, tx->end_us);
    ev->held = held;
    ev->out.transport = tx->transport->id;
    ev->out.txn = tx->id;
    ev->out.msg = &held->msg;
    ev->out.dialog = tx->dialog;
    ev->out.user = tx->user ? tx->user : tx->dialog->user;
    ix_sip_event_queue(tx->stack, ev);
    return 0;
}

static int ack_input(struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_msg *msg)
{
    struct ix_sip_tx *tx = find(s, t->id, msg, IX_STR("INVITE"));
    if (tx && tx->state == IX_SIP_TX_COMPLETED) {
        ix_sip_tx_end(tx); /* timer I is 0 here */
        return 0;
    }
    struct ix_sip_dialog *d = ix_sip_dialog_find(s, msg->call_id, msg->to_tag, msg->from_tag);
    tx = d ? ix_sip_tx_find(s, d->unacked) : NULL;
    if (!tx || tx->acked || tx->cseq != msg->cseq)
        return IRISX_E_NOT_FOUND;
    return acknowledged(tx, msg);
}

static int announce_cancel(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    if (ix_sip_queue_drop(tx->stack, IX_SIP_OUT_REQUEST, tx->id))
        return 0; /* nobody has seen the INVITE yet */
    struct ix_sip_event *ev = ix_sip_event_new(IX_SIP_OUT_CANCELLED);
    struct ix_sip_held *held = ev ? ix_sip_hold(msg) : NULL;
    if (!held) {
        ix_sip_event_release(ev);
        return IRISX_E_NO_MEMORY;
    }
    ev->held = held;
    ev->out.transport = tx->transport->id;
    ev->out.txn = tx->id;
    ev->out.msg = &held->msg;
    ev->out.dialog = tx->dialog;
    ev->out.user = !tx->user && tx->dialog ? tx->dialog->user : tx->user;
    ix_sip_event_queue(tx->stack, ev);
    return 0;
}

static struct ix_str local_tag(const struct ix_sip_tx *tx)
{
    return ix_str(tx->tag);
}

static int cancel_input(struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_msg *msg)
{
    struct ix_sip_tx *tx = find(s, t->id, msg, IX_STR("INVITE"));
    if (!tx && s->limbo) {
        tx = find(s, s->limbo->id, msg, IX_STR("INVITE"));
        if (!ix_sip_adopt(tx, t))
            tx = NULL;
    }
    if (!tx || !tx->server)
        return ix_sip_answer(s, t->id, msg, 481, IX_STR_NONE, IX_STR_NONE);
    int err = answer_tagged(s, t->id, msg, 200, IX_STR_NONE, IX_STR_NONE, local_tag(tx));
    if (err || tx->state != IX_SIP_TX_PROCEEDING)
        return err;
    err = tx->forgotten ? 0 : announce_cancel(tx, msg);
    return err ? err : ix_sip_respond(s, tx->id, &(struct ix_sip_reply){ .status = 487 }, s->now);
}

int ix_sip_server_rekey(struct ix_sip_tx *tx)
{
    const struct ix_sip_msg *msg = &tx->request->msg;
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;

    ix_buf_init_fixed(&key, storage, sizeof storage);
    request_key(&key, tx->transport->id, msg, msg->method_name);
    return ix_sip_tx_set_key(tx, &key);
}

int ix_sip_server_send_last(struct ix_sip_tx *tx)
{
    struct ix_buf b;
    ix_buf_init(&b, IX_SIP_MAX_MESSAGE);
    ix_buf_put(&b, tx->last.p, tx->last.n);
    return ix_sip_send(tx->stack, tx->transport->id, &b);
}

int ix_sip_server_input(struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_msg *msg)
{
    if (msg->method == IX_SIP_ACK)
        return ack_input(s, t, msg);
    if (msg->method == IX_SIP_CANCEL)
        return cancel_input(s, t, msg);
    struct ix_sip_tx *tx = find(s, t->id, msg, msg->method_name);
    if (!tx && s->limbo && msg->method == IX_SIP_INVITE) {
        tx = find(s, s->limbo->id, msg, msg->method_name);
        if (!ix_sip_adopt(tx, t))
            tx = NULL;
    }
    if (tx)
        return tx->last.n ? ix_sip_server_send_last(tx) : 0;
    return new_request(s, t, msg);
}

/* ---- responses --------------------------------------------------------------------------- */

static bool makes_dialog(const struct ix_sip_tx *tx, unsigned status)
{
    return tx->method == IX_SIP_INVITE && status > 100 && status < 300;
}

static void write_response(struct ix_buf *b, const struct ix_sip_tx *tx, const struct ix_sip_reply *reply)
{
    bool dialog = makes_dialog(tx, reply->status), success = reply->status >= 200 && reply->status < 300;
    bool target =
        dialog ||
        (success && (tx->method == IX_SIP_UPDATE || tx->method == IX_SIP_OPTIONS || tx->method == IX_SIP_SUBSCRIBE));
    struct ix_sip_response_parts parts = { .status = reply->status,
        .phrase = reply->phrase,
        .contact = reply->contact,
        .headers = reply->headers,
        .content_type = reply->content_type,
        .body = reply->body,
        .record_route = dialog || tx->method == IX_SIP_SUBSCRIBE };
    parts.capabilities = success && (tx->method == IX_SIP_INVITE || tx->method == IX_SIP_OPTIONS);
    if (target && !parts.contact.n)
        parts.contact = ix_str(ix_sip_transport_target(tx->transport));
    if (reply->status > 100)
        parts.to_tag = local_tag(tx);
    ix_sip_response_write(b, tx->stack, &tx->request->msg, &parts);
}

/* 2xx to INVITE: it goes out again until the ACK comes (RFC 3261 section 13.3.1.4) */
static void accept(struct ix_sip_tx *tx)
{
    uint64_t now = tx->stack->now.mono_us;
    ix_sip_tx_set_state(tx, IX_SIP_TX_ACCEPTED);
    tx->interval_us = IX_SIP_T1;
    tx->resend_us = ix_time_add(now, IX_SIP_T1);
    tx->end_us = ix_time_add(now, IX_SIP_64T1); /* timer L, and the longest wait for the ACK */
    ix_sip_tx_timer(tx, tx->resend_us);
    struct ix_sip_tx *before = ix_sip_tx_find(tx->stack, tx->dialog->unacked);
    if (before && before != tx && !before->acked)
        ix_sip_tx_end(before); /* the peer goes on: it will not be acknowledged any more */
    tx->dialog->unacked = tx->id;
    ix_sip_dialog_confirm(tx->dialog);
}

static void after_response(struct ix_sip_tx *tx, unsigned status)
{
    uint64_t now = tx->stack->now.mono_us;
    tx->last_status = status;
    if (status < 200) {
        if (tx->method == IX_SIP_INVITE)
            ix_sip_tx_timer(tx, ix_time_add(now, PROVISIONAL_US));
    } else if (tx->method != IX_SIP_INVITE) {
        ix_sip_tx_end(tx);
    } else if (status < 300) {
        accept(tx);
    } else {
        ix_sip_tx_set_state(tx, IX_SIP_TX_COMPLETED);
        ix_sip_tx_timer(tx, ix_time_add(now, IX_SIP_64T1)); /* timer H */
    }
}

static int respond(struct ix_sip_tx *tx, const struct ix_sip_reply *reply)
{
    struct ix_buf b;
    ix_buf_init(&b, IX_SIP_MAX_MESSAGE);
    write_response(&b, tx, reply);
    ix_buf_reset(&tx->last);
    ix_buf_put(&tx->last, b.p, b.n);
    int err = b.err ? b.err : tx->last.err;
    if (err) {
        ix_buf_reset(&tx->last);
        ix_buf_clear(&b);
        return err;
    }
    err = ix_sip_send(tx->stack, tx->transport->id, &b);
    if (!err)
        after_response(tx, reply->status);
    return err;
}

int ix_sip_respond(struct ix_sip_stack *s, ix_sip_txn txn, const struct ix_sip_reply *reply, struct ix_now now)
{
    struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);
    s->now = now;
    if (!tx || !tx->server)
        return IRISX_E_NOT_FOUND;
    if (tx->state != IX_SIP_TX_PROCEEDING)
        return IRISX_E_STATE;
    if (reply->status < 100 || reply->status > 699 || !ix_sip_lines_valid(reply->headers))
        return IRISX_E_INVALID;
    if (reply->body.n && !reply->content_type.n)
        return IRISX_E_INVALID;
    if (reply->dialog && tx->dialog != reply->dialog)
        return IRISX_E_INVALID;
    if (tx->method == IX_SIP_INVITE && reply->status >= 200 && reply->status < 300 && !tx->dialog)
        return IRISX_E_INVALID; /* nothing could match the ACK */
    return respond(tx, reply);
}

/* ---- timers ------------------------------------------------------------------------------ */

static void proceeding_timeout(struct ix_sip_tx *tx)
{
    if (tx->method != IX_SIP_INVITE) {
        ix_sip_tx_end(tx);
        return;
    }
    if (ix_sip_orphaned(tx)) {
        ix_sip_tx_fail(tx, IRISX_E_NETWORK); /* nobody came back */
        return;
    }
    if (!tx->last_status) {
        (void) respond(tx, &(struct ix_sip_reply){ .status = 100 }); /* out of memory: it is a courtesy */
        return;
    }
    if (tx->last_status > 100)
        (void) ix_sip_server_send_last(tx);
    ix_sip_tx_timer(tx, ix_time_add(tx->stack->now.mono_us, PROVISIONAL_US));
}

static void accepted_timeout(struct ix_sip_tx *tx)
{
    uint64_t now = tx->stack->now.mono_us;
    if (tx->acked || tx->forgotten) {
        ix_sip_tx_end(tx);
        return;
    }
    if (now >= tx->end_us) {
        ix_sip_tx_fail(tx, IRISX_E_TIMEOUT);
        return;
    }
    (void) ix_sip_server_send_last(tx); /* out of memory: the next one may go out */
    tx->interval_us = IX_MIN(2 * tx->interval_us, IX_SIP_T2);
    tx->resend_us = ix_time_add(now, tx->interval_us);
    ix_sip_tx_timer(tx, IX_MIN(tx->resend_us, tx->end_us));
}

void ix_sip_server_timeout(struct ix_sip_tx *tx)
{
    switch (tx->state) {
    case IX_SIP_TX_PROCEEDING:
        proceeding_timeout(tx);
        break;
    case IX_SIP_TX_ACCEPTED:
        accepted_timeout(tx);
        break;
    case IX_SIP_TX_COMPLETED:
    case IX_SIP_TX_CALLING:
    case IX_SIP_TX_ENDED:
        ix_sip_tx_end(tx);
        break;
    }
}
