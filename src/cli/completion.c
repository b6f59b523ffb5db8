/* SPDX-License-Identifier: MIT */
/*
 * irisx completion bash|zsh|fish prints a script that asks the command itself: `irisx __complete WORD…`, the words
 * after "irisx" up to the one that is being typed. It answers a candidate a line, a tab and its description behind it,
 * so that operations and parameters are those of the version that is installed.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/rest.h"

static const char bash_script[] =
    "# irisx completion for bash: source <(irisx completion bash)\n"
    "_irisx() {\n"
    "    local IFS=$'\\n' line words=(\"${COMP_WORDS[@]:1:COMP_CWORD}\")\n"
    "    # bash cuts words at = and : too; what belongs together is put together again\n"
    "    local at=${COMP_LINE:0:COMP_POINT} whole\n"
    "    IFS=$' \\t' read -r -a whole <<<\"$at\"\n"
    "    [[ $at == *[[:space:]] ]] && whole+=(\"\")\n"
    "    local current=${whole[${#whole[@]}-1]}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
    "    done < <(irisx __complete \"${whole[@]:1}\" 2>/dev/null)\n"
    "    local cut=${current%\"${current##*[=:]}\"} i\n"
    "    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == @files ]]; then\n"
    "        local before=; [[ $current == *@* ]] && before=${current%\"${current##*@}\"}\n"
    "        COMPREPLY=()\n"
    "        while IFS= read -r line; do\n"
    "            [[ -d ${line/#\\~/$HOME} ]] && line+=/\n"
    "            printf -v line %q \"$line\"\n"
    "            COMPREPLY+=(\"${before#\"$cut\"}${line/#\\\\\\~/\\~}\")\n"
    "        done < <(compgen -f -- \"${current#\"$before\"}\")\n"
    "        [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null\n"
    "        return\n"
    "    fi\n"
    "    for i in \"${!COMPREPLY[@]}\"; do COMPREPLY[i]=${COMPREPLY[i]#\"$cut\"}; done\n"
    "    [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *[=.] ]] && compopt -o nospace 2>/dev/null\n"
    "}\n"
    "complete -F _irisx irisx\n";

static const char zsh_script[] =
    "#compdef irisx\n"
    "# irisx completion for zsh: irisx completion zsh > \"${fpath[1]}/_irisx\", or: source <(irisx completion zsh)\n"
    "_irisx() {\n"
    "    local line word text open=()\n"
    "    local -a plain plain_text partly partly_text\n"
    "    while IFS= read -r line; do\n"
    "        word=${line%%$'\\t'*} text=${line#*$'\\t'}\n"
    "        [[ $word == @files ]] && { compset -P '*@'; _files; return }\n"
    "        [[ $text == $word ]] && text=\n"
    "        if [[ $word == *[=.] ]]; then partly+=(\"$word\"); partly_text+=(\"$word  $text\")\n"
    "        else plain+=(\"$word\"); plain_text+=(\"$word  $text\"); fi\n"
    "    done < <(irisx __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    (( $#plain )) && compadd -l -d plain_text -- \"${plain[@]}\"\n"
    "    (( $#partly )) && compadd -l -S '' -d partly_text -- \"${partly[@]}\"\n"
    "}\n"
    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _irisx \"$@\"; else compdef _irisx irisx; fi\n";

static const char fish_script[] =
    "# irisx completion for fish: irisx completion fish > ~/.config/fish/completions/irisx.fish\n"
    "function __irisx_complete\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    set -l found (irisx __complete $words[2..-1] 2>/dev/null)\n"
    "    if test \"$found\" = @files\n"
    "        set -l parts (string match -r '^(.*@)?(.*)$' -- (commandline -ct))\n"
    "        for f in (__fish_complete_path $parts[3])\n"
    "            echo $parts[2]$f\n"
    "        end\n"
    "    else\n"
    "        printf '%s\\n' $found\n"
    "    end\n"
    "end\n"
    "complete -c irisx -f -a '(__irisx_complete)'\n";

int cmd_completion(int argc, char **argv)
{
    static const struct {
        const char *name, *script;
    } shells[] = { { "bash", bash_script }, { "zsh", zsh_script }, { "fish", fish_script } };

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void) puts(
            "usage: irisx completion bash|zsh|fish\n\nPrints the script that completes commands, operations and "
            "parameters:\n\n"
            "  bash   echo 'source <(irisx completion bash)' >> ~/.bashrc\n"
            "  zsh    irisx completion zsh > \"${fpath[1]}/_irisx\"\n"
            "  fish   irisx completion fish > ~/.config/fish/completions/irisx.fish");
        return EXIT_OK;
    }
    for (size_t i = 0; argc == 2 && i < sizeof shells / sizeof *shells; i++)
        if (strcmp(argv[1], shells[i].name) == 0)
            return fputs(shells[i].script, stdout) < 0 || fflush(stdout) ? EXIT_FAILED : EXIT_OK;
    return cli_usage("completion bash, completion zsh or completion fish");
}

/* ---- what could stand there -------------------------------------------------------------- */
#define GROUPS_ABOVE 60 /* more operations than that: what they begin with instead */

