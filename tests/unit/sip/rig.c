/* SPDX-License-Identifier: MIT */
#include "tests/unit/sip/rig.h"

#include <stdarg.h>
#include <stdlib.h>

#define SLOTS 16
#define SLOT 70000

static char slots[SLOTS][SLOT];
static unsigned at;
int rig_user;

const char *wire(const char *text)
{
    char *out = slots[at++ % SLOTS];
    size_t n = 0;
    for (; *text; text++) {
        cr_assert(n + 3 < SLOT);
        if (*text == '\n' && (n == 0 || out[n - 1] != '\r'))
            out[n++] = '\r';
        out[n++] = *text;
    }
    out[n] = '\0';
    return out;
}

const char *wiref(const char *format, ...)
{
    static char text[SLOT];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cr_assert(n >= 0 && (size_t) n < sizeof text);
    return wire(text);
}

bool same(struct ix_str a, const char *b)
{
    return ix_str_eq(a, ix_str(b));
}

const struct ix_sip_msg *parsed(const char *text)
{
    static struct ix_sip_msg msg;
    const char *bytes = wire(text), *why = NULL;
    int err = ix_sip_parse(&msg, bytes, strlen(bytes), &why);
    cr_assert_eq(err, 0, "does not parse: %s", why ? why : "?");
    return &msg;
}

static struct rig *make(const struct ix_sip_stack_config *config)
{
    struct rig *r = calloc(1, sizeof *r);
    struct ix_sip_stack_config c = *config;
    struct ix_sip_transport_config transport = { .sent_by = IX_STR("abc.invalid"), .contact_user = IX_STR("me") };
    ix_prng_seed(&r->prng, 1);
    r->rng = ix_prng_rng(&r->prng);
    r->now.mono_us = 1000 * IX_S;
    c.rng = &r->rng;
    cr_assert_eq(ix_sip_stack_new(&c, &r->stack), 0);
    cr_assert_eq(ix_sip_transport_opened(r->stack, RIG_TRANSPORT, &transport), 0);
    return r;
}

struct rig *rig_new(void)
{
    return make(&(struct ix_sip_stack_config){ .agent = "test", .supported = "replaces, timer" });
}

struct rig *rig_server(uint32_t allow)
{
    return make(&(struct ix_sip_stack_config){ .allow = allow, .max_transactions = 4 });
}

void rig_free(struct rig *r)
{
    ix_sip_stack_free(r->stack);
    free(r);
}

int rig_feed(struct rig *r, const char *text)
{
    const char *bytes = wire(text);
    return ix_sip_input(r->stack, RIG_TRANSPORT, bytes, strlen(bytes), r->now);
}

void rig_take(struct rig *r, enum ix_sip_out_kind kind)
{
    const char *why = NULL;
    cr_assert(ix_sip_poll(r->stack, &r->out), "no output, expected kind %d", kind);
    cr_assert_eq(r->out.kind, kind, "kind %d instead of %d: %.*s", r->out.kind, kind,
        r->out.kind == IX_SIP_OUT_SEND ? (int) r->out.len : 0, r->out.data ? (const char *) r->out.data : "");
    if (kind != IX_SIP_OUT_SEND)
        return;
    cr_assert_lt(r->out.len, sizeof r->sent);
    memcpy(r->sent, r->out.data, r->out.len);
    r->sent[r->out.len] = '\0';
    cr_assert_eq(
        ix_sip_parse(&r->msg, r->sent, r->out.len, &why), 0, "we sent what does not parse (%s):\n%s", why, r->sent);
    cr_assert(ix_sip_has(&r->msg, IX_SIP_H_CONTENT_LENGTH));
}

void rig_nothing(struct rig *r)
{
    bool any = ix_sip_poll(r->stack, &r->out);
    cr_assert(!any, "unexpected output of kind %d: %.*s", r->out.kind,
        r->out.kind == IX_SIP_OUT_SEND ? (int) r->out.len : 0, r->out.data ? (const char *) r->out.data : "");
}

void rig_at(struct rig *r, uint64_t mono_us)
{
    r->now.mono_us = mono_us;
    ix_sip_timeout(r->stack, r->now);
}

