/* SPDX-License-Identifier: MIT */
/* Questions to whoever sits at the terminal. What is secret is not shown while it is typed. */
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"

#define LINE_LIMIT 4096

bool cli_asks(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Byte by byte: what follows the line is left for who reads next. NULL: the end, too long, or a signal */
static char *read_line(void)
{
    char *text = malloc(LINE_LIMIT);
    size_t n = 0;
    char c = 0;

    while (text && n < LINE_LIMIT - 1 && cli_readable(STDIN_FILENO) && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
        text[n++] = c;
    if (text && (c == '\n' || n) && n < LINE_LIMIT - 1 && !cli_interrupted()) {
        text[n] = 0;
        text[strcspn(text, "\r")] = 0;
        return text;
    }
    if (text)
        memset(text, 0, n);
    free(text);
    return NULL;
}

char *cli_ask(const char *label, bool secret)
{
    struct termios before, quiet;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    char *text;

    if (terminal && secret) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t) ECHO;
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet); /* shown then: better than no answer */
    }
    if (terminal) {
        (void) fprintf(stderr, "%s: ", label);
        (void) fflush(stderr);
    }
    text = read_line();
    if (terminal && secret)
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    if (terminal && (secret || !text))
        (void) fputc('\n', stderr);
    return text;
}
