/* SPDX-License-Identifier: MIT */
/*
 * Sessions: one for users, one for staff, each renewed by one exchange at a time however many jobs wait for it; the
 * application's token store; logging in and out.
 */
#include <string.h>

#include "client/rest.h"

int ix_rest_sessions_new(struct rest *r)
{
    int err = 0;

    for (size_t i = 0; i < IX_COUNT(r->sessions); i++) {
        struct rest_session *s = &r->sessions[i];

        s->rest = r;
        s->kind = (int32_t) i;
        if (!err)
            err = ix_auth_new(i == IRISX_SESSION_ADMIN ? IX_AUTH_ADMIN : IX_AUTH_USER, &s->auth);
    }
    return err || !r->client->o.api_key ? err : ix_auth_set_key(r->sessions[0].auth, r->client->o.api_key);
}

struct rest_session *ix_rest_session(struct rest *r, enum ix_http_auth kind)
{
    return &r->sessions[kind == IX_HTTP_AUTH_ADMIN ? IRISX_SESSION_ADMIN : IRISX_SESSION_USER];
}

/* ---- the token store --------------------------------------------------------------------- */

struct irisx_token_slot {
    char *access, *refresh;
};

struct token_work {
    struct rest_session *session; /* NULL: the client is gone */
    irisx_token_load_fn load; /* one of these two */
    irisx_token_save_fn save;
    void *user_data;
    int32_t kind;
    struct irisx_token_slot slot;
};

static void wipe(char **text)
{
    if (*text)
        ix_wipe(*text, strlen(*text));
    ix_free(*text);
    *text = NULL;
}

irisx_error_t irisx_token_slot_set(irisx_token_slot_t *slot, const char *access_token, const char *refresh_token)
{
    if (!slot || !access_token)
        return IRISX_E_INVALID;
    wipe(&slot->access);
    wipe(&slot->refresh);
    slot->access = ix_dup_cstr(access_token);
    slot->refresh = ix_dup_cstr(refresh_token);
    return slot->access && (slot->refresh || !refresh_token) ? IRISX_OK : IRISX_E_NO_MEMORY;
}

static void token_work(void *arg)
{
    struct token_work *w = arg;

    if (w->load)
        w->load(&w->slot, w->kind, w->user_data);
    else
        w->save(w->kind, w->slot.access, w->slot.refresh, w->user_data);
}

static void go_on(struct rest_session *s);
static void keep_tokens(struct rest_session *s);

static void take_loaded(struct rest_session *s, const struct irisx_token_slot *slot)
{
    struct rest *r = s->rest;

    if (!slot->access || !ix_auth_empty(s->auth))
        return;
    if (ix_auth_set_tokens(s->auth, slot->access, slot->refresh, ix_rest_now(r)))
        ix_log(&r->client->log, IX_LOG_ERROR, "client", "the tokens of the token store cannot be used");
    s->saved = ix_auth_generation(s->auth); /* it has them */
}

static void token_work_done(void *arg, int err)
{
    struct token_work *w = arg;
    struct rest_session *s = w->session;

    (void) err; /* it is not cancelled */
    if (s) {
        s->work = NULL;
        if (w->load)
            take_loaded(s, &w->slot);
    }
    wipe(&w->slot.access);
    wipe(&w->slot.refresh);
    ix_free(w);
    if (!s)
        return;
    keep_tokens(s); /* what changed meanwhile */
    go_on(s);
    ix_rest_turn(s->rest);
}

/* On a helper; inline where the library has no threads. False without memory. */
static bool run_token_work(struct rest_session *s, struct token_work *w)
{
    struct rest *r = s->rest;

    w->session = s;
    w->kind = s->kind;
    w->user_data = r->o->token_user_data;
    s->work = w;
    if (r->client->o.zero_thread) {
        token_work(w);
        token_work_done(w, 0);
        return true;
    }
    if (!ix_work_queue(r->loop, token_work, token_work_done, w))
        return true;
    s->work = NULL;
    wipe(&w->slot.access);
    wipe(&w->slot.refresh);
    ix_free(w);
    return false;
}

