/* SPDX-License-Identifier: MIT */
/*
 * Client transactions over a reliable transport (RFC 3261 section 17.1, RFC 6026), with the answer to a digest
 * challenge as a further try under the same handle.
 *
 *   INVITE      CALLING -1xx-> PROCEEDING -2xx-> ACCEPTED -timer M 32 s-> ended
 *                  |  timer B 32 s: FAILED    \-300..699: ACK-> ended (timer D is 0 here)
 *   others      CALLING -1xx-> PROCEEDING -final-> ended (timer K is 0 here); timer F 32 s from the start: FAILED
 */
#include "sip/stack.h"

#include <string.h>

#define MAX_TRIES 5 /* a WWW and a proxy challenge, each once stale */

static void branch_key(struct ix_buf *b, uint32_t transport, struct ix_str branch, struct ix_str method)
{
    ix_buf_u8(b, 'c');
    ix_buf_u32(b, transport);
    ix_buf_strv(b, branch);
    ix_buf_u8(b, 0);
    ix_buf_strv(b, method);
}

static int new_branch(struct ix_sip_tx *tx)
{
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;
    memcpy(tx->branch, IX_SIP_COOKIE, sizeof IX_SIP_COOKIE);
    ix_rng_token(tx->stack->rng, tx->branch + sizeof IX_SIP_COOKIE - 1, IX_SIP_BRANCH);
    ix_buf_init_fixed(&key, storage, sizeof storage);
    branch_key(&key, tx->transport->id, ix_str(tx->branch), ix_sip_draft_part(&tx->draft, tx->draft.method_name));
    return ix_sip_tx_set_key(tx, &key);
}

/* one try: new branch, credentials as far as known, timer B or F from now */
static int try_once(struct ix_sip_tx *tx)
{
    struct ix_sip_draft *draft = &tx->draft;
    struct ix_buf b;
    int err = new_branch(tx);
    if (err)
        return err;
    ix_buf_reset(&tx->credentials);
    if (tx->auth)
        ix_sip_auth_write(tx->auth, &tx->credentials, ix_sip_draft_part(draft, draft->method_name),
            ix_sip_draft_part(draft, draft->uri), ix_sip_draft_part(draft, draft->body));
    if (tx->credentials.err)
        return tx->credentials.err;
    ix_buf_init(&b, IX_SIP_MAX_MESSAGE);
    ix_sip_draft_write(&b, draft, tx->transport, tx->branch, tx->cseq, ix_str_n(tx->credentials.p, tx->credentials.n));
    err = ix_sip_send(tx->stack, tx->transport->id, &b);
    if (err)
        return err;
    tx->tries++;
    ix_sip_tx_set_state(tx, IX_SIP_TX_CALLING);
    ix_sip_tx_timer(tx, ix_time_add(tx->stack->now.mono_us, IX_SIP_64T1));
    return 0;
}

int ix_sip_client_start(struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_request *req,
    struct ix_sip_dialog *d, uint32_t cseq, void *user, ix_sip_txn *txn)
{
    struct ix_sip_tx *tx;
    int err = ix_sip_tx_new(s, t, &tx);
    if (err)
        return err;
    tx->method = req->method;
    tx->user = user;
    tx->auth = req->auth;
    tx->cseq = cseq;
    if (d)
        ix_sip_tx_join(tx, d);
    err = ix_sip_draft_make(&tx->draft, s, t, req, d);
    if (!err)
        err = try_once(tx);
    if (err) {
        ix_sip_tx_end(tx);
        return err;
    }
    if (txn)
        *txn = tx->id;
    return 0;
}

int ix_sip_send_request(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_request *req, void *user,
    struct ix_now now, ix_sip_txn *txn)
{
    struct ix_sip_transport *t = ix_sip_transport_find(s, transport);
    s->now = now;
    if (!t)
        return IRISX_E_CLOSED;
    if (req->method == IX_SIP_ACK || req->method == IX_SIP_CANCEL)
        return IRISX_E_INVALID;
    return ix_sip_client_start(s, t, req, NULL, req->cseq ? req->cseq : 1, user, txn);
}

