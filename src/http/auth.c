/* SPDX-License-Identifier: MIT */
/*
 * Credentials: an API key, or a user's session that renews itself. The state diagram stands in http.h. A refresh is
 * asked for when nine tenths of a token's life are over (exp - iat, on the monotonic clock, so that a wrong wall clock
 * does no harm), or when the platform says "Token expired"; never on another 401, since many of the platform's 401 are
 * not about the token (contract WIRE.md section 4.2).
 */
#include "http/http.h"

#include <string.h>

#include "json/json.h"

#define REFRESH_LEAD_MAX (60 * IX_S)
#define REFRESH_AGAIN (30 * IX_S) /* after an early refresh that failed, while the token still lives */
#define MAX_BODY 16384
#define SESSION_ENDED "the session has ended: log in again"

enum exchange { EXCHANGE_NONE = 0, EXCHANGE_LOGIN = 1, EXCHANGE_REFRESH = 2, EXCHANGE_VERIFY = 3 };

struct ix_auth {
    enum ix_auth_realm realm;
    char *key, *email, *password, *access, *refresh, *pending, *code;
    uint32_t generation; /* of access */
    uint64_t refresh_at_us; /* IX_NEVER: not known */
    uint64_t ends_us; /* of access, where that is known; IX_NEVER */
    bool login_due; /* email and password are there and not used yet */
    bool code_due; /* a second factor is there and not used yet */
    bool refresh_due; /* the platform said that access has expired */
    enum exchange running;
    uint32_t running_for; /* generation when it began: an answer for credentials since replaced is dropped */
    bool lost_once; /* the connection of this exchange was lost before */
    struct ix_http_error failure; /* why there is no session; code 0: none was tried */
};

static void drop(char **text)
{
    if (*text != NULL)
        ix_wipe(*text, strlen(*text));
    ix_free(*text);
    *text = NULL;
}

/* what may stand in a header line: no control character, no line break */
static bool header_safe(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if ((unsigned char) *text <= 0x20 || (unsigned char) *text >= 0x7f)
            return false;
    return true;
}

/* puts a copy of value (NULL: none) in place of what was there, which is wiped */
static int replace(char **text, const char *value)
{
    char *copy = ix_dup_cstr(value);

    if (value != NULL && copy == NULL)
        return IRISX_E_NO_MEMORY;
    drop(text);
    *text = copy;
    return 0;
}

int ix_auth_new(enum ix_auth_realm realm, struct ix_auth **out)
{
    struct ix_auth *a = ix_alloc(sizeof *a);

    if (a == NULL)
        return IRISX_E_NO_MEMORY;
    a->realm = realm;
    a->refresh_at_us = a->ends_us = IX_NEVER;
    *out = a;
    return 0;
}

void ix_auth_forget(struct ix_auth *a)
{
    drop(&a->email);
    drop(&a->password);
    drop(&a->access);
    drop(&a->refresh);
    drop(&a->pending);
    drop(&a->code);
    a->refresh_at_us = a->ends_us = IX_NEVER;
    a->login_due = a->refresh_due = a->code_due = false;
    a->generation++;
    ix_http_error_clear(&a->failure);
}

bool ix_auth_empty(const struct ix_auth *a)
{
    return a->access == NULL && a->refresh == NULL && !a->login_due && !a->code_due && a->running == EXCHANGE_NONE &&
           a->failure.info.code == IRISX_OK;
}

void ix_auth_free(struct ix_auth *a)
{
    if (a == NULL)
        return;
    ix_auth_forget(a);
    drop(&a->key);
    ix_free(a);
}

int ix_auth_set_key(struct ix_auth *a, const char *api_key)
{
    return header_safe(api_key) ? replace(&a->key, api_key) : IRISX_E_INVALID;
}

/*
 * When the token ends: by its own claims; received now (its life counts from now on), or at another time (the wall
 * clock, as the server's shows it, has to do).
 */
