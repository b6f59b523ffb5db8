/* SPDX-License-Identifier: MIT */
/* A STUN server in the virtual network; see stun_node.h. */
#include "stun_node.h"

#include <stdlib.h>

#include "ice/ice.h"

struct stun_node {
    struct world_node *node;
    struct ix_addr addr;
    uint64_t asked;
};

static void on_input(
    void *ctx, const struct ix_addr *to, const struct ix_addr *from, const void *p, size_t n, struct ix_now now)
{
    struct stun_node *s = ctx;
    struct ix_stun_msg m;
    uint8_t storage[128];
    struct ix_buf b;

    (void) now;
    if (ix_stun_parse(&m, p, n) || m.cls != IX_STUN_REQUEST || m.method != IX_STUN_BINDING)
        return;
    s->asked++;
    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_stun_begin(&b, IX_STUN_SUCCESS, IX_STUN_BINDING, m.transaction);
    ix_stun_attr_addr(&b, IX_STUN_XOR_MAPPED_ADDRESS, from, m.transaction);
    if (!ix_stun_end(&b, IX_STR_NONE))
        world_send(s->node, to, from, b.p, b.n);
}

struct stun_node *stun_node_new(struct world *w, struct world_net *net, const char *ip)
{
    static const struct world_node_ops ops = { .input = on_input };
    struct stun_node *s = calloc(1, sizeof *s);

    if (!s || ix_addr_parse(&s->addr, ix_str(ip), 3478))
        abort(); /* a wrong test */
    s->node = world_node(w, "stun", &ops, s);
    world_attach(s->node, net, &s->addr, NULL);
    return s;
}

void stun_node_free(struct stun_node *s)
{
    free(s);
}

struct ix_addr stun_node_addr(const struct stun_node *s)
{
    return s->addr;
}

uint64_t stun_node_asked(const struct stun_node *s)
{
    return s->asked;
}
