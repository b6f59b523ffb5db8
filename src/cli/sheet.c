/* SPDX-License-Identifier: MIT */
/* A table, a page at a time: columns and widths are settled by the first rows, so that what follows streams. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/sheet.h"

#define MAX_COLUMNS 200
#define LOOK_AT 50 /* rows that settle the columns */
#define GAP 2
#define NARROW 8 /* no column is cut below this */
#define CSV_SAMPLE 1000

struct column {
    char *name;
    size_t width;
    bool number; /* aligned to the right */
};

struct sheet {
    FILE *to;
    struct sheet_options o;
    struct column columns[MAX_COLUMNS];
    size_t count;
    bool begun;
    size_t rows;
    size_t hidden; /* columns that did not fit */
};

struct sheet *sheet_new(FILE *to, const struct sheet_options *o)
{
    struct sheet *s = calloc(1, sizeof *s);

    if (s) {
        s->to = to;
        s->o = *o;
    }
    return s;
}

void sheet_free(struct sheet *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        free(s->columns[i].name);
    free(s);
}

/* ---- which columns ----------------------------------------------------------------------- */
static void add_column(struct sheet *s, const char *name, size_t n)
{
    for (size_t i = 0; i < s->count; i++)
        if (strlen(s->columns[i].name) == n && memcmp(s->columns[i].name, name, n) == 0)
            return;
    if (n && s->count < MAX_COLUMNS && (s->columns[s->count].name = strndup(name, n)))
        s->count++;
}

static void named_columns(struct sheet *s)
{
    for (const char *p = s->o.columns; *p;) {
        size_t n = strcspn(p, ",");

        add_column(s, p, n);
        p += n + (p[n] == ',');
    }
}

static bool scalar(const irisx_value_t *v)
{
    irisx_value_type_t t = irisx_value_type(v);

    return t != IRISX_VALUE_ARRAY && t != IRISX_VALUE_OBJECT;
}

static bool said_by_any(const irisx_value_t *array, const char *key)
{
    for (size_t i = 0; i < irisx_value_count(array) && i < LOOK_AT; i++)
        if (irisx_value_type(irisx_value_get(irisx_value_at(array, i), key)) > IRISX_VALUE_NULL)
            return true;
    return false;
}

/* People see what is said by a row at least, and no nested values; programs see every member. */
static void found_columns(struct sheet *s, const irisx_value_t *array)
{
    size_t look = s->o.form == SHEET_CSV ? CSV_SAMPLE : LOOK_AT;

    for (size_t i = 0; i < irisx_value_count(array) && i < look; i++) {
        const irisx_value_t *row = irisx_value_at(array, i);

        for (const char *k = irisx_value_next_key(row, NULL); k; k = irisx_value_next_key(row, k))
            if (s->o.form == SHEET_CSV || (scalar(irisx_value_get(row, k)) && said_by_any(array, k)))
                add_column(s, k, strlen(k));
    }
    if (!s->count)
        add_column(s, "value", 5);
}

static const irisx_value_t *cell_of(const irisx_value_t *row, const char *name)
{
    return irisx_value_type(row) == IRISX_VALUE_OBJECT ? member_at(row, name) : row;
}

/* ---- cells ------------------------------------------------------------------------------- */
/* On a terminal "2026-11-20 21:30:36" does for "2026-11-20T21:30:36.627Z" (RFC 3339), which is UTC as everything the
 * platform tells. Owned by the caller. */
static char *shown_text(const struct sheet *s, const irisx_value_t *value)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    char *text = cell_text(value);
    size_t n = 0, end;

    if (!text || !s->o.width || s->o.form == SHEET_CSV)
        return text;
    while (form[n] && (form[n] == 'd' ? text[n] >= '0' && text[n] <= '9' : text[n] == form[n]))
        n++;
    end = form[n] ? 0 : n + (text[n] == '.' ? 1 + strspn(text + n + 1, "0123456789") : 0);
    if (!end || strcmp(text + end, "Z") != 0)
        return text;
    text[10] = ' ';
    text[n] = 0;
    return text;
}

/* ---- how wide ---------------------------------------------------------------------------- */
static void measure(struct sheet *s, struct column *c, const irisx_value_t *array)
{
    bool numbers = false, others = false;

    c->width = text_width(c->name);
    for (size_t i = 0; i < irisx_value_count(array) && i < LOOK_AT; i++) {
        const irisx_value_t *v = cell_of(irisx_value_at(array, i), c->name);
        irisx_value_type_t t = irisx_value_type(v);
        char *text = shown_text(s, v);
        size_t w = text ? text_width(text) : 0;

        c->width = w > c->width ? w : c->width;
        numbers = numbers || t == IRISX_VALUE_INT || t == IRISX_VALUE_NUM;
        others = others || (t > IRISX_VALUE_NULL && t != IRISX_VALUE_INT && t != IRISX_VALUE_NUM);
        free(text);
    }
    c->number = numbers && !others;
    if (s->o.width && c->width > s->o.width)
        c->width = s->o.width;
}

