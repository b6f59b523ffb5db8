/* SPDX-License-Identifier: MIT */
/**
 * @file call.h
 * @brief Calls: place, take, hang up, digits, sound, statistics.
 */
#ifndef IRISX_CALL_H
#define IRISX_CALL_H

#include <irisx/client.h>
#include <irisx/reason.h>

#ifdef __cplusplus
extern "C" {
#endif

/** State of a call, in IRISX_EVENT_CALL_STATE. */
typedef enum irisx_call_state {
    IRISX_CALL_UNKNOWN = 0,
    IRISX_CALL_DIALING = 1, /**< INVITE sent */
    IRISX_CALL_RINGING = 2, /**< outgoing: 180 or 183; incoming: waits for irisx_call_answer */
    IRISX_CALL_ANSWERED = 3, /**< 200 OK; media is being connected */
    IRISX_CALL_ACTIVE = 4, /**< sound goes both ways */
    IRISX_CALL_ENDED = 5 /**< final; irisx_event_error tells why (IRISX_OK: hung up normally) */
} irisx_call_state_t;

/** How digits are sent. */
typedef enum irisx_digits {
    IRISX_DIGITS_RTP = 0, /**< telephone-event (RFC 4733), what every gateway understands */
    IRISX_DIGITS_RELAY = 1, /**< INFO application/dtmf-relay; FreeSWITCH answers 200 and drops it */
    IRISX_DIGITS_INFO = 2 /**< INFO application/dtmf */
} irisx_digits_t;

/** Options of a call, both for dialling and for answering. All texts are copied. */
typedef struct irisx_call_options {
    size_t struct_size; /**< Required: set by IRISX_CALL_OPTIONS_INIT */
    const char *to; /**< dialling: Required: number, extension, or sip: URI; answering: ignored */
    const char *play_file; /**< WAV that is sent (8..48 kHz, mono or stereo); NULL: silence or irisx_audio_write */
    int32_t play_loop; /**< 1: from the start again at its end */
    const char *record_file; /**< WAV of what is heard; NULL: none */
    int32_t record_stereo; /**< 1: left near, right far */
    uint32_t record_rate_hz; /**< 0 = 16000 */
    uint32_t ring_timeout_ms; /**< dialling: give up after; 0 = 60000 */
    uint32_t max_duration_ms; /**< hang up after; 0 = none */
    const char *codecs; /**< comma-separated, preferred first: "opus,PCMU,PCMA"; NULL: these */
    uint32_t audio_rate_hz; /**< rate of irisx_audio_read and _write; 0 = 16000 */
    int32_t app_audio; /**< 1: irisx_audio_read and _write are used */
    const char *header_name; /**< one extra header on the INVITE ("X-Order"), NULL none */
    const char *header_value;
    const char *headers; /**< more of them: lines "Name: value", separated by newlines; NULL none */
    const char *caller_name; /**< dialling: name shown to the other side; NULL: the line's */
    int32_t anonymous; /**< dialling: 1: number and name are not shown (Privacy: id, RFC 3323, 3325) */
    const char *replaces; /**< dialling: takes the place of that dialog: "call-id;to-tag=a;from-tag=b", with
                             ";early-only" to pick up what rings (RFC 3891); NULL none */
    int32_t session_expires_s; /**< the call is confirmed to be alive at least so often (RFC 4028); 90 to 86400, 0 =
                                  1800, -1: not asked for */
    int32_t reliable; /**< provisional responses with acknowledgement (RFC 3262): 0 or -1, none; 1 is refused with
                         IRISX_E_UNSUPPORTED by this version */
    irisx_digits_t digits; /**< how irisx_call_send_digits sends */
    int32_t follow_redirects; /**< dialling: so many times a 3xx is followed to its first address, 0 to 10 */
    uint32_t frame_ms; /**< sound of a packet sent: 10, 20, 40, 60; 0 = 20 */
    uint32_t opus_bitrate; /**< bit/s, 6000 to 128000, at most what the peer takes; 0 = 24000 */
    uint32_t opus_bandwidth_hz; /**< of the sound sent, at most: 4000, 6000, 8000; 0 = 8000 */
    int32_t opus_complexity; /**< 1 to 10; -1 = 0, the least work; 0 = 5 */
    int32_t opus_cbr; /**< 1: packets of one size */
    uint32_t delay_min_ms, delay_max_ms; /**< bounds of the jitter buffer; 0 = 10 and 500 (the most it can) */
    uint32_t delay_target_ms; /**< its delay, fixed; 0: follows the network */
} irisx_call_options_t;
/** Initialiser with every default. */
#define IRISX_CALL_OPTIONS_INIT      \
    {                                \
        sizeof(irisx_call_options_t) \
    }
/** Same as IRISX_CALL_OPTIONS_INIT, for languages without macros. @param size sizeof(irisx_call_options_t) */
IRISX_API void irisx_call_options_init(irisx_call_options_t *options, size_t size);

/**
 * Dials. The op ends when the call is ACTIVE (sound goes both ways) or has failed; the call has its own final event.
 * @param call_out the caller owns a reference; may be NULL (then the call ends with the client or the peer)
 * @return IRISX_OK; IRISX_E_INVALID (no target, bad option), IRISX_E_LIMIT (max_calls), IRISX_E_CLOSED
 * @thread any
 */
IRISX_API irisx_error_t irisx_call_dial(
    irisx_line_t *line, const irisx_call_options_t *options, irisx_call_t **call_out, irisx_op_t **op_out);
/** Answers an incoming call; the op ends when it is ACTIVE or failed. options may be NULL. @thread any */
IRISX_API irisx_error_t irisx_call_answer(irisx_call_t *call, const irisx_call_options_t *options, irisx_op_t **op_out);
/** Refuses an incoming call. @param sip_status 486 busy, 603 declined, 480 unavailable; 0 = 603 @thread any */
IRISX_API irisx_error_t irisx_call_reject(irisx_call_t *call, int32_t sip_status);
/** Hangs up (CANCEL, BYE or refusal, as the state wants); op_out may be NULL. @thread any */
IRISX_API irisx_error_t irisx_call_hangup(irisx_call_t *call, irisx_op_t **op_out);
/** Sends digits 0-9 * # A-D, 160 ms each with 80 ms between (options.digits says how); the op ends when all are sent.
 * Received ones are IRISX_EVENT_CALL_DIGIT, whichever way they came. @thread any */
IRISX_API irisx_error_t irisx_call_send_digits(irisx_call_t *call, const char *digits, irisx_op_t **op_out);
/** Mutes or unmutes what this side sends. @thread any */
IRISX_API irisx_error_t irisx_call_set_mute(irisx_call_t *call, int32_t on);

/** Who holds a call; a set of bits. */
typedef enum irisx_hold {
    IRISX_HOLD_NONE = 0,
    IRISX_HOLD_LOCAL = 1, /**< we do: nothing is sent, nothing heard */
    IRISX_HOLD_REMOTE = 2, /**< the other side does */
    IRISX_HOLD_BOTH = 3
} irisx_hold_t;
/**
 * Holds or resumes an answered call (re-INVITE, RFC 3264 section 8.4). The op ends when the other side has agreed or
 * refused; IRISX_EVENT_CALL_HOLD tells every change, theirs too. During an outage it waits for the connection.
 * @param on 1 hold, 0 resume @param op_out may be NULL
 * @return IRISX_OK; IRISX_E_INVALID, IRISX_E_CLOSED. The op: IRISX_E_STATE before the answer
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_call_hold(irisx_call_t *call, int32_t on, irisx_op_t **op_out);
/** Who holds the call as of the last IRISX_EVENT_CALL_HOLD. @thread any */
IRISX_API irisx_hold_t irisx_call_held(const irisx_call_t *call);
/** Holds `from` and resumes `to`, calls of one client; the op is that of `to`. op_out may be NULL. @thread any */
IRISX_API irisx_error_t irisx_call_swap(irisx_call_t *from, irisx_call_t *to, irisx_op_t **op_out);

/** What is known of a transfer, in IRISX_EVENT_CALL_TRANSFER. */
typedef enum irisx_transfer_state {
    IRISX_TRANSFER_UNKNOWN = 0,
    IRISX_TRANSFER_ACCEPTED = 1, /**< the server will try; FreeSWITCH says so whatever becomes of the target */
    IRISX_TRANSFER_PROGRESS = 2, /**< the target rings */
    IRISX_TRANSFER_CONFIRMED =
        3, /**< final: the target has answered (notified after progress), or took the consultation call */
    IRISX_TRANSFER_FAILED = 4 /**< final: irisx_event_error tells why; the call goes on */
} irisx_transfer_state_t;
/**
 * Transfers the other side of an answered call (REFER, RFC 3515), blind. The op ends when that is accepted or refused:
 * what becomes of the target is told by IRISX_EVENT_CALL_TRANSFER, if the server lets us know. The call is not hung up
 * here; most servers do that.
 * @param target number, extension or sip: URI @param op_out may be NULL
 * @return IRISX_OK; IRISX_E_INVALID, IRISX_E_CLOSED. The op: IRISX_E_STATE, or as the server refused
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_call_transfer(irisx_call_t *call, const char *target, irisx_op_t **op_out);
/** The same, attended: the other sides of two answered calls of one client are joined (Replaces, RFC 3891). @thread any
 */
IRISX_API irisx_error_t irisx_call_transfer_to(irisx_call_t *call, irisx_call_t *other, irisx_op_t **op_out);
/** Sends an incoming call that rings elsewhere (302). @param target number, extension or sip: URI @thread any */
IRISX_API irisx_error_t irisx_call_redirect(irisx_call_t *call, const char *target);

/* ---- more of what is said within a call --------------------------------------------------- */

/**
 * Sends a text to the other side within the call (MESSAGE, RFC 3428). The op ends with the answer.
 * @param content_type NULL: "text/plain" @param body at most 32768 bytes @param op_out may be NULL
 * @return IRISX_OK; IRISX_E_INVALID, IRISX_E_TOO_LARGE, IRISX_E_CLOSED. The op: IRISX_E_STATE before the answer, or as
 * the other side refused
 * @thread any @since 0.2
 */
IRISX_API irisx_error_t irisx_call_send_message(
    irisx_call_t *call, const char *content_type, const void *body, size_t len, irisx_op_t **op_out);
/** The same with INFO (RFC 6086). @param content_type Required @thread any @since 0.2 */
IRISX_API irisx_error_t irisx_call_send_info(
    irisx_call_t *call, const char *content_type, const void *body, size_t len, irisx_op_t **op_out);
/**
 * A header of what the other side sent: of the INVITE for an incoming call, else of the 2xx that answered, or the
 * first 18x until then. Borrowed from call; NULL if there is none of that name. @thread any @since 0.2
 */
IRISX_API const char *irisx_call_header(const irisx_call_t *call, const char *name);
/** Who the network says the other side is (P-Asserted-Identity, RFC 3325); "" if it does not. Borrowed from call. */
IRISX_API const char *irisx_call_asserted(const irisx_call_t *call);
/** 1 if the other side does not want to be known (Privacy, or From anonymous). @thread any */
IRISX_API int32_t irisx_call_anonymous(const irisx_call_t *call);
/** Incoming: the number of a call of ours whose conversation the caller wants to join (Join, RFC 3911); 0 none. The
 * application may answer, and mix the two, or reject. @thread any */
IRISX_API uint64_t irisx_call_joins(const irisx_call_t *call);
/** Why it ended; IRISX_REASON_NONE while it has not. @thread any @since 0.2 */
IRISX_API irisx_reason_t irisx_call_reason(const irisx_call_t *call);

/** What is known of a call's signalling, in IRISX_EVENT_CALL_SIGNALLING. Its sound goes on whatever this says. */
typedef enum irisx_signalling {
    IRISX_SIGNALLING_UNKNOWN = 0,
    IRISX_SIGNALLING_LOST = 1, /**< the connection to the server is gone; it is made again */
    IRISX_SIGNALLING_BACK = 2, /**< registered again, and the server knows the call */
    IRISX_SIGNALLING_REPLACED = 3 /**< the server had forgotten the call: a new dialog has taken its place */
} irisx_signalling_t;

/* ---- calls that outlive the process ------------------------------------------------------- */

/**
 * What a later process needs to go on with an answered call: addresses, dialog identifiers, sequence numbers, routes,
 * expiry. No key, password or media counter is in it; it lets whoever has it take the call over as long as he can
 * register the line, so keep it as a secret (mode 0600). Valid until the call's dialog changes: save again after
 * IRISX_EVENT_CALL_HOLD, IRISX_EVENT_CALL_SIGNALLING and once a minute.
 * @param data_out the caller frees it with irisx_text_free; it may hold NUL bytes
 * @return IRISX_OK; IRISX_E_STATE (not answered, or ended), IRISX_E_INVALID, IRISX_E_CLOSED, IRISX_E_NO_MEMORY
 * @thread any @since 0.2
 */
IRISX_API irisx_error_t irisx_call_save(irisx_call_t *call, char **data_out, size_t *len_out);
/**
 * Goes on with a call that irisx_call_save saved, on a line of the same account: a re-INVITE with new ICE and new keys;
 * where the server has forgotten the dialog a new call that replaces it. Waits for the line to be ready. The op ends
 * when sound goes both ways again or the call has ended.
 * @param options as of dialling, `to` ignored; NULL: defaults
 * @return IRISX_OK; IRISX_E_FORMAT (not such data, or damaged), IRISX_E_UNSUPPORTED (of a newer library),
 *         IRISX_E_EXPIRED (its session has run out), IRISX_E_INVALID (of another account), IRISX_E_CLOSED
 * @thread any @since 0.2
 */
IRISX_API irisx_error_t irisx_client_resume(irisx_line_t *line, const void *data, size_t len,
    const irisx_call_options_t *options, irisx_call_t **call_out, irisx_op_t **op_out);

/* ---- limits -------------------------------------------------------------------------------- */

/** What a client's calls met so far; counters since its start. */
typedef struct irisx_call_counts {
    size_t struct_size; /**< Required: sizeof(irisx_call_counts_t) */
    uint32_t calls, ringing; /**< now: all, and those not answered yet */
    uint64_t dialled, incoming; /**< ever */
    uint64_t refused_busy; /**< incoming ones over a limit: 486 */
    uint64_t refused_overload; /**< requests over a limit of the stack: 503 */
    uint64_t refused_local; /**< dialling over a limit: IRISX_E_LIMIT */
    uint64_t replaced, resumed; /**< dialogs made anew after the server had lost them; calls taken over */
    uint64_t gaps; /**< IRISX_EVENT_CALL_GAP so far */
    uint64_t gap_ms; /**< their sum */
    /* outside of calls (irisx/line.h) */
    uint64_t refused_requests; /**< of others: too many at once (503), too large (413), packed (415) ... */
    uint64_t refused_subscriptions; /**< ours: more than 256 */
    uint64_t refused_notifies; /**< states that cannot be read, or that nobody asked for */
} irisx_call_counts_t;
/** @param counts_out struct_size set by the caller @return IRISX_OK, IRISX_E_INVALID @thread any @since 0.2 */
IRISX_API irisx_error_t irisx_client_call_counts(irisx_client_t *client, irisx_call_counts_t *counts_out);

/** Takes one more reference; gives call back. NULL allowed. @thread any */
IRISX_API irisx_call_t *irisx_call_ref(irisx_call_t *call);
/** Gives up one reference; NULL allowed. The call goes on: irisx_call_hangup ends it. @thread any */
IRISX_API void irisx_call_unref(irisx_call_t *call);
/** Number of the call, unique in its client. @thread any */
IRISX_API uint64_t irisx_call_id(const irisx_call_t *call);
/** State as of the last event that was made. @thread any */
IRISX_API irisx_call_state_t irisx_call_state(const irisx_call_t *call);
/** 1 if the peer called us. */
IRISX_API int32_t irisx_call_incoming(const irisx_call_t *call);
/** Peer's address ("sip:+12025550123@host"). Borrowed from call. */
IRISX_API const char *irisx_call_peer(const irisx_call_t *call);
/** Name the peer gave; "" if none. Borrowed from call. */
IRISX_API const char *irisx_call_peer_name(const irisx_call_t *call);

/** Figures of a call, as of the last second or its end. */
typedef struct irisx_call_stats {
    size_t struct_size; /**< Required: sizeof(irisx_call_stats_t) */
    double setup_ms; /**< dial (or answer) to first decoded audio; 0 = not yet */
    double signalling_ms; /**< dial to 200 OK, or to the 183 whose description media was set up from */
    double ice_ms; /**< remote description known to first valid pair */
    double dtls_ms; /**< first valid pair to keys */
    double first_audio_ms; /**< keys to first decoded audio */
    uint64_t packets_sent, packets_received, packets_lost, packets_discarded;
    double jitter_ms; /**< RFC 3550 section 6.4.1 */
    double round_trip_ms; /**< RTCP, or the ICE check's until a report came; 0 = unknown */
    double loss_percent;
    double buffer_delay_ms;
    uint64_t concealed_ms; /**< sound made up for what was missing */
    double mos; /**< E-model, 1..4.5; 0 = unknown */
    double level_in, level_out; /**< RMS 0..1 */
    double duration_ms; /**< answered to now or end */
    char codec[16]; /**< "opus", "PCMU", "PCMA" */
    int32_t sip_status; /**< last final status, 0 none */
    int32_t q850_cause; /**< from Reason, 0 none */
    uint64_t silent_concealed_ms; /**< of concealed_ms: not to be heard, comfort noise included. */
    uint64_t restored_ms; /**< sound from redundancy (in-band FEC, RFC 2198 is not counted). */
    uint64_t inserted_ms, removed_ms; /**< sound put in and cut out by time stretching. */
    uint64_t ticks_late; /**< of 20 ms each, run more than 5 ms late or left out: the machine was busy. */
    double tick_late_max_ms; /**< the worst of them. */
} irisx_call_stats_t;
/** @param stats_out struct_size set by the caller @thread any */
IRISX_API irisx_error_t irisx_call_stats(const irisx_call_t *call, irisx_call_stats_t *stats_out);
/** Timeline so far as JSON text; the caller frees it with irisx_text_free. @thread any */
IRISX_API irisx_error_t irisx_call_timeline(const irisx_call_t *call, char **json_out);

/* Application audio: 16-bit mono PCM at options.audio_rate_hz, rings of one second each way. */

/**
 * Takes up to `count` samples of what is heard; never waits.
 * @param count_out how many there were
 * @return IRISX_OK; IRISX_E_STATE unless app_audio was set; IRISX_E_CLOSED after the end, once drained
 * @thread any, one at a time
 */
IRISX_API irisx_error_t irisx_audio_read(irisx_call_t *call, int16_t *samples, size_t count, size_t *count_out);
/** Gives samples to send; what does not fit is refused and counted as overrun. @thread any, one at a time */
IRISX_API irisx_error_t irisx_audio_write(irisx_call_t *call, const int16_t *samples, size_t count, size_t *count_out);

/**
 * How alike two recordings of speech are: peak normalised cross-correlation at 16 kHz of each active 1 s window,
 * aligned within ±60 ms of one global delay, mean over the windows; a window that is missing counts 0.
 * @param sent_file WAV of what was said @param heard_file WAV of what came back
 * @param limit_ms only so much from the beginning of sent_file; 0 = all
 * @param score_out 0..1 @param delay_ms_out how far heard lags behind; may be NULL
 * @return IRISX_OK, IRISX_E_NOT_FOUND, IRISX_E_FORMAT, IRISX_E_INVALID (no speech in sent_file)
 * @thread any; @blocks (reads both files)
 */
IRISX_API irisx_error_t irisx_audio_similarity(
    const char *sent_file, const char *heard_file, uint32_t limit_ms, double *score_out, double *delay_ms_out);

#ifdef __cplusplus
}
#endif
#endif