/* ---- CANCEL ------------------------------------------------------------------------------ */

static int send_cancel(struct ix_sip_tx *tx)
{
    struct ix_buf b;
    ix_buf_init(&b, IX_SIP_MAX_MESSAGE);
    ix_sip_draft_write_bare(&b, &tx->draft, tx->transport, tx->branch, tx->cseq, "CANCEL",
        ix_sip_draft_part(&tx->draft, tx->draft.to), ix_str_n(tx->cancel_headers.p, tx->cancel_headers.n));
    int err = ix_sip_send(tx->stack, tx->transport->id, &b);
    if (err)
        return err;
    tx->cancel_sent = true;
    ix_sip_tx_timer(tx, ix_time_add(tx->stack->now.mono_us, IX_SIP_64T1)); /* RFC 3261 section 9.1, last paragraph */
    return 0;
}

static int cancel(struct ix_sip_tx *tx, struct ix_str headers)
{
    if (tx->cancel_wanted)
        return 0;
    ix_buf_reset(&tx->cancel_headers);
    ix_buf_strv(&tx->cancel_headers, headers);
    if (tx->cancel_headers.err)
        return tx->cancel_headers.err;
    int err = tx->state == IX_SIP_TX_PROCEEDING ? send_cancel(tx) : 0;
    if (!err)
        tx->cancel_wanted = true;
    return err;
}

int ix_sip_cancel(struct ix_sip_stack *s, ix_sip_txn txn, struct ix_str headers, struct ix_now now)
{
    struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);
    s->now = now;
    if (!tx || tx->server)
        return IRISX_E_NOT_FOUND;
    if (tx->method != IX_SIP_INVITE || !ix_sip_lines_valid(headers))
        return IRISX_E_INVALID;
    if (tx->state == IX_SIP_TX_ACCEPTED)
        return IRISX_E_STATE;
    return cancel(tx, headers);
}

void ix_sip_client_forget(struct ix_sip_tx *tx)
{
    tx->auth = NULL; /* its owner may go away now */
    if (tx->method == IX_SIP_INVITE && tx->state != IX_SIP_TX_ACCEPTED)
        (void) cancel(tx, IX_STR_NONE); /* out of memory: the transaction ends by its timer */
}

static int send_copy(struct ix_sip_tx *tx, const struct ix_buf *bytes)
{
    struct ix_buf b;
    ix_buf_init(&b, IX_SIP_MAX_MESSAGE);
    ix_buf_put(&b, bytes->p, bytes->n);
    return ix_sip_send(tx->stack, tx->transport->id, &b);
}

static int send_again(struct ix_sip_tx *tx)
{
    struct ix_buf b;

    ix_buf_init(&b, IX_SIP_MAX_MESSAGE);
    ix_sip_draft_write(
        &b, &tx->draft, tx->transport, tx->branch, tx->cseq, ix_str_n(tx->credentials.p, tx->credentials.n));
    return ix_sip_send(tx->stack, tx->transport->id, &b);
}

int ix_sip_ask_again(struct ix_sip_stack *s, ix_sip_txn txn, struct ix_now now)
{
    struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);

    s->now = now;
    if (!tx || tx->server || tx->method != IX_SIP_INVITE || tx->state == IX_SIP_TX_ACCEPTED || tx->cancel_wanted)
        return IRISX_E_NOT_FOUND;
    ix_sip_tx_timer(tx, ix_time_add(now.mono_us, IX_SIP_64T1));
    return send_again(tx);
}

int ix_sip_client_rekey(struct ix_sip_tx *tx)
{
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;

    ix_buf_init_fixed(&key, storage, sizeof storage);
    branch_key(&key, tx->transport->id, ix_str(tx->branch), ix_sip_draft_part(&tx->draft, tx->draft.method_name));
    return ix_sip_tx_set_key(tx, &key);
}

