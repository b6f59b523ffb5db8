/* SPDX-License-Identifier: MIT */
#include "tests/unit/sip/rig.h"

#define HEAD \
    "OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x\nCSeq: 1 OPTIONS\n"

static int parse(struct ix_sip_msg *m, const char *text)
{
    const char *bytes = wire(text);
    return ix_sip_parse(m, bytes, strlen(bytes), NULL);
}

Test(msg, compact_forms_and_any_case)
{
    const struct ix_sip_msg *m =
        parsed("INVITE sip:a@b SIP/2.0\nv: SIP/2.0/WS h;branch=z9hG4bK1\nF: <sip:a@b>;tag=1\nt: <sip:c@d>\n"
               "I: x\ncSeQ: 1 INVITE\nm: <sip:e@f>\nk: timer\nc: application/SDP;x=y\nl: 3\nx: 90\nr: <sip:g@h>\n"
               "o: refer\n\nabcdef");
    cr_assert(same(m->call_id, "x"));
    cr_assert(same(m->body, "abc"));
    cr_assert(ix_sip_list_has(m, IX_SIP_H_SUPPORTED, "TIMER"));
    cr_assert(ix_sip_content_is(m, "application/sdp"));
    cr_assert(!ix_sip_content_is(m, "application/sd"));
    cr_assert(ix_sip_has(m, IX_SIP_H_REFER_TO));
    cr_assert(same(ix_sip_get_name(m, "Session-Expires"), "90"));
    cr_assert(same(ix_sip_get_name(m, "event"), "refer"));
}

Test(msg, every_known_header_is_found_by_its_name)
{
    for (int i = 1; i < IX_SIP_H_COUNT; i++) {
        enum ix_sip_hdr id = (enum ix_sip_hdr) i;
        cr_expect(ix_sip_header_name(id)[0]);
        cr_expect_eq(ix_sip_header_id(ix_str(ix_sip_header_name(id))), id);
    }
    cr_assert_eq(ix_sip_header_id(IX_STR("X-FS-Support")), IX_SIP_H_OTHER);
    cr_assert_eq(ix_sip_header_id(IX_STR("")), IX_SIP_H_OTHER);
    for (int i = 1; i < IX_SIP_METHODS; i++)
        cr_expect_eq(ix_sip_method(ix_str(ix_sip_method_name((enum ix_sip_method) i))), (enum ix_sip_method) i);
    cr_assert_eq(ix_sip_method(IX_STR("invite")), IX_SIP_OTHER);
}

Test(msg, unknown_headers_are_kept_and_content_length_may_stand_anywhere)
{
    const struct ix_sip_msg *m = parsed(HEAD "Content-Length: 2\nX-FS-Support: update_display,send_info\n\nhi");
    cr_assert(same(ix_sip_get_name(m, "x-fs-support"), "update_display,send_info"));
    cr_assert(same(m->body, "hi"));
    cr_assert_eq(ix_sip_get_name(m, "X-Other").n, 0);
}

Test(msg, values_over_several_lines_and_commas)
{
    const struct ix_sip_msg *m = parsed(HEAD
        "Contact: \"a, b\" <sip:c,d@e>, <sip:f@g>;x=\"1,\\\"2\"\nContact: <sip:h@i>\nContact:\nContact: ,,<sip:j@k>\n\n");
    static const char *const expected[] = { "\"a, b\" <sip:c,d@e>", "<sip:f@g>;x=\"1,\\\"2\"", "<sip:h@i>",
        "<sip:j@k>" };
    struct ix_sip_values it = ix_sip_values(m, IX_SIP_H_CONTACT);
    struct ix_str value;
    for (size_t i = 0; i < IX_COUNT(expected); i++) {
        cr_assert(ix_sip_values_next(&it, &value));
        cr_expect(same(value, expected[i]), "%.*s", IX_FMT_STR(value));
    }
    cr_assert(!ix_sip_values_next(&it, &value));
}

Test(msg, lf_alone_ends_a_line_too_and_empty_lines_before_are_skipped)
{
    struct ix_sip_msg m;
    cr_assert_eq(ix_sip_parse(&m, "\r\n\r\n" HEAD "\n", strlen("\r\n\r\n" HEAD "\n"), NULL), 0);
    cr_assert_eq(m.method, IX_SIP_OPTIONS);
}

Test(msg, keepalives)
{
    cr_assert(ix_sip_is_keepalive("", 0));
    cr_assert(ix_sip_is_keepalive("\r\n\r\n", 4));
    cr_assert(!ix_sip_is_keepalive("\r\n \r\n", 5));
}

