/* SPDX-License-Identifier: MIT */
/*
 * Our connectivity checks, RFC 8445 section 7.2: pacing (6.1.4.2, 14), the request, its repetition (RFC 8489 section
 * 6.2.1) and what the answer means.
 */
#include "ice/agent.h"

#include <string.h>

#define TRIGGERED_GAP (5 * IX_MS) /* RFC 8445 section 14.2: the least time between two new checks */
#define RTO_MIN (100 * IX_MS) /* README.md: RFC 8445 section 14.3 says 500 ms */
#define RTO_MAX (500 * IX_MS)
#define SENDS 7 /* Rc, RFC 8489 section 6.2.1 */
#define LAST_WAIT 16 /* Rm, in RTO */
#define NOMINATION_SENDS 15 /* README.md: evenly, over a path that works and carries media already */
#define NOMINATION_EVERY (100 * IX_MS)
#define NOMINATION_WAIT (1250 * IX_MS) /* at least, before another pair: longer than the peer's memory (nominate.c) */
#define CONFLICTS_MAX 4 /* role conflicts that end well need one */

static void want_send(struct ix_ice *ice, struct ice_pair *p, bool want)
{
    if (p->wants_send != want)
        ice->sends_wanted += want ? 1 : (size_t) -1;
    p->wants_send = want;
}

static size_t active(const struct ix_ice *ice)
{
    size_t n = 0;
    for (size_t i = 0; i < ice->pair_count; i++)
        n += ice->pairs[i].state == PAIR_WAITING || ice->pairs[i].state == PAIR_IN_PROGRESS;
    return n;
}

/* RFC 8445 section 14.3, with a smaller floor; a known round trip makes it sharper */
static uint64_t first_rto(const struct ix_ice *ice, const struct ice_pair *p)
{
    uint64_t rto = p->round_trip_us ? p->round_trip_us * 5 / 4 : ice->config.ta_ms * IX_MS * active(ice);
    return IX_MIN(IX_MAX(rto, RTO_MIN), RTO_MAX);
}

static void transmit(struct ix_ice *ice, struct ice_pair *p, uint64_t now_us)
{
    want_send(ice, p, true);
    p->check.repeated = p->sends > 0;
    p->sends++;
    uint64_t wait = p->rto_us << (p->sends - 1U);
    if (p->check.nominating)
        wait = p->sends < NOMINATION_SENDS ? NOMINATION_EVERY : IX_MAX(4 * p->rto_us, NOMINATION_WAIT);
    else if (p->sends == SENDS)
        wait = LAST_WAIT * p->rto_us;
    p->next_us = now_us + wait;
}

void ix_ice_check_make(const struct ix_ice *ice, struct ice_check *c, bool nominating, uint64_t now_us)
{
    *c = (struct ice_check){ .live = true,
        .controlling = ice->controlling,
        .nominating = nominating,
        .tie_breaker = ice->tie_breaker,
        .sent_us = now_us };
    ix_rng_fill(ice->config.rng, c->transaction, sizeof(c->transaction));
}

void ix_ice_check_begin(struct ix_ice *ice, struct ice_pair *p, bool nominating, uint64_t now_us)
{
    if (p->check.live)
        p->before = p->check;
    ix_ice_check_make(ice, &p->check, nominating, now_us);
    p->trigger = 0;
    p->state = PAIR_IN_PROGRESS;
    p->sends = 0;
    p->rto_us = first_rto(ice, p);
    transmit(ice, p, now_us);
    ice->last_check_us = now_us;
    ice->any_check = true;
}

/* the transaction is over, whatever came of it */
static void end(struct ix_ice *ice, struct ice_pair *p, enum ice_pair_state state)
{
    want_send(ice, p, false);
    p->check.live = p->before.live = false;
    p->next_us = IX_NEVER;
    p->again = 0;
    p->state = state;
}

static void fail(struct ix_ice *ice, struct ice_pair *p, uint64_t now_us)
{
    end(ice, p, PAIR_FAILED);
    p->valid = false;
    p->trigger = 0;
    if (ice->nominating == ix_ice_pair_index(ice, p))
        ice->nominating = ICE_NONE;
    ix_ice_nominate(ice, now_us);
}

void ix_ice_checks_stop(struct ix_ice *ice)
{
    for (size_t i = 0; i < ice->pair_count; i++) {
        struct ice_pair *p = &ice->pairs[i];
        p->trigger = 0;
        if (p->state == PAIR_IN_PROGRESS)
            end(ice, p, p->valid ? PAIR_SUCCEEDED : PAIR_FAILED);
    }
}