static void offer(const char *typed, const char *word, const char *text)
{
    if (strncmp(word, typed, strlen(typed)) == 0)
        (void) printf(*text ? "%s\t%s\n" : "%s\n", word, text); /* all from the contract: nothing to clean */
}

/* "sms." of ids that begin with what is typed, one for all of them. Groups with one operation: the operation. */
static void offer_groups(const irisx_value_t *all, const char *typed)
{
    size_t n = strlen(typed), count = irisx_value_count(all);

    for (size_t i = 0, next; i < count; i = next) {
        const char *id = irisx_value_get_text(irisx_value_at(all, i), "id", ""), *other;
        char word[96], text[48];
        size_t len;

        next = i + 1;
        if (strncmp(id, typed, n) != 0 || !id[n])
            continue;
        len = n + strcspn(id + n, "."); /* up to the next dot */
        for (; id[len] && next < count; next++) {
            other = irisx_value_get_text(irisx_value_at(all, next), "id", "");
            if (strncmp(other, id, len) != 0 || other[len] != '.')
                break;
        }
        if (next - i > 1)
            (void) snprintf(word, sizeof word, "%.*s.", (int) len, id);
        (void) snprintf(text, sizeof text, "%zu operations", next - i);
        offer(typed, next - i > 1 ? word : id, next - i > 1 ? text : contract_summary(irisx_value_at(all, i)));
    }
}

static void offer_operations(const char *typed)
{
    const irisx_value_t *all = contract_operations();
    size_t n = strlen(typed), found = 0;

    for (size_t i = 0; i < irisx_value_count(all); i++)
        found += strncmp(irisx_value_get_text(irisx_value_at(all, i), "id", ""), typed, n) == 0;
    if (found > GROUPS_ABOVE) {
        offer_groups(all, typed);
        return;
    }
    for (size_t i = 0; i < irisx_value_count(all); i++) {
        const char *id = irisx_value_get_text(irisx_value_at(all, i), "id", "");

        if (strncmp(id, typed, n) == 0)
            offer(typed, id, contract_summary(irisx_value_at(all, i)));
    }
}

static void offer_paths(const char *method, const char *typed)
{
    const irisx_value_t *all = contract_operations();

    for (size_t i = 0; i < irisx_value_count(all); i++) {
        const irisx_value_t *row = irisx_value_at(all, i);

        if (strcmp(irisx_value_get_text(row, "method", ""), method) == 0)
            offer(typed, irisx_value_get_text(row, "path", ""), irisx_value_get_text(row, "id", ""));
    }
}

static void offer_choice(const char *typed, const char *before, const char *value)
{
    char word[320];

    (void) snprintf(word, sizeof word, "%s%s", before, value);
    offer(typed, word, "");
}

