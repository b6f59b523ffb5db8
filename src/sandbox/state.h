/* SPDX-License-Identifier: MIT */
/* The inside of the state, for the files of the REST half. */
#ifndef IX_SANDBOX_STATE_H
#define IX_SANDBOX_STATE_H

#include "sandbox/sandbox.h"

struct sandbox_state {
    struct sqlite3 *db;
    const struct ix_log *log;
};
int sandbox_state_exec(struct sandbox_state *s, const char *sql);
int sandbox_state_error(struct sandbox_state *s, int sqlite_code); /* logs SQLite's words; our code for it */

#endif
