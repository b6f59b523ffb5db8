/* SPDX-License-Identifier: MIT */
/*
 * For the scripts: preloaded, it answers for names. FAKE_HOSTS="one.test=127.0.0.1,127.0.0.2;dead.test=" : a name
 * without addresses hangs for ever, as with no name server in reach; any other name below .test does not exist.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))
SEEN int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
    struct addrinfo **restrict res);

typedef int (*lookup_fn)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* the addresses of a name between commas, up to ';' or the end; NULL: not ours */
static const char *addresses(const char *node)
{
    const char *at = getenv("FAKE_HOSTS");
    size_t n = strlen(node);

    for (; at; at = strchr(at, ';') ? strchr(at, ';') + 1 : NULL)
        if (strncmp(at, node, n) == 0 && at[n] == '=')
            return at + n + 1;
    return NULL;
}

static int chain(
    lookup_fn real, const char *list, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
    struct addrinfo **end = res;

    *res = NULL;
    while (*list && *list != ';') {
        char one[64] = "";
        size_t n = strcspn(list, ",;");
        int err;

        if (n >= sizeof one)
            return EAI_FAIL;
        memcpy(one, list, n);
        err = real(one, service, hints, end);
        if (err)
            return err;
        while (*end)
            end = &(*end)->ai_next;
        list += n + (list[n] == ',');
    }
    return 0;
}

int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
    struct addrinfo **restrict res)
{
    lookup_fn real;
    const char *list = node ? addresses(node) : NULL;
    size_t n = node ? strlen(node) : 0;

    *(void **) &real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (list && (*list == ';' || !*list))
        for (;;)
            (void) sleep(1000);
    if (list)
        return chain(real, list, service, hints, res);
    if (n > 5 && strcmp(node + n - 5, ".test") == 0)
        return EAI_NONAME;
    return real(node, service, hints, res);
}
