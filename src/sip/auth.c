/* SPDX-License-Identifier: MIT */
/*
 * Digest, client side (RFC 3261 section 22, RFC 7616, RFC 8760). One challenge is kept for each realm and kind (401 or
 * 407); a request of a method that was challenged before carries credentials from the start, with the next nc.
 */
#include "sip/digest.h"

#include <string.h>

#define MAX_CHALLENGES 4
#define MAX_PARAM 1024 /* longest realm, nonce, opaque that is answered */
#define MAX_VALUE 4096 /* longest challenge that is looked at */

struct challenge {
    bool proxy, session, has_qop, integrity; /* integrity: qop=auth-int, since auth was not offered */
    enum ix_digest_kind kind;
    bool algorithm_named; /* RFC 7616 section 3.4: echoed only if it was there */
    char *realm, *nonce, *opaque; /* inner text of the quoted strings; opaque may be NULL */
    char *algorithm;
    char cnonce[17]; /* of the first request; all of a session have it (RFC 7616 section 3.4.2), others a new one */
    uint32_t nc; /* last one used */
    uint32_t methods; /* that were challenged with it, as bits */
};
struct ix_sip_auth {
    const struct ix_rng *rng;
    char *user, *password;
    struct challenge list[MAX_CHALLENGES];
    size_t count;
};

static void challenge_clear(struct challenge *c)
{
    ix_free(c->realm);
    ix_free(c->nonce);
    ix_free(c->opaque);
    ix_free(c->algorithm);
    *c = (struct challenge){ .nc = 0 };
}

int ix_sip_auth_new(const struct ix_rng *rng, struct ix_str user, struct ix_str password, struct ix_sip_auth **out)
{
    if (ix_str_find(user, '\r') != SIZE_MAX || ix_str_find(user, '\n') != SIZE_MAX || !user.n)
        return IRISX_E_INVALID;
    struct ix_sip_auth *a = ix_alloc(sizeof *a);
    if (!a)
        return IRISX_E_NO_MEMORY;
    a->rng = rng;
    a->user = ix_str_dup(user);
    a->password = ix_str_dup(password);
    if (!a->user || !a->password) {
        ix_sip_auth_free(a);
        return IRISX_E_NO_MEMORY;
    }
    *out = a;
    return 0;
}

void ix_sip_auth_reset(struct ix_sip_auth *a)
{
    for (size_t i = 0; i < a->count; i++)
        challenge_clear(&a->list[i]);
    a->count = 0;
}

void ix_sip_auth_free(struct ix_sip_auth *a)
{
    if (!a)
        return;
    ix_sip_auth_reset(a);
    if (a->password)
        ix_wipe(a->password, ix_str(a->password).n);
    ix_free(a->password);
    ix_free(a->user);
    ix_free(a);
}

int ix_sip_auth_set_password(struct ix_sip_auth *a, struct ix_str password)
{
    char *copy = ix_str_dup(password);

    if (!copy)
        return IRISX_E_NO_MEMORY;
    ix_sip_auth_reset(a);
    ix_wipe(a->password, ix_str(a->password).n);
    ix_free(a->password);
    a->password = copy;
    return 0;
}

bool ix_sip_auth_known(const struct ix_sip_auth *a)
{
    return a->count > 0;
}

/* ---- challenges -------------------------------------------------------------------------- */

struct offer { /* one challenge of a response, slices of it */
    struct ix_str realm, nonce, opaque, algorithm, qop;
    enum ix_digest_kind kind;
    bool session, stale, has_opaque, proxy, integrity;
};

static bool read_offer(struct offer *o, struct ix_str value)
{
    struct ix_str params, stale;
    *o = (struct offer){ .stale = false };
    if (value.n > MAX_VALUE || !ix_sip_digest_scheme(value, &params) ||
        !ix_sip_digest_param(params, "realm", &o->realm) || !ix_sip_digest_param(params, "nonce", &o->nonce))
        return false;
    (void) ix_sip_digest_param(params, "algorithm", &o->algorithm);
    (void) ix_sip_digest_param(params, "qop", &o->qop);
    o->has_opaque = ix_sip_digest_param(params, "opaque", &o->opaque);
    o->stale = ix_sip_digest_param(params, "stale", &stale) && ix_str_ieq(stale, IX_STR("true"));
    if (!ix_sip_digest_algorithm(o->algorithm, &o->kind, &o->session))
        return false;
    o->integrity = o->qop.n && !ix_sip_digest_has_qop(o->qop, "auth");
    if (o->integrity && !ix_sip_digest_has_qop(o->qop, "auth-int"))
        return false;
    return o->realm.n <= MAX_PARAM && o->nonce.n <= MAX_PARAM && o->opaque.n <= MAX_PARAM;
}

