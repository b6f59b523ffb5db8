/* SPDX-License-Identifier: MIT */
/*
 * A program that knows the library by name only loads it, uses it and unloads it, again and again: no thread, no exit
 * handler and no callback of ours may outlive its code.
 * usage: guest_load LIBRARY
 */
#include <dlfcn.h>
#include <irisx/client.h>
#include <stdio.h>

/* NSS and GnuTLS keep what they make for a process; with the library unloaded nothing points to it any more. */
const char *__asan_default_options(void);
__attribute__((visibility("default"), used)) const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static int failed(const char *what)
{
    (void) fprintf(stderr, "guest_load: %s: %s\n", what, dlerror());
    return 1;
}

static int once(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    irisx_error_t (*make)(const irisx_client_options_t *, irisx_client_t **);
    irisx_error_t (*end)(irisx_client_t *, uint32_t);
    void (*unref)(irisx_client_t *);
    irisx_client_t *client = NULL;

    if (!handle)
        return failed("dlopen");
    *(void **) &make = dlsym(handle, "irisx_client_new");
    *(void **) &end = dlsym(handle, "irisx_client_close");
    *(void **) &unref = dlsym(handle, "irisx_client_unref");
    if (!make || !end || !unref)
        return failed("dlsym");
    if (make(NULL, &client) || end(client, 1000))
        return failed("a client");
    unref(client);
    return dlclose(handle) ? failed("dlclose") : 0;
}

int main(int argc, char **argv)
{
    int bad = argc != 2;

    for (int i = 0; i < 5 && !bad; i++)
        bad = once(argv[1]);
    return bad;
}
