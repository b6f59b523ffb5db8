/* SPDX-License-Identifier: MIT */
/* The ready line for people: what a terminal shows instead of one long line of JSON. Main thread. */
#include <irisx/value.h>
#include <stdio.h>

#include "sandbox/greet.h"

static void agents(const irisx_value_t *list, FILE *to)
{
    size_t n = irisx_value_count(list);
    const irisx_value_t *first = irisx_value_at(list, 0), *last = irisx_value_at(list, n - (n > 0));

    if (n)
        (void) fprintf(to, "  agents    %s to %s; the password of %s: %s\n",
            irisx_value_get_text(first, "extension", ""), irisx_value_get_text(last, "extension", ""),
            irisx_value_get_text(first, "extension", ""), irisx_value_get_text(first, "password", ""));
}

int sandbox_greet(const char *ready, size_t len, const char *ca_file, FILE *to)
{
    irisx_value_t *facts = NULL;
    irisx_error_t err = irisx_value_parse(ready, len, &facts, NULL);
    const irisx_value_t *user = irisx_value_get(facts, "user"), *numbers = irisx_value_get(facts, "numbers");
    const char *api = irisx_value_get_text(facts, "api_url", ""), *email = irisx_value_get_text(user, "email", "");

    if (err)
        return err;
    (void) fprintf(to, "A platform of your own, on this machine, until Ctrl-C.\n\n");
    (void) fprintf(to, "  API       %s\n  SIP       %s  realm %s\n", api, irisx_value_get_text(facts, "ws_url", ""),
        irisx_value_get_text(facts, "realm", ""));
    (void) fprintf(to, "  user      %s\n  password  %s\n  API key   %s\n", email,
        irisx_value_get_text(user, "password", ""), irisx_value_get_text(facts, "api_key", ""));
    agents(irisx_value_get(facts, "agents"), to);
    (void) fprintf(to, "  numbers   yours +12025550101; a person who answers %s; echo %s\n",
        irisx_value_get_text(numbers, "person", "-"), irisx_value_get_text(numbers, "echo", "-"));
    (void) fprintf(to, "\nIn another terminal:\n\n  irisx login --api-url %s --email %s%s%s\n", api, email,
        ca_file ? " --ca-file " : "", ca_file ? ca_file : "");
    (void) fprintf(to,
        "  irisx sms send --from +12025550101 --to +12025550199 --text 'Hello'\n"
        "  irisx sms list\n\n(--json prints all of it for programs, as standard output does that is no terminal.)\n");
    irisx_value_free(facts);
    return fflush(to) ? IRISX_E_IO : 0;
}
