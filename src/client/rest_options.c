/* SPDX-License-Identifier: MIT */
/* A client's options for REST, copied and checked before anything is made of them. */
#include <string.h>

#include "client/rest.h"

void irisx_rest_options_init(irisx_rest_options_t *options, size_t size)
{
    memset(options, 0, size);
    options->struct_size = size;
}

static const char **option_texts(irisx_rest_options_t *o, size_t i)
{
    const char **texts[] = { &o->fallback_urls, &o->health_path, &o->proxy, &o->no_proxy, &o->client_cert_file,
        &o->client_key_file, &o->pinned_keys, &o->rate_limits };

    return i < IX_COUNT(texts) ? texts[i] : NULL;
}

static bool web_urls(const char *text)
{
    struct ix_str rest = ix_str(text), one;

    while (ix_str_cut(&rest, ' ', &one))
        if (one.n && !ix_str_istarts(one, IX_STR("http://")) && !ix_str_istarts(one, IX_STR("https://")))
            return false;
    return true;
}

static bool pins(const char *text)
{
    struct ix_str rest = ix_str(text), one;

    while (ix_str_cut(&rest, ';', &one))
        if (!ix_str_starts(one, IX_STR("sha256//")))
            return false;
    return true;
}

static bool proxy_url(const char *text)
{
    static const char *const schemes[] = { "http://", "https://", "socks5://", "socks5h://" };

    for (size_t i = 0; text && *text && i < IX_COUNT(schemes); i++)
        if (ix_str_istarts(ix_str(text), ix_str(schemes[i])))
            return true;
    return !text || !*text;
}

static bool sane(const irisx_rest_options_t *o)
{
    return web_urls(o->fallback_urls) && pins(o->pinned_keys) && proxy_url(o->proxy) &&
           (!o->health_path || o->health_path[0] == '/') && o->idempotency >= IRISX_IDEMPOTENCY_DEFAULT &&
           o->idempotency <= IRISX_IDEMPOTENCY_OFF && o->check >= IRISX_CHECK_DEFAULT && o->check <= IRISX_CHECK_STRICT;
}

int ix_rest_options_take(irisx_client_options_t *o)
{
    irisx_rest_options_t *copy = ix_alloc(sizeof *copy);
    const irisx_rest_options_t defaults = IRISX_REST_OPTIONS_INIT;
    const char **text;
    int err;

    if (!copy)
        return IRISX_E_NO_MEMORY;
    err = ix_options_read(copy, sizeof *copy, o->rest ? o->rest : &defaults);
    if (!err && !sane(copy))
        err = IRISX_E_INVALID;
    if (err) {
        ix_free(copy);
        return err;
    }
    for (size_t i = 0; (text = option_texts(copy, i)) != NULL; i++) {
        const char *own = *text && **text ? ix_dup_cstr(*text) : NULL;

        if (*text && **text && !own)
            err = IRISX_E_NO_MEMORY;
        *text = own;
    }
    if (err)
        ix_rest_options_free(copy);
    else
        o->rest = copy;
    return err;
}

void ix_rest_options_free(const irisx_rest_options_t *o)
{
    irisx_rest_options_t *own = (irisx_rest_options_t *) (uintptr_t) o;
    const char **text;

    for (size_t i = 0; own && (text = option_texts(own, i)) != NULL; i++) {
        if (*text)
            ix_wipe((void *) (uintptr_t) *text, strlen(*text)); /* a proxy's has a password */
        ix_free((void *) (uintptr_t) *text);
    }
    ix_free(own);
}
