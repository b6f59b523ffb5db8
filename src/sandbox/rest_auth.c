/* SPDX-License-Identifier: MIT */
/* /v1/auth: sessions of users (contract WIRE.md sections 4 and 8.2). */
#include <string.h>

#include "sandbox/rest.h"

/* ---- login ----------------------------------------------------------------------------------- */
static const char session_sql[] =
    "SELECT u.id, u.tenant_id, u.email, u.first_name, u.last_name, u.phone, u.role, u.status, t.name, coalesce(o.enabled, 0)"
    " FROM users u JOIN tenants t ON t.id = u.tenant_id LEFT JOIN totp o ON o.user_id = u.id WHERE u.id = ?1";
static const struct out_column session_columns[] = { { "id", OUT_ID }, { "tenant_id", OUT_ID }, { "email", OUT_TEXT },
    { "first_name", OUT_TEXT }, { "last_name", OUT_TEXT }, { "phone", OUT_TEXT }, { "role", OUT_TEXT },
    { "status", OUT_TEXT }, { "tenant_name", OUT_TEXT }, { "two_factor_enabled", OUT_BOOL } };

static void done_begin(struct rest_exchange *x, const char *message)
{
    x->status = 200;
    out_open(&x->out, NULL, '{');
    out_bool(&x->out, "success", true);
    if (message)
        out_text(&x->out, "message", message);
    out_open(&x->out, "data", '{');
}

static int done_end(struct rest_exchange *x)
{
    out_close(&x->out, '}');
    out_close(&x->out, '}');
    return x->out.err;
}

static int keep_refresh_token(struct sandbox_rest *r, const char *token, int64_t user_id)
{
    int64_t now = rest_now_ms(r);
    int err = sandbox_run(r->state, "DELETE FROM refresh_tokens WHERE expires_ms <= ?1", SANDBOX_ARGS(ARG_INT(now)));

    if (err)
        return err;
    return sandbox_run(r->state, "INSERT OR IGNORE INTO refresh_tokens(token, user_id, expires_ms) VALUES(?1, ?2, ?3)",
        SANDBOX_ARGS(ARG_TEXT(token), ARG_INT(user_id), ARG_INT(now + INT64_C(7) * 86400000)));
}

static int put_tokens(struct rest_exchange *x, const struct token_user *user)
{
    char access[TOKEN_MAX], refresh[TOKEN_MAX];
    int err = token_make(x->r, TOKEN_ACCESS, user, access);

    if (!err)
        err = token_make(x->r, TOKEN_REFRESH, user, refresh);
    if (!err)
        err = keep_refresh_token(x->r, refresh, user->user_id);
    if (!err) {
        out_open(&x->out, "tokens", '{');
        out_text(&x->out, "access_token", access);
        out_text(&x->out, "refresh_token", refresh);
        out_text(&x->out, "expires_in", "24h");
        out_close(&x->out, '}');
    }
    ix_wipe(access, sizeof access);
    ix_wipe(refresh, sizeof refresh);
    return err;
}

/* the row that q stands on, as claims; texts live until the next row */
static struct token_user claims_of(const struct sandbox_query *q, char email[128], char role[32])
{
    (void) ix_str_copy(email, 128, sandbox_query_text(q, 2)); /* longer ones are not in the state */
    (void) ix_str_copy(role, 32, sandbox_query_text(q, 6));
    return (struct token_user){
        .user_id = sandbox_query_int(q, 0), .tenant_id = sandbox_query_int(q, 1), .email = email, .role = role
    };
}

