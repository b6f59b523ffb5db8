/* SPDX-License-Identifier: MIT */
/* Calls that come in: the INVITE, ringing, early media, the answer. RFC 3261 section 13.3, RFC 3264. */
#include <string.h>

#include "call/private.h"

static void refuse_invite(
    struct ix_phone *p, ix_sip_txn txn, unsigned status, const char *why, const struct ix_buf *more)
{
    struct ix_sip_reply reply = { .status = status };
    struct ix_buf b;

    ix_buf_init(&b, 512);
    if (why) {
        ix_buf_str(&b, "Warning: 399 irisx ");
        ix_sip_quote(&b, ix_str(why));
        ix_buf_str(&b, "\r\n");
    }
    if (more && !more->err)
        ix_buf_put(&b, more->p, more->n);
    reply.headers = b.err ? IX_STR_NONE : ix_str_n(b.p, b.n);
    (void) ix_sip_respond(p->stack, txn, &reply, p->now); /* failing, the peer's transaction times out */
    ix_buf_clear(&b);
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

static bool line_full(const struct ix_phone *p, const struct ix_line *l)
{
    uint32_t count = 0;

    if (!l || !l->max_calls)
        return false;
    IX_LIST_EACH (node, &p->calls) {
        const struct ix_call *c = IX_CONTAINER(node, struct ix_call, obj.all);

        count += c->line == l->obj.id && !c->ended;
    }
    return count >= l->max_calls;
}

static int room_for(struct ix_phone *p, const struct ix_transport *t, struct ix_call **out)
{
    const struct ix_line *l = t ? ix_line_get(p, t->line) : NULL;

    if (!t || (l && l->closing))
        return IRISX_E_CLOSED;
    if (line_full(p, l)) {
        p->counts.refused_busy++;
        return IRISX_E_LIMIT;
    }
    return ix_call_new(p, true, out);
}

/* when it is answered by itself, and how long it may ring */
static void set_clocks(struct ix_call *c, const struct ix_sip_msg *msg)
{
    const struct ix_line *l = ix_line_get(c->obj.phone, c->line);
    uint64_t now = c->obj.phone->now.mono_us;
    int asked = l && l->auto_answer == IX_AUTO_ASKED ? ix_call_asks_answer(msg) : -1;

    /* the caller gives up first; this only ends leftovers */
    c->ring_at_us = now + (l && l->ring_limit_ms ? l->ring_limit_ms * IX_MS : 3 * IX_RING_DEFAULT_US);
    if (c->replaces)
        return;
    if (l && l->auto_answer == IX_AUTO_ALWAYS)
        c->auto_at_us = now + l->auto_answer_ms * IX_MS;
    else if (asked >= 0)
        c->auto_at_us = now + (uint64_t) asked * IX_MS;
}

/* what the INVITE says besides its description; 0, or the status to refuse it with */
static unsigned read_request(struct ix_call *c, const struct ix_sip_msg *msg, struct ix_buf *lines, const char **why)
{
    unsigned status = ix_call_identity(c, msg) ? 500 : read_offer(c, msg, why);

    if (!status)
        status = ix_session_request(c, msg, lines);
    return status ? status : ix_call_takes_place(c, msg);
}

static struct ix_call *make_call(struct ix_phone *p, uint32_t transport, ix_sip_txn txn, const struct ix_sip_msg *msg)
{
    struct ix_transport *t = ix_transport_get(p, transport);
    const char *why = NULL;
    char storage[64];
    struct ix_buf lines;
    unsigned status;
    struct ix_call *c;
    struct ix_set *s;
    int err = room_for(p, t, &c);

    p->counts.incoming++;
    if (err) {
        refuse_invite(p, txn, err == IRISX_E_LIMIT ? 486 : 480, NULL, NULL);
        return NULL;
    }
    c->transport = transport;
    c->line = t->line;
    ix_buf_init_fixed(&lines, storage, sizeof storage);
    status = read_request(c, msg, &lines, &why);
    s = status ? NULL : ix_set_take(p, c->obj.id);
    if (!s) {
        refuse_invite(p, txn, status ? status : 500, why, &lines);
        ix_call_free(c);
        return NULL;
    }
    (void) ix_sip_txn_set_user(p->stack, txn, c); /* it is there: its request was just read */
    c->invite = txn;
    c->set = s->obj.id;
    set_clocks(c, msg);
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
    const struct ix_sip_msg *request = ix_sip_txn_request(p->stack, c->invite);
    const char *why = NULL;
    char storage[160];
    struct ix_buf lines;
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
    ix_buf_init_fixed(&lines, storage, sizeof storage);
    if (request && status >= 200)
        ix_session_reply(c, request, &lines);
    if (c->line)
        ix_buf_str(&lines, "X-FS-Support: update_display,send_info\r\n");
    reply.headers = ix_str_n(lines.p, lines.n);
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
    ix_call_took_place(c);
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
