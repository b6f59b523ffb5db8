/* SPDX-License-Identifier: MIT */
/* The exported half of the REST API: by number, by id, by path. Everything typed is generated on top of these. */
#include <string.h>

#include "client/private.h"

/* Parameters are checked here, on the caller's thread: what is wrong with them is a failed op with all details. */
static irisx_error_t submit(irisx_client_t *c, const struct ix_api_op *api, struct ix_http_request *request,
    struct ix_http_error *e, int err, irisx_api_options_t *options, irisx_op_t **op_out)
{
    irisx_op_t *op;

    if (err == IRISX_E_NO_MEMORY || !(op = ix_op_new(c))) {
        ix_http_error_clear(e);
        ix_http_request_clear(request);
        ix_api_options_free(options);
        return IRISX_E_NO_MEMORY;
    }
    op->options = options;
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
    if (options && options->dry_run)
        ix_preview(op, api, request);
    else
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

/* the checked source of parameters, or a failed op that says what is wrong with it */
static irisx_error_t call(irisx_client_t *client, const struct ix_api_op *api, struct ix_api_params *p,
    const irisx_api_options_t *given, irisx_op_t **op_out)
{
    struct ix_http_request request = { 0 };
    struct ix_http_error e = { 0 };
    irisx_api_options_t *options = NULL;
    irisx_error_t err = ready(client);

    if (!err)
        err = (irisx_error_t) ix_api_options_take(given, &options);
    if (err)
        return err;
    p->strict = ix_client_strict(client, options);
    p->upload = options ? options->upload : NULL;
    return submit(client, api, &request, &e, ix_api_encode(api, p, &request, &e), options, op_out);
}

irisx_error_t irisx_api_submit(irisx_client_t *client, uint32_t number, const void *params, size_t extra_at,
    const irisx_api_options_t *options, irisx_op_t **op_out)
{
    struct ix_api_params p = { .fields = params, .extra_at = extra_at };
    const struct ix_api_op *api = ix_api_find_number(number);

    if (!client || !api)
        return client ? (irisx_error_t) ix_api_missing_number(number) : IRISX_E_INVALID;
    return call(client, api, &p, options, op_out);
}

irisx_error_t irisx_api_call(irisx_client_t *client, const char *id, const irisx_value_t *params,
    const irisx_api_options_t *options, irisx_op_t **op_out)
{
    struct ix_api_params p = { .value = params };
    const struct ix_api_op *api = ix_api_find(id);

    if (!client || !api)
        return client ? (irisx_error_t) ix_api_missing(id) : IRISX_E_INVALID;
    return call(client, api, &p, options, op_out);
}

irisx_error_t irisx_api_call_text(
    irisx_client_t *client, const char *id, const char *json, const irisx_api_options_t *options, irisx_op_t **op_out)
{
    const struct ix_api_op *api = id ? ix_api_find(id) : NULL;
    struct ix_http_request request = { 0 };
    struct ix_http_error e = { 0 };
    irisx_value_error_t place;
    irisx_value_t *params = NULL;
    irisx_error_t err = json && *json ? irisx_value_parse(json, strlen(json), &params, &place) : IRISX_OK;

    if (!err) {
        err = irisx_api_call(client, id, params, options, op_out);
        irisx_value_free(params);
        return err;
    }
    if (ready(client) || !api)
        return ready(client) ? ready(client) : (irisx_error_t) ix_api_missing(id);
    ix_http_error_set(&e, err == IRISX_E_NO_MEMORY ? err : IRISX_E_INVALID, IRISX_DOMAIN_LOCAL, "validation",
        "%s: the parameters are not JSON: line %u, column %u: %s", id, place.line, place.column, place.message);
    return submit(client, api, &request, &e, e.info.code, NULL, op_out);
}

irisx_error_t irisx_api_request(irisx_client_t *client, const char *method, const char *path, const irisx_value_t *body,
    const irisx_api_options_t *options, irisx_op_t **op_out)
{
    struct ix_http_request request = { 0 };
    struct ix_http_error e = { 0 };
    irisx_api_options_t *copy = NULL;
    irisx_error_t err = ready(client);

    if (!err && (!method || !path))
        err = IRISX_E_INVALID;
    if (!err)
        err = (irisx_error_t) ix_api_options_take(options, &copy);
    if (err)
        return err;
    return submit(client, NULL, &request, &e,
        ix_api_encode_raw(method, path, body, copy ? copy->upload : NULL, &request, &e), copy, op_out);
}

const void *irisx_api_result(const irisx_op_t *op, uint32_t number)
{
    return irisx_op_done(op) && op->api_number == number ? op->answer.result : NULL;
}

const irisx_api_content_t *irisx_api_content(const irisx_op_t *op)
{
    return irisx_op_done(op) && op->answer.content.status ? &op->answer.content : NULL;
}

irisx_value_t *irisx_api_operations(void)
{
    return ix_api_operations();
}

irisx_error_t irisx_api_describe(const char *id, irisx_value_t **value_out)
{
    const struct ix_api_op *api = ix_api_find(id);
    irisx_value_t *v;

    if (!id || !value_out)
        return IRISX_E_INVALID;
    if (!api)
        return (irisx_error_t) ix_api_missing(id);
    v = ix_api_describe(api);
    if (!v)
        return IRISX_E_NO_MEMORY;
    *value_out = v;
    return IRISX_OK;
}
