/* SPDX-License-Identifier: MIT */
/**
 * @file reason.h
 * @brief Why a call ended: one list for SIP statuses, Q.850 causes and what happened here.
 */
#ifndef IRISX_REASON_H
#define IRISX_REASON_H

#include <stddef.h>
#include <stdint.h>

#include <irisx/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The one list: X(NAME, number, error, "name", "state", "sentence"). Numbers are never reused; new ones are appended.
 * error: the code of the call's end (IRISX_E_ and this word, or OK). state: what the platform calls such a call
 * (events call.completed, call.busy, call.no-answer, call.cancelled, call.failed).
 */
#define IRISX_REASON_MAP(X)                                                                                          \
    X(NONE, 0, OK, "none", "in-progress", "the call has not ended")                                                  \
    X(HANGUP, 1, OK, "hangup", "completed", "hung up here")                                                          \
    X(PEER_HANGUP, 2, OK, "peer_hangup", "completed", "the other side hung up")                                      \
    X(CANCELLED, 3, CANCELLED, "cancelled", "cancelled", "hung up before the answer")                                \
    X(PEER_CANCELLED, 4, CANCELLED, "peer_cancelled", "cancelled", "the caller hung up before the answer")           \
    X(ELSEWHERE, 5, CANCELLED, "elsewhere", "completed", "the call was answered on another device")                  \
    X(BUSY, 6, BUSY, "busy", "busy", "the called party is busy: try later")                                          \
    X(DECLINED, 7, DECLINED, "declined", "failed", "the called party declined the call")                             \
    X(REFUSED, 8, DECLINED, "refused", "failed", "declined here")                                                    \
    X(NO_ANSWER, 9, NO_ANSWER, "no_answer", "no-answer", "nobody answered")                                          \
    X(UNAVAILABLE, 10, UNREACHABLE, "unavailable", "failed", "the called party is not available now: try later")     \
    X(UNKNOWN_NUMBER, 11, NOT_FOUND, "unknown_number", "failed", "the number or extension does not exist: check it") \
    X(INCOMPLETE_NUMBER, 12, NOT_FOUND, "incomplete_number", "failed", "the number is incomplete: check it")         \
    X(NUMBER_CHANGED, 13, NOT_FOUND, "number_changed", "failed",                                                     \
        "the number is no longer in use: ask for the new one")                                                       \
    X(MOVED, 14, NOT_AVAILABLE, "moved", "failed", "the called party has moved: dial the new address")               \
    X(FORBIDDEN, 15, FORBIDDEN, "forbidden", "failed",                                                               \
        "the server does not allow this call for this user: check user, password and number")                        \
    X(AUTH, 16, AUTH, "auth", "failed", "the server refused the user or password: check both")                       \
    X(BLOCKED, 17, DECLINED, "blocked", "failed", "the called party does not take calls from this number")           \
    X(ANONYMOUS, 18, DECLINED, "anonymous", "failed", "the called party takes no anonymous calls: show the number")  \
    X(NO_ROUTE, 19, UNREACHABLE, "no_route", "failed", "no way leads to this number: check prefix and country code") \
    X(CONGESTION, 20, SERVER, "congestion", "failed", "all ways to the number are busy: try again in a minute")      \
    X(SERVER, 21, SERVER, "server", "failed", "the server failed: try again")                                        \
    X(MEDIA_REFUSED, 22, UNSUPPORTED, "media_refused", "failed",                                                     \
        "the other side does not take the offered media: check the codecs")                                          \
    X(UNSUPPORTED, 23, UNSUPPORTED, "unsupported", "failed", "the other side does not support what the call needs")  \
    X(PROTOCOL, 24, PROTOCOL, "protocol", "failed", "the server or the other side sent something that is not valid") \
    X(LOST_AT_SERVER, 25, CLOSED, "lost_at_server", "failed", "the call does not exist at the server any more")      \
    X(SESSION_EXPIRED, 26, TIMEOUT, "session_expired", "failed",                                                     \
        "the other side stopped confirming the call: it is probably gone")                                           \
    X(SERVER_SILENT, 27, TIMEOUT, "server_silent", "failed", "the server does not answer: check the connection")     \
    X(NETWORK, 28, NETWORK, "network", "failed", "the connection to the server was lost: try again")                 \
    X(NO_MEDIA, 29, MEDIA, "no_media", "failed", "no media path to the peer: is UDP blocked by a firewall?")         \
    X(MEDIA_LOST, 30, MEDIA, "media_lost", "failed", "the media path to the peer was lost: check the network")       \
    X(INSECURE, 31, FINGERPRINT, "insecure", "failed", "the other side could not prove who it is: do not trust it")  \
    X(DURATION, 32, OK, "duration", "completed", "the longest duration was reached")                                 \
    X(LIMIT, 33, LIMIT, "limit", "failed", "too many calls at once: end one, or raise the limit")                    \
    X(NO_MEMORY, 34, NO_MEMORY, "no_memory", "failed", "out of memory")                                              \
    X(CLIENT_CLOSED, 35, CLOSED, "client_closed", "completed", "the client was closed")                              \
    X(LINE_REFUSED, 36, AUTH, "line_refused", "failed", "the line was refused: check user and password")             \
    X(REPLACED, 37, OK, "replaced", "completed", "another call took its place")                                      \
    X(TRANSFERRED, 38, OK, "transferred", "completed", "transferred")                                                \
    X(FILE, 39, IO, "file", "failed", "a sound file cannot be read or written")                                      \
    X(LOCAL, 40, INTERNAL, "local", "failed", "something failed here: see the error")                                \
    X(REJECTED, 41, PROTOCOL, "rejected", "failed", "the server refused the call")

/** Why a call ended. Expect new values. */
typedef enum irisx_reason {
#define IRISX_X(name, number, error, word, state, sentence) IRISX_REASON_##name = (number),
    IRISX_REASON_MAP(IRISX_X)
#undef IRISX_X
} irisx_reason_t;

/** Its word ("no_answer"); "unknown" for one this build does not know. Static. @thread any */
IRISX_API const char *irisx_reason_name(irisx_reason_t reason);
/** A sentence that a user can act on. Static, never NULL. @thread any */
IRISX_API const char *irisx_reason_text(irisx_reason_t reason);
/** What the platform calls a call that ended so: "completed", "busy", "no-answer", "cancelled", "failed"; "in-progress"
 * for IRISX_REASON_NONE. Static. @thread any */
IRISX_API const char *irisx_reason_state(irisx_reason_t reason);
/**
 * What a final SIP status and a Q.850 cause (header Reason, RFC 3326) mean together; 0 for what is not known. The
 * status counts; the cause tells apart what one status is used for (480, 500, 503 ...) and counts where there is no
 * status. Both 0: IRISX_REASON_PEER_HANGUP. @thread any
 */
IRISX_API irisx_reason_t irisx_reason_from(int32_t sip_status, int32_t q850_cause);

#ifdef __cplusplus
}
#endif
#endif
