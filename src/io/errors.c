/* SPDX-License-Identifier: MIT */
/* What the system says went wrong, as our codes and as sentences for people. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "io/internal.h"

int ix_err_of_errno(int e)
{
    switch (e) {
    case 0:
        return 0;
    case ENOMEM:
        return IRISX_E_NO_MEMORY;
    case ENOENT:
    case ENOTDIR:
        return IRISX_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return IRISX_E_FORBIDDEN;
    case ENOSPC:
    case EDQUOT:
        return IRISX_E_DISK_FULL;
    case EFBIG:
    case EMSGSIZE:
        return IRISX_E_TOO_LARGE;
    case EMFILE:
    case ENFILE:
        return IRISX_E_LIMIT;
    case ETIMEDOUT:
        return IRISX_E_TIMEOUT;
    case EINVAL:
    case EAFNOSUPPORT:
        return IRISX_E_INVALID;
    case EADDRINUSE:
        return IRISX_E_CONFLICT;
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EPIPE:
        return IRISX_E_NETWORK;
    default:
        return IRISX_E_IO;
    }
}

int ix_err_of_uv(int e)
{
    if (e >= 0)
        return 0;
    switch (e) {
    case UV_ECANCELED:
        return IRISX_E_CANCELLED;
    case UV_EAI_MEMORY:
        return IRISX_E_NO_MEMORY;
    case UV_EAI_ADDRFAMILY:
    case UV_EAI_AGAIN:
    case UV_EAI_BADFLAGS:
    case UV_EAI_BADHINTS:
    case UV_EAI_FAIL:
    case UV_EAI_FAMILY:
    case UV_EAI_NODATA:
    case UV_EAI_NONAME:
    case UV_EAI_OVERFLOW:
    case UV_EAI_PROTOCOL:
    case UV_EAI_SERVICE:
    case UV_EAI_SOCKTYPE:
        return IRISX_E_DNS;
    default:
        return ix_err_of_errno(-e);
    }
}

void ix_connect_sentence(int e, const struct ix_addr *to, char *out, size_t cap)
{
    char addr[IX_ADDR_TEXT];

    ix_addr_text(to, addr);
    switch (e) {
    case ECONNREFUSED:
        (void) snprintf(out, cap, "connection refused by %s: is the server running there?", addr);
        return;
    case ECONNRESET:
    case EPIPE:
        (void) snprintf(out, cap, "connection reset by %s", addr);
        return;
    case ETIMEDOUT:
        (void) snprintf(out, cap, "no answer from %s", addr);
        return;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
        (void) snprintf(out, cap, "%s cannot be reached from this network", addr);
        return;
    default:
        (void) snprintf(out, cap, "no connection to %s: %s", addr, uv_strerror(-e));
        return;
    }
}
