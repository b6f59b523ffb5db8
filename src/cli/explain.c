/* SPDX-License-Identifier: MIT */
/* What operations there are, and what one of them takes and answers. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/contract.h"
#include "cli/sheet.h"

/* ---- --list ------------------------------------------------------------------------------ */
static bool has_word(const char *text, const char *word)
{
    return text && strcasestr(text, word);
}

size_t explain_filter_options(struct list_filter *f, struct cli_option *table)
{
    const struct cli_option all[LIST_FILTERS] = {
        { .name = "group", .argument = "GROUP", .help = "with --list: of that group", .text = &f->group },
        { .name = "family", .argument = "FAMILY", .help = "with --list: of that family of groups", .text = &f->family },
        { .name = "method",
            .argument = "METHOD",
            .help = "with --list: GET, POST, PUT, PATCH, DELETE",
            .text = &f->method },
        { .name = "availability",
            .argument = "STATE",
            .help =
                "with --list: mounted (reachable), unmounted (in the platform's code only), documented (there only)",
            .text = &f->availability },
    };

    memcpy(table, all, sizeof all);
    return LIST_FILTERS;
}

bool explain_filter_given(const struct list_filter *f)
{
    return f->group || f->family || f->method || f->availability;
}

static const char *member_of(const char *option)
{
    static const char *const members[] = { "group", "family", "method", "availability" };

    for (size_t i = 0; strncmp(option, "--", 2) == 0 && i < LIST_FILTERS; i++)
        if (strcmp(option + 2, members[i]) == 0)
            return members[i];
    return NULL;
}

bool explain_filter_values(
    const char *option, const char *typed, void (*offer)(const char *typed, const char *word, const char *text))
{
    const char *member = member_of(option);
    const irisx_value_t *all = member ? contract_operations() : NULL; /* nothing else costs as much as these */
    irisx_value_t *seen = irisx_value_new_object();

    for (size_t i = 0; member && i < irisx_value_count(all); i++) {
        const char *value = irisx_value_get_text(irisx_value_at(all, i), member, "");

        if (irisx_value_get(seen, value))
            continue;
        (void) irisx_value_set_bool(seen, value, 1); /* without memory it is offered again */
        offer(typed, value, "");
    }
    irisx_value_free(seen);
    return member != NULL;
}

static bool has_anywhere(const irisx_value_t *row, const char *word)
{
    static const char *const members[] = { "id", "path", "group", "family", "method", "availability" };

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (has_word(irisx_value_get_text(row, members[i], NULL), word))
            return true;
    return has_word(contract_summary(row), word);
}

static bool is(const irisx_value_t *row, const char *member, const char *wanted)
{
    return !wanted || strcasecmp(irisx_value_get_text(row, member, ""), wanted) == 0;
}

static bool wanted(const irisx_value_t *row, const struct list_filter *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (!has_anywhere(row, f->words[i]))
            return false;
    return is(row, "group", f->group) && is(row, "family", f->family) && is(row, "method", f->method) &&
           is(row, "availability", f->availability);
}

static irisx_value_t *filtered(const struct list_filter *filter)
{
    const irisx_value_t *all = contract_operations();
    irisx_value_t *out = irisx_value_new_array();

    for (size_t i = 0; i < irisx_value_count(all); i++) {
        const irisx_value_t *row = irisx_value_at(all, i);

        if (wanted(row, filter) && irisx_value_add_take(out, irisx_value_dup(row)))
            break; /* out of memory: the list is short */
    }
    return out;
}

struct list_widths {
    size_t id, path;
};

