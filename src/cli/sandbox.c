/* SPDX-License-Identifier: MIT */
/* irisx sandbox: becomes irisx-sandbox, which stands beside it (or in ../sandbox of a build tree, or in PATH). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/sandbox.h"

bool cli_sandbox_path(char *out, size_t cap)
{
    static const char *const places[] = { "%s/irisx-sandbox", "%s/../sandbox/irisx-sandbox",
        "%s/../libexec/irisx-sandbox" };
    const char *given = getenv("IRISX_SANDBOX");
    char self[1024];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (given && *given) {
        (void) snprintf(out, cap, "%s", given);
        return access(out, X_OK) == 0;
    }
    if (n <= 0)
        return false;
    self[n] = 0;
    *strrchr(self, '/') = 0; /* an absolute path has one */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[1100];

        (void) snprintf(path, sizeof path, "%s%s", self, places[i] + 2); /* places begin with "%s" */
        if (access(path, X_OK) == 0) {
            (void) snprintf(out, cap, "%s", path);
            return true;
        }
    }
    return false;
}

int cmd_sandbox(int argc, char **argv)
{
    char path[1100];

    (void) argc;
    if (cli_sandbox_path(path, sizeof path))
        (void) execv(path, argv); /* returns only on failure */
    else
        (void) execvp("irisx-sandbox", argv); /* the same */
    (void) fprintf(
        stderr, "irisx: irisx-sandbox is not installed beside this command: build it, or set IRISX_SANDBOX\n");
    return EXIT_FAILED;
}