int ix_sip_client_resume(struct ix_sip_tx *tx)
{
    if (tx->method == IX_SIP_INVITE && tx->cancel_wanted)
        return send_cancel(tx);
    IX_LIST_EACH (node, &tx->forks) { /* the ACK may have gone with the connection */
        struct ix_sip_fork *fork = IX_CONTAINER(node, struct ix_sip_fork, node);
        int err = fork->ack.n ? send_copy(tx, &fork->ack) : 0;

        if (err)
            return err;
    }
    return tx->method == IX_SIP_BYE ? send_again(tx) : 0;
}

/* ---- responses --------------------------------------------------------------------------- */

static int tell(struct ix_sip_tx *tx, const struct ix_sip_msg *msg, struct ix_sip_dialog *d)
{
    if (tx->forgotten)
        return 0;
    struct ix_sip_event *ev = ix_sip_event_new(IX_SIP_OUT_RESPONSE);
    if (!ev)
        return IRISX_E_NO_MEMORY;
    ev->held = ix_sip_hold(msg);
    if (!ev->held) {
        ix_sip_event_release(ev);
        return IRISX_E_NO_MEMORY;
    }
    ev->out.transport = tx->transport->id;
    ev->out.txn = tx->id;
    ev->out.user = tx->user;
    ev->out.cseq = tx->cseq;
    ev->out.msg = &ev->held->msg;
    ev->out.dialog = d;
    ix_sip_event_queue(tx->stack, ev);
    return 0;
}

/* tells the final response; without memory for it the outcome is told all the same */
static int finish(struct ix_sip_tx *tx, const struct ix_sip_msg *msg, struct ix_sip_dialog *d)
{
    int err = tell(tx, msg, d);
    if (err)
        ix_sip_tx_fail(tx, err);
    else
        ix_sip_tx_end(tx);
    return err;
}

static struct ix_sip_dialog *dialog_of(const struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    if (tx->dialog)
        return tx->dialog;
    return msg->to_tag.n ? ix_sip_dialog_find(tx->stack, msg->call_id, msg->from_tag, msg->to_tag) : NULL;
}

static int provisional(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    bool first = tx->state == IX_SIP_TX_CALLING;
    if (!first && tx->method == IX_SIP_INVITE && !tx->cancel_wanted)
        ix_sip_tx_timer(tx, IX_NEVER); /* it was asked again after an outage, and is there */
    struct ix_sip_dialog *d = dialog_of(tx, msg);

    if (first) {
        ix_sip_tx_set_state(tx, IX_SIP_TX_PROCEEDING);
        if (tx->method == IX_SIP_INVITE)
            ix_sip_tx_timer(tx, IX_NEVER); /* it may ring for ever; timer F of others goes on */
        if (tx->cancel_wanted)
            (void) send_cancel(tx); /* out of memory: the next 1xx, or the final response, comes */
    } else if (tx->cancel_wanted && !tx->cancel_sent) {
        (void) send_cancel(tx);
    }
    if (msg->status == 100)
        return 0;
    int err = d ? ix_sip_dialog_response(d, tx, msg) : 0;
    return err ? err : tell(tx, msg, d);
}

/* a challenge that can be answered: the same request once more. 1: done so; IRISX_E_NO_MEMORY: it could be, but not now
 */
static int answer_challenge(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    if (!tx->auth || (msg->status != 401 && msg->status != 407) || tx->cancel_wanted || tx->tries >= MAX_TRIES)
        return 0;
    int err = ix_sip_auth_challenge(tx->auth, msg, tx->credentials.n > 0);
    if (!err) {
        tx->cseq = tx->dialog ? ++tx->dialog->local_cseq : tx->cseq + 1;
        err = try_once(tx);
    }
    return !err ? 1 : err == IRISX_E_NO_MEMORY ? err : 0;
}

