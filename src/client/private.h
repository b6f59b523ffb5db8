/* SPDX-License-Identifier: MIT */
/*
 * The facade's structs, shared by its files only. Who touches what:
 *   shared   atomics and what the client's lock guards: any thread
 *   call     lines and calls proper: the call loop's thread
 *   service  REST and receivers: the service loop's thread
 */
#ifndef IX_CLIENT_PRIVATE_H
#define IX_CLIENT_PRIVATE_H

#include <irisx/api.h>
#include <irisx/irisx.h>
#include <pthread.h>

#include "api/api.h"
#include "host/engine.h"
#include "http/http.h"

#define ERROR_TEXT 256

/* An error object that needs no memory when things go wrong. */
struct failure {
    irisx_error_info_t info;
    char message[ERROR_TEXT], reason[96], request_id[64];
    char *detail; /* owned; may be absent */
};
/* a text of others as public texts are: UTF-8 ('?' for what is not), terminated, cut between characters */
void ix_text_put(char *to, size_t cap, const char *from);
void ix_failure_clear(struct failure *f);
void ix_failure_set(
    struct failure *f, int code, irisx_error_domain_t domain, int status, const char *message, const char *reason);
void ix_failure_from_http(struct failure *f, const struct ix_http_error *e);
void ix_failure_copy(struct failure *to, const struct failure *from);

/* ---- events ------------------------------------------------------------------------------ */
struct irisx_event {
    atomic_int refs;
    struct ix_list node; /* in the queue */
    irisx_event_kind_t kind;
    bool inside; /* its memory is its op's, and so is its error */
    int64_t time_ms;
    irisx_op_t *op;
    irisx_line_t *line;
    irisx_call_t *call;
    irisx_subscription_t *subscription;
    int32_t state;
    char text[128];
    irisx_value_t *value;
    struct failure error;
    char describe[320];
};
irisx_event_t *ix_event_new(irisx_event_kind_t kind);
void ix_event_init(irisx_event_t *ev /* zeroed */, irisx_event_kind_t kind);
/* queue.c; takes the event. Droppable ones are refused when the queue is full; these, and NULL for one that there was
 * no memory for, are counted as lost */
void ix_queue_push(irisx_client_t *c, irisx_event_t *ev);
void ix_queue_push_end(irisx_op_t *op, irisx_event_t *ev); /* the same for the end of op, which is done with it */
bool ix_queue_full(irisx_client_t *c);
bool ix_queue_init(irisx_client_t *c);
void ix_queue_drop(irisx_client_t *c); /* what nobody pulled */
void ix_queue_clear(irisx_client_t *c);
void ix_queue_end(irisx_client_t *c); /* nothing will follow */
bool ix_queue_start_dispatcher(irisx_client_t *c);
void ix_queue_stop_dispatcher(irisx_client_t *c);
void ix_queue_dispatch_inline(irisx_client_t *c); /* zero-thread mode with a callback */
bool ix_in_callback(irisx_client_t *c);
bool ix_client_sleep(irisx_client_t *c, uint64_t until_us); /* until told; false: it is late. Lock held; threads */
void ix_client_tell(irisx_client_t *c); /* wakes those that wait for what just changed; the client's lock is held */

/* ---- ops --------------------------------------------------------------------------------- */
struct irisx_op {
    atomic_int refs;
    irisx_client_t *client; /* held */
    uint64_t id;
    struct ix_list node; /* in client.ops while it runs; the client's lock */
    atomic_bool done;
    struct failure error;
    irisx_event_t *final; /* `ending` until it is told, so that the end needs no memory */
    irisx_event_t ending;
    irisx_error_t (*cancel)(irisx_op_t *op); /* posts what cancels it; NULL: cannot be */
    irisx_line_t *line; /* what cancel needs; not owned: there as long as the op runs */
    irisx_call_t *call;
    /* REST */
    struct ix_api_answer answer;
    uint32_t api_number;
    bool repeated; /* DELETE: an earlier try had done it */
    irisx_api_options_t *options; /* ours; NULL: all defaults */
    bool quiet; /* its end is no event */
    void (*ended)(irisx_op_t *op); /* after its end, once, on the thread that ended it; NULL nobody */
    void *ended_ctx;
};
irisx_op_t *ix_op_new(irisx_client_t *c); /* one reference for the caller, one for the work until ix_op_finish */
void ix_op_finish(
    irisx_op_t *op, const struct failure *f /* NULL: well */); /* any thread, once; later calls are ignored */
