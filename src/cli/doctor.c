/* SPDX-License-Identifier: MIT */
/* irisx doctor: whether calls will work from here, and what to do if not (irisx/preflight.h). */
#include <stdlib.h>
#include <string.h>

#include "cli/sheet.h"

#define WAIT_MS 20000

struct doctor_args {
    const char *ws, *realm, *user, *auth_user, *password_file, *echo;
    bool no_call;
};

static enum style style_of(const char *status)
{
    if (strcmp(status, "fail") == 0 || strcmp(status, "bad") == 0)
        return STYLE_RED;
    return strcmp(status, "skip") == 0 ? STYLE_DIM : STYLE_BOLD;
}

static const char *mark(const char *status)
{
    return strcmp(status, "ok") == 0     ? "✓"
           : strcmp(status, "fail") == 0 ? "✗"
           : strcmp(status, "warn") == 0 ? "!"
                                         : "-";
}

/* a member's text, in a style; control characters, which others may have put there, are shown as "?" */
static void put(const irisx_value_t *object, const char *name, enum style style)
{
    (void) fputs(text_style(stdout, style), stdout);
    for (const char *p = irisx_value_text(irisx_value_get(object, name), ""); *p; p++)
        (void) putchar((unsigned char) *p < 0x20 || *p == 0x7f ? '?' : *p);
    (void) fputs(text_style(stdout, STYLE_PLAIN), stdout);
}

/* what a check found, as people call it; no unit: a text */
static void print_details(const irisx_value_t *check)
{
    static const struct {
        const char *name, *label, *unit;
    } shown[] = {
        { "address", "at", NULL },
        { "connect_ms", "connected in", " ms" },
        { "tls_ms", "TLS", " ms" },
        { "certificate_until", "certificate until", NULL },
        { "certificate_for", "for", NULL },
        { "http_status", "HTTP", "" },
        { "sip_options", "SIP OPTIONS", NULL },
        { "public_address", "seen as", NULL },
        { "nat_mapping", "mapping", NULL },
        { "nat_filtering", "filtering", NULL },
        { "udp_loss_percent", "lost", " %" },
        { "relayed_address", "relay", NULL },
        { "error_code", "error", "" },
        { "setup_ms", "set up in", " ms" },
        { "loss_percent", "lost", " %" },
        { "jitter_ms", "jitter", " ms" },
        { "round_trip_ms", "round trip", " ms" },
        { "mos", "MOS", "" },
        { "codec", "codec", NULL },
        { "off_s", "off by", " s" },
        { "message", "", NULL },
    };

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const irisx_value_t *v = irisx_value_get(check, shown[i].name);

        if (!v)
            continue;
        (void) printf("  %s%s%s ", text_style(stdout, STYLE_DIM), shown[i].label, text_style(stdout, STYLE_PLAIN));
        if (shown[i].unit)
            (void) printf("%g%s", irisx_value_num(v, 0), shown[i].unit);
        else
            put(check, shown[i].name, STYLE_PLAIN);
    }
}

static void print_check(const irisx_value_t *check)
{
    const char *status = irisx_value_text(irisx_value_get(check, "status"), "");

    (void) printf("  %s%s%s %-13s ", text_style(stdout, style_of(status)), mark(status),
        text_style(stdout, STYLE_PLAIN), irisx_value_text(irisx_value_get(check, "check"), ""));
    put(check, "target", STYLE_BOLD);
    print_details(check);
    (void) putchar('\n');
}

static void print_reason(const irisx_value_t *reason)
{
    const char *severity = irisx_value_text(irisx_value_get(reason, "severity"), "");

    (void) printf(
        "\n  %s%s%s ", text_style(stdout, style_of(severity)), mark(severity), text_style(stdout, STYLE_PLAIN));
    put(reason, "code", style_of(severity));
    (void) fputs("  ", stdout);
    put(reason, "about", STYLE_DIM);
    (void) fputs("\n    ", stdout);
    put(reason, "text", STYLE_PLAIN);
    (void) fputs("\n    → ", stdout);
    put(reason, "fix", STYLE_PLAIN);
    (void) putchar('\n');
}

