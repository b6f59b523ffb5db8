/* SPDX-License-Identifier: MIT */
/*
 * The REST half's inside. All on the service loop; SQLite is asked in short statements, one transaction a request.
 *
 *   rest.c          the door: method and path to an operation, credentials, the transaction, the answer
 *   rest_out.c      JSON out: members, rows, the platform's error shapes
 *   rest_in.c       JSON and queries in, paging
 *   rest_token.c    JWT, one-time codes, passwords
 *   rest_auth.c     /v1/auth          rest_2fa.c     /v1/auth/2fa
 *   rest_meta.c     /, /health, /v1, /v1/webrtc
 *   rest_calls.c    /v1/calls         rest_verbs.c   hangup and actions      rest_limit.c   10 calls a minute
 *   rest_sms.c      /v1/sms
 *   rest_webhooks.c /v1/webhooks      webhooks.c     the deliveries
 *   rest_clock.c    what happens later: one timer, what is due in the state
 */
#ifndef IX_SANDBOX_REST_H
#define IX_SANDBOX_REST_H

#include "api/api.h"
#include "sandbox/state.h"
#include "json/json.h"

struct sandbox_rest {
    struct sandbox *sb;
    struct sandbox_state *state;
    struct ix_http_client *http; /* deliveries */
    struct ix_loop_timer *timer;
    uint64_t timer_at_us;
    bool stopping; /* transfers that end now are taken up again after the restart */
    int64_t
        wall_offset_us; /* monotonic clock to Unix time: taken once, so that a clock that is set moves no deadline */
    int64_t last_test_id; /* of test events: unique, and milliseconds as on the platform */
    struct ix_list sending; /* struct attempt of webhooks.c */
    size_t sending_count;
    struct ix_map *buckets; /* struct bucket of rest_limit.c */
    uint8_t secret[32]; /* JWT */
};
int64_t rest_now_ms(struct sandbox_rest *r);

/* ---- a request under way --------------------------------------------------------------------- */
enum rest_shape { /* of errors: WIRE.md section 5 */
    REST_E1 = 1, /* {"error","message","code"}, E2 with details */
    REST_E3 = 3, /* {"error","message"}; 400 and 404 as E4 */
    REST_E4 = 4, /* {"error"} */
    REST_E5 = 5 /* {"success":false,"error"} */
};
struct rest_exchange;
enum rest_body {
    REST_NO_BODY = 0,
    REST_BODY = 1 /* JSON, the handler checks it */,
    REST_CHECKED = 2 /* against the operation's rows */
};
struct rest_route {
    const char *id; /* of the operation; "METHOD /path" where the tables have none */
    int (*handle)(struct rest_exchange *x); /* an error of ours: 500, and nothing was changed */
    const char *failed; /* words of its 500 */
    const char *code; /* E1 */
    bool (*guard)(struct rest_exchange *x); /* before the body is looked at; true: x is answered. NULL: none */
    enum rest_shape shape;
    enum rest_body body;
};
struct rest_caller {
    int64_t tenant_id, user_id, key_id; /* 0: none */
};
struct rest_exchange {
    struct sandbox_rest *r;
    const struct ix_server_request *request;
    const struct rest_route *route;
    struct ix_api_match match; /* op NULL: none that is served */
    struct rest_caller caller;
    irisx_value_t *body; /* NULL: none */
    int status;
    struct ix_buf out; /* body of the answer */
    struct ix_buf headers; /* lines */
};
const char *rest_path_param(const struct rest_exchange *x, const char *name); /* "" if there is none */

/* ---- rest_out.c: every writer puts the comma that is needed; key NULL in arrays; errors stick to the buffer --- */
void out_open(struct ix_buf *b, const char *key, char bracket); /* '{' or '[' */
void out_close(struct ix_buf *b, char bracket); /* '}' or ']' */
void out_text(struct ix_buf *b, const char *key, const char *value); /* NULL: null */
void out_str(struct ix_buf *b, const char *key, struct ix_str value); /* p NULL: null */
void out_int(struct ix_buf *b, const char *key, int64_t value);
void out_id(struct ix_buf *b, const char *key, int64_t value); /* as text */
void out_bool(struct ix_buf *b, const char *key, bool value);
void out_null(struct ix_buf *b, const char *key);
void out_time(struct ix_buf *b, const char *key, int64_t ms); /* 0: null */
void out_raw(struct ix_buf *b, const char *key, struct ix_str json);
void out_value(struct ix_buf *b, const char *key, const irisx_value_t *v);

