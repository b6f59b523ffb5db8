/* SPDX-License-Identifier: MIT */
/*
 * Daily operations under short names: irisx calls list --status completed. Each is an operation of the contract; its
 * parameters become options, those of the path words.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/rest.h"

#define PARAMS_MAX 64
#define NAME_MAX_LEN 48

struct shortcut {
    const char *noun, *verb, *id;
    const char *columns; /* of its table for people */
    const char *summary;
    int (*run)(int argc, char **argv); /* NULL: the operation as it is */
};

#define SMS_COLUMNS "message_sid,status,from_number,to_number,created_at,body"
static const struct shortcut shortcuts[] = {
    { "calls", "list", "calls.list", "sid,status,direction,from,to,duration,initiated_at", "calls, newest first",
        NULL },
    { "calls", "get", "calls.get", NULL, "one call", NULL },
    { "calls", "create", "calls.create", NULL, "let the platform place a call", NULL },
    { "calls", "hangup", "calls.hangup", NULL, "end a call", NULL },
    { "contacts", "list", "contacts.list", "id,first_name,last_name,phone,email,company,status", "the contact book",
        NULL },
    { "contacts", "get", "contacts.get", NULL, "one contact", NULL },
    { "contacts", "create", "contacts.create", NULL, "add a contact", NULL },
    { "contacts", "update", "contacts.update", NULL, "change a contact", NULL },
    { "contacts", "delete", "contacts.delete", NULL, "remove a contact", NULL },
    { "messages", "list", "messages.list", "id,status,direction,from_number,to_number,created_at,body",
        "messages of all channels, newest first", NULL },
    { "messages", "get", "messages.get", NULL, "one message", NULL },
    { "messages", "send", "messages.create", NULL, "send a message", NULL },
    { "numbers", "list", "phone_numbers.list",
        "id,phone_number,friendly_name,status,country_code,sms_enabled,voice_enabled,mms_enabled",
        "telephone numbers of the tenant", NULL },
    { "numbers", "get", "phone_numbers.get", NULL, "one telephone number", NULL },
    { "recordings", "get", NULL, NULL, "the recording of a call, into a file", recording_get },
    { "sms", "list", "sms.list", SMS_COLUMNS, "text messages, newest first", NULL },
    { "sms", "send", NULL, NULL, "send one message; never twice", NULL },
    { "sms", "get", NULL, NULL, "one message, by its number or its SM… sid", NULL },
};
#define COUNT (sizeof shortcuts / sizeof *shortcuts)

static const struct shortcut *find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(shortcuts[i].noun, noun) == 0 && strcmp(shortcuts[i].verb, verb) == 0)
            return &shortcuts[i];
    return NULL;
}

/* ---- options from parameters ------------------------------------------------------------- */
struct option_set {
    struct cli_option options[REST_OPTIONS_MAX + PARAMS_MAX];
    char names[PARAMS_MAX][NAME_MAX_LEN], helps[PARAMS_MAX][160];
    const irisx_value_t *fields[PARAMS_MAX];
    const char *texts[PARAMS_MAX];
    bool flags[PARAMS_MAX];
    struct cli_words lists[4];
    size_t count, params, lists_used; /* those of parameters first */
};

/* An option of all operations, or of a parameter before it */
static bool taken(const struct option_set *s, const char *name)
{
    struct rest_options o;
    struct cli_option all[REST_OPTIONS_MAX];
    size_t n = rest_options_table(&o, all);

    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->options[i].name, name) == 0)
            return true;
    return false;
}

static void describe_option(const irisx_value_t *field, char *out, size_t size)
{
    const irisx_value_t *values = irisx_value_get(field, "enum"), *fallback = irisx_value_get(field, "default");
    const char *text = irisx_value_get_text(field, "description", "");
    char *json = fallback ? irisx_value_to_text(fallback) : NULL;
    size_t n = (size_t) snprintf(out, size, "%s%s", irisx_value_get_bool(field, "required", 0) ? "required" : "",
        *text && irisx_value_get_bool(field, "required", 0) ? "; " : "");

    if (n < size)
        n += (size_t) snprintf(out + n, size - n, "%s", text);
    for (size_t i = 0; i < irisx_value_count(values) && n < size; i++)
        n += (size_t) snprintf(out + n, size - n, "%s%s",
            i   ? " | "
            : n ? "; "
                : "",
            irisx_value_text(irisx_value_at(values, i), ""));
    if (json && n < size)
        (void) snprintf(out + n, size - n, "%sdefault %s", n ? "; " : "", json);
    irisx_text_free(json);
}

