#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""openapi/irisx.yaml and the files of its groups are sound OpenAPI 3.1, over the part of it that is used here."""
import json
import re
import unittest

from contract import METHODS, SPEC, deref, operations

SCHEMA_KEYS = {"type", "format", "properties", "required", "items", "enum", "const", "oneOf", "discriminator", "default",
               "minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems", "pattern",
               "description", "additionalProperties", "$ref", "x-irisx-secret", "x-irisx-id", "x-irisx-values", "x-irisx-free"}
OPERATION_KEYS = {"operationId", "tags", "summary", "description", "security", "parameters", "requestBody", "responses",
                  "deprecated", "x-irisx-source", "x-irisx-availability", "x-irisx-auth", "x-irisx-retry",
                  "x-irisx-paging", "x-irisx-unwrap", "x-irisx-expect", "x-irisx-aliases", "x-irisx-alternative"}
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}
MEDIA = {"application/json", "multipart/form-data", "application/x-www-form-urlencoded", "application/octet-stream",
         "text/html", "text/plain", "text/csv", "text/xml", "image/gif", "application/x-yaml",
         "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class Structure(unittest.TestCase):
    def schema(self, s, at):
        self.assertIsInstance(s, dict, at)
        self.assertLessEqual(set(s), SCHEMA_KEYS, at)
        if "$ref" in s:
            self.assertTrue(s["$ref"].startswith("#/components/"), at)
            deref(s)
            return
        types = s.get("type", [])
        types = [types] if isinstance(types, str) else types
        self.assertLessEqual(set(types), TYPES, at)
        if "pattern" in s:
            re.compile(s["pattern"])
        for key in ("enum", "x-irisx-values"):
            if key in s:
                self.assertEqual(len(s[key]), len(set(s[key])), at)
                self.assertTrue(s[key], at)
        self.members(s, at)
        if isinstance(s.get("additionalProperties"), dict):
            self.schema(s["additionalProperties"], at)
        if "array" in types:
            self.schema(s["items"], at + "[]")
        for alternative in s.get("oneOf", []):
            self.schema(alternative, at + "|")
        for low, high in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
            if low in s and high in s:
                self.assertLessEqual(s[low], s[high], at)
        self.default(s, types, at)

    def default(self, s, types, at):
        if "default" not in s:
            return
        fits = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
        self.assertTrue(any(isinstance(s["default"], fits[t]) for t in types if t in fits), "%s: default" % at)
        if "enum" in s:
            self.assertIn(s["default"], s["enum"], at)
        for key, wrong in (("minimum", lambda a, b: a < b), ("maximum", lambda a, b: a > b)):
            if key in s:
                self.assertFalse(wrong(s["default"], s[key]), "%s: the default is beyond its limits" % at)

    def members(self, s, at):
        for name, sub in s.get("properties", {}).items():
            self.assertIsInstance(name, str, at)
            self.schema(sub, at + "." + name)
        self.assertLessEqual(set(s.get("required", [])) - {s.get("discriminator", {}).get("propertyName")},
                             set(s.get("properties", {})), at)

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
        self.assertEqual(tags, {op["tags"][0] for _, _, op in operations()})
        for path, method, op in operations():
            at = op["operationId"]
            self.assertIn(method, METHODS, at)
            self.assertTrue(path.startswith("/"), at)
            self.assertLessEqual(set(op), OPERATION_KEYS, at)
            self.assertEqual(len(op["tags"]), 1, at)
            self.assertTrue(op["summary"].endswith("."), at)
            for alternative in op["security"]:
                self.assertLessEqual(set(alternative), set(SPEC["components"]["securitySchemes"]), at)
            self.parameters(path, op)
            self.bodies(op)

    def test_no_two_paths_differ_in_the_names_of_their_parameters_alone(self):
        paths = [re.sub(r"{\w+}", "{}", p) for p in SPEC["paths"]]
        self.assertEqual(len(paths), len(set(paths)))

    def parameters(self, path, op):
        at = op["operationId"]
        names = []
        for p in map(deref, op.get("parameters", [])):
            self.assertIn(p["in"], ("path", "query", "header"), at)
            names.append((p["in"], p["name"]))
            self.schema(p["schema"], at + "." + p["name"])
            if p["in"] == "path":
                self.assertTrue(p["required"], at)
        self.assertEqual(len(names), len(set(names)), at)
        self.assertEqual([n for where, n in names if where == "path"], re.findall(r"{(\w+)}", path), at)

    def bodies(self, op):
        at = op["operationId"]
        if "requestBody" in op:
            self.contents(op["requestBody"]["content"], at)
        self.assertTrue(any(s[0] in "23" for s in op["responses"]), at)
        for status, response in op["responses"].items():
            self.assertRegex(status, r"^[2-5]\d\d$", at)
            response = deref(response)
            self.assertIn("description", response, at)
            self.contents(response.get("content", {}), "%s %s" % (at, status))

    def contents(self, contents, at):
        for kind, content in contents.items():
            self.assertIn(kind, MEDIA, at)
            self.schema(content["schema"], at)

    def test_every_component_is_used(self):
        text = json.dumps(SPEC)
        for kind in ("schemas", "parameters", "responses"):
            for name in SPEC["components"][kind]:
                self.assertTrue('"#/components/%s/%s"' % (kind, name) in text, "%s %s is not used" % (kind, name))


if __name__ == "__main__":
    unittest.main(verbosity=1)
