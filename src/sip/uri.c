/* SPDX-License-Identifier: MIT */
/* SIP, SIPS and TEL URIs: parse, compare, write (RFC 3261 section 19.1, RFC 3966 as far as a user agent needs it). */
#include "sip/scan.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* next character with its escape resolved, -1 at a broken escape */
static int next_char(struct ix_str s, size_t *at)
{
    if (s.p[*at] != '%')
        return (unsigned char) s.p[(*at)++];
    if (s.n - *at < 3)
        return -1;
    int high = hex_value(s.p[*at + 1]), low = hex_value(s.p[*at + 2]);
    *at += 3;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* printable, no delimiter of the surrounding header, whole escapes */
static bool text_valid(struct ix_str s)
{
    for (size_t i = 0; i < s.n;) {
        char c = s.p[i];
        if ((unsigned char) c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"')
            return false;
        if (next_char(s, &i) < 0)
            return false;
    }
    return true;
}

static bool scheme_valid(struct ix_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!alpha && !(i && other))
            return false;
    }
    return s.n > 0;
}

static enum ix_sip_scheme scheme_of(struct ix_str name)
{
    if (ix_str_ieq(name, IX_STR("sip")))
        return IX_SIP_SCHEME_SIP;
    if (ix_str_ieq(name, IX_STR("sips")))
        return IX_SIP_SCHEME_SIPS;
    if (ix_str_ieq(name, IX_STR("tel")))
        return IX_SIP_SCHEME_TEL;
    return IX_SIP_SCHEME_OTHER;
}

static int parse_userinfo(struct ix_sip_uri *uri, struct ix_str userinfo)
{
    size_t colon = ix_str_find(userinfo, ':');
    uri->user = ix_str_slice(userinfo, 0, colon);
    if (colon != SIZE_MAX)
        uri->password = ix_str_slice(userinfo, colon + 1, userinfo.n);
    return uri->user.n ? 0 : IRISX_E_PROTOCOL;
}

static int parse_sip(struct ix_sip_uri *uri, struct ix_str rest)
{
    size_t at = ix_str_find(rest, '@');
    int err = 0;

    if (at != SIZE_MAX) {
        err = parse_userinfo(uri, ix_str_slice(rest, 0, at));
        rest = ix_str_slice(rest, at + 1, rest.n);
    }
    if (!err)
        err = ix_sip_take_hostport(&rest, &uri->host, &uri->host_ipv6, &uri->port);
    if (err)
        return err;
    size_t question = ix_str_find(rest, '?');
    if (question != SIZE_MAX) {
        uri->headers = ix_str_slice(rest, question + 1, rest.n);
        rest = ix_str_slice(rest, 0, question);
    }
    if (rest.n && rest.p[0] != ';')
        return IRISX_E_PROTOCOL;
    uri->params = ix_str_slice(rest, 1, rest.n);
    return 0;
}

static int parse_other(struct ix_sip_uri *uri, struct ix_str rest)
{
    size_t semicolon = uri->scheme == IX_SIP_SCHEME_TEL ? ix_str_find(rest, ';') : SIZE_MAX;
    uri->user = ix_str_slice(rest, 0, semicolon);
    if (semicolon != SIZE_MAX)
        uri->params = ix_str_slice(rest, semicolon + 1, rest.n);
    return uri->user.n ? 0 : IRISX_E_PROTOCOL;
}

int ix_sip_uri_parse(struct ix_sip_uri *uri, struct ix_str text)
{
    struct ix_sip_uri parsed = { .text = text };
    size_t colon = ix_str_find(text, ':');

    if (colon == SIZE_MAX || !text_valid(text))
        return IRISX_E_PROTOCOL;
    parsed.scheme_name = ix_str_slice(text, 0, colon);
    if (!scheme_valid(parsed.scheme_name))
        return IRISX_E_PROTOCOL;
    parsed.scheme = scheme_of(parsed.scheme_name);
    struct ix_str rest = ix_str_slice(text, colon + 1, text.n);
    bool sip = parsed.scheme == IX_SIP_SCHEME_SIP || parsed.scheme == IX_SIP_SCHEME_SIPS;
    int err = sip ? parse_sip(&parsed, rest) : parse_other(&parsed, rest);
    if (!err)
        *uri = parsed;
    return err;
}

/* ---- comparison -------------------------------------------------------------------------- */

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* equal once escapes are resolved */
static bool decoded_eq(struct ix_str a, struct ix_str b, bool ignore_case)
{
    size_t i = 0, j = 0;
    while (i < a.n && j < b.n) {
        int x = next_char(a, &i), y = next_char(b, &j);
        if (x < 0 || y < 0 || (ignore_case ? lower(x) != lower(y) : x != y))
            return false;
    }
    return i == a.n && j == b.n;
}

