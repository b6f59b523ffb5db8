/* SPDX-License-Identifier: MIT */
/*
 * What SRTP stands on, made ready once, before the first call. Debian's libsrtp2 computes with NSS, and asks it to save
 * space: its table of sessions then has 64 buckets, in which 1,000 calls (8,000 sessions) make a packet half as dear
 * again (measured: 82,000 instead of 57,000 instructions). Whoever initialises NSS first decides, so we do, for speed.
 * With a libsrtp2 that does not stand on NSS nothing is found here and nothing happens.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include "host/engine_private.h"

/* nss.h: NSS_INIT_READONLY, _NOCERTDB, _NOMODDB, _FORCEOPEN; what libsrtp2 passes, without _OPTIMIZESPACE */
#define NSS_FLAGS 0xfu

typedef void *(*nss_init_fn)(const char *dir, const char *cert_prefix, const char *key_prefix, const char *module,
    void *parameters, uint32_t flags);

static int init(void)
{
    static atomic_bool asked;
    void *found = atomic_exchange(&asked, true) ? NULL : dlsym(RTLD_DEFAULT, "NSS_InitContext");
    nss_init_fn nss = NULL;

    memcpy(&nss, &found, sizeof nss);
    if (nss)
        (void) nss("", "", "", "", NULL, NSS_FLAGS); /* for the life of the process; refused: slower, no more */
    return ix_rtp_global_init();
}

int ix_host_crypto_init(void)
{
    return ix_sigpipe_around(init); /* NSPR below NSS would ignore SIGPIPE for the whole process */
}
