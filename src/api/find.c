/* SPDX-License-Identifier: MIT */
/* Operations by id, by number, by place. */
#include "api/tables.h"

#include <string.h>

const struct ix_api_op *ix_api_find_in(const struct ix_api_set *s, const char *id)
{
    size_t low = 0;
    size_t high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(id, ix_api_text(s, s->ops[middle].id));
        if (order == 0)
            return &s->ops[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct ix_api_op *ix_api_find_number_in(const struct ix_api_set *s, uint32_t number)
{
    size_t low = 0;
    size_t high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct ix_api_op *op = &s->ops[s->by_number[middle]];
        if (op->number == number)
            return op;
        if (number < op->number)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

size_t ix_api_count(void)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return s.count;
}

const struct ix_api_op *ix_api_at(size_t index)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return index < s.count ? &s.ops[index] : NULL;
}

const struct ix_api_op *ix_api_find(const char *id)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return id != NULL ? ix_api_find_in(&s, id) : NULL;
}

const struct ix_api_op *ix_api_find_number(uint32_t number)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_find_number_in(&s, number);
}

void ix_api_info(const struct ix_api_op *op, struct ix_api_info *out)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
    struct ix_api_set s;

    ix_api_set_platform(&s);
    out->id = ix_api_text(&s, op->id);
    out->method = methods[op->method];
    out->path = ix_api_text(&s, op->path);
    out->group = ix_api_name(&s, op->group);
    out->number = op->number;
    out->availability = (enum ix_api_availability) op->availability;
    out->auth = (enum ix_http_auth) op->auth;
    out->retry = (enum ix_retry_class) op->retry;
    out->paging = (enum ix_api_paging) op->paging;
    out->status = op->status;
}
