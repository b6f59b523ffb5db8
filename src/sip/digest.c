/* SPDX-License-Identifier: MIT */
/* Digest: the response value and the parameter lists (RFC 7616 section 3.4, RFC 8760, RFC 2617 section 3.2.2). */
#include "sip/digest.h"

/* H(a:b:c…) as hex */
static int hash(enum ix_digest_kind kind, const struct ix_str *parts, size_t count, char out[IX_SIP_HEX])
{
    struct ix_bytes bytes[12];
    uint8_t digest[IX_DIGEST_MAX];
    struct ix_buf b;
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (i)
            bytes[n++] = (struct ix_bytes){ ":", 1 };
        bytes[n++] = (struct ix_bytes){ parts[i].n ? parts[i].p : "", parts[i].n };
    }
    int err = ix_digest(kind, bytes, n, digest);
    if (err)
        return err;
    ix_buf_init_fixed(&b, out, IX_SIP_HEX - 1);
    ix_buf_hex(&b, digest, ix_digest_size(kind));
    out[b.n] = '\0';
    ix_wipe(digest, sizeof digest);
    return b.err;
}

static int first_hash(const struct ix_sip_digest *d, char out[IX_SIP_HEX])
{
    char secret[IX_SIP_HEX];
    int err = hash(d->kind, (struct ix_str[]){ d->user, d->realm, d->password }, 3, secret);
    if (!err && d->session)
        err = hash(d->kind, (struct ix_str[]){ ix_str(secret), d->nonce, d->cnonce }, 3, out);
    else if (!err)
        err = ix_str_copy(out, IX_SIP_HEX, ix_str(secret));
    ix_wipe(secret, sizeof secret);
    return err;
}

/* RFC 7616 section 3.4.3: auth-int covers the body too */
static int second_hash(const struct ix_sip_digest *d, char out[IX_SIP_HEX])
{
    char body[IX_SIP_HEX];
    if (!ix_str_ieq(d->qop, IX_STR("auth-int")))
        return hash(d->kind, (struct ix_str[]){ d->method, d->uri }, 2, out);
    int err = hash(d->kind, &d->body, 1, body);
    return err ? err : hash(d->kind, (struct ix_str[]){ d->method, d->uri, ix_str(body) }, 3, out);
}

int ix_sip_digest_response(const struct ix_sip_digest *d, char out[IX_SIP_HEX])
{
    char ha1[IX_SIP_HEX], ha2[IX_SIP_HEX];
    int err = first_hash(d, ha1);
    if (!err)
        err = second_hash(d, ha2);
    if (!err && d->qop.n)
        err = hash(d->kind, (struct ix_str[]){ ix_str(ha1), d->nonce, d->nc, d->cnonce, d->qop, ix_str(ha2) }, 6, out);
    else if (!err)
        err = hash(d->kind, (struct ix_str[]){ ix_str(ha1), d->nonce, ix_str(ha2) }, 3, out);
    ix_wipe(ha1, sizeof ha1);
    return err;
}

bool ix_sip_digest_algorithm(struct ix_str name, enum ix_digest_kind *kind, bool *session)
{
    static const struct {
        const char *name;
        enum ix_digest_kind kind;
        bool session;
    } known[] = { { "", IX_MD5, false }, { "MD5", IX_MD5, false }, { "SHA-256", IX_SHA256, false },
        { "SHA-512-256", IX_SHA512_256, false }, { "MD5-sess", IX_MD5, true }, { "SHA-256-sess", IX_SHA256, true },
        { "SHA-512-256-sess", IX_SHA512_256, true } };
    for (size_t i = 0; i < IX_COUNT(known); i++) {
        if (!ix_str_ieq(name, ix_str(known[i].name)))
            continue;
        *kind = known[i].kind;
        *session = known[i].session;
        return true;
    }
    return false;
}

bool ix_sip_digest_scheme(struct ix_str value, struct ix_str *params)
{
    if (!ix_str_ieq(ix_sip_take_token(&value), IX_STR("Digest")))
        return false;
    *params = value;
    return true;
}

static struct ix_str take_unquoted(struct ix_str *s)
{
    size_t i = 0;
    while (i < s->n && s->p[i] != ',' && !ix_sip_lws_char(s->p[i]))
        i++;
    struct ix_str value = ix_str_slice(*s, 0, i);
    *s = ix_str_slice(*s, i, s->n);
    return value;
}

bool ix_sip_digest_param(struct ix_str params, const char *name, struct ix_str *value)
{
    do {
        struct ix_str n = ix_sip_take_token(&params), v;
        if (!n.n || !ix_sip_take_char(&params, '='))
            return false;
        ix_sip_skip_lws(&params);
        if (params.n && params.p[0] == '"') {
            if (!ix_sip_take_quoted(&params, &v))
                return false;
        } else {
            v = take_unquoted(&params);
        }
        if (ix_str_ieq(n, ix_str(name))) {
            *value = v;
            return true;
        }
    } while (ix_sip_take_char(&params, ','));
    return false;
}

bool ix_sip_digest_has_qop(struct ix_str list, const char *qop)
{
    struct ix_str one;
    while (ix_str_cut(&list, ',', &one)) {
        if (ix_str_ieq(ix_str_trim(one), ix_str(qop)))
            return true;
    }
    return false;
}
