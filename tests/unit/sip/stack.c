/* SPDX-License-Identifier: MIT */
/* Transports, the output queue and the two roles against each other. */
#include "tests/unit/sip/rig.h"

Test(stack, the_address_is_random_invalid_and_the_same_after_a_reconnect)
{
    struct rig *r = rig_new();
    struct ix_sip_transport_config config = { .secure = true };
    char first[128];
    cr_assert_eq(ix_sip_transport_opened(r->stack, 1, &config), 0);
    cr_assert_eq(ix_sip_transport_opened(r->stack, 1, &config), IRISX_E_CONFLICT);
    struct ix_str contact = ix_sip_transport_contact(r->stack, 1);
    struct ix_sip_addr a;
    cr_assert_eq(ix_sip_addr_parse(&a, contact), 0);
    cr_assert_eq(a.uri.host.n, 12 + 8);
    cr_assert(same(ix_str_slice(a.uri.host, 12, 20), ".invalid"));
    cr_assert(same(a.uri.params, "transport=ws"));
    cr_assert_eq(ix_str_copy(first, sizeof first, contact), 0);
    ix_sip_transport_closed(r->stack, 1, r->now);
    cr_assert_eq(ix_sip_transport_contact(r->stack, 1).n, 0);
    cr_assert_eq(ix_sip_transport_opened(r->stack, 2, &config), 0);
    cr_assert(same(ix_sip_transport_contact(r->stack, 2), first));
    config.sent_by = IX_STR("bad host");
    cr_assert_eq(ix_sip_transport_opened(r->stack, 3, &config), IRISX_E_INVALID);
    config.sent_by = IX_STR("[::1]:8066");
    config.contact_user = IX_STR("a b");
    cr_assert_eq(ix_sip_transport_opened(r->stack, 3, &config), 0);
    cr_assert(same(ix_sip_transport_contact(r->stack, 3), "<sip:a%20b@[::1]:8066;transport=ws>"));
    ix_sip_transport_closed(r->stack, 99, r->now);
    rig_free(r);
}

Test(stack, keepalives_and_unknown_transports)
{
    struct rig *r = rig_new();
    cr_assert_eq(rig_feed(r, "\n\n"), 0);
    cr_assert_eq(rig_feed(r, ""), 0);
    cr_assert_eq(ix_sip_input(r->stack, 99, "x", 1, r->now), IRISX_E_NOT_FOUND);
    rig_nothing(r);
    rig_free(r);
}

Test(stack, outputs_nobody_polls_are_bounded)
{
    struct rig *r = rig_new();
    int err = 0;
    size_t count = 0;
    for (; !err && count < 10000; count++)
        err = rig_feed(r,
            "BYE sip:a@b SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bKx\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\nCall-ID: x\n"
            "CSeq: 1 BYE\n\n");
    cr_assert_eq(err, IRISX_E_LIMIT);
    cr_assert_eq(count, 4096 + 1);
    rig_free(r);
}

Test(stack, a_bad_agent_or_option_list_is_refused)
{
    struct ix_sip_stack *s;
    struct ix_prng prng;
    ix_prng_seed(&prng, 1);
    struct ix_rng rng = ix_prng_rng(&prng);
    cr_assert_eq(
        ix_sip_stack_new(&(struct ix_sip_stack_config){ .rng = &rng, .agent = "a\r\nb" }, &s), IRISX_E_INVALID);
}

/* what one side sends is what the other side gets */
static void carry(struct rig *from, struct rig *to)
{
    rig_take(from, IX_SIP_OUT_SEND);
    cr_assert_eq(ix_sip_input(to->stack, RIG_TRANSPORT, from->out.data, from->out.len, to->now), 0);
}

Test(stack, a_whole_call_between_two_of_us)
{
    struct rig *a = rig_new(), *b = rig_new();
    struct ix_sip_dialog *da, *db;
    ix_sip_txn invite, incoming;
    struct ix_sip_request req = { .method = IX_SIP_INVITE,
        .uri = IX_STR("sip:b@b.invalid"),
        .from = IX_STR("<sip:a@pbx>"),
        .to = IX_STR("<sip:b@pbx>"),
        .content_type = IX_STR("application/sdp"),
        .body = IX_STR("offer") };
    cr_assert_eq(ix_sip_send_request(a->stack, RIG_TRANSPORT, &req, NULL, a->now, &invite), 0);
    carry(a, b);
    rig_take(b, IX_SIP_OUT_REQUEST);
    incoming = b->out.txn;
    cr_assert(same(b->out.msg->body, "offer"));
    cr_assert_eq(ix_sip_dialog_uas(b->stack, incoming, NULL, &db), 0);
    cr_assert_eq(ix_sip_respond(b->stack, incoming, &(struct ix_sip_reply){ .status = 180, .dialog = db }, b->now), 0);
    carry(b, a);
    rig_take(a, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(ix_sip_dialog_uac(a->stack, invite, a->out.msg, NULL, &da), 0);
    struct ix_sip_reply ok = {
        .status = 200, .dialog = db, .content_type = IX_STR("application/sdp"), .body = IX_STR("answer")
    };
    cr_assert_eq(ix_sip_respond(b->stack, incoming, &ok, b->now), 0);
    carry(b, a);
    rig_take(a, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(a->out.dialog, da);
    cr_assert(same(a->out.msg->body, "answer"));
    cr_assert_eq(ix_sip_dialog_ack(da, IX_STR_NONE, IX_STR_NONE, a->now), 0);
    carry(a, b);
    rig_take(b, IX_SIP_OUT_ACK);
    cr_assert_eq(b->out.dialog, db);
    /* hold by the called side, then BYE by the caller */
    cr_assert_eq(ix_sip_dialog_request(db, &(struct ix_sip_request){ .method = IX_SIP_INVITE }, NULL, b->now, NULL), 0);
    carry(b, a);
    rig_take(a, IX_SIP_OUT_REQUEST);
    cr_assert_eq(a->out.dialog, da);
    cr_assert_eq(
        ix_sip_respond(a->stack, a->out.txn, &(struct ix_sip_reply){ .status = 200, .dialog = da }, a->now), 0);
    carry(a, b);
    rig_take(b, IX_SIP_OUT_RESPONSE);
    cr_assert_eq(ix_sip_dialog_ack(db, IX_STR_NONE, IX_STR_NONE, b->now), 0);
    carry(b, a);
    rig_take(a, IX_SIP_OUT_ACK);
    cr_assert_eq(ix_sip_dialog_request(da, &(struct ix_sip_request){ .method = IX_SIP_BYE }, NULL, a->now, NULL), 0);
    carry(a, b);
    rig_take(b, IX_SIP_OUT_REQUEST);
    cr_assert_eq(b->out.msg->method, IX_SIP_BYE);
    cr_assert_eq(ix_sip_respond(b->stack, b->out.txn, &(struct ix_sip_reply){ .status = 200 }, b->now), 0);
    carry(b, a);
    rig_take(a, IX_SIP_OUT_RESPONSE);
    rig_nothing(a);
    rig_nothing(b);
    ix_sip_dialog_free(da, a->now);
    ix_sip_dialog_free(db, b->now);
    rig_free(a);
    rig_free(b);
}