void ix_op_finish_code(irisx_op_t *op, int code, const char *message);
void ix_op_finish_quietly(irisx_op_t *op, const struct failure *f); /* without an event: an op of the library's own */
void ix_op_discard(irisx_op_t *op); /* never given out, never worked on: both references. NULL allowed */
void ix_op_end(irisx_op_t **op, const struct failure *f); /* finishes what *op holds, if anything, and lets go of it */
void ix_op_give(irisx_op_t *op, irisx_op_t **op_out); /* to the caller, or drops its reference */

/* ---- client ------------------------------------------------------------------------------ */
enum client_state { CLIENT_OPEN = 0, CLIENT_CLOSING = 1, CLIENT_CLOSED = 2 };
struct irisx_client {
    atomic_int refs; /* the application's; at 0 it is closed and its events are dropped */
    atomic_int holds; /* the memory's: one for all refs, one for each op, line, call, receiver */
    atomic_int state;
    irisx_client_options_t o; /* texts are ours */
    char *agent;
    struct ix_log log;
    struct ix_host *_Atomic host; /* used off the loops: to compare, and under the lock before a loop is shut */
    struct ix_engine *engine;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* events, ended ops, idle */
    /* lock */
    struct ix_list events;
    size_t event_count, lost;
    bool ended, idle, engine_up, services_up, engine_down, services_down;
    bool call_shut, service_shut; /* the last command of this loop is posted */
    struct ix_post goodbye, last_call, last_service; /* closing needs no memory */
    irisx_event_t *closed; /* so does its event; made with the client */
    struct ix_list ops;
    struct ix_call_counts counts;
    struct ix_phone_refusals refusals;
    atomic_uint news; /* counts what somebody may wait for: events, ended ops, flags */
    int event_fd;
    bool fd_asked; /* the application polls it: until then nobody needs to raise it */
    bool fd_raised; /* it is readable: no need to tell it again */
    pthread_t dispatcher;
    bool dispatcher_runs, dispatcher_stop, callback_inline;
    bool orphan; /* the callback's thread: the last reference was given up inside it */
    atomic_ullong next_op, next_call;
    int engine_err, services_err; /* of starting; before engine_up, services_up */
    /* call */
    struct ix_list lines, calls, wishes, subscriptions;
    char instance[48]; /* "urn:uuid:…" */
    /* service */
    struct rest *rest;
    struct ix_list receivers;
};
/* ice_servers.c */
struct ix_ice_servers {
    char stun[256]; /* the first one; "" none */
    uint16_t stun_port;
    struct ix_turn_server turn[IX_GATHER_MAX_TURN];
    size_t turn_count;
};
int ix_ice_server_name(const char *text, char *host, size_t cap, uint16_t *port); /* "host:port" of STUN; _INVALID */
int ix_ice_servers_check(const char *json); /* NULL allowed; IRISX_E_ of the parser, IRISX_E_INVALID: no array */
void ix_ice_servers_read(struct ix_ice_servers *s, const irisx_value_t *list); /* adds */
void ix_ice_servers_apply(irisx_client_t *c, const struct ix_ice_servers *s); /* call loop */
int ix_ice_servers_use(irisx_client_t *c, const char *json); /* call loop */

