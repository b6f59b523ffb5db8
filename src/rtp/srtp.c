/* SPDX-License-Identifier: MIT */
/*
 * SRTP and SRTCP, RFC 3711: AES_CM_128_HMAC_SHA1_80 (RFC 5764 section 4.1.2), no MKI, key derivation rate 0. AES and
 * SHA-1 are mbedtls', with contexts that live here: nothing is allocated for a packet. Why not libsrtp2:
 * docs/design/media.md.
 *
 *   RTP:   | header | encrypted payload | tag 10 |           index = roll-over counter * 2^16 + sequence number
 *   RTCP:  | 8 bytes | encrypted rest | E + index 4 | tag 10 |
 */
#include "rtp/internal.h"

#include <string.h>

#include <mbedtls/aes.h>
#include <mbedtls/sha1.h>
#include <mbedtls/version.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define CALL(name) name
#else
#define CALL(name) name##_ret
#endif

#define KEY 16
#define SALT 14
#define AUTH_KEY 20
#define HASH 20
#define BLOCK 64 /* of SHA-1 */
#define TAG 10
#define RTP_HEAD 12u
#define RTCP_HEAD 8u
#define INDEX 4u
#define ENCRYPTED UINT32_C(0x80000000)
#define WINDOW 1024u /* packets: what a path may reorder at 50 a second is far below */
#define RTCP_WINDOW 64u
#define RTP_INDEX_MAX ((UINT64_C(1) << 48) - 1) /* section 3.3.1: never used twice with one key */
#define RTCP_INDEX_MAX ((UINT64_C(1) << 31) - 1)
#define SOURCES 6 /* one more than the session lets talk, and one to spare */

struct keys { /* section 4.3.2: of one direction, for RTP or RTCP */
    mbedtls_aes_context aes;
    mbedtls_sha1_context inner, outer; /* HMAC after the block with the key (RFC 2104) */
    uint8_t salt[SALT];
};

struct source { /* section 3.3.2: what was received from one */
    uint32_t ssrc;
    bool used, rtp_started, rtcp_started;
    uint64_t rtp_high, rtcp_high;
    uint64_t rtp_seen[WINDOW / 64], rtcp_seen[RTCP_WINDOW / 64];
};

struct ix_srtp {
    struct keys rtp[2], rtcp[2]; /* sent, received */
    uint64_t sent_high; /* RTP index; the first packet may have any sequence number */
    bool sent_any;
    uint64_t rtcp_index; /* of the next */
    struct source sources[SOURCES];
};
enum { SENT = 0, RECEIVED = 1 };

/* ---- keys ---------------------------------------------------------------------------------- */
static int keystream(mbedtls_aes_context *aes, const uint8_t iv[16], uint8_t *p, size_t n)
{
    uint8_t counter[16], block[16];
    size_t at = 0;

    memcpy(counter, iv, sizeof(counter));
    int bad = mbedtls_aes_crypt_ctr(aes, n, &at, counter, block, p, p);
    ix_wipe(block, sizeof(block));
    return bad;
}

/* section 4.3.1 and 4.3.3 */
static int derive(mbedtls_aes_context *master, const uint8_t salt[SALT], uint8_t label, uint8_t *out, size_t n)
{
    uint8_t iv[16] = { 0 };

    memcpy(iv, salt, SALT);
    iv[7] ^= label;
    memset(out, 0, n);
    return keystream(master, iv, out, n);
}

static int start_hmac(mbedtls_sha1_context *c, const uint8_t key[AUTH_KEY], uint8_t pad)
{
    uint8_t block[BLOCK];

    for (size_t i = 0; i < BLOCK; i++)
        block[i] = pad ^ (i < AUTH_KEY ? key[i] : 0);
    mbedtls_sha1_init(c);
    int bad = CALL(mbedtls_sha1_starts)(c) | CALL(mbedtls_sha1_update)(c, block, sizeof(block));
    ix_wipe(block, sizeof(block));
    return bad;
}

static int set_keys(struct keys *k, mbedtls_aes_context *master, const uint8_t salt[SALT], uint8_t first_label)
{
    uint8_t key[KEY], auth[AUTH_KEY];
    int bad = derive(master, salt, first_label, key, sizeof(key));

    bad |= derive(master, salt, first_label + 1, auth, sizeof(auth));
    bad |= derive(master, salt, first_label + 2, k->salt, SALT);
    mbedtls_aes_init(&k->aes);
    bad |= mbedtls_aes_setkey_enc(&k->aes, key, 8 * KEY);
    bad |= start_hmac(&k->inner, auth, 0x36) | start_hmac(&k->outer, auth, 0x5c);
    ix_wipe(key, sizeof(key));
    ix_wipe(auth, sizeof(auth));
    return bad;
}

