/* SPDX-License-Identifier: MIT */
/*
 * The REST half's door: a request comes in, finds its operation, shows its credentials, runs in one transaction, is
 * answered. Service loop. The shapes are the "intended" ones of contract WIRE.md; --as deployed is a matter of
 * credentials only.
 */
#include <string.h>

#include "sandbox/rest.h"

#define MAX_ANSWER ((size_t) 64 << 20)

static const struct rest_route routes[] = {
    { "auth.login", rest_login, "Login failed", NULL, NULL, REST_E5, REST_CHECKED },
    { "auth.verify_2fa", rest_verify_2fa, "2FA verification failed", NULL, NULL, REST_E5, REST_CHECKED },
    { "auth.refresh", rest_refresh, "Token refresh failed", NULL, NULL, REST_E5, REST_CHECKED },
    { "auth.logout", rest_logout, "Logout failed", NULL, NULL, REST_E5, REST_CHECKED },
    { "auth.me", rest_me, "Failed to get user", NULL, NULL, REST_E5, REST_NO_BODY },
    { "webrtc.credentials.get", rest_webrtc_credentials, "Failed to get credentials", NULL, NULL, REST_E3,
        REST_NO_BODY },
    { "webrtc.config.get", rest_webrtc_config, "Failed to get config", NULL, NULL, REST_E4, REST_NO_BODY },
    { "calls.create", rest_calls_create, "Failed to create call", "CALL_CREATE_ERROR", rest_limit_calls, REST_E1,
        REST_CHECKED },
    { "calls.list", rest_calls_list, "Failed to list calls", "CALL_LIST_ERROR", NULL, REST_E1, REST_NO_BODY },
    { "calls.get", rest_calls_get, "Failed to retrieve call", "CALL_RETRIEVE_ERROR", NULL, REST_E1, REST_NO_BODY },
    { "calls.hangup", rest_calls_hangup, "Failed to hang up call", "CALL_HANGUP_ERROR", NULL, REST_E1, REST_NO_BODY },
    { "calls.actions", rest_calls_actions, "Failed to execute action", "CALL_ACTION_ERROR", NULL, REST_E1, REST_BODY },
    { "sms.send", rest_sms_send, "Failed to send SMS", NULL, NULL, REST_E3, REST_CHECKED },
    { "sms.list", rest_sms_list, "Failed to list messages", NULL, NULL, REST_E3, REST_NO_BODY },
    { "sms.get", rest_sms_get, "Failed to get message", NULL, NULL, REST_E3, REST_NO_BODY },
    { "webhooks.create", rest_webhooks_create, "Failed to create webhook", NULL, NULL, REST_E4, REST_CHECKED },
    { "webhooks.list", rest_webhooks_list, "Failed to list webhooks", NULL, NULL, REST_E3, REST_NO_BODY },
    { "webhooks.get", rest_webhooks_get, "Failed to get webhook", NULL, NULL, REST_E4, REST_NO_BODY },
    { "webhooks.update", rest_webhooks_update, "Failed to update webhook", NULL, NULL, REST_E4, REST_CHECKED },
    { "webhooks.delete", rest_webhooks_delete, "Failed to delete webhook", NULL, NULL, REST_E4, REST_NO_BODY },
    { "webhooks.test", rest_webhooks_test, "Failed to test webhook", NULL, NULL, REST_E4, REST_NO_BODY },
    { "webhooks.deliveries.list", rest_deliveries_list, "Failed to get deliveries", NULL, NULL, REST_E4, REST_NO_BODY },
    { "webhooks.deliveries.retry", rest_deliveries_retry, "Failed to retry delivery", NULL, NULL, REST_E4,
        REST_NO_BODY },
    { "auth.two_factor.status.get", rest_2fa_status, "Failed to get 2FA status", NULL, NULL, REST_E5, REST_NO_BODY },
    { "auth.two_factor.setup", rest_2fa_setup, "2FA setup failed", NULL, NULL, REST_E5, REST_NO_BODY },
    { "auth.two_factor.enable", rest_2fa_enable, "2FA enable failed", NULL, NULL, REST_E5, REST_BODY },
    { "auth.two_factor.disable", rest_2fa_disable, "2FA disable failed", NULL, NULL, REST_E5, REST_BODY },
    { "platform.info", rest_root, "Internal Server Error", NULL, NULL, REST_E3, REST_NO_BODY },
    { "platform.health", rest_health, "Internal Server Error", NULL, NULL, REST_E3, REST_NO_BODY },
    { "platform.api", rest_v1, "Internal Server Error", NULL, NULL, REST_E3, REST_NO_BODY },
};
static const struct rest_route unknown = { "", NULL, "Internal Server Error", NULL, NULL, REST_E3, REST_NO_BODY };

