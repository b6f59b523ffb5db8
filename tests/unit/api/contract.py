# SPDX-License-Identifier: MIT
"""What the tests of the contract share: the document, joined from its files, the overlay, the list of routes."""
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tools", "apigen"))

import spec  # noqa: E402

METHODS = ["get", "post", "put", "patch", "delete"]
CONTRACTS = [os.environ.get("IRISX_CONTRACT", ""), os.path.join(ROOT, "..", "shared", "contract"),
             os.path.join(ROOT, "..", "..", "shared", "contract")]
FILE = os.path.join(ROOT, "openapi", "irisx.yaml")
SPEC = spec.join(FILE)
MEMBERS = spec.load(os.path.join(ROOT, "openapi", "members.yaml"))
OVERLAY = dict(spec.load(os.path.join(ROOT, "openapi", "overlay.yaml")), members=MEMBERS)


def operations():
    """(path, method, operation)"""
    return [(path, method, op) for path, item in SPEC["paths"].items() for method, op in item.items()]


def deref(node):
    while "$ref" in node:
        ref = node["$ref"]
        node = SPEC
        for part in ref.split("/")[1:]:
            node = node[part]
    return node


def routes():
    """The list itself, or None where it cannot be reached."""
    for folder in CONTRACTS:
        name = os.path.join(folder, "routes.json")
        if folder and os.path.isfile(name):
            with open(name, encoding="utf-8") as f:
                return json.load(f)
    return None


def digest():
    """(method, path) -> availability, from the checked-in list."""
    out = {}
    with open(os.path.join(ROOT, "openapi", "routes.txt"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                method, path, availability = line.split()
                out[method, path] = availability
    return out