/* client_start.c */
int ix_client_own_texts(irisx_client_options_t *o); /* each text becomes a copy */
void ix_client_free_texts(irisx_client_options_t *o);
int ix_client_check_options(const irisx_client_options_t *o);
int ix_client_parts(irisx_client_t *c); /* host, engine, services, dispatcher: made and running */
void ix_client_log(void *ctx, int level, const char *area, const char *line);
/* client_close.c */
irisx_error_t ix_client_close_all(irisx_client_t *c, uint32_t timeout_ms);
/* waits for a flag that a loop raises; drives the loops in zero-thread mode */
bool ix_client_await(irisx_client_t *c, const bool *flag, uint64_t until_us);

void ix_client_raise(irisx_client_t *c, bool *flag);
irisx_client_t *ix_client_hold(irisx_client_t *c);
void ix_client_release(irisx_client_t *c);
bool ix_client_usable(const irisx_client_t *c);
/* zero-thread: waits for something to do until until_us or other news than those seen, and does it; IRISX_E_CLOSED */
irisx_error_t ix_client_drive(irisx_client_t *c, unsigned seen, uint64_t until_us);
void ix_client_tear_down(
    irisx_client_t *c); /* no reference is left: closes, and gives up the memory's hold of the refs */
/* arg is freed by fn; on failure by the caller. IRISX_E_CLOSED: nothing would run it any more */
int ix_call_post(irisx_client_t *c, void (*fn)(void *arg), void *arg);
int ix_service_post(irisx_client_t *c, void (*fn)(void *arg), void *arg);
/* the same with the caller's post, which lives until fn runs: needs no memory, fails with IRISX_E_CLOSED alone */
int ix_call_post_with(irisx_client_t *c, struct ix_post *post, void (*fn)(void *arg), void *arg);
int ix_service_post_with(irisx_client_t *c, struct ix_post *post, void (*fn)(void *arg), void *arg);

/* ---- lines ------------------------------------------------------------------------------- */
struct irisx_line {
    atomic_int refs;
    irisx_client_t *client; /* held */
    atomic_int state;
    struct ix_list node; /* call: in client.lines */
    uint32_t id; /* call: 0 = not there */
    bool linked;
    irisx_op_t *opening, *closing; /* call: running ops */
    char *ws_url, *user, *realm, *password, *auth_user, *display_name, *ca_file, *servers, *instance;
    char *_Atomic address; /* a provisioned line learns it later */
    char *extension; /* provisioned */
    uint32_t expires_s;
    bool no_register, close_wanted, provisioned;
    irisx_auto_answer_t auto_answer;
    uint32_t auto_answer_ms, max_calls, ring_limit_ms;
};
void ix_line_event(irisx_client_t *c, const struct ix_phone_event *ev);
void ix_lines_drop(irisx_client_t *c); /* call: at the end, ends what still runs */
void ix_line_revoked(const struct ix_phone_event *ev); /* call: a provisioned line's password is refused */
/* outside.c: call loop */
void ix_ask_done(const struct ix_phone_event *ev);
void ix_line_told(irisx_client_t *c, const struct ix_phone_event *ev);
void ix_subscription_event(const struct ix_phone_event *ev);
void ix_subscriptions_of_line(irisx_line_t *l, int err); /* what waited for it is asked for, or ends with err */
void ix_outside_drop(irisx_client_t *c); /* at the end */
/* instance.c: the id of this device, from the state folder or new; any thread */
int ix_client_instance(irisx_client_t *c);

