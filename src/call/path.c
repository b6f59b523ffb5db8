/* SPDX-License-Identifier: MIT */
/*
 * The path of a call's media: which sockets, which candidates in which order, and the ICE sessions one after the other
 * (restart: RFC 8445 section 9, RFC 8839 section 4.4.3.1.1).
 *
 *   ix_call_restart --[new sockets: opened and gathered]--> want_restart --dialog and transport free--> re-INVITE
 *     re-INVITE --2xx--> checks of the new session --CONNECTED--> sockets of the old one closed
 *               --refused--> the session before
 */
#include "call/private.h"

#define RESTART_PAUSE_US (3 * IX_S) /* between restarts that nobody asked for but a path in doubt */

/* ---- our candidates ---------------------------------------------------------------------- */
/* Preferred first: the address the signalling leaves from reaches the server for sure, and FreeSWITCH locks onto the
 * first candidate it can use. Loopback only towards a peer on loopback (RFC 8445 section 5.1.1.1). */
static uint16_t preference(const struct ix_transport *t, const struct ix_addr *base, size_t index)
{
    if (t && t->local.family && ix_addr_same_ip(&t->local, base))
        return 65535;
    if (ix_addr_is_loopback(base))
        return t && ix_addr_is_loopback(&t->local) ? (uint16_t) (1000 - index) : 0;
    return (uint16_t) (64000 - index * 16);
}

int ix_call_path_locals(struct ix_call *c)
{
    struct ix_set *s = ix_set_get(c->obj.phone, c->set);
    struct ix_transport *t = ix_transport_get(c->obj.phone, c->transport);
    const struct ix_candidate *list;
    struct ix_candidate sorted[IX_ICE_MAX_LOCAL];
    size_t count, n = 0;

    list = ix_gather_candidates(s->gather, &count);
    for (size_t i = 0; i < count && n < IX_ICE_MAX_LOCAL; i++) {
        uint16_t pref = preference(t, &list[i].base, i);
        struct ix_candidate candidate = list[i];
        size_t at = n;

        if (!pref)
            continue;
        candidate.priority = ix_ice_priority(candidate.type, pref);
        while (at > 0 && sorted[at - 1].priority < candidate.priority) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = candidate;
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        int err = ix_ice_add_local(c->ice, &sorted[i], c->obj.phone->now);

        if (err)
            return err;
    }
    return n ? 0 : IRISX_E_MEDIA;
}

/* A relay that came late: the peer learns of it from our checks (RFC 8445 section 7.3.1.3). Where nothing works its own
 * NAT may want to see it send there first: then the relay is offered as well. */
void ix_call_path_late(struct ix_call *c)
{
    struct ix_set *s = ix_set_get(c->obj.phone, c->set);
    enum ix_ice_state state = ix_ice_state(c->ice);
    const struct ix_candidate *list;
    bool added = false;
    size_t count;

    list = ix_gather_candidates(s->gather, &count);
    for (size_t i = 0; i < count; i++) {
        if (list[i].type != IX_CAND_RELAY || ix_ice_uses(c->ice, list[i].socket))
            continue;
        for (size_t k = 0; k < ix_ice_remote_count(c->ice); k++)
            ix_gather_permit(s->gather, ix_ice_remote(c->ice, k), c->obj.phone->now);
        if (ix_ice_add_local(c->ice, &list[i], c->obj.phone->now))
            continue; /* over the limit: without it */
        ix_call_note(c, "ice_relay", "\"when\":\"late\"");
        added = true;
    }
    ix_dirty(&c->obj);
    if (added && c->line && state != IX_ICE_VALID && state != IX_ICE_CONNECTED)
        (void) ix_call_restart(c->obj.phone, c->obj.id, false, c->obj.phone->now); /* not answered yet: as it is */
}

size_t ix_call_path_describe(const struct ix_call *c, struct ix_sdp_candidate *out)
{
    const struct ix_candidate *list;
    size_t count = ix_ice_locals(c->ice, &list);

    for (size_t i = 0; i < count; i++) {
        out[i] = (struct ix_sdp_candidate){ .foundation = ix_str(list[i].foundation),
            .component = 1,
            .udp = true,
            .priority = list[i].priority,
            .addr = list[i].addr,
            .type = ix_str(ix_candidate_type_name(list[i].type)) };
        if (list[i].type == IX_CAND_RELAY) /* says nothing to the peer; RFC 8839 section 5.1 wants it there */
            out[i].related = (struct ix_addr){ .family = list[i].addr.family, .port = 9 };
        else if (list[i].type != IX_CAND_HOST)
            out[i].related = list[i].base;
    }
    return count;
}

