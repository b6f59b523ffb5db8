/* SPDX-License-Identifier: MIT */
/* The REST half's door: requests come in here, on the service loop. */
#include <string.h>

#include "sandbox/sandbox.h"

struct sandbox_rest {
    struct sandbox *sb;
};

int sandbox_rest_new(struct sandbox *sb, struct sandbox_rest **out)
{
    struct sandbox_rest *r = ix_alloc(sizeof *r);

    if (!r)
        return IRISX_E_NO_MEMORY;
    r->sb = sb;
    *out = r;
    return 0;
}

void sandbox_rest_free(struct sandbox_rest *r)
{
    ix_free(r);
}

static void answer(struct ix_server_reply *reply, int status, struct ix_buf *b)
{
    if (b->err)
        (void) ix_server_answer(
            reply, 500, "application/json", NULL, "{}", 2); /* the client has gone, or will time out */
    else
        (void) ix_server_answer(reply, status, "application/json", NULL, b->p, b->n); /* as above */
    ix_buf_clear(b);
}

void sandbox_rest_request(
    struct sandbox_rest *r, const struct ix_server_request *request, struct ix_server_reply *reply)
{
    char now[25];
    struct ix_buf b;
    bool health = !strcmp(request->path, "/health");

    ix_buf_init(&b, 64 * 1024);
    ix_time_iso8601(ix_loop_now(r->sb->service_loop).wall_us, now);
    if (health) {
        ix_buf_fmt(&b, "{\"status\":\"healthy\",\"timestamp\":\"%s\",\"version\":\"1.0.0\"}", now);
    } else {
        ix_buf_str(&b, "{\"error\":\"Not Found\",\"message\":\"The requested endpoint does not exist\",\"path\":");
        ix_buf_json_str(&b, ix_str(request->path));
        ix_buf_str(&b, "}");
    }
    answer(reply, health ? 200 : 404, &b);
}

void sandbox_rest_call_event(struct sandbox_rest *r, const struct sandbox_call_event *ev)
{
    ix_log(&r->sb->log, IX_LOG_INFO, "sandbox", "call %s from %s to %s: %s", ev->sid, ev->from, ev->to, ev->status);
}