static void list_line(const irisx_value_t *row, size_t width, const struct list_widths *w)
{
    const char *state = irisx_value_get_text(row, "availability", "mounted"), *summary = contract_summary(row);
    bool there = strcmp(state, "mounted") == 0;
    char text[512];
    char *shown;

    (void) snprintf(text, sizeof text, "  %-*s  %-6s %-*s%s%s%s%s%s%s", (int) w->id,
        irisx_value_get_text(row, "id", ""), irisx_value_get_text(row, "method", ""), (int) w->path,
        w->path ? irisx_value_get_text(row, "path", "") : "", w->path ? "  " : "", there ? "" : "(", there ? "" : state,
        there ? "" : ")", there || !*summary ? "" : " ", summary);
    shown = text_fit(text, width);
    (void) printf("%s%s%s\n", there ? "" : text_style(stdout, STYLE_DIM), shown ? shown : "",
        there ? "" : text_style(stdout, STYLE_PLAIN));
    free(shown);
}

static const char *sort_first; /* ids that begin so come first */

static int by_group(const void *a, const void *b)
{
    const irisx_value_t *x = *(const irisx_value_t *const *) a, *y = *(const irisx_value_t *const *) b;
    const char *xi = irisx_value_get_text(x, "id", ""), *yi = irisx_value_get_text(y, "id", "");
    bool xf = sort_first && strncmp(xi, sort_first, strlen(sort_first)) == 0,
         yf = sort_first && strncmp(yi, sort_first, strlen(sort_first)) == 0;
    int order = strcmp(irisx_value_get_text(x, "group", ""), irisx_value_get_text(y, "group", ""));

    if (xf != yf)
        return xf ? -1 : 1;
    return order ? order : strcmp(xi, yi);
}

/* The rows of one group from `from`; how many there are */
static size_t list_group(const irisx_value_t *const *rows, size_t n, size_t width)
{
    const char *group = irisx_value_get_text(rows[0], "group", "");
    struct list_widths w = { 0, 0 };
    size_t count;

    for (count = 0; count < n && strcmp(irisx_value_get_text(rows[count], "group", ""), group) == 0; count++) {
        size_t id = strlen(irisx_value_get_text(rows[count], "id", "")),
               path = strlen(irisx_value_get_text(rows[count], "path", ""));

        w.id = id > w.id ? id : w.id;
        w.path = path > w.path ? path : w.path;
    }
    if (width && w.id + w.path + 30 > width) /* narrow: the path would leave no room to say what it does */
        w.path = 0;
    (void) fputs(text_style(stdout, STYLE_BOLD), stdout);
    cli_line(stdout, "%s (%s)", group, irisx_value_get_text(rows[0], "family", ""));
    (void) fputs(text_style(stdout, STYLE_PLAIN), stdout);
    for (size_t i = 0; i < count; i++)
        list_line(rows[i], width, &w);
    return count;
}

static void list_for_people(const irisx_value_t *list, const struct list_filter *filter)
{
    size_t n = irisx_value_count(list), width = terminal_width(stdout);
    const irisx_value_t **rows = calloc(n + 1, sizeof *rows);

    for (size_t i = 0; rows && i < n; i++)
        rows[i] = irisx_value_at(list, i);
    sort_first = filter->count ? filter->words[0] : NULL;
    if (rows)
        qsort(rows, n, sizeof *rows, by_group);
    for (size_t i = 0; rows && i < n;) {
        (void) fputs(i ? "\n" : "", stdout);
        i += list_group((const irisx_value_t *const *) rows + i, n - i, width);
    }
    free(rows);
}

int explain_list(const struct cli_common *c, const struct list_filter *filter)
{
    irisx_value_t *list = filtered(filter);
    size_t n = irisx_value_count(list);
    int code = EXIT_OK;

    if (!list)
        code = cli_fail_code(c, IRISX_E_NO_MEMORY, "listing", NULL);
    else if (c->json)
        code = cli_print_value(list);
    else if (!n)
        code = cli_fail_code(c, IRISX_E_NOT_FOUND, "listing",
            filter->count == 1 && !explain_filter_given(filter) ? "no operation has that word"
                                                                : "there is none like that");
    else
        list_for_people(list, filter);
    if (!c->json && n)
        cli_say(c, "%zu operation%s; irisx api OPERATION --help tells more", n, n == 1 ? "" : "s");
    irisx_value_free(list);
    return code;
}

