/* SPDX-License-Identifier: MIT */
/* What an operation answered, for people or programs. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/rest.h"

void rest_progress(uint64_t sent, uint64_t send_total, uint64_t received, uint64_t receive_total, void *user_data)
{
    static bool shown; /* one operation at a time */
    uint64_t at = received ? received : sent, total = received ? receive_total : send_total;

    (void) user_data;
    if (at >= 1024 * 1024) {
        (void) fprintf(stderr, "\r%s %.1f MB", received ? "received" : "sent", (double) at / 1e6);
        if (total)
            (void) fprintf(stderr, " of %.1f MB (%d %%)", (double) total / 1e6, (int) (at * 100 / total));
        (void) fputs("   ", stderr);
        shown = true;
    } else if (!at && shown) { /* the end */
        (void) fputc('\n', stderr);
        shown = false;
    }
}

/* ---- answers that are no JSON ------------------------------------------------------------ */
static bool is_text(const char *type, const char *data, size_t n)
{
    bool named = type && (strncmp(type, "text/", 5) == 0 || strstr(type, "json") || strstr(type, "xml") ||
                             strstr(type, "yaml") || strstr(type, "csv"));

    return (named || !type) && !memchr(data, 0, n);
}

static int bytes_as_json(const irisx_api_content_t *k, bool text)
{
    irisx_value_t *v = irisx_value_new_object();
    int code = EXIT_FAILED;

    if (v) {
        (void) irisx_value_set_int(v, "status", k->status); /* what does not fit into memory is left out */
        if (k->content_type)
            (void) irisx_value_set_text(v, "content_type", k->content_type);
        if (k->location)
            (void) irisx_value_set_text(v, "location", k->location);
        if (text && k->data)
            (void) irisx_value_set_text(v, "text", k->data);
        else
            (void) irisx_value_set_int(v, "bytes", (int64_t) k->len);
        code = cli_print_value(v);
    }
    irisx_value_free(v);
    return code;
}

/* Line by line: the lines and tabulators stay, what could command the terminal does not */
static int print_text(const char *text)
{
    while (text && *text) {
        size_t n = strcspn(text, "\n\t");
        char *part = strndup(text, n), *shown = part ? text_fit(part, 0) : NULL;

        (void) fputs(shown ? shown : "", stdout);
        (void) putchar(text[n] ? text[n] : '\n');
        free(shown);
        free(part);
        text += n + (text[n] != 0);
    }
    return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}

static int print_bytes(const struct rest_call *call, const irisx_api_content_t *k)
{
    bool text = is_text(k->content_type, k->data ? k->data : "", k->len);

    if (call->common->json) {
        if (!text && k->len)
            cli_say(call->common, "irisx: %zu bytes of %s: --output FILE keeps them", k->len,
                k->content_type ? k->content_type : "unknown type");
        return bytes_as_json(k, text);
    }
    if (!k->len) {
        if (k->location)
            cli_line(stdout, "%s", k->location);
        else
            cli_say(call->common, "done (%d, nothing in the answer)", k->status);
        return EXIT_OK;
    }
    if (!text && isatty(STDOUT_FILENO)) {
        return cli_fail_code(call->common, IRISX_E_FORMAT, rest_doing(call),
            "the answer is no text and standard output is a terminal: give --output FILE, or redirect it");
    }
    if (isatty(STDOUT_FILENO))
        return print_text(k->data);
    return fwrite(k->data, 1, k->len, stdout) != k->len || fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}

static int print_saved(const struct rest_call *call, const irisx_api_content_t *k)
{
    const char *file = call->options->output;
    irisx_value_t *v;
    int code = EXIT_OK;

    if (!call->common->json) {
        cli_say(call->common, "saved %s (%s)", file, k && k->content_type ? k->content_type : "no type told");
        return EXIT_OK;
    }
    v = irisx_value_new_object();
    if (v) {
        (void) irisx_value_set_text(v, "saved", file);
        if (k && k->content_type)
            (void) irisx_value_set_text(v, "content_type", k->content_type);
        code = cli_print_value(v);
    }
    irisx_value_free(v);
    return code;
}

/* ---- JSON -------------------------------------------------------------------------------- */
/* The list of a page: where the contract says, else the only list of objects in it. */
static const irisx_value_t *list_of(const struct rest_call *call, const irisx_value_t *root)
{
    const char *path = irisx_value_get_text(call->operation, "items", NULL);
    const irisx_value_t *at = irisx_value_type(root) == IRISX_VALUE_ARRAY ? root : NULL;

    if (!at && path && *path)
        at = member_at(root, path);
    return irisx_value_type(at) == IRISX_VALUE_ARRAY ? at : NULL;
}