/* ---- which operation ------------------------------------------------------------------------- */
static const struct rest_route *route_named(const char *name)
{
    for (size_t i = 0; i < IX_COUNT(routes); i++) {
        if (!strcmp(routes[i].id, name))
            return &routes[i];
    }
    return NULL;
}

/* --as deployed: the platform's defects of WIRE.md section 1, as far as they touch these routes */
static bool deployed(const struct rest_exchange *x)
{
    return x->r->sb->options.deployed;
}

static bool served(const struct ix_api_op *op)
{
    struct ix_api_info info;

    ix_api_info(op, &info);
    return route_named(info.id) != NULL;
}

/* its route and credential; false: there is none */
static bool find_route(struct rest_exchange *x, enum ix_http_auth *auth)
{
    struct ix_api_info info;

    x->route = NULL;
    if (ix_api_match(x->request->method, x->request->path, served, &x->match)) {
        ix_api_info(x->match.op, &info);
        *auth = info.auth;
        if (!deployed(x) || info.availability == IX_API_MOUNTED)
            x->route = route_named(info.id);
    }
    return x->route != NULL;
}

/* Below /v1 an unknown path asks for a token first (WIRE.md section 4.3). */
static int not_found(struct rest_exchange *x)
{
    x->status = 404;
    out_open(&x->out, NULL, '{');
    out_text(&x->out, "error", "Not Found");
    out_text(&x->out, "message", "The requested endpoint does not exist");
    out_text(&x->out, "path", x->request->path);
    out_close(&x->out, '}');
    return 0;
}

/* ---- credentials ----------------------------------------------------------------------------- */
/* Each answers 401 or 403 itself and says so with false. */
static bool bare_error(struct rest_exchange *x, int status, const char *error)
{
    x->status = status;
    out_open(&x->out, NULL, '{');
    out_text(&x->out, "error", error);
    out_close(&x->out, '}');
    return false;
}

static struct ix_str bearer(const struct rest_exchange *x)
{
    struct ix_str value = ix_str(x->request->header(x->request, "Authorization"));

    return ix_str_starts(value, IX_STR("Bearer ")) ? ix_str_slice(value, 7, value.n) : IX_STR_NONE;
}

static bool check_jwt(struct rest_exchange *x)
{
    struct ix_str token = bearer(x);
    struct token_claims claims;
    int err;

    if (!token.n)
        return bare_error(x, 401, "No token provided");
    err = token_check(x->r, token, &claims);
    if (err || (claims.kind != TOKEN_ACCESS && !deployed(x)))
        return bare_error(x, 401, err == IRISX_E_EXPIRED ? "Token expired" : "Invalid token");
    x->caller = (struct rest_caller){ .tenant_id = claims.tenant_id, .user_id = claims.user_id };
    return true;
}

struct key_row {
    int64_t id, tenant_id;
    bool active, tenant_active;
};

static int find_key(struct rest_exchange *x, const char *key, struct key_row *out)
{
    struct sandbox_query q;

    *out = (struct key_row){ 0 };
    sandbox_query_open(&q, x->r->state,
        "SELECT k.id, k.tenant_id, k.status, t.status FROM api_keys k JOIN tenants t ON t.id = k.tenant_id"
        " WHERE k.key = ?1",
        SANDBOX_ARGS(ARG_TEXT(key)));
    if (sandbox_query_row(&q)) {
        out->id = sandbox_query_int(&q, 0);
        out->tenant_id = sandbox_query_int(&q, 1);
        out->active = ix_str_eq(sandbox_query_text(&q, 2), IX_STR("active"));
        out->tenant_active = ix_str_eq(sandbox_query_text(&q, 3), IX_STR("active"));
    }
    return sandbox_query_end(&q);
}

