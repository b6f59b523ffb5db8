/* SPDX-License-Identifier: MIT */
/* For closing.py: an application that opens a line, waits for what it is told to, and closes the client in a hurry.
 * line_app WS_URL WAIT_MS CLOSE_MS ZERO_THREAD */
#include <irisx/irisx.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    irisx_client_options_t options = IRISX_CLIENT_OPTIONS_INIT;
    irisx_line_options_t account = IRISX_LINE_OPTIONS_INIT;
    irisx_client_t *client = NULL;
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;

    if (argc != 5)
        return 2;
    account.ws_url = argv[1];
    account.user = "1000";
    account.password = "x";
    options.zero_thread = atoi(argv[4]);
    if (irisx_client_new(&options, &client) || irisx_line_open(client, &account, &line, &op))
        return 1;
    irisx_error_t ready = irisx_op_wait(op, (uint32_t) atoi(argv[2]));
    irisx_error_t closed = irisx_client_close(client, (uint32_t) atoi(argv[3]));
    (void) printf("%s %s\n", irisx_error_name(ready), irisx_error_name(closed));
    irisx_op_unref(op);
    irisx_line_unref(line);
    irisx_client_unref(client);
    return 0;
}
