/* SPDX-License-Identifier: MIT */
/*
 * JSON text to values (RFC 8259). Jansson holds the values but does not read the text: its reader ignores failed
 * allocations of its token buffer and then delivers shortened texts and numbers, recurses up to 2048 levels, and quotes
 * the input, which may hold secrets, in its messages.
 */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "json/json.h"

#define NUMBER_MAX 400 /* characters; the longest double written out in full has 326 */

struct parser {
    struct ix_str text;
    size_t at;
    size_t values;
    struct ix_buf scratch; /* the text with escapes that was read last */
    int err; /* first failure, with its reason and place */
    const char *why;
    size_t where;
};

/* all parse functions give NULL or false after it */
static void *fail(struct parser *p, size_t where, int code, const char *why)
{
    if (p->err == 0) {
        p->err = code;
        p->why = why;
        p->where = where;
    }
    return NULL;
}

static void *no_memory(struct parser *p)
{
    return fail(p, p->at, IRISX_E_NO_MEMORY, ix_error_text(IRISX_E_NO_MEMORY));
}

static void *invalid(struct parser *p)
{
    bool end = p->at >= p->text.n;

    return fail(p, p->at, IRISX_E_PROTOCOL, end ? "the text ends too early" : "not valid JSON");
}

/* the next character, '\0' at the end; a NUL in the text itself is not valid anywhere */
static char peek(const struct parser *p)
{
    return p->at < p->text.n ? p->text.p[p->at] : '\0';
}

static bool accept(struct parser *p, char c)
{
    if (p->at >= p->text.n || p->text.p[p->at] != c)
        return false;
    p->at++;
    return true;
}

static void skip_space(struct parser *p)
{
    for (char c = peek(p); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(p))
        p->at++;
}

/* ---- texts ------------------------------------------------------------------------------- */

static void put_code_point(struct ix_buf *b, uint32_t c)
{
    if (c < 0x80) {
        ix_buf_u8(b, (uint8_t) c);
    } else if (c < 0x800) {
        ix_buf_u16(b, (uint16_t) (0xc080 | c >> 6 << 8 | (c & 0x3f)));
    } else if (c < 0x10000) {
        ix_buf_u24(b, 0xe08080 | c >> 12 << 16 | (c >> 6 & 0x3f) << 8 | (c & 0x3f));
    } else {
        ix_buf_u32(b, 0xf0808080 | c >> 18 << 24 | (c >> 12 & 0x3f) << 16 | (c >> 6 & 0x3f) << 8 | (c & 0x3f));
    }
}

/* four digits behind "\u" */
static bool parse_hex4(struct parser *p, uint32_t *out)
{
    uint64_t v;

    if (p->text.n - p->at < 4) {
        p->at = p->text.n;
        return invalid(p) != NULL;
    }
    if (ix_str_hex_u64(ix_str_slice(p->text, p->at, p->at + 4), &v) != 0)
        return invalid(p) != NULL;
    p->at += 4;
    *out = (uint32_t) v;
    return true;
}

/*
 * Half of a surrogate pair becomes U+FFFD: JavaScript writes one where it has cut a text in the middle of an emoji, and
 * a whole answer is not to be lost for that.
 */
static bool parse_unicode_escape(struct parser *p)
{
    uint32_t c = 0;
    uint32_t low = 0;

    if (!parse_hex4(p, &c))
        return false;
    if (c == 0)
        return fail(p, p->at - 6, IRISX_E_PROTOCOL, "a text holds the character U+0000") != NULL;
    bool pair = c >= 0xd800 && c <= 0xdbff && ix_str_starts(ix_str_slice(p->text, p->at, p->text.n), IX_STR("\\u"));
    if (pair) {
        size_t back = p->at;
        p->at += 2;
        if (!parse_hex4(p, &low))
            return false;
        pair = low >= 0xdc00 && low <= 0xdfff;
        if (pair)
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        else
            p->at = back; /* the second escape stands for itself */
    }
    put_code_point(&p->scratch, c >= 0xd800 && c <= 0xdfff ? 0xfffd : c);
    return true;
}

