/* SPDX-License-Identifier: MIT */
/*
 * ICE restart, RFC 8445 section 9. An agent is one session; a restart moves it into `previous` and begins the next one
 * in its place, so that whoever holds the agent notices nothing. Both run until the new one is CONNECTED: until then
 * the peer may still check, and send, by the old credentials.
 *
 *   session --restart--> new session (NEW) + previous --CONNECTED--> new session
 *      ^                          |
 *      +-----rollback-------------+
 */
#include "ice/agent.h"

#include <string.h>

static bool works(const struct ix_ice *ice)
{
    return ice->state == IX_ICE_VALID || ice->state == IX_ICE_CONNECTED || ice->state == IX_ICE_DISCONNECTED;
}

bool ix_ice_previous_works(const struct ix_ice *ice)
{
    return ice->previous && works(ice->previous);
}

/*
 * Two pairs work and neither is nominated yet in the new session: what carries media now goes on doing so until the
 * peer has checked on the new one (FreeSWITCH ignores media from where it does not check), or the old one is in doubt.
 */
bool ix_ice_previous_better(const struct ix_ice *ice)
{
    const struct ix_ice *old = ice->previous;
    if (!old || old->state != IX_ICE_CONNECTED || old->consent.asked_us != IX_NEVER || ice->selected == ICE_NONE)
        return false;
    return !ice->nominated && !ice->pairs[ice->selected].heard && !ice->remote_lite;
}

void ix_ice_previous_end(struct ix_ice *ice)
{
    struct ix_ice *old = ice->previous;
    ice->previous = NULL;
    ix_ice_free(old);
}

void ix_ice_previous_poll(struct ix_ice *ice, struct ix_ice_out *out)
{
    while (ix_ice_poll(ice->previous, out))
        if (out->kind == IX_ICE_OUT_SEND)
            return;
    *out = (struct ix_ice_out){ .kind = IX_ICE_OUT_SEND }; /* its news is of no concern any more */
}

/* everything of from becomes to's; the storage of from is to be released or begun anew */
static void move(struct ix_ice *to, struct ix_ice *from)
{
    *to = *from;
    ix_wipe(from, sizeof(*from));
}

int ix_ice_restart(struct ix_ice *ice)
{
    struct ix_ice *old;
    uint64_t tie_breaker = ice->tie_breaker;
    struct ix_ice_config config = ice->config;
    bool controlling = ice->controlling;
    struct ix_ice *kept = NULL;
    if (ice->state == IX_ICE_NEW)
        return IRISX_E_STATE;
    if (ix_ice_previous_works(ice) && !works(ice)) { /* a restart of a restart that has not come to anything */
        kept = ice->previous;
        ice->previous = NULL;
        ix_free(ice->pairs);
        ix_wipe(ice, sizeof(*ice));
    } else {
        old = ix_alloc(sizeof(*old));
        if (!old)
            return IRISX_E_NO_MEMORY;
        ix_ice_previous_end(ice);
        move(old, ice);
        kept = old;
    }
    ix_ice_init(ice, &config, controlling);
    ice->tie_breaker = tie_breaker;
    ice->previous = kept;
    ix_log(config.log, IX_LOG_DEBUG, "ice", "%s: restarted as %s", kept->ufrag, ice->ufrag);
    return 0;
}

bool ix_ice_rollback(struct ix_ice *ice)
{
    struct ix_ice *old = ice->previous;
    if (!old)
        return false;
    ix_free(ice->pairs);
    move(ice, old);
    ix_free(old);
    return true;
}

bool ix_ice_restarting(const struct ix_ice *ice)
{
    return ice->previous != NULL;
}

bool ix_ice_uses(const struct ix_ice *ice, uint32_t socket)
{
    for (size_t i = 0; i < ice->base_count; i++)
        if (ice->bases[i].socket == socket)
            return true;
    return ice->previous && ix_ice_uses(ice->previous, socket);
}
