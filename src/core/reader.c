/* SPDX-License-Identifier: MIT */
/* Bounds-checked reading of bytes. The first read beyond the end makes the reader bad, and it stays so. */
#include "core/core.h"

#include <string.h>

struct ix_reader ix_reader(const void *p, size_t n)
{
    return (struct ix_reader){ .p = p, .n = n };
}

const uint8_t *ix_read_bytes(struct ix_reader *r, size_t n)
{
    /* an address even for nothing of nothing, so that NULL means bad and only that */
    static const uint8_t nothing;

    if (r->bad || n > r->n) {
        r->bad = true;
        r->n = 0;
        return NULL;
    }
    if (n == 0)
        return r->p != NULL ? r->p : &nothing;
    const uint8_t *p = r->p;
    r->p += n;
    r->n -= n;
    return p;
}

static uint64_t read_be(struct ix_reader *r, size_t n)
{
    const uint8_t *p = ix_read_bytes(r, n);
    uint64_t v = 0;

    if (p == NULL)
        return 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static uint64_t read_le(struct ix_reader *r, size_t n)
{
    const uint8_t *p = ix_read_bytes(r, n);
    uint64_t v = 0;

    if (p == NULL)
        return 0;
    for (size_t i = n; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

uint8_t ix_read_u8(struct ix_reader *r)
{
    return (uint8_t) read_be(r, 1);
}

uint16_t ix_read_u16(struct ix_reader *r)
{
    return (uint16_t) read_be(r, 2);
}

uint32_t ix_read_u24(struct ix_reader *r)
{
    return (uint32_t) read_be(r, 3);
}

uint32_t ix_read_u32(struct ix_reader *r)
{
    return (uint32_t) read_be(r, 4);
}

uint64_t ix_read_u64(struct ix_reader *r)
{
    return read_be(r, 8);
}

uint16_t ix_read_u16le(struct ix_reader *r)
{
    return (uint16_t) read_le(r, 2);
}

uint32_t ix_read_u32le(struct ix_reader *r)
{
    return (uint32_t) read_le(r, 4);
}

void ix_read_copy(struct ix_reader *r, void *out, size_t n)
{
    const uint8_t *p = ix_read_bytes(r, n);

    if (n == 0)
        return;
    if (p != NULL)
        memcpy(out, p, n);
    else
        memset(out, 0, n);
}

struct ix_reader ix_read_sub(struct ix_reader *r, size_t n)
{
    const uint8_t *p = ix_read_bytes(r, n);

    return p != NULL ? ix_reader(p, n) : (struct ix_reader){ .bad = true };
}

bool ix_read_line(struct ix_reader *r, struct ix_str *line)
{
    if (r->bad || r->n == 0) {
        *line = IX_STR_NONE;
        return false;
    }
    const uint8_t *end = memchr(r->p, '\n', r->n);
    size_t used = end == NULL ? r->n : (size_t) (end - r->p) + 1;
    const uint8_t *p = ix_read_bytes(r, used);
    size_t n = end == NULL ? used : used - 1;
    if (end != NULL && n > 0 && p[n - 1] == '\r')
        n--;
    *line = ix_str_n(p, n);
    return true;
}
