/* SPDX-License-Identifier: MIT */
/* What was found wrong with a request, in words: short for people, and as zod says it for the sandbox. */
#include "api/tables.h"

#include <inttypes.h>
#include <string.h>

#include "json/json.h"

static const char *plural_unit(const struct ix_api_issue *i)
{
    return strcmp(i->expected, "array") == 0 ? "element(s)" : "character(s)";
}

/* a whole number without the point that a JSON number would get */
static void put_limit(struct ix_buf *b, double limit)
{
    if (limit >= -9e15 && limit <= 9e15 && (double) (int64_t) limit == limit)
        ix_buf_fmt(b, "%" PRId64, (int64_t) limit);
    else
        ix_json_write_num(b, limit);
}

static void limit_message(const struct ix_api_issue *i, struct ix_buf *b)
{
    bool small = i->kind == IX_API_TOO_SMALL;

    if (strcmp(i->expected, "number") == 0)
        ix_buf_fmt(b, "Number must be %s than or equal to ", small ? "greater" : "less");
    else
        ix_buf_fmt(b, "%s must contain at %s ", strcmp(i->expected, "array") == 0 ? "Array" : "String",
            small ? "least" : "most");
    put_limit(b, i->limit);
    if (strcmp(i->expected, "number") != 0)
        ix_buf_fmt(b, " %s", plural_unit(i));
}

static void enum_message(const struct ix_api_issue *i, struct ix_buf *b)
{
    ix_buf_str(b, "Invalid enum value. Expected ");
    for (size_t v = 0; v < i->value_count; v++)
        ix_buf_fmt(b, "%s'%s'", v > 0 ? " | " : "", ix_api_text_in(i->text, i->values[v]));
    ix_buf_fmt(b, ", received '%s'", i->value);
}

static void message(const struct ix_api_issue *i, struct ix_buf *b)
{
    switch (i->kind) {
    case IX_API_MISSING:
        ix_buf_str(b, "Required");
        break;
    case IX_API_WRONG_TYPE:
        ix_buf_fmt(b, "Expected %s, received %s", i->expected, i->received);
        break;
    case IX_API_NOT_IN_ENUM:
        enum_message(i, b);
        break;
    case IX_API_TOO_SMALL:
    case IX_API_TOO_BIG:
        limit_message(i, b);
        break;
    case IX_API_NO_MATCH:
        ix_buf_str(b, "Invalid");
        if (strcmp(i->format, "regex") != 0)
            ix_buf_fmt(b, " %s", i->format);
        break;
    case IX_API_UNKNOWN:
        ix_buf_str(b, "Unknown member");
        break;
    }
}

/* the message as a JSON string */
static void put_message(const struct ix_api_issue *i, struct ix_buf *out)
{
    char storage[1024];
    struct ix_buf b;

    ix_buf_init_fixed(&b, storage, sizeof storage);
    message(i, &b);
    ix_buf_str(out, ",\"message\":");
    ix_buf_json_str(out, b.err == 0 ? ix_str_n(b.p, b.n) : IX_STR("Invalid"));
}

void ix_api_issues_detail(const struct ix_api_issues *list, struct ix_buf *out)
{
    ix_buf_u8(out, '[');
    for (size_t n = 0; n < list->count; n++) {
        ix_buf_str(out, n > 0 ? ",{\"path\":" : "{\"path\":");
        ix_buf_json_str(out, ix_str(list->items[n].path));
        put_message(&list->items[n], out);
        ix_buf_u8(out, '}');
    }
    ix_buf_u8(out, ']');
}

/* "buttons.0.text" → ["buttons",0,"text"] */
static void put_path(const char *path, struct ix_buf *out)
{
    struct ix_str rest = ix_str(path);
    struct ix_str step;
    uint32_t index;

    ix_buf_str(out, ",\"path\":[");
    for (bool first = true; ix_str_cut(&rest, '.', &step); first = false) {
        if (!first)
            ix_buf_u8(out, ',');
        if (ix_str_u32(step, UINT32_MAX, &index) == 0)
            ix_buf_dec(out, index);
        else
            ix_buf_json_str(out, step);
    }
    ix_buf_u8(out, ']');
}

static void put_zod_body(const struct ix_api_issue *i, struct ix_buf *out)
{
    switch (i->kind) {
    case IX_API_MISSING:
    case IX_API_WRONG_TYPE:
        ix_buf_fmt(out, "\"code\":\"invalid_type\",\"expected\":\"%s\",\"received\":\"%s\"", i->expected, i->received);
        break;
    case IX_API_NOT_IN_ENUM:
        ix_buf_str(out, "\"received\":");
        ix_buf_json_str(out, ix_str(i->value));
        ix_buf_str(out, ",\"code\":\"invalid_enum_value\",\"options\":[");
        for (size_t v = 0; v < i->value_count; v++) {
            ix_buf_str(out, v > 0 ? "," : "");
            ix_buf_json_str(out, ix_str(ix_api_text_in(i->text, i->values[v])));
        }
        ix_buf_u8(out, ']');
        break;
    case IX_API_TOO_SMALL:
    case IX_API_TOO_BIG:
        ix_buf_fmt(out, "\"code\":\"too_%s\",\"%s\":", i->kind == IX_API_TOO_SMALL ? "small" : "big",
            i->kind == IX_API_TOO_SMALL ? "minimum" : "maximum");
        put_limit(out, i->limit);
        ix_buf_fmt(out, ",\"type\":\"%s\",\"inclusive\":true,\"exact\":false", i->expected);
        break;
    case IX_API_NO_MATCH:
        ix_buf_fmt(out, "\"validation\":\"%s\",\"code\":\"invalid_string\"", i->format);
        break;
    case IX_API_UNKNOWN:
        ix_buf_str(out, "\"code\":\"unrecognized_keys\"");
        break;
    }
}

void ix_api_issues_zod(const struct ix_api_issues *list, struct ix_buf *out)
{
    ix_buf_u8(out, '[');
    for (size_t n = 0; n < list->count; n++) {
        ix_buf_str(out, n > 0 ? ",{" : "{");
        put_zod_body(&list->items[n], out);
        put_path(list->items[n].path, out);
        put_message(&list->items[n], out);
        ix_buf_u8(out, '}');
    }
    ix_buf_u8(out, ']');
}