enum out_kind { OUT_TEXT = 1, OUT_INT = 2, OUT_ID = 3, OUT_BOOL = 4, OUT_TIME = 5, OUT_JSON = 6 };
struct out_column { /* one for each column of a SELECT, in its order */
    const char *key;
    enum out_kind kind;
};
void out_row(
    struct ix_buf *b, const struct sandbox_query *q, const struct out_column *columns, size_t count); /* members only */
/* an array of objects under key; how many, or an error of ours (< 0) */
int out_rows(
    struct ix_buf *b, const char *key, struct sandbox_query *q, const struct out_column *columns, size_t count);

/* Each replaces what was written so far; 0, so that a handler returns them. */
int rest_error(struct rest_exchange *x, int status, const char *error); /* E4, E5 */
int rest_refuse(struct rest_exchange *x, int status, const char *error, const char *message,
    const char *code); /* E1; E3 with code NULL */
int rest_invalid(struct rest_exchange *x, const struct ix_api_issues *issues); /* 400 in the route's shape */
int rest_failed(struct rest_exchange *x, const char *message); /* 500 in the route's shape and words */

/* ---- rest_in.c ------------------------------------------------------------------------------- */
/* percent-decoded; false: not there, or longer than cap */
bool rest_query(const struct rest_exchange *x, const char *name, char *out, size_t cap);
/* as JavaScript's parseInt: leading digits count. IRISX_E_INVALID: none, or negative */
int rest_query_number(const struct rest_exchange *x, const char *name, int64_t fallback, int64_t *out);
int rest_path_id(const struct rest_exchange *x, int64_t *id); /* {id}: IRISX_E_INVALID if it is no bigint */
int rest_not_bigint(struct rest_exchange *x); /* the 500 that follows from it */
bool rest_url_is_http(struct ix_str url, bool *loopback); /* http or https with a host, without credentials */
size_t rest_sms_segments(struct ix_str text); /* 160/153 in GSM 03.38, else 70/67 in UTF-16 */

/* ---- rest_token.c ---------------------------------------------------------------------------- */
enum token_kind { TOKEN_ACCESS = 1, TOKEN_REFRESH = 2, TOKEN_PENDING = 3 };
struct token_claims {
    enum token_kind kind;
    int64_t user_id, tenant_id, expires_s;
};
struct token_user { /* what goes into one */
    int64_t user_id, tenant_id;
    const char *email, *role;
};
#define TOKEN_MAX 1024
int token_make(struct sandbox_rest *r, enum token_kind kind, const struct token_user *user, char out[TOKEN_MAX]);
/* IRISX_E_AUTH: not ours or not whole; IRISX_E_EXPIRED */
int token_check(struct sandbox_rest *r, struct ix_str token, struct token_claims *out);
bool token_same_text(struct sandbox_rest *r, struct ix_str a, struct ix_str b); /* in constant time */
void token_totp_secret(struct sandbox_rest *r, char out[33]); /* base32 */
/* RFC 6238: SHA1, 6 digits, 30 s; one step of drift to both sides, never a step at or before *last */
bool token_totp_check(const char *secret, struct ix_str code, int64_t now_ms, int64_t *last);
void rest_uuid(struct sandbox_rest *r, char out[37]); /* version 4 */
void rest_hex_id(struct sandbox_rest *r, const char *prefix, char out[35]); /* "SM" and 32 digits */

/* ---- handlers -------------------------------------------------------------------------------- */
int rest_login(struct rest_exchange *x);
int rest_refresh(struct rest_exchange *x);
int rest_logout(struct rest_exchange *x);
int rest_me(struct rest_exchange *x);
int rest_verify_2fa(struct rest_exchange *x);
int rest_2fa_status(struct rest_exchange *x);
int rest_2fa_setup(struct rest_exchange *x);
int rest_2fa_enable(struct rest_exchange *x);
int rest_2fa_disable(struct rest_exchange *x);
int rest_session(
    struct rest_exchange *x, int64_t user_id, const char *message); /* user and tokens: the end of a login */
