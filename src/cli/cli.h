/* SPDX-License-Identifier: MIT */
/* What the commands of `irisx` share. They use the public headers only, as any user. docs/design/demo.md, DESIGN
 * section 6. */
#ifndef IRISX_CLI_H
#define IRISX_CLI_H

#include <irisx/api.h>
#include <irisx/irisx.h>
#include <stdbool.h>
#include <stdio.h>

enum cli_exit { /* DESIGN section 6 */
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_AUTH = 3,
    EXIT_NOT_FOUND = 4,
    EXIT_NETWORK = 5,
    EXIT_UNKNOWN = 6,
    EXIT_INTERRUPTED = 130
};

/* ---- options every command knows: flag > environment > profile > default ----------------- */
struct cli_common {
    const char *profile, *api_url, *ca_file, *capture, *timeline_dir, *ice_servers_file, *interfaces;
    const char *ws_proxy; /* of the commands that open lines */
    const char *credential_command; /* asked when a client is made (session.c) */
    /* owned; from environment, file or profile, never argv */
    char *api_key, *access_token, *refresh_token, *admin_token;
    bool of_profile; /* the tokens are the profile's: renewed ones go back there */
    const char *url_from, *ca_from, *credential_from; /* "--api-url", "IRISX_API_URL", "profile"; NULL: nowhere */
    char *owned[3]; /* texts of the profile */
    char *ice_servers; /* owned; with passwords */
    bool json, quiet;
    int log_level;
};
#define CLI_WORDS_MAX 256
struct cli_words { /* of an option that may be given more than once, in order; borrowed from argv */
    const char *items[CLI_WORDS_MAX];
    size_t count;
};
struct cli_option { /* one option of a command; flags have value NULL */
    const char *name; /* without "--" */
    const char *argument; /* NULL: a flag */
    const char *help;
    const char **text; /* where the argument goes */
    bool *flag;
    struct cli_words *words; /* instead of text: each time it is given */
    char letter; /* "-p" does as well; 0 none */
};
struct cli_command {
    const char *name; /* "sms send" */
    const char *arguments; /* "TO" */
    const char *summary;
    const struct cli_option *options;
    size_t option_count;
    const char *more; /* help behind the options: examples; NULL none */
    /* help about the first word that was given ("irisx api sms.send --help"); -1: the command's own */
    int (*about)(const struct cli_common *common, const char *word);
    const char *(*hint)(const char *option, const char *word); /* what to say of an unknown option; NULL nothing */
    bool rest; /* knows nothing of calls and media: those of the common options are not in its help */
    bool makes_profile; /* --profile may name one that is not there yet */
};
/* Reads options and positionals; prints help for --help. Returns -1 to go on, else the exit code. */
int cli_parse(const struct cli_command *command, struct cli_common *common, int argc, char **argv,
    const char **positional, size_t positional_max, size_t *positional_count);
void cli_common_clear(struct cli_common *c);
bool cli_number(const char *text, double min, double max, double *out);
const char *cli_env(const char *name); /* NULL also if it is empty */
/* Options that every command has, for completion: "--json" and what it says; NULL behind the last */
const char *cli_common_option(size_t index, bool rest, const char **help);

/* ---- talking: data on stdout, talk on stderr --------------------------------------------- */
void cli_say(const struct cli_common *c, const char *fmt, ...); /* progress */
int cli_usage(const char *fmt, ...); /* EXIT_USAGE; with --json the error is on stdout too */
void cli_want_json(void); /* "--json" is among the arguments, whatever becomes of the others */
void cli_line(FILE *to, const char *fmt, ...); /* what may come from others: control characters are shown as "?" */
int cli_exit_of(irisx_error_t code);
/* message on stderr, or {"error":…} on stdout with --json; returns the exit code. Nothing but EXIT_INTERRUPTED after a
 * signal */
