/* SPDX-License-Identifier: MIT */
/* Calls that come in: the INVITE, ringing, early media, the answer. RFC 3261 section 13.3, RFC 3264. */
#include <string.h>

#include "call/private.h"

static void refuse_invite(struct ix_phone *p, ix_sip_txn txn, unsigned status, const char *why)
{
    struct ix_sip_reply reply = { .status = status };
    struct ix_buf b;

    ix_buf_init(&b, 512);
    if (why) {
        ix_buf_str(&b, "Warning: 399 irisx ");
        ix_sip_quote(&b, ix_str(why));
        ix_buf_str(&b, "\r\n");
    }
    reply.headers = b.err ? IX_STR_NONE : ix_str_n(b.p, b.n);
    (void) ix_sip_respond(p->stack, txn, &reply, p->now); /* failing, the peer's transaction times out */
    ix_buf_clear(&b);
}

static int peer_texts(struct ix_call *c, const struct ix_sip_msg *msg)
{
    struct ix_buf name;

    ix_buf_init(&name, 512);
    ix_sip_unquote(&name, msg->from.display);
    c->peer_name = name.err ? ix_dup_cstr("") : ix_buf_take(&name);
    if (!c->peer_name)
        c->peer_name = ix_dup_cstr("");
    ix_buf_clear(&name);
    c->peer_uri = ix_str_dup(msg->from.uri.text);
    return c->peer_uri && c->peer_name ? 0 : IRISX_E_NO_MEMORY;
}

/* RFC 4475 section 3.3.15: who takes no SDP cannot be answered */
static bool takes_sdp(const struct ix_sip_msg *msg)
{
    struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_ACCEPT);
    struct ix_str value, type;

    if (!ix_sip_has(msg, IX_SIP_H_ACCEPT))
        return true;
    while (ix_sip_values_next(&it, &value)) {
        (void) ix_str_cut(&value, ';', &type);
        type = ix_str_trim(type);
        if (ix_str_ieq(type, IX_STR("application/sdp")) || ix_str_ieq(type, IX_STR("application/*")) ||
            ix_str_ieq(type, IX_STR("*/*")))
            return true;
    }
    return false;
}

/* The offer, if there is one, is read now: what cannot become a call is refused before it rings. */
static unsigned read_offer(struct ix_call *c, const struct ix_sip_msg *msg, const char **why)
{
    struct ix_sdp_local local = { .opus = !c->no_opus, .pcmu = !c->no_pcmu, .pcma = !c->no_pcma, .events = true };
    struct ix_sdp_agreed agreed;
    int err;

    if (!takes_sdp(msg)) {
        *why = "the answer would be application/sdp, which Accept does not list";
        return 406;
    }
    if (!msg->body.n)
        return 0;
    if (!ix_sip_content_is(msg, "application/sdp")) {
        *why = "only application/sdp is understood";
        return 415;
    }
    err = ix_call_read(c, msg->body, &c->remote, &c->remote_text, why);
    if (err == IRISX_E_NO_MEMORY)
        return 500;
    if (err)
        return 400;
    err = ix_sdp_accept(c->remote, &local, &agreed, why);
    return err ? 488 : 0;
}

static struct ix_call *make_call(struct ix_phone *p, uint32_t transport, ix_sip_txn txn, const struct ix_sip_msg *msg)
{
    struct ix_transport *t = ix_transport_get(p, transport);
    const char *why = NULL;
    unsigned status = 0;
    const struct ix_line *l = t ? ix_line_get(p, t->line) : NULL;
    struct ix_call *c;
    struct ix_set *s;
    int err = t && !(l && l->closing) ? ix_call_new(p, true, &c) : IRISX_E_CLOSED;

    if (err) {
        refuse_invite(p, txn, err == IRISX_E_LIMIT ? 486 : 480, NULL);
        return NULL;
    }
    c->transport = transport;
    c->line = t->line;
    err = peer_texts(c, msg);
    status = err ? 500 : read_offer(c, msg, &why);
    s = status ? NULL : ix_set_take(p, c->obj.id);
    if (!s) {
        refuse_invite(p, txn, status ? status : 500, why);
        ix_call_free(c);
        return NULL;
    }
    (void) ix_sip_txn_set_user(p->stack, txn, c); /* it is there: its request was just read */
    c->invite = txn;
    c->set = s->obj.id;
    c->ring_at_us = p->now.mono_us + 3 * IX_RING_DEFAULT_US; /* the caller gives up first; this only ends leftovers */
    ix_call_set_state(c, IX_CALL_RINGING);
    c->unreported = 0; /* IX_EV_INCOMING says it, or the caller of ix_call_take knows it */
    ix_set_spare(p);
    return c;
}

