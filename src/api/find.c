/* SPDX-License-Identifier: MIT */
/* Operations by id, by number, by place; what hangs on them. */
#include "api/tables.h"

#include <string.h>

static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

const char *ix_api_method_name(const struct ix_api_op *op)
{
    return methods[op->method];
}

/* the words from the root to a node, each with the sign before it (not before the first, if it is a point) */
static void put_nodes(
    const struct ix_api_set *s, const struct ix_api_node *nodes, uint16_t node, char sign, struct ix_buf *b)
{
    uint16_t way[24];
    size_t n = 0;

    for (; node != 0 && n < IX_COUNT(way); node = nodes[node].parent)
        way[n++] = node;
    while (n-- > 0) {
        if (sign == '/' || b->n > 0)
            ix_buf_u8(b, (uint8_t) sign);
        ix_buf_str(b, ix_api_text(s, nodes[way[n]].word));
    }
    ix_buf_u8(b, 0); /* the generator saw to it that all fit */
}

void ix_api_put_id(const struct ix_api_set *s, const struct ix_api_op *op, char out[static IX_API_ID_MAX])
{
    struct ix_buf b;

    ix_buf_init_fixed(&b, out, IX_API_ID_MAX);
    put_nodes(s, s->ids, op->id, '.', &b);
}

void ix_api_put_path(const struct ix_api_set *s, uint16_t node, char out[static IX_API_ROUTE_MAX])
{
    struct ix_buf b;

    ix_buf_init_fixed(&b, out, IX_API_ROUTE_MAX);
    put_nodes(s, s->paths, node, '/', &b);
}

uint32_t ix_api_id_hash(const char *id)
{
    uint32_t h = UINT32_C(0x811c9dc5);

    for (; *id != '\0'; id++)
        h = (h ^ (unsigned char) *id) * UINT32_C(0x01000193);
    return h;
}

const struct ix_api_op *ix_api_find_in(const struct ix_api_set *s, const char *id)
{
    char have[IX_API_ID_MAX];
    size_t low = 0;
    size_t high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        ix_api_put_id(s, &s->ops[middle], have);
        int order = strcmp(id, have);
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

int ix_api_missing_in(const struct ix_api_set *s, const char *id)
{
    uint32_t hash = id != NULL ? ix_api_id_hash(id) : 0;

    for (size_t i = 0; id != NULL && i < s->left_out_count; i++)
        if (s->left_out[i] == hash)
            return IRISX_E_UNSUPPORTED;
    return IRISX_E_INVALID;
}

int ix_api_missing(const char *id)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return ix_api_missing_in(&s, id);
}

int ix_api_missing_number(uint32_t number)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    return number > 0 && number <= s.last_number ? IRISX_E_UNSUPPORTED : IRISX_E_INVALID;
}

/* ---- side tables ------------------------------------------------------------------------- */

const struct ix_api_media *ix_api_media(const struct ix_api_set *s, const struct ix_api_op *op)
{
    static const struct ix_api_media none;

    for (size_t i = 0; op->has_media && i < s->media_count; i++)
        if (s->media[i].op == ix_api_index(s, op))
            return &s->media[i];
    return &none;
}

const struct ix_api_expect *ix_api_expect(const struct ix_api_set *s, const struct ix_api_op *op)
{
    for (size_t i = 0; op->more && i < s->expect_count; i++)
        if (s->expects[i].op == ix_api_index(s, op))
            return &s->expects[i];
    return NULL;
}

const struct ix_api_op *ix_api_instead(const struct ix_api_set *s, const struct ix_api_op *op)
{
    for (size_t i = 0; i < s->instead_count; i++)
        if (s->insteads[i].op == ix_api_index(s, op))
            return &s->ops[s->insteads[i].other];
    return NULL;
}

size_t ix_api_variants(const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_variant **first)
{
    size_t n = 0;

    *first = NULL;
    for (size_t i = 0; op->more && i < s->variant_count; i++) {
        if (s->variants[i].op != ix_api_index(s, op))
            continue;
        if (n++ == 0)
            *first = &s->variants[i];
    }
    return n;
}

/* ---- over the platform's set ------------------------------------------------------------- */

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

uint32_t ix_api_number(const struct ix_api_op *op)
{
    return op->number;
}

void ix_api_info_in(const struct ix_api_set *s, const struct ix_api_op *op, struct ix_api_info *out)
{
    ix_api_put_id(s, op, out->id);
    ix_api_put_path(s, op->path, out->path);
    out->method = methods[op->method];
    out->group = ix_api_text(s, s->groups[op->group].name);
    out->family = ix_api_text(s, s->groups[op->group].family);
    out->number = op->number;
    out->availability = (enum ix_api_availability) op->availability;
    out->auth = (enum ix_http_auth) op->auth;
    out->retry = (enum ix_retry_class) op->retry;
    out->paging = (enum ix_api_paging) op->paging;
    out->status = s->statuses[op->status];
}

void ix_api_info(const struct ix_api_op *op, struct ix_api_info *out)
{
    struct ix_api_set s;

    ix_api_set_platform(&s);
    ix_api_info_in(&s, op, out);
}
