/* SPDX-License-Identifier: MIT */
/* The addresses of this machine's interfaces that are up and running. */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "io/internal.h"

int ix_interfaces(struct ix_interface *out, size_t cap, size_t *count)
{
    struct ifaddrs *list = NULL;
    size_t n = 0;

    if (getifaddrs(&list) != 0)
        return ix_err_of_errno(errno);
    for (const struct ifaddrs *i = list; i != NULL && n < cap; i = i->ifa_next) {
        const unsigned want = IFF_UP | IFF_RUNNING;
        struct ix_interface *to = &out[n];
        if (i->ifa_addr == NULL || (i->ifa_flags & want) != want || !ix_sockaddr_read(i->ifa_addr, &to->addr))
            continue;
        to->addr.port = 0;
        (void) ix_str_copy(to->name, sizeof to->name, ix_str(i->ifa_name)); /* IFNAMSIZ is 16 */
        to->loopback = (i->ifa_flags & IFF_LOOPBACK) != 0;
        to->point_to_point = (i->ifa_flags & IFF_POINTOPOINT) != 0;
        n++;
    }
    freeifaddrs(list);
    *count = n;
    return 0;
}