/* What a parameter may be: "direction=inbound"; `before` is what stands before the value */
static void offer_values(const char *typed, const char *before, const irisx_value_t *field)
{
    const irisx_value_t *values = irisx_value_get(field, "enum");

    if (!values)
        values = irisx_value_get(field, "values");
    for (size_t i = 0; i < irisx_value_count(values); i++)
        offer_choice(typed, before, irisx_value_text(irisx_value_at(values, i), ""));
    if (strcmp(irisx_value_get_text(field, "type", ""), "boolean") == 0) {
        offer_choice(typed, before, "true");
        offer_choice(typed, before, "false");
    }
}

static bool given(char **words, int count, const char *name)
{
    size_t n = strlen(name);

    for (int i = 0; i < count; i++)
        if (strncmp(words[i], name, n) == 0 && (words[i][n] == '=' || words[i][n] == ':'))
            return true;
    return false;
}

/* Members under their names, behind `before` ("contacts[]."); those of the path too, since they have names as well */
static void offer_names(const char *typed, const char *before, const irisx_value_t *members, char **words, int count)
{
    char word[320], text[512];

    for (size_t i = 0; i < irisx_value_count(members); i++) {
        const irisx_value_t *f = irisx_value_at(members, i);
        const char *name = irisx_value_get_text(f, "name", ""), *type = irisx_value_get_text(f, "type", "");
        bool list = strcmp(type, "array") == 0, object = irisx_value_count(irisx_value_get(f, "members")) > 0;

        (void) snprintf(word, sizeof word, "%s%s", before, name);
        if (!list && !object && given(words, count, word))
            continue;
        (void) snprintf(word, sizeof word, "%s%s%s%s", before, name, list ? "[]" : "",
            object                                 ? "."
            : strcmp(type, "object") == 0 && !list ? "."
                                                   : "=");
        (void) snprintf(text, sizeof text, "%s%s%s%s", list ? "list" : type,
            irisx_value_get_bool(f, "required", 0) ? ", required" : "", irisx_value_get(f, "description") ? ", " : "",
            irisx_value_get_text(f, "description", ""));
        text[strcspn(text, "\n\t")] = 0;
        offer(typed, word, text);
    }
}

/* The members that "contacts[].first" is about: those of contacts; *field: the one of that name, for its values */
static const irisx_value_t *members_at(
    const irisx_value_t *operation, const char *typed, size_t len, const irisx_value_t **field)
{
    const irisx_value_t *members = irisx_value_get(operation, "parameters");
    char name[128];

    *field = NULL;
    for (const char *p = typed, *end = typed + len; p < end;) {
        size_t n = strcspn(p, ".[=:"), rest;

        n = n < (size_t) (end - p) ? n : (size_t) (end - p);
        (void) snprintf(name, sizeof name, "%.*s", (int) n, p);
        *field = NULL;
        for (size_t i = 0; i < irisx_value_count(members); i++)
            if (strcmp(irisx_value_get_text(irisx_value_at(members, i), "name", ""), name) == 0)
                *field = irisx_value_at(members, i);
        rest = strcspn(p + n, ".=");
        if (p + n + rest >= end || p[n + rest] != '.')
            return members;
        members = irisx_value_get(*field, "members");
        p += n + rest + 1;
    }
    return members;
}

/* The next parameter of the path, where a word without "=" goes */
static const irisx_value_t *path_field(const irisx_value_t *operation, char **words, int count, const char *id)
{
    const irisx_value_t *all = irisx_value_get(operation, "parameters");
    int before = 0;

    for (int i = 0; i < count; i++)
        before += *words[i] != '-' && !strchr(words[i], '=') && strcmp(words[i], id) != 0;
    for (size_t i = 0; i < irisx_value_count(all); i++)
        if (strcmp(irisx_value_get_text(irisx_value_at(all, i), "in", ""), "path") == 0 && !before--)
            return irisx_value_at(all, i);
    return NULL;
}

