/* SPDX-License-Identifier: MIT */
/* A call in a few lines: cc place_call.c $(pkg-config --cflags --libs irisx-client) && ./a.out ws://HOST:8066 1000 9196
 * The password stands in $IRISX_PASSWORD: arguments can be read by everybody on the machine. */
#include <irisx/irisx.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    irisx_client_t *client = NULL;
    irisx_line_t *line = NULL;
    irisx_op_t *ready = NULL, *talking = NULL;
    irisx_line_options_t account = IRISX_LINE_OPTIONS_INIT;
    irisx_call_options_t call = IRISX_CALL_OPTIONS_INIT;
    irisx_error_t err;

    if (argc < 4)
        return 2;
    account.ws_url = argv[1], account.user = argv[2], account.password = getenv("IRISX_PASSWORD"), call.to = argv[3];
    account.realm = argc > 4 ? argv[4] : NULL;
    err = irisx_client_new(NULL, &client);
    if (!err)
        err = irisx_line_open(client, &account, &line, &ready);
    if (!err)
        err = irisx_op_wait(ready, 10000); /* registered */
    if (!err)
        err = irisx_call_dial(line, &call, NULL, &talking);
    if (!err)
        err = irisx_op_wait(talking, 30000); /* sound goes both ways */
    printf("%s: %s\n", call.to, err ? irisx_error_text(err) : "connected");
    irisx_client_close(client, 0); /* hangs up, unregisters */
    irisx_op_unref(talking);
    irisx_op_unref(ready);
    irisx_line_unref(line);
    irisx_client_unref(client);
    return err ? 1 : 0;
}
