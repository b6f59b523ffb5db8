/* SPDX-License-Identifier: MIT */
/* JSON values: making, changing, reading. A thin layer over jansson that adds limits and lenient numbers. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "json/tree.h"

static json_t *tree(const irisx_value_t *v)
{
    return (json_t *) (void *) v;
}

static irisx_value_t *value(json_t *j)
{
    return (irisx_value_t *) (void *) j;
}

/* ---- making ------------------------------------------------------------------------------ */

irisx_value_t *irisx_value_new_object(void)
{
    return value(json_object());
}

irisx_value_t *irisx_value_new_array(void)
{
    return value(json_array());
}

irisx_value_t *irisx_value_new_text(const char *text)
{
    return text != NULL && ix_utf8_valid(text, strlen(text)) ? value(json_string_nocheck(text)) : NULL;
}

irisx_value_t *irisx_value_new_int(int64_t number)
{
    return value(json_integer(number));
}

irisx_value_t *irisx_value_new_num(double number)
{
    return isfinite(number) ? value(json_real(number)) : NULL;
}

irisx_value_t *irisx_value_new_bool(int32_t truth)
{
    return value(json_boolean(truth));
}

irisx_value_t *irisx_value_new_null(void)
{
    return value(json_null());
}

irisx_value_t *ix_json_new_str(struct ix_str text)
{
    return value(json_stringn_nocheck(text.n > 0 ? text.p : "", text.n));
}

int ix_json_add_member(irisx_value_t *object, const char *key, irisx_value_t *v)
{
    return json_object_set_new_nocheck(tree(object), key, tree(v)) == 0 ? 0 : IRISX_E_NO_MEMORY;
}

int ix_json_add_item(irisx_value_t *array, irisx_value_t *v)
{
    return json_array_append_new(tree(array), tree(v)) == 0 ? 0 : IRISX_E_NO_MEMORY;
}

irisx_value_t *irisx_value_dup(const irisx_value_t *v)
{
    if (ix_json_node(v) != NULL)
        return ix_json_node_dup(ix_json_node(v));
    return v != NULL ? value(json_deep_copy(tree(v))) : NULL;
}

void irisx_value_free(irisx_value_t *v)
{
    if (ix_json_node(v) != NULL)
        ix_json_node_free(ix_json_node(v));
    else
        json_decref(tree(v));
}

/* ---- changing ---------------------------------------------------------------------------- */

static size_t child_depth_max(const json_t *j, size_t left);

/* Levels of containers from j down; stops looking at `left` + 1. */
static size_t depth(const json_t *j, size_t left)
{
    if (!json_is_array(j) && !json_is_object(j))
        return 0;
    return left == 0 ? 1 : 1 + child_depth_max(j, left - 1);
}

static size_t child_depth_max(const json_t *j, size_t left)
{
    size_t deepest = 0;
    size_t d;

    for (size_t i = 0; i < json_array_size(j); i++) {
        d = depth(json_array_get(j, i), left);
        deepest = IX_MAX(deepest, d);
    }
    for (void *it = json_object_iter((json_t *) j); it != NULL; it = json_object_iter_next((json_t *) j, it)) {
        d = depth(json_object_iter_value(it), left);
        deepest = IX_MAX(deepest, d);
    }
    return deepest;
}

static int check_taken(const json_t *parent, const json_t *child)
{
    if (child == NULL)
        return IRISX_E_NO_MEMORY;
    if (child == parent || ix_json_node(value((json_t *) child)) != NULL) /* what was read belongs to its tree */
        return IRISX_E_INVALID;
    return depth(child, IX_JSON_MAX_DEPTH - 1) >= IX_JSON_MAX_DEPTH ? IRISX_E_TOO_LARGE : 0;
}

/* A value put into itself stays with its owner: freeing it would free both sides of the mistake. */
static irisx_error_t refuse(irisx_value_t *parent, irisx_value_t *child, int err)
{
    if (child != parent)
        irisx_value_free(child);
    return (irisx_error_t) err;
}

