/* SPDX-License-Identifier: MIT */
/**
 * @file client.h
 * @brief The client: connection to one platform, its event queue, its operations, its threads.
 *
 * Every asynchronous function returns IRISX_OK for "accepted" and gives an op; the op ends exactly once, in an event
 * that carries the whole error. A synchronous error means only "called wrongly" or "no room".
 */
#ifndef IRISX_CLIENT_H
#define IRISX_CLIENT_H

#include <irisx/error.h>
#include <irisx/log.h>
#include <irisx/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A client: shared, by reference. */
typedef struct irisx_client irisx_client_t;
/** Something asked for that ends exactly once: shared, by reference. */
typedef struct irisx_op irisx_op_t;
/** What happened: immutable, shared, by reference. Its getters are in irisx/event.h. */
typedef struct irisx_event irisx_event_t;
/** An account at a SIP-over-WebSocket server: shared, by reference. */
typedef struct irisx_line irisx_line_t;
/** A subscription to somebody's state: shared, by reference. Its functions are in irisx/line.h. */
typedef struct irisx_subscription irisx_subscription_t;
/** A call: shared, by reference. Its functions are in irisx/call.h. */
typedef struct irisx_call irisx_call_t;

/**
 * An event, on the client's dispatcher thread. `event` is borrowed for the length of the call. No lock is held; any
 * function but the blocking ones (irisx_client_close, irisx_op_wait, irisx_client_next_event) may be called.
 * Not called after irisx_client_close has returned.
 */
typedef void (*irisx_event_fn)(irisx_client_t *client, const irisx_event_t *event, void *user_data);

/** Whether media may go through tunnels (interfaces that are point to point, or named tun, tap, wg, ppp, utun, ipsec).
 */
typedef enum irisx_vpn_rule {
    IRISX_VPN_AS_OTHERS = 0,
    IRISX_VPN_AVOID = 1, /**< only if nothing else is up */
    IRISX_VPN_ONLY = 2, /**< nothing else, if one is up */
    IRISX_VPN_NEVER = 3
} irisx_vpn_rule_t;

/** Options of a client. Zero means default. All texts are copied. */
typedef struct irisx_client_options {
    size_t struct_size; /**< Required: set by IRISX_CLIENT_OPTIONS_INIT */
    const char *api_url; /**< base URL of the REST API ("http://127.0.0.1:8080"); NULL: no REST */
    const char *api_key; /**< sent as X-API-Key; NULL: log in instead, or no credentials */
    const char *ca_file; /**< PEM file of trusted authorities instead of the system's, for REST and WebSockets */
    const char *user_agent; /**< appended to ours; NULL: none */
    const char *stun_server; /**< "host:port"; NULL: those of the credentials, if any; "" none at all */
    const char *capture_file; /**< pcapng of all signalling and media, secrets redacted; NULL: none */
    int32_t capture_secrets; /**< 1: do not redact the capture (never do this with foreign credentials) */
    const char *timeline_dir; /**< directory for one JSON timeline a call; NULL: beside capture_file, if that is set */
    irisx_log_fn log; /**< NULL: no log */
    void *log_user_data;
    int32_t log_level; /**< irisx_log_level_t; 0 = IRISX_LOG_WARN */
    irisx_event_fn on_event; /**< NULL: pull with irisx_client_next_event */
    void *event_user_data;
    uint32_t event_queue_limit; /**< events kept for an application that does not pull; 0 = 1024 */
    uint32_t media_threads; /**< 0 = number of cores, at most 4 */
    uint32_t worker_threads; /**< threads that compute handshakes; 0 = 2 */
    uint32_t max_calls; /**< 0 = 128; more are refused with IRISX_E_LIMIT, incoming ones with 486 */
    int32_t zero_thread; /**< 1: no thread; irisx_client_next_event or irisx_client_run_once drives it */
    int32_t realtime; /**< 1: ask for real-time priority for media */
    uint32_t request_timeout_ms; /**< whole REST operation, all tries and waits; 0 = 30000 */
    const struct irisx_rest_options *rest; /**< manners towards the REST API (irisx/rest.h); NULL: all defaults. Copied
                                            */
    /**
     * STUN and TURN servers as JSON, in the shape of WebRTC's iceServers:
     * `[{"urls":["turn:t.example.com:3478?transport=udp","turns:t.example.com"],"username":"u","credential":"c"}]`.
     * NULL: those of the credentials (irisx_line_open without ws_url), if any; "[]": none. At most 6 TURN addresses.
     */
    const char *ice_servers;
    const char *interfaces; /**< which carry media: "wlan*,eth0" or "!docker*,!br-*"; NULL: all that are up */
    int32_t vpn; /**< irisx_vpn_rule_t; 0 = tunnels are as good as others */
    /**
     * Folder for what outlives the process: the instance id of the device (file `instance`, mode 0600, made when it is
     * not there). NULL: a new id for each client.
     */
    const char *state_dir;
    const char *ws_proxy; /**< proxy for lines, "http://[user:password@]host:port" (HTTP CONNECT); NULL: none */
} irisx_client_options_t;

