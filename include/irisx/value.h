/* SPDX-License-Identifier: MIT */
/**
 * @file value.h
 * @brief JSON values: what requests carry, what responses and events hold.
 *
 * A value has one owner, who frees it with irisx_value_free(). What a getter returns is borrowed from the value it was
 * asked of and lives as long as that value is neither changed nor freed. Getters accept NULL and answer with the
 * default, so that a chain through members that may be missing needs one check at its end.
 *
 * Values are not locked: one value, one thread at a time (@thread owner everywhere in this file). Different values may
 * be used by different threads.
 *
 * Limits: 128 levels of nesting; text to parse at most 16 MiB with at most 262144 values in it.
 *
 * Memory: values are jansson's and come from its allocator (malloc unless the application has called
 * json_set_alloc_funcs() itself); this library never changes that process-wide setting.
 */
#ifndef IRISX_VALUE_H
#define IRISX_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include <irisx/error.h>
#include <irisx/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A JSON value. */
typedef struct irisx_value irisx_value_t;

/** What a value is. */
typedef enum irisx_value_type {
    IRISX_VALUE_NONE = 0, /**< there is no value (NULL pointer) */
    IRISX_VALUE_NULL = 1, /**< JSON null */
    IRISX_VALUE_BOOL = 2,
    IRISX_VALUE_INT = 3, /**< number without fraction and exponent that 64 bits can hold */
    IRISX_VALUE_NUM = 4, /**< any other number */
    IRISX_VALUE_TEXT = 5,
    IRISX_VALUE_ARRAY = 6,
    IRISX_VALUE_OBJECT = 7
} irisx_value_type_t;

/** Where and why a text is not accepted. */
typedef struct irisx_value_error {
    size_t offset; /**< bytes before the place */
    uint32_t line; /**< from 1 */
    uint32_t column; /**< from 1, in bytes */
    char message[96]; /**< one line; never holds a piece of the text */
} irisx_value_error_t;

/* ---- text in, text out ------------------------------------------------------------------- */

/**
 * Parses one JSON value (RFC 8259). Strict: refuses duplicate keys, invalid UTF-8, NaN, infinities and numbers that no
 * double can hold, U+0000 in texts, and anything but white space behind the value. Two leniences, because programs in
 * JavaScript send such: half of an escaped surrogate pair becomes U+FFFD, and an integer beyond 64 bits a NUM.
 *
 * @param data       text in UTF-8, not necessarily terminated; may be NULL if len is 0
 * @param len        its length in bytes
 * @param value_out  receives the value on success; the caller frees it
 * @param error_out  receives place and reason on failure; may be NULL
 * @return IRISX_OK; IRISX_E_PROTOCOL: not valid JSON; IRISX_E_TOO_LARGE: beyond a limit of this file;
 *         IRISX_E_NO_MEMORY; IRISX_E_INVALID: value_out is NULL
 * @since 0.1
 */
IRISX_API irisx_error_t irisx_value_parse(
    const char *data, size_t len, irisx_value_t **value_out, irisx_value_error_t *error_out);

/**
 * The value as compact JSON text, keys in the order in which they were set. Parsing it gives an equal value.
 * @return text to be freed with irisx_text_free(); NULL if value is NULL or out of memory. @since 0.1
 */
IRISX_API char *irisx_value_to_text(const irisx_value_t *value);

/** Frees a text that the library handed over. NULL is allowed. @thread any @since 0.1 */
IRISX_API void irisx_text_free(char *text);

/* ---- making ------------------------------------------------------------------------------ */

/** An empty object; NULL if out of memory. The caller owns it, as with all of these. @since 0.1 */
IRISX_API irisx_value_t *irisx_value_new_object(void);
/** An empty array; NULL if out of memory. @since 0.1 */
IRISX_API irisx_value_t *irisx_value_new_array(void);
/** A text, copied; NULL if text is NULL or not UTF-8, or out of memory. @since 0.1 */
IRISX_API irisx_value_t *irisx_value_new_text(const char *text);
/** An integer; NULL if out of memory. @since 0.1 */
IRISX_API irisx_value_t *irisx_value_new_int(int64_t number);
/** A number; NULL if it is NaN or infinite, or out of memory. @since 0.1 */
IRISX_API irisx_value_t *irisx_value_new_num(double number);
/** true for anything but 0. Never fails. @since 0.1 */
IRISX_API irisx_value_t *irisx_value_new_bool(int32_t truth);
/** JSON null. Never fails. @since 0.1 */
IRISX_API irisx_value_t *irisx_value_new_null(void);
/** A deep copy that the caller owns; NULL if value is NULL or out of memory. @since 0.1 */
IRISX_API irisx_value_t *irisx_value_dup(const irisx_value_t *value);
/** Frees the value and all that is in it. Not for borrowed values. NULL is allowed. @since 0.1 */
IRISX_API void irisx_value_free(irisx_value_t *value);

/* ---- changing ---------------------------------------------------------------------------- */