/* SHA-512-256 before SHA-256 before MD5; with qop before without; of equals the first named (RFC 8760 section 2.4) */
static int strength(const struct offer *o)
{
    int kind = o->kind == IX_SHA512_256 ? 8 : o->kind == IX_SHA256 ? 4 : 0;
    return kind + (o->qop.n ? 2 : 0) + (o->session ? 1 : 0);
}

/* the strongest for one realm */
static bool strongest(const struct ix_sip_msg *msg, enum ix_sip_hdr id, struct ix_str realm, struct offer *best)
{
    bool any = false;
    struct offer o;
    for (size_t i = 0; i < msg->header_count; i++) {
        if (msg->headers[i].id != id || !read_offer(&o, msg->headers[i].value) || !ix_str_eq(o.realm, realm))
            continue;
        if (!any || strength(&o) > strength(best))
            *best = o;
        any = true;
    }
    return any;
}

static struct challenge *find(struct ix_sip_auth *a, bool proxy, struct ix_str realm)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->list[i].proxy == proxy && ix_str_eq(ix_str(a->list[i].realm), realm))
            return &a->list[i];
    }
    return NULL;
}

static int fill(struct challenge *c, const struct offer *o)
{
    struct challenge fresh = { .proxy = o->proxy,
        .session = o->session,
        .has_qop = o->qop.n > 0,
        .integrity = o->integrity,
        .kind = o->kind,
        .algorithm_named = o->algorithm.n > 0,
        .methods = c->methods };
    fresh.realm = ix_str_dup(o->realm);
    fresh.nonce = ix_str_dup(o->nonce);
    fresh.algorithm = ix_str_dup(o->algorithm);
    fresh.opaque = o->has_opaque ? ix_str_dup(o->opaque) : NULL;
    if (!fresh.realm || !fresh.nonce || !fresh.algorithm || (o->has_opaque && !fresh.opaque)) {
        challenge_clear(&fresh);
        return IRISX_E_NO_MEMORY;
    }
    challenge_clear(c);
    *c = fresh;
    return 0;
}

static int remember(struct ix_sip_auth *a, const struct offer *o, enum ix_sip_method method)
{
    struct challenge *c = find(a, o->proxy, o->realm);
    bool added = false;
    if (!c && a->count == MAX_CHALLENGES) { /* the oldest realm makes room */
        challenge_clear(&a->list[0]);
        memmove(&a->list[0], &a->list[1], (MAX_CHALLENGES - 1) * sizeof a->list[0]);
        a->list[--a->count] = (struct challenge){ .nc = 0 };
    }
    if (!c) {
        c = &a->list[a->count];
        added = true;
    }
    int err = fill(c, o);
    if (err)
        return err;
    a->count += added;
    c->methods |= IX_SIP_BIT(method);
    return 0;
}

/* The credentials were really refused: they were made for this very nonce's first use, and it is not called stale.
 * After a nonce used several times a new challenge may just mean that it has aged. */
static bool refused(struct ix_sip_auth *a, const struct offer *o, bool credentials_sent, enum ix_sip_method method)
{
    struct challenge *c = credentials_sent ? find(a, o->proxy, o->realm) : NULL;
    return c && (c->methods & IX_SIP_BIT(method)) && !o->stale && c->nc <= 1;
}

static bool realm_seen(const struct ix_sip_msg *msg, enum ix_sip_hdr id, size_t until, struct ix_str realm)
{
    struct offer o;
    for (size_t i = 0; i < until; i++) {
        if (msg->headers[i].id == id && read_offer(&o, msg->headers[i].value) && ix_str_eq(o.realm, realm))
            return true;
    }
    return false;
}

