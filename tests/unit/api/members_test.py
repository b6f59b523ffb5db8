#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing in an answer is left without a type but for a reason, and what the list of routes says of a field is in the contract.

The figures are those of openapi/members.yaml as it stands: who opens a member again, or closes one, changes them here.
"""
import collections
import re
import unittest

from contract import MEMBERS, SPEC, ROOT, deref, operations, routes
import os

import spec
from lock import Lock
from model import Model

# Members of result structs that stay any JSON value, each C type counted once; why: openapi/members.yaml.
FREE = {"caller": 93, "kind": 83, "opaque": 47, "foreign": 43, "finding": 29, "keyed": 24, "mixed": 13}


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = Model(SPEC, Lock(spec.load(os.path.join(ROOT, "openapi", "lock.yaml"))))
        cls.types = {}
        for op in cls.model.ops:
            cls.gather(op.result)

    @classmethod
    def gather(cls, t):
        if t.c_stem in cls.types:
            return
        cls.types[t.c_stem] = t
        for f in t.fields:
            if f.type:
                cls.gather(f.type)

    def test_what_has_no_type_has_a_reason_and_there_are_so_many(self):
        counted = collections.Counter()
        for t in self.types.values():
            for f in t.fields:
                if f.kind == "JSON":
                    self.assertIn(f.free, FREE, "%s.%s" % (t.c_stem, f.name))
                    counted[f.free] += 1
        self.assertEqual(dict(counted), FREE)

    def test_every_line_is_used_and_every_reason_is_one_of_those(self):
        found = routes()
        if found is None:
            raise unittest.SkipTest("the list of routes cannot be reached from here")
        import convert
        from contract import FILE, OVERLAY
        from operations import Contract
        c = Contract(found, OVERLAY, convert.observed(FILE)[0])
        names = set(MEMBERS["types"]) | {n for names in MEMBERS["free"].values() for n in names}
        self.assertEqual(sorted(names - c.members.used), [], "nothing is called so")
        self.assertEqual(set(MEMBERS["free"]), set(FREE))

    def test_a_member_that_nobody_knows_is_refused(self):
        from lock import SpecError
        from members import Members

        class Op:
            id, group, method, path = "x.get", "x", "GET", "/x"

        with self.assertRaisesRegex(SpecError, "x.get: nobody knows the type of zz_new"):
            Members(MEMBERS, {}).close({"zz_new": "any"}, Op)
        with self.assertRaisesRegex(SpecError, "refers to itself"):
            Members({"types": {"a": "@GET /x a"}, "free": {}},
                    {("GET", "/x"): {"responses": [{"status": 200, "shape": {"a": "json"}}]}}).close({"a": "json"}, Op)


def erased(path):
    return re.sub(r"{[^}]*}", "{}", path)


def one(schema):
    """Without what may be null."""
    schema = deref(schema)
    while "oneOf" in schema and len([a for a in schema["oneOf"] if a.get("type") != "null"]) == 1:
        schema = deref([a for a in schema["oneOf"] if a.get("type") != "null"][0])
    return schema


def kind(schema):
    kinds = schema.get("type")
    kinds = [k for k in ([kinds] if isinstance(kinds, str) else kinds or []) if k != "null"]
    return kinds[0] if kinds else None


# Fields whose description departs from the list's, and why.
ELSEWHERE = {
    ("calls.list", "status"): "the list lacks three states that WIRE.md 8.4 tells",
    ("auth.verify_2fa", "totp_code"): "the pattern says six digits",
    ("unsubscribe.api.resubscribe", "channels"): "the default is the word all, and the field a list",
}


class Fields(unittest.TestCase):
    maxDiff = None
    """Enum, limits, pattern, format and default of each field of the list are those of the contract."""

    @classmethod
    def setUpClass(cls):
        cls.routes = routes()
        if cls.routes is None:
            raise unittest.SkipTest("the list of routes cannot be reached from here")
        cls.ops = {}
        for path, method, op in operations():
            for p in [path] + op.get("x-irisx-aliases", []):
                cls.ops[method.upper(), erased(p)] = op

    def body(self, op):
        """member -> its schema, or those it has in the variants"""
        out = collections.defaultdict(list)
        for content in op.get("requestBody", {}).get("content", {}).values():
            schema = one(content["schema"])
            for alternative in schema.get("oneOf", [schema]):
                for name, sub in deref(alternative).get("properties", {}).items():
                    out[name].append(sub)
        return out

    def test_are_all_there(self):
        wrong, seen, self.compared = [], set(), collections.Counter()
        for r in self.routes:
            key = ("POST" if r["method"] == "ALL" else r["method"], erased(r["path"]))
            if key in seen:
                continue
            seen.add(key)
            op = self.ops[key]
            body = self.body(op)
            query = {p["name"]: [p["schema"]] for p in map(deref, op.get("parameters", [])) if p["in"] == "query"}
            path = [[p["schema"]] for p in map(deref, op.get("parameters", [])) if p["in"] == "path"]
            for f in r["body"] + r.get("form", []):
                wrong += self.field(op["operationId"], f, body.get(f["name"], []))
            for f in r["query"]:
                wrong += self.field(op["operationId"], f, query.get(f["name"], []))
            for f, schemas in zip(r["path_params"], path):
                wrong += self.field(op["operationId"], f, schemas)
        self.assertEqual(wrong, [])
        self.assertGreater(self.compared["enum"], 240)
        self.assertGreater(self.compared["limit"], 500)
        self.assertGreater(self.compared["default"], 1000)
        self.assertGreater(self.compared["format"], 500)

    def field(self, op_id, f, schemas):
        if (op_id, f["name"]) in ELSEWHERE:
            return []
        if not schemas:
            return ["%s: %s is missing" % (op_id, f["name"])]
        worst = [self.differences(op_id, f, one(s)) for s in schemas]
        return min(worst, key=len)

    def differences(self, op_id, f, s):
        out, at = [], "%s.%s" % (op_id, f["name"])
        wants = [("enum", f.get("enum")), ("item_enum", f.get("item_enum"))]
        for name, values in wants:
            has = s.get("items", {}).get("enum") if name == "item_enum" else s.get("enum", [s["const"]] if "const" in s else None)
            if values:
                self.compared["enum"] += 1
                same = sorted(map(str, set(values))) == sorted(map(str, has or [])) or has and len(has) == 1 and has[0] in values
                out += [] if same else ["%s: %s: %s, not %s" % (at, name, has, values)]
        for name, value in (f.get("constraints") or {}).items():
            self.compared["limit"] += 1
            out += [] if self.has_limit(s, name, value, f) else ["%s: %s %r is not in %s" % (at, name, value, s)]
        if f.get("default") not in (None, "", {}):
            self.compared["default"] += 1
            same = str(s.get("default")).lower() == str(f["default"]).lower()
            out += [] if same else ["%s: default %r, not %r" % (at, s.get("default"), f["default"])]
        form = {"url": "uri"}.get(str(f.get("type")).partition(":")[2], str(f.get("type")).partition(":")[2])
        if form and not form.endswith(">"):
            self.compared["format"] += 1
            out += [] if s.get("format") == form or "x-irisx-id" in s else ["%s: format %r, not %s" % (at, s.get("format"), form)]
        return out + self.nested(at, f, s)

    @staticmethod
    def has_limit(s, name, value, f):
        if "x-irisx-id" in s:
            return name == "gt" and value == 0  # an id is a text; which are in use the platform knows
        names = {"min": ("minimum", "minLength", "minItems"), "max": ("maximum", "maxLength", "maxItems"), "gt": ("exclusiveMinimum",),
                 "length": ("minLength", "maxLength"), "pattern": ("pattern",)}[name]
        if name == "gt" and kind(s) == "integer":
            return s.get("minimum") == value + 1
        if name == "pattern" and kind(s) == "integer":
            return value == r"^\d+$"  # the type says it
        return [s[n] for n in names if n in s] in ([value], [value, value])

    def nested(self, at, f, s):
        inner = one(s.get("items", s))
        if not f.get("fields") or kind(inner) != "object" or f.get("type") == "file":
            return []
        out = []
        for sub in f["fields"]:
            out += self.field(at, sub, [inner["properties"][sub["name"]]] if sub["name"] in inner["properties"] else [])
        return out


if __name__ == "__main__":
    unittest.main(verbosity=1)