/* ---- --describe -------------------------------------------------------------------------- */
static const char *type_name(const irisx_value_t *f, char buf[64])
{
    const char *type = irisx_value_get_text(f, "type", "json"), *items = irisx_value_get_text(f, "items", NULL);

    type = strcmp(type, "string") == 0 ? "text" : type;
    if (strcmp(type, "array") == 0 && items)
        (void) snprintf(buf, 64, "list of %ss", strcmp(items, "string") == 0 ? "text" : items);
    else if (strcmp(type, "array") == 0)
        (void) snprintf(buf, 64, "list");
    else
        (void) snprintf(buf, 64, "%s", strcmp(type, "json") == 0 ? "any JSON" : type);
    return buf;
}

struct facts { /* what stands behind a member, words between ";" */
    char text[1024];
    size_t n;
};

static void fact(struct facts *f, const char *fmt, ...)
{
    va_list ap;
    int more;

    va_start(ap, fmt);
    if (f->n && f->n < sizeof f->text - 3)
        f->n += (size_t) snprintf(f->text + f->n, sizeof f->text - f->n, "; ");
    more = vsnprintf(f->text + f->n, sizeof f->text - f->n, fmt, ap);
    va_end(ap);
    f->n = more < 0 || (size_t) more >= sizeof f->text - f->n ? sizeof f->text - 1 : f->n + (size_t) more; /* cut */
}

static void fact_enum(struct facts *f, const irisx_value_t *values)
{
    char list[768] = "";
    size_t n = 0;

    for (size_t i = 0; i < irisx_value_count(values) && n < sizeof list; i++)
        n += (size_t) snprintf(
            list + n, sizeof list - n, "%s%s", i ? " | " : "", irisx_value_text(irisx_value_at(values, i), "?"));
    if (*list)
        fact(f, "%s", list);
}

static void fact_limits(struct facts *f, const irisx_value_t *field)
{
    const irisx_value_t *min = irisx_value_get(field, "minimum"), *max = irisx_value_get(field, "maximum");
    const char *type = irisx_value_get_text(field, "type", "");
    bool number = strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
    const char *unit = number ? "" : strcmp(type, "array") == 0 ? " items" : " characters";

    if (min && max)
        fact(f, "%g to %g%s", irisx_value_num(min, 0), irisx_value_num(max, 0), unit);
    else if (min)
        fact(f, "at least %g%s", irisx_value_num(min, 0), unit);
    else if (max)
        fact(f, "at most %g%s", irisx_value_num(max, 0), unit);
}

static void gather_facts(struct facts *f, const irisx_value_t *field, bool param)
{
    const char *where = irisx_value_get_text(field, "in", ""),
               *description = irisx_value_get_text(field, "description", NULL);
    const irisx_value_t *fallback = irisx_value_get(field, "default");
    char *text = fallback ? irisx_value_to_text(fallback) : NULL;

    f->n = 0;
    f->text[0] = 0;
    if (param && irisx_value_get_bool(field, "required", 0))
        fact(f, "required");
    if (param && strcmp(where, "path") == 0)
        fact(f, "in the path");
    if (param && irisx_value_get_bool(field, "nullable", 0))
        fact(f, "may be null");
    fact_enum(f, irisx_value_get(field, "enum"));
    if (!irisx_value_get(field, "enum"))
        fact_enum(f, irisx_value_get(field, "values"));
    fact_limits(f, field);
    if (irisx_value_get_text(field, "format", NULL))
        fact(f, "%s", irisx_value_get_text(field, "format", ""));
    if (irisx_value_get_text(field, "pattern", NULL))
        fact(f, "matches %s", irisx_value_get_text(field, "pattern", ""));
    if (text)
        fact(f, "default %s", text);
    if (irisx_value_get_bool(field, "secret", 0))
        fact(f, "secret: give it as NAME=@FILE or NAME=@-");
    if (description)
        fact(f, "%s", description);
    irisx_text_free(text);
}

