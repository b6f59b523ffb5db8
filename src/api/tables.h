/* SPDX-License-Identifier: MIT */
/*
 * The form of the tables that tools/apigen writes: rows of 16-bit numbers. Texts are places in one array, everything
 * else is an index, so that the tables hold no address; rows that are alike exist once (docs/design/api.md). Offsets in
 * structs are not stored: they follow from the kinds of the members, as the compiler derives them from the headers.
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
    IX_API_KIND_OBJECT_LIST = 15, /* items: pointer to pointers to structs, count */
    IX_API_KIND_NUM_LIST = 16,
    IX_API_KIND_FILE = 17, /* of a form: pointer to irisx_upload_t */
    IX_API_KIND_COUNT = 18
};
enum { /* flags of a field */
    IX_API_REQUIRED = 1,
    IX_API_NULLABLE = 2,
    IX_API_IN_PATH = 4,
    IX_API_IN_QUERY = 8,
    IX_API_IN_BODY = 16,
    IX_API_CSV = 32, /* a list in the query: one parameter, commas between */
    IX_API_IN_HEADER = 64,
    IX_API_IN_ANY = IX_API_IN_PATH | IX_API_IN_QUERY | IX_API_IN_BODY | IX_API_IN_HEADER
};
typedef uint16_t ix_api_word; /* a text: IX_API_WORD_STEP times this is its place in the texts; 0 is "" */
#define IX_API_WORD_STEP 2
struct ix_api_field { /* put together from four tables: of most, sub is 0, and kind and flags are few pairs */
    ix_api_word name; /* on the wire; "" in a result: the value itself */
    uint16_t sub; /* OBJECT, OBJECT_LIST: index of its type (limits of such lists are left to the platform); else its
                     rule, 0 none */
    uint8_t kind;
    uint8_t flags;
};
struct ix_api_trait {
    uint8_t kind;
    uint8_t flags;
};
struct ix_api_type {
    uint16_t first; /* of its members */
    uint16_t count;
};
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
    uint8_t min, max; /* index of limits; 0 none */
    uint8_t format;
    uint8_t value_count;
    ix_api_word pattern; /* "" none */
    uint16_t first_value;
};
enum ix_api_method { IX_API_GET = 0, IX_API_POST = 1, IX_API_PUT = 2, IX_API_PATCH = 3, IX_API_DELETE = 4 };
struct ix_api_node { /* a step of ids ("sms", "send") or of paths ("v1", "calls", "{sid}") */
    uint16_t parent; /* node; 0 the root */
    ix_api_word word;
};
struct ix_api_route { /* the operation's own path, and each alias; in order of node, then method */
    uint16_t node;
    uint16_t op;
};
/* What few operations have; in order of op. */
struct ix_api_variant { /* a body discriminated by the member `by` */
    uint16_t op;
    ix_api_word by, value;
    uint16_t type; /* its own rows about the operation's one params struct */
};
struct ix_api_expect { /* an answer without this member of the result is an error of that reason */
    uint16_t op;
    ix_api_word member, reason, complaint;
    int16_t error;
};
struct ix_api_instead { /* where a platform does not have `op` */
    uint16_t op, other;
};
struct ix_api_media { /* types other than JSON */
    uint16_t op;
    ix_api_word accept, send; /* "" JSON */
};
struct ix_api_op {
    uint16_t number;
    uint16_t id; /* node */
    uint16_t path; /* node */
    uint16_t params, result; /* types */
    ix_api_word unwrap; /* member of the answer that the result is read from; "" the answer itself */
    ix_api_word items; /* path of the list from the root of the answer: "data.webhooks" */
    uint8_t group;
    uint8_t method : 3, auth : 3, retry : 2;
    uint8_t paging : 4, availability : 2, content : 1 /* the answer is no JSON */, more : 1 /* variants or expect */;
    uint8_t body : 3 /* enum ix_http_body */, status : 3 /* index of statuses */, has_media : 1;
};
struct ix_api_group {
    ix_api_word name, family;
};

