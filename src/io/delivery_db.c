/* SPDX-License-Identifier: MIT */
/*
 * Webhook deliveries in SQLite: the body is kept until the application's own retention takes it, the id as long as it
 * is among the newest `remember` ones, so that memory on disk stays bounded.
 */
#include <sqlite3.h>

#include "io/io.h"

struct delivery_db {
    struct ix_delivery_store base;
    sqlite3 *db;
    sqlite3_stmt *insert, *trim;
    uint32_t remember;
};

static int error_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_CONSTRAINT:
        return IRISX_E_DUPLICATE;
    case SQLITE_FULL:
        return IRISX_E_DISK_FULL;
    case SQLITE_NOMEM:
        return IRISX_E_NO_MEMORY;
    case SQLITE_CANTOPEN:
        return IRISX_E_NOT_FOUND;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return IRISX_E_FORBIDDEN;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return IRISX_E_FORMAT;
    }
    return IRISX_E_IO;
}

static int run(struct delivery_db *d, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    int err = error_of(rc);

    if (err == IRISX_E_IO && sqlite3_system_errno(d->db) == 28) /* ENOSPC while the journal was written */
        err = IRISX_E_DISK_FULL;
    (void) sqlite3_reset(stmt); /* says the same again */
    return err;
}

static int put(struct ix_delivery_store *s, const struct ix_delivery *v)
{
    struct delivery_db *d = IX_CONTAINER(s, struct delivery_db, base);
    int err;

    (void) sqlite3_bind_text(
        d->insert, 1, v->id.p, (int) v->id.n, SQLITE_STATIC); /* binding a valid index cannot fail */
    (void) sqlite3_bind_text(d->insert, 2, v->event.p, (int) v->event.n, SQLITE_STATIC);
    (void) sqlite3_bind_blob(d->insert, 3, v->body.p, (int) v->body.n, SQLITE_STATIC);
    (void) sqlite3_bind_int64(d->insert, 4, v->received_ms);
    err = run(d, d->insert);
    if (err)
        return err;
    (void) sqlite3_bind_int64(d->trim, 1, d->remember);
    (void) run(d, d->trim); /* a longer memory does no harm: the next delivery trims again */
    return 0;
}

static void db_free(struct ix_delivery_store *s)
{
    struct delivery_db *d = IX_CONTAINER(s, struct delivery_db, base);

    (void) sqlite3_finalize(d->insert); /* these report errors of earlier steps */
    (void) sqlite3_finalize(d->trim);
    (void) sqlite3_close(d->db);
    ix_free(d);
}

static int prepare(struct delivery_db *d)
{
    static const char schema[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE IF NOT EXISTS deliveries(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
        " event TEXT NOT NULL, body BLOB NOT NULL, received_ms INTEGER NOT NULL);";
    int rc = sqlite3_busy_timeout(d->db, 5000);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(d->db, schema, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(
            d->db, "INSERT INTO deliveries(id, event, body, received_ms) VALUES(?1, ?2, ?3, ?4)", -1, &d->insert, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(
            d->db, "DELETE FROM deliveries WHERE seq <= (SELECT max(seq) FROM deliveries) - ?1", -1, &d->trim, NULL);
    return error_of(rc);
}

int ix_delivery_db_open(const char *path, uint32_t remember, struct ix_delivery_store **out)
{
    struct delivery_db *d = ix_alloc(sizeof *d);
    int err;

    if (!d)
        return IRISX_E_NO_MEMORY;
    d->base.put = put;
    d->base.free = db_free;
    d->remember = remember ? remember : 100000;
    err = error_of(sqlite3_open_v2(path ? path : ":memory:", &d->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL));
    if (!err)
        err = prepare(d);
    if (err) {
        db_free(&d->base);
        return err;
    }
    *out = &d->base;
    return 0;
}