void ix_call_path_local(const struct ix_call *c, uint32_t socket, struct ix_addr *out)
{
    const struct ix_set *s = ix_id_get(c->obj.phone->set_by_socket, socket);

    const struct ix_candidate *list;
    size_t count = c->ice && socket & IX_RELAY_BIT ? ix_ice_locals(c->ice, &list) : 0;

    *out = (struct ix_addr){ 0 };
    for (size_t i = 0; s && i < s->socket_count; i++)
        if (s->sockets[i].socket == socket)
            *out = s->sockets[i].addr;
    for (size_t i = 0; i < count; i++)
        if (list[i].socket == socket)
            *out = list[i].base;
}

/* ---- theirs ------------------------------------------------------------------------------ */
void ix_call_path_remotes(struct ix_call *c, const struct ix_sdp_media *m)
{
    struct ix_now now = c->obj.phone->now;
    struct ix_set *s = ix_set_get(c->obj.phone, c->set);

    if (s) /* its permissions go first */
        ix_dirty(&s->obj);
    for (size_t i = 0; i < m->candidate_count; i++) {
        const struct ix_sdp_candidate *from = &m->candidates[i];
        struct ix_candidate to = { .priority = from->priority, .addr = from->addr };

        if (from->component != 1 || !from->udp || !from->addr.family)
            continue;
        for (size_t k = IX_CAND_HOST; k <= IX_CAND_RELAY; k++)
            if (ix_str_ieq(from->type, ix_str(ix_candidate_type_name((enum ix_candidate_type) k))))
                to.type = (enum ix_candidate_type) k;
        (void) ix_str_copy(to.foundation, sizeof to.foundation, from->foundation);
        if (!to.type)
            continue;
        if (s && s->gather)
            ix_gather_permit(s->gather, &to.addr, now); /* ahead of its checks */
        (void) ix_ice_add_remote(c->ice, &to, now); /* over the limit: the first ones have to do */
    }
    ix_ice_remote_done(c->ice);
}

static int next_session(struct ix_call *c)
{
    int err = ix_ice_restart(c->ice);

    if (err)
        return err;
    err = ix_call_path_locals(c);
    if (err)
        (void) ix_ice_rollback(c->ice); /* there is one: it has just been set aside */
    else
        c->sdp_version++;
    return err;
}

static bool same_credentials(const struct ix_sdp_media *a, const struct ix_sdp_media *b)
{
    return ix_str_eq(a->ice_ufrag, b->ice_ufrag) && ix_str_eq(a->ice_pwd, b->ice_pwd);
}

int ix_call_path_update(struct ix_call *c, const struct ix_sdp_media *m, const struct ix_sdp_media *old, bool as_offer)
{
    bool ours = !as_offer && c->restart_offered;
    int err = 0;

    if (!as_offer)
        c->restart_offered = false;
    if (same_credentials(m, old)) { /* an answer that does not restart: the peer does not know how */
        if (ours && ix_ice_rollback(c->ice))
            ix_call_note(c, "ice_restart_ignored", "%s", "");
        return 0;
    }
    if (!as_offer && !ours)
        return IRISX_E_PROTOCOL; /* nobody asked for another session */
    if (!ours)
        err = next_session(c);
    if (!err)
        err = ix_ice_set_remote(c->ice, m->ice_ufrag, m->ice_pwd, m->ice_lite);
    if (err) {
        (void) ix_ice_rollback(c->ice); /* none: nothing was changed */
        return err;
    }
    ix_call_note(c, "ice_restart", "\"by\":\"%s\",\"candidates\":%zu", ours ? "us" : "peer", m->candidate_count);
    ix_call_path_remotes(c, m);
    return ix_ice_start(c->ice, c->obj.phone->now);
}

/* another dialog: new ICE, new keys, whatever the old one has agreed on */
int ix_call_path_renew(struct ix_call *c)
{
    int err = next_session(c);

    c->renew = c->restart_offered = !err;
    return err;
}

/* ---- restart ----------------------------------------------------------------------------- */
static void release(struct ix_call *c, uint32_t set)
{
    struct ix_set *s = ix_set_get(c->obj.phone, set);

    if (s && s->call == c->obj.id)
        ix_set_release(s);
}

