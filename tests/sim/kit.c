/* SPDX-License-Identifier: MIT */
/* See kit.h. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- messages on their way
 * ----------------------------------------------------------------------------------------------- */
static void record(struct sim *t, const struct phone_node *from, const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy)
        abort();
    memcpy(copy, text, len);
    copy[len] = 0;
    free(t->tape[t->tape_count % SIM_TAPE].text);
    t->tape[t->tape_count % SIM_TAPE].from = from;
    t->tape[t->tape_count++ % SIM_TAPE].text = copy;
}

static bool matches(const struct sim_rule *r, const struct phone_node *from, const char *text)
{
    return (!r->from || r->from == from) && !strncmp(text, r->start, strlen(r->start)) &&
           (!r->has || strstr(text, r->has));
}

static void fix_length(char *text, size_t *len, size_t room)
{
    char *line = strstr(text, "Content-Length:"), *end = line ? strstr(line, "\r\n") : NULL,
         *body = strstr(text, "\r\n\r\n");
    char fresh[40];
    size_t n;

    if (!end || !body)
        return;
    n = (size_t) snprintf(fresh, sizeof fresh, "Content-Length: %zu", strlen(body + 4));
    if (*len + n >= room)
        abort();
    memmove(line + n, end, strlen(end) + 1);
    memcpy(line, fresh, n);
    *len = strlen(text);
}

static void substitute(char *text, size_t *len, size_t room, const char *cut, const char *put)
{
    size_t c = strlen(cut), p = strlen(put);

    for (char *at = text; (at = strstr(at, cut)) != NULL; at += p) {
        if (strlen(text) + p >= room)
            abort();
        memmove(at + p, at + c, strlen(at + c) + 1);
        memcpy(at, put, p);
    }
    *len = strlen(text);
    fix_length(text, len, room);
}

static bool on_the_way(void *ctx, struct phone_node *from, char *text, size_t *len, size_t room)
{
    struct sim *t = ctx;

    text[*len] = 0;
    record(t, from, text, *len);
    for (size_t i = 0; i < t->rule_count; i++) {
        struct sim_rule *r = &t->rules[i];

        if (t->rule_used[i] || !matches(r, from, text))
            continue;
        t->rule_used[i] = r->times && --r->times == 0;
        if (!r->cut)
            return false;
        substitute(text, len, room, r->cut, r->put);
    }
    return true;
}

void sim_rule(struct sim *t, struct sim_rule rule)
{
    if (t->rule_count == SIM_RULES)
        abort();
    t->rules[t->rule_count++] = rule;
}

const char *sim_sent(const struct sim *t, const struct phone_node *from, const char *start, const char *has)
{
    struct sim_rule want = { .from = (struct phone_node *) from, .start = start, .has = has };

    for (size_t i = 0; i < IX_MIN(t->tape_count, (size_t) SIM_TAPE); i++) {
        size_t at = (t->tape_count - 1 - i) % SIM_TAPE;

        if (matches(&want, t->tape[at].from, t->tape[at].text))
            return t->tape[at].text;
    }
    return NULL;
}

const char *sim_header(const char *text, const char *name)
{
    static char value[4][512];
    static unsigned turn;
    char *out = value[turn++ % 4], start[64];
    const char *at, *end;

    out[0] = 0;
    (void) snprintf(start, sizeof start, "\r\n%s: ", name);
    at = text ? strstr(text, start) : NULL;
    end = at ? strstr(at + 2, "\r\n") : NULL;
    if (end)
        (void) snprintf(out, sizeof value[0], "%.*s", (int) (end - at - (ptrdiff_t) strlen(start)), at + strlen(start));
    return out;
}

const char *sim_body(const char *text)
{
    const char *body = text ? strstr(text, "\r\n\r\n") : NULL;

    return body ? body + 4 : "";
}

void sim_request(struct sim *t, const char *method, const char *body)
{
    const char *ok = sim_sent(t, t->server, "SIP/2.0 200", " INVITE\r\n"),
               *ours = sim_sent(t, t->client, "INVITE ", NULL);
    unsigned cseq = 1000 + (strcmp(method, "ACK") ? ++t->injected : t->injected);
    char text[8192];
    int n = snprintf(text, sizeof text,
        "%s sip:x@y.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WS p.invalid;branch=z9hG4bKinj%u%s\r\n"
        "Max-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:peer@p.invalid;transport=ws>\r\n"
        "%sContent-Length: %zu\r\n\r\n%s",
        method, cseq, method, sim_header(ok, "To"), sim_header(ours, "From"), sim_header(ours, "Call-ID"), cseq, method,
        body ? "Content-Type: application/sdp\r\n" : "", body ? strlen(body) : 0, body ? body : "");

    phone_node_inject(t->client, 0, text, (size_t) n);
}

int sim_dial(struct sim *t)
{
    struct ix_call_config config = { .line = t->line, .to = "9196" };

    return ix_call_dial(t->client->phone, &config, world_now(t->w), &t->call);
}

/* ---- beginning and end
 * ------------------------------------------------------------------------------------------------------- */
#define SIM_OPEN 4 /* at the same time */
static struct sim *open_ones[SIM_OPEN];
uint64_t sim_lived_us;

static void replace_open(const struct sim *what, struct sim *by)
{
    for (size_t i = 0; i < SIM_OPEN; i++) {
        if (open_ones[i] != what)
            continue;
        open_ones[i] = by;
        return;
    }
    abort();
}