static bool parse_escape(struct parser *p)
{
    static const char named[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    char c = peek(p);

    for (size_t i = 0; i + 1 < sizeof named; i += 2) {
        if (named[i] == c) {
            p->at++;
            ix_buf_u8(&p->scratch, (uint8_t) named[i + 1]);
            return true;
        }
    }
    return accept(p, 'u') ? parse_unicode_escape(p) : invalid(p) != NULL;
}

/* characters up to the next quote, backslash or control character */
static bool parse_run(struct parser *p, struct ix_str *run)
{
    size_t start = p->at;

    while (
        p->at < p->text.n && p->text.p[p->at] != '"' && p->text.p[p->at] != '\\' && (uint8_t) p->text.p[p->at] >= 0x20)
        p->at++;
    *run = ix_str_slice(p->text, start, p->at);
    if (!ix_utf8_valid(run->p, run->n))
        return fail(p, start, IRISX_E_PROTOCOL, "not valid UTF-8") != NULL;
    return true;
}

/* the text is valid until the next one is parsed */
static bool parse_text(struct parser *p, struct ix_str *out)
{
    struct ix_str run;

    if (!accept(p, '"'))
        return invalid(p) != NULL;
    if (!parse_run(p, out))
        return false;
    if (accept(p, '"')) /* no escape in it: a slice of the input will do */
        return true;
    ix_buf_reset(&p->scratch);
    ix_buf_strv(&p->scratch, *out);
    while (!accept(p, '"')) {
        if (!accept(p, '\\'))
            return invalid(p) != NULL;
        if (!parse_escape(p) || !parse_run(p, &run))
            return false;
        ix_buf_strv(&p->scratch, run);
    }
    if (p->scratch.err != 0)
        return no_memory(p) != NULL; /* its limit is that of the whole text */
    *out = ix_str_n(p->scratch.p, p->scratch.n);
    return true;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static size_t skip_digits(struct parser *p)
{
    size_t start = p->at;

    while (peek(p) >= '0' && peek(p) <= '9')
        p->at++;
    return p->at - start;
}

/* the grammar of RFC 8259 section 6; *real if there is a fraction or an exponent */
static bool skip_number(struct parser *p, bool *real)
{
    *real = false;
    (void) accept(p, '-');
    if (!accept(p, '0') && skip_digits(p) == 0)
        return false;
    if (accept(p, '.')) {
        *real = true;
        if (skip_digits(p) == 0)
            return false;
    }
    if (accept(p, 'e') || accept(p, 'E')) {
        *real = true;
        if (!accept(p, '+'))
            (void) accept(p, '-');
        if (skip_digits(p) == 0)
            return false;
    }
    return true;
}

/* strtod follows the decimal point of the process's locale; JSON has one of its own */
static bool to_double(const char *number, double *out)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t) 0);

    if (plain == (locale_t) 0)
        return false;
    *out = strtod_l(number, NULL, plain);
    freelocale(plain);
    return true;
}

static bool to_int64(struct ix_str s, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t size;

    if (ix_str_u64(ix_str_slice(s, negative, s.n), (uint64_t) INT64_MAX + negative, &size) != 0)
        return false;
    *out = (int64_t) (negative ? UINT64_C(0) - size : size);
    return true;
}

int ix_json_number(struct ix_str s, struct ix_json_number *out)
{
    struct parser p = { .text = s };
    char terminated[NUMBER_MAX + 1];
    bool real;

    if (!skip_number(&p, &real) || p.at != s.n)
        return IRISX_E_PROTOCOL;
    *out = (struct ix_json_number){ 0 };
    /* JavaScript writes numbers up to 1e21 without exponent: what no int64 can hold is a real */
    out->is_int = !real && to_int64(s, &out->i);
    if (out->is_int)
        return 0;
    if (ix_str_copy(terminated, sizeof terminated, s) != 0)
        return IRISX_E_TOO_LARGE;
    if (!to_double(terminated, &out->d))
        return IRISX_E_NO_MEMORY;
    return isfinite(out->d) ? 0 : IRISX_E_TOO_LARGE;
}

static json_t *parse_number(struct parser *p)
{
    struct ix_json_number number;
    size_t start = p->at;
    bool real;

    if (!skip_number(p, &real))
        return invalid(p);
    int err = ix_json_number(ix_str_slice(p->text, start, p->at), &number);
    if (err == IRISX_E_TOO_LARGE)
        return fail(p, start, IRISX_E_PROTOCOL, "the number is too large");
    json_t *j = err != 0 ? NULL : number.is_int ? json_integer(number.i) : json_real(number.d);
    return j != NULL ? j : no_memory(p);
}

/* ---- values ------------------------------------------------------------------------------ */

static json_t *parse_value(struct parser *p, size_t depth);

static json_t *parse_literal(struct parser *p)
{
    static const struct {
        struct ix_str word;
        json_t *(*make)(void);
    } literals[] = { { { "true", 4 }, json_true }, { { "false", 5 }, json_false }, { { "null", 4 }, json_null } };
    struct ix_str rest = ix_str_slice(p->text, p->at, p->text.n);

    for (size_t i = 0; i < IX_COUNT(literals); i++) {
        if (ix_str_starts(rest, literals[i].word)) {
            p->at += literals[i].word.n;
            return literals[i].make();
        }
    }
    return invalid(p);
}

