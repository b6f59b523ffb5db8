/* SPDX-License-Identifier: MIT */
/*
 * RFC 4475 with its own bytes: what must be understood is, what must not is refused as the RFC says, and nothing makes
 * the stack stumble. The bytes are those of the archive in its appendix A (tests/unit/sip/rfc4475).
 */
#include "tests/unit/sip/torture.h"
#include "tests/unit/sip/rig.h"

/* What becomes of a message at a server that takes every method it knows, outside dialogs. */
enum fate {
    TAKEN = 0, /* handed up as a request; else the status it is answered with */
    DROPPED = 1, /* without a word */
};
struct expected {
    const char *name, *section;
    unsigned fault; /* ix_sip_msg.fault; 0: well-formed */
    unsigned fate;
};

static const struct expected table[] = {
    { "wsinv", "3.1.1.1", 0, 481 }, /* has a To tag: the dialog is unknown here */
    { "intmeth", "3.1.1.2", 0, 501 },
    { "esc01", "3.1.1.3", 0, TAKEN },
    { "escnull", "3.1.1.4", 0, TAKEN },
    { "esc02", "3.1.1.5", 0, 501 },
    { "lwsdisp", "3.1.1.6", 0, TAKEN },
    { "longreq", "3.1.1.7", 0, TAKEN },
    { "dblreq", "3.1.1.8", 0, TAKEN },
    { "semiuri", "3.1.1.9", 0, TAKEN },
    { "transports", "3.1.1.10", 0, TAKEN },
    { "mpart01", "3.1.1.11", 0, TAKEN },
    { "unreason", "3.1.1.12", 0, DROPPED }, /* a response, and not to us */
    { "noreason", "3.1.1.13", 0, DROPPED },
    { "badinv01", "3.1.2.1", 400, 400 },
    { "clerr", "3.1.2.2", 400, 400 },
    { "ncl", "3.1.2.3", 400, 400 },
    { "scalar02", "3.1.2.4", 400, 400 },
    { "scalarlg", "3.1.2.5", 400, DROPPED },
    { "quotbal", "3.1.2.6", 400, 400 },
    { "ltgtruri", "3.1.2.7", 400, 400 },
    { "lwsruri", "3.1.2.8", 400, 400 },
    { "lwsstart", "3.1.2.9", 400, 400 },
    { "trws", "3.1.2.10", 400, 400 },
    { "escruri", "3.1.2.11", 400, 400 },
    { "baddate", "3.1.2.12", 0, TAKEN }, /* we do not use Date: "an element shouldn't" refuse it */
    { "regbadct", "3.1.2.13", 400, 400 },
    { "badaspec", "3.1.2.14", 0, TAKEN }, /* liberal: the spaces are ignored */
    { "baddn", "3.1.2.15", 400, 400 }, /* the quotes could be inferred, but its empty line is missing too */
    { "badvers", "3.1.2.16", 505, 505 },
    { "mismatch01", "3.1.2.17", 400, 400 },
    { "mismatch02", "3.1.2.18", 400, 400 },
    { "bigcode", "3.1.2.19", 400, DROPPED },
    { "badbranch", "3.2.1", 0, TAKEN }, /* matched as RFC 2543 had it */
    { "insuf", "3.3.1", 400, 400 },
    { "unkscm", "3.3.2", 0, 416 },
    { "novelsc", "3.3.3", 0, 416 },
    { "unksm2", "3.3.4", 0, TAKEN }, /* the registrar refuses it, below */
    { "bext01", "3.3.5", 0, 420 },
    { "invut", "3.3.6", 0, TAKEN }, /* the call refuses it with 415: tests/unit/call/answer.c, as sdp01 with 406 */
    { "regaut01", "3.3.7", 0, TAKEN }, /* challenged by who asks for credentials, below */
    { "multi01", "3.3.8", 400, 400 },
    { "mcl01", "3.3.9", 400, 400 },
    { "bcast", "3.3.10", 0, DROPPED },
    { "zeromf", "3.3.11", 0, TAKEN }, /* for us: nobody is left to forward it to */
    { "cparam01", "3.3.12", 0, TAKEN },
    { "cparam02", "3.3.13", 0, TAKEN },
    { "regescrt", "3.3.14", 0, TAKEN },
    { "sdp01", "3.3.15", 0, TAKEN },
    { "inv2543", "3.4.1", 0, TAKEN },
};

