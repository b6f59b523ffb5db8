#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every #include of src/ against the table in layers.toml. usage: layers.py [ROOT]"""
import fnmatch
import os
import re
import sys
import tomllib

import lint

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers.toml")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
PUBLIC_DEFAULT = ["error.h", "version.h"]


def matches(header, patterns):
    return any(fnmatch.fnmatchcase(header, p) for p in patterns)


def why_refused(table, folder, name, quote, header, folders):
    """None if the file `name` of `folder` may include `header`, otherwise the reason."""
    rule = table[folder]
    if header.startswith("irisx/"):
        allowed = rule.get("public", PUBLIC_DEFAULT)
        return None if matches(header[len("irisx/"):], allowed) else "public header not for this folder"
    top = header.split("/")[0]
    if "/" in header and top in folders:
        if top == folder:
            return None
        if top not in rule["folders"] and header not in rule.get("files", []):
            return "src/%s may not look into src/%s" % (folder, top)
        shown = table.get(top, {}).get("interface", [top + ".h"])
        return None if header[len(top) + 1:] in shown else "a header of src/%s's own" % top
    if quote == '"':
        if os.path.exists(os.path.join(os.path.dirname(name), header)):
            return None if rule.get("local") else "name it from src/: \"%s/%s\"" % (folder, header)
        return "no such header in src/"
    if matches(header, table["pure"]["headers"] + rule.get("headers", [])):
        return None
    if matches(header, rule.get("external", [])):
        seen = name.endswith(".h") and os.path.basename(name) in rule.get("interface", [folder + ".h"])
        return "third-party header in a header that other folders see" if seen else None
    third_party = {p for r in table.values() for p in r.get("external", [])}
    if matches(header, third_party):
        return "third-party header not for this folder"
    return None if rule.get("system") else "system header in a pure folder"


def check(root, names, table):
    src = os.path.join(root, "src")
    folders = set(table) - {"pure"} | ({d for d in os.listdir(src)} if os.path.isdir(src) else set())
    problems = []
    for name in names:
        m = re.match(r"src/([^/]+)/.*\.[ch]$", name)
        if not m:
            continue
        folder = m.group(1)
        if folder not in table:
            problems.append("%s: folder src/%s is not in layers.toml" % (name, folder))
            continue
        text = lint.read(root, name)
        for inc in INCLUDE.finditer(text):
            why = why_refused(table, folder, os.path.join(root, name), inc.group(1), inc.group(2), folders)
            if why:
                line = text.count("\n", 0, inc.start()) + 1
                problems.append("%s:%d: #include %s: %s" % (name, line, inc.group(2), why))
    return problems


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else lint.ROOT
    with open(TABLE, "rb") as f:
        table = tomllib.load(f)
    lint.finish(check(root, lint.tracked(root), table))


if __name__ == "__main__":
    main()