/* RFC 3261 section 17.1.1.3: same branch, To as answered */
static void acknowledge_refusal(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    struct ix_buf b;
    ix_buf_init(&b, IX_SIP_MAX_MESSAGE);
    ix_sip_draft_write_bare(
        &b, &tx->draft, tx->transport, tx->branch, tx->cseq, "ACK", ix_sip_get(msg, IX_SIP_H_TO), IX_STR_NONE);
    (void) ix_sip_send(tx->stack, tx->transport->id, &b); /* out of memory: the peer gives up waiting for it */
}

static int refused(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    if (tx->state == IX_SIP_TX_ACCEPTED)
        return 0;
    if (tx->method == IX_SIP_INVITE)
        acknowledge_refusal(tx, msg);
    int answered = answer_challenge(tx, msg);
    if (answered < 0)
        ix_sip_tx_fail(tx, answered); /* the refusal is no word about the credentials */
    if (answered)
        return 0;
    return finish(tx, msg, dialog_of(tx, msg));
}

/* ---- 2xx to INVITE ----------------------------------------------------------------------- */

static struct ix_sip_fork *find_fork(const struct ix_sip_tx *tx, struct ix_str tag)
{
    IX_LIST_EACH (node, &tx->forks) {
        struct ix_sip_fork *fork = IX_CONTAINER(node, struct ix_sip_fork, node);
        if (ix_str_eq(ix_str_n(fork->tag, fork->tag_len), tag))
            return fork;
    }
    return NULL;
}

static int add_fork(struct ix_sip_tx *tx, struct ix_str tag, struct ix_sip_fork **out)
{
    if (tx->fork_count == IX_SIP_FORKS)
        return IRISX_E_LIMIT;
    struct ix_sip_fork *fork = ix_alloc(sizeof *fork + tag.n + 1);
    if (!fork)
        return IRISX_E_NO_MEMORY;
    ix_buf_init(&fork->ack, IX_SIP_MAX_MESSAGE);
    fork->tag_len = tag.n;
    if (tag.n)
        memcpy(fork->tag, tag.p, tag.n);
    ix_list_append(&tx->forks, &fork->node);
    tx->fork_count++;
    *out = fork;
    return 0;
}

static void remove_fork(struct ix_sip_tx *tx, struct ix_sip_fork *fork)
{
    ix_list_remove(&fork->node);
    ix_buf_clear(&fork->ack);
    ix_free(fork);
    tx->fork_count--;
}

int ix_sip_client_ack(struct ix_sip_tx *tx, struct ix_str tag, const struct ix_buf *ack)
{
    struct ix_sip_fork *fork = find_fork(tx, tag);
    if (!fork)
        return 0;
    ix_buf_reset(&fork->ack);
    ix_buf_put(&fork->ack, ack->p, ack->n);
    return fork->ack.err;
}

/* nobody wants the call any more: ACK, BYE (RFC 3261 section 13.2.2.4) */
static int hang_up_late(struct ix_sip_tx *tx, const struct ix_sip_msg *msg, struct ix_sip_dialog *d)
{
    struct ix_sip_stack *s = tx->stack;
    struct ix_sip_dialog *made = NULL;
    ix_sip_txn bye = 0;
    int err = d ? 0 : ix_sip_dialog_uac(s, tx->id, msg, NULL, &made);
    if (err)
        return err;
    d = d ? d : made;
    err = ix_sip_dialog_ack(d, IX_STR_NONE, IX_STR_NONE, s->now);
    if (!err)
        err = ix_sip_dialog_request(d, &(struct ix_sip_request){ .method = IX_SIP_BYE }, NULL, s->now, &bye);
    if (!err)
        ix_sip_txn_forget(s, bye, s->now);
    ix_sip_dialog_free(made, s->now);
    return err;
}

