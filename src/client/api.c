/* SPDX-License-Identifier: MIT */
/* The exported half of the REST API: by number, by id, by path. Everything typed is generated on top of these. */
#include <string.h>

#include "client/private.h"

/* Parameters are checked here, on the caller's thread: what is wrong with them is a failed op with all details. */
static irisx_error_t submit(irisx_client_t *c, const struct ix_api_op *api, struct ix_http_request *request,
    struct ix_http_error *e, int err, irisx_op_t **op_out)
{
    irisx_op_t *op;

    if (err == IRISX_E_NO_MEMORY || !(op = ix_op_new(c))) {
        ix_http_error_clear(e);
        ix_http_request_clear(request);
        return IRISX_E_NO_MEMORY;
    }
    if (err) {
        struct failure f = { 0 };

        ix_failure_clear(&f);
        ix_failure_from_http(&f, e);
        ix_http_error_clear(e);
        ix_op_finish(op, &f);
        ix_failure_clear(&f);
        ix_op_give(op, op_out);
        return IRISX_OK; /* accepted, and ended: the op tells which member is wrong */
    }
    err = ix_rest_submit(c, op, api, request);
    ix_http_request_clear(request);
    if (err) {
        ix_op_discard(op);
        return (irisx_error_t) err;
    }
    ix_op_give(op, op_out);
    return IRISX_OK;
}

static irisx_error_t ready(const irisx_client_t *c)
{
    if (!c)
        return IRISX_E_INVALID;
    if (!ix_client_usable(c))
        return IRISX_E_CLOSED;
    return c->o.api_url ? IRISX_OK : IRISX_E_STATE;
}

irisx_error_t irisx_api_submit(
    irisx_client_t *client, uint32_t number, const void *params, size_t extra_at, irisx_op_t **op_out)
{
    struct ix_api_params p = { .fields = params, .extra_at = extra_at };
    const struct ix_api_op *api = ix_api_find_number(number);
    struct ix_http_request request = { 0 };
    struct ix_http_error e = { 0 };
    irisx_error_t err = ready(client);

    if (err || !api)
        return err ? err : IRISX_E_INVALID;
    return submit(client, api, &request, &e, ix_api_encode(api, &p, &request, &e), op_out);
}

irisx_error_t irisx_api_call(irisx_client_t *client, const char *id, const irisx_value_t *params, irisx_op_t **op_out)
{
    struct ix_api_params p = { .value = params };
    const struct ix_api_op *api = id ? ix_api_find(id) : NULL;
    struct ix_http_request request = { 0 };
    struct ix_http_error e = { 0 };
    irisx_error_t err = ready(client);

    if (err || !api)
        return err ? err : IRISX_E_INVALID;
    return submit(client, api, &request, &e, ix_api_encode(api, &p, &request, &e), op_out);
}

irisx_error_t irisx_api_request(
    irisx_client_t *client, const char *method, const char *path, const irisx_value_t *body, irisx_op_t **op_out)
{
    struct ix_http_request request = { 0 };
    struct ix_http_error e = { 0 };
    irisx_error_t err = ready(client);

    if (err || !method || !path)
        return err ? err : IRISX_E_INVALID;
    return submit(client, NULL, &request, &e, ix_api_encode_raw(method, path, body, &request, &e), op_out);
}

const void *irisx_api_result(const irisx_op_t *op, uint32_t number)
{
    return irisx_op_done(op) && op->api_number == number ? op->answer.result : NULL;
}
