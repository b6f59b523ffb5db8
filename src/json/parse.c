/* SPDX-License-Identifier: MIT */
/*
 * JSON text to values (RFC 8259). Jansson holds values that are built or changed but does not read the text: its reader
 * ignores failed allocations of its token buffer and then delivers shortened texts and numbers, recurses up to 2048
 * levels, and quotes the input, which may hold secrets, in its messages. Nor does it hold what is read: three
 * allocations a member cost more than the request that brought it.
 */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json/tree.h"

#define NUMBER_MAX 400 /* characters; the longest double written out in full has 326 */

#define STACK_FIRST 32 /* values of containers that are not closed yet, without memory of their own */
#define BLOCK_MIN ((size_t) 4096)
#define BLOCK_MAX ((size_t) 256 * 1024)

struct parser {
    struct ix_str text; /* p lies in the doc: texts are unescaped and terminated in their place */
    size_t at;
    size_t values;
    struct ix_json_doc *doc;
    char *room; /* of its last block: from here on */
    size_t left;
    size_t block; /* size of the next one */
    struct ix_json_pair first[STACK_FIRST], *stack;
    size_t top, cap;
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

/* aligned for nodes; NULL on no memory */
static void *arena(struct parser *p, size_t size)
{
    if (p->left < size) {
        size_t all = IX_MAX(p->block, size + sizeof(struct ix_json_block));
        struct ix_json_block *more = ix_realloc(NULL, all); /* not zeroed */
        if (more == NULL)
            return no_memory(p);
        more->next = p->doc->blocks;
        p->doc->blocks = more;
        p->room = (char *) (more + 1);
        p->left = all - sizeof *more;
        p->block = IX_MIN(p->block * 2, BLOCK_MAX);
    }
    void *got = p->room;
    p->room += size;
    p->left -= size;
    return got;
}

/* until its container is closed and has as many as it has */
static bool push(struct parser *p, const struct ix_json_pair *one)
{
    if (p->top == p->cap) {
        struct ix_json_pair *more = ix_realloc(p->stack == p->first ? NULL : p->stack, 2 * p->cap * sizeof *more);
        if (more == NULL)
            return no_memory(p) != NULL;
        if (p->stack == p->first)
            memcpy(more, p->first, sizeof p->first);
        p->stack = more;
        p->cap *= 2;
    }
    p->stack[p->top++] = *one;
    return true;
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

/* UTF-8 of c at `to`, which it moves on: never longer than the escape it stands for */
static void put_code_point(char **to, uint32_t c)
{
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t first[] = { 0, 0xc0, 0xe0, 0xf0 };

    *(*to)++ = (char) (first[more] | c >> 6 * more);
    while (more-- > 0)
        *(*to)++ = (char) (0x80 | (c >> 6 * more & 0x3f));
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
static bool parse_unicode_escape(struct parser *p, char **to)
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
    put_code_point(to, c >= 0xd800 && c <= 0xdfff ? 0xfffd : c);
    return true;
}

static bool parse_escape(struct parser *p, char **to)
{
    static const char named[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    char c = peek(p);

    for (size_t i = 0; i + 1 < sizeof named; i += 2) {
        if (named[i] == c) {
            p->at++;
            *(*to)++ = named[i + 1];
            return true;
        }
    }
    return accept(p, 'u') ? parse_unicode_escape(p, to) : invalid(p) != NULL;
}

/*
 * Eight characters at once: is there a quote, a backslash, a control character, or something beyond ASCII among them?
 * May also say so where there is none (behind one of them, in the same eight).
 */
static bool is_special8(const char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    uint64_t x, quote, slash;

    memcpy(&x, p, sizeof x);
    quote = x ^ (ones * '"');
    slash = x ^ (ones * '\\');
    return (((x - ones * 0x20) | (quote - ones) | (slash - ones) | x) & highs) != 0;
}

/* characters up to the next quote, backslash or control character */
static bool parse_run(struct parser *p, struct ix_str *run)
{
    const char *text = p->text.p;
    size_t start = p->at, at = start, n = p->text.n;
    uint8_t beyond = 0;

    while (n - at >= 8 && !is_special8(text + at))
        at += 8;
    for (; at < n && text[at] != '"' && text[at] != '\\' && (uint8_t) text[at] >= 0x20; at++)
        beyond |= (uint8_t) text[at];
    p->at = at;
    *run = ix_str_n(text + start, at - start);
    if (beyond >= 0x80 && !ix_utf8_valid(run->p, run->n))
        return fail(p, start, IRISX_E_PROTOCOL, "not valid UTF-8") != NULL;
    return true;
}

/* in its place, terminated */
static bool parse_text(struct parser *p, struct ix_str *out)
{
    struct ix_str run;
    char *to;

    if (!accept(p, '"'))
        return invalid(p) != NULL;
    if (!parse_run(p, out))
        return false;
    to = (char *) (uintptr_t) out->p + out->n;
    while (!accept(p, '"')) {
        if (!accept(p, '\\'))
            return invalid(p) != NULL;
        if (!parse_escape(p, &to) || !parse_run(p, &run))
            return false;
        memmove(to, run.p, run.n);
        to += run.n;
    }
    *to = '\0'; /* at the closing quote or before it */
    out->n = (size_t) (to - out->p);
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
    struct parser p; /* of which only these two are used */
    char terminated[NUMBER_MAX + 1];
    bool real;

    p.text = s;
    p.at = 0;
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

static bool parse_number(struct parser *p, struct ix_json_node *out)
{
    struct ix_json_number number;
    size_t start = p->at;
    bool real;

    if (!skip_number(p, &real))
        return invalid(p) != NULL;
    int err = ix_json_number(ix_str_n(p->text.p + start, p->at - start), &number);
    if (err == IRISX_E_TOO_LARGE)
        return fail(p, start, IRISX_E_PROTOCOL, "the number is too large") != NULL;
    if (err != 0)
        return no_memory(p) != NULL;
    out->mark = IX_NODE | (number.is_int ? IRISX_VALUE_INT : IRISX_VALUE_NUM);
    if (number.is_int)
        out->u.i = number.i;
    else
        out->u.d = number.d;
    return true;
}

/* ---- values ------------------------------------------------------------------------------ */

static bool parse_value(struct parser *p, size_t depth, struct ix_json_node *out);

static bool parse_literal(struct parser *p, struct ix_json_node *out)
{
    static const struct {
        struct ix_str word;
        uint32_t type;
        bool truth;
    } literals[] = { { { "true", 4 }, IRISX_VALUE_BOOL, true }, { { "false", 5 }, IRISX_VALUE_BOOL, false },
        { { "null", 4 }, IRISX_VALUE_NULL, false } };
    struct ix_str rest = ix_str_n(p->text.p + p->at, p->text.n - p->at);

    for (size_t i = 0; i < IX_COUNT(literals); i++) {
        if (ix_str_starts(rest, literals[i].word)) {
            p->at += literals[i].word.n;
            out->mark = IX_NODE | literals[i].type;
            out->u.i = literals[i].truth;
            return true;
        }
    }
    return invalid(p) != NULL;
}

static bool parse_member(struct parser *p, size_t depth)
{
    struct ix_json_pair pair = { 0 };
    struct ix_str key;

    if (!parse_text(p, &key))
        return false;
    skip_space(p);
    if (!accept(p, ':'))
        return invalid(p) != NULL;
    pair.key = key.p;
    return parse_value(p, depth, &pair.value) && push(p, &pair);
}

static bool parse_item(struct parser *p, size_t depth)
{
    struct ix_json_pair pair = { 0 };

    return parse_value(p, depth, &pair.value) && push(p, &pair);
}

/*
 * The key that is there a second time, or NULL. Few are compared with each other; many are brought into order, in which
 * they are also found sooner later.
 */
static const char *twice(struct ix_json_node *object, const struct ix_json_pair *pairs)
{
    if (object->count > IX_NODE_LINEAR) {
        object->mark |= IX_NODE_SORTED;
        return ix_json_sort(pairs, object->count, (const struct ix_json_pair **) (uintptr_t) (pairs + object->count));
    }
    for (size_t i = 1; i < object->count; i++)
        for (size_t k = 0; k < i; k++)
            if (pairs[i].key[0] == pairs[k].key[0] && strcmp(pairs[i].key, pairs[k].key) == 0)
                return pairs[i].key;
    return NULL;
}

/* what was pushed since `from` */
static bool close_object(struct parser *p, size_t from, struct ix_json_node *out)
{
    size_t n = p->top - from, index = n > IX_NODE_LINEAR ? n * sizeof(const struct ix_json_pair *) : 0;
    struct ix_json_pair *pairs = n > 0 ? arena(p, n * sizeof *pairs + index) : NULL;

    *out = (struct ix_json_node){ .mark = IX_NODE | IRISX_VALUE_OBJECT, .count = (uint32_t) n, .u.pairs = pairs };
    if (pairs == NULL)
        return n == 0;
    memcpy(pairs, &p->stack[from], n * sizeof *pairs);
    p->top = from;
    const char *again = twice(out, pairs);
    return again == NULL ||
           fail(p, (size_t) (again - p->text.p) - 1, IRISX_E_PROTOCOL, "a key appears twice in one object") != NULL;
}

static bool close_array(struct parser *p, size_t from, struct ix_json_node *out)
{
    size_t n = p->top - from;
    struct ix_json_node *items = n > 0 ? arena(p, n * sizeof *items) : NULL;

    *out = (struct ix_json_node){ .mark = IX_NODE | IRISX_VALUE_ARRAY, .count = (uint32_t) n, .u.items = items };
    if (items == NULL)
        return n == 0;
    for (size_t i = 0; i < n; i++)
        items[i] = p->stack[from + i].value;
    p->top = from;
    return true;
}

/* at the opening bracket: parts with commas between them, and the closing bracket */
static bool parse_container(struct parser *p, size_t depth, struct ix_json_node *out)
{
    size_t from = p->top;
    bool object = peek(p) == '{';
    char close = object ? '}' : ']';

    if (depth == IX_JSON_MAX_DEPTH)
        return fail(p, p->at, IRISX_E_TOO_LARGE, "nested deeper than 128 levels") != NULL;
    p->at++;
    skip_space(p);
    for (bool more = !accept(p, close); more;) {
        skip_space(p);
        if (!(object ? parse_member(p, depth + 1) : parse_item(p, depth + 1)))
            return false;
        skip_space(p);
        more = accept(p, ',');
        if (!more && !accept(p, close))
            return invalid(p) != NULL;
    }
    return object ? close_object(p, from, out) : close_array(p, from, out);
}

static bool parse_value(struct parser *p, size_t depth, struct ix_json_node *out)
{
    struct ix_str text;

    if (++p->values > IX_JSON_MAX_VALUES)
        return fail(p, p->at, IRISX_E_TOO_LARGE, "more than 262144 values") != NULL;
    skip_space(p);
    char c = peek(p);
    if (c == '{' || c == '[')
        return parse_container(p, depth, out);
    if (c == '-' || (c >= '0' && c <= '9'))
        return parse_number(p, out);
    if (c != '"')
        return parse_literal(p, out);
    if (!parse_text(p, &text))
        return false;
    *out = (struct ix_json_node){ .mark = IX_NODE | IRISX_VALUE_TEXT, .count = (uint32_t) text.n, .u.text = text.p };
    return true;
}

/* The first block: the doc, the text, and room for the nodes of a small one. */
static bool begin(struct parser *p, struct ix_str text)
{
    size_t copy = (sizeof *p->doc + text.n + sizeof(struct ix_json_node)) & ~(sizeof(struct ix_json_node) - 1);
    size_t nodes = IX_MIN(text.n, BLOCK_MIN) + 4 * sizeof(struct ix_json_pair);

    if (text.n > IX_JSON_MAX_BYTES)
        return fail(p, 0, IRISX_E_TOO_LARGE, "longer than 16 MiB") != NULL;
    p->doc = ix_realloc(NULL, copy + nodes); /* not zeroed */
    if (p->doc == NULL)
        return no_memory(p) != NULL;
    p->doc->blocks = NULL;
    p->doc->root = (struct ix_json_node){ .mark = IX_NODE | IX_NODE_ROOT };
    char *own = (char *) (p->doc + 1);
    if (text.n > 0)
        memcpy(own, text.p, text.n);
    p->text.p = own;
    p->room = (char *) p->doc + copy;
    p->left = nodes;
    p->block = BLOCK_MIN;
    p->stack = p->first;
    p->cap = STACK_FIRST;
    return true;
}

static bool parse_all(struct parser *p)
{
    if (!parse_value(p, 0, &p->doc->root))
        return false;
    p->doc->root.mark |= IX_NODE_ROOT;
    skip_space(p);
    return p->at == p->text.n || fail(p, p->at, IRISX_E_PROTOCOL, "something follows the end of the value") != NULL;
}

static void describe(const struct parser *p, struct ix_str text, irisx_value_error_t *error)
{
    *error = (irisx_value_error_t){ .offset = p->where, .line = 1, .column = 1 };
    for (size_t i = 0; i < p->where; i++) {
        bool newline = text.p[i] == '\n';
        error->line += newline;
        error->column = newline ? 1 : error->column + 1;
    }
    (void) ix_str_copy(error->message, sizeof error->message, ix_str(p->why)); /* all ours fit */
}

int ix_json_parse(struct ix_str text, irisx_value_t **out, irisx_value_error_t *error)
{
    struct parser p; /* the stack's first values are not to be zeroed */

    memset(&p, 0, offsetof(struct parser, first));
    p.stack = p.first;
    p.top = p.cap = p.where = 0;
    p.err = 0;
    p.text.n = text.n;
    if (begin(&p, text) && parse_all(&p))
        *out = (irisx_value_t *) (void *) p.doc;
    else if (error != NULL)
        describe(&p, text, error);
    if (p.stack != p.first)
        ix_free(p.stack);
    if (p.err != 0 && p.doc != NULL) {
        p.doc->root.mark |= IX_NODE_ROOT;
        ix_json_node_free(&p.doc->root);
    }
    return p.err;
}

irisx_error_t irisx_value_parse(const char *data, size_t len, irisx_value_t **value_out, irisx_value_error_t *error_out)
{
    struct parser failed = { .why = ix_error_text(IRISX_E_INVALID) };
    irisx_value_t *parsed = NULL, *own;
    int err = IRISX_E_INVALID;

    if (value_out == NULL || (data == NULL && len > 0)) {
        if (error_out != NULL)
            describe(&failed, IX_STR_NONE, error_out);
        return IRISX_E_INVALID;
    }
    err = ix_json_parse(ix_str_n(data, len), &parsed, error_out);
    if (err != 0)
        return (irisx_error_t) err;
    own = irisx_value_dup(parsed); /* one that can be changed */
    irisx_value_free(parsed);
    if (own != NULL) {
        *value_out = own;
        return IRISX_OK;
    }
    failed.why = ix_error_text(IRISX_E_NO_MEMORY);
    if (error_out != NULL)
        describe(&failed, IX_STR_NONE, error_out);
    return IRISX_E_NO_MEMORY;
}
