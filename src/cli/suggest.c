/* SPDX-License-Identifier: MIT */
/* Did you mean: edits (letters put in, left out, changed, swapped) between what was typed and what there is. */
#include <string.h>

#include "cli/contract.h"

#define LONGEST 64

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;

    return m < c ? m : c;
}

/* Optimal string alignment distance; UINT32_MAX for what is too long to be a slip. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][LONGEST + 1];
    size_t n = strlen(a), m = strlen(b);

    if (n > LONGEST || m > LONGEST)
        return UINT32_MAX;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = (unsigned) j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];

        row[0] = (unsigned) i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two[j - 2] + 1 < row[j])
                row[j] = two[j - 2] + 1;
        }
    }
    return rows[n % 3][m];
}

void suggest_begin(struct suggest *s, const char *wanted)
{
    memset(s, 0, sizeof *s);
    s->wanted = wanted;
}

void suggest_offer(struct suggest *s, const char *name)
{
    size_t n = strlen(s->wanted), slips = n < 4 ? 1 : n / 3;
    unsigned cost = 2 * distance(s->wanted, name);
    size_t at;

    if (n > 2 && strstr(name, s->wanted))
        cost = 3; /* a part of it: as good as one slip and a half */
    if (cost > 2 * slips && cost != 3)
        return;
    for (at = s->count; at > 0 && s->cost[at - 1] > cost; at--)
        if (at < SUGGEST_MAX) {
            s->best[at] = s->best[at - 1];
            s->cost[at] = s->cost[at - 1];
        }
    if (at == SUGGEST_MAX)
        return;
    s->best[at] = name;
    s->cost[at] = cost;
    s->count += s->count < SUGGEST_MAX;
}

const char *suggest_text(const struct suggest *s, char *buf, size_t size)
{
    size_t n = 0;

    *buf = 0;
    for (size_t i = 0; i < s->count; i++) {
        const char *before = !i ? "; did you mean " : i + 1 == s->count ? " or " : ", ";
        int more = snprintf(buf + n, size - n, "%s%s%s", before, s->best[i], i + 1 == s->count ? "?" : "");

        if (more < 0 || (size_t) more >= size - n)
            break; /* cut: still right */
        n += (size_t) more;
    }
    return buf;
}