int ix_srtp_new(const uint8_t local[30], const uint8_t remote[30], struct ix_srtp **out)
{
    struct ix_srtp *s = ix_alloc(sizeof(*s));
    mbedtls_aes_context master;
    int bad = 0;

    if (s == NULL)
        return IRISX_E_NO_MEMORY;
    for (int i = SENT; i <= RECEIVED; i++) {
        const uint8_t *key = i == SENT ? local : remote;
        mbedtls_aes_init(&master);
        bad |= mbedtls_aes_setkey_enc(&master, key, 8 * KEY);
        bad |= set_keys(&s->rtp[i], &master, key + KEY, 0) | set_keys(&s->rtcp[i], &master, key + KEY, 3);
        mbedtls_aes_free(&master);
    }
    if (bad) {
        ix_srtp_free(s);
        return IRISX_E_INTERNAL; /* these functions fail on hardware only */
    }
    *out = s;
    return 0;
}

void ix_srtp_free(struct ix_srtp *s)
{
    if (s == NULL)
        return;
    for (int i = SENT; i <= RECEIVED; i++) {
        mbedtls_aes_free(&s->rtp[i].aes);
        mbedtls_aes_free(&s->rtcp[i].aes);
    }
    ix_wipe(s, sizeof(*s));
    ix_free(s);
}

/* ---- one packet ---------------------------------------------------------------------------- */
/* section 4.1.1; the index is shifted so that SRTCP's 31 bits lie where SRTP's low ones do */
static int encrypt(struct keys *k, uint32_t ssrc, uint64_t index, uint8_t *p, size_t n)
{
    uint8_t iv[16] = { 0 };

    memcpy(iv, k->salt, SALT);
    for (int i = 0; i < 4; i++)
        iv[4 + i] ^= (uint8_t) (ssrc >> (24 - 8 * i));
    for (int i = 0; i < 6; i++)
        iv[8 + i] ^= (uint8_t) (index >> (40 - 8 * i));
    return keystream(&k->aes, iv, p, n);
}

/* section 4.2: of the packet and, with RTP, the roll-over counter behind it */
static int authenticate(const struct keys *k, const uint8_t *p, size_t n, const uint8_t *roc, uint8_t tag[HASH])
{
    mbedtls_sha1_context c = k->inner;
    int bad = CALL(mbedtls_sha1_update)(&c, p, n);

    if (roc)
        bad |= CALL(mbedtls_sha1_update)(&c, roc, 4);
    bad |= CALL(mbedtls_sha1_finish)(&c, tag);
    c = k->outer;
    bad |= CALL(mbedtls_sha1_update)(&c, tag, HASH) | CALL(mbedtls_sha1_finish)(&c, tag);
    return bad;
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t) (v >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

/* where the payload begins: behind CSRCs and an extension (RFC 3550 section 5.1, 5.3.1); 0: no RTP packet */
static size_t payload_at(const uint8_t *p, size_t n)
{
    if (n < RTP_HEAD || p[0] >> 6 != 2)
        return 0;
    size_t at = RTP_HEAD + 4u * (p[0] & 0x0f);
    if (p[0] & 0x10)
        at = at + 4 <= n ? at + 4 + 4u * (size_t) (p[at + 2] << 8 | p[at + 3]) : n + 1;
    return at <= n ? at : 0;
}

/* section 3.3.1: the index next to the highest that has these low bits; the first packet is in the first round */
static uint64_t index_of(bool started, uint64_t high, uint16_t seq)
{
    if (!started)
        return seq;
    uint64_t index = (high & ~UINT64_C(0xffff)) | seq;
    if (index > high + 0x8000 && index > 0xffff)
        return index - 0x10000;
    return index + 0x8000 < high ? index + 0x10000 : index;
}

int ix_srtp_protect(struct ix_srtp *s, uint8_t *p, size_t *n)
{
    size_t at = payload_at(p, *n);
    uint8_t roc[4], tag[HASH];

    if (at == 0)
        return IRISX_E_PROTOCOL;
    uint64_t index = index_of(s->sent_any, s->sent_high, (uint16_t) (p[2] << 8 | p[3]));
    if (s->sent_any && index <= s->sent_high)
        return IRISX_E_DUPLICATE; /* its keystream was used */
    if (index > RTP_INDEX_MAX)
        return IRISX_E_LIMIT;
    put_u32(roc, (uint32_t) (index >> 16));
    if (encrypt(&s->rtp[SENT], get_u32(p + 8), index, p + at, *n - at) || authenticate(&s->rtp[SENT], p, *n, roc, tag))
        return IRISX_E_INTERNAL;
    memcpy(p + *n, tag, TAG);
    *n += TAG;
    s->sent_high = index;
    s->sent_any = true;
    return 0;
}

int ix_srtp_protect_rtcp(struct ix_srtp *s, uint8_t *p, size_t *n)
{
    uint8_t tag[HASH];

    if (*n < RTCP_HEAD || p[0] >> 6 != 2)
        return IRISX_E_PROTOCOL;
    if (s->rtcp_index == RTCP_INDEX_MAX)
        return IRISX_E_LIMIT;
    s->rtcp_index++;
    if (encrypt(&s->rtcp[SENT], get_u32(p + 4), s->rtcp_index, p + RTCP_HEAD, *n - RTCP_HEAD))
        return IRISX_E_INTERNAL;
    put_u32(p + *n, ENCRYPTED | (uint32_t) s->rtcp_index);
    if (authenticate(&s->rtcp[SENT], p, *n + INDEX, NULL, tag))
        return IRISX_E_INTERNAL;
    memcpy(p + *n + INDEX, tag, TAG);
    *n += INDEX + TAG;
    return 0;
}

/* ---- what is received ---------------------------------------------------------------------- */
static struct source *find(struct ix_srtp *s, uint32_t ssrc, struct source *fresh)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (s->sources[i].used && s->sources[i].ssrc == ssrc)
            return &s->sources[i];
    *fresh = (struct source){ .ssrc = ssrc, .used = true };
    return fresh;
}

