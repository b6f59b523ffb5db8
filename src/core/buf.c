/* SPDX-License-Identifier: MIT */
/* Growing byte buffer: write everything, check `err` once. A write that does not fit writes nothing. */
#include "core/core.h"

#include <stdio.h>
#include <string.h>

#define FIRST_CAP 64

void ix_buf_init(struct ix_buf *b, size_t limit)
{
    *b = (struct ix_buf){ .limit = limit };
}

void ix_buf_init_fixed(struct ix_buf *b, void *storage, size_t cap)
{
    *b = (struct ix_buf){ .p = storage, .cap = cap, .limit = cap, .fixed = true };
}

void ix_buf_clear(struct ix_buf *b)
{
    if (b == NULL)
        return;
    if (!b->fixed) {
        ix_free(b->p);
        b->p = NULL;
        b->cap = 0;
    }
    ix_buf_reset(b);
}

void ix_buf_reset(struct ix_buf *b)
{
    b->n = 0;
    b->err = 0;
}

/* Room for `need` bytes altogether, one more than the limit allowed (the NUL of ix_buf_take and ix_buf_fmt). */
static int grow(struct ix_buf *b, size_t need)
{
    size_t cap = IX_MAX(b->cap, FIRST_CAP);

    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (b->limit < SIZE_MAX)
        cap = IX_MIN(cap, b->limit + 1);
    uint8_t *p = ix_realloc(b->p, cap);
    if (p == NULL)
        return b->err = IRISX_E_NO_MEMORY;
    b->p = p;
    b->cap = cap;
    return 0;
}

int ix_buf_reserve(struct ix_buf *b, size_t extra)
{
    if (b->err != 0)
        return b->err;
    if (extra > b->limit - b->n)
        return b->err = IRISX_E_TOO_LARGE;
    if (extra <= b->cap - b->n)
        return 0;
    return grow(b, b->n + extra);
}

void ix_buf_put(struct ix_buf *b, const void *p, size_t n)
{
    if (ix_buf_reserve(b, n) != 0 || n == 0)
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void ix_buf_u8(struct ix_buf *b, uint8_t v)
{
    ix_buf_put(b, &v, 1);
}

void ix_buf_u16(struct ix_buf *b, uint16_t v)
{
    ix_buf_put(b, (const uint8_t[]){ (uint8_t) (v >> 8), (uint8_t) v }, 2);
}

void ix_buf_u24(struct ix_buf *b, uint32_t v)
{
    ix_buf_put(b, (const uint8_t[]){ (uint8_t) (v >> 16), (uint8_t) (v >> 8), (uint8_t) v }, 3);
}

void ix_buf_u32(struct ix_buf *b, uint32_t v)
{
    const uint8_t wire[] = { (uint8_t) (v >> 24), (uint8_t) (v >> 16), (uint8_t) (v >> 8), (uint8_t) v };

    ix_buf_put(b, wire, sizeof wire);
}

void ix_buf_u64(struct ix_buf *b, uint64_t v)
{
    uint8_t wire[8];

    for (size_t i = 0; i < sizeof wire; i++)
        wire[i] = (uint8_t) (v >> (56 - 8 * i));
    ix_buf_put(b, wire, sizeof wire);
}

void ix_buf_u16le(struct ix_buf *b, uint16_t v)
{
    ix_buf_put(b, (const uint8_t[]){ (uint8_t) v, (uint8_t) (v >> 8) }, 2);
}

void ix_buf_u32le(struct ix_buf *b, uint32_t v)
{
    const uint8_t wire[] = { (uint8_t) v, (uint8_t) (v >> 8), (uint8_t) (v >> 16), (uint8_t) (v >> 24) };

    ix_buf_put(b, wire, sizeof wire);
}

void ix_buf_str(struct ix_buf *b, const char *cstr)
{
    ix_buf_strv(b, ix_str(cstr));
}

void ix_buf_strv(struct ix_buf *b, struct ix_str s)
{
    ix_buf_put(b, s.p, s.n);
}

void ix_buf_dec(struct ix_buf *b, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char) ('0' + v % 10);
        v /= 10;
    } while (v != 0);
    ix_buf_put(b, digits + at, sizeof digits - at);
}

void ix_buf_hex(struct ix_buf *b, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = p;

    if (n > SIZE_MAX / 2 || ix_buf_reserve(b, 2 * n) != 0) {
        b->err = b->err != 0 ? b->err : IRISX_E_TOO_LARGE;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        b->p[b->n++] = (uint8_t) digits[bytes[i] >> 4];
        b->p[b->n++] = (uint8_t) digits[bytes[i] & 15];
    }
}

/* vsnprintf wants a byte for its NUL; what does not fit with it is formatted aside. */
static void put_formatted(struct ix_buf *b, size_t n, const char *fmt, va_list args) IX_PRINTF(3, 0);
static void put_formatted(struct ix_buf *b, size_t n, const char *fmt, va_list args)
{
    char *text = ix_alloc(n + 1);

    if (text == NULL) {
        b->err = IRISX_E_NO_MEMORY;
        return;
    }
    (void) vsnprintf(text, n + 1, fmt, args); /* the length is known from the first run */
    ix_buf_put(b, text, n);
    ix_free(text);
}

void ix_buf_fmt(struct ix_buf *b, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0) {
        b->err = b->err != 0 ? b->err : IRISX_E_INVALID;
    } else if ((size_t) n < sizeof text) {
        ix_buf_put(b, text, (size_t) n);
    } else if (ix_buf_reserve(b, (size_t) n) == 0) {
        va_start(args, fmt);
        put_formatted(b, (size_t) n, fmt, args);
        va_end(args);
    }
}

void ix_buf_consume(struct ix_buf *b, size_t n)
{
    n = IX_MIN(n, b->n);
    if (n == 0)
        return;
    b->n -= n;
    memmove(b->p, b->p + n, b->n);
}

char *ix_buf_take(struct ix_buf *b)
{
    char *text = NULL;

    if (b->err == 0 && b->fixed) {
        text = ix_dup_mem(b->p, b->n);
    } else if (b->err == 0 && (b->n < b->cap || grow(b, b->n + 1) == 0)) {
        text = (char *) b->p;
        text[b->n] = '\0';
        b->p = NULL;
        b->cap = 0;
    }
    ix_buf_clear(b);
    return text;
}
