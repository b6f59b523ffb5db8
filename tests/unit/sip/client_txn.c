/* SPDX-License-Identifier: MIT */
/* Client transactions at literal times: RFC 3261 section 17.1, RFC 6026. */
#include "tests/unit/sip/rig.h"

#define START (1000 * IX_S)

static void options(struct rig *r, ix_sip_txn *txn)
{
    struct ix_sip_request req = { .method = IX_SIP_OPTIONS,
        .uri = IX_STR("sip:pbx.test"),
        .from = IX_STR("<sip:1000@pbx.test>"),
        .to = IX_STR("<sip:pbx.test>") };
    cr_assert_eq(ix_sip_send_request(r->stack, RIG_TRANSPORT, &req, &rig_user, r->now, txn), 0);
    rig_take(r, IX_SIP_OUT_SEND);
}

Test(client_txn, a_request_has_all_it_needs)
{
    struct rig *r = rig_new();
    rig_invite(r, NULL);
    cr_assert(same(r->msg.uri.text, "sip:9196@pbx.test"));
    cr_assert(same(r->msg.via.transport, "WS"));
    cr_assert(same(r->msg.via.host, "abc.invalid"));
    cr_assert(ix_str_starts(r->msg.via.branch, IX_STR("z9hG4bK")));
    cr_assert_eq(r->msg.via.branch.n, 7 + 16);
    cr_assert_eq(r->msg.max_forwards, 70);
    cr_assert_eq(r->msg.from_tag.n, 12);
    cr_assert_eq(r->msg.to_tag.n, 0);
    cr_assert(r->msg.call_id.n >= 32);
    cr_assert_eq(r->msg.cseq, 1);
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_CONTACT), "<sip:me@abc.invalid;transport=ws>"));
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_USER_AGENT), "test"));
    cr_assert(ix_sip_list_has(&r->msg, IX_SIP_H_ALLOW, "BYE"));
    cr_assert(ix_sip_list_has(&r->msg, IX_SIP_H_SUPPORTED, "timer"));
    cr_assert(same(r->msg.body, "v=0\r\n"));
    rig_free(r);
}

Test(client_txn, timer_f_ends_a_silent_request_after_32_s)
{
    struct rig *r = rig_new();
    ix_sip_txn txn;
    options(r, &txn);
    cr_assert_eq(ix_sip_deadline(r->stack), START + 32 * IX_S);
    rig_at(r, START + 32 * IX_S - 1);
    rig_nothing(r);
    rig_at(r, START + 32 * IX_S);
    rig_take(r, IX_SIP_OUT_FAILED);
    cr_assert_eq(r->out.err, IRISX_E_TIMEOUT);
    cr_assert_eq(r->out.txn, txn);
    cr_assert_eq(r->out.user, &rig_user);
    cr_assert(!r->out.server);
    rig_nothing(r);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    cr_assert_eq(ix_sip_deadline(r->stack), IX_NEVER);
    rig_free(r);
}

Test(client_txn, timer_f_goes_on_after_a_provisional_response)
{
    struct rig *r = rig_new();
    ix_sip_txn txn;
    options(r, &txn);
    r->now.mono_us = START + 10 * IX_S;
    cr_assert_eq(rig_answer(r, "100 Trying", NULL, NULL, NULL), 0);
    rig_nothing(r);
    rig_at(r, START + 32 * IX_S);
    rig_take(r, IX_SIP_OUT_FAILED);
    rig_free(r);
}

