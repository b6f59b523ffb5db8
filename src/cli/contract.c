/* SPDX-License-Identifier: MIT */
/* Operations by id, and the words for them. */
#include <stdlib.h>
#include <string.h>

#include "cli/api_docs.h"
#include "cli/contract.h"

/* The words of an operation: {"summary", "description", "parameters", "result"}; the caller frees them */
static irisx_value_t *docs_of(const irisx_value_t *row)
{
    const char *text = cli_api_docs((uint32_t) irisx_value_get_int(row, "number", 0));
    irisx_value_t *docs = NULL;

    return text && !irisx_value_parse(text, strlen(text), &docs, NULL) ? docs : NULL;
}

/* The summary stands first in the words, so that a list of all of them parses nothing */
const char *contract_summary(const irisx_value_t *row)
{
    static const char before[] = "{\"summary\":\"";
    static char text[256];
    const char *p = cli_api_docs((uint32_t) irisx_value_get_int(row, "number", 0));
    size_t n = 0;

    if (!p || strncmp(p, before, sizeof before - 1) != 0)
        return "";
    for (p += sizeof before - 1; *p && *p != '"' && n < sizeof text - 1; p++) {
        p += *p == '\\' && p[1] ? 1 : 0; /* \" and \\ are all there is */
        text[n++] = *p;
    }
    text[n] = 0;
    return text;
}

const irisx_value_t *contract_operations(void)
{
    static irisx_value_t *all; /* until the command ends */

    if (!all)
        all = irisx_api_operations();
    return all;
}

