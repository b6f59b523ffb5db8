/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs.h"
#include "io/io.h"

#define BIG ((size_t) 3 * 1024 * 1024 + 17)

static char folder[200], path[256], part[300], tag[300];
static struct ix_loop *loop;
static struct ix_file_save *save;
static struct ix_buf got;
static uint8_t *big;
static int saved_err, saves;
static bool woken;

static void setup(void)
{
    temp_folder(folder);
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(part, sizeof part, "%s.part", path);
    snprintf(tag, sizeof tag, "%s.part.tag", path);
    cr_assert_eq(ix_loop_new(NULL, &loop), 0);
    big = ix_alloc(BIG);
    cr_assert_not_null(big);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (uint8_t) (i * 2654435761u >> 13);
    saves = 0;
}

static void teardown(void)
{
    ix_buf_clear(&got);
    ix_free(big);
    cr_assert_eq(ix_loop_free(loop), 0);
    temp_folder_remove(folder);
}

TestSuite(file_stream, .init = setup, .fini = teardown, .timeout = 60);

static void ready(void *ctx)
{
    (void) ctx;
    woken = true;
}

static void saved(void *ctx, int err)
{
    (void) ctx;
    saves++;
    saved_err = err;
    woken = true;
}

static void run(void)
{
    for (woken = false; !woken;) {
        struct pollfd fd = { .fd = ix_loop_fd(loop), .events = POLLIN };

        (void) poll(&fd, 1, ix_loop_timeout_ms(loop));
        cr_assert_eq(ix_loop_run_once(loop), 0);
    }
}

static bool there(const char *name)
{
    return access(name, F_OK) == 0;
}

static void put(const char *name, const void *p, size_t n)
{
    cr_assert_eq(ix_file_write_atomic(name, 0600, p, n), 0);
}

static void expect(const void *p, size_t n)
{
    ix_buf_clear(&got);
    cr_assert_eq(ix_file_read(path, BIG + 1, &got), 0);
    cr_assert_eq(got.n, n);
    cr_assert_eq(memcmp(got.p, p, n), 0);
}

/* ---- reading ----------------------------------------------------------------------------- */

static int read_all(struct ix_file_in *f, size_t room)
{
    uint8_t piece[70000];
    int64_t n;

    ix_buf_clear(&got);
    ix_buf_init(&got, BIG + 1);
    while ((n = ix_file_in_read(f, piece, room)) != 0) {
        if (n == IX_STREAM_LATER)
            run();
        else if (n < 0)
            return ix_file_in_error(f);
        else
            ix_buf_put(&got, piece, (size_t) n);
    }
    return 0;
}

Test(file_stream, a_file_is_read_in_pieces_and_once_more_from_the_beginning)
{
    struct ix_file_in *f;

    put(path, big, BIG);
    cr_assert_eq(ix_file_in_open(path, &f), 0);
    cr_assert_eq(ix_file_in_size(f), BIG);
    for (int i = 0; i < 2; i++) {
        ix_file_in_start(f, loop, ready, NULL);
        cr_assert_eq(read_all(f, i == 0 ? 70000 : 999), 0);
        cr_assert(got.n == BIG && memcmp(got.p, big, BIG) == 0);
    }
    ix_file_in_close(f);
}

Test(file_stream, a_try_that_begins_anew_while_a_helper_reads_gets_the_beginning)
{
    struct ix_file_in *f;
    uint8_t piece[10];

    put(path, big, BIG);
    cr_assert_eq(ix_file_in_open(path, &f), 0);
    ix_file_in_start(f, loop, ready, NULL);
    cr_assert_eq(ix_file_in_read(f, piece, sizeof piece), IX_STREAM_LATER);
    run();
    cr_assert_eq(ix_file_in_read(f, piece, sizeof piece), 10);
    ix_file_in_start(f, loop, ready, NULL);
    cr_assert_eq(read_all(f, 70000), 0);
    cr_assert(got.n == BIG && memcmp(got.p, big, BIG) == 0);
    ix_file_in_start(f, loop, ready, NULL);
    cr_assert_eq(ix_file_in_read(f, piece, sizeof piece), IX_STREAM_LATER);
    ix_file_in_close(f); /* while a helper reads */
    ix_loop_run_once(loop);
}

