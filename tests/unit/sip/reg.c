/* SPDX-License-Identifier: MIT */
/* Registration at literal times: RFC 3261 section 10.2, RFC 7118 section 5. */
#include "tests/unit/sip/rig.h"

#define START (1000 * IX_S)
#define OWN "<sip:me@abc.invalid;transport=ws>"

struct line {
    struct rig *rig;
    struct ix_sip_auth *auth;
    struct ix_sip_reg *reg;
    struct ix_sip_reg_event event;
};

static struct line *make(uint32_t expires)
{
    static struct line l;
    l.rig = rig_new();
    cr_assert_eq(ix_sip_auth_new(&l.rig->rng, IX_STR("1000"), IX_STR("secret"), &l.auth), 0);
    struct ix_sip_reg_config config = { .stack = l.rig->stack,
        .registrar = IX_STR("sip:pbx.test"),
        .aor = IX_STR("sip:1000@pbx.test"),
        .display = IX_STR("Agent"),
        .auth = l.auth,
        .expires = expires,
        .instance = IX_STR("urn:uuid:1"),
        .user = &rig_user };
    cr_assert_eq(ix_sip_reg_new(&config, &l.reg), 0);
    return &l;
}

static void end(struct line *l)
{
    ix_sip_reg_free(l->reg);
    rig_free(l->rig);
    ix_sip_auth_free(l->auth);
}

static void sent(struct line *l, uint32_t cseq, const char *expires)
{
    rig_take(l->rig, IX_SIP_OUT_SEND);
    cr_assert_eq(l->rig->msg.method, IX_SIP_REGISTER);
    cr_assert_eq(l->rig->msg.cseq, cseq, "%u", l->rig->msg.cseq);
    cr_assert(same(ix_sip_get(&l->rig->msg, IX_SIP_H_EXPIRES), expires));
}

/* the outcome goes from the stack to the registration, as the phone does it */
static void outcome(struct line *l, enum ix_sip_out_kind kind)
{
    rig_take(l->rig, kind);
    cr_assert_eq(l->rig->out.user, &rig_user);
    cr_assert(ix_sip_reg_input(l->reg, &l->rig->out, l->rig->now));
}

static void answer(struct line *l, const char *status, const char *lines)
{
    cr_assert_eq(rig_answer(l->rig, status, "t", lines, NULL), 0);
    outcome(l, IX_SIP_OUT_RESPONSE);
}

static void state(struct line *l, enum ix_sip_reg_state expected)
{
    cr_assert(ix_sip_reg_poll(l->reg, &l->event));
    cr_assert_eq(l->event.state, expected, "%d instead of %d", l->event.state, expected);
    cr_assert_eq(ix_sip_reg_state(l->reg), expected);
}

static void quiet(struct line *l)
{
    cr_assert(!ix_sip_reg_poll(l->reg, &l->event));
}

static void at(struct line *l, uint64_t mono_us)
{
    l->rig->now.mono_us = mono_us;
    ix_sip_reg_timeout(l->reg, l->rig->now);
    ix_sip_timeout(l->rig->stack, l->rig->now);
}

static void registered(struct line *l, const char *contact_line)
{
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    state(l, IX_SIP_REG_TRYING);
    sent(l, 1, "300");
    answer(l, "200 OK", contact_line);
    state(l, IX_SIP_REG_REGISTERED);
}

Test(reg, a_register_is_as_rfc_7118_wants_it)
{
    struct line *l = make(0);
    struct ix_sip_addr contact;
    struct ix_str value;
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    sent(l, 1, "300");
    const struct ix_sip_msg *m = &l->rig->msg;
    cr_assert(same(m->uri.text, "sip:pbx.test"));
    cr_assert(same(m->to.uri.text, "sip:1000@pbx.test"));
    cr_assert(same(m->from.uri.text, "sip:1000@pbx.test"));
    cr_assert(same(m->from.display, "Agent"));
    cr_assert_eq(ix_sip_get_addr(m, IX_SIP_H_CONTACT, &contact), 0);
    cr_assert(same(contact.uri.text, "sip:me@abc.invalid;transport=ws"));
    cr_assert(ix_sip_param(contact.params, "+sip.instance", &value) && same(value, "<urn:uuid:1>"));
    cr_assert(ix_sip_param(contact.params, "reg-id", &value) && same(value, "1"));
    cr_assert(ix_sip_param(contact.params, "expires", &value) && same(value, "300"));
    end(l);
}