static uint64_t end_time(const char *token, bool fresh, struct ix_now now, uint64_t *life_us)
{
    struct ix_jwt_times t;

    if (ix_jwt_times(ix_str(token), &t) != 0)
        return IX_NEVER;
    int64_t now_s = now.wall_us / (int64_t) IX_S;
    bool known_life = t.issued_s > 0 && t.expires_s > t.issued_s;
    int64_t left_s = t.expires_s - (fresh && known_life ? t.issued_s : now_s);
    if (left_s <= 0)
        return fresh ? IX_NEVER : now.mono_us;
    if (left_s > INT64_C(315360000))
        return IX_NEVER; /* ten years: no end worth planning for */
    *life_us = (uint64_t) (known_life ? IX_MIN(t.expires_s - t.issued_s, INT64_C(315360000)) : left_s) * IX_S;
    return ix_time_add(now.mono_us, (uint64_t) left_s * IX_S);
}

/* a tenth of its life before it ends, a minute at most */
static uint64_t refresh_time(uint64_t ends_us, uint64_t life_us, struct ix_now now)
{
    uint64_t left_us = ends_us > now.mono_us ? ends_us - now.mono_us : 0;

    return ends_us == IX_NEVER ? IX_NEVER : ends_us - IX_MIN(left_us, IX_MIN(life_us / 10, REFRESH_LEAD_MAX));
}

/* refresh NULL keeps the one at hand */
static int store_tokens(struct ix_auth *a, const char *access, const char *refresh, bool fresh, struct ix_now now)
{
    char *copy = ix_dup_cstr(access);
    uint64_t life_us = 0;

    if (copy == NULL || (refresh != NULL && replace(&a->refresh, refresh) != 0)) {
        drop(&copy);
        return IRISX_E_NO_MEMORY;
    }
    drop(&a->access);
    a->access = copy;
    a->generation++;
    a->ends_us = end_time(copy, fresh, now, &life_us);
    a->refresh_at_us = refresh_time(a->ends_us, life_us, now);
    a->refresh_due = false;
    ix_http_error_clear(&a->failure);
    return 0;
}

int ix_auth_set_tokens(struct ix_auth *a, const char *access, const char *refresh, struct ix_now now)
{
    if (access == NULL || !header_safe(access))
        return IRISX_E_INVALID;
    if (refresh == NULL)
        drop(&a->refresh);
    return store_tokens(a, access, refresh, false, now);
}

int ix_auth_set_login(struct ix_auth *a, const char *email, const char *password)
{
    if (replace(&a->email, email) != 0 || replace(&a->password, password) != 0) {
        drop(&a->email);
        drop(&a->password);
        a->login_due = false;
        return IRISX_E_NO_MEMORY;
    }
    drop(&a->access);
    drop(&a->refresh);
    drop(&a->pending);
    a->generation++;
    a->refresh_at_us = a->ends_us = IX_NEVER;
    a->refresh_due = a->code_due = false;
    a->login_due = true;
    ix_http_error_clear(&a->failure);
    return 0;
}

int ix_auth_set_code(struct ix_auth *a, const char *totp_code)
{
    if (a->pending == NULL)
        return IRISX_E_STATE;
    int err = replace(&a->code, totp_code);
    if (err == 0) {
        a->code_due = true;
        ix_http_error_clear(&a->failure);
    }
    return err;
}

/* ---- asking ------------------------------------------------------------------------------ */

static enum ix_auth_answer start(struct ix_auth *a, enum exchange what)
{
    a->running = what;
    a->running_for = a->generation;
    return IX_AUTH_EXCHANGE;
}

static enum ix_auth_answer refuse(const struct ix_auth *a, struct ix_http_error *error)
{
    const irisx_error_info_t *f = &a->failure.info;

    if (f->code == IRISX_OK) {
        ix_http_error_set(
            error, IRISX_E_AUTH, IRISX_DOMAIN_LOCAL, "no_credentials", "no credentials: log in or give an API key");
        return IX_AUTH_REFUSED;
    }
    ix_http_error_set(error, f->code, f->domain, f->reason, "%s", f->message);
    error->info.status = f->status;
    error->info.retry_after_ms = f->retry_after_ms;
    return IX_AUTH_REFUSED;
}

