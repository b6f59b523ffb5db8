/* SPDX-License-Identifier: MIT */
/*
 * Rules of texts: the regular expressions that the contract uses (tables.h lists what is understood), and formats.
 * Backtracking, with a budget of steps and of depth: a text from the network cannot make it run long.
 */
#include "api/tables.h"

#include <string.h>

#define MAX_STEPS 100000
#define MAX_DEPTH 400

struct span { /* a piece of a pattern */
    const char *p, *end;
};
struct rest { /* what must match behind a group */
    struct span span; /* behind the group */
    const struct rest *next;
    struct span group; /* p NULL: a plain group, no loop */
    unsigned count, min, max;
    size_t from; /* where this round began: an empty round ends the loop */
};
struct matcher {
    struct ix_str text;
    unsigned steps, depth;
    bool gave_up;
};

static bool match_here(struct matcher *m, struct span s, size_t at, const struct rest *rest);

/* end of the atom at s.p */
static const char *atom_end(struct span s)
{
    const char *p = s.p;
    int depth = 0;

    if (*p == '\\')
        return IX_MIN(p + 2, s.end);
    if (*p == '[') {
        for (p++; p < s.end && *p != ']'; p++)
            if (*p == '\\' && p + 1 < s.end)
                p++;
        return IX_MIN(p + 1, s.end);
    }
    if (*p != '(')
        return p + 1;
    for (; p < s.end; p++) {
        if (*p == '\\')
            p++;
        else if (*p == '(')
            depth++;
        else if (*p == ')' && --depth == 0)
            return p + 1;
    }
    return s.end;
}

static unsigned number(const char **p, const char *end)
{
    unsigned n = 0;

    for (; *p < end && **p >= '0' && **p <= '9'; (*p)++)
        n = IX_MIN(n * 10 + (unsigned) (**p - '0'), 100000u);
    return n;
}

/* reads ? * + {m} {m,} {m,n} at *p */
static void quantifier(const char **p, const char *end, unsigned *min, unsigned *max)
{
    char c = *p < end ? **p : '\0';

    *min = *max = 1;
    if (c == '?' || c == '*' || c == '+') {
        *min = c == '+' ? 1 : 0;
        *max = c == '?' ? 1 : UINT32_MAX;
        (*p)++;
    } else if (c == '{') {
        (*p)++;
        *min = *max = number(p, end);
        if (*p < end && **p == ',') {
            (*p)++;
            *max = *p < end && **p != '}' ? number(p, end) : UINT32_MAX;
        }
        *p = *p < end ? *p + 1 : end;
    }
}

static bool escape_matches(char class, char c)
{
    bool digit = c >= '0' && c <= '9';
    bool word = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool space = c == ' ' || (c >= '\t' && c <= '\r');

    switch (class) {
    case 'd':
        return digit;
    case 'D':
        return !digit;
    case 'w':
        return word;
    case 'W':
        return !word;
    case 's':
        return space;
    case 'S':
        return !space;
    default:
        return class == c;
    }
}

static bool class_matches(struct span s, char c)
{
    const char *p = s.p + 1;
    bool negated = p < s.end && *p == '^';
    bool found = false;

    for (p += negated ? 1 : 0; p < s.end && *p != ']'; p++) {
        if (*p == '\\' && p + 1 < s.end) {
            p++;
            found = found || escape_matches(*p, c);
        } else if (p + 2 < s.end && p[1] == '-' && p[2] != ']') {
            found = found || (c >= p[0] && c <= p[2]);
            p += 2;
        } else {
            found = found || *p == c;
        }
    }
    return found != negated;
}

static bool one_matches(struct span atom, char c)
{
    if (*atom.p == '[')
        return class_matches(atom, c);
    if (*atom.p == '\\' && atom.p + 1 < atom.end)
        return escape_matches(atom.p[1], c);
    return *atom.p == '.' ? c != '\n' : *atom.p == c;
}

static bool match_end(struct matcher *m, size_t at, const struct rest *rest)
{
    struct rest again;

    if (rest == NULL)
        return true;
    if (rest->group.p != NULL) {
        again = *rest;
        again.count++;
        again.from = at;
        bool progress = at > rest->from;
        if (progress && again.count < again.max && match_here(m, again.group, at, &again))
            return true;
        if (again.count < again.min && progress)
            return false;
    }
    return match_here(m, rest->span, at, rest->next);
}

