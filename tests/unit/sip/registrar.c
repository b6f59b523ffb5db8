/* SPDX-License-Identifier: MIT */
/* The registrar: RFC 3261 section 10.3. */
#include "tests/unit/sip/rig.h"

#define AOR IX_STR("sip:1000@pbx.test")

struct place {
    struct ix_sip_registrar *r;
    struct ix_now now;
    char headers[4096];
};

static struct place *make(struct ix_sip_registrar_config config)
{
    static struct place p;
    memset(&p, 0, sizeof p);
    p.now.mono_us = 100 * IX_S;
    cr_assert_eq(ix_sip_registrar_new(&config, &p.r), 0);
    return &p;
}

static unsigned reg(struct place *p, const char *call_id, unsigned cseq, const char *lines, uint32_t transport)
{
    struct ix_buf b;
    const struct ix_sip_msg *m = parsed(
        wiref("REGISTER sip:pbx.test SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bK1\nFrom: <sip:1000@pbx.test>;tag=1\n"
              "To: <sip:1000@pbx.test>\nCall-ID: %s\nCSeq: %u REGISTER\nUser-Agent: test\n%s\n",
            call_id, cseq, lines));
    ix_buf_init(&b, sizeof p->headers - 1);
    unsigned status = ix_sip_registrar_register(p->r, AOR, m, transport, p->now, &b);
    memcpy(p->headers, b.p ? (const char *) b.p : "", b.n);
    p->headers[b.n] = '\0';
    ix_buf_clear(&b);
    return status;
}

static void end(struct place *p)
{
    ix_sip_registrar_free(p->r);
}

Test(registrar, a_binding_is_made_refreshed_and_listed)
{
    struct place *p = make((struct ix_sip_registrar_config){ 0 });
    cr_assert_eq(
        reg(p, "a", 1,
            "Contact: <sip:x@a.invalid;transport=ws>;+sip.instance=\"<urn:uuid:1>\";reg-id=1;q=0.5\nExpires: 60\n", 5),
        200);
    cr_assert_str_eq(
        p->headers, "Contact: <sip:x@a.invalid;transport=ws>;expires=60;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n");
    const struct ix_sip_binding *b = ix_sip_registrar_find(p->r, AOR, 0);
    cr_assert_str_eq(b->contact, "sip:x@a.invalid;transport=ws");
    cr_assert_str_eq(b->user_agent, "test");
    cr_assert_eq(b->transport, 5);
    cr_assert_eq(b->expires_us, 160 * IX_S);
    p->now.mono_us += 10 * IX_S;
    cr_assert_eq(reg(p, "a", 2, "", 5), 200); /* a query */
    cr_assert(strstr(p->headers, "expires=50"));
    cr_assert_eq(
        reg(p, "a", 3, "Contact: <sip:X@a.invalid;transport=ws>\n", 5), 200); /* another user part: another binding */
    cr_assert_eq(ix_sip_registrar_count(p->r), 2);
    cr_assert_str_eq(ix_sip_registrar_find(p->r, AOR, 0)->contact, "sip:X@a.invalid;transport=ws"); /* newest first */
    cr_assert_null(ix_sip_registrar_find(p->r, AOR, 2));
    cr_assert_null(ix_sip_registrar_find(p->r, IX_STR("sip:1001@pbx.test"), 0));
    end(p);
}

Test(registrar, the_same_instance_with_a_new_address_replaces_the_old_one)
{
    struct place *p = make((struct ix_sip_registrar_config){ 0 });
    cr_assert_eq(reg(p, "a", 1, "Contact: <sip:x@a.invalid>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\n", 5), 200);
    cr_assert_eq(reg(p, "b", 1, "Contact: <sip:x@b.invalid>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\n", 6), 200);
    cr_assert_eq(ix_sip_registrar_count(p->r), 1);
    cr_assert_eq(ix_sip_registrar_find(p->r, AOR, 0)->transport, 6);
    end(p);
}

Test(registrar, bindings_run_out_at_their_time)
{
    struct place *p = make((struct ix_sip_registrar_config){ .default_expires = 20 });
    cr_assert_eq(reg(p, "a", 1, "Contact: <sip:x@a.invalid>\nContact: <sip:y@a.invalid>;expires=10\n", 5), 200);
    cr_assert_eq(ix_sip_registrar_deadline(p->r), 110 * IX_S);
    p->now.mono_us = 110 * IX_S - 1;
    ix_sip_registrar_timeout(p->r, p->now);
    cr_assert_eq(ix_sip_registrar_count(p->r), 2);
    p->now.mono_us = 110 * IX_S;
    ix_sip_registrar_timeout(p->r, p->now);
    cr_assert_eq(ix_sip_registrar_count(p->r), 1);
    p->now.mono_us = 120 * IX_S;
    ix_sip_registrar_timeout(p->r, p->now);
    cr_assert_eq(ix_sip_registrar_count(p->r), 0);
    cr_assert_eq(ix_sip_registrar_deadline(p->r), IX_NEVER);
    end(p);
}