static enum ix_auth_answer ask_session(struct ix_auth *a, struct ix_now now, struct ix_http_error *error)
{
    if (a->running != EXCHANGE_NONE)
        return IX_AUTH_WAIT;
    if (a->login_due)
        return start(a, EXCHANGE_LOGIN);
    if (a->code_due)
        return start(a, EXCHANGE_VERIFY);
    bool stale = a->access == NULL || a->refresh_due || now.mono_us >= a->refresh_at_us;
    if (a->refresh != NULL && stale)
        return start(a, EXCHANGE_REFRESH);
    if (a->access != NULL && (a->realm == IX_AUTH_USER || now.mono_us < a->ends_us))
        return IX_AUTH_READY;
    if (a->access != NULL) { /* known to be over, and not to be renewed */
        ix_http_error_set(error, IRISX_E_AUTH, IRISX_DOMAIN_LOCAL, "session_ended", SESSION_ENDED);
        return IX_AUTH_REFUSED;
    }
    return refuse(a, error);
}

enum ix_auth_answer ix_auth_ask(
    struct ix_auth *a, enum ix_http_auth kind, struct ix_now now, struct ix_http_error *error)
{
    switch (kind) {
    case IX_HTTP_AUTH_NONE:
        return IX_AUTH_READY;
    case IX_HTTP_AUTH_KEY:
        if (a->key != NULL)
            return IX_AUTH_READY;
        ix_http_error_set(error, IRISX_E_AUTH, IRISX_DOMAIN_LOCAL, "no_api_key", "the operation wants an API key");
        return IX_AUTH_REFUSED;
    case IX_HTTP_AUTH_KEY_OR_JWT: {
        bool session =
            a->running != EXCHANGE_NONE || a->login_due || a->code_due || a->access != NULL || a->refresh != NULL;
        return a->key != NULL && !session ? IX_AUTH_READY : ask_session(a, now, error);
    }
    case IX_HTTP_AUTH_JWT:
    case IX_HTTP_AUTH_ADMIN:
        break;
    }
    return ask_session(a, now, error);
}

void ix_auth_headers(const struct ix_auth *a, enum ix_http_auth kind, struct ix_buf *out, uint32_t *generation)
{
    bool key = kind == IX_HTTP_AUTH_KEY || kind == IX_HTTP_AUTH_KEY_OR_JWT;
    bool session = kind != IX_HTTP_AUTH_NONE && kind != IX_HTTP_AUTH_KEY;

    *generation = a->generation;
    if (key && a->key != NULL)
        ix_buf_fmt(out, "X-API-Key: %s\r\n", a->key);
    if (session && a->access != NULL)
        ix_buf_fmt(out, "Authorization: Bearer %s\r\n", a->access);
}

struct member {
    const char *name, *value;
};

/* a POST of text members; value NULL ends them */
static int make_post(
    const char *path, const struct member members[3], enum ix_http_auth auth, struct ix_http_request *out)
{
    struct ix_http_request r = { .method = "POST", .auth = auth, .retry = IX_RETRY_IDEMPOTENT };
    struct ix_buf b;

    ix_buf_init(&b, MAX_BODY);
    ix_buf_u8(&b, '{');
    for (size_t i = 0; i < 3 && members[i].value != NULL; i++) {
        ix_buf_str(&b, i > 0 ? "," : "");
        ix_buf_json_str(&b, ix_str(members[i].name));
        ix_buf_u8(&b, ':');
        ix_buf_json_str(&b, ix_str(members[i].value));
    }
    ix_buf_u8(&b, '}');
    int err = b.err;
    r.body_len = b.n;
    r.path = ix_dup_cstr(path);
    r.body = err == 0 ? ix_buf_take(&b) : NULL;
    if (r.body == NULL) {
        if (b.p != NULL)
            ix_wipe(b.p, b.n);
        ix_buf_clear(&b);
        r.body_len = 0;
    }
    if (r.path == NULL || r.body == NULL) {
        ix_http_request_clear(&r);
        return err != 0 ? err : IRISX_E_NO_MEMORY;
    }
    *out = r;
    return 0;
}

