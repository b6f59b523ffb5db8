/* SPDX-License-Identifier: MIT */
/*
 * sandbox: the local platform (DESIGN section 5): the same protocol cores in the server role, on the same host shell.
 *
 *   main thread    options, signals, the ready line, the end
 *   call loop      SIP half: sip.c and its kin. Engine, registrar, calls, scenes.
 *   service loop   HTTP + WebSocket server, wires (WebSocket side), REST half: rest*.c, state*.c, webhooks.c. SQLite.
 *
 * The halves meet in this header only: what one calls of the other hops to the loop it belongs to.
 * docs/design/sandbox.md
 */
#ifndef IX_SANDBOX_H
#define IX_SANDBOX_H

#include "core/core.h"
#include "host/host.h"
#include "io/io.h"

/* ---- options (main.c) -------------------------------------------------------------------- */
struct sandbox_faults { /* --fault NAME[=VALUE], several allowed; 0 and false: none */
    uint64_t drop_ws_after_us; /* every SIP WebSocket is dropped that long after it was opened */
    bool no_answer; /* INVITEs are taken and never answered, not even with 100 */
    bool bad_fingerprint; /* our descriptions announce another certificate than the handshake shows */
    bool no_fingerprint; /* our descriptions announce none */
};
struct sandbox_options { /* texts borrowed from argv */
    struct ix_addr listen; /* port 0: a free one */
    bool allow_remote; /* listen on and send media from other addresses than loopback */
    bool webhooks_anywhere; /* deliver to other hosts than loopback */
    bool deployed; /* --as deployed: the platform's observed quirks instead of the intended shapes */
    bool has_seed;
    uint64_t seed; /* of credentials that are made now */
    const char *state_file; /* NULL: in memory */
    const char *tls_cert, *tls_key;
    uint32_t session_timer_ms; /* calls we place are refreshed that often; 0 = 63000, as the platform does */
    int log_level;
    bool exit_with_stdin;
    bool json; /* the ready line is JSON on a terminal too */
    bool sha256; /* offer SHA-256 digest before MD5 */
    bool echo_raw; /* the echo returns payloads undecoded, and tells how regularly they came */
    struct sandbox_faults faults;
};

/* ---- the platform ------------------------------------------------------------------------ */
#define SANDBOX_REALM "sandbox.irisx.test"
struct sandbox {
    struct sandbox_options options;
    struct ix_log log;
    struct ix_rng rng; /* the system's entropy; any thread */
    struct ix_host *host;
    struct ix_loop *call_loop, *service_loop;
    struct sandbox_state *state; /* service loop (main thread before and after it runs) */
    struct sandbox_rest *rest; /* service loop */
    struct sandbox_sip *sip; /* call loop */
    struct ix_server *server; /* service loop */
    struct ix_list wires; /* service loop */
    struct ix_addr local; /* where the server listens */
    char api_url[96], ws_url[96];
};
/* everything runs when it returns 0; *why: one line for people, static */
int sandbox_start(const struct sandbox_options *o, struct sandbox **out, const char **why);
/* main thread: hangs up, tells the peers, waits at most wait_ms. False: somebody did not answer in that time. */
bool sandbox_stop(struct sandbox *sb, uint32_t wait_ms);
void sandbox_free(struct sandbox *sb);
int sandbox_ready_line(struct sandbox *sb, struct ix_buf *json); /* main thread, once, right after sandbox_start */
/* runs fn(arg) on the loop's thread and waits for it; never from a loop's own thread */
int sandbox_run_on(struct ix_loop *loop, void (*fn)(void *arg), void *arg);

/* ---- state: one SQLite database (state.c) ------------------------------------------------ */
struct sandbox_agent {
    char extension[16];
    char password[33]; /* SIP digest */
    char name[64];
    int64_t tenant_id, user_id;
};
struct sandbox_owner { /* the user that is told at start */
    int64_t tenant_id, user_id;
    char email[96], password[33];
    char api_key[80]; /* irisx_live_ + 64 hex */
};
struct sqlite3;
struct sandbox_state;
/* Opens or makes it. A fresh one gets a tenant, a user admin@sandbox.test with an API key, agents 1000..1009 and a
 * number +12025550100, with secrets from rng. IRISX_E_IO, _DISK_FULL, _FORMAT (not a state file of ours) */
int sandbox_state_open(const char *file /* NULL: memory */, const struct ix_rng *rng, const struct ix_log *log,
    struct sandbox_state **out);
