/* SPDX-License-Identifier: MIT */
/* See rig.h. */
#include "rig.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certs.h"

struct rig rig;
static pid_t platform;

static void take(char *to, size_t room, const irisx_value_t *from, const char *key)
{
    const char *text = irisx_value_get_text(from, key, NULL);

    cr_assert(text && snprintf(to, room, "%s", text) < (int) room, "%s", key);
}

static void read_ready(FILE *out)
{
    const irisx_value_t *agent;
    irisx_value_t *ready;
    char line[8192];

    cr_assert_not_null(fgets(line, sizeof line, out), "the platform does not start");
    cr_assert_eq(irisx_value_parse(line, strlen(line), &ready, NULL), IRISX_OK);
    agent = irisx_value_at(irisx_value_get(ready, "agents"), 0);
    take(rig.api_url, sizeof rig.api_url, ready, "api_url");
    take(rig.ws_url, sizeof rig.ws_url, ready, "ws_url");
    take(rig.email, sizeof rig.email, irisx_value_get(ready, "user"), "email");
    take(rig.password, sizeof rig.password, irisx_value_get(ready, "user"), "password");
    take(rig.agent_password, sizeof rig.agent_password, agent, "password");
    irisx_value_free(ready);
}

void rig_up(void)
{
    const char *program = getenv("IRISX_SANDBOX");
    int out[2];
    FILE *f;

    cr_assert(program, "IRISX_SANDBOX names no program");
    temp_folder(rig.folder);
    cr_assert_eq(pipe(out), 0);
    platform = fork();
    cr_assert_geq(platform, 0);
    if (!platform) {
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that fails takes it along */
        (void) dup2(out[1], 1);
        (void) close(out[0]);
        (void) close(out[1]);
        (void) execl(program, program, "--port", "0", (char *) NULL);
        _exit(127);
    }
    (void) close(out[1]);
    f = fdopen(out[0], "r");
    cr_assert_not_null(f);
    read_ready(f);
    (void) fclose(f);
}

void rig_down(void)
{
    int status;

    cr_assert_gt(platform, 0);
    (void) kill(platform, SIGTERM);
    cr_assert_eq(waitpid(platform, &status, 0), platform);
    temp_folder_remove(rig.folder);
}

const char *rig_path(const char *name)
{
    static char paths[4][300];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    (void) snprintf(path, sizeof paths[0], "%s/%s", rig.folder, name); /* fits */
    return path;
}

irisx_error_t rig_wait(irisx_op_t **op)
{
    irisx_error_t err = irisx_op_wait(*op, 3000);

    if (err == IRISX_E_AGAIN) {
        (void) irisx_op_cancel(*op); /* its own end may come first */
        err = irisx_op_wait(*op, 10000);
        cr_assert_neq(err, IRISX_E_AGAIN, "an op never ends");
    }
    irisx_op_unref(*op);
    *op = NULL;
    return err;
}

irisx_line_t *rig_line(irisx_client_t *client)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;

    o.ws_url = rig.ws_url;
    o.user = "1000";
    o.password = rig.agent_password;
    o.realm = "sandbox.irisx.test";
    cr_assert_eq(irisx_line_open(client, &o, &line, &op), IRISX_OK);
    cr_assert_eq(rig_wait(&op), IRISX_OK);
    return line;
}

void rig_run_until_ready(irisx_client_t *client, irisx_line_t *line)
{
    struct pollfd fd = { .fd = irisx_client_fd(client), .events = POLLIN };

    for (int turns = 0; irisx_line_state(line) != IRISX_LINE_READY; turns++) {
        int wait = irisx_client_timeout_ms(client);

        cr_assert_lt(turns, 10000, "the line is not ready again");
        (void) poll(&fd, 1, wait < 0 || wait > 1000 ? 1000 : wait); /* what is due is done anyway */
        cr_assert_eq(irisx_client_run_once(client), IRISX_OK);
    }
}

size_t rig_read_all(irisx_client_t *client, int fd, char *out, size_t room)
{
    struct pollfd fds[2] = { { .fd = fd, .events = POLLIN }, { .fd = irisx_client_fd(client), .events = POLLIN } };
    size_t n = 0;
    ssize_t got = 1;

    while (got > 0 && n + 1 < room) {
        int wait = irisx_client_timeout_ms(client);

        (void) poll(fds, 2, wait < 0 || wait > 1000 ? 1000 : wait); /* what is due is done anyway */
        cr_assert_eq(irisx_client_run_once(client), IRISX_OK);
        if (!fds[0].revents)
            continue;
        got = recv(fd, out + n, room - 1 - n, MSG_DONTWAIT);
        n += got > 0 ? (size_t) got : 0;
    }
    out[n] = 0;
    (void) close(fd);
    return n;
}

void rig_drain(irisx_client_t *client)
{
    irisx_event_t *event;

    while (irisx_client_next_event(client, 0, &event) == IRISX_OK)
        irisx_event_unref(event);
}
