/* SPDX-License-Identifier: MIT */
/* Texts on a terminal: how wide they are, what of them fits, what must not reach it (ECMA-48 control characters). */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/sheet.h"

/* The character at *p, which is moved behind it; -1 for what is no UTF-8 or commands the terminal. */
static int32_t next_char(const unsigned char **p)
{
    const unsigned char *s = *p;
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
               : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
               : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                             : 0;
    int32_t c = n < 2 ? s[0] : s[0] & (0x7F >> n);

    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            n = 0;
            break;
        }
        c = c << 6 | (s[i] & 0x3F);
    }
    *p += n ? n : 1;
    return n == 0 || c < 0x20 || (c >= 0x7F && c < 0xA0) ? -1 : c;
}

static size_t char_width(int32_t c)
{
    int w = c < 0 ? 1 : wcwidth((wchar_t) c);

    return w < 0 ? 1 : (size_t) w;
}

size_t text_width(const char *text)
{
    const unsigned char *p = (const unsigned char *) text;
    size_t n = 0;

    while (*p)
        n += char_width(next_char(&p));
    return n;
}

size_t terminal_width(FILE *to)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    double n;

    if (!isatty(fileno(to)))
        return 0;
    if (columns && cli_number(columns, 20, 10000, &n))
        return (size_t) n;
    return ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

/* How much of the text goes into `width` columns: bytes; *whole if that is all of it */
static size_t fitting(const char *text, size_t width, bool *whole)
{
    const unsigned char *p = (const unsigned char *) text, *keep = p;
    size_t n = 0;

    while (*p) {
        n += char_width(next_char(&p));
        if (n + 1 <= width)
            keep = p;
        if (n > width)
            break;
    }
    *whole = n <= width;
    return *whole ? strlen(text) : (size_t) (keep - (const unsigned char *) text);
}

char *text_fit(const char *text, size_t width)
{
    bool whole = true;
    size_t bytes = width ? fitting(text, width, &whole) : strlen(text);
    char *out = malloc(bytes + 4);
    const unsigned char *p = (const unsigned char *) text, *end = p + bytes;
    size_t n = 0;

    if (!out)
        return NULL;
    while (p < end) {
        const unsigned char *from = p;

        if (*p == '\n' || *p == '\r' || *p == '\t') {
            out[n++] = ' ';
            p++;
        } else if (next_char(&p) < 0) {
            out[n++] = '?';
        } else {
            memcpy(out + n, from, (size_t) (p - from));
            n += (size_t) (p - from);
        }
    }
    memcpy(out + n, whole ? "" : "…", whole ? 1 : 4);
    return out;
}

char *cell_text(const irisx_value_t *value)
{
    const char *text = irisx_value_text(value, NULL);
    char *json, *out;

    if (text || irisx_value_type(value) <= IRISX_VALUE_NULL)
        return strdup(text ? text : "");
    json = irisx_value_to_text(value);
    out = json ? strdup(json) : NULL;
    irisx_text_free(json);
    return out;
}

const irisx_value_t *member_at(const irisx_value_t *object, const char *path)
{
    char name[128];

    while (*path && irisx_value_type(object) == IRISX_VALUE_OBJECT) {
        size_t n = strcspn(path, ".");
        const irisx_value_t *whole = irisx_value_get(object, path);

        if (whole)
            return whole;
        (void) snprintf(name, sizeof name, "%.*s", (int) n, path); /* a longer one is nobody's */
        object = irisx_value_get(object, name);
        path += n + (path[n] == '.');
    }
    return *path ? NULL : object;
}