int ix_sip_auth_challenge(struct ix_sip_auth *a, const struct ix_sip_msg *response, bool credentials_sent)
{
    bool proxy = response->status == 407;
    enum ix_sip_hdr id = proxy ? IX_SIP_H_PROXY_AUTHENTICATE : IX_SIP_H_WWW_AUTHENTICATE;
    int result = IRISX_E_UNSUPPORTED;
    struct offer o;

    for (size_t i = 0; i < response->header_count; i++) {
        if (response->headers[i].id != id || !read_offer(&o, response->headers[i].value) ||
            realm_seen(response, id, i, o.realm))
            continue;
        (void) strongest(response, id, o.realm, &o);
        o.proxy = proxy;
        if (refused(a, &o, credentials_sent, response->method))
            return IRISX_E_AUTH;
        int err = remember(a, &o, response->method);
        if (err)
            return err;
        result = 0;
    }
    return result;
}

/* ---- credentials ------------------------------------------------------------------------- */

static void write_param(struct ix_buf *b, const char *name, const char *inner)
{
    ix_buf_str(b, name);
    ix_buf_str(b, "=\"");
    ix_buf_str(b, inner);
    ix_buf_str(b, "\"");
}

static void write_credentials(struct ix_buf *b, const struct ix_sip_auth *a, const struct challenge *c,
    const struct ix_sip_digest *d, const char *response)
{
    ix_buf_str(b, c->proxy ? "Proxy-Authorization: Digest username=" : "Authorization: Digest username=");
    ix_sip_quote(b, ix_str(a->user));
    write_param(b, ", realm", c->realm);
    write_param(b, ", nonce", c->nonce);
    ix_buf_str(b, ", uri=\"");
    ix_buf_strv(b, d->uri);
    ix_buf_str(b, "\"");
    write_param(b, ", response", response);
    if (c->algorithm_named) {
        ix_buf_str(b, ", algorithm=");
        ix_buf_str(b, c->algorithm);
    }
    if (c->has_qop || c->session) {
        ix_buf_str(b, ", cnonce=\"");
        ix_buf_strv(b, d->cnonce);
        ix_buf_str(b, "\"");
    }
    if (c->has_qop) {
        ix_buf_str(b, ", qop=");
        ix_buf_strv(b, d->qop);
        ix_buf_str(b, ", nc=");
        ix_buf_strv(b, d->nc);
    }
    if (c->opaque)
        write_param(b, ", opaque", c->opaque);
    ix_buf_str(b, "\r\n");
}

static void answer(struct ix_sip_auth *a, struct challenge *c, struct ix_buf *b, struct ix_str method,
    struct ix_str uri, struct ix_str body)
{
    char nc[9], response[IX_SIP_HEX];
    struct ix_buf hex;
    uint32_t count = c->nc + 1;
    uint8_t wire[4] = { (uint8_t) (count >> 24), (uint8_t) (count >> 16), (uint8_t) (count >> 8), (uint8_t) count };

    if (!c->session || !c->nc)
        ix_rng_token(a->rng, c->cnonce, sizeof c->cnonce - 1);
    ix_buf_init_fixed(&hex, nc, 8);
    ix_buf_hex(&hex, wire, sizeof wire);
    struct ix_sip_digest d = { .kind = c->kind,
        .session = c->session,
        .user = ix_str(a->user),
        .realm = ix_str(c->realm),
        .password = ix_str(a->password),
        .nonce = ix_str(c->nonce),
        .cnonce = ix_str(c->cnonce),
        .nc = ix_str_n(nc, 8),
        .qop = !c->has_qop    ? IX_STR_NONE
               : c->integrity ? IX_STR("auth-int")
                              : IX_STR("auth"),
        .method = method,
        .uri = uri,
        .body = body };
    int err = ix_sip_digest_response(&d, response);
    if (err) {
        b->err = b->err ? b->err : err;
        return;
    }
    c->nc = count;
    write_credentials(b, a, c, &d, response);
}

void ix_sip_auth_write(
    struct ix_sip_auth *a, struct ix_buf *b, struct ix_str method, struct ix_str uri, struct ix_str body)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->list[i].methods & IX_SIP_BIT(ix_sip_method(method)))
            answer(a, &a->list[i], b, method, uri, body);
    }
}