int rig_answer(struct rig *r, const char *status, const char *to_tag, const char *lines, const char *body)
{
    char text[SLOT / 2];
    struct ix_str via = ix_sip_get(&r->msg, IX_SIP_H_VIA), from = ix_sip_get(&r->msg, IX_SIP_H_FROM),
                  to = ix_sip_get(&r->msg, IX_SIP_H_TO);
    bool tagged = r->msg.to_tag.n > 0 || !to_tag;
    int n = snprintf(text, sizeof text,
        "SIP/2.0 %s\nVia: %.*s;received=192.0.2.9\nFrom: %.*s\nTo: %.*s%s%s\nCall-ID: %.*s\nCSeq: %u %.*s\n%s"
        "Content-Length: %zu\n\n%s",
        status, IX_FMT_STR(via), IX_FMT_STR(from), IX_FMT_STR(to), tagged ? "" : ";tag=", tagged ? "" : to_tag,
        IX_FMT_STR(r->msg.call_id), r->msg.cseq, IX_FMT_STR(r->msg.method_name), lines ? lines : "",
        body ? strlen(body) : 0, body ? body : "");
    cr_assert(n > 0 && (size_t) n < sizeof text);
    return rig_feed(r, text);
}

ix_sip_txn rig_invite(struct rig *r, struct ix_sip_auth *auth)
{
    ix_sip_txn txn = 0;
    struct ix_sip_request req = { .method = IX_SIP_INVITE,
        .uri = IX_STR("sip:9196@pbx.test"),
        .from = IX_STR("<sip:1000@pbx.test>"),
        .to = IX_STR("<sip:9196@pbx.test>"),
        .content_type = IX_STR("application/sdp"),
        .body = IX_STR("v=0\r\n"),
        .auth = auth };
    cr_assert_eq(ix_sip_send_request(r->stack, RIG_TRANSPORT, &req, &rig_user, r->now, &txn), 0);
    cr_assert_neq(txn, 0);
    rig_take(r, IX_SIP_OUT_SEND);
    cr_assert_eq(r->msg.method, IX_SIP_INVITE);
    return txn;
}

const char rig_invite_text[] = "INVITE sip:me@abc.invalid;transport=ws SIP/2.0\n"
                               "Via: SIP/2.0/WS 192.0.2.1:8066;branch=z9hG4bKfirst\n"
                               "Max-Forwards: 69\n"
                               "From: \"Agent 1000\" <sip:1000@pbx.test>;tag=theirs\n"
                               "To: <sip:me@abc.invalid;transport=ws>\n"
                               "Call-ID: call-1\n"
                               "CSeq: 100 INVITE\n"
                               "Contact: <sip:mod_sofia@192.0.2.1:5060;transport=udp>\n"
                               "Content-Type: application/sdp\n"
                               "Content-Length: 6\n\nv=0\n ";

ix_sip_txn rig_invited(struct rig *r)
{
    cr_assert_eq(rig_feed(r, rig_invite_text), 0);
    rig_take(r, IX_SIP_OUT_REQUEST);
    cr_assert_eq(r->out.msg->method, IX_SIP_INVITE);
    return r->out.txn;
}

int rig_in_dialog(struct rig *r, struct ix_sip_dialog *d, const char *method, unsigned cseq, const char *branch)
{
    const char *text =
        wiref("%s sip:me@abc.invalid;transport=ws SIP/2.0\n"
              "Via: SIP/2.0/WS 192.0.2.1:8066;branch=z9hG4bK%s\n"
              "From: <sip:1000@pbx.test>;tag=%.*s\nTo: <sip:me@abc.invalid>;tag=%.*s\n"
              "Call-ID: %.*s\nCSeq: %u %s\nContact: <sip:mod_sofia@192.0.2.1:5060>\nContent-Length: 0\n\n",
            method, branch, IX_FMT_STR(ix_sip_dialog_remote_tag(d)), IX_FMT_STR(ix_sip_dialog_local_tag(d)),
            IX_FMT_STR(ix_sip_dialog_call_id(d)), cseq, method);
    return rig_feed(r, text);
}
