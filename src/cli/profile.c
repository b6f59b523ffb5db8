/* SPDX-License-Identifier: MIT */
/*
 * The configuration file: {"profiles":{"default":{"api_url":…,"access_token":…}}}, readable by its owner alone. It is
 * changed under a lock (FILE.lock), read anew there, written beside its place and renamed: two commands that keep
 * something at once both keep it, and one that breaks off leaves the file as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define CONFIG_LIMIT (1024 * 1024)
#define PATH_LIMIT 1024

const char *cli_config_path(void)
{
    static char path[PATH_LIMIT];
    const char *given = cli_env("IRISX_CONFIG"), *base = cli_env("XDG_CONFIG_HOME"), *home = cli_env("HOME");

    if (given)
        return given;
    if (base)
        (void) snprintf(path, sizeof path, "%s/irisx/config.json", base);
    else
        (void) snprintf(path, sizeof path, "%s/.config/irisx/config.json", home ? home : ".");
    return path;
}

const char *cli_state_dir(void)
{
    static char path[PATH_LIMIT];
    char *slash;

    (void) snprintf(path, sizeof path, "%s", cli_config_path());
    slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
    return slash && slash > path && access(path, W_OK) == 0 ? path : NULL;
}

/* An empty object where there is no file; *bad: there is one, but not what it should be */
static irisx_value_t *load_all(bool *bad)
{
    irisx_value_t *root = NULL;
    size_t n;
    char *text = cli_read_file(cli_config_path(), CONFIG_LIMIT, &n);

    *bad = text && irisx_value_parse(text, n, &root, NULL);
    cli_wipe(text);
    *bad = *bad || (root && irisx_value_type(root) != IRISX_VALUE_OBJECT);
    if (irisx_value_type(root) == IRISX_VALUE_OBJECT)
        return root;
    irisx_value_free(root);
    return irisx_value_new_object();
}

const char *cli_profile_name(const char *profile)
{
    const char *env = cli_env("IRISX_PROFILE");

    return profile ? profile : env ? env : "default";
}

irisx_value_t *cli_profiles(void)
{
    static bool said;
    struct stat st;
    bool bad;
    irisx_value_t *root = load_all(&bad), *copy = irisx_value_dup(irisx_value_get(root, "profiles"));

    irisx_value_free(root);
    if (bad && !said)
        cli_line(stderr, "irisx: %s is not valid JSON: ignored", cli_config_path());
    else if (!said && irisx_value_count(copy) && !stat(cli_config_path(), &st) && st.st_mode & 077)
        cli_line(stderr, "irisx: others can read %s: chmod 600 it", cli_config_path());
    said = true;
    return copy ? copy : irisx_value_new_object();
}

irisx_value_t *cli_profile_load(const char *profile)
{
    irisx_value_t *all = cli_profiles();
    irisx_value_t *copy = irisx_value_dup(irisx_value_get(all, cli_profile_name(profile)));

    irisx_value_free(all);
    return copy ? copy : irisx_value_new_object();
}

/* ---- writing ----------------------------------------------------------------------------- */
static void make_folders(const char *path)
{
    char folder[PATH_LIMIT];

    (void) snprintf(folder, sizeof folder, "%s", path); /* a longer one fails at open */
    for (char *p = folder + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            (void) mkdir(folder, 0700); /* there already, or open says why */
            *p = '/';
        }
}

static int write_all(int fd, const char *text, size_t n)
{
    while (n) {
        ssize_t done = write(fd, text, n);

        if (done < 0 && errno != EINTR)
            return errno;
        text += done > 0 ? done : 0;
        n -= done > 0 ? (size_t) done : 0;
    }
    return fsync(fd) ? errno : 0;
}

/* Under the lock: nobody else writes */
static int write_private(const char *path, const char *text)
{
    char temp[PATH_LIMIT + 16];
    int fd, bad;

    (void) snprintf(temp, sizeof temp, "%s.new", path);
    (void) unlink(temp); /* of a process that was killed */
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    bad = write_all(fd, text, strlen(text));
    if (close(fd) && !bad)
        bad = errno;
    if (!bad && rename(temp, path))
        bad = errno;
    if (bad)
        (void) unlink(temp);
    return bad;
}

/* The lock's descriptor, or -1 and errno. It is not the file itself, which each writer replaces. */
static int lock(const char *path)
{
    char name[PATH_LIMIT + 16];
    int fd;

    if (strlen(path) >= PATH_LIMIT) {
        errno = ENAMETOOLONG;
        return -1;
    }
    (void) snprintf(name, sizeof name, "%s.lock", path);
    make_folders(path);
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX)) {
        if (errno == EINTR && !cli_interrupted())
            continue;
        (void) close(fd);
        return -1;
    }
    return fd;
}

static int change_in(
    irisx_value_t *root, const char *profile, int (*change)(irisx_value_t *object, void *ctx), void *ctx)
{
    irisx_value_t *profiles = irisx_value_dup(irisx_value_get(root, "profiles"));
    irisx_value_t *object = irisx_value_dup(irisx_value_get(profiles, cli_profile_name(profile)));
    int err = ENOMEM;

    if (!profiles)
        profiles = irisx_value_new_object();
    if (!object)
        object = irisx_value_new_object();
    if (root && profiles && object)
        err = change(object, ctx);
    if (err || irisx_value_set_take(profiles, cli_profile_name(profile), object)) {
        irisx_value_free(err ? object : NULL); /* the failed one took it */
        irisx_value_free(profiles);
        return err ? err : ENOMEM;
    }
    return irisx_value_set_take(root, "profiles", profiles) ? ENOMEM : 0;
}

int cli_profile_change(const char *profile, int (*change)(irisx_value_t *object, void *ctx), void *ctx)
{
    char *real = realpath(cli_config_path(), NULL); /* a link stays one */
    const char *path = real ? real : cli_config_path();
    int fd = lock(path), err = fd < 0 ? errno : 0;
    irisx_value_t *root;
    char *text = NULL;
    bool bad;

    if (fd < 0) {
        free(real);
        return err;
    }
    root = load_all(&bad);
    err = bad ? EBADMSG : change_in(root, profile, change, ctx);
    if (!err)
        err = (text = irisx_value_to_text(root)) ? write_private(path, text) : ENOMEM;
    irisx_text_free(text);
    irisx_value_free(root);
    (void) close(fd); /* and with it the lock */
    free(real);
    return err == -1 ? 0 : err;
}
