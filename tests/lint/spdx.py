#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every source file names its licence in its first three lines. usage: spdx.py [ROOT]"""
import os
import re
import sys

import lint

SUFFIXES = (".c", ".h", ".py", ".sh", ".build", ".i", ".in", ".map", ".js", ".mjs", ".ts", ".cmake", ".toml", ".yaml",
            ".yml")
NAMES = ("dev", ".ci/run", "tools/packages.txt")


def wants_tag(name):
    folder = name.startswith("tests/fuzz/corpus/")
    return not folder and (name.endswith(SUFFIXES) or name in NAMES)


def check(root, names):
    problems = []
    for name in filter(wants_tag, names):
        text = lint.read(root, name)
        head = "\n".join(text.split("\n")[:3])
        if text.strip() and not re.search(r"SPDX-License-Identifier: MIT\b", head):
            problems.append("%s: no SPDX-License-Identifier: MIT in its first three lines" % name)
    return problems


if __name__ == "__main__":
    at = sys.argv[1] if len(sys.argv) > 1 else lint.ROOT
    lint.finish(check(at, lint.tracked(at)))
