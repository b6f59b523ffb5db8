/* SPDX-License-Identifier: MIT */
/*
 * Texts between agents (RFC 3428): passed on to the newest registration and answered as it answers; for an agent who is
 * not there kept (202), and sent when it registers. 9196 sends back what it gets.
 */
#include <string.h>

#include "sandbox/sip.h"

#define KEPT_PER_AGENT 32
#define TEXTS_MAX 1024

struct text {
    struct ix_list node; /* in sandbox_sip.texts */
    char to[64], from[160]; /* extension; value of From */
    char *content_type;
    ix_sip_txn txn; /* whom to answer; 0: has been */
    bool under_way;
    size_t len;
    uint8_t body[];
};

static void text_free(struct sandbox_sip *s, struct text *t)
{
    ix_list_remove(&t->node);
    s->text_count--;
    ix_free(t->content_type);
    ix_free(t);
}

void sandbox_texts_free(struct sandbox_sip *s)
{
    while (!ix_list_empty(&s->texts))
        text_free(s, IX_CONTAINER(s->texts.next, struct text, node));
}

unsigned sandbox_texts_kept(const struct sandbox_sip *s, const char *extension)
{
    unsigned count = 0;

    IX_LIST_EACH (node, &s->texts) {
        const struct text *t = IX_CONTAINER(node, struct text, node);

        count += !t->txn && !t->under_way && !strcmp(t->to, extension);
    }
    return count;
}

static struct text *text_new(
    struct sandbox_sip *s, const char *to, const char *from, const char *name, const struct ix_sip_msg *msg)
{
    struct text *t = s->text_count < TEXTS_MAX ? ix_alloc(sizeof *t + msg->body.n) : NULL;
    struct ix_buf uri, b;

    if (!t)
        return NULL;
    ix_buf_init(&uri, 256);
    ix_buf_str(&uri, "sip:");
    ix_sip_user_write(&uri, ix_str(from));
    ix_buf_str(&uri, "@" SANDBOX_REALM);
    ix_buf_init_fixed(&b, t->from, sizeof t->from - 1);
    ix_sip_write_addr(&b, ix_str(name), ix_str_n(uri.p, uri.n), IX_STR_NONE);
    t->content_type = ix_str_dup(ix_sip_get(msg, IX_SIP_H_CONTENT_TYPE));
    s->text_count++;
    ix_list_append(&s->texts, &t->node);
    t->len = msg->body.n;
    memcpy(t->body, msg->body.n ? msg->body.p : "", msg->body.n);
    if (!t->content_type || b.err || uri.err || ix_str_copy(t->to, sizeof t->to, ix_str(to))) {
        text_free(s, t);
        t = NULL;
    }
    ix_buf_clear(&uri);
    return t;
}

/* false: not registered, or no room */
static bool pass_on(struct sandbox_sip *s, struct text *t)
{
    const struct ix_sip_binding *binding = sandbox_binding(s, ix_str(t->to));
    struct ix_ask_config ask = { .message = true,
        .from = t->from,
        .content_type = t->content_type[0] ? t->content_type : NULL,
        .body = t->body,
        .body_len = t->len,
        .user_data = t };

    if (!binding)
        return false;
    ask.transport = binding->transport;
    ask.to = binding->contact;
    t->under_way = !ix_phone_ask(sandbox_phone(s), &ask, sandbox_now(s));
    return t->under_way;
}

void sandbox_text_done(struct sandbox_sip *s, const struct ix_phone_event *ev)
{
    struct text *t = ev->user;
    unsigned status = ev->error->sip_status ? ev->error->sip_status : ev->error->code ? 480 : 200;

    t->under_way = false;
    if (t->txn)
        sandbox_answer(s, t->txn, status, IX_STR_NONE);
    else if (status >= 300)
        return; /* kept for the next registration */
    text_free(s, t);
    sandbox_watch_changed(s);
}

void sandbox_text_registered(struct sandbox_sip *s, const struct sandbox_agent *agent)
{
    IX_LIST_EACH_SAFE (node, &s->texts) {
        struct text *t = IX_CONTAINER(node, struct text, node);

        if (!t->txn && !t->under_way && !strcmp(t->to, agent->extension))
            (void) pass_on(s, t); /* else it is kept on */
    }
}

void sandbox_text(struct sandbox_sip *s, const struct ix_phone_event *ev)
{
    const struct sandbox_agent *agent = sandbox_authenticate(s, ev, true);
    bool echo, known;
    struct text *t;
    char to[64];

    if (!agent)
        return;
    sandbox_number(ev->msg->uri.user, to, sizeof to);
    echo = !strcmp(to, "9196");
    known = echo || sandbox_agent_find(s, ix_str(to));
    if (!known || ev->msg->body.n > IX_TEXT_MAX) {
        sandbox_answer(s, ev->txn, known ? 413 : 404, IX_STR_NONE);
        return;
    }
    t = text_new(s, echo ? agent->extension : to, echo ? to : agent->extension, echo ? "Echo" : agent->name, ev->msg);
    if (!t) {
        sandbox_answer(s, ev->txn, 503, IX_STR("Retry-After: 5\r\n"));
        return;
    }
    t->txn = echo ? 0 : ev->txn;
    if (echo)
        sandbox_answer(s, ev->txn, 200, IX_STR_NONE);
    if (pass_on(s, t))
        return;
    t->txn = 0;
    if (sandbox_texts_kept(s, t->to) > KEPT_PER_AGENT) {
        text_free(s, t);
        if (!echo)
            sandbox_answer(s, ev->txn, 480, IX_STR_NONE);
        return;
    }
    if (!echo)
        sandbox_answer(s, ev->txn, 202, IX_STR_NONE);
    sandbox_watch_changed(s);
}
