/* SPDX-License-Identifier: MIT */
/*
 * The library in somebody else's process leaves it as it was (DESIGN.md section 4, "a good guest"): signals, masks,
 * locale, directory, umask, environment, descriptors, threads, output. A plain program, so that nothing else is in the
 * process. usage: guest LIBRARY    (TAP on stdout)
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <irisx/irisx.h>
#include <locale.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int number, bad, tap;

/* The leak checker cannot look at a child of a process with threads, and would say so; leaks are other tests' matter.
 */
const char *__asan_default_options(void);
__attribute__((visibility("default"), used)) const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static void say(bool good, const char *what)
{
    bad += !good;
    (void) dprintf(tap, "%sok %d - %s\n", good ? "" : "not ", ++number, what);
}

/* ---- what a process has ------------------------------------------------------------------ */
static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;

    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    if (d)
        (void) closedir(d);
    return n;
}

struct state {
    struct sigaction actions[NSIG];
    sigset_t mask;
    char locale[256], directory[512];
    mode_t mask_of_files;
    char **environment;
    size_t variables;
    int descriptors, threads;
};

static void look(struct state *s)
{
    memset(s, 0, sizeof *s);
    for (int i = 1; i < NSIG; i++)
        (void) sigaction(i, NULL, &s->actions[i]); /* two in the middle are glibc's: refused, and zero */
    (void) pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
    (void) snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
    if (!getcwd(s->directory, sizeof s->directory))
        s->directory[0] = 0;
    s->mask_of_files = umask(0);
    (void) umask(s->mask_of_files);
    s->environment = environ;
    while (environ[s->variables])
        s->variables++;
    s->descriptors = entries("/proc/self/fd");
    s->threads = entries("/proc/self/task");
}

static bool same_signals(const struct state *a, const struct state *b)
{
    for (int i = 1; i < NSIG; i++)
        if (a->actions[i].sa_handler != b->actions[i].sa_handler || a->actions[i].sa_flags != b->actions[i].sa_flags)
            return false;
    return true;
}

/* ---- a client that does a little of everything ------------------------------------------- */
static void rude_peer(const char *url) /* asks and is gone with a reset before the answer comes */
{
    const struct linger now = { .l_onoff = 1 };
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t) atoi(strrchr(url, ':') + 1)) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *) &to, sizeof to) == 0) {
        static const char text[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
                                   "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";

        (void) setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        (void) !write(fd, text, sizeof text - 1);
    }
    (void) close(fd);
}

static void on_event(irisx_client_t *client, const irisx_event_t *event, void *user_data)
{
    (void) client;
    (void) event;
    (void) user_data;
}

static bool wait_for(irisx_op_t *op)
{
    bool ended = irisx_op_wait(op, 20000) != IRISX_E_AGAIN;

    irisx_op_unref(op);
    return ended;
}

static irisx_client_t *begin(bool callback)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    irisx_receiver_options_t listen = IRISX_RECEIVER_OPTIONS_INIT;
    irisx_line_options_t account = IRISX_LINE_OPTIONS_INIT;
    irisx_receiver_t *receiver = NULL;
    irisx_client_t *client = NULL;
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;

    o.api_url = "http://127.0.0.1:9";
    o.on_event = callback ? on_event : NULL;
    if (irisx_client_new(&o, &client))
        return NULL;
    account.ws_url = "ws://127.0.0.1:9/";
    account.user = "1000";
    if (irisx_line_open(client, &account, &line, &op) || !wait_for(op) || irisx_sms_list(client, 1, 1, &op) ||
        !wait_for(op) || irisx_receiver_open(client, &listen, &receiver, &op) || !wait_for(op))
        return NULL;
    for (int i = 0; i < 20; i++)
        rude_peer(irisx_receiver_url(receiver));
    irisx_receiver_unref(receiver);
    irisx_line_unref(line);
    return client;
}

static bool finish(irisx_client_t *client)
{
    irisx_error_t err = irisx_client_close(client, 1000);

    irisx_client_unref(client);
    return err == IRISX_OK || err == IRISX_E_TIMEOUT;
}

static bool whole_life(bool callback)
{
    irisx_client_t *client = begin(callback);

    return client && finish(client);
}

/* ---- the cases --------------------------------------------------------------------------- */
static void process_is_left_as_it_was(void)
{
    struct state before, after;

    (void) whole_life(true); /* what libraries make once for the process: seeds, tables */
    look(&before);
    say(whole_life(true) && whole_life(false), "a client with callback and one without live and end");
    look(&after);
    say(same_signals(&before, &after), "no signal's disposition is changed");
    say(!memcmp(&before.mask, &after.mask, sizeof before.mask), "nor the mask of the caller");
    say(!strcmp(before.locale, after.locale), "nor the locale");
    say(!strcmp(before.directory, after.directory) && before.mask_of_files == after.mask_of_files,
        "nor the directory, nor the umask");
    say(before.environment == after.environment && before.variables == after.variables, "nor the environment");
    say(before.descriptors == after.descriptors, "no descriptor is left");
    say(before.threads == after.threads, "no thread is left");
    say(irisx_set_allocator(NULL) == IRISX_OK, "nothing of the allocator's is in use");
}

