/* SPDX-License-Identifier: MIT */
/*
 * irisx recordings get CALL_SID: the call's recording_url, wherever it points, else the documented route. Another
 * server than the platform gets no credentials.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/rest.h"

#define WAIT_MS 1e12 /* operations have deadlines of their own */

struct wanted {
    const struct cli_common *common;
    const struct rest_options *options;
    const char *sid;
    char file[160];
};

static void progress_off(void)
{
    rest_progress(0, 0, 0, 0, NULL);
}

static irisx_error_t wait_for(irisx_client_t *client, irisx_error_t err, irisx_op_t *op)
{
    return err ? err : cli_await(client, op, WAIT_MS, NULL, NULL);
}

static int told(const struct wanted *w, irisx_error_t err, irisx_op_t *op, const char *doing)
{
    if (op && irisx_op_done(op))
        return cli_fail(w->common, irisx_op_error(op), doing);
    return cli_interrupted() ? EXIT_INTERRUPTED : cli_fail_code(w->common, err, doing, NULL);
}

static int saved(const struct wanted *w)
{
    irisx_value_t *v;

    if (!w->common->json) {
        cli_line(stdout, "%s", w->file);
        return EXIT_OK;
    }
    v = irisx_value_new_object();
    if (v) {
        (void) irisx_value_set_text(v, "sid", w->sid); /* what finds no memory is missing in the line */
        (void) irisx_value_set_text(v, "saved", w->file);
        (void) cli_print_value(v);
    }
    irisx_value_free(v);
    return EXIT_OK;
}

static irisx_api_options_t options_of(const struct wanted *w)
{
    irisx_api_options_t o = IRISX_API_OPTIONS_INIT;
    double seconds = 0;

    if (w->options->timeout)
        (void) cli_number(w->options->timeout, 0.001, 86400, &seconds);
    if (w->options->timeout)
        o.timeout_ms = (uint32_t) (seconds * 1000);
    else
        rest_patience(&o);
    o.save_as = w->file;
    o.resume = w->options->resume;
    o.accept = "audio/*, application/octet-stream";
    o.on_progress = w->common->quiet || !isatty(STDERR_FILENO) ? NULL : rest_progress;
    return o;
}

static int fetch_path(const struct wanted *w, irisx_client_t *client, const char *path)
{
    irisx_api_options_t o = options_of(w);
    irisx_op_t *op = NULL;
    irisx_error_t err = irisx_api_request(client, "GET", path, NULL, &o, &op);
    int code;

    err = wait_for(client, err, op);
    progress_off();
    code = err ? told(w, err, op, "fetching the recording") : saved(w);
    irisx_op_unref(op);
    return code;
}

/* Bytes of "scheme://host:port" at the front of an absolute URL; 0: it is none */
static size_t origin_len(const char *url)
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;

    return scheme ? scheme + strcspn(url + scheme, "/?#") : 0;
}

static int fetch_elsewhere(const struct wanted *w, const char *url, size_t origin)
{
    struct cli_common bare = *w->common;
    irisx_client_t *client = NULL;
    char *base = strndup(url, origin);
    int code;

    if (!base)
        return cli_usage("out of memory");
    bare.api_url = base;
    bare.api_key = bare.access_token = bare.refresh_token = bare.admin_token = NULL;
    bare.credential_command = NULL;
    if (cli_client(&bare, &client))
        code = cli_fail_code(
            w->common, IRISX_E_PROTOCOL, "fetching the recording", "the platform gave an address that is no URL");
    else
        code = fetch_path(w, client, url[origin] == '/' ? url + origin : "/");
    free(base);
    return cli_close(client, code);
}

static int fetch_url(const struct wanted *w, irisx_client_t *client, const char *url)
{
    size_t theirs = origin_len(url), ours = origin_len(w->common->api_url);

    if (*url == '/')
        return fetch_path(w, client, url);
    if (!theirs)
        return cli_fail_code(
            w->common, IRISX_E_PROTOCOL, "fetching the recording", "the platform gave an address that is no URL");
    if (theirs == ours && strncmp(url, w->common->api_url, ours) == 0)
        return fetch_path(w, client, url + ours);
    return fetch_elsewhere(w, url, theirs);
}

/* documented, on no platform seen: its refusal says what is true */
static int fetch_documented(const struct wanted *w, irisx_client_t *client)
{
    irisx_api_options_t o = options_of(w);
    irisx_value_t *params = irisx_value_new_object();
    irisx_op_t *op = NULL;
    irisx_error_t err = params ? irisx_value_set_text(params, "id", w->sid) : IRISX_E_NO_MEMORY;
    int code;

    if (!err)
        err = irisx_api_call(client, "recordings.get", params, &o, &op);
    err = wait_for(client, err, op);
    progress_off();
    code = err ? told(w, err, op, "the call has no recording_url; recordings.get") : saved(w);
    irisx_value_free(params);
    irisx_op_unref(op);
    return code;
}

static int fetch(const struct wanted *w)
{
    irisx_client_t *client = NULL;
    irisx_value_t *params = irisx_value_new_object();
    irisx_op_t *op = NULL;
    irisx_error_t err = cli_client(w->common, &client);
    const char *url;
    int code;

    if (err) {
        irisx_value_free(params);
        return cli_no_client(w->common, err);
    }
    err = params ? irisx_value_set_text(params, "sid", w->sid) : IRISX_E_NO_MEMORY;
    if (!err)
        err = irisx_api_call(client, "calls.get", params, NULL, &op);
    err = wait_for(client, err, op);
    url = err ? NULL : irisx_value_get_text(irisx_op_value(op), "recording_url", NULL);
    if (err)
        code = told(w, err, op, "asking for the call");
    else
        code = url && *url ? fetch_url(w, client, url) : fetch_documented(w, client);
    irisx_value_free(params);
    irisx_op_unref(op);
    return cli_close(client, code);
}

static int name_file(struct wanted *w)
{
    if (w->options->output)
        return snprintf(w->file, sizeof w->file, "%s", w->options->output) < (int) sizeof w->file
                   ? EXIT_OK
                   : cli_usage("--output: too long");
    for (const char *p = w->sid; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *p))
            return cli_usage("\"%s\" is no sid of a call", w->sid);
    (void) snprintf(w->file, sizeof w->file, "%.100s.wav", w->sid);
    return EXIT_OK;
}

int recording_get(int argc, char **argv)
{
    struct rest_options o = { 0 };
    const struct cli_option options[] = { { "output", "FILE", "default: SID.wav", &o.output, NULL, NULL, 'o' },
        { "resume", NULL, "go on where an interrupted download ended", NULL, &o.resume, NULL, 0 },
        { "timeout", "SECONDS", "for the whole download (default: 30 without a byte)", &o.timeout, NULL, NULL, 0 } };
    const struct cli_command command = { .name = "recordings get",
        .arguments = "CALL_SID",
        .summary = "Saves the recording of a call: from its recording_url, else by the documented route.",
        .options = options,
        .option_count = 3,
        .rest = true };
    struct cli_common c;
    struct wanted w = { .common = &c, .options = &o };
    size_t count;
    double seconds;
    int code = cli_parse(&command, &c, argc, argv, &w.sid, 1, &count);

    if (code < 0) {
        if (!count)
            code = cli_usage("recordings get needs the sid of a call");
        else if (o.timeout && !cli_number(o.timeout, 0.001, 86400, &seconds))
            code = cli_usage("--timeout is a number of seconds");
        else if (!c.api_url)
            code = cli_no_platform();
        else
            code = name_file(&w);
        if (!code)
            code = fetch(&w);
    }
    cli_common_clear(&c);
    return code;
}
