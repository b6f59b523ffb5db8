/* SPDX-License-Identifier: MIT */
/* What the platform says of itself, and what a softphone needs to register (contract WIRE.md sections 8.1 and 8.12). */
#include "sandbox/rest.h"

#define PLATFORM_VERSION "1.0.0" /* what the platform says of itself: clients may look at it */

int rest_root(struct rest_exchange *x)
{
    struct ix_buf *b = &x->out;

    out_open(b, NULL, '{');
    out_text(b, "name", "IRISX API");
    out_text(b, "version", PLATFORM_VERSION);
    out_text(b, "description", "irisx-sandbox: a local platform");
    out_open(b, "endpoints", '{');
    out_text(b, "health", "/health");
    out_text(b, "api", "/v1");
    out_close(b, '}');
    out_close(b, '}');
    return 0;
}

int rest_v1(struct rest_exchange *x)
{
    struct ix_buf *b = &x->out;
    struct ix_api_info info;

    out_open(b, NULL, '{');
    out_text(b, "version", "v1");
    out_text(b, "message", "irisx-sandbox: a local platform");
    out_open(b, "endpoints", '{');
    for (size_t i = 0; i < ix_api_count(); i++) {
        char storage[160];
        struct ix_buf text;

        ix_api_info(ix_api_at(i), &info);
        ix_buf_init_fixed(&text, storage, sizeof storage - 1);
        ix_buf_fmt(&text, "%s %s", info.method, info.path);
        storage[text.n] = 0;
        out_text(b, info.id, storage);
    }
    out_close(b, '}');
    out_text(b, "authentication", "Authorization: Bearer <token>, or X-API-Key for calls and messages");
    out_close(b, '}');
    return 0;
}

static void out_connected(struct ix_buf *b, const char *key)
{
    out_open(b, key, '{');
    out_text(b, "status", "connected");
    out_close(b, '}');
}

/* Shape of a platform of which all parts are there; here they are one process and a database. */
int rest_health(struct rest_exchange *x)
{
    struct ix_buf *b = &x->out;
    int64_t now = rest_now_ms(x->r), one;
    int err = sandbox_query_number(x->r->state, "SELECT 1", NULL, 0, 0, &one);

    x->status = err ? 503 : 200;
    out_open(b, NULL, '{');
    out_text(b, "status", err ? "unhealthy" : "healthy");
    if (err)
        out_text(b, "error", ix_error_text(err));
    out_time(b, "timestamp", now);
    if (!err) {
        out_open(b, "database", '{');
        out_text(b, "status", "connected");
        out_time(b, "serverTime", now);
        out_close(b, '}');
        out_connected(b, "redis");
        out_connected(b, "freeswitch");
        out_open(b, "ivr", '{');
        out_int(b, "activeSessions", 0);
        out_close(b, '}');
        out_text(b, "version", PLATFORM_VERSION);
    }
    out_close(b, '}');
    return 0;
}

/* ---- softphones ------------------------------------------------------------------------------ */
/* No STUN or TURN servers: everything is on this machine. */
static void out_sip_config(struct rest_exchange *x, const char *key)
{
    struct ix_buf *b = &x->out;

    out_open(b, key, '{');
    out_text(b, "websocketUrl", x->r->sb->ws_url);
    out_text(b, "realm", SANDBOX_REALM);
    out_raw(b, "stunServers", IX_STR("[]"));
    out_raw(b, "iceServers", IX_STR("[]"));
}

static int out_webrtc_user(struct rest_exchange *x)
{
    static const struct out_column columns[] = { { "id", OUT_ID }, { "tenant_id", OUT_ID }, { "email", OUT_TEXT },
        { "first_name", OUT_TEXT }, { "last_name", OUT_TEXT } };
    struct sandbox_query q;

    sandbox_query_open(&q, x->r->state, "SELECT id, tenant_id, email, first_name, last_name FROM users WHERE id = ?1",
        SANDBOX_ARGS(ARG_INT(x->caller.user_id)));
    out_open(&x->out, "user", '{');
    if (sandbox_query_row(&q))
        out_row(&x->out, &q, columns, IX_COUNT(columns));
    out_close(&x->out, '}');
    return sandbox_query_end(&q);
}

int rest_webrtc_credentials(struct rest_exchange *x)
{
    static const struct out_column columns[] = { { "agent_id", OUT_ID }, { "extension", OUT_TEXT },
        { "sip_password", OUT_TEXT }, { "name", OUT_TEXT }, { "status", OUT_TEXT } };
    struct ix_buf *b = &x->out;
    struct sandbox_query q;
    int rows, err = 0;

    sandbox_query_open(&q, x->r->state,
        "SELECT rowid, extension, sip_password, name, 'available' FROM agents WHERE user_id = ?1 ORDER BY extension",
        SANDBOX_ARGS(ARG_INT(x->caller.user_id)));
    out_open(b, NULL, '{');
    rows = out_rows(b, "extensions", &q, columns, IX_COUNT(columns));
    if (rows < 0)
        return rows;
    if (rows) {
        out_sip_config(x, "sipConfig");
        out_close(b, '}');
        err = out_webrtc_user(x);
    } else {
        out_null(b, "sipConfig");
        out_text(b, "message", "No agent profile found. Contact your administrator to provision an extension.");
    }
    out_close(b, '}');
    return err;
}

int rest_webrtc_config(struct rest_exchange *x)
{
    out_open(&x->out, NULL, '{');
    out_sip_config(x, "config");
    out_raw(&x->out, "turnServers", IX_STR("[]"));
    out_close(&x->out, '}');
    out_close(&x->out, '}');
    return 0;
}
