/* SPDX-License-Identifier: MIT */
/* The platform's media server as it was recorded: its INVITE to an agent, answered; its odd answers, used. */
#include "tests/unit/sip/rig.h"

static const char invite[] =
    "INVITE sip:4qtbdrto@89jodie2elud.invalid;transport=ws SIP/2.0\nVia: SIP/2.0/WS 127.0.0.1:8066;branch=z9hG4bK6pcZm9890erpg\n"
    "Route: <sip:4qtbdrto@127.0.0.1:45174>;transport=ws\nMax-Forwards: 69\n"
    "From: \"Agent 1000\" <sip:1000@127.0.0.1>;tag=4yj295ScSa9cD\nTo: <sip:4qtbdrto@89jodie2elud.invalid;transport=ws>\n"
    "Call-ID: ca10ffa4-5f67-1240-ff96-16b27b1d8361\nCSeq: 123029706 INVITE\nContact: <sip:mod_sofia@127.0.0.1:5060>\n"
    "User-Agent: FreeSWITCH\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY, PUBLISH, SUBSCRIBE\n"
    "Supported: timer, path, replaces\nAllow-Events: talk, hold, conference, presence, as-feature-event, dialog, line-seize, call-info, sla, "
    "include-session-description, presence.winfo, message-summary, refer\nSession-Expires: 120;refresher=uac\nMin-SE: 120\n"
    "Content-Type: application/sdp\nContent-Disposition: session\nContent-Length: 12\nX-FS-Support: update_display,send_info\n"
    "Remote-Party-ID: \"Agent 1000\" <sip:1000@127.0.0.1>;party=calling;screen=yes;privacy=off\n\nv=0\ns=X\n..";

Test(freeswitch, its_invite_is_read_and_answered_on_the_same_socket)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    uint32_t seconds;
    struct ix_str refresher;
    struct ix_sip_addr id;
    cr_assert_eq(rig_feed(r, invite), 0);
    rig_take(r, IX_SIP_OUT_REQUEST);
    const struct ix_sip_msg *m = r->out.msg;
    cr_assert_eq(m->max_forwards, 69);
    cr_assert_eq(m->cseq, 123029706);
    cr_assert_eq(m->body.n, 12);
    cr_assert(same(m->uri.user, "4qtbdrto"));
    cr_assert(same(m->from.display, "Agent 1000"));
    cr_assert_eq(ix_sip_get_session_expires(m, &seconds, &refresher), 0);
    cr_assert(seconds == 120 && same(refresher, "uac"));
    cr_assert(ix_sip_list_has(m, IX_SIP_H_SUPPORTED, "timer"));
    cr_assert_eq(ix_sip_get_addr(m, IX_SIP_H_REMOTE_PARTY_ID, &id), 0);
    cr_assert_eq(ix_sip_get_addr(m, IX_SIP_H_ROUTE, &id), 0); /* malformed, tolerated */
    cr_assert(same(ix_sip_get_name(m, "X-FS-Support"), "update_display,send_info"));
    ix_sip_txn txn = r->out.txn;
    cr_assert_eq(ix_sip_dialog_uas(r->stack, txn, NULL, &d), 0);
    cr_assert_eq(ix_sip_respond(r->stack, txn, &(struct ix_sip_reply){ .status = 200, .dialog = d }, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert(same(r->msg.via.branch, "z9hG4bK6pcZm9890erpg"));
    /* its Contact is a UDP address; in-dialog requests go there by name and by this socket in fact */
    cr_assert_eq(ix_sip_dialog_request(d, &(struct ix_sip_request){ .method = IX_SIP_BYE }, NULL, r->now, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->out.transport, RIG_TRANSPORT);
    cr_assert(same(r->msg.uri.text, "sip:mod_sofia@127.0.0.1:5060"));
    cr_assert_eq(ix_sip_get(&r->msg, IX_SIP_H_ROUTE).n, 0);
    cr_assert(same(r->msg.to_tag, "4yj295ScSa9cD"));
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(freeswitch, register_with_digest_and_all_bindings_in_the_200)
{
    struct rig *r = rig_new();
    struct ix_sip_auth *auth;
    struct ix_sip_reg *reg;
    struct ix_sip_reg_event ev;
    cr_assert_eq(ix_sip_auth_new(&r->rng, IX_STR("1000"), IX_STR("1234"), &auth), 0);
    struct ix_sip_reg_config config = {
        .stack = r->stack, .registrar = IX_STR("sip:127.0.0.1"), .aor = IX_STR("sip:1000@127.0.0.1"), .auth = auth
    };
    cr_assert_eq(ix_sip_reg_new(&config, &reg), 0);
    ix_sip_reg_start(reg, RIG_TRANSPORT, r->now);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(
        rig_answer(r, "401 Unauthorized", "K7Fp0ecQSDZpF",
            "User-Agent: FreeSWITCH\nAllow: INVITE, ACK, BYE\nSupported: timer, path, replaces\n"
            "WWW-Authenticate: Digest realm=\"127.0.0.1\", nonce=\"5c9a1b4e-d3a5-11f0\", algorithm=MD5, qop=\"auth\"\n",
            NULL),
        0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert(strstr(r->sent,
        "Authorization: Digest username=\"1000\", realm=\"127.0.0.1\", nonce=\"5c9a1b4e-d3a5-11f0\", uri=\"sip:127.0.0.1\""));
    cr_assert_eq(
        rig_answer(r, "200 OK", "Qj0a",
            "Contact: <sip:x@y.invalid;transport=ws>;expires=600, <sip:me@abc.invalid;transport=ws>;expires=300\n"
            "Date: Fri, 20 Nov 2026 09:27:25 GMT\n",
            NULL),
        0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert(ix_sip_reg_input(reg, &r->out, r->now));
    while (ix_sip_reg_poll(reg, &ev)) {
    }
    cr_assert_eq(ev.state, IX_SIP_REG_REGISTERED);
    cr_assert_eq(ev.expires, 300);
    ix_sip_reg_free(reg);
    rig_free(r);
    ix_sip_auth_free(auth);
}

Test(freeswitch, early_media_in_a_183_and_the_same_dialog_in_the_200)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d;
    const char *lines = "Contact: <sip:9196@127.0.0.1:5060;transport=udp>\nContent-Type: application/sdp\n"
                        "Remote-Party-ID: \"9196\" <sip:9196@127.0.0.1>;party=calling;privacy=off;screen=no\n";
    ix_sip_txn txn = rig_invite(r, NULL);
    cr_assert_eq(rig_answer(r, "183 Session Progress", "7aSF", lines, "v=0\r\n"), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(ix_sip_dialog_uac(r->stack, txn, r->out.msg, NULL, &d), 0);
    cr_assert_eq(rig_answer(r, "200 OK", "7aSF", lines, "v=0\r\n"), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(r->out.dialog, d);
    cr_assert_eq(ix_sip_dialog_ack(d, IX_STR_NONE, IX_STR_NONE, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert(same(r->msg.uri.text, "sip:9196@127.0.0.1:5060;transport=udp"));
    cr_assert_eq(r->out.transport, RIG_TRANSPORT);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}
