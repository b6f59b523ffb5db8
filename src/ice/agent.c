/* SPDX-License-Identifier: MIT */
/*
 * The ICE agent, RFC 8445: its life, its commands and its four verbs. What happens inside is in the sibling files
 * (agent.h names them).
 *
 *   NEW --start--> CHECKING --a check answered--> VALID --nomination--> CONNECTED <--consent--> DISCONNECTED
 *                     |                             |                      |                        |
 *                     +---- no pair in time --------+---- consent gone ----+------------------------+--> FAILED
 */
#include "ice/agent.h"

#include <string.h>

#define TA_MS 20
#define TA_MIN_MS 5 /* RFC 8445 section 14.2 */
#define FAIL_MS 15000
#define CONSENT_MS 30000
#define DOUBT_MS 2500

void ix_ice_init(struct ix_ice *ice, const struct ix_ice_config *config, bool controlling)
{
    ice->config = *config;
    ice->config.ta_ms = config->ta_ms ? IX_MAX(config->ta_ms, TA_MIN_MS) : TA_MS;
    ice->config.fail_ms = config->fail_ms ? config->fail_ms : FAIL_MS;
    ice->config.consent_ms = config->consent_ms ? config->consent_ms : CONSENT_MS;
    ice->config.doubt_ms = config->doubt_ms ? config->doubt_ms : DOUBT_MS;
    ice->controlling = controlling;
    ice->tie_breaker = ix_rng_u64(config->rng);
    ix_rng_ice(config->rng, ice->ufrag, IX_ICE_UFRAG);
    ix_rng_ice(config->rng, ice->pwd, IX_ICE_PWD);
    ice->selected = ice->nominating = ICE_NONE;
    ice->fail_us = ice->grace_us = ice->error_second = ice->consent.asked_us = IX_NEVER;
}

int ix_ice_new(const struct ix_ice_config *config, struct ix_ice **out)
{
    struct ix_ice *ice = ix_alloc(sizeof(*ice));
    if (!ice)
        return IRISX_E_NO_MEMORY;
    ix_ice_init(ice, config, config->controlling);
    *out = ice;
    return 0;
}

void ix_ice_free(struct ix_ice *ice)
{
    if (!ice)
        return;
    ix_ice_previous_end(ice);
    ix_free(ice->pairs);
    ix_wipe(ice, sizeof(*ice));
    ix_free(ice);
}

const char *ix_ice_ufrag(const struct ix_ice *ice)
{
    return ice->ufrag;
}

const char *ix_ice_pwd(const struct ix_ice *ice)
{
    return ice->pwd;
}

/* ---- candidates and credentials ---------------------------------------------------------- */

static bool same_socket(const struct ice_base *b, const struct ix_candidate *c)
{
    return b->socket == c->socket;
}

static bool running(const struct ix_ice *ice)
{
    return ice->state != IX_ICE_NEW && ice->state != IX_ICE_FAILED;
}

static int pair_base(struct ix_ice *ice, uint8_t base, struct ix_now now)
{
    int err = 0;
    for (size_t r = 0; !err && r < ice->remote_count && running(ice); r++)
        err = ix_ice_pair_base(ice, base, (uint8_t) r);
    ix_ice_checks_run(ice, now.mono_us);
    return err;
}

int ix_ice_add_local(struct ix_ice *ice, const struct ix_candidate *c, struct ix_now now)
{
    if (ice->state == IX_ICE_FAILED)
        return IRISX_E_STATE;
    if (!ix_ice_addr_usable(&c->addr) || !ix_ice_addr_usable(&c->base))
        return IRISX_E_INVALID;
    if (ice->local_count == IX_ICE_MAX_LOCAL)
        return IRISX_E_LIMIT;
    size_t i = 0;
    while (i < ice->base_count && !same_socket(&ice->bases[i], c))
        i++;
    bool fresh = i == ice->base_count;
    if (fresh)
        ice->bases[ice->base_count++] =
            (struct ice_base){ c->socket, c->priority, c->base, c->type, (uint8_t) ice->local_count };
    else if (c->priority > ice->bases[i].priority) {
        ice->bases[i].priority = c->priority;
        ice->bases[i].type = c->type;
    }
    ice->locals[ice->local_count++] = *c;
    return fresh ? pair_base(ice, (uint8_t) i, now) : 0;
}