void sandbox_state_close(struct sandbox_state *s);
struct sqlite3 *sandbox_state_db(struct sandbox_state *s);
int sandbox_state_owner(struct sandbox_state *s, struct sandbox_owner *out);
int sandbox_state_agents(
    struct sandbox_state *s, int (*fn)(void *ctx, const struct sandbox_agent *a), void *ctx); /* by extension */

/* ---- what the REST half provides (service loop) ------------------------------------------ */
struct sandbox_rest;
int sandbox_rest_new(struct sandbox *sb, struct sandbox_rest **out);
void sandbox_rest_free(struct sandbox_rest *r); /* NULL allowed; loops are stopped, any thread */
void sandbox_rest_request(
    struct sandbox_rest *r, const struct ix_server_request *request, struct ix_server_reply *reply);
/* Life of a call, in order, initiated first, completed or failed last: the state's row and the webhooks call.* */
enum sandbox_call_kind {
    SANDBOX_CALL_INITIATED = 1,
    SANDBOX_CALL_RINGING = 2,
    SANDBOX_CALL_ANSWERED = 3,
    SANDBOX_CALL_COMPLETED = 4, /* was answered */
    SANDBOX_CALL_FAILED = 5 /* never was */
};
#define SANDBOX_SID 35 /* "CA" + 32 hex + NUL */
struct sandbox_call_event {
    enum sandbox_call_kind kind;
    char sid[SANDBOX_SID];
    char direction[12]; /* "outbound": from an agent or the API; "inbound": to an agent from a number */
    char from[64], to[64];
    char status[16]; /* platform's word: initiated ringing answered completed failed busy no-answer canceled */
    char agent[16]; /* extension that placed it, "" if none */
    int64_t tenant_id;
    int64_t at_ms, initiated_ms, answered_ms, ended_ms; /* Unix; 0: not reached */
    uint32_t duration_s; /* answered to ended, rounded up, as it is billed */
    uint16_t sip_status, q850_cause; /* why it ended; 0: normal */
    bool by_api; /* sandbox_sip_originate made it */
};
void sandbox_rest_call_event(struct sandbox_rest *r, const struct sandbox_call_event *ev);

/* ---- what the SIP half provides ---------------------------------------------------------- */
struct sandbox_sip;
int sandbox_sip_new(struct sandbox *sb, struct sandbox_sip **out); /* main thread, before the server listens */
void sandbox_sip_free(struct sandbox_sip *s); /* NULL allowed; loops are stopped */
void sandbox_sip_shutdown(struct sandbox_sip *s, void (*idle)(void *ctx), void *ctx); /* call loop; idle: there, once */

/* Any thread; each posts to the call loop. IRISX_E_CLOSED while the sandbox ends. */
struct sandbox_originate {
    const char *to; /* number or extension */
    const char *from;
    int64_t tenant_id;
    uint32_t ring_timeout_ms; /* 0 = 30000 */
};
int sandbox_sip_originate(struct sandbox *sb, const struct sandbox_originate *o, char sid_out[SANDBOX_SID]);
int sandbox_sip_hangup(
    struct sandbox *sb, const char *sid, uint16_t q850_cause /* 0 = 16 */); /* unknown sid: nothing */
enum sandbox_action {
    SANDBOX_MUTE = 1,
    SANDBOX_UNMUTE = 2,
    SANDBOX_HOLD = 3,
    SANDBOX_SAY = 4,
    SANDBOX_TRANSFER = 5 /* text: where to */
};
int sandbox_sip_action(
    struct sandbox *sb, const char *sid, enum sandbox_action action, const char *text /* may be NULL */);
/* an agent is new or has another password; password "" removes */
int sandbox_sip_set_agent(struct sandbox *sb, const struct sandbox_agent *a);
struct sandbox_live_call {
    char sid[SANDBOX_SID], from[64], to[64], status[16], codec[8];
    int64_t initiated_ms, answered_ms;
    uint64_t packets_sent, packets_received, packets_lost;
    uint32_t jitter_us, round_trip_us;
    float mos; /* 0: not known yet */
};
/* fn runs later on the service loop, once; calls is valid for that time */
typedef void (*sandbox_live_fn)(void *ctx, const struct sandbox_live_call *calls, size_t count);
int sandbox_sip_calls(struct sandbox *sb, sandbox_live_fn fn, void *ctx);

#endif
