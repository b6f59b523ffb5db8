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
    bool chosen; /* by whoever reads it: all of them are shown, however narrow */
    size_t width; /* of the terminal; 0: nothing is cut */
};
struct sheet;
struct sheet *sheet_new(FILE *to, const struct sheet_options *o); /* NULL: out of memory */
/* Prints the items of an array, whatever they are; the first call prints the heading. False: stdout is gone. */
bool sheet_rows(struct sheet *s, const irisx_value_t *array);
/* The heading of a table without rows is "(none)"; CSV has its columns if they were named. */
void sheet_end(struct sheet *s);
size_t sheet_hidden(const struct sheet *s); /* columns that did not fit into the width */
void sheet_free(struct sheet *s);

/* One value: members of an object a line each, lists of objects as tables below, anything else as text. */
void card_print(FILE *to, const irisx_value_t *value, size_t width);

size_t text_width(const char *text); /* columns of a terminal */
enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED };
/* What makes the text behind it so on a terminal that can (ECMA-48 SGR); "" in pipes, with NO_COLOR, TERM=dumb. */
const char *text_style(FILE *to, enum style style);
/* Words in lines of at most `width` columns (0: 100), all but the first behind `indent` blanks. */
void text_wrap(FILE *to, const char *text, size_t indent, size_t width);
size_t terminal_width(FILE *to); /* COLUMNS or the terminal's; 0 if it is none */
/* At most `width` columns of it, "…" at the end if something is missing; owned by the caller. Line breaks are blanks,
 * control characters "?". width 0: all. */
char *text_fit(const char *text, size_t width);
/* JSON text with what could command a terminal as \\uXXXX: the same value. Owned by the caller. */
char *text_json(const char *json);
/* What a cell shows: texts as they are, the rest as JSON, "" for null and nothing. Owned by the caller. */
char *cell_text(const irisx_value_t *value);
/* A member by its name, or by a path with dots. */
const irisx_value_t *member_at(const irisx_value_t *object, const char *path);

#endif
