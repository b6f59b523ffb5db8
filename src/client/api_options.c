/* SPDX-License-Identifier: MIT */
/* Options of a REST call, copied: the call outlives the caller's struct. */
#include <string.h>

#include "client/private.h"

void irisx_api_options_init(irisx_api_options_t *options, size_t size)
{
    memset(options, 0, size);
    options->struct_size = size;
}

static void upload_free(irisx_upload_t *u)
{
    if (!u)
        return;
    ix_free((char *) u->path);
    ix_free((void *) u->data);
    ix_free((char *) u->file_name);
    ix_free((char *) u->content_type);
    ix_free(u);
}

void ix_api_options_free(irisx_api_options_t *o)
{
    if (!o)
        return;
    upload_free((irisx_upload_t *) o->upload);
    ix_free((char *) o->idempotency_key);
    ix_free((char *) o->accept);
    ix_free((char *) o->save_as);
    ix_free((char *) o->sha256);
    ix_free(o);
}

bool ix_client_strict(const irisx_client_t *c, const irisx_api_options_t *o)
{
    int32_t check = o && o->check ? o->check : c->o.rest->check;

    return check == IRISX_CHECK_STRICT;
}

/* *to is not the caller's any more, whatever happens */
static bool take_text(const char **to)
{
    const char *given = *to;

    *to = given ? ix_dup_cstr(given) : NULL;
    return !given || *to;
}

static int upload_take(const irisx_upload_t *given, irisx_upload_t **out)
{
    irisx_upload_t *u;
    bool ok;

    if (!given)
        return 0;
    if ((given->path != NULL) + (given->data != NULL) + (given->read != NULL) != 1)
        return IRISX_E_INVALID;
    u = ix_alloc(sizeof *u);
    if (!u)
        return IRISX_E_NO_MEMORY;
    *u = *given;
    u->data = given->data ? ix_dup_mem(given->data, given->len) : NULL;
    ok = !given->data || u->data;
    ok = take_text(&u->path) && ok;
    ok = take_text(&u->file_name) && ok;
    ok = take_text(&u->content_type) && ok;
    if (ok)
        *out = u;
    else
        upload_free(u);
    return ok ? 0 : IRISX_E_NO_MEMORY;
}

/* a line break would be another header; an empty one is left out by libcurl, so that nobody would get the key */
static bool header_value(const char *text)
{
    return !text || (*text && ix_http_line_safe(text));
}

static bool sane(const irisx_api_options_t *o)
{
    return o->check >= IRISX_CHECK_DEFAULT && o->check <= IRISX_CHECK_STRICT && o->max_tries >= 0 &&
           o->idempotency >= IRISX_IDEMPOTENCY_DEFAULT && o->idempotency <= IRISX_IDEMPOTENCY_OFF &&
           !(o->save_as && o->on_data) && (!o->sha256 || strlen(o->sha256) == 64) && header_value(o->accept) &&
           header_value(o->idempotency_key);
}

int ix_api_options_take(const irisx_api_options_t *given, irisx_api_options_t **out)
{
    const irisx_upload_t *upload;
    irisx_api_options_t *o;
    bool ok;
    int err;

    if (!given)
        return 0;
    o = ix_alloc(sizeof *o);
    if (!o)
        return IRISX_E_NO_MEMORY;
    err = ix_options_read(o, sizeof *o, given);
    if (!err && !sane(o))
        err = IRISX_E_INVALID;
    if (err) {
        ix_free(o);
        return err;
    }
    upload = o->upload;
    o->upload = NULL;
    ok = take_text(&o->idempotency_key);
    ok = take_text(&o->accept) && ok;
    ok = take_text(&o->save_as) && ok;
    ok = take_text(&o->sha256) && ok;
    err = ok ? upload_take(upload, (irisx_upload_t **) &o->upload) : IRISX_E_NO_MEMORY;
    if (err)
        ix_api_options_free(o);
    else
        *out = o;
    return err;
}
