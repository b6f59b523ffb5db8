/* SPDX-License-Identifier: MIT */
/*
 * Which server a line is connected to: several in order of preference, redirects of a registrar (RFC 3261 sections
 * 8.1.3.4 and 21.3), the way back to the preferred one.
 *
 *   a server that cannot be reached, or fails to register ──▶ the next one at once; after the last one: back-off
 *   on a lesser one ──60 s, no call──▶ connection to the preferred one beside it ──▶ register there ──▶ old one closed
 *   3xx ──▶ its contacts by q, never from wss to ws, five in a row at most; when they fail: the servers again
 */
#include <string.h>

#include "call/private.h"

int ix_servers_take(struct ix_line *l, const struct ix_line_config *config)
{
    struct ix_str rest = ix_str(config->servers), one;

    l->return_us = l->answer_by_us = IX_NEVER;
    l->servers[l->server_count++] = ix_dup_cstr(config->ws_url);
    while (l->servers[l->server_count - 1] && rest.n) {
        (void) ix_str_cut(&rest, ',', &one);
        one = ix_str_trim(one);
        if (!one.n)
            continue;
        if (l->server_count == IX_LINE_SERVERS)
            return IRISX_E_LIMIT;
        l->servers[l->server_count++] = ix_str_dup(one);
        if (l->servers[l->server_count - 1] && !ix_url_ok(l->servers[l->server_count - 1]))
            return IRISX_E_INVALID;
    }
    return l->servers[l->server_count - 1] ? 0 : IRISX_E_NO_MEMORY;
}

static void forget_targets(struct ix_line_targets *t)
{
    for (size_t i = 0; i < IX_COUNT(t->url); i++) {
        ix_free(t->url[i]);
        ix_free(t->registrar[i]);
    }
    memset(t, 0, sizeof *t);
}

void ix_servers_free(struct ix_line *l)
{
    for (size_t i = 0; i < l->server_count; i++)
        ix_free(l->servers[i]);
    forget_targets(&l->targets);
}

const char *ix_servers_url(const struct ix_line *l)
{
    return l->targets.count ? l->targets.url[l->targets.at] : l->servers[l->server_at];
}

/* the Request-URI that belongs to the present server */
static void set_registrar(struct ix_line *l)
{
    struct ix_buf b;

    ix_buf_init(&b, 512);
    ix_buf_fmt(&b, "sip:%s", l->realm);
    (void) ix_sip_reg_set_registrar(l->reg, /* no memory: the one before, which most servers take as well */
        l->targets.count ? ix_str(l->targets.registrar[l->targets.at]) : ix_str_n(b.p, b.n));
    ix_buf_clear(&b);
}

bool ix_servers_next(struct ix_line *l)
{
    if (l->redirected) { /* the targets' turn begins */
        l->redirected = false;
        set_registrar(l);
        return true;
    }
    if (l->targets.count && l->targets.at + 1 < l->targets.count) {
        l->targets.at++;
        set_registrar(l);
        return true;
    }
    if (l->targets.count) {
        forget_targets(&l->targets);
        set_registrar(l);
    }
    l->server_at = (l->server_at + 1) % l->server_count;
    return ++l->failed % l->server_count != 0;
}

/* ---- redirects --------------------------------------------------------------------------- */
/* thousandths; 1000 if there is none (RFC 3261 section 20.10: the caller's choice) */
static unsigned q_of(struct ix_str params)
{
    struct ix_str q, whole;
    uint32_t w = 1, f = 0, unit = 1000;

    if (!ix_sip_param(params, "q", &q))
        return 1000;
    (void) ix_str_cut(&q, '.', &whole);
    if (ix_str_u32(whole, 1, &w) || (q.n && (q.n > 3 || ix_str_u32(q, 999, &f))))
        return 0;
    for (size_t i = 0; i < q.n; i++)
        unit /= 10;
    return IX_MIN(w * 1000 + f * unit, 1000u);
}