static bool check_key(struct rest_exchange *x, const char *key)
{
    struct key_row row;

    if (find_key(x, key, &row))
        return rest_failed(x, "the state cannot be read"), false;
    if (!row.id)
        return rest_refuse(x, 401, "Unauthorized", "Invalid API key", "INVALID_API_KEY"), false;
    if (!row.active)
        return rest_refuse(x, 403, "Forbidden", "API key is not active", "API_KEY_INACTIVE"), false;
    if (!row.tenant_active)
        return rest_refuse(x, 403, "Forbidden", "Tenant account is not active", "TENANT_INACTIVE"), false;
    x->caller = (struct rest_caller){ .tenant_id = row.tenant_id, .key_id = row.id };
    return true;
}

/* Deployed: no API keys; messages ask nobody and are tenant 1's; calls ask for a token and then know no tenant. */
static bool admitted_deployed(struct rest_exchange *x)
{
    bool admitted = true;

    if (ix_str_starts(ix_str(x->route->id), IX_STR("sms.")))
        x->caller = (struct rest_caller){ .tenant_id = 1 };
    else
        admitted = check_jwt(x);
    if (ix_str_starts(ix_str(x->route->id), IX_STR("calls.")))
        x->caller.tenant_id = 0;
    return admitted;
}

static bool admitted(struct rest_exchange *x, enum ix_http_auth auth)
{
    const char *key = x->request->header(x->request, "X-API-Key");

    if (auth == IX_HTTP_AUTH_NONE)
        return true;
    if (deployed(x))
        return admitted_deployed(x);
    if (auth == IX_HTTP_AUTH_KEY_OR_JWT && key)
        return check_key(x, key);
    if (auth == IX_HTTP_AUTH_KEY_OR_JWT && !bearer(x).n)
        return rest_refuse(
                   x, 401, "Unauthorized", "Missing authentication (Bearer token or X-API-Key)", "MISSING_AUTH"),
               false;
    return check_jwt(x);
}

/* ---- running it ------------------------------------------------------------------------------ */
/* False: x is answered. The platform parses a body as JSON whatever its type says, and fails with 500 if it is not. */
static bool read_body(struct rest_exchange *x)
{
    struct ix_str text = ix_str_n(x->request->body, x->request->body_len);
    struct ix_api_issues issues;
    irisx_value_error_t why;

    if (x->route->body == REST_NO_BODY)
        return true;
    if (!text.n)
        return rest_failed(x, "Unexpected end of JSON input"), false;
    if (ix_json_parse(text, &x->body, &why))
        return rest_failed(x, why.message), false;
    if (x->route->body == REST_CHECKED && !ix_api_validate_body(x->match.op, x->body, &issues))
        return rest_invalid(x, &issues), false;
    return true;
}

static void run(struct rest_exchange *x)
{
    bool reads = !strcmp(x->request->method, "GET");
    int err = sandbox_state_exec(x->r->state, reads ? "BEGIN" : "BEGIN IMMEDIATE");

    if (!err) {
        err = x->route->handle(x);
        if (!err)
            err = x->out.err;
        if (!err)
            err = sandbox_state_exec(x->r->state, "COMMIT");
        if (err)
            (void) sandbox_state_exec(x->r->state, "ROLLBACK"); /* the first error is the one to tell */
    }
    if (err)
        (void) rest_failed(x, ix_error_text(err)); /* always 0 */
}

static void dispatch(struct rest_exchange *x)
{
    enum ix_http_auth auth = IX_HTTP_AUTH_NONE;
    bool below_v1 = ix_str_starts(ix_str(x->request->path), IX_STR("/v1/"));

    if (!find_route(x, &auth)) {
        x->route = &unknown;
        if (!below_v1 || check_jwt(x))
            (void) not_found(x); /* always 0 */
        return;
    }
    if (admitted(x, auth) && !(x->route->guard && x->route->guard(x)) && read_body(x))
        run(x);
}

/* ---- the answer ------------------------------------------------------------------------------ */
/* Pages from this machine may ask; others get no permission (WIRE.md section 2). */
static void put_cors(struct rest_exchange *x)
{
    const char *origin = x->request->header(x->request, "Origin");
    bool loopback = false;

    if (!origin)
        ix_buf_str(&x->headers, "Access-Control-Allow-Origin: *\r\n");
    else if (rest_url_is_http(ix_str(origin), &loopback) && loopback)
        ix_buf_fmt(&x->headers, "Access-Control-Allow-Origin: %s\r\nVary: Origin\r\n", origin);
    ix_buf_str(&x->headers, "Access-Control-Allow-Credentials: true\r\n");
}