/* every thread but this one blocks what an application may want to catch */
static bool threads_take_no_signals(void)
{
    DIR *d = opendir("/proc/self/task");
    bool good = d != NULL;

    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        unsigned long long blocked = 0;
        char path[300], line[256];
        FILE *f;

        if (e->d_name[0] == '.' || atoi(e->d_name) == getpid())
            continue;
        (void) snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof line, f))
            if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
                break;
        if (f)
            (void) fclose(f);
        good = good && blocked & (1u << (SIGINT - 1)) && blocked & (1u << (SIGTERM - 1)) &&
               blocked & (1u << (SIGCHLD - 1));
    }
    if (d)
        (void) closedir(d);
    return good;
}

/* What a program that the host starts now inherits. */
static bool inherits_nothing(void)
{
    char text[64] = "";
    int out[2], status;
    pid_t child;

    if (pipe(out) != 0)
        abort();
    child = fork();
    if (!child) {
        (void) dup2(out[1], 1);
        (void) close(out[0]);
        (void) close(out[1]);
        (void) execl("/bin/ls", "ls", "-m", "/proc/self/fd", (char *) NULL); /* the last is the folder it reads */
        _exit(127);
    }
    (void) close(out[1]);
    for (size_t n = 0; n < sizeof text - 1;) {
        ssize_t got = read(out[0], text + n, sizeof text - 1 - n);

        if (got <= 0)
            break;
        n += (size_t) got;
    }
    (void) close(out[0]);
    return waitpid(child, &status, 0) == child && status == 0 && !strcmp(text, "0, 1, 2, 3\n");
}

static void while_it_runs(void)
{
    irisx_client_t *client = begin(true);
    struct sigaction pipe_action;
    bool nothing = false;

    say(client && threads_take_no_signals(), "its threads take no signal");
    (void) sigaction(SIGPIPE, NULL, &pipe_action);
    say(pipe_action.sa_handler == SIG_DFL, "SIGPIPE stays as it is while it runs, and kills nobody");
    for (int tries = 0; !nothing && tries < 3; tries++) /* libwebsockets marks a socket one call after it is made */
        nothing = inherits_nothing();
    say(nothing, "a program that the host starts inherits no descriptor");
    say(client && finish(client), "and it ends as before");
}

/* runs fn in a child; true: it returned true */
static bool in_a_child(bool (*fn)(void))
{
    int status = 0;
    pid_t child = fork();

    if (!child)
        exit(fn() ? 0 : 1); /* with what was registered for the exit: no surprise there */
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool closed_streams(void)
{
    (void) close(0);
    (void) close(1);
    (void) close(2);
    return whole_life(true);
}

static bool last_reference_without_a_close(void)
{
    irisx_client_t *client = begin(false);

    irisx_client_unref(client);
    return client != NULL; /* the process ends while the client does */
}

static bool never_given_back(void)
{
    return begin(true) != NULL;
}

static void other_hosts(void)
{
    say(in_a_child(closed_streams), "it works where stdin, stdout and stderr are closed");
    say(in_a_child(last_reference_without_a_close), "a process may end while a client tears itself down");
    say(in_a_child(never_given_back), "a process may end without a word to its client");
}

int main(void)
{
    char name[] = "/tmp/irisx-guest-XXXXXX";
    int said = mkstemp(name);
    struct stat st;

    if (said < 0)
        return 2;
    (void) signal(SIGPIPE, SIG_DFL); /* whoever started this may ignore it, and may have left descriptors open */
    for (int fd = 3; fd < 1024; fd++)
        if (fd != said)
            (void) close(fd);
    tap = fcntl(1, F_DUPFD_CLOEXEC, 10);
    (void) unlink(name);
    (void) dup2(said, 1); /* whatever is printed from here on is the library's */
    if (!getenv("GUEST_STDERR"))
        (void) dup2(said, 2);
    (void) close(said);
    process_is_left_as_it_was();
    while_it_runs();
    other_hosts();
    (void) fflush(NULL);
    say(fstat(1, &st) == 0 && st.st_size == 0, "nothing was printed");
    if (st.st_size) {
        static char text[100000];
        ssize_t n = pread(1, text, sizeof text - 1, 0);

        (void) dprintf(tap, "# %.*s\n", (int) n, text);
    }
    (void) dprintf(tap, "1..%d\n", number);
    return bad ? 1 : 0;
}