/* "wss://host:port/path" of a Contact: our scheme unless it names one, and our path, which SIP cannot say */
static char *target_url(const struct ix_line *l, const struct ix_sip_uri *uri)
{
    const char *present = ix_servers_url(l);
    struct ix_str s = ix_str(present), transport;
    bool secure = ix_str_istarts(s, IX_STR("wss:")), wants = secure;
    struct ix_buf b;
    size_t slash;

    if (uri->scheme == IX_SIP_SCHEME_SIPS)
        wants = true;
    else if (ix_sip_param(uri->params, "transport", &transport) && ix_str_ieq(transport, IX_STR("wss")))
        wants = true;
    if (uri->scheme != IX_SIP_SCHEME_SIP && uri->scheme != IX_SIP_SCHEME_SIPS)
        return NULL;
    s = ix_str_slice(s, ix_str_find(s, '/') + 2, s.n);
    slash = ix_str_find(s, '/');
    ix_buf_init(&b, 1024);
    ix_buf_fmt(&b, uri->host_ipv6 ? "%s[%.*s]" : "%s%.*s", wants ? "wss://" : "ws://", IX_FMT_STR(uri->host));
    if (uri->port)
        ix_buf_fmt(&b, ":%u", uri->port);
    if (slash != SIZE_MAX)
        ix_buf_strv(&b, ix_str_slice(s, slash, s.n));
    return ix_buf_take(&b);
}

static char *target_registrar(const struct ix_sip_uri *uri)
{
    struct ix_buf b;

    ix_buf_init(&b, 512);
    ix_buf_fmt(&b, uri->host_ipv6 ? "sip:[%.*s]" : "sip:%.*s", IX_FMT_STR(uri->host));
    if (uri->port)
        ix_buf_fmt(&b, ":%u", uri->port);
    return ix_buf_take(&b);
}

/* a plain URL after an encrypted one is none: whoever can write a 302 could read along */
static bool add_target(struct ix_line *l, struct ix_line_targets *t, const struct ix_sip_addr *a)
{
    char *url = target_url(l, &a->uri), *registrar = url ? target_registrar(&a->uri) : NULL;
    struct ix_str transport;
    bool plain = a->uri.scheme == IX_SIP_SCHEME_SIP && ix_sip_param(a->uri.params, "transport", &transport) &&
                 ix_str_ieq(transport, IX_STR("ws")) && ix_str_istarts(ix_str(ix_servers_url(l)), IX_STR("wss:"));

    if (!registrar || plain || !ix_url_ok(url) || t->count == IX_COUNT(t->url)) {
        ix_free(url);
        ix_free(registrar);
        return false;
    }
    t->url[t->count] = url;
    t->registrar[t->count++] = registrar;
    return true;
}

void ix_servers_redirect(struct ix_line *l, const struct ix_sip_msg *msg)
{
    struct ix_line_targets fresh = { .count = 0 };
    unsigned limit = 1001;

    for (;;) { /* the values of q from above */
        struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_CONTACT);
        struct ix_sip_addr a;
        struct ix_str value;
        unsigned best = 0;
        bool any = false;

        while (ix_sip_values_next(&it, &value))
            if (!ix_sip_addr_parse(&a, value) && !a.star && q_of(a.params) < limit) {
                best = any ? IX_MAX(best, q_of(a.params)) : q_of(a.params);
                any = true;
            }
        if (!any)
            break;
        it = ix_sip_values(msg, IX_SIP_H_CONTACT);
        while (ix_sip_values_next(&it, &value))
            if (!ix_sip_addr_parse(&a, value) && !a.star && q_of(a.params) == best)
                (void) add_target(l, &fresh, &a); /* one that cannot be used is passed over */
        limit = best;
    }
    forget_targets(&l->targets);
    l->targets = fresh;
    l->redirected = fresh.count > 0;
}

