/* SPDX-License-Identifier: MIT */
/* Calls we place: the target, the INVITE, the answers. */
#include "bench.h"

static int try_dial(struct bench *b, const char *to)
{
    struct ix_call_config config = { .line = b->line, .to = to };
    uint32_t call;
    int err = ix_call_dial(b->phone, &config, b->now, &call);

    bench_drain(b);
    return err;
}

static void request_uri(const char *to, const char *uri)
{
    struct bench b;
    char line[200];

    bench_open_bare(&b);
    bench_line(&b, false);
    cr_assert_eq(try_dial(&b, to), 0, "%s", to);
    (void) snprintf(line, sizeof line, "INVITE %s SIP/2.0\r\n", uri);
    cr_assert_not_null(bench_sent(&b, line), "%s: %s", to, b.sent);
    bench_close(&b);
}

Test(dial, numbers_get_the_realm_and_uris_stay_what_they_are)
{
    request_uri("9196", "sip:9196@pbx.test");
    request_uri("+12025550123", "sip:+12025550123@pbx.test");
    request_uri("  9196 ", "sip:9196@pbx.test");
    request_uri("a b", "sip:a%20b@pbx.test");
    request_uri("sip:x@example.com;user=phone", "sip:x@example.com;user=phone");
}

Test(dial, targets_that_cannot_be_are_refused_before_anything_is_sent)
{
    static char longest[300];
    struct bench b;

    memset(longest, '1', sizeof longest - 1);
    bench_open_bare(&b);
    bench_line(&b, false);
    cr_assert_eq(try_dial(&b, ""), IRISX_E_INVALID);
    cr_assert_eq(try_dial(&b, "sip:"), IRISX_E_INVALID);
    cr_assert_eq(try_dial(&b, longest), IRISX_E_INVALID);
    cr_assert_eq(try_dial(&b, NULL), IRISX_E_INVALID);
    cr_assert_null(bench_sent(&b, "INVITE"));
    bench_close(&b);
}

Test(dial, a_line_that_is_not_connected_cannot_dial)
{
    struct bench b;
    struct ix_line_config line = { .ws_url = "ws://192.0.2.20/", .user = "1000" };

    bench_open_bare(&b);
    cr_assert_eq(ix_line_open(b.phone, &line, b.now, &b.line), 0);
    bench_drain(&b);
    cr_assert_eq(try_dial(&b, "9196"), IRISX_E_STATE);
    bench_close(&b);
}

Test(dial, a_200_without_a_description_ends_the_call)
{
    struct bench b;

    bench_open_bare(&b);
    bench_line(&b, false);
    cr_assert_eq(try_dial(&b, "9196"), 0);
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", NULL);
    cr_assert_not_null(bench_sent(&b, "ACK"));
    bench_respond(&b, "BYE", "200 OK", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED)->code, IRISX_E_PROTOCOL);
    bench_close(&b);
}

Test(dial, a_refusal_is_told_with_status_cause_and_sentence)
{
    struct bench b;
    const struct bench_event *end;

    bench_open_bare(&b);
    bench_line(&b, false);
    cr_assert_eq(try_dial(&b, "9486"), 0);
    bench_respond(&b, "INVITE", "486 Busy Here", "Reason: Q.850;cause=17;text=\"USER_BUSY\"\r\n", NULL);
    end = bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED);
    cr_assert(end && end->code == IRISX_E_BUSY && end->sip_status == 486 && end->q850 == 17 && end->by_peer);
    cr_assert_not_null(strstr(end->message, "busy"));
    cr_assert_not_null(bench_sent(&b, "ACK"));
    bench_close(&b);
}
