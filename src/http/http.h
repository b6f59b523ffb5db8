/* SPDX-License-Identifier: MIT */
/*
 * http: what a REST exchange is, without the exchange. Request and response values, the one error object for every
 * shape the platform fails in (contract WIRE.md section 5), the decision to try again, credentials, redaction.
 * Pure: bytes and time in, values and one deadline out; src/io carries the transfer.
 */
#ifndef IX_HTTP_H
#define IX_HTTP_H

#include "core/core.h"
#include <irisx/value.h>

/* ---- values ------------------------------------------------------------------------------ */
enum ix_http_auth { /* which credential an operation takes */
    IX_HTTP_AUTH_NONE = 0,
    IX_HTTP_AUTH_JWT = 1, /* Authorization: Bearer of a user */
    IX_HTTP_AUTH_KEY_OR_JWT = 2, /* X-API-Key, else Bearer */
    IX_HTTP_AUTH_ADMIN = 3, /* Bearer of the platform's staff */
    IX_HTTP_AUTH_KEY = 4
};
enum ix_retry_class {
    IX_RETRY_SAFE = 1, /* GET, and POSTs that only read */
    IX_RETRY_IDEMPOTENT = 2, /* PUT, DELETE */
    IX_RETRY_UNSAFE = 3 /* POST, PATCH, and GETs that act */
};

enum ix_http_body {
    IX_HTTP_BODY_NONE = 0, /* also a JSON body, while `body` is there: requests made by hand need not say so */
    IX_HTTP_BODY_JSON = 1, /* `body` */
    IX_HTTP_BODY_FORM = 2, /* `body`, application/x-www-form-urlencoded */
    IX_HTTP_BODY_MULTIPART = 3, /* `parts`, multipart/form-data; the boundary is the sender's */
    IX_HTTP_BODY_RAW = 4 /* `source`, under its content type */
};
struct ix_http_source { /* bytes to be sent; owns its texts. One of path, data, read */
    char *path; /* a file, to be read while it is sent */
    char *data;
    size_t len;
    int64_t (*read)(void *data, size_t capacity, void *user_data); /* irisx_read_fn: can be sent only once */
    void *user_data;
    uint64_t size; /* of what read gives; 0 unknown */
    char *file_name; /* in a form; NULL: not a file */
    char *content_type; /* NULL: none said */
};
struct ix_http_part { /* of a form; a text is data without file_name */
    char *name;
    struct ix_http_source source;
};
struct ix_http_request { /* owns its texts */
    const char *method; /* static text */
    char *path; /* percent-encoded, begins with '/' */
    char *query; /* without '?'; NULL none */
    char *headers; /* lines of its own, each with CRLF ("Stripe-Signature: ...\r\n"); NULL none */
    char *body; /* JSON or form; NULL none */
    size_t body_len;
    enum ix_http_body kind;
    struct ix_http_part *parts;
    size_t part_count;
    struct ix_http_source source;
    const char *accept; /* static text or the tables'; NULL: application/json */
    const char *send; /* RAW: the same of what is sent, where source says none; NULL: application/octet-stream */
    bool keep_redirect; /* 3xx is the answer, not a way to it */
    enum ix_http_auth auth;
    enum ix_retry_class retry;
};
void ix_http_source_clear(struct ix_http_source *s);
void ix_http_request_clear(struct ix_http_request *r); /* wipes what it held */

struct ix_http_response { /* views */
    int status;
    struct ix_str content_type; /* n = 0: none */
    struct ix_str headers; /* raw lines */
    struct ix_str body;
};
/* first header of that name, trimmed; p = NULL if there is none */
struct ix_str ix_http_header(struct ix_str headers, const char *name);
bool ix_http_line_safe(const char *text); /* may stand in a header line: no control character; NULL is */
/* safe for GET, HEAD, OPTIONS; idempotent for PUT, DELETE; else unsafe */
enum ix_retry_class ix_retry_class_of(const char *method);