/** Initialiser with every default. */
#define IRISX_CLIENT_OPTIONS_INIT      \
    {                                  \
        sizeof(irisx_client_options_t) \
    }

/** Same as IRISX_CLIENT_OPTIONS_INIT, for languages without macros. @param size sizeof(irisx_client_options_t) */
IRISX_API void irisx_client_options_init(irisx_client_options_t *options, size_t size);

/**
 * Makes a client and starts its threads (none with zero_thread).
 * @param options NULL for all defaults; copied
 * @param client_out the caller owns one reference: irisx_client_close, then irisx_client_unref
 * @return IRISX_OK, IRISX_E_INVALID (url, unknown option tail), IRISX_E_IO (capture file), IRISX_E_NO_MEMORY
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_client_new(const irisx_client_options_t *options, irisx_client_t **client_out);
/** Takes one more reference; gives client back. NULL allowed. @thread any */
IRISX_API irisx_client_t *irisx_client_ref(irisx_client_t *client);
/** Gives up one reference; NULL allowed. The last one without a close lets the client tear itself down. @thread any */
IRISX_API void irisx_client_unref(irisx_client_t *client);

/**
 * Ends everything in order: hangs calls up (BYE), removes registrations, ends every op with IRISX_E_CLOSED, joins the
 * threads. Afterwards every function on the client's objects gives IRISX_E_CLOSED.
 * @param timeout_ms how long peers may take to answer the farewell; 0 = 2000
 * @return IRISX_OK; IRISX_E_WOULD_DEADLOCK inside a callback; IRISX_E_TIMEOUT if a peer did not answer (closed all the
 * same)
 * @thread any, but not a callback; @blocks
 */
IRISX_API irisx_error_t irisx_client_close(irisx_client_t *client, uint32_t timeout_ms);

/**
 * The next event. In zero-thread mode a wait drives the client: what is due is done on the calling thread meanwhile,
 * with fewer system calls than a loop around irisx_client_fd.
 * @param timeout_ms 0: do not wait, nor drive; UINT32_MAX: for ever
 * @param event_out the caller owns a reference: irisx_event_unref
 * @return IRISX_OK, IRISX_E_AGAIN (none in time), IRISX_E_CLOSED (none will follow), IRISX_E_STATE (a callback is set),
 *         IRISX_E_WOULD_DEADLOCK (in a callback)
 * @thread any; in zero-thread mode, with a timeout, owner; @blocks
 */
IRISX_API irisx_error_t irisx_client_next_event(irisx_client_t *client, uint32_t timeout_ms, irisx_event_t **event_out);
/** Readable while an event waits; for poll(). Owned by the client; -1 where there are no descriptors. @thread any */
IRISX_API int irisx_client_event_fd(irisx_client_t *client);

/**
 * The network has changed: for applications that know before the library does (it watches the machine's addresses by
 * itself, so this is never needed, only sooner). Lines that wait try at once, open ones prove that they are alive, and
 * every call looks for a new path (ICE restart) while media goes on over the old one.
 * @return IRISX_OK, IRISX_E_INVALID (NULL), IRISX_E_CLOSED, IRISX_E_NO_MEMORY
 * @thread any @since 0.2
 */
