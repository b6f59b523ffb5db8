/* SPDX-License-Identifier: MIT */
/* What the client's tests share: the local platform as a process, a client for it, a folder for files. */
#ifndef TESTS_CLIENT_RIG_H
#define TESTS_CLIENT_RIG_H

#include <irisx/irisx.h>
#include <stdbool.h>

struct rig {
    char api_url[128], ws_url[128], email[64], password[64], agent_password[64]; /* of extension 1000 */
    char folder[200]; /* ours alone */
};
extern struct rig rig;

void rig_up(void); /* starts the platform, path in IRISX_SANDBOX, and makes the folder; for .init */
void rig_down(void); /* for .fini */
const char *rig_path(const char *name); /* in the folder; static storage for four */
/* Waits for the end of *op, gives it back, and returns its outcome. One that does not end is cancelled: it must end
 * then. */
irisx_error_t rig_wait(irisx_op_t **op);
/* A line at the platform, ready. */
irisx_line_t *rig_line(irisx_client_t *client);
/* again, after its connection was lost; the client has no threads */
void rig_run_until_ready(irisx_client_t *client, irisx_line_t *line);
/* What comes from fd until its end, the client being driven meanwhile; closes fd. NUL-terminated. */
size_t rig_read_all(irisx_client_t *client, int fd, char *out, size_t room);
void rig_drain(irisx_client_t *client); /* events nobody asks for */

#endif
