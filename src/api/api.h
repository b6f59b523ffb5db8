/* SPDX-License-Identifier: MIT */
/*
 * api: the platform's REST operations as const tables (generated from openapi/irisx.yaml into api/gen) and the one
 * interpreter that encodes, decodes, checks and matches over them. The client sends what it encodes; the sandbox uses
 * the same tables from the other side. Pure. docs/design/api.md tells how the tables are made.
 */
#ifndef IX_API_H
#define IX_API_H

#include "core/core.h"
#include "http/http.h"
#include <irisx/api.h>

/* ---- operations -------------------------------------------------------------------------- */
struct ix_api_op; /* one row of the tables */
struct ix_api_set; /* all of them */
enum ix_api_availability { IX_API_MOUNTED = 0, IX_API_UNMOUNTED = 1, IX_API_DOCUMENTED = 2 };
/* how an operation's lists are cut into pages: the styles of WIRE.md section 7 */
enum ix_api_paging {
    IX_API_PAGE_NONE = 0,
    IX_API_PAGE_P1 = 1, /* offset, pagination.has_more */
    IX_API_PAGE_P2 = 2, /* offset, pagination.total only */
    IX_API_PAGE_P3 = 3, /* page, pagination.pages */
    IX_API_PAGE_P4 = 4, /* page, data.pagination.totalPages */
    IX_API_PAGE_P5 = 5, /* page, total beside the list */
    IX_API_PAGE_P6 = 6, /* offset, total beside the list */
    IX_API_PAGE_P7 = 7, /* offset, pagination.hasMore */
    IX_API_PAGE_P8 = 8, /* page, pagination.total_pages */
    IX_API_PAGE_P9 = 9, /* all at once, with a count */
    IX_API_PAGE_P10 = 10 /* all at once, a bare array */
};
struct ix_api_info { /* group, family and method are static texts */
    char id[52]; /* "calls.create" */
    char path[192]; /* "/v1/calls/{sid}" */
    const char *method;
    const char *group; /* "calls" */
    const char *family; /* "voice" */
    uint32_t number; /* stable, from openapi/lock.yaml */
    enum ix_api_availability availability;
    enum ix_http_auth auth;
    enum ix_retry_class retry;
    enum ix_api_paging paging;
    int status; /* of success: 200, 201 */
};
size_t ix_api_count(void);
const struct ix_api_op *ix_api_at(size_t index); /* in order of their ids; NULL beyond the end */
const struct ix_api_op *ix_api_find(const char *id); /* NULL: none of that name */
const struct ix_api_op *ix_api_find_number(uint32_t number); /* NULL: none, or left out of this build */
void ix_api_info(const struct ix_api_op *op, struct ix_api_info *out);
uint32_t ix_api_number(const struct ix_api_op *op);
/* Why there is no such operation: IRISX_E_UNSUPPORTED (left out of this build) or IRISX_E_INVALID (never heard of). */
int ix_api_missing(const char *id);
int ix_api_missing_number(uint32_t number);
/* What there is, for programs: irisx_api_operations, irisx_api_describe. NULL without memory; the caller frees it. */
irisx_value_t *ix_api_operations(void);
irisx_value_t *ix_api_describe(const struct ix_api_op *op);

