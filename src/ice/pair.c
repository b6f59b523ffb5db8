/* SPDX-License-Identifier: MIT */
/*
 * The checklist, RFC 8445 section 6.1.2: pairs of a socket and a remote candidate, their priorities and states, and
 * which is checked next (6.1.4.2). A reflexive candidate is checked from its base, so pairs are formed from sockets:
 * that is the pruning of 6.1.2.4 from the start.
 *
 *   FROZEN --same foundation succeeded, or nothing else to do--> WAITING --> IN_PROGRESS --> SUCCEEDED | FAILED
 *   A triggered check brings any of them back to WAITING.
 */
#include "ice/agent.h"

#include <string.h>

#define PAIRS_STEP 16

static uint64_t priority_of(const struct ix_ice *ice, uint32_t local, uint32_t remote)
{
    return ice->controlling ? ix_ice_pair_priority(local, remote) : ix_ice_pair_priority(remote, local);
}

uint8_t ix_ice_pair_index(const struct ix_ice *ice, const struct ice_pair *p)
{
    return (uint8_t) (p - ice->pairs);
}

/* a link-local address of the peer is on the link of our socket (RFC 6874: a zone means something to one host only) */
struct ix_addr ix_ice_pair_remote_addr(const struct ix_ice *ice, const struct ice_pair *p)
{
    struct ix_addr a = ice->remotes[p->remote].addr;
    if (a.family == IX_IPV6 && ix_addr_is_link_local(&a) && !a.scope)
        a.scope = ice->bases[p->base].addr.scope;
    return a;
}

struct ice_pair *ix_ice_pair_find(struct ix_ice *ice, uint8_t base, uint8_t remote)
{
    for (size_t i = 0; i < ice->pair_count; i++)
        if (ice->pairs[i].base == base && ice->pairs[i].remote == remote)
            return &ice->pairs[i];
    return NULL;
}

static int grow(struct ix_ice *ice)
{
    size_t cap = IX_MIN(ice->pair_cap + PAIRS_STEP, ICE_PAIRS_MAX);
    struct ice_pair *pairs = ix_realloc(ice->pairs, cap * sizeof(*pairs));
    if (!pairs)
        return IRISX_E_NO_MEMORY;
    ice->pairs = pairs;
    ice->pair_cap = cap;
    return 0;
}

/* RFC 8445 section 6.1.2.5: over the limit the pairs of lowest priority fall; what was begun stays */
static struct ice_pair *least(struct ix_ice *ice, uint64_t below)
{
    struct ice_pair *found = NULL;
    for (size_t i = 0; i < ice->pair_count; i++) {
        struct ice_pair *p = &ice->pairs[i];
        if (p->state <= PAIR_WAITING && !p->trigger && !p->valid && p->priority < below) {
            below = p->priority;
            found = p;
        }
    }
    return found;
}

int ix_ice_pair_add(struct ix_ice *ice, uint8_t base, uint8_t remote, struct ice_pair **out)
{
    uint64_t priority = priority_of(ice, ice->bases[base].priority, ice->remotes[remote].priority);
    struct ice_pair *p = NULL;
    if (ice->pair_count == ice->pair_cap && ice->pair_cap < ICE_PAIRS_MAX) {
        int err = grow(ice);
        if (err)
            return err;
    }
    p = ice->pair_count < ice->pair_cap ? &ice->pairs[ice->pair_count++] : least(ice, priority);
    if (!p)
        return IRISX_E_LIMIT;
    *p = (struct ice_pair){ .base = base, .remote = remote, .priority = priority, .next_us = IX_NEVER };
    *out = p;
    return 0;
}

static bool same_foundation(const struct ix_ice *ice, const struct ice_pair *a, const struct ice_pair *b)
{
    return strcmp(ice->locals[ice->bases[a->base].first].foundation,
               ice->locals[ice->bases[b->base].first].foundation) == 0 &&
           strcmp(ice->remotes[a->remote].foundation, ice->remotes[b->remote].foundation) == 0;
}

