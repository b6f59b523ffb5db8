/* SPDX-License-Identifier: MIT */
/*
 * The webhook receiver, on the service loop: verify, store on a helper, acknowledge, hand out. A delivery is answered
 * 2xx only once it is durably stored, or was stored before.
 *
 *   request -> method, path, type -> signature, window -> queue -> store -> 200 + event
 *                  405 404 415          401                503        507
 */
#include <stdio.h>
#include <string.h>

#include "client/private.h"
#include "webhook/webhook.h"

#define PATH_MAX_LEN 1024
#define MAX_WAITING 64 /* deliveries that wait for the disk; more are asked to come again */

struct irisx_receiver {
    atomic_int refs;
    irisx_client_t *client; /* held */
    /* set before the receiver is shared, then read only */
    char *path, *store_file, *cert, *key;
    struct ix_addr bind;
    enum ix_webhook_scheme scheme;
    uint32_t window_s, remember, max_connections, max_body;
    char url[PATH_MAX_LEN + IX_ADDR_TEXT + 16]; /* written once, before listens */
    atomic_bool listens, closed, close_asked;
    struct ix_post close_post; /* of whoever was first to ask: closing needs no memory */
    struct ix_secrets secrets;
    /* service */
    struct ix_list node; /* in client.receivers */
    bool linked, closing;
    struct ix_server *server;
    struct ix_delivery_store *store;
    irisx_op_t *opening;
    struct ix_list waiting; /* struct delivery, the first one may be at the disk */
    size_t waiting_count;
    bool storing;
    int open_err;
};

struct delivery {
    struct ix_list node;
    irisx_receiver_t *receiver; /* referenced */
    struct ix_server_reply *reply; /* NULL: the server is gone */
    struct ix_webhook_delivery d;
    irisx_event_t *event; /* made before it is stored: what is acknowledged reaches the application */
    char *raw;
    size_t raw_len;
    int err;
};

/* ---- handles ----------------------------------------------------------------------------- */
irisx_receiver_t *irisx_receiver_ref(irisx_receiver_t *receiver)
{
    if (receiver)
        atomic_fetch_add(&receiver->refs, 1);
    return receiver;
}

void irisx_receiver_unref(irisx_receiver_t *r)
{
    irisx_client_t *c;

    if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    c = r->client;
    ix_secrets_clear(&r->secrets);
    ix_free(r->path);
    ix_free(r->store_file);
    ix_free(r->cert);
    ix_free(r->key);
    ix_free(r);
    ix_client_release(c);
}

const char *irisx_receiver_url(const irisx_receiver_t *r)
{
    return r && atomic_load(&r->listens) ? r->url : "";
}

/* ---- answers ----------------------------------------------------------------------------- */
static void answer(struct ix_server_reply *reply, int status, const char *text, const char *headers)
{
    char body[160];
    int n = snprintf(body, sizeof body, "{\"%s\":\"%s\"}", status < 300 ? "status" : "error", text);

    if (reply)
        (void) ix_server_answer(
            reply, status, "application/json", headers, body, (size_t) n); /* a peer that left needs none */
}

static void rejected(irisx_receiver_t *r, int err, const char *why, const char *event)
{
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_WEBHOOK_REJECTED);

    if (!ev) {
        ix_queue_push(r->client, NULL);
        return;
    }
    ix_failure_set(&ev->error, err, IRISX_DOMAIN_HTTP, 0, why, NULL);
    ix_text_put(ev->text, sizeof ev->text, event);
    ix_queue_push(r->client, ev);
}

static void delivery_free(struct delivery *v)
{
    if (v->reply)
        ix_server_drop(v->reply); /* unanswered: it comes again */
    ix_webhook_delivery_clear(&v->d);
    irisx_event_unref(v->event);
    ix_free(v->raw);
    irisx_receiver_unref(v->receiver);
    ix_free(v);
}

/* Answers, and the reply is gone. */
static void answer_delivery(struct delivery *v, int status, const char *text, const char *headers)
{
    struct ix_server_reply *reply = v->reply;

    v->reply = NULL;
    answer(reply, status, text, headers);
}

