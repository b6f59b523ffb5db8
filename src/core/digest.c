/* SPDX-License-Identifier: MIT */
/*
 * Message digests and HMAC (RFC 2104) over mbedtls 2.28 or 3.x. The contexts live on the stack: mbedtls' own generic
 * layer would allocate two blocks for each STUN message, and not from our allocator.
 */
#include "core/core.h"

#include <string.h>

#include <mbedtls/md5.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <mbedtls/version.h>

/* 2.x has the functions that return an error under names of their own */
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define CALL(name) name
#else
#define CALL(name) name##_ret
#endif

#define BLOCK_MAX 128 /* bytes, of SHA-384 and SHA-512 */

struct hash {
    enum ix_digest_kind kind;
    union {
        mbedtls_md5_context md5;
        mbedtls_sha1_context sha1;
        mbedtls_sha256_context sha256;
        mbedtls_sha512_context sha512;
    } u;
};

#ifndef MBEDTLS_PRIVATE
#define MBEDTLS_PRIVATE(member) member
#endif

/* FIPS 180-4 section 5.3.6.2. mbedtls has SHA-512 only: the same compression from other initial values, cut to 256 bits
 */
static int start_sha512_256(mbedtls_sha512_context *c)
{
    static const uint64_t initial[8] = { UINT64_C(0x22312194fc2bf72c), UINT64_C(0x9f555fa3c84c64c2),
        UINT64_C(0x2393b86b6f53b151), UINT64_C(0x963877195940eabd), UINT64_C(0x96283ee2a88effe3),
        UINT64_C(0xbe5e1e2553863992), UINT64_C(0x2b0199fc2c85b8aa), UINT64_C(0x0eb72ddc81c52ca2) };
    int bad = CALL(mbedtls_sha512_starts)(c, 0);

    if (bad == 0)
        memcpy(c->MBEDTLS_PRIVATE(state), initial, sizeof initial);
    return bad;
}

static int hash_start(struct hash *h, enum ix_digest_kind kind)
{
    h->kind = kind;
    switch (kind) {
    case IX_MD5:
        mbedtls_md5_init(&h->u.md5);
        return CALL(mbedtls_md5_starts)(&h->u.md5);
    case IX_SHA1:
        mbedtls_sha1_init(&h->u.sha1);
        return CALL(mbedtls_sha1_starts)(&h->u.sha1);
    case IX_SHA256:
        mbedtls_sha256_init(&h->u.sha256);
        return CALL(mbedtls_sha256_starts)(&h->u.sha256, 0);
    case IX_SHA384:
    case IX_SHA512:
        mbedtls_sha512_init(&h->u.sha512);
        return CALL(mbedtls_sha512_starts)(&h->u.sha512, kind == IX_SHA384);
    case IX_SHA512_256:
        mbedtls_sha512_init(&h->u.sha512);
        return start_sha512_256(&h->u.sha512);
    }
    return -1;
}

static int hash_add(struct hash *h, const void *p, size_t n)
{
    if (n == 0)
        return 0;
    switch (h->kind) {
    case IX_MD5:
        return CALL(mbedtls_md5_update)(&h->u.md5, p, n);
    case IX_SHA1:
        return CALL(mbedtls_sha1_update)(&h->u.sha1, p, n);
    case IX_SHA256:
        return CALL(mbedtls_sha256_update)(&h->u.sha256, p, n);
    case IX_SHA384:
    case IX_SHA512:
    case IX_SHA512_256:
        return CALL(mbedtls_sha512_update)(&h->u.sha512, p, n);
    }
    return -1;
}

static int hash_end(struct hash *h, uint8_t out[IX_DIGEST_MAX])
{
    switch (h->kind) {
    case IX_MD5:
        return CALL(mbedtls_md5_finish)(&h->u.md5, out);
    case IX_SHA1:
        return CALL(mbedtls_sha1_finish)(&h->u.sha1, out);
    case IX_SHA256:
        return CALL(mbedtls_sha256_finish)(&h->u.sha256, out);
    case IX_SHA384:
    case IX_SHA512:
    case IX_SHA512_256:
        return CALL(mbedtls_sha512_finish)(&h->u.sha512, out);
    }
    return -1;
}

