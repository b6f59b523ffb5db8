/* SPDX-License-Identifier: MIT */
/*
 * Bodies that are no JSON: forms (application/x-www-form-urlencoded), parts of multipart/form-data (RFC 7578), bytes.
 */
#include "api/tables.h"

#include <inttypes.h>
#include <string.h>

#include "json/json.h"

/* a scalar as text */
struct ix_str ix_api_scalar_text(const struct ix_api_cell *c, char *storage, size_t cap)
{
    struct ix_buf text;

    if (c->type == IX_CELL_TEXT)
        return c->text;
    ix_buf_init_fixed(&text, storage, cap);
    if (c->type == IX_CELL_INT)
        ix_buf_fmt(&text, "%" PRId64, c->i);
    else if (c->type == IX_CELL_NUM)
        ix_json_write_num(&text, c->d);
    else if (c->type == IX_CELL_BOOL)
        ix_buf_str(&text, c->i != 0 ? "true" : "false");
    return ix_str_n(text.p, text.n);
}

bool ix_api_has_member(const struct ix_api_set *s, const struct ix_api_type *t, const char *key)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(ix_api_text(s, ix_api_field(s, t, i).name), key) == 0)
            return true;
    return false;
}

static char *dup_or_null(const char *text, int *err)
{
    char *copy = text != NULL ? ix_dup_cstr(text) : NULL;

    if (text != NULL && copy == NULL)
        *err = IRISX_E_NO_MEMORY;
    return copy;
}

int ix_api_source_take(struct ix_http_source *to, const irisx_upload_t *from)
{
    int err = 0;

    *to = (struct ix_http_source){
        .len = from->data != NULL ? from->len : 0, .read = from->read, .user_data = from->user_data, .size = from->size
    };
    to->path = dup_or_null(from->path, &err);
    to->file_name = dup_or_null(from->file_name, &err);
    to->content_type = dup_or_null(from->content_type, &err);
    to->data = from->data != NULL ? ix_dup_mem(from->data, from->len) : NULL;
    return from->data != NULL && to->data == NULL ? IRISX_E_NO_MEMORY : err;
}

/* "recordings/a.wav" → "a.wav" */
static const char *last_part(const char *path)
{
    const char *name = path;

    for (; path != NULL && *path != '\0'; path++)
        if (*path == '/' || *path == '\\')
            name = path + 1;
    return name;
}

/* a file in dynamic parameters: its path, or {"path" or "text", "file_name", "content_type"} */
static irisx_upload_t upload_of(const struct ix_api_cell *c)
{
    if (c->type == IX_CELL_FILE)
        return *(const irisx_upload_t *) c->memory;
    irisx_upload_t u = { .path = c->type == IX_CELL_TEXT ? irisx_value_text(c->value, NULL)
                                                         : irisx_value_get_text(c->value, "path", NULL) };
    if (c->type == IX_CELL_OBJECT) {
        struct ix_str text = ix_json_get_str(c->value, "text");
        u.data = u.path == NULL ? text.p : NULL;
        u.len = text.n;
        u.file_name = irisx_value_get_text(c->value, "file_name", NULL);
        u.content_type = irisx_value_get_text(c->value, "content_type", NULL);
    }
    return u;
}

static int file_part(struct ix_http_source *to, const struct ix_api_cell *c)
{
    irisx_upload_t u = upload_of(c);

    if ((u.path != NULL) + (u.data != NULL) + (u.read != NULL) != 1)
        return IRISX_E_INVALID;
    if (u.file_name == NULL)
        u.file_name = u.path != NULL ? last_part(u.path) : "file";
    return ix_api_source_take(to, &u);
}

/* a member of a form as text: objects and lists as JSON */
static void form_text(
    struct ix_buf *b, const struct ix_api_encoder *e, const struct ix_api_field *f, const struct ix_api_cell *c)
{
    char storage[64];

    if (c->type == IX_CELL_LIST || c->type == IX_CELL_OBJECT || c->type == IX_CELL_JSON) {
        if (c->value != NULL && irisx_value_type(c->value) == IRISX_VALUE_TEXT)
            ix_buf_strv(b, ix_json_str(c->value));
        else if (f == NULL)
            ix_json_write(b, c->value);
        else
            ix_api_put_value(b, e->set, f, c);
    } else {
        ix_buf_strv(b, ix_api_scalar_text(c, storage, sizeof storage));
    }
}

static void put_part(
    struct ix_api_encoder *e, const struct ix_api_field *f, const char *name, const struct ix_api_cell *c)
{
    struct ix_http_part *more = ix_realloc(e->parts, (e->part_count + 1) * sizeof *more);
    struct ix_buf text;

    if (more == NULL) {
        e->err = IRISX_E_NO_MEMORY;
        return;
    }
    e->parts = more;
    struct ix_http_part *part = &e->parts[e->part_count++];
    *part = (struct ix_http_part){ .name = dup_or_null(name, &e->err) };
    if (f != NULL && f->kind == IX_API_KIND_FILE) {
        int err = file_part(&part->source, c);
        e->err = e->err != 0 ? e->err : err;
        return;
    }
    ix_buf_init(&text, IX_API_MAX_BODY);
    form_text(&text, e, f, c);
    part->source.len = text.n;
    part->source.data = text.err == 0 ? (text.n > 0 ? ix_buf_take(&text) : ix_dup_cstr("")) : NULL;
    if (part->source.data == NULL)
        e->err = text.err != 0 ? text.err : IRISX_E_NO_MEMORY;
    ix_buf_clear(&text);
}

static void put_pair(
    struct ix_api_encoder *e, const struct ix_api_field *f, const char *name, const struct ix_api_cell *c)
{
    struct ix_buf text;

    ix_buf_init(&text, IX_API_MAX_BODY);
    form_text(&text, e, f, c);
    if (e->body.n > 0)
        ix_buf_u8(&e->body, '&');
    ix_percent_encode(&e->body, ix_str(name));
    ix_buf_u8(&e->body, '=');
    ix_percent_encode(&e->body, ix_str_n(text.p, text.n));
    if (text.err != 0)
        e->err = text.err;
    ix_buf_clear(&text);
}

static void form_member(
    struct ix_api_encoder *e, const struct ix_api_field *f, const char *name, const struct ix_api_cell *c)
{
    if (c->type == IX_CELL_ABSENT || c->type == IX_CELL_NULL || e->err != 0)
        return; /* a form cannot say null */
    if (e->op->body == IX_HTTP_BODY_MULTIPART)
        put_part(e, f, name, c);
    else
        put_pair(e, f, name, c);
}

void ix_api_put_form(struct ix_api_encoder *e)
{
    struct ix_api_walk w = { 0 };

    for (const struct ix_api_field *f = ix_api_walk(e->set, e->type, &w); f != NULL;
         f = ix_api_walk(e->set, e->type, &w)) {
        struct ix_api_cell c = ix_api_cell(e->set, &e->from, f, w.offset);
        if ((f->flags & IX_API_IN_BODY) != 0)
            form_member(e, f, ix_api_text(e->set, f->name), &c);
    }
    const irisx_value_t *more = ix_api_extra(&e->from);
    for (const char *k = irisx_value_next_key(more, NULL); k != NULL; k = irisx_value_next_key(more, k)) {
        struct ix_api_cell c = ix_api_cell_of(irisx_value_get(more, k));
        if (!ix_api_has_member(e->set, e->type, k))
            form_member(e, NULL, k, &c);
    }
}
