/* SPDX-License-Identifier: MIT */
/* What client and server transactions share: making, finding, timing, ending (RFC 3261 section 17). */
#include "sip/stack.h"

#define FAR (IX_NEVER - 1)

static struct ix_str handle_key(const ix_sip_txn *id)
{
    return ix_str_n(id, sizeof *id);
}

struct ix_sip_tx *ix_sip_tx_find(const struct ix_sip_stack *s, ix_sip_txn txn)
{
    return ix_map_get(s->ids, handle_key(&txn));
}

int ix_sip_tx_new(struct ix_sip_stack *s, struct ix_sip_transport *t, struct ix_sip_tx **out)
{
    if (ix_map_count(s->ids) >= s->max_transactions)
        return IRISX_E_LIMIT;
    struct ix_sip_tx *tx = ix_alloc(sizeof *tx);
    if (!tx)
        return IRISX_E_NO_MEMORY;
    tx->stack = s;
    tx->transport = t;
    tx->id = ++s->next_id;
    ix_list_init(&tx->forks);
    ix_buf_init(&tx->last, IX_SIP_MAX_MESSAGE);
    ix_buf_init(&tx->credentials, 8192);
    ix_buf_init(&tx->cancel_headers, 4096);
    ix_list_append(&t->txs, &tx->in_transport);
    int err = ix_heap_set(&s->heap, &tx->timer, FAR);
    if (!err)
        err = ix_map_set(s->ids, handle_key(&tx->id), tx);
    if (err) {
        ix_sip_tx_end(tx);
        return err;
    }
    *out = tx;
    return 0;
}

int ix_sip_tx_set_key(struct ix_sip_tx *tx, const struct ix_buf *key)
{
    if (key->err)
        return key->err;
    char *copy = ix_dup_mem(key->p, key->n);
    int err = copy ? ix_map_set(tx->stack->branches, ix_str_n(key->p, key->n), tx) : IRISX_E_NO_MEMORY;
    if (err) {
        ix_free(copy);
        return err;
    }
    if (tx->key)
        (void) ix_map_remove(tx->stack->branches, ix_str_n(tx->key, tx->key_len));
    ix_free(tx->key);
    tx->key = copy;
    tx->key_len = key->n;
    return 0;
}

void ix_sip_tx_timer(struct ix_sip_tx *tx, uint64_t at_us)
{
    int err = ix_heap_set(&tx->stack->heap, &tx->timer, IX_MIN(at_us, FAR));
    IX_ASSERT(!err); /* it has its place since ix_sip_tx_new */
}

void ix_sip_tx_set_state(struct ix_sip_tx *tx, enum ix_sip_tx_state state)
{
    ix_log(tx->stack->log, IX_LOG_TRACE, "sip", "%s %s transaction %llu: state %d to %d",
        tx->server ? "server" : "client", ix_sip_method_name(tx->method), (unsigned long long) tx->id, (int) tx->state,
        (int) state);
    tx->state = state;
}

void ix_sip_tx_join(struct ix_sip_tx *tx, struct ix_sip_dialog *d)
{
    ix_sip_tx_leave(tx);
    tx->dialog = d;
    ix_list_append(&d->txs, &tx->in_dialog);
}

void ix_sip_tx_leave(struct ix_sip_tx *tx)
{
    ix_list_remove(&tx->in_dialog);
    tx->dialog = NULL;
}

static void free_forks(struct ix_sip_tx *tx)
{
    struct ix_list *node;
    while ((node = ix_list_pop(&tx->forks)) != NULL) {
        struct ix_sip_fork *fork = IX_CONTAINER(node, struct ix_sip_fork, node);
        ix_buf_clear(&fork->ack);
        ix_free(fork);
    }
}

/* out of every table and list, nothing held but the struct itself */
static void detach(struct ix_sip_tx *tx)
{
    struct ix_sip_stack *s = tx->stack;
    ix_list_remove(&tx->in_transport);
    ix_sip_tx_leave(tx);
    ix_heap_remove(&s->heap, &tx->timer);
    (void) ix_map_remove(s->ids, handle_key(&tx->id));
    if (tx->key)
        (void) ix_map_remove(s->branches, ix_str_n(tx->key, tx->key_len));
    ix_sip_server_unmerge(tx);
    ix_free(tx->key);
    tx->key = NULL;
    free_forks(tx);
    ix_buf_clear(&tx->draft.text);
    ix_buf_clear(&tx->credentials);
    ix_buf_clear(&tx->cancel_headers);
    ix_buf_clear(&tx->last);
    ix_sip_unhold(tx->request);
    tx->request = NULL;
    tx->state = IX_SIP_TX_ENDED;
}

void ix_sip_tx_end(struct ix_sip_tx *tx)
{
    detach(tx);
    ix_free(tx);
}

void ix_sip_tx_fail(struct ix_sip_tx *tx, int err)
{
    struct ix_sip_dialog *d = tx->dialog;
    if (tx->forgotten) {
        ix_sip_tx_end(tx);
        return;
    }
    tx->end.owner = tx;
    tx->end.out = (struct ix_sip_out){ .kind = IX_SIP_OUT_FAILED,
        .transport = tx->transport->id,
        .txn = tx->id,
        .cseq = tx->cseq,
        .server = tx->server,
        .user = tx->user,
        .dialog = d,
        .err = err };
    if (tx->server && !tx->user && d)
        tx->end.out.user = d->user;
    detach(tx);
    ix_sip_event_queue(tx->stack, &tx->end);
}

const struct ix_sip_msg *ix_sip_txn_request(const struct ix_sip_stack *s, ix_sip_txn txn)
{
    const struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);
    return tx && tx->server ? &tx->request->msg : NULL;
}

int ix_sip_txn_set_user(struct ix_sip_stack *s, ix_sip_txn txn, void *user)
{
    struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);
    if (!tx)
        return IRISX_E_NOT_FOUND;
    tx->user = user;
    return 0;
}

size_t ix_sip_txn_count(const struct ix_sip_stack *s)
{
    return ix_map_count(s->ids);
}

uint64_t ix_sip_overload_count(const struct ix_sip_stack *s)
{
    return s->overload;
}

void ix_sip_txn_forget(struct ix_sip_stack *s, ix_sip_txn txn, struct ix_now now)
{
    static const enum ix_sip_out_kind told[] = { IX_SIP_OUT_REQUEST, IX_SIP_OUT_CANCELLED, IX_SIP_OUT_RESPONSE,
        IX_SIP_OUT_FAILED };
    struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);

    s->now = now;
    for (size_t i = 0; i < IX_COUNT(told); i++)
        (void) ix_sip_queue_drop(s, told[i], txn);
    if (!tx || tx->forgotten)
        return;
    tx->forgotten = true;
    tx->user = NULL;
    if (!tx->server)
        ix_sip_client_forget(tx);
    else if (tx->state == IX_SIP_TX_PROCEEDING)
        (void) ix_sip_respond(s, txn, &(struct ix_sip_reply){ .status = tx->method == IX_SIP_INVITE ? 480 : 500 }, now);
}