int ix_auth_exchange(const struct ix_auth *a, struct ix_http_request *out)
{
    bool admin = a->realm == IX_AUTH_ADMIN;

    switch (a->running) {
    case EXCHANGE_NONE:
        break;
    case EXCHANGE_LOGIN: {
        const struct member m[3] = { { "email", a->email }, { "password", a->password } };
        return make_post(admin ? "/admin/auth/login" : "/v1/auth/login", m, IX_HTTP_AUTH_NONE, out);
    }
    case EXCHANGE_REFRESH: {
        const struct member m[3] = { { "refresh_token", a->refresh } };
        return make_post("/v1/auth/refresh", m, IX_HTTP_AUTH_NONE, out);
    }
    case EXCHANGE_VERIFY: {
        const struct member m[3] = { { "pending_token", a->pending }, { "totp_code", a->code } };
        return make_post(admin ? "/admin/auth/verify-2fa" : "/v1/auth/verify-2fa", m, IX_HTTP_AUTH_NONE, out);
    }
    }
    return IRISX_E_STATE;
}

int ix_auth_logout(const struct ix_auth *a, struct ix_http_request *out)
{
    const struct member m[3] = { { "refresh_token", a->refresh } };

    if (a->access == NULL)
        return IRISX_E_STATE;
    if (a->realm == IX_AUTH_ADMIN)
        return make_post("/admin/auth/logout", m, IX_HTTP_AUTH_ADMIN, out);
    return make_post("/v1/auth/logout", m, IX_HTTP_AUTH_JWT, out);
}

/* ---- the exchange's end ------------------------------------------------------------------ */

/* the tokens of an answer, wherever its author put them: data.tokens, data, tokens, the top */
static const irisx_value_t *find_tokens(const irisx_value_t *root)
{
    const irisx_value_t *places[] = { ix_json_path(root, "data.tokens"), irisx_value_get(root, "data"),
        irisx_value_get(root, "tokens"), root };

    for (size_t i = 0; i < IX_COUNT(places); i++)
        if (irisx_value_get_text(places[i], "access_token", irisx_value_get_text(places[i], "token", NULL)) != NULL)
            return places[i];
    return NULL;
}

static int take_tokens(struct ix_auth *a, const irisx_value_t *root, struct ix_now now, struct ix_http_error *error)
{
    const irisx_value_t *tokens = find_tokens(root);
    const irisx_value_t *data = irisx_value_get(root, "data");

    if (irisx_value_get_bool(data, "requires_2fa", 0) || irisx_value_get_bool(root, "requires_2fa", 0)) {
        const char *pending = irisx_value_get_text(data, "pending_token", NULL);
        (void) replace(&a->pending, irisx_value_get_text(root, "pending_token", pending)); /* NULL: none to show */
        ix_http_error_set(error, IRISX_E_AUTH, IRISX_DOMAIN_HTTP, "requires_2fa",
            "the account wants a second factor: give its code (irisx_client_login_2fa)");
        return IRISX_E_AUTH;
    }
    const char *access = irisx_value_get_text(tokens, "access_token", irisx_value_get_text(tokens, "token", NULL));
    if (access == NULL || !header_safe(access)) {
        ix_http_error_set(error, IRISX_E_PROTOCOL, IRISX_DOMAIN_HTTP, NULL, "the answer has no access token");
        return IRISX_E_PROTOCOL;
    }
    int err = store_tokens(a, access, irisx_value_get_text(tokens, "refresh_token", NULL), true, now);
    if (err != 0)
        ix_http_error_set(error, IRISX_E_NO_MEMORY, IRISX_DOMAIN_LOCAL, NULL, "out of memory");
    return err;
}

static int read_answer(
    struct ix_auth *a, const struct ix_http_response *r, struct ix_now now, struct ix_http_error *error)
{
    irisx_value_t *root = NULL;
    int err = ix_json_parse(r->body, &root, NULL);

    if (err == IRISX_E_NO_MEMORY) {
        ix_http_error_set(error, IRISX_E_NO_MEMORY, IRISX_DOMAIN_LOCAL, NULL, "out of memory");
    } else if (r->status < 200 || r->status > 299 || ix_http_refused_in_body(root)) {
        ix_http_error_from_response(error, r, IX_RETRY_IDEMPOTENT);
        err = error->info.code;
    } else {
        err = take_tokens(a, root, now, error);
    }
    irisx_value_free(root);
    return err;
}

