/* SPDX-License-Identifier: MIT */
/* The store of webhook deliveries: what was acknowledged stays, within bounds, and every failure has its name. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs.h"
#include "io/io.h"
#include "oom.h"

static char folder[200], path[256];
static struct ix_delivery_store *store;

static void setup(void)
{
    temp_folder(folder);
    snprintf(path, sizeof path, "%s/deliveries.db", folder);
}

static void finish(void)
{
    if (store)
        store->free(store);
    store = NULL;
}

static void teardown(void)
{
    finish();
    temp_folder_remove(folder);
}

TestSuite(delivery_db, .init = setup, .fini = teardown);

static void begin(uint32_t remember)
{
    cr_assert_eq(ix_delivery_db_open(path, remember, &store), 0);
}

static int put_sized(const char *id, size_t body_size)
{
    char *body = ix_alloc(body_size ? body_size : 1);
    struct ix_delivery d = {
        .id = ix_str(id), .event = IX_STR("e"), .body = ix_str_n(body, body_size), .received_ms = 1795166926742
    };

    int err = store->put(store, &d);
    ix_free(body);
    return err;
}

static int put(const char *id)
{
    return put_sized(id, 100);
}

/* what another program sees in the file */
static int64_t count(const char *sql)
{
    sqlite3_stmt *stmt;
    sqlite3 *db;

    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

static void write_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(text, 1, n, f), n);
    cr_assert_eq(fclose(f), 0);
}

Test(delivery_db, an_id_is_taken_once)
{
    begin(0);
    cr_expect_eq(put("a"), 0);
    cr_expect_eq(put("a"), IRISX_E_DUPLICATE);
    cr_expect_eq(put_sized("a", 7), IRISX_E_DUPLICATE, "whatever its body");
    cr_expect_eq(put("A"), 0, "ids are bytes");
    cr_expect_eq(count("SELECT count(*) FROM deliveries"), 2);
}

Test(delivery_db, what_was_put_is_there_after_the_store_was_closed)
{
    begin(0);
    cr_assert_eq(put("a"), 0);
    finish();
    begin(0);
    cr_expect_eq(put("a"), IRISX_E_DUPLICATE);
    cr_expect_eq(put("b"), 0);
    cr_expect_eq(
        count(
            "SELECT count(*) FROM deliveries WHERE event = 'e' AND length(body) = 100 AND received_ms = 1795166926742"),
        2);
}

/* A process that dies says nothing to its database: another connection sees what was acknowledged all the same. */
Test(delivery_db, what_was_put_is_there_without_a_close)
{
    begin(0);
    cr_assert_eq(put("a"), 0);
    cr_expect_eq(count("SELECT count(*) FROM deliveries"), 1);
}

Test(delivery_db, memory_is_bounded_and_the_oldest_goes_first)
{
    char id[16];

    begin(10);
    for (int i = 0; i < 35; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        cr_assert_eq(put(id), 0);
        cr_assert_eq(put(id), IRISX_E_DUPLICATE, "a repeat does not use up memory");
    }
    cr_expect_eq(count("SELECT count(*) FROM deliveries"), 10);
    cr_expect_eq(put("id-25"), IRISX_E_DUPLICATE, "the oldest of those kept");
    cr_expect_eq(put("id-24"), 0, "forgotten");
}

Test(delivery_db, a_smaller_memory_forgets_at_the_next_delivery)
{
    char id[16];

    begin(100);
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        cr_assert_eq(put(id), 0);
    }
    finish();
    begin(5);
    cr_assert_eq(put("new"), 0);
    cr_expect_eq(count("SELECT count(*) FROM deliveries"), 5);
}

Test(delivery_db, without_a_file_ids_are_known_and_bodies_not_kept)
{
    cr_assert_eq(ix_delivery_db_open(NULL, 3, &store), 0);
    sqlite3_int64 before = sqlite3_memory_used();
    for (int i = 0; i < 3; i++)
        cr_assert_eq(put_sized((const char *[]){ "a", "b", "c" }[i], 1 << 20), 0);
    cr_expect_lt(sqlite3_memory_used() - before, 256 * 1024, "three mebibytes went by");
    cr_expect_eq(put("a"), IRISX_E_DUPLICATE);
    cr_expect_eq(put("d"), 0);
    cr_expect_eq(put("a"), 0, "forgotten");
}

