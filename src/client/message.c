/* SPDX-License-Identifier: MIT */
/* SMS in one line each, over the operations of openapi/irisx.yaml. */
#include <stdio.h>
#include <string.h>

#include "client/private.h"

static irisx_error_t call_with(
    irisx_client_t *client, const char *id, irisx_value_t *params, int err, irisx_op_t **op_out)
{
    irisx_error_t result = err ? IRISX_E_NO_MEMORY : irisx_api_call(client, id, params, NULL, op_out);

    irisx_value_free(params);
    return result;
}

irisx_error_t irisx_sms_send(
    irisx_client_t *client, const char *from, const char *to, const char *text, irisx_op_t **op_out)
{
    irisx_value_t *params;
    int err;

    if (!from || !to || !text)
        return IRISX_E_INVALID;
    params = irisx_value_new_object();
    if (!params)
        return IRISX_E_NO_MEMORY;
    err = irisx_value_set_text(params, "from", from) || irisx_value_set_text(params, "to", to) ||
          irisx_value_set_text(params, "message", text);
    return call_with(client, "sms.send", params, err, op_out);
}

irisx_error_t irisx_sms_list(irisx_client_t *client, uint32_t page, uint32_t limit, irisx_op_t **op_out)
{
    irisx_value_t *params = irisx_value_new_object();
    int err;

    if (!params)
        return IRISX_E_NO_MEMORY;
    err = irisx_value_set_int(params, "page", page ? page : 1) ||
          irisx_value_set_int(params, "limit", limit ? limit : 50);
    return call_with(client, "sms.list", params, err, op_out);
}

/* ---- by sid: the platform's GET knows numeric ids only, so the newest pages of the list are searched --- */
#define SEARCH_PAGES 20
#define SEARCH_LIMIT 100

struct search {
    irisx_client_t *client; /* held */
    irisx_op_t *op; /* referenced */
    char sid[64];
    uint32_t page;
};

static void search_end(struct search *s, const struct failure *f)
{
    ix_op_finish(s->op, f);
    irisx_op_unref(s->op);
    ix_client_release(s->client);
    ix_free(s);
}

static void search_fail(struct search *s, int code, const char *message)
{
    struct failure f = { 0 };

    ix_failure_clear(&f);
    ix_failure_set(&f, code, IRISX_DOMAIN_HTTP, 0, message, NULL);
    search_end(s, &f);
    ix_failure_clear(&f);
}

static void search_page(void *ctx, irisx_op_t *op);

static int search_next(struct search *s)
{
    irisx_value_t *params = irisx_value_new_object();
    int err;

    if (!params)
        return IRISX_E_NO_MEMORY;
    err = irisx_value_set_int(params, "page", ++s->page) || irisx_value_set_int(params, "limit", SEARCH_LIMIT)
              ? IRISX_E_NO_MEMORY
              : 0;
    if (!err)
        err = ix_rest_submit_then(s->client, "sms.list", params, search_page, s);
    irisx_value_free(params);
    return err;
}

/* {"message": {row}}, as GET by id answers */
static int found(struct search *s, const irisx_value_t *row)
{
    irisx_value_t *root = irisx_value_new_object();
    irisx_value_t *copy = irisx_value_dup(row);

    if (!root || !copy || irisx_value_set_take(root, "message", copy)) {
        irisx_value_free(root);
        return IRISX_E_NO_MEMORY;
    }
    s->op->answer.root = root;
    return 0;
}

static void search_page(void *ctx, irisx_op_t *op)
{
    struct search *s = ctx;
    const irisx_value_t *list = irisx_value_get(irisx_op_value(op), "messages");
    int err;

    if (irisx_op_error(op)->code) {
        search_end(s, &op->error);
        return;
    }
    for (size_t i = 0; i < irisx_value_count(list); i++) {
        const irisx_value_t *row = irisx_value_at(list, i);

        if (strcmp(irisx_value_get_text(row, "message_sid", ""), s->sid) != 0)
            continue;
        err = found(s, row);
        if (err)
            search_fail(s, err, NULL);
        else
            search_end(s, NULL);
        return;
    }
    if (!irisx_value_count(list) || s->page >= SEARCH_PAGES)
        search_fail(s, IRISX_E_NOT_FOUND, "no message with this sid among the newest ones");
    else if ((err = search_next(s)) != 0)
        search_fail(s, err, NULL);
}

static irisx_error_t get_by_sid(irisx_client_t *client, const char *sid, irisx_op_t **op_out)
{
    struct search *s;
    int err;

    if (!client)
        return IRISX_E_INVALID;
    if (!ix_client_usable(client))
        return IRISX_E_CLOSED;
    if (!client->o.api_url)
        return IRISX_E_STATE;
    s = ix_alloc(sizeof *s);
    if (!s)
        return IRISX_E_NO_MEMORY;
    s->op = ix_op_new(client);
    if (!s->op) {
        ix_free(s);
        return IRISX_E_NO_MEMORY;
    }
    s->client = ix_client_hold(client);
    (void) snprintf(s->sid, sizeof s->sid, "%s", sid); /* a longer one is not found */
    (void) irisx_op_ref(s->op);
    ix_op_give(s->op, op_out);
    err = search_next(s);
    if (err)
        search_fail(s, err, NULL);
    return IRISX_OK;
}

irisx_error_t irisx_sms_get(irisx_client_t *client, const char *id_or_sid, irisx_op_t **op_out)
{
    irisx_value_t *params;
    int err;

    if (!id_or_sid || !*id_or_sid)
        return IRISX_E_INVALID;
    if (ix_str_starts(ix_str(id_or_sid), IX_STR("SM")))
        return get_by_sid(client, id_or_sid, op_out);
    params = irisx_value_new_object();
    if (!params)
        return IRISX_E_NO_MEMORY;
    err = irisx_value_set_text(params, "id", id_or_sid);
    return call_with(client, "sms.get", params, err, op_out);
}
