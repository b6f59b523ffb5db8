#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header compiles alone, as strict C99 and as C++11, without a warning. usage: headers.py [INCLUDE_DIR]"""
import os
import subprocess
import sys
import tempfile

import lint

COMPILERS = [
    ["cc", "-std=c99", "-pedantic-errors", "-Wall", "-Wextra", "-Wundef", "-Wstrict-prototypes", "-Werror", "-x", "c"],
    ["c++", "-std=c++11", "-pedantic-errors", "-Wall", "-Wextra", "-Wundef", "-Werror", "-x", "c++"],
]


def check(include):
    folder = os.path.join(include, "irisx")
    headers = sorted(os.path.relpath(os.path.join(at, h), folder) for at, _, files in os.walk(folder)
                     for h in files if h.endswith(".h"))
    problems = [] if headers else ["no public header in %s" % folder]
    with tempfile.TemporaryDirectory() as out:
        for header in headers:
            for compiler in COMPILERS:
                # included twice: the guard must hold
                unit = "#include <irisx/%s>\n#include <irisx/%s>\nint irisx_unit;\n" % (header, header)
                done = subprocess.run(compiler + ["-I", include, "-c", "-o", os.path.join(out, "a.o"), "-"], input=unit,
                                      capture_output=True, text=True)
                if done.returncode:
                    problems.append("%s as %s:\n%s" % (header, compiler[1], done.stderr))
    return problems


if __name__ == "__main__":
    lint.finish(check(sys.argv[1] if len(sys.argv) > 1 else os.path.join(lint.ROOT, "include")))
