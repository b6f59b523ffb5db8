/* SPDX-License-Identifier: MIT */
/* Lexical pieces: tokens, white space, quoted strings, hosts, parameters (RFC 3261 sections 7.3.1 and 25.1). */
#include "sip/scan.h"

#include <string.h>

static bool alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ix_sip_token_char(char c)
{
    switch (c) {
    case '-':
    case '.':
    case '!':
    case '%':
    case '*':
    case '_':
    case '+':
    case '`':
    case '\'':
    case '~':
        return true;
    default:
        return alnum(c);
    }
}

bool ix_sip_lws_char(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool ix_sip_is_token(struct ix_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ix_sip_token_char(s.p[i]))
            return false;
    }
    return s.n > 0;
}

static void advance(struct ix_str *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

void ix_sip_skip_lws(struct ix_str *s)
{
    size_t i = 0;
    while (i < s->n && ix_sip_lws_char(s->p[i]))
        i++;
    if (i)
        advance(s, i);
}

bool ix_sip_take_char(struct ix_str *s, char c)
{
    ix_sip_skip_lws(s);
    if (!s->n || s->p[0] != c)
        return false;
    advance(s, 1);
    return true;
}

struct ix_str ix_sip_take_token(struct ix_str *s)
{
    ix_sip_skip_lws(s);
    size_t i = 0;
    while (i < s->n && ix_sip_token_char(s->p[i]))
        i++;
    struct ix_str token = ix_str_slice(*s, 0, i);
    if (i)
        advance(s, i);
    return token;
}

bool ix_sip_take_quoted(struct ix_str *s, struct ix_str *inner)
{
    if (!s->n || s->p[0] != '"')
        return false;
    for (size_t i = 1; i < s->n; i++) {
        if (s->p[i] == '\\') {
            i++;
        } else if (s->p[i] == '"') {
            *inner = ix_str_slice(*s, 1, i);
            advance(s, i + 1);
            return true;
        }
    }
    return false;
}

/* RFC 3261 host; the underscore is not in it but in many names on the wire */
static bool host_char(char c)
{
    return alnum(c) || c == '.' || c == '-' || c == '_';
}

/* RFC 5118 section 4.10: the grammar of RFC 3261 yields [2001:db8:::192.0.2.1]; one colon of three is ignored */
static int parse_ipv6(struct ix_addr *a, struct ix_str host)
{
    char text[64];
    struct ix_buf b;
    size_t at = 0;

    while (at + 3 <= host.n && memcmp(host.p + at, ":::", 3) != 0)
        at++;
    if (at + 3 > host.n)
        return ix_addr_parse(a, host, 0);
    ix_buf_init_fixed(&b, text, sizeof text);
    ix_buf_put(&b, host.p, at);
    ix_buf_strv(&b, ix_str_slice(host, at + 1, host.n));
    return b.err ? IRISX_E_PROTOCOL : ix_addr_parse(a, ix_str_n(b.p, b.n), 0);
}

static int take_ipv6(struct ix_str *s, struct ix_str *host)
{
    size_t end = ix_str_find(*s, ']');
    struct ix_addr literal;
    if (end == SIZE_MAX)
        return IRISX_E_PROTOCOL;
    *host = ix_str_slice(*s, 1, end);
    if (parse_ipv6(&literal, *host) || literal.family != IX_IPV6)
        return IRISX_E_PROTOCOL;
    advance(s, end + 1);
    return 0;
}

static int take_port(struct ix_str *s, uint16_t *port)
{
    struct ix_str rest = *s;
    uint32_t value = 0;
    size_t i = 0;

    *port = 0;
    if (!ix_sip_take_char(&rest, ':'))
        return 0;
    ix_sip_skip_lws(&rest);
    while (i < rest.n && rest.p[i] >= '0' && rest.p[i] <= '9')
        i++;
    if (ix_str_u32(ix_str_slice(rest, 0, i), 65535, &value) || !value)
        return IRISX_E_PROTOCOL;
    *port = (uint16_t) value;
    advance(&rest, i);
    *s = rest;
    return 0;
}

int ix_sip_take_hostport(struct ix_str *s, struct ix_str *host, bool *ipv6, uint16_t *port)
{
    *ipv6 = s->n && s->p[0] == '[';
    if (*ipv6) {
        int err = take_ipv6(s, host);
        return err ? err : take_port(s, port);
    }
    size_t i = 0;
    while (i < s->n && host_char(s->p[i]))
        i++;
    if (!i)
        return IRISX_E_PROTOCOL;
    *host = ix_str_slice(*s, 0, i);
    advance(s, i);
    return take_port(s, port);
}

/* what an unquoted parameter value may hold: more than a token ("[::1]", "sip:a@b" occur), no separator */
static size_t value_length(struct ix_str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != ';' && s.p[i] != ',' && s.p[i] != '"' && s.p[i] != '<' && s.p[i] != '>' &&
           (unsigned char) s.p[i] > ' ' && s.p[i] != 0x7f)
        i++;
    return i;
}

