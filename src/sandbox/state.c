/* SPDX-License-Identifier: MIT */
/* The state: one SQLite database, a file or memory. Used by one thread at a time: service loop, or main around it. */
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/state.h"

#define SCHEMA_VERSION 1
#define FIRST_AGENT 1000
#define AGENTS 10
#define PASSWORD_LEN 24

static const char schema[] =
    "PRAGMA user_version = 1;"
    "CREATE TABLE tenants(id INTEGER PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'active',"
    " plan TEXT NOT NULL DEFAULT 'trial', created_ms INTEGER NOT NULL);"
    "CREATE TABLE users(id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL REFERENCES tenants(id), email TEXT NOT NULL UNIQUE,"
    " password TEXT NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL, phone TEXT, role TEXT NOT NULL,"
    " status TEXT NOT NULL DEFAULT 'active', created_ms INTEGER NOT NULL, last_login_ms INTEGER);"
    "CREATE TABLE api_keys(id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL REFERENCES tenants(id), name TEXT NOT NULL,"
    " key TEXT NOT NULL UNIQUE, status TEXT NOT NULL DEFAULT 'active', created_ms INTEGER NOT NULL, last_used_ms INTEGER);"
    "CREATE TABLE agents(extension TEXT PRIMARY KEY, tenant_id INTEGER NOT NULL REFERENCES tenants(id),"
    " user_id INTEGER NOT NULL REFERENCES users(id), name TEXT NOT NULL, sip_password TEXT NOT NULL);"
    "CREATE TABLE phone_numbers(id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL REFERENCES tenants(id),"
    " number TEXT NOT NULL UNIQUE, status TEXT NOT NULL DEFAULT 'active', created_ms INTEGER NOT NULL);";

int sandbox_state_error(struct sandbox_state *s, int code)
{
    ix_log(s->log, IX_LOG_ERROR, "sandbox", "state: %s", sqlite3_errmsg(s->db));
    switch (code & 0xff) {
    case SQLITE_FULL:
        return IRISX_E_DISK_FULL;
    case SQLITE_NOMEM:
        return IRISX_E_NO_MEMORY;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return IRISX_E_FORMAT;
    case SQLITE_CONSTRAINT:
        return IRISX_E_CONFLICT;
    default:
        return IRISX_E_IO;
    }
}

int sandbox_state_exec(struct sandbox_state *s, const char *sql)
{
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : sandbox_state_error(s, code);
}

/* ---- a fresh one ------------------------------------------------------------------------- */
struct fresh {
    char password[PASSWORD_LEN + 1];
    char key[80];
};

static void make_secrets(const struct ix_rng *rng, struct fresh *f)
{
    uint8_t bytes[32];
    struct ix_buf b;

    ix_rng_token(rng, f->password, PASSWORD_LEN);
    ix_rng_fill(rng, bytes, sizeof bytes);
    ix_buf_init_fixed(&b, f->key, sizeof f->key - 1);
    ix_buf_str(&b, "irisx_live_");
    ix_buf_hex(&b, bytes, sizeof bytes);
    f->key[b.n] = 0;
    ix_wipe(bytes, sizeof bytes);
}

/* text with ?1..?4: now, password or name, secret, number */
static int put(struct sandbox_state *s, const char *sql, int64_t number, const char *a, const char *b)
{
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

    if (code != SQLITE_OK)
        return sandbox_state_error(s, code);
    (void) sqlite3_bind_int64(stmt, 1, ix_clock_now().wall_us / 1000); /* binding fails only where step will */
    (void) sqlite3_bind_int64(stmt, 2, number);
    (void) sqlite3_bind_text(stmt, 3, a, -1, SQLITE_TRANSIENT);
    (void) sqlite3_bind_text(stmt, 4, b, -1, SQLITE_TRANSIENT);
    code = sqlite3_step(stmt);
    (void) sqlite3_finalize(stmt); /* step has said it */
    return code == SQLITE_DONE ? 0 : sandbox_state_error(s, code);
}

static int put_agents(struct sandbox_state *s, const struct ix_rng *rng)
{
    char password[PASSWORD_LEN + 1];
    int err = 0;

    for (int64_t i = FIRST_AGENT; !err && i < FIRST_AGENT + AGENTS; i++) {
        ix_rng_token(rng, password, PASSWORD_LEN);
        err = put(s,
            "INSERT INTO agents(extension, tenant_id, user_id, name, sip_password)"
            " SELECT ?2, 1, 1, ?3 || ' ' || ?2, ?4 WHERE ?1",
            i, "Agent", password);
    }
    ix_wipe(password, sizeof password);
    return err;
}

static int fill(struct sandbox_state *s, const struct ix_rng *rng)
{
    struct fresh f;
    int err = sandbox_state_exec(s, schema);

    make_secrets(rng, &f);
    if (!err)
        err = put(s, "INSERT INTO tenants(id, name, created_ms) SELECT ?2, ?3, ?1 WHERE ?4 = ''", 1, "Sandbox", "");
    if (!err)
        err = put(s,
            "INSERT INTO users(id, tenant_id, email, password, first_name, last_name, phone, role, created_ms)"
            " VALUES(?2, 1, ?3, ?4, 'Ada', 'Admin', '+12025550111', 'admin', ?1)",
            1, "admin@sandbox.test", f.password);
    if (!err)
        err = put(s, "INSERT INTO api_keys(id, tenant_id, name, key, created_ms) VALUES(?2, 1, ?3, ?4, ?1)", 1,
            "sandbox", f.key);
    if (!err)
        err = put(s, "INSERT INTO phone_numbers(id, tenant_id, number, created_ms) SELECT ?2, 1, ?3, ?1 WHERE ?4 = ''",
            1, "+12025550100", "");
    if (!err)
        err = put_agents(s, rng);
    if (!err)
        err = sandbox_state_fill_rest(s, ix_clock_now().wall_us / 1000);
    ix_wipe(&f, sizeof f);
    return err;
}

