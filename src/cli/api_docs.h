/* SPDX-License-Identifier: MIT */
/* What the contract says about operations in words; generated (tools/apigen/docs.py), part of the command alone. */
#ifndef CLI_API_DOCS_H
#define CLI_API_DOCS_H

#include <stdint.h>

/*
 * JSON: {"summary", "description", "parameters": {"to": {"description", "default", "values"}}, "result": {...}}.
 * Members of members are "place.city", "parts[].kind"; what there is none of is missing. NULL: no such operation in
 * this build.
 */
const char *cli_api_docs(uint32_t number);

#endif
