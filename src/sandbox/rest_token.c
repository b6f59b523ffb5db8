/* SPDX-License-Identifier: MIT */
/*
 * What shows who somebody is: JSON Web Tokens (RFC 7519; HS256 of RFC 7518 section 3.2) with the platform's claims,
 * one-time codes (RFC 6238 over RFC 4226), and random names.
 */
#include <inttypes.h>
#include <string.h>

#include "sandbox/rest.h"

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define TOTP_STEP_MS 30000
#define TOTP_BYTES 20 /* RFC 4226 section 4: 160 bits are recommended */

static int sign(struct sandbox_rest *r, struct ix_str text, uint8_t mac[32])
{
    struct ix_bytes part = { text.p, text.n };

    return ix_hmac(IX_SHA256, (struct ix_bytes){ r->secret, sizeof r->secret }, &part, 1, mac);
}

bool token_same_text(struct sandbox_rest *r, struct ix_str a, struct ix_str b)
{
    uint8_t x[32], y[32];

    return !sign(r, a, x) && !sign(r, b, y) && ix_equal_ct(x, y, sizeof x);
}

/* ---- making ---------------------------------------------------------------------------------- */
static int64_t lifetime_s(enum token_kind kind)
{
    switch (kind) {
    case TOKEN_ACCESS:
        return 24 * 3600;
    case TOKEN_REFRESH:
        return 7 * 24 * 3600;
    case TOKEN_PENDING:
        break;
    }
    return 5 * 60;
}

static void put_claims(struct ix_buf *b, enum token_kind kind, const struct token_user *u, int64_t now_s)
{
    out_open(b, NULL, '{');
    out_id(b, "userId", u->user_id);
    out_id(b, "tenantId", u->tenant_id);
    if (kind != TOKEN_REFRESH)
        out_text(b, "email", u->email);
    if (kind == TOKEN_ACCESS)
        out_text(b, "role", u->role);
    if (kind == TOKEN_PENDING)
        out_bool(b, "pending_2fa", true);
    out_int(b, "iat", now_s);
    out_int(b, "exp", now_s + lifetime_s(kind));
    out_close(b, '}');
}

int token_make(struct sandbox_rest *r, enum token_kind kind, const struct token_user *user, char out[TOKEN_MAX])
{
    char claims[512];
    struct ix_buf c, t;
    uint8_t mac[32];
    int err;

    ix_buf_init_fixed(&c, claims, sizeof claims);
    ix_buf_init_fixed(&t, out, TOKEN_MAX - 1);
    put_claims(&c, kind, user, rest_now_ms(r) / 1000);
    ix_base64url_encode(&t, HEADER, sizeof HEADER - 1);
    ix_buf_u8(&t, '.');
    ix_base64url_encode(&t, c.p, c.n);
    err = c.err ? c.err : t.err ? t.err : sign(r, ix_str_n(t.p, t.n), mac);
    if (err)
        return err;
    ix_buf_u8(&t, '.');
    ix_base64url_encode(&t, mac, sizeof mac);
    out[t.n] = 0;
    return t.err;
}

/* ---- checking -------------------------------------------------------------------------------- */
/* a part is base64url of a JSON object */
static irisx_value_t *parse_part(struct ix_str part)
{
    char storage[TOKEN_MAX];
    irisx_value_t *v = NULL;
    struct ix_buf b;

    ix_buf_init_fixed(&b, storage, sizeof storage);
    if (ix_base64_decode(&b, part) || b.err || ix_json_parse(ix_str_n(b.p, b.n), &v, NULL))
        return NULL;
    return v;
}

static bool signature_fits(struct sandbox_rest *r, struct ix_str signed_part, struct ix_str signature)
{
    uint8_t mac[32];
    char text[44];
    struct ix_buf b;

    ix_buf_init_fixed(&b, text, sizeof text);
    if (sign(r, signed_part, mac))
        return false;
    ix_base64url_encode(&b, mac, sizeof mac);
    return !b.err && signature.n == b.n && ix_equal_ct(signature.p, b.p, b.n);
}

static int read_claims(struct sandbox_rest *r, const irisx_value_t *v, struct token_claims *out)
{
    out->user_id = irisx_value_get_int(v, "userId", 0);
    out->tenant_id = irisx_value_get_int(v, "tenantId", 0);
    out->expires_s = irisx_value_get_int(v, "exp", 0);
    out->kind = irisx_value_get_bool(v, "pending_2fa", 0) ? TOKEN_PENDING
                : irisx_value_get(v, "role")              ? TOKEN_ACCESS
                                                          : TOKEN_REFRESH;
    if (out->user_id <= 0 || out->tenant_id <= 0)
        return IRISX_E_AUTH;
    return rest_now_ms(r) / 1000 < out->expires_s ? 0 : IRISX_E_EXPIRED;
}