static const struct torture *message(const char *name)
{
    for (size_t i = 0; i < rfc4475_count; i++)
        if (!strcmp(rfc4475[i].name, name))
            return &rfc4475[i];
    cr_assert_fail("no %s", name);
    return NULL;
}

static const struct ix_sip_msg *valid(const char *name)
{
    static struct ix_sip_msg msg;
    const struct torture *t = message(name);
    cr_assert_eq(ix_sip_parse(&msg, t->bytes, t->len, NULL), 0, "%s", name);
    return &msg;
}

static int feed(struct rig *r, const struct torture *t)
{
    return ix_sip_input(r->stack, RIG_TRANSPORT, t->bytes, t->len, r->now);
}

Test(torture, all_forty_nine_messages_are_here_and_expected_once)
{
    cr_assert_eq(IX_COUNT(table), 49);
    cr_assert_eq(rfc4475_count, 49);
    for (size_t i = 0; i < IX_COUNT(table); i++)
        for (size_t k = i + 1; k < IX_COUNT(table); k++)
            cr_assert(strcmp(table[i].name, table[k].name));
    for (size_t i = 0; i < IX_COUNT(table); i++)
        cr_assert(message(table[i].name)->len > 100);
}

Test(torture, every_message_is_understood_or_refused_for_the_right_reason)
{
    for (size_t i = 0; i < IX_COUNT(table); i++) {
        const struct torture *t = message(table[i].name);
        struct ix_sip_msg msg;
        const char *why = NULL;
        int err = ix_sip_parse(&msg, t->bytes, t->len, &why);
        cr_expect_eq(err, table[i].fault ? IRISX_E_PROTOCOL : 0, "%s: %s", t->name, why ? why : "");
        cr_expect_eq(msg.fault, table[i].fault, "%s: %u (%s)", t->name, msg.fault, why ? why : "");
        cr_expect_eq(why != NULL, err != 0, "%s", t->name);
    }
}

static void expect_fate(const struct expected *e)
{
    struct rig *r = rig_server(UINT32_MAX);
    char line[24];

    (void) feed(r, message(e->name));
    if (e->fate == TAKEN) {
        rig_take(r, IX_SIP_OUT_REQUEST);
    } else if (e->fate != DROPPED) {
        (void) snprintf(line, sizeof line, "SIP/2.0 %u ", e->fate);
        cr_assert(ix_sip_poll(r->stack, &r->out), "%s (%s): no answer", e->name, e->section);
        cr_assert_eq(r->out.kind, IX_SIP_OUT_SEND);
        cr_expect(ix_str_starts(ix_str_n(r->out.data, r->out.len), ix_str(line)), "%s (%s): %.*s", e->name, e->section,
            (int) r->out.len, r->out.data);
    }
    rig_nothing(r);
    cr_expect_eq(ix_sip_txn_count(r->stack), e->fate == TAKEN, "%s", e->name);
    rig_free(r);
}

Test(torture, every_message_meets_the_fate_the_rfc_says)
{
    for (size_t i = 0; i < IX_COUNT(table); i++)
        expect_fate(&table[i]);
}

