/* SPDX-License-Identifier: MIT */
/* irisx webhooks listen|verify */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define BODY_LIMIT (16 * 1024 * 1024)
#define MAX_SECRETS 8

static bool read_scheme(const char *text, irisx_webhook_scheme_t *out)
{
    *out = IRISX_WEBHOOK_TIMESTAMPED;
    if (!text || strcmp(text, "A") == 0 || strcmp(text, "timestamped") == 0)
        return true;
    if (strcmp(text, "B") == 0 || strcmp(text, "admin-test") == 0)
        *out = IRISX_WEBHOOK_ADMIN_TEST;
    else if (strcmp(text, "C") == 0 || strcmp(text, "documented") == 0)
        *out = IRISX_WEBHOOK_DOCUMENTED;
    else
        return false;
    return true;
}

/* one secret a line */
static size_t read_secrets(const char *path, char **text, const char **secrets)
{
    size_t n = 0, len, count = 0;

    *text = path ? cli_read_file(path, 65536, &len) : NULL;
    for (char *p = *text; p && *p && count < MAX_SECRETS; p += n) {
        n = strcspn(p, "\r\n");
        if (n)
            secrets[count++] = p;
        if (p[n])
            p[n++] = 0;
    }
    return count;
}

/* ---- verify ------------------------------------------------------------------------------ */
static int print_delivery(const struct cli_common *c, irisx_webhook_delivery_t *d)
{
    irisx_value_t *root;

    if (!c->json) {
        cli_line(stdout, "valid: %s %s", d->event, d->event_id);
        return EXIT_OK;
    }
    root = irisx_value_new_object();
    if (root) {
        (void) irisx_value_set_bool(root, "ok", 1); /* what finds no memory is missing in the line */
        (void) irisx_value_set_text(root, "event", d->event);
        (void) irisx_value_set_text(root, "event_id", d->event_id);
        (void) irisx_value_set_int(root, "timestamp_ms", d->timestamp_ms);
        (void) cli_print_value(root);
    }
    irisx_value_free(root);
    return EXIT_OK;
}

struct verify_args {
    const char *secrets, *headers, *body, *scheme, *window, *now;
};

static const char *advice(irisx_error_t err)
{
    if (err == IRISX_E_SIGNATURE)
        return "the signature does not match: is the secret right, the scheme, and the body unchanged?";
    if (err == IRISX_E_EXPIRED)
        return "the delivery is outside the time window: old, replayed, or a clock is wrong (--window, --now)";
    return NULL;
}

static int verify_run(const struct cli_common *c, const struct verify_args *a)
{
    irisx_webhook_check_t check = IRISX_WEBHOOK_CHECK_INIT;
    irisx_webhook_delivery_t d = { 0 };
    const char *secrets[MAX_SECRETS];
    size_t headers_len, body_len;
    double number, now = 0;
    char *text = NULL, *headers = NULL, *body = NULL;
    irisx_error_t err;
    int code;

    check.secrets = secrets;
    check.secrets_count = read_secrets(a->secrets, &text, secrets);
    headers = cli_read_file(a->headers, BODY_LIMIT, &headers_len);
    body = cli_read_file(a->body, BODY_LIMIT, &body_len);
    if (!check.secrets_count || !headers || !body)
        code = cli_fail_code(
            c, IRISX_E_NOT_FOUND, "reading the files", "the secret, header or body file cannot be read or is empty");
    else if (!read_scheme(a->scheme, &check.scheme))
        code = cli_usage("--scheme is A, B or C");
    else if ((a->window && !cli_number(a->window, 1, 1e9, &number)))
        code = cli_usage("--window is seconds");
    else if (a->now && !cli_number(a->now, 1, 1e12, &now))
        code = cli_usage("--now is Unix time in seconds");
    else {
        check.window_s = a->window ? (uint32_t) number : 0;
        check.now_ms = (int64_t) (now * 1000);
        err = irisx_webhook_verify(&check, headers, body, body_len, &d);
        code = err ? cli_fail_code(c, err, "verifying", advice(err)) : print_delivery(c, &d);
        irisx_webhook_delivery_clear(&d);
    }
    cli_wipe(text);
    free(headers);
    free(body);
    return code;
}

static int verify(int argc, char **argv)
{
    struct verify_args a = { 0 };
    const struct cli_option options[] = { { "secret-file", "FILE", "secrets, one a line: any may match", &a.secrets,
                                              NULL },
        { "headers-file", "FILE", "headers as they came, one a line", &a.headers, NULL },
        { "body-file", "FILE", "raw body, \"-\" for standard input", &a.body, NULL },
        { "scheme", "A|B|C", "how it is signed (default A: X-IRISX-Signature)", &a.scheme, NULL },
        { "window", "SECONDS", "accepted age, to both sides (default 300)", &a.window, NULL },
        { "now", "SECONDS", "Unix time to check against (default: the clock)", &a.now, NULL } };
    const struct cli_command command = { "webhooks verify", "", "Checks one delivery.", options,
        sizeof options / sizeof *options };
    struct cli_common c;
    size_t count;
    int code = cli_parse(&command, &c, argc, argv, NULL, 0, &count);

    if (code < 0)
        code = a.secrets && a.headers && a.body
                   ? verify_run(&c, &a)
                   : cli_usage("webhooks verify needs --secret-file, --headers-file and --body-file");
    cli_common_clear(&c);
    return code;
}

/* ---- listen ------------------------------------------------------------------------------ */
struct listen_args {
    const char *listen, *path, *secrets, *scheme, *window, *store, *count, *cert, *key;
    double wanted;
};

