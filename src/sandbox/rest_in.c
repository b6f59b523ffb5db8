/* SPDX-License-Identifier: MIT */
/* What a request says: query members, path ids, addresses of receivers, the length of a text message. Pure. */
#include <string.h>

#include "sandbox/rest.h"

const char *rest_path_param(const struct rest_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->match.count; i++) {
        if (!strcmp(x->match.params[i].name, name))
            return x->match.params[i].value;
    }
    return "";
}

/* ---- queries --------------------------------------------------------------------------------- */
static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A '%' that begins no escape stands for itself. */
static bool decode(struct ix_str s, char *out, size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        int c = s.p[i] == '+' ? ' ' : (unsigned char) s.p[i];

        if (c == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
            c = hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]);
            i += 2;
        }
        if (!c || n + 1 >= cap)
            return false;
        out[n++] = (char) c;
    }
    out[n] = 0;
    return true;
}

bool rest_query(const struct rest_exchange *x, const char *name, char *out, size_t cap)
{
    struct ix_str rest = ix_str(x->request->query), pair, key;
    char decoded[64];

    while (ix_str_cut(&rest, '&', &pair)) {
        if (ix_str_cut(&pair, '=', &key) && decode(key, decoded, sizeof decoded) && !strcmp(decoded, name))
            return decode(pair, out, cap);
    }
    return false;
}

int rest_query_number(const struct rest_exchange *x, const char *name, int64_t fallback, int64_t *out)
{
    char text[32];
    struct ix_str s;
    size_t digits = 0;
    uint64_t value;

    *out = fallback;
    if (!rest_query(x, name, text, sizeof text) || !*text)
        return 0;
    s = ix_str_trim(ix_str(text));
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    if (ix_str_u64(ix_str_slice(s, 0, digits), INT32_MAX, &value))
        return IRISX_E_INVALID;
    *out = (int64_t) value;
    return 0;
}

int rest_path_id(const struct rest_exchange *x, int64_t *id)
{
    uint64_t value;

    if (ix_str_u64(ix_str(rest_path_param(x, "id")), INT64_MAX, &value))
        return IRISX_E_INVALID;
    *id = (int64_t) value;
    return 0;
}

int rest_not_bigint(struct rest_exchange *x)
{
    char storage[256];
    struct ix_buf text;

    ix_buf_init_fixed(&text, storage, sizeof storage - 1);
    ix_buf_fmt(&text, "invalid input syntax for type bigint: \"%s\"", rest_path_param(x, "id"));
    storage[text.n] = 0;
    return rest_failed(x, storage);
}

/* ---- addresses ------------------------------------------------------------------------------- */
/* host[:port] at the beginning of what follows "//" */
static bool authority(struct ix_str rest, struct ix_str *host, struct ix_str *port)
{
    size_t end = 0, close;

    while (end < rest.n && !strchr("/?#", rest.p[end]))
        end++;
    rest = ix_str_slice(rest, 0, end);
    if (!rest.n || ix_str_find(rest, '@') != SIZE_MAX)
        return false;
    if (rest.p[0] == '[') {
        close = ix_str_find(rest, ']');
        if (close == SIZE_MAX)
            return false;
        *host = ix_str_slice(rest, 0, close + 1);
        *port = ix_str_slice(rest, close + 1, rest.n);
    } else {
        close = ix_str_find(rest, ':');
        *host = ix_str_slice(rest, 0, close);
        *port = ix_str_slice(rest, IX_MIN(close, rest.n), rest.n);
    }
    return host->n > 0;
}

static bool is_loopback(struct ix_str host)
{
    static const struct ix_str domain = { ".localhost", 10 };
    struct ix_addr addr;

    if (!ix_addr_parse(&addr, host, 0))
        return ix_addr_is_loopback(&addr);
    return ix_str_ieq(host, ix_str_slice(domain, 1, domain.n)) ||
           (host.n > domain.n && ix_str_ieq(ix_str_slice(host, host.n - domain.n, host.n), domain));
}

bool rest_url_is_http(struct ix_str url, bool *loopback)
{
    struct ix_str rest, host, port;
    uint32_t number;

    if (ix_str_istarts(url, IX_STR("http://")))
        rest = ix_str_slice(url, 7, url.n);
    else if (ix_str_istarts(url, IX_STR("https://")))
        rest = ix_str_slice(url, 8, url.n);
    else
        return false;
    for (size_t i = 0; i < url.n; i++) {
        if ((unsigned char) url.p[i] <= ' ' || url.p[i] == 0x7f || url.p[i] == '\\')
            return false;
    }
    if (!authority(rest, &host, &port))
        return false;
    if (port.n && (port.p[0] != ':' || ix_str_u32(ix_str_slice(port, 1, port.n), 65535, &number) || !number))
        return false;
    *loopback = is_loopback(host);
    return true;
}

/* ---- text messages --------------------------------------------------------------------------- */
/* 3GPP TS 23.038 section 6.2.1: septets of a character, 0 if it is in neither table */
static size_t septets(uint32_t c)
{
    static const uint16_t basic[] = { 0xa3, 0xa5, 0xe8, 0xe9, 0xf9, 0xec, 0xf2, 0xc7, 0xd8, 0xf8, 0xc5, 0xe5, 0x394,
        0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0xc6, 0xe6, 0xdf, 0xc9, 0xa4, 0xa1, 0xc4, 0xd6,
        0xd1, 0xdc, 0xa7, 0xbf, 0xe4, 0xf6, 0xf1, 0xfc, 0xe0 };

    if (c == '\n' || c == '\r')
        return 1;
    if (c < 0x20 || c == 0x7f || c == '`')
        return c == '\f' ? 2 : 0;
    if (c < 0x7f)
        return strchr("^{}\\[~]|", (int) c) ? 2 : 1;
    for (size_t i = 0; i < IX_COUNT(basic); i++) {
        if (basic[i] == c)
            return 1;
    }
    return c == 0x20ac ? 2 : 0;
}

/* next character of valid UTF-8 */
static uint32_t next(struct ix_str s, size_t *at)
{
    uint8_t first = (uint8_t) s.p[(*at)++];
    size_t more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? first : first & (0x3fu >> more);

    while (more-- && *at < s.n)
        c = c << 6 | ((uint8_t) s.p[(*at)++] & 0x3f);
    return c;
}

size_t rest_sms_segments(struct ix_str text)
{
    size_t gsm = 0, utf16 = 0;
    bool plain = true;

    for (size_t at = 0; at < text.n;) {
        uint32_t c = next(text, &at);
        size_t n = septets(c);

        plain = plain && n;
        gsm += n;
        utf16 += c > 0xffff ? 2 : 1;
    }
    if (plain)
        return gsm <= 160 ? 1 : (gsm + 152) / 153;
    return utf16 <= 70 ? 1 : (utf16 + 66) / 67;
}
