/* SPDX-License-Identifier: MIT */
/**
 * @file rest.h
 * @brief How a client behaves towards the REST API: servers, proxies, limits, retries, pace, sessions, figures.
 *
 * Options of one call are in irisx/api.h; what is here holds for all calls of a client.
 */
#ifndef IRISX_REST_H
#define IRISX_REST_H

#include <irisx/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- sessions ---------------------------------------------------------------------------- */

/** Which session: a client may have both at a time. */
typedef enum irisx_session {
    IRISX_SESSION_USER = 0, /**< a user of a tenant: /v1/... */
    IRISX_SESSION_ADMIN = 1 /**< the platform's staff: /admin/... */
} irisx_session_t;

/** Receives what a token store has; opaque, valid inside irisx_token_load_fn alone. */
typedef struct irisx_token_slot irisx_token_slot_t;

/**
 * Asks the store (a keychain) for the tokens of a session: call irisx_token_slot_set, or do nothing if there are none.
 * Runs once a session, before its first request that wants a credential, on a helper thread: it may take its time.
 * @param session irisx_session_t @thread callback (a helper thread of the library)
 */
typedef void (*irisx_token_load_fn)(irisx_token_slot_t *slot, int32_t session, void *user_data);
/**
 * Tells the store what to keep: after a login, a refresh, irisx_client_set_tokens; both NULL after a log-out or when
 * the session ended. In order, on a helper thread; texts are borrowed for the length of the call.
 * @param refresh_token NULL: none @thread callback (a helper thread of the library)
 */
typedef void (*irisx_token_save_fn)(
    int32_t session, const char *access_token, const char *refresh_token, void *user_data);
/** Gives the loaded tokens; refresh_token may be NULL. Copied. @thread callback, inside irisx_token_load_fn alone */
IRISX_API irisx_error_t irisx_token_slot_set(
    irisx_token_slot_t *slot, const char *access_token, const char *refresh_token);

/**
 * The second factor, after irisx_client_login ended with IRISX_E_AUTH and reason "requires_2fa".
 * @param totp_code the six digits
 * @return IRISX_OK (accepted); the op ends with IRISX_E_STATE where no login waits for a code
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_client_login_2fa(irisx_client_t *client, const char *totp_code, irisx_op_t **op_out);
/**
 * POST /admin/auth/login: later requests to /admin carry its token. It cannot be refreshed: after its end (4 h)
 * operations end with IRISX_E_AUTH, reason "session_ended". A second factor: irisx_client_login_2fa.
 * @param password wiped from memory once sent
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_client_login_admin(
    irisx_client_t *client, const char *email, const char *password, irisx_op_t **op_out);
/**
 * Logs the session out at the platform (which revokes the refresh token) and forgets its tokens, whatever the answer.
 * @param session irisx_session_t @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_client_logout(irisx_client_t *client, int32_t session, irisx_op_t **op_out);

/* ---- options ------------------------------------------------------------------------------ */

