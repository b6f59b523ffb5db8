/* SPDX-License-Identifier: MIT */
/* Structured header values: name-addr (RFC 3261 section 20.10), Via (20.42), the Reason of RFC 3326. */
#include "sip/scan.h"

/* where an address without quotes stops being display name or URI: '<', ';' or a stray quote */
static size_t address_head(struct ix_str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != '<' && s.p[i] != ';' && s.p[i] != '"')
        i++;
    return i;
}

static int take_params(struct ix_str rest, struct ix_str *params)
{
    rest = ix_str_trim(rest);
    if (!rest.n)
        return 0;
    if (rest.p[0] != ';' || !ix_sip_params_valid(rest))
        return IRISX_E_PROTOCOL;
    *params = ix_str_slice(rest, 1, rest.n);
    return 0;
}

/* s begins with '<' */
static int take_bracketed(struct ix_sip_addr *a, struct ix_str s)
{
    size_t end = ix_str_find(s, '>');
    if (end == SIZE_MAX)
        return IRISX_E_PROTOCOL;
    int err = ix_sip_uri_parse(&a->uri, ix_str_trim(ix_str_slice(s, 1, end)));
    return err ? err : take_params(ix_str_slice(s, end + 1, s.n), &a->params);
}

/* RFC 3261 section 20: without <> a URI ends at ';', and a comma or question mark in it is an error */
static int take_bare(struct ix_sip_addr *a, struct ix_str s, size_t head)
{
    struct ix_str uri = ix_str_trim(ix_str_slice(s, 0, head));
    if (ix_str_find(uri, '?') != SIZE_MAX || ix_str_find(uri, ',') != SIZE_MAX)
        return IRISX_E_PROTOCOL;
    int err = ix_sip_uri_parse(&a->uri, uri);
    return err ? err : take_params(ix_str_slice(s, head, s.n), &a->params);
}

int ix_sip_addr_parse(struct ix_sip_addr *a, struct ix_str value)
{
    struct ix_sip_addr parsed = { .star = false };
    struct ix_str s = ix_str_trim(value);
    int err;

    if (ix_str_eq(s, IX_STR("*"))) {
        parsed.star = true;
        *a = parsed;
        return 0;
    }
    if (s.n && s.p[0] == '"') {
        if (!ix_sip_take_quoted(&s, &parsed.display))
            return IRISX_E_PROTOCOL;
        ix_sip_skip_lws(&s);
        err = s.n && s.p[0] == '<' ? take_bracketed(&parsed, s) : IRISX_E_PROTOCOL;
    } else {
        size_t head = address_head(s);
        if (head < s.n && s.p[head] == '<') {
            parsed.display = ix_str_trim(ix_str_slice(s, 0, head));
            err = take_bracketed(&parsed, ix_str_slice(s, head, s.n));
        } else {
            err = head < s.n && s.p[head] == '"' ? IRISX_E_PROTOCOL : take_bare(&parsed, s, head);
        }
    }
    if (!err)
        *a = parsed;
    return err;
}

int ix_sip_via_parse(struct ix_sip_via *via, struct ix_str value)
{
    struct ix_sip_via parsed = { .port = 0 };
    struct ix_str s = value;

    if (!ix_str_ieq(ix_sip_take_token(&s), IX_STR("SIP")) || !ix_sip_take_char(&s, '/') ||
        !ix_str_eq(ix_sip_take_token(&s), IX_STR("2.0")) || !ix_sip_take_char(&s, '/'))
        return IRISX_E_PROTOCOL;
    parsed.transport = ix_sip_take_token(&s);
    if (!parsed.transport.n || !s.n || !ix_sip_lws_char(s.p[0]))
        return IRISX_E_PROTOCOL;
    ix_sip_skip_lws(&s);
    int err = ix_sip_take_hostport(&s, &parsed.host, &parsed.host_ipv6, &parsed.port);
    if (!err)
        err = take_params(s, &parsed.params);
    if (err)
        return err;
    (void) ix_sip_param(parsed.params, "branch", &parsed.branch); /* RFC 2543 peers send none */
    *via = parsed;
    return 0;
}

bool ix_sip_get_reason(const struct ix_sip_msg *msg, const char *protocol, struct ix_sip_reason *out)
{
    struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_REASON);
    struct ix_str value, cause;

    while (ix_sip_values_next(&it, &value)) {
        struct ix_sip_reason reason = { .cause = 0 };
        uint32_t number = 0;
        reason.protocol = ix_sip_take_token(&value);
        if (!reason.protocol.n || (protocol && !ix_str_ieq(reason.protocol, ix_str(protocol))))
            continue;
        if (ix_sip_param(value, "cause", &cause) && !ix_str_u32(cause, 999, &number))
            reason.cause = number;
        (void) ix_sip_param(value, "text", &reason.text);
        *out = reason;
        return true;
    }
    return false;
}

int ix_sip_get_session_expires(const struct ix_sip_msg *msg, uint32_t *seconds, struct ix_str *refresher)
{
    struct ix_str who = IX_STR_NONE, value = ix_sip_get(msg, IX_SIP_H_SESSION_EXPIRES);
    int err = ix_sip_get_u32(msg, IX_SIP_H_SESSION_EXPIRES, seconds);
    if (err)
        return err;
    size_t semicolon = ix_str_find(value, ';');
    if (semicolon != SIZE_MAX)
        (void) ix_sip_param(ix_str_slice(value, semicolon, value.n), "refresher", &who);
    *refresher = who;
    return 0;
}