static size_t widest_name(const irisx_value_t *fields, size_t depth)
{
    size_t w = 0;

    for (size_t i = 0; i < irisx_value_count(fields); i++) {
        const irisx_value_t *f = irisx_value_at(fields, i);
        size_t own = 2 * depth + text_width(irisx_value_get_text(f, "name", "")),
               below = widest_name(irisx_value_get(f, "members"), depth + 1);

        w = own > w ? own : w;
        w = below > w ? below : w;
    }
    return w;
}

#define TYPE_WIDTH 16
#define FACTS_WIDTH 30 /* less room than that for what is said of a member: it goes below */

static void print_facts(const char *text, size_t indent, size_t below, size_t width)
{
    bool narrow = width < indent + FACTS_WIDTH;

    if (narrow)
        (void) printf("\n%*s", (int) below, "");
    text_wrap(stdout, text, narrow ? below : indent, width);
}

static void print_fields(const irisx_value_t *fields, size_t depth, size_t names, bool params, size_t width)
{
    struct facts facts;
    char type[64];

    for (size_t i = 0; i < irisx_value_count(fields); i++) {
        const irisx_value_t *f = irisx_value_at(fields, i);
        const irisx_value_t *members = irisx_value_get(f, "members");
        const char *name = irisx_value_get_text(f, "name", "");
        bool narrow = width < names + TYPE_WIDTH + 6 + FACTS_WIDTH;

        gather_facts(&facts, f, params);
        (void) printf("  %*s%s%*s  %*s", (int) (2 * depth), "", name, (int) (names - 2 * depth - text_width(name)), "",
            *facts.text && !narrow ? -TYPE_WIDTH : 0, type_name(f, type));
        if (*facts.text && !narrow && strlen(type) <= TYPE_WIDTH)
            (void) fputs("  ", stdout);
        if (*facts.text)
            print_facts(facts.text, names + TYPE_WIDTH + 6, 2 * depth + 6, width);
        else
            (void) putchar('\n');
        print_fields(members, depth + 1, names, params, width);
    }
}

static const char *credential(const char *auth)
{
    static const struct {
        const char *auth, *text;
    } all[] = { { "none", "none needed" }, { "jwt", "user login (irisx login)" },
        { "key_or_jwt", "API key or user login" }, { "admin", "login of the platform's staff" }, { "key", "API key" } };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(auth, all[i].auth) == 0)
            return all[i].text;
    return auth;
}

static const char *again(const char *retry)
{
    if (strcmp(retry, "safe") == 0)
        return "reads only: sent again after a lost connection, 429 and 502 to 504";
    if (strcmp(retry, "idempotent") == 0)
        return "may be repeated: sent again after a lost connection, 429 and 502 to 504";
    return "acts: sent again only if nothing was written, or after 429; a lost answer ends with status 6";
}

static void example_word(FILE *to, const irisx_value_t *f)
{
    const char *name = irisx_value_get_text(f, "name", "");

    if (strcmp(irisx_value_get_text(f, "in", ""), "path") == 0)
        (void) fprintf(to, " %s",
            irisx_value_text(irisx_value_at(irisx_value_get(f, "enum"), 0), strstr(name, "sid")  ? "CA0123…"
                                                                            : strstr(name, "id") ? "42"
                                                                                                 : name));
    else
        (void) fprintf(to, " %s", contract_example(f));
}

/* "irisx api sms.send from=… to=…" with what is required, two of the others if nothing is; owned by the caller */
static char *example_of(const irisx_value_t *op)
{
    const irisx_value_t *params = irisx_value_get(op, "parameters");
    char *text = NULL;
    size_t size, body = 0, shown = 0;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        return NULL;
    (void) fprintf(to, "irisx api %s", irisx_value_get_text(op, "id", ""));
    for (size_t i = 0; i < irisx_value_count(params); i++) {
        const irisx_value_t *f = irisx_value_at(params, i);

        if (irisx_value_get_bool(f, "required", 0)) {
            example_word(to, f);
            body += strcmp(irisx_value_get_text(f, "in", ""), "body") == 0;
        }
    }
    for (size_t i = 0; !body && shown < 2 && i < irisx_value_count(params); i++) { /* something to begin with */
        const irisx_value_t *f = irisx_value_at(params, i);

        if (strcmp(irisx_value_get_text(f, "in", ""), "body") == 0 && ++shown)
            example_word(to, f);
    }
    (void) fputs(irisx_value_get_text(op, "paging", NULL) ? " --paginate" : "", to);
    if (fclose(to)) {
        free(text);
        return NULL;
    }
    return text;
}

