#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the archives of the pure layers ask of the rest of the world, and what state they keep.

usage: purity.py ARCHIVE...    archives of other folders are passed over

Fails on an undefined symbol that waits, asks the time, allocates by itself, prints or draws entropy, and on
writable static data: a core's state is in its struct, two calls never share any.
"""
import os
import re
import subprocess
import sys

import lint

PURE = ["core", "json", "sdp", "sip", "ice", "dtls", "rtp", "audio", "detect", "http", "webhook", "realtime", "hunt",
        "store", "api", "call", "media"]

FORBIDDEN = re.compile(r"""^(?:
    socket | socketpair | bind | listen | accept4? | connect | shutdown | getsockname | getpeername | [gs]etsockopt |
    send | sendto | sendmsg | sendmmsg | recv | recvfrom | recvmsg | recvmmsg | getaddrinfo | gethostby\w+ |
    poll | ppoll | select | pselect | epoll_\w+ | read | write | open | openat | close | pipe2? | fork | exec\w+ |
    fopen\w* | fclose | fread | fwrite | fgets | fputs | fputc | puts | putchar | perror |
    clock | clock_\w+ | time | gettimeofday | nanosleep | usleep | sleep | localtime\w* | ctime\w* |
    pthread_\w+ | thrd_\w+ | mtx_\w+ | cnd_\w+ | sem_\w+ |
    rand | rand_r | srand | random | srandom | [delmnj]rand48 | arc4random\w* | getrandom | getentropy |
    getenv | secure_getenv | setenv | putenv | setlocale | signal | sigaction |
    printf | fprintf | dprintf | vprintf | vfprintf | vdprintf |
    asprintf | vasprintf | malloc | calloc | realloc | reallocarray | free | strdup | strndup | posix_memalign |
    aligned_alloc | memalign | getline | qsort_r |
    mbedtls_entropy_\w+ | mbedtls_timing_\w+ | mbedtls_net_\w+ | opus_\w+_create
    )$""", re.X)

# The exceptions, each with its reason. No wild cards.
ALLOWED_SYMBOLS = {}
ALLOWED_STATE = {
    "rtp": {"init_state", "kept_open"},  # ix_rtp_global_init: libsrtp's own state is one for the process
    "core": {
        "active", "custom", "live",  # ix_set_allocator: the one allocator of the process, and whether it may change
        "last_resort",  # where a failed assertion says its words before it aborts
        "wipe_memset",  # const, and volatile so that wiping is not optimised away
    },
}


def folder_of(archive):
    m = re.match(r"libix_(\w+)\.a$", os.path.basename(archive))
    return m.group(1) if m else None


def undefined(archive):
    out = subprocess.run(["nm", "-A", "--undefined-only", archive], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        m = re.match(r".*?:(\S+\.o):\s+[Uw] (\S+)", line)
        if m:
            plain = re.sub(r"^__(\w+)_chk$", r"\1", m.group(2).split("@")[0])
            yield m.group(1), re.sub(r"^__isoc\d\d_", "", plain)


def writable(archive):
    """(object file, symbol) of static data that the program can write."""
    out = subprocess.run(["objdump", "-t", archive], check=True, capture_output=True, text=True).stdout
    member = ""
    for line in out.splitlines():
        m = re.match(r"(\S+\.o):\s+file format", line)
        if m:
            member = m.group(1)
        m = re.match(r"[0-9a-f]{16} \S?.{6}O (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
        if m and re.match(r"\.(t?bss|t?data)(\.|$)|\*COM\*", m.group(1)) and \
                not m.group(1).startswith(".data.rel.ro"):
            yield member, m.group(2)


def instrumentation(name):
    return re.match(r"_*(asan|ubsan|odr_asan|gcov|llvm|sanitizer|tsan|Lubsan|lubsan|\.?LASAN|\.?Lubsan)|\.L", name)


def check(archive, folder):
    problems = []
    for member, name in sorted(set(undefined(archive))):
        if FORBIDDEN.match(name) and name not in ALLOWED_SYMBOLS.get(folder, ()):
            problems.append("src/%s: %s calls %s" % (folder, member, name))
    for member, name in sorted(set(writable(archive))):
        plain = name.split(".")[0]
        if not instrumentation(name) and plain not in ALLOWED_STATE.get(folder, ()):
            problems.append("src/%s: %s keeps writable static data '%s'" % (folder, member, name))
    return problems


def main():
    problems, seen = [], 0
    for archive in sys.argv[1:]:
        folder = folder_of(archive)
        if folder in PURE:
            seen += 1
            problems += check(archive, folder)
    if not seen:
        problems.append("no archive of a pure folder was given")
    lint.finish(problems)


if __name__ == "__main__":
    main()