/* ---- pacing ------------------------------------------------------------------------------ */

static bool ordinary_allowed(const struct ix_ice *ice)
{
    return !ice->nominated || ice->state == IX_ICE_DISCONNECTED;
}

/* the pair to be checked next, and when */
static struct ice_pair *next_check(struct ix_ice *ice, uint64_t *at_us)
{
    uint64_t gap = TRIGGERED_GAP;
    struct ice_pair *p = ix_ice_pair_next(ice, true);
    if (!p && ordinary_allowed(ice)) {
        p = ix_ice_pair_next(ice, false);
        gap = ice->config.ta_ms * IX_MS;
    }
    *at_us = ice->any_check ? ix_time_add(ice->last_check_us, gap) : 0;
    return p;
}

static void repeat_due(struct ix_ice *ice, uint64_t now_us)
{
    for (size_t i = 0; i < ice->pair_count; i++) {
        struct ice_pair *p = &ice->pairs[i];
        if (p->state != PAIR_IN_PROGRESS || p->next_us > now_us)
            continue;
        if (p->sends < (p->check.nominating ? NOMINATION_SENDS : SENDS))
            transmit(ice, p, now_us);
        else if (ice->state == IX_ICE_CHECKING)
            end(ice, p, PAIR_WAITING); /* once more while there is time: the peer may be late */
        else
            fail(ice, p, now_us);
    }
}

void ix_ice_checks_run(struct ix_ice *ice, uint64_t now_us)
{
    uint64_t at_us;
    if (ice->state == IX_ICE_NEW || ice->state == IX_ICE_FAILED)
        return;
    repeat_due(ice, now_us);
    struct ice_pair *p = next_check(ice, &at_us);
    if (p && at_us <= now_us)
        ix_ice_check_begin(ice, p, false, now_us);
}

uint64_t ix_ice_checks_deadline(const struct ix_ice *ice)
{
    uint64_t at = IX_NEVER;
    uint64_t next_us;
    for (size_t i = 0; i < ice->pair_count; i++)
        if (ice->pairs[i].state == PAIR_IN_PROGRESS)
            at = IX_MIN(at, ice->pairs[i].next_us);
    /* looks only; the cast spares a second copy of the search */
    return next_check((struct ix_ice *) (uintptr_t) ice, &next_us) ? IX_MIN(at, next_us) : at;
}

/* ---- the request ------------------------------------------------------------------------- */

bool ix_ice_check_build(
    struct ix_ice *ice, const struct ice_pair *p, const struct ice_check *c, struct ix_ice_send *out)
{
    const struct ice_base *base = &ice->bases[p->base];
    uint32_t prflx = ix_ice_prflx_priority(base->priority);
    uint8_t priority[4] = { (uint8_t) (prflx >> 24), (uint8_t) (prflx >> 16), (uint8_t) (prflx >> 8), (uint8_t) prflx };
    uint8_t tie_breaker[8];
    char username[ICE_REMOTE_TEXT + IX_ICE_UFRAG + 1];
    struct ix_buf b;
    for (size_t i = 0; i < 8; i++)
        tie_breaker[i] = (uint8_t) (c->tie_breaker >> (56 - 8 * i));
    ix_buf_init_fixed(&b, username, sizeof(username));
    ix_buf_fmt(&b, "%s:%s", ice->remote_ufrag, ice->ufrag);
    size_t username_len = b.n;
    ix_buf_init_fixed(&b, ice->packet, sizeof(ice->packet));
    ix_stun_begin(&b, IX_STUN_REQUEST, IX_STUN_BINDING, c->transaction);
    ix_stun_attr(&b, IX_STUN_USERNAME, username, username_len);
    ix_stun_attr(&b, IX_STUN_PRIORITY, priority, sizeof(priority));
    ix_stun_attr(&b, c->controlling ? IX_STUN_ICE_CONTROLLING : IX_STUN_ICE_CONTROLLED, tie_breaker, 8);
    if (c->nominating)
        ix_stun_attr(&b, IX_STUN_USE_CANDIDATE, NULL, 0);
    int err = ix_stun_end(&b, ix_str(ice->remote_pwd));
    *out = (struct ix_ice_send){
        .socket = base->socket, .to = ix_ice_pair_remote_addr(ice, p), .data = ice->packet, .len = b.n
    };
    return !err;
}