Test(reg, our_own_binding_among_all_is_the_one_that_counts)
{
    struct line *l = make(0);
    registered(l, "Contact: <sip:me@other.invalid;transport=ws>;expires=3600\nContact: " OWN
                  ";expires=60, <sip:x@y>;expires=9\nExpires: 1800\n");
    cr_assert_eq(l->event.expires, 60);
    cr_assert_eq(ix_sip_reg_deadline(l->reg), START + 54 * IX_S); /* a tenth, 6 s, before */
    end(l);
}

Test(reg, it_is_refreshed_in_time_with_the_nonce_it_has)
{
    static const struct {
        const char *granted;
        uint64_t after_ms;
    } cases[] = { { "300", 270000 }, { "30", 25000 }, { "8", 4000 }, { "1", 500 }, { "100000", 90000000 } };
    for (size_t i = 0; i < IX_COUNT(cases); i++) {
        struct line *l = make(0);
        registered(l, wiref("Contact: " OWN ";expires=%s\n", cases[i].granted));
        cr_assert_eq(ix_sip_reg_deadline(l->reg), START + cases[i].after_ms * IX_MS, "%s", cases[i].granted);
        at(l, START + cases[i].after_ms * IX_MS - 1);
        rig_nothing(l->rig);
        at(l, START + cases[i].after_ms * IX_MS);
        sent(l, 2, "300");
        cr_assert_eq(ix_sip_reg_state(l->reg), IX_SIP_REG_REGISTERED); /* while it is refreshed */
        answer(l, "200 OK", "Contact: " OWN ";expires=30\n");
        quiet(l);
        end(l);
    }
}

Test(reg, digest_and_pre_emptive_refresh)
{
    struct line *l = make(0);
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    sent(l, 1, "300");
    cr_assert_eq(rig_answer(l->rig, "401 Unauthorized", "t",
                     "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n\", algorithm=MD5, qop=\"auth\"\n", NULL),
        0);
    sent(l, 2, "300");
    cr_assert(ix_sip_has(&l->rig->msg, IX_SIP_H_AUTHORIZATION));
    state(l, IX_SIP_REG_TRYING);
    answer(l, "200 OK", "Contact: " OWN ";expires=30\n");
    state(l, IX_SIP_REG_REGISTERED);
    quiet(l);
    at(l, START + 25 * IX_S);
    sent(l, 3, "300");
    struct ix_str value = ix_sip_get(&l->rig->msg, IX_SIP_H_AUTHORIZATION);
    cr_assert(value.n && strstr(l->rig->sent, "nc=00000002"));
    end(l);
}

Test(reg, a_wrong_password_is_final_and_not_tried_again)
{
    static const struct {
        const char *status;
        int err;
    } cases[] = { { "403 Forbidden", IRISX_E_FORBIDDEN }, { "404 Not Found", IRISX_E_NOT_FOUND },
        { "401 Unauthorized", IRISX_E_AUTH }, { "400 Bad Request", IRISX_E_PROTOCOL },
        { "603 Decline", IRISX_E_DECLINED }, { "302 Moved", IRISX_E_PROTOCOL } };
    for (size_t i = 0; i < IX_COUNT(cases); i++) {
        struct line *l = make(0);
        ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
        state(l, IX_SIP_REG_TRYING);
        sent(l, 1, "300");
        answer(l, cases[i].status, NULL);
        state(l, IX_SIP_REG_FAILED);
        cr_assert_eq(l->event.err, cases[i].err, "%s", cases[i].status);
        quiet(l);
        cr_assert_eq(ix_sip_reg_deadline(l->reg), IX_NEVER);
        at(l, START + 3600 * IX_S);
        rig_nothing(l->rig);
        ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now); /* only by command */
        sent(l, 2, "300");
        end(l);
    }
}

Test(reg, too_brief_an_interval_is_corrected_twice_at_most)
{
    struct line *l = make(60);
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    sent(l, 1, "60");
    answer(l, "423 Interval Too Brief", "Min-Expires: 120\n");
    sent(l, 2, "120");
    answer(l, "423 Interval Too Brief", "Min-Expires: 240\n");
    sent(l, 3, "240");
    answer(l, "423 Interval Too Brief", "Min-Expires: 480\n");
    cr_assert_eq(ix_sip_reg_state(l->reg), IX_SIP_REG_FAILED);
    rig_nothing(l->rig);
    end(l);
}

