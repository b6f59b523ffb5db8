/* SPDX-License-Identifier: MIT */
/*
 * The form of the tables that tools/apigen writes: rows of numbers. Texts are offsets into one array, everything else
 * is an index, so that the tables hold no address (docs/design/api.md).
 */
#ifndef IX_API_TABLES_H
#define IX_API_TABLES_H

#include "api/api.h"

enum ix_api_kind {
    IX_API_KIND_TEXT = 1,
    IX_API_KIND_ID = 2, /* text here; text or number from the wire */
    IX_API_KIND_ID_NUMBER = 3, /* text here, a JSON number on the wire */
    IX_API_KIND_DECIMAL = 4, /* text on both sides; a number from the wire is taken too */
    IX_API_KIND_DECIMAL_NUMBER = 5, /* text here, a JSON number on the wire */
    IX_API_KIND_TIME = 6, /* results: irisx_opt_int_t, Unix ms */
    IX_API_KIND_INT = 7,
    IX_API_KIND_NUM = 8,
    IX_API_KIND_BOOL = 9,
    IX_API_KIND_TEXT_LIST = 10,
    IX_API_KIND_NUMBER_TEXT_LIST = 11, /* texts here, JSON numbers on the wire */
    IX_API_KIND_INT_LIST = 12,
    IX_API_KIND_JSON = 13,
    IX_API_KIND_OBJECT = 14, /* pointer to struct */
    IX_API_KIND_OBJECT_LIST = 15 /* items: pointer to pointers to structs, count */
};
enum { /* flags of a field */
    IX_API_REQUIRED = 1,
    IX_API_NULLABLE = 2,
    IX_API_IN_PATH = 4,
    IX_API_IN_QUERY = 8,
    IX_API_IN_BODY = 16,
    IX_API_CSV = 32 /* a list in the query: one parameter, commas between */
};
struct ix_api_field {
    uint16_t name; /* in names: on the wire; "" in a result: the value itself */
    uint16_t offset; /* in the struct */
    uint8_t kind;
    uint8_t flags;
    uint16_t sub; /* OBJECT, OBJECT_LIST: index of its type (limits of such lists are left to the platform); else its
                     rule, 0 none */
};
struct ix_api_type {
    uint32_t first; /* field */
    uint16_t count;
    uint16_t size; /* of a result's struct, which begins with raw; of parameters: where extra lies, their last member */
};
enum { IX_API_HAS_MIN = 1, IX_API_HAS_MAX = 2 };
enum ix_api_format {
    IX_API_FORMAT_NONE = 0,
    IX_API_FORMAT_EMAIL = 1,
    IX_API_FORMAT_URL = 2,
    IX_API_FORMAT_UUID = 3,
    IX_API_FORMAT_DATETIME = 4,
    IX_API_FORMAT_DATE = 5,
    IX_API_FORMAT_TIME = 6
};
struct ix_api_rule { /* of a number its value, of a text its characters, of a list its items */
    int64_t min, max;
    uint32_t pattern; /* "" none */
    uint16_t first_value, value_count;
    uint8_t flags;
    uint8_t format;
};
struct ix_api_variant { /* a body discriminated by the member `by` of its operation */
    uint32_t value;
    uint16_t type; /* its own rows about the operation's one params struct */
};
enum ix_api_method { IX_API_GET = 0, IX_API_POST = 1, IX_API_PUT = 2, IX_API_PATCH = 3, IX_API_DELETE = 4 };
struct ix_api_expect { /* an answer without this member of the result is an error of that reason */
    uint32_t member, reason, complaint;
    int32_t error;
};
struct ix_api_op {
    uint32_t id, path;
    uint16_t group; /* in names, as the next three */
    uint16_t unwrap; /* member of the answer that the result is read from; "" the answer itself */
    uint16_t items; /* path of the list from the root of the answer: "data.webhooks" */
    uint16_t by; /* discriminator of the body */
    uint16_t number;
    uint16_t params, result; /* types */
    uint16_t status;
    uint16_t first_variant, first_alias;
    uint8_t variant_count, alias_count;
    uint8_t expect; /* 0 none */
    uint8_t method, auth, retry, paging, availability, has_body;
};

struct ix_api_set { /* one generated set of tables; filled by code, so that no address lies in data */
    const char *text;
    const uint32_t *names; /* texts that many rows have */
    const struct ix_api_field *fields;
    const struct ix_api_type *types;
    const struct ix_api_rule *rules;
    const uint32_t *values;
    const struct ix_api_variant *variants;
    const uint32_t *aliases;
    const struct ix_api_expect *expects;
    const struct ix_api_op *ops; /* by id */
    const uint16_t *by_number; /* indices of ops, by number */
    size_t count;
};
void ix_api_set_platform(struct ix_api_set *out); /* generated */

