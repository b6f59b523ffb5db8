/* SPDX-License-Identifier: MIT */
/* irisx api: every operation of the platform by its id, or any request by method and path. */
#include <string.h>

#include "cli/rest.h"

static const char examples[] = "\nexamples:\n"
                               "  irisx api --list sms                                     operations with that word\n"
                               "  irisx api sms.send --help                                what one takes and answers\n"
                               "  irisx api sms.send from=+12025550101 to=+12025550199 message='See you at 5'\n"
                               "  irisx api sms.send --dry-run from=+12025550101 to=+12025550199 message=@text.txt\n"
                               "  irisx api calls.list status=completed --paginate --csv > calls.csv\n"
                               "  irisx api contacts.get 42 --json\n"
                               "  irisx api GET /v1/newer/than/this?limit=5\n"
                               "\nCompletion of operations and parameters: irisx completion bash|zsh|fish\n";

static bool is_method(const char *word)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(word, methods[i]) == 0)
            return true;
    return false;
}

static int about(const struct cli_common *common, const char *word)
{
    return is_method(word) ? -1 : explain_operation(common, word);
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

static int run_path(struct rest_call *call, const char *const *words, size_t count)
{
    int code = EXIT_OK;

    if (count != 2 || *words[1] != '/')
        return cli_usage("irisx api %s /PATH, and the body with --data or --param", words[0]);
    call->method = words[0];
    call->path = words[1];
    for (size_t i = 0; !code && i < call->options->data.count; i++)
        code = params_data(&call->params, call->options->data.items[i]);
    if (!code && call->options->params.count && !call->params.object)
        call->params.object = irisx_value_new_object();
    for (size_t i = 0; !code && i < call->options->params.count; i++)
        code = params_add(&call->params, call->options->params.items[i]);
    if (!code)
        return rest_run(call);
    rest_clear(call);
    return code;
}

static int run_operation(struct rest_call *call, const char *const *words, size_t count)
{
    int code;

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
    return is_method(words[0]) ? run_path(&call, words, count) : run_operation(&call, words, count);
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
