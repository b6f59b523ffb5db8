/* SPDX-License-Identifier: MIT */
/* Why an address cannot be connected to: asked of the system before libwebsockets tries, and after it failed. */
#include <errno.h>
#include <unistd.h>
#include <uv.h>

#include "io/internal.h"

struct ix_probe {
    uv_tcp_t tcp;
    uv_connect_t req;
    void (*fn)(void *ctx, int error); /* NULL: cancelled */
    void *ctx;
};

/* lws 4.1 leaks its libuv handle when connect() fails at once; a datagram socket shows such an address beforehand. */
int ix_route_error(const struct ix_addr *to)
{
    struct sockaddr_storage sa;
    socklen_t len = ix_sockaddr_of(to, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int err = fd < 0 || connect(fd, (const struct sockaddr *) &sa, len) != 0 ? errno : 0;

    if (fd >= 0)
        (void) close(fd);
    return err;
}

static void probe_closed(uv_handle_t *h)
{
    ix_free(h->data);
}

void ix_probe_cancel(struct ix_probe *p)
{
    if (p == NULL)
        return;
    p->fn = NULL;
    uv_close((uv_handle_t *) &p->tcp, probe_closed);
}

static void on_probed(uv_connect_t *req, int status)
{
    struct ix_probe *p = req->data;
    void (*fn)(void *ctx, int error) = p->fn;
    void *ctx = p->ctx;

    if (fn == NULL)
        return; /* cancelled: the handle is closing */
    ix_probe_cancel(p);
    fn(ctx, -status);
}

int ix_probe_start(
    struct ix_loop *loop, const struct ix_addr *to, void (*fn)(void *ctx, int error), void *ctx, struct ix_probe **out)
{
    struct ix_probe *p = ix_alloc(sizeof *p);
    struct sockaddr_storage sa;

    if (p == NULL)
        return IRISX_E_NO_MEMORY;
    (void) ix_sockaddr_of(to, &sa);
    p->fn = fn;
    p->ctx = ctx;
    p->tcp.data = p->req.data = p;
    (void) uv_tcp_init(ix_loop_uv(loop), &p->tcp); /* makes no socket yet */
    *out = p;
    int err = uv_tcp_connect(&p->req, &p->tcp, (const struct sockaddr *) &sa, on_probed);
    if (err != 0) {
        ix_probe_cancel(p);
        *out = NULL;
    }
    return ix_err_of_uv(err);
}