int token_check(struct sandbox_rest *r, struct ix_str token, struct token_claims *out)
{
    struct ix_str rest = token, header, claims;
    irisx_value_t *head, *v;
    int err = IRISX_E_AUTH;

    if (!ix_str_cut(&rest, '.', &header) || !ix_str_cut(&rest, '.', &claims) ||
        !signature_fits(r, ix_str_n(token.p, header.n + 1 + claims.n), rest))
        return IRISX_E_AUTH;
    head = parse_part(header);
    v = parse_part(claims);
    if (v && !strcmp(irisx_value_get_text(head, "alg", ""), "HS256"))
        err = read_claims(r, v, out);
    irisx_value_free(head);
    irisx_value_free(v);
    return err;
}

/* ---- one-time codes -------------------------------------------------------------------------- */
static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* RFC 4648 section 6 */

void token_totp_secret(struct sandbox_rest *r, char out[33])
{
    uint8_t bytes[32];

    ix_rng_fill(&r->sb->rng, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        out[i] = base32[bytes[i] & 31];
    out[32] = 0;
    ix_wipe(bytes, sizeof bytes);
}

static bool base32_decode(const char *text, uint8_t out[TOTP_BYTES])
{
    uint64_t bits = 0;
    size_t held = 0, n = 0;

    for (; *text; text++) {
        const char *at = strchr(base32, *text);

        if (!at || n == TOTP_BYTES)
            return false;
        bits = bits << 5 | (uint64_t) (at - base32);
        held += 5;
        if (held >= 8) {
            held -= 8;
            out[n++] = (uint8_t) (bits >> held);
        }
    }
    return n == TOTP_BYTES;
}

/* RFC 4226 section 5.3 */
static bool totp(const uint8_t key[TOTP_BYTES], int64_t step, char out[7])
{
    struct ix_bytes part;
    uint8_t counter[8], mac[20];
    uint32_t code;

    for (size_t i = 0; i < 8; i++)
        counter[i] = (uint8_t) ((uint64_t) step >> (56 - 8 * i));
    part = (struct ix_bytes){ counter, sizeof counter };
    if (ix_hmac(IX_SHA1, (struct ix_bytes){ key, TOTP_BYTES }, &part, 1, mac))
        return false;
    code = (uint32_t) (mac[mac[19] & 15] & 0x7f) << 24 | (uint32_t) mac[(mac[19] & 15) + 1] << 16 |
           (uint32_t) mac[(mac[19] & 15) + 2] << 8 | mac[(mac[19] & 15) + 3];
    code %= 1000000;
    for (size_t i = 6; i-- > 0; code /= 10)
        out[i] = (char) ('0' + code % 10);
    out[6] = 0;
    return true;
}

bool token_totp_check(const char *secret, struct ix_str code, int64_t now_ms, int64_t *last)
{
    uint8_t key[TOTP_BYTES];
    int64_t now = now_ms / TOTP_STEP_MS;
    bool found = false;
    char text[7];

    if (!base32_decode(secret, key))
        return false;
    for (int64_t step = IX_MAX(now - 1, *last + 1); step <= now + 1 && !found; step++) {
        found = totp(key, step, text) && code.n == 6 && ix_equal_ct(code.p, text, 6);
        if (found)
            *last = step;
    }
    ix_wipe(key, sizeof key);
    return found;
}

/* ---- names ----------------------------------------------------------------------------------- */
void rest_uuid(struct sandbox_rest *r, char out[37])
{
    static const uint8_t parts[] = { 4, 2, 2, 2, 6 };
    uint8_t bytes[16], *p = bytes;
    struct ix_buf b;

    ix_rng_fill(&r->sb->rng, bytes, sizeof bytes);
    bytes[6] = (uint8_t) ((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t) ((bytes[8] & 0x3f) | 0x80);
    ix_buf_init_fixed(&b, out, 36);
    for (size_t i = 0; i < IX_COUNT(parts); p += parts[i], i++) {
        if (i)
            ix_buf_u8(&b, '-');
        ix_buf_hex(&b, p, parts[i]);
    }
    out[36] = 0;
}

void rest_hex_id(struct sandbox_rest *r, const char *prefix, char out[35])
{
    uint8_t bytes[16];
    struct ix_buf b;

    ix_rng_fill(&r->sb->rng, bytes, sizeof bytes);
    ix_buf_init_fixed(&b, out, 34);
    ix_buf_str(&b, prefix);
    ix_buf_hex(&b, bytes, sizeof bytes);
    out[34] = 0;
}
