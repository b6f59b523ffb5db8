/* SPDX-License-Identifier: MIT */
/*
 * Which pair carries the media, RFC 8445 section 8.1.1. The first pair that works is selected at once, so that DTLS may
 * start. Controlling: the best pair is nominated, as soon as it works both ways; if others work first, it gets a short
 * grace. A pair on which the peer itself checks is worth more than one that only answers: FreeSWITCH checks on the one
 * pair it has locked onto and ignores media on others for about 21 s, whatever is nominated.
 * Controlled: the peer decides; of several nominations (aggressive peers, RFC 5245 section 8.1.1.2) the pair of highest
 * priority counts, unless the peer has moved on.
 */
#include "ice/agent.h"

#define GRACE_US (50 * IX_MS) /* and one round trip, from the first valid pair ... */
#define GRACE_ROUND_TRIP_MAX (250 * IX_MS) /* ... as what is known of it may be too much */
#define MOVED_ON_US (1 * IX_S) /* a nomination this old is no rival to a new one on a lesser pair */

static void select_pair(struct ix_ice *ice, struct ice_pair *p, uint64_t now_us)
{
    uint8_t i = ix_ice_pair_index(ice, p);
    if (ice->selected != i) {
        ice->selected = i;
        ice->nominated = false;
        ix_ice_tell_selected(ice);
        ix_ice_consent_start(ice, now_us);
    }
    if (ice->state == IX_ICE_CHECKING || ice->state == IX_ICE_DISCONNECTED)
        ix_ice_set_state(ice, IX_ICE_VALID);
}

static void conclude(struct ix_ice *ice, struct ice_pair *p, uint64_t now_us)
{
    ice->nominating = ICE_NONE;
    select_pair(ice, p, now_us);
    ice->nominated = true;
    if (ice->controlling) /* section 8.1.2; a controlled agent may yet have to follow its peer elsewhere */
        ix_ice_checks_stop(ice);
    ix_ice_set_state(ice, IX_ICE_CONNECTED);
}

void ix_ice_peer_nominates(struct ix_ice *ice, struct ice_pair *p, uint64_t now_us)
{
    const struct ice_pair *now = ice->nominated ? &ice->pairs[ice->selected] : NULL;
    if (ice->controlling || !p->valid || now == p)
        return;
    if (now && now->valid && now_us - now->asked_us < MOVED_ON_US &&
        ix_ice_pair_valid_priority(ice, p) < ix_ice_pair_valid_priority(ice, now))
        return;
    conclude(ice, p, now_us);
}

/* a lite peer never checks (RFC 8445 section 6.1.1) */
static bool both_ways(const struct ix_ice *ice, const struct ice_pair *p)
{
    return p->heard || ice->remote_lite;
}

static bool worth_more(const struct ix_ice *ice, const struct ice_pair *a, const struct ice_pair *b)
{
    if (both_ways(ice, a) != both_ways(ice, b))
        return both_ways(ice, a);
    return ix_ice_pair_better(ice, a, b);
}

static struct ice_pair *best_valid(struct ix_ice *ice)
{
    struct ice_pair *best = NULL;
    for (size_t i = 0; i < ice->pair_count; i++) {
        struct ice_pair *p = &ice->pairs[i];
        if (p->valid && (!best || worth_more(ice, p, best)))
            best = p;
    }
    return best;
}

static bool better_may_come(const struct ix_ice *ice, const struct ice_pair *best)
{
    for (size_t i = 0; i < ice->pair_count; i++) {
        const struct ice_pair *p = &ice->pairs[i];
        if (p == best || p->state == PAIR_FAILED)
            continue;
        if (!both_ways(ice, best) || (!(p->valid && both_ways(ice, p)) && ix_ice_pair_better(ice, p, best)))
            return true;
    }
    return false;
}

void ix_ice_pair_heard(struct ix_ice *ice, struct ice_pair *p, uint64_t now_us)
{
    if (!p->valid || !ice->controlling || ice->nominated)
        return;
    if (ice->selected != ICE_NONE && !ice->pairs[ice->selected].heard)
        select_pair(ice, p, now_us);
    ix_ice_nominate(ice, now_us);
}

void ix_ice_nominate(struct ix_ice *ice, uint64_t now_us)
{
    struct ice_pair *best = best_valid(ice);
    if (!best)
        ice->grace_us = IX_NEVER;
    if (!best || ice->state == IX_ICE_FAILED || !ice->controlling || ice->nominated || ice->nominating != ICE_NONE)
        return;
    if (ice->grace_us == IX_NEVER)
        ice->grace_us = now_us + GRACE_US + IX_MIN(best->round_trip_us, GRACE_ROUND_TRIP_MAX);
    if (now_us < ice->grace_us && better_may_come(ice, best))
        return;
    ice->nominating = ix_ice_pair_index(ice, best);
    ix_ice_check_begin(ice, best, true, now_us);
}

void ix_ice_pair_validated(struct ix_ice *ice, struct ice_pair *p, const struct ice_check *c, struct ix_now now)
{
    uint8_t i = ix_ice_pair_index(ice, p);
    p->valid = true;
    if (ice->selected == ICE_NONE || !ice->pairs[ice->selected].valid)
        select_pair(ice, p, now.mono_us);
    else if (ice->controlling && !ice->nominated && p->heard && !ice->pairs[ice->selected].heard)
        select_pair(ice, p, now.mono_us);
    if (ice->selected == i)
        ix_ice_consent_granted(ice, now.mono_us);
    if (c->nominating && ice->controlling && c->controlling)
        conclude(ice, p, now.mono_us);
    else if (p->asked)
        ix_ice_peer_nominates(ice, p, now.mono_us);
    ix_ice_nominate(ice, now.mono_us);
}
