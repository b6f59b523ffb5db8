/* SPDX-License-Identifier: MIT */
/*
 * Webhook deliveries in SQLite: the body is kept until the application's own retention takes it, the id as long as it
 * is among the newest `remember` ones, so that memory on disk stays bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "io/internal.h"

#define FILE_MODE 0600 /* what is delivered is about people */

struct delivery_db {
    struct ix_delivery_store base;
    sqlite3 *db;
    sqlite3_stmt *insert, *trim;
    uint32_t remember;
    bool keep_bodies;
};

/* SQLite says FULL for ENOSPC alone, and keeps the system's word only sometimes: errno was cleared before. */
static int of_system(sqlite3 *db)
{
    int e = db && sqlite3_system_errno(db) ? sqlite3_system_errno(db) : errno;

    if (e == ENOSPC || e == EDQUOT || e == EFBIG) /* a limit on the file's size is a full disk to who has to mend it */
        return IRISX_E_DISK_FULL;
    return e ? ix_err_of_errno(e) : IRISX_E_IO;
}

static int error_of(sqlite3 *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE ? IRISX_E_DUPLICATE : IRISX_E_INVALID;
    case SQLITE_FULL:
        return IRISX_E_DISK_FULL;
    case SQLITE_TOOBIG:
        return IRISX_E_TOO_LARGE;
    case SQLITE_NOMEM:
        return IRISX_E_NO_MEMORY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return IRISX_E_FORBIDDEN;
    case SQLITE_ERROR: /* our statements are right: it is somebody else's database */
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return IRISX_E_FORMAT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return IRISX_E_CONFLICT;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return of_system(db);
    }
    return IRISX_E_IO;
}

static int run(struct delivery_db *d, sqlite3_stmt *stmt)
{
    int err;

    errno = 0;
    err = error_of(d->db, sqlite3_step(stmt));
    (void) sqlite3_reset(stmt); /* says the same again */
    (void) sqlite3_clear_bindings(stmt); /* what was bound is the caller's */
    return err;
}

static int put(struct ix_delivery_store *s, const struct ix_delivery *v)
{
    struct delivery_db *d = IX_CONTAINER(s, struct delivery_db, base);
    int err;

    /* binding to an index that exists fails for texts over the limit only, and what is not bound is NULL: refused */
    (void) sqlite3_bind_text64(d->insert, 1, v->id.p, v->id.n, SQLITE_STATIC, SQLITE_UTF8);
    (void) sqlite3_bind_text64(d->insert, 2, v->event.p, v->event.n, SQLITE_STATIC, SQLITE_UTF8);
    if (d->keep_bodies && v->body.n)
        (void) sqlite3_bind_blob64(d->insert, 3, v->body.p, v->body.n, SQLITE_STATIC);
    else
        (void) sqlite3_bind_zeroblob(d->insert, 3, 0);
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
    int rc = sqlite3_extended_result_codes(d->db, 1);

    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(d->db, 5000);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(d->db, schema, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(
            d->db, "INSERT INTO deliveries(id, event, body, received_ms) VALUES(?1, ?2, ?3, ?4)", -1, &d->insert, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(
            d->db, "DELETE FROM deliveries WHERE seq <= (SELECT max(seq) FROM deliveries) - ?1", -1, &d->trim, NULL);
    return error_of(d->db, rc);
}

/*
 * SQLite would make the file readable for all, and says of one it cannot make only that it is not there. A file that
 * exists is not touched: closing a descriptor of it would take its locks from everybody in this process (POSIX).
 */
static int create(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);

    if (fd < 0)
        return errno == EEXIST ? 0 : ix_err_of_errno(errno);
    (void) close(fd); /* nothing was written */
    return 0;
}

static int open_file(struct delivery_db *d, const char *path)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int err = path ? create(path) : 0;

    if (err)
        return err;
    errno = 0;
    err = sqlite3_open_v2(path ? path : ":memory:", &d->db, flags, NULL);
    err = error_of(d->db, err);
    return err ? err : prepare(d);
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
    d->keep_bodies = path != NULL; /* in memory nobody could read them, and they have no bound but `remember` */
    err = open_file(d, path);
    if (err) {
        db_free(&d->base);
        return err;
    }
    *out = &d->base;
    return 0;
}
