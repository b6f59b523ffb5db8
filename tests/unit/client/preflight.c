/* SPDX-License-Identifier: MIT */
/* What a preflight takes and refuses, and what its findings mean together. Networks: tests/interop/doctor.py. */
#include "client/preflight.h"

#include <criterion/criterion.h>
#include <string.h>

static irisx_client_t *client(const char *ice)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    irisx_client_t *c = NULL;

    o.ice_servers = ice;
    cr_assert_eq(irisx_client_new(&o, &c), IRISX_OK);
    return c;
}

static void done(irisx_client_t *c)
{
    cr_assert_eq(irisx_client_close(c, 0), IRISX_OK);
    irisx_client_unref(c);
}

static struct preflight *made(void)
{
    struct preflight *p = ix_alloc(sizeof *p);

    cr_assert(p);
    (void) pthread_mutex_init(&p->lock, NULL);
    p->began_us = ix_clock_now().mono_us;
    return p;
}

static const char *verdict(struct preflight *p)
{
    static char text[16];
    irisx_value_t *report = NULL;

    ix_pf_settle(p);
    cr_assert_eq(ix_pf_report(p, &report), 0);
    (void) ix_str_copy(text, sizeof text, ix_str(irisx_value_text(irisx_value_get(report, "verdict"), "")));
    irisx_value_free(report);
    for (size_t i = 0; i < p->check_count; i++)
        ix_buf_clear(&p->checks[i].more);
    return text;
}

Test(preflight, nothing_to_look_at_or_a_bad_URL_is_refused)
{
    irisx_preflight_options_t o = IRISX_PREFLIGHT_OPTIONS_INIT;
    irisx_client_t *c = client(NULL);
    irisx_op_t *op = NULL;

    cr_assert_eq(irisx_preflight_start(NULL, &o, &op), IRISX_E_INVALID);
    cr_assert_eq(irisx_preflight_start(c, NULL, &op), IRISX_E_INVALID);
    o.ws_url = "https://pbx.example/ws";
    cr_assert_eq(irisx_preflight_start(c, &o, &op), IRISX_E_INVALID);
    o.ws_url = "ws://pbx.example/ws";
    o.ice_servers = "{}";
    cr_assert_eq(irisx_preflight_start(c, &o, &op), IRISX_E_INVALID);
    cr_assert_null(op);
    done(c);
}

Test(preflight, one_that_is_cancelled_or_whose_client_closes_ends_soon)
{
    irisx_client_t *c = client("[{\"urls\":\"stun:192.0.2.1\"}]"); /* nobody: RFC 5737 */
    irisx_op_t *first = NULL, *second = NULL;

    cr_assert_eq(irisx_preflight_start(c, NULL, &first), IRISX_OK);
    cr_assert_eq(irisx_preflight_start(c, NULL, &second), IRISX_OK);
    cr_assert_eq(irisx_op_cancel(first), IRISX_OK);
    cr_assert_eq(irisx_op_wait(first, 10000), IRISX_E_CANCELLED);
    cr_assert_eq(irisx_client_close(c, 0), IRISX_OK);
    cr_assert_eq(irisx_op_wait(second, 10000), IRISX_E_CLOSED);
    irisx_op_unref(first);
    irisx_op_unref(second);
    irisx_client_unref(c);
}

Test(preflight, blocked_UDP_is_a_drawback_with_a_relay_and_a_failure_without)
{
    struct preflight *p = made();

    p->udp_tried = true;
    ix_pf_reason_add(p, NULL, PF_UDP_BLOCKED);
    atomic_store(&p->relay_works, true);
    cr_assert_str_eq(verdict(p), "limited");
    atomic_store(&p->relay_works, false);
    cr_assert_str_eq(verdict(p), "bad");
    cr_assert(ix_pf_has(p, PF_NO_RELAY));
    ix_free(p);
}

Test(preflight, a_certificate_is_not_blamed_for_a_wrong_clock)
{
    struct preflight *p = made();

    ix_pf_reason_add(p, NULL, PF_CERTIFICATE_EXPIRED);
    atomic_store(&p->clock_known, true);
    p->clock_off_s = 299;
    cr_assert_str_eq(verdict(p), "bad");
    cr_assert(ix_pf_has(p, PF_CERTIFICATE_EXPIRED));
    p->check_count = 0;
    p->clock_off_s = -301;
    cr_assert_str_eq(verdict(p), "bad");
    cr_assert(ix_pf_has(p, PF_CLOCK_WRONG));
    cr_assert_not(ix_pf_has(p, PF_CERTIFICATE_EXPIRED));
    ix_free(p);
}

Test(preflight, a_good_echo_call_over_UDP_clears_UDP_of_the_STUN_server_s_silence)
{
    struct preflight *p = made();
    struct pf_check *echo = ix_pf_check_new(p, "echo_call", "9196");

    p->udp_tried = true;
    ix_pf_reason_add(p, NULL, PF_UDP_BLOCKED);
    ix_pf_check_end(p, echo, PF_OK, p->began_us);
    cr_assert_str_eq(verdict(p), "limited");
    cr_assert(ix_pf_has(p, PF_STUN_NO_ANSWER));
    cr_assert_not(ix_pf_has(p, PF_UDP_BLOCKED));
    ix_free(p);
}
