/* SPDX-License-Identifier: MIT */
/* io: what the files about HTTP transfers share. */
#ifndef IX_IO_TRANSFER_H
#define IX_IO_TRANSFER_H

#include <curl/curl.h>

#include "io/internal.h"

#define IX_ACCEPT_ENCODING "Accept-Encoding: "
#define IX_ORIGINS_KEPT 8
struct ix_origin { /* a host and port that was asked lately */
    char host[256];
    uint16_t port;
    uint64_t until_us; /* libcurl has its addresses until then; 0 never looked up */
    long idle_s; /* how long one of its connections may have been idle and still be used */
};

struct ix_proxy {
    char *url; /* NULL: none */
    char host[256]; /* "": only libcurl can tell */
    uint16_t port;
    bool asks_us; /* for the addresses of others: SOCKS without names */
};

struct ix_http_client {
    struct ix_loop *loop;
    CURLM *multi;
    struct ix_loop_timer *timer; /* libcurl's */
    struct ix_loop_timer *limits; /* ours: the earliest end of a phase or transfer, or before it */
    uint64_t limits_us;
    struct ix_list transfers;
    struct ix_list spare; /* transfers that ended, with their handles */
    size_t spare_count;
    struct ix_list socks; /* descriptors of libcurl's that are watched */
    char *ca_file, *user_agent, *cert_file, *key_file, *pinned;
    struct ix_proxy proxies[2]; /* for http, for https */
    char *no_proxy; /* NULL none */
    const char *encodings; /* that this libcurl can undo: IX_ACCEPT_ENCODING and their names */
    struct ix_origin origins[IX_ORIGINS_KEPT];
    size_t origin_at; /* the next to be overwritten */
    char *agent_line; /* "User-Agent: ..."; NULL: none, or libcurl says it */
    uint32_t authorities; /* counts the changes of the next */
    char last_authority[300], last_host[256]; /* of the last URL */
    uint16_t last_port;
    bool last_secure;
    bool starved; /* a socket could not be watched: out of memory */
    bool in_callback, dying; /* freed inside a callback: ends when that returns */
    /* of the last TLS handshake; handshakes do not overlap within a turn that ends one */
    char tls_refusal[256]; /* why the certificate was refused, "" = it was not */
    char tls_names[200]; /* whom the last accepted one is for */
};

static inline bool ix_http_proxied(const struct ix_http_client *c)
{
    return c->proxies[0].url != NULL || c->proxies[1].url != NULL;
}

enum ix_phase { /* of a transfer; each has its own limit */
    IX_PHASE_WAIT = 0, /* for a connection */
    IX_PHASE_RESOLVE,
    IX_PHASE_CONNECT,
    IX_PHASE_TLS,
    IX_PHASE_SEND, /* a body that is read piece by piece */
    IX_PHASE_ANSWER, /* all is sent */
    IX_PHASE_MOVE /* the answer comes */
};

enum ix_shape { IX_SHAPE_NONE = 0, IX_SHAPE_GET, IX_SHAPE_HEAD, IX_SHAPE_POST, IX_SHAPE_OTHER };

