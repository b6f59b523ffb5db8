/* SPDX-License-Identifier: MIT */
/*
 * The peer's checks, RFC 8445 section 7.3: is it authentic (RFC 8489 section 9.1.3), do the roles agree (7.3.1.1), what
 * does it teach us (7.3.1.3) and which check of ours does it trigger (7.3.1.4). Whoever does not know our password gets
 * an error, some of them a second, and changes nothing.
 */
#include "ice/agent.h"

#include <string.h>

#define ERRORS_PER_SECOND 20 /* to requests that are not authentic */
#define AGAIN_MAX 3 /* triggered checks while another is in progress: two eager agents would go on for ever */

/* ---- answers ----------------------------------------------------------------------------- */

static bool error_affordable(struct ix_ice *ice, uint64_t now_us)
{
    if (ice->error_second != now_us / IX_S) {
        ice->error_second = now_us / IX_S;
        ice->error_budget = ERRORS_PER_SECOND;
    }
    if (!ice->error_budget)
        return false;
    ice->error_budget--;
    return true;
}

static void answer(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *to, const struct ix_stun_msg *m, uint16_t code)
{
    if (ice->answer_count == ICE_ANSWERS_MAX)
        return; /* as if lost: the peer asks again */
    struct ice_answer *a = &ice->answers[ice->answer_count++];
    *a = (struct ice_answer){ .code = code, .socket = socket, .to = *to, .unknown_count = (uint8_t) m->unknown_count };
    memcpy(a->transaction, m->transaction, sizeof(a->transaction));
    memcpy(a->unknown, m->unknown, sizeof(a->unknown));
}

static const char *reason(uint16_t code)
{
    switch (code) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthenticated";
    case 420:
        return "Unknown Attribute";
    default:
        return "Role Conflict";
    }
}

static int build_answer(struct ix_ice *ice, const struct ice_answer *a, struct ix_buf *b)
{
    uint8_t unknown[2 * IX_COUNT(a->unknown)];
    /* RFC 8489 section 9.1.3: no integrity where the key is in doubt */
    struct ix_str key = a->code == 400 || a->code == 401 ? IX_STR_NONE : ix_str(ice->pwd);
    ix_buf_init_fixed(b, ice->packet, sizeof(ice->packet));
    ix_stun_begin(b, a->code ? IX_STUN_ERROR : IX_STUN_SUCCESS, IX_STUN_BINDING, a->transaction);
    if (a->code)
        ix_stun_attr_error(b, a->code, reason(a->code));
    else
        ix_stun_attr_addr(b, IX_STUN_XOR_MAPPED_ADDRESS, &a->to, a->transaction);
    for (size_t i = 0; i < a->unknown_count; i++) {
        unknown[2 * i] = (uint8_t) (a->unknown[i] >> 8);
        unknown[2 * i + 1] = (uint8_t) a->unknown[i];
    }
    if (a->code == 420)
        ix_stun_attr(b, IX_STUN_UNKNOWN_ATTRIBUTES, unknown, 2U * a->unknown_count);
    return ix_stun_end(b, key);
}

bool ix_ice_answer_poll(struct ix_ice *ice, struct ix_ice_send *out)
{
    while (ice->answer_count) {
        struct ice_answer a = ice->answers[0];
        struct ix_buf b;
        memmove(&ice->answers[0], &ice->answers[1], --ice->answer_count * sizeof(ice->answers[0]));
        if (build_answer(ice, &a, &b) != 0)
            continue;
        *out = (struct ix_ice_send){ .socket = a.socket, .to = a.to, .data = ice->packet, .len = b.n };
        return true;
    }
    return false;
}

/* ---- what a check teaches ---------------------------------------------------------------- */

static uint8_t remote_of(struct ix_ice *ice, const struct ice_early *check)
{
    for (size_t i = 0; i < ice->remote_count; i++)
        if (ix_ice_same_peer(&ice->remotes[i].addr, &check->from))
            return (uint8_t) i;
    if (ice->remote_count == IX_ICE_MAX_REMOTE || ice->prflx_count == ICE_PRFLX_MAX)
        return ICE_NONE;
    struct ix_candidate *c = &ice->remotes[ice->remote_count];
    struct ix_buf b;
    *c = (struct ix_candidate){ .type = IX_CAND_PRFLX, .priority = check->priority, .addr = check->from };
    ix_buf_init_fixed(&b, c->foundation, sizeof(c->foundation) - 1);
    ix_buf_fmt(&b, "prflx%zu", ice->remote_count); /* unlike any other (section 7.3.1.3) */
    c->foundation[b.n] = '\0';
    ice->prflx_count++;
    return (uint8_t) ice->remote_count++;
}

