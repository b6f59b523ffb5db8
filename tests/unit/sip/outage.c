/* SPDX-License-Identifier: MIT */
/* The connection breaks and comes back: farewells are said then, everything else has failed. */
#include "tests/unit/sip/rig.h"

static void lose(struct rig *r)
{
    ix_sip_transport_lost(r->stack, RIG_TRANSPORT, r->now);
}

static void reopen(struct rig *r)
{
    struct ix_sip_transport_config same_as_before = { .sent_by = IX_STR("abc.invalid"), .contact_user = IX_STR("me") };
    cr_assert_eq(ix_sip_transport_opened(r->stack, RIG_TRANSPORT, &same_as_before), 0);
}

static struct ix_sip_dialog *talking(struct rig *r)
{
    struct ix_sip_dialog *d = NULL;
    ix_sip_txn txn = rig_invite(r, NULL);
    cr_assert_eq(rig_answer(r, "200 OK", "peer", "Contact: <sip:peer@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(ix_sip_dialog_uac(r->stack, txn, r->out.msg, &rig_user, &d), 0);
    cr_assert_eq(ix_sip_dialog_ack(d, IX_STR_NONE, IX_STR_NONE, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    return d;
}

static int say_bye(struct rig *r, struct ix_sip_dialog *d, ix_sip_txn *bye)
{
    return ix_sip_dialog_request(d, &(struct ix_sip_request){ .method = IX_SIP_BYE }, &rig_user, r->now, bye);
}

/* the ACK of a 2xx may have gone with the connection */
static void acknowledged_again(struct rig *r)
{
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
}

Test(outage, a_bye_asked_for_meanwhile_goes_out_when_the_connection_is_back)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = talking(r);
    ix_sip_txn bye = 0;
    lose(r);
    cr_assert_eq(say_bye(r, d, &bye), 0);
    rig_nothing(r);
    ix_sip_txn_forget(r->stack, bye, r->now);
    ix_sip_dialog_free(d, r->now);
    rig_at(r, r->now.mono_us + 31 * IX_S);
    cr_assert_eq(ix_sip_transport_farewells(r->stack, RIG_TRANSPORT), 1);
    reopen(r);
    acknowledged_again(r);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_BYE);
    cr_assert_eq(rig_answer(r, "200 OK", NULL, NULL, NULL), 0);
    rig_nothing(r);
    cr_assert_eq(ix_sip_transport_farewells(r->stack, RIG_TRANSPORT), 0);
    rig_free(r);
}

Test(outage, a_bye_that_was_not_answered_goes_again_as_it_was)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = talking(r);
    char first[sizeof r->sent];
    cr_assert_eq(say_bye(r, d, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    memcpy(first, r->sent, sizeof first);
    lose(r);
    rig_nothing(r);
    reopen(r);
    acknowledged_again(r);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_str_eq(r->sent, first);
    cr_assert_eq(rig_answer(r, "481 Gone", NULL, NULL, NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(outage, a_bye_is_given_up_after_32_seconds)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = talking(r);
    lose(r);
    cr_assert_eq(say_bye(r, d, NULL), 0);
    rig_at(r, r->now.mono_us + 32 * IX_S);
    rig_take(r, IX_SIP_OUT_FAILED);
    cr_assert_eq(r->out.err, IRISX_E_TIMEOUT);
    reopen(r);
    rig_nothing(r);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

static void cancelled_later(const char *ringing)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invite(r, NULL);
    char branch[64];
    (void) ix_str_copy(branch, sizeof branch, r->msg.via.branch);
    if (ringing) {
        cr_assert_eq(rig_answer(r, ringing, "peer", NULL, NULL), 0);
        rig_take(r, IX_SIP_OUT_RESPONSE);
    }
    lose(r);
    rig_nothing(r);
    cr_assert_eq(ix_sip_cancel(r->stack, txn, IX_STR_NONE, r->now), 0);
    rig_nothing(r);
    reopen(r);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_CANCEL);
    cr_assert(same(r->msg.via.branch, branch));
    rig_free(r);
}

Test(outage, an_invite_that_rang_and_is_cancelled_meanwhile_is_cancelled_when_the_connection_is_back)
{
    cancelled_later("180 Ringing");
}

Test(outage, an_invite_of_which_nothing_was_heard_is_cancelled_too)
{
    cancelled_later(NULL);
}

Test(outage, an_invite_that_the_server_does_not_know_is_over)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invite(r, NULL);
    lose(r);
    ix_sip_txn_forget(r->stack, txn, r->now);
    reopen(r);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(rig_answer(r, "200 OK", NULL, NULL, NULL), 0);
    cr_assert_eq(ix_sip_transport_farewells(r->stack, RIG_TRANSPORT), 1, "a 487 is to come");
    cr_assert_eq(rig_answer(r, "481 Gone", NULL, NULL, NULL), 0);
    cr_assert_eq(ix_sip_transport_farewells(r->stack, RIG_TRANSPORT), 0);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    rig_nothing(r);
    rig_free(r);
}

Test(outage, an_answer_that_crossed_the_outage_is_acknowledged_and_hung_up)
{
    struct rig *r = rig_new();
    struct ix_sip_msg invite;
    ix_sip_txn txn = rig_invite(r, NULL);
    static char text[sizeof r->sent];
    memcpy(text, r->sent, sizeof text);
    cr_assert_eq(ix_sip_parse(&invite, text, strlen(text), NULL), 0);
    lose(r);
    ix_sip_txn_forget(r->stack, txn, r->now);
    reopen(r);
    rig_take(r, IX_SIP_OUT_SEND);
    r->msg = invite;
    cr_assert_eq(rig_answer(r, "200 OK", "peer", "Contact: <sip:peer@192.0.2.1>\n", NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_ACK);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_BYE);
    rig_free(r);
}

Test(outage, an_invite_that_is_still_wanted_is_asked_again_with_the_same_bytes)
{
    struct rig *r = rig_new();
    ix_sip_txn txn = rig_invite(r, NULL);
    char first[sizeof r->sent];
    memcpy(first, r->sent, sizeof first);
    lose(r);
    rig_nothing(r);
    reopen(r);
    rig_nothing(r);
    cr_assert_eq(ix_sip_ask_again(r->stack, txn, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_str_eq(r->sent, first);
    cr_assert_eq(rig_answer(r, "180 Ringing", "peer", NULL, NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    ix_sip_txn_forget(r->stack, txn, r->now);
    cr_assert_eq(ix_sip_ask_again(r->stack, txn, r->now), IRISX_E_NOT_FOUND, "nobody wants it any more");
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_CANCEL);
    rig_free(r);
}

Test(outage, an_invite_of_which_nothing_is_heard_for_32_seconds_fails)
{
    struct rig *r = rig_new();
    (void) rig_invite(r, NULL);
    cr_assert_eq(rig_answer(r, "180 Ringing", "peer", NULL, NULL), 0);
    rig_take(r, IX_SIP_OUT_RESPONSE);
    lose(r);
    rig_at(r, r->now.mono_us + 32 * IX_S);
    rig_take(r, IX_SIP_OUT_FAILED);
    cr_assert_eq(r->out.err, IRISX_E_TIMEOUT);
    rig_free(r);
}

Test(outage, nothing_else_is_sent_or_kept)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = talking(r);
    struct ix_sip_request info = { .method = IX_SIP_INFO };
    cr_assert_eq(ix_sip_dialog_request(d, &info, &rig_user, r->now, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    lose(r);
    rig_take(r, IX_SIP_OUT_FAILED);
    cr_assert_eq(r->out.err, IRISX_E_NETWORK);
    cr_assert_eq(ix_sip_dialog_request(d, &info, &rig_user, r->now, NULL), IRISX_E_CLOSED);
    reopen(r);
    acknowledged_again(r);
    rig_nothing(r);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}

Test(outage, a_connection_that_never_comes_back_leaves_nothing)
{
    struct rig *r = rig_new();
    struct ix_sip_dialog *d = talking(r);
    cr_assert_eq(say_bye(r, d, NULL), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    lose(r);
    ix_sip_transport_closed(r->stack, RIG_TRANSPORT, r->now);
    rig_take(r, IX_SIP_OUT_FAILED);
    rig_nothing(r);
    cr_assert_eq(ix_sip_txn_count(r->stack), 0);
    ix_sip_dialog_free(d, r->now);
    rig_free(r);
}
