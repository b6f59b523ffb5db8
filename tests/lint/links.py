#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every relative link of every Markdown page leads to something. usage: links.py [ROOT]"""
import os
import re
import sys

import lint

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def check(root, names):
    problems = []
    for name in names:
        if not name.endswith(".md"):
            continue
        text = re.sub(r"```.*?```", lambda m: "\n" * m.group(0).count("\n"), lint.read(root, name), flags=re.S)
        for m in LINK.finditer(text):
            target = m.group(1).split("#")[0]
            if target and ":" not in target and not os.path.exists(os.path.join(root, os.path.dirname(name), target)):
                problems.append("%s:%d: %s is not there" % (name, text.count("\n", 0, m.start()) + 1, target))
    return problems


if __name__ == "__main__":
    at = sys.argv[1] if len(sys.argv) > 1 else lint.ROOT
    lint.finish(check(at, lint.tracked(at)))
