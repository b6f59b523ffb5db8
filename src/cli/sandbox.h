/* SPDX-License-Identifier: MIT */
/* The local platform as a child process: where its program is, started, asked for its addresses, ended. */
#ifndef IRISX_CLI_SANDBOX_H
#define IRISX_CLI_SANDBOX_H

#include <irisx/value.h>
#include <stdbool.h>
#include <sys/types.h>

bool cli_sandbox_path(char *out, size_t cap);

struct cli_child {
    pid_t pid; /* 0: none */
    int in, out; /* our ends; its end of `in` closed tells it to go */
};
/* Starts it and waits for its first line (JSON); NULL with *why (static) if it does not come. */
irisx_value_t *cli_sandbox_start(struct cli_child *child, double timeout_ms, const char **why);
void cli_sandbox_stop(struct cli_child *child);

#endif