size_t ix_ice_locals(const struct ix_ice *ice, const struct ix_candidate **out)
{
    *out = ice->locals;
    return ice->local_count;
}

size_t ix_ice_remote_count(const struct ix_ice *ice)
{
    return ice->remote_count;
}

const struct ix_addr *ix_ice_remote(const struct ix_ice *ice, size_t i)
{
    return &ice->remotes[i].addr;
}

void ix_ice_set_controlling(struct ix_ice *ice, bool controlling)
{
    if (ice->state == IX_ICE_NEW)
        ice->controlling = controlling;
}

static bool ice_chars(struct ix_str s, size_t least)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '+' && c != '/' && c != '-' && c != '_') /* the last two: seen in the wild */
            return false;
    }
    return s.n >= least && s.n <= 256; /* RFC 8839 section 5.4 */
}

int ix_ice_set_remote(struct ix_ice *ice, struct ix_str ufrag, struct ix_str pwd, bool lite)
{
    if (!ice_chars(ufrag, 4) || !ice_chars(pwd, 22))
        return IRISX_E_PROTOCOL;
    bool same = ix_str_eq(ufrag, ix_str(ice->remote_ufrag)) && ix_str_eq(pwd, ix_str(ice->remote_pwd));
    if (ice->state != IX_ICE_NEW)
        return same ? 0 : IRISX_E_STATE;
    (void) ix_str_copy(ice->remote_ufrag, sizeof(ice->remote_ufrag), ufrag); /* both fit: checked above */
    (void) ix_str_copy(ice->remote_pwd, sizeof(ice->remote_pwd), pwd);
    ice->remote_lite = lite;
    if (lite) /* RFC 8445 section 6.1.1: the full agent controls */
        ice->controlling = true;
    return 0;
}

/* a candidate that a check has taught us already: now it has a name (RFC 8445 section 7.3.1.3) */
static void name_prflx(struct ix_ice *ice, struct ix_candidate *known, const struct ix_candidate *c)
{
    if (known->type != IX_CAND_PRFLX || c->type == IX_CAND_PRFLX)
        return;
    *known = *c;
    ice->prflx_count--;
    ix_ice_pair_reprioritise(ice);
}

int ix_ice_add_remote(struct ix_ice *ice, const struct ix_candidate *c, struct ix_now now)
{
    if (!ix_ice_addr_usable(&c->addr))
        return IRISX_E_INVALID;
    for (size_t i = 0; i < ice->remote_count; i++) {
        if (ix_ice_same_peer(&ice->remotes[i].addr, &c->addr)) {
            name_prflx(ice, &ice->remotes[i], c);
            return 0;
        }
    }
    if (ice->remote_count == IX_ICE_MAX_REMOTE)
        return IRISX_E_LIMIT;
    ice->remotes[ice->remote_count++] = *c;
    if (!running(ice))
        return 0;
    int err = ix_ice_pair_remote(ice, (uint8_t) (ice->remote_count - 1));
    ix_ice_checks_run(ice, now.mono_us);
    return err;
}

/* Ends nothing early: a peer whose candidates are of no use (host names, say) is still learnt from its checks. */
void ix_ice_remote_done(struct ix_ice *ice)
{
    for (size_t r = 0; r < ice->remote_count; r++)
        for (size_t b = 0; b < ice->base_count; b++)
            if (ix_ice_may_pair(&ice->bases[b].addr, &ice->remotes[r].addr))
                return;
    ix_log(ice->config.log, IX_LOG_WARN, "ice",
        "%s: none of the peer's %zu addresses can be reached from our %zu sockets", ice->ufrag, ice->remote_count,
        ice->base_count);
}

