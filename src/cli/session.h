/* SPDX-License-Identifier: MIT */
/* The credentials of one client and where they are kept; session.c, used by drive.c alone. */
#ifndef IRISX_CLI_SESSION_H
#define IRISX_CLI_SESSION_H

#include "cli/cli.h"

struct session {
    char *api_key, *access, *refresh, *admin; /* owned */
    const char *profile; /* as given; borrowed */
};
/* Fills it, and o->api_key and the token store of o->rest. It must outlive the client. IRISX_E_AUTH: said why */
irisx_error_t session_open(struct session *s, const struct cli_common *c, irisx_client_options_t *o);
void session_clear(struct session *s); /* NULL members allowed */

#endif