static void delivered(struct delivery *v)
{
    irisx_event_t *ev = v->event;

    v->event = NULL;
    ix_text_put(ev->text, sizeof ev->text, v->d.event);
    ev->value = v->d.body;
    v->d.body = NULL;
    ix_queue_push(v->receiver->client, ev);
}

/* ---- storing: one delivery at a time, on a helper ---------------------------------------- */
static void store_next(irisx_receiver_t *r);

static void store_work(void *arg)
{
    struct delivery *v = arg;
    struct ix_delivery record = { .id = ix_str(v->d.id),
        .event = ix_str(v->d.event),
        .body = ix_str_n(v->raw, v->raw_len),
        .received_ms = ix_clock_now().wall_us / 1000 };

    v->err = v->receiver->store->put(v->receiver->store, &record);
}

static void receiver_end(irisx_receiver_t *r)
{
    if (!r->closing || r->storing || !r->linked)
        return;
    r->linked = false;
    ix_list_remove(&r->node);
    if (r->store)
        r->store->free(r->store);
    r->store = NULL;
    irisx_receiver_unref(r);
}

static void store_done(void *arg, int err)
{
    struct delivery *v = arg;
    irisx_receiver_t *r = irisx_receiver_ref(v->receiver);

    r->storing = false;
    v->err = err ? err : v->err;
    if (!v->err) {
        delivered(v);
        answer_delivery(v, 200, "received", NULL);
    } else if (v->err == IRISX_E_DUPLICATE) {
        rejected(r, v->err, "this delivery was received before: acknowledged, not delivered again", v->d.event);
        answer_delivery(v, 200, "already received", NULL);
    } else {
        rejected(r, v->err,
            v->err == IRISX_E_DISK_FULL ? "no space left for the delivery: free some, the platform sends it again"
                                        : "the delivery cannot be stored: the platform sends it again",
            v->d.event);
        answer_delivery(v, v->err == IRISX_E_DISK_FULL ? 507 : 503, "not stored, send it again", "Retry-After: 30\r\n");
    }
    ix_list_remove(&v->node);
    r->waiting_count--;
    delivery_free(v);
    store_next(r);
    receiver_end(r);
    irisx_receiver_unref(r);
}

static void store_next(irisx_receiver_t *r)
{
    while (!r->storing && !r->closing && !ix_list_empty(&r->waiting)) {
        struct delivery *v = IX_CONTAINER(r->waiting.next, struct delivery, node);

        r->storing = true;
        if (!ix_work_queue(ix_host_service_loop(r->client->host), store_work, store_done, v))
            return;
        r->storing = false;
        ix_list_remove(&v->node);
        r->waiting_count--;
        answer_delivery(v, 503, "busy, send it again", "Retry-After: 1\r\n");
        delivery_free(v);
    }
}

/* ---- requests ---------------------------------------------------------------------------- */
static bool path_matches(const irisx_receiver_t *r, const char *path)
{
    size_t n = r->path ? strlen(r->path) : 0;

    return strncmp(path, r->path ? r->path : "", n) == 0 && (path[n] == 0 || path[n] == '/');
}

static struct ix_str header(const struct ix_server_request *q, const char *name)
{
    return name ? ix_str_trim(ix_str(q->header(q, name))) : IX_STR_NONE;
}

static int verify(
    irisx_receiver_t *r, const struct ix_server_request *q, struct ix_webhook_delivery *d, const char **why)
{
    const struct ix_webhook_names *names = ix_webhook_names(r->scheme);
    struct ix_webhook_headers h = { .signature = header(q, names->signature),
        .timestamp = header(q, names->timestamp),
        .event = header(q, names->event),
        .id = header(q, names->id) };
    struct ix_webhook_check check = {
        .scheme = r->scheme, .window_s = r->window_s, .now_ms = ix_clock_now().wall_us / 1000
    };
    struct ix_str secrets[IX_SECRETS_MAX];
    int err;

    if (!h.timestamp.n)
        h.timestamp = header(q, names->alternative);
    check.secret_count = ix_secrets_lock(&r->secrets, secrets);
    check.secrets = secrets;
    err = ix_webhook_verify(&check, &h, q->body, q->body_len, d, why);
    ix_secrets_unlock(&r->secrets);
    return err;
}

