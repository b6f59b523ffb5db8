/* SPDX-License-Identifier: MIT */
/* irisx sms send|get; list is a shortcut (shortcut.c) */
#include <string.h>

#include "cli/rest.h"

#define REST_MS 60000

static int finish(const struct cli_common *c, irisx_client_t *client, irisx_error_t err, irisx_op_t *op,
    const char *doing, void (*print)(const irisx_value_t *value))
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
        print(irisx_op_value(op));
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

static void print_sent(const irisx_value_t *v)
{
    const irisx_value_t *sms = irisx_value_get(v, "sms");

    cli_line(stdout, "%s  %s  %s -> %s", irisx_value_get_text(sms, "sid", "-"),
        irisx_value_get_text(sms, "status", "-"), irisx_value_get_text(sms, "from", "-"),
        irisx_value_get_text(sms, "to", "-"));
}

static void print_row(const irisx_value_t *row)
{
    cli_line(stdout, "%-34s %-10s %-16s %-16s %s", irisx_value_get_text(row, "message_sid", "-"),
        irisx_value_get_text(row, "status", "-"), irisx_value_get_text(row, "from_number", "-"),
        irisx_value_get_text(row, "to_number", "-"), irisx_value_get_text(row, "body", ""));
}

static void print_one(const irisx_value_t *v)
{
    print_row(irisx_value_get(v, "message"));
}

static int sms_send(int argc, char **argv)
{
    const char *from = NULL, *to = NULL, *text = NULL, *words[1];
    const struct cli_option options[] = { { "from", "NUMBER", "one of your numbers", &from, NULL },
        { "to", "NUMBER", "receiver", &to, NULL }, { "text", "TEXT", "what it says (or as a word)", &text, NULL } };
    const struct cli_command command = { "sms send", "[TEXT]", "Sends one message. Never sends it twice.", options, 3,
        .rest = true };
    struct cli_common c;
    irisx_client_t *client = NULL;
    irisx_op_t *op = NULL;
    size_t count;
    int code = cli_parse(&command, &c, argc, argv, words, 1, &count);

    if (code < 0) {
        text = count ? words[0] : text;
        code = from && to && text ? begin(&c, &client) : cli_usage("sms send needs --from, --to and a text");
        if (!code) {
            irisx_error_t err = irisx_sms_send(client, from, to, text, &op);

            code = finish(&c, client, err, op, "sending", print_sent);
        }
    }
    cli_common_clear(&c);
    return code;
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

            code = finish(&c, client, err, op, "asking for the message", print_one);
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
