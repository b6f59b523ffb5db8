/* SPDX-License-Identifier: MIT */
/*
 * The stack's frame: transports, the queue of outputs, the four verbs. What a message means is decided in
 * client_txn.c and server_txn.c.
 */
#include "sip/stack.h"

#include <string.h>

#define FAR (IX_NEVER - 1) /* a timer that is set to nothing but keeps its place in the heap */

/* ---- received messages ------------------------------------------------------------------- */

struct ix_sip_held *ix_sip_hold(const struct ix_sip_msg *msg)
{
    struct ix_sip_held *held = ix_alloc(sizeof *held + msg->raw.n + 1);
    if (!held)
        return NULL;
    held->refs = 1;
    memcpy(held->bytes, msg->raw.p, msg->raw.n);
    (void) ix_sip_parse(&held->msg, held->bytes, msg->raw.n, NULL); /* the same bytes parsed well before */
    return held;
}

void ix_sip_unhold(struct ix_sip_held *held)
{
    if (held && !--held->refs) {
        ix_wipe(held->bytes, held->msg.raw.n);
        ix_free(held);
    }
}

/* ---- outputs ----------------------------------------------------------------------------- */

struct ix_sip_event *ix_sip_event_new(enum ix_sip_out_kind kind)
{
    struct ix_sip_event *ev = ix_alloc(sizeof *ev);
    if (ev)
        ev->out.kind = kind;
    return ev;
}

void ix_sip_event_release(struct ix_sip_event *ev)
{
    if (!ev)
        return;
    struct ix_sip_tx *owner = ev->owner;
    ix_list_remove(&ev->node);
    ix_buf_clear(&ev->data);
    ix_sip_unhold(ev->held);
    if (owner)
        ix_free(owner);
    else
        ix_free(ev);
}

void ix_sip_event_queue(struct ix_sip_stack *s, struct ix_sip_event *ev)
{
    ix_list_append(&s->queue, &ev->node);
    s->queued++;
}

static void unqueue(struct ix_sip_stack *s, struct ix_sip_event *ev)
{
    ix_list_remove(&ev->node);
    s->queued--;
}

int ix_sip_send(struct ix_sip_stack *s, uint32_t transport, struct ix_buf *data)
{
    const struct ix_sip_transport *t = ix_sip_transport_any(s, transport);
    int err = data->err;
    if (t && t->lost) {
        ix_buf_clear(data);
        return err;
    }
    struct ix_sip_event *ev = err ? NULL : ix_sip_event_new(IX_SIP_OUT_SEND);
    if (!ev) {
        ix_buf_clear(data);
        return err ? err : IRISX_E_NO_MEMORY;
    }
    ev->data = *data;
    ix_buf_init(data, data->limit);
    ev->out.transport = transport;
    ev->out.data = ev->data.p;
    ev->out.len = ev->data.n;
    ix_sip_event_queue(s, ev);
    return 0;
}

bool ix_sip_queue_drop(struct ix_sip_stack *s, enum ix_sip_out_kind kind, ix_sip_txn txn)
{
    bool any = false;
    IX_LIST_EACH_SAFE (node, &s->queue) {
        struct ix_sip_event *ev = IX_CONTAINER(node, struct ix_sip_event, node);
        if (ev->out.kind != kind || ev->out.txn != txn)
            continue;
        unqueue(s, ev);
        ix_sip_event_release(ev);
        any = true;
    }
    return any;
}

bool ix_sip_poll(struct ix_sip_stack *s, struct ix_sip_out *out)
{
    ix_sip_event_release(s->current);
    s->current = NULL;
    if (ix_list_empty(&s->queue))
        return false;
    s->current = IX_CONTAINER(s->queue.next, struct ix_sip_event, node);
    unqueue(s, s->current);
    *out = s->current->out;
    return true;
}

/* ---- transports -------------------------------------------------------------------------- */

static struct ix_str id_key(const uint32_t *id)
{
    return ix_str_n(id, sizeof *id);
}

