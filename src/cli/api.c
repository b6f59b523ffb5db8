/* SPDX-License-Identifier: MIT */
/* irisx api: every operation of the platform by its id, or any request by method and path. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rest.h"

static const char examples[] = "\nexamples:\n"
                               "  irisx api --list sms                                     operations with that word\n"
                               "  irisx api sms.send --help                                what one takes and answers\n"
                               "  irisx api sms.send from=+12025550101 to=+12025550199 message='See you at 5'\n"
                               "  irisx api sms.send --dry-run from=+12025550101 to=+12025550199 message=@text.txt\n"
                               "  irisx api calls.list status=completed --paginate --csv > calls.csv\n"
                               "  irisx api contacts.get 42 --json\n"
                               "  irisx api GET /v1/newer/than/this limit=5\n"
                               "\nCompletion of operations and parameters: irisx completion bash|zsh|fish\n";

static const char *method_of(const char *word)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcasecmp(word, methods[i]) == 0)
            return methods[i];
    return NULL;
}

static int about(const struct cli_common *common, const char *word)
{
    return method_of(word) ? -1 : explain_operation(common, word);
}

static const char *hint(const char *option, const char *word)
{
    static char text[192];
    irisx_value_t *operation = word ? contract_describe(word) : NULL;
    const irisx_value_t *field = operation ? params_find(operation, option) : NULL;

    if (field)
        (void) snprintf(text, sizeof text, "parameters are words: %s=VALUE", irisx_value_get_text(field, "name", ""));
    else
        (void) snprintf(
            text, sizeof text, "irisx api --help lists them%s", operation ? "; parameters are NAME=VALUE" : "");
    irisx_value_free(operation);
    return text;
}

/* GET has no body: its parameters go behind the path, as RFC 3986 wants them */
static char *with_query(const char *path, const irisx_value_t *params)
{
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    char before = strchr(path, '?') ? '&' : '?';

    if (!to)
        return NULL;
    (void) fputs(path, to);
    for (const char *k = irisx_value_next_key(params, NULL); k; k = irisx_value_next_key(params, k)) {
        char *value = cell_text(irisx_value_get(params, k));
        const char *const parts[] = { k, value ? value : "" };

        for (int i = 0; i < 2; i++) {
            (void) fputc(i ? '=' : before, to);
            for (const char *p = parts[i]; *p; p++)
                (void) fprintf(
                    to, isalnum((unsigned char) *p) || strchr("-._~", *p) ? "%c" : "%%%02X", (unsigned char) *p);
        }
        before = '&';
        free(value);
    }
    if (fclose(to)) {
        free(out);
        return NULL;
    }
    return out;
}

static int path_params(struct rest_call *call, const char *const *words, size_t count)
{
    const struct rest_options *o = call->options;
    int code = EXIT_OK;

    for (size_t i = 0; !code && i < o->data.count; i++)
        code = params_data(&call->params, o->data.items[i]);
    if (!code && o->params.count + count && !call->params.object)
        call->params.object = irisx_value_new_object();
    for (size_t i = 0; !code && i < o->params.count; i++)
        code = params_add(&call->params, o->params.items[i]);
    for (size_t i = 0; !code && i < count; i++)
        code = params_add(&call->params, words[i]);
    return code;
}

static int run_path(struct rest_call *call, const char *const *words, size_t count)
{
    char *path = NULL;
    int code;

    call->method = method_of(words[0]);
    if (count < 2 || *words[1] != '/')
        return cli_usage("behind %s goes a path that begins with /: irisx api %s /v1/…", words[0], call->method);
    call->path = words[1];
    code = path_params(call, words + 2, count - 2);
    if (!code && call->params.object && strcmp(call->method, "GET") == 0) {
        call->path = path = with_query(words[1], call->params.object);
        irisx_value_free(call->params.object);
        call->params.object = NULL;
        if (!path)
            code = cli_usage("out of memory");
    }
    if (!code)
        code = rest_run(call);
    else
        rest_clear(call);
    free(path);
    return code;
}

static int run_operation(struct rest_call *call, const char *const *words, size_t count)
{
    int code;

    if (*words[0] == '/')
        return cli_usage("a path goes behind its method: irisx api GET %s", words[0]);
    call->id = words[0];
    call->operation = contract_describe(call->id);
    if (!call->operation)
        return contract_no_operation(call->id);
    code = rest_read_params(call);
    for (size_t i = 1; !code && i < count; i++)
        code = strchr(words[i], '=') ? params_add(&call->params, words[i]) : params_word(&call->params, words[i]);
    if (!code)
        return rest_run(call);
    rest_clear(call);
    return code;
}

struct asked {
    bool list;
    struct list_filter filter;
    const char *describe, *completion;
};

static int answer(
    const struct cli_common *c, struct asked *a, struct rest_options *o, const char *const *words, size_t count)
{
    struct rest_call call = { .common = c, .options = o };

    if (a->completion) {
        char *argv[] = { (char *) "completion", (char *) (uintptr_t) a->completion, NULL };
        return cmd_completion(2, argv);
    }
    if (!a->list && explain_filter_given(&a->filter))
        return cli_usage("--group, --family, --method and --availability belong to --list");
    a->filter.words = words;
    a->filter.count = count;
    if (a->list)
        return explain_list(c, &a->filter);
    if (a->describe)
        return explain_operation(c, a->describe);
    if (!count)
        return cli_usage("which operation? irisx api --list shows them, irisx api --help tells more");
    return method_of(words[0]) ? run_path(&call, words, count) : run_operation(&call, words, count);
}

int cmd_api(int argc, char **argv)
{
    struct rest_options o = { 0 };
    struct asked a = { 0 };
    struct cli_option options[REST_OPTIONS_MAX + LIST_FILTERS + 3];
    size_t n = rest_options_table(&o, options), count;
    struct cli_command command = { "api", "OPERATION [NAME=VALUE…]",
        "Calls any operation of the platform by its id (irisx api --list), or METHOD /path.", options, 0, NULL, about,
        hint };
    const char *words[CLI_WORDS_MAX];
    char more[4096];
    struct cli_common c;
    int code;

    options[n++] = (struct cli_option){
        .name = "list", .help = "operations; behind it words that each must have", .flag = &a.list
    };
    n += explain_filter_options(&a.filter, options + n);
    options[n++] = (struct cli_option){
        .name = "describe", .argument = "OPERATION", .help = "what it takes and answers", .text = &a.describe
    };
    options[n++] = (struct cli_option){
        .name = "completion", .argument = "SHELL", .help = "completion script: bash, zsh, fish", .text = &a.completion
    };
    command.option_count = n;
    command.rest = true;
    (void) snprintf(more, sizeof more, "%s%s", rest_help, examples);
    command.more = more;
    code = cli_parse(&command, &c, argc, argv, words, CLI_WORDS_MAX, &count);
    if (code < 0)
        code = answer(&c, &a, &o, words, count);
    cli_common_clear(&c);
    return code;
}
