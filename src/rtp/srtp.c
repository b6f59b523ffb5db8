/* SPDX-License-Identifier: MIT */
/*
 * SRTP and SRTCP (RFC 3711) through libsrtp2: one session a direction, AES_CM_128_HMAC_SHA1_80. Debian's libsrtp2
 * stands on NSS, whose start takes some 20 to 40 ms, and which starts a part of itself anew (0.5 ms, 76 kB) whenever
 * there was no session at all: so one is made at the start and stays, and ix_srtp_new() takes 0.06 ms. The library
 * counts nothing and frees nothing at exit: what it has is for the whole process.
 */
#include "rtp/internal.h"

#include <string.h>

#include <srtp2/srtp.h>

#define REPLAY_WINDOW 1024 /* packets: what a path may reorder at 50 a second is far below */

struct ix_srtp {
    srtp_t send;
    srtp_t receive;
};

enum { INIT_NONE = 0, INIT_RUNNING = 1, INIT_DONE = 2 };
static atomic_int init_state;
static srtp_t kept_open; /* written while INIT_RUNNING, by one thread */

static int error_of(srtp_err_status_t status)
{
    switch (status) {
    case srtp_err_status_ok:
        return 0;
    case srtp_err_status_alloc_fail:
        return IRISX_E_NO_MEMORY;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
        return IRISX_E_DUPLICATE;
    case srtp_err_status_auth_fail:
        return IRISX_E_SIGNATURE;
    case srtp_err_status_key_expired:
        return IRISX_E_LIMIT;
    default:
        return IRISX_E_PROTOCOL;
    }
}

static int create(srtp_t *out, const uint8_t key[30], srtp_ssrc_t ssrc)
{
    srtp_policy_t policy;
    uint8_t copy[30]; /* the interface wants it writable */

    memset(&policy, 0, sizeof(policy));
    memcpy(copy, key, sizeof(copy));
    srtp_crypto_policy_set_rtp_default(&policy.rtp);
    srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
    policy.ssrc = ssrc;
    policy.key = copy;
    policy.window_size = REPLAY_WINDOW;
    srtp_err_status_t status = srtp_create(out, &policy);
    ix_wipe(copy, sizeof(copy));
    if (status != srtp_err_status_ok)
        *out = NULL;
    return error_of(status);
}

static int start_library(void)
{
    static const uint8_t no_key[30]; /* nobody sends or receives with it */
    srtp_err_status_t status = srtp_init();

    if (status != srtp_err_status_ok)
        return status == srtp_err_status_alloc_fail ? IRISX_E_NO_MEMORY : IRISX_E_INTERNAL;
    return create(&kept_open, no_key, (srtp_ssrc_t){ ssrc_any_inbound, 0 });
}

int ix_rtp_global_init(void)
{
    for (;;) {
        int state = INIT_NONE;
        if (atomic_compare_exchange_strong(&init_state, &state, INIT_RUNNING)) {
            int err = start_library();
            atomic_store(&init_state, err == 0 ? INIT_DONE : INIT_NONE);
            return err;
        }
        if (state == INIT_DONE)
            return 0;
        /* another thread is at it, once in a process' life: there is nothing to wait on in a pure core */
    }
}

int ix_srtp_new(const uint8_t local[30], const uint8_t remote[30], uint32_t ssrc, struct ix_srtp **out)
{
    struct ix_srtp *s = ix_alloc(sizeof(*s));

    if (s == NULL)
        return IRISX_E_NO_MEMORY;
    int err = create(&s->send, local, (srtp_ssrc_t){ ssrc_specific, ssrc });
    if (err == 0)
        err = create(&s->receive, remote, (srtp_ssrc_t){ ssrc_any_inbound, 0 });
    if (err != 0) {
        ix_srtp_free(s);
        return err;
    }
    *out = s;
    return 0;
}

void ix_srtp_free(struct ix_srtp *s)
{
    if (s == NULL)
        return;
    if (s->send != NULL)
        srtp_dealloc(s->send);
    if (s->receive != NULL)
        srtp_dealloc(s->receive);
    ix_free(s);
}

static int apply(srtp_err_status_t (*f)(srtp_t, void *, int *), srtp_t session, uint8_t *p, size_t *n)
{
    int len = (int) *n;
    int err = error_of(f(session, p, &len));

    if (err == 0)
        *n = (size_t) len;
    return err;
}

int ix_srtp_protect(struct ix_srtp *s, uint8_t *p, size_t *n)
{
    return apply(srtp_protect, s->send, p, n);
}

int ix_srtp_protect_rtcp(struct ix_srtp *s, uint8_t *p, size_t *n)
{
    return apply(srtp_protect_rtcp, s->send, p, n);
}

int ix_srtp_unprotect(struct ix_srtp *s, uint8_t *p, size_t *n)
{
    return apply(srtp_unprotect, s->receive, p, n);
}

int ix_srtp_unprotect_rtcp(struct ix_srtp *s, uint8_t *p, size_t *n)
{
    return apply(srtp_unprotect_rtcp, s->receive, p, n);
}

void ix_srtp_forget(struct ix_srtp *s, uint32_t remote_ssrc)
{
    uint8_t wire[4] = { (uint8_t) (remote_ssrc >> 24), (uint8_t) (remote_ssrc >> 16), (uint8_t) (remote_ssrc >> 8),
        (uint8_t) remote_ssrc };
    uint32_t network_order;

    memcpy(&network_order, wire, sizeof(network_order));
    (void) srtp_remove_stream(s->receive, network_order); /* unknown: it never sent us anything authentic */
}