static size_t total_width(const struct sheet *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->count; i++)
        n += s->columns[i].width + (i ? GAP : 0);
    return n;
}

/* The widest, but not the first: that is what a row is called, and what is copied from it */
static struct column *widest(struct sheet *s)
{
    struct column *w = &s->columns[s->count > 1];

    for (size_t i = 1; i < s->count; i++)
        if (s->columns[i].width > w->width)
            w = &s->columns[i];
    return w;
}

/* The widest column gives way, but none below a width that still tells something; then the last columns go, if nobody
 * asked for them; then the first is cut. */
static void fit(struct sheet *s)
{
    size_t floor = s->count <= 4 ? NARROW : 2 * NARROW;

    while (s->o.width && total_width(s) > s->o.width) {
        struct column *w = widest(s);

        if (w->width > floor || (s->o.chosen && w->width > 1))
            w->width--;
        else if (s->count > 1 && !s->o.chosen) {
            free(s->columns[--s->count].name);
            s->hidden++;
        } else if (s->columns[0].width > 1)
            s->columns[0].width--;
        else
            return;
    }
}

/* ---- lines ------------------------------------------------------------------------------- */
static void table_cell(struct sheet *s, size_t i, const char *text)
{
    const struct column *c = &s->columns[i];
    char *shown = text_fit(text, c->width);
    size_t w = shown ? text_width(shown) : 0, pad = w < c->width ? c->width - w : 0;
    bool last = i + 1 == s->count;

    if (c->number)
        (void) fprintf(s->to, "%*s%s", (int) pad, "", shown ? shown : "");
    else
        (void) fprintf(s->to, "%s%*s", shown ? shown : "", last ? 0 : (int) pad, "");
    (void) fputs(last ? "\n" : "  ", s->to);
    free(shown);
}

/* Data as it is; on a terminal without what could command it */
static void csv_cell(struct sheet *s, size_t i, const char *given)
{
    char *clean = isatty(fileno(s->to)) ? text_fit(given, 0) : NULL;
    const char *text = clean ? clean : given;

    if (strpbrk(text, ",\"\r\n")) { /* RFC 4180 section 2 */
        (void) fputc('"', s->to);
        for (; *text; text++) {
            if (*text == '"')
                (void) fputc('"', s->to);
            (void) fputc(*text, s->to);
        }
        (void) fputc('"', s->to);
    } else {
        (void) fputs(text, s->to);
    }
    (void) fputs(i + 1 == s->count ? "\r\n" : ",", s->to);
    free(clean);
}

static void print_cell(struct sheet *s, size_t i, const char *text)
{
    if (s->o.form == SHEET_CSV)
        csv_cell(s, i, text);
    else
        table_cell(s, i, text);
}

static void heading(struct sheet *s)
{
    if (s->o.form == SHEET_TABLE)
        (void) fputs(text_style(s->to, STYLE_BOLD), s->to);
    for (size_t i = 0; i < s->count; i++) {
        char name[128];

        (void) snprintf(name, sizeof name, "%s", s->columns[i].name);
        for (char *p = name; s->o.form == SHEET_TABLE && *p; p++)
            *p = (char) (*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
        if (i + 1 == s->count && s->o.form == SHEET_TABLE) { /* the style ends with the line, not behind it */
            char *shown = text_fit(name, s->columns[i].width);
            size_t w = shown ? text_width(shown) : 0, pad = s->columns[i].number ? s->columns[i].width - w : 0;

            (void) fprintf(s->to, "%*s%s%s\n", (int) pad, "", shown ? shown : "", text_style(s->to, STYLE_PLAIN));
            free(shown);
            continue;
        }
        print_cell(s, i, name);
    }
}

static void begin(struct sheet *s, const irisx_value_t *array)
{
    if (s->o.columns)
        named_columns(s);
    else
        found_columns(s, array);
    for (size_t i = 0; s->o.form == SHEET_TABLE && i < s->count; i++)
        measure(s, &s->columns[i], array);
    if (s->o.form == SHEET_TABLE)
        fit(s);
    heading(s);
    s->begun = true;
}

bool sheet_rows(struct sheet *s, const irisx_value_t *array)
{
    size_t n = irisx_value_count(array);

    if (n && !s->begun)
        begin(s, array);
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < s->count; i++) {
            char *text = shown_text(s, cell_of(irisx_value_at(array, r), s->columns[i].name));

            print_cell(s, i, text ? text : "");
            free(text);
        }
    s->rows += n;
    return !ferror(s->to) && !fflush(s->to);
}

size_t sheet_hidden(const struct sheet *s)
{
    return s->hidden;
}

void sheet_end(struct sheet *s)
{
    if (s->begun)
        return;
    if (s->o.form == SHEET_TABLE)
        (void) fputs("(none)\n", s->to);
    else if (s->o.columns)
        begin(s, NULL);
}
