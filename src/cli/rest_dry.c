/* SPDX-License-Identifier: MIT */
/* --dry-run: the request as it would go out, without secrets. */
#include <stdlib.h>
#include <string.h>

#include "cli/rest.h"

static void print_body(const irisx_value_t *body)
{
    char *text = cell_text(body), *shown = text ? text_fit(text, 0) : NULL;

    (void) printf("\n%s\n", shown ? shown : "");
    free(shown);
    free(text);
}

static void print_request(const irisx_value_t *request)
{
    const irisx_value_t *headers = irisx_value_get(request, "headers"), *body = irisx_value_get(request, "body");

    cli_line(stdout, "%s %s", irisx_value_get_text(request, "method", ""), irisx_value_get_text(request, "url", ""));
    for (const char *k = irisx_value_next_key(headers, NULL); k; k = irisx_value_next_key(headers, k))
        cli_line(stdout, "%s: %s", k, irisx_value_get_text(headers, k, ""));
    if (irisx_value_type(body) == IRISX_VALUE_ARRAY) {
        for (size_t i = 0; i < irisx_value_count(body); i++)
            print_body(irisx_value_at(body, i));
    } else if (body) {
        print_body(body);
    }
}

int rest_dry(irisx_client_t *client, const struct rest_call *call, const irisx_api_options_t *given)
{
    irisx_api_options_t o = *given;
    irisx_op_t *op = NULL;
    irisx_error_t err;
    int code = EXIT_OK;

    o.dry_run = 1;
    err = rest_submit(client, call, &o, &op);
    if (!err)
        err = irisx_op_wait(op, 0); /* it has ended already */
    if (err && op)
        code = rest_failed(call, irisx_op_error(op));
    else if (err)
        code = cli_fail_code(call->common, err, rest_doing(call), NULL);
    else if (call->common->json)
        code = cli_print_value(irisx_op_value(op));
    else
        print_request(irisx_op_value(op));
    irisx_op_unref(op);
    return code;
}