static bool is_json(const char *type)
{
    struct ix_str media = IX_STR_NONE, rest = ix_str(type);

    return type && ix_str_cut(&rest, ';', &media) && ix_str_ieq(ix_str_trim(media), IX_STR("application/json"));
}

static bool acceptable(irisx_receiver_t *r, const struct ix_server_request *q, struct ix_server_reply *reply)
{
    if (!path_matches(r, q->path)) {
        answer(reply, 404, "nothing here", NULL);
    } else if (strcmp(q->method, "POST") != 0) {
        answer(reply, 405, "only POST", "Allow: POST\r\n");
    } else if (!is_json(q->header(q, "content-type"))) {
        rejected(r, IRISX_E_PROTOCOL, "a delivery that is not application/json was refused", NULL);
        answer(reply, 415, "application/json only", NULL);
    } else if (ix_queue_full(r->client) || r->waiting_count >= MAX_WAITING) {
        answer(reply, 503, "busy, send it again", "Retry-After: 1\r\n");
    } else {
        return true;
    }
    return false;
}

/* Takes d in any case; NULL: no memory. */
static struct delivery *delivery_new(
    irisx_receiver_t *r, const struct ix_server_request *q, struct ix_webhook_delivery *d)
{
    struct delivery *v = ix_alloc(sizeof *v);

    if (!v) {
        ix_webhook_delivery_clear(d);
        return NULL;
    }
    v->d = *d;
    v->receiver = irisx_receiver_ref(r);
    v->event = ix_event_new(IRISX_EVENT_WEBHOOK);
    v->raw = ix_dup_mem(q->body, q->body_len);
    v->raw_len = q->body_len;
    if (!v->event || !v->raw) {
        delivery_free(v);
        return NULL;
    }
    return v;
}

static void on_request(void *ctx, const struct ix_server_request *q, struct ix_server_reply *reply)
{
    irisx_receiver_t *r = ctx;
    struct ix_webhook_delivery d = { 0 };
    const char *why = NULL;
    struct delivery *v;
    int err;

    if (!acceptable(r, q, reply))
        return;
    err = verify(r, q, &d, &why);
    if (err) {
        rejected(r, err, why, header(q, ix_webhook_names(r->scheme)->event).p);
        answer(reply, err == IRISX_E_NO_MEMORY ? 503 : err == IRISX_E_PROTOCOL ? 400 : 401, ix_error_text(err), NULL);
        return;
    }
    v = delivery_new(r, q, &d);
    if (!v) {
        answer(reply, 503, "busy, send it again", "Retry-After: 1\r\n");
        return;
    }
    v->reply = reply;
    ix_list_append(&r->waiting, &v->node);
    r->waiting_count++;
    store_next(r);
}

/* ---- opening and closing ----------------------------------------------------------------- */
static void shut(irisx_receiver_t *r)
{
    if (r->closing || !r->linked)
        return;
    r->closing = true;
    atomic_store(&r->closed, true);
    if (r->server)
        ix_server_close(r->server); /* replies that are out stay valid and go nowhere */
    r->server = NULL;
    IX_LIST_EACH_SAFE (node, &r->waiting) {
        struct delivery *v = IX_CONTAINER(node, struct delivery, node);

        if (r->storing && node == r->waiting.next)
            continue; /* at the disk: store_done frees it */
        ix_list_remove(&v->node);
        r->waiting_count--;
        delivery_free(v);
    }
    receiver_end(r);
}

static void opened(irisx_receiver_t *r, int err, const char *message)
{
    irisx_op_t *op = r->opening;

    r->opening = NULL;
    if (op) {
        ix_op_finish_code(op, err, message);
        irisx_op_unref(op);
    }
    if (err)
        shut(r);
}