static inline const char *ix_api_text(const struct ix_api_set *s, uint32_t offset)
{
    return s->text + offset;
}

static inline const char *ix_api_name(const struct ix_api_set *s, uint16_t index)
{
    return s->text + s->names[index];
}

/* ---- one member, wherever it comes from (cell.c) ----------------------------------------- */
enum ix_api_cell_type {
    IX_CELL_ABSENT = 0,
    IX_CELL_NULL,
    IX_CELL_TEXT,
    IX_CELL_INT,
    IX_CELL_NUM,
    IX_CELL_BOOL,
    IX_CELL_LIST,
    IX_CELL_OBJECT,
    IX_CELL_JSON /* any value, as it is */
};
struct ix_api_cell {
    enum ix_api_cell_type type;
    struct ix_str text;
    int64_t i;
    double d;
    const irisx_value_t *value; /* LIST, OBJECT, JSON from a value; else NULL */
    const void *memory; /* LIST: items, OBJECT: struct; from a struct */
    size_t count; /* LIST */
    size_t extra_at; /* OBJECT from a struct */
};
struct ix_api_source { /* what members are taken from: a struct, a value, or nothing */
    const void *fields;
    size_t extra_at;
    const irisx_value_t *value;
};
struct ix_api_cell ix_api_cell(
    const struct ix_api_set *s, const struct ix_api_source *from, const struct ix_api_field *f);
struct ix_api_cell ix_api_cell_of(const irisx_value_t *v); /* as it is, of no particular kind */
struct ix_api_cell ix_api_cell_item(
    const struct ix_api_set *s, const struct ix_api_field *f, const struct ix_api_cell *list, size_t i);
struct ix_api_source ix_api_cell_source(const struct ix_api_cell *object);
const irisx_value_t *ix_api_extra(const struct ix_api_source *from); /* object or NULL */
bool ix_api_is_number_text(struct ix_str s); /* a JSON number */

/* ---- checking (validate.c) --------------------------------------------------------------- */
struct ix_api_check {
    const struct ix_api_set *set;
    struct ix_api_issues *issues;
    bool strict;
    bool wire; /* what came over the wire: ids in the form it has there, null only where it may stand */
    bool result; /* an answer: lenient about the forms of ids, numbers and times */
    uint8_t where; /* fields with any of these flags; 0 all */
    char path[IX_API_PATH_MAX];
};
void ix_api_check_type(struct ix_api_check *c, const struct ix_api_type *t, const struct ix_api_source *from);
void ix_api_check_unknown(struct ix_api_check *c, const struct ix_api_type *t, const irisx_value_t *object);
/* the rows that apply to a body: of the variant its discriminator names, else the operation's own */
const struct ix_api_type *ix_api_rows(
    const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_source *from);

/* ---- rules of texts (pattern.c) ---------------------------------------------------------- */
/*
 * A small part of regular expressions: ^ $ . literals \d \w \s \. [a-z] [^a-z] (?=...) ( ) | ? * + {m,n}. Bounded:
 * after 100000 steps it gives up and says that it matches, leaving the decision to the platform.
 */
bool ix_api_pattern(struct ix_str pattern, struct ix_str text);
bool ix_api_format(enum ix_api_format format, struct ix_str text);
const char *ix_api_format_name(enum ix_api_format format);
size_t ix_api_text_length(struct ix_str s); /* in UTF-16 units, as the platform counts */

/* ---- the same as api.h, over a given set ------------------------------------------------- */
const struct ix_api_op *ix_api_find_in(const struct ix_api_set *s, const char *id);
const struct ix_api_op *ix_api_find_number_in(const struct ix_api_set *s, uint32_t number);
int ix_api_encode_in(const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_params *params,
    struct ix_http_request *out, struct ix_http_error *error);
int ix_api_decode_in(const struct ix_api_set *s, const struct ix_api_op *op, enum ix_retry_class cls,
    const struct ix_http_response *response, struct ix_api_answer *answer, struct ix_http_error *error);
const irisx_value_t *ix_api_items_in(const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *root);
void ix_api_pager_feed_in(const struct ix_api_set *s, struct ix_api_pager *p, const irisx_value_t *root);
bool ix_api_match_in(const struct ix_api_set *s, const char *method, const char *path, struct ix_api_match *out);
bool ix_api_validate_body_in(
    const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *body, struct ix_api_issues *out);
bool ix_api_validate_result_in(
    const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *root, struct ix_api_issues *out);

#endif