Test(delivery_db, empty_and_absent_values_are_told_apart_from_duplicates)
{
    struct ix_delivery none = { .event = IX_STR("e"), .body = IX_STR("b") };

    begin(0);
    cr_expect_eq(put_sized("empty", 0), 0);
    cr_expect_eq(store->put(store, &none), IRISX_E_INVALID, "an id is needed");
    cr_expect_eq(put("after"), 0);
}

Test(delivery_db, only_its_owner_may_read_the_file)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    char name[300];
    struct stat st;

    umask(0);
    begin(0);
    cr_assert_eq(put("a"), 0);
    for (size_t i = 0; i < IX_COUNT(suffixes); i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        cr_assert_eq(stat(name, &st), 0, "%s", name);
        cr_expect_eq(st.st_mode & 0777, 0600, "%s has %o", name, st.st_mode & 0777);
    }
}

Test(delivery_db, its_descriptors_do_not_reach_programs_that_are_started)
{
    begin(0);
    cr_assert_eq(put("a"), 0);
    for (int fd = 3; fd < 64; fd++) {
        int flags = fcntl(fd, F_GETFD);
        char link[64], name[256] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (flags >= 0 && readlink(link, name, sizeof name - 1) > 0 && strstr(name, "deliveries.db"))
            cr_expect(flags & FD_CLOEXEC, "%s", name);
    }
}

Test(delivery_db, two_stores_may_share_a_file)
{
    struct ix_delivery_store *first;

    begin(0);
    first = store;
    begin(0);
    cr_expect_eq(put("a"), 0);
    finish();
    store = first;
    cr_expect_eq(put("a"), IRISX_E_DUPLICATE);
    cr_expect_eq(put("b"), 0, "the other one's end took nothing away");
}

/* ---- failures ---------------------------------------------------------------------------- */
Test(delivery_db, a_file_that_is_no_database_is_refused_and_left_alone)
{
    static const char text[] =
        "this is a letter to my grandmother, and long enough to be looked at as a database header .......";
    char back[sizeof text] = "";

    write_file(text, sizeof text - 1);
    cr_expect_eq(ix_delivery_db_open(path, 0, &store), IRISX_E_FORMAT);
    FILE *f = fopen(path, "rb");
    cr_assert_eq(fread(back, 1, sizeof back - 1, f), sizeof text - 1);
    fclose(f);
    cr_expect_str_eq(back, text);
}

Test(delivery_db, a_damaged_database_is_refused)
{
    begin(0);
    for (int i = 0; i < 40; i++)
        cr_assert_eq(put_sized((char[]){ 'a', (char) ('0' + i), 0 }, 3000), 0);
    finish();
    int fd = open(path, O_RDWR);
    cr_assert_eq(pwrite(fd, (char[3996]){ 0 }, 3996, 100), 3996); /* the schema's page, behind the header */
    close(fd);
    cr_expect_eq(ix_delivery_db_open(path, 0, &store), IRISX_E_FORMAT);
}

Test(delivery_db, somebody_elses_database_is_refused)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "CREATE TABLE deliveries(parcel TEXT, street TEXT)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    cr_expect_eq(ix_delivery_db_open(path, 0, &store), IRISX_E_FORMAT);
}

Test(delivery_db, a_folder_that_is_not_there_is_named_so)
{
    snprintf(path, sizeof path, "%s/no/such/folder.db", folder);
    cr_expect_eq(ix_delivery_db_open(path, 0, &store), IRISX_E_NOT_FOUND);
    cr_expect_neq(ix_delivery_db_open(folder, 0, &store), 0, "a folder is no file");
}

/* root may write anywhere: be somebody else where that is possible */
static void drop_root(void)
{
    if (geteuid() == 0)
        cr_assert_eq(seteuid(65534), 0);
}

