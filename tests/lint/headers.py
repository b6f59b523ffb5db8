#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header compiles alone, as strict C99 and as C++11, without a warning. 
usage: headers.py [INCLUDE_DIR ...]    the source tree's and the build's, which holds the generated ones
"""
import os
import subprocess
import sys
import tempfile

import lint

COMPILERS = [
    ["cc", "-std=c99", "-pedantic-errors", "-Wall", "-Wextra", "-Wundef", "-Wstrict-prototypes", "-Werror", "-x", "c"],
    ["c++", "-std=c++11", "-pedantic-errors", "-Wall", "-Wextra", "-Wundef", "-Werror", "-x", "c++"],
]


def headers_below(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder)
                  for name in names if name.endswith(".h"))


def check(includes):
    problems, flags = [], [word for folder in includes for word in ("-I", folder)]
    with tempfile.TemporaryDirectory() as out:
        for folder in includes:
            headers = headers_below(folder)
            if not headers:
                problems.append("no public header in %s" % folder)
            for header in headers:
                # included twice: the guard must hold
                unit = "#include <%s>\n#include <%s>\nint irisx_unit;\n" % (header, header)
                for compiler in COMPILERS:
                    done = subprocess.run(compiler + flags + ["-c", "-o", os.path.join(out, "a.o"), "-"], input=unit,
                                          capture_output=True, text=True)
                    if done.returncode:
                        problems.append("%s as %s:\n%s" % (header, compiler[1], done.stderr))
    return problems


if __name__ == "__main__":
    lint.finish(check(sys.argv[1:] or [os.path.join(lint.ROOT, "include")]))
