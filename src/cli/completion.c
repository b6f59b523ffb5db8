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
    "    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == @files ]]; then\n"
    "        local before=${current%\"${current##*@}\"}; [[ $current == *@* ]] || before=\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"${current#\"$before\"}\")\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        return\n"
    "    fi\n"
    "    local cut=${current%\"${current##*[=:]}\"} i\n"
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
static void offer(const char *typed, const char *word, const char *text)
{
    if (strncmp(word, typed, strlen(typed)) == 0)
        (void) printf(*text ? "%s\t%s\n" : "%s\n", word, text); /* all from the contract: nothing to clean */
}

static void offer_operations(const char *typed)
{
    const irisx_value_t *all = contract_operations();

    for (size_t i = 0; i < irisx_value_count(all); i++) {
        const char *id = irisx_value_get_text(irisx_value_at(all, i), "id", "");

        offer(typed, id, contract_summary(irisx_value_at(all, i)));
    }
}

static void offer_options(const char *typed)
{
    static const char *const common[] = { "--profile", "--api-url", "--api-key-file", "--ca-file", "--json", "--quiet",
        "--log", "--help" };
    struct rest_options o;
    struct cli_option options[REST_OPTIONS_MAX];
    size_t n = rest_options_table(&o, options);
    char word[64];

    for (size_t i = 0; i < n; i++) {
        (void) snprintf(word, sizeof word, "--%s", options[i].name);
        offer(typed, word, options[i].help);
    }
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        offer(typed, common[i], "");
}

static void offer_values(const char *typed, const char *before, const irisx_value_t *field)
{
    const irisx_value_t *values = irisx_value_get(field, "enum");
    char word[320];

    for (size_t i = 0; i < irisx_value_count(values); i++) {
        (void) snprintf(word, sizeof word, "%s%s", before, irisx_value_text(irisx_value_at(values, i), ""));
        offer(typed, word, "");
    }
    if (strcmp(irisx_value_get_text(field, "type", ""), "boolean") == 0)
        for (int i = 0; i < 2; i++) {
            (void) snprintf(word, sizeof word, "%s%s", before, i ? "false" : "true");
            offer(typed, word, "");
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

static void offer_names(const char *typed, const irisx_value_t *operation, char **words, int count)
{
    const irisx_value_t *all = irisx_value_get(operation, "parameters");
    char word[160], text[512];

    for (size_t i = 0; i < irisx_value_count(all); i++) {
        const irisx_value_t *f = irisx_value_at(all, i);
        const char *name = irisx_value_get_text(f, "name", ""), *type = irisx_value_get_text(f, "type", "");
        bool list = strcmp(type, "array") == 0, object = strcmp(type, "object") == 0;

        if (!list && !object && given(words, count, name))
            continue;
        (void) snprintf(word, sizeof word, "%s%s%s", name, list ? "[]" : "", object ? "." : "=");
        (void) snprintf(text, sizeof text, "%s%s%s%s", list ? "list" : type,
            irisx_value_get_bool(f, "required", 0) ? ", required" : "", irisx_value_get(f, "description") ? ", " : "",
            irisx_value_get_text(f, "description", ""));
        offer(typed, word, text);
    }
}

static void offer_parameters(const char *typed, const char *id, char **words, int count)
{
    irisx_value_t *operation = contract_describe(id);
    const char *equals = strchr(typed, '=');
    char name[160], before[200];

    if (!operation)
        return;
    if (equals && equals[1] == '@') {
        (void) puts("@files");
    } else if (equals) {
        (void) snprintf(name, sizeof name, "%.*s", (int) (equals - typed), typed);
        name[strcspn(name, "[:")] = 0;
        (void) snprintf(before, sizeof before, "%.*s=", (int) (equals - typed), typed);
        offer_values(typed, before, params_find(operation, name));
    } else {
        offer_names(typed, operation, words, count);
    }
    irisx_value_free(operation);
}

static bool takes_file(const char *option)
{
    static const char *const options[] = { "--output", "-o", "--data", "-d", "--ca-file", "--api-key-file" };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(option, options[i]) == 0)
            return true;
    return false;
}

/* The operation among the words: the first that is no option and no option's value */
static const char *operation_of(char **words, int count)
{
    for (int i = 0; i < count; i++)
        if (strchr(words[i], '.') && *words[i] != '-' && contract_operation(words[i]))
            return words[i];
    return NULL;
}

static void complete_api(char **words, int count) /* words after "api", the last one being typed */
{
    const char *typed = words[count - 1], *before = count > 1 ? words[count - 2] : "";
    const char *id = operation_of(words, count - 1);

    if (takes_file(before))
        (void) puts("@files");
    else if (strcmp(before, "--completion") == 0)
        offer(typed, "bash", ""), offer(typed, "zsh", ""), offer(typed, "fish", "");
    else if (strcmp(before, "--describe") == 0)
        offer_operations(typed);
    else if (*typed == '-')
        offer_options(typed), offer(typed, "--list", "operations"),
            offer(typed, "--describe", "what one takes and answers");
    else if (id && strcmp(before, "--columns") != 0)
        offer_parameters(typed, id, words, count - 1);
    else if (!id)
        offer_operations(typed);
}

int cli_complete(int argc, char **argv) /* argv: "__complete", words, the last one being typed */
{
    if (argc < 2)
        return EXIT_OK;
    if (argc == 2)
        cli_commands(offer, argv[1]);
    else if (strcmp(argv[1], "api") == 0)
        complete_api(argv + 2, argc - 2);
    else if (strcmp(argv[1], "completion") == 0)
        offer(argv[2], "bash", ""), offer(argv[2], "zsh", ""), offer(argv[2], "fish", "");
    else
        shortcut_complete(argc - 1, argv + 1, offer);
    return EXIT_OK;
}
