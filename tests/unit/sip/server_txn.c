/* SPDX-License-Identifier: MIT */
/* Server transactions at literal times: RFC 3261 sections 8.2, 9.2, 13.3.1 and 17.2, RFC 6026. */
#include "tests/unit/sip/rig.h"

#define START (1000 * IX_S)

static int respond(struct rig *r, ix_sip_txn txn, unsigned status, struct ix_sip_dialog *d)
{
    return ix_sip_respond(r->stack, txn, &(struct ix_sip_reply){ .status = status, .dialog = d }, r->now);
}

Test(server_txn, a_100_goes_out_after_200_ms)
{
    struct rig *r = rig_new();
    rig_invited(r);
    cr_assert_eq(ix_sip_deadline(r->stack), START + 200 * IX_MS);
    rig_at(r, START + 200 * IX_MS - 1);
    rig_nothing(r);
    rig_at(r, START + 200 * IX_MS);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 100);
    cr_assert_eq(r->msg.to_tag.n, 0);
    cr_assert(same(r->msg.via.branch, "z9hG4bKfirst"));
    cr_assert(same(r->msg.call_id, "call-1"));
    cr_assert_eq(r->msg.cseq, 100);
    rig_nothing(r);
    rig_free(r);
}

Test(server_txn, no_100_after_a_180_and_the_180_again_every_minute)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    ix_sip_txn txn = rig_invited(r);
    cr_assert_eq(ix_sip_dialog_uas(r->stack, txn, NULL, &d), 0);
    cr_assert_eq(respond(r, txn, 180, d), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 180);
    cr_assert(ix_str_eq(r->msg.to_tag, ix_sip_dialog_local_tag(d)));
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_CONTACT), "<sip:me@abc.invalid;transport=ws>"));
    rig_at(r, START + 60 * IX_S - 1);
    rig_nothing(r);
    rig_at(r, START + 60 * IX_S);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 180);
    cr_assert_eq(ix_sip_deadline(r->stack), START + 120 * IX_S);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(server_txn, a_2xx_is_sent_again_until_the_ack_comes)
{
    static const uint64_t again_ms[] = { 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500 };
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    int user;
    ix_sip_txn txn = rig_invited(r);
    cr_assert_eq(ix_sip_dialog_uas(r->stack, txn, &user, &d), 0);
    cr_assert_eq(respond(r, txn, 200, d), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 200);
    cr_assert(ix_sip_has(&r->msg, IX_SIP_H_ALLOW));
    cr_assert(!ix_sip_dialog_acked(d));
    for (size_t i = 0; i < 4; i++) {
        rig_at(r, START + again_ms[i] * IX_MS - 1);
        rig_nothing(r);
        rig_at(r, START + again_ms[i] * IX_MS);
        rig_take(r, IX_SIP_OUT_SEND);
        cr_assert_eq(r->msg.status, 200);
    }
    cr_assert_eq(rig_in_dialog(r, d, "ACK", 100, "ack"), 0);
    rig_take(r, IX_SIP_OUT_ACK);
    cr_assert_eq(r->out.dialog, d);
    cr_assert_eq(r->out.user, &user);
    cr_assert(ix_sip_dialog_acked(d));
    cr_assert_eq(rig_in_dialog(r, d, "ACK", 100, "ack"), IRISX_E_NOT_FOUND); /* again: nobody cares */
    rig_nothing(r);
    cr_assert_eq(ix_sip_deadline(r->stack), START + 32 * IX_S); /* timer L */
    rig_at(r, START + 32 * IX_S);
    rig_nothing(r);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(server_txn, a_2xx_without_ack_fails_after_32_s)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    int user;
    ix_sip_txn txn = rig_invited(r);
    unsigned sent = 0;
    cr_assert_eq(ix_sip_dialog_uas(r->stack, txn, &user, &d), 0);
    cr_assert_eq(respond(r, txn, 200, d), 0);
    while (ix_sip_deadline(r->stack) < START + 32 * IX_S) {
        rig_at(r, ix_sip_deadline(r->stack));
        sent++;
    }
    cr_assert_eq(sent, 10);
    rig_at(r, START + 32 * IX_S);
    for (unsigned i = 0; i < 11; i++)
        rig_take(r, IX_SIP_OUT_SEND);
    rig_take(r, IX_SIP_OUT_FAILED);
    cr_assert_eq(r->out.err, IRISX_E_TIMEOUT);
    cr_assert(r->out.server);
    cr_assert_eq(r->out.dialog, d);
    cr_assert_eq(r->out.user, &user);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(server_txn, a_refusal_waits_for_its_ack_or_32_s)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invited(r);
    cr_assert_eq(respond(r, txn, 486, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 486);
    cr_assert_eq(r->msg.to_tag.n, 12);
    cr_assert_eq(respond(r, txn, 486, NULL), IRISX_E_STATE);
    cr_assert_eq(ix_sip_deadline(r->stack), START + 32 * IX_S);
    cr_assert_eq(
        rig_feed(r, "ACK sip:me@abc.invalid;transport=ws SIP/2.0\nVia: SIP/2.0/WS 192.0.2.1:8066;branch=z9hG4bKfirst\n"
                    "From: <sip:1000@pbx.test>;tag=theirs\nTo: <sip:me@abc.invalid>;tag=x\nCall-ID: call-1\n"
                    "CSeq: 100 ACK\n\n"),
        0);
    rig_nothing(r);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    cr_assert_eq(respond(r, txn, 486, NULL), IRISX_E_NOT_FOUND);
    rig_free(r);
}

static const char cancel_text[] =
    "CANCEL sip:me@abc.invalid;transport=ws SIP/2.0\n"
    "Via: SIP/2.0/WS 192.0.2.1:8066;branch=z9hG4bK%s\nFrom: <sip:1000@pbx.test>;tag=theirs\n"
    "To: <sip:me@abc.invalid>\nCall-ID: call-1\nCSeq: 100 CANCEL\n"
    "Reason: Q.850;cause=16;text=\"NORMAL_CLEARING\"\n\n";

Test(server_txn, cancel_ends_a_ringing_invite)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    int user;
    ix_sip_txn txn = rig_invited(r);
    cr_assert_eq(ix_sip_dialog_uas(r->stack, txn, &user, &d), 0);
    cr_assert_eq(respond(r, txn, 180, d), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(rig_feed(r, wiref(cancel_text, "first")), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 200);
    cr_assert_eq(r->msg.method, IX_SIP_CANCEL);
    cr_assert(ix_str_eq(r->msg.to_tag, ix_sip_dialog_local_tag(d)));
    rig_take(r, IX_SIP_OUT_CANCELLED);
    cr_assert_eq(r->out.txn, txn);
    cr_assert_eq(r->out.dialog, d);
    cr_assert_eq(r->out.user, &user);
    struct ix_sip_reason reason;
    cr_assert(ix_sip_get_reason(r->out.msg, NULL, &reason));
    cr_assert_eq(reason.cause, 16);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 487);
    cr_assert_eq(r->msg.method, IX_SIP_INVITE);
    rig_nothing(r);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(server_txn, cancel_before_the_request_was_looked_at)
{
    struct rig *r = rig_new();
    cr_assert_eq(rig_feed(r, rig_invite_text), 0);
    cr_assert_eq(rig_feed(r, wiref(cancel_text, "first")), 0);
    cr_assert_eq(rig_feed(r, "ACK sip:me@abc.invalid SIP/2.0\nVia: SIP/2.0/WS 192.0.2.1:8066;branch=z9hG4bKfirst\n"
                             "From: <sip:1000@pbx.test>;tag=theirs\nTo: <sip:me@abc.invalid>;tag=x\nCall-ID: call-1\n"
                             "CSeq: 100 ACK\n\n"),
        0);
    rig_take(r, IX_SIP_OUT_SEND); /* 200 and 487; nobody is told of a call that is over */
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 487);
    rig_nothing(r);
    rig_free(r);
}

