/* SPDX-License-Identifier: MIT */
/* See peer.h. One lock and one condition for all that other threads tell the test. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audio/audio.h"
#include "host/engine_private.h"
#include "peer.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
struct sandbox *sandbox;

/* true when cond(arg) holds; false after WAIT_S. Called without the lock, cond with it. */
static bool wait_until(bool (*cond)(void *arg), void *arg)
{
    struct timespec until;
    bool ok;

    (void) clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&lock);
    while (!(ok = cond(arg)) && pthread_cond_timedwait(&changed, &lock, &until) == 0) {
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

/* ---- the sandbox, its REST half a recorder
 * ------------------------------------------------------------------------------- */
#define TOLD 64
static struct sandbox_call_event told_events[TOLD]; /* lock */
static size_t told_n; /* lock */
struct sandbox_rest {
    int none;
};

int sandbox_rest_new(struct sandbox *sb, struct sandbox_rest **out)
{
    (void) sb;
    *out = ix_alloc(sizeof **out);
    return *out ? 0 : IRISX_E_NO_MEMORY;
}

void sandbox_rest_free(struct sandbox_rest *r)
{
    ix_free(r);
}

void sandbox_rest_request(
    struct sandbox_rest *r, const struct ix_server_request *request, struct ix_server_reply *reply)
{
    (void) r;
    (void) request;
    (void) ix_server_answer(reply, 404, NULL, NULL, NULL, 0);
}

void sandbox_rest_call_event(struct sandbox_rest *r, const struct sandbox_call_event *ev)
{
    (void) r;
    pthread_mutex_lock(&lock);
    if (told_n < TOLD)
        told_events[told_n++] = *ev;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static bool is_told(void *arg)
{
    return told_n > *(size_t *) arg;
}

struct sandbox_call_event told(size_t at)
{
    cr_assert(wait_until(is_told, &at));
    return told_events[at]; /* written once */
}

size_t told_count(void)
{
    pthread_mutex_lock(&lock);
    size_t n = told_n;
    pthread_mutex_unlock(&lock);
    return n;
}

uint32_t sandbox_session_timer_ms;
static struct ix_log peer_log; /* as the sandbox's; agents may outlive it */

void sandbox_up(const struct sandbox_faults *faults)
{
    struct sandbox_options o = { .log_level = getenv("SANDBOX_LOG") ? IX_LOG_TRACE : IX_LOG_ERROR };
    const char *why;

    o.session_timer_ms = sandbox_session_timer_ms;
    told_n = 0;
    if (faults)
        o.faults = *faults;
    cr_assert(!ix_addr_parse(&o.listen, IX_STR("127.0.0.1"), 0));
    cr_assert(!sandbox_start(&o, &sandbox, &why));
    peer_log = sandbox->log;
}

void sandbox_down(void)
{
    cr_assert(sandbox_stop(sandbox, 10000));
    sandbox_free(sandbox);
    sandbox = NULL;
}

/* ---- agents: what their engines tell
 * ----------------------------------------------------------------------------------------- */
static struct peer_call *call_of(struct peer *p, uint32_t id)
{
    for (size_t i = 0; i < PEER_CALLS; i++)
        if (p->calls[i].id == id)
            return &p->calls[i];
    return NULL;
}

static void on_call(struct peer *p, const struct ix_phone_event *ev)
{
    struct peer_call *c = call_of(p, ev->call);

    if (!c)
        c = call_of(p, 0);
    if (!c)
        return;
    c->id = ev->call;
    c->incoming |= ev->kind == IX_EV_INCOMING;
    if (ev->state > c->state)
        c->state = ev->state;
    if (ev->state == IX_CALL_ENDED)
        c->error = *ev->error;
}

static void on_event(void *ctx, const struct ix_phone_event *ev)
{
    struct peer *p = ctx;

    pthread_mutex_lock(&lock);
    if (ev->kind == IX_EV_LINE) {
        p->line_state = ev->state;
        p->line_error = *ev->error;
        p->line_changes += ev->state == IX_LINE_READY;
    } else if (ev->kind == IX_EV_INCOMING || ev->kind == IX_EV_CALL) {
        on_call(p, ev);
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void on_media(void *ctx, const struct ix_media_event *ev)
{
    struct peer *p = ctx;
    size_t n;

    if (ev->kind != IX_MEDIA_EV_DTMF)
        return;
    pthread_mutex_lock(&lock);
    n = strlen(p->digits);
    if (n + 1 < sizeof p->digits)
        p->digits[n] = ev->u.dtmf.digit;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void on_idle(void *ctx)
{
    struct peer *p = ctx;

    pthread_mutex_lock(&lock);
    p->idle = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* ---- agents: what the test asks of them; each runs on the agent's call loop
 * ------------------------------------------------------ */
struct order {
    struct peer *p;
    struct peer_call *c;
    void (*fn)(struct order *o);
    const char *text, *password;
    unsigned number;
    float hz;
    int err;
    uint32_t id;
};

static void run_order(void *arg)
{
    struct order *o = arg;

    o->fn(o);
}

static void order(struct order *o)
{
    cr_assert(!sandbox_run_on(ix_host_call_loop(o->p->host), run_order, o));
    cr_assert(!o->err);
}

static void do_line(struct order *o)
{
    struct ix_line_config line = {
        .ws_url = sandbox->ws_url, .user = o->text, .realm = SANDBOX_REALM, .password = o->password
    };

    o->err = ix_engine_start(o->p->engine);
    if (!o->err)
        o->err = ix_line_open(ix_engine_phone(o->p->engine), &line, ix_engine_now(o->p->engine), &o->p->line);
}

struct search {
    const char *extension;
    char password[33];
};

static int look(void *ctx, const struct sandbox_agent *a)
{
    struct search *s = ctx;

    if (strcmp(a->extension, s->extension) == 0)
        memcpy(s->password, a->password, sizeof s->password);
    return 0;
}

struct peer *peer_up(const char *extension, const char *password)
{
    struct ix_host_options host = { .log = &peer_log, .media_threads = 1, .workers = 1 };
    struct ix_engine_options engine = { .log = &peer_log,
        .agent = "test",
        .loopback_only = true,
        .on_event = on_event,
        .on_media = on_media,
        .on_idle = on_idle };
    struct search s = { .extension = extension };
    struct peer *p = calloc(1, sizeof *p);

    cr_assert(p && !sandbox_state_agents(sandbox->state, look, &s)); /* nobody else uses the state */
    cr_assert(!ix_host_new(&host, &p->host));
    engine.host = p->host;
    engine.ctx = p;
    cr_assert(!ix_engine_new(&engine, &p->engine));
    order(&(struct order){ .p = p, .fn = do_line, .text = extension, .password = password ? password : s.password });
    return p;
}

static void do_shutdown(struct order *o)
{
    ix_engine_shutdown(o->p->engine);
}

static bool is_idle(void *arg)
{
    return ((struct peer *) arg)->idle;
}

void peer_down(struct peer *p)
{
    order(&(struct order){ .p = p, .fn = do_shutdown });
    cr_assert(wait_until(is_idle, p));
    ix_host_stop(p->host);
    ix_engine_free(p->engine);
    ix_host_free(p->host);
    for (size_t i = 0; i < PEER_CALLS; i++)
        ix_pcm_ring_free(p->calls[i].heard);
    free(p);
}

/* to the phone a loss that trying again cannot cure; to the server the end of the connection */
static void do_cut(struct order *o)
{
    IX_LIST_EACH_SAFE (node, &o->p->engine->all_wires) {
        struct engine_wire *w = IX_CONTAINER(node, struct engine_wire, node);

        ix_phone_ws_closed(o->p->engine->phone, w->transport, IRISX_E_TLS, true, "cut", ix_engine_now(o->p->engine));
        ix_ws_close(w->ws, 1001);
    }
}

void peer_cut(struct peer *p)
{
    order(&(struct order){ .p = p, .fn = do_cut });
    cr_assert(peer_wait_line(p, IX_LINE_FAILED) == IRISX_E_TLS);
}

struct line_wish {
    struct peer *p;
    int state;
    unsigned times;
};

static bool line_is(void *arg)
{
    struct line_wish *w = arg;

    return w->times ? w->p->line_changes >= w->times : w->p->line_state == w->state;
}

int peer_wait_line(struct peer *p, int state)
{
    cr_assert(wait_until(line_is, &(struct line_wish){ p, state, 0 }));
    return p->line_error.code; /* changes no more in this state, or the test does not care */
}

void peer_wait_ready(struct peer *p, unsigned times)
{
    cr_assert(wait_until(line_is, &(struct line_wish){ p, 0, times }));
}

/* ---- calls
 * ----------------------------------------------------------------------------------------------------------------------
 */
static void listen_to(struct order *o, uint32_t id, struct ix_pcm_ring **ring)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_SINK, .party_id = id, .u.sink.rate_hz = HEARD_HZ };

    *ring = ix_pcm_ring_new(HEARD_HZ * 20);
    cmd.u.sink.ring = *ring;
    o->err = *ring ? ix_engine_media(o->p->engine, &cmd) : IRISX_E_NO_MEMORY;
}

static void do_dial(struct order *o)
{
    struct ix_call_config config = { .line = o->p->line, .to = o->text, .ring_timeout_ms = o->number };
    struct ix_pcm_ring *ring = NULL;
    struct peer_call *c;

    o->err = ix_call_dial(ix_engine_phone(o->p->engine), &config, ix_engine_now(o->p->engine), &o->id);
    if (o->err)
        return;
    listen_to(o, o->id, &ring);
    pthread_mutex_lock(&lock);
    c = call_of(o->p, o->id); /* its first state may have been told already */
    if (!c)
        c = call_of(o->p, 0);
    if (c) {
        c->id = o->id;
        c->heard = ring;
    }
    pthread_mutex_unlock(&lock);
    o->c = c;
}

struct peer_call *peer_dial_for(struct peer *p, const char *to, uint32_t ring_ms)
{
    struct order o = { .p = p, .fn = do_dial, .text = to, .number = ring_ms };

    order(&o);
    cr_assert(o.c);
    return o.c;
}

struct peer_call *peer_dial(struct peer *p, const char *to)
{
    return peer_dial_for(p, to, 0);
}

static struct peer_call *find_incoming(struct peer *p)
{
    for (size_t i = 0; i < PEER_CALLS; i++)
        if (p->calls[i].incoming && p->calls[i].state == IX_CALL_RINGING)
            return &p->calls[i];
    return NULL;
}

static bool has_incoming(void *arg)
{
    return find_incoming(arg) != NULL;
}

struct peer_call *peer_wait_incoming(struct peer *p)
{
    struct peer_call *c;

    cr_assert(wait_until(has_incoming, p));
    pthread_mutex_lock(&lock);
    c = find_incoming(p);
    pthread_mutex_unlock(&lock);
    cr_assert(c);
    return c;
}

static void do_answer(struct order *o)
{
    listen_to(o, o->c->id, &o->c->heard);
    if (!o->err)
        o->err = ix_call_answer(ix_engine_phone(o->p->engine), o->c->id, NULL, ix_engine_now(o->p->engine));
}

void peer_answer(struct peer *p, struct peer_call *c)
{
    order(&(struct order){ .p = p, .c = c, .fn = do_answer });
}

static void do_ring(struct order *o)
{
    o->err = ix_call_ring(ix_engine_phone(o->p->engine), o->c->id, ix_engine_now(o->p->engine));
}

void peer_ring(struct peer *p, struct peer_call *c)
{
    order(&(struct order){ .p = p, .c = c, .fn = do_ring });
}

static void do_reject(struct order *o)
{
    o->err = ix_call_reject(ix_engine_phone(o->p->engine), o->c->id, o->number, 0, NULL, ix_engine_now(o->p->engine));
}

void peer_reject(struct peer *p, struct peer_call *c, unsigned status)
{
    order(&(struct order){ .p = p, .c = c, .fn = do_reject, .number = status });
}

static void do_hangup(struct order *o)
{
    o->err = ix_call_hangup(ix_engine_phone(o->p->engine), o->c->id, 0, ix_engine_now(o->p->engine));
}

void peer_hangup(struct peer *p, struct peer_call *c)
{
    order(&(struct order){ .p = p, .c = c, .fn = do_hangup });
}

static void do_timeline(struct order *o)
{
    struct ix_buf b;

    ix_buf_init(&b, 128 * 1024);
    o->err = ix_call_timeline(ix_engine_phone(o->p->engine), o->c->id, &b);
    for (size_t at = 0; !o->err && at + strlen(o->text) <= b.n; at++)
        o->number += memcmp(b.p + at, o->text, strlen(o->text)) == 0;
    ix_buf_clear(&b);
}

unsigned peer_timeline_has(struct peer *p, struct peer_call *c, const char *what)
{
    struct order o = { .p = p, .c = c, .fn = do_timeline, .text = what };

    order(&o);
    return o.number;
}

static void do_refer(struct order *o)
{
    o->err = ix_call_refer(ix_engine_phone(o->p->engine), o->c->id, o->text, ix_engine_now(o->p->engine));
}

void peer_refer(struct peer *p, struct peer_call *c, const char *uri)
{
    order(&(struct order){ .p = p, .c = c, .fn = do_refer, .text = uri });
}

struct call_wish {
    struct peer_call *c;
    int state;
};

static bool call_is(void *arg)
{
    struct call_wish *w = arg;

    return w->c->state >= w->state;
}

void peer_wait_state(struct peer *p, struct peer_call *c, int state)
{
    (void) p;
    cr_assert(wait_until(call_is, &(struct call_wish){ c, state }));
    if (state != IX_CALL_ENDED && c->state == IX_CALL_ENDED)
        cr_assert_fail("%s (SIP %u)", c->error.message, c->error.sip_status);
}

/* ---- sound
 * ---------------------------------------------------------------------------------------------------------------------
 */
static void do_say(struct order *o)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_SOURCE, .party_id = o->c->id };

    if (o->hz > 0)
        cmd.u.source = (struct ix_media_source){ .kind = IX_SOURCE_TONE, .tone_hz = { o->hz }, .tone_level = 0.5f };
    o->err = ix_engine_media(o->p->engine, &cmd);
}

void peer_say(struct peer *p, struct peer_call *c, float hz)
{
    order(&(struct order){ .p = p, .c = c, .fn = do_say, .hz = hz });
}

static void do_press(struct order *o)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_DTMF, .party_id = o->c->id };

    (void) snprintf(cmd.u.dtmf.digits, sizeof cmd.u.dtmf.digits, "%s", o->text);
    o->err = ix_engine_media(o->p->engine, &cmd);
}