bool ix_ice_check_poll(struct ix_ice *ice, struct ix_ice_send *out)
{
    for (size_t i = 0; i < ice->pair_count && ice->sends_wanted; i++) {
        struct ice_pair *p = &ice->pairs[i];
        if (!p->wants_send)
            continue;
        want_send(ice, p, false);
        if (ix_ice_check_build(ice, p, &p->check, out))
            return true;
    }
    return false;
}

/* ---- the answer -------------------------------------------------------------------------- */

static struct ice_pair *pair_of(struct ix_ice *ice, const struct ix_stun_msg *m, struct ice_check *out)
{
    for (size_t i = 0; i < ice->pair_count; i++) {
        struct ice_pair *p = &ice->pairs[i];
        const struct ice_check *both[] = { &p->check, &p->before };
        for (size_t k = 0; k < 2; k++) {
            if (both[k]->live && memcmp(both[k]->transaction, m->transaction, sizeof(m->transaction)) == 0) {
                *out = *both[k];
                return p;
            }
        }
    }
    return NULL;
}

/* which of our candidates the peer saw; an address that is none of them is peer-reflexive (section 7.2.5.3.1) */
static void note_seen(const struct ix_ice *ice, struct ice_pair *p, const struct ix_addr *mapped)
{
    const struct ice_base *base = &ice->bases[p->base];
    p->local_type = IX_CAND_PRFLX;
    p->seen_priority = ix_ice_prflx_priority(base->priority);
    for (size_t i = 0; i < ice->local_count; i++) {
        const struct ix_candidate *c = &ice->locals[i];
        if (c->socket == base->socket && ix_ice_same_peer(&c->addr, mapped)) {
            p->local_type = c->type;
            p->seen_priority = c->priority;
            return;
        }
    }
}

/* RFC 8445 section 7.2.5.1; a peer that never agrees is no peer */
static void role_conflict(struct ix_ice *ice, struct ice_pair *p, const struct ice_check *c, struct ix_now now)
{
    bool news = c->controlling == ice->controlling;
    if (ice->remote_lite || (news && ++ice->conflicts > CONFLICTS_MAX)) {
        fail(ice, p, now.mono_us);
        return;
    }
    end(ice, p, PAIR_WAITING);
    if (news) {
        ice->tie_breaker = ix_rng_u64(ice->config.rng); /* section 16.1: it MUST change after a 487 */
        ix_ice_switch_role(ice, !c->controlling, now);
    }
    if (p->state != PAIR_IN_PROGRESS)
        ix_ice_pair_trigger(ice, p);
}

static void succeeded(
    struct ix_ice *ice, struct ice_pair *p, const struct ice_check *c, const struct ix_addr *mapped, struct ix_now now)
{
    if (!c->repeated || !p->round_trip_us) /* of a repeated check it is an upper bound, better than nothing */
        p->round_trip_us = IX_MAX(now.mono_us - c->sent_us, 1);
    end(ice, p, PAIR_SUCCEEDED);
    p->trigger = 0;
    note_seen(ice, p, mapped);
    ix_ice_pair_thaw(ice, p);
    ix_ice_pair_validated(ice, p, c, now);
}

bool ix_ice_check_response(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *from, const struct ix_stun_msg *m, struct ix_now now)
{
    struct ice_check c;
    struct ice_pair *p = pair_of(ice, m, &c);
    /* RFC 8489 section 9.1.4: without integrity it is as if nothing had come */
    if (!p || !ix_stun_check_integrity(m, ix_str(ice->remote_pwd)))
        return false;
    struct ix_addr to = ix_ice_pair_remote_addr(ice, p);
    bool symmetric = ice->bases[p->base].socket == socket && ix_ice_same_peer(&to, from); /* section 7.2.5.2.1 */
    if (p->check.nominating && memcmp(c.transaction, p->check.transaction, sizeof(c.transaction)) != 0)
        p->before.live = false; /* what counts now is the nomination */
    else if (symmetric && m->cls == IX_STUN_ERROR && m->error_code == 487)
        role_conflict(ice, p, &c, now);
    else if (!symmetric || m->cls == IX_STUN_ERROR || m->unknown_count || !m->xor_mapped.family)
        fail(ice, p, now.mono_us);
    else
        succeeded(ice, p, &c, &m->xor_mapped, now);
    return true;
}
