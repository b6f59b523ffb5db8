/* SPDX-License-Identifier: MIT */
/* Text views: pointer and length into somebody else's bytes. ASCII rules only, no locale. */
#include "core/core.h"

#include <string.h>

struct ix_str ix_str(const char *cstr)
{
    return (struct ix_str){ cstr, cstr == NULL ? 0 : strlen(cstr) };
}

struct ix_str ix_str_n(const void *p, size_t n)
{
    return (struct ix_str){ p, n };
}

bool ix_str_eq(struct ix_str a, struct ix_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
}

bool ix_str_ieq(struct ix_str a, struct ix_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    }
    return true;
}

bool ix_str_starts(struct ix_str s, struct ix_str prefix)
{
    return s.n >= prefix.n && ix_str_eq(ix_str_n(s.p, prefix.n), prefix);
}

bool ix_str_istarts(struct ix_str s, struct ix_str prefix)
{
    return s.n >= prefix.n && ix_str_ieq(ix_str_n(s.p, prefix.n), prefix);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct ix_str ix_str_trim(struct ix_str s)
{
    while (s.n > 0 && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct ix_str ix_str_slice(struct ix_str s, size_t from, size_t to)
{
    to = IX_MIN(to, s.n);
    from = IX_MIN(from, to);
    return s.p == NULL ? IX_STR_NONE : ix_str_n(s.p + from, to - from);
}

size_t ix_str_find(struct ix_str s, char c)
{
    const char *hit = s.n == 0 ? NULL : memchr(s.p, c, s.n);

    return hit == NULL ? SIZE_MAX : (size_t) (hit - s.p);
}

bool ix_str_cut(struct ix_str *s, char c, struct ix_str *head)
{
    if (s->n == 0) {
        *head = IX_STR_NONE;
        return false;
    }
    size_t at = ix_str_find(*s, c);
    *head = ix_str_slice(*s, 0, at);
    *s = at == SIZE_MAX ? ix_str_n(s->p + s->n, 0) : ix_str_slice(*s, at + 1, s->n);
    return true;
}

int ix_str_u64(struct ix_str s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;

    if (s.n == 0)
        return IRISX_E_PROTOCOL;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return IRISX_E_PROTOCOL;
        uint64_t digit = (uint64_t) (s.p[i] - '0');
        if (v > (max - IX_MIN(digit, max)) / 10 || digit > max)
            return IRISX_E_PROTOCOL;
        v = v * 10 + digit;
    }
    *out = v;
    return 0;
}

int ix_str_u32(struct ix_str s, uint32_t max, uint32_t *out)
{
    uint64_t v = 0;
    int err = ix_str_u64(s, max, &v);

    if (err == 0)
        *out = (uint32_t) v;
    return err;
}

/* -1 if c is no hexadecimal digit */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int ix_str_hex_u64(struct ix_str s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.n == 0)
        return IRISX_E_PROTOCOL;
    for (size_t i = 0; i < s.n; i++) {
        int digit = hex_value(s.p[i]);
        if (digit < 0 || v >> 60 != 0)
            return IRISX_E_PROTOCOL;
        v = v << 4 | (uint64_t) digit;
    }
    *out = v;
    return 0;
}

int ix_hex_decode(struct ix_str s, uint8_t *out, size_t out_len)
{
    if (s.n % 2 != 0 || s.n / 2 != out_len)
        return IRISX_E_PROTOCOL;
    for (size_t i = 0; i < s.n; i++) {
        if (hex_value(s.p[i]) < 0)
            return IRISX_E_PROTOCOL;
    }
    for (size_t i = 0; i < out_len; i++)
        out[i] = (uint8_t) ((unsigned) hex_value(s.p[2 * i]) << 4 | (unsigned) hex_value(s.p[2 * i + 1]));
    return 0;
}

char *ix_str_dup(struct ix_str s)
{
    return ix_dup_mem(s.p, s.n);
}

int ix_str_copy(char *dst, size_t cap, struct ix_str s)
{
    if (s.n >= cap) {
        if (cap > 0)
            dst[0] = '\0';
        return IRISX_E_TOO_LARGE;
    }
    if (s.n > 0)
        memcpy(dst, s.p, s.n);
    dst[s.n] = '\0';
    return 0;
}