int ix_ice_start(struct ix_ice *ice, struct ix_now now)
{
    if (ice->state != IX_ICE_NEW || !ice->remote_pwd[0])
        return IRISX_E_STATE;
    for (size_t i = 0; i < ice->remote_count; i++) {
        int err = ix_ice_pair_remote(ice, (uint8_t) i);
        if (err)
            return err; /* may be tried again */
    }
    ice->fail_us = ix_time_add(now.mono_us, ice->config.fail_ms * IX_MS);
    ix_ice_set_state(ice, IX_ICE_CHECKING);
    for (size_t i = 0; i < ice->early_count; i++)
        ix_ice_learn(ice, &ice->early[i], now);
    ice->early_count = 0;
    ix_ice_checks_run(ice, now.mono_us);
    return 0;
}

/* ---- what it tells ----------------------------------------------------------------------- */

static void push_event(struct ix_ice *ice, const struct ice_event *e)
{
    if (ice->event_count == ICE_EVENTS_MAX) /* nobody drains: the oldest news falls */
        memmove(&ice->events[0], &ice->events[1], --ice->event_count * sizeof(ice->events[0]));
    ice->events[ice->event_count++] = *e;
}

void ix_ice_set_state(struct ix_ice *ice, enum ix_ice_state state)
{
    static const char *const names[] = { "new", "checking", "valid", "connected", "disconnected", "failed" };
    if (ice->state == state)
        return;
    ix_log(ice->config.log, IX_LOG_DEBUG, "ice", "%s: %s -> %s", ice->ufrag, names[ice->state], names[state]);
    ice->state = state;
    if (state == IX_ICE_CONNECTED)
        ix_ice_previous_end(ice);
    if (state != IX_ICE_FAILED || !ix_ice_previous_works(ice)) /* README.md: a restart that fails */
        push_event(ice, &(struct ice_event){ .kind = IX_ICE_OUT_STATE, .state = state });
}

bool ix_ice_knows(const struct ix_ice *ice, const struct ix_addr *from)
{
    for (size_t i = 0; i < ice->remote_count; i++)
        if (ix_ice_same_peer(&ice->remotes[i].addr, from))
            return true;
    for (size_t i = 0; i < ice->early_count; i++)
        if (ix_ice_same_peer(&ice->early[i].from, from))
            return true;
    return ice->previous && ix_ice_knows(ice->previous, from);
}

bool ix_ice_selected(const struct ix_ice *ice, struct ix_ice_pair *out)
{
    bool lost = ice->selected == ICE_NONE || ice->state == IX_ICE_FAILED;
    if (ice->previous && (lost || ix_ice_previous_better(ice)))
        return ix_ice_selected(ice->previous, out);
    if (ice->selected == ICE_NONE)
        return false;
    const struct ice_pair *p = &ice->pairs[ice->selected];
    const struct ice_base *b = &ice->bases[p->base];
    *out = (struct ix_ice_pair){ b->socket, b->addr, ix_ice_pair_remote_addr(ice, p), p->local_type,
        ice->remotes[p->remote].type, p->round_trip_us };
    return true;
}

void ix_ice_tell_selected(struct ix_ice *ice)
{
    struct ice_event e = { .kind = IX_ICE_OUT_SELECTED };
    ice->untold = ix_ice_previous_better(ice);
    if (!ice->untold && ix_ice_selected(ice, &e.pair))
        push_event(ice, &e);
}

enum ix_ice_state ix_ice_state(const struct ix_ice *ice)
{
    return ice->state == IX_ICE_FAILED && ix_ice_previous_works(ice) ? ice->previous->state : ice->state;
}

/* RFC 8445 section 7.3.1.1: priorities are another function of the same candidates; nomination begins anew */
void ix_ice_switch_role(struct ix_ice *ice, bool controlling, struct ix_now now)
{
    if (ice->controlling == controlling)
        return;
    ix_log(ice->config.log, IX_LOG_DEBUG, "ice", "%s: role conflict, now %s", ice->ufrag,
        controlling ? "controlling" : "controlled");
    ice->controlling = controlling;
    ice->nominating = ICE_NONE;
    ix_ice_pair_reprioritise(ice);
    for (size_t i = 0; i < ice->pair_count && !controlling; i++)
        if (ice->pairs[i].asked && ice->pairs[i].valid)
            ix_ice_peer_nominates(ice, &ice->pairs[i], now.mono_us);
    ix_ice_nominate(ice, now.mono_us);
}

