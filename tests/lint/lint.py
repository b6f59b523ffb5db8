# SPDX-License-Identifier: MIT
"""What the lint scripts share: finding files, stripping comments and strings, reporting."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tracked(root=ROOT):
    """Paths of all files under version control (or new), relative to root; outside git every file but builds."""
    git = subprocess.run(["git", "-C", root, "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
                          "--exclude-standard"], capture_output=True)
    if git.returncode == 0:
        names = sorted({os.fsdecode(p) for p in git.stdout.split(b"\0") if p})
        return [n for n in names if os.path.isfile(os.path.join(root, n))]
    found = []
    for folder, subs, files in os.walk(root):
        subs[:] = [s for s in subs if not re.match(r"build|\.git$|\.venv$|node_modules$|__pycache__$", s)]
        found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(found)


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
        return f.read()


_TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text):
    """C text with comments, strings and character constants blanked; line numbers stay."""
    return _TOKENS.sub(lambda m: '""' if m.group(0)[0] == '"' else re.sub(r"[^\n]", " ", m.group(0)), text)


def finish(problems):
    """Prints the problems and ends the program; status 1 if there are any."""
    for p in problems:
        print(p)
    if problems:
        print("%d problem(s)" % len(problems))
    sys.exit(1 if problems else 0)