/**
 * Puts a value into an object under a key; what was there before is freed.
 *
 * @param object  the object
 * @param key     UTF-8, copied
 * @param value   taken over in every case: on failure it is freed. NULL, as a constructor gives when it fails, is
 *                answered with IRISX_E_NO_MEMORY, so that a constructor call can stand here
 * @return IRISX_OK; IRISX_E_INVALID: object is no object or is value itself, or key is NULL or not UTF-8;
 *         IRISX_E_TOO_LARGE: nested too deep; IRISX_E_NO_MEMORY
 * @since 0.1
 */
IRISX_API irisx_error_t irisx_value_set_take(irisx_value_t *object, const char *key, irisx_value_t *value);
/** Appends a value to an array; value and results as irisx_value_set_take(). @since 0.1 */
IRISX_API irisx_error_t irisx_value_add_take(irisx_value_t *array, irisx_value_t *value);
/** Sets a text, copied. IRISX_E_INVALID also if text is NULL or not UTF-8. @since 0.1 */
IRISX_API irisx_error_t irisx_value_set_text(irisx_value_t *object, const char *key, const char *text);
/** Sets an integer. @since 0.1 */
IRISX_API irisx_error_t irisx_value_set_int(irisx_value_t *object, const char *key, int64_t number);
/** Sets a number. IRISX_E_INVALID also if it is NaN or infinite. @since 0.1 */
IRISX_API irisx_error_t irisx_value_set_num(irisx_value_t *object, const char *key, double number);
/** Sets true (anything but 0) or false. @since 0.1 */
IRISX_API irisx_error_t irisx_value_set_bool(irisx_value_t *object, const char *key, int32_t truth);
/** Sets null. @since 0.1 */
IRISX_API irisx_error_t irisx_value_set_null(irisx_value_t *object, const char *key);
/** Appends a text, copied. IRISX_E_INVALID also if text is NULL or not UTF-8. @since 0.1 */
IRISX_API irisx_error_t irisx_value_add_text(irisx_value_t *array, const char *text);
/** Appends an integer. @since 0.1 */
IRISX_API irisx_error_t irisx_value_add_int(irisx_value_t *array, int64_t number);
/** Removes a member; IRISX_E_NOT_FOUND if there is none. @since 0.1 */
IRISX_API irisx_error_t irisx_value_remove(irisx_value_t *object, const char *key);

/* ---- reading ----------------------------------------------------------------------------- */

/** What the value is; IRISX_VALUE_NONE for NULL. @since 0.1 */
IRISX_API irisx_value_type_t irisx_value_type(const irisx_value_t *value);
/** Members of an object, items of an array; 0 for anything else. @since 0.1 */
IRISX_API size_t irisx_value_count(const irisx_value_t *value);
/** The member under key, borrowed; NULL if there is none or value is no object. @since 0.1 */
IRISX_API const irisx_value_t *irisx_value_get(const irisx_value_t *value, const char *key);
/** The item at index (from 0), borrowed; NULL if there is none or value is no array. @since 0.1 */
IRISX_API const irisx_value_t *irisx_value_at(const irisx_value_t *value, size_t index);
/**
 * The key behind `key` in the order of setting, borrowed; the first for NULL; NULL at the end, or if key is not there.
 * `for (k = irisx_value_next_key(v, NULL); k; k = irisx_value_next_key(v, k))` sees them all. @since 0.1
 */
IRISX_API const char *irisx_value_next_key(const irisx_value_t *value, const char *key);
/** 1 if both are the same JSON value, whatever the order of keys; 0 if not. 1 and 1.0 differ. @since 0.1 */
IRISX_API int32_t irisx_value_equal(const irisx_value_t *a, const irisx_value_t *b);

/** The text, borrowed; fallback if value is no text. @since 0.1 */
IRISX_API const char *irisx_value_text(const irisx_value_t *value, const char *fallback);
/** The integer; also of a number without fraction and of a text of decimal digits ("42", "-7"). @since 0.1 */
IRISX_API int64_t irisx_value_int(const irisx_value_t *value, int64_t fallback);
/** The number; also of a text that is a JSON number ("0.0075"). @since 0.1 */
IRISX_API double irisx_value_num(const irisx_value_t *value, double fallback);
/** 1 or 0; fallback if value is neither true nor false. @since 0.1 */
IRISX_API int32_t irisx_value_bool(const irisx_value_t *value, int32_t fallback);

/** irisx_value_text() of a member. @since 0.1 */
IRISX_API const char *irisx_value_get_text(const irisx_value_t *value, const char *key, const char *fallback);
/** irisx_value_int() of a member. @since 0.1 */
IRISX_API int64_t irisx_value_get_int(const irisx_value_t *value, const char *key, int64_t fallback);
/** irisx_value_num() of a member. @since 0.1 */
IRISX_API double irisx_value_get_num(const irisx_value_t *value, const char *key, double fallback);
/** irisx_value_bool() of a member. @since 0.1 */
IRISX_API int32_t irisx_value_get_bool(const irisx_value_t *value, const char *key, int32_t fallback);

#ifdef __cplusplus
}
#endif
#endif
