/* SPDX-License-Identifier: MIT */
/* The sandbox as a child of the demo. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/sandbox.h"

#define LINE_LIMIT 65536

static void become(const char *path, const int to[2], const int from[2])
{
    (void) setpgid(0, 0); /* Ctrl-C at the terminal is for us: calls are hung up before the platform goes */
    if (dup2(to[0], STDIN_FILENO) < 0 || dup2(from[1], STDOUT_FILENO) < 0)
        _exit(127);
    (void) execl(path, path, "--exit-with-stdin", (char *) NULL);
    _exit(127);
}

static bool spawn(struct cli_child *child, const char *path)
{
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC))
        return false;
    if (pipe2(from, O_CLOEXEC)) {
        (void) close(to[0]);
        (void) close(to[1]);
        return false;
    }
    child->pid = fork();
    if (child->pid == 0)
        become(path, to, from);
    (void) close(to[0]);
    (void) close(from[1]);
    child->in = to[1];
    child->out = from[0];
    return child->pid > 0;
}

/* First line, within the time; false at its end or on a signal. */
static bool read_line(int fd, char *line, size_t cap, double deadline)
{
    size_t n = 0;

    while (n + 1 < cap && !cli_interrupted()) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        double left = deadline - cli_now_ms();
        ssize_t got;

        if (left <= 0 || poll(&p, 1, left > 100 ? 100 : (int) left + 1) < 0)
            left = left <= 0 ? 0 : left;
        if (left <= 0)
            return false;
        if (!(p.revents & (POLLIN | POLLHUP)))
            continue;
        got = read(fd, line + n, 1);
        if (got <= 0)
            return false;
        if (line[n] == '\n') {
            line[n] = 0;
            return true;
        }
        n++;
    }
    return false;
}

irisx_value_t *cli_sandbox_start(struct cli_child *child, double timeout_ms, const char **why)
{
    static char line[LINE_LIMIT];
    irisx_value_t *value = NULL;
    char path[1100];

    memset(child, 0, sizeof *child);
    *why = "irisx-sandbox is not installed beside this command: build it, or set IRISX_SANDBOX";
    if (!cli_sandbox_path(path, sizeof path))
        return NULL;
    *why = "the local platform cannot be started";
    if (!spawn(child, path))
        return NULL;
    *why = "the local platform did not say that it is ready";
    if (read_line(child->out, line, sizeof line, cli_now_ms() + timeout_ms))
        (void) irisx_value_parse(line, strlen(line), &value, NULL); /* NULL then */
    if (!value)
        cli_sandbox_stop(child);
    return value;
}

void cli_sandbox_stop(struct cli_child *child)
{
    double deadline = cli_now_ms() + 5000;
    int status;

    if (child->pid <= 0)
        return;
    (void) close(child->in); /* --exit-with-stdin */
    (void) kill(child->pid, SIGTERM);
    while (waitpid(child->pid, &status, WNOHANG) == 0) {
        struct pollfd p = { .fd = child->out, .events = POLLIN }; /* its end closes our pipe */

        if (cli_now_ms() > deadline) {
            (void) kill(child->pid, SIGKILL);
            deadline += 60000;
        }
        (void) poll(&p, 1, 20);
    }
    (void) close(child->out);
    child->pid = 0;
}
