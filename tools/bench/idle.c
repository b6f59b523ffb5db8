/* SPDX-License-Identifier: MIT */
/*
 * A client that is registered and idle, for the memory benchmark. Usage: bench_idle WS_URL REALM USER, the password on
 * the first line of its input; prints "ready" once registered and waits for the end of its input.
 */
#include <irisx/irisx.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    irisx_client_t *client = NULL;
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;
    irisx_line_options_t account = IRISX_LINE_OPTIONS_INIT;
    char password[128];

    if (argc != 4 || fgets(password, sizeof password, stdin) == NULL) {
        fprintf(stderr, "usage: %s WS_URL REALM USER <password\n", argv[0]);
        return 2;
    }
    password[strcspn(password, "\n")] = '\0';
    account.ws_url = argv[1];
    account.realm = argv[2];
    account.user = argv[3];
    account.password = password;
    irisx_error_t err = irisx_client_new(NULL, &client);
    if (err == IRISX_OK)
        err = irisx_line_open(client, &account, &line, &op);
    if (err == IRISX_OK)
        err = irisx_op_wait(op, 10000);
    if (err == IRISX_OK) {
        printf("ready\n");
        (void) fflush(stdout);
        (void) getchar();
    } else {
        fprintf(stderr, "idle: %s\n", irisx_error_text(err));
    }
    (void) irisx_client_close(client, 0);
    irisx_op_unref(op);
    irisx_line_unref(line);
    irisx_client_unref(client);
    return err == IRISX_OK ? 0 : 1;
}
