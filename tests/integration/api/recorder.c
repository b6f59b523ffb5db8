/* SPDX-License-Identifier: MIT */
#include "recorder.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct recorder {
    struct ix_loop *loop;
    struct ix_server *server;
    pthread_t thread;
    char url[96];
    const struct scripted *script;
    struct ix_server_reply *held[RECORDER_MAX]; /* never answered; the server's thread, as the next two */
    size_t held_count;
    size_t used[RECORDER_MAX]; /* how often each row of the script was asked for */
    pthread_mutex_t lock; /* what follows */
    struct recorded all[RECORDER_MAX];
    size_t count;
};

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static void copy(char *out, size_t cap, const char *text)
{
    (void) snprintf(out, cap, "%s", text != NULL ? text : "");
}

static void keep(struct recorder *r, const struct ix_server_request *q, const char *line)
{
    pthread_mutex_lock(&r->lock);
    cr_assert_lt(r->count, RECORDER_MAX);
    struct recorded *n = &r->all[r->count++];
    copy(n->line, sizeof n->line, line);
    (void) snprintf(n->body, sizeof n->body, "%.*s", (int) q->body_len, q->body_len > 0 ? (const char *) q->body : "");
    copy(n->authorization, sizeof n->authorization, q->header(q, "Authorization"));
    copy(n->api_key, sizeof n->api_key, q->header(q, "X-API-Key"));
    copy(n->content_type, sizeof n->content_type, q->header(q, "Content-Type"));
    pthread_mutex_unlock(&r->lock);
}

/* the next row for this line; the last one again when all were used */
static const struct scripted *choose(struct recorder *r, const char *line, const char *authorization)
{
    const struct scripted *last = NULL;

    for (size_t i = 0; r->script[i].line != NULL; i++) {
        const char *bearer = r->script[i].bearer;
        if (!begins(line, r->script[i].line))
            continue;
        if (bearer != NULL && (authorization == NULL || strstr(authorization, bearer) == NULL))
            continue;
        last = &r->script[i];
        if (r->used[i]++ == 0)
            return last;
    }
    return last;
}

static void on_request(void *ctx, const struct ix_server_request *q, struct ix_server_reply *reply)
{
    static const char unknown[] =
        "{\"error\":\"Not Found\",\"message\":\"The requested endpoint does not exist\",\"path\":\"/\"}";
    struct recorder *r = ctx;
    char line[256];

    (void) snprintf(line, sizeof line, "%s %s%s%s", q->method, q->path, q->query != NULL ? "?" : "",
        q->query != NULL ? q->query : "");
    keep(r, q, line);
    const struct scripted *s = choose(r, line, q->header(q, "Authorization"));
    if (s == NULL)
        (void) ix_server_answer(reply, 404, "application/json", NULL, unknown, sizeof unknown - 1);
    else if (s->status == 0)
        ix_server_drop(reply);
    else if (s->status > 0)
        (void) ix_server_answer(reply, s->status, s->content_type != NULL ? s->content_type : "application/json",
            s->headers, s->body, strlen(s->body));
    else
        r->held[r->held_count++] = reply;
}

static void *run(void *arg)
{
    struct recorder *r = arg;

    (void) ix_loop_run(r->loop);
    return NULL;
}

struct recorder *recorder_start(const struct scripted *script)
{
    struct recorder *r = ix_alloc(sizeof *r);
    struct ix_server_options o = { .max_connections = 64 };
    struct ix_addr at;
    char text[IX_ADDR_TEXT];

    r->script = script;
    pthread_mutex_init(&r->lock, NULL);
    cr_assert_eq(ix_loop_new(NULL, &r->loop), 0);
    cr_assert_eq(ix_addr_parse(&o.bind, IX_STR("127.0.0.1"), 0), 0);
    cr_assert_eq(ix_server_open(r->loop, &o, on_request, NULL, r, &r->server), 0);
    ix_server_local(r->server, &at);
    ix_addr_text(&at, text);
    (void) snprintf(r->url, sizeof r->url, "http://%s", text);
    cr_assert_eq(pthread_create(&r->thread, NULL, run, r), 0);
    return r;
}

static void end(void *arg)
{
    struct recorder *r = arg;

    while (r->held_count > 0)
        ix_server_drop(r->held[--r->held_count]);
    ix_server_close(r->server);
    ix_loop_stop(r->loop);
}

void recorder_stop(struct recorder *r)
{
    cr_assert_eq(ix_loop_post(r->loop, end, r), 0);
    pthread_join(r->thread, NULL);
    cr_assert_eq(ix_loop_free(r->loop), 0);
    pthread_mutex_destroy(&r->lock);
    ix_free(r);
}

const char *recorder_url(const struct recorder *r)
{
    return r->url;
}

size_t recorder_count(struct recorder *r, const char *line)
{
    size_t n = 0;

    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->count; i++)
        n += begins(r->all[i].line, line) ? 1 : 0;
    pthread_mutex_unlock(&r->lock);
    return n;
}

struct recorded recorder_last(struct recorder *r, const char *line)
{
    struct recorded found = { "", "", "", "", "" };

    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->count; i++)
        if (begins(r->all[i].line, line))
            found = r->all[i];
    pthread_mutex_unlock(&r->lock);
    return found;
}