/* tells the store what there is now, if that is news; one at a time, so in order */
static void keep_tokens(struct rest_session *s)
{
    const char *access = ix_auth_access_token(s->auth), *refresh = ix_auth_refresh_token(s->auth);
    uint32_t generation = ix_auth_generation(s->auth);
    struct token_work *w;

    if (!s->rest->o->save_tokens || s->work || s->saved == generation)
        return;
    w = ix_alloc(sizeof *w);
    if (!w)
        return; /* with the next change */
    w->save = s->rest->o->save_tokens;
    if (access && irisx_token_slot_set(&w->slot, access, refresh)) {
        wipe(&w->slot.access);
        ix_free(w);
        return;
    }
    s->saved = generation;
    (void) run_token_work(s, w);
}

/* true: the store was asked just now, or is being asked */
static bool loading(struct rest_session *s)
{
    struct token_work *w;

    if (s->work && s->work->load)
        return true;
    if (s->loaded || !s->rest->o->load_tokens || !ix_auth_empty(s->auth))
        return false;
    s->loaded = true;
    w = ix_alloc(sizeof *w);
    if (!w)
        return false;
    w->load = s->rest->o->load_tokens;
    return run_token_work(s, w) && s->work;
}

/* ---- exchanges --------------------------------------------------------------------------- */

static void go_on(struct rest_session *s)
{
    /* each turn ends or sends at least one waiting job; those that wait anew were put back by their own ask */
    IX_LIST_EACH_SAFE (node, &s->rest->jobs) {
        struct job *j = IX_CONTAINER(node, struct job, node);

        if (j->state == JOB_AUTH && !s->exchange_runs && ix_rest_session(s->rest, j->request.auth) == s) {
            j->state = JOB_NEW;
            ix_rest_advance(j);
        }
    }
}

/*
 * A refresh failed that may succeed yet. None of those that wait for it was sent, so each may go again as the table of
 * retries says, out of the one budget; the others end with its error. So many that wait are not as many refreshes.
 */
static void put_off(struct rest_session *s, const struct ix_transfer_result *t, const struct ix_http_response *response,
    const struct ix_http_error *e)
{
    struct rest *r = s->rest;
    bool later = t->err || response->status == 429 || (response->status >= 502 && response->status <= 504);
    const struct ix_attempt a = { .err = t->err  ? ix_rest_code(t)
                                         : later ? IRISX_E_NETWORK
                                                 : IRISX_E_PROTOCOL,
        .status = t->err ? 0 : response->status,
        .elsewhere = ix_bases_elsewhere(&r->bases, UINT32_C(1) << s->exchange_base),
        .retry_after_us = later && !t->err ? ix_http_retry_after_us(response, NULL) : 0 };

    IX_LIST_EACH_SAFE (node, &r->jobs) {
        struct job *j = IX_CONTAINER(node, struct job, node);

        if (j->state == JOB_AUTH && ix_rest_session(r, j->request.auth) == s)
            ix_rest_unsent(j, &a, e);
    }
}

static void on_exchange(void *ctx, const struct ix_transfer_result *t)
{
    struct rest_session *s = ctx;
    struct rest *r = s->rest;
    struct ix_http_response response = ix_rest_view(t);
    struct ix_http_error e = { 0 };
    struct job *j = s->exchanging;
    int err;

    s->exchange = NULL;
    s->exchange_runs = false;
    s->exchanging = NULL;
    if (!r->closing)
        ix_rest_learn(r, s->exchange_base, t);
    err = ix_auth_input(s->auth, ix_rest_code(t), t->detail, &response, ix_rest_now(r), &e);
    keep_tokens(s);
    if (r->closing) {
        ix_http_error_clear(&e);
        return;
    }
    if (err && ix_auth_refresh_token(s->auth))
        put_off(s, t, &response, &e);
    else if (err && j)
        ix_rest_finish(j, &e);
    ix_http_error_clear(&e);
    go_on(s);
    ix_rest_turn(r);
}

static void run_exchange(struct job *j, struct rest_session *s)
{
    struct rest *r = s->rest;
    struct ix_http_request q = { 0 };
    struct ix_http_error e = { 0 };
    int err = ix_auth_exchange(s->auth, &q);

    s->exchanging = j;
    s->exchange_runs = true;
    s->exchange_base = ix_bases_pick(&r->bases, 0);
    if (!err)
        err = ix_rest_start(r, &q, s->exchange_base, j->retry.deadline_us, on_exchange, s, &s->exchange);
    ix_http_request_clear(&q);
    if (!err)
        return;
    s->exchange_runs = false;
    s->exchanging = NULL;
    (void) ix_auth_input(s->auth, err, NULL, NULL, ix_rest_now(r), &e); /* it is the error that is told */
    ix_http_error_clear(&e);
    ix_rest_finish_code(j, err, NULL);
}

