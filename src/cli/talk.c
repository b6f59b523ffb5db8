/* SPDX-License-Identifier: MIT */
/* Output: data on stdout, talk on stderr; errors in both shapes. Files and secrets read with limits. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define SECRET_LIMIT 4096

void cli_say(const struct cli_common *c, const char *fmt, ...)
{
    va_list ap;

    if (c->quiet)
        return;
    va_start(ap, fmt);
    (void) vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void) fputc('\n', stderr);
}

int cli_usage(const char *fmt, ...)
{
    va_list ap;

    (void) fputs("irisx: ", stderr);
    va_start(ap, fmt);
    (void) vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void) fputc('\n', stderr);
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
    char *text = irisx_value_to_text(value);

    if (!text)
        return EXIT_FAILED;
    (void) printf("%s\n", text);
    irisx_text_free(text);
    return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}

static void print_error_json(const irisx_error_info_t *e, const char *doing)
{
    irisx_value_t *root = irisx_value_new_object();
    irisx_value_t *error = irisx_value_new_object();

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
        (void) irisx_value_set_bool(root, "ok", 0);
        (void) irisx_value_set_take(root, "error", error);
        error = NULL;
        (void) cli_print_value(root);
    }
    irisx_value_free(error);
    irisx_value_free(root);
}

int cli_fail(const struct cli_common *c, const irisx_error_info_t *e, const char *doing)
{
    (void) fprintf(stderr, "irisx: %s: %s", doing, e->message);
    if (e->reason && *e->reason && !strstr(e->message, e->reason))
        (void) fprintf(stderr, " (%s)", e->reason);
    (void) fputc('\n', stderr);
    if (e->detail)
        (void) fprintf(stderr, "  %s\n", e->detail);
    if (c->json)
        print_error_json(e, doing);
    return cli_exit_of(e->code);
}

int cli_fail_code(const struct cli_common *c, irisx_error_t code, const char *doing, const char *message)
{
    irisx_error_info_t e = { .code = code, .message = message ? message : irisx_error_text(code) };

    return cli_fail(c, &e, doing);
}

char *cli_read_file(const char *path, size_t limit, size_t *len)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    char *text = f ? malloc(limit + 2) : NULL;
    size_t n = 0;

    if (text) {
        n = fread(text, 1, limit + 1, f);
        if (ferror(f) || n > limit) {
            free(text);
            text = NULL;
            errno = n > limit ? EFBIG : EIO;
        } else {
            text[n] = 0;
            *len = n;
        }
    }
    if (f && f != stdin)
        (void) fclose(f); /* only read */
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
