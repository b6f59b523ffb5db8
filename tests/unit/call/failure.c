/* SPDX-License-Identifier: MIT */
/* Every way a server refuses a call has a code and a sentence that says what to do. */
#include "bench.h"

static void refused(const char *status, const char *lines, int code, unsigned sip, unsigned q850, const char *says)
{
    struct ix_call_config config = { .to = "555" };
    const struct bench_event *end;
    struct bench b;
    uint32_t call;

    bench_open_bare(&b);
    bench_line(&b, false);
    config.line = b.line;
    cr_assert_eq(ix_call_dial(b.phone, &config, b.now, &call), 0);
    bench_drain(&b);
    bench_respond(&b, "INVITE", status, lines, NULL);
    end = bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED);
    cr_assert_not_null(end);
    cr_expect_eq(end->code, code, "%s: %d", status, end->code);
    cr_expect_eq(end->sip_status, sip, "%s", status);
    cr_expect_eq(end->q850, q850, "%s", status);
    cr_expect_not_null(strstr(end->message, says), "%s: %s", status, end->message);
    bench_close(&b);
}

Test(failure, each_status_has_its_meaning)
{
    refused("302 Moved", NULL, IRISX_E_NOT_AVAILABLE, 302, 0, "moved");
    refused("403 Forbidden", NULL, IRISX_E_FORBIDDEN, 403, 0, "check");
    refused("404 Not Found", NULL, IRISX_E_NOT_FOUND, 404, 0, "does not exist");
    refused("408 Request Timeout", NULL, IRISX_E_NO_ANSWER, 408, 0, "nobody answered");
    refused("480 Unavailable", NULL, IRISX_E_UNREACHABLE, 480, 0, "try later");
    refused("484 Incomplete", NULL, IRISX_E_NOT_FOUND, 484, 0, "incomplete");
    refused("486 Busy", NULL, IRISX_E_BUSY, 486, 0, "busy");
    refused("488 Not Acceptable", NULL, IRISX_E_UNSUPPORTED, 488, 0, "codecs");
    refused("503 Unavailable", NULL, IRISX_E_SERVER, 503, 0, "try again");
    refused("603 Decline", NULL, IRISX_E_DECLINED, 603, 0, "declined");
    refused("699 Whatever", NULL, IRISX_E_PROTOCOL, 699, 0, "refused");
}

Test(failure, the_cause_of_the_telephone_network_goes_with_it_and_may_say_more)
{
    refused("480 Unavailable", "Reason: Q.850;cause=19;text=\"NO_ANSWER\"\r\n", IRISX_E_NO_ANSWER, 480, 19, "nobody");
    refused("480 Unavailable", "Reason: SIP;cause=480, Q.850;cause=20\r\n", IRISX_E_UNREACHABLE, 480, 20, "try later");
    refused("486 Busy", "Reason: Q.850;cause=99999999999\r\n", IRISX_E_BUSY, 486, 0, "busy");
    refused("503 Unavailable", "Reason: Q.850;cause=34\r\n", IRISX_E_SERVER, 503, 34, "all ways");
}
