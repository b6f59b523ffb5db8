#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calls that src/ does not make. usage: banned.py [ROOT]

Calls that overrun, lose errors or keep hidden state are out everywhere. Calls that belong to the shell (memory, time,
chance, printing) are out everywhere but in io, core and the programs. purity.py sees what the linker sees; this
also sees what a macro or an inline function would hide from it.
"""
import re
import sys

import lint

NOWHERE = ["strcpy", "strcat", "stpcpy", "sprintf", "vsprintf", "gets", "strtok", "atoi", "atol", "atoll", "atof",
           "tmpnam", "mktemp", "alloca", "strncpy", "strncat", "setlocale", "system", "popen"]
SHELL_ONLY = ["malloc", "calloc", "realloc", "reallocarray", "free", "strdup", "strndup", "asprintf", "vasprintf",
              "strtol", "strtoul", "strtoll", "strtoull", "time", "rand", "srand", "random", "assert", "printf",
              "fprintf", "puts", "getenv"]
SHELL = ("src/io/", "src/core/", "src/cli/", "src/sandbox/")


def pattern(words):
    return re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(words))


EVERYWHERE, ELSEWHERE = pattern(NOWHERE), pattern(NOWHERE + SHELL_ONLY)


def check(root, names):
    problems = []
    for name in names:
        if not re.match(r"src/.*\.[ch]$", name):
            continue
        words = EVERYWHERE if name.startswith(SHELL) else ELSEWHERE
        for number, line in enumerate(lint.code_only(lint.read(root, name)).split("\n"), 1):
            # a member called like the function ("void (*free)(void *)") is not a call of it
            for m in words.finditer(re.sub(r"\(\s*\*\s*\w+\s*\)\s*\(", "( (", line)):
                problems.append("%s:%d: %s() is banned here" % (name, number, m.group(1)))
    return problems


if __name__ == "__main__":
    at = sys.argv[1] if len(sys.argv) > 1 else lint.ROOT
    lint.finish(check(at, lint.tracked(at)))