IRISX_API irisx_error_t irisx_client_network_changed(irisx_client_t *client);

/* Zero-thread mode: one descriptor, one timeout, one function. */

/** Descriptor to poll for reading; -1 unless zero_thread. Owned by the client. @thread owner */
IRISX_API int irisx_client_fd(irisx_client_t *client);
/** How long poll() may wait, in ms; -1 = no limit. Ask again before every wait. @thread owner */
IRISX_API int irisx_client_timeout_ms(irisx_client_t *client);
/** Does what is due, without waiting. @return IRISX_OK, IRISX_E_STATE unless zero_thread, IRISX_E_CLOSED @thread owner
 */
IRISX_API irisx_error_t irisx_client_run_once(irisx_client_t *client);

/**
 * POST /v1/auth/login; later REST requests carry the token, which is refreshed when it expires.
 * The op ends with IRISX_E_AUTH (reason "requires_2fa") where a second factor is wanted.
 * @param password wiped from memory once sent
 * @thread any
 */
IRISX_API irisx_error_t irisx_client_login(
    irisx_client_t *client, const char *email, const char *password, irisx_op_t **op_out);
/** Uses a token obtained elsewhere (a profile file); refresh_token may be NULL. Copied. @thread any */
IRISX_API irisx_error_t irisx_client_set_tokens(
    irisx_client_t *client, const char *access_token, const char *refresh_token);

/* ---- ops --------------------------------------------------------------------------------- */

/** Takes one more reference; gives op back. NULL allowed. @thread any */
IRISX_API irisx_op_t *irisx_op_ref(irisx_op_t *op);
/** NULL allowed; the op goes on and still ends in its event. @thread any */
IRISX_API void irisx_op_unref(irisx_op_t *op);
/** Number of the op, unique in its client, as in irisx_event_op_id. @thread any */
IRISX_API uint64_t irisx_op_id(const irisx_op_t *op);
/**
 * Waits for the end.
 * @param timeout_ms 0: only look; UINT32_MAX: for ever
 * @return the op's own result; IRISX_E_AGAIN if it has not ended in time; IRISX_E_WOULD_DEADLOCK in a callback. In
 *         zero-thread mode it runs the client meanwhile.
 * @thread any; @blocks
 */
IRISX_API irisx_error_t irisx_op_wait(irisx_op_t *op, uint32_t timeout_ms);
/**
 * Asks for an early end; the op then ends with IRISX_E_CANCELLED, or as it would have if it was too late.
 * @return IRISX_OK (also when it has ended), IRISX_E_UNSUPPORTED (it cannot be), IRISX_E_NO_MEMORY (it goes on: try
 *         again)
 * @thread any
 */
IRISX_API irisx_error_t irisx_op_cancel(irisx_op_t *op);
/** 1 once ended. @thread any */
IRISX_API int32_t irisx_op_done(const irisx_op_t *op);
/** The failure of an ended op; code IRISX_OK if it went well; NULL while it runs. Borrowed from op. @thread any */
IRISX_API const irisx_error_info_t *irisx_op_error(const irisx_op_t *op);
/** Whole JSON answer of a REST op; NULL if there is none. Borrowed from op. @thread any */
IRISX_API const irisx_value_t *irisx_op_value(const irisx_op_t *op);

/* ---- lines: an account at a SIP-over-WebSocket server ------------------------------------ */

/** Whether incoming calls are answered by themselves. */
typedef enum irisx_auto_answer {
    IRISX_AUTO_ANSWER_NEVER = 0,
    IRISX_AUTO_ANSWER_ASKED = 1, /**< if the caller asks for it: Answer-Mode, Priv-Answer-Mode (RFC 5373), Call-Info or
                                    Alert-Info with answer-after or info=alert-autoanswer */
    IRISX_AUTO_ANSWER_ALWAYS = 2
} irisx_auto_answer_t;