irisx_error_t irisx_value_set_take(irisx_value_t *object, const char *key, irisx_value_t *v)
{
    if (!json_is_object(tree(object)) || key == NULL || !ix_utf8_valid(key, strlen(key)))
        return refuse(object, v, IRISX_E_INVALID);
    int err = check_taken(tree(object), tree(v));
    if (err != 0)
        return refuse(object, v, err);
    return (irisx_error_t) ix_json_add_member(object, key, v);
}

irisx_error_t irisx_value_add_take(irisx_value_t *array, irisx_value_t *v)
{
    if (!json_is_array(tree(array)))
        return refuse(array, v, IRISX_E_INVALID);
    int err = check_taken(tree(array), tree(v));
    if (err != 0)
        return refuse(array, v, err);
    return (irisx_error_t) ix_json_add_item(array, v);
}

irisx_error_t irisx_value_set_text(irisx_value_t *object, const char *key, const char *text)
{
    if (text == NULL)
        return IRISX_E_INVALID;
    return (irisx_error_t) ix_json_set_str(object, key, ix_str(text));
}

int ix_json_set_str(irisx_value_t *object, const char *key, struct ix_str text)
{
    if (!ix_utf8_valid(text.p, text.n) || ix_str_find(text, '\0') != SIZE_MAX)
        return IRISX_E_INVALID;
    return irisx_value_set_take(object, key, ix_json_new_str(text));
}

irisx_error_t irisx_value_set_int(irisx_value_t *object, const char *key, int64_t number)
{
    return irisx_value_set_take(object, key, irisx_value_new_int(number));
}

irisx_error_t irisx_value_set_num(irisx_value_t *object, const char *key, double number)
{
    return isfinite(number) ? irisx_value_set_take(object, key, irisx_value_new_num(number)) : IRISX_E_INVALID;
}

irisx_error_t irisx_value_set_bool(irisx_value_t *object, const char *key, int32_t truth)
{
    return irisx_value_set_take(object, key, irisx_value_new_bool(truth));
}

irisx_error_t irisx_value_set_null(irisx_value_t *object, const char *key)
{
    return irisx_value_set_take(object, key, irisx_value_new_null());
}

irisx_error_t irisx_value_add_text(irisx_value_t *array, const char *text)
{
    if (text == NULL || !ix_utf8_valid(text, strlen(text)))
        return IRISX_E_INVALID;
    return irisx_value_add_take(array, value(json_string_nocheck(text)));
}

irisx_error_t irisx_value_add_int(irisx_value_t *array, int64_t number)
{
    return irisx_value_add_take(array, irisx_value_new_int(number));
}

irisx_error_t irisx_value_remove(irisx_value_t *object, const char *key)
{
    if (!json_is_object(tree(object)) || key == NULL)
        return IRISX_E_INVALID;
    return json_object_del(tree(object), key) == 0 ? IRISX_OK : IRISX_E_NOT_FOUND;
}

/* ---- reading ----------------------------------------------------------------------------- */

irisx_value_type_t irisx_value_type(const irisx_value_t *v)
{
    const struct ix_json_node *n = ix_json_node(v);

    if (v == NULL || n != NULL)
        return n != NULL ? ix_json_node_type(n) : IRISX_VALUE_NONE;
    switch (json_typeof(tree(v))) {
    case JSON_OBJECT:
        return IRISX_VALUE_OBJECT;
    case JSON_ARRAY:
        return IRISX_VALUE_ARRAY;
    case JSON_STRING:
        return IRISX_VALUE_TEXT;
    case JSON_INTEGER:
        return IRISX_VALUE_INT;
    case JSON_REAL:
        return IRISX_VALUE_NUM;
    case JSON_TRUE:
    case JSON_FALSE:
        return IRISX_VALUE_BOOL;
    case JSON_NULL:
        return IRISX_VALUE_NULL;
    }
    return IRISX_VALUE_NONE;
}

