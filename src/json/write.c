/* SPDX-License-Identifier: MIT */
/*
 * Values to JSON text. Not by jansson's dump: that writes 0.1 as 0.10000000000000001, and allocates outside ix_alloc
 * what the caller is to free.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "json/json.h"

#define TEXT_MAX (4 * IX_JSON_MAX_BYTES)

/* printf follows the locale's decimal point, which may be several bytes; JSON has one of its own */
void ix_json_write_printed(struct ix_buf *b, struct ix_str printed)
{
    bool real = false;

    for (size_t i = 0; i < printed.n; i++) {
        char c = printed.p[i];
        bool plain = (c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e';
        if (plain || !real)
            ix_buf_u8(b, plain ? (uint8_t) c : '.');
        real = real || !plain || c == 'e';
    }
    if (!real)
        ix_buf_str(b, ".0"); /* still a real number when it is read back */
}

void ix_json_write_num(struct ix_buf *b, double number)
{
    char storage[40];
    struct ix_buf text;

    if (!isfinite(number)) {
        ix_buf_str(b, "null"); /* as JavaScript does; JSON has no word for it */
        return;
    }
    for (int digits = 15; digits <= 17; digits++) { /* 17 always read back as the same double */
        ix_buf_init_fixed(&text, storage, sizeof storage - 1);
        ix_buf_fmt(&text, "%.*g", digits, number);
        storage[text.n] = '\0';
        if (strtod(storage, NULL) == number)
            break;
    }
    ix_json_write_printed(b, ix_str_n(text.p, text.n));
}

static void write_value(struct ix_buf *b, const irisx_value_t *v, size_t left);

static void write_object(struct ix_buf *b, const irisx_value_t *v, size_t left)
{
    struct ix_json_member m = { 0 };

    ix_buf_u8(b, '{');
    for (bool first = true; b->err == 0 && ix_json_next(v, &m); first = false) {
        if (!first)
            ix_buf_u8(b, ',');
        ix_buf_json_str(b, ix_str(m.key)); /* no key has a NUL in it */
        ix_buf_u8(b, ':');
        write_value(b, m.value, left);
    }
    ix_buf_u8(b, '}');
}

static void write_array(struct ix_buf *b, const irisx_value_t *v, size_t left)
{
    ix_buf_u8(b, '[');
    for (size_t i = 0; i < irisx_value_count(v) && b->err == 0; i++) {
        if (i > 0)
            ix_buf_u8(b, ',');
        write_value(b, irisx_value_at(v, i), left);
    }
    ix_buf_u8(b, ']');
}

static void write_value(struct ix_buf *b, const irisx_value_t *v, size_t left)
{
    if (left == 0) { /* only a tree that was changed below a borrowed value can be so deep */
        b->err = b->err != 0 ? b->err : IRISX_E_TOO_LARGE;
        return;
    }
    switch (irisx_value_type(v)) {
    case IRISX_VALUE_OBJECT:
        write_object(b, v, left - 1);
        break;
    case IRISX_VALUE_ARRAY:
        write_array(b, v, left - 1);
        break;
    case IRISX_VALUE_TEXT:
        ix_buf_json_str(b, ix_json_str(v));
        break;
    case IRISX_VALUE_INT:
        ix_buf_fmt(b, "%" PRId64, irisx_value_int(v, 0));
        break;
    case IRISX_VALUE_NUM:
        ix_json_write_num(b, irisx_value_num(v, 0));
        break;
    case IRISX_VALUE_BOOL:
        ix_buf_str(b, irisx_value_bool(v, 0) ? "true" : "false");
        break;
    case IRISX_VALUE_NULL:
    case IRISX_VALUE_NONE:
        ix_buf_str(b, "null");
        break;
    }
}

void ix_json_write(struct ix_buf *b, const irisx_value_t *v)
{
    write_value(b, v, IX_JSON_MAX_DEPTH + 1); /* a leaf in the deepest container */
}

char *irisx_value_to_text(const irisx_value_t *v)
{
    struct ix_buf b;

    if (v == NULL)
        return NULL;
    ix_buf_init(&b, TEXT_MAX);
    ix_json_write(&b, v);
    return ix_buf_take(&b);
}

void irisx_text_free(char *text)
{
    ix_free(text);
}
