/* SPDX-License-Identifier: MIT */
/*
 * Who the two of a call are, as their messages say: names, P-Asserted-Identity and Privacy (RFC 3323, 3325), a change
 * of either within the call; and whether a caller wants to be answered at once (RFC 5373, and what phones really send).
 */
#include "call/private.h"

#define HEAD_MAX 16384

/* ---- theirs -------------------------------------------------------------------------------- */
static char *clear_name(struct ix_str quoted)
{
    struct ix_buf b;
    char *text;

    ix_buf_init(&b, 512);
    ix_sip_unquote(&b, quoted);
    text = b.err ? NULL : ix_buf_take(&b);
    ix_buf_clear(&b);
    return text ? text : ix_dup_cstr("");
}

static bool unknown(const struct ix_sip_msg *msg)
{
    struct ix_str list = ix_sip_get_name(msg, "Privacy"), one;

    while (ix_str_cut(&list, ';', &one)) {
        one = ix_str_trim(one);
        if (ix_str_ieq(one, IX_STR("id")) || ix_str_ieq(one, IX_STR("user")) || ix_str_ieq(one, IX_STR("header")))
            return true;
    }
    return ix_str_ieq(msg->from.uri.user, IX_STR("anonymous")) ||
           ix_str_ieq(msg->from.uri.host, IX_STR("anonymous.invalid"));
}

void ix_call_heard(struct ix_call *c, const struct ix_sip_msg *msg)
{
    const char *end = msg->body.n ? msg->body.p : msg->raw.p + msg->raw.n;
    size_t n = (size_t) (end - msg->raw.p);

    if (ix_sip_has(msg, IX_SIP_H_ALLOW))
        c->peer_update = ix_sip_list_has(msg, IX_SIP_H_ALLOW, "UPDATE");
    c->peer_timer = ix_sip_list_has(msg, IX_SIP_H_SUPPORTED, "timer");
    c->peer_reliable = c->peer_reliable || ix_sip_list_has(msg, IX_SIP_H_SUPPORTED, "100rel") ||
                       ix_sip_list_has(msg, IX_SIP_H_REQUIRE, "100rel");
    ix_free(c->head); /* without memory there is none */
    c->head = n <= HEAD_MAX ? ix_dup_mem(msg->raw.p, n) : NULL;
    c->head_len = c->head ? n : 0;
}

int ix_call_identity(struct ix_call *c, const struct ix_sip_msg *msg)
{
    struct ix_sip_addr asserted;

    c->anonymous = unknown(msg);
    ix_call_heard(c, msg);
    c->peer_name = clear_name(msg->from.display);
    c->peer_uri = ix_str_dup(msg->from.uri.text);
    if (!ix_sip_get_addr(msg, IX_SIP_H_P_ASSERTED_IDENTITY, &asserted)) {
        c->asserted = ix_str_dup(asserted.uri.text);
        if (c->peer_name && !c->peer_name[0] && !c->anonymous) {
            ix_free(c->peer_name);
            c->peer_name = clear_name(asserted.display);
        }
    }
    return c->peer_uri && c->peer_name ? 0 : IRISX_E_NO_MEMORY;
}

static struct ix_str body_line(struct ix_str body, struct ix_str name)
{
    struct ix_str line, head;

    while (ix_str_cut(&body, '\n', &line))
        if (ix_str_cut(&line, ':', &head) && ix_str_ieq(ix_str_trim(head), name))
            return ix_str_trim(line);
    return IX_STR_NONE;
}

static void say_display(struct ix_call *c, char *uri, char *name)
{
    bool same =
        uri && name && ix_str_eq(ix_str(uri), ix_str(c->peer_uri)) && ix_str_eq(ix_str(name), ix_str(c->peer_name));

    if (!uri || !name || same) {
        ix_free(uri);
        ix_free(name);
        return;
    }
    ix_free(c->peer_uri);
    ix_free(c->peer_name);
    c->peer_uri = uri;
    c->peer_name = name;
    ix_call_note(c, "display", "%s", "");
    ix_call_talk(c, IX_EV_DISPLAY);
}

/* FreeSWITCH's own headers (or lines of the body), a number instead of an address */
static void display_number(struct ix_call *c, struct ix_str number, struct ix_str name)
{
    struct ix_sip_uri old, fresh;
    struct ix_buf b;
    char *uri;

    if (!number.n && !name.n)
        return;
    if (!number.n || ix_sip_uri_parse(&old, ix_str(c->peer_uri))) {
        say_display(c, ix_dup_cstr(c->peer_uri), clear_name(name));
        return;
    }
    ix_buf_init(&b, 1024);
    ix_buf_str(&b, "sip:");
    ix_sip_user_write(&b, number);
    ix_buf_u8(&b, '@');
    ix_buf_strv(&b, old.host_ipv6 ? IX_STR("[") : IX_STR_NONE);
    ix_buf_strv(&b, old.host);
    ix_buf_strv(&b, old.host_ipv6 ? IX_STR("]") : IX_STR_NONE);
    uri = ix_buf_take(&b);
    if (uri && ix_sip_uri_parse(&fresh, ix_str(uri))) {
        ix_free(uri);
        uri = NULL;
    }
    say_display(c, uri, clear_name(name));
}

