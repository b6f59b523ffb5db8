/* SPDX-License-Identifier: MIT */
/*
 * A client driven line by line, so that one process meets what a test prepares: several requests on one connection,
 * many at a time, files. usage: rest_driver URL [option=value ...]; commands on the standard input, each answered by a
 * line of JSON, an operation by {"code", "status", "message", "reason", "retry_after_ms", "repeated", "ms", "value"}.
 *   METHOD PATH [BODY]          par N METHOD PATH [BODY]       op ID [JSON]        cancel MS METHOD PATH
 *   save PATH FILE RESUME SHA   data PATH MAX                  upload PATH FILE    login EMAIL PASSWORD
 *   admin EMAIL PASSWORD        code DIGITS                    logout SESSION      tokens ACCESS REFRESH
 *   key KEY METHOD PATH         metrics                        text                wait MS
 *   cancelmany N MS METHOD PATH                                cancelsave MS PATH FILE
 */
#include <irisx/api.h>
#include <irisx/irisx.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LONG_MS 60000
#define MAX_PAR 1000

static irisx_client_t *client;
static irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
static irisx_rest_options_t r = IRISX_REST_OPTIONS_INIT;
static irisx_api_options_t call = IRISX_API_OPTIONS_INIT;
static char store[2][2][4096]; /* tokens by session: access, refresh */
static int saves;

static double now_ms(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static void die(const char *what)
{
    (void) fprintf(stderr, "rest_driver: %s\n", what);
    exit(2);
}

static void log_line(int32_t level, const char *area, const char *line, void *user_data)
{
    (void) level;
    (void) fprintf(user_data, "%s: %s\n", area, line);
}

static void load(irisx_token_slot_t *slot, int32_t session, void *user_data)
{
    (void) user_data;
    if (store[session][0][0])
        (void) irisx_token_slot_set(slot, store[session][0], store[session][1]);
}

static void save(int32_t session, const char *access_token, const char *refresh_token, void *user_data)
{
    (void) user_data;
    saves++;
    (void) snprintf(store[session][0], sizeof store[0][0], "%s", access_token ? access_token : "");
    (void) snprintf(store[session][1], sizeof store[0][1], "%s", refresh_token ? refresh_token : "");
}

/* ---- options ----------------------------------------------------------------------------- */
struct option {
    const char *name;
    void *at;
    char kind; /* t text, u uint32_t, i int32_t */
};

static void set(const char *word)
{
    const struct option all[] = { { "key", &o.api_key, 't' }, { "ca", &o.ca_file, 't' },
        { "timeout", &o.request_timeout_ms, 'u' }, { "zero", &o.zero_thread, 'i' },
        { "fallback", &r.fallback_urls, 't' }, { "health", &r.health_path, 't' }, { "proxy", &r.proxy, 't' },
        { "no_proxy", &r.no_proxy, 't' }, { "env", &r.proxy_from_environment, 'i' },
        { "cert", &r.client_cert_file, 't' }, { "cert_key", &r.client_key_file, 't' }, { "pin", &r.pinned_keys, 't' },
        { "connections", &r.max_connections, 'u' }, { "connect", &r.connect_timeout_ms, 'u' },
        { "tls", &r.tls_timeout_ms, 'u' }, { "answer", &r.answer_timeout_ms, 'u' }, { "idle", &r.idle_timeout_ms, 'u' },
        { "idempotency", &r.idempotency, 'i' }, { "tries", &r.max_tries, 'u' }, { "base", &r.retry_base_ms, 'u' },
        { "cap", &r.retry_cap_ms, 'u' }, { "budget", &r.retry_budget, 'u' }, { "resolve", &r.resolve_timeout_ms, 'u' },
        { "no_pacing", &r.no_pacing, 'i' }, { "limits", &r.rate_limits, 't' }, { "bodies", &r.log_bodies, 'i' },
        { "phones", &r.redact_phone_numbers, 'i' } };
    const char *value = strchr(word, '=');

    if (!value)
        die(word);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strlen(all[i].name) != (size_t) (value - word) || strncmp(all[i].name, word, strlen(all[i].name)) != 0)
            continue;
        if (all[i].kind == 't')
            *(const char **) all[i].at = value + 1;
        else
            *(uint32_t *) all[i].at = (uint32_t) strtoul(value + 1, NULL, 10);
        return;
    }
    if (strncmp(word, "store=", 6) == 0) {
        r.load_tokens = load;
        r.save_tokens = save;
        (void) sscanf(value + 1, "%4095[^,],%4095s", store[0][0], store[0][1]);
    } else if (strncmp(word, "log=", 4) == 0) {
        o.log = log_line;
        o.log_level = IRISX_LOG_TRACE;
        o.log_user_data = fopen(value + 1, "we");
    } else {
        die(word);
    }
}