static void listen_now(irisx_receiver_t *r)
{
    struct ix_server_options o = { .bind = r->bind,
        .max_connections = r->max_connections,
        .max_body = r->max_body,
        .tls_cert_file = r->cert,
        .tls_key_file = r->key };
    char text[IX_ADDR_TEXT];
    struct ix_addr local;
    int err = ix_server_open(ix_host_service_loop(r->client->host), &o, on_request, NULL, r, &r->server);

    if (err) {
        opened(r, err,
            err == IRISX_E_TLS
                ? "the certificate or key file cannot be used: both must be PEM, belong together and be readable"
                : "cannot listen there: is the address right and the port free?");
        return;
    }
    ix_server_local(r->server, &local);
    ix_addr_text(&local, text);
    (void) snprintf(r->url, sizeof r->url, "%s://%s%s", r->cert ? "https" : "http", text,
        r->path ? r->path : "/"); /* fits: the path's length was checked */
    atomic_store(&r->listens, true);
    opened(r, 0, NULL);
}

static void open_store(void *arg)
{
    irisx_receiver_t *r = arg;

    r->open_err = ix_delivery_db_open(r->store_file, r->remember, &r->store);
}

static void store_opened(void *arg, int err)
{
    irisx_receiver_t *r = arg;

    r->storing = false;
    err = err ? err : r->open_err;
    if (r->closing)
        receiver_end(r);
    else if (err)
        opened(r, err, "the store file cannot be opened: check the path, the permissions and the free space");
    else
        listen_now(r);
    irisx_receiver_unref(r);
}

static void receiver_open_cmd(void *arg)
{
    irisx_receiver_t *r = arg;

    ix_list_append(&r->client->receivers, &r->node);
    r->linked = true;
    (void) irisx_receiver_ref(r);
    r->storing = true; /* the helper has the store */
    if (ix_work_queue(ix_host_service_loop(r->client->host), open_store, store_opened, r)) {
        r->storing = false;
        opened(r, IRISX_E_NO_MEMORY, NULL);
        irisx_receiver_unref(r);
    }
}

void ix_receivers_drop(irisx_client_t *c)
{
    IX_LIST_EACH_SAFE (node, &c->receivers) {
        irisx_receiver_t *r = IX_CONTAINER(node, irisx_receiver_t, node);

        if (r->opening)
            opened(r, IRISX_E_CLOSED, "the client was closed");
        else
            shut(r);
    }
}

/* ---- any thread -------------------------------------------------------------------------- */
static int read_listen(irisx_receiver_t *r, const char *listen)
{
    struct ix_str s = ix_str(listen ? listen : "127.0.0.1:0");
    size_t colon = SIZE_MAX;
    uint32_t port;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ':')
            colon = i;
    if (colon == SIZE_MAX || ix_str_u32(ix_str_slice(s, colon + 1, s.n), 65535, &port))
        return IRISX_E_INVALID;
    s = ix_str_slice(s, 0, colon);
    if (ix_str_ieq(s, IX_STR("localhost")))
        s = IX_STR("127.0.0.1");
    return ix_addr_parse(&r->bind, s, (uint16_t) port) ? IRISX_E_INVALID : 0;
}

/* "/hooks", also given as "hooks" or "/hooks/"; NULL: everything */
static int copy_path(char **to, const char *from)
{
    struct ix_str s = ix_str(from);
    struct ix_buf b;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '?' || s.p[i] == '#')
            return IRISX_E_INVALID; /* no request could ever have it */
    while (s.n && s.p[s.n - 1] == '/')
        s.n--;
    if (!s.n)
        return 0;
    if (s.n >= PATH_MAX_LEN)
        return IRISX_E_INVALID;
    ix_buf_init(&b, PATH_MAX_LEN + 2);
    if (s.p[0] != '/')
        ix_buf_str(&b, "/");
    ix_buf_strv(&b, s);
    *to = ix_buf_take(&b);
    return *to ? 0 : IRISX_E_NO_MEMORY;
}