/* ---- opening ----------------------------------------------------------------------------- */
static int read_number(struct sandbox_state *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

    if (code != SQLITE_OK)
        return sandbox_state_error(s, code);
    code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    (void) sqlite3_finalize(stmt); /* step has said it */
    return code == SQLITE_ROW ? 0 : sandbox_state_error(s, code);
}

static int set_up(struct sandbox_state *s, const struct ix_rng *rng)
{
    int64_t version = 0, tables = 0;
    int err =
        sandbox_state_exec(s, "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 200; PRAGMA trusted_schema = OFF;");

    if (!err)
        err = read_number(s, "PRAGMA user_version", &version);
    if (!err)
        err = read_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
    if (err || version == SCHEMA_VERSION)
        return err;
    if (version || tables)
        return IRISX_E_FORMAT; /* somebody else's database, or a newer sandbox's: not touched */
    err = sandbox_state_exec(s, "BEGIN IMMEDIATE");
    if (err)
        return err;
    err = fill(s, rng);
    if (!err)
        return sandbox_state_exec(s, "COMMIT");
    (void) sandbox_state_exec(s, "ROLLBACK"); /* the first error is the one to tell */
    return err;
}

int sandbox_state_open(const char *file, const struct ix_rng *rng, const struct ix_log *log, struct sandbox_state **out)
{
    struct sandbox_state *s = ix_alloc(sizeof *s);
    mode_t mask;
    int code, err;

    if (!s)
        return IRISX_E_NO_MEMORY;
    s->log = log;
    mask = umask(0077); /* secrets are in it; no thread runs yet */
    code = sqlite3_open_v2(
        file ? file : ":memory:", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);
    (void) umask(mask);
    err = code == SQLITE_OK ? set_up(s, rng) : s->db ? sandbox_state_error(s, code) : IRISX_E_NO_MEMORY;
    if (!err && file) /* short writes: nobody on the service loop waits for the disk */
        err = sandbox_state_exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    if (err) {
        sandbox_state_close(s);
        return err;
    }
    *out = s;
    return 0;
}

void sandbox_state_close(struct sandbox_state *s)
{
    if (!s)
        return;
    (void) sqlite3_close_v2(s->db); /* waits for statements that somebody still holds */
    ix_free(s);
}

struct sqlite3 *sandbox_state_db(struct sandbox_state *s)
{
    return s->db;
}

/* ---- who there is ------------------------------------------------------------------------ */
static void column(sqlite3_stmt *stmt, int at, char *out, size_t cap)
{
    (void) ix_str_copy(
        out, cap, ix_str((const char *) sqlite3_column_text(stmt, at))); /* too long: "", nothing matches it */
}

int sandbox_state_owner(struct sandbox_state *s, struct sandbox_owner *out)
{
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(s->db,
        "SELECT u.tenant_id, u.id, u.email, u.password, k.key FROM users u JOIN api_keys k ON k.tenant_id = u.tenant_id"
        " WHERE k.status = 'active' ORDER BY u.id, k.id LIMIT 1",
        -1, &stmt, NULL);

    if (code != SQLITE_OK)
        return sandbox_state_error(s, code);
    memset(out, 0, sizeof *out);
    code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        out->tenant_id = sqlite3_column_int64(stmt, 0);
        out->user_id = sqlite3_column_int64(stmt, 1);
        column(stmt, 2, out->email, sizeof out->email);
        column(stmt, 3, out->password, sizeof out->password);
        column(stmt, 4, out->api_key, sizeof out->api_key);
    }
    (void) sqlite3_finalize(stmt); /* step has said it */
    return code == SQLITE_ROW ? 0 : code == SQLITE_DONE ? IRISX_E_NOT_FOUND : sandbox_state_error(s, code);
}

int sandbox_state_agents(struct sandbox_state *s, int (*fn)(void *ctx, const struct sandbox_agent *a), void *ctx)
{
    sqlite3_stmt *stmt;
    int err = 0;
    int code = sqlite3_prepare_v2(s->db,
        "SELECT extension, sip_password, name, tenant_id, user_id FROM agents ORDER BY extension", -1, &stmt, NULL);

    if (code != SQLITE_OK)
        return sandbox_state_error(s, code);
    while (!err && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct sandbox_agent a = { .tenant_id = sqlite3_column_int64(stmt, 3),
            .user_id = sqlite3_column_int64(stmt, 4) };

        column(stmt, 0, a.extension, sizeof a.extension);
        column(stmt, 1, a.password, sizeof a.password);
        column(stmt, 2, a.name, sizeof a.name);
        err = fn(ctx, &a);
        ix_wipe(&a, sizeof a);
    }
    (void) sqlite3_finalize(stmt); /* step has said it */
    return err ? err : code == SQLITE_DONE ? 0 : sandbox_state_error(s, code);
}
