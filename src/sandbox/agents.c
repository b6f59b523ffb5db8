/* SPDX-License-Identifier: MIT */
/* Agents as SIP knows them: a copy of the state's rows on the call loop, digest, registrations. RFC 3261 sections
 * 10, 22. */
#include <string.h>

#include "sandbox/sip.h"

/* ---- the directory ----------------------------------------------------------------------- */
const struct sandbox_agent *sandbox_agent_find(const struct sandbox_sip *s, struct ix_str extension)
{
    return ix_map_get(s->agents, extension);
}

static void agent_free(struct sandbox_agent *a)
{
    if (a)
        ix_wipe(a, sizeof *a);
    ix_free(a);
}

int sandbox_agent_put(struct sandbox_sip *s, const struct sandbox_agent *a)
{
    struct sandbox_agent *copy = NULL, *old = ix_map_get(s->agents, ix_str(a->extension));
    int err;

    if (!a->password[0]) {
        (void) ix_map_remove(s->agents, ix_str(a->extension)); /* calls and bindings run out by themselves */
        agent_free(old);
        return 0;
    }
    copy = ix_alloc(sizeof *copy);
    if (!copy)
        return IRISX_E_NO_MEMORY;
    *copy = *a;
    err = ix_map_set(s->agents, ix_str(a->extension), copy);
    agent_free(err ? copy : old);
    return err;
}

void sandbox_agents_free(struct sandbox_sip *s)
{
    struct ix_str key;
    void *value;

    for (size_t at = 0; s->agents && ix_map_next(s->agents, &at, &key, &value);)
        agent_free(value);
    ix_map_free(s->agents);
}

/* ---- digest ------------------------------------------------------------------------------ */
static void challenge(struct sandbox_sip *s, ix_sip_txn txn, bool proxy, bool stale)
{
    struct ix_buf b;

    ix_buf_init(&b, 4096);
    if (ix_sip_auth_server_challenge(s->auth, &b, proxy, stale, sandbox_now(s)) || b.err)
        sandbox_answer(s, txn, 500, IX_STR_NONE);
    else
        sandbox_answer(s, txn, proxy ? 407 : 401, ix_str_n(b.p, b.n));
    ix_buf_clear(&b);
}

const struct sandbox_agent *sandbox_authenticate(struct sandbox_sip *s, const struct ix_phone_event *ev, bool proxy)
{
    const struct sandbox_agent *agent;
    struct ix_str user;

    if (!ix_sip_auth_server_user(s->auth, ev->msg, proxy, &user)) {
        challenge(s, ev->txn, proxy, false);
        return NULL;
    }
    agent = sandbox_agent_find(s, user);
    if (!agent || !ix_str_eq(ev->msg->from.uri.user, user)) { /* one speaks for oneself only */
        sandbox_answer(s, ev->txn, 403, IX_STR_NONE);
        return NULL;
    }
    switch (ix_sip_auth_server_check(s->auth, ev->msg, proxy, ix_str(agent->password), sandbox_now(s))) {
    case IX_SIP_AUTH_OK:
        return agent;
    case IX_SIP_AUTH_NONE:
        challenge(s, ev->txn, proxy, false);
        return NULL;
    case IX_SIP_AUTH_STALE:
        challenge(s, ev->txn, proxy, true);
        return NULL;
    case IX_SIP_AUTH_WRONG:
        sandbox_answer(s, ev->txn, 403, IX_STR_NONE);
        return NULL;
    case IX_SIP_AUTH_BAD:
        break;
    }
    sandbox_answer(s, ev->txn, 400, IX_STR_NONE);
    return NULL;
}

/* ---- registrations ----------------------------------------------------------------------- */
void sandbox_register(struct sandbox_sip *s, const struct ix_phone_event *ev)
{
    const struct sandbox_agent *agent = sandbox_authenticate(s, ev, false);
    struct ix_buf headers;
    unsigned status;

    if (!agent)
        return;
    if (!ix_str_eq(ev->msg->to.uri.user, ix_str(agent->extension))) {
        sandbox_answer(s, ev->txn, 403, IX_STR_NONE); /* no registrations for others */
        return;
    }
    ix_buf_init(&headers, 16 * 1024);
    status = ix_sip_registrar_register(
        s->registrar, ix_str(agent->extension), ev->msg, ev->transport, sandbox_now(s), &headers);
    sandbox_answer(s, ev->txn, status, ix_str_n(headers.p, headers.n));
    ix_log(&s->sb->log, IX_LOG_INFO, "sandbox", "agent %s registers: %u", agent->extension, status);
    ix_buf_clear(&headers);
    if (status != 200)
        return;
    sandbox_watch_changed(s);
    sandbox_text_registered(s, agent);
}

const struct ix_sip_binding *sandbox_binding(struct sandbox_sip *s, struct ix_str extension)
{
    ix_sip_registrar_timeout(s->registrar, sandbox_now(s));
    return ix_sip_registrar_find(s->registrar, extension, 0);
}
