#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the shared library exports, and what the archive lets a linker see.

usage: names.py LIBRARY ARCHIVE LIST [--update]

The shared object exports irisx_* alone, and exactly what LIST (tests/abi/exports.txt) says: a symbol that comes or
goes is an ABI change and is written down by running this with --update (./dev lint --update-exports).
"""
import re
import subprocess
import sys

import lint


def defined(path, *options):
    done = subprocess.run(["nm", "--defined-only", *options, path], capture_output=True, text=True)
    if done.returncode and "no symbols" not in done.stderr:
        sys.exit(done.stderr)
    out = done.stdout
    return sorted({m.group(2).split("@")[0] for m in re.finditer(r"^[0-9a-f]+ ([A-Z]) (\S+)$", out, re.M)
                   if m.group(1) != "A"})


def foreign(names, prefixes):
    """Names of ours that bear none of the prefixes; what the sanitizers add is not ours."""
    return [n for n in names if not n.startswith(prefixes) and not re.match(r"__(asan|odr_asan|ubsan|tsan|gcov)", n)]


def read_list(path):
    with open(path) as f:
        return [line.strip() for line in f if line.strip() and not line.startswith("#")]


def write_list(path, names):
    with open(path, "w") as f:
        f.write("# Exported symbols of libirisx-client.so; rewritten by ./dev lint --update-exports.\n")
        f.writelines(n + "\n" for n in names)


def main():
    library, archive, listed = sys.argv[1:4]
    exported = defined(library, "-D")
    problems = ["%s: exports %s, which is not irisx_*" % (library, n) for n in foreign(exported, ("irisx_",))]
    problems += ["%s: global symbol %s is neither irisx_* nor ix_*" % (archive, n)
                 for n in foreign(defined(archive, "-g"), ("irisx_", "ix_"))]
    if sys.argv[4:] == ["--update"]:
        write_list(listed, exported)
    wanted = read_list(listed)
    problems += ["%s is gone: an ABI break (tests/abi/exports.txt lists it)" % n for n in set(wanted) - set(exported)]
    problems += ["%s is new: ./dev lint --update-exports, and a line in CHANGELOG.md" % n
                 for n in set(exported) - set(wanted)]
    lint.finish(sorted(problems))


if __name__ == "__main__":
    main()
