/* SPDX-License-Identifier: MIT */
/*
 * Dialogs (RFC 3261 section 12): the peers' tags, the route set, the remote target and both sequence numbers. A dialog
 * belongs to the caller; the stack knows it until it is freed. Whatever Contact says, requests go out on the
 * transport the dialog lives on (README: FreeSWITCH names a UDP address even on WebSockets).
 */
#include "sip/stack.h"

#define MAX_ROUTES 4096 /* bytes of a route set */

static void dialog_key(struct ix_buf *b, struct ix_str call_id, struct ix_str local_tag, struct ix_str remote_tag)
{
    ix_buf_strv(b, call_id);
    ix_buf_u8(b, 0);
    ix_buf_strv(b, local_tag);
    ix_buf_u8(b, 0);
    ix_buf_strv(b, remote_tag);
}

struct ix_sip_dialog *ix_sip_dialog_find(
    const struct ix_sip_stack *s, struct ix_str call_id, struct ix_str local_tag, struct ix_str remote_tag)
{
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;
    ix_buf_init_fixed(&key, storage, sizeof storage);
    dialog_key(&key, call_id, local_tag, remote_tag);
    return key.err ? NULL : ix_map_get(s->dialogs, ix_str_n(key.p, key.n));
}

/* ---- making one -------------------------------------------------------------------------- */

/* one line, and fit to be a C string: the NUL that a quoted pair may hold becomes a space */
static char *unfolded(struct ix_str value, const char *suffix, struct ix_str tag)
{
    struct ix_buf b;
    ix_buf_init(&b, 4096);
    ix_sip_unfold(&b, value);
    for (size_t i = 0; i < b.n; i++)
        b.p[i] = b.p[i] ? b.p[i] : ' ';
    ix_buf_str(&b, suffix);
    ix_buf_strv(&b, tag);
    return ix_buf_take(&b);
}

/* RFC 3261 sections 12.1.1 and 12.1.2: as recorded for a server, in reverse for a client */
static char *route_set(const struct ix_sip_msg *msg, bool reverse)
{
    struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_RECORD_ROUTE);
    struct ix_str routes[32], value;
    size_t count = 0;
    struct ix_buf b;

    while (count < IX_COUNT(routes) && ix_sip_values_next(&it, &value))
        routes[count++] = value;
    ix_buf_init(&b, MAX_ROUTES);
    for (size_t i = 0; i < count; i++) {
        ix_buf_str(&b, i ? ", " : "");
        ix_sip_unfold(&b, routes[reverse ? count - 1 - i : i]);
    }
    return ix_buf_take(&b);
}

/* replaces *text if there is memory for the new one */
static int replace(char **text, char *fresh)
{
    if (!fresh)
        return IRISX_E_NO_MEMORY;
    ix_free(*text);
    *text = fresh;
    return 0;
}

int ix_sip_dialog_register(struct ix_sip_dialog *d)
{
    uint8_t storage[IX_SIP_KEY];
    struct ix_buf key;
    ix_buf_init_fixed(&key, storage, sizeof storage);
    dialog_key(&key, ix_str(d->call_id), ix_str(d->local_tag), ix_str(d->remote_tag));
    if (key.err)
        return key.err;
    if (ix_map_get(d->stack->dialogs, ix_str_n(key.p, key.n)))
        return IRISX_E_CONFLICT;
    char *copy = ix_dup_mem(key.p, key.n);
    int err = copy ? ix_map_set(d->stack->dialogs, ix_str_n(key.p, key.n), d) : IRISX_E_NO_MEMORY;
    if (err) {
        ix_free(copy);
        return err;
    }
    d->key = copy;
    d->key_len = key.n;
    return 0;
}