static int copy_text(char **to, const char *from)
{
    *to = ix_dup_cstr(from);
    return from && !*to ? IRISX_E_NO_MEMORY : 0;
}

static int receiver_take(irisx_receiver_t *r, const irisx_receiver_options_t *o)
{
    int err = read_listen(r, o->listen);

    if (o->scheme > IRISX_WEBHOOK_DOCUMENTED || o->secrets_count > IX_SECRETS_MAX ||
        (o->secrets_count && !o->secrets) || !o->tls_cert_file != !o->tls_key_file)
        return IRISX_E_INVALID;
    r->scheme = (enum ix_webhook_scheme) o->scheme;
    r->window_s = o->window_s;
    r->remember = o->remember;
    r->max_connections = o->max_connections;
    r->max_body = o->max_body;
    for (size_t i = 0; !err && i < o->secrets_count; i++)
        err = ix_secrets_add(&r->secrets, o->secrets[i]);
    if (!err)
        err = copy_path(&r->path, o->path);
    if (!err)
        err = copy_text(&r->store_file, o->store_file);
    if (!err)
        err = copy_text(&r->cert, o->tls_cert_file);
    return err ? err : copy_text(&r->key, o->tls_key_file);
}

irisx_error_t irisx_receiver_open(
    irisx_client_t *c, const irisx_receiver_options_t *options, irisx_receiver_t **receiver_out, irisx_op_t **op_out)
{
    irisx_receiver_options_t o;
    irisx_receiver_t *r;
    irisx_op_t *op = NULL;
    int err;

    if (!c || !options || !receiver_out)
        return IRISX_E_INVALID;
    if (!ix_client_usable(c))
        return IRISX_E_CLOSED;
    err = ix_options_read(&o, sizeof o, options);
    if (err)
        return IRISX_E_INVALID;
    r = ix_alloc(sizeof *r);
    if (!r)
        return IRISX_E_NO_MEMORY;
    atomic_init(&r->refs, 1);
    r->client = ix_client_hold(c);
    ix_list_init(&r->waiting);
    ix_secrets_init(&r->secrets);
    err = receiver_take(r, &o);
    if (!err && !(op = ix_op_new(c)))
        err = IRISX_E_NO_MEMORY;
    if (!err) {
        r->opening = irisx_op_ref(op);
        err = ix_service_post(c, receiver_open_cmd, irisx_receiver_ref(r));
        if (err) {
            irisx_receiver_unref(r);
            irisx_op_unref(r->opening);
            ix_op_discard(op);
        }
    }
    if (err) {
        irisx_receiver_unref(r);
        return (irisx_error_t) err;
    }
    *receiver_out = r;
    ix_op_give(op, op_out);
    return IRISX_OK;
}

irisx_error_t irisx_receiver_add_secret(irisx_receiver_t *receiver, const char *secret)
{
    if (!receiver)
        return IRISX_E_INVALID;
    if (atomic_load(&receiver->closed) || !ix_client_usable(receiver->client))
        return IRISX_E_CLOSED;
    return (irisx_error_t) ix_secrets_add(&receiver->secrets, secret);
}

irisx_error_t irisx_receiver_remove_secret(irisx_receiver_t *receiver, const char *secret)
{
    if (!receiver)
        return IRISX_E_INVALID;
    if (atomic_load(&receiver->closed) || !ix_client_usable(receiver->client))
        return IRISX_E_CLOSED;
    return (irisx_error_t) ix_secrets_remove(&receiver->secrets, secret);
}

static void close_cmd(void *arg)
{
    irisx_receiver_t *r = arg;

    if (r->opening)
        opened(r, IRISX_E_CANCELLED, "the receiver was closed");
    else
        shut(r);
    irisx_receiver_unref(r);
}

void irisx_receiver_close(irisx_receiver_t *receiver)
{
    if (receiver && ix_client_usable(receiver->client) && !atomic_exchange(&receiver->close_asked, true) &&
        ix_service_post_with(receiver->client, &receiver->close_post, close_cmd, irisx_receiver_ref(receiver)))
        irisx_receiver_unref(receiver);
}