/* ---- the one error object ---------------------------------------------------------------- */
/* Building one never fails: without memory it says so in static text. */
struct ix_http_error {
    irisx_error_info_t info; /* texts point into owned or are static */
    char *owned[4]; /* message, reason, detail, request id */
};
void ix_http_error_clear(struct ix_http_error *e); /* zeroes; a zeroed one is clear */
void ix_http_error_move(struct ix_http_error *to, struct ix_http_error *from); /* to was clear */
void ix_http_error_set(struct ix_http_error *e, irisx_error_t code, irisx_error_domain_t domain, const char *reason,
    const char *fmt, ...) IX_PRINTF(5, 6);
/* Another code and message, all else as it was: what the caller knows better than the answer says. */
void ix_http_error_reword(struct ix_http_error *e, irisx_error_t code, const char *fmt, ...) IX_PRINTF(3, 4);
/*
 * Reads a refused answer: shapes E1 to E13, empty, HTML, not JSON at all. The class says whether the same request may
 * be sent again. Never reads more than the body given; keeps at most 1 KiB of message and 16 KiB of detail.
 */
void ix_http_error_from_response(struct ix_http_error *e, const struct ix_http_response *r, enum ix_retry_class cls);
/* No answer: err and detail of the transfer. OUTCOME_UNKNOWN for an unsafe request of which bytes were sent. */
void ix_http_error_from_transfer(
    struct ix_http_error *e, int err, const char *detail, enum ix_retry_class cls, bool any_byte_sent);
/* "success": false, which may come with a 2xx status (E11) */
bool ix_http_refused_in_body(const irisx_value_t *root);
/* 404 for a 400 that means "not found" (PUT and DELETE of contacts and lists, WIRE.md 8.8); else the status as it is */
int ix_http_status_meant(const struct ix_http_response *r);
/* Retry-After header (seconds or HTTP date against the Date header), else retry_after of the body; 0 = none. root is
 * the parsed body; NULL: the body of a 429 or 503 is parsed here. */
uint64_t ix_http_retry_after_us(const struct ix_http_response *r, const irisx_value_t *root);

/* ---- try again? -------------------------------------------------------------------------- */
struct ix_retry_policy { /* zero means default */
    uint32_t max_tries; /* 0 = 4, the first one included */
    uint64_t base_us; /* 0 = 250 ms: the n-th wait is uniform in 0 .. min(cap, base << n) */
    uint64_t cap_us; /* 0 = 60 s; a server that asks for more is not asked again */
};
/*
 * Tries beyond the first that all operations of a client share, so that an outage is not amplified: a bucket of
 * tokens, one a try, refilled by a tenth for each operation that ends well and by one in five seconds.
 */
struct ix_budget {
    uint32_t tenths, cap_tenths;
    uint64_t filled_us; /* until then the refill by time is counted */
};
void ix_budget_init(struct ix_budget *b, uint32_t tries /* 0 = 20 */, uint64_t now_us);
void ix_budget_earn(struct ix_budget *b); /* an operation ended well */
bool ix_budget_take(struct ix_budget *b, uint64_t now_us); /* false: empty */

struct ix_attempt { /* how one try ended */
    int err; /* 0: there is a status; else IRISX_E_NETWORK, _DNS, _TLS, _TIMEOUT ... */
    bool any_byte_sent;
    bool elsewhere; /* another server can be asked, which has not been: no wait for it */
    int status;
    uint64_t retry_after_us;
};
struct ix_retry {
    struct ix_retry_policy policy;
    struct ix_budget *budget; /* NULL: no limit */
    enum ix_retry_class cls;
    bool is_delete;
    bool reached; /* a try that ended was, or may have been, executed */
    uint32_t tries; /* ended so far */
    uint64_t deadline_us; /* of the whole operation; IX_NEVER none */
};
enum ix_retry_verdict {
    IX_RETRY_DONE = 1, /* take the answer, or the transfer's error, as it is */
    IX_RETRY_AGAIN = 2, /* at *at_us */
    IX_RETRY_UNKNOWN = 3, /* may have been executed: IRISX_E_OUTCOME_UNKNOWN */
    IX_RETRY_REPEATED = 4 /* a repeated DELETE found nothing: done, by an earlier try */
};
void ix_retry_init(struct ix_retry *r, const struct ix_retry_policy *policy /* NULL allowed */, enum ix_retry_class cls,
    const char *method, uint64_t deadline_us);