struct ix_api_set { /* one generated set of tables; filled by code, so that no address lies in data */
    const char *text;
    const struct ix_api_trait *traits;
    const ix_api_word *field_names;
    const uint8_t *field_traits;
    const uint16_t *field_subs; /* of the first sub_count fields */
    const uint16_t *members; /* fields, type by type */
    const struct ix_api_type *types;
    const struct ix_api_rule *rules;
    const double *limits;
    const ix_api_word *values;
    const struct ix_api_node *ids, *paths; /* a parent before its children */
    const struct ix_api_route *routes;
    const struct ix_api_variant *variants;
    const struct ix_api_expect *expects;
    const struct ix_api_instead *insteads;
    const struct ix_api_media *media;
    const struct ix_api_group *groups;
    const struct ix_api_op *ops; /* by id */
    const uint16_t *by_number; /* indices of ops, by number */
    const uint32_t *left_out; /* ix_api_id_hash of the ids that this build lacks, in order */
    const uint16_t *statuses;
    size_t count, sub_count;
    size_t path_count, route_count, variant_count, expect_count, instead_count, media_count, left_out_count;
    uint32_t last_number; /* of all operations, left out or not */
};
void ix_api_set_platform(struct ix_api_set *out); /* generated */

static inline const char *ix_api_text_in(const char *text, ix_api_word word)
{
    return text + (size_t) word * IX_API_WORD_STEP;
}

static inline const char *ix_api_text(const struct ix_api_set *s, ix_api_word word)
{
    return ix_api_text_in(s->text, word);
}

static inline size_t ix_api_index(const struct ix_api_set *s, const struct ix_api_op *op)
{
    return (size_t) (op - s->ops);
}

/* ---- what hangs on an operation (find.c) ------------------------------------------------- */
#define IX_API_ID_MAX 52
#define IX_API_ROUTE_MAX 192
void ix_api_put_id(const struct ix_api_set *s, const struct ix_api_op *op, char out[static IX_API_ID_MAX]);
void ix_api_put_path(const struct ix_api_set *s, uint16_t node, char out[static IX_API_ROUTE_MAX]);
uint32_t ix_api_id_hash(const char *id); /* FNV-1a */
const struct ix_api_media *ix_api_media(const struct ix_api_set *s, const struct ix_api_op *op); /* never NULL */
const struct ix_api_expect *ix_api_expect(const struct ix_api_set *s, const struct ix_api_op *op); /* NULL none */
const struct ix_api_op *ix_api_instead(const struct ix_api_set *s, const struct ix_api_op *op); /* NULL none */
/* the first of its variants and how many there are */
size_t ix_api_variants(const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_variant **first);
const char *ix_api_method_name(const struct ix_api_op *op);

/* ---- where members lie in structs (layout.c) --------------------------------------------- */
struct ix_api_walk { /* the members of a type, in order: { .next = 0 or sizeof(void *) for what stands before them } */
    size_t index; /* of the member given last, plus one */
    size_t offset; /* of the member given last */
    size_t next;
    size_t align; /* the largest of them */
    struct ix_api_field field; /* what was given last: valid until the next */
};
struct ix_api_field ix_api_field(const struct ix_api_set *s, const struct ix_api_type *t, size_t i); /* member i of t */
const struct ix_api_field *ix_api_walk(const struct ix_api_set *s, const struct ix_api_type *t, struct ix_api_walk *w);
/* on to the member of that name on the wire; NULL: none */
const struct ix_api_field *ix_api_walk_to(
    const struct ix_api_set *s, const struct ix_api_type *t, struct ix_str name, struct ix_api_walk *w);
/* of a result's struct, raw included; of a params struct: where extra lies */
size_t ix_api_result_size(const struct ix_api_set *s, const struct ix_api_type *t);
size_t ix_api_extra_at(const struct ix_api_set *s, const struct ix_api_type *t);

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
    IX_CELL_JSON, /* any value, as it is */
    IX_CELL_FILE /* memory: an irisx_upload_t */
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
/* offset: where the member lies in the struct, if there is one */
struct ix_api_cell ix_api_cell(
    const struct ix_api_set *s, const struct ix_api_source *from, const struct ix_api_field *f, size_t offset);