void ix_call_display(struct ix_call *c, const struct ix_sip_msg *msg)
{
    struct ix_sip_addr who;
    struct ix_str name = ix_sip_get_name(msg, "X-FS-Display-Name"),
                  number = ix_sip_get_name(msg, "X-FS-Display-Number");

    if (!name.n && !number.n && msg->method == IX_SIP_INFO) {
        name = body_line(msg->body, IX_STR("X-FS-Display-Name"));
        number = body_line(msg->body, IX_STR("X-FS-Display-Number"));
    }
    if (name.n || number.n)
        display_number(c, number, name);
    else if (!ix_sip_get_addr(msg, IX_SIP_H_P_ASSERTED_IDENTITY, &who) ||
             !ix_sip_get_addr(msg, IX_SIP_H_REMOTE_PARTY_ID, &who))
        say_display(c, ix_str_dup(who.uri.text), clear_name(who.display));
}

struct ix_str ix_call_head(const struct ix_phone *p, uint32_t call)
{
    const struct ix_call *c = ix_call_get(p, call);

    return c && c->head ? ix_str_n(c->head, c->head_len) : IX_STR_NONE;
}

struct ix_str ix_call_asserted(const struct ix_phone *p, uint32_t call, bool *anonymous)
{
    const struct ix_call *c = ix_call_get(p, call);

    *anonymous = c && c->anonymous;
    return c && c->asserted ? ix_str(c->asserted) : IX_STR_NONE;
}

/* ---- to be answered at once ------------------------------------------------------------------ */
static int seconds_of(struct ix_str value, struct ix_str name)
{
    struct ix_str param = IX_STR_NONE;
    uint32_t seconds = 0;

    for (size_t i = 0; i + name.n < value.n && !param.n; i++)
        if (ix_str_istarts(ix_str_slice(value, i, value.n), name))
            param = ix_str_slice(value, i + name.n, value.n);
    if (!param.n)
        return -1;
    for (size_t i = 0; i < param.n && param.p[i] >= '0' && param.p[i] <= '9'; i++)
        seconds = IX_MIN(seconds * 10 + (uint32_t) (param.p[i] - '0'), UINT32_C(3600));
    return (int) seconds;
}

static bool holds(struct ix_str value, struct ix_str word)
{
    for (size_t i = 0; i + word.n <= value.n; i++)
        if (ix_str_istarts(ix_str_slice(value, i, value.n), word))
            return true;
    return false;
}

static int from_info(struct ix_str value)
{
    int seconds = seconds_of(value, IX_STR("answer-after="));

    if (seconds < 0 && (holds(value, IX_STR("alert-autoanswer")) || holds(value, IX_STR("auto answer")) ||
                           holds(value, IX_STR("autoanswer")) || holds(value, IX_STR("intercom"))))
        seconds = IX_MAX(seconds_of(value, IX_STR("delay=")), 0);
    return seconds;
}

int ix_call_asks_answer(const struct ix_sip_msg *msg)
{
    static const char *const modes[] = { "Priv-Answer-Mode", "Answer-Mode" }, *const infos[] = { "Call-Info",
        "Alert-Info" };
    struct ix_str value, word;
    int seconds;

    for (size_t i = 0; i < IX_COUNT(modes); i++) {
        value = ix_sip_get_name(msg, modes[i]);
        (void) ix_str_cut(&value, ';', &word);
        if (ix_str_ieq(ix_str_trim(word), IX_STR("auto")))
            return 0;
    }
    for (size_t i = 0; i < msg->header_count; i++) /* there may be several */
        for (size_t k = 0; k < IX_COUNT(infos); k++)
            if (ix_str_ieq(msg->headers[i].name, ix_str(infos[k])) && (seconds = from_info(msg->headers[i].value)) >= 0)
                return seconds * 1000;
    return -1;
}

/* ---- ours ------------------------------------------------------------------------------------ */
char *ix_call_own_from(const struct ix_call *c, const struct ix_line *l)
{
    struct ix_buf b;

    ix_buf_init(&b, 1024);
    if (c->hide)
        ix_buf_str(&b, "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
    else
        ix_sip_write_addr(&b, ix_str(c->name ? c->name : l->display), ix_str(l->aor), IX_STR_NONE);
    return ix_buf_take(&b);
}

int ix_call_own_lines(const struct ix_call *c, const struct ix_line *l, struct ix_buf *b)
{
    if (c->hide && l) { /* RFC 3325 section 9.2: the proxy may know, nobody behind it */
        ix_buf_str(b, "P-Preferred-Identity: ");
        ix_sip_write_addr(b, ix_str(c->name ? c->name : l->display), ix_str(l->aor), IX_STR_NONE);
        ix_buf_str(b, "\r\nPrivacy: id\r\n");
    }
    if (c->replacing)
        ix_sip_write_header(b, "Replaces", ix_str(c->replacing));
    if (c->replacing && l)
        ix_buf_str(b, "Require: replaces\r\n");
    if (c->reliable == IX_RELIABLE_REQUIRED)
        ix_buf_str(b, "Require: 100rel\r\n");
    if (l) /* FreeSWITCH tells changes of name and number to who says so */
        ix_buf_str(b, "X-FS-Support: update_display,send_info\r\n");
    ix_session_offer(c, true, b);
    return b->err;
}