/* {"success": true, "data": {…}}, {"message": {…}}: an envelope says nothing to people */
static const irisx_value_t *unwrapped(const irisx_value_t *root)
{
    const irisx_value_t *inner = NULL;
    size_t others = 0;

    for (const char *k = irisx_value_next_key(root, NULL); k; k = irisx_value_next_key(root, k)) {
        const irisx_value_t *v = irisx_value_get(root, k);

        if (strcmp(k, "success") == 0 || strcmp(k, "ok") == 0)
            continue;
        inner = v;
        others++;
    }
    if (others != 1 || irisx_value_type(inner) < IRISX_VALUE_ARRAY)
        return root;
    return irisx_value_type(inner) == IRISX_VALUE_OBJECT ? unwrapped(inner) : inner;
}

static void say_more(const struct rest_call *call, const irisx_value_t *root, size_t shown)
{
    const irisx_value_t *p = irisx_value_get(root, "pagination");
    const irisx_value_t *data = irisx_value_get(root, "data");
    int64_t total;

    if (!p)
        p = irisx_value_get(data, "pagination");
    total = irisx_value_get_int(p ? p : root, "total", -1);
    if (total > (int64_t) shown)
        cli_say(call->common, "%zu of %lld; --paginate shows all", shown, (long long) total);
}

static bool any_has(const irisx_value_t *list, const char *column)
{
    for (size_t i = 0; i < irisx_value_count(list); i++)
        if (member_at(irisx_value_at(list, i), column))
            return true;
    return false;
}

void rest_columns(const struct rest_call *call, const irisx_value_t *list)
{
    const irisx_value_t *first = irisx_value_at(list, 0);

    if (irisx_value_type(first) != IRISX_VALUE_OBJECT)
        return;
    for (const char *p = call->options->columns; p && *p;) {
        size_t n = strcspn(p, ",");
        char name[128], text[256];
        struct suggest s;

        (void) snprintf(name, sizeof name, "%.*s", (int) n, p);
        p += n + (p[n] == ',');
        if (any_has(list, name))
            continue;
        suggest_begin(&s, name);
        for (const char *k = irisx_value_next_key(first, NULL); k; k = irisx_value_next_key(first, k))
            suggest_offer(&s, k);
        cli_say(call->common, "irisx: no row has \"%s\"%s", name, suggest_text(&s, text, sizeof text));
    }
}

void rest_hidden(const struct rest_call *call, const struct sheet *s)
{
    if (s && sheet_hidden(s))
        cli_say(call->common, "%zu column%s more: --columns picks some, --json shows all", sheet_hidden(s),
            sheet_hidden(s) == 1 ? "" : "s");
}

static int print_list(const struct rest_call *call, const irisx_value_t *list)
{
    const struct rest_options *o = call->options;
    const struct sheet_options so = { .form = o->csv ? SHEET_CSV : SHEET_TABLE,
        .columns = o->columns ? o->columns
                   : o->csv   ? NULL
                              : call->columns,
        .chosen = o->columns,
        .width = terminal_width(stdout) };
    struct sheet *s = sheet_new(stdout, &so);
    bool good = s && sheet_rows(s, list);

    rest_columns(call, list);
    if (good)
        sheet_end(s);
    if (good)
        rest_hidden(call, s);
    sheet_free(s);
    return good ? EXIT_OK : EXIT_FAILED;
}

/* One object as a row, for --csv and --columns */
static int print_row(const struct rest_call *call, const irisx_value_t *object)
{
    irisx_value_t *list = irisx_value_new_array();
    int code = EXIT_FAILED;

    if (list && !irisx_value_add_take(list, irisx_value_dup(object)))
        code = print_list(call, list);
    irisx_value_free(list);
    return code;
}

static int print_json(const struct rest_call *call, const irisx_value_t *root)
{
    const irisx_value_t *list, *inner;
    int code;

    if (call->common->json)
        return cli_print_value(root);
    if (call->people)
        return call->people(root);
    list = list_of(call, root);
    if (list) {
        code = print_list(call, list);
        if (!code)
            say_more(call, root, irisx_value_count(list));
        return code;
    }
    inner = unwrapped(root);
    if (irisx_value_type(inner) == IRISX_VALUE_ARRAY)
        return print_list(call, inner);
    if (call->options->csv || call->options->columns)
        return print_row(call, inner);
    card_print(stdout, inner, terminal_width(stdout));
    return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}

int rest_print(const struct rest_call *call, const irisx_op_t *op)
{
    const irisx_value_t *root = irisx_op_value(op);
    const irisx_api_content_t *k = irisx_api_content(op);

    if (call->options->output && !root)
        return print_saved(call, k);
    if (root)
        return print_json(call, root);
    if (k)
        return print_bytes(call, k);
    cli_say(call->common, "done");
    return EXIT_OK;
}