static bool host_eq(const struct ix_sip_uri *a, const struct ix_sip_uri *b)
{
    struct ix_addr x, y;
    if (a->host_ipv6 && b->host_ipv6 && !ix_addr_parse(&x, a->host, 0) && !ix_addr_parse(&y, b->host, 0))
        return ix_addr_same_ip(&x, &y);
    return a->host_ipv6 == b->host_ipv6 && ix_str_ieq(a->host, b->host);
}

/* RFC 3261 section 19.1.4: these never match when only one side has them; all others are then ignored */
static bool decisive(struct ix_str name)
{
    static const char *const names[] = { "user", "ttl", "method", "maddr", "transport" };
    for (size_t i = 0; i < IX_COUNT(names); i++) {
        if (ix_str_ieq(name, ix_str(names[i])))
            return true;
    }
    return false;
}

/* b has a parameter of that name, and if so whether one of them has that value: a repeated name is an error of the
 * sender that must not make a URI differ from itself */
static bool has_param(struct ix_str b, struct ix_str name, struct ix_str value, bool *agrees)
{
    struct ix_str n, v;
    bool found = false;
    *agrees = false;
    while (ix_sip_param_next(&b, &n, &v)) {
        if (!decoded_eq(n, name, true))
            continue;
        found = true;
        *agrees = *agrees || decoded_eq(v, value, true);
    }
    return found;
}

static bool params_agree(struct ix_str a, struct ix_str b)
{
    struct ix_str name, value;
    bool agrees;
    while (ix_sip_param_next(&a, &name, &value)) {
        if (has_param(b, name, value, &agrees) ? !agrees : decisive(name))
            return false;
    }
    return true;
}

static bool has_header(struct ix_str headers, struct ix_str header)
{
    struct ix_str one;
    while (ix_str_cut(&headers, '&', &one)) {
        if (decoded_eq(one, header, false))
            return true;
    }
    return false;
}

static bool headers_within(struct ix_str a, struct ix_str b)
{
    struct ix_str one;
    while (ix_str_cut(&a, '&', &one)) {
        if (!has_header(b, one))
            return false;
    }
    return true;
}

bool ix_sip_uri_eq(const struct ix_sip_uri *a, const struct ix_sip_uri *b)
{
    if (!ix_str_ieq(a->scheme_name, b->scheme_name))
        return false;
    if (!decoded_eq(a->user, b->user, a->scheme == IX_SIP_SCHEME_TEL) || !decoded_eq(a->password, b->password, false))
        return false;
    return host_eq(a, b) && a->port == b->port && params_agree(a->params, b->params) &&
           params_agree(b->params, a->params) && headers_within(a->headers, b->headers) &&
           headers_within(b->headers, a->headers);
}

/* ---- writing ----------------------------------------------------------------------------- */

static void write_part(struct ix_buf *b, char separator, struct ix_str part)
{
    if (!part.n)
        return;
    ix_buf_u8(b, (uint8_t) separator);
    ix_buf_strv(b, part);
}

void ix_sip_uri_write(struct ix_buf *b, const struct ix_sip_uri *uri)
{
    ix_buf_strv(b, uri->scheme_name);
    ix_buf_u8(b, ':');
    ix_buf_strv(b, uri->user);
    write_part(b, ':', uri->password);
    if (uri->user.n && uri->host.n)
        ix_buf_u8(b, '@');
    ix_buf_str(b, uri->host_ipv6 ? "[" : "");
    ix_buf_strv(b, uri->host);
    ix_buf_str(b, uri->host_ipv6 ? "]" : "");
    if (uri->port) {
        ix_buf_u8(b, ':');
        ix_buf_dec(b, uri->port);
    }
    write_part(b, ';', uri->params);
    write_part(b, '?', uri->headers);
}

/* RFC 3261 section 25.1: unreserved / user-unreserved */
static bool user_char(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c && ix_str_find(IX_STR("-_.!~*'()&=+$,;?/"), c) != SIZE_MAX;
}

void ix_sip_user_write(struct ix_buf *b, struct ix_str user)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < user.n; i++) {
        unsigned char c = (unsigned char) user.p[i];
        if (user_char((char) c)) {
            ix_buf_u8(b, c);
            continue;
        }
        ix_buf_u8(b, '%');
        ix_buf_u8(b, (uint8_t) digits[c >> 4]);
        ix_buf_u8(b, (uint8_t) digits[c & 15]);
    }
}

int ix_sip_user_decode(struct ix_buf *b, struct ix_str user)
{
    for (size_t i = 0; i < user.n;) {
        int c = next_char(user, &i);
        if (c < 0)
            return IRISX_E_PROTOCOL;
        ix_buf_u8(b, (uint8_t) c);
    }
    return b->err;
}
