/* SPDX-License-Identifier: MIT */
/* --paginate: page by page, printed as they come; the library reads one page ahead and keeps no more. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/rest.h"

#define LOOK_MS 100 /* how long a signal waits while a page is under way */

struct pages {
    const struct rest_call *call;
    uint64_t seen, max; /* max 0: no limit */
    struct sheet *sheet; /* NULL with --json */
};

static const irisx_value_t *items_of(const struct rest_call *call, const irisx_value_t *root)
{
    const char *path = irisx_value_get_text(call->operation, "items", "");
    const irisx_value_t *v = *path ? member_at(root, path) : root;

    return irisx_value_type(v) == IRISX_VALUE_ARRAY ? v : NULL;
}

static int begin(struct pages *p)
{
    const struct rest_options *o = p->call->options;
    const struct sheet_options so = { .form = o->csv ? SHEET_CSV : SHEET_TABLE,
        .columns = o->columns ? o->columns
                   : o->csv   ? NULL
                              : p->call->columns,
        .chosen = o->columns,
        .width = terminal_width(stdout) };
    double max = 0;

    if (!irisx_value_get_text(p->call->operation, "paging", NULL))
        return cli_usage("%s answers no list in pages; leave --paginate out", rest_doing(p->call));
    if (o->max_items && !cli_number(o->max_items, 1, 1e15, &max))
        return cli_usage("--max-items is a number from 1");
    p->max = (uint64_t) max;
    p->sheet = p->call->common->json ? NULL : sheet_new(stdout, &so);
    return p->sheet || p->call->common->json ? EXIT_OK : cli_usage("out of memory");
}

/* The first n of them in a list of its own; NULL without memory */
static irisx_value_t *first_of(const irisx_value_t *items, size_t n)
{
    irisx_value_t *cut = irisx_value_new_array();

    for (size_t i = 0; cut && i < n; i++)
        if (irisx_value_add_take(cut, irisx_value_dup(irisx_value_at(items, i)))) {
            irisx_value_free(cut);
            return NULL;
        }
    return cut;
}

static bool print_items(struct pages *p, const irisx_value_t *items)
{
    size_t n = irisx_value_count(items);
    irisx_value_t *cut;
    bool good = true;

    if (!p->seen && p->sheet)
        rest_columns(p->call, items);
    if (p->max && p->seen + n > p->max)
        n = (size_t) (p->max - p->seen);
    p->seen += n;
    for (size_t i = 0; !p->sheet && good && i < n; i++)
        good = cli_print_value(irisx_value_at(items, i)) == EXIT_OK;
    if (!p->sheet)
        return good;
    if (n == irisx_value_count(items))
        return sheet_rows(p->sheet, items);
    cut = first_of(items, n);
    good = cut && sheet_rows(p->sheet, cut);
    irisx_value_free(cut);
    return good;
}

/* How it failed, told; EXIT_OK at the end of the list */
static int ended(const struct pages *p, const irisx_pager_t *pager, irisx_error_t err)
{
    const irisx_error_info_t *e = irisx_pager_error(pager);

    if (err == IRISX_E_NOT_FOUND && (!e || e->code != IRISX_E_NOT_FOUND))
        return EXIT_OK;
    if (cli_interrupted())
        return EXIT_INTERRUPTED;
    return e && e->code ? rest_failed(p->call, e) : cli_fail_code(p->call->common, err, rest_doing(p->call), NULL);
}

/* How far it is, where the rows themselves do not show it */
static void progress(const struct pages *p, bool end)
{
    if (p->call->common->quiet || !isatty(STDERR_FILENO) || isatty(STDOUT_FILENO))
        return;
    if (end)
        (void) fprintf(stderr, "\r%*s\r", 28, "");
    else
        (void) fprintf(stderr, "\r%llu items", (unsigned long long) p->seen);
}

static int read_pages(struct pages *p, irisx_pager_t *pager)
{
    irisx_op_t *op = NULL;
    irisx_error_t err = IRISX_OK;
    bool good = true;

    while (good && (!p->max || p->seen < p->max) && !cli_interrupted()) {
        err = irisx_pager_next_page(pager, LOOK_MS, &op);
        if (err == IRISX_E_AGAIN)
            continue;
        if (err)
            return ended(p, pager, err);
        good = print_items(p, items_of(p->call, irisx_op_value(op)));
        irisx_op_unref(op);
        progress(p, false);
    }
    return cli_interrupted() ? EXIT_INTERRUPTED : good ? EXIT_OK : EXIT_FAILED;
}

int rest_pages(irisx_client_t *client, const struct rest_call *call, const irisx_api_options_t *o)
{
    irisx_pager_options_t po = IRISX_PAGER_OPTIONS_INIT;
    irisx_pager_t *pager = NULL;
    struct pages p = { .call = call };
    irisx_error_t err;
    int code = call->id ? begin(&p) : cli_usage("--paginate needs an operation by its id");

    po.call = o;
    po.max_items = p.max;
    if (!code && (err = irisx_pager_call(client, call->id, call->params.object, &po, &pager)))
        code = cli_fail_code(call->common, err, rest_doing(call), NULL);
    if (!code) {
        code = read_pages(&p, pager);
        progress(&p, true);
        if (p.sheet && !code)
            sheet_end(p.sheet);
        rest_hidden(call, p.sheet);
        cli_say(call->common, "%llu item%s%s", (unsigned long long) p.seen, p.seen == 1 ? "" : "s",
            code ? "; there are more" : "");
    }
    irisx_pager_unref(pager);
    sheet_free(p.sheet);
    return code;
}
