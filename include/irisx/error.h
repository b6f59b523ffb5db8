/* SPDX-License-Identifier: MIT */
/**
 * @file error.h
 * @brief Every error code of the library, and the detail that hangs on what failed.
 */
#ifndef IRISX_ERROR_H
#define IRISX_ERROR_H

#include <stddef.h>
#include <stdint.h>

#include <irisx/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The one list of codes: X(NAME, number, text). Numbers are negative and never reused; new ones are appended.
 * The text is one short line that a user can act on.
 */
#define IRISX_ERROR_MAP(X)                                                                               \
    X(INVALID, -1, "argument not valid")                                                                 \
    X(NO_MEMORY, -2, "out of memory")                                                                    \
    X(CLOSED, -3, "the object is closed")                                                                \
    X(CANCELLED, -4, "cancelled")                                                                        \
    X(TIMEOUT, -5, "timed out")                                                                          \
    X(WOULD_DEADLOCK, -6, "would wait for itself: do not block inside a callback")                       \
    X(LIMIT, -7, "a limit of this client is reached")                                                    \
    X(STATE, -8, "not possible in the present state")                                                    \
    X(NOT_FOUND, -9, "not found")                                                                        \
    X(IO, -10, "reading or writing failed")                                                              \
    X(NETWORK, -11, "the server cannot be reached")                                                      \
    X(DNS, -12, "the host name cannot be resolved")                                                      \
    X(TLS, -13, "the TLS connection is not trusted")                                                     \
    X(AUTH, -14, "credentials refused")                                                                  \
    X(FORBIDDEN, -15, "not allowed with these credentials")                                              \
    X(PROTOCOL, -16, "the peer sent something that is not valid")                                        \
    X(HTTP, -17, "the platform refused the request")                                                     \
    X(SERVER, -18, "the platform failed")                                                                \
    X(OUTCOME_UNKNOWN, -19, "the connection was lost after sending: the request may have been executed") \
    X(NOT_AVAILABLE, -20, "this platform does not offer the operation")                                  \
    X(UNSUPPORTED, -21, "not supported by this build")                                                   \
    X(BUSY, -22, "the called party is busy")                                                             \
    X(DECLINED, -23, "the called party declined")                                                        \
    X(NO_ANSWER, -24, "no answer")                                                                       \
    X(UNREACHABLE, -25, "the called party is not reachable")                                             \
    X(MEDIA, -26, "no media path to the peer")                                                           \
    X(FINGERPRINT, -27, "the peer's DTLS certificate is not the one it announced")                       \
    X(FORMAT, -28, "the file has a format that cannot be read")                                          \
    X(DISK_FULL, -29, "no space left where the file is written")                                         \
    X(TOO_LARGE, -30, "larger than the limit")                                                           \
    X(SIGNATURE, -31, "the signature does not match")                                                    \
    X(EXPIRED, -32, "too old or too far in the future")                                                  \
    X(DUPLICATE, -33, "already received")                                                                \
    X(AGAIN, -34, "nothing there now")                                                                   \
    X(RATE_LIMITED, -35, "too many requests: wait, then try again")                                      \
    X(CONFLICT, -36, "conflicts with what is there")                                                     \
    X(INTERNAL, -37, "a bug in the library: please report it")

/** Result of every function that can fail: 0 or one of the negative codes. Expect codes newer than your headers. */
typedef enum irisx_error {
    IRISX_OK = 0,
#define IRISX_X(name, number, text) IRISX_E_##name = (number),
    IRISX_ERROR_MAP(IRISX_X)
#undef IRISX_X
} irisx_error_t;

/** Where a failure comes from. 0 is unknown. */
typedef enum irisx_error_domain {
    IRISX_DOMAIN_UNKNOWN = 0,
    IRISX_DOMAIN_LOCAL = 1, /**< this library or the caller */
    IRISX_DOMAIN_SYSTEM = 2, /**< the operating system */
    IRISX_DOMAIN_HTTP = 3, /**< the platform's REST API; status is the HTTP status */
    IRISX_DOMAIN_SIP = 4, /**< signalling; status is the SIP status */
    IRISX_DOMAIN_TLS = 5, /**< certificate or TLS/DTLS protocol */
    IRISX_DOMAIN_MEDIA = 6 /**< ICE, DTLS-SRTP, codecs, files */
} irisx_error_domain_t;

/**
 * The whole of a failure. Borrowed from the op or event it belongs to; every text is UTF-8, NUL-terminated, and
 * NULL where there is none.
 */
typedef struct irisx_error_info {
    irisx_error_t code;
    irisx_error_domain_t domain;
    int32_t status; /**< HTTP or SIP status, 0 if none */
    const char *message; /**< one line: what happened and what to do; never NULL, never holds a secret */
    const char *reason; /**< the peer's own code or words ("CALL_NOT_FOUND", "Q.850;cause=17") */
    const char *detail; /**< field details as JSON text (array of {path, message}) */
    const char *request_id;
    uint32_t retry_after_ms; /**< 0 if the peer named none */
    int32_t retryable; /**< 1 if the same request may be sent again without harm */
} irisx_error_info_t;

/** Name of a code ("IRISX_E_TIMEOUT"); "IRISX_E_UNKNOWN" for one this build does not know. Static. @thread any */
IRISX_API const char *irisx_error_name(irisx_error_t code);

/** The code's sentence. Static, never NULL. @thread any */
IRISX_API const char *irisx_error_text(irisx_error_t code);

#ifdef __cplusplus
}
#endif
#endif