struct opening;
struct ending { /* of a call's sound and files; part of the call, so that an end needs no memory */
    void (*then)(irisx_call_t *call); /* NULL: not begun, or through */
    bool waits; /* for the media thread to let go of the rings */
    char *path, *text; /* timeline */
    int err;
};
/* ---- calls ------------------------------------------------------------------------------- */
struct irisx_call {
    atomic_int refs;
    irisx_client_t *client; /* held */
    irisx_line_t *line; /* referenced; NULL unknown */
    uint64_t number;
    atomic_int state;
    atomic_bool stats_queued;
    bool incoming;
    struct ix_list node; /* call: in client.calls */
    bool linked;
    uint32_t id; /* call: of the phone, 0 = none yet or any more */
    char *to, *play_file, *record_file, *codecs, *header; /* from the options */
    bool play_loop, record_stereo, app_audio;
    uint32_t record_rate, audio_rate, ring_ms, duration_ms;
    struct ix_media_encoder encoder; /* from the options, as the next */
    uint32_t delay_ms[3]; /* least, most, target */
    bool hearing; /* call: its sound is taken in */
    irisx_op_t *connecting, *hanging_up, *digits, *holding, *transferring; /* call */
    bool hold_wanted; /* call */
    char *caller_name, *replaces; /* from the options, as the next three */
    bool anonymous;
    int32_t session_s, reliable, redirects;
    irisx_digits_t digits_how;
    char *_Atomic heads[2]; /* what they sent first, and with their answer: "Name\0Value\0" ... "\0" */
    char *asserted;
    atomic_bool hidden; /* they want to be unknown */
    atomic_ullong joins;
    struct {
        ix_sip_txn txn;
        irisx_op_t *op;
    } waiting[8]; /* call: MESSAGE and INFO that wait for their answer */
    char *token; /* lock: what irisx_call_save gives; NULL before the answer */
    size_t token_len;
    char *resume_token; /* of the call it goes on with */
    size_t resume_len;
    char info_digits[40]; /* call: still to be sent by INFO */
    ix_sip_txn digit_txn; /* call: of the one that was sent last; 0 none */
    struct ix_list shown; /* lock: names and addresses of before, which somebody may still look at */
    size_t shown_count;
    atomic_int held; /* irisx_hold_t */
    atomic_int why; /* irisx_reason_t */
    irisx_event_t *final; /* made with the call */
    struct ix_play *play; /* call */
    struct ix_record *record;
    struct ix_pcm_ring *heard, *said; /* application audio; live as long as the call */
    struct opening *opening; /* call: the recording is being opened */
    struct ending ending; /* call; holds a reference from its begin to its `then` */
    uint32_t party; /* call: id of the media party, kept after the call's end */
    bool media_started, media_released, finishing, answer_wanted, hangup_wanted;
    struct failure end; /* call */
    /* lock of the client */
    irisx_call_stats_t stats;
    char *timeline;
    char *_Atomic peer, *_Atomic peer_name;
    struct ix_media_stats media;
};
void ix_call_event(irisx_client_t *c, const struct ix_phone_event *ev);
void ix_call_rings(irisx_client_t *c, const struct ix_phone_event *ev);
void ix_call_control_event(const struct ix_phone_event *ev); /* HOLD, TRANSFER */
void ix_call_referred(irisx_client_t *c, const struct ix_phone_event *ev);
void ix_call_talk_event(const struct ix_phone_event *ev); /* call_talk.c: what is said beside the sound */
void ix_call_count(irisx_client_t *c); /* call loop: what irisx_client_call_counts tells */
void ix_call_learn(irisx_call_t *call); /* what they sent */
void ix_call_talk_end(irisx_call_t *call); /* ops of it that still run */
void ix_call_talk_free(irisx_call_t *call);
void ix_call_digits_by_info(irisx_call_t *call, const char *digits, irisx_op_t *op); /* takes the op */
void ix_call_answer_now(irisx_call_t *call); /* call loop: with the options it has */
void ix_call_keep(irisx_call_t *call); /* call_save.c, call loop: the token as of now */
void ix_call_media_event(irisx_client_t *c, const struct ix_media_event *ev);
void ix_calls_drop(irisx_client_t *c);
irisx_call_t *ix_call_make(irisx_client_t *c, irisx_line_t *line, bool incoming);
void ix_call_link(irisx_call_t *call);
void ix_call_dial_cmd(void *arg); /* of a reference to a call that is ready to be dialled or gone on with */
void ix_call_break(irisx_call_t *call, int code, irisx_error_domain_t domain, const char *message);
/* call_options.c */
int ix_call_options_take(irisx_call_t *call, const irisx_call_options_t *o);
void ix_call_config_fill(const irisx_call_t *call, struct ix_call_config *config);
irisx_error_t ix_call_cancel(irisx_op_t *op); /* call_orders.c: of an op that connects a call */
/* call_media.c */
void ix_call_files_open(irisx_call_t *call, void (*then)(irisx_call_t *call, int err, const char *detail));
void ix_call_sound_hear(irisx_call_t *call); /* what comes in is taken; harmless when repeated */
void ix_call_sound_start(irisx_call_t *call);
void ix_call_sound_end(irisx_call_t *call, void (*then)(irisx_call_t *call));
void ix_call_sound_drop(irisx_call_t *call); /* without waiting */
void ix_call_snapshot(irisx_call_t *call);