struct ix_api_cell ix_api_cell_of(const irisx_value_t *v); /* as it is, of no particular kind */
struct ix_api_cell ix_api_cell_item(
    const struct ix_api_set *s, const struct ix_api_field *f, const struct ix_api_cell *list, size_t i);
struct ix_api_source ix_api_cell_source(const struct ix_api_cell *object);
const irisx_value_t *ix_api_extra(const struct ix_api_source *from); /* object or NULL */
bool ix_api_is_number_text(struct ix_str s); /* a JSON number */

/* ---- writing a request (encode.c, form.c) ------------------------------------------------ */
#define IX_API_MAX_BODY ((size_t) 8 << 20)
struct ix_api_encoder {
    const struct ix_api_set *set;
    const struct ix_api_op *op;
    const struct ix_api_type *type; /* all rows of the parameters */
    struct ix_api_source from;
    struct ix_api_page page;
    struct ix_buf path, query, headers, body;
    struct ix_http_part *parts;
    size_t part_count;
    struct ix_http_source source;
    int err; /* of parts and source */
    uint8_t seen; /* flags of the members that are there */
};
void ix_api_put_value(
    struct ix_buf *b, const struct ix_api_set *s, const struct ix_api_field *f, const struct ix_api_cell *c);
struct ix_str ix_api_scalar_text(const struct ix_api_cell *c, char *storage, size_t cap);
bool ix_api_has_member(const struct ix_api_set *s, const struct ix_api_type *t, const char *key);
void ix_api_put_form(struct ix_api_encoder *e); /* FORM: into e->body; MULTIPART: into e->parts */
/* a copy of what is to be sent; *to is to be cleared whatever is returned */
int ix_api_source_take(struct ix_http_source *to, const irisx_upload_t *from);

/* ---- checking (validate.c) --------------------------------------------------------------- */
struct ix_api_check {
    const struct ix_api_set *set;
    struct ix_api_issues *issues;
    bool strict;
    bool wire; /* what came over the wire: ids in the form it has there, null only where it may stand */
    bool result; /* an answer: lenient about the forms of ids, numbers and times */
    uint8_t where; /* fields with any of these flags; 0 all */
    uint8_t seen; /* flags of the members that are there */
    char path[IX_API_PATH_MAX];
};
void ix_api_check_type(struct ix_api_check *c, const struct ix_api_type *t, const struct ix_api_source *from);
/* the body's members by the rows of a variant, which lie in the operation's one struct */
void ix_api_check_variant(struct ix_api_check *c, const struct ix_api_type *variant, const struct ix_api_source *from,
    const struct ix_api_type *flat);
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
int ix_api_missing_in(const struct ix_api_set *s, const char *id);
void ix_api_info_in(const struct ix_api_set *s, const struct ix_api_op *op, struct ix_api_info *out);
irisx_value_t *ix_api_operations_in(const struct ix_api_set *s);
irisx_value_t *ix_api_describe_in(const struct ix_api_set *s, const struct ix_api_op *op);
int ix_api_encode_in(const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_params *params,
    struct ix_http_request *out, struct ix_http_error *error);
int ix_api_decode_in(const struct ix_api_set *s, const struct ix_api_op *op, enum ix_retry_class cls,
    const struct ix_http_response *response, struct ix_api_answer *answer, struct ix_http_error *error);
const irisx_value_t *ix_api_items_in(const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *root);
size_t ix_api_pager_feed_in(const struct ix_api_set *s, struct ix_api_pager *p, const irisx_value_t *root);
const void *const *ix_api_item_structs_in(
    const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_answer *answer, size_t *count_out);
void ix_api_page_wish_in(const struct ix_api_set *s, const struct ix_api_op *op, const struct ix_api_params *params,
    uint64_t *first, uint64_t *limit);
bool ix_api_match_in(const struct ix_api_set *s, const char *method, const char *path, ix_api_served_fn served,
    struct ix_api_match *out);
bool ix_api_validate_body_in(
    const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *body, struct ix_api_issues *out);
bool ix_api_validate_result_in(
    const struct ix_api_set *s, const struct ix_api_op *op, const irisx_value_t *root, struct ix_api_issues *out);

#endif