#define IX_FIELDS_MAX 40
struct ix_transfer {
    struct ix_list node;
    struct ix_http_client *client;
    CURL *easy; /* kept when the transfer ends, with the options that are the same for all */
    CURLU *url; /* its URL, in parts: only what changes is set */
    uint32_t url_of; /* client.authorities when it was parsed; 0 not parsed */
    struct curl_slist fields[IX_FIELDS_MAX]; /* into lines */
    char *lines; /* header lines, each ended by NUL; wiped at the end */
    size_t lines_n;
    struct curl_slist *addresses;
    struct ix_resolve *resolve; /* a name is being looked up; libcurl does not know the transfer yet */
    enum ix_looks { IX_LOOKS_NONE = 0, IX_LOOKS_HOST, IX_LOOKS_PROXY } looks; /* whose */
    const struct ix_proxy *proxy; /* that it goes by; NULL none */
    uint64_t begun_us;
    bool added; /* libcurl knows it */
    ix_transfer_fn fn;
    void *ctx;
    char host[256];
    struct ix_origin *origin;
    uint16_t port;
    bool safe, secure, has_body;
    uint8_t *body;
    size_t body_len;
    enum ix_shape shape; /* what easy is set to */
    long idle_set;
    bool plain_set; /* easy asks for no encoding */
    const struct ix_proxy *proxy_set; /* what easy has */
    uint32_t connect_set; /* ms */
    struct ix_transfer_stream stream;
    uint64_t sent, received; /* of streams */
    uint64_t told_us; /* progress */
    bool paused, stopped; /* stopped: the stream's owner gave up */
    struct ix_buf answer, head;
    enum ix_phase phase;
    uint64_t ends_us, phase_us, connect_us; /* connect_us: of TCP and TLS together */
    uint64_t nudge_us; /* when libcurl is made to look at it */
    uint32_t timeout_ms, phase_ms; /* for sentences */
    struct ix_transfer_limits limits;
    size_t max_answer;
    uint32_t requests; /* how often libcurl began to send */
    long status; /* of the answer at hand */
    bool too_large;
    bool replay_refused; /* libcurl wanted to send it again */
    bool head_whole; /* the empty line behind the answer's head came */
    struct ix_addr tried; /* the address of the last connection attempt */
};

/* transfer.c */
void ix_transfer_end(struct ix_transfer *t, struct ix_transfer_result *r); /* tells, and frees t */
/* transfer_name.c: looks the host up where that is needed, then hands over */
int ix_transfer_begin(struct ix_transfer *t);
int ix_transfer_hand_over(struct ix_transfer *t); /* to libcurl */
struct ix_origin *ix_transfer_origin(struct ix_http_client *c, const char *host, uint16_t port);
struct ix_origin *ix_transfer_own_origin(const struct ix_transfer *t); /* NULL: forgotten */
const char *ix_transfer_looked(const struct ix_transfer *t); /* the name that is looked up */
/* transfer_proxy.c */
int ix_proxy_set(struct ix_proxy *p, const char *url /* copied; NULL none */);
void ix_proxy_clear(struct ix_proxy *p);
const struct ix_proxy *ix_proxy_of(const struct ix_transfer *t); /* the way it has to go; NULL straight */
/* transfer_setup.c */
struct ix_transfer *ix_transfer_take(struct ix_http_client *c); /* a spare one, or new; NULL on no memory */
void ix_transfer_give(struct ix_transfer *t); /* back, or freed */
void ix_transfer_free(struct ix_transfer *t);
int ix_transfer_set(struct ix_transfer *t, const struct ix_transfer_request *r);
/* transfer_flow.c: what libcurl asks and tells while it runs */
size_t ix_transfer_read(char *to, size_t size, size_t count, void *ctx);
int ix_transfer_rewind(void *ctx, curl_off_t offset, int origin);
size_t ix_transfer_write(char *p, size_t size, size_t count, void *ctx);
size_t ix_transfer_header(char *p, size_t size, size_t count, void *ctx);
int ix_transfer_before(void *ctx, char *remote, char *local, int remote_port, int local_port);
/* tells the stream's owner, seldom, or surely at the end */
void ix_transfer_progress(struct ix_transfer *t, bool end);
/* transfer_limit.c */
void ix_transfer_enter(struct ix_transfer *t, enum ix_phase phase);
void ix_transfer_moved(struct ix_transfer *t); /* a byte went either way */
void ix_transfer_limits_due(void *client);
/* transfer_watch.c: libcurl's sockets on the loop */
int ix_watch_want(CURL *easy, curl_socket_t fd, int what, void *client, void *assigned);
int ix_watch_close(void *client, curl_socket_t fd);
void ix_watch_end(struct ix_http_client *c);
void ix_transfer_collect(struct ix_http_client *c); /* tells what ended since libcurl ran last */
/* transfer_error.c: err, detail and any_byte_sent of a transfer that libcurl ended with this code */
void ix_transfer_judge(const struct ix_transfer *t, int curl_code, struct ix_transfer_result *r);
/* of one whose phase or whole time is over */
void ix_transfer_judge_late(const struct ix_transfer *t, struct ix_transfer_result *r);

#endif