static bool parse_member(struct parser *p, json_t *object, size_t depth)
{
    struct ix_str name = IX_STR_NONE;
    size_t start = p->at;

    if (!parse_text(p, &name))
        return false;
    char *key = ix_str_dup(name); /* the value may need the scratch buffer */
    if (key == NULL)
        return no_memory(p) != NULL;
    json_t *member = NULL;
    skip_space(p);
    if (json_object_get(object, key) != NULL)
        fail(p, start, IRISX_E_PROTOCOL, "a key appears twice in one object");
    else if (!accept(p, ':'))
        invalid(p);
    else
        member = parse_value(p, depth);
    if (member != NULL && json_object_set_new_nocheck(object, key, member) != 0)
        no_memory(p);
    ix_free(key);
    return p->err == 0;
}

static bool parse_item(struct parser *p, json_t *array, size_t depth)
{
    json_t *item = parse_value(p, depth);

    if (item != NULL && json_array_append_new(array, item) != 0)
        no_memory(p);
    return p->err == 0;
}

typedef bool parse_part_fn(struct parser *p, json_t *container, size_t depth);

/* behind the opening bracket: parts with commas between them, and the closing bracket */
static json_t *parse_parts(struct parser *p, json_t *container, char close, parse_part_fn *part, size_t depth)
{
    if (container == NULL)
        return no_memory(p);
    skip_space(p);
    bool more = !accept(p, close);
    while (more && p->err == 0) {
        skip_space(p);
        if (!part(p, container, depth))
            break;
        skip_space(p);
        more = accept(p, ',');
        if (!more && !accept(p, close))
            invalid(p);
    }
    if (p->err == 0)
        return container;
    json_decref(container);
    return NULL;
}

static json_t *parse_container(struct parser *p, size_t depth)
{
    if (depth == IX_JSON_MAX_DEPTH)
        return fail(p, p->at, IRISX_E_TOO_LARGE, "nested deeper than 128 levels");
    if (accept(p, '{'))
        return parse_parts(p, json_object(), '}', parse_member, depth + 1);
    p->at++;
    return parse_parts(p, json_array(), ']', parse_item, depth + 1);
}

static json_t *parse_value(struct parser *p, size_t depth)
{
    struct ix_str text = IX_STR_NONE;

    if (++p->values > IX_JSON_MAX_VALUES)
        return fail(p, p->at, IRISX_E_TOO_LARGE, "more than 262144 values");
    skip_space(p);
    char c = peek(p);
    if (c == '{' || c == '[')
        return parse_container(p, depth);
    if (c == '-' || (c >= '0' && c <= '9'))
        return parse_number(p);
    if (c != '"')
        return parse_literal(p);
    if (!parse_text(p, &text))
        return NULL;
    json_t *j = json_stringn_nocheck(text.n > 0 ? text.p : "", text.n);
    return j != NULL ? j : no_memory(p);
}

static json_t *parse_all(struct parser *p)
{
    if (p->text.n > IX_JSON_MAX_BYTES)
        return fail(p, 0, IRISX_E_TOO_LARGE, "longer than 16 MiB");
    json_t *j = parse_value(p, 0);
    skip_space(p);
    if (j == NULL || p->at == p->text.n)
        return j;
    json_decref(j);
    return fail(p, p->at, IRISX_E_PROTOCOL, "something follows the end of the value");
}

static void describe(const struct parser *p, irisx_value_error_t *error)
{
    *error = (irisx_value_error_t){ .offset = p->where, .line = 1, .column = 1 };
    for (size_t i = 0; i < p->where; i++) {
        bool newline = p->text.p[i] == '\n';
        error->line += newline;
        error->column = newline ? 1 : error->column + 1;
    }
    (void) ix_str_copy(error->message, sizeof error->message, ix_str(p->why)); /* all ours fit */
}

int ix_json_parse(struct ix_str text, irisx_value_t **out, irisx_value_error_t *error)
{
    struct parser p = { .text = text };

    ix_buf_init(&p.scratch, IX_JSON_MAX_BYTES);
    json_t *j = parse_all(&p);
    ix_buf_clear(&p.scratch);
    if (j != NULL)
        *out = (irisx_value_t *) (void *) j;
    else if (error != NULL)
        describe(&p, error);
    return p.err;
}

irisx_error_t irisx_value_parse(const char *data, size_t len, irisx_value_t **value_out, irisx_value_error_t *error_out)
{
    if (value_out != NULL && (data != NULL || len == 0))
        return (irisx_error_t) ix_json_parse(ix_str_n(data, len), value_out, error_out);
    if (error_out != NULL)
        describe(&(struct parser){ .why = ix_error_text(IRISX_E_INVALID) }, error_out);
    return IRISX_E_INVALID;
}
