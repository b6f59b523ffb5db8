#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the C API from openapi/irisx.yaml: public headers and the tables of src/api.

usage: apigen.py headers --spec FILE --lock FILE --groups a,b,c --out DIR     irisx/api/<group>.h and common.h
       apigen.py tables  --spec FILE --lock FILE --groups a,b,c --out FILE    the const tables
       apigen.py lock    [--spec FILE] [--lock FILE]                          append what is new to the lock file
       apigen.py list    [--spec FILE] [--lock FILE]                          operations, one a line
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import jinja2  # noqa: E402

import spec  # noqa: E402
from lock import Lock, SpecError  # noqa: E402
from model import Model  # noqa: E402
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


def headers(model, groups, out):
    env = environment()
    declared = [t for t in model.type_order if not t.is_view]
    common = [t for t in declared if len(t.groups) > 1]
    write(os.path.join(out, "common.h"), env.get_template("common.h.j2").render(types=common))
    for group in groups:
        types = [t for t in declared if t.groups == {group}]
        ops = [op for op in model.ops if op.group == group]
        text = env.get_template("group.h.j2").render(group=group, types=types, ops=ops, common=bool(common))
        write(os.path.join(out, group + ".h"), text)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("action", choices=["headers", "tables", "lock", "list"])
    parser.add_argument("--spec", default=os.path.join(ROOT, "openapi", "irisx.yaml"))
    parser.add_argument("--lock", default=os.path.join(ROOT, "openapi", "lock.yaml"))
    parser.add_argument("--groups", default="")
    parser.add_argument("--out")
    parser.add_argument("--include", default="<irisx/api/%s.h>", help="how the tables include a group's header")
    parser.add_argument("--name", default="platform", help="of the table set: ix_api_set_NAME")
    args = parser.parse_args()
    data = spec.load(args.lock) if os.path.exists(args.lock) else {}
    lock = Lock(data, update=args.action == "lock")
    model = Model(spec.join(args.spec), lock)
    lock.check_complete()
    groups = [g for g in args.groups.split(",") if g]
    if args.action in ("headers", "tables") and groups != model.groups:
        raise SpecError("the build lists the groups %s, the specification has %s" % (groups, model.groups))
    if args.action == "headers":
        headers(model, groups, args.out)
    elif args.action == "tables":
        text = environment().get_template("tables.c.j2").render(t=Tables(model), name=args.name,
                                                                     includes=[args.include % g for g in groups])
        write(args.out, text)
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
