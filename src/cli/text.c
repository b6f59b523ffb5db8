/* SPDX-License-Identifier: MIT */
/* Texts on a terminal: how wide they are, what of them fits, what must not reach it (ECMA-48 control characters). */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/sheet.h"

/* What others could use to command the terminal, or to show a line in another order than it has (Unicode TR 36) */
static bool commands(int32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0xD800 && c < 0xE000) || c == 0x61C || c == 0x200E ||
           c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF ||
           (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c < 0xE0080) || c > 0x10FFFF;
}

/* The character at *p, which is moved behind it; -1 for what is no UTF-8 (RFC 3629) or commands the terminal. */
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
    if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000)) /* longer than it needs to be */
        n = 0;
    *p += n ? n : 1;
    return n == 0 || commands(c) ? -1 : c;
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

static size_t blank(char *out)
{
    *out = ' ';
    return 1;
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
        int32_t c = *p == '\n' || *p == '\r' || *p == '\t' ? (p++, ' ') : next_char(&p);

        if (c == ' ') {
            n += blank(out + n);
        } else if (c < 0) {
            out[n++] = '?';
        } else {
            memcpy(out + n, from, (size_t) (p - from));
            n += (size_t) (p - from);
        }
    }
    memcpy(out + n, whole ? "" : "…", whole ? 1 : 4);
    return out;
}

char *text_json(const char *json)
{
    const unsigned char *p = (const unsigned char *) json;
    char *out = NULL;
    size_t n = 0, size = 0;
    FILE *to = open_memstream(&out, &size);

    if (!to)
        return NULL;
    while (*p) {
        const unsigned char *from = p;
        int32_t c;

        n = 0;
        while (p[n] >= 0x20 && p[n] < 0x7F)
            n++;
        if (n) {
            (void) fwrite(p, 1, n, to);
            p += n;
            continue;
        }
        c = next_char(&p);
        if (c >= 0)
            (void) fwrite(from, 1, (size_t) (p - from), to);
        else if (p - from == 4) /* a pair, RFC 8259 section 7 */
            (void) fprintf(to, "\\udb40\\udc%02x", (from[3] & 0x3F) | (from[2] & 1) << 6);
        else if (p - from == 3)
            (void) fprintf(to, "\\u%04x", (from[0] & 0xF) << 12 | (from[1] & 0x3F) << 6 | (from[2] & 0x3F));
        else if (p - from == 2)
            (void) fprintf(to, "\\u%04x", (from[0] & 0x1F) << 6 | (from[1] & 0x3F));
        else
            (void) fprintf(to, "\\u%04x", from[0]);
    }
    if (fclose(to)) {
        free(out);
        return NULL;
    }
    return out;
}

/* ---- lines ------------------------------------------------------------------------------- */
void text_wrap(FILE *to, const char *text, size_t indent, size_t width)
{
    static const char blanks[] = " \t\r\n";
    size_t at = indent;

    width = width ? width : 100;
    width = width > indent + 20 ? width : indent + 20; /* too narrow for both: the terminal breaks the lines */
    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        size_t n = strcspn(text, blanks);
        char *word = strndup(text, n), *shown = word ? text_fit(word, 0) : NULL;
        size_t w = shown ? text_width(shown) : 0;

        if (at > indent && at + 1 + w > width) {
            (void) fprintf(to, "\n%*s", (int) indent, "");
            at = indent;
        } else if (at > indent) {
            (void) fputc(' ', to);
            at++;
        }
        (void) fputs(shown ? shown : "", to);
        at += w;
        text += n;
        free(shown);
        free(word);
    }
    (void) fputc('\n', to);
}

const char *text_style(FILE *to, enum style style)
{
    static const char *const codes[] = { "\033[0m", "\033[1m", "\033[2m", "\033[31;1m" };
    const char *terminal = cli_env("TERM");

    /* https://no-color.org */
    if (cli_env("NO_COLOR") || !terminal || strcmp(terminal, "dumb") == 0 || !isatty(fileno(to)))
        return "";
    return codes[style];
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