void ix_sip_dialog_release(struct ix_sip_dialog *d)
{
    if (d->key)
        (void) ix_map_remove(d->stack->dialogs, ix_str_n(d->key, d->key_len));
    ix_free(d->key);
    ix_free(d->call_id);
    ix_free(d->local_tag);
    ix_free(d->remote_tag);
    ix_free(d->local);
    ix_free(d->remote);
    ix_free(d->target);
    ix_free(d->routes);
    ix_free(d);
}

static int complete(struct ix_sip_dialog *d, const struct ix_sip_msg *msg, struct ix_str fallback_target)
{
    struct ix_sip_addr contact;
    bool has = !ix_sip_get_addr(msg, IX_SIP_H_CONTACT, &contact) && !contact.star;
    d->target = ix_str_dup(has ? contact.uri.text : fallback_target);
    if (!d->call_id || !d->local_tag || !d->remote_tag || !d->local || !d->remote || !d->target || !d->routes)
        return IRISX_E_NO_MEMORY;
    return ix_sip_dialog_register(d);
}

struct ix_sip_dialog *ix_sip_dialog_alloc(struct ix_sip_stack *s, uint32_t transport, void *user)
{
    struct ix_sip_dialog *d = ix_alloc(sizeof *d);
    if (!d)
        return NULL;
    ix_list_init(&d->txs);
    d->stack = s;
    d->transport = transport;
    d->user = user;
    d->state = IX_SIP_EARLY;
    return d;
}

int ix_sip_dialog_uac(
    struct ix_sip_stack *s, ix_sip_txn txn, const struct ix_sip_msg *response, void *user, struct ix_sip_dialog **out)
{
    struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);
    if (!tx || tx->server)
        return IRISX_E_NOT_FOUND;
    if (tx->dialog || response->request || response->status <= 100 || response->status >= 300 || !response->to_tag.n)
        return IRISX_E_INVALID;
    struct ix_sip_dialog *d = ix_sip_dialog_alloc(s, tx->transport->id, user);
    if (!d)
        return IRISX_E_NO_MEMORY;
    d->call_id = ix_str_dup(response->call_id);
    d->local_tag = ix_str_dup(response->from_tag);
    d->remote_tag = ix_str_dup(response->to_tag);
    d->local = unfolded(ix_sip_get(response, IX_SIP_H_FROM), "", IX_STR_NONE);
    d->remote = unfolded(ix_sip_get(response, IX_SIP_H_TO), "", IX_STR_NONE);
    d->routes = route_set(response, true);
    d->local_cseq = response->cseq;
    d->invite_out = tx->id;
    int err = complete(d, response, ix_sip_draft_part(&tx->draft, tx->draft.uri));
    if (!err)
        err = ix_sip_dialog_response(d, tx, response);
    if (err) {
        ix_sip_dialog_release(d);
        return err;
    }
    *out = d;
    return 0;
}

int ix_sip_dialog_uas(struct ix_sip_stack *s, ix_sip_txn txn, void *user, struct ix_sip_dialog **out)
{
    struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);
    if (!tx || !tx->server)
        return IRISX_E_NOT_FOUND;
    const struct ix_sip_msg *msg = &tx->request->msg;
    if (tx->dialog || msg->to_tag.n || tx->state != IX_SIP_TX_PROCEEDING)
        return IRISX_E_STATE;
    struct ix_sip_dialog *d = ix_sip_dialog_alloc(s, tx->transport->id, user);
    if (!d)
        return IRISX_E_NO_MEMORY;
    d->call_id = ix_str_dup(msg->call_id);
    d->local_tag = ix_dup_cstr(tx->tag);
    d->remote_tag = ix_str_dup(msg->from_tag);
    d->local = unfolded(ix_sip_get(msg, IX_SIP_H_TO), ";tag=", ix_str(tx->tag));
    d->remote = unfolded(ix_sip_get(msg, IX_SIP_H_FROM), "", IX_STR_NONE);
    d->routes = route_set(msg, false);
    d->remote_cseq = msg->cseq;
    d->has_remote_cseq = true;
    d->invite_in = msg->method == IX_SIP_INVITE ? tx->id : 0;
    int err = complete(d, msg, msg->from.uri.text);
    if (err) {
        ix_sip_dialog_release(d);
        return err;
    }
    ix_sip_tx_join(tx, d);
    *out = d;
    return 0;
}