Test(reg, a_failing_server_is_tried_again_ever_later)
{
    struct line *l = make(0);
    uint64_t most = 2;
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    state(l, IX_SIP_REG_TRYING);
    for (uint32_t i = 0; i < 9; i++) {
        sent(l, i + 1, "300");
        answer(l, "503 Service Unavailable", NULL);
        state(l, IX_SIP_REG_WAITING);
        cr_assert_eq(l->event.err, IRISX_E_SERVER);
        cr_assert_eq(l->event.status, 503);
        uint64_t delay = ix_sip_reg_deadline(l->reg) - l->rig->now.mono_us;
        cr_assert(delay >= most * IX_S / 2 && delay <= most * IX_S, "%u: %llu", i, (unsigned long long) delay);
        cr_assert_eq(l->event.retry_us, ix_sip_reg_deadline(l->reg));
        most = IX_MIN(2 * most, 120);
        at(l, ix_sip_reg_deadline(l->reg));
        state(l, IX_SIP_REG_TRYING);
    }
    end(l);
}

Test(reg, retry_after_is_obeyed)
{
    struct line *l = make(0);
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    sent(l, 1, "300");
    answer(l, "503 Service Unavailable", "Retry-After: 77\n");
    cr_assert_eq(ix_sip_reg_deadline(l->reg), START + 77 * IX_S);
    end(l);
}

Test(reg, silence_is_a_timeout_after_32_s)
{
    struct line *l = make(0);
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    state(l, IX_SIP_REG_TRYING);
    sent(l, 1, "300");
    at(l, START + 32 * IX_S);
    outcome(l, IX_SIP_OUT_FAILED);
    state(l, IX_SIP_REG_WAITING);
    cr_assert_eq(l->event.err, IRISX_E_TIMEOUT);
    at(l, ix_sip_reg_deadline(l->reg));
    sent(l, 2, "300");
    end(l);
}

Test(reg, a_lost_transport_and_a_new_one)
{
    struct line *l = make(0);
    struct ix_sip_transport_config other = {
        .secure = true, .sent_by = IX_STR("new.invalid"), .contact_user = IX_STR("me")
    };
    char call_id[64];
    registered(l, "Contact: " OWN ";expires=30\n");
    cr_assert_eq(ix_str_copy(call_id, sizeof call_id, l->rig->msg.call_id), 0);
    ix_sip_transport_closed(l->rig->stack, RIG_TRANSPORT, l->rig->now);
    ix_sip_reg_transport_closed(l->reg, l->rig->now);
    state(l, IX_SIP_REG_IDLE);
    cr_assert_eq(l->event.err, IRISX_E_NETWORK);
    at(l, START + 60 * IX_S);
    rig_nothing(l->rig);
    cr_assert_eq(ix_sip_transport_opened(l->rig->stack, 9, &other), 0);
    ix_sip_reg_start(l->reg, 9, l->rig->now);
    state(l, IX_SIP_REG_TRYING);
    sent(l, 2, "300");
    cr_assert_eq(l->rig->out.transport, 9);
    cr_assert(same(l->rig->msg.call_id, call_id));
    cr_assert(strstr(l->rig->sent, "<sip:me@new.invalid;transport=ws>"));
    end(l);
}

Test(reg, the_transport_goes_while_it_tries)
{
    struct line *l = make(0);
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    state(l, IX_SIP_REG_TRYING);
    sent(l, 1, "300");
    ix_sip_transport_closed(l->rig->stack, RIG_TRANSPORT, l->rig->now);
    outcome(l, IX_SIP_OUT_FAILED);
    state(l, IX_SIP_REG_IDLE);
    end(l);
}

Test(reg, it_is_removed_on_request)
{
    struct line *l = make(0);
    registered(l, "Contact: " OWN ";expires=30\n");
    ix_sip_reg_stop(l->reg, l->rig->now);
    state(l, IX_SIP_REG_REMOVING);
    sent(l, 2, "0");
    cr_assert(strstr(l->rig->sent, OWN));
    ix_sip_reg_stop(l->reg, l->rig->now);
    rig_nothing(l->rig);
    answer(l, "200 OK", NULL);
    state(l, IX_SIP_REG_REMOVED);
    cr_assert_eq(ix_sip_reg_deadline(l->reg), IX_NEVER);
    end(l);
}

Test(reg, removal_while_trying_overtakes_and_the_old_outcome_is_ignored)
{
    struct line *l = make(0);
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    state(l, IX_SIP_REG_TRYING);
    sent(l, 1, "300");
    struct ix_sip_msg first = l->rig->msg;
    char text[sizeof l->rig->sent];
    memcpy(text, l->rig->sent, sizeof text);
    ix_sip_reg_stop(l->reg, l->rig->now);
    sent(l, 2, "0");
    memcpy(l->rig->sent, text, sizeof text);
    l->rig->msg = first;
    cr_assert_eq(rig_answer(l->rig, "200 OK", "t", NULL, NULL), 0);
    rig_nothing(l->rig);
    cr_assert_eq(ix_sip_reg_state(l->reg), IX_SIP_REG_REMOVING);
    ix_sip_transport_closed(l->rig->stack, RIG_TRANSPORT, l->rig->now);
    ix_sip_reg_transport_closed(l->reg, l->rig->now);
    cr_assert_eq(ix_sip_reg_state(l->reg), IX_SIP_REG_REMOVED);
    end(l);
}