static void answer_options(struct rest_exchange *x, struct ix_server_reply *reply)
{
    put_cors(x);
    ix_buf_str(&x->headers, "Access-Control-Allow-Methods: GET,POST,PUT,DELETE,OPTIONS\r\n"
                            "Access-Control-Allow-Headers: Content-Type,Authorization,X-API-Key\r\n");
    ix_buf_u8(&x->headers, 0);
    (void) ix_server_answer(
        reply, 204, NULL, x->headers.err ? NULL : (const char *) x->headers.p, NULL, 0); /* the client may have gone */
}

static void answer(struct rest_exchange *x, struct ix_server_reply *reply)
{
    static const char no_memory[] = "{\"error\":\"Internal Server Error\",\"message\":\"out of memory\"}";

    put_cors(x);
    ix_buf_u8(&x->headers, 0);
    if (x->out.err || x->headers.err)
        (void) ix_server_answer(
            reply, 500, "application/json", NULL, no_memory, sizeof no_memory - 1); /* the client may have gone */
    else
        (void) ix_server_answer(
            reply, x->status, "application/json", (const char *) x->headers.p, x->out.p, x->out.n); /* as above */
}

void sandbox_rest_request(
    struct sandbox_rest *r, const struct ix_server_request *request, struct ix_server_reply *reply)
{
    struct rest_exchange x = { .r = r, .request = request, .status = 200 };

    ix_buf_init(&x.out, MAX_ANSWER);
    ix_buf_init(&x.headers, 8192);
    if (!strcmp(request->method, "OPTIONS")) {
        answer_options(&x, reply);
    } else {
        dispatch(&x);
        ix_log(&r->sb->log, IX_LOG_DEBUG, "sandbox", "%s %s: %d", request->method, request->path, x.status);
        answer(&x, reply);
    }
    irisx_value_free(x.body);
    if (x.out.p)
        ix_wipe(x.out.p, x.out.n); /* tokens and passwords may be in it */
    ix_buf_clear(&x.out);
    ix_buf_clear(&x.headers);
}

/* ---- life ------------------------------------------------------------------------------------ */
/* The key of all tokens: kept with the state, so that sessions outlive the process; made here, so that no seed gives it
 * away. */
static int load_secret(struct sandbox_rest *r)
{
    struct sandbox_query q;
    char text[65] = "";
    struct ix_buf hex;
    int err;

    ix_rng_fill(&r->sb->rng, r->secret, sizeof r->secret);
    ix_buf_init_fixed(&hex, text, sizeof text - 1);
    ix_buf_hex(&hex, r->secret, sizeof r->secret);
    err = sandbox_run(r->state, "INSERT OR IGNORE INTO settings(name, value) VALUES('jwt_secret', ?1)",
        SANDBOX_ARGS(ARG_STR(ix_str_n(hex.p, hex.n))));
    ix_wipe(text, sizeof text);
    if (err)
        return err;
    sandbox_query_open(&q, r->state, "SELECT value FROM settings WHERE name = 'jwt_secret'", NULL, 0);
    if (!sandbox_query_row(&q) || ix_hex_decode(sandbox_query_text(&q, 0), r->secret, sizeof r->secret))
        err = IRISX_E_FORMAT;
    return sandbox_query_end(&q) ? q.err : err;
}

int sandbox_rest_new(struct sandbox *sb, struct sandbox_rest **out)
{
    struct sandbox_rest *r = ix_alloc(sizeof *r);
    int err;

    if (!r)
        return IRISX_E_NO_MEMORY;
    r->sb = sb;
    r->state = sb->state;
    err = webhooks_new(r);
    if (!err)
        err = rest_clock_new(r);
    if (!err)
        err = rest_limit_new(r);
    if (!err)
        err = load_secret(r);
    if (!err)
        err = rest_calls_abandon(r);
    if (err) {
        sandbox_rest_free(r);
        return err;
    }
    rest_clock_wake(r); /* what an earlier process left */
    *out = r;
    return 0;
}

void sandbox_rest_free(struct sandbox_rest *r)
{
    if (!r)
        return;
    webhooks_free(r);
    rest_clock_free(r);
    rest_limit_free(r);
    ix_wipe(r->secret, sizeof r->secret);
    ix_free(r);
}
