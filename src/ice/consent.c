/* SPDX-License-Identifier: MIT */
/*
 * Consent freshness, RFC 7675: the selected pair is asked about every five seconds; answers keep it. An answer that
 * stays out makes it ask more often, and some seconds without any are DISCONNECTED (every other pair gets another
 * chance), the whole consent time is the end. It keeps NAT bindings alive as well (RFC 8445 section 11).
 */
#include "ice/agent.h"

#include <string.h>

#define INTERVAL_MS 5000 /* RFC 7675 section 5.1, times 0.8 .. 1.2 */
#define CHECKS_IN_TIME 6 /* a shorter consent time keeps this many checks */
#define OVERDUE_US (300 * IX_MS) /* or two round trips: an answer that is not here by then is missing ... */
#define PROBE_US (250 * IX_MS) /* ... and is asked for again; README.md */
#define LOST_US (1 * IX_S) /* the same, once the path counts as lost */

static uint64_t interval(const struct ix_ice *ice)
{
    uint64_t ms = IX_MIN(INTERVAL_MS, ice->config.consent_ms / CHECKS_IN_TIME);
    return IX_MAX(ms, 1) * (800 + ix_rng_below(ice->config.rng, 401)) * IX_US;
}

static bool asking(const struct ix_ice *ice)
{
    return ice->state == IX_ICE_VALID || ice->state == IX_ICE_CONNECTED || ice->state == IX_ICE_DISCONNECTED;
}

/* of questions without answer: doubt_ms, or four round trips where those are longer */
static uint64_t warn_at(const struct ix_ice *ice)
{
    uint64_t patience = IX_MAX(ice->config.doubt_ms * IX_MS, 4 * ice->pairs[ice->selected].round_trip_us);
    uint64_t half = ix_time_add(ice->consent.last_us, ice->config.consent_ms * IX_MS / 2);
    return IX_MIN(half, ix_time_add(ice->consent.asked_us, patience));
}

static uint64_t end_at(const struct ix_ice *ice)
{
    return ix_time_add(ice->consent.last_us, ice->config.consent_ms * IX_MS);
}

void ix_ice_consent_start(struct ix_ice *ice, uint64_t now_us)
{
    ice->consent = (struct ice_consent){ .last_us = now_us, .next_us = now_us + interval(ice), .asked_us = IX_NEVER };
}

void ix_ice_consent_granted(struct ix_ice *ice, uint64_t now_us)
{
    struct ice_consent *consent = &ice->consent;
    if (consent->asked_us != IX_NEVER) /* the ordinary pace again */
        consent->next_us = IX_MAX(ix_time_add(consent->asked_us, interval(ice)), now_us + PROBE_US);
    consent->asked_us = IX_NEVER;
    consent->last_us = now_us;
    ice->pairs[ice->selected].valid = true;
    if (ice->state == IX_ICE_DISCONNECTED)
        ix_ice_set_state(ice, ice->nominated ? IX_ICE_CONNECTED : IX_ICE_VALID);
}

static void ask(struct ix_ice *ice, uint64_t now_us)
{
    struct ice_consent *consent = &ice->consent;
    consent->newest = (uint8_t) ((consent->newest + 1) % ICE_CONSENT_KEPT);
    /* a controlling agent says again which pair it has nominated, should the peer have missed it */
    ix_ice_check_make(ice, &consent->checks[consent->newest], ice->controlling && ice->nominated, now_us);
    consent->wants_send = true;
    uint64_t wait = IX_MAX(OVERDUE_US, 2 * ice->pairs[ice->selected].round_trip_us);
    if (consent->asked_us == IX_NEVER)
        consent->asked_us = now_us;
    else
        wait = ice->state == IX_ICE_DISCONNECTED ? LOST_US : PROBE_US;
    consent->next_us = now_us + IX_MIN(wait, interval(ice));
}

void ix_ice_probe(struct ix_ice *ice, struct ix_now now)
{
    if (asking(ice) && ice->consent.asked_us == IX_NEVER)
        ask(ice, now.mono_us);
}

/* the selected pair is in doubt: look for another while there is time */
static void doubt(struct ix_ice *ice, uint64_t now_us)
{
    ice->pairs[ice->selected].valid = false;
    ix_ice_set_state(ice, IX_ICE_DISCONNECTED);
    ix_ice_pair_unfail(ice);
    if (ice->controlling)
        ice->nominated = false;
    ix_ice_nominate(ice, now_us);
}

void ix_ice_consent_timeout(struct ix_ice *ice, uint64_t now_us)
{
    if (!asking(ice))
        return;
    if (now_us >= end_at(ice)) {
        ice->consent.wants_send = false;
        ix_ice_checks_stop(ice);
        ix_ice_set_state(ice, IX_ICE_FAILED);
        return;
    }
    if (now_us >= warn_at(ice) && ice->state != IX_ICE_DISCONNECTED)
        doubt(ice, now_us);
    if (now_us >= ice->consent.next_us)
        ask(ice, now_us);
}

uint64_t ix_ice_consent_deadline(const struct ix_ice *ice)
{
    if (!asking(ice))
        return IX_NEVER;
    uint64_t at = ice->state == IX_ICE_DISCONNECTED ? end_at(ice) : warn_at(ice);
    return IX_MIN(at, ice->consent.next_us);
}

bool ix_ice_consent_response(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *from, const struct ix_stun_msg *m, struct ix_now now)
{
    if (!asking(ice))
        return false;
    struct ice_pair *p = &ice->pairs[ice->selected];
    struct ix_addr to = ix_ice_pair_remote_addr(ice, p);
    for (size_t i = 0; i < ICE_CONSENT_KEPT; i++) {
        struct ice_check *c = &ice->consent.checks[i];
        if (!c->live || memcmp(c->transaction, m->transaction, sizeof(c->transaction)) != 0)
            continue;
        if (!ix_stun_check_integrity(m, ix_str(ice->remote_pwd)))
            return false;
        c->live = false;
        if (m->cls != IX_STUN_SUCCESS || ice->bases[p->base].socket != socket || !ix_ice_same_peer(&to, from))
            return true;
        p->round_trip_us = IX_MAX(now.mono_us - c->sent_us, 1);
        ix_ice_consent_granted(ice, now.mono_us);
        ix_ice_nominate(ice, now.mono_us);
        return true;
    }
    return false;
}

bool ix_ice_consent_poll(struct ix_ice *ice, struct ix_ice_send *out)
{
    if (!ice->consent.wants_send)
        return false;
    ice->consent.wants_send = false;
    return ix_ice_check_build(ice, &ice->pairs[ice->selected], &ice->consent.checks[ice->consent.newest], out);
}