int rest_root(struct rest_exchange *x);
int rest_health(struct rest_exchange *x);
int rest_v1(struct rest_exchange *x);
int rest_webrtc_credentials(struct rest_exchange *x);
int rest_webrtc_config(struct rest_exchange *x);
int rest_calls_create(struct rest_exchange *x);
int rest_calls_list(struct rest_exchange *x);
int rest_calls_get(struct rest_exchange *x);
int rest_calls_hangup(struct rest_exchange *x);
int rest_calls_actions(struct rest_exchange *x);
int rest_sms_send(struct rest_exchange *x);
int rest_sms_list(struct rest_exchange *x);
int rest_sms_get(struct rest_exchange *x);
int rest_webhooks_create(struct rest_exchange *x);
int rest_webhooks_list(struct rest_exchange *x);
int rest_webhooks_get(struct rest_exchange *x);
int rest_webhooks_update(struct rest_exchange *x);
int rest_webhooks_delete(struct rest_exchange *x);
int rest_webhooks_test(struct rest_exchange *x);
int rest_deliveries_list(struct rest_exchange *x);
int rest_deliveries_retry(struct rest_exchange *x);

/* ---- rest_limit.c: 10 calls in 60 s, each accepted one renews the 60 s; true: x is answered (429) --- */
int rest_limit_new(struct sandbox_rest *r);
void rest_limit_free(struct sandbox_rest *r);
bool rest_limit_calls(struct rest_exchange *x);

/* ---- calls ----------------------------------------------------------------------------------- */
struct rest_call { /* one row */
    int64_t tenant_id, initiated_ms, answered_ms, ended_ms, duration_s; /* 0: not reached */
    int64_t dry_run_s; /* how long it lasts; 0: a real one */
    char sid[SANDBOX_SID], direction[12], from[64], to[64], status[16];
    uint16_t sip_status, q850_cause; /* of what ended it; 0: nothing to tell */
};
int rest_call_load(
    struct sandbox_rest *r, int64_t tenant_id, const char *sid, struct rest_call *out); /* IRISX_E_NOT_FOUND */
int rest_call_not_found(struct rest_exchange *x);
int rest_call_emit(struct sandbox_rest *r, const char *event, const struct rest_call *c);
int rest_call_end(struct sandbox_rest *r, struct rest_call *c); /* by REST: the row is completed now */
int rest_calls_abandon(struct sandbox_rest *r); /* after a start: calls of an earlier process have ended */

/* ---- rest_clock.c ---------------------------------------------------------------------------- */
int rest_clock_new(struct sandbox_rest *r);
void rest_clock_free(struct sandbox_rest *r);
void rest_clock_wake(struct sandbox_rest *r); /* something may be due: looked at in this loop's next turn */
/* What is due by now is done; *next: when to come again (INT64_MAX: nothing waits). In the caller's transaction. */
int rest_sms_due(struct sandbox_rest *r, int64_t now_ms, int64_t *next);
int rest_calls_due(struct sandbox_rest *r, int64_t now_ms, int64_t *next);

/* ---- webhooks.c ------------------------------------------------------------------------------ */
int webhooks_new(struct sandbox_rest *r);
void webhooks_free(struct sandbox_rest *r);
bool webhooks_known_event(const char *name);
void webhooks_write_events(struct ix_buf *b, const char *key); /* all names, an array */
/* One event to everybody who wants it: data is a JSON object. webhook_id 0: all of the tenant. id NULL: a new UUID */
int webhooks_emit(struct sandbox_rest *r, int64_t tenant_id, int64_t webhook_id, const char *event, const char *id,
    const struct ix_buf *data);
int webhooks_due(struct sandbox_rest *r, int64_t now_ms, int64_t *next); /* starts what is due; not in a transaction */
void webhooks_forget(struct sandbox_rest *r, int64_t webhook_id); /* it is gone: what is under way counts no more */
bool webhooks_sending(const struct sandbox_rest *r, int64_t delivery_id);

#endif
