/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions of agents (RFC 6665, the notifier): dialog (RFC 4235), presence (RFC 3856), message-summary (RFC 3842).
 * What is told is what there is: calls, registrations, texts that are kept. Always the whole state, and only when it
 * has changed.
 */
#include <string.h>

#include "sandbox/sip.h"

#define WATCHES_MAX 1024
#define EXPIRES_MAX 3600
#define EXPIRES_DEFAULT 600

struct watch {
    struct ix_list node; /* in sandbox_sip.watches */
    enum ix_sip_package package;
    char of[64]; /* extension or place */
    struct ix_sip_dialog *dialog;
    uint64_t until_us;
    uint32_t version;
    char *told; /* the last body without its version; NULL nothing yet */
};

static void watch_free(struct sandbox_sip *s, struct watch *w)
{
    ix_list_remove(&w->node);
    s->watch_count--;
    if (w->dialog)
        ix_sip_dialog_free(w->dialog, sandbox_now(s));
    ix_free(w->told);
    ix_free(w);
}

void sandbox_watches_free(struct sandbox_sip *s)
{
    while (!ix_list_empty(&s->watches))
        watch_free(s, IX_CONTAINER(s->watches.next, struct watch, node));
    ix_loop_timer_free(s->watch_timer);
    s->watch_timer = NULL;
}

/* ---- what there is to tell --------------------------------------------------------------- */
static void xml_text(struct ix_buf *b, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            ix_buf_fmt(b, "&#%d;", *text);
        else
            ix_buf_u8(b, (uint8_t) *text);
    }
}

static void party(struct ix_buf *b, const char *who, const char *number)
{
    ix_buf_fmt(b, "<%s><identity>sip:", who);
    xml_text(b, number);
    ix_buf_fmt(b, "@" SANDBOX_REALM "</identity></%s>", who);
}

static void dialog(struct ix_buf *b, const struct sandbox_call *c, const struct watch *w, bool called)
{
    bool up = called ? (c->b && c->b->answered) || c->parked[0] : c->answered;
    const char *state = up ? "confirmed" : c->rung ? "early" : called ? "early" : "trying";

    ix_buf_fmt(
        b, "<dialog id=\"%s\" direction=\"%s\"><state>%s</state>", c->sid, called ? "recipient" : "initiator", state);
    party(b, "local", w->of);
    party(b, "remote", called ? c->from : c->to);
    ix_buf_str(b, "</dialog>");
}

/* 0 none, 1 it calls, 2 it is called, or somebody is parked there */
static int part_of(const struct sandbox_call *c, const char *who)
{
    if (c->over)
        return 0;
    if (c->agent[0] && c->a && !strcmp(c->agent, who))
        return 1;
    if ((c->b && !strcmp(c->target, who)) || (c->parked[0] && !strcmp(c->parked, who)))
        return 2;
    return 0;
}

static unsigned calls_of(const struct sandbox_sip *s, const struct watch *w, struct ix_buf *b)
{
    unsigned count = 0;

    IX_LIST_EACH (node, &s->calls) {
        const struct sandbox_call *c = IX_CONTAINER(node, struct sandbox_call, node);
        int part = part_of(c, w->of);

        count += part != 0;
        if (part && b)
            dialog(b, c, w, part == 2);
    }
    return count;
}

static void write_state(struct sandbox_sip *s, const struct watch *w, struct ix_buf *b)
{
    unsigned kept;

    switch (w->package) {
    case IX_SIP_PKG_DIALOG:
        (void) calls_of(s, w, b);
        break;
    case IX_SIP_PKG_PRESENCE:
        ix_buf_fmt(b, "<tuple id=\"t\"><status><basic>%s</basic></status>%s</tuple>",
            sandbox_binding(s, ix_str(w->of)) ? "open" : "closed",
            calls_of(s, w, NULL) ? "<note>On The Phone</note>" : "");
        break;
    case IX_SIP_PKG_SUMMARY:
        kept = sandbox_texts_kept(s, w->of);
        ix_buf_fmt(b, "Messages-Waiting: %s\r\nMessage-Account: sip:%s@" SANDBOX_REALM "\r\nText-Message: %u/0\r\n",
            kept ? "yes" : "no", w->of, kept);
        break;
    case IX_SIP_PKG_OTHER:
        break;
    }
}

static void write_body(const struct watch *w, struct ix_buf *b, struct ix_str state)
{
    if (w->package == IX_SIP_PKG_DIALOG)
        ix_buf_fmt(b,
            "<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"%u\" "
            "state=\"full\" entity=\"sip:%s@" SANDBOX_REALM "\">",
            w->version, w->of);
    else if (w->package == IX_SIP_PKG_PRESENCE)
        ix_buf_fmt(b,
            "<?xml version=\"1.0\"?>\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:%s@" SANDBOX_REALM
            "\">",
            w->of);
    ix_buf_strv(b, state);
    if (w->package != IX_SIP_PKG_SUMMARY)
        ix_buf_str(b, w->package == IX_SIP_PKG_DIALOG ? "</dialog-info>" : "</presence>");
}