const irisx_value_t *contract_operation(const char *id)
{
    const irisx_value_t *all = contract_operations();
    size_t low = 0, high = irisx_value_count(all);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const irisx_value_t *row = irisx_value_at(all, middle);
        int order = strcmp(id, irisx_value_get_text(row, "id", ""));

        if (!order)
            return row;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* ---- the words, put to what the tables say ---------------------------------------------- */
/* Values that the library handed over are ours to change; what is inside is lent as const all the same. */
static irisx_value_t *own(const irisx_value_t *v)
{
    return (irisx_value_t *) (uintptr_t) v;
}

/* Not by the contract alone: what is newer than it may be secret too. As src/http/redact.c, for names that are typed.
 */
static bool secret_name(const char *name)
{
    static const char *const words[] = { "password", "secret", "token", "api_key", "apikey", "private_key", "auth_key",
        "credential", "totp_code" };
    static const char *const open[] = { "token_id", "tokens", "max_tokens", "has_", "_id", "expires" };

    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (strstr(name, open[i]))
            return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

static void put_words(irisx_value_t *member, const irisx_value_t *said)
{
    static const char *const keys[] = { "description", "default", "values" };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (irisx_value_get(said, keys[i])) /* without memory it is not told */
            (void) irisx_value_set_take(member, keys[i], irisx_value_dup(irisx_value_get(said, keys[i])));
}

/* Limits of whole numbers, lengths and counts are whole numbers, also in JSON */
static void whole_limits(irisx_value_t *member)
{
    static const char *const limits[] = { "minimum", "maximum" };

    for (size_t i = 0; strcmp(irisx_value_get_text(member, "type", ""), "number") != 0 && i < 2; i++) {
        double n = irisx_value_get_num(member, limits[i], 0.5);

        if (n >= -1e15 && n <= 1e15 && n == (double) (int64_t) n)
            (void) irisx_value_set_int(member, limits[i], (int64_t) n); /* without memory it stays as it is */
    }
}

static void add_words(const irisx_value_t *members, const irisx_value_t *docs, const char *before, bool params)
{
    char place[256];

    for (size_t i = 0; i < irisx_value_count(members); i++) {
        irisx_value_t *m = own(irisx_value_at(members, i));
        const char *name = irisx_value_get_text(m, "name", ""), *type = irisx_value_get_text(m, "type", "");

        (void) snprintf(place, sizeof place, "%s%s", before, name);
        put_words(m, irisx_value_get(docs, place));
        whole_limits(m);
        if (params && strcmp(type, "string") == 0 && secret_name(name))
            (void) irisx_value_set_bool(m, "secret", 1);
        (void) snprintf(place, sizeof place, "%s%s%s", before, name, strcmp(type, "array") == 0 ? "[]." : ".");
        if (irisx_value_get(m, "members"))
            add_words(irisx_value_get(m, "members"), docs, place, params);
    }
}

irisx_value_t *contract_describe(const char *id)
{
    irisx_value_t *op = NULL, *docs;

    if (irisx_api_describe(id, &op))
        return NULL;
    docs = docs_of(op);
    (void) irisx_value_set_text(op, "summary", irisx_value_get_text(docs, "summary", ""));
    (void) irisx_value_set_text(op, "description", irisx_value_get_text(docs, "description", ""));
    add_words(irisx_value_get(op, "parameters"), irisx_value_get(docs, "parameters"), "", true);
    add_words(irisx_value_get(op, "result"), irisx_value_get(docs, "result"), "", false);
    irisx_value_free(docs);
    return op;
}

/* "to=+12025550199": a value of the kind, for examples; static */
const char *contract_example(const irisx_value_t *field)
{
    static char text[256];
    const char *name = irisx_value_get_text(field, "name", ""), *type = irisx_value_get_text(field, "type", ""),
               *items = irisx_value_get_text(field, "items", ""), *format = irisx_value_get_text(field, "format", "");
    const irisx_value_t *choice = irisx_value_at(irisx_value_get(field, "enum"), 0);
    bool list = strcmp(type, "array") == 0;
    const irisx_value_t *first = irisx_value_at(irisx_value_get(field, "members"), 0);
    const char *kind = list ? items : type, *value;

    if (irisx_value_get_bool(field, "secret", 0))
        value = "@-";
    else if (choice)
        value = irisx_value_text(choice, "");
    else if (strcmp(kind, "integer") == 0 || strcmp(kind, "id") == 0)
        value = "1";
    else if (strcmp(kind, "number") == 0 || strcmp(kind, "decimal") == 0)
        value = "0.5";
    else if (strcmp(kind, "boolean") == 0)
        value = "true";
    else if (strcmp(kind, "file") == 0)
        value = "@FILE";
    else if (strcmp(format, "email") == 0 || strstr(name, "email"))
        value = "ann@example.com";
    else if (strcmp(format, "url") == 0 || strstr(name, "url"))
        value = "https://example.com/hook";
    else if (strcmp(format, "date") == 0)
        value = "2026-12-24";
    else if (strcmp(format, "date-time") == 0 || strcmp(kind, "datetime") == 0)
        value = "2026-12-24T18:00:00Z";
    else if (strcmp(name, "to") == 0 || strstr(name, "phone") || strstr(name, "number"))
        value = "+12025550199";
    else if (strcmp(name, "from") == 0)
        value = "+12025550101";
    else
        value = "TEXT";
    if (first)
        (void) snprintf(
            text, sizeof text, "%s%s.%s=…", name, list ? "[]" : "", irisx_value_get_text(first, "name", ""));
    else if (strcmp(kind, "object") == 0 || strcmp(kind, "json") == 0)
        (void) snprintf(text, sizeof text, "%s:='%s'", name, list ? "[{}]" : "{}");
    else
        (void) snprintf(text, sizeof text, "%s%s=%s", name, list ? "[]" : "", value);
    return text;
}

/* ---- none of that name ------------------------------------------------------------------- */
static size_t list_group(const char *prefix)
{
    const irisx_value_t *all = contract_operations();
    size_t n = strlen(prefix), found = 0;

    for (size_t i = 0; i < irisx_value_count(all); i++) {
        const char *id = irisx_value_get_text(irisx_value_at(all, i), "id", "");

        if (strncmp(id, prefix, n) != 0 || id[n] != '.')
            continue;
        if (!found++)
            cli_line(stderr, "irisx: \"%s\" is no operation, but these are:", prefix);
        cli_line(stderr, "  %-40s %s", id, contract_summary(irisx_value_at(all, i)));
    }
    return found;
}

int contract_no_operation(const char *id)
{
    const irisx_value_t *all = contract_operations();
    struct suggest s;
    char text[256];

    if (list_group(id))
        return cli_usage("name one of them: irisx api OPERATION");
    suggest_begin(&s, id);
    for (size_t i = 0; i < irisx_value_count(all); i++)
        suggest_offer(&s, irisx_value_get_text(irisx_value_at(all, i), "id", ""));
    return cli_usage("no operation \"%s\"%s%s", id, suggest_text(&s, text, sizeof text),
        s.count ? "" : "; irisx api --list WORD searches them");
}