Test(server_txn, cancel_of_nothing_is_481)
{
    struct rig *r = rig_new();
    rig_invited(r);
    cr_assert_eq(rig_feed(r, wiref(cancel_text, "other")), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 481);
    rig_nothing(r);
    rig_free(r);
}

Test(server_txn, cancel_on_another_transport_does_not_match)
{
    struct rig *r = rig_new();
    struct ix_sip_transport_config other = { .sent_by = IX_STR("xyz.invalid") };
    const char *text = wiref(cancel_text, "first");
    rig_invited(r);
    cr_assert_eq(ix_sip_transport_opened(r->stack, 8, &other), 0);
    cr_assert_eq(ix_sip_input(r->stack, 8, text, strlen(text), r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->out.transport, 8);
    cr_assert_eq(r->msg.status, 481);
    rig_nothing(r);
    rig_free(r);
}

Test(server_txn, cancel_after_the_answer_changes_nothing)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    ix_sip_txn txn = rig_invited(r);
    cr_assert_eq(ix_sip_dialog_uas(r->stack, txn, NULL, &d), 0);
    cr_assert_eq(respond(r, txn, 200, d), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(rig_feed(r, wiref(cancel_text, "first")), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 200);
    cr_assert_eq(r->msg.method, IX_SIP_CANCEL);
    rig_nothing(r);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(server_txn, a_repeated_request_gets_the_last_response_again)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invited(r);
    cr_assert_eq(rig_feed(r, rig_invite_text), 0);
    rig_nothing(r);
    cr_assert_eq(respond(r, txn, 486, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(rig_feed(r, rig_invite_text), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 486);
    rig_nothing(r);
    rig_free(r);
}

static const char request_text[] = "%s %s SIP/2.0\nVia: SIP/2.0/WS 192.0.2.1:8066;branch=z9hG4bK%s\n"
                                   "From: <sip:1000@pbx.test>;tag=theirs\nTo: <sip:me@abc.invalid>%s\nCall-ID: %s\n"
                                   "CSeq: 100 %s\n%s\n";

static void expect(
    const char *method, const char *uri, const char *to_tag, const char *call_id, const char *extra, unsigned status)
{
    struct rig *r = rig_new();
    (void) rig_feed(r, wiref(request_text, method, uri, "b", to_tag, call_id, method, extra));
    if (status) {
        rig_take(r, IX_SIP_OUT_SEND);
        cr_assert_eq(r->msg.status, status, "%s %s: %u", method, uri, r->msg.status);
        cr_assert(r->msg.to_tag.n);
    }
    rig_nothing(r);
    rig_free(r);
}

Test(server_txn, unfit_requests_are_refused_at_once)
{
    expect("PUBLISH", "sip:me@abc.invalid", "", "c", "", 405);
    expect("NEWMETHOD", "sip:me@abc.invalid", "", "c", "", 501);
    expect("INVITE", "nobodyKnowsThisScheme:totallyopaquecontent", "", "c", "", 416);
    expect("INVITE", "sip:me@abc.invalid", "", "c", "Require: 100rel\n", 420);
    expect("BYE", "sip:me@abc.invalid", ";tag=unknown", "c", "", 481);
    expect("INVITE", "sip:me@abc.invalid", ";tag=unknown", "c", "", 481);
    expect("ACK", "sip:me@abc.invalid", ";tag=unknown", "c", "", 0);
    expect("INVITE", "sip:me@abc.invalid", "", "c", "Content-Length: 5\n", 400);
    expect("INVITE", "sip:me@abc.invalid", "", "c", "Max-Forwards: 256\n", 400);
}

Test(server_txn, the_405_names_what_is_allowed)
{
    struct rig *r = rig_new();
    (void) rig_feed(r, wiref(request_text, "PUBLISH", "sip:me@abc.invalid", "b", "", "c", "PUBLISH", ""));
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert(ix_sip_list_has(&r->msg, IX_SIP_H_ALLOW, "INVITE"));
    cr_assert(!ix_sip_list_has(&r->msg, IX_SIP_H_ALLOW, "PUBLISH"));
    rig_free(r);
}

Test(server_txn, the_420_names_what_is_not_supported_and_only_that)
{
    struct rig *r = rig_new();
    (void) rig_feed(r, wiref(request_text, "INVITE", "sip:me@abc.invalid", "b", "", "c", "INVITE",
                           "Require: timer, 100rel\nRequire: foo\n"));
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_UNSUPPORTED), "100rel, foo"));
    rig_free(r);
}

