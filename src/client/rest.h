/* SPDX-License-Identifier: MIT */
/*
"
 * joined with the transfers of src/io.
 *
 *   submit -> tokens loaded? -> pace -> credentials (exchange first) -> room -> transfer -> redirect? again? -> decode
 *             \______________ each may wait; a job waits in one place at a time ______________/
 */
#ifndef IX_CLIENT_REST_H
#define IX_CLIENT_REST_H

#include "client/private.h"
#include "io/io.h"

#define REST_MAX_RUNNING 100 /* transfers that libcurl knows; others wait without its memory */
#define REST_MAX_REDIRECTS 5

enum job_state {
    JOB_NEW = 0,
    JOB_AUTH, /* another's exchange, or the token store */
    JOB_PACED, /* a limit of the server's */
    JOB_QUEUED, /* room */
    JOB_RUNNING,
    JOB_BACKOFF, /* before the next try */
    JOB_SAVING /* the answer's file is being finished */
};

struct job {
    struct ix_list node; /* in rest.jobs */
    struct ix_list queued; /* in rest.queue */
    struct ix_timer timer; /* the end of a wait, or of the operation while it waits */
    struct rest *rest;
    irisx_op_t *op; /* referenced */
    const struct ix_api_op *api; /* NULL: raw request, or a login */
    char name[52]; /* "sms.send"; ids have at most 48 characters */
    uint32_t number;
    enum job_state state;
    struct ix_http_request request; /* method NULL: only the credentials are wanted */
    struct ix_retry retry;
    struct ix_transfer *transfer;
    struct ix_pace_slot pace;
    struct rest_body *body; /* what is not held in memory; NULL */
    char *url; /* where a redirect led; NULL: base and path */
    size_t base; /* index of the server of the try at hand */
    uint32_t tried; /* servers, by bit */
    uint32_t generation, limited, redirects;
    uint64_t begun_us, sent_us;
    enum ix_retry_class cls; /* of the operation itself */
    int32_t idempotency;
    bool keyed, relied; /* a key goes with it; the server is trusted to honour it */
    bool renewed, cancelled, was_paced, foreign; /* foreign: redirected to another origin */
    bool logs_out; /* the session is forgotten with its end, whatever that is */
    char key[IX_KEY_SIZE];
    void (*then)(void *ctx, irisx_op_t *op);
    void *then_ctx;
};

struct rest_session { /* of users, of staff */
    struct rest *rest;
    struct ix_auth *auth;
    struct job *exchanging; /* whose turn started the exchange */
    struct ix_transfer *exchange;
    size_t exchange_base;
    bool exchange_runs;
    int32_t kind; /* irisx_session_t */
    /* token store */
    bool loaded;
    struct token_work *work; /* runs on a helper; NULL */
    uint32_t saved; /* generation that the store has */
};

struct rest_probe {
    struct rest *rest;
    struct ix_transfer *transfer;
    size_t base;
};

struct rest {
    irisx_client_t *client;
    const irisx_rest_options_t *o; /* the client's copy */
    struct ix_loop *loop;
    struct ix_http_client *http;
    struct rest_session sessions[2];
    struct rest_probe probes[IX_BASES_MAX];
    struct ix_rng rng;
    struct ix_retry_policy policy;
    struct ix_budget budget;
    struct ix_bases bases;
    struct ix_pace *pace; /* NULL: off */
    struct ix_skew skew;
    uint64_t skew_us; /* when it was learned last */
    struct ix_list jobs, queue;
    struct ix_heap waits;
    struct ix_loop_timer *timer; /* waits and pace */
    size_t running;
    bool closing, turning;
    struct ix_buf url, head; /* of the request that is being made */
    pthread_mutex_t lock; /* figures */
    struct ix_metrics metrics;
};