struct sim *sim_open_one(void)
{
    for (size_t i = 0; i < SIM_OPEN; i++)
        if (open_ones[i])
            return open_ones[i];
    return NULL;
}

void sim_open(struct sim *t, const struct sim_options *o)
{
    struct world_link link =
        o->link.delay_us || o->link.loss_ppm ? o->link : (struct world_link){ .delay_us = 5 * IX_MS };
    struct world_link near = { .delay_us = 5 * IX_MS };

    memset(t, 0, sizeof *t);
    replace_open(NULL, t);
    t->server_identity = o->server_identity;
    t->w = world_new(o->seed);
    t->began_us = world_now(t->w).mono_us;
    t->client = phone_node_new(t->w,
        &(struct phone_node_options){ .name = "client", .dtls = o->dtls, .max_calls = o->max_calls, .tap = o->tap });
    t->server = phone_node_new(t->w, &(struct phone_node_options){ .name = "server",
                                         .server = true,
                                         .dtls = o->dtls,
                                         .identity = o->server_identity,
                                         .allow_requests = o->allow_requests });
    if (!t->client || !t->server)
        return;
    t->client->edit = t->server->edit = on_the_way;
    t->client->edit_ctx = t->server->edit_ctx = t;
    if (o->bare)
        return;
    phone_node_attach(t->client, world_internet(t->w), "192.0.2.10", &link);
    phone_node_attach(t->server, world_internet(t->w), "192.0.2.20", &near);
    t->line = phone_node_line(t->client, t->server, "1000", "secret");
}

uint32_t sim_server_call(const struct sim *t)
{
    return t->server->call_count ? t->server->calls[t->server->call_count - 1].call : 0;
}

uint32_t sim_client_call(const struct sim *t)
{
    return t->client->call_count ? t->client->calls[t->client->call_count - 1].call : 0;
}

void sim_mark(struct sim *t)
{
    t->client_mark = t->client->frames_in;
    t->server_mark = t->server->frames_in;
}

void sim_free(struct sim *t)
{
    replace_open(t, NULL);
    sim_lived_us += world_now(t->w).mono_us - t->began_us;
    phone_node_free(t->client);
    phone_node_free(t->server);
    stun_node_free(t->stun);
    turn_node_free(t->turn);
    world_free(t->w);
    ix_dtls_identity_unref(t->server_identity);
    for (size_t i = 0; i < SIM_TAPE; i++)
        free(t->tape[i].text);
    memset(t, 0, sizeof *t);
}

const char *sim_left(const struct sim *t)
{
    static char text[200];

    if (t->client->fault[0])
        return t->client->fault;
    if (t->server->fault[0])
        return t->server->fault;
    if (phone_node_live(t->client) || phone_node_live(t->server))
        return "a call never ended";
    (void) snprintf(text, sizeof text,
        "left: client idle %d, %zu sockets, %zu wires, timer %d; server idle %d, %zu sockets, "
        "%zu wires, timer %d",
        ix_phone_idle(t->client->phone), t->client->socket_count, t->client->wire_count,
        ix_phone_deadline(t->client->phone) != IX_NEVER, ix_phone_idle(t->server->phone), t->server->socket_count,
        t->server->wire_count, ix_phone_deadline(t->server->phone) != IX_NEVER);
    return phone_node_quiet(t->client) && phone_node_quiet(t->server) ? NULL : text;
}

const char *sim_end(struct sim *t)
{
    enum world_end end;
    const char *why;

    ix_phone_shutdown(t->client->phone, world_now(t->w));
    ix_phone_shutdown(t->server->phone, world_now(t->w));
    end = world_run(t->w, sim_quiet, t, 40 * IX_S);
    why = sim_left(t);
    if (!why && end != WORLD_DONE)
        why = "the end was not reached";
    sim_free(t);
    return why;
}

/* ---- predicates
 * ------------------------------------------------------------------------------------------------------- */
bool sim_ready(void *arg)
{
    const struct sim *t = arg;

    return phone_node_saw(t->client, IX_EV_LINE, IX_LINE_READY) != NULL;
}

bool sim_failed(void *arg)
{
    const struct sim *t = arg;

    return phone_node_saw(t->client, IX_EV_LINE, IX_LINE_FAILED) != NULL;
}

bool sim_server_rings(void *arg)
{
    const struct sim *t = arg;

    return phone_node_saw(t->server, IX_EV_INCOMING, IX_CALL_RINGING) != NULL;
}

bool sim_client_rings(void *arg)
{
    const struct sim *t = arg;

    return phone_node_saw(t->client, IX_EV_INCOMING, IX_CALL_RINGING) != NULL;
}

bool sim_ringback(void *arg)
{
    const struct sim *t = arg;

    return phone_node_saw(t->client, IX_EV_CALL, IX_CALL_RINGING) != NULL;
}

bool sim_talking(void *arg)
{
    struct sim *t = arg;

    return t->client->frames_in >= t->client_mark + 20 && t->server->frames_in >= t->server_mark + 20;
}

bool sim_ended(void *arg)
{
    const struct sim *t = arg;

    return t->client->call_count && !phone_node_live(t->client) && !phone_node_live(t->server);
}

bool sim_quiet(void *arg)
{
    const struct sim *t = arg;

    return phone_node_quiet(t->client) && phone_node_quiet(t->server);
}