enum ix_retry_verdict ix_retry_next(
    struct ix_retry *r, const struct ix_attempt *a, const struct ix_rng *rng, uint64_t now_us, uint64_t *at_us);
/* a random UUID (RFC 9562 section 5.4) for the Idempotency-Key header */
#define IX_KEY_SIZE 37
void ix_idempotency_key(const struct ix_rng *rng, char out[IX_KEY_SIZE]);
/* The server says in an answer that it honours keys: it repeats the key, or tells of a replay. */
bool ix_idempotency_told(struct ix_str headers);

/* ---- several servers of one platform ----------------------------------------------------- */
/*
 *   UP --connection lost, 502 to 504--> DOWN --time over--> PROBE DUE --probe well--> UP
 *                                        ^ 1 s doubling to 30 s          | not
 *                                        +-------------------------------+
 * An answer to any request brings a server up as well. With one server alone it is always that one.
 */
#define IX_BASES_MAX 8
struct ix_base {
    char *url; /* without '/' at the end */
    uint64_t down_until_us;
    uint32_t failures; /* in a row; 0 = up */
    bool probing;
    bool honours_keys; /* Idempotency-Key: learned from its answers */
};
struct ix_bases {
    struct ix_base items[IX_BASES_MAX];
    size_t count;
};
/* fallbacks: further URLs between spaces, NULL none. IRISX_E_LIMIT over IX_BASES_MAX, IRISX_E_NO_MEMORY */
int ix_bases_init(struct ix_bases *b, const char *url, const char *fallbacks);
void ix_bases_clear(struct ix_bases *b);
/* The one to ask: the first that is up and not in `tried` (bits by index), else the first up, else the one that has
 * waited longest. */
size_t ix_bases_pick(const struct ix_bases *b, uint32_t tried);
bool ix_bases_elsewhere(const struct ix_bases *b, uint32_t tried); /* one is up that was not tried */
void ix_bases_report(struct ix_bases *b, size_t i, bool well, uint64_t now_us); /* of a request or a probe */
/* A server is to be probed now: marked so until its report. */
bool ix_bases_probe(struct ix_bases *b, uint64_t now_us, size_t *i);

/* ---- pace: not to be refused is better than to be refused politely ----------------------- */
/*
 * Requests enter by operation; what may not go yet waits in order. Limits come from X-RateLimit-* of answers (epoch in
 * ms or s, or seconds, by magnitude) and from configuration (a sliding window). A place is given back when the answer
 * is there, since only then the server has surely counted; so a server with a sliding window sees no more than its
 * limit in any window, whatever the delays. A "renewing" limit starts anew only after a whole window without any
 * accepted request (calls.create: contract WIRE.md section 6). When a told window is over and nothing more is known,
 * one request goes alone and its answer tells.
 */
struct ix_pace;
struct ix_pace_bucket;
struct ix_pace_slot { /* of one request; zeroed memory is out */
    struct ix_list node; /* waits in its bucket */
    struct ix_pace_bucket *own, *group; /* entered; NULL out */
    bool under_way;
};
struct ix_pace_answer {
    bool answered; /* false: no answer came, it may have been counted all the same */
    int status;
    struct ix_str headers;
    uint64_t retry_after_us; /* of a 429 */
};
int ix_pace_new(uint64_t seed, struct ix_pace **out);
void ix_pace_free(struct ix_pace *p); /* slots are out */
/* operation "sms.send", or a group of them "sms". IRISX_E_INVALID: count or window 0, count over 100000 */
int ix_pace_limit(struct ix_pace *p, struct ix_str key, uint32_t count, uint64_t window_us, bool renewing);
/* "sms.send=200/60 sms=600/60"; IRISX_E_INVALID */
int ix_pace_parse(struct ix_pace *p, const char *limits);
/* true: goes now; false: waits, ix_pace_next will give it. Without memory it goes. */
bool ix_pace_enter(struct ix_pace *p, const char *operation, struct ix_pace_slot *s, uint64_t now_us);
struct ix_pace_slot *ix_pace_next(struct ix_pace *p, uint64_t now_us); /* one that may go now; NULL none */
/* Its end; a slot that waits is taken out (answer NULL), as is one that never went. */
void ix_pace_leave(struct ix_pace *p, struct ix_pace_slot *s, const struct ix_pace_answer *a, struct ix_now now);
uint64_t ix_pace_deadline(struct ix_pace *p, uint64_t now_us); /* ask ix_pace_next then; IX_NEVER */
/* The earliest moment at which it can go, as far as is known now; 0 if that depends on an answer under way. */
uint64_t ix_pace_at(const struct ix_pace_slot *s, uint64_t now_us);

