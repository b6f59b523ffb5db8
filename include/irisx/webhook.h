/* SPDX-License-Identifier: MIT */
/**
 * @file webhook.h
 * @brief Signed webhooks: check one delivery, or run a receiver that verifies, stores and hands out events.
 */
#ifndef IRISX_WEBHOOK_H
#define IRISX_WEBHOOK_H

#include <irisx/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How an endpoint's deliveries are signed (the platform has three ways). */
typedef enum irisx_webhook_scheme {
    IRISX_WEBHOOK_TIMESTAMPED = 0, /**< A, default: X-IRISX-Signature over "<timestamp>.<body>" */
    IRISX_WEBHOOK_ADMIN_TEST = 1, /**< B: X-Webhook-Signature over the body; the window is taken from the signed body */
    IRISX_WEBHOOK_DOCUMENTED = 2 /**< C: X-Tazzi-Signature over "<timestamp>.<body>" */
} irisx_webhook_scheme_t;

/** What a delivery is checked against. */
typedef struct irisx_webhook_check {
    size_t struct_size; /**< Required: set by IRISX_WEBHOOK_CHECK_INIT */
    irisx_webhook_scheme_t scheme;
    const char *const *secrets; /**< Required: any one may match (rotation) */
    size_t secrets_count;
    uint32_t window_s; /**< to both sides; 0 = 300 */
    int64_t now_ms; /**< Unix time; 0 = the clock's */
} irisx_webhook_check_t;
#define IRISX_WEBHOOK_CHECK_INIT      \
    {                                 \
        sizeof(irisx_webhook_check_t) \
    }

/** What a delivery says, once verified. Texts are owned by the caller: irisx_webhook_delivery_clear. */
typedef struct irisx_webhook_delivery {
    char *event; /**< "call.completed" */
    char *event_id; /**< of the signed body; "sha256:..." of the body where it names none (the header is not signed) */
    int64_t timestamp_ms;
    irisx_value_t *body;
} irisx_webhook_delivery_t;

/**
 * Checks one delivery as it came (raw body, constant time).
 * @param headers lines "Name: value", CRLF or LF between
 * @param delivery_out may be NULL
 * @return IRISX_OK; IRISX_E_SIGNATURE (none matches, or a header is missing), IRISX_E_EXPIRED (outside the window),
 *         IRISX_E_PROTOCOL (body is not what the signature's scheme needs), IRISX_E_INVALID
 * @thread any
 */
IRISX_API irisx_error_t irisx_webhook_verify(const irisx_webhook_check_t *check, const char *headers, const void *body,
    size_t body_len, irisx_webhook_delivery_t *delivery_out);
/** Frees what irisx_webhook_verify put into delivery, not delivery itself. NULL allowed. @thread any */
IRISX_API void irisx_webhook_delivery_clear(irisx_webhook_delivery_t *delivery);

/**
 * Signs a delivery as the platform does: for tests of receivers.
 * @param timestamp_ms Unix time that is signed (schemes A, C); 0 = now
 * @param headers_out lines "Name: value", CRLF behind each; the caller frees it with irisx_text_free
 * @return IRISX_OK, IRISX_E_INVALID, IRISX_E_NO_MEMORY
 * @thread any
 */
IRISX_API irisx_error_t irisx_webhook_sign(irisx_webhook_scheme_t scheme, const char *secret, const char *event,
    const char *event_id, int64_t timestamp_ms, const void *body, size_t body_len, char **headers_out);

/** A webhook receiver: an HTTP server in the client. Shared, by reference. */
typedef struct irisx_receiver irisx_receiver_t;
/** Options of a receiver. All texts are copied. */
typedef struct irisx_receiver_options {
    size_t struct_size; /**< Required: set by IRISX_RECEIVER_OPTIONS_INIT */
    const char *listen; /**< "host:port"; NULL = "127.0.0.1:0" (a free port) */
    const char *path; /**< this path and all below; NULL = "/" */
    irisx_webhook_scheme_t scheme;
    const char *const *secrets; /**< at most 16; without any, and without irisx_receiver_add_secret, all is refused */
    size_t secrets_count;
    uint32_t window_s; /**< 0 = 300 */
    const char *store_file; /**< SQLite: what was received, which ids are known; NULL = in memory, lost at the end */
    uint32_t remember; /**< event ids kept against replay; 0 = 100000 */
    const char *tls_cert_file, *tls_key_file; /**< both or none */
    uint32_t max_connections; /**< 0 = 64 */
    uint32_t max_body; /**< bytes; 0 = 1 MiB */
} irisx_receiver_options_t;
/** Initialiser with every default. */
#define IRISX_RECEIVER_OPTIONS_INIT      \
    {                                    \
        sizeof(irisx_receiver_options_t) \
    }
/** Same as IRISX_RECEIVER_OPTIONS_INIT, for languages without macros. @param size sizeof(irisx_receiver_options_t) */
IRISX_API void irisx_receiver_options_init(irisx_receiver_options_t *options, size_t size);

/**
 * Opens a receiver; the op ends when it listens. Verified deliveries come as IRISX_EVENT_WEBHOOK, after they are stored
 * and before they are acknowledged with 2xx; refused ones as IRISX_EVENT_WEBHOOK_REJECTED.
 * @thread any
 */
IRISX_API irisx_error_t irisx_receiver_open(irisx_client_t *client, const irisx_receiver_options_t *options,
    irisx_receiver_t **receiver_out, irisx_op_t **op_out);
/** Where it listens ("http://127.0.0.1:41234/"); "" before the op ended. Borrowed from receiver. */
IRISX_API const char *irisx_receiver_url(const irisx_receiver_t *receiver);
/**
 * Adds a secret (rotation, or one learned when the webhook was created). Copied.
 * @return IRISX_OK, also for one that is there; IRISX_E_LIMIT: there are 16; IRISX_E_CLOSED; IRISX_E_INVALID
 * @thread any
 */
IRISX_API irisx_error_t irisx_receiver_add_secret(irisx_receiver_t *receiver, const char *secret);
/**
 * Takes a secret away (the end of a rotation: add the new one, let the platform change over, remove the old one). Once
 * this has returned nothing signed with it is accepted; what was acknowledged before stays so. Without any secret all
 * is refused.
 * @return IRISX_OK; IRISX_E_NOT_FOUND: it is not there; IRISX_E_CLOSED; IRISX_E_INVALID
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_receiver_remove_secret(irisx_receiver_t *receiver, const char *secret);
/** Stops listening; deliveries under way are answered or dropped, unanswered ones come again. @thread any */
IRISX_API void irisx_receiver_close(irisx_receiver_t *receiver);
/** Takes one more reference; gives receiver back. NULL allowed. @thread any */
IRISX_API irisx_receiver_t *irisx_receiver_ref(irisx_receiver_t *receiver);
/** Gives up one reference; NULL allowed. It listens until irisx_receiver_close or the client's end. @thread any */
IRISX_API void irisx_receiver_unref(irisx_receiver_t *receiver);

#ifdef __cplusplus
}
#endif
#endif
