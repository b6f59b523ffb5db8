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

struct search {
    const struct ix_api_set *set;
    const char *method;
    ix_api_served_fn served; /* NULL: all are */
    struct ix_api_match *out;
};

static const struct ix_api_op *op_at(const struct search *x, size_t node)
{
    size_t low = 0;
    size_t high = x->set->route_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x->set->routes[middle].node < node)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < x->set->route_count && x->set->routes[low].node == node; low++) {
        const struct ix_api_op *op = &x->set->ops[x->set->routes[low].op];
        if (strcmp(ix_api_method_name(op), x->method) == 0)
            return x->served == NULL || x->served(op) ? op : NULL;
    }
    return NULL;
}

/* the first node whose parent is not before `parent`: parents stand in order */
static size_t first_child(const struct ix_api_set *s, size_t parent)
{
    size_t low = 1;
    size_t high = s->path_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->paths[middle].parent < parent)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* the tables' own copy of a name that stands in a path */
static const char *interned(const struct ix_api_set *s, const struct ix_api_op *op, const char *in_path)
{
    const struct ix_api_type *t = &s->types[op->params];

    for (size_t i = 0; i < t->count; i++) {
        struct ix_api_field f = ix_api_field(s, t, i);
        const char *name = ix_api_text(s, f.name);
        size_t n = strlen(name);
        if ((f.flags & IX_API_IN_PATH) != 0 && strncmp(in_path, name, n) == 0 && in_path[n] == '}')
            return name;
    }
    return "";
}

static bool descend(struct search *x, size_t node, struct ix_str rest, bool more);

/* a child that is a parameter takes any segment */
static bool take_param(struct search *x, size_t node, struct ix_str segment, struct ix_str rest, bool more)
{
    struct ix_api_match *out = x->out;
    size_t n = out->count;

    if (n == IX_API_MAX_PATH_PARAMS || !decode_segment(segment, out->params[n].value, sizeof out->params[0].value))
        return false;
    out->params[n].name = ix_api_text(x->set, x->set->paths[node].word) + 1; /* ends at '}': made right at the end */
    out->count = n + 1;
    if (descend(x, node, rest, more))
        return true;
    out->count = n;
    return false;
}

/*
 * The children of a node that fit the next segment: the literal one before the parameters, so that of two paths the one
 * with the earlier literal wins. No deeper than the tables' paths.
 */
static bool descend(struct search *x, size_t node, struct ix_str rest, bool more)
{
    const struct ix_api_set *s = x->set;
    struct ix_str segment;

    if (!more) {
        x->out->op = op_at(x, node);
        return x->out->op != NULL;
    }
    more = ix_str_find(rest, '/') != SIZE_MAX;
    (void) ix_str_cut(&rest, '/', &segment);
    size_t first = first_child(s, node);
    for (size_t i = first; i < s->path_count && s->paths[i].parent == node; i++)
        if (ix_str_eq(segment, ix_str(ix_api_text(s, s->paths[i].word))) && segment.n > 0 && segment.p[0] != '{' &&
            descend(x, i, rest, more))
            return true;
    for (size_t i = first; i < s->path_count && s->paths[i].parent == node; i++)
        if (ix_api_text(s, s->paths[i].word)[0] == '{' && take_param(x, i, segment, rest, more))
            return true;
    return false;
}

bool ix_api_match_in(
    const struct ix_api_set *s, const char *method, const char *path, ix_api_served_fn served, struct ix_api_match *out)
{
    struct search x = { s, method, served, out };
    struct ix_str p = ix_str(path);

    *out = (struct ix_api_match){ 0 };
    p = ix_str_slice(p, 0, ix_str_find(p, '?'));
    if (p.n == 0 || p.p[0] != '/')
        return false;
    if (p.n == 1) { /* the root itself, an empty segment */
        size_t i = first_child(s, 0);
        out->op = i < s->path_count && s->paths[i].word == 0 ? op_at(&x, i) : NULL;
        return out->op != NULL;
    }
    if (p.p[p.n - 1] == '/')
        return false; /* another path, as on the platform */
    if (!descend(&x, 0, ix_str_slice(p, 1, p.n), true))
        return false;
    for (size_t i = 0; i < out->count; i++)
        out->params[i].name = interned(s, out->op, out->params[i].name);
    return true;
}

bool ix_api_match(const char *method, const char *path, ix_api_served_fn served, struct ix_api_match *out)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_match_in(&s, method, path, served, out);
}