Test(file_stream, a_file_that_became_shorter_is_an_error_and_one_that_grew_is_sent_as_it_was)
{
    struct ix_file_in *f;

    put(path, big, BIG);
    cr_assert_eq(ix_file_in_open(path, &f), 0);
    cr_assert_eq(truncate(path, 1000), 0);
    ix_file_in_start(f, loop, ready, NULL);
    cr_assert_eq(read_all(f, 70000), IRISX_E_IO);
    ix_file_in_close(f);
}

Test(file_stream, only_a_regular_file_is_sent_and_a_pipe_holds_nobody)
{
    struct ix_file_in *f;

    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(ix_file_in_open(path, &f), IRISX_E_FORMAT);
    cr_assert_eq(ix_file_in_open(folder, &f), IRISX_E_FORMAT);
    cr_assert_eq(ix_file_in_open("/nowhere/at/all", &f), IRISX_E_NOT_FOUND);
    ix_file_in_close(NULL);
}

Test(file_stream, an_empty_file_has_no_bytes)
{
    struct ix_file_in *f;

    put(path, "", 0);
    cr_assert_eq(ix_file_in_open(path, &f), 0);
    ix_file_in_start(f, loop, ready, NULL);
    cr_assert_eq(read_all(f, 10), 0);
    cr_assert_eq(got.n, 0);
    ix_file_in_close(f);
}

/* ---- saving ------------------------------------------------------------------------------ */

static void begin(bool resume, const char *sha256)
{
    cr_assert_eq(ix_file_save_open(path, resume, sha256, &save), 0);
    ix_file_save_start(save, loop, ready, NULL);
}

static void write_all(const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t part_n = IX_MIN(n, (size_t) 16384);
        int said = ix_file_save_write(save, p, part_n);
        if (said == IX_STREAM_LATER) {
            run();
            continue;
        }
        cr_assert_eq(said, 0);
        p += part_n;
        n -= part_n;
    }
}

static int end(void)
{
    int before = saves;

    ix_file_save_finish(save, saved, NULL);
    while (saves == before)
        run();
    ix_file_save_close(save);
    return saved_err;
}

static int keep(void)
{
    int before = saves;

    ix_file_save_keep(save, saved, NULL);
    while (saves == before)
        run();
    ix_file_save_close(save);
    return saved_err;
}

/* the folder has nothing but what these say */
static void left(bool file, bool a_part, bool a_tag)
{
    char pattern[300];

    cr_assert_eq(there(path), file);
    cr_assert_eq(there(part), a_part);
    cr_assert_eq(there(tag), a_tag);
    snprintf(pattern, sizeof pattern, "ls -A %s | grep -c '[.][0-9A-Za-z]\\{12\\}[.]part$' > /dev/null", folder);
    cr_assert_neq(system(pattern), 0, "a part is left");
}

Test(file_stream, what_is_saved_is_at_its_place_once_it_is_whole_and_replaces_what_was_there)
{
    struct stat st;

    put(path, "old", 3);
    begin(false, NULL);
    ix_file_save_restart(save, "\"v1\"");
    write_all(big, BIG);
    expect("old", 3);
    cr_assert_eq(end(), 0);
    expect(big, BIG);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    left(true, false, false);
}

