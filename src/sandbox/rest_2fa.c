/* SPDX-License-Identifier: MIT */
/*
 * /v1/auth/2fa: how a user gets and loses a second factor (contract WIRE.md section 8.2). These four are not in
 * openapi/irisx.yaml yet; without them a login that wants a code could not be tried.
 *
 *   (none) ──setup──▶ pending ──enable──▶ enabled ──disable──▶ (none)
 */
#include <string.h>

#include "sandbox/rest.h"

struct factor {
    char secret[33];
    bool there, enabled;
    int64_t last_step;
};

static int load(struct rest_exchange *x, struct factor *f)
{
    struct sandbox_query q;

    *f = (struct factor){ 0 };
    sandbox_query_open(&q, x->r->state, "SELECT secret, enabled, last_step FROM totp WHERE user_id = ?1",
        SANDBOX_ARGS(ARG_INT(x->caller.user_id)));
    f->there = sandbox_query_row(&q);
    if (f->there) {
        (void) ix_str_copy(
            f->secret, sizeof f->secret, sandbox_query_text(&q, 0)); /* 32 characters, as setup wrote it */
        f->enabled = sandbox_query_int(&q, 1) != 0;
        f->last_step = sandbox_query_int(&q, 2);
    }
    return sandbox_query_end(&q);
}

static bool code_fits(struct rest_exchange *x, struct factor *f)
{
    return token_totp_check(f->secret, ix_json_get_str(x->body, "totp_code"), rest_now_ms(x->r), &f->last_step);
}

static int say(struct rest_exchange *x, const char *message)
{
    out_open(&x->out, NULL, '{');
    out_bool(&x->out, "success", true);
    out_text(&x->out, "message", message);
    out_close(&x->out, '}');
    return 0;
}

int rest_2fa_status(struct rest_exchange *x)
{
    struct factor f;
    int err = load(x, &f);

    out_open(&x->out, NULL, '{');
    out_bool(&x->out, "success", true);
    out_open(&x->out, "data", '{');
    out_bool(&x->out, "enabled", f.enabled);
    out_close(&x->out, '}');
    out_close(&x->out, '}');
    ix_wipe(&f, sizeof f);
    return err;
}

int rest_2fa_setup(struct rest_exchange *x)
{
    char secret[33], url[160];
    struct factor f;
    struct ix_buf b;
    int err = load(x, &f);

    if (err)
        return err;
    if (f.enabled)
        return rest_error(x, 400, "2FA is already enabled");
    token_totp_secret(x->r, secret);
    err = sandbox_run(x->r->state,
        "INSERT INTO totp(user_id, secret, enabled) VALUES(?1, ?2, 0)"
        " ON CONFLICT(user_id) DO UPDATE SET secret = ?2, last_step = 0",
        SANDBOX_ARGS(ARG_INT(x->caller.user_id), ARG_TEXT(secret)));
    ix_buf_init_fixed(&b, url, sizeof url - 1);
    ix_buf_fmt(&b, "otpauth://totp/IRISX:%lld?secret=%s&issuer=IRISX", (long long) x->caller.user_id, secret);
    url[b.n] = 0;
    out_open(&x->out, NULL, '{');
    out_bool(&x->out, "success", true);
    out_open(&x->out, "data", '{');
    out_text(&x->out, "secret", secret);
    out_text(&x->out, "otpauth_url", url);
    out_text(&x->out, "message", "Scan the code with an authenticator, then enable 2FA with a code from it");
    out_close(&x->out, '}');
    out_close(&x->out, '}');
    ix_wipe(secret, sizeof secret);
    ix_wipe(url, sizeof url);
    return err;
}

int rest_2fa_enable(struct rest_exchange *x)
{
    struct factor f;
    int err = load(x, &f);

    if (err)
        return err;
    if (!f.there)
        return rest_error(x, 400, "2FA is not set up");
    if (f.enabled)
        return rest_error(x, 400, "2FA is already enabled");
    if (!code_fits(x, &f))
        return rest_error(x, 400, "Invalid 2FA code");
    ix_wipe(f.secret, sizeof f.secret);
    err = sandbox_run(x->r->state, "UPDATE totp SET enabled = 1, last_step = ?2 WHERE user_id = ?1",
        SANDBOX_ARGS(ARG_INT(x->caller.user_id), ARG_INT(f.last_step)));
    return err ? err : say(x, "2FA enabled successfully");
}

static int password_fits(struct rest_exchange *x, bool *fits)
{
    struct sandbox_query q;

    *fits = false;
    sandbox_query_open(
        &q, x->r->state, "SELECT password FROM users WHERE id = ?1", SANDBOX_ARGS(ARG_INT(x->caller.user_id)));
    if (sandbox_query_row(&q))
        *fits = token_same_text(x->r, ix_json_get_str(x->body, "password"), sandbox_query_text(&q, 0));
    return sandbox_query_end(&q);
}

int rest_2fa_disable(struct rest_exchange *x)
{
    struct factor f;
    bool fits = false;
    int err = load(x, &f);

    if (!err)
        err = password_fits(x, &fits);
    if (err)
        return err;
    if (!f.enabled)
        return rest_error(x, 400, "2FA is not enabled");
    if (!fits)
        return rest_error(x, 401, "Invalid password");
    if (!code_fits(x, &f))
        return rest_error(x, 400, "Invalid 2FA code");
    ix_wipe(f.secret, sizeof f.secret);
    err = sandbox_run(x->r->state, "DELETE FROM totp WHERE user_id = ?1", SANDBOX_ARGS(ARG_INT(x->caller.user_id)));
    return err ? err : say(x, "2FA disabled successfully");
}