/** Options of a line. All texts are copied. */
typedef struct irisx_line_options {
    size_t struct_size; /**< Required: set by IRISX_LINE_OPTIONS_INIT */
    const char *ws_url; /**< Required: "wss://host:7443/ws" */
    const char *user; /**< Required: user part of the address ("1000") */
    const char *realm; /**< domain of the address; NULL: host of ws_url */
    const char *password; /**< Required where the server asks for it; kept in memory while the line lives, wiped then */
    const char *auth_user; /**< NULL: user */
    const char *display_name; /**< NULL: none */
    uint32_t expires_s; /**< asked for; 0 = 300 */
    const char *ca_file; /**< NULL: the client's */
    int32_t no_register; /**< 1: connect only, do not register (calls out need no registration at some servers) */
    irisx_auto_answer_t auto_answer; /**< kiosks, intercoms, headsets */
    uint32_t auto_answer_ms; /**< IRISX_AUTO_ANSWER_ALWAYS: so long after it begins to ring */
    uint32_t max_calls; /**< calls at once on this line, call waiting included; one more is refused with 486; 0 = as
                           many as the client takes */
    uint32_t ring_limit_ms; /**< an incoming call that nobody answers is refused with 480 after; 0 = 180000 */
    /**
     * Further servers for the same account, best first after ws_url, with commas between; at most 7. One that cannot be
     * reached or does not register is followed by the next at once; from a lesser one the line goes back to ws_url when
     * that is there again and no call is up. NULL: none.
     */
    const char *servers;
    const char *instance; /**< "urn:uuid:..." of this device (RFC 5626), the same for ever; NULL: the client's */
} irisx_line_options_t;
/** Initialiser with every default. */
#define IRISX_LINE_OPTIONS_INIT      \
    {                                \
        sizeof(irisx_line_options_t) \
    }
/** Same as IRISX_LINE_OPTIONS_INIT, for languages without macros. @param size sizeof(irisx_line_options_t) */
IRISX_API void irisx_line_options_init(irisx_line_options_t *options, size_t size);

/** State of a line, in IRISX_EVENT_LINE_STATE. */
typedef enum irisx_line_state {
    IRISX_LINE_UNKNOWN = 0,
    IRISX_LINE_CONNECTING = 1, /**< WebSocket under way, or waiting for the next try */
    IRISX_LINE_REGISTERING = 2,
    IRISX_LINE_READY = 3, /**< registered (or connected, with no_register) */
    IRISX_LINE_FAILED = 4, /**< refused for good (wrong password, certificate): does not try again by itself */
    IRISX_LINE_CLOSED = 5
} irisx_line_state_t;

/**
 * Connects and registers; the op ends when the line is ready or refused. Lost connections are made again (back-off
 * 300 ms doubling to 7 s, full jitter) and the line re-registers; events tell.
 * @param line_out the caller owns a reference: irisx_line_close, then irisx_line_unref
 * @thread any
 */
IRISX_API irisx_error_t irisx_line_open(
    irisx_client_t *client, const irisx_line_options_t *options, irisx_line_t **line_out, irisx_op_t **op_out);
/**
 * The same with what the platform provisions: GET /v1/webrtc/credentials, its extension, password, URL and STUN
 * servers.
 * @param extension NULL: the first one
 */
IRISX_API irisx_error_t irisx_line_open_provisioned(
    irisx_client_t *client, const char *extension, irisx_line_t **line_out, irisx_op_t **op_out);
/** Takes one more reference; gives line back. NULL allowed. @thread any */
IRISX_API irisx_line_t *irisx_line_ref(irisx_line_t *line);
/** Gives up one reference; NULL allowed. The line stays registered until irisx_line_close or the client's end. @thread
 * any */
IRISX_API void irisx_line_unref(irisx_line_t *line);
/** Unregisters and disconnects; calls of the line are hung up. op_out may be NULL. @thread any */
IRISX_API irisx_error_t irisx_line_close(irisx_line_t *line, irisx_op_t **op_out);
/** State as of the last event that was made; IRISX_LINE_CLOSED once the client is closed. @thread any */
IRISX_API irisx_line_state_t irisx_line_state(const irisx_line_t *line);
/** Address of the line ("sip:1000@host"). Borrowed from line. */
IRISX_API const char *irisx_line_address(const irisx_line_t *line);

#ifdef __cplusplus
}
#endif
#endif