int rest_session(struct rest_exchange *x, int64_t user_id, const char *message)
{
    struct token_user user = { 0 };
    char email[128], role[32];
    struct sandbox_query q;
    int err;

    done_begin(x, message);
    out_open(&x->out, "user", '{');
    sandbox_query_open(&q, x->r->state, session_sql, SANDBOX_ARGS(ARG_INT(user_id)));
    if (sandbox_query_row(&q)) {
        out_row(&x->out, &q, session_columns, IX_COUNT(session_columns));
        user = claims_of(&q, email, role);
    }
    out_close(&x->out, '}');
    err = sandbox_query_end(&q);
    if (!err && !user.user_id)
        err = IRISX_E_NOT_FOUND;
    if (!err)
        err = put_tokens(x, &user);
    if (!err)
        err = sandbox_run(x->r->state, "UPDATE users SET last_login_ms = ?2 WHERE id = ?1",
            SANDBOX_ARGS(ARG_INT(user_id), ARG_INT(rest_now_ms(x->r))));
    return err ? err : done_end(x);
}

/* HTTP 200, "Login successful", and no tokens: as the platform does it */
static int want_second_factor(struct rest_exchange *x, const struct token_user *user)
{
    char token[TOKEN_MAX];
    int err = token_make(x->r, TOKEN_PENDING, user, token);

    if (err)
        return err;
    done_begin(x, "Login successful");
    out_bool(&x->out, "requires_2fa", true);
    out_text(&x->out, "pending_token", token);
    out_text(&x->out, "message", "Please provide your 2FA code to complete login");
    ix_wipe(token, sizeof token);
    return done_end(x);
}

int rest_login(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT u.id, u.tenant_id, u.email, u.password, u.status, t.status, u.role, coalesce(o.enabled, 0)"
        " FROM users u JOIN tenants t ON t.id = u.tenant_id LEFT JOIN totp o ON o.user_id = u.id"
        " WHERE u.email = ?1";
    struct ix_str given = ix_json_get_str(x->body, "password");
    struct token_user user = { 0 };
    bool user_active = false, tenant_active = false, second_factor = false;
    char email[128], role[32];
    struct sandbox_query q;
    int err;

    sandbox_query_open(&q, x->r->state, sql, SANDBOX_ARGS(ARG_STR(ix_json_get_str(x->body, "email"))));
    if (sandbox_query_row(&q) && token_same_text(x->r, given, sandbox_query_text(&q, 3))) {
        user = claims_of(&q, email, role);
        user_active = ix_str_eq(sandbox_query_text(&q, 4), IX_STR("active"));
        tenant_active = ix_str_eq(sandbox_query_text(&q, 5), IX_STR("active"));
        second_factor = sandbox_query_int(&q, 7) != 0;
    }
    err = sandbox_query_end(&q);
    if (err)
        return err;
    if (!user.user_id)
        return rest_error(x, 401, "Invalid email or password");
    if (!user_active)
        return rest_error(x, 403, "User account is inactive");
    if (!tenant_active)
        return rest_error(x, 403, "Tenant account is inactive");
    return second_factor ? want_second_factor(x, &user) : rest_session(x, user.user_id, "Login successful");
}

int rest_verify_2fa(struct rest_exchange *x)
{
    struct sandbox_query q;
    struct token_claims claims;
    int64_t last = 0;
    bool fits = false;
    int err = token_check(x->r, ix_json_get_str(x->body, "pending_token"), &claims);

    if (err || claims.kind != TOKEN_PENDING)
        return rest_error(x, 401, "Invalid or expired pending token");
    sandbox_query_open(&q, x->r->state, "SELECT secret, last_step FROM totp WHERE user_id = ?1 AND enabled",
        SANDBOX_ARGS(ARG_INT(claims.user_id)));
    if (sandbox_query_row(&q)) {
        last = sandbox_query_int(&q, 1);
        fits = token_totp_check(
            sandbox_query_text(&q, 0).p, ix_json_get_str(x->body, "totp_code"), rest_now_ms(x->r), &last);
    }
    err = sandbox_query_end(&q);
    if (err)
        return err;
    if (!fits)
        return rest_error(x, 401, "Invalid 2FA code");
    err = sandbox_run(x->r->state, "UPDATE totp SET last_step = ?2 WHERE user_id = ?1",
        SANDBOX_ARGS(ARG_INT(claims.user_id), ARG_INT(last)));
    return err ? err : rest_session(x, claims.user_id, "Login successful");
}

