/* SPDX-License-Identifier: MIT */
/**
 * @file api.h
 * @brief REST: what the generated headers irisx/api/GROUP.h stand on, and the calls by operation id or by path.
 *
 * Each operation of the platform has an id ("calls.create"), a stable number, a struct of parameters and a struct of
 * results. `irisx_api_calls_create(client, &params, &op)` of irisx/api/calls.h is an inline function over
 * irisx_api_submit; `irisx_api_calls_create_result(op)` one over irisx_api_result.
 *
 * Parameters: a text is absent if NULL and null if IRISX_NULL_TEXT; numbers and booleans are irisx_opt_*_t; a list is
 * absent while its items are NULL; ids are texts, written as JSON numbers where the platform wants that. `extra`, the
 * last member, is an object whose members are merged into the request last (it may replace what the struct says).
 * Zeroed memory is "all absent": `irisx_api_calls_create_params_t p = { .to = "+12025550199" };`
 *
 * Results: const structs, borrowed from the op. `raw` is the JSON value a struct was read from, so that members newer
 * than this library stay reachable. Texts the platform sent as null or not at all are NULL; ids and decimals are texts
 * whatever the platform sent; times are Unix milliseconds.
 */
#ifndef IRISX_API_H
#define IRISX_API_H

#include <irisx/client.h>
#include <irisx/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether an optional value is there. Zeroed memory is absent. */
typedef enum irisx_opt_state { IRISX_OPT_ABSENT = 0, IRISX_OPT_SET = 1, IRISX_OPT_NULL = 2 } irisx_opt_state_t;

/** Integer; in results also a time in Unix milliseconds (members named *_ms). */
typedef struct irisx_opt_int {
    int64_t value;
    int32_t state; /**< irisx_opt_state_t */
} irisx_opt_int_t;

/** Number. Money and other decimals are texts, never this. */
typedef struct irisx_opt_num {
    double value;
    int32_t state; /**< irisx_opt_state_t */
} irisx_opt_num_t;

/** Boolean. */
typedef struct irisx_opt_bool {
    int32_t value; /**< 0 or 1 */
    int32_t state; /**< irisx_opt_state_t */
} irisx_opt_bool_t;

/** List of texts. Parameters: absent while items is NULL; a list of none has items non-NULL and count 0. */
typedef struct irisx_text_list {
    const char *const *items;
    size_t count;
} irisx_text_list_t;

/** List of integers; as irisx_text_list_t. */
typedef struct irisx_int_list {
    const int64_t *items;
    size_t count;
} irisx_int_list_t;

/** The text parameter that is sent as null: compared by address, never read. */
IRISX_API extern const char irisx_null_text[];
/** Pass this for a text that is to be sent as null. */
#define IRISX_NULL_TEXT (irisx_null_text)

/* Values for parameters: `.limit = irisx_int(10)`. */
static inline irisx_opt_int_t irisx_int(int64_t value)
{
    irisx_opt_int_t v = { value, IRISX_OPT_SET };
    return v;
}
static inline irisx_opt_num_t irisx_num(double value)
{
    irisx_opt_num_t v = { value, IRISX_OPT_SET };
    return v;
}
static inline irisx_opt_bool_t irisx_bool(int32_t value)
{
    irisx_opt_bool_t v = { value ? 1 : 0, IRISX_OPT_SET };
    return v;
}

/**
 * Sends an operation by its number: what the generated functions call.
 * @param number stable number of the operation (IRISX_API_CALLS_CREATE)
 * @param params the operation's parameters struct; NULL: none set. Copied
 * @param extra_at offsetof(that struct, extra): a program built with older headers knows fewer members
 * @param op_out the caller owns a reference; NULL allowed
 * @return IRISX_OK (accepted; wrong parameters end the op with IRISX_E_INVALID, its error names each); IRISX_E_INVALID
 *         (no such operation), IRISX_E_CLOSED, IRISX_E_STATE (client without api_url), IRISX_E_NO_MEMORY
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_api_submit(
    irisx_client_t *client, uint32_t number, const void *params, size_t extra_at, irisx_op_t **op_out);

/**
 * Result struct of an ended op. Borrowed from op.
 * @return NULL while it runs, after a failure (but see the operation: auth.login gives it with IRISX_E_AUTH
 *         "requires_2fa"), or if op is not operation `number`
 * @thread any @since 0.1
 */
IRISX_API const void *irisx_api_result(const irisx_op_t *op, uint32_t number);

/**
 * Sends an operation by its id, parameters as an object: members of the path, the query and the body side by side,
 * under their names on the wire. Checked by the same tables; unknown members go into the body (query, if there is
 * none).
 * @param id "sms.send"
 * @param params object; NULL: none. Copied
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_api_call(
    irisx_client_t *client, const char *id, const irisx_value_t *params, irisx_op_t **op_out);

/**
 * Sends what is newer than this library. Retried only where the method alone makes that safe.
 * @param method "GET", "POST", "PUT", "PATCH", "DELETE"
 * @param path escaped, with query: "/v1/things?limit=2"
 * @param body NULL: none. Copied
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_api_request(
    irisx_client_t *client, const char *method, const char *path, const irisx_value_t *body, irisx_op_t **op_out);

#ifdef __cplusplus
}
#endif
#endif