struct ix_sip_transport *ix_sip_transport_any(const struct ix_sip_stack *s, uint32_t id)
{
    return ix_map_get(s->transports, id_key(&id));
}

struct ix_sip_transport *ix_sip_transport_find(const struct ix_sip_stack *s, uint32_t id)
{
    struct ix_sip_transport *t = ix_sip_transport_any(s, id);
    return t && !t->lost ? t : NULL;
}

static void transport_free(struct ix_sip_transport *t)
{
    if (!t)
        return;
    ix_free(t->sent_by);
    ix_free(t->contact);
    ix_free(t->named);
    ix_free(t);
}

static int transport_names(
    const struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_transport_config *config)
{
    struct ix_str host = config->sent_by.n ? config->sent_by : ix_str(s->host);
    struct ix_str user = config->contact_user.n ? config->contact_user : ix_str(s->contact_user);
    struct ix_str rest = host, name;
    struct ix_buf b;
    uint16_t port;
    bool ipv6;

    if (ix_sip_take_hostport(&rest, &name, &ipv6, &port) || rest.n)
        return IRISX_E_INVALID;
    ix_buf_init(&b, 1024);
    ix_buf_str(&b, "<sip:");
    ix_sip_user_write(&b, user);
    ix_buf_u8(&b, '@');
    ix_buf_strv(&b, host);
    ix_buf_str(&b, ";transport=ws>"); /* RFC 7118 section 5: "ws" over TLS as well */
    int err = b.err;
    t->contact = ix_buf_take(&b);
    t->sent_by = ix_str_dup(host);
    if (err == IRISX_E_TOO_LARGE)
        return IRISX_E_INVALID;
    return t->contact && t->sent_by ? 0 : IRISX_E_NO_MEMORY;
}

int ix_sip_transport_opened(struct ix_sip_stack *s, uint32_t id, const struct ix_sip_transport_config *config)
{
    struct ix_sip_transport *old = ix_sip_transport_any(s, id);
    if (old && !old->lost)
        return IRISX_E_CONFLICT;
    if (old) {
        old->secure = config->secure; /* maybe another server now */
        ix_sip_transport_resume(old);
        return 0;
    }
    struct ix_sip_transport *t = ix_alloc(sizeof *t);
    if (!t)
        return IRISX_E_NO_MEMORY;
    t->id = id;
    t->secure = config->secure;
    ix_list_init(&t->txs);
    int err = transport_names(s, t, config);
    if (!err)
        err = ix_map_set(s->transports, id_key(&id), t);
    if (err)
        transport_free(t);
    return err;
}

/* what was to be sent on it cannot be any more, and requests that nobody has seen need no answer */
void ix_sip_transport_drop(struct ix_sip_stack *s, uint32_t id)
{
    IX_LIST_EACH_SAFE (node, &s->queue) {
        struct ix_sip_event *ev = IX_CONTAINER(node, struct ix_sip_event, node);
        struct ix_sip_tx *tx = ev->out.kind == IX_SIP_OUT_REQUEST ? ix_sip_tx_find(s, ev->out.txn) : NULL;
        if (ev->out.transport != id || (ev->out.kind != IX_SIP_OUT_SEND && ev->out.kind != IX_SIP_OUT_REQUEST))
            continue;
        unqueue(s, ev);
        ix_sip_event_release(ev);
        if (tx)
            ix_sip_tx_end(tx);
    }
}

bool ix_sip_tx_awaited(const struct ix_sip_tx *tx)
{
    if (tx->forgotten)
        return false;
    if (!tx->server)
        return tx->state != IX_SIP_TX_ACCEPTED;
    return tx->method == IX_SIP_INVITE &&
           (tx->state == IX_SIP_TX_PROCEEDING || (tx->state == IX_SIP_TX_ACCEPTED && !tx->acked));
}