int cli_fail(const struct cli_common *c, const irisx_error_info_t *e, const char *doing);
int cli_fail_code(const struct cli_common *c, irisx_error_t code, const char *doing, const char *message);
int cli_print_value(const irisx_value_t *value); /* one line */
char *cli_read_secret(const char *path); /* first line of a file, "-" stdin; wiped by cli_wipe */
/* A line from standard input, after `label` on a terminal, where a secret is not shown while it is typed (prompt.c).
 * NULL: the end, or a signal; wiped by cli_wipe. */
char *cli_ask(const char *label, bool secret);
bool cli_asks(void); /* there is somebody to ask: standard input and standard error are a terminal */
char *cli_read_file(const char *path, size_t limit, size_t *len); /* whole file, NUL added */
void cli_wipe(char *secret);

/* ---- the profile file: 0600 JSON --------------------------------------------------------- */
irisx_value_t *cli_profile_load(const char *profile); /* its object, or an empty one; NULL out of memory */
irisx_value_t *cli_profiles(void); /* all of them by name */
const char *cli_profile_name(const char *profile); /* "default", if neither it nor IRISX_PROFILE says another */
/*
 * Changes the object of a profile while no other process does: read, changed, written whole or not at all. `change`
 * gives 0 to have it written, -1 if there is nothing to write, else an errno. Returns 0, or an errno.
 */
int cli_profile_change(const char *profile, int (*change)(irisx_value_t *object, void *ctx), void *ctx);
const char *cli_config_path(void);
const char *cli_state_dir(void); /* the folder of that file, if it can be written to; else NULL */

/* ---- a client, driven until something happens -------------------------------------------- */
/* Installs SIGINT and SIGTERM handlers that only set a flag and wake cli_next. */
void cli_signals(void);
bool cli_interrupted(void);
bool cli_readable(int fd); /* waits until there is something to read, or the end; false: a signal came */
irisx_error_t cli_client(const struct cli_common *c, irisx_client_t **out);
/* Why there is none, told; its exit code */
int cli_no_client(const struct cli_common *c, irisx_error_t err);
/* Whether requests to this URL would carry a token of the client */
bool cli_has_token(irisx_client_t *client, const char *url);
int cli_no_platform(void); /* EXIT_USAGE: told how to name one */
/* Next event, waiting at most until `deadline_ms` (cli_now_ms clock); NULL at the deadline or on a signal. */
irisx_event_t *cli_next(irisx_client_t *client, double deadline_ms);
/* the same, and NULL with *input when fd (-1 none) can be read */
irisx_event_t *cli_next_input(irisx_client_t *client, double deadline_ms, int fd, bool *input);
double cli_now_ms(void); /* monotonic */
/* Waits for an op with an eye on signals; events that come meanwhile go to on_event (may be NULL). */
irisx_error_t cli_await(irisx_client_t *client, irisx_op_t *op, double timeout_ms,
    void (*on_event)(void *ctx, const irisx_event_t *ev), void *ctx);
/* Closes (calls hung up, registrations removed) and frees; returns EXIT_INTERRUPTED if a signal came, else code. */
int cli_close(irisx_client_t *client, int code);

/* ---- commands ---------------------------------------------------------------------------- */
int cmd_api(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_config(int argc, char **argv);
void config_names(void (*offer)(const char *typed, const char *word, const char *text), const char *typed);
int cmd_line(int argc, char **argv);
int cmd_login(int argc, char **argv);
int cmd_logout(int argc, char **argv);
int cli_complete(int argc, char **argv); /* completion.c */
bool cli_completing(const struct cli_command *command); /* true: the options of the command were offered, no more */
void cli_complete_command(int argc, char **argv); /* main.c: runs it as far as cli_completing */
void cli_commands(void (*offer)(const char *typed, const char *word, const char *text), const char *typed); /* main.c */
int cmd_shortcut(int argc, char **argv); /* calls, contacts, messages, numbers, recordings: argv[0] is the noun */
int cmd_sandbox(int argc, char **argv);
int cmd_sms(int argc, char **argv);
int cmd_webhooks(int argc, char **argv);

#endif