/* ---- the server's clock ------------------------------------------------------------------ */
struct ix_skew { /* zeroed: none known */
    int64_t offset_us; /* server's wall clock less ours */
    bool known;
};
int64_t ix_http_date(struct ix_str s); /* IMF-fixdate (RFC 9110 section 5.6.7); Unix seconds, -1 if it is none */
/* From the Date header of an answer that came now and was asked for round_us ago. */
void ix_skew_learn(struct ix_skew *k, struct ix_str headers, struct ix_now now, uint64_t round_us);
struct ix_now ix_skew_now(const struct ix_skew *k, struct ix_now now); /* as the server's clock shows it */

/* ---- figures ----------------------------------------------------------------------------- */
#define IX_METRIC_BUCKETS 160 /* eight to an octave of milliseconds: 1 ms to 2^20 ms */
struct ix_metric {
    char operation[52]; /* ids have at most 48 characters */
    uint64_t ended, failed, unknown, retries, limited, paced, total_us, max_us;
    uint32_t buckets[IX_METRIC_BUCKETS];
};
struct ix_metrics { /* one row an operation used, found by its number */
    struct ix_metric **rows;
    uint16_t *row_of; /* by operation number, row + 1; 0 none */
    size_t count, numbers;
};
struct ix_metric_sample {
    uint64_t total_us;
    int code; /* irisx_error_t it ended with */
    uint32_t retries, limited;
    bool paced;
};
void ix_metrics_init(struct ix_metrics *m);
void ix_metrics_clear(struct ix_metrics *m);
/* number: of the operation, 0 for others. Without memory it is not counted. */
void ix_metrics_add(struct ix_metrics *m, uint32_t number, const char *operation, const struct ix_metric_sample *s);
int ix_metrics_copy(struct ix_metrics *to, const struct ix_metrics *from);
uint64_t ix_metric_quantile_ms(const struct ix_metric *m, uint32_t percent); /* upper end of the bucket */
/* Prometheus text, exposition format 0.0.4: counters and a histogram in seconds, labelled by operation. */
void ix_metrics_text(const struct ix_metrics *m, struct ix_buf *out);

/* ---- credentials ------------------------------------------------------------------------- */
/* iat and exp of a JWT, Unix seconds; the signature is not ours to check. IRISX_E_PROTOCOL without a numeric exp. */
struct ix_jwt_times {
    int64_t issued_s; /* 0: none */
    int64_t expires_s;
};
int ix_jwt_times(struct ix_str token, struct ix_jwt_times *out);

/*
 *   OUT --login given--> LOGIN --tokens--> IN --near its end, or 401 "Token expired"--> REFRESH --token--> IN
 *    ^                    | refused \-requires_2fa-> PENDING --code given--> VERIFY --tokens--> IN  | refused
 *    +--------------------+---------------------------------------------------------------------+
 *
 * One exchange at a time: whoever gets IX_AUTH_EXCHANGE runs it, all others wait until it has ended. A login
 * whose connection was lost is asked for a second time (a kept-alive connection may have died unseen); a refresh is as
 * often as those that wait for it may try again.
 */