size_t irisx_value_count(const irisx_value_t *v)
{
    const struct ix_json_node *n = ix_json_node(v);

    if (n != NULL)
        return ix_json_node_type(n) >= IRISX_VALUE_ARRAY ? n->count : 0;
    return json_is_object(tree(v)) ? json_object_size(tree(v)) : json_array_size(tree(v));
}

const irisx_value_t *irisx_value_get(const irisx_value_t *v, const char *key)
{
    const struct ix_json_node *n = ix_json_node(v);
    const struct ix_json_pair *pair = n != NULL && key != NULL ? ix_json_node_find(n, key) : NULL;

    if (n != NULL)
        return pair != NULL ? ix_json_node_value(&pair->value) : NULL;
    return key != NULL ? value(json_object_get(tree(v), key)) : NULL;
}

const irisx_value_t *irisx_value_at(const irisx_value_t *v, size_t index)
{
    const struct ix_json_node *n = ix_json_node(v);

    if (n == NULL)
        return value(json_array_get(tree(v), index));
    return ix_json_node_type(n) == IRISX_VALUE_ARRAY && index < n->count ? ix_json_node_value(&n->u.items[index])
                                                                         : NULL;
}

const char *irisx_value_next_key(const irisx_value_t *v, const char *key)
{
    const struct ix_json_node *n = ix_json_node(v);
    struct ix_json_member m = { 0 };

    if (n != NULL)
        m.at = key != NULL ? (void *) (uintptr_t) ix_json_node_find(n, key) : NULL;
    else if (key != NULL)
        m.at = json_object_iter_at(tree(v), key);
    return (key == NULL || m.at != NULL) && ix_json_next(v, &m) ? m.key : NULL;
}

bool ix_json_next(const irisx_value_t *object, struct ix_json_member *m)
{
    const struct ix_json_node *n = ix_json_node(object);
    json_t *o = tree(object);

    if (n != NULL) {
        const struct ix_json_pair *pair = m->at == NULL ? n->u.pairs : (const struct ix_json_pair *) m->at + 1;
        if (ix_json_node_type(n) != IRISX_VALUE_OBJECT || pair == NULL || pair == n->u.pairs + n->count)
            return false;
        *m = (struct ix_json_member){ pair->key, ix_json_node_value(&pair->value), (void *) (uintptr_t) pair };
        return true;
    }
    m->at = m->at == NULL ? json_object_iter(o) : json_object_iter_next(o, m->at);
    if (m->at == NULL)
        return false;
    m->key = json_object_iter_key(m->at);
    m->value = (const irisx_value_t *) (const void *) json_object_iter_value(m->at);
    return true;
}

static bool equal_parts(const irisx_value_t *a, const irisx_value_t *b)
{
    struct ix_json_member m = { 0 };

    if (irisx_value_count(a) != irisx_value_count(b))
        return false;
    while (ix_json_next(a, &m))
        if (!irisx_value_equal(m.value, irisx_value_get(b, m.key)))
            return false;
    if (irisx_value_type(a) == IRISX_VALUE_ARRAY)
        for (size_t i = 0; i < irisx_value_count(a); i++)
            if (!irisx_value_equal(irisx_value_at(a, i), irisx_value_at(b, i)))
                return false;
    return true;
}

int32_t irisx_value_equal(const irisx_value_t *a, const irisx_value_t *b)
{
    irisx_value_type_t type = irisx_value_type(a);

    if (type != irisx_value_type(b) || type == IRISX_VALUE_NONE)
        return 0;
    if (type == IRISX_VALUE_NUM)
        return !(irisx_value_num(a, 0) < irisx_value_num(b, 0)) && !(irisx_value_num(a, 0) > irisx_value_num(b, 0));
    return ix_str_eq(ix_json_str(a), ix_json_str(b)) && equal_parts(a, b) &&
           (type != IRISX_VALUE_INT || irisx_value_int(a, 0) == irisx_value_int(b, 0)) &&
           irisx_value_bool(a, 0) == irisx_value_bool(b, 0);
}

