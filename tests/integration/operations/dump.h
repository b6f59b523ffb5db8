/* SPDX-License-Identifier: MIT */
/*
 * What a result struct holds, written down: {name=value;...} with members in the order of their names; texts <so>,
 * numbers and booleans bare, null where a member was null, nothing where it is absent; lists [...]; '+' at the end of
 * an object whose raw value has the member zz_new. tests/support/api_cases.py says the same from the contract.
 */
#ifndef OPERATIONS_DUMP_H
#define OPERATIONS_DUMP_H

#include <irisx/irisx.h>
#include <stdbool.h>

struct out {
    char *text; /* terminated */
    size_t n, room;
};
void dump_begin(struct out *o);
void dump_end(struct out *o, const irisx_value_t *raw);
void dump_key(struct out *o, const char *name);
void dump_end_member(struct out *o);
void dump_open(struct out *o);
void dump_close(struct out *o);
void dump_text(struct out *o, const char *name, const char *text);
void dump_int(struct out *o, const char *name, irisx_opt_int_t v);
void dump_num(struct out *o, const char *name, irisx_opt_num_t v);
void dump_bool(struct out *o, const char *name, irisx_opt_bool_t v);
void dump_json(struct out *o, const char *name, const irisx_value_t *v);
void dump_text_list(struct out *o, const char *name, irisx_text_list_t v);
void dump_int_list(struct out *o, const char *name, irisx_int_list_t v);
void dump_num_list(struct out *o, const char *name, irisx_num_list_t v);

/* ---- sending ----------------------------------------------------------------------------- */
enum mode { MODE_FULL, MODE_REQUIRED, MODE_NULL }; /* all members; required ones; required ones and nulls */
#define BAG_MAX 64
struct bag { /* values that a params struct points to */
    irisx_value_t *values[BAG_MAX];
    size_t count;
};
const irisx_value_t *json(struct bag *bag, const char *text);
irisx_opt_int_t null_int(void);
irisx_opt_num_t null_num(void);
irisx_opt_bool_t null_bool(void);

struct typed {
    uint32_t number, variant; /* of the body: 0 unless it has several */
    irisx_error_t (*send)(irisx_client_t *client, enum mode mode, struct bag *bag, irisx_op_t **op);
    bool (*read)(const irisx_op_t *op, struct out *out); /* false: there is no result */
};

#endif
