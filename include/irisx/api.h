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

/** List of numbers; as irisx_text_list_t. */
typedef struct irisx_num_list {
    const double *items;
    size_t count;
} irisx_num_list_t;

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

/* ---- bytes that are no JSON --------------------------------------------------------------- */

/**
 * The next piece of an upload. On the service thread: do not block for long.
 * @param data where it goes @param capacity room there, at least 1
 * @return bytes written; 0: the end; -1: give up (the op ends with IRISX_E_CANCELLED)
 */
typedef int64_t (*irisx_read_fn)(void *data, size_t capacity, void *user_data);
/**
 * A piece of an answer of success, decoded (gzip, chunks), in order; never of a refusal, whose text the error carries.
 * On the service thread: do not block for long. `data` is borrowed for the length of the call.
 * @return 0: go on; anything else: the op ends with IRISX_E_CANCELLED
 */
typedef int32_t (*irisx_write_fn)(const void *data, size_t len, void *user_data);
/** How far it is; at most ten times a second, and once at the end. total is 0 while unknown. On the service thread. */
typedef void (*irisx_progress_fn)(
    uint64_t sent, uint64_t send_total, uint64_t received, uint64_t receive_total, void *user_data);

/**
 * Where bytes to be sent come from: a member `file` of a form, or the whole body of an operation whose body is no JSON.
 * One of path, data and read.
 */
typedef struct irisx_upload {
    const char *path; /**< a file; read while it is sent. Copied text */
    const void *data; /**< bytes, copied */
    size_t len; /**< of data */
    irisx_read_fn read; /**< pieces on demand: sent once, never again (a try that fails after the first is the last) */
    void *user_data; /**< of read; must outlive the op */
    uint64_t size; /**< read: how many bytes it will give; 0: unknown */
    const char *file_name; /**< told to the platform in a form; NULL: the last part of path, or "file". Copied */
    const char *content_type; /**< NULL: what the contract says, else application/octet-stream. Copied */
} irisx_upload_t;

/** The answer of an operation that answers no JSON; begins as every result does. */
typedef struct irisx_api_content {
    const irisx_value_t *raw; /**< the answer after all, if it is JSON (a refusal with status 200, a chosen format) */
    const void
        *data; /**< the bytes; NULL if there are none, or if they went to save_as or on_data. With a NUL behind */
    size_t len;
    const char *content_type; /**< "text/csv; charset=utf-8"; NULL: none told */
    const char *file_name; /**< the platform's name for it, without any directory; NULL: none told */
    const char *location; /**< where a redirect points that is the answer itself (OAuth, tracked links); NULL: none */
    int32_t status; /**< HTTP status */
} irisx_api_content_t;

/* ---- options of one call ----------------------------------------------------------------- */

/** What is checked before anything is sent. */
typedef enum irisx_check {
    IRISX_CHECK_DEFAULT = 0, /**< as the client is set; a client that is not: IRISX_CHECK_BASIC */
    IRISX_CHECK_BASIC = 1, /**< required, type, segments of the path */
    IRISX_CHECK_STRICT = 2 /**< enums, limits, patterns, unknown members too */
} irisx_check_t;

/** Whether an Idempotency-Key goes with operations that are not safe to repeat, and what it is trusted with. */
typedef enum irisx_idempotency {
    IRISX_IDEMPOTENCY_DEFAULT = 0, /**< as the client is set; a client that is not: AUTO */
    IRISX_IDEMPOTENCY_AUTO = 1, /**< a key is sent; relied on only where the platform says that it honours keys */
    IRISX_IDEMPOTENCY_ON = 2, /**< sent and relied on: only for a platform known to honour keys */
    IRISX_IDEMPOTENCY_OFF = 3 /**< none is sent */
} irisx_idempotency_t;

