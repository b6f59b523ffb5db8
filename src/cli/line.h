/* SPDX-License-Identifier: MIT */
/* irisx line: what its two files share: line.c opens and commands, line_show.c tells. */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include "cli/cli.h"

#define LINES_MAX 32
#define WATCHES_MAX 64

struct line_row {
    irisx_line_t *line;
    irisx_op_t *opening;
    char name[64]; /* until it has an address */
    irisx_line_state_t state;
    double since_ms; /* in this state */
    char why[200];
};
struct line_watch {
    irisx_subscription_t *subscription;
    char text[200]; /* what is known, in short */
};
struct lines {
    const struct cli_common *common;
    irisx_client_t *client;
    struct line_row rows[LINES_MAX];
    size_t count;
    struct line_watch watches[WATCHES_MAX];
    size_t watch_count;
    bool live; /* a table on a terminal, drawn again and again */
    size_t drawn; /* rows of it */
};

struct line_row *line_row(struct lines *s, const irisx_line_t *line);
void line_event(struct lines *s, const irisx_event_t *ev); /* told, and kept for the table */
void line_done(struct lines *s, const char *command, const char *to, irisx_op_t *op); /* an order has ended */
void line_draw(struct lines *s);
irisx_package_t line_package(const char *word, size_t len); /* "dialog", "presence", "message-summary" */

#endif