int ix_sip_dialog_subscriber(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_msg *msg, ix_sip_txn txn,
    struct ix_str target, void *user, struct ix_sip_dialog **out)
{
    bool theirs = msg->request; /* a NOTIFY: its From is the other side */
    const struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);
    struct ix_sip_dialog *d;
    int err;

    if (!msg->to_tag.n || !msg->from_tag.n)
        return IRISX_E_INVALID;
    d = ix_sip_dialog_alloc(s, transport, user);
    if (!d)
        return IRISX_E_NO_MEMORY;
    d->call_id = ix_str_dup(msg->call_id);
    d->local_tag = ix_str_dup(theirs ? msg->to_tag : msg->from_tag);
    d->remote_tag = ix_str_dup(theirs ? msg->from_tag : msg->to_tag);
    d->local = unfolded(ix_sip_get(msg, theirs ? IX_SIP_H_TO : IX_SIP_H_FROM), "", IX_STR_NONE);
    d->remote = unfolded(ix_sip_get(msg, theirs ? IX_SIP_H_FROM : IX_SIP_H_TO), "", IX_STR_NONE);
    d->routes = route_set(msg, !theirs);
    d->local_cseq = !theirs ? msg->cseq : tx ? tx->cseq : 1;
    d->remote_cseq = theirs ? msg->cseq : 0;
    d->has_remote_cseq = theirs;
    err = complete(d, msg, target);
    if (err) {
        ix_sip_dialog_release(d);
        return err;
    }
    ix_sip_dialog_confirm(d);
    *out = d;
    return 0;
}

/* ---- life within ------------------------------------------------------------------------- */

void ix_sip_dialog_confirm(struct ix_sip_dialog *d)
{
    if (d->state == IX_SIP_CONFIRMED)
        return;
    ix_log(d->stack->log, IX_LOG_TRACE, "sip", "dialog confirmed");
    d->state = IX_SIP_CONFIRMED;
}

static bool refreshes_target(enum ix_sip_method method)
{
    return method == IX_SIP_INVITE || method == IX_SIP_UPDATE || method == IX_SIP_SUBSCRIBE ||
           method == IX_SIP_NOTIFY || method == IX_SIP_REFER;
}

int ix_sip_dialog_refresh(struct ix_sip_dialog *d, const struct ix_sip_msg *msg)
{
    struct ix_sip_addr contact;
    if (!refreshes_target(msg->method) || ix_sip_get_addr(msg, IX_SIP_H_CONTACT, &contact) || contact.star)
        return 0;
    if (ix_str_eq(ix_str(d->target), contact.uri.text))
        return 0;
    return replace(&d->target, ix_str_dup(contact.uri.text));
}

int ix_sip_dialog_response(struct ix_sip_dialog *d, const struct ix_sip_tx *tx, const struct ix_sip_msg *msg)
{
    bool success = msg->status >= 200 && msg->status < 300, invite = tx->method == IX_SIP_INVITE;
    int err = 0;
    if (!success && !(invite && d->state == IX_SIP_EARLY))
        return 0;
    d->transport = tx->transport->id; /* it may have come on another connection than the one before */
    err = ix_sip_dialog_refresh(d, msg);
    if (!err && invite && success && d->state == IX_SIP_EARLY)
        err = replace(&d->routes, route_set(msg, true)); /* RFC 3261 section 13.2.2.4 */
    if (err || !invite || !success)
        return err;
    d->ack_cseq = msg->cseq;
    d->ack_txn = tx->id;
    ix_sip_dialog_confirm(d);
    return 0;
}

