/* SPDX-License-Identifier: MIT */
/* One JSON value for people: members a line each, nested objects with dots, lists of objects as tables below. */
#include <stdlib.h>
#include <string.h>

#include "cli/sheet.h"

#define DEPTH 4
#define LABEL_MAX 40

struct line {
    char *name;
    const irisx_value_t *value;
};

struct card {
    struct line *lines;
    size_t count, room;
};

static void add(struct card *c, const char *before, const char *key, const irisx_value_t *value)
{
    char name[256];
    struct line *more;

    if (c->count == c->room) {
        more = realloc(c->lines, (c->room + 32) * sizeof *more);
        if (!more)
            return; /* what does not fit into memory is not shown */
        c->lines = more;
        c->room += 32;
    }
    (void) snprintf(name, sizeof name, "%s%s%s", before, *before ? "." : "", key);
    c->lines[c->count] = (struct line){ .name = strdup(name), .value = value };
    if (c->lines[c->count].name)
        c->count++;
}

static bool list_of_objects(const irisx_value_t *v)
{
    return irisx_value_type(v) == IRISX_VALUE_ARRAY && irisx_value_type(irisx_value_at(v, 0)) == IRISX_VALUE_OBJECT;
}

static void gather(struct card *c, const char *before, const irisx_value_t *object, int depth)
{
    char name[256];

    for (const char *k = irisx_value_next_key(object, NULL); k; k = irisx_value_next_key(object, k)) {
        const irisx_value_t *v = irisx_value_get(object, k);

        if (irisx_value_type(v) == IRISX_VALUE_OBJECT && irisx_value_count(v) && depth < DEPTH) {
            (void) snprintf(name, sizeof name, "%s%s%s", before, *before ? "." : "", k);
            gather(c, name, v, depth + 1);
        } else {
            add(c, before, k, v);
        }
    }
}

static void print_lines(FILE *to, const struct card *c, size_t width)
{
    size_t label = 0;

    for (size_t i = 0; i < c->count; i++) {
        size_t w = text_width(c->lines[i].name);

        if (!list_of_objects(c->lines[i].value) && w > label && w <= LABEL_MAX)
            label = w;
    }
    for (size_t i = 0; i < c->count; i++) {
        char *name, *all, *shown;

        if (list_of_objects(c->lines[i].value))
            continue;
        name = text_fit(c->lines[i].name, 0);
        all = cell_text(c->lines[i].value);
        shown = all ? text_fit(all, width > label + 12 ? width - label - 2 : 0) : NULL;
        if (name)
            (void) fprintf(to, "%s%*s  %s\n", name, (int) (label > text_width(name) ? label - text_width(name) : 0), "",
                shown && *shown ? shown : "-");
        free(name);
        free(all);
        free(shown);
    }
}

static void print_tables(FILE *to, const struct card *c, size_t width)
{
    const struct sheet_options o = { .form = SHEET_TABLE, .width = width };

    for (size_t i = 0; i < c->count; i++) {
        struct sheet *s = list_of_objects(c->lines[i].value) ? sheet_new(to, &o) : NULL;

        if (!s)
            continue;
        (void) fputs(i || c->count > 1 ? "\n" : "", to);
        cli_line(to, "%s:", c->lines[i].name);
        (void) sheet_rows(s, c->lines[i].value);
        sheet_free(s);
    }
}

void card_print(FILE *to, const irisx_value_t *value, size_t width)
{
    struct card c = { 0 };

    if (irisx_value_type(value) != IRISX_VALUE_OBJECT) {
        char *text = cell_text(value);

        cli_line(to, "%s", text ? text : "");
        free(text);
        return;
    }
    gather(&c, "", value, 0);
    print_lines(to, &c, width);
    print_tables(to, &c, width);
    if (!c.count)
        (void) fputs("(done)\n", to);
    for (size_t i = 0; i < c.count; i++)
        free(c.lines[i].name);
    free(c.lines);
}
