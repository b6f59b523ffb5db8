/* SPDX-License-Identifier: MIT */
#include "tests/unit/sip/rig.h"

static struct ix_sip_addr addr(const char *text)
{
    struct ix_sip_addr a;
    cr_assert_eq(ix_sip_addr_parse(&a, ix_str(text)), 0, "%s", text);
    return a;
}

Test(value, an_address_with_and_without_brackets)
{
    struct ix_sip_addr a = addr("\"Agent \\\"1000\\\"\" <sip:1000@h;transport=ws>;tag=4yj295ScSa9cD");
    struct ix_str value;
    cr_assert(same(a.display, "Agent \\\"1000\\\""));
    cr_assert(same(a.uri.params, "transport=ws"));
    cr_assert(ix_sip_param(a.params, "tag", &value) && same(value, "4yj295ScSa9cD"));
    a = addr("sip:1000@h;transport=ws");
    cr_assert_eq(a.uri.params.n, 0); /* RFC 3261 section 20: parameters of the header */
    cr_assert(ix_sip_param(a.params, "transport", &value) && same(value, "ws"));
    a = addr("Alice Liddell <sip:alice@[2001:db8::1]:5>");
    cr_assert(same(a.display, "Alice Liddell"));
    cr_assert(a.uri.host_ipv6);
    cr_assert(addr(" * ").star);
    a = addr("<sip:a@b>;+sip.instance=\"<urn:uuid:1>\" ; reg-id = 1;expires=60;");
    cr_assert(ix_sip_param(a.params, "+sip.instance", &value) && same(value, "<urn:uuid:1>"));
    cr_assert(ix_sip_param(a.params, "expires", &value) && same(value, "60"));
}

Test(value, the_malformed_route_of_freeswitch_is_tolerated)
{
    struct ix_sip_addr a = addr("<sip:4qtbdrto@127.0.0.1:45174>;transport=ws");
    cr_assert(same(a.uri.text, "sip:4qtbdrto@127.0.0.1:45174"));
    cr_assert(ix_sip_param(a.params, "transport", NULL));
}

Test(value, what_is_no_address_is_refused)
{
    static const char *const bad[] = { "", "\"", "\"a", "\"a\"", "\"a\" sip:b@c", "<sip:a@b", "<>", "a", "<sip:a@b>x",
        "<sip:a@b>;", "<sip:a@b>;=1", "<sip:a@b>;x=\"1", "sip:a@b?c=d", "sip:a@b,c", "a \"b\" <sip:c@d>",
        "<sip:a@b>;;x", "<sip:a@b>;x y" };
    struct ix_sip_addr a;
    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        bool tolerated = !strcmp(bad[i], "<sip:a@b>;");
        cr_expect_eq(ix_sip_addr_parse(&a, ix_str(bad[i])), tolerated ? 0 : IRISX_E_PROTOCOL, "%s", bad[i]);
    }
}

Test(value, a_via_is_taken_apart)
{
    struct ix_sip_via v;
    cr_assert_eq(ix_sip_via_parse(&v, IX_STR("SIP/2.0/WSS [2001:db8::9]:7443;branch=z9hG4bK1;rport;received=::1")), 0);
    cr_assert(same(v.transport, "WSS"));
    cr_assert(same(v.host, "2001:db8::9"));
    cr_assert_eq(v.port, 7443);
    cr_assert(same(v.branch, "z9hG4bK1"));
    cr_assert(ix_sip_param(v.params, "rport", NULL));
    static const char *const bad[] = { "", "SIP/2.0", "SIP/2.0/WS", "SIP/2.0/WShost", "SIP/3.0/WS h", "HTTP/2.0/WS h",
        "SIP/2.0/WS h;;a", "SIP/2.0/WS h:0", "SIP/2.0/WS ;branch=x", "SIP/2.0/WS h x" };
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_expect_eq(ix_sip_via_parse(&v, ix_str(bad[i])), IRISX_E_PROTOCOL, "%s", bad[i]);
}

static const char head[] =
    "SIP/2.0 486 Busy Here\nVia: SIP/2.0/WS h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\n"
    "Call-ID: x\nCSeq: 1 INVITE\n%s\n";

Test(value, reason_by_protocol)
{
    const struct ix_sip_msg *m = parsed(
        wiref(head, "Reason: SIP ;cause=580 ;text=\"Precondition, failed\", Q.850;cause=17;text=\"USER_BUSY\"\n"));
    struct ix_sip_reason r;
    cr_assert(ix_sip_get_reason(m, "q.850", &r));
    cr_assert_eq(r.cause, 17);
    cr_assert(same(r.text, "USER_BUSY"));
    cr_assert(ix_sip_get_reason(m, NULL, &r));
    cr_assert_eq(r.cause, 580);
    cr_assert(same(r.text, "Precondition, failed"));
    cr_assert(!ix_sip_get_reason(m, "X", &r));
    m = parsed(wiref(head, "Reason: Q.850;cause=99999999999\n"));
    cr_assert(ix_sip_get_reason(m, "Q.850", &r));
    cr_assert_eq(r.cause, 0);
    m = parsed(wiref(head, ""));
    cr_assert(!ix_sip_get_reason(m, NULL, &r));
}

Test(value, session_expires)
{
    uint32_t seconds;
    struct ix_str who;
    cr_assert_eq(
        ix_sip_get_session_expires(parsed(wiref(head, "Session-Expires: 120;refresher=uac\n")), &seconds, &who), 0);
    cr_assert_eq(seconds, 120);
    cr_assert(same(who, "uac"));
    cr_assert_eq(ix_sip_get_session_expires(parsed(wiref(head, "x: 90\n")), &seconds, &who), 0);
    cr_assert_eq(seconds, 90);
    cr_assert_eq(who.n, 0);
    cr_assert_eq(
        ix_sip_get_session_expires(parsed(wiref(head, "x: ;refresher=uac\n")), &seconds, &who), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_sip_get_session_expires(parsed(wiref(head, "")), &seconds, &who), IRISX_E_NOT_FOUND);
}
