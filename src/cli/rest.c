/* SPDX-License-Identifier: MIT */
/* One REST operation: options, parameters, the call itself, how it ended. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/rest.h"

#define LONGEST_S 86400.0
#define SILENCE_MS 30000 /* files: how long nothing may move */

const char rest_help[] =
    "\nparameters:\n"
    "  NAME=VALUE            typed as the operation says: limit=20 record=true to=+12025550199\n"
    "  NAME=@FILE            the file's content (@- standard input); for files of a form, the file itself\n"
    "  A.B=VALUE             member of an object\n"
    "  LIST[]=VALUE          an item more; LIST[].B=VALUE of objects in a list, LIST[0].B=VALUE of a certain one\n"
    "  NAME:=JSON            any JSON as it is: null, [], \"12\"; also of names that this version does not know\n"
    "  A word without \"=\" is the next parameter of the path. A value that begins with @ is written @@…, a name with\n"
    "  . [ or = in it with a backslash before them. Secrets are typed (NAME=@-) or come from files.\n"
    "\noutput:\n"
    "  A table or a list of members on a terminal and in pipes; --json and --csv for programs. Answers that are no\n"
    "  JSON go to --output, or to standard output as they are. Problems and progress go to standard error.\n"
    "  CSV has values as they are: spreadsheets take those that begin with = + - @ for formulas, so import as text.\n";

size_t rest_options_table(struct rest_options *o, struct cli_option *table)
{
    const struct cli_option all[REST_OPTIONS_MAX] = {
        { "param", "NAME=VALUE", "a parameter; may be given again", NULL, NULL, &o->params, 'p' },
        { "data", "@FILE",
            "parameters as a JSON object (\"-\" standard input); given again, they are merged, and words beat them. Or "
            "a body that is no JSON",
            NULL, NULL, &o->data, 'd' },
        { "paginate", NULL, "all pages of a list, as they come; with --json an item a line", NULL, &o->paginate, NULL,
            0 },
        { "max-items", "N", "with --paginate: stop after N items", &o->max_items, NULL, NULL, 0 },
        { "columns", "A,B", "of a table or CSV; members of members with dots", &o->columns, NULL, NULL, 0 },
        { "csv", NULL, "comma-separated values (RFC 4180) instead of a table", NULL, &o->csv, NULL, 0 },
        { "output", "FILE", "save the answer's bytes; whole or not at all", &o->output, NULL, NULL, 'o' },
        { "resume", NULL, "with --output: go on where an interrupted download ended", NULL, &o->resume, NULL, 0 },
        { "dry-run", NULL, "show the request, without secrets; send nothing", NULL, &o->dry_run, NULL, 0 },
        { "strict", NULL, "check enums, limits and patterns before sending", NULL, &o->strict, NULL, 0 },
        { "timeout", "SECONDS", "for the whole operation, all tries (default 30; files: 30 without a byte)",
            &o->timeout, NULL, NULL, 0 },
        { "max-tries", "N", "1: never send again (default 4, where the operation allows)", &o->tries, NULL, NULL, 0 },
        { "idempotency-key", "KEY", "instead of one made up", &o->key, NULL, NULL, 0 },
        { "accept", "TYPE", "media type to ask for", &o->accept, NULL, NULL, 0 },
    };

    memcpy(table, all, sizeof all);
    return REST_OPTIONS_MAX;
}

const char *rest_doing(const struct rest_call *call)
{
    static char text[160];

    (void) snprintf(text, sizeof text, "%s%s%s", call->id ? call->id : call->method, call->id ? "" : " ",
        call->id ? "" : call->path);
    return text;
}

static bool body_is_json(const struct rest_call *call)
{
    const char *body = irisx_value_get_text(call->operation, "body", "json");

    return strcmp(body, "raw") != 0;
}

int rest_read_params(struct rest_call *call)
{
    const struct rest_options *o = call->options;
    int code = EXIT_OK;

    call->params.operation = call->operation;
    if (!call->params.object && !(call->params.object = irisx_value_new_object()))
        return cli_usage("out of memory");
    for (size_t i = 0; !code && i < o->data.count && body_is_json(call); i++)
        code = params_data(&call->params, o->data.items[i]);
    for (size_t i = 0; !code && i < o->params.count; i++)
        code = params_add(&call->params, o->params.items[i]);
    return code;
}

void rest_clear(struct rest_call *call)
{
    irisx_value_free(call->operation);
    irisx_value_free(call->params.object);
    call->operation = NULL;
    call->params.object = NULL;
}

/* A file goes one way or the other: how long that takes, nobody knows */
static bool moves_file(const struct rest_call *call)
{
    const irisx_value_t *fields = irisx_value_get(call->operation, "parameters");

    for (size_t i = 0; i < irisx_value_count(fields); i++) {
        const irisx_value_t *f = irisx_value_at(fields, i);

        if (strcmp(irisx_value_get_text(f, "type", ""), "file") == 0 &&
            irisx_value_get(call->params.object, irisx_value_get_text(f, "name", "")))
            return true;
    }
    return call->options->output || (call->options->data.count && !body_is_json(call)) ||
           strcmp(irisx_value_get_text(call->operation, "answer", "json"), "content") == 0;
}