/* one parameter behind its ';' */
static bool take_param(struct ix_str *s, struct ix_str *name, struct ix_str *value)
{
    *value = IX_STR_NONE;
    *name = ix_sip_take_token(s);
    if (!name->n)
        return false;
    if (!ix_sip_take_char(s, '='))
        return true;
    ix_sip_skip_lws(s);
    if (s->n && s->p[0] == '"')
        return ix_sip_take_quoted(s, value);
    size_t n = value_length(*s);
    *value = ix_str_slice(*s, 0, n);
    advance(s, n);
    return true;
}

bool ix_sip_param_next(struct ix_str *params, struct ix_str *name, struct ix_str *value)
{
    while (ix_sip_take_char(params, ';')) {
    }
    if (!params->n || !take_param(params, name, value))
        return false;
    size_t next = ix_str_find(*params, ';'); /* whatever stands between is skipped */
    *params = next == SIZE_MAX ? IX_STR_NONE : ix_str_slice(*params, next, params->n);
    return true;
}

bool ix_sip_param(struct ix_str params, const char *name, struct ix_str *value)
{
    struct ix_str wanted = ix_str(name), n, v;
    while (ix_sip_param_next(&params, &n, &v)) {
        if (!ix_str_ieq(n, wanted))
            continue;
        if (value)
            *value = v;
        return true;
    }
    return false;
}

bool ix_sip_params_valid(struct ix_str params)
{
    struct ix_str name, value;
    (void) ix_sip_take_char(&params, ';');
    ix_sip_skip_lws(&params);
    while (params.n) {
        if (!take_param(&params, &name, &value))
            return false;
        ix_sip_skip_lws(&params);
        if (!params.n)
            return true;
        if (!ix_sip_take_char(&params, ';'))
            return false;
        ix_sip_skip_lws(&params); /* one ';' too many at the end is seen in the wild and harmless */
    }
    return true;
}

void ix_sip_unquote(struct ix_buf *b, struct ix_str inner)
{
    for (size_t i = 0; i < inner.n; i++) {
        if (inner.p[i] == '\\' && i + 1 < inner.n)
            i++;
        ix_buf_u8(b, (uint8_t) inner.p[i]);
    }
}

void ix_sip_quote(struct ix_buf *b, struct ix_str text)
{
    ix_buf_u8(b, '"');
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '"' || c == '\\')
            ix_buf_u8(b, '\\');
        ix_buf_u8(b, (uint8_t) c);
    }
    ix_buf_u8(b, '"');
}

void ix_sip_unfold(struct ix_buf *b, struct ix_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\r' && s.p[i] != '\n') {
            ix_buf_u8(b, (uint8_t) s.p[i]);
            continue;
        }
        while (i + 1 < s.n && ix_sip_lws_char(s.p[i + 1]))
            i++;
        ix_buf_u8(b, ' ');
    }
}