void ix_sip_transport_closed(struct ix_sip_stack *s, uint32_t id, struct ix_now now)
{
    struct ix_sip_transport *t = ix_sip_transport_any(s, id);
    if (!t)
        return;
    s->now = now;
    ix_sip_transport_drop(s, id);
    while (!ix_list_empty(&t->txs)) {
        struct ix_sip_tx *tx = IX_CONTAINER(t->txs.next, struct ix_sip_tx, in_transport);
        if (ix_sip_tx_awaited(tx))
            ix_sip_tx_fail(tx, IRISX_E_NETWORK);
        else
            ix_sip_tx_end(tx);
    }
    (void) ix_map_remove(s->transports, id_key(&id));
    transport_free(t);
}

const char *ix_sip_transport_target(const struct ix_sip_transport *t)
{
    return t->named ? t->named : t->contact;
}

int ix_sip_transport_name(struct ix_sip_stack *s, uint32_t id, struct ix_str uri)
{
    struct ix_sip_transport *t = ix_sip_transport_any(s, id);
    struct ix_buf b;
    char *named = NULL;

    if (!t)
        return IRISX_E_NOT_FOUND;
    if (uri.n) {
        ix_buf_init(&b, 1024);
        ix_sip_write_addr(&b, IX_STR_NONE, uri, IX_STR_NONE);
        named = ix_buf_take(&b);
        if (!named)
            return IRISX_E_NO_MEMORY;
    }
    ix_free(t->named);
    t->named = named;
    return 0;
}

struct ix_str ix_sip_transport_contact(const struct ix_sip_stack *s, uint32_t id)
{
    const struct ix_sip_transport *t = ix_sip_transport_find(s, id);
    return t ? ix_str(t->contact) : IX_STR_NONE;
}

/* ---- the verbs --------------------------------------------------------------------------- */

static void new_turn(struct ix_sip_stack *s, struct ix_now now)
{
    s->now = now;
    ix_sip_event_release(s->current);
    s->current = NULL;
}

/* RFC 3261 sections 8.2 and 18.3: a faulty request is refused if it says whom to answer; all else is dropped */
static void refuse_faulty(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_msg *msg, const char *why)
{
    ix_log(s->log, IX_LOG_INFO, "sip", "dropped a faulty %s: %s", msg->request ? "request" : "response", why);
    if (msg->answerable && msg->method != IX_SIP_ACK)
        (void) ix_sip_answer(s, transport, msg, msg->fault, msg->fault == 400 ? ix_str(why) : IX_STR_NONE, IX_STR_NONE);
}

int ix_sip_input(struct ix_sip_stack *s, uint32_t transport, const void *p, size_t n, struct ix_now now)
{
    struct ix_sip_transport *t = ix_sip_transport_find(s, transport);
    struct ix_sip_msg msg;
    const char *why = NULL;

    new_turn(s, now);
    if (!t)
        return IRISX_E_NOT_FOUND;
    if (ix_sip_is_keepalive(p, n))
        return 0;
    if (s->queued >= IX_SIP_MAX_QUEUE)
        return IRISX_E_LIMIT;
    int err = ix_sip_parse(&msg, p, n, &why);
    if (err) {
        refuse_faulty(s, transport, &msg, why);
        return err;
    }
    return msg.request ? ix_sip_server_input(s, t, &msg) : ix_sip_client_input(s, t, &msg);
}

void ix_sip_timeout(struct ix_sip_stack *s, struct ix_now now)
{
    struct ix_timer *timer;
    new_turn(s, now);
    while ((timer = ix_heap_due(&s->heap, now.mono_us)) != NULL) {
        struct ix_sip_tx *tx = IX_CONTAINER(timer, struct ix_sip_tx, timer);
        ix_sip_tx_timer(tx, FAR); /* back in its place before anything else can need one */
        if (tx->server)
            ix_sip_server_timeout(tx);
        else
            ix_sip_client_timeout(tx);
    }
}

uint64_t ix_sip_deadline(const struct ix_sip_stack *s)
{
    uint64_t at = ix_heap_deadline(&s->heap);
    return at >= FAR ? IX_NEVER : at;
}