void ix_call_incoming(struct ix_phone *p, uint32_t transport, ix_sip_txn txn, const struct ix_sip_msg *msg)
{
    struct ix_call *c = make_call(p, transport, txn, msg);

    if (c)
        c->report_incoming = true;
}

int ix_call_take(
    struct ix_phone *p, uint32_t transport, ix_sip_txn txn, void *user_data, struct ix_now now, uint32_t *call_out)
{
    const struct ix_sip_msg *msg = ix_sip_txn_request(p->stack, txn);
    struct ix_call *c;

    p->now = now;
    if (!msg || msg->method != IX_SIP_INVITE)
        return IRISX_E_NOT_FOUND;
    c = make_call(p, transport, txn, msg);
    if (!c)
        return IRISX_E_UNSUPPORTED;
    c->user_data = user_data;
    *call_out = c->obj.id;
    return 0;
}

void ix_call_send_answer(struct ix_call *c, unsigned status)
{
    struct ix_phone *p = c->obj.phone;
    struct ix_sip_reply reply = { .status = status, .content_type = IX_STR("application/sdp") };
    const char *why = NULL;
    int err = c->ice ? 0 : ix_call_media_open(c, c->remote == NULL);

    if (!err && c->remote && !c->described) {
        struct ix_sdp *sdp = c->remote;
        char *text = c->remote_text;

        c->remote = NULL;
        c->remote_text = NULL;
        err = ix_call_use(c, sdp, text, true, &why);
    }
    ix_buf_reset(&p->scratch);
    if (!err)
        err = ix_call_describe(c, c->offerer, &p->scratch);
    if (!err && !c->dialog)
        err = ix_sip_dialog_uas(p->stack, c->invite, c, &c->dialog);
    reply.dialog = c->dialog;
    reply.body = ix_str_n(p->scratch.p, p->scratch.n);
    if (!err)
        err = ix_sip_respond(p->stack, c->invite, &reply, p->now);
    if (err) {
        ix_call_fail(c, err, why ? why : ix_error_text(err));
        return;
    }
    if (status < 200) {
        c->want_early = false;
        return;
    }
    c->want_answer = false;
    c->invite = 0; /* the stack keeps the 2xx alive until the ACK */
    c->describing = c->offerer;
    ix_call_set_state(c, IX_CALL_ANSWERED);
    if (c->keyed)
        ix_call_set_state(c, IX_CALL_ACTIVE);
}

static int when_ready(struct ix_call *c, unsigned status)
{
    struct ix_set *s = ix_set_get(c->obj.phone, c->set);

    if (s && s->state == IX_SET_READY)
        ix_call_send_answer(c, status);
    ix_dirty(&c->obj);
    return 0;
}

int ix_call_early_media(struct ix_phone *p, uint32_t call, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (!c->incoming || c->ending || c->report.answered_us || !c->remote)
        return IRISX_E_STATE;
    c->want_early = true;
    return when_ready(c, 183);
}

int ix_call_answer(struct ix_phone *p, uint32_t call, const struct ix_call_config *config, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    if (!c->incoming || c->ending || c->report.answered_us || c->want_answer)
        return IRISX_E_STATE;
    if (config) {
        c->no_opus = config->no_opus;
        c->no_pcmu = config->no_pcmu;
        c->no_pcma = config->no_pcma;
        c->duration_us = config->max_duration_ms * IX_MS;
    }
    c->report.dialled_us = now.mono_us; /* the set-up time of an incoming call counts from here */
    c->want_answer = true;
    return when_ready(c, 200);
}

int ix_call_redirect(struct ix_phone *p, uint32_t call, const char *target, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);
    const struct ix_line *l = c ? ix_line_get(p, c->line) : NULL;
    struct ix_buf b;
    char *uri = NULL;
    int err;

    p->now = now;
    if (!c)
        return IRISX_E_NOT_FOUND;
    err = l && target ? ix_call_target(l, target, &uri) : IRISX_E_INVALID;
    ix_buf_init(&b, 4096);
    if (!err)
        ix_buf_fmt(&b, "Contact: <%s>\r\n", uri);
    ix_buf_u8(&b, 0);
    if (!err)
        err = b.err ? b.err : ix_call_reject(p, call, 302, 0, (const char *) b.p, now);
    ix_buf_clear(&b);
    ix_free(uri);
    return err;
}
