/* SPDX-License-Identifier: MIT */
/* The inside of the state, for the files of the REST half. */
#ifndef IX_SANDBOX_STATE_H
#define IX_SANDBOX_STATE_H

#include "sandbox/sandbox.h"

struct sandbox_state {
    struct sqlite3 *db;
    const struct ix_log *log;
};
int sandbox_state_exec(struct sandbox_state *s, const char *sql);
int sandbox_state_error(struct sandbox_state *s, int sqlite_code); /* logs SQLite's words; our code for it */
/* The REST half's tables and what a fresh state has in them (state_rest.c); inside state.c's transaction. */
int sandbox_state_fill_rest(struct sandbox_state *s, int64_t now_ms);

/* ---- queries (state_query.c) ----------------------------------------------------------------- */
enum sandbox_arg_kind { SANDBOX_ARG_NULL = 0, SANDBOX_ARG_INT = 1, SANDBOX_ARG_TEXT = 2 };
struct sandbox_arg { /* ?1, ?2 ... in order; texts are copied */
    enum sandbox_arg_kind kind;
    int64_t i;
    struct ix_str t;
};
static inline struct sandbox_arg sandbox_arg_text(const char *v) /* NULL: NULL */
{
    return (struct sandbox_arg){ .kind = v ? SANDBOX_ARG_TEXT : SANDBOX_ARG_NULL, .t = ix_str(v) };
}
static inline struct sandbox_arg sandbox_arg_nonzero(int64_t v) /* a time or number that is not there: NULL */
{
    return (struct sandbox_arg){ .kind = v ? SANDBOX_ARG_INT : SANDBOX_ARG_NULL, .i = v };
}
#define ARG_NULL ((struct sandbox_arg){ .kind = SANDBOX_ARG_NULL })
#define ARG_INT(v) ((struct sandbox_arg){ .kind = SANDBOX_ARG_INT, .i = (v) })
#define ARG_STR(v) ((struct sandbox_arg){ .kind = SANDBOX_ARG_TEXT, .t = (v) })
#define ARG_TEXT(v) sandbox_arg_text(v)
#define ARG_NONZERO(v) sandbox_arg_nonzero(v)
struct sandbox_query {
    struct sandbox_state *state;
    struct sqlite3_stmt *stmt;
    int err; /* sticky */
};
void sandbox_query_open(
    struct sandbox_query *q, struct sandbox_state *s, const char *sql, const struct sandbox_arg *args, size_t count);
bool sandbox_query_row(struct sandbox_query *q); /* false: no more rows, or an error */
int64_t sandbox_query_int(const struct sandbox_query *q, int column); /* NULL gives 0 */
struct ix_str sandbox_query_text(const struct sandbox_query *q, int column); /* until the next row; NULL gives p NULL */
bool sandbox_query_null(const struct sandbox_query *q, int column);
int sandbox_query_end(struct sandbox_query *q); /* once for each open; the first error */
/* all of it: for statements without rows */
int sandbox_run(struct sandbox_state *s, const char *sql, const struct sandbox_arg *args, size_t count);
/* first column of the first row; fallback if there is no row */
int sandbox_query_number(struct sandbox_state *s, const char *sql, const struct sandbox_arg *args, size_t count,
    int64_t fallback, int64_t *out);
int64_t sandbox_last_id(const struct sandbox_state *s);
int64_t sandbox_changes(const struct sandbox_state *s); /* rows the last statement changed */
#define SANDBOX_ARGS(...) (struct sandbox_arg[]){ __VA_ARGS__ }, IX_COUNT(((struct sandbox_arg[]){ __VA_ARGS__ }))

#endif
