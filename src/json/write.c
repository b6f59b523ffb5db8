/* SPDX-License-Identifier: MIT */
/*
 * Values to JSON text. Not by jansson's dump: that writes 0.1 as 0.10000000000000001, and allocates outside ix_alloc
 * what the caller is to free.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include <jansson.h>

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

static void write_value(struct ix_buf *b, const json_t *j, size_t left);

static void write_object(struct ix_buf *b, const json_t *j, size_t left)
{
    json_t *object = (json_t *) j;

    ix_buf_u8(b, '{');
    for (void *it = json_object_iter(object); it != NULL && b->err == 0; it = json_object_iter_next(object, it)) {
        if (it != json_object_iter(object))
            ix_buf_u8(b, ',');
        ix_buf_json_str(b, ix_str(json_object_iter_key(it))); /* no key has a NUL in it */
        ix_buf_u8(b, ':');
        write_value(b, json_object_iter_value(it), left);
    }
    ix_buf_u8(b, '}');
}

static void write_array(struct ix_buf *b, const json_t *j, size_t left)
{
    ix_buf_u8(b, '[');
    for (size_t i = 0; i < json_array_size(j) && b->err == 0; i++) {
        if (i > 0)
            ix_buf_u8(b, ',');
        write_value(b, json_array_get(j, i), left);
    }
    ix_buf_u8(b, ']');
}

static void write_value(struct ix_buf *b, const json_t *j, size_t left)
{
    if (left == 0) { /* only a tree that was changed below a borrowed value can be so deep */
        b->err = b->err != 0 ? b->err : IRISX_E_TOO_LARGE;
        return;
    }
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        write_object(b, j, left - 1);
        break;
    case JSON_ARRAY:
        write_array(b, j, left - 1);
        break;
    case JSON_STRING:
        ix_buf_json_str(b, ix_str_n(json_string_value(j), json_string_length(j)));
        break;
    case JSON_INTEGER:
        ix_buf_fmt(b, "%" PRId64, (int64_t) json_integer_value(j));
        break;
    case JSON_REAL:
        ix_json_write_num(b, json_real_value(j));
        break;
    case JSON_TRUE:
        ix_buf_str(b, "true");
        break;
    case JSON_FALSE:
        ix_buf_str(b, "false");
        break;
    case JSON_NULL:
        ix_buf_str(b, "null");
        break;
    }
}

void ix_json_write(struct ix_buf *b, const irisx_value_t *v)
{
    if (v == NULL)
        ix_buf_str(b, "null");
    else
        write_value(b, (const json_t *) (const void *) v, IX_JSON_MAX_DEPTH + 1); /* a leaf in the deepest container */
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