/* RFC 8445 section 6.1.2.6: of the pairs of one foundation only the best starts out waiting */
static void freeze(struct ix_ice *ice, struct ice_pair *p)
{
    p->state = PAIR_WAITING;
    for (size_t i = 0; i < ice->pair_count; i++) {
        struct ice_pair *other = &ice->pairs[i];
        if (other == p || other->state > PAIR_IN_PROGRESS || !same_foundation(ice, p, other))
            continue;
        if (other->state == PAIR_IN_PROGRESS || other->trigger || other->priority >= p->priority)
            p->state = PAIR_FROZEN;
        else
            other->state = PAIR_FROZEN;
    }
}

int ix_ice_pair_base(struct ix_ice *ice, uint8_t base, uint8_t remote)
{
    struct ice_pair *p;
    if (!ix_ice_may_pair(&ice->bases[base].addr, &ice->remotes[remote].addr) || ix_ice_pair_find(ice, base, remote))
        return 0;
    int err = ix_ice_pair_add(ice, base, remote, &p);
    if (!err)
        freeze(ice, p);
    return err == IRISX_E_NO_MEMORY ? err : 0;
}

int ix_ice_pair_remote(struct ix_ice *ice, uint8_t remote)
{
    int err = 0;
    for (size_t i = 0; !err && i < ice->base_count; i++)
        err = ix_ice_pair_base(ice, (uint8_t) i, remote);
    return err;
}

void ix_ice_pair_thaw(struct ix_ice *ice, const struct ice_pair *succeeded)
{
    for (size_t i = 0; i < ice->pair_count; i++)
        if (ice->pairs[i].state == PAIR_FROZEN && same_foundation(ice, succeeded, &ice->pairs[i]))
            ice->pairs[i].state = PAIR_WAITING;
}

void ix_ice_pair_trigger(struct ix_ice *ice, struct ice_pair *p)
{
    if (!p->trigger)
        p->trigger = ++ice->last_trigger;
    if (p->state != PAIR_IN_PROGRESS)
        p->state = PAIR_WAITING;
}

void ix_ice_pair_reprioritise(struct ix_ice *ice)
{
    for (size_t i = 0; i < ice->pair_count; i++) {
        struct ice_pair *p = &ice->pairs[i];
        uint32_t local = ice->bases[p->base].priority;
        uint32_t remote = ice->remotes[p->remote].priority;
        p->priority = priority_of(ice, local, remote);
    }
}

/* of the pair that a success made: with the candidate that the peer saw us from (RFC 8445 section 7.2.5.3.2) */
uint64_t ix_ice_pair_valid_priority(const struct ix_ice *ice, const struct ice_pair *p)
{
    return priority_of(ice, p->seen_priority, ice->remotes[p->remote].priority);
}

void ix_ice_pair_unfail(struct ix_ice *ice)
{
    for (size_t i = 0; i < ice->pair_count; i++)
        if (ice->pairs[i].state == PAIR_FAILED)
            ice->pairs[i].state = PAIR_WAITING;
}

/* the head of the triggered-check queue, or the best pair that nobody has asked for */
struct ice_pair *ix_ice_pair_next(struct ix_ice *ice, bool triggered)
{
    struct ice_pair *found = NULL;
    for (size_t i = 0; i < ice->pair_count; i++) {
        struct ice_pair *p = &ice->pairs[i];
        if (triggered != (p->trigger != 0) || (!triggered && p->state > PAIR_WAITING))
            continue;
        if (!found ||
            (triggered ? p->trigger < found->trigger
                       : p->state > found->state || (p->state == found->state && p->priority > found->priority)))
            found = p;
    }
    return found;
}

/*
 * Which of two pairs is nominated: first the order of our own candidates, as FreeSWITCH takes the first of them that it
 * can use, then the peer's, by pair priority.
 */
bool ix_ice_pair_better(const struct ix_ice *ice, const struct ice_pair *a, const struct ice_pair *b)
{
    uint8_t rank_a = ice->bases[a->base].first;
    uint8_t rank_b = ice->bases[b->base].first;
    if (rank_a != rank_b)
        return rank_a < rank_b;
    return a->priority != b->priority ? a->priority > b->priority : a->remote < b->remote;
}