/** Options of one REST call. Zero means default; texts are copied. */
typedef struct irisx_api_options {
    size_t struct_size; /**< Required: set by IRISX_API_OPTIONS_INIT */
    uint32_t timeout_ms; /**< whole operation, all tries and waits; 0: the client's request_timeout_ms */
    uint32_t connect_timeout_ms; /**< each try until connected, TLS included; 0: 10000 */
    uint32_t answer_timeout_ms; /**< each try, from the last byte sent to the first of the answer; 0: no own limit */
    uint32_t idle_timeout_ms; /**< each try, without a byte either way once it moves; 0: no own limit */
    int32_t check; /**< irisx_check_t */
    int32_t idempotency; /**< irisx_idempotency_t */
    const char *idempotency_key; /**< NULL: made by the library; one key for all tries of the call. No control
                                    character, not empty: IRISX_E_INVALID */
    int32_t max_tries; /**< the first one included; 0: 4; 1: never again */
    const irisx_upload_t *upload; /**< body of an operation whose body is no JSON; NULL: none */
    const char *accept; /**< media type asked for, checked as the key is; NULL: the contract's */
    const char *save_as; /**< file for the answer: written beside it, renamed when complete; NULL: memory */
    int32_t resume; /**< save_as: 1 goes on (by Range) where an interrupted download of the same thing ended */
    const char *sha256; /**< 64 hex digits the answer must have, else IRISX_E_SIGNATURE and no file; NULL: unchecked */
    irisx_write_fn on_data; /**< takes the answer piece by piece instead of memory or file; NULL: none */
    irisx_progress_fn on_progress; /**< NULL: none */
    void *user_data; /**< of on_data and on_progress; must outlive the op */
    uint64_t max_bytes; /**< of an answer to memory; 0: 16 MiB. Files and on_data: 0 no limit */
    int32_t dry_run; /**< 1: nothing is sent. The op ends at once; irisx_op_value is what would have been sent, without
                        secrets: {"method", "url", "headers" (object), "body" (JSON; parts of a form; {"file"})} */
} irisx_api_options_t;

/** Initialiser with every default. */
#define IRISX_API_OPTIONS_INIT      \
    {                               \
        sizeof(irisx_api_options_t) \
    }
/** Same as IRISX_API_OPTIONS_INIT, for languages without macros. @param size sizeof(irisx_api_options_t) */
IRISX_API void irisx_api_options_init(irisx_api_options_t *options, size_t size);

/* ---- calls ------------------------------------------------------------------------------- */

/**
 * Sends an operation by its number: what the generated functions call.
 * @param number stable number of the operation (IRISX_API_CALLS_CREATE)
 * @param params the operation's parameters struct; NULL: none set. Copied
 * @param extra_at offsetof(that struct, extra): a program built with older headers knows fewer members
 * @param options NULL: all defaults. Copied, but see its pointers
 * @param op_out the caller owns a reference; NULL allowed
 * @return IRISX_OK (accepted; wrong parameters end the op with IRISX_E_INVALID, its error names each);
 *         IRISX_E_UNSUPPORTED (this build of the library was made without the operation: meson option api),
 *         IRISX_E_INVALID (no such operation, option tail unknown), IRISX_E_CLOSED, IRISX_E_STATE (client without
 *         api_url), IRISX_E_NO_MEMORY. An op ends with IRISX_E_NOT_AVAILABLE where the platform at hand does not have
 *         the operation; its message names what to use instead.
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_api_submit(irisx_client_t *client, uint32_t number, const void *params, size_t extra_at,
    const irisx_api_options_t *options, irisx_op_t **op_out);

/**
 * Result struct of an ended op. Borrowed from op.
 * @return NULL while it runs, after a failure (but see the operation: auth.login gives it with IRISX_E_AUTH
 *         "requires_2fa"), or if op is not operation `number`
 * @thread any @since 0.1
 */
IRISX_API const void *irisx_api_result(const irisx_op_t *op, uint32_t number);

