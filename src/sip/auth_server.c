/* SPDX-License-Identifier: MIT */
/*
 * Digest, server side (RFC 7616 sections 3.3, 3.4 and 5.12). A nonce carries its time and a signature, so that one we
 * have forgotten is still told from one we never made; for those in use a window of 64 nc values refuses replays.
 */
#include "sip/digest.h"

#include <string.h>

#define NONCE_BYTES 32 /* 8 time, 8 random, 16 signature */
#define NONCE_TEXT (2 * NONCE_BYTES)
#define WINDOW 64

struct used_nonce {
    struct ix_list node; /* oldest first */
    char text[NONCE_TEXT];
    uint32_t highest;
    uint64_t seen; /* bit i: highest - i */
};
struct ix_sip_auth_server {
    const struct ix_rng *rng;
    char *realm; /* as it stands between the quotes, escapes and all: that text is echoed and hashed */
    bool sha256, sha512_256, session, no_qop;
    const char *qop;
    uint64_t lifetime_us;
    size_t max_nonces;
    uint8_t key[32];
    struct ix_map *used;
    struct ix_list order;
    uint64_t floor_us; /* of nonces made until then we may have forgotten what they saw: stale */
};

static char *escaped(const char *text)
{
    struct ix_buf b;
    ix_buf_init(&b, 1024);
    ix_sip_quote(&b, ix_str(text));
    ix_buf_consume(&b, 1);
    b.n -= b.n > 0; /* the quotes */
    return ix_buf_take(&b);
}

int ix_sip_auth_server_new(const struct ix_sip_auth_server_config *config, struct ix_sip_auth_server **out)
{
    struct ix_sip_auth_server *a = ix_alloc(sizeof *a);
    if (!a)
        return IRISX_E_NO_MEMORY;
    ix_list_init(&a->order);
    a->rng = config->rng;
    a->sha256 = config->sha256;
    a->sha512_256 = config->sha512_256;
    a->session = config->session;
    a->qop = config->qop ? config->qop : "auth";
    a->no_qop = config->no_qop;
    a->lifetime_us = (config->nonce_seconds ? config->nonce_seconds : 300) * IX_S;
    a->max_nonces = config->max_nonces ? config->max_nonces : 4096;
    ix_rng_fill(a->rng, a->key, sizeof a->key);
    a->realm = escaped(config->realm);
    a->used = ix_map_new(a->max_nonces, ix_rng_u64(a->rng));
    if (!a->realm || !a->used) {
        ix_sip_auth_server_free(a);
        return IRISX_E_NO_MEMORY;
    }
    *out = a;
    return 0;
}

void ix_sip_auth_server_free(struct ix_sip_auth_server *a)
{
    struct ix_list *node;
    if (!a)
        return;
    while ((node = ix_list_pop(&a->order)) != NULL)
        ix_free(IX_CONTAINER(node, struct used_nonce, node));
    ix_map_free(a->used);
    ix_free(a->realm);
    ix_wipe(a->key, sizeof a->key);
    ix_free(a);
}

/* ---- nonces ------------------------------------------------------------------------------ */

static int sign(const struct ix_sip_auth_server *a, const uint8_t head[16], uint8_t out[16])
{
    uint8_t mac[IX_DIGEST_MAX];
    int err = ix_hmac(IX_SHA256, (struct ix_bytes){ a->key, sizeof a->key }, &(struct ix_bytes){ head, 16 }, 1, mac);
    if (!err)
        memcpy(out, mac, 16);
    return err;
}

static int make_nonce(struct ix_sip_auth_server *a, struct ix_now now, char out[NONCE_TEXT])
{
    uint8_t bytes[NONCE_BYTES];
    struct ix_buf b;
    ix_buf_init_fixed(&b, bytes, 8);
    ix_buf_u64(&b, now.mono_us);
    ix_rng_fill(a->rng, bytes + 8, 8);
    int err = sign(a, bytes, bytes + 16);
    if (err)
        return err;
    ix_buf_init_fixed(&b, out, NONCE_TEXT);
    ix_buf_hex(&b, bytes, sizeof bytes);
    return b.err;
}

static uint64_t nonce_time(const char text[NONCE_TEXT])
{
    uint64_t made = 0;
    (void) ix_str_hex_u64(ix_str_n(text, 16), &made); /* ours: it is hex */
    return made;
}