Test(server_txn, a_known_required_extension_passes)
{
    struct rig *r = rig_new();
    (void) rig_feed(r, wiref(request_text, "INVITE", "sip:me@abc.invalid", "b", "", "c", "INVITE", "Require: timer\n"));
    rig_take(r, IX_SIP_OUT_REQUEST);
    rig_free(r);
}

Test(server_txn, the_same_request_by_another_way_is_a_loop)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invited(r);
    (void) rig_feed(r, wiref(request_text, "INVITE", "sip:me@abc.invalid", "second", "", "call-1", "INVITE", ""));
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 482);
    rig_nothing(r);
    cr_assert_eq(respond(r, txn, 486, NULL), 0);
    rig_free(r);
}

Test(server_txn, too_many_transactions_are_refused_with_503)
{
    struct rig *r = rig_server(0);
    for (int i = 0; i < 5; i++) {
        char branch[8], call[8];
        (void) snprintf(branch, sizeof branch, "b%d", i);
        (void) snprintf(call, sizeof call, "c%d", i);
        int err = rig_feed(r, wiref(request_text, "OPTIONS", "sip:me@abc.invalid", branch, "", call, "OPTIONS", ""));
        cr_assert_eq(err, i < 4 ? 0 : IRISX_E_LIMIT);
    }
    for (int i = 0; i < 4; i++)
        rig_take(r, IX_SIP_OUT_REQUEST);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 503);
    uint32_t seconds;
    cr_assert_eq(ix_sip_get_u32(&r->msg, IX_SIP_H_RETRY_AFTER, &seconds), 0);
    rig_nothing(r);
    rig_free(r);
}