static int accepted(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    struct ix_sip_fork *fork = find_fork(tx, msg->to_tag);
    struct ix_sip_dialog *d = dialog_of(tx, msg);
    int err = 0;

    if (fork && fork->ack.n)
        return send_copy(tx, &fork->ack);
    if (fork && !tx->forgotten)
        return 0; /* the caller has it and has not acknowledged yet */
    if (!fork)
        err = add_fork(tx, msg->to_tag, &fork);
    if (err)
        return err;
    if (d)
        err = ix_sip_dialog_response(d, tx, msg);
    if (!err)
        err = tx->forgotten ? hang_up_late(tx, msg, d) : tell(tx, msg, d);
    if (err) {
        remove_fork(tx, fork); /* the 2xx will come again */
        return err;
    }
    if (tx->state != IX_SIP_TX_ACCEPTED) {
        ix_sip_tx_set_state(tx, IX_SIP_TX_ACCEPTED);
        ix_sip_tx_timer(tx, ix_time_add(tx->stack->now.mono_us, IX_SIP_64T1)); /* timer M */
    }
    return 0;
}

static int succeeded(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    struct ix_sip_dialog *d = dialog_of(tx, msg);
    int err = d ? ix_sip_dialog_response(d, tx, msg) : 0;
    if (err) {
        ix_sip_tx_fail(tx, err);
        return err;
    }
    return finish(tx, msg, d);
}

/* ---- entry ------------------------------------------------------------------------------- */

static bool single_via(const struct ix_sip_msg *msg)
{
    struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_VIA);
    struct ix_str value;
    return ix_sip_values_next(&it, &value) && !ix_sip_values_next(&it, &value);
}

static struct ix_sip_tx *find(struct ix_sip_stack *s, const struct ix_sip_transport *t, const struct ix_sip_msg *msg)
{
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;
    ix_buf_init_fixed(&key, storage, sizeof storage);
    /* what is answered to a CANCEL concerns the INVITE: it has no transaction of its own here */
    branch_key(&key, t->id, msg->via.branch, msg->method == IX_SIP_CANCEL ? IX_STR("INVITE") : msg->method_name);
    return key.err ? NULL : ix_map_get(s->branches, ix_str_n(key.p, key.n));
}

/* 481 to the CANCEL of an INVITE that an outage orphaned: the server has never seen it, or has ended it (RFC 3261
 * section 9.2). While the connection holds, the final response says more. */
static int cancel_answered(struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    if (msg->status == 481 && tx->forgotten && tx->cancel_sent && tx->state != IX_SIP_TX_ACCEPTED)
        ix_sip_tx_end(tx);
    return 0;
}

int ix_sip_client_input(struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_msg *msg)
{
    struct ix_sip_tx *tx = single_via(msg) ? find(s, t, msg) : NULL;
    if (!tx && s->limbo && single_via(msg)) {
        tx = find(s, s->limbo, msg);
        if (!ix_sip_adopt(tx, t))
            tx = NULL;
    }
    if (!tx || tx->cseq != msg->cseq || !ix_str_eq(msg->call_id, ix_sip_draft_part(&tx->draft, tx->draft.call_id))) {
        ix_log(s->log, IX_LOG_DEBUG, "sip", "dropped a stray %u response", (unsigned) msg->status);
        return IRISX_E_NOT_FOUND;
    }
    if (msg->method == IX_SIP_CANCEL)
        return cancel_answered(tx, msg);
    if (msg->status < 200)
        return tx->state == IX_SIP_TX_ACCEPTED ? 0 : provisional(tx, msg);
    if (msg->status >= 300)
        return refused(tx, msg);
    return tx->method == IX_SIP_INVITE ? accepted(tx, msg) : succeeded(tx, msg);
}

void ix_sip_client_timeout(struct ix_sip_tx *tx)
{
    if (tx->state == IX_SIP_TX_ACCEPTED)
        ix_sip_tx_end(tx);
    else
        ix_sip_tx_fail(tx, ix_sip_orphaned(tx) ? IRISX_E_NETWORK : IRISX_E_TIMEOUT);
}
