/* SPDX-License-Identifier: MIT */
/**
 * @file event.h
 * @brief Events: one queue a client. Opaque, with typed getters, so that a new kind breaks nothing.
 *
 * The final event of an op is never dropped, neither are states; statistics are latest-wins for each call; when the
 * application does not pull and the queue is full, one IRISX_EVENT_LOST tells how many were left out.
 */
#ifndef IRISX_EVENT_H
#define IRISX_EVENT_H

#include <irisx/call.h>
#include <irisx/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What an event tells. Expect new values. */
typedef enum irisx_event_kind {
    IRISX_EVENT_UNKNOWN = 0,
    IRISX_EVENT_OP_DONE = 1, /**< an op ended: irisx_event_op_id, irisx_event_op, irisx_event_error */
    IRISX_EVENT_LINE_STATE = 2, /**< irisx_event_line, irisx_event_state (irisx_line_state_t), irisx_event_error */
    IRISX_EVENT_CALL_INCOMING = 3, /**< irisx_event_call rings here */
    IRISX_EVENT_CALL_STATE = 4, /**< irisx_event_call, irisx_event_state (irisx_call_state_t), its error at the end */
    IRISX_EVENT_CALL_DIGIT = 5, /**< irisx_event_text is the digit */
    IRISX_EVENT_CALL_STATS = 6, /**< once a second: ask irisx_call_stats */
    IRISX_EVENT_CALL_FILE = 7, /**< irisx_event_text is "play_ended", "play_failed" or "record_failed" */
    IRISX_EVENT_WEBHOOK = 8, /**< verified and stored: irisx_event_text is its event name, irisx_event_value its body */
    IRISX_EVENT_WEBHOOK_REJECTED = 9, /**< irisx_event_error: why; IRISX_E_DUPLICATE was acknowledged all the same */
    IRISX_EVENT_LOST = 10, /**< irisx_event_state: how many events were left out */
    IRISX_EVENT_CLIENT_CLOSED = 11, /**< the last one */
    IRISX_EVENT_WARNING = 12, /**< irisx_event_error: capture file full, real-time priority refused ... */
    IRISX_EVENT_CALL_HOLD = 13, /**< irisx_event_state is irisx_hold_t; irisx_event_error if ours was refused */
    IRISX_EVENT_CALL_TRANSFER = 14, /**< irisx_event_state is irisx_transfer_state_t; irisx_event_error if it failed */
    IRISX_EVENT_CALL_EARLY_MEDIA = 20, /**< sound of the other side before the answer is heard from now on */
    IRISX_EVENT_CALL_DISPLAY = 21, /**< who the other side is has changed: irisx_call_peer, irisx_call_peer_name */
    IRISX_EVENT_CALL_MESSAGE = 22, /**< MESSAGE within the call: irisx_event_value {content_type, body} */
    IRISX_EVENT_CALL_INFO = 23, /**< INFO within the call, but digits and display: irisx_event_value as above */
    IRISX_EVENT_CALL_GAP = 24, /**< sound of the other side is there again: irisx_event_state is how long it was away,
                                  ms; irisx_event_text why: "signalling", "path", "peer" */
    IRISX_EVENT_CALL_SIGNALLING = 25, /**< irisx_event_state is irisx_signalling_t */
    IRISX_EVENT_CALL_REPLACED = 26, /**< irisx_event_call takes the place of the call whose number irisx_event_text is
                                       (RFC 3891); it is answered by itself */
    IRISX_EVENT_CALL_MOVED = 27, /**< the called one is elsewhere (3xx), and dialled there: irisx_event_text */
    IRISX_EVENT_LINE_MESSAGE = 40, /**< a text for irisx_event_line: irisx_event_value {from, name, to, content_type,
                                      body, or base64 for what is no UTF-8} */
    IRISX_EVENT_SUBSCRIPTION = 41, /**< irisx_event_subscription, irisx_event_state (irisx_subscription_state_t),
                                      irisx_event_value: what is known now, see irisx/line.h; NULL: only the state */
    IRISX_EVENT_LINE_NOTICE = 42 /**< a state that the server tells unasked: irisx_event_line, irisx_event_value */
} irisx_event_kind_t;

/** Takes one more reference; gives event back. NULL allowed. @thread any */
IRISX_API irisx_event_t *irisx_event_ref(irisx_event_t *event);
/** Gives up one reference; NULL allowed. @thread any */
IRISX_API void irisx_event_unref(irisx_event_t *event);
/** What the event tells; IRISX_EVENT_UNKNOWN for NULL. @thread any */
IRISX_API irisx_event_kind_t irisx_event_kind(const irisx_event_t *event);
/** Unix milliseconds when it happened. */
IRISX_API int64_t irisx_event_time_ms(const irisx_event_t *event);
/** Number of the op this event ends; 0 if it is about none. */
IRISX_API uint64_t irisx_event_op_id(const irisx_event_t *event);
/** The op it ends. Borrowed from the event (take a ref to keep); NULL if it is about none. @thread any */
IRISX_API irisx_op_t *irisx_event_op(const irisx_event_t *event);
/** The line it is about. Borrowed from the event (take a ref to keep); NULL if it is about none. @thread any */
IRISX_API irisx_line_t *irisx_event_line(const irisx_event_t *event);
/** The call it is about. Borrowed from the event (take a ref to keep); NULL if it is about none. @thread any */
IRISX_API irisx_call_t *irisx_event_call(const irisx_event_t *event);
/** The subscription it is about. Borrowed from the event (take a ref to keep); NULL if it is about none. @thread any */
IRISX_API irisx_subscription_t *irisx_event_subscription(const irisx_event_t *event);
/** State or count, as the kind says. */
IRISX_API int32_t irisx_event_state(const irisx_event_t *event);
/** Never NULL; "" if the kind has none. */
IRISX_API const char *irisx_event_text(const irisx_event_t *event);
/** NULL if the kind has none. */
IRISX_API const irisx_value_t *irisx_event_value(const irisx_event_t *event);
/** Never NULL; code IRISX_OK if nothing failed. */
IRISX_API const irisx_error_info_t *irisx_event_error(const irisx_event_t *event);
/** One line for people ("call 3: ended, the called party is busy (486)"). Borrowed from event. */
IRISX_API const char *irisx_event_describe(const irisx_event_t *event);

#ifdef __cplusplus
}
#endif
#endif