bool ix_rest_session_ready(struct job *j)
{
    struct rest_session *s = ix_rest_session(j->rest, j->request.auth);
    struct ix_http_error e = { 0 };
    bool wants = j->request.auth != IX_HTTP_AUTH_NONE && j->request.auth != IX_HTTP_AUTH_KEY;

    if (wants && loading(s)) {
        ix_rest_wait(j, JOB_AUTH, j->retry.deadline_us);
        return false;
    }
    switch (ix_auth_ask(s->auth, j->request.auth, ix_rest_now(j->rest), &e)) {
    case IX_AUTH_READY:
        return true;
    case IX_AUTH_EXCHANGE:
        ix_rest_wait(j, JOB_AUTH, j->retry.deadline_us);
        run_exchange(j, s);
        return false;
    case IX_AUTH_WAIT:
        ix_rest_wait(j, JOB_AUTH, j->retry.deadline_us);
        return false;
    case IX_AUTH_REFUSED:
        if (!j->api && j->request.method && e.info.reason && strcmp(e.info.reason, "no_credentials") == 0) {
            ix_http_error_clear(&e); /* whether a path wants one, nobody said: the server will */
            j->request.auth = IX_HTTP_AUTH_NONE;
            return true;
        }
        ix_rest_finish(j, &e);
        return false;
    }
    return false;
}

void ix_rest_session_logged_out(struct rest *r, enum ix_http_auth kind)
{
    struct rest_session *s = ix_rest_session(r, kind);

    s->loaded = true; /* the store is told that there is none */
    ix_auth_forget(s->auth);
    if (!r->closing)
        keep_tokens(s);
}

void ix_rest_sessions_stop(struct rest *r)
{
    for (size_t i = 0; i < IX_COUNT(r->sessions); i++) {
        struct rest_session *s = &r->sessions[i];

        if (s->exchange)
            ix_transfer_cancel(s->exchange);
        if (s->work)
            s->work->session = NULL; /* it frees itself */
        s->work = NULL;
    }
}

void ix_rest_sessions_free(struct rest *r)
{
    for (size_t i = 0; i < IX_COUNT(r->sessions); i++)
        ix_auth_free(r->sessions[i].auth);
}

/* ---- logging in and out ------------------------------------------------------------------ */

enum wish { WISH_LOGIN, WISH_CODE, WISH_TOKENS, WISH_LOGOUT };
struct credentials {
    struct job *job; /* NULL: tokens only */
    irisx_client_t *client;
    enum wish wish;
    int32_t session;
    char *first, *second; /* email and password, code, access and refresh token */
};

static void credentials_free(struct credentials *k)
{
    wipe(&k->first);
    wipe(&k->second);
    ix_free(k);
}

static int wish(struct credentials *k)
{
    struct rest *r = k->client->rest;
    struct rest_session *user = &r->sessions[IRISX_SESSION_USER], *s = &r->sessions[k->session];

    switch (k->wish) {
    case WISH_LOGIN:
        return ix_auth_set_login(s->auth, k->first, k->second);
    case WISH_CODE: /* that of the session whose log-in waits for it */
        s = ix_auth_pending_token(user->auth) ? user : &r->sessions[IRISX_SESSION_ADMIN];
        k->job->request.auth = s == user ? IX_HTTP_AUTH_JWT : IX_HTTP_AUTH_ADMIN;
        return ix_auth_set_code(s->auth, k->first);
    case WISH_TOKENS:
        return ix_auth_set_tokens(s->auth, k->first, k->second, ix_rest_now(r));
    case WISH_LOGOUT:
        k->job->logs_out = true;
        return ix_auth_logout(s->auth, &k->job->request);
    }
    return IRISX_E_INTERNAL;
}