static void add_option(struct option_set *s, const irisx_value_t *field)
{
    const char *type = irisx_value_get_text(field, "type", ""), *name = irisx_value_get_text(field, "name", "");
    size_t i = s->params;
    struct cli_option *o = &s->options[s->count];
    bool flag = strcmp(type, "boolean") == 0, list = strcmp(type, "array") == 0;

    if (i == PARAMS_MAX || strlen(name) >= NAME_MAX_LEN || strcmp(irisx_value_get_text(field, "in", ""), "path") == 0)
        return; /* NAME=VALUE does for it */
    for (size_t k = 0; k <= strlen(name); k++)
        s->names[i][k] = (char) (name[k] == '_' ? '-' : name[k]);
    if (taken(s, s->names[i]) || (list && s->lists_used == sizeof s->lists / sizeof *s->lists))
        return;
    describe_option(field, s->helps[i], sizeof s->helps[i]);
    *o = (struct cli_option){ .name = s->names[i],
        .argument = flag                           ? NULL
                    : strcmp(type, "integer") == 0 ? "N"
                                                   : "VALUE",
        .help = s->helps[i] };
    if (flag)
        o->flag = &s->flags[i];
    else if (list)
        o->words = &s->lists[s->lists_used++];
    else
        o->text = &s->texts[i];
    s->fields[i] = field;
    s->params++;
    s->count++;
}

static int set_one(struct params *p, const irisx_value_t *field, const char *value, bool list)
{
    char *text = NULL;
    int code;

    if (asprintf(&text, "%s%s=%s", irisx_value_get_text(field, "name", ""), list ? "[]" : "", value) < 0)
        return cli_usage("out of memory");
    code = params_add(p, text);
    free(text);
    return code;
}

static int set_params(const struct option_set *s, struct params *p)
{
    int code = EXIT_OK;

    for (size_t i = 0; !code && i < s->params; i++) {
        const struct cli_option *o = &s->options[i];

        if (s->flags[i])
            code = set_one(p, s->fields[i], "true", false);
        else if (s->texts[i])
            code = set_one(p, s->fields[i], s->texts[i], false);
        for (size_t k = 0; !code && o->words && k < o->words->count; k++)
            code = set_one(p, s->fields[i], o->words->items[k], true);
    }
    return code;
}

static void path_words(const irisx_value_t *operation, char *out, size_t size)
{
    const irisx_value_t *all = irisx_value_get(operation, "parameters");
    size_t n = 0;

    *out = 0;
    for (size_t i = 0; i < irisx_value_count(all); i++) {
        const irisx_value_t *f = irisx_value_at(all, i);

        if (strcmp(irisx_value_get_text(f, "in", ""), "path") != 0 || n >= size)
            continue;
        n += (size_t) snprintf(out + n, size - n, "%s%s", n ? " " : "", irisx_value_get_text(f, "name", ""));
    }
    for (; *out; out++)
        *out = (char) (*out >= 'a' && *out <= 'z' ? *out - 'a' + 'A' : *out);
}

/* ---- running ----------------------------------------------------------------------------- */
static int run_call(struct rest_call *call, const struct option_set *s, const char *const *words, size_t count)
{
    int code = rest_read_params(call);

    if (!code)
        code = set_params(s, &call->params);
    for (size_t i = 0; !code && i < count; i++)
        code = strchr(words[i], '=') ? params_add(&call->params, words[i]) : params_word(&call->params, words[i]);
    if (!code)
        return rest_run(call);
    rest_clear(call);
    return code;
}

