/* SPDX-License-Identifier: MIT */
/* Method and path to an operation, for the side that answers. */
#include "api/tables.h"

#include <string.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode_segment(struct ix_str s, char *out, size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        int c = (unsigned char) s.p[i];
        if (c == '%') {
            if (i + 2 >= s.n || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
                return false;
            c = hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]);
            i += 2;
        }
        if (c == 0 || n + 1 >= cap)
            return false;
        out[n++] = (char) c;
    }
    out[n] = '\0';
    return n > 0;
}

/*
 * Fills out->params. *literal gets one bit a segment, the first one highest: of two paths that match, the greater one
 * has a literal where the other has a parameter.
 */
static bool match_path(struct ix_str pattern, struct ix_str path, struct ix_api_match *out, uint32_t *literal)
{
    struct ix_str want;
    struct ix_str have;
    uint32_t bit = UINT32_C(1) << 31;

    *literal = 0;
    out->count = 0;
    for (;; bit >>= 1) {
        bool more_want = ix_str_cut(&pattern, '/', &want);
        bool more_have = ix_str_cut(&path, '/', &have);
        if (!more_want || !more_have)
            return more_want == more_have;
        if (want.n > 2 && want.p[0] == '{') {
            if (out->count == IX_API_MAX_PATH_PARAMS ||
                !decode_segment(have, out->params[out->count].value, sizeof out->params[0].value))
                return false;
            out->params[out->count++].name = want.p + 1; /* ends at '}': made right by the caller */
        } else if (!ix_str_eq(want, have)) {
            return false;
        } else {
            *literal |= bit;
        }
    }
}

/* the tables' own copy of a name that stands in a path */
static const char *interned(const struct ix_api_set *s, const struct ix_api_op *op, const char *in_path)
{
    const struct ix_api_type *t = &s->types[op->params];

    for (size_t i = 0; i < t->count; i++) {
        const struct ix_api_field *f = &s->fields[t->first + i];
        const char *name = ix_api_name(s, f->name);
        size_t n = strlen(name);
        if ((f->flags & IX_API_IN_PATH) != 0 && strncmp(in_path, name, n) == 0 && in_path[n] == '}')
            return name;
    }
    return "";
}

static void consider(const struct ix_api_set *s, const struct ix_api_op *op, uint32_t pattern, struct ix_str path,
    struct ix_api_match *best, uint32_t *best_literal)
{
    struct ix_api_match m = { .op = op };
    uint32_t literal;

    if (!match_path(ix_str(ix_api_text(s, pattern)), path, &m, &literal))
        return;
    if (best->op != NULL && literal <= *best_literal)
        return;
    for (size_t i = 0; i < m.count; i++)
        m.params[i].name = interned(s, op, m.params[i].name);
    *best = m;
    *best_literal = literal;
}

bool ix_api_match_in(const struct ix_api_set *s, const char *method, const char *path, struct ix_api_match *out)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
    struct ix_str p = ix_str(path);
    uint32_t literal = 0;

    *out = (struct ix_api_match){ 0 };
    p = ix_str_slice(p, 0, ix_str_find(p, '?'));
    if (p.n > 1 && p.p[p.n - 1] == '/')
        return false; /* another path, as on the platform */
    for (size_t i = 0; i < s->count; i++) {
        const struct ix_api_op *op = &s->ops[i];
        if (strcmp(method, methods[op->method]) != 0)
            continue;
        consider(s, op, op->path, p, out, &literal);
        for (size_t a = op->first_alias; a < (size_t) op->first_alias + op->alias_count; a++)
            consider(s, op, s->aliases[a], p, out, &literal);
    }
    return out->op != NULL;
}

bool ix_api_match(const char *method, const char *path, struct ix_api_match *out)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_match_in(&s, method, path, out);
}
