/* SPDX-License-Identifier: MIT */
/* What a client is made of: options checked, loops and engine started, events of both joined to its files. */
#include <string.h>

#include "client/private.h"

#define START_MS 10000 /* for a machine that stands still */

static const char **option_texts(irisx_client_options_t *o, size_t i)
{
    const char **texts[] = { &o->api_url, &o->api_key, &o->ca_file, &o->user_agent, &o->stun_server, &o->capture_file,
        &o->timeline_dir, &o->ice_servers, &o->interfaces, &o->state_dir, &o->ws_proxy };

    return i < IX_COUNT(texts) ? texts[i] : NULL;
}

int ix_client_own_texts(irisx_client_options_t *o)
{
    const char **text;
    int err = 0;

    for (size_t i = 0; (text = option_texts(o, i)) != NULL; i++) {
        const char *copy = ix_dup_cstr(*text);

        if (*text && !copy)
            err = IRISX_E_NO_MEMORY;
        *text = copy;
    }
    return err;
}

void ix_client_free_texts(irisx_client_options_t *o)
{
    const char **text;

    for (size_t i = 0; (text = option_texts(o, i)) != NULL; i++) {
        if (*text)
            ix_wipe((void *) (uintptr_t) *text, strlen(*text));
        ix_free((void *) (uintptr_t) *text);
    }
}

void ix_client_log(void *ctx, int level, const char *area, const char *line)
{
    irisx_client_t *c = ctx;

    c->o.log(level, area, line, c->o.log_user_data);
}

static void phone_event(void *ctx, const struct ix_phone_event *ev)
{
    irisx_client_t *c = ctx;

    switch (ev->kind) {
    case IX_EV_LINE:
        ix_line_event(c, ev);
        break;
    case IX_EV_INCOMING:
        ix_call_rings(c, ev);
        break;
    case IX_EV_CALL:
        ix_call_event(c, ev);
        break;
    case IX_EV_REQUEST:
    case IX_EV_TRANSPORT_CLOSED:
        break;
    case IX_EV_INFO:
    case IX_EV_EARLY_MEDIA:
    case IX_EV_DISPLAY:
    case IX_EV_DIGIT:
    case IX_EV_GAP:
    case IX_EV_SIGNALLING:
    case IX_EV_REPLACED:
    case IX_EV_MOVED:
    case IX_EV_ANSWER_NOW:
    case IX_EV_SAID:
        ix_call_talk_event(ev);
        break;
    case IX_EV_REFER:
        ix_call_referred(c, ev);
        break;
    case IX_EV_HOLD:
    case IX_EV_TRANSFER:
        ix_call_control_event(ev);
        break;
    case IX_EV_REFUSED:
        ix_call_count(c);
        break;
    case IX_EV_DONE:
        ix_ask_done(ev);
        break;
    case IX_EV_MESSAGE:
    case IX_EV_NOTICE:
        ix_line_told(c, ev);
        break;
    case IX_EV_SUBSCRIPTION:
        ix_subscription_event(ev);
        break;
    case IX_EV_CREDENTIALS:
        ix_line_revoked(ev);
        break;
    }
}

static void media_event(void *ctx, const struct ix_media_event *ev)
{
    ix_call_media_event(ctx, ev);
}

static void move_rest(void *arg)
{
    irisx_client_t *c = arg;

    if (c->rest)
        ix_rest_moved(c->rest);
    ix_client_release(c);
}

static void network_changed(void *ctx)
{
    irisx_client_t *c = ctx;

    if (ix_service_post(c, move_rest, ix_client_hold(c)))
        ix_client_release(c);
}

static void phone_idle(void *ctx)
{
    irisx_client_t *c = ctx;

    ix_client_raise(c, &c->idle);
}

static void phone_warning(void *ctx, int err, const char *message)
{
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_WARNING);

    if (ev)
        ix_failure_set(&ev->error, err, IRISX_DOMAIN_SYSTEM, 0, message, NULL);
    ix_queue_push(ctx, ev);
}

/* "host", "host:port", "[::1]:port"; host "" where there is none */
static int read_stun(const char *text, char host[256], uint16_t *port)
{
    struct ix_str rest = ix_str(text), name = rest;
    uint32_t number = 3478; /* RFC 8489 section 18.6 */
    size_t colon = SIZE_MAX;

    if (rest.n && rest.p[0] == '[') {
        size_t end = ix_str_find(rest, ']');

        if (end == SIZE_MAX || (end + 1 < rest.n && rest.p[end + 1] != ':'))
            return IRISX_E_INVALID;
        name = ix_str_slice(rest, 1, end);
        colon = end + 1 < rest.n ? end + 1 : SIZE_MAX;
    } else {
        colon = ix_str_find(rest, ':');
        name = ix_str_slice(rest, 0, IX_MIN(colon, rest.n));
    }
    if (colon != SIZE_MAX && (ix_str_u32(ix_str_slice(rest, colon + 1, rest.n), 65535, &number) || !number))
        return IRISX_E_INVALID;
    *port = (uint16_t) number;
    return rest.n && !name.n ? IRISX_E_INVALID : ix_str_copy(host, 256, name) ? IRISX_E_INVALID : 0;
}

