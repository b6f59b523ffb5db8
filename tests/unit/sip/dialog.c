/* SPDX-License-Identifier: MIT */
/* Dialogs: RFC 3261 sections 12, 14 and 15. */
#include "tests/unit/sip/rig.h"

static struct ix_sip_dialog *call_out(struct rig *r, const char *answer_lines)
{
    struct ix_sip_dialog *d;
    ix_sip_txn txn = rig_invite(r, NULL);
    cr_assert_eq(rig_answer(r, "200 OK", "theirs", answer_lines, NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(ix_sip_dialog_uac(r->stack, txn, r->out.msg, NULL, &d), 0);
    cr_assert_eq(ix_sip_dialog_state(d), IX_SIP_CONFIRMED);
    cr_assert_eq(ix_sip_dialog_ack(d, IX_STR_NONE, IX_STR_NONE, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
    return d;
}

static struct ix_sip_dialog *call_in(struct rig *r)
{
    struct ix_sip_dialog *d;
    ix_sip_txn txn = rig_invited(r);
    cr_assert_eq(ix_sip_dialog_uas(r->stack, txn, &rig_user, &d), 0);
    cr_assert_eq(ix_sip_respond(r->stack, txn, &(struct ix_sip_reply){ .status = 200, .dialog = d }, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(rig_in_dialog(r, d, "ACK", 100, "ack"), 0);
    rig_take(r, IX_SIP_OUT_ACK);
    return d;
}

static void bye(struct rig *r, struct ix_sip_dialog *d)
{
    cr_assert_eq(ix_sip_dialog_request(d, &(struct ix_sip_request){ .method = IX_SIP_BYE }, NULL, r->now, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_BYE);
}

Test(dialog, requests_follow_the_contact_but_stay_on_the_transport)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = call_out(r, "Contact: <sip:9196@192.0.2.1:5060;transport=udp>\n");
    bye(r, d);
    cr_assert_eq(r->out.transport, RIG_TRANSPORT);
    cr_assert(same(r->msg.uri.text, "sip:9196@192.0.2.1:5060;transport=udp"));
    cr_assert(same(r->msg.via.transport, "WS"));
    cr_assert(same(r->msg.to_tag, "theirs"));
    cr_assert(ix_str_eq(r->msg.from_tag, ix_sip_dialog_local_tag(d)));
    cr_assert_eq(r->msg.cseq, 2);
    cr_assert(same(ix_sip_dialog_remote(d), "<sip:9196@pbx.test>"));
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(dialog, recorded_routes_are_used_in_reverse_by_the_caller)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = call_out(r, "Contact: <sip:a@192.0.2.1>\nRecord-Route: <sip:p1.test;lr>\n"
                                          "Record-Route: <sip:p2,x@p2.test;lr>;x=y, <sip:p3.test;lr>\n");
    bye(r, d);
    cr_assert(same(r->msg.uri.text, "sip:a@192.0.2.1"));
    cr_assert(
        same(ix_sip_get(&r->msg, IX_SIP_H_ROUTE), "<sip:p3.test;lr>, <sip:p2,x@p2.test;lr>;x=y, <sip:p1.test;lr>"));
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(dialog, a_strict_router_gets_its_own_address_as_request_uri)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d =
        call_out(r, "Contact: <sip:a@192.0.2.1>\nRecord-Route: <sip:p1.test;lr>, <sip:strict.test>\n");
    bye(r, d);
    cr_assert(same(r->msg.uri.text, "sip:strict.test"));
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_ROUTE), "<sip:p1.test;lr>, <sip:a@192.0.2.1>"));
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(dialog, the_callee_uses_routes_in_order_and_swaps_from_and_to)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    cr_assert_eq(
        rig_feed(r, "INVITE sip:me@abc.invalid SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bKx\n"
                    "Record-Route: <sip:p1.test;lr>, <sip:p2.test;lr>\nFrom: \"A, B\" <sip:1000@pbx.test>;tag=theirs\n"
                    "To: <sip:me@abc.invalid>\nCall-ID: c\nCSeq: 1 INVITE\nContact: <sip:x@y>\n\n"),
        0);
    rig_take(r, IX_SIP_OUT_REQUEST);
    cr_assert_eq(ix_sip_dialog_uas(r->stack, r->out.txn, NULL, &d), 0);
    cr_assert_eq(ix_sip_respond(r->stack, r->out.txn, &(struct ix_sip_reply){ .status = 200, .dialog = d }, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_RECORD_ROUTE), "<sip:p1.test;lr>, <sip:p2.test;lr>"));
    bye(r, d);
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_ROUTE), "<sip:p1.test;lr>, <sip:p2.test;lr>"));
    cr_assert(same(r->msg.to_tag, "theirs"));
    cr_assert(same(r->msg.to.display, "A, B"));
    cr_assert(ix_str_eq(r->msg.from_tag, ix_sip_dialog_local_tag(d)));
    cr_assert_eq(r->msg.cseq, 1);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(dialog, an_early_dialog_is_confirmed_by_its_own_2xx)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    ix_sip_txn txn = rig_invite(r, NULL);
    cr_assert_eq(rig_answer(r, "183 Session Progress", "theirs", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(ix_sip_dialog_uac(r->stack, txn, r->out.msg, &rig_user, &d), 0);
    cr_assert_eq(ix_sip_dialog_state(d), IX_SIP_EARLY);
    cr_assert(ix_sip_dialog_busy(d));
    cr_assert_eq(ix_sip_dialog_ack(d, IX_STR_NONE, IX_STR_NONE, r->now), IRISX_E_STATE);
    cr_assert_eq(rig_answer(r, "183 Session Progress", "theirs", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.dialog, d);
    struct ix_sip_dialog *again;
    cr_assert_eq(ix_sip_dialog_uac(r->stack, txn, r->out.msg, NULL, &again), IRISX_E_CONFLICT);
    cr_assert_eq(
        rig_answer(r, "200 OK", "theirs", "Contact: <sip:b@192.0.2.2>\nRecord-Route: <sip:p.test;lr>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.dialog, d);
    cr_assert_eq(ix_sip_dialog_state(d), IX_SIP_CONFIRMED);
    cr_assert(same(ix_sip_dialog_remote_target(d), "sip:b@192.0.2.2"));
    cr_assert_eq(ix_sip_dialog_ack(d, IX_STR("application/sdp"), IX_STR("v=0\r\n"), r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_ROUTE), "<sip:p.test;lr>"));
    cr_assert(same(r->msg.body, "v=0\r\n"));
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(dialog, requests_inside_carry_the_dialog_and_old_sequence_numbers_are_refused)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = call_in(r);
    cr_assert_eq(rig_in_dialog(r, d, "INVITE", 101, "re"), 0);
    rig_take(r, IX_SIP_OUT_REQUEST);
    cr_assert_eq(r->out.dialog, d);
    cr_assert_eq(r->out.user, &rig_user);
    cr_assert_eq(ix_sip_respond(r->stack, r->out.txn, &(struct ix_sip_reply){ .status = 200, .dialog = d }, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(rig_in_dialog(r, d, "ACK", 101, "re-ack"), 0);
    rig_take(r, IX_SIP_OUT_ACK);
    cr_assert_eq(rig_in_dialog(r, d, "BYE", 101, "old"), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 500);
    cr_assert_eq(rig_in_dialog(r, d, "BYE", 205, "gap"), 0);
    rig_take(r, IX_SIP_OUT_REQUEST);
    cr_assert_eq(r->out.dialog, d);
    cr_assert_eq(ix_sip_respond(r->stack, r->out.txn, &(struct ix_sip_reply){ .status = 200 }, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    rig_nothing(r);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(dialog, a_re_invite_that_collides_is_491_and_a_second_one_is_500)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = call_in(r);
    ix_sip_txn txn;
    cr_assert_eq(ix_sip_dialog_request(d, &(struct ix_sip_request){ .method = IX_SIP_INVITE }, NULL, r->now, &txn), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    struct ix_sip_msg mine = r->msg;
    char text[sizeof r->sent];
    memcpy(text, r->sent, sizeof text);
    cr_assert_eq(ix_sip_dialog_request(d, &(struct ix_sip_request){ .method = IX_SIP_INVITE }, NULL, r->now, NULL),
        IRISX_E_STATE);
    cr_assert_eq(rig_in_dialog(r, d, "INVITE", 101, "re1"), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 491);
    memcpy(r->sent, text, sizeof text);
    r->msg = mine;
    cr_assert_eq(rig_answer(r, "491 Request Pending", NULL, NULL, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.dialog, d);
    cr_assert_eq(rig_in_dialog(r, d, "INVITE", 102, "re2"), 0);
    rig_take(r, IX_SIP_OUT_REQUEST);
    cr_assert_eq(rig_in_dialog(r, d, "INVITE", 103, "re3"), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 500);
    cr_assert(ix_sip_has(&r->msg, IX_SIP_H_RETRY_AFTER));
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(dialog, our_re_invite_is_acknowledged_with_its_own_number)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = call_out(r, "Contact: <sip:a@192.0.2.1>\n");
    cr_assert_eq(
        ix_sip_dialog_request(d, &(struct ix_sip_request){ .method = IX_SIP_INVITE }, &rig_user, r->now, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.cseq, 2);
    cr_assert_eq(rig_answer(r, "200 OK", NULL, "Contact: <sip:b@192.0.2.9>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.dialog, d);
    cr_assert_eq(ix_sip_dialog_ack(d, IX_STR_NONE, IX_STR_NONE, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.cseq, 2);
    cr_assert(same(r->msg.uri.text, "sip:b@192.0.2.9"));
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(dialog, a_freed_dialog_answers_481_to_what_is_open_and_to_what_comes)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = call_in(r);
    cr_assert_eq(rig_in_dialog(r, d, "INFO", 101, "i"), 0);
    rig_take(r, IX_SIP_OUT_SEND); /* INFO is not in the mask */
    cr_assert_eq(r->msg.status, 405);
    cr_assert_eq(rig_in_dialog(r, d, "OPTIONS", 102, "o"), 0); /* queued, nobody polls */
    char later[1024];
    (void) snprintf(later, sizeof later,
        "BYE sip:me@abc.invalid SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bKlast\nFrom: <sip:1000@pbx.test>;tag=theirs\n"
        "To: <sip:me@abc.invalid>;tag=%.*s\nCall-ID: call-1\nCSeq: 103 BYE\n\n",
        IX_FMT_STR(ix_sip_dialog_local_tag(d)));
    ix_sip_dialog_free(d, r->now);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 481);
    cr_assert_eq(r->msg.method, IX_SIP_OPTIONS);
    cr_assert_eq(rig_feed(r, later), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 481);
    rig_nothing(r);
    rig_free(r);
}

Test(dialog, replaces_finds_the_dialog_it_names)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = call_in(r);
    char value[256];
    (void) snprintf(value, sizeof value, "call-1;from-tag=theirs;to-tag=%.*s", IX_FMT_STR(ix_sip_dialog_local_tag(d)));
    cr_assert_eq(ix_sip_dialog_find_replaces(r->stack, ix_str(value)), d);
    cr_assert_null(ix_sip_dialog_find_replaces(r->stack, IX_STR("call-1;from-tag=theirs;to-tag=no")));
    cr_assert_null(ix_sip_dialog_find_replaces(r->stack, IX_STR("call-1")));
    struct ix_buf b;
    ix_buf_init(&b, 256);
    ix_sip_dialog_write_replaces(&b, d);
    cr_assert(ix_str_starts(ix_str_n(b.p, b.n), IX_STR("call-1;to-tag=theirs;from-tag=")));
    ix_buf_clear(&b);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(dialog, a_dialog_moves_to_the_transport_its_peer_comes_from)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = call_out(r, "Contact: <sip:a@192.0.2.1>\n");
    struct ix_sip_transport_config other = { .secure = true, .sent_by = IX_STR("xyz.invalid") };
    ix_sip_transport_closed(r->stack, RIG_TRANSPORT, r->now);
    rig_nothing(r);
    cr_assert_eq(
        ix_sip_dialog_request(d, &(struct ix_sip_request){ .method = IX_SIP_BYE }, NULL, r->now, NULL), IRISX_E_CLOSED);
    cr_assert_eq(ix_sip_transport_opened(r->stack, 8, &other), 0);
    ix_sip_dialog_set_transport(d, 8);
    bye(r, d);
    cr_assert_eq(r->out.transport, 8);
    cr_assert(same(r->msg.via.transport, "WSS"));
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}
