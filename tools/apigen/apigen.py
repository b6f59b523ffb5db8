#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the C API from openapi/irisx.yaml: public headers and the tables of src/api.

usage: apigen.py headers [SPEC] [SELECTION] --out DIR     irisx/api/<group>.h and common.h
       apigen.py tables  [SPEC] [SELECTION] --out FILE    the const tables
       apigen.py docs    [SPEC] [SELECTION] --out FILE    what the command says about operations
       apigen.py groups  [SPEC] [SELECTION]               names of the headers, one a line
       apigen.py lock    [SPEC]                           append what is new to the lock file
       apigen.py list    [SPEC] [SELECTION]               operations, one a line
SPEC: --spec FILE --lock FILE. SELECTION: --select GROUP,FAMILY,... (all, none) --admin true|false
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import jinja2  # noqa: E402

import spec  # noqa: E402
from docs import Docs  # noqa: E402
from lock import Lock, SpecError  # noqa: E402
from model import Model, Selection  # noqa: E402
from tables import Tables  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def environment():
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(os.path.join(HERE, "templates")), trim_blocks=True,
                             lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined,
                             autoescape=False)
    env.filters["comment"] = lambda s: s.replace("*/", "* /").strip()
    return env


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def headers(model, out):
    env = environment()
    declared = [t for t in model.type_order if not t.is_view]
    common = [t for t in declared if len(t.groups) > 1]
    write(os.path.join(out, "common.h"), env.get_template("common.h.j2").render(types=common))
    for group in model.groups:
        types = [t for t in declared if t.groups == {group}]
        ops = [op for op in model.ops if op.group == group]
        text = env.get_template("group.h.j2").render(group=group, types=types, ops=ops, common=bool(common))
        write(os.path.join(out, group + ".h"), text)


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("action", choices=["headers", "tables", "docs", "groups", "lock", "list"])
    parser.add_argument("--spec", default=os.path.join(ROOT, "openapi", "irisx.yaml"))
    parser.add_argument("--lock", default=os.path.join(ROOT, "openapi", "lock.yaml"))
    parser.add_argument("--select", default="all", help="groups and families, with commas between; all; none")
    parser.add_argument("--admin", default="true", choices=["true", "false"])
    parser.add_argument("--out")
    parser.add_argument("--name", default="platform", help="of the table set: ix_api_set_NAME")
    return parser.parse_args()


def main():
    args = arguments()
    data = spec.load(args.lock) if os.path.exists(args.lock) else {}
    lock = Lock(data, update=args.action == "lock")
    names = [n for n in args.select.split(",") if n]
    model = Model(spec.join(args.spec), lock, selection=Selection(names, args.admin == "true"))
    lock.check_complete(model.spec["info"]["version"])
    if args.action == "headers":
        headers(model, args.out)
    elif args.action == "tables":
        write(args.out, environment().get_template("tables.c.j2").render(t=Tables(model), name=args.name))
    elif args.action == "docs":
        write(args.out, environment().get_template("docs.c.j2").render(docs=Docs(model)))
    elif args.action == "groups":
        print("\n".join(model.groups))
    elif args.action == "lock":
        write(args.lock, lock.text())
    else:
        for op in model.ops:
            print("%4d  %-28s %-6s %s" % (op.number, op.id, op.method, op.path))


if __name__ == "__main__":
    try:
        main()
    except (SpecError, OSError) as e:
        sys.exit("apigen: %s" % e)
