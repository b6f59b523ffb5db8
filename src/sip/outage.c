/* SPDX-License-Identifier: MIT */
/*
 * A connection that broke. Ours will be made again: who was told good-bye must hear it, else a platform learns of a
 * hang-up only from silence, and bills it; and who rings, either way, goes on ringing. A BYE goes out again with the
 * same branch and CSeq (to a server that had it, a retransmission), so does what we answered an INVITE; an INVITE of
 * ours is asked again by its owner (ix_sip_ask_again), or cancelled if nobody wants it any more, which RFC 3261
 * section 9.1 allows before a 1xx here: nothing can overtake it on a new connection.
 *
 * One that somebody opened to us may be made again as another one: INVITEs that ring wait in limbo for ORPHAN_US, and
 * the first message of theirs on any connection takes them there. Branch, Call-ID and sequence number together are a
 * secret of the two, as tags are for a dialog (README).
 */
#include "sip/stack.h"

/* what of it goes on when the connection is back; what ends now is told, or not, by the caller */
static bool keep(const struct ix_sip_tx *tx)
{
    bool early = tx->state == IX_SIP_TX_CALLING || tx->state == IX_SIP_TX_PROCEEDING;

    if (tx->method == IX_SIP_BYE)
        return !tx->server;
    if (tx->method != IX_SIP_INVITE)
        return false;
    if (tx->server) /* one within a dialog is asked again by who asked */
        return (early && !(tx->dialog && tx->dialog->state == IX_SIP_CONFIRMED)) || tx->state == IX_SIP_TX_COMPLETED ||
               (tx->state == IX_SIP_TX_ACCEPTED && !tx->acked);
    return tx->state == IX_SIP_TX_ACCEPTED || !tx->dialog;
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
        if (keep(tx)) {
            if (!tx->server && tx->method == IX_SIP_INVITE && tx->state != IX_SIP_TX_ACCEPTED)
                ix_sip_tx_timer(tx, ix_time_add(s->now.mono_us, IX_SIP_64T1));
            continue;
        }
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
        else if (tx->method == IX_SIP_INVITE && tx->last.n)
            (void) ix_sip_server_send_last(tx); /* as above */
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

/* ---- the server's side: another connection of the same peer ---------------------------------- */
#define ORPHAN_US (20 * IX_S)

static bool orphan(const struct ix_sip_tx *tx)
{
    if (tx->method != IX_SIP_INVITE || !keep(tx) || tx->state == IX_SIP_TX_COMPLETED)
        return false;
    /* a 2xx may come again and wants its ACK, whoever has lost interest */
    return (!tx->server && tx->state == IX_SIP_TX_ACCEPTED) || (!tx->forgotten && !tx->cancel_wanted);
}

static int limbo_make(struct ix_sip_stack *s)
{
    struct ix_sip_transport_config config = { 0 };
    int err = s->limbo ? 0 : ix_sip_transport_opened(s, IX_SIP_LIMBO, &config);

    if (err || s->limbo)
        return err;
    s->limbo = ix_sip_transport_find(s, IX_SIP_LIMBO);
    s->limbo->lost = true;
    return 0;
}

static int move(struct ix_sip_tx *tx, struct ix_sip_transport *to)
{
    struct ix_sip_transport *from = tx->transport;
    int err;

    tx->transport = to;
    err = tx->server ? ix_sip_server_rekey(tx) : ix_sip_client_rekey(tx);
    if (err) {
        tx->transport = from;
        return err;
    }
    ix_list_remove(&tx->in_transport);
    ix_list_append(&to->txs, &tx->in_transport);
    if (tx->dialog)
        tx->dialog->transport = to->id;
    return 0;
}

void ix_sip_transport_orphan(struct ix_sip_stack *s, uint32_t id, struct ix_now now)
{
    struct ix_sip_transport *t = ix_sip_transport_any(s, id);

    if (!t)
        return;
    s->now = now;
    ix_sip_transport_drop(s, id);
    IX_LIST_EACH_SAFE (node, &t->txs) {
        struct ix_sip_tx *tx = IX_CONTAINER(node, struct ix_sip_tx, in_transport);

        if (!orphan(tx) || limbo_make(s) || move(tx, s->limbo))
            continue; /* it fails with the connection */
        if (!(tx->server && tx->state == IX_SIP_TX_ACCEPTED) && tx->state != IX_SIP_TX_ACCEPTED)
            ix_sip_tx_timer(tx, ix_time_add(now.mono_us, ORPHAN_US));
    }
    ix_sip_transport_closed(s, id, now);
}

bool ix_sip_orphaned(const struct ix_sip_tx *tx)
{
    return tx->transport == tx->stack->limbo;
}

bool ix_sip_adopt(struct ix_sip_tx *tx, struct ix_sip_transport *t)
{
    if (!tx || move(tx, t))
        return false;
    if (tx->state != IX_SIP_TX_ACCEPTED)
        ix_sip_tx_timer(tx, tx->server || tx->state == IX_SIP_TX_PROCEEDING
                                ? IX_NEVER
                                : ix_time_add(tx->stack->now.mono_us, IX_SIP_64T1));
    return true;
}
