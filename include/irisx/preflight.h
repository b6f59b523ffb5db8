/* SPDX-License-Identifier: MIT */
/**
 * @file preflight.h
 * @brief Whether calls will work from here, and if not, why: names, TLS, WebSocket, registration, UDP, NAT, relays, and
 * an echo call with its quality.
 */
#ifndef IRISX_PREFLIGHT_H
#define IRISX_PREFLIGHT_H

#include <irisx/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is looked at. Zero means default; what is not named is left out. All texts are copied. */
typedef struct irisx_preflight_options {
    size_t struct_size; /**< Required: set by IRISX_PREFLIGHT_OPTIONS_INIT */
    const char *ws_url; /**< "wss://host:7443/ws"; NULL: no signalling is tried */
    const char *user; /**< NULL: nothing is registered and no call placed */
    const char *realm; /**< NULL: host of ws_url */
    const char *password; /**< wiped when the check ends */
    const char *auth_user; /**< NULL: user */
    const char *ca_file; /**< NULL: the client's */
    const char *ice_servers; /**< as in irisx_client_options; NULL: the client's */
    const char *echo; /**< number of an echo; NULL: "9196" */
    int32_t no_call; /**< 1: no echo call */
    int32_t provisioned; /**< 1: without ws_url, the account that the platform has for us (user: which extension) */
    uint32_t timeout_ms; /**< of the whole; 0 = 14500; at least 3000 */
} irisx_preflight_options_t;
/** Initialiser with every default. */
#define IRISX_PREFLIGHT_OPTIONS_INIT      \
    {                                     \
        sizeof(irisx_preflight_options_t) \
    }
/** Same as IRISX_PREFLIGHT_OPTIONS_INIT, for languages without macros. @param size sizeof(irisx_preflight_options_t) */
IRISX_API void irisx_preflight_options_init(irisx_preflight_options_t *options, size_t size);

/** What the check comes to. */
typedef enum irisx_preflight_verdict {
    IRISX_PREFLIGHT_UNKNOWN = 0,
    IRISX_PREFLIGHT_GOOD = 1, /**< calls work */
    IRISX_PREFLIGHT_LIMITED = 2, /**< calls work, with drawbacks that the reasons tell */
    IRISX_PREFLIGHT_BAD = 3 /**< calls do not work */
} irisx_preflight_verdict_t;

/**
 * Looks at the network as a call would use it, on threads of its own, all at once where possible. The API is looked at
 * if the client has an api_url; nothing secret is sent but by the registration, over a connection that was verified.
 * The op ends with IRISX_OK whatever was found; irisx_op_value is the report:
 * `{"verdict":"good|limited|bad","duration_ms":N,"reasons":[{"code","severity":"fail|warn","about","text","fix"}],
 * "checks":[{"check","target","status":"ok|warn|fail|skip","ms", ...}]}`. Codes are stable; new ones may come.
 * @param options NULL: only what the client knows
 * @return IRISX_OK; IRISX_E_INVALID (NULL, ws_url, ice_servers, nothing to look at), IRISX_E_UNSUPPORTED (zero_thread),
 *         IRISX_E_CLOSED, IRISX_E_NO_MEMORY
 * @thread any @since 0.2
 */
IRISX_API irisx_error_t irisx_preflight_start(
    irisx_client_t *client, const irisx_preflight_options_t *options, irisx_op_t **op_out);
/** The verdict of a report. @param report irisx_op_value of the op; NULL allowed @thread any */
IRISX_API irisx_preflight_verdict_t irisx_preflight_verdict(const irisx_value_t *report);

#ifdef __cplusplus
}
#endif
#endif