Test(registrar, intervals_have_limits)
{
    struct place *p = make((struct ix_sip_registrar_config){ .min_expires = 30, .max_expires = 100 });
    cr_assert_eq(reg(p, "a", 1, "Contact: <sip:x@a.invalid>;expires=29\n", 5), 423);
    cr_assert_str_eq(p->headers, "Min-Expires: 30\r\n");
    cr_assert_eq(reg(p, "a", 2, "Contact: <sip:x@a.invalid>;expires=1000000\n", 5), 200);
    cr_assert(strstr(p->headers, "expires=100\r\n"));
    cr_assert_eq(reg(p, "a", 3, "Contact: <sip:y@a.invalid>;expires=zwei\n", 5), 200);
    cr_assert(strstr(p->headers, "<sip:y@a.invalid>;expires=100\r\n"));
    end(p);
}

Test(registrar, removal_of_one_and_of_all)
{
    struct place *p = make((struct ix_sip_registrar_config){ 0 });
    cr_assert_eq(reg(p, "a", 1, "Contact: <sip:x@a.invalid>, <sip:y@a.invalid>, <sip:z@a.invalid>\n", 5), 200);
    cr_assert_eq(reg(p, "a", 2, "Contact: <sip:y@a.invalid>;expires=0\n", 5), 200);
    cr_assert_null(strstr(p->headers, "sip:y@"));
    cr_assert_eq(ix_sip_registrar_count(p->r), 2);
    cr_assert_eq(reg(p, "a", 3, "Contact: *\n", 5), 400);
    cr_assert_eq(reg(p, "a", 3, "Contact: *\nExpires: 10\n", 5), 400);
    cr_assert_eq(reg(p, "a", 3, "Contact: *, <sip:x@a.invalid>\nExpires: 0\n", 5), 400);
    cr_assert_eq(ix_sip_registrar_count(p->r), 2);
    cr_assert_eq(reg(p, "a", 3, "Contact: *\nExpires: 0\n", 5), 200);
    cr_assert_str_eq(p->headers, "");
    cr_assert_eq(ix_sip_registrar_count(p->r), 0);
    end(p);
}

Test(registrar, an_older_request_changes_nothing_and_a_bad_one_is_applied_not_even_in_part)
{
    struct place *p = make((struct ix_sip_registrar_config){ 0 });
    cr_assert_eq(reg(p, "a", 5, "Contact: <sip:x@a.invalid>;expires=60\n", 5), 200);
    cr_assert_eq(reg(p, "a", 5, "Contact: <sip:x@a.invalid>;expires=0\n", 5), 500);
    cr_assert_eq(reg(p, "a", 4, "Contact: <sip:x@a.invalid>;expires=0\n", 5), 500);
    cr_assert_eq(ix_sip_registrar_count(p->r), 1);
    cr_assert_eq(reg(p, "other", 1, "Contact: <sip:n@a.invalid>, <sip:x@a.invalid>, *\n", 5), 400);
    cr_assert_eq(ix_sip_registrar_count(p->r), 1);
    cr_assert_eq(reg(p, "other", 1, "Contact: <sip:x@a.invalid>;expires=0\n", 5), 200);
    cr_assert_eq(ix_sip_registrar_count(p->r), 0);
    end(p);
}

Test(registrar, the_number_of_bindings_is_bounded)
{
    struct place *p = make((struct ix_sip_registrar_config){ .max_bindings = 3 });
    for (unsigned i = 0; i < 4; i++) {
        char line[64];
        (void) snprintf(line, sizeof line, "Contact: <sip:x%u@a.invalid>\n", i);
        cr_assert_eq(reg(p, "a", i + 1, line, 5), i < 3 ? 200 : 503);
    }
    end(p);
    p = make((struct ix_sip_registrar_config){ 0 });
    for (unsigned i = 0; i < 12; i++) {
        char line[64];
        (void) snprintf(line, sizeof line, "Contact: <sip:x%u@a.invalid>\n", i);
        cr_assert_eq(reg(p, "a", i + 1, line, 5), i < IX_SIP_BINDINGS_PER_AOR ? 200 : 503);
    }
    end(p);
}

Test(registrar, a_closed_transport_takes_its_bindings_along)
{
    struct place *p = make((struct ix_sip_registrar_config){ 0 });
    cr_assert_eq(reg(p, "a", 1, "Contact: <sip:x@a.invalid>, <sip:y@a.invalid>\n", 5), 200);
    cr_assert_eq(reg(p, "b", 1, "Contact: <sip:z@a.invalid>\n", 6), 200);
    ix_sip_registrar_transport_closed(p->r, 5);
    cr_assert_eq(ix_sip_registrar_count(p->r), 1);
    cr_assert_str_eq(ix_sip_registrar_find(p->r, AOR, 0)->contact, "sip:z@a.invalid");
    end(p);
}
