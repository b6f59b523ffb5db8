/* SPDX-License-Identifier: MIT */
/*
 * A client that has logged in over REST, is registered with what the platform provisioned, and idle, for the memory
 * benchmark. Usage: bench_idle API_URL EMAIL, the password on the first line of its input; prints "ready" once
 * registered and waits for the end of its input.
 */
#include <irisx/irisx.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    irisx_client_t *client = NULL;
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;
    irisx_client_options_t options = IRISX_CLIENT_OPTIONS_INIT;
    char password[128];

    if (argc != 3 || fgets(password, sizeof password, stdin) == NULL) {
        fprintf(stderr, "usage: %s API_URL EMAIL <password\n", argv[0]);
        return 2;
    }
    password[strcspn(password, "\n")] = '\0';
    options.api_url = argv[1];
    irisx_error_t err = irisx_client_new(&options, &client);
    if (err == IRISX_OK)
        err = irisx_client_login(client, argv[2], password, &op);
    if (err == IRISX_OK)
        err = irisx_op_wait(op, 10000);
    irisx_op_unref(op);
    op = NULL;
    if (err == IRISX_OK)
        err = irisx_line_open_provisioned(client, NULL, &line, &op);
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
