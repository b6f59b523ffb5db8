/* SPDX-License-Identifier: MIT */
/*
 * A connection that broke and will be made again. Everything on it has failed, but who was told good-bye must hear it:
 * else a platform learns of a hang-up only from silence, and bills it. A BYE goes out again with the same branch and
 * CSeq (to a server that had it, a retransmission); an INVITE without a final response is cancelled, which RFC 3261
 * section 9.1 allows before a 1xx here: nothing can overtake it on a new connection.
 */
#include "sip/stack.h"

/* the caller hears of the failure, the transaction goes on to be cancelled; without memory it just fails */
static bool keep_invite(struct ix_sip_tx *tx)
{
    struct ix_sip_event *ev = tx->forgotten ? NULL : ix_sip_event_new(IX_SIP_OUT_FAILED);
    if (!tx->forgotten && !ev)
        return false;
    if (ev) {
        ev->out.transport = tx->transport->id;
        ev->out.txn = tx->id;
        ev->out.cseq = tx->cseq;
        ev->out.user = tx->user;
        ev->out.dialog = tx->dialog;
        ev->out.err = IRISX_E_NETWORK;
        ix_sip_event_queue(tx->stack, ev);
    }
    tx->forgotten = true;
    tx->user = NULL;
    ix_sip_client_forget(tx);
    ix_sip_tx_timer(tx, ix_time_add(tx->stack->now.mono_us, IX_SIP_64T1));
    return true;
}

static bool keep(struct ix_sip_tx *tx)
{
    if (tx->server)
        return false;
    if (tx->method == IX_SIP_INVITE)
        return tx->state == IX_SIP_TX_ACCEPTED || (!tx->dialog && keep_invite(tx));
    return tx->method == IX_SIP_BYE;
}

void ix_sip_transport_lost(struct ix_sip_stack *s, uint32_t id, struct ix_now now)
{
    struct ix_sip_transport *t = ix_sip_transport_find(s, id);
    if (!t)
        return;
    s->now = now;
    ix_sip_transport_drop(s, id);
    t->lost = true;
    IX_LIST_EACH_SAFE (node, &t->txs) {
        struct ix_sip_tx *tx = IX_CONTAINER(node, struct ix_sip_tx, in_transport);
        if (keep(tx))
            continue;
        if (ix_sip_tx_awaited(tx))
            ix_sip_tx_fail(tx, IRISX_E_NETWORK);
        else
            ix_sip_tx_end(tx);
    }
}

void ix_sip_transport_resume(struct ix_sip_transport *t)
{
    t->lost = false;
    IX_LIST_EACH (node, &t->txs) {
        struct ix_sip_tx *tx = IX_CONTAINER(node, struct ix_sip_tx, in_transport);
        if (!tx->server)
            (void) ix_sip_client_resume(tx); /* out of memory: the peer learns from silence after all */
    }
}

size_t ix_sip_transport_farewells(const struct ix_sip_stack *s, uint32_t id)
{
    const struct ix_sip_transport *t = ix_sip_transport_any(s, id);
    size_t count = 0;
    if (!t)
        return 0;
    IX_LIST_EACH (node, &t->txs) {
        const struct ix_sip_tx *tx = IX_CONTAINER(node, struct ix_sip_tx, in_transport);
        bool cancelled = tx->method == IX_SIP_INVITE && tx->cancel_wanted && tx->state != IX_SIP_TX_ACCEPTED;
        count += !tx->server && (tx->method == IX_SIP_BYE || cancelled);
    }
    return count;
}