/* ---- options of a call ------------------------------------------------------------------- */
/* A copy with texts and uploaded memory of its own; NULL for NULL. IRISX_E_INVALID, IRISX_E_NO_MEMORY */
int ix_api_options_take(const irisx_api_options_t *given, irisx_api_options_t **out);
void ix_api_options_free(irisx_api_options_t *o);
/* what a call is checked by: its own options, else the client's */
bool ix_client_strict(const irisx_client_t *c, const irisx_api_options_t *o);

/* ---- REST -------------------------------------------------------------------------------- */
struct rest;
int ix_rest_new(irisx_client_t *c, struct rest **out); /* any thread: no loop object yet */
int ix_rest_open(struct rest *r); /* service */
void ix_rest_free(struct rest *r); /* service: ends what runs */
void ix_rest_moved(struct rest *r); /* connections of addresses that the machine lost are given up */
/* Takes request and reference of op. Any thread. */
/* preview.c: ends the op with what the request would be, without secrets */
void ix_preview(irisx_op_t *op, const struct ix_api_op *api, const struct ix_http_request *request);
int ix_rest_submit(irisx_client_t *c, irisx_op_t *op, const struct ix_api_op *api, struct ix_http_request *request);
/* internal requests: then(ctx, op) on the service loop when op has ended; no OP_DONE event for it */
int ix_rest_submit_then(
    irisx_client_t *c, const char *id, const irisx_value_t *params, void (*then)(void *ctx, irisx_op_t *op), void *ctx);

/* rest_options.c: *o->rest becomes a copy of the client's own, with every default if there was none */
int ix_rest_options_take(irisx_client_options_t *o);
void ix_rest_options_free(const irisx_rest_options_t *o);

/* ---- receivers --------------------------------------------------------------------------- */
#define IX_SECRETS_MAX 16
struct ix_secrets {
    pthread_mutex_t lock; /* held while a delivery is verified: what was removed verifies nothing any more */
    char *list[IX_SECRETS_MAX]; /* wiped when they go */
    size_t count;
};
void ix_secrets_init(struct ix_secrets *s);
void ix_secrets_clear(struct ix_secrets *s);
int ix_secrets_add(struct ix_secrets *s, const char *secret); /* any thread; copied; 0 also for one that is there */
int ix_secrets_remove(struct ix_secrets *s, const char *secret); /* any thread; IRISX_E_NOT_FOUND */
size_t ix_secrets_lock(
    struct ix_secrets *s, struct ix_str out[IX_SECRETS_MAX]); /* their number; borrowed until unlock */
void ix_secrets_unlock(struct ix_secrets *s);
/* receiver.c */
void ix_receivers_drop(irisx_client_t *c); /* service */

/* options.c: copies min(size, known) over zeroes; IRISX_E_INVALID for an unknown tail that is not zero, or no size */
int ix_options_read(void *to, size_t known, const void *from);

#endif