/* rest.c */
void ix_rest_advance(struct job *j); /* on, as far as it goes; may end it */
void ix_rest_wait(struct job *j, enum job_state state, uint64_t until_us);
void ix_rest_finish(struct job *j, struct ix_http_error *e /* NULL or clear: well */);
void ix_rest_finish_code(struct job *j, int code, const char *message);
void ix_rest_queue_run(struct rest *r); /* those that waited for room */
void ix_rest_turn(struct rest *r); /* what pace and room let go now, and the timer; at the end of every entry */
struct job *ix_rest_job_new(irisx_client_t *c, irisx_op_t *op, const struct ix_api_op *api,
    struct ix_http_request *request /* taken; NULL: credentials alone */);
void ix_rest_job_free(struct job *j);
void ix_rest_enlist(struct job *j); /* on the loop: nothing is posted any more once the rest is gone */
irisx_error_t ix_rest_cancel_op(irisx_op_t *op);
struct ix_now ix_rest_now(const struct rest *r); /* wall clock as the server's */

/* rest_send.c */
void ix_rest_send(struct job *j);
/* any request to a server; headers without credentials */
int ix_rest_start(struct rest *r, const struct ix_http_request *q, size_t base, uint64_t deadline_us, ix_transfer_fn fn,
    void *ctx, struct ix_transfer **out);
int ix_rest_code(const struct ix_transfer_result *t); /* its err, what came too late as IRISX_E_TIMEOUT */
struct ix_http_response ix_rest_view(const struct ix_transfer_result *t);
void ix_rest_learn(struct rest *r, size_t base, const struct ix_transfer_result *t); /* health, clock */
/* It could not be sent: again later if its table allows that, else it ends with e. */
void ix_rest_unsent(struct job *j, const struct ix_attempt *a, const struct ix_http_error *e);
void ix_rest_probe(struct rest *r); /* servers that are due */
void ix_rest_saved(struct job *j, struct ix_http_error *e); /* the file is there, or not */

/* rest_session.c */
int ix_rest_sessions_new(struct rest *r);
void ix_rest_sessions_stop(struct rest *r); /* no answer comes any more */
void ix_rest_sessions_free(struct rest *r);
struct rest_session *ix_rest_session(struct rest *r, enum ix_http_auth kind);
bool ix_rest_session_ready(struct job *j); /* false: it waits, or has ended */
void ix_rest_session_logged_out(struct rest *r, enum ix_http_auth kind);

/* rest_body.c */
struct rest_body;
/* Caller's thread: opens the files. NULL body: everything is in memory. *e is filled on failure. */
int ix_rest_body_new(
    const struct ix_http_request *q, const irisx_api_options_t *o, struct rest_body **out, struct ix_http_error *e);
void ix_rest_body_free(struct rest_body *b); /* loop's thread, or before it was given to one */
/* Before each try: stream and header lines. IRISX_E_STATE: cannot be sent again */
int ix_rest_body_begin(struct rest_body *b, struct job *j, struct ix_transfer_stream *stream, struct ix_buf *head);
bool ix_rest_body_sends(const struct rest_body *b);
bool ix_rest_body_once(const struct rest_body *b); /* a try that took bytes of it was the last */
bool ix_rest_body_saves(const struct rest_body *b);
bool ix_rest_body_plain(const struct rest_body *b); /* wants the bytes as they are */
int ix_rest_body_error(const struct rest_body *b, const char **detail); /* why it gave up; 0 it did not */
/* true: a refused range that means "you have it all", or that the next try begins anew */
bool ix_rest_body_range(struct rest_body *b, long status, struct ix_str headers, bool *complete);
void ix_rest_body_save(struct rest_body *b); /* ends in ix_rest_saved */
/* true: what came is kept for another call to go on with; ends in ix_rest_saved with *e, which is taken */
bool ix_rest_body_keep(struct rest_body *b, struct ix_http_error *e);

/* rest_log.c */
bool ix_rest_logs(const struct rest *r, enum ix_log_level level);
void ix_rest_log_sent(const struct job *j, const char *url, const char *headers, size_t n);
void ix_rest_log_answer(const struct job *j, const struct ix_transfer_result *t);
void ix_rest_log_ended(const struct job *j, const struct ix_http_error *e);
void ix_rest_count(struct job *j, int code);

#endif