/** Options of a client for REST. Zero means default; texts are copied. Given in irisx_client_options_t.rest. */
typedef struct irisx_rest_options {
    size_t struct_size; /**< Required: set by IRISX_REST_OPTIONS_INIT */
    /* servers */
    const char *fallback_urls; /**< further base URLs of the same platform, in order of preference, between spaces */
    const char *health_path; /**< probed (2 s at most) before a server that failed is used again; NULL:
                                "/v1/auth/health" */
    /* connection */
    const char *proxy; /**< "http://host:port" (CONNECT for https), "socks5h://user:password@host:port"; NULL: none */
    const char *no_proxy; /**< hosts without proxy, between commas: "localhost,.example.com,10.0.0.0/8"; NULL: none */
    int32_t proxy_from_environment; /**< 1: without `proxy`, https_proxy, http_proxy, all_proxy and no_proxy are read
                                       once, in irisx_client_new; loopback never goes through such a proxy */
    const char *client_cert_file; /**< PEM certificate (chain) for servers that ask for one; NULL: none */
    const char *client_key_file; /**< its PEM key; NULL: in client_cert_file */
    const char *pinned_keys; /**< "sha256//BASE64", between semicolons: keys of which the server must have one */
    uint32_t max_connections; /**< a server, HTTP/1.1; 0 = 6 */
    /* time, each try */
    uint32_t resolve_timeout_ms; /**< of a name; 0 = 5000 */
    uint32_t connect_timeout_ms; /**< TCP, proxy included; 0 = 10000 */
    uint32_t tls_timeout_ms; /**< of the handshake; 0 = 10000 */
    uint32_t answer_timeout_ms; /**< last byte sent to first of the answer; 0: no own limit */
    uint32_t idle_timeout_ms; /**< without a byte either way once it moves; 0: no own limit */
    /* again */
    int32_t idempotency; /**< irisx_idempotency_t; 0 = IRISX_IDEMPOTENCY_AUTO */
    uint32_t max_tries; /**< of one operation, the first one included; 0 = 4 */
    uint32_t retry_base_ms; /**< the n-th wait is drawn from 0 to base x 2^n; 0 = 250 */
    uint32_t retry_cap_ms; /**< longest wait, also one the server asks for; 0 = 60000 */
    uint32_t retry_budget; /**< tries beyond the first that all operations share: refilled by one for ten that end
                              well, and by one in 5 s; 0 = 20 */
    /* pace */
    int32_t no_pacing; /**< 1: requests are sent at once, whatever limits the server told */
    const char *rate_limits; /**< known limits, "OPERATION=COUNT/SECONDS", between spaces: "sms.send=200/60"; a group
                                ("sms=600/60") shares one limit. NULL: those the server tells, and calls.create's */
    /* checking, logging */
    int32_t check; /**< irisx_check_t for all calls; 0 = IRISX_CHECK_BASIC */
    int32_t log_bodies; /**< 1: bodies are logged at IRISX_LOG_TRACE, secrets redacted */
    int32_t redact_phone_numbers; /**< 1: telephone numbers lose all but their last two digits in log lines */
    /* sessions */
    irisx_token_load_fn load_tokens; /**< NULL: nothing is kept */
    irisx_token_save_fn save_tokens;
    void *token_user_data;
} irisx_rest_options_t;

/** Initialiser with every default. */
#define IRISX_REST_OPTIONS_INIT      \
    {                                \
        sizeof(irisx_rest_options_t) \
    }
/** Same as IRISX_REST_OPTIONS_INIT, for languages without macros. @param size sizeof(irisx_rest_options_t) */
IRISX_API void irisx_rest_options_init(irisx_rest_options_t *options, size_t size);

/**
 * 1: the op was a DELETE that found nothing when it was sent again: an earlier try, whose answer was lost, had done it.
 * Such an op ends well, without a result. 0 while it runs. @thread any @since 0.1
 */
IRISX_API int32_t irisx_op_repeated(const irisx_op_t *op);

/* ---- figures ------------------------------------------------------------------------------ */

/** What a client counted of one operation since it was made. */
typedef struct irisx_metric {
    const char *operation; /**< "sms.send"; "other" for irisx_api_request */
    uint64_t ended; /**< operations, well or not */
    uint64_t failed; /**< of them with an error */
    uint64_t unknown; /**< of those with IRISX_E_OUTCOME_UNKNOWN */
    uint64_t retries; /**< tries beyond the first */
    uint64_t limited; /**< answers 429 */
    uint64_t paced; /**< held back by the client before it was sent */
    uint64_t total_ms; /**< sum of the times from submission to the end */
    uint64_t p50_ms, p95_ms, p99_ms, max_ms; /**< of those times, to within an eighth */
} irisx_metric_t;

/** A snapshot of a client's figures: one owner. */
typedef struct irisx_metrics irisx_metrics_t;

/**
 * Takes a snapshot.
 * @param metrics_out the caller owns it: irisx_metrics_free
 * @return IRISX_OK, IRISX_E_INVALID, IRISX_E_STATE (client without api_url), IRISX_E_CLOSED, IRISX_E_NO_MEMORY
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_metrics_new(irisx_client_t *client, irisx_metrics_t **metrics_out);
/** NULL allowed. @thread owner */
IRISX_API void irisx_metrics_free(irisx_metrics_t *metrics);
/** How many operations were used. @thread owner */
IRISX_API size_t irisx_metrics_count(const irisx_metrics_t *metrics);
/** The index-th, in the order of first use; NULL beyond the last. Borrowed from metrics. @thread owner */
IRISX_API const irisx_metric_t *irisx_metrics_at(const irisx_metrics_t *metrics, size_t index);
/** All of it as Prometheus text (exposition format 0.0.4), latency as a histogram. Borrowed from metrics. @thread owner
 */
IRISX_API const char *irisx_metrics_text(const irisx_metrics_t *metrics);

#ifdef __cplusplus
}
#endif
#endif