/* keys go through here: mbedtls wipes what it frees, and a hardware context may hold more than memory */
static void hash_clear(struct hash *h)
{
    switch (h->kind) {
    case IX_MD5:
        mbedtls_md5_free(&h->u.md5);
        break;
    case IX_SHA1:
        mbedtls_sha1_free(&h->u.sha1);
        break;
    case IX_SHA256:
        mbedtls_sha256_free(&h->u.sha256);
        break;
    case IX_SHA384:
    case IX_SHA512:
    case IX_SHA512_256:
        mbedtls_sha512_free(&h->u.sha512);
        break;
    }
}

size_t ix_digest_size(enum ix_digest_kind kind)
{
    switch (kind) {
    case IX_MD5:
        return 16;
    case IX_SHA1:
        return 20;
    case IX_SHA256:
    case IX_SHA512_256:
        return 32;
    case IX_SHA384:
        return 48;
    case IX_SHA512:
        return 64;
    }
    return 0;
}

static size_t block_size(enum ix_digest_kind kind)
{
    return kind == IX_SHA384 || kind == IX_SHA512 || kind == IX_SHA512_256 ? 128 : 64;
}

/* H(first block, parts ...); `block` may be NULL */
static int run(enum ix_digest_kind kind, const uint8_t *block, const struct ix_bytes *parts, size_t count, uint8_t *out)
{
    struct hash h;
    uint8_t full[IX_DIGEST_MAX];
    int bad = hash_start(&h, kind);

    if (bad == 0 && block != NULL)
        bad = hash_add(&h, block, block_size(kind));
    for (size_t i = 0; i < count && bad == 0; i++)
        bad = hash_add(&h, parts[i].p, parts[i].n);
    if (bad == 0)
        bad = hash_end(&h, full);
    if (bad == 0)
        memcpy(out, full, ix_digest_size(kind));
    ix_wipe(full, sizeof full);
    hash_clear(&h);
    return bad == 0 ? 0 : IRISX_E_INTERNAL;
}

int ix_digest(enum ix_digest_kind kind, const struct ix_bytes *parts, size_t count, uint8_t *out)
{
    if (ix_digest_size(kind) == 0)
        return IRISX_E_INVALID;
    return run(kind, NULL, parts, count, out);
}

/* RFC 2104 section 2: a key longer than a block is replaced by its digest; zeros fill up */
static int key_block(enum ix_digest_kind kind, struct ix_bytes key, uint8_t block[BLOCK_MAX])
{
    memset(block, 0, BLOCK_MAX);
    if (key.n > block_size(kind))
        return run(kind, NULL, &key, 1, block);
    if (key.n > 0)
        memcpy(block, key.p, key.n);
    return 0;
}

static void xor_block(uint8_t block[BLOCK_MAX], uint8_t with)
{
    for (size_t i = 0; i < BLOCK_MAX; i++)
        block[i] ^= with;
}

int ix_hmac(enum ix_digest_kind kind, struct ix_bytes key, const struct ix_bytes *parts, size_t count, uint8_t *out)
{
    uint8_t block[BLOCK_MAX];
    uint8_t inner[IX_DIGEST_MAX];

    if (ix_digest_size(kind) == 0)
        return IRISX_E_INVALID;
    int err = key_block(kind, key, block);
    xor_block(block, 0x36);
    if (err == 0)
        err = run(kind, block, parts, count, inner);
    xor_block(block, 0x36 ^ 0x5c);
    if (err == 0)
        err = run(kind, block, &(struct ix_bytes){ inner, ix_digest_size(kind) }, 1, out);
    ix_wipe(block, sizeof block);
    ix_wipe(inner, sizeof inner);
    return err;
}