void ix_call_path_release(struct ix_call *c)
{
    release(c, c->set);
    release(c, c->next_set);
    for (size_t i = 0; i < IX_COUNT(c->old_sets); i++)
        release(c, c->old_sets[i]);
    c->next_set = c->old_sets[0] = c->old_sets[1] = 0;
}

static bool in_use(const struct ix_call *c, uint32_t set)
{
    const struct ix_set *s = ix_set_get(c->obj.phone, set);

    for (size_t i = 0; s && i < s->socket_count; i++)
        if (ix_ice_uses(c->ice, s->sockets[i].socket))
            return true;
    for (uint32_t i = 0; s && i < 16; i++) /* its relays */
        if (ix_ice_uses(c->ice, (IX_RELAY_BIT | set << 4) + i))
            return true;
    return false;
}

static void tidy(struct ix_call *c)
{
    for (size_t i = 0; i < IX_COUNT(c->old_sets); i++) {
        if (!c->old_sets[i] || in_use(c, c->old_sets[i]))
            continue;
        release(c, c->old_sets[i]);
        c->old_sets[i] = 0;
    }
}

void ix_call_path_connected(struct ix_call *c)
{
    tidy(c);
}

/* now: the sockets of c->next_set */
static void change_sets(struct ix_call *c)
{
    tidy(c);
    size_t at = c->old_sets[0] ? 1 : 0;
    release(c, c->old_sets[at]); /* a third change before any came through: the one in between goes */
    c->old_sets[at] = c->set;
    c->set = c->next_set;
    c->next_set = 0;
}

void ix_call_path_sockets(struct ix_call *c)
{
    const struct ix_set *s = ix_set_get(c->obj.phone, c->next_set);

    if (!s || s->state != IX_SET_READY)
        return;
    if (!s->socket_count) { /* no network: the next change brings another attempt */
        release(c, c->next_set);
        c->next_set = 0;
        return;
    }
    change_sets(c);
    c->want_restart = true;
    ix_call_path_reoffer(c);
}

int ix_call_restart(struct ix_phone *p, uint32_t call, bool new_sockets, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);
    struct ix_set *s;

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (c->ending || c->media_closed || !c->described || !c->report.answered_us)
        return IRISX_E_STATE;
    c->restart_us = now.mono_us;
    c->path_lost_us = now.mono_us;
    if (!new_sockets) {
        c->want_restart = true;
        ix_call_path_reoffer(c);
        return 0;
    }
    release(c, c->next_set); /* of a network that is gone again */
    c->next_set = 0;
    s = ix_set_take(p, c->obj.id);
    if (!s)
        return IRISX_E_NO_MEMORY;
    c->next_set = s->obj.id;
    ix_call_path_sockets(c);
    return 0;
}

void ix_call_path_lost(struct ix_call *c)
{
    uint64_t now = c->obj.phone->now.mono_us;
    struct ix_set *s = ix_set_get(c->obj.phone, c->set);

    if (s && s->gather) { /* a relay that is gone is replaced */
        ix_gather_check(s->gather, c->obj.phone->now);
        ix_dirty(&s->obj);
    }
    if (!c->line || c->want_restart || c->restart_offered || c->next_set ||
        (c->restart_us && now - c->restart_us < RESTART_PAUSE_US))
        return; /* the peer of a server restarts; one is under way */
    (void) ix_call_restart(c->obj.phone, c->obj.id, false, c->obj.phone->now); /* not answered: ICE goes on by itself */
}

void ix_call_path_reoffer(struct ix_call *c)
{
    int err;

    if (!c->want_restart || !ix_call_may_reoffer(c))
        return;
    err = next_session(c);
    if (!err) {
        c->want_restart = false;
        c->restart_offered = true;
        c->hold_offered = c->hold;
        c->hold_due = false;
        err = ix_call_refresh(c->obj.phone, c->obj.id, NULL, c->obj.phone->now);
    }
    if (err) {
        ix_call_path_refused(c);
        ix_call_note(c, "ice_restart_failed", "\"error\":%d", err);
    }
    ix_dirty(&c->obj);
}

void ix_call_path_refused(struct ix_call *c)
{
    if (!c->restart_offered)
        return;
    c->restart_offered = false;
    (void) ix_ice_rollback(c->ice); /* the new session may have failed by itself already */
}