/* an authentic packet of a source that is new makes it known */
static int keep(struct ix_srtp *s, const struct source *source, const struct source *fresh)
{
    if (source != fresh)
        return 0;
    for (size_t i = 0; i < SOURCES; i++) {
        if (!s->sources[i].used) {
            s->sources[i] = *fresh;
            return 0;
        }
    }
    return IRISX_E_LIMIT;
}

/* section 3.3.2: false if it was there, or is too old to tell */
static bool is_new(bool started, uint64_t high, const uint64_t *seen, unsigned window, uint64_t index)
{
    if (!started || index > high)
        return true;
    return high - index < window && !((seen[index % window / 64] >> (index % 64)) & 1);
}

static void mark(bool *started, uint64_t *high, uint64_t *seen, unsigned window, uint64_t index)
{
    if (!*started || index > *high + window)
        memset(seen, 0, window / 8);
    else
        for (uint64_t i = *high + 1; i <= index; i++)
            seen[i % window / 64] &= ~(UINT64_C(1) << (i % 64));
    *high = *started ? IX_MAX(*high, index) : index;
    *started = true;
    seen[index % window / 64] |= UINT64_C(1) << (index % 64);
}

int ix_srtp_unprotect(struct ix_srtp *s, uint8_t *p, size_t *n)
{
    uint8_t roc[4], tag[HASH];
    struct source fresh, *from;
    size_t len = *n - TAG, at;

    if (*n < RTP_HEAD + TAG || (at = payload_at(p, len)) == 0)
        return IRISX_E_PROTOCOL;
    from = find(s, get_u32(p + 8), &fresh);
    uint64_t index = index_of(from->rtp_started, from->rtp_high, (uint16_t) (p[2] << 8 | p[3]));
    if (!is_new(from->rtp_started, from->rtp_high, from->rtp_seen, WINDOW, index))
        return IRISX_E_DUPLICATE;
    put_u32(roc, (uint32_t) (index >> 16));
    if (index > RTP_INDEX_MAX || authenticate(&s->rtp[RECEIVED], p, len, roc, tag) || !ix_equal_ct(tag, p + len, TAG))
        return IRISX_E_SIGNATURE;
    if (encrypt(&s->rtp[RECEIVED], from->ssrc, index, p + at, len - at))
        return IRISX_E_INTERNAL;
    mark(&from->rtp_started, &from->rtp_high, from->rtp_seen, WINDOW, index);
    *n = len;
    return keep(s, from, &fresh);
}

int ix_srtp_unprotect_rtcp(struct ix_srtp *s, uint8_t *p, size_t *n)
{
    uint8_t tag[HASH];
    struct source fresh, *from;
    size_t len = *n - TAG - INDEX;

    if (*n < RTCP_HEAD + INDEX + TAG || p[0] >> 6 != 2)
        return IRISX_E_PROTOCOL;
    from = find(s, get_u32(p + 4), &fresh);
    uint32_t word = get_u32(p + len), index = word & ~ENCRYPTED;
    if (!is_new(from->rtcp_started, from->rtcp_high, from->rtcp_seen, RTCP_WINDOW, index))
        return IRISX_E_DUPLICATE;
    if (authenticate(&s->rtcp[RECEIVED], p, len + INDEX, NULL, tag) || !ix_equal_ct(tag, p + len + INDEX, TAG))
        return IRISX_E_SIGNATURE;
    if ((word & ENCRYPTED) && encrypt(&s->rtcp[RECEIVED], from->ssrc, index, p + RTCP_HEAD, len - RTCP_HEAD))
        return IRISX_E_INTERNAL;
    mark(&from->rtcp_started, &from->rtcp_high, from->rtcp_seen, RTCP_WINDOW, index);
    *n = len;
    return keep(s, from, &fresh);
}

void ix_srtp_forget(struct ix_srtp *s, uint32_t remote_ssrc)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (s->sources[i].used && s->sources[i].ssrc == remote_ssrc)
            s->sources[i].used = false;
}
