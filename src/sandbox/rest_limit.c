/* SPDX-License-Identifier: MIT */
/*
 * The limit on POST /v1/calls (contract WIRE.md section 6): 10 requests in 60 s a caller, where each accepted one
 * renews the 60 s.
 * The caller is the API key, else what a proxy says, else everybody together.
 */
#include <inttypes.h>
#include <string.h>

#include "sandbox/rest.h"

#define LIMIT 10
#define WINDOW_MS 60000
#define MAX_CALLERS 1024 /* beyond that requests pass, as they do on the platform when its Redis fails */

struct bucket {
    uint32_t count;
    int64_t until_ms;
};

int rest_limit_new(struct sandbox_rest *r)
{
    r->buckets = ix_map_new(MAX_CALLERS, ix_rng_u64(&r->sb->rng));
    return r->buckets ? 0 : IRISX_E_NO_MEMORY;
}

static void forget(struct sandbox_rest *r, int64_t before_ms)
{
    struct ix_str key;
    void *value;

    for (size_t at = 0; ix_map_next(r->buckets, &at, &key, &value);) {
        struct bucket *b = value;

        if (b->until_ms <= before_ms) {
            (void) ix_map_remove(r->buckets, key); /* is b */
            ix_free(b);
        }
    }
}

void rest_limit_free(struct sandbox_rest *r)
{
    if (!r->buckets)
        return;
    forget(r, INT64_MAX);
    ix_map_free(r->buckets);
}

static void caller_name(const struct rest_exchange *x, struct ix_buf *name)
{
    const struct ix_server_request *q = x->request;
    const char *forwarded = q->header(q, "X-Forwarded-For");

    if (!forwarded)
        forwarded = q->header(q, "X-Real-IP");
    if (x->caller.key_id)
        ix_buf_fmt(name, "key:%" PRId64, x->caller.key_id);
    else
        ix_buf_strv(name, ix_str_slice(ix_str(forwarded ? forwarded : "anonymous"), 0, 128));
}

/* NULL: too many callers, or no memory */
static struct bucket *bucket_of(struct rest_exchange *x, int64_t now)
{
    char storage[160];
    struct ix_buf name;
    struct bucket *b;

    ix_buf_init_fixed(&name, storage, sizeof storage);
    caller_name(x, &name);
    b = ix_map_get(x->r->buckets, ix_str_n(name.p, name.n));
    if (b)
        return b;
    if (ix_map_count(x->r->buckets) >= MAX_CALLERS)
        forget(x->r, now);
    b = ix_alloc(sizeof *b);
    if (b && ix_map_set(x->r->buckets, ix_str_n(name.p, name.n), b)) {
        ix_free(b);
        b = NULL;
    }
    return b;
}

static void refuse(struct rest_exchange *x)
{
    struct ix_buf *b = &x->out;

    x->status = 429; /* without headers that say so, as on the platform */
    out_open(b, NULL, '{');
    out_text(b, "error", "Too Many Requests");
    out_text(b, "message", "Rate limit exceeded. Maximum 10 requests per 60 seconds.");
    out_text(b, "code", "RATE_LIMIT_EXCEEDED");
    out_int(b, "retry_after", 60);
    out_close(b, '}');
}

bool rest_limit_calls(struct rest_exchange *x)
{
    int64_t now = rest_now_ms(x->r);
    struct bucket *b = bucket_of(x, now);

    if (!b)
        return false;
    if (now >= b->until_ms)
        b->count = 0;
    if (b->count >= LIMIT) {
        refuse(x);
        return true;
    }
    b->count++;
    b->until_ms = now + WINDOW_MS;
    ix_buf_fmt(&x->headers, "X-RateLimit-Limit: %d\r\nX-RateLimit-Remaining: %u\r\nX-RateLimit-Reset: %" PRId64 "\r\n",
        LIMIT, LIMIT - b->count, b->until_ms);
    return false;
}
