/* SPDX-License-Identifier: MIT */
/* irisx sms send|get; list is a shortcut (shortcut.c). Sending is the operation sms.send under handier names. */
#include <stdlib.h>
#include <string.h>

#include "cli/rest.h"

#define REST_MS 60000

/* ---- send -------------------------------------------------------------------------------- */
static int print_sent(const irisx_value_t *answer)
{
    const irisx_value_t *sms = irisx_value_get(answer, "sms");

    if (irisx_value_get_bool(sms, "blocked", 0))
        cli_line(stdout, "not sent: %s", irisx_value_get_text(sms, "reason", "the number wants no messages"));
    else
        cli_line(stdout, "%s  %s  %s -> %s", irisx_value_get_text(sms, "sid", "-"),
            irisx_value_get_text(sms, "status", "-"), irisx_value_get_text(sms, "from", "-"),
            irisx_value_get_text(sms, "to", "-"));
    return EXIT_OK;
}

static int send_it(struct rest_call *call, const char *from, const char *to, const char *text)
{
    const char *const pairs[3][2] = { { "from", from }, { "to", to }, { "message", text } };
    int code = EXIT_OK;

    call->operation = contract_describe(call->id);
    call->params.operation = call->operation;
    call->params.object = irisx_value_new_object();
    for (int i = 0; !code && i < 3; i++)
        if (!call->params.object || irisx_value_set_text(call->params.object, pairs[i][0], pairs[i][1]))
            code = cli_usage("--%s: not UTF-8", i == 2 ? "text" : pairs[i][0]);
    if (!code)
        return rest_run(call);
    rest_clear(call);
    return code;
}

static const char send_more[] = "\nexamples:\n"
                                "  irisx sms send --from +12025550101 --to +12025550199 'See you at 5'\n"
                                "  irisx sms send --from +12025550101 --to +12025550199 --text @message.txt\n"
                                "\nEverything that can be said with it: irisx api --describe sms.send\n";

static int sms_send(int argc, char **argv)
{
    struct rest_options o = { 0 };
    const char *from = NULL, *to = NULL, *text = NULL, *words[1];
    const struct cli_option options[] = {
        { .name = "from", .argument = "NUMBER", .help = "one of your numbers", .text = &from },
        { .name = "to", .argument = "NUMBER", .help = "receiver", .text = &to },
        { .name = "text",
            .argument = "TEXT",
            .help = "what it says, or as a word; @FILE, @- standard input",
            .text = &text },
        { .name = "dry-run", .help = "show the request, without secrets; send nothing", .flag = &o.dry_run },
        { .name = "timeout", .argument = "SECONDS", .help = "for all tries (default 30)", .text = &o.timeout },
        { .name = "idempotency-key", .argument = "KEY", .help = "instead of one made up", .text = &o.key },
    };
    const struct cli_command command = { .name = "sms send",
        .arguments = "[TEXT]",
        .summary = "Sends one message. Never sends it twice.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .more = send_more,
        .rest = true };
    struct cli_common c;
    struct rest_call call = { .common = &c, .options = &o, .id = "sms.send", .people = print_sent };
    char *content = NULL;
    size_t count, n;
    int code = cli_parse(&command, &c, argc, argv, words, 1, &count);

    if (code < 0) {
        text = count ? words[0] : text;
        if (!from || !to || !text)
            code = cli_usage("sms send needs %s; irisx sms send --help", !from ? "--from, one of your numbers"
                                                                         : !to ? "--to, the receiver's number"
                                                                               : "a text");
        else if (!(content = params_text("text", text, &n)))
            code = cli_interrupted() ? EXIT_INTERRUPTED : EXIT_USAGE;
        else
            code = send_it(&call, from, to, content);
    }
    free(content);
    cli_common_clear(&c);
    return code;
}

/* ---- get --------------------------------------------------------------------------------- */
static int finish(
    const struct cli_common *c, irisx_client_t *client, irisx_error_t err, irisx_op_t *op, const char *doing)
{
    int code;

    if (!err)
        err = cli_await(client, op, REST_MS, NULL, NULL);
    if (op && irisx_op_done(op) && err)
        code = cli_fail(c, irisx_op_error(op), doing);
    else if (err)
        code = cli_interrupted()
                   ? EXIT_INTERRUPTED
                   : cli_fail_code(c, err, doing,
                         err == IRISX_E_STATE ? "no platform: give --api-url or log in (irisx login)" : NULL);
    else if (!irisx_op_value(op))
        code = cli_fail_code(c, IRISX_E_PROTOCOL, doing, "the platform's answer is empty");
    else if (c->json)
        code = cli_print_value(irisx_op_value(op));
    else {
        card_print(stdout, irisx_value_get(irisx_op_value(op), "message"), terminal_width(stdout));
        code = EXIT_OK;
    }
    irisx_op_unref(op);
    return cli_close(client, code);
}

static int begin(const struct cli_common *c, irisx_client_t **client)
{
    irisx_error_t err;

    if (!c->api_url)
        return cli_no_platform();
    err = cli_client(c, client);
    return err ? cli_no_client(c, err) : EXIT_OK;
}

static int sms_get(int argc, char **argv)
{
    const char *words[1];
    const struct cli_command command = { "sms get", "ID", "Shows one message, by its number or its SM… sid.", NULL, 0,
        .rest = true };
    struct cli_common c;
    irisx_client_t *client = NULL;
    irisx_op_t *op = NULL;
    size_t count;
    int code = cli_parse(&command, &c, argc, argv, words, 1, &count);

    if (code < 0) {
        code = count ? begin(&c, &client) : cli_usage("sms get needs an id");
        if (!code) {
            irisx_error_t err = irisx_sms_get(client, words[0], &op);

            code = finish(&c, client, err, op, "asking for the message");
        }
    }
    cli_common_clear(&c);
    return code;
}

int cmd_sms(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "send") == 0)
        return sms_send(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "get") == 0)
        return sms_get(argc - 1, argv + 1);
    return shortcut_run("sms", argc - 1, argv + 1);
}
