/* SPDX-License-Identifier: MIT */
/* The texts of the error codes (include/irisx/error.h holds the one list). */
#include "core/core.h"

const char *ix_error_name(int code)
{
    switch (code) {
    case 0:
        return "IRISX_OK";
#define NAME(name, number, text) \
    case number:                 \
        return "IRISX_E_" #name;
        IRISX_ERROR_MAP(NAME)
#undef NAME
    }
    return "IRISX_E_UNKNOWN";
}

const char *ix_error_text(int code)
{
    switch (code) {
    case 0:
        return "done";
#define TEXT(name, number, words) \
    case number:                  \
        return words;
        IRISX_ERROR_MAP(TEXT)
#undef TEXT
    }
    return "unknown error";
}