Test(client_txn, a_final_response_ends_it)
{
    struct rig *r = rig_new();
    ix_sip_txn txn;
    options(r, &txn);
    cr_assert_eq(rig_answer(r, "200 OK", "b", NULL, NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.msg->status, 200);
    cr_assert_eq(r->out.user, &rig_user);
    cr_assert_eq(r->out.txn, txn);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    cr_assert_eq(rig_answer(r, "200 OK", "b", NULL, NULL), IRISX_E_NOT_FOUND);
    rig_nothing(r);
    rig_free(r);
}

Test(client_txn, timer_b_ends_a_silent_invite_after_32_s)
{
    struct rig *r = rig_new();
    rig_invite(r, NULL);
    rig_at(r, START + 32 * IX_S - 1);
    rig_nothing(r);
    rig_at(r, START + 32 * IX_S);
    rig_take(r, IX_SIP_OUT_FAILED);
    cr_assert_eq(r->out.err, IRISX_E_TIMEOUT);
    rig_nothing(r);
    rig_free(r);
}

Test(client_txn, an_invite_may_ring_for_ever)
{
    struct rig *r = rig_new();
    rig_invite(r, NULL);
    cr_assert_eq(rig_answer(r, "100 Trying", NULL, NULL, NULL), 0);
    cr_assert_eq(rig_answer(r, "180 Ringing", "b", NULL, NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.msg->status, 180);
    cr_assert_eq(ix_sip_deadline(r->stack), IX_NEVER);
    rig_at(r, START + 3600 * IX_S);
    rig_nothing(r);
    rig_free(r);
}

Test(client_txn, a_refusal_is_acknowledged_by_itself)
{
    struct rig *r = rig_new();
    rig_invite(r, NULL);
    char branch[64];
    cr_assert_eq(ix_str_copy(branch, sizeof branch, r->msg.via.branch), 0);
    cr_assert_eq(rig_answer(r, "486 Busy Here", "busy", "Reason: Q.850;cause=17;text=\"USER_BUSY\"\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
    cr_assert(same(r->msg.via.branch, branch));
    cr_assert(same(r->msg.uri.text, "sip:9196@pbx.test"));
    cr_assert(same(r->msg.to_tag, "busy"));
    cr_assert_eq(r->msg.cseq, 1);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    struct ix_sip_reason reason;
    cr_assert(ix_sip_get_reason(r->out.msg, "Q.850", &reason));
    cr_assert_eq(reason.cause, 17);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    rig_nothing(r);
    rig_free(r);
}

Test(client_txn, each_fork_gets_its_own_dialog_and_ack)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *a, *b;
    ix_sip_txn txn = rig_invite(r, NULL);
    struct ix_sip_msg invite = r->msg;
    cr_assert_eq(rig_answer(r, "200 OK", "a", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_null(r->out.dialog);
    cr_assert_eq(ix_sip_dialog_uac(r->stack, txn, r->out.msg, NULL, &a), 0);
    cr_assert_eq(ix_sip_dialog_ack(a, IX_STR_NONE, IX_STR_NONE, r->now), 0);
    char invite_text[sizeof r->sent];
    memcpy(invite_text, r->sent, sizeof invite_text);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
    cr_assert(same(r->msg.uri.text, "sip:a@192.0.2.1"));
    memcpy(r->sent, invite_text, sizeof invite_text);
    r->msg = invite;
    cr_assert_eq(rig_answer(r, "200 OK", "b", "Contact: <sip:b@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_null(r->out.dialog);
    cr_assert(same(r->out.msg->to_tag, "b"));
    cr_assert_eq(ix_sip_dialog_uac(r->stack, txn, r->out.msg, NULL, &b), 0);
    ix_sip_dialog_free(a, r->now);
    ix_sip_dialog_free(b, r->now);
    rig_free(r);
}

Test(client_txn, the_ack_is_sent_again_when_the_2xx_comes_again)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    ix_sip_txn txn = rig_invite(r, NULL);
    struct ix_sip_msg invite = r->msg;
    char invite_text[sizeof r->sent], first[sizeof r->sent];
    memcpy(invite_text, r->sent, sizeof invite_text);
    cr_assert_eq(rig_answer(r, "200 OK", "a", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(ix_sip_dialog_uac(r->stack, txn, r->out.msg, NULL, &d), 0);
    /* not acknowledged yet: a repetition is not told twice */
    cr_assert_eq(rig_answer(r, "200 OK", "a", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    rig_nothing(r);
    cr_assert_eq(ix_sip_dialog_ack(d, IX_STR_NONE, IX_STR_NONE, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    memcpy(first, r->sent, sizeof first);
    memcpy(r->sent, invite_text, sizeof invite_text);
    r->msg = invite;
    rig_at(r, START + 32 * IX_S - 1);
    cr_assert_eq(rig_answer(r, "200 OK", "a", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_str_eq(r->sent, first);
    rig_nothing(r);
    /* timer M */
    rig_at(r, START + 32 * IX_S);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(client_txn, cancel_waits_for_the_first_provisional_response)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invite(r, NULL);
    struct ix_sip_msg invite = r->msg;
    char invite_text[sizeof r->sent], branch[64];
    memcpy(invite_text, r->sent, sizeof invite_text);
    cr_assert_eq(ix_str_copy(branch, sizeof branch, r->msg.via.branch), 0);
    cr_assert_eq(ix_sip_cancel(r->stack, txn, IX_STR("Reason: SIP;cause=200\r\n"), r->now), 0);
    rig_nothing(r);
    cr_assert_eq(rig_answer(r, "100 Trying", NULL, NULL, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_CANCEL);
    cr_assert(same(r->msg.via.branch, branch));
    cr_assert_eq(r->msg.cseq, 1);
    cr_assert_eq(r->msg.to_tag.n, 0);
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_REASON), "SIP;cause=200"));
    cr_assert_eq(rig_answer(r, "200 OK", "x", NULL, NULL), 0); /* to the CANCEL: nobody waits for it */
    memcpy(r->sent, invite_text, sizeof invite_text);
    r->msg = invite;
    cr_assert_eq(rig_answer(r, "487 Request Terminated", "x", NULL, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.msg->status, 487);
    rig_nothing(r);
    rig_free(r);
}

Test(client_txn, a_cancelled_invite_fails_after_32_s_of_silence)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invite(r, NULL);
    cr_assert_eq(rig_answer(r, "180 Ringing", "a", NULL, NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    r->now.mono_us = START + 50 * IX_S;
    cr_assert_eq(ix_sip_cancel(r->stack, txn, IX_STR_NONE, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    rig_at(r, START + 82 * IX_S - 1);
    rig_nothing(r);
    rig_at(r, START + 82 * IX_S);
    rig_take(r, IX_SIP_OUT_FAILED);
    cr_assert_eq(r->out.err, IRISX_E_TIMEOUT);
    rig_free(r);
}

Test(client_txn, a_forgotten_invite_that_is_answered_is_hung_up)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invite(r, NULL);
    struct ix_sip_msg invite = r->msg;
    char invite_text[sizeof r->sent];
    memcpy(invite_text, r->sent, sizeof invite_text);
    cr_assert_eq(rig_answer(r, "180 Ringing", "a", NULL, NULL), 0); /* told, but nobody polls before it is forgotten */
    ix_sip_txn_forget(r->stack, txn, r->now);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_CANCEL);
    memcpy(r->sent, invite_text, sizeof invite_text);
    r->msg = invite;
    cr_assert_eq(rig_answer(r, "200 OK", "a", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_BYE);
    cr_assert_eq(r->msg.cseq, 2);
    rig_nothing(r);
    cr_assert_eq(rig_answer(r, "200 OK", NULL, NULL, NULL), 0);
    rig_nothing(r);
    rig_at(r, START + 32 * IX_S);
    rig_nothing(r);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    rig_free(r);
}

Test(client_txn, an_answer_that_nobody_polled_before_forgetting_is_hung_up_when_it_comes_again)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invite(r, NULL);
    cr_assert_eq(rig_answer(r, "200 OK", "a", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    ix_sip_txn_forget(r->stack, txn, r->now);
    rig_nothing(r);
    cr_assert_eq(rig_answer(r, "200 OK", "a", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_BYE);
    rig_free(r);
}

Test(client_txn, a_closed_transport_fails_what_waits_on_it)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invite(r, NULL);
    ix_sip_transport_closed(r->stack, RIG_TRANSPORT, r->now);
    rig_take(r, IX_SIP_OUT_FAILED);
    cr_assert_eq(r->out.err, IRISX_E_NETWORK);
    cr_assert_eq(r->out.txn, txn);
    rig_nothing(r);
    struct ix_sip_request req = { .method = IX_SIP_OPTIONS };
    cr_assert_eq(ix_sip_send_request(r->stack, RIG_TRANSPORT, &req, NULL, r->now, &txn), IRISX_E_CLOSED);
    rig_free(r);
}

Test(client_txn, what_was_not_sent_yet_goes_with_its_transport)
{
    struct rig *r = rig_new();
    struct ix_sip_request req = { .method = IX_SIP_OPTIONS,
        .uri = IX_STR("sip:pbx.test"),
        .from = IX_STR("<sip:1000@pbx.test>"),
        .to = IX_STR("<sip:pbx.test>") };
    cr_assert_eq(ix_sip_send_request(r->stack, RIG_TRANSPORT, &req, NULL, r->now, NULL), 0);
    ix_sip_transport_closed(r->stack, RIG_TRANSPORT, r->now);
    rig_take(r, IX_SIP_OUT_FAILED);
    rig_nothing(r);
    rig_free(r);
}

Test(client_txn, stray_responses_are_dropped)
{
    struct rig *r = rig_new();
    rig_invite(r, NULL);
    const struct {
        const char *branch, *more, *call, *cseq;
    } wrong[] = {
        { "z9hG4bKother", "", NULL, NULL },
        { NULL, "", "other", NULL },
        { NULL, "", NULL, "2 INVITE" },
        { NULL, "", NULL, "1 BYE" },
        { NULL, ", SIP/2.0/WS other;branch=z9hG4bKx", NULL, NULL },
    };
    for (size_t i = 0; i < IX_COUNT(wrong); i++) {
        char own[64];
        cr_assert_eq(ix_str_copy(own, sizeof own, r->msg.via.branch), 0);
        const char *text = wiref(
            "SIP/2.0 200 OK\nVia: SIP/2.0/WS abc.invalid;branch=%s%s\nFrom: <sip:1000@pbx.test>;tag=%.*s\nTo: <sip:9196@pbx.test>;tag=x\n"
            "Call-ID: %.*s\nCSeq: %s\n\n",
            wrong[i].branch ? wrong[i].branch : own, wrong[i].more, IX_FMT_STR(r->msg.from_tag),
            wrong[i].call ? 5 : (int) r->msg.call_id.n, wrong[i].call ? wrong[i].call : r->msg.call_id.p,
            wrong[i].cseq ? wrong[i].cseq : "1 INVITE");
        cr_assert_eq(rig_feed(r, text), IRISX_E_NOT_FOUND, "case %zu", i);
        rig_nothing(r);
    }
    rig_free(r);
}

Test(client_txn, nothing_can_be_injected_into_a_request)
{
    struct rig *r = rig_new();
    struct ix_sip_request good = { .method = IX_SIP_MESSAGE,
        .uri = IX_STR("sip:a@b"),
        .from = IX_STR("<sip:c@d>"),
        .to = IX_STR("<sip:a@b>"),
        .content_type = IX_STR("text/plain"),
        .body = IX_STR("hi") };
    struct ix_sip_request bad[12];
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        bad[i] = good;
    bad[0].uri = IX_STR("sip:a@b\r\nX: y");
    bad[1].from = IX_STR("<sip:c@d>\r\nX: y");
    bad[2].headers = IX_STR("X: y\r\n\r\nbody");
    bad[3].headers = IX_STR("X: y");
    bad[4].content_type = IX_STR("text/plain\r\nX: y");
    bad[5].call_id = IX_STR("a\nb");
    bad[6].content_type = IX_STR_NONE;
    bad[7].contact = IX_STR("<sip:a@b>\r\n");
    bad[8].headers = IX_STR("X: y\n");
    bad[9].headers = IX_STR("X: y\rZ: z\r\n");
    bad[10].headers = IX_STR("X y: z\r\n");
    bad[11].method = IX_SIP_CANCEL;
    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        cr_assert_eq(
            ix_sip_send_request(r->stack, RIG_TRANSPORT, &bad[i], NULL, r->now, NULL), IRISX_E_INVALID, "case %zu", i);
        rig_nothing(r);
    }
    cr_assert_eq(ix_sip_send_request(r->stack, RIG_TRANSPORT, &good, NULL, r->now, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    rig_free(r);
}

Test(client_txn, a_challenge_is_answered_under_the_same_handle)
{
    struct rig *r = rig_new();
    struct ix_sip_auth *auth;
    cr_assert_eq(ix_sip_auth_new(&r->rng, IX_STR("1000"), IX_STR("secret"), &auth), 0);
    ix_sip_txn txn = rig_invite(r, auth);
    char branch[64];
    cr_assert_eq(ix_str_copy(branch, sizeof branch, r->msg.via.branch), 0);
    cr_assert_eq(
        rig_answer(r, "407 Proxy Authentication Required", "x",
            "Proxy-Authenticate: Digest realm=\"pbx.test\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\n", NULL),
        0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
    cr_assert_eq(r->msg.cseq, 1);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_INVITE);
    cr_assert_eq(r->msg.cseq, 2);
    cr_assert(!same(r->msg.via.branch, branch));
    cr_assert_eq(r->msg.to_tag.n, 0);
    cr_assert(same(r->msg.body, "v=0\r\n"));
    cr_assert(ix_sip_has(&r->msg, IX_SIP_H_PROXY_AUTHORIZATION));
    rig_nothing(r);
    cr_assert_eq(rig_answer(r, "200 OK", "y", "Contact: <sip:a@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.txn, txn);
    cr_assert_eq(r->out.cseq, 2);
    struct ix_sip_dialog *d;
    cr_assert_eq(ix_sip_dialog_uac(r->stack, txn, r->out.msg, NULL, &d), 0);
    cr_assert_eq(ix_sip_dialog_ack(d, IX_STR_NONE, IX_STR_NONE, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.cseq, 2);
    cr_assert(ix_sip_has(&r->msg, IX_SIP_H_PROXY_AUTHORIZATION)); /* RFC 3261 section 13.2.2.4 */
    cr_assert_eq(ix_sip_dialog_request(d, &(struct ix_sip_request){ .method = IX_SIP_BYE }, NULL, r->now, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.cseq, 3);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
    ix_sip_auth_free(auth);
}

Test(client_txn, refused_credentials_are_passed_up)
{
    struct rig *r = rig_new();
    struct ix_sip_auth *auth;
    const char *challenge = "Proxy-Authenticate: Digest realm=\"pbx.test\", nonce=\"n1\", qop=\"auth\"\n";
    cr_assert_eq(ix_sip_auth_new(&r->rng, IX_STR("1000"), IX_STR("wrong"), &auth), 0);
    rig_invite(r, auth);
    cr_assert_eq(rig_answer(r, "407 No", "x", challenge, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(rig_answer(r, "407 No", "x", challenge, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.msg->status, 407);
    rig_nothing(r);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    rig_free(r);
    ix_sip_auth_free(auth);
}

Test(client_txn, a_server_that_calls_every_nonce_stale_is_left_after_five_tries)
{
    struct rig *r = rig_new();
    struct ix_sip_auth *auth;
    unsigned tries = 1;
    cr_assert_eq(ix_sip_auth_new(&r->rng, IX_STR("1000"), IX_STR("secret"), &auth), 0);
    rig_invite(r, auth);
    for (; tries < 20; tries++) {
        cr_assert_eq(rig_answer(r, "407 No", "x",
                         "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true, qop=\"auth\"\n", NULL),
            0);
        rig_take(r, IX_SIP_OUT_SEND);
        cr_assert(ix_sip_poll(r->stack, &r->out));
        if (r->out.kind == IX_SIP_OUT_RESPONSE)
            break;
        memcpy(r->sent, r->out.data, r->out.len);
        cr_assert_eq(ix_sip_parse(&r->msg, r->sent, r->out.len, NULL), 0);
    }
    cr_assert_eq(tries, 5);
    rig_free(r);
    ix_sip_auth_free(auth);
}
