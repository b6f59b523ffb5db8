/* SPDX-License-Identifier: MIT */
/**
 * @file log.h
 * @brief Where the library's log lines go. Nothing is printed unless the application gives a sink.
 */
#ifndef IRISX_LOG_H
#define IRISX_LOG_H

#include <irisx/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Levels; a client logs those up to its level. */
typedef enum irisx_log_level {
    IRISX_LOG_NONE = 0,
    IRISX_LOG_ERROR = 1,
    IRISX_LOG_WARN = 2,
    IRISX_LOG_INFO = 3,
    IRISX_LOG_DEBUG = 4,
    IRISX_LOG_TRACE = 5
} irisx_log_level_t;

/**
 * One log line, without newline, borrowed for the length of the call. Secrets are already redacted.
 * Called on any thread of the library, never on a media thread; must return soon, must not call the library.
 */
typedef void (*irisx_log_fn)(int32_t level, const char *area, const char *line, void *user_data);

/** Memory functions for the whole process. `alloc` need not zero. All four are required. */
typedef struct irisx_allocator {
    size_t struct_size; /**< sizeof(irisx_allocator_t) */
    void *(*alloc)(size_t size, void *user_data);
    void *(*realloc)(void *ptr, size_t size, void *user_data);
    void (*free)(void *ptr, void *user_data);
    void *user_data;
} irisx_allocator_t;

/**
 * Sets the allocator for everything the library itself allocates (third-party libraries keep theirs).
 * @param allocator copied; NULL restores malloc
 * @return IRISX_OK; IRISX_E_STATE while any object of the library exists
 * @thread owner (before the first client)
 */
IRISX_API irisx_error_t irisx_set_allocator(const irisx_allocator_t *allocator);

#ifdef __cplusplus
}
#endif
#endif
