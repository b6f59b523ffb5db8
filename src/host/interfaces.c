/* SPDX-License-Identifier: MIT */
/* Which of the machine's interfaces carry media, and what the engine does when they change. */
#include <string.h>

#include "host/engine_private.h"

/* "wlan*" or a whole name */
static bool fits(struct ix_str pattern, const char *name)
{
    if (pattern.n && pattern.p[pattern.n - 1] == '*')
        return ix_str_starts(ix_str(name), ix_str_slice(pattern, 0, pattern.n - 1));
    return ix_str_eq(pattern, ix_str(name));
}

/* The last pattern that fits decides; what none names is allowed unless some pattern allows by name. */
static bool allowed(const char *patterns, const char *name)
{
    struct ix_str rest = ix_str(patterns), one;
    bool named = false, yes = false, decided = false;

    while (ix_str_cut(&rest, ',', &one)) {
        one = ix_str_trim(one);
        bool not = one.n && one.p[0] == '!';
        named = named || (one.n && !not );
        if (one.n && fits(ix_str_slice(one, not ? 1 : 0, one.n), name)) {
            decided = true;
            yes = !not ;
        }
    }
    return decided ? yes : !named;
}

static bool is_vpn(const struct ix_interface *i)
{
    static const char *const starts[] = { "tun", "tap", "wg", "ppp", "utun", "ipsec" };

    for (size_t k = 0; k < IX_COUNT(starts); k++)
        if (ix_str_starts(ix_str(i->name), ix_str(starts[k])))
            return true;
    return i->point_to_point;
}

static bool any(const struct ix_interface *list, size_t count, bool vpn)
{
    for (size_t i = 0; i < count; i++)
        if (!list[i].loopback && !ix_addr_is_link_local(&list[i].addr) && is_vpn(&list[i]) == vpn)
            return true;
    return false;
}

size_t ix_interfaces_choose(struct ix_interface *list, size_t count, const char *patterns, int vpn)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (list[i].loopback || allowed(patterns, list[i].name))
            list[n++] = list[i];
    count = n;
    bool without = vpn == IX_VPN_NEVER || (vpn == IX_VPN_AVOID && any(list, count, false));
    bool alone = vpn == IX_VPN_ONLY && any(list, count, true);
    n = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].loopback || !(is_vpn(&list[i]) ? without : alone))
            list[n++] = list[i];
    return n;
}

/* all of them: what may not carry media may carry signalling */
static void tell_addresses(struct ix_engine *e)
{
    struct ix_interface list[64];
    struct ix_addr addrs[64];
    size_t count = 0;

    if (ix_interfaces(list, IX_COUNT(list), &count))
        return;
    for (size_t i = 0; i < count; i++)
        addrs[i] = list[i].addr;
    if (count < IX_COUNT(list)) /* else some may be missing */
        ix_phone_addresses(e->phone, addrs, count, ix_loop_now(e->loop));
    ix_engine_drain(e);
}

void ix_engine_network_changed(struct ix_engine *e)
{
    tell_addresses(e);
    ix_phone_network_changed(e->phone, ix_loop_now(e->loop));
    ix_engine_drain(e);
    if (e->o.on_network)
        e->o.on_network(e->o.ctx);
}

static void on_change(void *ctx)
{
    struct ix_engine *e = ctx;

    ix_log(e->o.log, IX_LOG_INFO, "host", "the machine's network addresses have changed");
    ix_engine_network_changed(e);
}

int ix_engine_watch(struct ix_engine *e)
{
    return e->o.watch_network ? ix_netmon_new(e->loop, on_change, e, &e->netmon) : 0;
}