bool ix_servers_follow(struct ix_line *l, unsigned status, struct ix_phone_error *e)
{
    struct ix_transport *t = ix_transport_get(l->obj.phone, l->transport);

    if (l->redirected && t && ++l->redirects <= IX_REDIRECTS) {
        ix_transport_leave(t, IRISX_E_AGAIN, "the server sends us to another one");
        return true;
    }
    if (l->redirects > IX_REDIRECTS)
        ix_error_set(e, IRISX_E_SERVER, "the servers redirect in a circle (SIP %u): tell the administrator", status);
    else
        ix_error_set(e, IRISX_E_SERVER,
            "the server redirects to nowhere that may be used, or from wss to ws (SIP %u): check ws_url", status);
    l->redirected = false;
    forget_targets(&l->targets);
    return false;
}

/* ---- back to the preferred one ----------------------------------------------------------- */
static void close_transport(struct ix_line *l, uint32_t *id)
{
    struct ix_transport *t = ix_transport_get(l->obj.phone, *id);

    *id = 0;
    if (t)
        ix_transport_close(t);
}

void ix_servers_drop_old(struct ix_line *l)
{
    close_transport(l, &l->old);
    if (l->closing || l->state == IX_LINE_FAILED)
        close_transport(l, &l->probe);
}

static void look_later(struct ix_line *l)
{
    l->return_every_us = l->return_every_us ? IX_MIN(2 * l->return_every_us, IX_RETURN_MAX_US) : IX_RETURN_US;
    l->return_us = l->obj.phone->now.mono_us + l->return_every_us;
}

void ix_servers_ready(struct ix_line *l)
{
    l->failed = 0;
    l->redirects = 0;
    l->answer_by_us = IX_NEVER;
    ix_servers_drop_old(l);
    if (l->server_at == 0 || l->targets.count) {
        l->return_us = IX_NEVER;
        l->return_every_us = 0;
    } else if (l->return_us == IX_NEVER) {
        look_later(l);
    }
}

static void look(struct ix_line *l)
{
    struct ix_transport *t;

    if (l->probe || l->closing || l->state != IX_LINE_READY || l->server_at == 0 || ix_line_has_calls(l)) {
        l->return_us = l->server_at == 0 ? IX_NEVER : l->obj.phone->now.mono_us + IX_RETURN_US;
        return;
    }
    l->return_us = IX_NEVER;
    if (ix_transport_new(l->obj.phone, l, l->servers[0], l->ca_file, &t))
        look_later(l);
    else
        l->probe = t->obj.id;
}

bool ix_servers_opened(struct ix_line *l, const struct ix_transport *t)
{
    if (t->obj.id != l->probe)
        return false;
    if (l->closing || l->state != IX_LINE_READY || ix_line_has_calls(l)) {
        close_transport(l, &l->probe);
        look_later(l);
        return true;
    }
    close_transport(l, &l->old);
    l->old = l->transport;
    l->transport = l->probe;
    l->probe = 0;
    l->server_at = 0;
    l->return_every_us = 0;
    l->state = IX_LINE_REGISTERING; /* calls can be made all the while: nobody needs to know */
    set_registrar(l);
    ix_line_register(l);
    return true;
}

bool ix_servers_closed(struct ix_line *l, const struct ix_transport *t)
{
    if (t->obj.id == l->transport)
        return false;
    if (t->obj.id == l->probe) {
        l->probe = 0;
        look_later(l);
        ix_line_rearm(l);
    }
    if (t->obj.id == l->old)
        l->old = 0;
    return true;
}

void ix_servers_timeout(struct ix_line *l)
{
    uint64_t now = l->obj.phone->now.mono_us;
    struct ix_transport *t = ix_transport_get(l->obj.phone, l->transport);

    if (now >= l->return_us)
        look(l);
    if (now < l->answer_by_us)
        return;
    l->answer_by_us = IX_NEVER;
    if (t && !l->closing)
        ix_transport_leave(t, IRISX_E_TIMEOUT, "the server does not answer REGISTER: trying the next one");
}

uint64_t ix_servers_deadline(const struct ix_line *l)
{
    return IX_MIN(l->return_us, l->answer_by_us);
}