static bool match_group(struct matcher *m, struct span atom, struct span behind, unsigned min, unsigned max, size_t at,
    const struct rest *rest)
{
    struct span inner = { atom.p + 1, atom.end - 1 };
    bool ahead = inner.end - inner.p >= 2 && inner.p[0] == '?' && inner.p[1] == '=';

    if (inner.end - inner.p >= 2 && inner.p[0] == '?')
        inner.p += 2; /* (?= and (?: */
    if (ahead)
        return match_here(m, inner, at, NULL) && match_here(m, behind, at, rest);
    struct rest loop = { .span = behind, .next = rest, .group = inner, .min = min, .max = max, .from = at };
    if (max > 0 && match_here(m, inner, at, &loop))
        return true;
    return min == 0 && match_here(m, behind, at, rest);
}

/* a single character, as often as it goes, then less */
static bool match_run(struct matcher *m, struct span atom, struct span behind, unsigned min, unsigned max, size_t at,
    const struct rest *rest)
{
    size_t n = 0;

    while (n < max && at + n < m->text.n && one_matches(atom, m->text.p[at + n]))
        n++;
    for (;; n--) {
        if (n < min)
            return false;
        if (match_here(m, behind, at + n, rest))
            return true;
        if (n == 0 || m->gave_up)
            return m->gave_up;
    }
}

static bool match_sequence(struct matcher *m, struct span s, size_t at, const struct rest *rest)
{
    unsigned min;
    unsigned max;

    if (s.p == s.end)
        return match_end(m, at, rest);
    if (*s.p == '^' || *s.p == '$') {
        bool here = *s.p == '^' ? at == 0 : at == m->text.n;
        return here && match_here(m, (struct span){ s.p + 1, s.end }, at, rest);
    }
    struct span atom = { s.p, atom_end(s) };
    const char *p = atom.end;
    quantifier(&p, s.end, &min, &max);
    struct span behind = { p, s.end };
    return *atom.p == '(' ? match_group(m, atom, behind, min, max, at, rest)
                          : match_run(m, atom, behind, min, max, at, rest);
}

/* first '|' outside groups and classes, or the end */
static const char *alternative_end(struct span s)
{
    while (s.p < s.end && *s.p != '|')
        s.p = atom_end(s);
    return s.p;
}

static bool match_here(struct matcher *m, struct span s, size_t at, const struct rest *rest)
{
    bool found = false;

    if (m->gave_up || ++m->steps > MAX_STEPS || m->depth >= MAX_DEPTH) {
        m->gave_up = true;
        return true;
    }
    m->depth++;
    for (;;) {
        const char *end = alternative_end(s);
        found = match_sequence(m, (struct span){ s.p, end }, at, rest);
        if (found || end == s.end)
            break;
        s.p = end + 1;
    }
    m->depth--;
    return found;
}

bool ix_api_pattern(struct ix_str pattern, struct ix_str text)
{
    struct matcher m = { .text = text };
    struct span s = { pattern.p, pattern.p + pattern.n };

    if (pattern.n == 0)
        return true;
    for (size_t at = 0; at <= text.n; at++) {
        if (match_here(&m, s, at, NULL))
            return true;
        if (*pattern.p == '^')
            break;
    }
    return false;
}

/* ---- formats ----------------------------------------------------------------------------- */

static bool is_email(struct ix_str s)
{
    return ix_api_pattern(IX_STR("^[^\\s@]+@[^\\s@.]+(\\.[^\\s@.]+)+$"), s);
}

static bool is_url(struct ix_str s)
{
    return ix_api_pattern(IX_STR("^[A-Za-z][A-Za-z0-9+.-]*://[^\\s/?#]+"), s) && ix_str_find(s, ' ') == SIZE_MAX;
}

bool ix_api_format(enum ix_api_format format, struct ix_str text)
{
    int64_t wall_us;

    switch (format) {
    case IX_API_FORMAT_NONE:
        break;
    case IX_API_FORMAT_EMAIL:
        return is_email(text);
    case IX_API_FORMAT_URL:
        return is_url(text);
    case IX_API_FORMAT_UUID:
        return ix_api_pattern(
            IX_STR("^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"), text);
    case IX_API_FORMAT_DATETIME:
        return ix_time_parse_iso8601(text, &wall_us) == 0;
    case IX_API_FORMAT_DATE:
        return ix_api_pattern(IX_STR("^\\d{4}-\\d{2}-\\d{2}$"), text);
    case IX_API_FORMAT_TIME:
        return ix_api_pattern(IX_STR("^\\d{2}:\\d{2}(:\\d{2})?$"), text);
    }
    return true;
}

const char *ix_api_format_name(enum ix_api_format format)
{
    static const char *const names[] = { "regex", "email", "url", "uuid", "datetime", "date", "time" };

    return names[format];
}

size_t ix_api_text_length(struct ix_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char) s.p[i];
        n += (c & 0xc0) != 0x80 ? 1 : 0;
        n += c >= 0xf0 ? 1 : 0; /* a surrogate pair there */
    }
    return n;
}