static void offer_parameters(const char *typed, const char *id, char **words, int count)
{
    irisx_value_t *operation = contract_describe(id);
    const char *equals = strchr(typed, '='), *dot = strrchr(typed, '.');
    const irisx_value_t *field, *members;
    char before[200];

    if (operation && equals && equals[1] == '@') {
        (void) puts("@files");
    } else if (operation && equals) {
        (void) members_at(operation, typed, (size_t) (equals - typed), &field);
        (void) snprintf(before, sizeof before, "%.*s=", (int) (equals - typed), typed);
        offer_values(typed, before, field);
    } else if (operation) {
        (void) snprintf(before, sizeof before, "%.*s", dot ? (int) (dot + 1 - typed) : 0, typed);
        members = members_at(operation, typed, strlen(typed), &field);
        if (!dot)
            offer_values(typed, "", path_field(operation, words, count, id));
        offer_names(typed, before, members, words, count);
    }
    irisx_value_free(operation);
}

/* "--columns sid,st": members of the list's items, or of the answer */
static void offer_columns(const char *typed, const char *id)
{
    irisx_value_t *operation = contract_describe(id);
    const irisx_value_t *members = irisx_value_get(operation, "result");
    const char *comma = strrchr(typed, ','), *items = irisx_value_get_text(operation, "items", "");
    char before[256], name[64];

    while (*items) { /* "data.messages" */
        const irisx_value_t *in = NULL;
        size_t n = strcspn(items, ".");

        (void) snprintf(name, sizeof name, "%.*s", (int) n, items);
        for (size_t i = 0; i < irisx_value_count(members); i++)
            if (strcmp(irisx_value_get_text(irisx_value_at(members, i), "name", ""), name) == 0)
                in = irisx_value_get(irisx_value_at(members, i), "members");
        members = in ? in : members; /* an envelope that the result does not have */
        items += n + (items[n] == '.');
    }
    (void) snprintf(before, sizeof before, "%.*s", comma ? (int) (comma + 1 - typed) : 0, typed);
    for (size_t i = 0; i < irisx_value_count(members); i++)
        offer_choice(typed, before, irisx_value_get_text(irisx_value_at(members, i), "name", ""));
    irisx_value_free(operation);
}

/* ---- options, of whatever command -------------------------------------------------------- */
static const char *asked_typed, *asked_before; /* NULL: nobody completes */

bool cli_completing(const struct cli_command *command)
{
    const char *typed = asked_typed, *help;
    char word[80];

    if (!typed)
        return false;
    if (*typed != '-')
        return true; /* a value, or a word: others know it */
    for (size_t i = 0; i < command->option_count; i++) {
        (void) snprintf(word, sizeof word, "--%s", command->options[i].name);
        offer(typed, word, command->options[i].help);
    }
    for (size_t i = 0; (help = NULL, cli_common_option(i, command->rest, &help)); i++)
        offer(typed, cli_common_option(i, command->rest, &help), help);
    return true;
}

static void offer_profiles(const char *typed)
{
    irisx_value_t *all = cli_profiles();

    for (const char *k = irisx_value_next_key(all, NULL); k; k = irisx_value_next_key(all, k))
        offer(typed, k, "");
    irisx_value_free(all);
}

/* The value of an option that many commands have. True: that was it */
static bool offer_value_of(const char *option, const char *typed)
{
    static const char *const files[] = { "-file", "--output", "-o", "--data", "-d", "--capture", "-dir", "--play",
        "--record", "--report", "--state" };
    static const char *const levels[] = { "error", "warn", "info", "debug", "trace" };
    size_t n = strlen(option);

    for (size_t i = 0; *option == '-' && i < sizeof files / sizeof *files; i++) {
        size_t m = strlen(files[i]);

        if (n >= m && strcmp(option + n - m, files[i]) == 0 && (files[i][1] != '-' || n == m)) {
            (void) puts("@files");
            return true;
        }
    }
    if (strcmp(option, "--profile") == 0)
        offer_profiles(typed);
    for (size_t i = 0; strcmp(option, "--log") == 0 && i < sizeof levels / sizeof *levels; i++)
        offer(typed, levels[i], "");
    return strcmp(option, "--profile") == 0 || strcmp(option, "--log") == 0;
}

