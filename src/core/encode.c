/* SPDX-License-Identifier: MIT */
/* Text encodings of bytes: base64 (RFC 4648), percent (RFC 3986 section 2.1), JSON strings (RFC 8259), UTF-8 (RFC
 * 3629). */
#include "core/core.h"

#include <string.h>

static const char plain_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode_base64(struct ix_buf *b, const uint8_t *p, size_t n, const char *letters, bool pad)
{
    for (; n > 0 && b->err == 0; p += 3, n -= IX_MIN(n, 3)) {
        uint32_t v = (uint32_t) p[0] << 16 | (n > 1 ? (uint32_t) p[1] << 8 : 0) | (n > 2 ? p[2] : 0u);
        char four[4] = { letters[v >> 18], letters[v >> 12 & 63], n > 1 ? letters[v >> 6 & 63] : '=',
            n > 2 ? letters[v & 63] : '=' };
        ix_buf_put(b, four, pad ? 4 : IX_MIN(n, 3) + 1);
        if (n <= 3)
            break;
    }
}

void ix_base64_encode(struct ix_buf *b, const void *p, size_t n)
{
    encode_base64(b, p, n, plain_letters, true);
}

void ix_base64url_encode(struct ix_buf *b, const void *p, size_t n)
{
    encode_base64(b, p, n, url_letters, false);
}

/* -1 if c is in neither alphabet */
static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Padding is optional, but where there is any it must be whole. */
static bool strip_padding(struct ix_str *s)
{
    size_t pad = 0;

    while (pad < 2 && pad < s->n && s->p[s->n - 1 - pad] == '=')
        pad++;
    if (pad > 0 && s->n % 4 != 0)
        return false;
    s->n -= pad;
    return s->n % 4 != 1;
}

int ix_base64_decode(struct ix_buf *b, struct ix_str s)
{
    size_t start = b->n;
    uint32_t bits = 0; /* the low `count` bits are not yet written */
    unsigned count = 0;

    if (!strip_padding(&s))
        return IRISX_E_PROTOCOL;
    for (size_t i = 0; i < s.n && b->err == 0; i++) {
        int value = base64_value(s.p[i]);
        if (value < 0) {
            b->n = start;
            return IRISX_E_PROTOCOL;
        }
        bits = (bits << 6 | (uint32_t) value) & 0xfff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            ix_buf_u8(b, (uint8_t) (bits >> count));
        }
    }
    if (b->err == 0 && (bits & ((1u << count) - 1)) == 0)
        return 0;
    b->n = start;
    return b->err != 0 ? b->err : IRISX_E_PROTOCOL; /* left-over bits: RFC 4648 section 3.5 */
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

void ix_percent_encode(struct ix_buf *b, struct ix_str s)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n && b->err == 0; i++) {
        size_t run = i;
        while (run < s.n && is_unreserved(s.p[run]))
            run++;
        ix_buf_put(b, s.p + i, run - i);
        i = run;
        if (i == s.n)
            break;
        uint8_t c = (uint8_t) s.p[i];
        ix_buf_put(b, (const char[]){ '%', digits[c >> 4], digits[c & 15] }, 3);
    }
}

/*
 * Length of the well-formed sequence at p (RFC 3629 section 4), 0 if there is none. The second byte has a range of its
 * own after E0, ED, F0 and F4: no over-long forms, no surrogates, nothing above U+10FFFF.
 */
static size_t utf8_sequence(const uint8_t *p, size_t n)
{
    size_t len = p[0] < 0x80                    ? 1
                 : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
                 : p[0] >= 0xe0 && p[0] <= 0xef ? 3
                 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                                : 0;
    if (len < 2)
        return len;
    uint8_t lo = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t hi = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (len > n || p[1] < lo || p[1] > hi)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

static size_t ascii_span(const void *p, size_t n)
{
    const uint8_t *bytes = p;
    size_t i = 0;
    uint64_t eight;

    for (; n - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, bytes + i, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (i < n && bytes[i] < 0x80)
        i++;
    return i;
}

bool ix_utf8_valid(const void *p, size_t n)
{
    const uint8_t *bytes = p;

    for (size_t i = ascii_span(bytes, n); i < n;) {
        size_t len = utf8_sequence(bytes + i, n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

static void json_escape(struct ix_buf *b, uint8_t c)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (size_t i = 0; i + 1 < sizeof named; i += 2) {
        if ((uint8_t) named[i] == c) {
            ix_buf_put(b, (const char[]){ '\\', named[i + 1] }, 2);
            return;
        }
    }
    ix_buf_str(b, "\\u00");
    ix_buf_hex(b, &c, 1);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void ix_buf_json_str(struct ix_buf *b, struct ix_str s)
{
    const uint8_t *p = (const uint8_t *) s.p;

    ix_buf_u8(b, '"');
    for (size_t i = 0, run, len; i < s.n && b->err == 0; i = run + IX_MAX(len, 1)) {
        for (run = i; run < s.n && is_plain(p[run]); run++) {
        }
        ix_buf_put(b, p + i, run - i);
        if (run == s.n)
            break;
        len = utf8_sequence(p + run, s.n - run);
        if (len == 0)
            ix_buf_str(b, "\xef\xbf\xbd"); /* U+FFFD */
        else if (len == 1)
            json_escape(b, p[run]);
        else
            ix_buf_put(b, p + run, len);
    }
    ix_buf_u8(b, '"');
}