/* a failed refresh: refused for good, or to be tried again later */
static int after_refresh(struct ix_auth *a, int err, struct ix_now now, struct ix_http_error *error)
{
    /* the platform gives a reason; a page of a portal or firewall in between gives none, and must not end a session */
    if (error->info.reason != NULL && (err == IRISX_E_AUTH || err == IRISX_E_FORBIDDEN || err == IRISX_E_HTTP)) {
        ix_http_error_set(error, IRISX_E_AUTH, IRISX_DOMAIN_HTTP, "session_ended", SESSION_ENDED);
        drop(&a->access);
        drop(&a->refresh);
        a->generation++;
        a->refresh_at_us = a->ends_us = IX_NEVER;
        a->refresh_due = false;
        return IRISX_E_AUTH;
    }
    if (a->access == NULL || a->refresh_due || now.mono_us >= a->ends_us)
        return err;
    a->refresh_at_us = ix_time_add(now.mono_us, REFRESH_AGAIN); /* it was early: the token lives on */
    ix_http_error_clear(error);
    return 0;
}

int ix_auth_input(struct ix_auth *a, int err, const char *detail, const struct ix_http_response *r, struct ix_now now,
    struct ix_http_error *error)
{
    enum exchange was = a->running;

    if (was == EXCHANGE_NONE)
        return IRISX_E_STATE;
    a->running = EXCHANGE_NONE;
    if (a->running_for != a->generation)
        return 0;
    bool lost = err == IRISX_E_NETWORK || err == IRISX_E_OUTCOME_UNKNOWN;
    a->lost_once = lost && !a->lost_once && was != EXCHANGE_REFRESH; /* that goes by its caller's table of retries */
    if (a->lost_once)
        return 0; /* nothing has changed: the next to ask runs it again */
    if (err != 0) {
        ix_http_error_from_transfer(error, err, detail, IX_RETRY_IDEMPOTENT, false);
        err = error->info.code;
    } else {
        err = read_answer(a, r, now, error);
    }
    if (was == EXCHANGE_LOGIN) {
        a->login_due = false;
        drop(&a->password);
    } else if (was == EXCHANGE_VERIFY) {
        a->code_due = false;
        drop(&a->code);
        if (err == 0)
            drop(&a->pending);
    } else if (err != 0) {
        err = after_refresh(a, err, now, error);
    }
    ix_http_error_clear(&a->failure);
    if (err != 0) {
        const irisx_error_info_t *i = &error->info;
        ix_http_error_set(&a->failure, i->code, i->domain, i->reason, "%s", i->message);
        a->failure.info.status = i->status;
    }
    return err;
}

/* ---- after a 401 ------------------------------------------------------------------------- */

static bool says_expired(const struct ix_http_response *r)
{
    irisx_value_t *root = NULL;
    bool expired = false;

    if (r->body.n > MAX_BODY || ix_json_parse(r->body, &root, NULL) != 0)
        return false;
    expired = ix_str_ieq(ix_json_get_str(root, "error"), IX_STR("Token expired")) ||
              ix_str_ieq(ix_json_get_str(root, "message"), IX_STR("Token expired")) ||
              ix_str_ieq(ix_json_get_str(root, "code"), IX_STR("TOKEN_EXPIRED"));
    irisx_value_free(root);
    return expired;
}

bool ix_auth_expired(struct ix_auth *a, enum ix_http_auth kind, uint32_t generation, const struct ix_http_response *r)
{
    if (r->status != 401 || kind == IX_HTTP_AUTH_NONE || kind == IX_HTTP_AUTH_KEY || !says_expired(r))
        return false;
    if (generation != a->generation || a->running != EXCHANGE_NONE)
        return true;
    a->refresh_due = a->refresh != NULL;
    return a->refresh_due;
}

const char *ix_auth_pending_token(const struct ix_auth *a)
{
    return a->pending;
}

const char *ix_auth_access_token(const struct ix_auth *a)
{
    return a->access;
}

const char *ix_auth_refresh_token(const struct ix_auth *a)
{
    return a->refresh;
}

uint32_t ix_auth_generation(const struct ix_auth *a)
{
    return a->generation;
}

uint64_t ix_auth_deadline(const struct ix_auth *a)
{
    return a->refresh != NULL && a->running == EXCHANGE_NONE ? a->refresh_at_us : IX_NEVER;
}