static int run(const struct shortcut *k, int argc, char **argv)
{
    struct rest_options o = { 0 };
    struct option_set *s = calloc(1, sizeof *s);
    char name[64], arguments[128];
    struct cli_command command = { .name = name, .arguments = arguments, .summary = "", .rest = true };
    struct cli_common c;
    struct rest_call call = {
        .common = &c, .options = &o, .id = k->id, .columns = k->columns, .operation = contract_describe(k->id)
    };
    const irisx_value_t *fields = irisx_value_get(call.operation, "parameters");
    const char *words[CLI_WORDS_MAX];
    size_t count;
    int code;

    if (!s || !call.operation) {
        free(s);
        return cli_usage("this build of the library was made without %s", k->id);
    }
    for (size_t i = 0; i < irisx_value_count(fields); i++)
        add_option(s, irisx_value_at(fields, i));
    s->count += rest_options_table(&o, s->options + s->count);
    (void) snprintf(name, sizeof name, "%s %s", k->noun, k->verb);
    path_words(call.operation, arguments, sizeof arguments);
    command.summary = irisx_value_get_text(call.operation, "summary", "");
    command.options = s->options;
    command.option_count = s->count;
    code = cli_parse(&command, &c, argc, argv, words, CLI_WORDS_MAX, &count);
    if (code < 0)
        code = run_call(&call, s, words, count);
    else
        rest_clear(&call);
    cli_common_clear(&c);
    free(s);
    return code;
}

static void help(FILE *to, const char *noun)
{
    (void) fprintf(to, "usage: irisx %s VERB [options]\n\n", noun);
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(shortcuts[i].noun, noun) == 0)
            (void) fprintf(to, "  %-10s %s\n", shortcuts[i].verb, shortcuts[i].summary);
    (void) fprintf(to, "\n  irisx %s VERB --help   its options\n  irisx api --list %s    everything else about them\n",
        noun, noun);
}

int shortcut_run(const char *noun, int argc, char **argv)
{
    const struct shortcut *k = argc ? find(noun, argv[0]) : NULL;
    struct suggest s;
    char text[128];

    if (argc && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        help(stdout, noun);
        return EXIT_OK;
    }
    if (!argc) {
        help(stderr, noun);
        return EXIT_USAGE;
    }
    if (k)
        return k->run ? k->run(argc, argv) : run(k, argc, argv);
    suggest_begin(&s, argv[0]);
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(shortcuts[i].noun, noun) == 0)
            suggest_offer(&s, shortcuts[i].verb);
    (void) suggest_text(&s, text, sizeof text);
    return cli_usage("no \"%s %s\"%s%s%s", noun, argv[0], text, *text ? "" : "; --help lists what there is", "");
}

int cmd_shortcut(int argc, char **argv)
{
    return shortcut_run(argv[0], argc - 1, argv + 1);
}

/* ---- completion -------------------------------------------------------------------------- */
/* The field of an option "--from-number"; NULL: it is of no parameter */
static const irisx_value_t *field_of(const irisx_value_t *operation, const char *option)
{
    const irisx_value_t *fields = irisx_value_get(operation, "parameters");

    for (size_t i = 0; strncmp(option, "--", 2) == 0 && i < irisx_value_count(fields); i++) {
        const irisx_value_t *f = irisx_value_at(fields, i);
        const char *a = option + 2, *b = irisx_value_get_text(f, "name", "");

        while (*a && (*a == *b || (*a == '-' && *b == '_')))
            a++, b++;
        if (!*a && !*b)
            return f;
    }
    return NULL;
}

void shortcut_complete(int argc, char **argv, void (*offer)(const char *typed, const char *word, const char *text))
{
    const struct shortcut *k = argc > 2 ? find(argv[0], argv[1]) : NULL;
    irisx_value_t *operation = k && k->id ? contract_describe(k->id) : NULL;
    const irisx_value_t *values = irisx_value_get(operation ? field_of(operation, argv[argc - 2]) : NULL, "enum");

    for (size_t i = 0; argc == 2 && i < COUNT; i++)
        if (strcmp(shortcuts[i].noun, argv[0]) == 0)
            offer(argv[1], shortcuts[i].verb, shortcuts[i].summary);
    for (size_t i = 0; i < irisx_value_count(values); i++)
        offer(argv[argc - 1], irisx_value_text(irisx_value_at(values, i), ""), "");
    irisx_value_free(operation);
}