/* ---- life -------------------------------------------------------------------------------- */

static char *random_host(const struct ix_rng *rng)
{
    char token[13], *host = NULL;
    struct ix_buf b;
    ix_rng_token(rng, token, 12);
    ix_buf_init(&b, 64);
    ix_buf_fmt(&b, "%s.invalid", token);
    host = ix_buf_take(&b);
    return host;
}

static int stack_init(struct ix_sip_stack *s, const struct ix_sip_stack_config *config)
{
    const uint32_t least = IX_SIP_BIT(IX_SIP_INVITE) | IX_SIP_BIT(IX_SIP_ACK) | IX_SIP_BIT(IX_SIP_CANCEL) |
                           IX_SIP_BIT(IX_SIP_BYE) | IX_SIP_BIT(IX_SIP_OPTIONS);
    size_t dialogs = config->max_dialogs ? config->max_dialogs : 512;
    char token[9];

    s->rng = config->rng;
    s->log = config->log;
    s->allow = config->allow ? config->allow : least;
    s->max_transactions = config->max_transactions ? config->max_transactions : 1024;
    ix_rng_token(s->rng, token, 8);
    s->agent = ix_dup_cstr(config->agent ? config->agent : "");
    s->loose_notify = config->loose_notify;
    s->supported = ix_dup_cstr(config->supported ? config->supported : "");
    s->contact_user = ix_dup_cstr(token);
    s->host = random_host(s->rng);
    s->transports = ix_map_new(65536, ix_rng_u64(s->rng));
    s->ids = ix_map_new(s->max_transactions, ix_rng_u64(s->rng));
    s->branches = ix_map_new(s->max_transactions + 1, /* one has two while it changes */
        ix_rng_u64(s->rng));
    s->merges = ix_map_new(s->max_transactions, ix_rng_u64(s->rng));
    s->dialogs = ix_map_new(dialogs, ix_rng_u64(s->rng));
    if (!s->agent || !s->supported || !s->contact_user || !s->host || !s->transports || !s->ids || !s->branches ||
        !s->merges || !s->dialogs)
        return IRISX_E_NO_MEMORY;
    return ix_sip_clean(ix_str(s->agent)) && ix_sip_clean(ix_str(s->supported)) ? 0 : IRISX_E_INVALID;
}

int ix_sip_stack_new(const struct ix_sip_stack_config *config, struct ix_sip_stack **out)
{
    struct ix_sip_stack *s = ix_alloc(sizeof *s);
    if (!s)
        return IRISX_E_NO_MEMORY;
    ix_list_init(&s->queue);
    ix_heap_init(&s->heap);
    int err = stack_init(s, config);
    if (err) {
        ix_sip_stack_free(s);
        return err;
    }
    *out = s;
    return 0;
}

static void free_transports(struct ix_sip_stack *s)
{
    struct ix_str key;
    void *value;
    for (size_t at = 0; ix_map_next(s->transports, &at, &key, &value);) {
        struct ix_sip_transport *t = value;
        while (!ix_list_empty(&t->txs))
            ix_sip_tx_end(IX_CONTAINER(t->txs.next, struct ix_sip_tx, in_transport));
        transport_free(t);
    }
}

void ix_sip_stack_free(struct ix_sip_stack *s)
{
    if (!s)
        return;
    ix_sip_event_release(s->current);
    if (s->transports)
        free_transports(s);
    while (!ix_list_empty(&s->queue))
        ix_sip_event_release(IX_CONTAINER(s->queue.next, struct ix_sip_event, node));
    ix_map_free(s->transports);
    ix_map_free(s->ids);
    ix_map_free(s->branches);
    ix_map_free(s->merges);
    ix_map_free(s->dialogs);
    ix_heap_clear(&s->heap);
    ix_free(s->agent);
    ix_free(s->supported);
    ix_free(s->host);
    ix_free(s->contact_user);
    ix_free(s);
}
