/* SPDX-License-Identifier: MIT */
/* Host names to addresses, on libuv's threads. Literal addresses take the same way through the loop, without a thread. */
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "io/internal.h"

#define MAX_ADDRS 16

struct ix_resolve {
    uv_getaddrinfo_t uv;
    ix_resolve_fn fn; /* NULL: cancelled */
    void *ctx;
    struct ix_addr literal;
    uint16_t port;
};

static void finish(struct ix_resolve *r, int err, const struct ix_addr *addrs, size_t count)
{
    ix_resolve_fn fn = r->fn;
    void *ctx = r->ctx;

    ix_free(r);
    if (fn != NULL)
        fn(ctx, err, addrs, count);
}

static void on_literal(void *arg)
{
    struct ix_resolve *r = arg;
    struct ix_addr addr = r->literal;

    finish(r, 0, &addr, 1);
}

static bool known(const struct ix_addr *addrs, size_t n, const struct ix_addr *a)
{
    for (size_t i = 0; i < n; i++) {
        if (ix_addr_same_ip(&addrs[i], a))
            return true;
    }
    return false;
}

static void on_resolved(uv_getaddrinfo_t *uv, int status, struct addrinfo *list)
{
    struct ix_resolve *r = uv->data;
    struct ix_addr addrs[MAX_ADDRS];
    size_t n = 0;

    for (const struct addrinfo *ai = list; status == 0 && ai != NULL && n < MAX_ADDRS; ai = ai->ai_next) {
        if (!ix_sockaddr_read(ai->ai_addr, &addrs[n]) || known(addrs, n, &addrs[n]))
            continue;
        addrs[n++].port = r->port;
    }
    uv_freeaddrinfo(list);
    if (status == 0 && n == 0)
        status = UV_EAI_NODATA;
    finish(r, ix_err_of_uv(status), addrs, status == 0 ? n : 0);
}

/* "fe80::1%eth0" and "[::1]" included */
static bool is_literal(const char *host, uint16_t port, struct ix_addr *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    char bare[128];
    size_t n = strlen(host);

    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    }
    if (ix_str_copy(bare, sizeof bare, ix_str_n(host, n)) != 0)
        return false;
    if (uv_ip4_addr(bare, port, &v4) == 0)
        return ix_sockaddr_read((const struct sockaddr *) &v4, out);
    if (uv_ip6_addr(bare, port, &v6) == 0)
        return ix_sockaddr_read((const struct sockaddr *) &v6, out);
    return false;
}

int ix_resolve(
    struct ix_loop *loop, const char *host, uint16_t port, ix_resolve_fn fn, void *ctx, struct ix_resolve **out)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct ix_resolve *r;

    if (host == NULL || host[0] == '\0' || fn == NULL)
        return IRISX_E_INVALID;
    r = ix_alloc(sizeof *r);
    if (r == NULL)
        return IRISX_E_NO_MEMORY;
    *r = (struct ix_resolve){ .fn = fn, .ctx = ctx, .port = port };
    r->uv.data = r;
    int err = is_literal(host, port, &r->literal)
                  ? ix_loop_post(loop, on_literal, r)
                  : ix_err_of_uv(uv_getaddrinfo(ix_loop_uv(loop), &r->uv, on_resolved, host, NULL, &hints));
    if (err != 0) {
        ix_free(r);
        return err;
    }
    *out = r;
    return 0;
}

void ix_resolve_cancel(struct ix_resolve *r)
{
    if (r == NULL)
        return;
    r->fn = NULL;
    (void) uv_cancel((uv_req_t *) &r->uv); /* too late is fine: the callback finds no fn */
}