/* ---- commands ---------------------------------------------------------------------------- */
/* The operation among the words: the first that is no option and no option's value. Described, not looked up in the
 * list of all: that would cost twice what starting the command does. */
static const char *operation_of(char **words, int count)
{
    irisx_value_t *op = NULL;

    for (int i = 0; i < count; i++)
        if (strchr(words[i], '.') && *words[i] != '-' && !irisx_api_describe(words[i], &op)) {
            irisx_value_free(op);
            return words[i];
        }
    return NULL;
}

static const char *method_of(char **words, int count)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (count && strcmp(words[0], methods[i]) == 0)
            return methods[i];
    return NULL;
}

static void offer_methods(const char *typed)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

    for (size_t i = 0; *typed >= 'A' && *typed <= 'Z' && i < sizeof methods / sizeof *methods; i++)
        offer(typed, methods[i], "a path that has no operation here");
}

static bool takes_word(const char *option) /* of which nothing is known */
{
    static const char *const options[] = { "--max-items", "--timeout", "--max-tries", "--idempotency-key", "--accept",
        "--api-url", "--credential-command", "--group", "--family", "--method", "--availability" };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(option, options[i]) == 0)
            return true;
    return false;
}

static void complete_api(char **words, int count) /* words after "api", the last one being typed */
{
    const char *typed = words[count - 1], *before = count > 1 ? words[count - 2] : "";
    const char *id = operation_of(words, count - 1), *method = method_of(words, count - 1);

    if (strcmp(before, "--columns") == 0 && id)
        offer_columns(typed, id);
    else if (strcmp(before, "--completion") == 0)
        offer(typed, "bash", ""), offer(typed, "zsh", ""), offer(typed, "fish", "");
    else if (strcmp(before, "--describe") == 0)
        offer_operations(typed);
    else if (explain_filter_values(before, typed, offer) || takes_word(before))
        return;
    else if (id)
        offer_parameters(typed, id, words, count - 1);
    else if (method && count == 2)
        offer_paths(method, typed);
    else if (!method)
        offer_operations(typed), offer_methods(typed);
}

static void complete_config(char **words, int count)
{
    const char *typed = words[count - 1];

    if (count == 1)
        offer(typed, "set", "keep a setting in the profile"), offer(typed, "unset", "remove one");
    else if (count == 2)
        config_names(offer, typed);
    else
        (void) puts("@files");
}

static void complete_words(char **argv, int argc) /* "api", words, the last one being typed */
{
    if (strcmp(argv[0], "api") == 0)
        complete_api(argv + 1, argc - 1);
    else if (strcmp(argv[0], "completion") == 0 && argc == 2)
        offer(argv[1], "bash", ""), offer(argv[1], "zsh", ""), offer(argv[1], "fish", "");
    else if (strcmp(argv[0], "config") == 0)
        complete_config(argv + 1, argc - 1);
    else if (strcmp(argv[0], "webhooks") == 0 && argc == 2)
        offer(argv[1], "listen", "receive them"), offer(argv[1], "verify", "check a signature");
    else
        shortcut_complete(argc, argv, offer);
}

int cli_complete(int argc, char **argv) /* argv: "__complete", words, the last one being typed */
{
    if (argc < 2)
        return EXIT_OK;
    asked_typed = argv[argc - 1];
    asked_before = argc > 2 ? argv[argc - 2] : "";
    if (argc == 2)
        cli_commands(offer, argv[1]);
    else if (offer_value_of(asked_before, asked_typed))
        return EXIT_OK;
    else if (*asked_typed == '-')
        cli_complete_command(argc - 1, argv + 1); /* as far as its options: cli_completing */
    else
        complete_words(argv + 1, argc - 1);
    return EXIT_OK;
}