/* ---- the four verbs ---------------------------------------------------------------------- */

static bool input(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *from, const struct ix_stun_msg *m, struct ix_now now)
{
    bool ours = false;
    switch (m->cls) {
    case IX_STUN_REQUEST:
        ours = ix_ice_request(ice, socket, from, m, now);
        break;
    case IX_STUN_SUCCESS:
    case IX_STUN_ERROR:
        ours = ix_ice_check_response(ice, socket, from, m, now) || ix_ice_consent_response(ice, socket, from, m, now);
        break;
    case IX_STUN_INDICATION: /* a keep-alive of RFC 5245: nothing to do and nobody to ask whose it is */
        break;
    }
    if (ours)
        ix_ice_checks_run(ice, now.mono_us);
    return ours;
}

bool ix_ice_input(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *from, const void *p, size_t n, struct ix_now now)
{
    struct ix_stun_msg m;
    if (ix_stun_parse(&m, p, n) != 0 || m.method != IX_STUN_BINDING)
        return false;
    if (input(ice, socket, from, &m, now))
        return true;
    return ice->previous && input(ice->previous, socket, from, &m, now);
}

void ix_ice_timeout(struct ix_ice *ice, struct ix_now now)
{
    bool alive = ix_ice_previous_works(ice);
    if (ice->previous)
        ix_ice_timeout(ice->previous, now);
    if (ice->state == IX_ICE_FAILED && alive && !ix_ice_previous_works(ice)) /* now both have failed */
        push_event(ice, &(struct ice_event){ .kind = IX_ICE_OUT_STATE, .state = IX_ICE_FAILED });
    if (ice->state == IX_ICE_NEW || ice->state == IX_ICE_FAILED)
        return;
    if (ice->state == IX_ICE_CHECKING && now.mono_us >= ice->fail_us) {
        ix_ice_checks_stop(ice);
        ix_ice_set_state(ice, IX_ICE_FAILED);
    }
    ix_ice_consent_timeout(ice, now.mono_us);
    ix_ice_checks_run(ice, now.mono_us);
    ix_ice_nominate(ice, now.mono_us);
}

uint64_t ix_ice_deadline(const struct ix_ice *ice)
{
    uint64_t at = ice->previous ? ix_ice_deadline(ice->previous) : IX_NEVER;
    if (ice->state == IX_ICE_NEW || ice->state == IX_ICE_FAILED)
        return at;
    if (ice->state == IX_ICE_CHECKING)
        at = IX_MIN(at, ice->fail_us);
    if (ice->controlling && !ice->nominated && ice->nominating == ICE_NONE)
        at = IX_MIN(at, ice->grace_us);
    at = IX_MIN(at, ix_ice_checks_deadline(ice));
    return IX_MIN(at, ix_ice_consent_deadline(ice));
}

bool ix_ice_poll(struct ix_ice *ice, struct ix_ice_out *out)
{
    *out = (struct ix_ice_out){ .kind = IX_ICE_OUT_SEND };
    if (ix_ice_answer_poll(ice, &out->send) || ix_ice_check_poll(ice, &out->send) ||
        ix_ice_consent_poll(ice, &out->send))
        return true;
    if (ice->previous)
        ix_ice_previous_poll(ice, out);
    if (out->send.data)
        return true;
    if (ice->untold)
        ix_ice_tell_selected(ice);
    if (!ice->event_count)
        return false;
    struct ice_event e = ice->events[0];
    memmove(&ice->events[0], &ice->events[1], --ice->event_count * sizeof(ice->events[0]));
    *out = (struct ix_ice_out){ .kind = e.kind, .state = e.state, .pair = e.pair };
    return true;
}