/* ---- answers ----------------------------------------------------------------------------- */
static void put(irisx_value_t *v, const char *name, const char *text)
{
    (void) irisx_value_set_text(v, name, text ? text : "");
}

static void tell(irisx_value_t *v)
{
    char *text = irisx_value_to_text(v);

    (void) printf("%s\n", text);
    (void) fflush(stdout);
    irisx_text_free(text);
    irisx_value_free(v);
}

/* op by address: it is there once err is */
static irisx_value_t *outcome(irisx_error_t err, irisx_op_t *const *at, double from)
{
    irisx_op_t *op = at ? *at : NULL;
    irisx_value_t *v = irisx_value_new_object();
    const irisx_error_info_t *e;

    if (!err && op)
        err = irisx_op_wait(op, LONG_MS);
    e = op ? irisx_op_error(op) : NULL;
    put(v, "code", err ? irisx_error_name(err) : "OK");
    put(v, "message", e ? e->message : "");
    put(v, "reason", e ? e->reason : "");
    (void) irisx_value_set_int(v, "status", e ? e->status : 0);
    (void) irisx_value_set_int(v, "retryable", e ? e->retryable : 0);
    (void) irisx_value_set_int(v, "retry_after_ms", e ? (int64_t) e->retry_after_ms : 0);
    (void) irisx_value_set_int(v, "repeated", irisx_op_repeated(op));
    (void) irisx_value_set_int(v, "ms", (int64_t) (now_ms() - from));
    if (op && irisx_op_value(op)) {
        char *text = irisx_value_to_text(irisx_op_value(op));

        put(v, "value", text && strlen(text) < 20000 ? text : "...");
        irisx_text_free(text);
    }
    irisx_op_unref(op);
    return v;
}

static void done(irisx_error_t err, irisx_op_t *const *op, double from)
{
    tell(outcome(err, op, from));
}

/* ---- commands ---------------------------------------------------------------------------- */
static irisx_error_t request(const char *line, irisx_op_t **op)
{
    char method[16] = "", path[2048] = "";
    int at = 0;
    irisx_value_t *body = NULL;
    irisx_error_t err;

    if (sscanf(line, "%15s %2047s %n", method, path, &at) < 2)
        die(line);
    if (line[at] && irisx_value_parse(line + at, strlen(line + at), &body, NULL))
        die("not JSON");
    err = irisx_api_request(client, method, path, body, &call, op);
    irisx_value_free(body);
    return err;
}

static void parallel(const char *line)
{
    static irisx_op_t *ops[MAX_PAR];
    unsigned n = 0, codes = 0;
    int at = 0;
    double from = now_ms();
    irisx_value_t *v = irisx_value_new_object();

    if (sscanf(line, "%u %n", &n, &at) < 1 || n > MAX_PAR)
        die(line);
    for (unsigned i = 0; i < n; i++)
        if (request(line + at, &ops[i]))
            die("not accepted");
    for (unsigned i = 0; i < n; i++) {
        irisx_error_t err = irisx_op_wait(ops[i], LONG_MS);
        const char *name = err ? irisx_error_name(err) : "OK";

        (void) irisx_value_set_int(v, name, irisx_value_get_int(v, name, 0) + 1);
        codes += err != IRISX_OK;
        irisx_op_unref(ops[i]);
    }
    (void) irisx_value_set_int(v, "failed", codes);
    (void) irisx_value_set_int(v, "ms", (int64_t) (now_ms() - from));
    tell(v);
}

struct taken {
    uint64_t bytes, max, told, last;
};