Test(msg, a_response_needs_three_digits)
{
    struct ix_sip_msg m;
    static const char *const bad[] = { "SIP/2.0 20 OK", "SIP/2.0 2000 OK", "SIP/2.0 099 No", "SIP/2.0 700 No",
        "SIP/2.0 2a0 OK", "SIP/2.0", "SIP/2.1 200 OK" };
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_expect_eq(parse(&m, wiref("%s\n%s\n", bad[i], HEAD + 25)), IRISX_E_PROTOCOL, "%s", bad[i]);
    cr_assert_eq(parse(&m, wiref("SIP/2.0 200\n%s\n", strchr(HEAD, '\n') + 1)), 0);
    cr_assert_eq(m.status, 200);
    cr_assert_eq(m.phrase.n, 0);
    cr_assert_eq(m.method, IX_SIP_OPTIONS);
}

Test(msg, too_many_headers_and_too_many_bytes_are_513)
{
    static char text[80000];
    struct ix_sip_msg m;
    size_t n = (size_t) snprintf(text, sizeof text, "%s", HEAD);
    for (int i = 0; i < 100; i++)
        n += (size_t) snprintf(text + n, sizeof text - n, "X-%d: y\n", i);
    n += (size_t) snprintf(text + n, sizeof text - n, "\n");
    cr_assert_eq(ix_sip_parse(&m, text, n, NULL), IRISX_E_TOO_LARGE);
    cr_assert_eq(m.fault, 513);
    cr_assert(m.answerable);
    n = (size_t) snprintf(text, sizeof text, "%s\n", HEAD);
    memset(text + n, 'x', sizeof text - n);
    cr_assert_eq(ix_sip_parse(&m, text, IX_SIP_MAX_MESSAGE, NULL), 0);
    cr_assert_eq(ix_sip_parse(&m, text, IX_SIP_MAX_MESSAGE + 1, NULL), IRISX_E_TOO_LARGE);
    cr_assert_eq(m.fault, 513);
    cr_assert(m.answerable);
}

Test(msg, 64_kib_of_junk_are_refused)
{
    static char junk[65536];
    struct ix_prng prng;
    struct ix_sip_msg m;
    ix_prng_seed(&prng, 7);
    struct ix_rng rng = ix_prng_rng(&prng);
    static const char *const fills[] = { "a", "\n", ": ", ",", "\"", "<", ";", "Via: ,\n",
        "Via: SIP/2.0/WS h;branch=a,\n", "Contact: \"\n" };
    for (size_t i = 0; i < IX_COUNT(fills); i++) {
        for (size_t at = 0; at < sizeof junk; at++)
            junk[at] = fills[i][at % strlen(fills[i])];
        cr_expect_neq(ix_sip_parse(&m, junk, sizeof junk, NULL), 0);
    }
    for (int i = 0; i < 20; i++) {
        ix_rng_fill(&rng, junk, sizeof junk);
        cr_expect_neq(ix_sip_parse(&m, junk, sizeof junk, NULL), 0);
    }
}

Test(msg, numbers_with_parameters_and_comments)
{
    uint32_t v;
    const struct ix_sip_msg *m = parsed(HEAD "Retry-After: 18 (I'm in a meeting);duration=3600\nMin-Expires: x\n\n");
    cr_assert_eq(ix_sip_get_u32(m, IX_SIP_H_RETRY_AFTER, &v), 0);
    cr_assert_eq(v, 18);
    cr_assert_eq(ix_sip_get_u32(m, IX_SIP_H_MIN_EXPIRES, &v), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_sip_get_u32(m, IX_SIP_H_EXPIRES, &v), IRISX_E_NOT_FOUND);
}

Test(msg, pieces_that_serve_as_keys_are_bounded)
{
    static char longest[700];
    struct ix_sip_msg m;
    memset(longest, 'a', sizeof longest - 1);
    cr_assert_eq(
        parse(&m,
            wiref(
                "OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bK%s\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x\n"
                "CSeq: 1 OPTIONS\n\n",
                longest)),
        IRISX_E_PROTOCOL);
    cr_assert_eq(
        parse(&m,
            wiref(
                "OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bK\nFrom: <sip:a@b>;tag=%s\nTo: <sip:c@d>\nCall-ID: x\n"
                "CSeq: 1 OPTIONS\n\n",
                longest)),
        IRISX_E_PROTOCOL);
    cr_assert_eq(
        parse(&m,
            wiref(
                "OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bK\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: %s\n"
                "CSeq: 1 OPTIONS\n\n",
                longest)),
        IRISX_E_PROTOCOL);
}
