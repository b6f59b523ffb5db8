/* SPDX-License-Identifier: MIT */
/**
 * @file version.h
 * @brief Version of the headers and of the library that is loaded; symbol visibility.
 */
#ifndef IRISX_VERSION_H
#define IRISX_VERSION_H

/** Version of these headers, by SemVer. irisx_version() tells that of the library. */
#define IRISX_VERSION_MAJOR 0
/** See IRISX_VERSION_MAJOR. */
#define IRISX_VERSION_MINOR 1
/** See IRISX_VERSION_MAJOR. */
#define IRISX_VERSION_PATCH 0
/** The three as text ("0.1.0"). */
#define IRISX_VERSION "0.1.0"

/** What marks a public function; define IRISX_SHARED on Windows when linking the DLL. */
#if defined(_WIN32) && defined(IRISX_SHARED)
#define IRISX_API __declspec(dllimport)
#elif defined(__GNUC__)
#define IRISX_API __attribute__((visibility("default")))
#else
#define IRISX_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the loaded library ("0.1.0"). Static. @thread any */
IRISX_API const char *irisx_version(void);

#ifdef __cplusplus
}
#endif
#endif