/* ---- refresh, logout, me --------------------------------------------------------------------- */
/* Gives a new access token; the refresh token stays as it is. */
int rest_refresh(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT u.id, u.tenant_id, u.email, 0, 0, 0, u.role FROM refresh_tokens k JOIN users u ON u.id = k.user_id"
        " WHERE k.token = ?1 AND u.id = ?2 AND u.status = 'active'";
    struct ix_str token = ix_json_get_str(x->body, "refresh_token");
    struct token_user user = { 0 };
    struct token_claims claims;
    char email[128], role[32], access[TOKEN_MAX];
    struct sandbox_query q;
    int err = token_check(x->r, token, &claims);

    if (err || claims.kind != TOKEN_REFRESH)
        return rest_error(x, 401, "Invalid or expired refresh token");
    sandbox_query_open(&q, x->r->state, sql, SANDBOX_ARGS(ARG_STR(token), ARG_INT(claims.user_id)));
    if (sandbox_query_row(&q))
        user = claims_of(&q, email, role);
    err = sandbox_query_end(&q);
    if (!err && !user.user_id)
        return rest_error(x, 401, "Invalid or expired refresh token");
    if (!err)
        err = token_make(x->r, TOKEN_ACCESS, &user, access);
    if (err)
        return err;
    done_begin(x, "Token refreshed");
    out_text(&x->out, "access_token", access);
    out_text(&x->out, "expires_in", "24h");
    ix_wipe(access, sizeof access);
    return done_end(x);
}

/* The access token goes on working until it expires. */
int rest_logout(struct rest_exchange *x)
{
    int err = sandbox_run(x->r->state, "DELETE FROM refresh_tokens WHERE token = ?1 AND user_id = ?2",
        SANDBOX_ARGS(ARG_STR(ix_json_get_str(x->body, "refresh_token")), ARG_INT(x->caller.user_id)));

    if (err)
        return err;
    out_open(&x->out, NULL, '{');
    out_bool(&x->out, "success", true);
    out_text(&x->out, "message", "Logged out successfully");
    out_close(&x->out, '}');
    return 0;
}

int rest_me(struct rest_exchange *x)
{
    static const char sql[] =
        "SELECT u.id, u.tenant_id, u.email, u.first_name, u.last_name, u.phone, u.role, u.status, u.created_ms,"
        " u.last_login_ms, t.id, t.name, t.status, t.plan FROM users u JOIN tenants t ON t.id = u.tenant_id"
        " WHERE u.id = ?1";
    static const struct out_column columns[] = { { "id", OUT_ID }, { "tenant_id", OUT_ID }, { "email", OUT_TEXT },
        { "first_name", OUT_TEXT }, { "last_name", OUT_TEXT }, { "phone", OUT_TEXT }, { "role", OUT_TEXT },
        { "status", OUT_TEXT }, { "created_at", OUT_TIME }, { "last_login_at", OUT_TIME } };
    struct sandbox_query q;
    bool found;
    int err;

    done_begin(x, NULL);
    sandbox_query_open(&q, x->r->state, sql, SANDBOX_ARGS(ARG_INT(x->caller.user_id)));
    found = sandbox_query_row(&q);
    if (found) {
        out_row(&x->out, &q, columns, IX_COUNT(columns));
        out_open(&x->out, "tenant", '{');
        out_id(&x->out, "id", sandbox_query_int(&q, 10));
        out_str(&x->out, "name", sandbox_query_text(&q, 11));
        out_str(&x->out, "status", sandbox_query_text(&q, 12));
        out_str(&x->out, "plan", sandbox_query_text(&q, 13));
        out_close(&x->out, '}');
    }
    err = sandbox_query_end(&q);
    if (err)
        return err;
    return found ? done_end(x) : rest_error(x, 404, "User not found");
}