static bool nonce_fresh(const struct ix_sip_auth_server *a, struct ix_str text, struct ix_now now)
{
    uint8_t bytes[NONCE_BYTES], mac[16];
    if (text.n != NONCE_TEXT || ix_hex_decode(text, bytes, sizeof bytes) || sign(a, bytes, mac))
        return false;
    struct ix_reader r = ix_reader(bytes, 8);
    uint64_t made = ix_read_u64(&r);
    return ix_equal_ct(mac, bytes + 16, 16) && made <= now.mono_us && now.mono_us - made <= a->lifetime_us;
}

static struct used_nonce *use_nonce(struct ix_sip_auth_server *a, struct ix_str text)
{
    struct used_nonce *u = ix_map_get(a->used, text);
    if (u)
        return u;
    if (nonce_time(text.p) <= a->floor_us)
        return NULL;
    if (ix_map_count(a->used) >= a->max_nonces) {
        struct used_nonce *oldest = IX_CONTAINER(ix_list_pop(&a->order), struct used_nonce, node);
        (void) ix_map_remove(a->used, ix_str_n(oldest->text, NONCE_TEXT));
        a->floor_us = IX_MAX(a->floor_us, nonce_time(oldest->text));
        ix_free(oldest);
    }
    u = ix_alloc(sizeof *u);
    if (!u || ix_map_set(a->used, text, u)) {
        ix_free(u);
        return NULL;
    }
    memcpy(u->text, text.p, NONCE_TEXT);
    ix_list_append(&a->order, &u->node);
    return u;
}

/* first sight of this nc; gaps are allowed */
static bool count_fresh(struct used_nonce *u, uint32_t nc)
{
    if (nc > u->highest) {
        uint32_t step = nc - u->highest;
        u->seen = (step < WINDOW ? u->seen << step : 0) | 1;
        u->highest = nc;
        return true;
    }
    uint32_t back = u->highest - nc;
    if (!nc || back >= WINDOW || (u->seen & (UINT64_C(1) << back)))
        return false;
    u->seen |= UINT64_C(1) << back;
    return true;
}

/* ---- challenge --------------------------------------------------------------------------- */

static void write_challenge(const struct ix_sip_auth_server *a, struct ix_buf *b, bool proxy, bool stale,
    const char *algorithm, struct ix_str nonce)
{
    ix_buf_str(b, proxy ? "Proxy-Authenticate: Digest realm=\"" : "WWW-Authenticate: Digest realm=\"");
    ix_buf_str(b, a->realm);
    ix_buf_str(b, "\", nonce=\"");
    ix_buf_strv(b, nonce);
    ix_buf_str(b, "\"");
    ix_buf_str(b, stale ? ", stale=true" : "");
    ix_buf_str(b, ", algorithm=");
    ix_buf_str(b, algorithm);
    ix_buf_str(b, a->session ? "-sess" : "");
    if (!a->no_qop)
        ix_buf_fmt(b, ", qop=\"%s\"", a->qop);
    ix_buf_str(b, "\r\n");
}

int ix_sip_auth_server_challenge(
    struct ix_sip_auth_server *a, struct ix_buf *b, bool proxy, bool stale, struct ix_now now)
{
    char nonce[NONCE_TEXT];
    int err = make_nonce(a, now, nonce);
    if (err)
        return err;
    if (a->sha512_256)
        write_challenge(a, b, proxy, stale, "SHA-512-256", ix_str_n(nonce, NONCE_TEXT));
    if (a->sha256)
        write_challenge(a, b, proxy, stale, "SHA-256", ix_str_n(nonce, NONCE_TEXT));
    write_challenge(a, b, proxy, stale, "MD5", ix_str_n(nonce, NONCE_TEXT));
    return b->err;
}

/* ---- verification ------------------------------------------------------------------------ */

static bool find_credentials(
    const struct ix_sip_auth_server *a, const struct ix_sip_msg *msg, bool proxy, struct ix_str *params)
{
    enum ix_sip_hdr id = proxy ? IX_SIP_H_PROXY_AUTHORIZATION : IX_SIP_H_AUTHORIZATION;
    struct ix_str realm;
    for (size_t i = 0; i < msg->header_count; i++) {
        if (msg->headers[i].id == id && ix_sip_digest_scheme(msg->headers[i].value, params) &&
            ix_sip_digest_param(*params, "realm", &realm) && ix_str_eq(realm, ix_str(a->realm)))
            return true;
    }
    return false;
}