static void print_report(const irisx_value_t *report)
{
    static const char *const words[] = { "nothing is known", "calls work", "calls work, with drawbacks",
        "calls do not work" };
    const irisx_value_t *checks = irisx_value_get(report, "checks"), *reasons = irisx_value_get(report, "reasons");

    for (size_t i = 0; i < irisx_value_count(checks); i++)
        print_check(irisx_value_at(checks, i));
    for (size_t i = 0; i < irisx_value_count(reasons); i++)
        print_reason(irisx_value_at(reasons, i));
    (void) putchar('\n');
    put(report, "verdict", style_of(irisx_value_text(irisx_value_get(report, "verdict"), "")));
    (void) printf(": %s (%.1f s)\n", words[irisx_preflight_verdict(report)],
        irisx_value_num(irisx_value_get(report, "duration_ms"), 0) / 1000);
}

static int examine(const struct cli_common *common, irisx_client_t *client, const irisx_preflight_options_t *o)
{
    irisx_op_t *op = NULL;
    irisx_error_t err = irisx_preflight_start(client, o, &op);
    int code = EXIT_OK;

    if (err)
        return cli_fail_code(common, err, "looking at the network",
            err == IRISX_E_INVALID ? "nothing to look at: give --ws, --api-url or --ice-servers-file, in valid form"
                                   : NULL);
    cli_say(common, "looking at the network, 15 s at most");
    err = cli_await(client, op, WAIT_MS, NULL, NULL);
    if (err) {
        code = cli_interrupted() ? EXIT_INTERRUPTED : cli_fail_code(common, err, "looking at the network", NULL);
    } else {
        if (common->json)
            (void) cli_print_value(irisx_op_value(op));
        else
            print_report(irisx_op_value(op));
        code = irisx_preflight_verdict(irisx_op_value(op)) == IRISX_PREFLIGHT_BAD ? EXIT_FAILED : EXIT_OK;
    }
    irisx_op_unref(op);
    return code;
}

static int run(const struct cli_common *common, const struct doctor_args *a)
{
    irisx_preflight_options_t o = IRISX_PREFLIGHT_OPTIONS_INIT;
    irisx_client_t *client = NULL;
    char *password = NULL;
    irisx_error_t err;
    int code;

    if (a->password_file && !(password = cli_read_secret(a->password_file)))
        return cli_fail_code(common, IRISX_E_NOT_FOUND, "reading the password", "the password file cannot be read");
    err = cli_client(common, &client);
    if (err) {
        cli_wipe(password);
        return cli_no_client(common, err);
    }
    o.ws_url = a->ws, o.user = a->user, o.realm = a->realm, o.auth_user = a->auth_user, o.password = password;
    o.ca_file = common->ca_file, o.echo = a->echo, o.no_call = a->no_call;
    o.provisioned = common->api_url && cli_has_token(client, common->api_url);
    code = examine(common, client, &o);
    cli_wipe(password);
    return cli_close(client, code);
}

int cmd_doctor(int argc, char **argv)
{
    struct cli_common common;
    struct doctor_args a = { 0 };
    const struct cli_option options[] = {
        { .name = "ws", .argument = "URL", .help = "SIP over WebSocket: wss://host:7443/ws", .text = &a.ws },
        { .name = "realm", .argument = "NAME", .help = "domain of the address (host of the URL)", .text = &a.realm },
        { .name = "user", .argument = "USER", .help = "registers, and calls the echo", .text = &a.user },
        { .name = "auth-user", .argument = "USER", .help = "name for the password, if another", .text = &a.auth_user },
        { .name = "password-file",
            .argument = "FILE",
            .help = "first line is the password; - standard input",
            .text = &a.password_file },
        { .name = "echo", .argument = "NUMBER", .help = "number of an echo (9196)", .text = &a.echo },
        { .name = "no-call", .help = "no echo call", .flag = &a.no_call },
    };
    const struct cli_command command = { .name = "doctor",
        .arguments = "",
        .summary =
            "whether calls will work from here: names, TLS, WebSocket, registration, UDP, NAT, relays, an echo call",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .more = "STUN and TURN servers are those of --ice-servers-file. Exit code 0: calls work; 1: they do not.\n" };
    const char *positional[1];
    size_t count;
    int code = cli_parse(&command, &common, argc, argv, positional, 0, &count);

    if (code < 0)
        code = run(&common, &a);
    cli_common_clear(&common);
    return code;
}