Test(torture, wsinv_is_read_right)
{
    const struct ix_sip_msg *m = valid("wsinv");
    struct ix_sip_values it = ix_sip_values(m, IX_SIP_H_VIA);
    struct ix_sip_via via;
    struct ix_sip_addr contact;
    struct ix_str value;
    cr_assert_eq(m->method, IX_SIP_INVITE);
    cr_assert(same(m->to_tag, "1918181833n"));
    cr_assert(same(m->to.uri.text, "sip:vivekg@chair-dnrc.example.com"));
    cr_assert(same(m->from_tag, "98asjd8"));
    cr_assert(same(m->from.display, "J Rosenberg \\\\\\\""));
    cr_assert_eq(m->max_forwards, 68);
    cr_assert_eq(m->cseq, 9);
    cr_assert_eq(m->body.n, 150);
    cr_assert(same(m->via.branch, "390skdjuw"));
    cr_assert(same(m->via.transport, "UDP"));
    for (int i = 0; i < 3; i++) {
        cr_assert(ix_sip_values_next(&it, &value));
        cr_assert_eq(ix_sip_via_parse(&via, value), 0);
    }
    cr_assert(!ix_sip_values_next(&it, &value));
    cr_assert(same(via.host, "192.168.255.111"));
    cr_assert(same(via.branch, "z9hG4bK30239"));
    cr_assert_eq(ix_sip_get_addr(m, IX_SIP_H_CONTACT, &contact), 0);
    cr_assert(same(contact.display, "Quoted string \\\"\\\""));
    cr_assert(ix_sip_param(contact.params, "q", &value) && same(value, "0.33"));
    cr_assert(ix_sip_param(contact.params, "newparam", &value) && same(value, "newvalue"));
    cr_assert(ix_sip_param(contact.params, "secondparam", &value) && value.n == 0);
    cr_assert_eq(ix_sip_get(m, IX_SIP_H_SUBJECT).n, 0);
    cr_assert(ix_sip_has(m, IX_SIP_H_SUBJECT));
}

