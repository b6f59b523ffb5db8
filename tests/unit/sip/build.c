/* SPDX-License-Identifier: MIT */
#include "tests/unit/sip/rig.h"

static struct ix_buf *fresh(void)
{
    static char storage[1024];
    static struct ix_buf b;
    ix_buf_init_fixed(&b, storage, sizeof storage);
    return &b;
}

static bool written(const struct ix_buf *b, const char *text)
{
    return !b->err && same(ix_str_n(b->p, b->n), text);
}

Test(build, a_header_is_one_line)
{
    struct ix_buf *b = fresh();
    ix_sip_write_header(b, "X-A", IX_STR("b"));
    cr_assert(written(b, "X-A: b\r\n"));
    static const struct ix_str bad[] = { { "a\r\nb: c", 7 }, { "a\n", 2 }, { "a\rb", 3 }, { "a\0b", 3 } };
    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        b = fresh();
        ix_sip_write_header(b, "X", bad[i]);
        cr_expect_eq(b->err, IRISX_E_INVALID);
    }
}

Test(build, an_address_is_quoted_where_it_needs_it)
{
    struct ix_buf *b = fresh();
    ix_sip_write_addr(b, IX_STR("a \"b\" \\"), IX_STR("sip:x@y"), IX_STR("t"));
    cr_assert(written(b, "\"a \\\"b\\\" \\\\\" <sip:x@y>;tag=t"));
    struct ix_sip_addr a;
    cr_assert_eq(ix_sip_addr_parse(&a, ix_str_n(b->p, b->n)), 0);
    char text[64];
    struct ix_buf back;
    ix_buf_init_fixed(&back, text, sizeof text);
    ix_sip_unquote(&back, a.display);
    cr_assert(written(&back, "a \"b\" \\"));
    b = fresh();
    ix_sip_write_addr(b, IX_STR_NONE, IX_STR("sip:x@y"), IX_STR_NONE);
    cr_assert(written(b, "<sip:x@y>"));
    b = fresh();
    ix_sip_write_addr(b, IX_STR("a\r\nb"), IX_STR("sip:x@y"), IX_STR_NONE);
    cr_assert_eq(b->err, IRISX_E_INVALID);
}

Test(build, a_response_echoes_what_it_must_even_when_it_was_folded)
{
    struct rig *r = rig_server(0);
    cr_assert_eq(
        rig_feed(r,
            "OPTIONS sip:a@b SIP/2.0\nv: SIP/2.0/WS h1;branch=z9hG4bK1;rport,\n SIP/2.0/WS h2;branch=z9hG4bK2\nVia: SIP/2.0/WS h3\n"
            "f: \"A\"\n <sip:a@b>;tag=1\nt: <sip:c@d>\ni: x\nCSeq: 7\n OPTIONS\n\n"),
        0);
    rig_take(r, IX_SIP_OUT_REQUEST);
    struct ix_sip_reply reply = {
        .status = 488, .phrase = IX_STR("No Way"), .headers = IX_STR("Warning: 399 x \"y\"\r\n")
    };
    cr_assert_eq(ix_sip_respond(r->stack, r->out.txn, &reply, r->now), 0);
    rig_take(r, IX_SIP_OUT_SEND);
    char tag[16];
    cr_assert_eq(ix_str_copy(tag, sizeof tag, r->msg.to_tag), 0);
    cr_assert_str_eq(r->sent,
        wiref(
            "SIP/2.0 488 No Way\nVia: SIP/2.0/WS h1;branch=z9hG4bK1;rport, SIP/2.0/WS h2;branch=z9hG4bK2\nVia: SIP/2.0/WS h3\n"
            "From: \"A\" <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=%s\nCall-ID: x\nCSeq: 7 OPTIONS\nWarning: 399 x \"y\"\n"
            "Content-Length: 0\n\n",
            tag));
    rig_free(r);
}

Test(build, every_status_has_words)
{
    for (unsigned status = 0; status < 1000; status++)
        cr_assert(ix_sip_status_text(status)[0]);
    cr_assert_str_eq(ix_sip_status_text(487), "Request Terminated");
    cr_assert_str_eq(ix_sip_status_text(499), "Request Failure");
}
