/* SPDX-License-Identifier: MIT */
/**
 * @file line.h
 * @brief What a line does besides calls: is the server there, texts to and from others, whose phone rings or talks.
 *
 * Feature codes: the platform's switch takes pickup and park as numbers that are dialled. FreeSWITCH's own plan, and
 * `irisx sandbox`, have `**EXTENSION` (take the call that rings at that extension), `*8` (one that rings anywhere),
 * `5900` (park: REFER the call there, or transfer to it; who parks hears the place) and `5901` to `5999` (the places:
 * dial one to take what is parked in it). Dial them with irisx_call_dial; a place that is taken is seen with an
 * irisx_subscription_t of package dialog to it.
 */
#ifndef IRISX_LINE_H
#define IRISX_LINE_H

#include <irisx/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Asks whether a server or somebody is there (SIP OPTIONS) and how long that takes. The op's value is
 * `{"rtt_ms": 12.5, "status": 200}`; any answer but a refusal of the account counts as being there. A first answer that
 * asks for the password makes it two round trips.
 * @param to number, extension or sip: URI; NULL: the line's server
 * @param op_out may be NULL
 * @return IRISX_OK, IRISX_E_INVALID, IRISX_E_CLOSED, IRISX_E_NO_MEMORY; the op: IRISX_E_STATE (not connected),
 *         IRISX_E_TIMEOUT (after 32 s), IRISX_E_LIMIT (64 under way)
 * @thread any @since 0.2
 */
IRISX_API irisx_error_t irisx_line_ping(irisx_line_t *line, const char *to, irisx_op_t **op_out);

/** Options of a text message. Copied, the content too. */
typedef struct irisx_line_message_options {
    size_t struct_size; /**< Required: set by IRISX_LINE_MESSAGE_OPTIONS_INIT */
    const char *to; /**< Required: number, extension or sip: URI */
    const char *text; /**< UTF-8; or: */
    const void *data; /**< of any kind; with len */
    size_t len; /**< bytes, at most 16384, of text as well */
    const char *content_type; /**< NULL: "text/plain;charset=UTF-8" */
} irisx_line_message_options_t;
/** Initialiser with every default. */
#define IRISX_LINE_MESSAGE_OPTIONS_INIT      \
    {                                        \
        sizeof(irisx_line_message_options_t) \
    }
/** Same as IRISX_LINE_MESSAGE_OPTIONS_INIT, for languages without macros. */
IRISX_API void irisx_line_message_options_init(irisx_line_message_options_t *options, size_t size);
/**
 * Sends a text (SIP MESSAGE, RFC 3428). The op ends when it was taken: status 200 in its value is delivery, 202 that
 * somebody keeps it for later. Incoming ones are IRISX_EVENT_LINE_MESSAGE, already confirmed; larger than 16384 bytes,
 * or more than 20 a second for long, are refused (413, 503) and counted.
 * @return as irisx_line_ping; IRISX_E_TOO_LARGE
 * @thread any @since 0.2
 */
IRISX_API irisx_error_t irisx_line_message(
    irisx_line_t *line, const irisx_line_message_options_t *options, irisx_op_t **op_out);

/** What can be subscribed to. */
typedef enum irisx_package {
    IRISX_PACKAGE_UNKNOWN = 0,
    /** busy lamps (RFC 4235): value {package, entity, version, dialogs: [{id, state: "trying", "proceeding", "early",
     * "confirmed" or "terminated", direction: "in" or "out", local, remote, remote_name, call_id, local_tag,
     * remote_tag}]}; a terminated one is told once. Changes are merged: the list is always whole. */
    IRISX_PACKAGE_DIALOG = 1,
    IRISX_PACKAGE_PRESENCE = 2, /**< RFC 3856: value {package, entity, open, note, activity} */
    /** voice mail (RFC 3842): value {package, entity, waiting, messages: {"voice-message": {new, old, urgent_new,
     * urgent_old}}} */
    IRISX_PACKAGE_MESSAGE_SUMMARY = 3
} irisx_package_t;
/** State of a subscription. */
typedef enum irisx_subscription_state {
    IRISX_SUBSCRIPTION_UNKNOWN = 0,
    IRISX_SUBSCRIPTION_PENDING = 1, /**< asked for, or to be asked for again (irisx_event_error: why) */
    IRISX_SUBSCRIPTION_ACTIVE = 2,
    IRISX_SUBSCRIPTION_ENDED = 3 /**< final: closed, or refused for good */
} irisx_subscription_state_t;
/** Options of a subscription. All texts are copied. */
typedef struct irisx_subscription_options {
    size_t struct_size; /**< Required: set by IRISX_SUBSCRIPTION_OPTIONS_INIT */
    irisx_package_t package; /**< Required */
    const char *to; /**< number, extension or sip: URI; NULL: the line itself */
    uint32_t expires_s; /**< between refreshes; 0 = 600 */
} irisx_subscription_options_t;
/** Initialiser with every default. */
#define IRISX_SUBSCRIPTION_OPTIONS_INIT      \
    {                                        \
        sizeof(irisx_subscription_options_t) \
    }
/** Same as IRISX_SUBSCRIPTION_OPTIONS_INIT, for languages without macros. */
IRISX_API void irisx_subscription_options_init(irisx_subscription_options_t *options, size_t size);
/**
 * Subscribes (RFC 6665) and stays subscribed: over lost connections and servers that forget, until it is closed, the
 * line is, or the server refuses for good. IRISX_EVENT_SUBSCRIPTION tells each change; the line may still be
 * connecting.
 * @param subscription_out the caller owns a reference: irisx_subscription_close, then irisx_subscription_unref
 * @return IRISX_OK, IRISX_E_INVALID, IRISX_E_CLOSED, IRISX_E_NO_MEMORY; with the event ENDED: IRISX_E_LIMIT (256),
 *         IRISX_E_STATE (the line is refused or closed), IRISX_E_FORBIDDEN, IRISX_E_NOT_FOUND ...
 * @thread any @since 0.2
 */
IRISX_API irisx_error_t irisx_line_subscribe(
    irisx_line_t *line, const irisx_subscription_options_t *options, irisx_subscription_t **subscription_out);
/** Unsubscribes; the event ENDED follows. @thread any */
IRISX_API irisx_error_t irisx_subscription_close(irisx_subscription_t *subscription);
/** As of the last event that was made. @thread any */
IRISX_API irisx_subscription_state_t irisx_subscription_state(const irisx_subscription_t *subscription);
/** What it is about. @thread any */
IRISX_API irisx_package_t irisx_subscription_package(const irisx_subscription_t *subscription);
/** Whose state, as given ("" the line's own). Borrowed from subscription. @thread any */
IRISX_API const char *irisx_subscription_to(const irisx_subscription_t *subscription);
/** Takes one more reference; gives subscription back. NULL allowed. @thread any */
IRISX_API irisx_subscription_t *irisx_subscription_ref(irisx_subscription_t *subscription);
/** Gives up one reference; NULL allowed. It goes on until irisx_subscription_close. @thread any */
IRISX_API void irisx_subscription_unref(irisx_subscription_t *subscription);

#ifdef __cplusplus
}
#endif
#endif