/* ---- what is wrong with a request -------------------------------------------------------- */
#define IX_API_MAX_ISSUES 16
#define IX_API_PATH_MAX 96
enum ix_api_issue_kind {
    IX_API_MISSING = 1,
    IX_API_WRONG_TYPE = 2,
    IX_API_NOT_IN_ENUM = 3,
    IX_API_TOO_SMALL = 4, /* number below, text or list shorter */
    IX_API_TOO_BIG = 5,
    IX_API_NO_MATCH = 6, /* pattern or format */
    IX_API_UNKNOWN = 7 /* strict: no such member */
};
struct ix_api_issue { /* expected, received, limit texts are static or in the tables */
    enum ix_api_issue_kind kind;
    char path[IX_API_PATH_MAX]; /* "to", "buttons.0.text" */
    const char *expected; /* type name: "string", "number", "boolean", "array", "object" */
    const char *received; /* the same, "null", "undefined" */
    const char *format; /* NO_MATCH: "regex", "email", "url", "uuid", "datetime" */
    double limit; /* TOO_SMALL, TOO_BIG */
    char value[48]; /* NOT_IN_ENUM: what it was, cut */
    const char *text; /* NOT_IN_ENUM: the tables' text, in which the allowed values are */
    const uint16_t *values; /* their places there */
    size_t value_count;
};
struct ix_api_issues {
    struct ix_api_issue items[IX_API_MAX_ISSUES];
    size_t count; /* kept */
    size_t total; /* found */
};
/* [{"path":"to","message":"Required"}], as irisx_error_info_t.detail carries it */
void ix_api_issues_detail(const struct ix_api_issues *list, struct ix_buf *out);
/* [{"code":"invalid_type","expected":"string","received":"undefined","path":["to"],"message":"Required"}]: zod's words,
 * as the platform answers */
void ix_api_issues_zod(const struct ix_api_issues *list, struct ix_buf *out);

/* ---- client side: parameters to a request ------------------------------------------------ */
struct ix_api_page { /* what the pager asks for; replaces the parameters' own page, offset and limit */
    bool on;
    uint64_t at; /* page number or offset, as the style wants */
    uint64_t limit; /* 0 = leave out; never sent as 0 */
    bool template_only; /* write neither; ix_api_page_request does */
};
struct ix_api_params { /* exactly one source, or none */
    const void *fields; /* the operation's params struct */
    size_t extra_at; /* offsetof(struct, extra) as the caller knows it */
    const irisx_value_t *value; /* object, members under their wire names */
    bool strict; /* enums, limits, patterns, unknown members too */
    const irisx_upload_t *upload; /* the body, where it is bytes; NULL none */
    struct ix_api_page page;
};
/*
 * 0; IRISX_E_INVALID with *error filled (message names the first member, detail all), IRISX_E_NO_MEMORY,
 * IRISX_E_TOO_LARGE (body over 8 MiB). *out owns its texts: ix_http_request_clear. POST, PUT and PATCH without a body
 * carry "{}".
 */
int ix_api_encode(const struct ix_api_op *op, const struct ix_api_params *params, struct ix_http_request *out,
    struct ix_http_error *error);
/* A request newer than the tables: path already escaped, may carry a query. Class by method, auth key or JWT. */
int ix_api_encode_raw(const char *method, const char *path, const irisx_value_t *body, const irisx_upload_t *upload,
    struct ix_http_request *out, struct ix_http_error *error);

/* ---- client side: an answer to a result -------------------------------------------------- */
/* Owns everything a result points to, the parsed answer included; lives as long as the op. */
struct ix_api_answer {
    irisx_value_t *root; /* whole answer; NULL if it was empty */
    const void *result; /* the operation's result struct; NULL after most failures */
    irisx_api_content_t content; /* status 0: there was no answer */
    struct ix_api_block *blocks; /* arena */
};
void ix_api_answer_clear(struct ix_api_answer *a); /* a zeroed one is clear */
/*
 * 0 with answer->result; else the code, with *error filled. op NULL: a raw request, root only. Lenient as the wire is:
 * ids and decimals as text or number, null or missing, times as text or epoch ms, success flags absent. A member of a
 * type that makes no sense reads as absent; raw still has it.
 */
int ix_api_decode(const struct ix_api_op *op, enum ix_retry_class cls, const struct ix_http_response *response,
    struct ix_api_answer *answer, struct ix_http_error *error);