const char *irisx_value_text(const irisx_value_t *v, const char *fallback)
{
    const struct ix_json_node *n = ix_json_node(v);

    if (n != NULL)
        return ix_json_node_type(n) == IRISX_VALUE_TEXT ? n->u.text : fallback;
    return json_is_string(tree(v)) ? json_string_value(tree(v)) : fallback;
}

static int64_t int_of_real(double real, int64_t fallback)
{
    /* both bounds are exact as doubles; the upper one is 2^63, which does not fit any more */
    return real >= -0x1p63 && real < 0x1p63 && floor(real) == real ? (int64_t) real : fallback;
}

int64_t irisx_value_int(const irisx_value_t *v, int64_t fallback)
{
    const struct ix_json_node *n = ix_json_node(v);
    struct ix_json_number number;

    if (n != NULL && ix_json_node_type(n) == IRISX_VALUE_INT)
        return n->u.i;
    if (n != NULL && ix_json_node_type(n) == IRISX_VALUE_NUM)
        return int_of_real(n->u.d, fallback);
    if (json_is_integer(tree(v)))
        return json_integer_value(tree(v));
    if (json_is_real(tree(v)))
        return int_of_real(json_real_value(tree(v)), fallback);
    return ix_json_number(ix_json_str(v), &number) == 0 && number.is_int ? number.i : fallback;
}

double irisx_value_num(const irisx_value_t *v, double fallback)
{
    const struct ix_json_node *n = ix_json_node(v);
    struct ix_json_number number;

    if (n != NULL && ix_json_node_type(n) == IRISX_VALUE_INT)
        return (double) n->u.i;
    if (n != NULL && ix_json_node_type(n) == IRISX_VALUE_NUM)
        return n->u.d;
    if (json_is_number(tree(v)))
        return json_number_value(tree(v));
    if (ix_json_number(ix_json_str(v), &number) != 0)
        return fallback;
    return number.is_int ? (double) number.i : number.d;
}

int32_t irisx_value_bool(const irisx_value_t *v, int32_t fallback)
{
    const struct ix_json_node *n = ix_json_node(v);

    if (n != NULL)
        return ix_json_node_type(n) == IRISX_VALUE_BOOL ? n->u.i != 0 : fallback;
    return json_is_boolean(tree(v)) ? json_is_true(tree(v)) : fallback;
}

const char *irisx_value_get_text(const irisx_value_t *v, const char *key, const char *fallback)
{
    return irisx_value_text(irisx_value_get(v, key), fallback);
}

int64_t irisx_value_get_int(const irisx_value_t *v, const char *key, int64_t fallback)
{
    return irisx_value_int(irisx_value_get(v, key), fallback);
}

double irisx_value_get_num(const irisx_value_t *v, const char *key, double fallback)
{
    return irisx_value_num(irisx_value_get(v, key), fallback);
}

int32_t irisx_value_get_bool(const irisx_value_t *v, const char *key, int32_t fallback)
{
    return irisx_value_bool(irisx_value_get(v, key), fallback);
}

struct ix_str ix_json_str(const irisx_value_t *v)
{
    const struct ix_json_node *n = ix_json_node(v);

    if (n != NULL)
        return ix_json_node_type(n) == IRISX_VALUE_TEXT ? ix_str_n(n->u.text, n->count) : IX_STR_NONE;
    return ix_str_n(json_string_value(tree(v)), json_string_length(tree(v)));
}

struct ix_str ix_json_get_str(const irisx_value_t *v, const char *key)
{
    return ix_json_str(irisx_value_get(v, key));
}

const irisx_value_t *ix_json_path(const irisx_value_t *v, const char *path)
{
    struct ix_str rest = ix_str(path);
    struct ix_str step;
    char key[128];

    while (v != NULL && ix_str_cut(&rest, '.', &step))
        v = ix_str_copy(key, sizeof key, step) == 0 ? irisx_value_get(v, key) : NULL;
    return v;
}