static void title(const char *text)
{
    (void) printf("%s%s%s\n", text_style(stdout, STYLE_BOLD), text, text_style(stdout, STYLE_PLAIN));
}

static void print_head(const irisx_value_t *op, size_t width)
{
    const char *id = irisx_value_get_text(op, "id", ""), *state = irisx_value_get_text(op, "availability", "mounted");
    const char *description = irisx_value_get_text(op, "description", "");
    const irisx_value_t *aliases = irisx_value_get(op, "aliases");

    (void) fputs(text_style(stdout, STYLE_BOLD), stdout);
    (void) printf("%s%s - ", id, text_style(stdout, STYLE_PLAIN));
    text_wrap(stdout, irisx_value_get_text(op, "summary", ""), text_width(id) + 3, width);
    (void) putchar('\n');
    cli_line(stdout, "  %s %s", irisx_value_get_text(op, "method", ""), irisx_value_get_text(op, "path", ""));
    for (size_t i = 0; i < irisx_value_count(aliases); i++)
        cli_line(stdout, "  also %s", irisx_value_text(irisx_value_at(aliases, i), ""));
    if (strcmp(state, "unmounted") == 0)
        cli_line(stdout, "  unmounted: in the platform's code, but not reachable on it as deployed");
    else if (strcmp(state, "documented") == 0)
        cli_line(stdout, "  documented: in the platform's documentation, but not in its code");
    if (*description) {
        (void) printf("\n  ");
        text_wrap(stdout, description, 2, width);
    }
}

static void tail_line(const char *label, const char *text, size_t width)
{
    (void) printf("%-12s ", label);
    text_wrap(stdout, text, 13, width);
}

static void print_tail(const irisx_value_t *op, const char *example, size_t width)
{
    const char *paging = irisx_value_get_text(op, "paging", NULL), *instead = irisx_value_get_text(op, "instead", NULL);
    char text[160];

    (void) putchar('\n');
    tail_line("credential:", credential(irisx_value_get_text(op, "auth", "none")), width);
    tail_line("retry:", again(irisx_value_get_text(op, "retry", "unsafe")), width);
    (void) snprintf(text, sizeof text, "%s%s (--paginate gets them all)", irisx_value_get_text(op, "items", ""),
        irisx_value_get_text(op, "items", NULL) ? ", page by page" : "page by page");
    if (paging)
        tail_line("pages:", text, width);
    if (instead)
        tail_line("instead:", instead, width);
    title("\nexample:");
    (void) printf("  %s\n", example ? example : "");
}

int explain_operation(const struct cli_common *c, const char *id)
{
    irisx_value_t *op = contract_describe(id);
    const irisx_value_t *params = irisx_value_get(op, "parameters"), *result = irisx_value_get(op, "result");
    size_t width = terminal_width(stdout);
    char *example = op ? example_of(op) : NULL;
    int code = EXIT_OK;

    width = !width ? 100 : width < 120 ? width : 120;
    if (!op)
        return contract_no_operation(id);
    if (c->json) {
        if (example) /* without memory it is not told */
            (void) irisx_value_set_text(op, "example", example);
        code = cli_print_value(op);
    } else {
        print_head(op, width);
        title(irisx_value_count(params) ? "\nparameters:" : "\nno parameters");
        print_fields(params, 0, widest_name(params, 0), true, width);
        if (irisx_value_count(result))
            title("\nresult:");
        print_fields(result, 0, widest_name(result, 0), false, width);
        print_tail(op, example, width);
    }
    free(example);
    irisx_value_free(op);
    return code;
}