/* ---- pages ------------------------------------------------------------------------------- */
/* One list, page by page: encode with ix_api_pager_page, decode, feed; until done. Holds no item. */
struct ix_api_pager {
    const struct ix_api_op *op;
    uint64_t limit; /* asked for a page; 0 = the platform's default */
    uint64_t at; /* next page number or offset */
    uint64_t seen; /* items so far */
    uint64_t print; /* of the last page's items, to know one that comes again; 0 none */
    uint32_t pages; /* answers so far */
    bool done;
};
/* first: page number or offset to begin with, 0 = the beginning. IRISX_E_INVALID if op has no pages. */
int ix_api_pager_init(struct ix_api_pager *p, const struct ix_api_op *op, uint64_t first, uint64_t limit);
struct ix_api_page ix_api_pager_page(const struct ix_api_pager *p);
/* The array of items in an answer; NULL if there is none (an empty page). */
const irisx_value_t *ix_api_items(const struct ix_api_op *op, const irisx_value_t *root);
/* The structs made of those items, in order (items that are no objects have none); NULL if there are none. */
const void *const *ix_api_item_structs(
    const struct ix_api_op *op, const struct ix_api_answer *answer, size_t *count_out);
/*
 * Takes one answer; done after the last page, an empty one, or an answer without a list. Returns how many of its items
 * are the list's: 0 of a page that is the one before once more (a platform that does not page).
 */
size_t ix_api_pager_feed(struct ix_api_pager *p, const irisx_value_t *root);

/* What the caller asked for itself: members limit, and page or offset, as the operation has them; 0 none. */
void ix_api_page_wish(const struct ix_api_op *op, const struct ix_api_params *params, uint64_t *first, uint64_t *limit);
/* A request made with page {.on, .template_only}, once more, for this page. 0, IRISX_E_NO_MEMORY, IRISX_E_TOO_LARGE. */
int ix_api_page_request(const struct ix_api_op *op, const struct ix_http_request *base, const struct ix_api_page *page,
    struct ix_http_request *out);

/* When to ask for pages, ahead of who reads them: one request at a time, since each tells where the next begins. */
#define IX_API_MAX_PREFETCH 8
struct ix_api_ahead {
    struct ix_api_pager pager;
    uint32_t prefetch; /* pages that may wait for the reader */
    uint32_t ready; /* that do */
    uint64_t max_items; /* 0 = all */
    bool running; /* a request is under way */
    bool failed; /* the last one ended so and the reader does not know yet */
    bool cancelled;
};
/* Is a request to be sent now? waiting: the reader wants a page and there is none. */
bool ix_api_ahead_wants(const struct ix_api_ahead *a, bool waiting);
bool ix_api_ahead_over(const struct ix_api_ahead *a); /* nothing will follow what is ready and running */
void ix_api_ahead_sent(struct ix_api_ahead *a);
bool ix_api_ahead_page(struct ix_api_ahead *a, const irisx_value_t *root); /* true: it has items and is ready */
void ix_api_ahead_fail(struct ix_api_ahead *a);
void ix_api_ahead_taken(struct ix_api_ahead *a); /* the reader took a page, or learned of the failure */

/* ---- server side (sandbox): a request to an operation ------------------------------------ */
#define IX_API_MAX_PATH_PARAMS 4
struct ix_api_match {
    const struct ix_api_op *op;
    size_t count;
    struct {
        const char *name; /* "sid" */
        char value[128]; /* percent-decoded */
    } params[IX_API_MAX_PATH_PARAMS];
};
/* whether the server at hand has it: what it has not does not hide another one behind a parameter */
typedef bool (*ix_api_served_fn)(const struct ix_api_op *op);
/* path percent-encoded, as received, aliases known too, a literal segment before a parameter. served NULL: all are.
 * false: no operation. */
bool ix_api_match(const char *method, const char *path, ix_api_served_fn served, struct ix_api_match *out);
/* Strict: type, required, enums, limits, patterns. true if nothing was found. Unknown members pass, as on the platform.
 */
bool ix_api_validate_body(const struct ix_api_op *op, const irisx_value_t *body, struct ix_api_issues *out);
/* Does an answer have the shape the contract says (types, required members)? For the sandbox's own tests. */
bool ix_api_validate_result(const struct ix_api_op *op, const irisx_value_t *root, struct ix_api_issues *out);

#endif