void rest_patience(irisx_api_options_t *o)
{
    o->timeout_ms = (uint32_t) (LONGEST_S * 1000);
    o->idle_timeout_ms = o->answer_timeout_ms = SILENCE_MS;
}

static int call_options(const struct rest_call *call, irisx_api_options_t *out, irisx_upload_t *upload)
{
    const struct rest_options *o = call->options;
    double seconds = 0, tries = 0;

    *out = (irisx_api_options_t) IRISX_API_OPTIONS_INIT;
    if (o->timeout && !cli_number(o->timeout, 0.001, LONGEST_S, &seconds))
        return cli_usage("--timeout is a number of seconds, at most %g", LONGEST_S);
    if (o->tries && !cli_number(o->tries, 1, 100, &tries))
        return cli_usage("--max-tries is a number from 1 to 100");
    if (o->csv && call->common->json)
        return cli_usage("give one of --csv and --json");
    if (o->resume && !o->output)
        return cli_usage("--resume needs --output");
    if (o->paginate && o->output)
        return cli_usage("--paginate prints; give one of --paginate and --output");
    out->timeout_ms = (uint32_t) (seconds * 1000);
    if (!o->timeout && moves_file(call))
        rest_patience(out);
    out->max_tries = (int32_t) tries;
    out->check = o->strict ? IRISX_CHECK_STRICT : IRISX_CHECK_DEFAULT;
    out->idempotency_key = o->key;
    out->accept = o->accept;
    out->save_as = o->output;
    out->resume = o->resume;
    if (o->data.count && !body_is_json(call)) {
        upload->path = o->data.items[0] + (*o->data.items[0] == '@');
        out->upload = upload;
        if (o->data.count > 1)
            return cli_usage("--data: the body of %s is one file", rest_doing(call));
    }
    if (!call->common->quiet && isatty(STDERR_FILENO))
        out->on_progress = rest_progress;
    return EXIT_OK;
}

int rest_failed(const struct rest_call *call, const irisx_error_info_t *e)
{
    const struct cli_common *c = call->common;
    int code = cli_fail(c, e, rest_doing(call));

    if (e->code == IRISX_E_AUTH && !c->api_key && !c->access_token && !c->credential_command)
        cli_say(c, "irisx: irisx login, IRISX_API_KEY, --api-key-file or --credential-command gives them");
    else if (e->code == IRISX_E_AUTH && c->credential_from)
        cli_say(c, "irisx: the credential is from: %s; irisx config tells more%s", c->credential_from,
            c->of_profile && c->access_token && !c->api_key ? ", irisx login gets a new one" : "");
    if (e->code == IRISX_E_TOO_LARGE && !call->options->output)
        cli_say(c, "irisx: --output FILE takes answers of any size");
    if (e->retry_after_ms)
        cli_say(c, "irisx: the platform wants %u s before the next try", (e->retry_after_ms + 999) / 1000);
    if (e->code == IRISX_E_INVALID && call->id)
        cli_say(c, "irisx: irisx api --describe %s tells what it takes", call->id);
    if (e->code == IRISX_E_OUTCOME_UNKNOWN)
        cli_say(c, "irisx: look whether it was done before you send it again");
    return code;
}

irisx_error_t rest_submit(
    irisx_client_t *client, const struct rest_call *call, const irisx_api_options_t *o, irisx_op_t **op)
{
    if (call->id)
        return irisx_api_call(client, call->id, call->params.object, o, op);
    return irisx_api_request(client, call->method, call->path, call->params.object, o, op);
}

static int run_once(irisx_client_t *client, const struct rest_call *call, const irisx_api_options_t *o)
{
    irisx_op_t *op = NULL;
    irisx_error_t err = rest_submit(client, call, o, &op);
    int code;

    if (!err)
        err = cli_await(client, op, 1e12, NULL, NULL); /* it has a deadline of its own */
    if (o->on_progress)
        rest_progress(0, 0, 0, 0, NULL);
    if (op && irisx_op_done(op))
        code = err ? rest_failed(call, irisx_op_error(op)) : rest_print(call, op);
    else if (cli_interrupted())
        code = EXIT_INTERRUPTED;
    else
        code = cli_fail_code(call->common, err, rest_doing(call), NULL);
    irisx_op_unref(op);
    return code;
}

int rest_run(struct rest_call *call)
{
    irisx_api_options_t o;
    irisx_upload_t upload = { 0 };
    irisx_client_t *client = NULL;
    irisx_error_t err;
    int code = call_options(call, &o, &upload);

    if (!code && !call->common->api_url)
        code = cli_no_platform();
    if (code) {
        rest_clear(call);
        return code;
    }
    err = cli_client(call->common, &client);
    if (err)
        code = cli_no_client(call->common, err);
    else if (call->options->dry_run)
        code = rest_dry(client, call, &o);
    else
        code = call->options->paginate ? rest_pages(client, call, &o) : run_once(client, call, &o);
    rest_clear(call);
    return cli_close(client, code);
}