/* ---- NOTIFY ------------------------------------------------------------------------------ */
static void notify(struct sandbox_sip *s, struct watch *w, bool always, const char *reason)
{
    uint64_t now = sandbox_now(s).mono_us;
    struct ix_sip_request req = { .method = IX_SIP_NOTIFY, .content_type = ix_str(ix_sip_package_accept(w->package)) };
    struct ix_buf state, body, headers;

    ix_buf_init(&state, 32768);
    ix_buf_init(&body, 33792);
    ix_buf_init(&headers, 256);
    write_state(s, w, &state);
    if (!state.err && (always || !w->told || !ix_str_eq(ix_str(w->told), ix_str_n(state.p, state.n)))) {
        write_body(w, &body, ix_str_n(state.p, state.n));
        ix_buf_fmt(&headers, "Event: %s\r\nSubscription-State: ", ix_sip_package_name(w->package));
        if (reason)
            ix_buf_fmt(&headers, "terminated;reason=%s\r\n", reason);
        else
            ix_buf_fmt(&headers, "active;expires=%u\r\n", (unsigned) ((w->until_us - IX_MIN(now, w->until_us)) / IX_S));
        req.headers = ix_str_n(headers.p, headers.n);
        req.body = ix_str_n(body.p, body.n);
        if (!body.err && !headers.err && !ix_sip_dialog_request(w->dialog, &req, NULL, sandbox_now(s), NULL)) {
            w->version++;
            ix_free(w->told);
            w->told = ix_buf_take(&state);
        }
    }
    ix_buf_clear(&state);
    ix_buf_clear(&body);
    ix_buf_clear(&headers);
}

static void on_timer(void *ctx)
{
    struct sandbox_sip *s = ctx;
    uint64_t now = sandbox_now(s).mono_us, next = IX_NEVER;

    IX_LIST_EACH_SAFE (node, &s->watches) {
        struct watch *w = IX_CONTAINER(node, struct watch, node);

        if (w->until_us > now) {
            next = IX_MIN(next, w->until_us);
            continue;
        }
        notify(s, w, true, "timeout");
        watch_free(s, w);
    }
    ix_loop_timer_set(s->watch_timer, next);
}

void sandbox_watch_changed(struct sandbox_sip *s)
{
    if (s->ending)
        return;
    IX_LIST_EACH_SAFE (node, &s->watches)
        notify(s, IX_CONTAINER(node, struct watch, node), false, NULL);
}

/* ---- SUBSCRIBE --------------------------------------------------------------------------- */
static struct watch *find(const struct sandbox_sip *s, const struct ix_sip_msg *msg)
{
    IX_LIST_EACH (node, &s->watches) {
        struct watch *w = IX_CONTAINER(node, struct watch, node);

        if (ix_str_eq(ix_sip_dialog_call_id(w->dialog), msg->call_id) &&
            ix_str_eq(ix_sip_dialog_local_tag(w->dialog), msg->to_tag))
            return w;
    }
    return NULL;
}

static struct watch *watch_new(struct sandbox_sip *s, const struct ix_phone_event *ev, enum ix_sip_package package)
{
    struct watch *w = s->watch_count < WATCHES_MAX ? ix_alloc(sizeof *w) : NULL;

    if (w && !s->watch_timer && ix_loop_timer_new(s->sb->call_loop, on_timer, s, &s->watch_timer)) {
        ix_free(w);
        w = NULL;
    }
    if (!w)
        return NULL;
    w->package = package;
    sandbox_number(ev->msg->uri.user, w->of, sizeof w->of);
    ix_list_append(&s->watches, &w->node);
    s->watch_count++;
    if (!ix_sip_dialog_uas(ix_phone_stack(sandbox_phone(s)), ev->txn, NULL, &w->dialog))
        return w;
    watch_free(s, w);
    return NULL;
}

static void keep(struct sandbox_sip *s, struct watch *w, const struct ix_phone_event *ev)
{
    uint32_t expires = EXPIRES_DEFAULT;
    char storage[40];
    struct ix_buf b;

    (void) ix_sip_get_u32(ev->msg, IX_SIP_H_EXPIRES, &expires); /* absent: the default */
    expires = IX_MIN(expires, (uint32_t) EXPIRES_MAX);
    ix_buf_init_fixed(&b, storage, sizeof storage);
    ix_buf_fmt(&b, "Expires: %u\r\n", expires);
    w->until_us = sandbox_now(s).mono_us + expires * IX_S;
    sandbox_answer(s, ev->txn, 200, ix_str_n(b.p, b.n));
    notify(s, w, true, expires ? NULL : "timeout");
    if (!expires)
        watch_free(s, w);
    on_timer(s);
}

void sandbox_watch(struct sandbox_sip *s, const struct ix_phone_event *ev)
{
    enum ix_sip_package package = ix_sip_package(ix_sip_get(ev->msg, IX_SIP_H_EVENT));
    struct watch *w = ev->msg->to_tag.n ? find(s, ev->msg) : NULL;
    char of[64];

    if (!w && ev->msg->to_tag.n) {
        sandbox_answer(s, ev->txn, 481, IX_STR_NONE);
        return;
    }
    if (w) {
        keep(s, w, ev);
        return;
    }
    if (!sandbox_authenticate(s, ev, true))
        return;
    sandbox_number(ev->msg->uri.user, of, sizeof of);
    if (package == IX_SIP_PKG_OTHER) {
        sandbox_answer(s, ev->txn, 489, IX_STR("Allow-Events: dialog, presence, message-summary\r\n"));
        return;
    }
    if (!sandbox_agent_find(s, ix_str(of)) && strncmp(of, "59", 2) != 0) {
        sandbox_answer(s, ev->txn, 404, IX_STR_NONE);
        return;
    }
    w = watch_new(s, ev, package);
    if (w)
        keep(s, w, ev);
    else
        sandbox_answer(s, ev->txn, 503, IX_STR("Retry-After: 30\r\n"));
}