struct ix_auth;
enum ix_auth_answer {
    IX_AUTH_READY = 1, /* send: ix_auth_headers */
    IX_AUTH_EXCHANGE = 2, /* run ix_auth_exchange's request now, give its end to ix_auth_input, then ask again */
    IX_AUTH_WAIT = 3, /* another's exchange is under way: ask again after it */
    IX_AUTH_REFUSED = 4 /* end the operation with *error (credentials missing or refused) */
};
enum ix_auth_realm { IX_AUTH_USER = 0, IX_AUTH_ADMIN = 1 }; /* whose login; the platform's staff cannot refresh */
int ix_auth_new(enum ix_auth_realm realm, struct ix_auth **out);
void ix_auth_free(struct ix_auth *a); /* wipes */
int ix_auth_set_key(struct ix_auth *a, const char *api_key); /* NULL removes it */
int ix_auth_set_tokens(struct ix_auth *a, const char *access, const char *refresh /* NULL none */, struct ix_now now);
/* Replaces what was there; the next ix_auth_ask starts the exchange. The password is wiped when it has ended. */
int ix_auth_set_login(struct ix_auth *a, const char *email, const char *password);
/* The second factor of a login that wants one: the next ix_auth_ask starts the exchange. IRISX_E_STATE: none does */
int ix_auth_set_code(struct ix_auth *a, const char *totp_code);
void ix_auth_forget(struct ix_auth *a); /* after a logout: tokens and login, not the key */
bool ix_auth_empty(const struct ix_auth *a); /* neither session nor login: a token store may know one */
/* POST .../logout with the session's own tokens. IRISX_E_STATE without a session */
int ix_auth_logout(const struct ix_auth *a, struct ix_http_request *out);

/* What an operation of that kind may do now. error is written with REFUSED only. */
enum ix_auth_answer ix_auth_ask(
    struct ix_auth *a, enum ix_http_auth kind, struct ix_now now, struct ix_http_error *error);
/* Header lines for it; *generation names the token used. */
void ix_auth_headers(const struct ix_auth *a, enum ix_http_auth kind, struct ix_buf *out, uint32_t *generation);
/* The request of the exchange that IX_AUTH_EXCHANGE asked for. */
int ix_auth_exchange(const struct ix_auth *a, struct ix_http_request *out);
/*
 * The exchange has ended: with an answer (err 0), or with the transfer's err. Returns IRISX_OK when operations can go
 * on (ask again), else the code, with *error filled: IRISX_E_AUTH with reason "requires_2fa" where a second factor is
 * wanted (ix_auth_pending_token has the platform's token then).
 */
int ix_auth_input(struct ix_auth *a, int err, const char *detail, const struct ix_http_response *r, struct ix_now now,
    struct ix_http_error *error);
const char *ix_auth_pending_token(const struct ix_auth *a); /* NULL none */
/*
 * An operation sent with `generation` was answered 401: true if it should ask again and be sent once more (the answer
 * means "expired", or a newer token is there already); the caller allows that once for each operation.
 */
bool ix_auth_expired(struct ix_auth *a, enum ix_http_auth kind, uint32_t generation, const struct ix_http_response *r);
/* For a token store: borrowed, NULL if there is none; the generation grows with each change. */
const char *ix_auth_access_token(const struct ix_auth *a);
const char *ix_auth_refresh_token(const struct ix_auth *a);
uint32_t ix_auth_generation(const struct ix_auth *a);
/* when ix_auth_ask would want a refresh by itself; IX_NEVER */
uint64_t ix_auth_deadline(const struct ix_auth *a);

/* ---- redaction: for logs, --dry-run, captures -------------------------------------------- */
/* true for password, token, access_token, refresh_token, sip_password, secret, secret_key, key, totp_code, apiKey ...
 */
bool ix_secret_key(struct ix_str key);
/* header lines, values of Authorization, X-API-Key, Cookie, signatures replaced by "***" */
void ix_redact_headers(struct ix_buf *out, struct ix_str headers);
/* An address or path: user and password, what the query hides, and segments that are tokens by their name in the
 * template ("/v1/unsubscribe/{token}"; NULL none) or by their look. */
void ix_redact_url(struct ix_buf *out, struct ix_str url, const char *template);
/* JSON text with the values of secret keys replaced by "***"; what is not JSON becomes "<N bytes>" */
void ix_redact_json(struct ix_buf *out, struct ix_str body);
/* query or form text, the same by name */
void ix_redact_query(struct ix_buf *out, struct ix_str query);
/* any text: of telephone numbers (seven digits or more, alone in a text, a value or a segment) only two are left */
void ix_redact_phones(struct ix_buf *out, struct ix_str text);

#endif
