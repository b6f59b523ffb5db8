/* SPDX-License-Identifier: MIT */
/*
 * The yardstick of the REST benchmark: the same transfers with nothing but libcurl's multi interface and epoll. Handles
 * are used again, and set anew for each request, because a program's requests differ. Answers are gathered and their
 * status is looked at; nothing is parsed, retried, logged or counted.
 *
 * usage: rest_bare BASE_URL CA_FILE|- posted|streamed CONNECTIONS    (jobs: rest_job.h)
 * posted: bodies by CURLOPT_POSTFIELDS, which libcurl may send twice; streamed: from a function that cannot go back.
 */
#include <curl/curl.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "rest_job.h"

struct slot {
    CURL *easy;
    char answer[4096];
    size_t have, sent;
    struct curl_slist *headers;
};

static struct {
    CURLM *multi;
    struct slot slots[REST_MAX_FLIGHT];
    const char *base, *ca;
    bool streamed;
    int epoll;
    double fire_us; /* libcurl's timer, 0 none */
    unsigned started, ended;
    struct rest_job job;
} b;

static void die(const char *what)
{
    fprintf(stderr, "rest_bare: %s\n", what);
    exit(1);
}

static size_t take(char *p, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;

    if (s->have + size * n > sizeof s->answer)
        return 0;
    memcpy(s->answer + s->have, p, size * n);
    s->have += size * n;
    return size * n;
}

static size_t give(char *to, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    size_t left = strlen(REST_BODY) - s->sent, take_now = left < size * n ? left : size * n;

    memcpy(to, REST_BODY + s->sent, take_now);
    s->sent += take_now;
    return take_now;
}

static int no_seek(void *ctx, curl_off_t offset, int origin)
{
    (void) ctx, (void) offset, (void) origin;
    return CURL_SEEKFUNC_FAIL;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct epoll_event ev = { .data.fd = fd };

    (void) easy, (void) ctx;
    if (what == CURL_POLL_REMOVE) {
        (void) epoll_ctl(b.epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    if (epoll_ctl(b.epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev))
        (void) epoll_ctl(b.epoll, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &ev);
    (void) curl_multi_assign(b.multi, fd, &b);
    return 0;
}

static int want_time(CURLM *multi, long ms, void *ctx)
{
    (void) multi, (void) ctx;
    b.fire_us = ms < 0 ? 0 : rest_now_us() + (double) ms * 1000;
    return 0;
}

static void body(struct slot *s)
{
    if (!b.job.post)
        return;
    if (b.streamed) {
        curl_easy_setopt(s->easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(s->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) strlen(REST_BODY));
        curl_easy_setopt(s->easy, CURLOPT_READFUNCTION, give);
        curl_easy_setopt(s->easy, CURLOPT_READDATA, s);
        curl_easy_setopt(s->easy, CURLOPT_SEEKFUNCTION, no_seek);
        curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, "POST");
    } else {
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long) strlen(REST_BODY));
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, REST_BODY);
    }
}

static void headers(struct slot *s)
{
    static const char *const lines[] = { "Expect:", "Accept: application/json", "X-API-Key: " REST_KEY,
        "Content-Type: application/json" };

    curl_slist_free_all(s->headers);
    s->headers = NULL;
    for (size_t i = 0; i < (b.job.post ? 4 : 3); i++)
        s->headers = curl_slist_append(s->headers, lines[i]);
}

static void prepare(struct slot *s)
{
    char url[512];

    if (!s->easy)
        s->easy = curl_easy_init();
    curl_easy_reset(s->easy);
    snprintf(url, sizeof url, "%s%s", b.base, b.job.post ? REST_POST_PATH : REST_GET_PATH);
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    headers(s);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->easy, CURLOPT_USERAGENT, "libirisx-client/0.1.0");
    curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(s->easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, 30000L);
    if (b.ca) {
        curl_easy_setopt(s->easy, CURLOPT_CAINFO, b.ca);
        curl_easy_setopt(s->easy, CURLOPT_CAPATH, NULL);
    }
    body(s);
}

static void start(struct slot *s)
{
    s->have = s->sent = 0;
    prepare(s);
    b.started++;
    if (curl_multi_add_handle(b.multi, s->easy) != CURLM_OK)
        die("a transfer cannot be added");
}

static void collect(void)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(b.multi, &left))) {
        struct slot *s = NULL;
        long status = 0;

        if (m->msg != CURLMSG_DONE)
            continue;
        if (m->data.result)
            die(curl_easy_strerror(m->data.result));
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **) &s);
        curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200 || !s->have)
            die("not the answer expected");
        (void) curl_multi_remove_handle(b.multi, s->easy);
        b.ended++;
        if (b.started < b.job.count)
            start(s);
    }
}

static void turn(void)
{
    struct epoll_event events[64];
    double left = b.fire_us ? (b.fire_us - rest_now_us()) / 1000 : 1000;
    int running, n = epoll_wait(b.epoll, events, 64, left < 0 ? 0 : (int) (left + 0.999));

    for (int i = 0; i < n; i++) {
        int flags = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                    (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                    (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

        (void) curl_multi_socket_action(b.multi, events[i].data.fd, flags, &running);
    }
    if (b.fire_us && rest_now_us() >= b.fire_us) {
        b.fire_us = 0;
        (void) curl_multi_socket_action(b.multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    collect();
}

static void run(void)
{
    struct rest_clock from = rest_clock();

    b.started = b.ended = 0;
    for (unsigned i = 0; i < b.job.flight && b.started < b.job.count; i++)
        start(&b.slots[i]);
    while (b.ended < b.job.count)
        turn();
    rest_tell(&b.job, from);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage: rest_bare BASE_URL CA_FILE|- posted|streamed CONNECTIONS");
    b.base = argv[1];
    b.ca = strcmp(argv[2], "-") == 0 ? NULL : argv[2];
    b.streamed = strcmp(argv[3], "streamed") == 0;
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    b.multi = curl_multi_init();
    if (!b.multi || b.epoll < 0)
        die("cannot start");
    curl_multi_setopt(b.multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(b.multi, CURLMOPT_TIMERFUNCTION, want_time);
    curl_multi_setopt(b.multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(b.multi, CURLMOPT_MAX_HOST_CONNECTIONS, strtol(argv[4], NULL, 10));
    while (rest_next_job(&b.job))
        run();
    return 0;
}
