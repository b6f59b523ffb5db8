#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes openapi/paths/ from the list of the platform's routes and openapi/overlay.yaml.

usage: convert.py [--routes FILE] [--check]

Operations marked x-irisx-source: observed are kept as they stand in the file; every other one is written anew, the same
text every time. --check writes nothing and fails where the files are not what it would write. docs/design/api.md tells
which source wins and how an operation is added.
"""
import argparse
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import yaml  # noqa: E402

import emit  # noqa: E402
import share  # noqa: E402
import spec  # noqa: E402
from operations import Contract  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROUTES = [os.path.join(os.environ.get("IRISX_CONTRACT", ""), "routes.json"),
          os.path.join(ROOT, "..", "shared", "contract", "routes.json"),
          os.path.join(ROOT, "..", "..", "shared", "contract", "routes.json")]
NOTE = "# SPDX-License-Identifier: MIT\n# %s\n# Written by tools/apigen/convert.py; operations marked observed are kept by it, the rest comes from the list of\n" \
       "# routes and openapi/overlay.yaml: change that file, then run it again.\n"


def routes(path):
    found = [p for p in [path] + ROUTES if p and os.path.isfile(p)]
    if not found:
        raise spec.SpecError("no routes.json: give --routes or $IRISX_CONTRACT")
    with open(found[0], encoding="utf-8") as f:
        return json.load(f)


def observed(path):
    """What is kept: (method, path) -> operation; and the schemas of the root, by name."""
    document = spec.join(path)
    kept = {(m.upper(), p): op for p, item in document["paths"].items() for m, op in item.items()
            if op.get("x-irisx-source") == "observed"}
    root = spec.load(path)
    return kept, root["components"]["schemas"]


def outward(node, inside):
    """References to what is not in the same file lead to the root."""
    if isinstance(node, dict):
        ref = node.get("$ref")
        if isinstance(ref, str) and ref.startswith("#") and ref.rsplit("/", 1)[-1] not in inside:
            return {"$ref": "../irisx.yaml" + ref}
        return {k: outward(v, inside) for k, v in node.items()}
    return [outward(v, inside) for v in node] if isinstance(node, list) else node


def group_text(group, about, paths, schemas):
    document = {"paths": outward(paths, schemas)}
    if schemas:
        document["components"] = {"schemas": outward(schemas, schemas)}
    return NOTE % ("%s: %s" % (group, about)) + emit.dump(document, block=4) + "\n"


def root_text(path, contract, common):
    """The root keeps its hand-written parts; its tags, paths and common result types are written."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    tags = "".join("  - %s\n" % emit.line({"name": g, "description": v["about"], "x-irisx-family": v["family"]})
                   for g, v in contract.groups.items())
    lines = "".join("  %s: {$ref: %s}\n" % (p, json.dumps("paths/%s.yaml#/paths/%s" % (g, p.replace("~", "~0").replace("/", "~1"))))
                    for g, paths in contract.by_group.items() for p in paths)
    text = between(text, "tags:\n", "\npaths:\n", tags)
    text = between(text, "\npaths:\n", "\ncomponents:\n", lines)
    schemas = "".join("    %s\n" % l for l in emit.dump(outward(common, common), block=1).split("\n")) if common else ""
    return text.split("    # ---- written by tools/apigen/convert.py")[0] + \
        ("    # ---- written by tools/apigen/convert.py: result types of several groups ----\n" + schemas).replace("../irisx.yaml#", "#")


def between(text, start, end, new):
    a = text.index(start) + len(start)
    return text[:a] + new + text[text.index(end, a - 1):]


def make(path, route_list):
    """file name -> text"""
    folder = os.path.dirname(path)
    kept, hand = observed(path)
    with open(path, encoding="utf-8") as f:
        written = f.read().split("# ---- written by tools/apigen/convert.py")
    if len(written) > 1:
        gone = yaml.load("\n".join(l[4:] for l in written[1].split("\n")[1:]), Loader=yaml.CSafeLoader) or {}
        hand = {k: v for k, v in hand.items() if k not in gone}
    overlay = dict(spec.load(os.path.join(folder, "overlay.yaml")), members=spec.load(os.path.join(folder, "members.yaml")))
    contract = Contract(route_list, overlay, kept)
    common, local = share.named(contract, hand)
    out = {}
    for group, paths in contract.by_group.items():
        out[os.path.join(folder, "paths", group + ".yaml")] = group_text(group, contract.groups[group]["about"], paths,
                                                                         local.get(group, {}))
    out[path] = root_text(path, contract, common)
    out[os.path.join(folder, "routes.txt")] = digest(route_list)
    return out


def digest(route_list):
    """Every route in a line: the tests compare with it where the list itself cannot be reached."""
    lines = {}
    for r in route_list:
        where = "mounted" if r["mounted"] else "unmounted" if "code" in r["source"] else "documented"
        lines.setdefault("%s %s" % (r["method"], r["path"]), where)
    return "# Method, path, availability: the routes of the platform, from routes.json by tools/apigen/convert.py.\n" + \
        "".join("%s %s\n" % kv for kv in sorted(lines.items()))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--routes")
    parser.add_argument("--spec", default=os.path.join(ROOT, "openapi", "irisx.yaml"))
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    differs = 0
    for name, text in make(args.spec, routes(args.routes)).items():
        old = open(name, encoding="utf-8").read() if os.path.exists(name) else None
        if old != text:
            differs += 1
            print("%s %s" % ("differs:" if args.check else "written:", os.path.relpath(name, ROOT)))
            if not args.check:
                os.makedirs(os.path.dirname(name), exist_ok=True)
                with open(name, "w", encoding="utf-8") as f:
                    f.write(text)
    return 1 if args.check and differs else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except spec.SpecError as e:
        sys.exit("convert: %s" % e)
