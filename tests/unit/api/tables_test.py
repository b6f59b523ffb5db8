#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the generator made: tables without a relocation, headers for C99 and C++17.

usage: tables_test.py TABLES.c A_GENERATED_HEADER
"""
import os
import re
import resource
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TABLES, HEADER = (os.path.abspath(a) for a in sys.argv[1:3])
BUILT = os.path.dirname(os.path.dirname(os.path.dirname(HEADER)))  # .../include of the build
BUDGET = 280000  # bytes of all tables, with every operation
COMPILE_S = 20  # CPU seconds for all headers in one unit, C99 or C++17, on the slowest machine that counts
FLAGS = ["-I", os.path.join(ROOT, "include"), "-I", BUILT, "-I", os.path.join(ROOT, "src")]


def run(*command, **kw):
    return subprocess.run(command, check=True, capture_output=True, text=True, **kw).stdout


def relocations(folder, source):
    """Dynamic relocations of the source as a shared object of its own."""
    out = os.path.join(folder, os.path.basename(source) + ".so")
    run("cc", "-std=gnu11", "-O2", "-fPIC", "-shared", "-nostdlib", "-fvisibility=hidden", *FLAGS, "-o", out, source)
    text = run("readelf", "-rW", out)
    return [line for line in text.splitlines() if " R_" in line]


def planted(folder):
    """The check can fail: a table with one address in it."""
    name = os.path.join(folder, "bad.c")
    with open(name, "w", encoding="utf-8") as f:
        f.write('extern const char *const bad[];\nconst char *const bad[] = { "x" };\n')
    return relocations(folder, name)


def headers(folder):
    names = sorted(n for n in os.listdir(os.path.dirname(HEADER)) if n.endswith(".h"))
    unit = "".join("#include <irisx/api/%s>\n" % n for n in names) * 2 + "int unit;\n"
    spent = {}
    for compiler, language, standard in (("cc", "c", "c99"), ("c++", "c++", "c++17")):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(compiler, "-std=" + standard, "-pedantic-errors", "-Wall", "-Wextra", "-Werror", *FLAGS[:4], "-x", language,
            "-c", "-o", os.path.join(folder, "h.o"), "-", input=unit)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent[standard] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        assert spent[standard] <= COMPILE_S, "the headers take %.1f s of CPU as %s" % (spent[standard], standard)
    return names, spent


def tables_size(folder):
    """Read-only data of the generated file: the tables and nothing else."""
    text = run("size", "-A", os.path.join(folder, os.path.basename(TABLES) + ".so"))
    return sum(int(m.group(1)) for m in re.finditer(r"^\.(?:rodata|data)\S*\s+(\d+)", text, re.M))


APIGEN = os.path.join(ROOT, "tools", "apigen", "apigen.py")
KIOSK = "auth,webrtc,calls,sms,messages,phone-numbers,webhooks,call-quality"


def reduced(folder):
    """Builds that leave operations out: headers and tables of each compile, and are as much smaller as they should be."""
    sizes = {}
    for select, admin in ((KIOSK, "false"), ("all", "false"), ("none", "true")):
        out = os.path.join(folder, select.replace(",", "_") + admin)
        os.makedirs(os.path.join(out, "irisx", "api"))
        chosen = ("--select", select, "--admin", admin)
        run(sys.executable, APIGEN, "headers", *chosen, "--out", os.path.join(out, "irisx", "api"))
        run(sys.executable, APIGEN, "tables", *chosen, "--out", os.path.join(out, "tables.c"))
        names = sorted(n for n in os.listdir(os.path.join(out, "irisx", "api")) if n.endswith(".h"))
        unit = "".join("#include <irisx/api/%s>\n" % n for n in names) + "int unit;\n"
        for compiler, language, standard in (("cc", "c", "c99"), ("c++", "c++", "c++17")):
            run(compiler, "-std=" + standard, "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-I", FLAGS[1], "-I", out, "-x", language, "-c",
                "-o", os.path.join(folder, "h.o"), "-", input=unit)
        run("cc", "-std=gnu11", "-O2", "-I", FLAGS[1], "-I", out, "-I", FLAGS[5], "-c", "-o", os.path.join(folder, "t.o"), os.path.join(out, "tables.c"))
        text = run("size", "-A", os.path.join(folder, "t.o"))
        sizes[select, admin] = sum(int(m.group(1)) for m in re.finditer(r"^\.rodata\S*\s+(\d+)", text, re.M))
    assert sizes["none", "true"] < 16000 < sizes[KIOSK, "false"] < 60000 < sizes["all", "false"] < BUDGET, sizes
    return sizes


def main():
    with tempfile.TemporaryDirectory() as folder:
        found = relocations(folder, TABLES)
        assert not found, "the tables need relocations:\n" + "\n".join(found)
        assert planted(folder), "a planted address was not seen"
        names, spent = headers(folder)
        assert len(names) >= 6, names
        size = tables_size(folder)
        small = reduced(folder)
        assert 50000 < size <= BUDGET, "the tables take %d bytes, the budget is %d" % (size, BUDGET)
    print("no relocation; %d bytes, without admin %d, kiosk %d; %d headers compile as C99 (%.1f s) and C++17 (%.1f s)" % (
        size, small["all", "false"], small[KIOSK, "false"], len(names), spent["c99"], spent["c++17"]))


main()