static int32_t on_data(const void *data, size_t len, void *user_data)
{
    struct taken *t = user_data;

    (void) data;
    t->bytes += len;
    return t->max && t->bytes > t->max;
}

static void on_progress(uint64_t sent, uint64_t send_total, uint64_t received, uint64_t receive_total, void *user_data)
{
    struct taken *t = user_data;

    (void) send_total;
    (void) receive_total;
    t->told++;
    t->last = sent + received;
}

static long rss_kb(void)
{
    struct rusage u;

    (void) getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

static void data(const char *line)
{
    char path[1024];
    unsigned long long max = 0;
    struct taken t = { 0 };
    irisx_api_options_t mine = call;
    irisx_op_t *op = NULL;
    irisx_value_t *v;
    double from = now_ms();
    long before = rss_kb();

    if (sscanf(line, "%1023s %llu", path, &max) < 1)
        die(line);
    t.max = max;
    mine.on_data = on_data;
    mine.on_progress = on_progress;
    mine.user_data = &t;
    v = outcome(irisx_api_request(client, "GET", path, NULL, &mine, &op), &op, from);
    (void) irisx_value_set_int(v, "bytes", (int64_t) t.bytes);
    (void) irisx_value_set_int(v, "told", (int64_t) t.told);
    (void) irisx_value_set_int(v, "last", (int64_t) t.last);
    (void) irisx_value_set_int(v, "grown_kb", rss_kb() - before);
    tell(v);
}

static void to_file(const char *line)
{
    char path[1024], file[1024], sha[65] = "";
    irisx_api_options_t mine = call;
    irisx_op_t *op = NULL;
    double from = now_ms();

    if (sscanf(line, "%1023s %1023s %d %64s", path, file, &mine.resume, sha) < 3)
        die(line);
    mine.save_as = file;
    mine.sha256 = sha[0] ? sha : NULL;
    done(irisx_api_request(client, "GET", path, NULL, &mine, &op), &op, from);
}

static void upload(const char *line)
{
    char path[1024], file[1024];
    struct taken t = { 0 };
    irisx_upload_t u = { .path = file, .content_type = "text/csv" };
    irisx_api_options_t mine = call;
    irisx_op_t *op = NULL;
    irisx_value_t *v;
    double from = now_ms();

    if (sscanf(line, "%1023s %1023s", path, file) < 2)
        die(line);
    mine.upload = &u;
    mine.on_progress = on_progress;
    mine.user_data = &t;
    v = outcome(irisx_api_request(client, "POST", path, NULL, &mine, &op), &op, from);
    (void) irisx_value_set_int(v, "told", (int64_t) t.told);
    (void) irisx_value_set_int(v, "last", (int64_t) t.last);
    tell(v);
}

static void cancel(const char *line)
{
    unsigned ms = 0;
    int at = 0;
    irisx_op_t *op = NULL;
    double from = now_ms();
    irisx_error_t err;

    if (sscanf(line, "%u %n", &ms, &at) < 1)
        die(line);
    err = request(line + at, &op);
    if (!err && irisx_op_wait(op, ms) == IRISX_E_AGAIN)
        err = irisx_op_cancel(op);
    done(err, &op, from);
}

/* all of them, some of which wait for room */
static void cancel_many(const char *line)
{
    static irisx_op_t *ops[MAX_PAR];
    unsigned n = 0, ms = 0;
    int at = 0;
    double from;
    irisx_value_t *v = irisx_value_new_object();

    if (sscanf(line, "%u %u %n", &n, &ms, &at) < 2 || !n || n > MAX_PAR)
        die(line);
    for (unsigned i = 0; i < n; i++)
        if (request(line + at, &ops[i]))
            die("not accepted");
    (void) irisx_op_wait(ops[n - 1], ms);
    from = now_ms();
    for (unsigned i = 0; i < n; i++)
        (void) irisx_op_cancel(ops[i]);
    for (unsigned i = 0; i < n; i++) {
        irisx_error_t err = irisx_op_wait(ops[i], LONG_MS);
        const char *name = err ? irisx_error_name(err) : "OK";

        (void) irisx_value_set_int(v, name, irisx_value_get_int(v, name, 0) + 1);
        irisx_op_unref(ops[i]);
    }
    (void) irisx_value_set_int(v, "ms", (int64_t) (now_ms() - from));
    tell(v);
}

static void cancel_save(const char *line)
{
    char path[1024], file[1024];
    unsigned ms = 0;
    irisx_api_options_t mine = call;
    irisx_op_t *op = NULL;
    double from = now_ms();
    irisx_error_t err;

    if (sscanf(line, "%u %1023s %1023s", &ms, path, file) < 3)
        die(line);
    mine.save_as = file;
    err = irisx_api_request(client, "GET", path, NULL, &mine, &op);
    if (!err && irisx_op_wait(op, ms) == IRISX_E_AGAIN)
        err = irisx_op_cancel(op);
    done(err, &op, from);
}

static void figures(bool text)
{
    irisx_metrics_t *m = NULL;
    irisx_value_t *v = irisx_value_new_object();

    if (irisx_metrics_new(client, &m))
        die("no figures");
    for (size_t i = 0; !text && i < irisx_metrics_count(m); i++) {
        const irisx_metric_t *row = irisx_metrics_at(m, i);
        char line[160];

        (void) snprintf(line, sizeof line, "%llu %llu %llu %llu %llu %llu", (unsigned long long) row->ended,
            (unsigned long long) row->failed, (unsigned long long) row->unknown, (unsigned long long) row->retries,
            (unsigned long long) row->limited, (unsigned long long) row->paced);
        put(v, row->operation, line);
    }
    if (text)
        put(v, "text", irisx_metrics_text(m));
    (void) irisx_value_set_int(v, "saves", saves);
    put(v, "stored", store[0][0]);
    irisx_metrics_free(m);
    tell(v);
}

static void run(char *line)
{
    char a[4096] = "", b[4096] = "";
    irisx_op_t *op = NULL;
    double from = now_ms();
    char *rest = strchr(line, ' ');
    size_t n = rest ? (size_t) (rest - line) : strlen(line);

    rest = rest ? rest + 1 : line + n;
#define IS(name) (n == sizeof(name) - 1 && strncmp(line, name, n) == 0)
    (void) sscanf(rest, "%4095s %4095s", a, b);
    if (IS("par"))
        parallel(rest);
    else if (IS("op"))
        done(irisx_api_call_text(client, a, rest + strlen(a), &call, &op), &op, from);
    else if (IS("data"))
        data(rest);
    else if (IS("save"))
        to_file(rest);
    else if (IS("upload"))
        upload(rest);
    else if (IS("cancelmany"))
        cancel_many(rest);
    else if (IS("cancelsave"))
        cancel_save(rest);
    else if (IS("cancel"))
        cancel(rest);
    else if (IS("login"))
        done(irisx_client_login(client, a, b, &op), &op, from);
    else if (IS("admin"))
        done(irisx_client_login_admin(client, a, b, &op), &op, from);
    else if (IS("code"))
        done(irisx_client_login_2fa(client, a, &op), &op, from);
    else if (IS("logout"))
        done(irisx_client_logout(client, (int32_t) strtol(a, NULL, 10), &op), &op, from);
    else if (IS("tokens"))
        done(irisx_client_set_tokens(client, a, b[0] ? b : NULL), NULL, from);
    else if (IS("metrics") || IS("text"))
        figures(IS("text"));
    else if (IS("wait"))
        (void) usleep((unsigned) strtoul(a, NULL, 10) * 1000), tell(irisx_value_new_object());
    else if (IS("key"))
        call.idempotency_key = a, done(request(rest + strlen(a) + 1, &op), &op, from), call.idempotency_key = NULL;
    else
        done(request(line, &op), &op, from);
#undef IS
}

int main(int argc, char **argv)
{
    static char line[1 << 16];

    if (argc < 2)
        die("usage: rest_driver URL [option=value ...]");
    o.api_url = argv[1];
    o.rest = &r;
    for (int i = 2; i < argc; i++)
        set(argv[i]);
    if (irisx_client_new(&o, &client))
        die("no client");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        run(line);
    }
    (void) irisx_client_close(client, 0);
    irisx_client_unref(client);
    if (o.log_user_data)
        (void) fclose(o.log_user_data);
    return 0;
}
