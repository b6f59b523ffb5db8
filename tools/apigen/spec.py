# SPDX-License-Identifier: MIT
"""Reads the contract: openapi/irisx.yaml and the files of its groups, as one document.

The root's paths and schemas are references to openapi/paths/GROUP.yaml; inside a group's file "#/components/..." means
that file, "../irisx.yaml#/components/..." the root. Names of schemas are unique over all files, so that the joined
document has every one of them under #/components.
"""
import os

import yaml

from lock import SpecError

KINDS = ("schemas", "parameters", "responses", "securitySchemes")
METHODS = ("get", "post", "put", "patch", "delete")


def load(path):
    """One YAML file."""
    with open(path, encoding="utf-8") as f:
        return yaml.load(f, Loader=yaml.CSafeLoader)


def files(path):
    """The root and every file its paths refer to, relative to the root's folder."""
    root = load(path)
    return root, sorted({item["$ref"].split("#")[0] for item in root["paths"].values() if "$ref" in item})


def localize(node, where):
    """References into other files become references into the joined document."""
    if isinstance(node, dict):
        ref = node.get("$ref")
        if isinstance(ref, str) and not ref.startswith("#"):
            if "#/components/" not in ref:
                raise SpecError("%s: a reference to something other than a component: %s" % (where, ref))
            node["$ref"] = ref[ref.index("#"):]
        for value in node.values():
            localize(value, where)
    elif isinstance(node, list):
        for value in node:
            localize(value, where)


def join(path):
    """The whole contract as one document whose references are all into itself."""
    root, names = files(path)
    parts = {}
    for name in names:
        part = load(os.path.join(os.path.dirname(path), name))
        localize(part, name)
        parts[name] = part
        for kind in KINDS:
            for key, value in part.get("components", {}).get(kind, {}).items():
                known = root.setdefault("components", {}).setdefault(kind, {})
                if key in known:
                    raise SpecError("%s: %s is described in another file too" % (name, key))
                known[key] = value
    for at, item in root["paths"].items():
        if "$ref" in item:
            name, pointer = item["$ref"].split("#/paths/")
            if pointer.replace("~1", "/").replace("~0", "~") != at:
                raise SpecError("%s: refers to %s" % (at, item["$ref"]))
            if at not in parts[name]["paths"]:
                raise SpecError("%s: %s lacks it" % (at, name))
            root["paths"][at] = parts[name]["paths"].pop(at)
    for name, part in parts.items():
        if part["paths"]:
            raise SpecError("%s: not in the root: %s" % (name, ", ".join(part["paths"])))
    localize(root, "irisx.yaml")
    return root
