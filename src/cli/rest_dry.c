/* SPDX-License-Identifier: MIT */
/* --dry-run: the request as it would go out, without secrets, and the same as a line for curl. */
#include <stdlib.h>
#include <string.h>

#include "cli/rest.h"

/* ---- for curl ---------------------------------------------------------------------------- */
/* In single quotes for a POSIX shell; what could command a terminal is "?" */
static void quoted(FILE *to, const char *text)
{
    char *shown = text_fit(text, 0);

    (void) fputc('\'', to);
    for (const char *p = shown ? shown : ""; *p; p++)
        (void) fputs(*p == '\'' ? "'\\''" : (char[]){ *p, 0 }, to);
    (void) fputc('\'', to);
    free(shown);
}

static void option(FILE *to, const char *name, const char *before, const char *text)
{
    char *whole = NULL;

    if (asprintf(&whole, "%s%s", before, text) < 0)
        return; /* open_memstream has no memory either then */
    (void) fprintf(to, " \\\n  %s ", name);
    quoted(to, whole);
    free(whole);
}

/* Credentials are those of the environment, where no other user sees them */
static void header(FILE *to, const char *name, const char *value, bool form)
{
    char before[128];

    (void) snprintf(before, sizeof before, "%s: ", name);
    if (strcmp(name, "X-API-Key") == 0)
        (void) fputs(" \\\n  -H \"X-API-Key: $IRISX_API_KEY\"", to);
    else if (strcmp(name, "Authorization") == 0)
        (void) fputs(" \\\n  -H \"Authorization: Bearer $IRISX_TOKEN\"", to);
    else if (!form || strcmp(name, "Content-Type") != 0) /* of a form: with the boundary that curl makes */
        option(to, "-H", before, value);
}

static void part(FILE *to, const irisx_value_t *p)
{
    const char *name = irisx_value_get_text(p, "name", ""), *file = irisx_value_get_text(p, "file", NULL),
               *type = irisx_value_get_text(p, "content_type", NULL);
    char *text = NULL;

    if (asprintf(&text, "%s=%s%s%s%s", name, file ? "@" : "", file ? file : irisx_value_get_text(p, "text", ""),
            file && type ? ";type=" : "", file && type ? type : "") < 0)
        return;
    option(to, file ? "-F" : "--form-string", "", text);
    free(text);
}

static void body(FILE *to, const irisx_value_t *b, bool form)
{
    const char *file = irisx_value_get_text(b, "file", NULL);
    char *text, *json;

    for (size_t i = 0; form && i < irisx_value_count(b); i++)
        part(to, irisx_value_at(b, i));
    if (form || !b)
        return;
    if (file && irisx_value_count(b) == 1) {
        option(to, "--data-binary", "@", file);
        return;
    }
    if (irisx_value_type(b) == IRISX_VALUE_TEXT) {
        option(to, "--data-raw", "", irisx_value_text(b, ""));
        return;
    }
    text = cell_text(b);
    json = text ? text_json(text) : NULL;
    option(to, "--data-raw", "", json ? json : "");
    free(json);
    free(text);
}

/* Owned by the caller; NULL without memory */
static char *curl_of(const irisx_value_t *request)
{
    const irisx_value_t *headers = irisx_value_get(request, "headers"), *b = irisx_value_get(request, "body");
    const char *method = irisx_value_get_text(request, "method", "GET");
    bool form = strncmp(irisx_value_get_text(headers, "Content-Type", ""), "multipart/", 10) == 0;
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);

    if (!to)
        return NULL;
    (void) fputs("curl ", to);
    if (strcmp(method, "GET") != 0)
        (void) fprintf(to, "-X %s ", method);
    quoted(to, irisx_value_get_text(request, "url", ""));
    for (const char *k = irisx_value_next_key(headers, NULL); k; k = irisx_value_next_key(headers, k))
        header(to, k, irisx_value_get_text(headers, k, ""), form);
    body(to, b, form);
    if (fclose(to)) {
        free(out);
        return NULL;
    }
    return out;
}

/* ---- for people and programs ------------------------------------------------------------- */
static void print_body(const irisx_value_t *value)
{
    char *text = cell_text(value), *shown = text ? text_fit(text, 0) : NULL;

    (void) printf("\n%s\n", shown ? shown : "");
    free(shown);
    free(text);
}

static void print_request(const irisx_value_t *request, const char *curl)
{
    const irisx_value_t *headers = irisx_value_get(request, "headers"), *b = irisx_value_get(request, "body");

    cli_line(stdout, "%s %s", irisx_value_get_text(request, "method", ""), irisx_value_get_text(request, "url", ""));
    for (const char *k = irisx_value_next_key(headers, NULL); k; k = irisx_value_next_key(headers, k))
        cli_line(stdout, "%s: %s", k, irisx_value_get_text(headers, k, ""));
    for (size_t i = 0; irisx_value_type(b) == IRISX_VALUE_ARRAY && i < irisx_value_count(b); i++)
        print_body(irisx_value_at(b, i));
    if (b && irisx_value_type(b) != IRISX_VALUE_ARRAY)
        print_body(b);
    (void) printf("\n%s# the same with curl%s\n%s\n", text_style(stdout, STYLE_DIM), text_style(stdout, STYLE_PLAIN),
        curl ? curl : "");
}

static int print(const struct rest_call *call, irisx_client_t *client, const irisx_value_t *lent)
{
    irisx_value_t *request = irisx_value_dup(lent), *headers = irisx_value_dup(irisx_value_get(lent, "headers"));
    bool bare =
        irisx_value_get(headers, "Authorization") && !cli_has_token(client, irisx_value_get_text(request, "url", ""));
    char *curl = NULL;
    int code = EXIT_OK;

    if (bare && !irisx_value_remove(headers, "Authorization"))
        cli_say(call->common, "irisx: no credential would go with it: there is none (irisx login)");
    if (!request || !headers || irisx_value_set_take(request, "headers", headers) || !(curl = curl_of(request)))
        code = cli_fail_code(call->common, IRISX_E_NO_MEMORY, rest_doing(call), NULL);
    else if (!call->common->json)
        print_request(request, curl);
    else if (irisx_value_set_text(request, "curl", curl) || cli_print_value(request))
        code = EXIT_FAILED;
    free(curl);
    irisx_value_free(request);
    return code;
}

int rest_dry(irisx_client_t *client, const struct rest_call *call, const irisx_api_options_t *given)
{
    irisx_api_options_t o = *given;
    irisx_op_t *op = NULL;
    irisx_error_t err;
    int code;

    o.dry_run = 1;
    err = rest_submit(client, call, &o, &op);
    if (!err)
        err = irisx_op_wait(op, 0); /* it has ended already */
    if (err && op)
        code = rest_failed(call, irisx_op_error(op));
    else if (err)
        code = cli_fail_code(call->common, err, rest_doing(call), NULL);
    else
        code = print(call, client, irisx_op_value(op));
    irisx_op_unref(op);
    return code;
}