Test(reg, a_transport_that_is_not_open_fails_at_once)
{
    struct line *l = make(0);
    ix_sip_reg_start(l->reg, 99, l->rig->now);
    state(l, IX_SIP_REG_FAILED);
    cr_assert_eq(l->event.err, IRISX_E_CLOSED);
    ix_sip_reg_stop(l->reg, l->rig->now);
    cr_assert_eq(ix_sip_reg_state(l->reg), IX_SIP_REG_REMOVED);
    end(l);
}

/* ---- what a 200 gives besides time ------------------------------------------------------- */
static void begins(struct line *l)
{
    ix_sip_reg_start(l->reg, RIG_TRANSPORT, l->rig->now);
    rig_take(l->rig, IX_SIP_OUT_SEND);
    state(l, IX_SIP_REG_TRYING);
}

Test(reg, the_way_back_and_the_names_that_it_is_given_are_kept)
{
    struct line *l = make(300);

    begins(l);
    cr_assert_not_null(strstr(l->rig->sent, "+sip.instance=\"<urn:uuid:1>\";reg-id=1"));
    answer(l, "200 OK",
        "Contact: <sip:me@abc.invalid;transport=ws>;expires=300;pub-gruu=\"sip:1000@pbx.test;gr=urn:uuid:1\";"
        "temp-gruu=\"sip:x7@pbx.test;gr\"\nService-Route: <sip:a.test;lr>, <sip:b.test;lr>\nFlow-Timer: 25\n");
    state(l, IX_SIP_REG_REGISTERED);
    cr_assert(same(ix_sip_reg_route(l->reg), "<sip:a.test;lr>, <sip:b.test;lr>"));
    cr_assert(same(ix_sip_reg_anonymous(l->reg), "sip:x7@pbx.test;gr"));
    cr_assert_eq(ix_sip_reg_flow_timer(l->reg), 25);
    (void) rig_invite(l->rig, NULL);
    cr_assert(
        same(ix_sip_get(&l->rig->msg, IX_SIP_H_CONTACT), "<sip:1000@pbx.test;gr=urn:uuid:1>"), "%s", l->rig->sent);
    end(l);
}

Test(reg, where_the_server_takes_part_in_outbound_calls_come_over_this_flow)
{
    struct line *l = make(300);

    begins(l);
    answer(l, "200 OK", "Require: outbound\nContact: " OWN ";expires=300\n");
    state(l, IX_SIP_REG_REGISTERED);
    (void) rig_invite(l->rig, NULL);
    cr_assert_not_null(strstr(l->rig->sent, ";ob>"), "%s", l->rig->sent);
    end(l);
}

Test(reg, a_way_that_knows_no_outbound_is_registered_over_without_it)
{
    struct line *l = make(300);

    begins(l);
    answer(l, "439 First Hop Lacks Outbound Support", "");
    rig_take(l->rig, IX_SIP_OUT_SEND);
    cr_assert_null(strstr(l->rig->sent, "reg-id"));
    cr_assert_not_null(strstr(l->rig->sent, "+sip.instance"));
    answer(l, "200 OK", "Contact: " OWN ";expires=300\n");
    state(l, IX_SIP_REG_REGISTERED);
    end(l);
}

Test(reg, a_contact_that_the_server_has_rewritten_is_still_ours)
{
    static const struct {
        const char *lines;
        uint32_t expires;
    } seen[] = {
        { "Contact: <sip:zz@203.0.113.9:4711;transport=ws;fs_nat=yes>;expires=77\n", 77 }, /* alone */
        { "Contact: <sip:a@x.test>;expires=9, <sip:q@203.0.113.9:4711>;+sip.instance=\"<urn:uuid:1>\";expires=78\n",
            78 },
        { "Contact: <sip:a@x.test>;expires=9, <sip:b@y.test>;expires=8\nExpires: 79\n", 79 }, /* none of ours */
    };

    for (size_t i = 0; i < IX_COUNT(seen); i++) {
        struct line *l = make(300);

        begins(l);
        answer(l, "200 OK", seen[i].lines);
        state(l, IX_SIP_REG_REGISTERED);
        cr_assert_eq(l->event.expires, seen[i].expires, "%zu: %u", i, l->event.expires);
        end(l);
    }
}
