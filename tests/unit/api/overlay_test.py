#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ids, retry classes and everything else openapi/overlay.yaml says: by the rules, or with a reason that is real.

A line that changes nothing fails as well as a departure without a line.
"""
import re
import unittest

import contract
from contract import OVERLAY, SPEC, deref, operations, routes

import ids
import infer
import words

BY_METHOD = {"get": "safe", "put": "idempotent", "delete": "idempotent", "post": "unsafe", "patch": "unsafe"}
BY_ID = {op["operationId"]: (path, method, op) for path, method, op in operations()}
MEMBERS = {"auth", "retry", "paging", "unwrap", "alternative", "expect", "description", "result", "members", "body", "query",
           "required", "deprecated"}
# GETs that act: what is followed from an e-mail, and where other services send a browser (the issue names them).
ACTING = [r"^(/v1)?/(track|email-tracking)/(open|click)/", r"^(/v1)?/unsubscribe/{", r"/callback(/|$)"]


class Ids(unittest.TestCase):
    def test_have_two_to_four_parts_and_at_most_48_characters(self):
        for op_id in BY_ID:
            self.assertRegex(op_id, r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3}$")
            self.assertLessEqual(len(op_id), 48)

    def test_begin_with_the_group_and_end_with_the_verb_of_the_rule_or_give_a_reason(self):
        for op_id, (path, method, op) in BY_ID.items():
            name = "%s %s" % (method.upper(), path)
            if name in OVERLAY["names"]:
                self.assertEqual(OVERLAY["names"][name]["is"], op_id)
                continue
            prefix = next((v for k, v in OVERLAY["prefixes"].items() if path == k or path.startswith(k + "/")), None)
            literals = [ids.snake(p) for p in path.split("/") if p and p != "v1" and not p.startswith("{")]
            first = prefix or (".".join(literals[:2]) if literals[0] == "admin" and len(literals) > 1 else literals[0])
            self.assertTrue((op_id + ".").startswith(first + ".") or op_id == "admin." + literals[-1], op_id)
            verb = op_id.split(".")[-1]
            self.assertTrue(verb in ("list", "get", "create", "update", "delete") or verb == literals[-1], op_id)
            self.assertIn(verb, {"get": ("get", "list", literals[-1]), "post": ("create", literals[-1]),
                                 "delete": ("delete", literals[-1])}.get(method, ("update", literals[-1])), op_id)

    def test_the_reasons_are_for_names_the_rule_does_not_give(self):
        found = routes()
        for name, given in OVERLAY["names"].items():
            method, path = name.split()
            self.assertIn(given["is"], BY_ID)
            self.assertEqual(BY_ID[given["is"]][:2], (path, method.lower()))
            self.assertGreater(len(given["why"]), 10, name)
        if found is None:
            return
        import convert
        import operations as made
        kept = convert.observed(contract.FILE)[0]
        c = made.Contract(found, dict(OVERLAY), kept)
        c.overlay["names"] = {}
        for name, given in OVERLAY["names"].items():
            method, path = name.split()
            if path in ("/", "/v1"):
                continue  # no literal: the rule gives nothing
            if (method, path) in kept:
                op = kept[method, path]
                asked = {p["name"] for p in map(deref, op.get("parameters", []))}
                lists = "pages" if asked & {"page", "offset"} else "list" if "x-irisx-paging" in op else ""
                rule = ids.operation_id(method, path, c.paths, lists, OVERLAY["prefixes"])
            else:
                rule = made.Operation(c, method, path, c.routes[method, path], "-").id
            taken = rule in BY_ID and BY_ID[rule][:2] != (path, method.lower())
            long = len(rule) > 48 or rule.count(".") > 3
            self.assertTrue(rule != given["is"] or taken or long, "%s: the rule gives %s as well" % (name, rule))


class Retry(unittest.TestCase):
    def test_is_by_method_unless_a_line_says_why_not(self):
        for op_id, (path, method, op) in BY_ID.items():
            said = OVERLAY["operations"].get(op_id, {}).get("retry")
            self.assertEqual(op["x-irisx-retry"] != BY_METHOD[method], said is not None, op_id)
            if isinstance(said, dict):
                self.assertEqual(op["x-irisx-retry"], said["is"], op_id)

    def test_a_get_that_acts_is_unsafe(self):
        for op_id, (path, method, op) in BY_ID.items():
            for p in [path] + op.get("x-irisx-aliases", []):
                if method == "get" and any(re.search(a, p) for a in ACTING):
                    self.assertEqual(op["x-irisx-retry"], "unsafe", op_id)

    def test_nothing_that_sends_or_pays_is_repeated(self):
        for op_id, (_, _, op) in BY_ID.items():
            if re.search(r"(^|\.)(send|send_\w+|charge|pay|purchase|dial|enqueue|publish|calls\.create|messages\.create)$", op_id):
                self.assertEqual(op["x-irisx-retry"], "unsafe", op_id)


class Overlay(unittest.TestCase):
    def test_every_line_has_a_reason_and_an_operation(self):
        for op_id, keys in OVERLAY["operations"].items():
            self.assertIn(op_id, BY_ID)
            self.assertLessEqual(set(keys), MEMBERS, op_id)
            for key, said in keys.items():
                why = said["why"] if isinstance(said, dict) else said
                self.assertGreater(len(why), 5, "%s: %s" % (op_id, key))
                kept = BY_ID[op_id][2].get("x-irisx-source") == "observed" and key != "alternative"
                self.assertEqual(isinstance(said, dict), not kept, op_id)

    def test_every_line_changes_something(self):
        found = routes()
        if found is None:
            raise unittest.SkipTest("the list of routes cannot be reached from here")
        import convert
        import operations as made
        c = made.Contract(found, OVERLAY, convert.observed(contract.FILE)[0])
        for op_id, keys in OVERLAY["operations"].items():
            path, method, op = BY_ID[op_id]
            if op.get("x-irisx-source") == "observed":
                continue  # compared in contract_test.py
            for key in keys:
                operation = made.Operation.__new__(made.Operation)
                without = dict(OVERLAY, operations=dict(OVERLAY["operations"], **{
                    op_id: {k: v for k, v in keys.items() if k != key}}))
                c.overlay = without
                operation.__init__(c, method.upper(), path, c.routes[method.upper(), path], op["tags"][0])
                c.overlay = OVERLAY
                whole = made.Operation(c, method.upper(), path, c.routes[method.upper(), path], op["tags"][0])
                self.assertNotEqual(operation.document, whole.document, "%s: %s" % (op_id, key))

    def test_summaries_are_for_operations_and_say_something_else(self):
        class Named:
            """As much of an operation as a summary is made of."""

        for op_id, text in OVERLAY["summaries"].items():
            self.assertIn(op_id, BY_ID)
            path, _, op = BY_ID[op_id]
            o = Named()
            o.id, o.path, o.style = op_id, path, op.get("x-irisx-paging", {}).get("style")
            self.assertNotEqual(words.summary(o), text, op_id)
            self.assertEqual(op["summary"], text)

    def test_summaries_are_sentences(self):
        for op_id, (_, _, op) in BY_ID.items():
            self.assertRegex(op["summary"], r"^[A-Z\"][^:|]*\.$", op_id)
            self.assertLessEqual(len(op["summary"]), 90, op_id)

    def test_answers_say_what_was_done_and_what_comes_back(self):
        for op_id, (_, _, op) in BY_ID.items():
            for status, response in op["responses"].items():
                said = deref(response)["description"]
                self.assertRegex(said, r"^[A-Z][^|]*\.$", op_id)
                self.assertLessEqual(len(said), 110, op_id)
                self.assertFalse(status[0] == "2" and said in ("Done.", "OK.", "Success."), op_id)

    def test_an_alternative_is_mounted_and_for_what_is_not(self):
        for op_id, (_, _, op) in BY_ID.items():
            other = op.get("x-irisx-alternative")
            self.assertEqual(other, OVERLAY["operations"].get(op_id, {}).get("alternative", {"is": None})["is"], op_id)
            if other:
                self.assertNotEqual(op["x-irisx-availability"], "mounted", op_id)
                self.assertEqual(BY_ID[other][2]["x-irisx-availability"], "mounted", op_id)

    def test_aliases_prefixes_and_groups_are_used(self):
        every = [p for path, _, op in operations() for p in [path] + op.get("x-irisx-aliases", [])]
        for alias, target in OVERLAY["aliases"].items():
            self.assertTrue(any(p.startswith(alias) for p in every), alias)
            self.assertTrue(any(p.startswith(target) for p in SPEC["paths"]), target)
        for start in list(OVERLAY["prefixes"]) + list(OVERLAY["documented"]):
            self.assertTrue(any(p.startswith(start) for p in SPEC["paths"]), start)
        self.assertEqual(set(OVERLAY["groups"]), {t["name"] for t in SPEC["tags"]})
        paths = [path for _, path in contract.digest()]
        for pattern in OVERLAY["parameters"]:
            self.assertTrue(any(re.search(pattern, p) for p in paths), pattern)
        for given in OVERLAY["types"].values():
            self.assertIn(given["is"], SPEC["components"]["schemas"])


class Secrets(unittest.TestCase):
    def walk(self, schema, at):
        for name, sub in schema.get("properties", {}).items():
            if infer.is_secret(name) and "string" in str(sub.get("type", "")):
                self.assertTrue(sub.get("x-irisx-secret"), "%s.%s" % (at, name))
            self.walk(sub, "%s.%s" % (at, name))
        for sub in [schema.get("items", {})] + schema.get("oneOf", []):
            if sub:
                self.walk(sub, at)

    def test_are_marked_wherever_they_stand(self):
        for name, schema in SPEC["components"]["schemas"].items():
            self.walk(schema, name)
        for op_id, (_, _, op) in BY_ID.items():
            for p in map(deref, op.get("parameters", [])):
                self.walk({"properties": {p["name"]: p["schema"]}}, op_id)
            for content in list(op.get("requestBody", {}).get("content", {}).values()) + [
                    c for r in op["responses"].values() for c in deref(r).get("content", {}).values()]:
                self.walk(content["schema"], op_id)
        self.assertTrue(infer.is_secret("sip_password") and infer.is_secret("apiKey") and not infer.is_secret("tokens_used"))


if __name__ == "__main__":
    unittest.main(verbosity=1)
