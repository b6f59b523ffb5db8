/* SPDX-License-Identifier: MIT */
/* Statements with arguments: sticky errors, so that a caller writes a query and checks once. */
#include <sqlite3.h>

#include "sandbox/state.h"

static int bind(sqlite3_stmt *stmt, int at, const struct sandbox_arg *a)
{
    switch (a->kind) {
    case SANDBOX_ARG_INT:
        return sqlite3_bind_int64(stmt, at, a->i);
    case SANDBOX_ARG_TEXT:
        return sqlite3_bind_text64(stmt, at, a->t.n ? a->t.p : "", a->t.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    case SANDBOX_ARG_NULL:
        break;
    }
    return sqlite3_bind_null(stmt, at);
}

void sandbox_query_open(
    struct sandbox_query *q, struct sandbox_state *s, const char *sql, const struct sandbox_arg *args, size_t count)
{
    int code;

    *q = (struct sandbox_query){ .state = s };
    code = sqlite3_prepare_v2(s->db, sql, -1, &q->stmt, NULL);
    for (size_t i = 0; i < count && code == SQLITE_OK; i++)
        code = bind(q->stmt, (int) i + 1, &args[i]);
    if (code != SQLITE_OK)
        q->err = sandbox_state_error(s, code);
}

bool sandbox_query_row(struct sandbox_query *q)
{
    int code;

    if (q->err)
        return false;
    code = sqlite3_step(q->stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        q->err = sandbox_state_error(q->state, code);
    return code == SQLITE_ROW;
}

int64_t sandbox_query_int(const struct sandbox_query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

struct ix_str sandbox_query_text(const struct sandbox_query *q, int column)
{
    const char *p = (const char *) sqlite3_column_text(q->stmt, column); /* before its length, as SQLite asks */

    return ix_str_n(p, p ? (size_t) sqlite3_column_bytes(q->stmt, column) : 0);
}

bool sandbox_query_null(const struct sandbox_query *q, int column)
{
    return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}

int sandbox_query_end(struct sandbox_query *q)
{
    (void) sqlite3_finalize(q->stmt); /* repeats what step has said; NULL is allowed */
    q->stmt = NULL;
    return q->err;
}

int sandbox_run(struct sandbox_state *s, const char *sql, const struct sandbox_arg *args, size_t count)
{
    struct sandbox_query q;

    sandbox_query_open(&q, s, sql, args, count);
    while (sandbox_query_row(&q)) {
    }
    return sandbox_query_end(&q);
}

int sandbox_query_number(struct sandbox_state *s, const char *sql, const struct sandbox_arg *args, size_t count,
    int64_t fallback, int64_t *out)
{
    struct sandbox_query q;

    *out = fallback;
    sandbox_query_open(&q, s, sql, args, count);
    if (sandbox_query_row(&q) && !sandbox_query_null(&q, 0))
        *out = sandbox_query_int(&q, 0);
    return sandbox_query_end(&q);
}

int64_t sandbox_last_id(const struct sandbox_state *s)
{
    return sqlite3_last_insert_rowid(s->db);
}

int64_t sandbox_changes(const struct sandbox_state *s)
{
    return sqlite3_changes(s->db);
}
