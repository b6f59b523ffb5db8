/* SPDX-License-Identifier: MIT */
/*
 * What a TURN client says to its server and what the answers mean: the long-term credentials of RFC 8489 section 9.2
 * (401, 438), Allocate, Refresh, CreatePermission, ChannelBind and their errors (RFC 8656 sections 7 to 12, 19).
 */
#include "ice/turn_private.h"

#include <string.h>

#define STALE_MAX 3 /* answers 438 in a row: a server that likes no nonce */
#define REFRESH_EARLY_S 60 /* RFC 8656 section 8: a minute before the end */
#define LIFETIME_MAX 3600 /* a refresh at least so often, whatever the server grants */
#define KEEP_US (20 * IX_S)

/* ---- requests ---------------------------------------------------------------------------- */

static void attr_u32(struct ix_buf *b, uint16_t type, uint32_t v)
{
    uint8_t value[4] = { (uint8_t) (v >> 24), (uint8_t) (v >> 16), (uint8_t) (v >> 8), (uint8_t) v };
    ix_stun_attr(b, type, value, sizeof(value));
}

static void attr_text(struct ix_buf *b, uint16_t type, const char *text)
{
    ix_stun_attr(b, type, text, strlen(text));
}

static void main_attributes(const struct ix_turn *t, struct ix_buf *b)
{
    if (t->state == IX_TURN_ALLOCATING) {
        attr_u32(b, IX_STUN_REQUESTED_TRANSPORT, UINT32_C(17) << 24); /* UDP */
        if (t->config.lifetime_s)
            attr_u32(b, IX_STUN_LIFETIME, t->config.lifetime_s);
        if (t->config.v6) /* family 2 is IPv6: RFC 8656 sections 18.6, 18.11 */
            attr_u32(b, t->config.no_v4 ? IX_STUN_REQUESTED_ADDRESS_FAMILY : IX_STUN_ADDITIONAL_ADDRESS_FAMILY,
                UINT32_C(2) << 24);
    } else {
        attr_u32(b, IX_STUN_LIFETIME, t->state == IX_TURN_CLOSING ? 0 : t->lifetime_s);
    }
}

static bool build(struct ix_turn *t, struct turn_txn *x, uint16_t method, const struct ix_addr *peer, uint16_t channel,
    struct ix_bytes *out)
{
    struct ix_buf b;
    x->wants_send = false;
    ix_buf_init_fixed(&b, t->packet, sizeof(t->packet));
    ix_stun_begin(&b, IX_STUN_REQUEST, method, x->id);
    if (channel)
        attr_u32(&b, IX_STUN_CHANNEL_NUMBER, (uint32_t) channel << 16);
    if (peer)
        ix_stun_attr_addr(&b, IX_STUN_XOR_PEER_ADDRESS, peer, x->id);
    else
        main_attributes(t, &b);
    if (x->signed_ && t->realm) {
        attr_text(&b, IX_STUN_USERNAME, t->config.server.username);
        attr_text(&b, IX_STUN_REALM, t->realm);
        attr_text(&b, IX_STUN_NONCE, t->nonce);
    }
    int err = ix_stun_end(&b, x->signed_ && t->realm ? ix_str_n(t->key, sizeof(t->key)) : IX_STR_NONE);
    *out = (struct ix_bytes){ t->packet, b.n };
    return !err;
}

bool ix_turn_build(struct ix_turn *t, struct ix_bytes *out)
{
    if (t->main.wants_send) {
        uint16_t method = t->state == IX_TURN_ALLOCATING ? IX_STUN_ALLOCATE : IX_STUN_REFRESH;
        return build(t, &t->main, method, NULL, 0, out);
    }
    for (size_t i = 0; i < t->permission_count; i++)
        if (t->permissions[i].txn.wants_send)
            return build(t, &t->permissions[i].txn, IX_STUN_CREATE_PERMISSION, &t->permissions[i].ip, 0, out);
    for (size_t i = 0; i < t->channel_count; i++)
        if (t->channels[i].txn.wants_send)
            return build(
                t, &t->channels[i].txn, IX_STUN_CHANNEL_BIND, &t->channels[i].peer, (uint16_t) (0x4000 + i), out);
    return false;
}

/* ---- credentials ------------------------------------------------------------------------- */

static int set_text(char **to, struct ix_str s)
{
    char *fresh = s.n && s.n <= TURN_NONCE ? ix_str_dup(s) : NULL;
    if (!fresh)
        return s.n && s.n <= TURN_NONCE ? IRISX_E_NO_MEMORY : IRISX_E_PROTOCOL;
    ix_free(*to);
    *to = fresh;
    return strlen(fresh) == s.n ? 0 : IRISX_E_PROTOCOL; /* a NUL inside */
}

static int make_key(struct ix_turn *t)
{
    const char *user = t->config.server.username;
    const char *password = t->config.server.password;
    struct ix_bytes parts[] = { { user, strlen(user) }, { ":", 1 }, { t->realm, strlen(t->realm) }, { ":", 1 },
        { password, strlen(password) } };
    return ix_digest(IX_MD5, parts, IX_COUNT(parts), t->key);
}

