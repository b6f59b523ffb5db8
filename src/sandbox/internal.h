/* SPDX-License-Identifier: MIT */
/* What the frame's files share with the SIP half; the REST half needs sandbox.h and state.h only. */
#ifndef IX_SANDBOX_INTERNAL_H
#define IX_SANDBOX_INTERNAL_H

#include "host/engine.h"
#include "sandbox/sandbox.h"
#include "sandbox/scenes.h"

/* ---- wire.c: one SIP WebSocket, from the server's loop to the engine's and back ---------- */
void sandbox_on_ws(
    void *ctx, struct ix_ws *ws, const struct ix_ws_event *ev); /* service loop; ctx: sandbox, then wire */
void sandbox_wires_free(struct sandbox *sb); /* loops are stopped, the server is closed */
struct ix_engine *sandbox_engine(struct sandbox *sb); /* call loop */

/* ---- faults.c ---------------------------------------------------------------------------- */
bool sandbox_fault_swallows(const struct sandbox_faults *f, const void *data, size_t n); /* this message never leaves */
void sandbox_fault_describe(const struct sandbox_faults *f, char *data, size_t n); /* changes descriptions in place */

#endif