static void start_engine(void *arg)
{
    irisx_client_t *c = arg;
    char host[256];
    uint16_t port;

    c->engine_err = ix_engine_start(c->engine);
    if (!c->engine_err && !read_stun(c->o.stun_server, host, &port) && host[0])
        (void) ix_engine_set_stun(c->engine, host, port); /* calls go on without */
    if (!c->engine_err && c->o.ice_servers)
        c->engine_err = ix_ice_servers_use(c, c->o.ice_servers);
    ix_client_raise(c, &c->engine_up);
}

static void start_services(void *arg)
{
    irisx_client_t *c = arg;

    c->services_err = c->rest ? ix_rest_open(c->rest) : 0;
    ix_client_raise(c, &c->services_up);
}

int ix_client_check_options(const irisx_client_options_t *o)
{
    char host[256];
    uint16_t port;

    if (o->api_url && !ix_str_istarts(ix_str(o->api_url), IX_STR("http://")) &&
        !ix_str_istarts(ix_str(o->api_url), IX_STR("https://")))
        return IRISX_E_INVALID;
    if (read_stun(o->stun_server, host, &port) || ix_ice_servers_check(o->ice_servers))
        return IRISX_E_INVALID;
    if (!ix_http_line_safe(o->user_agent)) /* a line of three protocols */
        return IRISX_E_INVALID;
    if (o->vpn < IRISX_VPN_AS_OTHERS || o->vpn > IRISX_VPN_NEVER)
        return IRISX_E_INVALID;
    return o->log_level < 0 || o->log_level > IRISX_LOG_TRACE ? IRISX_E_INVALID : 0;
}

/* What a loop's own thread has to make, so that a client that was made has it. */
static int start_parts(irisx_client_t *c)
{
    uint64_t until = ix_clock_now().mono_us + START_MS * IX_MS;
    int err = ix_call_post(c, start_engine, c);

    if (!err)
        err = ix_service_post(c, start_services, c);
    if (!err && (!ix_client_await(c, &c->engine_up, until) || !ix_client_await(c, &c->services_up, until)))
        err = IRISX_E_TIMEOUT;
    if (!err)
        err = c->engine_err ? c->engine_err : c->services_err;
    return err;
}

int ix_client_parts(irisx_client_t *c)
{
    struct ix_host_options host = { .log = &c->log,
        .media_threads = c->o.media_threads,
        .workers = c->o.worker_threads,
        .max_parties = c->o.max_calls,
        .zero_thread = c->o.zero_thread != 0,
        .realtime = c->o.realtime != 0 };
    struct ix_engine_options engine = { .log = &c->log,
        .ca_file = c->o.ca_file,
        .max_calls = c->o.max_calls,
        .watch_network = true,
        .interfaces = c->o.interfaces,
        .ws_proxy = c->o.ws_proxy,
        .vpn = c->o.vpn,
        .capture_file = c->o.capture_file,
        .capture_secrets = c->o.capture_secrets != 0,
        .on_event = phone_event,
        .on_media = media_event,
        .on_network = network_changed,
        .on_idle = phone_idle,
        .on_warning = phone_warning,
        .ctx = c };
    struct ix_buf agent;
    int err;

    ix_buf_init(&agent, 512);
    ix_buf_fmt(&agent, "libirisx-client/%s%s%s", IRISX_VERSION, c->o.user_agent ? " " : "",
        c->o.user_agent ? c->o.user_agent : "");
    c->agent = ix_buf_take(&agent);
    if (!c->agent)
        return IRISX_E_NO_MEMORY;
    engine.agent = c->agent;
    err = ix_host_new(&host, &engine.host);
    if (!err) {
        c->host = engine.host;
        c->call_shut = c->service_shut = false;
        err = ix_engine_new(&engine, &c->engine);
    }
    if (!err && c->o.api_url)
        err = ix_rest_new(c, &c->rest);
    if (!err)
        err = start_parts(c);
    if (!err && !ix_queue_start_dispatcher(c))
        err = IRISX_E_LIMIT;
    return err;
}
