/* SPDX-License-Identifier: MIT */
/* The secrets of a receiver: several at once, so that one can be replaced without a gap; changed while it runs. */
#include <string.h>

#include "client/private.h"

void ix_secrets_init(struct ix_secrets *s)
{
    memset(s, 0, sizeof *s);
    (void) pthread_mutex_init(&s->lock, NULL); /* cannot fail with default attributes */
}

static void forget(char *secret)
{
    if (secret)
        ix_wipe(secret, strlen(secret));
    ix_free(secret);
}

void ix_secrets_clear(struct ix_secrets *s)
{
    while (s->count)
        forget(s->list[--s->count]);
    (void) pthread_mutex_destroy(&s->lock);
}

static size_t position(const struct ix_secrets *s, const char *secret)
{
    size_t i = 0;

    while (i < s->count && strcmp(s->list[i], secret) != 0)
        i++;
    return i;
}

int ix_secrets_add(struct ix_secrets *s, const char *secret)
{
    char *copy;
    int err = 0;

    if (!secret || !*secret)
        return IRISX_E_INVALID;
    copy = ix_dup_cstr(secret);
    if (!copy)
        return IRISX_E_NO_MEMORY;
    pthread_mutex_lock(&s->lock);
    if (position(s, secret) == s->count) {
        err = s->count < IX_SECRETS_MAX ? 0 : IRISX_E_LIMIT;
        if (!err) {
            s->list[s->count++] = copy;
            copy = NULL;
        }
    }
    pthread_mutex_unlock(&s->lock);
    forget(copy);
    return err;
}

int ix_secrets_remove(struct ix_secrets *s, const char *secret)
{
    char *gone = NULL;
    size_t i;

    if (!secret || !*secret)
        return IRISX_E_INVALID;
    pthread_mutex_lock(&s->lock);
    i = position(s, secret);
    if (i < s->count) {
        gone = s->list[i];
        s->list[i] = s->list[--s->count];
    }
    pthread_mutex_unlock(&s->lock);
    forget(gone);
    return gone ? 0 : IRISX_E_NOT_FOUND;
}

size_t ix_secrets_lock(struct ix_secrets *s, struct ix_str out[IX_SECRETS_MAX])
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->count; i++)
        out[i] = ix_str(s->list[i]);
    return s->count;
}

void ix_secrets_unlock(struct ix_secrets *s)
{
    pthread_mutex_unlock(&s->lock);
}
