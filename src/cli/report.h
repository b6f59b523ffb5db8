/* SPDX-License-Identifier: MIT */
/* How a call sounded: a live line and a page with curves. */
#ifndef IRISX_CLI_REPORT_H
#define IRISX_CLI_REPORT_H

#include <irisx/irisx.h>
#include <stdbool.h>

struct report;
/* path NULL: no page. NULL without memory, or when the page cannot be written (errno) */
struct report *report_new(const char *path);
void report_second(struct report *r, const irisx_call_stats_t *s, bool draw); /* draw: the line, on stderr */
void report_clear_line(struct report *r); /* before something else is said there */
/* Writes the page (last NULL: there was no call) and frees; NULL allowed. False: the page is not whole (errno) */
bool report_end(struct report *r, const char *peer, const irisx_call_stats_t *last);

#endif