Test(delivery_db, a_folder_where_nothing_may_be_written_is_told)
{
    cr_assert_eq(chmod(folder, 0555), 0);
    drop_root();
    cr_expect_eq(ix_delivery_db_open(path, 0, &store), IRISX_E_FORBIDDEN);
    if (getuid() == 0)
        cr_assert_eq(seteuid(0), 0);
    cr_assert_eq(chmod(folder, 0755), 0);
}

Test(delivery_db, a_file_that_may_only_be_read_is_told)
{
    begin(0);
    finish();
    cr_assert_eq(chmod(path, 0444), 0);
    cr_assert_eq(chmod(folder, 0555), 0);
    drop_root();
    cr_expect_eq(ix_delivery_db_open(path, 0, &store), IRISX_E_FORBIDDEN);
    if (getuid() == 0)
        cr_assert_eq(seteuid(0), 0);
    cr_assert_eq(chmod(folder, 0755), 0);
}

/* puts until one fails; ids[0..n) are in */
static int fill(int *n)
{
    char id[16];
    int err;

    do {
        snprintf(id, sizeof id, "id-%d", (*n)++);
        err = put_sized(id, 8000);
    } while (!err && *n < 10000);
    (*n)--;
    return err;
}

static void nothing_is_lost(int n)
{
    char id[16];

    for (int i = 0; i < n; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        cr_assert_eq(put(id), IRISX_E_DUPLICATE, "%s was acknowledged", id);
    }
}

Test(delivery_db, a_limit_on_the_files_size_is_a_full_disk_and_passes)
{
    struct rlimit limit = { .rlim_cur = 200000, .rlim_max = RLIM_INFINITY };
    char id[16];
    int n = 0;

    signal(SIGXFSZ, SIG_IGN);
    begin(0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(fill(&n), IRISX_E_DISK_FULL);
    cr_expect_gt(n, 0);
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    nothing_is_lost(n);
    snprintf(id, sizeof id, "id-%d", n);
    cr_expect_eq(put(id), 0, "what failed left nothing behind and is taken now");
}

/* a file system of 256 kB in name spaces of our own */
static bool mount_small(void)
{
    uid_t uid = getuid();

    if (unshare(CLONE_NEWNS) && (uid == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS)))
        return false;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) /* or the others would see it */
        return false;
    return mount("none", folder, "tmpfs", 0, "size=256k") == 0;
}

Test(delivery_db, a_full_disk_loses_nothing_and_room_mends_it)
{
    char filler[256], id[16];
    int n = 0;

    if (!mount_small()) /* not allowed here: the test above does the same with a limit */
        return;
    begin(0);
    snprintf(filler, sizeof filler, "%s/filler", folder);
    FILE *f = fopen(filler, "wb");
    cr_assert_eq(fwrite((char[65536]){ 0 }, 1, 65536, f), 65536);
    fclose(f);
    cr_expect_eq(fill(&n), IRISX_E_DISK_FULL);
    cr_expect_gt(n, 0);
    cr_assert_eq(unlink(filler), 0);
    nothing_is_lost(n);
    snprintf(id, sizeof id, "id-%d", n);
    cr_expect_eq(put(id), 0);
    finish();
    begin(0);
    nothing_is_lost(n + 1);
    finish();
    cr_assert_eq(umount2(folder, MNT_DETACH), 0);
}

Test(delivery_db, a_database_on_a_disk_that_is_full_already_is_refused)
{
    struct rlimit limit = { .rlim_cur = 512, .rlim_max = RLIM_INFINITY };

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(ix_delivery_db_open(path, 0, &store), IRISX_E_DISK_FULL);
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* SQLite's own memory is the system's; ours is one struct. */
static int open_and_put(void *arg)
{
    int err = ix_delivery_db_open(arg, 0, &store);

    if (!err) {
        struct ix_delivery d = { .id = IX_STR("a"), .event = IX_STR("e"), .body = IX_STR("{}") };

        err = store->put(store, &d);
        finish();
    }
    return err;
}

Test(delivery_db, survives_a_failed_allocation)
{
    cr_assert_eq(oom_run(open_and_put, NULL), 0);
}