Test(file_stream, another_digest_than_expected_leaves_nothing)
{
    static const char wrong[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const char of_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; /* FIPS 180-4 */

    begin(false, wrong);
    write_all((const uint8_t *) "abc", 3);
    cr_assert_eq(end(), IRISX_E_SIGNATURE);
    left(false, false, false);
    begin(true, wrong);
    ix_file_save_restart(save, "\"v1\"");
    write_all((const uint8_t *) "abc", 3);
    cr_assert_eq(end(), IRISX_E_SIGNATURE);
    left(false, false, false);
    begin(true, of_abc);
    ix_file_save_restart(save, "\"v1\"");
    write_all((const uint8_t *) "abc", 3);
    cr_assert_eq(end(), 0);
    left(true, false, false);
}

Test(file_stream, what_was_kept_is_gone_on_with_if_it_is_known_what_it_is_of)
{
    begin(true, NULL);
    ix_file_save_restart(save, "\"v1\"");
    write_all(big, 500000);
    cr_assert_eq(keep(), 0);
    left(false, true, true);
    begin(true, NULL);
    cr_assert_eq(ix_file_save_size(save), 500000);
    cr_assert_str_eq(ix_file_save_tag(save), "\"v1\"");
    write_all(big + 500000, BIG - 500000);
    cr_assert_eq(end(), 0);
    expect(big, BIG);
    left(true, false, false);
    put(part, "xyz", 3); /* of nobody knows what */
    begin(true, NULL);
    cr_assert_eq(ix_file_save_size(save), 0);
    ix_file_save_restart(save, "");
    write_all((const uint8_t *) "a", 1);
    cr_assert_eq(end(), 0);
    expect("a", 1);
}

Test(file_stream, a_tag_that_would_break_a_header_line_is_not_used)
{
    put(part, "xyz", 3);
    put(tag, "\"v\r\nX-API-Key: k\"", 16);
    begin(true, NULL);
    cr_assert_eq(ix_file_save_size(save), 0);
    cr_assert_str_eq(ix_file_save_tag(save), "");
    ix_file_save_close(save);
}

Test(file_stream, given_up_at_any_moment_it_leaves_nothing)
{
    for (size_t n = 0; n < 5; n++) {
        begin(false, NULL);
        if (n > 0)
            (void) ix_file_save_write(save, big, 10000);
        if (n > 1)
            (void) ix_file_save_write(save, big, 10000);
        if (n > 2)
            ix_loop_run_once(loop);
        if (n > 3)
            ix_file_save_finish(save, saved, NULL);
        ix_file_save_close(save);
        if (n < 4) /* in the end a helper may have been first */
            left(false, false, false);
        int before = saves;
        ix_loop_run_once(loop);
        cr_assert_eq(saves, before, "told after it was closed");
    }
}

Test(file_stream, what_is_no_regular_file_is_not_replaced)
{
    struct stat st;

    cr_assert_eq(ix_file_save_open("/dev/null", false, NULL, &save), IRISX_E_FORMAT);
    cr_assert_eq(stat("/dev/null", &st), 0);
    cr_assert(S_ISCHR(st.st_mode));
    cr_assert_eq(ix_file_save_open(folder, false, NULL, &save), IRISX_E_FORMAT);
    cr_assert_eq(ix_file_save_open("/nowhere/at/all", false, NULL, &save), IRISX_E_NOT_FOUND);
}

Test(file_stream, a_part_that_is_not_ours_alone_is_not_gone_on_with)
{
    struct ix_file_save *second;

    cr_assert_eq(symlink("/etc/passwd", part), 0);
    cr_assert_neq(ix_file_save_open(path, true, NULL, &save), 0);
    cr_assert_eq(unlink(part), 0);
    cr_assert_eq(mkfifo(part, 0600), 0);
    cr_assert_eq(ix_file_save_open(path, true, NULL, &save), IRISX_E_FORBIDDEN);
    cr_assert_eq(unlink(part), 0);
    begin(true, NULL);
    cr_assert_eq(ix_file_save_open(path, true, NULL, &second), IRISX_E_CONFLICT, "two at once");
    ix_file_save_close(save);
    cr_assert_eq(ix_file_save_open(path, true, NULL, &save), 0);
    ix_file_save_close(save);
}

Test(file_stream, a_disk_without_room_ends_it_and_leaves_what_was_there)
{
    const struct rlimit small = { .rlim_cur = 100000, .rlim_max = RLIM_INFINITY };
    int said = 0;

    put(path, "old", 3);
    signal(SIGXFSZ, SIG_IGN);
    begin(false, NULL);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (size_t at = 0; said != IX_STREAM_STOP && at < BIG; at += 16384)
        if ((said = ix_file_save_write(save, big, 16384)) == IX_STREAM_LATER)
            run();
    cr_assert_eq(said, IX_STREAM_STOP);
    cr_assert_eq(ix_file_save_error(save), IRISX_E_TOO_LARGE);
    ix_file_save_close(save);
    expect("old", 3);
    left(true, false, false);
}
