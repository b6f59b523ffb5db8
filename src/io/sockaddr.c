/* SPDX-License-Identifier: MIT */
/* Addresses between the system's form and ours. */
#include <netinet/in.h>
#include <string.h>

#include "io/internal.h"

void ix_socket_signalling(int fd)
{
    const int af31 = 26 << 2; /* RFC 4594 section 4.5; a wish, and harmless on the other family's sockets */

    (void) setsockopt(fd, IPPROTO_IP, IP_TOS, &af31, sizeof af31);
    (void) setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &af31, sizeof af31);
}

socklen_t ix_sockaddr_of(const struct ix_addr *a, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (a->family == IX_IPV4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *) (void *) out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(a->port);
        memcpy(&v4->sin_addr, a->ip, 4);
        return sizeof *v4;
    }
    if (a->family == IX_IPV6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) (void *) out;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(a->port);
        v6->sin6_scope_id = a->scope;
        memcpy(&v6->sin6_addr, a->ip, 16);
        return sizeof *v6;
    }
    return 0;
}

bool ix_sockaddr_read(const struct sockaddr *sa, struct ix_addr *out)
{
    memset(out, 0, sizeof *out);
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, sa, sizeof v4);
        out->family = IX_IPV4;
        out->port = ntohs(v4.sin_port);
        memcpy(out->ip, &v4.sin_addr, 4);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, sa, sizeof v6);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            out->family = IX_IPV4;
            memcpy(out->ip, (const uint8_t *) &v6.sin6_addr + 12, 4);
        } else {
            out->family = IX_IPV6;
            out->scope = v6.sin6_scope_id;
            memcpy(out->ip, &v6.sin6_addr, 16);
        }
        out->port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}
