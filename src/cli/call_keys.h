/* SPDX-License-Identifier: MIT */
/* What can be done while a call of `irisx call` talks: keys on a terminal, or commands on standard input. */
#ifndef IRISX_CLI_CALL_KEYS_H
#define IRISX_CLI_CALL_KEYS_H

#include "cli/cli.h"

struct call_talk {
    const struct cli_common *common;
    irisx_client_t *client;
    irisx_line_t *line;
    irisx_call_t **call; /* the one that talks; a swap changes it */
    irisx_call_t *other; /* on hold, or being consulted; NULL none */
    bool keys, commands; /* terminal; lines on standard input */
    bool muted, quit;
    char prompt; /* the key whose argument is being typed; 0 none */
    char line_in[512];
    size_t line_len;
    void (*on_event)(void *ctx, const irisx_event_t *ev);
    bool (*over)(void *ctx);
    void *ctx;
};
/* Runs until the call is over, the deadline (clock of cli_now_ms), a signal, or quit. */
void call_talk_run(struct call_talk *t, double deadline_ms);
void call_talk_event_json(const irisx_event_t *ev); /* one line on standard output */
int call_save_file(irisx_call_t *call, const char *path); /* 0600, whole or not at all; 0 if written */
bool call_terminal(void); /* standard input and output are one */

#endif
