/* SPDX-License-Identifier: MIT */
/* The contract as the commands see it: operations and their parameters, from the library's tables (irisx_api_describe)
 * and the words that openapi/ has for people (generated). contract.c, params.c, explain.c, suggest.c. */
#ifndef IRISX_CLI_CONTRACT_H
#define IRISX_CLI_CONTRACT_H

#include "cli/cli.h"

const char *contract_summary(const irisx_value_t *row); /* of a row of contract_operations; static, "" none */

/* ---- operations -------------------------------------------------------------------------- */
const irisx_value_t *contract_operations(void); /* array, by id; made once, NULL out of memory */
const irisx_value_t *contract_operation(const char *id); /* its row there; NULL: no such id */
irisx_value_t *contract_describe(const char *id); /* the caller frees it; NULL: no such id */
const char *contract_example(const irisx_value_t *field); /* "to=+12025550199"; static */
/* Says what might have been meant; EXIT_USAGE */
int contract_no_operation(const char *id);

/* ---- names that are nearly right --------------------------------------------------------- */
#define SUGGEST_MAX 3
struct suggest {
    const char *wanted;
    const char *best[SUGGEST_MAX]; /* borrowed from what was offered */
    unsigned cost[SUGGEST_MAX];
    size_t count;
};
void suggest_begin(struct suggest *s, const char *wanted);
void suggest_offer(struct suggest *s, const char *name);
/* "; did you mean a, b or c?" or "" */
const char *suggest_text(const struct suggest *s, char *buf, size_t size);

/* ---- parameters -------------------------------------------------------------------------- */
/* "a.b=1", "tags[]=x", "k=@file", "k:=JSON", "k:=null" into an object, typed by the operation. EXIT_OK or said why not.
 */
struct params {
    const irisx_value_t *operation; /* contract_describe; NULL: a path newer than the contract, everything goes */
    irisx_value_t *object; /* owned */
    bool secrets_allowed; /* literal secrets: never from argv */
};
int params_add(struct params *p, const char *assignment);
/* A word without "=": the next parameter of the path that is not set yet */
int params_word(struct params *p, const char *word);
int params_data(struct params *p, const char *source); /* JSON object: "@file", "-" or itself */
const irisx_value_t *params_find(const irisx_value_t *operation, const char *name);
/* "@file", "@-" or the text itself; owned by the caller; NULL: said why */
char *params_text(const char *name, const char *value, size_t *len);

/* ---- telling what there is --------------------------------------------------------------- */
struct list_filter { /* of --list; NULL: any */
    const char *group, *family, *method, *availability;
    const char *const *words; /* each of them, in whatever member or in the summary */
    size_t count;
};
#define LIST_FILTERS 4
size_t explain_filter_options(struct list_filter *f, struct cli_option *table); /* LIST_FILTERS of them */
bool explain_filter_given(const struct list_filter *f);
/* Offers the values of such an option; false: it is none */
bool explain_filter_values(
    const char *option, const char *typed, void (*offer)(const char *typed, const char *word, const char *text));
int explain_list(const struct cli_common *c, const struct list_filter *filter);
int explain_operation(const struct cli_common *c, const char *id);

#endif
