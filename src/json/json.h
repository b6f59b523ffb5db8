/* SPDX-License-Identifier: MIT */
/*
 * json: JSON values for all folders. The type and most functions are the public ones of <irisx/value.h>; here is what
 * needs views and buffers of core. An irisx_value_t is
 * a json_t of jansson, or a node of a parsed tree (tree.h), seen through another name.
 */
#ifndef IX_JSON_H
#define IX_JSON_H

#include <irisx/value.h>

#include "core/core.h"

#define IX_JSON_MAX_BYTES ((size_t) 16 << 20) /* of text to parse */
#define IX_JSON_MAX_DEPTH 128 /* arrays and objects inside each other */
#define IX_JSON_MAX_VALUES 262144 /* in one text: small values cost up to 100 times their text in memory */

/* as irisx_value_parse, but to a tree that is only read: its parts cannot be changed nor put into others */
int ix_json_parse(struct ix_str text, irisx_value_t **out, irisx_value_error_t *error);

/* the whole of s is one JSON number: IRISX_E_PROTOCOL if not; IRISX_E_TOO_LARGE; IRISX_E_NO_MEMORY */
struct ix_json_number {
    bool is_int;
    int64_t i; /* if is_int */
    double d; /* if not */
};
int ix_json_number(struct ix_str s, struct ix_json_number *out);

/* appends compact JSON; errors stick to b; NULL writes null */
void ix_json_write(struct ix_buf *b, const irisx_value_t *v);
void ix_json_write_num(
    struct ix_buf *b, double number); /* shortest text that reads back as the same number; NaN: null */
void ix_json_write_printed(struct ix_buf *b, struct ix_str printed); /* what printf's %g gave, in any locale */

/* views of texts, with what their length says; an empty view if it is no text */
struct ix_str ix_json_str(const irisx_value_t *v);
struct ix_str ix_json_get_str(const irisx_value_t *v, const char *key);
/* member of member: "data.items"; keys with a point in them cannot be reached so */
const irisx_value_t *ix_json_path(const irisx_value_t *v, const char *path);
/* the members of an object one after the other, in order: begin with { 0 }; false at the end. key, value borrowed */
struct ix_json_member {
    const char *key;
    const irisx_value_t *value;
    void *at;
};
bool ix_json_next(const irisx_value_t *object, struct ix_json_member *m);
/* without looking how deep the value is; taken, on failure too */
int ix_json_add_member(irisx_value_t *object, const char *key, irisx_value_t *v);
int ix_json_add_item(irisx_value_t *array, irisx_value_t *v);
irisx_value_t *ix_json_new_str(struct ix_str text); /* UTF-8 without NUL */
/* as irisx_value_set_text; IRISX_E_INVALID if not UTF-8 or if there is a NUL */
int ix_json_set_str(irisx_value_t *object, const char *key, struct ix_str text);

#endif