Test(server_txn, an_options_answer_says_what_we_can)
{
    struct rig *r = rig_new();
    (void) rig_feed(r, wiref(request_text, "OPTIONS", "sip:me@abc.invalid", "b", "", "c", "OPTIONS", ""));
    rig_take(r, IX_SIP_OUT_REQUEST);
    cr_assert_eq(respond(r, r->out.txn, 200, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert(ix_sip_list_has(&r->msg, IX_SIP_H_ALLOW, "INVITE"));
    cr_assert(ix_sip_list_has(&r->msg, IX_SIP_H_SUPPORTED, "replaces"));
    cr_assert(ix_sip_has(&r->msg, IX_SIP_H_ACCEPT));
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    rig_free(r);
}

Test(server_txn, a_request_nobody_answers_is_dropped_after_32_s)
{
    struct rig *r = rig_new();
    (void) rig_feed(r, wiref(request_text, "OPTIONS", "sip:me@abc.invalid", "b", "", "c", "OPTIONS", ""));
    rig_take(r, IX_SIP_OUT_REQUEST);
    rig_at(r, START + 32 * IX_S);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    rig_nothing(r);
    rig_free(r);
}

Test(server_txn, a_2xx_to_an_invite_needs_a_dialog_and_nothing_can_be_injected)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invited(r);
    cr_assert_eq(respond(r, txn, 200, NULL), IRISX_E_INVALID);
    cr_assert_eq(respond(r, txn, 99, NULL), IRISX_E_INVALID);
    struct ix_sip_reply reply = { .status = 486, .headers = IX_STR("X: y\r\n\r\n") };
    cr_assert_eq(ix_sip_respond(r->stack, txn, &reply, r->now), IRISX_E_INVALID);
    reply = (struct ix_sip_reply){ .status = 486, .phrase = IX_STR("Busy\r\nX: y") };
    cr_assert_eq(ix_sip_respond(r->stack, txn, &reply, r->now), IRISX_E_INVALID);
    rig_nothing(r);
    cr_assert_eq(respond(r, txn, 486, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    rig_free(r);
}

Test(server_txn, a_forgotten_invite_is_answered_480)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invited(r);
    ix_sip_txn_forget(r->stack, txn, r->now);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 480);
    rig_nothing(r);
    rig_free(r);
}

Test(server_txn, a_closed_transport_ends_a_ringing_invite)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invited(r);
    ix_sip_transport_closed(r->stack, RIG_TRANSPORT, r->now);
    rig_take(r, IX_SIP_OUT_FAILED);
    cr_assert(r->out.server);
    cr_assert_eq(r->out.txn, txn);
    cr_assert_eq(r->out.err, IRISX_E_NETWORK);
    rig_nothing(r);
    rig_free(r);
}

Test(server_txn, a_request_nobody_saw_goes_with_its_transport)
{
    struct rig *r = rig_new();
    cr_assert_eq(rig_feed(r, rig_invite_text), 0);
    ix_sip_transport_closed(r->stack, RIG_TRANSPORT, r->now);
    rig_nothing(r);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    rig_free(r);
}
