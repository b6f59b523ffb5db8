/* SPDX-License-Identifier: MIT */
/*
 * JSON text to values (RFC 8259). One pass counts nesting and values first, so that what jansson then does is bounded:
 * it recurses up to 2048 levels and spends up to 100 bytes of memory on a byte of text. Its own messages quote the
 * input, which may hold secrets; ours do not.
 */
#include <string.h>

#include <jansson.h>

#include "json/json.h"

static int fail(irisx_value_error_t *error, int code, const char *message)
{
    if (error != NULL) {
        *error = (irisx_value_error_t){ 0 };
        (void) ix_str_copy(error->message, sizeof error->message, ix_str(message)); /* all ours fit */
    }
    return code;
}

static int fail_at(irisx_value_error_t *error, struct ix_str text, size_t offset, int code, const char *message)
{
    fail(error, code, message);
    if (error == NULL)
        return code;
    error->offset = IX_MIN(offset, text.n);
    error->line = 1;
    error->column = 1;
    for (size_t i = 0; i < error->offset; i++) {
        bool newline = text.p[i] == '\n';
        error->line += newline;
        error->column = newline ? 1 : error->column + 1;
    }
    return code;
}

/* index behind the closing quote of the string that opens at i, or the end of the text */
static size_t skip_string(struct ix_str text, size_t i)
{
    for (i++; i < text.n && text.p[i] != '"'; i++) {
        if (text.p[i] == '\\')
            i++;
    }
    return i + 1;
}

static int check_bounds(struct ix_str text, irisx_value_error_t *error)
{
    size_t depth = 0;
    size_t values = 1;

    if (text.n > IX_JSON_MAX_BYTES)
        return fail(error, IRISX_E_TOO_LARGE, "longer than 16 MiB");
    for (size_t i = 0; i < text.n;) {
        char c = text.p[i];
        bool opens = c == '[' || c == '{';
        if (opens && ++depth > IX_JSON_MAX_DEPTH)
            return fail_at(error, text, i, IRISX_E_TOO_LARGE, "nested deeper than 64 levels");
        if ((opens || c == ',') && ++values > IX_JSON_MAX_VALUES)
            return fail_at(error, text, i, IRISX_E_TOO_LARGE, "more than 262144 values");
        if ((c == ']' || c == '}') && depth > 0)
            depth--;
        i = c == '"' ? skip_string(text, i) : i + 1;
    }
    return 0;
}

static const char *reason(enum json_error_code code)
{
    switch (code) {
    case json_error_premature_end_of_input:
        return "the text ends too early";
    case json_error_end_of_input_expected:
        return "something follows the end of the value";
    case json_error_invalid_utf8:
        return "not valid UTF-8";
    case json_error_duplicate_key:
        return "a key appears twice in one object";
    case json_error_numeric_overflow:
        return "the number is too large";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a text holds the character U+0000";
    default: /* whatever else jansson knows of, or will */
        return "not valid JSON";
    }
}

int ix_json_parse(struct ix_str text, irisx_value_t **out, irisx_value_error_t *error)
{
    json_error_t why;
    int err = check_bounds(text, error);

    if (err != 0)
        return err;
    memset(&why, 0, sizeof why);
    json_t *j = json_loadb(text.n > 0 ? text.p : "", text.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
    if (j != NULL) {
        *out = (irisx_value_t *) (void *) j;
        return 0;
    }
    /* jansson fills in no text where an allocation failed */
    if (why.text[0] == '\0' || json_error_code(&why) == json_error_out_of_memory)
        return fail(error, IRISX_E_NO_MEMORY, ix_error_text(IRISX_E_NO_MEMORY));
    return fail_at(error, text, (size_t) IX_MAX(why.position, 0), IRISX_E_PROTOCOL, reason(json_error_code(&why)));
}

irisx_error_t irisx_value_parse(const char *data, size_t len, irisx_value_t **value_out, irisx_value_error_t *error_out)
{
    if (value_out == NULL || (data == NULL && len > 0))
        return (irisx_error_t) fail(error_out, IRISX_E_INVALID, ix_error_text(IRISX_E_INVALID));
    return (irisx_error_t) ix_json_parse(ix_str_n(data, len), value_out, error_out);
}