static void credentials_here(void *arg)
{
    struct credentials *k = arg;
    struct rest *r = k->client->rest;
    struct job *j = k->job;
    int err;

    if (j)
        ix_rest_enlist(j);
    err = wish(k);
    if (j && err)
        ix_rest_finish_code(j, err, err == IRISX_E_STATE ? "no log-in waits for a code, or there is no session" : NULL);
    else if (j && j->cancelled)
        ix_rest_finish_code(j, IRISX_E_CANCELLED, NULL);
    else if (j)
        ix_rest_advance(j);
    else if (err)
        ix_log(&r->client->log, IX_LOG_ERROR, "client", "the access token given cannot be used");
    else
        keep_tokens(&r->sessions[k->session]);
    ix_rest_turn(r);
    credentials_free(k);
}

static struct credentials *credentials_new(irisx_client_t *c, enum wish w, const char *first, const char *second)
{
    struct credentials *k = ix_alloc(sizeof *k);

    if (!k)
        return NULL;
    k->client = c;
    k->wish = w;
    k->first = ix_dup_cstr(first);
    k->second = ix_dup_cstr(second);
    if ((first && !k->first) || (second && !k->second)) {
        credentials_free(k);
        return NULL;
    }
    return k;
}

static irisx_error_t usable(const irisx_client_t *c)
{
    if (!ix_client_usable(c))
        return IRISX_E_CLOSED;
    return c->o.api_url ? IRISX_OK : IRISX_E_STATE;
}

/* takes k, which may be NULL: no memory */
static irisx_error_t ask(irisx_client_t *c, struct credentials *k, int32_t session, irisx_op_t **op_out)
{
    irisx_op_t *op = k ? ix_op_new(c) : NULL;
    int err = IRISX_E_NO_MEMORY;

    if (op)
        k->job = ix_rest_job_new(c, op, NULL, NULL);
    if (k && k->job) {
        k->session = session;
        k->job->request.auth = session == IRISX_SESSION_ADMIN ? IX_HTTP_AUTH_ADMIN : IX_HTTP_AUTH_JWT;
        op->cancel = ix_rest_cancel_op;
        err = ix_service_post(c, credentials_here, k);
        if (!err) {
            ix_op_give(op, op_out);
            return IRISX_OK;
        }
        ix_rest_job_free(k->job);
    }
    if (k)
        credentials_free(k);
    ix_op_discard(op);
    return (irisx_error_t) err;
}

irisx_error_t irisx_client_login(irisx_client_t *c, const char *email, const char *password, irisx_op_t **op_out)
{
    irisx_error_t err = c && email && password ? usable(c) : IRISX_E_INVALID;

    return err ? err : ask(c, credentials_new(c, WISH_LOGIN, email, password), IRISX_SESSION_USER, op_out);
}

irisx_error_t irisx_client_login_admin(irisx_client_t *c, const char *email, const char *password, irisx_op_t **op_out)
{
    irisx_error_t err = c && email && password ? usable(c) : IRISX_E_INVALID;

    return err ? err : ask(c, credentials_new(c, WISH_LOGIN, email, password), IRISX_SESSION_ADMIN, op_out);
}

irisx_error_t irisx_client_login_2fa(irisx_client_t *c, const char *totp_code, irisx_op_t **op_out)
{
    irisx_error_t err = c && totp_code ? usable(c) : IRISX_E_INVALID;

    return err ? err : ask(c, credentials_new(c, WISH_CODE, totp_code, NULL), IRISX_SESSION_USER, op_out);
}

irisx_error_t irisx_client_logout(irisx_client_t *c, int32_t session, irisx_op_t **op_out)
{
    bool known = session == IRISX_SESSION_USER || session == IRISX_SESSION_ADMIN;
    irisx_error_t err = c && known ? usable(c) : IRISX_E_INVALID;

    return err ? err : ask(c, credentials_new(c, WISH_LOGOUT, NULL, NULL), session, op_out);
}

irisx_error_t irisx_client_set_tokens(irisx_client_t *c, const char *access_token, const char *refresh_token)
{
    struct credentials *k;
    irisx_error_t err = c && access_token ? usable(c) : IRISX_E_INVALID;

    if (err)
        return err;
    k = credentials_new(c, WISH_TOKENS, access_token, refresh_token);
    if (!k)
        return IRISX_E_NO_MEMORY;
    err = (irisx_error_t) ix_service_post(c, credentials_here, k);
    if (err)
        credentials_free(k);
    return err;
}