Test(torture, intmeth_uses_every_odd_character_that_is_allowed)
{
    const struct ix_sip_msg *m = valid("intmeth");
    cr_assert_eq(m->method, IX_SIP_OTHER);
    cr_assert(same(m->method_name, "!interesting-Method0123456789_*+`.%indeed'~"));
    cr_assert(same(m->uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    cr_assert(same(m->uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    cr_assert(same(m->from_tag, "_token~1'+`*%!-."));
    cr_assert_eq(m->to.display.n, 20); /* BEL:\<07> NUL:\<00> DEL:\<7F> */
    cr_assert_eq(m->to.display.p[12], '\0');
    cr_assert_eq(m->cseq, 139122385);
}

Test(torture, escapes_are_not_resolved_where_they_would_change_the_meaning)
{
    const struct ix_sip_msg *m = valid("esc01");
    cr_assert(same(m->uri.user, "sips%3Auser%40example.com"));
    cr_assert(same(m->uri.host, "example.net"));
    m = valid("esc02");
    cr_assert_eq(m->method, IX_SIP_OTHER);
    struct ix_sip_values it = ix_sip_values(m, IX_SIP_H_CONTACT);
    struct ix_str value;
    cr_assert(ix_sip_values_next(&it, &value) && ix_sip_values_next(&it, &value) && !ix_sip_values_next(&it, &value));
    m = valid("semiuri");
    cr_assert(same(m->uri.user, "user;par=u%40example.net"));
}

Test(torture, an_escaped_nul_shortens_no_name)
{
    struct ix_buf user;
    ix_buf_init(&user, 100);
    cr_assert_eq(ix_sip_user_decode(&user, valid("escnull")->to.uri.user), 0);
    cr_assert_eq(user.n, 11);
    cr_assert_arr_eq(user.p, "null-\0-null", 11);
    ix_buf_clear(&user);
}

Test(torture, a_binary_body_is_framed_by_its_length)
{
    const struct ix_sip_msg *m = valid("mpart01");
    cr_assert_eq(m->body.n, 553);
    cr_assert(memchr(m->body.p, 0, m->body.n) != NULL);
    cr_assert(ix_sip_content_is(m, "multipart/mixed"));
}

Test(torture, what_lies_behind_the_body_is_no_message)
{
    cr_assert_eq(valid("dblreq")->body.n, 0);
    cr_assert_eq(valid("inv2543")->body.n, 105);
}

Test(torture, reason_phrases_may_be_anything_or_nothing)
{
    cr_assert(ix_str_starts(valid("unreason")->phrase, IX_STR("= 2**3 * 5**2 \xd0\xbd\xd0\xbe")));
    cr_assert_eq(valid("noreason")->phrase.n, 0);
    cr_assert_eq(valid("noreason")->status, 100);
}

Test(torture, parameters_of_a_contact_belong_where_the_brackets_say)
{
    struct ix_sip_addr a;
    cr_assert_eq(ix_sip_get_addr(valid("cparam01"), IX_SIP_H_CONTACT, &a), 0);
    cr_assert(ix_sip_param(a.params, "unknownparam", NULL) && !a.uri.params.n);
    cr_assert_eq(ix_sip_get_addr(valid("cparam02"), IX_SIP_H_CONTACT, &a), 0);
    cr_assert(!a.params.n && ix_sip_param(a.uri.params, "unknownparam", NULL));
    cr_assert_eq(ix_sip_get_addr(valid("regescrt"), IX_SIP_H_CONTACT, &a), 0);
    cr_assert(same(a.uri.headers, "Route=%3Csip:sip.example.com%3E"));
}

Test(torture, what_nobody_supports_is_listed)
{
    struct rig *r = rig_server(UINT32_MAX);
    (void) feed(r, message("bext01"));
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert(same(ix_sip_get(&r->msg, IX_SIP_H_UNSUPPORTED), "nothingSupportsThis, nothingSupportsThisEither"));
    rig_free(r);
}

/* ---- sections 3.1.1.4, 3.3.4 and 3.3.12 to 3.3.14: the registrar ---------------------------- */
static unsigned registered(const char *name, struct ix_buf *headers)
{
    struct ix_sip_registrar_config config = { .default_expires = 60 };
    struct ix_sip_registrar *r;
    struct ix_now now = { .mono_us = IX_S };
    unsigned status;

    cr_assert_eq(ix_sip_registrar_new(&config, &r), 0);
    ix_buf_init(headers, 4096);
    status = ix_sip_registrar_register(r, IX_STR("sip:user@example.com"), valid(name), 1, now, headers);
    ix_buf_u8(headers, 0);
    cr_assert_eq(headers->err, 0);
    ix_sip_registrar_free(r);
    return status;
}

Test(torture, the_registrar_keeps_parameters_where_they_stood)
{
    struct ix_buf b;
    cr_assert_eq(registered("cparam01", &b), 200);
    cr_assert_not_null(strstr((char *) b.p, "<sip:+19725552222@gw1.example.net>"));
    ix_buf_clear(&b);
    cr_assert_eq(registered("cparam02", &b), 200);
    cr_assert_not_null(strstr((char *) b.p, "<sip:+19725552222@gw1.example.net;unknownparam>"));
    ix_buf_clear(&b);
    cr_assert_eq(registered("regescrt", &b), 200);
    cr_assert_not_null(strstr((char *) b.p, "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"));
    ix_buf_clear(&b);
}

Test(torture, two_contacts_with_nuls_are_two_bindings)
{
    struct ix_buf b;
    cr_assert_eq(registered("escnull", &b), 200);
    cr_assert_not_null(strstr((char *) b.p, "<sip:%00@host5.example.com>"));
    cr_assert_not_null(strstr((char *) b.p, "<sip:%00%00@host5.example.com>"));
    ix_buf_clear(&b);
}

Test(torture, an_address_of_record_is_a_sip_uri)
{
    struct ix_buf b;
    cr_assert_eq(registered("unksm2", &b), 400);
    ix_buf_clear(&b);
}

Test(torture, an_unknown_scheme_of_credentials_is_challenged_anew)
{
    struct rig *r = rig_new();
    struct ix_sip_auth_server_config config = { .rng = &r->rng, .realm = "example.com" };
    struct ix_sip_auth_server *a;
    cr_assert_eq(ix_sip_auth_server_new(&config, &a), 0);
    cr_assert_eq(ix_sip_auth_server_check(a, valid("regaut01"), false, IX_STR("secret"), r->now), IX_SIP_AUTH_NONE);
    ix_sip_auth_server_free(a);
    rig_free(r);
}

Test(torture, every_prefix_of_every_message_is_survived)
{
    struct rig *r = rig_server(UINT32_MAX);
    struct ix_sip_out out;
    for (size_t i = 0; i < rfc4475_count; i++) {
        for (size_t cut = 0; cut <= rfc4475[i].len; cut += 3) {
            (void) ix_sip_input(r->stack, RIG_TRANSPORT, rfc4475[i].bytes, cut, r->now);
            while (ix_sip_poll(r->stack, &out)) {
                if (out.kind == IX_SIP_OUT_REQUEST)
                    (void) ix_sip_respond(r->stack, out.txn, &(struct ix_sip_reply){ .status = 603 }, r->now);
            }
        }
    }
    rig_free(r);
}