void peer_press(struct peer *p, struct peer_call *c, const char *digits)
{
    order(&(struct order){ .p = p, .c = c, .fn = do_press, .text = digits });
}

#define WINDOW (HEARD_HZ / 5)
/* The ring fills in real time: what is read is new sound, so this waits for sound and for nothing else. */
static float listen_window(struct peer_call *c, float hz, float *rms)
{
    int16_t pcm[WINDOW];
    struct timespec nap = { .tv_nsec = 5000000 };
    size_t have = 0;
    double sum = 0;

    for (unsigned i = 0; have < WINDOW && i < 2000; i++) {
        size_t n = ix_pcm_ring_read(c->heard, pcm + have, WINDOW - have);

        have += n;
        if (!n)
            (void) nanosleep(&nap, NULL);
    }
    cr_assert(have == WINDOW);
    for (size_t i = 0; i < WINDOW; i++)
        sum += (double) pcm[i] * pcm[i];
    *rms = (float) (sqrt(sum / WINDOW) / 32768.0);
    return hz > 0 ? ix_goertzel(pcm, WINDOW, HEARD_HZ, hz) : 0.0f;
}

void peer_wait_tone(struct peer *p, struct peer_call *c, float hz)
{
    float rms, amplitude = 0;

    (void) p;
    for (unsigned i = 0; i < 5 * WAIT_S; i++) {
        amplitude = listen_window(c, hz, &rms);
        if (amplitude > 0.05f && amplitude > 0.9f * rms) /* a pure tone has 1.41, two equal ones have 1 each */
            return;
    }
    cr_assert_fail("the tone is not heard");
}

void peer_wait_sound(struct peer *p, struct peer_call *c)
{
    float rms;

    (void) p;
    for (unsigned i = 0; i < 5 * WAIT_S; i++) {
        (void) listen_window(c, 0, &rms);
        if (rms > 0.02f)
            return;
    }
    cr_assert_fail("nothing is heard");
}

void peer_wait_silence(struct peer *p, struct peer_call *c)
{
    float rms;

    (void) p;
    for (unsigned i = 0; i < 5 * WAIT_S; i++) {
        (void) listen_window(c, 0, &rms);
        if (rms < 0.005f)
            return;
    }
    cr_assert_fail("it is never silent");
}