bool ix_sip_auth_server_user(
    const struct ix_sip_auth_server *a, const struct ix_sip_msg *msg, bool proxy, struct ix_str *user)
{
    struct ix_str params;
    return find_credentials(a, msg, proxy, &params) && ix_sip_digest_param(params, "username", user);
}

static const char *qop_text(struct ix_str qop)
{
    return ix_str_ieq(qop, IX_STR("auth")) ? "auth" : ix_str_ieq(qop, IX_STR("auth-int")) ? "auth-int" : "?";
}

/* everything the check needs is there, and fits what we offered */
static bool read_credentials(
    const struct ix_sip_auth_server *a, struct ix_str params, struct ix_sip_digest *d, struct ix_str *response)
{
    struct ix_str algorithm = IX_STR_NONE;
    if (!ix_sip_digest_param(params, "username", &d->user) || !ix_sip_digest_param(params, "nonce", &d->nonce) ||
        !ix_sip_digest_param(params, "uri", &d->uri) || !ix_sip_digest_param(params, "response", response))
        return false;
    (void) ix_sip_digest_param(params, "algorithm", &algorithm);
    (void) ix_sip_digest_param(params, "qop", &d->qop);
    (void) ix_sip_digest_param(params, "nc", &d->nc);
    (void) ix_sip_digest_param(params, "cnonce", &d->cnonce);
    if (!ix_sip_digest_algorithm(algorithm, &d->kind, &d->session) || d->session != a->session ||
        (d->kind == IX_SHA256 && !a->sha256) || (d->kind == IX_SHA512_256 && !a->sha512_256))
        return false;
    return !d->qop.n || (ix_sip_digest_has_qop(ix_str(a->qop), qop_text(d->qop)) && d->nc.n == 8 && d->cnonce.n);
}

/* RFC 7616 section 3.4.6: the credentials must be for this very resource */
static bool uri_matches(struct ix_str text, const struct ix_sip_msg *msg)
{
    struct ix_sip_uri uri;
    return ix_str_eq(text, msg->uri.text) || (!ix_sip_uri_parse(&uri, text) && ix_sip_uri_eq(&uri, &msg->uri));
}

static enum ix_sip_verdict check_count(struct ix_sip_auth_server *a, const struct ix_sip_digest *d, struct ix_now now)
{
    uint64_t nc = 0;
    if (!nonce_fresh(a, d->nonce, now))
        return IX_SIP_AUTH_STALE;
    if (!d->qop.n)
        return IX_SIP_AUTH_OK; /* RFC 2069 form: the platform takes it too */
    if (ix_str_hex_u64(d->nc, &nc))
        return IX_SIP_AUTH_BAD;
    struct used_nonce *u = use_nonce(a, d->nonce);
    return u && count_fresh(u, (uint32_t) nc) ? IX_SIP_AUTH_OK : IX_SIP_AUTH_STALE;
}

enum ix_sip_verdict ix_sip_auth_server_check(
    struct ix_sip_auth_server *a, const struct ix_sip_msg *msg, bool proxy, struct ix_str password, struct ix_now now)
{
    struct ix_sip_digest d = {
        .realm = ix_str(a->realm), .password = password, .method = msg->method_name, .body = msg->body
    };
    char expected[IX_SIP_HEX];
    struct ix_str params, response;
    struct ix_buf user;

    if (!find_credentials(a, msg, proxy, &params))
        return IX_SIP_AUTH_NONE;
    if (!read_credentials(a, params, &d, &response) || !uri_matches(d.uri, msg))
        return IX_SIP_AUTH_BAD;
    ix_buf_init(&user, 1024);
    ix_sip_unquote(&user, d.user);
    d.user = ix_str_n(user.p, user.n);
    bool computed = !user.err && !ix_sip_digest_response(&d, expected);
    ix_buf_clear(&user);
    if (!computed || response.n != ix_str(expected).n || !ix_equal_ct(response.p, expected, response.n))
        return IX_SIP_AUTH_WRONG;
    return check_count(a, &d, now);
}