int ix_sip_dialog_request(
    struct ix_sip_dialog *d, const struct ix_sip_request *req, void *user, struct ix_now now, ix_sip_txn *txn)
{
    struct ix_sip_transport *t = req->method == IX_SIP_BYE ? ix_sip_transport_any(d->stack, d->transport)
                                                           : ix_sip_transport_find(d->stack, d->transport);
    ix_sip_txn made = 0;

    d->stack->now = now;
    if (!t)
        return IRISX_E_CLOSED;
    if (req->method == IX_SIP_ACK || req->method == IX_SIP_CANCEL)
        return IRISX_E_INVALID;
    if (req->method == IX_SIP_INVITE && ix_sip_dialog_busy(d))
        return IRISX_E_STATE;
    uint32_t cseq = req->cseq > d->local_cseq ? req->cseq : d->local_cseq + 1;
    int err = ix_sip_client_start(d->stack, t, req, d, cseq, user, &made);
    if (err)
        return err;
    d->local_cseq = cseq;
    if (req->method == IX_SIP_INVITE)
        d->invite_out = made;
    if (txn)
        *txn = made;
    return 0;
}

int ix_sip_dialog_ack(struct ix_sip_dialog *d, struct ix_str content_type, struct ix_str body, struct ix_now now)
{
    struct ix_sip_stack *s = d->stack;
    struct ix_sip_transport *t = ix_sip_transport_find(s, d->transport);
    struct ix_sip_tx *tx = ix_sip_tx_find(s, d->ack_txn);
    struct ix_sip_request req = { .method = IX_SIP_ACK, .content_type = content_type, .body = body };
    char branch[sizeof IX_SIP_COOKIE + IX_SIP_BRANCH] = IX_SIP_COOKIE;
    struct ix_sip_draft draft = { 0 };
    struct ix_buf b;

    s->now = now;
    if (!d->ack_cseq)
        return IRISX_E_STATE;
    if (!t)
        return IRISX_E_CLOSED;
    ix_rng_token(s->rng, branch + sizeof IX_SIP_COOKIE - 1, IX_SIP_BRANCH);
    ix_buf_init(&b, IX_SIP_MAX_MESSAGE);
    int err = ix_sip_draft_make(&draft, s, t, &req, d);
    if (!err) {
        /* the credentials of the INVITE (RFC 3261 section 13.2.2.4) */
        ix_sip_draft_write(
            &b, &draft, t, branch, d->ack_cseq, tx ? ix_str_n(tx->credentials.p, tx->credentials.n) : IX_STR_NONE);
        err = b.err;
    }
    if (!err && tx)
        err = ix_sip_client_ack(tx, ix_str(d->remote_tag), &b);
    ix_buf_clear(&draft.text);
    if (err) {
        ix_buf_clear(&b);
        return err;
    }
    return ix_sip_send(s, t->id, &b);
}

/* ---- the end ----------------------------------------------------------------------------- */

/* outputs that nobody has polled yet must not show a dialog that is gone */
static void scrub_queue(struct ix_sip_dialog *d)
{
    IX_LIST_EACH_SAFE (node, &d->stack->queue) {
        struct ix_sip_event *ev = IX_CONTAINER(node, struct ix_sip_event, node);
        if (ev->out.dialog != d)
            continue;
        ev->out.dialog = NULL;
        if (ev->out.user == d->user &&
            (ev->out.kind == IX_SIP_OUT_ACK || ev->out.kind == IX_SIP_OUT_CANCELLED || ev->out.server))
            ev->out.user = NULL;
    }
}

static void close_transactions(struct ix_sip_dialog *d)
{
    struct ix_sip_stack *s = d->stack;
    while (!ix_list_empty(&d->txs)) {
        struct ix_sip_tx *tx = IX_CONTAINER(d->txs.next, struct ix_sip_tx, in_dialog);
        ix_sip_tx_leave(tx);
        if (!tx->server)
            continue;
        if (tx->state == IX_SIP_TX_PROCEEDING) {
            (void) ix_sip_queue_drop(s, IX_SIP_OUT_REQUEST, tx->id);
            if (ix_sip_respond(s, tx->id, &(struct ix_sip_reply){ .status = 481 }, s->now))
                ix_sip_tx_end(tx);
        } else if (tx->state == IX_SIP_TX_ACCEPTED) {
            ix_sip_tx_end(tx);
        }
    }
}

