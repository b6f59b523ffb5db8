/* SPDX-License-Identifier: MIT */
/* Calls that outlive the process: the token is kept up to date on the call loop, given out and taken on any thread. */
#include <string.h>

#include "client/private.h"

#define TOKEN_MAX 65536

void ix_call_keep(irisx_call_t *call)
{
    irisx_client_t *c = call->client;
    struct ix_buf b;
    char *old;

    ix_buf_init(&b, TOKEN_MAX);
    if (!call->id || ix_call_save(ix_engine_phone(c->engine), call->id, &b)) {
        ix_buf_clear(&b);
        return; /* what was kept before may still do */
    }
    pthread_mutex_lock(&c->lock);
    old = call->token;
    call->token_len = b.n;
    call->token = ix_buf_take(&b);
    if (!call->token)
        call->token_len = 0;
    pthread_mutex_unlock(&c->lock);
    ix_free(old);
}

irisx_error_t irisx_call_save(irisx_call_t *call, char **data_out, size_t *len_out)
{
    irisx_error_t err = IRISX_E_STATE;
    char *copy = NULL;
    size_t n = 0;

    if (!call || !data_out || !len_out)
        return IRISX_E_INVALID;
    if (!ix_client_usable(call->client))
        return IRISX_E_CLOSED;
    pthread_mutex_lock(&call->client->lock);
    if (call->token && atomic_load(&call->state) != IRISX_CALL_ENDED) {
        n = call->token_len;
        copy = ix_dup_mem(call->token, n);
        err = copy ? IRISX_OK : IRISX_E_NO_MEMORY;
    }
    pthread_mutex_unlock(&call->client->lock);
    if (err)
        return err;
    *data_out = copy;
    *len_out = n;
    return IRISX_OK;
}

static irisx_error_t cancel(irisx_op_t *op)
{
    return irisx_call_hangup(op->call, NULL);
}

irisx_error_t irisx_client_resume(irisx_line_t *line, const void *data, size_t len, const irisx_call_options_t *options,
    irisx_call_t **call_out, irisx_op_t **op_out)
{
    irisx_call_options_t defaults = IRISX_CALL_OPTIONS_INIT;
    irisx_call_t *call;
    irisx_op_t *op = NULL;
    int err;

    if (!line || !data || len < 16)
        return line && data ? IRISX_E_FORMAT : IRISX_E_INVALID;
    if (len > TOKEN_MAX || memcmp(data, "IXCL", 4))
        return IRISX_E_FORMAT;
    if (!ix_client_usable(line->client))
        return IRISX_E_CLOSED;
    call = ix_call_make(line->client, line, false);
    if (!call)
        return IRISX_E_NO_MEMORY;
    err = ix_call_options_take(call, options ? options : &defaults);
    if (!err) {
        call->resume_token = ix_dup_mem(data, len);
        call->resume_len = len;
        op = ix_op_new(line->client);
        err = op && call->resume_token ? 0 : IRISX_E_NO_MEMORY;
    }
    if (!err) {
        atomic_store(&call->state, IRISX_CALL_DIALING);
        call->connecting = irisx_op_ref(op);
        op->cancel = cancel;
        op->call = call;
        err = ix_call_post(line->client, ix_call_dial_cmd, irisx_call_ref(call));
        if (err)
            irisx_call_unref(call);
    }
    if (err) {
        irisx_op_unref(call->connecting);
        ix_op_discard(op);
        irisx_call_unref(call);
        return (irisx_error_t) err;
    }
    ix_op_give(op, op_out);
    if (call_out)
        *call_out = call;
    else
        irisx_call_unref(call);
    return IRISX_OK;
}
