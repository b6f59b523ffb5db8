#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""openapi/irisx.yaml is sound OpenAPI 3.1, and agrees with the list of routes where that can be reached.

The list lies outside the repository (../shared/contract/routes.json, or $IRISX_CONTRACT); without it that part is left
out, and says so. Departures are those of openapi/overlay.yaml and no others.
"""
import json
import os
import re
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
CONTRACTS = [os.environ.get("IRISX_CONTRACT", ""), os.path.join(ROOT, "..", "shared", "contract"),
             os.path.join(ROOT, "..", "..", "shared", "contract")]
METHODS = ["get", "post", "put", "patch", "delete"]
SCHEMA_KEYS = {"type", "format", "properties", "required", "items", "enum", "const", "oneOf", "discriminator", "default",
               "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "description",
               "additionalProperties", "$ref", "x-irisx-secret", "x-irisx-id"}
OPERATION_KEYS = {"operationId", "tags", "summary", "description", "security", "parameters", "requestBody", "responses",
                  "deprecated", "x-irisx-availability", "x-irisx-auth", "x-irisx-retry", "x-irisx-paging",
                  "x-irisx-unwrap", "x-irisx-expect", "x-irisx-aliases"}
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}
VERB_OF = {"get": "get", "post": "create", "put": "update", "delete": "delete"}
RETRY_OF = {"get": "safe", "put": "idempotent", "delete": "idempotent", "post": "unsafe", "patch": "unsafe"}


def load(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as f:
        return yaml.load(f, Loader=yaml.CSafeLoader)


SPEC = load("openapi", "irisx.yaml")
OVERLAY = load("openapi", "overlay.yaml")


def operations():
    for path, item in SPEC["paths"].items():
        for method, op in item.items():
            yield path, method, op


def deref(node):
    while "$ref" in node:
        ref = node["$ref"]
        node = SPEC
        for part in ref.split("/")[1:]:
            node = node[part]
    return node


def body_schema(op):
    if "requestBody" not in op:
        return None
    return deref(deref(op["requestBody"])["content"]["application/json"]["schema"])


def flat(schema):
    """name -> required, of a body; variants joined, where only what every one of them wants is required."""
    if schema is None:
        return {}
    if "oneOf" not in schema:
        return {n: n in schema.get("required", []) for n in schema.get("properties", {})}
    out = {}
    for alternative in schema["oneOf"]:
        for n in alternative["properties"]:
            out[n] = n in schema.get("required", [])
    return out


class Structure(unittest.TestCase):
    """What a validator of OpenAPI 3.1 documents would find, over the part of it that is used here."""

    def schema(self, s, at):
        self.assertIsInstance(s, dict, at)
        self.assertLessEqual(set(s), SCHEMA_KEYS, at)
        if "$ref" in s:
            self.assertTrue(s["$ref"].startswith("#/components/"), at)
            deref(s)
            return
        types = s.get("type", [])
        self.assertLessEqual(set([types] if isinstance(types, str) else types), TYPES, at)
        if "pattern" in s:
            re.compile(s["pattern"])
        if "enum" in s:
            self.assertEqual(len(s["enum"]), len(set(s["enum"])), at)
        for name, sub in s.get("properties", {}).items():
            self.assertIsInstance(name, str, at)
            self.schema(sub, at + "." + name)
        self.assertLessEqual(set(s.get("required", [])) - {s.get("discriminator", {}).get("propertyName")},
                             set(s.get("properties", {})), at)
        if isinstance(s.get("additionalProperties"), dict):
            self.schema(s["additionalProperties"], at)
        if "array" in ([types] if isinstance(types, str) else types):
            self.schema(s["items"], at + "[]")
        for alternative in s.get("oneOf", []):
            self.schema(alternative, at + "|")
        for low, high in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
            if low in s and high in s:
                self.assertLessEqual(s[low], s[high], at)

    def test_the_document(self):
        self.assertEqual(SPEC["openapi"], "3.1.0")
        for key in ("title", "version", "license"):
            self.assertIn(key, SPEC["info"])
        for name, s in SPEC["components"]["schemas"].items():
            self.schema(s, name)

    def test_every_operation(self):
        tags = {t["name"] for t in SPEC["tags"]}
        ids = [op["operationId"] for _, _, op in operations()]
        self.assertEqual(len(ids), len(set(ids)))
        for path, method, op in operations():
            at = op["operationId"]
            self.assertIn(method, METHODS, at)
            self.assertTrue(path.startswith("/"), at)
            self.assertLessEqual(set(op), OPERATION_KEYS, at)
            self.assertEqual(len(op["tags"]), 1, at)
            self.assertIn(op["tags"][0], tags, at)
            self.assertTrue(op["summary"].endswith("."), at)
            for alternative in op["security"]:
                self.assertLessEqual(set(alternative), set(SPEC["components"]["securitySchemes"]), at)
            self.parameters(path, op)
            self.bodies(op)

    def parameters(self, path, op):
        at = op["operationId"]
        names = []
        for p in map(deref, op.get("parameters", [])):
            self.assertIn(p["in"], ("path", "query"), at)
            names.append((p["in"], p["name"]))
            self.schema(p["schema"], at + "." + p["name"])
            if p["in"] == "path":
                self.assertTrue(p["required"], at)
        self.assertEqual(len(names), len(set(names)), at)
        self.assertEqual([n for where, n in names if where == "path"], re.findall(r"{(\w+)}", path), at)

    def bodies(self, op):
        at = op["operationId"]
        if "requestBody" in op:
            self.schema(op["requestBody"]["content"]["application/json"]["schema"], at)
        for status, response in op["responses"].items():
            self.assertRegex(status, r"^[2-5]\d\d$", at)
            response = deref(response)
            self.assertIn("description", response, at)
            for content in response.get("content", {}).values():
                self.schema(content["schema"], "%s %s" % (at, status))

    def test_every_component_is_used(self):
        text = json.dumps({k: v for k, v in SPEC.items()})
        for kind in ("schemas", "parameters", "responses"):
            for name in SPEC["components"][kind]:
                self.assertIn('"#/components/%s/%s"' % (kind, name), text)

    def test_names_and_classes_follow_the_rules_or_give_a_reason(self):
        used = {(op_id, key) for op_id, keys in OVERLAY.items() for key in keys}
        for path, method, op in operations():
            op_id = op["operationId"]
            for key, holds in (("name", op_id.split(".")[-1] == verb(path, method)),
                               ("retry", op["x-irisx-retry"] == RETRY_OF[method])):
                self.assertEqual(holds, (op_id, key) not in used, "%s: %s" % (op_id, key))


def verb(path, method):
    """By the rule: list, get, create, update, delete, else the last literal."""
    parts = path.strip("/").split("/")[1:]
    last = parts[-1]
    literals = [p for p in parts if not p.startswith("{")]
    if last.startswith("{"):
        return VERB_OF[method]
    children = [p for p in SPEC["paths"] if p.startswith(path + "/{")]
    if len(literals) == 1 and children or last == "deliveries":
        return "list" if method == "get" else VERB_OF[method]
    singleton = method == "get" and len(literals) > 1
    return "get" if singleton else last.replace("-", "_")


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        found = [os.path.join(c, "routes.json") for c in CONTRACTS if c and os.path.exists(os.path.join(c, "routes.json"))]
        if not found:
            raise unittest.SkipTest("the list of routes cannot be reached from here")
        with open(found[0], encoding="utf-8") as f:
            routes = json.load(f)
        cls.routes = {}
        for r in routes:  # five are listed twice, for two designs; WIRE.md describes the first one
            cls.routes.setdefault((r["method"].lower(), r["path"]), r)

    def route(self, path, method):
        self.assertIn((method, path), self.routes)
        return self.routes[method, path]

    def test_no_operation_is_invented(self):
        for path, method, op in operations():
            r = self.route(path, method)
            self.assertEqual("mounted" if r["mounted"] else "unmounted", op["x-irisx-availability"], op["operationId"])

    def test_members_are_those_of_the_code(self):
        for path, method, op in operations():
            r, op_id = self.route(path, method), op["operationId"]
            theirs = {f["name"]: bool(f.get("required")) for f in r["body"]}
            self.compare(op_id, "body", flat(body_schema(op)), theirs)
            query = {p["name"]: p.get("required", False) for p in map(deref, op.get("parameters", [])) if p["in"] == "query"}
            self.compare(op_id, "query", query, {f["name"]: bool(f.get("required")) for f in r["query"]})

    def compare(self, op_id, what, ours, theirs):
        said = OVERLAY.get(op_id, {})
        self.assertEqual(set(ours) != set(theirs), what in said, "%s: %s: %s, not %s" % (op_id, what, set(ours), set(theirs)))
        differs = [n for n in ours if n in theirs and ours[n] != theirs[n]]
        if differs:
            self.assertIn("required", said, "%s: %s" % (op_id, differs))

    def test_credentials_are_those_intended(self):
        names = {"none": "none", "jwt": "jwt", "jwtOrApiKey": "key_or_jwt", "admin": "admin", "apiKey": "key"}
        for path, method, op in operations():
            r, op_id = self.route(path, method), op["operationId"]
            same = names[r["auth_intended"]] == op["x-irisx-auth"]
            self.assertEqual(same, "auth" not in OVERLAY.get(op_id, {}), op_id)

    def test_results_have_every_member_the_code_answers_with(self):
        for path, method, op in operations():
            r, op_id = self.route(path, method), op["operationId"]
            good = next(s for s in r["responses"] if 200 <= s["status"] < 300)
            self.assertIn(str(good["status"]), op["responses"], op_id)
            schema = deref(deref(op["responses"][str(good["status"])])["content"]["application/json"]["schema"])
            self.assertLessEqual(set(good["keys"]), set(schema["properties"]), op_id)

    def test_the_overlay_names_operations_that_exist(self):
        self.assertLessEqual(set(OVERLAY), {op["operationId"] for _, _, op in operations()})


unittest.main(verbosity=1)
