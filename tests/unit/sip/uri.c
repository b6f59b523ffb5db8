/* SPDX-License-Identifier: MIT */
#include "tests/unit/sip/rig.h"

static struct ix_sip_uri uri(const char *text)
{
    struct ix_sip_uri u;
    cr_assert_eq(ix_sip_uri_parse(&u, ix_str(text)), 0, "%s", text);
    return u;
}

Test(uri, all_parts_are_found)
{
    struct ix_sip_uri u =
        uri("sips:alice:pass%40word@[2001:db8::9:1]:5061;transport=ws;lr?Subject=a%20b&Priority=urgent");
    cr_assert_eq(u.scheme, IX_SIP_SCHEME_SIPS);
    cr_assert(same(u.user, "alice"));
    cr_assert(same(u.password, "pass%40word"));
    cr_assert(same(u.host, "2001:db8::9:1"));
    cr_assert(u.host_ipv6);
    cr_assert_eq(u.port, 5061);
    cr_assert(same(u.params, "transport=ws;lr"));
    cr_assert(same(u.headers, "Subject=a%20b&Priority=urgent"));
    struct ix_str value;
    cr_assert(ix_sip_param(u.params, "TRANSPORT", &value) && same(value, "ws"));
    cr_assert(ix_sip_param(u.params, "lr", &value) && value.n == 0);
    cr_assert(!ix_sip_param(u.params, "l", NULL));
}

Test(uri, forms_seen_on_the_wire)
{
    cr_assert(same(uri("sip:4qtbdrto@89jodie2elud.invalid;transport=ws").host, "89jodie2elud.invalid"));
    cr_assert(same(uri("sip:mod_sofia@127.0.0.1:5060").user, "mod_sofia"));
    cr_assert_eq(uri("sip:127.0.0.1:5060").user.n, 0);
    cr_assert(same(uri("sip:*67#5551212@pbx").user, "*67#5551212"));
    cr_assert(same(uri("tel:+1-201-555-0123;phone-context=x").user, "+1-201-555-0123"));
    cr_assert(same(uri("tel:+1-201-555-0123;phone-context=x").params, "phone-context=x"));
    cr_assert_eq(uri("urn:service:sos").scheme, IX_SIP_SCHEME_OTHER);
    cr_assert(same(uri("sip:a_b.example_c:6").host, "a_b.example_c"));
}

Test(uri, what_is_none_is_refused)
{
    static const char *const bad[] = { "", "sip", "sip:", ":a@b", "sip:@b", "sip::p@b", "sip:a@",
        "sip:a@b:", "sip:a@b:0", "sip:a@b:65536", "sip:a@b:12x", "sip:a@[::1", "sip:a@[1.2.3.4]", "sip:a@[xyz]",
        "sip:a b@c", "sip:a@b c", "sip:a<b@c", "sip:a@b>", "sip:a\"@b", "sip:%4@b", "sip:%zz@b", "sip:a%", "1sip:a@b",
        "s p:a@b", "sip:a@b\r\n", "sip:a@b@c", "tel:", "sip:a@b/c" };
    struct ix_sip_uri u;
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_expect_eq(ix_sip_uri_parse(&u, ix_str(bad[i])), IRISX_E_PROTOCOL, "%s", bad[i]);
}

static void compare(const char *a, const char *b, bool equal)
{
    struct ix_sip_uri x = uri(a), y = uri(b);
    cr_expect_eq(ix_sip_uri_eq(&x, &y), equal, "%s | %s", a, b);
    cr_expect_eq(ix_sip_uri_eq(&y, &x), equal, "%s | %s", b, a);
}

Test(uri, equality_is_that_of_rfc_3261_section_19_1_4)
{
    compare("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true);
    compare("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true);
    compare("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true);
    compare("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true);
    compare("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true);
    compare("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false);
    compare("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false);
    compare("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false);
    compare("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false);
    compare("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false);
    compare("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false);
    compare("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false);
    compare("sip:a@h", "sips:a@h", false);
    compare("sip:a:p@h", "sip:a@h", false);
    compare("sip:a@[2001:db8::1]", "sip:a@[2001:0DB8:0::1]", true);
    compare("sip:a@h;user=phone", "sip:a@h", false);
    compare("tel:+1;ext=5", "tel:+1;ext=5", true);
}

Test(uri, what_is_written_reads_back_the_same)
{
    static const char *const texts[] = { "sip:a:b@[::1]:5;x=y?h=v", "sip:h", "tel:+123;a=b", "urn:service:sos",
        "sips:u@h:70" };
    for (size_t i = 0; i < IX_COUNT(texts); i++) {
        struct ix_sip_uri u = uri(texts[i]);
        struct ix_buf b;
        ix_buf_init(&b, 256);
        ix_sip_uri_write(&b, &u);
        cr_expect(ix_str_eq(ix_str_n(b.p, b.n), ix_str(texts[i])), "%s: %.*s", texts[i], (int) b.n, b.p);
        ix_buf_clear(&b);
    }
}

Test(uri, a_user_part_is_escaped_and_resolved)
{
    struct ix_buf b;
    ix_buf_init(&b, 256);
    ix_sip_user_write(&b, IX_STR("a@b c%:é+1?"));
    cr_assert(same(ix_str_n(b.p, b.n), "a%40b%20c%25%3A%C3%A9+1?"));
    struct ix_buf back;
    ix_buf_init(&back, 256);
    cr_assert_eq(ix_sip_user_decode(&back, ix_str_n(b.p, b.n)), 0);
    cr_assert(same(ix_str_n(back.p, back.n), "a@b c%:é+1?"));
    cr_assert_eq(ix_sip_user_decode(&back, IX_STR("a%4")), IRISX_E_PROTOCOL);
    ix_buf_clear(&b);
    ix_buf_clear(&back);
}
