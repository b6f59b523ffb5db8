/* SPDX-License-Identifier: MIT */
/* Transfer: what REFER says, and that accepted and confirmed are different things. */
#include "bench.h"

static uint32_t talking(struct bench *b)
{
    uint32_t call;

    bench_open_bare(b);
    bench_line(b, false);
    call = bench_call(b);
    return call;
}

static void transfer(struct bench *b, uint32_t call, const char *target)
{
    cr_assert_eq(ix_call_transfer(b->phone, call, target, 0, b->now), 0);
    bench_drain(b);
}

static void notified(struct bench *b, unsigned cseq, const char *line)
{
    const char *invite = bench_sent(b, "INVITE"), *ack = bench_sent(b, "ACK");

    bench_input(b,
        "NOTIFY sip:me@client.invalid SIP/2.0\r\nVia: SIP/2.0/WS p.invalid;branch=z9hG4bKn%u\r\nFrom: %s\r\nTo: %s\r\n"
        "Call-ID: %s\r\nCSeq: %u NOTIFY\r\nMax-Forwards: 70\r\nContact: <sip:a@b>\r\nEvent: refer;id=2\r\n"
        "Subscription-State: active\r\nContent-Type: message/sipfrag;version=2.0\r\nContent-Length: %zu\r\n\r\n%s",
        cseq, bench_header(ack, "To"), bench_header(invite, "From"), bench_header(invite, "Call-ID"), cseq,
        strlen(line), line);
    cr_assert_not_null(bench_sent(b, "SIP/2.0 200"));
}

Test(transfer, blind_names_the_target_and_who_transfers)
{
    struct bench b;
    uint32_t call = talking(&b);

    transfer(&b, call, "1005");
    cr_assert_str_eq(bench_header(bench_sent(&b, "REFER"), "Refer-To"), "<sip:1005@pbx.test>");
    cr_assert_str_eq(bench_header(bench_sent(&b, "REFER"), "Referred-By"), "<sip:1000@pbx.test>");
    cr_assert_eq(ix_call_transfer(b.phone, call, "1006", 0, b.now), IRISX_E_STATE, "one at a time");
    bench_respond(&b, "REFER", "202 Accepted", NULL, NULL);
    cr_assert_not_null(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_ACCEPTED));
    cr_assert_null(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_CONFIRMED));
    bench_close(&b);
}

Test(transfer, notifications_tell_what_the_target_does)
{
    struct bench b;
    uint32_t call = talking(&b);

    transfer(&b, call, "1005");
    bench_respond(&b, "REFER", "200 OK", NULL, NULL);
    notified(&b, 10, "SIP/2.0 100 Trying\r\n");
    cr_assert_null(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_PROGRESS));
    notified(&b, 11, "SIP/2.0 180 Ringing\r\n");
    cr_assert_not_null(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_PROGRESS));
    notified(&b, 12, "SIP/2.0 200 OK\r\n");
    cr_assert_not_null(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_CONFIRMED));
    notified(&b, 13, "SIP/2.0 486 Busy\r\n");
    cr_assert_null(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_FAILED), "one final word");
    bench_close(&b);
}

/* FreeSWITCH: 202, NOTIFY 200 at once, BYE, be the target busy, unknown or there */
Test(transfer, a_200_that_was_notified_at_once_proves_nothing)
{
    struct bench b;
    uint32_t call = talking(&b);

    transfer(&b, call, "1005");
    bench_respond(&b, "REFER", "202 Accepted", NULL, NULL);
    notified(&b, 10, "SIP/2.0 200 OK\r\n");
    bench_request(&b, "BYE", 11, NULL, NULL);
    cr_assert_not_null(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_ACCEPTED));
    cr_assert_null(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_CONFIRMED));
    cr_assert_eq(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED)->code, 0);
    bench_close(&b);
}

Test(transfer, a_target_that_refuses_is_told_and_the_call_goes_on)
{
    struct bench b;
    uint32_t call = talking(&b);

    transfer(&b, call, "1005");
    bench_respond(&b, "REFER", "202 Accepted", NULL, NULL);
    notified(&b, 10, "SIP/2.0 486 Busy Here\r\n");
    cr_assert_eq(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_FAILED)->code, IRISX_E_BUSY);
    cr_assert_null(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED));
    transfer(&b, call, "1006");
    bench_close(&b);
}

Test(transfer, a_peer_that_does_not_want_to_is_told)
{
    struct bench b;
    uint32_t call = talking(&b);

    transfer(&b, call, "1005");
    bench_respond(&b, "REFER", "603 Decline", NULL, NULL);
    cr_assert_eq(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_FAILED)->code, IRISX_E_DECLINED);
    bench_close(&b);
}

Test(transfer, attended_names_the_other_dialog_and_is_confirmed_when_it_is_taken)
{
    struct bench b;
    uint32_t first = talking(&b), second;
    char call_id[256], tag[256], expected[1024];
    const char *refer_to;

    second = bench_call(&b);
    (void) snprintf(call_id, sizeof call_id, "%s", bench_header(bench_sent(&b, "INVITE"), "Call-ID"));
    (void) snprintf(tag, sizeof tag, "%s", strstr(bench_header(bench_sent(&b, "INVITE"), "From"), ";tag=") + 5);
    cr_assert_eq(ix_call_transfer(b.phone, first, NULL, second, b.now), 0);
    bench_drain(&b);
    (void) snprintf(
        expected, sizeof expected, "<sip:9196@pbx.test?Replaces=%s%%3Bto-tag%%3Dpeer%%3Bfrom-tag%%3D%s>", call_id, tag);
    refer_to = bench_header(bench_sent(&b, "REFER"), "Refer-To");
    cr_assert_str_eq(refer_to, expected);
    bench_respond(&b, "REFER", "202 Accepted", NULL, NULL);
    bench_request(&b, "BYE", 20, NULL, NULL); /* of the second call: its INVITE is the newest */
    cr_assert_not_null(bench_saw(&b, IX_EV_TRANSFER, IX_TRANSFER_CONFIRMED));
    bench_close(&b);
}

Test(transfer, what_cannot_be_transferred_is_refused)
{
    struct bench b;
    uint32_t call = talking(&b);

    cr_assert_eq(ix_call_transfer(b.phone, call, NULL, 0, b.now), IRISX_E_INVALID);
    cr_assert_eq(ix_call_transfer(b.phone, call, "", 0, b.now), IRISX_E_INVALID);
    cr_assert_eq(ix_call_transfer(b.phone, call, "sip:a@b\r\nX: y", 0, b.now), IRISX_E_INVALID);
    cr_assert_eq(ix_call_transfer(b.phone, call, "sip:a@b>;x=<y", 0, b.now), IRISX_E_INVALID);
    cr_assert_eq(ix_call_transfer(b.phone, call, NULL, call, b.now), IRISX_E_INVALID);
    cr_assert_eq(ix_call_transfer(b.phone, call, NULL, 99, b.now), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_call_transfer(b.phone, 99, "1005", 0, b.now), IRISX_E_NOT_FOUND);
    bench_drain(&b);
    cr_assert_null(bench_sent(&b, "REFER"));
    bench_close(&b);
}
