/* SPDX-License-Identifier: MIT */
/* One REST operation from words to what is printed: shared by `irisx api` and the shortcuts. rest.c, rest_print.c,
 * rest_pages.c, rest_dry.c. */
#ifndef IRISX_CLI_REST_H
#define IRISX_CLI_REST_H

#include "cli/contract.h"
#include "cli/sheet.h"

struct rest_options { /* of the command line; texts are borrowed */
    const char *output, *columns, *timeout, *key, *accept, *max_items, *tries;
    bool paginate, csv, dry_run, strict, resume;
    struct cli_words params, data;
};
#define REST_OPTIONS_MAX 14
/* Options that all of them have, into a command's table; returns how many. */
size_t rest_options_table(struct rest_options *o, struct cli_option *table);
extern const char rest_help[]; /* how parameters and output work, for --help */

struct rest_call {
    const struct cli_common *common;
    const struct rest_options *options;
    const char *id; /* "sms.send"; NULL: method and path */
    const char *method, *path;
    irisx_value_t *operation; /* contract_describe; NULL with method and path */
    struct params params;
    const char *columns; /* of a shortcut's table, if none are given */
    int (*people)(const irisx_value_t *answer); /* prints it for them; NULL: as any other */
};
/* Everything from --data and --param into call->params. EXIT_OK, or the code after it was said. */
int rest_read_params(struct rest_call *call);
int rest_run(struct rest_call *call); /* dry, page by page or once, as the options say; frees what call owns */
void rest_clear(struct rest_call *call);

/* ---- shortcuts (shortcut.c) -------------------------------------------------------------- */
int shortcut_run(const char *noun, int argc, char **argv); /* argv[0] is the verb */
/* argv: noun, words, the last one being typed */
void shortcut_complete(int argc, char **argv, void (*offer)(const char *typed, const char *word, const char *text));
int recording_get(int argc, char **argv); /* recording.c; argv[0] is the verb */

/* ---- the parts --------------------------------------------------------------------------- */
irisx_error_t rest_submit(
    irisx_client_t *client, const struct rest_call *call, const irisx_api_options_t *o, irisx_op_t **op);
void rest_patience(irisx_api_options_t *o); /* time limits where a file goes one way or the other */
int rest_dry(irisx_client_t *client, const struct rest_call *call, const irisx_api_options_t *o);
int rest_pages(irisx_client_t *client, const struct rest_call *call, const irisx_api_options_t *o);
int rest_print(const struct rest_call *call, const irisx_op_t *op);
/* Says of --columns that no row has what was meant */
void rest_columns(const struct rest_call *call, const irisx_value_t *list);
void rest_hidden(const struct rest_call *call, const struct sheet *s); /* says what a narrow terminal did not show */
int rest_failed(const struct rest_call *call, const irisx_error_info_t *e);
void rest_progress(uint64_t sent, uint64_t send_total, uint64_t received, uint64_t receive_total, void *user_data);
/* "asking for sms.send" */
const char *rest_doing(const struct rest_call *call);

#endif
