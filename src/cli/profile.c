/* SPDX-License-Identifier: MIT */
/* The configuration file: {"profiles":{"default":{"api_url":…,"access_token":…}}}, readable by its owner alone. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define CONFIG_LIMIT (1024 * 1024)

const char *cli_config_path(void)
{
    static char path[1024];
    const char *given = getenv("IRISX_CONFIG");
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");

    if (given && *given)
        return given;
    if (base && *base)
        (void) snprintf(path, sizeof path, "%s/irisx/config.json", base);
    else
        (void) snprintf(path, sizeof path, "%s/.config/irisx/config.json", home && *home ? home : ".");
    return path;
}

static irisx_value_t *load_all(void)
{
    irisx_value_t *root = NULL;
    size_t n;
    char *text = cli_read_file(cli_config_path(), CONFIG_LIMIT, &n);

    if (text && irisx_value_parse(text, n, &root, NULL))
        (void) fprintf(stderr, "irisx: %s is not valid JSON: ignored\n", cli_config_path());
    cli_wipe(text);
    if (irisx_value_type(root) == IRISX_VALUE_OBJECT)
        return root;
    irisx_value_free(root);
    return irisx_value_new_object();
}

static const char *name_of(const char *profile)
{
    const char *env = getenv("IRISX_PROFILE");

    return profile ? profile : env && *env ? env : "default";
}

irisx_value_t *cli_profile_load(const char *profile)
{
    irisx_value_t *root = load_all();
    irisx_value_t *copy = irisx_value_dup(irisx_value_get(irisx_value_get(root, "profiles"), name_of(profile)));

    irisx_value_free(root);
    return copy ? copy : irisx_value_new_object();
}

static void make_folders(const char *path)
{
    char folder[1024];

    (void) snprintf(folder, sizeof folder, "%s", path); /* a longer one fails at open */
    for (char *p = folder + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            (void) mkdir(folder, 0700); /* there already, or open says why */
            *p = '/';
        }
}

static int write_private(const char *path, const char *text)
{
    char temp[1100];
    size_t n = strlen(text);
    int fd, bad;

    (void) snprintf(temp, sizeof temp, "%s.%ld", path, (long) getpid());
    make_folders(path);
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    bad = write(fd, text, n) != (ssize_t) n ? EIO : fsync(fd) ? errno : 0;
    if (close(fd) && !bad)
        bad = errno;
    if (!bad && rename(temp, path))
        bad = errno;
    if (bad)
        (void) unlink(temp);
    return bad;
}

int cli_profile_save(const char *profile, const irisx_value_t *object)
{
    irisx_value_t *root = load_all();
    irisx_value_t *profiles = irisx_value_dup(irisx_value_get(root, "profiles"));
    char *text = NULL;
    int err = ENOMEM;

    if (!profiles)
        profiles = irisx_value_new_object();
    if (root && profiles && !irisx_value_set_take(profiles, name_of(profile), irisx_value_dup(object)) &&
        !irisx_value_set_take(root, "profiles", profiles)) {
        text = irisx_value_to_text(root);
        err = text ? write_private(cli_config_path(), text) : ENOMEM;
    }
    irisx_text_free(text);
    irisx_value_free(root);
    return err;
}
