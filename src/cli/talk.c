/* SPDX-License-Identifier: MIT */
/* Output: data on stdout, talk on stderr; errors in both shapes. Files and secrets read with limits. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/sheet.h"

#define SECRET_LIMIT 4096

static bool json_wanted;

void cli_want_json(void)
{
    json_wanted = true;
}

/* ---- lines for people -------------------------------------------------------------------- */
static void line(FILE *to, const char *fmt, va_list ap)
{
    static const char ours[] = "irisx: ";
    char *text = NULL, *shown;
    size_t named;

    if (vasprintf(&text, fmt, ap) < 0)
        return; /* no memory even for a line */
    named = strncmp(text, ours, sizeof ours - 1) == 0 && to == stderr ? sizeof ours - 1 : 0;
    shown = text_fit(text + named, 0);
    if (named)
        (void) fprintf(to, "%s%s%s", text_style(to, STYLE_BOLD), ours, text_style(to, STYLE_PLAIN));
    (void) fprintf(to, "%s\n", shown ? shown : "");
    free(shown);
    free(text);
}

void cli_line(FILE *to, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    line(to, fmt, ap);
    va_end(ap);
}

void cli_say(const struct cli_common *c, const char *fmt, ...)
{
    va_list ap;

    if (c->quiet)
        return;
    va_start(ap, fmt);
    line(stderr, fmt, ap);
    va_end(ap);
}

static void print_error_json(const irisx_error_info_t *e, const char *doing);

int cli_usage(const char *fmt, ...)
{
    irisx_error_info_t e = { .code = IRISX_E_INVALID };
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(text, sizeof text, fmt, ap); /* a long one is cut */
    va_end(ap);
    cli_line(stderr, "irisx: %s", text);
    e.message = text;
    if (json_wanted)
        print_error_json(&e, "reading the arguments");
    return EXIT_USAGE;
}

int cli_exit_of(irisx_error_t code)
{
    switch ((int) code) {
    case IRISX_OK:
        return EXIT_OK;
    case IRISX_E_INVALID:
        return EXIT_USAGE;
    case IRISX_E_AUTH:
    case IRISX_E_FORBIDDEN:
        return EXIT_AUTH;
    case IRISX_E_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case IRISX_E_NETWORK:
    case IRISX_E_DNS:
    case IRISX_E_TLS:
    case IRISX_E_TIMEOUT:
    case IRISX_E_LIMIT:
    case IRISX_E_RATE_LIMITED:
        return EXIT_NETWORK;
    case IRISX_E_OUTCOME_UNKNOWN:
        return EXIT_UNKNOWN;
    default:
        return EXIT_FAILED;
    }
}

int cli_print_value(const irisx_value_t *value)
{
    char *text = irisx_value_to_text(value), *shown = text ? text_json(text) : NULL;
    bool bad = !shown || puts(shown) < 0;

    irisx_text_free(text);
    free(shown);
    return bad || fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}

static void print_error_json(const irisx_error_info_t *e, const char *doing)
{
    irisx_value_t *root = irisx_value_new_object();
    irisx_value_t *error = irisx_value_new_object(), *detail = NULL;

    if (root && error) {
        (void) irisx_value_set_text(
            error, "code", irisx_error_name(e->code)); /* what does not fit into memory is left out */
        (void) irisx_value_set_text(error, "doing", doing);
        (void) irisx_value_set_text(error, "message", e->message);
        if (e->status)
            (void) irisx_value_set_int(error, "status", e->status);
        if (e->reason)
            (void) irisx_value_set_text(error, "reason", e->reason);
        if (e->retry_after_ms)
            (void) irisx_value_set_int(error, "retry_after_ms", e->retry_after_ms);
        if (e->request_id)
            (void) irisx_value_set_text(error, "request_id", e->request_id);
        if (e->code && e->domain == IRISX_DOMAIN_HTTP)
            (void) irisx_value_set_bool(error, "retryable", e->retryable);
        if (e->detail && !irisx_value_parse(e->detail, strlen(e->detail), &detail, NULL))
            (void) irisx_value_set_take(error, "detail", detail);
        (void) irisx_value_set_bool(root, "ok", 0);
        (void) irisx_value_set_take(root, "error", error);
        error = NULL;
        (void) cli_print_value(root);
    }
    irisx_value_free(error);
    irisx_value_free(root);
}

/* [{"path":"to","message":"Required"}]: a line each; whatever else it is, as it is */
static void print_detail(const char *detail)
{
    irisx_value_t *list = NULL;
    bool any = false;

    if (irisx_value_parse(detail, strlen(detail), &list, NULL))
        list = NULL;
    for (size_t i = 0; i < irisx_value_count(list); i++) {
        const char *path = irisx_value_get_text(irisx_value_at(list, i), "path", NULL),
                   *message = irisx_value_get_text(irisx_value_at(list, i), "message", NULL);

        if (path && message) {
            cli_line(stderr, "  %s: %s", *path ? path : "(whole)", message);
            any = true;
        }
    }
    if (!any)
        cli_line(stderr, "  %s", detail);
    irisx_value_free(list);
}

int cli_fail(const struct cli_common *c, const irisx_error_info_t *e, const char *doing)
{
    bool more = e->reason && *e->reason && !strstr(e->message, e->reason);
    size_t n = strlen(doing);
    bool said = strncmp(e->message, doing, n) == 0 && e->message[n] == ':';

    if (cli_interrupted()) /* whatever failed did so because it was broken off, or ended well in the same moment */
        return EXIT_INTERRUPTED;
    if (e->code == IRISX_E_INVALID && e->detail && more && strcmp(e->reason, "validation") == 0)
        cli_line(stderr, "irisx: %s: wrong parameters, nothing was sent", doing); /* which: line by line */
    else
        cli_line(stderr, "irisx: %s%s%s%s%s%s", said ? "" : doing, said ? "" : ": ", e->message, more ? " (" : "",
            more ? e->reason : "", more ? ")" : "");
    if (e->detail)
        print_detail(e->detail);
    if (e->request_id)
        cli_line(stderr, "  request id: %s", e->request_id);
    if (c->json)
        print_error_json(e, doing);
    return cli_exit_of(e->code);
}

int cli_fail_code(const struct cli_common *c, irisx_error_t code, const char *doing, const char *message)
{
    irisx_error_info_t e = { .code = code, .message = message ? message : irisx_error_text(code) };

    return cli_fail(c, &e, doing);
}

/* All of it, or NULL: too large, unreadable, or a signal came while it was waited for. */
static char *read_all(int fd, size_t limit, size_t *len)
{
    char *text = malloc(limit + 2);
    size_t n = 0;
    ssize_t got = text ? 1 : -1;

    while (got > 0 && n <= limit)
        if ((got = cli_readable(fd) ? read(fd, text + n, limit + 1 - n) : -1) > 0)
            n += (size_t) got;
    if (got < 0 || n > limit) {
        free(text);
        return NULL;
    }
    text[n] = 0;
    *len = n;
    return text;
}

char *cli_read_file(const char *path, size_t limit, size_t *len)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd < 0 ? NULL : read_all(fd, limit, len);

    if (fd > STDIN_FILENO)
        (void) close(fd); /* only read */
    return text;
}

char *cli_read_secret(const char *path)
{
    size_t n;
    char *text = cli_read_file(path, SECRET_LIMIT, &n);

    if (!text)
        return NULL;
    text[strcspn(text, "\r\n")] = 0;
    return text;
}

void cli_wipe(char *secret)
{
    volatile char *p = secret;

    while (p && *p)
        *p++ = 0;
    free(secret);
}
