#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Functions of at most 100 lines, files of at most 1,000, lines of at most 120 columns (a text may be
longer, and tests are full of them). usage: sizes.py [ROOT]

Measured over the C of src/, include/, tests/ and examples/ with universal-ctags (what is generated lies in the build).
The last line tells the median and the ninetieth percentile, so that a drift is seen early.
"""
import re
import subprocess
import sys

import lint

FUNCTION_LINES, FILE_LINES, COLUMNS = 100, 1000, 120


def c_files(names):
    return [n for n in names if re.match(r"(src|include|tests|examples|tools)/.*\.[ch]$", n)]


def functions(root, names):
    """(file, function, lines) of every function body."""
    out = subprocess.run(["ctags", "-x", "--_xformat=%F\t%N\t%n\t%e", "--language-force=C", "--kinds-C=f",
                          "--fields=+e", "-L", "-"], cwd=root, input="\n".join(names), check=True,
                         capture_output=True, text=True).stdout
    for line in out.splitlines():
        name, function, first, last = line.split("\t")
        if last.isdigit():
            yield name, function, int(last) - int(first) + 1


def check(root, names):
    problems, lengths = [], []
    files = c_files(names)
    for name in files:
        lines = lint.read(root, name).split("\n")
        if len(lines) - 1 > FILE_LINES:
            problems.append("%s: %d lines; at most %d" % (name, len(lines) - 1, FILE_LINES))
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS and not name.startswith("tests/") and not line.lstrip().startswith('"'):
                problems.append("%s:%d: %d columns; at most %d" % (name, number, len(line), COLUMNS))
    for name, function, length in functions(root, files) if files else ():
        if name.startswith("src/"):
            lengths.append(length)
        if length > FUNCTION_LINES:
            problems.append("%s: %s() has %d lines; at most %d" % (name, function, length, FUNCTION_LINES))
    if lengths:
        lengths.sort()
        print("%d functions in src/: median %d lines, p90 %d, longest %d" %
              (len(lengths), lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10], lengths[-1]))
    return problems


if __name__ == "__main__":
    at = sys.argv[1] if len(sys.argv) > 1 else lint.ROOT
    lint.finish(check(at, lint.tracked(at)))
