/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "certs.h"
#include "io/io.h"

static char folder[200], path[256];
static struct ix_buf got;

static void setup(void)
{
    temp_folder(folder);
    snprintf(path, sizeof path, "%s/file", folder);
}

static void teardown(void)
{
    ix_buf_clear(&got);
    temp_folder_remove(folder); /* fails when a temporary file was left in a subfolder, removes all else */
}

TestSuite(file, .init = setup, .fini = teardown);

static void expect(const char *text)
{
    ix_buf_clear(&got);
    cr_assert_eq(ix_file_read(path, 100000, &got), 0);
    cr_assert_eq(got.n, strlen(text));
    cr_assert_eq(memcmp(got.p, text, got.n), 0);
}

Test(file, what_is_written_at_once_is_read_back_with_its_mode)
{
    struct stat st;
    cr_assert_eq(ix_file_write_atomic(path, 0600, "one", 3), 0);
    cr_assert_eq(ix_file_write_atomic(path, 0600, "two!", 4), 0);
    expect("two!");
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
}

Test(file, reading_stops_at_the_limit_and_names_what_is_missing)
{
    cr_assert_eq(ix_file_write_atomic(path, 0600, "12345", 5), 0);
    cr_assert_eq(ix_file_read(path, 4, &got), IRISX_E_TOO_LARGE);
    cr_assert_eq(got.n, 0);
    cr_assert_eq(ix_file_read("/nowhere/at/all", 4, &got), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_file_read("/", 4, &got), IRISX_E_IO);
    cr_assert_eq(ix_file_write_atomic("/nowhere/at/all", 0600, "x", 1), IRISX_E_NOT_FOUND);
}

Test(file, appending_and_patching_leave_the_rest_alone)
{
    struct ix_file_out *f;
    cr_assert_eq(ix_file_out_open(path, 0644, &f), 0);
    cr_assert_eq(ix_file_out_write(f, "hello ", 6), 0);
    cr_assert_eq(ix_file_out_write(f, "world", 5), 0);
    cr_assert_eq(ix_file_out_patch(f, 0, "H", 1), 0);
    cr_assert_eq(ix_file_out_write(f, "!", 1), 0);
    cr_assert_eq(ix_file_out_close(f), 0);
    expect("Hello world!");
}

Test(file, a_write_that_does_not_fit_leaves_what_was_there_whole)
{
    struct ix_file_out *f;
    const struct rlimit small = { .rlim_cur = 10, .rlim_max = RLIM_INFINITY };
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(ix_file_out_open(path, 0644, &f), 0);
    cr_assert_eq(ix_file_out_write(f, "12345678", 8), 0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    cr_assert_eq(ix_file_out_write(f, "abcd", 4), IRISX_E_TOO_LARGE);
    cr_assert_eq(ix_file_out_write(f, "x", 1), IRISX_E_TOO_LARGE, "nothing follows a gap");
    cr_assert_eq(ix_file_out_close(f), IRISX_E_TOO_LARGE);
    expect("12345678");
}

Test(file, a_full_device_is_told_as_such)
{
    struct ix_file_out *f;
    cr_assert_eq(ix_file_out_open("/dev/full", 0644, &f), 0);
    cr_assert_eq(ix_file_out_write(f, "x", 1), IRISX_E_DISK_FULL);
    cr_assert_eq(ix_file_out_close(f), IRISX_E_DISK_FULL);
}