/* 401 to a request without credentials, 438 to any: once more with what the server named */
static void challenged(struct ix_turn *t, struct turn_txn *x, const struct ix_stun_msg *m, uint64_t now_us)
{
    bool stale = m->error_code == 438;
    bool again = stale ? ++x->stale <= STALE_MAX : !x->signed_;
    if (!again || !t->config.server.username[0]) {
        ix_turn_fail(t, m->error_code, IRISX_E_AUTH);
        return;
    }
    int err = set_text(&t->nonce, m->nonce);
    if (!err && (m->realm.n || !t->realm))
        err = set_text(&t->realm, m->realm);
    if (!err)
        err = make_key(t);
    if (err)
        ix_turn_fail(t, m->error_code, err);
    else
        ix_turn_txn_begin(t, x, now_us);
}

/* ---- answers ----------------------------------------------------------------------------- */

static void granted(struct ix_turn *t, const struct ix_stun_msg *m, uint64_t now_us)
{
    uint32_t lifetime = m->has_lifetime ? m->lifetime_s : 600;
    lifetime = IX_MIN(IX_MAX(lifetime, 1), LIFETIME_MAX);
    uint64_t early = lifetime > 2 * REFRESH_EARLY_S ? REFRESH_EARLY_S * IX_S : lifetime * IX_S / 2;
    t->lifetime_s = lifetime;
    t->expires_us = now_us + lifetime * IX_S;
    t->main.stale = 0;
    ix_turn_txn_end(&t->main, t->expires_us - early);
}

static bool usable(const struct ix_turn *t, const struct ix_stun_msg *m)
{
    bool any = false;
    for (size_t i = 0; i < 2; i++)
        any = any || (m->xor_relayed[i].family && ix_ice_addr_usable(&m->xor_relayed[i]) && (i || !t->config.no_v4));
    return any;
}

static void allocated(struct ix_turn *t, const struct turn_txn *x, const struct ix_stun_msg *m, uint64_t now_us)
{
    if (!usable(t, m)) {
        ix_turn_fail(t, 0, IRISX_E_PROTOCOL);
        return;
    }
    memcpy(t->relayed, m->xor_relayed, sizeof(t->relayed));
    t->mapped = m->xor_mapped;
    if (x->sends == 1)
        t->round_trip_us = IX_MAX(now_us - x->sent_us, 1);
    granted(t, m, now_us);
    t->keep_us = now_us + KEEP_US;
    ix_turn_set_state(t, IX_TURN_READY);
    ix_turn_peers_ready(t, now_us);
}

static int meaning(uint16_t code)
{
    switch (code) {
    case 401:
    case 441:
        return IRISX_E_AUTH;
    case 403:
        return IRISX_E_FORBIDDEN;
    case 440:
    case 442:
    case 443:
        return IRISX_E_UNSUPPORTED;
    case 486:
    case 508:
        return IRISX_E_LIMIT;
    case 437:
    case 446:
        return IRISX_E_CONFLICT;
    default:
        return IRISX_E_PROTOCOL;
    }
}

static void main_error(struct ix_turn *t, const struct ix_stun_msg *m, uint64_t now_us)
{
    if (m->error_code == 300 && t->state == IX_TURN_ALLOCATING)
        ix_turn_redirect(t, &m->alternate, now_us);
    else
        ix_turn_fail(t, m->error_code, meaning(m->error_code)); /* of a Refresh: the allocation is gone (437) */
}

static void main_answer(struct ix_turn *t, const struct ix_stun_msg *m, uint64_t now_us)
{
    if (m->cls == IX_STUN_ERROR)
        main_error(t, m, now_us);
    else if (t->state == IX_TURN_ALLOCATING)
        allocated(t, &t->main, m, now_us);
    else if (t->state == IX_TURN_CLOSING)
        t->close_us = now_us; /* the next timeout ends it */
    else
        granted(t, m, now_us);
}

static struct turn_txn *txn_of(struct ix_turn *t, const struct ix_stun_msg *m)
{
    if (t->main.live && memcmp(t->main.id, m->transaction, sizeof(t->main.id)) == 0)
        return &t->main;
    for (size_t i = 0; i < t->permission_count; i++) {
        struct turn_txn *x = &t->permissions[i].txn;
        if (x->live && memcmp(x->id, m->transaction, sizeof(x->id)) == 0)
            return x;
    }
    for (size_t i = 0; i < t->channel_count; i++) {
        struct turn_txn *x = &t->channels[i].txn;
        if (x->live && memcmp(x->id, m->transaction, sizeof(x->id)) == 0)
            return x;
    }
    return NULL;
}

/* RFC 8489 section 9.2.5. An error need not be signed: before credentials it cannot be, and whoever could forge one has
 * to know 96 random bits. */
static bool authentic(const struct ix_turn *t, const struct turn_txn *x, const struct ix_stun_msg *m)
{
    if (!x->signed_ || !t->realm)
        return true;
    if (m->has_integrity)
        return ix_stun_check_integrity(m, ix_str_n(t->key, sizeof(t->key)));
    return m->cls == IX_STUN_ERROR;
}

bool ix_turn_answer(struct ix_turn *t, const struct ix_stun_msg *m, struct ix_now now)
{
    struct turn_txn *x = txn_of(t, m);
    if (!x)
        return false;
    if (!authentic(t, x, m))
        return true; /* as if it had not come */
    ix_turn_txn_end(x, IX_NEVER);
    if (m->cls == IX_STUN_ERROR && (m->error_code == 438 || (m->error_code == 401 && !x->signed_)))
        challenged(t, x, m, now.mono_us);
    else if (x == &t->main)
        main_answer(t, m, now.mono_us);
    else
        ix_turn_peers_answer(t, x, m, now.mono_us);
    return true;
}
