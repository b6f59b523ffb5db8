/* SPDX-License-Identifier: MIT */
/* RFC 4475: what must be understood is, what must not is refused, and nothing makes the stack stumble. */
#include "tests/unit/sip/torture.h"
#include "tests/unit/sip/rig.h"

static char bytes[16384];

/* LF -> CRLF with a length, since some messages hold NULs */
static size_t expand(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
            bytes[n++] = '\r';
        bytes[n++] = text[i];
    }
    return n;
}

static const struct ix_sip_msg *valid(const char *name)
{
    static struct ix_sip_msg msg;
    for (size_t i = 0; i < torture_valid_count; i++) {
        if (!strcmp(torture_valid[i].name, name)) {
            size_t n = expand(torture_valid[i].text, torture_valid[i].len);
            cr_assert_eq(ix_sip_parse(&msg, bytes, n, NULL), 0);
        }
    }
    return &msg;
}

Test(torture, every_valid_message_is_understood)
{
    for (size_t i = 0; i < torture_valid_count; i++) {
        struct ix_sip_msg msg;
        const char *why = NULL;
        size_t n = expand(torture_valid[i].text, torture_valid[i].len);
        int err = ix_sip_parse(&msg, bytes, n, &why);
        cr_expect_eq(err, 0, "%s: %s", torture_valid[i].name, why ? why : "");
    }
}

Test(torture, every_invalid_message_is_refused_for_the_right_reason)
{
    for (size_t i = 0; i < torture_invalid_count; i++) {
        const struct torture_invalid *t = &torture_invalid[i];
        struct ix_sip_msg msg;
        const char *why = NULL;
        size_t n = expand(t->text, strlen(t->text));
        cr_expect_eq(ix_sip_parse(&msg, bytes, n, &why), IRISX_E_PROTOCOL, "%s", t->name);
        cr_expect_not_null(why);
        cr_expect_eq(msg.fault, t->fault, "%s: %u (%s)", t->name, msg.fault, why ? why : "");
        cr_expect_eq(msg.answerable, t->answerable, "%s", t->name);
    }
}

Test(torture, an_invalid_request_that_can_be_answered_is_answered_and_nothing_else_happens)
{
    for (size_t i = 0; i < torture_invalid_count; i++) {
        const struct torture_invalid *t = &torture_invalid[i];
        struct rig *r = rig_new();
        size_t n = expand(t->text, strlen(t->text));
        cr_expect_eq(ix_sip_input(r->stack, RIG_TRANSPORT, bytes, n, r->now), IRISX_E_PROTOCOL);
        if (t->answerable) {
            cr_assert(ix_sip_poll(r->stack, &r->out), "%s", t->name);
            cr_assert_eq(r->out.kind, IX_SIP_OUT_SEND);
            char line[16];
            (void) snprintf(line, sizeof line, "SIP/2.0 %u ", t->fault);
            cr_expect(ix_str_starts(ix_str_n(r->out.data, r->out.len), ix_str(line)), "%s: %.*s", t->name,
                (int) r->out.len, r->out.data);
        }
        rig_nothing(r);
        cr_expect_eq(ix_sip_txn_count(r->stack), 0);
        rig_free(r);
    }
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
    cr_assert_eq(m->body.n, 6);
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
    cr_assert_eq(m->to.display.n, 20);
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

Test(torture, bytes_behind_the_body_are_cut)
{
    cr_assert_eq(valid("dblreq")->body.n, 0);
    cr_assert_eq(valid("mpart01")->body.n, 50);
    cr_assert_eq(valid("inv2543")->body.n, 5);
}

Test(torture, contact_parameters_belong_where_the_brackets_say)
{
    struct ix_sip_addr a;
    cr_assert_eq(ix_sip_get_addr(valid("cparam01"), IX_SIP_H_CONTACT, &a), 0);
    cr_assert(ix_sip_param(a.params, "unknownparam", NULL) && !a.uri.params.n);
    cr_assert_eq(ix_sip_get_addr(valid("cparam02"), IX_SIP_H_CONTACT, &a), 0);
    cr_assert(!a.params.n && ix_sip_param(a.uri.params, "unknownparam", NULL));
    cr_assert_eq(ix_sip_get_addr(valid("regescrt"), IX_SIP_H_CONTACT, &a), 0);
    cr_assert(same(a.uri.headers, "Route=%3Csip:sip.example.com%3E"));
}

static void expect_status(const char *name, unsigned status)
{
    struct rig *r = rig_server(UINT32_MAX);
    const struct ix_sip_msg *m = valid(name);
    (void) ix_sip_input(r->stack, RIG_TRANSPORT, m->raw.p, m->raw.n, r->now);
    rig_take(r, status ? IX_SIP_OUT_SEND : IX_SIP_OUT_REQUEST);
    if (status)
        cr_expect_eq(r->msg.status, status, "%s: %u", name, r->msg.status);
    rig_free(r);
}

Test(torture, the_transaction_layer_answers_as_the_rfc_says)
{
    expect_status("unkscm", 416);
    expect_status("novelsc", 416);
    expect_status("bext01", 420);
    expect_status("intmeth", 405);
    expect_status("esc02", 405);
    expect_status("zeromf", 0); /* for us: nobody is left to forward it to */
    expect_status("badbranch", 0);
    expect_status("inv2543", 0);
    expect_status("longreq", 0);
    expect_status("regaut01", 0);
    expect_status("transports", 0);
    expect_status("mpart01", 0);
}

Test(torture, responses_that_are_not_ours_are_dropped)
{
    static const char *const names[] = { "bcast", "unreason", "noreason" };
    for (size_t i = 0; i < IX_COUNT(names); i++) {
        struct rig *r = rig_new();
        const struct ix_sip_msg *m = valid(names[i]);
        cr_assert_eq(ix_sip_input(r->stack, RIG_TRANSPORT, m->raw.p, m->raw.n, r->now), IRISX_E_NOT_FOUND);
        rig_nothing(r);
        rig_free(r);
    }
}

Test(torture, every_prefix_of_every_message_is_survived)
{
    struct rig *r = rig_server(UINT32_MAX);
    struct ix_sip_out out;
    for (size_t i = 0; i < torture_valid_count; i++) {
        size_t n = expand(torture_valid[i].text, torture_valid[i].len);
        for (size_t cut = 0; cut <= n; cut += 3) {
            (void) ix_sip_input(r->stack, RIG_TRANSPORT, bytes, cut, r->now);
            while (ix_sip_poll(r->stack, &out)) {
                if (out.kind == IX_SIP_OUT_REQUEST)
                    (void) ix_sip_respond(r->stack, out.txn, &(struct ix_sip_reply){ .status = 603 }, r->now);
            }
        }
    }
    rig_free(r);
}