/**
 * What came as the answer, whatever the operation: status, content type, bytes. Borrowed from op.
 * @return NULL while it runs, or if there was no answer; after a JSON answer data is NULL and raw is the value
 * @thread any @since 0.1
 */
IRISX_API const irisx_api_content_t *irisx_api_content(const irisx_op_t *op);

/**
 * Sends an operation by its id, parameters as an object: members of the path, the query and the body side by side,
 * under their names on the wire. Checked by the same tables; unknown members go into the body (query, if there is
 * none). A file of a form is the text of its path, or an object {"path" or "text", "file_name", "content_type"}.
 * The answer is irisx_op_value, or irisx_api_content.
 * @param id "sms.send"
 * @param params object; NULL: none. Copied
 * @param options NULL: all defaults
 * @return as irisx_api_submit @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_api_call(irisx_client_t *client, const char *id, const irisx_value_t *params,
    const irisx_api_options_t *options, irisx_op_t **op_out);
/**
 * The same with the parameters as JSON text.
 * @param json "{\"to\":\"+12025550199\"}"; NULL or "": none
 * @return as irisx_api_submit; text that is not JSON ends the op with IRISX_E_INVALID and the place @thread any @since
 * 0.1
 */
IRISX_API irisx_error_t irisx_api_call_text(
    irisx_client_t *client, const char *id, const char *json, const irisx_api_options_t *options, irisx_op_t **op_out);

/**
 * Sends what is newer than this library. Retried only where the method alone makes that safe.
 * @param method "GET", "POST", "PUT", "PATCH", "DELETE"
 * @param path escaped, with query: "/v1/things?limit=2"
 * @param body NULL: none. Copied
 * @param options NULL: all defaults
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_api_request(irisx_client_t *client, const char *method, const char *path,
    const irisx_value_t *body, const irisx_api_options_t *options, irisx_op_t **op_out);

/* ---- what there is ----------------------------------------------------------------------- */

/**
 * Every operation of this build, in order of their ids: an array of {"id", "number", "method", "path", "family",
 * "group", "availability" ("mounted", "unmounted", "documented"), "aliases" (array of paths)}.
 * @return the caller frees it; NULL without memory @thread any @since 0.1
 */
IRISX_API irisx_value_t *irisx_api_operations(void);

/**
 * One operation: the members of irisx_api_operations, "auth" ("none", "jwt", "key_or_jwt", "admin", "key"), "retry"
 * ("safe", "idempotent", "unsafe"), "paging" ("P1" to "P10" or null), "items" (path of the list), "body" ("none",
 * "json", "form", "multipart", "raw"), "answer" ("json", "content"), "status", "instead" (id of what to use where a
 * platform does not have it, or null), "parameters" and "result".
 *
 * A parameter is {"name", "in" ("path", "query", "body", "header"), "type" ("string", "id", "decimal", "datetime",
 * "integer", "number", "boolean", "array", "object", "json", "file"), "items" (type of an array's), "required",
 * "nullable", "enum", "minimum", "maximum", "pattern", "format", "members" (of an object, or of the items)}; what does
 * not apply is missing. The result is an array of {"name", "type", "items", "nullable", "members"}.
 * @return IRISX_OK, IRISX_E_INVALID (no such operation), IRISX_E_UNSUPPORTED (left out of this build),
 * IRISX_E_NO_MEMORY
 * @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_api_describe(const char *id, irisx_value_t **value_out);

/* ---- lists, page by page ----------------------------------------------------------------- */

/** One list of the platform, read page by page. Shared: ref and unref. */
typedef struct irisx_pager irisx_pager_t;

