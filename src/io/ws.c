/* SPDX-License-Identifier: MIT */
/* What WebSockets of both sides have in common: the calls go to the side that made them. */
#include "io/internal.h"

int ix_ws_send(struct ix_ws *ws, const void *p, size_t n, bool text)
{
    if (n > IX_WS_QUEUE_MAX)
        return IRISX_E_TOO_LARGE;
    return ws->ops->send(ws, p, n, text);
}

int ix_ws_ping(struct ix_ws *ws)
{
    return ws->ops->ping(ws);
}

void ix_ws_close(struct ix_ws *ws, uint16_t code)
{
    if (ws != NULL)
        ws->ops->close(ws, code);
}

static void nobody(void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev)
{
    (void) ctx;
    (void) ws;
    (void) ev;
}

void ix_ws_drop(struct ix_ws *ws)
{
    if (ws == NULL)
        return;
    ws->fn = nobody;
    ws->ctx = NULL;
    if (ws->ops->drop != NULL)
        ws->ops->drop(ws);
    else
        ws->ops->close(ws, 1001);
}

void ix_ws_set_context(struct ix_ws *ws, void *ctx)
{
    ws->ctx = ctx;
}

void *ix_ws_context(const struct ix_ws *ws)
{
    return ws->ctx;
}