void ix_sip_dialog_free(struct ix_sip_dialog *d, struct ix_now now)
{
    if (!d)
        return;
    d->stack->now = now;
    scrub_queue(d);
    close_transactions(d);
    ix_sip_dialog_release(d);
}

/* ---- what it is -------------------------------------------------------------------------- */

bool ix_sip_invite_runs(const struct ix_sip_stack *s, ix_sip_txn txn)
{
    const struct ix_sip_tx *tx = ix_sip_tx_find(s, txn);
    return tx && (tx->state == IX_SIP_TX_CALLING || tx->state == IX_SIP_TX_PROCEEDING);
}

bool ix_sip_dialog_busy(const struct ix_sip_dialog *d)
{
    return ix_sip_invite_runs(d->stack, d->invite_out) || ix_sip_invite_runs(d->stack, d->invite_in) ||
           !ix_sip_dialog_acked(d);
}

bool ix_sip_dialog_acked(const struct ix_sip_dialog *d)
{
    const struct ix_sip_tx *tx = ix_sip_tx_find(d->stack, d->unacked);
    return !tx || tx->acked;
}

enum ix_sip_dialog_state ix_sip_dialog_state(const struct ix_sip_dialog *d)
{
    return d->state;
}

void *ix_sip_dialog_user(const struct ix_sip_dialog *d)
{
    return d->user;
}

void ix_sip_dialog_set_user(struct ix_sip_dialog *d, void *user)
{
    d->user = user;
}

uint32_t ix_sip_dialog_transport(const struct ix_sip_dialog *d)
{
    return d->transport;
}

void ix_sip_dialog_set_transport(struct ix_sip_dialog *d, uint32_t transport)
{
    d->transport = transport;
}

struct ix_str ix_sip_dialog_call_id(const struct ix_sip_dialog *d)
{
    return ix_str(d->call_id);
}

struct ix_str ix_sip_dialog_local_tag(const struct ix_sip_dialog *d)
{
    return ix_str(d->local_tag);
}

struct ix_str ix_sip_dialog_remote_tag(const struct ix_sip_dialog *d)
{
    return ix_str(d->remote_tag);
}

struct ix_str ix_sip_dialog_remote_target(const struct ix_sip_dialog *d)
{
    return ix_str(d->target);
}

struct ix_str ix_sip_dialog_remote(const struct ix_sip_dialog *d)
{
    struct ix_sip_addr addr;
    struct ix_str text = ix_str(d->remote);
    if (ix_sip_addr_parse(&addr, text) || !addr.params.n)
        return text;
    text = ix_str_trim(ix_str_slice(text, 0, (size_t) (addr.params.p - text.p)));
    return ix_str_trim(ix_str_slice(text, 0, text.n - 1)); /* without the ';' */
}

/* ---- Replaces (RFC 3891) ----------------------------------------------------------------- */

void ix_sip_dialog_write_replaces(struct ix_buf *b, const struct ix_sip_dialog *d)
{
    ix_buf_fmt(b, "%s;to-tag=%s;from-tag=%s", d->call_id, d->remote_tag, d->local_tag);
}

struct ix_sip_dialog *ix_sip_dialog_find_replaces(const struct ix_sip_stack *s, struct ix_str value)
{
    struct ix_str call_id, to_tag, from_tag;
    if (!ix_str_cut(&value, ';', &call_id) || !ix_sip_param(value, "to-tag", &to_tag) ||
        !ix_sip_param(value, "from-tag", &from_tag))
        return NULL;
    return ix_sip_dialog_find(s, ix_str_trim(call_id), to_tag, from_tag);
}
