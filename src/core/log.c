/* SPDX-License-Identifier: MIT */
/* One formatted line to the sink. Control characters from the network cannot forge lines or terminal sequences. */
#include "core/core.h"

#include <stdio.h>

#define LINE_MAX_BYTES 1024 /* longer lines are cut */

void ix_log(const struct ix_log *log, enum ix_log_level level, const char *area, const char *fmt, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;

    if (log == NULL || log->sink == NULL || (int) level > log->level)
        return;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n < 0)
        return;
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char) *c < 0x20 || *c == 0x7f)
            *c = ' ';
    }
    log->sink(log->ctx, (int) level, area, line);
}