static struct ice_pair *pair_for(struct ix_ice *ice, const struct ice_early *check)
{
    uint8_t remote = remote_of(ice, check);
    struct ice_pair *p = remote == ICE_NONE ? NULL : ix_ice_pair_find(ice, check->base, remote);
    if (p || remote == ICE_NONE)
        return p;
    return ix_ice_pair_add(ice, check->base, remote, &p) == 0 ? p : NULL;
}

void ix_ice_learn(struct ix_ice *ice, const struct ice_early *check, struct ix_now now)
{
    struct ice_pair *p = pair_for(ice, check);
    if (!p)
        return;
    bool concluded = ice->controlling && ice->nominated && ice->state != IX_ICE_DISCONNECTED;
    if (!p->valid && !concluded && (p->state != PAIR_IN_PROGRESS || p->again++ < AGAIN_MAX))
        ix_ice_pair_trigger(ice, p);
    if (!p->heard) {
        p->heard = true;
        ix_ice_pair_heard(ice, p, now.mono_us);
    }
    if (check->nominating) {
        p->asked = true;
        p->asked_us = now.mono_us;
        ix_ice_peer_nominates(ice, p, now.mono_us);
    }
}

/* no remote description yet: the check is answered and kept until there is one (section 7.3) */
static void remember(struct ix_ice *ice, const struct ice_early *check)
{
    for (size_t i = 0; i < ice->early_count; i++) {
        struct ice_early *e = &ice->early[i];
        if (e->base == check->base && ix_addr_eq(&e->from, &check->from)) {
            e->nominating |= check->nominating;
            return;
        }
    }
    if (ice->early_count < ICE_EARLY_MAX)
        ice->early[ice->early_count++] = *check;
}

/* ---- judging a request ------------------------------------------------------------------- */

/* "ours:theirs" (RFC 8445 section 7.2.2); theirs may not be known yet */
static bool is_for_us(const struct ix_ice *ice, struct ix_str username)
{
    struct ix_str head;
    return ix_str_find(username, ':') != SIZE_MAX && ix_str_cut(&username, ':', &head) &&
           ix_str_eq(head, ix_str(ice->ufrag));
}

/* RFC 8445 section 7.3.1.1; true: the peer has to give way */
static bool conflict(struct ix_ice *ice, const struct ix_stun_msg *m, struct ix_now now)
{
    bool we_win = ice->tie_breaker >= m->tie_breaker;
    bool same = ice->controlling ? m->controlling : m->controlled;
    if (!same)
        return false;
    if (ice->controlling == we_win)
        return true;
    ix_ice_switch_role(ice, !ice->controlling, now);
    return false;
}

static uint16_t judge(struct ix_ice *ice, const struct ix_stun_msg *m, struct ix_now now)
{
    if (!m->has_integrity || (m->controlling && m->controlled))
        return 400;
    if (!ix_stun_check_integrity(m, ix_str(ice->pwd)))
        return 401;
    if (m->unknown_count)
        return 420;
    return conflict(ice, m, now) ? 487 : 0;
}

static size_t base_of(const struct ix_ice *ice, uint32_t socket)
{
    size_t i = 0;
    while (i < ice->base_count && ice->bases[i].socket != socket)
        i++;
    return i;
}

bool ix_ice_request(
    struct ix_ice *ice, uint32_t socket, const struct ix_addr *from, const struct ix_stun_msg *m, struct ix_now now)
{
    size_t base = base_of(ice, socket);
    if (base == ice->base_count || !is_for_us(ice, m->username) || !ix_ice_addr_usable(from))
        return false;
    if (ice->state == IX_ICE_FAILED)
        return true; /* no answer: the peer's consent ends as ours did */
    uint16_t code = judge(ice, m, now);
    if ((code != 400 && code != 401) || error_affordable(ice, now.mono_us))
        answer(ice, socket, from, m, code);
    if (code)
        return true;
    struct ice_early check = { .base = (uint8_t) base,
        .nominating = m->use_candidate,
        .from = *from,
        .priority = m->has_priority ? m->priority : ix_ice_priority(IX_CAND_PRFLX, UINT16_MAX) };
    if (ice->state == IX_ICE_NEW)
        remember(ice, &check);
    else
        ix_ice_learn(ice, &check, now);
    return true;
}