/** Options of a pager. Zero means default. */
typedef struct irisx_pager_options {
    size_t struct_size; /**< Required: set by IRISX_PAGER_OPTIONS_INIT */
    uint32_t page_size; /**< asked for; 0: the params' limit, else the platform's default. Never sent as 0 */
    uint32_t prefetch; /**< pages asked for ahead of the application; 0: 1; UINT32_MAX: none. At most 8 */
    uint64_t first; /**< page number (from 1) or offset to begin with; 0: the params' own, else the beginning */
    uint64_t max_items; /**< stop after so many; 0: all */
    const irisx_api_options_t *call; /**< of each page; NULL: defaults. Copied; no upload, save_as or on_data */
    int32_t events; /**< 1: each page that arrives is an event too (IRISX_EVENT_OP_DONE); it then stays in memory until
                         that event is taken */
} irisx_pager_options_t;
/** Initialiser with every default. */
#define IRISX_PAGER_OPTIONS_INIT      \
    {                                 \
        sizeof(irisx_pager_options_t) \
    }
/** Same as IRISX_PAGER_OPTIONS_INIT, for languages without macros. @param size sizeof(irisx_pager_options_t) */
IRISX_API void irisx_pager_options_init(irisx_pager_options_t *options, size_t size);

/**
 * Reads a list by its number: what the generated irisx_api_X_pager functions call. The first page is asked for at once;
 * at most `prefetch` pages wait for the application, so that memory stays bounded however long the list is.
 * @return as irisx_api_submit; IRISX_E_INVALID also if the operation has no pages @thread any @since 0.1
 */
IRISX_API irisx_error_t irisx_pager_new(irisx_client_t *client, uint32_t number, const void *params, size_t extra_at,
    const irisx_pager_options_t *options, irisx_pager_t **pager_out);
/** Reads a list by its id, parameters as irisx_api_call takes them. @thread any @since 0.1 */
IRISX_API irisx_error_t irisx_pager_call(irisx_client_t *client, const char *id, const irisx_value_t *params,
    const irisx_pager_options_t *options, irisx_pager_t **pager_out);
/** Takes one more reference; gives pager back. NULL allowed. @thread any */
IRISX_API irisx_pager_t *irisx_pager_ref(irisx_pager_t *pager);
/** Gives up one reference; the last one cancels what runs and drops what was fetched. NULL allowed. @thread any */
IRISX_API void irisx_pager_unref(irisx_pager_t *pager);
/** Nothing more is asked for; the next call gives IRISX_E_CANCELLED. @thread any */
IRISX_API void irisx_pager_cancel(irisx_pager_t *pager);

/**
 * The next page, as an ended op: irisx_op_value, or the operation's typed result. An empty page ends the list and is
 * not given.
 * @param timeout_ms 0: do not wait; UINT32_MAX: for ever
 * @param op_out the caller owns a reference. Written on success only
 * @return IRISX_OK; IRISX_E_NOT_FOUND: that was all; IRISX_E_AGAIN: not in time; the page's own failure, which
 *         irisx_pager_error tells in full, after which the next call asks for the same page again;
 *         IRISX_E_CANCELLED, IRISX_E_CLOSED, IRISX_E_WOULD_DEADLOCK (as irisx_op_wait)
 * @thread owner; @blocks @since 0.1
 */
IRISX_API irisx_error_t irisx_pager_next_page(irisx_pager_t *pager, uint32_t timeout_ms, irisx_op_t **op_out);
/**
 * The next item.
 * @param value_out the item; borrowed from pager until the next call on it. NULL allowed
 * @param item_out its struct (the items of the operation's list); NULL if items are no objects. Borrowed likewise.
 *                 NULL allowed
 * @return as irisx_pager_next_page @thread owner; @blocks @since 0.1
 */
IRISX_API irisx_error_t irisx_pager_next(
    irisx_pager_t *pager, uint32_t timeout_ms, const irisx_value_t **value_out, const void **item_out);
/** The failure of the last page that failed; NULL: none did. Borrowed from pager until its next call. @thread owner */
IRISX_API const irisx_error_info_t *irisx_pager_error(const irisx_pager_t *pager);

#ifdef __cplusplus
}
#endif
#endif
