/* SPDX-License-Identifier: MIT */
/*
 * RFC 5118 with its own bytes (tests/unit/sip/rfc5118): IPv6 in every place where a message names a host. The RFC's
 * archive holds LF for CRLF, some of its messages lack the empty line, and the body of ipv6-in-sdp is 17 bytes short
 * of its Content-Length: that is made up for here.
 */
#include "tests/unit/sip/rig.h"
#include "tests/unit/sip/torture.h"

static const char *message(const struct torture *t)
{
    char text[2048];
    (void) snprintf(text, sizeof text, "%.*s%s", (int) t->len, t->bytes, "\n\n\n\n\n\n\n\n\n\n");
    return wire(text);
}

static const char *named(const char *name)
{
    for (size_t i = 0; i < rfc5118_count; i++)
        if (!strcmp(rfc5118[i].name, name))
            return message(&rfc5118[i]);
    cr_assert_fail("no %s", name);
    return NULL;
}

static const struct ix_sip_msg *valid(const char *name)
{
    static struct ix_sip_msg msg;
    const char *why = NULL, *text = named(name);
    cr_assert_eq(ix_sip_parse(&msg, text, strlen(text), &why), 0, "%s: %s", name, why ? why : "");
    return &msg;
}

Test(ipv6, every_message_but_the_bad_one_is_understood)
{
    cr_assert_eq(rfc5118_count, 12);
    for (size_t i = 0; i < rfc5118_count; i++) {
        struct ix_sip_msg msg;
        bool bad = !strcmp(rfc5118[i].name, "ipv6-bad");
        const char *why = NULL, *text = message(&rfc5118[i]);
        int err = ix_sip_parse(&msg, text, strlen(text), &why);
        cr_expect_eq(err, bad ? IRISX_E_PROTOCOL : 0, "%s: %s", rfc5118[i].name, why ? why : "");
    }
}

Test(ipv6, an_address_without_brackets_is_answered_400)
{
    struct rig *r = rig_server(UINT32_MAX);
    const char *text = named("ipv6-bad");
    cr_assert_eq(ix_sip_input(r->stack, RIG_TRANSPORT, text, strlen(text), r->now), IRISX_E_PROTOCOL);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.status, 400);
    rig_free(r);
}

Test(ipv6, hosts_and_ports_are_told_apart)
{
    const struct ix_sip_msg *m = valid("ipv6-good");
    cr_assert(m->uri.host_ipv6 && same(m->uri.host, "2001:db8::10") && m->uri.port == 0);
    cr_assert(m->via.host_ipv6 && same(m->via.host, "2001:db8::9:1"));
    m = valid("port-ambiguous");
    cr_assert(same(m->uri.host, "2001:db8::10:5070") && m->uri.port == 0);
    m = valid("port-unambiguous");
    cr_assert(same(m->uri.host, "2001:db8::10") && m->uri.port == 5070);
    m = valid("ipv4-mapped-ipv6");
    cr_assert(same(m->via.host, "::ffff:192.0.2.10") && m->via.port == 19823);
}

Test(ipv6, received_is_read_with_and_without_brackets)
{
    struct ix_str value;
    const struct ix_sip_msg *m = valid("via-received-param-with-delim");
    cr_assert(ix_sip_param(m->via.params, "received", &value) && same(value, "[2001:db8::9:255]"));
    cr_assert(same(m->via.branch, "z9hG4bKas3-111"));
    m = valid("via-received-param-no-delim");
    cr_assert(ix_sip_param(m->via.params, "received", &value) && same(value, "2001:db8::9:255"));
    cr_assert(same(m->via.branch, "z9hG4bKas3"));
}

Test(ipv6, a_mixed_list_of_vias_is_read_whole)
{
    static const char *const hosts[] = { "2001:db8::9:1", "192.0.2.1", "2001:db8::9:255" };
    struct ix_sip_values it = ix_sip_values(valid("mult-ip-in-header"), IX_SIP_H_VIA);
    struct ix_sip_via via;
    struct ix_str value;
    for (size_t i = 0; i < IX_COUNT(hosts); i++) {
        cr_assert(ix_sip_values_next(&it, &value));
        cr_assert_eq(ix_sip_via_parse(&via, value), 0);
        cr_assert(same(via.host, hosts[i]));
        cr_assert_eq(via.host_ipv6, i != 1);
    }
    cr_assert(!ix_sip_values_next(&it, &value));
}