static void print_event(const struct cli_common *c, const irisx_event_t *ev)
{
    irisx_value_t *root;

    if (!c->json) {
        cli_line(stdout, "%s", irisx_event_describe(ev));
        (void) fflush(stdout); /* a reader that left ends us by SIGPIPE */
        return;
    }
    root = irisx_value_new_object();
    if (root) {
        bool good = irisx_event_kind(ev) == IRISX_EVENT_WEBHOOK;

        (void) irisx_value_set_text(
            root, "event", irisx_event_text(ev)); /* what finds no memory is missing in the line */
        (void) irisx_value_set_bool(root, "verified", good);
        if (good)
            (void) irisx_value_set_take(root, "body", irisx_value_dup(irisx_event_value(ev)));
        else
            (void) irisx_value_set_text(root, "error", irisx_error_name(irisx_event_error(ev)->code));
        (void) cli_print_value(root);
    }
    irisx_value_free(root);
}

static void print_listening(const struct cli_common *c, const irisx_receiver_t *r)
{
    cli_say(c, "listening on %s", irisx_receiver_url(r));
    if (c->json) {
        (void) printf("{\"listening\":\"%s\"}\n", irisx_receiver_url(r));
        (void) fflush(stdout); /* see print_event */
    }
}

static int serve(const struct cli_common *c, irisx_client_t *client, const struct listen_args *a)
{
    double left = a->count ? a->wanted : 1e18;

    while (left > 0) {
        irisx_event_t *ev = cli_next(client, cli_now_ms() + 3600000);

        if (!ev && cli_interrupted())
            return EXIT_INTERRUPTED;
        if (ev &&
            (irisx_event_kind(ev) == IRISX_EVENT_WEBHOOK || irisx_event_kind(ev) == IRISX_EVENT_WEBHOOK_REJECTED)) {
            print_event(c, ev);
            left -= irisx_event_kind(ev) == IRISX_EVENT_WEBHOOK;
        }
        irisx_event_unref(ev);
    }
    return EXIT_OK;
}

static int listen_run(const struct cli_common *c, const struct listen_args *a)
{
    irisx_receiver_options_t o = IRISX_RECEIVER_OPTIONS_INIT;
    const char *secrets[MAX_SECRETS];
    irisx_receiver_t *receiver = NULL;
    irisx_client_t *client = NULL;
    irisx_op_t *op = NULL;
    char *text = NULL;
    double window = 0;
    irisx_error_t err;
    int code = EXIT_OK;

    o.secrets = secrets;
    o.secrets_count = read_secrets(a->secrets, &text, secrets);
    if (!o.secrets_count || !read_scheme(a->scheme, &o.scheme) ||
        (a->window && !cli_number(a->window, 1, 1e9, &window))) {
        cli_wipe(text);
        return cli_usage(
            "webhooks listen needs --secret-file with a secret in it, --scheme A, B or C, --window seconds");
    }
    o.listen = a->listen;
    o.path = a->path;
    o.window_s = (uint32_t) window;
    o.store_file = a->store;
    o.tls_cert_file = a->cert;
    o.tls_key_file = a->key;
    err = cli_client(c, &client);
    if (!err)
        err = irisx_receiver_open(client, &o, &receiver, &op);
    cli_wipe(text);
    if (!err)
        err = cli_await(client, op, 30000, NULL, NULL);
    if (err && op && irisx_op_done(op))
        code = cli_fail(c, irisx_op_error(op), "listening");
    else if (err)
        code = cli_fail_code(c, err, "listening",
            err == IRISX_E_INVALID
                ? "--listen is HOST:PORT with a literal address; --tls-cert and --tls-key go together"
                : NULL);
    if (!code) {
        print_listening(c, receiver);
        code = serve(c, client, a);
    }
    irisx_op_unref(op);
    irisx_receiver_close(receiver);
    code = cli_close(client, code);
    irisx_receiver_unref(receiver);
    return code;
}

static int listen(int argc, char **argv)
{
    struct listen_args a = { 0 };
    const struct cli_option options[] = { { "listen", "HOST:PORT", "default 127.0.0.1 and a free port", &a.listen,
                                              NULL },
        { "path", "PATH", "accept only below it", &a.path, NULL },
        { "secret-file", "FILE", "secrets, one a line: any may match", &a.secrets, NULL },
        { "scheme", "A|B|C", "how deliveries are signed (default A)", &a.scheme, NULL },
        { "window", "SECONDS", "accepted age, to both sides (default 300)", &a.window, NULL },
        { "store", "FILE", "SQLite file of what was received (default: memory)", &a.store, NULL },
        { "count", "N", "end after N verified deliveries", &a.count, NULL },
        { "tls-cert", "FILE", "serve HTTPS with this certificate, PEM", &a.cert, NULL },
        { "tls-key", "FILE", "and this key", &a.key, NULL } };
    const struct cli_command command = { "webhooks listen", "",
        "Receives webhooks; prints each once it is verified and stored.", options, sizeof options / sizeof *options };
    struct cli_common c;
    size_t count;
    int code = cli_parse(&command, &c, argc, argv, NULL, 0, &count);

    if (code < 0) {
        if (a.count && !cli_number(a.count, 1, 1e15, &a.wanted))
            code = cli_usage("--count is a number from 1");
        else
            code = listen_run(&c, &a);
    }
    cli_common_clear(&c);
    return code;
}

int cmd_webhooks(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "listen") == 0)
        return listen(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "verify") == 0)
        return verify(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        (void) printf("usage: irisx webhooks listen|verify [options]; --help behind each tells more\n");
        return EXIT_OK;
    }
    return cli_usage("webhooks listen or webhooks verify");
}
