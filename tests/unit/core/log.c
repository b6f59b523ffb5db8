/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

struct seen {
    int count;
    int level;
    char line[2000];
};

static void keep(void *ctx, int level, const char *area, const char *line)
{
    struct seen *seen = ctx;

    cr_assert_str_eq(area, "sip");
    seen->count++;
    seen->level = level;
    strcpy(seen->line, line);
}

Test(log, formats_what_its_level_lets_through)
{
    struct seen seen = { 0 };
    struct ix_log log = { .level = IX_LOG_INFO, .sink = keep, .ctx = &seen };

    ix_log(&log, IX_LOG_DEBUG, "sip", "%s", "unseen");
    cr_assert_eq(seen.count, 0);
    ix_log(&log, IX_LOG_INFO, "sip", "call %d", 7);
    cr_assert_eq(seen.count, 1);
    cr_assert_eq(seen.level, IX_LOG_INFO);
    cr_assert_str_eq(seen.line, "call 7");
}

Test(log, a_line_is_one_line_and_of_limited_length)
{
    struct seen seen = { 0 };
    struct ix_log log = { .level = IX_LOG_TRACE, .sink = keep, .ctx = &seen };
    char text[1500];

    ix_log(&log, IX_LOG_ERROR, "sip", "a\r\nb\x1b[31m\tc\x7f");
    cr_assert_str_eq(seen.line, "a  b [31m c ");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ix_log(&log, IX_LOG_ERROR, "sip", "%s", text);
    cr_assert_eq(strlen(seen.line), 1023);
}

Test(log, needs_neither_log_nor_sink)
{
    struct ix_log log = { .level = IX_LOG_TRACE };

    ix_log(NULL, IX_LOG_ERROR, "sip", "x");
    ix_log(&log, IX_LOG_ERROR, "sip", "x");
}
