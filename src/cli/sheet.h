/* SPDX-License-Identifier: MIT */
/* Rows of JSON objects as an aligned table for people or as CSV for programs; sheet.c. One object for people: card.c.
 */
#ifndef IRISX_CLI_SHEET_H
#define IRISX_CLI_SHEET_H

#include "cli/cli.h"

enum sheet_form { SHEET_TABLE, SHEET_CSV };
struct sheet_options {
    enum sheet_form form;
    const char *columns; /* "sid,status,to"; NULL: chosen from the first rows */
    size_t width; /* of the terminal; 0: nothing is cut */
};
struct sheet;
struct sheet *sheet_new(FILE *to, const struct sheet_options *o); /* NULL: out of memory */
/* Prints the items of an array, whatever they are; the first call prints the heading. False: stdout is gone. */
bool sheet_rows(struct sheet *s, const irisx_value_t *array);
/* The heading of a table without rows is "(none)"; CSV has its columns if they were named. */
void sheet_end(struct sheet *s);
void sheet_free(struct sheet *s);

/* One value: members of an object a line each, lists of objects as tables below, anything else as text. */
void card_print(FILE *to, const irisx_value_t *value, size_t width);

size_t text_width(const char *text); /* columns of a terminal */
size_t terminal_width(FILE *to); /* COLUMNS or the terminal's; 0 if it is none */
/* At most `width` columns of it, "…" at the end if something is missing; owned by the caller. Line breaks are blanks,
 * control characters "?". width 0: all. */
char *text_fit(const char *text, size_t width);
/* What a cell shows: texts as they are, the rest as JSON, "" for null and nothing. Owned by the caller. */
char *cell_text(const irisx_value_t *value);
/* A member by its name, or by a path with dots. */
const irisx_value_t *member_at(const irisx_value_t *object, const char *path);

#endif
