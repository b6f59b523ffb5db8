#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The contract has every route of the platform and no other, and says of each what its sources say.

Compared with openapi/routes.txt always, with the list of routes itself where it can be reached (../shared/contract or
$IRISX_CONTRACT): then the files are also what tools/apigen/convert.py makes of it, and the observed operations, which it
keeps, differ from the list only where openapi/overlay.yaml says so.
"""
import re
import unittest

from contract import FILE, OVERLAY, SPEC, deref, digest, operations, routes


def erased(path):
    return re.sub(r"{[^}]*}", "{}", path)


def described():
    """(method, path without names of parameters) -> availability, aliases among them"""
    out = {}
    for path, method, op in operations():
        for p in [path] + op.get("x-irisx-aliases", []):
            out[method.upper(), erased(p)] = op["x-irisx-availability"]
    return out


class Routes(unittest.TestCase):
    def test_every_route_is_described_and_none_invented(self):
        # the one route that takes every method is described as POST
        theirs = {("POST" if m == "ALL" else m, erased(p)): a for (m, p), a in digest().items()}
        ours = described()
        self.assertEqual(sorted(set(theirs) - set(ours)), [], "missing")
        self.assertEqual(sorted(set(ours) - set(theirs)), [], "invented")
        self.assertEqual({k: v for k, v in ours.items() if v != theirs[k]}, {})
        self.assertEqual(len(ours), 1657)
        self.assertEqual(sum(1 for a in ours.values() if a == "mounted"), 1385)

    def test_the_files_are_what_the_list_of_routes_makes(self):
        found = routes()
        if found is None:
            raise unittest.SkipTest("the list of routes cannot be reached from here")
        import convert
        for name, text in convert.make(FILE, found).items():
            with open(name, encoding="utf-8") as f:
                self.assertEqual(f.read(), text, "%s: run tools/apigen/convert.py" % name)


# Where the contract names which of the thirteen shapes of WIRE.md section 5: one of each that an operation has.
SHAPES = {("calls.get", "404"): 1, ("calls.create", "400"): 2, ("contacts.get", "404"): 4, ("auth.login", "401"): 5,
          ("api_keys.create", "400"): 6, ("analytics.voice.get", "400"): 6, ("queues.dequeue", "404"): 9, ("streaming.sessions.create", "400"): 10,
          ("calls.create", "403"): 13, ("calls.create", "429"): 13, ("sms.send_template", "400"): 13, ("webhooks.create", "400"): 13,
          ("calls.create", "401"): 1, ("messages.list", "401"): 4, ("video_calls.settings.get", "500"): 3}


class Refusals(unittest.TestCase):
    def test_every_one_names_its_shape(self):
        seen = set()
        for _, _, op in operations():
            for status, response in op["responses"].items():
                if status >= "400":
                    self.assertRegex(response.get("$ref", ""), r"^#/components/responses/E\d+$", op["operationId"])
                    seen.add(int(response["$ref"].rsplit("E", 1)[1]))
                    if (op["operationId"], status) in SHAPES:
                        self.assertTrue(response["$ref"].endswith("/E%d" % SHAPES[op["operationId"], status]),
                                        "%s %s: %s" % (op["operationId"], status, response["$ref"]))
        self.assertEqual(seen, {1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13})  # E7: no operation's; E11: with 200
        known = {(op["operationId"], s) for _, _, op in operations() for s in op["responses"]}
        self.assertEqual(set(SHAPES) - known, set())


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
    return {n: n in schema.get("required", []) for a in schema["oneOf"] for n in a["properties"]}


class Observed(unittest.TestCase):
    """What is kept as it was written by hand."""

    @classmethod
    def setUpClass(cls):
        found = routes()
        if found is None:
            raise unittest.SkipTest("the list of routes cannot be reached from here")
        cls.routes = {}
        for r in found:  # five are listed twice, for two designs; WIRE.md describes the first one
            cls.routes.setdefault((r["method"].lower(), r["path"]), r)
        cls.ops = [(p, m, op) for p, m, op in operations() if op.get("x-irisx-source") == "observed"]

    def test_there_are_some(self):
        self.assertGreaterEqual(len(self.ops), 23)

    def test_members_are_those_of_the_code(self):
        for path, method, op in self.ops:
            r, op_id = self.routes[method, path], op["operationId"]
            theirs = {f["name"]: bool(f.get("required")) for f in r["body"]}
            self.compare(op_id, "body", flat(body_schema(op)), theirs)
            query = {p["name"]: p.get("required", False) for p in map(deref, op.get("parameters", [])) if p["in"] == "query"}
            self.compare(op_id, "query", query, {f["name"]: bool(f.get("required")) for f in r["query"]})

    def compare(self, op_id, what, ours, theirs):
        said = OVERLAY["operations"].get(op_id, {})
        self.assertEqual(set(ours) != set(theirs), what in said, "%s: %s: %s, not %s" % (op_id, what, set(ours), set(theirs)))
        differs = [n for n in ours if n in theirs and ours[n] != theirs[n]]
        self.assertEqual(bool(differs), "required" in said, "%s: %s" % (op_id, differs))

    def test_credentials_are_those_intended(self):
        names = {"none": "none", "jwt": "jwt", "jwtOrApiKey": "key_or_jwt", "admin": "admin", "apiKey": "key"}
        for path, method, op in self.ops:
            same = names[self.routes[method, path]["auth_intended"]] == op["x-irisx-auth"]
            self.assertEqual(same, "auth" not in OVERLAY["operations"].get(op["operationId"], {}), op["operationId"])

    def test_results_have_every_member_the_code_answers_with(self):
        for path, method, op in self.ops:
            good = next(s for s in self.routes[method, path]["responses"] if 200 <= s["status"] < 300)
            self.assertIn(str(good["status"]), op["responses"], op["operationId"])
            schema = deref(deref(op["responses"][str(good["status"])])["content"]["application/json"]["schema"])
            self.assertLessEqual(set(good["keys"]), set(schema["properties"]), op["operationId"])


class Joined(unittest.TestCase):
    def test_groups_have_a_family_and_a_purpose(self):
        for tag in SPEC["tags"]:
            self.assertIn(tag["x-irisx-family"], ("voice", "messaging", "people", "campaigns", "platform", "admin"), tag)
            self.assertGreater(len(tag["description"]), 8, tag)


if __name__ == "__main__":
    unittest.main(verbosity=1)
